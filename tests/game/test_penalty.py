"""The gradient penalty against its closed form and against finite differences, the projections, the losses."""

import numpy as np
import pytest
import torch

from wgan.config import READERS, Config, resolve
from wgan.engines import get_engine
from wgan.game import step
from wgan.game.building import (
    GLOBAL_MEAN,
    MEAN_POOL,
    activation,
    conv,
    conv_transpose,
    dense,
    reshape,
    residual,
    upsample,
)
from wgan.game.constraints import CONSTRAINTS, clip, gradient_penalty, sphere
from wgan.game.layers import apply_layers, initial_arrays
from wgan.game.networks import Architecture
from wgan.game.objectives import OBJECTIVES, minimax, non_saturating, wasserstein
from wgan.game.step import Game

ENGINE = get_engine("torch", "float64")


def number(scalar):
    return float(ENGINE.numpy(scalar))


def scorer(layers, params):
    return lambda rows: apply_layers(ENGINE.ops, layers, params, rows).reshape(-1)


@pytest.mark.parametrize("norm", [0.0, 0.3, 1.0, 2.5])
@pytest.mark.parametrize("sides", ["two", "one"])
def test_a_linear_critic_has_the_closed_form_penalty(norm, sides):
    rng = np.random.default_rng(1)
    w = rng.normal(size=(1, 12))
    w *= norm / np.linalg.norm(w)
    params = {"01.dense.weight": ENGINE.array(w), "01.dense.bias": ENGINE.array([0.7])}
    real, fake = (ENGINE.array(rng.normal(size=(5, 2, 3, 2))) for _ in range(2))
    penalty, slope = gradient_penalty(penalty_weight=7.0, penalty_sides=sides).penalty(
        ENGINE, scorer([reshape(12), dense(1)], params), real, fake, ENGINE.array(rng.random(5))
    )
    excess = norm - 1 if sides == "two" else max(0.0, norm - 1)
    assert number(penalty) == pytest.approx(7.0 * excess**2, abs=1e-6 if norm == 0 else 1e-12)
    assert number(slope) == pytest.approx(norm, abs=1e-7)


def test_eps_is_one_number_a_row_and_the_norm_goes_over_all_of_a_rows_dimensions():
    rng = np.random.default_rng(2)
    real, fake, mix = rng.normal(size=(4, 3, 3, 2)), rng.normal(size=(4, 3, 3, 2)), rng.random(4)
    # score = sum x^2 / 2 has gradient x, so the norm tells at which points it was taken
    penalty, slope = gradient_penalty(1.0).penalty(
        ENGINE, lambda x: (x * x).reshape(4, -1).sum(1) / 2, *map(ENGINE.array, (real, fake, mix))
    )
    points = np.stack([e * r + (1 - e) * f for e, r, f in zip(mix, real, fake, strict=True)]).reshape(4, -1)
    norms = np.sqrt((points**2).sum(1))
    assert number(slope) == pytest.approx(norms.mean(), rel=1e-12)
    assert number(penalty) == pytest.approx(((norms - 1) ** 2).mean(), rel=1e-12)


ZERO_CENTRED = {  # the penalty of weight 7 for the norms at real rows, at fakes and between them
    "r1": lambda real, fake, between: 3.5 * (real**2).mean(),
    "r2": lambda real, fake, between: 3.5 * (fake**2).mean(),
    "r1-r2": lambda real, fake, between: 3.5 * ((real**2).mean() + (fake**2).mean()),
    "zero-centred": lambda real, fake, between: 7 * (between**2).mean(),
    "wgan-div": lambda real, fake, between: 7 * (between**6).mean(),
}


def test_every_penalty_that_pulls_the_slope_to_0_has_a_closed_form_here():
    assert {name for name, make in CONSTRAINTS.items() if make().wanted_slope == 0} == ZERO_CENTRED.keys()


