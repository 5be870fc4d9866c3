"""Signals, images and volumes of a known law: what small generators make, beside the truth in closed form."""

from typing import Any

import numpy as np

from wgan.data import Dataset, from_array, load
from wgan.maths import fields
from wgan.maths.metrics.structure import autocorrelation, power_spectrum, two_point
from wgan.presets import preset
from wgan.reports import figures
from wgan.studies import Row, Study
from wgan.studies.trained import trained
from wgan.training.model import sample
from wgan.training.state import model_of, start

LENGTH, SIDE = 64, 32  # steps of a signal, and the side of an image
LAGS, DISTANCES = np.arange(1, 33), np.arange(12)
REAL_SETS = 5  # sets of real rows that give a floor
WITHIN = 2  # floors that an error may reach
SLICES = "medium-3d from a slice"
KINDS = {"waves": "signals", "medium-2d": "images", "medium-3d": "volumes", SLICES: "volumes"}

# The preset of each data set, the number of samples that are measured, and the steps and settings of each scale.
PRESETS = {"waves": "signals", "medium-2d": "default", "medium-3d": "volumes", SLICES: "slices"}
SAMPLES = {"waves": 1000, "medium-2d": 500, "medium-3d": 100, SLICES: 100}
STEPS = {
    "quick": {"waves": 3000, "medium-2d": 1500, "medium-3d": 1500, SLICES: 500},
    "medium": {"waves": 12_000, "medium-2d": 6000, "medium-3d": 1200, SLICES: 1500},
    "full": {"waves": 48_000, "medium-2d": 24_000, "medium-3d": 6000, SLICES: 6000},
}
SMALL: dict[str, Row] = {
    "medium-2d": {"network": "dcgan", "width": 16},
    "medium-3d": {"side": 16},
    SLICES: {"side": 16},
}
LARGE: dict[str, Row] = {"medium-2d": {"network": "dcgan", "width": 32}}
# Of each measure: its name above a panel, and the words below it.
PANELS = {
    "autocorrelation": ("autocorrelation", "lag in steps"),
    "log10 power": ("log10 power", "cycles a step"),
    "two-point function": ("S2", "distance in steps"),
}
IMAGE = {"quick": 128, "medium": 256, "full": 256}  # the side of the one image that the critic of slices sees


def cases(scale: str) -> list[Row]:
    """A training on each data set, at the full scale with three seeds."""
    seeds = (0, 1, 2) if scale == "full" else (0,)
    settings = SMALL if scale == "quick" else LARGE
    return [
        {"data": name, "steps": STEPS[scale][name], "samples": SAMPLES[name], "seed": seed, **settings.get(name, {})}
        | ({"image": IMAGE[scale]} if name == SLICES else {})
        for name in KINDS
        for seed in seeds
    ]


def measure(
    data: str, steps: int, samples: int, seed: int, side: int = SIDE, image: int = 0, **settings: Any
) -> list[Row]:
    """Train on one data set, and compare its structure with the truth: a row for each measure."""
    made = _train(data, steps, samples, seed, side, image, settings)
    real, found = [_real(data, samples, seed, side, at) for at in range(REAL_SETS)], []
    for name, (at, truth) in _truth(data, side).items():
        of_made, *of_real = (_curves(data, rows, side)[name] for rows in (made, *real))
        squares = [float(np.mean((curve - truth) ** 2)) for curve in of_real]
        error, floor = float(np.sqrt(np.mean((of_made - truth) ** 2))), float(np.sqrt(np.mean(squares)))
        row = {"measure": name, "error": error, "floor": floor, "within": error <= WITHIN * floor}
        row |= {"at": at, "truth": truth[:, 0], "made": of_made.T, "real": of_real[0][:, 0]}
        found.append(row | {"shown_made": _shown(data, made), "shown_real": _shown(data, real[0])})
    return found


def _train(data: str, steps: int, samples: int, seed: int, side: int, image: int, settings: Row) -> np.ndarray:
    """Samples of a generator that is trained on one data set."""
    config = preset(PRESETS[data]).config.replace(steps=steps, seed=seed, engine="torch", **settings)
    config = config.replace(slice_size=side) if data == SLICES else config
    training = trained(start(config.replace(data=data), _dataset(data, seed, side, image)))
    return sample(model_of(training), samples, seed)


def _dataset(data: str, seed: int, side: int, image: int) -> Dataset:
    if data == SLICES:
        return from_array(fields.medium(1, seed, image), name="slice", kind="images")
    return load(data, seed=seed, size=LENGTH if data == "waves" else side)


def _real(data: str, count: int, seed: int, side: int, at: int) -> np.ndarray:
    """Real rows that no training has seen: seeds of data sets are small."""
    seed = 1000 * (seed + 1) + at
    if data == "waves":
        return fields.waves(count, seed, LENGTH)
    return fields.medium(count, seed, side, 2 if data == "medium-2d" else 3)


