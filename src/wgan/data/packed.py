"""Compressed files: what they unpack to is compared with their size and with the free memory."""

import io
import lzma
import os
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO

from wgan.errors import WganError
from wgan.files.memory import in_words, refuse_more_than_free

BROKEN = (  # what zipfile, gzip, bz2 and lzma raise for a damaged file, or one that they cannot unpack
    OSError, ValueError, EOFError, RuntimeError, LookupError, OverflowError, struct.error, zipfile.BadZipFile,
    zlib.error, lzma.LZMAError,
)  # fmt: skip
FREELY = 2**30  # bytes that any file may unpack to
MOST_TIMES = 200  # its own size that a file may unpack to beyond them; tables and images shrink less, zeros 1,000 times


def refuse_unpacked(path: Path, unpacked: float, packed: int, instead: str) -> None:
    """Raise WganError for a file of `packed` bytes that unpacks to more than it can hold or than is free."""
    refuse_times(path, unpacked, packed, instead)
    refuse_more_than_free(unpacked, f"{str(path)!r}, unpacked,", instead)


def refuse_times(path: Path, unpacked: float, packed: int, instead: str) -> None:
    """Raise WganError for a file of `packed` bytes that unpacks to more than it can hold."""
    if unpacked > FREELY and unpacked > MOST_TIMES * packed:
        raise WganError(
            f"{str(path)!r} has {in_words(packed)} but unpacks to {in_words(unpacked)} or more, over {MOST_TIMES} "
            f"times as much, as hardly any data do; {instead}"
        )


class Unpacking(io.RawIOBase):
    """What a compressed file unpacks to, as a file that ends in a WganError where it becomes too much.

    It takes `file`, which unpacks, and closes it; `packed` is the size of the file on disk.
    """

    STEP = 2**28  # bytes between two looks at the free memory

    def __init__(self, path: Path, file: IO[bytes], packed: int, instead: str) -> None:
        self._path, self._file, self._packed, self._instead = path, file, packed, instead
        self._count, self._next = 0, self.STEP

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            return self.readall()
        data = self._file.read(size)
        self._count += len(data)
        if self._count > self._next:
            self._next += self.STEP
            refuse_unpacked(self._path, self._count, self._packed, self._instead)
        return data

    def readinto(self, buffer) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def size_of(file: IO[bytes]) -> int:
    """The size of an open file on disk."""
    return os.fstat(file.fileno()).st_size
