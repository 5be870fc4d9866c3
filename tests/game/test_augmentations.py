"""Random changes of images: their closed forms, their gradients, both engines, and what a run does with them."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from wgan import data
from wgan.config import Config
from wgan.engines import get_engine
from wgan.errors import WganError
from wgan.game import step
from wgan.game.augmentations import AUGMENTATIONS, augment_of
from wgan.training.loop import train
from wgan.training.state import draws, flatten, iterate, start

TORCH = get_engine("torch", "float64")
ALL = ",".join(AUGMENTATIONS)
ROW = (6, 9, 3)


def images(count=5, row=ROW):
    return np.random.default_rng(3).uniform(-1, 1, (count, *row))


def changed(names, parameters, x, engine=TORCH):
    augment = augment_of(engine, names, x.shape[1:])
    return engine.numpy(augment.apply(engine.ops, engine.array(x), engine.array(np.asarray(parameters, float))))


def drawn(names, count=5, row=ROW, engine=TORCH):
    augment = augment_of(engine, names, row)
    return augment.draw(np.random.default_rng(4).random((count, augment.numbers)))


def test_a_translation_moves_pixels_and_fills_with_grey():
    x = images(1)
    wanted = np.zeros_like(x)
    wanted[:, 2:, :-1] = x[:, :-2, 1:]
    np.testing.assert_array_equal(changed("translation", [[2, -1]], x), wanted)


def test_a_cutout_makes_half_the_height_and_width_grey_and_is_cut_at_the_edge():
    x = images(2) + 5  # no pixel is 0
    found = changed("cutout", [[2, 4], [0, 0]], x) == 0
    wanted = np.zeros((2, 6, 9), bool)
    wanted[0, 1:4, 2:7] = True
    wanted[1, :2, :3] = True
    np.testing.assert_array_equal(found, np.broadcast_to(wanted[..., None], found.shape))


def test_colour_adds_brightness_then_scales_about_the_grey_and_about_the_mean():
    x = images(1)
    bright = changed("colour", [[0.3, 1, 1]], x)
    np.testing.assert_allclose(bright, x + 0.3)
    grey = changed("colour", [[0, 0, 1]], x)
    np.testing.assert_allclose(grey, np.broadcast_to(x.mean(3, keepdims=True), x.shape))
    flat = changed("colour", [[0, 1, 0.5]], x)
    np.testing.assert_allclose(flat - x.mean(), (x - x.mean()) / 2)


@pytest.mark.parametrize("name", AUGMENTATIONS)
@pytest.mark.parametrize("row", [(1, 1, 1), (4, 4, 1), ROW, (32, 32, 3)])
def test_every_draw_stays_within_its_bounds_on_every_size(name, row):
    parameters = drawn(name, 2000, row)
    size = np.array(row[:2])
    if name == "colour":
        low, high = np.array([-0.5, 0, 0.5]), np.array([0.5, 2, 1.5])
        assert (parameters.min(0) - low < 0.01).all()
        assert (high - parameters.max(0) < 0.01).all()
    elif name == "translation":
        most = (size + 4) // 8
        assert (parameters.min(0) == -most).all()
        assert (parameters.max(0) == most).all()
    else:
        assert (parameters.min(0) <= 0).all()
        assert (parameters.max(0) >= size - 1).all()
        assert np.isin(
            changed("cutout", parameters[:50], images(50, row) + 5), [0, *(images(50, row) + 5).ravel()]
        ).all()
    assert np.isfinite(changed(name, parameters[:5], images(5, row))).all()


@pytest.mark.parametrize("name", [*AUGMENTATIONS, ALL])
def test_the_gradient_flows_through_the_change_as_finite_differences_say(name):
    x, parameters = images(2, (4, 5, 3)), drawn(name, 2, (4, 5, 3))
    augment, weight = augment_of(TORCH, name, (4, 5, 3)), np.random.default_rng(5).normal(size=(2, 4, 5, 3))

    def score(rows):
        found = augment.apply(TORCH.ops, rows, TORCH.array(parameters))
        return (found * found * TORCH.array(weight)).reshape(2, -1).sum(1)

    slope = TORCH.numpy(TORCH.input_grad(score, TORCH.array(x)))
    for place in [(0, 0, 0, 0), (0, 2, 3, 1), (1, 3, 4, 2), (1, 1, 1, 0)]:
        move = np.zeros_like(x)
        move[place] = 1e-6
        more, less = (TORCH.numpy(score(TORCH.array(x + sign * move)).sum()) for sign in (1, -1))
        assert slope[place] == pytest.approx((more - less) / 2e-6, abs=1e-7)


@pytest.mark.parametrize("objective", ["wasserstein", "non-saturating"])
def test_both_engines_make_the_same_iteration(objective):
    pytest.importorskip("jax", reason="JAX is not installed")
    found = []
    for engine in ("torch", "jax"):
        config = Config(data="digits", augment=ALL, flip="horizontal", objective=objective, network="dcgan", width=4,
                        batch=6, latent=3, n_critic=2, optimiser="rmsprop", learning_rate=1e-4, steps=3, engine=engine,
                        precision="float64")  # fmt: skip
        training = start(config)
        iterate(training)
        found.append(flatten(training))
    for name, array in found[0].items():
        np.testing.assert_allclose(found[1][name], array, rtol=1e-7, atol=1e-9, err_msg=name)


def with_augment(**fields):
    return start(Config(data="digits", augment=ALL, width=4, batch=6, n_critic=2, engine="torch", **fields))


def test_the_critic_scores_and_penalises_changed_rows_and_the_generator_is_judged_by_changed_fakes():
    run = with_augment()
    game, state, drawn_ = run.game, run.state, draws(run, 0)
    fake = step.generate(game, state.generator, drawn_.z[0]).detach()
    real, changes = drawn_.real[0], drawn_.augment[0]
    plain = game._replace(augment=None)
    shown = [game.augment.apply(game.engine.ops, rows, changes[k]) for k, rows in enumerate((real, fake))]
    mix, engine = drawn_.mix[0], game.engine
    _, wanted = step.critic_step(plain, state, *shown, mix, 0.0)
    _, found = step.critic_step(game, state, real, fake, mix, 0.0, augment=changes)
    _, without = step.critic_step(plain, state, real, fake, mix, 0.0)
    for name in ("critic_loss", "penalty", "gradient_norm"):
        assert float(engine.numpy(found[name])) == float(engine.numpy(wanted[name]))
        assert float(engine.numpy(found[name])) != float(engine.numpy(without[name]))
    made = step.generate(game, state.generator, drawn_.generator_z)
    score = step.score(game, state.critic, game.augment.apply(engine.ops, made, drawn_.generator_augment))
    _, found = step.generator_step(game, state, drawn_.generator_z, 0.0, 0.0, augment=drawn_.generator_augment)
    assert float(engine.numpy(found["generator_loss"])) == pytest.approx(-float(score.mean()), rel=1e-6)


def test_changes_are_drawn_anew_for_real_rows_fakes_and_steps_and_again_for_the_same_step():
    run = with_augment()
    first, again, later = (draws(run, at) for at in (0, 0, 1))
    np.testing.assert_array_equal(first.augment, again.augment)
    assert not np.array_equal(first.augment, later.augment)
    flat = first.augment.reshape(4, -1).numpy()  # two critic steps, real and fake
    assert len(np.unique(flat, axis=0)) == 4
    assert not np.array_equal(first.generator_augment, first.augment[0, 0])


def test_a_flip_mirrors_half_of_the_real_rows_and_nothing_else():
    settings = {"data": "digits", "width": 4, "batch": 1000, "engine": "torch"}
    plain, flipped = (draws(start(Config(flip=flip, **settings)), 0).real[0] for flip in ("none", "horizontal"))
    same = (flipped == plain).flatten(1).all(1)
    mirrored = (flipped == plain.flip(2)).flatten(1).all(1)
    assert (same | mirrored).all()
    assert 0.45 < mirrored.float().mean() < 0.55


@pytest.mark.parametrize(("data", "size", "axes"), [("waves", None, 1), ("digits", None, 2), ("medium-3d", 16, 3)])
def test_flip_all_mirrors_half_of_the_rows_along_each_axis_of_space_on_its_own(data, size, axes):
    settings = {"data": data, "size": size, "network": "mlp", "width": 4, "batch": 256, "engine": "torch"}
    configs = (Config(flip=flip, n_critic=1, **settings) for flip in ("none", "all"))
    plain, flipped = (draws(start(config), 0).real[0].numpy() for config in configs)
    ways = [way for k in range(axes + 1) for way in combinations(range(1, axes + 1), k)]
    found = np.array([[np.array_equal(row, other) for row, other in zip(np.flip(plain, way), flipped, strict=True)]
                      for way in ways])  # fmt: skip
    assert found.any(0).all()
    share = found.mean(1)  # of 2^axes ways, each with this chance; 5 standard deviations
    chance = 1 / len(ways)
    assert np.abs(share - chance).max() < 5 * np.sqrt(chance * (1 - chance) / 256) + (found.sum(0) > 1).mean()


def test_a_resumed_run_draws_the_changes_of_an_unbroken_one(tmp_path):
    config = Config(data="digits", augment=ALL, flip="horizontal", width=4, batch=8, steps=6, engine="torch",
                    checkpoint_every=3, diagnose_every=100, sample_every=100)  # fmt: skip
    list(train(config, out=tmp_path / "whole"))
    list(train(config, out=tmp_path / "parts", stop=lambda at: at == 4))
    list(train(config, out=tmp_path / "parts"))
    files = [tmp_path / run / "checkpoints" / "00000006" for run in ("whole", "parts")]
    names = sorted(file.name for file in files[0].iterdir() if file.suffix == ".safetensors")
    assert names
    for name in names:
        assert (files[0] / name).read_bytes() == (files[1] / name).read_bytes()


@pytest.mark.parametrize(("fields", "words"), [
    ({"augment": "colour"}, "augment is colour, which changes images, but these rows have 0 axes of space"),
    ({"flip": "horizontal"}, "flip is horizontal, but 8gaussians holds no images; use flip='none'."),
    ({"flip": "all"}, "flip is all, but 8gaussians has no axes of space; use flip='none'."),
])  # fmt: skip
def test_rows_that_are_no_images_are_refused(fields, words):
    with pytest.raises(WganError, match=words):
        start(Config(data="8gaussians", latent=2, **fields))


def test_names_are_joined_in_one_order_and_an_unknown_one_is_refused():
    assert Config(augment="cutout, colour").augment == "colour,cutout"
    assert Config.from_json(Config(augment=ALL).to_json()).augment == ALL
    for wrong in ("color", "colour,", "none,colour", 3):
        with pytest.raises(WganError, match="unknown augment"):
            Config(augment=wrong)


def test_labels_and_bfloat16_go_together_with_changes():
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8, 3)).astype(np.uint8)
    labels = np.arange(60) % 3
    rows = data.from_array(images)
    config = Config(augment=ALL, flip="horizontal", conditional="auxiliary", precision="bfloat16", dequantise="uniform",
                    width=4, batch=8, steps=2, n_critic=2, engine="torch", log_every=1)  # fmt: skip
    records = list(train(config, replace(rows, labels=labels, label_names=("a", "b", "c"))))
    assert np.isfinite(records[-1]["critic_loss"])
    assert np.isfinite(records[-1]["critic_class_loss"])
