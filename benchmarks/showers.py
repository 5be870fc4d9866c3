"""Showers by a generator against the simulator's, with the judges of the Fast Calorimeter Simulation Challenge.

    python benchmarks/showers.py --validate [--rows 20000]
    python benchmarks/showers.py --fake FILE.npz [--rows 20000]
    python benchmarks/showers.py --train recipe [--seconds 1800] [--seed 0]

--validate asks the judges for showers of the simulator itself, where they must find nothing, and for showers of a wrong
one, which they must find. FILE.npz holds `rows` [n, 368] in MeV and `condition` [n, 1], the energies of the photons in
MeV, made by any generator. --train trains one of CONFIGS for so many seconds of processor time and judges it. The
recipe is the WGAN-GP that ATLAS uses for showers (ATL-SOFT-PUB-2020-006; Faucci Giannelli and Zhang, arXiv
2309.06515). It and `heads` make shares of the photon's energy, which become 0 below the threshold of the simulator.
`showers` is the preset, whose rows are logarithms of voxels over their threshold.

The judges (Krause et al. 2024, arXiv 2410.21611, and the challenge's `evaluate.py`):

- AUC of a classifier of real and generated showers, on voxels and on high-level features. Both are divided by the
  energy of the photon, which the classifier sees too. Of a network of two layers of 512 units, as in the challenge, and
  of boosted trees, the one that tells more counts.
- Frechet physics distance (Kansal et al. 2023, arXiv 2211.10295): the Frechet distance of high-level features, each
  scaled to a largest size of 1, for ten numbers of rows N, each averaged over batches; a line in 1/N gives the value
  for endless rows. The unit is 1/1000.
- recall and precision on the same features (Kynkaanniemi et al. 2019), by the 5 nearest neighbours of 5,000 rows.
"""

import argparse
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import timed

from wgan.config import Config
from wgan.data import Dataset
from wgan.data.given_laws import shower_rows
from wgan.export import told_to
from wgan.game.building import activation, dense, norm, shares
from wgan.game.networks import Architecture
from wgan.maths import showers as simulator
from wgan.maths import streams
from wgan.maths.metrics import frechet, neighbourhoods
from wgan.maths.showers import VOXELS, energies, features, showers
from wgan.presets import preset
from wgan.training.model import Model, generate

NEIGHBOURS_OF = 5_000
POINTS, BATCHES = 10, 5  # numbers of rows, and batches of each, of the Frechet physics distance


def voxels_seen(rows: np.ndarray, energy: np.ndarray) -> np.ndarray:
    """What the classifier sees of voxels: the logarithm of their shares of the energy, and of the energy."""
    return np.concatenate([np.log10(rows / energy + 1e-6), np.log10(energy)], 1).astype(np.float32)


def features_seen(rows: np.ndarray, energy: np.ndarray) -> np.ndarray:
    """What the classifier sees of high-level features: energies as the logarithm of their share, and the others."""
    found, names = features(rows)
    shares = np.array([name.startswith("energy") for name in names])
    found[:, shares] = np.log10(found[:, shares] / energy + 1e-6)
    return np.concatenate([found, np.log10(energy)], 1)


def auc(real: np.ndarray, fake: np.ndarray, seed: int = 0) -> float:
    """The larger AUC of two classifiers that are trained on half of the rows and asked about the other half."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows, label = np.concatenate([real, fake]), np.repeat([0, 1], [len(real), len(fake)])
    train, test, train_label, test_label = train_test_split(rows, label, test_size=0.5, random_state=seed)
    network = MLPClassifier((512, 512), max_iter=25, early_stopping=True, n_iter_no_change=5, random_state=seed)
    trees = HistGradientBoostingClassifier(max_iter=150, random_state=seed)
    found = []
    for judge in (make_pipeline(StandardScaler(), network), trees):
        judge.fit(train, train_label)
        found.append(roc_auc_score(test_label, judge.predict_proba(test)[:, 1]))
    return max(found)


def physics_distance(real: np.ndarray, fake: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """The Frechet physics distance and the standard error of the line's value for endless rows, in 1/1000."""
    random = np.random.default_rng(seed)
    scale = np.abs(real).max(0)
    scale[scale == 0] = 1
    most = min(len(real), len(fake))
    counts = (1 / np.linspace(1 / most, 2.5 / most, POINTS)).astype(int)
    scaled, values = (real / scale, fake / scale), []
    for count in counts:
        batches = [[x[random.permutation(len(x))[:count]] for x in scaled] for _ in range(BATCHES)]
        values.append(np.mean([frechet(*batch).value for batch in batches]))
    (_, end), covariance = np.polyfit(1 / counts, values, 1, cov=True)
    return 1000 * float(end), 1000 * float(np.sqrt(covariance[1, 1]))


