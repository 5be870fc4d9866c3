"""A case that was cut short continues from its checkpoint, to the same bytes as one that was not."""

import itertools
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from wgan import Config, WganError, data, studies
from wgan.runs import checkpoint
from wgan.studies import STUDIES, Study, architectures, toy_training, trained
from wgan.studies.jobs import as_json
from wgan.training import loop as training
from wgan.training.state import flatten, start

CONFIG = Config(data="swissroll", network="mlp", width=8, batch=16, steps=12, log_every=3, diagnose_every=6)
TIMES = ("seconds", "steps_per_second")


def begin(**fields):
    return start(CONFIG.replace(**fields), data.load("swissroll"))


def told(record):
    return {name: value for name, value in record.items() if name not in TIMES}


@pytest.fixture
def always(monkeypatch):
    """A checkpoint before every step."""
    monkeypatch.setattr(trained, "EVERY", 0)


@pytest.mark.parametrize("engine", ["torch", "jax"])
def test_records_that_were_cut_short_go_on_as_if_they_had_not_been(tmp_path, always, engine):
    pytest.importorskip(engine)
    seen = []

    def look(run):
        def at(record):
            seen.append(record["step"])
            return {"weight": np.array(flatten(run)["generator/00.dense.weight"].ravel()[:2])}

        return at

    run = begin(engine=engine)
    whole = list(trained.recorded(run, look(run)))
    assert [record["step"] for record in whole] == [0, 3, 6, 9, 12]
    assert seen == [0, 3, 6, 9, 12]
    seen.clear()
    with trained.kept(tmp_path):
        cut = begin(engine=engine)
        some = list(itertools.islice(trained.recorded(cut, look(cut)), 3))
    assert list(map(told, some)) == list(map(told, whole[:3]))
    assert checkpoint.steps(tmp_path) == [6], "and no other"
    with trained.kept(tmp_path):
        again = begin(engine=engine)
        rest = list(trained.recorded(again, look(again)))
    assert seen == [0, 3, 6, 6, 9, 12]
    assert list(map(told, rest)) == list(map(told, whole))
    assert all(np.array_equal(value, flatten(again)[name]) for name, value in flatten(run).items())


def test_a_training_without_records_goes_on_too_and_its_case_knows_the_seconds_before(tmp_path, always, monkeypatch):
    whole = flatten(trained.trained(begin()))
    real, steps = trained.iterate, []

    def one(run):
        if run.step == 7:
            raise KeyboardInterrupt
        real(run)

    monkeypatch.setattr(trained, "iterate", one)
    with trained.kept(tmp_path) as case:
        case.began -= 100
        with pytest.raises(KeyboardInterrupt):
            trained.trained(begin())
    monkeypatch.setattr(trained, "iterate", lambda run: (steps.append(run.step), real(run)))
    with trained.kept(tmp_path) as case:
        resumed = trained.trained(begin())
    assert steps == [7, 8, 9, 10, 11]
    assert 100 < case.seconds() < 160
    assert all(np.array_equal(value, flatten(resumed)[name]) for name, value in whole.items())


def test_outside_a_case_and_before_a_minute_nothing_is_kept(tmp_path, monkeypatch):
    with trained.kept(tmp_path):
        trained.trained(begin())
    monkeypatch.setattr(trained, "EVERY", 0)
    monkeypatch.setattr(checkpoint, "save", None)
    trained.trained(begin())
    with trained.kept(None):
        trained.trained(begin())
    assert list(tmp_path.iterdir()) == []


def test_it_is_kept_once_a_minute(tmp_path, monkeypatch):
    """By a clock of 25 seconds a step."""
    saved, run, save = [], begin(), checkpoint.save
    monkeypatch.setattr(trained.time, "monotonic", lambda: 25.0 * run.step)
    monkeypatch.setattr(
        checkpoint, "save", lambda folder, at, *rest, **more: (saved.append(at), save(folder, at, *rest, **more))
    )
    with trained.kept(tmp_path):
        trained.trained(run)
    assert saved == [3, 6, 9]


def test_a_loss_that_is_not_finite_is_not_kept_and_comes_again_at_its_step(tmp_path, always, monkeypatch):
    real = training.iterate

    def poisoned(run):
        real(run)
        if run.step == 5:
            run.info["critic_loss"] = run.info["critic_loss"] * float("nan")

    monkeypatch.setattr(training, "iterate", poisoned)
    for _ in range(2):
        with pytest.raises(WganError, match=r"^critic_loss became nan at step 5"), trained.kept(tmp_path):
            list(trained.recorded(begin()))
        assert checkpoint.steps(tmp_path) == [4]


