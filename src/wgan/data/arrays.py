"""Rows from .npy files, which are memory-mapped, and .npz files; nothing is ever unpickled."""

import zipfile
import zlib
from pathlib import Path
from typing import IO

import numpy as np

from wgan.errors import WganError

LARGEST_UNPACKED = 2**34  # bytes of an array in an .npz


def read_numpy(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"PK"
        if not zipped:
            return np.lib.format.open_memmap(path, mode="r"), None
        with path.open("rb") as file, np.load(file, allow_pickle=False) as loaded:
            label_key = next((key for key in ("y", "labels") if key in loaded.files), None)
            keys = [key for key in ("X", "images", "rows", "x") if key in loaded.files]
            keys = keys or [key for key in loaded.files if key != label_key]
            if len(keys) == 1:
                _refuse_large(path, file)
                return loaded[keys[0]], None if label_key is None else loaded[label_key]
            found = ", ".join(loaded.files) or "none"
    except (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise WganError(
            f"cannot read {str(path)!r} (damaged, or of Python objects, which are never unpickled); "
            "write it anew with numpy.save"
        ) from error
    raise WganError(
        f"{str(path)!r} holds the arrays {found}; call exactly one of them X, images, rows or x, "
        "and the labels, if any, y or labels"
    )


def _refuse_large(path: Path, file: IO[bytes]) -> None:
    """An .npz is unpacked into memory, where a small file can become a large array; an .npy is mapped."""
    with zipfile.ZipFile(file) as archive:
        size = max(member.file_size for member in archive.infolist())
    if size > LARGEST_UNPACKED:
        raise WganError(
            f"{str(path)!r} unpacks to {size / 1e9:,.1f} GB, above the limit of {LARGEST_UNPACKED / 1e9:,.1f} GB; "
            "write the rows with numpy.save, since an .npy file is not unpacked"
        )
