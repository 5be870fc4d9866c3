"""Architectures, penalty-sides, tutorials: the space, the counts, the budgets, and each study run very small."""

from collections import Counter
from math import comb

import numpy as np
import pytest

from wgan import WganError, data, studies
from wgan.config import OPERATIONAL
from wgan.engines import get_engine
from wgan.evaluation import features
from wgan.evaluation.features import Features
from wgan.game import networks
from wgan.game.building import activation
from wgan.game.constraints import none
from wgan.game.layers import apply_layers, shapes
from wgan.presets import preset
from wgan.studies import architectures, penalty_sides, tutorials
from wgan.training.state import model_of, start


def weighted(layers):
    return [layer for layer in layers if layer["kind"] in ("dense", "conv", "conv_transpose")]


@pytest.mark.parametrize("row", [(8, 8, 1), (28, 28, 1), (32, 32, 3), (17, 9, 2)])
@pytest.mark.parametrize("more", [0, 1, 2, 5, 16])
def test_a_dcgan_has_as_many_layers_as_its_depth_and_still_fits(row, more):
    shallow = networks.dcgan(row, 4, None, "auto", "none", "none", none())
    depth = len(weighted(shallow.critic)) + more
    pair = networks.dcgan(row, 4, depth, "auto", "none", "none", none())
    assert len(weighted(pair.critic)) == len(weighted(pair.generator)) == depth
    assert list(shapes(pair.critic, row))[-1] == (1,)
    assert list(shapes(pair.generator, (5,)))[-1] == row
    assert [layer for layer in weighted(pair.critic) if layer.get("stride", 2) == 2] == weighted(shallow.critic)
    added = Counter(layer["features"] for layer in weighted(pair.critic) if layer.get("stride") == 1)
    assert max(added.values(), default=0) - min(added.values(), default=0) <= 1, "evenly over the maps"
    with pytest.raises(WganError, match="depth is 1, but a dcgan"):
        networks.dcgan(row, 4, 1, "auto", "none", "none", none())


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_the_shifted_softplus_is_the_papers(name):
    if name == "jax":
        pytest.importorskip("jax")
    engine = get_engine(name, "float64")
    x = np.linspace(-30, 30, 601)
    found = apply_layers(engine.ops, [activation("shifted_softplus")], {}, engine.array(x))
    np.testing.assert_allclose(
        engine.numpy(found), np.log1p(np.exp(2 * x + 2)) / 2 - 1, atol=2e-9
    )  # torch's is x from 20 on


def test_every_choice_of_the_space_is_drawn_as_often_as_any_other():
    for scale, space in architectures.SPACE.items():
        many = [architectures.drawn(number, scale) for number in range(3000)]
        assert many[7] == architectures.drawn(7, scale)
        for name, choices in space.items():
            for player in ("generator", "critic"):
                found = Counter(pair[f"{player}_{name}"] for pair in many)
                expected = 3000 / len(choices)
                assert set(found) == set(choices)
                for choice in choices:  # 4.5 standard deviations of a binomial count
                    assert abs(found[choice] - expected) < 4.5 * np.sqrt(expected * (1 - 1 / len(choices)))
        assert len({tuple(pair.values()) for pair in many[:200]}) > 150


def test_the_full_space_is_the_papers_9216():
    sizes = [len(choices) for choices in architectures.SPACE["full"].values()]
    assert np.prod(sizes) ** 2 == 9216


@pytest.mark.parametrize("number", range(8))
def test_a_drawn_pair_has_what_was_drawn(number):
    pair = architectures.drawn(number, "full")
    for critic_norm in ("batch", "layer"):
        built = architectures.architecture(pair, (32, 32, 3), critic_norm)
        for player, layers, norm in (("critic", built.critic, critic_norm), ("generator", built.generator, "batch")):
            kinds = Counter(layer["kind"] for layer in layers)
            assert len(weighted(layers)) == pair[f"{player}_depth"]
            assert {kind for kind in kinds if kind.endswith("_norm")} == (
                {f"{norm}_norm"} if pair[f"{player}_norm"] else set()
            )
            own = pair[f"{player}_activation"]
            assert kinds[own] >= pair[f"{player}_depth"] - 1
            assert not {kind for kind in kinds if kind in architectures.ACTIVATIONS and kind not in (own, "tanh")}
            assert (
                min(layer["features"] for layer in weighted(layers) if layer["features"] > 3) == pair[f"{player}_width"]
            )


