"""What a certified bound allows for: each part of its slack is needed by a case whose truth is known exactly."""

from dataclasses import replace

import numpy as np
import pytest
from mpmath import mp, mpf
from scipy.stats import wasserstein_distance

from wgan.maths.transport import certify


@pytest.mark.parametrize("size", [0.0, 1.0, 1e8, 1e16])
@pytest.mark.parametrize("columns", [1, 2, 64])
def test_no_rounding_lifts_a_lower_bound_above_the_truth(columns, size):
    """Two single points, whose W1 is their distance, and a potential as large as it likes: the sum u + v is rounded
    at the size of u, up as often as down."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        x, y = rng.standard_normal((2, 1, columns))
        with mp.workdps(40):
            truth = mp.sqrt(sum((mpf(float(p)) - mpf(float(q))) ** 2 for p, q in zip(x[0], y[0], strict=True)))
            p = certify.problem(x, y)
            u = np.full(1, size * (1 + rng.random()))
            assert mpf(certify.lower(p, u)[0]) <= truth
            plan = certify.Plan(np.array([0]), np.array([0]), np.array([1]), 1)
            assert mpf(certify.upper(p, certify.cost(p, plan))) >= truth
            direction = (x - y)[0] / np.linalg.norm(x - y) * (1 - 1e-12)
            shift = size * (1 + rng.random())
            error = (columns + 4) * 2.0**-53 * float(np.abs(x).sum() + np.abs(y).sum() + 2 * shift)
            assert mpf(certify.lipschitz(p, lambda rows, d=direction, s=shift: rows @ d + s, error)) <= truth


def test_distances_over_many_equal_columns_whose_rounding_adds_up_are_allowed_for():
    """A sum of 4,096 equal squares was seen to be off by 450 roundings, in either direction."""
    for difference in 1 + np.random.default_rng(0).random(30):
        x, y = np.zeros((1, 4096)), np.full((1, 4096), difference)
        p, plan = certify.problem(x, y), certify.Plan(np.array([0]), np.array([0]), np.array([1]), 1)
        with mp.workdps(40):
            truth = 64 * mpf(float(difference))
            assert mpf(certify.lower(p, np.zeros(1))[0]) <= truth
            assert mpf(certify.upper(p, certify.cost(p, plan))) >= truth


def test_bounds_hold_for_all_weights_that_are_as_near_as_the_problem_says():
    """Where masses are rounded weights, by `inexact` in all: here by a tenth, of which W1 sees a half each way."""
    p = replace(certify.problem([0.0, 10.0], [0.0, 10.0], [3, 1], [1, 3]), inexact=0.1)
    upper = certify.upper(p, 5.0)
    lower, _ = certify.lower(p, np.array([10.0, 0.0]))
    steepest = certify.lipschitz(p, lambda rows: -rows[:, 0], 0.0)
    for moved in (-0.05, 0.0, 0.05):
        truth = wasserstein_distance([0, 10], [0, 10], [0.75 + moved, 0.25 - moved], [0.25, 0.75])
        assert lower <= truth <= upper
        assert steepest <= truth
