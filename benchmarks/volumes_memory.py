"""Memory while a run trains on volumes in a file that is larger than the process may allocate.

    python benchmarks/volumes_memory.py --megabytes 1024 --more 640 --steps 30

It writes a .npy file of volumes, lets the process allocate `--more` megabytes beyond what it has after the libraries
are read (ulimit -d), and trains. It prints the memory of its own (RssAnon, without the mapped file) during training.
"""

import argparse
import resource
import tempfile
from pathlib import Path

import numpy as np

import wgan
from wgan.config import Config

SIDE = 32
BLOCK = 64  # volumes that are written at a time


def write(path: Path, megabytes: int) -> None:
    """A .npy file of volumes of bytes."""
    count = megabytes * 2**20 // SIDE**3
    rows = np.lib.format.open_memmap(path, "w+", np.uint8, (count, SIDE, SIDE, SIDE))
    random = np.random.default_rng(0)
    block = random.integers(256, size=(BLOCK, SIDE, SIDE, SIDE), dtype=np.uint8)
    for first in range(0, count, BLOCK):
        rows[first : first + BLOCK] = np.roll(block, first, -1)[: count - first]
    rows.flush()


def megabytes_of(name: str) -> float:
    """A number of /proc/self/status, such as RssAnon, in megabytes."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines[name].split()[0]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--more", type=int, default=640)
    parser.add_argument("--steps", type=int, default=30)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "volumes.npy"
        write(path, asked.megabytes)
        config = Config(
            data=str(path), network="dcgan", width=4, batch=8, engine="torch", steps=asked.steps, log_every=10
        )
        import torch  # noqa: F401  (its memory is not that of the training)

        limit = int((megabytes_of("VmData") + asked.more) * 2**20)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        print(
            f"a file of {asked.megabytes} MB; {asked.more} MB may be allocated beyond {megabytes_of('VmData'):.0f} MB"
        )
        for record in wgan.train(config, out=Path(folder) / "run"):
            print(f"step {record['step']:.0f}: {megabytes_of('RssAnon'):.0f} MB", flush=True)


if __name__ == "__main__":
    main()
