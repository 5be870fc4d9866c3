"""Samples of a table that meet a wish on columns which they were not given: those that do not meet it are rejected."""

import csv
import io
import operator
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from wgan.data import Form
from wgan.data.columns import Column, TableForm
from wgan.data.said import at_rest
from wgan.errors import WganError, unknown_name
from wgan.training.drawing import Drawn

TRIED = 1_000_000  # samples that are made at most
COMPARISONS: dict[str, Callable] = {  # the longer signs first, since they begin with the shorter ones
    "<=": operator.le, ">=": operator.ge, "!=": operator.ne, "==": operator.eq, "<": operator.lt, ">": operator.gt,
    "=": operator.eq,
}  # fmt: skip
EQUAL = ("=", "==", "!=")


class Wish(NamedTuple):
    """A comparison of one column with a value at rest."""

    name: str
    at: int
    sign: str
    value: float

    def met(self, rows: np.ndarray) -> np.ndarray:
        """Whether each row at rest [n, columns] meets it; a gap only equals a gap."""
        values = rows[:, self.at]
        gaps = np.isnan(values)
        if np.isnan(self.value):
            return ~gaps if self.sign == "!=" else gaps
        return np.where(gaps, self.sign == "!=", COMPARISONS[self.sign](values, self.value))


def wishes(form: Form, text: str) -> list[Wish]:
    """The comparisons in a text such as "age>60,sex=f". Raises WganError for what is not one, and for other rows."""
    if not isinstance(form, TableForm):
        raise WganError("--where is for tables whose columns have names, and these samples have none; leave it out.")
    rows = list(csv.reader(io.StringIO(text, newline=""), skipinitialspace=True))
    parts = [part for row in rows for part in row]
    names = [str(column.name) for column in form.columns]
    found = [_wish(form.columns, names, part) for part in parts]
    if not found:
        raise WganError(f"--where is {text!r}; write comparisons such as {names[0]}=VALUE.")
    return found


def _wish(columns: tuple[Column, ...], names: list[str], part: str) -> Wish:
    signs = "|".join(COMPARISONS)
    of_column = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))  # a name may hold signs too
    found = re.fullmatch(rf"({of_column}|.*?)\s*({signs})(.*)", part.strip(), re.DOTALL)
    if not found:
        raise WganError(f"--where has {part!r}, which compares nothing; use one of {', '.join(COMPARISONS)}.")
    name, sign, value = found[1], found[2], found[3].strip()
    if name not in names:
        raise unknown_name("column", name, names)
    column = columns[at := names.index(name)]
    if not column.varies:
        raise WganError(f"--where names {name}, which is the same in all samples; leave it out.")
    if sign not in EQUAL and column.kind != "number":
        raise WganError(f"--where compares {name} by {sign}, but it has levels; use = or !=.")
    if value[:1] in ("<", ">", "=") and not (column.levels and value in map(str, column.levels)):
        raise WganError(
            f"--where has {part!r}, where {sign + value[0]} compares nothing; use {', '.join(COMPARISONS)}."
        )
    return Wish(name, at, sign, at_rest(column, value, "--where: the column"))


def kept(samples: Drawn, text: str, count: int) -> tuple[Drawn, str]:
    """The first `count` of `samples` that meet all wishes, and a sentence on the share of those that do.

    Raises WganError if so many are not among `samples`, of which all are then made.
    """
    asked, parts, found, made = wishes(samples.form, text), [], 0, 0
    if both := [wish.name for wish in asked if wish.name in samples.said]:
        raise WganError(f"--where names {both[0]}, whose values --given says already; leave it out of one of them.")
    for rows in samples.rows():
        some = rows[np.all([wish.met(rows) for wish in asked], axis=0)]
        parts.append(some)
        found, made = found + len(some), made + len(rows)
        if found >= count:
            break
    if found < count:
        less = f"ask for {found:,} or fewer" if found else "ask for less extreme values"
        raise WganError(
            f"{found:,} of {made:,} samples meet {text!r}, but {count:,} are asked for; {less}, or train a run with "
            "these columns as --given."
        )
    whole = np.concatenate(parts)[:count]

    def rows_of() -> Iterator[np.ndarray]:
        return iter([whole])

    share = f"{found:,} of {made:,} samples ({found / made:.2g} of all)"
    words = f"{share} meet {text}; the first {count:,} are kept and the others rejected."
    return samples._replace(total=count, rows=rows_of, labels=None, conditions=None), words
