"""LSUN: a folder with an LMDB database, whose values are encoded pictures."""

import hashlib
import os
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import accumulate
from pathlib import Path
from threading import Lock

from wgan.data import lmdb_files
from wgan.data.cache import CHUNK, VERSION, Encoded, Pictures, decoded
from wgan.data.rows import Dataset
from wgan.errors import WganError, setting
from wgan.files import reading
from wgan.files.printed import shown

FILE = "data.mdb"


def load_lmdb(path: Path, size: int | None, resize: str) -> Dataset:
    """Load the pictures of the LMDB in this folder as `size` x `size` x 3 pixels, decoded once into the cache.

    Raises WganError as `lmdb_pictures` does, and without a size, since LSUN's pictures have many sizes.
    """
    if size is None:
        raise WganError(
            f"{str(path)!r} is an LMDB, whose images have many sizes; give {setting('size', 'N')}, such as 64"
        )
    return decoded(lmdb_pictures(path), size, resize, (size, size, 3))


def lmdb_pictures(path: Path) -> Pictures:
    """The pictures of the LMDB in this folder, in the order of their keys.

    Raises WganError for a database that is damaged, too short or empty.
    """
    file, lock = path / FILE, Lock()
    with _database(file) as (database, stamp):
        count = database.entries
    if count == 0:
        raise WganError(f"{str(file)!r} is an empty database; download it again")

    @cache
    def leaves() -> tuple[list[int], list[int]]:
        """The page of each leaf, and the number of entries before it."""
        with _database(file, stamp) as (database, _):
            pages, counts = zip(*lmdb_files.leaves(database), strict=True)
        return list(pages), list(accumulate(counts, initial=0))

    def chunk(number: int) -> Iterator[Encoded]:
        with lock:
            pages, before = leaves()
        first, last = number * CHUNK, min((number + 1) * CHUNK, count)
        with _database(file, stamp) as (database, _):
            at = bisect_right(before, first) - 1
            while first < last:
                for key, value in lmdb_files.entries(database, pages[at], first - before[at]):
                    if first == last:
                        return
                    yield shown(key.decode("utf-8", "replace")), value
                    first += 1
                at += 1

    def check() -> None:
        with lock:
            leaves()

    key = hashlib.sha256(f"lmdb {VERSION} {count} {stamp[0]} {stamp[1]}".encode()).hexdigest()
    return Pictures(shown(path.resolve().name), shown(path), key, count, chunk, check=check)


@contextmanager
def _database(
    path: Path, stamp: tuple[int, int] | None = None
) -> Iterator[tuple[lmdb_files.Database, tuple[int, int]]]:
    """The database in this file, and the file's size and time, which are to be `stamp`."""
    try:
        with reading.opened(path) as file, reading.explained("read", path):
            found = os.fstat(file.fileno())
            now = found.st_size, found.st_mtime_ns
            if stamp is not None and now != stamp:
                raise WganError(f"{str(path)!r} was changed while it was read; run the same command again")
            yield lmdb_files.database(file, found.st_size), now
    except ValueError as fault:
        raise WganError(f"{str(path)!r} is damaged ({fault}); download it again") from fault
