"""What does a generator learn from a discriminator, or a critic, that is trained to optimality between two Gaussians?"""

from typing import Any

import numpy as np
from scipy.special import expit

from wgan.known import independent, known
from wgan.studies import Row, Study
from wgan.studies.fixed import fixed

PLAYERS: dict[str, Row] = {
    "discriminator": {"objective": "minimax", "constraint": "none"},
    "clipped critic": {"objective": "wasserstein", "constraint": "clip", "clip": 0.01},
    "penalised critic": {"objective": "wasserstein", "constraint": "gradient-penalty", "penalty_weight": 10.0},
}
LOSSES = {  # of a generator against each player: its words, and the objective that holds it
    "discriminator": {"log(1 - D)": "minimax", "-log D": "non-saturating"},
    "clipped critic": {"-f, clipped": "wasserstein"},
    "penalised critic": {"-f, penalised": "wasserstein"},
}
EXACT = {  # |gradient| for the best D, whose logit is v(x) = d x - d^2 / 2 for real rows N(d, 1) and fakes N(0, 1)
    "log(1 - D)": lambda x, d: d * expit(d * x - d * d / 2),
    "-log D": lambda x, d: d * expit(d * d / 2 - d * x),
    "-f, penalised": lambda x, d: np.ones_like(x),
}
ROWS, FRESH = 65_536, 4_096  # of each set to train on, and of fakes that the gradient is taken at
SHOWN = 8  # the distance of the curves in the figure


def cases(scale: str) -> list[Row]:
    """Every player at every distance between the means, and after every length of training."""
    quick = scale == "quick"
    return [
        {"player": player, "distance": distance, "steps": steps, "seed": seed}
        for seed in ((0,) if quick else (0, 1, 2))
        for distance in ((1, 2, 4, SHOWN) if quick else (1, 2, 3, 4, 6, SHOWN, 12, 16))
        for steps in ((100, 400, 1600) if quick else (100, 400, 1600, 6400, 25600))
        for player in PLAYERS
    ]


def measure(player: str, distance: float, steps: int, seed: int) -> list[Row]:
    """Train one player; a row for each loss that a generator may have against it.

    `gradient` is the mean over fresh fake rows of the norm of the loss's gradient by the row, `at_mean` the norm at
    the fakes' mean, `exact` and `exact_at_mean` those of the best discriminator and the best critic, and `evenness`
    the smallest part by the largest on the line between the two means: 1 where the gradient is the same everywhere.
    """
    pair = known("shift", dimension=1, length=float(distance))
    found = fixed(*independent(pair, ROWS, seed), seed, steps=steps, **PLAYERS[player])
    fake = independent(pair, FRESH, seed + 1)[1]
    mean, line = np.zeros((1, 1)), np.linspace(-4, distance + 4, 201)[:, None]
    between = np.linspace(0, distance, 101)[:, None]
    rows = []
    for loss, objective in LOSSES[player].items():

        def norm(x: np.ndarray, objective: str = objective) -> np.ndarray:
            return np.abs(found.generator_gradient(x, objective))[:, 0]

        along = norm(between)
        row = {"loss": loss, "gradient": float(norm(fake).mean()), "at_mean": float(norm(mean)[0])}
        row |= {"evenness": float(along.min() / along.max()) if along.max() else 0.0}
        if loss in EXACT:
            row["exact"] = float(EXACT[loss](fake, distance).mean())
            row["exact_at_mean"] = float(EXACT[loss](mean, distance)[0, 0])
        rows.append(row | {"x": line[:, 0], "score": found.score(line), "gradients": norm(line)})
    return rows


def judge(rows: list[Row]) -> tuple[bool | None, str]:
    """Whether the saturating gradient falls by orders of magnitude with the distance, and the critics' stays."""
    last = max(row["steps"] for row in rows)
    distances = sorted({row["distance"] for row in rows})
    near, far = distances[0], distances[-1]
    at = {
        (loss, distance): float(
            np.mean([r["at_mean"] for r in rows if (r["loss"], r["distance"], r["steps"]) == (loss, distance, last)])
        )
        for loss in _losses()
        for distance in distances
    }
    ratio = {loss: at[loss, far] / at[loss, near] for loss in _losses()}
    spread = [at["-f, penalised", d] for d in distances]
    even = {
        loss: min(row["evenness"] for row in rows if row["loss"] == loss and row["steps"] == last) for loss in _losses()
    }
    measured = (
        f"after {last:,} updates, from {near:g} to {far:g} standard deviations between the means, the gradient at "
        "the fakes' mean changes by the factor "
        + ", ".join(f"{ratio[loss]:.2g} for {loss}" for loss in _losses())
        + f"; that of the penalised critic is {min(spread):.2f} to {max(spread):.2f}. Between the means the smallest "
        "gradient is, at worst, this part of the largest: "
        + ", ".join(f"{even[loss]:.2g} for {loss}" for loss in _losses())
        + "."
    )
    holds = ratio["log(1 - D)"] < 1e-2 and all(1 / 3 < ratio[loss] < 3 for loss in _losses() if loss[:2] == "-f")
    return holds and min(spread) > 0.5, measured


