"""What a critic certifies, against exact distances and against a critic whose slope is known."""

import math

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

import wgan
from wgan import WganError
from wgan.config import FIELDS, Config
from wgan.engines import get_engine
from wgan.game.building import dense, reshape
from wgan.game.cones import TINY, from_rows, rounding
from wgan.game.constraints import CONSTRAINTS, Constraint
from wgan.game.layers import apply_layers, initial_arrays
from wgan.game.networks import Architecture
from wgan.maths import streams
from wgan.maths.known import independent, known
from wgan.training.critic import DEFAULT, READ, cones, critic_w1, train_critic
from wgan.training.model import game_of

QUICK = {"steps": 60, "width": 32, "batch": 64, "learning_rate": 5e-3}
LINEAR = Architecture("linear", [dense(1)], [], "he")


def exact(x, y):
    costs = cdist(x, y)
    return costs[linear_sum_assignment(costs)].mean()


@pytest.mark.parametrize("activation", ["relu", "groupsort"])
@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_the_certified_bound_is_below_the_exact_distance_and_above_nothing_observed(constraint, activation):
    pair = known("funnels", dimension=4, funnels=4, seed=7)
    x, y = independent(pair, 400, 1)
    more = {"clip": 0.1} if constraint == "clip" else {}
    if CONSTRAINTS[constraint]().brings_activation:
        activation = "auto"
    found = critic_w1(x, y, constraint=constraint, activation=activation, held_out=0.5, **more, **QUICK)
    assert found.n == (200, 200)
    held = [rows[streams.stream(0, "held_out", k).permutation(400)[:200]] for k, rows in enumerate((x, y))]
    truth = exact(*held)
    assert found.value == pytest.approx(found.score(held[0]).mean() - found.score(held[1]).mean())
    assert 0 <= found.lower <= truth
    assert found.lipschitz_lower <= found.lipschitz_upper
    assert found.lower == pytest.approx(max(0, found.value / found.lipschitz_upper), abs=1e-9)
    # even the value over the steepest slope seen among the held-out rows themselves need not be a bound, but
    # the rows' own slopes bound the value: value <= truth * (largest slope between them)
    assert found.value <= truth * found.lipschitz_lower * (1 + 1e-9)
    assert (found.upper, found.gap) == (math.inf, math.inf)
    assert found.histogram[0].sum() == len(found.gradient_norms) == 600
    if CONSTRAINTS[constraint]().bounds_layers:
        assert found.lipschitz_upper <= 1 + 1e-5
    if constraint == "orthogonal":
        assert found.lower > 0.3 * truth, "a bound that is worth having"


@pytest.mark.parametrize("swapped", [False, True])
def test_the_default_critic_certifies_most_of_the_distance_whichever_set_is_scored_high(swapped):
    """Funnels are upper envelopes; swapped they are lower ones. A shift needs the plane."""
    for pair, least in ((known("funnels", dimension=4, funnels=4, seed=7), 0.8), (known("shift", dimension=16), 0.8)):
        x, y = independent(pair, 4000, 1)
        found = critic_w1(*((y, x) if swapped else (x, y)), steps=200, width=32)
        assert found.method == "critic (cones)"
        assert found.lipschitz_upper == pytest.approx(1, abs=1e-9)
        assert found.value - 1e-5 <= found.lower <= found.value, "rounding is subtracted"
        assert found.lipschitz_lower <= found.lipschitz_upper
        assert found.lower > least * pair.w1, "an mlp with a penalty certifies less than 0.05 of it"
        direction = pair.gradient(x) * (-1 if swapped else 1)
        assert (found.gradient(x) * direction).sum(1).mean() > 0.8


def test_what_cones_do_not_read_makes_the_critic_an_mlp():
    x, y = np.random.default_rng(0).normal(size=(2, 40, 2))
    for fields in ({"constraint": "spectral"}, {"depth": 1}, {"activation": "tanh"}, {"network": "hybrid"}):
        found = critic_w1(x, y, steps=2, width=8, batch=8, **fields)
        assert found.method == f"critic ({fields.get('constraint', 'gradient-penalty')})"


def test_what_cones_cannot_use_is_refused_and_not_replaced_by_a_default():
    x, y = np.random.default_rng(0).normal(size=(2, 40, 2))
    with pytest.raises(WganError, match="width is 0; it must be"):
        critic_w1(x, y, steps=1, width=0)
    with pytest.raises(WganError, match="precision is bfloat16, but a critic of cones takes differences of squares"):
        critic_w1(x, y, steps=1, precision="bfloat16")


