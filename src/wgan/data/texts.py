"""What the texts of a column mean: truth values, numbers, dates, times, or text; and the same texts for samples.

Arrow's own reader takes 00037 for 37. Here nothing becomes a number or a date that would not be written in the same
shape again, and where a guess was made a note says so.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from wgan.data import dates
from wgan.data.kinds import kind_and_format
from wgan.errors import WganError, setting
from wgan.maths.exact import LARGEST_EXACT

MARKERS = (
    "-",
    "--",
    "–",
    "?",
    ".",
    "..",
    "*",
    "n.a.",
    "N.A.",
    "none",
    "None",
    "missing",
    "unknown",
    "NA",
    "N/A",
    "nan",
)
_TRIED = 200  # texts that are looked at before all are
_SIGNS = "+\\-−"
_MONEY = r"[A-Za-z]{0,3}\p{Sc}|USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|ZAR|kr\.?|zł|Kč"
_ANY_UNIT = r"[^\d\s.,'’()+\-−]+(?:\s[^\d\s.,'’()+\-−]+)*"  # such as kg or m/s, where the user says that it is a number
_SPACES = " \u00a0\u202f"
# How thousands and decimals are separated. The first that fits is taken; the second only if nothing else fits.
_MARKS = [(",", "."), (".", ",")] + [(mark, point) for mark in f"'’{_SPACES}" for point in ".,"]


class Hints(NamedTuple):
    """What other columns of a file, or its delimiter, say of a text that could mean two things; "" is nothing."""

    point: str = ""
    order: str = ""
    delimiter: str = ""


NOTHING = Hints()


class Reading(NamedTuple):
    """The values of a column of text, how they are written, what was guessed, and what it says to other columns.

    `written` holds plain values: the form of dates; or the parts of `NumberText`; or the two words for true and false;
    empty if pandas writes the values so. `doubt` names the hint that would decide.
    """

    values: Any  # a pandas Series
    written: tuple = ()
    note: str = ""
    hints: Hints = NOTHING
    doubt: str = ""


class NumberText(NamedTuple):
    """How a column writes its numbers: $ before, % after, what stands between thousands, and the decimals (-1: any)."""

    before: str = ""
    after: str = ""
    thousands: str = ""
    point: str = "."
    places: int = -1
    negative: str = "-"  # -, −, + (both signs), () or "after"; "inner" is a minus between $ and the number

    def write(self, number: float) -> str:
        """The text of a number."""
        size = abs(number)
        text = f"{size:,.{self.places}f}" if self.places >= 0 else _shortest(size)
        whole, _, rest = text.partition(".")
        whole = whole.replace(",", self.thousands)
        digits = whole + (self.point + rest if rest else "")
        if self.negative == "+":
            return f"{'-' if number < 0 else '+'}{self.before}{digits}{self.after}"
        if number >= 0 or float(text.replace(",", "")) == 0:
            return f"{self.before}{digits}{self.after}"
        return {
            "()": f"({self.before}{digits}{self.after})",
            "after": f"{self.before}{digits}-{self.after}",
            "inner": f"{self.before}-{digits}{self.after}",
        }.get(self.negative, f"{self.negative}{self.before}{digits}{self.after}")


def _shortest(size: float) -> str:
    """The shortest decimal text of a number, with commas between thousands."""
    text = f"{size:.0f}" if float(size).is_integer() and size < LARGEST_EXACT else np.format_float_positional(size)
    whole, _, rest = text.partition(".")
    return f"{int(whole):,}" + (f".{rest}" if rest else "")


def read_texts(texts: Any, kind: str = "", hints: Hints = NOTHING, name: str = "a column") -> Reading:
    """The meaning of a column of text, an Arrow array of strings with nulls for gaps.

    `kind` is what the user says of it, "" without. Raises WganError with the first text that the kind does not fit.
    """
    import pyarrow as pa

    kind, form = kind_and_format(kind)
    array = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    array = array.cast(pa.string())
    if kind in ("text", "identifier") or array.null_count == len(array):
        return Reading(_series(array))
    encoded = array.dictionary_encode()
    column = _Texts(encoded.dictionary, encoded.indices)
    if kind in ("number", "integer"):
        return _said_number(column, hints, name, whole=kind == "integer")
    if kind == "date":
        return _said_date(column, hints, name, form)
    return _truth(column) or _digits(column) or _number(column, hints) or _date(column, hints) or _text(column, array)


class _Texts(NamedTuple):
    """The different texts of a column, and the place of each row's text among them; null for a gap."""

    distinct: Any
    places: Any

    def without_markers(self) -> "tuple[_Texts, str]":
        """The column with gaps in place of `MARKERS`, and a note that says so."""
        import pyarrow as pa
        import pyarrow.compute as pc

        marks = pc.is_in(pc.utf8_trim_whitespace(self.distinct), pa.array([*MARKERS, ""]))
        if not pc.any(marks).as_py() or pc.all(marks).as_py():
            return self, ""
        found = ", ".join(map(repr, self.distinct.filter(marks).to_pylist()))
        kept = np.flatnonzero(~np.asarray(marks))
        new = np.full(len(marks), -1)
        new[kept] = np.arange(len(kept))
        places = new[self.places.fill_null(0).to_numpy()]
        gone = (places < 0) | self.places.is_null().to_numpy(zero_copy_only=False)
        count = int(gone.sum()) - self.places.null_count
        rows = f"{count:,} rows" if count > 1 else "1 row"
        array = pa.array(np.where(gone, 0, places), mask=gone)
        return _Texts(self.distinct.take(pa.array(kept)), array), f"{found} in {rows} is read as a gap"

    def spread(self, values: Any) -> Any:
        """Arrow values of the distinct texts, as values of the rows."""
        import pyarrow as pa

        return (values if isinstance(values, pa.Array) else pa.array(values)).take(self.places)


