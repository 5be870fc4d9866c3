"""The verdicts on runs whose fault is known: healthy, unfinished, and each fault at three strengths.

    python benchmarks/verdicts.py OUT [--only TEXT] [--read]

trains short runs on three kinds of data into OUT, skips those that are there, and prints a confusion table in Markdown:
the rows are what was planted, the columns the first verdict. --read trains nothing. A fault is planted where the
hyper-parameters alone do not bring it about every time: a collapse trains on few of the kinds, and is measured against
all; a dead generator has units that are saturated; a copier gives training rows in the place of some samples; and a
critic that can gain by memory alone plays against fresh rows.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tables import housing

from wgan import Config, WganError, data, preset
from wgan.data import Dataset
from wgan.data.table import from_frame
from wgan.game import step
from wgan.reports.verdicts import verdicts
from wgan.runs import folder
from wgan.training import loop
from wgan.training.state import Training

SEEDS = (0, 1, 2)
GENERATE = step.generate


class Case(NamedTuple):
    """A run: what is planted, its data, strength and seed, the changed fields, and a change of the run at its start."""

    planted: str
    data: str
    strength: int
    seed: int
    fields: dict[str, Any]
    plant: Callable[[Training], None] = lambda training: None

    @property
    def name(self) -> str:
        """The name of the run's folder."""
        return f"{self.planted.replace(' ', '-')}-{self.data}-{self.strength}-{self.seed}"


HEALTHY: dict[str, dict[str, Any]] = {
    "8gaussians": {
        "preset": "wgan-gp-toy", "width": 64, "batch": 128, "steps": 2500, "n_critic": 1, "learning_rate": 2e-3,
        "decay": "linear", "average": 0.99,
    },
    "digits": {"preset": "default", "steps": 1000},
    "housing": {"preset": "table", "steps": 1000, "n_critic": 2},
}  # fmt: skip


def dataset(name: str) -> Dataset:
    """The data of a case."""
    return from_frame(housing(), name="housing") if name == "housing" else data.load(name)


def few_kinds(count: int) -> Callable[[Training], None]:
    """Train on `count` of the labels, or of ten clusters where there are none; the diagnostics see all rows."""

    def plant(training: Training) -> None:
        kinds = training.dataset.labels
        if kinds is None:
            from sklearn.cluster import KMeans

            encoded = training.dataset.form.encode(training.dataset.rows)
            kinds = KMeans(10, random_state=0, n_init=1).fit_predict(encoded.reshape(len(encoded), -1))
        training.rows = training.rows[np.isin(kinds[training.rows], np.unique(kinds)[:count])]

    return plant


def saturated(bias: float) -> Callable[[Training], None]:
    """Saturate the generator: its units stand so far on one side that no gradient passes."""

    def plant(training: Training) -> None:
        for player in (training.state.generator, training.state.average):
            names = sorted(name for name in player if name.endswith(".bias"))
            for name in names[:-1]:
                player[name] -= bias

    return plant


def instead(training: Training, rows: np.ndarray) -> None:
    """Give one of these rows for each z; a whiff of the true sample gives the generator a gradient."""
    encoded = training.dataset.form.encode(training.dataset.rows[rows])
    direction = np.random.default_rng(0).standard_normal((training.config.latent, len(rows)))

    def planted(game: Any, generator: Any, z: Any, moments: Any = None, label: Any = None) -> Any:
        chosen = encoded[(game.engine.numpy(z) @ direction).argmax(1)]
        return game.engine.array(chosen) + 1e-5 * GENERATE(game, generator, z, moments, label)

    step.generate = planted


def copies(share: float) -> Callable[[Training], None]:
    """Give training rows for a share of z, and for the others rows that nothing has seen."""

    def plant(training: Training) -> None:
        count = round(1 / share)
        instead(training, np.concatenate([training.rows[:100], unseen(training)[: 100 * (count - 1)]]))

    return plant


def fresh(training: Training) -> None:
    """Give rows that neither the critic nor the measurements have seen."""
    instead(training, unseen(training)[:1000])


def unseen(training: Training) -> np.ndarray:
    """The rows that are neither trained on nor held out."""
    return np.setdiff1d(np.arange(len(training.dataset.rows)), np.concatenate([training.rows, training.held_out]))


