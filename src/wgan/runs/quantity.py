"""What a logged number is: its words, its unit, its floor, where it is shown, and what reads it."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple


def number(value: float) -> str:
    """A number in three significant digits, or as a whole number above 1,000.

    Examples:
        >>> number(12345.6), number(0.000012), number(2.5), number(0.0)
        ('12,346', '1.2e-05', '2.50', '0')
    """
    if not math.isfinite(value) or value == 0:
        return f"{value:g}"
    if 1000 <= abs(value) < 1e7:
        return f"{value:,.0f}"
    return f"{value:#.3g}".rstrip(".") if 1e-3 <= abs(value) < 1000 else f"{value:.3g}"


def whole(value: float) -> str:
    """A count, as a whole number."""
    return f"{value:,.0f}"


def share(value: float) -> str:
    """A share, in percent; one that is nearly none or nearly all is never written as none or all.

    Examples:
        >>> share(0.956), share(0.001), share(0.994), share(0.9996), share(1e-7), share(0.0)
        ('96 %', '0.1 %', '99.4 %', 'over 99.9 %', 'under 0.1 %', '0 %')
    """
    left = min(value, 1 - value)
    if not 0 < left < 0.01:
        return f"{100 * value:.0f} %"
    if left < 0.001:
        return "under 0.1 %" if value < 0.5 else "over 99.9 %"
    return f"{100 * value:.1f} %"


def with_error(
    value: float, error: float | None = None, unit: str = "", interval: Sequence[float] | None = None
) -> str:
    """A measured number with its standard error, both to the places that the error bears; a "share" in percent.

    `interval` is a 95 % interval inside of [0, 1]. It takes the place of the error if 1.96 errors reach outside.

    Examples:
        >>> share_of, plain = with_error(0.4113, 0.0064, "share"), with_error(0.94, unit="share")
        >>> with_error(35.178, 1.13), share_of, with_error(0.2349), plain, with_error(-0.0001, 0.01)
        ('35.2 ± 1.1', '41.1 % ± 0.6 %', '0.235', '94 %', '0.000 ± 0.010')
        >>> with_error(0.0004, 0.0002, "share")
        '0.04 % ± 0.02 %'
        >>> with_error(1.0, 0.0, "share", (0.839, 1.0)), with_error(0.98, 0.02, interval=(0.91, 0.99))
        ('100 (84-100) %', '0.980 (0.910-0.990)')
    """
    error = error if error and math.isfinite(error) else None
    if interval is not None and not (error and 1.96 * error <= min(value, 1 - value)):
        return _between(value, interval, unit)
    if unit == "share":
        if not error:
            return share(value)
        places = min(max(1, -math.floor(math.log10(100 * error))), 5)
        return f"{100 * value:.{places}f} % ± {100 * error:.{places}f} %"
    if not error or not math.isfinite(value):
        return number(value)
    places = max(0, 1 - math.floor(math.log10(abs(error))))
    value = value if round(value, places) else 0.0  # rounded to 0 it has no sign
    return f"{value:,.{places}f} ± {error:,.{places}f}" if places < 6 else f"{value:.2g} ± {error:.2g}"


def _between(value: float, interval: Sequence[float], unit: str) -> str:
    """A share with the ends of its interval in brackets, to the places that the width of the interval bears."""
    times, percent = (100, " %") if unit == "share" else (1, "")
    low, high = (times * end for end in interval)
    places = min(5, max(0, 1 - math.floor(math.log10(max(high - low, 1e-5)))))
    ends = (f"{end:.{places}f}" if 0 < end < times else f"{end:.0f}" for end in (times * value, low, high))
    return "{} ({}-{})".format(*ends) + percent


def aim(better: str, unit: str = "") -> str:
    """The right direction or value of a metric in words, in the unit of its values.

    Examples:
        >>> aim("lower"), aim("0.5"), aim("0.5", "share")
        ('lower', '0.5', '50 %')
    """
    return share(float(better)) if unit == "share" and better.replace(".", "", 1).isdigit() else better


def minutes(seconds: float) -> str:
    """A time in minutes; one below two minutes in seconds.

    Examples:
        >>> minutes(2.0), minutes(90), minutes(4000)
        ('2.0 seconds', '90 seconds', '66.7 minutes')
    """
    if seconds < 120:
        return f"{seconds:.1f} seconds" if seconds < 10 else f"{seconds:.0f} seconds"
    return f"{seconds / 60:,.1f} minutes"


class Axis(NamedTuple):
    """A chart of the report: its title, which names the vertical axis, and a sentence on how to read it.

    With `logarithmic` the vertical axis is logarithmic if the values span a factor above 100.
    """

    title: str
    sentence: str
    logarithmic: bool = True


Place = Literal["tile", "table", "comparison"]
PLACES: dict[Place, str] = {"tile": "tile", "table": "table of several runs", "comparison": "chart of several runs"}


class Quantity(NamedTuple):
    """What a logged number is.

    `title` is its full name and `sentence` says what it estimates. `axis` is the chart in `AXES` that draws it, and
    `label` its short name there. `floor` names the quantity that real rows score in the samples' place.
    `text` writes a value. `verdicts` names the verdicts that read it. `shown` lists the other places of the report: the
    tiles of one run, and the table and the charts of several runs. A tile shows the floor beside the value, or the
    quantity that `beside` names. TensorBoard shows every quantity that is a number. `metric` names the metric of
    `wgan evaluate` that is the same quantity, where its name is another. `few_rows` is whether the log takes
    `measured_rows` rows of each side for it, and `chooses` whether it takes the half of the held-out rows that chooses
    the best checkpoint.
    """

    title: str
    sentence: str
    unit: str = ""
    axis: str | None = None
    label: str = ""
    floor: str | None = None
    text: Callable[[Any], str] = number
    verdicts: tuple[str, ...] = ()
    shown: tuple[Place, ...] = ()
    beside: str | None = None
    metric: str = ""
    few_rows: bool = False
    chooses: bool = False


AXES = {
    "difference": Axis(
        "Difference from the data",
        "The energy distance between samples and held-out rows. It is 0 on average for equal distributions, and 1 is "
        "the mean distance of two real rows. It chooses the best checkpoint.",
    ),
    "distance": Axis(
        "Distance to the data",
        "The Wasserstein-1 distance (W1) between samples and held-out rows: how far rows must move on average to make "
        "one set into the other. Pictures have pixels in [-1, 1]; columns and channels have standard deviation 1.",
    ),
    "estimate": Axis(
        "The critic's estimate",
        "What the critic says the distance is, on training rows and on held-out rows, which it never saw. If the two "
        "part, the critic memorises.",
    ),
    "variety": Axis(
        "Variety",
        "Coverage: the share of held-out rows with a sample near them. Precision: the share of samples near a held-out "
        "row. Diversity: how much two samples differ, where real rows score 100 %.",
        logarithmic=False,
    ),
    "structure": Axis(
        "Structure",
        "How far spectra, correlations, phases and values of samples are from those of held-out rows. Each line has "
        "its own unit; the curves themselves are below.",
    ),
    "gradient norm": Axis(
        "Gradient norm of the critic",
        "The slope of the critic at real rows, at samples and between them. A penalty holds it near 1, and the "
        "generator learns from it.",
    ),
    "layers": Axis(
        "Gradient of each layer of the critic",
        "The norm of the loss's gradient in each layer. The layers should not differ by orders of magnitude.",
    ),
    "support": Axis(
        "Effective support",
        "How many kinds of rows the samples show, by how often two of them are alike. A collapse shows here first.",
    ),
    "losses": Axis("Losses", "What each player minimised. The zero of a loss is arbitrary; read the distance instead."),
    "clipped": Axis("Clipped weights", "The share of the critic's weights at the clipping limit ±c."),
    "classes": Axis(
        "Classes", "Effective number of classes among samples, by the label of their nearest training row.", False
    ),
}
