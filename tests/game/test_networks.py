"""The architectures layer by layer, as their papers and docstrings describe them."""

import numpy as np
import pytest

from wgan.config import Config, resolve
from wgan.engines import get_engine
from wgan.errors import WganError
from wgan.game.arrays import Told
from wgan.game.layers import apply_layers, initial_arrays, shapes
from wgan.game.networks import NETWORKS, Ends, conditional

ENGINE = get_engine("torch", "float64")


def built(network, row, **fields):
    """Both players as words: a kind with its features or shape."""
    ends = Ends(bounded=len(row) > 1)  # as pictures are
    architecture = resolve("network", Config(network=network, **fields), row=row, ends=ends)
    return architecture, [words(architecture.critic), words(architecture.generator)]


def words(layers):
    return " ".join(f"{one['kind']}{one.get('features', '')}" for one in layers)


def test_dcgan_is_that_of_the_paper():
    """Radford et al. 2016: filters double, no norm next to the image, leaky ReLU of 0.2 in the critic, ReLU in the
    generator, tanh at its end; without a penalty, under which the critic has no batch norm."""
    pair, found = built("dcgan", (32, 32, 3), constraint="clip", width=8)
    assert found == [
        "conv8 leaky_relu conv16 batch_norm leaky_relu conv32 batch_norm leaky_relu reshape dense1",
        "dense512 reshape batch_norm relu conv_transpose16 batch_norm relu conv_transpose8 batch_norm relu "
        "conv_transpose3 tanh",
    ]
    assert {one["slope"] for one in pair.critic if one["kind"] == "leaky_relu"} == {0.2}
    assert {(one["kernel"], one["stride"]) for one in pair.critic + pair.generator if "kernel" in one} == {(4, 2)}
    assert [one["size"] for one in pair.generator if "size" in one] == [(8, 8), (16, 16), (32, 32)]
    assert pair.init == "dcgan"
    _, (critic, _) = built("dcgan", (32, 32, 3), width=8)
    assert "batch" not in critic
    assert critic.count("layer_norm") == 2


def test_more_depth_of_a_dcgan_goes_to_the_smallest_maps_first():
    _, (critic, generator) = built("dcgan", (16, 16, 1), constraint="clip", width=8, depth=4, critic_norm="none")
    assert critic == "conv8 leaky_relu conv16 leaky_relu conv16 leaky_relu reshape dense1"
    assert generator.startswith("dense256 reshape batch_norm relu conv16 batch_norm relu conv_transpose8")


def test_mlp_has_its_hidden_layers_and_a_norm_where_one_is_asked_for():
    _, found = built("mlp", (4, 4, 1), width=8, depth=2, critic_norm="layer")
    assert found == [
        "reshape dense8 layer_norm relu dense8 layer_norm relu dense1",
        "dense8 relu dense8 relu dense16 reshape tanh",
    ]
    pair, found = built("mlp", (5,))
    assert found == [" ".join(["reshape", *["dense512 relu"] * 3, "dense1"]), "dense512 relu " * 3 + "dense5 reshape"]
    assert pair.init == "he"


def test_hybrid_has_a_convolution_next_to_the_image_and_is_dense_for_points():
    pair, found = built("hybrid", (6, 10, 1))
    assert found == [
        "conv8 leaky_relu reshape dense256 leaky_relu dense1",
        "dense256 leaky_relu dense240 reshape leaky_relu conv_transpose1 tanh",
    ]
    assert pair.generator[3]["shape"] == (3, 5, 16)
    pair, found = built("hybrid", (5,), generator_norm="batch")
    assert found == [
        "reshape dense256 leaky_relu dense256 leaky_relu dense1",
        "dense256 batch_norm leaky_relu dense256 batch_norm leaky_relu dense5 reshape",
    ]
    assert pair.name == "hybrid"


def flattened(layers):
    """The layers, those of residual blocks in their place."""
    return [inner for one in layers for inner in (flattened(one["body"]) if one["kind"] == "residual" else [one])]


@pytest.mark.parametrize("row", [(8, 1), (8, 6), (4, 4, 1), (4, 4, 3), (4, 4, 12), (4, 4, 4, 1)])
@pytest.mark.parametrize("network", NETWORKS)
def test_no_change_of_a_row_is_lost_next_to_it(network, row):
    """A critic's first convolution that gives fewer values than a row has maps different rows to one, as 8 filters of
    stride 2 did for colour images, and noise that only they have stays in the samples. Likewise a generator's last
    layer must reach every row.

    So the map of either has as many singular values above 0 as a row has values. The least is .07 of the
    largest here; with too few filters it is below 1e-15 of it.
    """
    pair, _ = built(network, row)
    values, rng = int(np.prod(row)), np.random.default_rng(0)
    for layers, start, at in (pair.critic, row, 0), (pair.generator, (16,), -1):
        rows = [start, *shapes(layers, start)]
        convolutions = [one for one in flattened(layers) if one["kind"] in ("conv", "conv_transpose")]
        if not convolutions:
            continue  # dense players have the width that they are given
        layer = [convolutions[at]]
        before = row if at == 0 else rows[layers.index(layer[0])]
        params = {name: ENGINE.array(w) for name, w in initial_arrays(layer, before, pair.init, rng).items()}
        given = ENGINE.array(rng.normal(size=(4 * values, *before)))
        made = ENGINE.numpy(apply_layers(ENGINE.ops, layer, params, given)).reshape(len(given), -1)
        sizes = np.linalg.svd(made - made.mean(0), compute_uv=False)
        assert len(sizes) >= values
        assert sizes[values - 1] > 0.01 * sizes[0]


