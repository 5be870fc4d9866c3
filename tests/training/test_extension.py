"""A run that is given more steps: its schedule, its record, and its bytes after stops and damage."""

import json
from pathlib import Path

import numpy as np
import pytest
from commands import assert_refused, called

import wgan
from wgan import Config, WganError, train
from wgan.engines import ENGINES
from wgan.errors import WganWarning
from wgan.runs import checkpoint
from wgan.runs import folder as runs
from wgan.training.extension import more_steps, steps_at

CONFIG = Config(
    **{"data": "8gaussians", "network": "mlp", "width": 4, "latent": 2, "batch": 8, "rows": 64, "held_out": 0.001},
    **{"learning_rate": 0.1, "constraint": "clip", "clip": 1.0, "engine": "torch", "steps": 6, "log_every": 4},
    **{"checkpoint_every": 2, "diagnose_every": 4, "sample_every": 5},
)
LONG = CONFIG.replace(steps=10)


def left_by(out):
    """All that tells two runs apart, but how long they took."""
    log = {name: column.tolist() for name, column in runs.read_log(out).items()}
    kept = checkpoint.steps(out / "checkpoints")
    files = {
        str(path.relative_to(out)): path.read_bytes()
        for folder in ("checkpoints", "samples")
        for path in sorted((out / folder).rglob("*"))
        if path.is_file()
    }
    saved = runs.read_config(out)
    log = {name: list(map(str, column)) for name, column in log.items() if "second" not in name}
    return log, files, kept, saved["config"], saved["extended"]


def stopped(config, out, at, **more):
    return list(train(config, out=out, stop=lambda step: step >= at, **more))


@pytest.fixture(params=ENGINES)
def engine(request):
    pytest.importorskip(request.param)
    return {"engine": request.param}


def test_the_schedule_goes_on_as_in_a_longer_run_and_is_recorded(tmp_path, engine):
    list(train(CONFIG.replace(**engine), out=tmp_path / "run"))
    said = []
    records = list(train(LONG.replace(**engine), out=tmp_path / "run", extend=True, note=said.append))
    assert [(r["step"], r.get("extended_to")) for r in records] == [(6, 10), (8, None), (10, None)]
    log = runs.read_log(tmp_path / "run")
    assert log["step"].tolist() == [0, 4, 6, 8, 10]
    rates = [0.1 * (1 - at / 6) for at in (0, 4)] + [0.1 * (1 - at / 10) for at in (6, 8, 9)]
    np.testing.assert_allclose(log["learning_rate"], rates)
    saved = json.loads((tmp_path / "run" / "config.json").read_text())
    assert saved["config"]["steps"] == 10
    assert saved["extended"] == [{"at": 6, "steps_before": 6}]
    assert said[0] == (
        "extended at step 6 to 10 steps: the learning rate, which had fallen to 0, starts again at 0.04, as in a run "
        "of that many steps, and falls to 0."
    )


STOPS = [("torch", stops) for stops in ((6,), (7,), (9,), (6, 7, 8, 9), (3, 8))] + [("jax", (6, 7, 9))]


@pytest.mark.parametrize(("framework", "stops"), STOPS)
def test_an_extended_run_of_any_stops_leaves_what_an_unbroken_one_leaves(tmp_path, framework, stops):
    pytest.importorskip(framework)
    short, long = CONFIG.replace(engine=framework), LONG.replace(engine=framework)
    for name in ("whole", "parts"):
        list(train(short, out=tmp_path / name))
    list(train(long, out=tmp_path / "whole", extend=True))
    for extend, at in enumerate(stops):
        stopped(long, tmp_path / "parts", at, extend=extend == 0 or at % 2 == 0)
    list(train(long, out=tmp_path / "parts"))
    for first, second in zip(left_by(tmp_path / "whole"), left_by(tmp_path / "parts"), strict=True):
        assert first == second


def test_the_last_step_of_a_finished_run_stays_when_the_run_is_extended(tmp_path):
    config = CONFIG.replace(steps=5, checkpoint_every=4, keep=1, diagnose_every=100, log_every=100)
    list(train(config, out=tmp_path / "run"))
    list(train(config.replace(steps=13), out=tmp_path / "run", extend=True))
    assert set(checkpoint.steps(tmp_path / "run" / "checkpoints")) - {0} == {5, 13}, "0 is the best one"


def test_a_run_that_falls_back_behind_its_extension_keeps_both_schedules(tmp_path, engine):
    short, long = CONFIG.replace(**engine, keep=9), LONG.replace(**engine, keep=9)
    for name in ("whole", "damaged"):
        list(train(short, out=tmp_path / name))
        stopped(long, tmp_path / name, 8, extend=True)
    for step in (6, 8):
        (tmp_path / "damaged" / "checkpoints" / f"{step:08d}" / "arrays.safetensors").write_bytes(b"")
    list(train(long, out=tmp_path / "whole"))
    with pytest.warns(WganWarning, match="is damaged .* using 4 instead"):
        list(train(long, out=tmp_path / "damaged"))
    for first, second in zip(left_by(tmp_path / "whole"), left_by(tmp_path / "damaged"), strict=True):
        assert first == second


