"""Penalties that draw random numbers of their own, against NumPy, and penalties that act in some steps alone."""

import numpy as np
import pytest

from wgan import Config, WganError, train
from wgan.config import READERS
from wgan.engines import get_engine
from wgan.game import dropout, step
from wgan.game.building import activation, dense, reshape
from wgan.game.constraints import CONSTRAINTS, consistency, dragan, gradient_penalty
from wgan.game.layers import initial_arrays
from wgan.game.networks import Architecture
from wgan.game.objectives import wasserstein
from wgan.game.step import Game, Scores
from wgan.runs import checkpoint
from wgan.training.state import flatten, iterate, losses, penalised, start

ENGINE = get_engine("torch", "float64")
pytestmark = pytest.mark.usefixtures("compiled_quickly")
BY_DIFFERENCES = [name for name, read in READERS["constraint"].items() if "penalty_step" in read]
LAZY = [name for name, read in READERS["constraint"].items() if "penalty_every" in read]
SMALL = {"data": "digits", "network": "mlp", "width": 8, "batch": 6, "latent": 3, "steps": 10}


def number(scalar):
    return float(ENGINE.numpy(scalar))


def scores(layers, params, real, fake):
    """What a penalty gets as the critic of these layers."""
    game = Game(ENGINE, Architecture("own", layers, [], "he"), wasserstein(), gradient_penalty(), None)
    placed = {name: ENGINE.array(w) for name, w in params.items()}
    of_real, of_fake = (step.score(game, placed, ENGINE.array(rows)) for rows in (real, fake))
    return Scores(game, placed, None, of_real, of_fake)


def penalty_of(constraint, critic, real, fake, mix, noise):
    value, norm = constraint.penalty(ENGINE, critic, *map(ENGINE.array, (real, fake, mix, noise)))
    return number(value), number(norm)


@pytest.mark.parametrize("norm", [0.0, 0.3, 2.5])
def test_a_linear_critic_has_the_closed_form_of_dragan(norm):
    rng = np.random.default_rng(1)
    w = rng.normal(size=(1, 12))
    params = {"01.dense.weight": w * norm / np.linalg.norm(w), "01.dense.bias": np.array([0.7])}
    real, fake = rng.normal(size=(2, 5, 2, 3, 2))
    critic = scores([reshape(12), dense(1)], params, real, fake)
    value, slope = penalty_of(dragan(7.0), critic, real, fake, rng.random(5), rng.random((5, 12)))
    assert value == pytest.approx(7 * (norm - 1) ** 2, abs=1e-6)
    assert slope == pytest.approx(norm, abs=1e-7)


def test_dragan_takes_the_slope_near_real_rows_within_half_a_standard_deviation():
    rng = np.random.default_rng(2)
    real, fake, mix, noise = (
        3 + rng.normal(size=(4, 3, 2)),
        rng.normal(size=(4, 3, 2)),
        rng.random(4),
        rng.random((4, 6)),
    )
    # score = sum x^2 / 2 has gradient x
    value, _ = penalty_of(dragan(1.0), lambda x: (x * x).reshape(4, -1).sum(1) / 2, real, fake, mix, noise)
    points = real.reshape(4, -1) + mix[:, None] * real.std() / 2 * noise
    assert value == pytest.approx(((np.linalg.norm(points, axis=1) - 1) ** 2).mean(), rel=1e-12)


def test_consistency_is_the_gradient_penalty_and_the_distance_of_two_passes_that_drop_units():
    rng = np.random.default_rng(3)
    layers = [dense(5), activation("tanh"), dense(4), activation("relu"), dense(1)]
    params = {name: w.astype(float) for name, w in initial_arrays(layers, (3,), "he", rng).items()}
    real, fake, mix = rng.normal(size=(6, 3)), rng.normal(size=(6, 3)), rng.random(6)
    constraint = consistency(3.0)
    noise = rng.random((6, constraint.numbers(layers, (3,))))
    assert noise.shape == (6, 2 * (5 + 4))

    def dropped(part):  # the last two of the shares 0.2, 0.5, 0.5
        weight, bias = ([params[f"{n:02d}.dense.{what}"] for n in (0, 2, 4)] for what in ("weight", "bias"))
        first = np.tanh(real @ weight[0].T + bias[0]) * (part[:, :5] >= 0.5) / 0.5
        second = np.maximum(first @ weight[1].T + bias[1], 0) * (part[:, 5:] >= 0.5) / 0.5
        return second, (second @ weight[2].T + bias[2])[:, 0]

    (h1, f1), (h2, f2) = dropped(noise[:, :9]), dropped(noise[:, 9:])
    apart = (f1 - f2) ** 2 + 0.1 * ((h1 - h2) ** 2).mean(1)
    critic = scores(layers, params, real, fake)
    value, norm = penalty_of(constraint, critic, real, fake, mix, noise)
    alone, same_norm = gradient_penalty(3.0).penalty(ENGINE, critic, *map(ENGINE.array, (real, fake, mix)))
    assert value == pytest.approx(number(alone) + 2 * apart.mean(), rel=1e-12)
    assert apart.mean() > 0.01
    assert norm == number(same_norm)


