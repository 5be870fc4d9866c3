"""One form for every data set: rows at rest, how they are encoded for training, and which are held out."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from wgan.errors import WganError
from wgan.maths.streams import stream


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
        form = cls(**tuples(fields))
        np.zeros(form.shape, form.dtype)
        np.asarray([form.low or 0, form.high or 0, *np.ravel(form.offset), *np.ravel(form.scale)], np.float64)
        return form


def tuples(fields: dict) -> dict[str, Any]:
    """Fields as JSON gives them, with tuples for its lists."""
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
