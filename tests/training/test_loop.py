"""The loop: the order of Algorithm 1, exact resume, the non-finite stop, estimates, the estimator."""

import json
import os
import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
import pytest
from commands import begun, called, fresh
from forked import LIMIT
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

import wgan
from wgan import Config, WganError, data
from wgan import train as train_function
from wgan.config import FIELDS
from wgan.engines import ENGINES
from wgan.errors import WganWarning
from wgan.game import step
from wgan.game.constraints import CONSTRAINTS
from wgan.game.networks import NETWORKS
from wgan.game.objectives import OBJECTIVES
from wgan.runs import best, checkpoint
from wgan.runs import folder as runs
from wgan.training import comparison, drawing, loop, samples
from wgan.training.loop import advance, estimates
from wgan.training.model import load_model, sample
from wgan.training.state import draws, encoded, iterate, model_of, start

SMALL = {"data": "digits", "width": 8, "batch": 16, "latent": 4, "log_every": 1, "steps": 4, "n_critic": 5}
SMALL |= {"decay": "none", "learning_rate": 1e-4}
TINY = ["train", "digits", "--width", "16", "--batch", "16", "--latent", "4", "--n-critic", "2", "--decay", "none"]


def arrays_of(out):
    return checkpoint.latest(out / "checkpoints")[0].arrays


def assert_same(first, second):
    assert first.keys() == second.keys()
    for name in first:
        assert first[name].tobytes() == second[name].tobytes(), name


def run_without_diagnostics(config):
    """Only the iterations: the diagnostics take gradients by the same functions."""
    training = start(config)
    for _ in range(config.steps):
        iterate(training)


def test_the_critic_moves_n_times_then_the_generator_and_each_leaves_the_other_alone(monkeypatch):
    calls = []
    critic_step, generator_step = step.critic_step, step.generator_step

    def spy(player, function):
        def called(game, state, *rest):
            before = {part: {n: w.clone() for n, w in getattr(state, part).items()} for part in ("critic", "generator")}
            after, info = function(game, state, *rest)
            moved = {
                part: any(not (w == getattr(after, part)[n]).all() for n, w in before[part].items()) for part in before
            }
            other = "generator" if player == "critic" else "critic"
            assert moved[player]
            assert not moved[other]
            calls.append(player)
            return after, info

        return called

    monkeypatch.setattr(step, "critic_step", spy("critic", critic_step))
    monkeypatch.setattr(step, "generator_step", spy("generator", generator_step))
    config = Config(**SMALL | {"steps": 3, "n_critic": 2, "warm_up": 1, "warm_up_critic": 4})
    run_without_diagnostics(config)
    assert calls == ["critic"] * 4 + ["generator"] + (["critic"] * 2 + ["generator"]) * 2


def test_the_critics_update_does_not_build_a_graph_through_the_generator(monkeypatch):
    seen = []
    critic_step = step.critic_step

    def spy(game, state, real, fake, *others):
        seen.append(fake.requires_grad)
        return critic_step(game, state, real, fake, *others)

    monkeypatch.setattr(step, "critic_step", spy)
    run_without_diagnostics(Config(**SMALL))
    assert seen == [False] * 20


def test_a_generator_step_ascends_the_score_and_a_critic_step_the_gap():
    training = start(Config(**SMALL | {"optimiser": "rmsprop", "constraint": "none"}))
    game, state = training.game, training.state
    d = draws(training, 0)
    fake = step.generate(game, state.generator, d.z[0])

    def gap(critic):
        scores = [game.engine.numpy(step.score(game, critic, rows)).mean() for rows in (d.real[0], fake)]
        return scores[0] - scores[1]

    before = gap(state.critic)
    state, _ = step.critic_step(game, state, d.real[0], fake, d.mix[0], 1e-4)
    assert gap(state.critic) > before

    def fooled(generator):
        rows = step.generate(game, generator, d.generator_z)
        return game.engine.numpy(step.score(game, state.critic, rows)).mean()

    before = fooled(state.generator)
    state, _ = step.generator_step(game, state, d.generator_z, 1e-4, 0.0)
    assert fooled(state.generator) > before


