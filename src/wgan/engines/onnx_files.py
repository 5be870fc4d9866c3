"""What an ONNX file holds, read without running any of it, so that a hostile graph is refused before it is made.

onnxruntime opens the files that a graph names and makes arrays of whatever size it asks for. So the file may hold only
what `engines.onnx` writes: plain operators, no loops, all weights inside, and no array larger than the model explains.
"""

import math
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Shape = tuple[int, ...]  # -1 stands for the number of rows

TYPES = {1: "float32", 6: "int32", 7: "int64", 9: "bool", 10: "float16", 11: "float64"}
TYPES |= {2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 12: "uint32", 13: "uint64"}
SMALL = 64  # numbers of a constant that says a shape, axes or ends, at most


class Contents(NamedTuple):
    """The metadata, the inputs and outputs (type and shape), and how many numbers the nodes make for a row."""

    metadata: dict[str, str]
    inputs: dict[str, tuple[str, Shape]]
    outputs: dict[str, tuple[str, Shape]]
    made: int


class Tensor(NamedTuple):
    """A constant of the graph: its shape, and its values if they are few whole numbers or float32."""

    shape: Shape
    values: list[float] | None = None


def contents(data: bytes) -> Contents:
    """What a file of `wgan export` holds. Raises ValueError for all else, such as weights in other files."""
    model = _message(data)
    if 25 in model or 20 in model or len(model.get(7, [])) != 1:
        raise ValueError("it holds functions, or not one graph")
    graph = _message(model[7][0])
    if 15 in graph:
        raise ValueError("it holds sparse weights")
    entries = [_message(entry) for entry in model.get(14, [])]
    metadata = {_text(entry, 1): _text(entry, 2) for entry in entries}
    inputs, outputs = (dict(map(_described, graph.get(number, []))) for number in (11, 12))
    known: dict[str, Tensor] = {name: Tensor(shape) for name, (_, shape) in inputs.items()}
    for tensor in graph.get(5, []):
        known |= dict([_tensor(_message(tensor))])
    made = 0
    for node in graph.get(1, []):
        name, found = _node(_message(node), known)
        made += math.prod(max(size, 1) for size in found.shape)
        known[name] = found
    for name, (kind, _) in outputs.items():
        if name not in known:
            raise ValueError(f"its output {name} comes from nowhere")
        outputs[name] = (kind, known[name].shape)
    return Contents(metadata, inputs, outputs, made)


# The file: messages of numbered fields, as protobuf writes them.


def _message(data: Any) -> dict[int, list[Any]]:
    """The fields of a message by number: whole numbers, or the bytes of a text, a message or an array."""
    if not isinstance(data, bytes):
        raise ValueError("a message is missing")
    fields: dict[int, list[Any]] = {}
    at = 0
    while at < len(data):
        key, at = _whole(data, at)
        kind = key & 7
        value: int | bytes
        if kind == 0:
            value, at = _whole(data, at)
        elif kind in (1, 5):
            value, at = data[at : at + (8 if kind == 1 else 4)], at + (8 if kind == 1 else 4)
        elif kind == 2:
            size, at = _whole(data, at)
            value, at = data[at : at + size], at + size
        else:
            raise ValueError(f"a field has the kind {kind}")
        if at > len(data):
            raise ValueError("it ends within a field")
        fields.setdefault(key >> 3, []).append(value)
    return fields


