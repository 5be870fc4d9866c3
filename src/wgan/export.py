"""A run's generator as one file for other programs: an ONNX graph, or safetensors weights with a model card."""

import json
import math
import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from wgan import __version__, card
from wgan.config import Config, Named
from wgan.data import Classes, Form, form_from_json
from wgan.data.conditions import condition_from_json
from wgan.engines.onnx_files import Contents, contents
from wgan.errors import WganError, install
from wgan.files.memory import refuse_more_than_free
from wgan.files.reading import explained, opened, read, refuse_irregular
from wgan.files.records import converted, parsed
from wgan.files.writing import write
from wgan.game import step
from wgan.game.arrays import Params
from wgan.game.layers import Layer, apply_layers, array_shapes, shapes
from wgan.game.networks import Architecture
from wgan.maths import streams
from wgan.runs import overwriting
from wgan.runs.checkpoint import Checkpoint
from wgan.training import drawing, own_networks
from wgan.training import model as models
from wgan.training.drawing import Drawn, whole
from wgan.training.latents import Latents
from wgan.training.model import (
    Model,
    architecture_of,
    ends_of,
    game_of,
    load_model,
    moments_of,
    refuse_named,
    sample_codes,
    told_arrays,
    told_of,
    weights_of,
    z_shape,
)

DESCRIBED = ("config", "form", "step", "classes", "condition")  # what the metadata of a file hold as JSON
CHECKED = 64  # the number of z for which the graph is compared with the engine
MOST_BYTES = 2**31 - 1  # of an exported file, which no larger ONNX file may have
FATAL = 4  # of onnxruntime's messages: what else it says is in its exceptions
NODES, SPARE = 256, 4096  # nodes of a layer, and numbers besides those of the layers, that a graph may have
TOLERANCE = 1e-5  # times the largest encoded value or 1: float32 rounds to 6e-8, and a resnet sums many numbers


class Export(NamedTuple):
    """The file that `export` wrote, and the difference of its samples from the engine's; nan if it holds no graph."""

    path: Path
    step: int
    weights: int
    difference: float
    card: Path | None = None


class Sampled(NamedTuple):
    """Rows [n, ...] of an exported file, their form, and the name of each row's class or its condition, if any."""

    rows: np.ndarray
    form: Form
    labels: np.ndarray | None = None


class Plain(NamedTuple):
    """A generator in NumPy arrays: its layers, its weights and the moments (mean, variance) of each batch norm."""

    layers: list[Layer]
    weights: Params
    moments: dict[str, tuple[np.ndarray, np.ndarray]]


def export(
    run: str | Path,
    out: str | Path,
    at: str | int | None = None,
    network: Architecture | None = None,
    overwrite: bool = False,
) -> Export:
    """Write the generator that `wgan sample RUN` uses to one file.

    The newest checkpoint is used unless `at` names a step or "best". `out` ends in .onnx or .safetensors (`FORMATS`).
    `network` is the run's network if it is an object of your own. A file that exists is replaced only with
    `overwrite`, and a file that makes a run or is of its data never. Raises `WganError` and writes nothing for another
    suffix, if a library is missing, or if the graph's samples differ from the engine's by more than 1e-5.
    """
    run, out = Path(run), Path(out)
    if out.suffix.lower() not in FORMATS:
        raise WganError(f"--out {out} ends in {out.suffix or 'no suffix'}; use {' or '.join(FORMATS)}.")
    overwriting.check_file(out, run, overwrite=overwrite)
    return FORMATS[out.suffix.lower()](run, load_model(run, at, network=network), out)


def words(written: Export) -> str:
    """A sentence about the file that was written."""
    text = f"step {written.step:,}, {written.weights:,} weights; "
    if written.card is not None:
        return f"{text}model card {written.card}"
    return f"{text}its samples are within {written.difference:.1g} of the run's own (at most {TOLERANCE:g} is allowed)"


# ONNX


def to_onnx(run: Path, model: Model, out: Path) -> Export:
    """Write the generator as a graph of plain operators from any number of z to `encoded` and decoded `rows`."""
    _needs_onnx("onnx", "onnxruntime")
    if own_networks.is_own(model.game.architecture):
        raise WganError(f"network {model.config.network.name} is code of your own; write it with torch.onnx.export.")
    model = _in_float32(model)
    generator = plain(model)
    data = graph_of(model, generator).SerializeToString()
    difference = _difference(model, generator, data, out)
    if not difference <= TOLERANCE:
        raise WganError(
            f"the graph's samples are {difference:.2g} from the samples of {model.game.engine.name}, and at most "
            f"{TOLERANCE:g} is allowed, so {out} was not written; please report this."
        )
    write(out, data)
    return Export(out, model.step, _count(generator), difference)


