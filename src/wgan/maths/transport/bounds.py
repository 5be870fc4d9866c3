"""The Wasserstein-1 distance of two samples between certified bounds, by the METHODS that find them."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np

from wgan.errors import WganError, unknown_name
from wgan.files.memory import SHARE, free, refuse_more_than_free
from wgan.files.notebooks import table
from wgan.maths.exact import as_rows, finite_number
from wgan.maths.streams import stream
from wgan.maths.transport import certify, solvers
from wgan.maths.transport.certify import Plan, Problem, couple, problem, repaired

AFFORDABLE = 60.0  # seconds of the longest exact solve that `auto` begins, and its budget for a longer one
SURE = 2**27  # bytes that a solver takes without a look at what is free
PAIRS = 2 * 10**8  # distances in memory at a time: 1.6 GB a matrix
MATRICES = 3  # matrices of that size that a solve holds at most
DIRECTIONS = 32  # random projections of `sliced`
MEETS, ROUNDING = 1e-9, 1e-13  # the bounds meet where their gap is below this share of W1 plus this of the diameter
PLANE, FEW = 2, 1000  # up to this dimension and above this many rows the network simplex beats the assignment
RATES = {"assignment": 1.5e-10, "network simplex": 1.5e-10, "linear program": 6e-8}  # seconds / pairs^1.5
SORT_RATE, PAIR_RATE = 2e-7, 1e-9  # seconds / row on a line, and for one column of a distance
SUBSET, STRIP = 2000, 500  # rows of the exact solves inside a problem that is too large for one
EPSILON = 1e-2  # Sinkhorn's last regularisation, as a share of the mean cost
TOLERANCE, ITERATIONS = 1e-6, 10_000  # Sinkhorn ends at this summed error of the marginals, or after so many iterations


@dataclass(frozen=True, eq=False)
class W1:
    """The Wasserstein-1 distance of two samples: `lower` <= W1 <= `upper` for the float64 input, in real arithmetic.

    `value` is the cost of the plan where the bounds meet, else the middle of the bounds, all in the unit of the
    points. `method` names what made the bounds, and `n` counts the rows of X and Y with positive weight. On request
    `plan` is (rows of X, rows of Y, share of the mass), [k] each, and `potentials` is (f on X [n], f on Y [m]) with
    f(x) - f(y) <= |x - y|, whose mean difference is the lower bound.
    """

    lower: float
    upper: float
    value: float
    method: str
    n: tuple[int, int]
    seconds: float
    plan: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
    potentials: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def gap(self) -> float:
        """`upper` - `lower`."""
        return self.upper - self.lower

    def __repr__(self) -> str:
        sizes = " x ".join(f"{n:,}" for n in self.n)
        return f"W1 {self.value:.6g} in [{self.lower:.6g}, {self.upper:.6g}] ({self.method}, {sizes} points)"

    def _repr_html_(self) -> str:
        numbers = [(name, f"{getattr(self, name):.6g}") for name in ("lower", "value", "upper", "gap")]
        sizes = " and ".join(f"{n:,}" for n in self.n)
        more = [("method", self.method), ("rows", sizes), ("seconds", f"{self.seconds:.3g}")]
        return table("Earth mover's distance (W1)", [*numbers, *more])


class Bounds:
    """The best bounds so far, with the plan and the potential that give them."""

    def __init__(self, problem: Problem):
        self.problem = problem
        self.lower, self.upper, self.cost = 0.0, math.inf, math.inf
        self.method = ""
        self.plan: Callable[[], Plan] | None = None
        self.potential: Callable[[np.ndarray], np.ndarray] | None = None

    def above(self, cost: float, plan: Callable[[], Plan]) -> None:
        """Take a feasible plan of this cost if it is the cheapest so far."""
        if cost < self.cost or self.plan is None:
            self.cost, self.plan = cost, plan
            self.upper = certify.upper(self.problem, cost)

    def below(self, bound: float, potential: Callable[[np.ndarray], np.ndarray]) -> None:
        """Take this certified lower bound, of a 1-Lipschitz function of points [k, d], if it is the best so far."""
        if bound > self.lower or self.potential is None:
            self.lower, self.potential = bound, potential

    def offer(self, plan: Plan | None = None, u: np.ndarray | None = None, v: np.ndarray | None = None) -> None:
        """Certify a solver's plan, its row potential u [n], or both, and take what is better; v is u's c-transform."""
        if plan is not None:
            self.above(certify.cost(self.problem, plan), lambda: plan)
        if u is not None:
            bound, transform = certify.lower(self.problem, u, v)
            self.below(bound, lambda points: certify.conjugate(self.problem.Y, points, transform))


Solve = Callable[[Bounds, float, int], None]


class Method(NamedTuple):
    """A way to find bounds: `text` describes it, and `solve(bounds, deadline, seed)` offers what it finds."""

    text: str
    solve: Solve


def w1(
    X,
    Y,
    weights_x=None,
    weights_y=None,
    *,
    method: str | Method = "auto",
    budget: float | None = None,
    seed: int = 0,
    solution: bool = False,
) -> W1:
    """Bounds of the Wasserstein-1 distance min_plan E|x - y| of two samples; they meet where the solver is exact.

    X is [n, d] and Y [m, d]; [n] is one dimension, and images [n, ...] are flattened. The weights [n] and [m] are at
    least 0 and are divided by their sums. The upper bound is the cost of a feasible plan and the lower bound the value
    of a feasible potential; both are widened by the rounding error that float64 can have made. This is the distance
    of the samples. The distance of their distributions is smaller on average, and much smaller in high dimension:
    see `debiased_w1`. `method` is one of METHODS. The best bounds are returned after `budget` seconds; a step that
    would probably end later is not begun. `solution` adds the plan and the potentials. `seed` draws the directions
    and subsets of the methods that use them.

    Raises `WganError` for arrays that are not points of one space, for bad weights, and for an exact request that
    would take too much memory.

    Examples:
        >>> w1([0.0, 1.0, 3.0], [5.0, 6.0, 8.0]).value
        5.0
        >>> result = w1([[0, 0], [0, 1]], [[3, 4]], weights_x=[3, 1])
        >>> abs(result.value - (3 * 5 + 18**0.5) / 4) < 1e-12, result.gap < 1e-12
        (True, True)
    """
    if isinstance(method, str):
        if method not in METHODS:
            raise unknown_name("method", method, METHODS)
        method = METHODS[method]
    start = time.monotonic()
    bounds = Bounds(problem(X, Y, weights_x, weights_y))
    method.solve(bounds, time_limit(budget, start), seed)
    return W1(**result_fields(bounds, X, Y, start, solution))


def time_limit(budget: float | None, start: float) -> float:
    """When a call that began at `start` has to end; raises `WganError` for a budget that is not positive."""
    if budget is None:
        return math.inf
    return start + finite_number(budget, "budget", above=0)


def result_fields(bounds: Bounds, X, Y, start: float, solution: bool) -> dict:
    """The fields of `W1`, in the caller's units and for the caller's rows."""
    p = bounds.problem
    value = min(max(math.ldexp(bounds.cost, p.exponent), bounds.lower), bounds.upper)
    if bounds.upper - bounds.lower > MEETS * bounds.upper + math.ldexp(ROUNDING * p.diameter, p.exponent):
        value = bounds.lower / 2 + bounds.upper / 2
    fields = {
        "lower": bounds.lower,
        "upper": bounds.upper,
        "value": value,
        "method": bounds.method,
        "n": (len(p.X), len(p.Y)),
    }
    if solution:
        assert bounds.plan is not None
        assert bounds.potential is not None
        plan = bounds.plan()
        fields["plan"] = (p.rows_x[plan.source], p.rows_y[plan.target], plan.mass / plan.total)
        points = [np.ldexp(as_rows(rows, "rows"), -p.exponent) for rows in (X, Y)]
        fields["potentials"] = tuple(np.ldexp(bounds.potential(rows), p.exponent) for rows in points)
    return fields | {"seconds": time.monotonic() - start}


def _auto(bounds: Bounds, deadline: float, seed: int) -> None:
    if deadline == math.inf and bounds.problem.X.shape[1] > 1:
        began = time.monotonic()
        if not _affordable(bounds.problem, began + AFFORDABLE):
            deadline = began + AFFORDABLE
    _exact(bounds, deadline, seed)


def _exact(bounds: Bounds, deadline: float, seed: int) -> None:
    p = bounds.problem
    if p.X.shape[1] == 1:
        return _line(bounds)
    if certify.identical(p):
        return _identical(bounds)
    if deadline == math.inf and p.pairs > PAIRS:
        raise WganError(
            f"exact W1 of {len(p.X):,} and {len(p.Y):,} points takes about {_memory(p.pairs):.0f} GB and "
            f"{_words(_expected(p))}; pass budget=SECONDS for the best bounds in that time, method='sliced' for quick "
            f"bounds, or at most {math.isqrt(PAIRS):,} rows of each."
        )
    if _affordable(p, deadline):
        needed = MATRICES * 8 * p.pairs
        if needed > SURE:
            most = math.isqrt(int(SHARE * free() / (MATRICES * 8)))
            instead = f"pass method='sliced' for bounds without a matrix, or at most {most:,} rows of each"
            refuse_more_than_free(needed, f"exact W1 of {len(p.X):,} and {len(p.Y):,} points", instead)
        return _solve(bounds, deadline)
    _anytime(bounds, deadline, seed)


def _solver(p: Problem) -> str:
    return _solver_of(len(p.X), p.uniform, p.X.shape[1])


def _solver_of(rows: int, uniform: bool, columns: int) -> str:
    simplex = find_spec("ot") is not None
    if uniform and not (simplex and columns <= PLANE and rows > FEW):
        return "assignment"
    return "network simplex" if simplex else "linear program"


def _expected(p: Problem) -> float:
    """About how many seconds an exact solve takes: cubic in the number of points, measured on one core of 2023."""
    return RATES[_solver(p)] * p.pairs**1.5


def exact_seconds(n: int, m: int, columns: int) -> float:
    """About how many seconds the exact distance of n and m rows without weights takes; inf if memory is too small."""
    if columns == 1:
        return SORT_RATE * (n + m)
    if n * m > PAIRS:
        return math.inf
    return RATES[_solver_of(n, n == m, columns)] * (n * m) ** 1.5 + PAIR_RATE * n * m * columns


def _affordable(p: Problem, deadline: float) -> bool:
    return p.pairs <= PAIRS and _expected(p) <= deadline - time.monotonic()


def _memory(pairs: int) -> float:
    return MATRICES * 8e-9 * pairs


def _words(seconds: float) -> str:
    for size, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} seconds"


def _identical(bounds: Bounds) -> None:
    bounds.method = "identical"
    p = bounds.problem
    bounds.above(0.0, lambda: _sorted_plan(p, np.lexsort(p.X.T), np.lexsort(p.Y.T)))
    bounds.upper = certify.unscaled(p.diameter * p.inexact, p.exponent, math.inf)
    bounds.below(0.0, lambda points: np.zeros(len(points)))


def _sorted_plan(p: Problem, order_x: np.ndarray, order_y: np.ndarray) -> Plan:
    source, target, mass = couple(p.a[order_x], p.b[order_y])
    return Plan(order_x[source], order_y[target], mass, p.total)


def _line(bounds: Bounds) -> None:
    """One dimension: the integral of |F - G| is the cost of the sorted plan.

    It is also the value of the potential whose slope is the sign of G - F, so that the bounds meet.
    """
    p = bounds.problem
    bounds.method = "sort"
    x, y = p.X[:, 0], p.Y[:, 0]
    cost, plan = on_line(p, x, y)
    bounds.above(cost, plan)
    slack = p.diameter * p.inexact
    bounds.below(certify.reduced(p, cost, slack), lambda points: _line_potential(p, x, y)(points[:, 0]))


def on_line(p: Problem, x: np.ndarray, y: np.ndarray) -> tuple[float, Callable[[], Plan]]:
    """W1 of the problem's masses at the positions x [n] and y [m] on a line, and the sorted plan that has it."""
    if p.uniform:
        cost = float(np.abs(np.sort(x) - np.sort(y)).sum()) / len(x)
        return cost, lambda: _sorted_plan(p, x.argsort(), y.argsort())
    order_x, order_y = x.argsort(), y.argsort()
    source, target, mass = couple(p.a[order_x], p.b[order_y])
    cost = float((mass * np.abs(x[order_x][source] - y[order_y][target])).sum()) / p.total
    return cost, lambda: Plan(order_x[source], order_y[target], mass, p.total)


