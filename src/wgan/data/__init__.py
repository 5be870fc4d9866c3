"""Data sets: a name, a file, a folder, a table or an array becomes one Dataset, whose rows stay as they are on disk.

It may use `runs`, `maths`, `files` and `errors`, and pandas, pyarrow, datasets, nibabel or h5py only for data that need
them.
"""

import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wgan.data.array_form import form_from_json
from wgan.data.arrays import from_array
from wgan.data.cache import decoded, survey
from wgan.data.cifar import load_cifar
from wgan.data.conditions import of_array
from wgan.data.crops import crops_of
from wgan.data.folder import folder_pictures
from wgan.data.foreign import how_to_convert
from wgan.data.given_laws import given_law, shower_rows
from wgan.data.hub import PREFIX, load_hub
from wgan.data.idx import load_idx_pair, read_idx
from wgan.data.labels import Classes, as_labels, classes_of
from wgan.data.lsun import FILE, load_lmdb
from wgan.data.names import said_names
from wgan.data.numpy_files import read_numpy
from wgan.data.places import configs_by_place, places_of, sha256_of, verified
from wgan.data.rows import Dataset, Form, split
from wgan.data.scans import WORDS as SCANS
from wgan.data.scans import load_scans, suffixes_in
from wgan.data.table_files import WORDS, describe, is_table, note_lines
from wgan.data.table_files import read as read_table
from wgan.data.toys import LENGTH, TOY_ROWS, TOYS, digits, medium, toy, waves
from wgan.errors import WganError, setting, unknown_name
from wgan.files.printed import page
from wgan.files.reading import as_path
from wgan.runs import folder as runs

if TYPE_CHECKING:
    from wgan.config import Config

__all__ = [
    "DATASETS",
    "TOYS",
    "Classes",
    "Dataset",
    "DatasetInfo",
    "Form",
    "as_labels",
    "classes_of",
    "cropped",
    "dataset_of",
    "dataset_of_run",
    "describe",
    "form_from_json",
    "from_array",
    "is_table",
    "label_counts",
    "load",
    "load_cifar",
    "load_idx_pair",
    "look",
    "note_lines",
    "places_for",
    "read_idx",
    "read_table",
    "sha256_of",
    "split",
    "toy",
    "verified",
]


@dataclass(frozen=True)
class DatasetInfo:
    """A named data set; `make(data_dir, seed)` returns its Dataset, or `sized(seed, size)` one of that size."""

    name: str
    text: str
    make: Callable[[Path | None, int], Dataset]
    sized: Callable[[int, int], Dataset] | None = None


