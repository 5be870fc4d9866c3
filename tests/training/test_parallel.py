"""Several processes train together: the bytes do not depend on their number, and each fault ends all of them."""

import hashlib
import json
import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from commands import assert_refused, called
from crew import CASES, SMALL, config_of
from crews import HERE, commands, ended, started
from forked import Forked, anew

from wgan import WganError
from wgan.engines import ENGINES, exchange, get_engine
from wgan.runs import checkpoint
from wgan.training import parallel
from wgan.training.crew import crew_here
from wgan.training.state import describe, start

WORKER = (HERE / "crew.py").read_text()
XLA = os.environ["XLA_FLAGS"]
TINY = [word for name, value in SMALL.items() if name != "data" for word in (f"--{name.replace('_', '-')}", value)]
LONG = [
    "train",
    "digits",
    "--engine",
    "torch",
    *TINY,
    "--steps",
    100_000,
    "--checkpoint-every",
    10,
    "--log-every",
    10**6,
]


def finished(crew):
    for status, said in ended(crew):
        assert (status, said) == (0, []), said


def digest(folder):
    newest, damaged = checkpoint.latest(folder / "checkpoints")
    assert not damaged
    (array,) = (folder / "checkpoints").glob(f"{newest.step:08d}/arrays.safetensors")
    return newest.step, hashlib.sha256(array.read_bytes()).hexdigest()


def log(folder):
    """The log without its clock."""
    lines = (json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines())
    return [{name: x for name, x in one.items() if name not in ("seconds", "steps_per_second")} for one in lines]


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """The runs of one process."""
    out = tmp_path_factory.mktemp("one")
    finished(started(1, WORKER, out, "torch"))
    return out


@pytest.mark.parametrize(("processes", "begin"), [(2, anew), (4, Forked)])
def test_any_number_of_processes_computes_the_same_bytes(one, tmp_path, processes, begin):
    """New processes have other hash seeds, so that an order of a set that reached the bytes would show."""
    finished(started(processes, WORKER, tmp_path, "torch", begin=begin))
    for case in CASES:
        assert digest(tmp_path / case) == digest(one / case), case
        assert log(tmp_path / case) == log(one / case), case
        saved = [json.loads((at / case / "config.json").read_text()) for at in (tmp_path, one)]
        assert saved[0] == saved[1]
    assert len({digest(one / case) for case in CASES}) == len(CASES)


def test_jax_computes_the_same_bytes_on_devices_and_in_processes(tmp_path):
    four = {"XLA_FLAGS": f"{XLA} --xla_force_host_platform_device_count=4"}
    ways = {"one": (1, {}), "devices": (1, four), "processes": (2, {})}
    for name, (processes, environment) in ways.items():
        finished(started(processes, WORKER, tmp_path / name, "jax", "clip", "batch-norm", environment=environment))
    for case in ("clip", "batch-norm"):
        assert len({digest(tmp_path / name / case) for name in ways}) == 1, case


def reaches(folder, crew, step=10):
    began = time.monotonic()
    while not (folder / "checkpoints" / f"{step:08d}").exists():
        assert time.monotonic() - began < 240
        assert all(process.poll() is None for process in crew), ended(crew)
        time.sleep(0.01)


@pytest.mark.parametrize("rank", [0, 1])
def test_a_killed_process_ends_the_others(tmp_path, rank):
    out = tmp_path / "run"
    crew = commands(2, *LONG, "--out", out, begin=anew)
    reaches(out, crew)
    crew[rank].kill()
    other = ended(crew)[1 - rank]
    assert other[0] == 2
    assert other[1][-1].startswith("wgan: another process of this training ended; ")
    assert not any("Traceback" in line for line in other[1])
    assert checkpoint.steps(out / "checkpoints")


DIES = """
import os, signal
import torch.distributed as dist
from wgan.engines import exchange
exchange.CONNECT = 5
connect = dist.init_process_group
def dies(*more, **others):
    if os.environ["RANK"] == "1":
        os.kill(os.getpid(), signal.SIGKILL)
    connect(*more, **others)
dist.init_process_group = dies
"""


def test_a_process_that_is_killed_while_all_connect_is_not_waited_for_as_long_as_one_that_hangs(tmp_path):
    """The limit of connecting is another than that of an exchange, which is 10 minutes here."""
    leader, killed, other = ended(
        commands(3, *LONG, "--shards", 3, "--batch", 18, "--out", tmp_path / "run", patch=DIES)
    )
    assert killed[0] == -signal.SIGKILL
    for rank, (status, said) in ((0, leader), (2, other)):
        assert status == 2
        assert said[-1].startswith(f"wgan: process {rank} met the other 2 at 127.0.0.1:")
        assert "and could not connect to them: " in said[-1]
        assert not any("Traceback" in line for line in said)
    assert not (tmp_path / "run").exists()


def test_a_run_continues_with_another_number_of_processes(one, tmp_path):
    """The runs of the crew had 3 steps; a checkpoint is made at 2, where a copy goes on alone."""
    shutil.copytree(one / "clip", tmp_path / "clip")
    shutil.rmtree(tmp_path / "clip/checkpoints/00000003")
    at = checkpoint.steps(tmp_path / "clip/checkpoints")
    assert at[-1] == 2
    finished(started(2, WORKER, tmp_path, "torch", "clip"))
    assert digest(tmp_path / "clip") == digest(one / "clip")


