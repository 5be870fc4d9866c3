"""Structure by axis in words: along which axes of space samples differ from the data, and whether the data's differ.

A measure differs along an axis by the rule of `structure`: at least `TIMES` the floor, and beyond it by at least
`ERRORS` standard errors. The axes of the data differ if two curves of held-out rows do so at some place, by a t-test at
the level `LEVEL` over the number of places and pairs of axes.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from scipy.special import stdtr

from wgan.reports.structure import ERRORS, LEAST_ERROR, TIMES
from wgan.runs.quantities import with_error

LEVEL = 1e-3
# What tells the axes of the data apart: the autocorrelation first, since the share of a phase does not spread it.
PLACES = {"autocorrelation": "a lag", "two_point": "a distance"}


def differing_axes(by_axis: Sequence[Mapping[str, Any]]) -> list[int]:
    """The axes along which a measure differs; each has the keys value, error, floor and floor_error.

    Examples:
        >>> alike = {"value": 0.01, "error": 0.002, "floor": 0.008, "floor_error": 0.002}
        >>> differing_axes([alike, alike | {"value": 0.1}])
        [1]
    """
    found = []
    for axis, one in enumerate(by_axis):
        error = np.hypot(one["error"] or 0, one.get("floor_error") or 0)
        far = one["value"] >= TIMES * one["floor"]
        if far and one["value"] - one["floor"] >= ERRORS * max(error, LEAST_ERROR):
            found.append(axis)
    return found


def axes_in_words(title: str, by_axis: Sequence[Mapping[str, Any]]) -> str:
    """A sentence on the axes along which a measure of the samples differs from the data's."""
    found = differing_axes(by_axis)
    others = [axis for axis in range(len(by_axis)) if axis not in found]
    if not found:
        return f"The {title} of the samples is not seen to differ from the data's along any axis."
    numbers = ", ".join(
        f"{with_error(by_axis[axis]['value'], by_axis[axis]['error'])} along axis {axis} "
        f"(real rows {with_error(by_axis[axis]['floor'], by_axis[axis].get('floor_error'))})"
        for axis in found
    )
    but = f", and not along {_axes(others)}" if others else ""
    return f"The {title} of the samples differs from the data's along {_axes(found)}{but}: {numbers}."


def data_in_words(name: str, title: str, curves: Sequence[Mapping[str, Any]], rows: int) -> str:
    """A sentence on whether a curve of `rows` held-out rows differs between the axes, and where it does most surely.

    `curves` has the places `at` and the side `real` for each axis, as structure.json has them.
    """
    means, errors = (np.array([curve["real"][key] for curve in curves], float) for key in ("mean", "error"))
    pairs = [*combinations(range(len(curves)), 2)]
    with np.errstate(divide="ignore", invalid="ignore"):
        certain = np.array([np.abs(means[a] - means[b]) / np.hypot(errors[a], errors[b]) for a, b in pairs])
    certain = np.where(np.isfinite(certain), certain, 0.0)
    if rows < 2 or 2 * stdtr(rows - 1, -certain.max()) * certain.size > LEVEL:
        return f"The {title} of the data is not seen to differ between the axes."
    pair, line, place = np.unravel_index(certain.argmax(), certain.shape)
    at = curves[0]["at"]
    both = " and ".join(
        f"{with_error(means[axis, line, place], errors[axis, line, place])} along axis {axis}" for axis in pairs[pair]
    )
    return f"The axes of the data differ: at {PLACES[name]} of {at[place]:g} the {title} of held-out rows is {both}."


def _axes(axes: Sequence[int]) -> str:
    """Axes in words: "axis 1", "axes 0 and 2"."""
    *first, last = map(str, axes)
    return f"axes {', '.join(first)} and {last}" if first else f"axis {last}"
