"""Showers of a generator beside those of the simulator: energies, the profile in depth and radial widths."""

from typing import Any

import numpy as np

from wgan.data.given_laws import shower_rows
from wgan.maths import showers as simulator
from wgan.maths import streams
from wgan.maths.showers import ENERGIES, LAYERS
from wgan.presets import preset
from wgan.reports import figures
from wgan.runs.quantities import number as number_in_words
from wgan.studies import Row, Study
from wgan.studies.trained import trained
from wgan.training.model import generate
from wgan.training.state import model_of, start

SIZES: dict[str, Row] = {"quick": {"steps": 2_000}, "medium": {"steps": 10_000}, "full": {"steps": 60_000}}
SEEDS = {"quick": (0,), "medium": (0,), "full": (0, 1, 2)}
SHOWERS = 1000  # of each kind at each energy
WIDE = tuple(number for number, layer in enumerate(LAYERS) if layer.angles > 1)  # layers whose widths are compared
MOST = 0.1  # the largest relative difference of a mean energy or of a mean radius at which the claim holds


def cases(scale: str) -> list[Row]:
    """One training for each seed; the scale sets its steps."""
    return [{"seed": seed, **SIZES[scale]} for seed in SEEDS[scale]]


def measure(seed: int, **fields: Any) -> list[Row]:
    """Train the preset `showers`, and compare showers of each energy with the simulator's; a row for each energy.

    `energy` and `radius` are the relative differences of the mean total energy and of the mean radii of the layers with
    angles (the largest). Each `_floor` is the same of other showers of the simulator.
    """
    run = start(preset("showers").config.replace(seed=seed, data="showers", **fields), shower_rows(seed))
    model, found = model_of(trained(run)), []
    for number, energy in enumerate(ENERGIES):
        photons = np.full((SHOWERS, 1), energy)
        z = streams.normal(number, "sample", 0, (SHOWERS, model.config.latent))
        made = simulator.in_mev(generate(model, z, photons), photons)
        real, other = (simulator.showers(photons, 1000 * seed + 2 * number + k) for k in range(2))
        sides = {"made": _looked_at(made), "real": _looked_at(real), "other": _looked_at(other)}
        row: Row = {"photon": float(energy)}
        for name, side in (("", "made"), ("_floor", "other")):
            total, radii = (
                np.abs(side_value / real_value - 1)
                for side_value, real_value in zip(_compared(sides[side]), _compared(sides["real"]), strict=True)
            )
            row |= {f"energy{name}": float(total), f"radius{name}": float(radii.max())}
        curves = {
            f"{name}_{what}": values.tolist()
            for name, side in sides.items()
            for what, values in side.items()
            if name != "other"
        }
        found.append(row | curves)
    return found


def _looked_at(rows: np.ndarray) -> dict[str, np.ndarray]:
    """The mean energy of each layer in MeV, and the mean radius in each layer with angles, of showers [n, 368]."""
    values, names = simulator.features(rows)
    mean = dict(zip(names, values.mean(0), strict=True))
    return {
        "layers": np.array([mean[f"energy_{layer.number}"] for layer in LAYERS]),
        "radii": np.array([mean[f"radius_{LAYERS[at].number}"] for at in WIDE]),
    }


def _compared(side: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The mean energy of all layers, and the mean radii."""
    return np.asarray(side["layers"].sum()), side["radii"]


def judge(rows: list[Row]) -> tuple[bool | None, str]:
    """Whether mean energies and mean radii are right at every energy."""
    parts = []
    for seed in dict.fromkeys(row.get("seed", 0) for row in rows):
        mine = [row for row in rows if row.get("seed", 0) == seed]
        worst = {name: max(row[name] for row in mine) for name in ("energy", "energy_floor", "radius", "radius_floor")}
        parts.append(
            f"seed {seed}: {worst['energy']:.0%} in the energy (real showers: {worst['energy_floor']:.0%}) and "
            f"{worst['radius']:.0%} in a radius (real showers: {worst['radius_floor']:.0%})"
        )
    measured = f"The largest relative differences of means over the energies are, for {'; '.join(parts)}."
    return all(max(row["energy"], row["radius"]) <= MOST for row in rows), measured


def draw(rows: list[Row]) -> Any:
    """Shares of the layers over the energy, the profile in depth of three energies, and mean radii over the energy."""
    seed = rows[0].get("seed", 0)
    rows = [row for row in rows if row.get("seed", 0) == seed]
    figure = figures.page(3.4)
    shares, depth, radii = figure.subplots(1, 3)
    photons = np.array([row["photon"] for row in rows])
    real, made = (np.array([row[f"{side}_layers"] for row in rows]) / photons[:, None] for side in ("real", "made"))
    for at, layer in enumerate(LAYERS):
        _both(shares, photons / 1000, real[:, at], made[:, at], at, f"layer {layer.number}")
    middle = [float(np.mean(layer.depth)) for layer in LAYERS]
    for number, at in enumerate((0, len(rows) // 2, len(rows) - 1)):
        thick = np.array([layer.depth[1] - layer.depth[0] for layer in LAYERS])
        _both(depth, middle, real[at] / thick, made[at] / thick, number, f"{number_in_words(photons[at] / 1000)} GeV")
    for number, layer_at in enumerate(WIDE):
        true, found = ([row[f"{side}_radii"][number] for row in rows] for side in ("real", "made"))
        _both(radii, photons / 1000, true, found, layer_at, f"layer {LAYERS[layer_at].number}")
    shares.set(xlabel="photon (GeV)", ylabel="share of the energy", xscale="log", yscale="log")
    depth.set(xlabel="depth (radiation lengths)", ylabel="share per length", yscale="log")
    radii.set(xlabel="photon (GeV)", ylabel="mean radius (mm)", xscale="log")
    for axes in (shares, depth, radii):
        axes.legend(fontsize=7, loc="best")
    figure.suptitle("lines: the simulator; markers: generated showers", fontsize=9)
    return figure


def _both(axes: Any, x: Any, real: Any, made: Any, number: int, label: str) -> None:
    """A line for the simulator and markers of the same colour for the generator."""
    series = figures.mark(number)
    axes.plot(x, real, color=series["color"], label=label)
    axes.plot(x, made, color=series["color"], marker=series["marker"], linestyle="")


STUDY = Study(
    title="does a generator make showers with the energies and the shapes of a simulator?",
    claim=(
        "A generator that is told the energy of a photon makes showers whose mean energy and mean radii are within "
        f"{MOST:.0%} of the simulator's at each of the 15 energies."
    ),
    source="this project: a simulator in the shape of the CaloChallenge's photons",
    cases=cases,
    measure=measure,
    judge=judge,
    draw=draw,
)