def test_dequantised_rows_are_the_papers_and_decode_to_themselves():
    config = Config(**SMALL | {"data": "digits", "dequantise": "uniform", "batch": 256, "network": "mlp"})
    training = start(config)
    form, rows = training.dataset.form, training.dataset.rows
    chosen = training.rows[:256]
    rng = np.random.default_rng(0)
    seen = encoded(training, chosen, rng)
    u = np.random.default_rng(0).random(seen.shape, np.float32)
    np.testing.assert_allclose(seen, 2 * (rows[chosen] / 256 - 0.5) + u / 128, atol=3e-7)
    assert seen.dtype == np.float32
    assert -1 <= seen.min() < seen.max() <= 1
    np.testing.assert_array_equal(form.decode(seen), rows[chosen])
    drawn, again, later = (draws(training, at).real.numpy() for at in (0, 0, 1))
    np.testing.assert_array_equal(drawn, again)
    noise = [np.modf(128 * values.astype(np.float64) + 128)[0].ravel() for values in (drawn, later)]
    assert abs(np.corrcoef(noise)[0, 1]) < 5 / np.sqrt(drawn.size), "the noise is drawn again"
    assert np.isin(form.decode(drawn[0])[0], rows).all()
    # what is saved decodes as what was trained on was encoded
    assert model_of(training).form.scale == 128
    with pytest.raises(WganError, match=r"dequantise is for rows of whole numbers, but these are float32"):
        start(Config(**SMALL | {"data": "8gaussians", "network": "mlp", "dequantise": "uniform"}))


def test_dequantised_whole_columns_keep_their_scale():
    form = data.from_array(np.array([[0, 3], [2, 9], [7, 4]])).form
    assert form.dequantised().offset == form.offset == (3, 16 / 3)
    assert form.dequantised().affine


def test_dequantised_channels_keep_their_scales():
    normal = np.random.default_rng(0).normal(2000, 500, (64, 8, 8, 12))
    rows = np.clip(normal, 0, 4000).astype(np.uint16)  # a small part of what the dtype holds
    dataset = data.from_array(rows, kind="images")
    form = dataset.form.dequantised()
    seen = form.encode(dataset.rows)
    np.testing.assert_allclose(seen.std((0, 1, 2)), 1, rtol=1e-4)  # 0.02 with the range of uint16 as the scale
    level = float(np.abs(form.encode(dataset.rows + np.uint16(1)) - seen).mean())
    assert level == pytest.approx(1 / 500, rel=0.05), "noise of one level is narrow beside the rows"
    np.testing.assert_array_equal(form.decode(seen), rows)


def test_the_generators_batch_may_have_its_own_size():
    training = start(Config(**SMALL | {"generator_batch": 24}))
    assert draws(training, 0).generator_z.shape == (24, 4)
    assert draws(training, 0).z.shape == (5, 16, 4)
    list(advance(training))
    with pytest.raises(WganError, match="batch norm needs at least 2 rows"):
        start(Config(**SMALL | {"generator_batch": 1, "network": "dcgan"}))


def test_the_average_follows_the_generator_with_its_decay():
    training = start(Config(**SMALL | {"average": 0.75, "steps": 1}))
    first = {n: w.clone() for n, w in training.state.generator.items()}
    list(advance(training))
    for name, mean in training.state.average.items():
        expected = 0.1 * first[name] + 0.9 * training.state.generator[name]  # (1 + 0) / (10 + 0) at step 0
        np.testing.assert_allclose(mean.numpy(), expected.numpy(), rtol=1e-5, atol=1e-7)
    assert start(Config(**SMALL | {"average": 0.0})).state.average == {}


