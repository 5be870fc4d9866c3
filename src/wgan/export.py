"""A run's generator as one file for other programs: an ONNX graph, or safetensors weights with a model card."""

import json
import shlex
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from wgan import __version__
from wgan.config import FIELDS, OPERATIONAL, Config
from wgan.data import Classes, Form, form_from_json
from wgan.errors import WganError
from wgan.evaluation import evaluate
from wgan.game import step
from wgan.game.arrays import Params
from wgan.game.layers import Layer, apply_layers
from wgan.game.networks import Architecture
from wgan.maths import streams
from wgan.runs import folder as runs
from wgan.runs import overwriting
from wgan.runs.checkpoint import Checkpoint
from wgan.training import model as models
from wgan.training import own_networks
from wgan.training.model import CHUNK, Model, game_of, load_model, moments_of, one_hot_labels, sample_codes, weights_of

CARD_BEGINS = "---\nlibrary_name: wgan"
CHECKED = 64  # the number of z for which the graph is compared with the engine
TOLERANCE = 1e-5  # times the largest encoded value or 1: float32 rounds to 6e-8, and a resnet sums many numbers


class Export(NamedTuple):
    """The file that `export` wrote, and the difference of its samples from the engine's; nan if it holds no graph."""

    path: Path
    step: int
    weights: int
    difference: float
    card: Path | None = None


class Sampled(NamedTuple):
    """Rows [n, ...] of an exported file, their form, and the name of each row's class if there are classes."""

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
    difference = _difference(model, generator, data)
    if not difference <= TOLERANCE:
        raise WganError(
            f"the graph's samples are {difference:.2g} from the samples of {model.game.engine.name}, and at most "
            f"{TOLERANCE:g} is allowed, so {out} was not written; please report this."
        )
    runs.replace_file(out, data)
    return Export(out, model.step, _count(generator), difference)


def graph_of(model: Model, generator: Plain) -> Any:
    """The ONNX model; its metadata hold all else that `sample` needs."""
    from wgan.engines.onnx import Graph, Ops, Value

    graph = Graph()
    inputs = [Value(graph, "z", (-1, model.config.latent), np.float32)]
    label = None
    if model.classes is not None:
        inputs.append(Value(graph, "label", (-1,), np.int64))
        label = Ops(graph).one_hot(inputs[1], len(model.classes.names))
    weights = {name: graph.constant(w, name) for name, w in generator.weights.items()}
    encoded = apply_layers(Ops(graph), generator.layers, weights, inputs[0], dict(generator.moments), label)
    outputs = {"encoded": encoded}
    if model.form.affine:  # the columns of a table are decoded one by one, outside the graph
        outputs = {"rows": _decoded(Ops(graph), encoded, model.form), **outputs}
    return graph.model(inputs, outputs, _metadata(model))


def _decoded(ops: Any, encoded: Any, form: Form) -> Any:
    """`Form.decode` as nodes of the graph."""
    work = np.float32 if form.dtype == "uint8" else np.float64
    rows = encoded.astype(work) * np.asarray(form.scale, work) + np.asarray(form.offset, work)
    if np.dtype(form.dtype).kind != "f":
        rows = ops.round(rows)
    if form.low is not None:
        rows = ops.clip(rows, form.low, form.high)
    return rows.astype(form.dtype)


def _difference(model: Model, generator: Plain, data: bytes) -> float:
    """The largest difference between the encoded values of graph and engine, over the largest value or 1."""
    z = streams.normal(model.config.seed, "fixed_z", 0, (CHECKED, model.config.latent))
    engine, game = model.game.engine, model.game
    moments = {name: tuple(map(engine.array, pair)) for name, pair in generator.moments.items()}
    codes = sample_codes(model, CHECKED)
    label = one_hot_labels(game, model.classes, codes)
    wanted = engine.numpy(engine.run(step.generate, game, model.generator, engine.array(z), moments, label))
    return float(np.abs(_run(_session(data), z, codes) - wanted).max() / max(1.0, np.abs(wanted).max()))


