"""Every block of code on every page runs or is checked; a block that is not run says why, in a comment above it.

The Python blocks of a page run in order, in one namespace and one folder, just as they stand. Where a comment in a
block begins with a number or a shape, the value on its line must agree. Blocks of commands are parsed by the command
line itself. `<!-- not run: REASON -->` on the line above a block exempts it, and `NOT_RUN` lists these blocks.
"""

import ast
import importlib
import re
import shlex
import textwrap
from contextlib import ExitStack
from numbers import Real
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import click
import numpy as np
import pytest

import wgan
from wgan.cli import cli
from wgan.data import DATASETS
from wgan.game.constraints import CONSTRAINTS
from wgan.game.layers import LAYERS
from wgan.game.networks import NETWORKS
from wgan.game.objectives import OBJECTIVES
from wgan.maths.metrics import METRICS
from wgan.reports.verdicts import VERDICTS

ROOT = Path(__file__).parent.parent
PAGES = {
    str(path.relative_to(ROOT).with_suffix("")): path.read_text()
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if "docs/studies/" not in str(path)
}

# The blocks that are not run: their pages and reasons, in order.
NOT_RUN = [
    *[("docs/scale", "several processes")] * 2,
    *[("docs/scale", "needs a cluster")] * 2,
    ("docs/studies-images", "it trains for 35 minutes"),
]

FAMILIES = [CONSTRAINTS, DATASETS, LAYERS, METRICS, NETWORKS, OBJECTIVES]


class Block(NamedTuple):
    language: str
    line: int  # of the page, where the code begins
    code: str
    reason: str  # why it is not run; "" if it is


def blocks(text):
    """The fenced blocks of a page, also those that are indented, in order."""
    found = []
    fence = re.compile(r"(?:<!-- not run: ([^\n]*?) -->\n\s*)?^([ ]*)```[ ]*(\w*)[^\n]*\n(.*?)^\2```", re.DOTALL | re.M)
    for one in fence.finditer(text):
        reason, _, language, code = one.groups()
        found.append(Block(language, text[: one.start(4)].count("\n"), textwrap.dedent(code), reason or ""))
    return found


BLOCKS = {page: blocks(text) for page, text in PAGES.items()}
WITH_PYTHON = [page for page, found in BLOCKS.items() if any(one.language == "python" for one in found)]


def agrees(value, comment):
    """Whether a value is what the comment beside it begins with: a number to the digits shown, or a shape."""
    if isinstance(value, np.ndarray) and (shape := re.match(r"(\w*\d+ )?\[(\d+(?:, \d+)*)\]", comment)):
        wanted = tuple(int(size) for size in shape[2].split(", "))
        return value.shape == wanted and (not shape[1] or value.dtype == shape[1].strip())
    number = re.match(r"-?\d+(?:\.(\d+))?(?![\d,])", comment)
    if isinstance(value, bool | np.bool_):
        return not comment.startswith(("True", "False")) or comment.startswith(str(value))
    if isinstance(value, Real) and number:
        return abs(value - float(number[0])) <= 0.51 * 10.0 ** -len(number[1] or "")
    return True


def run_block(block, path, namespace):
    """Run a block, statement by statement, and compare what it shows with the comments beside it."""
    lines = block.code.splitlines()
    for node in ast.parse(block.code).body:
        ast.increment_lineno(node, block.line)
        last = lines[node.end_lineno - block.line - 1]
        _, _, comment = last.partition("  # ")
        if isinstance(node, ast.Expr):
            value = eval(compile(ast.Expression(node.value), path, "eval"), namespace)
        else:
            exec(compile(ast.Module([node], []), path, "exec"), namespace)
            assigned = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
            value = namespace[node.targets[0].id] if assigned else None
        assert agrees(value, comment), f"{path}, line {node.end_lineno}: {value!r}, but the page says {comment}"


