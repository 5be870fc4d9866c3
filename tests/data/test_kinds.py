"""What a user says of a table's columns, in Python and at the command line, and what it changes."""

import json

import numpy as np
import pytest
from commands import assert_refused, called
from frames import TINY, pd, write

from wgan import WGAN, Config, load
from wgan.data import from_array
from wgan.data import load as load_data
from wgan.data.kinds import KINDS, said_kinds
from wgan.data.table import to_frame, to_rows
from wgan.data.table_files import read
from wgan.errors import WganError

ROWS = 60


def csv(tmp_path, **columns):
    frame = pd.DataFrame({name: np.resize(np.array(cells, object), ROWS) for name, cells in columns.items()})
    frame.assign(rest=np.arange(ROWS) % 2).to_csv(tmp_path / "x.csv", index=False)
    return tmp_path / "x.csv"


def first(path, kind):
    dataset = read(path, column={"x": kind})
    return dataset.form.columns[0], to_frame(dataset.form, dataset.rows)["x"]


def test_all_ways_to_say_kinds_are_one():
    wanted = ("a=b=text", "day=date:%d/%m/%Y", "zip=text")
    ways = [
        {"zip": "text", "day": "date:%d/%m/%Y", "a=b": "text"},
        ["zip=text", "a=b=text", "day=date:%d/%m/%Y"],
        wanted,
    ]
    for way in ways:
        assert said_kinds(way) == Config(column=way).column == wanted
    assert said_kinds("zip=text") == ("zip=text",)
    assert Config(column=[]).column is None
    config = Config(column=wanted)
    assert Config.from_json(json.loads(json.dumps(config.to_json()))) == config


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ("zip", "give NAME=KIND, where KIND is text, number"),
        ("zip=txt", "unknown kind of column 'zip' 'txt'; did you mean 'text'"),
        (["zip=text", "zip=number"], "says of 'zip' both text and number"),
        ("zip=text:%d", "only date takes a form"),
        ("day=date:dmy", "only date takes a form"),
        (7, "column is 7; give NAME=KIND"),
        ([7], "column is .7.; give NAME=KIND"),
    ],
)
def test_what_is_no_kind_gets_one_sentence(said, part):
    with pytest.raises(WganError, match=part):
        Config(column=said)


def test_each_kind_makes_of_a_csv_what_it_says(tmp_path):
    path = csv(tmp_path, x=[str(20230601 + at) for at in range(20)])
    column, values = first(path, "text")
    assert (column.kind, values[0]) == ("levels", "20230601")
    for kind in ("number", "integer"):
        column, values = first(path, kind)
        assert (column.kind, column.unit, values[0]) == ("number", "", 20230601)
    column, values = first(path, "date")
    assert (column.unit, values[0]) == ("D", pd.Timestamp(2023, 6, 1))
    column, values = first(path, "identifier")
    assert (column.kind, column.group, values[:3].tolist()) == ("identifier", 0, ["1", "2", "3"])
    assert not column.levels
    assert not column.knots


def test_few_numbers_are_levels_unless_the_user_says_number(tmp_path):
    path = csv(tmp_path, x=["1", "2", "5"])
    assert read(path).form.columns[0].kind == "levels"
    for kind in ("number", "integer"):
        column, values = first(path, kind)
        assert (column.kind, values.dtype) == ("number", "int64")
    assert first(path, "text")[1][:3].tolist() == ["1", "2", "5"]


