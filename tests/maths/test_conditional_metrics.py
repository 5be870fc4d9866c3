"""Measures of conditional samples: right where the conditions are right, and failed where they are shuffled."""

import math
from dataclasses import replace

import numpy as np
import pytest

from wgan import WganError
from wgan.maths.known_given import LAWS, conditions, law
from wgan.maths.metrics import measurement
from wgan.maths.metrics.conditional import (
    CONDITION_METRICS,
    ConditionalSets,
    Part,
    agreement,
    bins_of,
    calibration,
    dependence,
    distance_correlation,
    joint_w1,
    joint_weight,
    miscalibration,
    within_bins,
)

NUMBER = Part("c", "number", 0, 1)
LEVELS = Part("kind", "levels", 0, 3)


def numbers(name="ring", n=1000, shuffled=False, change=lambda rows, c: rows):
    """Real rows and samples of a law; samples are shuffled against their conditions on request."""
    of = law(name)
    drawn = {}
    for seed, which in enumerate(("real", "fake", "train")):
        c = conditions(of, n, seed)
        drawn[which], drawn[f"{which}_condition"] = of.sample(c, seed), c
    drawn["fake"] = change(drawn["fake"], drawn["fake_condition"])
    if shuffled:
        drawn["fake_condition"] = np.random.default_rng(0).permutation(drawn["fake_condition"])
    return ConditionalSets(**drawn, parts=(NUMBER,))


def levels(shuffled=False, n=500):
    drawn = {}
    for seed, which in enumerate(("real", "fake", "train")):
        random = np.random.default_rng(seed)
        codes = random.choice(3, n, p=[0.5, 0.3, 0.2])
        drawn[which] = random.standard_normal((n, 2)) + 4 * np.stack([codes == 1, codes == 2], 1)
        drawn[f"{which}_condition"] = np.eye(3)[codes]
    if shuffled:
        drawn["fake_condition"] = np.random.default_rng(9).permutation(drawn["fake_condition"])
    return ConditionalSets(**drawn, parts=(LEVELS,))


MADE = {name: lambda shuffled, n, name=name: numbers(name, n, shuffled) for name in LAWS} | {"levels": levels}


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("metric", CONDITION_METRICS)
def test_each_metric_passes_the_truth_and_fails_where_the_conditions_are_shuffled(metric, made):
    rows = 1500 if metric == "within_conditions" else 500
    true, shuffled = (measurement(metric, MADE[made](flag, rows), CONDITION_METRICS) for flag in (False, True))
    better = CONDITION_METRICS[metric].better
    assert (shuffled.value > 1.25 * true.value) if better == "lower" else (shuffled.value < 0.5 * true.value)
    if metric == "within_conditions":
        assert true.value < 1.35 < 1.5 < shuffled.value
    if metric in ("condition_agreement", "condition_dependence"):
        assert true.value > 0.85 * true.floor
    if metric == "miscalibration":
        assert true.value < 0.12 < 0.15 < shuffled.value
    if metric == "condition_dependence":
        assert true.p_value < 0.01 < shuffled.p_value


def test_the_weight_makes_rows_and_conditions_count_equally():
    sets = numbers(n=300)
    weight = joint_weight(sets.real, sets.real_condition)
    assert joint_weight(3 * sets.real, sets.real_condition) == pytest.approx(3 * weight)
    assert joint_weight(sets.real, 3 * sets.real_condition) == pytest.approx(weight / 3)
    assert joint_w1(sets).value == joint_w1(sets, weight).value
    moved = ConditionalSets(
        sets.real, sets.real_condition, sets.real + np.array([5, 0]), sets.real_condition, (NUMBER,)
    )
    assert joint_w1(moved).value == pytest.approx(5), "a shift of all rows has its length, at any weight"
    asked = ConditionalSets(sets.real, sets.real_condition, sets.real, sets.real_condition + 5, (NUMBER,))
    assert joint_w1(asked, 7.0).value == pytest.approx(35), "a shift of all conditions has its length times the weight"


def test_bins_are_quantiles_of_real_numbers_and_the_ends_are_open():
    c = np.linspace(0, 1, 1000)[:, None]
    found, names = bins_of(NUMBER, c, np.array([[-9.0], [0.05], [0.25], [0.5], [0.75], [9.0]]))
    assert found.tolist() == [0, 0, 1, 2, 3, 4]
    assert names[0] == "0 to 0.2"
    assert (np.bincount(bins_of(NUMBER, c, c)[0]) == 200).all()
    codes, names = bins_of(LEVELS, np.eye(3), np.eye(3)[[2, 0]])
    assert (codes.tolist(), names) == ([2, 0], (0, 1, 2))


