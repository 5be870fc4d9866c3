"""Charts of the mean and the spread of samples given a number, from the file calibration.json of a run."""

from typing import Any, NamedTuple, TypedDict

import numpy as np
from markupsafe import Markup

from wgan.errors import WganError
from wgan.files.records import Whole
from wgan.reports.charts import Across, Line, chart
from wgan.reports.run import Run, kept
from wgan.runs import folder

PAIRS = 6  # of a condition and a value, at most


class Pair(TypedDict):
    """The means and the spreads of one value in bins of one condition, with the standard errors of both."""

    condition: str
    logarithm: bool
    value: str
    at: list[float]
    real_mean: list[float]
    real_mean_error: list[float]
    fake_mean: list[float]
    fake_mean_error: list[float]
    real_spread: list[float]
    real_spread_error: list[float]
    fake_spread: list[float]
    fake_spread_error: list[float]


class Saved(TypedDict):
    """What calibration.json holds."""

    step: Whole
    real_rows: Whole
    samples: Whole
    pairs: list[Pair]


class Calibrated(NamedTuple):
    """What the page shows: a sentence and the charts."""

    text: str
    charts: list[Markup]


def calibration_of(run: Run) -> Calibrated | None:
    """What the page shows of calibration.json; None without it, or with a remark if it cannot be read."""

    def drawn(saved: Saved) -> list[Markup]:
        return [one for pair in saved["pairs"][:PAIRS] for one in _charts(pair)]

    saved, charts = kept(run, folder.CALIBRATION, Saved, "calibration", drawn)
    if not charts:
        return None
    text = (
        f"{saved['samples']:,} samples of step {saved['step']:,} beside {saved['real_rows']:,} training rows, in bins "
        "of what they are given. Bands are two standard errors to both sides."
    )
    return Calibrated(text, charts)


def _charts(pair: Pair) -> list[Markup]:
    """A chart of the mean and one of the spread."""
    at, name = np.array(pair["at"], float), pair["condition"]
    across = Across(f"log10 of {name}" if pair["logarithm"] else name, name, whole=False)
    made = []
    for what, title, text in (
        ("mean", f"Mean of {pair['value']} given {name}", "Lines that lie apart show a wrong mean."),
        ("spread", f"Spread of {pair['value']} given {name}", "The standard deviation within each bin."),
    ):
        known: dict[str, Any] = {**pair}
        sides = {key: known[key] for side in ("real", "fake") for key in (f"{side}_{what}", f"{side}_{what}_error")}
        if any(len(values) != len(at) for values in sides.values()):
            raise WganError(f"the lines of {pair['value']} have different lengths; train on to make them again.")
        lines = [
            Line(
                who, at, np.array(sides[f"{side}_{what}"], float), filtered=False, shown=None,
                error=np.array(sides[f"{side}_{what}_error"], float),
            )
            for who, side in (("training rows", "real"), ("samples", "fake"))
        ]  # fmt: skip
        made.append(chart(title, text, lines, logarithmic=False, across=across))
    return [one for one in made if one]
