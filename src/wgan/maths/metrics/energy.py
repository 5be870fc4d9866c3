"""Unbiased distances from the means over all pairs of rows: of a kernel, and of the Euclidean distance."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from wgan.maths.exact import as_features
from wgan.maths.metrics.distances import parts, squared_distances
from wgan.maths.metrics.measures import Measurement

SPLITS = 500  # random splits from which what chance gives is taken
LEAST = 3  # rows of each kind: without one, a pair has to be left

Blocks = Callable[[np.ndarray, np.ndarray], Iterator[tuple[slice, np.ndarray]]]


def energy_distance(real: np.ndarray, fake: np.ndarray) -> Measurement:
    """The energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'| of features [m, d] and [n, d], in their unit.

    Its expectation is 0 for equal distributions and above 0 for all others (Szekely and Rizzo 2013). The value is the
    U-statistic over all pairs of rows, which is unbiased and so may be below 0. The error is the two-sample
    jackknife's, which leaves out one row at a time (Arvesen 1969).

    Examples:
        >>> x = np.array([[0.0], [1.0], [2.0]])
        >>> round(energy_distance(x, x + 3).value, 6)
        3.333333
    """

    def distances(x: np.ndarray, y: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        return ((part, np.sqrt(squared, out=squared)) for part, squared in squared_distances(x, y))

    found = _two_sample(distances, *as_features(LEAST, real=real, fake=fake))
    return found._replace(value=-found.value)


def energy_spread(real: np.ndarray, fake: np.ndarray) -> float:
    """The standard deviation of the energy distance of two sets of these sizes, both from the pooled distribution.

    It is sqrt(E h^2 (2 / m (m - 1) + 2 / n (n - 1) + 4 / m n)) for the distance h less its means over each row and over
    both, the variance of a U-statistic without a linear part (Serfling 1980). The jackknife's error misses this part
    where the value happens to be low. The sum of both errors covers the truth also near equality.
    """
    real, fake = as_features(LEAST, real=real, fake=fake)
    m, n, pooled = len(real), len(fake), np.concatenate([real, fake])
    means = np.concatenate([np.sqrt(squared).mean(1) for _, squared in squared_distances(pooled, pooled)])
    spread = 2 * pooled.var(0).sum() - 2 * (means**2).mean() + means.mean() ** 2
    return float(np.sqrt(max(0.0, spread) * (2 / (m * (m - 1)) + 2 / (n * (n - 1)) + 4 / (m * n))))


def mean_distance(rows: np.ndarray) -> float:
    """The mean distance between two different rows of [n, d], and 0 for fewer than two."""
    (rows,) = as_features(rows=rows)
    if len(rows) < 2:
        return 0.0
    total = sum(float(np.sqrt(squared).sum()) for _, squared in squared_distances(rows, rows))
    return total / (len(rows) * (len(rows) - 1))


def energy_by_chance(rows: np.ndarray, first: int, rng: np.random.Generator, quantile: float = 0.99) -> float:
    """What chance gives: a quantile of the energy distance between two random parts of the same rows [n, d].

    One part has `first` rows and the other all the rest. Of two sets of these sizes from one distribution, a share of
    1 - `quantile` or less are farther apart. It is taken from `SPLITS` random splits.
    """
    (rows,) = as_features(rows=rows)
    n, m, k = len(rows), first, len(rows) - first
    between = np.concatenate([np.sqrt(squared) for _, squared in squared_distances(rows, rows)])
    part = np.zeros((n, SPLITS))
    for split in range(SPLITS):
        part[rng.permutation(n)[:m], split] = 1
    reached = between @ part
    inside = (part * reached).sum(0)
    across = reached.sum(0) - inside
    others = between.sum() - 2 * across - inside
    found = 2 * across / (m * k) - inside / (m * (m - 1)) - others / (k * (k - 1))
    return float(np.quantile(found, quantile, method="higher"))


def kernel_distance(real: np.ndarray, fake: np.ndarray) -> Measurement:
    """The squared maximum mean discrepancy with the kernel (x.y / d + 1)^3 of features [m, d] and [n, d].

    It is the U-statistic over all pairs of rows, which is unbiased and so may be below 0 (Binkowski et al. 2018). The
    error is the two-sample jackknife's, which leaves out one row at a time (Arvesen 1969). This is the KID only on
    the Inception network's features.

    Examples:
        >>> x = np.array([[1.0], [2.0], [3.0]])
        >>> round(kernel_distance(x, x + 1).value, 6)
        133.666667
    """

    def kernel(x: np.ndarray, y: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        return ((part, (x[part] @ y.T / x.shape[1] + 1) ** 3) for part in parts(len(x), len(y)))

    return _two_sample(kernel, *as_features(LEAST, real=real, fake=fake))


class _Sums(NamedTuple):
    """Sums over pairs of rows: of each row, and of all."""

    rows: np.ndarray
    columns: np.ndarray
    total: float


def _sums(values: Blocks, x: np.ndarray, y: np.ndarray, twins: bool = False) -> _Sums:
    """The sums of `values(x, y)`; `twins` leaves out the pairs of a row with itself."""
    rows, columns = np.empty(len(x)), np.zeros(len(y))
    for part, block in values(x, y):
        if twins:
            at = np.arange(len(block))
            block[at, part.start + at] = 0
        rows[part] = block.sum(1)
        columns += block.sum(0)
    return _Sums(rows, columns, float(rows.sum()))


def _two_sample(values: Blocks, real: np.ndarray, fake: np.ndarray) -> Measurement:
    """E k(X, X') + E k(Y, Y') - 2 E k(X, Y) as a U-statistic with its jackknife error, for symmetric `values` k."""
    m, n = len(real), len(fake)
    reals, fakes, cross = _sums(values, real, real, True), _sums(values, fake, fake, True), _sums(values, real, fake)
    value = reals.total / (m * (m - 1)) + fakes.total / (n * (n - 1)) - 2 * cross.total / (m * n)
    without_real = (reals.total - 2 * reals.rows) / ((m - 1) * (m - 2))
    without_real -= 2 * (cross.total - cross.rows) / ((m - 1) * n)
    without_fake = (fakes.total - 2 * fakes.rows) / ((n - 1) * (n - 2))
    without_fake -= 2 * (cross.total - cross.columns) / (m * (n - 1))
    variance = (m - 1) * without_real.var() + (n - 1) * without_fake.var()
    return Measurement(value, float(np.sqrt(variance)))
