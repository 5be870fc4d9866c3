"""What every public function of arrays asks first: real numbers of any kind, as float64, of which none may change.

Whole numbers beyond 2**53 and longer floats would change. What holds no plain numbers is refused in a sentence.
"""

import array
import math
from collections.abc import Sequence
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np

from wgan.errors import WganError, a_kind

LARGEST_EXACT = 2**53  # beyond it float64 skips integers
PLAIN = (Sequence, Real, Decimal, np.generic, memoryview, array.array)  # what NumPy reads without being told how
BALANCED = 1e-9  # relative difference of two sums of float64 numbers that counts as rounding
PROBABLE = 1e-4  # difference of a sum of probabilities from 1 that counts as rounding: many are made in float32
LOOKED_INTO = 1000  # items of a list that are looked at one by one
STEPS = {  # of the short floats: the step after 1 and the smallest step
    "float16": (2.0**-10, 2.0**-24),
    "bfloat16": (2.0**-7, 2.0**-133),
    "float32": (2.0**-23, 2.0**-149),
}
LARGEST_POWERED = 1e60  # beyond it float64 loses squares of the powers of a spectrum
NORMAL = (1e-100, 1e25)  # the largest number of a set of features lies between: beyond, float64 loses their products


def as_float64(values: Any, name: str, wanted: str, finite: bool = True) -> np.ndarray:
    """A number, array, list or table of real numbers of any kind as float64, C-contiguous, each with its own value.

    Raises WganError, which says what is `wanted`, for what holds no such numbers, for numbers that float64 lacks, and,
    where they are to be `finite`, for NaN and infinity.

    Examples:
        >>> as_float64([2**53 + 1, 0.5], "X", "[n]")
        Traceback (most recent call last):
        wgan.errors.WganError: X holds integers beyond 2**53, which float64 skips; rescale it.
    """
    refuse_unplain(values, name)
    try:
        array = np.asarray(values)
    except ValueError:
        raise WganError(f"{name} has rows of different lengths; give {wanted}.") from None
    except (TypeError, RuntimeError) as problem:
        raise WganError(f"{name} cannot become an array ({str(problem).splitlines()[0]}); give {wanted}.") from None
    if array.dtype.kind == "V" and "float" in array.dtype.name:  # bfloat16 and its kin, which NumPy does not know
        array = array.astype(np.float64)
    real = array.dtype.kind in "biuf" or (array.dtype.kind == "O" and all(map(_is_number, array.flat)))
    if not real:
        raise WganError(f"{name} is not an array of numbers ({array.dtype} of shape {array.shape}); give {wanted}.")
    refuse_inexact(values, array, name)
    exact = np.asarray(array, dtype=np.float64, order="C")
    if finite and not np.isfinite(exact).all():
        place = [int(i) for i in np.argwhere(~np.isfinite(exact))[0]]
        where = f", the first at index {place}" if place else ""
        raise WganError(f"{name} holds NaN or infinite values{where}; drop or fill them.")
    return exact


def refuse_unplain(values: Any, name: str) -> None:
    """Refuse what NumPy would read as other numbers than it holds, or not at all, each with its remedy."""
    some = values[:LOOKED_INTO] if isinstance(values, list | tuple) else ()
    for one in (values, *some):
        if np.ma.is_masked(one):
            raise WganError(
                f"{name} has masked values, which would count as numbers; fill them with .filled(value) or drop them."
            )
        if getattr(one, "requires_grad", False) is True:
            raise WganError(f"{name} is a tensor that requires gradients; call .detach() on it.")
        if (remedy := _densely(one)) is not None:
            raise WganError(f"{name} is sparse; call .{remedy} on it.")
        if (remedy := _on_the_host(one)) is not None:
            raise WganError(f"{name} is a tensor that NumPy cannot read; call .{remedy} on it.")
    if not (isinstance(values, PLAIN) or hasattr(values, "__array__") or hasattr(values, "__array_interface__")):
        raise WganError(f"{name} is {a_kind(values)}, not an array; give its rows as one array.")


def _densely(values: Any) -> str | None:
    """The call that makes a sparse array dense; None for what is not sparse."""
    if getattr(values, "is_sparse", False) is True or "sparse" in str(getattr(values, "layout", "")):
        return "to_dense()"
    if hasattr(values, "nnz") and (hasattr(values, "toarray") or hasattr(values, "todense")):
        return "toarray()" if hasattr(values, "toarray") else "todense()"
    return None


def _on_the_host(values: Any) -> str | None:
    """The call that moves a tensor to where NumPy reads it; None where NumPy reads it already."""
    if not type(values).__module__.startswith("torch"):
        return None
    if getattr(getattr(values, "device", None), "type", "cpu") != "cpu":
        return "cpu()"
    return "float()" if str(getattr(values, "dtype", "")).startswith(("torch.bfloat16", "torch.float8")) else None


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
    elif array.dtype == np.float64 and not isinstance(values, np.ndarray):
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
        return value == value and float(value) != value  # NaN cannot change
    except (ArithmeticError, ValueError):
        return True


# Settings.


