"""Square crops of one image or of a stack of images: the real slices of a medium, for a critic of slices."""

from dataclasses import replace

import numpy as np

from wgan.data.axes import in_words
from wgan.data.rows import Dataset
from wgan.errors import WganError
from wgan.maths.streams import stream

AXES = 3  # of a volume
MOST = 10_000  # crops; with more than this an image gives hardly anything new


def crops_of(dataset: Dataset, side: int, held_out: float, seed: int, each: bool = False) -> Dataset:
    """Crops [n, side, side, channels] of a data set of images, at places that `seed` draws.

    Crops overlap, so those that are held out come from a part of their own: from the last images of a stack, or from a
    band at the end of the longer axis of every image. With `each` there are three images, and the crops know which one
    they come from: image k is perpendicular to axis k of a volume. Raises WganError for rows that are no images, for
    images that are too small, and for another number of images.
    """
    form, rows = dataset.form, dataset.rows
    if form.kind != "images":
        raise WganError(
            f"slices are cut from images, but {dataset.name} holds {in_words(len(rows), form.shape, form.kind)}; give "
            "one image [1, height, width] or a stack of them"
        )
    if dataset.condition is not None:
        raise WganError(f"slices takes images alone, but {dataset.name} has a condition for each too; leave it out.")
    tall, wide = form.space
    if min(tall, wide) < side:
        raise WganError(
            f"slice_size is {side}, but the images of {dataset.name} are {tall} x {wide}; use a smaller slice_size"
        )
    if each and len(rows) != AXES:
        raise WganError(
            f"slices is each, which takes three images, one perpendicular to each axis, but {dataset.name} holds "
            f"{in_words(len(rows), form.shape, form.kind)}; give [3, height, width], or set slices to isotropic"
        )
    random = stream(seed, "crops")
    held_images, band = 0 if each else round(held_out * len(rows)), 0
    if held_out and not held_images:
        longer = max(tall, wide)
        band = max(side, round(held_out * longer))
        if longer - band < side:
            raise WganError(
                f"held_out is {held_out}, but images of {tall} x {wide} have no room for a band of {side} pixels "
                f"beside crops of {side}; set held_out to 0, or slice_size to {longer // 2} or less"
            )
    first, last = np.split(rows, [len(rows) - held_images])
    if band and tall >= wide:
        first, last = rows[:, :-band], rows[:, -band:]
    elif band:
        first, last = rows[:, :, :-band], rows[:, :, -band:]
    train, of_train = _crops(first, side, MOST, random)
    most = max(AXES, round(held_out * MOST))
    apart, of_apart = _crops(last, side, most, random) if held_out else (train[:0], of_train[:0])
    form = replace(form, shape=(side, side, form.shape[-1]))
    held = np.arange(len(train) + len(apart)) >= len(train)
    axis = np.concatenate([of_train, of_apart]) if each else None
    source = f"{len(held):,} crops of {side} x {side} of {dataset.source or dataset.name}"
    name, notes = dataset.name, dataset.notes
    return Dataset(name, np.concatenate([train, apart]), form, source=source, notes=notes, apart=held, axis=axis)


def _crops(images: np.ndarray, side: int, most: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Crops at different places of images [n, height, width, channels], in random order, and the image of each one.

    They are all that there are, or `most`.
    """
    shape = len(images), images.shape[1] - side + 1, images.shape[2] - side + 1
    total = int(np.prod(shape))
    places = random.permutation(total)[:most] if total <= 4 * most else random.choice(total, most, replace=False)
    windows = np.lib.stride_tricks.sliding_window_view(images, (side, side), axis=(1, 2))
    at = np.unravel_index(places, shape)
    return np.ascontiguousarray(np.moveaxis(windows[at], 1, -1)), at[0]
