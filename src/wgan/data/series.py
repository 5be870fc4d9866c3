"""One column of a DataFrame as plain values, whatever its dtype, and back to that dtype."""

import re
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from wgan.data import dates
from wgan.data.columns import Column
from wgan.data.kinds import kind_and_format
from wgan.data.parquet import arrow_type
from wgan.data.texts import NumberText, Reading, read_texts
from wgan.errors import WganError, setting, with_article
from wgan.maths.exact import LARGEST_EXACT

_ROW = re.compile(r"|#|.*id|.*index|unnamed.*|row.*|nr\.?|no\.?|key", re.IGNORECASE)  # names of a number of the row
UNITS = {"D": 86_400_000_000, "s": 1_000_000, "ms": 1000, "us": 1}  # in microseconds


class Plain(NamedTuple):
    """A column without its gaps: a Series of values, or float64 counts of the unit of `column` if they are times."""

    column: Column
    kept: Any
    gaps: np.ndarray
    numeric: bool  # numbers, not codes
    where: str
    note: str


def plain_series(
    series: Any,
    name: Any,
    where: str,
    said: str = "",
    reading: Reading | None = None,
    arrow: str = "",
    reread: Reading | None = None,
) -> Plain:
    """The plain values of a column; `said` is its kind, "" to go by the dtype, and `arrow` its type in Parquet.

    `reading` is what the series was read from, and `reread` holds other values for it, such as the dates of its texts.
    Raises WganError for values that the kind does not fit, and for those that cannot be trained on.
    """
    import pandas as pd

    kind, note = kind_and_format(said)[0], reading.note if reading else ""
    name = name if isinstance(name, int | float | str) else int(name) if isinstance(name, np.integer) else str(name)
    dtype = str(series.dtype)
    if isinstance(series.dtype, pd.ArrowDtype):
        arrow = str(series.dtype.pyarrow_dtype)
        series, dtype = _from_arrow(series), f"{arrow}[pyarrow]"
    reread = reread or (_reread(series, said, where) if reading is None else None)
    if reread:
        reading, note, series = reread, reread.note, reread.values
    gaps = series.isna().to_numpy()
    kept = series[~gaps]
    column = Column(
        name, "levels", dtype, missing=bool(gaps.any()), arrow=arrow, written=reading.written if reading else ()
    )
    kinds = pd.api.types
    if isinstance(series.dtype, pd.CategoricalDtype):
        categories = tuple(json_value(value, where) for value in series.cat.categories)
        column = replace(column, categories=categories, ordered=bool(series.cat.ordered))
        column = replace(column, dtype="category" if dtype == "category" else dtype)
        return Plain(column, _fitting(kept.astype(object), kind, False, where), gaps, False, where, note)
    if time_kind(kept):
        return _times(column, kept, gaps, kind, where, note, relabel=dtype == "object" and not reread)
    if kept.dtype == object and len(kept) and all(isinstance(value, Decimal) for value in kept):
        return _decimals(column, kept, gaps, kind, where)
    if kinds.is_numeric_dtype(kept) and not kinds.is_bool_dtype(kept):
        if kinds.is_complex_dtype(kept):
            raise WganError(f"{where} holds complex numbers; give their parts as two columns")
        if kinds.is_integer_dtype(kept) and kind not in ("number", "integer") and (large := beyond(kept)):
            note = f"codes, not numbers, since {large} is beyond 2**53"
            return Plain(column, kept, gaps, False, where, note)
        _fitting(kept, kind, True, where)
        return Plain(column, kept, gaps, True, where, note or _rows_numbered(kept, kind, str(name)))
    return Plain(column, _fitting(kept, kind, False, where), gaps, False, where, note)


def _from_arrow(series: Any) -> Any:
    """A Series of an Arrow dtype as one of pandas' own; whole numbers and truth values keep their dtype beside gaps."""
    import pandas as pd
    import pyarrow as pa

    array = pa.array(series)
    nullable = {
        pa.type_for_alias(name.lower()): getattr(pd, f"{name}Dtype")()
        for name in ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")
    }
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return array.to_pandas(types_mapper=(nullable | {pa.bool_(): pd.BooleanDtype()}).get)


