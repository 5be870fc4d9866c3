"""Tables of numbers, categories, dates, times, truth values and gaps, to and from .csv, .parquet and pandas.

At rest a table is float64 [n, columns]: times are counts of their unit, levels are codes and gaps are NaN.
"""

import hashlib
import json
import shlex
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from wgan.data.columns import Column, TableForm, constant_column, number_column
from wgan.data.names import as_text, names_in
from wgan.data.rows import Dataset
from wgan.errors import WganError
from wgan.maths.exact import LARGEST_EXACT

FEW = 12  # a column of at most so many distinct numbers is encoded as levels
MOST_LEVELS = 500  # units for the levels of a column; of more levels, the rarer ones share a unit


def from_frame(frame: Any, *, name: str = "table", drop: str | None = None) -> Dataset:
    """Turn a pandas DataFrame into a Dataset, without its index and the columns in `drop` ("NAME,NAME").

    The dtype of a column says whether it holds numbers, truth values, text, categories or times; any column may have
    gaps. Raises WganError for what cannot be trained on: no rows, two columns of one name, infinities, text that looks
    like an identifier.
    """
    frame = _without_dropped(frame, drop, name)
    names = list(frame.columns)
    if len(frame) == 0 or not names:
        raise WganError(f"{name} has {len(frame)} rows of {len(names)} columns; give at least one of each")
    _refuse_repeated_names([str(column) for column in names], name)
    found = [_column_and_values(frame[column], column, name) for column in names]
    columns, numbers = tuple(column for column, _ in found), [values for _, values in found]
    if all(column.kind == "constant" for column in columns):
        raise WganError(f"{name} has one value in each of its columns; give rows that differ")
    rows = np.ascontiguousarray(np.stack(numbers, axis=1))
    form = TableForm("table", (len(columns),), "float64", 0.0, 1.0, None, None, columns)
    content = json.dumps(form.to_json()).encode()  # the codes in the rows do not say what they stand for
    sha256 = hashlib.sha256(content + hashlib.sha256(rows.data).digest()).hexdigest()
    return Dataset(name, rows, form, source=f"a table of {len(rows):,} rows", sha256=sha256)


def _refuse_repeated_names(names: list[str], table: str) -> None:
    for number, name in enumerate(names):
        if name in names[:number]:
            raise WganError(f"{table} has two columns called {name!r}; rename one of them")


def _without_dropped(frame: Any, drop: str | None, name: str) -> Any:
    for column in [] if drop is None else names_in(drop, "drop"):
        if column not in (given := [str(other).strip() for other in frame.columns]):
            known = ", ".join(map(str, frame.columns))
            raise WganError(f"drop names {column!r}, but {name} has the columns {known}; name one of these")
        frame = frame.loc[:, [other != column for other in given]]
    return frame


def _column_and_values(series: Any, name: Any, table: str) -> tuple[Column, np.ndarray]:
    """The Column that describes a series, and its values at rest."""
    import pandas as pd

    where = f"column {name!r} of {table}"
    if not isinstance(name, str):
        name = int(name) if isinstance(name, int | np.integer) else str(name)
    gaps = series.isna().to_numpy()
    kept = series[~gaps]
    plain = Column(name, "levels", str(series.dtype), missing=bool(gaps.any()))
    kinds = pd.api.types
    if isinstance(series.dtype, pd.CategoricalDtype):
        categories = tuple(_json_value(value, where) for value in series.cat.categories)
        plain = replace(plain, dtype="category", categories=categories, ordered=bool(series.cat.ordered))
        kept = kept.astype(object)
    elif kinds.is_datetime64_any_dtype(series) or kinds.is_timedelta64_dtype(series) or _is_time_of_day(kept):
        counts, unit = _counts_and_unit(kept)
        if len(counts) and np.abs(counts).max() >= LARGEST_EXACT:
            raise WganError(f"{where} holds microseconds beyond 2**53, which float64 cannot hold; round its times")
        dtype = plain.dtype if plain.dtype != "object" else "time"
        return number_column(replace(plain, unit=unit, dtype=dtype), counts, gaps)
    elif kinds.is_numeric_dtype(series) and not kinds.is_bool_dtype(series):
        if kinds.is_complex_dtype(series):
            raise WganError(f"{where} holds complex numbers; give their parts as two columns")
        values = kept.to_numpy(np.float64)
        if not np.isfinite(values).all():
            raise WganError(f"{where} holds infinite values; drop those rows or make them missing")
        _refuse_inexact_integers(kept, where, f"rescale it, or drop it with --drop {shlex.quote(as_text(name))}")
        if len(np.unique(values)) > FEW:
            return number_column(plain, values, gaps)
    try:
        codes, levels = pd.factorize(kept.astype(object), sort=False)
    except TypeError:
        raise WganError(f"{where} holds values of type {type(kept.iloc[0]).__name__}; make them text") from None
    levels = [_json_value(value, where) for value in levels]
    if len(levels) + plain.missing <= 1:
        return constant_column(plain, tuple(levels), gaps)
    text = all(isinstance(level, str) for level in levels)
    if text and len(levels) == len(kept) > 1 and not plain.categories:
        raise WganError(
            f"{where} has a different text in each of its {len(kept):,} rows, so it looks like an identifier, from "
            f"which nothing can be learnt; leave it out with --drop {shlex.quote(as_text(name))}, or in Python with "
            f"drop={as_text(name)!r}"
        )
    counts = np.bincount(codes, minlength=len(levels))
    many = len(levels) > MOST_LEVELS
    order = np.argsort(-counts, kind="stable") if many else np.array(_level_order(levels, plain.categories))
    numbers = np.full(len(series), np.nan)
    numbers[~gaps] = np.argsort(order)[codes]
    column = replace(
        plain,
        levels=tuple(levels[i] for i in order),
        kept=MOST_LEVELS - 1 if many else len(levels),
        counts=tuple(counts[order].tolist()) if many else (),
    )
    return column, numbers


