"""`wgan runs`: the state of each run below a folder, damaged ones included."""

import json
import os
import shutil
from pathlib import Path

import pytest
from commands import assert_refused, called

from wgan import Config, train
from wgan.reports import listing
from wgan.runs import folder
from wgan.runs.best import Best

SMALL = Config(
    data="8gaussians", network="mlp", width=8, latent=2, batch=16, steps=4, checkpoint_every=2, diagnose_every=2
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("finished") / "run"
    list(train(SMALL, out=out))
    return out


@pytest.fixture
def runs(finished, tmp_path):
    """A folder with a run in each state, changed one minute after the other."""
    place = tmp_path / "runs"
    for i, name in enumerate(["group/finished", "config", "lost", "log", "checkpoint"]):
        shutil.copytree(finished, place / name)
        os.utime(place / name / "log.jsonl", (60 * i, 60 * i))
    (place / "config" / "config.json").write_text("{")
    (place / "lost" / "config.json").unlink()
    (place / "log" / "log.jsonl").write_text('{"estimate": 1}\n{"step": 1}\n')
    arrays = place / "checkpoint" / "checkpoints" / "00000004" / "arrays.safetensors"
    arrays.write_bytes(arrays.read_bytes()[:-1])
    list(train(SMALL, out=place / "stopped", stop=lambda step: step == 3))
    (place / "other").mkdir()
    (place / "other" / "config.json").write_text("{}")  # of another program
    return place


def test_each_run_has_its_state_and_a_damaged_one_is_a_row(runs):
    rows = {row.run: row for row in listing.rows_below(runs)}
    states = {name: row.state for name, row in rows.items()}
    damaged = dict.fromkeys(("config", "lost", "log", "checkpoint"), "damaged")
    assert states == damaged | {"group/finished": "finished", "stopped": "stopped"}
    parts = {"config": "config.json", "lost": "no config.json", "log": "log.jsonl", "checkpoint": "checkpoint 4"}
    assert not [name for name, part in parts.items() if part not in rows[name].verdict]
    done = rows["group/finished"]
    assert (done.step, done.steps, done.best.column) == (4, 4, "energy_distance")
    assert (rows["stopped"].step, rows["stopped"].steps) == (3, 4)
    assert done.verdict
    with folder.lock(runs / "stopped"):
        assert {row.run: row.state for row in listing.rows_below(runs)}["stopped"] == "running"
    assert [row.run for row in listing.rows_below(runs / "stopped")] == ["stopped"]


def test_a_run_that_stopped_by_itself_is_finished(tmp_path, finished):
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    saved = json.loads((run / "config.json").read_text())
    for patience, state in ((1, "finished"), (100, "stopped")):
        saved["config"] |= {"steps": 10, "until_no_better": patience}
        (run / "config.json").write_text(json.dumps(saved))
        log = (finished / "log.jsonl").read_text().splitlines()
        worse = [json.loads(line) | {"energy_distance": 1.0 + i} for i, line in enumerate(log)]
        (run / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in worse))
        assert [row.state for row in listing.rows_below(run)] == [state]


def test_the_newest_run_is_first_and_json_has_every_field(runs):
    found = json.loads(called("runs", runs, "--json").stdout)
    assert [row["run"] for row in found][2:] == ["checkpoint", "lost", "config", "group/finished"]
    done = found[-1]
    assert done["changed"] == "1970-01-01T00:00:00+00:00"
    assert set(done) == {"run", "state", "step", "steps", "best", "verdict", "changed"}
    assert set(done["best"]) == {"step", "measure", "value"}
    assert next(row for row in found if row["run"] == "lost")["step"] is None


ROWS = [
    listing.Row(
        "digits-default", "running", 6000, 10000, Best(5500, "energy_distance", 0.1, 0.0042, 0.001),
        "The generator has collapsed: its samples show few of the kinds in the data.", 100.0,
    ),
    listing.Row("bad\x1b[31m", "damaged", verdict="bad/config.json is damaged (it ends); restore it.", changed=40.0),
]  # fmt: skip


def test_the_list_is_a_table_where_it_fits_and_a_few_lines_a_run_elsewhere():
    table = listing.words(ROWS, 160.0, 140).splitlines()
    assert [line.split("  ")[0] for line in table] == ["run", "digits-default", "bad\\x1b[31m"]
    assert table == listing.words(ROWS, 160.0).splitlines()
    for part in ("running", "6,000 of 10,000", "energy distance 0.0042 ± 0.0010, step 5,500", "1 min", "has collapsed"):
        assert part in table[1]
    assert table[1].index("running") == table[2].index("damaged") == table[0].index("state")
    assert table[2].endswith("  bad/config.json is damaged")
    narrow = listing.words(ROWS, 160.0, 60).splitlines()
    assert narrow == [
        "digits-default", "  running, step 6,000 of 10,000, 1 min ago",
        "  best: energy distance 0.0042 ± 0.0010, step 5,500", "  The generator has collapsed",
        "bad\\x1b[31m", "  damaged, 2 min ago", "  bad/config.json is damaged",
    ]  # fmt: skip


def test_no_runs_are_one_sentence_and_no_folder_is_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert called("runs").stdout == "There are no runs below runs; `wgan train` makes one.\n"
    assert called("runs", tmp_path).stdout == f"There are no runs below {tmp_path}; `wgan train` makes one.\n"
    assert json.loads(called("runs", "--json").stdout) == []
    assert_refused(called("runs", "nowhere"), "nowhere is not a folder")
    Path("file").touch()
    assert_refused(called("runs", "file"), "file is not a folder")