def test_a_process_that_hangs_is_not_waited_for_without_end(tmp_path):
    crew = commands(
        2, *LONG, "--out", tmp_path / "run", patch="from wgan.engines import exchange; exchange.TIMEOUT = 10"
    )
    reaches(tmp_path / "run", crew)
    crew[1].send_signal(signal.SIGSTOP)
    status = crew[0].wait(240)
    crew[1].kill()
    crew[1].communicate()
    assert status == 2
    assert "did not answer for 10 s" in crew[0].communicate()[1].splitlines()[-1]


@pytest.mark.parametrize("rank", [0, 1])
def test_a_signal_to_one_process_saves_once_and_stops_all(tmp_path, rank):
    crew = commands(2, *LONG, "--out", tmp_path / "run", begin=anew)
    reaches(tmp_path / "run", crew)
    crew[rank].send_signal(signal.SIGTERM)
    (leader, said), (other, nothing) = ended(crew)
    assert (leader, other, nothing) == (0, 0, [])
    assert said[-1] == "The same command continues from here."


FULL = """
from wgan.runs import checkpoint
from wgan.errors import WganError
save = checkpoint.save
def full(folder, step, *more):
    if step == 20:
        raise WganError("the disk is full; make room.")
    return save(folder, step, *more)
checkpoint.save = full
"""


def test_a_full_disk_of_the_leader_ends_all_with_its_sentence(tmp_path):
    leader, other = ended(commands(2, *LONG, "--out", tmp_path / "run", patch=FULL))
    assert (leader[0], leader[1][-1]) == (2, "wgan: the disk is full; make room.")
    assert other == (2, ["wgan: process 0 stopped: the disk is full; make room."])
    assert checkpoint.steps(tmp_path / "run/checkpoints")[-1] == 10


OTHER = """
import os
from wgan.training import state
describe = state.describe
def other(training):
    about = describe(training)
    if os.environ["RANK"] == "1":
        about["data"]["sha256"] = "other"
    return about
from wgan.training import parallel
parallel.describe = other
"""


def test_a_process_with_other_data_is_named_by_all(tmp_path):
    for status, said in ended(commands(2, *LONG, "--out", tmp_path / "run", patch=OTHER)):
        assert status == 2
        assert said[-1].startswith("wgan: process 1 has another value of the SHA-256 of the data than process 0; ")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("part", "name", "named"),
    [("config", "seed", "seed"), ("config", "width", "width"), ("versions", "torch", "the version of torch")],
)
def test_what_another_process_has_otherwise_is_named(monkeypatch, part, name, named):
    """What two processes compare, without the second process."""
    training, compared = start(config_of("clip", "torch")), []
    about = describe(training)
    monkeypatch.setattr(exchange, "gathered", lambda digests: compared.append(digests) or np.stack(compared))
    parallel._agree(training)
    parallel._agree(training)
    del compared[0]
    about[part][name] = "other"
    monkeypatch.setattr(parallel, "describe", lambda training: about)
    with pytest.raises(WganError, match=f"process 1 has another value of {named} than process 0; "):
        parallel._agree(training)


def test_a_folder_that_refuses_the_leader_ends_all(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    (leader, said), (other, also) = ended(commands(2, *LONG, "--out", tmp_path))
    assert leader == other == 2
    assert said[-1] == also[-1]


def test_wrong_numbers_are_refused(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert_refused(called(*LONG, "--batch", 18), "batch is 18, which 4 shards do not divide", "use 16 or 20")
    assert_refused(called(*LONG, "--generator-batch", 2), "generator_batch is 2", "use 4, or --shards 2")
    monkeypatch.setenv("WORLD_SIZE", "3")
    monkeypatch.setenv("RANK", "1")
    assert_refused(called(*LONG), "3 processes cannot share 4 shards equally", "use --shards 6")
    monkeypatch.setenv("WORLD_SIZE", "2")
    for place, port in (("", ""), ("127.0.0.1", "x"), ("", "29500")):
        monkeypatch.setenv("MASTER_ADDR", place)
        monkeypatch.setenv("MASTER_PORT", port)
        assert_refused(called(*LONG), "which do not say where they meet", f"MASTER_PORT is {port!r}")
    for rank, processes in (("3", "3"), ("-1", "3"), ("x", "3"), ("0", "")):
        monkeypatch.setenv("RANK", rank)
        monkeypatch.setenv("WORLD_SIZE", processes)
        with pytest.raises(WganError, match="start them with torchrun"):
            crew_here()
    monkeypatch.setenv("WORLD_SIZE", "1")
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    for name in ENGINES:
        for wrong in ("x", "-1", "1.0"):
            monkeypatch.setenv("LOCAL_RANK", wrong)
            assert_refused(
                called(*LONG, "--engine", name), f"LOCAL_RANK is '{wrong}'", "start the command with torchrun"
            )
        monkeypatch.setenv("LOCAL_RANK", "")  # as if it were unset
        get_engine(name)
    assert not list(Path(tmp_path).iterdir())


def test_a_port_of_another_program_is_named(tmp_path):
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        crew = commands(
            2, *LONG, "--out", tmp_path / "run", port=other.getsockname()[1],
            patch="from wgan.engines import exchange; exchange.JOIN = 3",
        )  # fmt: skip
        (leader, said), (follower, also) = ended(crew)
    assert leader == follower == 2
    assert "where another program listens; choose another --master-port" in said[-1]
    assert "did not meet the other 1" in also[-1]
