"""A table with a column of every kind, for the tests of tables."""

from datetime import time

import numpy as np
import pytest

from wgan.training import samples
from wgan.training.drawing import given

pd = pytest.importorskip("pandas", reason="pandas is not installed")
pytest.importorskip("pyarrow", reason="pyarrow is not installed")

TINY = {"network": "mlp", "width": 8, "depth": 1, "latent": 4, "batch": 8, "steps": 3}


def write(form, rows, path):
    """Write a table as `wgan sample` does."""
    samples.write(given(rows, form), path)


def mixed(count=400, seed=0):
    """A column of every kind."""
    random = np.random.default_rng(seed)
    day = pd.Timestamp("2020-01-01")
    frame = pd.DataFrame(
        {
            "whole": random.integers(-50, 1000, count),
            "small": random.integers(0, 100, count).astype("uint8"),
            "heavy": np.exp(3 * random.normal(size=count)),
            "price": np.round(random.gamma(2, 10, count), 2),
            "spike": np.where(random.random(count) < 0.6, 0.0, random.exponential(5, count)),
            "gaps": np.where(random.random(count) < 0.3, np.nan, random.normal(size=count)),
            "single": random.normal(size=count).astype("float32"),
            "few": random.choice([1, 2, 5], count).astype("int16"),
            "text": random.choice(["red", "green", "blue"], count, p=[0.6, 0.3, 0.1]),
            "truth": random.random(count) < 0.3,
            "date": day + pd.to_timedelta(random.integers(0, 900, count), "D"),
            "moment": pd.to_datetime(random.integers(15 * 10**8, 16 * 10**8, count), unit="s", utc=True),
            "lasted": pd.to_timedelta(random.integers(0, 10**4, count), "s"),
            "constant": "x",
            "nothing": np.nan,
            7: random.normal(size=count),
        }
    )
    frame["grade"] = pd.Categorical(random.choice(["low", "high"], count), ["low", "middle", "high"], ordered=True)
    frame["clock"] = [time(int(h), int(m)) for h, m in random.integers(0, 24, (count, 2))]
    frame["zoned"] = frame["moment"].dt.tz_convert("Europe/Berlin")
    frame["nullable"] = pd.array(random.integers(0, 99, count), "Int64")
    frame["unsure"] = pd.array(random.choice([True, False], count), "boolean")
    frame["city"] = random.choice(["here", "there"], count)
    for name in ("nullable", "unsure", "city", "date", "clock"):
        frame.loc[random.random(count) < 0.2, name] = None
    return frame
