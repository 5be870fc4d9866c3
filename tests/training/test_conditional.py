"""Labels in both players: the layers by their formulas, the losses by their parts, and samples of the class asked."""

import json
from dataclasses import replace

import numpy as np
import pytest
from commands import assert_refused, called, run
from scipy.special import log_softmax

from wgan import WGAN, Config, WganError, data
from wgan.config import FIELDS, resolve
from wgan.data import Classes, classes_of, from_array
from wgan.data.labels import as_labels
from wgan.data.rows import Dataset
from wgan.engines import get_engine
from wgan.evaluation import evaluate
from wgan.game import networks, step
from wgan.game.arrays import Told
from wgan.game.building import dense
from wgan.game.constraints import CONSTRAINTS
from wgan.game.layers import apply_layers, initial_arrays, lipschitz_bound, mixes_batch, shapes
from wgan.game.networks import NETWORKS
from wgan.game.objectives import cross_entropy
from wgan.training import model as models
from wgan.training.loop import train
from wgan.training.model import load_model
from wgan.training.state import draws, flatten, iterate, losses, model_of, start

ENGINE = get_engine("torch", "float64")
HOW = [name for name in FIELDS["conditional"].metadata["choices"] if name != "none"]
SMALL = {"data": "digits", "width": 4, "batch": 6, "latent": 3, "n_critic": 2, "decay": "none", "steps": 10}


def test_cross_entropy_is_scipys():
    rng = np.random.default_rng(1)
    logits, codes = rng.normal(0, 30, (20, 6)), rng.integers(6, size=20)
    expected = -log_softmax(logits, axis=1)[np.arange(20), codes].mean()
    found = cross_entropy(ENGINE.ops, ENGINE.array(logits), ENGINE.array(np.eye(6)[codes]))
    assert float(found) == pytest.approx(expected, rel=1e-8), "torch's softplus is off by up to 2e-9"


@pytest.mark.parametrize("of", [Told(0, (7,)), Told(2, (3, 2))], ids=["class", "numbers and levels"])
@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_can_be_told(name, how, of):
    config, row = Config(width=4, network=name, constraint="gradient-penalty"), (8, 8, 3)
    plain = resolve("network", config.replace(network=name), row=row)
    told = networks.conditional(plain, how, of)
    assert list(shapes(told.critic, row))[-1] == ((8,) if how == "auxiliary" else (1,))
    assert list(shapes(told.generator, (5,)))[-1] == row
    assert mixes_batch(told.generator) == mixes_batch(plain.generator)
    rng = np.random.default_rng(0)
    params = initial_arrays(told.generator, (5,), told.init, rng)
    for name, value in params.items():  # class tables start equal: make them differ
        if value.shape[0] == 7:
            params[name] = rng.normal(size=value.shape)
    placed = {name: ENGINE.array(value) for name, value in params.items()}
    z = ENGINE.array(np.repeat(rng.normal(size=(1, 5)), 7, axis=0) + rng.normal(0, 1e-3, (7, 5)))
    out = [
        ENGINE.numpy(apply_layers(ENGINE.ops, told.generator, placed, z, None, ENGINE.array(np.eye(7)[codes])))
        for codes in (np.arange(7), np.arange(7)[::-1].copy())
    ]
    assert np.abs(out[0][0] - out[1][0]).max() > 1e-3, "the first row was made of two classes"
    if not mixes_batch(told.generator):
        np.testing.assert_allclose(out[0][3], out[1][3], atol=1e-12, err_msg="and the fourth of one")


def test_a_network_without_a_dense_score_is_refused():
    odd = networks.Architecture("odd", [dense(2)], [dense(3)], "he")
    with pytest.raises(WganError, match="odd does not end in a dense score"):
        networks.conditional(odd, "projection", Told(0, (3,)))


