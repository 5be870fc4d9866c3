"""Where the data of a run lie, so that they are found from any folder, and after both were moved together."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wgan.data.hdf5 import file_and_name
from wgan.data.rows import Dataset
from wgan.errors import WganError
from wgan.runs import folder as runs

if TYPE_CHECKING:
    from wgan.config import Config


def sha256_of(dataset: Dataset) -> str:
    """The SHA-256 of the rows, which says whether two data sets are the same."""
    return dataset.sha256 or hashlib.sha256(np.ascontiguousarray(dataset.rows).data).hexdigest()


def verified(dataset: Dataset) -> str:
    """What `sha256_of` returns, after all rows of a cache were read. Raises WganError if they are not its own."""
    if dataset.mapped is None or not dataset.sha256:
        return sha256_of(dataset)
    if (found := sha256_of(replace(dataset, sha256=""))) != dataset.sha256:
        raise WganError(
            f"{str(dataset.mapped.path)!r} holds other rows than were put there: their SHA-256 is {found}, not "
            f"{dataset.sha256}; delete that file, and they are read again."
        )
    return found


def places_of(config: "Config", run: Path, named: bool) -> dict[str, str]:
    """What config.json keeps beside the name of the data: their absolute path and the one from the run folder.

    `named` says that the data are a named set, whose `data_dir` is kept. What does not exist has no entry.
    """
    path, places = file_and_name(Path(os.path.expanduser(config.data)))[0].absolute(), {}
    if path.exists() and not named:
        places["path"] = str(path)
        with suppress(ValueError):  # another drive
            places["from_run"] = os.path.relpath(path.resolve(), run.resolve())
    if config.data_dir is not None and named:
        places["data_dir"] = str(Path(os.path.expanduser(config.data_dir)).absolute())
    return places


def configs_by_place(config: "Config", run: Path) -> Iterator["Config"]:
    """The config with each place where the data of a run can lie; the place from the run folder is the first."""
    saved = runs.read_config(run).get("data")
    saved = saved if isinstance(saved, dict) else {}
    from_run, path, data_dir = (saved.get(name) for name in ("from_run", "path", "data_dir"))
    part = file_and_name(Path(os.path.expanduser(config.data)))[1]  # of an HDF5 file
    found = [str(run.resolve() / from_run)] if isinstance(from_run, str) else []
    found += [path] if isinstance(path, str) else []
    for place in dict.fromkeys([os.path.normpath(one) for one in found if os.path.exists(one)]):
        yield config.replace(data=f"{place}:{part}" if part else place)
    yield config
    if isinstance(data_dir, str):
        yield config.replace(data_dir=data_dir)
