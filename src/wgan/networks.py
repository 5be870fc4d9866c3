"""An architecture is plain data, a list of layers: made to fit the data's shape, initialised in NumPy,
applied through an engine's `ops`.

Images are [batch, height, width, channels], tables [batch, columns], z [batch, latent]. Weights of a dense
layer are [out, in], of a convolution [out, in, k, k], of a transposed one [in, out, k, k].
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from wgan.config import SLOPE_BOUNDS
from wgan.errors import WganError

Layer = dict[str, Any]
Params = dict[str, Any]


class Architecture(NamedTuple):
    """The layers of the critic (rows to one score) and of the generator (z to rows), and how weights start."""

    name: str
    critic: list[Layer]
    generator: list[Layer]
    init: str


# The layers.


def dense(features: int) -> Layer:
    """x W^T + b."""
    return {"kind": "dense", "features": features}


def conv(features: int, kernel: int, stride: int = 1) -> Layer:
    """A convolution whose output is ceil(size / stride), "same" padding; an even kernel needs stride 2."""
    return {"kind": "conv", "features": features, "kernel": kernel, "stride": stride}


def conv_transpose(features: int, kernel: int, stride: int, size: tuple[int, int]) -> Layer:
    """The transpose of the `conv` that takes maps of `size` to maps of ceil(size / stride)."""
    return {"kind": "conv_transpose", "features": features, "kernel": kernel, "stride": stride, "size": size}


def reshape(*shape: int) -> Layer:
    """Each row to this shape."""
    return {"kind": "reshape", "shape": shape}


def norm(kind: str) -> list[Layer]:
    """No layer for "none"; "batch": over the batch and the map; "layer": over all features of a row."""
    return [] if kind == "none" else [{"kind": f"{kind}_norm"}]


def activation(kind: str, slope: float = 0.2) -> Layer:
    """ "relu", "leaky_relu" with this slope, "tanh", "shifted_softplus": softplus(2x + 2) / 2 - 1, or "groupsort":
    each pair of features in descending order."""
    return {"kind": kind} | ({"slope": slope} if kind == "leaky_relu" else {})


def upsample(size: tuple[int, int]) -> Layer:
    """Each pixel twice in both directions, then the first `size` pixels."""
    return {"kind": "upsample", "size": size}


def class_batch_norm(classes: int) -> Layer:
    """Batch norm whose scale and bias are those of the row's class (Dumoulin et al. 2017)."""
    return {"kind": "class_batch_norm", "classes": classes}


def class_bias(classes: int) -> Layer:
    """x + b[class]: after a dense layer, what appending the class, one-hot, to its input would do."""
    return {"kind": "class_bias", "classes": classes}


def projection(classes: int) -> Layer:
    """A score, x w + b + x v[class] (Miyato and Koyama 2018)."""
    return {"kind": "projection", "classes": classes}


def residual(body: list[Layer], shortcut: list[Layer]) -> Layer:
    """body(x) + shortcut(x); no layers are the identity."""
    return {"kind": "residual", "body": body, "shortcut": shortcut}


def softmax(sizes: tuple[int, ...]) -> Layer:
    """A softmax over each of the groups of so many units at the end of a row; the units before them are kept."""
    return {"kind": "softmax", "sizes": sizes}


# A player of somebody's own is one layer, {"kind": "own", "init": ..., "apply": ...}: see `own_networks`.
MEAN_POOL: Layer = {"kind": "mean_pool"}  # the mean of each 2x2 square, or of what a border leaves of it
GLOBAL_MEAN: Layer = {"kind": "global_mean"}  # the mean over the map


# What a list of layers does.


def padding(size: int, kernel: int, stride: int) -> int:
    """What both ends of an axis are padded by so that a convolution gives ceil(size / stride).

    Where TensorFlow's "same" pads one end more than the other, this is its mirror image.
    """
    return math.ceil(max((math.ceil(size / stride) - 1) * stride + kernel - size, 0) / 2)


