"""A share has an interval inside of [0, 1], or it is withheld with a reason; no error reaches outside."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

import wgan
from wgan.evaluation.samples import words
from wgan.maths.metrics.measures import Measurement, wilson
from wgan.runs.quantities import with_error


def test_wilsons_interval_is_scipys_and_holds_the_truth():
    """Over all outcomes of 25 rows it holds in 95 % on average over shares, and it never leaves [0, 1]."""
    for hits, count in ((0, 20), (20, 20), (7, 20), (1, 500)):
        expected = wgan_independent(hits, count)
        assert wilson(hits / count, count) == pytest.approx(expected, abs=1e-6)
    shares, outcomes = np.linspace(0.02, 0.98, 49), np.arange(26)
    ends = np.array([wilson(hits / 25, 25) for hits in outcomes])
    assert (ends >= 0).all()
    assert (ends <= 1).all()
    holds = [binom(25, p).pmf(outcomes)[(ends[:, 0] <= p) & (p <= ends[:, 1])].sum() for p in shares]
    assert np.mean(holds) == pytest.approx(0.95, abs=0.01)


def wgan_independent(hits, count):
    """The ends by their definition: the shares p with |hits / count - p| = 1.96 sqrt(p (1 - p) / count)."""
    part = hits / count
    roots = np.roots([1 + 1.96**2 / count, -(2 * part + 1.96**2 / count), part**2])
    return np.sort(roots.real).clip(0, 1)


def test_a_mean_of_truth_values_has_an_interval_and_one_of_numbers_has_none():
    assert Measurement.mean(np.ones(20, bool)).interval == wilson(1.0, 20)
    assert Measurement.mean(np.ones(20)).interval is None


@pytest.mark.parametrize(
    ("value", "error", "interval", "text"),
    [
        (1.0, 0.0, (0.839, 1.0), "100 (84-100) %"),
        (0.0, 0.02, (0.0, 0.02), "0 (0-2.0) %"),
        (0.978, 0.015, (0.934, 0.993), "97.8 (93.4-99.3) %"),
        (0.9, 0.01, (0.88, 0.92), "90.0 % ± 1.0 %"),
        (1.05, 0.09, None, "105.0 % ± 9.0 %"),  # a ratio, which may be above 1
    ],
)
def test_an_error_that_reaches_outside_gives_way_to_the_interval(value, error, interval, text):
    assert with_error(value, error, "share", interval) == text


def people(rows, seed):
    draws = np.random.default_rng(seed)
    return pd.DataFrame({"job": draws.choice(list("abc"), rows), "age": draws.normal(size=rows).round(2)})


LAWS = {
    "a table": people,
    "points": lambda rows, seed: np.random.default_rng(seed).normal(size=(rows, 2)),
    "points far away": lambda rows, seed: np.random.default_rng(seed).normal(size=(rows, 2)) + 50 * (rows < 400),
}


@pytest.mark.parametrize("samples", [20, 100])
@pytest.mark.parametrize("law", LAWS)
def test_no_share_and_no_error_of_it_is_outside_of_0_and_1(law, samples):
    """Also of few samples beside many training rows, where `nearer_to_training` was 100 % ± 65 %."""
    real, train, fake = (LAWS[law](rows, rows) for rows in (400, 900, samples))
    report = wgan.evaluate(real, fake, train=train)
    for entry in report["metrics"].values():
        for interval in filter(None, (entry["interval"], entry["floor_interval"])):
            assert 0 <= interval[0] <= interval[1] <= 1
            assert interval[1] - interval[0] < 1
    lines = [line for line in words(report).splitlines() if not line.startswith("diversity")]  # a ratio
    for value, error in re.findall(r"([\d.]+) % ± ([\d.]+) %", "\n".join(lines)):
        assert 0 <= float(value) - float(error) <= float(value) + float(error) <= 100


def test_a_share_that_says_nothing_is_withheld_and_says_how_many_rows_it_needs():
    report = wgan.evaluate(people(12, 0), people(12, 2), train=people(900, 1))
    assert "nearer_to_training" not in report["metrics"]
    assert re.search(r"needs about \d+ times as many samples and real rows", report["lacking"]["nearer_to_training"])


def test_the_signs_in_the_table_are_explained_where_they_are():
    text = words(wgan.evaluate(people(400, 0), people(200, 1)))
    assert ("The numbers in brackets are the ends of a 95 % interval." in text) == bool(re.search(r"\d\) %|\d\)", text))
    assert "± is one standard error." in text
