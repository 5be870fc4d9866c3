"""IDX files: read, searched for, and named where they are damaged."""

import gzip
import struct
import tracemalloc

import numpy as np
import pytest
from data_files import IMAGES, IMAGES_FILE, LABELS, LABELS_FILE, idx, one_sentence, random_images, write_pair

from wgan.data import load, load_idx_pair, read_idx
from wgan.errors import WganError


@pytest.mark.parametrize("shape", [(7,), (5, 3), (5, 3, 2), (1, 2, 1, 2)])
@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_idx_round_trip(shape, compress, tmp_path):
    array = random_images(shape)
    (tmp_path / "file").write_bytes(compress(idx(array)))
    read = read_idx(tmp_path / "file")
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, array)


BAD_IDX = {
    "truncated": (idx(IMAGES)[:-4], "has 42 bytes, not the 46"),
    "too long": (idx(IMAGES) + b"x", "has 47 bytes, not the 46"),
    "truncated in its header": (idx(IMAGES)[:10], "has 10 bytes, not the 16"),
    "truncated then compressed": (gzip.compress(idx(IMAGES)[:-4]), "has 42 bytes, not the 46"),
    "compressed then truncated": (gzip.compress(idx(IMAGES))[:-12], "damaged gzip"),
    "corrupt gzip": (gzip.compress(idx(IMAGES))[:-6] + b"sixsix", "damaged gzip"),
    "corrupt deflate": (gzip.compress(idx(IMAGES))[:10] + b"\xff" * 30, "damaged gzip"),
    "empty": (b"", "not an IDX file"),
    "wrong magic": (b"\x01" + idx(IMAGES)[1:], "not an IDX file .it begins '01 00 08 03'"),
    "a web page": (b"<!DOCTYPE html>", "not an IDX file"),
    "no axes": (b"\0\0\x08\0", "not an IDX file"),
    "floats": (b"\0\0\x0d" + idx(IMAGES)[3:], "type 0x0d"),
}


@pytest.mark.parametrize(("raw", "message"), BAD_IDX.values(), ids=BAD_IDX)
def test_a_damaged_idx_file_is_named(raw, message, tmp_path):
    (tmp_path / "some-file").write_bytes(raw)
    with pytest.raises(WganError, match=message) as caught:
        read_idx(tmp_path / "some-file")
    assert "some-file" in one_sentence(caught)


def test_an_unreadable_idx_file_is_named(tmp_path):
    with pytest.raises(WganError, match="is a folder, not a file"):
        read_idx(tmp_path)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (LABELS, LABELS, rf"{IMAGES_FILE}.gz' has shape \(5,\), so it holds no images"),
        (IMAGES, IMAGES, rf"{LABELS_FILE}.gz' has shape \(5, 3, 2\), so it holds no labels"),
        (IMAGES, LABELS[:4], "has 5 images but .* has 4 labels"),
        (IMAGES, LABELS + 7, f"{LABELS_FILE}.gz' has the label 16"),
    ],
    ids=["labels for images", "images for labels", "counts", "label too large"],
)
def test_a_pair_that_does_not_fit_is_named(images, labels, message, places):
    write_pair(places["data_dir"] / "mnist", images, labels)
    with pytest.raises(WganError, match=message) as caught:
        load("mnist", data_dir=places["data_dir"])
    one_sentence(caught)


def test_idx_files_are_searched_in_order(places):
    folders = {name: place / "fashion-mnist" for name, place in places.items()}
    folders["data_dir itself"] = places["data_dir"]
    order = ["system", "cache", "environment", "data_dir itself", "data_dir"]
    for number, place in enumerate(order):
        write_pair(folders[place], IMAGES + number)
        dataset = load("fashion-mnist", data_dir=places["data_dir"])
        np.testing.assert_array_equal(dataset.rows[..., 0], IMAGES + number)
        np.testing.assert_array_equal(dataset.labels, LABELS)
        assert dataset.source == str(folders[place] / f"{IMAGES_FILE}.gz")
        assert dataset.label_names[9] == "Ankle boot"


def test_images_and_labels_are_never_taken_from_two_folders(places):
    (write_pair(places["data_dir"] / "mnist") / f"{LABELS_FILE}.gz").unlink()
    write_pair(places["environment"] / "mnist", IMAGES + 1)
    dataset = load("mnist", data_dir=places["data_dir"])
    np.testing.assert_array_equal(dataset.rows[..., 0], IMAGES + 1)


def test_plain_files_and_the_test_part(places):
    folder = write_pair(places["data_dir"], compress=bytes, suffix="")
    for file in (IMAGES_FILE, LABELS_FILE):
        (folder / file).rename(folder / file.replace("train", "t10k"))
    assert load_idx_pair("mnist", "test", folder).name == "mnist-test"
    with pytest.raises(WganError, match="unknown part 'tset'; did you mean 'test'"):
        load_idx_pair("mnist", "tset")
    with pytest.raises(WganError, match="unknown data set of IDX files"):
        load_idx_pair("digits")
    with pytest.raises(WganError, match="is not a folder"):
        load("mnist", data_dir=folder / "absent")


def test_an_idx_file_that_would_fill_the_memory_is_not_unpacked(tmp_path):
    header = struct.pack(">BBBB2I", 0, 0, 8, 2, 2**31, 2**31)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(header + bytes(1000)))
    with pytest.raises(WganError, match=r"says that it holds 4,611,686,018,427,387,916 bytes, above the"):
        read_idx(tmp_path / "bomb.gz")
    (tmp_path / "long.gz").write_bytes(gzip.compress(idx(LABELS) + bytes(10**8)))
    tracemalloc.start()
    with pytest.raises(WganError, match="has 14 bytes, not the 13"):
        read_idx(tmp_path / "long.gz")
    assert tracemalloc.get_traced_memory()[1] < 10**6
    tracemalloc.stop()
