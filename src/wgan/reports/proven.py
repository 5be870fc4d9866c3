"""What `wgan evaluate` proved to differ: levels, pairs and classes that samples show too seldom or too often."""

from pathlib import Path
from typing import Any, TypedDict

from wgan.errors import WganError
from wgan.files.records import Whole, checked, read_json
from wgan.reports.series import Log
from wgan.reports.verdicts import Verdict, verdicts
from wgan.runs.quantities import share

ERROR = 0.01  # the chance that any kind is named although none differs
LISTED = 8  # kinds that are listed in words, at most
TITLES = {
    "levels": "levels, missing values and spikes",
    "pairs": "pairs of these",
    "classes": "classes, by the classifier",
}
MUCH = "at least twice too rare or too frequent"
TEST = f"Fisher's exact test, {share(ERROR)} for all together"


class Listed(TypedDict):
    """A kind that differs: what the samples do, and how many samples and rows are of it."""

    what: str
    samples: Whole
    rows: Whole


class Frequencies(TypedDict):
    """The kinds that differ among `kinds` of them, the surest first, and the rows below which one may be lacking."""

    kinds: Whole
    samples: Whole
    rows: Whole
    least: Whole
    named: list[Listed]


def frequencies_of(evaluation: Any) -> dict[str, Frequencies]:
    """What an evaluation.json says of frequencies; nothing where it says none, as earlier versions."""
    try:
        found: dict[str, Frequencies] = checked(evaluation["protocol"]["frequencies"], dict[str, Frequencies])
    except (KeyError, TypeError, ValueError):
        return {}
    return {key: found[key] for key in TITLES if key in found}


def evaluation_of(run: Path) -> Any:
    """The content of a run's evaluation.json; None if there is none, or if it cannot be read."""
    try:
        return read_json(run / "evaluation.json", dict[str, Any], "make it again")
    except WganError:
        return None


def judged(log: Log, config: dict[str, Any], evaluation: Any) -> list[Verdict]:
    """The verdicts on a log; good samples are a note where the evaluation of a late step proved a difference."""
    found = verdicts(log, config)
    named = [(key, one["named"][0]) for key, one in frequencies_of(evaluation).items() if one["named"]]
    if not named or not evaluation.get("step", -1) >= 0.75 * log["step"].max():
        return found
    sentence = f"All samples together show no difference from the data, but the samples {named[0][1]['what']}."
    return [
        one._replace(kind="note", sentence=sentence, remedy=f"See the {TITLES[named[0][0]]} below the metrics.")
        if one.name == "difference from the data" and one.kind == "good"
        else one
        for one in found
    ]


def in_words(found: dict[str, Frequencies]) -> list[tuple[str, list[str]]]:
    """A sentence for each set of kinds, on what differs or on what cannot be seen, and a sentence for each kind."""
    return [_in_words(TITLES[key], one) for key, one in found.items()]


def _in_words(title: str, found: Frequencies) -> tuple[str, list[str]]:
    named, compared = found["named"], f"{found['samples']:,} samples and {found['rows']:,} rows"
    if not named:
        unseen = f"one of fewer than {found['least']:,} rows may be lacking by chance"
        if found["least"] > found["rows"]:
            unseen = "with so few samples any of them may be lacking by chance"
        return f"{title}: none of {found['kinds']:,} is surely {MUCH} in {compared}; {unseen} ({TEST})", []
    first = f"{title}: {len(named):,} of {found['kinds']:,} {'is' if len(named) == 1 else 'are'} {MUCH} ({TEST})"
    lines = [
        f"the samples {one['what']}: {one['samples']:,} of {found['samples']:,} samples and "
        f"{one['rows']:,} of {found['rows']:,} rows"
        for one in named[:LISTED]
    ]
    more = len(named) - LISTED
    return first, [*lines, *([f"{more:,} more in evaluation.json"] if more > 0 else [])]
