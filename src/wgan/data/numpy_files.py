"""Read .npy files, which are mapped into memory, and .npz files. Nothing is ever unpickled.

What a header declares is compared with the file before memory is taken.
"""

import ast
import math
import re
import warnings
import zipfile
from collections.abc import Container
from difflib import get_close_matches
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from wgan.data.mapped import Mapped
from wgan.data.packed import BROKEN, refuse_unpacked, size_of
from wgan.errors import WganError
from wgan.files import reading

START = b"\x93NUMPY"
LONGEST_HEADER = 10_000  # bytes, as in NumPy
MOST_AXES = 32
MOST_ENTRIES = 1_000  # arrays of an .npz
BLOCK = 2**20
NEARLY = 0.8  # how alike two names of arrays are, from which on one is taken for a slip of the other
CONDITION = "condition"  # the key of the numbers that generation is given
DTYPE = re.compile(r"[<>=|]?[a-zA-Z?][0-9]{0,10}(\[[0-9a-zA-Z]{1,20}\])?")
UNZIPPED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
AGAIN = "write it again with numpy.save, as plain numbers"
INSTEAD = "write the rows with numpy.save, since an .npy file is not unpacked"


class Numpy(NamedTuple):
    """The rows of a file, their labels, their conditions, and the file that the rows are a map of, if they are."""

    rows: np.ndarray
    labels: np.ndarray | None = None
    condition: np.ndarray | None = None
    mapped: Mapped | None = None


class Declared(NamedTuple):
    """What the header of a .npy file says: its array begins at the byte `start`."""

    dtype: np.dtype
    shape: tuple[int, ...]
    order: str  # "C" or "F"
    start: int

    @property
    def length(self) -> int:
        """The bytes of the array."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_numpy(path: Path) -> Numpy:
    """Read the rows of a .npy or .npz file and their labels, None without labels.

    Raises WganError for a file that is damaged or holds Python objects, and for an .npz that is too large or whose
    arrays have other names.
    """
    try:
        with reading.opened(path) as file, reading.explained("read", path):
            if not size_of(file):
                raise ValueError("it is empty")
            zipped = file.read(2) == b"PK"
            file.seek(0)
            return _zipped(path, file) if zipped else _mapped(path, file)
    except ValueError as fault:
        raise WganError(f"cannot read {str(path)!r} ({fault}); {AGAIN}") from None


def array_in(file: IO[bytes], size: int) -> np.ndarray:
    """The array of a .npy file of this size, read into memory. Raises ValueError with what is wrong."""
    found = declared(file, size)
    array = np.empty(found.length // found.dtype.itemsize, found.dtype)
    with memoryview(array.view(np.uint8).data) as whole:
        for first in range(0, found.length, BLOCK):
            part = file.read(min(BLOCK, found.length - first))
            if len(part) < min(BLOCK, found.length - first):
                raise ValueError(f"it ends after {first + len(part):,} of {found.length:,} bytes of its array")
            whole[first : first + len(part)] = part
    if file.read(1):
        raise ValueError("it has bytes after its array")
    return array.reshape(found.shape, order=found.order)  # type: ignore[call-overload]


def declared(file: IO[bytes], size: int) -> Declared:
    """What the header of a .npy file of this size says. Raises ValueError with what is wrong."""
    start = file.read(8)
    if start[:6] != START:
        raise ValueError("it does not begin as a .npy file does")
    if len(start) < 8 or start[6] not in (1, 2, 3):
        raise ValueError("it has a version that NumPy does not write")
    width = 2 if start[6] == 1 else 4
    length = int.from_bytes(file.read(width), "little")
    if length > LONGEST_HEADER:
        raise ValueError(f"its header has {length:,} bytes, more than {LONGEST_HEADER:,}")
    text = file.read(length)
    if len(text) < length:
        raise ValueError("it ends within its header")
    fields = _fields(text)
    if not isinstance(fields, dict) or fields.keys() != {"descr", "fortran_order", "shape"}:
        raise ValueError("its header has other fields than descr, fortran_order and shape")
    shape, order = fields["shape"], fields["fortran_order"]
    if type(shape) is not tuple or any(type(axis) is not int or axis < 0 for axis in shape) or len(shape) > MOST_AXES:
        raise ValueError(f"its shape is {_short(shape)}")
    if type(order) is not bool:
        raise ValueError(f"its fortran_order is {_short(order)}")
    found = Declared(_dtype(fields["descr"]), shape, "F" if order else "C", 8 + width + length)
    if math.prod(max(1, axis) for axis in shape) * found.dtype.itemsize >= 2**63 or found.start + found.length > size:
        raise ValueError(
            f"its header declares {_short(shape)} of {found.dtype.name}, more than its {size:,} bytes hold"
        )
    return found


def _fields(text: bytes) -> object:
    """The value that the header writes as a literal of Python; long integers may end in L, as Python 2 wrote them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the parser, on text that no header has
        try:
            literal = text.decode("utf-8", "replace").strip().replace("\0", "?")
            if re.search(r"\dL\b", literal):
                literal = re.sub(r"(\d)L\b", r"\1", literal)
            return ast.literal_eval(literal)
        except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):  # what `literal_eval` raises
            raise ValueError("its header is not readable") from None


