"""Labelled signals that nobody here made: samples beside held-out rows, by structure and by label agreement.

    pip install sktime --no-deps
    python benchmarks/signals.py [--sets ItalyPowerDemand GunPoint] [--seconds 100] [--seeds 0 1 2]

The signals come with sktime, which is not imported: its .ts files are read here. Both splits are joined, and 30 % of
the rows are held out. The preset for signals trains with labels (`--conditional projection`) for so many processor
seconds on one thread. Each number stands beside its floor, the score of training rows.
"""

import argparse
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import timed

from wgan import preset
from wgan.data import Dataset, from_array, split
from wgan.errors import WganError
from wgan.evaluation.evaluate import evaluate_model

SETS = ("ItalyPowerDemand", "GunPoint")
SHOWN = ("spectrum", "autocorrelation", "amplitude", "energy_distance", "label_agreement", "precision", "coverage")


def signals(name: str) -> Dataset:
    """The labelled signals of a data set of sktime."""
    found = find_spec("sktime")
    if found is None or found.origin is None:
        raise WganError("this benchmark needs the signals of sktime; run pip install sktime --no-deps.")
    folder = Path(found.origin).parent / "datasets" / "data" / name
    lines = [
        line.strip()
        for part in ("TRAIN", "TEST")
        for line in (folder / f"{name}_{part}.ts").read_text(encoding="utf-8").splitlines()
        if line.strip() and line[0] not in "#@%"
    ]
    rows, labels = zip(*(line.rsplit(":", 1) for line in lines), strict=True)
    array = np.array([[float(value) for value in row.split(",")] for row in rows], np.float32)
    names, codes = np.unique(labels, return_inverse=True)
    return replace(from_array(array, name=name, kind="signals"), labels=codes, label_names=tuple(map(str, names)))


def measured(dataset: Dataset, seconds: float, seed: int) -> tuple[int, dict[str, dict[str, float]]]:
    """The steps of a run that takes so many processor seconds, and its metrics."""
    config = preset("signals").config.replace(
        data=dataset.name, conditional="projection", held_out=0.3, engine="torch", seed=seed
    )
    model, steps, _ = timed.trained(config, dataset, seconds)
    train, held_out = split(dataset, config.held_out, config.rows, seed)
    return steps, evaluate_model(model, dataset, train, held_out, samples=len(held_out))["metrics"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--seconds", type=float, default=100)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    chosen = parser.parse_args()
    print("each number beside its floor, the score of as many training rows")
    for name in chosen.sets:
        try:
            dataset = signals(name)
        except WganError as problem:
            raise SystemExit(str(problem)) from None
        print(f"{name}: {len(dataset.rows):,} signals of {dataset.form.space[0]} steps")
        for seed in chosen.seeds:
            steps, found = measured(dataset, chosen.seconds, seed)
            numbers = [f"{key} {found[key]['value']:.3f} ({found[key]['floor']:.3f})" for key in SHOWN if key in found]
            print(f"  seed {seed}, {steps:,} steps: {', '.join(numbers)}", flush=True)


if __name__ == "__main__":
    main()
