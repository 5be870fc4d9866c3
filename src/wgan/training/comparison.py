"""Samples against held-out rows while a run trains: the measure that chooses the best checkpoint, and its report.

The held-out rows are cut into two halves. The measure on the first half chooses a checkpoint. The measure on the second
half, from samples of other z, is reported for it, so that the number of the best is not flattered by the choice.
"""

import math
import reprlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from wgan.config import name_of
from wgan.data import Form
from wgan.errors import WganError
from wgan.game import slices
from wgan.maths import streams, support
from wgan.maths.metrics import METRICS, Measurement, Sets
from wgan.maths.metrics.energy import energy_by_chance, energy_distance, energy_spread, mean_distance
from wgan.maths.random_features import random_features
from wgan.runs import best
from wgan.runs.twice import CHOOSING
from wgan.training.model import generate_seen, z_shape
from wgan.training.state import LEAST_HALF, Training, model_of

COUNT = CHOOSING  # samples, and held-out rows of a half, at most
LEAST, VALUES = 64, 2**23  # of large rows, such as volumes: so many at least, and at most so many values in all
SUPPORT = 1000  # the effective support of real rows, which sets the radius within which two rows are alike
EQUAL = 1e-5  # a group whose spread is this share of the largest is equal but for the rounding of float32

Record = dict[str, float]
Rows = Callable[[np.ndarray], np.ndarray]


class Half(NamedTuple):
    """One half of the held-out rows at rest [n, ...], its features, and the z and classes of the samples beside it."""

    rows: np.ndarray
    features: np.ndarray
    z: np.ndarray
    codes: np.ndarray | None


class Comparison(NamedTuple):
    """The halves that choose and report, the features of rows at rest, the measure, and what real rows score.

    `measure(samples, half)` is the measure of `best_by`. Within `radius` lies one pair of real rows in `SUPPORT`. The
    `floors` are logged once.
    """

    chosen: Half
    reported: Half
    features: Rows
    measure: Callable[[np.ndarray, Half], Measurement]
    radius: float
    floors: Record