@pytest.mark.parametrize("constraint", ["clip", "sphere"])
def test_a_projection_holds_on_every_layer_from_the_first_state_on(constraint):
    bound = {"clip": 0.02} if constraint == "clip" else {}
    training = start(Config(**SMALL | {"constraint": constraint, "learning_rate": 0.1} | bound))
    states = [training.state]
    for _ in advance(training):
        states.append(training.state)
        for name, w in training.state.critic.items():
            if constraint == "clip":
                assert float(w.abs().max()) <= 0.02
            elif name.endswith("weight"):
                assert float((w**2).sum()) == pytest.approx(1, rel=1e-5)


# An objective sees scores only, so one network and two constraints show it, and one objective all networks.
COMBINATIONS = {(objective, constraint, "mlp") for objective in OBJECTIVES for constraint in ("none", "r1-r2")}
COMBINATIONS |= {("wasserstein", constraint, network) for constraint in CONSTRAINTS for network in NETWORKS}


@pytest.mark.parametrize(("objective", "constraint", "network"), sorted(COMBINATIONS))
def test_every_combination_trains(objective, constraint, network):
    config = Config(
        **SMALL
        | {"objective": objective, "constraint": constraint, "network": network, "engine": "torch", "steps": 2}
        | {"n_critic": 2, "width": 4, "rows": 64, "held_out": 0.02}
    )
    records = list(train_function(config))
    assert [record["step"] for record in records] == [0, 1, 2]
    assert {"critic_loss", "generator_loss", "estimate", "held_out_estimate"} <= records[-1].keys()
    assert all(np.isfinite(value) for record in records for value in record.values())


def w1(first, second):
    cost = cdist(first, second)
    return cost[linear_sum_assignment(cost)].mean()


def test_training_on_a_toy_brings_the_samples_near_the_data():
    config = Config(data="8gaussians", network="mlp", latent=2, width=64, steps=600, penalty_weight=0.1)
    training = start(config)
    real = training.dataset.rows
    before, floor = w1(sample(model_of(training), 500), real[:500]), w1(real[500:1000], real[:500])
    list(advance(training))
    after = w1(sample(model_of(training), 500), real[:500])
    assert after < 0.5 * before
    assert floor < before / 4


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("precision", FIELDS["precision"].metadata["choices"])
def test_an_interrupted_run_is_bit_equal_to_an_unbroken_one(tmp_path, precision, engine):
    config = Config(
        **SMALL
        | {"steps": 9, "checkpoint_every": 2, "sample_every": 3, "decay": "linear", "network": "mlp", "depth": 1}
        | {"precision": precision, "engine": engine, "rows": 64, "held_out": 0.02}
    )
    list(train_function(config, out=tmp_path / "whole"))
    list(train_function(config, out=tmp_path / "parts", stop=lambda at: at == 5))
    assert checkpoint.steps(tmp_path / "parts" / "checkpoints")[-1] == 5
    list(train_function(config, out=tmp_path / "parts"))
    assert_same(arrays_of(tmp_path / "whole"), arrays_of(tmp_path / "parts"))
    logs = [runs.read_log(tmp_path / name) for name in ("whole", "parts")]
    assert logs[0].keys() == logs[1].keys()
    for name in logs[0].keys() - {"seconds", "steps_per_second"}:
        np.testing.assert_array_equal(logs[0][name], logs[1][name], err_msg=name)


STOPPED = Config(
    **{"data": "digits", "network": "mlp", "width": 4, "latent": 2, "batch": 8, "rows": 64, "held_out": 0.02},
    **{"decay": "none", "learning_rate": 0.1, "constraint": "clip", "clip": 1.0, "engine": "torch"},
)


