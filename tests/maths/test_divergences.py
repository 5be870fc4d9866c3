"""The table of f-divergences against convex analysis, scipy and closed forms, and its bounds against the truth."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, norm, power_divergence, uniform

from wgan import Config, WganError
from wgan.config import resolve
from wgan.engines import ENGINES, get_engine
from wgan.game.objectives import f_gan, minimax
from wgan.maths.divergences import (
    DIVERGENCES,
    NUMPY,
    between_densities,
    between_samples,
    divergence,
    named,
    variational_bound,
)

ORDERS = (-1.5, -1.0, 0.0, 0.3, 0.5, 1.0, 1.7, 2.0)
ROWS = {name: make() for name, make in DIVERGENCES.items()}
ROWS |= {f"alpha {order:g}": named("alpha", alpha=order) for order in ORDERS}
ROWS |= {f"js {prior:g}": named("js", prior=prior) for prior in (0.1, 0.8)}
unhurried = settings(deadline=None, max_examples=50)
each_row = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)

U = np.geomspace(1e-3, 1e3, 61)
U = U[np.abs(U - 1) > 1e-9]  # where total variation has its kink
P, Q = np.array([0.2, 0.5, 0.3]), np.array([0.4, 0.1, 0.5])


@pytest.mark.parametrize("name", DIVERGENCES)
def test_every_row_is_found_by_its_name_and_says_what_it_is(name):
    row = named(name)
    assert row.name == name
    assert row.what
    assert named(row) is row
    assert DIVERGENCES[name].__doc__


@each_row
def test_fenchels_equality(row):
    """f(u) + f*(f'(u)) = u f'(u), and f' is the derivative of f."""
    slope = row.derivative(U)
    np.testing.assert_allclose(row.f(U) + row.conjugate(slope), U * slope, rtol=1e-9, atol=1e-9)
    h = 1e-6 * U
    np.testing.assert_allclose((row.f(U + h) - row.f(U - h)) / (2 * h), slope, rtol=1e-6, atol=1e-6)


@each_row
def test_the_conjugate_is_the_supremum(row):
    low, high = np.clip(row.domain, -4, 4)
    for t in np.linspace(low, high, 11)[1:-1]:

        def loss(log_u, t=t):
            return float(row.f(np.exp(log_u)) - t * np.exp(log_u))

        start = min(np.linspace(-30, 12, 400), key=loss)
        found = minimize_scalar(loss, bounds=(start - 0.2, start + 0.2), method="bounded", options={"xatol": 1e-10})
        if row.name == "pearson" and t < -2:  # the supremum is at a negative u, where f is (u - 1)^2 too
            assert row.conjugate(t) == pytest.approx(t * t / 4 + t)
            assert -found.fun <= row.conjugate(t)
        else:
            assert -found.fun == pytest.approx(float(row.conjugate(t)), rel=1e-6, abs=1e-6)


@each_row
def test_f_is_convex_and_has_the_stated_minimum_and_limits(row):
    assert float(row.f(np.array(1.0))) == pytest.approx(row.minimum, abs=1e-15)
    u, w = np.meshgrid(U, U)
    assert (row.f((u + w) / 2) <= (row.f(u) + row.f(w)) / 2 + 1e-9 * np.abs(row.f(u) + row.f(w)) + 1e-12).all()
    tiny = np.array([1e-300])
    at_zero, at_infinity = row.f(tiny)[0], (tiny * row.f(1 / tiny))[0]
    for limit, near in ((row.at_zero, at_zero), (row.at_infinity, at_infinity)):
        assert near == pytest.approx(limit, abs=1e-8) if math.isfinite(limit) else near > 500
    assert row.f(np.array(0.0)) == row.at_zero


@each_row
def test_the_activation_grows_into_the_domain_and_the_composite_is_the_conjugate_of_it(row):
    v = np.linspace(-6, 6, 121)
    t = row.activation(NUMPY, v)
    assert (np.diff(t) > 0).all(), "large scores are real"
    assert row.domain[0] <= t.min()
    assert t.max() <= row.domain[1]
    np.testing.assert_allclose(row.composite(NUMPY, v), row.conjugate(t), rtol=1e-9, atol=1e-9)
    if row.ratio is not None:
        inside = row.ratio(v) > 0
        np.testing.assert_allclose(row.derivative(row.ratio(v)[inside]), t[inside], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("engine", ENGINES)
@each_row
def test_the_stable_composite_is_exact_in_float32_where_scores_may_go(row, engine):
    engine = get_engine(engine, "float32")
    v = np.linspace(-30, 30, 61)
    found = engine.numpy(row.composite(engine.ops, engine.array(v)))
    np.testing.assert_allclose(found, row.composite(NUMPY, v), rtol=1e-5, atol=1e-6)


def test_the_formula_of_f_star_of_g_taken_literally_is_not():
    v = np.float32(18)
    t = -np.log1p(np.exp(-v))
    with np.errstate(divide="ignore"):
        assert -np.log(1 - np.exp(t)) == np.inf
    assert ROWS["gan"].composite(NUMPY, v) == 18


@pytest.mark.parametrize("engine", ENGINES)
@each_row
def test_the_row_is_the_same_through_an_engines_functions(row, engine):
    engine = get_engine(engine, "float64")
    v = np.linspace(-5, 5, 31)
    for function in (row.activation, row.composite):
        np.testing.assert_allclose(engine.numpy(function(engine.ops, engine.array(v))), function(NUMPY, v), rtol=1e-12)


# Histograms


def test_the_reference_values():
    assert divergence("js", P, Q) == pytest.approx(0.1024, abs=5e-5)
    assert divergence("gan", P, Q) == pytest.approx(-1.1815, abs=5e-5)
    assert divergence("gan", P, Q) == pytest.approx(2 * divergence("js", P, Q) - math.log(4), rel=1e-14)


histograms = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=9).map(np.array)
histograms = histograms.filter(lambda counts: (counts.sum(0) > 0).all())


@unhurried
@given(histograms)
def test_histograms_against_scipy_zeros_included(counts):
    p, q = (counts / counts.sum(0)).T
    expected = {
        "kl": entropy(p, q),
        "reverse-kl": entropy(q, p),
        "jeffrey": entropy(p, q) + entropy(q, p),
        "js": jensenshannon(p, q) ** 2,
        "tv": np.abs(p - q).sum() / 2,
        "hellinger": 2 - 2 * np.sqrt(p * q).sum(),
    }
    for name, value in expected.items():
        assert divergence(name, *counts.T) == pytest.approx(value, rel=1e-9, abs=1e-12), name
    for prior in (0.2, 0.7):
        m = prior * p + (1 - prior) * q
        value = prior * entropy(p, m) + (1 - prior) * entropy(q, m)
        assert divergence("js", *counts.T, prior=prior) == pytest.approx(value, rel=1e-9, abs=1e-12)


@unhurried
@given(histograms)
def test_the_power_family_against_scipys_statistic(counts):
    counts = counts + 1  # scipy's statistic takes no zeros
    p, q = (counts / counts.sum(0)).T
    for order in ORDERS:
        value = power_divergence(p, q, lambda_=order - 1).statistic / 2
        assert divergence("alpha", *counts.T, alpha=order) == pytest.approx(value, rel=1e-9, abs=1e-12)
    for name, order, factor in (("pearson", 2, 2), ("neyman", -1, 2), ("hellinger", 0.5, 0.5)):
        value = divergence("alpha", *counts.T, alpha=order)
        assert divergence(name, *counts.T) == pytest.approx(factor * value, rel=1e-9, abs=1e-12)


@each_row
@unhurried
@given(counts=histograms)
def test_divergences_lie_between_their_value_at_equality_and_at_disjoint_supports(row, counts):
    value = divergence(row, *counts.T)
    assert row.minimum <= value <= row.at_zero + row.at_infinity + 1e-12
    assert divergence(row, counts[:, 0], 3 * counts[:, 0]) == pytest.approx(row.minimum, abs=1e-12)


@each_row
def test_disjoint_supports_have_the_largest_value_and_no_error(row):
    assert divergence(row, [1, 2, 0, 0], [0, 0, 3, 1]) == pytest.approx(row.at_zero + row.at_infinity)


def test_what_is_known_of_disjoint_supports():
    values = {name: divergence(name, [1, 0], [0, 1]) for name in DIVERGENCES}
    infinite = {"kl", "reverse-kl", "jeffrey", "pearson", "neyman"}
    assert {name for name, value in values.items() if value == math.inf} == infinite
    assert values["js"] == math.log(2)
    assert (values["tv"], values["hellinger"]) == (1, 2)


def test_tiny_probabilities_are_not_taken_for_zero():
    value = divergence("kl", [0.5, 0.5], [1.0, 1e-320])
    assert value == pytest.approx(0.5 * math.log(0.5) + 0.5 * (math.log(0.5) - math.log(1e-320)), rel=1e-12)
    assert math.isfinite(value)


# Densities


def gaussians(mean, spread):
    return norm(mean, spread), norm(0, 1)


def power_integral(mean, spread, order):
    """The integral of p^order q^(1 - order) for N(mean, spread^2) and N(0, 1); inf where it diverges."""
    precision = order / spread**2 + 1 - order
    if precision <= 0:
        return math.inf
    exponent = -order * (1 - order) * mean**2 / (2 * spread**2 * precision)
    return spread**-order / math.sqrt(precision) * (math.exp(exponent) if exponent < 700 else math.inf)


def gaussian_truth(name, mean, spread):
    kl = (spread**2 + mean**2 - 1) / 2 - math.log(spread)
    reverse = (1 / spread**2 + mean**2 / spread**2 - 1) / 2 + math.log(spread)
    return {
        "kl": kl,
        "reverse-kl": reverse,
        "jeffrey": kl + reverse,
        "hellinger": 2 - 2 * power_integral(mean, spread, 0.5),
        "pearson": power_integral(mean, spread, 2) - 1,
        "neyman": power_integral(mean, spread, -1) - 1,
        "alpha": 4 * (1 - power_integral(mean, spread, 0.5)),
        "tv": 2 * norm.cdf(abs(mean) / 2) - 1 if spread == 1 else None,
    }.get(name)


@pytest.mark.parametrize(("mean", "spread"), [(0.0, 1.0), (0.7, 1.0), (-1.0, 0.8), (0.5, 1.3), (3.0, 1.2), (40.0, 1.0)])
@pytest.mark.parametrize("name", DIVERGENCES)
def test_quadrature_on_gaussians_against_closed_forms(name, mean, spread):
    p, q = gaussians(mean, spread)
    value = between_densities(name, p.logpdf, q.logpdf, -60, 60)
    truth = gaussian_truth(name, mean, spread)
    if truth is not None and truth < math.inf:
        assert value == pytest.approx(truth, rel=1e-7, abs=1e-9)
    if name in ("js", "gan", "tv"):  # no closed form: against a fine histogram
        x = np.linspace(-60, 60, 400_001)
        fine = divergence(name, p.pdf(x), q.pdf(x))
        assert value == pytest.approx(fine, abs=1e-7)


def test_quadrature_says_infinity_and_does_not_fail():
    wide, narrow = norm(0, 2), norm(0, 1)
    assert between_densities("pearson", wide.logpdf, narrow.logpdf) == math.inf
    assert between_densities("kl", norm(0, 20).logpdf, narrow.logpdf) == pytest.approx(399 / 2 - math.log(20), rel=1e-8)
    apart = uniform(0, 1).logpdf, uniform(2, 1).logpdf
    assert between_densities("kl", *apart, 0, 3) == math.inf
    assert between_densities("js", *apart, 0, 3) == pytest.approx(math.log(2), abs=1e-6)


def test_a_density_that_quadrature_misses_is_refused():
    with pytest.raises(WganError, match=r"p integrates to 0 on .*`low` and `high`"):
        between_densities("kl", norm(1e6, 1e-3).logpdf, norm(0, 1).logpdf)
    with pytest.raises(WganError, match=r"q integrates to 2 "):
        between_densities("kl", norm(0, 1).logpdf, lambda x: norm.logpdf(x) + math.log(2))


# Samples: the bound


def true_value(row, p, q):
    return between_densities(row, p.logpdf, q.logpdf, -30, 30)


@each_row
def test_the_best_critic_reaches_the_divergence_of_gaussians_and_others_stay_below(row):
    """E_P T - E_Q f*(T) by quadrature: equal at T = f'(p/q), below it for any other score."""
    p, q = norm(0.5, 0.9), norm(0, 1)
    truth = true_value(row, p, q)
    x = np.linspace(-12, 12, 20_001)
    weight_p, weight_q = p.pdf(x) * (x[1] - x[0]), q.pdf(x) * (x[1] - x[0])
    t = row.derivative(np.exp(p.logpdf(x) - q.logpdf(x)))
    best = (weight_p * t).sum() - (weight_q * row.conjugate(t)).sum()
    assert best == pytest.approx(truth, rel=1e-6, abs=2e-5 if row.name == "tv" else 1e-9)
    rng = np.random.default_rng(0)
    for _ in range(20):
        v = np.clip(np.polyval(rng.normal(size=3), x / 2), -4, 4)
        value = (weight_p * row.activation(NUMPY, v)).sum() - (weight_q * row.composite(NUMPY, v)).sum()
        assert value <= truth + 1e-9


@pytest.mark.parametrize("row", [row for row in ROWS.values() if row.ratio])
def test_the_bound_of_the_best_critics_scores_of_samples_is_the_divergence_within_its_error(row):
    rng = np.random.default_rng(1)
    p, q = norm(0.5, 0.9), norm(0, 1)
    truth = true_value(row, p, q)
    grid = np.linspace(-60, 60, 200_001)
    log_ratio_of = np.log(np.maximum(row.ratio(grid), 1e-300))

    def scores(rows):
        return np.interp(p.logpdf(rows) - q.logpdf(rows), log_ratio_of, grid)

    found = variational_bound(row, scores(rng.normal(0.5, 0.9, 20_000)), scores(rng.normal(0, 1, 20_000)))
    assert abs(found.value - truth) < 4 * found.standard_error
    assert found.standard_error < 0.1


@each_row
def test_the_fitted_bound_is_below_the_truth_and_near_it(row):
    rng = np.random.default_rng(2)
    p, q = norm(0.5, 0.9), norm(0, 1)
    truth = true_value(row, p, q)
    found = between_samples(row, rng.normal(0.5, 0.9, (4000, 1)), rng.normal(0, 1, (4000, 1)))
    assert found.value < truth + 4 * found.standard_error
    # A quadratic score is not the best one of every row, but it is nearly so for these two.
    assert found.value - row.minimum > 0.8 * (truth - row.minimum) - 4 * found.standard_error


def test_rows_of_one_distribution_have_a_bound_near_zero_on_rows_that_the_critic_has_not_seen():
    rng = np.random.default_rng(3)
    real, fake = rng.normal(size=(400, 8)), rng.normal(size=(400, 8))
    for name in DIVERGENCES:
        found = between_samples(name, real, fake)
        assert found.value - named(name).minimum <= 3 * found.standard_error, "the fit on its own rows would not be"


def test_separable_rows_have_finite_bounds_and_features_may_be_given():
    rng = np.random.default_rng(4)
    real, fake = rng.normal([50, 0], 1, (100, 2)), rng.normal([-50, 0], 1, (100, 2))
    for name in DIVERGENCES:
        for features in ("linear", "quadratic", np.tanh):
            found = between_samples(name, real, fake, features=features)
            assert math.isfinite(found.value)
    assert between_samples("js", real, fake, features="linear").value > 0.5


# The objectives


SCORES = np.array([0.3, -1.2, 1.4, 0.9]), np.array([-0.4, 1.1, -1.7, 0.2])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("generator_objective", ["saturating", "non-saturating"])
@pytest.mark.parametrize("name", DIVERGENCES)
def test_the_objectives_losses_are_the_bound_and_its_parts(name, generator_objective, engine):
    engine = get_engine(engine, "float64")
    own = {"js": {"prior": 0.3}, "alpha": {"alpha": -0.5}}.get(name, {})
    objective = resolve("objective", Config(objective=f"fgan-{name}", generator_objective=generator_objective, **own))
    row = named(name, **own)
    real, fake = SCORES
    ops, arrays = engine.ops, [engine.array(scores) for scores in SCORES]
    value = row.activation(NUMPY, real).mean() - row.conjugate(row.activation(NUMPY, fake)).mean()
    assert float(objective.critic_loss(ops, *arrays)) == pytest.approx(-value, rel=1e-12)
    assert float(objective.estimate(ops, *arrays)) == pytest.approx(value - row.minimum, rel=1e-12)
    assert variational_bound(row, real, fake).value == pytest.approx(value, rel=1e-12)
    t = row.activation(NUMPY, fake)
    expected = -row.conjugate(t).mean() if generator_objective == "saturating" else -t.mean()
    assert float(objective.generator_loss(ops, arrays[1])) == pytest.approx(expected, rel=1e-12)
    assert objective.name == f"fgan-{name}"
    assert row.what in objective.estimates


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("generator_objective", ["saturating", "non-saturating"])
@pytest.mark.parametrize("name", DIVERGENCES)
def test_the_objectives_gradients_by_scores_are_finite_differences(name, generator_objective, engine):
    engine = get_engine(engine, "float64")
    objective = f_gan(name, generator_objective, prior=0.3, alpha=1.5)
    losses = {
        "critic": lambda p: objective.critic_loss(engine.ops, p["real"], p["fake"]),
        "generator": lambda p: objective.generator_loss(engine.ops, p["fake"]) + 0 * p["real"].mean(),
    }
    for loss in losses.values():

        def value(real, fake, loss=loss):
            return float(loss({"real": engine.array(real), "fake": engine.array(fake)}))

        params = dict(zip(("real", "fake"), map(engine.array, SCORES), strict=True))
        gradient, _ = engine.grad(lambda p, loss=loss: (loss(p), {}), params)
        for player, position in (("real", 0), ("fake", 1)):
            for i in range(4):
                moved = [np.array(scores) for scores in SCORES]
                moved[position][i] += 1e-6
                above = value(*moved)
                moved[position][i] -= 2e-6
                slope = (above - value(*moved)) / 2e-6
                assert float(gradient[player][i]) == pytest.approx(slope, rel=1e-7, abs=1e-9)


def test_the_jensen_shannon_objective_is_minimax_and_gan_is_twice_it():
    engine = get_engine("torch", "float64")
    real, fake = map(engine.array, SCORES)
    for prior in (0.5, 0.2):
        theirs, mine = minimax(prior), f_gan("js", prior=prior)
        expected = float(theirs.estimate(engine.ops, real, fake))
        assert float(mine.estimate(engine.ops, real, fake)) == pytest.approx(expected, rel=1e-12)
    expected = 2 * float(minimax().critic_loss(engine.ops, real, fake))
    assert float(f_gan("gan").critic_loss(engine.ops, real, fake)) == pytest.approx(expected, rel=1e-12)


# Bad input


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (lambda: divergence("kll", P, Q), "unknown divergence 'kll'; did you mean 'kl'"),
        (lambda: divergence("kl", P, Q, alpha=2), "kl has no parameter 'alpha'; it takes no parameter"),
        (lambda: divergence("js", P, Q, alpha=2), "it takes prior"),
        (lambda: divergence("js", P, Q, prior=1), "prior is 1; it must be a number between 0 and 1"),
        (lambda: divergence("alpha", P, Q, alpha=math.nan), "alpha is nan"),
        (lambda: divergence("kl", P, Q[:2]), r"P has shape \(3,\) but Q has \(2,\)"),
        (lambda: divergence("kl", [1, -1], [1, 1]), "P must hold finite numbers of at least 0"),
        (lambda: divergence("kl", [1, 1], [0, 0]), "Q must hold .* positive sum"),
        (lambda: divergence("kl", [1, math.nan], [1, 1]), "P holds NaN"),
        (lambda: divergence("kl", ["a"], [1]), "P is not an array of numbers"),
        (lambda: divergence("kl", [], []), "positive sum"),
        (lambda: variational_bound("kl", [1.0], [1.0, 2.0]), "scores of 1 real and 2 fake rows"),
        (lambda: variational_bound("kl", [1.0, math.inf], [1.0, 2.0]), "array of real scores holds NaN or infinite"),
        (lambda: between_samples("kl", np.ones((9, 2)), np.ones((9, 3))), "real has 2 columns and fake has 3"),
        (lambda: between_samples("kl", np.ones((3, 2)), np.ones((9, 2))), "real has 3 rows; give at least 4"),
        (lambda: between_samples("kl", np.ones((9, 2)), np.full((9, 2), np.nan)), "fake holds NaN"),
        (lambda: between_samples("kl", np.ones((9, 2)), np.ones((9, 2)), features="cubic"), "unknown features 'cubic'"),
        (lambda: f_gan("pearsen"), "unknown divergence 'pearsen'; did you mean 'pearson'"),
    ],
)
def test_bad_input_gets_one_sentence(call, part):
    with pytest.raises(WganError, match=part):
        call()


