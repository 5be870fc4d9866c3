"""What a run draws at each step, and for what: no number serves twice, and each row keeps its own class."""

import numpy as np
import pytest

from wgan.config import FIELDS, Config
from wgan.data import Dataset, from_array
from wgan.errors import WganError
from wgan.game import step
from wgan.runs import checkpoint
from wgan.training.state import describe, draws, flatten, iterate, losses, restore, start

SMALL = {"data": "digits", "engine": "torch", "network": "mlp", "width": 8, "depth": 1, "batch": 16, "latent": 4}
SMALL |= {"n_critic": 3, "steps": 8, "decay": "none"}


def rows_of(array):
    return [row.tobytes() for row in array.numpy().reshape(-1, array.shape[-1])]


def test_no_z_and_no_mixing_weights_are_drawn_twice():
    """Of rows of 4 or 16 float32 numbers no two are equal by chance: there are 2^96 of the shorter ones or more."""
    drawn = [draws(start(Config(**SMALL | {"seed": seed})), at) for seed in (0, 1) for at in range(6)]
    z = [row for one in drawn for row in rows_of(one.z) + rows_of(one.generator_z)]
    assert len(set(z)) == len(z) == 2 * 6 * (3 + 1) * 16
    mix = [row for one in drawn for row in rows_of(one.mix)]
    assert len(set(mix)) == len(mix) == 2 * 6 * 3


def test_the_players_start_with_weights_of_their_own_and_the_average_as_the_generator():
    """A number that both drew would stand in both, at another scale: a layer's signs would be the same."""
    training = start(Config(**SMALL | {"latent": 64, "width": 64, "average": 0.9}))
    state = training.state
    critic, generator = state.critic["01.dense.weight"].numpy(), state.generator["00.dense.weight"].numpy()
    assert critic.shape == generator.shape == (64, 64)
    assert abs(np.corrcoef(critic.ravel(), generator.ravel())[0, 1]) < 5 / 64, "five standard errors of 4,096 pairs"
    for name, w in state.generator.items():
        np.testing.assert_array_equal(state.average[name].numpy(), w.numpy())
        assert state.average[name] is not w, "an array of its own, which training does not move"


def test_the_generators_classes_are_not_those_of_the_critics_rows():
    config = Config(**SMALL | {"conditional": "projection", "n_critic": 1})
    agreeing, total = 0, 0
    for at in range(8):
        one = draws(start(config), at)
        agreeing += int((one.label[0] * one.generator_label).sum())
        total += 16
    # of ten classes, equally frequent, a tenth agree by chance; five standard errors of 128 rows are 0.13
    assert agreeing / total < 0.1 + 5 * np.sqrt(0.1 * 0.9 / total)


def test_each_iteration_goes_on_where_the_rows_of_the_one_before_ended():
    """Also where a warm-up step takes more of them: in one epoch no row is drawn twice."""
    values = np.arange(400.0).reshape(200, 2)
    config = Config(**SMALL | {"data": "array", "batch": 4, "n_critic": 2, "warm_up": 2, "warm_up_critic": 5})
    config = config.replace(warm_up_every=6)
    training = start(config, from_array(values))
    counts, drawn = [], []
    for at in range(8):
        real = draws(training, at).real
        counts.append(len(real))
        drawn += np.rint(training.dataset.form.decode(real.numpy().reshape(-1, 2))[:, 0] / 2).astype(int).tolist()
    assert counts == [5, 5, 2, 2, 2, 2, 5, 2]
    assert len(set(drawn)) == len(drawn) == 100
    assert set(drawn) <= set(training.rows.tolist())


def test_rows_of_a_subset_keep_their_own_classes():
    """Classes are those of the row's number in the data set, whichever rows are held out or left out."""
    labels = np.random.default_rng(0).integers(3, size=300)
    dataset = from_array(np.stack([labels, np.arange(300)], 1).astype(float))
    dataset = Dataset(**{**vars(dataset), "labels": labels})
    config = Config(**SMALL | {"data": "array", "conditional": "auxiliary", "rows": 100, "held_out": 0.3})
    training = start(config, dataset)
    for at in range(4):
        one = draws(training, at)
        rows = training.dataset.form.decode(one.real.numpy().reshape(-1, *training.dataset.form.encoded_shape))
        np.testing.assert_array_equal(one.label.numpy().reshape(-1, 3).argmax(1), np.rint(rows[:, 0]).astype(int))


PLAYERS = ("critic", "generator")
COSINE = ("cosine", [1, (1 + 0.5**0.5) / 2, 0.5, (1 - 0.5**0.5) / 2])


@pytest.mark.parametrize(("decay", "share"), [("none", [1, 1, 1, 1]), ("linear", [1, 0.75, 0.5, 0.25]), COSINE])
def test_both_players_take_the_learning_rate_of_the_step_and_the_average_its_decay(monkeypatch, decay, share):
    seen = []
    iteration = step.iteration

    def spy(game, state, drawn, learning_rate, average_decay, generator_rate):
        assert generator_rate is None
        seen.append((learning_rate, average_decay))
        return iteration(game, state, drawn, learning_rate, average_decay)

    monkeypatch.setattr(step, "iteration", spy)
    training = start(Config(**SMALL | {"steps": 4, "decay": decay, "learning_rate": 0.01, "average": 0.2}))
    for _ in range(4):
        iterate(training)
    assert [rate for rate, _ in seen] == pytest.approx([0.01 * part for part in share])
    assert [decay for _, decay in seen] == pytest.approx([0.1, 2 / 11, 0.2, 0.2])


