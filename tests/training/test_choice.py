"""The preset that is chosen from the data."""

import numpy as np
import pandas
import pytest
from commands import called
from PIL import Image

from wgan import data
from wgan.training.choice import recommended


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
    (np.zeros((20, 8, 8, 3), np.uint8), "default", "20 colour pictures of 8 x 8"),
    (np.zeros((20, 28, 28), np.uint8), "default", "20 grey pictures of 28 x 28"),
    (np.zeros((20, 5)), "default", "20 rows of 5 columns"),
    (pandas.DataFrame({"a": range(20)}), "table", "20 rows of a table"),
])  # fmt: skip
def test_the_form_of_the_data_decides(rows, name, words):
    if isinstance(rows, np.ndarray):
        rows[0] = 1  # constant rows are refused
    chosen, why = recommended(data.from_array(rows))
    assert chosen == name
    assert why.startswith(words)
    assert f"the preset {name}" in why


def test_train_takes_the_preset_for_colour_pictures_and_says_why(tmp_path):
    folder = pictures(tmp_path / "colour", 16)
    found = dry_run(folder, tmp_path)
    assert '"flip": "horizontal"' in found.stdout
    assert "30 colour pictures of 16 x 16: the preset photos" in found.stderr
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
    found = called("data", str(pictures(tmp_path / "colour", 16)))
    assert "30 colour pictures of 16 x 16: the preset photos" in found.stdout
