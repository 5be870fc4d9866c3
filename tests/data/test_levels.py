"""Levels, gaps, spikes and pairs that samples of a table show too seldom or too often."""

import numpy as np
import pandas as pd
import pytest

from wgan.data import frequencies
from wgan.data.table import from_frame

ROWS = 3000


@pytest.fixture(scope="module")
def people():
    """A table with levels of words, of truth values and of dates, a rare level, gaps, and a spike at zero."""
    draws = np.random.default_rng(0)
    job = draws.choice(["clerk", "cook", "nurse"], ROWS)
    job[:41] = "diver"
    pay = np.where(draws.random(ROWS) < 0.3, 0, draws.lognormal(7, 1, ROWS).round(2))
    frame = pd.DataFrame(
        {
            "job": job,
            "pay": pay,
            "age": draws.normal(40, 9, ROWS),
            "city": pd.Series(draws.choice(["Bonn", "Jena"], ROWS)).mask(draws.random(ROWS) < 0.1),
            "active": draws.random(ROWS) < 0.5,
            "born": draws.choice(pd.to_datetime(["2020-01-01", "2021-05-06", "2022-07-08"]), ROWS),
        }
    )
    return from_frame(frame)


def spoilt(people, column, where, value):
    """Other rows of the table, in which the values of a column that `where` marks are replaced."""
    rows = np.array(people.rows)[np.random.default_rng(1).integers(0, ROWS, ROWS)]
    at = [one.name for one in people.form.columns].index(column)
    levels = list(people.form.columns[at].levels)
    chosen = np.isnan(rows[:, at]) if where is None else rows[:, at] == (levels.index(where) if levels else where)
    rows[chosen, at] = levels.index(value) if levels else value
    return rows


def compared(people, fake):
    real = frequencies.counted(people.form, people.rows)
    return frequencies.compare(people.form, real, frequencies.counted(people.form, fake))


CASES = {
    "a rare level": (("job", "diver", "cook"), ["lack job = 'diver'"]),
    "a spike": (("pay", 0.0, 1.0), ["lack pay = 0.0"]),
    "gaps": (("city", None, "Bonn"), ["lack a gap in city"]),
    "a truth value": (("active", True, False), ["lack active = True"]),
    "nothing": (("job", "cook", "cook"), []),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_lacking_is_named_with_its_rows(people, case):
    change, phrases = CASES[case]
    found = compared(people, spoilt(people, *change))
    named = [frequencies.phrase(one, found) for one in found.named]
    assert named[: len(phrases)] == phrases
    assert len(named) == len(phrases) or case == "a truth value"  # the other one is then twice as frequent
    for one in found.named[:1]:
        assert frequencies.numbers(one, found) == f"0 of 3,000 samples and {one.real:,} of 3,000 rows"
        assert one.real == {"a rare level": 41}.get(case, one.real)


def test_too_many_and_too_few_are_told_apart(people):
    rows = spoilt(people, "job", "cook", "cook")
    rows[:400, 0] = list(people.form.columns[0].levels).index("diver")
    found = compared(people, rows)
    assert [frequencies.phrase(one, found) for one in found.named] == ["show job = 'diver' too often"]
    swapped = frequencies.compare(
        people.form, frequencies.counted(people.form, rows), frequencies.counted(people.form, people.rows)
    )
    assert [frequencies.phrase(one, swapped) for one in swapped.named] == ["show job = 'diver' too seldom"]


def test_a_pair_that_is_lacking_is_named_and_one_whose_level_is_lacking_is_not(people):
    rows = spoilt(people, "job", "diver", "diver")
    job, city = (list(people.form.columns[at].levels) for at in (0, 3))
    rows[(rows[:, 0] == job.index("cook")) & (rows[:, 3] == city.index("Bonn")), 3] = city.index("Jena")
    single = compared(people, rows)
    assert single.named == ()
    pairs = frequencies.compare_pairs(people.form, people.rows, rows, single.named)
    phrases = [frequencies.phrase(one, pairs) for one in pairs.named]
    assert phrases[0] == "lack job = 'cook' with city = 'Bonn'"
    lacking = spoilt(people, "job", "diver", "cook")
    pairs = frequencies.compare_pairs(people.form, people.rows, lacking, compared(people, lacking).named)
    assert not any("diver" in one.name for one in pairs.named)


def test_a_table_without_levels_gaps_and_spikes_has_nothing_to_compare():
    numbers = from_frame(pd.DataFrame(np.random.default_rng(0).normal(size=(200, 2)), columns=["a", "b"]))
    assert compared(numbers, numbers.rows) is None
    assert frequencies.compare_pairs(numbers.form, numbers.rows, numbers.rows, ()) is None


def test_every_value_has_the_place_of_its_kind(people):
    """Counting by `codes_of` is counting by equality, for each column."""
    for at, column in enumerate(people.form.columns):
        codes, values = frequencies.codes_of(column, people.rows[:, at]), frequencies.values_of(column)
        for code, value in enumerate(values):
            same = np.isnan(people.rows[:, at]) if np.isnan(value) else people.rows[:, at] == value
            assert np.array_equal(codes == code, same)
