"""What is known about a kind of layer; `LAYERS` holds the kinds."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from wgan.game.arrays import Arrays, Layer, Params, Row, Told
from wgan.game.building import activation
from wgan.game.slopes import unit_slope


class Seen(NamedTuple):
    """What a layer may use besides its input: the stored moments of batch norms and the conditions [batch, units]."""

    moments: dict[str, Any] | None = None
    label: Any = None


class Kind(NamedTuple):
    """All that is known about a kind of layer; `row` and `out` are the shapes of a row before and after the layer.

    `examples` are layers of this kind with the shapes of rows that fit them, for the contract tests. `inside` names the
    settings that are lists of layers. `matrices` names the arrays that a constraint may project, each with a number:
    if every array, as a matrix [first axis, rest], has a norm of at most 1 / number, the slope is at most 1. `init`
    makes the arrays by `drawn` and `alike`, which take no memory where there is no `rng`.
    """

    examples: tuple[tuple[Layer, Row], ...]
    apply: Callable[[Any, Layer, Arrays, Any, Seen], Any]  # (ops, layer, arrays, x, seen) -> the output
    shape: Callable[[Layer, Row], Row] = lambda layer, row: row
    init: Callable[[Layer, Row, str, np.random.Generator | None], Params] = lambda layer, row, scheme, rng: {}
    work: Callable[[Layer, Row, Row], int] = lambda layer, row, out: 0  # multiplications of convolutions, for one row
    slope: Callable[[Layer, Arrays, Row, Row], float] | None = None  # an upper bound, or None if none is useful
    matrices: Callable[[Layer, Arrays], dict[str, float]] = lambda layer, arrays: {}
    mixes_batch: bool = False  # whether the output for a row depends on the other rows of its batch
    inside: tuple[str, ...] = ()
    with_condition: Callable[[Layer, Told], Layer] = lambda layer, told: layer  # the layer that also uses a condition
    told: bool = False  # whether the output depends on the condition
    activates: bool = False  # whether it is an activation, whose units dropout may drop


def function_kind(kind: str, function: Callable[[Any, Any], Any], **more: Any) -> Kind:
    """A kind of layer without settings or arrays, of slope 1, whose output is `function(ops, x)`."""
    return Kind(
        examples=((activation(kind), (4,)),),
        apply=lambda ops, layer, arrays, x, seen: function(ops, x),
        slope=unit_slope,
        activates=True,
        **more,
    )
