"""kill -9 of one process of a crew at a random moment, and the same command again with 1, 2 or 4 processes.

    python benchmarks/crew_kills.py [--kills 30] [--seed 0]

Every run must end with the bytes of the checkpoint of a run that was never killed.
"""

import argparse
import hashlib
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMAND = ["train", "digits", "--engine", "torch", "--network", "mlp", "--depth", "1", "--width", "8", "--batch", "16"]
COMMAND += ["--latent", "4", "--rows", "128", "--shards", "4", "--n-critic", "2", "--steps", str(STEPS := 100)]
COMMAND += ["--checkpoint-every", "10", "--log-every", "50", "--sample-every", "1000", "--diagnose-every", "1000"]


def crew(processes: int, out: Path) -> list[subprocess.Popen]:
    """The processes of a crew that trains into a folder."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(one.getsockname()[1]), "OMP_NUM_THREADS": "1"}
    return [
        subprocess.Popen(
            [sys.executable, "-m", "wgan", *COMMAND, "--out", str(out)],
            env=os.environ | shared | {"RANK": str(rank), "WORLD_SIZE": str(processes)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for rank in range(processes)
    ]


def digest(out: Path) -> str:
    """The SHA-256 of the last checkpoint."""
    return hashlib.sha256((out / f"checkpoints/{STEPS:08d}/arrays.safetensors").read_bytes()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng, kills, runs, wrong, statuses = random.Random(given.seed), 0, 0, 0, set()
    with tempfile.TemporaryDirectory() as room:
        began = time.monotonic()
        assert [one.wait() for one in crew(1, Path(room) / "unbroken")] == [0]
        wanted, whole = digest(Path(room) / "unbroken"), time.monotonic() - began
        while kills < given.kills:
            out, done, runs = Path(room) / str(runs), False, runs + 1
            while not done:
                processes = crew(rng.choice([2, 4]) if kills < given.kills else 1, out)
                killed = rng.randrange(len(processes))
                after = rng.uniform(0.2, 1) * whole
                last = time.monotonic() + after
                while time.monotonic() < last and any(one.poll() is None for one in processes):
                    time.sleep(0.01)
                if kills < given.kills and processes[killed].poll() is None:
                    processes[killed].kill()
                    kills += 1
                ended = [one.wait(300) for one in processes]
                done = not any(ended)
                statuses |= {status for status in ended if status != -9}
            wrong += digest(out) != wanted
            print(f"{kills} kills, {runs} runs, {wrong} with other bytes, exit statuses {sorted(statuses)}", flush=True)


if __name__ == "__main__":
    main()
