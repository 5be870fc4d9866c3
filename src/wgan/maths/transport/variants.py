"""Kin of W1: Sinkhorn with its entropic plan, W1 along random lines, and W1 without the bias of small samples."""

import math
import time
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from wgan.errors import WganError
from wgan.maths.streams import stream
from wgan.maths.transport import certify
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
    """Bounds of W1 from Sinkhorn's plan and potential, and `entropic`, the regularised problem's own bounds."""

    entropic: Entropic | None = None

    @property
    def primal_dual_gap(self) -> float:
        """Of the regularised problem, whose value lies above W1 for every epsilon > 0: how far it is from solved."""
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
    """Entropic transport min <C, plan> + epsilon KL(plan | a x b) in the log domain (Cuturi 2013), Euclidean cost.

    `epsilon` is in the unit of the distances, by default a hundredth of their mean; iterations end where the
    plan's marginals are off by less than `tolerance` in sum. Returns the certified bounds of W1 that the repaired
    plan and the c-transformed potential give, and in `entropic` the bounds of the regularised value, epsilon, the
    iterations, and whether they converged. Raises WganError as `w1` does, and for an epsilon that is not positive.

    Examples:
        >>> result = sinkhorn([[0.0, 0.0], [1.0, 0.0]], [[0.0, 2.0], [1.0, 2.0]])
        >>> result.lower <= 2 <= result.upper, result.entropic.converged
        (True, True)
    """
    start = time.monotonic()
    bounds = Bounds(problem(X, Y, weights_x, weights_y))
    entropic = entropic_bounds(bounds, time_limit(budget, start), epsilon, tolerance, iterations)
    return SinkhornW1(**result_fields(bounds, X, Y, start, solution), entropic=entropic)


class SlicedW1(NamedTuple):
    """The mean over random directions of the projections' W1, and the standard error of that mean."""

    value: float
    standard_error: float
    directions: int
    n: tuple[int, int]
    seconds: float


def sliced_w1(X, Y, weights_x=None, weights_y=None, *, directions: int = 128, seed: int = 0) -> SlicedW1:
    """Sliced W1, the mean of W1(<theta, x>, <theta, y>) over directions theta on the unit sphere (Bonneel et al. 2015).

    It is at most W1, and of another size: a shift of length s in d dimensions has about s sqrt(2 / (pi d)). The
    standard error is that of the draw of directions; the samples are taken as they are.

    Examples:
        >>> sliced_w1([0.0, 1.0], [3.0, 4.0]).value
        3.0
    """
    start = time.monotonic()
    p = problem(X, Y, weights_x, weights_y)
    if directions < 2:
        raise WganError(f"directions is {directions}; a standard error takes at least 2.")
    theta = stream(seed, "directions").standard_normal((directions, p.X.shape[1]))
    theta /= np.linalg.norm(theta, axis=1, keepdims=True)
    centre = p.X.mean(0)
    found = [on_line(p, (p.X - centre) @ unit, (p.Y - centre) @ unit)[0] for unit in theta]
    values = np.ldexp(found, p.exponent)
    error = float(values.std(ddof=1)) / math.sqrt(directions)
    return SlicedW1(float(values.mean()), error, directions, (len(p.X), len(p.Y)), time.monotonic() - start)


class DebiasedW1(NamedTuple):
    """`cross` - `floor`: the distance of the two sets less that of each from itself, all between halves of n rows.

    `lower` and `upper` bound `value` for these halves; they say nothing of the spread over other samples.
    """

    value: float
    lower: float
    upper: float
    cross: float
    floor: float
    n: int
    seconds: float


def debiased_w1(X, Y, *, method: str | Method = "auto", budget: float | None = None, seed: int = 0) -> DebiasedW1:
    """W1(X, Y) less what a sample is from a second sample of the same law, by a held-out split.

    X and Y are cut at random into halves of n rows, X1, X2, Y1, Y2, and the estimate is
    (W1(X1, Y1) + W1(X2, Y2)) / 2 - (W1(X1, X2) + W1(Y1, Y2)) / 2. It has mean 0 where the laws are equal, and may be
    negative. Where they are further apart than they are wide, W1(X, Y) needs no such correction, and this is too
    low by up to the floor: look at `cross` too. The form is that of Papp and Sherlock (arXiv 2203.11627), whose
    theorems are for the squared W2.
    """
    start = time.monotonic()
    x, y = certify.points(X, "X"), certify.points(Y, "Y")
    n = min(len(x), len(y)) // 2
    if n < 1:
        raise WganError(f"X has {len(x)} rows and Y {len(y)}; a held-out half takes at least 2 of each.")
    order_x, order_y = (stream(seed, "halves", k).permutation(len(rows)) for k, rows in enumerate((x, y)))
    x1, x2, y1, y2 = x[order_x[:n]], x[order_x[n : 2 * n]], y[order_y[:n]], y[order_y[n : 2 * n]]
    share = None if budget is None else budget / 4
    pairs = [(x1, y1), (x2, y2), (x1, x2), (y1, y2)]
    a, b, c, d = (w1(one, other, method=method, budget=share, seed=seed) for one, other in pairs)
    cross, floor = (a.value + b.value) / 2, (c.value + d.value) / 2
    lower = (a.lower + b.lower - c.upper - d.upper) / 2
    upper = (a.upper + b.upper - c.lower - d.lower) / 2
    return DebiasedW1(cross - floor, lower, upper, cross, floor, n, time.monotonic() - start)
