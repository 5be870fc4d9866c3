"""Penalties that draw random numbers of their own, against NumPy, and penalties that act in some steps alone."""

from itertools import product

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
    with pytest.raises(WganError, match="has no layer that is an activation; use constraint=.gradient-penalty"):
        consistency().numbers(layers, (3,))
    architecture = Architecture("plain", layers, [dense(64), reshape(8, 8, 1)], "he")
    with pytest.raises(WganError, match="consistency drops hidden units"):
        start(Config(data="digits", network=architecture, constraint="consistency"))


def signs(numbers):
    """Uniform numbers of every pattern of signs: the mean over them is the mean over the random signs."""
    return np.array(list(product((0.25, 0.75), repeat=numbers)))


@pytest.mark.parametrize("name", BY_DIFFERENCES)
@pytest.mark.parametrize("h", [1e-3, 0.5, 2.0])
def test_the_penalty_by_differences_of_a_linear_critic_is_the_exact_one_in_the_mean_for_every_step(name, h):
    rng, players = np.random.default_rng(5), 2 if name == "r1-r2" else 1
    noise = signs(4 * players)
    w = rng.normal(size=(1, 4))
    params = {"00.dense.weight": w, "00.dense.bias": np.array([0.7])}
    real, fake = rng.normal(size=(2, len(noise), 4))
    critic = scores([dense(1)], params, real, fake)
    value, slope = penalty_of(CONSTRAINTS[name](7.0, penalty_step=h), critic, real, fake, noise[:, 0], noise)
    exact = 3.5 * players * (w**2).sum()
    assert value == pytest.approx(exact, rel=1e-9)
    assert slope == pytest.approx(np.linalg.norm(w), rel=1e-9)


@pytest.mark.parametrize("name", BY_DIFFERENCES)
def test_the_bias_by_differences_grows_with_the_square_of_the_step_as_the_curvature_says(name):
    """For the critic g.x + x^T H x / 2 the mean of the squared rise over h is |grad f|^2 + h^2 / 4 E (u^T H u)^2."""
    rng, players, size = np.random.default_rng(6), 2 if name == "r1-r2" else 1, 3
    noise = signs(size * players)
    g, H = rng.normal(size=size), rng.normal(size=(size, size))
    H = H + H.T
    at_real, at_fake = rng.normal(size=(2, size))
    real, fake = (np.tile(x, (len(noise), 1)) for x in (at_real, at_fake))

    class Quadratic:
        def __call__(self, x):
            return x @ ENGINE.array(g) + (x @ ENGINE.array(H) * x).sum(1) / 2

    critic = Quadratic()
    critic.real, critic.fake = (critic(ENGINE.array(rows)) for rows in (real, fake))
    one = CONSTRAINTS[name]
    exact, _ = one(2.0).penalty(ENGINE, critic, *map(ENGINE.array, (real, fake, noise[:, 0])))
    off = H - np.diag(np.diag(H))
    curvature = np.trace(H) ** 2 + 2 * (off**2).sum()  # E (u^T H u)^2
    for h in (0.01, 0.1, 1.0):
        value, _ = penalty_of(one(2.0, penalty_step=h), critic, real, fake, noise[:, 0], noise)
        assert value - number(exact) == pytest.approx(players * h**2 / 4 * curvature, rel=1e-6)


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
        np.testing.assert_allclose(first, found[1][name], rtol=1e-6, atol=1e-9, err_msg=name)


def test_a_penalty_by_differences_sees_the_conditions_of_its_rows():
    config = Config(**SMALL, constraint="r1-r2", conditional="projection", penalty_step=1e-4, engine="torch")
    training = start(config.replace(precision="float64"))
    iterate(training)
    exact = start(config.replace(precision="float64", penalty_step=0.0))
    iterate(exact)
    # five standard errors of 12 squares whose relative deviation is at most the square root of 2
    assert losses(training)["penalty"] == pytest.approx(losses(exact)["penalty"], rel=5 * (2 / 12) ** 0.5)
