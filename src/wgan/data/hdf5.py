"""HDF5 files, .h5 and .hdf5: one data set holds the rows, and another one may hold their labels.

Only data sets that lie in the file itself are read: links to other files are never followed.
"""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from wgan.data.joined import Parts, refuse_unreadable, rows_at_once
from wgan.data.mapped import Mapped
from wgan.data.packed import refuse_times
from wgan.errors import WganError, install
from wgan.files.memory import refuse_more_than_free
from wgan.files.reading import opened, refuse_irregular

SUFFIXES = (".h5", ".hdf5")
NAMED = re.compile(r"(.+\.(?:h5|hdf5)):(.+)", re.IGNORECASE | re.DOTALL)  # FILE.h5:NAME
ROWS = ("rows", "X", "images", "data")
LABELS = ("labels", "y")
MOST = 1_000  # data sets that are looked at
SHOWN = 10  # of them in a message
INSTEAD = "give FILE.h5:NAME of a data set of numbers, or save the rows as .npy"
FAULTS = (OSError, KeyError, ValueError, TypeError, RuntimeError, OverflowError)  # what h5py raises for a broken file


class Found(NamedTuple):
    """The data set of a file that holds the rows, and their labels, if any."""

    name: str
    parts: Parts
    labels: Any = None  # an array, or a list of texts
    labels_name: str = ""
    start: int | None = None  # the byte of the file at which the rows begin, if they lie there in one piece as they are


def h5py_for(name: str) -> Any:
    """The package h5py. Raises WganError without it."""
    try:
        import h5py
    except ImportError:
        raise WganError(f"{name} needs one more package; {install('scans')}") from None
    return h5py


def file_and_name(path: Path) -> tuple[Path, str]:
    """The file, and the data set in it that FILE.h5:NAME names; "" if it names none."""
    match = None if path.exists() else NAMED.fullmatch(str(path))
    return (Path(match[1]), match[2]) if match else (path, "")


def find(path: Path, name: str) -> Found:
    """The data set `name`, or without a name the only one, or the one of the first name in ROWS.

    Raises WganError for a file that is damaged, and for data sets of objects, or that lie in other files.
    """
    with _opened(path) as file:
        sets = _sets(path, file)
        chosen = _chosen(path, [one for one in sets if one.rpartition("/")[2] not in LABELS] or [*sets], sets, name)
        rows = sets[chosen]
        _refuse_elsewhere(path, chosen, rows)
        source = f"{str(path)!r}, data set {chosen},"
        refuse_unreadable(source, rows.shape, rows.dtype)
        refuse_times(path, math.prod(rows.shape) * rows.dtype.itemsize, path.stat().st_size, INSTEAD)
        chunk = math.prod(rows.chunks or (1,)) * rows.dtype.itemsize
        refuse_more_than_free(chunk, f"a chunk of {source}", INSTEAD)
        folder = chosen.rpartition("/")[0]
        beside = next(
            (one for label in LABELS if (one := f"{folder}/{label}".lstrip("/")) in sets and one != chosen), ""
        )
        labels = _labels(path, beside, sets[beside]) if beside else None
        return Found(chosen, Parts(rows.shape, rows.dtype, _reader(path, chosen)), labels, beside, _start(rows))


def mapped_rows(path: Path, found: Found) -> tuple[np.ndarray, Mapped] | None:
    """The rows as a map of the file, if they lie in it in one piece."""
    if found.start is None:
        return None
    with opened(path) as file:
        mapped = Mapped(path, file)
        return np.memmap(file, found.parts.dtype, "r", found.start, found.parts.shape), mapped