@pytest.mark.parametrize("columns", [1, 50, 784])
def test_the_rounding_of_cones_is_at_most_what_is_subtracted(columns):
    """Rows at the peaks themselves, where |x|^2 - 2 <x, p> + |p|^2 cancels."""
    x, y = np.random.default_rng(columns).normal(size=(2, 60, columns)) + 3
    architecture = cones((columns,), 60)
    layer = architecture.critic[1]
    made = initial_arrays([layer], (columns,), "he", np.random.default_rng(0))
    made |= {f"00.cones.{name}": rows for name, rows in (("peaks", x), ("valleys", y))}
    weights = {name: np.asarray(w, np.float64) for name, w in made.items()}
    exact = get_engine("torch", "float64")
    placed = {name: exact.array(w) for name, w in weights.items()}
    found = exact.numpy(apply_layers(exact.ops, [layer], placed, exact.array(x)))[:, 0]

    def distance(points):
        return np.sqrt(((x[:, None] - points[None]) ** 2).sum(2) + TINY)

    normal = weights["00.cones.normal"][0]
    envelopes = (-distance(x)).max(1) + distance(y).min(1)
    wanted = (envelopes + x @ normal / np.sqrt(normal @ normal + TINY)) / 3
    off = np.abs(found - wanted).max()
    assert off <= rounding(weights, x) + 1e-13 * np.abs(found).max()
    assert off > 0, "else the test shows nothing"


def test_cones_start_at_the_rows_which_repeat_where_there_are_fewer():
    high, low = np.arange(6.0).reshape(3, 2), -np.arange(4.0).reshape(2, 2)
    made = {f"01.cones.{name}": np.zeros((4, 2)) for name in ("peaks", "valleys")} | {
        "01.cones.normal": np.zeros((1, 2))
    }
    made |= {"01.cones.peak_bias": np.zeros(4)}
    found = from_rows(made, high.reshape(3, 1, 2), low.reshape(2, 1, 2))
    assert found["01.cones.peaks"].tolist() == [[0, 1], [2, 3], [4, 5], [0, 1]]
    assert found["01.cones.valleys"].tolist() == [[0, -1], [-2, -3], [0, -1], [-2, -3]]
    assert found["01.cones.normal"].tolist() == [[3, 5]]
    assert "01.cones.peak_bias" not in found
    assert "01.cones.normal" not in from_rows(made, high, high), "where the means are equal the way has no direction"


def test_a_linear_critic_is_exact():
    pair = known("shift", dimension=3, length=2.0)
    x, y = pair.sample(2000, 0)  # coupled: the two sets are a shift apart
    found = critic_w1(x, y, network=LINEAR, constraint="spectral", steps=300, learning_rate=0.02, held_out=0)
    assert found.lipschitz_upper == pytest.approx(found.lipschitz_lower, rel=1e-9)
    assert found.gradient_norms == pytest.approx(np.full(len(found.gradient_norms), found.lipschitz_upper), rel=1e-9)
    assert found.value == pytest.approx(2 * found.lipschitz_upper, rel=1e-3)
    assert found.lower == pytest.approx(2, rel=1e-3)
    assert found.lower <= 2
    direction = found.gradient(x[:1])[0] / found.lipschitz_upper
    assert direction @ pair.gradient(x[:1])[0] > 0.999


def test_the_gradient_is_that_of_the_score_in_the_units_of_the_rows():
    rng = np.random.default_rng(0)
    x, y = 1000 * rng.normal(size=(50, 3)) + 5000, 1000 * rng.normal(size=(50, 3))
    found = critic_w1(x, y, activation="tanh", **QUICK)
    points, h = x[:5], 1e-2
    for k in range(3):
        step = h * np.eye(3)[k]
        slope = (found.score(points + step) - found.score(points - step)) / (2 * h)
        np.testing.assert_allclose(found.gradient(points)[:, k], slope, rtol=1e-5, atol=1e-8)


def test_units_change_the_distance_and_not_the_slope():
    x, y = independent(known("shift", dimension=2), 300)
    plain, scaled = (critic_w1(c * x + b, c * y + b, **QUICK) for c, b in ((1, 0), (1024, 4096)))
    assert scaled.value == pytest.approx(1024 * plain.value, rel=1e-3)
    assert scaled.lipschitz_upper == pytest.approx(plain.lipschitz_upper, rel=1e-3)


