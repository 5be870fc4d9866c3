"""What the README shows works: its Python runs, its commands exist, its pictures are there."""

import re
import shlex
from pathlib import Path

from wgan import PRESETS
from wgan.cli import cli

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_python_example_runs(tmp_path, monkeypatch, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len([line for line in code.splitlines() if line]) == 12
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in printed[1:]] == ["0", "50", "100"]
    assert (tmp_path / "runs/mine/config.json").exists()


def test_every_command_and_flag_shown_exists():
    shown = re.findall(r"^(?:\*`|\| `|`)?(wgan [^`#|*]+)", README, re.MULTILINE)
    assert len(shown) >= 5
    for line in shown:
        words = shlex.split(line.replace("[", " ").replace("]", " "))
        command = cli.commands[words[1]]
        flags = {flag for parameter in command.params for flag in parameter.opts} | {"--help"}
        assert {word for word in words if word.startswith("-")} <= flags, line


def test_every_make_target_and_picture_shown_exists():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert pictures
    assert all((ROOT / picture).exists() for picture in pictures)


def test_nothing_is_left_to_fill_in():
    texts = [README, *(path.read_text() for path in (ROOT / "docs").glob("*.md"))]
    texts += [one.expect + one.source for one in PRESETS.values()]
    assert not [text for text in texts if re.search(r"EXPECT|SPEED|TODO|\bNN\b", text)]
