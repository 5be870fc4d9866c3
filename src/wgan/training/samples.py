"""Samples on the disk: a file or a folder appears whole or not at all, and long ones are written in parts."""

import shutil
import zipfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np

from wgan.data import Form, hdf5, nifti, tiffs
from wgan.data.axes import in_words
from wgan.data.columns import TableForm
from wgan.data.folder import suffix_of
from wgan.data.table_files import is_table
from wgan.data.table_files import write as write_table
from wgan.errors import WganError
from wgan.files.memory import in_words as bytes_in_words
from wgan.files.writing import filling_folder, replacing, replacing_folder
from wgan.reports import figures
from wgan.training.drawing import CHUNK, Drawn, whole

PICTURED = 100_000  # samples in one picture, at most
SPARE = 0.95  # of the free disk that samples may take

Writer = Callable[[Drawn, Path, Path], Iterator[int]]  # of samples, into the first path under the name of the second


def write(samples: Drawn, out: Path, show: Callable[[int], None] = lambda done: None) -> None:
    """Write samples as a .png or .gif, an array, a scan, a .csv or .parquet table, or a folder of a file each.

    Arrays are .npy and .npz, scans .h5, .tif (a page for each image) and .nii or .nii.gz (the samples along the last
    axis). A folder holds a PNG of each picture, or a .npy file of each row that is no picture. A .gif shows one sample
    after another, and volumes slice by slice. A .npz file has the key "rows", the key "labels", with names of classes,
    if there are labels, and the key "condition" if there are conditions apart from the rows. `show` gets the number of
    samples that are written so far. Raises WganError for a name that does not fit the samples, and as soon as they
    would not fit on the disk; an earlier file is then as it was.
    """
    writer = _writer(samples, out)
    whole = replacing if writer is not _pictures else filling_folder if out.is_dir() else replacing_folder
    with whole(out) as temporary:
        for done in writer(samples, temporary, out):
            show(done)
            _refuse_full_disk(temporary, out, done, samples.total)


def _writer(samples: Drawn, out: Path) -> Writer:
    """The writer that the name of the file asks for. Raises WganError if no writer fits the name or the rows."""
    form, suffix = samples.form, suffix_of(out.name)
    if is_table(out):
        if not isinstance(form, TableForm):
            raise WganError(f"--out {out} takes samples of a table, but these are {form.kind}; use .npy or .npz.")
        return _table
    if isinstance(form, TableForm) and suffix in ("", *TAKES):
        raise WganError(
            f"--out {out} takes rows with axes of space, but these are rows of a table; use .csv, .parquet, .npy, "
            ".npz, or .png for a figure."
        )
    if suffix not in WRITERS:
        raise WganError(
            f"--out {out} ends in {suffix}; use .png, .gif, .npy, .npz, .csv, .parquet, .h5, .tif, .nii, or a folder's "
            "name."
        )
    takes = TAKES.get(suffix)
    if (suffix == "" and not form.space) or (takes and not takes[1](form)):
        words = takes[0] if takes else "rows with axes of space"
        raise WganError(
            f"--out {out} takes {words}, but these are {in_words(samples.total, form.shape, form.kind)}; use .npy, "
            ".npz, or .png for a figure."
        )
    if suffix in (".png", ".gif") and samples.total > PICTURED:
        raise WganError(
            f"a {suffix} shows {PICTURED:,} samples at most, not {samples.total:,}; use -n {PICTURED}, or an --out of "
            "another kind."
        )
    return WRITERS[suffix]


def _refuse_full_disk(temporary: Path, out: Path, done: int, count: int) -> None:
    """Raise WganError if the samples that are not written yet would not fit on the disk, as those before say."""
    if temporary.is_dir():  # the first pictures speak for all, since there may be millions
        sizes = [file.stat().st_size for file in islice(temporary.iterdir(), CHUNK)]
        each = sum(sizes) / len(sizes)
    else:
        each = temporary.stat().st_size / done
    free = shutil.disk_usage(temporary.parent).free
    if each * (count - done) > SPARE * free:
        raise WganError(
            f"{count:,} samples take {bytes_in_words(each * count)} on the disk, but {bytes_in_words(free)} are free "
            f"where {out} is; use -n {int(SPARE * free / each) + done} or less, or choose another place."
        )


def _picture(samples: Drawn, path: Path, out: Path) -> Iterator[int]:
    figures.samples(whole(samples), samples.form, path)
    yield samples.total


