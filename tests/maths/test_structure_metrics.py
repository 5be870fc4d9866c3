"""The structure of samples against that of real rows: closed forms, floors, faults that must be seen, errors."""

from functools import cache

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from wgan import WganError, evaluate
from wgan.maths import fields
from wgan.maths.metrics import measurement, structure_metrics
from wgan.maths.metrics.structure import channel_correlation
from wgan.maths.metrics.structure_metrics import (
    STRUCTURE_METRICS,
    StructureSets,
    amplitude_difference,
    autocorrelation_difference,
    channel_difference,
    most_rows,
    phase_difference,
    spectrum_difference,
    two_point_difference,
)

each = pytest.mark.parametrize("name", STRUCTURE_METRICS)


def measured(name, real, fake):
    return measurement(name, StructureSets(real, fake), STRUCTURE_METRICS)


def rng(seed=0):
    return np.random.default_rng(seed)


WITH_PAIRS = {"channels"}
of_one_channel = pytest.mark.parametrize("name", sorted(set(STRUCTURE_METRICS) - WITH_PAIRS))


@of_one_channel
def test_rows_against_themselves_have_no_difference(name):
    rows = fields.medium(20, 0, 12, 3)
    assert measured(name, rows, rows.copy()).value == pytest.approx(0, abs=1e-12)


def test_a_spectrum_of_a_hundred_times_the_power_differs_by_two():
    real = fields.waves(30, 0)
    assert spectrum_difference(real, 10 * real).value == pytest.approx(2, rel=1e-9)
    assert spectrum_difference(10 * real, real).value == pytest.approx(2, rel=1e-9)
    louder = real * np.array([10, 1])
    assert spectrum_difference(real, louder).value == pytest.approx(np.sqrt(2), rel=1e-9), "the mean over channels"
    assert autocorrelation_difference(real, louder).value == pytest.approx(0, abs=1e-12)


def test_faint_power_counts_as_a_millionth_of_the_variance():
    x = np.cos(2 * np.pi * np.arange(16) / 8)[:, None]
    quiet = np.stack([a * x for a in (1.0, -1.0)] * 10)
    hiss = quiet + 1e-12 * rng().normal(size=quiet.shape)
    assert spectrum_difference(quiet, hiss).value == pytest.approx(0, abs=1e-9)
    # seven of eight frequencies hold noise of variance 0.01 against a faint power of 0.5e-6
    noisy = quiet + 0.1 * rng().normal(size=quiet.shape)
    assert 3.5 < spectrum_difference(quiet, noisy).value < 4.5


@pytest.mark.parametrize("values", [lambda x: x, lambda x: np.rint(2 * x)], ids=["continuous", "whole"])
def test_the_distance_of_amplitudes_is_scipys_in_real_standard_deviations(values):
    real = values(rng(1).normal(5, [2, 3], (60, 30, 2)))
    fake = values(rng(2).standard_t(4, (50, 30, 2)) + 5)
    found = amplitude_difference(real, fake)
    expected = [wasserstein_distance(real[..., c].ravel(), fake[..., c].ravel()) / real[..., c].std() for c in range(2)]
    assert found.shares == pytest.approx(expected, rel=0.01)
    assert found.value == pytest.approx(np.mean(expected), rel=0.01)


def test_the_largest_difference_of_the_shares_of_a_phase():
    real = np.repeat([0, 0, 3, 3, 7], 4).reshape(1, 20, 1).repeat(3, 0)
    fake = np.repeat([0, 0, 0, 3, 7], 4).reshape(1, 20, 1).repeat(3, 0)
    assert phase_difference(real, fake).value == pytest.approx(0.2)


def test_the_two_point_difference_is_that_of_the_known_functions():
    real, fake = fields.medium(500, 0, 24), fields.medium(500, 1, 24, fraction=0.6)
    distances = np.arange(13)
    gap = fields.medium_two_point(distances) - fields.medium_two_point(distances, 0.6)
    found = two_point_difference(real, fake)
    assert abs(found.value - np.sqrt((gap**2).mean())) < 5 * found.error
    assert found.error < 0.01


@cache
def of_law(law, seed):
    return LAWS[law](seed)


