"""Electromagnetic showers in a calorimeter, simulated given the energy of the photon that starts them.

The rows have the shape of the photons in the first data set of the CaloChallenge: energies of 368 voxels in five
layers. This is a parametrisation and no detector. Each constant has its source below, or is said to be chosen.

- Voxels: the CaloChallenge's file `binning_dataset_1_photons.xml`, with radii in mm. As there, a layer lists all radii
  of its first angle first. The 15 energies are 256 MeV times powers of two (calochallenge.github.io/homepage).
- Depth: a photon flies 9/7 radiation lengths on average before it makes a pair (Particle Data Group, "Passage of
  particles through matter"). From there the deposited energy has a gamma profile. Its maximum T and its shape alpha
  vary from shower to shower as in Grindhammer and Peters (hep-ex/0001020, section 3; Geant4's `GFlash` uses them).
- Radius: the same source has a core and a tail, whose medians and weights depend on depth and energy. Here both are
  exponentials with these medians.
- Sampling: energy arrives in spots of exponential energy, as many as a Poisson law says. Spots of 5 MeV on average give
  the relative error 10 % / sqrt(E in GeV) of a calorimeter of lead and liquid argon (ATLAS, CERN-LHCC-96-41).
"""

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.special import gammainc, gammaln, xlogy

from wgan.errors import WganError
from wgan.maths import streams
from wgan.maths.exact import as_float64, whole_number

Array = np.ndarray


class Layer(NamedTuple):
    """A layer: the number that ATLAS gives it, the edges of its radii in mm, its angles, and its depth in `X0`."""

    number: int
    radii: tuple[float, ...]
    angles: int
    depth: tuple[float, float]

    @property
    def voxels(self) -> int:
        return (len(self.radii) - 1) * self.angles


# The depths were chosen: rounded thicknesses of ATLAS's barrel near eta 0.2, with two radiation lengths in front.
LAYERS = (
    Layer(0, (0, 5, 10, 30, 50, 100, 200, 400, 600), 1, (2.0, 2.4)),
    Layer(1, (0, 2, 4, 6, 8, 10, 12, 15, 20, 30, 40, 50, 70, 90, 120, 150, 200), 10, (2.4, 6.7)),
    Layer(
        2, (0, 2, 5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 130, 160, 200, 250, 300, 350, 400), 10, (6.7, 23.0)
    ),
    Layer(3, (0, 50, 100, 200, 400, 600), 1, (23.0, 25.0)),
    Layer(12, (0, 100, 200, 400, 1000, 2000), 1, (26.0, 40.0)),
)  # fmt: skip
VOXELS = sum(layer.voxels for layer in LAYERS)
ENERGIES = 256.0 * 2.0 ** np.arange(15)  # MeV, from 256 MeV to 4.2 TeV

# Lead and liquid argon in ATLAS's shares, mixed by mass as in Grindhammer and Peters, and rounded: the charge of lead,
# the critical energy in MeV and the Moliere radius in mm.
CHARGE, CRITICAL, MOLIERE = 82, 10.0, 40.0
CONVERSION = 9 / 7  # mean depth of the first pair, in radiation lengths
LEAST_SHAPE = 1.1  # of the gamma profile, as in GFlash
DEEPEST = 3.0  # the depth in units of T from which on the radial profile stays the same; chosen
SPOT = 5.0  # mean energy of a spot, MeV
THRESHOLD, RANGE = 2.0, 3e-4  # a voxel reads 0 below so many MeV and below this share of the photon's energy; chosen
LOPSIDED = 0.5  # the largest relative difference of two opposite angles in a shower; chosen
LARGEST = 9.0  # logarithm of a voxel over its threshold that `in_mev` reads; no shower of the simulator has more
CHUNK = 4096  # showers that are made at a time


