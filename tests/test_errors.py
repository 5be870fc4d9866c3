"""What every error has in common."""

import ast
import pickle
import re
import tomllib
from pathlib import Path

import pytest
from commands import assert_refused, called

from wgan import WGAN, data
from wgan.config import FIELDS
from wgan.errors import LONGEST, WganError, by_command, of_column, setting


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


def test_sentences_name_flags_for_the_command_line_and_arguments_for_python():
    """No module that Python reaches writes a flag itself: `setting` names it as the one who asks would write it."""
    flags = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
    own = {  # these speak of the commands themselves, or are reached by the command line alone
        "card.py", "command.py", "errors.py", "presets.py", "run.py",
        "export.py", "kept.py", "latents.py", "samples.py", "tensorboard.py",
    }  # fmt: skip
    for path in Path("src/wgan").rglob("*.py"):
        if "cli" in path.parts or path.name in own:
            continue
        texts = [
            one.value
            for one in ast.walk(ast.parse(path.read_text()))
            if isinstance(one, ast.Constant) and isinstance(one.value, str) and "\n" not in one.value
        ]
        named = [flag for text in texts for flag in flags.findall(text) if flag[2:].replace("-", "_") in FIELDS]
        assert not named, (path, named)
    assert (setting("steps", 6), setting("restart", True)) == ("steps=6", "restart=True")
    with by_command():
        assert setting("clip", 1e-3) == "--clip 0.001"
        assert of_column(f"{setting('column', {'NAME': 'text'})} reads", "a b") == "--column 'a b'=text reads"
    assert of_column(f"{setting('column', {'NAME': 'text'})} reads", "a b") == "column={'a b': 'text'} reads"


def test_one_mistake_is_answered_in_the_words_of_each_who_makes_it():
    refused = called("train", "digits", "--batch", 20000, "--steps", 1)
    assert_refused(refused, "use --batch 1617 or less")
    with pytest.raises(WganError, match="use batch=1617 or less"):
        WGAN(batch=20000, steps=1).fit(data.load("digits"))
