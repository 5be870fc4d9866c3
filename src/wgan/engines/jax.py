"""The JAX engine: XLA compiles whole iterations; optax's optimisers take hyper-parameters with torch's meaning."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from wgan.engines import exchange
from wgan.errors import WganError, setting
from wgan.game import engine as protocol
from wgan.game.layers import EPSILON

Array = jax.Array
Params = dict[str, Array]


def _patches(x: Array, kernel: int, stride: int, pads: tuple[int, ...]) -> Array:
    """The patch that each place of a convolution sees, the last axis first: [n, *space, kernel^axes * channels]."""
    x = jnp.pad(x, ((0, 0), *((p, p) for p in pads), (0, 0)))
    for axis in range(1, x.ndim - 1):
        last = (x.shape[axis] - kernel) // stride * stride + 1
        starts = (jax.lax.slice_in_dim(x, i, i + last, stride, axis) for i in range(kernel))
        x = jnp.concatenate([*starts], -1)
    return x


class Ops:
    """Array functions on [batch, *space, channels] with no, one, two or three axes of space."""

    def __init__(self, product: Any, on_cpu: bool):
        self.product = product
        self.precision = None if product else jax.lax.Precision.HIGHEST  # a GPU's default for float32 is TF32
        # On a CPU the second derivatives of a penalty take 4 times as long by XLA's convolution as by patches.
        self.correlate = self._correlate_patches if on_cpu else self._correlate

    def _in_product_dtype(self, *arrays: Array) -> tuple[Array, ...]:
        return tuple(a.astype(self.product) for a in arrays) if self.product else arrays

    def _correlate(self, x: Array, weight: Array, stride: int, pads: tuple[int, ...]) -> Array:
        edges, axes = [(p, p) for p in pads], "DHW"[-len(pads) :]
        layout = f"N{axes}C", f"OI{axes}", f"N{axes}C"
        return jax.lax.conv_general_dilated(
            x,
            weight,
            [stride] * len(pads),
            edges,
            dimension_numbers=layout,
            feature_group_count=x.shape[-1] // weight.shape[1],
            precision=self.precision,
        )

    def _correlate_patches(self, x: Array, weight: Array, stride: int, pads: tuple[int, ...]) -> Array:
        out, each, kernel = weight.shape[:3]
        groups = x.shape[-1] // each
        if groups > 1:  # side by side: [n, *space, taps, groups, each] times [taps, each, out / groups] of each group
            found = _patches(x, kernel, stride, pads)
            found = found.reshape(*found.shape[:-1], -1, groups, each)
            weight = weight.reshape(groups, out // groups, *weight.shape[1:])
            weight = weight.transpose(0, *range(weight.ndim)[:2:-1], 2, 1).reshape(groups, -1, each, out // groups)
            found = jnp.einsum("...tgi,gtio->...go", found, weight, precision=self.precision)
            return found.reshape(*found.shape[:-2], out)
        weight = weight.transpose(*range(weight.ndim)[::-1]).reshape(-1, out)
        return jnp.matmul(_patches(x, kernel, stride, pads), weight, precision=self.precision)

    def dense(self, x: Array, weight: Array, bias: Array) -> Array:
        low, weight = self._in_product_dtype(x, weight)
        return jnp.matmul(low, weight.T, precision=self.precision).astype(x.dtype) + bias

    def conv(self, x: Array, weight: Array, bias: Array, stride: int, pads: tuple[int, ...]) -> Array:
        low, weight = self._in_product_dtype(x, weight)
        return self.correlate(low, weight, stride, pads).astype(x.dtype) + bias

    def conv_transpose(
        self, x: Array, weight: Array, bias: Array, stride: int, pads: tuple[int, ...], size: tuple[int, ...]
    ) -> Array:
        low, weight = self._in_product_dtype(x, weight)
        maps = jax.ShapeDtypeStruct((x.shape[0], *size, weight.shape[1]), low.dtype)
        transpose = jax.linear_transpose(lambda y: self.correlate(y, weight, stride, pads), maps)
        return transpose(low)[0].astype(x.dtype) + bias

    def batch_norm(self, x: Array, scale: Array, bias: Array) -> Array:
        mean, variance = self.moments(x)
        return (x - mean) * jax.lax.rsqrt(variance + EPSILON) * scale + bias

    def moments(self, x: Array) -> tuple[Array, Array]:
        """The mean and the variance of each channel."""
        axes = tuple(range(x.ndim - 1))
        return x.mean(axes), x.var(axes)

    def layer_norm(self, x: Array) -> Array:
        axes = tuple(range(1, x.ndim))
        centred = x - x.mean(axes, keepdims=True)
        return centred * jax.lax.rsqrt((centred * centred).mean(axes, keepdims=True) + EPSILON)

    def leaky_relu(self, x: Array, slope: float) -> Array:
        return jnp.where(x > 0, x, slope * x)

    def relu(self, x: Array) -> Array:
        return self.leaky_relu(x, 0.0)

    def softmax(self, x: Array, sizes: tuple[int, ...]) -> Array:
        """A softmax over each of the last groups of channels, which have these sizes."""
        starts = np.cumsum([x.shape[-1] - sum(sizes), *sizes])[:-1]
        numbers, *groups = jnp.split(x, starts, -1)
        return jnp.concatenate([numbers, *(jax.nn.softmax(group, -1) for group in groups)], -1)

    def spread(self, x: Array, sizes: tuple[int, ...]) -> Array:
        """Each channel so many times as its size says."""
        return jnp.repeat(x, np.array(sizes), axis=-1, total_repeat_length=sum(sizes))

    def matmul(self, x: Array, y: Array) -> Array:
        """The product of two matrices in the precision of the weights; the default on a GPU is TF32."""
        return jnp.matmul(x, y, precision=jax.lax.Precision.HIGHEST)

    def transpose(self, x: Array, order: tuple[int, ...]) -> Array:
        return x.transpose(order)

    def eye(self, like: Array) -> Array:
        return jnp.eye(like.shape[-1], dtype=like.dtype)

    def concatenate(self, *batches: Array) -> Array:
        return jnp.concatenate(batches)

    def beside(self, *arrays: Array) -> Array:
        return jnp.concatenate(arrays, -1)

    def lerp(self, start: Array, end: Array, weight: Any) -> Array:
        return start + weight * (end - start)

    def clip(self, x: Array, low: float, high: float) -> Array:
        return jnp.clip(x, low, high)

    def softplus(self, x: Array) -> Array:
        return jnp.logaddexp(x, 0)

    def groupsort(self, x: Array) -> Array:
        """Each pair of neighbouring features as (larger, smaller)."""
        first, second = x[..., ::2], x[..., 1::2]
        return jnp.stack((jnp.maximum(first, second), jnp.minimum(first, second)), -1).reshape(x.shape)

    def largest(self, x: Array) -> Array:
        """The largest feature, as an axis of length 1."""
        return x.max(-1, keepdims=True)

    def upsample(self, x: Array) -> Array:
        """The map with each place repeated twice along each axis."""
        for axis in range(1, x.ndim - 1):
            x = x.repeat(2, axis)
        return x

    def mean_pool(self, x: Array) -> Array:
        """The mean of each block of size 2, or of its part inside the map, which gives a size of ceil(size / 2)."""
        space = x.shape[1:-1]
        within = tuple(range(2, 2 * len(space) + 1, 2))  # the axes inside the blocks

        def blocks(y: Array) -> Array:
            y = jnp.pad(y, ((0, 0), *((0, size % 2) for size in space), (0, 0)))
            halves = [part for size in y.shape[1:-1] for part in (size // 2, 2)]
            return y.reshape(len(y), *halves, y.shape[-1]).sum(within)

        return blocks(x) / blocks(jnp.ones((1, *space, 1), x.dtype))

    log = staticmethod(jnp.log)
    sign = staticmethod(jnp.sign)
    log1p = staticmethod(jnp.log1p)
    exp = staticmethod(jnp.exp)
    expm1 = staticmethod(jnp.expm1)
    tanh = staticmethod(jnp.tanh)
    sqrt = staticmethod(jnp.sqrt)


class Adam:
    """optax's Adam (Kingma and Ba 2015) with epsilon outside the root, as in torch."""

    def __init__(self, beta1: float, beta2: float):
        self.rule = optax.scale_by_adam(beta1, beta2, eps=1e-8, eps_root=0.0)

    def init(self, params: Params) -> dict[str, Any]:
        _, mean, mean_square = self.rule.init(params)
        # copies, because optax may share one zero between the two, and the next step uses up its arrays
        copy = partial(jax.tree.map, lambda x: jnp.array(x, copy=True))
        return {"count": jnp.zeros((), jnp.int32), "mean": copy(mean), "mean_square": copy(mean_square)}

    def update(
        self, params: Params, gradient: Params, memory: dict[str, Any], learning_rate: Any
    ) -> tuple[Params, dict[str, Any]]:
        state = optax.ScaleByAdamState(memory["count"], memory["mean"], memory["mean_square"])
        direction, (count, mean, mean_square) = self.rule.update(gradient, state)
        return _descend(params, direction, learning_rate), {"count": count, "mean": mean, "mean_square": mean_square}


