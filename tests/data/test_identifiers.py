"""Columns that may name persons, and what of the data leaves the machine with a model."""

import json
import shutil

import numpy as np
import pytest
from commands import assert_refused, called
from frames import TINY, pd

from wgan import WGAN, load
from wgan.data import from_array
from wgan.data.table import FEW, IDENTIFIER, from_frame, to_frame
from wgan.errors import WganError

ROWS = 300


def names(distinct, rows=ROWS, dtype=object):
    """So many different texts in so many rows, each at least once."""
    return pd.Series([f"Person {at % distinct}" for at in range(rows)], dtype=dtype)


def frame(values):
    return pd.DataFrame({"name": values, "x": np.random.default_rng(0).normal(size=len(values))})


@pytest.mark.parametrize("dtype", [object, "str", "category", "string"])
@pytest.mark.parametrize(
    ("distinct", "rows", "refused"),
    [
        (ROWS, ROWS, True),  # all differ
        (ROWS - 1, ROWS, True),  # one twin
        (int(IDENTIFIER * ROWS) + 1, ROWS, True),
        (int(IDENTIFIER * ROWS), ROWS, False),
        (20, ROWS, False),
        (FEW, FEW + 3, False),  # few levels of a small table
        (FEW, FEW, True),
    ],
)
def test_text_of_which_most_rows_have_another_is_an_identifier(distinct, rows, refused, dtype):
    table = frame(names(distinct, rows, dtype))
    if not refused:
        assert from_array(table).form.columns[0].kind == "levels"
        return
    with pytest.raises(WganError, match=f"'name' .{distinct} different texts in {rows} rows.*identifier") as caught:
        from_array(table)
    for remedy in ("drop='name'", "column={'name': 'identifier'}", "column={'name': 'text'}"):
        assert remedy in str(caught.value)
    assert from_array(table, drop="name").rows.shape == (rows, 1)
    assert from_array(table, column="name=text").form.columns[0].kind == "levels"


def test_all_identifiers_are_named_at_once_and_one_that_is_mostly_gaps_too():
    table = frame(names(ROWS)).assign(mail=names(ROWS, dtype="str").where(np.arange(ROWS) % 10 == 0), town=names(9))
    with pytest.raises(WganError, match=r"columns 'name' .*, 'mail' .30 different texts in 30 rows.* drop='name,mail'"):
        from_array(table)


@pytest.mark.parametrize("dtype", ["int64", "uint64", "Int64"])
def test_numbers_too_large_for_a_float_are_codes_and_all_different_ones_identifiers(dtype):
    codes = pd.Series(2**53 + 1 + np.arange(ROWS) % 20, dtype=dtype)
    dataset = from_array(frame(codes))
    assert dataset.form.columns[0].kind == "levels"
    assert "codes, not numbers, since" in dict(dataset.notes)["name"]
    pd.testing.assert_series_equal(to_frame(dataset.form, dataset.rows)["name"], codes, check_names=False)
    with pytest.raises(WganError, match="identifier"):
        from_array(frame(pd.Series(2**53 + 1 + np.arange(ROWS), dtype=dtype)))


