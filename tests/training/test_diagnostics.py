"""What is measured while a run trains, and that each planted fault is named by the first verdict, and only that one."""

from contextlib import suppress

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist, pdist
from scipy.special import ndtr
from scipy.stats import wasserstein_distance

from wgan import Config, WganError, data, preset
from wgan.config import FIELDS
from wgan.engines import ENGINES
from wgan.errors import WganWarning
from wgan.game import step
from wgan.game.constraints import CONSTRAINTS
from wgan.maths import support
from wgan.reports.verdicts import MISSED, verdicts
from wgan.runs import best, checkpoint
from wgan.runs import folder as runs
from wgan.training import comparison, diagnostics, model, state
from wgan.training.diagnostics import diagnose, engine_values, prepare
from wgan.training.loop import advance, train
from wgan.training.state import start

SMALL = {
    "data": "digits",
    "engine": "torch",
    "width": 8,
    "batch": 16,
    "latent": 8,
    "steps": 6,
    "log_every": 1,
    "diagnose_every": 2,
}
generate = step.generate


def faults(log, config):
    return [one.name for one in verdicts(log, config.to_json()) if one.kind == "fault"]


def trained(tmp_path, config, dataset=None):
    with suppress(WganError):  # an explosion ends in one, and is in the log
        list(train(config, dataset, out=tmp_path / "run"))
    return runs.read_log(tmp_path / "run")


def plant(monkeypatch, rows):
    """Replace the generator: `rows(z)` gives what it makes, a whiff of the true one its gradient."""

    def planted(game, generator, z, moments=None, label=None):
        return game.engine.array(rows(game.engine.numpy(z))) + 1e-2 * generate(game, generator, z)

    monkeypatch.setattr(step, "generate", planted)


def digits():
    dataset = data.load("digits")
    rows, _ = data.split(dataset, 0.1, None, 0)
    return dataset.form.encode(dataset.rows[rows]), dataset.labels[rows]


def choice(z, count, seed=0):
    """One of `count`, a function of z that takes each about as often."""
    return (z @ np.random.default_rng(seed).standard_normal((z.shape[1], count))).argmax(1)


def test_a_generator_that_copies_a_hundred_rows_is_named(monkeypatch, tmp_path):
    rows, _ = digits()
    plant(monkeypatch, lambda z: rows[choice(z, 100)])
    config = Config(engine="torch", steps=20, log_every=5, diagnose_every=5)
    assert faults(trained(tmp_path, config), config) == ["memorising generator"]


@pytest.mark.parametrize("labelled", [True, False])
def test_a_generator_of_one_class_is_named(monkeypatch, tmp_path, labelled):
    rows, labels = digits()
    threes = rows[labels == 3]
    plant(monkeypatch, lambda z: (threes[choice(z, 100)] + threes[choice(z, 100, seed=1)]) / 2)  # new, not copied
    config = Config(engine="torch", steps=20, log_every=5, diagnose_every=5)
    dataset = None if labelled else data.from_array(data.load("digits").rows, name="digits")
    log = trained(tmp_path, config, dataset)
    assert ("classes" in log) == labelled
    assert faults(log, config) == ["mode collapse"]


@pytest.mark.parametrize(("wide", "kind"), [(1.0, "note"), (1.3, "fault")])
def test_a_critic_trained_on_50_rows_is_named(monkeypatch, tmp_path, wide, kind):
    """Against samples at the floor all that is left to gain is memory, which is no fault; against worse ones it is."""
    dataset = data.from_array(np.random.default_rng(1).standard_normal((1000, 32)).astype(np.float32))
    plant(monkeypatch, lambda z: wide * z)
    config = Config(
        engine="torch",
        network="mlp", width=64, depth=2, latent=32, rows=50, batch=32, held_out=0.3, n_critic=5, steps=40, log_every=5,
        diagnose_every=5,
    )  # fmt: skip
    found = {one.name: one.kind for one in verdicts(trained(tmp_path, config, dataset), config.to_json())}
    assert found["memorising critic"] == kind
    assert [kind] * (kind == "fault") == [one for one in found.values() if one == "fault"]


