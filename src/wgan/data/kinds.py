"""What a user says of a table's columns: the kind of each, as NAME=KIND."""

from collections.abc import Iterable, Mapping
from typing import Any

from wgan.errors import WganError, unknown_name

# What each kind of column makes of the values, and what samples give back.
KINDS = {
    "text": "levels, which samples repeat as often as the data do",
    "number": "numbers, which samples take from the whole range",
    "integer": "whole numbers, which samples take from the whole range",
    "date": "dates or times, which samples take from the whole range; date:FORMAT says how texts are to be read",
    "identifier": "not learnt: samples are numbered 1, 2, 3, ...",
}


def kind_and_format(said: str) -> tuple[str, str]:
    """A kind and, after a colon, the form of its dates in the letters of strftime: "date:%d/%m/%Y"."""
    kind, _, written = said.partition(":")
    return kind, written


def said_kinds(column: Any) -> tuple[str, ...]:
    """The kinds of columns as sorted texts "NAME=KIND", from a text, several texts, or a dict of names and kinds.

    Examples:
        >>> said_kinds({"zip": "text", "day": "date"})
        ('day=date', 'zip=text')
    """
    if isinstance(column, Mapping):
        column = [f"{name}={kind}" for name, kind in column.items()]
    column = [column] if isinstance(column, str) else column
    column = list(column) if isinstance(column, Iterable) else column
    if not isinstance(column, list) or not all(isinstance(one, str) for one in column):
        raise WganError(f"column is {column!r}; give NAME=KIND, or a dict of names and kinds.")
    said: dict[str, str] = {}
    for one in column:
        name, equals, text = one.rpartition("=")
        kind, written = kind_and_format(text)
        if not equals:
            raise WganError(f"column is {one!r}; give NAME=KIND, where KIND is {', '.join(KINDS)}.")
        if kind not in KINDS:
            raise unknown_name(f"kind of column {name!r}", kind, KINDS)
        if written and (kind != "date" or "%" not in written):
            raise WganError(f"column is {one!r}; only date takes a form, such as date:%d/%m/%Y.")
        if said.setdefault(name, text) != text:
            raise WganError(f"column says of {name!r} both {said[name]} and {text}; give one kind.")
    return tuple(sorted(f"{name}={text}" for name, text in said.items()))


def kinds_of(column: Any, names: Iterable[Any], table: str) -> dict[str, str]:
    """The kind that is said of each column, by name. Raises WganError for a name that no column has."""
    known = [str(name) for name in names]
    kinds = dict(one.rpartition("=")[::2] for one in said_kinds(column or ()))
    for name in kinds:
        if name not in known:
            raise unknown_name(f"column of {table}", name, known)
    return kinds
