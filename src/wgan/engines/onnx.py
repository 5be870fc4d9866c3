"""ONNX: `ops` that record each call as a node, so that `layers.apply_layers` builds the graph of a network."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from wgan.errors import WganError
from wgan.game import engine as protocol
from wgan.game.layers import EPSILON

OPSET = 18
IR_VERSION = 8  # the file format of this opset's time, which onnxruntime 1.18 and older can read


def _operator(kind: str, swapped: bool = False) -> Any:
    def method(value: "Value", other: Any) -> "Value":
        return value.graph.binary(kind, other, value) if swapped else value.graph.binary(kind, value, other)

    return method


class Value:
    """An array in the graph: its name, its shape (-1 stands for the number of rows) and its dtype."""

    __array_ufunc__ = None  # with this, NumPy leaves `array - value` to the methods below

    def __init__(self, graph: "Graph", name: str, shape: tuple[int, ...], dtype: Any):
        self.graph, self.name, self.shape, self.dtype = graph, name, shape, np.dtype(dtype)

    __add__, __radd__ = _operator("Add"), _operator("Add", swapped=True)
    __sub__, __rsub__ = _operator("Sub"), _operator("Sub", swapped=True)
    __mul__, __rmul__ = _operator("Mul"), _operator("Mul", swapped=True)
    __truediv__, __rtruediv__ = _operator("Div"), _operator("Div", swapped=True)
    __pow__ = _operator("Pow")

    def __matmul__(self, other: Any) -> "Value":
        other = other if isinstance(other, Value) else self.graph.constant(np.asarray(other, self.dtype))
        return self.graph.add("MatMul", [self, other], (*self.shape[:-1], other.shape[-1]))

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def T(self) -> "Value":
        return self.transpose(*reversed(range(self.ndim)))

    def reshape(self, *shape: Any) -> "Value":
        shape = tuple(shape[0]) if isinstance(shape[0], tuple | list) else shape
        return self.graph.add("Reshape", [self, np.array(shape, np.int64)], shape)

    def transpose(self, *order: int) -> "Value":
        return self.graph.add("Transpose", [self], tuple(self.shape[axis] for axis in order), perm=order)

    def mean(self, axes: int | tuple[int, ...], keepdims: bool = False) -> "Value":
        return self._reduced("ReduceMean", axes, keepdims)

    def sum(self, axes: int | tuple[int, ...] | None = None, keepdims: bool = False) -> "Value":
        return self._reduced("ReduceSum", tuple(range(self.ndim)) if axes is None else axes, keepdims)

    def max(self, axes: int | tuple[int, ...], keepdims: bool = False) -> "Value":
        return self._reduced("ReduceMax", axes, keepdims)

    def _reduced(self, kind: str, axes: int | tuple[int, ...], keepdims: bool) -> "Value":
        axes = tuple(axis % self.ndim for axis in np.atleast_1d(axes))
        reduced = tuple(1 if axis in axes else size for axis, size in enumerate(self.shape))
        shape = reduced if keepdims else tuple(size for axis, size in enumerate(self.shape) if axis not in axes)
        return self.graph.add(kind, [self, np.array(axes, np.int64)], shape, keepdims=int(keepdims))

    def astype(self, dtype: Any) -> "Value":
        return self.graph.add("Cast", [self], self.shape, dtype, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def __getitem__(self, items: Any) -> "Value":
        """A slice with positive steps along any axis except the rows."""
        items = items if isinstance(items, tuple) else (items,)
        if Ellipsis in items:
            at = items.index(Ellipsis)
            items = (*items[:at], *[slice(None)] * (self.ndim - len(items) + 1), *items[at + 1 :])
        wanted = {axis: item for axis, item in enumerate(items) if item != slice(None)}
        if 0 in wanted or not all(isinstance(item, slice) and (item.step or 1) > 0 for item in wanted.values()):
            raise WganError(f"a layer takes rows{list(items)}, which export cannot write; use slices of features.")
        ends = {axis: item.indices(self.shape[axis]) for axis, item in wanted.items()}
        shape = tuple(len(range(*ends[axis])) if axis in ends else size for axis, size in enumerate(self.shape))
        starts, stops, steps = (np.array(part, np.int64) for part in zip(*ends.values(), strict=True))
        return self.graph.add("Slice", [self, starts, stops, np.array([*ends], np.int64), steps], shape)


class Graph:
    """The nodes and constants recorded so far."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[TensorProto] = []

    def constant(self, array: Any, name: str = "") -> Value:
        array = np.asarray(array)
        name = name or f"constant.{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name))
        return Value(self, name, array.shape, array.dtype)

    def add(self, kind: str, inputs: list[Any], shape: tuple[int, ...], dtype: Any = None, **attributes: Any) -> Value:
        """Record a node; its output has this shape and, unless `dtype` is given, the dtype of its first input."""
        values = [value if isinstance(value, Value) else self.constant(value) for value in inputs]
        name = f"{kind}.{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [value.name for value in values], [name], name, **attributes))
        return Value(self, name, shape, dtype or values[0].dtype)

    def binary(self, kind: str, first: Any, second: Any) -> Value:
        dtype = (first if isinstance(first, Value) else second).dtype
        one, two = (x if isinstance(x, Value) else self.constant(np.asarray(x, dtype)) for x in (first, second))
        return self.add(kind, [one, two], broadcast(one.shape, two.shape))

    def model(self, inputs: list[Value], outputs: dict[str, Value], metadata: dict[str, str]) -> ModelProto:
        """The whole graph as an ONNX model with these outputs by name; their first axis may have any length."""

        def described(name: str, value: Value) -> Any:
            shape: list[str | int | None] = ["rows", *value.shape[1:]]
            return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), shape)

        named = [helper.make_node("Identity", [value.name], [name], name) for name, value in outputs.items()]
        graph = helper.make_graph(
            [*self.nodes, *named],
            "generator",
            [described(value.name, value) for value in inputs],
            [described(name, value) for name, value in outputs.items()],
            self.constants,
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="wgan")
        helper.set_model_props(model, metadata)
        return model


