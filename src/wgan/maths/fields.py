"""Signals, images and volumes of a known law: samplers, and in closed form what their structure is.

`waves` are stationary Gaussian signals of two channels. `medium` is a material of two phases: a Gaussian field in two
or three dimensions, cut at a level. Both samplers are exact: their rows have the stated law, up to rounding.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy.signal import lfilter
from scipy.special import ndtri

from wgan.errors import WganError
from wgan.maths import streams
from wgan.maths.exact import as_float64, finite_number, whole_number

Array = np.ndarray

CHUNK = 2**22  # numbers that are drawn at a time: 32 MB


class Rhythm(NamedTuple):
    """A stationary Gaussian signal of variance 1 with the autocorrelation exp(-|k| / decay) cos(2 pi k / period)."""

    period: float
    decay: float


SHARED = Rhythm(16, 12)  # both channels hear it, the second channel DELAY steps later
OWN = (Rhythm(6, 8), Rhythm(32, 12))  # each channel has one more, which the other channel does not hear
SHARES = (0.6, 0.5)  # of each channel's variance, what is due to the shared rhythm
DELAY = 3


def waves(n: int, seed: int, length: int = 64) -> Array:
    """Stationary Gaussian signals, float64 [n, length, 2]; each channel has mean 0 and variance 1.

    Both channels contain one shared rhythm, and each has a rhythm of its own. Channel c is sqrt(SHARES[c]) times the
    shared rhythm plus sqrt(1 - SHARES[c]) times its own. In the second channel the shared rhythm comes DELAY steps
    later. A rhythm is the real part of a complex AR(1) process that starts in its stationary law, so its
    autocorrelation is exact. The first rows are the same for every n.

    Examples:
        >>> waves(3, seed=0).shape
        (3, 64, 2)
    """
    n, length = whole_number(n, "n", 0), whole_number(length, "length")
    rows = np.empty((n, length, 2))
    steps = length + DELAY
    for part, noise in _noise(n, seed, (3, 2, steps)):
        shared, *own = (_rhythm(noise[:, at], rhythm) for at, rhythm in enumerate((SHARED, *OWN)))
        for channel, heard in enumerate((shared[:, DELAY:], shared[:, :length])):
            share = SHARES[channel]
            rows[part, :, channel] = math.sqrt(share) * heard + math.sqrt(1 - share) * own[channel][:, :length]
    return rows


def _rhythm(noise: Array, rhythm: Rhythm) -> Array:
    """Rows [n, steps] of a rhythm from normal draws [n, 2, steps]: the real and the imaginary part."""
    decay = math.exp(-1 / rhythm.decay)
    driven = noise[:, 0] + 1j * noise[:, 1]
    driven[:, 1:] *= math.sqrt(1 - decay**2)
    turn = decay * np.exp(2j * np.pi / rhythm.period)
    return lfilter([1.0], [1.0, -turn], driven, axis=1).real


def _autocorrelation(rhythm: Rhythm, lags: Array) -> Array:
    return np.exp(-np.abs(lags) / rhythm.decay) * np.cos(2 * np.pi * lags / rhythm.period)


def _density(rhythm: Rhythm, frequencies: Array) -> Array:
    """The Fourier series of a rhythm's autocorrelation, at frequencies in cycles a step."""
    decay = math.exp(-1 / rhythm.decay)
    angles = [2 * np.pi * (frequencies + sign / rhythm.period) for sign in (-1, 1)]
    below, above = ((1 - decay**2) / (1 - 2 * decay * np.cos(angle) + decay**2) for angle in angles)
    return (below + above) / 2


def waves_autocorrelation(lags: Any) -> Array:
    """The autocorrelation of `waves` at each lag, [lags, 2]: one column for each channel.

    Examples:
        >>> waves_autocorrelation([0]).tolist()
        [[1.0, 1.0]]
    """
    lags = as_float64(lags, "lags", "numbers of steps [k]")
    shared = _autocorrelation(SHARED, lags)
    return np.stack(
        [share * shared + (1 - share) * _autocorrelation(own, lags) for share, own in zip(SHARES, OWN, strict=True)], 1
    )


def waves_cross_correlation(lags: Any) -> Array:
    """The correlation of the first channel of `waves` with the second one, so many steps later: [lags]."""
    lags = as_float64(lags, "lags", "numbers of steps [k]")
    return math.sqrt(math.prod(SHARES)) * _autocorrelation(SHARED, lags - DELAY)


