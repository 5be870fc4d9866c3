"""The singular values of a matrix by matrix products alone, so that every engine can differentiate them."""

from typing import Any

GRAM = 9  # matrix products of `norm_bound`: 512^(1 / 1024) is 1.006
BJORCK = 10  # iterations of Bjorck: a singular value of 0.1 becomes 0.999 or more
TINY = 1e-16  # added under a root: the derivative of |x| at 0 is 0, and TINY^(-3/2) = 1e24 fits into float32


def norm_bound(ops: Any, matrix: Any) -> Any:
    """An upper bound of the largest singular value of a matrix, at most r^(1 / 2^(GRAM + 1)) times too large at rank r.

    Gram iteration (Delattre et al. 2023): the operator norm is |A| = |A^T A|^(1/2) = |(A^T A)^2|^(1/4) = ..., and the
    Euclidean norm of the last power bounds its operator norm. It needs only matrix products, so it is fast.
    """
    a, bound = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T, 1.0
    for power in range(GRAM + 1):
        norm = ops.sqrt((a * a).sum() + TINY)
        bound = bound * norm**2.0**-power
        a = a / norm
        a = ops.matmul(a.T, a)
    return bound


def nearly_orthogonal(ops: Any, matrix: Any) -> Any:
    """A matrix of norm at most 1 with every singular value above 0.1 moved to 1, by Bjorck's iteration.

    A <- A (3 I - A^T A) / 2 moves every singular value in (0, 1] towards 1 and none beyond 1.
    """
    a = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    for _ in range(BJORCK):
        a = 1.5 * a - 0.5 * ops.matmul(a, ops.matmul(a.T, a))
    return a if a.shape == matrix.shape else a.T
