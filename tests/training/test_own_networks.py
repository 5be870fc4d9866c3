"""Networks of your own: modules and pairs of functions train, resume, are sampled and measured as wgan's are."""

from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import wgan
from wgan import data
from wgan.config import Config
from wgan.engines import ENGINES, installed
from wgan.errors import WganError
from wgan.evaluation import evaluate
from wgan.game import step
from wgan.game.arrays import filled, flat
from wgan.game.constraints import CONSTRAINTS
from wgan.game.objectives import OBJECTIVES
from wgan.runs import checkpoint
from wgan.training import model as models
from wgan.training.loop import train
from wgan.training.own_networks import own_network
from wgan.training.state import draws, flatten, iterate, losses, start

POINTS = data.from_array(np.random.default_rng(0).normal(size=(1200, 2)), name="points")
POINTS = replace(POINTS, labels=np.arange(1200) % 2)
SMALL = {"latent": 3, "batch": 16, "steps": 4, "log_every": 2, "checkpoint_every": 2, "n_critic": 2}


def modules(name="mine"):
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.LayerNorm(8), nn.Linear(8, 1))
    return own_network(critic, nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2)), name)


def functions():
    """Players in operators alone, which both engines understand; weights in a list of dicts."""

    def player(columns):
        def init(rng, row):
            sizes = (row[0], 8, columns)
            return [{"W": rng.normal(0, 0.5, (n, m)), "b": np.zeros(m)} for n, m in pairwise(sizes)]

        def apply(weights, x):
            first, last = weights
            x = x @ first["W"] + first["b"]
            return x * (x > 0) @ last["W"] + last["b"]

        return init, apply

    return own_network(player(1), player(2), "functions")


KINDS = {"modules": (modules, "torch"), **{f"functions-{engine}": (functions, engine) for engine in ENGINES}}


@pytest.fixture(params=KINDS)
def own(request):
    """Fields of a config with such a network and its engine."""
    make, engine = KINDS[request.param]
    if not installed(engine):
        pytest.skip(f"{engine} is not installed")
    return SMALL | {"network": make(), "engine": engine}


@pytest.mark.parametrize("make", [modules, functions])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_trains_both_players(make, objective):
    run = start(Config(**SMALL, network=make(), engine="torch", objective=objective), POINTS)
    before = {name: value.copy() for name, value in flatten(run).items()}
    run.state, info = step.iteration(run.game, run.state, draws(run, 0), 1e-2, 0.5)
    after = flatten(run)
    assert np.isfinite([float(value) for value in info.values()]).all()
    assert all(np.isfinite(value).all() for value in after.values())
    for player in ("critic", "generator"):
        names = [name for name in before if name.startswith(f"{player}/")]
        still = [name for name in names if (before[name] == after[name]).all()]
        assert len(names) >= 4
        # the critic's last bias shifts all scores alike, so the game of Wasserstein and its penalty leave it
        assert len(still) <= (player == "critic"), still


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_every_constraint_holds_or_says_why_it_cannot(own, constraint):
    config = Config(**own, constraint=constraint)
    if CONSTRAINTS[constraint]().bounds_layers:
        with pytest.raises(WganError, match=f"constraint {constraint} bounds the slope of each layer.*own"):
            start(config, POINTS)
        return
    if constraint == "consistency":
        with pytest.raises(WganError, match="drops hidden units of the critic, but this critic has no layer that is"):
            start(config, POINTS)
        return
    run = start(config, POINTS)
    iterate(run)
    critic = {name: run.game.engine.numpy(w) for name, w in run.state.critic.items()}
    if constraint == "clip":
        assert all(np.abs(w).max() <= config.clip * (1 + 1e-6) for w in critic.values())
    if constraint == "sphere":
        matrices = [w for w in critic.values() if w.ndim > 1]
        assert len(matrices) == 2
        assert [np.linalg.norm(w) for w in matrices] == pytest.approx([1, 1], rel=1e-5)
    assert ("penalty" in run.info) == bool(run.game.constraint.penalty)


