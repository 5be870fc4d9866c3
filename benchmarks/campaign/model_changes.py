"""Changes of the files of runs and of exported generators, whose seals, lengths and checksums are right."""

import hashlib
import json
import random
import struct
from typing import Any

from benchmarks.campaign import json_changes, random_changes
from benchmarks.campaign.array_changes import wild_number


def sealed_meta(data: bytes, rng: random.Random) -> bytes:
    """The meta.json of a checkpoint with changes, sealed again as its writer would."""
    record = json.loads(data)
    seal = record.pop("meta_sha256")
    record = json_changes.changed(record, rng)
    if not isinstance(record, dict):
        return json_changes.dumped(record, rng)
    text = json_changes.dumped(record, random.Random(0)).decode("utf-8", "surrogatepass")
    try:
        record = json.loads(text)  # what a reader will see, whose seal it will compute
        seal = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
    except (ValueError, RecursionError, TypeError):
        pass
    return text[:-1].encode("utf-8", "surrogatepass") + b', "meta_sha256": "' + seal.encode() + b'"}'


def safetensors(data: bytes, rng: random.Random) -> bytes:
    """A safetensors file with a changed header, changed numbers, or changed JSON in the texts of its metadata."""
    length = struct.unpack("<Q", data[:8])[0]
    head, values = json.loads(data[8 : 8 + length]), data[8 + length :]
    metadata, how = head.get("__metadata__"), rng.random()
    if metadata and how < 0.5:
        head["__metadata__"] = described(metadata, rng)
    elif how < 0.75:
        head = json_changes.changed(head, rng)
    elif how < 0.85 and isinstance(head, dict):
        name = rng.choice([one for one in head if one != "__metadata__"])
        if rng.random() < 0.5:
            head[name]["dtype"] = rng.choice(("F16", "BF16", "F8_E4M3", "I64", "BOOL", "U8", "F64", "C64", "X", ""))
        else:
            head[name]["shape"] = rng.choice(([], [0], [1, -1], [2**63], [2**32, 2**32], [1] * 70, [4, 2, 1], [8]))
    else:
        at = 4 * rng.randrange(max(1, len(values) // 4))
        values = (
            values[:at] + struct.pack("<f", rng.choice((float("nan"), float("inf"), 3e38, -3e38))) + values[at + 4 :]
        )
    text = json_changes.dumped(head, random.Random(0))
    stated = len(text) if rng.random() < 0.95 else int.from_bytes(wild_number(8, rng), "little")
    return struct.pack("<Q", stated) + text + values


def described(metadata: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """The metadata of an exported file with changes inside one of its texts of JSON, or of the texts."""
    metadata = dict(metadata)
    name = rng.choice(list(metadata))
    how = rng.random()
    if how < 0.7 and name not in ("format", "wgan"):
        text = json_changes.changed_text(metadata[name].encode(), rng)
        metadata[name] = text.decode("utf-8", "surrogatepass" if rng.random() < 0.5 else "replace")
    elif how < 0.85:
        metadata[name] = rng.choice(
            ("", "{", "[" * 100_000, "null", "7", "1e999", '"x"', "{}", "[]", "9" * 5000, "\x1b[2J")
        )
    else:
        del metadata[name]
    return metadata


def onnx(data: bytes, rng: random.Random) -> bytes:
    """An ONNX graph with changed metadata, nodes, weights, inputs or outputs, written again as protobuf."""
    import onnx

    model = onnx.load_from_string(data)
    how = rng.random()
    if how < 0.5:
        found = {entry.key: entry.value for entry in model.metadata_props}
        found = {key: value.encode("utf-8", "replace").decode() for key, value in described(found, rng).items()}
        del model.metadata_props[:]
        for key, value in found.items():
            model.metadata_props.add(key=key, value=value)
    else:
        for _ in range(rng.choice((1, 1, 2))):
            rng.choice((_node, _weight, _weight, _border, _version))(model, rng)
    written = model.SerializeToString()
    return random_changes.changed(written, rng) if rng.random() < 0.1 else written


def _node(model: Any, rng: random.Random) -> None:
    node = rng.choice(list(model.graph.node))
    how = rng.random()
    if how < 0.4:
        node.op_type = rng.choice(
            ("Identity", "Loop", "If", "Gemm", "MatMul", "Reshape", "Tile", "Expand", "", "NoSuch", "RandomNormal")
        )
    elif how < 0.6 and node.input:
        node.input[rng.randrange(len(node.input))] = rng.choice(("", "z", "no-such", node.output[0]))
    elif how < 0.7:
        node.domain = rng.choice(("com.microsoft", "evil", ""))
    elif how < 0.85 and node.attribute:
        rng.choice(list(node.attribute)).i = rng.choice((-1, 0, 2**62, 7))
    else:
        model.graph.node.remove(node)


def _weight(model: Any, rng: random.Random) -> None:
    if not model.graph.initializer:
        return
    weight = rng.choice(list(model.graph.initializer))
    how = rng.random()
    if how < 0.35:
        del weight.dims[:]
        weight.dims.extend(rng.choice(([], [0], [-1], [2**62], [2**31, 2**31], [3], [1] * 9)))
    elif how < 0.5:
        weight.data_type = rng.choice((0, 1, 2, 7, 8, 10, 16, 99))
    elif how < 0.75:  # the weights lie in another file, as the format allows
        weight.ClearField("raw_data")
        weight.data_location = 1
        where = rng.choice(("../../../etc/passwd", "/etc/passwd", "/dev/zero", "weights", "", "."))
        for key, value in (("location", where), ("offset", "0"), ("length", rng.choice(("8", "-1", "99999999999")))):
            weight.external_data.add(key=key, value=value)
    else:
        weight.raw_data = weight.raw_data[: rng.randrange(len(weight.raw_data) + 1)]


def _border(model: Any, rng: random.Random) -> None:
    one = rng.choice([*model.graph.input, *model.graph.output])
    how = rng.random()
    if how < 0.4:
        one.name = rng.choice(("", "x", "z", "encoded", "rows"))
    elif how < 0.7:
        one.type.tensor_type.elem_type = rng.choice((0, 1, 7, 8, 11, 99))
    else:
        shape = one.type.tensor_type.shape
        if shape.dim:
            rng.choice(list(shape.dim)).dim_value = rng.choice((0, 1, -1, 3, 2**40))


def _version(model: Any, rng: random.Random) -> None:
    model.ir_version = rng.choice((0, 1, 3, 8, 99, 2**40))
    if model.opset_import:
        model.opset_import[0].version = rng.choice((0, 1, 7, 13, 999))
