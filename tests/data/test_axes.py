"""Rows of any rank: which axes are space, what is said of a guess, and how each channel is encoded."""

import contextlib
import json
import re

import numpy as np
import pytest
from data_files import one_sentence
from hypothesis import given
from hypothesis import strategies as st

from wgan import WGAN
from wgan.config import FIELDS, Config
from wgan.data import form_from_json, from_array
from wgan.data.axes import AXES, KINDS, in_words, rows_of
from wgan.data.guesses import READINGS
from wgan.data.space_form import PHASES
from wgan.errors import WganError, by_command
from wgan.training import state

RANDOM = np.random.default_rng(0)


def test_the_config_knows_the_kinds():
    assert FIELDS["kind"].metadata["choices"] == KINDS


def rows(*shape, count=40):
    return RANDOM.normal(size=(count, *shape))


GUESSES = {  # the shape and dtype of a row: its kind, its shape at rest, and the kind that is said to be likely too
    ((5,), float): ("table", (5,), ""),
    ((140,), float): ("table", (140,), "signals"),  # the heartbeats of a library of time series
    ((48, 1), float): ("signals", (48, 1), ""),
    ((48, 3), float): ("signals", (48, 3), "images"),
    ((128, 9), float): ("signals", (128, 9), "images"),  # the sensors of a phone
    ((1000, 12), float): ("signals", (1000, 12), "images"),  # an ECG
    ((100, 64), float): ("images", (100, 64, 1), "signals"),  # or an EEG
    ((28, 20), float): ("images", (28, 20, 1), "signals"),
    ((28, 100), float): ("images", (28, 100, 1), "signals"),
    ((8, 8), float): ("images", (8, 8, 1), ""),
    ((4, 4), float): ("images", (4, 4, 1), ""),
    ((28, 20), np.uint8): ("images", (28, 20, 1), ""),
    ((100, 20), np.uint8): ("images", (100, 20, 1), "signals"),  # or one-hot proteins
    ((300, 4), np.uint8): ("signals", (300, 4), "images"),  # one-hot DNA
    ((16, 16, 1), float): ("images", (16, 16, 1), ""),
    ((16, 16, 3), float): ("images", (16, 16, 3), ""),
    ((16, 16, 4), float): ("images", (16, 16, 4), "volumes"),
    ((16, 16, 4), np.uint8): ("images", (16, 16, 4), ""),
    ((16, 16, 2), float): ("images", (16, 16, 2), "volumes"),
    ((4, 4, 4), np.uint8): ("images", (4, 4, 4), "volumes"),
    ((8, 8, 12), float): ("images", (8, 8, 12), "volumes"),
    ((16, 16, 12), float): ("images", (16, 16, 12), "volumes"),
    ((64, 64, 13), np.uint16): ("images", (64, 64, 13), "volumes"),  # Sentinel-2
    ((9, 9, 200), float): ("images", (9, 9, 200), "volumes"),  # patches of a hyperspectral image
    ((40, 50, 12), float): ("images", (40, 50, 12), "volumes"),
    ((40, 10, 12), float): ("images", (40, 10, 12), "volumes"),
    ((8, 8, 8), float): ("volumes", (8, 8, 8, 1), "images"),
    ((32, 32, 20), float): ("volumes", (32, 32, 20, 1), "images"),  # scanners have the slices last
    ((20, 32, 32), float): ("volumes", (20, 32, 32, 1), "images"),  # and programs for materials first
    ((24, 28, 24), float): ("volumes", (24, 28, 24, 1), "images"),  # the brain of an atlas
    ((20, 60, 30), float): ("volumes", (20, 60, 30, 1), "images"),
    ((8, 8, 8, 2), float): ("volumes", (8, 8, 8, 2), ""),
    ((8, 8, 8, 8), float): ("volumes", (8, 8, 8, 8), ""),
    ((10, 16, 16, 3), float): ("volumes", (10, 16, 16, 3), ""),  # films
}


