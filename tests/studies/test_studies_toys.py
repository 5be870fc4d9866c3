"""The studies on toys: their numbers against closed forms, and each at a tiny scale against its own claim."""

import numpy as np
import pytest
from PIL import Image

from wgan import studies
from wgan.game.building import activation, dense, reshape
from wgan.game.layers import initial_arrays
from wgan.game.objectives import OBJECTIVES
from wgan.maths import transport
from wgan.studies import critic_surfaces, gradient_flow, toy_training


def tiny(monkeypatch, module, name, chosen, **changes):
    """Run a study on a few of its cases, each with `changes`; the rows."""
    few = [case | changes for case in module.cases("quick") if chosen(case)]
    monkeypatch.setattr(module, "STUDY", module.STUDY._replace(cases=lambda scale: few))
    return lambda out: [row for at in studies.run(name, "quick", out, jobs=1) for row in at.rows]


# critic-surfaces


def test_structure_is_what_a_quadratic_cannot_explain_at_any_scale():
    random = np.random.default_rng(0)
    real, fake = random.normal(size=(2, 4000, 2)) * [[[1.0]], [[2.0]]]
    quadratic = [3 + x @ [1.0, -2.0] + 0.5 * x[:, 0] * x[:, 1] - x[:, 1] ** 2 for x in (real, fake)]
    assert critic_surfaces.structure(real, fake, *quadratic) == pytest.approx(0, abs=1e-9)
    bumps = [np.cos(6 * x[:, 0]) - 0.1 * (x**2).sum(1) for x in (real, fake)]
    share = critic_surfaces.structure(real, fake, *bumps)
    assert critic_surfaces.structure(real, fake, *(7 * f - 3 for f in bumps)) == pytest.approx(share)
    assert critic_surfaces.structure(9 * real, 9 * fake, *bumps) == pytest.approx(share)


def test_structure_of_rows_that_share_their_mean_and_covariance_is_all_of_the_gap():
    # x = +-1 against x = 0 (share 3/4) and +-2 (1/8 each): mean 0 and variance 1 both, so only |x| and x^4 see it
    real, fake = np.array([-1.0, 1.0] * 4)[:, None], np.array([0.0] * 6 + [-2.0, 2.0])[:, None]
    share = critic_surfaces.structure(real, fake, -(real[:, 0] ** 4), -(fake[:, 0] ** 4))
    assert share == pytest.approx(1)


def test_the_exact_surface_is_1_lipschitz_and_its_gap_is_no_more_than_w1(monkeypatch):
    monkeypatch.setattr(critic_surfaces, "EXACT_ROWS", 600)
    score = critic_surfaces._exact_score("8gaussians", 0)
    points = np.random.default_rng(0).uniform(-2, 2, (300, 2))
    values = score(points)
    lengths = np.linalg.norm(points[:, None] - points[None], axis=-1)
    assert (np.abs(values[:, None] - values[None]) <= lengths + 1e-9).all()
    real, fake = critic_surfaces.pair("8gaussians", 500, 7)
    gap = score(real).mean() - score(fake).mean()
    assert 0.8 * transport.w1(real, fake).value < gap <= transport.w1(real, fake).value


def test_a_penalised_critic_has_more_structure_than_a_clipped_one(tmp_path, monkeypatch):
    def chosen(case):
        return case["data"] == "8gaussians" and case["critic"] in ("clip", "penalty-0.1")

    run = tiny(monkeypatch, critic_surfaces, "critic-surfaces", chosen, steps=600, width=64)
    clip, penalty = run(tmp_path / "out")
    assert penalty["structure"] > clip["structure"] + 0.05
    assert 0 < penalty["structure_error"] < 0.03
    assert penalty["gradient_norm"] > 100 * clip["gradient_norm"]
    assert "It holds." in (tmp_path / "out" / "summary.md").read_text()


def test_the_verdict_on_surfaces_needs_two_errors_on_every_toy():
    def rows(*leads):
        return [
            {"data": str(toy), "critic": critic, "structure": value, "structure_error": 0.03}
            for toy, lead in enumerate(leads)
            for critic, value in (("clip", 0.2), ("penalty-0.1", 0.2 + lead))
        ]

    verdicts = [critic_surfaces.judge(rows(*leads))[0] for leads in ((0.1, 0.2), (0.08, 0.2), (-0.1, 0.2), (-0.08,))]
    assert verdicts == [True, None, False, None]
    assert critic_surfaces.judge(rows(0.1)[:1])[0] is None


# gradient-flow


def test_the_gradient_by_layer_is_the_product_of_the_layers_above():
    relu = activation("relu")
    layers = [reshape(2), dense(2), relu, dense(1), relu, dense(1)]
    weights = {
        "01.dense.weight": np.array([[3.0, 0.0], [0.0, 4.0]]),
        "01.dense.bias": np.array([1.0, 1.0]),
        "03.dense.weight": np.array([[0.5, -2.0]]),
        "03.dense.bias": np.zeros(1),
        "05.dense.weight": np.array([[7.0]]),
        "05.dense.bias": np.zeros(1),
    }
    # the hidden units of the three rows are (4, 1.5), (4, 0), (0, 21), so that only the second row scores above 0
    rows = np.array([[1.0, 0.125], [1.0, -1.0], [-1.0, 5.0]])
    found = gradient_flow.gradient_by_layer(layers, weights, rows)
    assert found == pytest.approx([7 * 0.5 * 3 / 3**0.5, 7 * np.hypot(0.5, 2) / 3**0.5, 7])