@pytest.mark.parametrize("own", ["critic", "generator"])
def test_each_player_moves_by_its_own_learning_rate(own):
    """Adam's first step is the rate itself where there is a gradient, whatever its size."""
    fields = {"learning_rate": 0.01, f"{own}_learning_rate": 0.03, "n_critic": 1, "precision": "float64"}
    training = start(Config(**SMALL | fields))
    before = {part: {n: w.clone() for n, w in getattr(training.state, part).items()} for part in PLAYERS}
    iterate(training)
    for part in PLAYERS:
        after = getattr(training.state, part)
        moved = np.concatenate([(after[n] - w).abs().numpy().ravel() for n, w in before[part].items()])
        assert np.median(moved) == pytest.approx(0.03 if part == own else 0.01, rel=1e-3), part


def test_both_players_move_by_the_learning_rate():
    """Adam's first step is the rate itself where there is a gradient, whatever its size."""
    training = start(Config(**SMALL | {"learning_rate": 0.01, "n_critic": 1, "precision": "float64"}))
    before = {
        part: {n: w.clone() for n, w in getattr(training.state, part).items()} for part in ("critic", "generator")
    }
    iterate(training)
    for part, weights in before.items():
        moves = np.concatenate([(getattr(training.state, part)[n] - w).numpy().ravel() for n, w in weights.items()])
        assert np.quantile(np.abs(moves), 0.9) == pytest.approx(0.01, rel=1e-3), part


def test_a_batch_is_at_most_all_training_rows():
    dataset = from_array(np.random.default_rng(0).normal(size=(20, 2)))
    config = Config(**SMALL | {"data": "array", "held_out": 0.2})
    start(config.replace(batch=16), dataset)
    with pytest.raises(WganError, match="batch is 17 but array has only 16 training rows; use batch=16 or less"):
        start(config.replace(batch=17), dataset)


@pytest.mark.parametrize("player", ["critic_norm", "generator_norm"])
def test_batch_norm_needs_two_rows_in_each_batch_and_held_out_or_none(player):
    dataset = from_array(np.random.default_rng(0).normal(size=(20, 2)))
    config = Config(
        **SMALL | {"data": "array", "constraint": "none", "batch": 2, "generator_batch": 2, player: "batch"}
    )
    for fine in ({"held_out": 0.1}, {"held_out": 0.0}):
        start(config.replace(**fine), dataset)
    for few in ({"held_out": 0.05}, {"batch": 1}, {"generator_batch": 1}):
        with pytest.raises(WganError, match="batch norm needs at least 2 rows in a batch and held out"):
            start(config.replace(**{"held_out": 0.1} | few), dataset)
        start(config.replace(**{"held_out": 0.1} | few | {player: "none"}), dataset)


@pytest.mark.parametrize("optimiser", FIELDS["optimiser"].metadata["choices"])
def test_a_state_that_is_put_back_is_the_one_that_was_saved_and_goes_on_as_it(tmp_path, optimiser):
    """Adam's count and both players' memories too, without which the next step is another."""
    config = Config(**SMALL | {"optimiser": optimiser, "average": 0.9, "learning_rate": 0.01})
    whole, other = start(config), start(config)
    for _ in range(3):
        iterate(whole)
    saved = flatten(whole)
    assert {name for name in saved if name.endswith("count")} == (
        {"critic_optimiser/count", "generator_optimiser/count"} if optimiser == "adam" else set()
    )
    counts = [int(value) for name, value in saved.items() if name.endswith("count")]
    assert counts == ([9, 3] if optimiser == "adam" else []), "three critic steps for each of the generator's"
    path = checkpoint.save(tmp_path, whole.step, saved, losses(whole))
    restore(other, checkpoint.load(path))
    assert (other.step, losses(other)) == (3, losses(whole))
    for _ in range(2):
        for name, value in flatten(other).items():
            assert value.dtype == flatten(whole)[name].dtype, name
            assert value.tobytes() == flatten(whole)[name].tobytes(), name
        iterate(whole)
        iterate(other)


def test_a_checkpoint_that_lacks_an_array_or_has_one_of_another_shape_is_refused(tmp_path):
    training = start(Config(**SMALL | {"average": 0.0}))
    saved = flatten(training)
    name = "generator_optimiser/mean/00.dense.weight"
    assert saved[name].shape == (8, 4)
    for arrays in ({n: w for n, w in saved.items() if n != name}, saved | {name: saved[name].T.copy()}):
        path = checkpoint.save(tmp_path / str(len(arrays)), 0, arrays, {})
        with pytest.raises(WganError, match=rf"lacks {name} \(8, 4\), so another version of wgan wrote it"):
            restore(training, checkpoint.load(path))


def test_what_is_written_of_the_data_tells_other_rows_from_these():
    rows = np.random.default_rng(0).normal(size=(60, 4))
    config = Config(**SMALL | {"data": "array", "held_out": 0.25})
    found = [describe(start(config, from_array(values)))["data"] for values in (rows, rows.copy(), rows[::-1])]
    assert len(found[0]["sha256"]) == 64
    assert found[0]["sha256"] == found[1]["sha256"] != found[2]["sha256"]
    assert (found[0]["training_rows"], found[0]["held_out_rows"]) == (45, 15)
