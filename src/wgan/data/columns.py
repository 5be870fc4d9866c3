"""The columns of a table and its form: how each column is encoded as units of the network and decoded again."""

import re
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import ClassVar, NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

from wgan.data.dates import is_clock, zone_of
from wgan.data.rows import MOST_VALUES, Form
from wgan.errors import WganError
from wgan.maths.exact import LARGEST_EXACT

KNOTS = 300  # of the map from a column of numbers to normal scores
SPIKE = 0.03  # a number in at least this share of the rows gets the same share of the scores
MOST_DECIMALS = 6  # samples are rounded to the decimals of the data, up to so many

KINDS = ("number", "plain", "levels", "constant", "identifier")
TIMES = ("", "D", "s", "ms", "us")  # units of times, as NumPy names them; "" for none
WRITTEN = [[], [str], [str] * 2, [*[str] * 4, int, str]]  # the types of the parts of `written`
Plain = str | int | float | bool  # what JSON holds of a level


@dataclass(frozen=True)
class Column:
    """One column of a table: how its values become numbers at rest, and these become units of the network.

    In kind "number", `knots[i]` has the normal score `scores[i]`, and scores between knots are interpolated linearly.
    A spike is a knot with `lows[i]` < `highs[i]`: every score between these two decodes to it. In kind "levels", the
    code i at rest stands for `levels[i]`. The first `kept` levels have a unit each; the others share one unit, which
    decodes to them in proportion to their `counts`. In kind "constant", every row decodes to the only level, or to a
    gap if there is none. In kind "identifier" nothing is kept: samples are numbered. In kind "plain", which only arrays
    have, numbers are standardised by the form's offset and scale. All fields are plain JSON values.
    """

    name: str | int | float
    kind: str
    dtype: str  # as pandas names it
    missing: bool = False
    unit: str = ""  # of times: D, s, ms or us
    decimals: int | None = None
    knots: tuple[float, ...] = ()
    scores: tuple[float, ...] = ()
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()
    levels: tuple[Plain, ...] = ()
    kept: int = 0
    counts: tuple[int, ...] = ()
    categories: tuple[Plain, ...] = ()  # of pandas' dtype "category": all of them, with those that no row has
    ordered: bool = False
    written: tuple = ()  # how its texts are written, as `texts.Reading` has it; empty if pandas writes them so
    arrow: str = ""  # its type in Parquet

    def check(self) -> None:
        """Raise ValueError if the fields do not fit together, as those of a file may not."""
        levels, knots = len(self.levels), np.array([self.knots, self.scores, self.lows, self.highs][: 4 * self._even])
        shared = self.counts[self.kept :]
        for what, fits in (
            ("name", isinstance(self.name, str | int) or np.isfinite(self.name)),
            ("kind", self.kind in KINDS),
            ("unit", self.unit in TIMES),
            ("written", [type(part) for part in self.written] in WRITTEN),
            ("decimals", self.decimals is None or 0 <= self.decimals <= MOST_DECIMALS),
            ("knots", self._even and bool(np.isfinite(knots).all()) and bool((np.diff(self.knots) > 0).all())),
            ("knots", self.kind != "number" or len(self.knots) > 0),
            ("scores", bool((np.diff(self.scores) >= 0).all()) and bool((np.array(self.lows) <= self.highs).all())),
            ("levels", self.kind != "levels" or (levels >= 1 and self.group >= 1)),
            ("levels", self.kind != "constant" or levels <= 1),
            ("kept", 0 <= self.kept <= levels),
            ("counts", len(self.counts) in ({levels} if self.kept < levels else {0, levels})),
            ("counts", all(0 <= count <= LARGEST_EXACT for count in self.counts) and (not shared or sum(shared) > 0)),
        ):
            if not fits:
                raise ValueError(f"the column {self.name!r} has a field {what!r} that does not fit")

    @property
    def _even(self) -> bool:
        return len(self.knots) == len(self.scores) == len(self.lows) == len(self.highs)

    @property
    def time(self) -> str:
        """What times a column with a `unit` holds: "time" (of the day), "timedelta", "date" or "datetime"."""
        if self.dtype.startswith("time") and not self.dtype.startswith("timestamp"):
            return "timedelta" if self.dtype.startswith("timedelta") else "time"
        if self.written and is_clock(self.written[0]):
            return "time"
        return "date" if self.dtype == "date" else "timedelta" if self.dtype.startswith("duration") else "datetime"

    @property
    def zone(self) -> str | None:
        """The time zone of a column of datetimes; None without one."""
        found = re.search(r", (?:tz=)?([^\]]+)\]", self.dtype)
        return found[1] if found else zone_of(self.written[0]) or None if self.written else None

    @property
    def varies(self) -> bool:
        """Whether the players see the column."""
        return self.kind not in ("constant", "identifier")

    @property
    def measured(self) -> bool:
        """Whether the column has a unit of numbers."""
        return self.kind in ("number", "plain")

    @property
    def group(self) -> int:
        """The number of units in the column's softmax; 0 without one."""
        if self.measured:
            return 2 * self.missing
        return self.kept + (self.kept < len(self.levels)) + self.missing if self.varies else 0


