"""The Inception network of torch-fidelity (the extra `fid`), read from a file of its weights."""

import warnings
from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch

from wgan.errors import WganError


def load(path: Path) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """A function from uint8 images [n, height, width, 3] to features [n, 2048] and logits [n, 1008].

    Raises WganError if torch-fidelity or the file is missing, or if the file holds anything but these weights.
    """
    if not path.is_file():
        raise WganError(
            f"there is no file {str(path)!r} of Inception weights; download torch-fidelity's, or give another path."
        )
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3 as Network
    except (ImportError, RuntimeError) as problem:  # a torchvision made for another torch raises RuntimeError
        raise WganError(f"features inception needs torch-fidelity ({problem}); pip install 'wgan[fid]'.") from None
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
