"""Memory of training on volumes that lie in a file: it must not grow with the file.

    python benchmarks/memory.py FOLDER --gigabytes 0.5 4

For each size, a file of random float16 volumes of 32 x 32 x 32 is written, and a process trains on it for two steps,
with all diagnostics. The largest anonymous memory of the process is printed: pages of the file do not count, because
the system may drop them. It runs on Linux.
"""

import argparse
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

SIDE, BLOCK = 32, 64  # of a volume, and volumes that are written at once
HELD_OUT = 64  # volumes
EVERY = 0.02  # seconds between two looks at the memory


def anonymous() -> float:
    """The anonymous memory of this process in megabytes, as Linux counts it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


def written(path: Path, gigabytes: float) -> int:
    """Write float16 volumes of so many gigabytes, and return their number."""
    count = int(gigabytes * 1e9 / (2 * SIDE**3)) // BLOCK * BLOCK
    rows = np.lib.format.open_memmap(path, "w+", np.float16, (count, SIDE, SIDE, SIDE))
    rng = np.random.default_rng(0)
    for first in range(0, count, BLOCK):
        rows[first : first + BLOCK] = rng.standard_normal((BLOCK, SIDE, SIDE, SIDE), np.float32)
    return count


def measured(path: Path, out: Path) -> None:
    """Train in this process, and print its largest memory."""
    import wgan

    seen: list[float] = []

    def watch() -> None:
        while True:
            seen.append(anonymous())
            time.sleep(EVERY)

    threading.Thread(target=watch, daemon=True).start()
    held_out = HELD_OUT / len(np.load(path, "r"))
    players: dict[str, Any] = {"network": "dcgan", "width": 4, "batch": 4, "steps": 2}
    list(wgan.train(wgan.Config(data=str(path), kind="volumes", held_out=held_out, **players), out=out))
    print(f"{max(seen):,.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--gigabytes", type=float, nargs="+", default=[0.5, 4.0])
    parser.add_argument("--one", action="store_true", help="measure the file in the folder in this process")
    given = parser.parse_args()
    path = given.folder / "volumes.npy"
    if given.one:
        measured(path, given.folder / "run")
        return
    given.folder.mkdir(parents=True, exist_ok=True)
    for gigabytes in given.gigabytes:
        count = written(path, gigabytes)
        subprocess.run(["rm", "-rf", str(given.folder / "run")], check=True)
        print(f"{gigabytes:g} GB, {count:,} volumes: ", end="", flush=True)
        subprocess.run([sys.executable, __file__, str(given.folder), "--one"], check=True)


if __name__ == "__main__":
    main()
