"""Images decoded and made small a second: a plain loop with Pillow, ours on one thread, on threads, on processes.

python benchmarks/decode.py [--count 2000] [--size 64]: synthetic 320 x 240 images of each format in a temporary folder.
"""

import argparse
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from wgan.data.pictures import decode

CHUNK = 128


def write(folder, count, suffix):
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, (30, 40, 3), np.uint8))
    base = np.asarray(coarse.resize((320, 240), Image.Resampling.BICUBIC)).astype(np.int16)
    for number in range(count):
        array = (np.roll(base, 7 * number, 0) + rng.integers(-20, 20, 3)).clip(0, 255).astype(np.uint8)
        Image.fromarray(array).save(folder / f"{number:06d}.{suffix}", quality=90)
    return sorted(folder.iterdir())


def plain(path, size):
    with Image.open(path) as file:
        image = file.convert("RGB")
        side = min(image.size)
        left, top = (image.size[0] - side) // 2, (image.size[1] - side) // 2
        square = image.crop((left, top, left + side, top + side))
        return np.asarray(square.resize((size, size), Image.Resampling.LANCZOS))


def ours(paths, size):
    return np.stack([decode(path.name, path, size, "crop", 3) for path in paths])


def rate(work, count):
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--size", type=int, default=64)
    given = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    print(f"images a second at {given.size} x {given.size}; {cores} cores")
    print("| format | plain loop | ours, 1 thread | ours, threads | ours, processes |\n| --- | --- | --- | --- | --- |")
    for suffix in ("png", "jpg", "webp"):
        with tempfile.TemporaryDirectory() as folder:
            files = write(Path(folder), given.count, suffix)
            chunks = [files[i : i + CHUNK] for i in range(0, len(files), CHUNK)]

            def on(pool, chunks=chunks):
                with pool(cores) as workers:
                    list(workers.map(ours, chunks, [given.size] * len(chunks)))

            rates = [
                rate(lambda files=files: [plain(path, given.size) for path in files], given.count),
                rate(lambda files=files: ours(files, given.size), given.count),
                rate(lambda on=on: on(ThreadPoolExecutor), given.count),
                rate(lambda on=on: on(ProcessPoolExecutor), given.count),
            ]
        print(f"| {suffix} | " + " | ".join(f"{r:,.0f}" for r in rates) + " |", flush=True)


if __name__ == "__main__":
    main()