@pytest.mark.parametrize("network", ["hybrid", "dcgan", "keras-cnn", "stax-cnn", "resnet", "r3gan"])
def test_rows_of_less_than_4_places_a_side_are_refused(network):
    with pytest.raises(
        WganError, match=f"network {network} got rows of 3 x 9 places; it needs rows with axes of space of at least 4"
    ):
        built(network, (3, 9, 1))
    with pytest.raises(WganError, match=f"network {network} got rows of 9 x 3 places"):
        built(network, (9, 3, 1))


def test_r3gan_has_blocks_in_groups_that_start_as_the_identity_and_no_norm():
    pair, found = built("r3gan", (16, 16, 3), width=32)
    assert found == [
        "conv32 residual mean_pool residual mean_pool residual reshape dense1",
        "dense512 reshape residual upsample residual upsample residual conv3 tanh",
    ]
    block = pair.critic[1]
    assert words(block["body"]) == "conv64 leaky_relu conv64 leaky_relu conv32"
    assert [(one["kernel"], one.get("groups", 1)) for one in block["body"][::2]] == [(1, 1), (3, 4), (1, 1)]
    params = initial_arrays([block], (8, 8, 32), pair.init, np.random.default_rng(0))
    x = ENGINE.array(np.random.default_rng(1).normal(size=(2, 8, 8, 32)))
    assert (apply_layers(ENGINE.ops, [block], {n: ENGINE.array(w) for n, w in params.items()}, x) == x).all()
    assert [len(built("r3gan", (8, 8, 1), depth=depth)[0].critic) for depth in (1, 3)] == [6, 10]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("row", [(4, 4, 1), (4, 5, 2), (4, 33, 1), (4, 1), (33, 3), (4, 5, 6, 1), (4, 17, 4, 2)])
def test_the_smallest_rows_fit_every_network(network, row):
    """A map of one pixel is halved to one pixel."""
    pair, _ = built(network, row, width=4)
    assert list(shapes(pair.critic, row))[-1] == (1,)
    assert list(shapes(pair.generator, (3,)))[-1] == row
    rng, ops, z = np.random.default_rng(0), ENGINE.ops, ENGINE.array(np.zeros((2, 3)))
    critic, generator = (
        {name: ENGINE.array(w) for name, w in initial_arrays(layers, start, pair.init, rng).items()}
        for layers, start in ((pair.critic, row), (pair.generator, (3,)))
    )
    fake = apply_layers(ops, pair.generator, generator, z)
    assert tuple(fake.shape) == (2, *row)
    assert tuple(apply_layers(ops, pair.critic, critic, fake).shape) == (2, 1)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(
    ("ends", "last"),
    [(Ends(), None), (Ends(bounded=True), {"kind": "tanh"}), (Ends((2,)), {"kind": "softmax", "sizes": (2,)})],
)
def test_a_generator_ends_as_its_rows_are_encoded(network, ends, last):
    generator = resolve("network", Config(network=network, width=4), row=(8, 8, 8, 2), ends=ends).generator
    assert generator[-1] == last or (last is None and generator[-1]["kind"] not in ("tanh", "softmax"))


def test_the_filters_of_a_dcgan_stop_at_16_times_the_width():
    pair, _ = built("dcgan", (512, 1), width=4)
    assert [one["features"] for one in pair.critic if one["kind"] == "conv"] == [4, 8, 16, 32, 64, 64, 64]


def test_showers_have_noise_for_each_voxel_and_others_an_mlp():
    row, latent = (368,), 380
    pair = resolve("network", Config(network="showers", width=8), row=row)
    assert [one["kind"] for one in pair.generator] == ["noisy", "rings", "log1p"]
    rng = np.random.default_rng(0)
    generator = {n: ENGINE.array(w) for n, w in initial_arrays(pair.generator, (latent,), pair.init, rng).items()}
    z = rng.normal(size=(2, latent))
    z[1, :-2] = z[0, :-2]
    one, two = ENGINE.numpy(apply_layers(ENGINE.ops, pair.generator, generator, ENGINE.array(np.abs(z))))
    np.testing.assert_array_equal(one > 0, two > 0)
    scale = np.expm1(two) / np.expm1(one)  # noise of two voxels changes the scale of all others to the same total
    np.testing.assert_allclose(scale[:-2], scale[0], rtol=1e-9)
    assert (abs(scale[-2:] / scale[0] - 1) > 1e-6).all()
    assert list(shapes(pair.critic, row))[-1] == (1,)
    with pytest.raises(WganError, match="use latent=400"):
        list(shapes(pair.generator, (64,)))
    assert built("showers", (3,), width=8)[1] == built("mlp", (3,), width=8, depth=2)[1]


def test_the_body_of_a_noisy_generator_is_told_the_condition_and_its_noise_is_not():
    pair = resolve("network", Config(network="showers", width=8), row=(368,))
    told = conditional(pair, "concatenation", Told(1, ()))
    assert [one["kind"] for one in told.generator] == ["noisy", "rings", "log1p"]
    assert [one["kind"] for one in told.generator[0]["body"]][:3] == ["dense", "class_bias", "swish"]
