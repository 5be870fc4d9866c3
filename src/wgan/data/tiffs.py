"""TIFF files whose pages are not pictures of 8 bits: whole numbers of 16 or 32 bits, floats, and stacks of pages."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wgan.data.packed import size_of
from wgan.data.pictures import BROKEN, LARGEST_PICTURE
from wgan.errors import WganError
from wgan.files.reading import opened

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = (".tif", ".tiff")
FORMAT = ("TIFF",)
BITS, SAMPLES, DESCRIPTION = 258, 339, 270  # tags
DTYPES = {
    "1": "bool",
    "L": "uint8",
    "I;16": "uint16",
    "I;16B": "uint16",
    "F": "float32",
    "RGB": "uint8",
    "RGBA": "uint8",
}
COLOURS = {"RGB": 3, "RGBA": 4}
LARGEST = 2**32 - 2**20  # bytes of a file whose places are numbers of 32 bits, less its tags
INSTEAD = "save it as .npy"


class Pages(NamedTuple):
    """What the pages of a file are: all have the shape [height, width] or [height, width, channels]."""

    total: int
    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def pictures(self) -> bool:
        """Whether the pages are pictures as `pictures.decode` reads them: one page, of 8 bits or of 16 without sign."""
        return self.total == 1 and self.dtype.name in ("bool", "uint8", "uint16")


def header(path: Path) -> Pages:
    """What the first page and the number of pages say. Raises WganError for a file that is damaged or unknown."""
    with _opened(path) as image:
        count = getattr(image, "n_frames", 1)
        _refuse_hidden_pages(image, count)
        image.seek(0)
        return Pages(count, *_page(image))


def pages(path: Path, expected: Pages) -> Iterator[np.ndarray]:
    """Each page of a file. Raises WganError if one is not as the header says, or is damaged."""
    with _opened(path) as image:
        for number in range(expected.total):
            image.seek(number)
            found = Pages(expected.total, *_page(image))
            if found != expected:
                raise WganError(
                    f"{str(path)!r} has pages of {_words(expected)}, but page {number + 1} of {_words(found)}; "
                    "give files whose pages are alike"
                )
            yield np.asarray(image).astype(expected.dtype)


def write(images: Iterable[np.ndarray], path: Path) -> Iterator[int]:
    """Write each image [height, width] as a page; how many are written is yielded after each."""
    from PIL import Image
    from PIL.TiffImagePlugin import AppendingTiffWriter

    with path.open("w+b") as file, AppendingTiffWriter(file) as writer:
        for done, pixels in enumerate(images, 1):
            Image.fromarray(pixels).save(writer, format="TIFF")
            writer.newFrame()
            yield done


def as_written(dtype: np.dtype, low: float | None, high: float | None) -> np.dtype | None:
    """The dtype in which a TIFF keeps numbers of this dtype from `low` to `high`; None if it keeps them in none."""
    if dtype.kind == "f":
        return np.dtype(np.float32)
    if dtype.name in ("bool", "uint8", "uint16"):
        return dtype
    ends = np.iinfo(np.int32)
    low, high = (np.iinfo(dtype).min, np.iinfo(dtype).max) if low is None or high is None else (low, high)
    return np.dtype(np.int32) if ends.min <= low and high <= ends.max else None


@contextmanager
def _opened(path: Path) -> Iterator["Image.Image"]:
    """The open file. Raises WganError, which names the path, for what goes wrong while it is used."""
    from PIL import Image

    try:
        with opened(path) as file:
            if not size_of(file):
                raise ValueError("it is empty")
            try:
                image = Image.open(file, formats=FORMAT)
            except Image.UnidentifiedImageError:
                raise ValueError("it is not a TIFF, or its kind of pixels is unknown") from None
            with image:
                yield image
    except (*BROKEN, Image.DecompressionBombError, Image.DecompressionBombWarning) as fault:
        why = " ".join(str(fault).split())[:200].rstrip(".").replace(". ", "; ") or type(fault).__name__
        raise WganError(f"cannot read {str(path)!r} ({why}); {INSTEAD}") from None


def _page(image: "Image.Image") -> tuple[tuple[int, ...], np.dtype]:
    """The shape and dtype of the page at which the file stands. Raises ValueError for one that cannot be read whole."""
    width, height = image.size
    if width * height > LARGEST_PICTURE:
        raise ValueError(f"it has a page of more than {LARGEST_PICTURE:,} pixels")
    tags = getattr(image, "tag_v2", {})
    bits, signs = tags.get(BITS, (1,)), tags.get(SAMPLES, (1,))
    if image.mode == "I":
        name = f"{'int' if signs[0] == 2 else 'uint'}{bits[0]}"
    elif image.mode in DTYPES and (image.mode not in COLOURS or max(bits) <= 8):
        name = DTYPES[image.mode]
    else:
        raise ValueError(f"its pages have {len(bits)} channels of {max(bits)} bits in the mode {image.mode}")
    channels = (COLOURS[image.mode],) if image.mode in COLOURS else ()
    return (height, width, *channels), np.dtype(name)


def _refuse_hidden_pages(image: "Image.Image", count: int) -> None:
    """Raise ValueError for a large stack of ImageJ, whose other pages lie behind the first without tags."""
    said = re.match(r"ImageJ=.*?^images=(\d+)", str(getattr(image, "tag_v2", {}).get(DESCRIPTION, "")), re.S | re.M)
    if said and int(said[1]) != count:
        raise ValueError(f"ImageJ says that it has {said[1]} pages, but only {count} can be found")


def _words(pages: Pages) -> str:
    return f"{'x'.join(map(str, pages.shape))} {pages.dtype}"