# The page

PAGE = (Path(__file__).parents[2] / "docs/divergences.md").read_text()


def test_the_pages_numbers_are_what_its_calls_return():
    shown = re.findall(r"^((?:divergence|between_densities)\(.*\)) +# ([\w.]+)", PAGE, re.MULTILINE)
    assert len(shown) == 5
    names = {"divergence": divergence, "between_densities": between_densities, "norm": norm}
    for call, value in shown:
        assert eval(call, names) == pytest.approx(float(value.rstrip(".")), abs=5e-5), call


def test_the_pages_table_is_the_dicts():
    """Every cell of docs/divergences.md, evaluated, against the row that it describes."""
    cells = {
        line.split("|")[1].strip(" `"): [cell.strip(" `") for cell in line.split("|")[2:-1]]
        for line in PAGE.splitlines()
        if re.match(r"\| `[a-z-]+` \| `", line)
    }
    assert cells.keys() == DIVERGENCES.keys()
    v = np.linspace(-2, 2, 9)
    names = {name: getattr(np, name) for name in ("log", "exp", "sqrt", "tanh", "abs")}
    names |= {"log2": math.log(2), "softplus": NUMPY.softplus, "W": scipy.special.wrightomega, "inf": math.inf}
    for name, (f, domain, conjugate, activation, composite, ratio, threshold, disjoint) in cells.items():
        row = named(name)

        def read(text, **variables):
            return eval(text, {"__builtins__": {}}, names | {"pi": 0.5, "a": 0.5} | variables)

        t = row.activation(NUMPY, v)
        np.testing.assert_allclose(read(f, u=U), row.f(U), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(read(conjugate, t=t), row.conjugate(t), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(read(activation, v=v), t, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(read(composite, v=v), row.composite(NUMPY, v), rtol=1e-9, atol=1e-9)
        assert read(domain) == pytest.approx(row.domain)
        assert read(threshold) == pytest.approx(row.derivative(1.0))
        assert read(disjoint) == pytest.approx(row.at_zero + row.at_infinity)
        if row.ratio is None:
            assert ratio == "none"
        else:
            np.testing.assert_allclose(read(ratio, v=v), row.ratio(v), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", DIVERGENCES)
@pytest.mark.parametrize("count", [20, 60])
def test_few_rows_give_a_bound_of_the_size_of_the_divergence(name, count):
    """An f-divergence of two near Gaussians is below 10; one new row beyond the others once gave -1e9."""
    parameters = {"alpha": -1.0} if name == "alpha" else {}
    found = []
    for seed in range(20):
        rng = np.random.default_rng([5, seed])
        real, fake = rng.normal(1, 1, (count, 1)), rng.normal(0, 1, (count, 1))
        found.append(between_samples(name, real, fake, seed=seed, **parameters).value)
    assert np.abs(found).max() < 30
    assert -3 < np.median(found) < 3


def test_the_bound_of_neyman_is_near_its_truth_where_rows_are_many():
    """Of N(1, 1) and N(0, 1) the integral of q^2 / p, less 1, is e - 1; the bound has heavy tails."""
    found = []
    for seed in range(9):
        rng = np.random.default_rng([6, seed])
        found.append(between_samples("neyman", rng.normal(1, 1, (4000, 1)), rng.normal(0, 1, (4000, 1))).value)
    assert 0.6 * (np.e - 1) < np.median(found) < 1.2 * (np.e - 1)
