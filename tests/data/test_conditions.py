"""What a generator is told of a row: encoded, stored, joined to its table again, and asked for in every way."""

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest

from wgan import WganError, data
from wgan.data.conditions import (
    DECADES,
    Columns,
    Given,
    as_given,
    condition_from_json,
    condition_of,
    in_words,
    is_label,
    of_array,
    split_given,
    told,
)
from wgan.data.labels import Classes
from wgan.data.said import said

pd = pytest.importorskip("pandas", reason="pandas is not installed")
N = 60


def people(n=N):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, n),
            "income": np.exp(rng.normal(8, 2, n)),
            "sex": rng.choice(["f", "m"], n),
            "debt": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
            "joined": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), unit="D"),
        }
    )


def given(*names, n=N):
    dataset = split_given(data.from_array(people(n)), as_given(list(names)))
    condition, values = condition_of(dataset, np.arange(n), seed=0)
    return dataset, condition, values


def test_numbers_are_standardised_and_wide_positive_ones_by_their_logarithm():
    frame, (_, condition, values) = people(), given("age", "income", "sex")
    age, log_income = frame["age"].to_numpy(float), np.log(frame["income"].to_numpy())
    assert frame["income"].max() / frame["income"].min() > DECADES
    encoded = condition.encode(values)
    expected = [(x - x.mean()) / x.std() for x in (age, log_income)]
    np.testing.assert_allclose(encoded[:, :2], np.stack(expected, 1), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(encoded[:, 2:], np.stack([frame["sex"] == level for level in "fm"], 1))
    assert (condition.numbers, condition.groups) == (2, (2,))
    assert "income" in in_words(condition)
    assert "logarithm" in in_words(condition)


@pytest.mark.parametrize(
    ("numbers", "log"),
    [
        (np.random.default_rng(0).uniform(0, 1, 500), False),  # spans decades near 0, but its logarithm is skewed
        (np.exp(np.random.default_rng(0).uniform(0, 9, 500)), True),
        (np.exp(np.random.default_rng(0).normal(0, 0.5, 500)), False),  # skewed, but within two decades
        (-np.exp(np.random.default_rng(0).uniform(0, 9, 500)), False),
    ],
)
def test_a_logarithm_is_taken_where_it_makes_numbers_less_skewed(numbers, log):
    dataset = told(data.from_array(np.random.default_rng(1).normal(size=(500, 2))), numbers)
    assert condition_of(dataset, np.arange(500), 0)[0].scales[0].log == log


def test_a_gap_has_a_unit_of_its_own_and_the_number_is_then_zero():
    frame, (_, condition, values) = people(), given("debt")
    encoded, gaps = condition.encode(values), frame["debt"].isna().to_numpy()
    assert gaps.any()
    np.testing.assert_array_equal(encoded[gaps, 0], 0)
    np.testing.assert_array_equal(encoded[:, -1] == 1, gaps)


@pytest.mark.parametrize("names", [["sex"], ["age", "joined"], ["joined", "age"], ["debt", "sex", "income"]])
def test_the_parts_of_a_table_are_joined_in_its_own_order(names):
    whole = data.from_array(people())
    dataset, condition, values = given(*names)
    assert condition.joined(dataset.form) == whole.form
    np.testing.assert_array_equal(condition.join(dataset.rows, values), whole.rows)
    assert condition.names == tuple(names)


def test_a_condition_is_read_back_from_json_with_all_that_it_draws():
    _, condition, values = given("age", "sex", "debt")
    text = json.loads(json.dumps(condition.to_json()))
    again = condition_from_json({"condition": text})
    assert again == condition
    np.testing.assert_array_equal(again.encode(values), condition.encode(values))
    draw = again.draw(np.random.default_rng(1), 500)
    assert {tuple(np.nan_to_num(row, nan=-9)) for row in draw} <= {tuple(np.nan_to_num(r, nan=-9)) for r in values}
    assert len({tuple(np.nan_to_num(row, nan=-9)) for row in draw}) > 40


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scales", []),
        ("scales", [{"offset": 0.0, "scale": 0.0, "log": False}]),
        ("drawn", []),
        ("drawn", [[1.0, 2.0]]),
        ("drawn", [[None]]),
        ("drawn", [[1e308]]),
        ("places", [0, 0]),
        ("places", [-1]),
        ("more", 1),
    ],
)
def test_a_condition_that_does_not_fit_is_refused(field, value):
    fields = given("age")[1].to_json() | {field: value}
    with pytest.raises(ValueError, match=r"condition|Expected|Object"):
        Columns.from_json(fields)


