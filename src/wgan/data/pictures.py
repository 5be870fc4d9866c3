"""Decode one picture of any mode and size to pixels [height, width, channels], uint8, or uint16 for deep greys."""

import os
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import IO, TYPE_CHECKING, NamedTuple

import numpy as np

from wgan.errors import WganError
from wgan.files.memory import refuse_more_than_free
from wgan.files.reading import opened, reason

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF")  # the only decoders that are tried, whatever the name of the file
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
DEEP = "grey of 16 bits"  # the kind of pictures whose pixels stay uint16
LARGEST_PICTURE = 2**26  # pixels, 8192 x 8192; with more of them a small file could fill the memory
LARGEST_FILE = 2**29  # bytes: so many pixels of 8 bytes, not compressed
LARGE = (
    2**23
)  # pixels from which pictures are decoded one after the other, since each takes up to `PIXEL` bytes a pixel
PIXEL = 16
_turn = Lock()
ORIENTATION = 0x0112  # the EXIF tag
BROKEN = (  # what Pillow raises for a broken picture
    OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, ArithmeticError, struct.error, zlib.error,
    UserWarning,  # of damaged tags, where warnings are errors
)  # fmt: skip


class BrokenPicture(Exception):
    """A picture that cannot be decoded; the text says why."""


class Header(NamedTuple):
    """What a picture's first bytes say: its upright size, "grey", `DEEP`, "colour" or "alpha" (any transparency), and
    what decoding leaves out of it or changes."""

    height: int
    width: int
    kind: str
    remark: str = ""


def header(name: str, source: Path | bytes) -> Header:
    """Read the header of a picture. Raises BrokenPicture, or WganError for one that is too large."""
    try:
        with _open(name, source) as image:
            remark = _remark(image)  # before `getexif`, which reads a whole PNG and forgets how many bits it had
            height, width = image.size[::-1]
            if image.getexif().get(ORIENTATION, 1) > 4 and image.format != "TIFF":  # Pillow turns these itself
                height, width = width, height
            if image.mode == "F":
                raise ValueError("its pixels are floats, so their range is unknown; save the images as one .npy array")
            return Header(height, width, _kind(image), remark)
    except BROKEN as error:
        raise BrokenPicture(_reason(error)) from error


def decode(
    name: str, source: Path | bytes, size: int | None, resize: str, channels: int, deep: bool = False
) -> np.ndarray:
    """Decode a picture to uint8 [height, width, channels], or uint16 if it is `deep`, turned upright by its EXIF data.

    With `size` it becomes square by Lanczos resampling: "crop" takes the largest centred square, "pad" puts black
    (transparency if there are 4 channels) around the whole picture, "stretch" ignores the aspect ratio. With 3
    channels, transparency becomes white. Raises BrokenPicture, or WganError for one that is too large.
    """
    try:
        with _open(name, source) as image:
            if size:
                image.draft(None, (2 * size, 2 * size))  # a JPEG decodes faster to a smaller size
            image.load()
            turn = image.getexif().get(ORIENTATION, 1)
            pixels = _deep(image) if deep else _with_channels(image, channels)
            if size:
                pixels = _squared(pixels, size, resize)
            array = np.asarray(_upright(pixels, turn))
    except BROKEN as error:
        raise BrokenPicture(_reason(error)) from error
    array = np.clip(np.rint(array), 0, 65535).astype(np.uint16) if deep else array
    return array[..., np.newaxis] if array.ndim == 2 else array


def channels_of(kinds: Counter) -> int:
    """The number of channels: 1 if all pictures are grey, 4 if all have transparency, else 3."""
    return 1 if set(kinds) <= {"grey", DEEP} else 4 if set(kinds) == {"alpha"} else 3


