"""The first value that is not finite: its name, its value and its step are those of a run that is looked at by hand."""

import numpy as np
import pytest

from wgan.config import Config
from wgan.errors import WganError
from wgan.runs import checkpoint
from wgan.runs import folder as runs
from wgan.training import finite, loop
from wgan.training.state import flatten, iterate, losses, start

SMALL = {"data": "digits", "engine": "torch", "network": "mlp", "width": 8, "depth": 1, "batch": 16, "latent": 4}
SMALL |= {"n_critic": 2, "steps": 60, "decay": "none", "rows": 600, "log_every": 20, "checkpoint_every": 1000}
SMALL |= {"sample_every": 1000, "diagnose_every": 1000}

PENALISED, FREE = {"constraint": "gradient-penalty"}, {"constraint": "none"}
CLIPPED = {"constraint": "clip", "clip": 1e6, "optimiser": "rmsprop", "depth": 6}
OVERFLOWS = {
    "a penalty that is too heavy": PENALISED | {"penalty_weight": 1e38},
    "a penalty that overflows by and by": PENALISED | {"penalty_weight": 1e20, "learning_rate": 0.5},
    "a rate that is too high": FREE | {"learning_rate": 1e6, "data": "8gaussians"},
    "a rate that is too high under clipping": CLIPPED | {"learning_rate": 1e6},
    "an exponential of scores": FREE | {"objective": "fgan-kl", "learning_rate": 0.3},
}


def by_hand(config):
    """The first step after which a loss or an array is not finite, and the names of all that are not."""
    training = start(config)
    for _ in range(config.steps):
        iterate(training)
        named = {**losses(training), **flatten(training)}
        if wrong := {name for name, value in named.items() if not np.isfinite(value).all()}:
            return training.step, wrong
    raise AssertionError("this run stays finite")


@pytest.mark.parametrize("engine", ["torch", "jax"])
@pytest.mark.parametrize("fields", OVERFLOWS.values(), ids=OVERFLOWS)
def test_the_first_value_that_is_not_finite_is_found_where_it_began(tmp_path, monkeypatch, engine, fields):
    monkeypatch.setattr(finite, "SHARE", 1e-9)  # no look at all arrays but at the first step and at a checkpoint
    config = Config(**SMALL | {"engine": engine} | fields)
    step, wrong = by_hand(config)
    with pytest.raises(WganError, match=rf"became (nan|inf|-inf) at step {step}, in (critic step|the gen)") as problem:
        list(loop.train(config, out=tmp_path / "run"))
    text = str(problem.value)
    assert "the last good checkpoint is of step 0. Lower learning_rate" in text
    assert ("penalty_weight" in text) == (config.constraint == "gradient-penalty")
    assert ("use a constraint" in text) == (config.constraint == "none")
    name = text.split(" became ")[0]
    known = {finite._words(one) for one in wrong} | {"gradient_norm", "estimate", "fake"}  # the last are of no array
    assert name in known
    log = runs.read_log(tmp_path / "run")
    assert log["step"][-1] == step
    assert str(log["fault"][-1]).startswith(f"{name} became ")
    assert all(at < step for at in log["step"][:-1])
    folder = tmp_path / "run" / "checkpoints"
    assert checkpoint.steps(folder) == [0]
    saved = checkpoint.load(folder / "00000000").arrays
    assert all(np.isfinite(value).all() for value in saved.values())


def test_an_array_that_overflows_while_all_losses_stay_finite_is_named_with_its_value_and_critic_step(tmp_path):
    """(1e30)^2 is beyond float32: the mean square of the gradient is inf and its weights stand still."""
    config = Config(**SMALL | OVERFLOWS["a penalty that is too heavy"])
    sentence = r"^mean square gradient of critic/.* became inf at step 1, in critic step 1 of 2; "
    with pytest.raises(WganError, match=sentence):
        list(loop.train(config, out=tmp_path / "run"))


