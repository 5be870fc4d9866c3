"""Toys: their laws, and that they depend on the seed alone."""

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import make_swiss_roll

from wgan import data
from wgan.data import load, toy
from wgan.errors import WganError


def sample_sd_bounds(sd, n):
    return sd - 5 * sd / np.sqrt(2 * n), sd + 5 * sd / np.sqrt(2 * n)


@pytest.mark.parametrize(
    ("name", "modes", "sd", "centres"),
    [
        ("8gaussians", 8, 0.02 / 1.414, {(2 / 1.414, 0), (0, -2 / 1.414), (1.0, -1.0), (-1.0, 1.0)}),
        ("25gaussians", 25, 0.05 / 2.828, {(0, 0), (4 / 2.828, -4 / 2.828), (-2 / 2.828, 4 / 2.828)}),
    ],
)
def test_gaussians_have_the_paper_s_centres_and_spread(name, modes, sd, centres):
    dataset = toy(name, 50_000, seed=3)
    found = []
    for mode in range(modes):
        points = dataset.rows[dataset.labels == mode].astype(np.float64)
        expected = 50_000 / modes
        assert abs(len(points) - expected) < 5 * np.sqrt(expected)
        found.append(points.mean(axis=0))
        for coordinate in points.T:
            low, high = sample_sd_bounds(sd, len(points))
            assert low < coordinate.std() < high
        assert abs(np.corrcoef(points.T)[0, 1]) < 5 / np.sqrt(len(points))
    found = np.array(found)
    tolerance = 6 * sd / np.sqrt(50_000 / modes) + 1e-3  # 1.414 is not quite the root of 2
    for centre in centres:
        assert np.abs(found - centre).max(axis=1).min() < tolerance
    assert len({tuple(np.round(centre, 1)) for centre in found}) == modes
    radius = np.linalg.norm(found, axis=1)
    if name == "8gaussians":
        np.testing.assert_allclose(radius, 2 / 1.414, atol=tolerance)
    else:
        np.testing.assert_allclose(np.sort(found[:, 0])[::5] * 1.414, [-2, -1, 0, 1, 2], atol=0.01)


def test_the_swiss_roll_is_scikit_learn_s():
    ours = toy("swissroll", 20_000, seed=3).rows
    theirs = make_swiss_roll(20_000, noise=0.25, random_state=5)[0][:, [0, 2]] / 7.5
    for direction in ((1, 0), (0, 1), (1, 1), (1, -1)):
        assert stats.ks_2samp(ours @ direction, theirs @ direction).pvalue > 1e-3
    # Without noise the radius is the angle, so their difference is the noise, a little of it tangential.
    radius, angle = 7.5 * np.hypot(*ours.T), np.arctan2(*ours.T[::-1])
    whole = (radius > 7) & (radius < 12)
    noise = (radius - angle + np.pi)[whole] % (2 * np.pi) - np.pi
    low, high = sample_sd_bounds(0.25, len(noise))
    assert low < noise.std() < 1.02 * high
    assert abs(noise.mean()) < 0.01


@pytest.mark.parametrize("name", data.TOYS)
def test_toys_depend_on_the_seed_alone(name):
    first = toy(name, 100, seed=1)
    np.testing.assert_array_equal(first.rows, toy(name, 100, seed=1).rows)
    assert not np.isclose(first.rows, toy(name, 100, seed=2).rows).all(axis=1).any()
    np.testing.assert_array_equal(load(name, seed=1).rows, toy(name, 50_000, seed=1).rows)
    np.testing.assert_array_equal(first.form.encode(first.rows), first.rows)
    np.testing.assert_array_equal(first.form.decode(first.rows), first.rows)


def test_bad_toys():
    with pytest.raises(WganError, match="n is 0"):
        toy("swissroll", 0, seed=0)
    with pytest.raises(WganError, match="did you mean 'swissroll'"):
        toy("swisroll", 10, seed=0)
