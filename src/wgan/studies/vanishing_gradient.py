"""Which gradient does a generator get from the best discriminator, or the best critic, between two Gaussians?"""

from typing import Any

import numpy as np
from scipy.special import expit
from scipy.stats import norm

from wgan.maths.known import independent, known
from wgan.studies import Row, Study
from wgan.studies.fixed import fixed

PENALTY = 10.0  # lambda
PLAYERS: dict[str, Row] = {
    "discriminator": {"objective": "minimax", "constraint": "none"},
    "clipped critic": {  # the settings of Algorithm 1
        **{"objective": "wasserstein", "constraint": "clip", "clip": 0.01},
        **{"optimiser": "rmsprop", "learning_rate": 5e-5, "beta2": 0.99},
    },
    "penalised critic": {"objective": "wasserstein", "constraint": "gradient-penalty", "penalty_weight": PENALTY},
}
LOSSES = {  # the losses of a generator against each player: the name of a loss, and the objective that has it
    "discriminator": {"log(1 - D)": "minimax", "-log D": "non-saturating"},
    "clipped critic": {"-f, clipped": "wasserstein"},
    "penalised critic": {"-f, penalised": "wasserstein"},
}
ROWS, FRESH = 65_536, 4_096  # rows of each set to train on, and fakes at which the gradient is taken
SHOWN = 8  # the distance of the curves in the figure
_ALL = (1, 2, 3, 4, 6, SHOWN, 12, 16)
SIZES = {  # for each scale: distances, steps of training, number of seeds
    "quick": ((1, 2, 4, SHOWN), (100, 400, 1600), 2),
    "medium": (_ALL, (100, 400, 1600, 6400), 2),
    "full": (_ALL, (100, 400, 1600, 6400, 25600), 3),
}


def best(loss: str, x: np.ndarray, distance: float) -> np.ndarray | None:
    """|gradient of the loss by x| [n] at x [n] for the best of all players, or None if that is unknown.

    Real rows are N(d, 1), fakes N(0, 1). The logit of the best discriminator is d x - d^2 / 2. The best penalised
    critic has the slope 1 + (F - G) / (2 lambda m), where F and G are the distribution functions of fake and real rows
    and m is the density of the penalised points. The slope is more than 1 because the flow of mass is congested there
    (Milne and Nachman 2022).
    """
    match loss:
        case "log(1 - D)":
            return distance * expit(distance * x - distance**2 / 2)
        case "-log D":
            return distance * expit(distance**2 / 2 - distance * x)
        case "-f, penalised":
            mix = (np.arange(400) + 0.5)[:, None] / 400
            deviation = np.sqrt(mix**2 + (1 - mix) ** 2)
            density = norm.pdf(x, mix * distance, deviation).mean(0)
            return 1 + (norm.cdf(x) - norm.cdf(x - distance)) / (2 * PENALTY * density)
    return None


def cases(scale: str) -> list[Row]:
    """Every player at every distance between the means, after every length of training."""
    distances, lengths, seeds = SIZES[scale]
    return [
        {"player": player, "distance": distance, "steps": steps, "seed": seed}
        for seed in range(seeds)
        for distance in distances
        for steps in lengths
        for player in PLAYERS
    ]


def measure(player: str, distance: float, steps: int, seed: int) -> list[Row]:
    """Train one player; there is a row for each loss that a generator may have against it.

    `gradient` is the mean over fresh fakes of the norm of the loss's gradient by the fake, and `at_mean` is the norm at
    the mean of the fakes. `best` and `best_at_mean` are the same for the best player (see the function `best`).
    `evenness` is the smallest norm over the largest on the line between the means, which is 1 for a constant gradient.
    """
    pair = known("shift", dimension=1, length=float(distance))
    found = fixed(*independent(pair, ROWS, seed), seed, steps=steps, **PLAYERS[player])
    fake = independent(pair, FRESH, seed + 1)[1]
    mean, line = np.zeros((1, 1)), np.linspace(-4, distance + 4, 201)[:, None]
    between = np.linspace(0, distance, 101)[:, None]
    rows = []
    for loss, objective in LOSSES[player].items():

        def size(x: np.ndarray, objective: str = objective) -> np.ndarray:
            return np.abs(found.generator_gradient(x, objective))[:, 0]

        along = size(between)
        row = {"loss": loss, "gradient": float(size(fake).mean()), "at_mean": float(size(mean)[0])}
        row |= {"evenness": float(along.min() / along.max()) if along.max() else 0.0}
        if (truth := best(loss, fake[:, 0], distance)) is not None:
            row |= {"best": float(truth.mean()), "best_at_mean": at_mean(loss, distance)}
        rows.append(row | {"x": line[:, 0], "score": found.score(line), "gradients": size(line)})
    return rows