def left_by(out):
    """All that tells two finished runs apart, but how long they took."""
    log = {name: column.tolist() for name, column in runs.read_log(out).items()}
    for name in ("seconds", "steps_per_second"):
        log.pop(name)
    files = {
        str(path.relative_to(out)): path.read_bytes()
        for folder in ("checkpoints", "samples")
        for path in sorted((out / folder).rglob("*"))
        if path.is_file()
    }
    kept = checkpoint.steps(out / "checkpoints")
    # NaN is the column's gap, which equals nothing
    return {name: list(map(str, column)) for name, column in log.items()}, files, kept, str(best.best(out, kept))


@patch.object(comparison, "COUNT", 32)
@settings(max_examples=15, deadline=None)
@given(
    stops=st.sets(st.integers(0, 22), min_size=1, max_size=6),
    every=st.tuples(*[st.integers(2, 9)] * 4),
    keep=st.integers(1, 3),
    steps=st.integers(12, 22),
    patience=st.none() | st.integers(1, 9),
    longer=st.booleans(),
)
def test_a_run_of_any_stops_leaves_what_an_unbroken_one_leaves(stops, every, keep, steps, patience, longer):
    names = ("log_every", "sample_every", "checkpoint_every", "diagnose_every")
    config = STOPPED.replace(
        **dict(zip(names, every, strict=True)), keep=keep, steps=steps, until_no_better=patience, seed=sum(every)
    )
    with TemporaryDirectory() as folder:
        whole, parts = Path(folder) / "whole", Path(folder) / "parts"
        list(train_function(config, out=whole))
        for stop in sorted(stops):
            # the end of a shorter run is a stop too, of a run that is then asked for more steps
            shorter = config.replace(steps=min(stop, steps)) if longer else config
            ended = checkpoint.steps(parts / "checkpoints")[-1:] if parts.exists() else []
            if not ended or ended[0] <= shorter.steps:
                list(train_function(shorter, out=parts, stop=lambda at, stop=stop: at >= stop))
        list(train_function(config, out=parts))
        for first, second in zip(left_by(whole), left_by(parts), strict=True):
            assert first == second


@patch.object(comparison, "COUNT", 32)
@pytest.mark.parametrize("stage", ["surplus", "_remove", "_unlink", "clear"])
def test_a_kill_after_the_last_checkpoint_leaves_nothing_for_ever(tmp_path, monkeypatch, stage):
    """The run is at its last step then, but older checkpoints, whole or in part, may still have to go."""
    config = STOPPED.replace(steps=6, checkpoint_every=2, keep=2)
    for name in ("whole", "killed"):
        list(train_function(config, out=tmp_path / name, stop=lambda at: at == 5))  # a passing checkpoint must go too
    list(train_function(config, out=tmp_path / "whole"))
    real = getattr(checkpoint, stage)

    def killed(folder, *rest):
        if (tmp_path / "killed" / "checkpoints" / "00000006").exists():
            raise KeyboardInterrupt
        return real(folder, *rest)

    with monkeypatch.context() as context:
        context.setattr(checkpoint, stage, killed)
        with pytest.raises(KeyboardInterrupt):
            list(train_function(config, out=tmp_path / "killed"))
    list(train_function(config, out=tmp_path / "killed"))
    for first, second in zip(left_by(tmp_path / "whole"), left_by(tmp_path / "killed"), strict=True):
        assert first == second
    assert not list((tmp_path / "killed" / "checkpoints").glob(".*"))


@pytest.mark.parametrize(
    ("network", "optimiser", "engine"),
    [("mlp", "adam", "torch"), ("keras-cnn", "rmsprop", "torch"), ("mlp", "rmsprop", "jax"), ("hybrid", "adam", "jax")],
)
def test_killed_runs_resume_to_the_bytes_of_an_unbroken_one(tmp_path, network, optimiser, engine):
    arguments = [*TINY, "--network", network, "--optimiser", optimiser, "--steps", "150", "--checkpoint-every", "10"]
    arguments += ["--engine", engine]
    whole = fresh(*arguments, "--out", tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr
    rng = random.Random(network)
    killed = tmp_path / "killed"
    for _ in range(2):
        process = begun(*arguments, "--out", killed)
        reached = rng.randrange(0, 140, 10)
        while process.poll() is None and checkpoint.steps(killed / "checkpoints")[-1:] < [reached]:
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.1))
        process.kill()
        process.communicate()
    done = fresh(*arguments, "--out", killed)
    assert done.returncode == 0, done.stderr
    assert_same(arrays_of(tmp_path / "whole"), arrays_of(killed))
    assert runs.read_log(killed)["step"].tolist() == [0, 50, 100, 150]


