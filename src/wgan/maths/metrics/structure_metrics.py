"""The structure of generated rows against that of real rows: STRUCTURE_METRICS, for rows [n, *space, channels].

Each is a statistic of the mean curves of both sets, and its error is the jackknife's, which leaves out one row.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from wgan.errors import WganError
from wgan.maths.metrics.measures import Measurement
from wgan.maths.metrics.registry import Metric
from wgan.maths.metrics.structure import (
    MOST_LEVELS,
    Curve,
    as_space,
    autocorrelation,
    channel_correlation,
    levels_of,
    phase_fractions,
    power_spectrum,
    shares,
    two_point,
    variances,
    varying,
)

MOST_ROWS, MOST_VALUES = 10_000, 2**25  # of each set that is compared: 128 volumes of 64 x 64 x 64
MOST_LAGS = 64
MOST_CHANNELS = 32  # whose pairs are compared
KNOTS = 512  # values at which distribution functions are compared
FAINT = 1e-6  # of a channel's variance; less power counts as that much


class Axes(NamedTuple):
    """Along which axes of space each row lies: int [n, axes of space] for real rows and for samples.

    The number is the row's own axis that runs along an axis of space, or -1 if none does. A slice of a volume lies
    along two of three axes. None for real rows: they look alike along all axes, as crops of an isotropic medium.
    """

    real: np.ndarray | None
    fake: np.ndarray

    def along(self, axis: int) -> "Along":
        """The same for one axis of space."""
        return Along(None if self.real is None else self.real[:, axis], self.fake[:, axis])


class Along(NamedTuple):
    """One axis of space: the axis of each real row and of each sample that runs along it, [n], as in `Axes`."""

    real: np.ndarray | None
    fake: np.ndarray


def spectrum_difference(real: Any, fake: Any, along: Along | None = None) -> Measurement:
    """The root mean square of log10 of the ratio of the powers, over frequencies and channels; 1 is a factor of 10.

    Power below a millionth of the variance of the real channel counts as a millionth. Channels without variance are
    left out. `along` compares the power of lines along one axis of space, and else it is the mean over all directions.
    """
    real, fake = _varying_sets(real, fake)
    if along is None:
        return curve_difference("spectrum", power_spectrum(real), power_spectrum(fake), variances(real))
    none = np.empty(0)  # the frequencies follow from the length of the axis
    one, other = (Curve(none, rows) for rows in _both(_line_spectrum, real, fake, none, along))
    return curve_difference("spectrum", one, other, variances(real))


def curve_difference(name: str, real: Curve, fake: Curve, variance: np.ndarray) -> Measurement:
    """The root mean square difference of two mean curves of one measure; for "spectrum" that of their log10.

    Then power below a millionth of the channel's `variance` counts as a millionth.
    """

    def statistic(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return _root_mean_square(y - x)

    def of_logarithms(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return _root_mean_square(np.log10(np.maximum(y, FAINT * variance) / np.maximum(x, FAINT * variance)))

    return _jackknifed(of_logarithms if name == "spectrum" else statistic, real.rows, fake.rows)


def _line_spectrum(rows: np.ndarray, steps: np.ndarray, axis: int | None = None) -> Curve:
    """The power of lines along one axis of space; the mean over all axes, which then have one length, for None."""
    curves = [power_spectrum(rows, one) for one in (range(rows.ndim - 2) if axis is None else (axis,))]
    return Curve(curves[0].at, np.mean([curve.rows for curve in curves], axis=0))


def autocorrelation_difference(real: Any, fake: Any, along: Along | None = None) -> Measurement:
    """The root mean square difference of the autocorrelations, over lags, axes of space and channels.

    The lags are those from 1 to half the shortest axis, at most 64. `along` leaves one axis of space.
    """
    real, fake = _varying_sets(real, fake)
    lags = lags_of(real.shape, first=1)
    constant = np.flatnonzero(~varying(fake))
    if len(constant):
        raise WganError("autocorrelation has no value: the samples do not vary in a channel in which the real rows do.")
    return _jackknifed(lambda x, y: _root_mean_square(y - x), *_both(autocorrelation, real, fake, lags, along))


def channel_difference(real: Any, fake: Any) -> Measurement:
    """The root mean square difference of the correlations of two channels at the same point, over pairs of channels."""
    real, fake = _varying_sets(real, fake)
    if real.shape[-1] < 2:
        raise WganError("the real rows vary in only one channel, so no two channels can be correlated.")
    _refuse_constant_samples(fake, "channels")
    return _jackknifed(
        lambda x, y: _root_mean_square(y - x), *(channel_correlation(rows).rows for rows in (real, fake))
    )


def two_point_difference(real: Any, fake: Any, along: Along | None = None) -> Measurement:
    """The root mean square difference of S2, over distances, axes of space, channels, and all levels but the lowest.

    The distances are those from 0 to half the shortest axis, at most 64. The levels are those of the real rows; a
    sample's value counts for the nearest one. `along` leaves one axis of space.
    """
    real, fake = _same_channels(real, fake)
    levels = _phases(real)
    distances, ends = lags_of(real.shape, first=0), np.append((levels[1:] + levels[:-1]) / 2, np.inf)
    phases = [[(low < rows) & (rows <= high) for rows in (real, fake)] for low, high in pairwise(ends)]
    curves = [_both(two_point, of_real, of_fake, distances, along) for of_real, of_fake in phases]
    both = [np.concatenate(lines, axis=1) for lines in zip(*curves, strict=True)]
    return _jackknifed(lambda x, y: _root_mean_square(y - x), *both)


def phase_difference(real: Any, fake: Any) -> Measurement:
    """The largest difference of the shares of a phase among samples and real rows, over phases and channels."""
    real, fake = _same_channels(real, fake)
    levels = _phases(real)
    both = [phase_fractions(rows, levels).rows for rows in (real, fake)]
    return _jackknifed(lambda x, y: np.abs(y - x).max((-2, -1)), *both)


def amplitude_difference(real: Any, fake: Any) -> Measurement:
    """The Wasserstein-1 distance of all values of a channel, in standard deviations of the real ones; mean of channels.

    The distribution functions are compared at all values that occur, or at 512 quantiles where there are more.
    `shares` are the distances of the channels. Channels in which the real rows do not vary are left out.
    """
    real, fake = _varying_sets(real, fake)
    deviations = np.sqrt(variances(real))
    found = [
        _distribution_distance(real[..., channel : channel + 1], fake[..., channel : channel + 1], deviation)
        for channel, deviation in enumerate(deviations)
    ]
    values, of_real, of_fake = zip(*found, strict=True)
    error = _error(np.mean(of_real, 0), np.mean(of_fake, 0))
    return Measurement(float(np.mean(values)), error, shares=values)


def _distribution_distance(
    real: np.ndarray, fake: np.ndarray, deviation: float
) -> tuple[float, np.ndarray, np.ndarray]:
    """The integral of |F - G| over the values of one channel in units of `deviation`, as `_replicated` returns it."""
    knots = _knots(real, fake)
    widths = np.append(np.diff(knots) / deviation, 0.0)[:, None]

    def codes(values: np.ndarray) -> np.ndarray:
        return np.searchsorted(knots, values)

    below = [shares(rows, codes, len(knots)).cumsum(1) for rows in (real, fake)]
    return _replicated(lambda x, y: (np.abs(y - x) * widths).sum((-2, -1)), *below)


def _knots(real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """Values in ascending order, the least and the largest among them: all that occur, or quantiles, dense at the ends.

    They are chosen by the first million values of each set.
    """
    some = np.concatenate([rows[: max(1, 2**20 // math.prod(rows.shape[1:]))].ravel() for rows in (real, fake)])
    knots = np.unique(some.astype(np.float64))
    if len(knots) > KNOTS:
        tail = np.logspace(-6, math.log10(1 / KNOTS), 16)
        places = np.concatenate([tail, np.linspace(0, 1, KNOTS), 1 - tail])
        knots = np.unique(np.quantile(some.astype(np.float64), places, method="inverted_cdf"))
    ends = [float(end) for rows in (real, fake) for end in (rows.min(), rows.max())]
    return np.unique(np.append(knots, ends))


def _same_channels(real: Any, fake: Any) -> tuple[np.ndarray, np.ndarray]:
    """Real and generated rows of one shape."""
    real, fake = as_space(real, "real"), as_space(fake, "fake")
    if real.shape[1:] != fake.shape[1:]:
        raise WganError(f"real has rows of shape {real.shape[1:]} and fake of {fake.shape[1:]}; give equal shapes.")
    return real, fake


def _varying_sets(real: Any, fake: Any) -> tuple[np.ndarray, np.ndarray]:
    """Both sets with the channels in which the real rows vary."""
    real, fake = _same_channels(real, fake)
    kept = varying(real)
    if not kept.any():
        raise WganError("the real rows have only one value in each channel, so there is no structure to compare.")
    return (real, fake) if kept.all() else (real[..., kept], fake[..., kept])


def _refuse_constant_samples(fake: np.ndarray, name: str) -> None:
    if not varying(fake).all():
        raise WganError(f"{name} has no value: the samples do not vary in a channel in which the real rows do.")


def _phases(real: np.ndarray) -> np.ndarray:
    levels = levels_of(real)
    if levels is None or len(levels) < 2:
        raise WganError(f"the real rows have no phases: give rows of 2 to {MOST_LEVELS} different values.")
    return levels


def lags_of(shape: tuple[int, ...], first: int) -> np.ndarray:
    """From `first` to half the shortest axis of space, at most MOST_LAGS."""
    return np.arange(first, max(first, min(MOST_LAGS, min(shape[1:-1]) // 2)) + 1)


def _both(
    measure: Callable[..., Curve], real: np.ndarray, fake: np.ndarray, steps: np.ndarray, along: Along | None
) -> list[np.ndarray]:
    """A measure of both sets along each axis of their rows, or of those rows that lie along one axis of space."""
    if along is None:
        return [_along_axes(measure, rows, steps) for rows in (real, fake)]
    return [_along_one(measure, rows, steps, of) for rows, of in zip((real, fake), along, strict=True)]


def _along_axes(measure: Callable[..., Curve], rows: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """A measure along each axis of space, one after the other: [n, axes * steps, channels]."""
    return np.concatenate([measure(rows, steps, axis).rows for axis in range(rows.ndim - 2)], axis=1)


def _along_one(measure: Callable[..., Curve], rows: np.ndarray, steps: np.ndarray, of: np.ndarray | None) -> np.ndarray:
    """A measure along the axis `of` each row, [rows with one, steps, channels]; the mean over all axes for None."""
    if of is None:
        return measure(rows, steps).rows
    if (of < 0).all():
        raise WganError("no row of a set lies along this axis; give slices perpendicular to another one.")
    return np.concatenate([measure(rows[of == axis], steps, axis).rows for axis in np.unique(of[of >= 0])])


def _root_mean_square(values: np.ndarray) -> np.ndarray:
    return np.sqrt((values**2).mean((-2, -1)))


Statistic = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _jackknifed(statistic: Statistic, real: np.ndarray, fake: np.ndarray) -> Measurement:
    """A statistic of the mean curves [..., k, channels] of two sets of rows, with the jackknife's standard error."""
    value, *replicates = _replicated(statistic, real, fake)
    return Measurement(value, _error(*replicates))


