"""The samples of a run beside real images, if the training data can still be read."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np

from wgan.data import Dataset, Form
from wgan.errors import WganError
from wgan.reports import figures
from wgan.reports.rows import dataset_of, form_of, parts_of
from wgan.reports.run import Run, png_address

NEAREST = 8  # samples whose nearest training rows are shown


def real_and_nearest(run: Run, data_dir: Path | None) -> tuple[str | None, list[dict[str, Any]] | None]:
    """A grid of real images, and the nearest training images of the first samples.

    Both are None if the data are not images, or, with a remark, if the data cannot be read.
    """
    form = form_of(run)
    if not form or not form.picture or not run.pictures:
        return None, None
    try:
        dataset = dataset_of(run, data_dir)
        rows, _ = parts_of(run, dataset)
        samples = _images_of_grid(run.pictures[-1][1], form)
        shown = np.random.default_rng(0).permutation(len(rows))[: max(len(samples), 16)]
        real = figures.as_bytes(dataset.rows[rows[np.sort(shown)]], form)
        return _address_of_grid(real), _nearest(samples[:NEAREST], dataset, rows, form)
    except WganError as problem:
        run.remarks.append(f"Real images are not shown, since the data cannot be read: {problem}")
        return None, None


def _nearest(samples: np.ndarray, dataset: Dataset, rows: np.ndarray, form: Form) -> list[dict[str, Any]]:
    """Each sample with its three nearest training images, their rows, and their distances with pixels in [-1, 1]."""
    flat = samples.reshape(len(samples), -1)
    found: list[list[tuple[float, int]]] = [[] for _ in samples]
    for some in form.blocks(len(rows)):  # the three nearest of each block of rows, then of all blocks
        block = figures.as_bytes(dataset.rows[rows[some]], form).reshape(-1, flat.shape[1])
        for near, sample in zip(found, flat, strict=True):
            distance = np.sqrt(((block.astype(np.float32) - sample.astype(np.float32)) ** 2).sum(1))
            for at in np.argsort(distance)[:3]:
                near.append((float(distance[at]), int(rows[some][at])))
    nearest = []
    for sample, near in zip(samples, found, strict=True):
        near = sorted(near)[:3]
        images = figures.as_bytes(dataset.rows[[row for _, row in near]], form)
        shown = [(_address_of_grid(image[None]), row, d / 127.5) for image, (d, row) in zip(images, near, strict=True)]
        nearest.append({"sample": _address_of_grid(sample[None]), "rows": shown})
    return nearest


def _address_of_grid(images: np.ndarray) -> str:
    """The address of one picture: a grid of uint8 images [n, height, width, channels]."""
    file = io.BytesIO()
    figures.image(figures.grid(images), file)
    return png_address(file.getvalue())


def _images_of_grid(address: str, form: Form) -> np.ndarray:
    """The images [n, height, width, channels] of a grid by `figures.grid`. Raises WganError for another picture."""
    from PIL import Image

    height, width, channels = form.shape
    try:
        with Image.open(io.BytesIO(base64.b64decode(address.split(",")[1])), formats=["PNG"]) as picture:
            page = np.asarray(picture)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
        raise WganError(f"the last picture of samples cannot be read ({problem}).") from problem
    page = page.reshape(*page.shape[:2], -1)
    factor = max(1, 56 // max(height, width))
    tall, wide = height * factor + figures.GAP, width * factor + figures.GAP
    down, across = (page.shape[0] - figures.GAP) // tall, (page.shape[1] - figures.GAP) // wide
    size = (down * tall + figures.GAP, across * wide + figures.GAP, channels)
    if page.shape != size or page.dtype != np.uint8:
        raise WganError("the last picture of samples is not a grid that wgan made.")
    return np.stack(
        [
            page[y * tall + figures.GAP : (y + 1) * tall : factor, x * wide + figures.GAP : (x + 1) * wide : factor]
            for y in range(down)
            for x in range(across)
        ]
    )
