"""The form of an array whose columns or channels have spikes, bounds or a grid: these are encoded as a table's columns.

A column of an array is plain, and is standardised, unless one of these is evident in it:

- a grid: all of its numbers have at most `MOST_DECIMALS` decimals, as whole numbers have;
- a spike: at least `SPIKE` of the rows, and at least three of them, share one number, as in a table;
- an end that many share: it has over `TIES` times as many rows as a number has on average;
- a bound at 0: no number is negative, or none positive, where a normal sample of this mean, standard deviation and size
  would have one;
- a sharp end: the first k numbers span less, in multiples of what the next k span, than in a normal sample.

For the last two the chance of a normal sample is at most `LEVEL` over the number of columns.
"""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from scipy.special import log_ndtr, ndtri

from wgan.data.columns import MOST_DECIMALS, SPIKE, Column, TableForm, number_column
from wgan.data.rows import SHOWN_DEVIATIONS, Form
from wgan.data.table import FEW
from wgan.errors import WganError

TIES = 5
LEVEL = 1e-3
NOMINAL = 0.1  # of the level, for a sharp end: its limit takes the inner numbers as fixed, and they vary too
SPAN = 50  # k is so many numbers, or a quarter of the rows


@dataclass(frozen=True)
class ArrayForm(Form):
    """The form of an array [n, *space, columns] of which `numbers` holds one Column for each column or channel.

    `offset` and `scale` are the mean and standard deviation of each column, which plain columns are encoded by.
    """

    numbers: tuple[Column, ...] = ()

    affine: ClassVar[bool] = False

    @cached_property
    def _table(self) -> TableForm:
        means, scales = (tuple(np.broadcast_to(x, self.shape[-1:]).tolist()) for x in (self.offset, self.scale))
        return TableForm("table", self.shape[-1:], "float64", means, scales, None, None, self.numbers)

    @cached_property
    def _levels(self) -> dict[int, np.ndarray]:
        """The numbers that each column with few of them holds, ascending, in the dtype at rest."""
        return {
            at: np.array(column.levels).astype(self.dtype)
            for at, column in enumerate(self.numbers)
            if column.kind in ("levels", "constant")
        }

    @property
    def encoded_shape(self) -> tuple[int, ...]:
        return *self.space, *self._table.encoded_shape

    @property
    def bounded(self) -> bool:
        return False

    @property
    def drawn(self) -> tuple[np.ndarray, np.ndarray]:
        low, high = super().drawn
        low, high = low.copy(), high.copy()
        for at, column in enumerate(self.numbers):
            if column.kind == "number":
                low[at], high[at] = np.interp([-SHOWN_DEVIATIONS, SHOWN_DEVIATIONS], column.scores, column.knots)
            elif column.kind != "plain":
                low[at], high[at] = column.levels[0], column.levels[-1]
        return low, high

    @property
    def groups(self) -> tuple[int, ...]:
        return self._table.groups

    def _encoded(self, rows: np.ndarray) -> np.ndarray:
        """Encode rows at rest [n, *space, columns] as a table's columns are, float32 [n, *encoded_shape].

        Raises WganError for a number that a column with few numbers lacked in training.
        """
        rows = rows.reshape(-1, self.shape[-1])
        values = np.array(rows, np.float64)
        if np.isnan(values).any():
            raise WganError("got NaN in an array that had none in the training data; fill or drop those rows")
        for at, levels in self._levels.items():
            codes = np.minimum(np.searchsorted(levels, rows[:, at]), len(levels) - 1)
            if (unknown := levels[codes] != rows[:, at]).any():
                known, what = ", ".join(f"{level:g}" for level in levels), "channel" if self.space else "column"
                got = rows[unknown.argmax(), at]
                raise WganError(f"{what} {at} has {got:g}, but only {known} in the training data; drop those rows")
            values[:, at] = codes
        return self._table.encode(values).reshape(-1, *self.encoded_shape)

    def decode(self, encoded, first: int = 0) -> np.ndarray:
        """Invert `encode`: numbers of `dtype` [n, *shape].

        Those of columns that are not plain are within the range and on the grid of the training data.
        """
        encoded = np.asarray(encoded)
        if encoded.shape[1:] != self.encoded_shape:
            raise WganError(f"got rows of shape {encoded.shape}, not {['n', *self.encoded_shape]}; reshape them")
        rows = self._table.decode(encoded.reshape(-1, *self.encoded_shape[-1:]), first)
        for at, levels in self._levels.items():
            rows[:, at] = levels[rows[:, at].astype(np.int64)]
        return self.rounded(rows).reshape(-1, *self.shape)

    def dequantised(self) -> Form:
        return Form(**{field.name: getattr(self, field.name) for field in fields(Form)}).dequantised()

    def check(self) -> None:
        super().check()
        self._table.check()
        kinds = ("number", "plain", "levels", "constant") if self.space else ("number", "plain", "levels")
        if any(column.missing or column.unit or column.kind not in kinds for column in self.numbers):
            raise ValueError("the form of an array has a column that does not hold numbers")
        if any(not isinstance(level, int | float) for column in self.numbers for level in column.levels):
            raise ValueError("the form of an array has a level that is not a number")
        if any((np.diff(levels) <= 0).any() for levels in self._levels.values()):
            raise ValueError("the form of an array has levels that do not ascend")