def _whole(data: bytes, at: int) -> tuple[int, int]:
    """A whole number of 64 bits at a place in the bytes, and the place after it."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise ValueError("it ends within a number")
        value |= (data[at] & 127) << shift
        at += 1
        if data[at - 1] < 128:
            return value - (value >> 63 << 64), at
    raise ValueError("a number has more than 64 bits")


def _text(message: dict[int, list[Any]], number: int) -> str:
    found = message.get(number, [b""])[-1]
    if not isinstance(found, bytes):
        raise ValueError("a text is missing")
    return found.decode()


def _numbers(fields: list[Any]) -> list[int]:
    """Repeated whole numbers, each by itself or packed."""
    found: list[int] = []
    for field in fields:
        if isinstance(field, int):
            found.append(field)
            continue
        at = 0
        while at < len(field):
            value, at = _whole(field, at)
            found.append(value)
    return found


def _described(data: Any) -> tuple[str, tuple[str, Shape]]:
    """The name, type and shape of an input or output."""
    info = _message(data)
    tensor = _message(_message(info.get(2, [b""])[0]).get(1, [b""])[0])
    dims = [_message(dim) for dim in _message(tensor.get(2, [b""])[0]).get(1, [])]
    shape = tuple(int(dim[1][0]) if 1 in dim else -1 for dim in dims)
    return _text(info, 1), (TYPES.get(tensor.get(1, [0])[0], "unknown"), shape)


def _tensor(tensor: dict[int, list[Any]]) -> tuple[str, Tensor]:
    """The name and contents of a constant; its numbers must be in the file."""
    if 13 in tensor or tensor.get(14, [0])[-1] != 0:
        raise ValueError("it takes weights from another file")
    shape, kind = tuple(_numbers(tensor.get(1, []))), TYPES.get(tensor.get(2, [0])[0])
    if kind is None or any(size < 0 for size in shape):
        raise ValueError("a constant has an unknown type or shape")
    raw = tensor.get(9, [b""])[-1]
    size = math.prod(shape)
    if not isinstance(raw, bytes) or len(raw) != size * np.dtype(kind).itemsize:
        raise ValueError("a constant has more or fewer numbers than its shape says")
    values = np.frombuffer(raw, kind).tolist() if size <= SMALL else None
    return _text(tensor, 8), Tensor(shape, values)


# The operators: the shape of what each makes.


class Node(NamedTuple):
    """An operator with its inputs and its settings by name: whole numbers, lists of them, or texts."""

    kind: str
    given: list[Tensor]
    settings: dict[str, Any]

    def whole(self, at: int) -> list[int]:
        """The whole numbers of a constant among the inputs."""
        if at >= len(self.given) or self.given[at].values is None:
            raise ValueError(f"{self.kind} takes a shape that the graph computes")
        return [int(value) for value in self.given[at].values or []]


def _node(fields: dict[int, list[Any]], known: dict[str, Tensor]) -> tuple[str, Tensor]:
    """The name and shape of what a node makes."""
    kind, (names, outputs) = _text(fields, 4), ([_text({0: [one]}, 0) for one in fields.get(n, [])] for n in (1, 2))
    if kind not in SHAPES or fields.get(7, [b""])[-1] != b"" or len(outputs) != 1:
        raise ValueError(f"it has the operator {kind[:40]!r}, which wgan does not write")
    if missing := [name for name in names if name not in known]:
        raise ValueError(f"the operator {kind} takes {missing[0][:40]!r}, which nothing before it makes")
    settings = dict(_setting(_message(one)) for one in fields.get(5, []))
    node = Node(kind, [known[name] for name in names], settings)
    try:
        shape = SHAPES[kind](node)
    except (IndexError, ZeroDivisionError, OverflowError, TypeError) as fault:
        raise ValueError(f"the operator {kind} has inputs that do not fit ({fault})") from fault
    if any(size < -1 for size in shape) or shape.count(-1) > 1:
        raise ValueError(f"the operator {kind} makes an array of an impossible shape")
    return outputs[0], Tensor(shape)


def _setting(attribute: dict[int, list[Any]]) -> tuple[str, Any]:
    """A setting of an operator: a number, a text, or whole numbers; never a graph or an array."""
    if attribute.keys() - {1, 2, 3, 4, 8, 20, 13}:
        raise ValueError("an operator holds a graph or an array")
    if 8 in attribute:
        return _text(attribute, 1), _numbers(attribute[8])
    if 2 in attribute:
        return _text(attribute, 1), struct.unpack("<f", attribute[2][-1])[0]
    return _text(attribute, 1), attribute[3][-1] if 3 in attribute else _text(attribute, 4)


def _same(node: Node) -> Shape:
    return node.given[0].shape


def _broadcast(node: Node) -> Shape:
    shape: Shape = ()
    for one in node.given:
        longest = max(len(shape), len(one.shape))
        pairs = zip(*((1,) * (longest - len(part)) + part for part in (shape, one.shape)), strict=True)
        shape = tuple(_agreed(a, b) for a, b in pairs)
    return shape


def _agreed(a: int, b: int) -> int:
    if a != b and 1 not in (a, b):
        raise ValueError(f"it adds arrays of {a} and {b} numbers")
    return b if a == 1 else a


def _matmul(node: Node) -> Shape:
    first, second = (one.shape for one in node.given)
    if len(first) != 2 or len(second) != 2 or first[1] != second[0]:
        raise ValueError("it multiplies matrices that do not fit")
    return first[0], second[1]


def _gemm(node: Node) -> Shape:
    first, weight, bias = (one.shape for one in node.given)
    fits = len(first) == len(weight) == 2 and first[1] == weight[1] and bias == weight[:1]
    if node.settings != {"transB": 1} or not fits:
        raise ValueError("it has a dense layer that does not fit")
    return first[0], weight[0]


def _reshape(node: Node) -> Shape:
    old, new = node.given[0].shape, tuple(node.whole(1))
    numbers = [math.prod(size for size in shape if size != -1) for shape in (old, new)]
    if numbers[0] != numbers[1] or old.count(-1) != new.count(-1):
        raise ValueError("it has a reshape that changes the number of numbers")
    return new


def _transpose(node: Node) -> Shape:
    order = node.settings.get("perm", [])
    if sorted(order) != list(range(len(node.given[0].shape))):
        raise ValueError("it has a transpose of other axes")
    return tuple(node.given[0].shape[axis] for axis in order)


def _reduced(node: Node) -> Shape:
    axes, shape = node.whole(1), node.given[0].shape
    kept = [1 if axis in axes else size for axis, size in enumerate(shape)]
    if node.settings.get("keepdims", 1):
        return tuple(kept)
    return tuple(size for axis, size in enumerate(shape) if axis not in axes)


def _slice(node: Node) -> Shape:
    shape = list(node.given[0].shape)
    for start, end, axis, step in zip(*(node.whole(at) for at in (1, 2, 3, 4)), strict=False):
        if not (0 < axis < len(shape) and step > 0):
            raise ValueError("it has a slice of rows")
        shape[axis] = len(range(*slice(start, end, step).indices(max(shape[axis], 0))))
    return tuple(shape)


def _concatenated(node: Node) -> Shape:
    axis, shapes = node.settings.get("axis", 0), [one.shape for one in node.given]
    others = {(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}
    if axis <= 0 or len(others) != 1:
        raise ValueError("it has parts that do not fit together")
    return (*shapes[0][:axis], sum(shape[axis] for shape in shapes), *shapes[0][axis + 1 :])


def _one_hot(node: Node) -> Shape:
    return (*node.given[0].shape, *node.whole(1))


def _resized(node: Node) -> Shape:
    scales = node.whole(2)
    if scales != [1, 1, *[2] * (len(node.given[0].shape) - 2)]:
        raise ValueError("it resizes a map by another number than 2")
    return tuple(size * scale for size, scale in zip(node.given[0].shape, scales, strict=True))


def _maps(size: Callable[[int, int, int, int, int], int], features: int | None) -> Callable[[Node], Shape]:
    """The shape of a convolution or of a pool; `features` is the axis of the weights that has the new features."""

    def shape(node: Node) -> Shape:
        rows, old, *sizes = node.given[0].shape
        weight = () if features is None else node.given[1].shape
        kernel = list(weight[2:]) or node.settings.get("kernel_shape", [])
        axes = len(sizes)
        groups = node.settings.get("group", 1)
        fits = not weight or (groups > 0 and groups * weight[1 - (features or 0)] == old and weight[0] % groups == 0)
        if not 1 <= axes <= 3 or len(kernel) != axes or not fits or (features != 0 and groups != 1):
            raise ValueError(f"the operator {node.kind} has weights that do not fit")
        if node.settings.keys() - {"group", "strides", "pads", "output_padding", "kernel_shape", "ceil_mode"}:
            raise ValueError(f"the operator {node.kind} has settings that wgan does not write")
        strides, pads = (node.settings.get(name, [one] * 2 * axes) for name, one in (("strides", 1), ("pads", 0)))
        more = node.settings.get("output_padding", [0] * axes)
        if min([*strides, 1]) < 1 or min([*pads, *more, 0]) < 0:
            raise ValueError(f"the operator {node.kind} has negative settings")
        new = [size(s, k, strides[at], pads[at], more[at]) for at, (s, k) in enumerate(zip(sizes, kernel, strict=True))]
        return rows, weight[features] if features is not None else old, *new

    return shape


_conv = _maps(lambda size, kernel, stride, pad, more: (size + 2 * pad - kernel) // stride + 1, 0)
_transposed = _maps(lambda size, kernel, stride, pad, more: (size - 1) * stride + kernel - 2 * pad + more, 1)
_pool = _maps(lambda size, kernel, stride, pad, more: -(-(size + 2 * pad - kernel) // stride) + 1, None)

SHAPES: dict[str, Callable[[Node], Shape]] = {
    **dict.fromkeys(["Relu", "Tanh", "Exp", "Sqrt", "Softplus", "Round", "Cast", "LeakyRelu"], _same),
    **dict.fromkeys(["Clip", "Softmax", "Identity"], _same),
    **dict.fromkeys(["Add", "Sub", "Mul", "Div", "Pow", "Max", "Min"], _broadcast),
    **dict.fromkeys(["ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin"], _reduced),
    "MatMul": _matmul,
    "Gemm": _gemm,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Slice": _slice,
    "Concat": _concatenated,
    "OneHot": _one_hot,
    "Resize": _resized,
    "Conv": _conv,
    "ConvTranspose": _transposed,
    "AveragePool": _pool,
}
