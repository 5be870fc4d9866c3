"""Generated rows given conditions against real rows given theirs, for encoded rows [n, d] and conditions [n, k].

Every measure reads which generated row belongs to which condition, so it becomes bad if conditions are shuffled.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from wgan.errors import WganError
from wgan.maths import transport
from wgan.maths.exact import as_features, finite_number, whole_number
from wgan.maths.metrics.energy import mean_distance
from wgan.maths.metrics.measures import Measurement, exact_w1
from wgan.maths.metrics.registry import Metric
from wgan.maths.streams import stream

BINS = 5  # of a number, with about equally many real rows in each
LEAST = 20  # rows in a bin that is compared
MOST = 400  # rows of each kind in a bin, and rows whose dependence is measured
HALVINGS = 5  # of the real rows in a bin, whose distances are averaged
MOST_FITTED = 5000  # rows to which the regressor is fitted
TREES, LEAF = 100, 3  # of the regressor: trees, and the least rows in a leaf
SHUFFLES = 200  # random orders that give the null distribution of the dependence
NEAR = 8  # rows with like other conditions, among which one condition is shuffled
SIGNIFICANT = 0.01  # the largest p-value at which samples are said to depend on a condition


class Part(NamedTuple):
    """One condition in the encoded vector: its name, its kind, and its columns from `start` to before `stop`.

    The kind is "number", whose first column is the number, or "levels", with one column for each level.
    """

    name: str
    kind: str
    start: int
    stop: int

    def codes(self, condition: np.ndarray) -> np.ndarray:
        """The level of each row of encoded conditions [n, k], as an index."""
        return condition[:, self.start : self.stop].argmax(1)

    def numbers(self, condition: np.ndarray) -> np.ndarray:
        """The encoded number of each row of encoded conditions [n, k]."""
        return condition[:, self.start]


@dataclass(frozen=True, eq=False)
class ConditionalSets:
    """What is compared: held-out rows and samples, both with their conditions, encoded as for training.

    `train` and `train_condition` are training rows, which the regressor learns from. For the floor, `fake` are training
    rows with their own conditions. `parts` says what the columns of a condition are.
    """

    real: np.ndarray
    real_condition: np.ndarray
    fake: np.ndarray
    fake_condition: np.ndarray
    parts: tuple[Part, ...]
    train: np.ndarray | None = None
    train_condition: np.ndarray | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        names = ("real", "fake") if self.train is None else ("real", "fake", "train")
        rows = as_features(2, **{name: getattr(self, name) for name in names})
        conditions = as_features(2, **{f"{name}_condition": getattr(self, f"{name}_condition") for name in names})
        for name, own, given in zip(names, rows, conditions, strict=True):
            if len(own) != len(given):
                raise WganError(f"{name} has {len(own)} rows and {len(given)} conditions; give one for each row.")
            object.__setattr__(self, name, own)
            object.__setattr__(self, f"{name}_condition", given)


# The joint distribution of rows and conditions.


def joint_weight(rows: Any, condition: Any) -> float:
    """The factor on conditions with which two real conditions are as far apart on average as two real rows are.

    Examples:
        >>> round(joint_weight(np.array([[0.0], [6.0]]), np.array([[1.0], [3.0]])), 12)
        3.0
    """
    rows, condition = as_features(2, rows=rows)[0], as_features(2, condition=condition)[0]
    apart, between = mean_distance(rows[:MOST]), mean_distance(condition[:MOST])
    if not between:
        raise WganError("condition is the same in all rows, so it says nothing; leave it out.")
    return apart / between


def joint_w1(sets: ConditionalSets, weight: float | None = None) -> Measurement:
    """The exact W1 of (row, weight times condition); without a weight, rows and conditions count equally.

    It is 0 only where the samples given each condition have the law of the real rows given it.
    """
    if weight is None:
        weight = joint_weight(sets.real, sets.real_condition)
    weight = finite_number(weight, "weight", above=0)
    real = np.concatenate([sets.real, weight * sets.real_condition], 1)
    fake = np.concatenate([sets.fake, weight * sets.fake_condition], 1)
    return exact_w1(real, fake, sets.seed)


# Distances within bins of one condition.


class Within(NamedTuple):
    """Exact W1 of samples and real rows in each bin of a condition, beside that of as many real rows among themselves.

    `names` say which bins. `distance` and `floor` are [bins]; both compare `rows` rows of each kind.
    """

    names: tuple[str, ...]
    distance: np.ndarray
    floor: np.ndarray
    rows: np.ndarray


def bins_of(part: Part, real: np.ndarray, condition: np.ndarray, bins: int = BINS) -> tuple[np.ndarray, tuple]:
    """The bin of each row of `condition`, and the names of all bins: quantiles of real numbers, or the levels.

    `real` and `condition` are encoded conditions [n, k]. Numbers below or above all real ones belong to the last bins.
    """
    if part.kind == "levels":
        return part.codes(condition), tuple(range(part.stop - part.start))
    edges = np.unique(np.quantile(part.numbers(real), np.linspace(0, 1, whole_number(bins, "bins", 1) + 1)))
    if len(edges) < 2:
        raise WganError(f"condition {part.name!r} is the same in all rows, so it has no bins; leave it out.")
    found = np.searchsorted(edges[1:-1], part.numbers(condition), side="right")
    return found, tuple(f"{low:.3g} to {high:.3g}" for low, high in pairwise(edges))


def within_bins(sets: ConditionalSets, part: Part, bins: int = BINS) -> Within:
    """The distance of samples and real rows in each bin of a condition, and its floor.

    The real rows of a bin are halved at random. Samples are compared with the first half, and the floor compares it
    with the second half. The distances are means over HALVINGS such halves. Bins with fewer than LEAST rows of a kind
    are left out.
    """
    real_bins, names = bins_of(part, sets.real_condition, sets.real_condition, bins)
    fake_bins, _ = bins_of(part, sets.real_condition, sets.fake_condition, bins)
    random, found = stream(sets.seed, "halves"), []
    for at, name in enumerate(names):
        real, fake = (np.flatnonzero(which == at) for which in (real_bins, fake_bins))
        count = min(len(real) // 2, len(fake), MOST)
        if count < LEAST:
            continue
        distances = np.zeros(2)
        for _ in range(HALVINGS):
            halves = sets.real[random.permutation(real)[: 2 * count]]
            others = sets.fake[random.permutation(fake)[:count]], halves[count:]
            distances += [transport.w1(halves[:count], other, method="exact").value / HALVINGS for other in others]
        found.append((str(name), *distances, count))
    if not found:
        raise WganError(
            f"no bin of {part.name!r} has {2 * LEAST} real rows and {LEAST} samples; measure more rows or fewer bins."
        )
    kept, distance, floor, rows = zip(*found, strict=True)
    return Within(kept, np.array(distance), np.array(floor), np.array(rows))


def within(sets: ConditionalSets) -> Measurement:
    """The largest ratio, over conditions, of the mean distance within bins to its floor; `shares` are the ratios."""
    ratios = []
    for part in sets.parts:
        found = within_bins(sets, part)
        ratios.append(float(found.distance.mean() / found.floor.mean()) if found.floor.any() else math.inf)
    return Measurement(max(ratios), floor=1.0, shares=tuple(ratios))


# How well samples tell their condition.


def agreement(sets: ConditionalSets, part: Part) -> Measurement:
    """How well the samples agree with the condition that was asked for, by a forest that was fitted to real rows.

    For numbers it is R^2, 1 - E(c - prediction)^2 / Var c, which is below 0 where the mean would do better. For levels
    it is the share of samples for which the forest predicts the requested level. The floor is the same for held-out
    rows. The error is the standard error of the mean over samples. Raises `WganError` without training rows.
    """
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    if sets.train is None or sets.train_condition is None:
        raise WganError("agreement needs training rows and their conditions; give train and train_condition.")
    kind, truth = (ExtraTreesRegressor, part.numbers) if part.kind == "number" else (ExtraTreesClassifier, part.codes)
    some = stream(sets.seed, "evaluate").permutation(len(sets.train))[:MOST_FITTED]
    forest = kind(TREES, min_samples_leaf=LEAF, random_state=sets.seed, n_jobs=1)
    forest.fit(sets.train[some], truth(sets.train_condition[some]))
    scale = float(truth(sets.real_condition).var())
    if not scale:
        raise WganError(f"condition {part.name!r} is the same in all held-out rows; measure other rows.")
    scores = []
    for rows, condition in ((sets.fake, sets.fake_condition), (sets.real, sets.real_condition)):
        asked, seen = truth(condition), forest.predict(rows)
        scores.append(1 - (asked - seen) ** 2 / scale if part.kind == "number" else asked == seen)
    return Measurement.mean(scores[0])._replace(floor=float(scores[1].mean()))


# Calibration of the mean and the spread.


class Calibration(NamedTuple):
    """The mean and the standard deviation of values given a condition, in each of its bins: all [bins, values].

    `names` say which bins and `at` is the mean encoded condition of each. Every `_error` is a standard error.
    """

    names: tuple[str, ...]
    at: np.ndarray
    real_mean: np.ndarray
    real_mean_error: np.ndarray
    fake_mean: np.ndarray
    fake_mean_error: np.ndarray
    real_spread: np.ndarray
    real_spread_error: np.ndarray
    fake_spread: np.ndarray
    fake_spread_error: np.ndarray


def calibration(sets: ConditionalSets, part: Part, values: Callable | None = None, bins: int = BINS) -> Calibration:
    """The mean and the spread of real rows and of samples in each bin of a condition.

    `values` maps rows [n, d] to what is averaged, [n, values]; by default all columns of the rows.
    """
    real_bins, names = bins_of(part, sets.real_condition, sets.real_condition, bins)
    fake_bins, _ = bins_of(part, sets.real_condition, sets.fake_condition, bins)
    real, fake = (rows if values is None else values(rows) for rows in (sets.real, sets.fake))
    numbers = part.numbers(sets.real_condition) if part.kind == "number" else part.codes(sets.real_condition)
    found = []
    for at, name in enumerate(names):
        in_real, in_fake = real_bins == at, fake_bins == at
        if min(in_real.sum(), in_fake.sum()) >= LEAST:
            found.append((str(name), numbers[in_real].mean(), *_moments(real[in_real]), *_moments(fake[in_fake])))
    if not found:
        raise WganError(f"no bin of {part.name!r} has {LEAST} rows of each kind; measure more rows or fewer bins.")
    kept, places, *moments = zip(*found, strict=True)
    real_mean, real_error, real_spread, spread_error, *of_fake = (np.array(one) for one in moments)
    fake_mean, fake_error, fake_spread, fake_spread_error = of_fake
    return Calibration(
        kept, np.array(places), real_mean, real_error, fake_mean, fake_error, real_spread, spread_error,
        fake_spread, fake_spread_error,
    )  # fmt: skip


def _moments(rows: np.ndarray) -> tuple[np.ndarray, ...]:
    """The mean, its error, the standard deviation and its error (by the delta method) of each column."""
    n, centred = len(rows), rows - rows.mean(0)
    variance = (centred**2).sum(0) / (n - 1)
    spread = np.sqrt(variance)
    of_variance = np.sqrt(np.maximum((centred**4).mean(0) - variance**2, 0) / n)
    error = np.divide(of_variance, 2 * spread, out=np.zeros_like(spread), where=spread > 0)
    return rows.mean(0), spread / math.sqrt(n), spread, error


def miscalibration(found: Calibration) -> float:
    """The root mean square error of mean and spread given a condition, in standard deviations of real values.

    It is taken over bins and values. The part of its square that chance causes, because there are few rows, is
    subtracted. So the value is near 0 for real rows.
    """
    scale = np.sqrt((found.real_spread**2).mean(0) + found.real_mean.var(0))
    means = (found.fake_mean - found.real_mean) ** 2 - found.real_mean_error**2 - found.fake_mean_error**2
    spreads = (found.fake_spread - found.real_spread) ** 2 - found.real_spread_error**2 - found.fake_spread_error**2
    varies = scale > 0
    if not varies.any():
        return 0.0
    return math.sqrt(max(0.0, float(((means + spreads)[:, varies] / scale[varies] ** 2).mean())))


# Does the generator use a condition?


class Dependence(NamedTuple):
    """Distance correlations of rows with a condition: of samples, of real rows, and of samples by chance.

    `by_chance` is the 0.99 quantile of shuffled samples, and `p_value` that of the samples. `ignored` says that samples
    show no dependence where real rows do.
    """

    fake: float
    real: float
    by_chance: float
    p_value: float
    real_p_value: float

    @property
    def ignored(self) -> bool:
        return self.p_value > SIGNIFICANT >= self.real_p_value


def dependence(sets: ConditionalSets, part: Part) -> Dependence:
    """How strongly samples depend on one condition, beside real rows, with a null distribution by shuffling.

    The distance covariance is 0 only for independent variables (Szekely, Rizzo, Bakirov 2007). The condition is
    shuffled among rows whose other conditions are similar. So an ignored condition is found even if it is correlated
    with one that the generator uses.
    """
    fake, chance, p_value = distance_correlation(sets.fake, sets.fake_condition, part, sets.seed)
    real, _, real_p_value = distance_correlation(sets.real, sets.real_condition, part, sets.seed)
    return Dependence(fake, real, chance, p_value, real_p_value)


def distance_correlation(rows: np.ndarray, condition: np.ndarray, part: Part, seed: int) -> tuple[float, float, float]:
    """The distance correlation of rows with a condition, its 0.99 quantile by chance, and its p-value."""
    random = stream(seed, "shuffles")
    some = random.permutation(len(rows))[:MOST]
    rows, condition = rows[some], condition[some]
    own = condition[:, part.start : part.stop]
    groups = _groups(np.delete(condition, np.s_[part.start : part.stop], axis=1))
    of_rows, of_own = (_centred_distances(x) for x in (rows, own))
    scale = math.sqrt(max(0.0, float((of_rows**2).sum() * (of_own**2).sum())))
    if not scale:
        return 0.0, 0.0, 1.0
    found = float((of_rows * of_own).sum()) / scale
    null = np.empty(SHUFFLES)
    for at in range(SHUFFLES):
        order = np.arange(len(rows))
        for group in groups:
            order[group] = group[random.permutation(len(group))]
        null[at] = (of_rows * of_own[np.ix_(order, order)]).sum() / scale
    p_value = (1 + int((null >= found).sum())) / (1 + SHUFFLES)
    return found, float(np.quantile(null, 0.99, method="higher")), p_value


def _centred_distances(x: np.ndarray) -> np.ndarray:
    """Distances between all rows, less their means over each row and column."""
    from scipy.spatial.distance import cdist

    apart = cdist(x, x)
    return np.asarray(apart - apart.mean(0) - apart.mean(1)[:, None] + apart.mean())


def _groups(others: np.ndarray) -> list[np.ndarray]:
    """Indices of rows in groups with like conditions: halves along the widest column, until all in a group are equal
    or a half would have fewer than NEAR rows."""
    waiting, found = [np.arange(len(others))], []
    while waiting:
        group = waiting.pop()
        spans = np.ptp(others[group], axis=0) if others.shape[1] else np.zeros(1)
        widest = int(spans.argmax())
        if not spans[widest] or len(group) < 2 * NEAR:
            found.append(group)
            continue
        values = others[group, widest]
        above = values > np.median(values)
        above = above if above.any() else values >= np.median(values)
        waiting += [group[above], group[~above]]
    return found


# The metrics by name.


def _worst(measure: Callable[[ConditionalSets, Part], Measurement], sets: ConditionalSets) -> Measurement:
    """The measurement of the condition that lies farthest below its floor; `shares` are the values of all."""
    found = [measure(sets, part) for part in sets.parts]
    worst = min(found, key=lambda one: one.value - (one.floor or 0.0))
    return worst._replace(shares=tuple(one.value for one in found))


def _miscalibration(sets: ConditionalSets) -> Measurement:
    found = tuple(miscalibration(calibration(sets, part)) for part in sets.parts)
    return Measurement(max(found), floor=0.0, shares=found)


def _least_dependence(sets: ConditionalSets) -> Measurement:
    """The condition with the smallest share of the real dependence; `shares` are those of all conditions."""
    found = [dependence(sets, part) for part in sets.parts]
    shares = tuple(one.fake / one.real if one.real > 0 else math.nan for one in found)
    at = int(np.nanargmin(shares)) if not all(map(math.isnan, shares)) else 0
    return Measurement(shares[at], p_value=found[at].p_value, floor=1.0, shares=shares)


CONDITION_METRICS: dict[str, Metric] = {
    "joint_w1": Metric(
        "joint W1",
        "lower",
        "exact W1 of rows with their conditions, both of equal weight; above that of their distributions",
        100,
        joint_w1,
    ),
    "within_conditions": Metric(
        "W1 within conditions",
        "lower",
        "W1 of samples to real rows in bins of a condition, divided by that of real rows; the worst condition",
        100,
        within,
    ),
    "condition_agreement": Metric(
        "condition agreement",
        "higher",
        "R^2 of a number, or accuracy of levels, of a forest on samples, fitted to real rows; the worst condition",
        100,
        lambda s: _worst(agreement, s),
        ("train",),
    ),
    "miscalibration": Metric(
        "miscalibration",
        "lower",
        "error of the mean and the spread given a condition, in real standard deviations; the worst condition",
        100,
        _miscalibration,
    ),
    "condition_dependence": Metric(
        "dependence on conditions",
        "higher",
        "distance correlation of samples with a condition, divided by that of real rows; 0 if it is ignored",
        100,
        _least_dependence,
    ),
}
