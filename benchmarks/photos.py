"""Train configs on a folder of colour pictures for the same processor time each, and judge the samples.

    python benchmarks/photos.py DATA TEST [--seconds 300] [--seed 0] [--out FOLDER] NAME PRESET [FIELD=VALUE ...]

DATA and TEST are folders of benchmarks/photographs.py, TEST of another seed. --seconds is the processor time of all
threads together, so that other work on the machine does not matter: 1,800 is what 15 minutes of two cores give. The
steps are as many as fit. 5,000 samples are compared with the 5,000 pictures of TEST by three numbers; --floor prints
those of 2,500 pictures of TEST against the other 2,500:

- frechet: the Frechet distance between the means and deviations of random convolutional features (wgan.maths.
  random_features: three levels, each filter's mean and deviation over the picture, scaled to a deviation of 1);
- classifier: the Frechet distance between the 64 features of a small classifier of the folders' classes;
- detail: the mean squared difference of neighbouring pixels, as a share of that of TEST (1 is as sharp as real).
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from wgan import data, preset
from wgan.config import FIELDS, kind
from wgan.evaluation.features import classifier
from wgan.maths.metrics import frechet
from wgan.maths.random_features import random_features
from wgan.reports import figures
from wgan.training import loop
from wgan.training.model import sample

COUNT = 5000
TRIAL, TIMED = 10, 30  # iterations before the clock starts, and on the clock


class Judge:
    """Compares samples with the pictures of a folder."""

    def __init__(self, dataset: data.Dataset, test: data.Dataset):
        self.form, self.test = dataset.form, test.rows
        self.scale = self._random(test.rows).std(0) + 1e-6
        self.extract = None
        if dataset.labels is not None:
            self.extract = classifier(dataset, np.arange(len(dataset.rows)), "", print).extract

    def _random(self, rows: np.ndarray) -> np.ndarray:
        return np.concatenate(random_features(self.form.encode(rows))[1:], 1).astype(np.float64)

    def compare(self, rows: np.ndarray, test: np.ndarray | None = None) -> dict[str, float]:
        test = self.test if test is None else test
        found = {"frechet": frechet(self._random(test) / self.scale, self._random(rows) / self.scale).value}
        if self.extract:
            found["classifier"] = frechet(self.extract(test)[0], self.extract(rows)[0]).value
        return found | {"detail": detail(rows) / detail(test)}

    def floor(self) -> dict[str, float]:
        order = np.random.default_rng(0).permutation(len(self.test))
        half = len(order) // 2
        return self.compare(self.test[order[:half]], self.test[order[half:]])


def detail(rows: np.ndarray) -> float:
    """The mean squared difference of neighbouring pixels."""
    x = rows.astype(np.float32)
    return float((np.diff(x, axis=1) ** 2).mean() + (np.diff(x, axis=2) ** 2).mean())


def trained(dataset: data.Dataset, config, seconds: float):
    """A run of as many steps as fit into so many seconds of the processor, and the seconds that it took."""
    trial = loop.start(config, dataset)
    for _ in range(TRIAL):
        loop.iterate(trial)
    loop.losses(trial)
    began = time.process_time()
    for _ in range(TIMED):
        loop.iterate(trial)
    loop.losses(trial)
    steps = max(1, int(seconds / (time.process_time() - began) * TIMED))
    training = loop.start(config.replace(steps=steps), dataset)
    began = time.process_time()
    while training.step < steps:
        loop.iterate(training)
    loop.losses(training)
    return training, time.process_time() - began


def value_of(field: str, text: str):
    """The value of a field from its text."""
    return None if text == "None" else {int: int, float: float}.get(kind(FIELDS[field]), str)(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/photos"))
    parser.add_argument("--floor", action="store_true", help="print what real pictures get, and stop")
    parser.add_argument("name")
    parser.add_argument("preset")
    parser.add_argument("fields", nargs="*", metavar="FIELD=VALUE")
    options = parser.parse_args()
    fields = dict(text.split("=", 1) for text in options.fields)
    config = preset(options.preset).config.replace(
        data=str(options.data), seed=options.seed, **{name: value_of(name, text) for name, text in fields.items()}
    )
    dataset = data.load(options.data)
    judge = Judge(dataset, data.load(options.test))
    if options.floor:
        print(judge.floor())
        return
    training, seconds = trained(dataset, config, options.seconds)
    rows = sample(loop.model_of(training), COUNT, seed=1)
    found = {"name": options.name, "data": options.data.name, "seed": options.seed, "steps": training.config.steps,
             "seconds": round(seconds), "engine": training.game.engine.name,
             **{name: round(value, 3) for name, value in judge.compare(rows).items()}, "fields": fields}  # fmt: skip
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"{options.name}-{options.data.name}-{options.seed}-{round(options.seconds)}.png"
    figures.samples(rows[:64], dataset.form, path)
    print(json.dumps(found))
    with open(options.out / "table.jsonl", "a") as table:
        table.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