def energies(n: int, seed: int, spread: str = "steps") -> Array:
    """Energies of photons in MeV, [n, 1]: each of the 15 equally often by chance, or log-uniform over their range.

    `spread` is one of SPREADS.

    Examples:
        >>> bool(np.isin(energies(100, seed=0), ENERGIES).all())
        True
    """
    if spread not in SPREADS:
        raise WganError(f"spread is {spread!r}; give one of {', '.join(SPREADS)}.")
    random = streams.stream(seed, "showers", 1)
    drawn = random.random((whole_number(n, "n", 0), 1))
    return SPREADS[spread](drawn)


SPREADS = {
    "steps": lambda drawn: ENERGIES[(drawn * len(ENERGIES)).astype(int)],
    "log-uniform": lambda drawn: ENERGIES[0] * (ENERGIES[-1] / ENERGIES[0]) ** drawn,
}


def showers(energy: Any, seed: int) -> Array:
    """Energies of voxels in MeV, float64 [n, 368], of showers of photons of these energies in MeV, [n] or [n, 1].

    Raises `WganError` for energies outside the range of ENERGIES.

    Examples:
        >>> made = showers([1024.0, 65536.0], seed=0)
        >>> made.shape, bool((made[1].sum() > made[0].sum()) & (made >= 0).all())
        ((2, 368), True)
    """
    energy = _energy(energy)
    rows = np.empty((len(energy), VOXELS))
    for chunk, start in enumerate(range(0, len(energy), CHUNK)):
        some = energy[start : start + CHUNK]
        random = streams.stream(seed, "showers", 2 + chunk)
        means = expected(some, profiles(some, random))
        spots = random.poisson(means / SPOT)
        made = np.zeros(spots.shape)
        hit = spots > 0
        made[hit] = SPOT * random.standard_gamma(spots[hit])
        rows[start : start + CHUNK] = np.where(made < threshold(some)[:, None], 0.0, made)
    return rows


def threshold(energy: Array) -> Array:
    """The energy in MeV below which a voxel reads 0, for showers of photons of these energies [n]."""
    return np.maximum(THRESHOLD, RANGE * energy)


def logged(rows: Array, energy: Array) -> Array:
    """Showers [n, 368] in MeV as logarithms of their voxels over the threshold of the shower, 0 for empty voxels."""
    return np.log(np.maximum(rows / threshold(_energy(energy))[:, None], 1))


def in_mev(values: Array, energy: Array) -> Array:
    """The inverse of `logged`: showers in MeV, whose voxels are above their threshold or 0."""
    least = threshold(_energy(energy))[:, None]
    return np.where(values > 0, least * np.exp(np.minimum(values, LARGEST)), 0.0)


def _energy(values: Any) -> Array:
    found = as_float64(values, "energy", "energies in MeV, [n] or [n, 1]")
    if found.ndim > 2 or (found.ndim == 2 and found.shape[1] != 1):
        raise WganError(f"energy has shape {found.shape}; give one energy in MeV for each shower, [n] or [n, 1].")
    found = found.reshape(-1)
    outside = found[(found < ENERGIES[0]) | (found > ENERGIES[-1])]
    if outside.size:
        raise WganError(
            f"energy holds {outside[0]:g} MeV; showers are known from {ENERGIES[0]:g} to {ENERGIES[-1]:g} MeV."
        )
    return found


class Profile(NamedTuple):
    """What varies from shower to shower, each [n]: its start, maximum and shape, and which side has more by how much.

    Depths are in radiation lengths. The maximum T is counted from the start, and the shape is alpha.
    """

    start: Array
    maximum: Array
    shape: Array
    lopsided: Array
    direction: Array


def profiles(energy: Array, random: np.random.Generator) -> Profile:
    """The profile of each shower, drawn by its energy [n]."""
    n = len(energy)
    first, second = random.standard_normal((2, n))
    maximum, shape = _shapes(energy, first, second)
    start = CONVERSION * random.standard_exponential(n)
    return Profile(start, maximum, shape, LOPSIDED * random.random(n), 2 * np.pi * random.random(n))


