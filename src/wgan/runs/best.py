"""The best checkpoint of a run, by a measure on the half of the held-out rows that chooses."""

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from wgan.errors import WganError
from wgan.maths.metrics import METRICS
from wgan.runs import checkpoint, folder
from wgan.runs.quantities import with_error

ENERGY = "energy_distance"  # the measure by default


class Measured(NamedTuple):
    """A step, its measure as a number that is lower for better samples, and the standard error, or 0 without one."""

    step: int
    loss: float
    error: float


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


def lowest(history: Sequence[Measured]) -> Measured | None:
    """The first step with the lowest loss; None in an empty history."""
    return min(history, key=lambda one: one.loss, default=None)


def choose(history: Sequence[Measured], kept: Collection[int] | None = None) -> Measured | None:
    """The best step: the last one whose loss is within one standard error of the lowest.

    The measure cannot tell such steps apart, and the last of them has trained longest. It is the rule of one standard
    error of Breiman et al. (1984). `kept` are the steps to choose from, by default all. Where none of them is so near
    to the lowest, the kept step of the lowest loss is the best.

    Examples:
        >>> choose([Measured(0, 9.0, 1.0), Measured(1, 2.0, 0.5), Measured(2, 2.4, 0.5), Measured(3, 2.6, 0.5)]).step
        2
    """
    known = [one for one in history if kept is None or one.step in kept]
    least = lowest(history)
    if not known or least is None:
        return None
    near = [one for one in known if one.loss <= least.loss + least.error]
    return near[-1] if near else lowest(known)


def column_of(measure: str) -> str:
    """The column of the log that holds this measure on the half that chooses."""
    return measure if measure == ENERGY else f"best_by.{measure}"


def error_of(column: str) -> str:
    """The column of the standard error of such a column."""
    return f"{ENERGY}_error" if column == ENERGY else column.replace("best_by.", "best_by_error.", 1)


def loss_of(measure: str, value: float) -> float:
    """The value as a number that is lower for better samples; a measure of your own is lower for better ones."""
    better = METRICS[measure].better if measure in METRICS else "lower"
    return {"lower": value, "higher": -value}[better] if better in ("lower", "higher") else abs(value - float(better))


def history(
    log: dict[str, np.ndarray], measure: str, column: str | None = None, before: float = math.inf
) -> list[Measured]:
    """The records of a log that hold this measure in a column, by default its own, before the step `before`."""
    if "step" not in log or log["step"].dtype == object:
        return []
    column = column or column_of(measure)
    values, errors = _numbers(log, column), np.nan_to_num(_numbers(log, error_of(column)))
    known = [i for i in range(len(values)) if log["step"][i] < before and np.isfinite(values[i])]
    return [Measured(int(log["step"][i]), loss_of(measure, float(values[i])), float(errors[i])) for i in known]


def _numbers(log: dict[str, np.ndarray], name: str) -> np.ndarray:
    """A column of numbers, all NaN if the log lacks it or it holds anything else."""
    values = log.get(name)
    return np.full(len(log["step"]), math.nan) if values is None or values.dtype == object else values


def best(run: Path, steps: Collection[int]) -> Best | None:
    """The best of the checkpoints `steps` of a run; None if none was measured."""
    return best_of(folder.read_log(run), folder.read_config(run)["config"] if folder.is_run(run) else {}, steps)


def best_of(log: dict[str, np.ndarray], config: Mapping[str, Any], steps: Collection[int]) -> Best | None:
    """As `best`, from a log and the fields of a config. A run of a version that chose by W1 has its lowest W1."""
    measure = str(config.get("best_by", ENERGY))
    column = column_of(measure)
    if "best_by" not in config and ENERGY not in log:
        measure, column = "exact_w1", "w1"
    found = choose(history(log, measure, column), steps)
    if found is None:
        return None
    at = int(np.flatnonzero((log["step"] == found.step) & np.isfinite(log[column]))[-1])
    reported, error = (float(_numbers(log, f"{name}.{measure}")[at]) for name in ("reported", "reported_error"))
    return Best(found.step, column, float(log[column][at]), reported, error)


def checkpoint_at(run: Path, step: str | int | None = None) -> checkpoint.Checkpoint:
    """A checkpoint of a run: "latest" or None is the newest that can be read, "best" the best, a number that step.

    A `WganWarning` names each newer one that cannot be read. Raises WganError for a step that the run does not keep.
    """
    folder_of_all = run / "checkpoints"
    if step not in (None, LATEST):
        return checkpoint.chosen(folder_of_all, lambda kept: _step_named(run, str(step), kept))
    newest, damaged = checkpoint.latest(folder_of_all)
    if newest is None:
        raise WganError(f"{run} has no readable checkpoint yet" + "".join(f"; {text}" for text in damaged) + ".")
    checkpoint.warn(folder_of_all, damaged)
    return newest


LATEST, BEST = "latest", "best"  # what may stand in the place of a step


def _step_named(run: Path, step: str, kept: list[int]) -> int:
    """The step that a name stands for, among those that are kept."""
    found = best(run, kept)
    names = {str(number): number for number in kept}
    names |= {BEST: found.step} if found else {}
    if step in names:
        return names[step]
    if step == BEST and kept:
        raise WganError(
            f"{run} has no best checkpoint, since no measurement chose one; give latest or one of the steps "
            f"{', '.join(names)}."
        )
    others = f"give {', '.join([LATEST, *([BEST] if found else [])])} or one of the steps {', '.join(map(str, kept))}"
    raise WganError(f"{run} has no checkpoint at step {step}; {others if kept else 'it has none at all yet'}.")


def shown_value(found: Best) -> float:
    """The value of the best checkpoint as reported, or as chosen where nothing is reported."""
    return found.value if math.isnan(found.reported) else found.reported


def in_words(found: Best) -> str:
    """The measure of the best checkpoint: as reported, with its standard error, or as chosen where nothing is."""
    name = found.column.removeprefix("best_by.")
    what, unit = name.replace("_", " ").replace("w1", "W1"), METRICS[name].unit if name in METRICS else ""
    if math.isnan(found.reported):
        return f"{what} {with_error(found.value, unit=unit)} on the rows that chose it"
    return f"{what} {with_error(found.reported, found.error, unit)}"


def in_full(found: Best) -> str:
    """As `in_words`, with the rows of a reported measure, which differ from those of the log's own column."""
    rows = "" if math.isnan(found.reported) else " on held-out rows that did not choose it"
    return in_words(found) + rows
