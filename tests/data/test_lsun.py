"""LMDBs of pictures, as LSUN has them."""

import os
import zlib

import numpy as np
import pytest
from commands import called
from data_files import encoded, files_of, one_sentence, picture

from wgan import WganError
from wgan.data import load
from wgan.data.pictures import decode

pytestmark = pytest.mark.usefixtures("home")


def test_lsun_is_its_pictures_cropped(bedrooms):
    dataset = load(bedrooms, size=16)
    assert dataset.rows.shape == (30, 16, 16, 3)
    assert dataset.name == "bedroom_train_lmdb"
    assert "crop to 16x16" in dataset.source
    keys = [f"{zlib.crc32(bytes([number])):08x}" for number in range(30)]
    assert files_of(dataset) == sorted(keys)
    for row, key in zip(dataset.rows, sorted(keys), strict=True):
        number = keys.index(key)
        raw = encoded(picture(80 + number, 64, number), "webp", quality=90)
        np.testing.assert_array_equal(row, decode(key, raw, 16, "crop", 3))
    with pytest.raises(WganError, match="an LMDB, whose images have many sizes; give size=N, such as 64"):
        load(bedrooms)


@pytest.mark.parametrize("keep", [0, 100, 5000, 9000, 0.5, -1])
def test_a_truncated_lmdb_is_named(bedrooms, keep):
    file = bedrooms / "data.mdb"
    size = file.stat().st_size
    os.truncate(file, int(keep * size) if isinstance(keep, float) else keep % size)
    with pytest.raises(WganError, match=r"data.mdb' is damaged.*download it again") as caught:
        load(bedrooms, size=16)
    one_sentence(caught)


def test_the_lsun_preset_trains(bedrooms, tmp_path):
    small = ["--width", 4, "--batch", 4, "--steps", 1, "--n-critic", 1]
    trained = called("train", bedrooms, "--preset", "lsun-64", *small, "--out", tmp_path / "run")
    assert trained.returncode == 0, trained.stderr
    assert "27 rows of 64x64x3 to train, 3 held out" in trained.stderr
    assert "crop to 64x64" in trained.stderr