def test_a_clip_of_a_ten_thousandth_is_named(tmp_path):
    config = preset("wgan").config.replace(
        data="digits", engine="torch", width=8, clip=1e-4, steps=30, log_every=5, diagnose_every=5
    )
    log = trained(tmp_path, config)
    assert faults(log, config) == ["vanishing gradient"]
    assert "clipping" in verdicts(log, config.to_json())[0].sentence.lower()


@pytest.mark.parametrize("bounded", [False, True])
@pytest.mark.parametrize("name", ["default", "wgan-gp"])
def test_a_learning_rate_of_one_is_named(tmp_path, name, bounded):
    """An unbounded critic explodes; under a penalty the critic's gradient is at most tens, and the samples are far."""
    config = preset(name).config.replace(
        data="digits", engine="torch", width=8, learning_rate=1.0, steps=30, log_every=5, diagnose_every=5
    )
    config = config if bounded else config.replace(constraint="none").replace(critic_norm="none")
    assert faults(trained(tmp_path, config), config) == ["difference from the data" if bounded else "exploding critic"]


def test_a_generator_that_no_gradient_reaches_is_named(tmp_path):
    config = Config(**SMALL)
    training = start(config)
    last = max(name for name in training.state.generator if name.endswith(".bias"))
    training.state.generator[last] += 1e4  # its tanh is 1 for ever
    training.state.average[last] += 1e4
    (tmp_path / "samples").mkdir()
    list(advance(training, tmp_path))
    assert faults(runs.read_log(tmp_path), config) == ["dead generator"]


def test_a_healthy_run_gets_none(tmp_path):
    config = Config(engine="torch", steps=300, log_every=25, diagnose_every=50)
    log = trained(tmp_path, config)
    assert faults(log, config) == []
    assert log["w1"][-1] < 0.7 * log["w1"][0]


def test_noise_is_far_and_not_good(tmp_path):
    config = Config(engine="torch", steps=20, learning_rate=1e-9, log_every=5, diagnose_every=5, width=8)
    found = verdicts(trained(tmp_path, config), config.to_json())
    assert [one.name for one in found if one.kind == "fault"] == ["difference from the data"]
    assert "good" not in [one.kind for one in found]
    assert "Precision: 0 % of samples" in found[0].evidence


def test_a_run_that_collapses_by_itself_is_named(tmp_path):
    config = Config(engine="torch", steps=400, latent=1, network="mlp", width=8, generator_norm="none",
                    learning_rate=0.05, log_every=20, diagnose_every=20)  # fmt: skip
    found = verdicts(trained(tmp_path, config), config.to_json())
    assert found[0].name == "mode collapse"
    assert "good" not in [one.kind for one in found]


MODES = 1000


def thousand_modes():
    """The centres of 1,000 modes, and eight rows of each with its number as their label."""
    rng = np.random.default_rng(0)
    centres, labels = rng.standard_normal((MODES, 32)), np.repeat(np.arange(MODES), 8)
    rows = centres[labels] + 0.05 * rng.standard_normal((len(labels), 32))
    dataset = data.from_array(rows.astype(np.float32), name="modes")
    return dataset.form.encode(centres.astype(np.float32)), data.Dataset(**{**vars(dataset), "labels": labels})


