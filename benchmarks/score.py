"""Score runs on Fashion-MNIST or MNIST against the test rows, which no run has seen: a Frechet distance on the
features of wgan's classifier, with its floor.

    python benchmarks/score.py RUN [RUN ...]

Every score is of 5,000 samples against 5,000 test rows; the floor is that of 5,000 other test rows. It is not an FID.
`wgan evaluate` has the other metrics, against the rows that a run held out.
"""

import sys

import numpy as np

from wgan import data, features
from wgan.evaluate import load_model, sample
from wgan.metrics import frechet

COUNT = 5000


class Judge:
    """Scores samples of one data set."""

    def __init__(self, name: str):
        train, test = data.load(name), data.load_idx_pair(name, part="test")
        self.features = features.resolve("classifier", train, np.arange(len(train.rows)), print)
        self.test, probabilities = self.features.extract(test.rows[:COUNT])
        self.accuracy = float((probabilities.argmax(1) == test.labels[:COUNT]).mean())
        self.floor = frechet(self.test, self.features.extract(test.rows[COUNT : 2 * COUNT])[0]).value

    def score(self, rows: np.ndarray) -> tuple[float, np.ndarray]:
        """The Frechet distance, and each class's share of the samples."""
        found, probabilities = self.features.extract(rows)
        return frechet(self.test, found).value, np.bincount(probabilities.argmax(1), minlength=10) / len(rows)


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
