"""Small files of data and pictures, and what one sentence is, for the tests of data."""

import gzip
import io
import json
import struct
from pathlib import Path

import numpy as np
from PIL import Image

IMAGES = np.arange(5 * 3 * 2, dtype=np.uint8).reshape(5, 3, 2) * 8
LABELS = np.array([3, 1, 4, 1, 9], dtype=np.uint8)
IMAGES_FILE, LABELS_FILE = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def random_images(shape, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, 256, shape).astype(dtype)


def idx(array):
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_pair(folder, images=IMAGES, labels=LABELS, compress=gzip.compress, suffix=".gz"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / (IMAGES_FILE + suffix)).write_bytes(compress(idx(images)))
    (folder / (LABELS_FILE + suffix)).write_bytes(compress(idx(labels)))
    return folder


def one_sentence(caught):
    text = str(caught.value)
    assert "\n" not in text
    assert ". " not in text
    return text


def picture(width, height, number=0, mode="RGB"):
    """A smooth picture, so that JPEG and resizing change it little."""
    y, x = np.mgrid[:height, :width]
    waves = [128 + 100 * np.sin((x * (k + 1) + y * (3 - k) + 40 * number) / 60) for k in range(4)]
    array = np.stack(waves[: {"L": 1, "RGB": 3, "RGBA": 4}[mode]], -1).astype(np.uint8)
    return Image.fromarray(array[..., 0] if mode == "L" else array)


def encoded(image, suffix="png", **options):
    file = io.BytesIO()
    image.save(file, {"jpg": "jpeg"}.get(suffix, suffix), **options)
    return file.getvalue()


def files_of(dataset):
    return json.loads((cache_folder(dataset) / "files.json").read_text())


def cache_folder(dataset):
    return Path(dataset.rows.filename).parent