def _level_order(levels: list, categories: tuple) -> list[int]:
    """The order in which levels get their codes: as the categories, else sorted, else as they first appear."""
    if categories:
        return sorted(range(len(levels)), key=lambda i: categories.index(levels[i]))
    try:
        return sorted(range(len(levels)), key=lambda i: levels[i])
    except TypeError:
        return list(range(len(levels)))


def _json_value(value: Any, where: str) -> Any:
    """A level as a value that JSON can hold."""
    value = value.item() if isinstance(value, np.generic) else value
    if not isinstance(value, str | int | float | bool):
        raise WganError(f"{where} holds values of type {type(value).__name__}; make them text or numbers")
    return value


def _is_time_of_day(kept: Any) -> bool:
    from datetime import time

    return kept.dtype == object and len(kept) > 0 and all(isinstance(value, time) for value in kept)


UNITS = {"D": 86_400_000_000, "s": 1_000_000, "ms": 1000, "us": 1}  # in microseconds


def _counts_and_unit(kept: Any) -> tuple[np.ndarray, str]:
    """Times as counts of the largest unit that divides all of them, and that unit.

    Dates count from 1970 and times of the day from midnight, in UTC.
    """
    import pandas as pd

    if kept.dtype == object:
        parts = [((t.hour * 60 + t.minute) * 60 + t.second) * 1_000_000 + t.microsecond for t in kept]
        count = np.array(parts, np.int64)
    elif pd.api.types.is_timedelta64_dtype(kept):
        count = kept.astype("timedelta64[us]").astype(np.int64).to_numpy()
    else:
        plain = kept if kept.dt.tz is None else kept.dt.tz_convert("UTC").dt.tz_localize(None)
        count = plain.astype("datetime64[us]").astype(np.int64).to_numpy()
    unit = next(unit for unit, size in UNITS.items() if not (count % size).any())
    return count / UNITS[unit], unit


def to_frame(form: TableForm, rows: np.ndarray) -> Any:
    """Rows at rest [n, columns] as a DataFrame with the names and dtypes of the training data."""
    pd = _pandas("a DataFrame")
    return pd.DataFrame(
        {column.name: _series(pd, column, rows[:, at]) for at, column in enumerate(form.columns)},
        index=pd.RangeIndex(len(rows)),
    )


def _series(pd: Any, column: Column, numbers: np.ndarray) -> Any:
    """One column of rows at rest as a Series of the column's dtype."""
    gaps = np.isnan(numbers)
    filled = np.where(gaps, 0 if column.levels else np.nan, numbers)
    if column.levels:
        levels = np.empty(len(column.levels), object)
        levels[:] = column.levels
        values = levels[filled.astype(np.int64)]
    else:
        values = filled.astype(object)
    if column.unit:
        return _times(pd, column, np.where(gaps, 0, values).astype(np.float64), gaps)
    values[gaps] = None
    if column.dtype == "category":
        kind = pd.CategoricalDtype(list(column.categories), column.ordered)
        return pd.Series(pd.Categorical(values, dtype=kind))
    dtype = pd.api.types.pandas_dtype(column.dtype)
    if column.decimals == 0 and pd.api.types.is_integer_dtype(dtype):
        values[~gaps] = values[~gaps].astype(np.int64)
    return pd.Series(values, dtype=dtype)


