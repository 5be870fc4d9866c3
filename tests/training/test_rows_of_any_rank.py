"""Signals, images of other channels and volumes from the file to the report, as images and tables have long gone."""

import json

import numpy as np
import pytest
from commands import called
from PIL import Image

import wgan
from wgan import data
from wgan.config import Config
from wgan.evaluation.evaluate import evaluate
from wgan.reports import figures
from wgan.training import samples
from wgan.training.drawing import given
from wgan.training.loop import train
from wgan.training.model import load_model, sample

RANDOM = np.random.default_rng(0)
ROWS = {
    "signals": RANDOM.normal(size=(60, 14, 2)).astype(np.float32) * [1, 50],
    "images": RANDOM.normal(size=(60, 9, 7, 6)),
    "volumes": (RANDOM.random((60, 8, 8, 6)) < 0.4).astype(np.uint8),
}
SMALL = {"width": 4, "batch": 8, "latent": 2, "engine": "torch", "checkpoint_every": 2, "sample_every": 2}
SMALL |= {"log_every": 1, "diagnose_every": 2, "held_out": 0.3}


@pytest.fixture(params=ROWS)
def saved(request, tmp_path):
    np.save(tmp_path / "rows.npy", ROWS[request.param])
    return request.param, tmp_path


@pytest.mark.parametrize("network", ["hybrid", "dcgan"])
def test_a_run_resumes_to_the_same_bytes_and_gives_back_such_rows(saved, network):
    kind, folder = saved
    config = Config(data=str(folder / "rows.npy"), kind=kind, network=network, steps=6, **SMALL)
    list(train(config, out=folder / "whole"))
    for record in train(config, out=folder / "parts"):
        if record["step"] == 3:
            break
    list(train(config, out=folder / "parts"))
    newest = [folder / run / "checkpoints" / "00000006" for run in ("whole", "parts")]
    names = sorted(file.name for file in newest[0].iterdir() if file.suffix == ".safetensors")
    assert names
    assert all((newest[0] / name).read_bytes() == (newest[1] / name).read_bytes() for name in names)
    made = sample(load_model(folder / "whole"), 5)
    assert made.dtype == ROWS[kind].dtype
    assert made.shape[1:] == (*ROWS[kind].shape[1:], 1)[: len(load_model(folder / "whole").form.shape)]
    report = evaluate(folder / "whole", samples=20)
    assert {"spectrum", "amplitude"} <= report["metrics"].keys()
    assert ("phase_fraction" in report["metrics"]) == (kind == "volumes")


def test_the_commands_take_such_rows(saved, monkeypatch):
    kind, folder = saved
    monkeypatch.chdir(folder)
    fields = [f"--{name.replace('_', '-')}={value}" for name, value in SMALL.items()]
    called("train", "rows.npy", "--kind", kind, "--network", "hybrid", "--steps", "2", "--out", "run", *fields)
    assert json.loads((folder / "run" / "config.json").read_text())["data"]["form"]["kind"] == kind
    with Image.open(folder / "run" / "samples" / "00000002.png") as picture:
        assert min(picture.size) > 100
    called("sample", "run", "-n", "3", "--out", "some.npy")
    assert np.load("some.npy").shape == (3, *ROWS[kind].shape[1:])
    called("report", "run")
    called("runs", ".")


def test_wgan_data_says_what_the_rows_are_and_what_was_guessed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("rows.npy", ROWS["signals"])
    said = called("data", "rows.npy").stdout
    assert "60 signals of 14 steps and 2 channels" in said
    assert "? 60 signals of 14 steps and 2 channels; use --kind images if these are pictures" in said
    assert "the preset signals suits them" in said
    assert "?" not in called("data", "rows.npy", "--kind", "signals").stdout
    assert "60 images of 14 x 2," in called("data", "rows.npy", "--kind", "images").stdout


def test_a_model_in_python_has_rows_of_the_shape_that_it_was_given():
    model = wgan.WGAN(kind="signals", network="hybrid", steps=2, **{k: SMALL[k] for k in ("width", "batch", "latent")})
    rows = ROWS["signals"][..., 0]
    model.fit(rows)
    assert model.sample(4).shape == (4, 14)
    assert model.score_samples(rows[:5]).shape == (5,)
    assert model.plot().axes