def test_few_rows_are_kept_where_a_condition_has_many_columns():
    rows = np.random.default_rng(0).normal(size=(3000, 20))
    dataset = told(data.from_array(rows), np.random.default_rng(1).normal(size=(3000, 400)))
    condition, _ = condition_of(dataset, np.arange(3000), 0)
    assert condition.rows.shape == (40, 400)
    few = condition_of(told(data.from_array(rows), rows[:, 0]), np.arange(7), 0)[0]
    assert set(few.rows[:, 0]) == set(rows[:7, 0]), "of the training rows alone"


def test_labels_and_numbers_together_are_one_condition():
    rng = np.random.default_rng(0)
    dataset = data.from_array(rng.normal(size=(30, 3)))
    codes = rng.integers(0, 3, 30)
    from dataclasses import replace

    both = replace(dataset, labels=codes, label_names=("a", "b", "c"), condition=of_array(rng.normal(size=30), 30, "x"))
    condition, values = condition_of(both, np.arange(30), 0)
    assert condition.names == ("label", "condition")
    np.testing.assert_array_equal(condition.encode(values)[:, 1:].argmax(1), codes)
    assert said(condition, "label=b,condition=1.5").values.tolist() == [[1.0, 1.5]]


@pytest.mark.parametrize(
    ("y", "label"),
    [
        ([0, 1, 2], True), (["a", "b"], True), (np.array([True, False]), True),
        ([0.5, 1.0], False), ([[1, 2], [3, 4]], False), (pd.DataFrame({"a": [1, 2]}), False),
        (np.array([0.5, 1.0], object), False), ([None, 1.5], False), ([[0.5], [1.0, 2.0]], False), ("abc", False),
        (pd.date_range("2020", periods=2), False), (np.array(["a", 1], object), True), ([1 + 2j, 0j], False),
    ],
)  # fmt: skip
def test_what_y_is(y, label):
    assert is_label(y) == label


# What is asked for.


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("age=40,sex=f", [[40, 0]]),
        ("sex=M , age=4e1", [[40, 1]]),
        ({"age": [20, 30], "sex": "m"}, [[20, 1], [30, 1]]),
        ({"sex": ["f", "m"], "age": np.float32(50)}, [[50, 0], [50, 1]]),
        ("age=20:40:3,sex=f", [[20, 0], [30, 0], [40, 0]]),
        (pd.DataFrame({"sex": ["m"], "age": [33]}), [[33, 1]]),
        (np.array([[25.0, 1.0]]), [[25, 1]]),
        (pd.Series({"sex": "m", "age": 33}), [[33, 1]]),
    ],
)
def test_a_condition_is_said_in_many_ways(asked, expected):
    found = said(given("age", "sex")[1], asked)
    np.testing.assert_array_equal(found.values, expected)
    assert found.asked == len(expected)
    assert found.warnings == ()


def test_a_file_has_a_row_for_each_condition(tmp_path):
    condition = given("age", "sex")[1]
    (tmp_path / "c.csv").write_text("sex,age\nm,20\nf,30\n")
    np.save(tmp_path / "c.npy", np.array([[20.0, 1.0], [30.0, 0.0]]))
    for name in ("c.csv", "c.npy"):
        np.testing.assert_array_equal(said(condition, tmp_path / name).values, [[20, 1], [30, 0]])


