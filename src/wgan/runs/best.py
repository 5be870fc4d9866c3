"""The best checkpoint of a run: the one with the lowest measure on the half of the held-out rows that chooses."""

import math
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wgan.runs import folder
from wgan.runs.quantities import number

ENERGY = "energy_distance"  # the measure by default


class Best(NamedTuple):
    """The step, the column of the log that chose it, and its value there.

    `reported` is the same measure on the half of the held-out rows that does not choose, and `error` its standard
    error; both are NaN in a log that lacks them.
    """

    step: int
    column: str
    value: float
    reported: float = math.nan
    error: float = math.nan


def column_of(measure: str) -> str:
    """The column of the log that holds this measure on the half that chooses."""
    return measure if measure == ENERGY else f"best_by.{measure}"


def loss_of(measure: str, value: float) -> float:
    """The value as a number that is lower for better samples; a measure of your own is lower for better ones."""
    from wgan.maths.metrics import METRICS  # here, since it imports SciPy

    better = METRICS[measure].better if measure in METRICS else "lower"
    return {"lower": value, "higher": -value}[better] if better in ("lower", "higher") else abs(value - float(better))


def best(run: Path, steps: Collection[int], before: float = math.inf) -> Best | None:
    """The best of the checkpoints `steps` of a run before the step `before`; None if none was measured.

    A run of a version that chose by W1 has its lowest W1.
    """
    log = folder.read_log(run)
    config = folder.read_config(run)["config"] if (run / folder.CONFIG).is_file() else {}
    measure = str(config.get("best_by", ENERGY))
    column = column_of(measure)
    if "best_by" not in config and ENERGY not in log:
        measure, column = "exact_w1", "w1"
    if any(name not in log or log[name].dtype == object for name in ("step", column)):
        return None
    at, values = log["step"], log[column]
    known = [i for i in range(len(at)) if at[i] < before and int(at[i]) in steps and np.isfinite(values[i])]
    if not known:
        return None
    first = min(known, key=lambda i: loss_of(measure, float(values[i])))

    def beside(name: str) -> float:
        found = log.get(f"{name}.{measure}")
        return math.nan if found is None or found.dtype == object else float(found[first])

    return Best(int(at[first]), column, float(values[first]), beside("reported"), beside("reported_error"))


def in_words(found: Best) -> str:
    """The measure of the best checkpoint: as reported, with its standard error, or as chosen where nothing is."""
    what = found.column.removeprefix("best_by.").replace("_", " ").replace("w1", "W1")
    if math.isnan(found.reported):
        return f"{what} {number(found.value)} on the rows that chose it"
    error = "" if math.isnan(found.error) else f" ± {found.error:.2g}"
    return f"{what} {number(found.reported)}{error}"