def test_dropout_keeps_the_mean_and_drops_its_shares_of_the_last_three_activations():
    act, rng = activation("relu"), np.random.default_rng(4)
    layers = [dense(3), act, dense(4), act, reshape(2, 2), reshape(4), dense(5), act, dense(6), act, dense(1)]
    found = dropout.places(layers, (2,))
    assert {number: rate for number, (_, rate) in found.items()} == {3: 0.2, 7: 0.5, 9: 0.5}
    assert dropout.units(layers, (2,)) == 4 + 5 + 6
    one = [activation("tanh"), reshape(4000)]
    noise = rng.random((1, 4000))
    x = ENGINE.array(np.ones((1, 4000)))
    _, y = dropout.dropped(ENGINE.ops, one, {}, x, None, ENGINE.array(noise))
    values = ENGINE.numpy(y)[0] / np.tanh(1)
    assert set(np.round(values, 9)) == {0, 2}
    assert values.mean() == pytest.approx(1, abs=5 / np.sqrt(4000))  # five standard errors of 4,000 fair signs


def test_consistency_is_refused_where_it_would_do_nothing():
    layers = [dense(1)]
    with pytest.raises(WganError, match="has no layer that is an activation; use constraint='gradient-penalty'"):
        consistency().numbers(layers, (3,))
    architecture = Architecture("plain", layers, [dense(64), reshape(8, 8, 1)], "he")
    with pytest.raises(WganError, match="consistency drops hidden units"):
        start(Config(data="digits", network=architecture, constraint="consistency"))


class Quadratic:
    """The critic g.x + x^T H x / 2 as a penalty gets it, with its slopes g + H x."""

    def __init__(self, g, H, real, fake):
        self.g, self.H = ENGINE.array(g), ENGINE.array(H)
        self.real, self.fake = self(ENGINE.array(real)), self(ENGINE.array(fake))
        self.slopes = tuple(ENGINE.array(g + rows @ H) for rows in (real, fake))

    def __call__(self, x):
        return x @ self.g + (x @ self.H * x).sum(1) / 2


@pytest.mark.parametrize("name", BY_DIFFERENCES)
@pytest.mark.parametrize("h", [1e-3, 0.5, 2.0])
def test_the_penalty_by_differences_of_a_quadratic_critic_has_the_bias_that_its_curvature_says(name, h):
    """The squared rise over h is (|s| + h / 2 u^T H u)^2 for the slope s and u = s / |s|, so a line has no bias."""
    rng = np.random.default_rng(5)
    g, H = rng.normal(size=4), rng.normal(size=(4, 4))
    real, fake = rng.normal(size=(2, 6, 4))
    at = {"r1": real, "r2": fake, "r1-r2": np.concatenate([real, fake])}[name]
    for curved in (H + H.T, np.zeros((4, 4))):
        slope = g + at @ curved
        norm = np.linalg.norm(slope, axis=1)
        u = slope / norm[:, None]
        wanted = 3.5 * len(at) / 6 * np.mean((norm + h / 2 * (u @ curved * u).sum(1)) ** 2)
        critic = Quadratic(g, curved, real, fake)
        given = map(ENGINE.array, (real, fake, rng.random(6)))
        value, mean = CONSTRAINTS[name](7.0, penalty_step=h).penalty(ENGINE, critic, *given)
        assert number(value) == pytest.approx(wanted, rel=1e-9)
        assert number(mean) == pytest.approx(norm.mean(), rel=1e-9)


@pytest.mark.parametrize("name", BY_DIFFERENCES)
def test_the_gradient_by_differences_nears_the_exact_one_as_the_step_shrinks(name):
    config = Config(**SMALL | {"precision": "float64"}, activation="tanh", constraint=name, engine="torch")
    training = start(config)
    rng = np.random.default_rng(0)
    real, fake, mix = rng.normal(size=(6, 8, 8, 1)), rng.normal(size=(6, 8, 8, 1)), rng.random(6)

    def gradient(h):
        game = start(config.replace(penalty_step=h)).game
        found, _ = step.critic_gradient(game, training.state.critic, *map(ENGINE.array, (real, fake, mix)))
        return np.concatenate([ENGINE.numpy(g).ravel() for g in found.values()])

    exact = gradient(0.0)
    off = [np.linalg.norm(gradient(h) - exact) / np.linalg.norm(exact) for h in (1e-2, 1e-3)]
    assert 0 < off[0] < 0.1
    assert off[1] == pytest.approx(off[0] / 10, rel=0.2)  # the bias is of first order


