"""The earth mover's distance of two histograms on a line, with moves between neighbouring bins that attain it."""

from typing import NamedTuple

import numpy as np

from wgan.errors import WganError, unknown_name
from wgan.maths.exact import LARGEST_EXACT, as_float64, rounding


class Move(NamedTuple):
    """An elementary move of an amount of earth from one bin to its neighbour."""

    amount: float
    source: int
    target: int


class EMD(NamedTuple):
    """The `cost`, the net flows `moves` from each bin to the next, and elementary moves in a feasible `order`."""

    cost: float
    moves: list
    order: list[Move]


UNEQUAL = {
    "refuse": "an error where the totals differ",
    "normalise": "each histogram divided by its total, so that the cost is per unit of earth",
}


def emd(P, Q, positions=None, unequal: str = "refuse") -> EMD:
    """The least work that turns histogram P into Q: sum_i |delta_i| (x_{i+1} - x_i).

    delta_{i+1} = delta_i + P_i - Q_i with delta_0 = 0 is the earth that crosses from bin i to bin i + 1, to the left
    where delta is negative. `moves` are delta_1 to delta_n, of which the last is 0. `positions` x [n] increase; by
    default they are one apart. The cost is in the unit of P times the unit of x. Each move of `order` takes only earth
    that is in its bin at that time. `unequal` is one of UNEQUAL. Raises `WganError` for negative or non-finite bins,
    histograms of different lengths, positions that do not increase, and totals that differ.

    Examples:
        >>> result = emd([3, 2, 1, 4], [1, 2, 4, 3])
        >>> result.cost, result.moves
        (5.0, [2, 2, -1, 0])
        >>> [tuple(move) for move in result.order]
        [(2, 0, 1), (2, 1, 2), (1, 3, 2)]
        >>> emd([1, 0, 0], [0, 0, 1], positions=[0, 1, 10]).cost
        10.0
    """
    if unequal not in UNEQUAL:
        raise unknown_name("choice of unequal", unequal, UNEQUAL)
    p, q = _histogram(P, "P"), _histogram(Q, "Q")
    if len(p) != len(q):
        raise WganError(f"P has {len(p)} bins and Q has {len(q)}; give both over the same bins, empty ones as 0.")
    x = np.arange(len(p)) if positions is None else _numbers(positions, "positions")
    if x.shape != p.shape or not (np.diff(x) > 0).all():
        raise WganError(f"positions must be {len(p)} increasing numbers, one for each bin; sort the bins by position.")
    if unequal == "normalise":
        p, q = p / p.sum(), q / q.sum()
    else:
        whole = p.dtype.kind == q.dtype.kind == "i"  # integers are not rounded
        most = max(p.sum(), q.sum())
        _refuse_unequal(p.sum(), q.sum(), 0.0 if whole else max(rounding(values, len(p), most) for values in (P, Q)))
    delta = np.cumsum(p - q)
    delta[-1] = 0
    flows, gaps = np.abs(delta[:-1]), np.diff(x)
    if flows.dtype.kind == gaps.dtype.kind == "i":  # float64 cannot hold every sum of integers
        cost = float(sum(flow * gap for flow, gap in zip(flows.tolist(), gaps.tolist(), strict=True)))
    else:
        with np.errstate(over="ignore"):
            cost = float(flows @ gaps.astype(np.float64))
    return EMD(cost, delta.tolist(), _order(delta.tolist(), p.tolist()))


def _order(delta: list, earth: list) -> list[Move]:
    """Rightward moves from the left, then leftward moves from the right, so that each bin receives before it gives."""
    right = [(i, i + 1) for i, flow in enumerate(delta) if flow > 0]
    left = [(i + 1, i) for i, flow in enumerate(delta) if flow < 0][::-1]
    order = []
    for source, target in right + left:
        amount = min(abs(delta[min(source, target)]), earth[source])  # they are equal up to rounding
        earth[source] -= amount
        earth[target] += amount
        if amount:
            order.append(Move(amount, source, target))
    return order


def _refuse_unequal(total_p: float, total_q: float, tolerance: float) -> None:
    if abs(total_p - total_q) > tolerance:
        raise WganError(
            f"P holds {total_p:.10g} and Q holds {total_q:.10g}, a difference of {abs(total_p - total_q):.3g}; "
            "make the totals equal, or pass unequal='normalise'."
        )


def _histogram(values, name: str) -> np.ndarray:
    bins = _numbers(values, name)
    if (bins < 0).any():
        raise WganError(f"{name} has a bin of {bins.min():g}; a histogram holds amounts of at least 0.")
    with np.errstate(over="ignore"):
        total = bins.sum(dtype=np.float64)
    if not 0 < total < np.inf:
        raise WganError(f"{name} holds {total:g} in all; give a positive, finite amount of earth.")
    if bins.dtype.kind == "i" and sum(bins.tolist()) > LARGEST_EXACT:
        raise WganError(f"{name} holds more than 2**53 in all, whose sums float64 cannot tell apart; rescale it.")
    return bins


def _numbers(values, name: str) -> np.ndarray:
    exact = as_float64(values, name, "a list of numbers, one for each bin")
    if exact.ndim != 1 or exact.size == 0:
        raise WganError(f"{name} has shape {exact.shape}; give a list of numbers, one for each bin.")
    return exact.astype(np.int64) if np.asarray(values).dtype.kind in "biu" else exact
