"""Numbers at the ends of what float64 holds, ties and whole numbers: each against exact arithmetic."""

import math
from fractions import Fraction

import numpy as np
import pytest

from wgan import WganError
from wgan.maths.divergences import DIVERGENCES, divergence, variational_bound
from wgan.maths.known import known
from wgan.maths.metrics import inception_style_score, modes_of, neighbourhoods
from wgan.maths.transport import emd, sliced_w1, w1

LEAST = 5e-324  # the smallest number


# Certified bounds of W1 hold for numbers of any size.


def exact_on_a_line(x, y):
    pairs = zip(sorted(map(Fraction, x)), sorted(map(Fraction, y)), strict=True)
    return sum(abs(one - other) for one, other in pairs) / len(x)


LINES = {
    "whose distance is no number": ([0] * 5, [LEAST, LEAST, LEAST, 2 * LEAST, 2 * LEAST]),
    "near to the smallest": ([0] * 3, [LEAST, 5 * LEAST, 2e-310]),
    "that the largest one hides": ([0, 1e300], [1e-30, 1e300]),
    "of all sizes": ([1e-320, 1.0, 1e300], [1e-310, 2.0, 1e300]),
    "as large as can be": ([-4e307], [4e307]),
}


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("columns", [1, 2])
def test_bounds_hold_for_numbers(name, columns):
    x, y = (np.array(one)[:, None] * np.eye(columns)[0] for one in LINES[name])
    truth = exact_on_a_line(*LINES[name])
    assert truth > 0
    for method in ("auto", "sliced"):
        found = w1(x, y, method=method)
        assert Fraction(found.lower) <= truth <= Fraction(found.upper), (method, found)


@pytest.mark.parametrize("function", [w1, sliced_w1])
def test_a_distance_above_the_largest_number_is_refused_in_a_sentence(function):
    with pytest.raises(WganError, match=r"up to 1\.7e\+308, whose distances float64 cannot hold; rescale"):
        function([[-1.7e308, 0.0]], [[1.7e308, 0.0]])


# Ties.


@pytest.mark.parametrize("columns", [2, 10, 100])
@pytest.mark.parametrize("step", [2.0**-12, 2.0**-10, 2.0**-8])
def test_a_row_on_the_rim_of_a_ball_is_inside(columns, step):
    """Two clusters on a lattice, whose squared distances float64 holds exactly as differences, with many ties."""
    random = np.random.default_rng(columns)
    base = np.round(random.standard_normal(columns) * 2**20) / 2**20
    sides = np.repeat([[1.0], [-1.0]], 20, axis=0) * base
    real, fake = (sides + random.integers(0, 3, (40, columns)) * step for _ in range(2))
    exact = [((real[:, None] - other) ** 2).sum(2) for other in (real, fake)]
    radii = np.sort(exact[0], 1)[:, 5]
    found = neighbourhoods(real, fake, k=5)
    assert found["density"].value == pytest.approx((exact[1] <= radii[:, None]).sum() / 5 / 40, rel=1e-12)
    assert found["coverage"].value == (exact[1] <= radii[:, None]).any(1).mean()


# Whole numbers, shares and labels.


def test_one_grain_more_is_no_rounding_error_of_whole_numbers():
    for more in (1, 2):
        with pytest.raises(WganError, match=f"a difference of {more}"):
            emd([2 * 10**9, 0], [0, 2 * 10**9 + more])
    assert emd([2e9, 0.0], [0.0, 2e9 + 1]).cost == 2e9, "floats may have been rounded"


@pytest.mark.parametrize("name", DIVERGENCES)
def test_a_share_that_underflows_is_no_empty_bin(name):
    row = DIVERGENCES[name]()
    found = divergence(name, [1e308, 1e-308], [1, 0])
    assert found == (math.inf if row.at_infinity == math.inf else pytest.approx(row.minimum, abs=1e-300))
    assert divergence(name, [1, 0], [1e308, 1e-308]) == (
        math.inf if row.at_zero == math.inf else pytest.approx(row.minimum, abs=1e-300)
    )


def test_a_probability_that_underflows_in_the_mean_counts_as_nothing():
    rows = np.array([[1.0, LEAST]] + [[1.0, 0.0]] * 19)
    found = inception_style_score(rows)
    assert (found.value, found.error) == (1.0, 0.0)


def test_a_bound_that_overflows_has_no_finite_error():
    assert variational_bound("kl", [1000.0, 1001.0], [1000.0, 1001.0]) == (-math.inf, math.inf)


@pytest.mark.parametrize("labels", [["a", None, "b"], ["a", math.nan, "b"], [1, None, 2], [1, "a", 2]])
def test_rows_without_a_label_belong_to_no_mode(labels):
    for given in (labels, np.array(labels, object)):
        with pytest.raises(WganError, match="labels is not an array of numbers"):
            modes_of([[0.0], [1.0], [2.0]], given)


# Known truths.


@pytest.mark.parametrize("deviation", [1 + 2**-50, 1 - 2**-50, 1 + 1e-9, 2.0])
@pytest.mark.parametrize("mean", [1.0, -3.0, 1e-3])
def test_the_best_critic_of_two_gaussians_keeps_its_digits_where_they_hardly_differ(mean, deviation):
    pair = known("gaussians", mean=mean, deviation=deviation)
    real, fake = pair.sample(1000, seed=0)
    lengths = np.abs(real - fake)[:, 0]
    np.testing.assert_allclose(pair.potential(real) - pair.potential(fake), lengths, rtol=1e-9, atol=1e-13)


def test_every_pair_draws_no_rows():
    from wgan.maths.known import KNOWN

    for name in KNOWN:
        pair = known(name)
        assert [rows.shape for rows in pair.sample(0, seed=0)] == [(0, pair.dimension)] * 2
