"""Each engine against independent implementations; every dict entry is covered, none by hand."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from scipy import signal

from wgan import engines
from wgan.config import Config, resolve
from wgan.engines import ENGINES, get_engine
from wgan.errors import WganError
from wgan.game.arrays import INIT
from wgan.game.layers import EPSILON, apply_layers, initial_arrays, mixes_batch, shapes
from wgan.game.networks import NETWORKS, Ends
from wgan.game.slopes import padding
from wgan.training.model import engine_for

ROWS = {"digits": (8, 8, 1), "mnist": (28, 28, 1), "odd": (13, 9, 3), "rgba": (32, 32, 4)}
ROWS |= {"signals": (37, 2), "volumes": (9, 6, 5, 2)}


@pytest.fixture(params=ENGINES)
def engine(request):
    return get_engine(request.param, "float64")


def build(name, row, **fields):
    config = Config(network=name, width=4, latent=5, **fields)
    ends = Ends(bounded=len(row) > 1)  # as pictures are
    return resolve("network", config.replace(network=name), row=row, ends=ends)


def as_one(engine, operator, *settings):
    """An operator as one program: JAX takes several times as long to compile each of its parts alone."""
    return lambda *arrays: engine.run(lambda _, *placed: operator(*placed, *settings), None, *arrays)


def dense_convolution(x, weight, stride, pad):
    """A convolution by scipy: x [height, width, in], weight [out, in, k, k]."""
    x = np.pad(x, ((pad[0], pad[0]), (pad[1], pad[1]), (0, 0)))
    full = [sum(signal.correlate(x[..., i], w[i], "valid") for i in range(len(w))) for w in weight]
    return np.stack(full, -1)[::stride, ::stride]


@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (5, 1), (3, 2), (4, 2), (5, 2)])
@pytest.mark.parametrize("size", [(7, 6), (8, 5)])
def test_conv_is_scipys_and_halves_sizes_upwards(engine, kernel, stride, size):
    rng = np.random.default_rng(0)
    x, weight, bias = rng.normal(size=(2, *size, 3)), rng.normal(size=(4, 3, kernel, kernel)), rng.normal(size=4)
    pads = tuple(padding(s, kernel, stride) for s in size)
    y = engine.numpy(as_one(engine, engine.ops.conv, stride, pads)(*map(engine.array, (x, weight, bias))))
    assert y.shape == (2, *(math.ceil(s / stride) for s in size), 4)
    expected = dense_convolution(x[1], weight, stride, pads)[: y.shape[1], : y.shape[2]] + bias
    np.testing.assert_allclose(y[1], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kernel", [3, 4, 5])
@pytest.mark.parametrize("size", [(7, 6), (8, 5), (4, 4)])
def test_conv_transpose_is_the_adjoint_of_conv(engine, kernel, size):
    rng = np.random.default_rng(1)
    pads = tuple(padding(s, kernel, 2) for s in size)
    x = rng.normal(size=(2, *size, 3))
    y = rng.normal(size=(2, *(math.ceil(s / 2) for s in size), 4))
    weight = engine.array(rng.normal(size=(4, 3, kernel, kernel)))
    forward = as_one(engine, engine.ops.conv, 2, pads)(engine.array(x), weight, engine.array(np.zeros(4)))
    transpose = as_one(engine, engine.ops.conv_transpose, 2, pads, size)
    back = transpose(engine.array(y), weight, engine.array(np.zeros(3)))
    assert back.shape == x.shape
    assert (engine.numpy(forward) * y).sum() == pytest.approx((engine.numpy(back) * x).sum(), rel=1e-12)


def test_norms_centre_and_scale_what_their_names_say(engine):
    x = np.random.default_rng(2).normal(3, 2, size=(6, 4, 5, 3))
    ones, zeros = engine.array(np.ones(3)), engine.array(np.zeros(3))
    y = engine.numpy(engine.ops.batch_norm(engine.array(x), ones, zeros))
    expected = (x - x.mean((0, 1, 2))) / np.sqrt(x.var((0, 1, 2)) + EPSILON)
    np.testing.assert_allclose(y, expected, rtol=1e-10, atol=1e-12)
    y = engine.numpy(engine.ops.layer_norm(engine.array(x)))
    axes = (1, 2, 3)
    expected = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + EPSILON)
    np.testing.assert_allclose(y, expected, rtol=1e-10, atol=1e-12)


def test_pointwise_functions(engine):
    x = np.linspace(-40, 40, 81)
    ops = engine.ops
    expected = {
        "relu": np.maximum(x, 0),
        "tanh": np.tanh(x),
        "softplus": np.logaddexp(0, x),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(engine.numpy(getattr(ops, name)(engine.array(x))), value, rtol=1e-8, atol=1e-15)
    np.testing.assert_allclose(engine.numpy(ops.leaky_relu(engine.array(x), 0.2)), np.where(x > 0, x, 0.2 * x))
    np.testing.assert_allclose(engine.numpy(ops.clip(engine.array(x), -1, 2)), np.clip(x, -1, 2))
    np.testing.assert_allclose(engine.numpy(ops.lerp(engine.array(x), engine.array(2 * x), 0.25)), 1.25 * x)


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("adam", lambda p: torch.optim.Adam(p, 1e-2, betas=(0.3, 0.95))),
        ("rmsprop", lambda p: torch.optim.RMSprop(p, 1e-2, alpha=0.95)),
    ],
)
def test_optimisers_are_those_of_torch(engine, name, reference):
    rng = np.random.default_rng(3)
    start = {"a": rng.normal(size=(3, 2)), "b": rng.normal(size=4)}
    theirs = [torch.tensor(v, requires_grad=True) for v in start.values()]
    optimiser, rule = reference(theirs), engine.optimiser(name, 0.3, 0.95)
    params = {n: engine.array(v) for n, v in start.items()}
    memory = rule.init(params)
    for number in range(5):
        gradient = {n: rng.normal(size=v.shape) for n, v in start.items()}
        rate = 1e-2 / (number + 1)
        for group in optimiser.param_groups:
            group["lr"] = rate
        for p, g in zip(theirs, gradient.values(), strict=True):
            p.grad = torch.tensor(g)
        optimiser.step()
        params, memory = rule.update(params, {n: engine.array(g) for n, g in gradient.items()}, memory, rate)
    for mine, other in zip(params.values(), theirs, strict=True):
        np.testing.assert_allclose(engine.numpy(mine), other.detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_every_network_fits_rows_of_every_rank(engine, name, row):
    architecture = build(name, row)
    rng = np.random.default_rng(4)
    critic = initial_arrays(architecture.critic, row, architecture.init, rng)
    generator = initial_arrays(architecture.generator, (5,), architecture.init, rng)
    z = engine.array(rng.normal(size=(3, 5)))
    as_engine = [{n: engine.array(w) for n, w in player.items()} for player in (critic, generator)]

    def both(game, critic, generator, z):
        fake = apply_layers(engine.ops, game.generator, generator, z)
        return fake, apply_layers(engine.ops, game.critic, critic, fake)

    if engine.name == "jax":  # its shapes need no program, which takes long to compile; tests of parity have its values
        fake, scores = pytest.importorskip("jax").eval_shape(partial(both, architecture), *as_engine, z)
    else:
        fake, scores = both(architecture, *as_engine, z)
        assert np.abs(engine.numpy(fake)).max() <= 1
    assert tuple(fake.shape) == (3, *row)
    assert tuple(scores.shape) == (3, 1)
    assert list(shapes(architecture.critic, row))[-1] == (1,)
    assert not mixes_batch(architecture.critic), "the default constraint is the gradient penalty"
    assert architecture.name == name


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_fits_points_without_a_bound_or_refuses_them(name):
    from wgan import WganError

    try:
        architecture = build(name, (2,))
    except WganError:
        with pytest.raises(WganError, match=r"rows of 2 columns; it needs rows with axes of space .* network='mlp'"):
            build(name, (2,))
        assert name not in ("mlp", "hybrid"), "the default and what the others send to"
    else:
        assert architecture.generator[-1] == {"kind": "reshape", "shape": (2,)}


@pytest.mark.parametrize("scheme", INIT)
def test_initial_weights_have_the_stated_spread(scheme):
    rng = np.random.default_rng(5)
    fan_in, fan_out = 30, 90
    w = INIT[scheme](rng, (200, 500), fan_in, fan_out)
    glorot = 2 / (fan_in + fan_out)
    expected = {"he": 2 / fan_in, "glorot": glorot, "glorot_he": 2 * glorot, "dcgan": 0.02**2, "zero": 0}[scheme]
    assert w.dtype == np.float32
    # the variance's standard error is at most sqrt(2 / n) of it for these laws, n = 1e5: 5 of them
    assert w.var() == pytest.approx(expected, rel=5 * math.sqrt(2 / w.size))
    assert abs(w.mean()) <= 5 * math.sqrt(expected / w.size)


def test_the_tutorials_networks_have_their_layers():
    def filters(layers):
        return [layer["features"] for layer in layers if "features" in layer]

    def kinds(layers):
        return [layer["kind"] for layer in layers]

    config = Config(constraint="clip")
    keras = resolve("network", config.replace(network="keras-cnn", constraint="clip"), row=(28, 28, 1))
    assert filters(keras.critic) == [32, 64, 128, 1]
    norms = [i for i, kind in enumerate(kinds(keras.critic)) if kind == "batch_norm"]
    assert [kinds(keras.critic)[i - 1] for i in norms] == ["conv", "conv"]
    assert norms[0] > 2, "none after the first"
    stax = resolve("network", config.replace(network="stax-cnn", constraint="clip"), row=(28, 28, 1))
    assert filters(stax.critic) == [256, 512, 1]
    assert filters(stax.generator) == [7 * 7 * 512, 256, 1]
    assert kinds(stax.critic).count("batch_norm") == 2
    penalised = resolve("network", Config(network="keras-cnn"), row=(28, 28, 1))
    assert "batch_norm" not in kinds(penalised.critic)
    assert kinds(penalised.critic).count("layer_norm") == 2


def resnet_weights(width=None, row=(32, 32, 3), latent=128, **fields):
    config = Config(network="resnet", width=width, **fields)
    architecture = resolve("network", config.replace(network="resnet"), row=row, ends=Ends(bounded=True))
    rng = np.random.default_rng(0)
    players = [(architecture.critic, row), (architecture.generator, (latent,))]
    return architecture, *(initial_arrays(layers, shape, architecture.init, rng) for layers, shape in players)


def test_the_papers_cifar_network_has_its_number_of_weights():
    _, critic, generator = resnet_weights()
    assert sum(w.size for w in critic.values()) == 1_053_825
    assert sum(w.size for w in generator.values()) == 1_204_483


def test_resnet_starts_as_the_papers_code_does():
    _, critic, generator = resnet_weights()
    for name, w in (critic | generator).items():
        if not name.endswith(".weight"):
            continue
        kernel = math.prod(w.shape[2:])
        wide = ".body." in name  # 3x3 in a block; the rest are dense, 1x1 or the output
        assert wide == (kernel == 9 and w.shape[0] != 3)
        variance = (4 if wide else 2) / ((w.shape[0] + w.shape[1]) * kernel)
        bound = math.sqrt(3 * variance)
        assert np.abs(w).max() <= bound
        # uniform on [-b, b]: w^2 has mean b^2 / 3 and sd b^2 sqrt(4/45); five standard errors
        assert np.square(w).mean() == pytest.approx(variance, abs=5 * bound**2 * math.sqrt(4 / 45 / w.size))


def test_a_larger_image_has_more_blocks_and_a_norm_goes_where_it_is_asked_for():
    def blocks(layers):
        return sum(layer["kind"] == "residual" for layer in layers)

    for size, up in ((16, 2), (32, 3), (64, 4), (128, 5)):
        architecture = build("resnet", (size, size, 3))
        assert (blocks(architecture.generator), blocks(architecture.critic)) == (up, up + 1)
    _, critic, generator = resnet_weights(8, critic_norm="layer", generator_norm="none")
    assert sum("layer_norm.scale" in name for name in critic) == 1 + 2 * 3
    assert not any("norm" in name for name in generator)


@pytest.mark.parametrize("size", [(4, 6), (5, 3), (1, 1)])
def test_resampling_is_the_mean_of_squares_and_each_pixel_twice(engine, size):
    x = np.random.default_rng(8).normal(size=(2, *size, 3))
    pooled = engine.numpy(engine.ops.mean_pool(engine.array(x)))
    assert pooled.shape == (2, math.ceil(size[0] / 2), math.ceil(size[1] / 2), 3)
    for i, j in np.ndindex(pooled.shape[1:3]):
        np.testing.assert_allclose(pooled[:, i, j], x[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean((1, 2)), rtol=1e-12)
    doubled = engine.numpy(engine.ops.upsample(engine.array(x)))
    np.testing.assert_array_equal(doubled, x.repeat(2, axis=1).repeat(2, axis=2))


def test_resnet_is_the_papers_function(engine):
    """Against a plain reading of the paper's code on [batch, channels, height, width]."""
    architecture, critic, generator = resnet_weights(4, latent=5)
    F = torch.nn.functional
    w = {n: torch.tensor(v, dtype=torch.float64) for n, v in critic.items()}

    def conv(w, name, x):
        return F.conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"], padding=w[f"{name}.weight"].shape[-1] // 2)

    def pool(x):
        return (x[:, :, ::2, ::2] + x[:, :, 1::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2]) / 4

    x = torch.tensor(np.random.default_rng(9).normal(size=(3, 3, 32, 32)))
    h = conv(w, "00.residual.body.02.conv", F.relu(conv(w, "00.residual.body.00.conv", x)))
    h = pool(h) + conv(w, "00.residual.shortcut.01.conv", pool(x))
    for number in (1, 2, 3):
        name = f"{number:02d}.residual"
        y = conv(w, f"{name}.body.03.conv", F.relu(conv(w, f"{name}.body.01.conv", F.relu(h))))
        h = pool(y) + pool(conv(w, f"{name}.shortcut.00.conv", h)) if number == 1 else y + h
    expected = F.relu(h).mean((2, 3)) @ w["06.dense.weight"].T + w["06.dense.bias"]
    weights = {n: engine.array(v.astype(np.float64)) for n, v in critic.items()}
    ours = apply_layers(engine.ops, architecture.critic, weights, engine.array(x.permute(0, 2, 3, 1).numpy()))
    np.testing.assert_allclose(engine.numpy(ours), expected.numpy(), rtol=1e-10)

    w = {n: torch.tensor(v, dtype=torch.float64) for n, v in generator.items()}

    def norm(name, x):
        return F.batch_norm(x, None, None, w[f"{name}.scale"], w[f"{name}.bias"], training=True)

    def double(x):
        return x.repeat_interleave(2, 2).repeat_interleave(2, 3)

    z = torch.tensor(np.random.default_rng(10).normal(size=(3, 5)))
    h = (z @ w["00.dense.weight"].T + w["00.dense.bias"]).reshape(3, 4, 4, 4).permute(0, 3, 1, 2)
    for number in (2, 3, 4):
        name = f"{number:02d}.residual"
        y = conv(w, f"{name}.body.03.conv", double(F.relu(norm(f"{name}.body.00.batch_norm", h))))
        y = conv(w, f"{name}.body.06.conv", F.relu(norm(f"{name}.body.04.batch_norm", y)))
        h = y + conv(w, f"{name}.shortcut.01.conv", double(h))
    expected = torch.tanh(conv(w, "07.conv", F.relu(norm("05.batch_norm", h))))
    weights = {n: engine.array(v.astype(np.float64)) for n, v in generator.items()}
    ours = apply_layers(engine.ops, architecture.generator, weights, engine.array(z.numpy()))
    np.testing.assert_allclose(engine.numpy(ours), expected.permute(0, 2, 3, 1).numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["dcgan", "resnet"])
