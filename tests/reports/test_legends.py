"""Every legend names its place: matplotlib warns on a slow machine where its own default searches for one."""

import ast
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "wgan"


def test_every_legend_names_its_place():
    calls = [
        (path.name, call.lineno, {one.arg for one in call.keywords})
        for path in SOURCE.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "legend"
    ]
    assert len(calls) >= 10
    assert not [(name, line) for name, line, given in calls if "loc" not in given]
