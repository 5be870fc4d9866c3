"""Which objective goes with which penalty? All pairs on one budget, over learning rates, and R3GAN's claim on modes.

Every pair has the same networks, steps and draws. Each penalty has the weight lambda = 1. A training is judged by the
W1 of its samples to held-out rows, divided by the W1 of as many training rows: 1 is as good as real rows.
"""

import time
from typing import Any

import numpy as np

from wgan.config import Config
from wgan.data import Dataset, load
from wgan.maths import transport
from wgan.reports import figures
from wgan.studies import Row, Study, mode_collapse
from wgan.studies.trained import trained
from wgan.training.model import sample
from wgan.training.state import flatten, model_of, start

OBJECTIVES = ("wasserstein", "non-saturating", "least-squares", "hinge", "relativistic", "relativistic-average")
PENALTIES: dict[str, Row] = {  # the fields of each
    "none": {"constraint": "none"},
    "gradient-penalty": {"constraint": "gradient-penalty"},
    "r1": {"constraint": "r1"},
    "r1-r2": {"constraint": "r1-r2"},
    "r1-r2, differences": {"constraint": "r1-r2", "penalty_step": 1.0},
    "spectral": {"constraint": "spectral"},
}
MORE: dict[str, Row] = {  # from the medium scale on
    "r2": {"constraint": "r2"},
    "zero-centred": {"constraint": "zero-centred"},
    "dragan": {"constraint": "dragan"},
    "r1-r2, every 4th": {"constraint": "r1-r2", "penalty_every": 4},
    "wgan-div": {"constraint": "wgan-div"},
    "consistency": {"constraint": "consistency"},
    "clip": {"constraint": "clip", "clip": 0.1},
    "aol": {"constraint": "aol"},
    "sll": {"constraint": "sll"},
}
ALL = PENALTIES | MORE
RATES = {"quick": (2e-3, 2e-2, 1e-1), "medium": (1e-4, 5e-4, 2e-3, 1e-2, 5e-2), "full": (1e-4, 5e-4, 2e-3, 1e-2, 5e-2)}
SEEDS = {"quick": (0,), "medium": (0, 1), "full": (0, 1, 2)}
_SMALL: Row = {"network": "mlp", "width": 32, "depth": 2, "latent": 4, "batch": 64, "steps": 400}
# What the map is made on: the data with the settings of a run.
MAPS: dict[str, dict[str, Row]] = {
    "quick": {"8gaussians": _SMALL},
    "medium": {"8gaussians": _SMALL | {"steps": 1500}, "swissroll": _SMALL | {"steps": 1500}},
    "full": {
        "25gaussians": _SMALL | {"width": 128, "steps": 5000},
        "fashion-mnist": {"network": "hybrid", "latent": 64, "batch": 64, "steps": 5000},
    },
}
STACKED = "stacked digits"
PLAYERS: Row = {"network": "hybrid", "latent": 64, "batch": 64}
MODES = {  # the training on stacked digits at each scale
    "quick": {"data": "digits", "rows": 26_000, "samples": 10_000, "steps": 1000},
    "medium": {"data": "digits", "rows": 26_000, "samples": 26_000, "steps": 6000},
    "full": {"data": "mnist", "rows": 128_000, "samples": 26_000, "steps": 50_000},
}
PAIRS = (
    *(("relativistic", penalty) for penalty in ("none", "r1", "r1-r2", "r1-r2, differences")),
    ("non-saturating", "r1-r2"),
    ("wasserstein", "gradient-penalty"),
)
_ADAM: Row = {"beta1": 0.0, "beta2": 0.99, "average": 0.995, "engine": "torch"}
JUDGED = 500  # samples and rows whose distance is measured
GOOD = 1.5  # times the best ratio of the map, up to which a training counts as good