SLICES = {"data": "medium-2d", "slices": "isotropic", "slice_size": 16, "batch": 12, "network": "dcgan", "depth": None}


@pytest.mark.parametrize(
    "fields", [{}, {"objective": "relativistic", "generator_batch": 5}, {"generator_learning_rate": 0.1}, SLICES]
)
def test_the_parts_of_an_iteration_end_where_the_iteration_ends(fields, monkeypatch):
    config, ends = Config(**SMALL | fields | {"rows": None}), []
    training = start(config)
    walked = finite._in_player
    monkeypatch.setattr(
        finite, "_in_player", lambda *given: [ends.append(flatten(training, given[3])), *walked(*given)]
    )
    assert not any(finite._parts(training, 1))
    training = start(config)  # the parts used the state up
    iterate(training)
    after = flatten(training)
    assert len(ends) == 3
    for name, value in after.items():
        np.testing.assert_allclose(ends[-1][name], value, rtol=2e-3, atol=1e-6, err_msg=name)


def test_a_value_that_no_repetition_shows_is_named_as_it_was_seen(tmp_path):
    training = start(Config(**SMALL | {"checkpoint_every": 5}))

    def spoil(at):
        if at == 3:
            name = next(iter(training.state.generator))
            training.state.generator[name][:] = float("inf")
        return False

    about = loop.described(training, tmp_path / "run", False, False)
    runs.open_run(tmp_path / "run", about, may_change=frozenset())
    with pytest.raises(WganError, match=r"became (nan|inf|-inf) at step [345]; the last good"):
        list(loop.advance(training, tmp_path / "run", spoil))


def test_the_advice_names_the_rates_that_the_run_was_given():
    rates = {"critic_learning_rate": 1e6, "generator_learning_rate": 1e6}
    config = Config(**SMALL | FREE | rates | {"data": "8gaussians"})
    with pytest.raises(WganError, match=r"Lower critic_learning_rate and generator_learning_rate, or use a con"):
        list(loop.train(config))


def test_infinity_is_named_before_the_nan_that_it_makes():
    fault = finite._in_arrays({"fine": np.ones(2), "critic/w": np.array([1, np.nan, -np.inf, np.inf])}, 7)
    assert fault == finite.Fault("weight critic/w", -np.inf, 7)
    assert np.isnan(finite._in_arrays({"critic/w": np.array([np.nan])}, 7).value)


def test_a_finite_array_whose_sum_overflows_is_fine():
    assert finite._in_arrays({"critic/w": np.full(4, 3e38, np.float32)}, 0) is None
    assert finite._in_arrays({"count": np.array(2**62)}, 0) is None


def test_looking_takes_its_share_of_the_time(monkeypatch):
    """A look that takes 1 second is due again after 200 more, at a share of 0.5 %."""
    training, clock = start(Config(**SMALL)), [10.0]
    monkeypatch.setattr(finite.time, "perf_counter", lambda: clock[0])
    looked = []

    def slow(training, state=None):
        looked.append(clock[0])
        clock[0] += 1
        return flatten(training, state)

    monkeypatch.setattr(finite, "flatten", slow)
    watch = finite.Watch()
    for clock[0] in (10.0, 11.5, 210.9, 211.1, 300.0):
        finite.look(watch, training, None)
    assert looked == [10.0, 211.1]
    finite.look(watch, training, None, at_once=True)
    assert len(looked) == 3


def test_what_is_kept_is_not_changed_by_the_steps_after_it():
    for engine in ("torch", "jax"):
        training, watch = start(Config(**SMALL | {"engine": engine})), finite.Watch()
        finite.look(watch, training, None)
        before = {name: value.copy() for name, value in watch.good.arrays.items()}
        iterate(training)
        assert all(np.array_equal(before[name], value) for name, value in watch.good.arrays.items())
        assert any(not np.array_equal(before[name], value) for name, value in flatten(training).items())
