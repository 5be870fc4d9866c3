"""Tables: columns to units and back, what training makes of them, and what a user who has one meets."""

import json
import subprocess
import sys
from datetime import time
from functools import cache

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.special import softmax
from scipy.stats import kstest, norm, rankdata

from wgan import WGAN, Config, load
from wgan.data import columns, form_from_json, from_array, table
from wgan.engines import get_engine, installed
from wgan.errors import WganError
from wgan.evaluation.table_metrics import TABLE_METRICS, TableSets
from wgan.training.model import load_model

pd = pytest.importorskip("pandas", reason="pandas is not installed")
pytest.importorskip("pyarrow", reason="pyarrow is not installed")

TINY = {"network": "mlp", "width": 8, "depth": 1, "latent": 4, "batch": 8, "steps": 3}


def mixed(count=400, seed=0):
    """A column of every kind."""
    random = np.random.default_rng(seed)
    day = pd.Timestamp("2020-01-01")
    frame = pd.DataFrame(
        {
            "whole": random.integers(-50, 1000, count),
            "small": random.integers(0, 100, count).astype("uint8"),
            "heavy": np.exp(3 * random.normal(size=count)),
            "price": np.round(random.gamma(2, 10, count), 2),
            "spike": np.where(random.random(count) < 0.6, 0.0, random.exponential(5, count)),
            "gaps": np.where(random.random(count) < 0.3, np.nan, random.normal(size=count)),
            "single": random.normal(size=count).astype("float32"),
            "few": random.choice([1, 2, 5], count).astype("int16"),
            "text": random.choice(["red", "green", "blue"], count, p=[0.6, 0.3, 0.1]),
            "truth": random.random(count) < 0.3,
            "date": day + pd.to_timedelta(random.integers(0, 900, count), "D"),
            "moment": pd.to_datetime(random.integers(15 * 10**8, 16 * 10**8, count), unit="s", utc=True),
            "lasted": pd.to_timedelta(random.integers(0, 10**4, count), "s"),
            "constant": "x",
            "nothing": np.nan,
            7: random.normal(size=count),
        }
    )
    frame["grade"] = pd.Categorical(random.choice(["low", "high"], count), ["low", "middle", "high"], ordered=True)
    frame["clock"] = [time(int(h), int(m)) for h, m in random.integers(0, 24, (count, 2))]
    frame["zoned"] = frame["moment"].dt.tz_convert("Europe/Berlin")
    frame["nullable"] = pd.array(random.integers(0, 99, count), "Int64")
    frame["unsure"] = pd.array(random.choice([True, False], count), "boolean")
    frame["city"] = random.choice(["here", "there"], count)
    for name in ("nullable", "unsure", "city", "date", "clock"):
        frame.loc[random.random(count) < 0.2, name] = None
    return frame


@cache
def fitted():
    return mixed(), from_array(mixed())


def reread(form):
    return form_from_json(json.loads(json.dumps(form.to_json(), allow_nan=False)))


# Columns to numbers and back.


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
    assume(not any(text[name].nunique() == text[name].count() > 1 for name in text))  # they look like identifiers
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
    form = table.read(path).form
    assert [(c.kind, c.unit) for c in form.columns] == [("number", "D"), ("levels", ""), ("number", "s")]


def test_a_parquet_file_keeps_the_dtypes_of_its_frame(tmp_path):
    frame = mixed().rename(columns=str)
    frame.to_parquet(tmp_path / "mixed.parquet")
    dataset = table.read(tmp_path / "mixed.parquet")
    table.write(dataset.form, dataset.rows, tmp_path / "again.parquet")
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


# The networks.


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_the_softmax_of_groups_is_scipys(name):
    if not installed(name):
        pytest.skip(f"{name} is not installed")
    engine = get_engine(name, "float64")
    x = np.random.default_rng(0).normal(0, 3, (5, 9))
    found = engine.numpy(engine.ops.softmax(engine.array(x), (2, 4)))
    wanted = np.concatenate([x[:, :3], softmax(x[:, 3:5], 1), softmax(x[:, 5:], 1)], 1)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


class Descent:
    """An optimiser whose update is the gradient itself, so that weights after an iteration show gradients."""

    def init(self, params):
        return {}

    def update(self, params, gradient, memory, learning_rate):
        return {name: p - learning_rate * gradient[name] for name, p in params.items()}, memory


