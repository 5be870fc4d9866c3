"""Tables against CTGAN, for as many processor seconds on one core each, judged on rows that neither has seen.

    python benchmarks/tables.py --ctgan /path/to/venv/bin/python [--tables wine ...] [--seconds 60] [--seeds 0 1 2]
    python benchmarks/tables.py --million

CTGAN lives in an environment of its own: python -m venv DIR; DIR/bin/pip install 'ctgan==0.12.*'. It gets its default
settings, is told which columns are discrete (those that wgan encodes as levels), and is stopped when its time is up;
wgan gets the preset for tables and as many steps as fit. A fifth of the rows is held out. `housing` is made up: skewed
and correlated columns like those of the California housing table, which is not bundled with scikit-learn.
--million prints time, memory and steps per second of a table of a million rows beside one of a thousand.
"""

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd

HOUSING = [
    "MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude", "MedHouseVal",
]  # fmt: skip


def housing(rows: int = 4000, seed: int = 0) -> pd.DataFrame:
    """Made up; the names are those of the columns that it was made after."""
    random = np.random.default_rng(seed)
    place = random.choice(3, rows, p=[0.45, 0.35, 0.2])
    latitude = np.array([34.0, 37.7, 36.5])[place] + random.normal(0, 0.6, rows)
    longitude = np.array([-118.2, -122.2, -119.8])[place] + random.normal(0, 0.5, rows)
    income = np.clip(np.exp(random.normal(1.2, 0.45, rows) - 0.25 * (place == 2)), 0.5, 15)
    age = np.clip(np.round(52 - random.gamma(2.5, 9, rows)), 1, 52)
    rooms = 3 + 0.55 * income + random.gamma(2, 0.5, rows)
    bedrooms = rooms / 5 + random.gamma(4, 0.02, rows)
    population = np.round(np.exp(random.normal(7, 0.7, rows)))
    occupancy = 1.5 + random.gamma(4, 0.35, rows)
    value = np.clip(0.42 * income + 0.5 * (place == 1) + 0.006 * age + random.gamma(2, 0.25, rows), 0.15, 5.0)
    columns = [income, age, rooms, bedrooms, population, occupancy, latitude, longitude, value]
    return pd.DataFrame(dict(zip(HOUSING, columns, strict=True)))


def table(name: str) -> pd.DataFrame:
    """A table whose last column is what is to be predicted."""
    from sklearn import datasets

    if name == "housing":
        return housing()
    return getattr(datasets, f"load_{name}")(as_frame=True).frame


TABLES = ("breast_cancer", "wine", "diabetes", "housing")


def train_ours(train: pd.DataFrame, seconds: float, seed: int) -> tuple[pd.DataFrame, int]:
    """Samples of wgan's preset for tables, and its steps; all but the import counts as time."""
    from wgan import WGAN, preset
    from wgan.data import from_array
    from wgan.training import loop

    began = time.process_time()
    quiet = {"held_out": 0.0, "log_every": 10**9, "diagnose_every": 10**9, "engine": "torch", "seed": seed}
    config = preset("table").config.replace(**quiet)
    trial = loop.start(config, from_array(train))
    loop.iterate(trial)
    before = time.process_time()
    for _ in range(20):
        loop.iterate(trial)
    rate = 20 / (time.process_time() - before)
    steps = max(1, int((seconds - (time.process_time() - began)) * rate * 0.97))
    model = WGAN(preset="table", **quiet, steps=steps).fit(train)
    return model.sample(len(train), seed=1), steps


def train_ctgan(interpreter: str, train: pd.DataFrame, discrete: list[str], seconds: float, seed: int) -> pd.DataFrame:
    """Samples of CTGAN, trained in its own interpreter by this same file."""
    with tempfile.TemporaryDirectory() as folder:
        train.to_parquet(Path(folder, "train.parquet"))
        arguments = [folder, str(seconds), str(seed), *discrete]
        subprocess.run([interpreter, __file__, "--as-ctgan", *arguments], check=True)
        return pd.read_parquet(Path(folder, "samples.parquet"))


class TimeIsUp(Exception):
    pass


def as_ctgan(folder: str, seconds: str, seed: str, *discrete: str) -> None:
    import torch
    from ctgan import CTGAN

    def stop(number: int, frame: object) -> None:
        raise TimeIsUp

    torch.set_num_threads(1)
    train = pd.read_parquet(Path(folder, "train.parquet"))
    model = CTGAN(epochs=10**9, enable_gpu=False)
    model.set_random_state(int(seed))
    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, float(seconds))
    with suppress(TimeIsUp):
        model.fit(train, discrete)
    model.sample(len(train)).to_parquet(Path(folder, "samples.parquet"))