def test_a_run_may_be_extended_before_its_end_and_again(tmp_path):
    stopped(CONFIG, tmp_path, 4)
    stopped(LONG, tmp_path, 8, extend=True)
    list(train(LONG.replace(steps=12), out=tmp_path, extend=True))
    saved = runs.read_config(tmp_path)
    assert saved["extended"] == [{"at": 4, "steps_before": 6}, {"at": 8, "steps_before": 10}]
    log = runs.read_log(tmp_path)
    rates = dict(zip(log["step"].tolist(), log["learning_rate"].tolist(), strict=True))
    assert [rates[at] for at in (0, 4, 8, 12)] == pytest.approx([0.1, 0.06, 0.1 / 3, 0.1 / 12])


def test_the_pieces_are_those_of_the_steps_that_were_made():
    pieces = more_steps(LONG, CONFIG, (), 6)
    assert [steps_at(LONG, pieces, at) for at in (0, 5, 6, 9)] == [6, 6, 10, 10]
    back = more_steps(CONFIG.replace(steps=20), LONG, pieces, 4)  # its newest readable checkpoint is of step 4
    assert [steps_at(CONFIG.replace(steps=20), back, at) for at in (0, 3, 4, 6)] == [6, 6, 20, 20]
    assert more_steps(LONG, CONFIG, (), 0) == ()


def test_more_steps_are_refused_without_the_flag_and_what_no_run_can_do_with_it(tmp_path):
    list(train(CONFIG, out=tmp_path / "run"))
    with pytest.raises(
        WganError,
        match=r"\(steps: saved 6, asked 10\); use steps=6 to resume it, add extend=True to give it more",
    ):
        list(train(LONG, out=tmp_path / "run"))
    with pytest.raises(WganError, match="extend adds steps, but steps is 4 and the run has 6"):
        list(train(CONFIG.replace(steps=4), out=tmp_path / "run", extend=True))
    with pytest.raises(WganError, match=r"extend=True continues an earlier run, but .*none holds none"):
        list(train(LONG, out=tmp_path / "none", extend=True))
    assert not (tmp_path / "none").exists()
    with pytest.raises(WganError, match="but restart starts again"):
        list(train(LONG, out=tmp_path / "run", extend=True, restart=True))
    with pytest.raises(WganError, match="give out"):
        list(train(LONG, extend=True))
    with pytest.raises(WganError, match=r"holds another run \(batch: saved 8, asked 9") as caught:
        list(train(CONFIG.replace(batch=9), out=tmp_path / "run"))
    assert "extend" not in str(caught.value)
    with pytest.raises(WganError, match=r"\(steps: saved 6, asked 4\)") as caught:
        list(train(CONFIG.replace(steps=4), out=tmp_path / "run"))
    assert "extend" not in str(caught.value)
    with pytest.raises(WganError, match="holds another run"):
        list(train(LONG.replace(batch=9), out=tmp_path / "run", extend=True))
    assert "extended" not in runs.read_config(tmp_path / "run"), "nothing was written"
    said = []
    list(train(CONFIG, out=tmp_path / "run", extend=True, note=said.append))
    assert said[0].startswith("nothing is added: the run has 6 steps already")
    list(train(LONG, out=tmp_path / "run", restart=True))
    assert "extended" not in runs.read_config(tmp_path / "run")


def test_both_rates_follow_a_cosine_through_an_extension_and_the_sentence_names_the_critics(tmp_path):
    config = CONFIG.replace(decay="cosine", generator_learning_rate=0.02)
    list(train(config, out=tmp_path))
    said = []
    list(train(config.replace(steps=12), out=tmp_path, extend=True, note=said.append))
    log = runs.read_log(tmp_path)
    assert log["step"].tolist() == [0, 4, 6, 8, 12]
    share = np.array([1, 0.25, 0.5, 0.25, (1 + np.cos(np.pi * 11 / 12)) / 2])
    np.testing.assert_allclose(log["learning_rate"], 0.1 * share)
    np.testing.assert_allclose(log["generator_learning_rate"], 0.02 * share)
    assert said[0] == (
        "extended at step 6 to 12 steps: the critic's learning rate, which had fallen to 0, starts again at 0.05, as "
        "in a run of that many steps, and falls to 0."
    )


