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
from wgan.reports import figures
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
        words.append(f"by the {method}, {', '.join(parts)}")
    network = [row for row in known if row["method"] == "network"]
    least, shift = min(row["explained"] for row in network), max(abs(row["mean_error"]) for row in network)
    training = [row for row in rows if row["pair"] == "training"]
    last = max(row["step"] for row in training if row["step"] is not None)
    begun, ended, floor = (
        float(np.mean([row["rms"] for row in training if row["step"] == step])) for step in (0, last, None)
    )
    measured = (
        f"The largest rms errors of log p/q over the priors are: {'; '.join(words)}. The network explains at least "
        f"{100 * least:.0f} % of the variance of log p/q. Its mean error is at most {shift:.2f}, although the priors "
        f"move the logit of D by {logit(max(PRIORS)) - logit(min(PRIORS)):.2f}. In training, the rms of log p/q falls "
        f"from {begun:.2f} to {ended:.2f} at step {last:,}. Between two sets of real rows it is {floor:.2f}."
    )
    return least > EXPLAINED and shift < CLOSE and ended < begun / 4, measured


def draw(rows: list[Row]) -> Any:
    """Found against known ratios on one axis and in eight dimensions, and the ratio while a generator trains."""
    figure = figures.page(6.6)
    (line, plane), (curves, way) = figure.subplots(2, 2)
    seed = min(row["seed"] for row in rows)
    mine = [row for row in rows if row["seed"] == seed and row.get("method") == "network"]
    for row in mine:
        number, label = PRIORS.index(row["prior"]), f"share of real rows {row['prior']:g}"
        if row["pair"] == "gaussians":
            figures.curve(line, row["x"], row["found"], number, label)
        if row["pair"] == "8-D gaussians":
            style = figures.mark(number) | {"linestyle": "none", "markersize": 4, "alpha": 0.6}
            plane.plot(row["known"], row["found"], label=label, fillstyle="none", **style)
    for axes, pair, across in ((line, "gaussians", "x"), (plane, "8-D gaussians", "known")):
        for row in [row for row in mine if row["pair"] == pair][:1]:
            order = np.argsort(row[across])
            x, known = (np.array(row[name])[order] for name in (across, "known"))
            axes.plot(x, known, color="black", linewidth=1, label="known ratio")
    line.set(title="two Gaussians", xlabel="x", ylabel="log of the density ratio")
    plane.set(title="Gaussians in 8 dimensions", xlabel="known log ratio", ylabel="found log ratio")
    for axes in (line, plane):
        axes.legend(loc="best", fontsize=8.5, handlelength=1.4)
    _draw_training([row for row in rows if row["pair"] == "training"], seed, curves, way)
    return figure


def _draw_training(rows: list[Row], seed: int, curves: Any, way: Any) -> None:
    """The log ratio of data to samples at a few steps of one training, and its size over the steps of all."""
    made = [row for row in rows if row["seed"] == seed and row["step"] is not None]
    for number, row in enumerate(made[:: max(1, (len(made) - 1) // 2)]):
        figures.curve(curves, row["x"], row["found"], number, f"step {row['step']:,}")
    curves.axhline(0, color="black", linewidth=1)
    curves.legend(loc="best", fontsize=8.5, handlelength=1.8)
    curves.set(title="while a generator trains", xlabel="x", ylabel="log ratio, data to samples")
    for number, one in enumerate(sorted({row["seed"] for row in rows})):
        *steps, _ = [row for row in rows if row["seed"] == one]
        way.plot(
            [row["step"] for row in steps], [row["rms"] for row in steps], label=f"seed {one}", **figures.mark(number)
        )
    floor = float(np.mean([row["rms"] for row in rows if row["step"] is None]))
    way.axhline(floor, color=figures.REAL, linestyle=":", label="real to real")
    way.set_xscale("symlog", linthresh=25)
    way.set_xlim(left=-3)
    way.set_yscale("log")
    way.legend(loc="best", fontsize=8.5, handlelength=2.2)
    way.set(title="how large the log ratio is", xlabel="generator step", ylabel="root mean square")


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
    title="does an optimal discriminator know the density ratio, and does training bring the ratio to 1?",
    claim=(
        "A discriminator D is trained on a share pi of real rows. At its optimum, D / (1 - D) * (1 - pi) / pi is the "
        "density ratio p/q, for every pi. A generator that is trained against D brings this ratio to 1."
    ),
    source="Goodfellow et al. 2014, Proposition 1; Mohamed and Lakshminarayanan 2016, arXiv 1610.03483",
    cases=cases,
    measure=measure,
    judge=judge,
    draw=draw,
)
