"""MNIST and Fashion-MNIST from IDX files."""

import gzip
import math
import struct
import zlib
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from wgan.data.arrays import from_array
from wgan.data.download import URLS, find
from wgan.data.packed import size_of
from wgan.data.rows import Dataset
from wgan.errors import WganError, unknown_name
from wgan.files.memory import refuse_more_than_free
from wgan.files.reading import explained, opened

LARGEST = 2**31  # bytes that an IDX file may hold, unpacked
MOST_PACKED = 1100  # bytes that a byte of a gzip file can unpack to
MOST_AXES = 32
BLOCK = 2**20
DIGIT_NAMES = tuple("0123456789")
FASHION_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


def read_idx(path: Path) -> np.ndarray:
    """Read the uint8 array in an IDX file, gzipped or not. Raises WganError for a damaged file.

    The file holds two zero bytes, a type (8: unsigned bytes), the number of axes, their lengths as big-endian uint32,
    and the data.
    """
    with opened(path) as whole, explained("read", path):
        zipped = whole.read(2) == b"\x1f\x8b"
        whole.seek(0)
        try:
            with gzip.open(whole) if zipped else nullcontext(whole) as file:
                shape, raw = _shape_and_data(path, file, size_of(whole), zipped)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise WganError(f"{str(path)!r} is a damaged gzip file ({error}); download it again") from error
    return np.frombuffer(raw, dtype=np.uint8).reshape(shape)


def _shape_and_data(path: Path, file: Any, size: int, zipped: bool) -> tuple[tuple[int, ...], bytearray]:
    """The lengths of the axes and the data of an IDX file; `size` is that of the file on disk."""
    start = file.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[3] == 0:
        raise WganError(f"{str(path)!r} is not an IDX file (it begins {start.hex(' ')!r}); download it again")
    if start[2] != 8:
        raise WganError(f"{str(path)!r} has IDX type 0x{start[2]:02x}; give one of unsigned bytes (0x08)")
    lengths = file.read(4 * start[3])
    header = 4 + 4 * start[3]
    shape = struct.unpack(f">{start[3]}I", lengths) if len(lengths) == header - 4 else ()
    count = math.prod(shape) if shape else 0
    if header + count > LARGEST:
        raise WganError(
            f"{str(path)!r} says that it holds {header + count:,} bytes, above the limit of {LARGEST:,}; "
            "download it again"
        )
    if len(shape) > MOST_AXES or math.prod(max(1, length) for length in shape) >= 2**63:
        raise WganError(f"{str(path)!r} says that it has {len(shape)} axes of {count:,} bytes; download it again")
    most = MOST_PACKED * size if zipped else size
    if header + count > most:
        has = f"has {size:,} bytes, which unpack to {most:,} at most" if zipped else f"has {size:,} bytes"
        raise WganError(f"{str(path)!r} {has}, not the {header + count:,} that its header says; download it again")
    refuse_more_than_free(count, f"{str(path)!r}", "fetch it again, or free memory")
    raw = bytearray()
    # One byte more than declared shows that the file is too long, without unpacking all of a gzip bomb.
    while len(raw) <= count and (block := file.read(min(BLOCK, count + 1 - len(raw)))):
        raw += block
    if len(raw) != count or not shape:
        got = 4 + len(lengths) + len(raw)
        raise WganError(
            f"{str(path)!r} has {got} bytes, not the {header + count} that its header says; download it again"
        )
    return shape, raw


def load_idx_pair(name: str, part: str = "train", data_dir: str | Path | None = None) -> Dataset:
    """Load the images, uint8 [n, 28, 28, 1], and labels of "mnist" or "fashion-mnist".

    `part` is "train" (60,000 rows) or "test" (10,000). The files are looked for in data_dir, $WGAN_DATA, the user's
    cache and the system's folder, and downloaded into the cache if they are in none. Raises WganError for a file that
    cannot be downloaded, is damaged, or is not what its name says.
    """
    if name not in URLS:
        raise unknown_name("data set of IDX files", name, URLS)
    if part not in ("train", "test"):
        raise unknown_name("part", part, ("train", "test"))
    stem = "train" if part == "train" else "t10k"
    paths = find(name, [f"{stem}-images-idx3-ubyte", f"{stem}-labels-idx1-ubyte"], data_dir)
    arrays = [read_idx(path) for path in paths]
    for path, array, axes, what in zip(paths, arrays, (3, 1), ("images", "labels"), strict=True):
        if array.ndim != axes:
            raise WganError(f"{str(path)!r} has shape {array.shape}, so it holds no {what}; download it again")
    images, labels = arrays
    if len(images) != len(labels):
        raise WganError(
            f"{str(paths[0])!r} has {len(images)} images but {str(paths[1])!r} has {len(labels)} labels; "
            "fetch both from one place"
        )
    names = FASHION_NAMES if name == "fashion-mnist" else DIGIT_NAMES
    if labels.max(initial=0) >= len(names):
        raise WganError(f"{str(paths[1])!r} has the label {labels.max()}, not 0 to 9; download it again")
    dataset = from_array(images[..., np.newaxis], name=name if part == "train" else f"{name}-test")
    return replace(dataset, labels=labels.astype(np.int64), label_names=names, source=str(paths[0]))
