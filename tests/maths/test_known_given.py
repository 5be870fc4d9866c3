"""Laws given a number: samplers against densities, and the exact W1 against an exact assignment and quadrature."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import gamma as gamma_law

from wgan import WganError
from wgan.maths import transport
from wgan.maths.known_given import HEIGHT, LAWS, TIMES, conditions, gamma_curve, law, mean_length

NAMES = list(LAWS)


def inside(of, *shares):
    return [of.low + share * (of.high - of.low) for share in shares]


@pytest.mark.parametrize("name", NAMES)
def test_rows_depend_on_the_seed_and_on_their_own_number(name):
    of = law(name)
    low, high = inside(of, 0.2, 0.8)
    rows = of.sample(np.full(50, low), 0)
    assert rows.shape == (50, of.columns)
    assert (rows == of.sample(np.full((50, 1), low), 0)).all()
    assert (rows != of.sample(np.full(50, low), 1)).any()
    mixed = of.sample([low] * 25 + [high] * 25, 0)
    assert (mixed[:25] == rows[:25]).all()
    assert (mixed[25:] != rows[25:]).any()


@pytest.mark.parametrize("name", NAMES)
def test_the_density_integrates_to_one_by_draws_from_the_law_at_another_number(name):
    """E_other[p(c) / p(other)] = 1; the numbers are near enough that the ratio has a variance."""
    of = law(name)
    c, other = inside(of, 0.5, 0.53)
    rows = of.sample(np.full(40_000, other), 3)
    ratio = np.exp(of.log_density(rows, c) - of.log_density(rows, other))
    assert ratio.std() > 0.01
    assert abs(ratio.mean() - 1) < 5 * ratio.std() / 200


@pytest.mark.parametrize("name", ["ring", "mixture"])
def test_the_density_integrates_to_one_over_the_plane(name):
    of = law(name)
    grid = np.linspace(-5, 5, 1001)
    cells = np.stack(np.meshgrid(grid, grid, indexing="ij"), -1).reshape(-1, 2) + 0.005
    for c in inside(of, 0.0, 0.7):
        density = np.exp(of.log_density(cells, c))
        assert density.sum() * 0.01**2 == pytest.approx(1, abs=1e-6)
        for column in range(2):  # and the sampler has its second moments
            rows = of.sample(np.full(20_000, c), 4)[:, column] ** 2
            truth = (density * cells[:, column] ** 2).sum() * 0.01**2
            assert abs(rows.mean() - truth) < 5 * rows.std() / 20_000**0.5


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shares", [(0.1, 0.9), (0.65, 0.35), (0.5, 0.52)])
def test_the_exact_w1_is_the_mean_length_of_the_plan_that_one_seed_makes(name, shares):
    of, n = law(name), 20_000
    c, other = inside(of, *shares)
    lengths = np.linalg.norm(of.sample(np.full(n, c), 8) - of.sample(np.full(n, other), 8), axis=1)
    exact = of.w1(np.array([c, c]), np.array([[other], [c]]))
    assert exact.shape == (2, 2)
    assert abs(lengths.mean() - exact[0, 0]) < 5 * lengths.std() / n**0.5
    assert (exact[1] == 0).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shares", [(0.1, 0.9), (0.65, 0.35)])
def test_the_exact_w1_is_that_of_large_samples(name, shares):
    """By the triangle inequality each sample adds or takes its own distance from its law, which is below the floor."""
    of, n = law(name), 1500
    c, other = inside(of, *shares)
    drawn = [of.sample(np.full(n, at), seed) for at, seed in ((c, 0), (c, 1), (other, 2), (other, 3))]
    one, two, distance = (transport.w1(drawn[a], drawn[b], method="exact").value for a, b in ((0, 1), (2, 3), (0, 2)))
    exact = float(of.w1(c, other))
    assert abs(distance - exact) < one + two
    assert exact > one + two, "the samples are large enough to tell"


def test_the_w1_of_the_ring_has_the_mean_length_as_its_best_critic():
    of = law("ring")
    lengths = [np.linalg.norm(of.sample(np.full(40_000, c), 5), axis=1) for c in (1.2, 2.9)]
    apart = lengths[1].mean() - lengths[0].mean()
    assert apart == pytest.approx(float(of.w1(1.2, 2.9)), abs=5 * np.hypot(*[x.std() / 200 for x in lengths]))


def test_the_share_on_the_right_is_the_condition():
    of = law("mixture")
    c = np.linspace(0.1, 0.9, 40_000)
    right = of.sample(c, 6)[:, 0] > 0
    for part in np.array_split(np.arange(len(c)), 4):
        assert abs(right[part].mean() - c[part].mean()) < 5 * 0.5 / 100
    assert float(of.w1(0.2, 0.7)) == pytest.approx(4 * 0.5)


def test_the_curves_are_gamma_densities_and_the_noise_is_that_of_the_law():
    of = law("gamma")
    for c in (0.0, 0.4, 1.0):
        truth = HEIGHT * gamma_law.pdf(TIMES, 2 + 3 * c, scale=1.2 - 0.4 * c)
        np.testing.assert_allclose(gamma_curve(c)[0], truth, rtol=1e-12)
        rows = of.sample(np.full(20_000, c), 7)
        noise = 0.02 + 0.04 * c
        assert np.abs(rows.mean(0) - truth).max() < 5 * noise / 20_000**0.5
        assert rows.std() > noise
        assert np.abs(rows.std(0) / noise - 1).max() < 5 / 40_000**0.5


def test_the_mean_length_is_an_integral():
    for shift, deviation in ((0.7, 0.2), (0.2, 0.7), (0.0, 1.3), (2.0, 1e-3)):
        kink = float(np.clip(-shift / deviation, -12, 12))
        line = quad(lambda x, a=shift, s=deviation: abs(a + s * x) * np.exp(-x * x / 2), -12, 12, points=[kink])
        assert mean_length(shift, deviation, 1) == pytest.approx(line[0] / (2 * np.pi) ** 0.5, rel=1e-9)
    draws = np.random.default_rng(0).standard_normal((100_000, 24)) * 0.03
    draws[:, 3] += 0.2
    lengths = np.linalg.norm(draws, axis=1)
    assert abs(lengths.mean() - mean_length(0.2, 0.03, 24)) < 5 * lengths.std() / 100_000**0.5
    for ratio in (0.9e8, 1.1e8):  # on both sides of the change of formula
        deviation = (1 / (2 * ratio)) ** 0.5
        assert mean_length(1.0, deviation, 24) - 1 == pytest.approx(23 / 2 * deviation**2, rel=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_numbers_are_uniform_and_avoid_the_band(name):
    of = law(name)
    whole = conditions(of, 20_000, 0)
    assert whole.shape == (20_000, 1)
    assert of.low <= whole.min()
    assert whole.max() <= of.high
    band = tuple(inside(of, 0.4, 0.6))
    outside = conditions(of, 20_000, 0, without=band)
    assert of.low <= outside.min()
    assert outside.max() <= of.high
    assert not ((outside > band[0]) & (outside < band[1])).any()
    assert (outside < band[0]).mean() == pytest.approx(0.5, abs=5 * 0.5 / 20_000**0.5)
    assert ((whole > band[0]) & (whole < band[1])).mean() == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: law("rings"), "did you mean 'ring'"),
        (lambda: law("ring").sample([4.0], 0), "condition holds 4; the law ring is known from 1 to 3"),
        (lambda: law("ring").sample(np.ones((3, 2)), 0), "one number for each row"),
        (lambda: law("ring").log_density(np.ones((3, 3)), 1.0), "the law ring has 2"),
        (lambda: law("ring").log_density(np.ones((3, 2)), [1.0, 1.0]), "2 numbers for 3 rows"),
        (lambda: conditions(law("ring"), 5, 0, without=(2.5, 1.5)), "starts below its end"),
        (lambda: conditions(law("ring"), 5, 0, without=(1.0, 3.0)), "inside 1 to 3"),
        (lambda: law("ring").w1(1.0, 9.0), "other holds 9"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(act, said):
    with pytest.raises(WganError, match=said):
        act()
