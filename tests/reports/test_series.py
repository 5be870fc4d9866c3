"""What verdicts read from a log: the difference from the data, medians, rank correlations and common changes."""

import math

import numpy as np
import pytest
from logs import LAST, STEPS, log
from scipy.stats import binom, norm, spearmanr

from wgan.reports.series import (
    FEWEST,
    LEAST_FALL,
    NORMAL,
    common_changes,
    difference,
    error_of_share,
    first_value,
    floor_value,
    largest,
    last_value,
    late_median,
    median_filter,
    rank_correlation,
    step_since,
)


@pytest.mark.parametrize("chance", [0.005, 0.015])
def test_the_difference_is_the_late_median_with_its_interval_beside_chance_and_the_start(chance):
    """Chance moves it up by as much, whatever the jackknife says."""
    values = np.where(STEPS == 0, 1.5, np.where(LAST, 0.02, 0.3))
    values[[-1, -2]] = 9.0, np.nan
    once = np.where(STEPS == 0, chance, np.nan)
    far = difference(log(energy_distance=values, energy_distance_error=0.005, energy_distance_chance=once))
    half = norm.ppf(0.975) * 0.005
    assert far[:5] == pytest.approx((0.02, 0.02 - half, 0.02 + max(half, chance), chance, 1.5), rel=1e-4)
    assert far.seen
    assert far.falls


@pytest.mark.parametrize("lost", ["energy_distance", "energy_distance_error", "energy_distance_chance"])
def test_without_its_error_or_chance_there_is_no_difference(lost):
    columns = {"energy_distance": 0.02, "energy_distance_error": 0.005, "energy_distance_chance": 0.01}
    assert difference(log(**columns)) is not None
    assert difference(log(**columns | {lost: np.nan})) is None
    assert difference(log(**{name: value for name, value in columns.items() if name != lost})) is None


@pytest.mark.parametrize(("value", "seen"), [(0.00999, False), (0.01, False), (0.01001, True)])
def test_a_difference_is_seen_beyond_chance(value, seen):
    far = difference(log(energy_distance=value, energy_distance_error=0.005, energy_distance_chance=0.01))
    assert far.seen == seen
    wide = difference(log(energy_distance=value, energy_distance_error=value / 1.95, energy_distance_chance=0.01))
    assert not wide.seen, "the interval holds 0"


@pytest.mark.parametrize(
    ("error", "limit"), [(0.1, NORMAL * 0.1), (0.0001, LEAST_FALL)], ids=["the interval", "a share of the distance"]
)
@pytest.mark.parametrize(("beyond", "falls"), [(0.999, False), (1.001, True)])
def test_it_falls_where_the_last_quarter_is_lower_by_more_than_both_limits(error, limit, beyond, falls):
    lowest = np.where(STEPS == 1750, 1 - limit * beyond, 1.0)
    columns = {"energy_distance_error": error, "energy_distance_chance": 0.01}
    assert difference(log(energy_distance=lowest, **columns)).falls == falls
    before = np.where((STEPS == 1400) | (STEPS == 1750), 1 - limit * beyond, 1.0)
    assert not difference(log(energy_distance=before, **columns)).falls


@pytest.mark.parametrize(("first", "count"), [(1500, 11), (1550, 10)])
def test_late_means_the_last_quarter_of_the_steps(first, count):
    values = np.where(first <= STEPS, np.arange(len(STEPS)), np.nan)
    assert np.isfinite(values[LAST]).sum() == count
    assert late_median(log(w1=values), "w1") == np.median(np.arange(len(STEPS))[-count:])
    assert math.isnan(late_median(log(w1=np.where(LAST, np.nan, 1.0)), "w1"))


def test_single_values_pass_over_what_is_missing():
    values = np.where((STEPS == 100) | (STEPS == 300), STEPS, np.nan)
    found = log(w1=values, w1_floor=np.where(STEPS == 0, 3.0, np.nan))
    assert (first_value(found, "w1"), last_value(found, "w1"), largest(found["w1"])) == (100, 300, 300)
    assert floor_value(found, "generator_w1") == 3
    for one in (first_value, last_value, floor_value, late_median):
        assert math.isnan(one({"step": STEPS}, "w1"))
        assert math.isnan(one({"step": STEPS, "w1": np.array(["x"] * len(STEPS), object)}, "w1"))
    assert largest(np.array([np.nan, -1.0])) == 0


