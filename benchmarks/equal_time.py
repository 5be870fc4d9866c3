"""The picture after equal wall-clock time: the default preset against the loop that everybody copies.

    python benchmarks/equal_time.py [--data fashion-mnist] [--seconds 120] [--seed 0]

The copied loop (see speed.py) trains the MLP pair 784-512-256-1 against 100-128-256-512-1024-784 with WGAN-GP, five
critic steps and Adam (0, 0.9) at 1e-4 on the rows that the default preset trains on, which gets as many steps as fit.
Both are judged by the Frechet distance of `wgan evaluate`, with its floor; grids are written to --out.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from score import score
from speed import copied, mlp

from wgan import data, preset
from wgan.evaluation.features import FRECHET_ROWS
from wgan.reports import figures
from wgan.training import loop
from wgan.training.model import sample


def train_copied(rows: np.ndarray, seconds: float, seed: int) -> tuple[np.ndarray, int, float]:
    """Samples of the copied loop after so many seconds, its generator steps and the seconds that it took."""
    torch.manual_seed(seed)
    architecture, latent = mlp()
    steps = copied(architecture, latent, rows)
    began, count = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < seconds:
        generator = next(steps)
        count += 1
    generator.eval()
    with torch.no_grad():
        fake = generator(torch.randn(FRECHET_ROWS, latent)).permute(0, 2, 3, 1).numpy()
    return np.clip(np.rint(fake * 127.5 + 127.5), 0, 255).astype(np.uint8), count, passed


def train_ours(name: str, seconds: float, seed: int) -> tuple[np.ndarray, int, float]:
    """Samples of the default preset after as many steps as fit into so many seconds."""
    config = preset("default").config.replace(data=name, seed=seed, log_every=100)
    trial = loop.start(config)
    for _ in range(20):
        loop.iterate(trial)
    began = time.perf_counter()
    for _ in range(100):
        loop.iterate(trial)
    steps = int(seconds / (time.perf_counter() - began) * 100 * 0.97)  # the log takes the rest
    training = loop.start(config.replace(steps=steps))
    began = time.perf_counter()
    for _ in loop.advance(training):
        pass
    return sample(loop.model_of(training), FRECHET_ROWS, seed=1), steps, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", default="fashion-mnist", choices=("fashion-mnist", "mnist"))
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/equal-time"))
    options = parser.parse_args()
    dataset = data.load(options.data)
    train, held_out = data.split(dataset, 0.1, None, options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    results = {
        "copied": train_copied(dataset.rows[np.sort(train)], options.seconds, options.seed),
        "default": train_ours(options.data, options.seconds, options.seed),
    }
    for name, (rows, steps, seconds) in results.items():
        found = score(rows, dataset, train, held_out)
        figures.samples(rows[:64], dataset.form, options.out / f"{name}.png")
        print(
            f"{name:8} {steps:6,} steps in {seconds:.0f} s: distance {found.distance:.4g} ± {found.error:.2g} "
            f"(floor {found.floor:.4g}), rarest class {found.shares.min():.1%}"
        )


if __name__ == "__main__":
    main()