def _shapes(energy: Array, first: Array, second: Array) -> tuple[Array, Array]:
    """T and alpha from two independent normal numbers; their logarithms are normal and correlated."""
    y = np.log(energy / CRITICAL)
    together = 0.705 - 0.023 * y
    log_maximum = np.log(y - 0.812) + first / (-1.4 + 1.26 * y)
    mixed = together * first + np.sqrt(1 - together**2) * second
    log_shape = np.log(0.81 + (0.458 + 2.26 / CHARGE) * y) + mixed / (-0.58 + 0.86 * y)
    return np.exp(log_maximum), np.maximum(LEAST_SHAPE, np.exp(log_shape))


def layer_shares(profile: Profile) -> Array:
    """The share of the energy in each layer, [n, 5]; the rest is lost in front, between and behind."""
    rate = (profile.shape - 1) / profile.maximum

    def below(depth: float) -> Array:
        return np.asarray(gammainc(profile.shape, rate * np.maximum(0, depth - profile.start)))

    return np.stack([below(layer.depth[1]) - below(layer.depth[0]) for layer in LAYERS], 1)


def ring_shares(energy: Array, profile: Profile, layer: Layer) -> Array:
    """The share of a layer's energy in each of its rings, [n, rings]; the rest lies outside the last one."""
    tau = np.clip((np.mean(layer.depth) - profile.start) / profile.maximum, 0, DEEPEST)
    log_gev = np.log(energy / 1000)
    core = (0.0251 + 0.00319 * log_gev) + (0.1162 - 0.000381 * CHARGE) * tau
    tail = (0.659 - 0.00309 * CHARGE) * (
        np.exp(-2.59 * (tau - 0.645)) + np.exp((0.3585 + 0.0421 * log_gev) * (tau - 0.645))
    )
    late = (0.401 + 0.00187 * CHARGE - tau) / (1.313 - 0.0686 * log_gev)
    weight = np.clip((2.632 - 0.00094 * CHARGE) * np.exp(late - np.exp(late)), 0, 1)
    edges = np.array(layer.radii)
    outside = sum(
        share[:, None] * np.exp2(-edges / (MOLIERE * median)[:, None])
        for share, median in ((weight, core), (1 - weight, tail))
    )
    return -np.diff(outside, axis=1)


def angle_shares(profile: Profile, layer: Layer) -> Array:
    """The share of a ring's energy in each of its angles, [n, angles]: equal but for one side that has more."""
    width = 2 * np.pi / layer.angles
    centres = width * (np.arange(layer.angles) + 0.5)
    smoothed = math.sin(width / 2) / (width / 2)
    side = np.cos(centres - profile.direction[:, None])
    return (1 + smoothed * profile.lopsided[:, None] * side) / layer.angles


def expected(energy: Array, profile: Profile) -> Array:
    """The mean energy of each voxel, [n, 368], given the profile of a shower and before sampling."""
    in_layers, found = energy[:, None] * layer_shares(profile), []
    for at, layer in enumerate(LAYERS):
        rings = ring_shares(energy, profile, layer)
        both = angle_shares(profile, layer)[:, :, None] * rings[:, None]
        found.append((in_layers[:, at, None, None] * both).reshape(len(energy), -1))
    return np.concatenate(found, 1)


# Truths in closed form or by quadrature.

NODES = 24  # of each quadrature rule


def mean_layer_shares(energy: float) -> Array:
    """The mean share of the energy in each layer, [5], over all showers of one energy and before the threshold.

    It integrates over the two normal numbers and the exponential start of a shower by Gauss's rules.
    """
    normal, normal_weights = np.polynomial.hermite_e.hermegauss(NODES)
    shares, weights = np.polynomial.legendre.leggauss(4 * NODES)  # of the distribution function of the start
    first, second, share = (part.ravel() for part in np.meshgrid(normal, normal, (shares + 1) / 2, indexing="ij"))
    weight = np.einsum("i,j,k->ijk", normal_weights, normal_weights, weights).ravel()
    maximum, shape = _shapes(np.full(len(first), float(_energy([energy])[0])), first, second)
    level = np.zeros(len(first))
    of_all = layer_shares(Profile(-CONVERSION * np.log1p(-share), maximum, shape, level, level))
    return weight @ of_all / weight.sum()


