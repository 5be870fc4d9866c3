"""Train configs on a folder of colour pictures for the same processor time each, and judge the samples.

    python benchmarks/photos.py DATA TEST [--like DATA] [--seconds 300] [--seed 0] [--out FOLDER] CONFIG ...

CONFIG is NAME:PRESET or NAME:PRESET:FIELD=VALUE:FIELD=VALUE. DATA and TEST are folders of benchmarks/photographs.py,
TEST of another seed. --seconds is the processor time of all threads together, so that other work on the machine does
not matter: 1,800 is what 15 minutes of two cores give. The steps are as many as fit. 5,000 samples are compared with
the pictures of TEST by four numbers; without a CONFIG only the floor is printed, which one half of TEST gets against
the other half:

- frechet: the Frechet distance between the means and deviations of random convolutional features (wgan.maths.
  random_features: three levels, each filter's mean and deviation over the picture, scaled to a deviation of 1);
- classifier: the Frechet distance between the 64 features of a small classifier of the classes of DATA, or of --like,
  which may hold more pictures;
- spectrum: the root mean square, over rings of frequencies, of the difference of log10 power (0.3 is a factor of 2);
- detail: the mean squared difference of neighbouring pixels, as a share of that of TEST (1 is as sharp as real).
"""

import argparse
import json
from pathlib import Path

import numpy as np
import timed

from wgan import data, preset
from wgan.config import FIELDS
from wgan.config.values import number_of
from wgan.evaluation.features import classifier
from wgan.maths.metrics import frechet
from wgan.maths.random_features import random_features
from wgan.reports import figures
from wgan.training.model import sample

COUNT = 5000


class Judge:
    """Compares samples with the pictures of a folder."""

    def __init__(self, like: data.Dataset, test: data.Dataset):
        self.form, self.test = like.form, test.rows
        self.scale = self._random(test.rows).std(0) + 1e-6
        self.extract = None
        if like.labels is not None:
            self.extract = classifier(like, np.arange(len(like.rows)), "", lambda text: None).extract

    def _random(self, rows: np.ndarray) -> np.ndarray:
        return np.concatenate(random_features(self.form.encode(rows))[1:], 1).astype(np.float64)

    def compare(self, rows: np.ndarray, test: np.ndarray | None = None) -> dict[str, float]:
        test = self.test if test is None else test
        found = {"frechet": frechet(self._random(test) / self.scale, self._random(rows) / self.scale).value}
        if self.extract:
            found["classifier"] = frechet(self.extract(test)[0], self.extract(rows)[0]).value
        difference = np.log10(spectrum(rows)) - np.log10(spectrum(test))
        spread = float(np.sqrt((difference**2).mean()))
        return found | {"spectrum": spread, "detail": detail(rows) / detail(test)}

    def floor(self) -> dict[str, float]:
        order = np.random.default_rng(0).permutation(len(self.test))
        half = len(order) // 2
        return self.compare(self.test[order[:half]], self.test[order[half:]])


def detail(rows: np.ndarray) -> float:
    """The mean squared difference of neighbouring pixels."""
    x = rows.astype(np.float32)
    return float((np.diff(x, axis=1) ** 2).mean() + (np.diff(x, axis=2) ** 2).mean())


def spectrum(rows: np.ndarray) -> np.ndarray:
    """The mean power of the grey pictures in each ring of frequencies, from 1 to half the size."""
    grey = rows.astype(np.float64).mean(3)
    power = (np.abs(np.fft.fft2(grey)) ** 2).mean(0)
    tall, wide = (np.fft.fftfreq(n) * n for n in power.shape)
    ring = np.round(np.hypot(tall[:, None], wide)).astype(int)
    return np.array([power[ring == n].mean() for n in range(1, min(power.shape) // 2 + 1)])


def rounded(numbers: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in numbers.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--like", type=Path, help="the folder whose classes the classifier learns [DATA]")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/photos"))
    parser.add_argument("configs", nargs="*", metavar="CONFIG")
    options = parser.parse_intermixed_args()  # so that options may stand before CONFIG
    dataset = data.load(options.data)
    judge = Judge(data.load(options.like) if options.like else dataset, data.load(options.test))
    print(json.dumps({"name": "floor", "data": options.test.name, **rounded(judge.floor())}), flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    figures.samples(
        judge.test[:: max(1, len(judge.test) // 64)][:64], dataset.form, options.out / f"real-{options.test.name}.png"
    )
    for text in options.configs:
        name, start, *given = text.split(":")
        fields = {key: number_of(FIELDS[key], value) for key, value in (word.split("=", 1) for word in given)}
        config = preset(start).config.replace(data=str(options.data), seed=options.seed, **fields)
        model, steps, seconds = timed.trained(config, dataset, options.seconds)
        rows = sample(model, COUNT, seed=1)
        found = {"name": name, "data": options.data.name, "seed": options.seed, "steps": steps,
                 "seconds": round(seconds), **rounded(judge.compare(rows)),
                 "fields": fields}  # fmt: skip
        path = options.out / f"{name}-{options.data.name}-{options.seed}-{round(options.seconds)}.png"
        figures.samples(rows[:64], dataset.form, path)
        print(json.dumps(found), flush=True)
        with open(options.out / "table.jsonl", "a") as table:
            table.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
