"""Training in a Python session: a bar, callbacks, Ctrl-C, and names that other libraries have."""

import signal
import threading
from pathlib import Path

import numpy as np
import pytest
from commands import assert_refused, called

import wgan
from wgan import WganError
from wgan.config import FIELDS, Config
from wgan.config.other_names import OTHER_NAMES
from wgan.errors import WganWarning

SMALL = {"width": 4, "batch": 4, "latent": 2, "network": "mlp", "engine": "torch", "log_every": 2, "diagnose_every": 3}
ROWS = np.random.default_rng(0).normal(size=(60, 2))


def test_fit_is_silent_by_default_and_says_its_steps_if_verbose(capfd):
    silent = wgan.WGAN(**SMALL, steps=6).fit(ROWS)
    assert capfd.readouterr() == ("", "")
    said = wgan.WGAN(**SMALL, steps=6).fit(ROWS, verbose=1)
    out, err = capfd.readouterr()
    assert out == ""
    assert "step 6/6: estimate" in err
    np.testing.assert_array_equal(silent.sample(3), said.sample(3))
    with pytest.raises(WganError, match="verbose is 2; give 0"):
        silent.fit(ROWS, verbose=2)


def test_a_verbose_fit_names_the_preset_that_suits_the_data_better(capfd):
    signals = np.random.default_rng(0).normal(size=(40, 16, 2)).cumsum(1)
    for preset, named in (("default", True), ("signals", False)):
        wgan.WGAN(preset, kind="signals", network="mlp", width=8, batch=8, steps=2).fit(signals, verbose=1)
        said = capfd.readouterr().err
        assert ("the preset signals suits them. This model has the preset default" in said) == named


def test_a_field_of_the_model_is_no_argument_of_fit_and_the_answer_says_where_it_goes():
    for name, value in (("kind", "signals"), ("steps", 3), ("epochs", 3)):
        with pytest.raises(WganError, match=f"fit has no argument '{name}'; set it when you make the model: WGAN"):
            wgan.WGAN(**SMALL, steps=2).fit(ROWS, **{name: value})


def test_warnings_of_fit_name_the_line_of_the_user():
    signals = np.random.default_rng(0).normal(size=(40, 16, 3))
    with pytest.warns(UserWarning, match="signals") as seen:
        wgan.WGAN("signals", network="mlp", width=8, batch=8, steps=1).fit(signals)
    assert {Path(one.filename).name for one in seen} == {Path(__file__).name}


def test_callbacks_see_each_record_and_the_model_and_stop_it():
    model, seen = wgan.WGAN(**SMALL, steps=100), []

    def watch(step, record):
        seen.append((step, record, model.sample(1)))

    model.fit(ROWS, callbacks=[lambda step, record: np.bool_(step >= 6), watch])
    assert [step for step, _, _ in seen] == [0, 2, 3, 4, 6]
    assert [record for _, record, _ in seen] == model.records_
    assert model.records_[-1]["step"] == 6
    whole = wgan.WGAN(**SMALL, steps=100).fit(ROWS)
    model.fit(ROWS, extend=True)
    np.testing.assert_array_equal(model.sample(5), whole.sample(5), "a stopped run continues as if it had not stopped")


def test_what_is_no_callback_is_refused():
    for wrong in (print, [3], {1: print}):
        with pytest.raises(WganError, match="give a list of functions"):
            wgan.WGAN(**SMALL, steps=1).fit(ROWS, callbacks=wrong)
    with pytest.raises(WganError, match="the callback <lambda> returned 'stop'; return True to stop"):
        wgan.WGAN(**SMALL, steps=1).fit(ROWS, callbacks=[lambda step, record: "stop"])