def _series(array: Any, whole: str = "Int64") -> Any:
    """An Arrow array as a pandas Series: whole numbers and truth values keep their dtype beside gaps."""
    import pandas as pd
    import pyarrow as pa

    nullable = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()} if array.null_count else {}
    return array.to_pandas(types_mapper=nullable.get)


def _text(column: _Texts, array: Any) -> Reading:
    """A column of no other kind, with a note if most of it is numbers."""
    import pyarrow.compute as pc

    numbers = np.asarray(pc.match_substring_regex(pc.utf8_trim_whitespace(column.distinct), _PLAIN))
    note = ""
    if len(numbers) > 2 and numbers.mean() >= 0.9:
        other = column.distinct[int(np.flatnonzero(~numbers)[0])].as_py()
        note = f"text, since {other!r} is not a number but {numbers.sum():,} of {len(numbers):,} different values are"
    return Reading(_series(array), note=note)


def _truth(column: _Texts) -> Reading | None:
    import pyarrow as pa

    if len(column.distinct) > 2 + len(MARKERS):
        return None
    column, gaps = column.without_markers()
    found = set(column.distinct.to_pylist())
    for words in (("True", "False"), ("true", "false"), ("TRUE", "FALSE")):
        if found and found <= set(words):
            values = column.spread(pa.array([text == words[0] for text in column.distinct.to_pylist()]))
            return _joined(Reading(_series(values), () if words[0] == "True" else words), "", gaps)
    return None


_WHOLE = r"^-?(0|[1-9]\d*)$"
_PLAIN = r"(?i)^-?((0|[1-9]\d*)(\.\d*)?|\.\d+)(e[+-]?\d+)?$|^[+-]?inf(inity)?$"
_CODE = r"^[+-]?0\d+$"
_TELEPHONE = r"^\+[1-9]\d{6,14}$"  # as E.164 writes them


def _all(distinct: Any, pattern: str) -> bool:
    """Whether all texts match; the first few are tried before the many."""
    import pyarrow.compute as pc

    return all(
        pc.all(pc.match_substring_regex(some, pattern)).as_py()
        for some in ([distinct[:_TRIED], distinct] if len(distinct) > _TRIED else [distinct])
    )