def judged(frame: pd.DataFrame, train: pd.DataFrame, test: pd.DataFrame, fake: pd.DataFrame) -> dict[str, float]:
    """Each measure of a table that applies, of samples (or of training rows in their place) against held-out rows."""
    from wgan.data.columns import TableForm
    from wgan.data.table import from_frame, to_rows
    from wgan.evaluation.table_metrics import TABLE_METRICS, TableSets

    form = from_frame(frame).form
    assert isinstance(form, TableForm)
    real, made = (to_rows(form, rows) for rows in (test, fake))
    known = None if train is fake else to_rows(form, train)
    sets = TableSets(form, real, made, known, len(form.columns) - 1)
    found = {}
    for name, metric in TABLE_METRICS.items():
        if metric.applies(sets):
            found[name] = metric.measure(sets).value
    return found


def compare(name: str, interpreter: str, seconds: float, seeds: list[int]) -> None:
    """A line for each measure: the floor (training rows), wgan and CTGAN, mean and standard error over seeds."""
    from wgan.data.columns import TableForm
    from wgan.data.table import from_frame
    from wgan.evaluation.table_metrics import TABLE_METRICS

    frame = table(name)
    form = from_frame(frame).form
    assert isinstance(form, TableForm)
    discrete = [str(c.name) for c in form.columns if c.kind == "levels"]
    rows: dict[str, list[dict[str, float]]] = {"floor": [], "wgan": [], "ctgan": []}
    steps = []
    for seed in seeds:
        order = np.random.default_rng(seed).permutation(len(frame))
        cut = len(frame) // 5
        test, train = (frame.iloc[part].reset_index(drop=True) for part in (order[:cut], order[cut:]))
        fake, count = train_ours(train, seconds, seed)
        steps.append(count)
        rows["floor"].append(judged(frame, train, test, train))
        rows["wgan"].append(judged(frame, train, test, fake))
        rows["ctgan"].append(judged(frame, train, test, train_ctgan(interpreter, train, discrete, seconds, seed)))
    print(f"{name}: {len(frame):,} rows of {frame.shape[1]}, {len(seeds)} seeds, wgan {np.mean(steps):,.0f} steps")
    for measure in rows["wgan"][0]:
        values = {who: np.array([found.get(measure, 0.5) for found in each]) for who, each in rows.items()}
        shown = " ".join(
            f"{who} {v.mean():.3f} ± {v.std(ddof=min(1, len(v) - 1)) / len(v) ** 0.5:.3f}" for who, v in values.items()
        )
        better = TABLE_METRICS[measure].better
        off = {who: abs(v.mean() - float(better)) if better[0] == "0" else v.mean() for who, v in values.items()}
        ours = off["wgan"] > off["ctgan"] if better == "higher" else off["wgan"] < off["ctgan"]
        print(f"  {measure:24} {shown}  better: {'wgan' if ours else 'ctgan'}", flush=True)


def million() -> None:
    """Time, memory and speed of a table of a million rows beside one of a thousand."""
    from wgan import preset
    from wgan.data import load
    from wgan.training import loop

    def memory() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20

    for rows in (1000, 1_000_000):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "housing.csv")
            places = np.random.default_rng(0).choice(list("abcdefgh"), rows)
            housing(rows).assign(place=places).to_csv(path, index=False)
            size, before, began = os.path.getsize(path) / 2**20, memory(), time.perf_counter()
            dataset = load(path)
        seconds, after = time.perf_counter() - began, memory()
        training = loop.start(preset("table").config.replace(engine="torch"), dataset)
        loop.iterate(training)
        began = time.perf_counter()
        for _ in range(200):
            loop.iterate(training)
        rate = 200 / (time.perf_counter() - began)
        began = time.perf_counter()
        dataset.form.encode(dataset.rows[:100_000])
        encoding = min(rows, 100_000) / (time.perf_counter() - began)
        print(
            f"{rows:,} rows ({size:.1f} MiB of CSV): read in {seconds:.1f} s, {after - before:.2f} GiB more at most, "
            f"{rate:.0f} steps/s, {encoding:,.0f} rows encoded a second",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--ctgan", metavar="PYTHON", help="the interpreter of the environment that CTGAN is in")
    parser.add_argument("--tables", nargs="+", default=TABLES, choices=TABLES)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--million", action="store_true")
    options = parser.parse_args()
    if options.million:
        million()
        return
    for name in options.tables:
        compare(name, options.ctgan, options.seconds, options.seeds)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--as-ctgan"]:
        as_ctgan(*sys.argv[2:])
    else:
        main()
