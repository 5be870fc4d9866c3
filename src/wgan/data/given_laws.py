"""Data sets of rows given a number, of a known law: `maths.known_given` and `maths.showers` have their laws."""

from dataclasses import replace

import numpy as np

from wgan.data.conditions import of_array
from wgan.data.rows import Dataset, Form

ROWS = 20_000
SHOWERS = 121_000  # as many as the first set of photons of the CaloChallenge (arXiv 2410.21611)


def given_law(name: str, seed: int, rows: int = ROWS, without: tuple[float, float] | None = None) -> Dataset:
    """Rows of one of `known_given.LAWS`, float32, each with its number c, which is uniform.

    `without` leaves out a band of c, so that a generator can be judged where it was told nothing.
    """
    from wgan.maths import known_given  # not at the top: it imports SciPy

    law = known_given.law(name)
    c = known_given.conditions(law, rows, seed, without)
    drawn = law.sample(c, seed).astype(np.float32)
    scale = float(2 ** np.ceil(np.log2(np.abs(drawn).max() / 2)))  # a power of two, so that no number is rounded
    form = Form("points", (law.columns,), "float32", 0.0, scale, None, None)
    made = Dataset(f"{name}-given", drawn, form)
    source = f"{rows:,} rows of seed {seed}"
    return replace(made, condition=of_array(c, rows, made.name, ("c",)), source=source)


def shower_rows(seed: int, rows: int = SHOWERS) -> Dataset:
    """Showers as `maths.showers.logged` writes them, float32 [n, 368], each with the energy of its photon in MeV."""
    from wgan.maths import showers

    energy = showers.energies(rows, seed)
    logged = showers.logged(showers.showers(energy, seed), energy).astype(np.float32)
    made = Dataset("showers", logged, Form("points", (showers.VOXELS,), "float32", 0.0, 2.0, None, None))
    source = f"{rows:,} showers of seed {seed}"
    return replace(made, condition=of_array(energy, rows, made.name, ("energy",)), source=source)
