"""The generated rows of a table beside real ones: each column by itself, columns in pairs, and a few rows in full.

Real rows are shown only as a whole, in histograms and correlations; the page holds none of them.
"""

import math
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from wgan.data.columns import Column, TableForm
from wgan.data.order import shown_levels
from wgan.data.series import texts_of
from wgan.data.table import to_frame
from wgan.errors import WganError
from wgan.files.printed import printable
from wgan.maths.metrics.columns import (
    correlation,
    correlation_ratio,
    cramers_v,
    distance_of_levels,
    distance_of_numbers,
)
from wgan.reports.figures import bin_edges
from wgan.reports.rows import dataset_of, form_of, generated_rows, parts_of
from wgan.reports.run import Run
from wgan.runs.quantities import number, share

COLUMNS = 24  # columns with a histogram, at most
PAIRED = 12  # columns in the tables of correlations, at most
LEVELS = 10  # levels with a bar of their own, at most
SHOWN = 8  # generated rows that are shown in full
READ = 20_000  # real rows that are compared, at most
WIDTH, HEIGHT = 300, 96  # of a histogram, in its own units


class Bar(NamedTuple):
    """A level of a column, with its share of the real rows and of the samples; None without real rows."""

    name: str
    real: float | None
    made: float


class Shown(NamedTuple):
    """A column: its name, what its two scores say, and a histogram with the texts below it, or bars of levels."""

    name: str
    score: str
    floor: str
    histogram: Markup | None
    ticks: list[str]
    bars: list[Bar]
    gaps: str


class Table(NamedTuple):
    """What the page shows of a table's samples at a step. `left_out` counts columns without a histogram.

    `correlations` has the title of each table of correlations and its rows; `paired` are the names of its columns.
    """

    step: int
    samples: int
    columns: list[Shown]
    left_out: int
    paired: list[str]
    correlations: list[tuple[str, np.ndarray]]
    names: list[str]
    rows: list[list[str | None]]
    compared: bool


class Sets(NamedTuple):
    """The rows at rest that are compared: samples, and training and held-out rows if they are known."""

    made: np.ndarray
    train: np.ndarray | None
    held_out: np.ndarray | None


def table_of(run: Run, data_dir: Path | None) -> Table | None:
    """What the page shows of a table's samples; None for other runs, or with a remark if they cannot be read."""
    form = form_of(run)
    if not isinstance(form, TableForm):
        return None
    try:
        found = generated_rows(run)
        if found is None:
            return None
        step, made = found
        _refuse_other_rows(form, made)
    except WganError as problem:
        run.remarks.append(f"The columns of the samples are not shown, since their rows cannot be read: {problem}")
        return None
    try:
        dataset = dataset_of(run, data_dir)
        sets = Sets(made, *(_some(dataset.rows, rows) for rows in parts_of(run, dataset)))
    except WganError as problem:
        run.remarks.append(f"Real columns are not shown, since the data cannot be read: {problem}")
        sets = Sets(made, None, None)
    varying = [at for at, column in enumerate(form.columns) if column.varies]
    shown, paired = varying[:COLUMNS], varying[:PAIRED]
    return Table(
        step=step,
        samples=len(made),
        columns=[_column(form, at, sets) for at in shown],
        left_out=len(varying) - len(shown),
        paired=[str(form.columns[at].name) for at in paired],
        correlations=_correlations(form, paired, sets) if len(paired) > 1 else [],
        names=[str(column.name) for column in form.columns],
        rows=[
            list(row)
            for row in zip(*(_texts(form, at, made[:SHOWN, at]) for at in range(len(form.columns))), strict=True)
        ],
        compared=sets.train is not None,
    )


def _refuse_other_rows(form: TableForm, rows: np.ndarray) -> None:
    """Raise WganError for rows that are not those of this form."""
    fits = rows.ndim == 2 and rows.shape[1:] == form.shape and rows.dtype == np.float64 and len(rows) > 0
    fits = fits and not np.isinf(rows).any()
    for at, column in enumerate(form.columns if fits else ()):
        codes = rows[~np.isnan(rows[:, at]), at]
        fits = fits and (not column.levels or bool(np.isin(codes, np.arange(len(column.levels))).all()))
    if not fits:
        raise WganError("they do not fit the columns of config.json; train again, or delete the file.")


