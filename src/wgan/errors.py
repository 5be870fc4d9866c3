"""`WganError`, for mistakes that the user can correct, `WganWarning`, "did you mean", and how to name a setting."""

import re
import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

_by_command = False  # whether the command line asks; else it is a program in Python

PLACEHOLDERS = ("N", "NAME")  # they stand for a value of the user
MOST_CHOICES = 30  # names, above which they are not listed beside the one that is meant
LONGEST = 1500  # characters of a sentence: what was got can be a name or a list of any length


class WganError(Exception):
    """A mistake that the user can correct; one sentence says what was got, what is allowed and what to do.

    A sentence that is too long to be read loses its middle. A command whose error is `at_once` ends without the
    clean-up of its libraries.
    """

    at_once = False

    def __init__(self, text: str = "") -> None:
        super().__init__(shorter(text, LONGEST))


def shorter(text: str, most: int) -> str:
    """The text, without its middle if it has more than `most` characters.

    Examples:
        >>> shorter("0123456789" * 3, 20)
        '01234567890123 ... 9'
    """
    if len(text) <= most:
        return text
    end = most // 4
    return f"{text[: most - end - 1]} ... {text[-(end - 4) :]}"


class WganWarning(UserWarning):
    """What the user should know, although the work continues; the command line prints it on stderr."""


def with_article(name: str) -> str:
    """A name with a or an before it, by how it is spoken.

    Examples:
        >>> [with_article(one) for one in ("ndarray", "list", "int", "uint8", "NAType", "Objective")]
        ['an ndarray', 'a list', 'an int', 'a uint8', 'an NAType', 'an Objective']
    """
    letters = re.match(r"nd[a-z]|[AEFHILMNORSX][A-Z0-9]", name)  # an N-D array, an N-A type
    you = re.match(r"(?i)u(int|ni|s)|eu|one", name)
    return f"{'an' if letters or (name[:1].lower() in 'aeiou' and name and not you) else 'a'} {name}"


def a_kind(value: object) -> str:
    """The kind of a value, with its article.

    Examples:
        >>> a_kind([]), a_kind(7), a_kind(None)
        ('a list', 'an int', 'a NoneType')
    """
    return with_article(type(value).__name__)


def unknown_name(kind: str, name: object, choices: Iterable[str]) -> WganError:
    """The error for an unknown name, with the nearest known one and the list of all.

    A list of more than `MOST_CHOICES` names is left out where a name is near.

    Examples:
        >>> print(unknown_name("preset", "wgan-pg", ["wgan", "wgan-gp"]))
        unknown preset 'wgan-pg'; did you mean 'wgan-gp'? (choose from: wgan, wgan-gp)
    """
    choices = sorted(choices)
    close = get_close_matches(str(name), choices, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    if close and len(choices) > MOST_CHOICES:
        return WganError(f"unknown {kind} {name!r}{hint}")
    return WganError(f"unknown {kind} {name!r}{hint} (choose from: {', '.join(choices)})")


def install(extra: str) -> str:
    """What to do for an optional part of the package, as a part of a sentence.

    Examples:
        >>> print(install("jax"))
        run pip install '.[jax]' in the clone of wgan (of a release: pip install 'wgan[jax]')
    """
    return f"run pip install '.[{extra}]' in the clone of wgan (of a release: pip install 'wgan[{extra}]')"


@contextmanager
def by_command() -> Iterator[None]:
    """While this lasts, `setting` names flags of the command line."""
    global _by_command
    before, _by_command = _by_command, True
    try:
        yield
    finally:
        _by_command = before


def setting(name: str, value: Any = None, argument: str = "") -> str:
    """A setting as the user writes it, with a value if one is given: a flag on the command line, a name in Python.

    The value of a setting of columns is a dict; True stands for a flag that has no value. `argument` is the name in
    Python, if it is another one.

    Examples:
        >>> setting("held_out"), setting("held_out", 0.1), setting("column", {"zip": "text"})
        ('held_out', 'held_out=0.1', "column={'zip': 'text'}")
        >>> with by_command():
        ...     setting("held_out", 0.1), setting("column", {"zip": "text"}), setting("extend", True)
        ('--held-out 0.1', '--column zip=text', '--extend')
    """
    if not _by_command:
        name = argument or name
        return name if value is None else f"{name}={value if value in PLACEHOLDERS else repr(value)}"
    flag = "--" + name.replace("_", "-")
    if value is None or value is True:
        return flag
    if isinstance(value, dict):
        return " ".join(f"{flag} {shlex.quote(one)}={kind}" for one, kind in value.items())
    return f"{flag} {shlex.quote(f'{value:g}' if isinstance(value, float) else str(value))}"


def by_way(command: str, python: str) -> str:
    """What to do, as the user can do it: on the command line or in Python.

    Examples:
        >>> by_way("run `wgan runs`", "list the folder")
        'list the folder'
    """
    return command if _by_command else python


def with_settings(text: str) -> str:
    """A text in which each field in braces is named as the user writes it: a flag or an argument.

    Examples:
        >>> with_settings("How {size} makes an image square.")
        'How size makes an image square.'
    """
    return re.sub(r"\{(\w+)\}", lambda found: setting(found[1]), text)


def of_column(text: str, name: str) -> str:
    """A sentence with settings of a column NAME, for the column of this name."""
    return text.replace("NAME", shlex.quote(name)) if _by_command else text.replace("'NAME'", repr(name))
