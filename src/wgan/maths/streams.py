"""Every random draw is a function of (seed, step), so that a resumed run draws what the unbroken run would have drawn.

Philox is a counter-based generator. Its key is (seed, purpose) and its counter holds the step, so that no state has to
be saved.
"""

from functools import lru_cache

import numpy as np

PURPOSES = {name: number for number, name in enumerate(
    ["weights", "rows", "z", "generator_z", "mix", "held_out", "estimate", "fixed_z", "sample", "calibrate",
     "known", "known_centres", "fake_rows", "directions", "halves", "evaluate", "diagnose", "dequantise",
     "labels", "generator_label", "stacked", "filters", "compare", "augment", "generator_augment", "flip",
     "interpolate", "fields", "crops", "slices", "generator_slices", "second_rows", "third_rows", "given",
     "known_given", "showers", "shuffles", "generator_rows", "generator_changes", "penalty", "calibration",
     "frequencies"]
)}  # fmt: skip


def stream(seed: int, purpose: str, step: int = 0) -> np.random.Generator:
    """The generator for one of PURPOSES at one step; equal arguments give equal numbers.

    Examples:
        >>> bool(stream(0, "z", 5).random() == stream(0, "z", 5).random() != stream(0, "z", 6).random())
        True
    """
    return np.random.Generator(np.random.Philox(key=[seed, PURPOSES[purpose]], counter=[0, 0, 0, step]))


def normal(seed: int, purpose: str, step: int, shape: tuple[int, ...]) -> np.ndarray:
    """Standard normal draws of this shape, in float32."""
    return stream(seed, purpose, step).standard_normal(shape, dtype=np.float32)


def uniform(seed: int, purpose: str, step: int, shape: tuple[int, ...]) -> np.ndarray:
    """Uniform draws in [0, 1) of this shape, in float32."""
    return stream(seed, purpose, step).random(shape, dtype=np.float32)


@lru_cache(maxsize=4)
def _epoch(seed: int, epoch: int, rows: int, purpose: str) -> np.ndarray:
    return stream(seed, purpose, epoch).permutation(rows)


def real_rows(seed: int, first: int, count: int, rows: int, purpose: str = "rows") -> np.ndarray:
    """The indices of the training rows drawn at positions first, ..., first + count - 1: int64 [count].

    Every epoch is a new shuffle of all `rows` rows, so that each row is drawn once before any is drawn twice. Two sets
    that are drawn together need two purposes, because one purpose shuffles sets of equal size alike.

    Examples:
        >>> sorted(real_rows(0, 0, 5, 5).tolist())
        [0, 1, 2, 3, 4]
    """
    drawn = np.empty(count, dtype=np.int64)
    filled = 0
    while filled < count:
        epoch, start = divmod(first + filled, rows)
        part = _epoch(seed, epoch, rows, purpose)[start : start + count - filled]
        drawn[filled : filled + len(part)] = part
        filled += len(part)
    return drawn
