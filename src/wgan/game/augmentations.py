"""Random changes of images that both players see, so that a critic cannot memorise few images (Zhao et al. 2020).

The critic sees changed real rows and changed fakes, in its own steps and in the generator's. Gradients flow through the
changes, and the generator still makes unchanged images. A gradient penalty looks at the changed rows.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from wgan.errors import WganError, setting

Grids = tuple[Any, Any]  # the numbers 0, 1, ... of an image's rows of pixels [height] and of its columns [width]


class Augmentation(NamedTuple):
    """One kind of change of images [n, height, width, channels].

    `numbers` is how many random numbers an image needs. `parameters(uniform, shape)` makes them, [n, numbers], from
    uniform numbers in [0, 1) and the shape of an image. `apply(ops, images, parameters, grids)` changes the images.
    """

    name: str
    text: str
    numbers: int
    parameters: Callable[[np.ndarray, tuple[int, ...]], np.ndarray]
    apply: Callable[[Any, Any, Any, Grids], Any]


class Augment(NamedTuple):
    """The changes of a run, one after another, on the engine's arrays."""

    kinds: tuple[Augmentation, ...]
    row: tuple[int, ...]
    grids: Grids

    def draw(self, uniform: np.ndarray) -> np.ndarray:
        """The parameters [..., numbers] of all kinds from uniform numbers of that shape."""
        flat, parts, start = uniform.reshape(-1, uniform.shape[-1]), [], 0
        for kind in self.kinds:
            parts.append(kind.parameters(flat[:, start : start + kind.numbers], self.row))
            start += kind.numbers
        return np.concatenate(parts, 1).astype(np.float32).reshape(uniform.shape)

    def apply(self, ops: Any, images: Any, parameters: Any) -> Any:
        """The changed images; each has its own parameters [n, numbers]."""
        start = 0
        for kind in self.kinds:
            images = kind.apply(ops, images, parameters[:, start : start + kind.numbers], self.grids)
            start += kind.numbers
        return images

    @property
    def numbers(self) -> int:
        """How many random numbers an image needs."""
        return sum(kind.numbers for kind in self.kinds)


def augment_of(engine: Any, names: str, row: tuple[int, ...]) -> Augment | None:
    """The changes with these names, which commas separate, for rows of this shape; None for "none"."""
    if names == "none":
        return None
    if len(row) != 3:
        raise WganError(
            f"augment is {names}, which changes images, but these rows have {len(row) - 1} axes of space; "
            f"use {setting('augment', 'none')}."
        )
    grids = tuple(engine.array(np.arange(size, dtype=np.float32)) for size in row[:2])
    return Augment(tuple(AUGMENTATIONS[name] for name in names.split(",")), row, (grids[0], grids[1]))


def _each(number: Any) -> Any:
    """A number of each image as an array that multiplies images."""
    return number.reshape(-1, 1, 1, 1)


def _colour(ops: Any, images: Any, parameters: Any, grids: Grids) -> Any:
    brightness, saturation, contrast = (_each(parameters[:, k]) for k in range(3))
    images = images + brightness
    grey = images.mean(3)[..., None]
    images = (images - grey) * saturation + grey
    middle = _each(images.reshape(len(images), -1).mean(1))
    return (images - middle) * contrast + middle


def _translation(ops: Any, images: Any, parameters: Any, grids: Grids) -> Any:
    for axis in range(2):
        # A matrix of 0 and 1 moves the pixels. An index would need a sum in no fixed order on a GPU for its gradient.
        place = grids[axis] - parameters[:, axis].reshape(-1, 1)  # where each pixel comes from
        distance = place[:, :, None] - grids[axis]
        move = ops.relu(1 - distance * distance)
        if axis == 0:
            images = ops.matmul(move, images.reshape(*images.shape[:2], -1)).reshape(images.shape)
        else:
            images = ops.matmul(move[:, None], images)
    return images


def _cutout(ops: Any, images: Any, parameters: Any, grids: Grids) -> Any:
    inside = []
    for axis in range(2):
        size = (images.shape[1 + axis] + 1) // 2
        distance = grids[axis] - parameters[:, axis].reshape(-1, 1)  # from the middle of the square
        inside.append(ops.clip(((size - 1) / 2) ** 2 - distance * distance + 1, 0.0, 1.0))  # 1 in the square, else 0
    return images * (1 - inside[0][:, :, None] * inside[1][:, None, :])[..., None]


def _colours(uniform: np.ndarray, row: tuple[int, ...]) -> np.ndarray:
    return uniform * np.array([1, 2, 1]) + np.array([-0.5, 0, 0.5])


def _shifts(uniform: np.ndarray, row: tuple[int, ...]) -> np.ndarray:
    """Whole numbers of pixels, at most an eighth of the size in both directions."""
    most = np.array([(size + 4) // 8 for size in row[:2]])
    return np.floor(uniform * (2 * most + 1)) - most


def _middles(uniform: np.ndarray, row: tuple[int, ...]) -> np.ndarray:
    """Middles of squares of half the size; parts of a square may lie outside the image."""
    size = np.array(row[:2])
    cut = (size + 1) // 2
    return np.floor(uniform * (size + 1 - cut % 2)) - cut // 2 + (cut - 1) / 2


AUGMENTATIONS: dict[str, Augmentation] = {
    "colour": Augmentation("colour", "random brightness, saturation and contrast", 3, _colours, _colour),
    "translation": Augmentation(
        "translation", "a move by up to an eighth of the size; new pixels are grey", 2, _shifts, _translation
    ),
    "cutout": Augmentation("cutout", "a grey square of half the size at a random place", 2, _middles, _cutout),
}