def test_sigterm_saves_and_the_same_command_goes_on(tmp_path):
    out = tmp_path / "run"
    arguments = [*TINY, "--steps", "100000", "--checkpoint-every", "100000", "--out", out]
    process = begun(*arguments)
    while not (out / "log.jsonl").exists() or (out / "log.jsonl").stat().st_size < 300:
        time.sleep(0.05)
        assert process.poll() is None
    process.terminate()
    output, errors = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, errors
    assert "stopped at step" in errors
    reached = checkpoint.steps(out / "checkpoints")[-1]
    assert reached > 0
    assert f"{reached:08d}.png" in output
    again = called(*arguments, "--dry-run")
    assert again.returncode == 0


def test_a_damaged_checkpoint_is_named_and_the_one_before_it_used(tmp_path):
    config = Config(**SMALL | {"steps": 6, "checkpoint_every": 2})
    out = tmp_path / "run"
    list(train_function(config, out=out))
    whole = arrays_of(out)
    newest = out / "checkpoints" / "00000006" / "arrays.safetensors"
    newest.write_bytes(newest.read_bytes()[:-100])
    said = []
    with pytest.warns(WganWarning, match=r"checkpoint 6 is damaged \(arrays\.safetensors .*; using 4 instead\."):
        list(train_function(config, out=out, note=said.append))
    assert "resumed at step 4" in said[-1]
    assert_same(whole, arrays_of(out))


def test_a_clock_that_stands_still_stops_no_training(monkeypatch):
    monkeypatch.setattr(loop.time, "perf_counter", lambda: 5.0)
    assert [record["steps_per_second"] for record in train_function(Config(**SMALL | {"steps": 1}))] == [0, 0]


def test_a_run_without_a_readable_checkpoint_is_not_silently_begun_anew(tmp_path):
    config = Config(**SMALL)
    out = tmp_path / "run"
    list(train_function(config, out=out))
    for folder in (out / "checkpoints").iterdir():
        (folder / "meta.json").write_text("{")
    with (
        pytest.warns(WganWarning, match="no readable one is left"),
        pytest.raises(WganError, match=r"no readable checkpoint .* restart=True"),
    ):
        list(train_function(config, out=out))
    list(train_function(config, out=out, restart=True))


def test_every_training_row_is_drawn_once_an_epoch():
    training = start(Config(**SMALL | {"rows": 800}))  # ten steps of 5 * 16 rows
    drawn = np.concatenate([draws(training, at).real.numpy().reshape(-1, 8, 8, 1) for at in range(10)])
    expected = training.dataset.rows[training.rows]
    shown = training.dataset.form.decode(drawn)
    assert sorted(row.tobytes() for row in shown) == sorted(row.tobytes() for row in expected)


def test_held_out_rows_are_never_trained_on():
    training = start(Config(**SMALL | {"steps": 200, "held_out": 0.3, "rows": 900}))
    assert len(training.rows) == 900
    assert not np.intersect1d(training.rows, training.held_out).size
    held = {training.dataset.rows[i].tobytes() for i in training.held_out}
    shown = training.dataset.form.decode(
        np.concatenate([draws(training, at).real.numpy().reshape(-1, 8, 8, 1) for at in range(30)])
    )
    assert len(shown) == 30 * 5 * 16
    unseen = held - {row.tobytes() for row in training.dataset.rows[training.rows]}
    assert not unseen & {row.tobytes() for row in shown}


