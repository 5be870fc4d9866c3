"""Train on a table with numbers, categories and gaps, and write a table like it. Needs the extra table."""

import numpy as np
import pandas as pd

import wgan

rng = np.random.default_rng(0)
people = pd.DataFrame({"age": rng.integers(18, 80, 500), "city": rng.choice(["Ulm", "Bern", "Graz"], 500)})
people["income"] = np.where(rng.random(500) < 0.1, np.nan, people["age"] * rng.gamma(9, 100, 500))

model = wgan.WGAN(preset="table", steps=50, seed=0).fit(people)
made = model.sample(500, seed=1)  # a DataFrame with the same columns and dtypes
made.to_csv("people-like.csv", index=False)
print(made.describe())
