"""The structure of rows with axes of space, [n, *space, channels]: signals, images and volumes.

Each measure has one value for each row, so that its mean over rows has a standard error. All is computed in float64,
some rows at a time. `structure_metrics` compares generated rows with real ones.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy import fft

from wgan.errors import WganError
from wgan.maths.exact import LARGEST_POWERED, as_float64, refuse_inexact, refuse_unplain

CHUNK = 2**21  # values that are worked on at a time: 16 MB, and about ten times as much in between
MOST_LEVELS = 8  # values of rows that count as phases
WANTED = "rows [n, *space, channels] with one, two or three axes of space"


class Curve(NamedTuple):
    """What a measure found: `rows` [n, k, channels], the values of each row at the k places `at`.

    The places are frequencies, lags, distances, levels, edges or pairs of channels.
    """

    at: np.ndarray
    rows: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """The mean over rows, [k, channels]."""
        return self.rows.mean(0)

    @property
    def error(self) -> np.ndarray:
        """The standard error of `mean` for independent rows, [k, channels]; NaN for a single row."""
        if len(self.rows) < 2:
            return np.full(self.rows.shape[1:], np.nan)
        return self.rows.std(0, ddof=1) / math.sqrt(len(self.rows))


# Measures of one set of rows.


def power_spectrum(rows: Any, axis: int | None = None) -> Curve:
    """The power |sum_x row(x) exp(-2 pi i f.x)|^2 / N of each row and channel; N is the number of points of a row.

    `at` are frequencies in cycles a step, up to 1/2; frequency 0, the row's mean, is left out. For two or three axes
    of space the power is the mean over a ring of frequencies f of about the same length |f|. With an `axis` of space it
    is that of lines along this axis, |sum_x line(x) exp(-2 pi i f x)|^2 / size, the mean over the lines of a row.

    Examples:
        >>> wave = np.cos(2 * np.pi * np.arange(8) / 4)[None, :, None]
        >>> power_spectrum(wave).mean[:, 0].round(9).tolist()
        [0.0, 2.0, 0.0, 0.0]
    """
    rows = as_space(rows, "rows")
    if axis is not None:
        return _power_along(rows, axis)
    space = rows.shape[1:-1]
    longest, axes = max(space), tuple(range(1, rows.ndim - 1))
    if longest < 2:
        raise WganError(f"rows has shape {rows.shape}; a spectrum needs an axis of space with at least 2 steps.")
    last = np.arange(space[-1] // 2 + 1)
    frequencies = [*(fft.fftfreq(size) for size in space[:-1]), last / space[-1]]
    lengths = np.sqrt(sum(f**2 for f in np.meshgrid(*frequencies, indexing="ij", sparse=True)))
    ring = np.rint(lengths * longest).astype(int).ravel()
    twice = np.where((last > 0) & (2 * last < space[-1]), 2.0, 1.0)  # a real row has each of them twice
    weights = np.broadcast_to(twice, lengths.shape).ravel()
    order = np.argsort(ring, kind="stable")
    order = order[(ring[order] > 0) & (ring[order] <= longest // 2)]
    starts = np.flatnonzero(np.diff(ring[order], prepend=0))
    totals = np.add.reduceat(weights[order], starts)
    found = []
    for some in chunks(rows):
        power = np.abs(fft.rfftn(some - some.mean(axes, keepdims=True), axes=axes)) ** 2 / math.prod(space)
        power = power.reshape(len(some), -1, rows.shape[-1])[:, order] * weights[order, None]
        found.append(np.add.reduceat(power, starts, axis=1) / totals[:, None])
    return Curve(ring[order][starts] / longest, np.concatenate(found))


def _power_along(rows: np.ndarray, axis: int) -> Curve:
    """The power spectrum of the lines along one axis of space."""
    _refuse_axis(axis, rows.shape)
    size, axes = rows.shape[axis + 1], tuple(range(1, rows.ndim - 1))
    if size < 2:
        raise WganError(f"axis {axis} of rows of shape {rows.shape} has 1 step; a spectrum needs at least 2.")
    found = []
    for some in chunks(rows):
        power = np.abs(fft.rfft(some - some.mean(axes, keepdims=True), axis=axis + 1)) ** 2 / size
        found.append(power.mean(tuple(other for other in axes if other != axis + 1))[:, 1:])
    return Curve(np.arange(1, size // 2 + 1) / size, np.concatenate(found))


def autocorrelation(rows: Any, lags: Any, axis: int | None = None) -> Curve:
    """The correlation of values that lie `lags` steps apart along `axis`, by channel; None is the mean over axes.

    It is the mean product of two values, less the channel's mean over all rows, divided by the channel's variance.
    Only pairs within a row count; rows do not wrap around. The values of a row are those whose mean over rows is
    this ratio of means, and whose standard error is its error by the delta method.

    Examples:
        >>> autocorrelation(np.array([[[1], [-1], [1], [-1]]]), [0, 1, 2]).mean[:, 0].tolist()
        [1.0, -1.0, 1.0]
    """
    rows = as_space(rows, "rows")
    steps = _steps(lags, "lags", rows.shape, axis)
    _refuse_constant(rows, "autocorrelation")
    products = _mean_products(rows, np.concatenate([[0], steps]), axis, _means(rows))
    at_zero = products[:, :1]
    ratio = products.mean(0)[1:] / at_zero.mean(0)
    return Curve(steps, ratio + (products[:, 1:] - ratio * at_zero) / at_zero.mean(0))


def channel_correlation(rows: Any) -> Curve:
    """The correlation of two channels at the same point, over all rows and points: `at` are the pairs, [k, 2].

    The last axis of `rows` has length 1. As for `autocorrelation`, the values of a row are those whose mean is the
    correlation and whose standard error is its error.

    Examples:
        >>> channel_correlation(np.array([[[0, 1], [1, 0], [2, -1]]])).mean.tolist()
        [[-1.0]]
    """
    rows = as_space(rows, "rows")
    _refuse_constant(rows, "correlation with others")
    means, deviations = _means(rows), np.sqrt(variances(rows))
    found = []
    for some in chunks(rows):
        standard = ((some - means) / deviations).reshape(len(some), -1, rows.shape[-1])
        found.append(np.einsum("npa,npb->nab", standard, standard, optimize=True) / standard.shape[1])
    products = np.concatenate(found)
    first, second = np.triu_indices(rows.shape[-1], 1)
    of_pairs, squares = products[:, first, second], np.einsum("naa->na", products)
    ratio = of_pairs.mean(0)
    linear = of_pairs - ratio * ((squares[:, first] + squares[:, second]) / 2 - 1)
    return Curve(np.stack([first, second], 1), linear[..., None])


def two_point(rows: Any, distances: Any, axis: int | None = None) -> Curve:
    """S2: the share of pairs of points at each distance along `axis` that are both 1; None is the mean over axes.

    The rows are an indicator of one phase, zeros and ones, such as `rows == level`. At distance 0 it is the share of
    ones, and at a large distance in a medium without order its square.

    Examples:
        >>> two_point(np.array([[[1], [1], [0], [0]]]), [0, 1, 2]).mean[:, 0].round(3).tolist()
        [0.5, 0.333, 0.0]
    """
    rows = as_space(rows, "rows")
    steps = _steps(distances, "distances", rows.shape, axis)
    for some in chunks(rows) if rows.dtype != bool else ():
        other = some[(some != 0) & (some != 1)]
        if len(other):
            raise WganError(f"rows holds {other[0]:g}; give zeros and ones, such as rows == level.")
    return Curve(steps, _mean_products(rows, steps, axis, np.zeros(rows.shape[-1])))


def phase_fractions(rows: Any, levels: Any = None) -> Curve:
    """The share of each phase in each row, by channel; a value belongs to the phase of the nearest level.

    The levels are by default the values that occur. Raises `WganError` if these are more than 8.

    Examples:
        >>> phase_fractions(np.array([[[0], [0], [0], [5]]])).mean[:, 0].tolist()
        [0.75, 0.25]
    """
    rows = as_space(rows, "rows")
    found = levels_of(rows) if levels is None else as_float64(levels, "levels", "numbers [k] in ascending order")
    if found is None:
        raise WganError(f"rows has more than {MOST_LEVELS} different values; give the levels of its phases.")
    if found.ndim != 1 or not len(found) or (np.diff(found) <= 0).any():
        raise WganError("levels must be numbers in ascending order, each once; sort them.")
    middles = (found[1:] + found[:-1]) / 2
    return Curve(found, shares(rows, lambda values: np.searchsorted(middles, values), len(found)))


def amplitudes(rows: Any, edges: Any) -> Curve:
    """The share of each row's values in each bin, by channel: a histogram. A value at an edge counts for the bin above.

    `at` are the lower edges. Values below the first edge or from the last edge on are in no bin.

    Examples:
        >>> amplitudes(np.array([[[1], [2], [2], [3]]]), [1, 2, 4]).mean[:, 0].tolist()
        [0.25, 0.75]
    """
    rows, edges = as_space(rows, "rows"), as_float64(edges, "edges", "numbers [k] in ascending order")
    if edges.ndim != 1 or len(edges) < 2 or (np.diff(edges) <= 0).any():
        raise WganError("edges must be at least two numbers in ascending order, each once; sort them.")
    found = shares(rows, lambda values: np.searchsorted(edges, values, side="right"), len(edges) + 1)
    return Curve(edges[:-1], found[:, 1:-1])


def levels_of(rows: Any) -> np.ndarray | None:
    """The different values of rows in ascending order; None if they are more than 8."""
    found = np.empty(0)
    for some in chunks(as_space(rows, "rows")):
        found = np.union1d(found, some)
        if len(found) > MOST_LEVELS:
            return None
    return found


# What the measures share.


def as_space(values: Any, name: str) -> np.ndarray:
    """Rows with axes of space as an array [n, *space, channels] of finite real numbers, of the dtype that it has.

    Raises `WganError`, which names the row and the channel of a value that is NaN or infinite.

    Examples:
        >>> as_space(np.zeros((2, 3)), "rows")
        Traceback (most recent call last):
        wgan.errors.WganError: rows has shape (2, 3); give rows [n, *space, channels] with one, two or three axes of \
