"""The density ratio of a discriminator against the known ratio, and the ratio's way to 1 as a generator learns."""

from itertools import product
from typing import Any

import numpy as np
from scipy.special import expit, logit
from scipy.stats import gamma, multivariate_normal, norm

from wgan import data
from wgan.config import Config
from wgan.maths import streams
from wgan.maths.density_ratio import DensityRatio, density_ratio, from_scores
from wgan.studies import Row, Study
from wgan.studies.fixed import fixed
from wgan.training.model import sample
from wgan.training.state import iterate, model_of, start

PAIRS = {  # the distributions of real and of fake rows
    "gaussians": (norm(1.0, 0.7), norm(0.0, 1.0)),
    "gammas": (gamma(4.0), gamma(2.0)),
    "8-D gaussians": (
        multivariate_normal(np.full(8, 0.4), np.diag(np.repeat([0.6, 1.0], 4))),
        multivariate_normal(np.zeros(8)),
    ),
}
METHODS = ("network", "logistic")  # a small network, and logistic regression on quadratic features
PRIORS = (0.1, 0.5, 0.9)
MODES = ((0.7, -1.0, 0.5), (0.3, 1.5, 0.4))  # share, mean and deviation of each mode that the generator learns
ROWS, FRESH = 65_536, 4_096  # rows of each kind to learn the ratio from, and to measure it on
ESTIMATOR = {"objective": "minimax", "constraint": "none", "learning_rate": 2e-3, "decay": "linear"}
GENERATOR = Config(
    objective="minimax",
    constraint="none",
    network="mlp",
    width=64,
    depth=2,
    latent=4,
    batch=256,
    learning_rate=1e-3,
    beta1=0.5,
    average=0.99,
    held_out=0.0,
)
# for each scale: steps of an estimate, steps of a generator's training, seeds of the estimates, seeds of the trainings
SIZES = {"quick": (2_000, 1_600, 1, 2), "medium": (6_000, 6_400, 3, 3), "full": (20_000, 25_600, 3, 5)}


def cases(scale: str) -> list[Row]:
    """Every pair with every prior and method, and the trainings of a generator."""
    fit, steps, fits, trainings = SIZES[scale]
    return [
        *[
            {"pair": pair, "method": method, "prior": prior, "seed": seed, "fit": fit}
            for seed in range(fits)
            for pair in PAIRS
            for prior in PRIORS
            for method in METHODS
        ],
        *[{"pair": "training", "steps": steps, "seed": seed, "fit": fit} for seed in range(trainings)],
    ]