def broadcast(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the sum of two arrays; -1 stands for the number of rows."""
    longest = max(len(first), len(second))
    pairs = zip(*((1,) * (longest - len(shape)) + shape for shape in (first, second)), strict=True)
    return tuple(b if a == 1 else a for a, b in pairs)


class Ops:
    """The engines' array functions on [rows, *space, channels], as nodes of a graph.

    ONNX stores maps as [rows, channels, *space]; the program that runs the graph drops the pairs of
    transpositions in between.
    """

    def __init__(self, graph: Graph):
        self.graph = graph

    def _unary(self, kind: str, x: Value) -> Value:
        """The ONNX function `kind` of one array."""
        return self.graph.add(kind, [x], x.shape)

    def relu(self, x: Value) -> Value:
        return self._unary("Relu", x)

    def tanh(self, x: Value) -> Value:
        return self._unary("Tanh", x)

    def exp(self, x: Value) -> Value:
        return self._unary("Exp", x)

    def expm1(self, x: Value) -> Value:
        return self.exp(x) - 1.0

    def sqrt(self, x: Value) -> Value:
        return self._unary("Sqrt", x)

    def softplus(self, x: Value) -> Value:
        return self._unary("Softplus", x)

    def round(self, x: Value) -> Value:
        return self._unary("Round", x)

    def lerp(self, start: Value, end: Value, weight: Any) -> Value:
        return start + (end - start) * weight

    def transpose(self, x: Value, order: tuple[int, ...]) -> Value:
        return x.transpose(*order)

    def eye(self, like: Value) -> Value:
        return self.graph.constant(np.eye(like.shape[-1], dtype=like.dtype))

    def concatenate(self, *batches: Value) -> Value:
        return self.graph.add("Concat", list(batches), (-1, *batches[0].shape[1:]), axis=0)

    def beside(self, *arrays: Value) -> Value:
        shape = (*arrays[0].shape[:-1], sum(one.shape[-1] for one in arrays))
        return self.graph.add("Concat", list(arrays), shape, axis=arrays[0].ndim - 1)

    def sign(self, x: Value) -> Value:
        return self._unary("Sign", x)

    def log(self, x: Value) -> Value:
        return self._unary("Log", x)

    def log1p(self, x: Value) -> Value:
        return self._unary("Log", x + 1.0)

    def moments(self, x: Value) -> tuple[Value, Value]:
        axes = tuple(range(x.ndim - 1))
        mean = x.mean(axes, keepdims=True)
        centred = x - mean
        return mean, (centred * centred).mean(axes, keepdims=True)

    def batch_norm(self, x: Value, scale: Value, bias: Value) -> Value:
        mean, variance = self.moments(x)
        return (x - mean) / self.sqrt(variance + EPSILON) * scale + bias

    def dense(self, x: Value, weight: Value, bias: Value) -> Value:
        return self.graph.add("Gemm", [x, weight, bias], (x.shape[0], weight.shape[0]), transB=1)

    def conv(self, x: Value, weight: Value, bias: Value, stride: int, pads: tuple[int, ...]) -> Value:
        kernel = weight.shape[2]
        size = tuple((n + 2 * p - kernel) // stride + 1 for n, p in zip(x.shape[1:-1], pads, strict=True))
        settings: dict[str, Any] = {"strides": [stride] * len(pads), "pads": [*pads, *pads]}
        if (groups := x.shape[-1] // weight.shape[1]) > 1:
            settings["group"] = groups
        return self._maps("Conv", [x, weight, bias], (*size, weight.shape[0]), **settings)

    def conv_transpose(
        self, x: Value, weight: Value, bias: Value, stride: int, pads: tuple[int, ...], size: tuple[int, ...]
    ) -> Value:
        kernel = weight.shape[2]
        least = [(n - 1) * stride - 2 * p + kernel for n, p in zip(x.shape[1:-1], pads, strict=True)]
        more = [s - n for s, n in zip(size, least, strict=True)]
        settings = {"strides": [stride] * len(pads), "pads": [*pads, *pads], "output_padding": more}
        return self._maps("ConvTranspose", [x, weight, bias], (*size, weight.shape[1]), **settings)

    def matmul(self, x: Value, y: Value) -> Value:
        return x @ y

    def layer_norm(self, x: Value) -> Value:
        axes = tuple(range(1, x.ndim))
        centred = x - x.mean(axes, keepdims=True)
        return centred / self.sqrt((centred * centred).mean(axes, keepdims=True) + EPSILON)

    def leaky_relu(self, x: Value, slope: float) -> Value:
        return self.graph.add("LeakyRelu", [x], x.shape, alpha=slope)

    def groupsort(self, x: Value) -> Value:
        """Each pair of neighbouring features as (larger, smaller)."""
        first, second = x[..., ::2], x[..., 1::2]
        pairs = [self.graph.add(kind, [first, second], first.shape) for kind in ("Max", "Min")]
        stacked = [pair.reshape(*pair.shape, 1) for pair in pairs]
        return self.graph.add("Concat", stacked, (*first.shape, 2), axis=x.ndim).reshape(*x.shape)

    def largest(self, x: Value) -> Value:
        """The largest feature, as an axis of length 1."""
        return x.max(-1, keepdims=True)

    def upsample(self, x: Value) -> Value:
        """The map with each place repeated twice along each axis."""
        space = x.shape[1:-1]
        size = *(2 * one for one in space), x.shape[-1]
        nearest = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        empty = np.zeros(0, np.float32)
        return self._maps("Resize", [x, empty, np.array([1, 1, *[2] * len(space)], np.float32)], size, **nearest)

    def mean_pool(self, x: Value) -> Value:
        """The mean of each block of size 2, or of its part inside the map, which gives a size of ceil(size / 2)."""
        space = x.shape[1:-1]
        size = *((one + 1) // 2 for one in space), x.shape[-1]
        settings = {"kernel_shape": [min(2, one) for one in space], "strides": [2] * len(space), "ceil_mode": 1}
        return self._maps("AveragePool", [x], size, **settings)

    def softmax(self, x: Value, sizes: tuple[int, ...]) -> Value:
        """A softmax over each of the last groups of channels, which have these sizes."""
        starts, last = np.cumsum([x.shape[-1] - sum(sizes), *sizes]), x.ndim - 1
        parts = [x[..., : starts[0]]] if starts[0] else []
        for start, end in pairwise(starts):
            parts.append(self.graph.add("Softmax", [x[..., start:end]], (*x.shape[:-1], end - start), axis=last))
        return self.graph.add("Concat", parts, x.shape, axis=last)

    def spread(self, x: Value, sizes: tuple[int, ...]) -> Value:
        """Each channel so many times as its size says."""
        parts = [part for at, size in enumerate(sizes) for part in [x[..., at : at + 1]] * size]
        return self.graph.add("Concat", parts, (*x.shape[:-1], sum(sizes)), axis=x.ndim - 1)

    def one_hot(self, codes: Value, count: int) -> Value:
        """Codes [rows] as one-hot float32 [rows, count]."""
        on = np.array([0, 1], np.float32)
        return self.graph.add("OneHot", [codes, np.array(count, np.int64), on], (-1, count), np.float32, axis=1)

    def clip(self, x: Value, low: float, high: float) -> Value:
        return self.graph.add("Clip", [x, x.dtype.type(low), x.dtype.type(high)], x.shape)

    def _maps(self, kind: str, inputs: list[Any], size: tuple[int, ...], **attributes: Any) -> Value:
        """A node on [rows, channels, *space] whose input and output are [rows, *space, channels]."""
        x, *others = inputs
        last = x.ndim - 1
        node = partial(self.graph.add, kind, [x.transpose(0, last, *range(1, last)), *others])
        return node((-1, size[-1], *size[:-1]), **attributes).transpose(0, *range(2, x.ndim), 1)


_checked_by_mypy: Callable[[Graph], protocol.Ops[Value]] = Ops
