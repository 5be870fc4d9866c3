"""Measure samples that another program made: two arrays are enough."""

import numpy as np
from sklearn.datasets import load_digits

import wgan

real = load_digits().images
noisy = real[:800] + np.random.default_rng(0).normal(0, 2, (800, 8, 8))  # stands for the other program's samples
fake = np.clip(noisy, 0, 16)
report = wgan.evaluate(real, fake)
for name, one in report["metrics"].items():
    print(f"{name:22} {one['value']:9.4f}  floor {one['floor']:9.4f}  better: {one['better']}")
