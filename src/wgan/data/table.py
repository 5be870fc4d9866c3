"""Tables of numbers, categories, dates, times, truth values and gaps, to and from DataFrames.

At rest a table is float64 [n, columns]: times are counts of their unit, levels are codes and gaps are NaN. Identifiers
are not stored: they are 0 at rest.
"""

import hashlib
import json
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from wgan.data.columns import Column, TableForm, constant_column, number_column
from wgan.data.kinds import kind_and_format, kinds_of
from wgan.data.names import as_text, names_in
from wgan.data.readings import dates_in, kind_of_texts
from wgan.data.rows import Dataset
from wgan.data.series import (
    UNITS,
    Plain,
    as_column,
    beyond,
    counts_and_unit,
    is_number,
    json_value,
    plain_series,
    series_of,
    time_kind,
)
from wgan.data.texts import Reading
from wgan.errors import WganError, install, of_column, setting, shorter

FEW = 12  # a column of at most so many distinct numbers is encoded as levels
REFUSED = "train refuses it as an identifier"
NAMING = 9  # digits from which different whole numbers may be names, not counts
MOST_COLUMNS = 2000
MOST_LEVELS = 500  # units for the levels of a column; of more levels, the rarer ones share a unit
# A text column looks like an identifier if its rows have more different texts than this share of them (and more than
# FEW), or if all differ. Beyond a half, fewer than two rows share a text on average: a sampled text points to a person.
IDENTIFIER = 0.5
TOO_FEW = 3  # rows whose texts may well differ by chance


def from_frame(
    frame: Any,
    *,
    name: str = "table",
    drop: str | None = None,
    column: Any = None,
    readings: Mapping[str, Reading] | None = None,
    types: Mapping[str, str] | None = None,
    delimiter: str = ",",
    refuse: bool = True,
) -> Dataset:
    """Turn a pandas DataFrame into a Dataset, without its index and the columns in `drop` ("NAME,NAME").

    The dtype of a column says whether it holds numbers, truth values, text, categories or times, unless `column` says
    otherwise (`kinds.said_kinds`); any column may have gaps. `readings` are what the columns of a CSV were read from,
    and `types` the Arrow types of a Parquet file. Raises WganError for what cannot be trained on: no rows, two columns
    of one name, and infinities. With `refuse` it also refuses text that looks like an identifier, and a table in which
    no column varies.
    """
    frame = without_dropped(frame, drop, name)
    names = list(frame.columns)
    if len(frame) == 0 or not names:
        raise WganError(f"{name} has {len(frame)} rows of {len(names)} columns; give at least one of each")
    refuse_repeated_names([str(one) for one in names], name)
    kinds = kinds_of(column, names, name)
    rereadings = dates_in(frame, kinds, name) if readings is None else {}
    columns, numbers, notes, identifiers = [], [], [], dict[str, str]()
    readable: dict[str, str] = {}  # what columns that look like identifiers may be instead
    for one in names:
        said, reading = kinds.get(str(one), ""), (readings or {}).get(one)
        plain = plain_series(
            frame[one],
            one,
            f"column {shorter(repr(one), 100)} of {name}",
            said,
            reading,
            (types or {}).get(str(one), ""),
            rereadings.get(one),
        )
        found, values = _column_and_values(plain, said)
        if plain.note:
            notes.append((str(one), of_column(plain.note, str(one))))
        elif not said and _may_name(found, values):
            why = f"every row has another number of {NAMING} digits or more; if they name persons or things"
            notes.append((str(one), f"{why}, {setting('column', {str(one): 'identifier'})} stores none of them"))
        if found.kind == "levels" and said != "text" and (why := _identifies(plain, found.levels)):
            identifiers[str(one)] = why
            kind = "" if found.categories else kind_of_texts(found.levels)
            readable |= {str(one): kind} if kind else {}
            found, values = _identifier(found, plain.gaps)
        columns.append(found)
        numbers.append(values)
    if identifiers and refuse:
        raise _identifier_error(identifiers, name, dict(notes), readable)
    if refuse and not any(one.varies for one in columns):
        other = ", or an identifier" if any(one.kind == "identifier" for one in columns) else ""
        raise WganError(f"{name} has one value in each of its columns{other}; give rows that differ")
    rows = np.ascontiguousarray(np.stack(numbers, axis=1))
    form = TableForm("table", (len(columns),), "float64", 0.0, 1.0, None, None, tuple(columns), delimiter)
    notes += [(one, f"{REFUSED}: {why}; {_instead(one)}") for one, why in identifiers.items()]
    return Dataset(
        name, rows, form, source=f"a table of {len(rows):,} rows", sha256=_checksum(form, rows), notes=tuple(notes)
    )


