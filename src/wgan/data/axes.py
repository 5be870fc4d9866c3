"""Which axes of an array are space: said by the user as its kind, or guessed from its shape."""

from typing import NamedTuple

import numpy as np

from wgan.errors import WganError, unknown_name

# How many axes of space a row of each kind has.
AXES = {"table": 0, "points": 0, "signals": 1, "images": 2, "volumes": 3}
KINDS = ("auto", "table", "signals", "images", "volumes")  # what the user may say; points are made by wgan alone

NEAR = 2  # axes of space are of about the same length: at most this factor apart
MOST_LEADS = 16  # a first axis of at most this length may hold channels, where the others are longer by a factor
LONGER = 4
COLOURS = (1, 3, 4)  # channels of grey, RGB and RGBA pictures
TWO_PARTS = "give their two parts apart: numpy.stack([X.real, X.imag], axis=-1)"  # for complex numbers
LEAST_PICTURE = 8  # bytes with axes of at least this length are a picture


class Rows(NamedTuple):
    """An array as rows [n, *space, channels], its kind, whether it was given without channels, and what was guessed."""

    array: np.ndarray
    kind: str
    squeezed: bool
    guess: str = ""


def rows_of(array: np.ndarray, kind: str, name: str) -> Rows:
    """The rows of an array of this kind; "auto" guesses the kind. Raises WganError for a shape that does not fit.

    Examples:
        >>> rows_of(np.zeros((200, 48, 3)), "auto", "X").guess
        '200 signals of 48 steps and 3 channels; set kind to images if these are pictures'
        >>> rows_of(np.zeros((200, 48)), "signals", "X").array.shape
        (200, 48, 1)
    """
    if array.ndim > max(AXES.values()) + 2:
        raise WganError(
            f"{name} has shape {array.shape}, but rows have at most three axes of space and one of channels; reshape it"
        )
    if kind not in KINDS:
        raise unknown_name("kind", kind, KINDS)
    chosen, instead = (kind, "") if kind != "auto" else _guessed(array, name)
    axes = AXES[chosen]
    if array.ndim not in (axes + 1, axes + 2):
        raise WganError(f"{name} has shape {array.shape}; reshape it to {_wanted(chosen)}")
    # a table of one axis has one column; other rows may lack their channels
    squeezed = array.ndim == (1 if axes == 0 else axes + 1)
    if axes == 0 and array.ndim == 2:
        return Rows(array, chosen, False)
    rows = array[..., np.newaxis] if squeezed else array
    if array.size and axes and min(rows.shape[1:-1]) == 1:
        raise WganError(
            f"{name} has shape {array.shape}, with an axis of space of length 1; drop that axis or, if it holds the "
            f"channels, move it to the end"
        )
    guess = f"{in_words(len(rows), rows.shape[1:], chosen)}; set kind to {instead}" if instead else ""
    return Rows(rows, chosen, squeezed, guess)


def in_words(count: int, shape: tuple[int, ...], kind: str) -> str:
    """Rows of this shape as words: "200 signals of 48 steps and 3 channels"."""
    if AXES[kind] == 0:
        return f"{count:,} row{'s' * (count != 1)} of {shape[0]:,} columns"
    size = " x ".join(map(str, shape[:-1])) + (" steps" if AXES[kind] == 1 else "")
    channels = "" if shape[-1] == 1 else f" and {shape[-1]} channels"
    noun = kind.removesuffix("s") if count == 1 else kind
    return f"{count:,} {noun} of {size}{channels}"


def _guessed(array: np.ndarray, name: str) -> tuple[str, str]:
    """The kind of an array, and the flag to use if the guess is wrong; "" where there is no doubt."""
    shape = array.shape
    if array.ndim <= 2:
        return "table", ""
    if array.size == 0:
        return ("images", "volumes")[array.ndim == 5], ""
    space = shape[1:]
    if array.ndim > 3 and _channels_first(space):
        order = ", ".join(map(str, (0, *range(2, array.ndim), 1)))
        instead = ", or give its kind" if space[0] > 1 else ""
        raise WganError(f"{name} is channels first {shape}; transpose it: X.transpose({order}){instead}")
    if array.ndim == 5:
        return "volumes", ""
    if array.ndim == 4:
        if space[-1] in COLOURS:
            doubt = space[-1] == COLOURS[-1] and array.dtype != np.uint8  # bytes in four channels are RGBA
            return "images", "volumes if the last axis is space" if doubt else ""
        if max(space) <= NEAR * min(space) and min(space) > max(COLOURS):
            return "volumes", "images if the last axis holds channels"
        if space[0] < space[1] == space[2]:
            raise WganError(
                f"{name} has shape {shape}: if these are images, the channels come last, so transpose it: "
                "X.transpose(0, 2, 3, 1); if the last axis is space too, set kind to volumes"
            )
        return "images", "volumes if the last axis is space"
    steps, channels = space
    if (channels > 1 and max(space) <= NEAR * min(space)) or (array.dtype == np.uint8 and min(space) >= LEAST_PICTURE):
        return "images", ""
    if steps > channels:
        return "signals", "images if these are pictures"
    if steps <= MOST_LEADS and channels >= LONGER * steps:
        pictures = "; if these are pictures, set kind to images" if steps > 1 else ""
        raise WganError(
            f"{name} has shape {shape}: if these are signals, the channels come last, so transpose it: "
            f"X.transpose(0, 2, 1){pictures}"
        )
    return "images", "signals if the last axis holds channels"


def _channels_first(space: tuple[int, ...]) -> bool:
    """Whether the first axis of a row holds few channels, and the others are longer axes of space."""
    first, *others = space
    return first <= max(COLOURS) and min(others) > max(COLOURS) and max(others) <= NEAR * min(others)


def _wanted(kind: str) -> str:
    if kind == "table":
        return "[n, columns] for a table, or give another kind"
    axes = {"signals": "steps", "images": "height, width", "volumes": "depth, height, width"}[kind]
    return f"[n, {axes}] or [n, {axes}, channels] for {kind}, or give another kind"
