"""Workers that run cases: each is a process, so that a case that hangs or dies costs a worker and not the campaign."""

import faulthandler
import multiprocessing
import os
import shutil
import signal
import tempfile
import time
import traceback
from collections import deque
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from benchmarks.campaign.cases import CAMPAIGN, Case, Outcome, Part

RENEWED = 2000  # cases after which a worker is replaced, so that no memory adds up
PRELOADED = ["benchmarks.campaign.preloaded"]


class Worker:
    """A process, the pipe to it, the case that it runs and the time when that case hangs."""

    def __init__(self, context: Any, specimens: Path, root: Path):
        self.pipe, other = context.Pipe()
        self.room = Path(tempfile.mkdtemp(dir=root))
        self.process = context.Process(target=_serve, args=(other, specimens, self.room), daemon=False)
        self.process.start()
        other.close()
        self.pipe.recv()  # it is ready, so that no case pays for its start
        self.case: Case | None = None
        self.began = self.until = 0.0
        self.done = 0

    def give(self, case: Case, seconds: float) -> None:
        self.case, self.began = case, time.monotonic()
        self.until = self.began + seconds
        self.pipe.send(case)

    def end(self) -> None:
        self.pipe.close()
        if self.process.is_alive():
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()
        shutil.rmtree(self.room, ignore_errors=True)


def outcomes(
    parts: dict[str, Part], cases: Iterable[Case], specimens: Path, root: Path, workers: int, until: float
) -> Iterator[tuple[Case, Outcome, float]]:
    """Run the cases on so many workers; each comes back with its outcome and its seconds, in any order.

    After `until`, a time of the monotonic clock, no case is begun.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    waiting, pool = deque(cases), list[Worker]()
    try:
        while waiting or any(one.case for one in pool):
            if time.monotonic() > until:
                waiting.clear()
                if not any(one.case for one in pool):
                    return
            while waiting and len(pool) < workers:
                pool.append(Worker(context, specimens, root))
            for one in pool:
                if one.case is None and waiting:
                    case = waiting.popleft()
                    one.give(case, parts[case.part].seconds)
            busy = {one.pipe: one for one in pool if one.case}
            left = max(0.0, min(one.until for one in busy.values()) - time.monotonic())
            ready: list[Any] = wait(list(busy), left)
            for one in list(busy.values()):
                if one.pipe not in ready and time.monotonic() < one.until:
                    continue
                ended, outcome = one.case, _outcome_of(one, one.pipe in ready)
                assert ended is not None
                seconds, one.case = time.monotonic() - one.began, None
                one.done += 1
                if outcome.kind in ("hang", "death", "memory") or one.done >= RENEWED:
                    pool.remove(one)
                    one.end()
                yield ended, outcome, seconds
    finally:
        for one in pool:
            one.end()


def _outcome_of(worker: Worker, answered: bool) -> Outcome:
    if not answered:
        os.kill(worker.process.pid, signal.SIGUSR1)  # faulthandler writes where it stands
        time.sleep(0.2)
        return Outcome("hang", _last_words(worker.room), _place_in(_last_words(worker.room)))
    try:
        return worker.pipe.recv()
    except EOFError:
        worker.process.join()
        code = worker.process.exitcode or 0
        name = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        return Outcome("death", f"{name}\n{_last_words(worker.room)}", f"{name} {_place_in(_last_words(worker.room))}")


def _last_words(room: Path) -> str:
    return (room.parent / f"{room.name}.stack").read_text(errors="replace")[-3000:]


def _place_in(stack: str) -> str:
    """The innermost line of wgan's code in what faulthandler wrote."""
    lines = [line for line in stack.splitlines() if "/wgan/" in line]
    return "in " + lines[0].split("/wgan/")[-1].replace('"', "") if lines else "outside wgan"


def _serve(pipe: Connection, specimens: Path, room: Path) -> None:
    """Run cases until the pipe closes."""
    from benchmarks.campaign.parts import PARTS

    os.setpgid(0, 0)
    stack = (room.parent / f"{room.name}.stack").open("w")
    faulthandler.enable(stack)
    faulthandler.register(signal.SIGUSR1, stack)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # what libraries print by themselves
        os.dup2(nothing, stream)
    pipe.send(None)
    while True:
        try:
            case = pipe.recv()
        except EOFError:
            return
        pipe.send(one(PARTS[case.part], case, room, specimens))


def one(part: Part, case: Case, room: Path, specimens: Path) -> Outcome:
    """Run one case in this process, in an empty room."""
    here = os.getcwd()
    for entry in room.iterdir():
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    try:
        return part.run(case, room, specimens)
    except Exception:  # a fault of the campaign itself, which must not look like a fault of wgan
        return Outcome("traceback", traceback.format_exc(), CAMPAIGN)
    finally:
        os.chdir(here)
