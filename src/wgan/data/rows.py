"""`Dataset` and `Form`: rows at rest, how they are encoded for training, and which of them are held out."""

import math
from dataclasses import asdict, dataclass, field, replace
from io import BytesIO
from typing import Any, ClassVar, Self

import numpy as np

from wgan.data.axes import AXES
from wgan.data.guesses import COLOURS
from wgan.data.mapped import Mapped
from wgan.errors import WganError, a_kind, with_article
from wgan.files.notebooks import table
from wgan.files.records import converted
from wgan.maths.streams import stream

DTYPES = ("bool", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))
DTYPES += ("float16", "float32", "float64")
SHOWN = 12  # images in the table of a data set
SHOWN_DEVIATIONS = 3  # about the mean, in a picture of values without bounds
MOST_VALUES = 2**28  # of a row, which is 1 GiB as float32
BLOCK = 2**23  # values that are encoded at once: encoding takes up to 20 bytes for each


@dataclass(frozen=True)
class Form:
    """The shape and dtype of a row at rest, and how it is encoded for training: (row - offset) / scale."""

    kind: str  # of AXES: "signals", "images", "volumes", "table", or "points" (2-D, drawn as a scatter)
    shape: tuple[int, ...]  # (*space, channels), or (columns,)
    dtype: str  # NumPy's name of the dtype at rest, to which `decode` returns
    offset: float | tuple[float, ...]  # one for all values, or one for each column or channel
    scale: float | tuple[float, ...]
    low: float | None  # `decode` clips to [low, high]; None: no bound
    high: float | None
    # whether the rows were given without their last axis, whose length is 1
    squeezed: bool = field(default=False, kw_only=True, compare=False)
    # the channels of pictures that are constant, each with its number, which `decode` writes into them
    constants: tuple[tuple[int, float], ...] = field(default=(), kw_only=True)

    affine: ClassVar[bool] = True  # `decode` is a scale and an offset; the other forms decode column by column

    @property
    def encoded_shape(self) -> tuple[int, ...]:
        """The shape of an encoded row, as the networks see it; only a `TableForm` has another `shape` at rest."""
        return self.shape

    @property
    def space(self) -> tuple[int, ...]:
        """The length of each axis of space; () for tables and points."""
        return self.shape[:-1]

    @property
    def groups(self) -> tuple[int, ...]:
        """The number of units in each softmax at the end of an encoded row, or at each place of it."""
        return ()

    @property
    def bounded(self) -> bool:
        """Whether rows with axes of space are encoded in [-1, 1]."""
        if not self.space or self.low is None:
            return False
        ends = (np.array([[self.low], [self.high]], np.float64) - self.offset) / self.scale
        return bool(np.abs(ends).max() <= 1 + 1e-9)

    @property
    def picture(self) -> bool:
        """Whether rows are grey or coloured images with one range for all values."""
        return self.kind == "images" and self.affine and self.bounded and self.shape[-1] in COLOURS

    @property
    def drawn(self) -> tuple[np.ndarray, np.ndarray]:
        """The values of each channel that a picture shows as its darkest and its brightest, [channels] each."""
        if self.low is not None and (self.kind == "images" or not isinstance(self.offset, tuple)):
            low, high = np.array(self.low), np.array(self.high)
        else:
            low, high = (np.array(self.offset) + sign * SHOWN_DEVIATIONS * np.array(self.scale) for sign in (-1, 1))
        return np.broadcast_to(low, self.shape[-1:]), np.broadcast_to(high, self.shape[-1:])

    def encode(self, rows) -> np.ndarray:
        """Encode rows at rest [n, *shape] as float32 [n, *shape]: pictures in [-1, 1], others with mean 0 and sd 1.

        The last axis may be left out if its length is 1. Raises WganError for any other shape.
        """
        rows, offset, scale = self._working_arrays(self.at_rest(np.asarray(rows)))
        return ((rows - offset) / scale).astype(np.float32, copy=False)

    def decode(self, encoded, first: int = 0) -> np.ndarray:
        """Invert `encode`: rows [n, *shape] of `dtype`, rounded if it is an integer, then clipped to [low, high].

        Without these bounds, numbers that are too large for `dtype` become its largest number, such as 65,504 for
        float16. `first` is the number of rows before these, for long samples in parts; a `TableForm` needs it.

        Raises WganError for another shape, or for NaN where `dtype` is not a float.
        """
        encoded, offset, scale = self._working_arrays(np.asarray(encoded))
        rows = encoded * scale + offset
        if np.dtype(self.dtype).kind != "f":
            if np.isnan(rows).any():
                raise WganError(f"got NaN, which {self.dtype} cannot hold: the run diverged; use an earlier step")
            np.rint(rows, out=rows)
        if self.low is not None:
            np.clip(rows, self.low, self.high, out=rows)
        rows = self.rounded(rows) if self.low is None else rows.astype(self.dtype, copy=False)
        for channel, number in self.constants:
            rows[..., channel] = number
        return rows

    def rounded(self, rows: np.ndarray) -> np.ndarray:
        """Numbers of any float dtype in `dtype`; those that are too large for it become its largest number."""
        if np.dtype(self.dtype).kind == "f" and (most := np.finfo(self.dtype).max) < np.finfo(rows.dtype).max:
            np.clip(rows, -most, most, out=rows, where=np.isfinite(rows))
        return rows.astype(self.dtype, copy=False)

    def at_rest(self, rows: np.ndarray) -> np.ndarray:
        """Rows with their last axis, which may be left out if its length is 1; other rows stay as they are."""
        return rows[..., np.newaxis] if rows.ndim and (*rows.shape[1:], 1) == self.shape else rows

    def blocks(self, count: int) -> list[slice]:
        """The parts of so many rows that are encoded at once, since volumes may be larger than memory; at least one."""
        most = max(1, BLOCK // max(math.prod(self.shape), math.prod(self.encoded_shape)))
        each = 1 << (most.bit_length() - 1)  # a power of two, which the parts of networks and of features divide
        return [slice(first, min(first + each, count)) for first in range(0, count or 1, each)]

    def as_given(self, rows: np.ndarray) -> np.ndarray:
        """Rows at rest [n, *shape] in the shape of the rows that the form was made from."""
        return rows[..., 0] if self.squeezed else rows

    def _working_arrays(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows = self._of_shape(rows)
        # float32 holds a uint8 exactly; other dtypes need float64, since a large offset costs digits.
        work = np.float32 if self.dtype == "uint8" else np.float64
        return rows.astype(work, copy=False), np.asarray(self.offset, work), np.asarray(self.scale, work)

    def _of_shape(self, rows: np.ndarray) -> np.ndarray:
        """The same rows, if they have the form's shape. Raises WganError for others."""
        if rows.ndim == 0 or rows.shape[1:] != self.shape:
            wanted = ", ".join(map(str, self.shape))
            raise WganError(f"got rows of shape {rows.shape}, not [n, {wanted}]; reshape them")
        return rows

    def dequantised(self) -> "Form":
        """The form of rows to which noise u - 1/2, u ~ U[0, 1), is added before they are encoded.

        The scale of images with one range grows so that they stay in [-1, 1]: x from 0 to 255 becomes
        2 (x + u) / 256 - 1, as in the CIFAR code of Gulrajani et al. (2017). Raises WganError for rows that are not
        whole numbers.
        """
        if np.dtype(self.dtype).kind == "f":
            raise WganError(f"dequantise is for rows of whole numbers, but these are {self.dtype}; set it to none")
        if self.kind != "images" or isinstance(self.offset, tuple) or self.low is None or self.high is None:
            return self  # each channel has a scale of its own, beside which one level is narrow
        return replace(self, scale=(self.high - self.low + 1) / 2)

    def to_json(self) -> dict:
        """The fields as a dict that json can write, without fields of later versions that say nothing."""
        values = asdict(self)
        return {name: value for name, value in values.items() if value or name not in ("squeezed", "constants")}

    @classmethod
    def from_json(cls, fields: Any) -> Self:
        """The form that `to_json` wrote, exactly. Raises ValueError for all else."""
        form: Self = converted(fields, cls)
        form.check()
        return form

    def check(self) -> None:
        """Raise ValueError if the fields do not fit together, as those of a file may not."""
        if len(self.shape) - 1 != AXES.get(self.kind) or min(self.shape) < 1:
            raise ValueError(f"the form of the data has the shape {list(self.shape)[:5]}, which does not fit its kind")
        ends = (self.low, self.high)
        numbers = np.array([*np.ravel(self.offset), *np.ravel(self.scale), *(end for end in ends if end is not None)])
        lengths = {len(x) for x in (self.offset, self.scale) if isinstance(x, tuple)}
        for what, fits in (
            ("shape", math.prod(self.shape) <= MOST_VALUES),
            ("dtype", self.dtype in DTYPES),
            ("squeezed", not self.squeezed or self.shape[-1] == 1),
            ("constants", all(0 <= at < self.shape[-1] and np.isfinite(x) for at, x in self.constants)),
            ("scale", lengths <= {self.shape[-1]} and bool(np.isfinite(numbers).all()) and np.min(self.scale) > 0),
            ("low", (ends[0] is None) == (ends[1] is None) and (ends[0] is None or ends[0] < (ends[1] or 0))),
        ):
            if not fits:
                raise ValueError(f"the form of the data has {with_article(what)} that does not fit")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows at rest with their form and labels.

    `rows` [n, *space, channels] is C-contiguous and may be a memory map. Images from 0 to 255 are uint8, and other rows
    with axes of space keep their dtype. Tables and points are float32 or float64 [n, columns]. If the file behind the
    rows was written or shortened since it was opened, access to the rows raises WganError.
    """

    name: str
    rows: np.ndarray
    form: Form
    labels: np.ndarray | None = None  # int64 [n]
    label_names: tuple[str, ...] = ()
    source: str = ""  # where the rows came from, for the log
    sha256: str = ""  # of the rows, if it is known without reading all of them
    notes: tuple[tuple[str, str], ...] = ()  # (a column, or "" for the whole; what was guessed when it was read)
    mapped: Mapped | None = None  # the file that the rows are a map of
    condition: Any = None  # what generation is told of each row besides labels, a `conditions.Given`
    apart: np.ndarray | None = None  # bool [n]: which rows to hold out, for crops, which overlap; None: any rows
    axis: np.ndarray | None = None  # int64 [n]: the axis of a volume to which each crop is perpendicular; None: any

    def __post_init__(self) -> None:
        if not isinstance(self.rows, np.ndarray) or isinstance(self.rows, np.ma.MaskedArray):
            raise WganError(
                f"the rows of {self.name} are {a_kind(self.rows)}, not an array; make the set with data.from_array"
            )
        if self.rows.shape[1:] != self.form.shape:
            raise WganError(
                f"{self.name} has rows of {self.rows.shape[1:]}, but its form {self.form.shape}; reshape one"
            )
        if self.labels is not None and np.shape(self.labels) != self.rows.shape[:1]:
            raise WganError(
                f"{self.name} has labels of shape {np.shape(self.labels)} for {len(self.rows)} rows; give one for each"
            )
        if self.condition is not None and len(self.condition.values) != len(self.rows):
            raise WganError(
                f"{self.name} has {len(self.condition.values)} conditions for {len(self.rows)} rows; give one for each"
            )

    def _repr_html_(self) -> str:
        """A table for a notebook, with the first images below it."""
        about = [("rows", f"{len(self.rows):,}"), ("shape of a row", "x".join(map(str, self.form.shape)))]
        about += [("kind", self.form.kind), ("dtype", str(self.rows.dtype)), ("source", self.source)]
        about += [("classes", str(len(self.label_names)))] if len(self.label_names) else []
        return table(self.name, about, _strip(self.form, self.rows[:SHOWN]) if self.form.picture else b"")


def _strip(form: Form, images: np.ndarray) -> bytes:
    """Images side by side as a PNG, each at least 32 pixels high."""
    from PIL import Image

    side = np.concatenate([*np.clip((form.encode(images) + 1) * 127.5, 0, 255).round().astype(np.uint8)], axis=1)
    factor, file = max(1, 32 // side.shape[0]), BytesIO()
    side = side.repeat(factor, axis=0).repeat(factor, axis=1)
    Image.fromarray(side[..., 0] if side.shape[-1] == 1 else side).save(file, format="PNG")
    return file.getvalue()


def _unchanged_rows(dataset: Dataset) -> np.ndarray:
    if mapped := dataset.__dict__.get("mapped"):
        mapped.refuse_changed()
    return dataset.__dict__["rows"]


def _keep_rows(dataset: Dataset, rows: np.ndarray) -> None:
    dataset.__dict__["rows"] = rows


# Every reader of rows asks for them here, so this is the place to see whether their file changed.
Dataset.rows = property(_unchanged_rows, _keep_rows)  # type: ignore[assignment]


def split(dataset: Dataset, held_out: float, rows: int | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Split a data set into training and held-out rows, two arrays of sorted, disjoint int64 indices.

    `held_out` is the share of rows to hold out (at least one row, unless it is 0). Of the other rows, `rows` are drawn
    at random for training, or all of them for None. With the same seed, fewer `rows` are a subset of more. A data set
    that says which rows lie `apart` decides what is held out. Raises WganError if there are too few rows.
    """
    total, apart = len(dataset.rows), dataset.apart
    if not 0 <= held_out < 1:
        raise WganError(f"held_out is {held_out}; give a share of the rows of at least 0 and below 1")
    held = int(apart.sum()) if apart is not None else max(1, round(held_out * total)) if held_out else 0
    available = total - held
    if available < 1:
        none, instead = (f"none of the {total} rows", "lower it") if total > 1 else ("no row", "set it to 0")
        raise WganError(f"held_out {held_out} leaves {none} to train on; {instead}")
    kept = available if rows is None else rows
    if not 1 <= kept <= available:
        raise WganError(f"rows is {kept}, but {available} can be trained on; give 1 to {available}")
    order = stream(seed, "held_out").permutation(total)
    order = order if apart is None else np.concatenate([order[apart[order]], order[~apart[order]]])
    return np.sort(order[held : held + kept]), np.sort(order[:held])
