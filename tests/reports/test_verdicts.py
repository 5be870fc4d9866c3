"""Verdicts as functions of a log: contracts over all of them, thresholds, the rank correlation."""

import math

import numpy as np
import pytest
from scipy.stats import norm, spearmanr

from wgan.reports import verdicts as module
from wgan.reports.verdicts import VERDICTS, median_filter, rank_correlation, verdicts

STEPS = np.arange(0, 2050, 50.0)


def log(**columns):
    return {"step": STEPS} | {
        name: values if isinstance(values, np.ndarray) else np.full(len(STEPS), float(values))
        for name, values in columns.items()
    }


HEALTHY = {
    "estimate": 0.5, "held_out_estimate": 0.45, "w1": 3.3, "generator_w1": 3.4, "w1_floor": 3.2, "copied": 0.0,
    "copied_floor": 0.0, "classes": 9.8, "classes_floor": 9.8, "coverage": 0.9, "coverage_floor": 0.95,
    "diversity": 0.98, "nearest": 2.5, "nearest_floor": 2.0, "gradient_norm_fake": 1.1, "generator_gradient": 2.0,
    "memorised_score": 0.05, "memorised_score_error": 0.06, "measured_rows": 180.0,
}  # fmt: skip
FAULTY = {
    "exploding critic": {"gradient_norm_real": 500.0},
    "vanishing gradient": {"gradient_norm_fake": 1e-6},
    "dead generator": {"generator_gradient": 1e-9},
    "memorising generator": {"copied": 0.5},
    "mode collapse": {"diversity": 0.1},
    "memorising critic": {"held_out_estimate": 0.1, "memorised_score": 0.4, "memorised_score_error": 0.05},
}


def names(found, kind="fault"):
    return [one.name for one in found if one.kind == kind]


@pytest.mark.parametrize("name", VERDICTS)
def test_each_survives_any_log_and_tells_its_own_name(name):
    nothing = np.full(len(STEPS), np.nan)
    for columns in ({}, dict.fromkeys(HEALTHY, nothing), dict.fromkeys(HEALTHY, np.array(["x"] * len(STEPS), object))):
        assert VERDICTS[name]({"step": STEPS, **columns}, {}) is None
    assert verdicts({}) == []
    assert verdicts({"step": np.array([])}) == []
    found = VERDICTS[name](log(**HEALTHY | FAULTY.get(name, {})), {})
    if name in FAULTY:
        assert (found.name, found.kind) == (name, "fault")
        assert found.sentence.endswith(".")
        assert found.evidence.endswith(".")
        assert found.remedy.endswith(".")


def test_every_fault_has_a_case_and_a_healthy_log_has_none():
    assert list(FAULTY) == list(VERDICTS)[: len(FAULTY)]
    assert names(verdicts(log(**HEALTHY))) == []


@pytest.mark.parametrize("name", FAULTY)
def test_a_fault_is_the_first_verdict_and_the_only_fault(name):
    found = verdicts(log(**HEALTHY | FAULTY[name]))
    assert found[0].name == name
    assert names(found) == [name]


def test_a_cause_is_told_without_what_follows_from_it():
    assert names(verdicts(log(**HEALTHY | {name: v for one in FAULTY.values() for name, v in one.items()}))) == [
        "exploding critic"
    ]


def test_a_value_that_is_not_finite_is_told_with_its_step():
    fault = np.array([None] * (len(STEPS) - 1) + ["critic_loss became nan"], object)
    first = verdicts(log(**HEALTHY) | {"fault": fault})[0]
    assert first.name == "exploding critic"
    assert "2,000" in first.sentence
    assert "critic_loss became nan" in first.evidence


def test_a_young_run_that_still_improves_is_not_called_collapsed():
    falling = np.linspace(7, 4, len(STEPS))
    found = verdicts(log(**HEALTHY | {"diversity": 0.2, "w1": falling}))
    assert names(found) == []
    assert "still improving" in names(found, "note")


