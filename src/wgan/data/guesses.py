"""What the axes of an array hold where nobody says its kind: a table of the shapes that rows can have.

A shape with two likely readings is read as the likelier one, and the other one is said with the way to ask for it. If
a wrong guess would mix axes of space with channels, the array is refused instead.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from wgan.errors import WganError, setting

COLOURS = (1, 3, 4)  # channels of grey, RGB and RGBA pictures
NEAR = 2  # axes of space are of about the same length: at most this factor apart
LONGER = 4  # a last axis that is longer by this factor holds steps
FEW = 16  # an axis of at most this length may well hold channels
WIDE = 32  # columns; so many may well be the steps of a signal
LEAST_PICTURE = 8  # bytes with axes of at least this length are a picture

Shape = tuple[int, ...]


class Reading(NamedTuple):
    """Rows of a shape for which `fits` holds are read as this kind; "" refuses them.

    `order` are the axes of the array with the channels moved to the end, where another axis may hold them. `or_else`
    says what else is likely. In both texts {signals}, {images} and {volumes} are the settings of these kinds.
    """

    kind: str
    fits: Callable[[Shape, np.dtype], bool]
    or_else: str = ""
    order: Shape = ()


def guessed(array: np.ndarray, name: str) -> tuple[str, str]:
    """The kind of an array, and what to do if the guess is wrong; "" where there is no doubt.

    Raises WganError, with what to do, for a shape that `READINGS` refuses.
    """
    row = array.shape[1:]
    if array.size == 0 or not row:
        return ("table", "table", "table", "signals", "images", "volumes")[array.ndim], ""
    reading = next(one for one in READINGS[len(row)] if one.fits(row, array.dtype))
    text = reading.or_else.format(
        **{kind: setting("kind", kind) for kind in ("signals", "images", "volumes")},
        transposed=f"X.transpose({', '.join(map(str, reading.order))})",
    )
    if not reading.kind:
        raise WganError(f"{name} has shape {array.shape}: {text}")
    return reading.kind, text


def _near(*axes: int) -> bool:
    return max(axes) <= NEAR * min(axes)


def _leads(row: Shape) -> bool:
    """Whether the first axis holds few channels, and the others are longer axes of space."""
    first, *others = row
    return first <= max(COLOURS) < min(others) and _near(*others)


def _stacked(row: Shape) -> bool:
    """Whether all axes but the first have one length, and the first one's length is that of channels."""
    first, *others = row
    equal = max(others) == min(others) > max(COLOURS)
    return equal and first != others[0] and (first <= FEW or not _near(*row))


def _thin(row: Shape) -> bool:
    """Whether the first axis is short beside two longer ones of about one length."""
    first, *others = row
    return first <= FEW and first < min(others) and _near(*others) and not _near(*row)


def _bands(row: Shape) -> bool:
    """Whether the last axis of a row of three looks like channels beside two axes of space."""
    height, width, last = row
    if height == width:
        return last != height and (last <= FEW or not _near(*row))
    if _near(*row) and min(row) > max(COLOURS):
        return last == min(row) <= FEW
    return last <= FEW or last in (min(row), max(row))


_VOLUMES = "use {volumes}"
_FIRST = "its first axis may hold channels, which come last, so transpose it: {transposed}"
_LAST = "use {volumes} if the last axis is space"
_CHANNELS = "use {images} if the last axis holds channels"
_SPACE_TOO = f"{_FIRST}; if the last axis is space too, use {{volumes}}"

# The readings of a row, by its number of axes; the first that fits is taken.
READINGS: dict[int, tuple[Reading, ...]] = {
    1: (
        Reading("table", lambda row, dtype: row[0] < WIDE),
        Reading("table", lambda row, dtype: True, "use {signals} if each row is one signal"),
    ),
    2: (  # steps and channels, or height and width
        Reading("signals", lambda row, dtype: row[1] == 1 < row[0]),
        Reading("", lambda row, dtype: row[0] == 1 and row[1] >= LONGER, _FIRST, (0, 2, 1)),
        Reading("images", lambda row, dtype: row[0] == row[1]),
        Reading("images", lambda row, dtype: dtype == np.uint8 and min(row) >= LEAST_PICTURE and _near(*row)),
        Reading(
            "images",
            lambda row, dtype: _near(*row) or (dtype == np.uint8 and min(row) >= LEAST_PICTURE),
            "use {signals} if the last axis holds channels",
        ),
        Reading("signals", lambda row, dtype: row[0] > row[1], "use {images} if these are pictures"),
        Reading(
            "",
            lambda row, dtype: row[1] >= LONGER * row[0],
            f"{_FIRST}; if these are pictures, use {{images}}",
            (0, 2, 1),
        ),
        Reading(
            "images",
            lambda row, dtype: True,
            "use {signals} if the last axis holds channels; if the first one does, transpose it: {transposed}",
            (0, 2, 1),
        ),
    ),
    3: (  # height, width and channels, or three axes of space
        Reading("", lambda row, dtype: _leads(row) and row[0] == 1, _FIRST, (0, 2, 3, 1)),
        Reading("", lambda row, dtype: _leads(row), _SPACE_TOO, (0, 2, 3, 1)),
        Reading("images", lambda row, dtype: row[2] in COLOURS and max(row[:2]) > row[2] and dtype == np.uint8),
        Reading("images", lambda row, dtype: row[2] in COLOURS[:2] and max(row[:2]) > row[2]),
        Reading("images", lambda row, dtype: min(row) <= max(COLOURS), _LAST),
        Reading("", lambda row, dtype: _stacked(row), _SPACE_TOO, (0, 2, 3, 1)),
        Reading("", lambda row, dtype: _thin(row), _SPACE_TOO, (0, 2, 3, 1)),
        Reading("images", lambda row, dtype: _bands(row), _LAST),
        Reading("volumes", lambda row, dtype: True, _CHANNELS),
    ),
    4: (  # three axes of space and channels
        Reading("", lambda row, dtype: _leads(row) and row[0] == 1, _FIRST, (0, 2, 3, 4, 1)),
        Reading("", lambda row, dtype: _leads(row) or _stacked(row), f"{_FIRST}; if not, {_VOLUMES}", (0, 2, 3, 4, 1)),
        Reading(
            "",  # films of PyTorch: time, channels, height, width
            lambda row, dtype: row[0] > 1 and _leads(row[1:]),
            "its second axis may hold channels, which come last, so transpose it: {transposed}; if not, use {volumes}",
            (0, 1, 3, 4, 2),
        ),
        Reading("volumes", lambda row, dtype: True),
    ),
}  # fmt: skip
