"""What the nearest rows tell: fidelity and variety by neighbourhoods, copies of training rows, and repeated samples."""

import numpy as np

from wgan.errors import WganError
from wgan.maths.exact import as_features, whole_number
from wgan.maths.metrics.distances import rounding_of, squared_distances
from wgan.maths.metrics.measures import Measurement, clipped

NEIGHBOURS = 5  # k of precision, recall, density and coverage, as in Naeem et al. 2020
TAIL = 1000  # memorisation compares samples with the nearest one in this many held-out rows
SELDOM = 0.01  # the largest share of training rows with a twin for which an exact copy is not natural
CROWDED = 0.01  # near_duplicates compares samples with the most crowded training rows, this share of them
RIM = 1e-9  # squared distances whose relative difference is below this are equal: the product form rounds them


# Neighbourhoods: the balls around the rows of one set, and the rows of the other set in them.


def neighbourhoods(real: np.ndarray, fake: np.ndarray, k: int = NEIGHBOURS) -> dict[str, Measurement]:
    """Precision, recall, density and coverage of features [m, d] and [n, d].

    The ball of a row reaches to its k-th nearest row of the same set and includes its rim. Precision is the share of
    samples in the ball of a real row; recall is the share of real rows in the ball of a sample (Kynkaanniemi et al.
    2019). Density is the mean over samples of the number of real balls that hold the sample, divided by k; coverage
    is the share of real rows with a sample in their ball (Naeem et al. 2020). The standard error is that of the mean
    over the rows counted, with the other set held fixed.

    Examples:
        >>> x = np.arange(8.0)[:, None]
        >>> {name: float(m.value) for name, m in neighbourhoods(x, x[:4], k=1).items()}
        {'precision': 1.0, 'recall': 0.625, 'density': 2.75, 'coverage': 0.625}
    """
    k = whole_number(k, "k")
    real, fake = as_features(k + 1, real=real, fake=fake)
    real_radii, fake_radii = _radii(real, k), _radii(fake, k)
    holding = np.zeros(len(fake))
    recalled, covered = np.empty(len(real), bool), np.empty(len(real), bool)
    for part, squared in squared_distances(real, fake):
        inside = squared <= real_radii[part, None]
        holding += inside.sum(0)
        covered[part] = inside.any(1)
        recalled[part] = (squared <= fake_radii).any(1)
    found = {"precision": holding > 0, "recall": recalled, "density": holding / k, "coverage": covered}
    return {name: Measurement.mean(rows) for name, rows in found.items()}


def _radii(x: np.ndarray, k: int) -> np.ndarray:
    """The squared distance of each row to its k-th nearest other row, with what rounding may add to it."""
    radii = np.empty(len(x))
    for part, squared in squared_distances(x, x):
        radii[part] = np.partition(squared, k, axis=1)[:, k]  # the row itself is its nearest
    return radii * (1 + RIM)


# Memory and diversity.


