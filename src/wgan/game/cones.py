"""A critic that is 1-Lipschitz by construction: a mixture of two envelopes of cones and a plane.

A function with slope at most 1 is the upper envelope of the cones f(p) - |x - p| at all points p, and the lower
envelope of f(p) + |x - p| (McShane 1934). So envelopes of enough cones come as close to the best critic as one likes.
"""

import math
from typing import Any

import numpy as np

from wgan.game.arrays import Arrays, Layer, Params, Row, alike, drawn
from wgan.game.building import cones
from wgan.game.kind import Kind, Seen

TINY = 1e-12  # under roots, whose slope at 0 is infinite; it lowers every slope
PARTS = 3  # the upper envelope, the lower envelope and the plane


def _apply(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    upper = ops.largest(arrays["peak_bias"] - _distances(ops, x, arrays["peaks"]))
    lower = -1 * ops.largest(-1 * (arrays["valley_bias"] + _distances(ops, x, arrays["valleys"])))
    normal = arrays["normal"]
    plane = ops.matmul(x, normal.transpose(1, 0)) / ops.sqrt((normal * normal).sum(1) + TINY)
    shares = ops.softmax(arrays["shares"].reshape(1, PARTS), (PARTS,))
    return shares[:, :1] * upper + shares[:, 1:2] * lower + shares[:, 2:] * plane


def _distances(ops: Any, x: Any, points: Any) -> Any:
    """|x - p| for each row and point, [batch, points], from |x|^2 - 2 <x, p> + |p|^2."""
    squares = (x * x).sum(1).reshape(-1, 1) + (points * points).sum(1) - 2 * ops.matmul(x, points.transpose(1, 0))
    return ops.sqrt(ops.relu(squares) + TINY)


def _init(layer: Layer, row: Row, scheme: str, rng: Any) -> Params:
    count = layer["count"]
    points = {name: drawn(scheme, rng, (n, row[-1]), 2, 2) for name, n in (("peaks", count), ("valleys", count))}
    biases = {name: alike(0, rng, (count,)) for name in ("peak_bias", "valley_bias")}
    return points | biases | {"normal": drawn(scheme, rng, (1, row[-1]), 2, 2), "shares": alike(0, rng, (PARTS,))}


def from_rows(critic: Params, high: np.ndarray, low: np.ndarray) -> Params:
    """The initial values where the rows are known: peaks at rows that score high, valleys at rows that score low.

    Where there are fewer rows [n, ...] than cones, rows repeat. The normal is the way from one mean to the other.
    """
    high, low = (rows.reshape(len(rows), -1) for rows in (high, low))
    found: Params = {}
    for name, value in critic.items():
        what, count = name.rsplit(".", 1)[-1], len(value)
        if what in ("peaks", "valleys"):
            rows = high if what == "peaks" else low
            found[name] = rows[np.arange(count) % len(rows)]
        elif what == "normal" and np.any(way := high.mean(0) - low.mean(0)):
            found[name] = way[None]
    return found


def rounding(critic: Params, rows: np.ndarray) -> float:
    """The most that float64 may add to a score of standardised rows [n, ...], besides the rounding of the score itself.

    A square |x|^2 - 2 <x, p> + |p|^2 of d numbers is off by at most (d + 3) u (|x| + |p|)^2 with u = 2^-53 (Higham
    2002, section 3.1). Its root, under which TINY is added, is off by at most that over 2 sqrt(TINY).
    """
    flat = rows.reshape(len(rows), -1)
    points = [w for name, w in critic.items() if name.endswith((".peaks", ".valleys"))]
    longest = np.linalg.norm(flat, axis=1).max() + max(np.linalg.norm(w, axis=1).max() for w in points)
    return float((flat.shape[1] + 3) * 2.0**-53 * longest**2 / (2 * math.sqrt(TINY)))


CONES = Kind(
    examples=((cones(5), (4,)),),
    apply=_apply,
    shape=lambda layer, row: (1,),
    init=_init,
    # Each cone and the plane have slope 1. So have the largest of cones, the smallest of cones, and means of these.
    slope=lambda *_: 1.0,
)
