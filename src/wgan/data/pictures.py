"""Decode one picture of any mode and size to pixels, uint8 [height, width, channels]."""

import struct
import zlib
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wgan.errors import WganError

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "WEBP", "BMP")  # the only decoders that are tried, whatever the name of the file
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
LARGEST_PICTURE = 2**26  # pixels, 8192 x 8192; with more of them a small file could fill the memory
ORIENTATION = 0x0112  # the EXIF tag
BROKEN = (  # what Pillow raises for a broken picture
    OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, ArithmeticError, struct.error, zlib.error,
)  # fmt: skip


class BrokenPicture(Exception):
    """A picture that cannot be decoded; the text says why."""


class Header(NamedTuple):
    """What a picture's first bytes say: its upright size, and "grey", "colour" or "alpha" (any transparency)."""

    height: int
    width: int
    kind: str


def header(name: str, source: Path | bytes) -> Header:
    """Read the header of a picture. Raises BrokenPicture, or WganError for one that is too large."""
    try:
        with _open(name, source) as image:
            height, width = image.size[::-1]
            if image.getexif().get(ORIENTATION, 1) > 4:
                height, width = width, height
            return Header(height, width, _kind(image))
    except BROKEN as error:
        raise BrokenPicture(_reason(error)) from error


def decode(name: str, source: Path | bytes, size: int | None, resize: str, channels: int) -> np.ndarray:
    """Decode a picture to uint8 [height, width, channels], turned upright by its EXIF data.

    With `size` it becomes square by Lanczos resampling: "crop" takes the largest centred square, "pad" puts black
    (transparency if there are 4 channels) around the whole picture, "stretch" ignores the aspect ratio. With 3
    channels, transparency becomes white. Raises BrokenPicture, or WganError for one that is too large.
    """
    try:
        with _open(name, source) as image:
            turn = image.getexif().get(ORIENTATION, 1)
            if size:
                image.draft(None, (2 * size, 2 * size))  # a JPEG decodes faster to a smaller size
            pixels = _with_channels(image, channels)
            if size:
                pixels = _squared(pixels, size, resize)
            array = np.asarray(_upright(pixels, turn))
    except BROKEN as error:
        raise BrokenPicture(_reason(error)) from error
    return array[..., np.newaxis] if array.ndim == 2 else array


def channels_of(kinds: Counter) -> int:
    """The number of channels: 1 if all pictures are grey, 4 if all have transparency, else 3."""
    return 1 if set(kinds) == {"grey"} else 4 if set(kinds) == {"alpha"} else 3


def _open(name: str, source: Path | bytes) -> "Image.Image":
    from PIL import Image

    try:
        image = Image.open(BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS)
        pixels = image.size[0] * image.size[1]
        if pixels > LARGEST_PICTURE:
            image.close()
    except Image.UnidentifiedImageError as error:
        raise ValueError("not a png, jpeg, webp or bmp") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        pixels = 2 * LARGEST_PICTURE
    if pixels > LARGEST_PICTURE:
        raise WganError(
            f"{name!r} is a picture of more than {LARGEST_PICTURE:,} pixels, which is too large to decode; "
            "shrink or remove it"
        )
    return image


def _kind(image: "Image.Image") -> str:
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        return "alpha"
    return "grey" if image.mode in ("1", "L", "I", "F") or image.mode.startswith("I;16") else "colour"


def _with_channels(image: "Image.Image", channels: int) -> "Image.Image":
    from PIL import Image

    if image.mode.startswith("I"):  # of 16 bits the high 8 are kept; Pillow would clip the values
        image = Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
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
