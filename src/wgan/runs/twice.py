"""Quantities that both the log of a run and `wgan evaluate` measure: their names, and why the two numbers differ."""

from collections.abc import Mapping

import numpy as np

from wgan.runs.quantities import QUANTITIES

CHOOSING = 512  # samples, and held-out rows of a half, at most: what chooses the best checkpoint
_OTHER_NAMES = {"exact_w1": "w1"}  # the column of a metric that has another name there
_OF_FEW_ROWS = ("precision", "coverage", "diversity", "exact_w1")  # the log takes `measured_rows` rows for these


def column_of(metric: str) -> str:
    """The column of the log that has the same quantity as a metric; "" if there is none.

    Examples:
        >>> column_of("coverage"), column_of("exact_w1"), column_of("recall")
        ('coverage', 'w1', '')
    """
    name = _OTHER_NAMES.get(metric, metric)
    return name if name in QUANTITIES else ""


def why_they_differ(titles: Mapping[str, str], log: Mapping[str, np.ndarray]) -> str:
    """Which rows the log takes for the metrics of an evaluation, in a sentence; "" if the log has none of them.

    `titles` has the title of each metric by its name.
    """
    logged = [name for name in titles if np.isfinite(np.asarray(log.get(column_of(name), np.nan), float)).any()]
    parts = []
    if others := [titles[name] for name in logged if name in _OF_FEW_ROWS]:
        rows = f"{np.nanmax(log['measured_rows']):,.0f}"
        parts.append(f"{_listed(others)} from {rows} samples, {rows} held-out rows and no features")
    if others := [titles[name] for name in logged if name not in _OF_FEW_ROWS]:
        parts.append(f"{_listed(others)} from up to {CHOOSING} samples and other held-out rows")
    return f"The log and the report's charts have {', and '.join(parts)}, so their numbers differ." if parts else ""


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
