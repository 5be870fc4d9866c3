"""The study of laws given a number: the truth passes its own test, shuffled numbers fail, and it runs very small."""

import numpy as np
import pytest

from wgan.maths.known_given import LAWS
from wgan.studies import given, study

TINY = {"width": 16, "steps": 3, "n_critic": 1}


def perfect(monkeypatch, name, law):
    """Let the law itself stand for the generator."""

    def generate(model, z, codes):
        return law.sample(codes, 10_000 + abs(int(1000 * z[0, 0])))

    monkeypatch.setattr(given, "generate", generate)


@pytest.mark.parametrize("name", LAWS)
def test_the_truth_passes_and_with_shuffled_numbers_it_fails(monkeypatch, name):
    perfect(monkeypatch, name, LAWS[name])
    monkeypatch.setattr(given, "ASKED", 5)
    monkeypatch.setattr(given, "PAIRS", 2)
    monkeypatch.setattr(given, "PAIRS_IN_BAND", 12)
    row = given.measure(name, 0, **TINY)
    assert abs(row["told"] - 1) < 5 * row["told_error"] < 2  # five standard errors
    assert row["shuffled"] > given.MOST
    assert len(row["asked"]) == len(row["ratios"]) == 5
    assert given.judge([{"law": name, **row}])[0] is True


def test_a_law_that_misses_the_mark_is_said_and_drawn():
    row = {"told": 1.2, "shuffled": 2.0, "asked": [0.2, 0.5, 0.8], "ratios": [1.0, 1.2, 1.1], "band": [0.4, 0.6]}
    row |= {"law": "ring", "shuffled_ratios": [2.0, 2.0, 2.0], "told_error": 0.04}
    holds, measured = given.judge([row, row | {"law": "gamma", "told": 1.6}])
    assert holds is False
    assert "ring 1.200 ± 0.040 (shuffled 2.00); gamma 1.60" in measured
    assert given.judge([row, row | {"shuffled": 1.4}])[0] is False
    assert len(given.draw([row, row | {"law": "gamma"}]).axes) == 2


def test_the_band_is_left_out_of_training(monkeypatch):
    seen = {}

    def start(config, dataset):
        seen["c"] = dataset.condition.values
        raise StopIteration

    monkeypatch.setattr(given, "start", start)
    with pytest.raises(StopIteration):
        given.measure("ring", 0, **TINY)
    inside = (seen["c"] > 2.2) & (seen["c"] < 2.6)
    assert not inside.any()
    assert np.ptp(seen["c"]) > 1.9
    assert study("given") is given.STUDY
