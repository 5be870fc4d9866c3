"""The processes that train together, as a launcher such as torchrun says it in the environment."""

import os
from typing import NamedTuple

from wgan.config import Config
from wgan.errors import WganError, setting


class Crew(NamedTuple):
    """This process's number among those that train together; number 0 leads: it alone writes and prints."""

    rank: int
    processes: int

    @property
    def leads(self) -> bool:
        """Whether this process writes the run folder."""
        return self.rank == 0


ALONE = Crew(0, 1)


def crew_here() -> Crew:
    """The crew that RANK and WORLD_SIZE say, or this process alone."""
    words = os.environ.get("RANK", "0"), os.environ.get("WORLD_SIZE", "1")
    try:
        rank, processes = map(int, words)
    except ValueError:
        rank, processes = -1, 0
    if not 0 <= rank < processes:
        raise WganError(
            f"RANK is {words[0]!r} and WORLD_SIZE is {words[1]!r}, which do not number processes from 0; start them "
            "with torchrun, or unset both."
        )
    return Crew(rank, processes)


def check(crew: Crew, config: Config) -> None:
    """Raise `WganError` if the processes cannot share the shards of a batch equally."""
    if config.shards % crew.processes:
        some = (
            f"; use {setting('shards', -(-config.shards // crew.processes) * crew.processes)}"
            if crew.processes > 1
            else ""
        )
        few = max(n for n in range(1, crew.processes) if config.shards % n == 0)
        raise WganError(
            f"{crew.processes} processes cannot share {config.shards} shards equally{some} (other shards are another "
            f"run), or --nproc-per-node {few}."
        )
