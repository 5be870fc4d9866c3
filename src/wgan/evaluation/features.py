"""The features of rows that metrics compare.

They are a classifier's last hidden layer, principal components, random convolutions, the rows themselves, the last
hidden layer of the Inception network, or any function of rows.
"""

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from wgan.data import Dataset, Form, download
from wgan.errors import WganError, setting, unknown_name
from wgan.evaluation import classifiers
from wgan.evaluation.classifiers import CHUNK, UNITS
from wgan.maths import streams
from wgan.maths.exact import as_float64
from wgan.reports import figures
from wgan.training import comparison

COMPONENTS = 64  # the most principal components
FITTED, VALUES = 10_000, 2**26  # training rows to which the principal components are fitted, and their values, at most
NETWORK_CHUNK = 64  # rows at a time for Inception, whose feature maps are large
SAMPLES = 10_000  # samples, where nobody says how many
FRECHET_ROWS = 5_000  # samples, and held-out rows, of the Frechet distance: one number for all runs
PAPERS = 50_000  # samples of an FID in the papers
NO_TITLES: Mapping[str, str] = MappingProxyType({})
INCEPTION_TITLES = {"frechet": "FID", "kernel_distance": "KID", "inception_style": "Inception score"}

Note = Callable[[str], None]


class Features(NamedTuple):
    """`extract(rows)` maps rows at rest [n, ...] to features [n, d] and class probabilities [n, classes] or None.

    `sha256` is the checksum of the network's weights. `samples` is the default number of samples. `against_all` says
    that the Frechet distance compares all samples with all real rows, as the papers do, and not `FRECHET_ROWS` samples
    with as many held-out rows. `titles` are the names that metrics have on these features.
    """

    name: str
    text: str
    extract: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray | None]]
    accuracy: float | None = None
    sha256: str | None = None
    samples: int = SAMPLES
    against_all: bool = False
    titles: Mapping[str, str] = NO_TITLES


def resolve(chosen: str | Callable[[np.ndarray], Any], dataset: Dataset, train: np.ndarray, note: Note) -> Features:
    """The features with this name, or of a function from rows at rest [n, ...] to [n, d].

    `train` are the indices of the training rows. "auto" is the classifier for labelled rows with axes of space, the
    rows themselves for up to 64 numbers a row, and else principal components. "inception:FILE" names the file of
    weights; "inception" looks for it and downloads it. Raises WganError for an unknown name, and for features that the
    data or a missing file rule out.
    """
    if callable(chosen):
        return _from_function(chosen)
    name, _, path = chosen.partition(":")
    if name == "auto":
        labelled = dataset.form.space and classifiers.class_codes(dataset) is not None
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
    what = "pixels in [-1, 1]" if form.picture else f"{'values' if form.space else 'columns'} as encoded for training"
    text = f"the rows themselves, {int(np.prod(form.encoded_shape))} {what}"
    return Features("rows", text, lambda x: (_flat_rows(form, x).astype(np.float64), None))


