"""Line charts as SVG text: colours come from the page's style sheet, so that they follow dark mode."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from wgan.reports.verdicts import median_filter

WIDTH, HEIGHT = 460, 270
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 10, 40
MOST = 500  # points of a drawn line


class Line(NamedTuple):
    """A series: steps [n] and values [n], of which those that are not finite are left out. `filtered` draws its
    median over it and itself faintly; `level` is a constant, drawn across."""

    name: str
    steps: np.ndarray
    values: np.ndarray
    filtered: bool = True


class Level(NamedTuple):
    """A value to compare with, drawn across the chart."""

    name: str
    value: float


class Mark(NamedTuple):
    """A point worth seeing."""

    name: str
    step: float
    value: float


def chart(
    title: str, text: str, lines: list[Line], *, levels: Sequence[Level] = (), marks: Sequence[Mark] = ()
) -> Markup | None:
    """A figure with its legend; None where no line has two points. The vertical axis is logarithmic where the
    values span a factor above 100; the legend tells the last value of each line."""
    lines = [_known(line) for line in lines]
    lines = [line for line in lines if len(line.steps) > 1]
    if not lines:
        return None
    width = window(max(len(line.steps) for line in lines))
    smooth = [median_filter(line.values, width) if line.filtered else line.values for line in lines]
    values = np.concatenate([*smooth, [level.value for level in levels], [mark.value for mark in marks]])
    values = values[np.isfinite(values)]
    logarithmic = bool(values.min() > 0 and values.max() > 100 * values.min())
    low, high, y_ticks = _log_axis(values) if logarithmic else _axis(values.min(), values.max())
    first, last = min(line.steps[0] for line in lines), max(line.steps[-1] for line in lines)
    x_ticks = [tick for tick in _axis(first, last)[2] if first <= tick <= last]

    def x(step: float | np.ndarray) -> np.ndarray:
        return LEFT + (np.asarray(step, float) - first) / ((last - first) or 1) * (WIDTH - LEFT - RIGHT)

    def y(value: float | np.ndarray) -> np.ndarray:
        value = np.asarray(value, float)
        if logarithmic:
            value, least, most = np.log10(np.maximum(value, 1e-300)), math.log10(low), math.log10(high)
        else:
            least, most = low, high
        return np.clip(HEIGHT - BOTTOM - (value - least) / (most - least) * (HEIGHT - TOP - BOTTOM), -1e4, 1e4)

    parts = [Markup('<g class="grid">')]
    for tick in y_ticks:
        at = float(y(tick))
        parts.append(
            Markup('<line x1="{0}" x2="{1}" y1="{2:.1f}" y2="{2:.1f}"/><text x="{3}" y="{4:.1f}">{5}</text>').format(
                LEFT, WIDTH - RIGHT, at, LEFT - 8, at + 4, f"{tick:,.6g}"
            )
        )
    parts.append(Markup('</g><g class="ticks">'))
    for tick in x_ticks:
        anchor = "end" if float(x(tick)) > WIDTH - RIGHT - 20 else "middle"
        parts.append(
            Markup('<text x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(
                float(x(tick)), HEIGHT - BOTTOM + 18, anchor, f"{tick:,.0f}"
            )
        )
    parts.append(
        Markup('<text class="axis" x="{}" y="{}" text-anchor="end">step</text></g>').format(WIDTH - RIGHT, HEIGHT - 4)
    )
    parts.append(
        Markup('<svg x="{}" y="{}" width="{}" height="{}" viewBox="{} {} {} {}">').format(
            *(LEFT, TOP, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM) * 2
        )
    )  # an inner svg clips what a raw line overshoots
    for level in levels:
        parts.append(
            Markup('<line class="level" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(
                LEFT, WIDTH - RIGHT, float(y(level.value)), float(y(level.value))
            )
        )
    for i, (line, middle) in enumerate(zip(lines, smooth, strict=True)):
        if line.filtered and width > 1:
            parts.append(_path(f"raw c{i % 6}", x(line.steps), y(line.values)))
        parts.append(_path(f"c{i % 6} d{i // 6 % 3}", x(line.steps), y(middle)))
    for mark in marks:
        parts.append(
            Markup('<circle class="mark" cx="{:.1f}" cy="{:.1f}" r="5"><title>{}</title></circle>').format(
                float(x(mark.step)), float(y(mark.value)), mark.name
            )
        )
    parts.append(Markup("</svg>"))

    said = [f"{line.name} goes from {number(line.values[0])} to {number(line.values[-1])}" for line in lines]
    said += [f"{level.name} is {number(level.value)}" for level in levels] + [mark.name for mark in marks]
    described = f"Steps {first:,.0f} to {last:,.0f}. {'; '.join(said)}."
    legend = [
        Markup(
            '<li><svg class="key" viewBox="0 0 22 6" aria-hidden="true"><path class="c{} d{}" d="M1 3H21"/></svg>'
        ).format(i % 6, i // 6 % 3)
        + Markup("{} <b>{}</b></li>").format(line.name, number(middle[-1]))
        for i, (line, middle) in enumerate(zip(lines, smooth, strict=True))
    ]
    for level in levels:
        key = Markup('<svg class="key" viewBox="0 0 22 6" aria-hidden="true"><path class="level" d="M1 3H21"/></svg>')
        legend.append(Markup("<li>{}{} <b>{}</b></li>").format(key, level.name, number(level.value)))
    for mark in marks:
        key = Markup(
            '<svg class="key" viewBox="0 0 22 10" aria-hidden="true"><circle class="mark" cx="11" cy="5" r="4"/></svg>'
        )
        legend.append(Markup("<li>{}{}</li>").format(key, mark.name))
    return Markup(
        '<figure class="chart"><figcaption><h3>{title}</h3><p>{text}</p></figcaption>'
        '<svg class="plot" viewBox="0 0 {w} {h}" role="img" aria-label="{title}. {described}">{body}</svg>'
        '<ul class="legend">{legend}</ul></figure>'
    ).format(
        title=title,
        text=text,
        w=WIDTH,
        h=HEIGHT,
        described=described,
        body=Markup("").join(parts),
        legend=Markup("").join(legend),
    )


def window(count: int) -> int:
    """The odd number of records that a median is taken over: a fortieth of them, at most 101 as in the paper."""
    return 1 if count < 20 else min(101, max(3, count // 40 * 2 + 1))


def number(value: float) -> str:
    """A number in three significant digits, as one reads it; whole above 1,000.

    Examples:
        >>> number(12345.6), number(0.000012), number(2.5), number(0.0)
        ('12,346', '1.2e-05', '2.50', '0')
    """
    if not math.isfinite(value) or value == 0:
        return f"{value:g}"
    if 1000 <= abs(value) < 1e7:
        return f"{value:,.0f}"
    return f"{value:#.3g}".rstrip(".") if 1e-3 <= abs(value) < 1000 else f"{value:.3g}"


def _known(line: Line) -> Line:
    steps, values = np.asarray(line.steps, float), np.asarray(line.values, float)
    known = np.isfinite(steps) & np.isfinite(values)
    return line._replace(steps=steps[known], values=values[known])


def _path(style: str, x: np.ndarray, y: np.ndarray) -> Markup:
    every = max(1, math.ceil(len(x) / MOST))
    chosen = np.unique(np.append(np.arange(0, len(x), every), len(x) - 1))
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x[chosen], y[chosen], strict=True))
    return Markup('<polyline class="{}" points="{}"/>').format(style, points)


def _axis(low: float, high: float) -> tuple[float, float, list[float]]:
    """Round limits around the values and about five round ticks between them."""
    if high <= low:
        low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    rough = (high - low) / 4
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * m for m in (1, 2, 2.5, 5, 10) if unit * m >= rough * (1 - 1e-9))
    least, most = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return least * step, most * step, [round(i * step, 12) for i in range(least, most + 1)]


def _log_axis(values: np.ndarray) -> tuple[float, float, list[float]]:
    least, most = math.floor(math.log10(values.min())), math.ceil(math.log10(values.max()))
    every = max(1, (most - least) // 5)
    return 10.0**least, 10.0**most, [10.0**i for i in range(least, most + 1, every)]
