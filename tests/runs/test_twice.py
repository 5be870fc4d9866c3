"""Why two numbers of one quantity differ."""

import numpy as np
import pytest

from wgan.evaluation.evaluate import ALL_METRICS
from wgan.runs.quantities import QUANTITIES
from wgan.runs.twice import CHOOSING, column_of, why_they_differ

TITLES = {name: metric.title for name, metric in ALL_METRICS.items()}


@pytest.mark.parametrize("name", ALL_METRICS)
def test_a_metric_that_is_logged_too_is_told_with_the_rows_of_the_log(name):
    log = {column: np.array([0.5, 0.4]) for column in QUANTITIES} | {"measured_rows": np.array([180.0, np.nan])}
    told = why_they_differ({name: TITLES[name]}, log)
    assert bool(told) == bool(column_of(name))
    if told:
        assert TITLES[name] in told
        assert ("180 samples" in told) != (f"{CHOOSING} samples" in told)
    assert why_they_differ({name: TITLES[name]}, {}) == ""


def test_all_metrics_share_one_sentence():
    log = {column: np.array([0.5]) for column in QUANTITIES} | {"measured_rows": np.array([180.0])}
    told = why_they_differ(TITLES, log)
    assert told.count(".") == 1
    assert "exact W1, precision, coverage and diversity from 180 samples" in told
