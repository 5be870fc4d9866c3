"""The solvers of transport against SciPy, each other and brute force."""

import itertools
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from wgan.maths.transport import bounds, solvers, w1

EXAMPLES = int(os.environ.get("WGAN_EXAMPLES", "60"))  # of a property; 1,000 were run by hand
SHARP = 1e-9


def samples(n=40, m=40, d=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)), rng.standard_normal((m, d)) + 0.5


@pytest.mark.parametrize(("n", "d"), [(5, 2), (199, 3), (250, 2), (250, 40)])
def test_an_assignment_is_scipys_with_potentials_that_meet_it(n, d):
    X, Y = samples(n, n, d)
    C = cdist(X, Y)
    result = w1(X, Y, solution=True)
    assert result.method == "assignment"
    assert result.value == pytest.approx(C[linear_sum_assignment(C)].mean(), rel=1e-13)
    assert result.gap <= 1e-12 * result.value
    source, target, share = result.plan
    np.testing.assert_array_equal(np.sort(target), np.arange(n))
    f, g = result.potentials
    np.testing.assert_allclose(f[source] - g[target], C[source, target], rtol=1e-9)  # complementary slackness
    np.testing.assert_allclose(share, 1 / n)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_network_simplex_and_the_linear_program_agree(monkeypatch, weighted):
    X, Y = samples(230, 310, 4)
    weights = (np.random.default_rng(1).random(230), np.random.default_rng(2).random(310)) if weighted else ()
    first = w1(X, Y, *weights)
    monkeypatch.setattr(bounds, "find_spec", lambda name: None)
    second = w1(X, Y, *weights)
    assert second.method == "linear program"
    if first.method == second.method:
        pytest.skip("POT is not installed")
    assert first.method == "network simplex"
    assert first.value == pytest.approx(second.value, rel=1e-9)
    assert max(first.gap, second.gap) <= SHARP * first.value


def test_the_linear_program_has_the_marginals_and_complementary_slackness():
    X, Y = samples(25, 40)
    rng = np.random.default_rng(3)
    a, b = rng.dirichlet(np.ones(25)), rng.dirichlet(np.ones(40))
    C = cdist(X, Y)
    found = solvers.linear_program(C, a, b, np.nonzero(np.ones_like(C)))
    np.testing.assert_allclose(np.bincount(found.source, found.share, 25), a, atol=1e-12)
    np.testing.assert_allclose(np.bincount(found.target, found.share, 40), b, atol=1e-12)
    v = (C - found.u[:, None]).min(0)
    np.testing.assert_allclose((found.u[:, None] + v)[found.source, found.target], C[found.source, found.target])


@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
@settings(max_examples=EXAMPLES, deadline=None)
def test_an_optimal_permutation_has_its_potential(n, seed):
    C = np.random.default_rng(seed).integers(0, 10, (n, n)).astype(float)
    best = min(sum(C[i, p[i]] for i in range(n)) for p in itertools.permutations(range(n)))
    found = solvers.assignment(C)
    assert C[found.source, found.target].sum() == best
    assert found.u.sum() + (C - found.u[:, None]).min(0).sum() == pytest.approx(best, abs=1e-9)
