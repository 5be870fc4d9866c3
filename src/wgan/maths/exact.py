"""Numbers read as float64, of which none may change: whole numbers beyond 2**53 and longer floats would."""

from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np

from wgan.errors import WganError

LARGEST_EXACT = 2**53  # beyond it float64 skips integers


def as_float64(values: Any, name: str, wanted: str) -> np.ndarray:
    """A number, array, list or table of real numbers of any kind as float64, C-contiguous, each with its own value.

    Raises WganError, which says what is `wanted`, for what holds no such numbers, and for numbers that float64 lacks.

    Examples:
        >>> as_float64([2**53 + 1, 0.5], "X", "[n]")
        Traceback (most recent call last):
        wgan.errors.WganError: X holds integers beyond 2**53, which float64 skips; rescale it.
    """
    try:
        array = np.asarray(values)
    except ValueError:
        raise WganError(f"{name} has rows of different lengths; give {wanted}.") from None
    real = array.dtype.kind in "biuf" or (array.dtype.kind == "O" and all(map(_is_number, array.flat)))
    if not real:
        raise WganError(f"{name} is not an array of numbers ({array.dtype} of shape {array.shape}); give {wanted}.")
    refuse_inexact(values, array, name)
    return np.asarray(array, dtype=np.float64, order="C")


def refuse_inexact(values: Any, array: np.ndarray, name: str) -> None:
    """Refuse numbers that float64 lacks; `array` is what NumPy made of `values`, rounded already where kinds mix."""
    if array.size == 0:
        return
    beyond, rounded = False, False
    if array.dtype.kind in "iu":
        beyond = max(-int(array.min()), int(array.max())) > LARGEST_EXACT
    elif array.dtype.kind == "O":
        changed = [value for value in array.flat if _changes(value)]
        beyond = any(isinstance(value, Integral) for value in changed)
        rounded = bool(changed)
    elif array.dtype.kind == "f" and array.dtype.itemsize > 8:
        with np.errstate(over="ignore"):
            rounded = bool(((array.astype(np.float64) != array) & ~np.isnan(array)).any())
    elif array.dtype.kind == "f" and not isinstance(values, np.ndarray):
        large = np.fmax.reduce(np.abs(array), axis=None) >= LARGEST_EXACT
        # a DataFrame would mix its columns to floats before it makes objects of them
        unmixed = values.astype(object) if large and hasattr(values, "astype") else values
        beyond = bool(large) and any(map(_changes, np.asarray(unmixed, dtype=object).flat))
    if beyond:
        raise WganError(f"{name} holds integers beyond 2**53, which float64 skips; rescale it.")
    if rounded:
        raise WganError(
            f"{name} holds {array.dtype} numbers that float64 has to round; round them yourself with astype('float64')."
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, Real | Decimal | np.bool_)


def _changes(value: Any) -> bool:
    """Whether float64 has another number for this one."""
    try:
        return value == value and float(value) != value  # NaN is no number that could change
    except (ArithmeticError, ValueError):
        return True
