"""What a field of the config may hold: each value is checked when it is given."""

import dataclasses
import math
import re
from contextlib import suppress
from numbers import Real
from typing import Any, NamedTuple

from wgan.config.other_names import unknown_member
from wgan.errors import WganError, unknown_name

LARGEST = 2**63 - 1  # of a whole number, as in the file formats that keep it


class Named(NamedTuple):
    """The name of an object of your own, which is all that a saved config holds of it."""

    name: str


def kind(f: dataclasses.Field) -> type:
    """The type of a field's values other than None: int, float or str, and `object` for a family."""
    if "choices" in f.metadata:
        return str
    return {"str": str, "str | None": str, "int": int, "int | None": int, "float": float, "float | None": float}.get(
        f.type if isinstance(f.type, str) else getattr(f.type, "__name__", str(f.type)), object
    )


def name_of(value: Any) -> Any:
    """The name of a family's member or of a function; any other value unchanged."""
    return getattr(value, "name", getattr(value, "__name__", type(value).__name__) if callable(value) else value)


def number_of(f: dataclasses.Field, value: Any) -> Any:
    """The number that a text stands for, if the field holds numbers; any other value unchanged."""
    if not isinstance(value, str) or kind(f) not in (int, float):
        return value
    for number in (int, float):
        with suppress(ValueError):
            return number(value)
    return value


def _is_finite(value: Any) -> bool:
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number beyond the largest float
        return False


def _some_of(name: str, value: Any, among: tuple[str, ...]) -> str:
    """Names of `among` with commas between, in that order, or "none"."""
    if value == "none":
        return value
    chosen = [word.strip() for word in value.split(",")] if isinstance(value, str) else [value]
    for word in chosen:
        if word not in among:
            raise unknown_name(name, word, ("none", *among))
    return ",".join(word for word in among if word in chosen)


def as_kinds(column: Any) -> tuple[str, ...] | None:
    """The kinds of columns that were said."""
    from wgan.data.kinds import said_kinds  # not at the top: it imports SciPy, and `wgan --help` need not wait

    return said_kinds(column) or None


def as_given(value: Any) -> str | None:
    """The names of the columns that are given."""
    from wgan.data.conditions import as_given  # not at the top: it imports SciPy too

    return as_given(value)


def as_drop(value: Any) -> str | None:
    """The names of the columns that are left out."""
    from wgan.data.names import said_names  # not at the top: its folder imports SciPy too

    if isinstance(value, str) and not value:
        raise WganError("drop is empty; give a text, or leave it out.")
    return said_names(value, "drop")


def as_device(value: Any) -> str:
    """The name of a device. Raises `WganError` for anything else."""
    if isinstance(value, str) and re.fullmatch(r"auto|cpu|mps|cuda(:[0-9]{1,3})?", value):
        return value
    raise unknown_name("device", value, ("auto", "cpu", "cuda", "cuda:1", "mps"))


def checked(f: dataclasses.Field, value: Any) -> Any:
    """The value that a field stores. Raises `WganError` for a value that the field cannot hold."""
    wanted = kind(f)
    if value is None and f.default is None:
        return None
    if read := f.metadata.get("read"):
        return read(value)
    if among := f.metadata.get("among"):
        return _some_of(f.name, value, among)
    if wanted is str and value == "":
        raise WganError(f"{f.name} is empty; give a text, or leave it out.")
    if wanted is object or (wanted is str and isinstance(value, str) and "choices" not in f.metadata):
        return value
    if (taken := f.metadata.get("function")) and (callable(value) or isinstance(value, Named)):
        name = name_of(value)
        if not (isinstance(name, str) and name):
            raise WganError(f"{f.name} has the name {name!r}; give it a text as its name.")
        if name in taken:
            raise WganError(f"{f.name} is a function with the name {name}, which is wgan's own; give it another name.")
        return value
    if choices := f.metadata.get("choices"):
        if value not in choices:
            raise (
                unknown_member(f.name, str(value), choices)
                if isinstance(value, str)
                else unknown_name(f.name, value, choices)
            )
        return value
    low, high = f.metadata["low"], f.metadata["high"]
    high = min(high, LARGEST) if wanted is int else high
    fits = _is_finite(value) and low <= value <= high and (wanted is float or value == int(value))
    if wanted is str or not fits:
        what = {int: "a whole number", float: "a number", str: "text"}[wanted]
        stated = f.metadata["high"] < math.inf or (_is_finite(value) and value > high)
        upper = f" and at most {high:g}" if stated else ""
        lower = f" of at least {low:g}" if low > -math.inf else ""
        raise WganError(f"{f.name} is {value!r}; it must be {what}{lower}{upper}.")
    return wanted(value)
