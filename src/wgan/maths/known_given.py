"""Laws of rows given one number c, each with a sampler, a density and the exact Wasserstein-1 distance between two c.

A generator that is told c can be judged by them at each c, and also in a band of c that its training left out.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.special import gammaln, hyp1f1, logsumexp

from wgan.errors import WganError, unknown_name
from wgan.maths import streams
from wgan.maths.exact import as_float64, as_rows, whole_number

Array = np.ndarray


class Law(NamedTuple):
    """A law of rows [n, columns] given a number c between `low` and `high`, in float64.

    `sample(condition, seed)` draws one row for each number of `condition`, [n] or [n, 1]. An optimal plan couples the
    rows that one seed gives at two numbers, so that their mean distance is W1.
    `log_density(rows, condition)` [n] is the logarithm of the density of each row at its c. `w1(c, other)` is the exact
    Wasserstein-1 distance between the laws at two numbers; both may be arrays.
    """

    name: str
    columns: int
    low: float
    high: float
    sample: Callable[[Any, int], Array]
    log_density: Callable[[Any, Any], Array]
    w1: Callable[[Any, Any], Array]


def law(name: str) -> Law:
    """The law of this name in LAWS; raises `WganError` for an unknown name.

    Examples:
        >>> ring = law("ring")
        >>> ring.sample([1.0, 3.0], seed=0).shape, round(float(ring.w1(1.0, 3.0)), 12)
        ((2, 2), 2.0)
    """
    if name not in LAWS:
        raise unknown_name("law", name, LAWS)
    return LAWS[name]


def conditions(of: Law, n: int, seed: int, without: tuple[float, float] | None = None) -> Array:
    """Numbers c for a data set, [n, 1]: uniform between `low` and `high` of the law, or outside the band `without`.

    Raises `WganError` for a band that does not lie inside the range.

    Examples:
        >>> c = conditions(law("ring"), 1000, seed=0, without=(1.5, 2.5))
        >>> bool(((c < 1.5) | (c > 2.5)).all())
        True
    """
    spread = streams.stream(seed, "known_given", 1).random((whole_number(n, "n", 0), 1))
    if without is None:
        return of.low + (of.high - of.low) * spread
    start, end = as_float64(without, "without", "the two ends of a band")
    if not of.low <= start < end <= of.high or (start, end) == (of.low, of.high):
        raise WganError(
            f"without is {start:g} to {end:g}; give a band that starts below its end, inside {of.low:g} to {of.high:g}."
        )
    found = of.low + (of.high - of.low - (end - start)) * spread
    return np.where(found < start, found, found + end - start)


def _law(
    name: str,
    columns: int,
    limits: tuple[float, float],
    sample: Callable[[Array, np.random.Generator], Array],
    log_density: Callable[[Array, Array], Array],
    w1: Callable[[Array, Array], Array],
) -> Law:
    """The law whose functions read conditions and rows of any kind, and refuse those that do not fit."""
    low, high = limits

    def known(values: Any, named: str) -> Array:
        found = as_float64(values, named, "numbers [n] or [n, 1]")
        outside = found[(found < low) | (found > high)]
        if outside.size:
            raise WganError(f"{named} holds {outside[0]:g}; the law {name} is known from {low:g} to {high:g}.")
        return found

    def column(condition: Any) -> Array:
        found = known(condition, "condition")
        if found.ndim > 2 or (found.ndim == 2 and found.shape[1] != 1):
            raise WganError(f"condition has shape {found.shape}; give one number for each row, [n] or [n, 1].")
        return found.reshape(-1, 1)

    def density(rows: Any, condition: Any) -> Array:
        rows, c = as_rows(rows, "rows"), column(condition)
        if rows.shape[1] != columns:
            raise WganError(f"rows have {rows.shape[1]} columns, but the law {name} has {columns}.")
        if len(c) not in (1, len(rows)):
            raise WganError(f"condition has {len(c)} numbers for {len(rows)} rows; give one for each, or a single one.")
        return log_density(rows, np.broadcast_to(c, (len(rows), 1)))

    return Law(
        name,
        columns,
        low,
        high,
        lambda condition, seed: sample(column(condition), streams.stream(seed, "known_given")),
        density,
        lambda c, other: w1(known(c, "c"), known(other, "other")),
    )


WIDTH = 0.05  # standard deviation of the ring's radius, as a share of c


def _ring() -> Law:
    """Points at a uniform angle and at the radius c (1 + WIDTH N(0, 1)), so that the ring widens as it grows.

    The law at c is the law at 1, scaled by c. Mass moves along rays from 0, and |x| is the best critic, so that
    W1 = |c - c'| E r with the mean radius E r = 1 at c = 1. A negative radius has a chance below 1e-88.
    """

    def sample(c: Array, random: np.random.Generator) -> Array:
        draws = random.random((len(c), 1)), random.standard_normal((len(c), 1))
        angle, radius = 2 * np.pi * draws[0], c * (1 + WIDTH * draws[1])
        return radius * np.concatenate([np.cos(angle), np.sin(angle)], 1)

    def log_density(rows: Array, c: Array) -> Array:
        radius, c = np.linalg.norm(rows, axis=1), c[:, 0]
        with np.errstate(divide="ignore"):
            around = np.log(2 * np.pi * radius)
        return _log_normal(radius, c, WIDTH * c) - around

    return _law("ring", 2, (1.0, 3.0), sample, log_density, lambda c, other: np.abs(c - other))


HEIGHTS = np.array([-1.5, 0.0, 1.5])  # of the modes on each side
SHARES = np.array([1 / 6, 1 / 3, 1 / 2])  # of each height
APART = 4.0  # from a mode on the left to the mode of the same height on the right
DEVIATION = 0.2  # of each mode


def _mixture() -> Law:
    """Six Gaussians, three on the left and three on the right; c is the share of those on the right.

    The difference of the laws at c and c' is c - c' times that of the right and the left side, which are each other's
    translation by APART. The best critic is the first coordinate, and W1 = APART |c - c'|.
    """
    centres = np.array([[side * APART / 2, height] for side in (-1, 1) for height in HEIGHTS])

    def weights(c: Array) -> Array:
        return np.concatenate([(1 - c) * SHARES, c * SHARES], 1)

    def sample(c: Array, random: np.random.Generator) -> Array:
        right, at = random.random(len(c)) < c[:, 0], random.choice(len(SHARES), len(c), p=SHARES)
        return centres[len(SHARES) * right + at] + DEVIATION * random.standard_normal((len(c), 2))

    def log_density(rows: Array, c: Array) -> Array:
        each = _log_normal(rows[:, None], centres, DEVIATION).sum(2)
        return np.asarray(logsumexp(each, axis=1, b=weights(c)))

    return _law("mixture", 2, (0.1, 0.9), sample, log_density, lambda c, other: APART * np.abs(c - other))


TIMES = np.linspace(0.5, 12.0, 24)
HEIGHT = 4.0  # a curve's integral over time
LEAST_NOISE, MORE_NOISE = 0.02, 0.04  # standard deviation of a value at c = 0, and what c = 1 adds to it


def gamma_curve(c: Any) -> Array:
    """The mean curves [n, 24] of the law `gamma`: HEIGHT times gamma densities of shape 2 + 3 c and scale 1.2 - 0.4 c.

    Examples:
        >>> float(TIMES[gamma_curve(0.0)[0].argmax()]), float(TIMES[gamma_curve(1.0)[0].argmax()])
        (1.0, 3.0)
    """
    c = np.asarray(c, np.float64).reshape(-1, 1)
    shape, scale = 2 + 3 * c, 1.2 - 0.4 * c
    return HEIGHT * np.exp((shape - 1) * np.log(TIMES / scale) - TIMES / scale - gammaln(shape)) / scale


def _gamma() -> Law:
    """Curves at 24 times: a gamma density whose shape and scale depend on c, plus noise that grows with c.

    A row is m(c) + s(c) Z with the curve m, the noise s and normal Z. The plan that maps it to m(c') + s(c') Z moves
    mass along rays from one point (or in one direction), and the distance to this point is the best critic, up to its
    sign. So W1 = E|m - m' + (s - s') Z|, which is the mean of a noncentral chi distribution.
    """

    def noise(c: Array) -> Array:
        return LEAST_NOISE + MORE_NOISE * c

    def sample(c: Array, random: np.random.Generator) -> Array:
        return gamma_curve(c) + noise(c) * random.standard_normal((len(c), len(TIMES)))

    def log_density(rows: Array, c: Array) -> Array:
        return _log_normal(rows, gamma_curve(c), noise(c)).sum(1)

    def w1(c: Array, other: Array) -> Array:
        c, other = np.broadcast_arrays(c, other)
        shift = np.linalg.norm(gamma_curve(c) - gamma_curve(other), axis=1).reshape(c.shape)
        return mean_length(shift, np.abs(noise(c) - noise(other)), len(TIMES))

    return _law("gamma", len(TIMES), (0.0, 1.0), sample, log_density, w1)


def mean_length(shift: Any, deviation: Any, dimension: int) -> Array:
    """E|v + deviation Z| for a vector v of length `shift` and a standard normal Z in so many dimensions.

    Examples:
        >>> float(mean_length(3.0, 0.0, 5)), round(float(mean_length(0.0, 1.0, 2)), 6)
        (3.0, 1.253314)
    """
    shift, deviation = np.broadcast_arrays(np.asarray(shift, np.float64), np.asarray(deviation, np.float64))
    central = deviation * math.sqrt(2) * math.exp(math.lgamma((dimension + 1) / 2) - math.lgamma(dimension / 2))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = (shift / deviation) ** 2 / 2
        exact = central * hyp1f1(-0.5, dimension / 2, -ratio)
        far = shift + (dimension - 1) * deviation**2 / (2 * shift)  # the next term is of order deviation^4 / shift^3
    return np.where(ratio < FAR, exact, np.where(shift > 0, far, central))


def _log_normal(x: Array, mean: Any, deviation: Any) -> Array:
    return -(((x - mean) / deviation) ** 2) / 2 - np.log(deviation) - math.log(2 * math.pi) / 2


FAR = 1e8  # from this value of shift^2 / (2 deviation^2) on, the expansion is exact to rounding

LAWS: dict[str, Law] = {made.name: made for made in (_ring(), _mixture(), _gamma())}