def at_mean(loss: str, distance: float) -> float | None:
    """`best` at the mean of the fakes."""
    truth = best(loss, np.zeros(1), distance)
    return None if truth is None else float(truth[0])


def judge(rows: list[Row]) -> tuple[bool | None, str]:
    """Whether the saturating gradient falls by orders of magnitude with the distance while the critics' stay."""
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
    """Values and gradients along the line, and gradients at the fakes' mean by distance and by training length."""
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
        slope.semilogy(x, _above_floor(one["gradients"]), color=f"C{number}", label=loss)
        for axes, column, held in ((far, "distance", {"steps": last}), (long, "steps", {"distance": shown})):
            chosen = [row for row in mine if held.items() <= row.items()]
            axes.plot(
                [row[column] for row in chosen], _above_floor([r["at_mean"] for r in chosen]), "o", color=f"C{number}"
            )
            places = sorted({row[column] for row in chosen})
            means = [np.mean([row["at_mean"] for row in chosen if row[column] == place]) for place in places]
            axes.loglog(places, _above_floor(means), "-", color=f"C{number}")
        if at_mean(loss, shown) is not None:
            grid = np.geomspace(distances[0], distances[-1], 100)
            far.plot(grid, _above_floor([at_mean(loss, d) for d in grid]), ":", color=f"C{number}")
    for place, name in ((0, "fake"), (shown, "real")):
        x = np.linspace(place - 4, place + 4, 101)
        value.fill_between(x, np.exp(-((x - place) ** 2) / 2) / 3, color="0.85")
        value.text(place, 0.36, name, ha="center")
    value.set_title(f"values after {last:,} updates, means {shown:g} apart")
    slope.set_title("gradient of the generator's loss along the line")
    far.set_title(f"at the fakes' mean, after {last:,} updates (dotted: the best of all)")
    long.set_title(f"at the fakes' mean, means {shown:g} apart")
    for axes in (value, slope):
        axes.set_xlabel("x, in standard deviations")
    value.set_ylabel("D, or the critic's score scaled")
    far.set_xlabel("distance of the means, in standard deviations")
    long.set_xlabel("updates of the discriminator or critic")
    for axes in (slope, far, long):
        axes.set_ylabel("|gradient| by x")
        axes.grid(alpha=0.4)
    value.legend(loc="upper left", fontsize=8)
    slope.legend(loc="best", fontsize=8)
    far.set_xticks(distances, [f"{d:g}" for d in distances])
    far.minorticks_off()
    return figure


def _above_floor(values: Any) -> np.ndarray:
    return np.where(np.asarray(values) > FLOOR, values, np.nan)


def _losses() -> list[str]:
    return [loss for losses in LOSSES.values() for loss in losses]


FLOOR = 1e-16  # the figure leaves out smaller values

STUDY = Study(
    title="the gradient that a generator gets from a perfect discriminator, and from a perfect critic",
    claim=(
        "Between two Gaussians that are far apart, the gradient of log(1 - D) vanishes where the fakes are as the "
        "discriminator becomes optimal; the gradient of a Wasserstein critic is clean and about the same everywhere."
    ),
    source="Arjovsky, Chintala, Bottou 2017, arXiv 1701.07875, Figure 2",
    cases=cases,
    measure=measure,
    judge=judge,
    draw=draw,
)
