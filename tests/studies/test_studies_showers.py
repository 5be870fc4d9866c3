"""The study of showers: the simulator passes its own test, wider showers fail it, and it runs very small."""

import numpy as np
import pytest

from wgan.data.given_laws import shower_rows
from wgan.maths import showers as simulator
from wgan.studies import showers, study

TINY = {"width": 8, "steps": 2, "batch": 8}


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(showers, "ENERGIES", simulator.ENERGIES[[0, 8, 14]])
    monkeypatch.setattr(showers, "shower_rows", lambda seed: shower_rows(seed, 200))


def measured(monkeypatch, moliere):
    """The rows where a simulator with this Moliere radius stands for the generator."""

    def made(model, z, photons):
        with monkeypatch.context() as changed:
            changed.setattr(simulator, "MOLIERE", moliere)
            return simulator.logged(simulator.showers(photons, 77), photons)

    monkeypatch.setattr(showers, "generate", made)
    return showers.measure(0, **TINY)


def test_the_simulator_passes_and_wider_showers_do_not(monkeypatch, small):
    rows = measured(monkeypatch, simulator.MOLIERE)
    assert len(rows) == 3
    assert showers.judge(rows)[0] is True
    assert len(showers.draw(rows).axes) == 3
    holds, words = showers.judge(measured(monkeypatch, 1.5 * simulator.MOLIERE))
    assert holds is False
    assert "in a radius" in words


def test_a_tiny_training_runs(small):
    rows = showers.measure(0, **TINY)
    assert all(np.isfinite(row["energy"]) for row in rows)
    assert study("showers") is showers.STUDY
    for scale in ("quick", "medium", "full"):
        assert all(case["steps"] > 0 for case in showers.cases(scale))