def _reread(series: Any, said: str, where: str) -> Reading | None:
    """Text of which the user says that it is something else, or whole numbers that are dates such as 20230623."""
    import pandas as pd
    import pyarrow as pa

    kinds, kind = pd.api.types, kind_and_format(said)[0]
    kept = series.dropna()
    if len(kept) == 0 or (kind in ("text", "identifier", "number", "integer") and not is_text(kept)):
        return None
    if is_text(kept):
        if kind not in ("number", "integer", "date"):
            return None
        texts = series.astype(object).where(series.notna(), None)
        reading = read_texts(pa.array(texts, pa.string()), said, name=where)
        return reading._replace(values=reading.values.set_axis(series.index))
    if not kinds.is_numeric_dtype(kept) or kinds.is_bool_dtype(kept) or kinds.is_complex_dtype(kept):
        return None
    if kind != "date" and not 190001 <= float(kept.iloc[0]) <= 21001231235959:  # float16 cannot hold the limit
        return None
    whole = kept.astype(np.float64)
    if not np.isfinite(whole).all() or (whole != whole.round()).any():
        return None
    distinct = pd.unique(kept)
    texts = [str(int(value)) for value in distinct]
    forms = dates.forms_of(texts)
    if not forms and kind != "date":
        return None
    reading = read_texts(pa.array(texts), said or "date", name=where)
    moments = dict(zip(distinct.tolist(), reading.values, strict=True))
    values = pd.to_datetime(series.map(moments, na_action="ignore"))
    instead = setting("column", {"NAME": "integer"})
    note = "" if kind else f"dates, because every value is one, such as {texts[0]}; {instead} reads numbers"
    return reading._replace(values=values, note=note)


def is_text(kept: Any) -> bool:
    """Whether a column without gaps holds texts and nothing else."""
    import pandas as pd

    text = pd.api.types.is_string_dtype(kept) and not isinstance(kept.dtype, pd.CategoricalDtype)
    return bool(text) and all(isinstance(value, str) for value in kept)


def _fitting(kept: Any, kind: str, numeric: bool, where: str) -> Any:
    """The values, if the kind fits them. Raises WganError with the first that it does not fit."""
    what = {"number": "number", "integer": "whole number", "date": "date"}.get(kind)
    if what is None or len(kept) == 0:
        return kept
    bad = kept.iloc[0]
    if numeric and kind != "date":
        odd = kept[kept != kept.round()] if kind == "integer" else kept[:0]
        if len(odd) == 0:
            return kept
        bad = odd.iloc[0]
    raise WganError(f"{where} holds {json_value(bad, where)!r}, which is not {with_article(what)}; give another kind")


def _rows_numbered(kept: Any, kind: str, name: str) -> str:
    """A note if whole numbers look like the numbers of the rows."""
    import pandas as pd

    if kind or len(kept) < 2 or not pd.api.types.is_integer_dtype(kept) or not _ROW.fullmatch(name):
        return ""
    values = kept.to_numpy(np.int64)
    if not (np.diff(values) == 1).all():
        return ""
    instead = setting("column", {"NAME": "identifier"})
    return f"a number of the row, since each is one more than the last; {instead} numbers samples instead"


def _times(column: Column, kept: Any, gaps: np.ndarray, kind: str, where: str, note: str, relabel: bool) -> Plain:
    if kind not in ("", "date"):
        raise WganError(
            f"{where} holds times, such as {kept.iloc[0]}, which do not fit the kind {kind}; give the kind date, or "
            "make them text"
        )
    counts, unit, lost = counts_and_unit(kept)
    if len(counts) and np.abs(counts).max() >= LARGEST_EXACT:
        raise WganError(f"{where} holds microseconds beyond 2**53, which float64 cannot hold; round its times")
    column = replace(column, unit=unit, dtype=time_kind(kept) if relabel else column.dtype)
    if lost:
        note = "; ".join(filter(None, (note, "times to the microsecond, without their nanoseconds")))
    return Plain(column, counts, gaps, False, where, note)


def _decimals(column: Column, kept: Any, gaps: np.ndarray, kind: str, where: str) -> Plain:
    """A column of decimals, which come back with as many places as before."""
    import pyarrow as pa

    if not all(value.is_finite() for value in kept):
        raise WganError(f"{where} holds infinite values; drop those rows or make them missing")
    label = column.dtype if column.dtype.endswith("[pyarrow]") else "decimal"
    column = replace(column, dtype=label, arrow=column.arrow or str(pa.array(kept).type))
    changed = next((value for value in kept if Decimal(repr(float(value))) != value), None)
    if changed is None and kind != "text":
        numbers = kept.astype(np.float64)
        return Plain(column, _fitting(numbers, kind, True, where), gaps, True, where, "")
    if changed is not None and (
        kind in ("number", "integer") or any(value != value.to_integral_value() for value in kept)
    ):
        raise WganError(f"{where} holds {changed}, which has more digits than float64 keeps; round it")
    note = "" if changed is None else f"codes, not numbers, since {changed} is beyond 2**53"
    return Plain(column, kept.map(str), gaps, False, where, note)


