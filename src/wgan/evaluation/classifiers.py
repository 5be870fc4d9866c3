"""The classifier whose last hidden layer gives the features of a labelled data set: one classifier for each set.

Those of the named sets are files in `weights/`, so that everyone measures with the same one. Any other labelled data
set gets a classifier of the same recipe, which is trained once and kept in the user's cache.
"""

import hashlib
import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError, safe_open

from wgan.data import Dataset, Form, split
from wgan.data.download import cache
from wgan.engines import get_engine, one_thread
from wgan.errors import WganError, setting
from wgan.files import writing
from wgan.files.reading import refuse_irregular
from wgan.game.arrays import Params
from wgan.game.building import activation, conv, dense, reshape
from wgan.game.layers import Layer, apply_layers, initial_arrays, shapes
from wgan.game.objectives import cross_entropy
from wgan.maths import streams

CHUNK = 512  # rows at a time
CLASSES = (2, 200)  # the fewest and the most for which a classifier is trained
UNITS = 64  # of the last hidden layer
EPOCHS, LEAST_STEPS, BATCH, LEARNING_RATE = 8, 800, 128, 2e-3
SHIPPED = Path(__file__).parent / "weights"  # made by benchmarks/classifiers.py

Note = Callable[[str], None]
Weights = dict[str, np.ndarray]


class Classifier(NamedTuple):
    """A trained classifier: `outputs(rows at rest)` returns the last hidden layer and the logits, both float64."""

    outputs: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    accuracy: float
    sha256: str


def classifier(dataset: Dataset, note: Note) -> Classifier:
    """The classifier of labelled images, signals or volumes: the shipped one, the one in the cache, or a new one.

    Raises WganError for data without labels, and for tables and points.
    """
    labels = class_codes(dataset)
    if labels is None or not dataset.form.space:
        raise WganError(
            f"features classifier needs images, signals or volumes with labels of {CLASSES[0]} to {CLASSES[1]} "
            f"classes, but {dataset.name} has none; use {setting('features', 'pca')} or rows."
        )
    body, initial = _network(dataset.form.shape, int(labels.max()) + 1)
    mark = fingerprint(dataset, body)
    file = cache() / f"classifier-{mark}.safetensors"
    shipped = next((one for one in sorted(SHIPPED.glob("*.safetensors")) if _mark_of(one) == mark), None)
    kept = (shipped and _read(shipped, initial, note)) or _read(file, initial, note)
    if kept is None:
        kept = train(dataset, note)
        _write(file, *kept, mark, note)
    weights, accuracy = kept
    engine = get_engine("torch")
    params = {name: engine.array(w.astype(np.float32)) for name, w in weights.items()}
    return Classifier(
        lambda rows: _outputs(engine, body, params, dataset.form, rows), accuracy, _sha256(weights, repr(accuracy))
    )


def class_codes(dataset: Dataset) -> np.ndarray | None:
    """Labels as codes 0, 1, ...; None without labels, or with too few or too many classes or too few rows."""
    if dataset.labels is None:
        return None
    values, labels = np.unique(dataset.labels, return_inverse=True)
    return labels if CLASSES[0] <= len(values) <= CLASSES[1] and len(labels) >= 20 * len(values) else None


def ship(dataset: Dataset, note: Note) -> Path:
    """Train the classifier of a data set again and write it into `weights/`."""
    body, _ = _network(dataset.form.shape, UNITS)  # of the hidden layers alone
    file = SHIPPED / f"{dataset.name}.safetensors"
    _write(file, *train(dataset, note), fingerprint(dataset, body), note)
    return file


def _network(row: tuple[int, ...], classes: int) -> tuple[list[Layer], Params]:
    """The hidden layers, and the initial weights of all layers."""
    relu = activation("relu")
    maps = [conv(32, 5, 2), relu, conv(64, 5, 2), relu, conv(64, 3, 2), relu]
    *_, last = shapes(maps, row)
    body = [*maps, reshape(math.prod(last)), dense(UNITS), relu]
    rng = streams.stream(0, "evaluate")
    initial = initial_arrays(body, row, "he", rng)
    final = initial_arrays([dense(classes)], (UNITS,), "he", rng)
    return body, initial | {name.replace("00.dense", "classes"): w for name, w in final.items()}


def _forward(engine: Any, body: list[Layer], params: Params, x: Any) -> tuple[Any, Any]:
    hidden = apply_layers(engine.ops, body, params, x)
    return hidden, engine.ops.dense(hidden, params["classes.weight"], params["classes.bias"])