def _animation(samples: Drawn, path: Path, out: Path) -> Iterator[int]:
    figures.animation(whole(samples), samples.form, path)
    yield samples.total


def _pictures(samples: Drawn, folder: Path, out: Path) -> Iterator[int]:
    form, done = samples.form, 0
    for rows in samples.rows():
        for one in figures.as_stored(rows, form) if form.picture else form.as_given(rows):
            path = folder / f"{done:06d}.{'png' if form.picture else 'npy'}"
            figures.image(one, path) if form.picture else np.save(path, one, allow_pickle=False)
            done += 1
            if done % CHUNK == 0 or done == samples.total:
                yield done


def _array(samples: Drawn, path: Path, out: Path) -> Iterator[int]:
    with path.open("wb") as file:
        for done in _npy(samples, file):
            file.flush()
            yield done


def _archive(samples: Drawn, path: Path, out: Path) -> Iterator[int]:
    """An archive as `numpy.savez_compressed` writes it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("rows.npy", "w", force_zip64=True) as entry:
            yield from _npy(samples, entry)
        for name, more in (("labels", samples.labels), ("condition", samples.conditions)):
            if more is None:
                continue
            parts = more()
            first = next(parts)
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                _begin(entry, first.dtype, (samples.total, *first.shape[1:]))
                entry.write(np.ascontiguousarray(first).data)
                for part in parts:
                    entry.write(np.ascontiguousarray(part).data)
    yield samples.total


def _npy(samples: Drawn, file: IO[bytes]) -> Iterator[int]:
    """Write the rows as NumPy does; yield how many are written after each part."""
    done = 0
    for rows in map(samples.form.as_given, samples.rows()):
        if not done:
            _begin(file, rows.dtype, (samples.total, *rows.shape[1:]))
        file.write(np.ascontiguousarray(rows).data)
        done += len(rows)
        yield done


def _begin(file: IO[bytes], dtype: np.dtype, shape: tuple[int, ...]) -> None:
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)


def _table(samples: Drawn, path: Path, out: Path) -> Iterator[int]:
    assert isinstance(samples.form, TableForm)
    return write_table(samples.form, samples.rows(), samples.total, path, out)


def _hdf5(samples: Drawn, path: Path, out: Path) -> Iterator[int]:
    form = samples.form
    rows, shape = map(form.as_given, samples.rows()), form.shape[:-1] if form.squeezed else form.shape
    labels = None if samples.labels is None else samples.labels()
    return hdf5.write(rows, (samples.total, *shape), labels, path, out)


def _tiff(samples: Drawn, path: Path, out: Path) -> Iterator[int]:
    form = samples.form
    dtype = tiffs.as_written(np.dtype(form.dtype), form.low, form.high)
    if dtype is None:
        raise WganError(f"--out {out} cannot hold {form.dtype} numbers of this size; use .npy, .npz or .h5.")
    return tiffs.write((one[..., 0].astype(dtype) for one in _each(samples)), path)


def _nifti(samples: Drawn, path: Path, out: Path) -> Iterator[int]:
    form = samples.form
    rows, shape = (one[..., 0] for one in _each(samples)), (samples.total, *form.space)
    return nifti.write(rows, shape, np.dtype(form.dtype), path, out)


def _each(samples: Drawn) -> Iterator[np.ndarray]:
    return (one for rows in samples.rows() for one in rows)


WRITERS: dict[str, Writer] = {
    **{".png": _picture, ".gif": _animation, ".npy": _array, ".npz": _archive, "": _pictures},
    **dict.fromkeys(hdf5.SUFFIXES, _hdf5),
    **dict.fromkeys(tiffs.SUFFIXES, _tiff),
    **dict.fromkeys(nifti.SUFFIXES, _nifti),
}


def _one_channel(form: Form, *axes: int) -> bool:
    """Whether rows have one channel, and so many axes of space."""
    return form.shape[-1] == 1 and len(form.space) in axes


# What a kind of file takes, in words and as a test of the form, if it is not everything.
TAKES: dict[str, tuple[str, Callable[[Form], bool]]] = {
    ".gif": ("grey or colour images, or volumes", lambda form: form.picture or len(form.space) == 3),
    **dict.fromkeys(tiffs.SUFFIXES, ("images of one channel", lambda form: _one_channel(form, 2))),
    **dict.fromkeys(nifti.SUFFIXES, ("images and volumes of one channel", lambda form: _one_channel(form, 2, 3))),
}