def cases(scale: str) -> list[Row]:
    """The map of every pair over learning rates, then the modes of the pairs that R3GAN compares."""
    quick = scale == "quick"
    objectives, penalties = OBJECTIVES[:5] if quick else OBJECTIVES, PENALTIES if quick else ALL
    maps = [
        {"on": on, "objective": objective, "penalty": penalty, "learning_rate": rate, "seed": seed, **settings}
        for on, settings in MAPS[scale].items()
        for objective in objectives
        for penalty in penalties
        for rate in RATES[scale]
        for seed in SEEDS[scale]
    ]
    return maps + [
        {"on": STACKED, "objective": objective, "penalty": penalty, "learning_rate": 2e-3, "seed": seed, **MODES[scale]}
        for objective, penalty in PAIRS
        for seed in SEEDS[scale]
    ]


def measure(on: str, objective: str, penalty: str, learning_rate: float, seed: int, **fields: Any) -> Row:
    """Train one pair and judge its samples; those of stacked digits by their modes too."""
    chosen = {**_ADAM, **ALL[penalty], "objective": objective, "learning_rate": learning_rate, "seed": seed}
    if on == STACKED:
        single = load(fields.pop("data"))
        rows, samples = fields.pop("rows"), fields.pop("samples")
        dataset, chosen = mode_collapse.stacked(single, rows, seed), chosen | PLAYERS
    else:
        dataset, samples = load(on), JUDGED
    run = start(Config(**chosen | fields), dataset)
    began = time.process_time()
    model = model_of(trained(run))
    milliseconds = 1000 * (time.process_time() - began) / run.config.steps
    found: Row = dict.fromkeys(("ratio", "w1", "floor", "modes", "kl"))
    found |= {"milliseconds": [milliseconds]}  # a list, since a table has the same bytes wherever it is made
    if not all(np.isfinite(array).all() for array in flatten(run).values()):
        return found
    made = sample(model, samples, seed)
    if on == STACKED:
        known = mode_collapse.found(single, made)
        return found | {name: known[name] for name in ("modes", "kl", "shown")}
    return found | _judged(dataset, made, run.rows, run.held_out)


def _judged(dataset: Dataset, made: np.ndarray, rows: np.ndarray, held_out: np.ndarray) -> Row:
    """W1 of samples and of training rows to the same held-out rows, and the ratio of the two."""
    count = min(JUDGED, len(held_out), len(rows))
    sets = [made[:count], dataset.rows[rows[:count]], dataset.rows[held_out[:count]]]
    encoded = [dataset.form.encode(one).reshape(count, -1).astype(np.float64) for one in sets]
    w1, floor = (transport.w1(one, encoded[2], method="exact").value for one in encoded[:2])
    return {"ratio": w1 / floor, "w1": w1, "floor": floor}


def _ratios(rows: list[Row]) -> dict[tuple[str, str], dict[float, float]]:
    """The mean ratio over data and seeds, by pair and learning rate; inf if a training diverged."""
    found: dict[tuple[str, str], dict[float, list[float]]] = {}
    for row in rows:
        if row["on"] != STACKED:
            ratio = np.inf if row["ratio"] is None else row["ratio"]
            pair = row["objective"], row["penalty"]
            found.setdefault(pair, {}).setdefault(row["learning_rate"], []).append(ratio)
    return {pair: {rate: float(np.mean(v)) for rate, v in rates.items()} for pair, rates in found.items()}


