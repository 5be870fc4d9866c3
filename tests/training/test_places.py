"""Where the data of a run lie: it is measured and resumed from any folder, and moves together with its data."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import wgan
from wgan import Config, WganError
from wgan.data import load
from wgan.data.places import configs_by_place
from wgan.evaluation.distance import distance
from wgan.evaluation.evaluate import evaluate, rows_of
from wgan.reports import page
from wgan.runs import folder as runs
from wgan.runs import overwriting
from wgan.training.model import load_model

SMALL = {"steps": 2, "width": 4, "batch": 8, "latent": 2, "network": "mlp", "engine": "torch"}
ROWS = np.random.default_rng(0).normal(size=(80, 2))


def write(path, shift=0):
    """Data of the kind that the name tells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = ROWS + shift
    if path.suffix == ".npy":
        np.save(path, rows)
    elif path.suffix == ".csv":
        np.savetxt(path, rows, delimiter=",", header="a,b", comments="")
    else:
        path.mkdir(exist_ok=True)
        pixels = np.random.default_rng(shift).integers(0, 256, (40, 4, 4)).astype(np.uint8)
        for number, one in enumerate(pixels):
            Image.fromarray(one).save(path / f"{number}.png")


def trained(data, out, **more):
    return list(wgan.train(Config(data=str(data), **SMALL | more), out=out))