def _digits(column: _Texts) -> Reading | None:
    """Whole numbers, dates such as 20230623, or codes such as 00037; None for anything else."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found, gaps = column.without_markers()
    trimmed = pc.utf8_trim_whitespace(found.distinct)
    if not _all(trimmed, r"^[+-]?\d+$"):
        return None
    texts = trimmed.to_pylist()
    forms = dates.forms_of(texts) if _all(trimmed, r"^\d{6}$|^\d{8}$|^\d{12}$|^\d{14}$") else []
    if forms:
        note = (
            f"dates, because every value is one, such as {texts[0]}; {setting('column', {'NAME': 'integer'})} reads "
            "them as numbers"
        )
        return _joined(_times(found, texts, forms[0].text), note, gaps)
    codes = pc.match_substring_regex(trimmed, _CODE)
    if pc.any(codes).as_py():
        first = column.distinct.to_pylist()
        code = texts[int(np.asarray(codes).argmax())]
        note = f"text, not numbers, since {code!r} begins with 0"
        return Reading(_series(pa.array(first).take(column.places)), note=note)
    if _all(trimmed, _TELEPHONE):
        note = f"text, not numbers, since {texts[0]!r} looks like a telephone number"
        return Reading(_series(pa.array(column.distinct.to_pylist()).take(column.places)), note=note)
    if not _all(trimmed, _WHOLE):
        return None  # with a plus
    longest = max(texts, key=len)
    if abs(int(longest)) > LARGEST_EXACT:
        note = f"text, not numbers, since {longest} has more digits than a number keeps"
        return Reading(_series(pa.array(column.distinct.to_pylist()).take(column.places)), note=note)
    return _joined(Reading(_series(found.spread(pc.cast(trimmed, pa.int64())))), "", gaps)


def _joined(reading: Reading, *notes: str) -> Reading:
    return reading._replace(note="; ".join(note for note in (*notes, reading.note) if note))


class _Parts(NamedTuple):
    """Numbers in texts, taken apart: arrays of the distinct texts."""

    body: list[str]
    minus: np.ndarray
    before: str
    after: str
    negative: str


def _number(column: _Texts, hints: Hints, any_unit: bool = False) -> Reading | None:
    """Numbers with decimals, thousands, a currency or percent; None for anything else."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found, gaps = column.without_markers()
    trimmed = pc.utf8_trim_whitespace(found.distinct)
    if _all(trimmed, _PLAIN) and not (hints.point == "," and _all(trimmed, r"^-?[1-9]\d{0,2}(\.\d{3})+$")):
        written = _places(trimmed)
        grouped = _all(trimmed, r"^-?[1-9]\d{0,2}\.\d{3}$")
        values = _series(found.spread(pc.cast(trimmed, pa.float64())))
        shows = Hints("." if not grouped and pc.any(pc.match_substring(trimmed, ".")).as_py() else "")
        return _joined(Reading(values, written, hints=shows, doubt="point" if grouped else ""), "", gaps)
    parts = _parts(trimmed, any_unit)
    marks = [] if parts is None else [one for one in _MARKS if _fits_marks(parts.body, one)]
    if parts is None or not marks:
        return None
    text = "".join(parts.body)
    doubt = "point" if marks[:2] == _MARKS[:2] and ("," in text or "." in text) else ""
    likely = hints.point or _likely_point(parts.body, hints.delimiter)
    thousands, point = next((one for one in marks if one[1] == likely), marks[0])
    plain = [one.replace(thousands, "").replace(point, ".") for one in parts.body]
    numbers = np.array([float(one) for one in plain])
    numbers[parts.minus] *= -1
    lengths = {len(one.partition(".")[2]) for one in plain}
    places = lengths.pop() if len(lengths) == 1 else -1
    between = thousands if any(thousands in one for one in parts.body) else ""
    written = NumberText(parts.before, parts.after, between, point, places, parts.negative)
    whole = places == 0 and np.abs(numbers).max() <= LARGEST_EXACT
    values = found.spread(numbers.astype(np.int64) if whole else numbers)
    note = ""
    if doubt:
        note = (
            f"{found.distinct[0].as_py()!r} is read with {point!r} before decimals and {thousands!r} between thousands"
        )
    elif point == "," and "," in text:
        note = f"numbers with a decimal comma, such as {found.distinct[0].as_py()!r}"
    shows = Hints(point if point in text and not doubt else "")
    return _joined(Reading(_series(values), tuple(written), hints=shows, doubt=doubt), note, gaps)


def _likely_point(bodies: list[str], delimiter: str) -> str:
    """The mark before decimals, where 1,500 could be 1500 or 1.5, without a hint from other columns."""
    bare = [len(one) for one in bodies if one.isdigit()]
    mark = next((one for body in bodies for one in ",." if one in body), ",")
    if bare:  # 999 beside 1,500 has no thousands; 1500 beside 1,500 says that the comma is of decimals
        return mark if max(bare) > 3 else ",."[mark == ","]
    return "," if delimiter == ";" else "."


def _places(trimmed: Any) -> tuple:
    """How plain decimals are written if each has as many places, such as 1.50; () if pandas writes them so."""
    first = trimmed[0].as_py().lower()
    places = len(first.partition(".")[2]) if "." in first and "e" not in first else 0
    same = places > 0 and _all(trimmed, rf"^-?\d+\.\d{{{places}}}$")
    return tuple(NumberText(places=places)) if same and places <= 15 else ()


