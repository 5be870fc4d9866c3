"""Line charts as SVG text; their colours come from the page's style sheet, so that they follow dark mode.

A chart holds its numbers once, as the points of its lines. The script charts.js reads them back to show values and
to zoom.
"""

import json
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from wgan.reports.series import median_filter
from wgan.runs.quantities import number, share

WIDTH, HEIGHT = 460, 270
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 10, 40
LARGEST = 1e300  # of what an axis shows
FLAT = 1e-4  # values that span less of their size are drawn as equal, since ticks have six digits
DECADE = 10.0  # a logarithmic axis follows a band so far beyond the lines
MOST = 500  # points of a drawn line, at most
KEY = '<svg class="key" viewBox="0 0 22 {}" aria-hidden="true">{}</svg>'


class Line(NamedTuple):
    """A series: steps [n] and values [n]; entries that are not finite are left out.

    With `filtered` the running median of the series is drawn, and the series itself faintly behind it. `shown` is the
    value that the legend shows, by default the last one that is drawn, and None for no value. With `error` [n] there is
    a band of two such errors to both sides.
    """

    name: str
    steps: np.ndarray
    values: np.ndarray
    filtered: bool = True
    shown: str | None = ""
    error: np.ndarray | None = None


class Level(NamedTuple):
    """A value to compare with, drawn across the chart."""

    name: str
    value: float


class Mark(NamedTuple):
    """A point worth seeing."""

    name: str
    step: float
    value: float


class Across(NamedTuple):
    """The horizontal axis: its name, what stands before a value in words, and whether its values are whole numbers."""

    name: str
    before: str
    whole: bool = True


STEPS = Across("step", "step")


class Drawn(NamedTuple):
    """What a chart draws: its lines without missing entries, their running medians, its levels and its marks."""

    lines: list[Line]
    medians: list[np.ndarray]
    levels: Sequence[Level]
    marks: Sequence[Mark]


class Frame(NamedTuple):
    """The axes of a chart, which place steps and values on it, and their ticks."""

    first: float
    last: float
    low: float
    high: float
    logarithmic: bool
    percent: bool
    step_ticks: list[float]
    value_ticks: list[float]
    cut: bool = False  # whether a band goes beyond the axes
    across: Across = STEPS

    def text(self, value: float) -> str:
        """A value of this chart in words."""
        return share(value) if self.percent else number(value)

    def x(self, step: float | np.ndarray) -> np.ndarray:
        return LEFT + (np.asarray(step, float) - self.first) / ((self.last - self.first) or 1) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float | np.ndarray) -> np.ndarray:
        value, least, most = np.asarray(value, float), self.low, self.high
        if self.logarithmic:
            value, least, most = np.log10(np.maximum(value, 1e-300)), math.log10(least), math.log10(most)
        return np.clip(HEIGHT - BOTTOM - (value - least) / (most - least) * (HEIGHT - TOP - BOTTOM), -1e4, 1e4)


def chart(
    title: str,
    text: str,
    lines: list[Line],
    *,
    levels: Sequence[Level] = (),
    marks: Sequence[Mark] = (),
    logarithmic: bool = True,
    percent: bool = False,
    across: Across = STEPS,
    spanning: float = 100,
) -> Markup | None:
    """A figure and its legend, which shows the last value of each line; None if no line has two points.

    With `logarithmic` the vertical axis is logarithmic if the values span a factor above `spanning`, and the chart says
    so. With `percent` the values are shares, and every place of the chart writes them in percent. `across` is the
    horizontal axis.
    """
    lines = [line for line in map(_finite, lines) if len(line.steps) > 1]
    if not lines:
        return None
    width = window(max(len(line.steps) for line in lines))
    medians = [median_filter(line.values, width) if line.filtered else line.values for line in lines]
    drawn = Drawn(lines, medians, levels, marks)
    frame = _frame(drawn, spanning if logarithmic else math.inf, percent, across)
    return Markup(
        '<figure class="chart"><figcaption><h3>{title}</h3><p>{text}</p></figcaption>'
        '<svg class="plot" viewBox="0 0 {w} {h}" role="img" aria-label="{title}. {described}" data-frame="{frame}">'
        "{body}</svg>"
        '<ul class="legend">{legend}</ul></figure>'
    ).format(
        title=title,
        text=" ".join([text, *_axes_in_words(frame)]),
        w=WIDTH,
        h=HEIGHT,
        described=_described(drawn, frame),
        frame=_as_json(frame, lines),
        body=_ticks(frame) + _curves(drawn, frame, width > 1) + _marks(drawn, frame),
        legend=_legend(drawn, frame),
    )


def _as_json(frame: Frame, lines: list[Line]) -> str:
    """What turns points back into steps and values; whole steps are multiples of `each`, and others have 0 there."""
    each = 0
    if frame.across.whole:
        whole = np.unique(np.concatenate([line.steps for line in lines])).astype(np.int64)
        each = max(1, int(np.gcd.reduce(whole)))
    ends = {name: getattr(frame, name) for name in ("first", "last", "low", "high", "logarithmic", "percent")}
    return json.dumps(ends | {"each": each, "before": frame.across.before})


