"""The study of objectives and penalties: what it measures, what it says, and a run of each pair at a tiny scale."""

import numpy as np
import pytest

from wgan import Config
from wgan.game.objectives import OBJECTIVES
from wgan.studies import critics, study

TINY = {"network": "mlp", "width": 4, "depth": 1, "latent": 2, "batch": 4, "steps": 2}


def test_the_map_has_every_objective_but_divergences_and_every_penalty_of_its_scale():
    assert {*critics.OBJECTIVES, "minimax"} == {name for name in OBJECTIVES if not name.startswith("fgan-")}
    for scale in ("quick", "medium", "full"):
        found = critics.cases(scale)
        on_map = {one["penalty"] for one in found if one["on"] != critics.STACKED}
        assert on_map == (critics.PENALTIES if scale == "quick" else critics.ALL).keys()
        assert {(one["objective"], one["penalty"]) for one in found if one["on"] == critics.STACKED} == {*critics.PAIRS}
        assert len({str(one) for one in found}) == len(found)


@pytest.mark.parametrize("penalty", critics.ALL)
def test_each_penalty_is_measured_on_the_map(penalty):
    assert Config(**critics.ALL[penalty])
    row = critics.measure("8gaussians", "relativistic", penalty, 1e-3, 0, **TINY)
    assert row["ratio"] == pytest.approx(row["w1"] / row["floor"])
    assert row["ratio"] > 1
    assert row["modes"] is None


def test_real_rows_have_a_ratio_of_about_1(monkeypatch):
    rows = critics.load("8gaussians").rows
    monkeypatch.setattr(critics, "sample", lambda model, count, seed: rows[-count:])
    row = critics.measure("8gaussians", "hinge", "none", 1e-3, 0, **TINY)
    assert 0.5 < row["ratio"] < 2


def test_a_training_that_diverges_has_no_ratio_and_is_drawn_and_said():
    with np.errstate(all="ignore"):
        row = critics.measure("8gaussians", "least-squares", "none", 1e6, 0, **TINY | {"steps": 60})
    assert row["ratio"] is None
    named = {"on": "8gaussians", "penalty": "none", "learning_rate": 1e6, "objective": "wasserstein"}
    good = {"ratio": 1.5, "objective": "hinge"}
    modes = [
        {"on": critics.STACKED, "objective": "relativistic", "penalty": name, "modes": count, "kl": 0.5}
        for name, count in (("r1", 900), ("r1-r2", 950))
    ]
    rows = [row | named, row | named | good, *modes]
    assert critics.judge(rows)[0] is None, "one seed cannot say it"
    rows += [dict(row) for row in modes]
    holds, measured = critics.judge(rows)
    assert holds is True
    assert "relativistic with r1 900 (0.50)" in measured
    assert "none 1 of 2" in measured
    modes[1]["modes"] = None
    assert critics.judge(rows)[0] is False
    assert "diverged" in critics.judge(rows)[1]
    assert critics.draw(rows).axes
    assert study("critics") is critics.STUDY
