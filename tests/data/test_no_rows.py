"""What holds no rows, or rows that NumPy would read wrongly: one sentence each, from every way in."""

import array
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch
from data_files import IMAGES, one_sentence
from scipy.sparse import coo_array, csr_matrix
from torch.utils.data import DataLoader, TensorDataset

import wgan
from wgan import Config, WganError
from wgan.data import Dataset, from_array, load

ROWS = np.random.default_rng(0).normal(size=(60, 2))
SMALL = {"steps": 1, "width": 4, "batch": 4, "latent": 2}
TENSOR = torch.tensor(ROWS)
MASKED = np.ma.masked_greater(ROWS, 1)


class Polars:
    """As much of a table of another library as is looked at."""

    columns = ("a", "b")

    def to_pandas(self):
        raise NotImplementedError

    def __array__(self, dtype=None, copy=None):
        return ROWS


BAD = {
    "masked": (MASKED, r"has masked values, .*filled"),
    "masked rows": (list(MASKED), r"has masked values, .*filled"),
    "csr": (csr_matrix(ROWS), r"is sparse; call .toarray\(\)"),
    "coo": (coo_array(ROWS), r"is sparse; call .toarray\(\)"),
    "sparse tensor": (TENSOR.to_sparse(), r"is sparse; call .to_dense\(\)"),
    "gradients": (TENSOR.clone().requires_grad_(), r"requires gradients; call .detach\(\)"),
    "rows with gradients": (list(TENSOR.clone().requires_grad_()), r"requires gradients"),
    "bfloat16": (TENSOR.bfloat16(), r"NumPy cannot read; call .float\(\)"),
    "loader": (DataLoader(TensorDataset(TENSOR), 8), "is a DataLoader, not an array; give its rows as one array"),
    "torch's set": (TensorDataset(TENSOR), "is a TensorDataset, not an array"),
    "generator": ((row for row in ROWS), "is a generator, not an array"),
    "iterator": (iter(ROWS), "is an iterator, not an array"),
    "dict": ({"a": ROWS}, "is a dict, not an array"),
    "set": ({1.0, 2.0}, "is a set, not an array"),
    "bytes": (b"123", "is a bytes, not an array|has dtype"),
    "nothing": (None, "is a NoneType, not an array"),
    "other table": (Polars(), r"table of another library \(Polars\).*to_pandas\(\)"),
    "text": ("mine.npy", r"is the text 'mine.npy'; load .* with wgan.data.load\('mine.npy'\)"),
    "objects": (np.array([[1, None], [2, 3]], object), r"is not an array of numbers \(object"),
    "large objects": (np.array([[2**64 + 1, 1], [2, 3]], object), r"holds integers beyond 2\*\*53"),
    "complex": (ROWS * 1j, "has complex numbers, not real numbers"),
}


@pytest.mark.parametrize("way", ["from_array", "fit", "partial_fit", "train"])
@pytest.mark.parametrize("name", BAD)
def test_what_holds_no_rows_is_refused_from_every_way_in(name, way):
    if name in ("generator", "iterator") and way != "from_array":
        return
    X, message = BAD[name]
    ways = {
        "from_array": from_array,
        "fit": lambda X: wgan.WGAN(**SMALL).fit(X),
        "partial_fit": lambda X: wgan.WGAN(**SMALL).partial_fit(X),
        "train": lambda X: list(wgan.train(Config(**SMALL), X)) if X is not None else from_array(X),
    }
    with pytest.raises(WganError, match=message) as caught:
        ways[way](X)
    one_sentence(caught)


@pytest.mark.parametrize("name", ["masked", "csr", "gradients", "loader", "other table", "objects", "text"])
def test_what_holds_no_rows_gets_no_scores(name):
    model = wgan.WGAN(**SMALL).fit(ROWS)
    with pytest.raises(WganError, match=BAD[name][1]) as caught:
        model.score_samples(BAD[name][0])
    one_sentence(caught)


