"""The features of rows that metrics compare.

They are a classifier's last hidden layer, principal components, the rows themselves, the last hidden layer of the
Inception network, or any function of rows.
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
from wgan.engines import get_engine
from wgan.errors import WganError, unknown_name
from wgan.files import writing
from wgan.files.reading import refuse_irregular
from wgan.game.arrays import Params
from wgan.game.layers import Layer, activation, apply_layers, conv, dense, initial_arrays, reshape, shapes
from wgan.game.objectives import cross_entropy
from wgan.maths import streams
from wgan.maths.exact import as_float64
from wgan.reports import figures

CHUNK = 512  # rows at a time
COMPONENTS = 64  # the most principal components
FITTED = 10_000  # training rows to which the principal components are fitted, at most
CLASSES = (2, 200)  # the fewest and the most for which a classifier is trained
UNITS = 64  # of the classifier's last hidden layer
NETWORK_CHUNK = 64  # rows at a time for Inception, whose feature maps are large
EPOCHS, LEAST_STEPS, BATCH, LEARNING_RATE = 4, 800, 128, 2e-3  # of the classifier

Note = Callable[[str], None]


class Features(NamedTuple):
    """`extract(rows)` maps rows at rest [n, ...] to features [n, d] and class probabilities [n, classes] or None."""

    name: str
    text: str
    extract: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray | None]]
    accuracy: float | None = None


def resolve(chosen: str | Callable[[np.ndarray], Any], dataset: Dataset, train: np.ndarray, note: Note) -> Features:
    """The features with this name, or of a function from rows at rest [n, ...] to [n, d].

    `train` are the indices of the training rows. "auto" is the classifier for labelled images, the rows themselves
    for up to 64 numbers a row, and else principal components. "inception:FILE" names the weights. Raises WganError
    for an unknown name, and for features that the data or a missing file rule out.
    """
    if callable(chosen):
        return _from_function(chosen)
    name, _, path = chosen.partition(":")
    if name == "auto":
        labelled = dataset.form.kind == "images" and _class_codes(dataset) is not None
        name = "classifier" if labelled else "rows" if np.prod(dataset.form.encoded_shape) <= COMPONENTS else "pca"
    if name not in FEATURES or (path and name != "inception"):
        raise unknown_name("features", chosen, ["auto", *FEATURES])
    return FEATURES[name](dataset, train, path, note)


def _from_function(function: Callable[[np.ndarray], Any]) -> Features:
    name = getattr(function, "__name__", type(function).__name__)

    def extract(rows: np.ndarray) -> tuple[np.ndarray, None]:
        found = as_float64(function(rows), f"what features {name} return", f"numbers [{len(rows)}, d]", finite=False)
        if found.ndim != 2 or len(found) != len(rows):
            raise WganError(f"features {name} of {len(rows)} rows have shape {found.shape}; return [{len(rows)}, d].")
        return found, None

    return Features(name, f"the function {name}", extract)


def _flat_rows(form: Form, rows: np.ndarray) -> np.ndarray:
    return form.encode(rows).reshape(len(rows), -1)


def rows(dataset: Dataset, train: np.ndarray, path: str, note: Note) -> Features:
    """The encoded rows themselves: pixels in [-1, 1], or columns as encoded for training."""
    form = dataset.form
    what = "pixels in [-1, 1]" if form.kind == "images" else "columns as encoded for training"
    text = f"the rows themselves, {int(np.prod(form.encoded_shape))} {what}"
    return Features("rows", text, lambda x: (_flat_rows(form, x).astype(np.float64), None))


def pca(dataset: Dataset, train: np.ndarray, path: str, note: Note) -> Features:
    """The first principal components of the encoded training rows, not whitened."""
    from sklearn.decomposition import PCA

    chosen = np.sort(streams.stream(0, "evaluate").permutation(np.sort(train))[:FITTED])
    fitted = _flat_rows(dataset.form, dataset.rows[chosen])
    count = min(COMPONENTS, *fitted.shape)
    note(f"fitting {count} principal components to {len(chosen):,} training rows")
    model = PCA(count, svd_solver="auto" if fitted.shape[1] <= 1000 else "randomized", random_state=0).fit(fitted)
    share = model.explained_variance_ratio_.sum()
    text = f"{count} principal components of the training rows, {share:.1%} of their variance"

    def extract(x: np.ndarray) -> tuple[np.ndarray, None]:
        parts = [model.transform(_flat_rows(dataset.form, x[i : i + CHUNK])) for i in range(0, len(x), CHUNK)]
        return np.concatenate(parts).astype(np.float64), None

    return Features("pca", text, extract)


# The classifier is trained once for a data set and does not depend on the run, so that runs can be compared.


def classifier(dataset: Dataset, train: np.ndarray, path: str, note: Note) -> Features:
    """The last hidden layer of a small convolutional classifier of the labelled data set.

    It is trained once, with seed 0, on nine tenths of all rows, whatever rows the run trains on, and kept in the
    user's cache. Its accuracy is measured on the other tenth.
    """
    labels = _class_codes(dataset)
    if labels is None or dataset.form.kind != "images":
        raise WganError(
            f"features classifier needs images with labels of {CLASSES[0]} to {CLASSES[1]} classes, but "
            f"{dataset.name} has none; use --features pca or rows."
        )
    engine, body = get_engine("torch"), _hidden_layers(dataset.form.shape)
    rng = streams.stream(0, "evaluate")
    initial = initial_arrays(body, dataset.form.shape, "he", rng)
    last = initial_arrays([dense(int(labels.max()) + 1)], (UNITS,), "he", rng)
    initial |= {name.replace("00.dense", "classes"): w for name, w in last.items()}
    file = cache() / f"classifier-{_fingerprint(dataset, body)}.safetensors"
    kept = _read_cached(file, initial, note)
    weights, accuracy = kept or _train(engine, body, initial, dataset, labels, note)
    if not kept:
        _write_cached(file, weights, accuracy, note)
    params = {name: engine.array(w) for name, w in weights.items()}
    text = f"{UNITS} units of a classifier of {dataset.name} that is right on {accuracy:.1%} of unseen rows"

    def extract(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        hidden, logits = _outputs(engine, body, params, dataset.form, x)
        odds = np.exp(logits - logits.max(1, keepdims=True))
        return hidden, odds / odds.sum(1, keepdims=True)

    return Features("classifier", text, extract, accuracy)


def _class_codes(dataset: Dataset) -> np.ndarray | None:
    """Labels as codes 0, 1, ...; None without labels, or with too few or too many classes or too few rows."""
    if dataset.labels is None:
        return None
    values, labels = np.unique(dataset.labels, return_inverse=True)
    return labels if CLASSES[0] <= len(values) <= CLASSES[1] and len(labels) >= 20 * len(values) else None


def _hidden_layers(row: tuple[int, ...]) -> list[Layer]:
    relu = activation("relu")
    maps = [conv(32, 5, 2), relu, conv(64, 5, 2), relu]
    *_, last = shapes(maps, row)
    return [*maps, reshape(math.prod(last)), dense(2 * UNITS), relu, dense(UNITS), relu]


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


def _train(
    engine: Any, body: list[Layer], initial: Params, dataset: Dataset, labels: np.ndarray, note: Note
) -> tuple[dict[str, np.ndarray], float]:
    """Train by cross-entropy and Adam, with a learning rate that falls to 0; return the weights and the accuracy."""
    train, test = split(dataset, 0.1, None, 0)
    steps = max(LEAST_STEPS, EPOCHS * len(train) // BATCH)
    optimiser = engine.optimiser("adam", 0.9, 0.999)
    params: Params = {name: engine.array(w) for name, w in initial.items()}
    memory, one_hot = optimiser.init(params), np.eye(int(labels.max()) + 1, dtype=np.float32)
    note(f"training a classifier of {dataset.name} once, for its features: {steps:,} steps")
    for step in range(steps):
        chosen = train[streams.real_rows(0, step * BATCH, BATCH, len(train))]
        x = engine.array(dataset.form.encode(dataset.rows[chosen]))
        target = engine.array(one_hot[labels[chosen]])

        def loss(params: Params, x: Any = x, target: Any = target) -> tuple[Any, dict]:
            _, logits = _forward(engine, body, params, x)
            return cross_entropy(engine.ops, logits, target), {}

        gradient, _ = engine.grad(loss, params)
        params, memory = optimiser.update(params, gradient, memory, LEARNING_RATE * (1 - step / steps))
    right = _outputs(engine, body, params, dataset.form, dataset.rows[test])[1].argmax(1) == labels[test]
    note(f"the classifier of {dataset.name} is right on {right.mean():.1%} of {len(test):,} unseen rows")
    return {name: engine.numpy(w) for name, w in params.items()}, float(right.mean())


def _fingerprint(dataset: Dataset, body: list[Layer]) -> str:
    """A hash of everything that the classifier depends on."""
    recipe = json.dumps([body, EPOCHS, LEAST_STEPS, BATCH, LEARNING_RATE, dataset.form.to_json()])
    digest = hashlib.sha256(recipe.encode())
    for array in (dataset.rows, dataset.labels):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:24]


def _read_cached(file: Path, wanted: Params, note: Note) -> tuple[dict[str, np.ndarray], float] | None:
    """The cached weights and accuracy; None if the file is missing, damaged or of another classifier."""
    if not os.path.lexists(file):
        return None
    try:
        refuse_irregular(file)
        with safe_open(file, "numpy") as opened:
            kept = opened.metadata() or {}
            weights = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        fits = {name: (w.shape, w.dtype) for name, w in weights.items()} == {
            name: (w.shape, w.dtype) for name, w in wanted.items()
        }
        if fits and kept["sha256"] == _sha256(weights, kept["accuracy"]):
            return weights, float(kept["accuracy"])
    except (WganError, OSError, SafetensorError, KeyError, ValueError, TypeError):
        pass
    note(f"{file} is damaged or not one of wgan's; the classifier is trained anew")
    return None


def _sha256(weights: dict[str, np.ndarray], accuracy: str) -> str:
    digest = hashlib.sha256(accuracy.encode())
    for name in sorted(weights):
        digest.update(name.encode() + np.ascontiguousarray(weights[name]).tobytes())
    return digest.hexdigest()


def _write_cached(file: Path, weights: dict[str, np.ndarray], accuracy: float, note: Note) -> None:
    seal = _sha256(weights, repr(accuracy))
    data = safetensors.numpy.save(weights, {"accuracy": repr(accuracy), "sha256": seal})
    try:
        writing.write(file, data)
    except WganError as problem:
        note(f"cannot keep the classifier, so the next evaluation trains it anew ({problem})")


# The Inception network, whose weights the user gives.


def inception(dataset: Dataset, train: np.ndarray, path: str, note: Note) -> Features:
    """The 2,048 features of torch-fidelity's Inception network; the Frechet distance between them is the FID."""
    if not path:
        raise WganError(
            "features inception needs its weights, torch-fidelity's file weights-inception-2015-12-05-6726825d.pth; "
            "name it with --features inception:FILE."
        )
    form = dataset.form
    if form.kind != "images" or form.shape[-1] not in (1, 3):
        raise WganError(
            f"features inception needs images of 1 or 3 channels, but {dataset.name} has none; use --features pca."
        )
    from wgan.engines import inception as network

    outputs = network.load(Path(path).expanduser())

    def extract(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pixels = figures.as_bytes(x, form)
        parts = []
        for i in range(0, len(pixels), NETWORK_CHUNK):
            note(f"Inception features: {i:,} of {len(pixels):,}")
            parts.append(outputs(pixels[i : i + NETWORK_CHUNK].repeat(3 // form.shape[-1], axis=-1)))
        hidden, logits = (np.concatenate(part).astype(np.float64) for part in zip(*parts, strict=True))
        odds = np.exp(logits - logits.max(1, keepdims=True))
        return hidden, odds / odds.sum(1, keepdims=True)

    grey = ", grey repeated" if form.shape[-1] == 1 else ""
    return Features("inception", f"the Inception network's 2,048 features ({Path(path).name}{grey})", extract)


FEATURES: dict[str, Callable[[Dataset, np.ndarray, str, Note], Features]] = {
    "classifier": classifier,
    "pca": pca,
    "rows": rows,
    "inception": inception,
}
