"""One form for every data set: rows at rest, how they are encoded for training, and which are held out."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from wgan.errors import WganError
from wgan.streams import stream

NARROWEST = 1e-12  # spread over size; below it float64 keeps too few digits of the spread
LARGEST_EXACT = 2**53  # beyond it float64, in which rows are encoded, skips integers


@dataclass(frozen=True)
class Form:
    """What one row looks like at rest, and how it is encoded for training: (row - offset) / scale."""

    kind: str  # "images", "points" (2-D, drawn as a scatter) or "table"
    shape: tuple[int, ...]  # (height, width, channels) or (columns,)
    dtype: str  # numpy name of the dtype at rest, which decode gives back
    offset: float | tuple[float, ...]  # one for all, or one per column
    scale: float | tuple[float, ...]
    low: float | None  # decode clips to [low, high]; None: no bound
    high: float | None

    @property
    def encoded_shape(self) -> tuple[int, ...]:
        """What one row looks like to the networks; other than `shape` only for a table of columns, see `table`."""
        return self.shape

    @property
    def groups(self) -> tuple[int, ...]:
        """How many units each softmax at the end of an encoded row has."""
        return ()

    def encode(self, rows) -> np.ndarray:
        """Rows at rest [n, *shape] as float32 [n, *shape]: images in [-1, 1], columns with mean 0, sd 1.

        One-channel images may come as [n, height, width]. Raises WganError for any other shape.
        """
        rows = np.asarray(rows)
        if self.kind == "images" and (*rows.shape[1:], 1) == self.shape:
            rows = rows[..., np.newaxis]
        rows, offset, scale = self._numbers(rows)
        return ((rows - offset) / scale).astype(np.float32, copy=False)

    def decode(self, encoded) -> np.ndarray:
        """The inverse of encode: rows [n, *shape] in `dtype`, integers rounded, then clipped to [low, high].

        Raises WganError for another shape, or for NaN where `dtype` is not a float.
        """
        encoded, offset, scale = self._numbers(np.asarray(encoded))
        rows = encoded * scale + offset
        if np.dtype(self.dtype).kind != "f":
            if np.isnan(rows).any():
                raise WganError(f"got NaN to decode to {self.dtype}: the run diverged; use an earlier step")
            np.rint(rows, out=rows)
        if self.low is not None:
            np.clip(rows, self.low, self.high, out=rows)
        return rows.astype(self.dtype, copy=False)

    def _numbers(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if rows.ndim == 0 or rows.shape[1:] != self.shape:
            wanted = ", ".join(map(str, self.shape))
            raise WganError(f"got rows of shape {rows.shape}, not [n, {wanted}]; reshape them")
        # float32 holds a uint8 exactly; any other dtype needs float64 not to lose digits to a large offset.
        work = np.float32 if self.dtype == "uint8" else np.float64
        return rows.astype(work, copy=False), np.asarray(self.offset, work), np.asarray(self.scale, work)

    def dequantised(self) -> "Form":
        """This form for rows that get noise of one level, u - 1/2 with u ~ U[0, 1), before they are encoded.

        The scale of images grows by that level, so that they stay in [-1, 1]: 2 (x + u) / 256 - 1 for 0 to 255,
        as in the CIFAR code of Gulrajani et al. 2017. Raises WganError for rows that are not whole numbers.
        """
        if np.dtype(self.dtype).kind == "f":
            raise WganError(f"dequantise is for rows of whole numbers, but these are {self.dtype}; use none")
        if self.kind != "images" or self.low is None or self.high is None:
            return self
        return replace(self, scale=(self.high - self.low + 1) / 2)

    def to_json(self) -> dict:
        """The fields as a dict that json can write."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict) -> "Form":
        """The Form that to_json wrote, exactly; TypeError or ValueError for fields of another kind."""
        values = _tuples(fields)
        if "columns" in values:
            from wgan.data.table import Column, TableForm

            columns = tuple(Column(**_tuples(column)) for column in values.pop("columns"))
            form: Form = TableForm(**values, columns=columns)
            form.encode(form.decode(np.zeros((1, *form.encoded_shape))))  # whatever does not fit together
        else:
            form = cls(**values)
        np.zeros(form.shape, form.dtype)
        np.asarray([form.low or 0, form.high or 0, *np.ravel(form.offset), *np.ravel(form.scale)], np.float64)
        return form


