"""The metrics as functions of features that the caller chooses, in float64.

Most take the features [m, d] of real rows, then those [n, d] of generated rows, and return a `Measurement`. Features
may be real numbers of any kind; [n] is one number a row, and images [n, ...] are flattened. A value is to be read
beside its floor, the same metric of real rows against real rows.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from wgan.errors import WganError, a_kind
from wgan.maths import transport
from wgan.maths.exact import as_features, as_float64, as_labels, as_probabilities, refuse_unplain
from wgan.maths.metrics.distances import squared_distances
from wgan.maths.moments import deviation, mean
from wgan.maths.streams import stream

SPLITS = 10  # splits of the inception-style score, as in Salimans et al. 2016
DIRECTIONS = 128  # random lines of the sliced distance
EXACT_ROWS = 1000  # rows of each kind in the exact distance; its time grows with their cube
NORMAL = 1.96  # standard errors on either side of a value, for an interval of 95 %
LEAST = np.finfo(float).tiny  # a mean probability that underflows to 0 counts as this
GROUPS = 10  # groups of the jackknife, which leaves out one tenth at a time


class Measurement(NamedTuple):
    """The value of a metric.

    `error` is its standard error and `p_value` the result of its test, where it has them. `floor` is the floor where
    it is known without measuring. `shares` are the parts of the value by class or mode. `interval` are the ends of a
    95 % interval inside of [0, 1], for a share with an error.
    """

    value: float
    error: float | None = None
    p_value: float | None = None
    floor: float | None = None
    shares: tuple[float, ...] | None = None
    interval: tuple[float, float] | None = None

    @classmethod
    def mean(cls, rows: np.ndarray) -> "Measurement":
        """The mean of independent rows [n], with its standard error, which one row does not have.

        Truth values have a share, with an interval.
        """
        found = cls(float(rows.mean()), float(rows.std() / np.sqrt(len(rows))) if len(rows) > 1 else None)
        return found._replace(interval=wilson(found.value, len(rows))) if rows.dtype == bool else found


def wilson(share: float, count: float) -> tuple[float, float]:
    """The 95 % interval of Wilson (1927) for a share of `count` independent rows, which lies inside of [0, 1].

    Examples:
        >>> low, high = wilson(1.0, 20)
        >>> round(low, 3), high
        (0.839, 1.0)
    """
    squared = NORMAL**2 / count
    middle, half = share + squared / 2, NORMAL * math.sqrt(share * (1 - share) / count + squared / (4 * count))
    low, high = (middle - half) / (1 + squared), (middle + half) / (1 + squared)
    return (low if share > 0 else 0.0), (high if share < 1 else 1.0)  # without rounding errors beyond 0 and 1


def clipped(value: float, error: float) -> tuple[float, float]:
    """The 95 % interval of a share whose standard error allows for more than its own rows, inside of [0, 1]."""
    return max(0.0, value - NORMAL * error), min(1.0, value + NORMAL * error)


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
    (mean1, x, root1), (mean2, y, root2) = map(_gaussian, as_features(2, real=real, fake=fake))
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

    On a line it is the mean of |sort(x) - sort(y)|, in the unit of the features. From the larger set, random rows are
    taken, as many as the smaller set has. `seed` draws the lines and these rows. The error is the jackknife's over ten
    groups.
    """
    real, fake = _as_many(as_features(2, real=real, fake=fake), seed=seed)
    directions = stream(seed, "evaluate").standard_normal((real.shape[1], DIRECTIONS))
    directions /= np.linalg.norm(directions, axis=0)

    def distance(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.abs(np.sort(x, axis=0) - np.sort(y, axis=0)).mean())

    return _leaving_out_groups(distance, real @ directions, fake @ directions)


def exact_w1(real: np.ndarray, fake: np.ndarray, seed: int = 0) -> Measurement:
    """The exact Wasserstein-1 distance of up to 1,000 rows of each set, and of as many rows of both.

    If a set has more rows, `seed` draws the rows that are compared.

    This is the distance of the samples. The distance of the distributions is smaller on average; the floor shows by how
    much. The error comes from the jackknife over ten groups.
    """
    real, fake = _as_many(as_features(2, real=real, fake=fake), most=EXACT_ROWS, seed=seed)
    return _leaving_out_groups(lambda x, y: transport.w1(x, y, method="exact").value, real, fake)


def _as_many(sets: list[np.ndarray], seed: int, most: int | None = None) -> list[np.ndarray]:
    """As many rows of each set, at random where there are more, since rows may lie in an order."""
    count = min(*map(len, sets), most or len(sets[0]))
    return [x if len(x) == count else x[stream(seed, "halves").permutation(len(x))[:count]] for x in sets]


def _leaving_out_groups(statistic: Callable[..., float], x: np.ndarray, y: np.ndarray) -> Measurement:
    """A statistic of two sets of equal size, with the jackknife's standard error."""
    groups = min(GROUPS, len(x))
    group = np.arange(len(x)) % groups
    without = np.array([statistic(x[group != g], y[group != g]) for g in range(groups)])
    return Measurement(statistic(x, y), float(np.sqrt((groups - 1) * without.var())))


