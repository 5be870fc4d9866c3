"""Each script of examples/ runs as it stands, is short, and is on the page of examples."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPTS = sorted((ROOT / "examples").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_each_example_runs_as_it_stands(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(script), run_name="__main__")


def test_each_example_is_short_and_says_first_what_it_does():
    assert len(SCRIPTS) >= 12
    for script in SCRIPTS:
        text = script.read_text()
        assert text.startswith('"""'), script
        assert len(text.splitlines()) < 40, script


def test_the_page_of_examples_lists_each_script_with_its_first_line():
    page = (ROOT / "docs" / "examples.md").read_text()
    for script in SCRIPTS:
        first = script.read_text().split('"""')[1]
        assert f"`examples/{script.name}` | {first} |" in page, script
