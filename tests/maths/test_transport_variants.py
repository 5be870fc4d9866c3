"""Sinkhorn, sliced W1 and debiased W1 against fixed points, quadrature and repetition."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.special import logsumexp
from scipy.stats import wasserstein_distance

from wgan.maths.transport import debiased_w1, sinkhorn, sliced_w1, solvers, w1


def samples(n=40, m=40, d=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)), rng.standard_normal((m, d)) + 0.5


def test_scaling_is_sinkhorns_fixed_point():
    X, Y = samples(30, 20)
    a, b = np.full(30, 1 / 30), np.full(20, 1 / 20)
    C, epsilon = cdist(X, Y), 0.05
    u, v = np.zeros(30), np.zeros(20)
    for _ in range(5000):
        u = -epsilon * logsumexp((v - C) / epsilon, b=b, axis=1)
        v = -epsilon * logsumexp((u[:, None] - C) / epsilon, b=a[:, None], axis=0)
    found = solvers.scale(C, a, b, np.zeros(20), epsilon, 5000, tolerance=1e-12)
    np.testing.assert_allclose(found.u + found.v[0], u + v[0], atol=1e-9)
    result = sinkhorn(X, Y, epsilon=epsilon, tolerance=1e-9)
    value = a @ u + b @ v
    assert result.entropic.converged
    assert result.entropic.lower == pytest.approx(value, rel=1e-8)
    assert -1e-12 <= result.primal_dual_gap <= 1e-6 * value
    assert result.lower <= w1(X, Y).value <= result.upper


def test_sinkhorn_says_when_it_has_not_converged():
    result = sinkhorn(*samples(), epsilon=1e-4, iterations=30)
    assert not result.entropic.converged
    assert result.entropic.iterations <= 30
    assert result.lower <= w1(*samples()).value <= result.upper


def test_sliced_is_the_mean_over_the_circle_within_its_standard_error():
    X, Y = samples(60, 45, 2)
    result = sliced_w1(X, Y, directions=400)
    angles = np.pi * (np.arange(720) + 0.5) / 720
    theta = np.stack([np.cos(angles), np.sin(angles)], 1)
    circle = np.mean([wasserstein_distance(X @ t, Y @ t) for t in theta])
    assert abs(result.value - circle) <= 4 * result.standard_error
    assert 0 < result.standard_error < 0.1 * circle
    shift = sliced_w1(X, X + np.array([3.0, 0.0]), directions=2000)
    assert abs(shift.value - 3 * 2 / np.pi) <= 4 * shift.standard_error


def test_debiased_w1_has_mean_0_where_nothing_differs():
    values, plain = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        X, Y = rng.standard_normal((60, 8)), rng.standard_normal((60, 8))
        result = debiased_w1(X, Y, seed=seed)
        assert result.lower <= result.value <= result.upper
        assert 0 <= result.upper - result.lower <= 1e-9, "the four distances are exact"
        assert result.value == pytest.approx(result.cross - result.floor, abs=1e-12)
        values.append(result.value)
        plain.append(result.cross)
    assert abs(np.mean(values)) <= 4 * np.std(values) / 40**0.5
    assert np.mean(plain) > 50 * abs(np.mean(values))
    far = debiased_w1(X, X + 10.0)
    assert far.cross == pytest.approx(10 * 8**0.5, rel=0.05)
    assert far.value < far.cross - 1, "the floor is taken off although a shift needs no correction, as documented"


def test_what_is_returned_besides_the_value():
    X, Y = samples(30, 20)
    a, b = np.arange(1.0, 31), np.arange(20.0, 0, -1)
    entropic, sliced, debiased = sinkhorn(X, Y, a, b), sliced_w1(X, Y, a, b), debiased_w1(X, Y)
    assert (entropic.n, sliced.n, debiased.n) == ((30, 20), (30, 20), 10)
    assert (sliced.directions, sinkhorn(X, Y, a, b, iterations=7).entropic.iterations) == (128, 7)
    assert all(0 <= result.seconds < 60 for result in (entropic, sliced, debiased, w1(X, Y)))
    exact = w1(X, Y, a, b)
    assert entropic.lower <= exact.value <= entropic.upper
    one, other = sliced_w1(X[:, :1], Y[:, :1], a, b).value, wasserstein_distance(X[:, 0], Y[:, 0], a, b)
    assert one == pytest.approx(other, rel=1e-12)
