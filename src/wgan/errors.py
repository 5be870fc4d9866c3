"""`WganError`, the exception for mistakes that the user can correct, `WganWarning`, "did you mean", and what to install."""

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 1500  # characters of a sentence: what was got can be a name or a list of any length


class WganError(Exception):
    """A mistake that the user can correct; one sentence says what was got, what is allowed and what to do.

    A sentence that is too long to be read loses its middle.
    """

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


def unknown_name(kind: str, name: object, choices: Iterable[str]) -> WganError:
    """The error for an unknown name, with the nearest known one and the list of all.

    Examples:
        >>> print(unknown_name("preset", "wgan-pg", ["wgan", "wgan-gp"]))
        unknown preset 'wgan-pg'; did you mean 'wgan-gp'? (choose from: wgan, wgan-gp)
    """
    choices = sorted(choices)
    close = get_close_matches(str(name), choices, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    return WganError(f"unknown {kind} {name!r}{hint} (choose from: {', '.join(choices)})")


def install(extra: str) -> str:
    """What to do for an optional part of the package, as a part of a sentence.

    Examples:
        >>> print(install("jax"))
        run pip install '.[jax]' in the clone of wgan (of a release: pip install 'wgan[jax]')
    """
    return f"run pip install '.[{extra}]' in the clone of wgan (of a release: pip install 'wgan[{extra}]')"
