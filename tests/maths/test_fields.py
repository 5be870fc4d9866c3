"""Signals and media of a known law: every sampler against its truth, and every truth against another computation."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from wgan import WganError
from wgan.maths import fields
from wgan.maths.fields import (
    DELAY,
    medium,
    medium_two_point,
    moving_average,
    waves,
    waves_autocorrelation,
    waves_coherence,
    waves_cross_correlation,
    waves_spectrum,
)

LAGS = np.arange(24)


def assert_mean(found, truth, errors=5):
    """The mean over independent rows [n, k] is the truth [k], within so many standard errors at each place."""
    error = found.std(0, ddof=1) / np.sqrt(len(found))
    assert (error > 0).all()
    assert (np.abs(found.mean(0) - truth) < errors * error).all(), (found.mean(0) - truth) / error


def products(x, y, lags=LAGS):
    """The mean product of x(t) and y(t + lag) in each row, [n, lags]."""
    return np.array([(x[:, : x.shape[1] - lag] * y[:, lag:]).mean(1) for lag in lags]).T


@pytest.fixture(scope="module")
def signals():
    return waves(10_000, seed=3)


@pytest.mark.parametrize("channel", [0, 1])
def test_waves_have_their_mean_and_autocorrelation_in_each_channel(signals, channel):
    x = signals[..., channel]
    assert_mean(x.mean(1, keepdims=True), 0.0)
    assert_mean(products(x, x), waves_autocorrelation(LAGS)[:, channel])


def test_waves_are_stationary_and_normal(signals):
    assert_mean((signals**2).reshape(len(signals), -1), 1.0)
    assert_mean((signals**4).reshape(len(signals), -1), 3.0)


def test_the_second_channel_hears_the_first_one_later(signals):
    first, second = signals[..., 0], signals[..., 1]
    assert_mean(products(first, second), waves_cross_correlation(LAGS))
    assert_mean(products(second, first), waves_cross_correlation(-LAGS))
    assert waves_cross_correlation(np.arange(-9, 10)).argmax() - 9 == DELAY


@pytest.mark.parametrize("length", [64, 37])
def test_the_spectrum_of_waves_is_the_mean_periodogram(length):
    x = waves(10_000, 4, length)
    power = np.abs(np.fft.rfft(x, axis=1))[:, 1:] ** 2 / length
    for channel in (0, 1):
        assert_mean(power[..., channel], waves_spectrum(length)[:, channel])


def test_the_coherence_of_waves_is_that_of_their_correlations():
    lags, frequencies = np.arange(-600, 601), np.linspace(0, 0.5, 23)
    transform = np.exp(-2j * np.pi * np.outer(frequencies, lags))
    own, cross = transform @ waves_autocorrelation(lags), transform @ waves_cross_correlation(lags)
    expected = np.abs(cross) ** 2 / (own[:, 0] * own[:, 1]).real
    np.testing.assert_allclose(waves_coherence(frequencies), expected, rtol=1e-9)
    assert 0.8 < waves_coherence([1 / 16])[0] < 1


def test_s2_is_the_probability_of_the_bivariate_normal_distribution():
    for fraction in (0.1, 0.4, 0.5, 0.83):
        level = norm.ppf(fraction)
        for distance in (0.05, 1, 3, 7.5):
            rho = np.exp(-((distance / 4) ** 2))
            expected = multivariate_normal.cdf([level, level], cov=[[1, rho], [rho, 1]])
            assert medium_two_point([distance], fraction, 4)[0] == pytest.approx(expected, abs=1e-10)
        assert medium_two_point([0, 1e6], fraction) == pytest.approx([fraction, fraction**2], abs=1e-12)


@pytest.mark.parametrize("scale", [3, 3.7, 5, 11])
def test_the_field_of_a_medium_has_its_covariance(scale):
    average, places = moving_average(40, scale), np.arange(40)
    expected = np.exp(-(((places[:, None] - places) / scale) ** 2))
    np.testing.assert_allclose(average.T @ average, expected, atol=1e-9)


@pytest.mark.parametrize(("dimension", "size", "n"), [(2, 40, 600), (3, 24, 120)])
@pytest.mark.parametrize(("fraction", "scale"), [(0.4, 5.0), (0.7, 3.0)])
def test_a_medium_has_its_two_point_function_along_every_axis_and_diagonal(dimension, size, n, fraction, scale):
    rows = medium(n, 5, size, dimension, fraction, scale)
    assert rows.dtype == np.uint8
    assert rows.shape == (n, *[size] * dimension, 1)
    assert set(np.unique(rows)) == {0, 1}
    phase = rows[..., 0].astype(float)
    distances = np.arange(12)
    for axis in range(1, dimension + 1):
        x = np.moveaxis(phase, axis, 1).reshape(n, size, -1)
        found = np.array([(x[:, : size - r] * x[:, r:]).mean((1, 2)) for r in distances]).T
        assert_mean(found, medium_two_point(distances, fraction, scale))
    x = phase.reshape(n, size, size, -1)
    found = np.array([(x[:, : size - r, : size - r] * x[:, r:, r:]).mean((1, 2, 3)) for r in distances]).T
    assert_mean(found, medium_two_point(distances * np.sqrt(2), fraction, scale))


@pytest.mark.parametrize("draw", [waves, lambda n, seed: medium(n, seed, 9, 3)])
def test_rows_repeat_with_their_seed_and_the_first_ones_are_the_same_for_every_number(draw, monkeypatch):
    whole = draw(7, 1)
    np.testing.assert_array_equal(draw(7, 1), whole)
    assert not np.array_equal(draw(7, 2), whole)
    monkeypatch.setattr(fields, "CHUNK", 1)
    np.testing.assert_array_equal(draw(4, 1), whole[:4])
    assert not any(np.array_equal(whole[i], whole[j]) for i in range(7) for j in range(i))
    assert draw(0, 1).shape == (0, *whole.shape[1:])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: medium(1, 0, 8, 4), "dimension is 4; give 2 for images or 3"),
        (lambda: medium(1, 0, 8, fraction=1.0), "fraction is 1; give a share above 0 and below 1"),
        (lambda: medium(1, 0, 8, fraction=0), "fraction is 0; it must be a finite number above 0"),
        (lambda: medium(1, 0, 8, scale=1), "scale is 1; give at least 3 pixels"),
        (lambda: medium(-1, 0, 8), "n is -1; it must be a whole number of at least 0"),
        (lambda: waves(1, 0, 0), "length is 0; it must be a whole number of at least 1"),
        (lambda: medium_two_point([np.nan]), "distances holds NaN"),
    ],
)
def test_what_has_no_law_is_refused(call, said):
    with pytest.raises(WganError) as caught:
        call()
    assert said in str(caught.value)
