"""Levels, missing values and spikes of a table that are too rare or too frequent among samples, from a log."""

from wgan.errors import setting
from wgan.reports.series import Log, last_value
from wgan.runs.quantities import whole

LIMITS = (
    "A level, a missing value or a spike is counted if it is at least twice too rare or too frequent. Chance alone "
    "counts any in one of a hundred runs."
)


def surest(log: Log) -> str:
    """What the samples do with the level that differs most surely, such as "lack job = 'cook'"; "" without one.

    The newest measurement counts.
    """
    return _last_text(log, "unlike_level") if last_value(log, "unlike_levels") > 0 else ""


def in_words(log: Log) -> tuple[str, str, str] | None:
    """The sentence on the levels that differ, the numbers behind it, and what to do; None where none differs."""
    what, count = surest(log), last_value(log, "unlike_levels")
    if not what:
        return None
    more = f" {whole(count - 1)} other{'s differ' if count > 2 else ' differs'} too." if count > 1 else ""
    remedy = f"`wgan evaluate` lists them all. More steps or a larger {setting('n_critic')} may help."
    return f"The samples {what}.", f"{_last_text(log, 'unlike_level_numbers')} have it.{more} {LIMITS}", remedy


def _last_text(log: Log, name: str) -> str:
    return next((text for text in reversed(log.get(name, ())) if isinstance(text, str)), "")
