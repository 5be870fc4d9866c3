"""How the mean and the spread of samples follow the numbers that they are given, while a run trains."""

from typing import Any, NamedTuple

import numpy as np

from wgan.data import Form
from wgan.data.columns import TableForm
from wgan.data.conditions import Columns
from wgan.errors import WganError
from wgan.maths import streams
from wgan.maths.metrics.conditional import ConditionalSets, calibration
from wgan.training.given import parts_of
from wgan.training.state import Training

ROWS = 2000  # training rows, at most
BINS = 8  # of a condition
PAIRS = 6  # of a condition and a value that are kept: those that go together most in training rows
MOVED = 5  # times the part of the variance between bins that is due to chance: pairs that move less are not kept
WIDE = 12  # columns, above which the mean and the standard deviation of a row stand for its columns


class Truth(NamedTuple):
    """The values of training rows [n, values] with their encoded conditions, and which of both are compared.

    `pairs` are places of conditions and of values. `told` are the encoded conditions of the samples.
    """

    names: tuple[str, ...]
    values: np.ndarray
    condition: np.ndarray
    told: np.ndarray
    pairs: tuple[tuple[int, int], ...]


def values_of(form: Form, rows: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """What is averaged of rows at rest, and its names: columns of numbers, or the mean and the spread of a row."""
    if isinstance(form, TableForm):
        numbers = [
            at for at, one in enumerate(form.columns) if one.kind == "number" and not one.unit and not one.missing
        ]
        return tuple(str(form.columns[at].name) for at in numbers), np.asarray(rows[:, numbers], np.float64)
    flat = np.asarray(rows, np.float64).reshape(len(rows), -1)
    if form.space or flat.shape[1] > WIDE:
        return ("mean of a row", "spread of a row"), np.stack([flat.mean(1), flat.std(1)], 1)
    return tuple(f"column {at}" for at in range(flat.shape[1])), flat


def prepare(training: Training, told: np.ndarray | None) -> Truth | None:
    """What samples with the encoded conditions `told` are compared with; None for a run that is given no numbers."""
    condition, rows = training.classes, training.dataset.rows
    if told is None or training.codes is None or not isinstance(condition, Columns):
        return None
    some = np.sort(streams.stream(training.config.seed, "calibration").permutation(training.rows)[:ROWS])
    names, values = values_of(training.dataset.form, rows[some])
    encoded, parts, found = condition.encode(training.codes[some]), parts_of(condition), []
    variance = values.var(0)
    for at, part in enumerate(parts):
        if part.kind != "number" or condition.form.columns[at].unit:
            continue
        try:
            within = calibration(ConditionalSets(values, encoded, values, encoded, parts), part, bins=BINS)
        except WganError:  # too few rows in each bin
            continue
        moved = within.real_mean.var(0) + within.real_spread.var(0)
        least = MOVED * len(within.at) / len(values)
        found += [(-moved[value] / variance[value], at, value) for value in np.flatnonzero(moved > least * variance)]
    pairs = tuple((at, int(value)) for _, at, value in sorted(found)[:PAIRS])
    return Truth(names, values, encoded, told, pairs) if pairs else None


def compare(truth: Truth, training: Training, samples: np.ndarray) -> dict[str, Any]:
    """What calibration.json holds of samples at rest: for each pair the means and the spreads in bins of the condition.

    The condition is written as its mean in each bin of training rows, or its logarithm if the players read that.
    """
    condition = training.classes
    assert isinstance(condition, Columns)
    made, parts, pairs = values_of(training.dataset.form, samples)[1], parts_of(condition), []
    for at, value in truth.pairs:
        sets = ConditionalSets(truth.values[:, [value]], truth.condition, made[:, [value]], truth.told, parts)
        try:
            found = calibration(sets, parts[at], bins=BINS)
        except WganError:  # too few rows in each bin
            continue
        scale = condition.scales[parts[at].start]
        lines = {name: [float(f"{x:.6g}") for x in getattr(found, name)[:, 0]] for name in found._fields if "_" in name}
        places = scale.offset + scale.scale * found.at
        pairs.append(
            {
                "condition": parts[at].name,
                "logarithm": scale.log,
                "value": truth.names[value],
                "at": [float(f"{x:.6g}") for x in (places / np.log(10) if scale.log else places)],
                **lines,
            }
        )
    return {"real_rows": len(truth.values), "samples": len(samples), "pairs": pairs}