def test_an_iteration_on_a_table_is_the_same_on_both_engines():
    if not installed("jax"):
        pytest.skip("JAX is not installed")
    from wgan.training.loop import iterate
    from wgan.training.state import flatten, start

    after = []
    for engine in ("torch", "jax"):
        fields = {"network": "hybrid", "engine": engine, "precision": "float64", "learning_rate": 0.1, "n_critic": 2}
        training = start(Config(**TINY | fields), from_array(mixed()[["heavy", "text", "gaps"]]))
        assert training.game.architecture.generator[-1]["kind"] == "softmax"
        training.game = training.game._replace(optimiser=Descent())
        training.state = training.state._replace(critic_optimiser={}, generator_optimiser={})
        before = flatten(training)
        iterate(training)
        after.append({name: value - before[name] for name, value in flatten(training).items()})
    for name, moved in after[0].items():
        assert name.endswith("bias") or np.abs(moved).max() > 0, name
        np.testing.assert_allclose(after[1][name], moved, rtol=0, atol=1e-9 * np.abs(moved).max() + 2e-14)


def test_training_brings_the_frequencies_and_what_goes_together():
    random = np.random.default_rng(0)
    kind = random.choice(["a", "b", "c"], 2000, p=[0.6, 0.3, 0.1])
    frame = pd.DataFrame(
        {"kind": kind, "b": np.where(kind == "b", random.random(2000) < 0.9, random.random(2000) < 0.1)}
    )
    frame["x"] = random.normal(size=2000) + 3 * (kind == "c")
    fields = {"width": 32, "steps": 600, "engine": "torch", "diagnose_every": 10**6}
    made = WGAN(preset="table", **fields).fit(frame).sample(2000, seed=1)
    real, fake = (x.groupby("kind").size() / len(x) for x in (frame, made))
    assert (real - fake.reindex(real.index, fill_value=0)).abs().max() < 0.08
    for name in ("b", "x"):  # three groups of at least 200: a standard error of at most 0.07
        real, fake = (x.groupby("kind")[name].mean() for x in (frame, made))
        assert (real - fake).abs().max() < 0.5 * (real.max() - real.min()), name


def test_an_estimator_gives_back_the_frame_it_was_fitted_to_and_scores_one(tmp_path):
    frame = mixed()
    model = WGAN(**TINY).fit(frame)
    made = model.sample(30, seed=1)
    pd.testing.assert_series_equal(made.dtypes, frame.dtypes)
    model.save(tmp_path / "run")
    again = load(tmp_path / "run")
    pd.testing.assert_frame_equal(again.sample(30, seed=1), made)
    scores = model.score_samples(frame)
    np.testing.assert_array_equal(again.score_samples(frame[frame.columns[::-1]]), scores)
    assert WGAN(**TINY, drop="heavy, text").fit(frame).sample(2).shape == (2, frame.shape[1] - 2)


# The measures, each against what is known of it.


def sets(real, fake, target=-1, train=None):
    form = from_array(pd.concat([f for f in (real, fake, train) if f is not None])).form
    rows = [None if f is None else table.to_rows(form, f) for f in (real, fake, train)]
    return TableSets(form, *rows, target % len(form.columns))


def gaussian(seed, count=400, rho=0.0):
    random = np.random.default_rng(seed)
    x = random.normal(size=count)
    return pd.DataFrame({"x": x, "y": rho * x + (1 - rho**2) ** 0.5 * random.normal(size=count)})


def measured(name, of):
    return TABLE_METRICS[name].measure(of)


def test_the_w1_of_a_shifted_column_is_the_shift_in_standard_deviations():
    real = gaussian(0)
    fake = real.assign(x=real.x + 0.7, y=real.y - 0.2)
    shares = measured("column_w1", sets(real, fake)).shares
    assert shares == pytest.approx([0.7 / real.x.std(ddof=0), 0.2 / real.y.std(ddof=0)])


def test_the_total_variation_counts_gaps_as_a_level():
    real = pd.DataFrame({"c": ["a"] * 50 + ["b"] * 30 + [None] * 20, "x": [np.nan] * 10 + list(range(90))})
    fake = pd.DataFrame({"c": ["a"] * 80 + ["b"] * 20, "x": [np.nan] * 40 + list(range(60))})
    assert measured("column_tv", sets(real, fake)).shares == pytest.approx([0.3, 0.3])


def test_the_difference_of_correlations_is_that_of_the_laws():
    value = measured("correlation_difference", sets(gaussian(0, 4000, 0.8), gaussian(1, 4000, 0.0))).value
    assert value == pytest.approx(0.8, abs=4 / 4000**0.5)


def test_detection_is_blind_to_another_draw_and_sure_of_another_law():
    same = measured("detection", sets(gaussian(0), gaussian(1)))
    assert abs(same.value - 0.5) < 3 * same.error
    assert measured("detection", sets(gaussian(0), gaussian(1) + 10)).value == 1


