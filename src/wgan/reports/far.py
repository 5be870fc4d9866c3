"""Samples that are far from the data: whether they once were nearer, and what to do, from the log of a run."""

from typing import Any

from wgan.errors import setting
from wgan.reports import remedies
from wgan.reports.series import NORMAL, Difference, Log, first_value, late_median
from wgan.runs import best
from wgan.runs.quantities import number

LESS = 0.5  # of the lower end late in the run: samples whose upper end was below that were surely nearer
AWAY = "The samples went away from the data."


def at_the_end(log: Log, far: Difference, much: float) -> str:
    """A sentence on the last measurement where it is surely above `much` and all that the last quarter showed; else "".

    A run that falls apart in its last steps has a good median of its last quarter, and its last generator is bad.
    """
    measured = best.history(log, best.ENERGY)
    if not measured:
        return ""
    last = measured[-1]
    lower, upper = last.loss - NORMAL * last.error, last.loss + NORMAL * last.error
    if not lower > max(much, far.upper):
        return ""
    interval = f"with a 95 % interval of {number(lower)} to {number(upper)}"
    return f" These are medians of the last quarter. At step {last.step:,} it is {number(last.loss)}, {interval}."


def before(log: Log, far: Difference) -> str:
    """A sentence on the best measurement, where it was surely less than `LESS` times as far; else ""."""
    nearest = best.choose(best.history(log, best.ENERGY))
    if nearest is None or not nearest.loss + NORMAL * nearest.error < LESS * far.lower:
        return ""
    return f" It was {number(nearest.loss)} at step {nearest.step:,}."


def in_words(log: Log, config: dict[str, Any], far: Difference, ended: str) -> tuple[str, str, str]:
    """The sentence on samples that are far from the data, what its evidence adds, and the remedy."""
    slower = f"Lower {setting('learning_rate')}, tenfold first."
    if far.lower > far.start or late_median(log, "w1") > 1.1 * first_value(log, "w1"):
        return AWAY, ended, slower
    if nearer := ended or before(log, far):
        return AWAY, nearer, slower + remedies.best_checkpoint(log, config)
    remedy = remedies.more_steps() if far.falls else remedies.to_come_nearer()
    return "The samples are far from the data.", "", remedy
