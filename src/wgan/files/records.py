"""JSON through a schema of its fields: a value of the type that was asked for, or one sentence on what is wrong."""

from pathlib import Path
from typing import Any, TypeVar

import msgspec

from wgan.errors import WganError
from wgan.files.reading import read

MOST = 64 * 2**20  # bytes of a JSON file; the largest, a log or an evaluation of many columns, stay far below

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
        return msgspec.json.decode(data, type=schema)
    except (msgspec.MsgspecError, UnicodeError) as fault:
        raise ValueError(str(fault)) from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


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


def read_json(path: Path, schema: type[T] | Any, do: str, most: int = MOST) -> T:
    """The JSON value in a file, checked against a type. Raises WganError that names the file, the fault and `do`."""
    try:
        return parsed(read(path, most), schema)
    except ValueError as fault:
        raise WganError(f"{path} is damaged or not one of wgan's ({fault}); {do}.") from fault