@pytest.mark.parametrize("made", [10, 100, 300, MODES])
def test_a_collapse_of_a_thousand_modes_is_named_before_a_tenth_of_the_steps(monkeypatch, tmp_path, made):
    centres, dataset = thousand_modes()
    noise = np.random.default_rng(1).standard_normal((4096, 32))  # a sample is new, and not the copy of a row
    plant(monkeypatch, lambda z: centres[(ndtr(z[:, 0]) * made).astype(int)] + 0.05 * noise[: len(z)])
    config = Config(engine="torch", network="mlp", width=16, depth=1, latent=32, batch=64, steps=200, log_every=5,
                    diagnose_every=5)  # fmt: skip
    out = tmp_path / "run"
    list(train(config, dataset, out=out, stop=lambda step: step == 20))
    log = runs.read_log(out)
    assert log["step"].max() == 20
    found = verdicts(log, config.to_json())
    if made < MODES / 2:
        assert (found[0].name, found[0].kind) == (("mode collapse", "fault") if made < 200 else
                                                  ("difference from the data", "note"))  # fmt: skip
    else:
        assert [one.kind for one in found if one.name != "loss and distance"] == ["good"]
    for name, truth in (("kinds", made), ("missing_mass", 1 - made / MODES)):
        assert (log[f"{name}_lower"] <= truth).all(), name
        assert (log[f"{name}_upper"] >= truth).all(), name
    assert (log["support_lower"] <= made).all()
    assert made == MODES or (log["support_upper"] >= made).all()  # it is infinite where no two samples are alike


@pytest.mark.parametrize("kinds", [1, 10])
def test_how_many_classes_a_generator_makes_and_what_it_misses(monkeypatch, tmp_path, kinds):
    rows, labels = digits()
    few = rows[labels < kinds]
    plant(monkeypatch, lambda z: few[(ndtr(z[:, 0]) * len(few)).astype(int)])
    log = trained(tmp_path, Config(**SMALL | {"diagnose_every": 1, "held_out": 0.4}))
    assert log["kinds"].tolist() == log["kinds_lower"].tolist() == [kinds] * 7
    missed = np.mean(data.load("digits").labels >= kinds)
    assert log["missing_mass"] == pytest.approx(missed, abs=3 * np.sqrt(missed * (1 - missed) / 256))
    assert (log["missing_mass_lower"] <= missed).all()
    assert (log["missing_mass_upper"] >= missed).all()
    assert (log["missing_mass_lower"] > MISSED).all() == (kinds == 1)
    assert log["precision"] == pytest.approx(log["precision_floor"][0], abs=0.05)


def test_the_support_counts_the_pairs_of_samples_that_are_alike():
    training = start(Config(**SMALL))
    probe = prepare(training)
    record, among = diagnose(probe, training), probe.comparison
    samples = among.features(model.generate(state.model_of(training), among.chosen.z, among.chosen.codes))
    assert record["support"] == pytest.approx(1 / np.mean(pdist(samples) <= among.radius))
    found = support.collisions(samples, among.radius, 1 - 0.05 / 2)  # the first record may miss in 5 % / (1 * 2)
    assert (record["support_lower"], record["support_upper"]) == (found.lower, found.upper)
    held = pdist(np.concatenate([among.chosen.features, among.reported.features])) <= among.radius
    assert record["support_floor"] == pytest.approx(1 / held.mean())
    known = np.isin(np.arange(len(training.dataset.rows)), training.rows)
    real = among.features(training.dataset.rows[known])
    assert np.mean(pdist(real) <= among.radius) == pytest.approx(1 / 1000, rel=0.5)