@pytest.mark.parametrize("norm", [0.0, 0.3, 2.5])
@pytest.mark.parametrize("name", ZERO_CENTRED)
def test_a_linear_critic_has_the_closed_form_of_each_zero_centred_penalty(name, norm):
    rng = np.random.default_rng(5)
    w = rng.normal(size=(1, 12))
    params = {"01.dense.weight": ENGINE.array(w * norm / np.linalg.norm(w)), "01.dense.bias": ENGINE.array([0.7])}
    real, fake = (ENGINE.array(rng.normal(size=(5, 2, 3, 2))) for _ in range(2))
    penalty, slope = CONSTRAINTS[name](penalty_weight=7.0).penalty(
        ENGINE, scorer([reshape(12), dense(1)], params), real, fake, ENGINE.array(rng.random(5))
    )
    assert number(penalty) == pytest.approx(ZERO_CENTRED[name](*[np.array([norm])] * 3), rel=1e-12, abs=1e-15)
    assert number(slope) == pytest.approx(norm, abs=1e-7)


@pytest.mark.parametrize("name", ZERO_CENTRED)
def test_each_zero_centred_penalty_takes_the_slope_at_its_own_points(name):
    rng = np.random.default_rng(6)
    real, fake, mix = rng.normal(size=(4, 3, 2)), 2 * rng.normal(size=(4, 3, 2)), rng.random(4)
    # score = sum x^2 / 2 has gradient x
    penalty, _ = CONSTRAINTS[name](penalty_weight=7.0).penalty(
        ENGINE, lambda x: (x * x).reshape(4, -1).sum(1) / 2, *map(ENGINE.array, (real, fake, mix))
    )
    between = mix[:, None, None] * real + (1 - mix[:, None, None]) * fake
    norms = (np.sqrt((points**2).reshape(4, -1).sum(1)) for points in (real, fake, between))
    assert number(penalty) == pytest.approx(ZERO_CENTRED[name](*norms), rel=1e-12)


def test_a_zero_gradient_gives_no_nan_in_float32():
    engine = get_engine("torch", "float32")
    layers = [dense(4), activation("relu"), dense(1)]
    params = {
        name: engine.array(np.zeros_like(w))
        for name, w in initial_arrays(layers, (3,), "he", np.random.default_rng(0)).items()
    }

    def loss(critic):
        def score(x):
            return apply_layers(engine.ops, layers, critic, x).reshape(-1)

        penalty, _ = gradient_penalty().penalty(engine, score, rows, rows, rows[:, 0])
        return penalty + score(rows).mean(), {"penalty": penalty}

    rows = engine.array(np.ones((2, 3)))
    gradient, info = engine.grad(loss, params)
    assert float(info["penalty"]) == pytest.approx(10.0)
    assert all(np.isfinite(engine.numpy(g)).all() for g in gradient.values())


SMALL = {  # critics with every kind of layer whose second derivative a penalty needs
    "dense": ((6,), [dense(5), activation("tanh"), {"kind": "layer_norm"}, dense(1)]),
    "leaky": ((6,), [dense(5), activation("leaky_relu"), dense(4), activation("tanh"), dense(1)]),
    "conv": (
        (5, 4, 2),
        [conv(3, 3, 2), {"kind": "layer_norm"}, activation("tanh"), reshape(18), dense(1)],
    ),
    "conv_transpose": (
        (2, 2, 2),
        [conv_transpose(3, 4, 2, (4, 3)), activation("tanh"), reshape(36), dense(1)],
    ),
    "residual": (
        (3, 4, 2),
        [
            residual(
                [conv(3, 3), activation("tanh"), MEAN_POOL],
                [MEAN_POOL, conv(3, 1)],
            ),
            upsample((4, 3)),
            activation("tanh"),
            GLOBAL_MEAN,
            dense(1),
        ],
    ),
}


# The loss is an objective's, which sees scores only, plus a penalty: so each is shown beside one of the other, and the
# penalties beside every critic.
SUMS = {(objective, "gradient-penalty", "dense") for objective in OBJECTIVES}
SUMS |= {("relativistic", constraint, "dense") for constraint in CONSTRAINTS}
SUMS |= {("wasserstein", constraint, name) for constraint in CONSTRAINTS for name in SMALL}


@pytest.mark.parametrize(("objective", "constraint", "name"), sorted(SUMS))
def test_the_critics_whole_loss_has_the_gradient_of_finite_differences(objective, constraint, name):
    assert_gradient_by_differences(name, Config(constraint=constraint, objective=objective))


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("constraint", sorted(n for n, read in READERS["constraint"].items() if "penalty_step" in read))
def test_a_penalty_by_differences_has_the_gradient_of_finite_differences(name, constraint, monkeypatch):
    kept, with_slopes = [], ENGINE.with_slopes

    def as_at_first(outputs, *rows):  # the gradient takes the direction of the step as a constant
        found, slopes = with_slopes(outputs, *rows)
        kept.append(slopes)
        return found, kept[0]

    monkeypatch.setattr(ENGINE, "with_slopes", as_at_first)
    assert_gradient_by_differences(name, Config(constraint=constraint, penalty_step=0.3, penalty_every=3))


