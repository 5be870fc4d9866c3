"""Solvers that find plans and potentials; `certify` makes bounds of them, so that none has to be exact.

Every solver takes costs C [n, m] and shares a [n] and b [m] of one unit of mass. It returns a plan as source, target
and share [k], and a potential u [n] on the rows.
"""

import math
import time
import warnings
from typing import Any, NamedTuple

import numpy as np

FIRST_STAGE = 0.1  # the first regularisation of the warm-up of an exact solver, as a share of the mean cost
RISE = 0.02  # the warm-up ends where the dual rises by less than this share
SMALL = 200  # the warm-up saves time from this many rows
NEIGHBOURS = 12  # arcs of each row with which a sparse dual or linear program begins
ABSORB = 10  # Sinkhorn iterations between two updates in the log domain
POT_LIMIT = 10**9  # iterations of the network simplex


class Solution(NamedTuple):
    """A plan that moves `share` [k] of all mass from rows `source` to columns `target`, and a potential u [n]."""

    source: np.ndarray
    target: np.ndarray
    share: np.ndarray
    u: np.ndarray


class Scaled(NamedTuple):
    """Sinkhorn's potentials u [n] and v [m]: the plan is a_i b_j exp((u_i + v_j - C_ij) / epsilon).

    Its columns have the masses b. The masses of its rows differ from a by `error` in sum.
    """

    u: np.ndarray
    v: np.ndarray
    error: float
    iterations: int


def scale(C, a, b, v, epsilon: float, iterations: int, tolerance: float = 0.0, deadline: float = math.inf) -> Scaled:
    """Sinkhorn's iteration from the column potential v, in the log domain (Cuturi 2013; Schmitzer 2019, section 3).

    After ten scalings of one kernel, the scalings are absorbed into the potentials and a new kernel is computed.
    """
    error, done = math.inf, 0
    while True:
        kernel = (v - C) / epsilon
        highest = kernel.max(1)
        kernel -= highest[:, None]
        np.exp(kernel, out=kernel)
        sums = kernel @ b
        u = -epsilon * (highest + np.log(sums))
        kernel /= sums[:, None]
        p, q = np.ones(len(a)), np.ones(len(b))
        for _ in range(ABSORB):
            q = 1 / np.maximum((a * p) @ kernel, 1e-300)
            rows = kernel @ (b * q)
            error = float(np.abs(a * (p * rows - 1)).sum())
            done += 1
            if error <= tolerance or done >= iterations:
                break
            p = 1 / np.maximum(rows, 1e-300)
        u, v = u + epsilon * np.log(p), v + epsilon * np.log(q)
        if error <= tolerance or done >= iterations or time.monotonic() > deadline:
            return Scaled(u, v, error, done)