def test_the_logged_w1_is_the_cheapest_assignment_in_float64():
    """Far from 0, where float32 would lose the small distances between the rows."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 50, 7)) + 1e4
    costs = cdist(x, y)
    found = diagnostics._compare(x, y)["w1"]
    assert found == pytest.approx(costs[linear_sum_assignment(costs)].mean(), rel=1e-12)
    assert diagnostics._compare(x + 3 / np.sqrt(7), x)["w1"] == pytest.approx(3, rel=1e-12)
    x, y = x[:, :1], y[:, :1]
    assert diagnostics._compare(x, y)["w1"] == pytest.approx(wasserstein_distance(x[:, 0], y[:, 0]), rel=1e-12)
    assert diagnostics._compare(x, x)["w1"] == 0


def test_w1_of_samples_of_two_sizes_cuts_the_larger():
    x, y = np.random.default_rng(0).standard_normal((2, 9, 3))
    expected = diagnostics._compare(x[:5], y[:5])["w1"]
    assert diagnostics._compare(x[:5], y)["w1"] == diagnostics._compare(x, y[:5])["w1"] == expected


def test_the_diversity_is_the_ratio_of_mean_distances_in_float64():
    training = start(Config(**SMALL | {"average": 0}))
    probe = prepare(training)
    rows = generate(training.game, training.state.generator, probe.z).numpy().reshape(len(probe.z), -1)
    spreads = [pdist(x.astype(np.float64)).mean() for x in (rows, probe.held_out)]
    assert diagnose(probe, training)["diversity"] == pytest.approx(spreads[0] / spreads[1], rel=1e-12)
    assert diagnostics._spread(np.ones((1, 3))) == diagnostics._spread(np.ones((4, 3))) == 0


def test_where_samples_fall_against_a_search_by_hand():
    rng = np.random.default_rng(0)
    searched, labels = rng.standard_normal((60, 5)), rng.integers(3, size=60)
    rows = np.concatenate([searched[:4] + 1e-3, rng.standard_normal((12, 5))])
    found, near = diagnostics._look_up(rows, searched, labels)
    by_hand = np.sort(cdist(rows, searched), axis=1)
    assert found["nearest"] == pytest.approx(by_hand[:, 0].mean(), rel=1e-3)
    assert found["copied"] == np.mean(by_hand[:, 0] < by_hand[:, 1] / 3) >= 4 / 16
    np.testing.assert_array_equal(near, labels[cdist(rows, searched).argmin(1)])
    share = np.bincount(near) / 16
    assert found["classes"] == pytest.approx(np.prod(share[share > 0] ** -share[share > 0]))
    assert found["largest_class_share"] == share.max()
    assert diagnostics._look_up(rows, searched, None)[1] is None
    assert diagnostics._look_up(rows, searched[:2], labels[:2]) == ({}, None)


def test_coverage_and_precision_against_their_definitions_and_at_their_ends():
    rng = np.random.default_rng(0)
    real, sample = rng.standard_normal((40, 3)), 2 * rng.standard_normal((40, 3))
    radius = np.sort(cdist(real, real), axis=1)[:, 5]
    expected = np.mean([(cdist([row], sample) <= r).any() for row, r in zip(real, radius, strict=True)])
    assert 0.2 < expected < 0.9
    within = (cdist(sample, real) <= radius).any(1)
    assert 0.2 < within.mean() < 0.9
    found = diagnostics._compare(sample, real)
    assert (found["coverage"], found["precision"]) == (expected, within.mean())
    same, far = diagnostics._compare(real, real), diagnostics._compare(real + 100, real)
    assert (same["coverage"], far["coverage"]) == (same["precision"], far["precision"]) == (1, 0)
    assert same["w1"] == 0


def test_gradients_against_autograd_and_a_linear_critic():
    training = start(Config(**SMALL | {"network": "mlp", "depth": 1, "constraint": "none"}))
    game, state, probe = training.game, training.state, prepare(training)
    found = engine_values(game, state, probe.z, probe.real, probe.unseen, probe.mix)
    count = len(probe.mix)
    critic = {name: w.clone().requires_grad_() for name, w in state.critic.items()}
    fake = generate(game, state.generator, probe.z)[:count]
    loss = step.score(game, critic, fake).mean() - step.score(game, critic, probe.real[:count]).mean()
    loss.backward()
    layers = [name for name in critic if name.endswith(".weight")]
    assert len(layers) > 1
    for name in layers:
        expected = float(critic[name].grad.norm())
        assert float(found[f"critic_gradient.{name.removesuffix('.weight')}"]) == pytest.approx(expected, rel=1e-4)

    generator = {name: w.clone().requires_grad_() for name, w in state.generator.items()}
    (-step.score(game, state.critic, generate(game, generator, probe.z[:count])).mean()).backward()
    expected = float(torch.cat([w.grad.ravel() for w in generator.values()]).norm())
    assert float(found["generator_gradient"]) == pytest.approx(expected, rel=1e-4)

    slope = torch.full((1, 64), 0.5)
    linear = {"00.reshape": None, "01.dense.weight": slope, "01.dense.bias": torch.zeros(1)}
    layers = [{"kind": "reshape", "shape": (64,)}, {"kind": "dense", "features": 1}]
    game = game._replace(architecture=game.architecture._replace(critic=layers))
    state = state._replace(critic={name: w for name, w in linear.items() if w is not None})
    found = engine_values(game, state, probe.z, probe.real, probe.unseen, probe.mix)
    for name in ("real", "fake", "mixed"):
        assert found[f"gradient_norm_{name}"].numpy() == pytest.approx(4.0)  # |w| = 0.5 sqrt(64)


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_both_engines_measure_the_same(constraint):
    found = []
    for engine in ENGINES:
        pytest.importorskip(engine, reason=f"{engine} is not installed")
        training = start(Config(**SMALL | {"engine": engine, "constraint": constraint, "network": "mlp", "depth": 1}))
        found.append(diagnose(prepare(training), training))
    assert len(found) > 1
    for other in found[1:]:
        assert other == pytest.approx(found[0], rel=2e-3, abs=1e-6)


def by_kind(count, seed=0):
    """Rows sorted by their label, as a stored set may be; the first column tells the label, the second the row."""
    labels = np.arange(count) * 5 // count
    rows = np.column_stack([10.0 * labels, np.arange(count), np.random.default_rng(seed).normal(size=(count, 6))])
    return labels, data.Dataset(**{**vars(data.from_array(rows)), "labels": labels})


def test_the_floors_are_those_of_new_training_rows_in_the_samples_place():
    """Among 200 draws of as many training rows; the spread of the draws is the null distribution. Held-out rows
    against themselves would be at 0, and the first rows of a set that is sorted by label far away."""
    labels, dataset = by_kind(1500)
    config = Config(**SMALL | {"data": "array", "network": "mlp", "held_out": 0.1})
    training = start(config, dataset)
    floors, rng = prepare(training).floors, np.random.default_rng(0)
    known, held = (dataset.form.encode(dataset.rows[rows]) for rows in (training.rows, training.held_out))
    assert floors["measured_rows"] == len(held) == 150
    drawn = [diagnostics._compare(rng.choice(known, len(held), replace=False), held) for _ in range(200)]
    for name in ("w1", "coverage", "precision"):
        values = np.array([one[name] for one in drawn])
        assert floors[f"{name}_floor"] == pytest.approx(values.mean(), abs=5 * values.std()), name
        assert name != "w1" or values.mean() > 10 * values.std(), "so that 0 is far outside of the band"
    distance = cdist(held, known)
    nearest = np.sort(distance, axis=1)
    assert floors["nearest_floor"] == pytest.approx(nearest[:, 0].mean(), rel=1e-2) != 0
    assert floors["copied_floor"] == pytest.approx(np.mean(nearest[:, 0] < nearest[:, 1] / 3), abs=0.01)
    share = np.bincount(labels[training.rows][distance.argmin(1)]) / 150
    assert floors["classes_floor"] == pytest.approx(np.prod(share**-share), rel=1e-3)


def test_rows_that_are_measured_keep_their_classes_and_are_seen_or_held_out():
    labels, dataset = by_kind(400)
    training = start(Config(**SMALL | {"data": "array", "network": "mlp", "conditional": "projection"}), dataset)
    probe = prepare(training)
    for rows, told, among in zip(
        (probe.real, probe.unseen),
        (probe.z_labels, probe.unseen_labels),
        (training.rows, training.held_out),
        strict=True,
    ):
        shown = dataset.form.decode(rows.numpy())
        numbers = np.rint(shown[:, 1]).astype(int)
        assert set(numbers) <= set(among.tolist())
        np.testing.assert_array_equal(told.numpy()[: len(rows)].argmax(1), labels[numbers])
    assert len(probe.real) == len(probe.unseen) == 40
    np.testing.assert_array_equal(probe.searched_labels, labels[training.rows])
    assert len(np.unique(labels[np.rint(dataset.form.decode(probe.real.numpy())[:, 1]).astype(int)])) == 5


@pytest.mark.parametrize("conditional", FIELDS["conditional"].metadata["choices"])
def test_distances_are_those_of_the_average_and_memory_that_of_the_critics_scores(conditional):
    config = Config(**SMALL | {"network": "mlp", "average": 0.5, "learning_rate": 0.05, "conditional": conditional})
    training = start(config)
    list(advance(training))
    game, state, probe = training.game, training.state, prepare(training)
    of_z, of_unseen = probe.z_labels, probe.unseen_labels
    record = diagnose(probe, training)
    for name, weights in (("w1", state.average), ("generator_w1", state.generator)):
        rows = generate(game, weights, probe.z, None, of_z).numpy().reshape(len(probe.z), -1)
        cost = cdist(rows, probe.held_out)
        expected = cost[linear_sum_assignment(cost)].mean()
        assert record[name] == pytest.approx(expected, rel=1e-3), name
    assert record["w1"] != pytest.approx(record["generator_w1"], rel=5e-3)
    of_seen = None if of_z is None else of_z[: len(probe.real)]
    scored = (
        step.score(game, state.critic, probe.real, of_seen),
        step.score(game, state.critic, probe.unseen, of_unseen),
    )
    seen, unseen = (scores.numpy() for scores in scored)
    size = float(np.abs(np.concatenate([seen, unseen])).max())
    assert record["memorised_score"] == pytest.approx(seen.mean() - unseen.mean(), abs=1e-5 * size)
    error = np.sqrt(seen.var() / len(seen) + unseen.var() / len(unseen))
    assert record["memorised_score_error"] == pytest.approx(error, rel=1e-4)


def test_measuring_changes_nothing_and_repeats():
    training = start(Config(**SMALL))
    probe = prepare(training)
    before = {name: w.clone() for name, w in (training.state.critic | training.state.generator).items()}
    first = diagnose(probe, training)
    assert diagnose(prepare(training), training) == first
    for name, w in (training.state.critic | training.state.generator).items():
        assert torch.equal(before[name], w)
    assert all(isinstance(value, float) and np.isfinite(value) for value in first.values())


def test_the_share_of_clipped_weights():
    training = start(Config(**SMALL | {"constraint": "clip", "clip": 0.5}))
    weights = torch.cat([w.ravel() for w in training.state.critic.values()])
    for w in training.state.critic.values():
        w.zero_()
    name = next(name for name in training.state.critic if name.endswith(".weight"))
    training.state.critic[name].view(-1)[:3] = torch.tensor([0.5, -0.5, 0.49])
    assert diagnose(prepare(training), training)["clipped_weights"] == pytest.approx(2 / len(weights))


def script(monkeypatch, distances):
    """Let the diagnostics tell these distances, by step."""
    monkeypatch.setattr(
        diagnostics, "diagnose", lambda probe, training, keep: {"energy_distance": distances[training.step]}
    )


def test_the_best_checkpoint_is_kept_and_named(monkeypatch, tmp_path):
    script(monkeypatch, [9.0, 8, 2, 7, 6, 5, 4])
    config = Config(**SMALL | {"keep": 2, "checkpoint_every": 1, "diagnose_every": 1})
    out = tmp_path / "run"
    list(train(config, out=out))
    assert checkpoint.steps(out / "checkpoints") == [2, 5, 6]
    assert best.best(out, [2, 5, 6])[:3] == (2, "energy_distance", 2.0)
    assert best.best(out, [5, 6])[:3] == (6, "energy_distance", 4.0)


@pytest.mark.parametrize("at", [3, 5])
def test_the_best_checkpoint_is_still_known_and_kept_after_a_resume(monkeypatch, tmp_path, at):
    script(monkeypatch, [9.0, 8, 2, 7, 6, 5, 4])
    config = Config(**SMALL | {"keep": 1, "checkpoint_every": 1, "diagnose_every": 1})
    out = tmp_path / "run"
    list(train(config, out=out, stop=lambda step: step == at))
    assert checkpoint.steps(out / "checkpoints") == [2, at]
    list(train(config, out=out))
    assert checkpoint.steps(out / "checkpoints") == [2, 6]


def test_what_a_resume_takes_back_is_not_the_best(monkeypatch, tmp_path):
    """A record after the checkpoint from which a run continues must be made again, here with another distance."""
    out = tmp_path / "run"
    config = Config(**SMALL | {"keep": 9, "checkpoint_every": 1, "diagnose_every": 1})
    script(monkeypatch, [9.0, 8, 7, 6, 1, 2, 3])
    list(train(config, out=out))
    for damaged in (4, 5, 6):
        (out / "checkpoints" / f"{damaged:08d}" / "meta.json").write_text("{")
    script(monkeypatch, [9.0, 8, 7, 6, 5, 4, 4.5])
    with pytest.warns(WganWarning, match="is damaged .* using 3 instead"):
        list(train(config.replace(keep=1), out=out))
    assert checkpoint.steps(out / "checkpoints") == [5, 6]
    assert runs.read_log(out)["energy_distance"].tolist() == [9, 8, 7, 6, 5, 4, 4.5]


def test_a_better_step_is_saved_though_no_checkpoint_is_due_there(monkeypatch, tmp_path):
    script(monkeypatch, [9.0, 1, 8, 1, 3, 1, 4])
    out = tmp_path / "run"
    list(train(Config(**SMALL | {"keep": 1, "checkpoint_every": 100}), out=out))
    assert checkpoint.steps(out / "checkpoints") == [4, 6]
    assert runs.read_log(out)["energy_distance"][::2].tolist() == [9, 8, 3, 4]


def test_a_run_stops_when_no_checkpoint_is_better_and_goes_on_when_asked(monkeypatch, tmp_path):
    script(monkeypatch, [9.0, 8, 7, 7.5, 8, 8, 1])
    config = Config(**SMALL | {"diagnose_every": 1, "until_no_better": 2, "keep": 1})
    out = tmp_path / "run"
    for _ in range(2):  # the same command finds that it is done
        assert list(train(config, out=out))[-1]["step"] == 4
        assert checkpoint.steps(out / "checkpoints") == [2, 4]
    assert list(train(config.replace(until_no_better=None), out=out))[-1]["step"] == 6
    assert checkpoint.steps(out / "checkpoints") == [6]


def test_stopping_needs_held_out_rows():
    with pytest.raises(WganError, match=r"until_no_better needs 6 held-out rows, .* but there are 0; raise held_out"):
        start(Config(**SMALL | {"held_out": 0, "until_no_better": 2}))
    record = list(advance(start(Config(**SMALL | {"held_out": 0}))))[-1]
    assert "w1" not in record
    assert record["copied"] >= 0


@pytest.mark.parametrize("side", [8, 32, 64])
def test_the_rows_that_are_looked_through_hold_no_more_values_than_memory_allows(side):
    count, width = diagnostics._searched(side**3), side**3
    assert comparison.LEAST <= count <= diagnostics.SEARCHED
    assert count == comparison.LEAST or count * width <= diagnostics.SEARCHED_VALUES


def test_rows_that_are_encoded_in_parts_are_those_encoded_at_once(monkeypatch):
    dataset, seen = data.from_array(np.random.default_rng(0).normal(size=(40, 6, 5, 4)), kind="volumes"), []
    monkeypatch.setattr(data.rows, "BLOCK", 4 * 120)
    monkeypatch.setattr(type(dataset.form), "encode", lambda form, rows: seen.append(len(rows)) or 2 * rows)
    at = np.arange(1, 39)
    np.testing.assert_array_equal(diagnostics._encoded(dataset, at), 2 * dataset.rows[at])
    assert max(seen) == 4
