"""Bounds of W1 that hold in real arithmetic: from above by any plan, from below by any potential.

No solver is trusted. Masses are integers with one total, so that a plan is exactly feasible. Distances are computed
again and widened by the relative error of their formula. A c-transform makes a potential feasible.
"""

import math
import sys
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from wgan.errors import WganError
from wgan.maths.exact import as_float64, as_sets

ROUND = 2.0**-53  # the relative error of one float64 operation
TINY = 2.0**-500  # distances below it are lost when squared
FINEST = 2**60  # the total of the integer masses where weights are not whole numbers
BLOCK = 2**20  # distances in memory at a time
WHOLE = 1e-6  # a plan's masses this near to whole numbers are taken for whole
SUM_ERROR = 72 * ROUND  # relative error of NumPy's pairwise sum of up to 2**40 numbers of one sign, and two operations


class Plan(NamedTuple):
    """Integer masses [k] that move from rows `source` [k] of X to rows `target` [k] of Y; their sum is `total`."""

    source: np.ndarray
    target: np.ndarray
    mass: np.ndarray
    total: int


@dataclass(frozen=True, eq=False)
class Problem:
    """Two measures with positive masses: row i of X has the share a[i] / total, row j of Y the share b[j] / total.

    The points are the caller's times 2**-exponent; `rows_x` and `rows_y` are their rows in the caller's arrays.
    `inexact` bounds the summed difference of the shares from the true weights; it is 0 for whole-numbered weights.
    `lost` says that numbers are so unlike that the smallest ones lost digits, of less than TINY, when all were scaled.
    """

    X: np.ndarray
    Y: np.ndarray
    a: np.ndarray
    b: np.ndarray
    total: int
    inexact: float
    exponent: int
    lost: bool
    rows_x: np.ndarray
    rows_y: np.ndarray

    @property
    def pairs(self) -> int:
        """The number of distances, n m."""
        return len(self.X) * len(self.Y)

    @property
    def uniform(self) -> bool:
        """Whether X and Y have equally many rows of equal mass, so that an optimal plan is an assignment."""
        return len(self.X) == len(self.Y) and self.total == len(self.X)

    @property
    def distance_error(self) -> float:
        """A bound of the relative error of a distance: d differences and squares, d - 1 sums, a root."""
        return (self.X.shape[1] + 8) * ROUND

    @property
    def diameter(self) -> float:
        """An upper bound of every distance: the diagonal of the box around all points."""
        sides = np.maximum(self.X.max(0), self.Y.max(0)) - np.minimum(self.X.min(0), self.Y.min(0))
        return float(np.linalg.norm(sides)) * (1 + 2 * self.distance_error) + TINY * bool(sides.any())


def problem(X, Y, weights_x=None, weights_y=None) -> Problem:
    """The two measures; raises `WganError` where they are not points of one space with weights of at least 0."""
    x, y = as_sets(X=X, Y=Y)
    wx, wy = _weights(weights_x, len(x), "weights_x"), _weights(weights_y, len(y), "weights_y")
    a, b, inexact = _masses(wx, wy)
    rows_x, rows_y = np.flatnonzero(a), np.flatnonzero(b)
    if len(rows_x) < len(a):
        x, a = x[rows_x], a[rows_x]
    if len(rows_y) < len(b):
        y, b = y[rows_y], b[rows_y]
    largest = max(x.max(), -x.min(), y.max(), -y.min())
    exponent = 0 if 2.0**-300 < largest < 2.0**300 or largest == 0 else math.frexp(largest)[1]
    given, lost = (x, y), False
    if exponent:
        x, y = np.ldexp(x, -exponent), np.ldexp(y, -exponent)
        lost = any((np.ldexp(one, exponent) != rows).any() for one, rows in zip((x, y), given, strict=True))
    found = Problem(x, y, a, b, int(a.sum()), inexact, exponent, lost, rows_x, rows_y)
    if math.frexp(2 * found.diameter)[1] + exponent > sys.float_info.max_exp:
        raise WganError(
            f"X and Y hold numbers of up to {largest:.3g}, whose distances float64 cannot hold; rescale all rows."
        )
    return found


