"""Means and spreads of samples in bins of the numbers that they are given, from the rows to the file and the page."""

import json
from dataclasses import replace

import numpy as np
import pytest

from wgan import Config, data
from wgan.data.conditions import of_array
from wgan.reports import page
from wgan.training import calibration, loop
from wgan.training.state import start

SMALL = {"steps": 2, "width": 8, "batch": 16, "latent": 4, "network": "mlp", "engine": "torch", "diagnose_every": 1}
COUNT = 800


def rows_given(columns=2, log=False):
    """Rows whose mean and spread are c and c / 4 in their first column and do not depend on c in the others."""
    rng = np.random.default_rng(0)
    c = rng.uniform(1, 5, (COUNT, 1))
    rows = rng.normal(size=(COUNT, columns))
    rows[:, :1] = c * (1 + rows[:, :1] / 4)
    told = 10**c if log else c
    return replace(data.from_array(rows), name="rows", condition=of_array(told, COUNT, "rows", ("c",)))


@pytest.fixture(scope="module")
def training():
    return start(Config(data="rows", held_out=0.2, **SMALL), rows_given())


def test_real_rows_are_calibrated_and_rows_of_other_conditions_are_not(training):
    chosen = training.rows[::2]
    told = training.classes.encode(training.codes[chosen])
    truth = calibration.prepare(training, told)
    assert [truth.names[value] for _, value in truth.pairs] == ["column 0"]
    own = calibration.compare(truth, training, training.dataset.rows[chosen])["pairs"][0]
    for what, exact in (("mean", 1.0), ("spread", 0.25)):
        for side in ("real", "fake"):
            lines = {key: np.array(own[key]) for key in ("at", f"{side}_{what}", f"{side}_{what}_error")}
            at, value, error = lines.values()
            within = 4 / np.sqrt(12) / calibration.BINS  # c also varies within a bin
            true = exact * at if what == "mean" else np.hypot(exact * at, within)
            assert (np.abs(value - true) < 4 * error).all()  # 8 bins: by chance in one case of 2,000
    other = replace_told(truth, told[::-1])
    shuffled = calibration.compare(other, training, training.dataset.rows[chosen])["pairs"][0]
    apart = np.abs(np.array(shuffled["fake_mean"]) - shuffled["real_mean"])
    assert (apart > 4 * np.array(shuffled["fake_mean_error"])).sum() >= 4


def replace_told(truth, told):
    return truth._replace(told=told)


def test_a_condition_that_is_read_by_its_logarithm_is_drawn_by_it():
    training = start(Config(data="rows", held_out=0.2, **SMALL), rows_given(log=True))
    truth = calibration.prepare(training, training.classes.encode(training.codes[training.rows]))
    found = calibration.compare(truth, training, training.dataset.rows[training.rows])["pairs"][0]
    assert found["logarithm"]
    np.testing.assert_allclose(found["at"], np.linspace(1.25, 4.75, 8), atol=0.15)


@pytest.mark.parametrize(
    ("shape", "names"),
    [((3,), ("column 0", "column 1", "column 2")), ((40,), ("mean of a row", "spread of a row")),
     ((4, 4, 1), ("mean of a row", "spread of a row"))],
)  # fmt: skip
def test_what_is_averaged_of_rows(shape, names):
    rows = np.random.default_rng(1).normal(size=(50, *shape))
    found, values = calibration.values_of(data.from_array(rows).form, rows)
    assert found == names
    if len(names) == 2:
        np.testing.assert_allclose(values, np.stack([rows.reshape(50, -1).mean(1), rows.reshape(50, -1).std(1)], 1))


def test_the_file_becomes_charts_and_a_damaged_one_a_remark(tmp_path):
    out = tmp_path / "run"
    for _ in loop.train(Config(data="rows", held_out=0.2, **SMALL), rows_given(), out=out):
        pass
    saved = json.loads((out / "calibration.json").read_text())
    assert (saved["step"], saved["samples"]) == (2, 512)
    text = page.write([out]).read_text()
    assert "Mean of column 0 given c" in text
    assert "Spread of column 0 given c" in text
    for damage in (lambda one: one["fake_mean"].pop(), lambda one: one.pop("at")):
        broken = json.loads(json.dumps(saved))
        damage(broken["pairs"][0])
        (out / "calibration.json").write_text(json.dumps(broken))
        text = page.write([out]).read_text()
        assert "The calibration of the samples is not shown" in text
        assert "Mean of column 0 given c" not in text


def test_a_run_without_numbers_has_no_file(tmp_path):
    for _ in loop.train(Config(data="rows", held_out=0.2, **SMALL), rows_given().rows, out=tmp_path / "run"):
        pass
    assert not (tmp_path / "run" / "calibration.json").exists()