GOOD = {
    "nothing masked": np.ma.array(ROWS),
    "tensor": TENSOR,
    "rows of a tensor": list(TENSOR),
    "objects": ROWS.astype(object),
    "decimals": [[Decimal(x) for x in row] for row in ROWS.tolist()],
    "fractions": [[Fraction(x) for x in row] for row in ROWS.tolist()],
    "memory": memoryview(ROWS),
}


@pytest.mark.parametrize("name", GOOD)
def test_rows_of_other_kinds_are_read_as_they_are(name):
    np.testing.assert_array_equal(from_array(GOOD[name]).rows, ROWS)


def test_a_line_of_numbers_is_one_column():
    for line in (ROWS[:, 0], array.array("d", ROWS[:, 0]), ROWS[:, 0].tolist()):
        dataset = from_array(line)
        np.testing.assert_array_equal(dataset.rows, ROWS[:, :1])
    assert dataset.form.decode(np.zeros((3, 1))).shape == (3, 1)


def test_train_takes_an_array_and_says_so_in_the_config(tmp_path):
    list(wgan.train(Config(**SMALL), ROWS, out=tmp_path / "run"))
    saved = wgan.load(tmp_path / "run")
    assert saved.config_.data == "array"
    assert saved.sample(3).shape == (3, 2)


def test_a_data_set_is_checked_when_it_is_made():
    dataset = from_array(IMAGES)
    for change, message in (
        ({"rows": np.ma.array(dataset.rows)}, "the rows of array are a MaskedArray, not an array"),
        ({"rows": DataLoader(TensorDataset(TENSOR))}, "the rows of array are a DataLoader"),
        ({"rows": dataset.rows[:, :2]}, r"has rows of \(2, 2, 1\), but its form \(3, 2, 1\)"),
        ({"labels": np.arange(4)}, r"labels of shape \(4,\) for 5 rows"),
    ):
        with pytest.raises(WganError, match=message) as caught:
            replace(dataset, **change)
        one_sentence(caught)
    assert isinstance(dataset, Dataset)


UNREAD = {
    "drop": ({"drop": "a"}, "drop is 'a', but a Dataset is used unchanged"),
    "size": ({"size": 4}, r"size is 4, but rows that are given are not resized, and these are \[3, 2, 1\]"),
}


@pytest.mark.parametrize("field", UNREAD)
def test_a_field_that_given_rows_do_not_read_is_refused(field):
    fields, message = UNREAD[field]
    dataset = from_array(IMAGES)
    for fit in (lambda: wgan.WGAN(**SMALL, **fields).fit(dataset), lambda: next(wgan.train(Config(**fields), dataset))):
        with pytest.raises(WganError, match=message) as caught:
            fit()
        one_sentence(caught)


def test_images_of_the_size_are_taken():
    images = np.random.default_rng(0).integers(0, 256, (20, 4, 4)).astype(np.uint8)
    assert wgan.WGAN(**SMALL, size=4).fit(images).sample(2).shape == (2, 4, 4)


def test_labels_beside_a_data_set_are_read():
    dataset = from_array(np.random.default_rng(0).normal(size=(40, 2)))
    model = wgan.WGAN(**SMALL, conditional="projection").fit(dataset, ["a", "b"] * 20)
    assert model.sample(2, label="b").shape == (2, 2)


FLAGS = {
    "data_dir": ({"data_dir": "."}, "data_dir is only for named data sets"),
    "resize": ({"resize": "pad"}, "resize is 'pad', but it needs size"),
    "size": ({"size": 3}, "size is only for folders of images"),
    "drop": ({"drop": "a"}, "drop is only for tables"),
}


@pytest.mark.parametrize("flag", FLAGS)
def test_a_flag_that_a_file_of_arrays_does_not_read_is_refused(flag, tmp_path):
    with (tmp_path / "a.NPY").open("wb") as file:
        np.save(file, ROWS)
    np.testing.assert_array_equal(load(tmp_path / "a.NPY").rows, ROWS)
    fields, message = FLAGS[flag]
    with pytest.raises(WganError, match=message) as caught:
        load(tmp_path / "a.NPY", **fields)
    one_sentence(caught)
    if flag != "resize":
        with pytest.raises(WganError, match=message):
            next(wgan.train(Config(data=str(tmp_path / "a.NPY"), **SMALL, **fields)))
