"""CIFAR-10 and CIFAR-100 from their binary archives; nothing is unpacked to disk or unpickled."""

import gzip
import tarfile
import zlib
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from wgan.data.arrays import from_array
from wgan.data.download import find
from wgan.data.rows import Dataset
from wgan.errors import WganError, unknown_name
from wgan.files.reading import explained, opened

ROWS_A_FILE = {"data_batch": 10_000, "test_batch": 10_000, "train": 50_000, "test": 10_000}
LARGEST = 2**28  # bytes that a member may unpack to
LARGEST_ARCHIVE = 2**29  # bytes that an archive may unpack to
LARGEST_NAMES = 2**16  # bytes of the names of the classes
MOST_MEMBERS = 1000


class _Archive(NamedTuple):
    file: str
    parts: dict[str, list[str]]
    names: str  # the member that has the name of a class on each line
    label_bytes: int  # before the pixels of a row; the last of them is the class


ARCHIVES = {
    "cifar10": _Archive(
        "cifar-10-binary.tar",
        {"train": [f"data_batch_{k}.bin" for k in range(1, 6)], "test": ["test_batch.bin"]},
        "batches.meta.txt",
        1,
    ),
    "cifar100": _Archive(
        "cifar-100-binary.tar", {"train": ["train.bin"], "test": ["test.bin"]}, "fine_label_names.txt", 2
    ),
}


def load_cifar(name: str, part: str = "train", data_dir: str | Path | None = None) -> Dataset:
    """Load the images, uint8 [n, 32, 32, 3], and labels of "cifar10" or "cifar100".

    `part` is "train" (50,000 rows) or "test" (10,000). The labels of CIFAR-100 are its 100 fine ones. The archive is
    looked for in data_dir, $WGAN_DATA, the user's cache and the system's folder, and downloaded into the cache if it
    is in none. Raises WganError for an archive that cannot be downloaded, is damaged, or is not what its name says.
    """
    if name not in ARCHIVES:
        raise unknown_name("CIFAR data set", name, ARCHIVES)
    archive = ARCHIVES[name]
    if part not in archive.parts:
        raise unknown_name("part", part, archive.parts)
    path = find(name, [archive.file], data_dir)[0]
    files = _members(path, dict.fromkeys(archive.parts[part], LARGEST) | {archive.names: LARGEST_NAMES})
    label_names = tuple(files.pop(archive.names).decode("ascii", "replace").split())
    images, labels = [], []
    for file, raw in files.items():
        rows = ROWS_A_FILE[file.removesuffix(".bin").rstrip("_12345")]
        width = archive.label_bytes + 3 * 32 * 32
        if len(raw) != rows * width:
            raise WganError(f"{file} in {str(path)!r} has {len(raw):,} bytes, not {rows * width:,}; download it again")
        values = np.frombuffer(raw, np.uint8).reshape(rows, width)
        labels.append(values[:, archive.label_bytes - 1].astype(np.int64))
        images.append(values[:, archive.label_bytes :].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
    label = np.concatenate(labels)
    if label.max() >= len(label_names):
        raise WganError(f"{str(path)!r} has the label {label.max()} but {len(label_names)} classes; download it again")
    dataset = from_array(np.concatenate(images), name=name if part == "train" else f"{name}-test")
    return replace(dataset, labels=label, label_names=label_names, source=str(path))


class _Limited:
    """A file of an archive that refuses to be read in large pieces or far, whatever sizes the archive declares."""

    def __init__(self, file: Any) -> None:
        self._file, self.seek, self.tell = file, file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= LARGEST or self._file.tell() > LARGEST_ARCHIVE:
            raise ValueError(f"it declares a part of {size:,} bytes, or unpacks to over {LARGEST_ARCHIVE:,}")
        return self._file.read(size)


def _members(path: Path, wanted: dict[str, int]) -> dict[str, bytes]:
    """The contents of the wanted members by file name, in the order of `wanted`, which says how long each may be."""
    with opened(path) as whole, explained("read", path):
        try:
            with gzip.open(whole) if path.suffix == ".gz" else nullcontext(whole) as file:
                found = _found_members(path, file, wanted)
        # What tarfile, gzip and zlib raise for a damaged archive; RecursionError: of many long names in a row.
        except (
            gzip.BadGzipFile,
            EOFError,
            ValueError,
            LookupError,
            RecursionError,
            tarfile.TarError,
            zlib.error,
        ) as error:
            raise WganError(f"{str(path)!r} is a damaged archive ({error}); download it again") from error
    if missing := [file for file in wanted if file not in found]:
        raise WganError(
            f"{str(path)!r} has no {missing[0]}; give the binary version, since the others hold pickles, which are "
            "never unpickled"
        )
    return {file: found[file] for file in wanted}


def _found_members(path: Path, file: Any, wanted: dict[str, int]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with tarfile.open(fileobj=_Limited(file), mode="r:") as archive:  # type: ignore[call-overload]
        for number, member in enumerate(archive):
            if number == MOST_MEMBERS:
                raise WganError(f"{str(path)!r} has over {MOST_MEMBERS:,} files; download it again")
            where = PurePosixPath(member.name)
            if where.is_absolute() or ".." in where.parts or not (member.isfile() or member.isdir()):
                raise WganError(f"{str(path)!r} holds {member.name[:80]!r}, which leads out of it; download it again")
            if where.name in wanted and member.isfile():
                found[where.name] = _content(path, archive, member, wanted[where.name])
    return found


def _content(path: Path, archive: tarfile.TarFile, member: tarfile.TarInfo, most: int) -> bytes:
    if member.size > most:
        raise WganError(
            f"{member.name} in {str(path)!r} has {member.size:,} bytes, above the limit of {most:,}; download it again"
        )
    if member.issparse():
        raise WganError(f"{member.name} in {str(path)!r} is stored with gaps; download it again")
    file = archive.extractfile(member)
    return b"" if file is None else file.read()
