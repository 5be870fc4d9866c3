"""Arrays come back in the shape and dtype in which they were given: samples, scores, files, loaded runs."""

import json

import numpy as np
import pytest
from commands import called
from hypothesis import given, settings
from hypothesis import strategies as st

import wgan
from wgan import data
from wgan.data import form_from_json
from wgan.export import export
from wgan.export import sample as exported_sample

SMALL = {"steps": 1, "width": 4, "batch": 4, "latent": 2, "network": "mlp", "engine": "torch", "diagnose_every": 100}
SHAPES = [(), (1,), (3,), (4, 4), (4, 4, 1), (4, 4, 3), (5, 2, 4)]
DTYPES = ["bool", "uint8", "int8", "int16", "int32", "uint32", "int64", "float32", "float64", ">i2", ">f8"]


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
        np.testing.assert_allclose(again.astype(float), rows.astype(float), rtol=1e-5, atol=1e-4)


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
