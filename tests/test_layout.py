"""The house: the import rule sees every module, each folder says what it is, and what the docs name is there."""

import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "wgan"


def broken_rules(tree):
    """What the import rule says of the package in this tree: "" where it holds."""
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint, "--config", ROOT / "pyproject.toml", "--no-cache"], cwd=tree, capture_output=True, text=True,
        env={"PYTHONPATH": str(tree), "PATH": "", "COLUMNS": "200"},
    )  # fmt: skip
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("game/fine.py", "from wgan.maths import streams", ""),
        ("stray.py", "", "wgan.stray"),  # in no folder of the list
        ("stray/__init__.py", "", "wgan.stray"),
        ("game/up.py", "from wgan.training import loop", "wgan.game is not allowed to import wgan.training"),
        ("maths/late.py", "def f():\n    import wgan.config", "wgan.maths is not allowed to import wgan.config"),
        ("training/foreign.py", "import torch", "wgan.training.foreign -> torch"),
        ("maths/deep/foreign.py", "import jax", "wgan.maths.deep.foreign -> jax"),
        ("game/one.py", "from wgan.game import two", "No cycles are allowed in wgan.game"),
    ],
)  # fmt: skip
def test_a_stray_module_breaks_the_import_rule(tmp_path, path, text, said):
    shutil.copytree(PACKAGE, tmp_path / "wgan", ignore=shutil.ignore_patterns("__pycache__"))
    module = tmp_path / "wgan" / path
    module.parent.mkdir(exist_ok=True)
    (module.parent / "__init__.py").touch()
    module.write_text(text + "\n")
    if path == "game/one.py":
        (module.parent / "two.py").write_text("def f():\n    from wgan.game import one\n    return one\n")
    found = broken_rules(tmp_path)
    assert said in found if said else not found, found


FOLDERS = sorted(path.parent.relative_to(PACKAGE) for path in PACKAGE.glob("*/__init__.py"))


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_each_folder_says_what_lives_there_and_what_it_may_use(folder):
    text = (PACKAGE / folder / "__init__.py").read_text().split('"""')[1]
    assert len(re.findall(r"\.(?:\s|$)", text)) >= 2
    assert "may use" in text, text


def test_the_tests_mirror_the_folders():
    here = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and not path.name.startswith(("_", "."))}
    assert here == {str(folder) for folder in FOLDERS}


def dotted_names():
    """Every `wgan.NAME...` of the pages and of docstrings' examples, and how it is reached."""
    pages = "\n".join(page.read_text() for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
    code = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    examples = "\n".join(re.findall(r"^\s+(?:>>>|\.\.\.) .*$", code, re.MULTILINE))
    modules = set(re.findall(r"^::: (wgan[.\w]*)", pages, re.MULTILINE))
    shown = set(re.findall(r"(?<![\w/.:-])(?<!::: )wgan(?:\.[A-Za-z_]\w*)+", pages + examples))
    return dict.fromkeys(sorted(modules), "import") | dict.fromkeys(sorted(shown), "attribute")


def test_every_dotted_name_of_the_docs_works_in_a_process_of_its_own():
    names = dotted_names()
    assert len(names) > 20, names
    code = {
        "import": "import pkgutil, sys; pkgutil.resolve_name(sys.argv[1])",
        "attribute": "import functools, sys, wgan; functools.reduce(getattr, sys.argv[1].split('.')[1:], wgan)",
    }

    def failure(name):
        done = subprocess.run([sys.executable, "-c", code[names[name]], name], capture_output=True, text=True)
        return "" if done.returncode == 0 else f"{name}: {done.stderr.strip().splitlines()[-1]}"

    with ThreadPoolExecutor(2) as pool:
        assert not [found for found in pool.map(failure, names) if found]
