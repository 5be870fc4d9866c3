"""Signals other than kill -9: Ctrl-C at any moment, a polite end, a pause, and a second process on the same run."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.campaign.cases import Case, Outcome, Part
from benchmarks.campaign.commands import environment
from benchmarks.campaign.kills import COMMANDS, LEFTOVER, contents, names, not_whole, prepare
from benchmarks.campaign.watched import verdict

WITHIN = 3.0  # seconds after the start of a command in which the signal comes
PATIENCE = 20  # seconds in which it must have ended


def _start(arguments: list[object], room: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "wgan", *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, cwd=room, env=os.environ | environment(room), start_new_session=True,
    )  # fmt: skip


def interrupted(case: Case, room: Path, specimens: Path) -> Outcome:
    """Ctrl-C or SIGTERM at a random moment of any command."""
    rng = case.random
    number = signal.SIGINT if case.format == "ctrl-c" else signal.SIGTERM
    chosen = tuple(name for name in COMMANDS if not name.startswith("study"))
    name = chosen[case.number % len(chosen)]
    command = COMMANDS[name]
    prepare(command, command.old is not None, room, specimens)
    before = contents(room, command)
    child = _start(command.arguments(room, specimens), room)
    delay = rng.uniform(0, WITHIN)
    time.sleep(delay)
    if child.poll() is None:
        os.killpg(child.pid, number)
    try:
        printed, said = (text.decode("utf-8", "replace") for text in child.communicate(timeout=PATIENCE))
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        return Outcome("hang", f"{number.name} after {delay:.2f} s", f"{name}: {number.name}")
    what = f"{number.name} after {delay:.2f} s; exit status {child.returncode}"
    if "Traceback" in said or "Exception ignored" in said:
        if f"{os.sep}wgan{os.sep}" not in said:
            return Outcome("fine")  # Python had not begun with wgan
        return Outcome("traceback", f"{what}\n{said[-3000:]}", f"{name}: {number.name}")
    if child.returncode not in (0, 128 + number, -number):  # a shell shows the last two as one
        found = verdict(child.returncode, printed, said)
        return found._replace(kind="traceback", where=f"{name}: exit status {child.returncode} after {number.name}")
    if fault := not_whole(room, command, before, None):
        return Outcome("half", f"{fault}; {what}", f"{name}: {fault}")
    if number == signal.SIGINT and (left := [one for one in names(room) if LEFTOVER.fullmatch(one)]):
        return Outcome("leftover", f"{left}; {what}", f"{name}: after {number.name}")
    return Outcome("fine")


def paused(case: Case, room: Path, specimens: Path) -> Outcome:
    """SIGSTOP and SIGCONT: the training continues and ends as ever."""
    command = COMMANDS["train"]
    prepare(command, False, room, specimens)
    child = _start(command.arguments(room, specimens), room)
    for _ in range(3):
        time.sleep(case.random.uniform(0, 1))
        for number in (signal.SIGSTOP, signal.SIGCONT):
            if child.poll() is None:
                os.killpg(child.pid, number)
            time.sleep(0.2)
    try:
        printed, said = (text.decode("utf-8", "replace") for text in child.communicate(timeout=60))
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        return Outcome("hang", "", "after SIGCONT")
    found = contents(room, command)
    outcome = verdict(child.returncode, printed, said)
    if outcome.kind != "fine":
        return outcome
    return _as_undisturbed(found, room, specimens)


def _as_undisturbed(found: dict[str, bytes], room: Path, specimens: Path) -> Outcome:
    command = COMMANDS["train"]
    shutil.rmtree(room / "run")
    child = _start(command.arguments(room, specimens), room)
    child.communicate(timeout=60)
    wanted = contents(room, command)
    differ = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
    return Outcome("wrong", str(differ), differ[0]) if differ else Outcome("fine")


def together(case: Case, room: Path, specimens: Path) -> Outcome:
    """Two processes train into one folder: one of them is refused, and the run is as ever."""
    command = COMMANDS["train"]
    children = []
    for _ in range(2):
        children.append(_start(command.arguments(room, specimens), room))
        time.sleep(case.random.uniform(0, 0.5))
    outcomes = []
    for child in children:
        try:
            printed, said = (text.decode("utf-8", "replace") for text in child.communicate(timeout=60))
        except subprocess.TimeoutExpired:
            for one in children:
                os.killpg(one.pid, signal.SIGKILL)
                one.communicate()
            return Outcome("hang", "", "two processes on one run")
        outcomes.append(verdict(child.returncode, printed, said))
    for outcome in outcomes:
        if outcome.kind not in ("fine", "refused"):
            return outcome
    if all(outcome.kind == "refused" for outcome in outcomes):
        return Outcome("wrong", "\n".join(one.words for one in outcomes), "both of two processes were refused")
    return _as_undisturbed(contents(room, command), room, specimens)


SENT = {"ctrl-c": interrupted, "sigterm": interrupted, "stop-and-continue": paused, "two-processes": together}


def run(case: Case, room: Path, specimens: Path) -> Outcome:
    """Send the signal, and look at what is left."""
    return SENT[case.format](case, room, specimens)


PART = Part(
    formats={"ctrl-c": 160, "sigterm": 60, "stop-and-continue": 10, "two-processes": 20},
    run=run,
    seconds=200,
    share=0.06,
)
