"""The arrays of a player: by name, how weights start, and as the dicts and lists of a player of the user's own."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

Params = dict[str, Any]


class Arrays:
    """The arrays of one layer among those of a player, by their short names: `arrays["weight"]`."""

    __slots__ = ("params", "path")

    def __init__(self, params: Params, path: str):
        self.params, self.path = params, path

    def __getitem__(self, what: str) -> Any:
        return self.params[f"{self.path}.{what}"]

    def all(self) -> Params:
        """Every array of the layer by its short name."""
        start = f"{self.path}."
        return {name[len(start) :]: w for name, w in self.params.items() if name.startswith(start)}


def _uniform(rng: np.random.Generator, shape: tuple[int, ...], variance: float) -> np.ndarray:
    bound = math.sqrt(3 * variance)
    return rng.uniform(-bound, bound, shape).astype(np.float32)


INIT = {
    "he": lambda rng, shape, fan_in, fan_out: _uniform(rng, shape, 2 / fan_in),
    "glorot": lambda rng, shape, fan_in, fan_out: _uniform(rng, shape, 2 / (fan_in + fan_out)),
    "glorot_he": lambda rng, shape, fan_in, fan_out: _uniform(rng, shape, 4 / (fan_in + fan_out)),
    "dcgan": lambda rng, shape, fan_in, fan_out: rng.normal(0, 0.02, shape).astype(np.float32),
}


def flat(tree: Any, path: str = "") -> Params:
    """The arrays of dicts and lists by one name each, "KEY::[NUMBER]::..."."""
    if not isinstance(tree, Mapping | list | tuple):
        return {path: tree}
    parts = tree.items() if isinstance(tree, Mapping) else ((f"[{number}]", part) for number, part in enumerate(tree))
    return {name: w for key, part in parts for name, w in flat(part, f"{path}::{key}" if path else str(key)).items()}


def nested(params: Params) -> Any:
    """The inverse of `flat`, with a list for a tuple."""
    if set(params) == {""}:
        return params[""]
    parts: dict[str, Params] = {}
    for name, w in params.items():
        key, _, rest = name.partition("::")
        parts.setdefault(key, {})[rest] = w
    tree = {key: nested(part) for key, part in parts.items()}
    # in the order of the numbers, since a checkpoint gives names in an order of its own
    return [tree[f"[{i}]"] for i in range(len(tree))] if all(key.startswith("[") for key in tree) else tree