def graph_of(model: Model, generator: Plain) -> Any:
    """The ONNX model; its metadata hold all else that `sample` needs."""
    from wgan.engines.onnx import Graph, Ops, Value

    graph = Graph()
    inputs = [Value(graph, "z", (-1, *z_shape(model.config)), np.float32)]
    label = None
    if isinstance(model.classes, Classes):
        inputs.append(Value(graph, "label", (-1,), np.int64))
        label = Ops(graph).one_hot(inputs[1], len(model.classes.names))
    elif model.classes is not None:  # encoded, as `Columns.encode` has it
        label = Value(graph, "condition", (-1, told_of(model.classes).units), np.float32)
        inputs.append(label)
    weights = {name: graph.constant(w, name) for name, w in generator.weights.items()}
    encoded = apply_layers(Ops(graph), generator.layers, weights, inputs[0], dict(generator.moments), label)
    outputs = {"encoded": encoded}
    if model.form.affine:  # the columns of a table are decoded one by one, outside the graph
        outputs = {"rows": _decoded(Ops(graph), encoded, model.made), **outputs}
    return graph.model(inputs, outputs, _metadata(model))


def _decoded(ops: Any, encoded: Any, form: Form) -> Any:
    """`Form.decode` as nodes of the graph."""
    work = np.float32 if form.dtype == "uint8" else np.float64
    rows = encoded.astype(work) * np.asarray(form.scale, work) + np.asarray(form.offset, work)
    if np.dtype(form.dtype).kind != "f":
        rows = ops.round(rows)
    if form.low is not None:
        rows = ops.clip(rows, form.low, form.high)
    elif form.dtype == "float16":
        most = float(np.finfo(np.float16).max)
        rows = ops.clip(rows, -most, most)
    if form.constants:
        kept, numbers = np.ones(form.shape[-1], work), np.zeros(form.shape[-1], work)
        for channel, number in form.constants:
            kept[channel], numbers[channel] = 0, number
        rows = rows * kept + numbers
    return rows.astype(form.dtype)


def _difference(model: Model, generator: Plain, data: bytes, out: Path) -> float:
    """The largest difference between the encoded values of graph and engine, over the largest value or 1."""
    z = streams.normal(model.config.seed, "fixed_z", 0, (CHECKED, *z_shape(model.config)))
    engine, game = model.game.engine, model.game
    moments = {name: tuple(map(engine.array, pair)) for name, pair in generator.moments.items()}
    codes = sample_codes(model, CHECKED)
    label = told_arrays(game, model.classes, codes)
    wanted = engine.numpy(engine.run(step.generate, game, model.generator, engine.array(z), moments, label))
    return float(
        np.abs(_run(_session(data, out), out, z, told_to(model, codes)) - wanted).max() / max(1.0, np.abs(wanted).max())
    )


def drawn_from_onnx(path: Path, count: int | None, seed: int, label: Any, latents: Latents | None = None) -> Drawn:
    """The rows that `wgan sample RUN` draws, from the file alone, with onnxruntime and NumPy."""
    _needs_onnx("onnxruntime")
    data = _bytes(path)
    model = _model_of_graph(data, path)
    session = _session(data, path)
    return _drawn(
        path, model, count, seed, label, lambda z, codes: _run(session, path, z, told_to(model, codes)), latents
    )


def _model_of_graph(data: bytes, path: Path) -> Model:
    """The model that a graph describes, without weights; WganError unless `to_onnx` can have written the graph."""
    try:
        found = contents(data)
        model = _described(found.metadata, path, own=True)
        inputs: dict[str, tuple[str, tuple[int, ...]]] = {"z": ("float32", (-1, *z_shape(model.config)))}
        if isinstance(model.classes, Classes):
            inputs |= {"label": ("int64", (-1,))}
        elif model.classes is not None:
            inputs |= {"condition": ("float32", (-1, told_of(model.classes).units))}
        encoded = model.made.encoded_shape
        if found.inputs != inputs or found.outputs.get("encoded") != ("float32", (-1, *encoded)):
            raise ValueError("its inputs and outputs are not those that it describes")
        refuse_more_than_free(4 * drawing.CHUNK * found.made, f"a batch of the graph in {path}", "export the run again")
        if not isinstance(model.config.network, Named):  # the layers of another network are known to the graph alone
            _refuse_larger(found, len(data), model)
    except ValueError as fault:
        raise WganError(f"cannot read {path} as a graph of wgan export ({fault}); export the run again.") from fault
    return model


