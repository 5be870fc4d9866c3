"""The functions that build a layer: plain data, {"kind": ..., its settings}; `LAYERS` says what each kind does."""

from collections.abc import Callable

from wgan.game.arrays import Layer, Row


def dense(features: int) -> Layer:
    """x W^T + b."""
    return {"kind": "dense", "features": features}


def conv(features: int, kernel: int, stride: int = 1, groups: int = 1) -> Layer:
    """A convolution with "same" padding, whose output has size ceil(size / stride); an even kernel needs stride 2.

    With `groups`, which divide the channels before and after, each group of outputs sees only its group of inputs.
    """
    settings = {"kind": "conv", "features": features, "kernel": kernel, "stride": stride}
    return settings | ({"groups": groups} if groups > 1 else {})


def conv_transpose(features: int, kernel: int, stride: int, size: Row) -> Layer:
    """The transpose of the `conv` that maps `size` to ceil(size / stride)."""
    return {"kind": "conv_transpose", "features": features, "kernel": kernel, "stride": stride, "size": size}


def reshape(*shape: int) -> Layer:
    """Each row in this shape."""
    return {"kind": "reshape", "shape": shape}


def norm(kind: str) -> list[Layer]:
    """A norm over the batch and the map ("batch") or over all features of a row ("layer"); no layer for "none"."""
    return [] if kind == "none" else [{"kind": f"{kind}_norm"}]


def activation(kind: str, slope: float = 0.2) -> Layer:
    """The activation "relu", "leaky_relu" with this slope, "tanh", "swish", "shifted_softplus" or "groupsort".

    "swish" is x / (1 + exp(-x)), "shifted_softplus" is softplus(2x + 2) / 2 - 1, and "groupsort" puts each pair of
    features in descending order.
    """
    return {"kind": kind} | ({"slope": slope} if kind == "leaky_relu" else {})


def upsample(size: Row) -> Layer:
    """The first `size` places of the map with each place repeated twice along each axis."""
    return {"kind": "upsample", "size": size}


def class_batch_norm(classes: int) -> Layer:
    """Batch norm with a scale and a bias for each class (Dumoulin et al. 2017)."""
    return {"kind": "class_batch_norm", "classes": classes}


def told_batch_norm(classes: int) -> Layer:
    """Batch norm whose scale and bias are affine in the condition (Perez et al. 2018)."""
    return {"kind": "told_batch_norm", "classes": classes}


def class_bias(classes: int) -> Layer:
    """x + c B for a condition c; after a dense layer this equals appending c to the input of that layer."""
    return {"kind": "class_bias", "classes": classes}


def projection(classes: int, hidden: int = 0) -> Layer:
    """The score x w + b + x (c V) of a condition c (Miyato and Koyama 2018).

    With `hidden` units, tanh(c U + a) V takes the place of c V, so that it need not be linear in numbers.
    """
    return {"kind": "projection", "classes": classes} | ({"hidden": hidden} if hidden else {})


def residual(body: list[Layer], shortcut: list[Layer]) -> Layer:
    """body(x) + shortcut(x); an empty list is the identity."""
    return {"kind": "residual", "body": body, "shortcut": shortcut}


def one_of_three(layers: list[Layer]) -> Layer:
    """Three networks of these layers, each with weights of its own; the label [batch, 3] says which one a row gets."""
    return {"kind": "one_of_three"} | dict.fromkeys(THREE, layers)


def noisy(body: list[Layer], noise: int) -> Layer:
    """body(x) of all channels but the last `noise`, and beside it these channels unchanged."""
    return {"kind": "noisy", "body": body, "noise": noise}


def softmax(sizes: tuple[int, ...]) -> Layer:
    """A softmax over each of the last groups of channels, which have these sizes; the first channels stay."""
    return {"kind": "softmax", "sizes": sizes}


def cones(count: int) -> Layer:
    """The score s (max_k a_k - |x - p_k|) + t (min_k b_k + |x - v_k|) + u <x, n> / |n| with s + t + u = 1.

    There are `count` peaks p_k and as many valleys v_k; s, t and u are a softmax of three numbers.
    """
    return {"kind": "cones", "count": count}


def shares(sizes: tuple[int, ...]) -> Layer:
    """A total between 0 and 2, times each group's share of it, times each value's share of its group.

    The groups have these sizes. The input has 1 + sum(sizes) + len(sizes) channels: the total before 1 + tanh, then the
    values and the groups before a softmax. The output has sum(sizes).
    """
    return {"kind": "shares", "sizes": sizes}


def own(init: Callable, apply: Callable, engine: str | None = None) -> Layer:
    """A player of your own as one layer: see `training.own_networks`."""
    return {"kind": "own", "init": init, "apply": apply, "engine": engine, "outlines": {}}


THREE = ("first", "second", "third")
MEAN_POOL: Layer = {"kind": "mean_pool"}  # the mean of each block of size 2, or of its part inside the map
GLOBAL_MEAN: Layer = {"kind": "global_mean"}  # the mean over the map