LAWS = {
    "signals": lambda seed: fields.waves(300, seed),
    "images": lambda seed: fields.medium(200, seed, 24),
    "volumes": lambda seed: fields.medium(80, seed, 20, 3),
}


@pytest.mark.parametrize("law", LAWS)
@each
def test_samples_of_the_law_lie_at_the_floor(name, law):
    real, fake, train = (of_law(law, seed) for seed in range(3))
    if not STRUCTURE_METRICS[name].applies(StructureSets(real, fake)):
        assert name in (("two_point", "phase_fraction") if law == "signals" else ("channels",))
        return
    found, floor = measured(name, real, fake), measured(name, real, train)
    assert abs(found.value - floor.value) < 5 * np.hypot(found.error, floor.error)


def white(rows, seed=9):
    """The values of all rows, shuffled within each channel: every structure is lost, and no value."""
    flat = rows.reshape(-1, rows.shape[-1])
    return rng(seed).permuted(flat, axis=0).reshape(rows.shape)


@pytest.mark.parametrize("law", LAWS)
def test_white_noise_of_the_same_values_is_seen_by_what_looks_at_structure(law):
    real, fake, train = (of_law(law, seed) for seed in range(3))
    for name in STRUCTURE_METRICS:
        if not STRUCTURE_METRICS[name].applies(StructureSets(real, fake)):
            continue
        found, floor = measured(name, real, white(fake)), measured(name, real, train)
        beyond = (found.value - floor.value) / np.hypot(found.error, floor.error)
        blind = name in ("phase_fraction", "amplitude")
        assert beyond < 5 if blind else beyond > 5, (name, found, floor)


def test_only_the_correlation_of_channels_sees_channels_that_do_not_belong_together():
    real, fake, train = (fields.waves(400, seed) for seed in range(3))
    dealt = np.stack([fake[..., 0], np.roll(fake[..., 1], 1, 0)], -1)
    floor = channel_difference(real, train)
    assert abs(channel_difference(real, fake).value - floor.value) < 5 * np.hypot(floor.error, floor.error)
    found = channel_difference(real, dealt)
    assert found.value - floor.value > 5 * np.hypot(found.error, floor.error)
    truth = fields.waves_cross_correlation([0])[0]
    assert abs(found.value - truth) < 5 * found.error
    for other in (spectrum_difference, autocorrelation_difference, amplitude_difference):
        assert other(real, dealt).value == pytest.approx(other(real, fake).value, rel=1e-9)
    louder = real * np.array([1, -10])
    assert channel_difference(real, louder).value == pytest.approx(2 * abs(channel_correlation(real).mean[0, 0]))


def test_channels_need_two_that_vary():
    real = fields.waves(20, 0)
    assert StructureSets(real, real).pairs == 1
    assert StructureSets(real[..., :1], real[..., :1]).pairs is None
    assert StructureSets(np.ones((2, 3, 33)), np.ones((2, 3, 33))).pairs is None
    flat = real * [1, 0]
    for sets, said in (
        ((flat, real), "vary in only one channel"),
        ((real, flat), "channels has no value: the samples"),
    ):
        with pytest.raises(WganError) as caught:
            channel_difference(*sets)
        assert said in str(caught.value)


def test_memory_is_bounded_by_the_number_of_rows():
    assert [most_rows(shape) for shape in ((64, 2), (64, 64, 64, 1), (2**10, 2**10, 2**10, 1))] == [10_000, 128, 20]


def test_a_wrong_fraction_is_seen():
    real, fake, train = (fields.medium(500, seed, 24, fraction=share) for seed, share in enumerate((0.4, 0.5, 0.4)))
    for name in ("two_point", "phase_fraction", "amplitude"):
        found, floor = measured(name, real, fake), measured(name, real, train)
        assert found.value - floor.value > 5 * np.hypot(found.error, floor.error), name
    found = measured("phase_fraction", real, fake)
    assert abs(found.value - 0.1) < 5 * found.error


def test_a_difference_along_one_axis_alone_is_seen():
    real, other, train = (fields.medium(500, seed, size) for seed, size in enumerate((24, 48, 24)))
    narrow = other[:, :24, ::2]
    for name in ("spectrum", "autocorrelation", "two_point"):
        found, floor = measured(name, real, narrow), measured(name, real, train)
        assert found.value - floor.value > 5 * np.hypot(found.error, floor.error), name