def _refuse_larger(found: Contents, size: int, model: Model) -> None:
    """Raise ValueError if a graph of so many bytes makes or holds more than the network that it describes."""
    form, latent = model.form, z_shape(model.config)
    layers = architecture_of(model.config, form.encoded_shape, ends_of(form), model.classes).generator
    if found.made > NODES * (SPARE + sum(map(math.prod, shapes(layers, latent)))):
        raise ValueError("it computes far more numbers than the network that it describes")
    weights = sum(map(math.prod, array_shapes(layers, latent).values()))
    if size > 2 * 4 * weights + SPARE * NODES + sum(len(text) for text in found.metadata.values()):
        raise ValueError("it holds far more weights than the network that it describes")


def _onnxruntime() -> Any:
    """The library, told before it is loaded that it may not report its use to its maker."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    return onnxruntime


def _session(data: bytes, path: Path) -> Any:
    onnxruntime = _onnxruntime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = FATAL
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # the exceptions of onnxruntime have no common base
        raise WganError(f"onnxruntime cannot read the graph of {path}; export the run again.") from problem


def told_to(model: Model, codes: np.ndarray | None) -> dict[str, np.ndarray]:
    """The input of a graph for conditions at rest: `label` takes codes of classes, `condition` encoded columns."""
    if codes is None or model.classes is None:
        return {}
    if isinstance(model.classes, Classes):
        return {"label": codes.astype(np.int64)}
    return {"condition": model.classes.encode(codes)}


def _run(session: Any, path: Path, z: np.ndarray, told: dict[str, np.ndarray]) -> np.ndarray:
    """The encoded rows for z [n, latent] and what the graph is told of each, n <= CHUNK."""
    given = {"z": z, **told}
    options = _onnxruntime().RunOptions()
    options.log_severity_level = FATAL
    try:
        return session.run(["encoded"], given, options)[0]
    except Exception as problem:  # the exceptions of onnxruntime have no common base
        raise WganError(f"onnxruntime cannot run the graph of {path}; export the run again.") from problem


def _needs_onnx(*libraries: str) -> None:
    if missing := [name for name in libraries if not find_spec(name)]:
        raise WganError(f"ONNX needs {' and '.join(missing)}, not installed here; {install('onnx')}.")


# safetensors


def to_safetensors(run: Path, model: Model, out: Path) -> Export:
    """Write the weights by the names of their layers, the moments of batch norms, and a model card of the same stem."""
    import safetensors.numpy

    generator, beside = plain(model), out.with_suffix(".md")
    if beside.exists():
        with opened(beside) as file, explained("read", beside):
            begins = file.read(len(card.BEGINS))
        if begins != card.BEGINS.encode():
            raise WganError(
                f"{beside}, where the model card would be, is a file of another kind; choose another --out."
            )
    arrays = dict(generator.weights)
    for name, (mean, variance) in generator.moments.items():
        arrays |= {f"{name}.mean": mean, f"{name}.variance": variance}
    metadata = _metadata(model) | {"layers": json.dumps(generator.layers, default=str)}
    data = safetensors.numpy.save({name: np.ascontiguousarray(a) for name, a in arrays.items()}, metadata)
    # before anything is written, since it may refuse the run
    about = card.model_card(run, model, _count(generator), bool(generator.moments), out.name)
    write(out, data)
    write(beside, about.encode())
    return Export(out, model.step, _count(generator), float("nan"), beside)


def drawn_from_safetensors(
    path: Path, count: int | None, seed: int, label: Any, latents: Latents | None = None
) -> Drawn:
    """The rows that `wgan sample RUN` draws, by the run's engine if that is installed."""
    import safetensors.numpy

    data = _bytes(path)
    try:
        arrays = safetensors.numpy.load(data)
        header: dict[str, Any] = parsed(data[8 : 8 + int.from_bytes(data[:8], "little")], dict[str, Any])
        metadata: dict[str, str] = converted(header.get("__metadata__", {}), dict[str, str])
    except (safetensors.SafetensorError, ValueError, LookupError, TypeError, OverflowError) as problem:
        raise WganError(f"{path} is not a readable safetensors file ({problem}); export the run again.") from None
    if bad := [name for name, w in arrays.items() if w.dtype.kind != "f" or not np.isfinite(w).all()]:
        raise WganError(f"the weights {bad[0]!r} of {path} are not finite floats; export the run again.")
    model = _described(metadata, path)
    game = game_of(model.config, model.form.encoded_shape, ends_of(model.form), model.classes)
    saved = {f"generator/{name}": w for name, w in arrays.items() if not name.endswith((".mean", ".variance"))}
    layers, latent = game.architecture.generator, z_shape(model.config)
    try:
        weights = weights_of(Checkpoint(model.step, saved, {}), "generator", game, layers, latent)
    except WganError:  # which speaks of a run folder
        raise WganError(
            f"what {path} holds does not fit the network {game.architecture.name} that it describes; export the run "
            "again."
        ) from None
    model = model._replace(game=game, generator=weights)
    return _drawn(path, model, count, seed, label, models.encoder(model), latents)


