"""The arrays of a player: their names, their initial values, and the nested dicts and lists of your own players."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from wgan.errors import WganError

Params = dict[str, Any]
Layer = dict[str, Any]
Row = tuple[int, ...]


class Arrays:
    """The arrays of one layer of a player, by their short names: `arrays["weight"]`."""

    __slots__ = ("params", "path")

    def __init__(self, params: Params, path: str):
        self.params, self.path = params, path

    def __getitem__(self, what: str) -> Any:
        return self.params[f"{self.path}.{what}"]

    def all(self) -> Params:
        """Every array of the layer by its short name."""
        start = f"{self.path}."
        return {name[len(start) :]: w for name, w in self.params.items() if name.startswith(start)}


class Told(NamedTuple):
    """What the players are told of a row: a vector of so many numbers, then one-hot groups of these sizes."""

    numbers: int
    groups: tuple[int, ...]

    @property
    def units(self) -> int:
        """The length of the vector."""
        return self.numbers + sum(self.groups)

    @property
    def one_class(self) -> bool:
        """Whether the vector is one one-hot class."""
        return self.numbers == 0 and len(self.groups) == 1


def _uniform(rng: np.random.Generator, shape: tuple[int, ...], variance: float) -> np.ndarray:
    bound = math.sqrt(3 * variance)
    return rng.uniform(-bound, bound, shape).astype(np.float32)


INIT = {
    "he": lambda rng, shape, fan_in, fan_out: _uniform(rng, shape, 2 / fan_in),
    "glorot": lambda rng, shape, fan_in, fan_out: _uniform(rng, shape, 2 / (fan_in + fan_out)),
    "glorot_he": lambda rng, shape, fan_in, fan_out: _uniform(rng, shape, 4 / (fan_in + fan_out)),
    "dcgan": lambda rng, shape, fan_in, fan_out: rng.normal(0, 0.02, shape).astype(np.float32),
    "zero": lambda rng, shape, fan_in, fan_out: np.zeros(shape, np.float32),
}


class Unmade(NamedTuple):
    """An array of which only the shape is asked, so that no memory is taken."""

    shape: tuple[int, ...]


def drawn(
    scheme: str, rng: np.random.Generator | None, shape: tuple[int, ...], fan_in: int, fan_out: int
) -> np.ndarray | Unmade:
    """Initial weights by an entry of INIT; without `rng` only their shape."""
    return Unmade(shape) if rng is None else INIT[scheme](rng, shape, fan_in, fan_out)


def alike(value: float, rng: np.random.Generator | None, shape: tuple[int, ...]) -> np.ndarray | Unmade:
    """An array of one value; without `rng` only its shape."""
    return Unmade(shape) if rng is None else np.full(shape, value)


def linear_init(shape: Callable[[Layer, Row], Row]) -> Callable[[Layer, Row, str, Any], Params]:
    """A function that makes weights of this shape by the layer's scheme, and biases of 0."""

    def init(layer: Layer, row: Row, scheme: str, rng: Any) -> Params:
        patch, features = layer.get("kernel", 1) ** (len(row) - 1), layer["features"]
        each = patch / layer.get("groups", 1)
        weight = drawn(scheme, rng, shape(layer, row), round(row[-1] * each), round(features * each))
        return {"weight": weight, "bias": alike(0, rng, (features,))}

    return init


def norm_init(layer: Layer, row: Row, scheme: str, rng: Any) -> Params:
    """Scales of 1 and biases of 0, for each class if there are classes."""
    shape = (layer["classes"], row[-1]) if "classes" in layer else (row[-1],)
    return {"scale": alike(1, rng, shape), "bias": alike(0, rng, shape)}


def told_norm_init(layer: Layer, row: Row, scheme: str, rng: Any) -> Params:
    """Scales of 1 and biases of 0 whatever the condition is, until it is trained."""
    shape = (layer["classes"], row[-1])
    return norm_init({}, row, scheme, rng) | {name: alike(0, rng, shape) for name in ("told_scale", "told_bias")}


def class_bias_init(layer: Layer, row: Row, scheme: str, rng: Any) -> Params:
    """Biases so large that the condition moves the output as much as all of z does."""
    return {"classes": drawn("he", rng, (layer["classes"], row[-1]), 1, row[-1])}


def projection_init(layer: Layer, row: Row, scheme: str, rng: Any) -> Params:
    """The weights of a score, and of each class or hidden unit, by the scheme."""
    hidden, units = layer.get("hidden", 0), layer["classes"]
    weight, classes = (drawn(scheme, rng, (n, row[-1]), row[-1], 1) for n in (1, hidden or units))
    params = {"weight": weight, "classes": classes, "bias": alike(0, rng, (1,))}
    if hidden:
        first = drawn("glorot", rng, (units, hidden), units, hidden)
        params |= {"hidden": first, "hidden_bias": alike(0, rng, (hidden,))}
    return params


Outlines = dict[frozenset[str], Any]


def flat(tree: Any, outlines: Outlines) -> Params:
    """The arrays in nested dicts, lists and tuples as one dict of float32 arrays, named "KEY::[NUMBER]::...".

    `outlines` gets the tree with each array replaced by its name, under the set of these names, so that `filled` can
    rebuild empty lists and None too. Raises WganError if a leaf is not an array of numbers or two arrays get the same
    name.
    """
    params: Params = {}

    def named(part: Any, path: str) -> Any:
        if part is None:
            return None
        if isinstance(part, Mapping):
            return {key: named(one, _joined(path, str(key))) for key, one in part.items()}
        if isinstance(part, list | tuple):
            return _like(part, [named(one, _joined(path, f"[{number}]")) for number, one in enumerate(part)])
        try:
            array = np.array(part, np.float32)
        except (TypeError, ValueError, RuntimeError):
            raise WganError(
                f"the weight {path!r} is {type(part).__name__}; give arrays of numbers in dicts, lists or tuples."
            ) from None
        if path in params:
            raise WganError(f"two weights are called {path!r}; give them different keys.")
        params[path] = array
        return path

    outline = named(tree, "")
    outlines[frozenset(params)] = outline
    return params


def filled(outlines: Outlines, params: Params) -> Any:
    """The inverse of `flat` for arrays in any order; tuples and named tuples keep their types."""

    def placed(outline: Any) -> Any:
        if isinstance(outline, dict):
            return {key: placed(part) for key, part in outline.items()}
        if isinstance(outline, list | tuple):
            return _like(outline, [placed(part) for part in outline])
        return outline if outline is None else params[outline]

    return placed(outlines[frozenset(params)])


def _joined(path: str, key: str) -> str:
    return f"{path}::{key}" if path else key


def _like(sequence: list | tuple, parts: list) -> Any:
    return type(sequence)(*parts) if hasattr(sequence, "_fields") else type(sequence)(parts)
