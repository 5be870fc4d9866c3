"""Architectures: a pair of lists of layers, made to fit the shape of the data."""

import math
from collections.abc import Callable
from typing import NamedTuple

from wgan.errors import WganError
from wgan.game.constraints import Constraint
from wgan.game.layers import (
    GLOBAL_MEAN,
    MEAN_POOL,
    Layer,
    activation,
    class_bias,
    conv,
    conv_transpose,
    dense,
    mixes_batch,
    norm,
    projection,
    reshape,
    residual,
    softmax,
    upsample,
    with_classes,
)  # fmt: skip


class Architecture(NamedTuple):
    """The layers of the critic (rows to one score) and of the generator (z to rows), and how weights start."""

    name: str
    critic: list[Layer]
    generator: list[Layer]
    init: str


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
    kind = _own(activation, "relu")

    def hidden(normalisation: str) -> list[Layer]:
        block = [dense(width), *norm(_own(normalisation, "none")), _act(kind)]
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
    kind = _own(activation, "leaky_relu")
    down, up = (norm(_own(asked, "none")) for asked in (critic_norm, generator_norm))
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
    constraint: Constraint,
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
    down, up = norm(_norm(critic_norm, "batch", constraint)), norm(_own(generator_norm, "batch"))
    slopes = _own(activation, "leaky_relu"), _own(activation, "relu")

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
    row: tuple[int, ...], width: int | None, critic_norm: str, generator_norm: str, constraint: Constraint
) -> Architecture:
    """The Keras tutorial's critic: 32, 64, 128 filters, 3x3, stride 2, a norm after the second and third.

    Its generator, which the tutorial leaves open, mirrors it with 5x5 filters, twice as many.
    """
    sizes, width = _halvings(row, "keras-cnn", stages=3), width or 32
    filters = [width, 2 * width, 4 * width]
    down, up = _norm(critic_norm, "batch", constraint), _own(generator_norm, "batch")
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
    row: tuple[int, ...], width: int | None, critic_norm: str, generator_norm: str, constraint: Constraint
) -> Architecture:
    """The stax tutorial's nets: 4x4 convolutions of stride 2, 256 and 512, and their mirror, batch norm, ReLU.

    As in DCGAN the first transposed convolution acts on the 1x1 map of z, where it is a dense layer.
    """
    sizes, width = _halvings(row, "stax-cnn", stages=2), width or 256
    down, up = _norm(critic_norm, "batch", constraint), _own(generator_norm, "batch")
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
    act = _act(_own(activation, "relu"))
    down, up = _own(critic_norm, "none"), norm(_own(generator_norm, "batch"))
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
    generator = with_classes([first, *rest], classes)
    if not mixes_batch(generator):
        generator = [first, class_bias(classes), *rest]
    return architecture._replace(critic=critic, generator=generator)


_act = activation  # the builders have an argument of that name


def _output(row: tuple[int, ...], groups: tuple[int, ...] = ()) -> list[Layer]:
    """Images lie in [-1, 1]; tables and points are unbounded, but for the groups of units that stand for levels."""
    return [_act("tanh")] if len(row) == 3 else [softmax(groups)] if groups else []


def _to_score(sizes: list[tuple[int, int]], filters: list[int]) -> list[Layer]:
    return [reshape(math.prod(sizes[-1]) * filters[-1]), dense(1)]


def _own(asked: str, own: str) -> str:
    """What was asked for, or the network's own where that is "auto"."""
    return own if asked == "auto" else asked


def _norm(asked: str, own: str, constraint: Constraint) -> str:
    """A network's own norm, unless another is asked for.

    Batch norm gives way to layer norm under a penalty that looks at each row by itself (Gulrajani et al. 2017), and
    every norm gives way to none under a constraint that bounds each layer's slope.
    """
    if constraint.bounds_layers:
        own = "none"
    elif own == "batch" and constraint.forbids_batch_norm:
        own = "layer"
    return _own(asked, own)


def _halvings(row: tuple[int, ...], name: str, stop: int = 1, stages: int | None = None) -> list[tuple[int, int]]:
    """Map sizes from the image down, each half of the last (rounded up): `stages` halvings, or to `stop` pixels."""
    if len(row) != 3 or min(row[:2]) < 4:
        what = f"images of {row[0]} x {row[1]} pixels" if len(row) == 3 else f"rows of {row[0]} columns"
        raise WganError(f"network {name} got {what}; it needs images of at least 4 x 4, so use --network mlp.")
    sizes = [(row[0], row[1])]
    while len(sizes) == 1 or (max(sizes[-1]) > stop if stages is None else len(sizes) <= stages):
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
