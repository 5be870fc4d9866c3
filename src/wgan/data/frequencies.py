"""How often samples of a table show each level, each gap and each spike, and each pair of these, beside real rows.

A level is a value of a column of levels, a gap is a missing value, and a spike is a number that at least 3 % of the
rows have, such as an exact zero.
"""

from collections.abc import Iterable
from itertools import combinations
from typing import NamedTuple

import numpy as np

from wgan.data.columns import Column, TableForm
from wgan.data.series import series_of, texts_of
from wgan.errors import shorter
from wgan.maths.frequencies import unlike

MOST_KINDS, MOST_PAIRS = 50, 100_000  # kinds in a column whose pairs are counted, and pairs in all
LONGEST = 40  # letters of a name


Place = tuple[int, int]  # a column and the place of a value in `values_of`
Kinds = dict[tuple[Place, ...], tuple[int, int]]  # the numbers of real rows and of samples that are of a kind


class Named(NamedTuple):
    """A kind of row that is far too rare or too frequent among samples, and how many rows and samples are of it."""

    name: str
    real: int
    fake: int
    p_value: float
    places: tuple[Place, ...]


class Compared(NamedTuple):
    """The kinds that differ, the surest first, among `kinds` of them, `tested` of which can differ at all.

    `rows` and `samples` are compared. A kind of fewer than `least` rows may be lacking by chance.
    """

    named: tuple[Named, ...]
    kinds: int
    tested: int
    rows: int
    samples: int
    least: int


class Counted(NamedTuple):
    """How many of `rows` rows are of each kind, by its place in the table."""

    counts: dict[Place, int]
    rows: int


def values_of(column: Column) -> np.ndarray:
    """The values at rest of a column that are kinds: levels, or spikes; and NaN last if it has gaps."""
    if not column.varies:
        return np.empty(0)
    values = np.arange(len(column.levels), dtype=float)
    if column.kind == "number":
        spikes = zip(column.knots, column.lows, column.highs, strict=True)
        values = np.array([knot for knot, low, high in spikes if low < high])
    return np.append(values, [np.nan] * column.missing)


def codes_of(column: Column, rows: np.ndarray) -> np.ndarray:
    """The place in `values_of` of each value at rest [n]; -1 for a number that is no spike."""
    values = values_of(column)
    known, gaps = values[~np.isnan(values)], np.isnan(rows)
    found = np.full(len(rows), -1)
    if len(known):
        places = np.minimum(np.searchsorted(known, np.where(gaps, known[0], rows)), len(known) - 1)
        found = np.where(known[places] == rows, places, -1)
    return np.where(gaps & column.missing, len(known), found)


def counted(form: TableForm, rows: np.ndarray) -> Counted:
    """Count the kinds of rows at rest [n, columns]."""
    counts: dict[Place, int] = {}
    for at, column in enumerate(form.columns):
        codes = codes_of(column, rows[:, at])
        found = np.bincount(codes[codes >= 0], minlength=len(values_of(column)))
        counts |= {(at, code): int(count) for code, count in enumerate(found)}
    return Counted(counts, len(rows))


def compare(form: TableForm, real: Counted, fake: Counted) -> Compared | None:
    """Levels, gaps and spikes that samples show far too seldom or too often; None without any, or without rows."""
    kinds: Kinds = {(place,): (count, fake.counts[place]) for place, count in real.counts.items()}
    return _compared(form, kinds, real.rows, fake.rows)


def compare_pairs(form: TableForm, real: np.ndarray, fake: np.ndarray, single: Iterable[Named]) -> Compared | None:
    """Pairs of kinds in two columns that rows at rest `fake` show far too seldom or too often; None without any.

    A pair is left out if a kind of it is among those in `single`. Columns of more than `MOST_KINDS` kinds are left out,
    and so are the last columns where there are more than `MOST_PAIRS` pairs.
    """
    known = {place for one in single for place in one.places}
    sizes = {at: len(values_of(column)) for at, column in enumerate(form.columns)}
    few = [at for at, size in sizes.items() if 0 < size <= MOST_KINDS]
    coded = {at: [codes_of(form.columns[at], rows[:, at]) for rows in (real, fake)] for at in few}
    kinds: Kinds = {}
    for first, second in combinations(few, 2):
        width = sizes[second]
        cells = sizes[first] * width
        if len(kinds) + cells > MOST_PAIRS:
            break
        of_real, of_fake = (
            np.bincount((a * width + b)[(a >= 0) & (b >= 0)], minlength=cells)
            for a, b in zip(coded[first], coded[second], strict=True)
        )
        for cell in range(cells):
            pair = (first, cell // width), (second, cell % width)
            if not known.intersection(pair):
                kinds[pair] = int(of_real[cell]), int(of_fake[cell])
    return _compared(form, kinds, len(real), len(fake))


def _compared(form: TableForm, kinds: Kinds, rows: int, samples: int) -> Compared | None:
    """Compare kinds, each by its places in the table, of which there are so many among rows and among samples."""
    if not kinds or not rows or not samples:
        return None
    names, counts = list(kinds), np.array(list(kinds.values()))
    found = unlike(counts[:, 0], counts[:, 1], rows, samples)
    named = tuple(
        Named(_name(form, names[i]), int(counts[i, 0]), int(counts[i, 1]), p_value, names[i])
        for i, p_value in zip(found.kinds, found.p_values, strict=True)
    )
    return Compared(named, len(kinds), found.tested, rows, samples, found.least)


def _name(form: TableForm, places: tuple[Place, ...]) -> str:
    """A kind in words, such as "job = 'diver'", "a gap in income" or "pay = 0 with sex = 'f'"."""
    return " with ".join(_value_name(form.columns[at], code) for at, code in places)


def _value_name(column: Column, code: int) -> str:
    value = values_of(column)[code]
    name = shorter(str(column.name), LONGEST)
    if np.isnan(value):
        return f"a gap in {name}"
    (text,) = texts_of(column, series_of(column, np.array([value])))
    text = shorter(str(text), LONGEST)
    plain = column.kind == "number" or not isinstance(column.levels[code], str)
    return f"{name} = {text if plain else repr(text)}"


def phrase(one: Named, found: Compared) -> str:
    """What samples do with a kind, to follow "the samples", such as "lack job = 'diver'"."""
    if not one.fake:
        return f"lack {one.name}"
    often = one.fake * found.rows > one.real * found.samples
    return f"show {one.name} too {'often' if often else 'seldom'}"


def numbers(one: Named, found: Compared) -> str:
    """How many samples and how many rows are of a kind, in words."""
    return f"{one.fake:,} of {found.samples:,} samples and {one.real:,} of {found.rows:,} rows"