def pca(dataset: Dataset, train: np.ndarray, path: str, note: Note) -> Features:
    """The first principal components of the encoded training rows, not whitened."""
    from sklearn.decomposition import PCA

    form = dataset.form
    most = min(FITTED, max(2 * COMPONENTS, VALUES // math.prod(form.encoded_shape)))
    chosen = np.sort(streams.stream(0, "evaluate").permutation(np.sort(train))[:most])
    fitted = np.empty((len(chosen), math.prod(form.encoded_shape)), np.float32)
    for block in form.blocks(len(chosen)):
        fitted[block] = _flat_rows(form, dataset.rows[chosen[block]])
    count = min(COMPONENTS, *fitted.shape)
    note(f"fitting {count} principal components to {len(chosen):,} real rows")
    solver = "auto" if fitted.shape[1] <= 1000 else "randomized"
    model = PCA(count, svd_solver=solver, copy=False, random_state=0).fit(fitted)  # nothing else reads `fitted`
    share = model.explained_variance_ratio_.sum()
    text = f"{count} principal components of {len(chosen):,} real rows, {share:.1%} of their variance"

    def extract(x: np.ndarray) -> tuple[np.ndarray, None]:
        parts = [model.transform(_flat_rows(form, x[i : i + CHUNK])) for i in range(0, len(x), CHUNK)]
        return np.concatenate(parts).astype(np.float64), None

    return Features("pca", text, extract)


def random(dataset: Dataset, train: np.ndarray, path: str, note: Note) -> Features:
    """Random convolutional features of fixed seed, as those that choose the best checkpoint: they need no labels."""
    if not dataset.form.space:
        raise WganError(
            f"features random needs signals, images or volumes, but {dataset.name} has none; use "
            f"{setting('features', 'pca')}."
        )
    most = comparison.most_compared(dataset.form)
    chosen = np.sort(streams.stream(0, "evaluate").permutation(np.sort(train))[:most])
    seen = comparison.features_of(dataset.form, dataset.rows[chosen])
    count = seen(dataset.rows[chosen[:1]]).shape[1]
    text = f"{count} features: averaged values, and means and deviations of random convolutions"

    def extract(x: np.ndarray) -> tuple[np.ndarray, None]:
        return np.concatenate([seen(x[i : i + CHUNK]) for i in range(0, len(x), CHUNK)]), None

    return Features("random", text, extract)


def classifier(dataset: Dataset, train: np.ndarray, path: str, note: Note) -> Features:
    """The last hidden layer of the data set's classifier, which is the same whatever rows the run trains on."""
    found = classifiers.classifier(dataset, note)

    def extract(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        hidden, logits = found.outputs(x)
        return hidden, _odds(logits)

    text = f"{UNITS} units of a classifier of {dataset.name} that is right on {found.accuracy:.1%} of unseen rows"
    return Features("classifier", text, extract, found.accuracy, found.sha256)


def _odds(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits - logits.max(1, keepdims=True))
    return odds / odds.sum(1, keepdims=True)


# The Inception network of the papers.


def inception(dataset: Dataset, train: np.ndarray, path: str, note: Note) -> Features:
    """The 2,048 features of torch-fidelity's Inception network; the Frechet distance between them is the FID.

    The weights are in the file `path`. Without one they are looked for in $WGAN_DATA/inception and in the user's
    cache, and downloaded.
    """
    form = dataset.form
    if not form.picture or form.shape[-1] not in (1, 3):
        raise WganError(
            f"features inception needs images of 1 or 3 channels, but {dataset.name} has none; use "
            f"{setting('features', 'pca')}."
        )
    from wgan.engines import inception as network

    network.refuse_missing()
    file = Path(os.path.expanduser(path)) if path else download.fetch("inception", download.INCEPTION)
    outputs, sha256 = network.load(file), download.sha256_of(file)
    published = sha256 == download.SHA256[f"inception/{download.INCEPTION}"]

    def extract(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pixels = figures.as_bytes(x, form)
        parts = []
        for i in range(0, len(pixels), NETWORK_CHUNK):
            note(f"Inception features: {i:,} of {len(pixels):,}")
            parts.append(outputs(pixels[i : i + NETWORK_CHUNK].repeat(3 // form.shape[-1], axis=-1)))
        hidden, logits = (np.concatenate(part).astype(np.float64) for part in zip(*parts, strict=True))
        return hidden, _odds(logits)

    grey = ", grey repeated in three channels" if form.shape[-1] == 1 else ""
    weights = "the published weights" if published else f"other weights than the published ones, {file.name}"
    text = f"the 2,048 features of the Inception network ({weights}{grey})"
    return Features("inception", text, extract, None, sha256, samples=PAPERS, against_all=True, titles=INCEPTION_TITLES)


FEATURES: dict[str, Callable[[Dataset, np.ndarray, str, Note], Features]] = {
    "classifier": classifier,
    "pca": pca,
    "random": random,
    "rows": rows,
    "inception": inception,
}
