"""Several names in one text, as a row of a CSV file: NAME,NAME, and a name with a comma in double quotes."""

import csv
import io
from typing import Any

from wgan.errors import WganError, a_kind


def names_in(text: Any, flag: str) -> list[str]:
    """The names in a text or a list of names; `flag` says where it stands. Raises WganError for what holds no names.

    Examples:
        >>> names_in('age,"income, net"', "drop")
        ['age', 'income, net']
    """
    if not isinstance(text, str):
        text = said_names(text, flag)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True))
    except csv.Error:
        rows = []
    names = [name.strip() for row in rows for name in row]
    if not names or not all(names):
        raise WganError(
            f"{flag} is {text!r}, which is not a list of names; write NAME,NAME, and put a name with a comma or a "
            'quote in double quotes, as in "a,b",c'
        )
    return names


def said_names(value: Any, flag: str) -> str | None:
    """Names as one text, from such a text or from a list or an array of names; None stays None.

    Examples:
        >>> said_names(["age", "income, net"], "drop")
        'age,"income, net"'
    """
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, list | tuple) and value and not any(one is None or one == "" for one in value):
        return as_text(*value)
    if value is None or isinstance(value, str):
        return value if value is None else as_text(*names_in(value, flag))
    got = repr(value) if isinstance(value, list | tuple | dict | float | int) else a_kind(value)
    raise WganError(f"{flag} is {got}; give the names of columns, as NAME,NAME or a list.")


def as_text(*names: object) -> str:
    """The text of which `names_in` makes these names."""
    page = io.StringIO()
    csv.writer(page, lineterminator="").writerow(names)
    return page.getvalue()
