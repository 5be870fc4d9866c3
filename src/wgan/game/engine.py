"""What the game needs of a framework: array functions, gradients and update rules."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from wgan.game.arrays import Params

Array = TypeVar("Array")


class Ops(Protocol[Array]):
    """Array functions of an engine. Maps are [batch, height, width, channels], other rows [batch, columns].

    Arrays also know +, -, *, /, **, slices, `shape`, `ndim`, `reshape`, `sum`, `mean` and `T`.
    """

    def dense(self, x: Array, weight: Array, bias: Array) -> Array:
        """x W^T + b, for W [out, in]."""
        ...

    def conv(self, x: Array, weight: Array, bias: Array, stride: int, pads: tuple[int, int]) -> Array:
        """The convolution with W [out, in, k, k], after `pads` zeros at both ends of each axis of the map."""
        ...

    def conv_transpose(
        self, x: Array, weight: Array, bias: Array, stride: int, pads: tuple[int, int], size: tuple[int, int]
    ) -> Array:
        """The transpose of the convolution with W [in, out, k, k] that takes maps of `size` to those of x."""
        ...

    def matmul(self, x: Array, y: Array, /) -> Array:
        """The product of two matrices, in the precision of the weights on every device."""
        ...

    def batch_norm(self, x: Array, scale: Array, bias: Array) -> Array:
        """Mean 0 and variance 1 over the batch and the map, then scale and bias, for each channel."""
        ...

    def moments(self, x: Array) -> tuple[Array, Array]:
        """Mean and variance over the batch and the map, for each channel."""
        ...

    def layer_norm(self, x: Array) -> Array:
        """Mean 0 and variance 1 over all features of each row."""
        ...

    def relu(self, x: Array, /) -> Array: ...

    def leaky_relu(self, x: Array, slope: float) -> Array: ...

    def groupsort(self, x: Array) -> Array:
        """Each pair of neighbouring features as (larger, smaller)."""
        ...

    def softmax(self, x: Array, sizes: tuple[int, ...]) -> Array:
        """A softmax over each group of columns at the end of a row, of these sizes; the columns before them stay."""
        ...

    def upsample(self, x: Array) -> Array:
        """Each pixel twice in both directions."""
        ...

    def mean_pool(self, x: Array) -> Array:
        """The mean of each 2x2 square, or of the part of it inside the border: ceil(size / 2)."""
        ...

    def concatenate(self, *batches: Array) -> Array:
        """The rows of all batches, one after another."""
        ...

    def exp(self, x: Array, /) -> Array: ...

    def expm1(self, x: Array, /) -> Array: ...

    def tanh(self, x: Array, /) -> Array: ...

    def softplus(self, x: Array, /) -> Array:
        """log(1 + e^x)."""
        ...

    def sqrt(self, x: Array, /) -> Array: ...

    def clip(self, x: Array, low: float, high: float, /) -> Array:
        """Values to [low, high]."""
        ...

    def lerp(self, start: Array, end: Array, weight: Any, /) -> Array:
        """start + weight (end - start)."""
        ...


class Optimiser(Protocol):
    """An update rule; its memory is a dict of arrays, or of dicts of arrays by weight's name."""

    def init(self, params: Params) -> dict[str, Any]: ...

    def update(
        self, params: Params, gradient: Params, memory: dict[str, Any], learning_rate: Any
    ) -> tuple[Params, dict[str, Any]]: ...


class Engine(Protocol[Array]):
    """A framework as the game sees it."""

    name: str
    ops: Ops[Array]

    def array(self, x: Any) -> Array:
        """A NumPy array on the engine's device, floats in the engine's precision."""
        ...

    def numpy(self, x: Array) -> Any:
        """An engine's array as a NumPy array."""
        ...

    def grad(self, loss: Callable[[Params], tuple[Array, dict]], params: Params) -> tuple[Params, dict]:
        """The gradient of `loss(params) -> (value, info)` and the info, as constants."""
        ...

    def input_grad(self, score: Callable[[Array], Array], rows: Array) -> Array:
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