def test_a_flat_critic_has_a_penalty_by_differences_of_0():
    real, fake = np.ones((2, 3, 4))
    critic = Quadratic(np.zeros(4), np.zeros((4, 4)), real, fake)
    value, _ = CONSTRAINTS["r1"](7.0, penalty_step=0.5).penalty(ENGINE, critic, *map(ENGINE.array, (real, fake, real)))
    assert number(value) == 0


def test_a_penalty_by_differences_asks_for_no_second_derivative(monkeypatch):
    training = start(Config(**SMALL, constraint="r1-r2", penalty_step=0.01, engine="torch"))
    monkeypatch.setattr(training.game.engine, "input_grad", lambda *_: pytest.fail("a gradient of the rows was taken"))
    iterate(training)
    assert losses(training)["penalty"] > 0


@pytest.mark.parametrize("name", LAZY)
def test_a_lazy_penalty_acts_in_every_third_critic_step_with_three_times_its_weight(name):
    """Gradient descent with a tiny rate barely moves the weights, so each step's penalty is seen in its gradient."""
    config = Config(**SMALL, constraint=name, penalty_every=3, n_critic=2, engine="torch", precision="float64")
    training = start(config)
    assert [penalised(training, at) for at in range(3)] == [(True, False), (False, True), (False, False)]
    once = start(config.replace(penalty_every=1))
    game, plain, state = training.game, step.without_penalty(training.game), training.state
    rows = np.random.default_rng(0).normal(size=(2, 6, 8, 8, 1))
    numbers = game.constraint.numbers
    rng = np.random.default_rng(1)
    noise = ENGINE.array(rng.random((6, numbers(game.architecture.critic, (8, 8, 1))))) if numbers else None
    given = *map(ENGINE.array, (*rows, rng.random(6))), 0.0, None, None, noise

    def gradient(played):
        seen = []
        recorder = type("Recorder", (), {"update": lambda self, p, g, m, rate: (seen.append(g), (p, m))[1]})()
        step.critic_step(played._replace(optimiser=recorder), state, *given)
        return np.concatenate([ENGINE.numpy(g).ravel() for g in seen[0].values()])

    without, with_three, with_one = gradient(plain), gradient(game), gradient(once.game)
    np.testing.assert_allclose(with_three - without, 3 * (with_one - without), rtol=1e-9, atol=1e-12)
    assert np.abs(with_one - without).max() > 0


def test_a_lazy_run_logs_the_last_penalty_and_resumes_as_if_unbroken(tmp_path):
    config = Config(**SMALL, constraint="r1", penalty_every=4, log_every=1, checkpoint_every=3, diagnose_every=100)
    whole = list(train(config, out=tmp_path / "whole"))
    list(train(config, out=tmp_path / "broken", stop=lambda at: at == 6))
    list(train(config, out=tmp_path / "broken"))
    assert all("penalty" in record for record in whole[1:])
    seen = [record["penalty"] for record in whole[1:]]
    assert len(set(seen[:4])) == 1 != len(set(seen))
    one, two = (checkpoint.latest(tmp_path / run / "checkpoints")[0] for run in ("whole", "broken"))
    assert all(np.array_equal(one.arrays[name], two.arrays[name]) for name in one.arrays)
    assert one.meta == two.meta


@pytest.mark.parametrize(
    "more",
    [{"constraint": name, "penalty_step": 0.1} for name in BY_DIFFERENCES]
    + [{"constraint": name, "penalty_every": 3} for name in ("gradient-penalty", "dragan")],
)
def test_differences_and_lazy_penalties_are_the_same_on_both_engines(more):
    pytest.importorskip("jax", reason="JAX is not installed")
    found = []
    for engine in ("torch", "jax"):
        training = start(Config(**SMALL | {"n_critic": 2, "precision": "float64", "engine": engine} | more))
        for _ in range(2):
            iterate(training)
        found.append(flatten(training))
    for name, first in found[0].items():
        np.testing.assert_allclose(
            first, found[1][name], rtol=1e-6, atol=1e-8, err_msg=name
        )  # Adam divides rounding by 1e-8


def test_a_penalty_by_differences_sees_the_conditions_of_its_rows():
    config = Config(**SMALL, constraint="r1-r2", conditional="projection", penalty_step=1e-4, engine="torch")
    training = start(config.replace(precision="float64"))
    iterate(training)
    exact = start(config.replace(precision="float64", penalty_step=0.0))
    iterate(exact)
    assert losses(training)["penalty"] == pytest.approx(losses(exact)["penalty"], rel=1e-3)