def judged(energy: np.ndarray, real: np.ndarray, fake_energy: np.ndarray, fake: np.ndarray, seed: int = 0) -> dict:
    """Every judge's value."""
    seen = features_seen(real, energy), features_seen(fake, fake_energy)
    mean, deviation = seen[0].mean(0), seen[0].std(0)
    standard = [(x[:NEIGHBOURS_OF] - mean) / np.where(deviation > 0, deviation, 1) for x in seen]
    around = neighbourhoods(*standard)
    distance, error = physics_distance(*seen, seed)
    return {
        "AUC voxels": auc(voxels_seen(real, energy), voxels_seen(fake, fake_energy), seed),
        "AUC features": auc(*seen, seed),
        "FPD": distance,
        "FPD error": error,
        "precision": around["precision"].value,
        "recall": around["recall"].value,
    }


@contextmanager
def wrong(**constants: float):
    """The simulator with other constants."""
    right = {name: getattr(simulator, name) for name in constants}
    try:
        for name, value in constants.items():
            setattr(simulator, name, value)
        yield
    finally:
        for name, value in right.items():
            setattr(simulator, name, value)


# Constants of wrong simulators.
WRONG = {
    "15 % wider showers": {"MOLIERE": 1.15 * simulator.MOLIERE},
    "no lopsided side": {"LOPSIDED": 0.0},
    "spots of double energy": {"SPOT": 2 * simulator.SPOT},
}


def shown(name: str, make: Callable[[np.ndarray], np.ndarray], rows: int, seed: int = 0) -> None:
    """One line: the judges' values for showers that `make` returns for held-out energies, and its time."""
    energy, other = energies(rows, seed), energies(rows, seed + 1)
    began = time.process_time()
    fake = make(other)
    each = 1000 * (time.process_time() - began) / rows
    found = judged(energy, showers(energy, seed), other, fake, seed)
    values = "  ".join(f"{key} {value:.3f}" for key, value in found.items())
    print(f"{name:28} {values}  ms a shower {each:.3f}", flush=True)


