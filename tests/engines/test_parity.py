"""The two engines are one: the same weights and draws give the same numbers."""

import re

import numpy as np
import pytest

from wgan import data
from wgan.config import ACTIVATIONS, FIELDS, READERS, Config
from wgan.data import from_array
from wgan.engines import get_engine
from wgan.game import step
from wgan.game.constraints import CONSTRAINTS
from wgan.game.layers import matrices
from wgan.game.networks import NETWORKS
from wgan.game.objectives import OBJECTIVES
from wgan.maths import streams
from wgan.runs import checkpoint
from wgan.training.loop import iterate, same_engine, train
from wgan.training.model import load_model, sample
from wgan.training.state import flatten, losses, start

pytest.importorskip("jax", reason="JAX is not installed")
pytestmark = pytest.mark.usefixtures("compiled_quickly")
SMALL = {"data": "digits", "width": 4, "batch": 6, "latent": 3, "n_critic": 2, "decay": "none", "steps": 10}
OPTIMISERS = FIELDS["optimiser"].metadata["choices"]


class Descent:
    """An optimiser whose update is the gradient itself, so that weights after an iteration show gradients."""

    def init(self, params):
        return {}

    def update(self, params, gradient, memory, learning_rate):
        return {name: p - learning_rate * gradient[name] for name, p in params.items()}, memory


def begin(engine, precision, dataset=None, **fields):
    return start(Config(**SMALL | {"engine": engine, "precision": precision} | fields), dataset)


def arrays_after_one_iteration(engine, dataset=None, **fields):
    """The state and the info of an iteration with gradient descent in float64."""
    training = begin(engine, "float64", dataset, **fields)
    training.game = training.game._replace(optimiser=Descent())
    training.state = training.state._replace(critic_optimiser={}, generator_optimiser={})
    before = flatten(training)
    iterate(training)
    moved = {name: value - before[name] for name, value in flatten(training).items()}
    return moved, losses(training)


def assert_equal_to(first, second, relative):
    """Every array, to `relative` of its largest entry (single entries may be sums that cancel) or 100 roundings."""
    assert first.keys() == second.keys()
    for name, a in first.items():
        b = second[name]
        assert a.shape == b.shape, name
        assert np.abs(a - b).max(initial=0) <= relative * np.abs(a).max(initial=0) + 2e-14, name


# Compiling takes long. Penalties differ in no layer, so one of them meets every network and all meet the smallest.
PENALTIES = [name for name, make in CONSTRAINTS.items() if make().penalty and name != "gradient-penalty"]
# What holds on each layer has contracts of its own, so it meets networks that have each kind of layer with weights, and
# what makes other layers meets one.
BY_LAYER = [name for name, make in CONSTRAINTS.items() if not make().penalty and name != "none"]
BUILT = [name for name, make in CONSTRAINTS.items() if make().rebuilt]
LEFT_OUT = {"mlp": [], "hybrid": PENALTIES, "resnet": PENALTIES + BUILT}
MEET = [
    (network, name)
    for network in NETWORKS
    for name in CONSTRAINTS
    if name not in LEFT_OUT.get(network, PENALTIES + BY_LAYER)
]


def test_the_networks_that_meet_every_projection_have_each_kind_of_layer_with_weights():
    def kinds(network):
        training = begin("torch", "float64", network=network)
        names = (name for name, _ in matrices(training.game.architecture.critic, training.state.critic))
        return {re.sub(r"\d+\.", "", name) for name in names}

    assert set.union(*map(kinds, LEFT_OUT)) == set.union(*map(kinds, NETWORKS))


@pytest.mark.parametrize(("network", "constraint"), MEET)
def test_an_iteration_is_the_same_in_float64_for_every_network_and_constraint(network, constraint):
    fields = {"network": network, "constraint": constraint, "learning_rate": 1e-2}
    fields |= {"clip": 0.5} if constraint == "clip" else {}
    torch, torch_info = arrays_after_one_iteration("torch", **fields)
    jax, jax_info = arrays_after_one_iteration("jax", **fields)
    assert_equal_to(torch, jax, 1e-9)
    assert torch_info == pytest.approx(jax_info, rel=1e-9, abs=1e-14)


RANDOM = np.random.default_rng(0)
OTHER_ROWS = {
    "signals": RANDOM.normal(size=(40, 11, 2)),
    "hyperspectral images": RANDOM.normal(size=(40, 7, 9, 12)),
    "volumes": RANDOM.normal(size=(40, 6, 5, 7, 1)),
    "media": (RANDOM.random((40, 6, 5, 7, 1)) < 0.4).astype(np.uint8),
}


