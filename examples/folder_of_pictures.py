"""Train on a folder of pictures, and write a folder of samples."""

from pathlib import Path

import numpy as np
from PIL import Image

import wgan

folder = Path("pictures")  # put your own pictures here; without any, 200 coloured gradients are made
if not folder.exists():
    folder.mkdir()
    for at, colour in enumerate(np.random.default_rng(0).integers(0, 256, (200, 3))):
        picture = np.linspace(0, 1, 40)[:, None, None] * colour * np.ones((40, 40, 3))
        Image.fromarray(picture.astype(np.uint8)).save(folder / f"{at}.png")

pictures = wgan.data.load(folder, size=16)  # each picture is cropped to a square and scaled
model = wgan.WGAN(steps=50, seed=0).fit(pictures)
Path("samples").mkdir(exist_ok=True)
for at, sample in enumerate(model.sample(8, seed=1)):  # uint8 [16, 16, 3]
    Image.fromarray(sample).save(f"samples/{at}.png")