def _checksum(form: TableForm, rows: np.ndarray) -> str:
    """The SHA-256 of the rows and of what their codes stand for; how they are written changes no row."""
    described = form.to_json()
    del described["delimiter"]
    described["columns"] = [
        {k: v for k, v in one.items() if k not in ("written", "arrow")} for one in described["columns"]
    ]
    return hashlib.sha256(json.dumps(described).encode() + hashlib.sha256(rows.data).digest()).hexdigest()


def refuse_repeated_names(names: list[str], table: str) -> None:
    """Raise WganError for two columns of one name."""
    if len(set(names)) < len(names):
        name = next(name for name in names if names.count(name) > 1)
        raise WganError(f"{table} has two columns called {name!r}; rename one of them")


def without_dropped(frame: Any, drop: str | None, name: str) -> Any:
    """The frame without the columns in `drop`."""
    kept = set(kept_names([str(column) for column in frame.columns], drop, name))
    return frame.loc[:, [str(column) in kept for column in frame.columns]]


def kept_names(names: list[str], drop: str | None, table: str) -> list[str]:
    """The names that are not in `drop` ("NAME,NAME"). Raises WganError for a name that is none of them.

    It also raises WganError for too many names: the time and the config of a run grow with them.
    """
    for column in [] if drop is None else names_in(drop, "drop"):
        if column not in [other.strip() for other in names]:
            known = ", ".join(names)
            raise WganError(f"drop names {column!r}, but {table} has the columns {known}; name one of these")
        names = [other for other in names if other.strip() != column]
    if len(names) > MOST_COLUMNS:
        raise WganError(
            f"{table} has {len(names):,} columns, but a table may have {MOST_COLUMNS:,}; drop some, or give numbers "
            "of one kind as a .npy array"
        )
    return names


def _identifies(plain: Plain, levels: tuple) -> str:
    """Why the levels of a column, texts or codes, look like identifiers; "" if they do not."""
    distinct, count = len(levels), len(plain.kept)
    if plain.numeric or any(isinstance(level, bool | float) for level in levels[:FEW]):
        return ""
    if not (distinct == count > TOO_FEW or (distinct > FEW and distinct > IDENTIFIER * count)):
        return ""
    return f"{distinct:,} different texts in {count:,} rows, such as {plain.kept.iloc[0]!r}"


def _may_name(column: Column, values: np.ndarray) -> bool:
    """Whether a column of numbers may name persons or things, as numbers of cards and accounts do."""
    if column.kind != "number" or column.decimals != 0 or column.unit:
        return False
    known = values[~np.isnan(values)]
    return len(known) > FEW and np.abs(known).min() >= 10 ** (NAMING - 1) and len(np.unique(known)) == len(known)


def _identifier(column: Column, gaps: np.ndarray) -> tuple[Column, np.ndarray]:
    """A column of kind "identifier", of which nothing is kept, and its values at rest."""
    kept = replace(column, kind="identifier", levels=(), kept=0, counts=(), categories=(), missing=False, written=())
    return replace(kept, dtype="str" if kept.dtype == "category" else kept.dtype), np.zeros(len(gaps))