def test_a_unit_is_taken_off_and_put_on_where_the_user_says_number(tmp_path):
    path = csv(tmp_path, x=["45 kg", "50 kg", "7 kg"])
    dataset = read(path, column="x=number")
    assert to_frame(dataset.form, dataset.rows)["x"][:3].tolist() == [45, 50, 7]
    write(dataset.form, dataset.rows, tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_text() == path.read_text()


def test_a_form_that_the_user_says_keeps_the_leading_zeros_as_they_came(tmp_path):
    for cells in (["1/2/2020", "11/12/2020"], ["01/02/2020", "11/12/2020"]):
        path = csv(tmp_path, x=cells)
        dataset = read(path, column="x=date:%d/%m/%Y")
        assert to_frame(dataset.form, dataset.rows)["x"][0] == pd.Timestamp(2020, 2, 1)
        write(dataset.form, dataset.rows, tmp_path / "again.csv")
        assert (tmp_path / "again.csv").read_text() == path.read_text()


MISFITS = [
    ("number", ["1", "two", "3"], "'two', which is not a number"),
    ("number", ["$1.00", "€2.00"], "'€2.00', which is not a number"),
    ("integer", ["1", "2.5", "3"], "2.5, which is not a whole number"),
    ("integer", ["1", "x"], "'x', which is not a whole number"),
    ("date", ["2023-01-01", "2023-13-01"], "'2023-13-01', which is not a date"),
    ("date", ["red", "blue"], "'red', which is not a date"),
    ("date:%d/%m/%Y", ["01/02/2020", "12/31/2020"], "'12/31/2020', which is not a date in the form %d/%m/%Y"),
    ("number", ["9007199254740993", "1"], "9007199254740993, beyond 2"),
]


@pytest.mark.parametrize(("kind", "cells", "part"), MISFITS)
def test_the_first_value_that_a_kind_does_not_fit_is_named(kind, cells, part, tmp_path):
    path = csv(tmp_path, x=cells)
    with pytest.raises(WganError, match=part.replace("*", r"\*")) as caught:
        read(path, column={"x": kind})
    assert "column 'x' of x.csv" in str(caught.value)
    texts = pd.DataFrame({"x": np.resize(np.array(cells, object), ROWS), "rest": np.arange(ROWS) % 2})
    with pytest.raises(WganError, match=part.replace("*", r"\*")):
        from_array(texts, column={"x": kind})


def frames():
    day = pd.Series(pd.date_range("2023-06-01", periods=ROWS))
    yield "text that is money", "number", pd.Series([f"${at},{at:03}.50" for at in range(1, ROWS + 1)])
    yield "text that is dates", "date", day.dt.strftime("%d.%m.%Y")
    yield "text that is times", "date", pd.Series([f"{at % 24:02}:{at:02}" for at in range(ROWS)])
    yield "whole numbers that are dates", "date", day.dt.strftime("%Y%m%d").astype(int)
    yield "numbers of few values", "number", pd.Series(np.arange(ROWS) % 3 * 1.5)
    yield "numbers as levels", "text", pd.Series(np.arange(ROWS) % 30 * 1.5)


@pytest.mark.parametrize(("name", "kind", "values"), [pytest.param(*one, id=one[0]) for one in frames()])
def test_a_frame_gets_back_the_dtype_and_the_shape_of_its_values(name, kind, values):
    frame = pd.DataFrame({"x": values, "rest": np.arange(ROWS) % 2})
    dataset = from_array(frame, column={"x": kind})
    (column, _) = dataset.form.columns
    assert column.kind == ("levels" if kind == "text" else "number")
    again = to_frame(dataset.form, dataset.form.decode(dataset.form.encode(dataset.rows)))
    pd.testing.assert_frame_equal(again, frame)
    np.testing.assert_array_equal(to_rows(dataset.form, frame[::-1]), dataset.rows[::-1])


def test_whole_numbers_of_a_frame_that_are_dates_are_read_so_and_this_is_said():
    day = pd.Series(pd.date_range("2023-06-01", periods=ROWS)).dt.strftime("%Y%m%d")
    for values in (day.astype(int), day.astype("Int64"), day.astype(float).where(np.arange(ROWS) != 3)):
        frame = pd.DataFrame({"x": values, "rest": np.arange(ROWS) % 2})
        dataset = from_array(frame)
        assert dataset.form.columns[0].unit == "D"
        assert (
            "dates, because every value is one, such as 20230601; column={'x': 'integer'}" in dict(dataset.notes)["x"]
        )
        noise = np.random.default_rng(0).normal(size=(300, *dataset.form.encoded_shape))
        made = to_frame(dataset.form, dataset.form.decode(noise))["x"]
        assert made.dtype == values.dtype
        pd.to_datetime(made.dropna().astype(int).astype(str), format="%Y%m%d")  # raises for what is no date
    assert from_array(frame, column="x=integer").form.columns[0].unit == ""


def test_a_number_of_the_row_is_said(tmp_path):
    frame = pd.DataFrame({"id": np.arange(ROWS), "steps": np.arange(ROWS), "rest": np.arange(ROWS) % 2})
    dataset = from_array(frame)
    assert [name for name, _ in dataset.notes] == ["id"]
    made = from_array(frame, column="id=identifier")
    assert to_frame(made.form, made.rows[:3])["id"].tolist() == [1, 2, 3]


def test_an_estimator_takes_kinds_and_gives_back_what_it_was_fitted_to(tmp_path):
    frame = pd.DataFrame({"x": [f"${at % 17}.50" for at in range(ROWS)], "id": [f"p{at}" for at in range(ROWS)]})
    model = WGAN(**TINY, column={"x": "number", "id": "identifier"}).fit(frame)
    made = model.sample(5)
    assert made["x"].str.fullmatch(r"\$\d+\.\d\d").all()
    assert made["id"].tolist() == ["1", "2", "3", "4", "5"]
    pd.testing.assert_series_equal(made.dtypes, frame.dtypes)
    model.save(tmp_path / "run")
    again = load(tmp_path / "run")
    assert again.config.column == ("id=identifier", "x=number")
    pd.testing.assert_frame_equal(again.sample(5), made)


def test_guesses_of_a_frame_are_warnings_of_fit():
    frame = pd.DataFrame({"x": 20230601 + np.arange(ROWS) % 30, "rest": np.arange(ROWS) % 2})
    with pytest.warns(UserWarning, match="x: dates, because every value is one"):
        WGAN(**TINY).fit(frame)


def test_a_kind_is_said_stored_resumed_and_needs_a_table(tmp_path):
    path = csv(tmp_path, zip=[f"000{at:02}" for at in range(20)], day=[f"{at:02}/01/2020" for at in range(1, 13)])
    small = ["--network", "mlp", "--width", "8", "--latent", "4", "--batch", "16", "--steps", "2"]
    command = ["train", path, *small, "--out", tmp_path / "run", "--column", "day=date:%m/%d/%Y"]
    done = called(*command)
    assert done.returncode == 0, done.stderr
    assert "? zip: text, not numbers, since '00000' begins with 0" in done.stderr
    saved = json.loads((tmp_path / "run" / "config.json").read_text())
    assert saved["config"]["column"] == ["day=date:%m/%d/%Y"]
    assert called(*command).returncode == 0
    assert_refused(called(*command, "--column", "zip=number"), "column: saved ['day=date:%m/%d/%Y']")
    assert_refused(called(*command, "--column", "zpi=text"), "unknown column of x.csv 'zpi'; did you mean 'zip'?")
    assert_refused(called("train", "digits", "--column", "a=text"), "column is only for tables")
    done = called("data", path, "--column", "day=date")
    assert "day   date, such as 01/01/2020: any from 01/01/2020 to 12/01/2020" in done.stdout, done.stdout
    other = csv(tmp_path, zip=["00001", "00002"], day=["01/01/2020", "05/01/2020"]).rename(tmp_path / "y.csv")
    csv(tmp_path, zip=["00001", "00002"], day=["01/01/2020", "05/01/2020"])
    done = called("distance", path, other, "--column", "day=date", "--n", "20")
    assert done.returncode == 0, done.stderr


def test_named_sets_and_arrays_take_no_kinds(tmp_path):
    with pytest.raises(WganError, match=r"column is only for tables .*'digits' is not one"):
        load_data("digits", column="a=text")
    with pytest.raises(WganError, match="column is only for tables with named columns"):
        from_array(np.eye(3), column="a=text")
    assert set(KINDS) == {"text", "number", "integer", "date", "identifier"}
