"""Text on its way to a terminal: what comes from files, names and columns cannot command the terminal."""

import sys
from contextlib import suppress
from typing import Any

import click


def printable(text: object) -> str:
    """The text with every character that is not printed, but for line ends, as an escape.

    Names of files, columns and classes come from outside; an escape character in one could move the cursor, hide text
    or answer for the user. Characters that reverse the direction of writing are escaped too.

    Examples:
        >>> printable("a\\x1b]0;title\\x07b")
        'a\\\\x1b]0;title\\\\x07b'
    """
    return "".join(one if one == "\n" or one.isprintable() else _escaped(one) for one in str(text))


def shown(name: object) -> str:
    """A name from outside on one line: as `printable`, with line ends escaped too."""
    return printable(name).replace("\n", "\\n")


def say(text: Any, err: bool = False, nl: bool = True) -> None:
    """Print text on stdout or stderr as `printable`; what the encoding lacks is escaped.

    A full or closed stderr loses the words, but ends nothing.
    """
    stream = sys.stderr if err else sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    words = printable(text).encode(encoding, "backslashreplace").decode(encoding)
    with suppress(*([OSError, ValueError] if err else [])):
        click.echo(words, file=stream, nl=nl)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()
