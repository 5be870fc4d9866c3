"""Objectives and constraints of your own: an error inside one names it, so that it is not taken for one of ours."""

import math
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from wgan.errors import WganError
from wgan.game.constraints import Constraint
from wgan.game.objectives import Objective

SCALARS = ("critic_loss", "generator_loss", "estimate")
# What frameworks raise for shapes, dtypes, names and values that do not fit; they have no common base.
FAULTS = (RuntimeError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError, NameError)

Member = TypeVar("Member", Objective, Constraint)


def named_in_errors(member: Member, kind: str) -> Member:
    """The same member, whose functions name it and themselves where they fail; one of ours is left as it is."""
    if getattr(member, "parameters", {}) is not None:  # also what stands for a member that was not given again
        return member
    fields = {name: value for name, value in member._asdict().items() if callable(value)}
    told: dict[str, Any] = {name: _told(function, name, f"{kind} {member.name!r}") for name, function in fields.items()}
    return member._replace(**told)


def _told(function: Callable, name: str, owner: str) -> Callable:
    @wraps(function)
    def call(*given: Any) -> Any:
        try:
            found = function(*given)
        except FAULTS as fault:
            why = " ".join(str(fault).split())
            raise WganError(f"in your {owner}, {name} failed ({type(fault).__name__}: {why}); correct it.") from fault
        shape = tuple(getattr(found, "shape", ()))
        if name in SCALARS and math.prod(shape) != 1:
            raise WganError(f"in your {owner}, {name} returns shape {shape}; return one number, such as .mean().")
        return found

    return call