# class_bias, class_batch_norm, also in blocks; what a way changes in the critic is its score, which all networks share
@pytest.mark.parametrize(
    ("network", "how"), [*(("hybrid", how) for how in HOW), ("dcgan", "projection"), ("resnet", "auxiliary")]
)
def test_both_engines_take_the_same_step(network, how):
    pytest.importorskip("jax", reason="JAX is not installed")
    moved = []
    for engine in ("torch", "jax"):
        fields = {"network": network, "conditional": how, "engine": engine, "precision": "float64"}
        training = start(Config(**SMALL | fields, average=0.9, learning_rate=1e-3))
        iterate(training)
        # Adam's first steps are of size 1 whatever the gradient; its memory shows the gradients themselves
        memory = {name: value for name, value in flatten(training).items() if "optimiser" in name}
        moved.append(memory | losses(training))
    assert moved[0].keys() == moved[1].keys()
    for name, value in moved[0].items():
        size = np.abs(value).max() if np.ndim(value) else 1.0  # a loss is the difference of sums of about that size
        assert np.abs(value - moved[1][name]).max() <= 1e-9 * size + 1e-13, name


def test_the_auxiliary_classifier_adds_its_cross_entropy_to_both_losses():
    fields = {"conditional": "auxiliary", "class_weight": 0.7, "class_weight_generator": 0.3, "precision": "float64"}
    training = start(Config(**SMALL | fields))
    game, state, drawn = training.game, training.state, draws(training, 0)
    real, label = drawn.real[0], drawn.label[0]
    fake = step.generate(game, state.generator, drawn.z[0], label=label)
    _, info = step.critic_step(game, state, real, fake.detach(), drawn.mix[0], 0.0, label)
    codes, logits = ENGINE.numpy(label).argmax(1), ENGINE.numpy(step.outputs(game, state.critic, real, label))[:, 1:]
    expected = -log_softmax(logits, axis=1)[np.arange(len(codes)), codes].mean()
    assert float(info["critic_class_loss"]) == pytest.approx(expected, rel=1e-9)
    gap = float(step.score(game, state.critic, fake).mean() - step.score(game, state.critic, real).mean())
    parts = gap + float(info["penalty"]) + 0.7 * expected
    assert float(info["critic_loss"]) == pytest.approx(parts, rel=1e-9)

    z, label = drawn.generator_z, drawn.generator_label
    _, info = step.generator_step(game, state, z, 0.0, 0.0, label)
    out = ENGINE.numpy(step.outputs(game, state.critic, step.generate(game, state.generator, z, label=label)))
    codes = ENGINE.numpy(label).argmax(1)
    expected = -log_softmax(out[:, 1:], axis=1)[np.arange(len(codes)), codes].mean()
    assert float(info["generator_loss"]) == pytest.approx(-out[:, 0].mean() + 0.3 * expected, rel=1e-9)


def test_each_real_row_comes_with_its_own_class():
    rng = np.random.default_rng(0)
    labels = rng.choice([3, 7, 20], 200, p=[0.6, 0.3, 0.1])
    dataset = from_array(np.stack([labels + rng.normal(0, 0.01, 200), rng.normal(size=200)], 1))
    dataset = Dataset(**{**vars(dataset), "labels": labels})
    training = start(Config(data="array", conditional="projection", batch=16, n_critic=3, width=4), dataset)
    values = np.array([3, 7, 20])
    generated = []
    for at in range(60):
        drawn = draws(training, at)
        rows = training.dataset.form.decode(training.game.engine.numpy(drawn.real).reshape(-1, 2))
        codes = training.game.engine.numpy(drawn.label).reshape(-1, 3).argmax(1)
        np.testing.assert_array_equal(values[codes], np.rint(rows[:, 0]).astype(int))
        generated.append(training.game.engine.numpy(drawn.generator_label).argmax(1))
    shares = np.bincount(np.concatenate(generated), minlength=3) / 960
    np.testing.assert_allclose(shares, np.bincount(training.codes[training.rows]) / 180, atol=0.03)


