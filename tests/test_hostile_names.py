"""Files, folders, columns, classes and runs whose names would command a terminal, begin a line, or break a page."""

import os

import numpy as np
import pytest
from commands import SMALL, called
from PIL import Image

ESCAPES = "\x1b]0;pwned\x07\nwgan: done\u202e\x9b2J\r[red]$\\frac{<script>"
NOT_UTF8 = os.fsdecode(b"\xff")
HOSTILE = f"x{ESCAPES.replace('/', '')}{NOT_UTF8}"
QUICK = [*SMALL, "--held-out", "0.3"]


def inside(name):
    """A name for what a file holds, whose text is UTF-8."""
    return f"{name}{ESCAPES}"


def checked(*arguments, code=0):
    """Run a command and see that all it says is safe, in lines of its own."""
    done = called(*arguments)
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert done.returncode == code, said
    assert not [one for one in said if one != "\n" and not one.isprintable()], repr(said)
    sentences = [line for line in said.split("\n") if line.startswith("wgan: ")]
    assert len(sentences) == (code != 0), said
    return done


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    path = tmp_path_factory.mktemp("names") / HOSTILE
    path.mkdir()
    before = os.getcwd()
    os.chdir(path)
    yield path
    os.chdir(before)


def table(path):
    rng = np.random.default_rng(0)
    quoted = [f'"{inside(name)}"' for name in ("number", "level")]
    rows = [f'{rng.normal():.3f},"{inside("ab"[i % 2])}"' for i in range(300)]
    path.write_text("\n".join([",".join(quoted), *rows]) + "\n")
    return path


def pictures(path):
    for i in range(100):
        folder = path / f"{'ab'[i % 2]}{HOSTILE}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(i).integers(0, 255, (8, 8), np.uint8)).save(folder / f"{i}.png")
    (path / f"a{HOSTILE}" / f"broken{HOSTILE}.png").write_bytes(b"no picture")
    return path


def labelled(path):
    rng = np.random.default_rng(0)
    np.savez(path, rows=rng.normal(size=(300, 2)), labels=np.array([inside("ab"[i % 2]) for i in range(300)]))
    return path


def use(data, run, *more):
    """Every command on a data set and a run of it."""
    checked("data", data)
    checked("train", data, *QUICK, *more, "--out", run)
    checked("train", data, *QUICK, *more, "--out", run)
    checked("data", run, "--stored")
    checked("sample", run, "-n", 5)
    checked("evaluate", run, "--samples", 20, "--features", "rows")
    checked("report", run)
    checked("export", run, "--out", run / f"g{HOSTILE}.safetensors")
    checked("sample", run / f"g{HOSTILE}.safetensors", "-n", 5)
    if data.is_file():
        checked("distance", data, data, "--n", 20)
    checked("evaluate", "--real", data, "--fake", data, "--samples", 20, "--features", "rows")
    checked("sample", run, "--step", HOSTILE, code=2)
    checked("train", data, *QUICK, *more, "--seed", 3, "--out", run, code=2)


def test_a_table(place):
    use(table(place / f"t{HOSTILE}.csv"), place / f"table{HOSTILE}")


def test_a_folder_of_classes(place, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    use(pictures(place / f"p{HOSTILE}"), place / f"pictures{HOSTILE}", "--conditional", "projection")


def test_an_array_with_labels(place):
    use(labelled(place / f"l{HOSTILE}.npz"), place / f"labelled{HOSTILE}", "--conditional", "projection")


@pytest.mark.parametrize("command", ["train", "sample", "evaluate", "export", "data", "distance", "report", "presets"])
def test_what_does_not_exist(place, command):
    checked(command, f"{HOSTILE}.npy", code=2)
    checked(command, f"--{HOSTILE}", code=2)
    checked(HOSTILE, code=2)