@pytest.mark.parametrize("conditional", FIELDS["conditional"].metadata["choices"])
def test_the_two_estimates_are_of_training_and_of_held_out_rows_with_their_own_classes(monkeypatch, conditional):
    labels = np.random.default_rng(0).integers(3, size=300)
    dataset = data.from_array(np.stack([10.0 * labels, np.arange(300)], 1))
    dataset = data.Dataset(**{**vars(dataset), "labels": labels})
    config = Config(**SMALL | {"data": "array", "network": "mlp", "average": 0.5, "conditional": conditional})
    training = start(config.replace(engine="torch"), dataset)
    iterate(training)
    scored, made = [], []
    score, generate = step.score, step.generate

    def spied_score(game, critic, rows, label=None):
        found = score(game, critic, rows, label)
        scored.append((rows, label, found))
        return found

    def spied_generate(game, generator, z, moments=None, label=None):
        made.append((generator, z, label))
        return generate(game, generator, z, moments, label)

    monkeypatch.setattr(step, "score", spied_score)
    monkeypatch.setattr(step, "generate", spied_generate)
    record = estimates(training)
    ((generator, z, fake_label),) = made
    assert generator is training.state.generator
    assert len({row.tobytes() for row in z.numpy()}) == 30
    (fake, its_label, of_fake), *real = scored
    assert its_label is fake_label
    np.testing.assert_array_equal(fake.numpy(), generate(training.game, generator, z, None, fake_label).numpy())
    for name, among, (rows, label, found) in zip(
        ("estimate", "held_out_estimate"), (training.rows, training.held_out), real, strict=True
    ):
        numbers = np.rint(dataset.form.decode(rows.numpy())[:, 1]).astype(int)
        assert len(set(numbers)) == len(numbers) == 30
        assert set(numbers) <= set(among.tolist())
        assert (label is None) == (conditional == "none")
        if label is not None:
            np.testing.assert_array_equal(label.numpy().argmax(1), labels[numbers])
        assert record[name] == pytest.approx(float(found.mean() - of_fake.mean()), abs=1e-6)
    training.step += 1
    estimates(training)
    assert not {row.tobytes() for row in made[1][1].numpy()} & {row.tobytes() for row in z.numpy()}, "z are drawn again"


@pytest.mark.parametrize("norm", ["layer", "batch"])
def test_estimates_hold_the_maps_of_few_rows_at_once(monkeypatch, norm):
    """Batch norm needs the whole batch of the generator; the critic's rows are cut in any case."""
    fields = {"network": "mlp", "engine": "torch", "generator_norm": norm, "precision": "float64"}
    training = start(Config(**SMALL | fields))
    whole, sizes = estimates(training), {"score": [], "generate": []}
    for name, found in sizes.items():
        function = getattr(step, name)
        monkeypatch.setattr(
            step, name, lambda *given, function=function, found=found, **more: (
                found.append(len(given[2])) or function(*given, **more)
            ),
        )  # fmt: skip
    monkeypatch.setattr("wgan.training.loop.PART", 7 * int(np.prod(training.dataset.form.encoded_shape)))
    assert estimates(training) == pytest.approx(whole, rel=1e-9)
    assert max(sizes["score"]) == 7
    assert (len(sizes["generate"]) == 1) == (norm == "batch")


def test_the_rows_behind_the_estimates_have_the_noise_of_those_trained_on(monkeypatch):
    """Else a critic would tell whole numbers from others."""
    training = start(Config(**SMALL | {"dequantise": "uniform", "network": "mlp", "engine": "torch"}))
    seen, score = [], step.score
    monkeypatch.setattr(
        step, "score", lambda game, critic, rows, label=None: seen.append(rows) or score(game, critic, rows)
    )
    estimates(training)
    _, *real = seen
    assert len(real) == 2
    for rows in real:
        noise = np.modf(128 * rows.numpy().astype(np.float64) + 128)[0]
        # uniform: its variance is 1/12, with a relative standard error of sqrt(0.8 / n)
        assert noise.var() == pytest.approx(1 / 12, rel=5 * np.sqrt(0.8 / noise.size))


