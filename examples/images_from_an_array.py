"""Train on an array of images and write a grid of samples."""

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

import wgan

images = load_digits().images  # [1797, 8, 8], floats from 0 to 16
model = wgan.WGAN(steps=100, seed=0).fit(images)  # 6,000 steps take 40 seconds and give clear digits
samples = model.sample(64, seed=1).reshape(8, 8, 8, 8)  # rows and columns of a grid, then pixels
grid = samples.transpose(0, 2, 1, 3).reshape(64, 64)
Image.fromarray(np.uint8(grid / 16 * 255)).resize((512, 512), Image.Resampling.NEAREST).save("samples.png")