def is_number(kept: Any) -> bool:
    """Whether a column holds real numbers."""
    import pandas as pd

    kinds = pd.api.types
    decimals = kept.dtype == object and len(kept) > 0 and all(isinstance(value, Decimal) for value in kept)
    return bool(decimals or (kinds.is_numeric_dtype(kept) and not kinds.is_complex_dtype(kept)))


def as_column(column: Column, series: Any, where: str) -> Any:
    """A Series of another table in the way in which a column was read: texts and numbers in its written form."""
    import pandas as pd
    import pyarrow as pa

    series = _from_arrow(series) if isinstance(series.dtype, pd.ArrowDtype) else series
    kept = series.dropna()
    if len(kept) == 0:
        return series
    if column.dtype == "decimal" and column.levels and isinstance(column.levels[0], str):
        return series.map(str, na_action="ignore")
    as_text = (is_text(kept) and (column.written or column.unit)) or (
        column.written and column.unit and is_number(kept)
    )
    if as_text and column.kind != "levels":
        texts = [None if gap else str(value) for gap, value in zip(series.isna(), series, strict=True)]
        form = f":{column.written[0]}" if column.written else ""
        kind = f"date{form}" if column.unit else "number"
        return read_texts(pa.array(texts, pa.string()), kind, name=where).values
    if column.levels and isinstance(column.levels[0], str) and pd.api.types.is_integer_dtype(kept):
        return series.map(str, na_action="ignore")
    return series


def json_value(value: Any, where: str) -> Any:
    """A level as a value that JSON can hold."""
    value = value.item() if isinstance(value, np.generic) else value
    if not isinstance(value, str | int | float | bool):
        raise WganError(f"{where} holds values of type {type(value).__name__}; make them text or numbers")
    return value


def beyond(kept: Any) -> int:
    """A whole number that float64 would change, compared in its own dtype before a cast; 0 without one."""
    ends = [int(kept.min()), int(kept.max())] if len(kept) else [0]
    return next((end for end in ends if abs(end) > LARGEST_EXACT), 0)


def time_kind(kept: Any) -> str:
    """What times a column holds: "datetime", "timedelta", "time" (of the day) or "date"; "" for none."""
    import pandas as pd

    kinds = pd.api.types
    if kinds.is_datetime64_any_dtype(kept):
        return "datetime"
    if kinds.is_timedelta64_dtype(kept):
        return "timedelta"
    if kept.dtype != object or len(kept) == 0:
        return ""
    if all(isinstance(value, time) for value in kept):
        return "time"
    return "date" if all(isinstance(value, date) and not isinstance(value, datetime) for value in kept) else ""


def counts_and_unit(kept: Any) -> tuple[np.ndarray, str, bool]:
    """Times as counts of the largest unit that divides all of them, that unit, and whether nanoseconds were lost.

    Dates count from 1970 and times of the day from midnight, in UTC.
    """
    lost = False
    if time_kind(kept) == "time":
        parts = [((t.hour * 60 + t.minute) * 60 + t.second) * 1_000_000 + t.microsecond for t in kept]
        count = np.array(parts, np.int64)
    elif kept.dtype == object:
        count = np.array(kept.tolist(), "datetime64[D]").astype("datetime64[us]").astype(np.int64)
    elif time_kind(kept) == "timedelta":
        count = kept.astype("timedelta64[us]").astype(np.int64).to_numpy()
        lost = bool((kept != kept.astype("timedelta64[us]")).any())
    else:
        plain = kept if kept.dt.tz is None else kept.dt.tz_convert("UTC").dt.tz_localize(None)
        count = plain.astype("datetime64[us]").astype(np.int64).to_numpy()
        lost = bool((plain != plain.astype("datetime64[us]")).any())
    unit = next(unit for unit, size in UNITS.items() if not (count % size).any())
    return count / UNITS[unit], unit, lost


def series_of(column: Column, numbers: np.ndarray, first: int = 0) -> Any:
    """One column of rows at rest as a Series of the column's dtype; `first` is the number of rows before these."""
    import pandas as pd

    if column.kind == "identifier":
        numbers = np.arange(first + 1, first + len(numbers) + 1)
        return pd.Series(numbers.astype(str) if _text_dtype(column.dtype) else numbers, dtype=_pandas_dtype(column))
    gaps = np.isnan(numbers)
    filled = np.where(gaps, 0 if column.levels else np.nan, numbers)
    if column.levels:
        levels = np.empty(len(column.levels), object)
        levels[:] = column.levels
        values = levels[filled.astype(np.int64)]
    else:
        values = filled.astype(object)
    if column.unit:
        return _as_dtype(column, _moments(column, np.where(gaps, 0, values).astype(np.float64), gaps))
    if "decimal" in column.dtype:
        places = getattr(arrow_type(column.arrow), "scale", 0)
        values = np.array(
            [None if gap else _decimal(value, places) for value, gap in zip(values, gaps, strict=True)], object
        )
    elif column.written and _text_dtype(column.dtype):
        text = NumberText(*column.written)
        values = np.array([None if gap else text.write(value) for value, gap in zip(values, gaps, strict=True)], object)
    values[gaps] = None
    if column.categories:
        kind = pd.CategoricalDtype(list(column.categories), column.ordered)
        series = pd.Series(pd.Categorical(values, dtype=kind))
        return series.astype(_pandas_dtype(column)) if column.dtype != "category" else series
    dtype = _pandas_dtype(column)
    if column.decimals == 0 and pd.api.types.is_integer_dtype(dtype):
        values[~gaps] = values[~gaps].astype(np.int64)
    return pd.Series(values, dtype=dtype)