def test_a_record_tells_the_learning_rate_of_its_step_and_the_last_that_of_the_step_before():
    config = Config(**SMALL | {"decay": "linear", "learning_rate": 0.01, "network": "mlp"})
    found = [record["learning_rate"] for record in train_function(config)]
    assert found == pytest.approx([0.01, 0.0075, 0.005, 0.0025, 0.0025])


def test_steps_may_be_raised_on_resume_unless_the_learning_rate_decays(tmp_path):
    config = Config(**SMALL)
    list(train_function(config, out=tmp_path / "run"))
    records = list(train_function(config.replace(steps=6), out=tmp_path / "run"))
    assert [r["step"] for r in records] == [4, 5, 6]
    with pytest.raises(WganError, match=r"is at step 6 already; use steps=6 or more"):
        list(train_function(config, out=tmp_path / "run"))
    decaying = config.replace(decay="linear")
    list(train_function(decaying, out=tmp_path / "other"))
    with pytest.raises(WganError, match="steps: saved 4, asked 6"):
        list(train_function(decaying.replace(steps=6), out=tmp_path / "other"))


def test_the_log_and_config_tell_all_that_made_the_run(tmp_path):
    config = Config(**SMALL)
    records = list(train_function(config, out=tmp_path))
    saved = json.loads((tmp_path / "config.json").read_text())
    assert Config.from_json(saved["config"]) == config
    assert saved["config"].keys() == FIELDS.keys()
    assert {"python", "wgan", "numpy", "torch"} <= saved["versions"].keys()
    assert saved["data"]["training_rows"] + saved["data"]["held_out_rows"] == 1797
    log = runs.read_log(tmp_path)
    np.testing.assert_allclose(log["estimate"], [record["estimate"] for record in records])


@pytest.mark.parametrize("network", ["mlp", "dcgan"])
def test_samples_come_back_in_the_datas_own_form_and_repeat(tmp_path, network):
    list(train_function(Config(**SMALL | {"network": network}), out=tmp_path / "run"))
    model = load_model(tmp_path / "run")
    rows = sample(model, 10, seed=3)
    assert rows.shape == (10, 8, 8, 1)
    assert rows.dtype == np.uint8
    np.testing.assert_array_equal(rows, sample(model, 10, seed=3))
    assert (rows != sample(model, 10, seed=4)).any()
    np.testing.assert_allclose(rows[:4].astype(int), sample(model, 4, seed=3), atol=1)
    loaded = wgan.load(tmp_path / "run")
    np.testing.assert_array_equal(rows, loaded.sample(10, seed=3))
    for name in ("a.png", "a.npy", "a.npz", "folder"):
        samples.write(drawing.given(rows, model.form), tmp_path / name)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), rows)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npz")["rows"], rows)
    assert len(list((tmp_path / "folder").iterdir())) == 10


def test_the_estimator_fits_samples_scores_saves_and_loads(tmp_path):
    X = data.load("digits").rows[:300, ..., 0].astype(np.float32) / 255
    model = wgan.WGAN(**{k: v for k, v in SMALL.items() if k != "data"}, network="mlp").fit(X)
    rows = model.sample(5, seed=1)
    assert rows.shape == (5, 8, 8)
    assert rows.dtype == np.float32
    assert 0 <= rows.min() <= rows.max() <= 1
    scores = model.score_samples(X[:7])
    assert scores.shape == (7,)
    model.save(tmp_path / "mine")
    loaded = wgan.load(tmp_path / "mine")
    np.testing.assert_array_equal(loaded.sample(5, seed=1), rows)
    np.testing.assert_allclose(loaded.score_samples(X[:7]), scores, rtol=1e-6)
    model.save(tmp_path / "mine")
    assert len(runs.read_log(tmp_path / "mine")["step"]) == len(model.records_)
    with pytest.raises(WganError, match="holds another run"):
        wgan.WGAN(**{k: v for k, v in SMALL.items() if k != "data"}, seed=1).fit(X).save(tmp_path / "mine")
    with pytest.raises(WganError, match="network is 5; give"):
        wgan.WGAN(network=5).fit(X)
    with pytest.raises(WganError, match="not fitted"):
        wgan.WGAN().sample(1)
    with pytest.raises(WganError, match="unknown field 'epochs'"):
        wgan.WGAN(epochs=3)
    with pytest.raises(WganError, match=r"rows are \[9\] but the model was trained on \[8, 8, 1\]"):
        model.score_samples(np.zeros((2, 9)))


