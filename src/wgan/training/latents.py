"""Paths between latents."""

import numpy as np

from wgan.errors import WganError
from wgan.maths import streams


def walk(latent: int, n: int, seed: int) -> np.ndarray:
    """Latents [n, latent] on the arc between two draws of normal noise.

    The arc is spherical. Normal noise lies near a sphere, and the middle of a straight line lies inside of it, where no
    generator was trained.

    Examples:
        >>> walk(64, 3, seed=0).shape
        (3, 64)
    """
    if n < 2:
        raise WganError(f"n is {n}; an interpolation has at least 2 rows, its two ends.")
    first, last = streams.stream(seed, "interpolate").standard_normal((2, latent))
    return spherical(first, last, np.linspace(0, 1, n)).astype(np.float32)


def spherical(first: np.ndarray, last: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The points [n, d] at the shares `at` of the arc from `first` to `last` [d]; the length changes evenly."""
    lengths = np.linalg.norm(first), np.linalg.norm(last)
    begin, end, t = first / lengths[0], last / lengths[1], at[:, np.newaxis]
    angle = np.arccos(np.clip(begin @ end, -1, 1))
    if np.sin(angle) < 1e-6:  # there is no one arc; in one dimension there never is
        return (1 - t) * first + t * last
    directions = (np.sin((1 - t) * angle) * begin + np.sin(t * angle) * end) / np.sin(angle)
    return directions * ((1 - t) * lengths[0] + t * lengths[1])