def memorisation(real: np.ndarray, fake: np.ndarray, train: np.ndarray) -> Measurement:
    """The share of samples that are copies or near copies of one training row, and a test of it.

    The ratio of a row is its distance to the nearest row of `train` [rows, d], divided by that to the next farther one:
    0 for a copy, near 1 between rows. Unlike a distance, it is not smaller where rows are dense or samples blurred. The
    value is the share of samples [n, d] that are copies, or whose ratio is below the r-th smallest of the held-out
    rows `real` [m, d] that are not copies, with r a thousandth of these, rounded up. The floor is the share that new
    rows have, and the error that of their difference.

    The p-value is the chance of at least this value if the samples were new rows of the data. It holds for any data.
    Ratios above 0 are tested by their ranks: the number below the r-th is negative hypergeometric. So is the number of
    exact copies, against the held-out rows that equal a training row, if at most 1 % of the training rows have an exact
    duplicate. If more have one, equal rows are natural, and a generator of common rows makes more of them than the data
    have. Then the test takes the half of all real rows that repeat least. It asks whether the rows that equal a sample
    are training rows more often than the other rows are. Of the two p-values, the smaller is doubled (Bonferroni).
    """
    from scipy.stats import hypergeom, nhypergeom

    real, fake, train = as_features(1, real=real, fake=fake, train=train)
    near_zero = rounding_of(train)
    held_out, _ = _ratios(real, train, near_zero)
    sampled, copied = _ratios(fake, train, near_zero)
    apart, others = held_out[held_out > 0], sampled[sampled > 0]
    rank = -(-len(apart) // TAIL)
    threshold = np.partition(apart, rank - 1)[rank - 1] if rank else 0.0
    near = (sampled == 0) | (sampled < threshold)
    p_values = []
    if rank and (below := int((others < threshold).sum())):
        p_values.append(nhypergeom(len(apart) + len(others), len(others), rank).sf(below - 1))
    copies, natural = int((sampled == 0).sum()), int((held_out == 0).sum())
    if copies:
        if (_repeats(train) > 1).mean() <= SELDOM:
            total, drawn, kind, at_least = len(real) + len(fake), copies + natural, len(fake), copies
        else:
            repeats = _repeats(np.concatenate([train, real]))
            rare = repeats <= np.median(repeats)
            of_train, of_real = rare[: len(train)], rare[len(train) :]
            total, kind = int(rare.sum()), int(of_train.sum())
            at_least = int((copied & of_train).sum())
            drawn = at_least + int((_any_equal(real, fake, near_zero) & of_real).sum())
        p_values.append(hypergeom(total, kind, drawn).sf(at_least - 1))
    both = 2 if copies + natural and len(apart) + len(others) else 1
    share = natural / len(real)
    floor = share + (1 - share) * rank / (len(apart) + 1)
    usual = (((held_out == 0) | (held_out <= threshold)).sum() + 1) / (len(real) + 2)  # never 0 or 1 of a few rows
    error = np.sqrt(near.var() / len(near) + usual * (1 - usual) / len(real))
    p_value = min(1.0, both * float(min(p_values, default=1.0)))
    value = float(near.mean())
    return Measurement(value, float(error), p_value, floor, interval=clipped(value, float(error)))


def _ratios(x: np.ndarray, train: np.ndarray, near_zero: float) -> tuple[np.ndarray, np.ndarray]:
    """The ratio of each row of x, and which rows of `train` some row of x equals."""
    ratios, equalled = np.empty(len(x)), np.zeros(len(train), bool)
    for part, squared in squared_distances(x, train):
        first = squared.min(1, keepdims=True)
        equalled |= (squared[first[:, 0] <= near_zero] <= near_zero).any(0)
        # farther than the nearest row, its twins and its equals
        second = np.where(squared > first * (1 + RIM) + near_zero, squared, np.inf).min(1)
        ratio = np.where(np.isinf(second), 1.0, np.sqrt(first[:, 0] / second))  # all rows are equally far
        ratios[part] = np.where(first[:, 0] <= near_zero, 0.0, ratio)
    return ratios, equalled


def _any_equal(x: np.ndarray, y: np.ndarray, near_zero: float) -> np.ndarray:
    """Which rows of x some row of y equals."""
    return np.concatenate([(squared <= near_zero).any(1) for _, squared in squared_distances(x, y)])


def _repeats(x: np.ndarray) -> np.ndarray:
    """How often each row occurs, itself included."""
    whole = np.ascontiguousarray(x + 0.0).view(f"V{x.shape[1] * 8}")[:, 0]  # -0.0 + 0.0 is 0.0
    _, index, counts = np.unique(whole, return_inverse=True, return_counts=True)
    return counts[index]


def nearest_of(fake: np.ndarray, train: np.ndarray, real: np.ndarray) -> np.ndarray:
    """How many samples [n, d] have their nearest row in each row of `train` [N, d] and, behind these, `real` [m, d].

    Rows at the same distance have equal shares of a sample.

    Examples:
        >>> nearest_of([[0.1], [0.6]], train=[[0.0], [0.0]], real=[[1.0]]).tolist()
        [0.5, 0.5, 1.0]
    """
    fake, train, real = as_features(1, fake=fake, train=train, real=real)
    near_zero, known = rounding_of(train), np.concatenate([train, real])
    counts = np.zeros(len(known))
    for _, squared in squared_distances(fake, known):
        nearest = squared <= squared.min(1, keepdims=True) * (1 + RIM) + near_zero
        counts += (nearest / nearest.sum(1, keepdims=True)).sum(0)
    return counts


def diversity(real: np.ndarray, fake: np.ndarray) -> Measurement:
    """The mean distance of two samples [n, d] divided by that of two real rows [m, d].

    It is 1 where samples vary as the data do and 0 where all samples are the same. The error is the delta method's,
    from the variance of each U-statistic's first projection. Raises `WganError` where all real rows are the same.
    """
    parts = []
    real, fake = as_features(2, real=real, fake=fake)
    for x in (fake, real):
        to_others = np.empty(len(x))
        for part, squared in squared_distances(x, x):
            to_others[part] = np.sqrt(squared).sum(1) / (len(x) - 1)
        parts.append((to_others.mean(), 4 * to_others.var() / len(x)))
    (above, above_variance), (below, below_variance) = parts
    if below == 0:
        raise WganError("diversity has no scale where all real rows are the same; use other features.")
    error = np.sqrt(above_variance + (above / below) ** 2 * below_variance) / below
    return Measurement(float(above / below), float(error))


def near_duplicates(fake: np.ndarray, train: np.ndarray) -> Measurement:
    """The share of samples [n, d] that lie as near to another sample as the most crowded 1 % of training rows do.

    Of two rows, the more crowded one has its nearest other row at a smaller distance. If these distances are equal, as
    among rows that repeat, the more crowded one has more rows at that distance. Rows at the limit count in part, so
    that exactly 1 % of the training rows count. As many training rows as samples are compared. The value is 0.01 where
    samples repeat as seldom as the data do, and 1 where a generator has a few outputs. The error counts rows that are
    near to each other as one, in both sets.
    """
    fake, train = as_features(2, fake=fake, train=train)
    count = min(len(fake), len(train))
    near_zero = rounding_of(train)
    crowding = [_crowding(x[:count], near_zero) for x in (train, fake)]
    squared, rows = crowding[0]
    last = np.lexsort((-rows, squared))[max(0, round(CROWDED * count) - 1)]
    edge, edge_rows = squared[last], rows[last]

    def weights(squared: np.ndarray, rows: np.ndarray, share: float) -> np.ndarray:
        level = np.abs(squared - edge) <= RIM * edge
        return np.where(level, np.where(rows == edge_rows, share, rows > edge_rows), squared < edge)

    inside, with_edge = (weights(squared, rows, share).mean() for share in (0.0, 1.0))
    share = min(1.0, (CROWDED - inside) / (with_edge - inside))
    value, variance = 0.0, 0.0
    for squared, rows in crowding:
        weight = weights(squared, rows, share)
        value = float(weight.mean())
        variance += (1 - value) * float((weight**2 * (rows + 1)).sum()) / count**2
    error = float(np.sqrt(variance))
    return Measurement(value, error, floor=CROWDED, interval=clipped(value, error))


def _crowding(x: np.ndarray, near_zero: float) -> tuple[np.ndarray, np.ndarray]:
    """The squared distance of each row to its nearest other row, and how many rows lie at that distance."""
    nearest, rows = np.empty(len(x)), np.empty(len(x), int)
    for part, squared in squared_distances(x, x):
        at = np.arange(len(squared))
        squared[at, part.start + at] = np.inf
        squared[squared <= near_zero] = 0
        first = squared.min(1)
        nearest[part] = first
        rows[part] = (squared <= first[:, None] * (1 + RIM)).sum(1)
    return nearest, rows
