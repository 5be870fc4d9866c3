"""Verdicts on logs like those of runs that were once judged wrongly."""

import re

import numpy as np
import pytest
from logs import LAST, STEPS, log
from test_verdicts import AWAY, FAR, FAULTY, HEALTHY, SEEN, STOPPED

from wgan.errors import by_command
from wgan.reports.verdicts import MARGIN, TINY, verdicts

FALLING = {"energy_distance": np.where(LAST, 2 * FAR, 4 * FAR)}


def test_a_generator_of_three_outputs_has_collapsed_even_while_its_distance_falls():
    """A learner has passed so few kinds long before: with more kinds a falling distance is a run that needs steps."""
    for share, name in ((0.99 * TINY, "mode collapse"), (1.01 * TINY, "difference from the data")):
        few = {"support": 1000 * share, "support_lower": 2.0, "support_upper": 1000 * share}
        assert verdicts(log(**HEALTHY | AWAY | FALLING | few))[0].name == name


def test_samples_that_went_away_from_the_data_are_not_advised_more_steps():
    for gone in ({"w1": np.where(STEPS == 0, 3.0, 3.31)}, {"energy_distance": np.where(STEPS == 0, FAR, 3 * FAR)}):
        first = verdicts(log(**HEALTHY | AWAY | gone))[0]
        assert first.sentence == "The samples went away from the data."
        assert "steps" not in first.remedy
    stayed = verdicts(log(**HEALTHY | AWAY | {"w1": np.where(STEPS == 0, 3.0, 3.29)}))[0]
    assert stayed.sentence == "The samples are far from the data."


def test_samples_that_were_once_nearer_went_away_and_the_nearest_checkpoint_is_named():
    """The upper end at step 500 is less than half of the lower end late in the run, or just not."""
    for nearest, gone in ((0.4 * FAR, True), (1.1 * FAR, False)):
        values = np.where(STEPS == 500, nearest, 2 * FAR)
        values[0] = 4 * FAR
        first = verdicts(log(**HEALTHY | AWAY | {"energy_distance": values, "energy_distance_error": FAR / 50}))[0]
        assert first.name == "difference from the data"
        assert (first.sentence == "The samples went away from the data.") == gone
        assert ("It was 0.0400 at step 500." in first.evidence) == gone
        assert ("The best checkpoint, by energy distance, is that of step 500." in first.remedy) == gone


def test_a_run_whose_last_generator_is_far_has_a_fault_although_its_last_quarter_was_good():
    for last, fault in ((2 * FAR, True), (FAR, False)):
        values = np.where(STEPS[-1] == STEPS, last, MARGIN / 4)
        first = verdicts(log(**HEALTHY | {"energy_distance": values}))[0]
        assert (first.kind == "fault") == fault
        if fault:
            assert first.sentence == "The samples went away from the data."
            assert "At step 2,000 it is 0.200, with a 95 % interval of" in first.evidence
            assert "The best checkpoint, by energy distance, is that of step" in first.remedy


@pytest.mark.parametrize("case", [*FAULTY, "stopped", "untracked"])
def test_no_sentence_holds_the_name_of_a_column(case):
    """Readers see titles and labels; a name such as gradient_norm_real is for the log alone."""
    walks = np.random.default_rng(0).standard_normal((2, len(STEPS))).cumsum(1)
    columns = {"held_out_estimate": walks[0], "generator_w1": 20 + walks[1]} if case == "untracked" else {}
    made = log(**HEALTHY | AWAY | FAULTY.get(case, {}) | columns) | (STOPPED if case == "stopped" else {})
    with by_command():
        found = verdicts(made, {"average": 0.99})
    text = " ".join(part for one in found for part in (one.sentence, one.evidence, one.remedy))
    assert found
    assert not re.findall(r"\b[a-z0-9]+_[a-z0-9_]+", text)
    if case == "untracked":
        assert "of W1 of the generator without averaging have" in text  # the tile shows W1 with averaging


def test_samples_of_which_none_is_near_a_row_are_said_to_be_so():
    for precision, hardly in ((0.09, True), (0.1, False)):
        found = {one.name: one for one in verdicts(log(**HEALTHY | SEEN | {"precision": precision}))}
        assert ("Hardly any" in found["difference from the data"].sentence) == hardly
        assert f"Precision: {100 * precision:.0f} % of samples" in found["difference from the data"].evidence
