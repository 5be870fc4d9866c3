"""The engines, the only code that knows a framework: each is the least that frameworks cannot share.

They may use `game` and all that stands below it; `get_engine` imports one when it is asked for.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

from wgan.errors import WganError, unknown_name
from wgan.game.layers import Layer, convolution_work

Params = dict[str, Any]


class Optimiser(Protocol):
    """An update rule; its memory is a dict of arrays, or of dicts of arrays by weight's name."""

    def init(self, params: Params) -> dict[str, Any]: ...

    def update(
        self, params: Params, gradient: Params, memory: dict[str, Any], learning_rate: float
    ) -> tuple[Params, dict[str, Any]]: ...


class Engine(Protocol):
    """What ring 1 needs of a framework. `ops` are its array functions: dense, conv, conv_transpose, batch_norm,
    upsample, mean_pool, moments, layer_norm, relu, leaky_relu, groupsort, softmax, exp, expm1, tanh, softplus, sqrt,
    clip, lerp, concatenate."""

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

    def repeat(self, body: Callable, state: Any, inputs: tuple) -> tuple[Any, dict]:
        """`state, info = body(state, *drawn)` for each item of the inputs' first axis; the last info."""
        ...

    def run(self, function: Callable, game: Any, *arrays: Any, uses_up: bool = False) -> Any:
        """`function(game, *arrays)`, compiled once for a game where that is faster; `uses_up` its first array."""
        ...

    def optimiser(self, name: str, beta1: float, beta2: float) -> Optimiser:
        """Adam or RMSProp with torch's meaning of every number."""
        ...


ENGINES = {"torch": "wgan.engines.torch", "jax": "wgan.engines.jax"}


NEEDS = {"torch": ["torch"], "jax": ["jax", "optax"]}  # what each engine imports


def get_engine(name: str, precision: str = "float32") -> Engine:
    """The engine of this name, imported on demand; `WganError` where what it needs is not installed."""
    if name not in ENGINES:
        raise unknown_name("engine", name, ["auto", *ENGINES])
    if not installed(name):
        raise WganError(
            f"engine {name} needs {' and '.join(NEEDS[name])}, which are not installed; run "
            f"pip install 'wgan[{name}]', or use --engine auto."
        )
    return import_module(ENGINES[name]).engine(precision)


def installed(name: str) -> bool:
    """Whether all that an engine imports is there."""
    return all(find_spec(package) for package in NEEDS[name])


HEAVY = 1_000_000  # multiplications a row in a critic's convolutions, from which on torch was as fast or faster
SHORT = 2_000  # critic steps, below which compiling took longer than it saved


def faster(critic: list[Layer], row: tuple[int, ...], precision: str, critic_steps: int) -> tuple[str, str]:
    """The engine that `auto` stands for, and why: as measured, see docs/engines.md."""
    if not installed("jax"):
        return "torch", "JAX is not installed"
    if precision == "bfloat16":
        return "torch", "faster than JAX in bfloat16"
    if critic_steps < SHORT:
        return "torch", "faster than JAX in a short run, which has no time to compile"
    if (work := convolution_work(critic, row)) >= HEAVY:
        return "torch", f"as fast as JAX on wide convolutions, or faster ({work / 1e6:.1f} M multiplications a row)"
    if import_module("torch").cuda.is_available():
        return "torch", "as fast as JAX on a GPU, without the time to compile"
    return "jax", "faster than torch on a CPU where the network is dense or small"


@contextmanager
def one_thread() -> Iterator[None]:
    """torch and NumPy on one thread, so that sums are added in the same order however many cores there are."""
    from threadpoolctl import threadpool_limits

    torch = import_module("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)
