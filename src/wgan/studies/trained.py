"""A training inside a case. It is kept on the way, so that a case that was cut short loses its last minute."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from wgan.runs import checkpoint
from wgan.studies.rows import as_json
from wgan.training.loop import Record, advance, iterate
from wgan.training.state import Training, flatten, losses, restore

EVERY = 60  # seconds between checkpoints


@dataclass
class Case:
    """The case that is being measured: where its training is kept (None: nowhere), and what it took before."""

    folder: Path | None = None
    earlier: float = 0.0  # seconds, up to the checkpoint that it goes on from
    began: float = field(default_factory=time.perf_counter)

    def seconds(self) -> float:
        return self.earlier + time.perf_counter() - self.began


_current: ContextVar[Case | None] = ContextVar("current", default=None)


@contextmanager
def kept(folder: Path | None) -> Iterator[Case]:
    """While a case is measured, its training goes on from a checkpoint in this folder, and is kept there."""
    case = Case(folder)
    token = _current.set(case)
    try:
        yield case
    finally:
        _current.reset(token)


def trained(run: Training) -> Training:
    """The run at its last step, whatever became of it: nothing is measured on the way."""
    keep = _keeping(run, [])
    while run.step < run.config.steps:
        keep(run.step)
        iterate(run)
    return run


def recorded(run: Training, look: Callable[[Record], Record] = lambda record: {}) -> Iterator[Record]:
    """Those of `advance(run)`, with what `look` finds at the run as it stands at each: JSON values and arrays.

    After an interruption the earlier records come as they were kept, and `look` is not asked about them again.
    """
    past: list[Record] = []
    keep = _keeping(run, past)
    yield from list(past)
    for record in advance(run, stop=keep):  # asked before each step, when the records of those before are out
        past.append(as_json(record | look(record)))
        yield past[-1]


def _keeping(run: Training, past: list[Record]) -> Callable[[int], bool]:
    """Put the run where its case was cut short, if it was, with the records up to there in `past`; what is returned
    keeps both when it is time, and never stops a run."""
    case = _current.get()
    if case is None or case.folder is None:
        return lambda at: False
    folder = case.folder
    saved, _ = checkpoint.latest(folder)
    if saved is not None:
        restore(run, saved._replace(meta=saved.meta["losses"]))
        past += saved.meta["records"]
        case.earlier, case.began = saved.meta["seconds"], time.perf_counter()
    last = time.monotonic()

    def keep(at: int) -> bool:
        nonlocal last
        if time.monotonic() - last >= EVERY:
            found = losses(run)
            if np.isfinite(list(found.values())).all():  # else the one before shows how it came to that
                meta = {"losses": found, "records": past, "seconds": case.seconds()}
                checkpoint.save(folder, at, flatten(run), meta, keep=1)
            last = time.monotonic()
        return False

    return keep