@pytest.fixture
def default_handler():
    """Python's own handler of Ctrl-C: a shell starts a command in the background with Ctrl-C ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("default_handler")
def test_ctrl_c_loses_nothing():
    def press(step, record):
        if step == 4:
            signal.raise_signal(signal.SIGINT)

    handler = signal.getsignal(signal.SIGINT)
    model = wgan.WGAN(**SMALL, steps=100)
    with pytest.warns(WganWarning, match="Ctrl-C stopped the training at step 5 of 100; the model is fitted up to"):
        assert model.fit(ROWS, callbacks=[press]) is model
    assert signal.getsignal(signal.SIGINT) is handler
    assert model.records_[-1]["step"] == 5
    assert model.sample(2).shape == (2, 2)
    whole = wgan.WGAN(**SMALL, steps=100).fit(ROWS)
    model.fit(ROWS, extend=True)
    np.testing.assert_array_equal(model.sample(5), whole.sample(5))

    def press_twice(step, record):
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        model.fit(ROWS, callbacks=[press_twice])
    assert signal.getsignal(signal.SIGINT) is handler
    assert model.sample(2).shape == (2, 2), "even then the model is as far as it came"


def test_a_thread_trains_and_a_handler_of_others_stays():
    made = []
    thread = threading.Thread(target=lambda: made.append(wgan.WGAN(**SMALL, steps=1).fit(ROWS)))
    thread.start()
    thread.join()
    assert made[0].records_[-1]["step"] == 1
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        wgan.WGAN(**SMALL, steps=1).fit(
            ROWS, callbacks=[lambda step, record: made.append(signal.getsignal(signal.SIGINT))]
        )
    finally:
        signal.signal(signal.SIGINT, before)
    assert made[1] is signal.SIG_IGN


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("random_state", "use seed. seed: "),
        ("epochs", "use steps. steps: "),
        ("lr", "use learning_rate. learning_rate: "),
        ("betas", "use beta1 and beta2. beta1: Adam's"),
        ("Batch-Size", "use batch. batch: "),
        ("verbose", "it is an argument of fit"),
        ("n_samples", "n is the number of samples"),
        ("discriminator", "use network. network: "),
    ],
)
def test_a_name_of_another_library_is_answered_with_the_field_that_is_meant(name, meant):
    calls = (Config, wgan.WGAN, wgan.WGAN().set_params, Config().replace, lambda **more: Config.from_json(more))
    for call in calls:
        with pytest.raises(WganError) as caught:
            call(**{name: 1})
        assert str(caught.value).startswith(f"unknown field {name!r}; ")
        assert meant in str(caught.value)
    with pytest.raises(ValueError, match="unknown field"):  # scikit-learn's tools expect this kind
        wgan.WGAN().set_params(**{name: 1})


def test_an_argument_of_another_library_is_answered_with_ours_or_with_the_field():
    model = wgan.WGAN()
    said = {
        "fit has no argument 'epochs'; set it when you make the model: WGAN(steps=...)": lambda: model.fit(
            [1], epochs=3
        ),
        "sample has no argument 'n_samples'; n is the number of samples": lambda: model.sample(n_samples=3),
        "sample has no argument 'random_state'; use seed": lambda: model.sample(3, random_state=3),
    }
    for words, call in said.items():
        with pytest.raises(WganError) as caught:
            call()
        assert str(caught.value).startswith(words)
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        model.sample(colour=1)
    with pytest.raises(WganError, match="unknown argument of sample 'conditions'; did you mean 'condition'"):
        model.sample(conditions={})


WRONG = {
    "path is an int; give a path": lambda model: model.save(3),
    "path is a NoneType; give a path": lambda model: model.report(None),
    "run is empty; give a path": lambda model: wgan.load(""),
    "the data is a list; give a path": lambda model: wgan.data.load([1]),
    "out is an int; give a path": lambda model: list(wgan.train(Config(data="digits"), out=3)),
    "seed is 'a'; it must be a whole number of at least 0": lambda model: model.sample(2, seed="a"),
    "seed is 1.5; it must be": lambda model: model.sample(2, seed=1.5),
    "seed is None; it must be": lambda model: model.interpolate(2, seed=None),
    "n is 'x'; it must be": lambda model: model.interpolate("x"),
    "the callback <lambda> cannot be called with a step and its record": lambda model: model.fit(
        ROWS, callbacks=[lambda: 1]
    ),
    "config is a str, not a Config; give one, such as wgan.Config(data='digits')": lambda model: list(
        wgan.train("digits")
    ),
    "evaluate compares two sets of rows, real and fake, and fake is not given": lambda model: wgan.evaluate("runs/x"),
}


@pytest.mark.parametrize("words", WRONG)
def test_a_value_of_the_wrong_kind_is_one_sentence(words):
    with pytest.raises(WganError) as caught:
        WRONG[words](wgan.WGAN(**SMALL, steps=0).fit(ROWS))
    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value)


def test_a_callback_may_take_more_than_it_is_given():
    def two_or_more(step, record, more=None, *rest, **named):
        seen.append(step)

    seen = []
    wgan.WGAN(**SMALL, steps=2).fit(ROWS, callbacks=[two_or_more, lambda *all: seen.append(all[0])])
    assert seen == [0, 0, 2, 2]


def test_a_run_that_is_not_there_is_answered_with_the_nearest_one(tmp_path):
    wgan.WGAN(**SMALL, steps=0).fit(ROWS).save(tmp_path / "people-table")
    (tmp_path / "people-notes").mkdir()
    for arguments in (("sample", "people-default"), ("evaluate", "people-default"), ("report", "people-default")):
        assert_refused(called(*arguments, cwd=tmp_path), "people-default is not a run", "did you mean 'people-table'?")
    assert_refused(called("sample", "elsewhere/x", cwd=tmp_path), "nothing of this name; name one that `wgan train`")


@pytest.mark.parametrize("command", ["data", "train"])
def test_a_run_is_no_data(command, tmp_path):
    wgan.WGAN(**SMALL, steps=0).fit(ROWS).save(tmp_path / "one run")
    done = called(command, "one run", cwd=tmp_path)
    assert_refused(done, "one run is a run folder, not data; wgan report 'one run' describes the run")


def test_a_flag_of_another_program_is_answered_with_the_flag_that_is_meant():
    assert_refused(called("train", "digits", "--random-state", 3), "--random-state", "use --seed. --seed: ")
    assert_refused(called("train", "digits", "--hidden-sizes", 3), "use --width and --depth. --width: ")
    assert_refused(called("sample", "run", "--random-state", 3), "use --seed. --seed: ")
    assert_refused(called("sample", "run", "--lr", 3), "No such option")


def test_the_names_of_other_libraries_are_none_of_ours_and_mean_fields():
    assert not FIELDS.keys() & OTHER_NAMES.keys()
    assert {field for meant in OTHER_NAMES.values() if not isinstance(meant, str) for field in meant} <= FIELDS.keys()


def test_dir_shows_the_public_names():
    assert dir(wgan) == sorted([*wgan.__all__, "__version__"])
    assert all(hasattr(wgan, name) for name in dir(wgan))
