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

WITHIN_NUMBER = re.compile(r" (?=± \S)|(?<=±) |(?<=\d) (?=%)")  # the spaces of "41.1 % ± 0.6 %"
GLUE = "\ue000"  # stands for a space that no line ends at; `printable` lets no such character through


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


def amount(count: int, thing: str) -> str:
    """A number of things.

    Examples:
        >>> amount(1, "sample"), amount(2700, "row")
        ('1 sample', '2,700 rows')
    """
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


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
    if isinstance(line, Path):
        _print(shown(line), sys.stderr if err else sys.stdout, err)  # whole, so that it can be copied
    else:
        say_page(shown(line), err)


def say_list(entries: Iterable[tuple[str, str]]) -> None:
    """Print names on the left and what each of them is on the right, on stdout."""
    found = list(entries)
    width = max(len(name) for name, _ in found)
    for name, text in found:
        say(f"{name:{width}}  {text}")


def say_page(text: str, err: bool = False) -> None:
    """Print the lines of a text whose parts from outside went through `page` or `shown`; as `say` in all else.

    On a terminal, lines are wrapped between words. In a file or a pipe they stay whole.
    """
    stream = sys.stderr if err else sys.stdout
    _print(wrapped(printable(text.removesuffix("\n")), columns_of(stream)), stream, err)


def wrapped(text: str, columns: int | None) -> str:
    """The text with lines of at most so many columns, where that is possible without breaking a word.

    Further lines of a long line are indented two columns more than its first, or as the text beside the first word of
    a list. A number stays together with its error and its %. A line that begins with four spaces is a command, and
    stays whole so that it can be copied. With None the text stays unchanged.

    Examples:
        >>> print(wrapped("a long line on a narrow screen", 16))
        a long line on a
          narrow screen
        >>> print(wrapped("digits    1,797 images of digits", 22))
        digits    1,797 images
                  of digits
        >>> print(wrapped("the distance was 0.25 ± 0.02 here", 22))
        the distance was
          0.25 ± 0.02 here
    """
    if columns is None:
        return text
    lines = []
    for line in text.split("\n"):
        beside = re.match(r" *\S+ {2,}", line)
        hang = len(beside[0]) if beside and len(beside[0]) <= columns // 2 else len(line) - len(line.lstrip()) + 2
        parts = textwrap.wrap(
            WITHIN_NUMBER.sub(GLUE, line),
            max(columns, 20),
            subsequent_indent=" " * hang,
            drop_whitespace=True,
            break_on_hyphens=False,
            break_long_words=False,
        )
        parts = [part.replace(GLUE, " ") for part in parts]
        lines += parts if len(line) > columns and line[:4].strip() else [line]
    return "\n".join(lines)


def columns_of(stream: Any) -> int | None:
    """The width of the terminal that a stream leads to; None for a file, a pipe or a notebook."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError, AttributeError):
        return None


def _print(text: str, stream: Any, err: bool) -> None:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    words = text.encode(encoding, "backslashreplace").decode(encoding)
    try:
        click.echo(words, file=stream)
    except (OSError, ValueError, RuntimeError) as fault:  # it was closed; or a signal came while it was written to
        if err and isinstance(fault, RuntimeError):
            return
        drop(stream)
        if err:
            return
        if isinstance(fault, OSError):
            ended(fault)
        raise WganError(f"cannot print on stdout ({fault}); see where it leads.") from fault


def ended(fault: OSError) -> None:
    """Exit with status 0 if the program that reads stdout has ended. Raises WganError if stdout cannot be written."""
    if fault.errno == errno.EPIPE:
        raise SystemExit(0)
    raise WganError(f"cannot print on stdout ({reason(fault)}); {remedy(fault)}.") from fault


def say_json(value: Any) -> None:
    """Print a value on stdout as JSON, in which every character that is not printed is an escape of JSON."""
    _print(json.dumps(value, indent=1), sys.stdout, err=False)


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
