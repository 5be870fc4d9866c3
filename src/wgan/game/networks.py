"""Architectures: the layers of the critic and of the generator, built for the shape of a row."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from wgan.errors import WganError, setting
from wgan.game.arrays import Params, Told
from wgan.game.building import (
    GLOBAL_MEAN,
    MEAN_POOL,
    activation,
    class_bias,
    conv,
    conv_transpose,
    dense,
    noisy,
    norm,
    projection,
    reshape,
    residual,
    softmax,
    upsample,
)  # fmt: skip
from wgan.game.constraints import Constraint
from wgan.game.layers import Layer, mixes_batch, uses_condition, with_condition
from wgan.game.rings import moments, rings


class Ends(NamedTuple):
    """How a generator's rows are encoded: in [-1, 1] if `bounded`, and with a softmax over each group of channels."""

    groups: tuple[int, ...] = ()  # their sizes; they are the last channels
    bounded: bool = False


UNBOUNDED, PICTURES = Ends(), Ends(bounded=True)
HIDDEN = 64  # units between numbers that are told and their product with the features of a row


class Architecture(NamedTuple):
    """The layers of the critic (rows to one score) and of the generator (z to rows); `init` names the entry of INIT
    for their initial weights.

    `noise` is the shape of the axes of space of z. Only the z of a generator of volumes whose critic sees slices has
    such axes; see `slices`. `begin(critic, high, low)` returns initial weights of the critic that depend on the rows
    [n, ...] that it should score high and low. It is used if both sets of rows are known beforehand.
    `rounding(critic, rows)` is the most that float64 may add to a score of these rows besides the rounding of the score
    itself.
    """

    name: str
    critic: list[Layer]
    generator: list[Layer]
    init: str
    noise: tuple[int, ...] = ()
    begin: Callable[[Params, np.ndarray, np.ndarray], Params] = lambda critic, high, low: {}
    rounding: Callable[[Params, np.ndarray], float] = lambda critic, rows: 0.0


# The architectures.


def mlp(
    row: tuple[int, ...],
    width: int | None,
    depth: int | None,
    activation: str,
    critic_norm: str,
    generator_norm: str,
    ends: Ends = UNBOUNDED,
) -> Architecture:
    """Two dense players with `depth` hidden layers of `width` ReLU units (3 of 512, as in both papers)."""
    width, depth = width or 512, depth or 3
    kind = _asked_or_own(activation, "relu")

    def hidden(normalisation: str) -> list[Layer]:
        block = [dense(width), *norm(_asked_or_own(normalisation, "none")), _act(kind)]
        return block * depth

    flat = math.prod(row)
    critic = [reshape(flat), *hidden(critic_norm), dense(1)]
    generator = [*hidden(generator_norm), dense(flat), reshape(*row), *output_activation(ends)]
    return Architecture("mlp", critic, generator, "he")


def hybrid(
    row: tuple[int, ...],
    width: int | None,
    depth: int | None,
    activation: str,
    critic_norm: str,
    generator_norm: str,
    ends: Ends = UNBOUNDED,
) -> Architecture:
    """Two dense players of `width` (256) whose layer next to the row is a convolution of width 4 and stride 2.

    This is nearly as fast as an mlp and far better on images. The critic begins with 8 filters, and the generator ends
    with a transposed convolution of 16 maps. Rows with several channels have more of both. Points and tables get an mlp
    of two hidden layers.
    """
    width, depth = width or 256, depth or 1
    kind = _asked_or_own(activation, "leaky_relu")
    down, up = (norm(_asked_or_own(asked, "none")) for asked in (critic_norm, generator_norm))
    if len(row) == 1:
        pair = mlp(row, width, depth + 1, kind, critic_norm, generator_norm, ends)
        return pair._replace(name="hybrid")
    size = _map_sizes(row, "hybrid", stages=1)[1]
    filters = _first_filters(8, row)
    maps, flat = max(16, filters), math.prod(size) * filters
    critic = [conv(filters, 4, 2), _act(kind), reshape(flat), *[dense(width), *down, _act(kind)] * depth]
    generator = [dense(width), *up, _act(kind)] * depth
    generator += [dense(math.prod(size) * maps), reshape(*size, maps), *up, _act(kind)]
    generator += [conv_transpose(row[-1], 4, 2, row[:-1]), *output_activation(ends)]
    return Architecture("hybrid", [*critic, dense(1)], generator, "he")


