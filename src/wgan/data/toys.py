"""Data sets that need no file: points, signals and media of a known law, and scikit-learn's digits."""

from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from wgan.data.arrays import from_array
from wgan.data.idx import DIGIT_NAMES
from wgan.data.rows import Dataset, Form
from wgan.errors import WganError, unknown_name

TOY_ROWS = 50_000
WAVES, LENGTH = 10_000, 64
MEDIA = {2: 2000, 3: 400}  # rows, by the axes of space


def digits(data_dir: Path | None, seed: int) -> Dataset:
    """Load scikit-learn's digits as labelled images, uint8 [1797, 8, 8, 1]."""
    columns = _columns_of_digits()
    images = np.rint(columns[:, :-1].reshape(-1, 8, 8, 1) * (255 / 16)).astype(np.uint8)
    dataset = from_array(images, name="digits")
    labels = columns[:, -1].astype(np.int64)
    return replace(dataset, labels=labels, label_names=DIGIT_NAMES, source="scikit-learn's load_digits")


@cache
def _columns_of_digits() -> np.ndarray:
    """64 pixels and a label, float64 [1797, 65], from scikit-learn's file: its import takes longer than short runs."""
    package = find_spec("sklearn")
    path = Path(package.origin or "").parent / "datasets/data/digits.csv.gz" if package else Path()
    if path.is_file():
        return np.loadtxt(path, delimiter=",")
    from sklearn.datasets import load_digits  # another release, which keeps the file elsewhere

    return np.column_stack(load_digits(return_X_y=True))


def toy(name: str, n: int, seed: int) -> Dataset:
    """Draw points, float32 [n, 2], of "8gaussians", "25gaussians" or "swissroll"; the label of a point is its Gaussian.

    The constants are from gan_toy.py of Gulrajani et al. (2017). Raises WganError for another name or n below 1.
    """
    if name not in TOYS:
        raise unknown_name("toy", name, TOYS)
    if n < 1:
        raise WganError(f"n is {n}; ask for at least 1 row")
    # The second word of the key keeps these draws independent of every stream in maths/streams.py.
    points, labels = TOYS[name](np.random.Generator(np.random.Philox(key=[seed, 1 << 32])), n)
    form = Form("points", (2,), "float32", 0.0, 1.0, None, None)
    return Dataset(name, points.astype(np.float32), form, labels, source=f"{n:,} points of seed {seed}")


def waves(seed: int, length: int) -> Dataset:
    """Stationary Gaussian signals of two channels, float32 [10000, length, 2]; `maths.fields` has their law."""
    from wgan.maths import fields  # not at the top: it imports scipy.signal, which takes half a second

    rows = fields.waves(WAVES, seed, length).astype(np.float32)
    return replace(from_array(rows, name="waves", kind="signals"), source=f"{WAVES:,} signals of seed {seed}")


def medium(axes: int, seed: int, size: int) -> Dataset:
    """Media of two phases, uint8 [n, size, size(, size), 1]; `maths.fields` has their law."""
    from wgan.maths import fields

    rows, kind = fields.medium(MEDIA[axes], seed, size, axes), {2: "images", 3: "volumes"}[axes]
    made = from_array(rows, name=f"medium-{axes}d", kind=kind)
    return replace(made, source=f"{len(rows):,} {kind} of two phases, of seed {seed}")


def _eight_gaussians(random: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    angles = np.arange(8) * np.pi / 4
    centres = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    modes = random.integers(8, size=n)
    return (centres[modes] + 0.02 * random.standard_normal((n, 2))) / 1.414, modes


def _twenty_five_gaussians(random: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    centres = 2.0 * np.stack(np.divmod(np.arange(25), 5), axis=1) - 4
    modes = random.integers(25, size=n)
    return (centres[modes] + 0.05 * random.standard_normal((n, 2))) / 2.828, modes


def _swiss_roll(random: np.random.Generator, n: int) -> tuple[np.ndarray, None]:
    # scikit-learn's make_swiss_roll without its second dimension.
    angle = 1.5 * np.pi * (1 + 2 * random.random(n))
    roll = np.stack([angle * np.cos(angle), angle * np.sin(angle)], axis=1)
    return (roll + 0.25 * random.standard_normal((n, 2))) / 7.5, None


TOYS = {"8gaussians": _eight_gaussians, "25gaussians": _twenty_five_gaussians, "swissroll": _swiss_roll}
