"""What the families of the game share: a member is made by a function, and keeps the arguments it was made with."""

from collections.abc import Callable
from functools import cache, wraps
from inspect import signature
from typing import Any, TypeVar

Make = TypeVar("Make", bound=Callable[..., Any])


def member(make: Make) -> Make:
    """The same function, whose result has the arguments in `parameters`; equal arguments give the same object.

    A config that is given the object can so be saved as a name and numbers, and an object of the user's own that only
    bears the name of a member is told from it.
    """
    arguments = signature(make)

    @cache
    def made(given: tuple[tuple[str, Any], ...]) -> Any:
        return make(**dict(given))._replace(parameters=dict(given))

    @wraps(make)
    def build(*positional: Any, **named: Any) -> Any:
        bound = arguments.bind(*positional, **named)
        bound.apply_defaults()
        return made(tuple(bound.arguments.items()))

    return build  # type: ignore[return-value]
