"""The samples of two tutorials' WGANs, and of this project's presets on the same images and critic batches."""

from typing import Any

import numpy as np

from wgan.config import Config
from wgan.data import load, split
from wgan.evaluation import features
from wgan.maths import metrics
from wgan.presets import preset
from wgan.reports import figures
from wgan.studies import Row, Study
from wgan.studies.trained import trained
from wgan.training.model import sample
from wgan.training.state import model_of, start

SEED = 0
# The full scale has the tutorials as their authors ran them, and the presets on the same images and critic batches.
FULL: list[Row] = [
    {"data": "fashion-mnist", "name": "fashion-stax", "rows": 5000, "critic_batches": 7800},
    {"data": "mnist", "name": "mnist-keras", "rows": None, "critic_batches": 20_000},
    {"data": "fashion-mnist", "name": "fashion-stax-gp", "rows": 5000, "critic_batches": 7800},
    {"data": "mnist", "name": "mnist-keras-gp", "rows": None, "critic_batches": 5000},
    {"data": "fashion-mnist", "name": "default", "rows": 5000, "critic_batches": 7800},
    {"data": "mnist", "name": "default", "rows": None, "critic_batches": 5000},
]
# Below full, for two cores: fewer batches, narrower networks, and larger learning rates for the tutorials (FASTER)
SHORT: dict[str, Row] = {
    "quick": {"critic_batches": 2000, "width": 8, "default_width": 128},
    "medium": {"critic_batches": 4000, "width": 16, "default_width": None},
}
FASTER = {"fashion-stax": 4.0, "mnist-keras": 10.0, "mnist-keras-gp": 10.0}  # times the tutorial's learning rate
SAMPLES = {"quick": 2000, "medium": 5000, "full": 5000}  # samples, and the most held-out rows
SIDE = 6  # pictures in a row and in a column of the figure
REAL = "real rows"


def cases(scale: str) -> list[Row]:
    """Each preset, and training rows instead of samples, for the floor."""
    runs = [run | {"width": None, "faster": 1.0} for run in FULL]
    if short := SHORT.get(scale):
        runs = [
            run
            | {"critic_batches": short["critic_batches"], "faster": FASTER.get(run["name"], 1.0)}
            | {"width": short["default_width" if run["name"] == "default" else "width"]}
            for run in runs
        ]
    real = [{"data": name, "name": REAL} for name in ("fashion-mnist", "mnist")]
    return [run | {"samples": SAMPLES[scale], "seed": SEED} for run in [*real, *runs]]


def measure(data: str, name: str, samples: int, seed: int, **run: Any) -> Row:
    """Train a preset and compare its samples with held-out rows on the features of the data set's classifier."""
    dataset = load(data)
    train, held_out = split(dataset, 0.1, None, seed)
    if name == REAL:
        made, steps = dataset.rows[train[:samples]], None
    else:
        model = model_of(trained(start(config_of(name, data, seed, **run), dataset)))
        made, steps = sample(model, samples, seed), model.step
    seen = features.classifier(dataset, train, "", lambda text: None)
    fake, real = (seen.extract(rows)[0] for rows in (made, dataset.rows[held_out[:samples]]))
    found = metrics.frechet(real, fake)
    return {"steps": steps, "frechet": found.value, "error": found.error, "picture": tiled(made[: SIDE**2]).tolist()}


def config_of(
    name: str, data: str, seed: int, rows: int | None, critic_batches: int, width: int | None, faster: float
) -> Config:
    """The preset with these rows, critic batches and width (None: its own), and its learning rate times `faster`."""
    own = preset(name).config
    own = own.replace(data=data, rows=rows, steps=critic_batches // own.n_critic, seed=seed, engine="torch")
    own = own.replace(learning_rate=faster * own.learning_rate)
    return own if width is None else own.replace(width=width)


def tiled(images: np.ndarray) -> np.ndarray:
    """SIDE x SIDE images as one [height, width]."""
    height, width = images.shape[1:3]
    return images.reshape(SIDE, SIDE, height, width).transpose(0, 2, 1, 3).reshape(SIDE * height, SIDE * width)


def judge(rows: list[Row]) -> tuple[bool | None, str]:
    """Whether every preset with a gradient penalty comes nearer to the data than the tutorial's clipped one, by two
    standard errors.

    Below full the verdict may be None, since a preset that does not may only need more steps.
    """
    found = {(row["data"], row["name"]): row for row in rows}
    apart, words = [], []
    for name, clipped in (("fashion-mnist", "fashion-stax"), ("mnist", "mnist-keras")):
        theirs = found[name, clipped]
        mine = [row for row in rows if row["data"] == name and row["name"] not in (clipped, REAL)]
        apart += [theirs["frechet"] - row["frechet"] > 2 * (theirs["error"] + row["error"]) for row in mine]
        shown = ", ".join(f"{row['name']} {row['frechet']:.3g}" for row in [theirs, *mine])
        words.append(f"{name}: {shown}, real rows {found[name, REAL]['frechet']:.3g}")
    whole = all(found[run["data"], run["name"]]["critic_batches"] == run["critic_batches"] for run in FULL)
    holds = all(apart) or (False if whole else None)
    return holds, f"Frechet distance to held-out rows, on a classifier's features. {'; '.join(words)}."


def draw(rows: list[Row]) -> Any:
    """The samples side by side, with a row of panels for each data set."""
    names = list(dict.fromkeys(row["data"] for row in rows))
    lines = [[row for row in rows if row["data"] == name] for name in names]
    across = max(map(len, lines))
    figure = figures.page(0.2 + 8.2 / across * len(lines))
    for line, places in zip(lines, figure.subplots(len(lines), across, squeeze=False), strict=True):
        for axes in places:
            axes.axis("off")
        for axes, row in zip(places, line, strict=False):
            axes.imshow(row["picture"], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            axes.set_title(f"{row['name']}\ndistance {row['frechet']:.3g}", fontsize=9)
    return figure


STUDY = Study(
    title="on the same budget, do this project's presets give better samples than the WGANs of two tutorials?",
    claim=(
        "The samples of the stax tutorial do not resemble clothing. The Keras tutorial gets readable digits sooner "
        "with the gradient penalty than with clipping. With the same images and no more critic batches, this project's "
        "presets with the penalty give better samples."
    ),
    source="the JAX stax tutorial on Fashion-MNIST and the Keras tutorial on MNIST, see `wgan presets`",
    cases=cases,
    measure=measure,
    judge=judge,
    draw=draw,
)
