"""JSON through a schema of its fields: a value of the type that was asked for, or one sentence on what is wrong."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from wgan.errors import WganError
from wgan.files.reading import read

MOST = 64 * 2**20  # bytes of a JSON file; the largest, a log or an evaluation of many columns, stay far below

NOT_UTF8 = re.compile(rb"\\u[dD][cC][89a-fA-F]")  # how Python writes the bytes of a file's name that is not UTF-8
Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]  # larger ones become no float and no array

T = TypeVar("T")


def parsed(data: bytes, schema: type[T] | Any = Any) -> T:
    """The JSON value in these bytes, checked against a type: a TypedDict, dict[str, float], list[int] and so on.

    Raises ValueError, with the place and the fault, for whatever is wrong, among it NaN and nesting too deep.

    Examples:
        >>> parsed(b'{"step": 3}', dict[str, int])
        {'step': 3}
        >>> parsed(b'{"step": "x"}', dict[str, int])
        Traceback (most recent call last):
        ...
        ValueError: Expected `int`, got `str` - at `$[...]`
    """
    try:
        if NOT_UTF8.search(data):  # msgspec refuses these in text
            found = json.loads(data, parse_constant=_refuse)
            json.dumps(found, ensure_ascii=False).encode("utf-8", "surrogateescape")  # no other lone halves of a pair
            return msgspec.convert(found, schema)
        return msgspec.json.decode(data, type=schema)
    except (msgspec.MsgspecError, ValueError) as fault:
        raise ValueError(str(fault)) from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not a JSON number")


def converted(value: object, schema: type[T] | Any) -> T:
    """A JSON value that is read already as a type: a dataclass, a TypedDict and so on. Raises ValueError.

    Examples:
        >>> converted([1, 2], tuple[float, ...])
        (1.0, 2.0)
    """
    try:
        return msgspec.convert(value, schema)
    except (msgspec.MsgspecError, RecursionError) as fault:
        raise ValueError(str(fault)) from None


def parsed_with_more(data: bytes, schema: type[T] | Any) -> T:
    """As `parsed`, but entries that the schema does not name, as a later version may write, stay in the value."""
    return checked(parsed(data), schema)


def checked(value: Any, schema: type[T] | Any) -> T:
    """The value itself, if it is of the type; entries that a TypedDict does not name stay. Else raises ValueError."""
    converted(value, schema)
    return value


def read_json(
    path: Path, schema: type[T] | Any, do: str, most: int = MOST, parse: Callable[[bytes, Any], Any] = parsed
) -> T:
    """The JSON value in a file, checked against a type. Raises WganError that names the file, the fault and `do`.

    `parse` is `parsed` or `parsed_with_more`.
    """
    try:
        return parse(read(path, most), schema)
    except ValueError as fault:
        raise WganError(f"{path} is damaged or not one of wgan's ({fault}); {do}.") from fault
