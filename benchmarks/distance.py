"""Exact W1 against the usual libraries, on the same problem, in turns: seconds of the middle of three rounds.

    python benchmarks/distance.py

One dimension, a million points a side: `scipy.stats.wasserstein_distance`, which gives the value alone. 64 dimensions,
2,000 points a side: POT's `dist` and `emd2` (pip install "wgan[ot]"), which also gives the value alone. Ours gives both
certified bounds. Memory is by how much one solve, in a process of its own, raises the peak.
"""

import argparse
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROUNDS = 3


def line() -> dict:
    """A million points a side, uniform weights and random ones."""
    from scipy.stats import wasserstein_distance

    from wgan import w1

    rng = np.random.default_rng(0)
    x, y = rng.standard_normal(10**6), rng.standard_normal(10**6) + 0.5
    a, b = rng.random(10**6), rng.random(10**6)
    return {
        "1-D, n = 1,000,000": {"wgan": lambda: w1(x, y), "scipy": lambda: wasserstein_distance(x, y)},
        "1-D, n = 1,000,000, weighted": {
            "wgan": lambda: w1(x, y, a, b),
            "scipy": lambda: wasserstein_distance(x, y, a, b),
        },
    }


def space() -> dict:
    """2,000 points a side of two Gaussians in 64 dimensions and in 2."""
    import ot

    from wgan import w1

    problems = {}
    for d in (64, 2):
        rng = np.random.default_rng(0)
        X, Y = rng.standard_normal((2000, d)), rng.standard_normal((2000, d)) + 0.3

        def pot(X: np.ndarray = X, Y: np.ndarray = Y) -> float:
            return ot.emd2([], [], ot.dist(X, Y, metric="euclidean"), numItermax=10**8)

        problems[f"{d}-D, n = 2,000"] = {"wgan": lambda X=X, Y=Y: w1(X, Y), "POT": pot}
    return problems


def seconds(solve: Callable[[], Any]) -> tuple[float, Any]:
    """How long it takes, and what it finds."""
    began = time.perf_counter()
    found = solve()
    return time.perf_counter() - began, found


def peak() -> int:
    """The process's peak memory in MB."""
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--memory-of", nargs=2, metavar=("PROBLEM", "SOLVER"), help="solve once, print the peak")
    only = parser.parse_args().memory_of
    if only:
        solve = (line if only[0].startswith("1-D") else space)()[only[0]][only[1]]
        Path("/proc/self/clear_refs").write_text("5")  # Linux: the peak starts from 0
        before = peak()
        solve()
        print(peak() - before)
        return
    problems = {**line(), **space()}
    print(f"numpy {np.__version__}, {platform.machine()}, one thread where OMP_NUM_THREADS=1")
    for name, solvers in problems.items():
        taken: dict[str, list[float]] = {which: [] for which in solvers}
        values = {}
        for _ in range(ROUNDS):
            for which, solve in solvers.items():
                passed, found = seconds(solve)
                taken[which].append(passed)
                values[which] = found
        ours = values["wgan"]
        theirs = next(which for which in solvers if which != "wgan")
        middle = {which: statistics.median(times) for which, times in taken.items()}
        memory = {
            which: subprocess.run(
                [sys.executable, __file__, "--memory-of", name, which], capture_output=True, text=True, check=True
            ).stdout.strip()
            for which in solvers
        }
        gap = ours.gap / ours.value
        print(f"\n{name}: {ours.method}, relative gap {gap:.1g}, W1 {ours.value:.9g}; {theirs} {values[theirs]:.9g}")
        for which in solvers:
            spread = f"{min(taken[which]):.3f} to {max(taken[which]):.3f}"
            print(f"  {which:6} {middle[which]:7.3f} s ({spread}), {memory[which]} MB")
        print(f"  ratio {middle[theirs] / middle['wgan']:.2f} (above 1: wgan is faster)")


if __name__ == "__main__":
    main()