@contextmanager
def _open(name: str, source: Path | bytes) -> Iterator["Image.Image"]:
    from PIL import Image

    with BytesIO(source) if isinstance(source, bytes) else _file(source) as file:
        try:
            image = Image.open(file, formats=FORMATS)
            pixels = image.size[0] * image.size[1]
        except Image.UnidentifiedImageError as error:
            raise ValueError("not a png, jpeg, webp, bmp or tiff") from error
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            pixels = 2 * LARGEST_PICTURE
        if pixels > LARGEST_PICTURE:
            raise WganError(
                f"{name!r} is a picture of more than {LARGEST_PICTURE:,} pixels, which is too large to decode; "
                "shrink or remove it"
            )
        with _turn if pixels > LARGE else nullcontext():
            if pixels > LARGE:
                refuse_more_than_free(PIXEL * pixels, f"to decode the picture {name!r}", "shrink or remove it")
            with image:
                yield image


def _file(path: Path) -> IO[bytes]:
    """The open file of a picture. Raises BrokenPicture if it cannot be opened or is too large."""
    try:
        file = opened(path)
    except WganError as problem:
        fault = problem.__cause__
        raise BrokenPicture(reason(fault) if isinstance(fault, OSError) else "it is not a regular file") from problem
    size = os.fstat(file.fileno()).st_size
    if size > LARGEST_FILE:
        file.close()
        raise BrokenPicture(f"it has {size:,} bytes, more than the {LARGEST_FILE:,} of the largest picture")
    return file


def _kind(image: "Image.Image") -> str:
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        return "alpha"
    if image.mode.startswith("I"):
        return DEEP
    return "grey" if image.mode in ("1", "L") else "colour"


def _remark(image: "Image.Image") -> str:
    """What decoding leaves out of a picture or changes, in words; "" for nothing."""
    found = []
    if (frames := getattr(image, "n_frames", 1)) > 1:
        found.append(f"several frames ({frames:,}), of which the first is read")
    if ";16" in str(getattr(image, "tile", "")) and not image.mode.startswith("I"):  # Pillow has no mode for them
        found.append("16 bits in colour or with transparency, of which the high 8 are kept")
    if image.mode in ("CMYK", "LAB", "YCbCr"):
        found.append(f"{image.mode}, made RGB")
    return " and ".join(found)


def _deep(image: "Image.Image") -> "Image.Image":
    """A picture of whole numbers from 0 to 65535 as floats, which hold them exactly and can be resampled."""
    from PIL import Image

    if not image.mode.startswith("I"):
        raise ValueError("it has 8 bits, but the other images have 16")
    numbers = np.asarray(image)
    low, high = int(numbers.min()), int(numbers.max())
    if low < 0 or high > 65535:
        raise ValueError(f"its pixels go from {low} to {high}, beyond 16 bits; save the images as one .npy array")
    return Image.fromarray(numbers.astype(np.float32))


def _with_channels(image: "Image.Image", channels: int) -> "Image.Image":
    from PIL import Image

    if image.mode.startswith("I"):  # Pillow would clip them
        raise ValueError("it has 16 bits, but the other images have 8")
    if channels == 3 and _kind(image) == "alpha":
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    return image if image.mode == mode else image.convert(mode)


def _squared(image: "Image.Image", size: int, resize: str) -> "Image.Image":
    from PIL import Image

    width, height = image.size
    side, box, shape = min(width, height), None, (size, size)
    if resize == "crop":
        left, top = (width - side) / 2, (height - side) / 2
        box = (left, top, left + side, top + side)
    elif resize == "pad":
        longer = max(width, height)
        shape = (max(1, round(width * size / longer)), max(1, round(height * size / longer)))
    image = image.resize(shape, Image.Resampling.LANCZOS, box, reducing_gap=2.0)
    if shape == (size, size):
        return image
    page = Image.new(image.mode, (size, size))
    page.paste(image, ((size - shape[0]) // 2, (size - shape[1]) // 2))
    return page


def _upright(image: "Image.Image", turn: int) -> "Image.Image":
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT, 3: Transpose.ROTATE_180, 4: Transpose.FLIP_TOP_BOTTOM, 5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270, 7: Transpose.TRANSVERSE, 8: Transpose.ROTATE_90,
    }  # fmt: skip
    return image.transpose(turns[turn]) if turn in turns else image


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
