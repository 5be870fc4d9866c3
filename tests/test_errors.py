"""What every error has in common."""

import pickle
import re
import tomllib
from pathlib import Path

from wgan.errors import LONGEST, WganError


def test_a_sentence_that_is_too_long_loses_its_middle():
    whole = WganError("a" * LONGEST)
    assert str(whole) == "a" * LONGEST
    cut = str(WganError("begin " + "a" * LONGEST + " end; do this."))
    assert len(cut) <= LONGEST
    assert cut.startswith("begin a")
    assert cut.endswith("a end; do this.")
    assert " ... " in cut
    assert str(pickle.loads(pickle.dumps(WganError("x")))) == "x"  # workers of a study send it


def test_each_message_on_what_is_not_installed_says_what_to_type_in_one_place():
    """Before there is a release the name of the package installs nothing; `install` says both ways for each extra."""
    extras = tomllib.loads(Path("pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = set()
    for path in Path("src/wgan").rglob("*.py"):
        text = path.read_text()
        if path.name != "errors.py":
            assert "'wgan[" not in text, path
            named |= set(re.findall(r"\binstall\('(\w+)'\)", text))
    assert named
    assert named <= set(extras)
