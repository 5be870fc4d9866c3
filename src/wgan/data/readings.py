"""The readings of the text columns of one table, which tell each other what is before decimals and which date order."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wgan.data import dates
from wgan.data.series import is_text, time_kind
from wgan.data.texts import NOTHING, Hints, Reading, read_texts
from wgan.errors import shorter

_PLAIN = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%H:%M:%S")  # forms that a CSV need not note, since pandas writes them


def read_alike(read: Callable[[Any, Hints], Reading], names: Sequence, hints: Hints = NOTHING) -> dict[Any, Reading]:
    """The reading of each column; a column that leaves a doubt is read again with what the others say."""
    found = {name: read(name, hints) for name in names}
    said = [reading.hints for reading in found.values()]
    points, orders = ({one for hint in said if (one := getattr(hint, of))} for of in ("point", "order"))
    sure = hints._replace(
        point=points.pop() if len(points) == 1 else "", order=orders.pop() if len(orders) == 1 else ""
    )
    for name, reading in found.items():
        if reading.doubt and getattr(sure, reading.doubt):
            found[name] = read(name, sure)
    return found


def dates_in(frame: Any, kinds: Mapping[str, str], table: str) -> dict[Any, Reading]:
    """The columns of text in a DataFrame that hold dates or times, read as those of a CSV file are; also doubtful ones.

    Other text stays text, since the dtype of a DataFrame says what it is. `kinds` are what the user says of columns.
    """
    import pyarrow as pa

    texts = {
        name: frame[name].astype(object).where(frame[name].notna(), None)
        for name in frame.columns
        if not kinds.get(str(name)) and frame[name].notna().any() and is_text(frame[name].dropna())
    }

    def read(name: Any, hints: Hints) -> Reading:
        where = f"column {shorter(repr(name), 100)} of {table}"
        return read_texts(pa.array(texts[name], pa.string()), hints=hints, name=where)

    found = {}
    for name, one in read_alike(read, list(texts)).items():
        if time_kind(one.values.dropna()):
            found[name] = one._replace(
                values=one.values.set_axis(frame.index), written=one.written or _plain_form(texts[name].dropna())
            )
        elif one.doubt == "order":
            found[name] = one._replace(values=frame[name])
    return found


def _plain_form(texts: Any) -> tuple[str, ...]:
    """The form of dates that pandas writes so; () if they have another."""
    return tuple(form for form in _PLAIN if dates.misfit(texts.tolist(), form) is None)[:1]


def kind_of_texts(levels: Sequence) -> str:
    """What a user may say that texts are, "date" or "number", judged by the first of them; "" if neither."""
    import pyarrow as pa

    some = levels[:200]
    if look_like_dates(some):
        return "date"
    texts = all(isinstance(one, str) for one in some)
    return "number" if texts and read_texts(pa.array(some)).values.dtype.kind in "iuf" else ""


def look_like_dates(levels: Sequence) -> bool:
    """Whether most of the first levels are texts of dates, each in some form."""
    some = levels[:20]
    return 2 * sum(isinstance(one, str) and bool(dates.forms_of([one])) for one in some) > len(some)
