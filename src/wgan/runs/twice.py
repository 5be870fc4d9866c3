"""Quantities that both the log of a run and `wgan evaluate` measure: their names, and why the two numbers differ."""

from collections.abc import Mapping

import numpy as np

from wgan.runs.quantities import QUANTITIES

CHOOSING = 512  # samples, and held-out rows of a half, at most: what chooses the best checkpoint
_COLUMNS = {one.metric or key: key for key, one in QUANTITIES.items()}  # by the name that a metric has


def column_of(metric: str) -> str:
    """The column of the log that has the same quantity as a metric; "" if there is none.

    Examples:
        >>> column_of("coverage"), column_of("exact_w1"), column_of("recall")
        ('coverage', 'w1', '')
    """
    return _COLUMNS.get(metric, "")


def why_they_differ(titles: Mapping[str, str], log: Mapping[str, np.ndarray]) -> str:
    """Which rows the log takes for the metrics of an evaluation, in a sentence; "" if the log has none of them.

    `titles` has the title of each metric by its name.
    """
    logged = [name for name in titles if np.isfinite(np.asarray(log.get(column_of(name), np.nan), float)).any()]
    few = [name for name in logged if QUANTITIES[column_of(name)].few_rows]
    parts = []
    if others := [titles[name] for name in few]:
        rows = f"{np.nanmax(log['measured_rows']):,.0f}"
        parts.append(f"{_listed(others)} from {rows} samples, {rows} held-out rows and no features")
    if others := [titles[name] for name in logged if name not in few]:
        parts.append(f"{_listed(others)} from up to {CHOOSING} samples and other held-out rows")
    return f"The log and the report's charts have {', and '.join(parts)}, so their numbers differ." if parts else ""


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
