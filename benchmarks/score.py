"""Score runs on Fashion-MNIST or MNIST: a Frechet distance on a small classifier's features, with its floor.

    python benchmarks/score.py RUN [RUN ...]

The classifier is trained once on the 60,000 training rows and kept in the user's cache. Every score is of
5,000 samples against 5,000 test rows; the floor is that of 5,000 other real rows. It is not an FID.
"""

import os
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from wgan import data
from wgan.maths.metrics import frechet
from wgan.training.model import load_model, sample

COUNT = 5000


def network() -> torch.nn.Sequential:
    """A LeNet-like classifier; its features are the 64 units before the last layer."""
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64 * 49, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(),
        nn.Linear(64, 10),
    )  # fmt: skip


def pixels(rows: np.ndarray) -> torch.Tensor:
    return torch.tensor(rows).permute(0, 3, 1, 2).float() / 127.5 - 1


def classifier(name: str) -> torch.nn.Sequential:
    """The classifier of this data set, from the cache or trained: 3 epochs, Adam 1e-3."""
    torch.manual_seed(0)
    net = network()
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "wgan" / f"score-{name}.safetensors"
    if cache.exists():
        net.load_state_dict(load_file(cache))
    else:
        train = data.load(name)
        x, y = pixels(train.rows), torch.from_numpy(train.labels)
        optimiser = torch.optim.Adam(net.parameters(), 1e-3)
        for _ in range(3):
            for batch in torch.randperm(len(x)).split(128):
                optimiser.zero_grad()
                F.cross_entropy(net(x[batch]), y[batch]).backward()
                optimiser.step()
        cache.parent.mkdir(parents=True, exist_ok=True)
        save_file(net.state_dict(), cache)
    return net.eval()


@torch.no_grad()
def features(net: torch.nn.Sequential, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The features [n, 64] and the class probabilities [n, 10] of images [n, 28, 28, 1]."""
    parts = [(net[:-1](x), net(x).softmax(1)) for x in pixels(rows).split(500)]
    return tuple(torch.cat(part).double().numpy() for part in zip(*parts, strict=True))


class Judge:
    """Scores samples of one data set."""

    def __init__(self, name: str):
        self.net = classifier(name)
        test = data.load_idx_pair(name, part="test")
        self.test, probabilities = features(self.net, test.rows[:COUNT])
        self.accuracy = float((probabilities.argmax(1) == test.labels[:COUNT]).mean())
        self.floor = frechet(features(self.net, test.rows[COUNT : 2 * COUNT])[0], self.test).value

    def score(self, rows: np.ndarray) -> tuple[float, np.ndarray]:
        """The Frechet distance, and each class's share of the samples."""
        found, probabilities = features(self.net, rows)
        return frechet(found, self.test).value, np.bincount(probabilities.argmax(1), minlength=10) / len(rows)


def main() -> None:
    judges: dict[str, Judge] = {}
    for run in sys.argv[1:]:
        model = load_model(run)
        name = model.config.data
        if name not in judges:
            judges[name] = Judge(name)
            print(f"{name}: classifier accuracy {judges[name].accuracy:.3f}, floor {judges[name].floor:.2f}")
        distance, shares = judges[name].score(sample(model, COUNT, seed=1))
        print(f"{run}: step {model.step:,}, distance {distance:.2f}, rarest class {shares.min():.1%}")


if __name__ == "__main__":
    main()
