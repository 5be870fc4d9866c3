"""Transport and divergences of the page against Python's, SciPy's and closed forms."""

import numpy as np
import pytest
from lab.node import run
from scipy import integrate, optimize, stats

import wgan
from wgan.maths.transport import emd


def histograms(seed, bins=9):
    random = np.random.default_rng(seed)
    first = random.integers(0, 6, bins)
    return (first + (first.sum() == 0)).tolist(), random.permutation(first + (first.sum() == 0)).tolist()


def test_the_worked_example_has_its_moves():
    found = run("return transport.emd1d([3, 2, 1, 4], [1, 2, 4, 3]);", transport="transport")
    assert found["moves"].tolist() == [2, 2, -1, 0]
    assert found["cost"] == 5
    assert [(m["amount"], m["source"], m["target"]) for m in found["order"]] == [(2, 0, 1), (2, 1, 2), (1, 3, 2)]


@pytest.mark.parametrize("seed", range(6))
def test_moves_plan_and_potential_of_histograms_give_the_cost_of_python(seed):
    p, q = histograms(seed)
    x = np.cumsum(np.random.default_rng(seed).uniform(0.1, 2, len(p))).tolist()
    found = run("return transport.emd1d(...given);", [p, q, x], transport="transport")
    wanted = emd(p, q, positions=x)
    assert found["cost"] == pytest.approx(wanted.cost, rel=1e-12, abs=1e-12)
    assert np.allclose(found["moves"], wanted.moves)
    assert [(m["amount"], m["source"], m["target"]) for m in found["order"]] == [tuple(m) for m in wanted.order]
    plan = np.zeros((len(p), len(q)))
    for part in found["plan"]:
        plan[part["source"], part["target"]] += part["amount"]
    assert np.allclose(plan.sum(1), p)
    assert np.allclose(plan.sum(0), q)
    assert (plan * np.abs(np.subtract.outer(x, x))).sum() == pytest.approx(wanted.cost, abs=1e-9)
    assert found["potential"] @ np.subtract(p, q) == pytest.approx(wanted.cost, abs=1e-9)
    assert (np.abs(np.diff(found["potential"])) <= np.diff(x) + 1e-12).all()


def linear_programme(cost, a, b):
    n, m = cost.shape
    rows, columns = np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))
    return optimize.linprog(cost.ravel(), A_eq=np.vstack([rows, columns]), b_eq=np.concatenate([a, b])).fun


@pytest.mark.parametrize(
    ("n", "m", "weighted"), [(40, 40, False), (1, 5, False), (12, 7, True), (20, 31, True), (6, 6, False)]
)
def test_a_plan_in_the_plane_is_exact_and_its_potentials_prove_it(n, m, weighted):
    random = np.random.default_rng(n)
    X, Y = random.normal(size=(n, 2)), random.normal(1, 1, (m, 2)).round(1)  # rounded points tie
    a, b = (random.uniform(0, 1, size) if weighted else np.ones(size) for size in (n, m))
    a, b = a / a.sum(), b / b.sum()
    given = [X.ravel().tolist(), Y.ravel().tolist(), *([a.tolist(), b.tolist()] if weighted else [None, None])]
    found = run("return transport.emd(...given);", given, transport="transport")
    cost = np.linalg.norm(X[:, None] - Y[None], axis=2)
    assert found["cost"] == pytest.approx(linear_programme(cost, a, b), abs=1e-9)
    u, v = (np.atleast_1d(found[name]) for name in ("potentialX", "potentialY"))
    assert (u[:, None] + v[None] <= cost + 1e-9).all()
    assert u @ a + v @ b == pytest.approx(found["cost"], abs=1e-9)
    plan = np.zeros((n, m))
    for part in found["plan"]:
        plan[part["source"], part["target"]] += part["amount"]
    assert np.allclose(plan.sum(1), a, atol=1e-9)
    assert np.allclose(plan.sum(0), b, atol=1e-9)


def test_the_exact_w1_is_that_of_wgan_w1_and_lies_between_its_bounds():
    random = np.random.default_rng(0)
    X, Y = random.normal(size=(128, 2)), random.normal(0.5, 2, (128, 2))
    script = "return [transport.emd(...given).cost, transport.w1Bounds(...given)];"
    cost, bounds = run(script, [X.ravel().tolist(), Y.ravel().tolist()], transport="transport")
    assert cost == pytest.approx(wgan.w1(X, Y, method="exact").value, rel=1e-9)
    assert 0.5 * cost < bounds["lower"] <= cost <= bounds["upper"] < 1.05 * cost