def test_calibrated_batch_norm_makes_a_sample_independent_of_its_batch(engine, name):
    architecture = build(name, (8, 8, 1))
    rng = np.random.default_rng(6)
    weights = initial_arrays(architecture.generator, (5,), architecture.init, rng)
    generator = {n: engine.array(w) for n, w in weights.items()}
    layers = architecture.generator
    many, few = engine.array(rng.normal(size=(50, 5))), engine.array(rng.normal(size=(4, 5)))
    moments = {}
    calibrated = apply_layers(engine.ops, layers, generator, many, moments)
    batch = apply_layers(engine.ops, layers, generator, many)
    np.testing.assert_allclose(engine.numpy(calibrated), engine.numpy(batch), rtol=1e-9, atol=1e-12)
    together = apply_layers(engine.ops, layers, generator, few, moments)
    alone = apply_layers(engine.ops, layers, generator, few[:1], moments)
    np.testing.assert_allclose(engine.numpy(together)[:1], engine.numpy(alone), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", NETWORKS)
def test_bfloat16_products_stay_near_float32(name):
    architecture = build(name, (8, 8, 1))
    rng = np.random.default_rng(7)
    weights = initial_arrays(architecture.generator, (5,), "he", rng)
    z = rng.normal(size=(6, 5)).astype(np.float32)
    results = []
    for precision in ("float32", "bfloat16"):
        engine = get_engine("torch", precision)
        params = {n: engine.array(w) for n, w in weights.items()}
        y = apply_layers(engine.ops, architecture.generator, params, engine.array(z))
        assert y.dtype == torch.float32
        results.append(engine.numpy(y))
    error = np.abs(results[0] - results[1]).max()
    assert 0 < error < 0.1  # bfloat16 has 8 bits: 2^-8 a product, a few layers deep


def test_gradients_lie_as_the_weights_do():
    """CUDA's fused Adam refuses others, and the gradients of convolutions on channels-last maps come otherwise."""
    engine = get_engine("torch", "float32")
    weight, bias = (engine.array(np.ones(shape, np.float32)) for shape in ((5, 3, 4, 4), 5))
    image = engine.array(np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype(np.float32))
    gradient, _ = engine.grad(
        lambda p: (engine.ops.conv(image, p["w"], p["b"], 2, (1, 1)).sum(), {}), {"w": weight, "b": bias}
    )
    assert gradient["w"].stride() == weight.stride()


def test_without_jax_one_sentence_says_what_to_install_and_auto_is_torch(monkeypatch):
    monkeypatch.setattr(engines, "find_spec", lambda package: None if package in ("jax", "optax") else object())
    with pytest.raises(WganError, match=r"engine jax needs jax and optax.*pip install 'wgan\[jax\]'"):
        get_engine("jax")
    assert engines.faster([], (2,), "float32", 10**6) == ("torch", "JAX is not installed")
    assert get_engine("torch").name == "torch"


@pytest.mark.parametrize(
    ("row", "fields", "expected"),
    [
        ((28, 28, 1), {}, "jax"),
        ((2,), {"network": "mlp"}, "jax"),
        ((8, 8, 1), {"network": "dcgan"}, "jax"),
        ((28, 28, 1), {"network": "keras-cnn"}, "torch"),
        ((28, 28, 1), {"network": "stax-cnn", "width": 32}, "torch"),
        ((32, 32, 3), {"network": "resnet"}, "torch"),
        ((28, 28, 1), {"precision": "bfloat16"}, "torch"),
        ((28, 28, 1), {"steps": 100}, "torch"),
        ((28, 28, 1), {"steps": 400, "n_critic": 5}, "jax"),
    ],
)
def test_auto_is_the_engine_that_was_measured_to_be_faster(monkeypatch, row, fields, expected):
    pytest.importorskip("jax", reason="JAX is not installed")
    config = Config(**fields)
    critic = resolve("network", config, row=row).critic
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert engine_for(config, critic, row)[0] == expected
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert engine_for(config, critic, row)[0] == "torch"