def _modes(rows: list[Row]) -> dict[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row["on"] == STACKED:
            found.setdefault((row["objective"], row["penalty"]), []).append(row)
    return found


def judge(rows: list[Row]) -> tuple[bool | None, str]:
    """Whether the relativistic objective finds more modes with both penalties than with r1 alone, for every seed.

    A single seed cannot say it.
    """
    ratios, modes = _ratios(rows), _modes(rows)
    best = min(ratios, key=lambda pair: min(ratios[pair].values()))
    measured = "On the map, {} with {} has the lowest W1: {:.2f} times the floor. ".format(
        *best, min(ratios[best].values())
    )
    shares = {}
    for penalty in dict.fromkeys(penalty for _, penalty in ratios):
        mine = [ratio for pair, rates in ratios.items() if pair[1] == penalty for ratio in rates.values()]
        shares[penalty] = sum(ratio <= GOOD * min(ratios[best].values()) for ratio in mine), len(mine)
    measured += f"For each penalty, this many trainings come within {GOOD:g} times this W1: "
    measured += ", ".join(f"{penalty} {good} of {count}" for penalty, (good, count) in shares.items()) + ". "
    times = {
        penalty: np.median(
            [row["milliseconds"][0] for row in rows if row["on"] != STACKED and row["penalty"] == penalty]
        )
        for penalty in shares
    }
    measured += "One step takes this many milliseconds of one core: "
    measured += ", ".join(f"{penalty} {time:.1f}" for penalty, time in times.items()) + ". "
    said = [
        f"{objective} with {penalty} {' and '.join(_found(row) for row in mine)}"
        for (objective, penalty), mine in modes.items()
    ]
    measured += f"Modes found of {mode_collapse.MODES:,} on stacked digits, and the KL to uniform: {'; '.join(said)}."
    alone, both = ([row["modes"] or 0 for row in modes["relativistic", name]] for name in ("r1", "r1-r2"))
    if len(both) < 2:  # one training of each says nothing about a few modes
        return None, measured
    return all(more > less for more, less in zip(both, alone, strict=True)), measured


def _found(row: Row) -> str:
    return "diverged" if row["modes"] is None else f"{row['modes']} ({row['kl']:.2f})"


def draw(rows: list[Row]) -> Any:
    """A map of learning rate against penalty for each objective, and the modes of stacked digits below."""
    ratios, modes = _ratios(rows), _modes(rows)
    objectives = list(dict.fromkeys(objective for objective, _ in ratios))
    penalties = list(dict.fromkeys(penalty for _, penalty in ratios))
    rates = sorted({rate for found in ratios.values() for rate in found})
    figure = figures.page(8.5)
    above, below = figure.subfigures(2, 1, height_ratios=(2, 1))
    panels = above.subplots(2, 3, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, objective in zip(panels, objectives, strict=False):
        values = np.array([[ratios[objective, penalty][rate] for rate in rates] for penalty in penalties])
        shown = np.log2(np.clip(np.where(np.isfinite(values), values, 16), 1, 16))
        image = axes.imshow(shown, cmap="viridis_r", vmin=0, vmax=4, aspect="auto")
        for (y, x), value in np.ndenumerate(values):
            colour = "white" if shown[y, x] > 2 else "black"
            text = f"{value:.1f}" if np.isfinite(value) else "x"
            axes.text(x, y, text, ha="center", va="center", fontsize=7, color=colour)
        axes.set_title(objective, fontsize=9)
        axes.set_xticks(range(len(rates)), [f"{rate:g}" for rate in rates], fontsize=8)
        axes.set_yticks(range(len(penalties)), penalties, fontsize=8)
        axes.grid(visible=False)
    for axes in panels[len(objectives) :]:
        axes.set_axis_off()
    above.supxlabel("learning rate; the numbers are W1 to held-out rows over its floor, x is a divergence", fontsize=9)
    above.colorbar(image, ax=list(panels), ticks=range(5), format=lambda value, _: f"{2**value:g}", label="W1 / floor")
    axes = below.subplots()
    for number, (_, mine) in enumerate(modes.items()):
        axes.plot([row["modes"] or 0 for row in mine], [number] * len(mine), **figures.mark(0) | {"linestyle": "none"})
    axes.set_yticks(range(len(modes)), [", ".join(pair) for pair in modes], fontsize=8)
    axes.invert_yaxis()
    axes.set(xlim=(0, 1.02 * mode_collapse.MODES), xlabel="modes found in stacked digits, of 1,000; a point is a seed")
    return figure


STUDY = Study(
    title="which objective goes with which penalty?",
    claim=(
        "The relativistic objective needs a penalty on real rows and on fakes: with r1 alone it finds fewer of the "
        "1,000 modes of stacked digits than with both."
    ),
    source="Huang, Gokaslan, Kuleshov, Tompkin 2024, arXiv 2501.05441",
    cases=cases,
    measure=measure,
    judge=judge,
    draw=draw,
)
