"""Critics that are bounded layer by layer: the projections, GroupSort and the bounds, against NumPy's SVD and
against the operators written out as matrices."""

import math

import numpy as np
import pytest

from wgan import Config, WganError
from wgan.engines import get_engine
from wgan.game import networks, step
from wgan.game.building import activation, conv, conv_transpose, dense, norm, reshape
from wgan.game.constraints import CONSTRAINTS, norm_bound
from wgan.game.layers import apply_layers, initial_arrays, lipschitz_bound, shapes
from wgan.game.lipschitz import orthogonal_conv
from wgan.game.networks import Architecture
from wgan.game.objectives import wasserstein
from wgan.game.step import Game, State
from wgan.maths.operators import convolution_norm
from wgan.training.state import iterate, start

BOUNDING = [name for name, make in CONSTRAINTS.items() if make().bounds_layers]
ENGINE = get_engine("torch", "float64")
CRITICS = {
    "dense": ((6,), [dense(16), activation("groupsort"), dense(8), activation("groupsort"), dense(1)]),
    "conv": (
        (7, 6, 2),
        [conv(4, 4, 2), activation("groupsort"), conv(6, 3, 1), activation("relu"), reshape(72), dense(1)],
    ),
    "conv_transpose": ((2, 2, 2), [conv_transpose(3, 4, 2, (4, 3)), activation("tanh"), reshape(36), dense(1)]),
}


def operator(layer, weight, row):
    """A layer as a matrix: what it makes of each unit vector."""
    zeros = np.zeros(weight.shape[1] if layer["kind"] == "conv_transpose" else weight.shape[0])
    params = {f"00.{layer['kind']}.weight": ENGINE.array(weight), f"00.{layer['kind']}.bias": ENGINE.array(zeros)}
    units = np.eye(math.prod(row)).reshape(-1, *row)
    return ENGINE.numpy(apply_layers(ENGINE.ops, [layer], params, ENGINE.array(units))).reshape(len(units), -1).T


def operators(layers, params, row, path=""):
    """Each layer that has weights, those of residual blocks too, with its matrix."""
    for number, (layer, out) in enumerate(zip(layers, shapes(layers, row), strict=True)):
        for part in ("body", "shortcut") if layer["kind"] == "residual" else ():
            yield from operators(layer[part], params, row, f"{path}{number:02d}.residual.{part}.")
        if (name := f"{path}{number:02d}.{layer['kind']}.weight") in params:
            yield layer, operator(layer, ENGINE.numpy(params[name]), row)
        row = out


def train(constraint, row, layers, steps):
    """The critic's weights after each of some updates of a size that breaks the constraint."""
    game = Game(
        ENGINE, Architecture("small", layers, [], "he"), wasserstein(), constraint, ENGINE.optimiser("adam", 0, 0.9)
    )
    rng = np.random.default_rng(0)
    weights = {n: ENGINE.array(3.0 * w) for n, w in initial_arrays(layers, row, "he", rng).items()}
    critic = constraint.project(ENGINE.ops, weights, layers)
    state = State(critic, {}, game.optimiser.init(critic), {}, {})
    for _ in range(steps):
        real, fake, mix = rng.normal(1, 1, (8, *row)), rng.normal(size=(8, *row)), rng.random(8)
        state, _ = step.critic_step(game, state, *map(ENGINE.array, (real, fake, mix)), 0.05)
        yield {name: w.clone() for name, w in state.critic.items()}


@pytest.mark.parametrize("name", CRITICS)
@pytest.mark.parametrize("constraint", BOUNDING)
def test_every_layer_is_bounded_by_1_after_every_update(name, constraint):
    row, layers = CRITICS[name]
    for params in train(CONSTRAINTS[constraint](), row, layers, 6):
        norms = [np.linalg.norm(matrix, 2) for _, matrix in operators(layers, params, row)]
        assert max(norms) <= 1 + 1e-9
        plain = {n: ENGINE.numpy(w) for n, w in params.items()}
        bound, reason = lipschitz_bound(layers, plain, row)
        assert math.prod(norms) <= bound
        assert bound <= 1 + 1e-9
        assert reason == ""
        if name == "dense":
            assert bound == pytest.approx(math.prod(norms), rel=1e-9)