def nearest(dataset):
    """In place of the classifier, which takes long to train: a softmax of the distances to each class's mean."""
    flat = dataset.form.encode(dataset.rows).reshape(len(dataset.rows), -1)
    means = np.stack([flat[dataset.labels == k].mean(0) for k in np.unique(dataset.labels)])

    def extract(rows):
        x = dataset.form.encode(rows).reshape(len(rows), -1)
        far = ((x[:, None] - means) ** 2).sum(2)
        odds = np.exp(far.min(1, keepdims=True) - far)
        return x, odds / odds.sum(1, keepdims=True)

    return Features("nearest", "nearest mean", extract)


@pytest.fixture
def _quick(monkeypatch):
    monkeypatch.setattr(features, "classifier", lambda dataset, *rest: nearest(dataset))
    monkeypatch.setitem(architectures.SAMPLES, "digits", 500)


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize("module", [architectures, penalty_sides])
def test_both_studies_of_architectures_run_and_a_penalised_generator_learns(module, monkeypatch, tmp_path):
    """By five seeds an untrained generator scores 2.8 to 3.2, and one after 100 steps of WGAN-GP 4.7 to 5.1."""
    pair = {f"{player}_{name}": value for player in ("generator", "critic") for name, value in PLAIN.items()}
    monkeypatch.setattr(architectures, "drawn", lambda number, scale: pair)
    budget = {"data": "digits", "batch": 32, "faster": 30.0}
    few = [case | budget | {"steps": 100 * (case["number"] == 0)} for case in module.cases("quick")[:4]]
    monkeypatch.setattr(module, "STUDY", module.STUDY._replace(cases=lambda scale: few))
    name = module.__name__.rpartition(".")[2].replace("_", "-")
    rows = [at.rows[0] for at in studies.run(name, "quick", tmp_path / "out", jobs=1)]
    for row in rows:
        assert 1 <= row["score"] < row["real_score"] < 10
        if row["method"] != "gan":
            assert (row["score"] > 3.9) == (row["number"] == 0)
    counted = 2 if module is architectures else 1  # where untrained, both penalties' samples are the same
    assert f"of {counted} architectures" in (tmp_path / "out" / "summary.md").read_text()


PLAIN = {"activation": "leaky_relu", "depth": 2, "norm": False, "width": 8}


def test_a_run_that_diverges_has_the_least_score():
    dataset = data.load("digits")
    model = model_of(start(preset("wgan-gp").config.replace(width=4, steps=0, engine="torch"), dataset))
    assert architectures.scored(model, nearest(dataset), 100)[0] > 1
    lost = model._replace(generator={name: weight * np.nan for name, weight in model.generator.items()})
    assert architectures.scored(lost, nearest(dataset), 100) == (1.0, None)


def rows_of(scores, methods, real=9.0):
    return [
        {"number": n, "method": method, "score": score, "error": 0.1, "real_score": real}
        for n, pair in enumerate(scores)
        for method, score in zip(methods, pair, strict=True)
    ]


def test_architectures_are_counted_by_who_passes_and_judged_by_an_exact_sign_test():
    gan = architectures.METHODS
    rows = rows_of([(1, 8), (8, 1), (8, 8), (1, 1), (4.9, 5.1)], gan)
    both = architectures.paired(rows, *gan)
    assert architectures.passed(both, 0.5) == {"only GAN": 1, "only WGAN-GP": 2, "both": 1, "neither": 1}
    assert architectures.passed(both, 0.0) == {"only GAN": 1, "only WGAN-GP": 1, "both": 2, "neither": 1}
    assert architectures.judge(rows)[0] is None
    holds, measured = architectures.judge(rows_of([(2, 6)] * 6 + [(2, 2)] * 3, gan))
    assert holds is True
    assert f"p = {2 / 2**6:.2g}" in measured
    assert architectures.judge(rows_of([(6, 2)] * 6, gan))[0] is False
    assert architectures.judge(rows_of([(2, 6)] * 5, gan))[0] is None, "p is 1/16"
    assert architectures.judge(rows[:1])[0] is None
    figure = architectures.draw(rows)
    assert [len(line.get_xdata()) for line in figure.axes[0].lines[:1]] == [5]