def test_a_constant_rate_stays_and_the_sentence_says_so(tmp_path):
    steady = CONFIG.replace(decay="none")
    list(train(steady, out=tmp_path))
    said = []
    list(train(steady.replace(steps=8), out=tmp_path, extend=True, note=said.append))
    assert said[0] == "extended at step 6 to 8 steps: the learning rate stays 0.1."


def test_the_command_extends(tmp_path):
    arguments = ["train", "8gaussians", "--network", "mlp", "--width", 4, "--batch", 8, "--out", tmp_path / "run"]
    assert called(*arguments, "--steps", 2).returncode == 0
    assert_refused(called(*arguments, "--steps", 4), "steps: saved 2, asked 4", "add --extend")
    dry = called(*arguments, "--steps", 4, "--extend", "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "extended" not in runs.read_config(tmp_path / "run")
    done = called(*arguments, "--steps", 4, "--extend")
    assert (
        "extended at step 2 to 4 steps: the learning rate, which had fallen to 0, starts again at 0.001" in done.stderr
    )
    assert "done at step 4" in done.stderr


ROWS = np.random.default_rng(0).normal(size=(60, 2))
SMALL = {"width": 4, "batch": 4, "latent": 2, "log_every": 2, "average": 0.5, "network": "mlp", "engine": "torch"}


def test_fit_extends_to_the_bytes_of_the_run_folder(tmp_path):
    model = wgan.WGAN(**SMALL, steps=4).fit(ROWS)
    model.save(tmp_path / "saved")
    model.set_params(steps=8).fit(ROWS, extend=True)
    assert [record["step"] for record in model.records_] == [0, 2, 4, 6, 8]
    loaded = wgan.load(tmp_path / "saved").set_params(steps=8).fit(ROWS, extend=True)
    np.save(tmp_path / "rows.npy", ROWS)
    for steps in (4, 8):
        config = Config(**SMALL, steps=steps, data=str(tmp_path / "rows.npy"))
        list(train(config, out=tmp_path / "run", extend=steps == 8))
    for other in (loaded, wgan.load(tmp_path / "run")):
        np.testing.assert_array_equal(model.sample(9), other.sample(9))
    model.save(tmp_path / "longer")
    assert runs.read_config(tmp_path / "longer")["extended"] == [{"at": 4, "steps_before": 4}]
    again = wgan.load(tmp_path / "longer").set_params(steps=9).fit(ROWS, extend=True)
    again.save(tmp_path / "again")
    assert len(runs.read_config(tmp_path / "again")["extended"]) == 2


def test_fit_does_not_extend_what_is_another_fit():
    with pytest.raises(WganError, match="not fitted"):
        wgan.WGAN(**SMALL, steps=4).fit(ROWS, extend=True)
    model = wgan.WGAN(**SMALL, steps=4).fit(ROWS)
    with pytest.raises(WganError, match="at step 4 already"):
        model.fit(ROWS, extend=True)
    model.set_params(steps=8)
    with pytest.raises(WganError, match="other rows or labels"):
        model.fit(ROWS[::-1], extend=True)
    with pytest.raises(WganError, match="learning_rate changed since"):
        model.set_params(learning_rate=0.5).fit(ROWS, extend=True)
    assert model._training.step == 4, "the model is as it was"
    labelled = wgan.WGAN(**SMALL, steps=4, conditional="projection").fit(ROWS, [0, 1] * 30)
    with pytest.raises(WganError, match="other rows or labels"):
        labelled.set_params(steps=8).fit(ROWS, [0, 0, 1, 1] * 15, extend=True)
    assert labelled.fit(ROWS, [0, 1] * 30, extend=True).sample(2, label=1).shape == (2, 2)


def test_damaged_pieces_are_named(tmp_path):
    list(train(CONFIG, out=tmp_path))
    saved = json.loads(Path(tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(saved | {"extended": [{"at": 3}]}))
    with pytest.raises(WganError, match=r"config\.json is damaged .*`steps_before` - at `\$\.extended\[0\]`"):
        list(train(CONFIG, out=tmp_path))


def test_a_finished_run_that_is_asked_for_again_gives_its_last_record_and_writes_nothing(tmp_path):
    config = Config(data="digits", width=8, batch=16, latent=4, steps=3, log_every=1, engine="torch")
    first = list(train(config, out=tmp_path / "run"))
    files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    before = {path: path.stat().st_mtime_ns for path in files}
    said = []
    assert [one["seconds"] for one in train(config, out=tmp_path / "run", note=said.append)] == [first[-1]["seconds"]]
    assert "is finished already, at step 3" in said[0]
    assert {path: path.stat().st_mtime_ns for path in files} == before
    assert [one["step"] for one in train(config.replace(steps=4), out=tmp_path / "run", extend=True)] == [3, 4]
    assert [one["step"] for one in train(config, out=tmp_path / "run", restart=True)] == [0, 1, 2, 3]
