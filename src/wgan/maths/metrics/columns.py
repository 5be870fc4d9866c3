"""Single columns of two tables against each other, and how strongly two columns of one table go together.

A column is an array [n] of numbers, or of codes of levels; the caller leaves gaps out or gives them a code.
"""

import math

import numpy as np

from wgan.maths.moments import deviation, mean


def distance_of_numbers(real: np.ndarray, fake: np.ndarray) -> float:
    """The Wasserstein-1 distance of two columns of numbers in standard deviations of the real one.

    It is NaN where the real column does not vary, or where a column is empty.

    Examples:
        >>> round(distance_of_numbers(np.array([0.0, 2.0]), np.array([3.0, 5.0])), 6)
        3.0
    """
    from scipy.stats import wasserstein_distance

    scale = deviation(real) if len(real) else 0.0
    return float(wasserstein_distance(real, fake) / scale) if scale and len(fake) else math.nan


def distance_of_levels(real: np.ndarray, fake: np.ndarray) -> float:
    """The total variation distance of the shares of the levels in two columns of codes; NaN where one is empty.

    Examples:
        >>> distance_of_levels(np.array([0, 1]), np.array([0, 0]))
        0.5
    """
    if not len(real) or not len(fake):
        return math.nan
    levels = np.unique(np.concatenate([real, fake]))
    shares = [(codes[:, None] == levels).mean(0) for codes in (real, fake)]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson's correlation of two columns of numbers; 0 where one does not vary."""
    if not len(first) or not min(deviation(first), deviation(second)):
        return 0.0
    one, other = ((column - mean(column)) / deviation(column) for column in (first, second))
    return float(np.clip((one * other).mean(), -1, 1))


def correlation_ratio(codes: np.ndarray, numbers: np.ndarray) -> float:
    """How much of a column of numbers the levels of another explain: the square root of the share of its variance.

    Examples:
        >>> correlation_ratio(np.array([0, 0, 1, 1]), np.array([1.0, 1.0, 5.0, 5.0]))
        1.0
    """
    scale = deviation(numbers) if len(numbers) else 0.0
    if not scale:
        return 0.0
    _, group = np.unique(codes, return_inverse=True)
    means = np.bincount(group, (numbers - mean(numbers)) / scale) / np.bincount(group)
    return min(1.0, float(deviation(means[group])))


def cramers_v(first: np.ndarray, second: np.ndarray) -> float:
    """Cramer's V of two columns of codes: 0 where they are independent, and 1 where each tells the other.

    Examples:
        >>> cramers_v(np.array([0, 1, 2, 0]), np.array([5, 3, 4, 5]))
        1.0
    """
    (a, first), (b, second) = (np.unique(codes, return_inverse=True) for codes in (first, second))
    fewest = min(len(a), len(b)) - 1
    if fewest < 1:
        return 0.0
    counts = np.bincount(first * len(b) + second, minlength=len(a) * len(b)).reshape(len(a), len(b))
    expected = np.outer(counts.sum(1), counts.sum(0)) / counts.sum()
    return float(min(1.0, math.sqrt(((counts - expected) ** 2 / expected).sum() / counts.sum() / fewest)))
