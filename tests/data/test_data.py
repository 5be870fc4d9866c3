import contextlib
import gzip
import hashlib
import http.server
import io
import json
import os
import struct
import tarfile
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from sklearn.datasets import load_digits, make_swiss_roll

from wgan import data
from wgan.data import (
    DATASETS,
    Dataset,
    Form,
    arrays,
    cifar,
    download,
    form_from_json,
    from_array,
    load,
    load_cifar,
    load_idx_pair,
    read_idx,
    split,
    toy,
)
from wgan.errors import WganError

REAL = os.environ.get("WGAN_DATA")
IMAGES = np.arange(5 * 3 * 2, dtype=np.uint8).reshape(5, 3, 2) * 8
LABELS = np.array([3, 1, 4, 1, 9], dtype=np.uint8)
IMAGES_FILE, LABELS_FILE = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def random_images(shape, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, 256, shape).astype(dtype)


def idx(array):
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_pair(folder, images=IMAGES, labels=LABELS, compress=gzip.compress, suffix=".gz"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / (IMAGES_FILE + suffix)).write_bytes(compress(idx(images)))
    (folder / (LABELS_FILE + suffix)).write_bytes(compress(idx(labels)))
    return folder


def one_sentence(caught):
    text = str(caught.value)
    assert "\n" not in text
    assert ". " not in text
    return text


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Every place that is searched, in order, all empty; nothing can reach the network."""
    monkeypatch.setenv("WGAN_DATA", str(tmp_path / "environment"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home-cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(download, "SYSTEM_FOLDER", tmp_path / "system")
    for name in download.URLS:
        monkeypatch.setitem(download.URLS, name, "http://127.0.0.1:9/")
    (tmp_path / "given").mkdir()
    return {
        "data_dir": tmp_path / "given",
        "environment": tmp_path / "environment",
        "cache": tmp_path / "home-cache" / "wgan",
        "system": tmp_path / "system",
    }


# Form: there and back


def test_every_uint8_comes_back_and_spans_minus_one_to_one():
    rows = np.arange(256, dtype=np.uint8).reshape(4, 8, 8, 1)
    form = from_array(rows).form
    encoded = form.encode(rows)
    assert encoded.dtype == np.float32
    assert (encoded.min(), encoded.max()) == (-1, 1)
    np.testing.assert_allclose(encoded, rows / 127.5 - 1, atol=1e-7)
    decoded = form.decode(encoded)
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, rows)


def test_decoding_rounds_to_the_nearest_and_clips():
    form = Form("images", (1, 1, 1), "uint8", 127.5, 127.5, 0.0, 255.0)
    values = np.array([-3.0, 100.4, 100.6, 300.0], dtype=np.float32).reshape(4, 1, 1, 1)
    assert form.decode((values - 127.5) / 127.5).ravel().tolist() == [0, 100, 101, 255]


@given(
    st.sampled_from([np.float32, np.float64]).flatmap(
        lambda dtype: hnp.arrays(
            dtype,
            hnp.array_shapes(min_dims=3, max_dims=3, min_side=2, max_side=4),
            elements=st.floats(-1e6, 1e6, width=32),
        )
    )
)
def test_float_images_come_back_to_the_precision_of_float32(rows):
    if np.ptp(rows) < 1e-30:
        return
    form = from_array(rows).form
    encoded, back = form.encode(rows), form.decode(form.encode(rows))
    assert np.abs(encoded).max() <= 1
    assert back.dtype == rows.dtype
    assert back.shape == (*rows.shape, 1)
    # half a float32 step in [-1, 1], scaled, and the rounding of the value itself
    step = 2.0**-24 * form.scale + np.abs(rows) * np.finfo(rows.dtype).eps
    assert (np.abs(back[..., 0].astype(np.float64) - rows) <= step).all()


@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(2, 20), st.integers(1, 4)),
        elements=st.floats(-1e9, 1e9, width=32),
    )
)
def test_tables_are_standardised_and_come_back(rows):
    if (np.ptp(rows, axis=0) < 1e-3 * (1 + np.abs(rows).max(axis=0))).any():
        return
    form = from_array(rows).form
    encoded = form.encode(rows)
    np.testing.assert_allclose(encoded.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(encoded.std(axis=0), 1, rtol=1e-3)
    error = np.abs(form.decode(encoded) - rows)
    assert (error <= np.abs(encoded) * np.array(form.scale) * 2.0**-23 + 1e-9).all()


def test_a_table_far_from_zero_keeps_its_digits():
    rows = np.array([[1e9], [1e9 + 1], [1e9 + 3]])
    form = from_array(rows).form
    np.testing.assert_allclose(form.decode(form.encode(rows)), rows, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ([0.2, 0.7], 0, 1),
        ([0.0, 1.0], 0, 1),
        ([-0.1, 0.5], -1, 1),
        ([-1.0, 1.0], -1, 1),
        ([0.0, 1.5], 0, 1.5),
        ([-3.0, 9.0], -3, 9),
    ],
)
def test_float_images_have_the_range_they_fit(values, low, high):
    rows = np.array(values).reshape(2, 1, 1)
    form = from_array(rows).form
    assert (form.low, form.high) == (low, high)
    np.testing.assert_allclose(form.encode(np.array([low, high]).reshape(2, 1, 1)).ravel(), [-1, 1])
    assert form.decode(np.array([-9.0, 9.0]).reshape(2, 1, 1, 1)).ravel().tolist() == [low, high]


@pytest.mark.parametrize(
    ("dtype", "values", "at_rest", "span"),
    [
        ("int32", [0, 7, 200], "uint8", (0, 255)),
        ("uint16", [0, 7, 200], "uint8", (0, 255)),
        ("uint16", [0, 7, 60000], "uint16", (0, 60000)),
        ("int16", [-300, 7, 200], "int16", (-300, 200)),
        ("int8", [0, 7, 100], "int8", (0, 100)),
        ("bool", [False, True, False], "uint8", (0, 1)),
        (">u2", [0, 7, 60000], "uint16", (0, 60000)),
        (">f4", [0.0, 0.5, 1.0], "float32", (0, 1)),
        ("float16", [0.0, 0.5, 1.0], "float32", (0, 1)),
    ],
)
def test_images_of_any_dtype_come_back_in_it(dtype, values, at_rest, span):
    rows = np.array(values, dtype=dtype).reshape(3, 1, 1)
    dataset = from_array(rows)
    assert dataset.rows.dtype == at_rest
    assert dataset.rows.dtype.isnative
    assert (dataset.form.low, dataset.form.high) == span
    back = dataset.form.decode(dataset.form.encode(dataset.rows))
    assert back.dtype == ("float32" if "f" in dtype else np.dtype(dtype).newbyteorder("="))
    np.testing.assert_array_equal(back[..., 0], rows)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "bool"])
def test_integer_columns_come_back_rounded_within_their_dtype(dtype):
    rows = np.array([[0, 1], [1, 0], [1, 1]], dtype=dtype)
    dataset = from_array(rows)
    assert dataset.rows.dtype == np.float64
    back = dataset.form.decode(dataset.form.encode(rows) + np.float32(0.1))
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, rows)
    far = dataset.form.decode(np.array([[np.inf, -1e30]]))
    assert far[0, 0] > 0
    assert far[0, 1] <= 0


def test_one_channel_may_be_left_out_and_other_shapes_are_refused():
    form = from_array(random_images((4, 3, 2))).form
    assert form.encode(IMAGES).shape == (5, 3, 2, 1)
    for rows in (np.zeros((5, 2, 3)), np.zeros((3, 2)), np.float32(0)):
        with pytest.raises(WganError) as caught:
            form.encode(rows)
        assert "[n, 3, 2, 1]" in one_sentence(caught)
    with pytest.raises(WganError, match=r"got rows of shape \(5, 3, 2\)"):
        form.decode(np.zeros((5, 3, 2)))


def test_nan_is_refused_where_it_has_no_integer_and_kept_in_floats():
    with pytest.raises(WganError, match="diverged"):
        from_array(IMAGES).form.decode(np.full((1, 3, 2, 1), np.nan))
    assert np.isnan(from_array(IMAGES / 255).form.decode(np.full((1, 3, 2, 1), np.nan))).all()


@pytest.mark.parametrize(
    "rows",
    [IMAGES, IMAGES / 7, np.random.default_rng(1).normal(size=(9, 3)), np.array([[1, 2], [5, 3]])],
    ids=["uint8", "float", "table", "integers"],
)
def test_a_form_goes_through_json_exactly(rows):
    form = from_array(rows).form
    assert form_from_json(json.loads(json.dumps(form.to_json()))) == form


# Arrays


def test_shapes_that_are_accepted():
    assert from_array(IMAGES).form.shape == (3, 2, 1)
    assert from_array(random_images((2, 5, 4, 3))).form.shape == (5, 4, 3)
    assert from_array(random_images((2, 5, 4, 4))).form.shape == (5, 4, 4)
    assert from_array(random_images((2, 4, 5, 1))).form.shape == (4, 5, 1)
    table = from_array([[1.0, 2.0], [3.0, 5.0]])
    assert (table.form.kind, table.form.shape) == ("table", (2,))
    assert from_array(np.asfortranarray(random_images((2, 5, 4, 3)))).rows.flags.c_contiguous


class Frame:
    """As much of a DataFrame as is looked at."""

    columns = ("age", "height")

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values)


def test_a_data_frame_is_a_table_and_its_columns_are_named():
    assert from_array(Frame([[1.0, 2.0], [3.0, 4.0]])).form.offset == (2.0, 3.0)
    with pytest.raises(WganError) as caught:
        from_array(Frame([[1.0, 2.0], [3.0, 2.0]]))
    assert "'height'" in one_sentence(caught)


BAD_ARRAYS = {
    "nan": (np.array([[1.0, 2], [np.nan, 4], [5, np.inf]]), r"2 NaN or infinite.*\(1, 0\)"),
    "infinite": (np.array([[1.0, 2], [3, -np.inf]]), r"1 NaN or infinite.*\(1, 1\)"),
    "object": (np.array([["a", None], ["b", 1]], dtype=object), "dtype object"),
    "string": (np.array([["a"], ["b"]]), "dtype <U1"),
    "complex": (np.ones((3, 2)) * 1j, "dtype complex128"),
    "date": (np.array([["2020-01-01"]], dtype="datetime64[D]"), "dtype datetime64"),
    "ragged": ([[1, 2], [3]], "one shape"),
    "one axis": (np.arange(5), r"shape \(5,\)"),
    "five axes": (np.zeros((2, 2, 2, 2, 1)), r"shape \(2, 2, 2, 2, 1\)"),
    "number": (3.0, r"shape \(\)"),
    "no rows": (np.zeros((0, 4)), r"empty \(shape \(0, 4\)\)"),
    "no columns": (np.zeros((4, 0)), r"empty \(shape \(4, 0\)\)"),
    "constant images": (np.full((3, 4, 4), 7, np.uint8), "constant .every value is 7"),
    "constant table": (np.ones((3, 2)), "constant"),
    "constant column": (np.array([[1.0, 2, 0], [3, 2, 1]]), "constant in column 1;"),
    "one row": (np.array([[1.0, 2]]), "constant in column 0"),
    "narrow column": (np.array([[7.0], [7 + 9e-16]]), "too much or too little in column 0"),
    "tiny column": (np.array([[0.0], [5e-324]]), "too much or too little in column 0"),
    "wide column": (np.array([[-1.7e308], [1.7e308]]), "too much or too little in column 0"),
    "narrow images": (np.array([2, 2 + 5e-16]).reshape(2, 1, 1), "spans only"),
    "channels first": (random_images((5, 3, 8, 8)), r"channels first \(5, 3, 8, 8\).*transpose"),
    "two channels": (random_images((5, 8, 8, 2)), "2 channels"),
    "huge integers": (np.array([[2**60, 1], [0, 2]]), r"beyond 2\*\*53"),
}


@pytest.mark.parametrize(("rows", "message"), BAD_ARRAYS.values(), ids=BAD_ARRAYS)
def test_an_array_that_cannot_be_trained_on_is_refused(rows, message):
    with pytest.raises(WganError, match=message) as caught:
        from_array(rows, name="mine")
    assert one_sentence(caught).startswith("mine ")


@pytest.mark.parametrize("values", [[2, 2 + 1e-8], [-1.7e308, 1.7e308], [1e308, 1.7e308]], ids=str)
def test_extreme_images_still_span_minus_one_to_one(values):
    rows = np.array(values).reshape(2, 1, 1)
    form = from_array(rows).form
    np.testing.assert_allclose(form.encode(rows).ravel(), [-1, 1], rtol=1e-6)
    np.testing.assert_allclose(form.decode(form.encode(rows)).ravel(), values, rtol=1e-14)


# Files


def test_numpy_files(tmp_path):
    table = np.random.default_rng(0).normal(size=(6, 2))
    np.save(tmp_path / "a.npy", table)
    dataset = load(str(tmp_path / "a.npy"))
    np.testing.assert_array_equal(dataset.rows, table)
    assert (dataset.name, dataset.source, dataset.labels) == ("a", str(tmp_path / "a.npy"), None)
    assert isinstance(dataset.rows.base, np.memmap)
    for key in ("X", "images", "rows", "x", "anything"):
        np.savez(tmp_path / "b.npz", **{key: IMAGES, "y": LABELS})
        dataset = load(tmp_path / "b.npz")
        np.testing.assert_array_equal(dataset.rows[..., 0], IMAGES)
        assert dataset.labels.dtype == np.int64
        np.testing.assert_array_equal(dataset.labels, LABELS)
    np.savez_compressed(tmp_path / "c.npz", X=IMAGES, other=LABELS, labels=LABELS)
    np.testing.assert_array_equal(load(tmp_path / "c.npz").labels, LABELS)


def test_an_npz_that_would_fill_the_memory_is_not_unpacked(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "bomb.npz", X=np.zeros((1000, 1000)))
    assert (tmp_path / "bomb.npz").stat().st_size < 10_000
    monkeypatch.setattr(arrays, "LARGEST_UNPACKED", 7_999_999)
    with pytest.raises(WganError, match=r"bomb.npz' unpacks to 0.0 GB, above the limit .* numpy.save") as caught:
        load(tmp_path / "bomb.npz")
    one_sentence(caught)


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


def test_a_file_is_found_from_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    np.save(tmp_path / "a.npy", IMAGES)
    assert len(load("~/a.npy").rows) == 5


def bad_files(folder):
    np.save(folder / "whole.npy", np.arange(100.0).reshape(50, 2))
    whole = (folder / "whole.npy").read_bytes()
    np.savez(folder / "whole.npz", X=np.arange(100.0).reshape(50, 2))
    (folder / "cut.npy").write_bytes(whole[:-9])
    (folder / "empty.npy").write_bytes(b"")
    (folder / "text.npy").write_bytes(b"a,b\n1,2\n")
    (folder / "cut.npz").write_bytes((folder / "whole.npz").read_bytes()[:-40])
    np.save(folder / "objects.npy", np.array([[1, "a"]], dtype=object), allow_pickle=True)
    np.savez(folder / "objects.npz", X=np.array([[1, "a"]], dtype=object))
    np.savez(folder / "keys.npz", x_train=IMAGES, x_test=IMAGES)
    np.savez(folder / "both.npz", x=IMAGES, X=IMAGES)
    np.savez(folder / "none.npz", y=LABELS)
    np.savez(folder / "short.npz", X=IMAGES, y=LABELS[:3])
    np.savez(folder / "float.npz", X=IMAGES, y=LABELS / 2)
    np.save(folder / "nan.npy", np.full((2, 2), np.nan))
    (folder / "table.csv").write_text("a,b\n1,2\n")
    (folder / "table.parquet").write_bytes(b"PAR1")
    (folder / "table.xls").write_bytes(b"")
    np.save(folder / "zero.npy", np.zeros((0, 4)))
    (folder / "random.npz").write_bytes(b"PK" + bytes(range(200)))
    (folder / "photos").mkdir()


BAD_FILES = {
    "cut.npy": "damaged",
    "empty.npy": "damaged",
    "text.npy": "damaged",
    "cut.npz": "damaged",
    "objects.npy": "never unpickled",
    "objects.npz": "never unpickled",
    "keys.npz": "holds the arrays x_train, x_test",
    "both.npz": "exactly one",
    "none.npz": "holds the arrays y",
    "short.npz": r"labels uint8 \(3,\); give 5 whole numbers",
    "zero.npy": "zero.npy is empty",
    "random.npz": "damaged",
    "float.npz": "labels float64",
    "nan.npy": "nan.npy has 4 NaN",
    "table.csv": "one value in each of its columns",
    "table.parquet": "cannot read.*Parquet",
    "table.xls": "not supported; give .*csv",
    "photos": "no images .*it holds nothing",
    "absent.npy": "no such file.*absent.npy",
    "absent/photos": "no such file",
}


@pytest.mark.parametrize("file", BAD_FILES)
def test_a_file_that_cannot_be_read_is_named(file, tmp_path):
    bad_files(tmp_path)
    with pytest.raises(WganError, match=BAD_FILES[file]) as caught:
        load(str(tmp_path / file))
    assert file.rpartition("/")[2] in one_sentence(caught)


def test_names(tmp_path, monkeypatch):
    with pytest.raises(WganError, match="unknown data set 'fashion-minst'; did you mean 'fashion-mnist'"):
        load("fashion-minst")
    monkeypatch.chdir(tmp_path)
    for path in ("./digits", Path("digits"), "digits.npy"):
        with pytest.raises(WganError, match="no such file"):
            load(path)
    (tmp_path / "digits").mkdir()
    assert load("digits").name == "digits"


# IDX files


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
    with pytest.raises(WganError, match="cannot read"):
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


# Downloads


@pytest.fixture
def server(places, monkeypatch):
    """A loopback server: `server[file] = (status, Content-Length or None, body)`; `asked` lists requests."""

    class Answers(dict):
        asked: list[str]
        held: threading.Event  # while it is clear, no request is answered

    answers = Answers()
    answers.asked, answers.held = [], threading.Event()
    answers.held.set()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            answers.held.wait(5)
            answers.asked.append(self.path)
            status, length, body = answers.get(self.path.lstrip("/"), (404, 0, b""))
            self.send_response(status)
            if length is not None:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # the client may have gone
                self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    for array, stem in ((IMAGES, IMAGES_FILE), (LABELS, LABELS_FILE)):
        body = gzip.compress(idx(array), mtime=0)
        answers[f"{stem}.gz"] = (200, len(body), body)
        monkeypatch.setitem(download.MD5, f"mnist/{stem}.gz", hashlib.md5(body).hexdigest())
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        monkeypatch.setitem(download.URLS, "mnist", f"http://127.0.0.1:{running.server_port}/")
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield answers
        running.shutdown()
        thread.join()


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("length_known", [True, False])
def test_a_download_is_kept(length_known, server, places, capsys):
    if not length_known:
        server.update({file: (200, None, body) for file, (_, _, body) in server.items()})
    for _ in range(2):
        dataset = load("mnist")
        np.testing.assert_array_equal(dataset.rows[..., 0], IMAGES)
        np.testing.assert_array_equal(dataset.labels, LABELS)
    assert server.asked == [f"/{IMAGES_FILE}.gz", f"/{LABELS_FILE}.gz"]
    assert os.listdir(places["cache"] / "mnist") != []
    assert files_in(places["cache"]) == [f"mnist/{IMAGES_FILE}.gz", f"mnist/{LABELS_FILE}.gz"]
    captured = capsys.readouterr()
    assert captured.out == ""
    assert IMAGES_FILE in captured.err


def test_only_the_missing_file_is_downloaded(server, places):
    (write_pair(places["cache"] / "mnist") / f"{LABELS_FILE}.gz").unlink()
    load("mnist")
    assert server.asked == [f"/{LABELS_FILE}.gz"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda body: (200, len(body), body[:-1] + b"x"), "came with MD5"),
        (lambda body: (200, len(body) + 10, body), r"broke off at \d+ of \d+ bytes"),
        (lambda body: (200, None, body[:-5]), "came with MD5"),
        (lambda body: (404, 0, b""), "HTTP Error 404"),
        (lambda body: (503, 0, b""), "HTTP Error 503"),
    ],
    ids=["wrong checksum", "short body", "short body of unknown length", "absent", "server error"],
)
def test_a_failed_download_leaves_nothing_and_says_what_to_do(answer, message, server, places):
    file = f"{IMAGES_FILE}.gz"
    server[file] = answer(server[file][2])
    with pytest.raises(WganError, match=message) as caught:
        load("mnist")
    text = one_sentence(caught)
    assert file in text
    assert str(places["cache"] / "mnist") in text
    assert "WGAN_DATA" in text
    assert os.listdir(places["cache"] / "mnist") == []


def test_no_network_is_one_sentence(places):
    with pytest.raises(WganError, match=f"cannot download {IMAGES_FILE}.gz .*refused.*put it by hand") as caught:
        load("mnist")
    one_sentence(caught)
    assert os.listdir(places["cache"] / "mnist") == []


def test_a_silent_server_is_given_up(server, places, monkeypatch):
    monkeypatch.setattr(download, "DOWNLOAD_TIMEOUT", 0.05)
    server.held.clear()
    with pytest.raises(WganError, match="timed out"):
        load("mnist")
    server.held.set()


def test_ctrl_c_leaves_nothing(server, places, monkeypatch):
    def interrupted(*arguments, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr("rich.progress.Progress.update", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load("mnist")
    assert os.listdir(places["cache"] / "mnist") == []


def test_a_cache_that_cannot_be_made_is_one_sentence(server, places):
    places["cache"].parent.write_text("a file where the folder should be")
    with pytest.raises(WganError, match="cannot download"):
        load("mnist")


# CIFAR


CIFAR_ROWS = {"data_batch": 4, "test_batch": 3, "train": 6, "test": 2}
CIFAR_PIXELS = random_images((20, 32, 32, 3))


def cifar_records(rows, labels):
    """Label bytes, then the red, green and blue planes of each row."""
    planes = np.ascontiguousarray(rows.transpose(0, 3, 1, 2)).reshape(len(rows), -1)
    return np.concatenate([np.asarray(labels, np.uint8).reshape(len(rows), -1), planes], axis=1).tobytes()


def cifar_members():
    labels = np.arange(20) % 10
    members = {
        f"cifar-10-batches-bin/data_batch_{k}.bin": cifar_records(
            CIFAR_PIXELS[4 * k - 4 : 4 * k], labels[4 * k - 4 : 4 * k]
        )
        for k in (5, 1, 2, 3, 4)
    }
    members["cifar-10-batches-bin/test_batch.bin"] = cifar_records(CIFAR_PIXELS[:3] // 2, [7, 8, 9])
    members["cifar-10-batches-bin/batches.meta.txt"] = "\n".join(f"class{k}" for k in range(10)).encode() + b"\n\n"
    return members


def tar(members):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, body in members.items():
            entry = tarfile.TarInfo(name)
            if isinstance(body, bytes):
                entry.size = len(body)
            else:
                entry.type, entry.linkname = tarfile.SYMTYPE, body
            archive.addfile(entry, io.BytesIO(body if isinstance(body, bytes) else b""))
    return file.getvalue()


@pytest.fixture
def small_cifar(places, monkeypatch):
    monkeypatch.setattr(cifar, "ROWS_A_FILE", CIFAR_ROWS)
    folder = places["environment"] / "cifar10"
    folder.mkdir(parents=True)
    return folder / "cifar-10-binary.tar.gz"


def test_cifar_10_is_read_in_the_order_of_its_batches(small_cifar):
    small_cifar.write_bytes(tar(cifar_members()))
    dataset = load("cifar10")
    np.testing.assert_array_equal(dataset.rows, CIFAR_PIXELS)
    np.testing.assert_array_equal(dataset.labels, np.arange(20) % 10)
    assert dataset.label_names == tuple(f"class{k}" for k in range(10))
    assert dataset.source == str(small_cifar)
    test = load_cifar("cifar10", "test")
    np.testing.assert_array_equal(test.rows, CIFAR_PIXELS[:3] // 2)
    np.testing.assert_array_equal(test.labels, [7, 8, 9])
    assert test.name == "cifar10-test"
    with pytest.raises(WganError, match="unknown part 'tset'; did you mean 'test'"):
        load_cifar("cifar10", "tset")
    with pytest.raises(WganError, match="unknown CIFAR data set 'cifar'"):
        load_cifar("cifar")


def test_cifar_100_has_its_fine_labels(small_cifar):
    folder = small_cifar.parent.parent / "cifar100"
    folder.mkdir()
    labels = np.stack([np.arange(6), 99 - np.arange(6)], axis=1)
    members = {
        "cifar-100-binary/train.bin": cifar_records(CIFAR_PIXELS[:6], labels),
        "cifar-100-binary/coarse_label_names.txt": b"no\n",
        "cifar-100-binary/fine_label_names.txt": "\n".join(f"class{k}" for k in range(100)).encode(),
    }
    (folder / "cifar-100-binary.tar.gz").write_bytes(tar(members))
    dataset = load("cifar100")
    np.testing.assert_array_equal(dataset.rows, CIFAR_PIXELS[:6])
    np.testing.assert_array_equal(dataset.labels, labels[:, 1])


def cifar_with(**members):
    """The archive with `batch` (the third of five) replaced, or a member of any name added."""
    names = {"batch": "cifar-10-batches-bin/data_batch_3.bin"}
    return tar(cifar_members() | {names.get(name, name): body for name, body in members.items()})


BAD_CIFAR = {
    "cut": (tar(cifar_members())[:-3000], "damaged archive"),
    "not an archive": (b"<!DOCTYPE html>", "damaged archive"),
    "empty": (b"", "damaged archive"),
    "short": (cifar_with(batch=b"x" * 3073), "data_batch_3.bin in .* has 3,073 bytes, not 12,292"),
    "label": (cifar_with(batch=cifar_records(CIFAR_PIXELS[:4], [1, 2, 3, 10])), "has the label 10 but 10 classes"),
    "pickles": (tar({"cifar-10-batches-py/data_batch_1": b"x"}), r"no data_batch_1\.bin.*never unpickled"),
    "climbs": (cifar_with(**{"../../etc/passwd": b"x"}), r"holds '\.\./\.\./etc/passwd', which leads out"),
    "absolute": (cifar_with(**{"/etc/passwd": b"x"}), "which leads out"),
    "link": (cifar_with(batch="/etc/passwd"), "which leads out"),
}


@pytest.mark.parametrize(("archive", "message"), BAD_CIFAR.values(), ids=BAD_CIFAR)
def test_a_damaged_or_hostile_cifar_archive_is_named(archive, message, small_cifar):
    small_cifar.write_bytes(archive)
    with pytest.raises(WganError, match=message) as caught:
        load("cifar10")
    assert small_cifar.name in one_sentence(caught)


def test_a_member_above_the_limit_is_not_unpacked(small_cifar, monkeypatch):
    monkeypatch.setattr(cifar, "LARGEST", 12_000)
    small_cifar.write_bytes(tar(cifar_members()))
    with pytest.raises(WganError, match=r"data_batch_5.bin in .* has 12,292 bytes"):
        load("cifar10")


def test_cifar_is_downloaded_and_checked(server, places, monkeypatch, capsys):
    monkeypatch.setattr(cifar, "ROWS_A_FILE", CIFAR_ROWS)
    file, body = "cifar-10-binary.tar.gz", tar(cifar_members())
    monkeypatch.setitem(download.URLS, "cifar10", download.URLS["mnist"])
    server[file] = (200, len(body), body)
    with pytest.raises(WganError, match=f"{file} came with MD5"):
        load("cifar10")
    assert os.listdir(places["cache"] / "cifar10") == []
    monkeypatch.setitem(download.MD5, f"cifar10/{file}", hashlib.md5(body).hexdigest())
    for _ in range(2):
        np.testing.assert_array_equal(load("cifar10").rows, CIFAR_PIXELS)
    assert server.asked == [f"/{file}"] * 2
    assert file in capsys.readouterr().err


def test_every_download_has_its_published_sum():
    assert {name for name, _, _ in (key.partition("/") for key in download.MD5)} == download.URLS.keys()
    for name, archive in cifar.ARCHIVES.items():
        assert len(download.MD5[f"{name}/{archive.file}.gz"]) == 32


# Toys


def sample_sd_bounds(sd, n):
    return sd - 5 * sd / np.sqrt(2 * n), sd + 5 * sd / np.sqrt(2 * n)


@pytest.mark.parametrize(
    ("name", "modes", "sd", "centres"),
    [
        ("8gaussians", 8, 0.02 / 1.414, {(2 / 1.414, 0), (0, -2 / 1.414), (1.0, -1.0), (-1.0, 1.0)}),
        ("25gaussians", 25, 0.05 / 2.828, {(0, 0), (4 / 2.828, -4 / 2.828), (-2 / 2.828, 4 / 2.828)}),
    ],
)
def test_gaussians_have_the_paper_s_centres_and_spread(name, modes, sd, centres):
    dataset = toy(name, 50_000, seed=3)
    found = []
    for mode in range(modes):
        points = dataset.rows[dataset.labels == mode].astype(np.float64)
        expected = 50_000 / modes
        assert abs(len(points) - expected) < 5 * np.sqrt(expected)
        found.append(points.mean(axis=0))
        for coordinate in points.T:
            low, high = sample_sd_bounds(sd, len(points))
            assert low < coordinate.std() < high
        assert abs(np.corrcoef(points.T)[0, 1]) < 5 / np.sqrt(len(points))
    found = np.array(found)
    tolerance = 6 * sd / np.sqrt(50_000 / modes) + 1e-3  # 1.414 is not quite the root of 2
    for centre in centres:
        assert np.abs(found - centre).max(axis=1).min() < tolerance
    assert len({tuple(np.round(centre, 1)) for centre in found}) == modes
    radius = np.linalg.norm(found, axis=1)
    if name == "8gaussians":
        np.testing.assert_allclose(radius, 2 / 1.414, atol=tolerance)
    else:
        np.testing.assert_allclose(np.sort(found[:, 0])[::5] * 1.414, [-2, -1, 0, 1, 2], atol=0.01)


def test_the_swiss_roll_is_scikit_learn_s():
    ours = toy("swissroll", 20_000, seed=3).rows
    theirs = make_swiss_roll(20_000, noise=0.25, random_state=5)[0][:, [0, 2]] / 7.5
    for direction in ((1, 0), (0, 1), (1, 1), (1, -1)):
        assert stats.ks_2samp(ours @ direction, theirs @ direction).pvalue > 1e-3
    # Without noise the radius is the angle, so their difference is the noise, a little of it tangential.
    radius, angle = 7.5 * np.hypot(*ours.T), np.arctan2(*ours.T[::-1])
    whole = (radius > 7) & (radius < 12)
    noise = (radius - angle + np.pi)[whole] % (2 * np.pi) - np.pi
    low, high = sample_sd_bounds(0.25, len(noise))
    assert low < noise.std() < 1.02 * high
    assert abs(noise.mean()) < 0.01


@pytest.mark.parametrize("name", data.TOYS)
def test_toys_depend_on_the_seed_alone(name):
    first = toy(name, 100, seed=1)
    np.testing.assert_array_equal(first.rows, toy(name, 100, seed=1).rows)
    assert not np.isclose(first.rows, toy(name, 100, seed=2).rows).all(axis=1).any()
    np.testing.assert_array_equal(load(name, seed=1).rows, toy(name, 50_000, seed=1).rows)
    np.testing.assert_array_equal(first.form.encode(first.rows), first.rows)
    np.testing.assert_array_equal(first.form.decode(first.rows), first.rows)


def test_bad_toys():
    with pytest.raises(WganError, match="n is 0"):
        toy("swissroll", 0, seed=0)
    with pytest.raises(WganError, match="did you mean 'swissroll'"):
        toy("swisroll", 10, seed=0)


# Splits


@pytest.fixture(scope="module")
def thousand():
    return from_array(np.random.default_rng(0).normal(size=(1000, 2)))


@given(held_out=st.floats(0, 0.99), seed=st.integers(0, 2**32), data=st.data())
def test_a_split_is_disjoint_and_counted(thousand, held_out, seed, data):
    held_count = max(1, round(held_out * 1000)) if held_out > 0 else 0
    rows = data.draw(st.none() | st.integers(1, 1000 - held_count))
    train, held = split(thousand, held_out, rows, seed)
    assert len(held) == held_count
    assert len(train) == (1000 - held_count if rows is None else rows)
    for part in (train, held):
        assert part.dtype == np.int64
        assert (np.diff(part) > 0).all()
    assert len(np.union1d(train, held)) == len(train) + len(held)
    assert np.concatenate([train, held]).min() >= 0
    assert np.concatenate([train, held]).max() < 1000


def test_a_split_depends_on_the_seed_alone(thousand):
    first, again, other = (split(thousand, 0.2, 300, seed) for seed in (4, 4, 5))
    for part, same, different in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(part, same)
        assert len(np.intersect1d(part, different)) < 0.6 * len(part)
    # a smaller subset lies in a larger one, and the held-out rows do not depend on it
    larger = split(thousand, 0.2, 600, 4)
    assert np.isin(first[0], larger[0]).all()
    np.testing.assert_array_equal(first[1], larger[1])
    # neither part is the first or the last rows
    assert abs(first[1].mean() - 499.5) < 5 * 289 / np.sqrt(200)
    assert abs(first[0].mean() - 499.5) < 5 * 289 / np.sqrt(300)


@pytest.mark.parametrize(
    ("held_out", "rows", "message"),
    [
        (0.1, 901, "rows is 901, but 900 can be trained on"),
        (0.0, 0, "rows is 0"),
        (1.0, None, "held_out is 1.0"),
        (-0.1, None, "held_out is -0.1"),
        (float("nan"), None, "held_out is nan"),
        (0.9999, None, "leaves none of the 1000 rows"),
    ],
)
def test_a_split_that_cannot_be_made(thousand, held_out, rows, message):
    with pytest.raises(WganError, match=message) as caught:
        split(thousand, held_out, rows, 0)
    one_sentence(caught)


# Every data set


def test_digits_are_scikit_learn_s():
    dataset = load("digits")
    digits = load_digits()
    np.testing.assert_array_equal(np.rint(dataset.rows[..., 0] * (16 / 255)), digits.images)
    assert (dataset.rows.min(), dataset.rows.max()) == (0, 255)
    np.testing.assert_array_equal(dataset.labels, digits.target)


NEEDS_FILES = ("mnist", "fashion-mnist", "cifar10", "cifar100")


def needs_files(name):
    absent = pytest.mark.skipif(not REAL or not Path(REAL, name).is_dir(), reason=f"WGAN_DATA has no {name}")
    return [pytest.mark.data, absent] if name in NEEDS_FILES else []


@pytest.mark.parametrize("name", [pytest.param(name, marks=needs_files(name)) for name in DATASETS])
def test_every_data_set_keeps_the_contract(name):
    info = DATASETS[name]
    assert info.name == name
    assert info.text.endswith(".")
    dataset = load(name)
    assert isinstance(dataset, Dataset)
    assert dataset.name == name
    assert dataset.source
    rows, form = dataset.rows, dataset.form
    assert rows.shape[1:] == form.shape
    assert rows.flags.c_contiguous
    assert rows.dtype == (np.uint8 if form.kind == "images" else np.float32)
    assert f"{len(rows):,}" in info.text
    encoded = form.encode(rows[:1000])
    assert encoded.dtype == np.float32
    assert np.isfinite(encoded).all()
    np.testing.assert_array_equal(form.decode(encoded), rows[:1000])
    if form.kind == "images":
        assert (encoded.min(), encoded.max()) == (-1, 1)
    else:
        assert np.abs(encoded).max() < 3
    if dataset.labels is not None:
        assert dataset.labels.dtype == np.int64
        assert dataset.labels.shape == (len(rows),)
        if dataset.label_names:
            assert set(dataset.labels) == set(range(len(dataset.label_names)))


@pytest.mark.parametrize("name", [pytest.param(name, marks=needs_files(name)) for name in ("mnist", "fashion-mnist")])
def test_the_test_parts_have_ten_thousand_rows(name):
    dataset = load_idx_pair(name, "test")
    assert dataset.rows.shape == (10_000, 28, 28, 1)
    assert len(dataset.labels) == 10_000
