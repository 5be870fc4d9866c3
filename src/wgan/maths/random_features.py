"""Features of images by random convolutions: they see edges and sharpness, and no data set was used to make them."""

from itertools import product

import numpy as np

from wgan.errors import WganError
from wgan.maths.streams import stream

FILTERS = (16, 32, 64)  # of the levels; each level has half the resolution of the one before
AVERAGED = 256  # the most numbers of the averaged pixels
BLOCK = 2**18  # the most numbers in the patches of the first level at once, so that they stay in the cache


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
    if not len(rows) or not 3 <= rows.ndim <= 5:
        raise WganError(
            f"got rows of shape {rows.shape}; give at least one, [n, *space, channels] with one to three axes of space."
        )
    filters = _filters(rows.shape[1:], seed)
    size = max(1, BLOCK // (rows[0].size * 3 ** (rows.ndim - 2)))
    parts = [_features(rows[i : i + size].astype(np.float32), filters) for i in range(0, len(rows), size)]
    return [np.concatenate(group) for group in zip(*parts, strict=True)]


def _filters(shape: tuple[int, ...], seed: int) -> list[np.ndarray]:
    """The filters [3^axes * channels, filters] of each level that rows of this shape are large enough for."""
    rng, (*space, channels) = stream(seed, "filters"), shape
    found: list[np.ndarray] = []
    for count in FILTERS:
        if min(space) < 4:
            break
        patch = 3 ** len(space)
        filters = rng.standard_normal((channels, patch, count)).swapaxes(0, 1) * np.sqrt(2 / (channels * patch))
        if not found:
            filters -= filters.mean(0)
        found.append(filters.reshape(-1, count).astype(np.float32))
        space, channels = [(size - 2) // 2 for size in space], count
    return found


def _features(rows: np.ndarray, filters: list[np.ndarray]) -> list[np.ndarray]:
    averaged = rows
    while averaged[0].size > AVERAGED and max(averaged.shape[1:-1]) > 1:
        averaged = _halved(averaged)
    groups = [averaged.reshape(len(rows), -1)]
    for level in filters:
        rows = np.maximum(_filtered(rows, level), 0)
        groups.append(_moments(rows.reshape(len(rows), -1, rows.shape[-1])))
        rows = _halved(rows)
    return groups


def _moments(answers: np.ndarray) -> np.ndarray:
    """The mean and the standard deviation [n, 2 k] of the answers [n, places, k] of each filter over the places."""
    share = np.full(answers.shape[1], 1 / answers.shape[1], answers.dtype)
    mean = share @ answers  # a matrix product is several times faster than a mean over an axis that is not the last
    centred = answers - mean[:, None]
    return np.concatenate([mean, np.sqrt(share @ (centred * centred))], axis=1)


def _filtered(rows: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """The convolution of rows with filters of width 3, without padding."""
    space, channels = tuple(size - 2 for size in rows.shape[1:-1]), rows.shape[-1]
    patches = np.empty((len(rows), *space, len(filters) // channels, channels), rows.dtype)
    for number, corner in enumerate(product(range(3), repeat=len(space))):
        shifted = (slice(start, start + size) for start, size in zip(corner, space, strict=True))
        patches[..., number, :] = rows[:, *shifted]
    return (patches.reshape(-1, len(filters)) @ filters).reshape(len(rows), *space, -1)


def _halved(rows: np.ndarray) -> np.ndarray:
    """The means over blocks of 2 along each axis of space; an odd last entry is left out, a single one stays."""
    for axis in range(1, rows.ndim - 1):
        if (size := rows.shape[axis]) > 1:
            before, last = (slice(None),) * axis, size // 2 * 2
            rows = (rows[*before, 0:last:2] + rows[*before, 1:last:2]) / 2
    return rows