def assert_gradient_by_differences(name, config):
    row, layers = SMALL[name]
    rng = np.random.default_rng(3)
    game = Game(
        ENGINE,
        Architecture("small", layers, [], "he"),
        resolve("objective", config),
        resolve("constraint", config),
        _Recorder(),
    )
    params = initial_arrays(layers, row, "he", rng)
    real, fake = rng.normal(size=(4, *row)), rng.normal(size=(4, *row)) + 0.5
    mix = rng.random(4)
    numbers = game.constraint.numbers
    noise = ENGINE.array(rng.random((4, numbers(layers, row)))) if numbers else None

    def run(values):
        state = step.State({n: ENGINE.array(v) for n, v in values.items()}, {}, {}, {}, {})
        given = *map(ENGINE.array, (real, fake, mix)), 0.0, None, None, noise
        with_gradient, info = step.critic_step(game, state, *given)
        return with_gradient.critic_optimiser, float(info["critic_loss"])

    gradient, _ = run(params)
    h = 1e-5
    for weight, value in params.items():
        for _ in range(3):
            at = tuple(rng.integers(n) for n in value.shape)
            values = []
            for sign in (1, -1):
                moved = value.astype(np.float64)
                moved[at] += sign * h
                values.append(run({**params, weight: moved})[1])
            slope = (values[0] - values[1]) / (2 * h)
            assert float(gradient[weight][at]) == pytest.approx(slope, rel=2e-5, abs=2e-7), weight


class _Recorder:
    """An optimiser that leaves the weights and remembers the gradient."""

    def update(self, params, gradient, memory, learning_rate):
        return params, gradient


def test_clip_bounds_every_weight_and_sphere_puts_each_layer_on_the_unit_sphere():
    rng = np.random.default_rng(4)
    layers = [dense(5), {"kind": "layer_norm"}, dense(3)]
    params = initial_arrays(layers, (4,), "he", rng)
    params = {name: ENGINE.array(w + 0.5) for name, w in params.items()}
    clipped = clip(0.01).project(ENGINE.ops, params, layers)
    assert all(float(w.abs().max()) <= 0.01 for w in clipped.values())
    on_sphere = sphere().project(ENGINE.ops, params, layers)
    for name, w in on_sphere.items():
        if name.endswith("weight"):
            assert float((w**2).sum()) == pytest.approx(1, rel=1e-12)
            assert torch.allclose(w * float((params[name] ** 2).sum()) ** 0.5, params[name])
        else:
            assert w is params[name]


REAL, FAKE = np.array([0.3, -1.2, 2.0]), np.array([-0.4, 1.1, -3.0])


def generator_loss(objective, real, fake):
    """The generator's loss, with the real scores where the objective needs them."""
    return float(objective.generator_loss(ENGINE.ops, fake, *[real] * objective.needs_real))


def softplus(x):
    return np.log1p(np.exp(x))


