"""Layers for rows of groups of values, such as the voxels of the layers of a calorimeter, which lie on rings.

A group has so many rings and so many angles. It lists all rings of its first angle first.
"""

import math
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from wgan.errors import WganError, setting
from wgan.game.arrays import Arrays, Layer, Params, Row, Unmade
from wgan.game.building import shares
from wgan.game.kind import Kind, Seen

LARGEST = 18.0  # of the logarithm of a value's mean, beyond which it does not grow
TINY = 1e-12  # keeps logarithms and square roots of 0, and their slopes, finite
FINE = 0.1  # of the channels for what is known much better than all else, so that training moves them in small steps
LEAST = 0.05  # the least share of the total that values have beyond their thresholds
MOST_LEAN = 0.7  # of each component of the lean, so that every angle keeps a share above 0
EMPTY, LEAST_SPREAD = 2.0, 0.03  # they keep the moments of a group whose values are all 0, and their slopes, small
COARSE, SHARP = 5.0, (30.0, 100.0)  # factors of the logarithm of the total, for a critic that sees 10 % and 1 % of it
TURNS = 4  # angles; with fewer, nothing is left beside a mean and a lean
SMOOTH = 1e-3  # a variance over the angles that is as good as none


def rings(counts: tuple[int, ...], angles: tuple[int, ...], most: float) -> Layer:
    """Roots y >= 0 of values with noise, where v = (1 + y)^2 of those above 0 has a sum that channels give exactly.

    The logarithm of the total is t = most - softplus(a) + b / 10, so that totals near exp(most) can vary very little.
    m = t + l / 10 + log(share of a group) + log(share of a ring in its group) + log(share of an angle in its ring) is
    the logarithm of a value's mean. The first two shares are softmaxes, and that of an angle phi is
    (1 + p cos(phi) + q sin(phi)) / angles, with the same lean (p, q) = 0.7 tanh of two channels for all groups. Then
    y = c relu(r + softplus(s + s0) z), where r = exp(m / 2) - 1 if m > 0, else m / 2, and c solves a quadratic for the
    total. So the noise z has a variance in proportion to the mean where s is the same, as in a calorimeter that samples
    showers. If the total is less than the number of values above 0, c leaves them a 20th of the total beyond 1.

    The input has the channels a, b and l, one for each group and each ring, two for the lean, s of each ring, s0, and
    then z of each value.
    """
    return {"kind": "rings", "counts": counts, "angles": angles, "most": most}


def moments(
    counts: tuple[int, ...], angles: tuple[int, ...], places: tuple[tuple[tuple[float, ...], ...], ...], most: float
) -> Layer:
    """Values x, and beside them what physicists look at of the amounts a = exp(2 x) - 1 of groups of values.

    Of all: the logarithm of the sum of a + 1 where a > 0, less `most`, times 5, and tanh of 30 and of 100 times it. Of
    each group: the logarithm of 1 + the sum, the share of values above 0, and the means and the standard deviations of
    places of its values, weighted by a. `places` has for each group one row of numbers or more, with a number for each
    of its values. Training changes the places. Of each ring of a group with 4 angles or more: the logarithm of 1 + the
    sum, and that of the standard deviation of the roots exp(x) - 1 over the angles. A filter leaves their mean and a
    lean to one side out of this deviation.
    """
    return {"kind": "moments", "counts": counts, "angles": angles, "places": places, "most": most}


def without_noise(layer: Layer, row: Row) -> Row:
    """The row that the body of a layer `noisy` gets. Raises WganError if z has no more than the noise."""
    n = row[-1] - layer["noise"]
    if n < 1:
        raise WganError(
            f"latent is {row[-1]}, but this network takes noise for each of {layer['noise']} values from it; use "
            f"{setting('latent', layer['noise'] + 32)}."
        )
    return *row[:-1], n


def _values(layer: Layer) -> tuple[int, ...]:
    return tuple(n * m for n, m in zip(layer["counts"], layer["angles"], strict=True))


def _channels(layer: Layer) -> list[slice]:
    """The channels of the total, a level of means, groups, rings, the lean, spreads, their level, and noise."""
    counts = layer["counts"]
    sizes = [2, 1, len(counts), sum(counts), 2, sum(counts), 1, sum(_values(layer))]
    return [slice(first, last) for first, last in pairwise(accumulate(sizes, initial=0))]


def _of_rings(ops: Any, layer: Layer, x: Any) -> Any:
    """A channel for each ring as one for each value: all rings of a group, once for each angle."""
    ends = accumulate(layer["counts"], initial=0)
    parts = [[x[..., first:last]] * times for (first, last), times in zip(pairwise(ends), layer["angles"], strict=True)]
    return ops.beside(*(one for part in parts for one in part))


def _of_angles(ops: Any, layer: Layer, lean: Any) -> Any:
    """The logarithm of the share of each value's angle in its ring."""
    p, q = (MOST_LEAN * ops.tanh(lean[..., at : at + 1]) for at in range(2))
    parts, sizes = [], []
    for count, angles in zip(layer["counts"], layer["angles"], strict=True):
        for at in range(angles):
            angle = 2 * math.pi * (at + 0.5) / angles
            side = p * math.cos(angle) + q * math.sin(angle) if angles > 1 else 0.0 * p
            parts.append(ops.log1p(side) - math.log(angles))
            sizes.append(count)
    return ops.spread(ops.beside(*parts), tuple(sizes))


