"""What the README and the docs name is there: commands, flags, files, headings. `test_docs.py` runs their code."""

import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from wgan import PRESETS
from wgan.cli import cli
from wgan.studies import SCALES, STUDIES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PAGES = {path.stem: path.read_text() for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]}


def test_the_example_of_the_readme_is_short():
    first = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    assert len([line for line in first.splitlines() if line]) == 12


@pytest.mark.parametrize("page", PAGES)
def test_every_command_flag_and_name_shown_exists(page):
    """In each `wgan COMMAND ...` at the start of a line or between backticks, up to a comment or a column of words."""
    shown = re.findall(r"^(?:\*`|\| `|`| {4})?(?:\S+ -m )?(wgan [a-z][^`#|*\n]*)", PAGES[page], re.MULTILINE)
    shown += re.findall(r"`(wgan [a-z][^`]*)`", PAGES[page])
    for line in (part for one in shown for part in re.split(r";|&&| {3,}", one) if part.strip().startswith("wgan ")):
        words = shlex.split(re.sub(r"[][|]|\.\.\.", " ", line))
        if len(words) < 2 or not words[1].isalpha():
            continue
        assert words[1] in cli.commands, line
        command = cli.commands[words[1]]
        flags = {flag for parameter in command.params for flag in parameter.opts} | {"--help"}
        assert {word for word in words if word.startswith("-")} <= flags, line
        after = dict(pairwise(words))
        for word, names in {"--preset": PRESETS, "--scale": SCALES, "study": STUDIES}.items():
            name = after.get(word, "NAME")
            assert name in names or name == "NAME" or name.startswith("--"), line


def test_the_readme_shows_commands():
    assert len(re.findall(r"^(?:\*`|\| `|`)?(wgan [^`#|*]+)", README, re.MULTILINE)) >= 5


def test_every_make_target_shown_exists():
    makefile = (ROOT / "Makefile").read_text()
    text = "\n".join([*PAGES.values(), (ROOT / "CONTRIBUTING.md").read_text()])
    targets = set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE))
    assert {"demo", "test", "check", "studies"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("page", ["README", "CONTRIBUTING", *(page for page in PAGES if page != "README")])
def test_every_file_and_heading_that_a_page_links_to_exists(page):
    path = next(path for path in (ROOT / f"{page}.md", ROOT / "docs" / f"{page}.md") if path.exists())
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", path.read_text()):
        file, _, heading = link.partition("#")
        target = path.parent / file if file else path
        assert target.exists(), link
        titles = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE) if heading else []
        assert not heading or heading in [re.sub(r"[^\w]+", "-", title.lower()).strip("-") for title in titles], link


def test_nothing_is_left_to_fill_in():
    texts = [*PAGES.values(), *(one.expect + one.source for one in PRESETS.values())]
    assert not [text for text in texts if re.search(r"EXPECT|SPEED|TODO|\bNN\b", text)]
