"""Bars on terminals of every width, and lines that are wrapped between words."""

import io
import os
import re
import select
import sys

import pytest
from rich.console import Console

from wgan.files import bars, printed

ESCAPE = re.compile(r"\x1b\[[0-9?]*[a-zA-Z]")
SAID = "estimate 0.512 (0.498 held out), 120.3 steps/s"


def shown(monkeypatch, width, in_bytes=False, term="xterm", line="", name="training", total=10_000, said=SAID):
    """The lines that a bar leaves on a terminal of this width."""
    monkeypatch.setenv("TERM", term)
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    monkeypatch.setattr(bars, "_console", lambda: console)
    with bars.bar(name, total, 0, in_bytes) as bar:
        bar.show(total * 99 // 200, said=said)
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
    assert not in_bytes or SAID in lines[-1] or width < 80


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
@pytest.mark.parametrize("in_bytes", [False, True])
def test_a_long_name_or_long_words_do_not_cut_the_count_and_the_time(monkeypatch, width, in_bytes):
    name, said = "a-long-file-of-weights.safetensors", "" if in_bytes else SAID
    _, lines = shown(monkeypatch, width, in_bytes, name=name, total=10_000_000, said=said)
    found = re.search(r"^(.*?)([━╸╺]*)\s+\S+/\S+( MB)? (-:--:--|\d:\d\d:\d\d)(.*)$", lines[-1])
    assert found, lines[-1]
    assert len(lines[-1].rstrip()) <= width
    assert found[1].strip() in ("", name) or (width < 80 and found[1].strip().endswith("..."))
    kept = found[5].strip()
    assert kept == ("" if width == 40 else said) or (width == 60 and said[len(kept) :][:2] in (", ", " ("))
    assert bool(found[2]) == (width >= (80 if in_bytes else 100)), lines[-1]


def test_a_terminal_that_knows_no_commands_gets_lines_instead_of_a_bar(monkeypatch, capsys):
    moving, lines = shown(monkeypatch, 80, term="dumb", line="a line")
    assert not moving
    assert not lines
    assert capsys.readouterr().err == "a line\n"


def test_a_line_above_a_bar_is_wrapped_between_words(monkeypatch):
    words = "a sentence that is longer than the terminal is wide and names /a/file/which-is-long.npy at its end"
    _, lines = shown(monkeypatch, 40, line=words)
    found = [one.strip() for one in lines if "/10000" not in one]
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
        printed.say(tmp_path / words)
        printed.say_page("    wgan " + words)
        terminal.flush()
        text = b""
        while select.select([main], [], [], 0.2)[0]:  # a terminal gives what was written in parts
            text += os.read(main, 1000)
        found = text.decode().splitlines()
    os.close(main)
    assert found == [
        "one two three four five six",
        "  seven eight nine ten",
        f'"{words}"',
        f"{tmp_path / words}",
        "    wgan " + words,
    ]
    with open(tmp_path / "out", "w") as file:
        monkeypatch.setattr(sys, "stdout", file)
        printed.say(words)
    assert (tmp_path / "out").read_text() == words + "\n"