@pytest.mark.parametrize("page", WITH_PYTHON)
def test_the_python_of_every_page_runs_as_it_stands(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": page}
    with ExitStack() as stack:
        for family in FAMILIES:  # a page may add an entry, which goes when it ends
            stack.enter_context(patch.dict(family))
        for block in BLOCKS[page]:
            if block.language == "python" and not block.reason:
                run_block(block, f"{page}.md", namespace)


def parsed(line):
    """Let the command line parse one `wgan ...` line, without doing it."""
    words = shlex.split(line, comments=True)[1:]
    with click.Context(cli) as parent:
        name, command, rest = cli.resolve_command(parent, words)
        if not {"-h", "--help"} & set(rest):
            command.make_context(name, rest, parent=parent)


@pytest.mark.parametrize("page", [page for page, found in BLOCKS.items() if {"bash"} & {one.language for one in found}])
def test_the_commands_of_every_page_are_commands_of_the_command_line(page):
    for block in BLOCKS[page]:
        if block.language == "bash":
            for line in re.sub(r"\\\n\s*", "", block.code).splitlines():
                if line.startswith("wgan ") and not line.startswith("wgan --"):
                    parsed(line)


def test_every_block_that_is_not_run_is_listed_with_its_reason():
    found = [(page, one.reason) for page, all_of_page in BLOCKS.items() for one in all_of_page if one.reason]
    assert sorted(found) == sorted(NOT_RUN)


@pytest.mark.parametrize(
    ("code", "right"),
    [
        ("3 / 8  # 0.375", True),
        ("3 / 8  # 0.38: to the digits shown", True),
        ("3 / 8  # 0.39", False),
        ("3 / 8  # no number", True),
        ("x = 7  # 8 rows", False),
        ("x = 7 < 8  # True", True),
        ("x = 7 < 8  # False", False),
        ("import numpy\nnumpy.ones((2, 3))  # [2, 3]", True),
        ("import numpy\nnumpy.ones((2, 3))  # float64 [2, 3]", True),
        ("import numpy\nnumpy.ones((2, 3))  # uint8 [2, 3]", False),
        ("import numpy\nnumpy.ones((2, 3))  # [3, 2]", False),
    ],
)
def test_a_number_in_a_comment_must_be_what_its_line_gives(code, right):
    def run():
        run_block(Block("python", 0, code, ""), "a page", {})

    if right:
        run()
    else:
        with pytest.raises(AssertionError, match="but the page says"):
            run()


def test_blocks_are_found_with_their_language_line_and_reason():
    text = (
        "a\n\n```python\nx = 1\n```\n\n<!-- not run: it needs a GPU -->\n```python\ny\n```\n\n"
        "=== tab\n\n    ```bash\n    wgan data\n    ```\n"
    )
    assert [one[:] for one in blocks(text)] == [
        ("python", 3, "x = 1\n", ""),
        ("python", 8, "y\n", "it needs a GPU"),
        ("bash", 14, "wgan data\n", ""),
    ]


def test_a_command_with_an_unknown_flag_is_refused():
    parsed("wgan train digits --steps 5  # a comment")
    for line in ("wgan train digits --stepz 5", "wgan train digits --steps five", "wgan tarin digits"):
        with pytest.raises(Exception, match=r"stepz|five|tarin"):
            parsed(line)


def test_the_reference_lists_every_public_name_and_links_it_to_where_it_lives():
    page = (ROOT / "docs/reference.md").read_text()
    linked = dict(re.findall(r"\[`(\w+)`\]\[([\w.]+)\]", page))
    modules = set(re.findall(r"`wgan\.(\w+)`", page))
    for name in wgan.__all__:
        assert name in linked or name in modules or f"`{name}`" in page, name
    for name, place in linked.items():
        module, _, member = place.rpartition(".")
        assert getattr(importlib.import_module(module), member) is getattr(wgan, name), name


@pytest.mark.parametrize("page", ["docs/report", "docs/verdicts"])
def test_the_tables_of_verdicts_name_every_verdict_in_its_order(page):
    names = re.findall(r"^\| ([\w ]+?) \|", PAGES[page], re.MULTILINE)
    assert list(dict.fromkeys(name for name in names if name in VERDICTS)) == list(VERDICTS)
