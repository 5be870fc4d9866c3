"""Text on its way to a terminal: what comes from files, names and columns cannot command the terminal.

Nothing else in the package prints, but for the bars of `bars`.
"""

import errno
import json
import os
import re
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

import click

from wgan.errors import WganError
from wgan.files.reading import reason, remedy


def printable(text: object) -> str:
    """The text with every character that is not printed, but for line ends, as an escape.

    Names of files, columns and classes come from outside; an escape character in one could move the cursor, hide text
    or answer for the user. Characters that reverse the direction of writing are escaped too.

    Examples:
        >>> printable("a\\x1b]0;title\\x07b")
        'a\\\\x1b]0;title\\\\x07b'
    """
    words = str(text)
    if words.isprintable():
        return words
    return "".join(one if one == "\n" or one.isprintable() else _escaped(one) for one in words)


def shown(name: object) -> str:
    """A name from outside on one line: as `printable`, with line ends escaped too."""
    return printable(name).replace("\n", "\\n")


def page(lines: Iterable[object]) -> str:
    """Lines as one text, in which no line from outside can begin another one.

    Examples:
        >>> page(["first", "a\\nwgan: done"])
        'first\\na\\\\nwgan: done'
    """
    return "\n".join(map(shown, lines))


def say(line: object, err: bool = False) -> None:
    """Print one line on stdout or stderr, as `shown`.

    A full or closed stderr loses the words, but ends nothing. If the program that reads stdout has ended, as `head`
    does, this one ends too, with status 0. Raises WganError if stdout cannot be written.
    """
    say_page(shown(line), err, whole=isinstance(line, Path))


def say_page(text: str, err: bool = False, whole: bool = False) -> None:
    """Print the lines of a text whose parts from outside went through `page` or `shown`; as `say` in all else.

    A terminal gets its lines `wrapped`, or as they are with `whole`, so that a path or JSON can be copied.
    """
    stream = sys.stderr if err else sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    words = printable(text.removesuffix("\n")).encode(encoding, "backslashreplace").decode(encoding)
    try:
        click.echo(words if whole else wrapped(words, columns_of(stream)), file=stream)
    except (OSError, ValueError, RuntimeError) as fault:  # it was closed; or a signal came while it was written to
        if err and isinstance(fault, RuntimeError):
            return
        drop(stream)
        if err:
            return
        if isinstance(fault, OSError):
            ended(fault)
        raise WganError(f"cannot print on stdout ({fault}); see where it leads.") from fault


def columns_of(stream: Any) -> int:
    """The width of the terminal that a stream leads to; 0 if it leads to none."""
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError, AttributeError):  # a file, a closed stream, or no file at all
        return 0


def wrapped(text: str, columns: int) -> str:
    """The text with lines of at most so many columns, broken at spaces only, so that no word or path is cut.

    The text after the first word of a list stays aligned. A width of 0 leaves the text as it is. A line that begins
    with four spaces is a command, and stays whole so that it can be copied.

    Examples:
        >>> print(wrapped("digits    1,797 images of digits", 22))
        digits    1,797 images
                  of digits
    """
    return "\n".join(
        _wrapped_line(line, columns) if 0 < columns < len(line) and line[:4].strip() else line
        for line in text.split("\n")
    )


def _wrapped_line(line: str, columns: int) -> str:
    first = re.match(r" *(?:\S+ {2,})?", line)
    hang = len(first[0]) if first else 0
    hang = hang if hang <= columns // 2 else len(line) - len(line.lstrip())
    return textwrap.fill(line, columns, subsequent_indent=" " * hang, break_long_words=False, break_on_hyphens=False)


def ended(fault: OSError) -> None:
    """Exit with status 0 if the program that reads stdout has ended. Raises WganError if stdout cannot be written."""
    if fault.errno == errno.EPIPE:
        raise SystemExit(0)
    raise WganError(f"cannot print on stdout ({reason(fault)}); {remedy(fault)}.") from fault


def say_json(value: Any) -> None:
    """Print a value on stdout as JSON, in which every character that is not printed is an escape of JSON."""
    say_page(json.dumps(value, indent=1), whole=True)


def drop(stream: TextIO) -> None:
    """Let what a stream still holds go nowhere, since the interpreter writes it again at its end, and would fail."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError, AttributeError):  # no file, as in a test or a notebook
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()
