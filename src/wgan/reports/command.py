"""The command that trains a run again, as text that a shell reads back word for word."""

import os
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from wgan.config import FIELDS


def train_command(config: Mapping[str, Any], data: str, leave_out: frozenset[str], more: Sequence[str] = ()) -> str:
    """`wgan train` with every field that differs from its default, but for those in `leave_out`, on one line.

    `more` are further words. The name of the data comes last where it could be taken for a flag.
    """
    flags = []
    for name, value in config.items():
        if name in FIELDS and name not in leave_out | {"data"} and value != FIELDS[name].default and value is not None:
            for one in value if isinstance(value, list | tuple) else (value,):
                flags += ["--" + name.replace("_", "-"), str(one)]
    return shell_line(["wgan", "train"], data, [*flags, *more])


def shell_line(begin: Sequence[str], name: str, flags: Sequence[str]) -> str:
    """A command on one line, with a name from outside before its flags, or last if it begins as a flag does."""
    words = [*begin, *flags, "--", name] if name.startswith("-") else [*begin, name, *flags]
    return " ".join(map(quoted, words))


def quoted(word: str) -> str:
    """A word as a shell reads it back; with line ends or other characters that are not printed, as bash and zsh do.

    Examples:
        >>> print(quoted("a b"), quoted("a\\x1b'"))
        'a b' $'a\\x1b\\''
    """
    if word.isprintable():
        return shlex.quote(word)
    return f"$'{''.join(map(_escaped, word))}'"


def _escaped(character: str) -> str:
    if character in "'\\":
        return f"\\{character}"
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(character))