def _tuples(fields: dict) -> dict[str, Any]:
    return {key: tuple(x) if isinstance(x, list) else x for key, x in fields.items()}


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows at rest with their form.

    `rows` is C-contiguous and may be a memory map: uint8 [n, height, width, channels] for images of 0 to 255
    (others keep their dtype), float32 or float64 [n, columns] for tables and points.
    """

    name: str
    rows: np.ndarray
    form: Form
    labels: np.ndarray | None = None  # int64 [n]
    label_names: tuple[str, ...] = ()
    source: str = ""  # where it came from, for the log
    sha256: str = ""  # of the rows, where it is known without reading all of them


def from_array(X, *, name: str = "array", drop: str | None = None) -> Dataset:
    """An array, list or DataFrame as images, [n, height, width(, 1 | 3 | 4)], or as a table, [n, columns].

    A DataFrame keeps its columns but those of `drop`, see `table.from_frame`. Integer images within 0 to 255 are
    kept as uint8. Float images span [0, 1] or [-1, 1] where they fit, and others their minimum to maximum. Columns
    are standardised. Decoding gives back the dtype of X (float32 for float16). Raises WganError for anything that
    cannot be trained on.
    """
    if hasattr(X, "columns") and hasattr(X, "iloc"):  # a DataFrame; pandas may not be installed
        from wgan.data.table import from_frame

        return from_frame(X, name=name, drop=drop)
    try:
        array = np.asarray(X)
    except (TypeError, ValueError, RuntimeError) as error:
        raise WganError(f"{name} cannot become an array; give numbers in rows of one shape") from error
    if array.dtype.kind not in "biuf":
        raise WganError(f"{name} has dtype {array.dtype}, not real numbers; convert it, or drop the rest")
    if array.ndim not in (2, 3, 4):
        raise WganError(
            f"{name} has shape {array.shape}; reshape it to images [n, height, width] or "
            "[n, height, width, channels], or to a table [n, columns]"
        )
    if array.size == 0:
        raise WganError(f"{name} is empty (shape {array.shape}); give at least one row and one value a row")
    dtype = array.dtype.newbyteorder("=")
    if dtype.kind == "f":
        dtype = np.dtype(np.float64 if dtype.itemsize >= 8 else np.float32)
    array = np.ascontiguousarray(array, dtype=dtype)
    _check_values(array, name)
    if array.ndim == 2:
        return _table(array, name, getattr(X, "columns", range(array.shape[1])))
    return _images(array, name)


def _check_values(array: np.ndarray, name: str) -> None:
    low, high = array.min(), array.max()  # NaN comes through both; no copy of rows that may be memory-mapped
    if not np.isfinite([low, high]).all():
        bad = ~np.isfinite(array)
        first = tuple(int(i) for i in np.unravel_index(bad.argmax(), bad.shape))
        count = np.count_nonzero(bad)
        raise WganError(f"{name} has {count} NaN or infinite (the first at {first}); drop or fill those rows")
    if low == high:
        raise WganError(f"{name} is constant (every value is {low}); give rows that differ")
    if array.dtype.kind in "iu" and max(-int(low), int(high)) > LARGEST_EXACT:
        raise WganError(f"{name} holds integers from {low} to {high}, beyond 2**53; rescale it or use floats")


def _images(array: np.ndarray, name: str) -> Dataset:
    if array.ndim == 3:
        array = array[..., np.newaxis]
    if array.shape[3] not in (1, 3, 4):
        if array.shape[1] in (1, 3, 4):
            raise WganError(f"{name} is channels first {array.shape}; transpose it: X.transpose(0, 2, 3, 1)")
        raise WganError(f"{name} has {array.shape[3]} channels {array.shape}; give images of 1, 3 or 4")
    dtype, low, high = array.dtype, float(array.min()), float(array.max())
    if dtype.kind == "f":
        usual = [(0.0, 1.0), (-1.0, 1.0)]
    elif dtype.kind == "b":
        usual = [(0.0, 1.0)]
    else:
        usual = [(0.0, 255.0)] if np.can_cast(np.uint8, dtype) else []
    low, high = next((span for span in usual if span[0] <= low and high <= span[1]), (low, high))
    if dtype.kind != "f" and (low, high) in usual:
        array = array.astype(np.uint8, copy=False)
    offset, scale = high / 2 + low / 2, high / 2 - low / 2
    if scale <= NARROWEST * max(-low, high):
        raise WganError(f"{name} spans only {low} to {high}; rescale it")
    form = Form("images", array.shape[1:], dtype.name, offset, scale, low, high)
    return Dataset(name, array, form, source=f"an array of {len(array):,} images")


def _table(array: np.ndarray, name: str, columns: Iterable) -> Dataset:
    constant = np.flatnonzero(array.min(axis=0) == array.max(axis=0))
    if len(constant):
        raise WganError(f"{name} is constant in column {list(columns)[constant[0]]!r}; drop that column")
    with np.errstate(all="ignore"):
        mean, sd = array.mean(axis=0, dtype=np.float64), array.std(axis=0, dtype=np.float64)
    odd = np.flatnonzero(~np.isfinite(mean) | ~np.isfinite(sd) | (sd <= NARROWEST * np.abs(mean)))
    if len(odd):
        raise WganError(f"{name} is too wide or narrow in column {list(columns)[odd[0]]!r}; rescale it")
    dtype, low, high = array.dtype, None, None
    if dtype.kind == "b":
        low, high = 0.0, 1.0
    elif dtype.kind != "f":
        low = float(max(np.iinfo(dtype).min, -LARGEST_EXACT))
        high = float(min(np.iinfo(dtype).max, LARGEST_EXACT))
    form = Form("table", array.shape[1:], dtype.name, tuple(mean.tolist()), tuple(sd.tolist()), low, high)
    rows = array if dtype.kind == "f" else array.astype(np.float64)
    return Dataset(name, rows, form, source=f"a table of {len(array):,} rows")


def split(dataset: Dataset, held_out: float, rows: int | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted, disjoint int64 indices into dataset.rows: (train, held).

    `held_out` is the share held out (at least one row, unless 0); `rows` of the others are kept at random, or
    all for None. Fewer `rows` give a subset of more. Raises WganError where there are too few.
    """
    total = len(dataset.rows)
    if not 0 <= held_out < 1:
        raise WganError(f"held_out is {held_out}; give a share of the rows of at least 0 and below 1")
    held = max(1, round(held_out * total)) if held_out else 0
    available = total - held
    if available < 1:
        raise WganError(f"held_out {held_out} leaves none of the {total} rows to train on; lower it")
    kept = available if rows is None else rows
    if not 1 <= kept <= available:
        raise WganError(f"rows is {kept}, but {available} can be trained on; give 1 to {available}")
    order = stream(seed, "held_out").permutation(total)
    return np.sort(order[held : held + kept]), np.sort(order[:held])
