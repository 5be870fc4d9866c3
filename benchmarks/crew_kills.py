"""kill -9 of one process of a crew at a random moment, thirty times, until every run has come to its end.

    python benchmarks/crew_kills.py [--kills 30] [--seed 0] [--processes 2 4]

Each run has one to three kills. torchrun starts its processes again after each of them (--max-restarts). In
every second run it may not start them after the last kill, and the same command goes on without torchrun. A moment is
uniform from the start of the processes to the end of an unbroken run, so that kills meet processes that start, meet,
connect, train and write. Every run must end with the bytes of the checkpoint of a run that was never killed.
"""

import argparse
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

COMMAND = ["train", "digits", "--engine", "torch", "--network", "mlp", "--depth", "1", "--width", "8", "--batch", "16"]
COMMAND += ["--latent", "4", "--rows", "128", "--shards", "4", "--n-critic", "2", "--steps", str(STEPS := 40)]
COMMAND += ["--checkpoint-every", "5", "--log-every", "20", "--sample-every", "1000", "--diagnose-every", "1000"]
LAUNCHER = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--monitor-interval", "0.1"]
LONGEST = 600.0  # seconds that nothing may take


def launched(processes: int, restarts: int, out: Path) -> psutil.Popen:
    """torchrun with a crew that trains into a folder; what all of them say goes into a file beside it."""
    how = ["--nproc-per-node", str(processes), "--max-restarts", str(restarts)]
    with out.with_suffix(".txt").open("a") as said:
        return psutil.Popen(
            [*LAUNCHER, *how, "-m", "wgan", *COMMAND, "--out", str(out)],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdout=said,
            stderr=said,
        )


def alone(out: Path) -> None:
    """The same command without torchrun."""
    subprocess.run([sys.executable, "-m", "wgan", *COMMAND, "--out", str(out)], check=True, capture_output=True)


def crew_of(launcher: psutil.Popen, processes: int, before: set[int]) -> list[psutil.Process]:
    """The processes that torchrun started after those `before`, as soon as all are there; none if torchrun ended."""
    last = time.monotonic() + LONGEST
    while launcher.poll() is None:
        assert time.monotonic() < last, "torchrun started nothing"
        found = [one for one in launcher.children() if one.pid not in before]
        if len(found) == processes:
            return found
        time.sleep(0.01)
    return []


def killed(launcher: psutil.Popen, processes: int, before: set[int], after: float, number: int) -> tuple[bool, str]:
    """Kill one process of the next crew some seconds after its start: whether it still ran, and what it had reached."""
    crew = crew_of(launcher, processes, before)
    before |= {one.pid for one in crew}
    time.sleep(after if crew else 0)
    if not crew or not crew[number].is_running() or crew[number].status() == psutil.STATUS_ZOMBIE:
        return False, ""
    connected = any(address.raddr for address in crew[number].net_connections())
    crew[number].kill()
    return True, "after it met others" if connected else "before it met others"


def digest(out: Path) -> str:
    """The SHA-256 of the last checkpoint."""
    return hashlib.sha256((out / f"checkpoints/{STEPS:08d}/arrays.safetensors").read_bytes()).hexdigest()


def unbroken(room: Path, each: list[int]) -> tuple[str, dict[int, float]]:
    """The bytes of a run that is never killed, and the seconds from the start of so many processes to the end."""
    alone(room / "one")
    took = {}
    for processes in each:
        launcher = launched(processes, 0, out := room / f"of-{processes}")
        crew_of(launcher, processes, set())
        began = time.monotonic()
        assert launcher.wait(LONGEST) == 0, out.with_suffix(".txt").read_text()
        took[processes] = time.monotonic() - began
        assert digest(out) == digest(room / "one")
    return digest(room / "one"), took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, nargs="+", default=[2, 4])
    given = parser.parse_args()
    rng, counts = random.Random(given.seed), Counter({"kills": 0, "runs": 0, "with other bytes": 0})
    with tempfile.TemporaryDirectory() as room:
        wanted, took = unbroken(Path(room), given.processes)
        words = " and ".join(f"{seconds:.1f} s with {processes} processes" for processes, seconds in took.items())
        print(f"an unbroken run took {words}", flush=True)
        while counts["kills"] < given.kills:
            counts["runs"] += 1
            out, processes = Path(room) / str(counts["runs"]), rng.choice(given.processes)
            times, gives_up = min(rng.randint(1, 3), given.kills - counts["kills"]), counts["runs"] % 2 == 0
            launcher, before = launched(processes, times - gives_up, out), set[int]()
            for _ in range(times):
                moment, number = rng.uniform(0, took[processes]), rng.randrange(processes)
                hit, reached = killed(launcher, processes, before, moment, number)
                counts.update({"kills": hit, reached: hit})
            if launcher.wait(LONGEST):
                counts["ended without torchrun"] += 1
                alone(out)
            counts["with other bytes"] += digest(out) != wanted
            print(", ".join(f"{value} {name}" for name, value in counts.items() if name), flush=True)


if __name__ == "__main__":
    main()