def test_images_of_any_network_and_the_reason_where_nothing_is_certified():
    rng = np.random.default_rng(1)
    x, y = rng.random((40, 8, 8, 1)), rng.random((40, 8, 8, 1)) * 0.5
    more = {"width": 4, "batch": 16, "steps": 5}
    normed = critic_w1(x, y, network="keras-cnn", **more)
    assert normed.lipschitz_upper == math.inf
    assert "layer norm" in normed.unbounded
    assert normed.lower == 0
    bounded = critic_w1(x, y, network="dcgan", constraint="spectral", activation="groupsort", **more)
    assert bounded.lipschitz_lower <= bounded.lipschitz_upper <= 1 + 1e-5
    assert bounded.gradient(x[:3]).shape == (3, 8, 8, 1)


def test_a_seed_repeats_and_unequal_sets_and_watch():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(70, 2)), rng.normal(size=(31, 2)) + 1
    seen = []
    first, again, other = (critic_w1(x, y, seed=s, watch=seen.append, **QUICK) for s in (3, 3, 4))
    assert first.value == again.value != other.value
    assert first.n == (14, 6)
    assert seen == [*range(1, 61)] * 3


def test_rows_of_two_sets_of_one_size_meet_by_chance_only(monkeypatch):
    met = []

    def record(game, state, real, fake, mix, learning_rate):
        met.append(
            set(zip(*(np.ravel(game.engine.numpy(rows)).round(6).tolist() for rows in (real, fake)), strict=True))
        )
        return state, {}

    monkeypatch.setattr("wgan.game.step.critic_step", record)
    x = np.arange(100.0).reshape(100, 1)
    critic_w1(x, x, held_out=0, batch=100, steps=6)  # an epoch a step
    again = [len(a & b) for k, a in enumerate(met) for b in met[:k]]
    assert max(again) < 10  # of 100 pairs; 1 is expected, Poisson


@pytest.mark.parametrize(
    ("x", "y", "fields", "part"),
    [
        (np.ones((5, 2)), np.ones((5, 3)), {}, "shape .2. and rows of Y .3."),
        (np.full((5, 2), np.nan), np.ones((5, 2)), {}, "X holds NaN"),
        (np.ones((5, 2)), np.ones((0, 2)), {}, "Y has shape .0, 2."),
        (np.ones(5), np.ones(5), {}, "X has shape .5,."),
        ([["a"], ["b"]], np.ones((5, 1)), {}, "X is not an array of numbers"),
        (np.eye(5), np.eye(5) + 1, {"constraint": "spectra"}, "did you mean 'spectral'"),
        (np.eye(5), np.eye(5) + 1, {"widht": 3}, "did you mean 'width'"),
        (np.eye(5), np.eye(5) + 1, {"width": 3, "activation": "groupsort"}, "even width"),
        (np.eye(5), np.eye(5) + 1, {"constraint": "none", "learning_rate": 1e5, "steps": 30, "depth": 9}, "diverged"),
    ],
)
def test_what_is_wrong_is_said(x, y, fields, part):
    with pytest.raises(WganError, match=part):
        critic_w1(x, y, **fields)


def test_the_training_value_is_that_of_the_rows_that_are_not_held_out():
    x, y = independent(known("shift", dimension=2), 50, 1)
    found = critic_w1(x, y, held_out=0.4, **QUICK)
    orders = [streams.stream(0, "held_out", k).permutation(50) for k in range(2)]
    for value, kept in ((found.value, slice(20)), (found.training_value, slice(20, None))):
        expected = found.score(x[orders[0][kept]]).mean() - found.score(y[orders[1][kept]]).mean()
        assert value == pytest.approx(expected, rel=1e-9)
    assert found.value != pytest.approx(found.training_value, rel=1e-3)


def test_mixing_weights_and_the_learning_rate_are_those_of_the_step(monkeypatch):
    seen = []

    def record(game, state, real, fake, mix, learning_rate):
        seen.append((game.engine.numpy(mix).tobytes(), learning_rate))
        return state, {}

    monkeypatch.setattr("wgan.game.step.critic_step", record)
    x = np.random.default_rng(0).normal(size=(40, 2))
    critic_w1(x, x + 1, **QUICK | {"steps": 5}, decay="linear")
    mixes, rates = zip(*seen, strict=True)
    assert len(set(mixes)) == 5
    assert rates == pytest.approx([5e-3 * share for share in (1, 0.8, 0.6, 0.4, 0.2)])


