"""Names, splits, and the contract of every data set."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from data_files import one_sentence
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from wgan.data import DATASETS, Dataset, from_array, load, load_idx_pair, split, toys
from wgan.errors import WganError
from wgan.maths.showers import LARGEST

REAL = os.environ.get("WGAN_DATA")


def test_names(tmp_path, monkeypatch):
    with pytest.raises(WganError, match="unknown data set 'fashion-minst'; did you mean 'fashion-mnist'"):
        load("fashion-minst")
    monkeypatch.chdir(tmp_path)
    for path in ("./digits", Path("digits"), "digits.npy"):
        with pytest.raises(WganError, match="no such file"):
            load(path)
    (tmp_path / "digits").mkdir()
    assert load("digits").name == "digits"


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


@pytest.mark.parametrize("found", [True, False])
def test_digits_are_scikit_learn_s(monkeypatch, found):
    """From its file without an import of it, and by its function where the file is not found."""
    digits = load_digits()
    if found:
        monkeypatch.setitem(sys.modules, "sklearn.datasets", None)  # an import would fail
    else:
        monkeypatch.setattr("wgan.data.toys.find_spec", lambda package: None)
    toys._columns_of_digits.cache_clear()
    dataset = load("digits")
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
    assert rows.dtype == (np.uint8 if form.kind in ("images", "volumes") else np.float32)
    assert f"{len(rows):,}" in info.text
    encoded = form.encode(rows[:1000])
    assert encoded.dtype == np.float32
    assert np.isfinite(encoded).all()
    tolerance = 1e-6 if form.kind == "signals" else 0  # standardised floats are rounded
    np.testing.assert_allclose(form.decode(encoded), rows[:1000], rtol=tolerance, atol=tolerance)
    if form.picture:
        assert (encoded.min(), encoded.max()) == (-1, 1)
    else:
        # showers are half the logarithms of voxels over their threshold, at most LARGEST; others are standardised
        most = LARGEST / 2 if name == "showers" else 6 if form.kind == "signals" else 3
        assert np.abs(encoded).max() < most
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


@pytest.mark.parametrize("what", ["digits", "8gaussians", "hf:somebody/some", "rows.npy", "a folder"])
def test_columns_are_dropped_from_tables_only(tmp_path, monkeypatch, what):
    monkeypatch.chdir(tmp_path)
    np.save("rows.npy", np.eye(3))
    (tmp_path / "a folder").mkdir()
    with pytest.raises(WganError, match=r"drop is only for tables .*, and .* is not one; leave it out"):
        load(what, drop="age")
    with pytest.raises(WganError, match="drop is only for tables with named columns, and array has none"):
        from_array(np.eye(3), drop="age")