def test_penalty_sides_are_judged_by_a_sign_test_that_leaves_ties_out():
    sides = tuple(penalty_sides.METHODS)
    rows = rows_of([(3, 4)] * 12 + [(4, 3)] * 4 + [(5, 5)] * 2, sides)
    holds, measured = penalty_sides.judge(rows)
    p = 2 * sum(comb(16, k) for k in range(5)) / 2**16
    assert holds is None
    assert "12 of 16" in measured
    assert f"p = {p:.2g}" in measured
    assert penalty_sides.judge(rows_of([(3, 4)] * 15 + [(4, 3)], sides))[0] is False
    assert penalty_sides.judge(rows_of([(3, 4)] * 52 + [(4, 3)] * 50, sides))[0] is True
    assert penalty_sides.judge(rows_of([(3, 3)] * 5, sides))[0] is None
    assert penalty_sides.draw(rows).axes


def test_the_presets_behind_the_penalties_differ_in_nothing_else():
    two, one = (preset(name).config.to_json() for name in penalty_sides.METHODS.values())
    assert {name for name in two if two[name] != one[name]} == {"penalty_sides"}


def test_the_tutorials_run_as_their_authors_did_and_the_others_on_no_more():
    full = [case for case in tutorials.cases("full") if case["name"] != tutorials.REAL]
    for case in full:
        config = tutorials.config_of(**{name: case[name] for name in case if name != "samples"})
        assert config.steps * config.n_critic == case["critic_batches"]
        own = preset(case["name"]).config
        if case["name"] != "default":
            changed = {name for name in own.to_json() if getattr(own, name) != getattr(config, name)} - OPERATIONAL
            assert changed <= {"data"}, "the preset itself"
    fashion = {(case["rows"], case["critic_batches"]) for case in full if case["data"] == "fashion-mnist"}
    assert fashion == {(5000, 7800)}, "5,000 images, 100 epochs of 78 batches"
    for scale, batches in (("quick", 2000), ("medium", 4000)):
        assert {case["critic_batches"] for case in tutorials.cases(scale) if "rows" in case} == {batches}
    (short,) = (case for case in tutorials.cases("quick") if case["name"] == "mnist-keras")
    assert tutorials.config_of(**{name: short[name] for name in short if name != "samples"}).learning_rate == 1e-4


def test_tiles_lie_in_reading_order():
    side = tutorials.SIDE
    images = np.arange(side**2).repeat(6).reshape(-1, 2, 3, 1)
    picture = tutorials.tiled(images)
    assert picture.shape == (2 * side, 3 * side)
    for n in range(side**2):
        row, column = divmod(n, side)
        assert (picture[2 * row : 2 * row + 2, 3 * column : 3 * column + 3] == n).all()


def test_tutorials_are_judged_by_two_standard_errors():
    def judged(clipped, ours, error, **cut):
        rows = [row | {"frechet": clipped, "error": error} | cut for row in tutorials.FULL]
        rows += [
            {"data": name, "name": tutorials.REAL, "frechet": 0.1, "error": 0.0} for name in ("fashion-mnist", "mnist")
        ]
        return tutorials.judge(
            [row | ({"frechet": ours} if "gp" in row["name"] or row["name"] == "default" else {}) for row in rows]
        )

    assert judged(100, 20, 1)[0] is True
    assert judged(100, 98, 1)[0] is False
    assert judged(20, 100, 1)[0] is False
    assert judged(20, 100, 1, critic_batches=500)[0] is None, "a part of the budget cannot tell"
    assert judged(100, 20, 1, critic_batches=500)[0] is True
    assert "fashion-stax 100, fashion-stax-gp 20, default 20, real rows 0.1" in judged(100, 20, 1)[1]


@pytest.mark.data
def test_tutorials_run_very_small(monkeypatch, tmp_path):
    try:
        [data.load(name) for name in ("fashion-mnist", "mnist")]
    except WganError as problem:
        pytest.skip(str(problem))
    monkeypatch.setattr(features, "classifier", lambda dataset, *rest: features.rows(dataset, *rest))
    few = [
        case | ({"critic_batches": 10, "width": 4} if "rows" in case else {}) | {"samples": 64}
        for case in tutorials.cases("quick")
    ]
    monkeypatch.setattr(tutorials, "STUDY", tutorials.STUDY._replace(cases=lambda scale: few))
    rows = [at.rows[0] for at in studies.run("tutorials", "quick", tmp_path / "out", jobs=1)]
    assert len(rows) == 8
    for row in rows:
        assert np.shape(row["picture"]) == (28 * tutorials.SIDE, 28 * tutorials.SIDE)
        floor = next(other for other in rows if other["data"] == row["data"] and other["name"] == tutorials.REAL)
        assert row["frechet"] > 2 * floor["frechet"] or row is floor, "ten steps are far from enough"
    assert (tmp_path / "out" / "figure.png").exists()