CHANGED = {
    **{"objective": "fgan-alpha", "clip": 0.5, "penalty_weight": 3.0, "penalty_sides": "two", "network": "hybrid"},
    **{"width": 6, "depth": 2, "activation": "tanh", "critic_norm": "layer", "steps": 9, "batch": 5, "held_out": 0.4},
    **{"optimiser": "rmsprop", "learning_rate": 0.1, "decay": "none", "beta1": 0.5, "beta2": 0.1, "seed": 4},
    **{"constraint": "clip", "precision": "float64", "alpha": 2.0, "prior": 0.2},
    **{"penalty_every": 3, "penalty_step": 0.5},
}
NEEDED = {"clip": {"constraint": "clip"}, "alpha": {"objective": "fgan-alpha"}, "prior": {"objective": "fgan-js"}}
NEEDED |= {"penalty_step": {"constraint": "r1"}}


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_changes_what_a_critic_says_or_is_refused(name):
    x, y = np.random.default_rng(0).normal(size=(2, 30, 4, 4, 1))
    fields = {"width": 8, "steps": 6, "batch": 8, "engine": "torch"}
    if name not in READ:
        with pytest.raises(WganError, match=f"^{name} does nothing for a critic between two fixed sets"):
            wgan.w1(x, y + 1, method="critic", **fields, **{name: getattr(DEFAULT, name)})
        return
    if name == "engine":
        return  # the engines give one number
    before = fields | NEEDED.get(name, {})
    first, second = (critic_w1(x, y + 1, **one).value for one in (before, before | {name: CHANGED[name]}))
    assert first != second


@pytest.mark.parametrize("name", ["weights_x", "weights_y", "budget", "solution"])
@pytest.mark.parametrize("value", [1.0, True, [1, 2], np.ones(9), np.zeros(9)], ids=str)
def test_what_only_transport_reads_is_refused_by_a_critic(name, value):
    with pytest.raises(WganError, match="method critic takes no weights, budget or solution"):
        wgan.w1(np.eye(9), np.eye(9) + 1, method="critic", **{name: value})


def test_weights_by_their_place_are_refused_by_a_critic_too():
    with pytest.raises(WganError, match="method critic takes no weights"):
        wgan.w1(np.eye(9), np.eye(9) + 1, np.ones(9), method="critic", steps=1)


def test_identical_and_constant_sets_are_at_no_distance():
    x = np.random.default_rng(3).normal(size=(64, 2))
    assert critic_w1(x, x, held_out=0, steps=10).lower == pytest.approx(0, abs=1e-12)
    assert critic_w1(np.ones((9, 2)), np.ones((9, 2)), steps=3).value == 0


def test_a_critic_of_flattened_rows_sees_what_one_of_images_sees():
    x, y = np.random.default_rng(4).normal(size=(2, 40, 2, 2, 1))
    flat = Architecture("flat", [reshape(4), dense(1)], [], "he")
    fields = {name: value for name, value in QUICK.items() if name != "width"}
    images, rows = (critic_w1(a, b, network=flat, **fields) for a, b in ((x, y), (x.reshape(40, 4), y.reshape(40, 4))))
    assert images.value == pytest.approx(rows.value, rel=1e-12)


def test_w1_by_a_critic_is_a_method_of_w1():
    x = np.random.default_rng(0).normal(size=(200, 2))
    shifted = x + np.array([1.0, 0.0])
    found = wgan.w1(x, shifted, method="critic", steps=200, width=16)
    assert 0 < found.lower <= 1.5
    assert found.method.startswith("critic")
    assert wgan.w1(x, shifted).value == pytest.approx(1, abs=1e-9)
    with pytest.raises(WganError, match="method critic takes no weights"):
        wgan.w1(x, x, method="critic", budget=3.0)


@pytest.mark.parametrize("paired", [True, False])
def test_paired_rows_meet_and_others_do_not(paired):
    met = []

    def penalty(engine, score, real, fake, mix):
        met.append(engine.numpy(fake - real))
        return 0 * mix.mean(), mix.mean()

    seen = Constraint("seen", penalty=penalty)
    config = Config(network="mlp", width=4, steps=5, batch=16, engine="torch", constraint=seen)
    rows = np.random.default_rng(0).normal(size=(40, 2))
    train_critic(game_of(config, (2,)), config, rows, rows + 1, paired=paired)
    assert len(met) == 5
    assert np.allclose(met, 1, atol=1e-6) == paired