def test_a_module_trains_as_the_same_layers_of_ours_do():
    """A pair of modules with the weights of our mlp takes the same steps: one definition of the game for both."""
    fields = SMALL | {"engine": "torch", "average": 0.9}
    ours = start(Config(**fields, network="mlp", width=8, depth=1), POINTS)
    names = {"critic": {"0": "01", "2": "03"}, "generator": {"0": "00", "2": "02"}}
    pair = {}
    for player, columns in (("critic", (2, 1)), ("generator", (3, 2))):
        pair[player] = nn.Sequential(nn.Linear(columns[0], 8), nn.ReLU(), nn.Linear(8, columns[1]))
        weights = getattr(ours.state, player)
        state = {f"{n}.{w}": weights[f"{at}.dense.{w}"] for n, at in names[player].items() for w in ("weight", "bias")}
        pair[player].load_state_dict(state)
    theirs = start(Config(**fields, network=own_network(pair["critic"], pair["generator"])), POINTS)
    for _ in range(4):
        iterate(ours)
        iterate(theirs)
    for player in ("critic", "generator", "average"):
        one, two = getattr(ours.state, player), getattr(theirs.state, player)
        for n, at in names["critic" if player == "critic" else "generator"].items():
            for w in ("weight", "bias"):
                np.testing.assert_allclose(two[f"00.own.{n}.{w}"], one[f"{at}.dense.{w}"], rtol=1e-4, atol=1e-6)
    assert losses(theirs) == pytest.approx(losses(ours), rel=1e-4)


@pytest.mark.parametrize("make", [modules, functions])
def test_a_stopped_run_goes_on_to_the_same_bytes_and_is_loaded_sampled_and_measured(make, tmp_path):
    network = make()
    config = Config(**SMALL, network=network, engine="torch", average=0.5)
    for name, stops in (("whole", []), ("parts", [2])):
        for at in stops:
            list(train(config, POINTS, out=tmp_path / name, stop=lambda step, at=at: step == at))
        list(train(config, POINTS, out=tmp_path / name))
    whole, parts = (checkpoint.latest(tmp_path / name / "checkpoints")[0] for name in ("whole", "parts"))
    assert (whole.step, parts.step) == (4, 4)
    for name, value in whole.arrays.items():
        np.testing.assert_array_equal(value, parts.arrays[name], name)
    loaded = wgan.load(tmp_path / "whole", network=network)
    rows = loaded.sample(10, seed=1)
    assert rows.shape == (10, 2)
    np.testing.assert_array_equal(rows, models.sample(models.load_model(tmp_path / "parts", network=network), 10, 1))
    report = evaluate.evaluate(tmp_path / "whole", 120, "rows", dataset=POINTS, network=network)
    assert report["step"] == 4
    assert report["metrics"]


def test_a_run_of_ones_own_is_opened_with_its_network_only(tmp_path):
    list(train(Config(**SMALL, network=modules()), POINTS, out=tmp_path / "run"))
    with pytest.raises(WganError, match=r"network 'mine' is an object of your own, .* wgan.load\(run, network=...\)"):
        wgan.load(tmp_path / "run")
    with pytest.raises(WganError, match="was made with network mine, not with this other"):
        wgan.load(tmp_path / "run", network=modules("other"))
    wide = own_network(nn.Linear(2, 1), nn.Linear(3, 2), "mine")
    with pytest.raises(WganError, match="does not fit the network mine"):
        wgan.load(tmp_path / "run", network=wide)


def test_images_reach_a_module_channels_first_and_come_back_as_rows():
    images = np.random.default_rng(1).integers(0, 256, (40, 6, 4, 3)).astype(np.uint8)
    seen = []

    class Critic(nn.Module):
        def __init__(self):
            super().__init__()
            self.last = nn.Conv2d(3, 1, (6, 4))

        def forward(self, x):
            seen.append(tuple(x.shape[1:]))
            return self.last(x)  # [n, 1, 1, 1], as in DCGAN's code

    generator = nn.Sequential(
        nn.Linear(3, 5 * 6 * 4), nn.Unflatten(1, (5, 6, 4)), nn.ReLU(), nn.Conv2d(5, 3, 1), nn.Tanh()
    )
    model = wgan.WGAN(network=own_network(Critic(), generator), **SMALL).fit(images)
    assert set(seen) == {(3, 6, 4)}
    rows = model.sample(7)
    assert (rows.shape, rows.dtype) == ((7, 6, 4, 3), np.uint8)
    # the trained weights fit the module again, and what it then gives is what was sampled
    trained = {n.removeprefix("00.own."): torch.tensor(w) for n, w in model.generator_.items()}
    generator.load_state_dict(trained)
    from wgan.maths import streams

    encoded = generator(torch.tensor(streams.normal(0, "sample", 0, (7, 3)))).detach().permute(0, 2, 3, 1).numpy()
    assert np.abs(model._model.form.decode(encoded).astype(int) - rows).max() <= 1