def _times(pd: Any, column: Column, counts: np.ndarray, gaps: np.ndarray) -> Any:
    """Counts of the column's unit as a Series of datetimes, durations or times of the day."""
    counts = np.rint(counts).astype(np.int64) * UNITS[column.unit]
    if column.time == "time":
        from datetime import datetime, timedelta

        day = datetime(1970, 1, 1)
        found = [
            None if gap else (day + timedelta(microseconds=int(c))).time() for c, gap in zip(counts, gaps, strict=True)
        ]
        return pd.Series(found, dtype=object)
    kind = f"{column.time}64[us]"
    times = counts.astype(kind)
    times[gaps] = "NaT"
    series = pd.Series(times)
    dtype = pd.api.types.pandas_dtype(column.dtype)
    zone = getattr(dtype, "tz", None)
    return (series if zone is None else series.dt.tz_localize("UTC").dt.tz_convert(zone)).astype(dtype)


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
        where = f"column {column.name!r} of {name}"
        series = frame[known[str(column.name)]]
        gaps = series.isna().to_numpy()
        if gaps.any() and not column.missing:
            raise WganError(f"{where} has gaps, but it has none in the training data; fill them")
        kept = series[~gaps]
        if len(kept) == 0:
            values = np.empty(0)
        elif column.levels:
            if column.unit:
                raise WganError(f"{where} has only one value in the training data; drop it")
            codes = {level: code for code, level in enumerate(column.levels)}
            unknown = [value for value in kept.tolist() if not isinstance(value, Hashable) or value not in codes]
            if unknown:
                raise WganError(f"{where} has {unknown[0]!r}, which the training data lack; drop those rows")
            values = np.array([codes[value] for value in kept.tolist()], np.float64)
        elif column.unit:
            if _time_kind(kept) != column.time:
                raise WganError(f"{where} is {series.dtype}, but {column.dtype} in the training data; convert it")
            count, unit = _counts_and_unit(kept)
            values = count * (UNITS[unit] / UNITS[column.unit])
        else:
            values = _checked_numbers(kept, where, column.dtype)
        rows[gaps, at], rows[~gaps, at] = np.nan, values
    return rows


def _checked_numbers(kept: Any, where: str, dtype: str) -> np.ndarray:
    """The values of a column that holds numbers in the training data."""
    import pandas as pd

    kinds = pd.api.types
    if not (kinds.is_numeric_dtype(kept) and not kinds.is_complex_dtype(kept)):
        raise WganError(f"{where} is {kept.dtype}, but {dtype} in the training data; convert it")
    _refuse_inexact_integers(kept, where, "rescale it")
    values = kept.to_numpy(np.float64)
    if not np.isfinite(values).all():
        raise WganError(f"{where} holds infinite values; drop those rows")
    return values


def _refuse_inexact_integers(kept: Any, where: str, remedy: str) -> None:
    """Refuse whole numbers that float64 would change; they are compared in their own dtype, before a cast."""
    import pandas as pd

    if pd.api.types.is_integer_dtype(kept) and len(kept) and max(-int(kept.min()), int(kept.max())) > LARGEST_EXACT:
        raise WganError(f"{where} holds integers beyond 2**53; {remedy}")


def _time_kind(kept: Any) -> str:
    """What times a column holds: "datetime", "timedelta" or "time" (of the day); "" for none."""
    import pandas as pd

    kinds = pd.api.types
    if kinds.is_datetime64_any_dtype(kept):
        return "datetime"
    return "timedelta" if kinds.is_timedelta64_dtype(kept) else "time" if _is_time_of_day(kept) else ""


# Files.


def read(path: Any, drop: str | None = None) -> Dataset:
    """Read the table in a .csv or .parquet file.

    The delimiter of a CSV is a comma, or a semicolon or tab if the header has no comma. Dates and times are read in
    ISO 8601; in any other form they are text. Raises WganError for a file that does not hold a table.
    """
    frame = _parquet(path) if path.suffix == ".parquet" else _csv(path)
    dataset = from_frame(frame, name=path.name, drop=drop)
    return replace(dataset, name=path.stem, source=str(path))


def _pandas(what: str) -> Any:
    try:
        import pandas
        import pyarrow  # noqa: F401
    except ImportError:
        raise WganError(f"{what} needs more packages: pip install 'wgan[table]'") from None
    return pandas