def _parts(trimmed: Any, any_unit: bool) -> _Parts | None:
    """The parts of numbers with a sign, a currency or a unit; None if a text has others, or two units are mixed."""
    import pyarrow.compute as pc

    unit = _ANY_UNIT if any_unit else rf"{_MONEY}|%|‰"
    taken = pc.extract_regex(
        trimmed,
        rf"^(?P<open>\()?(?P<sign>[{_SIGNS}])?(?P<before>(?:{unit})\s*)?(?P<inner>[{_SIGNS}])?"
        rf"(?P<body>\d(?:[\d.,'’{_SPACES}]*\d)?|[.,]\d+)(?P<last>-)?(?P<after>\s*(?:{unit}))?(?P<close>\))?$",
    )
    if taken.null_count:
        return None
    field = {name: np.array(pc.struct_field(taken, name).to_pylist(), object) for name in _GROUPS}
    units = [{unit for unit in field[side] if unit.strip()} for side in ("before", "after")]
    if any(len(side) > 1 for side in units) or (field["open"].astype(bool) != field["close"].astype(bool)).any():
        return None
    body = [one.strip() for one in field["body"]]
    if any(len(one) > 1 and one[0] == "0" and one[1].isdigit() for one in body):
        return None  # a code
    signs = {name: field[name].astype(bool) for name in ("open", "sign", "inner", "last")}
    count = np.sum(list(signs.values()), axis=0)
    if (count > 1).any():
        return None
    plus = (field["sign"] == "+") | (field["inner"] == "+")
    styles = {"()": signs["open"], "after": signs["last"], "inner": signs["inner"], "−": field["sign"] == "−"}
    negative = "+" if plus.any() else next((style for style, rows in styles.items() if rows.any()), "-")
    before, after = ("".join(side) for side in units)
    return _Parts(body, (count > 0) & ~plus, before, after, negative)


_GROUPS = ("open", "sign", "before", "inner", "body", "last", "after", "close")


def _fits_marks(bodies: Sequence[str], marks: tuple[str, str]) -> bool:
    """Whether all numbers can be written with these marks between thousands and before decimals."""
    import pyarrow as pa

    thousands, point = (f"\\{mark}" if mark in ".," else mark for mark in marks)
    return _all(pa.array(bodies), rf"^(\d+|[1-9]\d{{0,2}}({thousands}\d{{3}})+)?({point}\d+)?$")