def test_a_date_is_said_as_it_is_written():
    frame, (_, condition, values) = people(), given("joined")
    first = frame["joined"][0]
    for asked in (f"joined={first:%Y-%m-%d}", {"joined": first}):
        np.testing.assert_array_equal(said(condition, asked).values, values[:1])
    with pytest.raises(WganError, match="a range is for numbers alone"):
        said(condition, "joined=2020-01-01:2020-02-01:3")


def test_what_is_not_said_varies_as_in_the_rows_that_are_alike():
    n = 400
    condition = given("age", "sex", n=n)[1]
    found = said(condition, "sex=f")
    assert found.asked == 1
    assert (found.values[:, 1] == 0).all()
    ages = people(n).query("sex == 'f'")["age"]
    assert len(set(found.values[:, 0])) > 5
    assert set(found.values[:, 0]) <= set(ages)
    two = said(condition, {"age": [20.0, 80.0]})
    assert two.asked == 2
    np.testing.assert_array_equal(two.values[:, 0], np.resize([20.0, 80.0], len(two.values)))


def test_values_beyond_the_data_are_named_with_the_distance():
    condition, age = given("age")[1], people()["age"]
    beyond = age.max() + 2 * (age.max() - age.min())
    (text,) = said(condition, {"age": beyond}).warnings
    assert "by 200% of that range" in text
    assert said(condition, {"age": [age.min(), age.max()]}).warnings == ()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("agee=4", "did you mean 'age'"), ("age=x", "give a number"), ("sex=q", "choose from: f, m"),
        ("age", "NAME=VALUE"), ("age=1,age=2", "given twice"), ("age=", "is a gap"), ("age=nan", "give a number"),
        ("age=1:2:1", "from 2 to"), ("age=1:x:3", "FIRST:LAST:COUNT"), ("age=1:2", "FIRST:LAST:COUNT"),
        ("age=1:2:3:4", "FIRST:LAST:COUNT"), ("", "NAME=VALUE"),
        ({}, "no condition is named"),
        ({"age": [1, 2, 3], "sex": ["f", "m"]}, "2 values"), ({"age": []}, "no values"), ({"age": np.nan}, "is a gap"),
        (np.zeros((3, 5)), "has shape"), ([["f", 20]], r"or name the values, such as \{'age': \d+, 'sex': 'f'\}"),
        (np.array([[20.0, 7.0]]), "stand for no level"),
        (np.array([[np.inf, 0.0]]), "finite"), (pd.DataFrame({"age": [1]}), "lacks sex"),
        (pd.DataFrame({"age": [1], "sex": ["f"], "a": [1], "b": [2]}), "has 'a', 'b' too; give the columns age, sex"),
        (pd.DataFrame({"age": [1], "sex": ["f"], **{str(k): [1] for k in range(6)}}), "'3', '4', ... too"),
        (pd.DataFrame({"age": [1], "sex": ["f"], "x": [1]}), "has 'x' too"),
        (pd.DataFrame({"age": [1], "sex": ["f"], "": [1]}), "has '' too"),
        (pd.DataFrame({"age": [1], "sex": ["z"]}), "'z'"), (pd.DataFrame({"age": [], "sex": []}), "no rows"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_gets_one_sentence(asked, words):
    with pytest.raises(WganError, match=words):
        said(given("age", "sex")[1], asked)


@pytest.mark.parametrize(
    ("value", "words"),
    [(1e300, "too far"), (-1e9, "too far"), (10**400, "an int that is no finite number"), (pd.NA, "is a gap")],
)
def test_a_number_that_no_sample_can_fit_is_refused(value, words):
    with pytest.raises(WganError, match=words) as caught:
        said(given("age")[1], {"age": value})
    assert len(str(caught.value)) < 200


def test_a_number_too_far_away_is_refused_before_it_overflows():
    condition = given("age", "sex")[1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(WganError, match="too far"):
            said(condition, {"age": 1e30})


def test_levels_that_are_numbers_have_ranges_too():
    table = data.from_array(people().assign(grade=np.arange(N) % 3 + 1))
    condition = condition_of(split_given(table, "grade"), np.arange(N), 0)[0]
    assert said(condition, "grade=1:3:3").values.tolist() == [[0.0], [1.0], [2.0]]
    with pytest.raises(WganError, match=r"unknown value of grade 1\.5"):
        said(condition, "grade=1:2:3")


@pytest.mark.parametrize("asked", [[], (), np.array([])])
def test_an_empty_list_of_labels_is_refused(asked):
    with pytest.raises(WganError, match="no label is named; give one of a, b"):
        said(Classes(("a", "b"), (0.5, 0.5)), asked)


@pytest.mark.parametrize("dtype", ["uint8", "UInt8"])
def test_a_column_of_whole_numbers_is_told_what_its_samples_can_show(dtype):
    table = data.from_array(people().assign(age=people()["age"].astype(dtype)))
    split = split_given(table, "age")
    condition = condition_of(split, np.arange(len(split.rows)), 0)[0]
    assert said(condition, {"age": [40.4, 40.6]}).values.tolist() == [[40.0], [41.0]]
    for value in (300, -1):
        with pytest.raises(WganError, match="holds 0 to 255"):
            said(condition, {"age": value})


def test_a_number_that_is_read_by_its_logarithm_is_positive_and_is_measured_by_it():
    energy = of_array(10 ** np.linspace(0, 4, 50), 50, "y")
    dataset = replace(data.from_array(np.random.default_rng(0).normal(size=(50, 2))), condition=energy)
    condition = condition_of(dataset, np.arange(50), 0)[0]
    for value in (0.0, -1.0):
        with pytest.raises(WganError, match="positive"):
            said(condition, {"condition": value})
    (text,) = said(condition, {"condition": 1e6}).warnings
    assert "by 50% of the range of its logarithm" in text
    (text,) = said(condition, {"condition": 10001.0}).warnings
    assert "by less than 1%" in text


def test_a_name_may_hold_the_sign_of_equality():
    table = data.from_array(people().rename(columns={"age": "a=b"}))
    split = split_given(table, "a=b,sex")
    condition = condition_of(split, np.arange(len(split.rows)), 0)[0]
    np.testing.assert_array_equal(said(condition, "a=b=40,sex=f").values, [[40, 0]])


def test_an_array_does_not_say_levels_that_are_numbers():
    table = data.from_array(people().assign(grade=np.arange(len(people())) % 3 + 1))
    split = split_given(table, "grade")
    condition = condition_of(split, np.arange(len(split.rows)), 0)[0]
    assert said(condition, {"grade": 3}).values.tolist() == [[2.0]]
    with pytest.raises(WganError, match="by value or by place"):
        said(condition, np.array([[1.0]]))


def test_many_conditions_take_no_more_rows_than_they_are():
    condition = given("age", "sex", n=400)[1]
    found = said(condition, {"age": np.linspace(20, 60, 2**13)})
    assert found.asked == 2**13
    assert len(found.values) <= 2**16


def test_numbers_whose_squares_overflow_are_no_condition():
    y = np.random.default_rng(0).normal(size=50) * 1e200
    dataset = told(data.from_array(np.random.default_rng(0).normal(size=(50, 2))), y)
    with pytest.raises(WganError, match="rescale"):
        condition_of(dataset, np.arange(50), 0)


def test_a_run_without_a_condition_says_so():
    with pytest.raises(WganError, match="without labels or a condition"):
        said(None, "age=3")
    assert said(None, None) is None


# What cannot be a condition.


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ("agee", "did you mean 'age'"), ("age,income,sex,debt,joined", "names all columns"),
        ("one", "has one value in every row"), ("", "not a list of names"),
    ],
)  # fmt: skip
def test_columns_that_cannot_be_given_are_refused(names, words):
    dataset = data.from_array(people().assign(one=1))
    with pytest.raises(WganError, match=words):
        split_given(dataset, as_given(names))


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (np.ones(5), "is 1 in every row"), (np.array([1.0, np.nan, 2, 3, 4]), "NaN or infinite"),
        (np.zeros((4, 2)), "there are 5 rows"), (np.zeros((5, 0)), "there are 5 rows"),
        (np.zeros((5, 3, 3)), "reshape fields"), (np.arange(5).astype("M8[D]"), "may hold texts and dates"),
        (pd.DataFrame({"a": [1.5, 2.5]}), "y has 2 rows, but X has 5"),
        (pd.DataFrame({"a": [1.5] * 5}), "one value"),
    ],
)  # fmt: skip
def test_numbers_that_cannot_be_a_condition_are_refused(y, words):
    with pytest.raises(WganError, match=words):
        told(data.from_array(np.random.default_rng(0).normal(size=(5, 2))), y)


