"""Charts of the structure of samples beside that of real rows, from the file structure.json of a run."""

from typing import NamedTuple, NotRequired, TypedDict

import numpy as np
from markupsafe import Markup

from wgan.errors import WganError
from wgan.files.records import Whole
from wgan.reports.charts import Across, Line, chart, is_wide
from wgan.reports.rows import form_of
from wgan.reports.run import Run, kept
from wgan.reports.structure_axes import PLACES, axes_in_words, data_in_words
from wgan.runs import folder
from wgan.runs.quantities import share, with_error

CHARTS = 18  # at most
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


class AlongAxis(Both):
    """The same along one axis of space, with the difference of the two and that of other real rows."""

    value: float
    error: float
    floor: float
    floor_error: float


class Saved(TypedDict):
    """What structure.json holds; `along` has an entry for each axis of space, if these are told apart."""

    step: Whole
    real_rows: Whole
    samples: Whole
    channels: list[Whole]
    curves: dict[str, Both]
    along: NotRequired[list[dict[str, AlongAxis]]]


class Structure(NamedTuple):
    """What the page shows: a sentence, what is said of the axes, the charts, and how many more there would be."""

    text: str
    axes: list[str]
    charts: list[Markup]
    left_out: int


class Drawn(NamedTuple):
    """How a curve is drawn: its title, a sentence on how to read it, its horizontal axis, and whether it is a share.

    `along` is the sentence on the curve along one axis of space, if it has one, and `directions` what is added for rows
    with several axes.
    """

    title: str
    text: str
    across: Across
    percent: bool = False
    along: str = ""
    directions: str = ""


DRAWN = {
    "spectrum": Drawn(
        "Power spectrum",
        "The power at each frequency.",
        Across("cycles a step", "frequency", whole=False),
        along="The power of lines along this axis.",
        directions="It is the mean over all directions.",
    ),
    "autocorrelation": Drawn(
        "Autocorrelation",
        "The correlation of two values that lie so many steps apart.",
        Across("lag in steps", "lag"),
        along="The correlation of two values that lie so many steps apart along this axis.",
    ),
    "two_point": Drawn(
        "Two-point function",
        "S2: the chance that two points at this distance both lie in the phase.",
        Across("distance in steps", "distance"),
        along="S2: the chance that two points at this distance along this axis both lie in the phase.",
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

    sentences: list[str] = []
    several = len(getattr(form_of(run), "space", ())) > 1

    def drawn(saved: Saved) -> list[Markup]:
        hows = {
            name: how._replace(text=f"{how.text} {how.directions}") if several and how.directions else how
            for name, how in DRAWN.items()
        }
        charts = [one for name, how in hows.items() for one in _of_measure(saved, name, how)]
        sentences.extend(_sentences(saved))
        return charts

    saved, charts = kept(run, folder.STRUCTURE, Saved, "structure", drawn)
    if not charts:
        return None
    text = (
        f"{saved['samples']:,} samples of step {saved['step']:,} beside {saved['real_rows']:,} held-out rows. "
        "Bands are two standard errors to both sides."
    )
    return Structure(text, sentences, charts[:CHARTS], max(0, len(charts) - CHARTS))


def _needs_logarithms(lines: np.ndarray) -> bool:
    """Whether the lines [n, places] of all channels are drawn on logarithmic axes, so that all have the same kind."""
    known = [line[np.isfinite(line)] for line in lines]
    known = [line for line in known if len(line)]
    return bool(known) and min(line.min() for line in known) > 0 and any(is_wide(line, SPANNING) for line in known)


def _sentences(saved: Saved) -> list[str]:
    """What is said of the axes of space, where they are told apart: of the data first, then of the samples."""
    along = {name: [one[name] for one in saved.get("along", []) if name in one] for name in DRAWN}
    titles = {name: drawn.title.lower() for name, drawn in DRAWN.items()}
    found = []
    for name in [name for name in PLACES if along[name]][:1]:
        if len({(len(one["at"]), len(one["real"]["mean"])) for one in along[name]}) > 1:
            raise WganError(f"the axes of {name} have lines of different lengths; train on to make them again.")
        found.append(data_in_words(name, titles[name], along[name], saved["real_rows"]))
    return found + [axes_in_words(titles[name], every) for name, every in along.items() if every]


def _of_measure(saved: Saved, name: str, drawn: Drawn) -> list[Markup]:
    """The charts of a measure: along each axis where axes are told apart, and over all directions of a spectrum."""
    along = [(axis, one[name]) for axis, one in enumerate(saved.get("along", [])) if name in one]
    whole = [saved["curves"][name]] if name in saved["curves"] and (not along or name == "spectrum") else []
    made = [one for curve in whole for one in _charts(saved, name, drawn, curve)]
    for axis, curve in along:
        text = (
            f"{drawn.along} Difference: {with_error(curve['value'], curve['error'])}; between real rows: "
            f"{with_error(curve['floor'], curve['floor_error'])}."
        )
        how = drawn._replace(title=f"{drawn.title} along axis {axis}", text=text)
        made += _charts(saved, name, how, curve)
    return made


def _charts(saved: Saved, name: str, drawn: Drawn, both: Both) -> list[Markup]:
    """A chart for each line of a curve."""
    made = []
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
        text = drawn.text
        if name == "amplitude":
            real, fake = (share(max(0.0, 1 - float(tables[side][line].sum()))) for side in (0, 2))
            text += f" Outside of the bins are {real} of the values of held-out rows and {fake} of the samples'."
        made.append(
            chart(
                drawn.title + where, text, lines, logarithmic=logarithmic, percent=drawn.percent,
                across=drawn.across, spanning=0,
            )
        )  # fmt: skip
    return [one for one in made if one]
