"""A training inside a case, with checkpoints on the way, so that an interrupted case loses only its last minute."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from wgan.config import name_of
from wgan.runs import best, checkpoint
from wgan.studies.rows import as_json
from wgan.training.loop import Record, advance
from wgan.training.state import Training, flatten, iterate, losses, restore

EVERY = 60  # seconds between checkpoints


@dataclass
class Case:
    """The case that is being measured: the folder of its checkpoint (None: it has none), and its seconds of
    processor time so far."""

    folder: Path | None = None
    earlier: float = 0.0  # seconds before the checkpoint from which the case continues
    began: float = field(default_factory=time.process_time)

    def seconds(self) -> float:
        return self.earlier + time.process_time() - self.began


_current: ContextVar[Case | None] = ContextVar("current", default=None)


@contextmanager
def kept(folder: Path | None) -> Iterator[Case]:
    """Let the training of the current case continue from the checkpoint in this folder, and keep checkpoints there."""
    case = Case(folder)
    token = _current.set(case)
    try:
        yield case
    finally:
        _current.reset(token)


def trained(run: Training) -> Training:
    """The run at its last step, trained without measurements, even if it has diverged."""
    keep = _resume_and_keep(run, [])
    while run.step < run.config.steps:
        keep(run.step)
        iterate(run)
    return run


def recorded(run: Training, look: Callable[[Record], Record] = lambda record: {}) -> Iterator[Record]:
    """The records of `advance(run)`, each with the JSON values and arrays that `look(record)` adds.

    After an interruption the earlier records come from the checkpoint, and `look` is not called for them again.
    """
    past: list[Record] = []
    keep = _resume_and_keep(run, past)
    yield from list(past)
    for record in advance(run, stop=keep):  # `keep` runs before each step, when all earlier records are in `past`
        past.append(as_json(record | look(record)))
        yield past[-1]


def _resume_and_keep(run: Training, past: list[Record]) -> Callable[[int], bool]:
    """Bring the run to the checkpoint of its case, if there is one, and its records into `past`.

    The returned function saves run and records when EVERY seconds have passed; it never stops the run.
    """
    case = _current.get()
    if case is None or case.folder is None:
        return lambda at: False
    folder = case.folder
    saved, damaged = checkpoint.latest(folder)
    checkpoint.warn(folder, damaged)
    if saved is not None:
        restore(run, saved._replace(meta=saved.meta["losses"]))
        past += saved.meta["records"]
        columns = {name for record in past for name in record if isinstance(record[name], int | float)}
        log = {name: np.array([record.get(name, np.nan) for record in past]) for name in columns}
        run.measured = best.history(log, name_of(run.config.best_by))
        case.earlier, case.began = saved.meta["seconds"], time.process_time()
    last = time.monotonic()

    def keep(at: int) -> bool:
        nonlocal last
        if time.monotonic() - last >= EVERY:
            found = losses(run)
            if np.isfinite(list(found.values())).all():  # otherwise the last finite checkpoint is worth more
                meta = {"losses": found, "records": past, "seconds": case.seconds()}
                checkpoint.save(folder, at, flatten(run), meta, keep=1)
            last = time.monotonic()
        return False

    return keep
