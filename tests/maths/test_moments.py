"""Whether numbers vary, by exact arithmetic: at any size, at any offset, and where the rounded mean says otherwise."""

from fractions import Fraction

import numpy as np
import pytest

from wgan.maths.metrics import Modes, high_quality, modes_of
from wgan.maths.metrics.columns import correlation, correlation_ratio, distance_of_numbers
from wgan.maths.metrics.conditional import ConditionalSets, Part, calibration, miscalibration
from wgan.maths.moments import deviation, mean

CONSTANTS = [0.1, 1e9 + 0.1, -1e-14, 1 / 3, 1e300]  # whose rounded means and deviations are off for some of COUNTS
COUNTS = (3, 7, 10, 400)
NUMBERS = np.random.default_rng(0).standard_normal(400)
CODES = np.arange(400) % 3


def test_the_rounding_of_means_would_hide_that_numbers_are_equal():
    assert any(np.full(count, value).std() > 0 for value in CONSTANTS for count in COUNTS)
    for value in CONSTANTS:
        for count in COUNTS:
            assert mean(np.full(count, value)) == value
            assert deviation(np.full(count, value)) == 0


@pytest.mark.parametrize("scale", [1e-200, 1e-14, 1.0, 1e200])
@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_the_moments_are_those_of_exact_arithmetic(scale, offset):
    rows = (NUMBERS[:50] + offset) * scale
    exact = [Fraction(x) for x in rows.tolist()]
    middle = sum(exact) / len(exact)
    variance = sum((x - middle) ** 2 for x in exact) / len(exact)
    assert mean(rows) == pytest.approx(float(middle), rel=1e-15)
    unit = Fraction(scale)
    assert deviation(rows) / scale == pytest.approx(float(variance / unit**2) ** 0.5, rel=1e-14)


@pytest.mark.parametrize("value", CONSTANTS)
def test_a_column_of_one_number_has_no_scale(value):
    constant = np.full(len(NUMBERS), value)
    assert np.isnan(distance_of_numbers(constant, NUMBERS))
    assert correlation(constant, NUMBERS) == correlation(NUMBERS, constant) == correlation_ratio(CODES, constant) == 0


@pytest.mark.parametrize("scale", [1e-200, 1e-14, 1e200])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_the_unit_and_the_offset_of_a_column_do_not_matter(scale, offset):
    other = scale * (NUMBERS + offset)
    assert correlation(other, NUMBERS) == pytest.approx(1, abs=1e-9)
    assert correlation_ratio(CODES, other) == pytest.approx(correlation_ratio(CODES, NUMBERS), abs=1e-6)
    assert distance_of_numbers(other, other + scale) == pytest.approx(1 / NUMBERS.std(), rel=1e-6)


def test_a_value_that_is_constant_in_real_rows_is_no_unit_of_miscalibration():
    levels = np.eye(2)[np.repeat([0, 1], 200)]
    real, fake = (np.stack([np.full(400, value), NUMBERS + levels[:, 0]], 1) for value in (0.1, 0.2))
    sets = ConditionalSets(real, levels, fake, levels, (part := Part("c", "levels", 0, 2),))
    assert miscalibration(calibration(sets, part)) == 0, "the second value is the same in both"


def test_a_mode_of_equal_rows_holds_exactly_these():
    modes = modes_of(np.array([[0.1], [0.1], [0.1], [5.0]]), ["one", "one", "one", "other"])
    assert modes.centres[:, 0].tolist() == [0.1, 5.0]
    assert modes.deviations.tolist() == [0, 0]
    found = high_quality(np.array([[0.1], [0.1 + 1e-15]]), modes)
    assert found.value == 0.5
    assert high_quality(np.array([[0.1]]), Modes(*modes)).error is None, "one row has no standard error"
