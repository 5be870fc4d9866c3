"""Means and deviations over rows that are exact where all rows are equal.

The mean of equal numbers may be rounded: three times 0.1 has the mean 0.1 + 1.4e-17. A deviation from that mean is then
not 0, and what is divided by it is huge. Numbers less the first one do not have this fault, nor that of a large offset.
"""

import numpy as np


def mean(rows: np.ndarray) -> np.ndarray:
    """The mean over the rows [n, ...], n >= 1, in float64; exactly the number where all rows hold it.

    Examples:
        >>> float(mean(np.full(3, 0.1))), float(np.full(3, 0.1).mean())
        (0.1, 0.10000000000000002)
    """
    first, apart = _apart(rows)
    return first + apart.mean(0)


def deviation(rows: np.ndarray) -> np.ndarray:
    """The standard deviation over the rows [n, ...], n >= 1, in float64; exactly 0 where all rows hold one number.

    Examples:
        >>> float(deviation(np.full(3, 0.1))), float(deviation(np.array([1e9, 1e9 + 2])))
        (0.0, 1.0)
    """
    apart = _apart(rows)[1]
    largest = np.abs(apart).max(0)
    scale = np.where(largest > 0, largest, 1.0)  # of very small and very large numbers no square is lost
    return (apart / scale).std(0) * scale


def _apart(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first row and all rows less it."""
    exact = np.asarray(rows, np.float64)
    return exact[0], exact - exact[0]
