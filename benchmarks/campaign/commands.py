"""Commands of wgan as processes of their own: forked from this one (quick), or as new programs (complete)."""

import contextlib
import mmap
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import wgan
from benchmarks.campaign.cases import Outcome
from benchmarks.campaign.limits import ABOVE, limit_memory
from benchmarks.campaign.watched import verdict

REFUSES = 10  # seconds in which a command that is to refuse must end

CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "os.truncate")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Ended(NamedTuple):
    """How a process ended: its status (minus the signal that ended it), what it printed, the changes of files that it
    began, and its seconds. `status` is None if it had to be stopped."""

    status: int | None
    printed: str
    said: str
    changes: int
    seconds: float

    @property
    def outcome(self) -> Outcome:
        """What came of a command that nobody disturbed."""
        if self.status is None:
            return Outcome("hang", f"{self.printed}\n{self.said}"[-3000:], "a command")
        if self.status < 0:
            return Outcome("death", self.said[-3000:], signal.Signals(-self.status).name)
        return verdict(self.status, self.printed, self.said)


class Kill(NamedTuple):
    """When a command is to die: before the change of files with this number, or so many seconds after it began.

    Change 0 is the start of the command.
    """

    change: int
    after: float = 0.0


def forked(
    arguments: list[object],
    room: Path,
    kill: Kill | None = None,
    before: Callable[[], None] = lambda: None,
    seconds: float = 180,
) -> Ended:
    """Run `wgan` with these arguments in a child of this process, which has imported all that it needs.

    `before` runs in the child. The changes of files below `room` are counted.
    """
    count = mmap.mmap(-1, 8)
    pipes = [os.pipe(), os.pipe()]  # files would be under the limits that a case sets
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        _be_wgan(arguments, room, [writing for _, writing in pipes], count, kill, before)
    for reading, writing in pipes:
        os.close(writing)
        os.set_blocking(reading, False)
    status: int | None = None
    texts = [b"", b""]
    ended = False
    while not ended:
        if time.monotonic() - began > seconds:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            ended = True
        else:
            done, found = os.waitpid(child, os.WNOHANG)
            if ended := bool(done):
                status = os.waitstatus_to_exitcode(found)
        texts = [text + _all_of(reading) for text, (reading, _) in zip(texts, pipes, strict=True)]
        time.sleep(0.0 if ended else 0.002)
    took = time.monotonic() - began
    for reading, _ in pipes:
        os.close(reading)
    printed, said = (text.decode("utf-8", "replace") for text in texts)
    return Ended(status, printed, said, int.from_bytes(count[:8], "little"), took)


def _all_of(reading: int) -> bytes:
    """What has come through a pipe by now."""
    text = b""
    with contextlib.suppress(BlockingIOError):
        while part := os.read(reading, 2**16):
            text += part
    return text


def _be_wgan(
    arguments: list[object], room: Path, pipes: list[int], count: mmap.mmap, kill: Kill | None,
    before: Callable[[], None],
) -> None:  # fmt: skip
    """Become the command; it does not return."""
    status = 1
    try:
        os.setpgid(0, 0)
        for number, pipe in zip((1, 2), pipes, strict=True):
            os.dup2(pipe, number)
        sys.stdout, sys.stderr = (
            open(number, "w", encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115
            for number, errors in ((1, "strict"), (2, "backslashreplace"))
        )
        for name, value in environment(room).items():
            os.environ[name] = value
        (room / "here").mkdir(exist_ok=True)
        os.chdir(room / "here")
        before()
        _count_changes(room, count, kill)
        from wgan import cli

        sys.argv = ["wgan", *map(str, arguments)]
        cli.main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
        os._exit(status)


def environment(room: Path) -> dict[str, str]:
    """What a command's environment has beside the usual: a home and a cache in the room, and this code of wgan."""
    code = str(Path(wgan.__file__).parent.parent)  # PYTHONPATH can be relative to the folder of the campaign
    return {"HOME": str(room / "home"), "XDG_CACHE_HOME": str(room / "home/.cache"), "PYTHONPATH": code}


def _count_changes(room: Path, count: mmap.mmap, kill: Kill | None) -> None:
    """Count the changes of files below the room, and die at the one that `kill` names."""
    inside, number = str(room.resolve()) + os.sep, 0

    def changes() -> None:
        nonlocal number
        number += 1
        count[:8] = number.to_bytes(8, "little")
        if kill and number == kill.change:
            if not kill.after:
                os.kill(os.getpid(), signal.SIGKILL)
            _die_after(kill.after)

    def hook(event: str, given: tuple) -> None:
        if event in CHANGES or (event == "open" and isinstance(given[2], int) and given[2] & WRITES):
            path = given[0]
            if isinstance(path, str | bytes | os.PathLike) and os.path.abspath(os.fsdecode(path)).startswith(inside):
                changes()

    if kill and not kill.change:
        _die_after(kill.after)
    sync = os.fsync

    def counted(fd: Any) -> None:
        changes()
        sync(fd)

    os.fsync = counted
    sys.addaudithook(hook)


def _die_after(seconds: float) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # which ends the process at once, as -9 does
    signal.setitimer(signal.ITIMER_REAL, seconds)


def started(
    arguments: list[object], room: Path, seconds: float = 60, more: dict[str, str] | None = None,
    prefix: list[str] | None = None,
    cwd: Path | None = None,
) -> Ended:  # fmt: skip
    """Run `wgan` as a new process; `prefix` are words before the command, such as a shell's."""
    began = time.monotonic()
    words = [*(prefix or []), sys.executable, "-m", "wgan", *map(str, arguments)]
    child = subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd or room,
        env=os.environ | environment(room) | (more or {}), start_new_session=True,
    )  # fmt: skip
    try:
        printed, said = child.communicate(timeout=seconds)
        status: int | None = child.returncode
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        printed, said = child.communicate()
        status = None
    printed_text, said_text = (text.decode("utf-8", "replace") for text in (printed, said))
    return Ended(status, printed_text, said_text, 0, time.monotonic() - began)


def refused(ended: Ended, *parts: str) -> Outcome:
    """A command has to refuse, and its sentence has to hold these parts."""
    outcome = ended.outcome
    if outcome.kind == "fine":
        return Outcome("wrong", ended.said[-2000:], "it was accepted")
    if outcome.kind == "refused" and not all(part in outcome.words for part in parts):
        return Outcome("unclear", outcome.words, f"{parts} not named")
    return outcome


def limited() -> None:
    """Let the child have only so much more memory."""
    limit_memory(ABOVE)


def quick(room: Path, *arguments: object) -> Ended:
    """A command with a limit of memory and of time."""
    return forked(list(arguments), room, before=limited, seconds=REFUSES)
