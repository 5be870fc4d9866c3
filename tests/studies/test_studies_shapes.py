"""The study of signals, images and volumes at a tiny scale, and its measures on rows of the true law."""

import csv

import numpy as np
import pytest

from wgan import studies
from wgan.studies import shapes

TINY = {
    "waves": {"steps": 2, "samples": 50, "width": 8},
    "medium-2d": {"steps": 2, "samples": 20, "network": "dcgan", "width": 4, "side": 16},
    "medium-3d": {"steps": 2, "samples": 5, "width": 4, "batch": 8, "side": 12},
    shapes.SLICES: {"steps": 2, "samples": 5, "width": 4, "batch": 12, "side": 16, "image": 48},
}


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr("wgan.data.toys.WAVES", 100)
    monkeypatch.setattr("wgan.data.toys.MEDIA", {2: 100, 3: 20})


def test_every_kind_is_trained_measured_and_drawn(few, tmp_path, monkeypatch):
    cases = [{"data": name, "seed": 0, **case} for name, case in TINY.items()]
    monkeypatch.setattr(shapes, "STUDY", shapes.STUDY._replace(cases=lambda scale: cases))
    rows = [row for at in studies.run("shapes", "quick", tmp_path / "out", jobs=1) for row in at.rows]
    assert (tmp_path / "out" / "figure.png").stat().st_size > 10_000
    with (tmp_path / "out" / "table.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == len(rows) == 5
    assert not rows[0]["within"], "two steps learn no autocorrelation"
    assert np.isfinite([[row["error"], row["floor"]] for row in rows]).all()
    volumes = [row for row in rows if row["data"] in ("medium-3d", shapes.SLICES)]
    assert [len(row["made"]) for row in volumes] == [3, 3], "a curve for each axis"


@pytest.mark.parametrize("data", shapes.KINDS)
def test_real_rows_reach_the_floor_and_others_do_not(data, monkeypatch):
    count, side = {"waves": 400}.get(data, 30), 16
    real = shapes._real(data, count, 7, side, 0)
    monkeypatch.setattr(shapes, "_train", lambda *given: real)
    found = shapes.measure(data, steps=1, samples=count, seed=0, side=side)
    assert all(row["within"] for row in found)
    shuffled = np.random.default_rng(0).permuted(real.reshape(count, -1), axis=1).reshape(real.shape)
    monkeypatch.setattr(shapes, "_train", lambda *given: shuffled)
    assert not any(row["within"] for row in shapes.measure(data, steps=1, samples=count, seed=0, side=side))


def test_the_verdict_needs_every_measure():
    usual = shapes._usual_steps("waves")
    row = {"data": "waves", "measure": "autocorrelation", "error": 0.01, "floor": 0.01, "within": True, "steps": usual}
    beyond = row | {"error": 0.03, "within": False}
    assert shapes.judge([row, row])[0] is True
    holds, said = shapes.judge([row, beyond])
    assert holds is False
    assert "autocorrelation of waves 0.030 (0.010)" in said
    assert "Of 2 errors, 1 are at most 2 times that of real rows." in said
    assert "preset" not in said
    short = beyond | {"steps": usual - 1}
    holds, said = shapes.judge([row, short])
    assert holds is None, "a training that is cut short cannot contradict the claim"
    assert f"has {usual - 1:,} of the preset's {usual:,} steps" in said
    assert shapes.judge([short, beyond | {"data": "medium-2d", "steps": 10**6}])[0] is False
    assert shapes.judge([row | {"steps": 1}])[0] is True
