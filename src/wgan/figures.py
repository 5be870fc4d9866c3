"""Pictures of rows: grids of images, scatters of points."""

import math
from pathlib import Path

import numpy as np


def grid(images: np.ndarray, columns: int | None = None, gap: int = 1) -> np.ndarray:
    """Images [n, height, width, channels] of any dtype as one uint8 picture, row by row.

    Small images are enlarged by a whole factor to about 56 pixels, so that each pixel stays a square.
    """
    if images.dtype != np.uint8:
        low, high = float(images.min()), float(images.max())
        images = np.round((images - low) / ((high - low) or 1) * 255).astype(np.uint8)
    factor = max(1, 56 // max(images.shape[1:3]))
    images = images.repeat(factor, axis=1).repeat(factor, axis=2)
    count, height, width, channels = images.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    gap *= 2
    page = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap, channels), 96, np.uint8)
    for i, image in enumerate(images):
        top, left = (n * size + gap for n, size in zip(divmod(i, columns), (height + gap, width + gap), strict=True))
        page[top : top + height, left : left + width] = image
    return page


def image(pixels: np.ndarray, path: Path) -> None:
    """Write one image [height, width, channels] as a PNG."""
    from PIL import Image

    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(path, format="PNG")


def samples(rows: np.ndarray, kind: str, path: Path, real: np.ndarray | None = None) -> None:
    """Write generated rows to a PNG: a grid of images, or the first two columns over those of real rows."""
    if kind == "images":
        image(grid(rows), path)
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