def _parquet(path: Any) -> Any:
    _pandas(str(path))
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return parquet.ParquetFile(path).read().to_pandas().reset_index(drop=True)
    except (pa.ArrowException, OSError, ValueError) as problem:
        raise WganError(f"cannot read {str(path)!r} ({_on_one_line(problem)}); give a whole Parquet file") from None


def _csv(path: Any) -> Any:
    pd = _pandas(str(path))
    import pyarrow as pa
    from pyarrow import csv

    try:
        with path.open("rb") as file:
            head = file.read(2**16)
    except OSError as problem:
        raise WganError(f"cannot read {str(path)!r} ({problem.strerror}); check its permissions") from None
    if not head.strip():
        raise WganError(f"{str(path)!r} is empty; give a header and rows")
    first = head.split(b"\n", 1)[0]
    delimiter = next((mark for mark in (",", ";", "\t") if mark.encode() in first), ",")
    options = {
        "parse_options": csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        "convert_options": csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False),
    }
    try:
        if b"\0" in head:
            raise UnicodeError
        table = csv.read_csv(path, **options)
        if any(pa.types.is_binary(kind) for kind in table.schema.types):
            raise UnicodeError
    except UnicodeError:
        raise WganError(f"{str(path)!r} is not text in UTF-8; save it as UTF-8 (iconv -f LATIN1 -t UTF-8)") from None
    except (pa.ArrowException, OSError) as problem:
        why = _first_ragged_row(csv, path, options) or _on_one_line(problem)
        raise WganError(f"cannot read {str(path)!r} ({why}); mend the file") from None
    names = table.column_names
    _refuse_repeated_names(names, path.name)
    whole = {pa.int64(): pd.Int64Dtype()}
    kinds = [
        whole.get(kind) if column.null_count else None
        for kind, column in zip(table.schema.types, table.columns, strict=True)
    ]
    frame = table.to_pandas(date_as_object=False)
    for name, column, kind in zip(names, table.columns, kinds, strict=True):
        if kind is not None:
            frame[name] = column.to_pandas(types_mapper=whole.get)
    return frame


def _first_ragged_row(csv: Any, path: Any, options: Any) -> str:
    """A sentence on the first row whose number of fields differs from the header's; "" without one."""
    found: list[str] = []

    def look(row: Any) -> str:
        if not found:
            counts = f"{row.actual_columns} fields, but the header has {row.expected_columns}"
            found.append(f"line {row.number} has {counts}")
        return "skip"

    parse = csv.ParseOptions(
        delimiter=options["parse_options"].delimiter, newlines_in_values=True, invalid_row_handler=look
    )
    with suppress(ValueError, OSError):
        csv.read_csv(path, read_options=csv.ReadOptions(use_threads=False), parse_options=parse)
    return next(iter(found), "")


def _on_one_line(problem: Exception) -> str:
    return " ".join(str(problem).split())[:200].rstrip(".")


def write(form: TableForm, rows: np.ndarray, path: Any) -> None:
    """Write rows at rest to a .csv or .parquet file with the columns of the training data."""
    frame = to_frame(form, rows)
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.columns = [str(column) for column in frame.columns]
        frame.to_parquet(path, index=False)


def describe(form: TableForm, rows: np.ndarray) -> str:
    """A line for each column: what it holds, its range or its commonest levels, and its share of gaps."""
    lines = []
    for at, column in enumerate(form.columns):
        values = rows[:, at]
        gaps = np.isnan(values)
        kept = values[~gaps]
        if column.kind == "number":
            ends = to_frame(replace(form, columns=(column,)), np.array([[kept.min()], [kept.max()]])).iloc[:, 0]
            what = "times" if column.unit else "whole numbers" if column.decimals == 0 else "numbers"
            text = f"{what}, {ends[0]} to {ends[1]}"
        elif column.kind == "constant":
            text = f"always {column.levels[0]!r}, which is given back" if column.levels else "all missing"
        else:
            counts = np.bincount(kept.astype(np.int64), minlength=len(column.levels))
            commonest = np.argsort(-counts, kind="stable")[:3]
            text = f"{len(counts)} levels: " + ", ".join(f"{column.levels[i]} {counts[i]:,}" for i in commonest)
            text += ", ..." if len(counts) > 3 else ""
        lines.append(f"  {column.name}: {text}" + (f"; {gaps.mean():.2%} missing" if gaps.any() and kept.size else ""))
    return "\n".join(lines)
