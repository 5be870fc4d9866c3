"""Pictures of rows: grids of images, scatters of points."""

import math
from pathlib import Path
from typing import BinaryIO

import numpy as np

from wgan.data import Form

GAP = 2  # pixels between the images of a grid


def as_bytes(images: np.ndarray, form: Form) -> np.ndarray:
    """Images as uint8, the range of their form spread over 0 to 255."""
    if images.dtype == np.uint8 and form.high == 255:
        return images
    low, high = float(form.low or 0), float(1 if form.high is None else form.high)
    return np.clip(np.rint((images.astype(np.float64) - low) / (high - low) * 255), 0, 255).astype(np.uint8)


def grid(images: np.ndarray) -> np.ndarray:
    """uint8 images [n, height, width, channels] as one picture, row by row, about as many columns as rows.

    Small images are enlarged by a whole factor to about 56 pixels, so that each pixel stays a square.
    """
    factor = max(1, 56 // max(images.shape[1:3]))
    images = images.repeat(factor, axis=1).repeat(factor, axis=2)
    count, height, width, channels = images.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    page = np.full((rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, channels), 96, np.uint8)
    for i, image in enumerate(images):
        row, column = divmod(i, columns)
        top, left = row * (height + GAP) + GAP, column * (width + GAP) + GAP
        page[top : top + height, left : left + width] = image
    return page


def image(pixels: np.ndarray, path: Path | BinaryIO) -> None:
    """Write one image [height, width, channels] as a PNG."""
    from PIL import Image

    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(path, format="PNG")


def samples(rows: np.ndarray, form: Form, path: Path, real: np.ndarray | None = None) -> None:
    """Write generated rows to a PNG: a grid of images, or the first two columns over those of real rows."""
    if form.kind == "images":
        image(grid(as_bytes(rows, form)), path)
        return
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 5), dpi=110)
    axes = figure.add_subplot()
    second = min(1, rows.shape[1] - 1)
    if real is not None:
        axes.scatter(real[:, 0], real[:, second], s=4, color="0.7", label="real")
    axes.scatter(rows[:, 0], rows[:, second], s=4, color="tab:orange", label="generated")
    axes.set_xlabel("column 0")
    axes.set_ylabel(f"column {second}")
    axes.legend(loc="upper right")
    figure.savefig(path, format="png")