def _said_number(column: _Texts, hints: Hints, name: str, whole: bool) -> Reading:
    """A column of which the user says that it holds numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found, gaps = column.without_markers()
    trimmed = pc.utf8_trim_whitespace(found.distinct)
    what = "whole number" if whole else "number"
    if _all(trimmed, r"^[+-]?\d+$"):
        numbers = [int(text) for text in trimmed.to_pylist()]
        if max(map(abs, numbers)) > LARGEST_EXACT:
            raise WganError(
                f"{name} holds {max(numbers, key=abs)}, beyond 2**53, which no {what} can hold; give the kind text"
            )
        return _joined(Reading(_series(found.spread(pa.array(numbers, pa.int64())))), "", gaps)

    def read(some: _Texts) -> Reading | None:
        return _number(some, hints) or _number(some, hints, any_unit=True)

    reading = read(column)
    if reading is None:
        raise WganError(
            f"{name} holds {_misfit(found, read)!r}, which is not a {what}; give the kind text, or correct it"
        )
    if whole:
        values = reading.values.dropna()
        if len(odd := values[values != values.round()]):
            raise WganError(
                f"{name} holds {odd.iloc[0]}, which is not a whole number; give the kind number, or correct it"
            )
        if reading.values.dtype == "float64":
            reading = reading._replace(
                values=reading.values.astype("Int64" if len(values) < len(reading.values) else int)
            )
    return reading


def _misfit(column: _Texts, read: Callable[[_Texts], Any]) -> str:
    """The first text with which the texts up to it cannot be read."""
    import pyarrow as pa

    def fails(count: int) -> bool:
        return not read(_Texts(column.distinct[:count], pa.array(range(count))))

    at = bisect_left(range(1, len(column.distinct) + 1), True, key=fails)
    return column.distinct[min(at, len(column.distinct) - 1)].as_py()


def _date(column: _Texts, hints: Hints) -> Reading | None:
    """Dates, times of the day or durations; None for anything else, and for days and months that could be swapped."""
    import pyarrow.compute as pc

    found, gaps = column.without_markers()
    texts = found.distinct.to_pylist()
    if len(texts) == 0 or not any(letter.isdigit() for letter in texts[0]):
        return None
    forms = dates.forms_of(texts)
    chosen = next((form for form in forms if len(forms) == 1 or form.order == hints.order), None)
    if chosen:
        note = f"dates with the {chosen.order}, since otherwise a month would be above 12" if chosen.order else ""
        note = f"dates with the {dates.DAYS_FIRST}" if chosen.text.startswith(("%d.%m", "%-d.%")) else note
        if len(forms) > 1:
            note = f"dates with the {chosen.order}, as in another column; {texts[0]!r} could be read otherwise"
        shows = Hints(order=chosen.order if len(forms) == 1 else "")
        return _joined(_times(found, texts, chosen.text), note, gaps)._replace(hints=shows)
    if forms:
        ways = ", ".join(f"{setting('column', {'NAME': f'date:{form.text}'})} reads the {form.order}" for form in forms)
        note = f"text, since {texts[0]!r} could have the day or the month first; {ways}"
        return Reading(_series(column.distinct.take(column.places)), note=note, doubt="order")
    if _all(found.distinct, r"^-?\d+ days?( [+]?\d\d:\d\d:\d\d(\.\d+)?)?$"):
        return _joined(_durations(found, texts), "", gaps)
    if _all(found.distinct, r"^\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?)?(Z|[+-]\d\d(:?\d\d)?)?$"):
        return _iso(pc.utf8_trim_whitespace(found.distinct), found, gaps)
    return None


def _times(found: _Texts, texts: list[str], form: str) -> Reading:
    """The moments, or times of the day, of texts in a form."""
    import pandas as pd
    import pyarrow as pa

    moments = dates.parsed(texts, form)
    if dates.is_clock(form):
        clock = pa.array([moment.time() for moment in moments], pa.time64("us"))
        plain = form == "%H:%M:%S"
        return Reading(found.spread(clock).to_pandas(), () if plain else (form,))
    finest = dates.finest(form)
    dtype = "datetime64[ms]" if finest in "DMY" else "datetime64[us]" if finest in ("us", "ms") else "datetime64[s]"
    values = pd.Series(found.spread(pa.array(moments.astype("datetime64[us]"))).to_pandas()).astype(dtype)
    if zone := dates.zone_of(form):
        values = values.dt.tz_localize(zone)
    return Reading(values, () if form in ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S") else (form,))


def _durations(found: _Texts, texts: list[str]) -> Reading:
    import pandas as pd
    import pyarrow as pa

    lasted = pd.to_timedelta(pd.Series(texts)).astype("timedelta64[us]")
    return Reading(pd.Series(found.spread(pa.array(lasted)).to_pandas()).astype("timedelta64[us]"))


def _iso(distinct: Any, found: _Texts, gaps: str) -> Reading | None:
    """ISO 8601 in several shapes, or with several offsets from UTC."""
    import pyarrow as pa
    import pyarrow.compute as pc

    zoned = pc.match_substring_regex(distinct, r":\d\d.*(Z|[+-]\d\d(:?\d\d)?)$")
    if pc.any(zoned).as_py() != pc.all(zoned).as_py():
        return None
    kind = pa.timestamp("us", "UTC") if pc.all(zoned).as_py() else pa.timestamp("us")
    try:
        values = found.spread(pc.cast(distinct, kind)).to_pandas()
    except pa.ArrowInvalid:
        return None
    note = "times of several offsets, which samples give in UTC" if kind.tz else "times in several shapes of ISO 8601"
    return _joined(Reading(values), note, gaps)


def _said_date(column: _Texts, hints: Hints, name: str, form: str) -> Reading:
    """A column of which the user says that it holds dates or times."""
    found, gaps = column.without_markers()
    texts = found.distinct.to_pylist()
    if form:
        if (bad := dates.misfit(texts, form)) is not None:
            raise WganError(
                f"{name} holds {bad!r}, which is not a date in the form {form}; give another form, or the kind text"
            )
        return _joined(_times(found, texts, dates.with_padding(texts, form)), "", gaps)
    forms = dates.forms_of(texts)
    if len(forms) > 1:
        chosen = next(one for one in forms if one.order == (hints.order or dates.DAYS_FIRST))
        note = f"dates with the {chosen.order}; {setting('column', {'NAME': 'date:FORMAT'})} reads them otherwise"
        return _joined(_times(found, texts, chosen.text), note, gaps)
    if forms:
        return _joined(_times(found, texts, forms[0].text), "", gaps)
    if reading := _date(column, hints):
        return reading
    bad = _misfit(found, lambda some: dates.forms_of(some.distinct.to_pylist()))
    raise WganError(
        f"{name} holds {bad!r}, which is not a date in the form of the others; give the form, such as date:%d/%m/%Y, "
        "or the kind text"
    )
