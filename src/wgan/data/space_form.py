"""The form of rows with axes of space: pictures have one scale, and the channels of other rows one each.

Pictures are images of bytes, of floats in [0, 1] or [-1, 1], of whole numbers that span at most 255, or of longer whole
numbers in 1, 3 or 4 channels. If a channel that varies spans less than `SHARE` of their range, the images are no
pictures, since one scale would hide that channel. The channels of all other rows are encoded as the columns of a table
are (see `array_form`): a plain channel is standardised, one with spikes, bounds or a grid gets normal scores, and one
with a few numbers gets a softmax. A constant channel stays constant. What is asked of all rows is read in blocks, since
they may be larger than memory; the rest is seen on a sample.
"""

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np

from wgan.data.array_form import LEVEL, ArrayForm, decimals_of, is_plain
from wgan.data.axes import Rows, in_words
from wgan.data.columns import Column, constant_column, number_column
from wgan.data.guesses import COLOURS
from wgan.data.rows import Dataset, Form
from wgan.errors import WganError
from wgan.maths.exact import LARGEST_EXACT

NARROWEST = 1e-12  # spread / size; below it float64 keeps too few digits of the spread
UNIT, SIGNED, BYTES = USUAL_SPANS = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))  # the usual ranges of images
PHASES = 8  # at most so many numbers in a channel are levels, as the phases of a medium are
SHARE = 1 / 32  # of the range of pictures: less is under 8 of the 255 steps of bytes
BLOCK = 2**22  # numbers that are read at once
SOME, ROWS = 2**20, 4096  # places at which the distribution of a channel is seen, and rows that have them


def dataset_of_space(rows: Rows, name: str) -> Dataset:
    """The Dataset of rows [n, *space, channels] that are finite and vary.

    Raises WganError where they hardly vary, and where each channel is constant.
    """
    span = _picture_span(rows.array) if rows.kind == "images" else None
    narrow = "" if span is None else _narrow(rows.array, span)
    if span is not None and not narrow:
        return with_constants(_picture(rows.array, name, span))
    dataset = _by_channel(rows, name)
    return with_constants(replace(dataset, notes=(("", narrow),)) if narrow else dataset)


def with_constants(dataset: Dataset) -> Dataset:
    """The data set with a note on each constant channel, which its samples keep.

    Raises WganError where each channel is constant.
    """
    rows, form = dataset.rows, dataset.form
    constants = _constants(rows)
    if len(constants) == rows.shape[-1]:
        raise WganError(f"{dataset.name} is constant in each channel; give rows that differ")
    notes = (("", f"channel {at} is constant ({number:g}) and stays so") for at, number in constants)
    form = replace(form, constants=constants) if form.affine else form  # in other forms they are columns without units
    return replace(dataset, form=form, notes=(*dataset.notes, *notes))


def _constants(rows: np.ndarray) -> tuple[tuple[int, float], ...]:
    """The channels of rows [n, *space, channels] that are constant, each with its number."""
    first = rows[0].reshape(-1, rows.shape[-1])[0]
    alike = np.ones(len(first), bool)
    for block in _blocks(rows):
        alike &= (block == first).all(tuple(range(block.ndim - 1)))
        if not alike.any():
            break
    return tuple((int(at), float(first[at])) for at in np.flatnonzero(alike))


def _picture_span(array: np.ndarray) -> tuple[float, float] | None:
    """The range of pictures that holds all values; None if the rows are no pictures."""
    dtype, low, high = array.dtype, float(array.min()), float(array.max())
    usual = [UNIT, SIGNED] if dtype.kind == "f" else [UNIT] if dtype.kind == "b" else [BYTES]
    usual = usual if dtype.kind in "fb" or np.can_cast(np.uint8, dtype) else []
    found = next((span for span in usual if span[0] <= low and high <= span[1]), None)
    if found == BYTES and high < PHASES and _levels(array[..., 0], array.reshape(-1)[:SOME]) is not None:
        return None
    if found is None and dtype.kind in "iu" and (array.shape[-1] in COLOURS or high - low <= BYTES[1]):
        found = low, high
    if found is None and dtype.kind == "f" and high - low <= BYTES[1] and decimals_of(_some(array).ravel()) == 0:
        found = low, high
    return found


def _narrow(array: np.ndarray, span: tuple[float, float]) -> str:
    """Why one scale would not do for pictures of this range: the channel that spans least of it; "" if it would do."""
    ends = [(float(channel.min()), float(channel.max())) for channel in np.moveaxis(array, -1, 0)]
    wide = [high - low if low < high else np.inf for low, high in ends]
    at, (low, high) = int(np.argmin(wide)), ends[int(np.argmin(wide))]
    if not wide[at] < SHARE * (span[1] - span[0]):
        return ""
    return (
        f"channel {at} has values from {low:g} to {high:g} in images of {span[0]:g} to {span[1]:g}, so each channel "
        "has a scale of its own"
    )


def _picture(array: np.ndarray, name: str, span: tuple[float, float]) -> Dataset:
    (low, high), dtype = span, array.dtype
    if dtype.kind != "f" and span in (UNIT, BYTES):
        array = array.astype(np.uint8, copy=False)
    offset, scale = high / 2 + low / 2, high / 2 - low / 2
    if scale <= NARROWEST * max(-low, high):
        raise WganError(f"{name} spans only {low} to {high}; rescale it")
    form = Form("images", array.shape[1:], dtype.name, offset, scale, low, high)
    return Dataset(name, array, form, source=f"an array of {in_words(len(array), form.shape, 'images')}")


