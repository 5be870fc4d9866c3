"""A study's cases as jobs: the same table from one process, two, and a Dask cluster that loses a worker; Ctrl-C."""

import csv
import gc
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest

from wgan import WganError, studies
from wgan.studies import STUDIES, Study

ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
PLAN = os.environ.get("JOBS_PLAN", "")  # a folder; what its files ask of a case is done there


def measure(x, seed, plan):
    """Sums of products, which threads would add in another order; then what the plan's file for this case says."""
    asked = Path(plan) / f"{x}"
    if asked.exists():
        what = asked.read_text()
        if what == "die once":
            asked.unlink()
        if what.startswith("die"):
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "refuse":
            raise WganError(f"{x} is too much.")
        if what == "wait":
            (Path(plan) / f"{x}.began").touch()
            time.sleep(600)
    rows = np.random.default_rng([seed, x]).normal(size=(200, 3000)).astype(np.float32)
    import torch

    product = torch.from_numpy(rows @ rows.T) @ torch.from_numpy(rows)
    return {"product": float(product.sum()), "threads": torch.get_num_threads()}


def draw(rows):
    from matplotlib.figure import Figure

    return Figure()


STUDY = Study(
    title="products",
    claim="Products are the same everywhere.",
    source="here",
    cases=lambda scale: [{"x": x, "seed": 1, "plan": os.environ["JOBS_PLAN"]} for x in range(6)],
    measure=measure,
    judge=lambda rows: (None, "all."),
    draw=draw,
)


@pytest.fixture(autouse=True)
def plan(monkeypatch, tmp_path):
    monkeypatch.setitem(STUDIES, "products", __name__)
    monkeypatch.setenv("JOBS_PLAN", str(tmp_path / "plan"))
    (tmp_path / "plan").mkdir()
    return tmp_path / "plan"


def table(out, **where):
    progress = list(studies.run("products", "quick", out, **where))
    assert [at.done for at in progress] == list(range(1, 7))
    return (out / "table.csv").read_bytes()


def finished(out):
    return [json.loads(line)["case"]["x"] for line in (out / "rows.jsonl").read_text().splitlines()[1:]]


def test_one_process_and_two_and_an_interrupted_one_write_the_same_table(tmp_path, plan):
    import torch

    torch.set_num_threads(2)
    try:
        whole = table(tmp_path / "one", jobs=1)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    assert {row["threads"] for row in csv.DictReader(whole.decode().splitlines())} == {"1"}
    assert table(tmp_path / "two", jobs=2) == whole
    (plan / "3").write_text("refuse")
    with pytest.raises(WganError, match=r"^3 is too much\.$"):
        list(studies.run("products", "quick", tmp_path / "cut", jobs=2))
    assert 3 not in finished(tmp_path / "cut")
    assert not (tmp_path / "cut" / "table.csv").exists()
    (plan / "3").unlink()
    assert table(tmp_path / "cut", jobs=1) == whole


def test_a_killed_process_is_a_sentence_and_what_was_finished_stays(tmp_path, plan):
    (plan / "5").write_text("die once")
    with pytest.raises(WganError, match="worker process died"):
        list(studies.run("products", "quick", tmp_path / "two", jobs=2))
    before = finished(tmp_path / "two")
    assert 5 not in before
    assert table(tmp_path / "two", jobs=1) == table(tmp_path / "one", jobs=1)
    assert finished(tmp_path / "two")[: len(before)] == before