def repeated(name, **law):
    """The mean error over repetitions, and the deviation of the values."""
    found = [measured(name, fields.medium(60, 2 * k, 16), fields.medium(80, 2 * k + 1, 16, **law)) for k in range(60)]
    return np.mean([one.error for one in found]), np.std([one.value for one in found])


@of_one_channel
def test_the_error_is_that_of_repetition(name):
    error, deviation = repeated(name, fraction=0.65, scale=3.0)
    assert error == pytest.approx(deviation, rel=0.35)


@of_one_channel
def test_the_error_is_not_too_small_where_the_laws_are_equal(name):
    error, deviation = repeated(name)
    assert 0.8 < error / deviation < 2.2


@of_one_channel
def test_samples_that_are_float_or_constant_get_a_number_or_a_sentence(name):
    real = fields.medium(30, 0, 12)
    measured(name, real, real + 0.3 * rng().normal(size=real.shape))
    if name == "autocorrelation":
        with pytest.raises(WganError) as caught:
            measured(name, real, np.zeros_like(real))
        assert "the samples do not vary in a channel in which the real rows do" in str(caught.value)
    else:
        assert measured(name, real, np.zeros_like(real)).value > 0.05


@of_one_channel
def test_channels_in_which_the_real_rows_do_not_vary_are_left_out(name):
    real, fake = fields.medium(30, 0, 12), fields.medium(30, 1, 12)
    flat, speckle = np.ones_like(real), rng().integers(0, 2, real.shape, np.uint8)
    if name in ("two_point", "phase_fraction"):  # there a constant channel is a phase like others
        assert measured(name, np.append(real, flat, -1), np.append(fake, flat, -1)).value >= 0
        return
    expected = measured(name, real, fake)
    found = measured(name, np.append(flat, real, -1), np.append(speckle, fake, -1))
    assert found[:2] == pytest.approx(expected[:2], rel=1e-9)
    with pytest.raises(WganError) as caught:
        measured(name, flat, fake)
    assert "only one value in each channel" in str(caught.value)


@of_one_channel
def test_few_rows_and_other_shapes_are_refused(name):
    real, fake = fields.medium(30, 0, 12), fields.medium(9, 1, 12)
    with pytest.raises(WganError) as caught:
        measured(name, real, fake)
    assert f"{name} needs at least 10 samples" in str(caught.value)
    with pytest.raises(WganError) as caught:
        measured(name, real, fields.medium(30, 1, 8))
    assert "give equal shapes" in str(caught.value)
    with pytest.raises(WganError) as caught:
        measured(name, real, np.where(real == 1, np.nan, 0))
    assert "fake holds NaN or infinite values, the first in row 0 and channel 0" in str(caught.value)


def test_one_row_each_has_a_value_without_an_error():
    real, fake = fields.waves(1, 0), fields.waves(1, 1)
    for difference in (spectrum_difference, autocorrelation_difference, amplitude_difference):
        found = difference(real, fake)
        assert found.value > 0
        assert found.error is None


def test_an_evaluation_has_them_beside_their_floors_and_says_how_many_rows_it_compared(monkeypatch):
    real, fake = 255 * fields.medium(120, 0, 8), 255 * fields.medium(60, 1, 8)
    report = evaluate(real, fake, features="rows")
    assert set(STRUCTURE_METRICS) - WITH_PAIRS <= set(report["metrics"])
    assert "structure" not in report["protocol"]
    found = report["metrics"]["phase_fraction"]
    assert found["unit"] == "share"
    assert 0 < found["error"] < 0.2
    seen = []

    def spy(*sets):
        seen.append([len(rows) for rows in sets])
        return spectrum_difference(*sets)

    monkeypatch.setattr(structure_metrics, "MOST_VALUES", 25 * 64)
    monkeypatch.setattr(structure_metrics, "spectrum_difference", spy)
    fewer = evaluate(real, fake, features="rows")
    assert fewer["protocol"]["structure"] == "spectra and the like: the first 25 rows of each set"
    assert seen == [[25, 25], [25, 25]], "real rows and samples, and for the floor real rows and training rows"
    assert fewer["metrics"]["energy_distance"] == report["metrics"]["energy_distance"]
