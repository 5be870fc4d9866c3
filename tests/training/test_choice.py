"""The preset that is chosen from the data."""

import numpy as np
import pandas
import pytest
from commands import called
from PIL import Image

from wgan import data
from wgan.training.choice import recommended, too_few


def pictures(folder, size, mode="RGB", count=30):
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(count):
        pixels = rng.integers(0, 256, (size, size, 3)).astype(np.uint8)
        Image.fromarray(pixels).convert(mode).save(folder / f"{number}.png")
    return folder


def dry_run(folder, tmp_path, *flags):
    return called("train", folder, "--batch", "4", "--dry-run", "--out", tmp_path / "run", *flags)


@pytest.mark.parametrize(("rows", "name", "words"), [
    (np.zeros((20, 32, 32, 3), np.uint8), "photos", "20 colour pictures of 32 x 32"),
    (np.zeros((20, 33, 32, 3), np.uint8), "default", "20 colour pictures of 32 x 33: the preset default is"),
    (np.zeros((20, 31, 32, 3), np.uint8), "default", "20 colour pictures of 32 x 31"),
    (np.zeros((20, 32, 32, 4), np.uint8), "default", "20 4-channel pictures of 32 x 32"),
    (np.zeros((20, 28, 28), np.uint8), "default", "20 grey pictures of 28 x 28"),
    (np.zeros((20, 5)), "default", "20 rows of 5 columns"),
    (pandas.DataFrame({"a": range(20)}), "table", "20 rows of a table"),
])  # fmt: skip
def test_the_form_of_the_data_decides(rows, name, words):
    if isinstance(rows, np.ndarray):
        rows[0] = 1  # constant rows are refused
    choice = recommended(data.from_array(rows))
    assert choice.preset == name
    assert choice.why.startswith(words)
    assert "the preset " in choice.why


def test_train_takes_the_preset_for_colour_pictures_and_says_why(tmp_path):
    folder = pictures(tmp_path / "colour", 32)
    found = dry_run(folder, tmp_path)
    assert '"flip": "horizontal"' in found.stdout
    assert "30 colour pictures of 32 x 32: the preset photos" in found.stderr
    assert "--preset default is the general one." in found.stderr
    plain = dry_run(folder, tmp_path, "--preset", "default")
    assert '"flip": "none"' in plain.stdout
    assert "the preset photos" not in plain.stderr


def test_train_takes_the_default_for_grey_pictures_and_is_silent(tmp_path):
    folder = pictures(tmp_path / "grey", 16, "L")
    found = dry_run(folder, tmp_path)
    assert '"flip": "none"' in found.stdout
    assert "preset" not in found.stderr


def test_data_names_the_preset(tmp_path):
    found = called("data", str(pictures(tmp_path / "colour", 32)))
    assert "30 colour pictures of 32 x 32: the preset photos" in found.stdout


def test_a_network_or_objective_of_ones_own_goes_with_the_default(tmp_path):
    folder = pictures(tmp_path / "colour", 32)
    for flags in (("--network", "mlp"), ("--objective", "non-saturating")):
        found = dry_run(folder, tmp_path, *flags)
        assert '"flip": "none"' in found.stdout
        assert '"width": null' in found.stdout
        assert "the preset photos" not in found.stderr


def test_train_says_what_it_trains_on_large_pictures(tmp_path):
    found = dry_run(pictures(tmp_path / "large", 70, count=12), tmp_path, "--held-out", "0")
    assert "12 colour pictures of 70 x 70: the preset default is chosen, which may cover" in found.stderr
    assert '"flip": "none"' in found.stdout


def test_pictures_of_many_sizes_are_told_the_size_of_the_preset(tmp_path):
    folder = pictures(tmp_path / "colour", 40)
    Image.new("RGB", (50, 90)).save(folder / "other.png")
    found = called("data", str(folder))
    assert "31 colour pictures of 40 x 40 and other sizes: add --size 32" in found.stdout
    assert "the preset photos suits them" in called("data", str(folder), "--size", "32").stdout


@pytest.mark.parametrize(("size", "mode", "flags"), [
    (32, "RGB", ()), (32, "RGBA", ()), (16, "RGB", ()), (48, "RGB", ()), (48, "RGB", ("--size", "32")),
    (32, "RGB", ("--size", "16")), (32, "RGB", ("--size", "64")), (16, "L", ()),
])  # fmt: skip
def test_what_data_says_is_what_train_says_and_trains(tmp_path, size, mode, flags):
    folder = pictures(tmp_path / "seen", size, mode)
    told = called("data", folder, *flags).stdout
    found = dry_run(folder, tmp_path, *flags)
    trained = "photos" if '"flip": "horizontal"' in found.stdout else "default"
    (said,) = [line for line in told.splitlines() if " the preset " in line and "too few" not in line]
    assert f"the preset {trained} " in said
    if mode != "L":
        assert said in found.stderr, "train says the same sentence"
        assert "fine dots" in said


def test_too_few_pictures_are_named_by_data_as_train_refuses_them(tmp_path):
    one = called("data", pictures(tmp_path / "one", 32, count=1)).stdout
    assert "holds 1 image: " in one
    assert "1 colour picture of 32 x 32" in one
    assert "1 row is too few to train on" in one
    few = called("data", pictures(tmp_path / "few", 32, count=30)).stdout
    assert "30 rows are too few for the batch of 64 of the preset photos; add --batch 27 or less." in few
    broken = pictures(tmp_path / "broken", 32, count=30)
    next(broken.iterdir()).write_bytes(b"no picture")
    assert "29 colour pictures of 32 x 32" in called("data", broken).stdout
    for count, refused in ((70, True), (71, False)):
        assert bool(too_few(count, "photos")) == refused, "of 71 rows 7 are held out"