def constant_column(column: Column, levels: tuple, gaps: np.ndarray) -> tuple[Column, np.ndarray]:
    """A column of kind "constant", and its values at rest."""
    return replace(column, kind="constant", levels=levels, kept=len(levels)), np.where(gaps, np.nan, 0.0)


def number_column(column: Column, values: np.ndarray, gaps: np.ndarray) -> tuple[Column, np.ndarray]:
    """A column of kind "number", whose knots are quantiles at even normal scores and all spikes; its values at rest."""
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) + column.missing <= 1:
        return constant_column(column, tuple(distinct.tolist()), gaps)
    numbers = np.full(len(gaps), np.nan)
    numbers[~gaps] = values
    n, ordered = len(values), np.sort(values)
    if len(distinct) > KNOTS:
        steps = ndtr(np.linspace(ndtri(0.5 / n), -ndtri(0.5 / n), KNOTS))
        ranks = np.unique(np.clip((steps * n).astype(int), 0, n - 1))
        knots = np.unique([*ordered[[0, -1]], *ordered[ranks], *distinct[counts >= SPIKE * n]])
    else:
        knots = distinct
    below, upto = (np.searchsorted(ordered, knots, side) / n for side in ("left", "right"))
    scores = ndtri((below + upto) / 2)
    spike = upto - below >= SPIKE
    most = -ndtri(0.25 / n)
    lows, highs = (np.where(spike, np.clip(ndtri(edge), -most, most), scores) for edge in (below, upto))
    decimals = next((d for d in range(MOST_DECIMALS + 1) if np.array_equal(np.round(values, d), values)), None)
    at, z, first, last = (tuple(x.tolist()) for x in (knots, scores, lows, highs))
    return replace(column, kind="number", decimals=decimals, knots=at, scores=z, lows=first, highs=last), numbers


class _Place(NamedTuple):
    """Where a column is: its index `at` in a row at rest, and the units of its number and of its softmax."""

    column: Column
    at: int
    unit: int
    group: slice
    knots: np.ndarray
    scores: np.ndarray
    back: tuple[np.ndarray, np.ndarray]  # scores, and the numbers to which they decode
    rare: np.ndarray  # cumulative shares of the levels that share a unit


