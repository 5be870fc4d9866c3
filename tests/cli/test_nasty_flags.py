"""Every flag and argument of every command with nasty values: a sentence, or the work, but no traceback."""

import click
import pytest
from commands import called

from wgan.cli import cli

NASTY = [
    "", " ", "\0", "a\0b", "x" * 5000, "~nobody-of-this-name/x", "-", "--", ".", "..", "/dev/null", "/dev/full",
    "0", "-1", "1e400", "nan", "inf", "9" * 30, str(2**63), "4611686018427387904", "=", "a=", "=b", "a=b=c", "tcp://",
    "%s%n", "{}", "\udcff", "\x1b[2J", "٣", "none", "null", "[]",
]  # fmt: skip
FIRST = {  # arguments with which a command comes to its flags, and ends early
    "train": ["digits", "--dry-run", "--out", "new", "--width", "4", "--batch", "8"],
    "sample": ["missing-run"],
    "export": ["missing-run"],
    "distance": ["missing.npy", "missing.npy"],
    "evaluate": ["missing-run"],
    "data": ["missing.npy"],
    "presets": [],
    "study": ["no-such-study"],
    "lab": ["an-argument-too-many"],
    "report": ["missing-run"],
    "runs": ["missing-folder"],
}


@pytest.mark.parametrize("out", ["", ".", "..", "/", "a\0b", "~nobody-of-this-name"])
def test_a_report_that_cannot_be_written(tmp_path, monkeypatch, out):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text('{"config": {"data": "digits"}}')
    assert called("report", "run", "--out", out).returncode == (2 if out[:1] != "~" else 0)


def test_a_dash_is_no_name_of_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = called("lab", "--out", "-")
    assert done.returncode == 2
    assert "streams are not used" in done.stderr
    assert not list(tmp_path.iterdir())


def test_each_command_is_here():
    assert FIRST.keys() == cli.commands.keys()


@pytest.mark.parametrize("name", FIRST)
def test_no_value_of_a_flag_gives_a_traceback(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flags = [one for one in cli.commands[name].params if isinstance(one, click.Option) and not one.is_flag]
    for at, flag in enumerate(flags):
        values = NASTY if name != "train" else NASTY[at % 16 :: 16]  # each reads the data, and all are many
        if name == "train":  # a network beyond all memory is the matter of the forecast
            values = [one for one in values if len(one) < 15 or not one.isdecimal()]
        for value in values:
            done = called(name, *FIRST[name], f"{flag.opts[0]}={value}")
            assert done.returncode in (0, 2), (name, flag.opts[0], value, done.stderr)


@pytest.mark.parametrize("name", FIRST)
def test_no_value_of_an_argument_gives_a_traceback(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for value in NASTY:
        done = called(name, *(["--dry-run"] if name == "train" else []), "--", value)
        assert done.returncode in (0, 2), (name, value, done.stderr)