def _rings(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    totals, level, groups, of_ring, lean, spreads, spread, noise = (x[..., part] for part in _channels(layer))
    total = layer["most"] + FINE * totals[..., 1:] - ops.softplus(totals[..., :1])
    group = ops.log(ops.softmax(groups, (len(layer["counts"]),)) + TINY)
    ring = ops.log(ops.softmax(of_ring, layer["counts"]) + TINY)
    mean = ops.spread(total + FINE * level + group, _values(layer)) + _of_rings(ops, layer, ring)
    mean = mean + _of_angles(ops, layer, lean)
    above = ops.clip(mean, 0.0, LARGEST)
    root = ops.expm1(above / 2) + (mean - ops.relu(mean)) / 2
    made = ops.relu(root + _of_rings(ops, layer, ops.softplus(spreads + spread)) * noise)
    return _with_total(ops, made, ops.exp(total))


def _with_total(ops: Any, made: Any, total: Any) -> Any:
    """c times the roots y, so that the sum of (1 + c y)^2 of those above 0 is the total: c^2 E y^2 + 2 c E y = rest."""
    rest = total - _sum(ops.sign(made))
    rest = ops.relu(rest - LEAST * total) + LEAST * total
    first, second = _sum(made), _sum(made * made)
    return made * (rest / (first + ops.sqrt(first * first + second * rest + TINY)))


def _parts(layer: Layer) -> list[slice]:
    """The channels of each group."""
    return [slice(*ends) for ends in pairwise(accumulate(_values(layer), initial=0))]


def _sum(x: Any) -> Any:
    return x.sum(1).reshape(-1, 1)


def _of_each_ring(ops: Any, rings: int, angles: int, roots: Any, amounts: Any) -> list[Any]:
    """The logarithms of the amount of each ring of a group, and of the deviation of its roots over the angles."""
    if angles < TURNS:
        return []

    def by_ring(values: Any) -> Any:
        return values.reshape(-1, angles, rings).sum(1)

    def turned(values: Any) -> Any:
        return ops.beside(values[:, rings:], values[:, :rings])

    # x(k + 1) - 2 cos(w) x(k) + x(k - 1) is 0 for waves of one turn, w = 2 pi / angles, and a step is 0 for the mean
    twice, step = 2 * math.cos(2 * math.pi / angles), turned(roots) - roots
    rough = turned(turned(step)) - twice * turned(step) + step
    gain = 2 + 2 * (1 + twice) ** 2  # of the variance of independent noise
    return [ops.log1p(by_ring(amounts)), ops.log(by_ring(rough * rough) / (gain * angles) + SMOOTH) / 2]


def _moments(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    inside, filled = ops.clip(x, 0.0, LARGEST / 2), ops.clip(10 * x, 0.0, 1.0)
    roots, amounts = ops.expm1(inside), ops.expm1(2 * inside)
    above = ops.log(_sum(amounts) + _sum(filled) + EMPTY) - layer["most"]
    found = [x, COARSE * above, *(ops.tanh(times * above) for times in SHARP)]
    for group, (part, rings, angles) in enumerate(zip(_parts(layer), layer["counts"], layer["angles"], strict=True)):
        own, places = amounts[:, part], arrays[f"group{group}"]
        total = _sum(own)
        mean, square = (ops.matmul(own, power) / (total + EMPTY) for power in (places, places * places))
        spread = ops.sqrt(ops.relu(square - mean * mean) + LEAST_SPREAD)
        found += _of_each_ring(ops, rings, angles, roots[:, part], own)
        found += [ops.log1p(total), _sum(filled[:, part]) * (3 / (part.stop - part.start)), mean, spread]
    return ops.beside(*found)


def _moments_shape(layer: Layer, row: Row) -> Row:
    of_rings = sum(2 * rings for rings, angles in zip(layer["counts"], layer["angles"], strict=True) if angles >= TURNS)
    return (row[0] + 1 + len(SHARP) + of_rings + sum(2 + 2 * len(rows) for rows in layer["places"]),)


def _moments_init(layer: Layer, row: Row, scheme: str, rng: Any) -> Params:
    arrays = {f"group{group}": np.array(rows).T for group, rows in enumerate(layer["places"])}
    return {name: Unmade(w.shape) if rng is None else w for name, w in arrays.items()}


def _shares(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    sizes = layer["sizes"]
    parts, values = ops.softmax(x, (*sizes, len(sizes))), 1 + sum(sizes)
    return (ops.tanh(x[..., :1]) + 1) * parts[..., 1:values] * ops.spread(parts[..., values:], sizes)


KINDS: dict[str, Kind] = {
    "rings": Kind(
        examples=((rings((2, 3), (1, 2), 2.0), (2 + 1 + 2 + 5 + 2 + 5 + 1 + 8,)),),
        apply=_rings,
        shape=lambda layer, row: (sum(_values(layer)),),
    ),
    "moments": Kind(
        examples=(
            (moments((2, 1), (1, 4), (((1.0, 2.0),), ((1.0, -1.0, 3.0, 2.0), (0.5, 2.0, 1.0, 3.0))), 2.0), (6,)),
        ),
        apply=_moments,
        shape=_moments_shape,
        init=_moments_init,
    ),
    "shares": Kind(
        examples=((shares((2, 3)), (8,)), (shares((2, 3)), (4, 3, 8))),
        apply=_shares,
        shape=lambda layer, row: (*row[:-1], sum(layer["sizes"])),
        slope=lambda *_: math.sqrt(3),  # at most 1 in the total, 2 * 1/2 in the values and 2 * 1/2 in the groups
    ),
}