@pytest.mark.parametrize(
    ("y", "name", "kind"),
    [
        (pd.Series(np.arange(5) / 2, name="energy"), "energy", "number"),
        (pd.Series(np.arange(5) / 2), "condition", "number"),
        (pd.Series(pd.date_range("2020", periods=5), name="day"), "day", "number"),
        (pd.Series(["a", "b", None, "a", "b"], name="sex"), "sex", "levels"),
        (pd.Series(pd.Categorical.from_codes([0, 1, -1, 0, 1], ["a", "b"]), name="sex"), "sex", "levels"),
    ],
)  # fmt: skip
def test_a_series_is_a_condition_of_its_name(y, name, kind):
    found = told(data.from_array(np.random.default_rng(0).normal(size=(5, 2))), y).condition
    assert [(str(column.name), column.kind) for column in found.form.columns] == [(name, kind)]


@pytest.mark.parametrize("names", [np.array(["age", "sex"]), pd.Index(["age", "sex"]), ["age", "sex"], ("age", "sex")])
def test_given_takes_names_as_pandas_and_numpy_hold_them(names):
    assert as_given(names) == "age,sex"


def test_an_array_has_no_columns_to_be_given():
    with pytest.raises(WganError, match="no columns with names"):
        split_given(data.from_array(np.random.default_rng(0).normal(size=(5, 2))), "a")


