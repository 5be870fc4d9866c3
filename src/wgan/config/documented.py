"""The fields of the config as a list of parameters for `help` in Python, and as tables for the docs."""

import textwrap

from wgan.config import FAMILIES, FIELDS, GROUPS, READERS, SWITCHES
from wgan.config.values import kind
from wgan.config.words import choices_of, default_in_words, described, range_in_words
from wgan.errors import with_settings

WIDTH = 100  # columns of the text of `help`
_TYPES = {int: "whole number", float: "number", str: "text"}


def type_in_words(name: str) -> str:
    """The type of a field's values.

    Examples:
        >>> type_in_words("batch"), type_in_words("network"), type_in_words("best_by")
        ('whole number', 'name or Architecture', 'name or function')
    """
    f = FIELDS[name]
    if family := f.metadata.get("family"):
        return f"name or {family_kind(family)}"
    if "function" in f.metadata:
        return "name or function"
    return "name" if choices_of(f) else _TYPES.get(kind(f), "text or list of texts")


def family_kind(family: str) -> str:
    """The class of the members of a family."""
    return FAMILIES[family][1].__name__


def read_by(name: str) -> str:
    """What reads a field, in words; "" for a field that every run reads.

    Examples:
        >>> read_by("clip"), read_by("resize"), read_by("steps")
        ('constraint clip', 'runs with size', '')
    """
    if name in SWITCHES:
        return f"runs with {' or '.join(SWITCHES[name])}"
    found = {family: [one for one, names in readers.items() if name in names] for family, readers in READERS.items()}
    return "; ".join(f"{family} {' or '.join(names)}" for family, names in found.items() if names)


def _filled(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)


def parameters(names: list[str]) -> str:
    """The fields as the section "Parameters" of a docstring: type, text, range, default, and what reads each."""
    lines = []
    for group in GROUPS:
        for name in (one for one in names if FIELDS[one].metadata["group"] == group):
            lines += [f"{name} : {type_in_words(name)}", *_filled(described(name))]
            lines += _filled(f"Read by: {who}.") if (who := read_by(name)) else []
    return "\n".join(lines)


def table(group: str) -> str:
    """The fields of a group as a table of Markdown."""
    lines = ["| name | type | default | range | what it is | read by |", "| --- | --- | --- | --- | --- | --- |"]
    for name, f in FIELDS.items():
        if f.metadata["group"] == group:
            allowed = ", ".join(f"`{one}`" for one in choices_of(f)) or range_in_words(f) or "any"
            text = with_settings(f.metadata["text"]).replace("|", "\\|")
            cells = (type_in_words(name), default_in_words(f), allowed, text, read_by(name))
            lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def page() -> str:
    """The page of the docs on all settings."""
    parts = [
        "# Settings",
        "These are the fields of `Config`, the parameters of `WGAN` and, with hyphens, the flags of `wgan train`. "
        "`help(wgan.WGAN)` shows them too. The last column names the choices that read a setting, if others do not. "
        "A setting that a run does not read is refused, such as `drop` without a table.",
    ]
    parts += [f"## {group.capitalize()}\n\n{table(group)}" for group in GROUPS]
    return "\n\n".join(parts) + "\n"