# Compiling takes long, so each rank has one network here; tests/game/test_layers.py compares each layer in each rank.
PAIRS = {"signals": "dcgan", "hyperspectral images": "stax-cnn", "volumes": "hybrid", "media": "resnet"}


@pytest.mark.parametrize(("rows", "network"), PAIRS.items())
def test_an_iteration_is_the_same_in_float64_for_rows_of_every_rank(network, rows):
    dataset = from_array(OTHER_ROWS[rows], kind=rows.split()[-1].replace("media", "volumes"))
    fields = {"network": network, "learning_rate": 1e-2}
    torch, torch_info = arrays_after_one_iteration("torch", dataset, **fields)
    jax, jax_info = arrays_after_one_iteration("jax", dataset, **fields)
    assert_equal_to(torch, jax, 1e-9)
    assert torch_info == pytest.approx(jax_info, rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name != "auto"])
def test_an_iteration_is_the_same_in_float64_for_every_activation(activation):
    fields = {"network": "mlp", "depth": 2, "activation": activation, "learning_rate": 1e-2}
    torch, _ = arrays_after_one_iteration("torch", **fields)
    jax, _ = arrays_after_one_iteration("jax", **fields)
    assert_equal_to(torch, jax, 1e-9)


def test_an_iteration_is_the_same_in_float64_with_a_rate_for_each_player():
    fields = {"network": "mlp", "learning_rate": 1e-2}
    torch, _ = arrays_after_one_iteration("torch", generator_learning_rate=3e-2, **fields)
    jax, _ = arrays_after_one_iteration("jax", generator_learning_rate=3e-2, **fields)
    assert_equal_to(torch, jax, 1e-9)
    same, _ = arrays_after_one_iteration("jax", **fields)
    changed = {name.split("/")[0] for name in jax if not np.array_equal(jax[name], same[name])}
    assert changed == {"generator", "average"}


def test_each_player_has_its_own_betas():
    """With beta1 0 and beta2 0 Adam's first two updates have the length of the learning rate; no other betas have."""
    fields = {"network": "mlp", "learning_rate": 1e-2, "decay": "none", "critic_beta1": 0.0, "critic_beta2": 0.0}
    ends = []
    for engine in ("torch", "jax"):
        training = begin(engine, "float64", **fields | {"generator_beta1": 0.5, "n_critic": 1})
        iterate(training)
        before = {name: np.array(value) for name, value in flatten(training).items()}  # torch updates in place
        iterate(training)
        ends.append({name: value - before[name] for name, value in flatten(training).items()})
        for part, exact in (("critic", True), ("generator", False)):
            name = f"{part}/0{1 if exact else 0}.dense.weight"
            lengths = np.abs(ends[-1][name][np.abs(ends[-1][name]) > 1e-6])
            assert (np.abs(lengths - 1e-2).max() < 1e-4) == exact
    for end in ends:
        del end["critic/07.dense.bias"]  # its gradient is 0 up to rounding, which Adam blows up
    assert_equal_to(*ends, 1e-6)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("sides", FIELDS["penalty_sides"].metadata["choices"])