@dataclass(frozen=True)
class TableForm(Form):
    """The form of a table; an encoded row has a unit for each column of numbers, then the softmax of each group."""

    columns: tuple[Column, ...] = ()
    delimiter: str = ","  # of the CSV that they came from

    affine: ClassVar[bool] = False

    @property
    def encoded_shape(self) -> tuple[int, ...]:
        return (sum(column.measured for column in self.columns) + sum(self.groups),)

    @property
    def groups(self) -> tuple[int, ...]:
        return tuple(column.group for column in self.columns if column.group)

    @cached_property
    def _places(self) -> list[_Place]:
        numbers = [column.measured for column in self.columns]
        units = list(accumulate(numbers, initial=0))
        starts = list(accumulate((column.group for column in self.columns), initial=units[-1]))
        return [
            _Place(
                column,
                at,
                units[at],
                slice(starts[at], starts[at + 1]),
                np.array(column.knots),
                np.array(column.scores),
                (np.array([column.lows, column.highs]).T.ravel(), np.repeat(column.knots, 2)),
                np.cumsum(column.counts[column.kept :]) / max(1, sum(column.counts[column.kept :])),
            )
            for at, column in enumerate(self.columns)
        ]

    def encode(self, rows) -> np.ndarray:
        """Encode rows at rest [n, columns] as float32 [n, *encoded_shape]: normal scores of numbers, one-hot levels."""
        rows = np.asarray(rows, np.float64)
        if rows.ndim != 2 or rows.shape[1:] != self.shape:
            raise WganError(f"got rows of shape {rows.shape}, not [n, {self.shape[0]}]; reshape them")
        encoded = np.zeros((len(rows), *self.encoded_shape), np.float32)
        every = np.arange(len(rows))
        for place in self._places:
            column, values = place.column, rows[:, place.at]
            gaps = np.isnan(values)
            if column.kind == "plain":
                encoded[:, place.unit] = (values - np.array(self.offset)[place.at]) / np.array(self.scale)[place.at]
            elif column.kind == "number":
                encoded[:, place.unit] = np.where(gaps, 0, np.interp(values, place.knots, place.scores))
            if column.group:
                last = column.group - 1
                filled = np.where(gaps, 0, values).astype(np.int64)
                codes = np.zeros(len(rows), np.int64) if column.measured else np.minimum(filled, column.kept)
                encoded[every, place.group.start + np.where(gaps, last, codes)] = 1
        return encoded

    def decode(self, encoded, first: int = 0) -> np.ndarray:
        """Invert `encode`: rows at rest [n, columns], with numbers rounded and within their range.

        The largest unit of each softmax is chosen. Raises WganError for another shape, or for NaN.
        """
        encoded = np.asarray(encoded, np.float64)
        if encoded.shape[1:] != self.encoded_shape:
            raise WganError(f"got rows of shape {encoded.shape}, not [n, {self.encoded_shape[0]}]; reshape them")
        if np.isnan(encoded).any():
            raise WganError("got NaN instead of numbers: the run diverged; use an earlier step")
        rows = np.empty((len(encoded), len(self.columns)))
        for place in self._places:
            column = place.column
            chosen = encoded[:, place.group].argmax(1) if column.group else np.zeros(len(rows), np.int64)
            if column.kind == "plain":
                values = encoded[:, place.unit] * np.array(self.scale)[place.at] + np.array(self.offset)[place.at]
            elif column.kind == "number":
                values = np.interp(encoded[:, place.unit], *place.back)
                values = values if column.decimals is None else np.round(values, column.decimals)
            else:
                values = chosen.astype(np.float64)
                if column.kept < len(column.levels) and column.kind == "levels":
                    among = chosen == column.kept
                    values[among] += np.searchsorted(place.rare, _evenly_spread(len(rows), first)[among], side="right")
            if column.missing:
                values[chosen == column.group - 1 if column.group else slice(None)] = np.nan
            rows[:, place.at] = values
        return rows

    def dequantised(self) -> "Form":
        raise WganError("dequantise is for arrays of whole numbers, but this is a table of columns; set it to none")

    def check(self) -> None:
        super().check()
        if self.shape != (len(self.columns),) or len(self.delimiter) != 1 or self.dtype != "float64":
            raise ValueError(f"the form of the data has {len(self.columns)} columns, which do not fit its other fields")
        for column in self.columns:
            column.check()
            if column.kind == "plain" and (column.missing or not isinstance(self.offset, tuple)):
                raise ValueError(f"the column {column.name!r} has no mean to standardise it by")
        if not any(column.varies for column in self.columns) or self.encoded_shape[0] > MOST_VALUES:
            raise ValueError("the form of the data has no column that varies, or too many units")
        if len({str(column.name) for column in self.columns}) < len(self.columns):
            raise ValueError("the form of the data has two columns of one name")


def _evenly_spread(count: int, first: int = 0) -> np.ndarray:
    """Numbers in [0, 1) of which any first part is spread evenly (Weyl's sequence of the golden ratio)."""
    return (np.arange(first + 1, first + count + 1) * ((5**0.5 - 1) / 2)) % 1.0
