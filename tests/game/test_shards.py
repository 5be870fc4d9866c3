"""The tree of a sum over shards, and the gradient of a batch that is cut into shards."""

import numpy as np
import pytest

from wgan import Config
from wgan.game import shards, step
from wgan.training.crew import Crew
from wgan.training.state import draws, flatten, host_draws, iterate, parts, start

SMALL = {"data": "digits", "width": 4, "batch": 8, "latent": 4, "network": "mlp", "depth": 1, "precision": "float64"}


@pytest.mark.parametrize("count", range(1, 17))
def test_the_tree_is_the_same_for_every_number_of_processes(count):
    words = [f"x{number}" for number in range(count)]
    whole = shards.tree_sum(words, lambda a, b: f"({a}{b})")
    for processes in (p for p in range(1, count + 1) if count % p == 0):
        each = count // processes
        alone = shards.summed_alone(each)
        assert each % alone == 0
        met = [
            shards.tree_sum(words[rank * each + i : rank * each + i + alone], lambda a, b: f"({a}{b})")
            for rank in range(processes)
            for i in range(0, each, alone)
        ]
        assert shards.tree_sum(met, lambda a, b: f"({a}{b})") == whole


@pytest.mark.parametrize("engine", ["torch", "jax"])
def test_a_sum_of_gradients_is_that_of_numpy_to_the_bit(engine):
    ours = start(Config(**SMALL | {"engine": engine, "precision": "float32"})).game.engine
    arrays = np.random.default_rng(0).normal(size=(4, 3, 5)).astype(np.float32)
    trees = [shards.Sum({"w": ours.array(a)}, {"loss": ours.array(a[0, 0])}) for a in arrays]
    total = shards.tree_sum(trees, ours.add)
    np.testing.assert_array_equal(ours.numpy(total.gradient["w"]), (arrays[0] + arrays[1]) + (arrays[2] + arrays[3]))
    again = ours.unflat(ours.flat(total), trees[0])
    np.testing.assert_array_equal(ours.numpy(again.gradient["w"]), ours.numpy(total.gradient["w"]))
    assert float(again.info["loss"]) == float(total.info["loss"])


def test_a_sum_in_place_changes_neither_a_shared_gradient_twice_nor_a_logged_constant():
    """Two weights that are added have one gradient between them, and a loss may log a number that it keeps."""
    engine = start(Config(**SMALL | {"engine": "torch"})).game.engine
    constant, both = engine.array(np.float64(3.0)), engine.array(np.ones((2, 2)))
    first = shards.Sum({"a": both, "b": both}, {"logged": constant})
    second = shards.Sum({"a": 2 * both, "b": 4 * both}, {"logged": engine.array(np.float64(5.0))})
    total = engine.add(first, second)
    np.testing.assert_array_equal(total.gradient["a"], np.full((2, 2), 3.0))
    np.testing.assert_array_equal(total.gradient["b"], np.full((2, 2), 5.0))
    assert (float(total.info["logged"]), float(constant)) == (8.0, 3.0)


@pytest.mark.parametrize("engine", ["torch", "jax"])
def test_a_step_over_shards_follows_the_mean_of_their_gradients(engine):
    training = start(Config(**SMALL | {"engine": engine, "shards": 4, "n_critic": 1, "learning_rate": 0.01}))
    game, state, drawn = training.game, training.state, draws(training, 0)
    fake = step.fakes(game, state.generator, drawn.z)[0]
    found = [
        step.critic_gradient(game, state.critic, drawn.real[0][i : i + 2], fake[i : i + 2], drawn.mix[0][i : i + 2])
        for i in range(0, 8, 2)
    ]
    mean = {name: sum(gradient[name] for gradient, _ in found) / 4 for name in state.critic}
    wanted = {
        name: game.engine.numpy(w) for name, w in step.critic_update(game, _copied(training), mean, 0.01).critic.items()
    }
    iterate(training)
    for name, w in wanted.items():
        np.testing.assert_allclose(game.engine.numpy(training.state.critic[name]), w, rtol=1e-9)
    loss = sum(float(info["critic_loss"]) for _, info in found) / 4
    assert float(training.info["critic_loss"]) == pytest.approx(loss, rel=1e-9)


def _copied(training):
    """The state with arrays of its own, since an update may use them up."""
    again = start(training.config, training.dataset)
    assert all((flatten(again)[name] == w).all() for name, w in flatten(training).items())
    return again.state


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"optimiser": "rmsprop", "constraint": "clip"},
        {"conditional": "projection", "generator_batch": 12},
        {"objective": "relativistic", "augment": "translation", "flip": "horizontal", "dequantise": "uniform"},
    ],
)
def test_shards_change_only_the_rounding_where_no_layer_mixes_rows(fields):
    whole, cut = (start(Config(engine="torch", **SMALL | {"shards": count} | fields)) for count in (1, 4))
    for _ in range(3):
        iterate(whole), iterate(cut)
    for name, w in flatten(whole).items():
        np.testing.assert_allclose(flatten(cut)[name], w, rtol=1e-7, atol=1e-10, err_msg=name)


def test_each_process_has_the_rows_of_its_own_shards():
    fields = {"shards": 4, "conditional": "projection", "dequantise": "uniform", "flip": "horizontal"}
    training = start(Config(**SMALL | fields | {"objective": "relativistic", "augment": "cutout"}))
    whole, seen = parts(training, host_draws(training, 5, Crew(0, 1))), []
    for rank in range(2):
        training.crew = Crew(rank, 2)
        seen += parts(training, host_draws(training, 5, training.crew))
    assert len(whole) == len(seen) == 4
    for one, other in zip(whole, seen, strict=True):
        for name, array in one._asdict().items():
            if array is None:
                assert getattr(other, name) is None
            else:
                np.testing.assert_array_equal(np.asarray(array), np.asarray(getattr(other, name)), err_msg=name)