def measure(
    pair: str, seed: int, fit: int, method: str = "network", prior: float = 0.5, steps: int = 0
) -> Row | list[Row]:
    """Measure one estimate of log p/q on fresh rows, half real and half fake: the rms and the mean of its error.

    `explained` is the share of the variance of the known log p/q that the estimate explains, 1 - mse / variance.
    """
    if pair == "training":
        return trained(seed, fit, steps)
    real, fake = PAIRS[pair]
    train_real, train_fake, fresh_real, fresh_fake = (
        _drawn(law, count, seed, number) for number, (count, law) in enumerate(product((ROWS, FRESH), (real, fake)))
    )
    ratio = estimate(train_real, train_fake, method, prior, seed, fit)
    fresh = np.concatenate([fresh_real, fresh_fake])
    known, found = _log_density(real, fresh) - _log_density(fake, fresh), ratio.log_ratio(fresh)
    error = found - known
    row: Row = {"rms_error": float(np.sqrt((error**2).mean())), "mean_error": float(error.mean())}
    row["explained"] = float(1 - (error**2).mean() / known.var())
    row["js"] = ratio.evaluate(fresh_real, fresh_fake).js.value
    some = np.arange(0, len(fresh), len(fresh) // 256) if fresh.shape[1] > 1 else np.argsort(fresh[:, 0])[100:-100:20]
    row |= {"x": fresh[some, 0], "known": known[some], "found": found[some]}
    return row | {"d": expit(found[some] + logit(prior))}


def estimate(real: np.ndarray, fake: np.ndarray, method: str, prior: float, seed: int, fit: int) -> DensityRatio:
    """The density ratio of rows [n, d], by a discriminator that gives real rows the share `prior`."""
    if method == "logistic":
        return density_ratio(real, fake, prior=prior, seed=seed)
    found = fixed(real, fake, seed, steps=fit, prior=prior, **ESTIMATOR)
    return DensityRatio(lambda rows: np.log(from_scores(found.score(rows), prior)), {"method": "network"})


def trained(seed: int, fit: int, steps: int) -> list[Row]:
    """Train a generator; at some steps a fresh discriminator measures log p/q on fresh rows and fresh samples.

    `rms` is the root mean square of log p/q on rows that the discriminator has not seen; it is 0 if p = q. The last
    row, without a step, has a second set of real rows instead of samples, and so shows the `rms` measured for p = q.
    """
    lengths = [0, *[at for at in (25 * 4**k for k in range(10)) if at <= steps]]
    training = start(GENERATOR.replace(seed=seed, steps=steps), data.from_array(_mixture(ROWS, seed, 0)))
    rows = []
    for at in [*lengths, None]:
        while at is not None and training.step < at:
            iterate(training)
        (real, other), (fresh_real, fresh_other) = (
            (_mixture(n, seed, 2 * k + 1), _mixture(n, seed, 2 * k + 2) if at is None else _samples(training, n, k))
            for k, n in enumerate((ROWS // 4, FRESH))
        )
        ratio = estimate(real, other, "network", 0.5, seed, fit)
        log_ratio = ratio.log_ratio(np.concatenate([fresh_real, fresh_other]))
        row: Row = {"of": "real rows" if at is None else "samples", "step": at}
        row |= {"rms": float(np.sqrt((log_ratio**2).mean())), "js": ratio.evaluate(fresh_real, fresh_other).js.value}
        x = np.linspace(-3, 3, 121)
        rows.append(row | {"x": x, "found": ratio.log_ratio(x[:, None])})
    return rows


def judge(rows: list[Row]) -> tuple[bool | None, str]:
    """Whether a network finds the ratio for every prior, and whether the ratio goes to 1 in training."""
    known = [row for row in rows if row["pair"] != "training"]
    words = []
    for method in METHODS:
        mine = [row for row in known if row["method"] == method]
        parts = [
            f"{max(row['rms_error'] for row in mine if row['pair'] == pair):.2f} for {pair}"
            for pair in dict.fromkeys(row["pair"] for row in mine)
        ]
        words.append(f"{', '.join(parts)} by the {method}")
    network = [row for row in known if row["method"] == "network"]
    least, shift = min(row["explained"] for row in network), max(abs(row["mean_error"]) for row in network)
    training = [row for row in rows if row["pair"] == "training"]
    last = max(row["step"] for row in training if row["step"] is not None)
    begun, ended, floor = (
        float(np.mean([row["rms"] for row in training if row["step"] == step])) for step in (0, last, None)
    )
    measured = (
        f"the largest rms error of log p/q over the priors is {'; '.join(words)}. The network's explains at least "
        f"{100 * least:.0f} % of the variance of log p/q, its mean error is at most {shift:.2f}, where the priors move "
        f"the logit of D by {logit(max(PRIORS)) - logit(min(PRIORS)):.2f}. In training the rms of log p/q falls from "
        f"{begun:.2f} to {ended:.2f} at step {last:,}; of two sets of real rows it is {floor:.2f}."
    )
    return least > EXPLAINED and shift < CLOSE and ended < begun / 4, measured


def draw(rows: list[Row]) -> Any:
    """D and the ratio for each prior on two pairs, the found against the known ratio in 8 dimensions, and the ratio
    in training."""
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 7.5), dpi=110, layout="constrained")
    axes = figure.subplot_mosaic("ABC;DEF")
    seed = min(row["seed"] for row in rows)
    mine = [row for row in rows if row["seed"] == seed and row.get("method") == "network"]
    for row in mine:
        color, label = f"C{PRIORS.index(row['prior'])}", f"pi = {row['prior']:g}"
        match row["pair"]:
            case "gaussians":
                axes["A"].plot(row["x"], row["d"], color=color, label=label)
                axes["B"].plot(row["x"], row["found"], color=color, label=label)
            case "gammas":
                axes["C"].plot(row["x"], row["found"], color=color, label=label)
            case "8-D gaussians":
                axes["D"].plot(row["known"], row["found"], ".", color=color, label=label, alpha=0.6)
    for name, pair in (("B", "gaussians"), ("C", "gammas"), ("D", "8-D gaussians")):
        for row in [row for row in mine if row["pair"] == pair][:1]:
            x = row["known"] if name == "D" else row["x"]
            order = np.argsort(x)
            axes[name].plot(np.array(x)[order], np.array(row["known"])[order], "k--", linewidth=1, label="known")
    training = [row for row in rows if row["pair"] == "training"]
    curve = [row for row in training if row["seed"] == seed and row["step"] is not None]
    for number, row in enumerate(curve):
        shade = colormaps["viridis_r"](number / (len(curve) - 0.9))
        axes["E"].plot(row["x"], row["found"], color=shade, label=f"step {row['step']:,}")
    for number, one in enumerate(sorted({row["seed"] for row in training})):
        *made, real = [row for row in training if row["seed"] == one]
        places, values = [row["step"] for row in made], [row["rms"] for row in made]
        axes["F"].plot(places, values, "o-", color=f"C{number}", label=f"seed {one}")
        axes["F"].axhline(real["rms"], color=f"C{number}", linestyle=":", label="two sets of real rows")
    axes["E"].axhline(0, color="k", linestyle="--", linewidth=1)
    axes["E"].set_ylim(-6, 6)
    axes["F"].set_xscale("symlog", linthresh=25)
    axes["F"].set_xlim(left=-3)
    axes["F"].set_yscale("log")
    for name, title, x, y in (
        ("A", "D between two Gaussians", "x", "D(x)"),
        ("B", "the ratio of two Gaussians", "x", "log p/q"),
        ("C", "the ratio of two gamma laws", "x", "log p/q"),
        ("D", "Gaussians in 8 dimensions", "known log p/q", "found log p/q"),
        ("E", "a generator in training", "x", "log p/q, real over samples"),
        ("F", "its way to 1", "generator updates", "rms of log p/q, fresh rows"),
    ):
        axes[name].set(title=title, xlabel=x, ylabel=y)
        axes[name].grid(alpha=0.4)
        if axes[name].get_legend_handles_labels()[0]:
            axes[name].legend(loc="best", fontsize=8)
    return figure


def _drawn(law: Any, count: int, seed: int, number: int) -> np.ndarray:
    return law.rvs(size=count, random_state=streams.stream(seed, "known", number)).reshape(count, -1)


def _log_density(law: Any, rows: np.ndarray) -> np.ndarray:
    return law.logpdf(rows if rows.shape[1] > 1 else rows[:, 0])


def _mixture(count: int, seed: int, number: int) -> np.ndarray:
    random = streams.stream(seed, "known", number)
    mode = random.choice(len(MODES), count, p=[share for share, _, _ in MODES])
    _, means, deviations = np.array(MODES).T
    return (means[mode] + deviations[mode] * random.standard_normal(count))[:, None]


def _samples(training: Any, count: int, number: int) -> np.ndarray:
    """Samples that differ at each step and for each `number`."""
    return sample(model_of(training), count, seed=2 * training.step + number)


CLOSE, EXPLAINED = (
    0.2,
    0.9,
)  # the ratio counts as found if |mean error| is below the first, `explained` above the second

STUDY = Study(
    title="the density ratio of an optimal discriminator, and its way to 1",
    claim=(
        "A discriminator trained on a share pi of real rows has D / (1 - D) * (1 - pi) / pi = p/q at its optimum, for "
        "every pi; and a generator that is trained against it drives that ratio to 1."
    ),
    source="Goodfellow et al. 2014, Proposition 1; Mohamed and Lakshminarayanan 2016, arXiv 1610.03483",
    cases=cases,
    measure=measure,
    judge=judge,
    draw=draw,
)