space.
    """
    refuse_unplain(values, name)
    plain = isinstance(values, np.ndarray) and values.dtype.kind in "biuf" and values.dtype.itemsize <= 8
    rows = values if plain else as_float64(values, name, WANTED, finite=False)
    refuse_inexact(values, rows, name)
    if not 3 <= rows.ndim <= 5 or rows.size == 0:
        raise WganError(f"{name} has shape {rows.shape}; give {WANTED}.")
    if rows.dtype.kind == "f":
        first = 0
        for some in chunks(rows):
            bad = ~np.isfinite(some)
            if bad.any():
                place = np.argwhere(bad)[0]
                raise WganError(
                    f"{name} holds NaN or infinite values, the first in row {first + place[0]} and channel "
                    f"{place[-1]}; drop or fill them."
                )
            if np.abs(some).max() > LARGEST_POWERED:
                raise WganError(f"{name} holds numbers above {LARGEST_POWERED:g}; rescale all rows.")
            first += len(some)
    return rows


def chunks(rows: np.ndarray) -> Iterator[np.ndarray]:
    """Some rows at a time, in float64."""
    size = max(1, CHUNK // math.prod(rows.shape[1:]))
    return (np.asarray(rows[start : start + size], np.float64) for start in range(0, len(rows), size))


def _means(rows: np.ndarray) -> np.ndarray:
    """The mean of each channel, [channels]."""
    totals = sum(some.reshape(-1, rows.shape[-1]).sum(0) for some in chunks(rows))
    return totals / (rows.size // rows.shape[-1])


def varying(rows: np.ndarray) -> np.ndarray:
    """Which channels have two different values, [channels]."""
    return np.array([rows[..., channel].min() < rows[..., channel].max() for channel in range(rows.shape[-1])])


def variances(rows: np.ndarray) -> np.ndarray:
    """The variance of each channel over all rows and points, [channels]."""
    means = _means(rows)
    totals = sum(((some - means) ** 2).reshape(-1, rows.shape[-1]).sum(0) for some in chunks(rows))
    return totals / (rows.size // rows.shape[-1])


def _refuse_constant(rows: np.ndarray, what: str) -> None:
    constant = np.flatnonzero(~varying(rows))
    if len(constant):
        raise WganError(f"rows does not vary in channel {constant[0]}, so it has no {what}; leave that channel out.")


def _steps(values: Any, name: str, shape: tuple[int, ...], axis: int | None) -> np.ndarray:
    """Whole numbers of steps that fit into the axis, or into all axes of space for None."""
    space = shape[1:-1]
    if axis is not None:
        _refuse_axis(axis, shape)
    steps = as_float64(values, name, "whole numbers of steps [k]")
    shortest = min(space) if axis is None else space[axis]
    if steps.ndim != 1 or not len(steps) or (steps != np.rint(steps)).any() or steps.min() < 0:
        raise WganError(f"{name} must be whole numbers of steps of at least 0, [k]; give a list of such numbers.")
    if steps.max() >= shortest:
        raise WganError(f"{name} go to {steps.max():.0f}, but an axis has {shortest} steps; give smaller numbers.")
    return steps.astype(int)


def _refuse_axis(axis: int, shape: tuple[int, ...]) -> None:
    if not 0 <= axis < len(shape) - 2:
        raise WganError(f"axis is {axis}; rows of shape {shape} have the axes of space 0 to {len(shape) - 3}.")


def _mean_products(rows: np.ndarray, steps: np.ndarray, axis: int | None, centre: np.ndarray) -> np.ndarray:
    """For each row the mean product of two values, less `centre`, so many steps apart: [n, steps, channels].

    The sums over pairs are the inverse Fourier transform of the power along the axis, padded with zeros.
    """
    space = rows.shape[1:-1]
    axes = range(len(space)) if axis is None else (axis,)
    found = []
    for some in chunks(rows):
        some = some - centre
        means = np.zeros((len(some), len(steps), rows.shape[-1]))
        for along in axes:
            size = space[along]
            padded = fft.next_fast_len(size + int(steps.max()), real=True)
            power = np.abs(fft.rfft(some, padded, axis=along + 1)) ** 2
            power = power.sum(tuple(other + 1 for other in range(len(space)) if other != along))
            sums = fft.irfft(power, padded, axis=1)[:, steps]
            means += sums / ((size - steps) * (math.prod(space) // size))[:, None]
        found.append(means / len(axes))
    return np.concatenate(found)


def shares(rows: np.ndarray, codes_of: Callable[[np.ndarray], np.ndarray], codes: int) -> np.ndarray:
    """For each row and channel the share of values with each code: [n, codes, channels]."""
    channels, points = rows.shape[-1], math.prod(rows.shape[1:-1])
    found = []
    for some in chunks(rows):
        place = codes_of(some).reshape(len(some), points, channels)
        place = (np.arange(len(some))[:, None, None] * codes + place) * channels + np.arange(channels)
        counts = np.bincount(place.ravel(), minlength=len(some) * codes * channels)
        found.append(counts.reshape(len(some), codes, channels) / points)
    return np.concatenate(found)