def test_memory_is_noted_from_a_quarter_and_a_fault_from_half_of_the_estimate_and_says_since_when():
    known = {"memorised_score": 0.4, "memorised_score_error": 0.05}
    for held_out, kind in ((0.4, None), (0.3, "note"), (0.2, "fault")):
        found = [one.kind for one in verdicts(log(**HEALTHY | known | {"held_out_estimate": held_out})) if
                 one.name == "memorising critic"]  # fmt: skip
        assert found == ([kind] if kind else [])
    held_out = np.where(STEPS < 1400, 0.5, 0.1)
    found = verdicts(log(**HEALTHY | known | {"held_out_estimate": held_out}), {"checkpoint_every": 500})[0]
    assert found.sentence == "The critic has memorised its training rows since step 1,400."
    assert names(verdicts(log(**HEALTHY | FAULTY["memorising critic"] | {"memorised_score_error": 0.2}))) == []


LAST = STEPS >= 1500  # the last quarter
MEMORY = FAULTY["memorising critic"]
# the verdict, columns by what is compared, its limit, and the side of it on which the verdict is given
LIMITS = {
    "gradient norm": ("exploding critic", lambda x: {"gradient_norm_real": x}, 100, "above"),
    "norm of a run that got worse": (
        "exploding critic",
        lambda x: {"gradient_norm_real": x, "w1": np.where(LAST, 4.0, 3.3)},
        10,
        "above",
    ),
    "distance of a steep run": (
        "exploding critic",
        lambda x: {"gradient_norm_real": 50.0, "w1": np.where(LAST, 3.3 * x, 3.3)},
        1.1,
        "above",
    ),
    "estimate over distance": ("exploding critic", lambda x: {"estimate": 3.3 * x}, 30, "above"),
    "estimate below 0": ("exploding critic", lambda x: {"estimate": -3.3 * x}, 30, "above"),
    "gradient at samples": ("vanishing gradient", lambda x: {"gradient_norm_fake": x}, 1e-3, "below"),
    "gradient of the generator": (
        "dead generator",
        lambda x: {"gradient_norm_fake": 2.2, "generator_gradient": 2.2 * x},
        1e-3,
        "below",
    ),
    # floor + 2 % + four standard errors of a share (floor n + 1) / (n + 2)
    "copies of 180": ("memorising generator", lambda x: {"copied": x}, 0.0420390, "above"),
    "copies of 50": ("memorising generator", lambda x: {"copied": x, "measured_rows": 50.0}, 0.0976904, "above"),
    "copies of a hundred, which is what an old log means": (
        "memorising generator",
        lambda x: {"copied": x, "measured_rows": np.nan},
        0.0594119,
        "above",
    ),
    "copies beside a floor": (
        "memorising generator",
        lambda x: {"copied": x, "copied_floor": 0.3, "measured_rows": 100.0},
        0.3 + 0.02 + 4 * 0.0459945,
        "above",
    ),
    "diversity": ("mode collapse", lambda x: {"diversity": x}, 0.5, "below"),
    "classes over the floor": ("mode collapse", lambda x: {"classes": 9.8 * x, "nearest": 2.5}, 0.5, "below"),
    "coverage over the floor": ("mode collapse", lambda x: {"coverage": 0.95 * x, "nearest": 2.5}, 0.5, "below"),
    "nearest over the floor": ("mode collapse", lambda x: {"classes": 2.0, "nearest": 2.0 * x}, 1.5, "below"),
    "share by which w1 fell, of a collapse": (
        "mode collapse",
        lambda x: {"diversity": 0.1, "w1": np.where(STEPS > 1500, 5 * (1 - x), 5.0)},
        0.02,
        "below",
    ),
    "standard errors of memory": ("memorising critic", lambda x: MEMORY | {"memorised_score": 0.05 * x}, 3, "above"),
    "share of memory": ("memorising critic", lambda x: MEMORY | {"held_out_estimate": 0.5 * (1 - x)}, 0.5, "above"),
    "share of memory of a note": (
        "memorising critic",
        lambda x: MEMORY | {"held_out_estimate": 0.5 * (1 - x)},
        0.25,
        "above",
    ),
    "share by which w1 fell": (
        "still improving",
        lambda x: {"w1": np.where(STEPS > 1500, 5 * (1 - x), 5.0)},
        0.02,
        "above",
    ),
    "distance over the floor": (
        "still improving",
        lambda x: {"w1": np.where(STEPS > 1500, 3.2 * x, 4.0)},
        1.05,
        "above",
    ),
}


