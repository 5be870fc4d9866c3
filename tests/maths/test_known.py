"""Pairs of known W1 against an exact assignment, quadrature and finite differences."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.stats import norm, wasserstein_distance

from wgan import WganError
from wgan.maths import published_pairs
from wgan.maths.known import (
    KNOWN,
    funnel_centres,
    independent,
    known,
)

PARAMETERS = {
    "shift": [{}, {"dimension": 16, "length": -3.0}],
    "parallel-lines": [{}, {"theta": -0.3}, {"theta": 0.0}],
    "shells": [{}, {"dimension": 5, "inner": 0.4, "outer": 1.5}],
    "gaussians": [{}, {"mean": -1.0, "deviation": 0.5}, {"mean": -2.0, "deviation": 1.0}, {"mean": 0.0}],
    "funnels": [{}, {"dimension": 2, "funnels": 64}, {"dimension": 16, "funnels": 64, "seed": 3}, {"funnels": 1}],
}
PAIRS = [pytest.param(name, more, id=f"{name}-{k}") for name in KNOWN for k, more in enumerate(PARAMETERS[name])]


@pytest.mark.parametrize(("name", "more"), PAIRS)
def test_the_rows_of_a_sample_lie_on_transport_rays(name, more):
    pair = known(name, **more)
    real, fake = pair.sample(3000, 1)
    assert real.shape == fake.shape == (3000, pair.dimension)
    lengths = np.linalg.norm(real - fake, axis=1)
    rise = pair.potential(real) - pair.potential(fake)
    assert np.abs(rise - lengths).max() < 1e-12
    # the stated W1 is the mean length, to 5 standard errors of this mean and of its own
    assert abs(lengths.mean() - pair.w1) < 5 * np.hypot(lengths.std() / 3000**0.5, pair.error) + 1e-12


@pytest.mark.parametrize(("name", "more"), PAIRS)
def test_the_samples_distance_is_that_of_an_exact_assignment(name, more):
    pair = known(name, **more)
    real, fake = pair.sample(200, 2)
    costs = cdist(real, np.random.default_rng(0).permutation(fake))
    exact = costs[linear_sum_assignment(costs)].mean()
    assert np.linalg.norm(real - fake, axis=1).mean() == pytest.approx(exact, rel=1e-12, abs=1e-12)
    if pair.dimension == 1:
        assert exact == pytest.approx(wasserstein_distance(real[:, 0], fake[:, 0]), rel=1e-12)


@pytest.mark.parametrize(("name", "more"), PAIRS)
def test_potentials_are_1_lipschitz_and_have_their_gradient(name, more):
    pair = known(name, **more)
    rng = np.random.default_rng(3)
    x, y = rng.normal(scale=2, size=(2, 2000, pair.dimension))
    distances = np.linalg.norm(x - y, axis=1)
    assert (np.abs(pair.potential(x) - pair.potential(y)) <= distances * (1 + 1e-12)).all()
    direction, h = rng.normal(size=x.shape), 1e-6
    slope = (pair.potential(x + h * direction) - pair.potential(x - h * direction)) / (2 * h)
    wrong = np.abs(slope - (pair.gradient(x) * direction).sum(1)) > 1e-4
    assert wrong.mean() < 0.002, "but next to a kink"
    np.testing.assert_allclose(np.linalg.norm(pair.gradient(x), axis=1), 1)


def test_the_gaussians_closed_form_is_the_integral_between_their_distribution_functions():
    for mean, deviation in ((1.0, 2.0), (-1.0, 0.5), (0.3, 1.0), (0.0, 3.0), (4.0, 1.1)):
        integral = quad(lambda x, m=mean, s=deviation: abs(norm.cdf(x, m, s) - norm.cdf(x)), -40, 40, limit=400)[0]
        assert known("gaussians", mean=mean, deviation=deviation).w1 == pytest.approx(integral, rel=1e-6)


def test_funnels_have_the_laws_of_the_benchmark():
    pair = known("funnels", dimension=3, funnels=1)
    (centre,), _ = funnel_centres(3, 1, 0)
    real, fake = pair.sample(20_000, 5)
    assert np.abs(fake).max() <= 2.5
    assert fake.std(0) == pytest.approx([5 / 12**0.5] * 3, rel=0.02)  # uniform; 4 standard errors
    # with one funnel a ray ends at the box: up is the first face that low + s (y - low) meets
    with np.errstate(divide="ignore"):
        t = 1 / np.where(fake > centre, (2.5 - centre) / (fake - centre), (-2.5 - centre) / (fake - centre)).min(1)
    np.testing.assert_allclose(real - centre, (t**7)[:, None] * (fake - centre), atol=1e-9)


@pytest.mark.parametrize("dimension", [2, 5])
def test_a_ray_ends_where_the_potential_stops_rising_or_at_the_box(dimension):
    """|x - low| = t^8 L and |y - low| = t L give the ray's length L: on it the potential is linear, past it not."""
    pair = known("funnels", dimension=dimension, funnels=64, seed=4)
    centres, offsets = funnel_centres(dimension, 64, 4)
    real, fake = pair.sample(8000, 6)
    low = centres[(cdist(fake, centres) + offsets).argmin(1)]
    short, long = (np.linalg.norm(x - low, axis=1) for x in (real, fake))
    sure = short > 1e-9  # nearer to the centre the root below loses its digits
    low, long, v = low[sure], long[sure], ((fake - low) / long[:, None])[sure]
    length = (long**8 / short[sure]) ** (1 / 7)

    def on_the_ray(factor):
        points = low + (factor * length)[:, None] * v
        rise = pair.potential(low) - pair.potential(points)
        return (np.abs(rise - factor * length) < 1e-9) & (np.abs(points) <= 2.5).all(1)

    assert on_the_ray(1 - 1e-4).all()
    assert not on_the_ray(1 + 1e-3).any()


