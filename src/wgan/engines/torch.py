"""The torch engine: eager, since a penalty needs a double backward, which `torch.compile` lacks (pytorch #91469)."""

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch.optim.adam import adam
from torch.optim.rmsprop import rmsprop

from wgan.engines import exchange, folding
from wgan.errors import WganError, setting
from wgan.game import engine as protocol
from wgan.game.layers import EPSILON

Tensor = torch.Tensor
Params = dict[str, Tensor]


CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}  # by the axes of space
CONV_TRANSPOSE = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
MEAN_POOL = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


def _channels_first(x: Tensor) -> Tensor:
    """Rows [batch, *space, channels] as [batch, channels, *space] without a copy; torch calls it channels-last."""
    return x.movedim(-1, 1)


def _channels_last(x: Tensor) -> Tensor:
    return x.movedim(1, -1)


class Ops:
    """Array functions on [batch, *space, channels] with no, one, two or three axes of space."""

    def __init__(self, product: torch.dtype | None):
        self.product = product

    def _in_product_dtype(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        return tuple(t.to(self.product) for t in tensors) if self.product else tensors

    def dense(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        if not self.product:
            return F.linear(x, weight, bias)
        x, weight = self._in_product_dtype(x, weight)
        return F.linear(x, weight).float() + bias

    def conv(self, x: Tensor, weight: Tensor, bias: Tensor, stride: int, pads: tuple[int, ...]) -> Tensor:
        groups, added = x.shape[-1] // weight.shape[1], None if self.product else bias
        x, weight = self._in_product_dtype(x, weight)
        if folding.folds(x.shape[-1], weight, stride, pads, x.shape[1:-1]):
            y = folding.conv(x, weight, added)
        else:
            y = _channels_last(CONV[len(pads)](_channels_first(x), weight, added, stride, pads, groups=groups))
        return y.float() + bias if self.product else y

    def conv_transpose(
        self, x: Tensor, weight: Tensor, bias: Tensor, stride: int, pads: tuple[int, ...], size: tuple[int, ...]
    ) -> Tensor:
        least = [(n - 1) * stride - 2 * p + k for n, p, k in zip(x.shape[1:-1], pads, weight.shape[2:], strict=True)]
        more, added = [s - n for s, n in zip(size, least, strict=True)], None if self.product else bias
        x, weight = self._in_product_dtype(x, weight)
        if folding.folds(weight.shape[1], weight, stride, pads, size) and not any(more):
            y = folding.conv_transpose(x, weight, added)
        else:
            y = _channels_last(CONV_TRANSPOSE[len(pads)](_channels_first(x), weight, added, stride, pads, more))
        return y.float() + bias if self.product else y

    def batch_norm(self, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
        return _channels_last(F.batch_norm(_channels_first(x), None, None, scale, bias, training=True, eps=EPSILON))

    def moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The mean and the variance of each channel."""
        x = x.reshape(-1, x.shape[-1])
        return x.mean(0), x.var(0, correction=0)

    def layer_norm(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, x.shape[1:], eps=EPSILON)

    def leaky_relu(self, x: Tensor, slope: float) -> Tensor:
        # This is a product with a constant, because the second derivative of F.leaky_relu is a tensor of zeros. A
        # penalty would carry the zeros back through the whole network: a sixth of the products of a critic step.
        with torch.no_grad():
            factor = (x > 0).to(x.dtype)
            if slope:
                factor.mul_(1 - slope).add_(slope)
        return x * factor

    def relu(self, x: Tensor) -> Tensor:
        return self.leaky_relu(x, 0.0)

    def groupsort(self, x: Tensor) -> Tensor:
        """Each pair of neighbouring features as (larger, smaller)."""
        first, second = x[..., ::2], x[..., 1::2]
        return torch.stack((torch.maximum(first, second), torch.minimum(first, second)), -1).reshape(x.shape)

    def largest(self, x: Tensor) -> Tensor:
        """The largest feature, as an axis of length 1."""
        return x.amax(-1, keepdim=True)

    def upsample(self, x: Tensor) -> Tensor:
        """The map with each place repeated twice along each axis."""
        return _channels_last(F.interpolate(_channels_first(x), scale_factor=2, mode="nearest"))

    def mean_pool(self, x: Tensor) -> Tensor:
        """The mean of each block of size 2, or of its part inside the map, which gives a size of ceil(size / 2)."""
        blocks = [min(2, size) for size in x.shape[1:-1]]  # torch refuses a block larger than the map
        return _channels_last(MEAN_POOL[x.ndim - 2](_channels_first(x), blocks, 2, ceil_mode=True))

    def softmax(self, x: Tensor, sizes: tuple[int, ...]) -> Tensor:
        """A softmax over each of the last groups of channels, which have these sizes."""
        numbers, *groups = x.split([x.shape[-1] - sum(sizes), *sizes], -1)
        # torch's softmax over few contiguous numbers takes seven times as long as over a first axis
        shares = [g.softmax(-1) if g.ndim == 2 else g.movedim(-1, 0).softmax(0).movedim(0, -1) for g in groups]
        return torch.cat([numbers, *shares], -1)

    def spread(self, x: Tensor, sizes: tuple[int, ...]) -> Tensor:
        """Each channel so many times as its size says."""
        parts = [x[..., at : at + 1].expand(*x.shape[:-1], size) for at, size in enumerate(sizes)]
        return torch.cat(parts, -1)

    def matmul(self, x: Tensor, y: Tensor) -> Tensor:
        """The product of two matrices in the precision of the weights."""
        return x @ y

    def clip(self, x: Tensor, low: float, high: float) -> Tensor:
        return x.clamp(low, high)

    def transpose(self, x: Tensor, order: tuple[int, ...]) -> Tensor:
        return x.permute(order)

    def eye(self, like: Tensor) -> Tensor:
        return torch.eye(like.shape[-1], dtype=like.dtype, device=like.device)

    def concatenate(self, *batches: Tensor) -> Tensor:
        return torch.cat(batches)

    def beside(self, *arrays: Tensor) -> Tensor:
        return torch.cat(arrays, -1)

    log = staticmethod(torch.log)
    sign = staticmethod(torch.sign)
    log1p = staticmethod(torch.log1p)
    exp = staticmethod(torch.exp)
    expm1 = staticmethod(torch.expm1)
    tanh = staticmethod(torch.tanh)
    softplus = staticmethod(F.softplus)
    sqrt = staticmethod(torch.sqrt)
    lerp = staticmethod(torch.lerp)


class Adam:
    """torch.optim's Adam (Kingma and Ba 2015); the caller keeps its memory."""

    def __init__(self, beta1: float, beta2: float):
        self.betas = beta1, beta2

    def init(self, params: Params) -> dict[str, Any]:
        zeros = {name: torch.zeros_like(p) for name, p in params.items()}
        other = {name: torch.zeros_like(p) for name, p in params.items()}
        # a whole number, which no precision rounds, on the device of the weights
        count = torch.zeros((), dtype=torch.int64, device=next(iter(params.values())).device)
        return {"count": count, "mean": zeros, "mean_square": other}

    @torch.no_grad()
    def update(
        self, params: Params, gradient: Params, memory: dict[str, Any], learning_rate: float
    ) -> tuple[Params, dict[str, Any]]:
        weights = list(params.values())
        count = memory["count"]
        counts = [count.float() for _ in weights]
        adam(
            weights,
            [gradient[name] for name in params],
            [memory["mean"][name] for name in params],
            [memory["mean_square"][name] for name in params],
            [],
            counts,
            fused=True,
            amsgrad=False,
            beta1=self.betas[0],
            beta2=self.betas[1],
            lr=learning_rate,
            weight_decay=0.0,
            eps=1e-8,
            maximize=False,
        )
        return params, {**memory, "count": count + 1}


class RMSProp:
    """torch.optim's RMSprop (Tieleman and Hinton 2012); the caller keeps its memory."""

    def __init__(self, beta2: float):
        self.beta2 = beta2

    def init(self, params: Params) -> dict[str, Any]:
        return {"mean_square": {name: torch.zeros_like(p) for name, p in params.items()}}

    @torch.no_grad()
    def update(
        self, params: Params, gradient: Params, memory: dict[str, Any], learning_rate: float
    ) -> tuple[Params, dict[str, Any]]:
        weights = list(params.values())
        # In a captured graph the learning rate is a tensor, which torch's rmsprop cannot read. So it moves zeros at a
        # learning rate of 1, and the moves are scaled below.
        captured = isinstance(learning_rate, Tensor)
        moved = [torch.zeros_like(w) for w in weights] if captured else weights
        rmsprop(
            moved,
            [gradient[name] for name in params],
            [memory["mean_square"][name] for name in params],
            [],
            [],
            [torch.zeros(()) for _ in weights],
            foreach=False,
            lr=1.0 if captured else learning_rate,
            alpha=self.beta2,
            eps=1e-8,
            weight_decay=0.0,
            momentum=0.0,
            centered=False,
        )
        if captured:
            torch._foreach_add_(weights, [step * learning_rate for step in moved])
        return params, memory


class TorchEngine:
    """The torch engine on one device."""

    name = "torch"

    def __init__(self, precision: str, device: str = "auto"):
        self.dtype = torch.float64 if precision == "float64" else torch.float32
        self.device = device_of(device, precision)
        self._captured: dict[tuple, _Graph] = {}
        if self.device.type == "cuda":
            torch.backends.cudnn.deterministic = True  # a resumed run must give the bytes of an unbroken one
            torch.backends.cudnn.allow_tf32 = False  # float32 means float32; bfloat16 is the fast choice
        self.ops: protocol.Ops[Tensor] = Ops(torch.bfloat16 if precision == "bfloat16" else None)

    def array(self, x: Any) -> Tensor:
        # A copy, since torch aligns its own memory and products of unaligned arrays round differently.
        x = torch.tensor(np.asarray(x), device=self.device)
        return x.to(self.dtype) if x.is_floating_point() else x

    def numpy(self, x: Tensor) -> np.ndarray:
        return x.detach().cpu().numpy()

    def grad(self, loss: Callable[[Params], tuple[Tensor, dict]], params: Params) -> tuple[Params, dict]:
        leaves = {name: p.detach().requires_grad_() for name, p in params.items()}
        value, info = loss(leaves)
        gradient = torch.autograd.grad(value, list(leaves.values()), materialize_grads=True)  # 0 for unused weights
        # CUDA's fused Adam refuses a gradient whose layout differs from the weight's, as it does in convolutions.
        found = {name: g.contiguous() for name, g in zip(leaves, gradient, strict=True)}
        return found, {name: v.detach() for name, v in info.items()}

    def input_grad(self, score: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
        rows = rows.detach().requires_grad_()
        return torch.autograd.grad(score(rows).sum(), rows, create_graph=True)[0]

    def with_slopes(
        self, outputs: Callable[..., tuple[Tensor, ...]], *rows: Tensor
    ) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        rows = tuple(x.detach().requires_grad_() for x in rows)
        found = outputs(*rows)
        return found, torch.autograd.grad([y[:, 0].sum() for y in found], rows, retain_graph=True)

    def optimiser(self, name: str, beta1: float, beta2: float) -> Adam | RMSProp:
        return Adam(beta1, beta2) if name == "adam" else RMSProp(beta2)

    def repeat(self, body: Callable, state: Any, inputs: tuple) -> tuple[Any, dict]:
        info: dict = {}
        for drawn in zip(*inputs, strict=True):
            state, info = body(state, *drawn)
        return state, info

    def run(self, function: Callable, game: Any, *arrays: Any, uses_up: bool = False) -> Any:
        # No graph in float64, since the fused Adam reads a learning rate from memory in float32.
        if not uses_up or self.device.type == "cpu" or self.dtype == torch.float64:
            return function(game, *arrays)
        key = function, id(game), *(tuple(leaf.shape) for leaf in _leaves(arrays[1]))
        if key not in self._captured:
            self._captured[key] = _Graph(function, game, arrays)
        return self._captured[key].replay(arrays)

    def run_parts(self, function: Callable, game: Any, *arrays: Any, alone: bool) -> Any:
        # processes meet in the middle of the function, which a captured graph cannot do
        return self.run(function, game, *arrays, uses_up=True) if alone else function(game, *arrays)

    def of_shard(self, tree: Any, number: int, among: int) -> Any:
        return tree

    @torch.no_grad()
    def add(self, first: Any, second: Any) -> Any:
        # Gradients in place, since the pages of new memory cost more than the sum. Two weights may share a gradient,
        # and a number that is logged may be a constant of somebody's.
        uses = Counter(x.data_ptr() for x in _leaves(first))
        first = _mapped(lambda x: x.clone() if x.ndim == 0 or uses[x.data_ptr()] > 1 else x, first)
        torch._foreach_add_(_leaves(first), _leaves(second))
        return first

    def flat(self, tree: Any) -> Tensor:
        return torch.cat([x.reshape(-1) for x in _leaves(tree)])

    def unflat(self, numbers: Any, like: Any) -> Any:
        parts = iter(numbers.split([x.numel() for x in _leaves(like)]))
        return _mapped(lambda x: next(parts).reshape(x.shape).clone(), like)


class _Graph:
    """A function captured as a CUDA graph, whose hundreds of kernels start as one; its arrays keep their addresses."""

    def __init__(self, function: Callable, game: Any, arrays: tuple):
        self.game = game  # kept alive, since its id is the key
        self.arrays = _mapped(
            lambda x: torch.tensor(x, device=game.engine.device) if isinstance(x, float) else x.clone(), arrays
        )
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):  # in a first run outside the graph the libraries set themselves up
            function(game, *_mapped(torch.clone, self.arrays))
        torch.cuda.current_stream().wait_stream(aside)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            after, self.info = function(game, *self.arrays)
            for kept, new in zip(_leaves(self.arrays[0]), _leaves(after), strict=True):
                kept.copy_(new)

    def replay(self, arrays: tuple) -> tuple[Any, dict]:
        for kept, new in zip(_leaves(self.arrays), _leaves(arrays), strict=True):
            if kept is not new:
                kept.fill_(new) if isinstance(new, float) else kept.copy_(new)
        self.graph.replay()
        return self.arrays[0], {name: value.clone() for name, value in self.info.items()}


def functions_of(module: torch.nn.Module) -> tuple[Callable, Callable]:
    """The functions (init, apply) of an `nn.Module` of your own, which starts from the weights that it has.

    The module gets rows with axes of space as [n, channels, *space]. Buffers and frozen weights are constants with the
    values that they have at this call.
    """
    module = deepcopy(module)
    trained = {name: w.detach().cpu().numpy() for name, w in module.named_parameters() if w.requires_grad}
    constants = {name: w.detach() for name, w in module.named_parameters() if not w.requires_grad}
    constants |= dict(module.named_buffers())
    placed: dict[tuple, Params] = {}

    def apply(weights: Params, x: Tensor) -> Tensor:
        key = x.device, x.dtype
        if key not in placed:
            placed[key] = {n: c.to(x.device, x.dtype if c.is_floating_point() else None) for n, c in constants.items()}
        y = torch.func.functional_call(module, {**weights, **placed[key]}, (_channels_first(x),))
        return _channels_last(y)

    return lambda rng, row: trained, apply


def _mapped(function: Callable, tree: Any) -> Any:
    """The same dicts and tuples with `function` applied to each leaf."""
    if isinstance(tree, dict):
        return {name: _mapped(function, part) for name, part in tree.items()}
    if tree is None:
        return None
    if isinstance(tree, tuple):
        parts = [_mapped(function, part) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
    return function(tree)


def _leaves(tree: Any) -> list[Any]:
    found: list[Any] = []
    _mapped(found.append, tree)
    return found


def device_of(name: str, precision: str = "float32") -> torch.device:
    """The device of this name; `auto` is the GPU of this process, or the CPU without one."""
    found, local = torch.cuda.device_count() if torch.cuda.is_available() else 0, exchange.told("LOCAL_RANK", 0)
    if name == "auto":
        return torch.device("cuda", local % found) if found else torch.device("cpu")
    kind, _, number = name.partition(":")
    if kind == "cuda" and not found:
        built = "finds no CUDA GPU" if torch.version.cuda else f"{torch.__version__} is built without CUDA"
        raise WganError(
            f"device is {name}, but torch {built}; use {setting('device', 'cpu')}, or install a torch with CUDA."
        )
    if kind == "cuda" and number and int(number) >= found:
        raise WganError(
            f"device is {name}, but torch finds {found} GPUs, numbered from 0; use "
            f"{setting('device', f'cuda:{found - 1}')}."
        )
    if kind == "cuda":
        return torch.device("cuda", int(number) if number else local % found)
    if kind == "mps" and not torch.backends.mps.is_available():
        raise WganError(
            f"device is mps, but torch finds no GPU of Apple's on this machine; use {setting('device', 'cpu')}."
        )
    if kind == "mps" and precision == "float64":
        raise WganError(
            f"device is mps, which has no float64; use {setting('device', 'cpu')} or {setting('precision', 'float32')}."
        )
    return torch.device(kind)


def engine(precision: str, device: str = "auto") -> protocol.Engine[Tensor]:
    """The torch engine that computes products in this precision, on this device."""
    return TorchEngine(precision, device)