@pytest.mark.parametrize("where", [{"jobs": 0}, {"jobs": 2, "dask": "tcp://127.0.0.1:1"}])
def test_jobs_that_cannot_be_are_refused_before_anything_is_written(tmp_path, where):
    with pytest.raises(WganError, match="1 or more"):
        list(studies.run("products", "quick", tmp_path / "out", **where))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("number", "waiting"), [(signal.SIGINT, (4, 5)), (signal.SIGINT, (5,)), (signal.SIGKILL, (4, 5))]
)
def test_ctrl_c_and_a_kill_keep_what_is_finished_and_leave_no_process(tmp_path, plan, number, waiting):
    """Both workers busy, or one of them idle."""
    for x in waiting:
        (plan / str(x)).write_text("wait")
    code = f"""
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's job in the background is born ignoring it
from wgan import studies, cli
studies.STUDIES['products'] = {__name__!r}
cli.main()
"""
    command = [sys.executable, "-c", code, "study", "products", "--jobs", "2", "--out", str(tmp_path / "out")]
    with subprocess.Popen(
        command, env=ENVIRONMENT | {"JOBS_PLAN": str(plan)}, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        wait(
            lambda: (
                all((plan / f"{x}.began").exists() for x in waiting)
                and len(finished(tmp_path / "out")) == 6 - len(waiting)
            )
        )
        if number == signal.SIGINT:
            os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to every process
            assert running.wait(30) == 130
        else:
            running.kill()
        said = running.stderr.read()  # to its end, which comes when the last process has gone
    if number == signal.SIGINT:
        assert said.strip().endswith("stopped; the same command continues from here.")
    assert "Traceback" not in said
    wait(lambda: not alive(running.pid), 10)
    assert sorted(finished(tmp_path / "out")) == [x for x in range(6) if x not in waiting]


def wait(until, seconds=60):
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def alive(group):
    """Whether any process of the group is left, those aside that only wait to be reaped."""
    listed = subprocess.run(["ps", "-eo", "pgid=,stat="], capture_output=True, text=True).stdout
    return any(line.split()[0] == str(group) and not line.split()[1].startswith("Z") for line in listed.splitlines())


@contextmanager
def cluster(folder, workers, **environment):
    """A Dask scheduler on loopback and some workers, each a process: its address."""
    found = folder / "scheduler.json"
    common = ["--scheduler-file", str(found), "--no-dashboard"]
    listen = ["--host", "127.0.0.1", "--port", "0"]
    worker = [*common, "--nthreads", "1", "--local-directory", str(folder / "scratch")]
    with ExitStack() as stack, (folder / "dask.log").open("w") as log:

        def start(*command):
            at = subprocess.Popen(
                [sys.executable, "-m", *command], env=ENVIRONMENT | environment, stdout=log, stderr=log
            )
            stack.callback(at.wait, 30)
            stack.callback(at.terminate)

        start("distributed.cli.dask_scheduler", *listen, *common)
        wait(found.exists)
        for _ in range(workers):
            start("distributed.cli.dask_worker", *worker)
        yield json.loads(found.read_text())["address"]


def test_a_dask_cluster_that_loses_workers_loses_no_other_case(tmp_path, plan):
    """Case 1 ends one worker and is measured by the other; case 4 ends all that it is given to, and is named."""
    pytest.importorskip("distributed")
    whole = table(tmp_path / "one", jobs=1)
    (plan / "1").write_text("die once")
    (plan / "4").write_text("die always")
    with cluster(tmp_path, 2, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1") as address:
        with pytest.raises(WganError, match=r"^1 of 6 cases are missing, .*: x 4, seed 1, plan [^;]*$"):
            list(studies.run("products", "quick", tmp_path / "out", dask=address))
        assert not (plan / "1").exists(), "no worker died of it"
        assert sorted(finished(tmp_path / "out")) == [0, 1, 2, 3, 5]
        (plan / "4").write_text("refuse")
        with pytest.raises(WganError, match=r"^4 is too much\.$"):
            list(studies.run("products", "quick", tmp_path / "out", dask=address))
        (plan / "4").unlink()
        assert table(tmp_path / "out", dask=address) == whole


def test_a_case_that_only_waited_at_a_worker_that_died_gets_a_second_attempt(tmp_path, plan):
    """Without a second attempt of Dask's own: case 1 ends the worker where the next one is queued already."""
    pytest.importorskip("distributed")
    whole = table(tmp_path / "one", jobs=1)
    (plan / "1").write_text("die once")
    with cluster(tmp_path, 1, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0") as address:
        assert table(tmp_path / "out", dask=address) == whole
    assert not (plan / "1").exists(), "no worker died"


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nowhere:1", "tcp://", "what://is this"])
def test_a_dask_address_where_nothing_answers_is_one_sentence(tmp_path, monkeypatch, address):
    pytest.importorskip("distributed")
    gc.collect()  # a Client that failed before, collected by the next one's thread, would wait for that one's lock
    monkeypatch.setattr(studies.jobs, "PATIENCE", 0.5)
    with pytest.raises(WganError, match="no Dask scheduler answers at"):
        list(studies.run("products", "quick", tmp_path / "out", dask=address))


def test_without_distributed_dask_is_refused_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(WganError, match=r"pip install 'wgan\[dask\]'"):
        list(studies.run("products", "quick", tmp_path / "out", dask="tcp://127.0.0.1:1"))
