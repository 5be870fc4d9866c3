"""The columns of a table and its form: how each column is encoded as units of the network and decoded again."""

import re
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import ClassVar, NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

from wgan.data.dates import is_clock, zone_of
from wgan.data.rows import Form, tuples
from wgan.errors import WganError

KNOTS = 300  # of the map from a column of numbers to normal scores
SPIKE = 0.03  # a number in at least this share of the rows gets the same share of the scores
MOST_DECIMALS = 6  # samples are rounded to the decimals of the data, up to so many


@dataclass(frozen=True)
class Column:
    """One column of a table: how its values become numbers at rest, and these become units of the network.

    In kind "number", `knots[i]` has the normal score `scores[i]`, and scores between knots are interpolated linearly.
    A spike is a knot with `lows[i]` < `highs[i]`: every score between these two decodes to it. In kind "levels", the
    code i at rest stands for `levels[i]`. The first `kept` levels have a unit each; the others share one unit, which
    decodes to them in proportion to their `counts`. In kind "constant", every row decodes to the only level, or to a
    gap if there is none. In kind "identifier" nothing is kept: samples are numbered. All fields are plain JSON values.
    """

    name: str | int
    kind: str
    dtype: str  # as pandas names it
    missing: bool = False
    unit: str = ""  # of times: D, s, ms or us
    decimals: int | None = None
    knots: tuple[float, ...] = ()
    scores: tuple[float, ...] = ()
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()
    levels: tuple = ()
    kept: int = 0
    counts: tuple[int, ...] = ()
    categories: tuple = ()  # of pandas' dtype "category": all of them, with those that no row has
    ordered: bool = False
    written: tuple = ()  # how its texts are written, as `texts.Reading` has it; empty if pandas writes them so
    arrow: str = ""  # its type in Parquet

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
    def group(self) -> int:
        """The number of units in the column's softmax; 0 without one."""
        if self.kind == "number":
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
        return (sum(column.kind == "number" for column in self.columns) + sum(self.groups),)

    @property
    def groups(self) -> tuple[int, ...]:
        return tuple(column.group for column in self.columns if column.group)

    @cached_property
    def _places(self) -> list[_Place]:
        numbers = [column.kind == "number" for column in self.columns]
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
            if column.kind == "number":
                encoded[:, place.unit] = np.where(gaps, 0, np.interp(values, place.knots, place.scores))
            if column.group:
                last = column.group - 1
                filled = np.where(gaps, 0, values).astype(np.int64)
                codes = np.zeros(len(rows), np.int64) if column.kind == "number" else np.minimum(filled, column.kept)
                encoded[every, place.group.start + np.where(gaps, last, codes)] = 1
        return encoded

    def decode(self, encoded) -> np.ndarray:
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
            if column.kind == "number":
                values = np.interp(encoded[:, place.unit], *place.back)
                values = values if column.decimals is None else np.round(values, column.decimals)
            else:
                values = chosen.astype(np.float64)
                if column.kept < len(column.levels) and column.kind == "levels":
                    among = chosen == column.kept
                    values[among] += np.searchsorted(place.rare, _evenly_spread(len(rows))[among], side="right")
            if column.missing:
                values[chosen == column.group - 1 if column.group else slice(None)] = np.nan
            rows[:, place.at] = values
        return rows

    def dequantised(self) -> "Form":
        raise WganError("dequantise is for arrays of whole numbers, but this is a table of columns; set it to none")

    @classmethod
    def from_json(cls, fields: dict) -> "TableForm":
        columns = [Column(**tuples(column)) for column in fields["columns"]]
        form = super().from_json(fields | {"columns": columns})
        form.encode(form.decode(np.zeros((1, *form.encoded_shape))))  # raises if the fields do not fit together
        assert isinstance(form, cls)
        return form


def _evenly_spread(count: int) -> np.ndarray:
    """Numbers in [0, 1) of which any first part is spread evenly (Weyl's sequence of the golden ratio)."""
    return (np.arange(1, count + 1) * ((5**0.5 - 1) / 2)) % 1.0


def form_from_json(fields: dict) -> Form:
    """The Form or TableForm that `to_json` wrote. Raises TypeError or ValueError for other fields."""
    return (TableForm if "columns" in fields else Form).from_json(fields)
