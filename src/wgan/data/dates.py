"""Dates and times in text: the form in which a column writes them, and the same form for samples.

A form is what strftime takes, with `%-d` and the like for numbers without a leading zero, `%^b` for JAN, `%P` for pm,
and `%3f` for milliseconds. A column has a form only if every one of its texts comes back exactly when it is read and
written in that form, so a form cannot misread.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from itertools import product
from typing import Any, NamedTuple

DAYS_FIRST, MONTHS_FIRST = "day first", "month first"
_DATES = {
    "": [
        *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y-%m", "%Y/%m", "%m/%Y", "%Y%m%d", "%Y%m", "%d.%m.%Y", "%d.%m.%y"),
        *("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d/%b/%Y", "%d.%b.%Y", "%d. %B %Y", "%d %B %Y", "%Y-%b-%d"),
        *("%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%b %Y", "%B %Y", "%a, %d %b %Y"),
    ],
    DAYS_FIRST: ["%d/%m/%Y", "%d-%m-%Y", "%d/%m/%y", "%d-%m-%y"],
    MONTHS_FIRST: ["%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y", "%m-%d-%y"],
}
_TIMES = ["%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%H:%M:%S.%3f", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p"]
_COMPACT = {8: "%Y%m%d", 6: "%Y%m", 14: "%Y%m%d%H%M%S", 12: "%Y%m%d%H%M"}
_ZONE = re.compile(r"\d:\d\d[^+Z-]*?( ?(?:Z|UTC|[+-](?:[01]\d|2[0-3]):?[0-5]\d))$")
_TRIED = 20  # texts that are read in each form before all are
_YEARS = (1900, 2100)  # of digits alone, such as 20230623
_FEWEST_MONTHS = 3  # different values of six digits, such as 202306, before they are taken for months


class Form(NamedTuple):
    """A form, and whether the day or the month comes first where both could; "" if the form leaves no doubt."""

    text: str
    order: str = ""


def forms_of(texts: list[str]) -> list[Form]:
    """The forms in which all these texts are dates or times of the day and come back exactly; each order at most once.

    `texts` are the different texts of a column, not empty.
    """
    zone = _zone(texts[0])
    found: dict[str, Form] = {}
    for form in _candidates(texts[0].removesuffix(zone)):
        whole = Form(form.text + zone.replace("%", "%%"), form.order)
        if form.order not in found and _fits(whole.text, texts[:_TRIED]) and _fits(whole.text, texts):
            found[form.order] = whole
            if not form.order:
                return [whole]
    return list(found.values())


def _zone(text: str) -> str:
    found = _ZONE.search(text)
    return found[1] if found else ""


def _candidates(text: str) -> Iterator[Form]:
    """The forms that fit one text."""
    if text.isascii() and text.isdigit():
        yield from [Form(_COMPACT[len(text)])] if len(text) in _COMPACT else []
        return
    dates = [Form(date, order) for order, forms in _DATES.items() for date in forms]
    if ":" not in text:
        tried: Iterable[Form] = dates
    else:
        joints = [f"{joint}{clock}" for joint in (" ", "T", ", ") for clock in _TIMES]
        tried = [Form(clock) for clock in _TIMES]
        tried += [Form(date.text + clock, date.order) for date in dates for clock in joints]
    for form in tried:
        if _reads(_parsed_form(form.text), text):
            yield from (Form(one, form.order) for one in _variants(form.text))


def _variants(form: str) -> Iterator[str]:
    """The form with and without leading zeros, with JAN for Jan and pm for PM."""
    days = [form, re.sub("%([dm])", r"%-\1", form), re.sub("%d", "%-d", form)]
    hours = [("", ""), ("%H", "%-H"), ("%I", "%-I")]
    words = [("", ""), ("%b", "%^b"), ("%p", "%P")]
    seen = set()
    for day, (hour, short), (word, other) in product(days, hours, words):
        one = day.replace(hour, short) if hour else day
        one = one.replace(word, other) if word else one
        if one not in seen:
            seen.add(one)
            yield one


def _parsed_form(form: str) -> str:
    """The form for strptime, which takes numbers with and without leading zeros and letters of any case."""
    return re.sub(r"%([-^3])", "%", form).replace("%P", "%p")


def _reads(form: str, text: str) -> bool:
    with suppress(ValueError):
        datetime.strptime(text, form)
        return True
    return False


def _fits(form: str, texts: list[str]) -> bool:
    moments = parsed(texts, form)
    if moments.isna().any():
        return False
    if is_digits(form) and not moments.dt.year.between(*_YEARS).all():
        return False
    if form == _COMPACT[6] and len(texts) < _FEWEST_MONTHS:
        return False
    return written(moments.to_numpy("datetime64[us]").astype(object), form) == texts


def is_digits(form: str) -> bool:
    """Whether a text in this form is digits alone, which could be a number too."""
    return re.sub("%[A-Za-z]", "", form) == ""


def is_clock(form: str) -> bool:
    """Whether the form has no date."""
    return not re.search("%-?[YymdbBajUW]|%\\^b", form)


def parsed(texts: Iterable[str], form: str) -> Any:
    """The moments of texts in a form, as a Series of datetimes without a zone; NaT for a text in another form."""
    import pandas as pd

    return pd.to_datetime(pd.Series(list(texts), dtype=object), format=_parsed_form(form), errors="coerce")


def with_padding(texts: list[str], form: str) -> str:
    """The form, without leading zeros, or with JAN for Jan, if all texts are written so."""
    return next((one for one in _variants(form) if _fits(one, texts)), form)


def misfit(texts: list[str], form: str) -> str | None:
    """The first text that is not in the form."""
    bad = parsed(texts, form).isna()
    return texts[int(bad.to_numpy().argmax())] if bad.any() else None


_TOKENS = {
    "%Y": lambda t: f"{t.year:04}", "%y": lambda t: f"{t.year % 100:02}",
    "%m": lambda t: f"{t.month:02}", "%-m": lambda t: f"{t.month}",
    "%d": lambda t: f"{t.day:02}", "%-d": lambda t: f"{t.day}",
    "%H": lambda t: f"{t.hour:02}", "%-H": lambda t: f"{t.hour}",
    "%I": lambda t: f"{t.hour % 12 or 12:02}", "%-I": lambda t: f"{t.hour % 12 or 12}",
    "%M": lambda t: f"{t.minute:02}", "%S": lambda t: f"{t.second:02}",
    "%f": lambda t: f"{t.microsecond:06}", "%3f": lambda t: f"{t.microsecond // 1000:03}",
    "%b": lambda t: t.strftime("%b"), "%^b": lambda t: t.strftime("%b").upper(), "%B": lambda t: t.strftime("%B"),
    "%a": lambda t: t.strftime("%a"), "%p": lambda t: "AM" if t.hour < 12 else "PM",
    "%P": lambda t: "am" if t.hour < 12 else "pm", "%%": lambda t: "%",
}  # fmt: skip


def written(moments: Iterable[Any], form: str) -> list[str]:
    """Datetimes, or times of the day, as texts in a form."""
    parts = re.split(r"(%[-^3]?[A-Za-z]|%%)", form)
    writers = [_TOKENS.get(part, lambda t, part=part: t.strftime(part) if part[:1] == "%" else part) for part in parts]
    return ["".join([write(moment) for write in writers]) for moment in moments]


def finest(form: str) -> str:
    """The finest unit that a form writes, as NumPy names units of time."""
    units = {"us": "%f", "ms": "%3f", "s": "%S", "m": "%M", "D": "%d", "M": "%m"}
    plain = form.replace("%-", "%").replace("%^b", "%m").replace("%b", "%m").replace("%B", "%m")
    return next((unit for unit, token in units.items() if token in plain), "Y")


def zone_of(form: str) -> str:
    """The zone that all texts of a form end with, as pandas names zones; "" without one."""
    zone = re.search(r"%(?:M|S|f|3f|p|P) ?(Z|UTC|[+-](?:[01]\d|2[0-3]):?[0-5]\d)$", form)
    if zone is None:
        return ""
    text = zone[1].replace(":", "")
    return "UTC" if text in ("Z", "UTC", "+0000", "-0000") else f"UTC{text[:3]}:{text[3:]}"
