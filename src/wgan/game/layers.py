"""Layers: `LAYERS` describes every kind of layer, and the functions above it work on lists of layers.

A layer is plain data, {"kind": ..., its settings}. Rows are [batch, *space, channels] with no, one, two or three axes
of space, z is [batch, latent]. Every layer reads the number of axes from its input. The weights of a dense layer are
[out, in], of a convolution [out, in, k, ...] with a k for each axis of space, of a transposed convolution
[in, out, k, ...].
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from wgan.game.arrays import (
    Arrays,
    Layer,
    Params,
    Row,
    Told,
    class_bias_init,
    filled,
    flat,
    linear_init,
    norm_init,
    projection_init,
    told_norm_init,
)  # fmt: skip
from wgan.game.building import (
    GLOBAL_MEAN,
    MEAN_POOL,
    THREE,
    activation,
    class_batch_norm,
    class_bias,
    conv,
    conv_transpose,
    dense,
    one_of_three,
    own,
    projection,
    reshape,
    residual,
    shares,
    softmax,
    told_batch_norm,
    upsample,
)  # fmt: skip
from wgan.game.kind import Kind, Seen, function_kind
from wgan.game.slopes import (
    conv_slope,
    conv_transpose_slope,
    convolution_matrices,
    groupsort_shape,
    mean_pool_slope,
    projection_slope,
    unit_slope,
)

EPSILON = 1e-5  # added to the variance in batch norm and layer norm, as torch does by default


MAPS: tuple[Row, ...] = ((4, 3, 2), (4, 2), (5, 4, 3, 2))  # rows with two, one and three axes of space, for examples
LARGER: tuple[tuple[Row, Row], ...] = (((7, 6), (4, 3, 2)), ((7,), (4, 2)), ((9, 7, 6), (5, 4, 3, 2)))  # after, before


# What a list of layers does.


def shapes(layers: list[Layer], row: Row) -> Iterator[Row]:
    """The shape of a row after each layer."""
    for layer in layers:
        row = LAYERS[layer["kind"]].shape(layer, row)
        yield row


def initial_arrays(layers: list[Layer], row: Row, scheme: str, rng: np.random.Generator) -> Params:
    """The initial weights, float32, named "NUMBER.KIND.WHAT"; inside a residual layer the name is the whole path.

    `scheme` names the entry of INIT for layers that have no "init" of their own.
    """
    return {name: np.array(w, np.float32) for name, w in _arrays(layers, row, scheme, rng)}


def array_shapes(layers: list[Layer], row: Row) -> dict[str, Row]:
    """The shape of each of the initial weights by its name; none is drawn, but for those of layers of your own."""
    return {name: w.shape for name, w in _arrays(layers, row, "he", None)}


def _arrays(layers: list[Layer], row: Row, scheme: str, rng: np.random.Generator | None) -> Iterator[tuple[str, Any]]:
    """The name of each array with its initial values, or without `rng` with its shape alone."""
    for number, layer in enumerate(layers):
        kind = LAYERS[layer["kind"]]
        for what, w in kind.init(layer, row, layer.get("init", scheme), rng).items():
            yield f"{layer_name(number, layer)}.{what}", w
        row = kind.shape(layer, row)


def apply_layers(
    ops: Any,
    layers: list[Layer],
    params: Params,
    x: Any,
    moments: dict | None = None,
    label: Any = None,
    path: str = "",
) -> Any:
    """The output of a list of layers for a batch x; `label` is one-hot [batch, classes] for layers that use classes.

    Batch norm uses the statistics of the batch if `moments` is None, otherwise those stored in it under the layer's
    name. It stores the ones that are missing, so one pass over many rows with an empty dict calibrates a network.
    """
    seen = Seen(moments, label)
    for number, layer in enumerate(layers):
        x = LAYERS[layer["kind"]].apply(ops, layer, Arrays(params, path + layer_name(number, layer)), x, seen)
    return x


def matrices(layers: list[Layer], params: Params, path: str = "") -> Iterator[tuple[str, float]]:
    """The name of each array that a constraint may project, with its number in `Kind.matrices`."""
    for number, layer in enumerate(layers):
        name = path + layer_name(number, layer)
        kind = LAYERS[layer["kind"]]
        for part in kind.inside:
            yield from matrices(layer[part], params, f"{name}.{part}.")
        for what, times in kind.matrices(layer, Arrays(params, name)).items():
            yield f"{name}.{what}", times


def convolution_work(layers: list[Layer], row: Row) -> int:
    """The number of multiplications in the convolutions of a list of layers, for one row."""
    work = 0
    for layer, out in zip(layers, shapes(layers, row), strict=True):
        work += LAYERS[layer["kind"]].work(layer, row, out)
        row = out
    return work


def mixes_batch(layers: list[Layer]) -> bool:
    """Whether the output for a row depends on the other rows of its batch."""
    kinds = [(LAYERS[layer["kind"]], layer) for layer in layers]
    return any(kind.mixes_batch or any(mixes_batch(layer[part]) for part in kind.inside) for kind, layer in kinds)


def unbounded(layers: list[Layer]) -> str | None:
    """The first kind of layer without a useful bound of its slope, also inside other layers; None if all have one."""
    for layer in layers:
        kind = LAYERS[layer["kind"]]
        inside = [found for part in kind.inside if (found := unbounded(layer[part])) is not None]
        if kind.slope is None or inside:
            return inside[0] if inside else layer["kind"]
    return None


def with_condition(layers: list[Layer], told: Told) -> list[Layer]:
    """The same layers, where each layer that can use the condition of a row does so."""
    return [LAYERS[layer["kind"]].with_condition(layer, told) for layer in layers]


def uses_condition(layers: list[Layer]) -> bool:
    """Whether the output depends on the condition."""
    kinds = [(LAYERS[layer["kind"]], layer) for layer in layers]
    return any(kind.told or any(uses_condition(layer[part]) for part in kind.inside) for kind, layer in kinds)


def lipschitz_bound(layers: list[Layer], params: Params, row: Row, path: str = "") -> tuple[float, str]:
    """An upper bound of the network's slope and "", or inf and the reason why there is no bound.

    The bound is the product of the slopes of the layers: the operator norms of the weights (exact for dense layers,
    see `convolution_norm` for others) and the steepest slopes of the activations, in float64 and rounded up.

    Examples:
        >>> bound, reason = lipschitz_bound([dense(1)], {"00.dense.weight": np.array([[3.0, 4.0]])}, (2,))
        >>> 5 < bound < 5 + 1e-11, reason  # of |(3, 4)|, rounded up
        (True, '')
    """
    bound = 1.0
    for number, (layer, out) in enumerate(zip(layers, shapes(layers, row), strict=True)):
        if (kind := unbounded([layer])) is not None:
            return math.inf, f"layer {number} is a {kind.replace('_', ' ')}, whose slope has no useful bound"
        slope = LAYERS[layer["kind"]].slope
        assert slope is not None
        bound, row = bound * slope(layer, Arrays(params, path + layer_name(number, layer)), row, out), out
    return bound * (1 + 1e-12), ""


def layer_name(number: int, layer: Layer) -> str:
    """What the names of the arrays of a layer begin with, by its place in the list."""
    return f"{number:02d}.{layer['kind']}"


# Initial weights.


def _inside_init(layer: Layer, row: Row, scheme: str, rng: Any) -> Params:
    parts = LAYERS[layer["kind"]].inside
    return {f"{part}.{name}": w for part in parts for name, w in _arrays(layer[part], row, scheme, rng)}


def _own_init(layer: Layer, row: Row, scheme: str, rng: Any) -> Params:
    return flat(layer["init"](np.random.default_rng(0) if rng is None else rng, row), layer["outlines"])


# What each kind computes.


def padding(size: int, kernel: int, stride: int) -> int:
    """The number of zeros at both ends of an axis for which a convolution gives ceil(size / stride).

    TensorFlow's "same" may pad one end more than the other; this is then its mirror image.
    """
    return math.ceil(max((math.ceil(size / stride) - 1) * stride + kernel - size, 0) / 2)


def _pads(layer: Layer, size: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(layer.get("pad", padding(s, layer["kernel"], layer["stride"])) for s in size)


def _conv(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    return ops.conv(x, arrays["weight"], arrays["bias"], layer["stride"], _pads(layer, x.shape[1:-1]))


def _conv_transpose(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    size = layer["size"]
    return ops.conv_transpose(x, arrays["weight"], arrays["bias"], layer["stride"], _pads(layer, size), size)


def _batch_norm(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    if seen.moments is None:
        return ops.batch_norm(x, arrays["scale"], arrays["bias"])
    return _normalised(ops, arrays, x, seen) * arrays["scale"] + arrays["bias"]


def _class_batch_norm(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    scale, bias = (_everywhere(x, ops.matmul(seen.label, arrays[what])) for what in ("scale", "bias"))
    return _normalised(ops, arrays, x, seen) * scale + bias


def _told_batch_norm(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    scale = _everywhere(x, arrays["scale"] + ops.matmul(seen.label, arrays["told_scale"]))
    bias = _everywhere(x, arrays["bias"] + ops.matmul(seen.label, arrays["told_bias"]))
    return _normalised(ops, arrays, x, seen) * scale + bias


def _everywhere(x: Any, features: Any) -> Any:
    """Features [batch, channels] with an axis of length 1 for each axis of space of x."""
    return features.reshape(x.shape[0], *[1] * (x.ndim - 2), x.shape[-1])


def _normalised(ops: Any, arrays: Arrays, x: Any, seen: Seen) -> Any:
    """x with mean 0 and variance 1 in each channel, by the stored moments of the layer or else by the batch's."""
    stored = {} if seen.moments is None else seen.moments
    if arrays.path not in stored:
        stored[arrays.path] = ops.moments(x)
    mean, variance = stored[arrays.path]
    return (x - mean) / (variance + EPSILON) ** 0.5


