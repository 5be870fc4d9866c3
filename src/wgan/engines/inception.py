"""The Inception network of torch-fidelity (the extra `fid`), from a file of its weights."""

import warnings
from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch

from wgan.errors import WganError


def load(path: Path) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """A function from uint8 images [n, height, width, 3] to features [n, 2048] and logits [n, 1008].

    Raises WganError where torch-fidelity or the file is missing, or the file holds anything but these weights.
    """
    if not path.is_file():
        raise WganError(f"there is no file {str(path)!r} of Inception weights; fetch torch-fidelity's, or name yours.")
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3 as Network
    except (ImportError, RuntimeError) as problem:  # the latter of a torchvision that is not of this torch
        raise WganError(f"features inception needs torch-fidelity ({problem}); pip install 'wgan[fid]'.") from None
    try:
        with warnings.catch_warnings(action="ignore"):  # of a pickle that torch did not write
            torch.load(path, weights_only=True)  # torch-fidelity unpickles: nothing but arrays may get there
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
        raise WganError(f"{str(path)!r} holds no Inception weights ({first[:200]}); fetch the file again.") from None
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network.to(device)

    def outputs(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        channels_first = torch.tensor(images).permute(0, 3, 1, 2).to(device)
        features, logits = network(channels_first)
        return features.cpu().numpy(), logits.cpu().numpy()

    return outputs