@pytest.mark.parametrize("constraint", BOUNDING)
def test_the_layers_of_residual_blocks_are_bounded_too(constraint):
    row = (8, 8, 2)
    layers = networks.resnet(row, 4, "auto", "none", "none").critic
    initial = initial_arrays(layers, row, "he", np.random.default_rng(0))
    weights = {name: ENGINE.array(3.0 * w) for name, w in initial.items()}
    assert max(np.linalg.norm(matrix, 2) for _, matrix in operators(layers, weights, row)) > 2
    bounded = CONSTRAINTS[constraint]().project(ENGINE.ops, weights, layers)
    found = [np.linalg.norm(matrix, 2) for _, matrix in operators(layers, bounded, row)]
    assert len(found) == sum(name.endswith(".weight") for name in weights) == 8
    assert max(found) <= 1 + 1e-9


def test_orthogonal_dense_layers_keep_lengths_one_way():
    row, layers = CRITICS["dense"]
    *_, params = train(CONSTRAINTS["orthogonal"](), row, layers, 4)
    for _, matrix in operators(layers, params, row):
        np.testing.assert_allclose(np.linalg.svd(matrix, compute_uv=False), 1, atol=1e-6)


@pytest.mark.parametrize("shape", [(3, 6), (6, 3), (5, 5)])
def test_orthogonal_is_the_nearest_matrix_with_orthonormal_rows_or_columns(shape):
    """U V^T of the singular value decomposition, also of a square matrix, where a transposed one has its shape."""
    rng = np.random.default_rng(5)
    u, v = (np.linalg.qr(rng.normal(size=(size, min(shape))))[0] for size in shape)
    weight = u * np.linspace(0.5, 2, min(shape)) @ v.T
    found = CONSTRAINTS["orthogonal"]().project(
        ENGINE.ops, {"00.dense.weight": ENGINE.array(weight)}, [dense(shape[0])]
    )
    np.testing.assert_allclose(ENGINE.numpy(found["00.dense.weight"]), u @ v.T, atol=1e-9)


def test_spectral_leaves_what_is_bounded_and_shrinks_what_is_not():
    rng = np.random.default_rng(1)
    small, large = 0.1 * rng.normal(size=(5, 3)), 4 * rng.normal(size=(5, 5))
    given = {"00.dense.weight": small, "01.dense.weight": large, "01.dense.bias": np.full(5, 9.0)}
    critic = {name: ENGINE.array(w) for name, w in given.items()}
    found = CONSTRAINTS["spectral"]().project(ENGINE.ops, critic, [dense(5), dense(5)])
    np.testing.assert_array_equal(found["00.dense.weight"], small)
    np.testing.assert_array_equal(found["01.dense.bias"], given["01.dense.bias"])
    ratio = ENGINE.numpy(found["01.dense.weight"]) / large
    assert ratio == pytest.approx(np.full((5, 5), ratio[0, 0]))
    assert 0.99 < ratio[0, 0] * np.linalg.norm(large, 2) <= 1


@pytest.mark.parametrize("shape", [(1, 7), (7, 1), (40, 40), (128, 30), (30, 128)])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_norm_bound_is_above_the_largest_singular_value_and_close(shape, precision):
    engine, rng = get_engine("torch", precision), np.random.default_rng(2)
    for matrix in (rng.normal(size=shape), np.ones(shape), np.eye(*shape), 1e-6 * rng.normal(size=shape)):
        exact = np.linalg.norm(matrix, 2)
        bound = float(engine.numpy(norm_bound(engine.ops, engine.array(matrix))))
        assert exact * (1 - 1e-5 * (precision == "float32") - 1e-12) <= bound <= 1.01 * exact
    assert float(engine.numpy(norm_bound(engine.ops, engine.array(np.zeros(shape))))) < 1e-3