def test_gradients_below_float32_are_still_numbers():
    layers = [dense(4), activation("relu")] * 12 + [dense(1)]
    weights = initial_arrays(layers, (2,), "he", np.random.default_rng(0))
    norms = gradient_flow.gradient_by_layer(layers, {name: w * 1e-6 for name, w in weights.items()}, np.ones((3, 2)))
    assert len(norms) == 13
    assert norms == sorted(norms)
    assert 0 < norms[0] < 1e-45


def test_a_deep_clipped_critic_loses_its_gradient_and_a_penalised_one_keeps_it(tmp_path, monkeypatch):
    def chosen(case):
        return case["critic"] in ("clip-0.01", "penalty")

    run = tiny(monkeypatch, gradient_flow, "gradient-flow", chosen, steps=3, width=64, batch=64)
    clip, penalty = run(tmp_path / "out")
    assert clip["first_over_last"] < 1e-6
    assert 0.1 < penalty["first_over_last"] < 10
    assert clip["at_c"] > 0.8
    assert sum(clip["share"]) == pytest.approx(1, abs=0.0011)
    assert "It holds." in (tmp_path / "out" / "summary.md").read_text()


# toy-training


def test_every_f_gan_is_trained_on_every_toy():
    trained = {case["method"] for case in toy_training.cases("quick")}
    assert {name for name in OBJECTIVES if name.startswith("fgan-")} < trained


def test_the_floor_is_what_real_samples_reach():
    from wgan.data import toy

    one, other = (toy("8gaussians", 1000, seed).rows for seed in (0, 1))
    assert 0 < toy_training.floor(one, other) < 0.4
    assert toy_training.floor(one, one + np.float32(1)) == pytest.approx(2**0.5, rel=1e-5)


def test_toys_train_tell_their_modes_and_move(tmp_path, monkeypatch):
    def chosen(case):
        return (case["method"], case["data"]) in {("gan", "swissroll"), ("wgan-gp", "8gaussians")}

    monkeypatch.setattr(toy_training, "EXACT", 150)
    monkeypatch.setattr(toy_training, "TIMES", 3)
    rows = tiny(monkeypatch, toy_training, "toy-training", chosen, steps=300, width=64, learning_rate=4e-3)(
        tmp_path / "out"
    )
    assert [row["method"] for row in rows] == ["wgan-gp", "gan"]
    for row in rows:
        assert row["steps_seen"] == [0, 100, 200, 300]
        assert len(row["w1_seen"]) == len(row["frames"]) == 4
        assert row["w1"] == row["w1_seen"][-1] > row["floor"] / 2
        assert ("modes" in row) == (row["data"] == "8gaussians")
    assert rows[0]["w1"] < rows[0]["w1_seen"][0] - 0.3, "WGAN-GP is under way"
    with Image.open(tmp_path / "out" / "animation.gif") as picture:
        assert picture.n_frames == 4
        orange = []
        for frame in (0, 3):
            picture.seek(frame)
            red, _, blue = np.asarray(picture.convert("RGB")).astype(int).transpose(2, 0, 1)
            orange.append(red - blue > 60)
        assert (orange[0] != orange[1]).sum() > 0.2 * orange[0].sum() > 0
    assert "animation.gif" in (tmp_path / "out" / "summary.md").read_text()


def test_a_method_that_diverges_is_named_with_its_step(tmp_path, monkeypatch):
    def chosen(case):
        return case["method"] in ("gan", "wgan-gp", "fgan-kl") and case["data"] == "8gaussians"

    monkeypatch.setattr(toy_training, "EXACT", 100)
    monkeypatch.setattr(toy_training, "TIMES", 2)
    few = [case | {"steps": 20, "width": 32} for case in toy_training.cases("quick") if chosen(case)]
    few[2] |= {"learning_rate": 1e6}
    monkeypatch.setattr(toy_training, "STUDY", toy_training.STUDY._replace(cases=lambda scale: few))
    *_, lost = [row for at in studies.run("toy-training", "quick", tmp_path / "out", jobs=1) for row in at.rows]
    assert 0 <= lost["diverged_at"] <= 20
    assert "w1" not in lost
    assert f"diverged: fgan-kl at step {lost['diverged_at']}" in (tmp_path / "out" / "summary.md").read_text()


def test_the_verdict_on_toys_compares_modes():
    def rows(*modes):
        cases = [(toy, method) for toy in ("8gaussians", "25gaussians") for method in ("gan", "wgan-gp")]
        return [
            {"data": toy, "method": method, "modes": n, "w1": 0.1, "floor": 0.1}
            for (toy, method), n in zip(cases, modes, strict=False)
        ]

    assert toy_training.judge(rows(7, 8, 20, 25))[0] is True
    assert toy_training.judge(rows(7, 8, 25, 25))[0] is True
    assert toy_training.judge(rows(8, 8, 25, 25))[0] is False
    assert toy_training.judge(rows(7, 8, 25, 24))[0] is False
    assert toy_training.judge(rows(8))[0] is None
