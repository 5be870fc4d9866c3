"""NIfTI files, .nii and .nii.gz: nibabel reads their header, and the numbers are read here, one block at a time.

A header can be followed by extensions, which hold what other programs wrote; they are never looked at.
"""

import gzip
import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from wgan.data.packed import BROKEN, refuse_times, size_of
from wgan.errors import WganError, install
from wgan.files.memory import refuse_more_than_free
from wgan.files.reading import opened

SUFFIXES = (".nii", ".nii.gz")
LENGTHS = {348: "Nifti1Header", 540: "Nifti2Header"}  # of a header in bytes, which is its first number
WHOLE = b"n+"  # in the header of a file that holds its numbers too
INSTEAD = "save its numbers as .npy"
BLOCK = 2**20
FARTHEST = 2**26  # the byte at which numbers begin, behind the extensions
ORDERS: tuple[Any, ...] = ("little", "big")

LACKING = {"bool": np.dtype(np.uint8), "float16": np.dtype(np.float32)}  # what NIfTI has not, and what holds it


class Volume(NamedTuple):
    """What a header says: numbers of `written` in this shape, the first axis fastest, scaled by slope and intercept."""

    shape: tuple[int, ...]
    written: np.dtype
    start: int  # the byte at which they begin
    slope: float | None
    intercept: float

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the numbers once they are scaled."""
        if self.slope is None:
            return self.written
        return np.dtype(np.float32 if self.written.itemsize <= 2 else np.float64)

    @property
    def end(self) -> int:
        """The byte behind the last number."""
        return self.start + math.prod(self.shape) * self.written.itemsize


def nibabel_for(name: str) -> Any:
    """The package nibabel. Raises WganError without it."""
    try:
        import nibabel
    except ImportError:
        raise WganError(f"{name} needs one more package; {install('scans')}") from None
    return nibabel


def header(path: Path) -> Volume:
    """What the header of a file says. Raises WganError for a file that is damaged, too short or not understood."""
    nibabel = nibabel_for(str(path))
    with _opened(path) as (file, size):
        start = file.read(4)
        if not start:
            raise ValueError("it is empty")
        length = next((int.from_bytes(start, order) for order in ORDERS if int.from_bytes(start, order) in LENGTHS), 0)
        raw = start + file.read(max(0, length - 4))
        if not length or len(raw) < length:
            raise ValueError("it does not begin as a NIfTI file does")
        try:
            found = _volume(getattr(nibabel, LENGTHS[length])(raw, check=False), length)
        except nibabel.spatialimages.HeaderDataError as fault:
            raise ValueError(str(fault)) from None
    if _is_packed(path):
        refuse_times(path, found.end, size, INSTEAD)
    elif found.end > size:
        raise _refused(path, f"its header declares {found.end:,} bytes, more than its {size:,}")
    return found


def blocks(path: Path, found: Volume, along_last: bool = False) -> Iterator[np.ndarray]:
    """The numbers of a file as one array, or one array for each place of the last axis."""
    shape, count = (found.shape[:-1], found.shape[-1]) if along_last else (found.shape, 1)
    length = math.prod(shape) * found.written.itemsize
    refuse_more_than_free(2 * length, f"a part of {str(path)!r}", INSTEAD)
    with _opened(path) as (file, _):
        _read(file, found.start)
        for _ in range(count):
            numbers = np.frombuffer(_read(file, length), found.written).reshape(shape, order="F")
            if found.slope is not None:
                numbers = (numbers * np.float64(found.slope) + np.float64(found.intercept)).astype(found.dtype)
            yield numbers


def write(rows: Iterator[np.ndarray], shape: tuple[int, ...], dtype: np.dtype, path: Path, name: Path) -> Iterator[int]:
    """Write rows of this shape so that the last axis counts them; how many are written is yielded after each."""
    nibabel = nibabel_for(str(name))
    large = max(shape) > np.iinfo(np.int16).max
    header = (nibabel.Nifti2Header if large else nibabel.Nifti1Header)()
    header.set_data_dtype(LACKING.get(dtype.name, dtype))
    header.set_data_shape((*shape[1:], shape[0]))
    header["magic"] = b"n+2" if large else b"n+1"
    start = len(header.binaryblock) + 4  # four zeros say that no extension follows
    header.set_data_offset(start)
    with ExitStack() as files:
        file: Any = files.enter_context(path.open("wb"))
        if _is_packed(name):
            file = files.enter_context(gzip.GzipFile("", "wb", 6, file, mtime=0))
        file.write(header.binaryblock + bytes(4))
        for done, row in enumerate(rows, 1):
            file.write(row.astype(header.get_data_dtype()).tobytes(order="F"))
            yield done


def _volume(found: Any, length: int) -> Volume:
    """What nibabel's header says. Raises ValueError for what is not understood."""
    if not bytes(found["magic"]).startswith(WHOLE):
        raise ValueError("its numbers lie in another file")
    try:
        written = found.get_data_dtype()
    except (KeyError, ValueError):
        raise ValueError("its kind of numbers is unknown") from None
    axes = int(found["dim"][0])
    shape = tuple(int(n) for n in found["dim"][1 : 1 + axes])
    if not 1 <= axes <= 7 or min(shape) < 0:
        raise ValueError(f"its shape is {shape}")
    while len(shape) > 2 and 1 in shape:  # NIfTI writes such axes for the depth of an image and for a single time
        at = len(shape) - 1 - shape[::-1].index(1)
        shape = (*shape[:at], *shape[at + 1 :])
    start = float(found["vox_offset"])
    if not length <= start <= FARTHEST:
        raise ValueError(f"its numbers begin at the byte {start:g}")
    slope, intercept = found.get_slope_inter()
    if (slope in (None, 1.0) and not intercept) or written.kind not in "iuf":
        return Volume(shape, written, int(start), None, 0.0)
    return Volume(shape, written, int(start), float(slope), float(intercept or 0.0))


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], int]]:
    """What a file holds, unpacked, and its size. Raises WganError, which names the path, for what goes wrong."""
    with opened(path) as packed:
        size = size_of(packed)
        try:
            if not _is_packed(path) or not size:
                yield packed, size
                return
            with gzip.open(packed) as unpacked:
                file: Any = unpacked  # which mypy does not take for a file of bytes
                yield file, size
        except BROKEN as fault:
            raise _refused(path, str(fault)) from None


def _read(file: IO[bytes], length: int) -> bytearray:
    """So many bytes. Raises ValueError where the file ends before."""
    data = bytearray()
    while len(data) < length and (part := file.read(min(BLOCK, length - len(data)))):
        data += part
    if len(data) < length:
        raise ValueError("it ends within its numbers")
    return data


def _is_packed(path: Path) -> bool:
    return path.suffix.lower() == ".gz"


def _refused(path: Path, why: str) -> WganError:
    why = " ".join(why.split())[:200].rstrip(".").replace(". ", "; ")
    return WganError(f"cannot read {str(path)!r} ({why}); {INSTEAD}")