def draw(rows: list[Row]) -> Any:
    """Values and gradients along the line, and the gradient at fake rows against distance and training length."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 8), dpi=110, layout="constrained")
    (value, slope), (far, long) = figure.subplots(2, 2)
    distances, last = sorted({row["distance"] for row in rows}), max(row["steps"] for row in rows)
    shown = SHOWN if SHOWN in distances else distances[-1]
    seed = min(row["seed"] for row in rows)
    for number, loss in enumerate(_losses()):
        mine = [row for row in rows if row["loss"] == loss]
        one = next(r for r in mine if (r["distance"], r["steps"], r["seed"]) == (shown, last, seed))
        x, scores = np.array(one["x"]), np.array(one["score"])
        if loss == "log(1 - D)":
            value.plot(x, expit(scores), color="C0", label="discriminator D")
        elif loss != "-log D":
            scaled = (scores - scores.min()) / (np.ptp(scores) or 1)
            value.plot(x, scaled, color=f"C{number}", label=f"{one['player']}, scaled to [0, 1]")
        slope.semilogy(x, np.maximum(one["gradients"], FLOOR), color=f"C{number}", label=loss)
        for axes, column, fixed_at in ((far, "distance", ("steps", last)), (long, "steps", ("distance", shown))):
            chosen = [row for row in mine if row[fixed_at[0]] == fixed_at[1]]
            places = [row[column] for row in chosen]
            axes.loglog(places, [max(row["at_mean"], FLOOR) for row in chosen], "o-", color=f"C{number}", label=loss)
        if loss in EXACT:
            grid = np.geomspace(distances[0], distances[-1], 100)
            best = [max(float(EXACT[loss](0.0, d)), FLOOR) for d in grid]
            far.plot(grid, best, ":", color=f"C{number}", label=f"{loss}, best")
    for place, name in ((0, "fake"), (shown, "real")):
        x = np.linspace(place - 4, place + 4, 101)
        value.fill_between(x, np.exp(-((x - place) ** 2) / 2) / 3, color="0.85")
        value.text(place, 0.36, name, ha="center")
    value.set_title(f"values after {last:,} updates, means {shown:g} apart")
    slope.set_title("gradient of the generator's loss, there")
    far.set_title(f"at the fakes' mean, after {last:,} updates")
    long.set_title(f"at the fakes' mean, means {shown:g} apart")
    for axes in (value, slope):
        axes.set_xlabel("x, in standard deviations")
    value.set_ylabel("D, or the critic's score scaled")
    far.set_xlabel("distance of the means, in standard deviations")
    long.set_xlabel("updates of the discriminator or critic")
    for axes in (slope, far, long):
        axes.set_ylabel("|gradient| by x")
        axes.grid(alpha=0.4)
    value.legend(loc="center left", fontsize=8)
    far.legend(fontsize=8)
    far.set_xticks(distances, [f"{d:g}" for d in distances])
    far.minorticks_off()
    return figure


def _losses() -> list[str]:
    return [loss for losses in LOSSES.values() for loss in losses]


FLOOR = 1e-18  # below which the figure does not look

STUDY = Study(
    title="the gradient that a generator gets from a perfect discriminator, and from a perfect critic",
    claim=(
        "Between two Gaussians that are far apart, the gradient of log(1 - D) vanishes where the fakes are as the "
        "discriminator becomes optimal; that of a Wasserstein critic is clean and about the same everywhere."
    ),
    source="Arjovsky, Chintala, Bottou 2017, arXiv 1701.07875, Figure 2",
    cases=cases,
    measure=measure,
    judge=judge,
    draw=draw,
)
