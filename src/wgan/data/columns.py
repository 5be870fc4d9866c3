"""The columns of a table, and its form: how each column becomes units of the network and comes back."""

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from wgan.data.rows import Form, tuples
from wgan.errors import WganError


@dataclass(frozen=True)
class Column:
    """One column: how its values become numbers at rest, and those units of the network; plain JSON values only.

    Of kind "number" the i-th knot has the normal score `scores[i]`, between knots by a line; a spike, whose `lows`
    and `highs` differ, is given back for every score between those two. Of kind "levels" code i at rest is
    `levels[i]`; the first `kept` have a unit each, the others share one, in proportion to their `counts`. Of kind
    "constant" the only level is always given back, or a gap where there is none.
    """

    name: str | int
    kind: str
    dtype: str  # pandas' name of it
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
    categories: tuple = ()  # of pandas' dtype "category": all, those that no row has too
    ordered: bool = False

    @property
    def time(self) -> str:
        """What a column with a `unit` holds: "time" of the day, "timedelta" or "datetime"."""
        return "time" if self.dtype == "time" else "timedelta" if self.dtype.startswith("timedelta") else "datetime"

    @property
    def group(self) -> int:
        """How many units of a softmax the column takes."""
        if self.kind == "number":
            return 2 * self.missing
        return 0 if self.kind == "constant" else self.kept + (self.kept < len(self.levels)) + self.missing


class _Place(NamedTuple):
    """Where a column stands at rest (`at`) and encoded: the unit of its number, the units of its softmax."""

    column: Column
    at: int
    unit: int
    group: slice
    knots: np.ndarray
    scores: np.ndarray
    back: tuple[np.ndarray, np.ndarray]  # from scores to numbers
    rare: np.ndarray  # cumulated shares of the levels that share a unit


@dataclass(frozen=True)
class TableForm(Form):
    """The form of a table at rest; encoded, a unit for each number comes first, then a softmax for each group."""

    columns: tuple[Column, ...] = ()

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
        """Rows at rest [n, columns] as float32 [n, *encoded_shape]: normal scores of numbers, one-hot levels."""
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
        """The inverse of encode: rows at rest [n, columns], numbers rounded and within their range.

        Each softmax gives its largest unit. Raises WganError for another shape, or for NaN.
        """
        encoded = np.asarray(encoded, np.float64)
        if encoded.shape[1:] != self.encoded_shape:
            raise WganError(f"got rows of shape {encoded.shape}, not [n, {self.encoded_shape[0]}]; reshape them")
        if np.isnan(encoded).any():
            raise WganError("got NaN to decode to a table: the run diverged; use an earlier step")
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
                    values[among] += np.searchsorted(place.rare, _spread(len(rows))[among], side="right")
            if column.missing:
                values[chosen == column.group - 1 if column.group else slice(None)] = np.nan
            rows[:, place.at] = values
        return rows

    def dequantised(self) -> "Form":
        raise WganError("dequantise is for arrays of whole numbers, but this is a table of columns; use none")

    @classmethod
    def from_json(cls, fields: dict) -> "TableForm":
        columns = [Column(**tuples(column)) for column in fields["columns"]]
        form = super().from_json(fields | {"columns": columns})
        form.encode(form.decode(np.zeros((1, *form.encoded_shape))))  # whatever does not fit together
        assert isinstance(form, cls)
        return form


def _spread(count: int) -> np.ndarray:
    """Numbers in [0, 1) that fill it evenly from the first on (Weyl's sequence of the golden ratio)."""
    return (np.arange(1, count + 1) * ((5**0.5 - 1) / 2)) % 1.0


def form_from_json(fields: dict) -> Form:
    """The form of a table or of an array that `to_json` wrote; TypeError or ValueError for other fields."""
    return (TableForm if "columns" in fields else Form).from_json(fields)