def window(count: int) -> int:
    """The odd number of records in a running median: about a twentieth of them, at most 101 as in the paper."""
    return 1 if count < 20 else min(101, max(3, count // 40 * 2 + 1))


def _finite(line: Line) -> Line:
    steps, values = np.asarray(line.steps, float), np.asarray(line.values, float)
    known = np.isfinite(steps) & np.isfinite(values)
    error = None if line.error is None else np.nan_to_num(np.asarray(line.error, float)[known], posinf=0.0)
    return line._replace(steps=steps[known], values=values[known], error=error)


def _frame(drawn: Drawn, spanning: float, percent: bool, across: Across) -> Frame:
    """The axes around everything that is drawn; wide bands are cut, so that the lines keep a third of the height."""
    values = np.concatenate(
        [*drawn.medians, [level.value for level in drawn.levels], [mark.value for mark in drawn.marks]]
    )
    values = values[np.isfinite(values)]
    low, high = values.min(), values.max()
    logarithmic = is_wide(values, spanning)
    bands = [end[np.isfinite(end)] for band in _bands(drawn) for end in band]
    ends = np.concatenate([values, *bands])
    ends = np.maximum(ends, 0.0) if percent and low >= 0 else ends  # the band of a share ends at 0
    if logarithmic:
        shown = np.clip(ends, low / DECADE, high * DECADE)
        low, high, value_ticks = _log_axis(shown)
    else:
        reach = high - low or math.inf
        shown = np.clip(ends, low - reach, high + reach)
        low, high, value_ticks = _axis(shown.min(), shown.max())
    first, last = min(line.steps[0] for line in drawn.lines), max(line.steps[-1] for line in drawn.lines)
    step_ticks = [tick for tick in _axis(first, last)[2] if first <= tick <= last]
    if across.whole:
        step_ticks = [tick for tick in step_ticks if tick == round(tick)]
    cut = bool(ends.min() < low - 1e-9 * abs(low) or ends.max() > high + 1e-9 * abs(high))
    return Frame(first, last, low, high, logarithmic, percent, step_ticks, value_ticks, cut, across)


def is_wide(values: np.ndarray, factor: float) -> bool:
    """Whether values need a logarithmic axis: they are positive and span more than a factor."""
    return bool(values.min() > 0 and values.max() > factor * values.min())


def _bands(drawn: Drawn) -> list[tuple[np.ndarray, np.ndarray]]:
    """The lower and the upper end of each band."""
    both = zip(drawn.lines, drawn.medians, strict=True)
    return [(mid - 2 * line.error, mid + 2 * line.error) for line, mid in both if line.error is not None]


def _axes_in_words(frame: Frame) -> list[str]:
    """Sentences on a vertical axis that is not plain."""
    said = ["The vertical axis is logarithmic."] * frame.logarithmic
    return said + ["Bands that are wider than the chart are cut."] * frame.cut


def _ticks(frame: Frame) -> Markup:
    """The horizontal grid with its values, and the steps below it."""
    parts = [Markup('<g class="grid">')]
    for tick in frame.value_ticks:
        at = float(frame.y(tick))
        parts.append(
            Markup('<line x1="{0}" x2="{1}" y1="{2:.1f}" y2="{2:.1f}"/><text x="{3}" y="{4:.1f}">{5}</text>').format(
                LEFT, WIDTH - RIGHT, at, LEFT - 8, at + 4, f"{100 * tick:.6g} %" if frame.percent else f"{tick:,.6g}"
            )
        )
    parts.append(Markup('</g><g class="ticks">'))
    for tick in frame.step_ticks:
        at = float(frame.x(tick))
        parts.append(
            Markup('<text x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(
                at, HEIGHT - BOTTOM + 18, "end" if at > WIDTH - RIGHT - 20 else "middle", _tick_text(frame, tick)
            )
        )
    parts.append(
        Markup('<text class="axis" x="{}" y="{}" text-anchor="end">{}</text></g>').format(
            WIDTH - RIGHT, HEIGHT - 4, frame.across.name
        )
    )
    return Markup("").join(parts)


def _tick_text(frame: Frame, tick: float) -> str:
    return f"{tick:,.0f}" if frame.across.whole else f"{tick:.6g}"


def _curves(drawn: Drawn, frame: Frame, with_raw: bool) -> Markup:
    """The levels and lines, in an SVG of their own that clips a raw line at the axes."""
    parts = [
        Markup('<svg class="area" x="{}" y="{}" width="{}" height="{}" viewBox="{} {} {} {}">').format(
            *(LEFT, TOP, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM) * 2
        )
    ]
    for level in drawn.levels:
        parts.append(
            Markup('<line class="level" x1="{0}" x2="{1}" y1="{2:.1f}" y2="{2:.1f}"/>').format(
                LEFT, WIDTH - RIGHT, float(frame.y(level.value))
            )
        )
    for i, (line, median) in enumerate(zip(drawn.lines, drawn.medians, strict=True)):
        if line.error is not None:
            x, ends = frame.x(line.steps), [frame.y(median + sign * 2 * line.error) for sign in (-1, 1)]
            around = zip([*x, *x[::-1]], [*ends[0], *ends[1][::-1]], strict=True)
            points = " ".join(f"{a:.1f},{b:.1f}" for a, b in around)
            parts.append(Markup('<polygon class="band {}" points="{}"/>').format(_colour(i), points))
        if line.filtered and with_raw:
            parts.append(_path(f"raw {_colour(i)}", frame.x(line.steps), frame.y(line.values)))
        parts.append(_path(f"{_colour(i)} {_dash(i)}", frame.x(line.steps), frame.y(median), line.name))
    return Markup("").join([*parts, Markup("</svg>")])


def _marks(drawn: Drawn, frame: Frame) -> Markup:
    """The marks, which no axis clips."""
    circle = Markup('<circle class="mark" cx="{:.1f}" cy="{:.1f}" r="5"><title>{}</title></circle>')
    return Markup("").join(
        circle.format(float(frame.x(mark.step)), float(frame.y(mark.value)), mark.name) for mark in drawn.marks
    )


def _described(drawn: Drawn, frame: Frame) -> str:
    """The chart in words, for readers who cannot see it."""
    text = frame.text
    parts = [f"{line.name} goes from {text(line.values[0])} to {text(line.values[-1])}" for line in drawn.lines]
    parts += [f"{level.name} is {text(level.value)}" for level in drawn.levels]
    parts += [mark.name for mark in drawn.marks]
    ends = f"{_tick_text(frame, frame.first)} to {_tick_text(frame, frame.last)}"
    ends = f"Steps {ends}" if frame.across == STEPS else f"{frame.across.name}: {ends}"
    return f"{ends}. {'; '.join(parts)}."


def _legend(drawn: Drawn, frame: Frame) -> Markup:
    """A list item for each line, level and mark."""
    line_key = Markup(KEY).format(6, Markup('<path class="{} {}" d="M1 3H21"/>'))
    level_key = Markup(KEY).format(6, Markup('<path class="level" d="M1 3H21"/>'))
    mark_key = Markup(KEY).format(10, Markup('<circle class="mark" cx="11" cy="5" r="4"/>'))
    items = [
        Markup("<li>{}{}{}</li>").format(
            line_key.format(_colour(i), _dash(i)),
            line.name,
            "" if line.shown is None else Markup(" <b>{}</b>").format(line.shown or frame.text(median[-1])),
        )
        for i, (line, median) in enumerate(zip(drawn.lines, drawn.medians, strict=True))
    ]
    items += [
        Markup("<li>{}{} <b>{}</b></li>").format(level_key, level.name, frame.text(level.value))
        for level in drawn.levels
    ]
    items += [Markup("<li>{}{}</li>").format(mark_key, mark.name) for mark in drawn.marks]
    return Markup("").join(items)


def _colour(number_of_line: int) -> str:
    return f"c{number_of_line % 6}"


def _dash(number_of_line: int) -> str:
    return f"d{number_of_line // 6 % 3}"


def _path(style: str, x: np.ndarray, y: np.ndarray, name: str | None = None) -> Markup:
    """A line; with a `name` its points are so exact that values can be read back from them in three digits."""
    every = max(1, math.ceil(len(x) / MOST))
    chosen = np.unique(np.append(np.arange(0, len(x), every), len(x) - 1))
    places = 1 if name is None else 3
    points = " ".join(f"{a:.{places}f},{b:.{places}f}" for a, b in zip(x[chosen], y[chosen], strict=True))
    named = Markup("") if name is None else Markup(' data-name="{}"').format(name)
    return Markup('<polyline class="{}"{} points="{}"/>').format(style, named, points)


def _axis(low: float, high: float) -> tuple[float, float, list[float]]:
    """Round limits around the values and about five round ticks between them."""
    low, high = max(low, -LARGEST), min(high, LARGEST)
    size = max(abs(low), abs(high))
    if high - low <= size * FLAT or size < 1 / LARGEST:
        half = size / 2 if size > 1 / LARGEST else 0.5
        low, high = low - half, high + half
    rough = (high - low) / 4
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * m for m in (1, 2, 2.5, 5, 10) if unit * m >= rough * (1 - 1e-9))
    least, most = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return least * step, most * step, [round(i * step, 12) for i in range(least, most + 1)]


def _log_axis(values: np.ndarray) -> tuple[float, float, list[float]]:
    """Powers of ten around the values, and at most about five ticks between them."""
    values = np.clip(values, 1 / LARGEST, LARGEST)
    least, most = math.floor(math.log10(values.min())), math.ceil(math.log10(values.max()))
    every = max(1, (most - least) // 5)
    return 10.0**least, 10.0**most, [10.0**i for i in range(least, most + 1, every)]