def _some(rows: np.ndarray, chosen: np.ndarray) -> np.ndarray | None:
    """Up to `READ` of the chosen rows, in random order; None without any."""
    order = np.random.default_rng(0).permutation(len(chosen))[:READ]
    return np.asarray(rows[np.sort(chosen[order])], np.float64) if len(order) else None


def _column(form: TableForm, at: int, sets: Sets) -> Shown:
    """One column of the samples beside the same column of real rows."""
    column = form.columns[at]
    made, train = sets.made[:, at], None if sets.train is None else sets.train[:, at]
    score, floor = _scores(column, at, sets)
    gaps = ""
    if column.missing:
        gaps = f"Missing: {share(np.isnan(made).mean())} of samples"
        gaps += "" if train is None else f", {share(np.isnan(train).mean())} of training rows"
    if column.kind == "number":
        histogram, ticks = _histogram(form, at, made, train)
        return Shown(str(column.name), score, floor, histogram, ticks, [], gaps)
    return Shown(str(column.name), score, floor, None, [], _bars(form, at, made, train), gaps)


def _scores(column: Column, at: int, sets: Sets) -> tuple[str, str]:
    """How far the samples are from held-out rows in one column, and how far training rows are, in words."""
    if sets.train is None:
        return "", ""
    other = sets.train if sets.held_out is None else sets.held_out
    sides = (sets.made, sets.train) if sets.held_out is not None else (sets.made,)
    if column.kind == "number":
        found = [distance_of_numbers(*(rows[~np.isnan(rows[:, at]), at] for rows in (other, side))) for side in sides]
        words = [number(value) if math.isfinite(value) else "" for value in found]
    else:
        found = [
            distance_of_levels(*(np.nan_to_num(rows[:, at], nan=-1.0) for rows in (other, side))) for side in sides
        ]
        words = [share(value) if math.isfinite(value) else "" for value in found]
    rows = "training rows" if sets.held_out is None else "held-out rows"
    what = f"W1 {{}} to {rows}" if column.kind == "number" else f"{{}} in other levels than {rows}"
    return what.format(words[0]) if words[0] else "", words[1] if len(words) > 1 else ""


def _histogram(form: TableForm, at: int, made: np.ndarray, train: np.ndarray | None) -> tuple[Markup, list[str]]:
    """A histogram of numbers, real rows filled and samples as an outline; and the texts of its ends and its middle.

    The text of an end says where its bin holds all values beyond it too.
    """
    column = form.columns[at]
    sets = [values[~np.isnan(values)] for values in (made, train) if values is not None]
    edges = bin_edges(column, sets[-1] if len(sets[-1]) else sets[0])
    inside = 0.5 if column.decimals == 0 and not column.unit else 0.0  # whole numbers lie in the middle of a bin
    low, high = edges[0] + inside, edges[-1] - inside
    heights = [np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] / max(1, len(values)) for values in sets]
    top = max(max(height.max() for height in heights), 1e-12)
    x = (edges - edges[0]) / (edges[-1] - edges[0]) * WIDTH
    parts = [_steps("real", x, heights[1] / top)] if len(heights) > 1 else []
    parts.append(_steps("made", x, heights[0] / top))
    ticks = [_number_text(form, at, value) for value in (low, (low + high) / 2, high)]
    below, above = ("or before", "or after") if column.unit else ("or less", "or more")
    ticks[0] += f" {below}" * any(bool((values < edges[0]).any()) for values in sets)
    ticks[2] += f" {above}" * any(bool((values > edges[-1]).any()) for values in sets)
    words = f"{printable(column.name)}: {len(made):,} samples" + (
        f" and {len(train):,} training rows" if train is not None else ""
    )
    return (
        Markup(
            '<svg class="histogram" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
        ).format(WIDTH, HEIGHT, f"Histogram of {words}, from {ticks[0]} to {ticks[2]}", Markup("").join(parts)),
        ticks,
    )


