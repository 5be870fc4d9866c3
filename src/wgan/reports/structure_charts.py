"""Charts of the structure of samples beside that of real rows, from the file structure.json of a run."""

from typing import NamedTuple, TypedDict

import numpy as np
from markupsafe import Markup

from wgan.errors import WganError
from wgan.files.records import Whole
from wgan.reports.charts import Across, Line, chart, is_wide
from wgan.reports.run import Run, kept
from wgan.runs import folder

CHARTS = 12  # at most
SPANNING = 5  # the factor above which a spectrum is drawn on a logarithmic axis


class Side(TypedDict):
    """The lines of a curve, one for each channel: their means and the standard errors of these."""

    mean: list[list[float]]
    error: list[list[float]]


class Both(TypedDict):
    """A curve of real rows and of samples at the same places."""

    at: list[float]
    real: Side
    samples: Side


class Saved(TypedDict):
    """What structure.json holds."""

    step: Whole
    real_rows: Whole
    samples: Whole
    channels: list[Whole]
    curves: dict[str, Both]


class Structure(NamedTuple):
    """What the page shows: a sentence, the charts, and how many more there would be."""

    text: str
    charts: list[Markup]
    left_out: int


class Drawn(NamedTuple):
    """How a curve is drawn: its title, a sentence on how to read it, its horizontal axis, and whether it is a share."""

    title: str
    text: str
    across: Across
    percent: bool = False


DRAWN = {
    "spectrum": Drawn(
        "Power spectrum",
        "The power at each frequency. For images and volumes it is the mean over all directions.",
        Across("cycles a step", "frequency", whole=False),
    ),
    "autocorrelation": Drawn(
        "Autocorrelation",
        "The correlation of two values that lie so many steps apart.",
        Across("lag in steps", "lag"),
    ),
    "two_point": Drawn(
        "Two-point function",
        "S2: the chance that two points at this distance both lie in the phase.",
        Across("distance in steps", "distance"),
    ),
    "amplitude": Drawn(
        "Amplitudes",
        "The share of values in each bin. The mean and the standard deviation are those of held-out rows.",
        Across("standard deviations", "value", whole=False),
        percent=True,
    ),
}


def structure_of(run: Run) -> Structure | None:
    """What the page shows of structure.json; None without it, or with a remark if it cannot be read."""

    def drawn(saved: Saved) -> list[Markup]:
        return [one for name, how in DRAWN.items() if name in saved["curves"] for one in _charts(saved, name, how)]

    saved, charts = kept(run, folder.STRUCTURE, Saved, "structure", drawn)
    if not charts:
        return None
    text = (
        f"{saved['samples']:,} samples of step {saved['step']:,} beside {saved['real_rows']:,} held-out rows. "
        "Bands are two standard errors to both sides."
    )
    return Structure(text, charts[:CHARTS], max(0, len(charts) - CHARTS))


def _needs_logarithms(lines: np.ndarray) -> bool:
    """Whether the lines [n, places] of all channels are drawn on logarithmic axes, so that all have the same kind."""
    known = [line[np.isfinite(line)] for line in lines]
    known = [line for line in known if len(line)]
    return bool(known) and min(line.min() for line in known) > 0 and any(is_wide(line, SPANNING) for line in known)


def _charts(saved: Saved, name: str, drawn: Drawn) -> list[Markup]:
    """A chart for each line of a curve."""
    both, made = saved["curves"][name], []
    at, channels = np.array(both["at"], float), saved["channels"]
    sides = [side[key] for side in (both["real"], both["samples"]) for key in ("mean", "error")]
    if not channels or any(len(side) != len(sides[0]) or {len(at)} != set(map(len, side)) for side in sides):
        raise WganError(f"the lines of {name} have different lengths; train on to make them again.")
    tables = [np.array(side, float) for side in sides]
    logarithmic = name == "spectrum" and _needs_logarithms(np.concatenate([tables[0], tables[2]]))
    for line in range(len(tables[0])):
        where = f", channel {channels[line % len(channels)]}" if len(channels) > 1 else ""
        if len(tables[0]) > len(channels):  # a two-point function has a line for each phase but the lowest
            where += f", phase {line // len(channels) + 1}"
        lines = [
            Line(who, at, tables[side][line], filtered=False, shown=None, error=tables[side + 1][line])
            for who, side in (("held-out rows", 0), ("samples", 2))
        ]
        made.append(
            chart(
                drawn.title + where, drawn.text, lines, logarithmic=logarithmic, percent=drawn.percent,
                across=drawn.across, spanning=0,
            )
        )  # fmt: skip
    return [one for one in made if one]
