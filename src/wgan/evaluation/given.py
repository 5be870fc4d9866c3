"""Samples given conditions against real rows given theirs, for the runs whose samples are given columns."""

import numpy as np

from wgan.data import Dataset
from wgan.data.conditions import Columns, condition_of, split_given
from wgan.evaluation.features import Features
from wgan.maths.metrics.conditional import ConditionalSets
from wgan.training.given import parts_of
from wgan.training.model import Model

COMPARED = 2000  # rows of each kind: the measures take some of them, and the exact distance has a bound of its own


def given_sets(
    model: Model, dataset: Dataset, train: np.ndarray, held_out: np.ndarray, samples: np.ndarray, told: np.ndarray,
    seen: Features, seed: int,
) -> tuple[ConditionalSets, ConditionalSets]:  # fmt: skip
    """What the measures of `CONDITION_METRICS` compare, and the same for their floor.

    `samples` are rows at rest, with the columns that are given if these are of the same table, and `told` their
    conditions. The floor has as many training rows in the samples' place.
    """
    condition = model.classes
    assert isinstance(condition, Columns)
    dataset = split_given(dataset, model.config.given)
    _, values = condition_of(dataset, train, seed)
    samples = np.delete(samples, condition.places, axis=1) if condition.places else samples

    def rows(at_rest: np.ndarray, some: np.ndarray) -> np.ndarray:
        if not dataset.form.space:
            return dataset.form.encode(at_rest[some])
        blocks = dataset.form.blocks(len(some))  # rows with axes of space may be larger than memory
        return np.concatenate([seen.extract(at_rest[some[block]])[0] for block in blocks])

    count = min(len(samples), COMPARED)
    half = len(train) // 2  # the regressor learns from other rows than the floor is measured with
    floor, learnt, real = train[: min(half, count)], train[half:][:COMPARED], held_out[:COMPARED]
    of_learnt, of_real = ((rows(dataset.rows, some), condition.encode(values[some])) for some in (learnt, real))
    parts = parts_of(condition)

    def sets(fake: np.ndarray, given: np.ndarray) -> ConditionalSets:
        return ConditionalSets(*of_real, fake, condition.encode(given), parts, *of_learnt, seed)

    of_samples = sets(rows(samples, np.arange(count)), told[:count])
    return of_samples, sets(rows(dataset.rows, floor), values[floor])
