"""Several processes that train together: they agree at the start, go on together, and stop together.

Process 0 leads: it alone opens the run folder, measures and writes. The others compute their shards of each step.
All of them have the same state, to the byte.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from wgan.config import OPERATIONAL
from wgan.engines import exchange
from wgan.errors import WganError
from wgan.runs import checkpoint
from wgan.training.crew import Crew
from wgan.training.state import Training, describe, flatten, iterate, losses, restore

GO_ON, ENDED, FAULT = range(3)  # what the leader says before each step; a larger one holds


@contextmanager
def together(training: Training) -> Iterator[None]:
    """Meet the other processes of the crew, agree with them on what is trained, and part at the end.

    Raises WganError in every process, with the same sentence, if one of them has other data or another config.
    """
    crew = training.crew
    if crew.processes == 1:
        yield
        return
    device = str(getattr(training.game.engine, "device", "cpu")) if training.game.engine.name == "torch" else "cpu"
    exchange.join(crew.rank, crew.processes, device.partition(":")[0])
    try:
        _agree(training)
        yield
    finally:
        exchange.leave()


def _agree(training: Training) -> None:
    """Compare what every process is about to train."""
    about = json.loads(json.dumps(describe(training)))
    compared = {name: value for name, value in about["config"].items() if name not in OPERATIONAL}
    compared |= {"the engine": about["engine"], "the SHA-256 of the data": about["data"]["sha256"]}
    compared |= {"the conditions": [about["data"].get(name) for name in ("labels_sha256", "condition_sha256")]}
    compared |= {f"the version of {name}": value for name, value in about["versions"].items()}
    digests = [hashlib.sha256(json.dumps(value).encode()).digest()[:8] for value in compared.values()]
    all_of_them = exchange.gathered(np.frombuffer(b"".join(digests), np.int64).copy())
    others = np.argwhere(all_of_them != all_of_them[0])
    if len(others):
        rank, k = others[0]
        raise WganError(
            f"process {rank} has another value of {list(compared)[k]} than process 0; give all processes the same "
            "command, data and versions."
        )


def led(training: Training, open_folder: Callable[[], Any]) -> Any:
    """Call `open_folder` in the leader, bring the others to the leader's step, and return what it returned.

    The result must be JSON. A WganError of the leader is raised in all processes.
    """
    crew = training.crew
    if crew.processes == 1:
        return open_folder()
    if not crew.leads:
        said = json.loads(exchange.from_leader(None))
        if "fault" in said:
            raise WganError(said["fault"])
        arrays = checkpoint.unpacked(exchange.from_leader(None))
        restore(training, checkpoint.Checkpoint(said["step"], arrays, said["losses"]))
        training.extended = tuple((at, steps) for at, steps in said["extended"])
        return said["result"]
    try:
        result = open_folder()
        said = {"result": result, "step": training.step, "extended": training.extended, "losses": losses(training)}
    except WganError as fault:
        exchange.from_leader(json.dumps({"fault": str(fault)}).encode())
        raise
    exchange.from_leader(json.dumps(said).encode())
    exchange.from_leader(checkpoint.packed(flatten(training)))
    return result


@contextmanager
def leading(crew: Crew) -> Iterator[Callable[[], bool]]:
    """A function that the leader calls before each step; it returns whether another process was asked to stop.

    At the end of the block the others learn that the training ended, and why if it failed.
    """
    if crew.processes == 1:
        yield lambda: False
        return
    try:
        yield lambda: bool(exchange.largest([GO_ON, 0])[1])
    except exchange.Gone:
        raise
    except Exception as fault:
        with suppress(exchange.Gone):
            exchange.largest([FAULT, 0])
            exchange.from_leader((str(fault) if isinstance(fault, WganError) else "it failed and says why.").encode())
        raise
    except BaseException:  # the consumer of the records ended, or Ctrl-C was pressed twice
        with suppress(exchange.Gone):
            exchange.largest([ENDED, 0])
        raise
    exchange.largest([ENDED, 0])


def follow(training: Training, stop: Callable[[int], bool]) -> None:
    """Take part in the steps of the leader until it ends; `stop` asks the leader to end."""
    while True:
        word, _ = exchange.largest([GO_ON, int(stop(training.step))])
        if word == FAULT:
            raise WganError(f"process 0 stopped: {exchange.from_leader(None).decode()}")
        if word == ENDED:
            return
        iterate(training)
