"""Measures of rows with axes of space against sums written out, closed forms and known laws."""

import itertools

import numpy as np
import pytest

from wgan import WganError
from wgan.maths import fields
from wgan.maths.metrics import structure
from wgan.maths.metrics.structure import (
    amplitudes,
    autocorrelation,
    channel_correlation,
    phase_fractions,
    power_spectrum,
    two_point,
)

SHAPES = [(9,), (12,), (5, 8), (7, 7), (4, 6, 5)]
each_shape = pytest.mark.parametrize("space", SHAPES, ids=str)


def normal(space, rows=4, channels=2, seed=0):
    return np.random.default_rng(seed).normal(3, 2, size=(rows, *space, channels))


def pairs(rows, axis, step):
    """The products of all values `step` apart along one axis of space, [rows, pairs, channels]."""
    moved = np.moveaxis(rows, axis + 1, 1)
    found = [moved[:, at] * moved[:, at + step] for at in range(moved.shape[1] - step)]
    return np.stack(found, 1).reshape(len(rows), -1, rows.shape[-1])


@each_shape
def test_a_spectrum_along_an_axis_is_the_mean_power_of_its_lines(space):
    """By the sum that is written out, so that each frequency has its own power."""
    rows = normal(space)
    centred = rows - rows.mean(tuple(range(1, len(space) + 1)), keepdims=True)
    for axis, size in enumerate(space):
        lines = np.moveaxis(centred, axis + 1, -1)  # [rows, *others, channels, size]
        found = power_spectrum(rows, axis)
        np.testing.assert_allclose(found.at, np.arange(1, size // 2 + 1) / size)
        for place, frequency in enumerate(found.at):
            power = np.abs((lines * np.exp(-2j * np.pi * frequency * np.arange(size))).sum(-1)) ** 2 / size
            mean = power.mean(tuple(range(1, len(space)))) if len(space) > 1 else power
            np.testing.assert_allclose(found.rows[:, place], mean, rtol=1e-9, atol=1e-12)
    with pytest.raises(WganError, match=f"axis is {len(space)}; rows of shape"):
        power_spectrum(rows, len(space))


@each_shape
def test_a_spectrum_is_the_mean_power_of_each_ring_of_frequencies(space):
    rows = normal(space)
    axes, longest = tuple(range(1, len(space) + 1)), max(space)
    power = np.abs(np.fft.fftn(rows, axes=axes)) ** 2 / np.prod(space)
    rings = {ring: [] for ring in range(1, longest // 2 + 1)}
    for place in itertools.product(*map(range, space)):
        signed = [k / size if k <= size / 2 else k / size - 1 for k, size in zip(place, space, strict=True)]
        ring = round(np.sqrt(sum(f**2 for f in signed)) * longest)
        if ring in rings:
            rings[ring].append(power[(slice(None), *place)])
    found = power_spectrum(rows)
    np.testing.assert_allclose(found.at, np.array(list(rings)) / longest)
    np.testing.assert_allclose(found.rows, np.stack([np.mean(x, 0) for x in rings.values()], 1), rtol=1e-9)


def test_an_offset_of_a_row_is_no_power():
    rows = np.rint(normal((15, 7)))
    np.testing.assert_allclose(power_spectrum(rows + 2**40).rows, power_spectrum(rows).rows, rtol=1e-9, atol=1e-12)


def test_white_noise_has_its_variance_at_every_frequency():
    curve = power_spectrum(np.random.default_rng(1).normal(0, 3, (500, 12, 16, 2)))
    assert (np.abs(curve.mean - 9) < 5 * curve.error).all()


@each_shape
def test_an_autocorrelation_is_the_mean_product_over_the_variance(space):
    rows = normal(space)
    centred = rows - rows.reshape(-1, 2).mean(0)
    variance = (centred**2).reshape(-1, 2).mean(0)
    lags = [0, 1, 3]
    along = []
    for axis in range(len(space)):
        expected = np.stack([pairs(centred, axis, lag).mean((0, 1)) for lag in lags]) / variance
        along.append(autocorrelation(rows, lags, axis).mean)
        np.testing.assert_allclose(along[-1], expected, atol=1e-12)
    np.testing.assert_allclose(autocorrelation(rows, lags).mean, np.mean(along, 0), atol=1e-12)


def test_the_error_of_an_autocorrelation_is_that_of_repetition():
    lags = np.arange(8)
    repeats = [autocorrelation(fields.waves(200, seed), lags) for seed in range(60)]
    expected = np.std([curve.mean for curve in repeats], axis=0)[1:]
    assert np.mean([curve.error for curve in repeats], 0)[1:] == pytest.approx(expected, rel=0.35)
    assert repeats[0].error[0] == pytest.approx([0, 0], abs=1e-12), "the correlation at lag 0 is 1 in every sample"


@each_shape
def test_channels_are_correlated_as_numpy_says(space):
    rows = normal(space, channels=3) @ np.array([[1, 2, 0], [0, 1, -1], [0, 0, 1.0]])
    curve = channel_correlation(rows)
    assert curve.at.tolist() == [[0, 1], [0, 2], [1, 2]]
    expected = np.corrcoef(rows.reshape(-1, 3), rowvar=False)
    np.testing.assert_allclose(curve.mean[:, 0], expected[[0, 0, 1], [1, 2, 2]], rtol=1e-9)


def test_the_error_of_a_channel_correlation_is_that_of_repetition():
    # the second channel is mostly the first, so that their product and their variances rise and fall together
    repeats = [channel_correlation(fields.waves(200, seed) @ np.array([[1, 1], [0, 0.3]])) for seed in range(60)]
    values = np.array([curve.mean[0, 0] for curve in repeats])
    together = fields.waves_cross_correlation([0])[0]
    truth = (1 + 0.3 * together) / np.sqrt(1 + 0.09 + 0.6 * together)
    assert abs(values.mean() - truth) < 5 * values.std() / np.sqrt(60)
    assert np.mean([curve.error for curve in repeats]) == pytest.approx(values.std(), rel=0.35)


@each_shape
def test_s2_is_the_share_of_pairs_in_the_phase(space):
    rows = (normal(space) > 3).astype(np.uint8)
    along = []
    for axis in range(len(space)):
        expected = np.stack([pairs(rows, axis, distance).mean(1) for distance in (0, 1, 3)], 1)
        along.append(two_point(rows, [0, 1, 3], axis).rows)
        np.testing.assert_allclose(along[-1], expected, atol=1e-12)
    np.testing.assert_allclose(two_point(rows, [0, 1, 3]).rows, np.mean(along, 0), atol=1e-12)


def test_s2_begins_at_the_fraction_and_ends_at_its_square():
    rows = (np.random.default_rng(2).random((300, 24, 24, 1)) < 0.3).astype(np.uint8)
    curve = two_point(rows, [0, 5, 20])
    assert curve.mean[0] == pytest.approx(phase_fractions(rows).mean[1], abs=1e-12)
    assert (np.abs(curve.mean[1:] - 0.09) < 5 * curve.error[1:]).all()


def test_measures_find_the_truth_of_known_laws():
    signals = fields.waves(6000, seed=7)
    lags = np.arange(1, 30)
    for curve, truth in (
        (power_spectrum(signals), fields.waves_spectrum()),
        (autocorrelation(signals, lags), fields.waves_autocorrelation(lags)),
    ):
        assert (np.abs(curve.mean - truth) < 5 * curve.error).all()
    curve = two_point(fields.medium(150, 7, 24, 3), range(12))
    assert (np.abs(curve.mean[:, 0] - fields.medium_two_point(curve.at)) < 5 * curve.error[:, 0]).all()


def test_phases_belong_to_the_nearest_level():
    rows = np.array([0, 0.2, 0.4, 0.6, 2.0, 9.0]).reshape(1, 6, 1)
    np.testing.assert_allclose(phase_fractions(rows, [0, 1, 2]).rows[0, :, 0], [3 / 6, 1 / 6, 2 / 6])
    np.testing.assert_allclose(phase_fractions(np.array([[[1, 5], [1, 7]]])).rows[0].T, [[1, 0, 0], [0, 0.5, 0.5]])


def test_amplitudes_are_numpys_histogram_of_each_row_and_channel():
    rows, edges = np.rint(normal((5, 6))), np.array([-1.0, 1.0, 3.0, 3.5, 99.0])  # with values at the edges
    curve = amplitudes(rows, edges)
    for row, channel in itertools.product(range(4), range(2)):
        expected = np.histogram(rows[row, ..., channel], edges)[0] / 30
        np.testing.assert_allclose(curve.rows[row, :, channel], expected)
    np.testing.assert_array_equal(curve.at, edges[:-1])


MEASURES = {
    "spectrum": power_spectrum,
    "autocorrelation": lambda rows: autocorrelation(rows, [0, 2]),
    "channel_correlation": channel_correlation,
    "two_point": lambda rows: two_point(rows, [0, 2]),
    "phase_fractions": phase_fractions,
    "amplitudes": lambda rows: amplitudes(rows, [0, 0.5, 2]),
}
each = pytest.mark.parametrize("name", MEASURES)


@each
def test_rows_of_every_kind_and_in_every_chunk_have_one_value(name, monkeypatch):
    rows = (normal((6, 5), rows=5) > 3).astype(np.float64)
    expected = MEASURES[name](rows)
    assert expected.rows.shape[0::2] == (5, 1 if name == "channel_correlation" else 2)
    for kind in (bool, np.uint8, np.int64, np.float16, np.float32, object, np.ndarray.tolist):
        other = rows.astype(kind) if isinstance(kind, type) else kind(rows)
        np.testing.assert_allclose(MEASURES[name](other).rows, expected.rows, atol=1e-12)
    monkeypatch.setattr(structure, "CHUNK", 1)
    np.testing.assert_allclose(MEASURES[name](rows).rows, expected.rows, atol=1e-12)


@each
def test_one_row_has_values_and_no_error(name):
    curve = MEASURES[name]((normal((8,), rows=1) > 3).astype(np.uint8))
    assert np.isfinite(curve.mean).all()
    assert np.isnan(curve.error).all()


@each
@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (np.ones((4, 6)), "rows has shape (4, 6); give rows [n, *space, channels]"),
        (np.ones((1, 2, 2, 2, 2, 1)), "with one, two or three axes of space"),
        (np.ones((0, 6, 1)), "rows has shape (0, 6, 1)"),
        (np.ones((4, 6, 1)) * 1j, "not an array of numbers"),
        (np.full((4, 6, 1), 1e70), "holds numbers above 1e+60; rescale"),
        (np.ma.masked_equal(np.eye(6)[None], 1), "masked"),
    ],
)
def test_what_is_no_rows_with_space_is_refused(name, rows, said):
    with pytest.raises(WganError) as caught:
        MEASURES[name](rows)
    assert said in str(caught.value)


@each
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_the_row_and_channel_of_a_value_that_is_not_finite_are_named(name, bad, monkeypatch):
    monkeypatch.setattr(structure, "CHUNK", 1)
    rows = (normal((8,)) > 3).astype(np.float32)
    rows[2, 5, 1] = bad
    with pytest.raises(WganError) as caught:
        MEASURES[name](rows)
    assert str(caught.value) == (
        "rows holds NaN or infinite values, the first in row 2 and channel 1; drop or fill them."
    )


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda x: autocorrelation(np.ones((3, 8, 2)), [1]), "does not vary in channel 0"),
        (lambda x: channel_correlation(np.ones((3, 8, 2))), "does not vary in channel 0"),
        (lambda x: autocorrelation(x, [8]), "lags go to 8, but an axis has 8 steps; give smaller numbers"),
        (lambda x: autocorrelation(x, [0.5]), "lags must be whole numbers of steps"),
        (lambda x: two_point(x > 3, [-1]), "distances must be whole numbers of steps of at least 0"),
        (lambda x: two_point(x > 3, [1], axis=1), "axis is 1; rows of shape (4, 8, 2) have the axes of space 0 to 0"),
        (lambda x: two_point(x, [1]), "give zeros and ones, such as rows == level"),
        (lambda x: phase_fractions(x), "more than 8 different values; give the levels"),
        (lambda x: phase_fractions(x, [1, 0]), "levels must be numbers in ascending order"),
        (lambda x: amplitudes(x, [1]), "edges must be at least two numbers"),
        (lambda x: power_spectrum(x[:, :1]), "a spectrum needs an axis of space with at least 2 steps"),
    ],
)
def test_what_has_no_value_is_refused_with_a_remedy(call, said):
    with pytest.raises(WganError) as caught:
        call(normal((8,)))
    assert said in str(caught.value)
