"""Crews of processes, started as a launcher would, for the tests of parallel training."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from compiled import STRICT

HERE = Path(__file__).parent


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def started(processes, *arguments, port=None, cwd=None, environment=None):
    """The processes of a crew, each running Python with these arguments."""
    port = port or free_port()
    shared = {"WORLD_SIZE": processes, "LOCAL_WORLD_SIZE": processes, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    return [
        subprocess.Popen(
            [sys.executable, *STRICT, *map(str, arguments)],
            stdout=-1,
            stderr=-1,
            text=True,
            cwd=cwd,
            env=os.environ | {name: str(value) for name, value in (shared | {"RANK": rank, "LOCAL_RANK": rank}).items()}
            | (environment or {}),
        )
        for rank in range(processes)
    ]  # fmt: skip


def ended(crew, timeout=300):
    """The exit status and the lines of stderr of each process, once all have ended."""
    said = [process.communicate(timeout=timeout)[1].splitlines() for process in crew]
    return [(process.returncode, lines) for process, lines in zip(crew, said, strict=True)]


def commands(processes, *arguments, patch="", **more):
    """As `started`, for the command `wgan`, which runs after the statements `patch`."""
    code = (
        f"{patch}\nimport sys\nsys.argv[1:] = {[str(one) for one in arguments]}\nfrom wgan.__main__ import main\nmain()"
    )
    return started(processes, "-c", code, **more)
