"""The Inception network of torch-fidelity (the extra `fid`), read from a file of its weights."""

import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch

from wgan.errors import WganError, install, setting


def load(path: Path) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """A function from uint8 images [n, height, width, 3] to features [n, 2048] and logits [n, 1008].

    Raises WganError if torch-fidelity or the file is missing, or if the file holds anything but these weights.
    """
    if not path.is_file():
        raise WganError(
            f"there is no file {str(path)!r} of Inception weights; give another path, or write "
            f"{setting('features', 'inception')}, "
            "which downloads it."
        )
    Network = _network()
    try:
        with warnings.catch_warnings(action="ignore"):  # torch warns about a pickle that it did not write
            torch.load(path, weights_only=True)  # a file of anything but arrays fails here; torch-fidelity would run it
        network = Network("inception", ["2048", "logits_unbiased"], feature_extractor_weights_path=str(path))
    except (
        RuntimeError,
        UnpicklingError,
        AttributeError,
        TypeError,
        EOFError,
        OSError,
        KeyError,
        ValueError,
    ) as problem:
        first = (str(problem).splitlines() or [type(problem).__name__])[0]
        raise WganError(f"{str(path)!r} holds no Inception weights ({first[:200]}); download the file again.") from None
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network.to(device)

    def outputs(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        channels_first = torch.tensor(images).permute(0, 3, 1, 2).to(device)
        features, logits = network(channels_first)
        return features.cpu().numpy(), logits.cpu().numpy()

    return outputs


def refuse_missing() -> None:
    """Raise WganError if torch-fidelity is not installed."""
    _network()


def _network() -> type:
    """The class of the network.

    The rest of torch-fidelity is not imported, because it needs torchvision. So its package is entered without running
    its `__init__`, and is left as it was found.
    """
    package = "torch_fidelity"
    found = sys.modules.get(package)
    spec = None if found else find_spec(package)
    if not found and spec is None:
        raise WganError(
            f"features inception needs torch-fidelity; {install('fid')}, or, without torchvision, pip install "
            "--no-deps torch-fidelity."
        )
    if spec is not None:
        sys.modules[package] = module_from_spec(spec)
    try:
        return import_module(f"{package}.feature_extractor_inceptionv3").FeatureExtractorInceptionV3
    finally:
        if spec is not None:
            for name in [name for name in sys.modules if name.partition(".")[0] == package]:
                del sys.modules[name]