@pytest.mark.parametrize(("shape", "dtype"), GUESSES)
def test_a_kind_is_guessed_from_the_shape_and_a_doubtful_guess_is_said(shape, dtype):
    kind, at_rest, instead = GUESSES[shape, dtype]
    given = (100 * rows(*shape, count=12)).astype(dtype)
    dataset = from_array(given)
    assert (dataset.form.kind, dataset.form.shape) == (kind, at_rest)
    assert [re.findall(r"use kind='(\w+)' if ", text) for _, text in dataset.notes] == ([[instead]] if instead else [])
    assert dataset.form.space == at_rest[:-1]
    if instead:
        assert from_array(given, kind=instead).form.kind == instead, "what is said can be done"
    with by_command():
        assert all(f"use --kind {instead} if " in text for _, text in from_array(given).notes)


@pytest.mark.parametrize("axes", READINGS)
@given(st.data())
def test_every_shape_has_a_reading_or_a_way_on(axes, data):
    """Whatever the lengths of the axes, an array is read, or the message says how it can be."""
    shape = data.draw(st.tuples(*[st.sampled_from([1, 2, 3, 4, 5, 8, 9, 12, 16, 17, 20, 33])] * axes))
    array = np.broadcast_to(np.float32(0), (2, *shape))
    if min(shape) == 1:
        with contextlib.suppress(WganError):  # which axis to drop, or to move
            rows_of(array, "auto", "X")
        return
    try:
        found = rows_of(array, "auto", "X")
    except WganError as problem:
        refused = str(problem)
    else:
        assert AXES[found.kind] == found.array.ndim - 2
        return
    (order,) = re.findall(r"transpose it: X.transpose\((0, [\d, ]+)\).* use kind='\w+'$", refused)
    assert rows_of(array.transpose([int(at) for at in order.split(", ")]), "auto", "X").kind != "table"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "auto"])
@pytest.mark.parametrize("channels", [None, 5])
def test_a_kind_that_is_said_decides_without_a_word(kind, channels):
    shape = (7, 6, 8)[: AXES[kind]]
    if kind == "table":
        shape, channels = (4,), None
    given = rows(*shape, *([channels] if channels else []))
    dataset = from_array(given, kind=kind)
    assert dataset.form.kind == kind
    assert not dataset.notes
    back = dataset.form.as_given(dataset.form.decode(dataset.form.encode(given)))
    assert back.shape == given.shape
    np.testing.assert_allclose(back, given, rtol=1e-5, atol=1e-5)


def test_bytes_are_pictures_whatever_their_sides():
    assert from_array(RANDOM.integers(0, 256, (9, 100, 20)).astype(np.uint8)).form.picture


