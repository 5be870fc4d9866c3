"""What `wgan data --stored` says a run holds of an array."""

import numpy as np
from commands import called


def test_the_quantiles_of_the_columns_of_an_array_are_named(tmp_path):
    """They are values of rows, which leave the machine with config.json and every exported file."""
    rng = np.random.default_rng(0)
    rows = np.column_stack([rng.exponential(size=80), rng.normal(size=80), rng.integers(0, 2, 80)])
    np.save(tmp_path / "rows.npy", rows)
    small = ["--network", "mlp", "--width", "4", "--latent", "2", "--batch", "8", "--steps", "1"]
    assert called("train", tmp_path / "rows.npy", *small, "--out", tmp_path / "run").returncode == 0
    said = called("data", "--stored", tmp_path / "run").stdout
    quantiles = "column 0: 80 quantiles, each the value of a row; "
    assert quantiles in said
    assert f"the greatest {rows[:, 0].max():.4g}"[:-1] in said
    assert "column 1: its mean and its standard deviation" in said
    assert "column 2: 2 levels" in said
    assert "and 80 quantiles from 3 columns of the data" in said
