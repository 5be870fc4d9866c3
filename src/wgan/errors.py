"""`WganError`, the exception for mistakes that the user can mend, `WganWarning`, and "did you mean"."""

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 1500  # characters of a sentence: what was got can be a name or a list of any length


class WganError(Exception):
    """A mistake that the user can mend; one sentence says what was got, what is allowed and what to do.

    A sentence that is too long to be read loses its middle.
    """

    def __init__(self, text: str = "") -> None:
        super().__init__(text if len(text) <= LONGEST else f"{text[: LONGEST - 500]} ... {text[-400:]}")


class WganWarning(UserWarning):
    """What the user should know, although the work goes on; the command line prints it on stderr."""


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