def test_two_processes_get_the_same_bytes_from_the_same_seed(tmp_path):
    code = f"import sys; from wgan import Config, train\nlist(train(Config(**{SMALL}), out=sys.argv[1]))"
    # Both compile, and neither loads what the other compiled.
    apart = os.environ | {"JAX_ENABLE_COMPILATION_CACHE": "false"}
    for name in ("a", "b"):
        subprocess.run([sys.executable, "-c", code, tmp_path / name], check=True, env=apart, timeout=120)
    assert_same(arrays_of(tmp_path / "a"), arrays_of(tmp_path / "b"))


def test_advance_without_a_stop_goes_to_the_last_step():
    training = start(Config(**SMALL))
    assert [record["step"] for record in advance(training)] == [0, 1, 2, 3, 4]


def test_weights_that_are_not_finite_are_not_saved(tmp_path):
    list(train_function(Config(**SMALL), out=tmp_path))
    training = start(Config(**SMALL | {"steps": 9}))
    name = next(iter(training.state.generator))
    training.state.generator[name] = training.state.generator[name] * float("nan")
    training.step = 5
    sentence = rf"weight generator/{name} became nan at step 5; the last good checkpoint is of step 4\."
    with pytest.raises(WganError, match=sentence):
        loop.save(training, tmp_path)
    assert checkpoint.steps(tmp_path / "checkpoints")[-1] == 4
    assert list(runs.read_log(tmp_path)["fault"])[-1] == f"weight generator/{name} became nan"


@pytest.mark.parametrize(("classes", "columns", "count"), [(10, 10, 60), (16, 16, 64), (17, None, 64)])
def test_a_picture_has_a_column_for_each_of_few_classes(monkeypatch, tmp_path, classes, columns, count):
    labels = np.arange(200) % classes
    rows = np.random.default_rng(0).integers(0, 256, (200, 8, 8, 1)).astype(np.uint8)
    dataset = replace(data.from_array(rows), labels=labels, label_names=tuple(f"k{k}" for k in range(classes)))
    training = start(Config(**SMALL | {"data": "array", "conditional": "projection", "width": 4}), dataset)
    shown = []
    monkeypatch.setattr(loop.figures, "samples", lambda *arguments: shown.append(arguments))
    generated = []
    monkeypatch.setattr(loop, "generate", lambda model, z, codes: generated.append(codes) or np.zeros(len(z)))
    loop.picture(training, tmp_path / "a.png")
    assert shown[0][4] == columns
    np.testing.assert_array_equal(generated[0], np.arange(count) % classes)


def test_batch_norm_needs_two_rows_in_a_batch_and_held_out_but_no_held_out_rows():
    few = {"network": "dcgan", "width": 4, "objective": "non-saturating", "constraint": "none"}
    assert not len(start(Config(**SMALL | few | {"held_out": 0.0})).held_out)
    for field, value in (("batch", 1), ("generator_batch", 1), ("held_out", 1 / 1797)):
        with pytest.raises(WganError, match="batch norm needs at least 2 rows"):
            start(Config(**SMALL | few | {field: value}))
