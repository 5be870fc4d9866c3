"""Train on labelled images, and ask for samples of one class."""

from sklearn.datasets import load_digits

import wgan

digits = load_digits()
model = wgan.WGAN(conditional="projection", steps=100, seed=0).fit(digits.images, digits.target)
sevens = model.sample(16, seed=1, label=7)
print("16 samples of the class 7:", sevens.shape)
