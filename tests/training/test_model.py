"""From a checkpoint to samples: which weights, z, classes and moments they are made of."""

import numpy as np
import pytest
from PIL import Image

from wgan.config import Config
from wgan.data import dataset_of, from_array
from wgan.errors import WganError
from wgan.game import step
from wgan.maths import streams
from wgan.training import diagnostics, samples
from wgan.training import model as models
from wgan.training.drawing import given
from wgan.training.loop import train
from wgan.training.state import draws, iterate, model_of, start

SMALL = {"data": "digits", "engine": "torch", "network": "mlp", "width": 8, "depth": 1, "batch": 16, "latent": 4}
SMALL |= {"n_critic": 1, "steps": 4, "decay": "none"}


def test_batch_norms_moments_are_those_of_many_z():
    """Under the first norm lies W z + b, of mean b and variance |W|^2 a unit: off by what 1,024 z leave, five times."""
    training = start(Config(**SMALL | {"generator_norm": "batch", "average": 0.0, "width": 64}))
    weight, bias = (training.state.generator[f"00.dense.{name}"].numpy() for name in ("weight", "bias"))
    bias += np.linspace(-1, 1, len(bias), dtype=np.float32)
    mean, variance = (moment.numpy() for moment in next(iter(models.moments_of(model_of(training)).values())))
    power = (weight.astype(float) ** 2).sum(1)
    assert (np.abs(mean - bias) <= 5 * np.sqrt(power / 1024)).all()
    assert (np.abs(variance - power) <= 5 * power * np.sqrt(2 / 1024)).all()


def test_moments_are_of_other_z_than_samples_and_of_the_classes_of_the_data(monkeypatch):
    seen = []
    calibrate = step.calibrate

    def spy(game, generator, z, label=None):
        seen.append((z.numpy(), label.numpy()))
        return calibrate(game, generator, z, label)

    monkeypatch.setattr(step, "calibrate", spy)
    config = Config(**SMALL | {"generator_norm": "batch", "conditional": "projection"})
    model = model_of(start(config))
    models.sample(model, 700, seed=0)
    z, label = seen[0]
    # a share of 1,024 classes drawn is off by at most 0.016; five such
    np.testing.assert_allclose(label.mean(0), model.classes.shares, atol=5 * np.sqrt(0.1 * 0.9 / len(label)))
    sampled = {row.tobytes() for row in streams.normal(0, "sample", 0, (700, 4))}
    assert not sampled & {row.tobytes() for row in z}


def test_samples_are_of_z_that_training_did_not_draw():
    training = start(Config(**SMALL))
    shown = [z.reshape(-1, 4) for at in range(4) for z in (draws(training, at).z, draws(training, at).generator_z)]
    rows = np.concatenate([models.generate(model_of(training), z.numpy()) for z in shown])
    seen = {row.tobytes() for row in rows}
    sampled = models.sample(model_of(training), 64, seed=0)
    assert len({row.tobytes() for row in sampled}) > 60, "rows of other z differ"
    assert not seen & {row.tobytes() for row in sampled}


@pytest.mark.parametrize("average", [0.5, 0.0])
def test_samples_are_of_the_average_where_there_is_one_also_from_a_folder(tmp_path, average):
    config = Config(**SMALL | {"average": average, "learning_rate": 0.05})
    training = start(config)
    for _ in range(4):
        iterate(training)
    state, game = training.state, training.game
    z = streams.normal(3, "sample", 0, (9, 4))
    weights = state.average if average else state.generator
    expected = training.dataset.form.decode(step.generate(game, weights, game.engine.array(z)).numpy())
    if average:
        other = training.dataset.form.decode(step.generate(game, state.generator, game.engine.array(z)).numpy())
        assert (other != expected).any()
    np.testing.assert_array_equal(models.sample(model_of(training), 9, seed=3), expected)
    list(train(config, out=tmp_path / "run"))
    np.testing.assert_array_equal(models.sample(models.load_model(tmp_path / "run"), 9, seed=3), expected)


def test_each_row_keeps_its_class_across_chunks(monkeypatch):
    """Both for samples and for scores, which are made a chunk at a time."""
    training = start(Config(**SMALL | {"conditional": "projection", "n_critic": 2, "learning_rate": 0.05}))
    iterate(training)
    model, rng = model_of(training), np.random.default_rng(0)
    z, codes = rng.normal(size=(23, 4)).astype(np.float32), rng.integers(10, size=23)
    rows = training.dataset.rows[:23]
    names = [model.classes.names[code] for code in codes]
    whole, scores = models.generate(model, z, codes).astype(int), models.score(model, rows, names)
    monkeypatch.setattr(models, "CHUNK", 5)
    np.testing.assert_allclose(models.generate(model, z, codes).astype(int), whole, atol=1)
    np.testing.assert_allclose(models.score(model, rows, names), scores, rtol=1e-4, atol=1e-5)
    other = models.score(model, rows, names[5:] + names[:5])
    assert np.abs(other - scores).max() > 1e-2, "the class matters"


