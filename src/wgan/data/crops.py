"""Square crops of images or of volumes: the real slices of a medium, for a critic of slices."""

from dataclasses import replace

import numpy as np

from wgan.data.axes import in_words
from wgan.data.rows import Dataset, Form
from wgan.errors import WganError, setting
from wgan.maths.streams import stream

AXES = 3  # of a volume
MOST = 10_000  # crops; with more than this an image gives hardly anything new


def crops_of(dataset: Dataset, side: int, held_out: float, seed: int, each: bool = False) -> Dataset:
    """Crops [n, side, side, channels] of a data set of images or volumes, at places that `seed` draws.

    Volumes are cut perpendicular to each of their axes, equally often. Crops overlap, so those that are held out come
    from a part of their own: from the last images or volumes, or from a band at the end of the longest axis of every
    one. With `each` a crop knows the axis to which it is perpendicular; of images there are then three, and image k is
    perpendicular to axis k. Raises WganError for other rows, for images and volumes that are too small, and for
    another number of images.
    """
    form, rows = dataset.form, dataset.rows
    _check(dataset, side, each)
    random = stream(seed, "crops")
    whole_images = each and form.kind == "images"  # each of the three is needed in both parts
    held_rows, longest = 0 if whole_images else round(held_out * len(rows)), int(np.argmax(form.space))
    first, last = rows[: len(rows) - held_rows], rows[len(rows) - held_rows :]
    if held_out and not held_rows:
        length = form.space[longest]
        first, last = np.split(rows, [length - _band(form, longest, side, held_out)], axis=1 + longest)
    train, of_train = _crops(first, side, MOST, random)
    most = max(AXES, round(held_out * MOST))
    apart, of_apart = _crops(last, side, most, random) if held_out else (train[:0], of_train[:0])
    held = np.arange(len(train) + len(apart)) >= len(train)
    source = f"{len(held):,} crops of {side} x {side} of {dataset.source or dataset.name}"
    return Dataset(
        dataset.name, np.concatenate([train, apart]), replace(form, kind="images", shape=(side, side, form.shape[-1])),
        source=source, notes=dataset.notes, apart=held, axis=np.concatenate([of_train, of_apart]) if each else None,
    )  # fmt: skip


def _check(dataset: Dataset, side: int, each: bool) -> None:
    form, held = dataset.form, in_words(len(dataset.rows), dataset.form.shape, dataset.form.kind)
    if form.kind not in ("images", "volumes"):
        raise WganError(
            f"{setting('slices')} cuts images or volumes, but {dataset.name} holds {held}; give one image "
            "[1, height, width] or a stack of them, or volumes"
        )
    if dataset.condition is not None:
        raise WganError(
            f"{setting('slices')} takes {form.kind} alone, but {dataset.name} has a condition for each too; leave it "
            "out."
        )
    if min(form.space) < side:
        size = " x ".join(map(str, form.space))
        raise WganError(
            f"{setting('slice_size')} is {side}, but the {form.kind} of {dataset.name} are {size}; use a smaller one"
        )
    if each and form.kind == "images" and len(dataset.rows) != AXES:
        raise WganError(
            f"{setting('slices', 'each')} takes three images, one perpendicular to each axis, or volumes, but "
            f"{dataset.name} holds {held}; give [3, height, width], or use {setting('slices', 'isotropic')}"
        )


def _band(form: Form, longest: int, side: int, held_out: float) -> int:
    """How many pixels at the end of the longest axis hold the crops that are held out."""
    length = form.space[longest]
    band = max(side, round(held_out * length))
    if length - band < side:
        size = " x ".join(map(str, form.space))
        raise WganError(
            f"{setting('held_out')} is {held_out}, but {form.kind} of {size} have no room for a band of {side} pixels "
            f"beside crops of {side}; use {setting('held_out', 0)}, or {setting('slice_size', length // 2)} or less"
        )
    return band


def _crops(rows: np.ndarray, side: int, most: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Crops of images [n, height, width, channels] or volumes in random order, and the axis of each one.

    They are all that there are, or `most`. The axis of an image's crops is the number of the image.
    """
    if rows.ndim == 4:
        crops, at = _cut(rows[:, None], side, most, random)
        return crops, at[0]
    parts = [_cut(np.moveaxis(rows, 1 + axis, 1), side, most // AXES, random)[0] for axis in range(AXES)]
    axes = np.repeat(np.arange(AXES), [len(part) for part in parts])
    order = random.permutation(len(axes))
    return np.concatenate(parts)[order], axes[order]


def _cut(stacks: np.ndarray, side: int, most: int, random: np.random.Generator) -> tuple[np.ndarray, tuple]:
    """Crops at different places of stacks of planes [n, planes, height, width, channels], and their places."""
    shape = *stacks.shape[:2], stacks.shape[2] - side + 1, stacks.shape[3] - side + 1
    total = int(np.prod(shape))
    places = random.permutation(total)[:most] if total <= 4 * most else random.choice(total, most, replace=False)
    windows = np.lib.stride_tricks.sliding_window_view(stacks, (side, side), axis=(2, 3))
    at = np.unravel_index(places, shape)
    return np.ascontiguousarray(np.moveaxis(windows[at], 1, -1)), at
