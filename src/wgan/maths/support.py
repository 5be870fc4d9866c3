"""How many kinds of rows a generator makes, and how much of the data it does not make: intervals from samples.

A kind is a mode, a class, a cell or any other label of a row. Every interval assumes that the samples are drawn
independently. It holds for one interval alone. To read `m` records of a run together, give each a confidence of 1 -
0.05 / m.
"""

import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import bdtr, betaincinv, gammaincinv, ndtr, ndtri

from wgan.errors import WganError
from wgan.maths.exact import as_float64
from wgan.maths.streams import stream


class Interval(NamedTuple):
    """An estimate between the two ends of an interval. Each end errs with a probability of (1 - confidence) / 2."""

    value: float
    lower: float
    upper: float
    confidence: float


def support_size(
    labels: Any, least_mass: float | None = None, most: int | None = None, confidence: float = 0.95
) -> Interval:
    """An interval for the number S of kinds that are ever made, from the kinds `labels` [n] of n samples.

    **The lower end holds for any distribution**, exactly. If S kinds have equal masses, n samples show d kinds or
    more with the highest probability (Wong and Yue 1973), and this probability is known. The end is the least S for
    which it exceeds (1 - confidence) / 2.

    **No upper end holds for any distribution**, because a kind may be as rare as one likes. It holds, exactly,

    - by default, for kinds of equal mass: it is the largest S for which n samples show d kinds or fewer with a
      probability above (1 - confidence) / 2. Without a collision it is infinite; with one it is the birthday bound;
    - with `least_mass`, for kinds of at least this mass, equal or not. S - 1 kinds of this mass and one of all the
      rest show the fewest kinds, so they take the place of equal ones;
    - with `most`, for kinds of which at most so many are known to exist. The upper end is never above it.

    `value` is the bias-corrected estimate of Chao (1984), d + (n - 1) / n f1 (f1 - 1) / (2 (f2 + 1)), where f1 kinds
    are seen once and f2 twice, moved into the interval. Raises `WganError` for labels that are not [n] names or
    finite numbers, and for a `least_mass` or `most` that the labels contradict.

    Examples:
        >>> support_size(np.arange(1000) % 10)
        Interval(value=10.0, lower=10.0, upper=10.0, confidence=0.95)
        >>> support_size(np.arange(100))
        Interval(value=5000.5, lower=1376.0, upper=inf, confidence=0.95)
    """
    tail = _tail(confidence)
    counts = np.unique(_labels(labels, "labels"), return_counts=True)[1]
    n, seen = int(counts.sum()), len(counts)
    if most is not None and not most >= seen:
        raise WganError(f"the labels show {seen} kinds but most is {most!r}; it must be at least {seen}.")
    if least_mass is not None and not 0 < least_mass * seen <= 1 + ROUNDED:
        raise WganError(
            f"the labels show {seen} kinds and least_mass is {least_mass!r}; it must be above 0 and "
            f"at most {1 / seen:g}."
        )
    known = min(math.inf if most is None else most, int((1 + ROUNDED) / least_mass) if least_mass else math.inf)
    lower = min(_first(lambda size: 1 - _fewer_than(seen, n, size) > tail, seen), known)
    upper = known
    if least_mass is not None:
        upper = _first(lambda size: _uneven(seen, n, size, least_mass) <= tail, seen, int(known)) - 1
    elif seen < n:
        upper = min(known, _first(lambda size: _fewer_than(seen + 1, n, size) <= tail, seen) - 1)
    upper = max(lower, upper)
    once, twice = (int((counts == times).sum()) for times in (1, 2))
    chao = seen + (n - 1) / n * once * (once - 1) / (2 * (twice + 1))
    return Interval(float(min(max(chao, lower), upper)), float(lower), float(upper), confidence)


ROUNDED = 1e-9  # 1 / 49 * 49 is below 1


