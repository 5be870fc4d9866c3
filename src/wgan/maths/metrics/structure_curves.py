"""The curves that the structure metrics compare: those of samples and of real rows, and where they differ most."""

import math
from typing import Any, NamedTuple

import numpy as np

from wgan.maths.metrics.structure import (
    Curve,
    amplitudes,
    autocorrelation,
    channel_correlation,
    levels_of,
    phase_fractions,
    power_spectrum,
    two_point,
    varying,
)
from wgan.maths.metrics.structure_metrics import FAINT, MOST_CHANNELS, lags_of

BINS = 24  # of the histogram of amplitudes


class Worst(NamedTuple):
    """The place at which two curves differ by the most standard errors.

    `at` is its frequency, lag, distance or value, and `channel` its channel. For correlations of two channels, `at` and
    `channel` are the two channels. `difference` is that of the samples from the real rows; for a spectrum it is log10
    of the ratio. `error` is its standard error.
    """

    at: float
    channel: int
    difference: float
    error: float


def structure_curves(rows: Any, real: Any, axis: int | None = None) -> dict[str, Curve]:
    """The curves of rows [n, *space, channels], by the names of STRUCTURE_METRICS.

    `real` are the real rows that the curves are compared with: their values are the levels of the phases, and channels
    in which they do not vary are left out. The bins of the histogram are standard deviations from their mean. A curve
    that these rows cannot have is left out too, such as the autocorrelation of rows that do not vary. With an `axis` of
    space only the curves with a direction are made, along this axis: spectrum, autocorrelation, two-point function.

    Examples:
        >>> rows = np.random.default_rng(0).normal(size=(9, 8, 1))
        >>> list(structure_curves(rows, rows))
        ['spectrum', 'autocorrelation', 'amplitude']
    """
    kept = varying(real)
    if not kept.any():
        return {}
    levels = levels_of(real)
    rows, real = np.asarray(rows)[..., kept], np.asarray(real)[..., kept]
    found = {"spectrum": power_spectrum(rows, axis)}
    if varying(rows).all():
        found["autocorrelation"] = autocorrelation(rows, lags_of(rows.shape, first=1), axis)
        if 2 <= rows.shape[-1] <= MOST_CHANNELS and axis is None:
            found["channels"] = channel_correlation(rows)
    if levels is None and axis is None:
        flat = real[: max(1, 2**20 // real[0].size)].reshape(-1, real.shape[-1]).astype(np.float64)
        mean, deviation = flat.mean(0), np.where(flat.std(0) > 0, flat.std(0), 1.0)
        low, high = np.quantile((flat - mean) / deviation, (0.001, 0.999))
        if low < high:
            found["amplitude"] = amplitudes((rows - mean) / deviation, np.linspace(low, high, BINS + 1))
    elif levels is not None:
        lags, middles = lags_of(rows.shape, first=0), (levels[1:] + levels[:-1]) / 2
        place = np.searchsorted(middles, rows)
        curves = [two_point(place == level, lags, axis) for level in range(1, len(levels))]
        found["two_point"] = Curve(lags, np.concatenate([curve.rows for curve in curves], axis=-1))
        if axis is None:
            found["phase_fraction"] = phase_fractions(rows, levels)
    return found


def worst_place(name: str, real: Curve, fake: Curve, variance: Any) -> Worst | None:
    """Where two curves of a measure differ by the most standard errors; None where no difference has an error.

    For "spectrum" logarithms are compared, and power below a millionth of the channel's `variance` counts as a
    millionth.
    """
    one, other = real.mean, fake.mean
    errors = real.error, fake.error
    with np.errstate(divide="ignore", invalid="ignore"):
        if name == "spectrum":
            one, other = (np.maximum(mean, FAINT * variance) for mean in (one, other))
            difference = np.log10(other / one)
            error = np.hypot(errors[0] / one, errors[1] / other) / math.log(10)
        else:
            difference, error = other - one, np.hypot(*errors)
        certain = np.abs(difference) / error
    certain = np.where(np.isfinite(certain), certain, -1.0)
    if certain.max() < 0:
        return None
    place, line = np.unravel_index(certain.argmax(), certain.shape)
    at, channel = (real.at[place]) if name == "channels" else (real.at[place], line % len(variance))
    return Worst(float(at), int(channel), float(difference[place, line]), float(error[place, line]))