@pytest.mark.parametrize("number", [False, True])
def test_samples_of_the_law_are_as_useful_as_rows_and_shuffled_ones_are_not(number):
    def draw(seed, shuffled=False):
        frame = gaussian(seed)
        frame["target"] = frame.x + frame.y if number else np.where(frame.x > 0, "yes", "no")
        if shuffled:
            frame["target"] = frame["target"].to_numpy()[::-1]
        return frame

    good = measured("usefulness", sets(draw(0), draw(1)))
    assert good.value > 0.95
    # of one shuffling the forest learns what it has in common with x by chance, of either sign: so the mean of ten
    assert np.mean([measured("usefulness", sets(draw(0), draw(k, True))).value for k in range(1, 11)]) < 0.65
    assert good.error < 0.02


@pytest.mark.parametrize("more", [400, 4000])
def test_copies_are_nearer_to_training_and_new_rows_are_not(more):
    """Also where there are many more training rows, of which one would be nearer by their number alone."""
    train, real, new = gaussian(0, more), gaussian(1), gaussian(2)
    assert measured("nearer_to_training", sets(real, train[:400], train=train)).value == 1
    fresh = measured("nearer_to_training", sets(real, new, train=train))
    assert abs(fresh.value - 0.5) < 4 * fresh.error


# What a user meets.


def wgan(*arguments):
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "wgan", *map(str, arguments)], capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of a table, and the CSV it was trained on."""
    folder = tmp_path_factory.mktemp("table")
    mixed().drop(columns=["nothing"]).to_csv(folder / "people.csv", index=False)
    small = ["--network", "mlp", "--width", "8", "--latent", "4", "--batch", "16", "--steps", "3"]
    done = wgan("train", folder / "people.csv", *small, "--out", folder / "run")
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
        done = wgan("sample", finished / "run", "-n", 50, "--out", finished / "like.csv")
        assert done.returncode == 0, done.stderr
        done = wgan("sample", finished / "run", "-n", 50, "--out", finished / "like.parquet")
        assert done.returncode == 0, done.stderr
    finally:
        hidden.rename(data)
    first, again = table.read(data), table.read(finished / "like.csv")
    assert [c.name for c in again.form.columns] == [c.name for c in first.form.columns]
    like = pd.read_parquet(finished / "like.parquet")
    assert len(like) == len(again.rows) == 50
    kinds = {"whole": "int64", "truth": "bool", "nullable": "Int64", "price": "float64"}
    assert {name: str(like[name].dtype) for name in kinds} == kinds
    assert str(like["date"].dtype).startswith("datetime64")


def test_tables_with_other_levels_are_compared_by_the_columns_of_the_first(tmp_path):
    from wgan.evaluation.distance import distance

    for name, levels in (("a", ["u", "v", "w"]), ("b", ["w", "v"])):
        gaussian(0, 80).assign(c=np.resize(levels, 80)).to_csv(tmp_path / f"{name}.csv", index=False)
    found = distance(str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), n=40)
    assert found.w1.value > 0
    with pytest.raises(WganError, match="has 'u', which the training data lack"):
        distance(str(tmp_path / "b.csv"), str(tmp_path / "a.csv"), n=40)


BAD = {
    "ragged.csv": (b"a,b\n1,2\n3,4,5\n6,7\n", "line 3 has 3 fields, but the header has 2"),
    "short.csv": (b"a,b\n1,2\n3\n", "line 3 has 1 fields, but the header has 2"),
    "empty.csv": (b"", "is empty; give a header and rows"),
    "header.csv": (b"a,b\n", "0 rows of 2 columns"),
    "twice.csv": (b"a,a\n1,2\n3,4\n", "two columns called 'a'"),
    "latin.csv": ("a,b\ncafé,1\nthé,2\nthé,3\n".encode("latin1"), "not text in UTF-8"),
    "utf16.csv": ("a,b\nx,1\n".encode("utf-16"), "not text in UTF-8"),
    "names.csv": (b"name,x\nann,1\nbob,2\ncy,3\n", "column 'name' .*identifier.*--drop name"),
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
        table.read(tmp_path / name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["ragged.csv", "names.csv", "latin.csv"])
def test_bad_tables_as_commands_exit_2(name, tmp_path):
    (tmp_path / name).write_bytes(BAD[name][0])
    done = wgan("train", tmp_path / name, "--out", tmp_path / "run")
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("wgan: ")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_columns_of_one_value_or_none_are_given_back(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("x,same,none\n" + "".join(f"{i},k,\n" for i in range(40)))
    made = WGAN(**TINY).fit(table.read(path)).sample(5)
    assert list(made.columns) == ["x", "same", "none"]
    assert set(made["same"]) == {"k"}
    assert made["none"].isna().all()


def test_without_pandas_a_sentence_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "table.csv").write_text("x,y\n1,2\n3,4\n")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(WganError, match=r"pip install 'wgan\[table\]'"):
        table.read(tmp_path / "table.csv")


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
