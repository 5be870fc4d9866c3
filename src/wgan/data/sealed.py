"""JSON files of the cache that prove themselves: each holds the SHA-256 of what it says."""

import hashlib
import json
from pathlib import Path
from typing import Any

from wgan.errors import WganError
from wgan.files.reading import opened, read
from wgan.files.records import parsed
from wgan.files.writing import write

MOST = 2**30  # bytes; broken pictures, at most 1 %, are named in such a file
SEAL = "seal"


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