def write(
    rows: Iterator[np.ndarray], shape: tuple[int, ...], labels: Iterator[np.ndarray] | None, path: Path, name: Path
) -> Iterator[int]:
    """Write parts of rows of this shape as the data set "rows", and the names of their labels as "labels"."""
    h5py, done = h5py_for(str(name)), 0
    with h5py.File(path, "w") as file:
        for part in rows:
            kept = file["rows"] if done else file.create_dataset("rows", shape, part.dtype)
            kept[done : done + len(part)] = part
            done += len(part)
            yield done
        if labels is not None:
            file["labels"] = np.concatenate([*labels]).astype(h5py.string_dtype())


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    h5py = h5py_for(str(path))
    refuse_irregular(path)
    try:
        if not path.stat().st_size:
            raise ValueError("it is empty")
        with h5py.File(path, "r") as file:
            yield file
    except FAULTS as fault:
        why = " ".join(str(fault).split())[:200].strip("'\".").replace(". ", "; ")
        raise WganError(f"cannot read {str(path)!r} ({why}); give a whole HDF5 file") from None


def _sets(path: Path, file: Any) -> dict[str, Any]:
    """The data sets in a file by name, as its hard links lead to them."""
    found: dict[str, Any] = {}

    def add(name: str, item: Any) -> bool | None:
        if hasattr(item, "dtype") and hasattr(item, "chunks"):
            found[name] = item
        return True if len(found) > MOST else None

    file.visititems(add)
    if len(found) > MOST:
        raise WganError(f"{str(path)!r} has more than {MOST:,} data sets; write one array of rows")
    return found


def _chosen(path: Path, candidates: list[str], sets: dict[str, Any], name: str) -> str:
    if name:
        if name.strip("/") in sets:
            return name.strip("/")
        raise WganError(f"{str(path)!r} has no data set {name!r}; it has {_listed(sets)}")
    if len(candidates) == 1:
        return candidates[0]
    for usual in ROWS:
        if usual in candidates:
            return usual
    raise WganError(
        f"{str(path)!r} has {_listed(sets)}; name the one with the rows as {path}:NAME, or call it {', '.join(ROWS)}"
    )


def _listed(sets: dict[str, Any]) -> str:
    names = ", ".join(f"{one} {'x'.join(map(str, data.shape or ()))}" for one, data in [*sets.items()][:SHOWN])
    more = f" and {len(sets) - SHOWN:,} more" if len(sets) > SHOWN else ""
    return f"the data sets {names}{more}" if sets else "no data set"


def _refuse_elsewhere(path: Path, name: str, data: Any) -> None:
    """Raise WganError for a data set whose numbers are not in the file, or are none."""
    if data.is_virtual or data.external:
        raise WganError(f"{str(path)!r} has the numbers of {name} in other files, which are not read; {INSTEAD}")
    if data.shape is None or data.shape == ():
        raise WganError(f"{str(path)!r} has no rows in {name}; {INSTEAD}")


def _labels(path: Path, name: str, data: Any) -> Any:
    """The labels as an array of numbers or texts."""
    _refuse_elsewhere(path, name, data)
    refuse_more_than_free(math.prod(data.shape) * data.dtype.itemsize, f"{str(path)!r}, data set {name},", INSTEAD)
    texts = h5py_for(str(path)).check_string_dtype(data.dtype) is not None
    if data.dtype.hasobject and not texts:
        raise WganError(f"{str(path)!r} holds objects in {name}; {INSTEAD}")
    return np.array(data.asstr()[:].tolist()) if texts else data[:]


def _start(data: Any) -> int | None:
    """The byte at which the numbers of a data set lie in its file in one piece, ready to be mapped."""
    if data.chunks is not None or not data.dtype.isnative or data.dtype.kind == "b" or data.dtype == np.float16:
        return None
    start = data.id.get_offset()
    whole = start is not None and data.id.get_storage_size() == math.prod(data.shape) * data.dtype.itemsize
    return start if whole else None


def _reader(path: Path, name: str) -> Any:
    def blocks() -> Iterator[tuple[str, np.ndarray]]:
        with _opened(path) as file:
            data = file[name]
            step = rows_at_once(data.shape, data.dtype)
            for first in range(0, data.shape[0], step):
                yield f"{str(path)!r}, data set {name}, from row {first}", data[first : first + step]

    return blocks