@pytest.fixture(params=["rows.npy", "rows.csv", "pictures"])
def project(request, tmp_path, monkeypatch):
    """A project that was trained in its own folder by relative paths, from a working folder elsewhere."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "elsewhere").mkdir()
    home = tmp_path / "project"
    write(home / "data" / request.param)
    monkeypatch.chdir(home)
    trained(f"data/{request.param}", "runs/one")
    monkeypatch.chdir(tmp_path / "elsewhere")
    return home, request.param


def measured(run):
    """What every command that reads the data of a run finds."""
    assert len(rows_of(run, load_model(run).config)[0].rows) in (40, 80)
    assert "cannot be read" not in page.write([run]).read_text()
    return distance(run, n=4).w1.value


def test_a_run_is_measured_from_another_working_folder(project, monkeypatch):
    home, _ = project
    found = measured(home / "runs" / "one")
    monkeypatch.chdir(home / "runs")
    assert measured(Path("one")) == found


def test_a_run_moves_together_with_its_data_though_others_take_their_place(project):
    home, name = project
    before = measured(home / "runs" / "one")
    moved = home.rename(home.with_name("moved"))
    write(home / "data" / name, shift=5)
    assert measured(moved / "runs" / "one") == before


def test_a_run_alone_may_be_moved(project):
    home, _ = project
    before = measured(home / "runs" / "one")
    (home / "runs" / "one").rename(home.parent / "elsewhere" / "two")
    assert measured(home.parent / "elsewhere" / "two") == before


def test_other_rows_at_the_place_from_the_run_are_passed_over(project):
    home, name = project
    before = measured(home / "runs" / "one")
    write(home.parent / "other" / "data" / name, shift=5)
    (home.parent / "other" / "runs").mkdir()
    (home / "runs" / "one").rename(home.parent / "other" / "runs" / "one")
    assert measured(home.parent / "other" / "runs" / "one") == before


def test_rows_decide_whether_it_is_the_same_run(project, monkeypatch):
    home, name = project
    run = home / "runs" / "one"
    assert trained(home / "data" / name, run)[-1]["step"] == 2, "an absolute path"
    monkeypatch.chdir(home / "runs")
    assert trained(f"../data/{name}", "one")[-1]["step"] == 2, "another relative path"
    shutil.copytree(home / "data", home / "copy")
    if name == "pictures":  # whose order is that of their names
        assert trained(home / "copy" / name, run)[-1]["step"] == 2
    else:
        (home / "copy" / name).rename(home / "copy" / f"other{name[-4:]}")
        assert trained(home / "copy" / f"other{name[-4:]}", run)[-1]["step"] == 2
    assert runs.read_config(run)["data"]["from_run"].startswith("../../copy/"), "the newest place is kept"
    write(home / "new" / name, shift=1)
    with pytest.raises(WganError, match=r"holds another run \(data: saved .*sha256 of the data"):
        trained(home / "new" / name, run)


def test_the_same_rows_in_another_form_are_another_run(tmp_path):
    images = np.random.default_rng(0).random((80, 4, 4))
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "table.npy", images.reshape(80, 16))
    trained(tmp_path / "images.npy", tmp_path / "run")
    with pytest.raises(WganError, match=r"holds another run .*checksum of their form"):
        trained(tmp_path / "table.npy", tmp_path / "run")


def test_the_same_rows_with_other_labels_are_another_conditional_run(tmp_path):
    for name, labels in (("first", np.arange(80) % 2), ("second", np.arange(80) % 4 // 2)):
        np.savez(tmp_path / f"{name}.npz", rows=ROWS, labels=labels)
    trained(tmp_path / "first.npz", tmp_path / "run", conditional="projection")
    assert trained(tmp_path / "first.npz", tmp_path / "run", conditional="projection")[-1]["step"] == 2
    with pytest.raises(WganError, match=r"holds another run \(sha256 of the labels"):
        trained(tmp_path / "second.npz", tmp_path / "run", conditional="projection")
    saved = runs.read_config(tmp_path / "run")
    saved["data"].pop("labels_sha256")  # as an earlier version wrote it
    (tmp_path / "run" / "config.json").write_text(json.dumps(saved))
    assert trained(tmp_path / "first.npz", tmp_path / "run", conditional="projection")[-1]["step"] == 2


def test_data_that_are_lost_or_changed_are_named(project):
    home, name = project
    shutil.rmtree(home / "data")
    with pytest.raises(WganError, match=rf"the data of .*one cannot be read .*{name}"):
        evaluate(home / "runs" / "one")
    write(home / "data" / name, shift=1)
    with pytest.raises(WganError, match=r"holds other rows than .*one was trained on"):
        evaluate(home / "runs" / "one")


def test_the_folder_of_named_sets_is_kept_as_an_absolute_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()  # which is not the named set
    trained("digits", tmp_path / "run", data_dir="sets")
    saved = runs.read_config(tmp_path / "run")["data"]
    assert saved["data_dir"] == str(tmp_path / "sets")
    assert "path" not in saved
    found = list(configs_by_place(Config(data="digits", data_dir="sets"), tmp_path / "run"))
    assert [config.data_dir for config in found] == ["sets", str(tmp_path / "sets")]
    assert len(load("digits").rows) == 1797


def test_a_run_of_an_earlier_version_is_still_read(tmp_path, monkeypatch):
    write(tmp_path / "rows.npy")
    monkeypatch.chdir(tmp_path)
    trained("rows.npy", tmp_path / "run")
    saved = runs.read_config(tmp_path / "run")
    saved["data"] = {name: value for name, value in saved["data"].items() if name not in runs.PLACES}
    (tmp_path / "run" / "config.json").write_text(json.dumps(saved))
    assert distance(tmp_path / "run", n=4).w1.n == (4, 4)
    assert trained("rows.npy", tmp_path / "run")[-1]["step"] == 2


def test_a_data_set_in_an_hdf5_file_is_found_after_both_moved(tmp_path, monkeypatch):
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        file["group/one"], file["group/two"] = ROWS, ROWS[::-1]
    monkeypatch.chdir(tmp_path)
    trained("rows.h5:group/two", "runs/one")
    (tmp_path / "elsewhere").mkdir()
    for name in ("rows.h5", "runs"):
        shutil.move(tmp_path / name, tmp_path / "elsewhere" / name)
    monkeypatch.chdir("/")
    run = tmp_path / "elsewhere" / "runs" / "one"
    np.testing.assert_array_equal(rows_of(run, load_model(run).config)[0].rows, ROWS[::-1])
    with pytest.raises(WganError, match="belongs to the data of"):
        overwriting.check_file(tmp_path / "elsewhere" / "rows.h5", run, overwrite=True)
