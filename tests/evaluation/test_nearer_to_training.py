"""The measures of a table: who is nearer to training rows, and what rows at rest may be."""

from contextlib import suppress

import numpy as np
import pytest
from scipy.stats import binom

from wgan.data import from_array, table
from wgan.errors import WganError
from wgan.evaluation.table_metrics import TABLE_METRICS, TableSets

pd = pytest.importorskip("pandas", reason="pandas is not installed")


def sets(real, fake, target=-1, train=None):
    form = from_array(pd.concat([f for f in (real, fake, train) if f is not None])).form
    rows = [None if f is None else table.to_rows(form, f) for f in (real, fake, train)]
    return TableSets(form, *rows, target % len(form.columns))


def gaussian(seed, count=400):
    return pd.DataFrame(np.random.default_rng(seed).normal(size=(count, 2)), columns=["x", "y"])


def measured(name, of):
    return TABLE_METRICS[name].measure(of)


def test_a_training_row_is_found_wherever_it_lies_among_the_training_rows():
    """Ten times as many training as held-out rows: all of them are searched, not as many as were held out."""
    train, real = gaussian(0, 4000), gaussian(1)
    assert measured("nearer_to_training", sets(real, train[-400:], train=train)).value == 1
    half = pd.concat([train[-200:], gaussian(2, 200)])
    found = measured("nearer_to_training", sets(real, half, train=train))
    assert found.value - 0.5 > 3 * found.error


def levels(seed, count):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({name: rng.choice(list("abcd"), count) for name in "pqrst"})


@pytest.mark.parametrize(
    ("law", "sizes"), [(gaussian, (600, 120, 300)), (gaussian, (100, 300, 300)), (levels, (600, 120, 300))]
)
def test_the_error_of_nearer_to_training_covers_both_sets(law, sizes):
    """Of new rows |value - 0.5| is above two errors in about 5 % of repeats: 150 of them, an upper limit of 0.1 %."""
    found = []
    for seed in range(150):
        train, real, new = (law(3 * seed + k, count) for k, count in enumerate(sizes))
        found.append(measured("nearer_to_training", sets(real, new, train=train)))
    assert np.mean([abs(m.value - 0.5) > 2 * m.error for m in found]) <= binom(150, 0.05).ppf(0.999) / 150
    values = np.array([m.value for m in found])
    assert values.mean() == pytest.approx(0.5, abs=4 * values.std() / 150**0.5 + 0.005)
    assert np.mean([m.error for m in found]) == pytest.approx(values.std(), rel=0.3)


def test_copies_of_a_table_of_levels_are_nearer_to_training_and_share_ties_by_number():
    train, real = levels(0, 600), levels(1, 120)
    found = measured("nearer_to_training", sets(real, train[:300], train=train))
    assert found.value - 0.5 > 6 * found.error
    one = pd.DataFrame({"p": list("aabab")})
    form = from_array(one).form
    of = TableSets(form, table.to_rows(form, one[3:]), table.to_rows(form, one[:1]), table.to_rows(form, one[:3]), 0)
    # the sample "a" equals two of three training rows and one of two held-out rows, which count 3 / 2 times
    assert measured("nearer_to_training", of).value == pytest.approx((2 / 3) / (2 / 3 + 1 / 3 * 3 / 2))


@pytest.mark.parametrize("name", TABLE_METRICS)
def test_a_measure_of_a_table_takes_any_kind_of_number_and_refuses_other_rows(name):
    frame = ((8 * gaussian(0, 60)).round() / 8).assign(c=np.resize(list("ab"), 60), z=np.resize([0.0, 1.0, np.nan], 60))
    whole = sets(frame, frame[::-1], train=frame)
    expected = measured(name, whole)

    def given(change):
        return TableSets(whole.form, *(change(rows) for rows in (whole.real, whole.fake, whole.train)), whole.target)

    for change in (np.float32, np.float16, np.longdouble, lambda x: x.tolist(), lambda x: x.astype(object)):
        assert (
            measured(
                name,
                given(change if callable(change) and not isinstance(change, type) else lambda x, k=change: x.astype(k)),
            )
            == expected
        )
    for change, says in (
        (lambda x: x[:, :3], "has shape"),
        (lambda x: np.where(np.isnan(x), np.inf, x), "infinite"),
        (lambda x: x + 0.5, "stand for no level"),
        (lambda x: np.ma.masked_invalid(x), "masked"),
        (lambda x: x[:0], "has shape"),
        (lambda x: x.astype(str), "not an array of numbers"),
    ):
        with pytest.raises(WganError, match=says):
            given(change)
    one = TableSets(whole.form, whole.real[:1], whole.fake[:1], whole.train[:1], 0)
    with suppress(WganError):
        assert np.isfinite(measured(name, one).value)


def test_samples_that_are_all_gaps_have_no_distance_in_that_column():
    real = gaussian(0, 50).assign(x=lambda f: f.x.where(f.index > 3))
    with pytest.raises(WganError, match="'x': all samples are gaps"):
        measured("column_w1", sets(real, real.assign(x=np.nan)))