def _decimal(value: Any, places: int) -> Decimal:
    return Decimal(value if isinstance(value, str) else f"{value:.{max(places, 0)}f}")


def _text_dtype(dtype: str) -> bool:
    return dtype in ("object", "str") or dtype.startswith(("string", "large_string"))


def _pandas_dtype(column: Column) -> Any:
    """The dtype that pandas gives the column."""
    import pandas as pd

    if column.dtype.endswith("[pyarrow]"):
        return pd.ArrowDtype(arrow_type(column.arrow))
    return pd.api.types.pandas_dtype("object" if column.dtype in ("time", "date", "decimal") else column.dtype)


def _as_dtype(column: Column, series: Any) -> Any:
    """A Series of times in the dtype that the column had, which may be text or whole numbers such as 20230623."""
    import pandas as pd

    dtype, gaps = column.dtype, series.isna()
    kinds = pd.api.types
    if column.written and not dtype.endswith("[pyarrow]") and (_text_dtype(dtype) or kinds.is_numeric_dtype(dtype)):
        values = np.full(len(series), None, object)
        moments = [_datetime(value) for value in series[~gaps]]
        texts = dates.written(moments, column.written[0])
        values[~gaps.to_numpy()] = texts if _text_dtype(dtype) else [int(text) for text in texts]
        return pd.Series(values, dtype=_pandas_dtype(column))
    if dtype in ("time", "date"):
        return series
    return series.astype(_pandas_dtype(column))


def _datetime(value: Any) -> Any:
    return value.to_pydatetime() if hasattr(value, "to_pydatetime") else value


def _moments(column: Column, counts: np.ndarray, gaps: np.ndarray) -> Any:
    """Counts of the column's unit as a Series of datetimes, durations, dates or times of the day."""
    import pandas as pd

    counts = np.rint(counts).astype(np.int64) * UNITS[column.unit]
    finest = dates.finest(column.written[0]) if column.written else "us"
    if column.time != "timedelta" and finest != "us":
        half = {"m": 30_000_000, "s": 500_000, "ms": 500}.get(finest, 0)  # to the nearest, but a day is in its month
        moments = (counts + half).astype("datetime64[us]").astype(f"datetime64[{finest}]").astype("datetime64[us]")
        counts = moments.astype(np.int64)
    if column.time in ("time", "date"):
        moments = counts.astype("datetime64[us]").astype(object)
        parts = [None if gap else getattr(moment, column.time)() for moment, gap in zip(moments, gaps, strict=True)]
        return pd.Series(parts, dtype=object)
    times = counts.astype(f"{column.time}64[us]")
    times[gaps] = "NaT"
    series = pd.Series(times)
    zone = column.zone
    return series if zone is None else series.dt.tz_localize("UTC").dt.tz_convert(zone)


def texts_of(column: Column, series: Any) -> list[str | None]:
    """The texts of a Series of the column's dtype, written as the column writes them; None for a gap."""
    import pandas as pd

    gaps = series.isna().to_numpy()
    kept = series[~gaps]
    kinds = pd.api.types
    if column.written and not _text_dtype(column.dtype) and column.kind != "identifier":
        if column.unit:
            whole = kinds.is_integer_dtype(kept)  # 20230623 in a column of whole numbers
            found = [str(value) for value in kept]
            if not whole:
                found = dates.written([_datetime(value) for value in kept], column.written[0])
        elif len(column.written) == 2:
            found = [column.written[0] if value else column.written[1] for value in kept]
        else:
            found = [NumberText(*column.written).write(value) for value in kept]
    elif kinds.is_numeric_dtype(kept) or time_kind(kept) in ("datetime", "timedelta"):
        found = kept.to_csv(index=False, header=False).splitlines()
    else:
        found = [str(value) for value in kept]
    texts: list[str | None] = [None] * len(series)
    for at, text in zip(np.flatnonzero(~gaps), found, strict=True):
        texts[at] = text
    return texts
