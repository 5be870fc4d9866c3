"""The folders of the cache, and JSON files in them that prove themselves: each holds the SHA-256 of what it says."""

import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wgan.data.download import cache
from wgan.errors import WganError
from wgan.files.reading import opened, read, reason
from wgan.files.records import parsed
from wgan.files.writing import clear, lock_file, write

if sys.platform != "win32":
    import fcntl

MOST = 2**30  # bytes; broken pictures, at most 1 %, are named in such a file
SEAL = "seal"


@contextmanager
def locked(*parts: str) -> Iterator[Path]:
    """A folder of the cache, locked by one process at a time while others wait.

    Raises WganError if the disk refuses.
    """
    folder = cache().joinpath(*parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with lock_file(folder / ".lock") as lock:
            if sys.platform != "win32":
                fcntl.flock(lock, fcntl.LOCK_EX)
            clear(folder)
            yield folder
    except OSError as error:
        raise WganError(
            f"cannot keep decoded {parts[0]} in {str(folder)!r} ({reason(error)}); set XDG_CACHE_HOME to another place"
        ) from error


def stamp_of(file: Path) -> list[int]:
    """What changes when a file is written, replaced or copied; its time of change cannot be set back."""
    found = file.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def write_sealed(path: Path, fields: dict[str, Any]) -> None:
    """Write these fields, and the SHA-256 of them."""
    write(path, json.dumps(fields | {SEAL: _seal(fields)}, indent=1).encode())


def read_sealed(path: Path, schema: Any) -> Any:
    """The fields that `write_sealed` wrote, of these types; None if the file is missing, damaged or another's."""
    try:
        fields: dict[str, Any] = parsed(read(path, MOST), dict[str, Any])
        if fields.pop(SEAL, None) != _seal(fields):
            return None
        parsed(json.dumps(fields).encode(), schema)
    except (WganError, ValueError, RecursionError):
        return None
    return fields


def sha256_of_file(path: Path) -> str:
    """The SHA-256 of a file, "" if it cannot be read."""
    try:
        with opened(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (WganError, OSError):
        return ""


def _seal(fields: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
