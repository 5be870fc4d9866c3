"""Euclidean distances between all rows of two sets, in blocks that fit in memory."""

from collections.abc import Iterator

import numpy as np

BLOCK = 2**22  # distances in memory at a time: 32 MB
CANCELLED = 1e-5  # squared distances below this share of the squared lengths are computed again, from differences
EQUAL = 1e-6  # distances below this share of the usual distance to the middle are rounding errors of features


def parts(rows: int, columns: int) -> Iterator[slice]:
    """Slices of `rows` rows, each with about BLOCK distances to `columns` others."""
    size = max(1, BLOCK // columns)
    return (slice(start, start + size) for start in range(0, rows, size))


def squared_distances(x: np.ndarray, y: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """The squared distances [rows of x, rows of y] in blocks of rows of x; those of equal rows are exactly 0.

    They are |x|^2 + |y|^2 - 2 x.y, which loses digits where rows are near to each other; such pairs are computed again.
    """
    centre = y.mean(0)
    centred_x, centred_y = x - centre, y - centre
    lengths_x, lengths_y = (centred_x**2).sum(1), (centred_y**2).sum(1)
    for part in parts(len(x), len(y)):
        lengths = lengths_x[part, None] + lengths_y
        squared = lengths - 2 * centred_x[part] @ centred_y.T
        # few rows have such a pair at all, and one look at each row tells which
        some_near = np.flatnonzero(squared.min(1) <= CANCELLED * lengths.max(1))
        at, columns = np.nonzero(squared[some_near] <= CANCELLED * lengths[some_near])
        rows = some_near[at]
        for some in parts(len(rows), x.shape[1]):
            difference = x[part][rows[some]] - y[columns[some]]
            squared[rows[some], columns[some]] = (difference**2).sum(1)
        yield part, squared


def rounding_of(x: np.ndarray) -> float:
    """The squared distance up to which two rows are equal but for the rounding of float32 features.

    Its root is a millionth of the median distance to the median row, which no outlier moves.
    """
    return EQUAL**2 * float(np.median(((x - np.median(x, 0)) ** 2).sum(1)))