def whole_number(value: Any, name: str, least: int = 1) -> int:
    """A whole number of at least `least`, of any kind; WganError for all else."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral) or value < least:
        raise WganError(f"{name} is {value!r}; it must be a whole number of at least {least}.")
    return int(value)


def finite_number(value: Any, name: str, above: float = -math.inf) -> float:
    """A finite number above a limit, of any kind; WganError for all else."""
    if not _is_number(value) or not math.isfinite(value) or not value > above:
        limit = "" if above == -math.inf else f" above {above:g}"
        raise WganError(f"{name} is {value!r}; it must be a finite number{limit}.")
    return float(value)


# Rows.


def as_rows(values: Any, name: str, least: int = 1) -> np.ndarray:
    """Rows as float64 [n, d]: an array [n] has one number a row, and images [n, ...] are flattened.

    Raises WganError for what `as_float64` refuses, for a single number and for fewer than `least` rows.

    Examples:
        >>> as_rows(np.zeros((5, 2, 2, 3), "uint8"), "X").shape
        (5, 12)
    """
    exact = as_float64(values, name, "numbers, [n] or [n, d]")
    if exact.ndim == 0:
        raise WganError(f"{name} is a single number; give numbers, [n] or [n, d].")
    if exact.size == 0:
        raise WganError(f"{name} is empty (shape {exact.shape}); give at least {_count(least)} with numbers.")
    if len(exact) < least:
        raise WganError(f"{name} has {_count(len(exact))}; give at least {least}.")
    return exact.reshape(len(exact), -1)


def as_sets(least: int = 1, **sets: Any) -> list[np.ndarray]:
    """Sets of rows by name, each as float64 [n, d], of equally many columns.

    Examples:
        >>> as_sets(real=[[1, 2]], fake=[[1, 2, 3]])
        Traceback (most recent call last):
        wgan.errors.WganError: real has 2 columns and fake has 3; give rows of the same columns.
    """
    found = {name: as_rows(values, name, least) for name, values in sets.items()}
    first, *others = found
    for name in others:
        if found[name].shape[1] != found[first].shape[1]:
            raise WganError(
                f"{first} has {found[first].shape[1]} columns and {name} has {found[name].shape[1]}; "
                "give rows of the same columns."
            )
    return list(found.values())


def as_features(least: int = 1, **sets: Any) -> list[np.ndarray]:
    """Sets of rows as `as_sets` reads them, of numbers whose products and squares float64 can hold."""
    found = as_sets(least, **sets)
    for name, rows in zip(sets, found, strict=True):
        largest = max(float(rows.max()), -float(rows.min()))
        if largest and not NORMAL[0] <= largest <= NORMAL[1]:
            raise WganError(
                f"{name} holds numbers of up to {largest:.3g}, whose products float64 cannot hold; rescale all rows."
            )
    return found


def as_probabilities(values: Any, name: str) -> np.ndarray:
    """Probabilities [n, classes] as float64; WganError where they are below 0 or a row does not sum to 1.

    Examples:
        >>> as_probabilities([[1, 3]], "p")
        Traceback (most recent call last):
        wgan.errors.WganError: p has a row that sums to 4, not to 1; divide each row by its sum.
    """
    exact = as_float64(values, name, "probabilities [n, classes]")
    if exact.ndim != 2 or exact.size == 0:
        raise WganError(f"{name} has shape {exact.shape}; give probabilities [n, classes].")
    if (exact < 0).any():
        raise WganError(f"{name} holds {exact.min():.4g}; give probabilities, which are at least 0.")
    sums = exact.sum(1)
    worst = float(sums[np.abs(sums - 1).argmax()])
    if abs(worst - 1) > max(PROBABLE, rounding(values, exact.shape[1], 1.0)):
        raise WganError(f"{name} has a row that sums to {worst:.6g}, not to 1; divide each row by its sum.")
    return exact


def as_labels(labels: Any, name: str) -> np.ndarray:
    """Labels [n] as an array of numbers or of text, n >= 1, which can be told apart and sorted.

    Raises WganError for other objects, such as None among names, and for NaN.
    """
    if np.ma.is_masked(labels):
        raise WganError(f"{name} is a masked array; give the labels that count, {name}.compressed().")
    try:
        array = np.asarray(labels)
    except ValueError:
        array = np.empty(0)
    if array.dtype.kind in "US" and not all(isinstance(label, str | bytes) for label in labels):
        array = np.array(list(labels), object)  # NumPy would make the text "nan" of a gap among names
    if array.dtype.kind == "O" and all(isinstance(label, str) for label in array.flat):
        array = array.astype(str)
    elif array.dtype.kind in "OV" and array.size:
        array = as_float64(labels, name, "[n] whole numbers or names")
    if array.ndim != 1 or len(array) == 0 or array.dtype.kind not in "biufUS":
        raise WganError(
            f"{name} has shape {array.shape} and dtype {array.dtype}; give [n] whole numbers or names, n >= 1."
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise WganError(f"{name} holds NaN or infinite labels; give each sample the number or name of its kind.")
    return array


def rounding(values: Any, count: int, total: float) -> float:
    """How far the sum of `count` numbers, normalised in the dtype of `values`, may lie from `total` by rounding.

    Each number is rounded to half a unit, and so are the sum and the quotient; a sum in pairs adds log2(count) units.
    Numbers below the normal range of float16 and float32 are off by up to half of its smallest step.
    """
    dtype = getattr(values, "dtype", None)
    dtype = np.asarray(values).dtype if dtype is None else dtype
    unit, step = STEPS.get(getattr(dtype, "name", str(dtype).removeprefix("torch.")), (0.0, 0.0))
    return max(BALANCED * total, unit * (4 + math.log2(count)) * total + count * step)


def _count(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"
