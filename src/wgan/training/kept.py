"""Samples of a table that meet a wish on columns which they were not given: those that do not meet it are rejected."""

import operator
import re
import shlex
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from scipy.special import chdtri

from wgan.data import Form
from wgan.data.cells import example, split_pairs
from wgan.data.columns import Column, TableForm
from wgan.data.said import at_rest
from wgan.errors import WganError, unknown_name
from wgan.training.drawing import Drawn

TRIED = 1_000_000  # samples that are made at most
SURE = 0.001  # the chance to stop too early, at each look
COMPARISONS: dict[str, Callable] = {  # the longer signs first, since they begin with the shorter ones
    "<=": operator.le, ">=": operator.ge, "!=": operator.ne, "==": operator.eq, "<": operator.lt, ">": operator.gt,
    "=": operator.eq,
}  # fmt: skip
_AND = re.compile(r"\s(and|or|&+|\|+)\s.*[<>=]", re.IGNORECASE | re.DOTALL)  # the rest of a sentence of SQL or pandas
EQUAL = ("=", "==", "!=")


class Wish(NamedTuple):
    """A comparison of one column with a value at rest; its text, and that of the value."""

    text: str
    said: str
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
    parts = split_pairs(text, tuple(COMPARISONS))
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
    known = column.levels and value in map(str, column.levels)
    if not known and _AND.search(value):
        raise WganError(f"--where has {part!r}; write several comparisons with commas between, as in age>60,sex=f.")
    if not known and len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return Wish(part, value, name, at, sign, at_rest(column, value, "--where: the column"))


def refuse_impossible(form: TableForm, asked: list[Wish]) -> None:
    """Raise WganError for wishes on a column that none of the values which samples can have meets."""
    for at in dict.fromkeys(wish.at for wish in asked):
        column, of_column = form.columns[at], [wish for wish in asked if wish.at == at]
        values = _values(column, [wish.value for wish in of_column])[:, np.newaxis]
        if np.all([wish._replace(at=0).met(values) for wish in of_column], axis=0).any():
            continue
        if column.kind == "number":
            can = f"of {column.name} lie from {example(column)} to {example(column, -1)}, as in the training data"
            can += ", and are whole numbers" if column.decimals == 0 and not column.unit else ""
        else:
            can = f"of {column.name} have exactly one of its levels"
        raise WganError(
            f"--where has {', '.join(wish.text for wish in of_column)}, which no sample can meet: samples {can}; ask "
            "for other values."
        )


def _values(column: Column, wished: list[float]) -> np.ndarray:
    """Values that samples of a column can have [n]: for any wish that one of all values meets, one of these does."""
    gap = [np.nan] if column.missing else []
    if column.kind == "levels":
        return np.array([*range(len(column.levels)), *gap])
    known = np.array([value for value in wished if np.isfinite(value)])
    points = np.unique(np.concatenate([column.knots, known]))
    points = np.concatenate([points, (points[1:] + points[:-1]) / 2])
    points = points if column.decimals is None else np.round(points, column.decimals)
    return np.array([*points[(points >= column.knots[0]) & (points <= column.knots[-1])], *gap])


def _most_likely(found: int, made: int) -> float:
    """The largest share of samples that is met if so few of those made meet it only once in a thousand times."""
    return float(chdtri(2 * found + 2, SURE)) / 2 / made


def kept(samples: Drawn, text: str, count: int) -> tuple[Drawn, str]:
    """The first `count` of `samples` that meet all wishes, and a sentence on the share of those that do.

    Raises WganError before a sample is made if none can meet the wishes, and as soon as it is nearly sure that not
    enough of all samples meet them.
    """
    asked, parts, found, made = wishes(samples.form, text), [], 0, 0
    if both := [wish.name for wish in asked if wish.name in samples.said]:
        raise WganError(f"--where names {both[0]}, whose values --given says already; leave it out of one of them.")
    assert isinstance(samples.form, TableForm)
    refuse_impossible(samples.form, asked)
    told = [f"{one.name}={one.said}" for one in asked if one.sign in ("=", "==") and one.name in samples.given]
    hint = f"--given {shlex.quote(told[0])} makes only such samples" if told else ""
    for rows in samples.rows():
        some = rows[np.all([wish.met(rows) for wish in asked], axis=0)]
        parts.append(some)
        found, made = found + len(some), made + len(rows)
        most = _most_likely(found, made)
        if found >= count or most * samples.total < count:
            break
    if found < count:
        of_all = f", so at most {100 * most:.1g} % of all do" if made < samples.total else ""
        less = f"ask for {found:,} or fewer" if found else "ask for less extreme values"
        raise WganError(
            f"{found:,} of {made:,} samples meet {text!r}{of_all}, but {count:,} are asked for; {less}, or "
            f"{hint or 'train a run with these columns as --given'}."
        )
    whole = np.concatenate(parts)[:count]

    def rows_of() -> Iterator[np.ndarray]:
        return iter([whole])

    met = f"{found:,} of {made:,} samples ({found / made:.2g} of all)"
    words = f"{met} meet {text}; the first {count:,} are kept and the others rejected"
    words += f". {hint}." if hint else "."
    return samples._replace(total=count, rows=rows_of, labels=None, conditions=None), words
