"""The presets `volumes` and `slices` on volumes of `medium-3d`, judged by the medium's closed form.

    python benchmarks/volumes.py [volumes|slices] [--size 32] [--seconds 900] [--seeds 0 1 2] [--set flip=all ...]

A preset trains on 400 volumes of this size for so many seconds of processor time on one thread. Samples are compared
with the two-point function S2 of `maths.fields.medium_two_point` and with the phase's share. The error of S2 is what a
set of 40 volumes is expected to have: the mean square over the distances 0 to half of the size and over the three
axes. Its floor is the error of 40 real volumes.
"""

import argparse

import numpy as np
from timed import trained

from wgan.config import FIELDS
from wgan.config.values import number_of
from wgan.data.toys import medium
from wgan.engines import one_thread
from wgan.maths import fields
from wgan.maths.metrics.structure import two_point
from wgan.presets import preset
from wgan.training.model import sample

SET, SAMPLES, REAL = 40, 400, 1600  # volumes of a set, samples, and real volumes that no run saw


def errors(volumes: np.ndarray, truth: np.ndarray) -> tuple[float, float, float]:
    """The expected mean squared error of S2 of a set, its standard error by the jackknife, and the share of the phase.

    The mean over all n volumes has the bias b and each volume the variance v at a distance. A set of m then has the
    expected squared error b^2 + v (1 / m - 1 / n), whose mean over distances and axes is returned.
    """
    steps = np.arange(len(truth))
    curves = np.stack([two_point(volumes, steps, axis).rows[..., 0] for axis in range(3)], 1) - truth
    n, sums, squares = len(curves), curves.sum(0), np.square(curves).sum(0)

    def error(n: int, sums: np.ndarray, squares: np.ndarray) -> np.ndarray:
        variance = (squares - sums**2 / n) / (n - 1)
        return ((sums / n) ** 2 + variance * (1 / SET - 1 / n)).mean((-2, -1))

    left_out = error(n - 1, sums - curves, squares - np.square(curves))
    return float(error(n, sums, squares)), float(np.sqrt((n - 1) * left_out.var())), float(volumes.mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset", nargs="?", choices=("volumes", "slices"), default="volumes")
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=900)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--set", nargs="*", default=[], metavar="FIELD=VALUE", help="fields of the config")
    chosen = parser.parse_args()
    fields_of = {name: number_of(FIELDS[name], text) for name, text in (each.split("=", 1) for each in chosen.set)}
    truth = fields.medium_two_point(np.arange(chosen.size // 2 + 1))
    real = fields.medium(REAL, 1000, chosen.size, 3)
    floor, spread, share = errors(real, truth)
    print(f"real volumes: S2 {floor:.2e} +- {spread:.0e}, phase 1 {share:.4f} of {fields.FRACTION}", flush=True)
    dataset = medium(3, 0, chosen.size)
    for seed in chosen.seeds:
        config = preset(chosen.preset).config.replace(
            data="medium-3d", engine="torch", seed=seed, log_every=10**9, diagnose_every=10**9, **fields_of
        )
        with one_thread():
            model, steps, seconds = trained(config, dataset, chosen.seconds)
            size = {"size": chosen.size} if config.slices != "none" else {}
            made = sample(model, SAMPLES, seed, **size)
        error, spread, share = errors(np.asarray(made, np.float64).round(), truth)
        print(
            f"seed {seed}: {steps:,} steps in {seconds:.0f} s, S2 {error:.2e} +- {spread:.0e}, {error / floor:.2f} "
            f"times the floor, phase 1 {share:.4f}", flush=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()
