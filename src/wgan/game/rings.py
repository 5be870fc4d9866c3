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
EMPTY, LEAST_SPREAD = 2.0, 0.03  # they keep the moments of a group whose values are all 0, and their slopes, small


def rings(counts: tuple[int, ...], angles: tuple[int, ...]) -> Layer:
    """Roots of values with noise: r + softplus(s) z, where m = (of a group) + (of a ring) + (of an angle).

    r = exp(m / 2) - 1 if m > 0, else m / 2. So the noise of a value has a variance in proportion to its mean where s
    stays the same, as in a calorimeter that samples showers. The input has a channel for each group, ring and angle, a
    channel s for each ring, and then a channel z for each value.
    """
    return {"kind": "rings", "counts": counts, "angles": angles}


def moments(places: tuple[tuple[tuple[float, ...], ...], ...]) -> Layer:
    """Values x, and beside them what physicists look at of the amounts a = exp(2 x) - 1 of groups of values.

    The logarithm of 1 + the sum of each group and of all, the share of each group's values above 0, and the means and
    the standard deviations of places of a group's values, weighted by a. `places` has for each group one row of numbers
    or more, with a number for each of its values. Training changes the places.
    """
    return {"kind": "moments", "places": places}


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
    """The channels of the groups, the rings, the angles, the spreads of rings, and the noise."""
    counts, angles = layer["counts"], layer["angles"]
    sizes = [len(counts), sum(counts), sum(angles), sum(counts), sum(_values(layer))]
    return [slice(first, last) for first, last in pairwise(accumulate(sizes, initial=0))]


def _of_rings(ops: Any, layer: Layer, x: Any) -> Any:
    """A channel for each ring as one for each value: all rings of a group, once for each angle."""
    ends = accumulate(layer["counts"], initial=0)
    parts = [[x[..., first:last]] * times for (first, last), times in zip(pairwise(ends), layer["angles"], strict=True)]
    return ops.beside(*(one for part in parts for one in part))


def _rings(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    groups, of_ring, of_angle, spreads, noise = (x[..., part] for part in _channels(layer))
    each = tuple(n for n, m in zip(layer["counts"], layer["angles"], strict=True) for _ in range(m))
    mean = ops.spread(groups, _values(layer)) + _of_rings(ops, layer, of_ring) + ops.spread(of_angle, each)
    above = ops.clip(mean, 0.0, LARGEST)
    root = ops.expm1(above / 2) + (mean - ops.relu(mean)) / 2
    return root + _of_rings(ops, layer, ops.softplus(spreads)) * noise


def _parts(layer: Layer) -> list[slice]:
    """The channels of each group."""
    return [slice(*ends) for ends in pairwise(accumulate((len(rows[0]) for rows in layer["places"]), initial=0))]


def _sum(x: Any) -> Any:
    return x.sum(1).reshape(-1, 1)


def _moments(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    amounts, filled = ops.expm1(2 * ops.clip(x, 0.0, LARGEST / 2)), ops.clip(10 * x, 0.0, 1.0)
    found = [x, ops.log1p(_sum(amounts))]
    for group, part in enumerate(_parts(layer)):
        own, places = amounts[:, part], arrays[f"group{group}"]
        total = _sum(own)
        mean, square = (ops.matmul(own, power) / (total + EMPTY) for power in (places, places * places))
        spread = ops.sqrt(ops.relu(square - mean * mean) + LEAST_SPREAD)
        found += [ops.log1p(total), _sum(filled[:, part]) * (3 / (part.stop - part.start)), mean, spread]
    return ops.beside(*found)


def _moments_shape(layer: Layer, row: Row) -> Row:
    return (row[0] + 1 + sum(2 + 2 * len(rows) for rows in layer["places"]),)


def _moments_init(layer: Layer, row: Row, scheme: str, rng: Any) -> Params:
    arrays = {f"group{group}": np.array(rows).T for group, rows in enumerate(layer["places"])}
    return {name: Unmade(w.shape) if rng is None else w for name, w in arrays.items()}


def _shares(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    sizes = layer["sizes"]
    parts, values = ops.softmax(x, (*sizes, len(sizes))), 1 + sum(sizes)
    return (ops.tanh(x[..., :1]) + 1) * parts[..., 1:values] * ops.spread(parts[..., values:], sizes)


KINDS: dict[str, Kind] = {
    "rings": Kind(
        examples=((rings((2, 3), (1, 2)), (2 + 5 + 3 + 5 + 8,)),),
        apply=_rings,
        shape=lambda layer, row: (sum(_values(layer)),),
    ),
    "moments": Kind(
        examples=((moments((((1.0, 2.0),), ((1.0, -1.0, 3.0), (0.5, 2.0, 1.0)))), (5,)),),
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
