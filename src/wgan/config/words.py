"""What each field of the config is, in words: for the help of the command line and of Python."""

import dataclasses
import math

from wgan.config import FAMILIES, FIELDS
from wgan.errors import with_settings

_NO_LIMIT = 10**6  # a larger limit is far above what any run has, and is not worth a word


def choices_of(f: dataclasses.Field) -> tuple[str, ...]:
    """The names that a field may hold; none for a field of numbers or of any text."""
    family = f.metadata.get("family")
    return tuple(FAMILIES[family][0]) if family else f.metadata.get("choices", ())


def range_in_words(f: dataclasses.Field) -> str:
    """The numbers that a field may hold, in words; "" if the field holds no number, or any number.

    Examples:
        >>> range_in_words(FIELDS["held_out"]), range_in_words(FIELDS["batch"]), range_in_words(FIELDS["drop"])
        ('0 to 0.9', 'at least 1', '')
    """
    low, high = f.metadata["low"], f.metadata["high"]
    if low == -math.inf:
        return ""
    return f"{low:g} to {high:g}" if high < _NO_LIMIT else f"at least {low:g}"


def default_in_words(f: dataclasses.Field) -> str:
    """The default of a field in words: None has a meaning of its own in each field."""
    return with_settings(f.metadata["unset"]) if f.default is None else str(f.default)


def described(name: str) -> str:
    """What a field is, what it may hold, and its default.

    Examples:
        >>> described("held_out").endswith("measured against them. [0 to 0.9; default: 0.1]")
        True
    """
    f = FIELDS[name]
    names, numbers = choices_of(f), range_in_words(f)
    text = with_settings(f.metadata["text"]) + (f" One of: {', '.join(names)}." if names else "")
    return f"{text} [{numbers}{'; ' if numbers else ''}default: {default_in_words(f)}]"