def _identifier_error(found: dict[str, str], table: str, notes: dict[str, str], readable: dict[str, str]) -> WganError:
    """The error for columns that look like identifiers; the texts of those in `readable` are dates or numbers."""
    names = list(found)
    which = "column" if len(names) == 1 else "columns"
    reasons = {name: "; ".join(filter(None, (found[name], notes.get(name)))) for name in names}
    whys = [f"{shorter(repr(name), 100)} ({shorter(reasons[name], 400)})" for name in names]
    all_names = ",".join(map(as_text, names))
    otherwise = "".join(f"read {kind}s with {setting('column', {name: kind})}, " for name, kind in readable.items())
    return WganError(
        f"{which} {', '.join(whys)} of {table} look{'s' if len(names) == 1 else ''} like an identifier, which may name "
        f"persons and from which nothing can be learnt; {otherwise}leave it out with {setting('drop', all_names)}, "
        f"have samples numbered with {setting('column', {names[0]: 'identifier'})}, or insist with "
        f"{setting('column', {names[0]: 'text'})}"
    )


def _instead(name: str) -> str:
    """What to say of a column that looks like an identifier."""
    kinds = (setting("column", {name: kind}) for kind in ("identifier", "text"))
    return f"leave it out with {setting('drop', as_text(name))}, number samples with {' or learn it with '.join(kinds)}"


def _column_and_values(plain: Plain, said: str) -> tuple[Column, np.ndarray]:
    """The Column that describes a series, and its values at rest."""
    column, kept, gaps, where = plain.column, plain.kept, plain.gaps, plain.where
    kind, _ = kind_and_format(said)
    if kind == "identifier":
        return _identifier(column, gaps)
    if column.unit:
        return number_column(column, kept, gaps)
    if plain.numeric and kind != "text":
        _check_numbers(kept, where, f"rescale it, or drop it with {setting('drop', as_text(column.name))}")
        values = kept.to_numpy(np.float64)
        if len(np.unique(values)) > FEW or kind in ("number", "integer"):
            return number_column(column, values, gaps)
    try:
        codes, levels = _factorised(kept)
    except TypeError:
        raise WganError(f"{where} holds values of type {type(kept.iloc[0]).__name__}; make them text") from None
    levels = [json_value(value, where) for value in levels]
    if len(levels) + column.missing <= 1:
        return constant_column(column, tuple(levels), gaps)
    counts = np.bincount(codes, minlength=len(levels))
    many = len(levels) > MOST_LEVELS
    order = np.argsort(-counts, kind="stable") if many else np.array(_level_order(levels, column.categories))
    numbers = np.full(len(gaps), np.nan)
    numbers[~gaps] = np.argsort(order)[codes]
    column = replace(
        column,
        levels=tuple(levels[i] for i in order),
        kept=MOST_LEVELS - 1 if many else len(levels),
        counts=tuple(counts[order].tolist()) if many else (),
    )
    return column, numbers


def _factorised(kept: Any) -> tuple[np.ndarray, Any]:
    import pandas as pd

    return pd.factorize(kept.astype(object), sort=False)


def _level_order(levels: list, categories: tuple) -> list[int]:
    """The order in which levels get their codes: as the categories, else sorted, else as they first appear."""
    if categories:
        return sorted(range(len(levels)), key=lambda i: categories.index(levels[i]))
    try:
        return sorted(range(len(levels)), key=lambda i: levels[i])
    except TypeError:
        return list(range(len(levels)))


def to_frame(form: TableForm, rows: np.ndarray, first: int = 0) -> Any:
    """Rows at rest [n, columns] as a DataFrame with the names and dtypes of the training data.

    `first` is the number of rows before these. Raises WganError for a dtype that no such values can have.
    """
    require_pandas("a DataFrame")
    import pandas as pd

    series = {}
    for at, column in enumerate(form.columns):
        with fitting(column):
            series[column.name] = series_of(column, rows[:, at], first)
    return pd.DataFrame(series, index=pd.RangeIndex(len(rows)))