def _by_channel(rows: Rows, name: str) -> Dataset:
    array, seen = rows.array, _some(rows.array)
    mean, sd, low, high = _moments(array)
    odd = ~np.isfinite(mean) | ~np.isfinite(sd) | ((low < high) & (sd <= NARROWEST * np.abs(mean)))
    if odd.any():
        raise WganError(f"{name} varies too much or too little in channel {odd.argmax()}; rescale it")
    integer = array.dtype.kind in "iub"
    ends = _range_of(array.dtype) if integer else (None, None)
    scales = tuple(np.where(sd > 0, sd, 1.0).tolist())
    form = Form(rows.kind, array.shape[1:], array.dtype.name, tuple(mean.tolist()), scales, *ends)
    levels = [_levels(array[..., at], seen[:, at]) for at in range(len(mean))]
    level = LEVEL / len(mean)
    plain = [
        found is None and bottom < top and is_plain(seen[:, at], level)
        for at, (found, bottom, top) in enumerate(zip(levels, low, high, strict=True))
    ]
    how = ""
    if not all(plain):
        with_ends = np.concatenate([seen.astype(np.float64), [low, high]])
        columns = tuple(
            Column(at, "plain", array.dtype.name)
            if plain[at]
            else _column(at, levels[at], with_ends[:, at], array.dtype)
            for at in range(len(mean))
        )
        known = {field.name: getattr(form, field.name) for field in fields(Form)}
        form = ArrayForm(**known, numbers=columns)
        others = plain.count(False)
        how = f"; {others} of {len(plain)} channels {'is' if others == 1 else 'are'} not plain: {_kinds(columns)}"
    at_rest = array.view(np.uint8) if array.dtype.kind == "b" else array
    words = in_words(len(array), form.shape, rows.kind)
    return Dataset(name, at_rest, form, source=f"an array of {words}{how}")


def _kinds(columns: tuple[Column, ...]) -> str:
    """How many channels are of each kind, in words."""
    words = {"plain": "standardised", "number": "normal scores", "levels": "one-hot levels", "constant": "constant"}
    counts = {kind: sum(column.kind == kind for column in columns) for kind in words}
    return ", ".join(f"{count} {words[kind]}" for kind, count in counts.items() if count)


def _column(at: int, levels: np.ndarray | None, values: np.ndarray, dtype: np.dtype) -> Column:
    plain = Column(at, "levels", dtype.name)
    none = np.zeros(len(values), bool)
    if levels is None:
        return number_column(plain, values, none)[0]
    if len(levels) == 1:
        return constant_column(plain, (float(levels[0]),), none)[0]
    return replace(plain, levels=tuple(levels.astype(np.float64).tolist()), kept=len(levels))


def _levels(channel: np.ndarray, seen: np.ndarray) -> np.ndarray | None:
    """All numbers of a channel [n, *space], ascending, if they are few; None if there are more than `PHASES`."""
    found = np.unique(seen)
    for block in _blocks(channel):
        if len(found) > PHASES:
            return None
        if not np.isin(block, found).all():
            found = np.union1d(found, block)
    return found if len(found) <= PHASES else None


def _moments(array: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The mean, the standard deviation, the least and the largest number of each channel, in float64."""
    axes, channels = tuple(range(array.ndim - 1)), array.shape[-1]
    low, high = np.full(channels, np.inf), np.full(channels, -np.inf)
    total, squares, count = np.zeros(channels), np.zeros(channels), array[..., 0].size
    for block in _blocks(array):
        low, high = np.minimum(low, block.min(axes)), np.maximum(high, block.max(axes))
    with np.errstate(all="ignore"):  # a range beyond float64 gives infinities, which the caller names
        spread = np.where(high > low, high - low, 1.0)
        for block in _blocks(array):
            share = (block - low) / spread  # in [0, 1], so that squares neither overflow nor vanish
            total, squares = total + share.sum(axes), squares + (share * share).sum(axes)
        mean = total / count
        return low + spread * mean, spread * np.sqrt(np.maximum(squares / count - mean * mean, 0)), low, high


def _some(array: np.ndarray) -> np.ndarray:
    """The channels [m, channels] at about `SOME` places of at most `ROWS` rows, evenly spread."""
    rows = array[:: max(1, len(array) // ROWS)]
    step = max(1, len(rows) * array[0, ..., 0].size // SOME)
    return np.concatenate([row.reshape(-1, array.shape[-1])[::step] for row in rows])  # a row alone is in memory


def _blocks(array: np.ndarray) -> Iterator[np.ndarray]:
    each = max(1, BLOCK // max(1, array[0].size))
    return (array[first : first + each] for first in range(0, len(array), each))


def _range_of(dtype: np.dtype) -> tuple[float, float]:
    if dtype.kind == "b":
        return 0.0, 1.0
    whole = np.iinfo(dtype)
    return float(max(whole.min, -LARGEST_EXACT)), float(min(whole.max, LARGEST_EXACT))
