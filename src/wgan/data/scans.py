"""Signals, images and volumes in files that are no pictures: .npy folders, TIFF stacks, NIfTI and HDF5.

A folder holds one row in each file. One file holds many rows: the pages of a TIFF, the last axis of a NIfTI file, the
first axis of a data set in HDF5. Rows that cannot be mapped where they lie are joined into the user's cache.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from wgan.data import hdf5, nifti, tiffs
from wgan.data.arrays import from_array
from wgan.data.axes import AXES, in_words
from wgan.data.folder import files_below, labels_of, stamp_of_source, suffix_of, walked
from wgan.data.joined import Parts, joined, key_of
from wgan.data.labels import as_labels
from wgan.data.mapped import Mapped
from wgan.data.numpy_files import AGAIN, array_in, declared
from wgan.data.packed import size_of
from wgan.data.pictures import SUFFIXES as PICTURES
from wgan.data.rows import Dataset
from wgan.errors import WganError, setting
from wgan.files.printed import shown
from wgan.files.reading import explained, opened

PAGED = {2: "images", 3: "volumes"}  # the rows of TIFF and NIfTI, by their axes: their rows have no axis of channels
WORDS = ".tif, .nii, .nii.gz, .h5 or .hdf5"


class Row(NamedTuple):
    """What the header of a file in a folder says of its row, and what reads it."""

    shape: tuple[int, ...]
    dtype: np.dtype
    read: Callable[[], np.ndarray]


class Scans(NamedTuple):
    """Rows of files that are no pictures, and what is known of them."""

    rows: np.ndarray
    mapped: Mapped
    sha256: str = ""
    labels: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    how: str = ""  # how the rows were found, as the end of a sentence
    kind: str = "auto"  # what the files say of the axes, if they say it


def load_scans(path: Path, kind: str = "auto") -> Dataset | None:
    """The rows of a file or folder of scans, of this kind; None for a path that is none, such as a folder of pictures.

    Raises WganError for a file that is damaged or not understood, files of several kinds, rows of several shapes, and
    whatever `from_array` refuses.
    """
    file, name = hdf5.file_and_name(path)
    if path.is_dir():
        suffixes = suffixes_in(path)
        found = _folder(path, suffixes) if suffixes else None
    elif not file.is_file():
        return None
    elif file.suffix.lower() in hdf5.SUFFIXES:
        found = _hdf5(file, name)
    else:
        found = _single(path)
    if found is None:
        return None
    title = file.name[: len(file.name) - len(suffix_of(file.name))] or file.name
    title = shown(path.resolve().name or "scans") if path.is_dir() else title
    _refuse_other_kind(found, kind, path)
    kind = found.kind if kind == "auto" else kind
    dataset = from_array(found.rows, name=shown(path), kind=kind)
    shared = np.may_share_memory(dataset.rows, found.rows)  # else the rows were converted in memory
    how = found.how + "".join(dataset.source.partition("; ")[1:])
    return replace(
        dataset,
        name=title,
        labels=found.labels,
        label_names=found.label_names,
        source=f"{shown(path)}{how}",
        mapped=found.mapped if shared else None,
        sha256=found.sha256 if shared else "",
    )


def _refuse_other_kind(found: Scans, kind: str, path: Path) -> None:
    """Raise WganError if rows whose kind their files say cannot be of the kind that the user says."""
    axes = found.rows.ndim - 1
    if "auto" in (kind, found.kind) or AXES.get(kind, axes) in (axes, axes - 1):
        return
    shape = found.rows.shape[1:] + (1,) * (axes == AXES[found.kind])
    if kind == "volumes" and not path.is_dir():
        remedy = f"give a folder with one {suffix_of(path.name)} file for each volume, or leave {setting('kind')} out"
    else:
        remedy = f"leave {setting('kind')} out, or reshape the rows and give them as a .npy file"
    held = in_words(len(found.rows), shape, found.kind)
    raise WganError(f"{setting('kind')} is {kind!r}, but {shown(path)} holds {held}; {remedy}")


def suffixes_in(path: Path) -> tuple[str, ...]:
    """The suffixes of the scans that a folder holds; () for a folder of pictures, and for one without scans.

    Pictures come first: a folder with a .png is one of pictures, and so is one whose first .tif is a picture.
    Raises WganError for scans of several kinds.
    """
    kinds = Counter[tuple[str, ...]]()
    first = ""
    for folder, names in walked(path):
        for name in names:
            suffix = suffix_of(name)
            if suffix in PICTURES and suffix not in tiffs.SUFFIXES:
                return ()
            kind = next((kind for kind in FOLDERS if suffix in kind), None)
            if kind is None:
                continue
            kinds[kind] += 1
            if kind == tiffs.SUFFIXES:
                first = min(first or "\U0010ffff", os.path.relpath(os.path.join(folder, name), path))
    if first and _is_picture(path / first):
        return ()
    if len(kinds) > 1:
        held = " and ".join(f"{count:,} {' or '.join(kind)}" for kind, count in kinds.items())
        raise WganError(f"{str(path)!r} holds {held}; give a folder with files of one kind")
    return next(iter(kinds), ())


def _is_picture(path: Path) -> bool:
    """Whether a .tif is a picture, or broken, which the folder of pictures says."""
    try:
        return tiffs.header(path).pictures
    except WganError:
        return True


def _folder(path: Path, suffixes: tuple[str, ...]) -> Scans:
    """The rows of a folder, one for each file with these suffixes."""
    names, stamps, _ = files_below(path, suffixes)
    source = shown(path)

    def read() -> Parts:
        row = FOLDERS[suffixes]
        first = row(path / names[0])
        for name in names[1:]:
            other = row(path / name)
            if (other.shape, other.dtype) != (first.shape, first.dtype):
                several = "dtypes" if other.shape == first.shape else "shapes"
                raise WganError(
                    f"{source} holds rows of several {several}: {names[0]!r} is {_words(first)}, but {name!r} is "
                    f"{_words(other)}; give files of one shape and dtype"
                )

        def blocks() -> Iterator[tuple[str, np.ndarray]]:
            for name in names:
                yield repr(str(path / name)), row(path / name).read()[np.newaxis]

        return Parts((len(names), *first.shape), first.dtype, blocks)

    found = joined(source, key_of("folder", str(path.resolve()), *suffixes, *names, *stamps), read)
    labels, label_names = labels_of(names)
    kind = PAGED.get(found.rows.ndim - 1, "auto") if suffixes != (".npy",) else "auto"
    return Scans(
        *found, labels, tuple(map(shown, label_names)), f"; {len(names):,} file{'s' * (len(names) != 1)}", kind
    )


def _words(row: Row) -> str:
    return f"{'x'.join(map(str, row.shape)) or 'a number'} {row.dtype}"


def _of_npy(path: Path) -> Row:
    def read() -> np.ndarray:
        with _npy(path) as (file, size):
            return array_in(file, size)

    with _npy(path) as (file, size):
        found = declared(file, size)
    return Row(found.shape, found.dtype, read)


@contextmanager
def _npy(path: Path) -> Iterator[tuple[IO[bytes], int]]:
    """An open .npy file and its size. Raises WganError, which names the path, for what goes wrong."""
    try:
        with opened(path) as file, explained("read", path):
            if not (size := size_of(file)):
                raise ValueError("it is empty")
            yield file, size
    except ValueError as fault:
        raise WganError(f"cannot read {str(path)!r} ({fault}); {AGAIN}") from None


def _of_tiff(path: Path) -> Row:
    found = tiffs.header(path)

    def read() -> np.ndarray:
        every = list(tiffs.pages(path, found))
        return every[0] if found.total == 1 else np.stack(every)

    return Row((found.total, *found.shape) if found.total > 1 else found.shape, found.dtype, read)


def _of_nifti(path: Path) -> Row:
    found = nifti.header(path)
    return Row(found.shape, found.dtype, lambda: next(nifti.blocks(path, found)))


# What reads the row of a file in a folder, by the suffixes that may lie beside each other.
FOLDERS: dict[tuple[str, ...], Callable[[Path], Row]] = {
    (".npy",): _of_npy,
    tiffs.SUFFIXES: _of_tiff,
    nifti.SUFFIXES: _of_nifti,
}


def _single(path: Path) -> Scans | None:
    """The rows of one file: the pages of a TIFF, or the places on the last axis of a NIfTI file."""
    suffix = suffix_of(path.name)
    if suffix not in (*tiffs.SUFFIXES, *nifti.SUFFIXES):
        return None
    source = shown(path)

    def blocks_of(arrays: Iterator[np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
        for number, row in enumerate(arrays):
            yield f"{str(path)!r}, row {number},", row[np.newaxis]

    def read() -> Parts:
        if suffix in tiffs.SUFFIXES:
            pages = tiffs.header(path)
            return Parts((pages.total, *pages.shape), pages.dtype, lambda: blocks_of(tiffs.pages(path, pages)))
        found = nifti.header(path)
        shape = (found.shape[-1], *found.shape[:-1])
        return Parts(shape, found.dtype, lambda: blocks_of(nifti.blocks(path, found, along_last=True)))

    found = joined(source, key_of("file", str(path.resolve()), stamp_of_source(path)), read)
    paged = suffix in tiffs.SUFFIXES  # a page is an image, also with colours
    how, kind = ("page", "images") if paged else ("place on its last axis", PAGED.get(found.rows.ndim - 1, "auto"))
    return Scans(found.rows, found.mapped, found.sha256, how=f"; each {how} is a row", kind=kind)


def _hdf5(path: Path, name: str) -> Scans:
    """The rows of a data set in an HDF5 file, mapped where they lie if they lie there as they are."""
    found = hdf5.find(path, name)
    labels: np.ndarray | None = None
    names: tuple[str, ...] = ()
    if found.labels is not None:
        labels, names = as_labels(found.labels, found.parts.shape[0], f"{str(path)!r}, data set {found.labels_name},")
    how = f"; rows from the data set {shown(found.name)}"
    how += f", labels from {shown(found.labels_name)}" if found.labels_name else ""
    if there := hdf5.mapped_rows(path, found):
        return Scans(*there, "", labels, names, how)
    key = key_of("hdf5", str(path.resolve()), found.name, stamp_of_source(path))
    return Scans(*joined(shown(path), key, lambda: found.parts), labels, names, how)