def test_an_iteration_is_the_same_in_float64_for_every_objective(objective, sides):
    fields = {"network": "mlp", "objective": objective, "penalty_sides": sides, "learning_rate": 1e-2}
    fields |= {"prior": 0.3} if "prior" in READERS["objective"][objective] else {}
    torch, torch_info = arrays_after_one_iteration("torch", **fields)
    jax, jax_info = arrays_after_one_iteration("jax", **fields)
    assert_equal_to(torch, jax, 1e-9)
    assert torch_info == pytest.approx(jax_info, rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_losses_and_estimates_are_the_same_for_every_objective(objective):
    real, fake = np.random.default_rng(0).normal(0, 3, (2, 500))
    values = []
    for name in ("torch", "jax"):
        engine = get_engine(name, "float64")
        chosen = begin(name, "float64", objective=objective).game.objective
        one, two = engine.array(real), engine.array(fake)
        losses = [
            chosen.critic_loss(engine.ops, one, two),
            chosen.generator_loss(engine.ops, two, *[one] * chosen.needs_real),
        ]
        values.append([float(engine.numpy(v)) for v in [*losses, chosen.estimate(engine.ops, one, two)]])
    assert values[0] == pytest.approx(values[1], rel=1e-9)


def weights(arrays, part, game):
    """All weights of a player end to end, less the critic's last bias: its gradient is 0 up to rounding, which Adam
    and RMSProp blow up to whole steps, and no loss depends on it."""
    last = f"critic/{len(game.architecture.critic) - 1:02d}.dense.bias"
    names = [name for name in sorted(arrays) if name.startswith(f"{part}/") and name != last]
    return np.concatenate([arrays[name].ravel() for name in names]).astype(float)


def assert_near(before, first, second, game, relative):
    """What parts the two ends is at most `relative` of the way that each player went."""
    for part in ("critic", "generator", "average"):
        start, one, two = (weights(arrays, part, game) for arrays in (before, first, second))
        assert np.linalg.norm(one - two) <= relative * np.linalg.norm(one - start), part


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("network", ["mlp", "dcgan"])
def test_ten_iterations_in_float32_agree_to_a_ten_thousandth_of_the_way_they_went(optimiser, network):
    """Float32 rounds to 6e-8, a gradient's sums to about 1e-6 of its size, which ten iterations were seen to leave
    at 4e-6 of the way; the rest is room for other processors."""
    after = []
    for engine in ("torch", "jax"):
        training = begin(engine, "float32", network=network, optimiser=optimiser, learning_rate=1e-4, average=0.9)
        before = flatten(training)
        for _ in range(10):
            iterate(training)
        after.append(flatten(training))
    assert_near(before, *after, training.game, 1e-4)


@pytest.mark.parametrize(("first", "second"), [("torch", "jax"), ("jax", "torch")])
@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_a_checkpoint_of_one_engine_goes_on_in_the_other(tmp_path, first, second, optimiser):
    config = Config(**SMALL | {"precision": "float64", "optimiser": optimiser, "average": 0.9, "network": "dcgan"})
    training = start(config)
    list(train(config.replace(engine=first), out=tmp_path / "whole"))
    list(train(config.replace(engine=first), out=tmp_path / "changed", stop=lambda at: at == 5))
    list(train(config.replace(engine=second), out=tmp_path / "changed"))
    whole, changed = (checkpoint.latest(tmp_path / run / "checkpoints")[0] for run in ("whole", "changed"))
    assert whole.step == changed.step == 10
    assert {n: (a.dtype, a.shape) for n, a in whole.arrays.items()} == {
        n: (a.dtype, a.shape) for n, a in changed.arrays.items()
    }
    assert_near(flatten(training), whole.arrays, changed.arrays, training.game, 1e-8)
    pictures = [sample(load_model(tmp_path / run), 8, seed=1).astype(int) for run in ("whole", "changed")]
    assert np.abs(pictures[0] - pictures[1]).max() <= 1


def test_a_long_warm_up_is_one_loop_in_jax_and_the_same():
    fields = {"network": "mlp", "warm_up": 1, "warm_up_critic": 30, "learning_rate": 1e-2}
    torch, _ = arrays_after_one_iteration("torch", **fields)
    jax, _ = arrays_after_one_iteration("jax", **fields)
    assert_equal_to(torch, jax, 1e-9)


@pytest.mark.parametrize("network", ["hybrid", "dcgan"])
def test_samples_of_the_same_weights_are_the_same(network):
    rows = []
    for engine in ("torch", "jax"):
        training = begin(engine, "float64", network=network)
        z = streams.normal(0, "sample", 0, (5, 3)).astype(float)
        game, generator = training.game, training.state.generator
        moments = game.engine.run(step.calibrate, game, generator, game.engine.array(z)) if network == "dcgan" else None
        rows.append(game.engine.numpy(game.engine.run(step.generate, game, generator, game.engine.array(z), moments)))
    np.testing.assert_allclose(*rows, rtol=1e-9)


def test_the_toys_train_on_jax_as_on_torch():
    records = {}
    for engine in ("torch", "jax"):
        config = Config(data="8gaussians", width=16, batch=32, steps=20, log_every=20, engine=engine)
        records[engine] = list(train(config, data.load("8gaussians")))[-1]
    assert records["torch"]["estimate"] == pytest.approx(records["jax"]["estimate"], rel=1e-3)


def test_auto_goes_on_with_the_engine_that_the_run_began_with(tmp_path, monkeypatch):
    config = Config(**SMALL | {"network": "mlp", "engine": "auto"})
    monkeypatch.setattr("wgan.training.model.faster", lambda *arguments: ("jax", "so it is said"))
    list(train(config, out=tmp_path / "run", stop=lambda at: at == 5))
    monkeypatch.setattr("wgan.training.model.faster", lambda *arguments: ("torch", "so it is said"))
    assert same_engine(config, tmp_path / "run").engine == "jax"
    assert same_engine(config, tmp_path / "other").engine == "auto"
    assert load_model(tmp_path / "run").game.engine.name == "jax"