def form_from_json(fields: Any) -> Form:
    """The form of any kind that `to_json` wrote. Raises ValueError for all else."""
    kinds: dict[str, type[Form]] = {"columns": TableForm, "numbers": ArrayForm}
    known = [kind for name, kind in kinds.items() if isinstance(fields, dict) and name in fields]
    return (known or [Form])[0].from_json(fields)


def array_form(array: np.ndarray, standardised: Form) -> tuple[Form, str]:
    """The form of an array [n, columns] of any real dtype, and how it encodes them in words.

    It is `standardised`, without words, if every column is plain.
    """
    count = array.shape[1]
    plain = [is_plain(array[:, at], LEVEL / count) for at in range(count)]
    if all(plain):
        return standardised, ""
    columns = tuple(
        Column(at, "plain", array.dtype.name) if plain[at] else _column(at, array[:, at]) for at in range(count)
    )
    known = {field.name: getattr(standardised, field.name) for field in fields(Form)}
    others = plain.count(False)
    return ArrayForm(**known, numbers=columns), (
        f"; {others:,} of {count:,} columns {'is' if others == 1 else 'are'} encoded as in a table, since a spike, a "
        "bound or a grid is evident"
    )


def _column(at: int, values: np.ndarray) -> Column:
    """The Column of numbers: levels if there are few that repeat, as in a table, else normal scores."""
    plain = Column(at, "levels", values.dtype.name)
    distinct = np.unique(values)
    if len(distinct) <= FEW and 2 * len(distinct) <= len(values):
        levels = tuple(distinct.astype(np.float64).tolist())
        return replace(plain, levels=levels, kept=len(levels))
    decimals = decimals_of(values)
    exact = values.astype(np.float64)
    exact = exact if decimals is None else np.round(exact, decimals)  # the float32 of 0.1 is 0.100000001 otherwise
    return number_column(plain, exact, np.zeros(len(exact), bool))[0]


def decimals_of(values: np.ndarray) -> int | None:
    """The number of decimals that all numbers have, compared in their own dtype; None if there are too many."""
    if values.dtype.kind != "f":
        return 0
    exact, own = values.astype(np.float64), np.promote_types(values.dtype, np.float32)  # all float16 have 3 digits
    some = exact[:: max(1, len(exact) // 1000)]  # most columns are told by a few rows
    for decimals in range(MOST_DECIMALS + 1):
        if all((np.round(part, decimals).astype(own) == part.astype(own)).all() for part in (some, exact)):
            return decimals
    return None


def is_plain(values: np.ndarray, level: float) -> bool:
    """Whether no grid, spike or bound is evident in a column that varies."""
    if decimals_of(values) is not None:
        return False
    ordered = np.sort(values.astype(np.float64))
    n, first = len(ordered), np.flatnonzero(np.diff(ordered, prepend=-np.inf) > 0)
    counts = np.diff(first, append=n)
    if counts.max() >= max(3, SPIKE * n) or max(counts[0], counts[-1]) > TIES * n / len(counts):
        return False
    return not any(_is_bounded(end, level) for end in (ordered, -ordered[::-1]))


def _is_bounded(ordered: np.ndarray, level: float) -> bool:
    """Whether ascending numbers have a lower bound that a normal sample would hardly show."""
    n, k = len(ordered), min(SPAN, len(ordered) // 4)
    if ordered[0] >= 0 and n * log_ndtr(ordered.mean() / ordered.std()) < np.log(level):
        return True
    if k == 0:
        return False
    lowest = ndtri(-np.expm1(np.log(NOMINAL * level) / n))  # above it lies a normal sample with this chance
    inner, outer = ndtri(k / n), ndtri(2 * k / n)
    return (ordered[k] - ordered[0]) * (outer - inner) < (inner - lowest) * (ordered[2 * k] - ordered[k])
