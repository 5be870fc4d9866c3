"""Layers that are 1-Lipschitz whatever their weights are: each rescales free weights when it is applied.

With zero padding a convolution is a part of the convolution on an endless map, so its norm is at most that one's. A
stride drops outputs, which makes no vector longer.
"""

import math
from collections.abc import Iterator
from functools import reduce
from itertools import product
from typing import Any

import numpy as np

from wgan.game.arrays import Arrays, Layer, Params, Row, alike, drawn
from wgan.game.kind import Kind, Seen
from wgan.game.slopes import pads, unit_slope
from wgan.game.spectrum import TINY, nearly_orthogonal, norm_bound
from wgan.maths.operators import convolution_norm

# The builders.


def aol_dense(features: int) -> Layer:
    """x (D W)^T + b with the D of the almost orthogonal layers of Prach and Lampert (2022)."""
    return {"kind": "aol_dense", "features": features}


def aol_conv(features: int, kernel: int, stride: int = 1) -> Layer:
    """The convolution of the almost orthogonal layers of Prach and Lampert (2022), with the shapes of `conv`."""
    return {"kind": "aol_conv", "features": features, "kernel": kernel, "stride": stride}


def sll_dense() -> Layer:
    """x - 2 relu(x W^T + b) T^-1 W, the SDP-based layer of Araujo et al. (2023); it is its own activation."""
    return {"kind": "sll_dense"}


def sll_conv(kernel: int = 3) -> Layer:
    """The layer of `sll_dense` whose W is a convolution of an odd kernel."""
    return {"kind": "sll_conv", "kernel": kernel}


def orthogonal_dense(features: int) -> Layer:
    """x W^T + b with orthonormal rows or columns, by Bjorck's iteration (Anil, Lucas, Grosse 2019)."""
    return {"kind": "orthogonal_dense", "features": features}


def orthogonal_conv(features: int, kernel: int, stride: int = 1) -> Layer:
    """An orthogonal convolution with stride, with the shapes of `conv`; the kernel is at least as wide as the stride.

    It is one kernel made of 2-wide block-orthogonal kernels (Li et al. 2019, BCOP) and of a matrix with orthonormal
    rows or columns on patches as wide as the stride (as in Boissin et al. 2025).
    """
    return {"kind": "orthogonal_conv", "features": features, "kernel": kernel, "stride": stride}


# What they compute.


def _absolute(ops: Any, x: Any) -> Any:
    return ops.relu(x) + ops.relu(0.0 - x)


def _correlations(ops: Any, kernel: Any, of: int) -> Any:
    """The sum over all shifts of |the product of two channels of a kernel [out, in, k, ...]|: [channels, channels].

    The channels are those of the axis `of`: 0 are outputs, 1 are inputs.
    """
    space = tuple(range(2, kernel.ndim))
    maps = ops.transpose(kernel, (of, *space, 1 - of))
    weight = kernel if of == 0 else ops.transpose(kernel, (1, 0, *space))
    found = _in_full(ops, maps, weight)
    return _absolute(ops, found).sum(tuple(axis - 1 for axis in space))


def _in_full(ops: Any, maps: Any, weight: Any) -> Any:
    """The convolution of maps with enough zeros around them that no product is lost."""
    zeros = 0.0 * weight.sum(tuple(range(1, weight.ndim)))
    return ops.conv(maps, weight, zeros, 1, tuple(k - 1 for k in weight.shape[2:]))


