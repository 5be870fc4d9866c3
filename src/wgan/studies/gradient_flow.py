"""How the gradient changes on its way back through deep critics, clipped or penalised, and how weights spread."""

from functools import partial
from typing import Any

import numpy as np

from wgan import data
from wgan.config import Config
from wgan.engines import get_engine
from wgan.game.arrays import Params
from wgan.game.layers import Layer, apply_layers
from wgan.reports import figures
from wgan.studies import Row, Study
from wgan.studies.trained import trained
from wgan.training import loop as training
from wgan.training.model import sample

# The optimisers and the penalty of gan_toy.py; both players have the twelve hidden layers of the figure.
_SHARED: Row = {
    "network": "mlp",
    "depth": 12,
    "latent": 2,
    "batch": 256,
    "n_critic": 5,
    "decay": "none",
    "average": 0.0,
}
_CLIP: Row = _SHARED | {"constraint": "clip", "optimiser": "rmsprop", "learning_rate": 5e-5, "beta2": 0.99}
_PENALTY: Row = _SHARED | {"constraint": "gradient-penalty", "penalty_weight": 0.1, "learning_rate": 1e-4, "beta1": 0.5}
CRITICS: dict[str, Row] = {
    "clip-0.1": _CLIP | {"clip": 0.1},
    "clip-0.01": _CLIP | {"clip": 0.01},
    "clip-0.001": _CLIP | {"clip": 0.001},
    "penalty": _PENALTY,
}
SIZES: dict[str, Row] = {
    "quick": {"width": 128, "steps": 100},
    "medium": {"width": 512, "steps": 150},
    "full": {"width": 512, "steps": 100_000},
}
TOY = "swissroll"
ROWS = 50_000
SEEN = 512  # rows of each kind at which gradients are taken
FLAT = 10.0  # the gradient counts as flat if its first layer's norm is within this factor of its last layer's


def cases(scale: str) -> list[Row]:
    """Every critic; the scale sets the width and the steps."""
    return [{"critic": critic, "seed": 0, **SIZES[scale]} for critic in CRITICS]


def measure(critic: str, seed: int, **fields: Any) -> Row:
    """Train a WGAN on the Swiss roll and measure its critic's gradients and weights."""
    config = Config(seed=seed, **CRITICS[critic] | fields)
    run = training.start(config, data.toy(TOY, ROWS, seed))
    before = _weights(run)
    after = _weights(trained(run))
    rows = np.concatenate([run.dataset.rows[run.held_out[:SEEN]], sample(training.model_of(run), SEEN, seed)])
    norms = gradient_by_layer(run.game.architecture.critic, after, rows)
    every = np.concatenate([w.ravel() for name, w in after.items() if name.endswith(".weight")])
    widest = float(np.quantile(np.abs(every), 0.999))  # a few initial weights of the first layer lie far out
    counts, edges = np.histogram(every, 60, (-widest, widest))
    clipped = config.constraint == "clip"
    return {
        "first": norms[0],
        "last": norms[-1],
        "first_over_last": norms[0] / norms[-1],
        "growth": (norms[0] / norms[-1]) ** (1 / (len(norms) - 1)),
        **({"at_c_before": _share_at(before, config.clip), "at_c": _share_at(after, config.clip)} if clipped else {}),
        "norms": norms,
        "share": counts / every.size,
        "edges": edges,
    }


def gradient_by_layer(layers: list[Layer], weights: Params, rows: np.ndarray) -> list[float]:
    """The root mean square over rows of |d score / d input| for the input of each dense layer, first to last.

    The critic's loss is the mean of +-score over rows, so this is its gradient with respect to the activations, times
    the square root of the number of rows. It is computed in float64, since a clipped critic needs the range.
    """
    engine = get_engine("torch", "float64")
    placed = {name: engine.array(w.astype(np.float64)) for name, w in weights.items()}
    norms = []
    for at, layer in enumerate(layers):
        if layer["kind"] == "dense":
            given = apply_layers(engine.ops, layers[:at], placed, engine.array(rows.astype(np.float64)))
            # names begin with the number of their layer, which counts from 0 in the rest of the network
            rest = {f"{int(n[:2]) - at:02d}{n[2:]}": w for n, w in placed.items() if int(n[:2]) >= at}
            score = partial(apply_layers, engine.ops, layers[at:], rest)
            slope = engine.numpy(engine.input_grad(score, given))
            norms.append(float(np.sqrt((slope * slope).sum(1).mean())))
    return norms


def _weights(run: training.Training) -> dict[str, np.ndarray]:
    return {name: np.array(run.game.engine.numpy(w)) for name, w in run.state.critic.items()}


def _share_at(weights: dict[str, np.ndarray], c: float) -> float:
    """The share of the weights, without biases, that lie at +-c."""
    every = np.concatenate([np.abs(w).ravel() for name, w in weights.items() if name.endswith(".weight")])
    return float((every >= c * (1 - 1e-6)).mean())


def judge(rows: list[Row]) -> tuple[bool | None, str]:
    """Whether the gradient changes by more than a factor FLAT in every clipped critic, and by less with the penalty."""
    measured = "The gradient at the rows, divided by the gradient at the last layer: "
    measured += ", ".join(
        f"{row['critic']} {row['first_over_last']:.3g} (a factor of {row['growth']:.2f} per layer)" for row in rows
    )
    clipped = [row for row in rows if "at_c" in row]
    measured += ". Share of the weights at +-c after training, and in brackets before training, since the initial "
    measured += "weights are clipped too: "
    measured += ", ".join(f"{row['critic']} {row['at_c']:.2f} ({row['at_c_before']:.2f})" for row in clipped) + "."
    changes = {row["critic"]: abs(np.log10(row["first_over_last"])) > np.log10(FLAT) for row in rows}
    return all(change == (critic != "penalty") for critic, change in changes.items()), measured


def draw(rows: list[Row]) -> Any:
    """The gradient norms by layer, and the histogram of each critic's weights."""
    figure = figures.page(6.2)
    above, below = figure.subfigures(2, 1, height_ratios=(3, 2))
    axes = above.subplots()
    panels = below.subplots(1, len(rows), squeeze=False)[0]
    for number, (row, panel) in enumerate(zip(rows, panels, strict=True)):
        layers = np.arange(1, len(row["norms"]) + 1)
        label = f"clipped to {row['critic'].partition('-')[2]}" if "at_c" in row else "gradient penalty"
        axes.semilogy(layers, row["norms"], label=label, **figures.mark(number))
        panel.stairs(100 * np.array(row["share"]), row["edges"], fill=True, color=figures.COLOURS[number])
        panel.set_title(f"{label}\n" + (f"{row['at_c']:.0%} at the bound" if "at_c" in row else ""), fontsize=9)
        panel.set_xlabel("weight")
        panel.locator_params(axis="x", nbins=3)
        panel.grid(visible=False)
    panels[0].set_ylabel("% of the weights")
    axes.set_xticks(range(1, max(len(row["norms"]) for row in rows) + 1))
    axes.set_xlabel("layer of the critic (1 receives the rows)")
    axes.set_ylabel("size of the gradient")
    figures.key(above, axes)
    return figure


STUDY = Study(
    title="does the gradient survive twelve layers, under clipping and under the penalty?",
    claim=(
        "In a deep critic with weights clipped to +-c, the gradient grows or decays exponentially with depth for every "
        "c, and weights pile up at +-c. Under the gradient penalty the gradient neither explodes nor vanishes."
    ),
    source="Gulrajani et al. 2017, arXiv 1704.00028, Figure 1b",
    cases=cases,
    measure=measure,
    judge=judge,
    draw=draw,
)