def missing_mass(real_labels: Any, fake_labels: Any, least_ratio: float = 1.0, confidence: float = 0.95) -> Interval:
    """An interval for the mass M of the data on kinds that the generator never makes, from kinds of real and fake rows.

    p is the distribution of the data over kinds and q that of the generator.

    **The upper end holds for any p and q**, exactly: the kinds not seen in the fakes have at least the mass M, and the
    real rows of these kinds are binomial, so it is the upper end of Clopper and Pearson (1934) for their share.

    **No lower end above 0 holds for any q**, since a kind may be made as seldom as one likes. It holds, exactly,
    where each kind that is made has at least `least_ratio` = c times the share that it has among the data of the kinds
    made: q(x) >= c p(x) / (1 - M). For c = 1 that means the data's own proportions. Without this assumption it is a
    bound all the same: any set of kinds that the generator makes so often holds at most 1 - `lower` of the data. It
    comes from 1 - M <= p(A) / (1 - q(B) / c), where A are the kinds in one half of the fakes, drawn by a fixed seed,
    and B are all others. The other half says q(B), the missing mass of Good and Turing, and the real rows say p(A).
    Both are binomial and independent. For c = 1 their one-sided tests are combined by Stouffer's method with the
    weights that suit each q(B), and the largest p-value over the q(B) of a wide interval counts (Berger and Boos 1994).
    For c < 1 both get an upper end of Clopper and Pearson, each with half of the error.

    `value` is 1 - (share of real rows of kinds seen in the fakes) / (1 - f1 / m), moved into the interval: of m fakes,
    f1 show a kind that is seen once, and f1 / m is Good and Turing's estimate of the mass not seen. Where f1 = m that
    says nothing, and `value` is the middle. Raises `WganError` for labels that are not [n] names or finite numbers.

    Examples:
        >>> kinds = np.arange(1000)
        >>> missing_mass(kinds % 100, kinds % 25)  # three quarters
        Interval(value=0.75, lower=0.719..., upper=0.776..., confidence=0.95)
    """
    tail = _tail(confidence)
    if not 0 < least_ratio <= 1:
        raise WganError(f"least_ratio is {least_ratio!r}; it must be a number above 0 and at most 1.")
    real, fake = _labels(real_labels, "real_labels"), _labels(fake_labels, "fake_labels")
    if real.dtype.kind != fake.dtype.kind and {real.dtype.kind, fake.dtype.kind} & {"U", "S"}:
        raise WganError(
            f"real_labels are {real.dtype} and fake_labels are {fake.dtype}; give both as names or numbers."
        )
    n, m = len(real), len(fake)
    order = stream(0, "halves").permutation(m)  # so that sorted labels do no harm
    half, other = fake[order[: m // 2]], fake[order[m // 2 :]]
    unseen, outside_half = (n - int(np.isin(real, kinds).sum()) for kinds in (fake, half))
    new = len(other) - int(np.isin(other, half).sum())
    lower = 1 - _most_made(n - outside_half, n, new, len(other), least_ratio, tail)
    upper = max(_binomial_upper(unseen, n, tail), lower)
    once = int((np.unique(fake, return_counts=True)[1] == 1).sum())
    value = (lower + upper) / 2 if once == m else 1 - (1 - unseen / n) / (1 - once / m)
    return Interval(min(max(value, lower), upper), lower, upper, confidence)


def effective_size(labels: Any, confidence: float = 0.95) -> Interval:
    """An interval for the effective number of kinds 1 / sum p(x)^2, from the kinds `labels` [n] of n >= 2 samples.

    It is the number of kinds if all have equal mass, and less otherwise. It is k if two samples have the same kind with
    probability 1 / k. The interval is that of `collisions`.

    Examples:
        >>> effective_size(np.arange(999) % 3)
        Interval(value=3.006..., lower=2.9..., upper=3.0..., confidence=0.95)
    """
    counts = np.unique(_labels(labels, "labels"), return_counts=True)[1].astype(float)
    pairs, paths = (counts * (counts - 1) / 2).sum(), (counts * (counts - 1) * (counts - 2) / 2).sum()
    return _of_pairs(int(counts.sum()), pairs, paths, confidence)


def collisions(rows: Any, radius: float, confidence: float = 0.95) -> Interval:
    """An interval for the effective support 1 / P(two samples lie within `radius`), from n >= 2 samples [n, ...].

    Where kinds lie further apart than `radius` and each is narrower, this is 1 / sum p(x)^2. `near_radius` takes a
    radius from real rows; the interval takes the radius as given.

    The estimate is n (n - 1) / 2 over the number T of near pairs, a U-statistic. Let s be the probability that a pair
    is near, and h(x) that a sample is near to x. Pairs share samples, so T is spread more widely than a binomial
    number, by the factor 1 + 2 (n - 2) (E h^2 - s^2) / (s (1 - s)) of Hoeffding (1948). E h^2 is estimated by the
    samples that have two others near. T and the number of pairs are divided by this factor and taken as binomial
    (Korn and Graubard 1998). The factor, n - 1 at most, is taken at an upper end: as if the triples and T were Poisson
    numbers. **Both ends are approximate**; benchmarks/support.py measures how often they hold. Raises `WganError` for
    rows that are not finite numbers, for fewer than two, and for a radius below 0.

    Examples:
        >>> centres = np.random.default_rng(0).normal(size=(3, 64))
        >>> collisions(centres[np.arange(999) % 3], radius=1.0)
        Interval(value=3.006..., lower=2.9..., upper=3.0..., confidence=0.95)
    """
    rows = _rows(rows)
    if not radius >= 0:
        raise WganError(f"radius is {radius!r}; it must be a number of at least 0.")
    near = np.zeros(len(rows))
    for start, distances in _distances(rows):
        hits = distances <= radius
        near[start : start + len(hits)] += hits.sum(1)
    near -= 1  # each row is within any radius of itself
    return _of_pairs(len(rows), near.sum() / 2, (near * (near - 1) / 2).sum(), confidence)


def near_radius(rows: Any, share: float) -> float:
    """The least radius within which at least this `share` of the pairs of real `rows` [n, ...] lie.

    Other real rows then have an effective support of about 1 / `share`, or less where many pairs are equally far apart.
    Raises `WganError` for fewer than two rows and for a share outside of (0, 1].

    Examples:
        >>> near_radius(np.arange(101.0), 0.1)  # 505 of 5,050 pairs; 100 + 99 + 98 + 97 + 96 lie within 5
        6.0
    """
    rows = _rows(rows)
    if not 0 < share <= 1:
        raise WganError(f"share is {share!r}; it must be a number above 0 and at most 1.")
    parts = []
    for start, distances in _distances(rows):
        later = np.arange(len(rows)) > start + np.arange(len(distances))[:, None]
        parts.append(distances[later])
    distances = np.concatenate(parts)
    place = math.ceil(share * len(distances) * (1 - ROUNDED)) - 1
    return float(np.partition(distances, place)[place])


def _of_pairs(n: int, pairs: float, paths: float, confidence: float) -> Interval:
    """The interval of `collisions` from n samples, their near pairs, and the pairs of neighbours of a same sample."""
    tail = _tail(confidence)
    if n < 2:
        raise WganError(f"there is {n} sample, which makes no pair; give at least 2.")
    total = n * (n - 1) / 2
    share = pairs / total
    most = min(1.0, _poisson_upper(pairs, tail) / total)
    neighbours = 3 * _poisson_upper(paths / 3, tail) / max(1.0, total * (n - 2))  # three samples alike are three paths
    spread = most * (1 - share)
    factor = n - 1.0
    if spread > 0:
        factor = min(factor, 1 + 2 * (n - 2) * max(0.0, neighbours - share**2) / spread)
    least, largest = (end(pairs / factor, total / factor, tail) for end in (_binomial_lower, _binomial_upper))
    if share:
        for _ in range(5):  # a heavier kind spreads more: E h^2 grows as s^1.5 where one kind makes most of the pairs
            wider = min(n - 1, 1 + (factor - 1) * math.sqrt(largest / share))
            largest = _binomial_upper(pairs / wider, total / wider, tail)
    return Interval(float(1 / share) if share else math.inf, 1 / largest, 1 / least if least else math.inf, confidence)


def _distances(rows: np.ndarray, block: int = 256) -> Iterator[tuple[int, np.ndarray]]:
    """The distances of each block of rows to all rows, with the block's first row."""
    for start in range(0, len(rows), block):
        yield start, cdist(rows[start : start + block], rows)


def _poisson_upper(count: float, tail: float) -> float:
    """The largest mean for which a Poisson number is at most `count` with a probability of `tail`."""
    return float(gammaincinv(count + 1, 1 - tail))


def _binomial_lower(hits: float, n: float, tail: float) -> float:
    """The lower end of Clopper and Pearson for a share, of which n trials had `hits`."""
    return float(betaincinv(hits, n - hits + 1, tail)) if hits > 0 else 0.0


def _binomial_upper(hits: float, n: float, tail: float) -> float:
    """The upper end of Clopper and Pearson for a share, of which n trials had `hits`."""
    return float(betaincinv(hits + 1, n - hits, 1 - tail)) if hits < n else 1.0


LUCKIEST = 3.0  # a score above it counts as it; a test of level t then errs in at most 2 t P(score > 3) more of trials


def _most_made(hits: int, n: int, new: int, m: int, ratio: float, tail: float) -> float:
    """The upper end for the mass of the kinds that are made: `hits` of n real rows lie in A, `new` of m fakes in B."""
    if ratio < 1:  # q(B) / ratio may come near 1, where a weighted test has no power: each end errs with half of `tail`
        beyond = _binomial_upper(new, m, tail / 2) / ratio
        return min(1.0, _binomial_upper(hits, n, tail / 2) / (1 - beyond)) if beyond < 1 else 1.0
    given_up = tail / 25  # for q(B) outside of its own interval
    least, largest = (end(new, m, given_up / 2) for end in (_binomial_lower, _binomial_upper))
    outside = np.linspace(least, largest, 101)

    def refuted(made: float) -> bool:
        inside = made * np.maximum(0.0, 1 - outside / ratio)
        few_hits, few_new = (
            np.clip(ndtri(bdtr(k, count, chance)), -30, LUCKIEST)
            for k, count, chance in ((hits, n, inside), (new, m, outside))
        )
        weights = [
            np.sqrt((chance * (1 - chance) + 1 / count) / count) for chance, count in ((inside, n), (outside, m))
        ]
        weights[1] *= made / ratio
        p = ndtr((weights[0] * few_hits + weights[1] * few_new) / np.hypot(*weights))
        return bool(p.max() + given_up <= tail * (1 - 2 * ndtr(-LUCKIEST)))

    if not refuted(1.0):
        return 1.0
    low, high = 0.0, 1.0  # `high` is refuted
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if refuted(middle) else (middle, high)
    return high


def _first(holds: Callable[[int], bool], least: int, largest: int | None = None) -> int:
    """The least size >= `least` from which on `holds` is true; largest + 1 if it is true for none up to `largest`."""
    below, step = least - 1, 1
    while not (largest is not None and below + step > largest) and not holds(below + step):
        below, step = below + step, 2 * step
    above = below + step if largest is None else min(below + step, largest + 1)
    while above - below > 1:
        middle = (below + above) // 2
        below, above = (below, middle) if holds(middle) else (middle, above)
    return above


def _fewer_than(d: int, n: int, size: int) -> float:
    """The probability that n samples of `size` >= d - 1 kinds of equal mass show fewer than d kinds."""
    reference, log_known = _known(d, n)
    kinds = np.arange(d)
    unlike = np.log1p(-np.arange(d - 1) / size) - np.log1p(-np.arange(d - 1) / reference)
    ratio = np.concatenate([[0.0], np.cumsum(unlike)]) - (n - kinds) * math.log(size / reference)
    return min(1.0, float(np.exp(log_known + ratio).sum()))


@lru_cache(maxsize=512)
def _known(d: int, n: int) -> tuple[int, np.ndarray]:
    """A number of kinds of equal mass near to what d - 1 of n samples suggest, and the log probabilities of 0 to d - 1.

    P(k kinds) of another number follows from these: it is S (S - 1) ... (S - k + 1) / S^n times a Stirling number.
    """
    suggested = _first(lambda size: -size * math.expm1(n * math.log1p(-1 / size)) >= d - 1, max(2, d), n * n + d)
    kinds = np.arange(d)
    found = _chain(n, kinds / suggested, 1 - kinds / suggested)
    with np.errstate(divide="ignore"):
        return suggested, np.log(found)


def _chain(n: int, stay: np.ndarray, move: np.ndarray) -> np.ndarray:
    """The weights of 0, 1, ... kinds seen after n samples: one more sample shows an old kind or a new one."""
    weights = np.zeros(len(stay))
    weights[0] = 1.0
    for _ in range(n):
        moved = weights[:-1] * move[:-1]
        weights *= stay
        weights[1:] += moved
    return weights


@lru_cache(maxsize=4096)
def _uneven(d: int, n: int, size: int, mass: float) -> float:
    """The probability that n samples show d kinds or fewer of `size` - 1 kinds of this mass and one of all the rest."""
    light = np.arange(d + 1) * mass
    rest = max(0.0, 1 - (size - 1) * mass)
    new = np.maximum(0.0, (size - 1) * mass - light)
    with_rest = _chain(n, light + rest, new)
    return float(with_rest[:d].sum() + _chain(n, light, new)[d])


def _tail(confidence: float) -> float:
    if not 0 < confidence < 1 - 1e-9:
        raise WganError(f"confidence is {confidence!r}; it must be a number above 0 and below 1, such as 0.95.")
    return (1 - confidence) / 2


def _labels(labels: Any, name: str) -> np.ndarray:
    """[n] labels that can be told apart and sorted."""
    if np.ma.isMaskedArray(labels):
        raise WganError(f"{name} is a masked array; give the labels that count, {name}.compressed().")
    try:
        array = np.asarray(labels)
    except ValueError:
        array = np.empty(0)
    if array.dtype.kind == "O" and all(isinstance(label, str) for label in array.flat):
        array = array.astype(str)
    if array.ndim != 1 or len(array) == 0 or array.dtype.kind not in "biufUS":
        raise WganError(
            f"{name} has shape {array.shape} and dtype {array.dtype}; give [n] whole numbers or names, n >= 1."
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise WganError(f"{name} holds NaN or infinite labels; give each sample the number or name of its kind.")
    return array


def _rows(rows: Any) -> np.ndarray:
    """[n, d] finite numbers, n >= 2."""
    if np.ma.isMaskedArray(rows):
        raise WganError("rows is a masked array; fill in or leave out what is masked.")
    array = as_float64(rows, "rows", "[n, ...] numbers")
    if array.ndim < 1 or len(array) < 2:
        raise WganError(f"rows has shape {array.shape}; give [n, ...] with at least 2 rows.")
    if not np.isfinite(array).all():
        raise WganError("rows holds NaN or infinite numbers; leave such rows out.")
    return array.reshape(len(array), -1)