def test_a_module_keeps_its_weights_and_a_second_fit_begins_from_them():
    critic, generator = nn.Linear(2, 1), nn.Linear(3, 2)
    before = generator.weight.detach().clone()
    model = wgan.WGAN(network=own_network(critic, generator), **SMALL)
    first = model.fit(POINTS).sample(3)
    assert torch.equal(generator.weight, before)
    np.testing.assert_array_equal(model.fit(POINTS).sample(3), first)


def test_a_module_is_taken_as_it_was_at_the_call():
    critic, generator = nn.Linear(2, 1), nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2).requires_grad_(False))
    model = wgan.WGAN(network=own_network(critic, generator), **SMALL)
    first = model.fit(POINTS).sample(3)
    with torch.no_grad():
        for weight in (*critic.parameters(), *generator.parameters()):
            weight.add_(1)
    np.testing.assert_array_equal(model.fit(POINTS).sample(3), first)


def test_frozen_weights_and_buffers_are_constants():
    class Generator(nn.Module):
        def __init__(self):
            super().__init__()
            self.learned, self.frozen = nn.Linear(3, 2), nn.Linear(2, 2).requires_grad_(False)
            self.register_buffer("shift", torch.tensor([5.0, -5.0]))

        def forward(self, z):
            return self.frozen(self.learned(z)) + self.shift

    network = own_network(nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)), Generator())
    run = start(Config(**SMALL, network=network, precision="float64"), POINTS)
    iterate(run)
    assert set(run.state.generator) == {"00.own.learned.weight", "00.own.learned.bias"}
    rows = step.generate(run.game, run.state.generator, run.game.engine.array(np.zeros((1, 3)))).numpy()
    assert rows.dtype == np.float64
    assert rows[0, 0] > 3, "the shift is there"


def players(critic=None, generator=None):
    return own_network(critic or nn.Linear(2, 1), generator or nn.Linear(3, 2))


BATCH_NORM = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
ITS_OWN_MOMENTS = nn.Sequential(nn.BatchNorm1d(3, track_running_stats=False), nn.Linear(3, 2))
DROPOUT = nn.Sequential(nn.Linear(2, 64), nn.Dropout(), nn.Linear(64, 1))


@pytest.mark.parametrize(
    ("network", "fields", "said"),
    [
        (players(generator=BATCH_NORM), {}, "generator of network own gives a row other values in another batch"),
        (players(generator=ITS_OWN_MOMENTS), {}, "as batch norm does; use a layer norm"),
        (players(critic=DROPOUT), {}, "as dropout does"),
        (players(generator=nn.Linear(4, 2)), {}, r"fails on rows \[4, 3\] .*make it take them and return \[4, 2\]"),
        (players(generator=nn.Linear(3, 5)), {}, r"gives \[4, 5\]; it must give \[4, 2\]"),
        (players(critic=nn.Linear(2, 3)), {}, r"critic of network own gives \[4, 3\]; it must give \[4\]"),
        (players(critic=nn.Flatten()), {}, "has no weights"),
        (players(), {"conditional": "projection"}, "changes the layers of a network, but network own is your own"),
        (players(), {"engine": "jax"}, "made of torch modules; use torch"),
        (players(), {"precision": "bfloat16"}, "sets its precision; use float32"),
        (functions(), {}, "set engine='torch' or engine='jax'"),
    ],
)
def test_what_could_not_be_trained_or_resumed_gets_one_sentence(network, fields, said):
    with pytest.raises(WganError, match=said):
        start(Config(**SMALL | fields, network=network), POINTS)


def test_spectral_norms_power_iteration_is_a_state_that_is_refused():
    torch.manual_seed(0)
    hidden = nn.utils.parametrizations.spectral_norm(nn.Linear(32, 32))
    critic = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), hidden, nn.ReLU(), nn.Linear(32, 1))
    with pytest.raises(WganError, match="whatever keeps a state"):
        start(Config(**SMALL, network=players(critic=critic)), POINTS)


def test_players_and_names_that_are_none_are_refused():
    with pytest.raises(WganError, match=r"critic is 5; give an nn\.Module or a pair"):
        own_network(5, nn.Linear(3, 2))
    with pytest.raises(WganError, match="cannot be called mlp"):
        own_network(nn.Linear(2, 1), nn.Linear(3, 2), "mlp")


class Pair(NamedTuple):
    weight: object
    bias: object


