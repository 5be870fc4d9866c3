"""The metrics as functions of features that the caller chooses, in float64.

Most take the features [m, d] of real rows, then those [n, d] of generated rows, and return a `Measurement`. A value is
to be read beside its floor, the same metric of real rows against real rows.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from wgan.errors import WganError
from wgan.maths import transport
from wgan.maths.metrics.distances import squared_distances
from wgan.maths.streams import stream

NEIGHBOURS = 5  # k of precision, recall, density and coverage, as in Naeem et al. 2020
SPLITS = 10  # splits of the inception-style score, as in Salimans et al. 2016
DIRECTIONS = 128  # random lines of the sliced distance
EXACT_ROWS = 1000  # rows of each kind in the exact distance; its time grows with their cube
GROUPS = 10  # groups of the jackknife, which leaves out one tenth at a time
TAIL = 1000  # memorisation compares samples with the nearest one in this many held-out rows


class Measurement(NamedTuple):
    """The value of a metric.

    `error` is its standard error and `p_value` the result of its test, where it has them. `floor` is the floor where
    it is known without measuring. `shares` are the parts of the value by class or mode.
    """

    value: float
    error: float | None = None
    p_value: float | None = None
    floor: float | None = None
    shares: tuple[float, ...] | None = None


# Distances between two distributions.


def frechet(real: np.ndarray, fake: np.ndarray) -> Measurement:
    """The squared Frechet distance of Gaussians fitted to two sets of features [m, d] and [n, d].

    |mu1 - mu2|^2 + tr(S1) + tr(S2) - 2 tr((S1 S2)^(1/2)) (Heusel et al. 2017), in the squared unit of the features.
    A QR decomposition gives S = R'R, also for fewer rows than features, and the last trace is the sum of the singular
    values of R1 R2'. The error is the delta method's: the derivative of the value in each distribution is the
    quadratic potential of the optimal map between the Gaussians (Rippl, Munk, Sturm 2016). The error leaves out the
    upward bias of few rows, which the floor shows. This is the FID only on the Inception network's features.

    Examples:
        >>> x = np.array([[0.0], [2.0]])
        >>> frechet(x, x + 3).value
        9.0
    """
    (mean1, x, root1), (mean2, y, root2) = map(_gaussian, (real, fake))
    left, values, right = np.linalg.svd(root1 @ root2.T)
    shift = mean1 - mean2
    value = shift @ shift + (root1**2).sum() + (root2**2).sum() - 2 * values.sum()
    variance = 0.0
    for centred, root, vectors, towards in ((x, root1, left, shift), (y, root2, right.T, -shift)):
        mapped = centred @ np.linalg.pinv(root, rcond=1e-10) @ vectors[:, : len(values)]
        potential = (centred**2).sum(1) - (mapped**2) @ values + 2 * centred @ towards
        variance += potential.var() / len(centred)
    return Measurement(max(float(value), 0.0), float(np.sqrt(variance)))


def _gaussian(features: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mean, the centred rows, and R with R'R the covariance."""
    mean = features.mean(0, dtype=np.float64)
    centred = features - mean
    return mean, centred, np.linalg.qr(centred, mode="r") / np.sqrt(len(centred) - 1)


def sliced_w1(real: np.ndarray, fake: np.ndarray, seed: int = 0) -> Measurement:
    """The mean over 128 random lines of the Wasserstein-1 distance of the projected rows (Rabin et al. 2011).

    On a line it is the mean of |sort(x) - sort(y)|, in the unit of the features. The larger set is cut to the size of
    the smaller. `seed` draws the lines. The error is the jackknife's over ten groups of rows.
    """
    directions = stream(seed, "evaluate").standard_normal((real.shape[1], DIRECTIONS))
    directions /= np.linalg.norm(directions, axis=0)
    count = min(len(real), len(fake))

    def distance(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.abs(np.sort(x, axis=0) - np.sort(y, axis=0)).mean())

    return _leaving_out_groups(distance, real[:count] @ directions, fake[:count] @ directions)


def exact_w1(real: np.ndarray, fake: np.ndarray) -> Measurement:
    """The exact Wasserstein-1 distance of the first 1,000 rows of both (fewer where there are fewer).

    It is the samples' distance, which lies above the distributions' by an amount that only the floor tells. The
    error is the jackknife's, of ten groups.
    """
    count = min(len(real), len(fake), EXACT_ROWS)
    return _leaving_out_groups(lambda x, y: transport.w1(x, y, method="exact").value, real[:count], fake[:count])


