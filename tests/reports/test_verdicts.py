"""Verdicts as functions of a log: contracts over all of them, thresholds, the rank correlation."""

import numpy as np
import pytest
from scipy.stats import spearmanr

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
    assert found.sentence == "The critic memorises its training rows since step 1,400."
    assert names(verdicts(log(**HEALTHY | FAULTY["memorising critic"] | {"memorised_score_error": 0.2}))) == []


def test_the_best_checkpoint_is_named():
    distance = np.where(STEPS == 1300, 3.0, np.where(STEPS % 100 == 0, 3.3, np.nan))
    columns = HEALTHY | FAULTY["memorising critic"] | {"w1": distance}
    assert "(3) is that of step 1,300" in verdicts(log(**columns))[0].remedy


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
        (distance + 0.5 * rng.standard_normal(len(STEPS)), "note", "not settled"),
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
