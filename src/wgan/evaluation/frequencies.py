"""Levels, pairs of levels and classes that samples show far too seldom or too often, with the numbers of rows."""

from typing import Any, TypedDict

import numpy as np

from wgan.data import Dataset, frequencies
from wgan.data.columns import TableForm
from wgan.data.frequencies import Compared, Named
from wgan.files.records import Whole
from wgan.maths.frequencies import ERROR, TIMES, unlike
from wgan.runs.quantities import share

LISTED = 8  # kinds that are listed in words, at most
TITLES = {
    "levels": "levels, missing values and spikes",
    "pairs": "pairs of these",
    "classes": "classes, by the classifier",
}
TEST = f"Fisher's exact test, {share(ERROR)} for all together"


class Listed(TypedDict):
    """A kind that differs: what the samples do, and how many samples and rows are of it."""

    what: str
    samples: Whole
    rows: Whole


class Frequencies(TypedDict):
    """The kinds that differ among `kinds` of them, the surest first, as `in_words` reads it."""

    kinds: Whole
    tested: Whole
    samples: Whole
    rows: Whole
    least: Whole
    named: list[Listed]


def frequencies_of(
    dataset: Dataset, samples: np.ndarray, real: np.ndarray, classes: tuple[np.ndarray, np.ndarray] | None
) -> dict[str, Frequencies]:
    """What samples at rest show too seldom or too often beside the rows `real` of a data set, given by their indices.

    A table has levels and pairs of them. Other rows have classes where `classes` are a classifier's probabilities of
    held-out rows and of samples.
    """
    if classes is not None:
        return {"classes": _plain(_classes(*classes, dataset.label_names))}
    if not isinstance(dataset.form, TableForm):
        return {}
    rows = dataset.rows[real]
    counts = (frequencies.counted(dataset.form, side) for side in (rows, samples))
    if (levels := frequencies.compare(dataset.form, *counts)) is None:
        return {}
    pairs = frequencies.compare_pairs(dataset.form, rows, samples, levels.named)
    return {"levels": _plain(levels)} | ({} if pairs is None else {"pairs": _plain(pairs)})


def _classes(real: np.ndarray, fake: np.ndarray, names: tuple[str, ...]) -> Compared:
    """The classes of probabilities [rows, classes], each row counted for its most probable class."""
    count = real.shape[1]
    of_real, of_fake = (np.bincount(one.argmax(1), minlength=count) for one in (real, fake))
    found = unlike(of_real, of_fake, len(real), len(fake))
    texts = names if len(names) == count else [str(at) for at in range(count)]
    named = tuple(
        Named(f"class {texts[at]}", int(of_real[at]), int(of_fake[at]), p_value, ((0, at),))
        for at, p_value in zip(found.kinds, found.p_values, strict=True)
    )
    return Compared(named, count, found.tested, len(real), len(fake), found.least)


def _plain(found: Compared) -> Frequencies:
    return {
        "kinds": found.kinds,
        "tested": found.tested,
        "samples": found.samples,
        "rows": found.rows,
        "least": found.least,
        "named": [
            {"what": frequencies.phrase(one, found), "samples": one.fake, "rows": one.real} for one in found.named
        ],
    }


def in_words(found: dict[str, Any]) -> list[str]:
    """The sentences on what differs, and on what cannot be seen; each line that names a kind begins with two spaces."""
    lines = []
    for key, title in TITLES.items():
        if key in found:
            lines += _in_words(title, found[key])
    return lines


def _in_words(title: str, found: Frequencies) -> list[str]:
    named, beside = found["named"], f"{found['samples']:,} samples and {found['rows']:,} rows"
    much = f"at least {TIMES:g} times too rare or too frequent"
    if not named:
        unseen = f"one of fewer than {found['least']:,} rows may be lacking by chance"
        if found["least"] > found["rows"]:
            unseen = "these are too few samples to see that one is lacking"
        return [f"{title}: none of {found['kinds']:,} is surely {much} in {beside}; {unseen} ({TEST})"]
    first = f"{title}: {len(named):,} of {found['kinds']:,} {'is' if len(named) == 1 else 'are'} {much} ({TEST})"
    lines = [
        f"  the samples {one['what']}: {one['samples']:,} of {found['samples']:,} samples and "
        f"{one['rows']:,} of {found['rows']:,} rows"
        for one in named[:LISTED]
    ]
    more = len(named) - LISTED
    return [first, *lines, *([f"  {more:,} more {'is' if more == 1 else 'are'} in the JSON"] if more > 0 else [])]