# What all formats share


def sample(path: str | Path, count: int, seed: int = 0, label: Any = None) -> Sampled:
    """Rows of an exported file; the same seed gives the same rows as `wgan sample RUN`."""
    found = drawn(path, count, seed, label)
    parts = found.labels or found.conditions
    told = None if parts is None else np.concatenate([*parts()])
    return Sampled(found.form.as_given(whole(found)), found.form, told)


def drawn(
    path: str | Path, count: int | None, seed: int = 0, label: Any = None, latents: Latents | None = None
) -> Drawn:
    """The rows of `sample` in parts, for a file, or those of given latents."""
    return READERS[Path(path).suffix.lower()](Path(path), count, seed, label, latents)


def _drawn(
    path: Path,
    model: Model,
    count: int | None,
    seed: int,
    label: Any,
    encoder: drawing.Encoded,
    latents: Latents | None,
) -> Drawn:
    """The samples of a file, of which the weights may be so large that numbers overflow."""

    def encoded(z: np.ndarray, codes: np.ndarray | None) -> np.ndarray:
        rows = encoder(z, codes)
        if not np.isfinite(rows).all():
            raise WganError(f"the generator in {path} makes numbers that are NaN or infinite; export the run again.")
        return rows

    return drawing.drawn(model.made, model.classes, z_shape(model.config), count, seed, label, encoded, latents)


def plain(model: Model) -> Plain:
    """The generator in NumPy arrays, with the moments that `wgan sample` uses in its batch norms."""
    engine, layers = model.game.engine, model.game.architecture.generator
    moments = moments_of(model) or {}
    return Plain(
        layers,
        {name: engine.numpy(w) for name, w in model.generator.items()},
        {name: (engine.numpy(mean), engine.numpy(variance)) for name, (mean, variance) in moments.items()},
    )


def _in_float32(model: Model) -> Model:
    """The model with all products in float32, as in the graph."""
    engine = model.game.engine
    config, form = model.config.replace(precision="float32", engine=engine.name), model.form
    game = game_of(config, form.encoded_shape, ends_of(form), model.classes)
    arrays = {name: engine.numpy(w).astype(np.float32) for name, w in model.generator.items()}
    return model._replace(game=game, generator={name: game.engine.array(w) for name, w in arrays.items()})


def _metadata(model: Model) -> dict[str, str]:
    saved = {"config": card.without_places(model.config).to_json(), "form": model.form.to_json(), "step": model.step}
    if model.classes is not None:
        saved["classes" if isinstance(model.classes, Classes) else "condition"] = model.classes.to_json()
    return {"format": "wgan 1", "wgan": __version__} | {name: json.dumps(value) for name, value in saved.items()}


def _described(metadata: dict[str, str], path: Path, own: bool = False) -> Model:
    """The model that the metadata of a file describe, without weights; the file may come from anyone.

    With `own` the network may be one of your own, whose layers the metadata only name.
    """
    try:
        if not metadata.get("format", "").startswith("wgan "):
            raise ValueError("another format")
        saved: dict[str, Any] = {name: parsed(text.encode()) for name, text in metadata.items() if name in DESCRIBED}
        config, form = Config.from_json(saved.get("config")), form_from_json(saved.get("form"))
        if not own:
            refuse_named(config, ("constraint", "network"))
        classes = None if config.conditional == "none" else condition_from_json(saved)
        return Model(config, form, None, {}, {}, converted(saved.get("step"), int), classes)  # type: ignore[arg-type]
    except (ValueError, WganError) as problem:
        raise WganError(
            f"the metadata of {path} describe no generator ({str(problem).rstrip('.')}); only files of wgan export can "
            "be sampled."
        ) from None


def _bytes(path: Path) -> bytes:
    refuse_irregular(path)
    refuse_more_than_free(3 * path.stat().st_size, f"reading {path}", "give a smaller file")
    return read(path, MOST_BYTES)


def _count(generator: Plain) -> int:
    return sum(w.size for w in generator.weights.values())


FORMATS: dict[str, Callable[[Path, Model, Path], Export]] = {".onnx": to_onnx, ".safetensors": to_safetensors}
READERS: dict[str, Callable[[Path, int | None, int, str | int | None, Latents | None], Drawn]] = {
    ".onnx": drawn_from_onnx,
    ".safetensors": drawn_from_safetensors,
}
