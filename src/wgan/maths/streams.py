"""Every random draw, a function of (seed, step): a resumed run draws what the unbroken run would have drawn.

Philox is a counter-based generator: the key is (seed, purpose), the counter holds the step, so no state is saved.
"""

from functools import lru_cache

import numpy as np

PURPOSES = {name: number for number, name in enumerate(
    ["weights", "rows", "z", "generator_z", "mix", "held_out", "estimate", "fixed_z", "sample", "calibrate",
     "known", "known_centres", "fake_rows", "directions", "halves", "evaluate", "diagnose", "dequantise",
     "labels", "generator_label", "stacked"]
)}  # fmt: skip


def stream(seed: int, purpose: str, step: int = 0) -> np.random.Generator:
    """The generator of one purpose at one step; the same arguments always give the same numbers."""
    return np.random.Generator(np.random.Philox(key=[seed, PURPOSES[purpose]], counter=[0, 0, 0, step]))


def normal(seed: int, purpose: str, step: int, shape: tuple[int, ...]) -> np.ndarray:
    """Standard normal float32 draws of this shape."""
    return stream(seed, purpose, step).standard_normal(shape, dtype=np.float32)


def uniform(seed: int, purpose: str, step: int, shape: tuple[int, ...]) -> np.ndarray:
    """Uniform float32 draws in [0, 1) of this shape."""
    return stream(seed, purpose, step).random(shape, dtype=np.float32)


@lru_cache(maxsize=4)
def _epoch(seed: int, epoch: int, rows: int, purpose: str) -> np.ndarray:
    return stream(seed, purpose, epoch).permutation(rows)


def real_rows(seed: int, first: int, count: int, rows: int, purpose: str = "rows") -> np.ndarray:
    """Which of `rows` training rows are drawn at positions first, ..., first + count - 1: int64 [count].

    Every epoch is a new shuffle of all rows, so each row is seen once before any is seen twice. Two sets that are
    drawn side by side take two purposes, or rows of equal number would meet again and again.
    """
    drawn = np.empty(count, dtype=np.int64)
    filled = 0
    while filled < count:
        epoch, start = divmod(first + filled, rows)
        part = _epoch(seed, epoch, rows, purpose)[start : start + count - filled]
        drawn[filled : filled + len(part)] = part
        filled += len(part)
    return drawn
