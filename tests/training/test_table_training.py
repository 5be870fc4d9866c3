"""What training makes of tables: the softmax of levels, both engines, and what goes together."""

import numpy as np
import pytest
from frames import TINY, mixed, pd
from scipy.special import softmax

from wgan import WGAN, Config, load
from wgan.data import from_array
from wgan.engines import get_engine, installed


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
