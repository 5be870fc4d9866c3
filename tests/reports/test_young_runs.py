"""Verdicts on runs that have hardly begun, that are short, and that still go on."""

import numpy as np
import pytest
from test_verdicts import AWAY, FAULTY, HEALTHY

from wgan.reports.series import difference
from wgan.reports.verdicts import MEASURED, verdicts

CONFIG = {"steps": 10_000, "diagnose_every": 150, "held_out": 0.1}


def young(steps, measured, **columns):
    """A log of records at `steps`, with the numbers of a collapsed run at the steps `measured`."""
    steps = np.array(steps, float)
    found = HEALTHY | AWAY | FAULTY["mode collapse"] | columns
    values = {name: np.where(np.isin(steps, measured), np.max(value), np.nan) for name, value in found.items()}
    return {"step": steps} | values


@pytest.mark.parametrize(
    ("steps", "following"), [([0], 150), ([0, 50], 150), ([0, 50, 200], 300), ([0, 9_990], 10_000)]
)
def test_an_untrained_generator_gets_no_fault_and_the_step_of_the_next_measurement(steps, following):
    (only,) = verdicts(young(steps, [0]), CONFIG)
    assert (only.name, only.kind) == ("too early", "note")
    assert "too early" in only.sentence
    assert f"at step {steps[-1]:,} of 10,000. The next measurement is at step {following:,}." in only.remedy


@pytest.mark.parametrize("count", range(1, MEASURED + 2))
def test_a_finished_run_is_judged_from_its_third_measurement_after_the_start(count):
    steps = np.arange(count + 1) * 20
    found = verdicts(young(steps, steps), CONFIG | {"steps": int(steps[-1])})
    assert (found[0].kind == "fault") == (count >= MEASURED)
    if count < MEASURED:
        assert "too short" in found[0].sentence
        assert found[0].remedy.startswith("Raise steps, with extend=True")
        assert "n_critic" not in found[0].remedy


def test_a_run_with_enough_measurements_has_one_in_its_last_quarter_at_every_record():
    for at in range(450, 2000, 10):
        steps = np.arange(0, at + 1, 10)
        assert difference(young(steps, steps[steps % 150 == 0])) is not None


def test_an_unfinished_run_is_told_to_finish_before_any_other_remedy():
    steps = np.arange(0, 1000, 50)
    for whole, goes_on in ((10_000, True), (950, False)):
        (first, *_) = verdicts(young(steps, steps), CONFIG | {"steps": whole})
        assert first.remedy.startswith("Let the run finish: it is at step 950 of 10,000.") == goes_on
        assert "n_critic" in first.remedy


def test_a_run_that_ended_early_or_by_a_fault_is_not_told_to_finish():
    steps = np.arange(0, 1000, 50)
    text = np.array([None] * 19 + ["critic_loss became nan"], object)
    ended = verdicts(young(steps, steps), CONFIG | {"until_no_better": 0, "diagnose_every": 50})
    for found in (ended, verdicts(young(steps, steps) | {"fault": text}, CONFIG)):
        assert found
        assert "Let the run finish" not in found[0].remedy


def test_what_fell_before_the_third_quarter_is_not_still_falling():
    """The energy distance of a run of 300 steps, measured rarely: all of its fall lies in the first half or so."""
    log = young([0, 100, 250, 300], [0, 100, 250, 300])
    for values, falls in (((0.25, 0.2, 0.0235, 0.0233), False), ((0.25, 0.2, 0.1, 0.02), True)):
        assert difference(log | {"energy_distance": np.array(values)}).falls == falls
