"""Which gradient does a generator get from the best discriminator, or the best critic, between two Gaussians?"""

from typing import Any

import numpy as np
from scipy.special import expit
from scipy.stats import norm

from wgan.maths.known import independent, known
from wgan.reports import figures
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
        f"The players had {last:,} updates. The distance between the means grows from {near:g} to {far:g} standard "
        "deviations. The gradient at the mean of the fakes then changes by these factors: "
        + "; ".join(f"{ratio[loss]:.2g} for {loss}" for loss in _losses())
        + f". The gradient of the penalised critic is {min(spread):.2f} to {max(spread):.2f}. Between the means, the "
        "smallest gradient divided by the largest is at worst "
        + "; ".join(f"{even[loss]:.2g} for {loss}" for loss in _losses())
        + "."
    )
    holds = ratio["log(1 - D)"] < 1e-2 and all(1 / 3 < ratio[loss] < 3 for loss in _losses() if loss[:2] == "-f")
    return holds and min(spread) > 0.5, measured


def draw(rows: list[Row]) -> Any:
    """What the players learn along the line, the gradient there, and the gradient at the fakes' mean by distance."""
    figure = figures.page(7.0)
    axes = figure.subplot_mosaic("AB;CC")
    distances, last = sorted({row["distance"] for row in rows}), max(row["steps"] for row in rows)
    shown = SHOWN if SHOWN in distances else distances[-1]
    seed = min(row["seed"] for row in rows)
    held = {"distance": shown, "steps": last, "seed": seed}
    _draw_values(axes["A"], {row["loss"]: row for row in rows if held.items() <= row.items()}, shown)
    for number, loss in enumerate(_losses()):
        mine = [row for row in rows if row["loss"] == loss and row["steps"] == last]
        one = next(row for row in mine if held.items() <= row.items())
        figures.curve(axes["B"], one["x"], _at_least(one["gradients"]), number, loss)
        means = [np.mean([row["at_mean"] for row in mine if row["distance"] == d]) for d in distances]
        axes["C"].plot(distances, _at_least(means), label=loss, **figures.mark(number))
        if at_mean(loss, shown) is not None:
            best_of_all = _at_least([at_mean(loss, d) for d in distances])
            axes["C"].plot(distances, best_of_all, color=figures.COLOURS[number], linewidth=0.8)
    axes["B"].set(title="gradient of the generator's loss", xlabel="position", yscale="log")
    axes["C"].set_title("gradient at the mean of the fakes (thin: what the best possible player gives)")
    axes["C"].set(xlabel="standard deviations between the means", ylabel="size of the gradient", yscale="log")
    axes["C"].set_xscale("log")
    axes["C"].set_xticks(distances, [f"{d:g}" for d in distances])
    axes["C"].minorticks_off()
    for name in "BC":
        axes[name].set_yticks([FLOOR, 1e-9, 1e-6, 1e-3, 1], [f"below $10^{{{np.log10(FLOOR):.0f}}}$", *_POWERS])
    figures.key(figure, axes["C"])
    return figure


def _draw_values(axes: Any, by_loss: dict[str, Row], shown: float) -> None:
    """D and the critics' scores, scaled to [0, 1], above the densities of fake and real rows."""
    for number, (loss, row) in enumerate(by_loss.items()):
        scores = np.array(row["score"])
        scaled = expit(scores) if loss == "log(1 - D)" else (scores - scores.min()) / (np.ptp(scores) or 1)
        if loss != "-log D":  # the same discriminator
            figures.curve(axes, row["x"], scaled, number, loss)
    for place, name in ((0, "fake"), (shown, "real")):
        x = np.linspace(place - 4, place + 4, 101)
        axes.fill_between(x, np.exp(-((x - place) ** 2) / 2) / 4 - 0.5, -0.5, color="0.8")
        axes.text(place, -0.2, name, ha="center")
    axes.set(
        title="discriminator and critics", xlabel="position", ylabel="D, or score scaled to [0, 1]", ylim=(-0.5, 1.1)
    )
    axes.set_yticks([0, 0.5, 1])


def _at_least(values: Any) -> np.ndarray:
    return np.maximum(np.asarray(values, np.float64), FLOOR)


def _losses() -> list[str]:
    return [loss for losses in LOSSES.values() for loss in losses]


FLOOR = 1e-12  # the figure shows smaller values here
_POWERS = [f"$10^{{{k}}}$" for k in (-9, -6, -3, 0)]


STUDY = Study(
    title="which gradient does a generator get from a perfect discriminator, and from a perfect critic?",
    claim=(
        "Real and fake rows are two Gaussians that are far apart. As the discriminator becomes optimal, the gradient "
        "of log(1 - D) vanishes at the fakes. The gradient of a Wasserstein critic is clean, and about the same "
        "everywhere."
    ),
    source="Arjovsky, Chintala, Bottou 2017, arXiv 1701.07875, Figure 2",
    cases=cases,
    measure=measure,
    judge=judge,
    draw=draw,
)