def prepare(training: Training) -> Comparison | None:
    """Draw the halves, the z and the classes of a run, and measure the floors; None with too few held-out rows."""
    config, dataset, held_out = training.config, training.dataset, training.held_out
    most = most_compared(dataset.form)
    size = min(len(held_out) // 2, most)
    if min(size, len(training.rows)) < LEAST_HALF:
        return None
    shape = slices.volumes_for(most) if training.game.architecture.noise else most, *z_shape(config)
    rng = streams.stream(config.seed, "compare")
    order = rng.permutation(held_out)
    real = np.sort(rng.permutation(training.rows)[:most])
    features = features_of(dataset.form, dataset.rows[real])
    among = features(dataset.rows[real])

    def half(chosen: np.ndarray) -> Half:
        rows, z = dataset.rows[np.sort(chosen)], rng.standard_normal(shape, dtype=np.float32)
        codes = None if training.codes is None else training.codes[rng.choice(training.rows, most)]
        return Half(rows, features(rows), z, codes)

    halves = half(order[:size]), half(order[size : 2 * size])
    floor = energy_distance(halves[0].features, among)
    radius = support.near_radius(among, 1 / SUPPORT)
    floors = {
        "energy_distance_floor": floor.value,
        "energy_distance_chance": energy_by_chance(np.concatenate([halves[0].features, among]), size, rng),
    }
    alike = support.collisions(np.concatenate([one.features for one in halves]), radius).value
    floors |= {"support_floor": alike} if np.isfinite(alike) else {}
    return Comparison(*halves, features, measure_of(config.best_by, features), radius, floors)


def most_compared(form: Form) -> int:
    """How many samples are compared, and held-out rows of a half at most: fewer of large rows, so that it stays quick.

    A comparison of 512 volumes of 32 x 32 x 32 takes as long as 40 steps of training.
    """
    return min(COUNT, max(LEAST, VALUES // math.prod(form.encoded_shape)))


def samples_of(comparison: Comparison, training: Training) -> np.ndarray:
    """The samples at rest that are compared with the half that chooses."""
    return generate_seen(model_of(training), comparison.chosen.z, comparison.chosen.codes)


def compare(comparison: Comparison, training: Training, samples: np.ndarray | None = None) -> Record:
    """The energy distance to the half that chooses, and the measure of `best_by` if it is another one.

    `samples` are those of `samples_of`, if they are made already.
    """
    samples = samples_of(comparison, training) if samples is None else samples
    features = comparison.features(samples)
    found = energy_distance(comparison.chosen.features, features)
    record = {"energy_distance": found.value, "energy_distance_error": found.error or 0.0}
    record |= named("support", support.collisions(features, comparison.radius, confidence(training)))
    if (column := best.column_of(name_of(training.config.best_by))) not in record:
        chosen = comparison.measure(samples, comparison.chosen)
        record |= {column: chosen.value} | ({} if chosen.error is None else {best.error_of(column): chosen.error})
    return record


def confidence(training: Training) -> float:
    """The confidence of the interval of one record, so that those of all records of a run hold at once in 95 %.

    The n-th record may miss in 5 % / n (n + 1), which sums to 5 % for a run of any length: a run that is asked for more
    steps has logged what an unbroken one would have.
    """
    number = 1 + training.step // training.config.diagnose_every
    return 1 - 0.05 / (number * (number + 1))


def named(name: str, found: support.Interval) -> Record:
    """An interval as three logged numbers; an end that is infinite is left out."""
    ends = {name: found.value, f"{name}_lower": found.lower, f"{name}_upper": found.upper}
    return {key: float(value) for key, value in ends.items() if np.isfinite(value)}


def report(comparison: Comparison, training: Training) -> Record:
    """The measure of `best_by` on the half that does not choose, and its standard error where it has one."""
    samples = generate_seen(model_of(training), comparison.reported.z, comparison.reported.codes)
    found, name = comparison.measure(samples, comparison.reported), name_of(training.config.best_by)
    error = {} if found.error is None else {f"reported_error.{name}": found.error}
    return {f"reported.{name}": found.value} | error


def features_of(form: Form, real: np.ndarray) -> Rows:
    """The features in which rows are compared, scaled so that two of the rows `real` are 1 apart on average.

    Rows with axes of space, such as images, have their random features, every group of which counts alike. Other rows
    have their encoded columns. A group in which the real rows are all but equal does not make rounding count. Rows are
    encoded in blocks, so memory does not grow with their number.
    """
    in_space = len(form.encoded_shape) > 1

    def groups(rows: np.ndarray) -> list[np.ndarray]:
        encoded = (form.encode(rows[block]) for block in form.blocks(len(rows)))
        parts = [random_features(part) if in_space else [part] for part in encoded]
        return [np.concatenate(group) for group in zip(*parts, strict=True)]

    def joined(rows: np.ndarray, scales: list[float]) -> np.ndarray:
        parts = [group.astype(np.float64) / scale for group, scale in zip(groups(rows), scales, strict=True)]
        return np.concatenate(parts, axis=1)

    spreads = [mean_distance(group) for group in groups(real)]
    largest = max(spreads) or 1.0
    scales = [spread if spread > EQUAL * largest else largest for spread in spreads]
    whole = mean_distance(joined(real, scales)) or 1.0
    return lambda rows: joined(rows, scales) / whole


def measure_of(best_by: Any, features: Rows) -> Callable[[np.ndarray, Half], Measurement]:
    """The measure of samples at rest beside a half: a metric of their features, or a function of both sets of rows."""
    if best_by == best.ENERGY:
        return lambda samples, half: _covering(half.features, features(samples))
    if isinstance(best_by, str):
        metric = METRICS[best_by]  # `training.state.start` has seen to it that there are enough rows
        return lambda samples, half: metric.measure(Sets(half.features, features(samples)))

    def own(samples: np.ndarray, half: Half) -> Measurement:
        name = name_of(best_by)
        try:
            found = best_by(samples, half.rows.copy())  # a copy, so that a function that writes into it changes nothing
        except WganError:
            raise
        except Exception as fault:
            raise WganError(
                f"best_by {name} raised {type(fault).__name__} ({fault}); correct it, or give another measure."
            ) from fault
        value, error = (found.value, found.error) if isinstance(found, Measurement) else (found, None)
        if not _is_finite(value) or not (error is None or (_is_finite(error) and error >= 0)):
            raise WganError(
                f"best_by {name} returned {reprlib.repr(found)}; it must return a finite number that is lower for "
                "better samples, or a Measurement of one."
            )
        return Measurement(float(value), None if error is None else float(error))

    return own


def _covering(real: np.ndarray, fake: np.ndarray) -> Measurement:
    """The energy distance, with an error of which 1.96 to both sides hold the truth in at least 95 %."""
    found = energy_distance(real, fake)
    return found._replace(error=(found.error or 0.0) + energy_spread(real, fake))


def _is_finite(value: Any) -> bool:
    """Whether this is one finite number, of Python, NumPy or a framework."""
    try:
        return math.isfinite(value)
    except (TypeError, ValueError, OverflowError):
        return False
