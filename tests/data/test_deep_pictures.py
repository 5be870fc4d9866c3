"""Pictures of 16 bits and of rarer kinds: every bit is kept, or a sentence says what became of it."""

import io
import struct
import zlib

import numpy as np
import pytest
from commands import called
from data_files import cache_folder, encoded, one_sentence, picture
from PIL import Image

from wgan import Config, WganError, train
from wgan.data import from_array, load, look
from wgan.data.pictures import decode, header
from wgan.reports import figures
from wgan.training import samples
from wgan.training.drawing import given

pytestmark = pytest.mark.usefixtures("home")


def twelve_bits(count=12, shape=(6, 8)):
    return np.random.default_rng(0).integers(0, 4096, (count, *shape)).astype(np.uint16)


def png(pixels, colour):
    """A PNG of 16 bits of any colour type, which Pillow reads but cannot write."""
    height, width = pixels.shape[:2]
    raw = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)

    def part(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    size = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", size) + part(b"IDAT", zlib.compress(raw)) + part(b"IEND", b"")


def folder_of(path, *encodings, suffix="png"):
    path.mkdir()
    for number, one in enumerate(encodings):
        (path / f"{number:03d}.{suffix}").write_bytes(one)
    return path


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_greys_of_sixteen_bits_keep_every_bit_as_an_array_does(tmp_path, suffix):
    images = twelve_bits()
    folder = folder_of(tmp_path / "deep", *(encoded(Image.fromarray(one), suffix) for one in images), suffix=suffix)
    dataset = load(folder)
    assert dataset.rows.dtype == np.uint16
    np.testing.assert_array_equal(dataset.rows[..., 0], images)
    assert dataset.form == from_array(images).form
    np.testing.assert_array_equal(dataset.form.decode(dataset.form.encode(dataset.rows)), dataset.rows)
    again = load(folder)
    np.testing.assert_array_equal(again.rows, dataset.rows)
    assert "12 grey of 16 bits" in look(folder)
    (cache_folder(dataset) / "rows").write_bytes(b"\0" * 100)
    np.testing.assert_array_equal(load(folder).rows, images[..., None])


def test_sixteen_bits_are_resampled_and_turned_as_floats(tmp_path):
    y, x = np.mgrid[:40, :60]
    smooth = (30_000 + 20_000 * np.sin(x / 9) * np.cos(y / 7)).astype(np.uint16)
    exact = np.asarray(Image.fromarray(smooth.astype(np.float32)).resize((20, 20), Image.Resampling.LANCZOS))
    found = decode("a", encoded(Image.fromarray(smooth)), 20, "stretch", 1, deep=True)[..., 0]
    np.testing.assert_allclose(found, exact, atol=40)  # a step of 8 bits is 257
    assert len(np.unique(found & 255)) > 50
    edge = np.where(x < 30, 0, 65535).astype(np.uint16)  # Lanczos overshoots at an edge
    exact = np.asarray(Image.fromarray(edge.astype(np.float32)).resize((20, 20), Image.Resampling.LANCZOS))
    assert exact.max() > 65535
    found = decode("a", encoded(Image.fromarray(edge)), 20, "stretch", 1, deep=True)[..., 0]
    np.testing.assert_allclose(found, np.clip(exact, 0, 65535), atol=40)
    for suffix in ("png", "tiff"):
        for turn in range(1, 9):
            exif = Image.Exif()
            exif[0x0112] = turn
            options = {"tiffinfo": {0x0112: turn}} if suffix == "tiff" else {"exif": exif}
            plain = decode("a", encoded(picture(60, 40, mode="L"), exif=exif), None, "crop", 1)
            grey = Image.fromarray(np.asarray(picture(60, 40, mode="L")).astype(np.uint16) * 257)
            raw = encoded(grey, suffix, **options)
            np.testing.assert_array_equal(decode("a", raw, None, "crop", 1, deep=True), plain.astype(int) * 257)
            assert header("a", raw)[:2] == plain.shape[:2]


def test_a_run_of_sixteen_bits_gives_them_back(tmp_path):
    images = twelve_bits(40)
    folder = folder_of(tmp_path / "deep", *(encoded(Image.fromarray(one)) for one in images))
    list(train(Config(data=str(folder), steps=1, width=4, batch=8, latent=2, network="mlp"), out=tmp_path / "run"))
    done = called("sample", tmp_path / "run", "-n", 4, "--out", tmp_path / "made")
    assert done.returncode == 0, done.stderr
    assert called("sample", tmp_path / "run", "-n", 4, "--out", tmp_path / "made.npy").returncode == 0
    rows = np.load(tmp_path / "made.npy")
    assert rows.dtype == np.uint16
    assert len(np.unique(rows & 15)) > 8, "the low bits too"
    made = [np.asarray(Image.open(path)) for path in sorted((tmp_path / "made").iterdir())]
    np.testing.assert_array_equal(made, rows[..., 0])


@pytest.mark.parametrize(
    ("images", "kept"),
    [
        (np.array([[0, 65535], [7, 256]], np.uint16), True),
        (np.array([[0, 300], [7, 256]], np.int64), True),
        (np.array([[-1, 300], [7, 256]], np.int16), False),
        (np.array([[0, 65536], [7, 256]], np.int32), False),
    ],
)
def test_samples_that_no_png_holds_are_refused(images, kept, tmp_path):
    rows = images.repeat(2, axis=1).reshape(2, 2, 2, 1)
    form = from_array(rows).form
    if not kept:
        with pytest.raises(WganError, match=r"images of 1 channels from .*; use .npy or .npz") as caught:
            samples.write(given(rows, form), tmp_path / "out")
        assert one_sentence(caught).count("\n") == 0
        assert not (tmp_path / "out").exists()
        return
    samples.write(given(rows, form), tmp_path / "out")
    np.testing.assert_array_equal(
        [np.asarray(Image.open(p)) for p in sorted((tmp_path / "out").iterdir())], rows[..., 0]
    )


def test_sixteen_bits_of_colour_are_refused_where_they_would_be_lost(tmp_path):
    rows = np.random.default_rng(0).integers(0, 60_000, (3, 4, 4, 3)).astype(np.uint16)
    with pytest.raises(WganError, match="images of 3 channels from"):
        samples.write(given(rows, from_array(rows).form), tmp_path / "out")
    samples.write(given(rows, from_array(rows).form), tmp_path / "grid.png")
    bytes_of_grey = rows[..., :1].astype(np.uint8)
    assert figures.as_stored(bytes_of_grey, from_array(bytes_of_grey).form).dtype == np.uint8


def test_eight_and_sixteen_bits_do_not_mix(tmp_path):
    folder = folder_of(
        tmp_path / "mixed", encoded(Image.fromarray(twelve_bits()[0])), encoded(picture(8, 6)), encoded(picture(8, 6))
    )
    with pytest.raises(WganError, match=r"has 1 images of 16 bits among 3, .*; convert all") as caught:
        load(folder)
    one_sentence(caught)


def animated(suffix):
    file = io.BytesIO()
    pictures = [picture(8, 6, number) for number in range(3)]
    pictures[0].save(file, suffix, save_all=True, append_images=pictures[1:], lossless=True)
    return file.getvalue()


def colour(count=3):
    return np.random.default_rng(0).integers(0, 65536, (6, 8, count)).astype(np.uint16)


SAID = {
    "colour of 16 bits": (
        png(colour(), 2),
        "2 of 16 bits in colour or with transparency, of which the high 8 are kept",
    ),
    "transparency of 16 bits": (png(colour(4), 6), "2 of 16 bits in colour or with transparency, of which the high 8"),
    "grey and alpha of 16 bits": (
        png(colour(2), 4),
        "2 of 16 bits in colour or with transparency, of which the high 8",
    ),
    "an animated png": (animated("PNG"), "2 of several frames (3), of which the first is read"),
    "an animated webp": (animated("WEBP"), "2 of several frames (3), of which the first is read"),
    "pages": (animated("TIFF"), "2 of several frames (3), of which the first is read"),
    "CMYK": (encoded(picture(8, 6).convert("CMYK"), "tiff"), "2 of CMYK, made RGB"),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_left_out_or_changed_is_said(name, tmp_path):
    raw, sentence = SAID[name]
    folder = folder_of(tmp_path / "odd", raw, raw)
    assert sentence in look(folder)
    assert sentence in load(folder).source
    done = called("data", folder, "--size", 4)
    assert sentence in done.stdout, done.stderr


def test_the_first_frame_and_the_high_bits_are_right(tmp_path):
    for suffix in ("PNG", "WEBP", "TIFF"):
        np.testing.assert_array_equal(decode("a", animated(suffix), None, "crop", 3), np.asarray(picture(8, 6)))
    pixels = colour()
    np.testing.assert_array_equal(decode("a", png(pixels, 2), None, "crop", 3), pixels >> 8)


def test_transparency_over_white_and_unread_pictures_are_said(tmp_path):
    clear = picture(8, 6, mode="RGBA")
    folder = folder_of(tmp_path / "odd", encoded(clear), encoded(picture(8, 6)), encoded(picture(8, 6, 1)))
    (folder / "x.gif").write_bytes(encoded(picture(8, 6), "gif"))
    (folder / "notes.txt").write_text("none")
    for text in (look(folder), load(folder).source):
        assert "1 with transparency, laid over white; left out: 1 .gif" in text
    assert "over white" not in load(folder_of(tmp_path / "clear", encoded(clear), encoded(clear))).source


def test_a_plain_folder_has_no_remark(tmp_path):
    folder = folder_of(tmp_path / "plain", encoded(picture(8, 6)), encoded(picture(8, 6, 1)))
    assert load(folder).source.startswith(f"{folder}, cached in ")


REFUSED = {
    "floats": (Image.fromarray(np.float32([[0, 1], [2, 3]])), "its pixels are floats, .* one .npy array"),
    "large": (Image.fromarray(np.int32([[0, 70_000], [2, 3]])), "its pixels go from 0 to 70000, beyond 16 bits"),
    "negative": (Image.fromarray(np.int32([[-5, 7], [2, 3]])), "its pixels go from -5 to 7, beyond 16 bits"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_pixels_that_no_shade_holds_are_refused(name, tmp_path):
    image, message = REFUSED[name]
    folder = folder_of(tmp_path / "odd", *[encoded(image, "tiff")] * 2, suffix="tif")
    with pytest.raises(WganError, match=message) as caught:
        load(folder, size=2)  # without a size they are rows, not pictures
    one_sentence(caught)
