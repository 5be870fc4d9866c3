"""The command that trains a run again, as text that a shell reads back word for word."""

import os
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from wgan.config import FIELDS
from wgan.data import is_table
from wgan.presets import PRESETS


def train_command(config: Mapping[str, Any], data: str, leave_out: frozenset[str], more: Sequence[str] = ()) -> str:
    """`wgan train` with a preset and every field that differs from it, but for those in `leave_out`, on one line.

    The preset is the one from which the fewest fields differ. It is not written where `train` chooses it by itself.
    `more` are further words. The name of the data comes last where it could be taken for a flag.
    """
    table = is_table(data)
    commands = []
    for name in PRESETS:
        flags = _flags(config, PRESETS[name].config.to_json(), leave_out | {"data"}, name == "default")
        if flags is not None:
            unsaid = name == "table" if table else name == "default" and bool({"--network", "--objective"} & {*flags})
            commands.append((len(flags), not unsaid, [*([] if unsaid else ["--preset", name]), *flags]))
    return shell_line(["wgan", "train"], data, [*min(commands)[-1], *more])


def _flags(
    config: Mapping[str, Any], preset: Mapping[str, Any], leave_out: frozenset[str], always: bool
) -> list[str] | None:
    """The flags for the fields that differ from a preset's; no flag unsets one, so that gives None, unless `always`."""
    flags: list[str] = []
    for name in (name for name in config if name in FIELDS and name not in leave_out):
        value, of_preset = (tuple(one) if isinstance(one, list) else one for one in (config[name], preset[name]))
        if value == of_preset or (value in (None, ()) and always):
            continue
        if value in (None, ()):
            return None
        for one in value if isinstance(value, tuple) else (value,):
            flags += ["--" + name.replace("_", "-"), str(one)]
    return flags


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
