"""Whether samples depend on what they are given, while a run trains."""

from typing import NamedTuple

import numpy as np

from wgan.data.conditions import Columns
from wgan.maths import streams
from wgan.maths.metrics.conditional import MOST, SIGNIFICANT, Part, distance_correlation
from wgan.training.comparison import Comparison
from wgan.training.state import Training

Record = dict[str, float]


class Known(NamedTuple):
    """The conditions on which real rows depend, each with its place and the real rows' distance correlation.

    `condition` are the encoded conditions of the samples.
    """

    parts: tuple[tuple[int, Part, float], ...]
    condition: np.ndarray


def parts_of(condition: Columns) -> tuple[Part, ...]:
    """The columns of a condition and their units in the encoded vector."""
    found, number, group = [], 0, condition.numbers
    for column in condition.form.columns:
        if column.kind == "number":
            found.append(Part(str(column.name), "number", number, number + 1))
            number += 1
        else:
            found.append(Part(str(column.name), "levels", group, group + column.group))
        group += column.group
    return tuple(found)


def prepare(training: Training, compared: Comparison | None) -> Known | None:
    """What samples are given, and what real rows depend on of it; None for a run whose samples are given no columns."""
    if compared is None or compared.chosen.codes is None or not isinstance(training.classes, Columns):
        return None
    assert training.codes is not None
    condition, seed = training.classes, training.config.seed
    order = streams.stream(seed, "shuffles").permutation(training.rows)[: 2 * MOST]
    draws = [
        (compared.features(training.dataset.rows[some]), condition.encode(training.codes[some]))
        for some in np.array_split(order, 2)
    ]
    return Known(depended_on(draws, parts_of(condition), seed), condition.encode(compared.chosen.codes))


def depended_on(
    draws: list[tuple[np.ndarray, np.ndarray]], parts: tuple[Part, ...], seed: int
) -> tuple[tuple[int, Part, float], ...]:
    """The conditions on which rows depend in each of two draws of rows and conditions, with the first correlation.

    Of many conditions that do not matter, chance makes one significant in one draw, but hardly the same one in both.
    """
    found = []
    for place, part in enumerate(parts):
        values = []
        for rows, conditions in draws:
            value, _, p_value = distance_correlation(rows, conditions, part, seed)
            if p_value > SIGNIFICANT:
                break
            values.append(value)
        else:
            found.append((place, part, values[0]))
    return tuple(found)


def compare(known: Known, samples: np.ndarray, seed: int) -> Record:
    """The dependence of samples, as features [n, d], on the condition on which they depend least surely."""
    if not known.parts:
        return {}
    found = []
    for place, part, floor in known.parts:
        value, _, p_value = distance_correlation(samples, known.condition, part, seed)
        found.append((p_value, -value, place, floor))
    p_value, value, place, floor = max(found)
    return {"dependence": -value, "dependence_floor": floor, "dependence_p": p_value, "dependence_of": float(place)}
