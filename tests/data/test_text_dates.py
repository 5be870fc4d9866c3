"""Dates that a DataFrame or a Parquet file holds as text."""

import numpy as np
import pytest
from frames import pd

from wgan import data
from wgan.data.table import to_frame, to_rows
from wgan.errors import WganError

ROWS = 60
DAYS = pd.Series(pd.date_range("2019-05-20", periods=ROWS, freq="9D"))
WAYS = {
    "iso": "%Y-%m-%d",
    "moment": "%Y-%m-%d %H:%M:%S",
    "clock": "%H:%M:%S",
    "german": "%d.%m.%Y",
    "american": "%m/%d/%Y",
    "digits": "%Y%m%d",
}


def written(dtype=object):
    hours = DAYS + pd.to_timedelta(np.arange(ROWS) * 1237, "s")
    columns = {name: hours.dt.strftime(form).astype(dtype) for name, form in WAYS.items()}
    return pd.DataFrame(columns | {"x": np.sqrt(np.arange(ROWS)), "town": ["Oslo", "Bonn", "2019"] * (ROWS // 3)})


@pytest.mark.parametrize("dtype", [object, "str", "string"])
def test_text_dates_of_a_frame_are_read_as_those_of_a_csv_and_come_back_as_text(tmp_path, dtype):
    frame = written(dtype)
    frame.loc[3, "german"] = None
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    of_csv, of_parquet = (data.load(tmp_path / f"t.{suffix}") for suffix in ("csv", "parquet"))
    of_frame = data.from_array(frame)
    for dataset in (of_frame, of_parquet):
        np.testing.assert_array_equal(dataset.rows, of_csv.rows)
        assert [(c.kind, c.unit) for c in dataset.form.columns] == [(c.kind, c.unit) for c in of_csv.form.columns]
    assert [column.kind for column in of_frame.form.columns][-1] == "levels", "other text stays text"
    pd.testing.assert_frame_equal(to_frame(of_frame.form, of_frame.rows), frame)
    for dataset in (of_frame, of_csv):
        np.testing.assert_array_equal(to_rows(dataset.form, frame), dataset.rows)


def test_a_column_that_leaves_no_doubt_says_which_part_of_a_date_comes_first():
    some = DAYS[DAYS.dt.day <= 12].reset_index(drop=True)  # both orders fit
    doubtful = pd.DataFrame({"doubt": some.dt.strftime("%d/%m/%Y"), "x": np.arange(len(some)) / 7})
    (note,) = data.from_array(
        doubtful.assign(doubt=[*doubtful["doubt"][:5]] * (len(some) // 5) + ["01/02/2020"] * (len(some) % 5))
    ).notes
    assert "could have the day or the month first" in note[1]
    with pytest.raises(WganError, match=r"column={'doubt': 'date:%d/%m/%Y'} reads the day first"):
        data.from_array(doubtful)
    sure = doubtful.assign(sure=["20/05/2019", "13/06/2019"] * (len(some) // 2) + ["21/07/2019"] * (len(some) % 2))
    assert [column.unit for column in data.from_array(sure).form.columns] == ["D", "", "D"]


def test_texts_that_are_dates_but_for_one_are_offered_as_dates():
    frame = written()[["iso", "x"]]
    frame.loc[7, "iso"] = "soon"
    with pytest.raises(
        WganError, match=r"of the DataFrame looks like an identifier.*read dates with column={'iso': 'date'}"
    ):
        data.from_array(frame)
    with pytest.raises(WganError) as caught:
        data.from_array(frame.assign(iso=[f"Person {at}" for at in range(ROWS)]))
    assert "date" not in str(caught.value)
    with pytest.raises(WganError, match="of the DataFrame holds 'soon', which is not a date"):
        data.from_array(frame, column="iso=date")
