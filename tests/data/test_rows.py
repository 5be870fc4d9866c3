"""Forms: what encode and decode give back."""

import json

import numpy as np
import pytest
from data_files import IMAGES, one_sentence, random_images
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from wgan.data import Classes, Form, form_from_json, from_array
from wgan.errors import WganError


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
            elements=st.floats(-1, 1, width=32),
        )
    )
)
def test_float_pictures_come_back_to_the_precision_of_float32(rows):
    if np.ptp(rows) < 2 / 32:
        return  # a channel that varies over less than 1/32 of the range of pictures has a scale of its own
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
def test_tables_come_back_and_plain_ones_are_standardised(rows):
    if (np.ptp(rows, axis=0) < 1e-3 * (1 + np.abs(rows).max(axis=0))).any():
        return
    form = from_array(rows).form
    encoded = form.encode(rows)
    if not form.affine:
        back, plain = form.decode(encoded), [column.kind == "plain" for column in form.numbers]
        np.testing.assert_array_equal(back[:, ~np.array(plain)], rows[:, ~np.array(plain)])
        np.testing.assert_allclose(back[:, plain], rows[:, plain], rtol=1e-6, atol=1e-6 * np.max(form.scale))
        return
    np.testing.assert_allclose(encoded.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(encoded.std(axis=0), 1, rtol=1e-3)
    error = np.abs(form.decode(encoded) - rows)
    assert (error <= np.abs(encoded) * np.array(form.scale) * 2.0**-23 + 1e-9).all()


def test_a_table_far_from_zero_keeps_its_digits():
    rows = np.array([[1e9], [1e9 + 1], [1e9 + np.pi]])
    form = from_array(rows).form
    assert form.affine
    np.testing.assert_allclose(form.decode(form.encode(rows)), rows, rtol=0, atol=1e-6)


def flat_images(values, dtype=None):
    """An image of 2 x 2 equal pixels for each value."""
    return np.repeat(np.array(values, dtype), 4).reshape(-1, 2, 2)


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ([0.2, 0.7], 0, 1),
        ([0.0, 1.0], 0, 1),
        ([-0.1, 0.5], -1, 1),
        ([-1.0, 1.0], -1, 1),
        ([-3.0, 9.0], -3, 9),  # whole numbers
    ],
)
def test_float_images_have_the_range_they_fit(values, low, high):
    form = from_array(flat_images(values)).form
    assert (form.low, form.high) == (low, high)
    np.testing.assert_allclose(form.encode(flat_images([low, high]))[:, 0, 0, 0], [-1, 1])
    assert form.decode(flat_images([-9.0, 9.0])[..., None])[:, 0, 0, 0].tolist() == [low, high]


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
        ("float16", [0.0, 0.5, 1.0], "float16", (0, 1)),
    ],
)
def test_images_of_any_dtype_come_back_in_it(dtype, values, at_rest, span):
    rows = flat_images(values, dtype)
    dataset = from_array(rows)
    assert dataset.rows.dtype == at_rest
    assert dataset.rows.dtype.isnative
    assert (dataset.form.low, dataset.form.high) == span
    back = dataset.form.decode(dataset.form.encode(dataset.rows))
    assert back.dtype == np.dtype(dtype).newbyteorder("=")
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


PICTURES = {
    "kind": "images",
    "shape": [4, 4, 1],
    "dtype": "uint8",
    "offset": 127.5,
    "scale": 127.5,
    "low": 0,
    "high": 255,
}
NUMBERS = {
    "name": "x",
    "kind": "number",
    "dtype": "float64",
    "knots": [0, 1],
    "scores": [-1, 1],
    "lows": [-1, 1],
    "highs": [-1, 1],
}
LEVELS = {"name": "y", "kind": "levels", "dtype": "str", "levels": ["a", "b"], "kept": 2}
TABLE = {"kind": "table", "shape": [2], "dtype": "float64", "offset": 0, "scale": 1, "low": None, "high": None}


@pytest.mark.parametrize(
    ("form", "changes"),
    [
        *[(PICTURES, change) for change in (
            {"shape": []}, {"shape": [4, 4]}, {"shape": [4, -4, 1]}, {"shape": [2**20, 2**20, 3]}, {"shape": 4},
            {"dtype": "object"}, {"dtype": "V1000000000"}, {"dtype": 3}, {"scale": 0}, {"scale": [1, 2]}, {"low": 9e9},
            {"low": None}, {"offset": "x"}, {"kind": "people"}, {"scale": None},
        )],
        *[(TABLE | {"columns": [NUMBERS, LEVELS]}, change) for change in (
            {"shape": [3]}, {"columns": []}, {"columns": {}}, {"columns": [NUMBERS, NUMBERS]}, {"dtype": "uint8"},
            {"columns": [LEVELS | {"kind": "identifier"}] * 2}, {"delimiter": ""},
        )],
        *[(TABLE, {"columns": [NUMBERS | change, LEVELS]}) for change in (
            {"knots": [0]}, {"knots": [1, 0]}, {"knots": [], "scores": [], "lows": [], "highs": []}, {"unit": "Y"},
            {"decimals": 400},
            {"written": [3]}, {"written": ["a"] * 4}, {"kind": "x"}, {"name": None},
            {"highs": [0, 0]},
        )],
        *[(TABLE, {"columns": [NUMBERS, LEVELS | change]}) for change in (
            {"levels": []}, {"levels": [["a"]]}, {"kept": 3}, {"kept": 1}, {"kept": 1, "counts": [1, 0]},
            {"kept": 1, "counts": [3, -1]}, {"kept": -1},
        )],
    ],
    ids=repr,
)  # fmt: skip
def test_a_form_whose_fields_do_not_fit_together_is_refused(form, changes):
    whole = TABLE | {"columns": [NUMBERS, LEVELS]} if form["kind"] == "table" else form
    assert form_from_json(whole).shape == tuple(whole["shape"]), "before it is changed"
    with pytest.raises(ValueError, match=r"\w"):
        form_from_json(form | changes)


@pytest.mark.parametrize(
    "classes",
    [
        None,
        {},
        {"names": ["a"], "shares": [1.0]},
        {"names": ["a", "b"], "shares": [2, -1]},
        {"names": ["a", "a"], "shares": [0.5, 0.5]},
        {"names": ["a", "b"], "shares": [1.0]},
        {"names": [1, 2], "shares": [0, 1]},
    ],
    ids=repr,
)
def test_classes_that_do_not_fit_are_refused(classes):
    with pytest.raises(ValueError, match=r"\w"):
        Classes.from_json(classes)
