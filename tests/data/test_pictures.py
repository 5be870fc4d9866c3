"""One picture: how it is decoded, and which are refused."""

import io
import struct
import zlib

import numpy as np
import pytest
from data_files import encoded, one_sentence, picture
from PIL import Image, ImageOps

from wgan import WganError
from wgan.data import load
from wgan.data.pictures import BrokenPicture, decode, header

pytestmark = pytest.mark.usefixtures("home")


LANCZOS = Image.Resampling.LANCZOS


def test_crop_pad_and_stretch_are_what_pillow_does_in_steps():
    image = picture(90, 60)
    raw = encoded(image)
    crop = image.crop((15, 0, 75, 60)).resize((16, 16), LANCZOS)
    np.testing.assert_allclose(decode("a", raw, 16, "crop", 3), np.asarray(crop), atol=2)
    np.testing.assert_allclose(decode("a", raw, 16, "stretch", 3), np.asarray(image.resize((16, 16), LANCZOS)), atol=2)
    padded = decode("a", raw, 18, "pad", 3)
    assert padded.shape == (18, 18, 3)
    assert not padded[:3].any()
    assert not padded[15:].any()
    np.testing.assert_allclose(padded[3:15], np.asarray(image.resize((18, 12), LANCZOS)), atol=2)
    for resize in ("crop", "pad", "stretch"):  # larger than it is, and with a side of almost nothing
        assert decode("a", raw, 200, resize, 3).shape == (200, 200, 3)
        assert decode("a", encoded(picture(300, 1)), 8, resize, 3).shape == (8, 8, 3)
    np.testing.assert_array_equal(decode("a", raw, None, "crop", 3), np.asarray(image))


def test_a_jpeg_that_is_decoded_small_is_the_large_one_made_small():
    image = picture(640, 480)
    raw = encoded(image, "jpg", quality=95)
    whole = Image.open(io.BytesIO(raw)).crop((80, 0, 560, 480)).resize((32, 32), LANCZOS)
    np.testing.assert_allclose(decode("a", raw, 32, "crop", 3), np.asarray(whole), atol=4)
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8))
    raw = encoded(noise, "jpg", quality=95)
    whole = Image.open(io.BytesIO(raw)).resize((32, 32), LANCZOS, (20, 0, 140, 120))
    # made small too far, noise would lose its contrast
    assert decode("a", raw, 32, "crop", 3).std() > 0.9 * np.asarray(whole).std()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [None, 12])
def test_a_photograph_is_turned_upright(orientation, size):
    exif = Image.Exif()
    exif[0x0112] = orientation
    raw = encoded(picture(36, 24), "png", exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(raw)))
    expected = np.asarray(upright if size is None else upright.resize((size, size), LANCZOS))
    np.testing.assert_allclose(decode("a", raw, size, "stretch", 3), expected, atol=1 if size else 0)
    assert header("a", raw)[:2] == upright.size[::-1]


def test_every_mode_becomes_one_three_or_four_channels():
    grey, colour, alpha = picture(8, 6, mode="L"), picture(8, 6), picture(8, 6, mode="RGBA")
    np.testing.assert_array_equal(decode("a", encoded(grey), None, "crop", 1)[..., 0], np.asarray(grey))
    np.testing.assert_array_equal(decode("a", encoded(grey), None, "crop", 3), np.asarray(grey.convert("RGB")))
    np.testing.assert_array_equal(decode("a", encoded(alpha), None, "crop", 4), np.asarray(alpha))
    over_white = np.asarray(alpha, float)
    over_white = over_white[..., :3] * over_white[..., 3:] / 255 + 255 - over_white[..., 3:]
    np.testing.assert_allclose(decode("a", encoded(alpha), None, "crop", 3), over_white, atol=1)
    few = colour.quantize(16)
    np.testing.assert_array_equal(decode("a", encoded(few), None, "crop", 3), np.asarray(few.convert("RGB")))
    deep = Image.fromarray(np.linspace(0, 65535, 48).astype(np.uint16).reshape(6, 8))
    bits = grey.convert("1")
    np.testing.assert_array_equal(decode("a", encoded(bits), None, "crop", 1)[..., 0], 255 * np.asarray(bits))
    kinds = [header("a", encoded(image)).kind for image in (grey, colour, alpha, few, deep, bits)]
    assert kinds == ["grey", "colour", "alpha", "colour", "grey of 16 bits", "grey"]
    assert header("a", encoded(few, transparency=3)).kind == "alpha"


def bomb(width, height):
    """A PNG of a few bytes that says it is of this size."""

    def part(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", size) + part(b"IDAT", zlib.compress(b"")) + part(b"IEND", b"")


@pytest.mark.parametrize("side", [8193, 10_000, 60_000])
def test_a_picture_above_the_limit_is_refused_before_it_is_decoded(side, photos):
    (photos / "a" / "bomb.png").write_bytes(bomb(side, side))
    with pytest.raises(WganError, match=r"'.*bomb.png' is a picture of more than 67,108,864 pixels") as caught:
        load(photos)
    one_sentence(caught)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "tiff"])
def test_no_damaged_picture_raises_anything_else(suffix):
    raw = encoded(picture(24, 24), suffix)
    rng = np.random.default_rng(0)
    broken = 0
    for number in range(150):
        damaged = bytearray(raw[: rng.integers(1, len(raw))] if number % 2 else raw)
        for place in rng.integers(0, len(damaged), 5):
            damaged[place] = rng.integers(256)
        try:
            assert decode("a", bytes(damaged), 8, "crop", 3).shape == (8, 8, 3)
        except (BrokenPicture, WganError):
            broken += 1
    assert broken > 20


def test_only_five_formats_reach_a_decoder():
    with pytest.raises(BrokenPicture, match="not a png, jpeg, webp, bmp or tiff"):
        decode("a.png", encoded(picture(9, 9), "gif"), 8, "crop", 3)
