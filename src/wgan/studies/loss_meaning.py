"""Does the loss fall as the samples get better? The estimates of GAN and WGAN are compared with the true distance."""

from typing import Any

import numpy as np

from wgan import data
from wgan.config import Config
from wgan.data import Dataset
from wgan.evaluation import features
from wgan.game import networks
from wgan.maths import transport
from wgan.presets import preset
from wgan.reports import figures
from wgan.reports.series import median_filter, rank_correlation
from wgan.studies import Row, Study, marks
from wgan.studies.trained import recorded
from wgan.training import diagnostics
from wgan.training.model import game_of, sample
from wgan.training.state import Training, model_of, start

METHODS = ("gan", "wgan", "wgan-gp")  # presets with the optimiser, learning rate and critic steps of their papers
GENERATORS = ("mlp", "dcgan")  # both against a DCGAN critic, as in Figures 3 and 4
TRACKS = 0.5  # from this rank correlation on, the estimate tracks the distance, as in the report's verdict

_SMALL: Row = {"batch": 32, "width": 8, "units": 128}
SIZES: dict[str, Row] = {
    "quick": _SMALL | {"steps": 450, "records": 30},
    "medium": _SMALL | {"steps": 1500, "records": 75},
    "full": {"steps": 20_000, "batch": 64, "width": 64, "units": 512, "records": 200, "chosen": "classifier"},
}
FASTER = {"wgan": 2e-4, "wgan-gp": 4e-4}  # below full: four times the papers' learning rates
# A WGAN's critic is trained first, so that its estimate falls from the start; the paper's code has 25 such steps
AHEAD: dict[str, Row] = {
    "quick": {"warm_up": 10},
    "medium": {"warm_up": 25},
    "full": {"warm_up": 25, "warm_up_every": 500},
}
SAMPLES = 256  # samples, and held-out rows, of the distance on features


def cases(scale: str) -> list[Row]:
    """Each generator with each method; below full, with small players and short training."""
    return [
        {"data": "fashion-mnist", "generator": generator, "method": method, "seed": seed}
        | SIZES[scale]
        | (AHEAD[scale] if method != "gan" else {})
        | ({"learning_rate": FASTER[method]} if scale != "full" and method in FASTER else {})
        for seed in ((0, 1, 2) if scale == "full" else (0, 1))
        for generator in GENERATORS
        for method in METHODS
    ]