@contextmanager
def fitting(column: Column | None = None) -> Iterator[None]:
    """Turn what pandas and pyarrow raise for a form of another program into one sentence."""
    import pyarrow as pa

    # pandas has no common base: a dtype, a unit, a zone and a form that it does not know are each another exception
    known = (
        TypeError,
        ValueError,
        LookupError,
        ArithmeticError,
        AttributeError,
        NotImplementedError,
        pa.ArrowException,
    )
    try:
        yield
    except known as fault:
        which = "the table" if column is None else f"column {column.name!r}"
        raise WganError(
            f"{which} cannot be written as its form says ({' '.join(str(fault).split())[:200]}); the file of the "
            "model is damaged, so restore it"
        ) from fault


def require_pandas(what: str) -> None:
    """Raise WganError if pandas or pyarrow is not installed."""
    try:
        import pandas  # noqa: F401
        import pyarrow  # noqa: F401
    except ImportError:
        raise WganError(f"{what} needs more packages; {install('table')}") from None


def to_rows(form: TableForm, frame: Any, name: str = "the table") -> np.ndarray:
    """Rows at rest [n, columns] of another DataFrame that has these columns, in any order.

    Raises WganError for a missing column, for a level that the training data lack, and for gaps in a column that had
    none.
    """
    rows = np.empty((len(frame), len(form.columns)))
    known = {str(column): column for column in frame.columns}
    for at, column in enumerate(form.columns):
        if str(column.name) not in known:
            raise WganError(f"{name} lacks the column {column.name!r}; give all columns of the training data")
        if column.kind == "identifier":
            rows[:, at] = 0
            continue
        where = f"column {column.name!r} of {name}"
        series = as_column(column, frame[known[str(column.name)]], where)
        gaps = series.isna().to_numpy()
        if gaps.any() and not column.missing:
            raise WganError(f"{where} has gaps, but it has none in the training data; fill them")
        kept = series[~gaps]
        rows[gaps, at] = np.nan
        rows[~gaps, at] = _values_at_rest(column, kept, series.dtype, where) if len(kept) else np.empty(0)
    return rows


def _values_at_rest(column: Column, kept: Any, dtype: Any, where: str) -> np.ndarray:
    """The values of a column of another table, none of them a gap, as numbers at rest of this one."""
    if column.levels:
        if column.unit:
            raise WganError(f"{where} has only one value in the training data; drop it")
        codes = {level: code for code, level in enumerate(column.levels)}
        unknown = [value for value in kept.tolist() if not isinstance(value, Hashable) or value not in codes]
        if unknown:
            raise WganError(f"{where} has {unknown[0]!r}, which the training data lack; drop those rows")
        return np.array([codes[value] for value in kept.tolist()], np.float64)
    if column.unit:
        found = {"date": "datetime"}.get(time_kind(kept), time_kind(kept))
        if found != {"date": "datetime"}.get(column.time, column.time):
            raise WganError(f"{where} is {dtype}, but {column.dtype} in the training data; convert it")
        count, unit, _ = counts_and_unit(kept)
        return count * (UNITS[unit] / UNITS[column.unit])
    if not is_number(kept):
        raise WganError(f"{where} is {dtype}, but {column.dtype} in the training data; convert it")
    _check_numbers(kept, where, "rescale it")
    return kept.to_numpy(np.float64)


def _check_numbers(kept: Any, where: str, remedy: str) -> None:
    """Refuse infinite numbers, and whole numbers that float64 would change."""
    import pandas as pd

    if not np.isfinite(kept.to_numpy(np.float64)).all():
        raise WganError(f"{where} holds infinite values; drop those rows or make them missing")
    if pd.api.types.is_integer_dtype(kept) and beyond(kept):
        raise WganError(f"{where} holds integers beyond 2**53; {remedy}")
