"""Features of signals, images of other channels and volumes: random convolutions, and classifiers of labelled rows."""

from dataclasses import replace

import numpy as np
import pytest
from commands import called

import wgan
from wgan import WganError, data
from wgan.evaluation import classifiers, evaluate, features
from wgan.evaluation.distance import distance
from wgan.maths import fields
from wgan.training import comparison

SMALL = {"network": "mlp", "width": 16, "batch": 16, "latent": 4, "engine": "torch", "steps": 3, "held_out": 0.3}
ROWS = {
    "signals": fields.waves(80, 0, 16),
    "images": np.random.default_rng(0).normal(size=(80, 9, 8, 5)),
    "volumes": fields.medium(80, 0, 8, 3),
}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def rhythms(count=240):
    """Labelled signals: slow and fast waves, and both as volumes whose waves run along one axis."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, count)
    phase, pace = rng.uniform(0, 2 * np.pi, (count, 1)), np.where(labels, 2.0, 5.0)[:, None]
    signals = np.sin(2 * np.pi * pace * np.arange(16) / 16 + phase) + 0.3 * rng.normal(size=(count, 16))
    return signals, labels


def labelled(kind):
    signals, labels = rhythms()
    rows = signals[..., None] if kind == "signals" else np.tile(signals[:, :, None, None], (1, 1, 8, 4))
    return replace(data.from_array(rows, kind=kind), labels=labels, label_names=("slow", "fast"))


@pytest.mark.parametrize("kind", ROWS)
def test_random_features_are_those_of_the_best_checkpoint_and_need_no_labels(kind, tmp_path):
    dataset = data.from_array(ROWS[kind], kind=kind)
    list(wgan.train(wgan.Config(data="array", **SMALL), dataset, out=tmp_path / "run"))
    report = evaluate.evaluate(tmp_path / "run", 30, features="random", dataset=dataset)
    assert report["protocol"]["features"] == "random"
    assert {"energy_distance", "kernel_distance", "spectrum"} <= report["metrics"].keys()
    seen = features.resolve("random", dataset, np.arange(60), print)
    again = features.resolve("random", dataset, np.arange(60), print)
    np.testing.assert_array_equal(seen.extract(dataset.rows)[0], again.extract(dataset.rows)[0])
    of_training = comparison.features_of(dataset.form, dataset.rows[:60])
    np.testing.assert_allclose(seen.extract(dataset.rows[60:])[0], of_training(dataset.rows[60:]), rtol=1e-5, atol=1e-6)


def test_random_features_see_a_rhythm_that_no_row_of_the_data_has():
    """Samples of the right variance at each place and without any rhythm are farther than other real rows."""
    rows = fields.waves(300, 0, 16)
    dataset = data.from_array(rows, kind="signals")
    seen = features.resolve("random", dataset, np.arange(100), print)
    fake = np.random.default_rng(0).permuted(rows[200:], axis=0)
    found, _, _ = evaluate.compare(dataset, fake, np.arange(100), np.arange(100, 200), seen, False)
    assert found["energy_distance"]["value"] > 10 * abs(found["energy_distance"]["floor"]) + 0.05


def test_tables_have_no_random_features_and_the_command_takes_the_name(tmp_path, monkeypatch):
    table = data.from_array(np.random.default_rng(0).normal(size=(50, 3)))
    with pytest.raises(WganError, match=r"random needs signals, .* but array has none; use features='pca'"):
        features.resolve("random", table, np.arange(50), print)
    monkeypatch.chdir(tmp_path)
    np.save("rows.npy", ROWS["signals"])
    fields_of = [f"--{name.replace('_', '-')}={value}" for name, value in SMALL.items()]
    called("train", "rows.npy", "--kind", "signals", "--out", "run", *fields_of)
    assert "random convolutions" in called("evaluate", "run", "--samples", "20", "--features", "random").stdout


@pytest.mark.parametrize("kind", ["signals", "volumes"])
def test_labelled_rows_of_any_rank_have_a_classifier_and_agreement(kind, monkeypatch, tmp_path):
    monkeypatch.setattr(classifiers, "LEAST_STEPS", 60)
    monkeypatch.setattr(classifiers, "EPOCHS", 0)
    dataset = labelled(kind)
    seen = features.resolve("auto", dataset, np.arange(100), print)
    assert (seen.name, seen.extract(dataset.rows[:5])[0].shape) == ("classifier", (5, classifiers.UNITS))
    assert seen.accuracy > 0.9
    config = wgan.Config(data="array", conditional="projection", **SMALL)
    list(wgan.train(config, dataset, out=tmp_path / "run"))
    report = evaluate.evaluate(tmp_path / "run", 120, dataset=dataset)
    assert report["metrics"]["label_agreement"]["floor"] > 0.9
    assert report["metrics"]["label_agreement"]["value"] < report["metrics"]["label_agreement"]["floor"]
    assert report["protocol"]["classifier_accuracy"] == seen.accuracy


def test_rows_without_labels_have_no_classifier():
    dataset = data.from_array(ROWS["signals"], kind="signals")
    assert features.resolve("auto", dataset, np.arange(50), print).name == "rows"
    with pytest.raises(WganError, match="needs images, signals or volumes with labels"):
        features.resolve("classifier", dataset, np.arange(50), print)


def test_a_guess_of_the_kind_is_said_by_every_command_that_reads_arrays(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", rng.normal(size=(40, 8, 8, 12)))
    guess = "40 images of 8 x 8 and 12 channels; use kind='volumes' if the last axis is space"
    said = []
    distance(tmp_path / "a.npy", tmp_path / "b.npy", n=10, note=said.append)
    assert said == [f"{tmp_path / name}.npy: {guess}" for name in ("a", "b")]
    found = wgan.evaluate(tmp_path / "a.npy", tmp_path / "b.npy")
    assert found["protocol"]["remarks"] == [f"real: {guess}"]
    assert not wgan.evaluate(tmp_path / "a.npy", tmp_path / "b.npy", kind="volumes")["protocol"]["remarks"]
