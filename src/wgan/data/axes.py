"""Which axes of an array are space: said by the user as its kind, or guessed from its shape (see `guesses`)."""

from typing import NamedTuple

import numpy as np

from wgan.data.guesses import guessed
from wgan.errors import WganError, unknown_name

# How many axes of space a row of each kind has.
AXES = {"table": 0, "points": 0, "signals": 1, "images": 2, "volumes": 3}
KINDS = ("auto", "table", "signals", "images", "volumes")  # what the user may say; points are made by wgan alone

TWO_PARTS = "give their two parts apart: numpy.stack([X.real, X.imag], axis=-1)"  # for complex numbers


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
        "200 signals of 48 steps and 3 channels; use kind='images' if these are pictures"
        >>> rows_of(np.zeros((200, 48)), "signals", "X").array.shape
        (200, 48, 1)
    """
    if array.ndim > max(AXES.values()) + 2:
        raise WganError(
            f"{name} has shape {array.shape}, but rows have at most three axes of space and one of channels; reshape it"
        )
    if kind not in KINDS:
        raise unknown_name("kind", kind, KINDS)
    chosen, instead = (kind, "") if kind != "auto" else guessed(array, name)
    axes = AXES[chosen]
    if array.ndim not in (axes + 1, axes + 2):
        raise WganError(f"{name} has shape {array.shape}; reshape it to {_wanted(chosen)}")
    # a table of one axis has one column; other rows may lack their channels
    squeezed = array.ndim == (1 if axes == 0 else axes + 1)
    rows = array[..., np.newaxis] if squeezed else array
    if array.size and axes and min(rows.shape[1:-1]) == 1:
        raise WganError(
            f"{name} has shape {array.shape}, with an axis of space of length 1; drop that axis or, if it holds the "
            f"channels, move it to the end"
        )
    guess = f"{in_words(len(rows), rows.shape[1:], chosen)}; {instead}" if instead else ""
    return Rows(rows, chosen, squeezed, guess)


def in_words(count: int, shape: tuple[int, ...], kind: str) -> str:
    """Rows of this shape as words: "200 signals of 48 steps and 3 channels"."""
    if AXES[kind] == 0:
        return f"{count:,} row{'s' * (count != 1)} of {shape[0]:,} columns"
    size = " x ".join(map(str, shape[:-1])) + (" steps" if AXES[kind] == 1 else "")
    channels = "" if shape[-1] == 1 else f" and {shape[-1]} channels"
    noun = kind.removesuffix("s") if count == 1 else kind
    return f"{count:,} {noun} of {size}{channels}"


def _wanted(kind: str) -> str:
    if kind == "table":
        return "[n, columns] for a table, or give another kind"
    axes = {"signals": "steps", "images": "height, width", "volumes": "depth, height, width"}[kind]
    return f"[n, {axes}] or [n, {axes}, channels] for {kind}, or give another kind"
