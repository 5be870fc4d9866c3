"""What a terminal of a given width shows: whole words, and a bar whose count and time left are never cut."""

import os
import re
import select
import sys
import termios
import time
from contextlib import redirect_stdout
from io import StringIO

import pytest

from wgan.files import bars
from wgan.files.printed import say, say_json, say_page, wrapped

SAID = "estimate 0.123 (0.145 held out), 123.4 steps/s"


def seen_on_a_terminal(columns, show):
    """The lines that a function prints on stdout, where it is a terminal of so many columns."""
    reader, writer = os.openpty()
    termios.tcsetwinsize(writer, (24, columns))
    with open(reader, "rb", buffering=0) as shown, open(writer, "w") as stream, redirect_stdout(stream):
        show()
        stream.flush()
        assert select.select([shown], [], [], 10)[0], "nothing was printed"
        return shown.read(10**5).decode().replace("\r\n", "\n").splitlines()


@pytest.mark.parametrize("columns", [60, 80, 100, 120])
def test_a_sentence_is_wrapped_at_spaces_and_a_path_or_json_is_left_whole(columns, tmp_path):
    words = [*(f"well-known{i}" for i in range(40)), "/" + "long-path" * 20 + "/file.png"]
    found = seen_on_a_terminal(columns, lambda: say(" ".join(words)))
    assert " ".join(found).split() == words
    assert all(len(line) <= columns or line == words[-1] for line in found)
    assert len(found[0]) > columns - 14
    path = tmp_path / ("a b " * 50)
    assert seen_on_a_terminal(columns, lambda: say(path)) == [str(path)]
    assert seen_on_a_terminal(columns, lambda: say_json(["b " * 100])) == ["[", f' "{"b " * 100}"', "]"]
    command = "    wgan train " + "--flag x " * 30
    assert seen_on_a_terminal(columns, lambda: say_page(command)) == [command]


def test_what_is_no_terminal_gets_lines_as_they_are(capsys):
    say("word " * 100)
    assert capsys.readouterr().out == "word " * 100 + "\n"
    assert wrapped("  name  some text", 0) == "  name  some text"


class Terminal(StringIO):
    def isatty(self):
        return True


def terminal_in_place_of_stderr(monkeypatch, term="xterm"):
    """A stream that says it is a terminal; rich takes its width from COLUMNS."""
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(sys, "stderr", Terminal())
    return sys.stderr


def last_line(text):
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).replace("\r", "\n")
    return [line for line in plain.splitlines() if line.strip()][-1].rstrip()


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 120])
@pytest.mark.parametrize("in_bytes", [False, True])
def test_the_count_and_the_time_left_are_never_cut(monkeypatch, columns, in_bytes):
    monkeypatch.setenv("COLUMNS", str(columns))
    stderr = terminal_in_place_of_stderr(monkeypatch)
    with bars.bar("a-long-file-of-weights.safetensors", 10_000_000, in_bytes=in_bytes) as bar:
        bar.show(2_000_000, said="" if in_bytes else SAID)
        time.sleep(0.01)
        bar.show(5_000_000, said="" if in_bytes else SAID)
    line = last_line(stderr.getvalue())
    assert len(line) <= columns
    assert ("5.0/10.0 MB" if in_bytes else "5000000/10000000") in line
    assert re.search(r" \d+:\d\d:\d\d( |$)", line), line
    if in_bytes:
        assert line.startswith("a-long-f")
    else:
        said = line.rpartition(":")[2][3:]
        assert SAID.startswith(said)
        assert said == "" if columns == 40 else said == SAID or SAID[len(said) :][:2] in (", ", " ("), line
    assert (line.count("\u2501") >= 8) == (columns >= (80 if in_bytes else 100)), line


def test_a_dumb_terminal_gets_lines_instead_of_a_bar(monkeypatch):
    stderr = terminal_in_place_of_stderr(monkeypatch, "dumb")
    with bars.bar("training", 10) as bar:
        bar.show(5)
        bar.line("a line")
        assert not bar.moving
    with bars.status("reading") as note:
        note("fitting")
    assert stderr.getvalue() == "a line\nfitting\n"