def _given(made: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    return lambda energy: made


def validate(rows: int, seed: int) -> None:
    shown("the simulator itself", lambda energy: showers(energy, seed + 2), rows, seed)
    for name, constants in WRONG.items():
        with wrong(**constants):
            made = showers(energies(rows, seed + 1), seed + 2)
        shown(name, _given(made), rows, seed)
    shown("energies shuffled", lambda energy: showers(np.random.default_rng(0).permutation(energy), 5), rows, seed)


def recipe() -> Config:
    """The published recipe, which sees the energy beside z and beside the voxels."""
    generator = [layer for units in (50, 100, 200) for layer in (dense(units), *norm("batch"), activation("swish"))]
    critic = [dense(VOXELS), activation("relu")] * 3
    return Config(
        network=Architecture(
            "atlas", [*critic, dense(1)], [*generator, dense(VOXELS), activation("relu")], "glorot"
        ),
        conditional="concatenation", latent=50, batch=128, n_critic=5, penalty_weight=10.0, learning_rate=1e-4,
        beta1=0.5, beta2=0.999, decay="none", average=0.0, data="showers",
    )  # fmt: skip


def heads() -> Config:
    """A first try with the heads of that field: a share of each layer of the total, and of each voxel of its layer."""
    sizes = tuple(layer.voxels for layer in simulator.LAYERS)
    generator = [layer for _ in range(2) for layer in (dense(256), activation("swish"))]
    critic = [layer for _ in range(2) for layer in (dense(256), activation("leaky_relu"))]
    return Config(
        network=Architecture(
            "heads", [*critic, dense(1)], [*generator, dense(1 + VOXELS + len(sizes)), shares(sizes)], "he"
        ),
        conditional="concatenation", latent=50, batch=128, n_critic=2, penalty_weight=1.0, learning_rate=1e-3,
        data="showers",
    )  # fmt: skip


def own() -> Config:
    """The preset `showers`, whose rows are logarithms of voxels over their threshold."""
    return preset("showers").config.replace(data="showers")


class Tried(NamedTuple):
    """A config, and whether its rows are shares of the photon's energy, or else `showers.logged`."""

    config: Callable[[], Config]
    shares: bool


CONFIGS = {"recipe": Tried(recipe, True), "heads": Tried(heads, True), "showers": Tried(own, False)}


def rows_of(tried: Tried, seed: int) -> Dataset:
    """The training rows: 121,000 showers."""
    made = shower_rows(seed)
    if not tried.shares:
        return made
    energy = made.condition.values
    shares = (simulator.in_mev(made.rows.astype(np.float64), energy) / energy).astype(np.float32)
    return replace(made, rows=shares, form=replace(made.form, scale=1.0))


def trained(tried: Tried, seed: int, seconds: float) -> Model:
    """The model after so many seconds of processor time, with the steps that fit."""
    quiet = {"log_every": 10**9, "diagnose_every": 10**9, "held_out": 0.02, "engine": "torch", "seed": seed}
    model, steps, took = timed.trained(tried.config().replace(**quiet), rows_of(tried, seed), seconds)
    print(f"{steps:,} steps in {took:.0f} s of processor time", flush=True)
    return model


def made_by(model: Model, tried: Tried, energy: np.ndarray, seed: int) -> np.ndarray:
    """Showers of a model in MeV for photons of these energies [n, 1]."""
    z = streams.normal(seed, "sample", 0, (len(energy), model.config.latent))
    rows = generate(model, z, energy)
    if not tried.shares:
        return simulator.in_mev(rows, energy)
    return np.where(energy * rows < simulator.threshold(energy), 0.0, energy * rows)


def by_onnx(model: Model, energy: np.ndarray) -> float:
    """Processor milliseconds a shower of the exported graph on one thread."""
    import onnxruntime

    from wgan.export import graph_of, plain

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph_of(model, plain(model)).SerializeToString(), options)
    given = {"z": streams.normal(0, "sample", 0, (len(energy), model.config.latent))}
    given |= told_to(model, energy)
    began = time.process_time()
    session.run(["rows"], given)
    return 1000 * (time.process_time() - began) / len(energy)


def judge_file(file: str, rows: int, seed: int) -> None:
    with np.load(file) as given:
        made, energy = given["rows"][:rows], given["condition"][:rows]
    real = energies(len(made), seed)
    for key, value in judged(real, showers(real, seed), energy, made, seed).items():
        print(f"{key:12} {value:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--validate", action="store_true")
    parser.add_argument("--fake", help="an .npz with rows and condition")
    parser.add_argument("--train", choices=CONFIGS)
    parser.add_argument("--seconds", type=float, default=1800)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if given.validate:
        validate(given.rows, given.seed)
    if given.train:
        tried = CONFIGS[given.train]
        model = trained(tried, given.seed, given.seconds)
        print(f"{by_onnx(model, energies(1000, given.seed)):.3f} ms a shower as ONNX", flush=True)
        shown(given.train, lambda energy: made_by(model, tried, energy, given.seed), given.rows, 1000 + given.seed)
    if given.fake:
        judge_file(given.fake, given.rows, given.seed)


if __name__ == "__main__":
    main()
