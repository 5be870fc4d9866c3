"""What verdicts and charts read from a log: columns, their last quarter, what they tell, and how two of them go along.

A log is what `read_log` returns: columns by name, with NaN for missing entries.
"""

import math
from typing import NamedTuple

import numpy as np

from wgan.runs.quantities import quantity

Log = dict[str, np.ndarray]

NORMAL = 1.96  # standard errors on either side of a value, for an interval of 95 %
BLOCKS = 16  # changes between the means of neighbouring blocks of records, at most
FEWEST = 8  # blocks from which a rank correlation says something


class Difference(NamedTuple):
    """How far the samples are from the data: the energy distance late in the run, and the ends of its 95 % interval.

    `chance` is what real rows exceed against real rows in one of a hundred cases, and `start` the value of the
    untrained generator. `falls` says whether it still fell in the last quarter of the run, by more than its interval.
    """

    value: float
    lower: float
    upper: float
    chance: float
    start: float
    falls: bool

    @property
    def seen(self) -> bool:
        """Whether samples can be told from held-out rows: beyond what chance gives, with an interval above 0."""
        return self.value > self.chance and self.lower > 0


def difference(log: Log) -> Difference | None:
    """How far the samples are from the data, by the energy distance; None if the log lacks it."""
    value, error = late_median(log, "energy_distance"), late_median(log, "energy_distance_error")
    chance = first_value(log, "energy_distance_chance")
    if not all(math.isfinite(x) for x in (value, error, chance)) or error < 0:
        return None
    before, after = _before_and_after(log, column(log, "energy_distance"))
    start, half = first_value(log, "energy_distance"), NORMAL * error
    falls = bool(len(before) and len(after) and before.min() - after.min() > max(half, LEAST_FALL * before.min()))
    above = max(half, chance)  # near 0 the jackknife's error is too small
    return Difference(value, value - half, value + above, chance, start, falls)