@pytest.mark.parametrize("seed", range(4))
def test_divergences_of_histograms_are_those_of_python(seed):
    p, q = histograms(seed)
    found = run("return [d.kl, d.js, d.tv].map((f) => f(...given));", [p, q], d="divergences")
    P, Q = np.array(p) / sum(p), np.array(q) / sum(q)
    with np.errstate(divide="ignore", invalid="ignore"):
        kl = np.inf if (P[Q == 0] > 0).any() else stats.entropy(P, Q)
    middle = (P + Q) / 2
    js = (stats.entropy(P, middle) + stats.entropy(Q, middle)) / 2
    assert [float(one) for one in found] == pytest.approx([kl, js, np.abs(P - Q).sum() / 2])


@pytest.mark.parametrize("laws", [(0, 1, 3, 1), (0, 1, 0.5, 2), (1, 0.3, -2, 0.7), (0, 1, 0, 1), (0, 1, 40, 1)])
def test_divergences_of_gaussians_are_their_integrals(laws):
    found = run("return d.ofGaussians(...given);", laws, d="divergences")
    first, second = stats.norm(*laws[:2]), stats.norm(*laws[2:])
    x = np.linspace(-30, 70, 400_001)
    p, q = first.pdf(x), second.pdf(x)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = [np.where(f > 1e-290, f * np.log(f / ((p + q) / 2)), 0) for f in (p, q)]
    assert found["js"] == pytest.approx(integrate.trapezoid(sum(half) / 2, x), abs=1e-6)
    assert found["tv"] == pytest.approx(integrate.trapezoid(np.abs(p - q) / 2, x), abs=1e-6)
    assert found["w1"] == pytest.approx(integrate.trapezoid(np.abs(first.cdf(x) - second.cdf(x)), x), abs=1e-5)
    kl = np.log(laws[3] / laws[1]) + (laws[1] ** 2 + (laws[0] - laws[2]) ** 2) / (2 * laws[3] ** 2) - 0.5
    assert found["kl"] == pytest.approx(kl, abs=1e-12)


@pytest.mark.parametrize("laws", [(2, 1, 0, 1), (2, 1, 0, 2), (-1, 1.5, 1, 0.5)])
def test_the_best_critic_attains_the_distance_and_pulls_fakes_towards_real_rows(laws):
    x = np.linspace(-20, 20, 40_001)
    script = "return given[0].map((x) => d.bestCritic(x, ...given[1]).value);"
    value = run(script, [x.tolist(), laws], d="divergences")
    real, fake = stats.norm(*laws[:2]).pdf(x), stats.norm(*laws[2:]).pdf(x)
    found = run("return d.ofGaussians(...given);", laws, d="divergences")
    assert integrate.trapezoid(value * (real - fake), x) == pytest.approx(found["w1"], abs=1e-4)
    assert np.abs(np.diff(value)).max() <= 0.001 + 1e-9


def test_the_pull_of_a_discriminator_is_the_derivative_of_its_loss():
    script = "return [0, 1e-6].map((by) => d.bestDiscriminator(given + by, 2, 1, 0, 1.5));"
    at, beside = run(script, 0.7, d="divergences")
    derivative = (np.log1p(-beside["value"]) - np.log1p(-at["value"])) / 1e-6
    assert at["saturating"] == pytest.approx(-derivative, rel=1e-4)
    assert at["nonSaturating"] == pytest.approx((np.log(beside["value"]) - np.log(at["value"])) / 1e-6, rel=1e-4)
    assert at["slope"] == pytest.approx((beside["value"] - at["value"]) / 1e-6, rel=1e-4)


@pytest.mark.parametrize("theta", [-0.5, 0, 2])
def test_two_lines_have_the_distances_of_the_paper(theta):
    found, slopes = run("return [d.ofLines(given), d.slopesOfLines(given)];", theta, d="divergences")
    wanted = (np.inf, np.log(2), 1, abs(theta)) if theta else (0, 0, 0, 0)
    assert tuple(found[name] for name in ("kl", "js", "tv", "w1")) == pytest.approx(wanted)
    if theta:
        assert [slopes[name] for name in ("kl", "js", "tv", "w1")] == [0, 0, 0, np.sign(theta)]
