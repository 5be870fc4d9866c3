"""Does a generator that is told a number know what lies between the numbers that it saw? On laws with a known truth."""

from typing import Any

import numpy as np

from wgan.config import Config
from wgan.data.given_laws import given_law
from wgan.maths import streams, transport
from wgan.maths.known_given import LAWS, Law, conditions
from wgan.reports import figures
from wgan.runs.quantities import with_error
from wgan.studies import Row, Study
from wgan.studies.trained import trained
from wgan.training.model import Model, generate
from wgan.training.state import model_of, start

_SHARED: Row = {
    "network": "mlp",
    "latent": 8,
    "batch": 256,
    "learning_rate": 1e-3,
    "conditional": "concatenation",
    "held_out": 0.05,
}
SIZES: dict[str, Row] = {
    "quick": {"width": 128, "steps": 4_000, "n_critic": 5},
    "medium": {"width": 128, "steps": 10_000, "n_critic": 5},
    "full": {"width": 256, "steps": 30_000, "n_critic": 5},
}
SEEDS = {"quick": (0,), "medium": (0, 1, 2), "full": (0, 1, 2)}
# Of the range of c, what is left out of training. It is off the middle, where the mixture of all c has the law at c.
BAND = (0.6, 0.8)
ASKED = 15  # numbers c over the whole range at which samples are judged
ROWS = 500  # of each set whose distance is measured
# Pairs of real sets for each floor, and of samples and real rows for each distance. Those in the band are judged.
PAIRS, PAIRS_IN_BAND = 4, 20
MOST = 1.5  # times the floor, at which samples in the band count as right


def cases(scale: str) -> list[Row]:
    """Every law; the scale sets the seeds, the width and the steps."""
    return [{"law": name, "seed": seed, **SIZES[scale]} for name in LAWS for seed in SEEDS[scale]]


def measure(law: str, seed: int, **fields: Any) -> Row:
    """Train on a law with the band left out, and compare samples at each c with the law at c."""
    known = LAWS[law]
    start_of, end_of = (known.low + share * (known.high - known.low) for share in BAND)
    band = (start_of, end_of)
    run = start(Config(seed=seed, **_SHARED | fields), given_law(law, seed, without=band))
    model = model_of(trained(run))
    asked = known.low + (known.high - known.low) * (np.arange(ASKED) + 0.5) / ASKED
    inside = (asked > band[0]) & (asked < band[1])
    each = [_distances(model, known, float(c), k, PAIRS_IN_BAND if inside[k] else PAIRS) for k, c in enumerate(asked)]
    judged = np.concatenate([each[k] for k in np.flatnonzero(inside)])
    found, (told, shuffled, floor) = np.stack([pairs.mean(0) for pairs in each]), judged.mean(0)
    return {
        "told": told / floor,
        "told_error": (judged[:, 0] - judged[:, 2] * told / floor).std(ddof=1) / (floor * len(judged) ** 0.5),
        "shuffled": shuffled / floor,
        "seen": (found[~inside, 0] / found[~inside, 2]).mean(),
        "floor": floor,
        "neighbours": float(known.w1(*band)),
        "asked": asked.tolist(),
        "ratios": (found[:, 0] / found[:, 2]).tolist(),
        "shuffled_ratios": (found[:, 1] / found[:, 2]).tolist(),
        "band": list(band),
    }


def _distances(model: Model, known: Law, c: float, number: int, pairs: int) -> np.ndarray:
    """W1 to rows of the law at c, [pairs, 3]: of samples told c, of samples told other numbers, and of other rows."""
    found = np.empty((pairs, 3))
    for pair in range(pairs):
        seed = PAIRS_IN_BAND * number + pair
        z = streams.normal(seed, "sample", 0, (ROWS, model.config.latent))
        same = np.full((ROWS, 1), c)
        real, other = known.sample(same, 2 * seed), known.sample(same, 2 * seed + 1)
        told, shuffled = (generate(model, z, codes) for codes in (same, conditions(known, ROWS, seed)))
        found[pair] = [transport.w1(rows, real, method="exact").value for rows in (told, shuffled, other)]
    return found


def judge(rows: list[Row]) -> tuple[bool | None, str]:
    """Whether samples in the band are right for each law and seed, and shuffled conditions fail the same test."""
    parts = []
    for name in dict.fromkeys(row["law"] for row in rows):
        mine = [row for row in rows if row["law"] == name]
        told = [with_error(row["told"], row["told_error"]) for row in mine]
        shuffled = [f"{row['shuffled']:.2f}" for row in mine]
        parts.append(f"{name} {', '.join(told)} (shuffled {', '.join(shuffled)})")
    measured = (
        "W1 of samples to the true law in the band, divided by that of real rows, with its standard error: "
        + "; ".join(parts)
        + "."
    )
    right = all(row["told"] <= MOST for row in rows)
    return right and all(row["shuffled"] > MOST for row in rows), measured


def draw(rows: list[Row]) -> Any:
    """For each law, the ratio of samples to real rows over c, told and shuffled, with the band shaded."""
    names = list(dict.fromkeys(row["law"] for row in rows))
    figure = figures.page(3.4)
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False, sharey=True)[0], names, strict=True):
        for row in (row for row in rows if row["law"] == name):
            first = not axes.lines
            axes.plot(row["asked"], row["ratios"], label="told c" if first else None, **figures.mark(0))
            axes.plot(row["asked"], row["shuffled_ratios"], label="shuffled" if first else None, **figures.mark(1))
            if first:
                axes.axvspan(*row["band"], color=figures.REAL, alpha=0.2, linewidth=0, label="left out")
        axes.axhline(MOST, color="black", linewidth=1, linestyle="--")
        axes.axhline(1, color=figures.REAL, linewidth=1)
        axes.set(title=name, xlabel="c", yscale="log")
    figure.axes[0].set_ylabel("W1 to the law at c, over its floor")
    figures.key(figure, figure.axes[0])
    return figure


STUDY = Study(
    title="does a generator know what lies between the numbers that it was trained on?",
    claim=(
        "A generator that is told a number c makes the right rows also for a band of c that its training left out: "
        f"their W1 to the true law is at most {MOST} times that of real rows. With shuffled numbers it is not."
    ),
    source="this project: laws with a known truth",
    cases=cases,
    measure=measure,
    judge=judge,
    draw=draw,
)
