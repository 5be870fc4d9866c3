"""Columns of DataFrames to units and back, and rows of another DataFrame in the form of the first."""

import json
from datetime import time
from functools import cache

import numpy as np
import pytest
from frames import mixed, pd, write
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.stats import kstest, norm, rankdata

from wgan.data import columns, form_from_json, from_array, table, table_files
from wgan.errors import WganError


@cache
def fitted():
    return mixed(), from_array(mixed())


def reread(form):
    return form_from_json(json.loads(json.dumps(form.to_json(), allow_nan=False)))


def test_a_frame_comes_back_from_rest_exactly_and_from_its_encoding_with_every_dtype():
    frame = mixed()
    dataset = from_array(frame)
    assert dataset.rows.shape == frame.shape
    pd.testing.assert_frame_equal(table.to_frame(dataset.form, dataset.rows), frame)
    form = reread(dataset.form)
    assert form == dataset.form
    encoded = form.encode(dataset.rows)
    assert encoded.dtype == np.float32
    assert encoded.shape == (len(frame), *form.encoded_shape)
    back = table.to_frame(form, form.decode(encoded))
    pd.testing.assert_series_equal(back.dtypes, frame.dtypes)
    for name in ["whole", "small", "price", "few", "text", "truth", "grade", "unsure", "city", "constant", "nullable"]:
        pd.testing.assert_series_equal(back[name], frame[name])
    for name in ["date", "clock", "nothing"]:
        pd.testing.assert_series_equal(back[name], frame[name])
    for name in ["heavy", "spike", "gaps", "single", 7]:
        np.testing.assert_allclose(back[name], frame[name], rtol=1e-4, atol=1e-4)
    assert (back["zoned"] - frame["zoned"]).abs().max() < pd.Timedelta("10min")  # of three years: 6e-8 times 1e8 s


NUMBERS = st.floats(-1e9, 1e9, width=64).map(lambda x: 0.0 if abs(x) < 1e-9 else x)
GAPPED = {
    "float64": st.one_of(NUMBERS, st.none()),
    "int64": st.integers(-(10**6), 10**6),
    "Int64": st.one_of(st.integers(0, 10**6), st.none()),
    "bool": st.booleans(),
    "str": st.one_of(st.text(max_size=3), st.none()),
    "datetime64[us]": st.one_of(st.datetimes(pd.Timestamp("1900-01-01"), pd.Timestamp("2100-01-01")), st.none()),
}


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 40), st.lists(st.sampled_from(sorted(GAPPED)), min_size=1, max_size=4))
def test_any_table_comes_back(data, count, dtypes):
    columns = {
        f"{number}": pd.Series(data.draw(st.lists(GAPPED[dtype], min_size=count, max_size=count)), dtype=dtype)
        for number, dtype in enumerate(dtypes)
    }
    frame = pd.DataFrame(columns)
    frame["varies"] = np.arange(count) % 2 == 0
    text = frame.select_dtypes("str")
    for name in text:  # that does not look like an identifier
        distinct, kept = text[name].nunique(), text[name].count()
        assume(distinct < max(2, kept) and (distinct <= table.FEW or distinct <= table.IDENTIFIER * kept))
    assume(count > 1)
    dataset = from_array(frame)
    form = reread(dataset.form)
    pd.testing.assert_frame_equal(table.to_frame(form, dataset.rows), frame)
    back = form.decode(form.encode(dataset.rows))
    assert (np.isnan(back) == np.isnan(dataset.rows)).all()
    for at, column in enumerate(form.columns):
        x, y = (rows[~np.isnan(rows[:, at]), at] for rows in (dataset.rows, back))
        if column.kind != "number":
            np.testing.assert_array_equal(x, y)
        elif len(x):
            assert (y >= x.min()).all()
            assert (y <= x.max()).all()
            assert np.abs(x - y).max() <= 1e-5 * (x.max() - x.min()) + (column.decimals == 0)


