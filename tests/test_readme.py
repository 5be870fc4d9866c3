"""What the README and the docs show works: their Python runs, their commands exist, their pictures are there."""

import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from wgan import PRESETS
from wgan.cli import cli
from wgan.studies import SCALES, STUDIES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PAGES = {path.stem: path.read_text() for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]}
BLOCKS = {page: found for page, text in PAGES.items() if (found := re.findall(r"```python\n(.*?)```", text, re.DOTALL))}

# What a page takes as given: the lines before its code, and what is changed in it so that it takes seconds.
GIVEN = {
    "divergences": """
import numpy as np
rng = np.random.default_rng(0)
X, Y = rng.normal(0.3, 1, (400, 3)), rng.normal(0, 1, (400, 3))
import wgan
from sklearn.ensemble import RandomForestClassifier
X_real, X_fake, held_out_real, held_out_fake = X[:300], Y[:300], X[300:], Y[300:]
model = wgan.WGAN(objective="fgan-js", network="mlp", width=8, steps=2).fit(X)
""",
    "export": """
import wgan
from wgan.export import export
list(wgan.train(wgan.Config(width=4, steps=1), out="run"))
export("run", "digits.onnx")
""",
    "metrics": """
import numpy as np, wgan
list(wgan.train(wgan.Config(width=4, steps=1), out="runs/mine"))
real, fake, known = np.random.default_rng(0).normal(size=(3, 300, 4))
labels = real_labels = fake_labels = np.arange(300) % 7
""",
    "tables": """
import numpy as np, pandas
frame = pandas.DataFrame({"age": np.arange(200) % 70, "town": ["Ulm", "Bern"] * 100})
""",
}
SHORTER = {
    "critic": {"20_000": "400", 'activation="groupsort"': 'activation="groupsort", steps=5'},
    "studies-images": {"20_000": "2", 'data="mnist", rows=1000': 'data="digits", rows=200'},
    "tables": {'preset="table"': 'preset="table", steps=2'},
}
NEEDS = {"export": ["onnx", "onnxruntime"], "own-networks": ["jax"], "tables": ["pandas"]}


def run_page(page, folder):
    for package in NEEDS.get(page, ()):
        pytest.importorskip(package, reason=f"{package} is not installed")
    code = "\n".join(BLOCKS[page])
    for long, short in SHORTER.get(page, {}).items():
        assert code.count(long) == 1, long
        code = code.replace(long, short)
    command = [sys.executable, "-W", "error", "-c", GIVEN.get(page, "") + code]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize("page", BLOCKS)
def test_the_python_of_every_page_runs_in_a_process_of_its_own(page, tmp_path):
    done = run_page(page, tmp_path)
    assert done.returncode == 0, done.stderr
    if page == "README":
        assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == ["0", "50", "100"]
        assert (tmp_path / "runs/mine/config.json").exists()


def test_the_readmes_example_is_short_and_no_page_is_given_what_it_does_not_need():
    assert len([line for line in BLOCKS["README"][0].splitlines() if line]) == 12
    assert all(len([line for line in block.splitlines() if line]) <= 20 for block in BLOCKS["own-networks"])
    assert {*GIVEN, *SHORTER, *NEEDS} <= BLOCKS.keys()


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
