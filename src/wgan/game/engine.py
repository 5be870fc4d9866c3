"""What the game needs from a framework: array functions, gradients and update rules."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from wgan.game.arrays import Params

Array = TypeVar("Array")


class Ops(Protocol[Array]):
    """Array functions of an engine, for rows [batch, *space, channels] with up to three axes of space.

    Arrays also have +, -, *, /, **, slices, `shape`, `ndim`, `reshape`, `sum`, `mean` and `T`.
    """

    def dense(self, x: Array, weight: Array, bias: Array) -> Array:
        """x W^T + b, for W [out, in]."""
        ...

    def conv(self, x: Array, weight: Array, bias: Array, stride: int, pads: tuple[int, ...]) -> Array:
        """The convolution with W [out, in, k, ...] of a map that has `pads` zeros added at both ends of each axis.

        Where x has m times as many channels as `in`, there are m groups of inputs and outputs side by side.
        """
        ...

    def conv_transpose(
        self, x: Array, weight: Array, bias: Array, stride: int, pads: tuple[int, ...], size: tuple[int, ...]
    ) -> Array:
        """The transpose of the convolution with W [in, out, k, ...] that maps `size` to the size of x."""
        ...

    def matmul(self, x: Array, y: Array, /) -> Array:
        """The product of two matrices, in the precision of the weights on every device."""
        ...

    def batch_norm(self, x: Array, scale: Array, bias: Array) -> Array:
        """Each channel with mean 0 and variance 1 over the batch and the map, times `scale` plus `bias`."""
        ...

    def moments(self, x: Array) -> tuple[Array, Array]:
        """The mean and the variance of each channel over the batch and the map."""
        ...

    def layer_norm(self, x: Array) -> Array:
        """Each row with mean 0 and variance 1 over all its features."""
        ...

    def relu(self, x: Array, /) -> Array: ...

    def leaky_relu(self, x: Array, slope: float) -> Array: ...

    def groupsort(self, x: Array) -> Array:
        """Each pair of neighbouring features as (larger, smaller)."""
        ...

    def largest(self, x: Array) -> Array:
        """The largest feature, as an axis of length 1."""
        ...

    def softmax(self, x: Array, sizes: tuple[int, ...]) -> Array:
        """A softmax over each of the last groups of channels, which have these sizes; the first channels stay."""
        ...

    def spread(self, x: Array, sizes: tuple[int, ...]) -> Array:
        """Each channel so many times as its size says, one channel after another."""
        ...

    def upsample(self, x: Array) -> Array:
        """The map with each place repeated twice along each axis."""
        ...

    def mean_pool(self, x: Array) -> Array:
        """The mean of each block of size 2, or of its part inside the map, which gives a size of ceil(size / 2)."""
        ...

    def transpose(self, x: Array, order: tuple[int, ...]) -> Array:
        """The array with its axes in this order."""
        ...

    def eye(self, like: Array) -> Array:
        """The identity matrix with as many columns as the matrix `like`, in its precision."""
        ...

    def concatenate(self, *batches: Array) -> Array:
        """The rows of all batches, one after another."""
        ...

    def beside(self, *arrays: Array) -> Array:
        """The channels of all arrays, one array after another."""
        ...

    def sign(self, x: Array, /) -> Array:
        """-1, 0 or 1, whose derivative is 0 everywhere."""
        ...

    def log(self, x: Array, /) -> Array: ...

    def log1p(self, x: Array, /) -> Array: ...

    def exp(self, x: Array, /) -> Array: ...

    def expm1(self, x: Array, /) -> Array: ...

    def tanh(self, x: Array, /) -> Array: ...

    def softplus(self, x: Array, /) -> Array:
        """log(1 + e^x)."""
        ...

    def sqrt(self, x: Array, /) -> Array: ...

    def clip(self, x: Array, low: float, high: float, /) -> Array:
        """The values clipped to [low, high]."""
        ...

    def lerp(self, start: Array, end: Array, weight: Any, /) -> Array:
        """start + weight (end - start)."""
        ...


class Optimiser(Protocol):
    """An update rule; its memory is a dict of arrays, or of dicts of arrays by the name of the weight."""

    def init(self, params: Params) -> dict[str, Any]: ...

    def update(
        self, params: Params, gradient: Params, memory: dict[str, Any], learning_rate: Any
    ) -> tuple[Params, dict[str, Any]]: ...


class Engine(Protocol[Array]):
    """A framework as the game sees it."""

    name: str
    ops: Ops[Array]

    def array(self, x: Any) -> Array:
        """A NumPy array as an engine's array on its device; floats get the engine's precision."""
        ...

    def numpy(self, x: Array) -> Any:
        """An engine's array as a NumPy array."""
        ...

    def grad(self, loss: Callable[[Params], tuple[Array, dict]], params: Params) -> tuple[Params, dict]:
        """The gradient of the value of `loss(params) -> (value, info)`, and `info`, both as constants."""
        ...

    def input_grad(self, score: Callable[[Array], Array], rows: Array) -> Array:
        """The gradient of each row's score with respect to the row; it can be differentiated again."""
        ...

    def with_slopes(
        self, outputs: Callable[..., tuple[Array, ...]], *rows: Array
    ) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """`outputs(*rows)`, each [batch, units], and the gradients of their first columns by the rows, as constants.

        The outputs can be differentiated. Each row of an output may depend on its own row alone.
        """
        ...

    def repeat(self, body: Callable, state: Any, inputs: tuple) -> tuple[Any, dict]:
        """The last state and info of `state, info = body(state, *drawn)` over the first axis of the inputs."""
        ...

    def run(self, function: Callable, game: Any, *arrays: Any, uses_up: bool = False) -> Any:
        """`function(game, *arrays)`, compiled once for each game if that is faster.

        With `uses_up` the first of `arrays` may not be used afterwards.
        """
        ...

    def run_parts(self, function: Callable, game: Any, *arrays: Any, alone: bool) -> Any:
        """`function(game, *arrays)` for a function that calls `run` itself for each of its parts.

        The first of `arrays` may not be used afterwards. `alone` says that no other process takes part.
        """
        ...

    def of_shard(self, tree: Any, number: int, among: int) -> Any:
        """The arrays on the device that computes shard `number` of `among` shards."""
        ...

    def add(self, first: Any, second: Any) -> Any:
        """The sums of the arrays of two trees, of which the first may not be used afterwards."""
        ...

    def flat(self, tree: Any) -> Any:
        """All numbers of a tree of arrays as one NumPy array or tensor that processes can exchange."""
        ...

    def unflat(self, numbers: Any, like: Any) -> Any:
        """The inverse of `flat`, for a tree of the shapes of `like`."""
        ...

    def optimiser(self, name: str, beta1: float, beta2: float) -> Optimiser:
        """Adam or RMSProp with torch's meaning of every number."""
        ...
