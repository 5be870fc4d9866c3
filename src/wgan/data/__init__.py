"""Data sets: a name, a file or an array becomes one Dataset, its rows kept as they are on disk."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from wgan.data.arrays import check_labels, read_numpy
from wgan.data.idx import load_idx_pair, read_idx
from wgan.data.rows import Dataset, Form, from_array, split
from wgan.data.toys import TOY_ROWS, TOYS, digits, toy
from wgan.errors import WganError, unknown_name

__all__ = [
    "DATASETS",
    "TOYS",
    "Dataset",
    "DatasetInfo",
    "Form",
    "from_array",
    "load",
    "load_idx_pair",
    "read_idx",
    "split",
    "toy",
]


@dataclass(frozen=True)
class DatasetInfo:
    """One entry of DATASETS; `make(data_dir, seed)` gives the Dataset."""

    name: str
    text: str
    make: Callable[[Path | None, int], Dataset]


def load(name_or_path: str | Path, *, data_dir: str | Path | None = None, seed: int = 0) -> Dataset:
    """The data set of this name, or the rows in this .npy or .npz file.

    `data_dir` is searched first for files of named sets; `seed` draws the toys. A Path is never a name.
    Raises WganError for an unknown name, a missing or unreadable file, or rows that cannot be trained on.
    """
    if isinstance(name_or_path, str) and name_or_path in DATASETS:
        return DATASETS[name_or_path].make(None if data_dir is None else Path(data_dir), seed)
    path = Path(os.path.expanduser(name_or_path))
    remedy = f"give a .npy or .npz file, or one of: {', '.join(DATASETS)}"
    if not path.exists():
        if isinstance(name_or_path, str) and not path.suffix and path.name == name_or_path:
            raise unknown_name("data set", name_or_path, DATASETS)
        raise WganError(f"no such file: {str(path)!r}; {remedy}")
    if path.is_dir():
        raise WganError(f"{str(path)!r} is a folder, which is not supported yet; {remedy}")
    if path.suffix not in (".npy", ".npz"):
        raise WganError(f"{str(path)!r} has the suffix {path.suffix!r}, which is not supported yet; {remedy}")
    rows, labels = read_numpy(path)
    dataset = from_array(rows, name=path.name)
    if labels is not None:
        labels = check_labels(labels, len(dataset.rows), path)
    return replace(dataset, name=path.stem, labels=labels, source=str(path))


def _idx(name: str, text: str) -> DatasetInfo:
    return DatasetInfo(name, text, lambda data_dir, seed: load_idx_pair(name, "train", data_dir))


def _points(name: str, text: str) -> DatasetInfo:
    return DatasetInfo(name, text, lambda data_dir, seed: toy(name, TOY_ROWS, seed))


DATASETS = {
    info.name: info
    for info in [
        DatasetInfo("digits", "1,797 handwritten digits of 8x8, from scikit-learn (CC BY 4.0).", digits),
        _idx("mnist", "60,000 handwritten digits of 28x28 (LeCun and Cortes, CC BY-SA 3.0)."),
        _idx("fashion-mnist", "60,000 articles of clothing of 28x28 (Zalando, MIT)."),
        _points("8gaussians", "50,000 points of 8 Gaussians on a circle."),
        _points("25gaussians", "50,000 points of 25 Gaussians on a grid."),
        _points("swissroll", "50,000 points of a Swiss roll with noise."),
    ]
}