def warm(C: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """A good row potential u [n], feasible with its c-transform, by Sinkhorn until the dual hardly rises."""
    v, stage = C.min(0), FIRST_STAGE * float(C.mean())
    dual, before = float(a @ (C - v).min(1) + b @ v), -math.inf
    while len(C) >= SMALL and stage > 0 and dual > before + RISE * abs(dual):
        v = tight(C, scale(C, a, b, v, stage, ABSORB).v)
        dual, before = float(a @ (C - v).min(1) + b @ v), dual
        stage *= 0.3
    return (C - v).min(1)


def tight(C: np.ndarray, v: np.ndarray) -> np.ndarray:
    """v [m] after two c-transforms: nowhere lower, and feasible with the first of them."""
    return (C - (C - v).min(1)[:, None]).min(0)


def assignment(C: np.ndarray) -> Solution:
    """The cheapest permutation by SciPy (Crouse 2016), on reduced costs, which shorten its searches."""
    from scipy.optimize import linear_sum_assignment

    n = len(C)
    share = np.full(n, 1 / n)
    u = warm(C, share, share)
    reduced = C - u[:, None]
    reduced -= reduced.min(0)
    target = linear_sum_assignment(reduced)[1]
    return Solution(np.arange(n), target, share, u + assignment_potential(reduced, target))


def assignment_potential(R: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The row potential u [n] of an optimal permutation, by the shortest paths of Bellman and Ford over exchanges.

    u_i <= u_k + R[i, target_k] - R[k, target_k] for all i, k. The paths first use a few cheap arcs of each row, then
    also the arcs of the whole matrix that violate an inequality.
    """
    n = len(R)
    owner = np.argsort(target)
    matched = R[owner, np.arange(n)]  # the cost of each column's row
    few = min(NEIGHBOURS, n)
    columns = np.argpartition(R, few - 1, axis=1)[:, :few]
    length = np.take_along_axis(R, columns, 1) - matched[columns]
    to, u = owner[columns], np.zeros(n)
    tolerance = 4 * np.finfo(float).eps * max(1e-300, float(R.max()))
    for _ in range(n):
        for _ in range(n):
            new = (u[to] + length).min(1)
            better = new < u - tolerance
            if not better.any():
                break
            u = np.where(better, new, u)
        reach = R + (u[owner] - matched)
        column = reach.argmin(1)
        new = reach[np.arange(n), column]
        if not (new < u - tolerance).any():
            break
        to = np.column_stack([to, owner[column]])
        length = np.column_stack([length, R[np.arange(n), column] - matched[column]])
    return u


def network_simplex(C: np.ndarray, a: np.ndarray, b: np.ndarray) -> Solution:
    """POT's network simplex (Bonneel et al. 2011); its result at the iteration limit is not optimal, but certified."""
    import ot

    top = float(C.max()) or 1.0  # its tolerances are absolute
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plan, log = ot.emd(a, b, C / top, numItermax=POT_LIMIT, log=True)
    source, target = np.nonzero(plan)
    return Solution(source, target, plan[source, target], log["u"] * top)


def linear_program(C: np.ndarray, a: np.ndarray, b: np.ndarray, start: Any, deadline: float = math.inf) -> Solution:
    """HiGHS's dual simplex on a growing part of the arcs, until no other arc would make the plan cheaper.

    `start` = (source, target) are the arcs of any feasible plan. After `deadline`, on the monotonic clock, the last
    plan and potential are returned.
    """
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    n, m = C.shape
    top = float(C.max()) or 1.0
    use = np.zeros(C.shape, bool)
    use[start] = True
    u = warm(C, a, b)
    R = C - u[:, None]
    R -= R.min(0)
    few, solution, floor = NEIGHBOURS, None, -1e-13 * top
    options: dict[str, Any] = {"dual_feasibility_tolerance": 1e-10, "primal_feasibility_tolerance": 1e-10}
    while True:
        R[use] = math.inf
        use[np.arange(n)[:, None], np.argpartition(R, min(few, m) - 1, axis=1)[:, :few]] = True
        use[np.argpartition(R, min(few, n) - 1, axis=0)[:few], np.arange(m)] = True
        source, target = np.nonzero(use)
        arcs = np.arange(len(source))
        ends = coo_array(
            (np.ones(2 * len(arcs)), (np.concatenate([source, n + target]), np.concatenate([arcs, arcs]))),
            shape=(n + m, len(arcs)),
        ).tocsr()
        if deadline < math.inf:
            options["time_limit"] = max(0.1, deadline - time.monotonic())
        for presolve in (True, False):  # presolve calls problems with tiny masses infeasible
            found = linprog(
                C[source, target] * (1e3 / top),
                A_eq=ends,
                b_eq=np.concatenate([a, b]) * max(n, m),
                method="highs-ds",
                options=options | {"presolve": presolve},
            )
            if found.status != 2:
                break
        if found.x is None or found.status != 0:
            return solution or Solution(source[:0], target[:0], C[:0, 0], u)
        u = found.eqlin.marginals[:n] * (top / 1e3)
        moved = found.x > 0
        solution = Solution(source[moved], target[moved], found.x[moved] / max(n, m), u)
        R = C - u[:, None] - found.eqlin.marginals[n:] * (top / 1e3)
        if not (R[~use] < floor).any() or time.monotonic() > deadline:
            return solution
        few = 2