def test_nothing_of_an_identifier_is_kept_and_samples_are_numbered():
    model = WGAN(**TINY, column="name=identifier").fit(frame(names(ROWS)))
    assert model.sample(3)["name"].tolist() == ["1", "2", "3"]
    for dtype in (object, "category"):  # which keeps a list of all that it may hold
        dataset = from_array(frame(names(ROWS, dtype=dtype)), column="name=identifier")
        assert "Person" not in json.dumps(dataset.form.to_json())
        assert not dataset.rows[:, 0].any()
    assert dataset.form.encoded_shape == (1,)
    with pytest.raises(WganError, match="one value in each of its columns, or an identifier"):
        from_array(frame(names(ROWS))[["name"]], column="name=identifier")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stored")
    table = frame(names(ROWS)).assign(
        town=pd.Series(["Rome", "Oslo", "Bonn"] * (ROWS // 3)),
        price=[f"${at % 50}.25" for at in range(ROWS)],
        spike=np.where(np.arange(ROWS) % 2, 0.0, np.arange(ROWS)),
        many=names(100).str.replace("Person", "place"),
    )
    table.to_csv(folder / "people.csv", index=False)
    small = ["--network", "mlp", "--width", "8", "--latent", "4", "--batch", "16", "--steps", "2"]
    done = called("train", folder / "people.csv", *small, "--out", folder / "run", "--column", "name=identifier")
    assert done.returncode == 0, done.stderr
    return folder


def test_what_leaves_with_a_model_is_listed_and_counted(trained):
    done = called("data", "--stored", trained / "run")
    assert done.returncode == 0, done.stderr
    said = done.stdout
    config = (trained / "run" / "config.json").read_text()
    assert "Person" not in config
    assert "column name: nothing of its values" in said
    assert "column town: 3 levels\n    Bonn, Oslo, Rome\n" in said
    assert "the least is $0.25, the greatest $49.25" in said
    assert "270 to train on and 30 held out" in said
    columns = {column["name"]: column for column in json.loads(config)["data"]["form"]["columns"]}
    quantiles = sum(len(column["knots"]) for column in columns.values())
    texts = sum(isinstance(level, str) for column in columns.values() for level in column["levels"])
    assert f"in total: {texts:,} texts and {quantiles:,} quantiles from 6 columns of the data" in said
    assert texts == 103
    for level in columns["many"]["levels"]:
        assert level in said
    assert "1 of which occur in many rows" in said


def test_class_names_are_listed_and_an_array_has_its_bounds(tmp_path):
    small = ["--width", "8", "--batch", "16", "--latent", "4", "--steps", "1", "--network", "mlp"]
    assert called("train", "digits", *small, "--conditional", "auxiliary", "--out", tmp_path / "run").returncode == 0
    said = called("data", "--stored", tmp_path / "run").stdout
    assert "10 class names, with their shares:\n    0, 1, 2, 3, 4, 5, 6, 7, 8, 9\n" in said
    assert "images: the bounds 0 and 255" in said, said


def test_what_is_no_run_stores_nothing(trained, tmp_path):
    assert_refused(called("data", "--stored"), "--stored needs the folder of a run")
    assert_refused(called("data", "--stored", tmp_path), "is not a run folder")
    shutil.copytree(trained / "run", tmp_path / "broken")
    (tmp_path / "broken" / "config.json").write_text('{"config": {}, "data": {"form": 7}}')
    assert_refused(called("data", "--stored", tmp_path / "broken"), "config.json is damaged or not one of wgan's")


def test_data_of_a_file_marks_identifiers_where_train_refuses(trained):
    done = called("data", trained / "people.csv")
    assert done.returncode == 0, done.stderr
    assert "? name   identifier, see below" in done.stdout
    assert "train refuses it as an identifier: 300 different texts in 300 rows, such as 'Person 0'" in done.stdout
    assert_refused(called("train", trained / "people.csv", "--out", trained / "no"), "--column name=identifier")


def test_a_loaded_model_keeps_its_identifiers(trained):
    assert load(trained / "run").sample(2)["name"].tolist() == ["1", "2"]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ([10**8 + 7 * at for at in range(FEW + 1)], True),
        ([10**8 - 1, *(10**8 + 7 * at for at in range(FEW))], False),  # one has eight digits
        ([10**8, *(10**8 + 7 * at for at in range(FEW + 1))], False),  # one twice
        ([10**8 + 7 * at + 0.5 for at in range(FEW + 1)], False),
    ],
)
def test_long_whole_numbers_that_all_differ_are_said_to_be_possible_names(values, named):
    table = pd.DataFrame({"card": values, "x": np.linspace(0, 1, len(values))})
    notes = [text for column, text in from_array(table).notes if column == "card"]
    assert len(notes) == named
    if named:
        assert "column={'card': 'identifier'}" in notes[0]
        assert not from_array(table, column="card=integer").notes


def test_telephone_numbers_are_texts(tmp_path):
    long, short = [f"+49362780{at:03}" for at in range(60)], [f"+{at}" for at in range(1, 61)]
    for numbers, refused in ((long, True), (short, False)):
        (tmp_path / "people.csv").write_text("tel,x\n" + "".join(f"{text},{at}\n" for at, text in enumerate(numbers)))
        if refused:
            assert_refused(called("train", tmp_path / "people.csv", "--steps", "1"), "telephone number", "identifier")
        else:
            assert "tel  integer" in called("data", tmp_path / "people.csv").stdout


@pytest.mark.parametrize(
    ("written", "offered"), [("${:,.2f}", True), ("{:.1f} %", True), ("{:.2f} EUR", True), ("c{:05.0f}", False)]
)
def test_texts_of_numbers_are_offered_as_numbers(written, offered):
    values = np.random.default_rng(0).uniform(100, 9000, 400)
    frame = pd.DataFrame({"paid": [written.format(x) for x in values], "x": values})
    with pytest.raises(WganError, match="looks like an identifier") as said:
        from_frame(frame)
    assert ("read numbers with column={'paid': 'number'}" in str(said.value)) == offered
    if offered:
        assert from_frame(frame, column={"paid": "number"}).form.columns[0].kind == "number"
