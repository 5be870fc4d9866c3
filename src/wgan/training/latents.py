"""Latents that are not drawn one by one: paths between them, and those of a file."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wgan.data.numpy_files import read_numpy
from wgan.errors import WganError
from wgan.maths import streams
from wgan.maths.exact import as_float64

STOPS = 4  # draws that a loop passes


class Latents(NamedTuple):
    """`of(latent)` gives `total` latents [total, latent]. With `one_class` all rows get one class."""

    total: int
    of: Callable[[int], np.ndarray]
    one_class: bool = False


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


def loop(latent: int, n: int, seed: int) -> np.ndarray:
    """Latents [n, latent] at even shares of the arcs through a few draws of normal noise and back to the first.

    Examples:
        >>> loop(64, 30, seed=0).shape
        (30, 64)
    """
    points = streams.stream(seed, "interpolate").standard_normal((STOPS, latent))
    at = np.arange(n) * STOPS / n
    parts = [spherical(points[k], points[(k + 1) % STOPS], at[at.astype(int) == k] - k) for k in range(STOPS)]
    return np.concatenate(parts).astype(np.float32)


def looping(n: int, seed: int) -> Latents:
    """The latents of an animation with `n` frames, which can be shown again and again."""
    return Latents(n, lambda latent: loop(latent, n, seed), one_class=True)


def read(path: Path) -> Latents:
    """The latents in a .npy file [n, latent]. Raises WganError for a file of other things."""
    z = as_float64(read_numpy(path).rows, f"--z {path}", "latents [n, latent]")
    if z.ndim != 2 or not len(z):
        raise WganError(f"--z {path} has shape {z.shape}; give latents [n, latent].")

    def of(latent: int) -> np.ndarray:
        if z.shape[1] != latent:
            raise WganError(f"--z {path} has {z.shape[1]} columns, but this generator takes {latent}; give {latent}.")
        return z.astype(np.float32)

    return Latents(len(z), of)


def spherical(first: np.ndarray, last: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The points [n, d] at the shares `at` of the arc from `first` to `last` [d]; the length changes evenly."""
    lengths = np.linalg.norm(first), np.linalg.norm(last)
    begin, end, t = first / lengths[0], last / lengths[1], at[:, np.newaxis]
    angle = np.arccos(np.clip(begin @ end, -1, 1))
    if np.sin(angle) < 1e-6:  # the arc is not unique; in one dimension it never is
        return (1 - t) * first + t * last
    directions = (np.sin((1 - t) * angle) * begin + np.sin(t * angle) * end) / np.sin(angle)
    return directions * ((1 - t) * lengths[0] + t * lengths[1])