def test_the_pairs_of_funnels_are_the_seeds_own_or_the_published_ones():
    own, other, published = (
        known("funnels", dimension=4, **more) for more in ({}, {"seed": 1}, {"centres": "published"})
    )
    again = known("funnels", dimension=4, seed=1, centres="published")
    assert len({own.w1, other.w1, published.w1}) == 3
    assert again.w1 == published.w1
    (a, b) = published_pairs.centres(4, 4)
    x = np.random.default_rng(0).uniform(-2.5, 2.5, (50, 4))
    np.testing.assert_allclose(published.potential(x), -(cdist(x, a) + b).min(1), rtol=1e-12)
    with pytest.raises(WganError, match="unknown kind of centres 'publishd'; did you mean 'published'"):
        known("funnels", centres="publishd")


def test_independent_rows_of_all_seeds_come_from_streams_of_their_own():
    seeds = known("shift")._replace(sample=lambda n, seed: ([("real", seed)], [("fake", seed)]))
    used = [seed for number in range(100) for rows in independent(seeds, 1, number) for _, seed in rows]
    assert len(set(used)) == 200


def test_the_pairs_by_default():
    w1 = {name: known(name).w1 for name in ("shift", "parallel-lines", "shells")}
    assert w1 == pytest.approx({"shift": 1, "parallel-lines": 1, "shells": 1}, rel=1e-12)
    folded = quad(lambda z: abs(1 + z) * norm.pdf(z), -12, 12, points=[-1])[0]
    assert known("gaussians").w1 == pytest.approx(folded, rel=1e-9)
    assert [known(name).dimension for name in KNOWN] == [2, 2, 2, 1, 2]


def test_samples_repeat_and_differ_by_seed_and_independent_ones_are_not_coupled():
    pair = known("shift")
    np.testing.assert_array_equal(pair.sample(9, 1)[0], pair.sample(9, 1)[0])
    assert (pair.sample(9, 1)[0] != pair.sample(9, 2)[0]).all()
    real, fake = independent(pair, 2000)
    correlation = np.corrcoef(real[:, 0], fake[:, 0])[0, 1]
    assert abs(correlation) < 4 / 2000**0.5


@pytest.mark.parametrize(
    ("name", "more", "part"),
    [
        ("shifts", {}, "did you mean 'shift'"),
        ("shift", {"dimension": 0}, "dimension is 0"),
        ("funnels", {"funnels": -1}, "funnels is -1"),
        ("shells", {"inner": 2.0}, "0 <= inner < outer"),
        ("gaussians", {"deviation": 0.0}, "above 0"),
    ],
)
def test_what_is_wrong_is_said(name, more, part):
    with pytest.raises(WganError, match=part):
        known(name, **more)