def test_a_bin_that_is_wrong_is_found_by_its_name():
    """All samples are right but those of the last fifth of c, which are moved by 1."""
    sets = numbers(change=lambda rows, c: np.where(c > 2.6, rows + np.array([1, 0]), rows))
    found = within_bins(sets, NUMBER)
    ratios = found.distance / found.floor
    assert ratios.argmax() == 4
    assert found.distance[4] == pytest.approx(1, abs=0.3)
    assert (ratios[:4] < 1.5).all()
    assert (found.rows >= 90).all()
    assert found.names[4].endswith(" to 3")


def test_agreement_of_numbers_is_the_share_of_explained_variance():
    sets = numbers()
    found = agreement(sets, NUMBER)
    assert found.floor > 0.95
    assert abs(found.value - found.floor) < 5 * math.sqrt(2) * found.error
    wrong = numbers(change=lambda rows, c: rows / np.linalg.norm(rows, axis=1, keepdims=True) * 2)
    assert agreement(wrong, NUMBER).value == pytest.approx(0, abs=0.1), "all samples say the mean"
    with pytest.raises(WganError, match="give train"):
        agreement(ConditionalSets(sets.real, sets.real_condition, sets.fake, sets.fake_condition, (NUMBER,)), NUMBER)


def test_calibration_has_the_means_and_spreads_of_the_law():
    sets = numbers("gamma", n=4000)
    found = calibration(sets, NUMBER)
    assert found.real_mean.shape == found.fake_spread_error.shape == (5, 24)
    for one, other, error in (
        (found.fake_mean, found.real_mean, np.hypot(found.fake_mean_error, found.real_mean_error)),
        (found.fake_spread, found.real_spread, np.hypot(found.fake_spread_error, found.real_spread_error)),
    ):
        z = (one - other) / error
        assert np.abs(z).max() < 5
        assert 0.6 < z.std() < 1.4, "the errors are standard errors"
    wide = calibration(numbers("gamma", n=4000, change=lambda rows, c: 1.5 * rows), NUMBER)
    np.testing.assert_allclose(wide.fake_spread, 1.5 * found.fake_spread)
    assert miscalibration(wide) > 0.5 > 0.05 > miscalibration(found)
    length = calibration(numbers("ring"), NUMBER, lambda rows: np.linalg.norm(rows, axis=1)[:, None])
    assert np.abs(length.fake_mean[:, 0] - length.at).max() < 0.05


def two(ignored, n=600):
    """Two numbers that go together; samples obey the first, and obey or ignore the second."""
    drawn = {}
    for seed, which in enumerate(("real", "fake")):
        random = np.random.default_rng(seed)
        first = random.standard_normal((n, 1))
        second = 0.8 * first + 0.6 * random.standard_normal((n, 1))
        used = 0 if which == "fake" and ignored else second
        drawn[which] = np.concatenate([first, first + used], 1) + 0.3 * random.standard_normal((n, 2))
        drawn[f"{which}_condition"] = np.concatenate([first, second], 1)
    parts = (Part("first", "number", 0, 1), Part("second", "number", 1, 2))
    return ConditionalSets(**drawn, parts=parts)


def test_the_condition_that_is_ignored_is_named_also_where_another_goes_together_with_it():
    for ignored in (False, True):
        sets = two(ignored)
        first, second = (dependence(sets, part) for part in sets.parts)
        assert not first.ignored
        assert second.ignored is ignored
    assert second.fake > 0.3, "it goes together with what is used, but is not used itself"


def test_the_p_value_of_an_ignored_condition_is_uniform():
    found = [
        dependence(
            ConditionalSets(
                random.standard_normal((60, 2)), np.zeros((60, 1)) + np.arange(60)[:, None],
                random.standard_normal((60, 2)), random.standard_normal((60, 1)), (NUMBER,), seed=seed,
            ),
            NUMBER,
        ).p_value
        for seed in range(40)
        for random in [np.random.default_rng(seed)]
    ]  # fmt: skip
    assert 0.3 < np.mean(found) < 0.7
    assert np.mean(np.array(found) <= 0.1) < 0.3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fake_condition": np.ones((3, 1))}, "1000 rows and 3 conditions"),
        ({"real": np.full((1000, 2), np.nan)}, "NaN"),
        ({"fake": np.ones((1000, 5))}, "columns"),
    ],
)
def test_sets_that_do_not_fit_are_refused_in_a_sentence(change, said):
    sets = numbers()
    given = {name: getattr(sets, name) for name in ("real", "real_condition", "fake", "fake_condition")}
    with pytest.raises(WganError, match=said):
        ConditionalSets(**given | change, parts=(NUMBER,))


