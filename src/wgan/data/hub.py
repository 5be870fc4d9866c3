"""A data set of the Hugging Face `datasets` library: hf:NAME, hf:NAME:SPLIT or hf:NAME:SPLIT:CONFIGURATION."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from wgan.data.arrays import from_array
from wgan.data.cache import CHUNK, VERSION, Encoded, Pictures, decoded
from wgan.data.labels import as_labels
from wgan.data.rows import Dataset
from wgan.errors import WganError, install

PREFIX = "hf:"


def load_hub(name: str, size: int | None, resize: str) -> Dataset:
    """Load the image column of a data set, or else its columns of numbers as a table; its class column gives labels.

    The split is "train" unless the name has one. The library refuses sets that run their own code. Raises WganError
    without the package datasets, and for a set that cannot be loaded or has neither images nor numbers.
    """
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"  # it asks for the data and reports nothing
    try:
        import datasets
    except ImportError:
        raise WganError(f"{name} needs one more package; {install('hf')}") from None
    title, split, configuration, *more = *name.removeprefix(PREFIX).split(":"), "", ""
    if not title or any(more):
        raise WganError(
            f"{name!r} is not a data set's name; give hf:NAME, hf:NAME:SPLIT or hf:NAME:SPLIT:CONFIGURATION"
        )
    try:
        table = datasets.load_dataset(title, configuration or None, split=split or "train")
    except Exception as error:  # the library raises errors of every type
        why = " ".join(str(error).split())[:300].rstrip(".")
        raise WganError(
            f"cannot load {name} ({type(error).__name__}: {why}); give hf:NAME:SPLIT:CONFIGURATION of a set that exists"
        ) from error
    features = table.features
    image = next((column for column, kind in features.items() if isinstance(kind, datasets.Image)), None)
    label = next((column for column, kind in features.items() if isinstance(kind, datasets.ClassLabel)), None)
    labels, label_names = None, () if label is None else tuple(features[label].names)
    if label is not None:
        labels, _ = as_labels(table.with_format("numpy")[label][:], len(table), f"column {label} of {name}")
    title = title.rpartition("/")[2]
    if image is not None:
        return decoded(_pictures(datasets, table, title, name, image, labels, label_names), size, resize)
    numbers = [column for column, kind in features.items() if _is_number(kind) and column != label]
    if not numbers:
        raise WganError(f"{name} has the columns {', '.join(features)}, neither images nor numbers; name another set")
    if size:
        raise WganError(f"size is for images, but {name} is a table; leave it out")
    dataset = from_array(table.select_columns(numbers).to_pandas(), name=title)
    return replace(dataset, labels=labels, label_names=label_names, source=f"{name}, columns {', '.join(numbers)}")


def _pictures(
    datasets: Any, table: Any, title: str, name: str, column: str, labels: np.ndarray | None, label_names: tuple
) -> Pictures:
    encoded = table.select_columns([column]).cast_column(column, datasets.Image(decode=False))

    def chunk(number: int) -> list[Encoded]:
        first = number * CHUNK
        values = encoded[first : first + CHUNK][column]
        return [
            (f"row {first + i}", (value["bytes"] or Path(value["path"])) if value else b"")
            for i, value in enumerate(values)
        ]

    key = hashlib.sha256(f"hf {VERSION} {table._fingerprint} {column}".encode()).hexdigest()
    return Pictures(title, name, key, len(table), chunk, labels, label_names)


def _is_number(feature: Any) -> bool:
    return str(getattr(feature, "dtype", "")).startswith(("int", "uint", "float", "bool"))
