"""Rows with axes of space as the structure metrics compare them: whole rows, or slices of volumes."""

import numpy as np

from wgan.data import Dataset
from wgan.game import slices
from wgan.maths.metrics.structure_metrics import Axes, StructureSets


def structure_sets(
    dataset: Dataset, samples: np.ndarray, train: np.ndarray, held_out: np.ndarray, most: int
) -> tuple[StructureSets, StructureSets]:
    """The first `most` held-out rows beside samples, and beside training rows for the floor."""
    held_out, train = held_out[:most], train[:most]
    real, made = dataset.rows[held_out], dataset.form.at_rest(samples[:most])
    axes, floor_axes = _axes(dataset, len(made), train, held_out)
    return StructureSets(real, made, axes), StructureSets(real, dataset.rows[train], floor_axes)


def _axes(
    dataset: Dataset, samples: int, train: np.ndarray, held_out: np.ndarray
) -> tuple[Axes, Axes] | tuple[None, None]:
    """Along which axes of space samples and held-out rows lie, and for the floor training rows and held-out rows.

    They are not told apart for pictures, whose axes nobody doubts, and for rows with a single axis.
    """
    axes = len(dataset.form.space)
    if dataset.apart is None:
        if axes < 2 or dataset.form.picture:
            return None, None
        real, made, known = (np.tile(np.arange(axes), (count, 1)) for count in (len(held_out), samples, len(train)))
        return Axes(real, made), Axes(real, known)
    made = slices.own_axes(np.arange(samples) % slices.AXES)
    if dataset.axis is None:  # every crop could be any slice, so for the floor they stand for slices in turn
        return Axes(None, made), Axes(None, slices.own_axes(np.arange(len(train)) % slices.AXES))
    real, known = (slices.own_axes(dataset.axis[rows]) for rows in (held_out, train))
    return Axes(real, made), Axes(real, known)
