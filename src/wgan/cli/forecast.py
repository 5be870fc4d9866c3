"""How long a training takes, judged from the times of its first steps."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

import numpy as np

from wgan.config import Config

SURE = 0.25  # the widest range, as a share of its upper end, that is said as one number; of a wider one, the lower end
FIRST, LATEST = 4.0, 60.0  # seconds after which a forecast is first tried, and is made however wide it is
LEAST = 3  # steps of the most frequent kind before a forecast
WORTH_SAYING = 60.0  # seconds; a shorter training needs no forecast


class Kind(NamedTuple):
    """What a step does: its critic steps, and whether each regular work is due before it."""

    critic_steps: int
    record: bool
    diagnosis: bool
    picture: bool
    checkpoint: bool


def kind_of(config: Config, step: int) -> Kind:
    """What the step of this number does."""
    every = (config.log_every, config.diagnose_every, config.sample_every, config.checkpoint_every)
    return Kind(config.critic_steps(step), *(step % one == 0 for one in every))


def counted(config: Config, first: int) -> Counter[Kind]:
    """How many steps of each kind there are from step `first` to the last."""
    steps = np.arange(first, config.steps)
    every = (config.log_every, config.diagnose_every, config.sample_every, config.checkpoint_every)
    warm = steps < config.warm_up
    if config.warm_up_every:
        warm |= steps % config.warm_up_every == 0
    columns = [np.where(warm, config.warm_up_critic, config.n_critic), *(steps % one == 0 for one in every)]
    kinds, numbers = np.unique(np.stack(columns, 1), axis=0, return_counts=True)
    return Counter({Kind(int(row[0]), *map(bool, row[1:])): int(n) for row, n in zip(kinds, numbers, strict=True)})


def typical(seconds: Sequence[float]) -> float:
    """The median time of steps of one kind; the first of them may also compile, so it counts only if it is alone."""
    return median(seconds[1:] or seconds)


def bounds(times: Mapping[Kind, Sequence[float]], first: float, ahead: Mapping[Kind, int]) -> tuple[float, float]:
    """The least and the most seconds that the steps `ahead` take, given the seconds of steps that were measured.

    A kind that was measured takes its typical time. Another kind takes at least as long as the kinds that do less, and
    at most as long as the first step, which does every work and compiles what has to be compiled.
    """
    usual = {kind: typical(found) for kind, found in times.items()}
    low = high = 0.0
    for kind, count in ahead.items():
        if kind in usual:
            low, high = low + count * usual[kind], high + count * usual[kind]
            continue
        less = [one for other, one in usual.items() if all(a <= b for a, b in zip(other, kind, strict=True))]
        low, high = low + count * max(less, default=0.0), high + count * max(first, *usual.values())
    return low, high


def watch(config: Config, first: int, clock: Callable[[], float]) -> Callable[[int], str]:
    """A function to call before each step; it returns the forecast once, when it is steady, and else "".

    `first` is the step at which the training begins or continues. Nothing is said before three steps of the kind that
    is the most frequent ahead, since the first step of a kind may compile.
    """
    due, finished = FIRST, False
    calls: list[float] = []
    ahead = counted(config, first + 1)
    most = max(ahead, key=lambda kind: ahead[kind], default=None)

    def before(step: int) -> str:
        nonlocal due, finished
        if finished:
            return ""
        calls.append(clock())
        if len(calls) < 4 or (passed := calls[-1] - calls[1]) < due:
            return ""
        due = 1.5 * passed
        times: dict[Kind, list[float]] = {}
        for at, (start, end) in enumerate(pairwise(calls[1:]), first + 1):  # the first step also compiles
            times.setdefault(kind_of(config, at), []).append(end - start)
        if most is None or len(times.get(most, ())) < LEAST:
            return ""
        low, high = bounds(times, calls[1] - calls[0], counted(config, step))
        steady = high - low <= SURE * high
        finished = steady or high < WORTH_SAYING or passed >= LATEST
        if not finished or high < WORTH_SAYING:
            return ""
        return f"about {in_words(high)}" if steady else f"at least {in_words(low)}"

    return before


def in_words(seconds: float) -> str:
    """A time with two digits and a unit.

    Examples:
        >>> in_words(100), in_words(3600 * 2.54), in_words(86400 * 12)
        ('1.7 minutes', '2.5 hours', '12 days')
    """
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if (found := seconds / size) >= 1.5:
            return f"{found:.2g} {unit}" if found < 10 else f"{found:,.0f} {unit}"
    return f"{seconds:.0f} seconds"
