"""Every objective on three toys: the modes that its generator finds, their quality, and the distance to the data."""

from typing import Any

import numpy as np

from wgan.config import Config
from wgan.data import TOYS
from wgan.data import toy as new_sample
from wgan.errors import WganError
from wgan.game.objectives import OBJECTIVES
from wgan.maths import metrics, transport
from wgan.reports import figures
from wgan.studies import Row, Study, marks
from wgan.studies.trained import recorded
from wgan.training.model import sample
from wgan.training.state import model_of, start

# The settings of gan_toy.py; it has no GANs and f-GANs, which use its Adam here.
_SHARED: Row = {"network": "mlp", "depth": 3, "latent": 2, "batch": 256, "average": 0.0}
_ADAM: Row = {"beta1": 0.5, "beta2": 0.9}
_RMSPROP: Row = {"optimiser": "rmsprop", "beta2": 0.99}
_PENALTY: Row = _ADAM | {"constraint": "gradient-penalty", "penalty_weight": 0.1}
METHODS: dict[str, Row] = {
    "gan": _ADAM | {"objective": "non-saturating", "constraint": "none"},
    "minimax": _ADAM | {"objective": "minimax", "constraint": "none"},
    "wgan": _RMSPROP | {"constraint": "clip", "clip": 0.01},
    "wgan-gp": _PENALTY,
    "wgan-lp": _PENALTY | {"penalty_sides": "one"},
    **{name: _ADAM | {"objective": name, "constraint": "none"} for name in OBJECTIVES if name.startswith("fgan-")},
}
_SHORT: Row = {"width": 128, "batch": 64, "steps": 2_500, "learning_rate": 1e-3, "decay": "linear"}
SIZES: dict[str, Row] = {
    "quick": _SHORT | {"n_critic": 1},
    "medium": _SHORT | {"n_critic": 5},
    "full": {"width": 512, "steps": 100_000, "n_critic": 5, "learning_rate": 1e-4, "decay": "none"},
}

ROWS = 50_000
TIMES = 10  # how often samples are measured after the start
SAMPLES = 2_500  # samples for modes and quality, as in Srivastava et al. 2017
EXACT = 500  # samples for W1
SHOWN = 250  # samples in a panel
SHOWN_METHODS = ("gan", "wgan", "wgan-gp")  # with panels; the others have a row of the table and of the chart
EDGE = 2.2  # a panel shows [-EDGE, EDGE]^2
FLOORS = 4  # pairs of real samples for the floor


def cases(scale: str) -> list[Row]:
    """Every method on every toy; below full, with small networks and batches and one learning rate."""
    clip = {"learning_rate": 5e-5} if scale == "full" else {}
    return [
        {"data": name, "method": method, "seed": 0, **SIZES[scale], **(clip if method == "wgan" else {})}
        for name in TOYS
        for method in METHODS
    ]


