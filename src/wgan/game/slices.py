"""A generator of volumes whose critic sees slices alone: SliceGAN (Kench and Cooper 2021).

z has axes of space, and only transposed convolutions act on it. Their kernel, stride and padding give each voxel the
same number of inputs, the voxels at the ends too. So the same weights make volumes of any size from more z, and
periodic ones from z that wraps around.
"""

import math
from typing import Any

import numpy as np

from wgan.game.building import activation, conv_transpose, norm, one_of_three
from wgan.game.engine import Engine
from wgan.game.layers import Layer
from wgan.game.networks import Architecture, Ends, output_activation

AXES = 3
EACH = 4  # slices of a volume along each axis, in a batch
PER_VOLUME = EACH * AXES
KERNEL, STRIDE, PAD = 4, 2, 2  # uniform density: kernel > stride, kernel % stride == 0, pad >= kernel - stride
EXTRA = 2  # places of z along an axis beyond those that the size needs, so that the ends are like the middle
LEAST = 4  # places of z along an axis in training, without the extra ones
MULTIPLE = 8  # the sides of slices in training are multiples of this
WIDTH = 32  # maps before the last layer
GOLDEN = (math.sqrt(5) - 1) / 2


def unit(side: int) -> int:
    """The voxels along an axis for each place of z, in a generator that is trained on slices of this side.

    Examples:
        >>> [unit(side) for side in (8, 32, 48, 64)]
        [2, 8, 8, 16]
    """
    return max(2**k for k in range(1, side.bit_length()) if side % 2**k == 0 and side // 2**k >= LEAST)


def noise(size: int, side: int) -> tuple[int, ...]:
    """The shape of the axes of space of z for volumes of this size, or of the next size that is a multiple of the unit.

    Examples:
        >>> noise(32, 32), noise(95, 32)
        ((6, 6, 6), (14, 14, 14))
    """
    return (-(-size // unit(side)) + EXTRA,) * AXES


def of_slices(
    architecture: Architecture,
    row: tuple[int, ...],
    size: int,
    width: int | None,
    generator_norm: str,
    ends: Ends,
    each: bool = False,
) -> Architecture:
    """The critic of `architecture`, for slices of shape `row`, and a generator of volumes of `size` voxels an axis.

    With `each` there is a critic for each axis.
    """
    side, channels, width = row[0], row[-1], width or WIDTH
    stages, between = unit(side).bit_length() - 1, norm("batch" if generator_norm == "auto" else generator_norm)
    places = noise(size, side)
    along = places[0]
    generator: list[Layer] = []
    for left in range(stages - 1, -1, -1):
        pad = PAD if left else PAD + 1  # the last layer cuts one more voxel, so that sizes are multiples of the unit
        along = (along - 1) * STRIDE - 2 * pad + KERNEL
        features = width * 2 ** (left - 1) if left else channels
        generator.append(conv_transpose(features, KERNEL, STRIDE, (along,) * AXES) | {"pad": pad})
        generator += [*between, activation("relu")] if left else []
    critic = [one_of_three(architecture.critic)] if each else architecture.critic
    return architecture._replace(critic=critic, generator=[*generator, *output_activation(ends)], noise=places)


def volumes_for(slices: int) -> int:
    """The number of volumes that have so many slices, or a few more.

    Examples:
        >>> volumes_for(48), volumes_for(49)
        (4, 5)
    """
    return -(-slices // PER_VOLUME)


def axes_of(count: int) -> np.ndarray:
    """The axes of so many slices as one-hot labels [count, AXES]: the three axes take turns."""
    return places(np.arange(count) % AXES, AXES)


def own_axes(perpendicular: np.ndarray) -> np.ndarray:
    """Which axis of a slice runs along each axis of its volume, [n, AXES], and -1 for the one it is perpendicular to.

    Examples:
        >>> own_axes(np.array([0, 1, 2])).tolist()
        [[-1, 0, 1], [0, -1, 1], [0, 1, -1]]
    """
    axis, across = np.arange(AXES), perpendicular[:, None]
    return np.where(axis == across, -1, axis - (axis > across))


def in_turn(axes: np.ndarray) -> np.ndarray:
    """Indices of crops whose axes take turns, as many as there are.

    Examples:
        >>> in_turn(np.array([2, 0, 0, 1, 1, 1, 2])).tolist()
        [1, 3, 0, 2, 4, 6]
    """
    of_axes = [np.flatnonzero(axes == axis) for axis in range(AXES)]
    return np.stack([one[: min(map(len, of_axes))] for one in of_axes], 1).ravel()


def places(at: np.ndarray, side: int) -> np.ndarray:
    """Indices of slices [...] as weights [..., side]: 1 at the index, else 0.

    An index would need a sum in no fixed order on a GPU for its gradient.
    """
    return np.eye(side, dtype=np.float32)[at]


def spread(volumes: int, side: int) -> np.ndarray:
    """Indices of slices [volumes, EACH, AXES] that are not drawn: spread evenly over all of them."""
    steps = np.arange(volumes * PER_VOLUME) * GOLDEN
    return np.floor(steps % 1 * side).astype(np.int64).reshape(volumes, EACH, AXES)


def slices_of(engine: Engine[Any], volumes: Any, where: Any) -> Any:
    """The slices [PER_VOLUME * n, side, side, channels] of volumes [n, side, side, side, channels].

    `where` is [n, EACH, AXES, side], as `places` makes it. The slices of a volume follow each other, and those
    perpendicular to the three axes take turns, so that the first rows are as good as any.
    """
    count, side = volumes.shape[:2]
    turns = engine.array(np.eye(AXES, dtype=np.float32)).reshape(AXES, 1, 1, AXES, 1, 1, 1)
    rows: Any = 0
    for axis in range(AXES):
        weights = where[:, :, axis].reshape(count, EACH, *(side if at == axis else 1 for at in range(AXES)), 1)
        cut = (weights * volumes[:, None]).sum(2 + axis)
        rows = rows + cut[:, :, None] * turns[axis]
    return rows.reshape(count * PER_VOLUME, *rows.shape[3:])