def _aol_dense(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    free = arrays["free"]
    gram = _absolute(ops, ops.matmul(free.T, free)).sum(1)
    return ops.dense(x / ops.sqrt(gram + TINY), free, arrays["bias"])


def _aol_conv(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    scale = ops.sqrt(_correlations(ops, arrays["free"], 1).sum(1) + TINY)
    return ops.conv(x / scale, arrays["free"], arrays["bias"], layer["stride"], pads(layer, x.shape[1:-1]))


def _sll_dense(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    free, weights = arrays["free"], arrays["scale"] * arrays["scale"] + TINY
    rows = (_absolute(ops, ops.matmul(free, free.T)) * weights).sum(1) / weights
    hidden = ops.relu(ops.dense(x, free, arrays["bias"]))
    return x - ops.matmul(2.0 * hidden / (rows + TINY), free)


def _sll_conv(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    free, weights = arrays["free"], arrays["scale"] * arrays["scale"] + TINY
    rows = (_correlations(ops, free, 0) * weights).sum(1) / weights
    space = x.shape[1:-1]
    around = pads(layer | {"stride": 1}, space)
    hidden = ops.relu(ops.conv(x, free, arrays["bias"], 1, around))
    return x - ops.conv_transpose(2.0 * hidden / (rows + TINY), free, 0.0 * arrays["bias"], 1, around, space)


def _orthogonal_dense(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    return ops.dense(x, _normed(ops, arrays["free"]), arrays["bias"])


def _normed(ops: Any, matrix: Any) -> Any:
    return nearly_orthogonal(ops, matrix / norm_bound(ops, matrix))


def _turns(layer: Layer, axes: int) -> Iterator[tuple[str, ...]]:
    """The names of the free matrices of each block-orthogonal kernel, one for each axis of space."""
    for stage in range(layer["kernel"] - layer["stride"]):
        yield tuple(f"turn_{stage}_{axis}" for axis in range(axes))


def orthogonal_kernel(ops: Any, layer: Layer, arrays: Arrays, axes: int) -> Any:
    """The kernel [out, in, k, ...] of an orthogonal convolution.

    A 2-wide kernel that is P at one place and I - P at the next, for a projector P, is orthogonal: its frequencies are
    P + exp(i w) (I - P). Kernels of several axes are products of one for each axis.
    """
    free = arrays["free"]
    patch, space = _normed(ops, free.reshape(free.shape[0], -1)).reshape(*free.shape), range(1, 1 + axes)
    found = None  # what the 2-wide kernels together make of an impulse in each channel: [channels, k, ..., channels]
    for names in _turns(layer, axes):
        kernel = _block_orthogonal(ops, [arrays[name] for name in names])
        first = ops.transpose(kernel, (1, *(axis + 1 for axis in space), 0))
        found = first if found is None else _in_full(ops, found, kernel)
    return patch if found is None else ops.transpose(_in_full(ops, found, patch), (1 + axes, 0, *space))


def _block_orthogonal(ops: Any, free: list[Any]) -> Any:
    """A kernel [c, c, 2, ...] from a free matrix [c, h] for each axis, whose range is that of the axis's projector."""
    projectors = []
    for one in free:
        columns = _normed(ops, one)
        inside = ops.matmul(columns, columns.T)
        projectors.append((inside, ops.eye(inside) - inside))
    corners = [reduce(ops.matmul, corner).reshape(1, *projectors[0][0].shape) for corner in product(*projectors)]
    stacked = ops.transpose(ops.concatenate(*corners), (1, 2, 0))
    return stacked.reshape(*projectors[0][0].shape, *[2] * len(free))


def _orthogonal_conv(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    kernel = orthogonal_kernel(ops, layer, arrays, x.ndim - 2)
    return ops.conv(x, kernel, arrays["bias"], layer["stride"], pads(layer, x.shape[1:-1]))


# Their initial weights and slopes.


def _dense_init(layer: Layer, row: Row, scheme: str, rng: Any) -> Params:
    features = layer["features"]
    return {"free": drawn(scheme, rng, (features, row[-1]), row[-1], features), "bias": alike(0, rng, (features,))}


def _conv_init(layer: Layer, row: Row, scheme: str, rng: Any, kernel: int = 0) -> Params:
    kernel = kernel or layer["kernel"]
    axes, features, channels = len(row) - 1, layer.get("features", row[-1]), row[-1]
    fans = channels * kernel**axes, features * kernel**axes
    free = drawn(scheme, rng, (features, channels, *[kernel] * axes), *fans)
    return {"free": free, "bias": alike(0, rng, (features,))}


def _sll_init(layer: Layer, row: Row, scheme: str, rng: Any) -> Params:
    kernel = layer.get("kernel")
    free = _conv_init(layer, row, scheme, rng) if kernel else _dense_init({"features": row[-1]}, row, scheme, rng)
    return free | {"scale": alike(1, rng, (row[-1],))}


def _orthogonal_conv_init(layer: Layer, row: Row, scheme: str, rng: Any) -> Params:
    arrays = _conv_init(layer, row, scheme, rng, min(layer["kernel"], layer["stride"]))
    shape = row[-1], max(1, row[-1] // 2)
    return arrays | {name: drawn(scheme, rng, shape, *shape) for turn in _turns(layer, len(row) - 1) for name in turn}


def _aol_dense_slope(layer: Layer, arrays: Arrays, row: Row, out: Row) -> float:
    free = np.asarray(arrays["free"], np.float64)
    return float(np.linalg.norm(free / np.sqrt(np.abs(free.T @ free).sum(1) + TINY), 2))


def _aol_conv_slope(layer: Layer, arrays: Arrays, row: Row, out: Row) -> float:
    free = np.asarray(arrays["free"], np.float64)
    k, axes = layer["kernel"], free.ndim - 2
    around = np.pad(free, [(0, 0), (0, 0), *[(k - 1, k - 1)] * axes])
    total = np.zeros(free.shape[1])
    for shift in product(range(2 * k - 1), repeat=axes):
        moved = around[:, :, *(slice(at, at + k) for at in shift)]
        total += np.abs(np.tensordot(free, moved, ([0, *range(2, 2 + axes)],) * 2)).sum(1)
    scaled = free / np.sqrt(total + TINY).reshape(-1, *[1] * axes)
    return convolution_norm(scaled, layer["stride"], row[:-1])


def _conv_shape(layer: Layer, row: Row) -> Row:
    return (*(math.ceil(size / layer["stride"]) for size in row[:-1]), layer["features"])


def _conv_work(layer: Layer, row: Row, out: Row) -> int:
    return math.prod(out) * row[-1] * layer["kernel"] ** len(row[:-1])


PLACES: tuple[Row, ...] = ((7, 6, 3), (7, 3), (6, 5, 4, 3))

LIPSCHITZ: dict[str, Kind] = {
    "aol_dense": Kind(
        examples=((aol_dense(5), (4,)),),
        apply=_aol_dense,
        shape=lambda layer, row: (layer["features"],),
        init=_dense_init,
        slope=_aol_dense_slope,
    ),
    "aol_conv": Kind(
        examples=((aol_conv(5, 4, 2), PLACES[0]), (aol_conv(5, 4, 2), PLACES[1]), (aol_conv(5, 3), PLACES[2])),
        apply=_aol_conv,
        shape=_conv_shape,
        init=_conv_init,
        work=_conv_work,
        slope=_aol_conv_slope,
    ),
    "sll_dense": Kind(
        examples=((sll_dense(), (4,)),), apply=_sll_dense, init=_sll_init, slope=unit_slope, activates=True
    ),
    "sll_conv": Kind(
        examples=tuple((sll_conv(), row) for row in PLACES),
        apply=_sll_conv,
        init=_sll_init,
        work=lambda layer, row, out: 2 * _conv_work(layer, row, out),
        slope=unit_slope,
        activates=True,
    ),
    "orthogonal_dense": Kind(
        examples=((orthogonal_dense(5), (4,)),),
        apply=_orthogonal_dense,
        shape=lambda layer, row: (layer["features"],),
        init=_dense_init,
        slope=unit_slope,
    ),
    "orthogonal_conv": Kind(
        examples=(
            *((orthogonal_conv(5, 4, 2), row) for row in PLACES[:2]),
            (orthogonal_conv(4, 3), PLACES[2]),
        ),
        apply=_orthogonal_conv,
        shape=_conv_shape,
        init=_orthogonal_conv_init,
        work=_conv_work,
        slope=unit_slope,
    ),
}