SMALL = {"data": "digits", "seed": 0, "batch": 32, "width": 4, "steps": 6}
MEASURED = {  # the studies that train a generator, at a tiny scale; `tutorials` does as `architectures`
    "toy-training": {"data": "8gaussians", "method": "wgan-gp", "seed": 0, "batch": 16, "width": 8, "steps": 6},
    "gradient-flow": {"critic": "clip-0.1", "seed": 0, "batch": 16, "width": 8, "steps": 6},
    "loss-meaning": SMALL | {"generator": "mlp", "method": "gan", "units": 8, "records": 6, "chosen": "pca"},
    "mode-collapse": SMALL | {"method": "gan", "critic_share": 1.0, "rows": 500, "samples": 200},
    "critic-overfit": SMALL | {"method": "wgan", "network": "mlp", "rows": 64, "records": 3},
    "architectures": architectures.cases("quick")[0] | {"steps": 6},
}


@pytest.mark.parametrize("name", MEASURED)
def test_a_case_of_every_study_that_trains_goes_on_to_the_same_row(tmp_path, always, monkeypatch, name):
    monkeypatch.setattr(toy_training, "EXACT", 100)
    monkeypatch.setitem(architectures.SAMPLES, "digits", 100)
    rows = []
    for _ in range(2):
        with trained.kept(tmp_path):
            rows.append(as_json(studies.study(name).measure(**MEASURED[name])))
        assert checkpoint.steps(tmp_path) == [5]
    assert rows[0] == rows[1]


def test_a_disk_that_refuses_ends_a_case_and_is_no_divergence(tmp_path, always):
    (tmp_path / "file").touch()
    words = r"^cannot save checkpoint 0 in .* \(Not a directory; the earlier ones are kept\); see whether"
    refused = pytest.raises(WganError, match=words)
    with refused, trained.kept(tmp_path / "file" / "folder"):
        toy_training.measure(**MEASURED["toy-training"])


def measure(x, seed, plan):
    """Train; where the plan has a file of this case's name, die by a signal in the middle, once."""
    trained.EVERY = 0  # this may be a worker process
    run = begin(seed=seed)
    steps = []

    def look(record):
        steps.append(record["step"])
        if record["step"] == 6 and (Path(plan) / f"{x}").exists():
            (Path(plan) / f"{x}").unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return {}

    *_, last = trained.recorded(run, look)
    (Path(plan) / f"{x}.steps").write_text(str(steps))
    return {"w1": last["w1"]}


STUDY = Study(
    title="trainings",
    claim="Trainings continue.",
    source="here",
    cases=lambda scale: [{"x": x, "seed": x, "plan": os.environ["TRAINED_PLAN"]} for x in range(3)],
    measure=measure,
    judge=lambda rows: (None, "all."),
    draw=lambda rows: __import__("matplotlib.figure").figure.Figure(),
)


def test_a_study_whose_worker_is_killed_goes_on_inside_its_case_to_the_same_table(tmp_path, monkeypatch):
    plan = tmp_path / "plan"
    plan.mkdir()
    monkeypatch.setitem(STUDIES, "trainings", __name__)
    monkeypatch.setenv("TRAINED_PLAN", str(plan))
    monkeypatch.setattr(trained, "EVERY", 0)
    list(studies.run("trainings", "quick", tmp_path / "whole", jobs=1))
    assert (plan / "2.steps").read_text() == "[0, 3, 6, 9, 12]"
    (plan / "2").touch()
    with pytest.raises(WganError, match="worker process died"):
        list(studies.run("trainings", "quick", tmp_path / "cut", jobs=2))
    finished = (tmp_path / "cut" / "rows.jsonl").read_text().count("\n") - 1
    assert 1 <= len(list((tmp_path / "cut" / studies.UNFINISHED).iterdir())) <= 3 - finished
    list(studies.run("trainings", "quick", tmp_path / "cut", jobs=1))
    assert (plan / "2.steps").read_text() == "[6, 9, 12]"
    assert not (tmp_path / "cut" / studies.UNFINISHED).exists()
    assert (tmp_path / "cut" / "table.csv").read_bytes() == (tmp_path / "whole" / "table.csv").read_bytes()
