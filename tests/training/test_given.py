"""Runs whose samples are given numbers and columns: from a file to samples, exported files, scores and measures."""

import warnings

import numpy as np
import pytest
from commands import called

from wgan import WGAN, Config, WganError, export, load
from wgan.config import CONDITIONALS
from wgan.errors import WganWarning
from wgan.game.layers import lipschitz_bound, uses_condition
from wgan.maths.metrics.conditional import Part, distance_correlation
from wgan.training import loop
from wgan.training.given import depended_on
from wgan.training.model import load_model
from wgan.training.state import flatten, iterate, start

pd = pytest.importorskip("pandas", reason="pandas is not installed")
SMALL = {"steps": 4, "width": 8, "batch": 16, "latent": 4, "n_critic": 1, "log_every": 2, "checkpoint_every": 2}
FLAGS = [f"--{name.replace('_', '-')}={value}" for name, value in SMALL.items()]
HOW = [name for name in CONDITIONALS if name != "none"]


def people(n=120):
    rng = np.random.default_rng(0)
    age = rng.integers(18, 90, n)
    frame = {"age": age, "sex": rng.choice(["f", "m"], n), "income": np.round(age * 100 + rng.normal(0, 300, n), 1)}
    return pd.DataFrame(frame | {"result": rng.choice(["no", "yes", "later"], n)})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run on a table, given age and sex."""
    folder = tmp_path_factory.mktemp("given")
    people().to_csv(folder / "people.csv", index=False)
    done = called("train", folder / "people.csv", "--given", "age,sex", *FLAGS, "--out", folder / "run")
    assert done.returncode == 0, done.stderr
    assert "given: age (18 to 89), sex (2 levels)" in done.stderr
    return folder / "run"


def sampled(run, out, *more):
    done = called("sample", run, "--out", out, "--overwrite", *more)
    assert done.returncode == 0, done.stderr
    return pd.read_csv(out), done


def test_samples_are_whole_rows_in_the_order_of_the_table(run, tmp_path):
    frame, _ = sampled(run, tmp_path / "a.csv", "--given", "age=40,sex=f", "-n", "5")
    assert list(frame.columns) == ["age", "sex", "income", "result"]
    assert set(frame["age"]) == {40}
    assert set(frame["sex"]) == {"f"}
    assert frame["income"].nunique() > 1
    drawn, _ = sampled(run, tmp_path / "b.csv")
    assert len(drawn) == 64
    assert drawn["age"].nunique() > 10
    assert set(drawn["age"]) <= set(people()["age"])


def test_a_range_and_a_file_give_a_row_each_and_other_numbers_take_turns(run, tmp_path):
    frame, _ = sampled(run, tmp_path / "a.csv", "--given", "age=20:40:5,sex=m")
    assert frame["age"].tolist() == [20, 25, 30, 35, 40]
    (tmp_path / "c.csv").write_text("age,sex\n50,m\n60,f\n")
    frame, _ = sampled(run, tmp_path / "a.csv", "--given", str(tmp_path / "c.csv"), "-n", "4")
    assert frame["age"].tolist() == [50, 60, 50, 60]
    done = called("sample", run, "--given", "age=20:40:5", "-n", "3", "--out", tmp_path / "x.csv")
    assert done.returncode == 2
    assert "5 conditions are given for 3 samples" in done.stderr
    assert not (tmp_path / "x.csv").exists()


def test_beyond_the_data_there_is_a_warning(run, tmp_path):
    _, done = sampled(run, tmp_path / "a.csv", "--given", "age=200,sex=f")
    assert "age is 200, outside the range 18 to 89" in done.stderr
    for make in (load(run).sample, load(run).interpolate):
        with pytest.warns(WganWarning, match="extrapolated"):
            make(2, condition={"age": 200, "sex": "f"})


def test_samples_are_rejected_until_enough_meet_a_wish_on_other_columns(run, tmp_path):
    frame, done = sampled(run, tmp_path / "a.csv", "--where", "result!=no,income>0", "-n", "7")
    assert len(frame) == 7
    assert "no" not in set(frame["result"])
    assert (frame["income"] > 0).all()
    assert "are kept and the others rejected" in done.stderr
    both, _ = sampled(run, tmp_path / "b.csv", "--where", "result=yes", "--given", "age=40,sex=f", "-n", "3")
    assert set(both["result"]) == {"yes"}
    assert set(both["age"]) == {40}


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("incom>3", "did you mean 'income'"), ("income", "compares nothing"), ("result>no", "use = or !="),
        ("", "write"), ("income>x", "give a number"), ("income>1e12", "can meet: samples of income lie from"),
    ],
)  # fmt: skip
def test_a_wish_that_cannot_be_met_gets_one_sentence(run, tmp_path, monkeypatch, where, words):
    monkeypatch.setattr("wgan.training.kept.TRIED", 3000)
    done = called("sample", run, "--where", where, "--out", tmp_path / "x.csv")
    assert done.returncode == 2
    assert words in done.stderr
    assert not (tmp_path / "x.csv").exists()


def test_a_wish_on_a_column_that_is_given_is_refused_before_a_sample_is_made(run, tmp_path):
    (tmp_path / "c.csv").write_text("age,sex\n50,m\n")
    for given in ("age=40", str(tmp_path / "c.csv")):
        done = called("sample", run, "--given", given, "--where", "income>0,age>50", "--out", tmp_path / "x.csv")
        assert done.returncode == 2
        assert "--where names age, whose values --given says already" in done.stderr
    frame, _ = sampled(run, tmp_path / "y.csv", "--given", "age=40", "--where", "sex=f", "-n", "3")
    assert set(frame["sex"]) == {"f"}


@pytest.mark.parametrize("suffix", [".onnx", ".safetensors"])
def test_an_exported_file_draws_the_same_rows(run, tmp_path, suffix):
    if suffix == ".onnx":
        pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    export.export(run, file := tmp_path / f"g{suffix}")
    for more in (["--given", "age=33,sex=m", "-n", "6"], ["-n", "6", "--seed", "3"]):
        wanted, _ = sampled(run, tmp_path / "a.csv", *more)
        found, _ = sampled(file, tmp_path / "b.csv", *more)
        pd.testing.assert_frame_equal(found, wanted)


def test_a_run_is_resumed_with_the_same_conditions_and_no_others(run, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    config = Config(data=str(run.parent / "people.csv"), given="age", engine="torch", **SMALL)
    for _ in loop.train(config, out=whole):
        pass
    for record in loop.train(config, out=parts, stop=lambda step: step == 3):
        assert record["step"] <= 3
    for _ in loop.train(config, out=parts):
        pass
    name = "checkpoints/00000004/weights.safetensors"
    files = [
        next((folder / "checkpoints" / "00000004").glob("*.safetensors")).read_bytes() for folder in (whole, parts)
    ]
    assert files[0] == files[1], name
    with pytest.raises(WganError, match="given"):
        list(loop.train(config.replace(given="sex"), out=parts))


def test_a_run_is_evaluated_by_whole_rows(run):
    done = called("evaluate", run, "--samples", "100")
    assert done.returncode == 0, done.stderr
    done = called("evaluate", run, "--samples", "100", "--json")
    assert '"joint_w1"' in done.stdout
    assert called("distance", run, run.parent / "people.csv").returncode == 0
    assert called("report", run, "--out", run / "r.html").returncode == 0
    stored = called("data", "--stored", run).stdout
    assert "108 rows of what samples are given: age, sex" in stored
    assert "f, m" in stored
    assert "from 4 columns" in stored


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("constraint", ["gradient-penalty", "clip", "spectral"])
def test_the_critic_is_told_by_every_means_under_every_constraint(how, constraint):
    rng = np.random.default_rng(0)
    config = Config(network="mlp", conditional=how, constraint=constraint, engine="torch", depth=1, **SMALL)
    model = WGAN(**{n: getattr(config, n) for n in ("network", "conditional", "constraint", "engine", "depth", *SMALL)})
    model.fit(rng.normal(size=(60, 3)), rng.normal(size=(60, 2)))
    game = model._model.game
    assert uses_condition(game.architecture.generator)
    assert uses_condition(game.architecture.critic) == (how != "auxiliary")
    if constraint == "spectral":
        assert lipschitz_bound(game.architecture.critic, model.critic_, (3,))[0] <= 1 + 1e-4


def test_both_engines_take_the_same_steps():
    pytest.importorskip("jax", reason="JAX is not installed")
    rng = np.random.default_rng(0)
    from wgan.data import from_array
    from wgan.data.conditions import told

    dataset = told(from_array(rng.normal(size=(60, 3))), rng.normal(size=(60, 2)))
    found = []
    for engine in ("torch", "jax"):
        training = start(Config(network="mlp", depth=1, precision="float64", engine=engine, **SMALL), dataset)
        assert training.config.conditional == "concatenation"
        iterate(training)
        found.append(flatten(training))
    for name, one in found[0].items():
        np.testing.assert_allclose(one, found[1][name], rtol=1e-7, atol=1e-9, err_msg=name)


# Python


def test_fit_takes_columns_of_a_frame_numbers_and_a_frame_of_conditions(tmp_path):
    frame = people()
    model = WGAN(preset="table", **SMALL).fit(frame, given=["age", "sex"])
    found = model.sample(condition={"age": [30, 40, 50], "sex": "m"})
    assert found["age"].tolist() == [30, 40, 50]
    assert list(found.columns) == list(frame.columns)
    model.save(tmp_path / "run")
    again = load(tmp_path / "run").sample(condition={"age": [30, 40, 50], "sex": "m"})
    pd.testing.assert_frame_equal(found, again)
    other = WGAN(preset="table", **SMALL).fit(frame[["income", "result"]], frame[["age", "sex"]])
    assert list(other.sample(2, condition="age=30,sex=f").columns) == ["income", "result"]
    assert model.interpolate(3, condition={"age": 30, "sex": "m"})["age"].tolist() == [30] * 3
    with pytest.raises(WganError, match="2 conditions are given, but all of these samples have the same one"):
        model.interpolate(3, condition={"age": [30, 40], "sex": "m"})
    assert model.score_samples(frame).shape == (len(frame),)
    with pytest.raises(WganError, match="give one of them"):
        model.sample(label="m", condition="age=3")


def test_fit_takes_floats_and_extends_with_the_same_ones_alone():
    rng = np.random.default_rng(0)
    rows, energy = rng.normal(size=(80, 5)), rng.uniform(1, 5, 80)
    model = WGAN(**SMALL).fit(rows, energy)
    assert model.config_.conditional == "concatenation"
    assert model.sample(condition={"condition": [2.0, 3.0]}).shape == (2, 5)
    assert model.score_samples(rows[:4], energy[:4]).shape == (4,)
    for few in (None, 2.0, energy[:3], {"condition": 2.0}):
        with pytest.raises(WganError, match="condition of each row"):
            model.score_samples(rows[:4], few)
    assert model.score_samples(rows[:0], energy[:0]).shape == (0,)
    model.set_params(steps=6).fit(rows, energy, extend=True)
    with pytest.raises(WganError, match="other rows or labels"):
        model.set_params(steps=8).fit(rows, energy[::-1], extend=True)


def test_labels_that_nobody_asked_for_are_ignored_as_before():
    rng = np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = WGAN(**SMALL).fit(rng.normal(size=(60, 2)), rng.integers(0, 3, 60))
    assert model.config_.conditional == "none"


def test_images_are_given_numbers_and_files_of_samples_hold_them(tmp_path):
    rng = np.random.default_rng(0)
    rows, numbers = rng.integers(0, 256, (60, 8, 8, 1)).astype(np.uint8), rng.uniform(0.1, 1, (60, 2))
    np.savez(tmp_path / "a.npz", rows=rows, condition=numbers)
    assert "each row has a condition, which samples are given: 0, 1" in called("data", tmp_path / "a.npz").stdout
    done = called("train", tmp_path / "a.npz", *FLAGS, "--network", "dcgan", "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    done = called("sample", tmp_path / "run", "--given", "0=0.5,1=0:1:3", "--out", tmp_path / "s.npz")
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "s.npz") as found:
        assert found["rows"].shape == (3, 8, 8, 1)
        np.testing.assert_array_equal(found["condition"], [[0.5, 0], [0.5, 0.5], [0.5, 1]])
    assert load_model(tmp_path / "run").config.conditional == "concatenation"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--given", "agee"], "did you mean 'age'"), (["--given", "age,sex,income,result"], "names all columns"),
        (["--given", ""], "not a list of names"), (["--given", "age", "--conditional", "nonsense"], "conditional"),
        (["--given", "age", "--conditional", "none"], "conditional is none, but the players are told age"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_gets_one_sentence(run, tmp_path, flags, words):
    done = called("train", run.parent / "people.csv", *flags, *FLAGS, "--out", tmp_path / "x")
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") <= 3
    assert not (tmp_path / "x").exists()


def test_none_that_was_said_is_not_taken_for_the_default(tmp_path):
    frame, y = people(40), np.random.default_rng(0).normal(size=(40, 1))
    with pytest.raises(WganError, match="leave out given"):
        WGAN(preset="table", conditional="none", **SMALL).fit(frame, given="age")
    with pytest.raises(WganError, match="leave out the condition"):
        WGAN(preset="wgan-gp-toy", conditional="none", **SMALL).fit(np.zeros((40, 2)) + y, y)
    np.savez(tmp_path / "a.npz", rows=np.zeros((40, 2)) + y, condition=y)
    done = called("train", tmp_path / "a.npz", "--conditional", "none", *FLAGS, "--out", tmp_path / "run")
    assert (done.returncode, (tmp_path / "run").exists()) == (2, False)
    printed = called("train", tmp_path / "a.npz", *FLAGS, "--out", tmp_path / "run", "--dry-run")
    (tmp_path / "said.json").write_text(printed.stdout)
    assert called("train", "--config", tmp_path / "said.json", "--out", tmp_path / "run").returncode == 0


def test_a_label_is_no_condition(run, tmp_path):
    done = called("sample", run, "--label", "f", "--out", tmp_path / "x.csv")
    assert done.returncode == 2
    assert "asked to have the label 'f', but this run has no labels and is told age, sex; use --given" in done.stderr
    with pytest.raises(WganError, match="has no labels"):
        load(run).sample(2, label="f")


@pytest.mark.parametrize("out", ["x.gif", "folder", "x.tif", "x.nii.gz"])
def test_rows_of_a_table_do_not_fit_files_of_pictures(run, tmp_path, out):
    done = called("sample", run, "--out", tmp_path / out)
    assert done.returncode == 2
    assert "rows of a table; use .csv" in done.stderr
    assert not (tmp_path / out).exists()


def test_partial_fit_does_not_ignore_a_condition():
    rows = np.random.default_rng(0).normal(size=(40, 2))
    with pytest.raises(WganError, match="learns no condition"):
        WGAN(preset="wgan-gp-toy", **SMALL).partial_fit(rows, rows[:, 0])
    assert WGAN(preset="wgan-gp-toy", **SMALL).partial_fit(rows, np.arange(40) % 2).sample(2).shape == (2, 2)


def test_scores_need_a_whole_condition_for_each_row():
    frame = people(40)
    model = WGAN(preset="table", **SMALL).fit(frame, given=["age", "sex"])
    with pytest.raises(WganError, match="all of age, sex"):
        model.score_samples(frame[:1], {"age": 40})


def test_a_condition_that_a_fit_would_not_use_is_refused():
    frame, y = people(40), np.random.default_rng(0).normal(size=40)
    with pytest.raises(WganError, match="beside its columns"):
        WGAN(preset="table", **SMALL).fit(frame, y, given="age")
    with pytest.raises(WganError, match="beside its columns"):
        WGAN(preset="table", conditional="projection", **SMALL).fit(frame, frame["sex"], given="age")
    images = np.random.default_rng(0).random((4, 24, 24))
    with pytest.raises(WganError, match="images alone"):
        WGAN(preset="slices", slice_size=8, width=8, batch=12).fit(images, y[:4])


def test_rows_depend_on_a_condition_that_two_draws_of_rows_show():
    random = np.random.default_rng(0)
    condition = random.standard_normal((50, 1))
    dependent, other = condition + 0.1 * random.standard_normal((50, 1)), random.standard_normal((50, 1))
    parts = (Part("c", "number", 0, 1),)
    ((place, part, value),) = depended_on([(dependent, condition)] * 2, parts, 0)
    assert (place, part, value) == (0, parts[0], distance_correlation(dependent, condition, part, 0)[0])
    for draws in ([(dependent, condition), (other, condition)], [(other, condition), (dependent, condition)]):
        assert depended_on(draws, parts, 0) == (), "chance may show it in one"
