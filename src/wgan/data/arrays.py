"""Turn an array, a list or a DataFrame into a Dataset."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from wgan.data.array_form import array_form
from wgan.data.axes import TWO_PARTS, rows_of
from wgan.data.frames import is_frame, is_other_frame
from wgan.data.rows import Dataset, Form
from wgan.data.space_form import NARROWEST, dataset_of_space
from wgan.data.table import from_frame
from wgan.errors import WganError, setting
from wgan.maths.exact import LARGEST_EXACT, as_float64, refuse_inexact, refuse_unplain

ARRAY = "array"  # the name of rows that were given without one


def from_array(X, *, name: str = ARRAY, drop: str | None = None, column: Any = None, kind: str = "auto") -> Dataset:
    """Turn an array, list or DataFrame into signals, images, volumes or a table.

    Signals are [n, steps(, channels)], images [n, height, width(, channels)], volumes [n, depth, height, width(,
    channels)] and tables [n(, columns)]. `kind` is one of these words, or "auto" to guess it from the shape; see
    `axes`. A DataFrame loses the columns in `drop`, and `column` says the kinds of others; see `table.from_frame`.
    Pictures have one scale, and other rows a scale for each channel; see `space_form`. Columns are standardised, or
    encoded as a table's are where a spike, a bound or a grid is evident; see `array_form`. Decoding returns the dtype
    of X (float64 for longer floats), and `Form.as_given` the shape of its rows. Raises WganError for anything that
    cannot be trained on.
    """
    if is_frame(X):
        if kind not in ("auto", "table"):
            raise WganError(f"kind is {kind!r}, but a DataFrame was given, which is a table; leave it out")
        words = "the DataFrame" if name == ARRAY else name
        return replace(from_frame(X, name=words, drop=drop, column=column), name=name)
    for field, value in (("drop", drop), ("column", column)):
        if value:
            raise WganError(
                f"{setting(field)} is only for tables with named columns, and {name} has none; leave it out"
            )
    array = real_array(X, name)
    if array.ndim == 0:
        raise WganError(f"{name} has shape (); give rows, such as a table [n, columns]")
    if array.size == 0:
        raise WganError(f"{name} is empty (shape {array.shape}); give at least one row and one value a row")
    rows = rows_of(array, kind, name)
    array = rows.array
    # Training rounds longer floats too; whole numbers that this would change are refused.
    whole = array if array.dtype.itemsize <= 8 else array[np.abs(array) > LARGEST_EXACT]
    if array.dtype.kind == "f":
        refuse_inexact(X, whole, name)
    dtype = array.dtype.newbyteorder("=")
    if dtype.kind == "f":
        dtype = np.dtype(f"f{min(dtype.itemsize, 8)}")
    array = np.ascontiguousarray(array, dtype=dtype)
    _check_values(array, name)
    if rows.kind == "table":
        dataset = _table(array, name, getattr(X, "columns", range(array.shape[1])))
    else:
        dataset = dataset_of_space(rows._replace(array=array), name)
    notes = (*dataset.notes, *([("", rows.guess)] if rows.guess else []))
    return replace(dataset, form=replace(dataset.form, squeezed=rows.squeezed), notes=notes)


def real_array(X: Any, name: str) -> np.ndarray:
    """X as an array of real numbers, of which none is hidden by a mask or changed.

    Raises WganError, with the remedy, for what is not an array, list or tuple, and for what NumPy would read wrongly.
    """
    if isinstance(X, str | Path):
        raise WganError(f"{name} is the text {str(X)!r}; load what it names with wgan.data.load({str(X)!r})")
    if is_other_frame(X):
        kind = type(X).__name__
        raise WganError(
            f"{name} is a table of another library ({kind}), whose columns would be lost; give {name}.to_pandas()"
        )
    refuse_unplain(X, name)
    try:
        array = np.asarray(X)
    except (TypeError, ValueError, RuntimeError) as error:
        raise WganError(f"{name} cannot become an array; give numbers in rows of one shape") from error
    if array.dtype.kind == "O":
        array = as_float64(X, name, "numbers in rows of one shape")
    if array.dtype.kind == "c":
        raise WganError(f"{name} has complex numbers, not real numbers; {TWO_PARTS}")
    if array.dtype.kind not in "biuf":
        raise WganError(f"{name} has dtype {array.dtype}, not real numbers; convert or drop these values")
    return array


def _check_values(array: np.ndarray, name: str) -> None:
    low, high = array.min(), array.max()  # NaN passes through both, so rows that may be memory-mapped are not copied
    if not np.isfinite([low, high]).all():
        bad = ~np.isfinite(array)
        first = tuple(int(i) for i in np.unravel_index(bad.argmax(), bad.shape))
        count = np.count_nonzero(bad)
        at = first if array.ndim < 3 else first[:-1]
        channel = f" in channel {first[-1]}" if array.ndim > 2 and array.shape[-1] > 1 else ""
        where = f" (the first at {at}{channel})"
        if channel and np.count_nonzero(bad[..., first[-1]]) == count:
            where = f", all{channel} (the first at {at})"
        raise WganError(f"{name} has {count} NaN or infinite values{where}; drop or fill those rows")
    if low == high:
        raise WganError(f"{name} is constant (every value is {low}); give rows that differ")
    if array.dtype.kind in "iu" and max(-int(low), int(high)) > LARGEST_EXACT:
        raise WganError(f"{name} holds integers from {low} to {high}, beyond 2**53; rescale it or use floats")


def _table(array: np.ndarray, name: str, columns: Iterable) -> Dataset:
    constant = np.flatnonzero(array.min(axis=0) == array.max(axis=0))
    if len(constant):
        raise WganError(f"{name} is constant in column {list(columns)[constant[0]]!r}; drop that column")
    with np.errstate(all="ignore"):
        mean, sd = array.mean(axis=0, dtype=np.float64), array.std(axis=0, dtype=np.float64)
    odd = np.flatnonzero(~np.isfinite(mean) | ~np.isfinite(sd) | (sd <= NARROWEST * np.abs(mean)))
    if len(odd):
        raise WganError(f"{name} varies too much or too little in column {list(columns)[odd[0]]!r}; rescale it")
    dtype, low, high = array.dtype, None, None
    if dtype.kind == "b":
        low, high = 0.0, 1.0
    elif dtype.kind != "f":
        low = float(max(np.iinfo(dtype).min, -LARGEST_EXACT))
        high = float(min(np.iinfo(dtype).max, LARGEST_EXACT))
    form = Form("table", array.shape[1:], dtype.name, tuple(mean.tolist()), tuple(sd.tolist()), low, high)
    form, how = array_form(array, form)
    rows = array if dtype.kind == "f" else array.astype(np.float64)
    return Dataset(name, rows, form, source=f"a table of {len(array):,} rows{how}")
