"""Data that change while they are read, and output where it must not go."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.campaign.cases import Case, Outcome
from benchmarks.campaign.commands import environment, forked, refused
from benchmarks.campaign.specimens import TINY


def changing(case: Case, room: Path, specimens: Path) -> Outcome:
    """A .npy that is written over, or made shorter, while a training has it mapped."""
    path = room / "data.npy"
    rows = np.random.default_rng(0).integers(0, 256, (20_000, 16, 16), np.uint8)
    np.save(path, rows)
    run = room / "run"
    words = [
        "train",
        path,
        "--network",
        "mlp",
        *TINY,
        "--steps",
        "1000000",
        "--log-every",
        "50",
        "--checkpoint-every",
        "200",
        "--out",
        run,
    ]
    child = subprocess.Popen(
        [sys.executable, "-m", "wgan", *map(str, words)],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd=room,
        env=os.environ | environment(room),
        start_new_session=True,
    )
    until = time.monotonic() + 60
    while time.monotonic() < until and child.poll() is None and len(list(run.glob("checkpoints/0*"))) < 2:
        time.sleep(0.1)
    if case.number % 2:
        os.truncate(path, 4096)
    else:
        with path.open("r+b") as file:
            file.seek(128)
            file.write(bytes(rows.nbytes))
    try:
        said = child.communicate(timeout=8)[1].decode()
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGINT)
        try:
            said = child.communicate(timeout=20)[1].decode()
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            return Outcome("hang", "", "Ctrl-C after the data changed")
    what = "made shorter" if case.number % 2 else "written over"
    if child.returncode < 0:
        return Outcome("death", said[-2000:], f"{signal.Signals(-child.returncode).name} after a .npy was {what}")
    if "Traceback" in said:
        return Outcome("traceback", said[-3000:], f"after a .npy was {what}")
    if "data.npy" not in said.split("training", 1)[-1].rsplit("estimate:", 1)[-1]:
        kept = json.loads((run / "config.json").read_text())["data"]["sha256"]
        return Outcome(
            "wrong", f"{said[-1500:]}\nconfig.json keeps {kept}", f"a .npy that was {what} while training, in silence"
        )
    return Outcome("refused", said[-500:])


def places(case: Case, room: Path, specimens: Path) -> Outcome:
    """Output into a folder that may not be written, over a file of the run, over the data, or of another user."""
    run = room / "run"
    shutil.copytree(specimens / "runs/images", run)
    (run / "samples/mine.png").write_bytes(b"mine")
    (run / "checkpoints/notes.txt").write_bytes(b"mine")
    own = room / "own.npy"
    shutil.copy(specimens / "data/images.npy", own)
    kind = case.number % 9
    training = ["train", own, "--network", "mlp", *TINY]
    if kind == 0:
        ended = forked([*training, "--out", run, "--restart", "--seed", "3"], room)
        lost = [name for name in ("samples/mine.png", "checkpoints/notes.txt") if not (run / name).exists()]
        return Outcome("lost", str(lost), "--restart removed files of another program") if lost else ended.outcome
    if kind in (1, 2, 3):
        forked([*training, "--out", room / "new"], room)
        target = (own, room / "new/config.json", room / "new/checkpoints/00000004/arrays.safetensors")[kind - 1]
        before = target.read_bytes()
        command = (["sample", room / "new", "-n", 3], ["report", room / "new"], ["export", room / "new"])[kind - 1]
        if kind == 3:
            target = room / "new/checkpoints/00000004/arrays.safetensors"
        ended = forked([*command, "--out", target], room)
        if target.read_bytes() != before:
            return Outcome(
                "lost", f"{command[0]} --out {target.name}", f"{command[0]} replaced a file of the run or its data"
            )
        return refused(ended)
    if kind == 4:
        pictures = room / "photos"
        pictures.mkdir()
        (pictures / "000000.png").write_bytes(b"mine")
        ended = forked(["sample", run, "-n", 2, "--out", pictures], room)
        if (pictures / "000000.png").read_bytes() != b"mine":
            return Outcome("lost", "photos/000000.png", "sample replaced a picture in a folder")
        return refused(ended)
    if kind in (5, 6):
        command = (["sample", run, "-n", 2, "--out", room / "x.csv"], ["report", run, "--out", room / "x.csv"])[
            kind - 5
        ]
        (room / "x.csv").write_bytes(b"mine")
        ended = forked(command, room)
        if (room / "x.csv").read_bytes() != b"mine":
            return Outcome("lost", "x.csv", f"{command[0]} replaced a file that was there")
        return refused(ended)
    if kind == 7:
        return refused(forked(["report", run, "--out", ""], room))
    return _another_user(room, run)


def _another_user(room: Path, run: Path) -> Outcome:
    """A run that belongs to another user and may not be read or written."""
    if os.geteuid():
        return Outcome("fine")
    (run / "config.json").chmod(stat.S_IRUSR)
    for folder in room.resolve().parents:
        if folder.stat().st_uid == 0 and folder.name.startswith("campaign-"):
            folder.chmod(0o755)
    room.chmod(0o777)

    def other() -> None:
        os.setgid(65534)
        os.setuid(65534)

    for arguments in (["sample", run, "-n", 2], ["report", run], ["data", "--stored", run]):
        outcome = forked(list(arguments), room, before=other).outcome
        if outcome.kind not in ("fine", "refused"):
            return outcome._replace(where=f"{arguments[0]} of another user's run: {outcome.where}")
        if "damaged" in outcome.words or "make room" in outcome.words:
            return Outcome("unclear", outcome.words, f"{arguments[0]}: an unreadable config is called something else")
    return Outcome("refused")
