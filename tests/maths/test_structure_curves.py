"""The curves of structure: they are the measures of their names, and the surest difference is where it was planted."""

import numpy as np
import pytest

from wgan.maths import fields
from wgan.maths.metrics.structure import power_spectrum, two_point, variances
from wgan.maths.metrics.structure_curves import structure_curves, worst_place


def waves(n=400, seed=0):
    return fields.waves(n, seed, 32)


def worst(name, real, fake):
    return worst_place(name, *(structure_curves(rows, real)[name] for rows in (real, fake)), variances(real))


def test_signals_and_media_have_the_curves_that_they_can_have():
    signals, medium = waves(20), fields.medium(6, 0, 8, 3)
    assert list(structure_curves(signals, signals)) == ["spectrum", "autocorrelation", "channels", "amplitude"]
    assert list(structure_curves(signals[..., :1], signals[..., :1])) == ["spectrum", "autocorrelation", "amplitude"]
    assert list(structure_curves(medium, medium)) == ["spectrum", "autocorrelation", "two_point", "phase_fraction"]
    np.testing.assert_allclose(structure_curves(signals, signals)["spectrum"].rows, power_spectrum(signals).rows)
    of_ones = two_point(medium == medium.max(), np.arange(5))
    np.testing.assert_allclose(structure_curves(medium, medium)["two_point"].rows, of_ones.rows)


def test_channels_that_do_not_vary_are_left_out_and_constant_samples_have_a_spectrum_only():
    signals = waves(20)
    with_constant = np.concatenate([signals, np.full_like(signals[..., :1], 7)], -1)
    assert structure_curves(with_constant, with_constant)["spectrum"].rows.shape[-1] == 2
    assert list(structure_curves(0 * signals, signals)) == ["spectrum", "amplitude"]
    assert structure_curves(with_constant[..., 2:], with_constant[..., 2:]) == {}


def test_a_wave_that_is_added_is_found_at_its_frequency_with_its_power():
    real, fake = waves(), waves(seed=1)
    step = np.arange(32)
    phase = np.random.default_rng(0).uniform(0, 2 * np.pi, (len(fake), 1))
    fake[..., 1] += np.cos(2 * np.pi * 10 / 32 * step + phase)
    found = worst("spectrum", real, fake)
    power = power_spectrum(real).mean[9, 1]
    assert (found.at, found.channel) == (10 / 32, 1)
    assert found.difference == pytest.approx(np.log10((power + 8) / power), abs=4 * found.error)


def test_the_error_is_that_of_many_pairs_of_sets():
    """At one place of one channel, so that no choice of the surest place makes it larger."""
    found = []
    for seed in range(200):
        real, fake = (fields.waves(60, seed=2 * seed + one, length=8)[:, :, :1] for one in (0, 1))
        curves = [structure_curves(rows, real)["spectrum"] for rows in (real, fake)]
        one = [curve._replace(at=curve.at[:1], rows=curve.rows[:, :1]) for curve in curves]
        place = worst_place("spectrum", *one, variances(real))
        found.append((place.difference, place.error))
    differences, errors = np.array(found).T
    assert np.mean(np.abs(differences) < 1.96 * errors) > 0.9
    assert differences.std() == pytest.approx(np.sqrt((errors**2).mean()), rel=4 / np.sqrt(2 * 200))


def test_a_correlation_of_two_channels_names_both():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(2, 200, 9, 3))
    fake[..., 2] += fake[..., 0]
    found = worst("channels", real, fake)
    assert (found.at, found.channel) == (0, 2)
    assert found.difference == pytest.approx(np.sqrt(0.5), abs=0.1)


def test_amplitudes_of_channels_of_other_scales_are_alike():
    rows = waves() * [1, 1e5] + [3, -1e6]
    found = structure_curves(rows, rows)["amplitude"]
    assert (found.mean.sum(0) > 0.99).all()
    np.testing.assert_allclose(found.mean[:, 0], found.mean[:, 1], atol=0.02)


def test_single_rows_have_no_error_and_so_no_surest_place():
    rows = waves(1)
    assert worst("spectrum", rows, rows) is None
