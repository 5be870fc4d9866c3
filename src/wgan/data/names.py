"""Several names in one text, as a row of a CSV file: NAME,NAME, and a name with a comma in double quotes."""

import csv
import io

from wgan.errors import WganError


def names_in(text: str, flag: str) -> list[str]:
    """The names in a text; `flag` says where it stands. Raises WganError for an open quote or an empty name.

    Examples:
        >>> names_in('age,"income, net"', "drop")
        ['age', 'income, net']
    """
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


def as_text(*names: object) -> str:
    """The text of which `names_in` makes these names."""
    page = io.StringIO()
    csv.writer(page, lineterminator="").writerow(names)
    return page.getvalue()