def waves_spectrum(length: int = 64) -> Array:
    """The expected power of `waves` of this length, [length // 2, 2], at the frequencies k / length, k = 1, 2, ....

    The power is |sum_t x(t) exp(-2 pi i k t / length)|^2 / length. Its expectation is the sum of (1 - |lag| / length)
    times the autocorrelation times cos(2 pi k lag / length) over all lags of the window, so it counts the leakage.
    """
    length = whole_number(length, "length", 2)
    lags, k = np.arange(length), np.arange(1, length // 2 + 1)
    weights = np.where(lags == 0, 1.0, 2 * (1 - lags / length))
    return np.cos(2 * np.pi * np.outer(k, lags) / length) @ (weights[:, None] * waves_autocorrelation(lags))


def waves_coherence(frequencies: Any) -> Array:
    """The squared coherence of both channels of `waves`, [frequencies] in cycles a step: 1 if one determines the other.

    It is |S12|^2 / (S11 S22) with the spectral densities of endless signals.
    """
    frequencies = as_float64(frequencies, "frequencies", "cycles a step [k]")
    shared = _density(SHARED, frequencies)
    of_channels = [
        share * shared + (1 - share) * _density(own, frequencies) for share, own in zip(SHARES, OWN, strict=True)
    ]
    return math.prod(SHARES) * shared**2 / (of_channels[0] * of_channels[1])


FRACTION = 0.4  # of the medium that is phase 1
SCALE = 5.0  # of the medium's correlation, in pixels or voxels
REACH = 4  # scales at which the weights of the moving average end: the rest is below 1e-13


def medium(
    n: int, seed: int, size: int = 32, dimension: int = 2, fraction: float = FRACTION, scale: float = SCALE
) -> Array:
    """A material of two phases, uint8 [n, size, size, 1] of zeros and ones, or [n, size, size, size, 1] in 3-D.

    Phase 1 is where a stationary Gaussian field of mean 0 and covariance exp(-(r / scale)^2) is above the level that
    makes its share `fraction`. The field is a moving average of white noise with weights exp(-2 (r / scale)^2), not
    periodic. From a scale of 3 on, its covariance is exact to 1e-9. A slice of a 3-D medium has the law of a 2-D one.
    The first rows are the same for every n. Raises `WganError` for a scale below 3 and a fraction outside (0, 1).

    Examples:
        >>> medium(2, seed=0, size=16, dimension=3).shape
        (2, 16, 16, 16, 1)
    """
    n, size, dimension = whole_number(n, "n", 0), whole_number(size, "size"), whole_number(dimension, "dimension")
    fraction, scale = _law(fraction, scale)
    if dimension not in (2, 3):
        raise WganError(f"dimension is {dimension}; give 2 for images or 3 for volumes.")
    average = moving_average(size, scale)
    level = -ndtri(fraction)
    rows = np.empty((n, *[size] * dimension, 1), np.uint8)
    for part, field in _noise(n, seed, (len(average),) * dimension):
        for _ in range(dimension):  # each turn averages the first axis of space and puts it last
            field = np.tensordot(field, average, axes=(1, 0))
        rows[part, ..., 0] = field > level
    return rows


def moving_average(size: int, scale: float) -> Array:
    """The matrix [noise, size] that makes white noise along one axis a field of covariance exp(-(r / scale)^2)."""
    reach = math.ceil(REACH * scale)
    weights = np.exp(-2 * (np.arange(-reach, reach + 1) / scale) ** 2)
    weights /= np.sqrt((weights**2).sum())
    average = np.zeros((size + 2 * reach, size))
    for at in range(size):
        average[at : at + len(weights), at] = weights
    return average


def medium_two_point(distances: Any, fraction: float = FRACTION, scale: float = SCALE) -> Array:
    """S2 of `medium`, [distances]: the probability that two points at this distance both lie in phase 1.

    Both values of the field are above the level t. With their correlation rho this probability of the bivariate normal
    distribution is fraction^2 + 1 / (2 pi) times the integral of exp(-t^2 / (1 + sin a)) over a from 0 to asin rho.

    Examples:
        >>> medium_two_point([0, 1000]).round(12).tolist()
        [0.4, 0.16]
    """
    fraction, scale = _law(fraction, scale)
    distances = as_float64(distances, "distances", "numbers of pixels [k]")
    nodes, weights = np.polynomial.legendre.leggauss(64)
    ends = np.arcsin(np.exp(-((distances / scale) ** 2)))
    angles = ends[..., None] * (nodes + 1) / 2
    integral = np.exp(-(ndtri(fraction) ** 2) / (1 + np.sin(angles))) @ weights * ends / 2
    return fraction**2 + integral / (2 * np.pi)


def _law(fraction: Any, scale: Any) -> tuple[float, float]:
    fraction, scale = finite_number(fraction, "fraction", above=0), finite_number(scale, "scale", above=0)
    if fraction >= 1:
        raise WganError(f"fraction is {fraction:g}; give a share above 0 and below 1.")
    if scale < 3:
        raise WganError(f"scale is {scale:g}; give at least 3 pixels, so that the medium has its covariance.")
    return fraction, scale


def _noise(n: int, seed: int, shape: tuple[int, ...]) -> Iterator[tuple[slice, Array]]:
    """Normal draws [rows, *shape] for n rows, in slices of rows that bound the memory."""
    random, rows = streams.stream(seed, "fields"), max(1, CHUNK // math.prod(shape))
    for start in range(0, n, rows):
        part = slice(start, min(start + rows, n))
        yield part, random.standard_normal((part.stop - start, *shape))
