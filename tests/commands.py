"""`wgan` as a process, for the tests of what it prints and writes."""

import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from types import SimpleNamespace

import pytest
from compiled import STRICT
from forked import COMMAND, LIMIT, Forked

from wgan.cli import main

SMALL = ["--width", "8", "--batch", "16", "--latent", "4", "--steps", "3"]


def run(*arguments, cwd=None):
    """The command in a process of its own, which has the libraries already."""
    process = Forked(COMMAND, *arguments, cwd=cwd)
    out, err = process.communicate()
    return SimpleNamespace(returncode=process.returncode, stdout=out, stderr=err)


def begun(*arguments, cwd=None):
    """The command in a new interpreter, as at a prompt, whose end is not waited for."""
    command = [sys.executable, *STRICT, "-m", "wgan", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd)


def fresh(*arguments):
    """As `run`, in a new interpreter, as at a prompt."""
    process = begun(*arguments)
    out, err = process.communicate(timeout=LIMIT)
    return SimpleNamespace(returncode=process.returncode, stdout=out, stderr=err)


def assert_refused(done, *parts):
    """Exit 2 and one sentence on stderr that holds every part; what was announced before it is allowed."""
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("wgan: ")
    for part in parts:
        assert part in last, last
    assert len([line for line in done.stderr.splitlines() if line.startswith("wgan: ")]) == 1


def called(*arguments, cwd="."):
    """As `run`, but in this process, which saves the seconds in which a new one imports the libraries."""
    out, err, before = StringIO(), StringIO(), sys.argv
    sys.argv = ["wgan", *map(str, arguments)]
    try:
        with chdir(cwd), redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as end:
            main()
    finally:
        sys.argv = before
    return SimpleNamespace(returncode=end.value.code or 0, stdout=out.getvalue(), stderr=err.getvalue())