KEYS = st.text(max_size=3) | st.integers(0, 12) | st.sampled_from(["[0]", "[1]", "a::b", "mlp/~/linear_0", "a.b"])
TREES = st.recursive(
    st.integers(-9, 9).map(np.float32) | st.sampled_from([(), [], {}, None]),
    lambda part: (
        st.lists(part, max_size=12)
        | st.lists(part, max_size=3).map(tuple)
        | st.dictionaries(KEYS, part, max_size=3)
        | st.builds(Pair, part, part)
    ),
    max_leaves=12,
)


def keys_of(tree):
    if not isinstance(tree, dict | list | tuple):
        return []
    parts = tree.values() if isinstance(tree, dict) else tree
    return [*(tree if isinstance(tree, dict) else ()), *(key for part in parts for key in keys_of(part))]


def like(first, second):
    """Whether two trees have the same containers of the same types and the same arrays."""
    if isinstance(first, dict):
        return list(first) == list(second) and all(like(part, second[key]) for key, part in first.items())
    if isinstance(first, list | tuple):
        return type(first) is type(second) and len(first) == len(second) and all(map(like, first, second))
    return second is None if first is None else np.shape(second) == () and first == second


@settings(max_examples=300, deadline=None)
@given(TREES)
def test_weights_of_any_tree_come_back_from_their_names(tree):
    outlines = {}
    try:
        names = flat(tree, outlines)
    except WganError:
        assert any(str(key) != key or "::" in key or key[:1] in ("", "[") for key in keys_of(tree)), "or none collide"
        return
    assert all(isinstance(name, str) for name in names)
    assert like(tree, filled(outlines, names))
    assert like(tree, filled(outlines, dict(reversed(names.items())))), "a checkpoint gives them in any order"


@pytest.mark.parametrize("weight", ["text", object(), len, {1, 2}, 1j, [[1], "b"], np.array(["a"])])
def test_what_is_no_weight_is_named(weight):
    with pytest.raises(WganError, match=r"the weight 'a::\[0\].*give arrays of numbers in dicts, lists or tuples"):
        flat({"a": [weight]}, {})
    with pytest.raises(WganError, match="two weights are called '1'"):
        flat({1: 2.0, "1": 3.0}, {})


@pytest.mark.parametrize("empty", [(), [], {}, None], ids=str)
def test_layers_without_weights_train_resume_and_are_loaded(tmp_path, empty):
    def player(before, after):
        def init(rng, row):
            dense = rng.normal(size=(before, after)), np.zeros(after)
            return [empty, dense, {"relu": empty, "last": [empty]}]

        def apply(weights, x):
            first, (w, b), last = weights
            assert first == empty
            assert last == {"relu": empty, "last": [empty]}
            return x @ w + b

        return init, apply

    network = own_network(player(2, 1), player(3, 2))
    config = Config(data="points", network=network, engine="torch", **SMALL)
    whole = list(train(config, POINTS, out=tmp_path / "whole"))
    list(train(config, POINTS, out=tmp_path / "parts", stop=lambda at: at == 3))
    assert list(train(config, POINTS, out=tmp_path / "parts"))[-1]["critic_loss"] == whole[-1]["critic_loss"]
    again = own_network(player(2, 1), player(3, 2))
    loaded = models.load_model(tmp_path / "whole", network=again)
    np.testing.assert_array_equal(
        models.sample(loaded, 5), models.sample(models.load_model(tmp_path / "parts", network=network), 5)
    )


def test_export_writes_the_layers_of_ones_own_and_refuses_code(tmp_path):
    from wgan.export import export, sample
    from wgan.game.building import activation, dense
    from wgan.game.networks import Architecture

    layers = Architecture(
        "layers", [dense(4), activation("tanh"), dense(1)], [dense(4), activation("relu"), dense(2)], "he"
    )
    for network in (layers, modules()):
        list(train(Config(**SMALL, network=network), POINTS, out=tmp_path / network.name))
    pytest.importorskip("onnx", reason="onnx is not installed")
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    export(tmp_path / "layers", tmp_path / "g.onnx", network=layers)
    wanted = wgan.load(tmp_path / "layers", network=layers).sample(5, seed=1)
    np.testing.assert_allclose(sample(tmp_path / "g.onnx", 5, 1)[0], wanted, atol=1e-5)
    with pytest.raises(WganError, match=r"code of your own; write it with torch\.onnx\.export"):
        export(tmp_path / "mine", tmp_path / "h.onnx", network=modules())
