"""Levels, pairs of levels and classes that samples show far too seldom or too often, with the numbers of rows."""

import numpy as np

from wgan.data import Dataset, frequencies
from wgan.data.columns import TableForm
from wgan.data.frequencies import Compared, Named
from wgan.maths.frequencies import unlike
from wgan.reports.proven import Frequencies


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
        "samples": found.samples,
        "rows": found.rows,
        "least": found.least,
        "named": [
            {"what": frequencies.phrase(one, found), "samples": one.fake, "rows": one.real} for one in found.named
        ],
    }