def test_too_few_rows_and_a_constant_condition_are_refused_in_a_sentence():
    few = ConditionalSets(np.zeros((9, 2)), np.arange(9.0), np.zeros((9, 2)), np.arange(9.0), (NUMBER,))
    for act in (lambda: within_bins(few, NUMBER), lambda: calibration(few, NUMBER)):
        with pytest.raises(WganError, match="no bin of 'c'"):
            act()
    same = np.ones((50, 1))
    with pytest.raises(WganError, match="same in all rows"):
        bins_of(NUMBER, same, same)
    with pytest.raises(WganError, match="same in all rows"):
        joint_weight(same, same)


def test_frequent_numbers_have_bins_of_their_own():
    def bins(values):
        values = np.array(values, float)[:, None]
        found, names = bins_of(NUMBER, values, values)
        return np.bincount(found).tolist(), names

    assert bins([0, 1] * 50) == ([50, 50], ("0", "1"))
    assert bins([0, 1, 2] * 30) == ([30, 30, 30], ("0", "1", "2"))
    counts, names = bins([0] * 90 + [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    assert (counts, names[0]) == ([90, 10], "0"), "more different numbers than bins, most rows at one of them"


def yes_or_no(shuffled=False):
    """Rows that differ by 5 with a condition of zeros and ones, as a table has it."""
    random, c = np.random.default_rng(0), np.repeat([[0.0], [1.0]], 200, axis=0)
    real, fake = (random.standard_normal((400, 1)) + 5 * c for _ in range(2))
    return ConditionalSets(real, c, fake, c[::-1] if shuffled else c, (NUMBER,))


@pytest.mark.parametrize("metric", ["within_conditions", "miscalibration"])
def test_a_condition_of_zeros_and_ones_is_seen(metric):
    true, shuffled = (measurement(metric, yes_or_no(flag), CONDITION_METRICS).value for flag in (False, True))
    assert shuffled > 1 > true / 1.5


def test_samples_that_equal_the_rows_of_their_condition_are_at_the_floor():
    """The condition determines the row, so that nothing differs within a bin."""
    true, shuffled = yes_or_no(), yes_or_no(shuffled=True)
    rows = 5 * true.real_condition
    assert measurement("within_conditions", replace(true, real=rows, fake=rows), CONDITION_METRICS).value == 1
    assert (
        measurement("within_conditions", replace(shuffled, real=rows, fake=rows), CONDITION_METRICS).value == math.inf
    )


def test_the_distance_correlation_is_that_of_its_definition():
    """By the four sums over all pairs and triples, and for a line, whose distances are in proportion, it is 1."""
    random = np.random.default_rng(0)
    x = random.standard_normal((60, 2))
    c = x[:, :1] + random.standard_normal((60, 1))

    def covariance(x, y):
        a, b = (np.linalg.norm(one[:, None] - one, axis=2) for one in (x, y))
        return (a * b).mean() + a.mean() * b.mean() - 2 * (a.mean(0) * b.mean(0)).mean()

    truth = math.sqrt(covariance(x, c) / math.sqrt(covariance(x, x) * covariance(c, c)))
    assert distance_correlation(x, c, NUMBER, 0)[0] == pytest.approx(truth, rel=1e-12)
    assert distance_correlation(3 * c, c, NUMBER, 0)[0] == pytest.approx(1, rel=1e-12)


def test_the_weight_does_not_go_by_the_order_of_rows():
    rows, c = np.arange(1000.0), np.repeat([0.0, 1.0], 500)
    shuffled = np.random.default_rng(0).permutation(1000)
    assert joint_weight(rows, c) == pytest.approx(joint_weight(rows[shuffled], c[shuffled]), rel=0.1)


def test_a_condition_that_does_not_matter_is_not_the_one_that_is_least_used():
    """Chance alone decides how strongly samples depend on it beside real rows."""
    random = np.random.default_rng(0)
    drawn = {}
    for which in ("real", "fake"):
        condition = random.standard_normal((300, 2))
        drawn |= {which: condition[:, :1] + random.standard_normal((300, 1)), f"{which}_condition": condition}
    used, idle = Part("used", "number", 0, 1), Part("idle", "number", 1, 2)
    both = measurement("condition_dependence", ConditionalSets(**drawn, parts=(used, idle)), CONDITION_METRICS)
    assert both.value == both.shares[0]
    with pytest.raises(WganError, match="300 real rows do not show that they depend on a condition"):
        measurement("condition_dependence", ConditionalSets(**drawn, parts=(idle,)), CONDITION_METRICS)