def _line_potential(p: Problem, x: np.ndarray, y: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    at = np.concatenate([x, y])
    order = at.argsort(kind="stable")
    at = at[order]
    ahead = np.cumsum(np.concatenate([p.a, -p.b])[order])  # F - G, times the total
    f = np.concatenate([[0.0], np.cumsum(-np.sign(ahead[:-1]) * np.diff(at))])
    return lambda points: np.interp(points, at, f)


def _solve(bounds: Bounds, deadline: float) -> None:
    """The exact solver for this problem; its plan and potential are certified."""
    p = bounds.problem
    a, b = p.a / p.total, p.b / p.total
    costs = _costs(p)
    bounds.method = _solver(p)
    match bounds.method:
        case "assignment":
            found = solvers.assignment(costs)
        case "network simplex":
            found = solvers.network_simplex(costs, a, b)
        case _:
            start = _sorted_plan(p, *_orders(p, _main_direction(p)))
            found = solvers.linear_program(costs, a, b, (start.source, start.target), deadline)
    costs -= found.u[:, None]
    v = costs.min(0)  # the c-transform of u, without computing all distances again
    del costs
    if bounds.method == "assignment":
        plan = Plan(found.source, found.target, np.ones(len(p.X), np.int64), p.total)
    else:
        plan = repaired(p, found.source, found.target, found.share, _orders(p, _main_direction(p)))
    bounds.offer(plan, found.u, v)


def _costs(p: Problem) -> np.ndarray:
    from scipy.spatial.distance import cdist

    return cdist(p.X, p.Y)


def _main_direction(p: Problem) -> np.ndarray:
    """The unit vector from the mean of Y to that of X, or the first axis where they are equal."""
    difference = p.a @ p.X / p.total - p.b @ p.Y / p.total
    length = float(np.linalg.norm(difference))
    return difference / length if length else np.eye(1, p.X.shape[1])[0]


def _orders(p: Problem, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (p.X @ direction).argsort(), (p.Y @ direction).argsort()


def _sliced(bounds: Bounds, deadline: float, seed: int) -> None:
    """From below the largest W1 of a projection, which is 1-Lipschitz; from above the best plan that sorts one."""
    p = bounds.problem
    if p.X.shape[1] == 1:
        return _line(bounds)
    bounds.method = "sliced"
    random = stream(seed, "directions").standard_normal((DIRECTIONS, p.X.shape[1]))
    centre = p.X.mean(0)
    for direction in [_main_direction(p), *random]:
        unit = direction / np.linalg.norm(direction) * (1 - 8 * certify.ROUND)
        x, y = (p.X - centre) @ unit, (p.Y - centre) @ unit
        cost, plan = on_line(p, x, y)
        slack = 4 * p.distance_error * p.diameter + p.diameter * p.inexact
        bound = certify.reduced(p, cost, slack)
        if bound > bounds.lower or bounds.potential is None:
            bounds.below(bound, _ridge(_line_potential(p, x, y), centre, unit))
        bounds.offer(plan())
        if time.monotonic() > deadline:
            break


def _ridge(f: Callable[[np.ndarray], np.ndarray], centre: np.ndarray, unit: np.ndarray) -> Callable:
    return lambda points: f((points - centre) @ unit)


def _anytime(bounds: Bounds, deadline: float, seed: int) -> None:
    """The best bounds until the deadline: sliced, then from Sinkhorn at falling regularisation or from subsets."""
    p = bounds.problem
    now = time.monotonic()
    _sliced(bounds, now + (deadline - now) / 4, seed)
    if p.pairs > PAIRS:
        _subsets(bounds, deadline, seed)
        bounds.method = "sliced and subsets"
        return
    costs = _costs(p)
    mean, v = float(costs.mean()), costs.min(0)
    stage, rounds = 0.1, 20
    while time.monotonic() < deadline and stage * mean > 0 and stage > 1e-6:
        began = time.monotonic()
        found = solvers.scale(costs, p.a / p.total, p.b / p.total, v, stage * mean, rounds, deadline=deadline)
        v = solvers.tight(costs, found.v)
        bounds.offer(_entropic_plan(p, costs, found, stage * mean), (costs - v).min(1))
        bounds.method = "sliced and sinkhorn"
        stage, rounds = stage * 0.4, rounds * 2
        if time.monotonic() + 3 * (time.monotonic() - began) > deadline:
            break


def _entropic_plan(p: Problem, costs: np.ndarray, found: solvers.Scaled, epsilon: float) -> Plan:
    share = np.exp((found.u[:, None] + found.v - costs) / epsilon) * (p.a[:, None] / p.total) * (p.b / p.total)
    source, target = np.nonzero(share > 1e-6 / p.pairs)
    return repaired(p, source, target, share[source, target], _orders(p, _main_direction(p)))


def _subsets(bounds: Bounds, deadline: float, seed: int) -> None:
    """Bounds of sets whose distances do not fit in memory.

    From below, the potential of an exact solve of a subset, extended to all points. From above, the best plan so far
    with each block of it solved exactly.
    """
    p = bounds.problem
    random = stream(seed, "directions", 1)
    size = SUBSET
    while size >= 100 and 8 * RATES["assignment"] * size**3 > deadline - time.monotonic():
        size //= 2
    rows_x = random.choice(len(p.X), min(size, len(p.X)), p=p.a / p.total)
    rows_y = random.choice(len(p.Y), min(size, len(p.Y)), p=p.b / p.total)
    part = Bounds(problem(p.X[rows_x], p.Y[rows_y]))
    _solve(part, deadline)
    assert part.potential is not None
    bounds.below(certify.lipschitz(p, part.potential, p.diameter * p.distance_error), part.potential)
    if not p.uniform:
        return
    assert bounds.plan is not None
    plan = bounds.plan()
    source, target = plan.source, plan.target.copy()
    for first in range(0, len(source), STRIP):
        if time.monotonic() > deadline:
            break
        strip = slice(first, first + STRIP)
        inside = problem(p.X[source[strip]], p.Y[target[strip]])
        target[strip] = target[strip][solvers.assignment(_costs(inside)).target]
    bounds.offer(Plan(source, target, plan.mass, plan.total))


def _sinkhorn(bounds: Bounds, deadline: float, seed: int) -> None:
    entropic_bounds(bounds, deadline, None, TOLERANCE, ITERATIONS)


class Entropic(NamedTuple):
    """Bounds of the entropic problem min <C, plan> + epsilon KL(plan | a x b) that Sinkhorn solved.

    `converged` says whether the marginals were met within the tolerance after `iterations`.
    """

    lower: float
    upper: float
    epsilon: float
    iterations: int
    converged: bool


def entropic_bounds(
    bounds: Bounds, deadline: float, epsilon: float | None, tolerance: float, iterations: int
) -> Entropic:
    """Sinkhorn at regularisations that fall to epsilon; offers the repaired plan and the c-transformed potential."""
    p = bounds.problem
    if p.pairs > PAIRS:
        raise WganError(
            f"sinkhorn of {len(p.X):,} and {len(p.Y):,} points takes about {_memory(p.pairs):.0f} GB; use "
            f"method='sliced', or at most {math.isqrt(PAIRS):,} rows of each."
        )
    bounds.method = "sinkhorn"
    a, b, costs = p.a / p.total, p.b / p.total, _costs(p)
    mean = float(costs.mean())
    last = EPSILON * mean if epsilon is None else math.ldexp(epsilon, -p.exponent)
    if not last > 0 and epsilon is not None:
        raise WganError(f"epsilon is {epsilon}; give a positive number in the unit of the distances.")
    last = last or 1.0  # where all costs are 0
    v, stage, done = costs.min(0), max(mean, last), 0
    while True:
        stage = max(last, stage * 0.3)
        final = stage == last
        found = solvers.scale(
            costs,
            a,
            b,
            v,
            stage,
            iterations - done if final else min(solvers.ABSORB, iterations - done),
            tolerance,
            deadline,
        )
        v, done = found.v, done + found.iterations
        if final or time.monotonic() > deadline or done >= iterations:
            break
    plan = _entropic_plan(p, costs, found, stage)
    bounds.offer(plan, (costs - found.v).min(1))
    # the dual value at (u, v): its exponential term is the plan's mass, which is 1 because the columns are exact
    dual = math.fsum(a * found.u) + math.fsum(b * found.v)
    share = plan.mass / plan.total
    entropy = float((share * np.log(share / (a[plan.source] * b[plan.target]))).sum())
    unit = 2.0**p.exponent
    return Entropic(
        dual * unit,
        (bounds.cost + stage * entropy) * unit,
        stage * unit,
        done,
        final and found.error <= tolerance,
    )


METHODS = {
    "auto": Method("exact where that takes at most a minute, else the best bounds in a minute", _auto),
    "exact": Method("sort, assignment, network simplex or linear program: bounds that meet", _exact),
    "sinkhorn": Method("entropic plan and potential, made feasible", _sinkhorn),
    "sliced": Method("bounds from sorting along directions: quick, wide, of any size", _sliced),
}