def _before_and_after(log: Log, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values before the last quarter of the run and in it.

    A run with no value in its third quarter has the first late value as the only earlier one. All that it fell before
    says nothing about its end.
    """
    known, late = np.isfinite(values), _is_late(log)
    if (known & ~late & (log["step"] >= 0.5 * log["step"].max())).any():
        return values[known & ~late], values[known & late]
    return values[known & late][:1], values[known & late][1:]


LEAST_FALL = 0.05  # the share of the distance that a run still falls by in its last quarter, if it falls


def is_logged(log: Log, name: str) -> bool:
    """Whether the log has this column. Raises KeyError for a name that no run logs, since it would never be there."""
    quantity(name)
    return name in log


def column(log: Log, name: str) -> np.ndarray:
    """A column of numbers [records], all NaN if the log lacks the column or it holds anything else."""
    values = log[name] if is_logged(log, name) else None
    return np.full(len(log["step"]), math.nan) if values is None or values.dtype == object else values


def late_median(log: Log, name: str) -> float:
    """The median over the last quarter of the run; NaN without a value."""
    values = column(log, name)
    found = values[np.isfinite(values) & _is_late(log)]
    return float(np.median(found)) if len(found) else math.nan


def _is_late(log: Log) -> np.ndarray:
    return log["step"] >= 0.75 * log["step"].max()


def floor_value(log: Log, name: str) -> float:
    """What real rows score in the samples' place; NaN without a value."""
    floor = quantity(name).floor
    assert floor is not None, f"{name} has no floor"
    return first_value(log, floor)


def largest(values: np.ndarray) -> float:
    """The largest finite value, at least 0."""
    return float(np.max(values, initial=0.0, where=np.isfinite(values)))


def first_value(log: Log, name: str) -> float:
    """The first value of a column, such as one that is logged once; NaN without a value."""
    values = column(log, name)
    return float(values[np.isfinite(values)][0]) if np.isfinite(values).any() else math.nan


def last_value(log: Log, name: str) -> float:
    """The last value of a column; NaN without a value."""
    values = column(log, name)
    return float(values[np.isfinite(values)][-1]) if np.isfinite(values).any() else math.nan


def total_seconds(log: Log) -> float:
    """The time of the whole run; each time that it was resumed, the logged time began at 0 again. NaN without a time.

    Examples:
        >>> total_seconds({"step": np.arange(4.0), "seconds": np.array([1.0, 5.0, 0.5, 2.0])})
        7.0
    """
    seconds = column(log, "seconds") if len(log.get("step", ())) else np.array([])
    seconds = seconds[np.isfinite(seconds)]
    if not len(seconds):
        return math.nan
    return float(seconds[-1] + seconds[:-1][np.diff(seconds) < 0].sum())


def error_of_share(share: float, count: float) -> float:
    """The standard error of a share of `count` rows; NaN where either is NaN.

    Examples:
        >>> error_of_share(0.5, 100)
        0.05
    """
    if math.isnan(share) or math.isnan(count):
        return math.nan
    inside = min(max(share, 0.0), 1.0)
    return math.sqrt(inside * (1 - inside) / max(count, 1.0))


def step_since(log: Log, true: np.ndarray) -> int:
    """The step from which every record is true to the end."""
    false = np.flatnonzero(~true)
    return int(log["step"][min(len(true) - 1, false[-1] + 1)]) if len(false) else int(log["step"][0])


def median_filter(values: np.ndarray, width: int) -> np.ndarray:
    """The median of the `width` entries around each entry, or of fewer at the ends; NaN entries are skipped.

    Examples:
        >>> median_filter(np.array([1.0, 9.0, 2.0, 3.0]), 3)
        array([5. , 2. , 3. , 2.5])
    """
    half = width // 2
    parts = [values[max(0, i - half) : i + half + 1] for i in range(len(values))]
    return np.array([np.nanmedian(part) if np.isfinite(part).any() else math.nan for part in parts])


def rank_correlation(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """Spearman's rank correlation of two series [n] and its 95 % interval, n at least 4.

    The interval is Fisher's z with the variance (1 + r^2 / 2) / (n - 3) of Bonett and Wright (2000). It assumes that
    records are independent. Those of one run are not, so it is too narrow for them; see `common_changes`.

    Examples:
        >>> rank, low, high = rank_correlation(np.arange(20.0), np.arange(20.0) ** 3)
        >>> round(rank, 6)
        1.0
    """
    if min(np.ptp(first), np.ptp(second)) == 0:
        return 0.0, -1.0, 1.0  # a constant has no ranks
    from scipy.stats import rankdata

    rank = float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])
    return rank, *_fishers_interval(rank, len(first))


def _fishers_interval(rank: float, count: int, times: float = 1.0) -> tuple[float, float]:
    """The interval of `rank_correlation`, whose variance is taken `times` as large."""
    z = math.atanh(min(max(rank, -1 + 1e-9), 1 - 1e-9))
    half = NORMAL * math.sqrt(times * (1 + rank**2 / 2) / (count - 3))
    return math.tanh(z - half), math.tanh(z + half)


def common_changes(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float, int]:
    """The rank correlation of the changes of two series [n] with its 95 % interval, and how many changes there are.

    Two series that drift are correlated without having to do with each other (Yule 1926), so their levels cannot be
    tested as if records were independent. The records are cut into at most 17 blocks, and the changes from the mean of
    one block to the next are compared. The interval is that of `rank_correlation` with its variance times 1 + 2 a^2,
    where a = 1/2 is the most that the changes of noise, or of the means of a random walk, are correlated with the next
    ones (Bartlett 1935).
    """
    cut = [np.array([part.mean() for part in np.array_split(x, min(BLOCKS + 1, len(x)))]) for x in (first, second)]
    changes = [np.diff(x) for x in cut]
    count = len(changes[0])
    if count < FEWEST or min(np.ptp(one) for one in changes) == 0:
        return 0.0, -1.0, 1.0, count
    rank = rank_correlation(*changes)[0]
    return rank, *_fishers_interval(rank, count, times=1.5), count