def _dtype(said: object) -> np.dtype:
    """The dtype that a header names; only plain numbers, times and texts, no records and no Python objects."""
    if isinstance(said, list):
        raise ValueError("it holds records with named fields, not plain numbers")
    if not isinstance(said, str) or not DTYPE.fullmatch(said):
        raise ValueError(f"its dtype is {_short(said)}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy warns of names that it used to have
        try:
            dtype = np.dtype(said)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(f"its dtype is {_short(said)}") from None
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which are never unpickled")
    if dtype.kind not in "biufcSUmMV" or dtype.itemsize == 0:
        raise ValueError(f"its dtype is {_short(said)}")
    return dtype


def _mapped(path: Path, file: IO[bytes]) -> Numpy:
    mapped = Mapped(path, file)
    found = declared(file, size_of(file))
    rows = np.memmap(file, found.dtype, "r", found.start, found.shape, found.order)  # type: ignore[call-overload]
    return Numpy(rows, None, None, mapped)


def _zipped(path: Path, file: IO[bytes]) -> Numpy:
    try:
        archive = zipfile.ZipFile(file)
    except BROKEN as fault:
        raise ValueError(_why(fault)) from None
    with archive:
        entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
        if len(entries) > MOST_ENTRIES:
            raise ValueError(f"it holds {len(entries):,} arrays, more than {MOST_ENTRIES:,}")
        label_key = next((key for key in ("y", "labels") if key in entries), None)
        keys: list[str] = [key for key in ("X", "images", "rows", "x") if key in entries]
        keys = keys or [key for key in entries if key not in (label_key, CONDITION)]
        if len(keys) != 1:
            found = f"the arrays {', '.join(map(str, entries))}" if entries else "no array"
            raise WganError(
                f"{str(path)!r} holds {found}; call exactly one of them X, images, rows or x, "
                "the labels, if any, y or labels, and the numbers that generation is given, if any, condition"
            )
        _refuse_nearly(path, [key for key in entries if key not in (*keys, label_key, CONDITION)], entries)
        rows = _entry(path, file, archive, entries[keys[0]])
        labels, condition = (
            _entry(path, file, archive, entries[key]) if key in entries else None for key in (label_key, CONDITION)
        )
    return Numpy(rows, labels, condition)


def _refuse_nearly(path: Path, others: list[str], known: Container[str]) -> None:
    """Raise WganError for an array that is not read and whose name is nearly that of one that would be."""
    for name in others:
        close = get_close_matches(name.lower(), ("labels", CONDITION), n=1, cutoff=NEARLY)
        if close and close[0] not in known:
            raise WganError(
                f"{str(path)!r} holds the array {name}, which is not read; call it {close[0]}, or give it another name"
            )


def _entry(path: Path, file: IO[bytes], archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> np.ndarray:
    """An array of an .npz."""
    if entry.flag_bits & 1:
        raise ValueError(f"its array {entry.filename} is encrypted")
    if entry.compress_type not in UNZIPPED:
        raise ValueError(f"its array {entry.filename} is compressed by method {entry.compress_type}, which is unknown")
    refuse_unpacked(path, entry.file_size, size_of(file), INSTEAD)
    try:
        with archive.open(entry) as packed:
            return array_in(packed, entry.file_size)
    except BROKEN as fault:
        raise ValueError(f"its array {entry.filename}: {_why(fault)}") from None


def _why(fault: Exception) -> str:
    return " ".join(str(fault).split())[:200].rstrip(".") or type(fault).__name__


def _short(value: object) -> str:
    """A value of a header in a few letters; an integer may have more digits than Python writes."""
    try:
        text = str(value)
    except (ValueError, RecursionError):
        text = "a very large number"
    return text if len(text) < 60 else f"{text[:60]}..."