@pytest.mark.parametrize("how", HOW)
def test_samples_are_of_the_class_that_was_asked(how):
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=900)
    centres = np.array([[-2.0, 0.0], [2.0, 0.0], [0.0, 3.0]])
    rows = centres[labels] + rng.normal(0, 0.3, (900, 2))
    dataset = Dataset(**{**vars(from_array(rows)), "labels": labels, "label_names": ("left", "right", "Top")})
    config = Config(data="array", conditional=how, network="mlp", width=32, batch=64, latent=4, steps=600, n_critic=2)
    more = {"class_weight_generator": 1.0} if how == "auxiliary" else {}
    training = start(config.replace(**more, learning_rate=3e-3, average=0.99), dataset)
    for _ in range(600):
        iterate(training)
    model = model_of(training)
    for code, name in enumerate(("left", "RIGHT", "top")):
        mean = models.sample(model, 300, 1, name).mean(0)
        # three standard errors of a mean are 0.05; a generator that ignores the class is 1.9 from two of the centres
        assert np.linalg.norm(mean - centres[code]) < 0.6
    codes = models.sample_codes(model, 3000, 5)
    np.testing.assert_allclose(np.bincount(codes) / 3000, model.classes.shares, atol=0.03)
    drawn = models.sample(model, 300, 5)
    nearest = np.linalg.norm(drawn[:, None] - centres[None], axis=2).argmin(1)
    assert np.mean(nearest == models.sample_codes(model, 300, 5)) > 0.95


def test_a_sample_does_not_depend_on_its_batch_under_conditional_batch_norm():
    training = start(Config(**SMALL | {"network": "dcgan", "conditional": "projection"}))
    for _ in range(3):
        iterate(training)
    model = model_of(training)
    z, codes = np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32), np.arange(9)
    many, one = models.generate(model, z, codes), models.generate(model, z[4:5], codes[4:5])
    np.testing.assert_allclose(many[4], one[0], atol=1e-4)


def test_the_critics_scores_need_the_labels_that_it_is_told():
    training = start(Config(**SMALL | {"conditional": "projection"}))
    iterate(training)
    model, rows = model_of(training), training.dataset.rows[:4]
    with pytest.raises(WganError, match="give one of"):
        models.score(model, rows)
    first, second = models.score(model, rows, ["0"] * 4), models.score(model, rows, ["1"] * 4)
    assert np.abs(first - second).max() > 1e-3
    auxiliary = start(Config(**SMALL | {"conditional": "auxiliary"}))
    assert models.score(model_of(auxiliary), rows).shape == (4,)


@pytest.mark.parametrize("constraint", [name for name, make in CONSTRAINTS.items() if make().bounds_layers])
def test_a_projection_under_a_bound_on_slopes_has_slope_1_for_every_class(constraint):
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=200)
    dataset = replace(from_array(rng.normal(size=(200, 2)) * 5), labels=labels)
    config = Config(conditional="projection", constraint=constraint, network="mlp", width=16, depth=1, batch=32)
    activation = "auto" if CONSTRAINTS[constraint]().brings_activation else "groupsort"
    training = start(config.replace(activation=activation, learning_rate=0.3, decay="none"), dataset)
    for _ in range(5):
        iterate(training)
    critic = {name: training.game.engine.numpy(w).astype(float) for name, w in training.state.critic.items()}
    (name,) = [name.removesuffix(".classes") for name in critic if name.endswith("projection.classes")]
    slopes = np.linalg.norm(critic[f"{name}.weight"] + critic[f"{name}.classes"], axis=1)
    assert slopes.max() <= 1 + 1e-5
    assert slopes.min() > 0.1, "the constraint keeps what it need not take away"
    bound, reason = lipschitz_bound(training.game.architecture.critic, critic, (2,))
    assert (bound <= 1 + 1e-4, reason) == (True, "")


def test_labels_are_whole_numbers_or_texts():
    codes, names = as_labels(["b", "a", "b"], 3, "it")
    assert codes.tolist() == [1, 0, 1]
    assert names == ("a", "b")
    assert as_labels(np.array([5, 9], np.uint8), 2, "it")[0].tolist() == [5, 9]
    for bad in ([1.5, 2.0], [1, 2, 3], [["a", "b"]], [None, "a"]):
        with pytest.raises(WganError, match=r"it has labels .* one for each row"):
            as_labels(bad, 2, "it")


