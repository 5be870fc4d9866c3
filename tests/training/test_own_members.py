"""Members of the families given as objects: what a run saves of them, how it continues, and who may open it."""

import subprocess
import sys

import numpy as np
import pytest

import wgan
from wgan import Config, WganError, data, train
from wgan.game.building import dense
from wgan.game.constraints import Constraint, clip, gradient_penalty
from wgan.game.networks import Architecture
from wgan.game.objectives import Objective, wasserstein
from wgan.runs import checkpoint
from wgan.training.model import load_model

POINTS = data.from_array(np.random.default_rng(0).normal(size=(200, 2)), name="points")
SMALL = {"latent": 3, "batch": 16, "log_every": 2, "checkpoint_every": 2, "decay": "none", "engine": "torch"}


def arrays(run):
    newest, _ = checkpoint.latest(run / "checkpoints")
    return newest.arrays


def test_a_member_given_as_an_object_is_resumed_with_its_parameters(tmp_path):
    config = Config(**SMALL, width=8, constraint=clip(0.1), steps=4)
    list(train(config, POINTS, out=tmp_path / "a"))
    again = wgan.load(tmp_path / "a").config_
    assert (again.constraint, again.clip) == ("clip", 0.1)
    with pytest.raises(WganError, match=r"clip: saved 0\.1, asked 0\.01"):
        list(train(config.replace(constraint=clip()), POINTS, out=tmp_path / "a"))
    list(train(again.replace(steps=8), POINTS, out=tmp_path / "a"))
    list(train(config.replace(steps=8), POINTS, out=tmp_path / "b"))
    one, two = arrays(tmp_path / "a"), arrays(tmp_path / "b")
    assert all(np.array_equal(one[name], two[name]) for name in two)
    largest = max(np.abs(w).max() for name, w in one.items() if name.startswith("critic/"))
    assert 0.01 < largest <= np.float32(0.1)


def halved(name="halved"):
    """A penalty of one's own that pulls the norm of the gradient to 1/2."""

    def penalty(engine, score, real, fake, mix):
        slope = engine.input_grad(score, real).reshape(len(real), -1)
        norm = engine.ops.sqrt((slope * slope).sum(1) + 1e-12)
        return ((norm - 0.5) * (norm - 0.5)).mean(), norm.mean()

    return Constraint(name, penalty=penalty)


def tripled(name="tripled"):
    plain = wasserstein()
    return Objective(name, lambda ops, real, fake: 3 * plain.critic_loss(ops, real, fake), plain.generator_loss,
                     plain.estimate, "three times the critic gap")  # fmt: skip


OWN = {
    "objective": tripled,
    "constraint": halved,
    "network": lambda name="line": Architecture(name, [dense(1)], [dense(2)], "he"),
}


