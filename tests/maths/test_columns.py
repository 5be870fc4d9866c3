"""Columns of two tables against each other, and columns of one table in pairs, by what must hold."""

import numpy as np
import pytest

from wgan.maths.metrics.columns import (
    correlation,
    correlation_ratio,
    cramers_v,
    distance_of_levels,
    distance_of_numbers,
)

RANDOM = np.random.default_rng(0)
NUMBERS, CODES = RANDOM.standard_normal(3000), RANDOM.integers(0, 4, 3000)


def test_a_shift_is_as_far_as_it_is_long_in_standard_deviations():
    real = 7 * NUMBERS + 3
    assert distance_of_numbers(real, real + 2 * real.std()) == pytest.approx(2)
    assert distance_of_numbers(100 * real, 100 * (real + 2 * real.std())) == pytest.approx(2)
    for bad in (np.ones(5), np.array([])):
        assert np.isnan(distance_of_numbers(bad, real))
    assert np.isnan(distance_of_numbers(real, np.array([])))


def test_levels_are_as_far_as_the_share_of_rows_that_must_change():
    assert distance_of_levels(np.repeat([0, 1], [60, 40]), np.repeat([0, 1], [35, 65])) == pytest.approx(0.25)
    assert distance_of_levels(np.zeros(5), np.ones(9)) == 1
    assert np.isnan(distance_of_levels(np.array([]), CODES))


def test_what_one_column_tells_of_another_is_one_if_it_tells_all_and_near_zero_if_nothing():
    for found in (
        correlation(NUMBERS, 3 - 2 * NUMBERS) + 2,
        correlation_ratio(CODES, CODES * 5.0 - 2),
        cramers_v(CODES, 9 - CODES),
    ):
        assert found == pytest.approx(1)
    other, codes = RANDOM.permutation(NUMBERS), RANDOM.permutation(CODES)
    for found in (
        correlation(NUMBERS, other),
        correlation_ratio(CODES, other),
        cramers_v(CODES, codes),
    ):
        assert abs(found) < 4 * np.sqrt(3 / len(CODES))  # of three degrees of freedom at most
    constant = np.zeros(len(CODES))
    assert correlation(NUMBERS, constant) == correlation_ratio(CODES, constant) == cramers_v(CODES, constant) == 0


def test_the_correlation_ratio_is_the_root_of_the_share_of_the_variance_between_levels():
    numbers = CODES + NUMBERS
    between = sum((code == CODES).mean() * (numbers[code == CODES].mean() - numbers.mean()) ** 2 for code in range(4))
    assert correlation_ratio(CODES, numbers) ** 2 == pytest.approx(between / numbers.var())
