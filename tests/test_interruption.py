"""Ctrl-C and SIGTERM end a command at any moment: no traceback, a status of their own, nothing half-written."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import wgan.cli
from wgan import __main__ as program

COMMANDS = [
    ["distance", "8gaussians", "25gaussians"],
    ["evaluate", "--real", "digits", "--fake", "digits"],
    ["study", "earth-mover", "--jobs", "1"],
]
MOMENTS = (0.0, 0.3, 1.0, 2.5)  # seconds after the signals are handled


def handles_signals(process):
    """Whether the process has a handler of SIGTERM yet."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    (caught,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught, 16) & 1 << signal.SIGTERM - 1)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_command_quietly(tmp_path, number):
    for at, after in enumerate(MOMENTS):
        process = subprocess.Popen(
            [sys.executable, "-m", "wgan", *COMMANDS[at % len(COMMANDS)]], cwd=tmp_path, stdout=-1, stderr=-1, text=True
        )
        while process.poll() is None and not handles_signals(process):
            time.sleep(0.002)
        time.sleep(after)
        process.send_signal(number)
        said = process.communicate(timeout=60)[1]
        assert process.returncode in ({128 + number} if after < 1 else {128 + number, 0}), said
        assert "Traceback" not in said
        assert "ignored" not in said
    assert not list(tmp_path.rglob(".*.tmp-*"))


@pytest.fixture
def quiet(monkeypatch):
    """The handlers, without the end of this process."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setattr(program, "asked", 0)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def status_of(monkeypatch, command):
    monkeypatch.setattr(wgan.cli, "main", command)
    with pytest.raises(SystemExit) as end:
        program.main()
    return end.value.code


def test_while_a_module_is_imported_the_process_ends_at_once(quiet, monkeypatch, tmp_path):
    (tmp_path / "imported_here.py").write_text("import signal; signal.raise_signal(signal.SIGTERM)")
    monkeypatch.syspath_prepend(tmp_path)
    ended = []

    def ends(status):
        ended.append(status)
        raise SystemExit(status)

    monkeypatch.setattr(os, "_exit", ends)

    def command():
        import imported_here  # noqa: F401

    assert status_of(monkeypatch, command) == 143
    assert ended == [143]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_work_is_interrupted_and_cleans_up(quiet, monkeypatch, number):
    cleaned = []

    def command():
        try:
            signal.raise_signal(number)
        finally:
            cleaned.append(True)

    assert status_of(monkeypatch, command) == 128 + number
    assert cleaned


def test_what_a_library_makes_of_the_interruption_is_no_error(quiet, monkeypatch):
    def command():
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ImportError("numpy failed to import") from None

    assert status_of(monkeypatch, command) == 130


def test_an_interruption_in_a_finaliser_is_not_lost(quiet, monkeypatch):
    class Finalised:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    def command():
        one = Finalised()
        del one
        time.sleep(5)
        lost.append(True)
        sys.exit(0)

    lost = []
    assert status_of(monkeypatch, command) == 130
    assert not lost


def test_other_errors_stay_errors_and_memory_for_the_libraries_is_a_sentence(quiet, monkeypatch, capsys):
    def fails(problem):
        def command():
            raise problem

        return command

    monkeypatch.setattr(wgan.cli, "main", fails(ImportError("no module named x")))
    with pytest.raises(ImportError):
        program.main()
    lacking = ImportError("libtorch.so: failed to map segment from shared object")
    assert status_of(monkeypatch, fails(lacking)) == 2
    assert capsys.readouterr().err.startswith("wgan: there is not enough memory to read the libraries")


def test_an_unraisable_exception_of_another_kind_is_shown_as_ever(monkeypatch):
    shown = []
    monkeypatch.setattr(sys, "__unraisablehook__", shown.append)
    what = SimpleNamespace(exc_value=ValueError())
    program._unraisable(what)
    assert shown == [what]
