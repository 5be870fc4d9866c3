"""One cell as a person writes it in a command: read in the way in which the column's own cells are written."""

import csv
import io
import re
from typing import Any

import numpy as np

from wgan.data import dates
from wgan.data.columns import Column
from wgan.data.series import series_of, texts_of
from wgan.data.texts import Hints, NumberText, read_texts
from wgan.errors import WganError

_ISO = re.compile(r"\d{4}(-\d\d(-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?)?)?)?(Z|[+-]\d\d:?\d\d)?")


def split_pairs(text: str, signs: tuple[str, ...]) -> list[str]:
    """The parts of a text such as "age>60,sex=f". A part without one of the signs belongs to the value before it.

    Examples:
        >>> split_pairs("balance>$4,000,name=Smith, John,x=1", ("=", ">"))
        ['balance>$4,000', 'name=Smith, John', 'x=1']
        >>> split_pairs('"a,b=1", c=2', ("=",))
        ['a,b=1', 'c=2']
    """
    unspaced = re.sub(r'(^|,)\s+"', r'\1"', text)
    parts = [part for row in csv.reader(io.StringIO(unspaced, newline="")) for part in row]
    found: list[str] = []
    for part in parts:
        if found and not any(sign in part for sign in signs):
            found[-1] += f",{part}"
        else:
            found.append(part)
    return [part.strip() for part in found]


def number_of(column: Column, text: str) -> float:
    """The number in a text that may have the currency, the unit and the marks of the column; NaN for anything else.

    A file with a decimal comma has 1500 in 1.500, and 1.5 in 1.5.
    """
    import pyarrow as pa

    written = _number_text(column)
    grouped = written.point == "," and re.fullmatch(r"-?[1-9]\d{0,2}(\.\d{3})+", text.strip())
    if not grouped:
        try:
            return float(text)
        except ValueError:
            pass
    try:
        reading = read_texts(pa.array([text], pa.string()), "number", Hints(point=written.point))
    except WganError:
        return np.nan
    found = NumberText(*reading.written) if reading.written else NumberText()
    units, own = ({one.strip() for one in (each.before, each.after)} | {""} for each in (found, written))
    other_point = found.point != written.point and found.point in text
    return np.nan if other_point or units - own else float(reading.values.iloc[0])


def moment_of(column: Column, text: str) -> Any:
    """A pandas Series of the one date, time or duration in a text. Raises ValueError for a text that is none."""
    import pandas as pd
    import pyarrow as pa

    text = text.strip()
    if column.time == "timedelta":
        if re.fullmatch(r"[+-]?[\d.]+", text):
            raise ValueError("a number without a unit")
        return pd.Series([pd.to_timedelta(text)])
    own = column.written[0] if column.written else ""
    clock = column.time == "time"
    forms = [own] if own and dates.misfit([text], own) is None else []
    if not forms and not clock and _ISO.fullmatch(text):
        return pd.Series([pd.to_datetime(text)])
    forms = forms or [form.text for form in dates.forms_of([text]) if dates.is_clock(form.text) == clock]
    if len(forms) > 1:
        raise ValueError("the day or the month could be first")
    if not forms:
        raise ValueError("it has another form")
    return read_texts(pa.array([text], pa.string()), f"date:{forms[0]}").values


def example(column: Column, at: int = 0) -> str:
    """The text of a number or time of the column, the lowest or at another knot, as the column writes it."""
    if not column.unit and not _number_text(column).before + _number_text(column).after:
        return f"{column.knots[at]:g}"
    return str(texts_of(column, series_of(column, np.array([column.knots[at]])))[0])


def _number_text(column: Column) -> NumberText:
    """How a column writes its numbers; plainly unless its texts had marks of their own."""
    return NumberText(*column.written) if len(column.written) == len(NumberText._fields) else NumberText()