@pytest.mark.parametrize("family", OWN)
def test_a_run_with_an_object_of_ones_own_goes_on_and_is_opened_with_that_object(tmp_path, family):
    run, own = tmp_path / "run", OWN[family]()
    config = Config(**SMALL, **{family: own}, steps=6)
    list(train(config.replace(steps=4), POINTS, out=run))
    list(train(config, POINTS, out=run))
    list(train(config, POINTS, out=tmp_path / "whole"))
    one, two = arrays(run), arrays(tmp_path / "whole")
    assert one.keys() == two.keys()
    assert all(np.array_equal(one[name], two[name]) for name in two), "it continues with the object"
    list(train(Config(**SMALL, steps=6), POINTS, out=tmp_path / "default"))
    assert any(not np.array_equal(w, two.get(name)) for name, w in arrays(tmp_path / "default").items()), "and is of it"
    model = wgan.load(run, **{family: own})
    sampled = model.sample(3, seed=1)
    assert sampled.shape == (3, 2)
    assert getattr(model.config_, family) is own
    model.set_params(**{family: own}).partial_fit(POINTS.rows)
    with pytest.raises(WganError, match=f"made with {family} {own.name}, not with this other"):
        load_model(run, **{family: OWN[family]("other")})
    if family == "objective":  # which sampling does not need
        np.testing.assert_array_equal(wgan.load(run).sample(3, seed=1), sampled)
        with pytest.raises(WganError, match="objective 'tripled' is an object of your own"):
            list(train(load_model(run).config.replace(steps=8), POINTS, out=run))
    else:
        with pytest.raises(
            WganError, match=rf"{family} '{own.name}' is an object of your own.* wgan.load\(run, {family}=\.\.\.\)"
        ):
            wgan.load(run)
    done = subprocess.run([sys.executable, "-m", "wgan", "report", run], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert own.name in (run / "report.html").read_text()


def test_a_member_of_wgans_own_with_other_parameters_does_not_open_a_run(tmp_path):
    list(train(Config(**SMALL, width=8, constraint=clip(0.1), steps=2), POINTS, out=tmp_path / "run"))
    load_model(tmp_path / "run", constraint=clip(0.1))
    for other in (clip(0.2), gradient_penalty()):
        with pytest.raises(WganError, match="made with constraint clip, not with this"):
            load_model(tmp_path / "run", constraint=other)


@pytest.mark.parametrize("network", ["dcgan", "keras-cnn", "stax-cnn"])
def test_a_penalty_of_ones_own_gets_no_batch_norm_in_the_critic_unless_it_says_so(network):
    from wgan.training.model import game_of

    own = halved()
    kinds = {
        each_row: {layer["kind"] for layer in game_of(
            Config(network=network, width=4, constraint=own._replace(each_row=each_row), engine="torch"), (16, 16, 1)
        ).architecture.critic}
        for each_row in (True, False)
    }  # fmt: skip
    assert "layer_norm" in kinds[True]
    assert "batch_norm" not in kinds[True]
    assert "batch_norm" in kinds[False]
    with pytest.raises(WganError, match="critic_norm is batch under the halved constraint"):
        Config(network=network, critic_norm="batch", constraint=own)
    mixing = Architecture("mixing", [dense(4), {"kind": "batch_norm"}, dense(1)], [dense(2)], "he")
    with pytest.raises(
        WganError, match="constraint halved penalises each row by itself, but the critic of network mixing"
    ):
        game_of(Config(network=mixing, constraint=own, engine="torch"), (2,))


def test_a_constraint_of_ones_own_that_bounds_layers_refuses_those_without_a_bound():
    from wgan.training.model import game_of

    own = Constraint("mine", bounds_layers=True)
    normed = Architecture("normed", [dense(4), {"kind": "layer_norm"}, dense(1)], [dense(2)], "he")
    with pytest.raises(WganError, match=r"constraint mine bounds the slope of each layer, .*\(layer_norm\)"):
        game_of(Config(network=normed, constraint=own, engine="torch"), (2,))
    assert (
        game_of(Config(network="dcgan", width=4, constraint=own, engine="torch"), (8, 8, 1)).constraint.name == own.name
    )


@pytest.mark.parametrize("framework", ["torch", "jax"])
@pytest.mark.parametrize(("name", "wrong", "sentence"), [
    ("critic_loss", lambda ops, real, fake: (real[:5] - fake[:4]).mean(), "critic_loss failed"),
    ("critic_loss", lambda ops, real, fake: fake - real, r"critic_loss returns shape \(\d+,\); return one number"),
    ("generator_loss", lambda ops, fake: fake.meen(), "generator_loss failed .AttributeError: "),
    ("estimate", lambda ops, real: 0.0, "estimate failed .TypeError: "),
])  # fmt: skip
def test_an_error_in_an_objective_of_ones_own_names_it(framework, name, wrong, sentence):
    pytest.importorskip(framework)
    own = tripled()._replace(**{name: wrong})
    config = Config(**SMALL | {"engine": framework}, objective=own, network="mlp", width=8, steps=2)
    with pytest.raises(WganError, match=f"in your objective 'tripled', {sentence}"):
        list(train(config, POINTS))


@pytest.mark.parametrize("framework", ["torch", "jax"])
def test_an_error_in_a_penalty_of_ones_own_names_it(framework):
    pytest.importorskip(framework)
    own = Constraint("odd", penalty=lambda engine, score, real, fake, mix: score(real[:3]) - score(fake[:4]))
    config = Config(**SMALL | {"engine": framework}, constraint=own, network="mlp", width=8, steps=2)
    with pytest.raises(WganError, match="in your constraint 'odd', penalty failed"):
        list(train(config, POINTS))
