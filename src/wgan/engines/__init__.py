"""An engine is the least that frameworks cannot share; everything above it is written once."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

from wgan.errors import unknown_name

Params = dict[str, Any]


class Optimiser(Protocol):
    """An update rule; its memory is a dict of arrays, or of dicts of arrays by weight's name."""

    def init(self, params: Params) -> dict[str, Any]: ...

    def update(
        self, params: Params, gradient: Params, memory: dict[str, Any], learning_rate: float
    ) -> tuple[Params, dict[str, Any]]: ...


class Engine(Protocol):
    """What ring 1 needs of a framework. `ops` are its array functions: dense, conv, conv_transpose, upsample,
    mean_pool, batch_norm, moments, layer_norm, relu, leaky_relu, tanh, softplus, sqrt, clip, lerp,
    concatenate."""

    name: str
    ops: Any

    def array(self, x: Any) -> Any:
        """A NumPy array on the engine's device, floats in the engine's precision."""
        ...

    def numpy(self, x: Any) -> Any:
        """An engine's array as a NumPy array."""
        ...

    def grad(self, loss: Callable[[Params], tuple[Any, dict]], params: Params) -> tuple[Params, dict]:
        """The gradient of `loss(params) -> (value, info)` and the info, as constants."""
        ...

    def input_grad(self, score: Callable[[Any], Any], rows: Any) -> Any:
        """The gradient of each row's score with respect to the row; itself differentiable."""
        ...

    def optimiser(self, name: str, beta1: float, beta2: float) -> Optimiser:
        """Adam or RMSProp with torch's meaning of every number."""
        ...


ENGINES = {"torch": "wgan.engines.torch"}


def get_engine(name: str, precision: str = "float32") -> Engine:
    """The engine of this name, imported on demand; "auto" is torch."""
    name = "torch" if name == "auto" else name
    if name not in ENGINES:
        raise unknown_name("engine", name, ["auto", *ENGINES])
    return import_module(ENGINES[name]).engine(precision)