@pytest.mark.parametrize("case", LIMITS)
def test_each_limit_is_where_it_is_said_to_be(case):
    name, columns, limit, side = LIMITS[case]
    noted = case == "share of memory of a note" or name == "still improving"
    told = {}
    for where, value in (("below", limit * (1 - 1e-3)), ("above", limit * (1 + 1e-3))):
        found = VERDICTS[name](log(**HEALTHY | columns(value)), {})
        told[where] = found is not None and (noted or found.kind == "fault")
    assert told == {"below": side == "below", "above": side == "above"}


def test_every_verdict_but_the_correlations_has_a_case_at_a_limit():
    assert {name for name, *_ in LIMITS.values()} == set(VERDICTS) - {"loss and distance"}


@pytest.mark.parametrize(("share", "blamed"), [(0.499, False), (0.501, True)])
def test_clipping_is_blamed_where_half_of_the_weights_are_at_the_bound(share, blamed):
    found = VERDICTS["vanishing gradient"](log(**HEALTHY | {"gradient_norm_fake": 1e-6, "clipped_weights": share}), {})
    assert found.kind == "fault"
    assert ("Clipping has saturated" in found.sentence) == blamed


@pytest.mark.parametrize(("first", "bad"), [(1500, 6), (1500, 5), (1450, 6), (1750, 6)])
def test_what_counts_is_the_median_of_the_last_quarter(first, bad):
    """It has eleven records, from step 1,500 to 2,000; six of them decide."""
    value = np.where((first <= STEPS) & (first + 50 * bad > STEPS), 1e-6, 1.1)
    found = VERDICTS["vanishing gradient"](log(**HEALTHY | {"gradient_norm_fake": value}), {})
    assert (found is not None) == ((value[LAST] < 1e-3).sum() >= 6)


@pytest.mark.parametrize(("since", "improved"), [(1500, False), (1550, True)])
def test_better_in_the_last_quarter_means_after_three_quarters(since, improved):
    falling = log(**HEALTHY | {"w1": np.where(since <= STEPS, 4.0, 5.0)})
    assert (VERDICTS["still improving"](falling, {}) is not None) == improved


@pytest.mark.parametrize(("share", "since"), [(0.249, "1,400"), (0.251, "50")])
def test_memory_is_dated_from_a_quarter_of_the_estimate(share, since):
    held_out = np.where(STEPS < 1400, 0.5 * (1 - share), 0.1)
    found = VERDICTS["memorising critic"](log(**HEALTHY | MEMORY | {"held_out_estimate": held_out}), {})
    assert found.sentence == f"The critic has memorised its training rows since step {since}."


@pytest.mark.parametrize(("records", "since"), [(2, "1,400"), (3, "1,750")])
def test_two_records_that_disagree_do_not_move_the_date_and_three_do(records, since):
    back = (STEPS >= 1600) & (1600 + 50 * records > STEPS)
    held_out = np.where((STEPS < 1400) | back, 0.5, 0.1)
    found = VERDICTS["memorising critic"](log(**HEALTHY | MEMORY | {"held_out_estimate": held_out}), {})
    assert found.sentence == f"The critic has memorised its training rows since step {since}."


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.501, 0.9, "estimate tracks the distance."),
        (0.499, 0.9, "do not show whether"),
        (0.1, 0.501, "do not show whether"),
        (0.1, 0.499, "does not track"),
    ],
)
def test_a_loss_tracks_the_distance_by_the_interval_of_its_correlation(monkeypatch, low, high, word):
    monkeypatch.setattr(module, "rank_correlation", lambda first, second: ((low + high) / 2, low, high))
    assert word in VERDICTS["loss and distance"](log(**HEALTHY), {}).sentence