def test_a_checkpoint_is_opened_by_its_step_and_others_are_named(monkeypatch, tmp_path):
    distances = [9.0, 8, 7, 6, 5]
    monkeypatch.setattr(
        diagnostics, "diagnose", lambda probe, training, keep: {"energy_distance": distances[training.step]}
    )
    run, config = tmp_path / "run", Config(**SMALL | {"checkpoint_every": 2, "diagnose_every": 2})
    list(train(config.replace(learning_rate=0.05), out=run))
    assert models.load_model(run).step == 4
    found = {step: models.load_model(run, step) for step in (2, "2", 4, "best")}
    assert [model.step for model in found.values()] == [2, 2, 4, 4], "4 is the best"
    assert (models.sample(found[2], 3) != models.sample(found[4], 3)).any()
    np.testing.assert_array_equal(models.sample(found[2], 3), models.sample(found["2"], 3))
    with pytest.raises(WganError, match=r"no checkpoint at step 3; give latest, best or one of the steps .*2, 4"):
        models.load_model(run, 3)


def test_only_a_critic_that_is_told_labels_needs_one_for_each_row():
    for how in ("projection", "auxiliary"):
        training = start(Config(**SMALL | {"conditional": how}))
        model, rows = model_of(training), training.dataset.rows[:5]
        if how == "auxiliary":
            assert models.score(model, rows).shape == (5,)
            continue
        for labels in (None, [model.classes.names[0]] * 4):
            with pytest.raises(WganError, match=r"needs the label of each row; give one of .* for each row"):
                models.score(model, rows, labels)
        assert models.score(model, rows, [model.classes.names[0]] * 5).shape == (5,)


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("L"))


def test_samples_are_written_as_the_names_ending_says(tmp_path):
    form = start(Config(**SMALL)).dataset.form
    rows, labels = np.arange(3 * 64, dtype=np.uint8).reshape(3, 8, 8, 1), np.array(["4", "0", "4"])
    for name in ("a.npy", "deep/a.npz", "labelled.npz", "a.PNG", "pictures"):
        samples.write(given(rows, form, labels if name == "labelled.npz" else None), tmp_path / name)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), rows)
    assert set(np.load(tmp_path / "deep" / "a.npz")) == {"rows"}
    archive = np.load(tmp_path / "labelled.npz")
    np.testing.assert_array_equal(archive["rows"], rows)
    np.testing.assert_array_equal(archive["labels"], labels)
    assert min(pixels(tmp_path / "a.PNG").shape) >= 8
    pictures = sorted((tmp_path / "pictures").iterdir())
    assert [one.name for one in pictures] == ["000000.png", "000001.png", "000002.png"]
    for one, row in zip(pictures, rows, strict=True):
        np.testing.assert_array_equal(pixels(one), row[..., 0])
    for name, said in (
        ("a.jpg", r"ends in \.jpg; use \.png"),
        ("a.csv", "takes samples of a table, but these are"),
    ):
        with pytest.raises(WganError, match=said):
            samples.write(given(rows, form), tmp_path / name)
    points = from_array(np.random.default_rng(0).normal(size=(9, 3)))
    with pytest.raises(WganError, match="takes rows with axes of space, but these are 9 rows of 3 columns"):
        samples.write(given(points.rows, points.form), tmp_path / "points")


def test_samples_of_a_table_are_written_as_a_table_or_as_an_array(tmp_path):
    (tmp_path / "people.csv").write_text("age,town\n" + "".join(f"{20 + k},{'ab'[k % 2]}\n" for k in range(30)))
    table = dataset_of(Config(data=str(tmp_path / "people.csv")))
    samples.write(given(table.rows[:4], table.form), tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().split()
    assert lines == ["age,town", "20,a", "21,b", "22,a", "23,b"]
    samples.write(given(table.rows[:4], table.form), tmp_path / "out.png")
    assert pixels(tmp_path / "out.png").std() > 0
    samples.write(given(table.rows[:4], table.form), tmp_path / "out.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), table.rows[:4])
