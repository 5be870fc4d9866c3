"""What the families of the game share: a function makes a member, and the member keeps the arguments."""

from collections.abc import Callable
from functools import cache, wraps
from inspect import signature
from typing import Any, TypeVar

Make = TypeVar("Make", bound=Callable[..., Any])


def member(make: Make) -> Make:
    """The same function, whose result has the arguments in `parameters`; equal arguments give the same object.

    So a config can save a member as its name and numbers, and can distinguish it from an object of your own with the
    same name.
    """
    arguments = signature(make)

    @cache
    def made(given: tuple[tuple[str, Any], ...]) -> Any:
        return make(**dict(given))._replace(parameters=dict(given))

    @wraps(make)
    def build(*positional: Any, **named: Any) -> Any:
        bound = arguments.bind(*positional, **named)
        bound.apply_defaults()
        try:
            return made(tuple(bound.arguments.items()))
        except TypeError:  # an argument that is not a number or a word, which a config refuses by the field's name
            return make(**bound.arguments)._replace(parameters=dict(bound.arguments))

    return build  # type: ignore[return-value]
