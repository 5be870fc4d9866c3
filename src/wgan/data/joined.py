"""Rows of many files, or of a packed one, as a memory-mapped array: they are joined once and kept in the user's cache.

The name of a cache folder is a hash of its sources. `rows` holds [n, ...] as bare little-endian bytes, and
`manifest.json`, written last, holds the rest and the hash of the rows. What does not have the size and the hash that
are stated is made again.
"""

import hashlib
import math
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypedDict

import numpy as np

from wgan.data.axes import TWO_PARTS
from wgan.data.download import progress
from wgan.data.mapped import Mapped
from wgan.data.sealed import locked, read_sealed, sha256_of_file, stamp_of, write_sealed
from wgan.errors import WganError
from wgan.files.memory import in_words, refuse_more_than_free
from wgan.files.reading import opened
from wgan.files.writing import replacing

VERSION = 2  # of the joining and its files; each version has its own caches
MOST_AXES = 5  # of an array of rows: the rows, three axes of space, and channels
BLOCK = 2**25  # bytes of rows that are read at once, unless one row is longer


class Parts(NamedTuple):
    """Rows that are read when they are asked for: `blocks` gives the name of a source and some of its rows."""

    shape: tuple[int, ...]  # of all rows
    dtype: np.dtype
    blocks: Callable[[], Iterator[tuple[str, np.ndarray]]]


class Joined(NamedTuple):
    """Rows that are a map of the file `mapped`, and the SHA-256 of their bytes."""

    rows: np.ndarray
    mapped: Mapped
    sha256: str


class Manifest(TypedDict):
    """The fields of manifest.json."""

    version: int
    source: str
    shape: list[int]
    dtype: str
    sha256: str  # of the rows
    stamp: list[int]  # of the file of rows when it was hashed


def joined(source: str, key: str, read: Callable[[], Parts]) -> Joined:
    """The rows of a source whose files have this `key`; they are read first if the cache lacks them.

    Raises WganError for rows that `refuse_unreadable` names, NaN, infinite values, or too little room on the disk.
    """
    with locked("rows", key[:32]) as folder:
        path = folder / "rows"
        manifest = _whole(folder) or _written(folder, source, read())
        with opened(path) as file:
            mapped = Mapped(path, file)
            rows = np.memmap(file, manifest["dtype"], "r", shape=tuple(manifest["shape"]))
    return Joined(rows, mapped, manifest["sha256"])


def key_of(*words: str) -> str:
    """The key of sources that these words tell from all others, such as their names, sizes and times."""
    return hashlib.sha256("\0".join((f"rows {VERSION}", *words)).encode(errors="surrogateescape")).hexdigest()


def refuse_unreadable(source: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Raise WganError for rows [n, ...] that no data set holds, before they are read."""
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        remedy = TWO_PARTS if dtype.kind == "c" else "convert them"
        raise WganError(f"{source} holds {_named(dtype)}, not real numbers of at most 64 bits; {remedy}")
    if len(shape) > MOST_AXES:
        raise WganError(
            f"{source} makes rows of shape {shape}, but rows have at most three axes of space and one of channels; "
            "reshape them"
        )
    if 0 in shape:
        raise WganError(
            f"{source} is empty (its rows have the shape {shape}); give at least one row and one value a row"
        )
    refuse_more_than_free(math.prod(shape[1:]) * dtype.itemsize, f"one row of {source}", "give smaller rows")


def rows_at_once(shape: tuple[int, ...], dtype: np.dtype) -> int:
    """How many rows of an array of this shape are read at once."""
    return max(1, BLOCK // max(1, math.prod(shape[1:]) * dtype.itemsize))


def stored(dtype: np.dtype) -> np.dtype:
    """The dtype on disk, which is little-endian."""
    return dtype.newbyteorder("<")


def _named(dtype: np.dtype) -> str:
    kinds = {"c": "complex numbers", "O": "Python objects", "V": "records", "S": "texts", "U": "texts"}
    return kinds.get(dtype.kind, f"numbers of dtype {dtype}")


def _whole(folder: Path) -> Manifest | None:
    """The manifest, if the file of rows has the stated size and hash, else None."""
    file, manifest = folder / "rows", read_sealed(folder / "manifest.json", Manifest)
    if manifest is None or manifest["version"] != VERSION or file.is_symlink() or not file.is_file():
        return None
    if file.stat().st_size != math.prod(manifest["shape"]) * np.dtype(manifest["dtype"]).itemsize:
        return None
    if manifest["stamp"] != (stamp := stamp_of(file)):
        if sha256_of_file(file) != manifest["sha256"]:
            return None
        manifest["stamp"] = stamp
        write_sealed(folder / "manifest.json", manifest)
    return manifest


def _written(folder: Path, source: str, parts: Parts) -> Manifest:
    """Write the rows, then the manifest."""
    refuse_unreadable(source, parts.shape, parts.dtype)
    dtype = stored(parts.dtype)
    _refuse_full_disk(folder, source, math.prod(parts.shape) * dtype.itemsize)
    digest, done = hashlib.sha256(), 0
    with replacing(folder / "rows") as temporary, temporary.open("wb") as file:
        with progress(f"{source}: reading", parts.shape[0]) as advance:
            for where, block in parts.blocks():
                if block.shape[1:] != parts.shape[1:]:
                    raise WganError(f"{where} was changed while it was read; run the same command again")
                _refuse_not_finite(where, block)
                data = np.ascontiguousarray(block, dtype).data
                file.write(data)
                digest.update(data)
                done += len(block)
                advance(len(block))
        if done != parts.shape[0]:
            raise WganError(f"{source} gave {done:,} rows of {parts.shape[0]:,}; see whether its files are whole")
    manifest = Manifest(
        version=VERSION,
        source=source,
        shape=list(parts.shape),
        dtype=dtype.str,
        sha256=digest.hexdigest(),
        stamp=stamp_of(folder / "rows"),
    )
    write_sealed(folder / "manifest.json", dict(manifest))
    return manifest


def _refuse_full_disk(folder: Path, source: str, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if size > free:
        raise WganError(
            f"the rows of {source} take {in_words(size)}, {in_words(size - free)} more than are free in "
            f"{str(folder)!r}; make room, or set XDG_CACHE_HOME to a larger disk"
        )


def _refuse_not_finite(where: str, block: np.ndarray) -> None:
    if block.dtype.kind == "f" and not np.isfinite(block).all():
        places = np.argwhere(~np.isfinite(block))[:, 1:]
        first, last = tuple(int(i) for i in places[0]), {int(i) for i in places[:, -1:].ravel()}
        every = f", all at {first[-1]} on its last axis" if block.ndim > 2 and len(last) == 1 < block.shape[-1] else ""
        raise WganError(f"{where} has NaN or infinite values{every} (the first at {first}); fill them, or leave it out")