def test_classes_are_the_labels_that_occur():
    dataset = from_array(np.random.default_rng(0).normal(size=(4, 2)))
    with pytest.raises(WganError, match="has no labels"):
        classes_of(dataset)
    with pytest.raises(WganError, match="have the label 4"):
        classes_of(Dataset(**{**vars(dataset), "labels": np.full(4, 4)}))
    labels = np.array([4, 1, 4, 4])
    found, codes = classes_of(Dataset(**{**vars(dataset), "labels": labels, "label_names": ("a", "b")}))
    assert found == Classes(("b", "4"), (0.25, 0.75))
    assert codes.tolist() == [1, 0, 1, 1]
    assert Classes.from_json(json.loads(json.dumps(found.to_json()))) == found
    with pytest.raises(WganError, match="unknown label 'c'"):
        found.code("c")


def wgan(*arguments, cwd):
    done = run(*arguments, cwd=cwd)
    return done.returncode, done.stdout, done.stderr


def test_a_conditional_run_is_trained_sampled_evaluated_and_resumed(tmp_path, monkeypatch):
    fields = ["--conditional", "projection", "--width", 8, "--checkpoint-every", 10, "--decay", "none"]
    assert wgan("train", "digits", "--steps", 10, *fields, "--out", "a", cwd=tmp_path)[0] == 0
    assert wgan("train", "digits", "--steps", 20, *fields, "--out", "a", cwd=tmp_path)[0] == 0
    assert wgan("train", "digits", "--steps", 20, *fields, "--out", "b", cwd=tmp_path)[0] == 0
    weights = [(tmp_path / run / "checkpoints/00000020").glob("*.safetensors") for run in "ab"]
    for one, two in zip(*map(sorted, weights), strict=True):
        assert one.read_bytes() == two.read_bytes(), "a resumed run has the bytes of an unbroken one"

    code, _, said = wgan("sample", "a", "-n", 5, "--label", "7", "--out", "x.npz", cwd=tmp_path)
    assert code == 0, said
    with np.load(tmp_path / "x.npz") as found:
        assert found["labels"].tolist() == ["7"] * 5
        assert found["rows"].shape == (5, 8, 8, 1)
    assert data.load(tmp_path / "x.npz").label_names == ("7",)
    code, _, said = wgan("sample", "a", "--label", "77", cwd=tmp_path)
    assert code == 2
    assert "unknown label '77'; did you mean '7'" in said
    seen, whole = [], evaluate._measurements
    monkeypatch.setattr(evaluate, "_measurements", lambda *given: seen.append(given[1]) or whole(*given))
    report = evaluate.evaluate(tmp_path / "a", 150)
    np.testing.assert_array_equal(seen[0].sample_labels, models.sample_codes(load_model(tmp_path / "a"), 150, 0))
    assert 0 <= report["metrics"]["label_agreement"]["value"] < report["metrics"]["label_agreement"]["floor"]
    assert report["metrics"]["label_agreement"]["floor"] > 0.9


def test_a_run_without_labels_says_so_when_asked_for_one(tmp_path):
    list(train(Config(data="digits", steps=1, width=4), out=tmp_path / "run"))
    assert_refused(called("sample", "run", "--label", "7", cwd=tmp_path), "this run was trained without labels")
    assert models.sample_codes(load_model(tmp_path / "run"), 3) is None
    refused = called("train", "swissroll", "--conditional", "projection", "--out", "no", cwd=tmp_path)
    assert_refused(refused, "swissroll has no labels")
    assert not (tmp_path / "no").exists()


def test_the_estimator_takes_labels_and_makes_rows_of_one():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(120, 2)), rng.choice(["cat", "dog"], 120)
    model = WGAN(conditional="projection", network="mlp", width=8, steps=5, seed=0).fit(X, y)
    assert not np.array_equal(model.sample(4, label="cat"), model.sample(4, label="dog"))
    assert model.score_samples(X[:3], y[:3]).shape == (3,)
    with pytest.raises(WganError, match="unknown label 'cow'"):
        model.sample(1, label="cow")
    with pytest.raises(WganError, match=r"y has labels .* give 120 whole numbers"):
        WGAN(conditional="projection", steps=1).fit(X, y[:5])
    with pytest.raises(WganError, match="has no labels"):
        WGAN(conditional="projection", steps=1).fit(X)
    with pytest.raises(WganError, match="trained without labels"):
        WGAN(network="mlp", width=4, steps=1).fit(X, y).sample(1, label="cat")
