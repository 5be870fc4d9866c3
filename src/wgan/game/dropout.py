"""Dropout in the critic, for a penalty that compares two passes of the same rows."""

import math
from typing import Any

from wgan.errors import WganError, setting
from wgan.game.arrays import Arrays, Layer, Params, Row
from wgan.game.layers import LAYERS, Seen, layer_name, shapes

RATES = (0.2, 0.5, 0.5)  # the share of units that are dropped after the last activations (Wei et al. 2018, CIFAR code)


def places(layers: list[Layer], row: Row) -> dict[int, tuple[Row, float]]:
    """The numbers of the layers after which units are dropped, with the shape of a row there and the share dropped.

    They are the last three activations or residual blocks. Raises `WganError` if there is none.
    """
    kinds = [LAYERS[layer["kind"]] for layer in layers]
    hidden = [number for number, kind in enumerate(kinds) if kind.activates or "body" in kind.inside][-len(RATES) :]
    if not hidden:
        raise WganError(
            "constraint consistency drops hidden units of the critic, but this critic has no layer that is an "
            f"activation; use {setting('constraint', 'gradient-penalty')}."
        )
    after = list(shapes(layers, row))
    return {number: (after[number], rate) for number, rate in zip(hidden, RATES[-len(hidden) :], strict=True)}


def units(layers: list[Layer], row: Row) -> int:
    """The number of units of a row that one pass may drop."""
    return sum(math.prod(shape) for shape, _ in places(layers, row).values())


def dropped(ops: Any, layers: list[Layer], params: Params, x: Any, label: Any, noise: Any) -> tuple[Any, Any]:
    """The features before the last layer and the output, in a pass that drops units; `noise` is uniform [batch, units].

    A unit is dropped where its number is below the share; the others are divided by 1 - share, which keeps the mean.
    """
    at, features = 0, x
    hidden = places(layers, x.shape[1:])
    for number, layer in enumerate(layers):
        features = x
        x = LAYERS[layer["kind"]].apply(ops, layer, Arrays(params, layer_name(number, layer)), x, Seen(None, label))
        if number in hidden:
            shape, rate = hidden[number]
            kept = noise[:, at : at + math.prod(shape)].reshape(x.shape) >= rate
            x, at = x * kept / (1 - rate), at + math.prod(shape)
    return features, x
