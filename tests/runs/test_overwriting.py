"""What a command may write over: never a run or its data, under any name, and other files only if that is asked for."""

import json
import os
from pathlib import Path

import pytest

from wgan.errors import WganError
from wgan.runs.overwriting import check_file, check_folder, is_chosen_by_wgan


def made(run: Path, **about) -> Path:
    (run / "checkpoints").mkdir(parents=True)
    (run / "samples").mkdir()
    (run / "config.json").write_text(json.dumps({"config": {"data": "?"}, "data": about}))
    return run


@pytest.fixture
def run(tmp_path):
    (tmp_path / "x.csv").write_text("a\n1\n")
    return made(tmp_path / "runs" / "one", path=str(tmp_path / "x.csv"))


@pytest.mark.parametrize("name", [
    "config.json", "log.jsonl", "evaluation.json", ".lock", "checkpoints", "checkpoints/00000001/meta.json",
    "checkpoints/new.csv", "samples", "samples/00000001.png", "tensorboard/events", "samples/../config.json",
])  # fmt: skip
def test_a_file_that_makes_any_run_is_refused_always(run, name, tmp_path):
    (tmp_path / "link").symlink_to(run / name)
    for out in (run / name, tmp_path / "link"):
        with pytest.raises(WganError, match="is one of the files that make the run"):
            check_file(out, made(tmp_path / f"other{out.name}"), overwrite=True)
        with pytest.raises(WganError, match="is one of the files that make the run"):
            check_folder(out, lambda name: False, overwrite=True)


def test_other_names_in_a_run_are_free_and_so_is_a_folder_that_is_no_run(run, tmp_path):
    for name in ("sample.png", "samples/mine.png", "report.html", "my/config.json"):
        check_file(run / name, run)
    (tmp_path / "config.json").write_text("{}")  # of another program
    check_file(tmp_path / "log.jsonl")
    assert is_chosen_by_wgan(run / "sample.png")
    assert not is_chosen_by_wgan(tmp_path / "sample.png")


def test_the_data_of_a_run_are_refused_under_any_name(run, tmp_path):
    data = tmp_path / "x.csv"
    os.link(data, tmp_path / "hard.csv")
    (tmp_path / "soft.csv").symlink_to(data)
    for name in ("x.csv", "hard.csv", "soft.csv", "runs/../x.csv"):
        with pytest.raises(WganError, match=r"belongs to the data of .*one, in .*x\.csv; give another name"):
            check_file(tmp_path / name, run, overwrite=True)
    check_file(tmp_path / "y.csv", run)


@pytest.mark.parametrize("entry", ["path", "from_run", "source"])
def test_a_file_in_the_folder_of_the_data_is_refused_but_not_in_a_run_there(tmp_path, entry):
    photos = tmp_path / "photos"
    run = made(photos / "run", **{entry: "../../photos" if entry == "from_run" else str(photos)})
    (tmp_path / "link").symlink_to(photos)
    for out in (photos / "new.png", photos / "a" / "new.png", tmp_path / "link" / "new.png"):
        with pytest.raises(WganError, match="belongs to the data"):
            check_file(out, run)
    with pytest.raises(WganError, match="belongs to the data"):
        check_folder(photos, lambda name: False, run, overwrite=True)
    check_file(run / "sample.png", run)
    check_file(tmp_path / "new.png", run)


def test_the_files_of_a_named_set_are_refused(tmp_path):
    run = made(tmp_path / "run", data_dir=str(tmp_path / "sets"))
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / "train.gz").touch()
    with pytest.raises(WganError, match="belongs to the data"):
        check_file(tmp_path / "sets" / "train.gz", run, overwrite=True)
    check_file(tmp_path / "sets" / "new.csv", run)


def test_another_file_is_replaced_only_if_that_is_asked_for(tmp_path):
    (tmp_path / "mine.png").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "none")
    for name in ("mine.png", "dangling"):
        with pytest.raises(WganError, match=r"exists already; give another name, or overwrite=True"):
            check_file(tmp_path / name)
        check_file(tmp_path / name, overwrite=True)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe"):
        with pytest.raises(WganError, match="is not a regular file; give another name"):
            check_file(tmp_path / name, overwrite=True)
    check_folder(tmp_path, lambda name: name == "000000.png")
    with pytest.raises(WganError, match=r"holds mine\.png already"):
        check_folder(tmp_path, lambda name: name == "mine.png")
    check_folder(tmp_path, lambda name: name == "mine.png", overwrite=True)


def test_an_exported_file_is_not_written_over_and_its_run_is_known(run, tmp_path):
    (run / "generator.onnx").touch()
    with pytest.raises(WganError, match="is also the input"):
        check_file(run / "generator.onnx", run / "generator.onnx", overwrite=True)
    with pytest.raises(WganError, match="belongs to the data"):
        check_file(tmp_path / "x.csv", run / "generator.onnx", overwrite=True)