def _replicated(statistic: Statistic, real: np.ndarray, fake: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """The statistic, and what it is without each row of the one and of the other set."""
    means = real.mean(0), fake.mean(0)
    without = [mean + (mean - rows) / max(1, len(rows) - 1) for mean, rows in zip(means, (real, fake), strict=True)]
    return float(statistic(*means)), statistic(without[0], means[1]), statistic(means[0], without[1])


def _error(*replicates: np.ndarray) -> float | None:
    """The jackknife's standard error of a statistic of independent sets; None where a set has a single row."""
    if min(map(len, replicates)) < 2:
        return None
    return math.sqrt(sum((len(found) - 1) * found.var() for found in replicates))


# The metrics by name.


def most_rows(shape: tuple[int, ...]) -> int:
    """The number of rows of this shape that are compared at most."""
    return min(MOST_ROWS, max(20, MOST_VALUES // math.prod(shape)))


@dataclass(frozen=True, eq=False)
class StructureSets:
    """What is compared: `real` are held-out rows and `fake` samples [n, *space, channels], as they are at rest.

    For the floor, `fake` are training rows. `axes` are the axes of space, if measures are told apart by them.
    """

    real: np.ndarray
    fake: np.ndarray
    axes: Axes | None = None

    @cached_property
    def levels(self) -> np.ndarray | None:
        """The values of the real rows if these are 2 to 8; else None."""
        levels = levels_of(self.real)
        return None if levels is None or len(levels) < 2 else levels

    @property
    def pairs(self) -> int | None:
        """The number of pairs of channels of the real rows; None for one channel and for more than 32."""
        channels = self.real.shape[-1]
        return channels * (channels - 1) // 2 if 2 <= channels <= MOST_CHANNELS else None


STRUCTURE_METRICS: dict[str, Metric] = {
    "spectrum": Metric(
        "power spectrum",
        "lower",
        "difference of log10 power, root mean square over frequencies and channels; 1 is a factor of ten",
        10,
        lambda s: spectrum_difference(s.real, s.fake),
        along=lambda s, axis: spectrum_difference(s.real, s.fake, s.axes.along(axis)),
    ),
    "autocorrelation": Metric(
        "autocorrelation",
        "lower",
        "difference of the correlation of two points, root mean square over lags, axes and channels",
        10,
        lambda s: autocorrelation_difference(s.real, s.fake),
        along=lambda s, axis: autocorrelation_difference(s.real, s.fake, s.axes.along(axis)),
    ),
    "channels": Metric(
        "channel correlations",
        "lower",
        "difference of the correlation of two channels at a point, root mean square over pairs",
        10,
        lambda s: channel_difference(s.real, s.fake),
        ("pairs",),
    ),
    "two_point": Metric(
        "two-point function",
        "lower",
        "difference of the chance that two points lie in one phase, root mean square over distances and axes",
        10,
        lambda s: two_point_difference(s.real, s.fake),
        ("levels",),
        along=lambda s, axis: two_point_difference(s.real, s.fake, s.axes.along(axis)),
    ),
    "phase_fraction": Metric(
        "phase fraction",
        "lower",
        "largest difference of the share of a phase",
        10,
        lambda s: phase_difference(s.real, s.fake),
        ("levels",),
        unit="share",
    ),
    "amplitude": Metric(
        "amplitude W1",
        "lower",
        "W1 of the values of a channel, in its standard deviations; mean over channels",
        10,
        lambda s: amplitude_difference(s.real, s.fake),
    ),
}
