"""Arrays, data frames and files of arrays: what is accepted, and what is refused in a sentence."""

import numpy as np
import pytest
from data_files import IMAGES, LABELS, one_sentence, random_images

from wgan.data import from_array, load, packed
from wgan.errors import WganError


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
    "object": (np.array([["a", None], ["b", 1]], dtype=object), r"object of shape \(2, 2\)"),
    "string": (np.array([["a"], ["b"]]), "dtype <U1"),
    "complex": (np.ones((3, 2)) * 1j, "complex numbers, not real"),
    "date": (np.array([["2020-01-01"]], dtype="datetime64[D]"), "dtype datetime64"),
    "ragged": ([[1, 2], [3]], "one shape"),
    "six axes": (np.zeros((2, 2, 2, 2, 2, 1)), r"shape \(2, 2, 2, 2, 2, 1\)"),
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
    "narrow images": (np.repeat([2, 2 + 5e-16], 4).reshape(2, 2, 2), "too much or too little in channel 0"),
    "wide images": (np.repeat([-1.7e308, 1.7e308], 4).reshape(2, 2, 2), "too much or too little in channel 0"),
    "channels first": (
        random_images((5, 3, 8, 8)),
        r"\(5, 3, 8, 8\): its first axis may hold channels.* transpose",
    ),
    "huge integers": (np.array([[2**60, 1], [0, 2]]), r"beyond 2\*\*53"),
}


@pytest.mark.parametrize(("rows", "message"), BAD_ARRAYS.values(), ids=BAD_ARRAYS)
def test_an_array_that_cannot_be_trained_on_is_refused(rows, message):
    with pytest.raises(WganError, match=message) as caught:
        from_array(rows, name="mine")
    assert one_sentence(caught).startswith("mine ")


@pytest.mark.parametrize("values", [[2, 2 + 1e-8], [-1e150, 1e150], [3, 3e150]], ids=str)
def test_extreme_images_come_back(values):
    rows = np.repeat(values, 4).reshape(2, 2, 2)
    form = from_array(rows).form
    np.testing.assert_allclose(form.decode(form.encode(rows))[..., 0], rows, rtol=1e-14)


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
    monkeypatch.setattr(packed, "FREELY", 7_999_999)
    with pytest.raises(WganError, match=r"bomb.npz' has .* kB but unpacks to 8 MB or more, .* numpy.save") as caught:
        load(tmp_path / "bomb.npz")
    one_sentence(caught)
    monkeypatch.setattr(packed, "FREELY", 2**30)
    monkeypatch.setattr("wgan.files.memory.free", lambda: 8_000_000)
    with pytest.raises(WganError, match=r"bomb.npz', unpacked, takes 8 MB of memory, but 8 MB are free; .* numpy.save"):
        load(tmp_path / "bomb.npz")


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
    "cut.npy": r"declares \(50, 2\) of float64, more than its 919 bytes hold",
    "empty.npy": "it is empty",
    "text.npy": "does not begin as a .npy file does",
    "cut.npz": "not a zip file",
    "objects.npy": "never unpickled",
    "objects.npz": "never unpickled",
    "keys.npz": "holds the arrays x_train, x_test",
    "both.npz": "exactly one",
    "none.npz": "holds the arrays y",
    "short.npz": r"labels uint8 \(3,\); give 5 whole numbers",
    "zero.npy": "zero.npy is empty",
    "random.npz": "not a zip file",
    "float.npz": "labels float64",
    "nan.npy": "nan.npy has 4 NaN",
    "table.csv": "one value in each of its columns",
    "table.parquet": "cannot read.*Parquet",
    "table.xls": "not supported; convert it: .*read_excel",
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