def chance_of_zero(means: Array, least: Array) -> Array:
    """The chance that a voxel reads 0, given its mean energy and the threshold: both in MeV, of shapes that fit.

    The energy of k spots has a gamma law of shape k, and the number of spots has a Poisson law.

    Examples:
        >>> chance_of_zero(np.array([0.0, 5.0]), np.array(0.0)).round(6).tolist()
        [1.0, 0.367879]
    """
    rate, limit = np.asarray(means, np.float64) / SPOT, np.asarray(least, np.float64) / SPOT
    most = int(limit.max() + 12 * math.sqrt(limit.max()) + 20)  # more spots than that lie above the threshold
    chance = np.exp(-rate)
    for spots in range(1, most):
        of_spots = np.exp(xlogy(spots, rate) - rate - gammaln(spots + 1))
        chance = chance + of_spots * gammainc(spots, limit)
    return chance


# What physicists look at.


def features(rows: Any) -> tuple[Array, tuple[str, ...]]:
    """High-level features of showers [n, 368] and their names, as in the CaloChallenge's `HighLevelFeatures`.

    They are the energy of all voxels and of each layer in MeV, the share of voxels above 0 in each layer, the mean
    radius and the standard deviation of the radius in mm, and, where a layer has angles, the mean and the standard
    deviation along both axes across the beam. All means are weighted by energy, and 0 for an empty layer.
    """
    rows = as_float64(rows, "rows", f"showers [n, {VOXELS}]")
    if rows.ndim != 2 or rows.shape[1] != VOXELS:
        raise WganError(f"rows have shape {rows.shape}; give showers [n, {VOXELS}].")
    names, found = ["energy"], [rows.sum(1)]
    for layer, part in zip(LAYERS, parts(), strict=True):
        inside = rows[:, part]
        total = inside.sum(1)
        radius, angle = _places(layer)
        moments = {"radius": radius}
        if layer.angles > 1:
            moments |= {"x": radius * np.cos(angle), "y": radius * np.sin(angle)}
        names += [f"energy_{layer.number}", f"filled_{layer.number}"]
        found += [total, (inside > 0).mean(1)]
        for name, place in moments.items():
            centre = _over(inside @ place, total)
            names += [f"{name}_{layer.number}", f"width_{name}_{layer.number}"]
            found += [centre, np.sqrt(np.maximum(0, _over(inside @ place**2, total) - centre**2))]
    return np.stack(found, 1), tuple(names)


def parts() -> list[slice]:
    """The columns of each layer."""
    ends = np.cumsum([layer.voxels for layer in LAYERS])
    return [slice(int(end) - layer.voxels, int(end)) for end, layer in zip(ends, LAYERS, strict=True)]


def _places(layer: Layer) -> tuple[Array, Array]:
    """The radius and the angle of the centre of each voxel of a layer."""
    edges = np.array(layer.radii)
    radius = np.tile((edges[1:] + edges[:-1]) / 2, layer.angles)
    angle = np.repeat(2 * np.pi * (np.arange(layer.angles) + 0.5) / layer.angles, len(edges) - 1)
    return radius, angle


USUAL = (40.0, 20.0, 30.0, 150.0, 300.0)  # a radius in mm within which each layer has much of its energy


def places() -> tuple[tuple[tuple[float, ...], ...], ...]:
    """What a critic averages in each layer: r = 1.5 sqrt(radius / usual) and, with angles, 5 r cos and 5 r sin."""
    found = []
    for layer, usual in zip(LAYERS, USUAL, strict=True):
        radius, angle = _places(layer)
        root = 1.5 * np.sqrt(radius / usual)
        along = [5 * root * np.cos(angle), 5 * root * np.sin(angle)] if layer.angles > 1 else []
        found.append(tuple(tuple(values.tolist()) for values in (root, *along)))
    return tuple(found)


def _over(sums: Array, total: Array) -> Array:
    return np.divide(sums, total, out=np.zeros_like(total), where=total > 0)
