"""A checkpoint to samples: which engine and which checkpoint open a run, and where samples are written."""

import shutil
import warnings

import numpy as np
import pytest
from click.testing import CliRunner

from wgan import Config, WganError, load, train
from wgan.cli import cli
from wgan.data import from_array
from wgan.engines import ENGINES
from wgan.errors import WganWarning
from wgan.runs import best, checkpoint
from wgan.training import model, samples
from wgan.training.drawing import given
from wgan.training.model import engine_of, load_model


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    np.save(folder / "mine.npy", np.random.default_rng(0).normal(size=(80, 2)))
    small = {"width": 4, "batch": 8, "latent": 2, "steps": 6, "checkpoint_every": 2, "engine": "torch", "n_critic": 1}
    list(train(Config(data=str(folder / "mine.npy"), network="mlp", **small), out=folder / "run"))
    return folder / "run"


@pytest.fixture
def run(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "run")


def invoked(*arguments):
    """What a command prints on stderr, within this process."""
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        done = CliRunner().invoke(cli, [str(one) for one in arguments])
    if done.exception:
        raise done.exception
    return done.stderr


def test_every_reader_names_a_damaged_newest_checkpoint_and_uses_the_one_before(run, tmp_path):
    path = run / "checkpoints" / "00000006" / "meta.json"
    path.write_text("{")
    said = f"{run / 'checkpoints'}: checkpoint 6 is damaged (meta.json: Input data was truncated); using 4 instead."
    for read in (load_model, load):
        with pytest.warns(WganWarning) as caught:
            read(run)
        assert [str(one.message) for one in caught] == [said]
    for command in (["sample", run, "--out", tmp_path / "x.npy"], ["distance", run, "--n", 4], ["report", run],
                    ["export", run, "--out", tmp_path / "x.safetensors"]):  # fmt: skip
        assert invoked(*command).count(f"wgan: {said}") == 1, command


def test_the_best_checkpoint_is_looked_for_anew_if_a_training_removes_it(run, monkeypatch):
    found = []

    def rotated(run, kept):
        found.append(kept)
        if len(kept) > 1:  # the training removes the one that is chosen
            shutil.rmtree(run / "checkpoints" / f"{kept[0]:08d}")
        return best.Best(kept[0], "energy_distance", 0.0)

    monkeypatch.setattr(model.best, "best", rotated)
    assert load_model(run, "best").step == checkpoint.steps(run / "checkpoints")[0]
    assert len(found) > 1


def test_samples_and_exports_never_replace_a_run_or_its_data_nor_silently_anything(finished, tmp_path):
    data, mine = finished.parent / "mine.npy", tmp_path / "mine.npy"
    rows, config = data.read_bytes(), (finished / "config.json").read_bytes()
    with pytest.raises(WganError, match="belongs to the data"):
        invoked("sample", finished, "--out", data, "--overwrite")
    mine.write_bytes(b"mine")
    (tmp_path / "x.onnx").write_bytes(b"mine")
    with pytest.raises(WganError, match=r"mine\.npy exists already; give another name, or --overwrite"):
        invoked("sample", finished, "--out", mine)
    with pytest.raises(WganError, match=r"x\.onnx exists already"):
        invoked("export", finished, "--out", tmp_path / "x.onnx")
    with pytest.raises(WganError, match=r"is one of the files that make the run"):
        invoked("export", finished, "--out", finished / "checkpoints" / "x.onnx", "--overwrite")
    assert (data.read_bytes(), (finished / "config.json").read_bytes()) == (rows, config)
    assert (mine.read_bytes(), (tmp_path / "x.onnx").read_bytes()) == (b"mine", b"mine")
    invoked("sample", finished, "--out", mine, "--overwrite", "-n", 3)
    assert np.load(mine).shape == (3, 2)
    for _ in range(2):
        invoked("sample", finished, "-n", 3)


def test_a_folder_of_samples_needs_overwrite_for_names_that_it_holds(tmp_path):
    out = tmp_path / "run"
    small = {"width": 8, "batch": 16, "latent": 4, "steps": 1, "engine": "torch", "network": "mlp"}
    list(train(Config(data="digits", **small), out=out))
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "holiday.png").touch()
    invoked("sample", out, "-n", 2, "--out", photos)
    with pytest.raises(WganError, match=r"photos holds 000000\.png already"):
        invoked("sample", out, "-n", 2, "--out", photos)
    invoked("sample", out, "-n", 2, "--out", photos, "--overwrite")


def test_a_run_is_opened_by_the_engine_that_made_it_where_that_is_installed(monkeypatch):
    assert engine_of({"config": {"engine": "torch"}, "engine": "jax"}) == "torch", "what was asked for"
    for name in ENGINES:
        assert engine_of({"config": {"engine": "auto"}, "engine": name}) == name
        assert engine_of({"config": {}, "engine": name}) == name
    assert engine_of({"config": {"engine": "auto"}}) == "auto"
    assert engine_of({"config": {"engine": "tensorflow"}}) == "auto"
    monkeypatch.setattr(model, "installed", lambda name: False)
    assert engine_of({"config": {"engine": "torch"}}) == "auto"


@pytest.mark.parametrize(
    ("rows", "name", "part"),
    [
        (np.arange(48, dtype=np.uint8).reshape(3, 4, 4), "a.csv", "takes samples of a table, but these are images"),
        (np.arange(48, dtype=np.uint8).reshape(3, 4, 4), "a.parquet", "takes samples of a table"),
        (np.arange(48, dtype=np.uint8).reshape(3, 4, 4), "a.bmp", "ends in .bmp; use .png, .gif"),
        (np.arange(6.0).reshape(3, 2), "folder", "takes rows with axes of space, but these are 3 rows of 2 columns"),
    ],
)
def test_samples_are_not_written_as_what_they_are_not(tmp_path, rows, name, part):
    dataset = from_array(rows)
    with pytest.raises(WganError, match=part):
        samples.write(given(dataset.rows, dataset.form), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_damaged_best_checkpoint_is_named_and_no_other_taken_for_it(run, monkeypatch):
    monkeypatch.setattr(model.best, "best", lambda run, kept: best.Best(kept[0], "energy_distance", 0.0))
    first = checkpoint.steps(run / "checkpoints")[0]
    (run / "checkpoints" / f"{first:08d}" / "meta.json").unlink()
    with pytest.raises(WganError, match=rf"checkpoint .*{first:08d} .*use another one"):
        load_model(run, "best")