def _truth(data: str, side: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Of each measure, where it is taken and what it is in closed form: [k] and [k, channels or 1]."""
    if data == "waves":
        frequencies = np.arange(1, LENGTH // 2 + 1) / LENGTH
        return {
            "autocorrelation": (LAGS, fields.waves_autocorrelation(LAGS)),
            "log10 power": (frequencies, np.log10(fields.waves_spectrum(LENGTH))),
        }
    distances = DISTANCES[side > DISTANCES]
    return {"two-point function": (distances, fields.medium_two_point(distances)[:, None])}


def _curves(data: str, rows: np.ndarray, side: int) -> dict[str, np.ndarray]:
    """The measures of rows at the places of `_truth`, [k, channels] for signals and [k, axes] for media."""
    if data == "waves":
        spectrum = np.log10(power_spectrum(rows).mean)
        return {"autocorrelation": autocorrelation(rows, LAGS).mean, "log10 power": spectrum}
    axes = range(rows.ndim - 2)
    along = [two_point(rows == 1, DISTANCES[side > DISTANCES], axis).mean[:, 0] for axis in axes]
    return {"two-point function": np.stack(along, 1)}


def _shown(data: str, rows: np.ndarray) -> np.ndarray:
    """A few rows for the figure: signals, images, or the middle slices of a volume."""
    if KINDS[data] == "signals":
        return rows[:3, :, 0]
    if KINDS[data] == "images":
        return rows[:3, ..., 0]
    return np.stack([np.take(rows[0, ..., 0], rows.shape[1] // 2, axis) for axis in range(3)])


def judge(rows: list[Row]) -> tuple[bool | None, str]:
    """Whether every measure of every data set is within twice the floor.

    An error beyond it says nothing if the training is shorter than that of the preset.
    """
    said = [f"{row['measure']} of {row['data']} {row['error']:.3f} ({row['floor']:.3f})" for row in rows]
    beyond = [row for row in rows if not row["within"]]
    measured = (
        "These are root mean square errors against the closed form, with those of as many real rows in brackets: "
        f"{'; '.join(said)}. Of {len(rows)} errors, {len(rows) - len(beyond)} are at most {WITHIN} times that of real "
        "rows."
    )
    short = {row["data"]: row["steps"] for row in beyond if row["steps"] < _usual_steps(row["data"])}
    for data, steps in short.items():
        measured += f" The training on {data} has {steps:,} of the preset's {_usual_steps(data):,} steps."
    return (True if not beyond else None if all(row["data"] in short for row in beyond) else False), measured


def _usual_steps(data: str) -> int:
    return preset(PRESETS[data]).config.steps


def draw(rows: list[Row]) -> Any:
    """For each data set real and generated rows, its first measure, and how far its last one is from the truth."""
    one_seed = [row for row in rows if row["seed"] == rows[0]["seed"]]
    of_data = [[row for row in one_seed if row["data"] == name] for name in KINDS]
    of_data = [found for found in of_data if found]
    figure = figures.page(1.9 * len(of_data) + 0.6)
    grid = figure.subplots(len(of_data), 4, squeeze=False)
    for line, (first, *others) in zip(grid, of_data, strict=True):
        kind, last = KINDS[first["data"]], [first, *others][-1]
        for axes, which in zip(line, ("real", "made"), strict=False):
            _picture(axes, np.array(first[f"shown_{which}"], float), kind)
        line[0].set_title(f"{first['data']}: real".replace(" from", "\nfrom"), fontsize="small")
        line[1].set_title("generated", fontsize="small")
        for axes, row, by in ((line[2], first, 0.0), (line[3], last, np.array(last["truth"], float))):
            _curve(axes, row, kind, by)
        line[2].set_title(PANELS[first["measure"]][0], fontsize="small")
        line[3].set_title(f"{PANELS[last['measure']][0]} - truth", fontsize="small")
        band = {"color": figures.REAL, "alpha": 0.25, "linewidth": 0}
        line[3].axhspan(-WITHIN * last["floor"], WITHIN * last["floor"], **band, label=f"{WITHIN} floors")
    figures.key(figure, *grid[:, 2:].ravel(), columns=3)
    return figure


def _curve(axes: Any, row: Row, kind: str, by: float | np.ndarray) -> None:
    """A measure less `by`: in closed form, of one set of real rows, and of generated rows along each axis."""
    at, made = row["at"], np.atleast_2d(np.array(row["made"], float))
    axes.plot(at, np.array(row["truth"], float) - by, color=figures.REAL, label="truth")
    axes.plot(at, np.array(row["real"], float) - by, "k.", markersize=3, label="as many real rows")
    for axis, curve in enumerate(made if kind != "signals" else made[:1]):
        mark = figures.mark(axis) | {"linestyle": "none", "markersize": 3.5}
        axes.plot(at, curve - by, **mark, label=f"generated, axis {axis}" if kind != "signals" else "generated")
    axes.set_xlabel(PANELS[row["measure"]][1], fontsize="small")


def _picture(axes: Any, shown: np.ndarray, kind: str) -> None:
    """Signals as lines, and images or slices side by side."""
    if kind == "signals":
        axes.plot(shown.T, linewidth=1)
        axes.set_ylim(-4, 4)
        axes.set_xlabel("step", fontsize="small")
        return
    gap = np.full((shown.shape[1], 1), np.nan)
    parts = [part for one in shown for part in (one, gap)][:-1]
    axes.imshow(np.concatenate(parts, 1), cmap="gray", vmin=-0.5, vmax=1.5)  # so that both phases differ from the page
    axes.set_axis_off()


STUDY = Study(
    title="do signals, images and volumes have the structure of their data?",
    claim=(
        "The same game learns the law of signals, images and volumes, and of volumes from a single slice. The "
        "autocorrelation, the power spectrum and the two-point function of its samples differ from the truth at most "
        "twice as much as those of real rows."
    ),
    source="Kench and Cooper 2021, arXiv 2102.07708, for slices; the truths are in `wgan.maths.fields`",
    cases=cases,
    measure=measure,
    judge=judge,
    draw=draw,
)
