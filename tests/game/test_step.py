"""One iteration of Algorithm 1: which rows, mixing weights and classes meet in a pass, and which must not."""

import numpy as np
import pytest

from wgan.config import FIELDS, Config
from wgan.engines import get_engine
from wgan.game import step
from wgan.game.constraints import Constraint
from wgan.game.layers import mixes_batch
from wgan.training.state import draws, start

ENGINE = get_engine("torch", "float64")
SMALL = {"data": "digits", "engine": "torch", "precision": "float64", "batch": 6, "latent": 3, "width": 8}
SMALL |= {"network": "mlp", "depth": 1, "n_critic": 3, "decay": "none", "steps": 4}
WEIGHTS = {
    "none": {},
    "projection": {},
    "concatenation": {},
    "auxiliary": {"class_weight": 0.7, "class_weight_generator": 0.3},
}
NORMS = [name for name in FIELDS["critic_norm"].metadata["choices"] if name != "auto"]


def begin(**fields):
    training = start(Config(**SMALL | fields))
    for number, w in enumerate(training.state.critic.values()):  # class tables start equal: make them differ
        w += 0.1 * ENGINE.array(np.random.default_rng(number).normal(size=w.shape))
    return training


@pytest.mark.parametrize("conditional", FIELDS["conditional"].metadata["choices"])
@pytest.mark.parametrize("norm", NORMS)
def test_the_scores_of_real_rows_do_not_depend_on_the_fakes_beside_them(norm, conditional):
    training = begin(critic_norm=norm, constraint="none", conditional=conditional)
    game, critic, drawn = training.game, training.state.critic, draws(training, 0)
    assert mixes_batch(game.architecture.critic) == (norm == "batch")
    label = None if drawn.label is None else drawn.label[0]
    real, fake = drawn.real[0], 3 * drawn.real[1] + 1
    for found, rows in zip(step.paired_outputs(game, critic, real, fake, label), (real, fake), strict=True):
        alone = step.outputs(game, critic, rows, label)
        np.testing.assert_allclose(ENGINE.numpy(found), ENGINE.numpy(alone), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("at_once", [step.AT_ONCE, 1])
@pytest.mark.parametrize("conditional", FIELDS["conditional"].metadata["choices"])
@pytest.mark.parametrize("norm", NORMS)
def test_each_critic_step_gets_its_own_rows_weights_and_classes_and_the_fakes_of_its_own_z(
    monkeypatch, norm, conditional, at_once
):
    monkeypatch.setattr(step, "AT_ONCE", at_once)
    seen = []

    def spy(engine, score, real, fake, mix):
        seen.append((real, fake, mix, score(real)))
        return 0 * mix.mean(), mix.mean()

    training = begin(generator_norm=norm, conditional=conditional, constraint=Constraint("seen", penalty=spy))
    game, state, drawn = training.game, training.state, draws(training, 0)
    assert mixes_batch(game.architecture.generator) == (norm == "batch")
    labels = [None] * 3 if drawn.label is None else drawn.label
    expected = [
        ENGINE.numpy(step.generate(game, state.generator, z, None, c)) for z, c in zip(drawn.z, labels, strict=True)
    ]
    step.iteration(game, state, drawn, 0.0, 0.0)
    assert len(seen) == 3
    for number, (real, fake, mix, _) in enumerate(seen):
        np.testing.assert_array_equal(ENGINE.numpy(real), ENGINE.numpy(drawn.real[number]))
        np.testing.assert_array_equal(ENGINE.numpy(mix), ENGINE.numpy(drawn.mix[number]))
        np.testing.assert_allclose(ENGINE.numpy(fake), expected[number], rtol=1e-9, atol=1e-12)
    for number, (real, _, _, scores) in enumerate(seen):
        own = step.score(game, state.critic, real, labels[number])
        np.testing.assert_allclose(ENGINE.numpy(scores), ENGINE.numpy(own), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("conditional", FIELDS["conditional"].metadata["choices"])
def test_the_penalty_is_that_of_each_row_by_itself_with_its_own_class(conditional):
    training = begin(conditional=conditional, penalty_weight=7.0)
    game, critic, drawn = training.game, training.state.critic, draws(training, 0)
    real, fake, mix = drawn.real[0], 3 * drawn.real[1] + 1, drawn.mix[0]
    label = None if drawn.label is None else drawn.label[0]
    assert label is None or len(np.unique(ENGINE.numpy(label), axis=0)) > 3
    norms, h = [], 1e-5
    for row, weight in enumerate(ENGINE.numpy(mix)):
        point = weight * ENGINE.numpy(real[row]) + (1 - weight) * ENGINE.numpy(fake[row])
        moved = point + h * np.eye(64).reshape(64, 8, 8, 1), point - h * np.eye(64).reshape(64, 8, 8, 1)
        own = None if label is None else label[row : row + 1].repeat(64, 1)
        up, down = (ENGINE.numpy(step.score(game, critic, ENGINE.array(rows), own)) for rows in moved)
        norms.append(np.linalg.norm((up - down) / (2 * h)))
    _, info = step.critic_step(game, training.state, real, fake, mix, 0.0, label)
    assert float(info["gradient_norm"]) == pytest.approx(np.mean(norms), rel=1e-6)
    assert float(info["penalty"]) == pytest.approx(7 * np.mean((np.array(norms) - 1) ** 2), rel=1e-6)


def class_error(logits, label):
    """The cross-entropy of a softmax over the logits with the classes, in NumPy."""
    share = np.exp(ENGINE.numpy(logits))
    return -np.log(share[ENGINE.numpy(label) == 1] / share.sum(1)).mean()


@pytest.mark.parametrize("conditional", FIELDS["conditional"].metadata["choices"])
def test_the_critics_loss_is_that_of_the_objective_the_penalty_and_its_classifiers_weighted_error(conditional):
    """What finite differences of the loss cannot tell: it has a gradient of its own whatever it is the sum of."""
    training = begin(conditional=conditional, penalty_weight=7.0, **WEIGHTS[conditional])
    game, critic, drawn = training.game, training.state.critic, draws(training, 0)
    real, fake, label = drawn.real[0], 3 * drawn.real[1] + 1, None if drawn.label is None else drawn.label[0]
    of_real, of_fake = (step.outputs(game, critic, rows, label) for rows in (real, fake))
    expected = float(of_fake[:, 0].mean() - of_real[:, 0].mean())
    _, info = step.critic_step(game, training.state, real, fake, drawn.mix[0], 0.0, label)
    assert float(info["estimate"]) == pytest.approx(-expected, rel=1e-9)
    assert float(info["penalty"]) > 0.1
    expected += float(info["penalty"])
    if conditional == "auxiliary":
        error = class_error(of_real[:, 1:], label)
        assert float(info["critic_class_loss"]) == pytest.approx(error, rel=1e-9)
        expected += 0.7 * error
    assert float(info["critic_loss"]) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("conditional", FIELDS["conditional"].metadata["choices"])
def test_the_generator_is_judged_with_the_classes_that_it_was_asked_for(conditional):
    training = begin(conditional=conditional, **WEIGHTS[conditional])
    game, state, drawn = training.game, training.state, draws(training, 0)
    label = drawn.generator_label
    fake = step.generate(game, state.generator, drawn.generator_z, None, label)
    found = step.outputs(game, state.critic, fake, label)
    expected = -float(found[:, 0].mean())
    _, info = step.generator_step(game, state, drawn.generator_z, 0.0, 0.0, label)
    if conditional == "auxiliary":
        error = class_error(found[:, 1:], label)
        assert float(info["generator_class_loss"]) == pytest.approx(error, rel=1e-9)
        expected += 0.3 * error
    assert float(info["generator_loss"]) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("augment", ["none", "colour"])
@pytest.mark.parametrize("conditional", FIELDS["conditional"].metadata["choices"])
@pytest.mark.parametrize("norm", NORMS)
def test_the_generators_relativistic_loss_compares_its_fakes_with_real_rows_of_the_same_labels(
    norm, conditional, augment
):
    changed = {"objective": "relativistic", "constraint": "none", "critic_norm": norm, "augment": augment}
    training = begin(conditional=conditional, generator_batch=5, **changed)
    game, state, drawn = training.game, training.state, draws(training, 0)
    label, real = drawn.generator_label, drawn.generator_real
    assert real.shape[0] == 5
    rows = training.dataset.form.encode(training.dataset.rows[training.rows])
    places = [int(np.abs(rows - one).reshape(len(rows), -1).sum(1).argmin()) for one in ENGINE.numpy(real)]
    np.testing.assert_allclose(ENGINE.numpy(real), rows[places], atol=1e-6)
    if label is not None:
        codes = training.codes[training.rows[places]]
        np.testing.assert_array_equal(ENGINE.numpy(label), training.classes.encode(codes))
    fake = step.generate(game, state.generator, drawn.generator_z, label=label)
    if game.augment:
        real, fake = (game.augment.apply(ENGINE.ops, x, drawn.generator_augment[k]) for k, x in enumerate((real, fake)))
    scores = [ENGINE.numpy(step.score(game, state.critic, x, label)) for x in (real, fake)]
    last = drawn.generator_z, 0.0, 0.0, label, drawn.generator_augment, None, drawn.generator_real
    _, info = step.generator_step(game, state, *last)
    of_classes = game.auxiliary.generator * float(info["generator_class_loss"]) if game.auxiliary else 0.0
    expected = np.log1p(np.exp(scores[0] - scores[1])).mean() + of_classes
    assert float(info["generator_loss"]) == pytest.approx(expected, rel=1e-9)


def test_only_an_objective_that_needs_real_rows_draws_them_for_the_generator_and_each_step_draws_others():
    assert draws(begin(), 0).generator_real is None
    training = begin(objective="relativistic-average", flip="horizontal", dequantise="uniform")
    first, again, second = (ENGINE.numpy(draws(training, at).generator_real) for at in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.mean(first == second) < 0.1
    drawn = draws(begin(objective="relativistic-average"), 0)
    of_critic, own = (ENGINE.numpy(rows).reshape(-1, 64) for rows in (drawn.real, drawn.generator_real))
    assert not (own == of_critic[: len(own)]).all(1).any()