def measure(data: str, method: str, seed: int, **fields: Any) -> Row:
    """Train one generator and compare its samples with held-out rows on the way."""
    every = -(-fields["steps"] // TIMES)
    shared: Row = _SHARED | METHODS[method] | fields
    config = Config(data=data, seed=seed, log_every=every, diagnose_every=fields["steps"] + 1, **shared)
    dataset = new_sample(data, ROWS, seed)
    run = start(config, dataset)
    real, others = (dataset.rows[rows[: FLOORS * EXACT]] for rows in (run.held_out, run.rows))
    seen: list[Row] = []
    fault: Row = {}

    def look(record: Row) -> Row:
        samples = sample(model_of(run), SAMPLES, seed)
        distance = transport.w1(samples[:EXACT], real[:EXACT]).value
        return {"distance": distance, "frame": np.round(samples[:SHOWN].astype(float), 3)}

    try:
        for record in recorded(run, look):
            seen.append(record)
    except WganError as problem:  # the first value that is not finite
        if isinstance(problem.__cause__, OSError):  # the disk refused a checkpoint
            raise
        fault = {"diverged_at": run.step}
    found: Row = {} if fault else {"w1": seen[-1]["distance"]}
    if dataset.labels is not None and not fault:
        samples = sample(model_of(run), SAMPLES, seed)
        modes = metrics.modes_of(dataset.rows, dataset.labels)
        found["modes"] = int(metrics.modes_found(samples, modes).value)
        found["high_quality"] = metrics.high_quality(samples, modes).value
    return {**found, "floor": floor(others, real), **fault} | {
        "steps_seen": [record["step"] for record in seen],
        "w1_seen": [record["distance"] for record in seen],
        "frames": [record["frame"] for record in seen],
        "real": np.round(real[:SHOWN].astype(float), 3).tolist(),
    }


def floor(first: np.ndarray, second: np.ndarray) -> float:
    """The mean W1 between `EXACT` real rows and as many others, which samples as good as data would have."""
    pairs = zip(*(np.split(rows, len(rows) // EXACT) for rows in (first, second)), strict=True)
    return float(np.mean([transport.w1(x, y).value for x, y in pairs]))


def judge(rows: list[Row]) -> tuple[bool | None, str]:
    """Whether WGAN-GP finds at least as many modes as the GAN on every toy, and more on one."""
    found = {(row["method"], row["data"]): row for row in rows}
    methods, toys = (list(dict.fromkeys(row[name] for row in rows)) for name in ("method", "data"))
    parts = []
    for toy in toys:
        scores = {method: found[method, toy] for method in methods if (method, toy) in found}
        trained = {method: row for method, row in scores.items() if "diverged_at" not in row}
        text = ", ".join(
            f"{method} {row['w1']:.2f}" + (f" ({row['modes']})" if "modes" in row else "")
            for method, row in sorted(trained.items(), key=lambda item: item[1]["w1"])
        )
        lost = [f"{method} at step {row['diverged_at']:,}" for method, row in scores.items() if method not in trained]
        floor = f" (real rows {next(iter(scores.values()))['floor']:.2f})"
        parts.append(f"{toy}{floor}: {text}" + (f"; diverged: {', '.join(lost)}" if lost else ""))
    measured = (
        f"Exact W1 to held-out rows, best method first, with the number of modes found in brackets. {'. '.join(parts)}."
    )
    known = [toy for toy in toys if any("modes" in found[method, toy] for method in methods if (method, toy) in found)]
    if not known or ("wgan-gp", known[0]) not in found or ("gan", known[0]) not in found:
        return None, measured
    lead = [found["wgan-gp", toy].get("modes", 0) - found["gan", toy].get("modes", 0) for toy in known]
    return min(lead) >= 0 and max(lead) > 0, f"{measured} The verdict compares the modes of wgan-gp and gan."


def draw(rows: list[Row]) -> Any:
    """The last samples of the methods in SHOWN_METHODS on every toy, above the distance of every method."""
    toys, methods = (list(dict.fromkeys(row[name] for row in rows)) for name in ("data", "method"))
    figure = figures.page(0.4 + 2.1 * len(toys) + 0.26 * len(methods) + 0.9)
    heights = (2.1 * len(toys) + 0.4, 0.26 * len(methods) + 0.9)
    above, below = figure.subfigures(2, 1, height_ratios=heights)
    _scatters(above, rows, toys)
    axes = below.subplots()
    worst = max([row["w1"] for row in rows if "w1" in row], default=1.0)
    for number, toy in enumerate(toys):
        mine = [row for row in rows if row["data"] == toy]
        ended, lost = ([row for row in mine if ("w1" in row) == kind] for kind in (True, False))
        style = figures.mark(number) | {"linestyle": "none", "markersize": 7}
        places = [methods.index(row["method"]) for row in ended]
        axes.plot([row["w1"] for row in ended], places, label=toy, fillstyle="none", **style)
        places = [methods.index(row["method"]) for row in lost]
        axes.plot([worst * 4 * 1.5**number] * len(lost), places, **style)
        axes.axvline(mine[0]["floor"], color=figures.COLOURS[number], linewidth=1, linestyle=figures.DASHES[number])
    axes.axvspan(worst * 2.5, worst * 16, color="0.92")
    axes.text(worst * 6.3, -0.65, "diverged", ha="center", va="bottom", fontsize=9)
    axes.set(xscale="log", xlabel="W1 of samples to held-out rows, at the end (lines: real rows)")
    axes.set_xlim(right=worst * 16)
    axes.set_yticks(range(len(methods)), [marks.NAMES.get(method, method) for method in methods])
    axes.set_ylim(len(methods) - 0.4, -0.6)
    figures.key(below, axes)
    return figure


def animate(rows: list[Row]) -> Any:
    """The samples of the methods in SHOWN_METHODS over the steps; a method that diverged keeps its last samples."""
    from matplotlib.animation import FuncAnimation

    shown = _shown(rows)
    toys = list(dict.fromkeys(row["data"] for row in rows))
    steps = max((row["steps_seen"] for row in shown), key=len)
    figure = figures.page(0.7 + 2.1 * len(toys))
    drawn = _scatters(figure, rows, toys)
    title = figure.suptitle("samples")
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # so that panels keep their place from frame to frame

    def show(frame: int) -> list[Any]:
        for row, points in zip(shown, drawn, strict=True):
            points.set_offsets(row["frames"][min(frame, len(row["frames"]) - 1)])
        title.set_text(f"samples at step {steps[frame]:,} over real rows (W1 and modes: at the end)")
        return drawn

    return FuncAnimation(figure, show, frames=len(steps))


def _shown(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["method"] in SHOWN_METHODS]


def _scatters(figure: Any, rows: list[Row], toys: list[str]) -> list[Any]:
    """Draw a panel of real rows and the last samples for each toy and shown method; return the samples' points."""
    methods = [method for method in SHOWN_METHODS if any(row["method"] == method for row in rows)]
    panels = figure.subplots(len(toys), len(methods), sharex=True, sharey=True, squeeze=False)
    drawn = []
    for row in _shown(rows):
        axes = panels[toys.index(row["data"]), methods.index(row["method"])]
        axes.scatter(*np.transpose(row["real"]), s=10, color="0.75", linewidth=0)
        drawn.append(axes.scatter(*np.transpose(row["frames"][-1]), s=4, color=figures.COLOURS[1], linewidth=0))
        if "diverged_at" in row:
            text = f"diverged at step {row['diverged_at']:,}"
        else:
            text = f"W1 {row['w1']:.2f}" + (f", {row['modes']} modes" if "modes" in row else "")
        axes.set_title(marks.NAMES[row["method"]] if row["data"] == toys[0] else "")
        axes.set(xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE), xticks=(-1, 1), yticks=(-1, 1), aspect="equal", xlabel=text)
        axes.grid(visible=False)
    for axes, toy in zip(panels[:, 0], toys, strict=True):
        axes.set_ylabel(toy)
    return drawn


STUDY = Study(
    title="which objectives find the modes of three toys, and how near do they come to the data?",
    claim="A WGAN with the gradient penalty finds modes of the toys that a GAN of the same networks and steps misses.",
    source="Gulrajani et al. 2017, arXiv 1704.00028; GANs on 8 Gaussians: Metz et al. 2016, arXiv 1611.02163",
    cases=cases,
    measure=measure,
    judge=judge,
    draw=draw,
    animate=animate,
)