def sample_onnx(path: Path, count: int, seed: int, label: str | int | None) -> Sampled:
    """The rows that `wgan sample RUN` draws, from the file alone, with onnxruntime and NumPy."""
    _needs_onnx("onnxruntime")
    session = _session(_bytes(path))
    model = _described(session.get_modelmeta().custom_metadata_map, path)
    z, codes = streams.normal(seed, "sample", 0, (count, model.config.latent)), sample_codes(model, count, seed, label)
    return Sampled(model.form.decode(_run(session, z, codes)), model.form, _named(model, codes))


def _session(data: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # the exceptions of onnxruntime have no common base
        raise WganError(f"onnxruntime cannot read the graph ({problem}); export the run anew.") from problem


def _run(session: Any, z: np.ndarray, codes: np.ndarray | None = None) -> np.ndarray:
    """The encoded rows for z [n, latent] and classes [n]."""
    given = {"z": z} if codes is None else {"z": z, "label": codes.astype(np.int64)}
    starts = range(0, len(z), CHUNK)
    parts = [session.run(["encoded"], {name: x[i : i + CHUNK] for name, x in given.items()})[0] for i in starts]
    return np.concatenate(parts)


def _needs_onnx(*libraries: str) -> None:
    if missing := [name for name in libraries if not find_spec(name)]:
        raise WganError(f"ONNX needs {' and '.join(missing)}, not installed here; run pip install 'wgan[onnx]'.")


# safetensors


def to_safetensors(run: Path, model: Model, out: Path) -> Export:
    """Write the weights by the names of their layers, the moments of batch norms, and a model card of the same stem."""
    import safetensors.numpy

    generator, card = plain(model), out.with_suffix(".md")
    if card.exists() and not card.read_bytes().startswith(CARD_BEGINS.encode()):
        raise WganError(f"{card}, where the model card would be, is a file of another kind; choose another --out.")
    arrays = dict(generator.weights)
    for name, (mean, variance) in generator.moments.items():
        arrays |= {f"{name}.mean": mean, f"{name}.variance": variance}
    metadata = _metadata(model) | {"layers": json.dumps(generator.layers, default=str)}
    runs.replace_file(
        out, safetensors.numpy.save({name: np.ascontiguousarray(a) for name, a in arrays.items()}, metadata)
    )
    runs.replace_file(card, model_card(run, model, generator, out.name).encode())
    return Export(out, model.step, _count(generator), float("nan"), card)


def sample_safetensors(path: Path, count: int, seed: int, label: str | int | None) -> Sampled:
    """The rows that `wgan sample RUN` draws, by the run's engine if that is installed."""
    import safetensors
    import safetensors.numpy

    data = _bytes(path)
    try:
        arrays = safetensors.numpy.load(data)
        with safetensors.safe_open(str(path), framework="np") as file:
            metadata = file.metadata() or {}
    except (safetensors.SafetensorError, OSError, ValueError, LookupError) as problem:
        raise WganError(f"{path} is not a readable safetensors file ({problem}); export the run anew.") from None
    model = _described(metadata, path)
    game = game_of(model.config, model.form.encoded_shape, model.form.groups, model.classes)
    saved = {f"generator/{name}": w for name, w in arrays.items() if not name.endswith((".mean", ".variance"))}
    layers, latent = game.architecture.generator, (model.config.latent,)
    weights = weights_of(Checkpoint(model.step, saved, {}), "generator", game, layers, latent)
    rows = models.sample(model._replace(game=game, generator=weights), count, seed, label)
    return Sampled(rows, model.form, _named(model, sample_codes(model, count, seed, label)))


def model_card(run: Path, model: Model, generator: Plain, file: str) -> str:
    """The model card in Markdown: the weights, their data and training, how to sample, and the metrics."""
    saved, game, form, config = runs.read_config(run), model.game, model.form, model.config
    data, images = saved["data"], form.kind == "images"
    changed = {
        name: value
        for name, value in config.to_json().items()
        if name not in OPERATIONAL | {"data"} and value != FIELDS[name].default and value is not None
    }
    flags = "".join(
        f" --{name.replace('_', '-')} {shlex.quote(str(one))}"
        for name, value in changed.items()
        for one in (value if isinstance(value, tuple) else (value,))
    )
    norms = "; NAME.mean and NAME.variance are the moments of its batch norms" if generator.moments else ""
    return f"""{CARD_BEGINS}
tags: [gan, wasserstein-gan]
---

# A generator of {form.kind}: {config.data}

- **Input:** z, {config.latent} independent standard normal numbers.
- **Output:** {form.kind} of {" x ".join(map(str, form.shape))}, {form.dtype} once decoded.
- **Weights:** {_count(generator):,} in `{file}`, from step {model.step:,} of {config.steps:,}, named after their
  layers. The metadata of the file list the layers and the config{norms}.

## Sampling

    wgan sample {file} -n 64 --out samples{".png" if images else ".npy"}

## Data

{data["source"] or config.data}: {data["training_rows"]:,} rows to train on, {data["held_out_rows"]:,} held out.
Their SHA-256 is `{data["sha256"]}`.
Samples resemble these rows, with all that they lack or overstate, and may resemble single rows closely. The licence of
the data decides how samples may be used.

## Training

Objective {game.objective.name}, constraint {game.constraint.name}, network {game.architecture.name};
engine {saved["engine"]}, wgan {saved["versions"]["wgan"]}:

    wgan train {config.data}{flags}

## Metrics

{_measured(run, model.step)}
"""


def _measured(run: Path, at: int) -> str:
    report = evaluate.read(run)
    if report is None:
        return "Not measured; run `wgan evaluate RUN`, then export again to write the metrics here."
    other = f"Measured at step {report['step']:,}, which is not the step of these weights.\n\n"
    return f"{other if report['step'] != at else ''}```text\n{evaluate.words(run.name, report)}\n```"


# What all formats share


def sample(path: str | Path, count: int, seed: int = 0, label: str | int | None = None) -> Sampled:
    """Rows of an exported file; the same seed gives the same rows as `wgan sample RUN`."""
    return READERS[Path(path).suffix.lower()](Path(path), count, seed, label)


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
    game = game_of(config, form.encoded_shape, form.groups, model.classes)
    arrays = {name: engine.numpy(w).astype(np.float32) for name, w in model.generator.items()}
    return model._replace(game=game, generator={name: game.engine.array(w) for name, w in arrays.items()})


def _metadata(model: Model) -> dict[str, str]:
    saved = {"config": model.config.to_json(), "form": model.form.to_json(), "step": model.step}
    if model.classes is not None:
        saved["classes"] = model.classes.to_json()
    return {"format": "wgan 1", "wgan": __version__} | {name: json.dumps(value) for name, value in saved.items()}


def _described(metadata: dict[str, str], path: Path) -> Model:
    """The model that the metadata of a file describe, without weights; the file may come from anyone."""
    try:
        if not metadata["format"].startswith("wgan "):
            raise ValueError("another format")
        saved = {name: json.loads(metadata[name]) for name in ("config", "form", "step")}
        classes = Classes.from_json(json.loads(metadata["classes"])) if "classes" in metadata else None
        config, form = Config.from_json(saved["config"]), form_from_json(saved["form"])
        return Model(config, form, None, {}, {}, int(saved["step"]), classes)  # type: ignore[arg-type]
    except (LookupError, TypeError, ValueError, AttributeError) as problem:
        raise WganError(
            f"the metadata of {path} describe no generator ({problem!r}); only files of wgan export can be sampled."
        ) from None


def _named(model: Model, codes: np.ndarray | None) -> np.ndarray | None:
    return None if codes is None or model.classes is None else model.classes.named(codes)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise WganError(
            f"cannot read {path} ({problem.strerror or problem}); give a run folder or an exported file."
        ) from None


def _count(generator: Plain) -> int:
    return sum(w.size for w in generator.weights.values())


FORMATS: dict[str, Callable[[Path, Model, Path], Export]] = {".onnx": to_onnx, ".safetensors": to_safetensors}
READERS: dict[str, Callable[[Path, int, int, str | int | None], Sampled]] = {
    ".onnx": sample_onnx,
    ".safetensors": sample_safetensors,
}