@pytest.mark.parametrize(("records", "judged"), [(7, False), (8, True)])
def test_a_correlation_needs_eight_records_after_the_first(records, judged):
    known = np.where(records >= np.arange(len(STEPS)), 3.4, np.nan)
    assert (VERDICTS["loss and distance"](log(**HEALTHY | {"generator_w1": known}), {}) is not None) == judged


def test_at_step_0_the_critic_knows_nothing_and_is_not_judged():
    wrong = np.where(STEPS == 0, 99.0, 3 + np.exp(-STEPS / 500))
    right = np.where(STEPS == 0, -99.0, wrong)
    columns = HEALTHY | {"generator_w1": wrong, "held_out_estimate": right, "estimate": right}
    assert "1.00 to 1.00, over 40 records" in VERDICTS["loss and distance"](log(**columns), {}).evidence


def test_what_is_logged_once_is_read_wherever_it_stands():
    """Floors are in the first record alone, as training logs them."""
    once = {name: np.where(STEPS == 0, HEALTHY[name], np.nan) for name in HEALTHY if name.endswith("_floor")}
    once["measured_rows"] = np.where(STEPS == 0, 180.0, np.nan)
    for columns in (*FAULTY.values(), {"classes": 2.0}, {"coverage": 0.1}):
        assert verdicts(log(**HEALTHY | columns | once)) == verdicts(log(**HEALTHY | columns))


def test_an_estimate_below_0_is_no_memory():
    below = {"estimate": -0.5, "held_out_estimate": -0.1}
    assert VERDICTS["memorising critic"](log(**HEALTHY | MEMORY | below), {}) is None


def test_of_two_stops_the_last_is_told():
    fault = np.array([None] * len(STEPS), object)
    fault[[20, 40]] = "generator_loss became inf", "critic_loss became nan"
    assert "critic_loss became nan at step 2,000" in verdicts(log(**HEALTHY) | {"fault": fault})[0].evidence


def test_the_interval_is_that_of_bonett_and_wright():
    first, second = np.random.default_rng(0).standard_normal((2, 30))
    rank, low, high = rank_correlation(first, second)
    half = norm.ppf(0.975) * math.sqrt((1 + rank**2 / 2) / 27)
    assert (math.atanh(low), math.atanh(high)) == pytest.approx(
        (math.atanh(rank) - half, math.atanh(rank) + half), rel=1e-3
    )


def test_the_best_checkpoint_is_named():
    distance = np.where(STEPS == 1300, 3.0, np.where(STEPS % 100 == 0, 3.3, np.nan))
    columns = HEALTHY | FAULTY["memorising critic"] | {"w1": distance}
    assert "The checkpoint of step 1,300 has the lowest W1 to held-out rows (3)." in verdicts(log(**columns))[0].remedy


def test_copies_are_judged_against_held_out_rows():
    """On points of two dimensions one in nine rows is by chance nearer to one row than a third of the next."""
    chance = {"copied": 0.13, "copied_floor": 0.11}
    assert names(verdicts(log(**HEALTHY | chance))) == []
    assert names(verdicts(log(**HEALTHY | chance | {"copied": 0.9}))) == ["memorising generator"]


def test_whether_the_loss_tracks_the_distance():
    rng = np.random.default_rng(0)
    distance = 3 + np.exp(-STEPS / 500)
    for estimate, kind, word in (
        (distance**2, "good", "tracks"),
        (-distance, "note", "does not track"),
        (distance + 0.5 * rng.standard_normal(len(STEPS)), "note", "do not show whether"),
    ):
        found = verdicts(
            log(**HEALTHY | {"generator_w1": distance, "held_out_estimate": estimate, "estimate": estimate})
        )
        one = next(one for one in found if one.name == "loss and distance")
        assert one.kind == kind
        assert word in one.sentence


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


def test_the_median_filter_passes_over_what_is_missing():
    values = np.array([1.0, np.nan, 100.0, 2.0, 3.0, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(median_filter(values, 3), [1, 50.5, 51, 3, 2.5, 3, np.nan, np.nan])
    np.testing.assert_array_equal(median_filter(values, 1), values)
