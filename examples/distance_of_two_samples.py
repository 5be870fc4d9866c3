"""The earth mover's distance of two samples, between certified bounds."""

import numpy as np

import wgan

rng = np.random.default_rng(0)
X = rng.normal(size=(500, 8))
Y = np.add(rng.normal(size=(500, 8)), [1, 0, 0, 0, 0, 0, 0, 0])
found = wgan.w1(X, Y)
print(f"W1 of these rows lies between {found.lower:.6f} and {found.upper:.6f} ({found.method})")

same = wgan.w1(X, rng.normal(size=(500, 8)))
print(f"two samples of one distribution have {same.value:.3f}, so read the first number beside this one")