def _leaving_out_groups(statistic: Callable[..., float], x: np.ndarray, y: np.ndarray) -> Measurement:
    """A statistic of two sets of equal size, with the jackknife's standard error."""
    group = np.arange(len(x)) % GROUPS
    without = np.array([statistic(x[group != g], y[group != g]) for g in range(GROUPS)])
    return Measurement(statistic(x, y), float(np.sqrt((GROUPS - 1) * without.var())))


# Neighbourhoods: the balls around the rows of one set, and the rows of the other set in them.


def _radii(x: np.ndarray, k: int) -> np.ndarray:
    """The squared distance of each row to its k-th nearest other row."""
    radii = np.empty(len(x))
    for part, squared in squared_distances(x, x):
        radii[part] = np.partition(squared, k, axis=1)[:, k]  # the row itself is its nearest
    return radii


def neighbourhoods(real: np.ndarray, fake: np.ndarray, k: int = NEIGHBOURS) -> dict[str, Measurement]:
    """Precision, recall, density and coverage of features [m, d] and [n, d].

    The ball of a row reaches to its k-th nearest row of the same set and includes its rim. Precision is the share of
    samples in the ball of a real row; recall is the share of real rows in the ball of a sample (Kynkaanniemi et al.
    2019). Density is the mean over samples of the number of real balls that hold the sample, divided by k; coverage
    is the share of real rows with a sample in their ball (Naeem et al. 2020). The standard error is that of the mean
    over the rows counted, with the other set held fixed.

    Examples:
        >>> x = np.arange(8.0)[:, None]
        >>> {name: float(m.value) for name, m in neighbourhoods(x, x[:4], k=1).items()}
        {'precision': 1.0, 'recall': 0.625, 'density': 2.75, 'coverage': 0.625}
    """
    real_radii, fake_radii = _radii(real, k), _radii(fake, k)
    holding = np.zeros(len(fake))
    recalled, covered = np.empty(len(real), bool), np.empty(len(real), bool)
    for part, squared in squared_distances(real, fake):
        inside = squared <= real_radii[part, None]
        holding += inside.sum(0)
        covered[part] = inside.any(1)
        recalled[part] = (squared <= fake_radii).any(1)
    found = {"precision": holding > 0, "recall": recalled, "density": holding / k, "coverage": covered}
    return {name: _mean(rows) for name, rows in found.items()}


def _mean(rows: np.ndarray) -> Measurement:
    return Measurement(float(rows.mean()), float(rows.std() / np.sqrt(len(rows))))


# Classes and modes.


def inception_style_score(probabilities: np.ndarray) -> Measurement:
    """exp(E KL(p(class | x) || p(class))) of a classifier's probabilities [n, classes] (Salimans et al. 2016).

    It is the mean over ten splits, with its standard error, and lies between 1 and the number of classes. It is the
    Inception score only where the classifier is the Inception network.

    Examples:
        >>> inception_style_score(np.tile(np.eye(2), (50, 1))).value
        2.0
    """
    values = []
    for part in np.array_split(probabilities, SPLITS):
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = part * (np.log(part) - np.log(part.mean(0)))
        values.append(np.exp(np.where(part > 0, terms, 0).sum(1).mean()))
    return Measurement(float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(SPLITS)))


def class_coverage(real_probabilities: np.ndarray, fake_probabilities: np.ndarray) -> Measurement:
    """The share of the real classes whose share among the samples is at least a tenth of their real share.

    Both arguments are a classifier's probabilities, [m, classes] of real rows and [n, classes] of samples; a row
    counts for its most probable class. `shares` are the classes' shares among the samples.
    """
    classes = real_probabilities.shape[1]
    real, fake = (
        np.bincount(p.argmax(1), minlength=classes) / len(p) for p in (real_probabilities, fake_probabilities)
    )
    found = fake[real > 0] >= real[real > 0] / 10
    return Measurement(float(found.mean()), shares=tuple(fake.tolist()))


def label_agreement(probabilities: np.ndarray, labels: np.ndarray) -> Measurement:
    """The share of samples whose most probable class, by `probabilities` [n, classes], is their label, [n]."""
    right = probabilities.argmax(1) == labels
    return Measurement(float(right.mean()), float(right.std() / np.sqrt(len(right))))


class Modes(NamedTuple):
    """Known clusters: their centres [modes, d] and their standard deviations per coordinate, [modes]."""

    centres: np.ndarray
    deviations: np.ndarray


