"""Columns of arrays: spikes, bounds and grids come back as those of tables do, and plain columns are standardised."""

import json

import numpy as np
import pytest
from data_files import one_sentence

from wgan.data import DATASETS, form_from_json, from_array, load
from wgan.data.columns import SPIKE
from wgan.data.table import from_frame
from wgan.errors import WganError

N = 2000


def drawn(seed=0):
    return np.random.default_rng(seed)


def samples(form, count=20_000):
    """What a perfect generator of normal scores, or of one-hot levels with these shares, would give."""
    return form.decode(drawn(1).normal(size=(count, *form.encoded_shape)))


def test_most_values_of_a_column_may_be_zero():
    rows = np.where(drawn().random((N, 2)) < 0.7, 0, drawn(1).lognormal(size=(N, 2)))
    made = samples(from_array(rows).form)
    shares = (rows == 0).mean(axis=0)
    # four standard errors of a share among 20,000
    np.testing.assert_allclose((made == 0).mean(axis=0), shares, atol=4 * np.sqrt(0.21 / 20_000))
    assert made.min() == 0


BOUNDED = {
    "exponential": lambda rng: rng.exponential(size=(N, 1)),
    "negated": lambda rng: -rng.exponential(size=(N, 1)),
    "uniform": lambda rng: rng.random((N, 1)) * 7 - 3,
    "shares": lambda rng: rng.beta(2, 1, (N, 1)),
    "incomes": lambda rng: rng.lognormal(10, 1, (N, 1)),
    "clipped at 1 %": lambda rng: np.clip(rng.normal(size=(N, 1)), -2.326, None),
    "angles": lambda rng: rng.uniform(-np.pi, np.pi, (N, 1)),
    "one column of three": lambda rng: np.hstack([rng.normal(size=(N, 2)), rng.exponential(size=(N, 1))]),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("make", BOUNDED.values(), ids=BOUNDED)
def test_samples_stay_within_evident_bounds(make, dtype):
    rows = make(drawn()).astype(dtype)
    form = from_array(rows).form
    made = samples(form)
    assert not form.affine
    assert made.dtype == dtype
    bounded = [at for at, column in enumerate(form.numbers) if column.kind == "number"]
    assert bounded == [rows.shape[1] - 1], "the others are plain"
    assert (made.min(axis=0) >= rows.min(axis=0))[bounded].all()
    assert (made.max(axis=0) <= rows.max(axis=0))[bounded].all()


GRIDS = {
    "counts": lambda rng: rng.poisson(30, (N, 2)),
    "few counts": lambda rng: rng.poisson(1, (N, 2)),
    "pence": lambda rng: np.round(rng.normal(50, 9, (N, 2)), 2),
    "hundreds": lambda rng: 100 * rng.poisson(30, (N, 2)),
    "steps": lambda rng: 50 + 25 * rng.integers(0, 4, (N, 2)),
    "truth": lambda rng: rng.random((N, 2)) < 0.05,
}


@pytest.mark.parametrize("dtype", ["int16", "int64", "uint32", "float32", "float64", "bool"])
@pytest.mark.parametrize("name", GRIDS)
def test_samples_lie_on_the_grid_of_the_data_in_its_dtype(name, dtype):
    rows = GRIDS[name](drawn())
    if dtype == "bool" or (name == "pence" and "int" in dtype):
        rows = rows > np.median(rows)
    rows = rows.astype(dtype)
    dataset = from_array(rows)
    form, made = dataset.form, samples(dataset.form, 2000)
    assert made.dtype == dtype
    decimals = 2 if name == "pence" else 0
    np.testing.assert_array_equal(np.round(made.astype(float), decimals).astype(dtype), made)
    assert made.min() >= rows.min()
    assert made.max() <= rows.max()
    np.testing.assert_array_equal(form.decode(form.encode(dataset.rows)), rows)


def test_a_value_below_the_share_of_a_spike_is_none():
    rows = drawn().normal(size=(1000, 1))
    for count, affine in ((int(SPIKE * 1000) - 1, True), (int(SPIKE * 1000), False)):
        spiked = rows.copy()
        spiked[:count] = 0.1234567
        assert from_array(spiked).form.affine == affine
    few = drawn().normal(size=(30, 1))
    few[:2] = few[0]
    assert from_array(few).form.affine, "two equal rows among thirty are no spike"
    few[:3] = few[0]
    assert not from_array(few).form.affine


@pytest.mark.parametrize("sign", [-1, 1])
def test_an_end_that_many_rows_share_is_a_bound(sign):
    rows = np.sort(drawn().normal(size=(1000, 1)), axis=0)
    for count, affine in ((5, True), (6, False)):  # more than five times the one row of other numbers
        clipped = rows.copy()
        clipped[:count] = rows[count - 1]
        form = from_array(sign * clipped).form
        assert form.affine == affine
    assert (sign * samples(form)).min() == rows[5, 0]


def test_rows_given_several_times_are_no_spikes_and_no_bound():
    rows = drawn().normal(size=(500, 2))
    assert from_array(np.repeat(rows, 5, axis=0)).form.affine


PLAIN = {
    "normal": lambda rng: rng.normal(size=(N, 3)),
    "normal, above 0": lambda rng: rng.normal(170, 10, (N, 3)),
    "few": lambda rng: rng.normal(size=(20, 3)),
    "wide": lambda rng: rng.normal(size=(300, 200)),
    "float32": lambda rng: rng.normal(size=(N, 3)).astype(np.float32),
    "Student": lambda rng: rng.standard_t(2, (N, 3)),
    "Laplace": lambda rng: rng.laplace(size=(N, 3)),
    "mixture": lambda rng: rng.choice([-2, 2], (N, 3)) + 0.3 * rng.normal(size=(N, 3)),
}


@pytest.mark.parametrize("make", PLAIN.values(), ids=PLAIN)
def test_plain_arrays_are_standardised(make):
    rows = make(drawn())
    form = from_array(rows).form
    assert form.affine
    np.testing.assert_allclose(form.encode(rows).std(axis=0), 1, rtol=1e-4)
    np.testing.assert_array_equal(form.offset, rows.mean(axis=0, dtype=np.float64))


@pytest.mark.parametrize("name", ["8gaussians", "25gaussians", "swissroll"])
def test_the_points_of_the_toys_are_plain_as_arrays_too(name):
    assert DATASETS[name].make(None, 0).form.kind == "points"
    assert from_array(load(name).rows).form.affine


@pytest.mark.parametrize(("n", "columns"), [(60, 1), (200, 1), (1000, 1), (200, 10)])
def test_a_normal_array_is_seldom_taken_for_another(n, columns):
    trials, rng = 2000, drawn()
    taken = sum(not from_array(rng.normal(size=(n, columns))).form.affine for _ in range(trials // columns))
    # at most four ends in a thousand arrays, where a Poisson count of mean 8 passes 18 once in a thousand
    assert taken <= 18


def test_the_levels_of_few_numbers_are_one_hot_and_an_unknown_one_is_refused():
    rows = np.column_stack([drawn().integers(0, 3, N) * 0.5, drawn(1).normal(size=N)])
    form = from_array(rows).form
    assert (form.encoded_shape, form.groups) == ((4,), (3,))
    assert set(form.encode(rows)[:, 1:].sum(axis=1)) == {1}
    with pytest.raises(WganError, match=r"column 0 has 0.7, but only 0, 0.5, 1 in the training data") as caught:
        form.encode([[0.7, 1.0]])
    one_sentence(caught)
    with pytest.raises(WganError, match="got NaN in an array that had none"):
        form.encode([[0.5, np.nan]])


def test_what_was_found_is_said(tmp_path):
    rows = np.column_stack([drawn().exponential(size=N), drawn(1).normal(size=N)])
    np.save(tmp_path / "rows.npy", rows)
    sentence = "; 1 of 2 columns is encoded as in a table, since a spike, a bound or a grid is evident"
    assert from_array(rows).source == f"a table of 2,000 rows{sentence}"
    assert load(tmp_path / "rows.npy").source == f"{tmp_path / 'rows.npy'}{sentence}"
    np.save(tmp_path / "rows.npy", rows[:, 1:])
    assert load(tmp_path / "rows.npy").source == str(tmp_path / "rows.npy")


def test_an_array_and_a_table_of_the_same_numbers_have_the_same_encoding():
    pandas = pytest.importorskip("pandas")
    rng = drawn()
    rows = np.column_stack([rng.exponential(size=N), rng.poisson(1, N), rng.poisson(40, N), rng.random(N)])
    array, table = from_array(rows), from_frame(pandas.DataFrame(rows))
    np.testing.assert_array_equal(array.form.encode(rows), table.form.encode(table.rows))


def test_a_form_of_columns_goes_through_json_and_wrong_fields_are_refused():
    rows = np.column_stack([drawn().exponential(size=50), drawn().integers(0, 2, 50)])
    form = from_array(rows).form
    text = json.dumps(form.to_json())
    assert form_from_json(json.loads(text)) == form
    broken = json.loads(text)
    broken["numbers"] = broken["numbers"][:1]
    with pytest.raises((TypeError, ValueError, WganError)):
        form_from_json(broken)


def test_dequantise_takes_whole_numbers_as_they_are():
    rows = drawn().poisson(3, (N, 2))
    form = from_array(rows).form.dequantised()
    assert form.affine
    np.testing.assert_allclose(form.encode(rows).std(axis=0), 1, rtol=1e-4)
    with pytest.raises(WganError, match="dequantise is for rows of whole numbers"):
        from_array(rows / 4).form.dequantised()
