"""The studies of theory at a tiny scale, each beside what is known, and their closed forms beside other derivations."""

import csv
from itertools import pairwise

import numpy as np
import pytest
from scipy.special import expit, log_expit
from scipy.stats import norm, wasserstein_distance

from wgan import studies
from wgan.engines import get_engine
from wgan.game.objectives import OBJECTIVES
from wgan.maths import streams
from wgan.studies import density_ratio, earth_mover, parallel_lines, vanishing_gradient
from wgan.studies.fixed import fixed


def run(monkeypatch, out, module, few):
    """The rows of a study of these cases, in this process, which alone is patched; its files are there."""
    name = next(name for name, path in studies.STUDIES.items() if path == module.__name__)
    monkeypatch.setattr(module, "STUDY", module.STUDY._replace(cases=lambda scale: few))
    rows = [row for at in studies.run(name, "quick", out, jobs=1) for row in at.rows]
    assert (out / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert module.STUDY.judge(rows)[1] in (out / "summary.md").read_text()
    with (out / "table.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == len(rows)
    return rows


def test_earth_mover_finds_5_for_the_worked_example_by_all_three_ways(tmp_path, monkeypatch):
    few = [{"problem": "worked example", "bins": 4}, {"problem": "heaps and holes", "bins": 4}]
    few += [{"problem": f"random {kind}", "bins": 7, "seed": 3} for kind in ("histograms", "heaps and holes")]
    rows = run(monkeypatch, tmp_path, earth_mover, few)
    worked, plane, line, random = rows
    assert (worked["recursion"], worked["moves"]) == (5, [2, 2, -1, 0])
    for row in rows:
        assert row["plan"] == pytest.approx(row["potential"], rel=1e-9) == row.get("recursion", row["plan"])
        assert row["steepest"] <= 1 + 1e-9
    for row in (plane, random):
        assert row["nearest_first"] > row["plan"]
    assert earth_mover.judge(rows)[0]
    assert not earth_mover.judge([worked | {"difference": 1e-6}, *rows[1:]])[0]
    assert not earth_mover.judge([worked, line | {"steepest": 1.1}])[0], "a potential that is too steep proves nothing"


def test_the_earth_movers_plans_carry_what_is_there_to_where_it_is_missed():
    random = np.random.default_rng(1)
    x, y = random.uniform(0, 10, (2, 9, 2))
    p, q = random.multinomial(40, np.ones(9) / 9), random.multinomial(40, np.ones(9) / 9)
    row = earth_mover.transported(x, y, p, q)
    for source, target, amount in (
        earth_mover.nearest_first(x, y, p, q),
        (row["source"], row["target"], row["amount"]),
    ):
        np.testing.assert_allclose(np.bincount(source, amount, minlength=9), p)
        np.testing.assert_allclose(np.bincount(target, amount, minlength=9), q)
    line = earth_mover.measure("random histograms", 12, seed=2)
    random = earth_mover.streams.stream(2, "known", 12)
    at, *amounts = np.cumsum(random.uniform(0.5, 1.5, 12)), *(earth_mover._amounts(random, 12) for _ in range(2))
    expected = wasserstein_distance(at, at, *amounts) * amounts[0].sum()
    assert line["recursion"] == pytest.approx(expected, rel=1e-12)


def test_parallel_lines_are_told_apart_by_w1_only(tmp_path, monkeypatch):
    monkeypatch.setattr(parallel_lines, "ROWS", 2000)
    few = [
        {"distance": distance, "theta": theta, "steps": 120, "seed": 1}
        for theta in (-0.5, 0.0)
        for distance in parallel_lines.DISTANCES
    ]
    rows = run(monkeypatch, tmp_path, parallel_lines, few)
    at = {(row["distance"], row["theta"]): row for row in rows}
    assert at["kl", -0.5]["exact"] == at["reverse-kl", -0.5]["exact"] == np.inf
    assert {at[name, 0]["exact"] for name in parallel_lines.DISTANCES} == {0}
    w1, js, tv = (at[name, -0.5] for name in ("w1", "js", "tv"))
    assert (w1["exact"], js["exact"], tv["exact"]) == (0.5, pytest.approx(np.log(2)), 1)
    assert w1["estimate"] == pytest.approx(0.5, rel=0.05)
    assert w1["lower"] <= 0.5 * 1.02  # the heights of 400 rows of each differ by that at most
    assert (w1["gradient"], w1["exact_gradient"]) == (pytest.approx(-1, abs=0.1), -1)
    for row in (js, tv):
        assert 0.9 * row["exact"] < row["estimate"] <= row["exact"]
        assert abs(row["gradient"]) < 0.05
    for name in ("js", "tv", "kl", "reverse-kl"):  # a bound of 0, on rows that the critic has not seen
        assert at[name, 0]["estimate"] < 4 * at[name, 0]["standard_error"]
    assert parallel_lines.judge(rows)[0]
    for name, change in (("w1", {"gradient": 0.0}), ("js", {"estimate": 0.3}), ("tv", {"gradient": 0.5})):
        changed = [row | change if (row["distance"], row["theta"]) == (name, -0.5) else row for row in rows]
        assert not parallel_lines.judge(changed)[0]


def test_density_ratio_is_found_for_each_prior_and_falls_in_training(tmp_path, monkeypatch):
    monkeypatch.setattr(density_ratio, "ROWS", 8000)
    few = [
        {"pair": pair, "method": "network", "prior": prior, "seed": 2, "fit": 200}
        for pair in ("gaussians", "8-D gaussians")
        for prior in (0.1, 0.9)
    ]
    few += [{"pair": "gammas", "method": "logistic", "prior": 0.9, "seed": 2, "fit": 0}]
    few += [{"pair": "training", "steps": 100, "seed": 2, "fit": 200}]
    rows = run(monkeypatch, tmp_path, density_ratio, few)
    for row in rows[:5]:
        assert abs(row["mean_error"]) < 0.4, "a prior that is not taken out is an error of 2.2"
        assert row["explained"] > 0.8
        assert row["js"] > 0
    begun, real = rows[5], rows[-1]
    assert [row["step"] for row in rows[5:]] == [0, 25, 100, None]
    assert begun["rms"] > 5 * real["rms"]
    assert begun["js"] > 0.1 > abs(real["js"])
    assert abs(rows[7]["rms"] / begun["rms"] - 1) > 0.05, "the generator has moved"
    good = [row | {"explained": 0.95, "mean_error": 0.0} for row in rows[:5]]
    ends = [begun, rows[6], rows[7] | {"rms": 0.01}, real]
    assert density_ratio.judge(good + ends)[0]
    assert not density_ratio.judge(good + ends[:2] + ends[3:])[0]
    assert not density_ratio.judge([good[0] | {"mean_error": -0.5}, *good[1:], *ends])[0]


@pytest.mark.parametrize("pair", density_ratio.PAIRS)
def test_the_known_ratios_have_mean_1_over_the_fakes(pair):
    real, fake = density_ratio.PAIRS[pair]
    rows = density_ratio._drawn(fake, 100_000, 0, 0)
    ratio = np.exp(density_ratio._log_density(real, rows) - density_ratio._log_density(fake, rows))
    assert abs(ratio.mean() - 1) < 5 * ratio.std() / np.sqrt(len(rows))


def test_vanishing_gradient_of_a_discriminator_and_the_steady_one_of_a_critic(tmp_path, monkeypatch):
    monkeypatch.setattr(vanishing_gradient, "ROWS", 8000)
    few = [
        {"player": player, "distance": distance, "steps": 300, "seed": 1}
        for distance in (1, 8)
        for player in vanishing_gradient.PLAYERS
    ]
    rows = run(monkeypatch, tmp_path, vanishing_gradient, few)
    at = {(row["loss"], row["distance"]): row for row in rows}
    saturating, other = at["log(1 - D)", 1], at["-log D", 1]
    assert saturating["gradient"] == pytest.approx(saturating["best"], rel=0.4)
    assert other["gradient"] == pytest.approx(other["best"], rel=0.4)
    assert at["log(1 - D)", 8]["at_mean"] < 0.02 < 0.05 < saturating["at_mean"]
    assert at["-log D", 8]["at_mean"] > 1
    for distance in (1, 8):
        penalised = at["-f, penalised", distance]
        assert penalised["gradient"] == pytest.approx(penalised["best"], rel=0.4), "not yet there, but not far"
        assert at["-f, clipped", distance]["gradient"] < 0.01, "a clipped critic is far from steep"
    ratio = at["-f, clipped", 8]["gradient"] / at["-f, clipped", 1]["gradient"]
    assert 1 / 3 < ratio < 3
    assert not vanishing_gradient.judge([row | {"at_mean": 1.0} for row in rows])[0]


def test_what_a_generator_would_descend_is_the_derivative_of_its_loss():
    random = np.random.default_rng(0)
    real, fake = random.normal(size=(500, 2)) + 1, random.normal(size=(500, 2))
    found = fixed(real, fake, 3, objective="minimax", constraint="none", steps=20)
    rows, step = fake[:5], 1e-5
    losses = {
        "minimax": lambda v: log_expit(-v),
        "non-saturating": lambda v: -log_expit(v),
        "wasserstein": lambda v: -v,
    }
    for objective, loss in losses.items():
        slope = [(loss(found.score(rows + d)) - loss(found.score(rows - d))) / (2 * step) for d in step * np.eye(2)]
        np.testing.assert_allclose(found.generator_gradient(rows, objective), np.array(slope).T, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_what_a_generator_would_descend_is_right_for_every_objective(objective):
    """A loss is a mean over rows: the gradient of one of five rows is five times that of the loss."""
    random, engine = np.random.default_rng(1), get_engine("torch", "float64")
    real, fake = random.normal(size=(500, 2)) + 1, random.normal(size=(5, 2))
    found, chosen = fixed(real, fake, 3, objective="minimax", constraint="none", steps=20), OBJECTIVES[objective]()
    beside = [real[streams.real_rows(3, 0, 5, 500, "generator_rows")]] * chosen.needs_real

    def loss(rows):
        scores = (engine.array(found.score(one)) for one in (rows, *beside))
        return 5 * float(chosen.generator_loss(engine.ops, *scores))

    direction, step = random.normal(size=(5, 2)), 1e-5
    slope = (loss(fake + step * direction) - loss(fake - step * direction)) / (2 * step)
    along = (found.generator_gradient(fake, objective) * direction).sum()
    assert slope == pytest.approx(along, rel=1e-4, abs=1e-8)


def test_the_best_players_are_the_best():
    x, distance, step = np.linspace(-2, 5, 15), 3.0, 1e-5
    best = vanishing_gradient.best

    def d(x):  # p / (p + q)
        return norm.pdf(x, distance) / (norm.pdf(x, distance) + norm.pdf(x))

    slope = (np.log1p(-d(x + step)) - np.log1p(-d(x - step))) / (2 * step)
    np.testing.assert_allclose(best("log(1 - D)", x, distance), -slope, rtol=1e-4)
    slope = (np.log(d(x + step)) - np.log(d(x - step))) / (2 * step)
    np.testing.assert_allclose(best("-log D", x, distance), slope, rtol=1e-4)
    assert best("-f, clipped", x, distance) is None
    # the penalised problem as a quadratic one in the slope on a grid, by the rows themselves
    random = np.random.default_rng(0)
    real, fake, mix = random.normal(distance, 1, 400_000), random.normal(size=400_000), random.random(400_000)
    edges = np.linspace(-1, 4, 11)
    points = np.histogram(mix * real + (1 - mix) * fake, edges)[0] / len(real)
    flow = [np.clip(real, a, b).mean() - np.clip(fake, a, b).mean() for a, b in pairwise(edges)]
    found = 1 + np.array(flow) / (2 * vanishing_gradient.PENALTY * points)  # d/ds of s flow - lambda points (s - 1)^2
    middle = (edges[1:] + edges[:-1]) / 2
    np.testing.assert_allclose(best("-f, penalised", middle, distance), found, atol=0.01)
    assert vanishing_gradient.at_mean("-f, penalised", 40.0) == pytest.approx(1 + 40 / 20, rel=0.02)
    assert vanishing_gradient.at_mean("log(1 - D)", 8.0) == pytest.approx(8 * expit(-32), rel=1e-12)
