"""The rows that a report shows beside each other: those of a run's data, if they can be read, and generated ones."""

from pathlib import Path

import numpy as np

from wgan import data
from wgan.config import Config
from wgan.data import Dataset, Form, form_from_json
from wgan.data.conditions import split_given
from wgan.data.numpy_files import read_numpy
from wgan.errors import WganError
from wgan.reports.run import Run, mapping
from wgan.runs import folder

IN_MEMORY = ("an array of ", "a table of ")  # how the source of rows begins that no file holds


def form_of(run: Run) -> Form | None:
    """The form of a run's rows; None if its config does not hold one."""
    try:
        return form_from_json(run.about["data"]["form"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def dataset_of(run: Run, data_dir: Path | None) -> Dataset:
    """The data of a run, without the columns that are given.

    Raises WganError if the data cannot be loaded or their rows have changed.
    """
    if run.dataset is not None:
        return run.dataset
    config = Config.from_json(run.config)
    try:
        dataset = data.dataset_of_run(config.replace(data_dir=data_dir or config.data_dir), run.path)
    except WganError:
        source = str(mapping(run.about.get("data")).get("source"))
        if source.startswith(IN_MEMORY):
            raise WganError(
                f"the run was fitted to {source} in memory; use model.report() before Python ends."
            ) from None
        raise
    if data.sha256_of(dataset) != run.sha256:
        raise WganError(f"the rows of {config.data} have changed since this run was trained; put the old ones back.")
    return split_given(dataset, config.given)


def parts_of(run: Run, dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """The indices of the training rows and of the held-out rows of a run."""
    config = Config.from_json(run.config)
    return data.split(dataset, config.held_out, config.rows, config.seed)


def generated_rows(run: Run) -> tuple[int, np.ndarray] | None:
    """The step and the rows at rest of a table's newest picture; None without any. WganError: the file is broken."""
    kept = folder.drawn_rows(run.path)
    if not kept:
        return None
    step, path = kept[-1]
    if step > run.step:  # the page ends at an earlier checkpoint
        raise WganError(f"only those of step {step:,} are kept.")
    return step, np.array(read_numpy(path).rows)
