"""Variants of W1: Sinkhorn's entropic plan, W1 along random lines, and W1 without the bias of small samples."""

import math
import time
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from wgan.errors import WganError
from wgan.maths.exact import as_sets, finite_number, whole_number
from wgan.maths.streams import stream
from wgan.maths.transport.bounds import (
    W1,
    Bounds,
    Entropic,
    Method,
    entropic_bounds,
    on_line,
    result_fields,
    time_limit,
    w1,
)
from wgan.maths.transport.certify import problem


@dataclass(frozen=True, eq=False, repr=False)
class SinkhornW1(W1):
    """Bounds of W1 from Sinkhorn's plan and potential, and in `entropic` the bounds of the regularised problem."""

    entropic: Entropic | None = None

    @property
    def primal_dual_gap(self) -> float:
        """The gap of the regularised problem's bounds, 0 where it is solved; its value is above W1 for epsilon > 0."""
        assert self.entropic is not None
        return self.entropic.upper - self.entropic.lower


def sinkhorn(
    X,
    Y,
    weights_x=None,
    weights_y=None,
    *,
    epsilon: float | None = None,
    tolerance: float = 1e-6,
    iterations: int = 10_000,
    budget: float | None = None,
    solution: bool = False,
) -> SinkhornW1:
    """Entropic transport min <C, plan> + epsilon KL(plan | a x b) with Euclidean cost, in the log domain (Cuturi 2013).

    The arguments that `w1` has mean the same here. `epsilon` is in the unit of the distances, by default a hundredth
    of their mean. The iteration ends where the plan's marginals are off by at most `tolerance` in sum, or after
    `iterations`. It returns the certified bounds of W1 that the repaired plan and the c-transformed potential give. Its
    `entropic` holds the bounds of the regularised value. Raises `WganError` as `w1` does, for an epsilon that is not
    positive, and for distances that do not fit in memory.

    Examples:
        >>> result = sinkhorn([[0.0, 0.0], [1.0, 0.0]], [[0.0, 2.0], [1.0, 2.0]])
        >>> result.lower <= 2 <= result.upper, result.entropic.converged
        (True, True)
    """
    start = time.monotonic()
    epsilon = None if epsilon is None else finite_number(epsilon, "epsilon", above=0)
    iterations, tolerance = whole_number(iterations, "iterations"), finite_number(tolerance, "tolerance")
    bounds = Bounds(problem(X, Y, weights_x, weights_y))
    entropic = entropic_bounds(bounds, time_limit(budget, start), epsilon, tolerance, iterations)
    return SinkhornW1(**result_fields(bounds, X, Y, start, solution), entropic=entropic)


class SlicedW1(NamedTuple):
    """The mean W1 of the projections on random directions, and the standard error of that mean."""

    value: float
    standard_error: float
    directions: int
    n: tuple[int, int]
    seconds: float


def sliced_w1(X, Y, weights_x=None, weights_y=None, *, directions: int = 128, seed: int = 0) -> SlicedW1:
    """Sliced W1, the mean of W1(<theta, x>, <theta, y>) over random unit vectors theta (Bonneel et al. 2015).

    The arguments that `w1` has mean the same here. The value is at most W1 and has another scale: for a shift of length
    s in d dimensions it is about s sqrt(2 / (pi d)). The standard error is that of the random directions, with the
    samples held fixed. Raises `WganError` as `w1` does, and for fewer than 2 directions.

    Examples:
        >>> sliced_w1([0.0, 1.0], [3.0, 4.0]).value
        3.0
    """
    start = time.monotonic()
    p = problem(X, Y, weights_x, weights_y)
    directions = whole_number(directions, "directions", 2)  # which a standard error needs
    theta = stream(seed, "directions").standard_normal((directions, p.X.shape[1]))
    theta /= np.linalg.norm(theta, axis=1, keepdims=True)
    centre = p.X.mean(0)
    found = [on_line(p, (p.X - centre) @ unit, (p.Y - centre) @ unit)[0] for unit in theta]
    value, error = float(np.mean(found)), float(np.std(found, ddof=1)) / math.sqrt(directions)
    value, error = math.ldexp(value, p.exponent), math.ldexp(error, p.exponent)
    return SlicedW1(value, error, directions, (len(p.X), len(p.Y)), time.monotonic() - start)


class DebiasedW1(NamedTuple):
    """`value` = `cross` - `floor`, all from W1 between halves of n rows.

    `cross` is the distance between the sets and `floor` that within them. `lower` and `upper` bound `value` for these
    halves; they do not cover the spread over other samples.
    """

    value: float
    lower: float
    upper: float
    cross: float
    floor: float
    n: int
    seconds: float


def debiased_w1(X, Y, *, method: str | Method = "auto", budget: float | None = None, seed: int = 0) -> DebiasedW1:
    """W1 between X and Y minus W1 within each, from random halves of both.

    X and Y are split at random, by `seed`, into halves X1, X2, Y1 and Y2 of n rows. The estimate is (W1(X1, Y1) +
    W1(X2, Y2)) / 2 - (W1(X1, X2) + W1(Y1, Y2)) / 2. Its mean is 0 where both distributions are equal, and it may be
    negative. If the distributions are further apart than they are wide, W1(X, Y) needs no correction, and this estimate
    is too low by up to `floor`. Then look at `cross` too. The form is that of Papp and Sherlock (arXiv 2203.11627),
    whose theorems are for the squared W2. Raises `WganError` as `w1` does, and for fewer than 2 rows of a kind.

    Examples:
        >>> found = debiased_w1(np.arange(8.0), np.arange(8.0) + 100)
        >>> found.cross - found.floor == found.value, bool(found.value < 100)
        (True, True)
    """
    start = time.monotonic()
    x, y = as_sets(X=X, Y=Y)
    n = min(len(x), len(y)) // 2
    if n < 1:
        raise WganError(f"X has {len(x)} rows and Y {len(y)}; give at least 2 of each, one for each half.")
    order_x, order_y = (stream(seed, "halves", k).permutation(len(rows)) for k, rows in enumerate((x, y)))
    x1, x2, y1, y2 = x[order_x[:n]], x[order_x[n : 2 * n]], y[order_y[:n]], y[order_y[n : 2 * n]]
    share = None if budget is None else finite_number(budget, "budget", above=0) / 4
    pairs = [(x1, y1), (x2, y2), (x1, x2), (y1, y2)]
    a, b, c, d = (w1(one, other, method=method, budget=share, seed=seed) for one, other in pairs)
    cross, floor = (a.value + b.value) / 2, (c.value + d.value) / 2
    lower = (a.lower + b.lower - c.upper - d.upper) / 2
    upper = (a.upper + b.upper - c.lower - d.lower) / 2
    return DebiasedW1(cross - floor, lower, upper, cross, floor, n, time.monotonic() - start)