LOSSES = {  # the critic's and the generator's loss of scores r and f, after each paper
    "least-squares": lambda r, f: (((r - 1) ** 2).mean() / 2 + (f**2).mean() / 2, ((f - 1) ** 2).mean() / 2),
    "hinge": lambda r, f: (np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean(), -f.mean()),
    "relativistic": lambda r, f: (softplus(f - r).mean(), softplus(r - f).mean()),
    "relativistic-average": lambda r, f: (
        softplus(f.mean() - r).mean() + softplus(f - r.mean()).mean(),
        softplus(r.mean() - f).mean() + softplus(r - f.mean()).mean(),
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_the_newer_losses_are_those_of_the_papers(name):
    objective, real, fake = OBJECTIVES[name](), ENGINE.array(REAL), ENGINE.array(FAKE)
    of_critic, of_generator = LOSSES[name](REAL, FAKE)
    assert float(objective.critic_loss(ENGINE.ops, real, fake)) == pytest.approx(of_critic, rel=1e-12)
    assert generator_loss(objective, real, fake) == pytest.approx(of_generator, rel=1e-12)


P, Q = np.array([0.2, 0.5, 0.3]), np.array([0.4, 0.1, 0.5])
PAIRS = np.outer(P, Q)
JSD_OF_PAIRS = sum((a * np.log(2 * a / (a + b))).sum() / 2 for a, b in ((PAIRS, PAIRS.T), (PAIRS.T, PAIRS)))
BEST = {  # the best critic of three values, and the distance between P and Q that the estimate then equals
    "least-squares": (P / (P + Q), ((P - Q) ** 2 / (P + Q)).sum()),
    "hinge": (np.sign(P - Q), np.abs(P - Q).sum() / 2),
    "relativistic": (np.log(P / Q), JSD_OF_PAIRS),
}


@pytest.mark.parametrize("name", BEST)
def test_the_best_critics_estimate_is_the_distance_that_the_objective_names(name):
    best, distance = BEST[name]

    def estimate(critic):
        real, fake = (np.repeat(critic, np.round(10 * p).astype(int)) for p in (P, Q))
        real, fake = np.repeat(real, 10), np.tile(fake, 10)  # every pair of a real row and a fake
        return float(OBJECTIVES[name]().estimate(ENGINE.ops, ENGINE.array(real), ENGINE.array(fake)))

    assert estimate(best) == pytest.approx(distance, rel=1e-12)
    for moved in (*(0.1 * np.eye(3)), *(-0.1 * np.eye(3))):
        assert estimate(best + moved) <= distance + 1e-12


def test_the_losses_are_those_of_the_papers():
    real, fake = ENGINE.array(REAL), ENGINE.array(FAKE)
    d_real, d_fake = 1 / (1 + np.exp(-REAL)), 1 / (1 + np.exp(-FAKE))
    w = wasserstein()
    assert float(w.critic_loss(ENGINE.ops, real, fake)) == pytest.approx(FAKE.mean() - REAL.mean())
    assert float(w.generator_loss(ENGINE.ops, fake)) == pytest.approx(-FAKE.mean())
    assert float(w.estimate(ENGINE.ops, real, fake)) == pytest.approx(REAL.mean() - FAKE.mean())
    for pi in (0.5, 0.2):
        expected = -pi * np.log(d_real).mean() - (1 - pi) * np.log(1 - d_fake).mean()
        assert float(minimax(pi).critic_loss(ENGINE.ops, real, fake)) == pytest.approx(expected)
    assert float(minimax().generator_loss(ENGINE.ops, fake)) == pytest.approx(np.log(1 - d_fake).mean())
    assert float(non_saturating().generator_loss(ENGINE.ops, fake)) == pytest.approx(-np.log(d_fake).mean())


@pytest.mark.parametrize("pi", [0.5, 0.2, 0.9])
def test_the_best_discriminators_estimate_is_the_jensen_shannon_divergence_weighted_by_pi(pi):
    p, q = np.array([0.2, 0.5, 0.3]), np.array([0.4, 0.1, 0.5])
    counts = 10
    best = np.log(pi * p / ((1 - pi) * q))  # D / (1 - D) = pi p / ((1 - pi) q)
    real = np.repeat(best, np.round(counts * p).astype(int))
    fake = np.repeat(best, np.round(counts * q).astype(int))
    mixture = pi * p + (1 - pi) * q
    jsd = (pi * p * np.log(p / mixture)).sum() + ((1 - pi) * q * np.log(q / mixture)).sum()
    objective = minimax(pi)
    assert float(objective.estimate(ENGINE.ops, ENGINE.array(real), ENGINE.array(fake))) == pytest.approx(jsd)
    worse = float(objective.estimate(ENGINE.ops, ENGINE.array(real + 0.3), ENGINE.array(fake + 0.3)))
    assert worse < jsd


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_rewards_real_above_fake(name):
    objective = OBJECTIVES[name]()
    high, low = ENGINE.array([2.0, 3.0]), ENGINE.array([-2.0, -3.0])
    ops = ENGINE.ops
    assert objective.critic_loss(ops, high, low) < objective.critic_loss(ops, low, high)
    middle = ENGINE.array([0.5, -0.5])
    assert generator_loss(objective, middle, high) < generator_loss(objective, middle, low)
    assert objective.estimate(ops, high, low) > objective.estimate(ops, low, high)
    assert objective.name == name
    assert objective.estimates