def shapes(layers: list[Layer], row: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """The shape of a row after each layer."""
    for layer in layers:
        match layer["kind"]:
            case "dense":
                row = (layer["features"],)
            case "conv":
                row = (*(math.ceil(s / layer["stride"]) for s in row[:2]), layer["features"])
            case "conv_transpose":
                row = (*layer["size"], layer["features"])
            case "upsample":
                row = (*layer["size"], row[-1])
            case "mean_pool":
                row = (*(math.ceil(s / 2) for s in row[:2]), row[-1])
            case "global_mean":
                row = row[-1:]
            case "projection":
                row = (1,)
            case "residual":
                *_, row = shapes(layer["body"], row)
            case "reshape":
                row = layer["shape"]
            case "own":
                row = ()  # only its author knows
            case "groupsort" if row[-1] % 2:
                raise WganError(f"groupsort sorts pairs of features but a layer has {row[-1]}; use an even --width.")
        yield row


def init(layers: list[Layer], row: tuple[int, ...], scheme: str, rng: np.random.Generator, path: str = "") -> Params:
    """Initial weights, float32, named "NUMBER.KIND.WHAT" after their layer, in residual ones after the whole path.

    `scheme` is for layers that name none themselves ("init").
    """
    params: Params = {}
    for number, (layer, out) in enumerate(zip(layers, shapes(layers, row), strict=True)):
        kind, name = layer["kind"], f"{path}{number:02d}.{layer['kind']}"
        if kind == "residual":
            for part in ("body", "shortcut"):
                params |= init(layer[part], row, scheme, rng, f"{name}.{part}.")
        elif kind == "own":
            params |= {f"{name}.{part}": np.array(w, np.float32) for part, w in flat(layer["init"](rng, row)).items()}
        elif kind in ("dense", "conv", "conv_transpose"):
            patch = layer.get("kernel", 1) ** 2
            first, last = (row[-1], out[-1]) if kind != "conv_transpose" else (out[-1], row[-1])
            shape = (last, first) if kind == "dense" else (last, first, layer["kernel"], layer["kernel"])
            fan_in, fan_out = row[-1] * patch, out[-1] * patch
            params[f"{name}.weight"] = INIT[layer.get("init", scheme)](rng, shape, fan_in, fan_out)
            params[f"{name}.bias"] = np.zeros(out[-1], np.float32)
        elif kind == "projection":
            for what, rows in (("weight", 1), ("classes", layer["classes"])):
                params[f"{name}.{what}"] = INIT[scheme](rng, (rows, row[-1]), row[-1], 1)
            params[f"{name}.bias"] = np.zeros(1, np.float32)
        elif kind == "class_bias":  # a class counts as much as all of z
            params[f"{name}.classes"] = INIT["he"](rng, (layer["classes"], row[-1]), 1, row[-1])
        elif kind == "class_batch_norm":
            params[f"{name}.scale"] = np.ones((layer["classes"], row[-1]), np.float32)
            params[f"{name}.bias"] = np.zeros((layer["classes"], row[-1]), np.float32)
        elif kind.endswith("_norm"):
            params[f"{name}.scale"] = np.ones(row[-1], np.float32)
            params[f"{name}.bias"] = np.zeros(row[-1], np.float32)
        row = out
    return params


def apply(
    ops: Any,
    layers: list[Layer],
    params: Params,
    x: Any,
    moments: dict | None = None,
    label: Any = None,
    path: str = "",
) -> Any:
    """The output of a list of layers for a batch; `label` is its classes, one-hot [batch, classes], if layers ask.

    Batch norm uses the batch's own statistics where `moments` is None; else those stored in it, and it stores
    there what it lacks, so that one pass with an empty dict over many rows calibrates a network for use.
    """
    for number, layer in enumerate(layers):
        kind, name = layer["kind"], f"{path}{number:02d}.{layer['kind']}"
        match kind:
            case "dense":
                x = ops.dense(x, params[f"{name}.weight"], params[f"{name}.bias"])
            case "conv" | "conv_transpose":
                size = x.shape[1:3] if kind == "conv" else layer["size"]
                pads = tuple(padding(s, layer["kernel"], layer["stride"]) for s in size)
                weight, bias = params[f"{name}.weight"], params[f"{name}.bias"]
                if kind == "conv":
                    x = ops.conv(x, weight, bias, layer["stride"], pads)
                else:
                    x = ops.conv_transpose(x, weight, bias, layer["stride"], pads, layer["size"])
            case "batch_norm" if moments is None:
                x = ops.batch_norm(x, params[f"{name}.scale"], params[f"{name}.bias"])
            case "batch_norm" | "class_batch_norm":
                mean, variance = _moments(ops, name, x, moments)
                x = (x - mean) / (variance + EPSILON) ** 0.5
                scale, bias = params[f"{name}.scale"], params[f"{name}.bias"]
                if kind == "class_batch_norm":
                    place = (x.shape[0], *[1] * (x.ndim - 2), x.shape[-1])
                    scale, bias = ((label @ of_class).reshape(place) for of_class in (scale, bias))
                x = x * scale + bias
            case "class_bias":
                x = x + label @ params[f"{name}.classes"]
            case "projection":
                of_class = (x * (label @ params[f"{name}.classes"])).sum(1).reshape(-1, 1)
                x = ops.dense(x, params[f"{name}.weight"], params[f"{name}.bias"]) + of_class
            case "layer_norm":
                x = ops.layer_norm(x) * params[f"{name}.scale"] + params[f"{name}.bias"]
            case "relu" | "tanh" | "groupsort":
                x = getattr(ops, kind)(x)
            case "leaky_relu":
                x = ops.leaky_relu(x, layer["slope"])
            case "shifted_softplus":
                x = ops.softplus(2 * x + 2) / 2 - 1
            case "softmax":
                x = ops.softmax(x, layer["sizes"])
            case "upsample":
                height, width = layer["size"]
                x = ops.upsample(x)[:, :height, :width]
            case "mean_pool":
                x = ops.mean_pool(x)
            case "global_mean":
                x = x.mean((1, 2))
            case "residual":
                body = apply(ops, layer["body"], params, x, moments, label, f"{name}.body.")
                x = body + apply(ops, layer["shortcut"], params, x, moments, label, f"{name}.shortcut.")
            case "reshape":
                x = x.reshape(x.shape[0], *layer["shape"])
            case "own":
                start = f"{name}."
                x = layer["apply"](nested({n[len(start) :]: w for n, w in params.items() if n.startswith(start)}), x)
    return x


def _moments(ops: Any, name: str, x: Any, moments: dict | None) -> Any:
    """Mean and variance of each channel: the batch's own, or those kept under this name, where they are put first."""
    if moments is None:
        return ops.moments(x)
    if name not in moments:
        moments[name] = ops.moments(x)
    return moments[name]


def flat(tree: Any, path: str = "") -> Params:
    """The arrays of dicts and lists by one name each, "KEY::[NUMBER]::..."."""
    if not isinstance(tree, Mapping | list | tuple):
        return {path: tree}
    parts = tree.items() if isinstance(tree, Mapping) else ((f"[{number}]", part) for number, part in enumerate(tree))
    return {name: w for key, part in parts for name, w in flat(part, f"{path}::{key}" if path else str(key)).items()}


def nested(params: Params) -> Any:
    """The inverse of `flat`, with a list for a tuple."""
    if set(params) == {""}:
        return params[""]
    parts: dict[str, Params] = {}
    for name, w in params.items():
        key, _, rest = name.partition("::")
        parts.setdefault(key, {})[rest] = w
    tree = {key: nested(part) for key, part in parts.items()}
    # in the order of the numbers, since a checkpoint gives names in an order of its own
    return [tree[f"[{i}]"] for i in range(len(tree))] if all(key.startswith("[") for key in tree) else tree


def is_weight(name: str, array: Any) -> bool:
    """Whether an array of a player's is a layer's matrix or filters, in a player of somebody's own by its axes."""
    return len(array.shape) > 1 and (name.endswith(".weight") or ".own." in name)


def convolution_work(layers: list[Layer], row: tuple[int, ...]) -> int:
    """How many multiplications the convolutions of a list of layers take for one row."""
    work = 0
    for layer, out in zip(layers, shapes(layers, row), strict=True):
        match layer["kind"]:
            case "conv":
                work += math.prod(out) * row[-1] * layer["kernel"] ** 2
            case "conv_transpose":
                work += math.prod(row) * out[-1] * layer["kernel"] ** 2
            case "residual":
                work += convolution_work(layer["body"], row) + convolution_work(layer["shortcut"], row)
        row = out
    return work


def has_batch_norm(layers: list[Layer]) -> bool:
    """Whether one row's output depends on the rest of its batch."""
    return any(
        layer["kind"] in ("batch_norm", "class_batch_norm")
        or has_batch_norm(layer.get("body", []))
        or has_batch_norm(layer.get("shortcut", []))
        for layer in layers
    )


EPSILON = 1e-5  # of both norms, torch's default


def _uniform(rng: np.random.Generator, shape: tuple[int, ...], variance: float) -> np.ndarray:
    bound = math.sqrt(3 * variance)
    return rng.uniform(-bound, bound, shape).astype(np.float32)


INIT = {
    "he": lambda rng, shape, fan_in, fan_out: _uniform(rng, shape, 2 / fan_in),
    "glorot": lambda rng, shape, fan_in, fan_out: _uniform(rng, shape, 2 / (fan_in + fan_out)),
    "glorot_he": lambda rng, shape, fan_in, fan_out: _uniform(rng, shape, 4 / (fan_in + fan_out)),
    "dcgan": lambda rng, shape, fan_in, fan_out: rng.normal(0, 0.02, shape).astype(np.float32),
}


# The architectures.


def mlp(
    row: tuple[int, ...],
    width: int | None,
    depth: int | None,
    activation: str,
    critic_norm: str,
    generator_norm: str,
    groups: tuple[int, ...] = (),
) -> Architecture:
    """Both players are dense, `depth` hidden layers of `width` ReLU units (3 of 512, as in both papers)."""
    width, depth = width or 512, depth or 3
    kind = "relu" if activation == "auto" else activation

    def hidden(normalisation: str) -> list[Layer]:
        block = [dense(width), *norm("none" if normalisation == "auto" else normalisation), _act(kind)]
        return block * depth

    flat = math.prod(row)
    critic = [reshape(flat), *hidden(critic_norm), dense(1)]
    generator = [*hidden(generator_norm), dense(flat), reshape(*row), *_output(row, groups)]
    return Architecture("mlp", critic, generator, "he")


def hybrid(
    row: tuple[int, ...],
    width: int | None,
    depth: int | None,
    activation: str,
    critic_norm: str,
    generator_norm: str,
    groups: tuple[int, ...] = (),
) -> Architecture:
    """A dense pair of `width` (256) whose layer next to the image is a 4x4 convolution of stride 2.

    Nearly as fast as an mlp and far better on images: the critic begins with 8 filters, the generator ends with
    the transposed convolution of 16 maps. Points and tables get an mlp of two hidden layers.
    """
    width, depth = width or 256, depth or 1
    kind = "leaky_relu" if activation == "auto" else activation
    down, up = (norm("none" if asked == "auto" else asked) for asked in (critic_norm, generator_norm))
    if len(row) != 3:
        pair = mlp(row, width, depth + 1, kind, critic_norm, generator_norm, groups)
        return pair._replace(name="hybrid")
    size = _halvings(row, "hybrid", stages=1)[1]
    critic = [conv(8, 4, 2), _act(kind), reshape(math.prod(size) * 8), *[dense(width), *down, _act(kind)] * depth]
    generator = [dense(width), *up, _act(kind)] * depth
    generator += [dense(math.prod(size) * 16), reshape(*size, 16), *up, _act(kind)]
    generator += [conv_transpose(row[-1], 4, 2, (row[0], row[1])), *_output(row)]
    return Architecture("hybrid", [*critic, dense(1)], generator, "he")


def dcgan(
    row: tuple[int, ...],
    width: int | None,
    depth: int | None,
    activation: str,
    critic_norm: str,
    generator_norm: str,
    constraint: Any,
) -> Architecture:
    """4x4 convolutions of stride 2 down to 4 pixels, filters doubling from `width` (64), and their mirror.

    A `depth` above that, which counts the dense layers too, adds 3x3 convolutions that keep a map's size and
    filters: evenly over the maps smaller than the image, the smallest first.
    """
    sizes, width = _halvings(row, "dcgan", stop=4), width or 64
    filters = [width * 2**stage for stage in range(len(sizes) - 1)]
    depth = depth or len(sizes)
    if depth < len(sizes):
        raise WganError(
            f"depth is {depth}, but a dcgan for images of {row[0]} x {row[1]} pixels has {len(sizes)} layers or more."
        )
    more = [(depth - len(sizes) + stage) // len(filters) for stage in range(len(filters))]
    down, up = norm(_norm(critic_norm, "batch", constraint)), norm(_norm(generator_norm, "batch", None))
    slopes = ("leaky_relu", "relu") if activation == "auto" else (activation, activation)

    critic = []
    for stage, features in enumerate(filters):
        critic += [conv(features, 4, 2), *(down if stage else []), _act(slopes[0])]
        critic += [conv(features, 3), *down, _act(slopes[0])] * more[stage]
    generator = [dense(math.prod(sizes[-1]) * filters[-1]), reshape(*sizes[-1], filters[-1]), *up, _act(slopes[1])]
    for stage in range(len(filters) - 1, -1, -1):
        generator += [conv(filters[stage], 3), *up, _act(slopes[1])] * more[stage]
        features = filters[stage - 1] if stage else row[-1]
        generator += [conv_transpose(features, 4, 2, sizes[stage]), *([*up, _act(slopes[1])] if stage else [])]
    return Architecture("dcgan", [*critic, *_to_score(sizes, filters)], [*generator, *_output(row)], "dcgan")


def keras_cnn(
    row: tuple[int, ...], width: int | None, critic_norm: str, generator_norm: str, constraint: Any
) -> Architecture:
    """The Keras tutorial's critic: 32, 64, 128 filters, 3x3, stride 2, a norm after the second and third.

    Its generator, which the tutorial leaves open, mirrors it with 5x5 filters, twice as many.
    """
    sizes, width = _halvings(row, "keras-cnn", stages=3), width or 32
    filters = [width, 2 * width, 4 * width]
    down, up = _norm(critic_norm, "batch", constraint), _norm(generator_norm, "batch", None)
    leaky = _act("leaky_relu", 0.01)
    critic = []
    for stage, features in enumerate(filters):
        critic += [conv(features, 3, 2), *(norm(down) if stage else []), leaky]
    generator = [dense(math.prod(sizes[-1]) * 8 * width), reshape(*sizes[-1], 8 * width)]
    for features, size in zip([4 * width, 2 * width, row[-1]], sizes[-2::-1], strict=True):
        generator += [*norm(up), leaky, conv_transpose(features, 5, 2, size)]
    score = _to_score(sizes, filters)
    return Architecture("keras-cnn", [*critic, *score], [*generator, *_output(row)], "glorot")


def stax_cnn(
    row: tuple[int, ...], width: int | None, critic_norm: str, generator_norm: str, constraint: Any
) -> Architecture:
    """The stax tutorial's nets: 4x4 convolutions of stride 2, 256 and 512, and their mirror, batch norm, ReLU.

    As in DCGAN the first transposed convolution acts on the 1x1 map of z, where it is a dense layer.
    """
    sizes, width = _halvings(row, "stax-cnn", stages=2), width or 256
    down, up = _norm(critic_norm, "batch", constraint), _norm(generator_norm, "batch", None)
    critic = []
    for features in (width, 2 * width):
        critic += [conv(features, 4, 2), *norm(down), _act("relu")]
    generator = [dense(math.prod(sizes[2]) * 2 * width), reshape(*sizes[2], 2 * width), *norm(up), _act("relu")]
    generator += [conv_transpose(width, 4, 2, sizes[1]), *norm(up), _act("relu")]
    generator += [conv_transpose(row[-1], 4, 2, sizes[0]), *_output(row)]
    score = _to_score(sizes, [2 * width])
    return Architecture("stax-cnn", [*critic, *score], generator, "glorot")


def resnet(
    row: tuple[int, ...], width: int | None, activation: str, critic_norm: str, generator_norm: str
) -> Architecture:
    """The residual pair of the WGAN-GP paper's CIFAR code: `width` (128) filters of 3x3 throughout.

    The generator doubles a map of 4 pixels until the image's size, one block each, with batch norm; the critic
    halves the image to twice that, one block each, then two blocks more, ReLU, the mean over the map, a score,
    without any norm. At 32 x 32 x 3 they have 1,204,483 and 1,053,825 weights. Larger images have more blocks.
    """
    sizes, width = _halvings(row, "resnet", stop=4), width or 128
    act = _act("relu" if activation == "auto" else activation)
    down = "none" if critic_norm == "auto" else critic_norm
    up = norm("batch" if generator_norm == "auto" else generator_norm)
    # The code starts 3x3 convolutions of blocks for ReLU; 1x1 ones, the output and dense layers after Glorot.
    wide, narrow = conv(width, 3) | {"init": "glorot_he"}, conv(width, 1)

    def block(normalisation: list[Layer], before: list[Layer], after: list[Layer], shortcut: list[Layer]) -> Layer:
        return residual([*normalisation, act, *before, wide, *normalisation, act, wide, *after], shortcut)

    generator = [dense(math.prod(sizes[-1]) * width), reshape(*sizes[-1], width)]
    for size in sizes[-2::-1]:
        generator.append(block(up, [upsample(size)], [], [upsample(size), narrow]))
    generator += [*up, act, conv(row[-1], 3), *_output(row)]

    # The first block has no ReLU or norm in front, and pools its shortcut before the convolution.
    critic = [residual([wide, *norm(down), act, wide, MEAN_POOL], [MEAN_POOL, narrow])]
    critic += [block(norm(down), [], [MEAN_POOL], [narrow, MEAN_POOL])] * (len(sizes) - 3)
    critic += [block(norm(down), [], [], [])] * 2
    return Architecture("resnet", [*critic, act, GLOBAL_MEAN, dense(1)], generator, "glorot")


def conditional(architecture: Architecture, how: str, classes: int) -> Architecture:
    """The same pair for labelled rows: the generator is told a class, and the critic is too ("projection") or tells
    it, by as many outputs more ("auxiliary": the classifier of Odena et al. 2017).

    The generator's batch norms become conditional ones; where it has none, its first layer gets a bias by class.
    """
    *body, last = architecture.critic
    if last != dense(1):
        raise WganError(f"network {architecture.name} does not end in a dense score; use --conditional none.")
    critic = [*body, projection(classes) if how == "projection" else dense(1 + classes)]
    first, *rest = architecture.generator
    generator = _told([first, *rest], classes)
    if not has_batch_norm(generator):
        generator = [first, class_bias(classes), *rest]
    return architecture._replace(critic=critic, generator=generator)


def _told(layers: list[Layer], classes: int) -> list[Layer]:
    def told(layer: Layer) -> Layer:
        if layer["kind"] == "residual":
            return residual(*(_told(layer[part], classes) for part in ("body", "shortcut")))
        return class_batch_norm(classes) if layer["kind"] == "batch_norm" else layer

    return [told(layer) for layer in layers]


_act = activation  # the builders have an argument of that name


def _output(row: tuple[int, ...], groups: tuple[int, ...] = ()) -> list[Layer]:
    """Images lie in [-1, 1]; tables and points are unbounded, but for the groups of units that stand for levels."""
    return [_act("tanh")] if len(row) == 3 else [softmax(groups)] if groups else []


def _to_score(sizes: list[tuple[int, int]], filters: list[int]) -> list[Layer]:
    return [reshape(math.prod(sizes[-1]) * filters[-1]), dense(1)]


def _norm(asked: str, own: str, constraint: Any) -> str:
    """A network's own norm, where batch norm gives way to layer norm under a gradient penalty (its App. D), and
    every norm to none under a constraint that bounds each layer's slope."""
    if asked != "auto":
        return asked
    constraint = getattr(constraint, "name", constraint)
    if constraint in SLOPE_BOUNDS:
        return "none"
    return "layer" if own == "batch" and constraint == "gradient-penalty" else own


def _halvings(row: tuple[int, ...], name: str, stop: int = 1, stages: int = 99) -> list[tuple[int, int]]:
    """Map sizes from the image down, each half of the last (rounded up), to at most `stop` pixels."""
    if len(row) != 3 or min(row[:2]) < 4:
        what = f"images of {row[0]} x {row[1]} pixels" if len(row) == 3 else f"rows of {row[0]} columns"
        raise WganError(f"network {name} got {what}; it needs images of at least 4 x 4, so use --network mlp.")
    sizes = [(row[0], row[1])]
    while (max(sizes[-1]) > stop or len(sizes) == 1) and len(sizes) <= stages:
        height, width = sizes[-1]
        sizes.append((math.ceil(height / 2), math.ceil(width / 2)))
    return sizes


NETWORKS: dict[str, Callable[..., Architecture]] = {
    "mlp": mlp,
    "hybrid": hybrid,
    "dcgan": dcgan,
    "keras-cnn": keras_cnn,
    "stax-cnn": stax_cnn,
    "resnet": resnet,
}
