"""What kinds of layers do to rows: the shape after a kind, its slope and its matrices.

A slope is the norm of a layer's matrix, or the steepest slope of its function.
"""

import math

import numpy as np

from wgan.errors import WganError, setting
from wgan.game.arrays import Arrays, Layer, Row
from wgan.maths.operators import convolution_norm


def groupsort_shape(layer: Layer, row: Row) -> Row:
    if row[-1] % 2:
        raise WganError(f"groupsort sorts pairs of features but a layer has {row[-1]}; use an even {setting('width')}.")
    return row


def unit_slope(layer: Layer, arrays: Arrays, row: Row, out: Row) -> float:
    return 1.0


def conv_slope(layer: Layer, arrays: Arrays, row: Row, out: Row) -> float:
    groups = np.split(arrays["weight"], layer.get("groups", 1))  # they act side by side on parts of the channels
    return max(convolution_norm(one, layer["stride"], row[:-1]) for one in groups)


def conv_transpose_slope(layer: Layer, arrays: Arrays, row: Row, out: Row) -> float:
    return convolution_norm(arrays["weight"], layer["stride"], out[:-1])  # of its adjoint, from `out` to `row`


def projection_slope(layer: Layer, arrays: Arrays, row: Row, out: Row) -> float:
    if "hidden" in layer:  # each of the hidden units lies in [-1, 1]
        of_condition = np.linalg.norm(arrays["classes"], 2) * math.sqrt(layer["hidden"])
        return float(np.linalg.norm(arrays["weight"]) + of_condition)
    return float(np.linalg.norm(arrays["weight"] + arrays["classes"], axis=1).max())  # the slope of the steepest class


def mean_pool_slope(layer: Layer, arrays: Arrays, row: Row, out: Row) -> float:
    return 1 / math.sqrt(math.prod(1 if size % 2 else 2 for size in row[:-1]))  # 1 / sqrt(places of the smallest block)


def convolution_matrices(layer: Layer, arrays: Arrays) -> dict[str, float]:
    """The weight with ceil(k / stride)^(axes / 2): a place lies in at most the square of that many patches."""
    axes = len(arrays["weight"].shape) - 2
    return {"weight": math.ceil(layer["kernel"] / layer["stride"]) ** (axes / 2)}


def padding(size: int, kernel: int, stride: int) -> int:
    """The number of zeros at both ends of an axis for which a convolution gives ceil(size / stride).

    TensorFlow's "same" may pad one end more than the other; this is then its mirror image.
    """
    return math.ceil(max((math.ceil(size / stride) - 1) * stride + kernel - size, 0) / 2)


def pads(layer: Layer, size: tuple[int, ...]) -> tuple[int, ...]:
    """The zeros at both ends of each axis of space of a convolution on maps of this size."""
    return tuple(layer.get("pad", padding(s, layer["kernel"], layer["stride"])) for s in size)
