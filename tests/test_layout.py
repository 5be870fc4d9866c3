"""The house: the import rule sees every module, each folder says what it is, and what the docs name is there."""

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
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


def test_no_two_test_files_have_one_name():
    """The tests are modules without packages, so the second file of a name could not be collected."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert len(names) > 100
    assert not {name for name in names if names.count(name) > 1}


def test_the_tests_mirror_the_folders():
    here = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and not path.name.startswith(("_", "."))}
    assert here - {"corpus"} == {str(folder) for folder in FOLDERS}


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXT = "\n".join(page.read_text() for page in PAGES)
CODE = {path: path.read_text() for path in PACKAGE.rglob("*.py")}


def test_the_tree_of_the_readme_and_the_table_of_contributing_are_the_layers_of_the_import_rule():
    with open(ROOT / "pyproject.toml", "rb") as file:
        contract = tomllib.load(file)["tool"]["importlinter"]["contracts"][0]
    wanted = [layer.split(" | ") for layer in contract["layers"] if layer != "__main__"]
    tree = re.findall(r"^  (?!__init__)(\w+)(?:\.py|/) ", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert sorted(tree[1:3]) == sorted(wanted[1])
    assert [*tree[:1], *tree[3:]] == [name for layer in wanted if len(layer) == 1 for name in layer]
    rows = re.findall(r"^\| (`[^|]+`) \||^\| (`\w+`) ", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    table = [sorted(re.findall(r"`(\w+)/?`", first or second)) for first, second in rows]
    assert table == [sorted(layer) for layer in wanted]


NAMES = {"numpy": "NumPy", "scipy": "SciPy", "sklearn": "scikit-learn", "PIL": "Pillow", "ot": "POT"}
NAMES |= {"distributed": "dask", "markupsafe": "jinja2", "torch_fidelity": "torch-fidelity", "yaml": "PyYAML"}


def test_each_row_of_contributing_names_the_packages_that_the_folder_imports():
    rows = re.findall(r"^\| (`\w+/?`.*?) \| .* \| (.*) \|$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    assert len(rows) == 17
    for first, allowed in rows:
        parts = re.findall(r"`(\w+)/?`", first)
        code = [text for path, text in CODE.items() if path.relative_to(PACKAGE).parts[0].removesuffix(".py") in parts]
        nodes = [node for text in code for node in ast.walk(ast.parse(text))]
        found = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        found |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
        others = {name.split(".")[0] for name in found} - sys.stdlib_module_names - {"wgan"}
        assert bool(others) == (allowed != "none"), first
        assert {NAMES.get(name, name) for name in others} <= {*re.findall(r"[\w-]+", allowed)}, first


def dotted_names():
    """Every `wgan.NAME...` in the pages that users read and in the examples of docstrings: {name: how it is reached}.

    A name that is called, or stands in code, is reached from `import wgan` alone. Any other may be a module's to be
    imported, as those after `from`, `import` (also in a line of the shell) and `:::` are. Names that are imported
    from a module and the members that a page of the reference lists are "MODULE:NAME".
    """
    examples = "\n".join(re.findall(r"^\s+(?:>>>|\.\.\.) .*$", "\n".join(CODE.values()), re.MULTILINE))
    shell = "\n".join((ROOT / name).read_text() for name in ("Makefile", ".ci/run"))
    text = "\n".join([TEXT, examples, shell])
    imported = set(re.findall(r"\bimport (wgan[.\w]*)", text))
    for module, names in re.findall(r"\bfrom (wgan[.\w]*) import (\([^)]*\)|[^\n;\"`#]+)", text):
        imported |= {f"{module}:{name.split()[0]}" for name in names.strip("()").split(",") if name.strip()}
    for module, options in re.findall(r"^::: (wgan[.\w]*)\n((?: {4}.*\n)*)", TEXT + "\n", re.MULTILINE):
        members = re.findall(r"\w+", "".join(re.findall(r"members: \[([^]]*)\]", options)))
        imported |= {f"{module}:{name}" for name in members} | {module}
    dotted = r"(?<![\w/.:-])(?<!::: )(?<!from )(?<!import )wgan(?:\.[A-Za-z_]\w*)+"
    code = "\n".join([examples, *re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)])
    typed = set(re.findall(dotted + r"(?=\()", TEXT)) | set(re.findall(dotted, code))
    mentioned = set(re.findall(dotted, TEXT)) - typed
    mentioned -= {name for name in mentioned if any(longer.startswith(f"{name}.") for longer in typed | mentioned)}
    typed -= {name for name in typed if any(longer.startswith(f"{name}.") for longer in typed)}
    return dict.fromkeys(sorted(imported | mentioned), "import") | dict.fromkeys(sorted(typed), "attribute")


# Each group of names in a process of its own, which inherits the libraries but nothing of wgan: no import is repeated.
EACH_ALONE = """
import functools, json, os, pkgutil, sys
import matplotlib.pyplot, numpy, scipy.stats, sklearn.metrics, torch