def measure(generator: str, method: str, units: int, records: int, chosen: str = "", **fields: Any) -> Row:
    """Train one pair of players; the row has the rank correlation of its held-out estimate with the exact W1 of samples
    to held-out rows.

    `chosen` names features on which the W1 is measured too.
    """
    config = preset(method).config.replace(network="dcgan", **fields)
    every = max(1, config.steps // records)
    config = config.replace(log_every=every, diagnose_every=every, engine="torch")
    dataset = data.load(config.data)
    config = config.replace(network=players(config, generator, units, dataset.form.shape))
    training = start(config, dataset)
    look = features.resolve(chosen, dataset, training.rows, lambda text: None).extract if chosen else None
    log = list(recorded(training, lambda record: {"feature_w1": feature_w1(look, training)} if look else {}))
    curve = {name: np.array([record[name] for record in log]) for name in ("step", "held_out_estimate", "w1")}
    rank, low, high = rank_correlation(curve["held_out_estimate"][1:], curve["w1"][1:])  # at 0 it is untrained
    trend, _, trend_high = rank_correlation(curve["held_out_estimate"][1:], curve["step"][1:])
    row: Row = {"rank": rank, "low": low, "high": high, "trend": trend, "trend_high": trend_high}
    row |= {"w1_start": log[0]["w1"], "w1_end": log[-1]["w1"], "w1_floor": log[0]["w1_floor"], **curve}
    if look:
        row["feature_w1"] = np.array([record["feature_w1"] for record in log])
        row["feature_rank"] = rank_correlation(curve["held_out_estimate"][1:], row["feature_w1"][1:])[0]
    return row


def players(config: Config, generator: str, units: int, row: tuple[int, ...]) -> networks.Architecture:
    """DCGAN's players for pictures; for "mlp" the generator has four dense layers of `units` ReLU units instead."""
    pair = game_of(config, row, networks.PICTURES).architecture
    if generator == "dcgan":
        return pair._replace(name="dcgan-dcgan")
    dense = networks.mlp(row, units, 4, "relu", "none", "none", networks.PICTURES)
    return pair._replace(name="mlp-dcgan", generator=[layer | {"init": dense.init} for layer in dense.generator])


def feature_w1(look: Any, training: Training) -> float:
    """The exact W1 between samples and held-out rows on features."""
    dataset: Dataset = training.dataset
    chosen = training.held_out[:SAMPLES]
    real, fake = dataset.rows[chosen], sample(model_of(training), len(chosen), training.config.seed)
    return transport.w1(look(fake)[0], look(real)[0], method="exact").value


def judge(rows: list[Row]) -> tuple[bool | None, str]:
    """Whether each estimate of a WGAN tracks the distance and no estimate of a GAN falls.

    An estimate tracks if the interval of its rank correlation with the distance is above TRACKS; it falls if the
    interval of its rank correlation with the step is below 0.
    """
    said = []
    for method, generator in dict.fromkeys((row["method"], row["generator"]) for row in rows):
        mine = [row for row in rows if (row["method"], row["generator"]) == (method, generator)]
        ranks, trends = (", ".join(f"{row[name]:.2f}" for row in mine) for name in ("rank", "trend"))
        said.append(f"{method} with {generator} {ranks} ({trends})")
    measured = (
        "Rank correlation of the held-out estimate with the exact W1 of "
        f"{diagnostics.ROWS} samples to as many held-out rows, and in brackets with the step, one number per seed: "
        f"{'; '.join(said)}"
    )
    ours = [row for row in rows if row["method"] != "gan"]
    gans = [row for row in rows if row["method"] == "gan"]
    if not ours or not gans:
        return None, measured + "."
    against = [(row, "does not follow the distance") for row in ours if row["high"] < TRACKS]
    against += [(row, "falls") for row in gans if row["trend_high"] < 0]
    if against:
        words = dict.fromkeys(
            f"the estimate of {row['method']} with {row['generator']} {does}" for row, does in against
        )
        return False, f"{measured}. Against the claim: {', '.join(words)}."
    return True if all(row["low"] > TRACKS for row in ours) else None, measured + "."


def draw(rows: list[Row]) -> Any:
    """The estimates, each in parts of its largest value, above the distance of the samples, by generator."""
    rows = [row for row in rows if row["seed"] == rows[0]["seed"]]
    generators = list(dict.fromkeys(row["generator"] for row in rows))
    figure = figures.page(6.2)
    panels = figure.subplots(2, len(generators), sharex=True, sharey="row", squeeze=False)
    for row in rows:
        above, below = panels[:, generators.index(row["generator"])]
        steps = row["step"][1:]
        estimate = median_filter(np.array(row["held_out_estimate"][1:]), 5)
        number, label = marks.NUMBERS[row["method"]], marks.NAMES[row["method"]]
        figures.curve(above, steps, estimate / estimate.max(), number, label)
        figures.curve(below, steps, row["w1"][1:], number, label)
    for axes, generator in zip(panels.T, generators, strict=True):
        axes[0].set_title({"mlp": "dense generator", "dcgan": "convolutional generator"}[generator])
        axes[1].axhline(rows[0]["w1_floor"], color=figures.REAL, linewidth=1, label="real rows")
        axes[1].set_xlabel("generator step")
    panels[0, 0].set(ylabel="estimate, in parts of its largest", ylim=(0, 1.05))
    panels[1, 0].set_ylabel("W1 of samples to held-out rows")
    panels[1, 0].set_ylim(bottom=0.95 * rows[0]["w1_floor"])
    figures.key(figure, panels[1, 0])
    return figure


STUDY = Study(
    title="does the loss fall as the samples get better, under GAN and under WGAN?",
    claim=(
        "The estimate of a WGAN falls as its samples get better, with an MLP generator and with DCGAN's generator. The "
        "estimate of a GAN rises or stays the same."
    ),
    source="Arjovsky, Chintala, Bottou 2017, arXiv 1701.07875, Figures 3 and 4",
    cases=cases,
    measure=measure,
    judge=judge,
    draw=draw,
)