@pytest.mark.parametrize("name", ["w_1", "energy"])
def test_a_name_that_no_run_logs_fails_loudly(name):
    with pytest.raises(KeyError, match="is not a logged quantity"):
        late_median({"step": STEPS}, name)


def test_since_when_every_record_is_true():
    for true, since in ((STEPS >= 0, 0), (STEPS > 1300, 1350), (STEPS < 0, 2000), (STEPS != 700, 750)):
        assert step_since({"step": STEPS}, true) == since


def test_the_error_of_a_share_is_binomial_and_survives_any_number():
    assert error_of_share(0.2, 100) == pytest.approx(0.04)
    for share, count in ((-1.0, 9.0), (2.0, 9.0), (0.5, 0.0), (0.5, -3.0)):
        assert math.isfinite(error_of_share(share, count))
    assert math.isnan(error_of_share(math.nan, 9.0))
    assert math.isnan(error_of_share(0.5, math.nan))


def test_the_median_filter_passes_over_what_is_missing():
    values = np.array([1.0, np.nan, 100.0, 2.0, 3.0, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(median_filter(values, 3), [1, 50.5, 51, 3, 2.5, 3, np.nan, np.nan])
    np.testing.assert_array_equal(median_filter(values, 1), values)


def test_the_interval_is_that_of_bonett_and_wright():
    first, second = np.random.default_rng(0).standard_normal((2, 30))
    rank, low, high = rank_correlation(first, second)
    half = norm.ppf(0.975) * math.sqrt((1 + rank**2 / 2) / 27)
    assert (math.atanh(low), math.atanh(high)) == pytest.approx(
        (math.atanh(rank) - half, math.atanh(rank) + half), rel=1e-3
    )


def test_the_rank_correlation_is_spearmans_and_its_interval_covers():
    rng = np.random.default_rng(0)
    true, covered, repeats = 6 / np.pi * np.arcsin(0.6 / 2), 0, 400
    for _ in range(repeats):
        first, noise = rng.standard_normal((2, 40))
        second = 0.6 * first + 0.8 * noise
        rank, low, high = rank_correlation(first, second)
        assert rank == pytest.approx(spearmanr(first, second).statistic)
        covered += low < true < high
    assert abs(covered / repeats - 0.95) < 3 * np.sqrt(0.95 * 0.05 / repeats)
    assert rank_correlation(np.ones(9), np.arange(9.0)) == (0.0, -1.0, 1.0)


def test_common_changes_are_those_of_the_means_of_blocks():
    """Of 34 records there are 17 blocks of two, and 16 changes; the variance of z is half as much again."""
    first, second = np.random.default_rng(0).standard_normal((2, 34))
    changes = [np.diff((x[::2] + x[1::2]) / 2) for x in (first, second)]
    rank, low, high, count = common_changes(first, second)
    assert count == 16
    assert rank == pytest.approx(spearmanr(*changes).statistic)
    half = norm.ppf(0.975) * math.sqrt(1.5 * (1 + rank**2 / 2) / 13)
    ends = math.atanh(rank) - half, math.atanh(rank) + half
    assert (math.atanh(low), math.atanh(high)) == pytest.approx(ends, rel=1e-3)


@pytest.mark.parametrize(("records", "known"), [(FEWEST, False), (FEWEST + 1, True)])
def test_common_changes_need_eight_of_them(records, known):
    rank, low, high, count = common_changes(np.arange(records) ** 2.0, np.arange(records) ** 3.0)
    assert count == records - 1
    assert (low > 0) == known
    assert known or (rank, low, high) == (0, -1, 1)
    assert common_changes(np.zeros(40), np.arange(40.0))[:3] == (0, -1, 1)


@pytest.mark.parametrize("records", [9, 20, 100])
@pytest.mark.parametrize("kind", ["walks", "noise"])
def test_changes_without_a_common_cause_are_called_common_as_often_as_the_interval_says(records, kind):
    """In at most 2.5 % of 1,000 pairs: in up to 42, the 99.9 % point of that binomial number."""
    rng, found = np.random.default_rng(0), 0
    for _ in range(1000):
        pair = rng.standard_normal((2, records))
        found += common_changes(*(pair.cumsum(1) if kind == "walks" else pair))[1] > 0
    assert found <= binom.ppf(0.999, 1000, 0.025)


def test_a_negative_standard_error_measures_nothing():
    columns = {"energy_distance": 0.02, "energy_distance_chance": 0.01}
    assert difference(log(**columns, energy_distance_error=0.001)) is not None
    assert difference(log(**columns, energy_distance_error=-1.0)) is None