def reached(how, name):
    module, _, what = name.partition(":")
    if how == "attribute":
        import wgan
        functools.reduce(getattr, name.split(".")[1:], wgan)
    elif what:
        exec(f"from {module} import {what}")
    else:
        pkgutil.resolve_name(module)

assert not [name for name in sys.modules if name.split(".")[0] == "wgan"]
for how, names in json.load(sys.stdin):
    if child := os.fork():
        os.waitpid(child, 0)
        continue
    try:
        for name in names:
            reached(how, name)
        print("reached", *names, flush=True)
    except Exception as problem:
        print("failed", *names, repr(problem), flush=True)
    finally:
        os._exit(0)
"""


def test_every_dotted_name_of_the_docs_works_in_a_process_of_its_own():
    """In a process for each module, as `import wgan.x` makes x an attribute of what another name is reached through."""
    names = dotted_names()
    assert len(names) > 100, names
    groups = {}
    for name, how in names.items():
        groups.setdefault((how, name.split(":")[0]), []).append(name)
    given = json.dumps([(how, found) for (how, _), found in groups.items()])
    done = subprocess.run([sys.executable, "-c", EACH_ALONE], input=given, capture_output=True, text=True)
    assert done.stdout.splitlines() == [f"reached {' '.join(found)}" for found in groups.values()], done.stderr


def test_every_file_of_this_project_that_a_page_names_is_there():
    named = set(re.findall(r"(?<![\w/.:-])((?:\w+/)+\w+\.(?:py|md))\b", TEXT))
    assert len(named) > 20, named
    here = (ROOT, PACKAGE, ROOT / "docs")
    assert not [name for name in sorted(named) if not any((folder / name).exists() for folder in here)]


NOT_OURS = {"torch", "jax", "onnx", "model"}  # files of ours whose names others have too; a model is what `fit` returns
SUFFIXES = {"py", "md", "json", "jsonl", "npy", "csv", "safetensors"}


def test_what_is_named_by_its_module_is_in_that_module():
    """`module.name` between backticks, where a file of the package has the module's name, in pages and docstrings."""
    files = {}
    for path in CODE:
        files.setdefault(path.stem, []).append(path)
    shown = set(re.findall(r"`([a-z_]+)\.([A-Za-z_]\w*)[`(]", "\n".join([TEXT, *CODE.values()])))
    shown = {(module, name) for module, name in shown if module in files.keys() - NOT_OURS and name not in SUFFIXES}
    assert len(shown) >= 3, shown

    def holds(path, name):
        return (
            re.search(rf"^(?:def |class )?{name}\b", CODE[path], re.MULTILINE) or (path.parent / f"{name}.py").exists()
        )

    assert not [f"{m}.{name}" for m, name in sorted(shown) if not any(holds(path, name) for path in files[m])]
