"""MNIST and Fashion-MNIST from IDX files."""

import gzip
import math
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from wgan.data.arrays import from_array
from wgan.data.download import URLS, find
from wgan.data.rows import Dataset
from wgan.errors import WganError, unknown_name

LARGEST = 2**31  # bytes that an IDX file may hold, unpacked
DIGIT_NAMES = tuple("0123456789")
FASHION_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


def read_idx(path: Path) -> np.ndarray:
    """Read the uint8 array in an IDX file, gzipped or not. Raises WganError for a damaged file.

    The file holds two zero bytes, a type (8: unsigned bytes), the number of axes, their lengths as big-endian uint32,
    and the data.
    """
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if zipped else path.open("rb") as file:
            raw = file.read(4)
            if len(raw) < 4 or raw[:2] != b"\0\0" or raw[3] == 0:
                raise WganError(f"{str(path)!r} is not an IDX file (it begins {raw.hex(' ')!r}); fetch it again")
            if raw[2] != 8:
                raise WganError(f"{str(path)!r} has IDX type 0x{raw[2]:02x}; give one of unsigned bytes (0x08)")
            header = 4 + 4 * raw[3]
            raw += file.read(header - 4)
            shape = struct.unpack(f">{raw[3]}I", raw[4:]) if len(raw) == header else ()
            expected = header + (math.prod(shape) if shape else 0)
            if expected > LARGEST:
                raise WganError(
                    f"{str(path)!r} says that it holds {expected:,} bytes, above the limit of {LARGEST:,}; "
                    "fetch it again"
                )
            # One byte more than expected shows that the file is too long, without unpacking all of a gzip bomb.
            raw += file.read(expected - len(raw) + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise WganError(f"{str(path)!r} is a damaged gzip file ({error}); fetch it again") from error
    except OSError as error:
        raise WganError(f"cannot read {str(path)!r} ({error.strerror}); check its permissions") from error
    if len(raw) != expected:
        raise WganError(f"{str(path)!r} has {len(raw)} bytes, not the {expected} that its header says; fetch it again")
    return np.frombuffer(raw, dtype=np.uint8, offset=header).reshape(shape)


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
            raise WganError(f"{str(path)!r} has shape {array.shape}, so it holds no {what}; fetch it again")
    images, labels = arrays
    if len(images) != len(labels):
        raise WganError(
            f"{str(paths[0])!r} has {len(images)} images but {str(paths[1])!r} has {len(labels)} labels; "
            "fetch both from one place"
        )
    names = FASHION_NAMES if name == "fashion-mnist" else DIGIT_NAMES
    if labels.max(initial=0) >= len(names):
        raise WganError(f"{str(paths[1])!r} has the label {labels.max()}, not 0 to 9; fetch it again")
    dataset = from_array(images, name=name if part == "train" else f"{name}-test")
    return replace(dataset, labels=labels.astype(np.int64), label_names=names, source=str(paths[0]))
