"""Bars on terminals of every width, and lines that are wrapped between words."""

import io
import os
import re
import sys

import pytest
from rich.console import Console

from wgan.files import bars, printed

ESCAPE = re.compile(r"\x1b\[[0-9?]*[a-zA-Z]")
SAID = "estimate 0.512 (0.498 held out), 120.3 steps/s"


def shown(monkeypatch, width, in_bytes=False, term="xterm", line=""):
    """The lines that a bar leaves on a terminal of this width."""
    monkeypatch.setenv("TERM", term)
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    monkeypatch.setattr(bars, "_console", lambda: console)
    with bars.bar("training", 10_000, 0, in_bytes) as bar:
        bar.show(4_950, said=SAID)
        bar.line(line)
        moving = bar.moving
    return moving, [one for one in re.split(r"[\r\n]", ESCAPE.sub("", console.file.getvalue())) if one.strip()]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_bar_shows_the_steps_and_the_time_left_whole_at_every_width(monkeypatch, width):
    for in_bytes, done in ((False, "4950/10000"), (True, "5.0/10.0 kB")):
        moving, lines = shown(monkeypatch, width, in_bytes)
        assert moving
        assert done in lines[-1]
        assert re.search(r"-:--:--|\d:\d\d:\d\d", lines[-1])
        assert max(map(len, lines)) <= width
    assert (SAID in lines[-1]) == (width == 120)


def test_a_terminal_that_knows_no_commands_gets_lines_instead_of_a_bar(monkeypatch, capsys):
    moving, lines = shown(monkeypatch, 80, term="dumb", line="a line")
    assert not moving
    assert not lines
    assert capsys.readouterr().err == "a line\n"


def test_a_line_above_a_bar_is_wrapped_between_words(monkeypatch):
    words = "a sentence that is longer than the terminal is wide and names /a/file/which-is-long.npy at its end"
    _, lines = shown(monkeypatch, 40, line=words)
    found = [one.strip() for one in lines if not one.startswith("training")]
    assert len(found) > 2
    assert " ".join(found) == words


@pytest.mark.parametrize("columns", [20, 60, 80, 100, 120])
def test_a_text_is_wrapped_between_words_with_an_indent(columns):
    text = "wgan: " + " ".join(["an error about --a-long-flag-name in /a/path/with-hyphens.csv;"] * 4) + "\n  short"
    found = printed.wrapped(text, columns)
    *lines, last = found.split("\n")
    assert " ".join(line.strip() for line in lines) == text.split("\n")[0]
    assert last == "  short"
    assert all(line.startswith("  ") for line in lines[1:])
    assert all(len(line) <= columns or " " not in line.strip() for line in lines)
    assert printed.wrapped(text, None) == text


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty on Windows")
def test_only_a_terminal_gets_wrapped_lines(monkeypatch, tmp_path):
    import fcntl
    import struct
    import termios

    words = "one two three four five six seven eight nine ten"
    main, other = os.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 30, 0, 0))
    with os.fdopen(other, "w") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        printed.say(words)
        printed.say_json(words)
        terminal.flush()
        found = os.read(main, 1000).decode().splitlines()
    os.close(main)
    assert found == ["one two three four five six", "  seven eight nine ten", f'"{words}"']
    with open(tmp_path / "out", "w") as file:
        monkeypatch.setattr(sys, "stdout", file)
        printed.say(words)
    assert (tmp_path / "out").read_text() == words + "\n"