@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (5, 1), (3, 2), (4, 2), (5, 2), (3, 3)])
@pytest.mark.parametrize("size", [(4, 5), (11, 9)])
def test_a_convolutions_norm_is_bounded_and_nearly_reached_on_large_maps(kernel, stride, size):
    weight = np.random.default_rng(3).normal(size=(3, 2, kernel, kernel))
    exact = np.linalg.norm(operator(conv(3, kernel, stride), weight, (*size, 2)), 2)
    bound = convolution_norm(weight, stride, size)
    simple = math.ceil(kernel / stride) * np.linalg.norm(weight.reshape(3, -1), 2)
    assert exact <= bound * (1 + 1e-12)
    assert bound <= simple * (1 + 1e-12)
    if size == (11, 9):
        assert bound < 1.25 * exact


def test_the_bound_of_a_convolution_is_that_of_its_maps_height_and_width():
    weight = np.random.default_rng(6).normal(size=(3, 2, 4, 4))
    sizes = [(9, 7), (2, 7), (9, 2)]  # the second and third are what one gets with the channels for a side
    norm_here, *others = (convolution_norm(weight, 2, size) for size in sizes)
    assert norm_here not in others
    found, _ = lipschitz_bound([conv(3, 4, 2)], {"00.conv.weight": weight}, (9, 7, 2))
    back, _ = lipschitz_bound([conv_transpose(2, 4, 2, (9, 7))], {"00.conv_transpose.weight": weight}, (5, 4, 3))
    assert found == pytest.approx(norm_here, rel=1e-11)
    assert back == pytest.approx(norm_here, rel=1e-11)


def test_the_bound_of_a_linear_critic_is_its_norm_and_norms_have_none():
    w = np.array([[3.0, 4.0]])
    assert lipschitz_bound([dense(1)], {"00.dense.weight": w}, (2,))[0] == pytest.approx(5, rel=1e-9)
    steep = [dense(1), activation("leaky_relu", 2.0)]
    assert lipschitz_bound(steep, {"00.dense.weight": w}, (2,))[0] == pytest.approx(10, rel=1e-9)
    for kind in ("layer", "batch"):
        bound, reason = lipschitz_bound([dense(1), *norm(kind)], {"00.dense.weight": w}, (2,))
        assert bound == math.inf
        assert reason == f"layer 1 is a {kind} norm, whose slope has no useful bound"


def test_groupsort_sorts_pairs_and_keeps_lengths_of_gradients():
    rng = np.random.default_rng(4)
    for shape in ((5, 6), (2, 3, 3, 4)):
        x = rng.normal(size=shape)
        found = ENGINE.numpy(ENGINE.ops.groupsort(ENGINE.array(x)))
        expected = np.sort(x.reshape(*shape[:-1], -1, 2), axis=-1)[..., ::-1].reshape(shape)
        np.testing.assert_array_equal(found, expected)
    weight = np.linalg.qr(rng.normal(size=(6, 4)))[0]
    layers = [dense(6), activation("groupsort"), dense(1)]
    params = {"00.dense.weight": weight, "00.dense.bias": np.zeros(6), "02.dense.bias": np.zeros(1)}
    params |= {"02.dense.weight": np.full((1, 6), 6**-0.5)}
    params = {name: ENGINE.array(w) for name, w in params.items()}
    slopes = ENGINE.input_grad(
        lambda x: apply_layers(ENGINE.ops, layers, params, x).reshape(-1), ENGINE.array(rng.normal(size=(9, 4)))
    )
    projected = weight.T @ np.full(6, 6**-0.5)  # a permutation of equal weights changes nothing
    np.testing.assert_allclose(ENGINE.numpy(slopes), np.tile(projected, (9, 1)), atol=1e-12)