def load(
    name_or_path: str | Path,
    *,
    data_dir: str | Path | None = None,
    seed: int = 0,
    size: int | None = None,
    resize: str = "crop",
    drop: str | None = None,
    column: Any = None,
    kind: str = "auto",
) -> Dataset:
    """Load a data set by its name, or from a folder, an LMDB, or a .npy, .npz, .csv, .tsv or .parquet file.

    A folder holds images or scans, and a file may be a scan too; see `scans`.

    `data_dir` is searched first for the files of named sets, and `seed` draws the toys. A Path is never taken for a
    name. Images in a folder become `size` x `size` pixels; `resize` ("crop", "pad" or "stretch") says how to fit those
    that are not square. They are decoded once into the user's cache and memory-mapped from there. `drop` names the
    columns of a table to leave out, as a text NAME,NAME or a list, and `column` says the kinds of others, as texts
    NAME=KIND or a dict; what was guessed of them is in the notes of the Dataset. `kind` says how the axes of an array
    are read; see `axes`. Raises WganError for an unknown name, a file that is missing or unreadable, or rows that
    cannot be trained on.
    """
    named = DATASETS.get(name_or_path) if isinstance(name_or_path, str) else None
    if not named:
        as_path(name_or_path, "the data")
    if data_dir is not None and not named:
        raise WganError(
            f"{setting('data_dir')} is only for named data sets, and {str(name_or_path)!r} is not one; leave it out"
        )
    if size is None and resize != "crop":
        raise WganError(
            f"{setting('resize')} is {resize!r}, but it needs {setting('size')}; give that too, or leave it out"
        )
    drop = said_names(drop, "drop")
    for field, value in (("drop", drop), ("column", column)):
        if value and not is_table(name_or_path):
            raise WganError(
                f"{setting(field)} is only for tables ({WORDS}), and {str(name_or_path)!r} is not one; leave it out"
            )
    if isinstance(name_or_path, str) and name_or_path.startswith(PREFIX):
        return load_hub(name_or_path, size, resize)
    path = Path(os.path.expanduser(name_or_path))
    if not named:
        _refuse_run(path)
    if path.is_dir() and not named and (path / FILE).exists():
        return load_lmdb(path, size, resize)
    if size is None and not named and (scans := load_scans(path, kind)):
        return scans
    if kind != "auto" and (named or path.suffix.lower() not in (".npy", ".npz")):
        raise WganError(
            f"{setting('kind')} is only for arrays (.npy, .npz, {SCANS}), and {str(name_or_path)!r} is not one; "
            "leave it out"
        )
    if path.is_dir() and not named:
        return decoded(folder_pictures(path), size, resize)
    if named and named.sized and size is not None:
        return named.sized(seed, size)
    if size is not None:
        raise WganError(
            f"{setting('size')} is only for folders of images and for sets of a known law, and "
            f"{str(name_or_path)!r} is not one; leave it out"
        )
    if named:
        return named.make(None if data_dir is None else Path(data_dir), seed)
    remedy = f"give a folder of images, a .npy, .npz, {WORDS} file, a {SCANS} file, or one of: {', '.join(DATASETS)}"
    if not path.exists():
        if isinstance(name_or_path, str) and not path.suffix and path.name == name_or_path:
            fault = unknown_name("data set", name_or_path, DATASETS)
            if "did you mean" in str(fault):
                raise fault
        raise WganError(f"no such file or folder: {str(path)!r}; {remedy}")
    if is_table(path):
        return read_table(path, drop, column)
    if path.suffix.lower() not in (".npy", ".npz"):
        how = how_to_convert(str(path)) or remedy
        raise WganError(f"{str(path)!r} has the suffix {path.suffix!r}, which is not supported; {how}")
    return _of_numpy(path, kind)


def _refuse_run(path: Path) -> None:
    """Raise WganError for a run folder, whose pictures of samples are not data to train on."""
    if runs.is_run(path) and (path / "checkpoints").is_dir():
        run = shlex.quote(str(path))
        raise WganError(
            f"{path} is a run folder, not data; wgan report {run} describes the run, wgan sample {run} draws samples, "
            f"and wgan data --stored {run} lists what its model shares of its data."
        )


def _of_numpy(path: Path, kind: str) -> Dataset:
    """The rows of a .npy or .npz file, with the labels and the condition that it may hold."""
    rows, labels, condition, mapped = read_numpy(path)
    dataset = from_array(rows, name=path.name, kind=kind)
    mapped = mapped if np.may_share_memory(dataset.rows, rows) else None  # else the rows were converted in memory
    names: tuple[str, ...] = ()
    if labels is not None:
        labels, names = as_labels(labels, len(dataset.rows), repr(str(path)))
    told = None if condition is None else of_array(condition, len(dataset.rows), str(path))
    how = "".join(dataset.source.partition("; ")[1:])  # how columns or channels are encoded
    return replace(
        dataset, name=path.stem, labels=labels, label_names=names, source=f"{path}{how}", mapped=mapped, condition=told
    )


def dataset_of(config: "Config") -> Dataset:
    """The data set that a config names, loaded with the config's fields for folders, tables and slices."""
    loaded = load(
        config.data,
        data_dir=config.data_dir if config.data in DATASETS else None,
        seed=config.seed,
        size=config.size,
        resize=config.resize,
        drop=config.drop,
        column=config.column,
        kind=config.kind,
    )
    return cropped(config, loaded)


def cropped(config: "Config", dataset: Dataset) -> Dataset:
    """Crops of the images of a data set, where a config asks for slices; else, and from crops, the same data set."""
    if config.slices == "none" or dataset.apart is not None:
        return dataset
    return crops_of(dataset, config.slice_size, config.held_out, config.seed, each=config.slices == "each")


