"""Sets of rows that are read and encoded together: `--column`, `--drop` and `--kind` of `evaluate` and `distance`."""

import json

import numpy as np
import pytest
from commands import assert_refused, called

import wgan
from wgan.errors import WganError
from wgan.evaluation import distance

pd = pytest.importorskip("pandas")


def people(seed, count, kinds=("a", "b")):
    rng = np.random.default_rng(seed)
    columns = {
        "name": [f"Person {seed}-{at}" for at in range(count)],
        "zip": rng.choice(["00037", "12345", "54321"], count),
        "height": rng.normal(170 + seed, 10, count).round(1),
        "kind": rng.choice(kinds, count),
    }
    return pd.DataFrame(columns)


@pytest.fixture
def tables(tmp_path):
    people(0, 60).to_csv(tmp_path / "real.csv", index=False)
    people(5, 40, ("a", "b", "c")).to_parquet(tmp_path / "fake.parquet")
    return tmp_path / "real.csv", tmp_path / "fake.parquet"


def measured(one, other, **ways):
    """The numbers of a distance that do not depend on the clock."""
    found = distance.distance(one, other, **ways).to_json()
    return [{name: found[side][name] for name in ("lower", "upper", "value")} for side in ("w1", "floor")]


def rows_of(shape, seed, dtype="f4"):
    return (np.random.default_rng(seed).gamma(2, 1 + seed, size=shape) * 7).astype(dtype)


@pytest.mark.parametrize(
    ("shapes", "dtype"),
    [
        ([(30, 3), (20, 3)], "f8"),
        ([(30, 16, 2), (20, 16, 2)], "f4"),
        ([(30, 16, 2), (20, 16, 2)], "i2"),
        ([(30, 8, 8), (20, 8, 8, 1)], "f4"),
        ([(12, 5, 5, 5), (9, 5, 5, 5)], "f4"),
    ],
)
def test_the_distance_of_arrays_of_any_rank_does_not_depend_on_the_order(tmp_path, shapes, dtype):
    paths = [tmp_path / "a.npy", tmp_path / "b.npy"]
    for at, shape in enumerate(shapes):
        np.save(paths[at], rows_of(shape, at, dtype))
    ways = {"kind": "signals"} if len(shapes[0]) == 3 and shapes[0][-1] == 2 else {}
    forth, back = measured(*paths, **ways), measured(*paths[::-1], **ways)
    assert forth == back
    assert measured(*paths, n=9, **ways) == measured(*paths[::-1], n=9, **ways), "nor do the rows that are drawn"
    found = distance.distance(*paths[::-1], **ways)
    assert found.w1.n == tuple(shape[0] for shape in shapes[::-1])


def test_two_tables_are_encoded_together_and_a_level_of_one_alone_has_its_place(tables):
    ways = {"drop": "name", "column": "zip=text"}
    assert measured(*tables, **ways) == measured(*tables[::-1], **ways)
    found = distance.distance(*tables[::-1], **ways)
    assert found.ground == "Euclidean, columns encoded from both together"
    assert (found.w1.n, found.first) == ((40, 60), str(tables[1]))


def test_both_commands_drop_columns_and_take_kinds_as_train_does(tables):
    real, fake = tables
    for command in (["distance", real, fake], ["evaluate", "--real", real, "--fake", fake, "--features", "rows"]):
        assert_refused(called(*command), "'name'", "--drop name")
        found = json.loads(called(*command, "--drop", "name", "--json").stdout)
        assert found
        assert_refused(called(*command, "--drop", "nam"), "unknown column 'nam'; did you mean 'name'?")
        assert_refused(called(*command, "--column", "zap=text"), "unknown column 'zap'; did you mean 'zip'?")
        assert_refused(called(*command, "--drop", "name", "--kind", "signals"), "kind is only for arrays")
    numbered = called("evaluate", "--real", real, "--fake", fake, "--column", "name=identifier", "--json")
    assert numbered.returncode == 0, numbered.stderr


def test_a_column_that_one_table_lacks_can_be_dropped_from_the_other(tmp_path, tables):
    real, _ = tables
    people(1, 50).drop(columns="name").to_csv(tmp_path / "made.csv", index=False)
    made = tmp_path / "made.csv"
    for pair in ((real, made), (made, real)):
        with pytest.raises(WganError, match=r"real.csv has the column 'name', which .*made.csv lacks.*drop='name'"):
            distance.distance(*pair, column="name=text")
    assert distance.distance(real, made, drop="name").w1.value > 0
    report = wgan.evaluate(str(real), str(made), drop="name", features="rows")
    assert "column_w1" in report["metrics"]


def test_a_column_of_two_kinds_names_both_and_the_flag(tmp_path):
    whole = people(0, 30)[["zip", "height"]]
    whole.to_csv(tmp_path / "a.csv", index=False)
    whole[whole["zip"] != "00037"].to_csv(tmp_path / "b.csv", index=False)  # nothing begins with 0: read as numbers
    with pytest.raises(WganError, match=r"'zip' holds texts in .*a.csv and numbers in .*b.csv; .*={'zip': 'KIND'}"):
        distance.distance(tmp_path / "a.csv", tmp_path / "b.csv")
    assert distance.distance(tmp_path / "a.csv", tmp_path / "b.csv", column="zip=text").w1.value > 0


def test_arrays_are_evaluated_as_the_kind_that_is_said(tmp_path):
    for at, name in enumerate("ab"):
        np.save(tmp_path / f"{name}.npy", rows_of((60, 32), at))
    report = wgan.evaluate(str(tmp_path / "a.npy"), str(tmp_path / "b.npy"), kind="signals", features="rows")
    assert "spectrum" in " ".join(report["metrics"] | report["lacking"])
    plain = wgan.evaluate(str(tmp_path / "a.npy"), str(tmp_path / "b.npy"), features="rows")
    assert "spectrum" not in " ".join(plain["metrics"] | plain["lacking"])
    with pytest.raises(WganError, match="column is only for tables with named columns"):
        wgan.evaluate(np.zeros((9, 2)), np.ones((9, 2)), column="a=text")


@pytest.mark.parametrize("way", [["--drop", "x"], ["--column", "x=text"], ["--kind", "signals"]])
def test_a_run_reads_its_data_as_it_did_in_training(tmp_path, way):
    assert_refused(called("evaluate", tmp_path / "run", *way), f"{way[0]} goes without a RUN")


def test_a_target_that_no_column_has_is_refused_before_anything_is_measured(tables):
    done = called("evaluate", "--real", tables[0], "--fake", tables[1], "--drop", "name", "--target", "kin")
    assert_refused(done, "unknown target 'kin'; did you mean 'kind'?")
    assert "samples" not in done.stderr, "nothing was announced"