def _steps(style: str, x: np.ndarray, heights: np.ndarray) -> Markup:
    """The outline of a histogram, whose heights are shares of the picture's."""
    y = HEIGHT - heights * (HEIGHT - 4)
    path = "".join(f"V{b:.1f}H{a:.1f}" for a, b in zip(x[1:], y, strict=True))
    return Markup('<path class="{}" d="M{:.1f} {}{}V{}"/>').format(style, x[0], HEIGHT, path, HEIGHT)


def _bars(form: TableForm, at: int, made: np.ndarray, train: np.ndarray | None) -> list[Bar]:
    """The commonest levels of a column in the order of `shown_levels`, and all others together."""
    column = form.columns[at]
    sides = [made] if train is None else [made, train]
    counts = [np.bincount(side[~np.isnan(side)].astype(int), minlength=len(column.levels)) for side in sides]
    shares = [count / max(1, len(side)) for count, side in zip(counts, sides, strict=True)]
    order = shown_levels(column.levels, shares[-1], LEVELS, column.ordered)
    names = _texts(form, at, order.astype(float))
    bars = [
        Bar(str(name), shares[1][i] if train is not None else None, shares[0][i])
        for name, i in zip(names, order, strict=True)
    ]
    others = np.setdiff1d(np.arange(len(column.levels)), order)
    if len(others):
        real = float(shares[1][others].sum()) if train is not None else None
        bars.append(Bar(f"{len(others):,} other levels", real, float(shares[0][others].sum())))
    return bars


def _correlations(form: TableForm, columns: list[int], sets: Sets) -> list[tuple[str, np.ndarray]]:
    """The tables [columns, columns] of how strongly columns go together, of samples, of real rows and between both."""
    made = _together(form, columns, sets.made)
    if sets.train is None:
        return [("Generated", made)]
    real = _together(form, columns, sets.train[: len(sets.made)])  # as many, since few rows look more dependent
    return [("Real", real), ("Generated", made), ("Generated minus real", made - real)]


def _together(form: TableForm, columns: list[int], rows: np.ndarray) -> np.ndarray:
    """The table of one set of rows: numbers are compared by their normal scores, a gap of levels is a level."""
    found = np.eye(len(columns))
    encoded = [_codes_or_scores(form, at, rows[:, at]) for at in columns]
    levels = [form.columns[at].kind == "levels" for at in columns]
    for i in range(len(columns)):
        for j in range(i):
            present = ~np.isnan(encoded[i]) & ~np.isnan(encoded[j])
            a, b = encoded[i][present], encoded[j][present]
            if not len(a):
                value = 0.0
            elif levels[i] and levels[j]:
                value = cramers_v(a, b)
            elif levels[i] or levels[j]:
                value = correlation_ratio(*((a, b) if levels[i] else (b, a)))
            else:
                value = correlation(a, b)
            found[i, j] = found[j, i] = value
    return found


def _codes_or_scores(form: TableForm, at: int, values: np.ndarray) -> np.ndarray:
    """A column as numbers [n]: codes of levels, with -1 for a gap, or normal scores of numbers, with NaN for a gap."""
    column = form.columns[at]
    if column.kind == "levels":
        return np.nan_to_num(values, nan=-1.0)
    return np.where(np.isnan(values), np.nan, np.interp(values, column.knots, column.scores))


def _texts(form: TableForm, at: int, values: np.ndarray) -> list[str | None]:
    """Values at rest of one column as the data write them; None for a gap."""
    single = replace(form, shape=(1,), columns=(form.columns[at],))
    frame = to_frame(single, np.asarray(values, np.float64)[:, None])
    return texts_of(form.columns[at], frame.iloc[:, 0])


def _number_text(form: TableForm, at: int, value: float) -> str:
    """A value on the axis of a histogram: times as the data write them, other numbers in three digits."""
    column = form.columns[at]
    if column.unit:
        return str(_texts(form, at, np.array([round(value)]))[0])
    return f"{value:,.0f}" if column.decimals == 0 else number(value)