BAD = {
    "rank": (rows(3, 3, 3, 3, 3, 3), "auto", "at most three axes of space"),
    "one step": (rows(1, 9, 9, 2), "volumes", "axis of space of length 1"),
    "one row of pixels": (rows(1, 3), "auto", "axis of space of length 1"),
    "channels first, images": (rows(3, 32, 32), "auto", r"channels.* X.transpose\(0, 2, 3, 1\)"),
    "channels first, volumes": (rows(2, 9, 9, 9), "auto", r"channels.* X.transpose\(0, 2, 3, 4, 1\)"),
    "channels first, signals": (rows(12, 100), "auto", r"transpose\(0, 2, 1\).* use kind='images'"),
    "many channels first": (rows(12, 32, 32), "auto", r"X.transpose\(0, 2, 3, 1\).* use kind='volumes'"),
    "an EEG": (rows(22, 100), "auto", r"X.transpose\(0, 2, 1\); if these are pictures, use kind='images'"),
    "as many channels as pixels": (rows(12, 8, 8), "auto", r"X.transpose\(0, 2, 3, 1\); .* use kind='volumes'"),
    "bands first": (rows(12, 20, 30), "auto", r"X.transpose\(0, 2, 3, 1\); .* use kind='volumes'"),
    "hundreds of bands first": (rows(100, 16, 16), "auto", r"X.transpose\(0, 2, 3, 1\); .* use kind='volumes'"),
    "many channels first, volumes": (rows(12, 9, 9, 9), "auto", r"X.transpose\(0, 2, 3, 4, 1\); .* kind='volumes'"),
    "films of PyTorch": (rows(10, 3, 9, 9), "auto", r"X.transpose\(0, 1, 3, 4, 2\); .* kind='volumes'"),
    "one channel first": (rows(1, 28, 28), "auto", r"channels.* X.transpose\(0, 2, 3, 1\)$"),
    "one channel first, signals": (rows(1, 64), "auto", r"X.transpose\(0, 2, 1\)$"),
    "too few axes": (rows(9), "volumes", "depth, height, width"),
    "too many axes": (rows(9, 9, 9), "signals", "steps, channels"),
    "a table of images": (rows(9, 9), "table", r"\[n, columns\]"),
    "nan": (np.where(rows(9, 3) > 2, np.nan, rows(9, 3)), "signals", r"the first at \(\d+, \d\) in channel \d\)"),
    "nan in one channel": (
        np.where(np.arange(3) == 1, np.nan, rows(9, 3)),
        "signals",
        r"has 360 NaN or infinite values, all in channel 1 \(the first at \(0, 0\)\)",
    ),
    "constant channels": (np.full((9, 9, 3), [1.0, 2.0, 7.0]), "signals", "constant in each channel"),
    "constant colours": (np.full((9, 9, 9, 3), [1, 2, 7], np.uint8), "auto", "constant in each channel"),
    "nan of one channel": (np.where(rows(9, 9, 9) > 0, np.nan, 0.0), "volumes", r"the first at \(\d, \d, \d, \d\)\)"),
    "complex": (rows(9) * 1j, "signals", r"complex numbers.* numpy.stack\(\[X.real, X.imag\], axis=-1\)$"),
    "unknown": (rows(9, 3), "signal", "unknown kind 'signal'.* did you mean 'signals'"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_shapes_and_values_get_a_sentence(name):
    array, kind, message = BAD[name]
    with pytest.raises(WganError, match=message) as caught:
        from_array(array, kind=kind)
    one_sentence(caught)


def test_what_a_sentence_says_to_do_works():
    """Each remedy that is code or a kind is followed."""
    followed = 0
    for name, (array, kind, _) in BAD.items():
        with pytest.raises(WganError) as caught:
            from_array(array, kind=kind)
        for code in re.findall(r"X\.transpose\([\d, ]+\)|numpy\.stack\(.*\)", str(caught.value)):
            made = from_array(eval(code, {"X": array, "numpy": np}), kind=kind)
            assert made.form.shape[-1] > 1 or "one" in name, "the channels come last"
            followed += 1
        for other in re.findall(r"use kind='(\w+)'", str(caught.value)):
            assert from_array(array, kind=other).form.kind == other
            followed += 1
    assert followed >= 20


@pytest.mark.parametrize("steps", [2, 3, 9])
def test_a_last_axis_of_one_holds_channels_however_short_the_signals_are(steps):
    assert from_array(rows(steps, 1)).form.kind == "signals"


def test_one_row_is_counted_in_the_singular():
    assert [in_words(count, (8, 8, 1), "images") for count in (1, 2)] == ["1 image of 8 x 8", "2 images of 8 x 8"]
    assert [in_words(count, (8,), "table") for count in (1, 2)] == ["1 row of 8 columns", "2 rows of 8 columns"]


def test_the_words_on_encoded_channels_count_all_of_them():
    values = np.stack([np.rint(9 * rows(30)), rows(30), np.full((len(rows(30)), 30), 7.0)], -1)
    source = from_array(values).source
    assert source.endswith("; 2 of 3 channels are not plain: 1 standardised, 1 normal scores, 1 constant")


@pytest.mark.parametrize("size", [1e40, 1e100])
def test_large_numbers_train(size):
    wide = size * RANDOM.normal(size=(60, 8, 3))
    model = WGAN(kind="signals", network="mlp", width=4, steps=1, batch=8, diagnose_every=1).fit(wide)
    assert size / 100 < model.sample(4).std() < 10 * size


def test_a_row_that_is_not_finite_has_no_score():
    model = WGAN(kind="signals", network="mlp", width=4, steps=1, batch=8).fit(rows(8, 3))
    wrong = rows(8, 3).copy()
    wrong[3, 2, 1] = np.inf
    with pytest.raises(WganError, match="X holds NaN or infinite values, the first in row 3; drop or fill"):
        model.score_samples(wrong)


def test_a_kind_is_not_ignored_where_nothing_reads_it():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = pandas.DataFrame({"a": [1.0, 2.5, 3.0], "b": [2.0, 1.5, 7.0]})
    with pytest.raises(WganError, match="kind is 'signals', but a DataFrame was given"):
        from_array(frame, kind="signals")
    dataset = from_array(rows(9, 2), kind="signals")
    with pytest.raises(WganError, match="kind is 'images', but a Dataset is used unchanged"):
        state.given(Config(kind="images"), dataset)
    assert state.given(Config(), dataset) is dataset


def test_each_channel_has_a_scale_of_its_own():
    """A temperature of 20 +- 5 beside a pressure of 100,000."""
    given = np.stack([20 + 5 * rows(30), 1e5 + 300 * rows(30)], -1)
    form = from_array(given, kind="signals").form
    encoded = form.encode(given)
    np.testing.assert_allclose(encoded.mean((0, 1)), 0, atol=0.1)
    np.testing.assert_allclose(encoded.std((0, 1)), 1, atol=0.1)
    np.testing.assert_allclose(form.decode(encoded), given, rtol=1e-6)


NEIGHBOURS = {  # what may lie beside a plain channel
    "constant": lambda x: np.full_like(x, 7.5),
    "phases": lambda x: np.sign(x),
    "bounded": lambda x: np.maximum(x, 0.5),
    "whole": lambda x: np.rint(1000 * x),
    "far": lambda x: 1e12 + 1e7 * x,
    "tiny": lambda x: 1e-20 * x,
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["table", "signals", "images", "volumes"])
@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_the_encoding_of_a_channel_does_not_depend_on_another_one(neighbour, kind, dtype):
    if (neighbour, kind) == ("constant", "table"):
        return  # it is refused
    plain = (20 + 5 * rows(6, 7, 8)[:, *[slice(None)] * AXES[kind], *[0] * (3 - AXES[kind])]).astype(dtype)
    alone = from_array(plain[..., None], kind=kind).form
    given = np.stack([plain, NEIGHBOURS[neighbour]((plain - 20) / 5), plain], -1).astype(dtype)
    form = from_array(given, kind=kind).form
    encoded = form.encode(given)
    of_alone = alone.encode(plain[..., None])
    for at, unit in ((0, 0), (2, 1 if neighbour in ("constant", "phases") else 2)):
        np.testing.assert_allclose(encoded[..., unit], of_alone[..., 0], rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(form.decode(encoded)[..., at], alone.decode(of_alone)[..., 0], rtol=1e-6)
        np.testing.assert_allclose([end[at] for end in form.drawn], [end[0] for end in alone.drawn])
    extreme = form.decode(np.full((1, *form.encoded_shape), np.float32(3e38)))
    assert np.isfinite(extreme).all()
    assert form_from_json(json.loads(json.dumps(form.to_json()))) == form


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32", "float64"])
@pytest.mark.parametrize("channels", [1, 3, 4, 12])
def test_a_channel_that_one_scale_would_hide_has_its_own(channels, dtype):
    """Two colours and a mask, or a red band beside a faint one."""
    whole = np.dtype(dtype).kind != "f"
    wide = RANDOM.integers(0, 256, (30, 8, 8, channels)) / (1 if whole else 255)
    assert from_array(wide.astype(dtype), kind="images").form.picture == (channels != 12)
    wide[..., -1] = RANDOM.integers(0, 2, (30, 8, 8)) if whole else 0.5 + 1e-5 * rows(8, 8, count=30)
    dataset = from_array(wide.astype(dtype), kind="images")
    assert not dataset.form.picture
    said = " ".join(text for _, text in dataset.notes)
    phases_alone = channels == 1 and whole
    assert (f"channel {channels - 1} has values from " in said) != phases_alone
    encoded = dataset.form.encode(wide.astype(dtype))
    assert encoded[..., -1].std() > 0.3
    np.testing.assert_allclose(dataset.form.decode(encoded), wide.astype(dtype), atol=1e-6 if whole else 5e-6)


def test_zeros_bounds_and_signs_of_a_channel_are_kept():
    showers = np.maximum(rows(12, 12, 5, count=200), 0)  # half of the cells are empty
    form = from_array(showers, kind="images").form
    made = form.decode(RANDOM.normal(size=(50, *form.encoded_shape)))
    assert made.min() == 0
    assert made.max() <= showers.max()
    assert (made == 0).mean() == pytest.approx(0.5, abs=0.02), "5 standard errors of a share of 36,000 are 0.013"
    # numbers between a spike and the next knot count as the spike, as in a table
    between = max(column.knots[1] for column in form.numbers)
    np.testing.assert_allclose(form.decode(form.encode(showers)), showers, rtol=1e-5, atol=between)
    assert between < 0.05


@pytest.mark.parametrize("dtype", ["uint8", "bool", "int16", "float32"])
def test_a_few_numbers_are_levels_with_a_softmax_at_each_place(dtype):
    phases = RANDOM.integers(0, 2 if dtype == "bool" else 3, (30, 6, 5, 7)).astype(dtype)
    form = from_array(phases, kind="volumes").form
    levels = len(np.unique(phases))
    assert form.encoded_shape == (6, 5, 7, levels)
    assert form.groups == (levels,)
    encoded = form.encode(phases)
    np.testing.assert_array_equal(encoded.sum(-1), 1)
    back = form.as_given(form.decode(encoded))
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, phases)
    with pytest.raises(WganError, match=r"channel 0 has .* drop those rows"):
        form.encode(np.full((1, 6, 5, 7), 9))


def test_a_rare_level_is_found_in_every_row():
    """The sample of the values may lack it, so all rows are read."""
    phases = np.zeros((3000, 40, 40), np.uint8)
    phases[:, ::2] = 1
    phases[1777, 7, 3] = 2
    form = from_array(phases, kind="images").form
    assert form.groups == (3,)
    many = phases.astype(np.int32)
    many[1234, 0, : PHASES + 1] = np.arange(10, 11 + PHASES)
    assert form_of_levels(many) is None


def form_of_levels(array):
    form = from_array(np.stack([array] * 2, -1), kind="images").form
    return form.groups or None


def test_a_constant_channel_stays_constant_and_is_named():
    given = rows(20, 3)
    given[..., 1] = 7.5
    dataset = from_array(given, kind="signals")
    assert any("channel 1 is constant (7.5)" in text for _, text in dataset.notes)
    assert dataset.form.encoded_shape == (20, 2), "the players do not see it"
    assert (dataset.form.decode(dataset.form.encode(given))[..., 1] == 7.5).all()


@pytest.mark.parametrize("dtype", ["uint8", "float32", "uint16"])
def test_a_constant_channel_of_pictures_stays_constant_and_is_named(dtype):
    """An opaque alpha, or a channel of a microscope that was off."""
    given = RANDOM.integers(0, 256, (30, 8, 8, 4)).astype(dtype) / (255 if dtype == "float32" else 1)
    given = given.astype(dtype)
    given[..., 3] = given.max()
    dataset = from_array(given, kind="images")
    assert dataset.form.picture
    assert [text for _, text in dataset.notes] == [f"channel 3 is constant ({given.max():g}) and stays so"]
    with pytest.warns(UserWarning, match="channel 3 is constant"):
        made = WGAN(network="mlp", width=4, steps=1, batch=8).fit(dataset).sample(5)
    assert made.dtype == dtype
    assert (made[..., 3] == given.max()).all()
    assert made[..., :3].std() > 0
    again = form_from_json(json.loads(json.dumps(dataset.form.to_json())))
    assert again == dataset.form
    with pytest.raises(ValueError, match="constants that does not fit"):
        form_from_json(dataset.form.to_json() | {"constants": [[4, 0.0]]})


@pytest.mark.parametrize(
    "array",
    [rows(9, 2), (rows(6, 6, 6) > 0).astype(np.uint8), np.maximum(rows(8, 8, 5), 0), rows(9, 3) * [1, 0, 1] + 2],
    ids=["plain", "levels", "spike", "constant"],
)
def test_a_form_of_any_rank_survives_a_file(array):
    form = from_array(array).form
    assert form_from_json(json.loads(json.dumps(form.to_json()))) == form


def test_a_form_whose_shape_does_not_fit_its_kind_is_refused():
    saved = from_array(rows(9, 2), kind="signals").form.to_json()
    for wrong in ({"kind": "images"}, {"kind": "waves"}, {"shape": [9]}):
        with pytest.raises(ValueError, match="does not fit"):
            form_from_json(saved | wrong)
