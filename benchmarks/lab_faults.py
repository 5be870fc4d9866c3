"""Records the runs of the room "What went wrong?" of `wgan lab`: small real runs, eight of which have a planted fault.

    python benchmarks/lab_faults.py [--out src/wgan/lab/rooms/faults.json]

Most runs are cases of benchmarks/verdicts.py, nearly all on eight Gaussians. The file holds, for each run, the changed
settings, the columns of its log that a verdict or the page reads, and its last samples. Numbers have four digits.
"""

import argparse
import json
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from verdicts import Case, cases, dataset, run

from wgan.maths import streams
from wgan.reports.verdicts import verdicts
from wgan.runs import folder
from wgan.runs.quantities import QUANTITIES, entry
from wgan.training import loop
from wgan.training.model import generate, z_shape
from wgan.training.state import Training, model_of

PICTURES = 24  # of a run on images
SHOWN = {"step", "critic_loss", "generator_loss", "generator_w1", "coverage", "precision", "fault"}  # drawn, or needed
KINDS = [  # the name in the page's list, and the case
    ("mode collapse", "mode-collapse-8gaussians-2-2"),
    ("dead critic", "vanishing-gradient-8gaussians-2-2"),
    ("explosion", "exploding-critic-8gaussians-2-2"),
    ("critic overfit", "critic-overfit-digits-1-1"),
    ("dead generator", "dead-generator-8gaussians-2-2"),
    ("copied rows", "memorising-generator-8gaussians-2-2"),
    ("perfect discriminator", "perfect-discriminator-8gaussians-1-1"),
    ("stopped too early", "stopped-too-early-8gaussians-1-1"),
    ("nothing", "healthy-8gaussians-0-0"),
]


def all_cases() -> dict[str, Case]:
    """The cases of the bench by name, and three that only the page has."""
    saturating = {"objective": "minimax", "constraint": "none", "n_critic": 20, "steps": 400, "decay": "none"}
    few = {"rows": 40, "batch": 20, "n_critic": 20, "steps": 300, "learning_rate": 1e-3, "penalty_weight": 0.3}
    short = {"n_critic": 5, "steps": 200, "learning_rate": 1e-3, "decay": "none", "average": 0.9}
    own = [
        Case("perfect discriminator", "8gaussians", 1, 1, saturating),
        Case("critic overfit", "digits", 1, 1, {**few, "network": "mlp", "width": 64}),
        Case("stopped too early", "8gaussians", 1, 1, short),
    ]
    return {case.name: case for case in [*cases(), *own]}


def rounded(value: Any) -> Any:
    """A number with four digits, null where it is not finite, and a text as it is."""
    if isinstance(value, str) or value is None:
        return value
    return float(f"{value:.4g}") if math.isfinite(value) else None


def read_columns(log: dict[str, np.ndarray]) -> dict[str, list[Any]]:
    """The columns that a verdict reads, or the page draws, without those that hold nothing."""
    kept = {name for name in log if name in SHOWN or QUANTITIES[entry(name)].verdicts or name.endswith("_floor")}
    columns = {name: [rounded(value) for value in log[name]] for name in log if name in kept}
    return {name: values for name, values in columns.items() if any(value is not None for value in values)}


def record(case: Case, out: Path) -> dict[str, Any]:
    """Train a case, and return what the page needs of it."""
    last: dict[str, np.ndarray] = {}
    save = loop.save

    def keep(training: Training, *others: Any, **more: Any) -> None:
        z = streams.normal(training.config.seed, "fixed_z", 0, (240, *z_shape(training.config)))
        made = generate(model_of(training), z, None)
        if np.isfinite(made).all():
            last["samples"] = made
        save(training, *others, **more)

    loop.save = keep  # called at step 0 and at the last step, while the planted generator is still in place
    try:
        run(case, out)
    finally:
        loop.save = save
    described = json.loads((out / case.name / "config.json").read_text())["config"]
    columns = read_columns(folder.read_log(out / case.name))
    return {"config": described, "columns": columns, **shown(last["samples"])}


def shown(samples: np.ndarray) -> dict[str, Any]:
    """The samples as the page draws them: points of the plane, or a few small pictures in ten shades of grey."""
    if samples.ndim == 2:
        return {"samples": points(samples)}
    few = samples[:PICTURES].astype(np.float64)
    shades = np.rint(9 * (few - samples.min()) / (np.ptp(samples) or 1)).astype(int)
    return {"side": samples.shape[1], "samples": shades.ravel().tolist()}


def points(rows: np.ndarray) -> list[float]:
    """Rows [n, 2] as x, y, x, y and so on, with two decimals."""
    return [round(float(value), 2) for value in np.clip(rows, -99, 99).ravel()]


def as_log(columns: dict[str, list[Any]]) -> dict[str, np.ndarray]:
    """The columns as `read_log` would return them."""
    text = {name for name, values in columns.items() if any(isinstance(value, str) for value in values)}
    return {name: np.array(values, object if name in text else np.float64) for name, values in columns.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "src/wgan/lab/rooms/faults.json")
    asked = parser.parse_args()
    known, runs = all_cases(), []
    for planted, name in KINDS:
        with tempfile.TemporaryDirectory() as folder_of_run:
            found = record(known[name], Path(folder_of_run))
        said = verdicts(as_log(found["columns"]), found["config"])
        print(f"{planted:22}", "; ".join(f"{one.kind}: {one.name}" for one in said), flush=True)
        runs.append({"planted": planted, **found})
    shared = {
        field: value for field, value in runs[0]["config"].items() if all(r["config"][field] == value for r in runs)
    }
    for one in runs:
        one["config"] = {field: value for field, value in one["config"].items() if field not in shared}
    real = dataset("8gaussians").rows[:: len(dataset("8gaussians").rows) // 240][:240]
    page = {"shared": shared, "real": points(real), "runs": runs}
    asked.out.write_text(json.dumps(page, separators=(",", ":")) + "\n")
    print(asked.out, f"{asked.out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
