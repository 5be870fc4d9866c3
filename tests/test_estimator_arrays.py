"""Arrays come back in the shape and dtype in which they were given: samples, scores, files, loaded runs."""

import json

import numpy as np
import pytest
from commands import called
from hypothesis import given, settings
from hypothesis import strategies as st

import wgan
from wgan import data
from wgan.data import Form, form_from_json
from wgan.export import export
from wgan.export import sample as exported_sample
from wgan.training import model as models
from wgan.training.samples import write

SMALL = {"steps": 1, "width": 4, "batch": 4, "latent": 2, "network": "mlp", "engine": "torch", "diagnose_every": 100}
SHAPES = [(), (1,), (3,), (4, 4), (4, 4, 1), (4, 4, 3), (5, 2, 4)]
DTYPES = ["bool", "uint8", "int8", "int16", "int32", "uint32", "int64", "f2", "f4", "f8", ">i2", ">f2", ">f8"]
SPACES = {"table": (3,), "signals": (8, 2), "images": (4, 4), "volumes": (4, 4, 4)}


def rows_of(shape, dtype, count=30, seed=0):
    """Rows of numbers in every dtype, among them those of the usual ranges of images."""
    numbers = np.random.default_rng(seed).random((count, *shape))
    return numbers > 0.5 if dtype == "bool" else (100 * numbers).astype(dtype)


@given(shape=st.sampled_from(SHAPES), dtype=st.sampled_from(DTYPES), seed=st.integers(0, 100))
@settings(max_examples=60, deadline=None)
def test_a_form_gives_rows_back_as_they_came(shape, dtype, seed):
    rows = rows_of(shape, dtype, seed=seed)
    form = data.from_array(rows).form
    for one in (form, form_from_json(form.to_json())):
        again = one.as_given(one.decode(one.encode(rows)))
        assert (again.shape, again.dtype) == (rows.shape, rows.dtype.newbyteorder("="))
        near = 1e-3 if rows.dtype.itemsize == 2 else 1e-5
        np.testing.assert_allclose(again.astype(float), rows.astype(float), rtol=near, atol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_way_out_gives_the_shape_that_went_in(shape, tmp_path):
    rows = rows_of(shape, "float32")
    wanted = ((5, *shape), np.float32)
    model = wgan.WGAN(**SMALL, kind="images" if len(shape) > 1 else "auto").fit(rows)
    assert model.score_samples(rows).shape == (30,)
    model.save(tmp_path / "run")
    loaded = wgan.load(tmp_path / "run")
    assert loaded.score_samples(rows).shape == (30,)
    for made in (model.sample(5), loaded.sample(5)):
        assert (made.shape, made.dtype) == wanted
    for name in ("x.npy", "x.npz"):
        assert called("sample", tmp_path / "run", "-n", 5, "--out", tmp_path / name).returncode == 0
        made = np.load(tmp_path / name)
        made = made if name == "x.npy" else made["rows"]
        np.testing.assert_array_equal(made, model.sample(5))
        assert (made.shape, made.dtype) == wanted
    export(tmp_path / "run", tmp_path / "x.safetensors")
    assert exported_sample(tmp_path / "x.safetensors", 5).rows.shape == (5, *shape)


@pytest.mark.parametrize("dtype", DTYPES)
def test_samples_of_every_kind_have_the_dtype_and_the_range_of_the_data(dtype, tmp_path):
    for kind, shape in SPACES.items():
        rows = rows_of(shape, dtype)
        model = wgan.WGAN(**SMALL | {"steps": 0}, kind=kind, held_out=0).fit(rows)
        made = model.sample(20)
        assert (made.shape, made.dtype) == ((20, *shape), rows.dtype.newbyteorder("="))
        low, high = (0, 255) if kind == "images" else (rows.min(), rows.max())
        if rows.dtype.kind != "f":  # whole numbers are a grid with ends; standardised floats have no bounds
            assert low <= made.min() <= made.max() <= high
        write(models.drawn(model._fitted(), 20), tmp_path / f"{kind}.npy")
        np.testing.assert_array_equal(np.load(tmp_path / f"{kind}.npy"), made)


def test_float16_samples_end_at_its_largest_number_and_what_is_not_finite_stays():
    form = Form("signals", (2, 1), "float16", 6e4, 2e3, None, None)
    made = form.decode(np.array([[1e4, -1e6], [np.nan, np.inf]])[..., None])[..., 0]
    assert made.dtype == np.float16
    assert made[0].tolist() == [65504, -65504]
    assert np.isnan(made[1, 0])
    assert made[1, 1] == np.inf


@pytest.mark.parametrize("shape", SHAPES)
def test_a_run_of_a_file_gives_the_shape_of_the_file(shape, tmp_path):
    np.save(tmp_path / "rows.npy", rows_of(shape, "float64"))
    config = wgan.Config(data=str(tmp_path / "rows.npy"), **SMALL)
    list(wgan.train(config, out=tmp_path / "run"))
    made = wgan.load(tmp_path / "run").sample(5)
    assert (made.shape, made.dtype) == ((5, *shape), np.float64)


@pytest.mark.parametrize(("first", "later"), [((4, 4), (4, 4, 1)), ((4, 4, 1), (4, 4)), ((), (1,)), ((1,), ())])
def test_a_last_axis_of_length_1_may_come_and_go(first, later, tmp_path):
    rows = rows_of(first, "float32")
    again = rows.reshape(30, *later)
    model = wgan.WGAN(**SMALL).fit(rows)
    np.testing.assert_array_equal(model.score_samples(rows), model.score_samples(again))
    model.set_params(steps=2).fit(again, extend=True)
    assert model.sample(2).shape == (2, *later), "the last call of fit decides"
    assert wgan.evaluate(np.tile(rows, (4,) + (1,) * len(first)), np.tile(again, (4,) + (1,) * len(later)))["metrics"]


def test_a_run_of_an_earlier_version_goes_on(tmp_path):
    """Its config.json does not say in which shape the rows were given."""
    np.save(tmp_path / "rows.npy", rows_of((4, 4), "uint8"))
    config = wgan.Config(data=str(tmp_path / "rows.npy"), **SMALL, decay="none")
    list(wgan.train(config, out=tmp_path / "run"))
    file = tmp_path / "run/config.json"
    text = file.read_text()
    assert '"squeezed": true' in text
    saved = json.loads(text)
    del saved["data"]["form"]["squeezed"]
    file.write_text(json.dumps(saved))
    assert len(list(wgan.train(config.replace(steps=2), out=tmp_path / "run"))) == 1
    assert wgan.load(tmp_path / "run").sample(3).shape == (3, 4, 4, 1)


def test_named_sets_have_an_axis_of_channels_and_their_config_is_as_before():
    form = data.load("digits").form
    assert form.shape == (8, 8, 1)
    assert "squeezed" not in form.to_json()