# Classes and modes.


def inception_style_score(probabilities: np.ndarray) -> Measurement:
    """exp(E KL(p(class | x) || p(class))) of a classifier's probabilities [n, classes] (Salimans et al. 2016).

    It is the mean over ten splits, with its standard error, and lies between 1 and the number of classes. It is the
    Inception score only where the classifier is the Inception network.

    Examples:
        >>> inception_style_score(np.tile(np.eye(2), (50, 1))).value
        2.0
    """
    from scipy.special import rel_entr

    probabilities = as_probabilities(probabilities, "probabilities")
    if len(probabilities) < SPLITS:
        raise WganError(f"probabilities has {len(probabilities)} rows; give at least {SPLITS}, one for each split.")
    values = []
    for part in np.array_split(probabilities, SPLITS):
        values.append(np.exp(rel_entr(part, np.maximum(part.mean(0), LEAST)).sum(1).mean()))
    return Measurement(float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(SPLITS)))


def class_coverage(real_probabilities: np.ndarray, fake_probabilities: np.ndarray) -> Measurement:
    """The share of the real classes whose share among the samples is at least a tenth of their real share.

    Both arguments are a classifier's probabilities, [m, classes] of real rows and [n, classes] of samples; a row
    counts for its most probable class. `shares` are the classes' shares among the samples.
    """
    both = (
        as_probabilities(real_probabilities, "real_probabilities"),
        as_probabilities(fake_probabilities, "fake_probabilities"),
    )
    classes, others = both[0].shape[1], both[1].shape[1]
    if classes != others:
        raise WganError(f"real_probabilities has {classes} classes and fake_probabilities {others}; give the same.")
    real, fake = (np.bincount(p.argmax(1), minlength=classes) / len(p) for p in both)
    found = fake[real > 0] >= real[real > 0] / 10
    return Measurement(float(found.mean()), shares=tuple(fake.tolist()))


def label_agreement(probabilities: np.ndarray, labels: np.ndarray) -> Measurement:
    """The share of samples whose most probable class, by `probabilities` [n, classes], is their label, [n]."""
    probabilities = as_probabilities(probabilities, "probabilities")
    labels = as_float64(labels, "labels", "whole numbers [n]")
    if labels.shape != (len(probabilities),):
        raise WganError(f"labels has shape {labels.shape}; give {len(probabilities)} numbers, one for each row.")
    classes = probabilities.shape[1]
    if not ((labels >= 0) & (labels < classes) & (labels == np.rint(labels))).all():
        raise WganError(f"labels holds numbers that are not classes; give whole numbers from 0 to {classes - 1}.")
    return Measurement.mean(probabilities.argmax(1) == labels)


class Modes(NamedTuple):
    """Known clusters: their centres [modes, d] and their standard deviations per coordinate, [modes]."""

    centres: np.ndarray
    deviations: np.ndarray


def modes_of(rows: np.ndarray, labels: np.ndarray) -> Modes:
    """The modes of rows [n, d] with labels [n], one label for each mode."""
    (rows,) = as_features(rows=rows)
    refuse_unplain(labels, "labels")
    labels = as_labels(labels, "labels")
    if labels.shape != (len(rows),):
        raise WganError(f"labels has shape {labels.shape}; give {len(rows)} labels, one for each row.")
    groups = [rows[labels == label] for label in np.unique(labels)]
    return Modes(np.stack([mean(g) for g in groups]), np.array([np.sqrt((deviation(g) ** 2).mean()) for g in groups]))


def high_quality(fake: np.ndarray, modes: Modes) -> Measurement:
    """The share of samples [n, d] within three standard deviations of their nearest mode; `shares` by mode.

    Samples of 2-D Gaussians themselves have 1 - e^(-9/2) = 0.989 (Srivastava et al. 2017).
    """
    if not isinstance(modes, Modes):
        raise WganError(f"modes is {a_kind(modes)}; give Modes(centres, deviations), as modes_of returns them.")
    fake, centres = as_features(fake=fake, centres=modes.centres)
    deviations = as_float64(modes.deviations, "deviations", "a number a mode")
    if deviations.shape != (len(centres),) or (deviations < 0).any():
        raise WganError(f"deviations must be {len(centres)} numbers of at least 0, one for each mode; correct them.")
    nearest, squared = np.empty(len(fake), int), np.empty(len(fake))
    for part, block in squared_distances(fake, centres):
        nearest[part], squared[part] = block.argmin(1), block.min(1)
    good = squared <= (3 * deviations[nearest]) ** 2
    counts = np.bincount(nearest[good], minlength=len(centres))
    return Measurement.mean(good)._replace(shares=tuple((counts / len(fake)).tolist()))


def modes_found(fake: np.ndarray, modes: Modes) -> Measurement:
    """The number of modes with a sample within three standard deviations (Srivastava et al. 2017)."""
    return Measurement(float(np.count_nonzero(np.array(high_quality(fake, modes).shares))))
