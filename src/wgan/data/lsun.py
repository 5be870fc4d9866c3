"""LSUN: a folder with an LMDB database, whose values are encoded pictures."""

import hashlib
from functools import cache
from pathlib import Path
from threading import Lock

from wgan.data.cache import CHUNK, VERSION, Encoded, Pictures, decoded
from wgan.data.rows import Dataset
from wgan.errors import WganError

FILE = "data.mdb"


def load_lmdb(path: Path, size: int | None, resize: str) -> Dataset:
    """Load the pictures of the LMDB in this folder as `size` x `size` x 3 pixels, decoded once into the cache.

    Raises WganError as `lmdb_pictures` does, and without a size, since LSUN's pictures have many sizes.
    """
    if size is None:
        raise WganError(f"{str(path)!r} is an LMDB, whose images have many sizes; give --size N, such as 64")
    return decoded(lmdb_pictures(path), size, resize, (size, size, 3))


def lmdb_pictures(path: Path) -> Pictures:
    """The pictures of the LMDB in this folder, in the order of their keys.

    Raises WganError without the package lmdb, and for a database that is damaged, too short or empty.
    """
    try:
        import lmdb
    except ImportError:
        raise WganError(f"{str(path)!r} is an LMDB, which needs one more package: pip install 'wgan[lsun]'") from None

    damaged = f"{str(path / FILE)!r} is damaged"
    try:
        environment = lmdb.open(str(path), readonly=True, lock=False, readahead=False, create=False)
    except lmdb.Error as error:
        raise WganError(f"{damaged} ({error}); fetch it again") from error
    status = (path / FILE).stat()
    wanted = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
    if status.st_size < wanted:  # reading beyond the end of a mapped file would kill the process
        raise WganError(f"{damaged}: it has {status.st_size:,} bytes, not the {wanted:,} it needs; fetch it again")
    count = environment.stat()["entries"]
    if count == 0:
        raise WganError(f"{str(path / FILE)!r} is an empty database; fetch it again")
    lock = Lock()

    @cache
    def first_keys() -> list[bytes]:
        """Every CHUNK-th key, since all keys of the bedrooms would take a quarter of a gigabyte."""
        with environment.begin() as transaction:
            keys = transaction.cursor().iternext(keys=True, values=False)
            return [key for number, key in enumerate(keys) if number % CHUNK == 0]

    def chunk(number: int) -> list[Encoded]:
        try:
            with lock:
                first = first_keys()[number]
            with environment.begin() as transaction:
                cursor = transaction.cursor()
                cursor.set_range(first)
                pairs = zip(range(CHUNK), cursor, strict=False)
                return [(key.decode("utf-8", "replace"), value) for _, (key, value) in pairs]
        except lmdb.Error as error:
            raise WganError(f"{damaged} ({error}); fetch it again") from error

    key = hashlib.sha256(f"lmdb {VERSION} {count} {status.st_size} {status.st_mtime_ns}".encode()).hexdigest()
    return Pictures(path.resolve().name, str(path), key, count, chunk)
