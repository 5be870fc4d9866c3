"""Features of images by random convolutions: they see edges and sharpness, and no data set was used to make them."""

import numpy as np

from wgan.errors import WganError
from wgan.maths.streams import stream

FILTERS = (16, 32, 64)  # of the levels; each level has half the resolution of the one before
AVERAGED = 256  # the most numbers of the averaged pixels
BLOCK = 2**24  # the most numbers in the patches of the first level at once


def random_features(rows: np.ndarray, seed: int = 0) -> list[np.ndarray]:
    """Groups of features [n, d] of rows [n, *space, channels] with one to three axes of space, in float32.

    The first group is the rows themselves, averaged over blocks of 2 until at most 256 numbers are left. Each level of
    random filters of width 3, drawn with the variance of He et al. (2015) and followed by a rectifier, gives the mean
    and the standard deviation of each filter over space. The filters of the first level sum to 0, so that they answer
    to edges and not to brightness. Networks with random weights compare samples as trained ones do, without the bias
    of the data that those were trained on (Naeem et al. 2020). `seed` draws the filters.

    Examples:
        >>> [group.shape for group in random_features(np.zeros((5, 28, 28, 1), np.float32))]
        [(5, 196), (5, 32), (5, 64), (5, 128)]
    """
    if not len(rows):
        raise WganError("there are no rows to take features of; give at least one.")
    filters = _filters(rows.shape[1:], seed)
    size = max(1, BLOCK // (rows[0].size * 3 ** (rows.ndim - 2)))
    parts = [_features(rows[i : i + size].astype(np.float32), filters) for i in range(0, len(rows), size)]
    return [np.concatenate(group) for group in zip(*parts, strict=True)]


def _filters(shape: tuple[int, ...], seed: int) -> list[np.ndarray]:
    """The filters [channels * 3^axes, filters] of each level that rows of this shape are large enough for."""
    rng, (*space, channels) = stream(seed, "filters"), shape
    found: list[np.ndarray] = []
    for count in FILTERS:
        if min(space) < 4:
            break
        patch = 3 ** len(space)
        filters = rng.standard_normal((channels, patch, count)) * np.sqrt(2 / (channels * patch))
        if not found:
            filters -= filters.mean(1, keepdims=True)
        found.append(filters.reshape(-1, count).astype(np.float32))
        space, channels = [(size - 2) // 2 for size in space], count
    return found


def _features(rows: np.ndarray, filters: list[np.ndarray]) -> list[np.ndarray]:
    averaged = rows
    while averaged[0].size > AVERAGED and max(averaged.shape[1:-1]) > 1:
        averaged = _halved(averaged)
    groups, space = [averaged.reshape(len(rows), -1)], tuple(range(1, rows.ndim - 1))
    for level in filters:
        rows = np.maximum(_filtered(rows, level), 0)
        groups.append(np.concatenate([rows.mean(space), rows.std(space)], axis=1))
        rows = _halved(rows)
    return groups


def _filtered(rows: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """The convolution of rows with filters of width 3, without padding."""
    space = tuple(range(1, rows.ndim - 1))
    patches = np.lib.stride_tricks.sliding_window_view(rows, (3,) * len(space), axis=space)
    shape = patches.shape[: rows.ndim - 1]
    return (patches.reshape(-1, len(filters)) @ filters).reshape(*shape, -1)


def _halved(rows: np.ndarray) -> np.ndarray:
    """The means over blocks of 2 along each axis of space; an odd last entry is left out, a single one stays."""
    for axis in range(1, rows.ndim - 1):
        if rows.shape[axis] > 1:
            pairs = np.moveaxis(rows, axis, 0)[: rows.shape[axis] // 2 * 2]
            rows = np.moveaxis((pairs[0::2] + pairs[1::2]) / 2, 0, axis)
    return np.ascontiguousarray(rows)  # the patches of other arrays are read many times slower