@settings(max_examples=60, deadline=None)
@given(arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.floats(-100, 100, width=32)))
def test_whatever_a_generator_puts_out_decodes_to_values_of_the_data(noise):
    frame, dataset = fitted()
    encoded = np.resize(noise, (20, *dataset.form.encoded_shape))
    back = table.to_frame(dataset.form, dataset.form.decode(encoded))
    pd.testing.assert_series_equal(back.dtypes, frame.dtypes)
    for name in ["whole", "small", "heavy", "price", "spike", "gaps", "single", 7, "moment", "lasted", "date"]:
        assert (back[name].dropna() >= frame[name].min()).all(), name
        assert (back[name].dropna() <= frame[name].max()).all(), name
    for name in ["few", "text", "truth", "grade", "city", "constant"]:
        assert set(back[name].dropna()) <= set(frame[name].dropna()), name
    assert back["nothing"].isna().all()
    whole = set(frame.columns[frame.notna().all()])
    assert not back[[name for name in frame.columns if name in whole]].isna().any().any()


def test_numbers_become_normal_scores_and_levels_indicators():
    random = np.random.default_rng(0)
    x = random.permutation(np.exp(random.normal(size=200)))
    form = from_array(pd.DataFrame({"x": x, "c": list("abab") * 50})).form
    encoded = form.encode(np.stack([x, np.arange(200) % 2], 1))
    np.testing.assert_allclose(encoded[:, 0], norm.ppf((rankdata(x) - 0.5) / 200), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(encoded[:, 1:], np.eye(2)[np.arange(200) % 2])


def test_normal_scores_decode_to_the_law_of_the_column_its_spike_included():
    random = np.random.default_rng(1)
    x = np.where(random.random(20_000) < 0.7, 0.0, random.standard_cauchy(20_000))
    form = from_array(pd.DataFrame({"x": x})).form
    assert len(form.columns[0].knots) <= columns.KNOTS + 2
    drawn = form.decode(norm.ppf((np.arange(20_000) + 0.5) / 20_000)[:, None])[:, 0]
    assert np.mean(drawn == 0) == pytest.approx(np.mean(x == 0), abs=1e-3)
    assert kstest(drawn[drawn != 0], x[x != 0]).statistic < 0.01


def test_rare_levels_share_a_unit_and_come_back_as_often_as_they_are():
    names = [f"n{i}" for i in range(800)]
    counts = np.where(np.arange(800) < 600, 5, 2)
    frame = pd.DataFrame({"name": np.repeat(names, counts)})
    dataset = from_array(frame)
    (column,) = dataset.form.columns
    assert dataset.form.encoded_shape == (table.MOST_LEVELS,)
    encoded = np.zeros((7000, table.MOST_LEVELS), np.float32)
    encoded[:, -1] = 1
    drawn = dataset.form.decode(encoded)[:, 0].astype(int)
    assert drawn.min() == column.kept
    wanted = np.array(column.counts[column.kept :]) / sum(column.counts[column.kept :])
    found = np.bincount(drawn - column.kept, minlength=len(wanted)) / len(drawn)
    np.testing.assert_allclose(found, wanted, atol=2e-3)


def test_iso_dates_are_read_as_dates_and_others_stay_text(tmp_path):
    path = tmp_path / "dates.csv"
    path.write_text(
        "iso;local;at\n" + "".join(f"2020-01-{d:02};{d % 3}/01/2020;{d % 24:02}:30\n" for d in range(1, 29))
    )
    form = table_files.read(path).form
    assert [(c.kind, c.unit) for c in form.columns] == [("number", "D"), ("levels", ""), ("number", "s")]


def test_a_parquet_file_keeps_the_dtypes_of_its_frame(tmp_path):
    frame = mixed().rename(columns=str)
    frame.to_parquet(tmp_path / "mixed.parquet")
    dataset = table_files.read(tmp_path / "mixed.parquet")
    write(dataset.form, dataset.rows, tmp_path / "again.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "again.parquet"), frame)


def test_another_frame_is_read_by_the_form_of_the_first_and_what_is_unknown_is_named():
    frame = mixed()
    dataset = from_array(frame)
    shuffled = frame[frame.columns[::-1]]
    np.testing.assert_array_equal(table.to_rows(dataset.form, shuffled), dataset.rows)
    midnight = frame.assign(moment=pd.Timestamp("2020-01-01", tz="UTC"), date=pd.Timestamp("2020-01-02"))
    at = [column.name for column in dataset.form.columns].index("moment")
    assert set(table.to_rows(dataset.form, midnight)[:, at]) == {1_577_836_800}  # still in seconds
    with pytest.raises(WganError, match="'text' of the table has 'violet'"):
        table.to_rows(dataset.form, frame.assign(text="violet"))
    with pytest.raises(WganError, match="lacks the column 'price'"):
        table.to_rows(dataset.form, frame.drop(columns="price"))
    with pytest.raises(WganError, match="'price' of the table has gaps"):
        table.to_rows(dataset.form, frame.assign(price=np.nan))


WIDE = list(range(20))  # more values than are taken for levels
COLUMNS = {
    "int64": pd.Series(WIDE), "uint64": pd.Series(WIDE, dtype="uint64"), "Int64": pd.Series(WIDE, dtype="Int64"),
    "float32": pd.Series(WIDE, dtype="float32"), "bool": pd.Series([True, False] * 10),
    "text": pd.Series([str(value % 5) for value in WIDE]), "category": pd.Series(list("abcde" * 4), dtype="category"),
    "datetime": pd.Series(pd.to_datetime(WIDE, unit="D")), "zoned": pd.Series(pd.to_datetime(WIDE, unit="D", utc=True)),
    "timedelta": pd.Series(pd.to_timedelta(WIDE, "D")), "time": pd.Series([time(value) for value in WIDE]),
    "complex": pd.Series(np.array(WIDE) * 1j), "huge": pd.Series([*WIDE[1:], 2**53 + 1]),
    "infinite": pd.Series([*WIDE[1:], np.inf]), "lists": pd.Series([[value] for value in WIDE]),
    "gaps": pd.Series([None] * 20, dtype=object),
}  # fmt: skip
NUMBERS = {"int64", "uint64", "Int64", "float32"}


@pytest.mark.parametrize("later", COLUMNS)
@pytest.mark.parametrize("first", ["int64", "float32", "bool", "text", "category", "datetime", "timedelta", "time"])
def test_rows_of_another_table_mean_the_same_or_are_refused(first, later):
    dataset = table.from_frame(pd.DataFrame({"x": COLUMNS[first], "y": WIDE}))
    frame = pd.DataFrame({"x": COLUMNS[later], "y": WIDE})
    alike = first == later or {first, later} <= NUMBERS or {first, later} == {"datetime", "zoned"}
    if not alike and not (first in NUMBERS and later == "bool"):
        with pytest.raises(WganError, match="column 'x' of the table"):
            table.to_rows(dataset.form, frame)
        return
    wanted = dataset.rows if alike else np.column_stack([COLUMNS["bool"].to_numpy(float), WIDE])
    np.testing.assert_array_equal(table.to_rows(dataset.form, frame), wanted)


@pytest.mark.parametrize("kind", ["int64", "uint64", "Int64", "UInt64", "datetime64[us]", "timedelta64[us]"])
@pytest.mark.parametrize("over", [1, 3, 2**40 + 1])
def test_a_column_beyond_the_integers_of_float64_is_refused(kind, over):
    numbers = np.array([*WIDE, 2**53 + over], np.int64)
    with pytest.raises(WganError, match=r"beyond 2\*\*53"):
        table.from_frame(pd.DataFrame({"x": pd.Series(numbers.view(kind) if "64[" in kind else numbers, dtype=kind)}))


def test_a_column_that_is_to_be_dropped_has_to_be_there():
    with pytest.raises(WganError, match="drop names 'hevy'"):
        from_array(mixed(), drop="hevy")
    with pytest.raises(WganError, match=r"column 'z' .* holds values of type list"):
        from_array(pd.DataFrame({"z": [[1], [2]], "x": [1.0, 2.0]}))
    with pytest.raises(WganError, match="dequantise is for arrays"):
        from_array(mixed()).form.dequantised()
