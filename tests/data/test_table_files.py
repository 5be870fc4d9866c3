"""What a user meets who has a table in a file: commands, and one sentence for what cannot be read."""

import sys

import numpy as np
import pytest
from commands import assert_refused, called, run
from frames import TINY, mixed, pd

from wgan import WGAN
from wgan.data import table_files
from wgan.errors import WganError
from wgan.evaluation.table_metrics import TABLE_METRICS
from wgan.training.model import load_model


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of a table, and the CSV it was trained on."""
    folder = tmp_path_factory.mktemp("table")
    mixed().drop(columns=["nothing"]).to_csv(folder / "people.csv", index=False)
    small = ["--network", "mlp", "--width", "8", "--latent", "4", "--batch", "16", "--steps", "3"]
    done = run("train", folder / "people.csv", *small, "--out", folder / "run")
    assert done.returncode == 0, done.stderr
    return folder


def test_evaluate_measures_the_columns_and_asks_which_is_the_target(finished):
    from wgan.evaluation import evaluate

    report = evaluate.evaluate(finished / "run", target="truth")
    assert set(TABLE_METRICS) <= set(report["metrics"])
    assert report["protocol"]["target"] == "truth"
    assert all(np.isfinite(report["metrics"][name]["floor"]) for name in TABLE_METRICS)
    with pytest.raises(WganError, match="unknown target 'trut'; did you mean 'truth'"):
        evaluate.evaluate(finished / "run", target="trut")


def test_the_floor_of_a_table_is_of_training_rows_and_its_real_rows_are_held_out(finished, monkeypatch):
    from wgan.evaluation import evaluate

    seen, whole = [], evaluate._measurements
    monkeypatch.setattr(evaluate, "_measurements", lambda *given: seen.append(given[1:3]) or whole(*given))
    evaluate.evaluate(finished / "run", samples=60, target="truth")
    _, (of_samples, floor) = seen
    dataset, trained, held_out = evaluate.rows_of(finished / "run", load_model(finished / "run").config)

    def told(rows):
        return sorted(row.tobytes() for row in rows)

    known, new = set(told(dataset.rows[trained])), set(told(dataset.rows[held_out]))
    assert not known & new
    assert told(of_samples.train) == told(dataset.rows[trained])
    assert (len(floor.fake), floor.train) == (60, None)
    assert set(told(floor.fake)) <= known
    for one in (of_samples, floor):
        assert set(told(one.real)) <= new
        assert one.target == of_samples.target
    assert not set(told(of_samples.fake)) & (known | new)


def test_a_run_is_sampled_after_its_data_are_gone(finished):
    data = finished / "people.csv"
    hidden = data.rename(finished / "gone")
    try:
        done = run("sample", finished / "run", "-n", 50, "--out", finished / "like.csv")
        assert done.returncode == 0, done.stderr
        done = called("sample", finished / "run", "-n", 50, "--out", finished / "like.parquet")
        assert done.returncode == 0, done.stderr
    finally:
        hidden.rename(data)
    first, again = table_files.read(data), table_files.read(finished / "like.csv")
    assert [c.name for c in again.form.columns] == [c.name for c in first.form.columns]
    like = pd.read_parquet(finished / "like.parquet")
    assert len(like) == len(again.rows) == 50
    kinds = {"whole": "int64", "truth": "bool", "nullable": "Int64", "price": "float64"}
    assert {name: str(like[name].dtype) for name in kinds} == kinds
    assert str(like["date"].dtype).startswith("datetime64")


def test_tables_with_other_levels_are_compared_by_the_columns_of_both(tmp_path):
    from wgan.evaluation.distance import distance

    for name, levels in (("a", ["u", "v", "w"]), ("b", ["w", "v"])):
        frame = pd.DataFrame({"x": np.arange(80) * 1.5, "c": np.resize(levels, 80)})
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    found = distance(str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), n=40)
    assert found.w1.value > 0
    other = distance(str(tmp_path / "b.csv"), str(tmp_path / "a.csv"), n=40)
    assert other.w1.value == pytest.approx(found.w1.value, rel=1e-9)


BAD = {
    "ragged.csv": (b"a,b\n1,2\n3,4,5\n6,7\n", "line 3 has 3 fields, but the header has 2"),
    "short.csv": (b"a,b\n1,2\n3\n", "line 3 has 1 fields, but the header has 2"),
    "empty.csv": (b"", "is empty; give a header and rows"),
    "header.csv": (b"a,b\n", "0 rows of 2 columns"),
    "twice.csv": (b"a,a\n1,2\n3,4\n", "two columns called 'a'"),
    "zeros.csv": (b"a,b\nx\0,1\n\0,2\n", "is not text but holds zero bytes"),
    "controls.csv": (b"a,b\n\x80\x01,1\n\x02,2\n", "is not text but holds control characters"),
    "names.csv": (b"name,x\nann,1\nbob,2\ncy,3\ndan,4\n", "column 'name' .*identifier.*drop='name'"),
    "infinite.csv": (b"x,y\n1,1\ninf,2\n3,1\n", "column 'x' .*infinite"),
    "constant.csv": (b"x,y\n1,1\n1,1\n", "one value in each of its columns"),
    "missing.csv": (b"x,y\n,\n,\n", "one value in each of its columns"),
    "text.parquet": (b"a,b\n1,2\n", "give a whole Parquet file"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_tables_get_one_sentence(name, tmp_path):
    content, said = BAD[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WganError, match=said) as caught:
        table_files.read(tmp_path / name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["ragged.csv", "names.csv", "zeros.csv"])
def test_bad_tables_as_commands_exit_2(name, tmp_path):
    (tmp_path / name).write_bytes(BAD[name][0])
    done = called("train", tmp_path / name, "--out", tmp_path / "run")
    assert_refused(done)
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_columns_of_one_value_or_none_are_given_back(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("x,same,none\n" + "".join(f"{i},k,\n" for i in range(40)))
    made = WGAN(**TINY).fit(table_files.read(path)).sample(5)
    assert list(made.columns) == ["x", "same", "none"]
    assert set(made["same"]) == {"k"}
    assert made["none"].isna().all()


def test_without_pandas_a_sentence_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "table.csv").write_text("x,y\n1,2\n3,4\n")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(WganError, match=r"pip install 'wgan\[table\]'"):
        table_files.read(tmp_path / "table.csv")