def _layer_norm(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    return ops.layer_norm(x) * arrays["scale"] + arrays["bias"]


def _class_bias(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    added = ops.matmul(seen.label, arrays["classes"])
    return x + (added if x.ndim == 2 else _everywhere(x, added))


def _projection(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    if "hidden" in layer:  # one product, since x has a second derivative under a penalty
        condition = ops.tanh(ops.matmul(seen.label, arrays["hidden"]) + arrays["hidden_bias"])
        weight = arrays["weight"] + ops.matmul(condition, arrays["classes"])
        return (x * weight).sum(1).reshape(-1, 1) + arrays["bias"]
    of_condition = (x * ops.matmul(seen.label, arrays["classes"])).sum(1).reshape(-1, 1)
    return ops.dense(x, arrays["weight"], arrays["bias"]) + of_condition


def _residual(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    body, shortcut = (
        apply_layers(ops, layer[part], arrays.params, x, seen.moments, seen.label, f"{arrays.path}.{part}.")
        for part in ("body", "shortcut")
    )
    return body + shortcut


def _one_of_three(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    found = (apply_layers(ops, layer[k], arrays.params, x, seen.moments, None, f"{arrays.path}.{k}.") for k in THREE)
    return sum(one * seen.label[:, k : k + 1] for k, one in enumerate(found))


# The shape, work and slopes of a kind that holds other layers.


def _inside_shape(layer: Layer, row: Row) -> Row:
    *_, out = [row, *shapes(layer[LAYERS[layer["kind"]].inside[0]], row)]
    return out


def _inside_work(layer: Layer, row: Row, out: Row) -> int:
    return sum(convolution_work(layer[part], row) for part in LAYERS[layer["kind"]].inside)


def _inside_slopes(layer: Layer, arrays: Arrays, row: Row, out: Row) -> list[float]:
    parts = LAYERS[layer["kind"]].inside
    return [lipschitz_bound(layer[part], arrays.params, row, f"{arrays.path}.{part}.")[0] for part in parts]


def _shares(ops: Any, layer: Layer, arrays: Arrays, x: Any, seen: Seen) -> Any:
    sizes = layer["sizes"]
    parts, values = ops.softmax(x, (*sizes, len(sizes))), 1 + sum(sizes)
    return (ops.tanh(x[..., :1]) + 1) * parts[..., 1:values] * ops.spread(parts[..., values:], sizes)


LAYERS: dict[str, Kind] = {
    "dense": Kind(
        examples=((dense(5), (4,)),),
        apply=lambda ops, layer, arrays, x, seen: ops.dense(x, arrays["weight"], arrays["bias"]),
        shape=lambda layer, row: (layer["features"],),
        init=linear_init(lambda layer, row: (layer["features"], row[-1])),
        slope=lambda layer, arrays, row, out: float(np.linalg.norm(arrays["weight"], 2)),
        matrices=lambda layer, arrays: {"weight": 1},
    ),
    "conv": Kind(
        examples=((conv(5, 4, 2), (7, 6, 3)), (conv(5, 4, 2), (7, 3)), (conv(5, 3), (6, 5, 4, 3))),
        apply=_conv,
        shape=lambda layer, row: (*(math.ceil(s / layer["stride"]) for s in row[:-1]), layer["features"]),
        init=linear_init(lambda layer, row: (layer["features"], row[-1], *[layer["kernel"]] * len(row[:-1]))),
        work=lambda layer, row, out: math.prod(out) * row[-1] * layer["kernel"] ** len(row[:-1]),
        slope=conv_slope,
        matrices=convolution_matrices,
    ),
    "conv_transpose": Kind(
        examples=tuple((conv_transpose(5, 4, 2, size), row) for size, row in LARGER),
        apply=_conv_transpose,
        shape=lambda layer, row: (*layer["size"], layer["features"]),
        init=linear_init(lambda layer, row: (row[-1], layer["features"], *[layer["kernel"]] * len(row[:-1]))),
        work=lambda layer, row, out: math.prod(row) * out[-1] * layer["kernel"] ** len(row[:-1]),
        slope=conv_transpose_slope,
        matrices=convolution_matrices,
    ),
    "batch_norm": Kind(
        examples=tuple(({"kind": "batch_norm"}, row) for row in MAPS),
        apply=_batch_norm,
        init=norm_init,
        mixes_batch=True,
        with_condition=lambda layer, told: (class_batch_norm if told.one_class else told_batch_norm)(told.units),
    ),
    "class_batch_norm": Kind(
        examples=tuple((class_batch_norm(3), row) for row in MAPS),
        apply=_class_batch_norm,
        init=norm_init,
        mixes_batch=True,
        told=True,
    ),
    "told_batch_norm": Kind(
        examples=tuple((told_batch_norm(3), row) for row in MAPS),
        apply=_told_batch_norm,
        init=told_norm_init,
        mixes_batch=True,
        told=True,
    ),
    "layer_norm": Kind(
        examples=tuple(({"kind": "layer_norm"}, row) for row in MAPS), apply=_layer_norm, init=norm_init
    ),
    "class_bias": Kind(
        examples=tuple((class_bias(3), row) for row in ((4,), *MAPS)),
        apply=_class_bias,
        init=class_bias_init,
        slope=unit_slope,
        told=True,
    ),
    "projection": Kind(
        examples=((projection(3), (4,)), (projection(3, 5), (4,))),
        apply=_projection,
        shape=lambda layer, row: (1,),
        init=projection_init,
        slope=projection_slope,
        # The slope of a condition is at most the sum of both norms, the second times the length of what V multiplies.
        matrices=lambda layer, arrays: {"weight": 2, "classes": 2 * math.sqrt(layer.get("hidden", 1))},
        told=True,
    ),
    "relu": function_kind("relu", lambda ops, x: ops.relu(x)),
    "leaky_relu": Kind(
        examples=((activation("leaky_relu"), (4,)),),
        activates=True,
        apply=lambda ops, layer, arrays, x, seen: ops.leaky_relu(x, layer["slope"]),
        slope=lambda layer, arrays, row, out: max(1.0, abs(layer["slope"])),
    ),
    "tanh": function_kind("tanh", lambda ops, x: ops.tanh(x)),
    "swish": function_kind("swish", lambda ops, x: x * (ops.tanh(x / 2) + 1) / 2)._replace(
        slope=lambda *_: 1.0999  # of x / (1 + exp(-x)), at x = 2.4
    ),
    "shifted_softplus": function_kind("shifted_softplus", lambda ops, x: ops.softplus(2 * x + 2) / 2 - 1),
    "groupsort": function_kind("groupsort", lambda ops, x: ops.groupsort(x), shape=groupsort_shape),
    "softmax": Kind(
        examples=((softmax((2, 3)), (6,)), (softmax((2, 3)), (4, 3, 6))),
        apply=lambda ops, layer, arrays, x, seen: ops.softmax(x, layer["sizes"]),
        slope=unit_slope,
    ),
    "shares": Kind(
        examples=((shares((2, 3)), (8,)), (shares((2, 3)), (4, 3, 8))),
        apply=_shares,
        shape=lambda layer, row: (*row[:-1], sum(layer["sizes"])),
        slope=lambda *_: math.sqrt(3),  # at most 1 in the total, 2 * 1/2 in the values and 2 * 1/2 in the groups
    ),
    "reshape": Kind(
        examples=((reshape(2, 3, 2), (12,)),),
        apply=lambda ops, layer, arrays, x, seen: x.reshape(x.shape[0], *layer["shape"]),
        shape=lambda layer, row: layer["shape"],
        slope=unit_slope,
    ),
    "upsample": Kind(
        examples=tuple((upsample(size), row) for size, row in LARGER),
        apply=lambda ops, layer, arrays, x, seen: ops.upsample(x)[:, *(slice(size) for size in layer["size"])],
        shape=lambda layer, row: (*layer["size"], row[-1]),
        slope=lambda layer, arrays, row, out: math.sqrt(2 ** len(row[:-1])),  # each place appears twice along each axis
    ),
    "mean_pool": Kind(
        examples=((MEAN_POOL, (5, 4, 2)), (MEAN_POOL, (5, 2)), (MEAN_POOL, (5, 4, 3, 2))),
        apply=lambda ops, layer, arrays, x, seen: ops.mean_pool(x),
        shape=lambda layer, row: (*(math.ceil(s / 2) for s in row[:-1]), row[-1]),
        slope=mean_pool_slope,
    ),
    "global_mean": Kind(
        examples=tuple((GLOBAL_MEAN, row) for row in MAPS),
        apply=lambda ops, layer, arrays, x, seen: x.mean(tuple(range(1, x.ndim - 1))),
        shape=lambda layer, row: row[-1:],
        slope=lambda layer, arrays, row, out: 1 / math.sqrt(math.prod(row[:-1])),
    ),
    "residual": Kind(
        examples=((residual([conv(3, 3), activation("relu"), conv(2, 3)], []), (4, 3, 2)),),
        apply=_residual,
        shape=_inside_shape,
        init=_inside_init,
        work=_inside_work,
        slope=lambda *given: sum(_inside_slopes(*given)),
        inside=("body", "shortcut"),
        with_condition=lambda layer, told: residual(
            with_condition(layer["body"], told), with_condition(layer["shortcut"], told)
        ),
    ),
    "one_of_three": Kind(
        examples=((one_of_three([dense(3), activation("relu"), dense(1)]), (4,)),),
        apply=_one_of_three,
        shape=_inside_shape,
        init=_inside_init,
        work=_inside_work,
        slope=lambda *given: max(_inside_slopes(*given)),
        inside=THREE,
    ),
    "own": Kind(
        examples=(
            (own(lambda rng, row: {"w": rng.normal(size=(*row, 2))}, lambda weights, x: x @ weights["w"]), (4,)),
        ),
        apply=lambda ops, layer, arrays, x, seen: layer["apply"](filled(layer["outlines"], arrays.all()), x),
        shape=lambda layer, row: (),  # unknown here: your functions decide it
        init=_own_init,
        matrices=lambda layer, arrays: {what: 1 for what, w in arrays.all().items() if len(w.shape) > 1},
    ),
}
