"""Print the Frechet distance of runs, as `wgan evaluate` measures it, beside its floor and the share of each class.

    python benchmarks/score.py RUN [RUN ...]

It has the protocol of docs/metrics.md: the data set's classifier, 5,000 samples against 5,000 held-out rows. It is
not an FID.
"""

import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from wgan.data import Dataset
from wgan.evaluation import features
from wgan.evaluation.evaluate import frechet_rows, rows_of
from wgan.maths import streams
from wgan.maths.metrics import frechet
from wgan.training.model import load_model, sample

SEED = 0  # of the samples and of the order of the rows, as in `wgan evaluate`


class Score(NamedTuple):
    """The Frechet distance with its standard error, that of real rows, and each class's share of the samples."""

    distance: float
    error: float | None
    floor: float
    shares: np.ndarray


def score(made: np.ndarray, dataset: Dataset, train: np.ndarray, held_out: np.ndarray, note: Any = print) -> Score:
    """Score samples at rest; `train` and `held_out` are indices of rows of the labelled data set, in any order."""
    order = streams.stream(SEED, "evaluate")
    train, held_out = order.permutation(train), order.permutation(held_out)
    seen = features.resolve("classifier", dataset, train, note)
    (found, odds), *of_real = (seen.extract(rows) for rows in (made, dataset.rows[held_out], dataset.rows[train]))
    pair, floor, _ = frechet_rows(seen, of_real[0][0], found, of_real[1][0], len(made))
    distance = frechet(*pair)
    assert odds is not None  # a classifier gives them
    shares = np.bincount(odds.argmax(1), minlength=odds.shape[1]) / len(odds)
    return Score(distance.value, distance.error, frechet(*floor).value, shares)


def of_run(run: str | Path, note: Any = print) -> tuple[int, Score]:
    """The step of a run's newest checkpoint, and its score."""
    model = load_model(run)
    dataset, train, held_out = rows_of(Path(run), model.config)
    made = sample(model, min(features.SAMPLES, len(train)), SEED)
    return model.step, score(made, dataset, train, held_out, note)


def main() -> None:
    for run in sys.argv[1:]:
        step, found = of_run(run)
        print(
            f"{run}: step {step:,}, distance {found.distance:.4g} ± {found.error:.2g}, floor {found.floor:.4g}, "
            f"rarest class {found.shares.min():.1%}"
        )


if __name__ == "__main__":
    main()