def _outputs(engine: Any, body: list[Layer], params: Params, form: Form, x: np.ndarray) -> tuple[Any, Any]:
    """The last hidden layer and the logits of rows at rest, float64."""
    parts = [
        [engine.numpy(y) for y in _forward(engine, body, params, engine.array(form.encode(x[i : i + CHUNK])))]
        for i in range(0, len(x), CHUNK)
    ]
    hidden, logits = (np.concatenate(part).astype(np.float64) for part in zip(*parts, strict=True))
    return hidden, logits


def train(dataset: Dataset, note: Note) -> tuple[Weights, float]:
    """Train on nine tenths of all rows; return the weights, float16, and the accuracy on the other tenth.

    The seed is 0 and one thread adds in one order, so the same machine gives the same bytes again. The loss is the
    cross-entropy, and Adam's learning rate falls to 0.
    """
    labels = class_codes(dataset)
    assert labels is not None
    body, initial = _network(dataset.form.shape, int(labels.max()) + 1)
    engine, (rows, test) = get_engine("torch"), split(dataset, 0.1, None, 0)
    steps = max(LEAST_STEPS, EPOCHS * len(rows) // BATCH)
    optimiser = engine.optimiser("adam", 0.9, 0.999)
    params: Params = {name: engine.array(w) for name, w in initial.items()}
    memory, one_hot = optimiser.init(params), np.eye(int(labels.max()) + 1, dtype=np.float32)
    note(f"training a classifier of {dataset.name} once, for its features: {steps:,} steps")
    with one_thread():
        for step in range(steps):
            chosen = rows[streams.real_rows(0, step * BATCH, BATCH, len(rows))]
            x = engine.array(dataset.form.encode(dataset.rows[chosen]))
            target = engine.array(one_hot[labels[chosen]])

            def loss(params: Params, x: Any = x, target: Any = target) -> tuple[Any, dict]:
                _, logits = _forward(engine, body, params, x)
                return cross_entropy(engine.ops, logits, target), {}

            gradient, _ = engine.grad(loss, params)
            params, memory = optimiser.update(params, gradient, memory, LEARNING_RATE * (1 - step / steps))
    weights = {name: engine.numpy(w).astype(np.float16) for name, w in params.items()}  # half the size of the file
    rounded = {name: engine.array(w.astype(np.float32)) for name, w in weights.items()}
    blocks = (test[block] for block in dataset.form.blocks(len(test)))
    found = [_outputs(engine, body, rounded, dataset.form, dataset.rows[some])[1].argmax(1) for some in blocks]
    right = np.concatenate(found) == labels[test]
    note(f"the classifier of {dataset.name} is right on {right.mean():.1%} of {len(test):,} unseen rows")
    return weights, float(right.mean())


# Files of weights.


def fingerprint(dataset: Dataset, body: list[Layer]) -> str:
    """A hash of everything that the classifier depends on: its layers, its training, and the data."""
    recipe = json.dumps([body, EPOCHS, LEAST_STEPS, BATCH, LEARNING_RATE, dataset.form.to_json()])
    digest = hashlib.sha256(recipe.encode())
    for array in (dataset.rows, dataset.labels):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:24]


def _mark_of(file: Path) -> str | None:
    """The fingerprint in a shipped file; None if the file cannot be read."""
    try:
        with safe_open(file, "numpy") as opened:
            return (opened.metadata() or {}).get("fingerprint")
    except (OSError, SafetensorError):
        return None


def _read(file: Path, wanted: Params, note: Note) -> tuple[Weights, float] | None:
    """The weights and the accuracy in a file; None if it is missing, damaged or of another classifier."""
    if not os.path.lexists(file):
        return None
    try:
        refuse_irregular(file)
        with safe_open(file, "numpy") as opened:
            kept = opened.metadata() or {}
            weights = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        fits = {name: (w.shape, w.dtype) for name, w in weights.items()} == {
            name: (w.shape, np.dtype(np.float16)) for name, w in wanted.items()
        }
        if fits and kept["sha256"] == _sha256(weights, kept["accuracy"]):
            return weights, float(kept["accuracy"])
    except (WganError, OSError, SafetensorError, KeyError, ValueError, TypeError):
        pass
    note(f"{file} is damaged or not one of wgan's; the classifier is trained again")
    return None


def _sha256(weights: Weights, accuracy: str) -> str:
    digest = hashlib.sha256(accuracy.encode())
    for name in sorted(weights):
        digest.update(name.encode() + np.ascontiguousarray(weights[name]).tobytes())
    return digest.hexdigest()


def _write(file: Path, weights: Weights, accuracy: float, mark: str, note: Note) -> None:
    about = {"accuracy": repr(accuracy), "sha256": _sha256(weights, repr(accuracy)), "fingerprint": mark}
    try:
        writing.write(file, safetensors.numpy.save(weights, about))
    except WganError as problem:
        note(f"cannot keep the classifier, so the next evaluation trains it again ({problem})")