def test_groupsort_refuses_an_odd_number_of_features():
    with pytest.raises(WganError, match="groupsort sorts pairs of features but a layer has 7; use an even width"):
        initial_arrays([dense(7), activation("groupsort")], (2,), "he", np.random.default_rng(0))


@pytest.mark.parametrize("constraint", BOUNDING)
def test_norms_give_way_to_a_bound_on_slopes(constraint):
    from wgan.config import resolve
    from wgan.game.networks import NETWORKS

    for kind in ("batch", "layer"):
        with pytest.raises(WganError, match="the slope of a norm has no bound; use critic_norm='none'"):
            Config(constraint=constraint, critic_norm=kind)
    for name in NETWORKS:
        config = Config(constraint=constraint, network=name, width=4)
        critic = resolve("network", config.replace(network=name, constraint=constraint), row=(8, 8, 1)).critic
        assert not [layer for layer in critic if layer["kind"].endswith("norm")]


BUILT = [name for name, make in CONSTRAINTS.items() if make().rebuilt]


@pytest.mark.parametrize("network", ["mlp", "hybrid", "dcgan"])
@pytest.mark.parametrize("constraint", BUILT)
def test_a_critic_by_construction_has_slope_1_whatever_its_weights_are(constraint, network):
    config = Config(data="digits", network=network, constraint=constraint, width=4, batch=6, latent=3, steps=2)
    training = start(config.replace(engine="torch", precision="float64"))
    layers, row, rng = training.game.architecture.critic, (8, 8, 1), np.random.default_rng(0)
    assert all(made["kind"] not in ("dense", "conv") for made in layers)
    iterate(training)
    for scale in (0.0, 0.01, 1.0, 100.0):
        params = {name: scale * rng.normal(size=w.shape) for name, w in training.state.critic.items()}
        bound, reason = lipschitz_bound(layers, params, row)
        assert reason == ""
        assert bound <= 1 + 1e-9
        placed = {name: ENGINE.array(w) for name, w in params.items()}
        rows = ENGINE.array(rng.normal(size=(40, *row)))
        slopes = ENGINE.input_grad(lambda x, placed=placed: step.score(training.game, placed, x), rows)
        assert float((slopes.detach() ** 2).reshape(40, -1).sum(1).max()) ** 0.5 <= bound


@pytest.mark.parametrize(("kernel", "stride"), [(4, 2), (3, 1), (5, 2), (2, 2), (1, 1), (5, 3)])
def test_an_orthogonal_convolution_keeps_the_length_of_maps_inside_of_a_border(kernel, stride):
    """On an endless map the operator has orthonormal columns where there are as many outputs as inputs."""
    size, channels, rng = 20, 3, np.random.default_rng(kernel)
    layer = orthogonal_conv(channels * stride, kernel, stride)  # one axis
    arrays = initial_arrays([layer], (size, channels), "he", rng)
    for name, w in arrays.items():  # singular values of at least 0.5 of the largest, which Bjorck moves to 1
        u, s, v = np.linalg.svd(w.reshape(len(w), -1), full_matrices=False)
        arrays[name] = (u * np.linspace(1, 0.5, len(s)) @ v).reshape(w.shape) if w.ndim > 1 else 0 * w
    x = np.zeros((1, size, channels))
    x[:, 7:13] = rng.normal(size=(1, 6, channels))  # no path from here crosses the border
    y = apply_layers(ENGINE.ops, [layer], {n: ENGINE.array(w) for n, w in arrays.items()}, ENGINE.array(x))
    assert float((y**2).sum()) == pytest.approx((x**2).sum(), rel=1e-6)


@pytest.mark.parametrize("constraint", BUILT)
def test_an_activation_beside_layers_that_hold_one_is_refused(constraint):
    if CONSTRAINTS[constraint]().brings_activation:
        with pytest.raises(WganError, match="hold activations of their own; use activation='auto'"):
            Config(constraint=constraint, activation="tanh")
    else:
        assert Config(constraint=constraint, activation="tanh").activation == "tanh"