class RMSProp:
    """optax's RMSProp (Tieleman and Hinton 2012) with epsilon outside the root, as in torch."""

    def __init__(self, beta2: float):
        self.rule = optax.scale_by_rms(beta2, eps=1e-8, eps_in_sqrt=False)

    def init(self, params: Params) -> dict[str, Any]:
        return {"mean_square": {name: jnp.zeros_like(p) for name, p in params.items()}}

    def update(
        self, params: Params, gradient: Params, memory: dict[str, Any], learning_rate: Any
    ) -> tuple[Params, dict[str, Any]]:
        direction, state = self.rule.update(gradient, optax.ScaleByRmsState(memory["mean_square"]))
        return _descend(params, direction, learning_rate), {"mean_square": state.nu}


def _descend(params: Params, direction: Params, learning_rate: Any) -> Params:
    return {name: p - learning_rate * direction[name] for name, p in params.items()}


class JaxEngine:
    """The JAX engine on the first device of a kind, with the shards of a batch on all of them."""

    name = "jax"

    def __init__(self, precision: str, device: str = "auto"):
        if precision == "float64":
            jax.config.update("jax_enable_x64", True)  # JAX allows float64 only for the whole process
        self.dtype = jnp.float64 if precision == "float64" else jnp.float32
        self.devices = devices_of(device)
        self.device = self.devices[0]
        self.home = self.device if device != "auto" else None  # None is where JAX puts arrays by itself
        self.ops: protocol.Ops[Array] = Ops(
            jnp.bfloat16 if precision == "bfloat16" else None, self.device.platform == "cpu"
        )
        self._compiled: dict[tuple, tuple] = {}

    def array(self, x: Any) -> Array:
        x = np.asarray(x)
        kind = self.dtype if np.issubdtype(x.dtype, np.floating) else jnp.int32
        return jnp.array(x, kind, copy=True, device=self.home)

    def numpy(self, x: Array) -> np.ndarray:
        copy = np.array(x)  # a copy, since the next step may use up the array
        return copy.astype(np.int64) if np.issubdtype(copy.dtype, np.integer) else copy

    def grad(self, loss: Callable[[Params], tuple[Array, dict]], params: Params) -> tuple[Params, dict]:
        return jax.grad(loss, has_aux=True)(params)

    def input_grad(self, score: Callable[[Array], Array], rows: Array) -> Array:
        return jax.grad(lambda x: score(x).sum())(rows)

    def with_slopes(
        self, outputs: Callable[..., tuple[Array, ...]], *rows: Array
    ) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        found, back = jax.vjp(outputs, *rows)
        first = tuple(jnp.zeros_like(y).at[:, 0].set(1) for y in found)
        return found, jax.lax.stop_gradient(back(first))

    def optimiser(self, name: str, beta1: float, beta2: float) -> Adam | RMSProp:
        return Adam(beta1, beta2) if name == "adam" else RMSProp(beta2)

    def repeat(self, body: Callable, state: Any, inputs: tuple) -> tuple[Any, dict]:
        if len(inputs[0]) == 1:
            return body(state, *(x[0] for x in inputs))
        # a loop: five unrolled critic steps of a CNN ran a third longer and took twice as long to compile
        state, infos = jax.lax.scan(lambda state, drawn: body(state, *drawn), state, inputs)
        return state, {name: values[-1] for name, values in infos.items()}

    def run(self, function: Callable, game: Any, *arrays: Any, uses_up: bool = False) -> Any:
        key = (function, id(game))
        if key not in self._compiled:
            donated = (0,) if uses_up else ()
            self._compiled[key] = game, jax.jit(partial(function, game), donate_argnums=donated)
        # floats get the engine's precision, whatever jax_enable_x64 is
        return self._compiled[key][1](*(jnp.asarray(a, self.dtype) if isinstance(a, float) else a for a in arrays))

    def run_parts(self, function: Callable, game: Any, *arrays: Any, alone: bool) -> Any:
        # Not compiled as one: XLA could fuse a shard with the next, and round otherwise where it is alone.
        return function(game, *arrays)

    def of_shard(self, tree: Any, number: int, among: int) -> Any:
        used = max(n for n in range(1, min(among, len(self.devices)) + 1) if among % n == 0)
        if len(self.devices) == 1:
            return tree
        return jax.device_put(tree, jax.sharding.SingleDeviceSharding(self.devices[number * used // among]))

    def add(self, first: Any, second: Any) -> Any:
        return _add(first, second)

    def flat(self, tree: Any) -> np.ndarray:
        return np.concatenate([np.asarray(x).ravel() for x in jax.tree.leaves(tree)])

    def unflat(self, numbers: Any, like: Any) -> Any:
        leaves, structure = jax.tree.flatten(like)
        parts = np.split(np.asarray(numbers), np.cumsum([x.size for x in leaves])[:-1])
        return jax.tree.unflatten(
            structure, [self.array(p.reshape(x.shape)) for p, x in zip(parts, leaves, strict=True)]
        )


@jax.jit
def _add(first: Any, second: Any) -> Any:
    return jax.tree.map(jnp.add, first, second)


def devices_of(name: str) -> list[jax.Device]:
    """The devices that a name stands for: `auto` is JAX's own choice, a number is one device alone.

    Where a launcher starts several processes on a machine, each has one device.
    """
    kind, _, number = name.partition(":")
    try:
        found = jax.local_devices(backend=None if kind == "auto" else kind)
    except RuntimeError:
        known = sorted({device.platform for device in jax.local_devices()} | {"cpu"})
        raise WganError(
            f"device is {name}, but JAX {jax.__version__} finds only {' and '.join(known)} here; use "
            f"{setting('device', 'cpu')}."
        ) from None
    if number and int(number) >= len(found):
        raise WganError(
            f"device is {name}, but JAX finds {len(found)} {kind} devices, numbered from 0; use a lower one."
        )
    if exchange.told("LOCAL_WORLD_SIZE", 1) > 1 and not number:
        number = str(exchange.told("LOCAL_RANK", 0) % len(found))
    return [found[int(number)]] if number else found


def engine(precision: str, device: str = "auto") -> protocol.Engine[Array]:
    """The JAX engine that computes products in this precision, on this device."""
    return JaxEngine(precision, device)