def test_an_npz_holds_rows_and_their_conditions(tmp_path):
    rng = np.random.default_rng(0)
    rows, numbers = rng.normal(size=(9, 2)), rng.normal(size=9)
    np.savez(tmp_path / "a.npz", rows=rows, condition=numbers)
    found = data.load(tmp_path / "a.npz")
    assert isinstance(found.condition, Given)
    np.testing.assert_array_equal(found.condition.values[:, 0], numbers)
    np.savez(tmp_path / "b.npz", rows=rows, condition=numbers[:5])
    with pytest.raises(WganError, match="there are 9 rows"):
        data.load(tmp_path / "b.npz")


@pytest.mark.parametrize(
    ("name", "meant"), [("conditions", "condition"), ("Condition", "condition"), ("label", "labels")]
)
def test_an_array_whose_name_is_a_slip_is_refused_since_it_would_be_ignored(tmp_path, name, meant):
    rows = np.random.default_rng(0).normal(size=(30, 2))
    np.savez(tmp_path / "a.npz", rows=rows, **{name: np.arange(30) / 2})
    with pytest.raises(WganError, match=f"the array {name}, which is not read; call it {meant}"):
        data.load(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", rows=rows, weather=np.arange(30) / 2)
    assert len(data.load(tmp_path / "b.npz").rows) == 30