@pytest.mark.parametrize(("name", "fields"), [("waves", {}), ("medium-2d", {"size": 16}), ("medium-3d", {"size": 12})])
def test_data_of_a_known_law_have_the_size_that_is_asked(name, fields, monkeypatch):
    monkeypatch.setattr("wgan.data.toys.MEDIA", {2: 20, 3: 20})
    dataset = data.load(name, seed=3, **fields)
    assert dataset.form.space == {"waves": (64,), "medium-2d": (16, 16), "medium-3d": (12, 12, 12)}[name]
    assert dataset.form.groups == (() if name == "waves" else (2,))
    again = data.load(name, seed=3, **fields)
    np.testing.assert_array_equal(dataset.rows, again.rows)
    assert not np.array_equal(dataset.rows, data.load(name, seed=4, **fields).rows)


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ((9, 1), "signals"),
        ((9, 8), "signals"),
        ((9, 8, 2), "images"),
        ((9, 8, 12), "images"),
        ((8, 7, 6, 2), "volumes"),
    ],
)
@pytest.mark.parametrize("real", [True, False])
def test_rows_of_every_rank_have_a_picture(shape, kind, real, tmp_path):
    dataset = data.from_array(RANDOM.normal(size=(12, *shape)), kind=kind)
    figures.samples(dataset.rows, dataset.form, tmp_path / "rows.png", dataset.rows if real else None)
    with Image.open(tmp_path / "rows.png") as picture:
        assert len(np.unique(np.asarray(picture.convert("L")))) > 20


def test_flip_and_augment_are_for_images():
    dataset = data.from_array(ROWS["signals"], kind="signals")
    for fields in ({"flip": "horizontal"}, {"augment": "colour"}):
        with pytest.raises(wgan.WganError, match="images"):
            list(wgan.train(Config(data="rows", steps=1, batch=8, **fields), dataset))


FILES = {  # what a kind of file takes: the shape of a row, its dtype, and the kind as which it is read again
    "a.h5": ((9, 2), "float32", "signals"),
    "b.hdf5": ((8, 7, 6, 2), "float64", "volumes"),
    "a.tif": ((9, 8), "float32", "images"),
    "b.tiff": ((9, 8), "uint16", "images"),
    "a.nii": ((9, 8, 7), "float32", "volumes"),
    "b.nii.gz": ((9, 8), "int16", "images"),
    "signals": ((9, 2), "float64", "signals"),
    "volumes": ((8, 7, 6), "float32", "volumes"),
}


@pytest.mark.parametrize("name", FILES)
def test_samples_in_a_file_are_read_again_as_they_were(name, tmp_path, monkeypatch):
    needed = "h5py" if name.endswith(("h5", "hdf5")) else "nibabel" if ".nii" in name else "numpy"
    pytest.importorskip(needed, reason=f"{needed} is not installed")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shape, dtype, kind = FILES[name]
    rows = (1000 * RANDOM.random((7, *shape))).astype(dtype)
    form = data.from_array(rows, kind=kind).form
    samples.write(given(form.at_rest(rows), form), tmp_path / name)
    again = data.load(tmp_path / name, kind="auto" if "nii" in name or "tif" in name else kind)
    assert again.form.kind == kind
    np.testing.assert_array_equal(again.form.as_given(again.rows), rows)
    assert again.rows.dtype == dtype


@pytest.mark.parametrize("name", ["a.h5", "a.tif", "a.nii", "folder"])
def test_truth_values_go_into_every_file(name, tmp_path, monkeypatch):
    needed = "h5py" if name.endswith("h5") else "nibabel" if name.endswith("nii") else "numpy"
    pytest.importorskip(needed, reason=f"{needed} is not installed")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rows = RANDOM.random((7, 9, 8)) < 0.5
    if name == "folder":
        rows = RANDOM.random((7, 6, 9, 8)) < 0.5  # volumes, since images are written as pictures
    form = data.from_array(rows).form
    samples.write(given(form.decode(form.encode(rows)), form), tmp_path / name)
    again = data.load(tmp_path / name)
    np.testing.assert_array_equal(again.form.as_given(again.rows).reshape(rows.shape).astype(bool), rows)


@pytest.mark.parametrize(
    ("name", "shape", "kind", "message"),
    [
        ("a.tif", (8, 7, 6), "volumes", "images of one channel"),
        ("a.gif", (9, 2), "signals", "grey or colour images"),
        ("a.nii", (9, 2), "signals", "images and volumes of one channel"),
        ("folder", (4,), "table", "rows with axes of space"),
        ("a.xyz", (9, 2), "signals", "ends in .xyz"),
    ],
)
def test_a_file_that_cannot_hold_the_samples_is_refused(name, shape, kind, message, tmp_path):
    dataset = data.from_array(RANDOM.normal(size=(7, *shape)), kind=kind)
    with pytest.raises(wgan.WganError, match=message):
        samples.write(given(dataset.rows, dataset.form), tmp_path / name)
    assert not list(tmp_path.iterdir())