def dcgan(
    row: tuple[int, ...],
    width: int | None,
    depth: int | None,
    activation: str,
    critic_norm: str,
    generator_norm: str,
    constraint: Constraint,
    ends: Ends = UNBOUNDED,
) -> Architecture:
    """A critic of convolutions of width 4 and stride 2 down to 4 places, and a generator that mirrors it.

    The number of filters doubles from `width` (64) at each convolution, up to 16 times `width`. Rows of many channels
    have more filters where `width` is not given. `depth` counts the dense layer too; a larger depth adds convolutions
    of width 3 that keep the size and the filters of a map. They are spread evenly over the maps that are smaller than
    the row, the smallest first.
    """
    sizes, first, width = _map_sizes(row, "dcgan", stop=4), width or _first_filters(64, row), width or 64
    filters = [max(first, width * 2 ** min(stage, 4)) for stage in range(len(sizes) - 1)]
    depth = depth or len(sizes)
    if depth < len(sizes):
        raise WganError(
            f"depth is {depth}, but a dcgan for {_rows_of(row)} has {len(sizes)} layers or more; "
            f"use {setting('depth', len(sizes))} or more."
        )
    more = [(depth - len(sizes) + stage) // len(filters) for stage in range(len(filters))]
    down, up = norm(_critic_norm(critic_norm, "batch", constraint)), norm(_asked_or_own(generator_norm, "batch"))
    slopes = _asked_or_own(activation, "leaky_relu"), _asked_or_own(activation, "relu")

    critic = []
    for stage, features in enumerate(filters):
        critic += [conv(features, 4, 2), *(down if stage else []), _act(slopes[0])]
        critic += [conv(features, 3), *down, _act(slopes[0])] * more[stage]
    generator = [dense(math.prod(sizes[-1]) * filters[-1]), reshape(*sizes[-1], filters[-1]), *up, _act(slopes[1])]
    for stage in range(len(filters) - 1, -1, -1):
        generator += [conv(filters[stage], 3), *up, _act(slopes[1])] * more[stage]
        features = filters[stage - 1] if stage else row[-1]
        generator += [conv_transpose(features, 4, 2, sizes[stage]), *([*up, _act(slopes[1])] if stage else [])]
    return Architecture(
        "dcgan", [*critic, *_score_layers(sizes, filters)], [*generator, *output_activation(ends)], "dcgan"
    )


def keras_cnn(
    row: tuple[int, ...],
    width: int | None,
    critic_norm: str,
    generator_norm: str,
    constraint: Constraint,
    ends: Ends = UNBOUNDED,
) -> Architecture:
    """The Keras tutorial's critic: 3x3 convolutions of stride 2, with 32, 64 and 128 filters.

    A norm follows the second and the third. The tutorial leaves the generator open; here it mirrors the critic with
    twice as many filters of 5x5.
    """
    sizes, first, width = _map_sizes(row, "keras-cnn", stages=3), width or _first_filters(32, row), width or 32
    filters = [max(first, times * width) for times in (1, 2, 4)]
    down, up = _critic_norm(critic_norm, "batch", constraint), _asked_or_own(generator_norm, "batch")
    leaky = _act("leaky_relu", 0.01)
    critic = []
    for stage, features in enumerate(filters):
        critic += [conv(features, 3, 2), *(norm(down) if stage else []), leaky]
    maps = [2 * features for features in filters]
    generator = [dense(math.prod(sizes[-1]) * maps[2]), reshape(*sizes[-1], maps[2])]
    for features, size in zip([maps[1], maps[0], row[-1]], sizes[-2::-1], strict=True):
        generator += [*norm(up), leaky, conv_transpose(features, 5, 2, size)]
    score = _score_layers(sizes, filters)
    return Architecture("keras-cnn", [*critic, *score], [*generator, *output_activation(ends)], "glorot")


def stax_cnn(
    row: tuple[int, ...],
    width: int | None,
    critic_norm: str,
    generator_norm: str,
    constraint: Constraint,
    ends: Ends = UNBOUNDED,
) -> Architecture:
    """The stax tutorial's networks: two 4x4 convolutions of stride 2 (256, 512 filters) and a mirrored generator.

    Both have batch norm and ReLU. As in DCGAN the generator's first transposed convolution acts on the 1x1 map of z,
    so it is a dense layer.
    """
    sizes, width = _map_sizes(row, "stax-cnn", stages=2), width or _first_filters(256, row)
    down, up = _critic_norm(critic_norm, "batch", constraint), _asked_or_own(generator_norm, "batch")
    critic = []
    for features in (width, 2 * width):
        critic += [conv(features, 4, 2), *norm(down), _act("relu")]
    generator = [dense(math.prod(sizes[2]) * 2 * width), reshape(*sizes[2], 2 * width), *norm(up), _act("relu")]
    generator += [conv_transpose(width, 4, 2, sizes[1]), *norm(up), _act("relu")]
    generator += [conv_transpose(row[-1], 4, 2, sizes[0]), *output_activation(ends)]
    score = _score_layers(sizes, [2 * width])
    return Architecture("stax-cnn", [*critic, *score], generator, "glorot")


def resnet(
    row: tuple[int, ...],
    width: int | None,
    activation: str,
    critic_norm: str,
    generator_norm: str,
    ends: Ends = UNBOUNDED,
) -> Architecture:
    """The residual networks of the WGAN-GP paper's CIFAR code, with `width` (128) filters of width 3 throughout.

    Each block of the generator doubles the map, from 4 pixels to the image's size, with batch norm. Each block of the
    critic halves the map, down to 8 pixels; two more blocks, a ReLU, the mean over the map and the score follow, with
    no norm. For rows of 32 x 32 x 3 the generator has 1,204,483 weights and the critic 1,053,825. Larger images get
    more blocks.
    """
    sizes, width = _map_sizes(row, "resnet", stop=4), width or _first_filters(128, row, stride=1)
    act = _act(_asked_or_own(activation, "relu"))
    down, up = _asked_or_own(critic_norm, "none"), norm(_asked_or_own(generator_norm, "batch"))
    # As in that code, 3x3 convolutions in blocks start with He's scale; 1x1, output and dense layers with Glorot's.
    wide, narrow = conv(width, 3) | {"init": "glorot_he"}, conv(width, 1)

    def block(normalisation: list[Layer], before: list[Layer], after: list[Layer], shortcut: list[Layer]) -> Layer:
        return residual([*normalisation, act, *before, wide, *normalisation, act, wide, *after], shortcut)

    generator = [dense(math.prod(sizes[-1]) * width), reshape(*sizes[-1], width)]
    for size in sizes[-2::-1]:
        generator.append(block(up, [upsample(size)], [], [upsample(size), narrow]))
    generator += [*up, act, conv(row[-1], 3), *output_activation(ends)]

    # The first block begins without ReLU and norm, and its shortcut pools before the convolution.
    critic = [residual([wide, *norm(down), act, wide, MEAN_POOL], [MEAN_POOL, narrow])]
    critic += [block(norm(down), [], [MEAN_POOL], [narrow, MEAN_POOL])] * (len(sizes) - 3)
    critic += [block(norm(down), [], [], [])] * 2
    return Architecture("resnet", [*critic, act, GLOBAL_MEAN, dense(1)], generator, "glorot")


def r3gan(
    row: tuple[int, ...],
    width: int | None,
    depth: int | None,
    activation: str,
    critic_norm: str,
    generator_norm: str,
    ends: Ends = UNBOUNDED,
) -> Architecture:
    """The residual networks of R3GAN (Huang et al. 2024) with `width` (64) channels throughout and no norm.

    A stage has `depth` (1) blocks at one size of map, from 4 places up to the row's size in the generator and down
    again in the critic. A block adds to its input a 1x1 convolution to twice the channels, a 3x3 convolution in groups
    of 16 channels, and a 1x1 convolution back that starts at 0; leaky ReLU stands between them. Maps double by
    repeating places and halve by the mean, where the authors interpolate with a smoother filter.
    """
    sizes, width, depth = _map_sizes(row, "r3gan", stop=4), width or _first_filters(64, row, stride=1), depth or 1
    act, wide = _act(_asked_or_own(activation, "leaky_relu")), 2 * width
    grouped = conv(wide, 3, groups=wide // 16 if wide % 16 == 0 else 1)
    ends_at_0 = conv(width, 1) | {"init": "zero"}
    down, up = (
        [residual([conv(wide, 1), *between, act, grouped, *between, act, ends_at_0], [])] * depth
        for between in (norm(_asked_or_own(asked, "none")) for asked in (critic_norm, generator_norm))
    )
    generator = [dense(math.prod(sizes[-1]) * width), reshape(*sizes[-1], width), *up]
    for size in sizes[-2::-1]:
        generator += [upsample(size), *up]
    generator += [conv(row[-1], 1), *output_activation(ends)]
    critic = [conv(width, 1), *down]
    for _ in sizes[1:]:
        critic += [MEAN_POOL, *down]
    return Architecture("r3gan", [*critic, *_score_layers(sizes, [width])], generator, "he")


SHOWERS = 368  # voxels of the showers of `maths.showers`


def showers(
    row: tuple[int, ...],
    width: int | None,
    depth: int | None,
    activation: str,
    critic_norm: str,
    generator_norm: str,
    ends: Ends = UNBOUNDED,
) -> Architecture:
    """Players that know the geometry of `maths.showers`, for rows of the data set `showers`.

    The generator has `depth` (2) dense layers of `width` (256) units. They make the total, the share of each layer, the
    share of each ring and a lean to one side. Each voxel gets noise of its own from the last 368 numbers of z, and then
    all voxels of a shower are scaled to its total. Beside the voxels, the critic sees the total, the energy, the share
    of voxels above 0, the centre and the width of each layer, and the energy of each ring and how it varies over the
    angles. Other rows get an mlp.
    """
    width, depth = width or 256, depth or 2
    if row != (SHOWERS,):
        pair = mlp(row, width, depth, activation, critic_norm, generator_norm, ends)
        return pair._replace(name="showers")
    from wgan.maths.showers import LAYERS as PLATES  # not at the top: it imports SciPy
    from wgan.maths.showers import RANGE, places

    counts, angles = tuple(len(one.radii) - 1 for one in PLATES), tuple(one.angles for one in PLATES)

    def hidden(kind: str, asked: str) -> list[Layer]:
        block = [dense(width), *norm(_asked_or_own(asked, "none")), _act(_asked_or_own(activation, kind))]
        return block * depth

    most = -math.log(RANGE)  # of the logarithm of an energy over its threshold, which is a share of large energies
    channels = 6 + len(counts) + 2 * sum(counts)
    body = [*hidden("swish", generator_norm), dense(channels) | {"init": "dcgan"}]
    critic = [moments(counts, angles, places(), most), *hidden("leaky_relu", critic_norm), dense(1)]
    return Architecture("showers", critic, [noisy(body, SHOWERS), rings(counts, angles, most), _act("log1p")], "he")


def conditional(architecture: Architecture, how: str, told: Told) -> Architecture:
    """The same architecture for rows with a condition: the generator makes rows of a given one.

    The critic's score has a product with the condition if `how` is "projection", and its first layer gets a bias by the
    condition if `how` is "concatenation". If it is "auxiliary" (Odena et al. 2017), the critic predicts the condition
    with one more output for each unit. The generator's batch norms become conditional; without batch norm, or for
    numbers, its first layer gets a bias by the condition.
    """
    *body, last = architecture.critic
    if last != dense(1):
        raise WganError(
            f"network {architecture.name} does not end in a dense score; use {setting('conditional', 'none')}."
        )
    heads = {
        "projection": projection(told.units, 0 if told.one_class else HIDDEN),
        "auxiliary": dense(1 + told.units),
        "concatenation": last,
    }
    critic = [*body, heads[how]]
    if how == "concatenation":
        first = next(at for at, layer in enumerate(critic) if layer["kind"] != "reshape")
        critic.insert(first + 1, class_bias(told.units))
    first_layer, *rest = architecture.generator
    generator = with_condition([first_layer, *rest], told)
    if not uses_condition(generator[:1]) and (not mixes_batch(generator) or not told.one_class):
        generator.insert(1, class_bias(told.units))
    return architecture._replace(critic=critic, generator=generator)


_act = activation  # the architectures have an argument called `activation`


def output_activation(ends: Ends) -> list[Layer]:
    """The last activation: tanh for bounded rows, softmax for the channels that stand for levels, else none."""
    return [_act("tanh")] if ends.bounded else [softmax(ends.groups)] if ends.groups else []


def _first_filters(least: int, row: tuple[int, ...], stride: int = 2) -> int:
    """The filters of a critic's first convolution: `least`, or for many channels the next multiple of 8 that suffices.

    They give twice as many values as they read, as 8 filters of stride 2 do for grey images. With fewer values than it
    reads, a critic cannot see all of a row, and a generator can add to its samples what the critic does not see.
    """
    return max(least, 8 * math.ceil(2 * stride ** (len(row) - 1) * row[-1] / 8))


def _score_layers(sizes: list[tuple[int, ...]], filters: list[int]) -> list[Layer]:
    return [reshape(math.prod(sizes[-1]) * filters[-1]), dense(1)]


def _asked_or_own(asked: str, own: str) -> str:
    """The setting that was asked for, or the network's own for "auto"."""
    return own if asked == "auto" else asked


def _critic_norm(asked: str, own: str, constraint: Constraint) -> str:
    """The critic's norm that was asked for, or for "auto" the network's own if the constraint allows it.

    A penalty that looks at each row by itself turns batch norm into layer norm (Gulrajani et al. 2017); a constraint
    that bounds the slope of each layer removes every norm.
    """
    if constraint.bounds_layers:
        own = "none"
    elif own == "batch" and constraint.forbids_batch_norm:
        own = "layer"
    return _asked_or_own(asked, own)


def _map_sizes(row: tuple[int, ...], name: str, stop: int = 1, stages: int | None = None) -> list[tuple[int, ...]]:
    """The map sizes from the row down, each half of the last (rounded up): `stages` halvings, or to `stop` places."""
    if len(row) == 1 or min(row[:-1]) < 4:
        raise WganError(
            f"network {name} got {_rows_of(row)}; it needs rows with axes of space of at least 4, so use "
            f"{setting('network', 'mlp')}."
        )
    sizes = [row[:-1]]
    while len(sizes) == 1 or (max(sizes[-1]) > stop if stages is None else len(sizes) <= stages):
        sizes.append(tuple(math.ceil(size / 2) for size in sizes[-1]))
    return sizes


def _rows_of(row: tuple[int, ...]) -> str:
    """Rows of this shape in words."""
    size = " x ".join(map(str, row[:-1]))
    return f"rows of {size} places" if size else f"rows of {row[0]} columns"


NETWORKS: dict[str, Callable[..., Architecture]] = {
    "mlp": mlp,
    "hybrid": hybrid,
    "dcgan": dcgan,
    "keras-cnn": keras_cnn,
    "stax-cnn": stax_cnn,
    "resnet": resnet,
    "r3gan": r3gan,
    "showers": showers,
}
