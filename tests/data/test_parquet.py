"""Parquet files and Arrow's types: every column comes back with the type and the values that it had."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import numpy as np
import pytest
from commands import called
from frames import TINY, mixed, pd, write

from wgan import WGAN, load
from wgan.data import from_array
from wgan.data.parquet import arrow_type
from wgan.data.table import to_frame
from wgan.data.table_files import note_lines, read
from wgan.errors import WganError

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

ROWS = 60
DAY = date(2020, 1, 31)
NOON = datetime(2020, 1, 31, 12, 30, 15)
NOON_UTC = NOON.replace(tzinfo=UTC)
COUNT = range(ROWS)
# the type, and the values of its rows
TYPES = {
    "date32": (pa.date32(), [DAY + timedelta(days=7 * at) for at in COUNT]),
    "date64": (pa.date64(), [DAY + timedelta(days=7 * at) for at in COUNT]),
    "timestamp s": (pa.timestamp("s"), [NOON + timedelta(hours=at) for at in COUNT]),
    "timestamp ms": (pa.timestamp("ms"), [NOON + timedelta(milliseconds=at) for at in COUNT]),
    "timestamp us": (pa.timestamp("us"), [NOON + timedelta(microseconds=at) for at in COUNT]),
    "timestamp ns": (pa.timestamp("ns"), [NOON + timedelta(minutes=at) for at in COUNT]),
    "timestamp utc": (pa.timestamp("us", "UTC"), [NOON_UTC + timedelta(hours=at) for at in COUNT]),
    "timestamp zone": (
        pa.timestamp("us", "Europe/Berlin"),
        [NOON_UTC + timedelta(days=at) for at in COUNT],
    ),
    "time32": (pa.time32("s"), [time(at % 24, at) for at in COUNT]),
    "time64": (pa.time64("us"), [time(at % 24, at) for at in COUNT]),
    "duration": (pa.duration("us"), [timedelta(seconds=at) for at in COUNT]),
    "decimal": (pa.decimal128(10, 2), [Decimal(at) + Decimal("0.50") for at in COUNT]),
    "decimal of no places": (pa.decimal128(8, 0), [Decimal(at) for at in COUNT]),
    "decimal of many places": (pa.decimal128(12, 8), [Decimal(at) / 8 for at in COUNT]),
    "few decimals": (pa.decimal128(10, 2), [Decimal(at % 3) + Decimal("0.50") for at in COUNT]),
    "int64": (pa.int64(), [3 * at - 40 for at in COUNT]),
    "int8": (pa.int8(), list(COUNT)),
    "uint16": (pa.uint16(), list(COUNT)),
    "bool": (pa.bool_(), [at % 3 == 0 for at in COUNT]),
    "float32": (pa.float32(), [at / 4 for at in COUNT]),
    "string": (pa.string(), ["abc"[at % 3] for at in COUNT]),
    "large string": (pa.large_string(), ["abc"[at % 3] for at in COUNT]),
    "dictionary": (pa.dictionary(pa.int32(), pa.string()), ["abc"[at % 3] for at in COUNT]),
    "small dictionary": (pa.dictionary(pa.int8(), pa.large_string(), True), ["abc"[at % 3] for at in COUNT]),
    "large ids": (pa.int64(), [2**53 + 1 + 2 * (at % 20) for at in COUNT]),
    "large unsigned ids": (pa.uint64(), [2**63 + 1 + at % 20 for at in COUNT]),
    "large decimal ids": (pa.decimal128(20, 0), [Decimal(10**19 + at % 20) for at in COUNT]),
}


def table_of(name, gaps):
    kind, values = TYPES[name]
    cells = [None if gaps and at % 5 == 2 else value for at, value in enumerate(values)]
    return pa.table({"x": pa.array(cells, pa.string()).dictionary_encode().cast(kind) if pa.types.is_dictionary(kind)
                     else pa.array(cells, kind), "y": pa.array([at % 2 for at in COUNT])})  # fmt: skip


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("name", TYPES)
def test_a_parquet_file_comes_back_with_its_types_and_values(name, gaps, tmp_path):
    parquet.write_table(table_of(name, gaps), tmp_path / "x.parquet")
    table = parquet.read_table(tmp_path / "x.parquet")  # Parquet has no seconds, for instance
    dataset = read(tmp_path / "x.parquet")
    form = dataset.form
    write(form, form.decode(form.encode(dataset.rows)), tmp_path / "again.parquet")
    again = parquet.read_table(tmp_path / "again.parquet")
    assert again.schema.types == table.schema.types
    assert again["x"].to_pylist() == table["x"].to_pylist()


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("name", TYPES)
def test_a_frame_of_arrow_types_comes_back_with_its_dtypes(name, gaps):
    frame = table_of(name, gaps).to_pandas(types_mapper=pd.ArrowDtype)
    dataset = from_array(frame)
    again = to_frame(dataset.form, dataset.form.decode(dataset.form.encode(dataset.rows)))
    pd.testing.assert_series_equal(again.dtypes, frame.dtypes)
    assert again["x"].tolist() == frame["x"].tolist() or gaps
    assert (again["x"].isna() == frame["x"].isna()).all()


@pytest.mark.parametrize("name", ["date32", "decimal", "decimal of many places", "time64"])
def test_a_frame_of_objects_gets_objects_back(name):
    frame = table_of(name, True).to_pandas()
    dataset = from_array(frame)
    again = to_frame(dataset.form, dataset.form.decode(dataset.form.encode(dataset.rows)))
    assert again["x"].dtype == object
    kept = frame["x"].notna()
    assert (again["x"].notna() == kept).all()
    assert again["x"][kept].tolist() == frame["x"][kept].tolist()
    assert [type(value) for value in again["x"][kept]] == [type(value) for value in frame["x"][kept]]


def test_whole_numbers_with_gaps_are_no_doubles(tmp_path):
    table = pa.table({"x": pa.array([None if at == 3 else at for at in COUNT], pa.int64()), "y": list(COUNT)})
    assert table.to_pandas()["x"].dtype == "float64"  # as pandas has them
    parquet.write_table(table, tmp_path / "x.parquet")
    dataset = read(tmp_path / "x.parquet")
    assert to_frame(dataset.form, dataset.rows)["x"].dtype == "Int64"


def test_a_run_of_a_parquet_file_writes_its_types_again(tmp_path):
    table = pa.table({name.replace(" ", "_"): table_of(name, True)["x"] for name in TYPES})
    parquet.write_table(table, tmp_path / "x.parquet")
    table = parquet.read_table(tmp_path / "x.parquet")
    small = ["--network", "mlp", "--width", "8", "--latent", "4", "--batch", "16", "--steps", "2"]
    done = called("train", tmp_path / "x.parquet", *small, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    done = called("sample", tmp_path / "run", "-n", "30", "--out", tmp_path / "like.parquet")
    assert done.returncode == 0, done.stderr
    like = parquet.read_table(tmp_path / "like.parquet")
    assert like.schema.names == table.schema.names
    assert like.schema.types == table.schema.types
    made = load(tmp_path / "run").sample(30)
    assert str(made["int64"].dtype) == "Int64"
    assert set(made["large_ids"].dropna()) <= set(table["large_ids"].to_pylist())


def test_whole_numbers_that_are_dates_become_texts_too(tmp_path):
    frame = pd.DataFrame({"day": [20230101 + at % 28 for at in range(ROWS)], "x": np.linspace(0, 1, ROWS, dtype="f2")})
    dataset = from_array(frame)
    write(dataset.form, dataset.rows, tmp_path / "days.csv")
    assert (tmp_path / "days.csv").read_text().splitlines()[1].split(",")[0] == "20230101"


def test_a_parquet_file_keeps_the_dtypes_of_its_frame(tmp_path):
    frame = mixed().rename(columns=str)
    frame.to_parquet(tmp_path / "mixed.parquet")
    dataset = read(tmp_path / "mixed.parquet")
    write(dataset.form, dataset.rows, tmp_path / "again.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "again.parquet"), frame)
    made = WGAN(**TINY).fit(dataset).sample(4)
    pd.testing.assert_series_equal(made.dtypes, frame.dtypes)


def test_what_a_parquet_file_loses_is_said(tmp_path):
    frame = pd.DataFrame({"x": np.arange(ROWS) % 7, "day": pd.date_range("2020", periods=ROWS)}).set_index("day")
    frame.to_parquet(tmp_path / "x.parquet")
    dataset = read(tmp_path / "x.parquet")
    assert note_lines(dataset) == ["? the index day is left out; reset_index() makes columns of it"]
    fine = pd.DataFrame({"x": pd.date_range("2020", periods=ROWS, unit="ns") + pd.to_timedelta(np.arange(ROWS), "ns")})
    assert "without their nanoseconds" in dict(from_array(fine).notes)["x"]


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ([Decimal("0.12345678901234567891"), Decimal(2)], "more digits than float64 keeps"),
        ([Decimal("Infinity"), Decimal(2)], "infinite values"),
        ([b"a", b"b"], "values of type bytes"),
        ([{"a": 1}, {"a": 2}], "values of type dict"),
    ],
)
def test_what_cannot_be_learnt_gets_one_sentence(values, part):
    with pytest.raises(WganError, match=part):
        from_array(pd.DataFrame({"x": pd.Series(values * 10, dtype=object), "y": range(20)}))


@pytest.mark.parametrize("name", TYPES)
def test_a_type_is_known_by_its_name(name):
    kind, _ = TYPES[name]
    assert arrow_type(str(kind)) == kind
