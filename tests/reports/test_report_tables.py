"""The report on a table: its columns beside real ones, columns in pairs, generated rows, and what cannot be read."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from wgan import Config, data
from wgan.reports import page as report
from wgan.reports.run import read
from wgan.reports.tables import _histogram, table_of
from wgan.runs import folder
from wgan.training.loop import train

LONG = "a town with a name that is much longer than a column is wide"
EVIL = "<img src=x onerror=alert(1)>"
SMALL = {"width": 8, "batch": 16, "latent": 4, "steps": 4, "log_every": 2, "diagnose_every": 4, "sample_every": 2}
SMALL |= {"engine": "torch", "checkpoint_every": 2}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    at = tmp_path_factory.mktemp("table")
    random = np.random.default_rng(0)
    town = random.choice([LONG, "Ghent", EVIL], 300, p=[0.5, 0.3, 0.2])
    x = random.standard_normal(300) + (town == "Ghent")
    frame = pd.DataFrame({"height": x, "twice": 2 * x, "count": random.integers(0, 30, 300), "town": town})
    frame.loc[::5, "count"] = np.nan
    frame.loc[7, "height"] = 123456.789  # a value by which a real row would be known
    frame["day"] = pd.Timestamp("2020-03-01") + pd.to_timedelta(random.integers(0, 900, 300), unit="D")
    frame.to_csv(at / "people.csv", index=False)
    list(train(Config(data=str(at / "people.csv"), **SMALL), out=at / "run"))
    return at / "run"


@pytest.fixture
def run(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "run")


@pytest.mark.parametrize(
    ("train", "made", "ends"),
    [
        ([*range(32)] * 4, [0.0, 31.0], ["0", "31"]),  # whole numbers that all have a bin
        ([*range(32)] * 4, [-1.0, 40.0], ["0 or less", "31 or more"]),
        ([0.5, 1.0, 2.0, 2.25] * 9, [0.9, 9.5], ["0.500", "2.25 or more"]),
        ([1.0] * 50 + [1.25] * 9 + [1.5] * 50, [1.1, 1.4], ["1.00", "1.50"]),
    ],
)
def test_the_ends_of_a_histogram_say_that_their_bins_hold_the_tails(train, made, ends):
    form = data.from_array(pd.DataFrame({"x": train, "y": np.arange(len(train)) ** 1.5})).form
    _, ticks = _histogram(form, 0, np.array(made), np.array(train))
    assert [ticks[0], ticks[2]] == ends


def test_every_column_is_shown_beside_real_rows_with_whole_names(run):
    found = table_of(read(run), None)
    assert [one.name for one in found.columns] == ["height", "twice", "count", "town", "day"]
    assert (found.samples, found.left_out, found.step) == (1000, 0, 4)
    towns = {bar.name: bar.real for bar in found.columns[3].bars}
    assert list(towns) == [LONG, "Ghent", EVIL]
    assert towns[LONG] == pytest.approx(0.5, abs=0.1)
    assert sum(bar.made for bar in found.columns[3].bars) == pytest.approx(1)
    assert 17 <= int(re.search(r"(\d+) % of training rows$", found.columns[2].gaps)[1]) <= 23
    assert re.fullmatch(r"2020-\d\d-\d\d or before", found.columns[4].ticks[0])
    for one in found.columns:
        assert one.score.endswith("to held-out rows" if one.histogram else "in other levels than held-out rows")
        assert one.floor
    text = report.write([run]).read_text()
    for part in (
        "samples / training rows",
        "(training rows: ",
        "Columns in pairs",
        "Generated minus real",
        "Generated rows",
        LONG,
        "&lt;img src=x",
    ):
        assert part in text
    assert EVIL not in text
    assert "123456" not in text  # the page holds no real row


def test_columns_in_pairs_are_those_of_the_rows(run):
    found = dict(table_of(read(run), None).correlations)
    assert found["Real"][0, 1] > 0.99
    assert found["Real"][0, 3] > 0.2
    assert abs(found["Real"][0, 4]) < 0.2
    difference = found["Generated"] - found["Real"]
    assert np.array_equal(found["Generated minus real"], difference)
    assert np.array_equal(difference, difference.T)


def test_a_run_of_a_table_keeps_the_rows_of_its_newest_picture(run, tmp_path):
    kept = folder.drawn_rows(run)
    assert [(step, path.name) for step, path in kept] == [(4, "00000004.npy")]
    folder.go_back(run, 4)
    assert folder.drawn_rows(run) == []
    config = Config.from_json(read(run).config)
    list(train(config, out=tmp_path / "stopped", stop=lambda step: step == 2))
    assert [step for step, _ in folder.drawn_rows(tmp_path / "stopped")] == [2]
    list(train(config, out=tmp_path / "stopped"))
    list(train(config, out=tmp_path / "whole"))
    (_, resumed), (_, whole) = (*folder.drawn_rows(tmp_path / "stopped"), *folder.drawn_rows(tmp_path / "whole"))
    assert resumed.read_bytes() == whole.read_bytes()


def test_a_page_that_ends_earlier_shows_no_later_rows(run):
    text = report.write([run], step=2).read_text()
    assert "their rows cannot be read: only those of step 4 are kept." in text
    assert "Generated rows" not in text


def test_without_the_data_only_samples_are_shown(run, tmp_path):
    config = json.loads((run / "config.json").read_text())
    config["config"]["data"] = config["data"]["path"] = str(tmp_path / "gone.csv")
    (run / "config.json").write_text(json.dumps(config))
    text = report.write([run]).read_text()
    assert "Real columns are not shown, since the data cannot be read" in text
    assert "Generated rows" in text
    assert "Generated minus real" not in text


def broken(rows, how):
    if how == "shape":
        return rows[:, 1:]
    rows = rows.copy()
    rows[3, 3 if how == "level" else 0] = {"level": 3.0, "infinity": np.inf}[how]
    return rows


@pytest.mark.parametrize("how", ["shape", "level", "infinity", "end"])
def test_rows_that_cannot_be_those_of_the_run_are_left_out_with_a_remark(run, how):
    ((_, path),) = folder.drawn_rows(run)
    if how == "end":
        path.write_bytes(path.read_bytes()[:-8])
    else:
        np.save(path, broken(np.load(path), how))
    text = report.write([run]).read_text()
    assert "The columns of the samples are not shown, since their rows cannot be read" in text
    assert "Generated rows" not in text
    path.unlink()
    assert "cannot be read" not in report.write([run]).read_text()  # a run of an earlier version has no such file


def test_columns_that_are_given_are_not_taken_for_those_that_are_generated(tmp_path):
    """The data have all columns, and the form of the run and its samples those that are generated alone."""
    random = np.random.default_rng(0)
    age, town = random.integers(18, 90, 120), random.choice(["Ghent", "Bruges"], 120, p=[0.75, 0.25])
    pd.DataFrame({"age": age, "town": town, "height": random.normal(size=120)}).to_csv(tmp_path / "p.csv", index=False)
    list(
        train(Config(data=str(tmp_path / "p.csv"), given="age", conditional="projection", **SMALL), out=tmp_path / "r")
    )
    found = table_of(read(tmp_path / "r"), None)
    assert [one.name for one in found.columns] == ["town", "height"]
    assert {bar.name: round(bar.real, 1) for bar in found.columns[0].bars}["Ghent"] == pytest.approx(0.75, abs=0.1)