def modes_of(rows: np.ndarray, labels: np.ndarray) -> Modes:
    """The modes of rows [n, d] with labels [n], one label for each mode."""
    groups = [rows[labels == label].astype(np.float64) for label in np.unique(labels)]
    return Modes(np.stack([g.mean(0) for g in groups]), np.array([np.sqrt(g.var(0).mean()) for g in groups]))


def high_quality(fake: np.ndarray, modes: Modes) -> Measurement:
    """The share of samples [n, d] within three standard deviations of their nearest mode; `shares` by mode.

    Samples of 2-D Gaussians themselves have 1 - e^(-9/2) = 0.989 (Srivastava et al. 2017).
    """
    nearest, squared = np.empty(len(fake), int), np.empty(len(fake))
    for part, block in squared_distances(fake, modes.centres):
        nearest[part], squared[part] = block.argmin(1), block.min(1)
    good = squared <= (3 * modes.deviations[nearest]) ** 2
    counts = np.bincount(nearest[good], minlength=len(modes.centres))
    return _mean(good)._replace(shares=tuple((counts / len(fake)).tolist()))


def modes_found(fake: np.ndarray, modes: Modes) -> Measurement:
    """The number of modes with a sample within three standard deviations (Srivastava et al. 2017)."""
    return Measurement(float(np.count_nonzero(np.array(high_quality(fake, modes).shares))))


# Memory and diversity.


def memorisation(real: np.ndarray, fake: np.ndarray, train: np.ndarray) -> Measurement:
    """The share of samples that lie at one training row as hardly a held-out row does, and a test of it.

    Each row has the ratio of its distances to the nearest and the second nearest row of `train` [rows, d]: 0 at a
    copy, near 1 between rows, and, unlike a distance, no smaller where rows are dense or samples blurred. With t
    the ceil(m / 1000)-th smallest ratio, r-th for short, of the m held-out rows `real`, the value is the share of
    samples below t. Were the samples new rows of the data, their number would be negative hypergeometric whatever
    the data are, with mean n r / (m + 1), and the p-value is exact: the chance of as many or more.
    """
    from scipy.stats import nhypergeom

    held_out, sampled = (_nearest_ratio(x, train) for x in (real, fake))
    m, n = len(held_out), len(sampled)
    rank = -(-m // TAIL)
    threshold = np.partition(held_out, rank - 1)[rank - 1]
    near = sampled < threshold
    p_value = float(nhypergeom(m + n, n, rank).sf(near.sum() - 1)) if near.any() else 1.0
    return _mean(near)._replace(p_value=p_value, floor=rank / (m + 1))


def _nearest_ratio(x: np.ndarray, train: np.ndarray) -> np.ndarray:
    ratios = np.empty(len(x))
    for part, squared in squared_distances(x, train):
        first, second = np.partition(squared, 1, axis=1)[:, :2].T
        with np.errstate(invalid="ignore"):
            ratios[part] = np.where(second > 0, np.sqrt(first / second), 1.0)  # of twins in `train`, none is copied
    return ratios


def diversity(real: np.ndarray, fake: np.ndarray) -> Measurement:
    """The mean distance of two samples [n, d] divided by that of two real rows [m, d].

    It is 1 where samples vary as the data do and 0 where all samples are the same. The error is the delta method's,
    from the variance of each U-statistic's first projection. Raises `WganError` where all real rows are the same.
    """
    parts = []
    for x in (fake, real):
        to_others = np.empty(len(x))
        for part, squared in squared_distances(x, x):
            to_others[part] = np.sqrt(squared).sum(1) / (len(x) - 1)
        parts.append((to_others.mean(), 4 * to_others.var() / len(x)))
    (above, above_variance), (below, below_variance) = parts
    if below == 0:
        raise WganError("diversity has no scale where all real rows are the same; use other features.")
    error = np.sqrt(above_variance + (above / below) ** 2 * below_variance) / below
    return Measurement(float(above / below), float(error))


def near_duplicates(fake: np.ndarray, train: np.ndarray) -> Measurement:
    """The share of samples as near to another sample as one in a hundred is among as many training rows.

    0.01 where samples repeat as seldom as the data do; 1 where a generator has a few outputs.
    """
    usual = np.quantile(_radii(train[: len(fake)], 1), 0.01)
    return _mean(_radii(fake, 1) <= usual)._replace(floor=0.01)
