"""WGAN as scikit-learn's tools use it: parameters, clones, pickles, partial fits."""

import io
import pickle
import subprocess
import sys

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import estimator_checks_generator
from sklearn.utils.validation import check_is_fitted

import wgan
from wgan import WGAN, WganError, data
from wgan.config import FIELDS
from wgan.data.again import as_before
from wgan.game.constraints import Constraint, clip
from wgan.runs import folder as runs
from wgan.training import model as models

SMALL = {"steps": 3, "width": 4, "batch": 4, "latent": 2, "held_out": 0.1, "log_every": 2, "average": 0.5}
X = np.random.default_rng(0).normal([3, -2], [1, 5], (60, 2))

EXPECTED_FAILURES = {
    "check_fit1d": "an array [n] is n rows of one number, and samples are [n] too",
    "check_complex_data": "complex rows are refused in our own sentence, not in scikit-learn's",
    "check_estimators_empty_data_messages": "no columns are refused in our own sentence too",
    "check_dtype_object": "an array of objects is refused, not converted",
}


@pytest.mark.parametrize(
    ("estimator", "check"),
    list(
        estimator_checks_generator(
            WGAN(**SMALL, diagnose_every=100, engine="torch"), expected_failed_checks=EXPECTED_FAILURES, mark="skip"
        )
    ),
    ids=lambda value: getattr(getattr(value, "func", None), "__name__", None),
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def test_parameters_are_the_preset_and_every_field_and_a_clone_has_the_same():
    model = WGAN("wgan-gp", steps=7, size=None)
    assert set(model.get_params()) == {"preset", *FIELDS} - {"data"}
    assert repr(model) == "WGAN(preset='wgan-gp', size=None, steps=7)"
    twin = clone(model.set_params(learning_rate=0.5))
    assert twin.get_params() == model.get_params()
    assert twin.config == model.config == wgan.preset("wgan-gp").config.replace(steps=7, learning_rate=0.5)
    assert model.set_params(preset="wgan").config.n_critic == 5
    with pytest.raises(WganError, match="steps is -1"):
        WGAN(steps=-1).fit(X)
    with pytest.raises(WganError, match="unknown field 'stepz'; did you mean 'steps'"):
        WGAN(stepz=3)
    with pytest.raises(WganError, match="unknown field 'data'"):
        WGAN(data="digits")


def test_a_clone_is_not_fitted_and_says_so_in_both_ways():
    model = WGAN(**SMALL).fit(X)
    check_is_fitted(model)
    twin = clone(model)
    with pytest.raises(NotFittedError):
        check_is_fitted(twin)
    with pytest.raises(NotFittedError, match="call fit"):
        twin.sample()
    with pytest.raises(WganError):
        twin.score_samples(X)
    assert not hasattr(twin, "generator_")


def test_a_pickle_holds_arrays_and_plain_values_only_and_samples_the_same(tmp_path):
    model = WGAN(**SMALL, engine="torch", network="mlp", generator_norm="batch").fit(X)
    text = pickle.dumps(model)
    classes = set()

    class Watched(pickle.Unpickler):
        def find_class(self, module, name):
            classes.add((module.split(".")[0], name))
            return super().find_class(module, name)

    copy = Watched(io.BytesIO(text)).load()
    assert {name for module, name in classes if module != "numpy"} == {"WGAN"}, classes
    assert copy.get_params() == model.get_params()
    assert copy.records_ == model.records_
    np.testing.assert_array_equal(copy.sample(5, seed=2), model.sample(5, seed=2))
    np.testing.assert_array_equal(copy.score_samples(X), model.score_samples(X))
    copy.save(tmp_path / "copy")
    model.save(tmp_path / "model")
    assert runs.read_config(tmp_path / "copy") == runs.read_config(tmp_path / "model")
    np.testing.assert_array_equal(wgan.load(tmp_path / "copy").sample(5), model.sample(5))
    for each in (model, copy, wgan.load(tmp_path / "model")):
        each.partial_fit(X)
        np.testing.assert_array_equal(each.sample(5), model.sample(5), "all three continue alike")


def test_a_pickle_of_an_unfitted_model_and_of_ones_own_objects():
    assert pickle.loads(pickle.dumps(WGAN(**SMALL))).get_params() == WGAN(**SMALL).get_params()
    from wgan.game.building import dense
    from wgan.game.networks import Architecture

    own = Architecture("line", [dense(1)], [dense(2)], "he")
    with pytest.raises(WganError, match="network is an object of your own, which is not pickled"):
        pickle.dumps(WGAN(network=own, **{name: value for name, value in SMALL.items() if name != "width"}).fit(X))


def test_a_pickle_holds_members_by_name_and_refuses_what_no_pickle_could_give_back():
    model = WGAN(constraint=clip(0.1), **SMALL)
    again = pickle.loads(pickle.dumps(model))
    assert again.config == model.config
    assert (again.constraint, again.clip) == ("clip", 0.1)
    for own in (clip(0.1)._replace(name="mine"), Constraint("mine")):
        with pytest.raises(WganError, match="constraint is an object of your own, which is not pickled"):
            pickle.dumps(WGAN(constraint=own, **SMALL))


def test_partial_fit_takes_as_many_steps_as_one_pass_and_goes_on():
    fields = SMALL | {"n_critic": 2, "log_every": 1}
    model = WGAN(**fields)
    assert model.partial_fit(X) is model
    assert model.records_[-1]["step"] == 7, "54 rows to train on, 2 x 4 a step"
    first = model.generator_["00.dense.weight"]
    model.partial_fit(X[:30])
    assert model.records_[-1]["step"] == 7 + 4
    assert [r["step"] for r in model.records_] == [*range(12)], "one log"
    assert {r["learning_rate"] for r in model.records_} == {model.config.learning_rate}, "no decay"
    assert (model.generator_["00.dense.weight"] != first).any()
    # steps in two calls on the same rows are the steps of one run
    whole = WGAN(**fields | {"steps": 14, "decay": "none"}).fit(X)
    twice = WGAN(**fields).partial_fit(X).partial_fit(X)
    for name, weights in whole.generator_.items():
        np.testing.assert_array_equal(weights, twice.generator_[name], name)


def test_partial_fit_keeps_the_form_of_its_first_rows():
    images = np.random.default_rng(1).random((40, 4, 4))
    model = WGAN(**SMALL, network="mlp").partial_fit(images)
    form = model._model.form
    assert (form.low, form.high) == (0, 1)
    assert model.partial_fit(images / 2)._model.form == form
    with pytest.raises(ValueError, match="expecting 16 features as input"):
        model.partial_fit(images[:, :3])
    with pytest.raises(WganError, match="width, latent changed since partial_fit began"):
        model.set_params(latent=3, width=9).partial_fit(images)
    model.set_params(latent=2, width=4, learning_rate=1e-9)
    before = model.critic_
    model.partial_fit(images)
    assert all(np.allclose(before[name], w, atol=1e-6) for name, w in model.critic_.items()), "a rate may change"


SHADES = np.random.default_rng(2).random((40, 4, 4))
SHADES[0, 0, :2] = 0, 1
IMAGES = {
    "uint8": np.rint(255 * SHADES).astype(np.uint8),
    "uint8, dark": np.rint(SHADES).astype(np.uint8),
    "int16": np.rint(255 * SHADES).astype(np.int16),
    "int64": np.rint(255 * SHADES).astype(int),
    "bool": SHADES > 0.5,
    "float32 in [0, 1]": SHADES.astype(np.float32),
    "float64 in [0, 1]": SHADES,
    "float64 in [0, 1/2]": SHADES / 2,
    "float64 in [-1, 1]": 2 * SHADES - 1,
    "float32 in [-1, 1]": (2 * SHADES - 1).astype(np.float32),
    "floats to 255": 255 * SHADES,
    "whole floats to 255": np.rint(255 * SHADES),
    "int8": np.rint(255 * SHADES - 128).astype(np.int8),
    "int16, wide": np.rint(9000 * SHADES - 3000).astype(np.int16),
    "uint16": np.rint(65535 * SHADES).astype(np.uint16),
    "standardised": (SHADES - 0.5) / 0.2,
}


@pytest.mark.parametrize("later", IMAGES)
@pytest.mark.parametrize("first", IMAGES)
def test_a_later_calls_images_mean_what_the_firsts_do_or_are_refused(first, later):
    before, after = (data.from_array(IMAGES[name]) for name in (first, later))
    try:
        taken = as_before(IMAGES[later], after, before.form)
    except WganError as refused:
        if before.form.groups and "but only 0, 1 in the training data" in str(refused):
            return  # a few numbers are levels, and these rows have others
        assert (before.form.low, before.form.high) != (after.form.low, after.form.high)
        with pytest.raises(WganError, match=r"^X holds images of .*, but the call before had .*; give .* range\.$"):
            as_before(IMAGES[later], after, before.form)
        return
    if first == "uint8":
        assert later in ("uint8", "uint8, dark", "int16", "int64", "floats to 255", "whole floats to 255")
    encoded, own = taken.form.encode(taken.rows), after.form.encode(after.rows)
    usual = (before.form.low, before.form.high) in ((0, 255), (0, 1), (-1, 1))
    if usual and before.form.picture and after.form.picture:  # a shade is the shade that it is by itself
        np.testing.assert_allclose(encoded, own, atol=1e-6)
    elif not before.form.affine:  # a number beyond those of the first call is the nearest of them
        ends = IMAGES[first].min(), IMAGES[first].max()
        found = taken.form.decode(encoded)[..., 0]
        np.testing.assert_allclose(found, np.clip(IMAGES[later], *ends), atol=0.05 * ends[1])
    else:  # a number is the number that it was
        numbers = encoded * taken.form.scale + taken.form.offset
        np.testing.assert_allclose(numbers[..., 0], IMAGES[later], rtol=1e-5, atol=1e-2)
        assert np.dtype(before.form.dtype).kind in "f" or IMAGES[later].dtype.kind in "iu"


@pytest.mark.parametrize("later", ["float64", "int64", "uint8", "bool", "float16"])
@pytest.mark.parametrize("first", ["float64", "int64", "uint8", "bool", "float16"])
def test_a_number_of_a_table_of_any_dtype_is_that_number(first, later):
    rows = np.random.default_rng(0).integers(0, 2, (40, 3))
    before, after = (data.from_array(rows.astype(dtype)) for dtype in (first, later))
    taken = as_before(None, after, before.form)
    np.testing.assert_allclose(taken.form.encode(taken.rows), before.form.encode(before.rows), atol=1e-6)


def test_samples_of_an_array_have_its_spikes_bounds_and_dtype():
    rng = np.random.default_rng(0)
    rows = np.where(rng.random((400, 2)) < 0.7, 0, rng.exponential(size=(400, 2))).astype(np.float32)
    rows[:, 1] = rng.integers(0, 3, 400)
    model = WGAN(**SMALL | {"steps": 30, "width": 32, "batch": 64, "learning_rate": 0.01}).fit(rows)
    made = model.sample(500, seed=1)
    assert (made.dtype, made.shape) == (np.float32, (500, 2))
    assert 0.2 < (made[:, 0] == 0).mean() < 1  # a standardised column never gives 0 itself
    assert made.min() == 0
    assert made[:, 0].max() <= rows[:, 0].max()
    assert set(made[:, 1]) <= {0, 1, 2}
    model.partial_fit(rows[:200])
    rows[0, 1] = 7
    with pytest.raises(ValueError, match="column 1 has 7, but only 0, 1, 2 in the training data"):
        model.partial_fit(rows)


def test_tables_with_and_without_names_do_not_follow_each_other():
    frame = pytest.importorskip("pandas").DataFrame({"a": X[:, 0], "b": np.where(X[:, 1] > -2, "x", "y")})
    for first, later in ((frame, X), (X, frame), (frame, X.tolist()), (frame, frame.rename(columns={"a": "c"}))):
        with pytest.raises(ValueError, match=r"give (a DataFrame|X\.to_numpy\(\)|all columns of the training data)"):
            WGAN(**SMALL).partial_fit(first).partial_fit(later)
    wrong = frame.assign(a=[str(value) for value in range(60)][:30] * 2)
    with pytest.raises(ValueError, match=r"column 'a' of the table is .*, but float64 in the training data"):
        WGAN(**SMALL).partial_fit(frame).partial_fit(wrong)


def test_a_fit_that_is_interrupted_leaves_what_it_has():
    model = WGAN(**SMALL | {"log_every": 1, "steps": 100})

    class Stop(Exception):
        pass

    def stop(step, record):
        if step == 5:
            raise Stop

    with pytest.raises(Stop):
        model.fit(X, callbacks=[stop])
    assert model._model.step == 5
    assert model.sample(2).shape == (2, 2)


def test_data_frames_and_data_sets_are_taken():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = pandas.DataFrame({"size": X[:, 0], "kind": np.where(X[:, 1] > -2, "a", "b")})
    model = WGAN(**SMALL).fit(frame)
    assert list(model.sample(3).columns) == ["size", "kind"]
    other = frame[frame["kind"] == "b"]  # whose only level would have another code by itself
    scores = model.score_samples(other)
    model.partial_fit(other)
    assert model._training.dataset.form == model._model.form == data.from_array(frame).form
    np.testing.assert_array_equal(model._training.dataset.rows[:, 1], 1)
    assert scores.shape == (len(other),)
    twin = pickle.loads(pickle.dumps(model))
    assert twin.sample(5, seed=3).equals(model.sample(5, seed=3))
    dataset = data.load("8gaussians")
    model = WGAN(**SMALL).fit(dataset)
    assert model.config_.data == "8gaussians"
    assert model.n_features_in_ == 2
    with pytest.raises(ValueError, match=r"is sparse; call \.toarray"):
        WGAN(**SMALL).fit(csr_matrix(X))
    with pytest.raises(ValueError, match="1 sample"):
        WGAN(**SMALL).fit(X[:1])


def test_a_loaded_model_has_the_parameters_of_its_run(tmp_path):
    WGAN("wgan-gp", **SMALL, network="mlp").fit(X).save(tmp_path / "run")
    model = wgan.load(tmp_path / "run")
    assert model.config.replace(data="array") == model.config_
    assert model.config_.penalty_weight == 10
    assert models.load_model(tmp_path / "run").step == 3


def test_importing_the_package_imports_no_scikit_learn():
    heavy = "('sklearn', 'scipy', 'pandas', 'torch', 'jax', 'onnx', 'onnxruntime')"
    code = f"import sys, wgan, wgan.cli; wgan.Config; sys.exit(any(name in sys.modules for name in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
