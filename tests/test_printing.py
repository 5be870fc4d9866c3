"""Nothing from outside commands the terminal: one place prints, and hostile names come out as escapes."""

import ast
import json
from pathlib import Path

import wgan
from wgan.files.printed import page, say, say_json

PACKAGE = Path(wgan.__file__).parent
PRINTERS = {"files/printed.py", "files/bars.py", "__main__.py"}  # the last where no library can be read


def printing(path):
    """The places in a file that print past `say`, or import what prints."""
    calls = {"print", "pprint", "echo", "secho"}
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        words = ast.unparse(node.func if isinstance(node, ast.Call) else node)
        if (
            (isinstance(node, ast.Call) and words.split(".")[-1] in calls)
            or (isinstance(node, ast.Attribute) and words in {"sys.stdout.write", "sys.stderr.write"})
            or (isinstance(node, ast.Import | ast.ImportFrom) and "rich" in words)
        ):
            found.append(f"{path.name}:{node.lineno}: {words}")
    return found


def test_one_place_prints():
    files = [path for path in PACKAGE.rglob("*.py") if str(path.relative_to(PACKAGE)) not in PRINTERS]
    assert len(files) > 80
    assert not [one for path in files for one in printing(path)]
    assert all(printing(PACKAGE / name) for name in PRINTERS), "the test would not see a file that prints"


def as_the_locale_says(path):
    """The places in a file that read or write text in the encoding of the locale."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        named = [one.arg for one in node.keywords] if isinstance(node, ast.Call) else []
        if isinstance(node, ast.Call) and not {"encoding", "force_zip64"} & {*named}:  # a zip holds bytes
            name = ast.unparse(node.func).split(".")[-1]
            words = [one.value for one in node.args if isinstance(one, ast.Constant)]
            text = name in {"read_text", "write_text"} or (
                name == "open" and any(one in ("r", "w", "a", "rt", "wt", "at", "x") for one in words)
            )
            if text:
                found.append(f"{path.name}:{node.lineno}: {ast.unparse(node)[:80]}")
    return found


def test_text_is_utf_8_whatever_the_locale():
    assert not [one for path in PACKAGE.rglob("*.py") for one in as_the_locale_says(path)]
    assert as_the_locale_says(Path(__file__)), "the test would not see such a call"


def test_a_line_from_outside_is_one_line(capsys):
    say("a\nwgan: done")
    assert capsys.readouterr().out == "a\\nwgan: done\n"
    assert page(["a\nwgan: done", "b"]) == "a\\nwgan: done\nb"


def test_printed_json_is_json_whatever_the_names(capsys):
    value = {"".join(map(chr, range(256))) + "\u202e\udc80": 1}
    say_json(value)
    text = capsys.readouterr().out
    assert json.loads(text) == value
    assert text.replace("\n", "").isprintable()
