"""The penalty r1-r2 by finite differences against the exact one: processor time of a critic step, and modes found.

Run `python benchmarks/penalty_step.py [SEEDS] [STEPS]`, which computes on one thread. Rows are stacked digits of 8 x 8
in batches of 64. The kinds of critic step take turns, so the load of the machine meets all of them alike. Quality is
the KL divergence to uniform over the 1,000 modes, by seed, with the settings of the study `critics`.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from wgan.config import Config
from wgan.data import load
from wgan.engines import one_thread
from wgan.game import step
from wgan.studies import critics
from wgan.studies.mode_collapse import stacked
from wgan.training.state import draws, start

NETWORKS: dict[str, dict[str, Any]] = {
    "mlp": {"width": 256},
    "hybrid": {},
    "keras-cnn": {"width": 16},
    "dcgan": {"width": 32},
    "r3gan": {"width": 32},
}
PENALTIES: dict[str, dict[str, Any]] = {
    "none": {"constraint": "none"},
    "exact": {"constraint": "r1-r2"},
    "differences": {"constraint": "r1-r2", "penalty_step": 1.0},
}
ROUNDS, REPEATS = 15, 3


def milliseconds(network: str) -> dict[str, np.ndarray]:
    """The processor time of a critic step of each penalty, in each round."""
    data, steps = stacked(load("digits"), 2000, 0), dict[str, Callable]()
    for name, penalty in PENALTIES.items():
        settings = NETWORKS[network] | penalty
        config = Config(network=network, objective="relativistic", critic_norm="none", engine="torch", **settings)
        run = start(config, data)
        drawn = draws(run, 0)
        noise = None if drawn.noise is None else drawn.noise[0]
        given = drawn.real[0], 0.5 * drawn.real[0], drawn.mix[0], 1e-5, None, None, noise
        steps[name] = lambda run=run, given=given: step.critic_step(run.game, run.state, *given)
    found: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, once in steps.items():
            began = time.process_time()
            for _ in range(REPEATS):
                once()
            found[name].append(1000 * (time.process_time() - began) / REPEATS)
    return {name: np.array(times) for name, times in found.items()}


def quality(seeds: int, steps: int) -> dict[str, list[float]]:
    """The KL to uniform over the modes of stacked digits, for each seed."""
    case: dict[str, Any] = {
        **critics.MODES["quick"],
        "objective": "relativistic",
        "learning_rate": 2e-3,
        "steps": steps,
    }
    pairs = {"exact": "r1-r2", "differences": "r1-r2, differences"}
    return {
        name: [critics.measure(critics.STACKED, penalty=penalty, seed=seed, **case)["kl"] for seed in range(seeds)]
        for name, penalty in pairs.items()
    }


def main() -> None:
    """Print the times of each network and the quality of both forms."""
    seeds, steps = (int(text) for text in [*sys.argv[1:], "4", "600"][:2])
    with one_thread():
        for network in NETWORKS:
            times = milliseconds(network)
            ratios = times["exact"] / times["differences"]
            low, middle, high = np.quantile(ratios, [0.25, 0.5, 0.75])
            said = ", ".join(f"{name} {np.median(found):.2f} ms" for name, found in times.items())
            print(
                f"{network}: {said}; exact / differences {middle:.2f} (quartiles {low:.2f} to {high:.2f})", flush=True
            )
        found = quality(seeds, steps)
    for name, values in found.items():
        print(f"{name}: KL {np.mean(values):.3f}, by seed {', '.join(f'{value:.3f}' for value in values)}")
    apart = np.subtract(found["differences"], found["exact"])
    error = apart.std(ddof=1) / np.sqrt(len(apart))
    print(f"differences - exact: {apart.mean():+.3f}, standard error {error:.3f}, {steps} steps, {seeds} seeds")


if __name__ == "__main__":
    main()