def _weights(values, count: int, name: str) -> np.ndarray:
    if values is None:
        return np.ones(count)
    weights = as_float64(values, name, f"{count} numbers, one for each point")
    if weights.shape != (count,):
        raise WganError(f"{name} has shape {weights.shape}; give {count} numbers, one for each point.")
    if weights.min() < 0:
        raise WganError(f"{name} holds {weights.min():g}; give weights of at least 0.")
    if weights.max() == 0:
        raise WganError(f"{name} are all 0; give at least one point some weight.")
    return np.sign(weights) if (weights[weights > 0] == weights.max()).all() else weights


def _masses(wx: np.ndarray, wy: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Integer masses with one total, and a bound of their summed difference from the true shares, 0 where exact."""
    if all(w.max() < 2**50 and (w == np.rint(w)).all() and w.sum() < 2**50 for w in (wx, wy)):
        total_x, total_y = int(wx.sum()), int(wy.sum())
        total = math.lcm(total_x, total_y)
        if total <= FINEST:
            return wx.astype(np.int64) * (total // total_x), wy.astype(np.int64) * (total // total_y), 0.0
    (a, error_a), (b, error_b) = _quantised(wx), _quantised(wy)
    return a, b, error_a + error_b


def _quantised(weights: np.ndarray) -> tuple[np.ndarray, float]:
    weights = np.ldexp(weights, -math.frexp(weights.max())[1])  # no sum may overflow
    masses = np.rint(np.ldexp(weights / math.fsum(weights), 60)).astype(np.int64)
    masses = np.maximum(masses, weights > 0)  # a point with weight stays in the problem and its diameter
    excess = FINEST - int(masses.sum())
    masses[masses.argmax()] += excess
    return masses, 4 * ROUND + (len(weights) + 2 * abs(excess)) / FINEST


def couple(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The monotone coupling of integer masses a [n] and b [m] with one total: source, target and mass.

    It moves the first of a to the first of b, and so on, in at most n + m - 1 moves. On a line it is optimal where the
    points of both are sorted.

    Examples:
        >>> [x.tolist() for x in couple(np.array([3, 1]), np.array([2, 2]))]
        [[0, 0, 1], [0, 1, 1], [2, 1, 1]]
    """
    ends = np.concatenate([np.cumsum(a), np.cumsum(b)])
    order = ends.argsort(kind="stable")  # two sorted runs, which timsort merges
    of_a = order < len(a)
    source: np.ndarray = np.cumsum(of_a) - of_a
    target = np.arange(len(ends)) - source
    mass = np.diff(ends[order], prepend=0)
    moved = mass > 0
    return source[moved], target[moved], mass[moved]


def repaired(problem: Problem, source: np.ndarray, target: np.ndarray, share: np.ndarray, order: tuple) -> Plan:
    """A feasible plan near the one that moves the float `share` [k] of all mass from source to target.

    Rows and columns with too much mass are scaled down. The mass that is then missing is coupled in `order`, two
    orders of the rows of X and of Y. Altschuler, Weed and Rigollet (2017) do so for dense plans; this is sparse and
    in integers.
    """
    whole = share * float(problem.total)
    # a plan at a vertex of the polytope moves whole masses; other plans move fractions of them
    fine = 1 if np.abs(whole - np.rint(whole)).max(initial=0) < WHOLE else FINEST // problem.total
    a, b, total = problem.a * fine, problem.b * fine, problem.total * fine
    mass = np.rint(np.clip(share, 0, 1) * float(total)).astype(np.int64)
    for ends, limit in ((source, a), (target, b)):
        sums = _sums(ends, mass, len(limit))
        factor = limit / np.maximum(sums, 1) * (1 - 8 * ROUND)
        mass = np.where((sums > limit)[ends], np.floor(mass * factor[ends]).astype(np.int64), mass)
    order_x, order_y = order
    missing_x, missing_y = a - _sums(source, mass, len(a)), b - _sums(target, mass, len(b))
    i, j, more = couple(missing_x[order_x], missing_y[order_y])
    arcs = np.concatenate([source * len(b) + target, order_x[i] * len(b) + order_y[j]])
    mass = np.concatenate([mass, more])
    arcs, index = np.unique(arcs[mass > 0], return_inverse=True)
    return Plan(arcs // len(b), arcs % len(b), _sums(index, mass[mass > 0], len(arcs)), total)


def _sums(ends: np.ndarray, mass: np.ndarray, count: int) -> np.ndarray:
    sums = np.zeros(count, np.int64)  # np.bincount would sum in float64
    np.add.at(sums, ends, mass)
    return sums


def distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The Euclidean distances [k] of the rows of x [k, d] to the same rows of y [k, d]."""
    return np.sqrt(np.einsum("kd,kd->k", x - y, x - y))


def cost(problem: Problem, plan: Plan) -> float:
    """The mean distance that a plan moves mass, in float64."""
    size = max(1, BLOCK // problem.X.shape[1])
    parts = [
        (
            plan.mass[k : k + size]
            * distances(problem.X[plan.source[k : k + size]], problem.Y[plan.target[k : k + size]])
        ).sum()
        for k in range(0, len(plan.mass), size)
    ]
    return math.fsum(parts) / plan.total


def upper(problem: Problem, value: float) -> float:
    """An upper bound of W1 in the caller's units, from a feasible plan with the computed cost `value`."""
    bound = value * (1 + problem.distance_error + SUM_ERROR) + problem.diameter * problem.inexact
    bound += TINY * (bound > 0 or problem.X.shape[1] > 1 or problem.lost)
    return unscaled(bound, problem.exponent, math.inf)


def conjugate(X: np.ndarray, Y: np.ndarray, u: np.ndarray) -> np.ndarray:
    """The c-transform v_j = min_i |x_i - y_j| - u_i [m] of a potential u [n] on X [n, d], for Y [m, d]."""
    from scipy.spatial.distance import cdist

    size = max(1, BLOCK // len(X))
    parts = [(cdist(Y[k : k + size], X) - u).min(1) for k in range(0, len(Y), size)]
    return np.concatenate(parts)


def lower(problem: Problem, u: np.ndarray, v: np.ndarray | None = None) -> tuple[float, np.ndarray]:
    """A lower bound of W1 in the caller's units, of any potential u on X; with it the v that belongs to it.

    The bound is sum a u + sum b v, where v is the c-transform of u, which a caller with all distances at hand may give.
    Then u_i + v_j <= |x_i - y_j| for all pairs, up to rounding, for which the bound is lowered.
    """
    v = conjugate(problem.X, problem.Y, u) if v is None else v
    value = (math.fsum(problem.a * u) + math.fsum(problem.b * v)) / problem.total
    size = float(np.abs(u).max() + np.abs(v).max())
    slack = 8 * ROUND * (problem.diameter + size) + size * problem.inexact
    return reduced(problem, value, slack), v


def reduced(problem: Problem, value: float, slack: float) -> float:
    """A dual value in the caller's units, lowered by its possible rounding error, and at least 0, as W1 is."""
    bound = (value - slack) * (1 - problem.distance_error - SUM_ERROR) - TINY
    return unscaled(max(0.0, bound), problem.exponent, 0.0)


def unscaled(bound: float, exponent: int, towards: float) -> float:
    """A bound in the caller's units; where float64 has to round it, it is rounded `towards` 0 or infinity."""
    found = math.ldexp(bound, exponent)
    return found if math.ldexp(found, -exponent) == bound else math.nextafter(found, towards)


def lipschitz(problem: Problem, f, error: float) -> float:
    """A lower bound of W1 in the caller's units, from any 1-Lipschitz f with values computed to within `error`."""
    on_x, on_y = f(problem.X), f(problem.Y)
    value = (math.fsum(problem.a * on_x) - math.fsum(problem.b * on_y)) / problem.total
    size = float(np.abs(on_x).max() + np.abs(on_y).max())
    return reduced(problem, value, 2 * error + 8 * ROUND * size + size * problem.inexact)


def identical(problem: Problem) -> bool:
    """Whether both measures have the same mass at each point, in any order of rows and however rows are repeated."""
    X, Y = problem.X, problem.Y
    if problem.lost or (X.min(0) != Y.min(0)).any() or (X.max(0) != Y.max(0)).any():
        return False
    merged = []
    for rows, mass in ((X, problem.a), (Y, problem.b)):
        whole = np.ascontiguousarray(rows + 0.0).view(f"V{rows.shape[1] * 8}")[:, 0]  # -0.0 + 0.0 is 0.0
        points, index = np.unique(whole, return_inverse=True)
        merged.append((points.tobytes(), _sums(index, mass, len(points)).tobytes()))
    return merged[0] == merged[1]