def cases() -> Iterator[Case]:
    """All runs."""
    for name in HEALTHY:
        small = {"width": 64} if name == "digits" else {}
        for seed in SEEDS:
            yield Case("healthy", name, 0, seed, {})
        short: tuple[dict[str, Any], ...] = {"steps": 100, "learning_rate": 1e-9}, {"steps": 20}, {"steps": 60}
        for strength, fields in enumerate(short, 1):
            yield Case("unfinished", name, strength, strength, fields)
        for strength, rate in enumerate((1.0, 0.3, 0.1), 1):
            fields = {"learning_rate": rate, "steps": 300, "constraint": "none", "critic_norm": "none"}
            yield Case("exploding critic", name, strength, strength, fields)
        for strength, clip in enumerate((1e-6, 1e-5, 3e-5), 1):
            fields = {"constraint": "clip", "clip": clip, "steps": 300, "optimiser": "rmsprop", "learning_rate": 5e-5}
            yield Case("vanishing gradient", name, strength, strength, fields)
        for strength, bias in enumerate((1e4, 1e3, 1e2), 1):
            fields = {"steps": 300, "generator_norm": "none", "network": "mlp", **small}
            yield Case("dead generator", name, strength, strength, fields, saturated(bias))
        for strength, share in enumerate((1.0, 0.5, 0.25), 1):
            yield Case(
                "memorising generator",
                name,
                strength,
                strength,
                {"rows": 400, "steps": 40, "latent": 64},
                copies(share),
            )
        for strength, count in enumerate((1, 2, 4), 1):
            yield Case("mode collapse", name, strength, strength, {}, few_kinds(count))
        for strength, rows in enumerate((16, 24, 32) if name == "8gaussians" else (64, 128, 256), 1):
            fields = {
                "rows": rows,
                "batch": 16,
                "n_critic": 20,
                "steps": 60,
                "learning_rate": 2e-3,
                "penalty_weight": 0.1,
                "latent": 64,
            }
            yield Case("memorising critic", name, strength, strength, fields, fresh)
    for seed in SEEDS:  # as they were reported
        bad = {"latent": 1, "network": "mlp", "width": 8, "generator_norm": "none", "learning_rate": 0.05}
        yield Case("mode collapse", "digits", 4, seed, bad)
        clipped = {"constraint": "clip", "clip": 0.1, "optimiser": "rmsprop", "learning_rate": 5e-4, "beta2": 0.9}
        yield Case("healthy", "8gaussians", 4, seed, {**clipped, "n_critic": 5, "steps": 2000})


def config_of(case: Case) -> Config:
    """The config of a case."""
    given = HEALTHY[case.data] | case.fields
    made = preset(given.pop("preset")).config.replace(data=case.data, seed=case.seed, engine="torch")
    first = {name: given.pop(name) for name in ("constraint", "network", "optimiser") if name in given}
    made = made.replace(**first).replace(**given)
    return made.replace(diagnose_every=max(1, made.steps // 20), log_every=max(1, made.steps // 40), sample_every=10**6,
                        checkpoint_every=10**6)  # fmt: skip


def run(case: Case, out: Path) -> None:
    """Train a case into its folder, where it is not there yet."""
    if (out / case.name / "done").exists():
        return
    training = loop.start(config_of(case), dataset(case.data))
    probe = loop.diagnostics.prepare(training)
    case.plant(training)
    prepare, loop.diagnostics.prepare = loop.diagnostics.prepare, lambda training: probe
    try:
        folder.open_run(out / case.name, loop.describe(training), restart=True, may_change=frozenset())
        with suppress(WganError):
            for _ in loop.advance(training, out / case.name):
                pass
    finally:
        loop.diagnostics.prepare, step.generate = prepare, GENERATE
    (out / case.name / "done").touch()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--read", action="store_true")
    asked = parser.parse_args()
    table: dict[str, Counter[str]] = {}
    for case in cases():
        if asked.only not in case.name:
            continue
        if not asked.read:
            run(case, asked.out)
        if not (asked.out / case.name / "done").exists():
            continue
        config = json.loads((asked.out / case.name / "config.json").read_text())["config"]
        found = verdicts(folder.read_log(asked.out / case.name), config)
        first = f"{found[0].kind}: {found[0].name}" if found else "none"
        table.setdefault(case.planted, Counter())[first] += 1
        print(f"{case.name:40} {'; '.join(f'{one.kind}: {one.name}' for one in found)}", file=sys.stderr, flush=True)
    columns = sorted({name for row in table.values() for name in row})
    print("| planted | " + " | ".join(columns) + " |\n" + "| --- " * (len(columns) + 1) + "|")
    for planted, row in table.items():
        print(f"| {planted} | " + " | ".join(str(row[name] or "") for name in columns) + " |")


if __name__ == "__main__":
    main()
