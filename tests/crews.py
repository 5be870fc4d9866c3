"""Crews of processes, started as a launcher would, for the tests of parallel training."""

import os
import secrets
import socket
from contextlib import suppress
from pathlib import Path

from forked import COMMAND, Forked

HERE = Path(__file__).parent


def free_port():
    """A free port below those that a system hands out by itself, which another program could get before the crew."""
    while True:
        port = secrets.choice(range(20_000, 32_000))
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port


def started(processes, code, *arguments, begin=Forked, port=None, cwd=None, environment=None):
    """The processes of a crew, each running this code with these arguments, begun as copies or `anew`."""
    port = port or free_port()
    shared = {"WORLD_SIZE": processes, "LOCAL_WORLD_SIZE": processes, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    return [
        begin(
            code,
            *arguments,
            cwd=cwd,
            env=os.environ | {name: str(value) for name, value in (shared | {"RANK": rank, "LOCAL_RANK": rank}).items()}
            | (environment or {}),
        )
        for rank in range(processes)
    ]  # fmt: skip


def ended(crew):
    """The exit status and the lines of stderr of each process, once all have ended."""
    said = [process.communicate()[1].splitlines() for process in crew]
    return [(process.returncode, lines) for process, lines in zip(crew, said, strict=True)]


def commands(processes, *arguments, patch="", **more):
    """As `started`, for the command `wgan`, which runs after the statements `patch`."""
    return started(processes, f"{patch}\n{COMMAND}", *arguments, **more)
