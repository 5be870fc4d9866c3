"""Machines that lack something: room on the disk, memory, open files, an output, a clock, letters."""

import os
import resource
import shutil
import subprocess
from pathlib import Path

from benchmarks.campaign.cases import Case, Outcome, Part
from benchmarks.campaign.commands import Ended, forked, started
from benchmarks.campaign.kills import COMMANDS, LEFTOVER, contents, names, overwrite, prepare
from benchmarks.campaign.specimens import TINY

WRITERS = tuple(name for name in COMMANDS if name != "train-jax")


def full(case: Case, room: Path, specimens: Path) -> Outcome:
    """A disk without room, or a limit of file sizes, while a command writes; then the same command with room."""
    rng, command = case.random, COMMANDS[WRITERS[case.number % len(WRITERS)]]
    prepare(command, command.old is not None, room, specimens)
    before = contents(room, command)
    mounted = case.number % 2 == 0 and command.writes and _mount(room / "small", 2 ** rng.randint(12, 18))
    size = 2 ** rng.randint(6, 17)

    def little() -> None:
        command.before()
        if not mounted:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    try:
        here = room / "small" if mounted else room
        for name in [] if here is room else [target for _, target in command.needs]:
            (here / name).symlink_to(room / name)  # it is read there, and what is new is written here
        ended = forked(command.arguments(here, specimens), here if mounted else room, before=little)
        outcome = ended.outcome
        if outcome.kind not in ("fine", "refused"):
            return outcome._replace(where=f"{WRITERS[case.number % len(WRITERS)]}: {outcome.where}")
        if outcome.kind == "refused" and str(room) not in outcome.words:
            return Outcome("unclear", outcome.words, "a full disk without the path")
        if not mounted and outcome.kind == "refused":
            if left := [name for name in names(room) if LEFTOVER.fullmatch(name)]:
                return Outcome("leftover", str(left), "after a full disk")
            found = contents(room, command) if command.old is not None else before  # a restart is to change its run
            gone = [name for name, data in before.items() if found.get(name) != data and name in command.whole]
            if gone:
                return Outcome("half", str(gone), "the old file is gone after a full disk")
        return outcome
    finally:
        if mounted:
            subprocess.run(["umount", "-l", room / "small"], check=False)


def _mount(folder: Path, size: int) -> bool:
    """A small disk, if this user may make one."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], capture_output=True, check=False
    )
    return done.returncode == 0


def _commands(room: Path, specimens: Path) -> list[list[object]]:
    """A command of each kind, as processes run them here."""
    shutil.copytree(specimens / "runs/images", room / "run")
    train = ["train", specimens / "data/images.npy", "--network", "mlp", *TINY, "--out", room / "new"]
    return [
        ["data", specimens / "data/table.csv"], ["data", specimens / "data/png", "--size", 8], ["data"], ["presets"],
        ["--help"], train,
        ["sample", room / "run", "-n", 2, "--out", room / "s.npy"], ["report", room / "run", *overwrite("report")],
        ["evaluate", room / "run", "--samples", 40, "--features", "pca"], ["export", room / "run", "--out",
        room / "x.onnx"],
        ["study"], ["distance", specimens / "data/table.npy", specimens / "data/table.npy"], ["data", "--stored",
        room / "run"],
    ]  # fmt: skip


def limits(case: Case, room: Path, specimens: Path) -> Outcome:
    """Little memory (ulimit -v) or few open files (ulimit -n)."""
    rng, commands = case.random, _commands(room, specimens)
    flag = ("-v", "-n")[case.number % 2]
    most = rng.choice((300_000, 600_000, 1_000_000, 3_000_000)) if flag == "-v" else rng.choice((6, 10, 16, 24, 40))
    arguments = commands[case.number // 2 % len(commands)]
    ended = started(arguments, room, prefix=["bash", "-c", f'ulimit {flag} {most}; exec "$@"', "x"])
    return _beside_start(ended, f"{arguments[0]} with ulimit {flag} {most}")


def outputs(case: Case, room: Path, specimens: Path) -> Outcome:
    """stdout or stderr that is full, closed, or read by a program that has ended."""
    commands = _commands(room, specimens)
    ways = ("> /dev/full", "2> /dev/full", ">&-", "2>&-", "| true", "> /dev/full 2>&1")
    way = ways[case.number % len(ways)]
    arguments = commands[case.number // len(ways) % len(commands)]
    ended = started(arguments, room, prefix=["bash", "-c", f'set -o pipefail; "$@" {way}', "x"])
    if "Traceback" in ended.said or "Exception ignored" in ended.said:
        return Outcome("traceback", ended.said[-3000:], f"{arguments[0]} {way}")
    allowed = {"| true": (0, 141), "2> /dev/full": (0,), "2>&-": (0,)}.get(way, (0, 2))
    if ended.status not in allowed:
        return Outcome(
            "traceback", f"{ended.status} {ended.said}"[-2000:], f"{arguments[0]} {way}: exit status {ended.status}"
        )
    if way == "> /dev/full" and ended.status == 0 and arguments[0] != "train":
        return Outcome("wrong", ended.said, f"{arguments[0]} {way}: exit status 0, though nothing was printed")
    return Outcome("fine")


def clock(case: Case, room: Path, specimens: Path) -> Outcome:
    """A clock that stands still, goes back, or leaps."""
    commands = _commands(room, specimens)

    def still() -> None:
        import time

        now = [1.7e9]
        pace = (0.0, -1.0, 1e6)[case.number % 3]

        def tell() -> float:
            now[0] += pace
            return now[0]

        for name in ("time", "perf_counter", "monotonic", "process_time"):
            setattr(time, name, tell)

    arguments = commands[case.number // 3 % len(commands)]
    outcome = forked(arguments, room, before=still).outcome
    return (
        outcome if outcome.kind in ("fine", "refused") else outcome._replace(where=f"{arguments[0]}: {outcome.where}")
    )


def letters(case: Case, room: Path, specimens: Path) -> Outcome:
    """LANG=C without Python's UTF-8 mode, with names that ASCII lacks."""
    commands = _commands(room, specimens)
    path = room / os.fsdecode((b"caf\xc3\xa9.csv", b"caf\xe9.csv")[case.number % 2])
    shutil.copy(specimens / "data/table.csv", path)
    run = room / os.fsdecode(b"r\xc3\xa9")
    commands += [
        ["data", path],
        ["train", path, "--preset", "table", "--network", "mlp", *TINY, "--out", run],
        ["report", run],
    ]
    arguments = commands[case.number % len(commands)]
    more = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    return _beside_start(started(arguments, room, more=more), f"{arguments[0]} with LANG=C")


def _beside_start(ended: Ended, what: str) -> Outcome:
    """The outcome, but for a Python that could not even start, of which wgan knows nothing."""
    if ended.status not in (0, 2) and "wgan" not in ended.said:
        return Outcome("refused", "Python itself did not start")
    outcome = ended.outcome
    return outcome if outcome.kind in ("fine", "refused") else outcome._replace(where=f"{what}: {outcome.where}")


LACKING = {"full": full, "limits": limits, "outputs": outputs, "clock": clock, "letters": letters}


def run(case: Case, room: Path, specimens: Path) -> Outcome:
    """Run a command that lacks something."""
    return LACKING[case.format](case, room, specimens)


PART = Part(
    formats={"full": 160, "limits": 78, "outputs": 78, "clock": 39, "letters": 32},
    run=run, seconds=150, share=0.06,
)  # fmt: skip