def dataset_of_run(config: "Config", run: Path) -> Dataset:
    """The data set that a run was trained on, from the first place that has its rows, or else from any that it names.

    So a run is measured from any working folder, and after it was moved together with its data. Raises WganError if
    nothing can be read.
    """
    wanted = (runs.read_config(run).get("data") or {}).get("sha256")
    other = fault = None
    for placed in configs_by_place(config, run):
        try:
            dataset = dataset_of(placed)
        except WganError as problem:
            fault = problem
            continue
        dataset = replace(dataset, sha256=sha256_of(dataset))
        if dataset.sha256 == wanted:
            return dataset
        other = other or dataset
    if other is None and fault is not None:
        raise fault
    assert other is not None
    return other


def places_for(config: "Config", run: Path) -> dict[str, str]:
    """Where the data of a config lie, for the config.json of a run; see `places.places_of`."""
    return places_of(config, run, config.data in DATASETS)


def look(name_or_path: str | Path) -> str:
    """What a folder of images holds, read from the images' headers alone; "" for anything else."""
    path = Path(os.path.expanduser(name_or_path))
    if name_or_path not in DATASETS:
        _refuse_run(path)
    if name_or_path in DATASETS or not path.is_dir() or (path / FILE).exists() or suffixes_in(path):
        return ""
    pictures = folder_pictures(path)
    found = survey(pictures)
    hint = "" if len(found.sizes) == 1 else f"; give {setting('size', 'N')} to train on them"
    counts = label_counts(pictures.labels, pictures.label_names)
    return page([f"{path} holds {found}{pictures.remark}{hint}", *([counts] if counts else [])])


def label_counts(labels: np.ndarray | None, names: tuple[str, ...]) -> str:
    """The number of rows with each label, as "labels: name count, ..."; "" without labels."""
    if labels is None:
        return ""
    found = zip(*np.unique(labels, return_counts=True), strict=True)
    named = dict(enumerate(names))
    return "labels: " + ", ".join(f"{named.get(int(k), k)} {n:,}" for k, n in found)


def _idx(name: str, text: str) -> DatasetInfo:
    return DatasetInfo(name, text, lambda data_dir, seed: load_idx_pair(name, "train", data_dir))


def _cifar(name: str, text: str) -> DatasetInfo:
    return DatasetInfo(name, text, lambda data_dir, seed: load_cifar(name, "train", data_dir))


def _of_law(name: str, text: str, size: int, sized: Callable[[int, int], Dataset]) -> DatasetInfo:
    return DatasetInfo(name, text, lambda data_dir, seed: sized(seed, size), sized)


def _given(name: str, text: str) -> DatasetInfo:
    return DatasetInfo(f"{name}-given", text, lambda data_dir, seed: given_law(name, seed))


def _points(name: str, text: str) -> DatasetInfo:
    return DatasetInfo(name, text, lambda data_dir, seed: toy(name, TOY_ROWS, seed))


DATASETS = {
    info.name: info
    for info in [
        DatasetInfo("digits", "1,797 handwritten digits of 8x8, from scikit-learn (CC BY 4.0).", digits),
        _idx("mnist", "60,000 handwritten digits of 28x28 (LeCun and Cortes, CC BY-SA 3.0)."),
        _idx("fashion-mnist", "60,000 articles of clothing of 28x28 (Zalando, MIT)."),
        _cifar("cifar10", "50,000 photographs of 32x32 in 10 classes (Krizhevsky 2009)."),
        _cifar("cifar100", "50,000 photographs of 32x32 in 100 classes (Krizhevsky 2009)."),
        _points("8gaussians", "50,000 points of 8 Gaussians on a circle."),
        _points("25gaussians", "50,000 points of 25 Gaussians on a grid."),
        _points("swissroll", "50,000 points of a Swiss roll with noise."),
        _given("ring", "20,000 points on a ring, given its radius; of a known law."),
        _given("mixture", "20,000 points of 6 Gaussians, given the share of those on the right; of a known law."),
        _given("gamma", "20,000 curves of 24 values, given a number that shapes them; of a known law."),
        DatasetInfo(
            "showers",
            "121,000 simulated showers in a calorimeter of 368 voxels, given the energy of the photon.",
            lambda data_dir, seed: shower_rows(seed),
        ),
        _of_law("waves", "10,000 Gaussian signals of 64 steps and 2 channels, of a known law.", LENGTH, waves),
        _of_law("medium-2d", "2,000 images of a material of two phases, of a known law.", 32, partial(medium, 2)),
        _of_law("medium-3d", "400 volumes of a material of two phases, of a known law.", 32, partial(medium, 3)),
    ]
}
