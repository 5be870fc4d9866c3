"""Every metric against an independent implementation or a closed form, and its error against repetition."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import needs_torch_fidelity
from scipy.linalg import sqrtm
from scipy.optimize import linprog
from scipy.spatial.distance import cdist
from scipy.stats import binom, hypergeom, nhypergeom, wasserstein_distance
from scipy.stats import energy_distance as scipys_energy_distance

from wgan.errors import WganError
from wgan.maths.metrics import (
    METRICS,
    Modes,
    Sets,
    class_coverage,
    distances,
    diversity,
    energy_distance,
    exact_w1,
    frechet,
    high_quality,
    inception_style_score,
    kernel_distance,
    measurement,
    measures,
    memorisation,
    modes_found,
    modes_of,
    near_duplicates,
    nearest_of,
    neighbourhoods,
    sliced_w1,
)


def features(seed, rows=150, columns=6, shift=0.0):
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(columns, columns))
    return rng.normal(size=(rows, columns)) @ mixing + shift


def probabilities(seed, rows=200, classes=7):
    logits = 3 * np.random.default_rng(seed).normal(size=(rows, classes))
    return np.exp(logits) / np.exp(logits).sum(1, keepdims=True)


# The Frechet distance.


def test_frechet_is_the_formula_with_scipys_root():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 6)) @ rng.normal(size=(6, 6))
    y = rng.normal(size=(300, 6)) @ rng.normal(size=(6, 6)) + rng.normal(size=6)
    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a + b - 2 * np.real(sqrtm(a @ b)))
    assert frechet(x, y).value == pytest.approx(expected, rel=1e-9)
    assert frechet(y, x).value == pytest.approx(expected, rel=1e-9)


def test_frechet_of_a_shift_is_its_squared_length_also_with_fewer_rows_than_features():
    x = np.random.default_rng(1).normal(size=(5, 9))
    shift = np.arange(9.0)
    assert frechet(x, x + shift).value == pytest.approx((shift**2).sum(), rel=1e-12)
    assert frechet(x, x).value == pytest.approx(0, abs=1e-12)


def test_frechet_of_fewer_rows_than_features_is_that_of_the_eigenvalues():
    x, y = np.random.default_rng(2).normal(size=(7, 12)), np.random.default_rng(3).normal(2, 3, size=(5, 12))
    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    roots = np.sqrt(np.clip(np.linalg.eigvals(a @ b).real, 0, None)).sum()  # S1 S2 has those of S1^(1/2) S2 S1^(1/2)
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a) + np.trace(b) - 2 * roots
    assert frechet(x, y).value == pytest.approx(expected, rel=1e-6)
    assert np.isfinite(frechet(x, y).error)


def test_frechets_error_is_nearly_the_jackknifes():
    """The delta method and the jackknife differ by a share of about 1/n, here 1/300; the band is ten times that.

    The rows are skewed, since the variance of symmetric ones does not depend on the sign of the linear term.
    """
    rng = np.random.default_rng(12)
    x, y = rng.exponential(size=(300, 2)), rng.exponential([1.5, 0.5], (300, 2)) + np.array([2.0, -1.0])
    without_x = [frechet(np.delete(x, i, 0), y).value for i in range(300)]
    without_y = [frechet(x, np.delete(y, i, 0)).value for i in range(300)]
    variance = 299 * (np.var(without_x) + np.var(without_y))
    assert frechet(x, y).error == pytest.approx(math.sqrt(variance), rel=10 / 300)


# Kernel distance.


def test_kernel_distance_is_the_u_statistic_of_all_pairs(monkeypatch):
    monkeypatch.setattr(distances, "BLOCK", 500)
    x, y = features(0, 40), features(1, 30, shift=1.0)

    def k(a, b):
        return (sum(p * q for p, q in zip(a, b, strict=True)) / 6 + 1) ** 3

    def within(z):
        pairs = [k(z[i], z[j]) for i in range(len(z)) for j in range(len(z)) if i != j]
        return sum(pairs) / len(pairs)

    across = [k(a, b) for a in x for b in y]
    expected = within(x) + within(y) - 2 * sum(across) / len(across)
    assert kernel_distance(x, y).value == pytest.approx(expected, rel=1e-9)


def test_kernel_distances_error_is_the_jackknifes_by_its_definition():
    x, y = features(0, 15), features(1, 12, shift=0.5)
    without_x = [kernel_distance(np.delete(x, i, 0), y).value for i in range(len(x))]
    without_y = [kernel_distance(x, np.delete(y, i, 0)).value for i in range(len(y))]
    variance = (len(x) - 1) * np.var(without_x) + (len(y) - 1) * np.var(without_y)
    assert kernel_distance(x, y).error == pytest.approx(math.sqrt(variance), rel=1e-9)


# The energy distance.


def test_energy_distance_is_the_u_statistic_of_all_pairs(monkeypatch):
    monkeypatch.setattr(distances, "BLOCK", 500)
    x, y = features(0, 40), features(1, 30, shift=1.0)

    def within(z):
        return sum(math.dist(a, b) for a in z for b in z) / (len(z) * (len(z) - 1))

    across = sum(math.dist(a, b) for a in x for b in y) / (40 * 30)
    assert energy_distance(x, y).value == pytest.approx(2 * across - within(x) - within(y), rel=1e-12)
    assert energy_distance(y, x).value == pytest.approx(energy_distance(x, y).value, rel=1e-12)


def test_energy_distance_on_a_line_is_scipys_squared_less_its_pairs_of_a_row_with_itself():
    """SciPy's is the root of twice the V-statistic, whose means within count m^2 pairs of which m are 0.

    scipy.stats.energy_distance is sqrt(2 E|X - Y| - E|X - X'| - E|Y - Y'|) of the two empirical distributions.
    """
    x, y = features(0, 60, 1), features(1, 45, 1, shift=0.7)
    within = [cdist(z, z).sum() / len(z) ** 2 for z in (x, y)]
    expected = scipys_energy_distance(x[:, 0], y[:, 0]) ** 2 - within[0] / 59 - within[1] / 44
    assert energy_distance(x, y).value == pytest.approx(expected, rel=1e-12)


def test_energy_distances_error_is_the_jackknifes_by_its_definition():
    x, y = features(0, 15), features(1, 12, shift=0.5)
    without_x = [energy_distance(np.delete(x, i, 0), y).value for i in range(len(x))]
    without_y = [energy_distance(x, np.delete(y, i, 0)).value for i in range(len(y))]
    variance = (len(x) - 1) * np.var(without_x) + (len(y) - 1) * np.var(without_y)
    assert energy_distance(x, y).error == pytest.approx(math.sqrt(variance), rel=1e-9)


def test_energy_distance_of_two_points_is_twice_their_distance_also_beside_a_far_row():
    x, y = np.zeros((3, 2)), np.tile([3.0, 4.0], (4, 1))
    assert energy_distance(x, y).value == 10
    far = np.array([[1e9, 0.0]])  # moves the centre, from which a product of rows would lose the 1e-3
    x, y = np.append(np.zeros((9, 2)), far, 0), np.append(np.tile([0.0, 1e-3], (9, 1)), far, 0)
    blocks = [squared for _, squared in distances.squared_distances(x, y)]
    assert np.concatenate(blocks)[:9, :9].max() == pytest.approx(1e-6, rel=1e-9)


def test_unbiased_distances_need_three_rows_of_a_kind():
    for metric in (energy_distance, kernel_distance):
        with pytest.raises(WganError, match="real has 2 rows; give at least 3"):
            metric(np.zeros((2, 1)), np.zeros((9, 1)))
        assert math.isfinite(metric(np.zeros((3, 1)), np.ones((3, 1))).error)


# Wasserstein-1.


def test_exact_w1_is_the_linear_programmes():
    x, y = features(0, 20, 3), features(1, 20, 3, shift=1.0)
    costs = cdist(x, y)
    rows, columns = np.kron(np.eye(20), np.ones(20)), np.kron(np.ones(20), np.eye(20))
    plan = linprog(costs.ravel(), A_eq=np.vstack([rows, columns]), b_eq=np.full(40, 1 / 20), bounds=(0, None))
    assert exact_w1(x, y).value == pytest.approx(plan.fun, rel=1e-9)


def test_w1_of_a_shift_is_its_length_and_on_lines_what_the_directions_see():
    x = features(0, 100, 3)
    shift = np.array([3.0, -4.0, 12.0])
    assert exact_w1(x, x + shift).value == pytest.approx(13, rel=1e-9)
    assert exact_w1(x, x + shift).error == pytest.approx(0, abs=1e-9)
    # E |u . e| of a uniform direction in three dimensions is 1/2; 128 of them have the standard deviation below
    spread = 13 * math.sqrt(1 / 3 - 1 / 4) / math.sqrt(measures.DIRECTIONS)
    assert sliced_w1(x, x + shift).value == pytest.approx(13 / 2, abs=4 * spread)


def test_sliced_w1_in_one_dimension_is_scipys():
    x, y = features(0, 100, 1), features(1, 100, 1, shift=2.0)
    assert sliced_w1(x, y).value == pytest.approx(wasserstein_distance(x[:, 0], y[:, 0]), rel=1e-9)


# Neighbourhoods.


def brute_force(real, fake, k):
    def radius(points, i):
        return sorted(math.dist(points[i], p) for j, p in enumerate(points) if j != i)[k - 1]

    m, n = range(len(real)), range(len(fake))
    near = [[math.dist(real[i], fake[j]) for j in n] for i in m]
    balls, fake_balls = [radius(real, i) for i in m], [radius(fake, j) for j in n]
    return {
        "precision": sum(any(near[i][j] <= balls[i] for i in m) for j in n) / len(fake),
        "recall": sum(any(near[i][j] <= fake_balls[j] for j in n) for i in m) / len(real),
        "density": sum(near[i][j] <= balls[i] for i in m for j in n) / (k * len(fake)),
        "coverage": sum(any(near[i][j] <= balls[i] for j in n) for i in m) / len(real),
    }


@pytest.mark.parametrize("k", [1, 3, 5])
def test_neighbourhoods_are_those_of_brute_force_in_blocks_of_any_size(monkeypatch, k):
    x, y = features(0, 60, 3), features(1, 45, 3, shift=0.7)
    expected = brute_force(x, y, k)
    assert len(set(expected.values())) == 4, "four different numbers, so that none can pass for another"
    for block in (2**22, 200, 1):
        monkeypatch.setattr(distances, "BLOCK", block)
        assert {name: m.value for name, m in neighbourhoods(x, y, k).items()} == pytest.approx(expected, rel=1e-12)


def test_few_outputs_of_high_quality_are_precise_and_do_not_recall():
    real = np.concatenate([features(0, 100), features(1, 100, shift=100.0)])
    found = neighbourhoods(real, features(2, 100))
    assert found["precision"].value > 0.8
    assert found["recall"].value < 0.6
    found = neighbourhoods(features(2, 100), real)
    assert found["precision"].value < 0.6
    assert found["recall"].value > 0.8


def test_a_ball_holds_its_rim():
    x = np.repeat(features(0, 30), 10, axis=0)  # every radius is 0
    assert {name: m.value for name, m in neighbourhoods(x, x).items()} == pytest.approx(
        {"precision": 1, "recall": 1, "density": 2, "coverage": 1}
    )


# Other people's programs.


def test_neighbourhoods_agree_with_prdc(capsys):
    prdc = pytest.importorskip("prdc", reason="pip install prdc")
    x, y = features(0, 300), features(1, 250, shift=0.7)
    expected = prdc.compute_prdc(x, y, nearest_k=5)
    assert {name: m.value for name, m in neighbourhoods(x, y, 5).items()} == pytest.approx(expected, rel=1e-6)


def test_four_metrics_agree_with_torch_fidelity(monkeypatch):
    needs_torch_fidelity(monkeypatch)
    import torch
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
    from torch_fidelity.metric_isc import isc_features_to_metric
    from torch_fidelity.metric_kid import kid_features_to_metric
    from torch_fidelity.metric_prc import prc_features_to_metric

    x, y = features(0, 300), features(1, 300, shift=0.7)
    real, fake = torch.tensor(x), torch.tensor(y)
    fid = fid_statistics_to_metric(*map(fid_features_to_statistics, (real, fake)), False)
    assert frechet(x, y).value == pytest.approx(fid["frechet_inception_distance"], rel=1e-6)
    kid = kid_features_to_metric(real, fake, kid_subsets=1, kid_subset_size=300, verbose=False)
    assert kernel_distance(x, y).value == pytest.approx(kid["kernel_inception_distance_mean"], rel=1e-6)
    prc = prc_features_to_metric(fake, real, prc_neighborhood=3, prc_batch_size=100, verbose=False)
    found = neighbourhoods(x, y, 3)
    assert [found[n].value for n in ("precision", "recall")] == pytest.approx(
        [prc["precision"], prc["recall"]], rel=1e-6
    )
    p = probabilities(0, 300)
    isc = isc_features_to_metric(torch.tensor(np.log(p)), splits=10, shuffle=False)
    assert inception_style_score(p).value == pytest.approx(isc["inception_score_mean"], rel=1e-6)


# Classes and modes.


def test_the_inception_style_score_is_the_exponential_of_the_mutual_information():
    p = probabilities(3)
    scores = []
    for i in range(10):
        part = p[20 * i : 20 * i + 20]
        marginal = [sum(row[c] for row in part) / 20 for c in range(7)]
        scores.append(math.exp(sum(row[c] * math.log(row[c] / marginal[c]) for row in part for c in range(7)) / 20))
    assert inception_style_score(p).value == pytest.approx(np.mean(scores), rel=1e-12)
    assert inception_style_score(p).error == pytest.approx(np.std(scores, ddof=1) / math.sqrt(10), rel=1e-12)
    assert inception_style_score(np.full((100, 5), 0.2)).value == pytest.approx(1, rel=1e-12)


def test_class_coverage_counts_classes_made_a_tenth_as_often_as_they_occur():
    def certain(*counts):
        return np.repeat(np.eye(len(counts)), counts, axis=0)

    real = certain(500, 300, 200, 0)
    assert class_coverage(real, real).value == 1
    found = class_coverage(real, certain(951, 30, 19, 0))
    assert found.value == pytest.approx(2 / 3)
    assert found.shares == pytest.approx((0.951, 0.03, 0.019, 0))


def test_modes_are_found_and_the_gaussians_themselves_are_of_high_quality():
    rng = np.random.default_rng(4)
    labels = rng.integers(8, size=40_000)
    angle = labels * np.pi / 4
    rows = np.stack([np.cos(angle), np.sin(angle)], 1) + 0.02 * rng.normal(size=(40_000, 2))
    modes = modes_of(rows, labels)
    assert modes.deviations == pytest.approx(np.full(8, 0.02), rel=0.05)
    expected = 1 - math.exp(-4.5)
    band = 4 * math.sqrt(expected * (1 - expected) / 40_000) + 0.0005  # the modes are estimated too
    assert high_quality(rows, modes).value == pytest.approx(expected, abs=band)
    assert modes_found(rows, modes).value == 8
    assert modes_found(rows[np.isin(labels, [2, 5])], modes).value == 2
    between = Modes(np.array([[0.0, 0.0], [10.0, 0.0]]), np.array([1.0, 1.0]))
    assert high_quality(np.array([[2.9, 0], [3.1, 0], [10.0, 2.9], [5, 0]]), between).value == 0.5
    assert high_quality(np.array([[2.9, 0], [3.1, 0], [10.0, 2.9], [5, 0]]), between).shares == (0.25, 0.25)


# Memory and diversity.


def test_diversity_is_the_ratio_of_mean_distances():
    x, y = features(0, 40), features(1, 30)
    expected = cdist(y, y)[np.triu_indices(30, 1)].mean() / cdist(x, x)[np.triu_indices(40, 1)].mean()
    assert diversity(x, y).value == pytest.approx(expected, rel=1e-9)
    assert diversity(x, 0.25 * x).value == pytest.approx(0.25, rel=1e-9)
    assert diversity(x, np.ones((30, 6))).value == 0
    with pytest.raises(WganError, match="all real rows are the same"):
        diversity(np.ones((30, 6)), x)


def test_a_few_outputs_repeated_are_near_duplicates():
    train = features(0, 2000)
    fresh = near_duplicates(features(1, 1000), train)
    assert fresh.value < 0.03
    few = features(2, 5)[np.random.default_rng(3).integers(5, size=1000)]
    assert near_duplicates(few, train).value == 1
    half = np.concatenate([few[:500], features(4, 500)])
    assert near_duplicates(half, train).value == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("samples", [400, 1500])
def test_near_duplicates_are_judged_by_as_many_training_rows(samples):
    """A nearest neighbour is nearer among more rows, so that all training rows would be another yardstick."""
    train, fake = features(0, 1500, 3), features(1, samples, 3)
    nearest = [np.sort(cdist(x, x), axis=1)[:, 1] for x in (train[:samples], fake)]
    expected = np.mean(nearest[1] <= np.quantile(nearest[0], 0.01))
    assert near_duplicates(fake, train).value == pytest.approx(expected, abs=1e-12)
    assert near_duplicates(fake, train).floor == 0.01


def test_samples_of_the_data_themselves_are_near_duplicates_as_often_as_the_floor_says():
    found = np.array([near_duplicates(features(2 * i, 300, 3), features(2 * i + 1, 2400, 3)).value for i in range(60)])
    assert found.mean() == pytest.approx(0.01, abs=4 * found.std() / math.sqrt(len(found)))


@pytest.mark.parametrize("held_out", [9, 10, 11, 35])
def test_memorisation_is_its_definition_also_where_more_than_one_held_out_row_may_be_nearer(monkeypatch, held_out):
    """One held-out row in so many, rounded up, is the yardstick; as all orders of m + n rows are as likely, `near` or
    more samples lie below the r-th held-out row where they are among the first near + r - 1 of all."""
    monkeypatch.setattr("wgan.maths.metrics.neighbours.TAIL", 10)
    train, real, fake = features(0, 90, 3), features(1, held_out, 3), features(2, 60, 3)
    fake[:8] = train[:8] + 0.01 * features(3, 8, 3)
    ratios = [(lambda d: d[:, 0] / d[:, 1])(np.sort(cdist(x, train), axis=1)) for x in (real, fake)]
    rank = {9: 1, 10: 1, 11: 2, 35: 4}[held_out]
    near = int((ratios[1] < np.sort(ratios[0])[rank - 1]).sum())
    assert near > 0
    found = memorisation(real, fake, train)
    assert found.value == pytest.approx(near / 60)
    assert found.floor == pytest.approx(rank / (held_out + 1))
    chance = hypergeom(held_out + 60, 60, near + rank - 1).sf(near - 1)
    assert found.p_value == pytest.approx(chance, rel=1e-9)


def memorised(repetition, copies, held_out=120, samples=200, rows=300):
    rng = np.random.default_rng([7, repetition])
    train, real, fake = (rng.normal(size=(n, 4)) for n in (rows, held_out, samples))
    fake[:copies] = train[:copies]
    return memorisation(real, fake, train)


def test_memorisations_false_alarms_are_as_frequent_as_it_says():
    found = [memorised(i, 0) for i in range(400)]
    p_values, values = np.array([(m.p_value, m.value) for m in found]).T
    counts = np.arange(201)
    law = nhypergeom(320, 200, 1)
    possible, chance = law.sf(counts - 1), law.pmf(counts)
    for level in (0.01, 0.05, 0.2):
        size = chance[possible <= level].sum()  # of a count, the largest that is at most the level
        assert level / 2 < size <= level
        assert np.mean(p_values <= level) == pytest.approx(size, abs=4 * math.sqrt(size * (1 - size) / len(found)))
    assert values.mean() == pytest.approx(1 / 121, abs=4 * values.std() / math.sqrt(len(found)))
    assert found[0].floor == pytest.approx(1 / 121)


def test_memorisation_sees_a_hundred_copies_and_not_a_poor_generator():
    assert max(memorised(i, 100).p_value for i in range(30)) < 1e-6
    assert memorised(0, 200).value == 1
    rng = np.random.default_rng(8)
    # a twentieth of the rows lies densely, and all samples do: near to training rows, as any row there is
    train, real = rng.normal(size=(3000, 4)), rng.normal(size=(600, 4))
    train[:150], real[:30] = 0.001 * train[:150], 0.001 * real[:30]
    assert memorisation(real, 0.001 * rng.normal(size=(2000, 4)), train).p_value > 1e-3
    train, real = rng.normal(size=(3000, 4)), rng.normal(size=(600, 4))
    noisy = np.concatenate([train[:100] + 1e-3 * rng.normal(size=(100, 4)), rng.normal(5, 1, size=(1900, 4))])
    found = memorisation(real, noisy, train)
    assert found.p_value < 1e-6
    assert found.value == pytest.approx(0.05, abs=0.005)


def test_copies_of_rows_that_are_twice_in_training_are_copies():
    rng = np.random.default_rng(9)
    train = np.repeat(rng.normal(size=(300, 4)), 2, axis=0)
    found = memorisation(rng.normal(size=(120, 4)), train[:200], train)
    assert found.value == 1
    # 100 different rows, each twice, are what samples equal; 600 of 720 real rows are training rows
    assert found.p_value == pytest.approx(hypergeom(720, 600, 200).sf(199), rel=1e-9)


# Tables and duplicates, where rows repeat by nature.


LIBRARY = np.random.default_rng(1).normal(size=(1500, 4))


def with_atom(rng, n):
    rows = rng.normal(size=(n, 4))
    rows[rng.random(n) < 0.005] = 0
    return rows


LAWS = {
    "continuous": lambda rng, n: rng.normal(size=(n, 5)),
    "one column": lambda rng, n: rng.normal(size=(n, 1)),
    "mixed": lambda rng, n: np.column_stack(
        [rng.normal(size=n).round(1), rng.integers(0, 3, n), rng.poisson(2, n), rng.normal(size=n).round(0)]
    ),
    "levels": lambda rng, n: rng.integers(0, 4, (n, 6)).astype(float),
    "rare levels": lambda rng, n: np.minimum(rng.geometric(0.5, (n, 6)), 5).astype(float),
    "few levels": lambda rng, n: rng.integers(0, 5, (n, 3)).astype(float),
    "drawn from a library": lambda rng, n: LIBRARY[rng.integers(0, len(LIBRARY), n)],
    "a row that repeats": with_atom,
}
COUNT = 150  # of null repeats; a rate of 5 % has the standard deviation 1.8 % among so many


def drawn(law, repetition, sizes=(600, 100, 500)):
    rng = np.random.default_rng([11, repetition])
    return [LAWS[law](rng, n) for n in sizes]


def at_most(rate):
    """The share of COUNT repeats that a rate exceeds in one test of a thousand."""
    return binom(COUNT, rate).ppf(0.999) / COUNT


@pytest.mark.parametrize("law", LAWS)
def test_new_rows_of_any_law_are_called_copies_as_seldom_as_the_p_value_says(law):
    found = []
    for repetition in range(COUNT):
        train, real, fake = drawn(law, repetition)
        found.append(memorisation(real, fake, train))
    assert np.mean([m.p_value < 0.05 for m in found]) <= at_most(0.05)
    assert np.mean([m.p_value < 0.01 for m in found]) <= at_most(0.01)
    away = np.array([m.value - m.floor for m in found])
    assert abs(away.mean()) < 4 * away.std() / math.sqrt(COUNT) + 0.002  # few ties at the threshold are left out
    assert np.mean([abs(m.value - m.floor) > 2 * m.error for m in found]) <= at_most(0.07)


@pytest.mark.parametrize("law", [law for law in LAWS if law != "few levels"])
def test_a_generator_that_returns_training_rows_word_for_word_is_found(law):
    for repetition in range(5):
        train, real, _ = drawn(law, repetition)
        fake = train[np.random.default_rng(repetition).integers(0, len(train), 500)]
        found = memorisation(real, fake, train)
        assert found.value == 1
        assert found.p_value < 1e-4
        assert found.floor < 0.6
    # also where a held-out row is a training row, in an array of any kind of number
    real[0] = train[0]
    assert memorisation(real, fake, train).p_value < 1e-4


def test_exact_copies_are_counted_beside_held_out_rows_that_equal_training_rows():
    """Of 11 rows that equal a training row 8 are samples; of the others, 5 samples are nearer than any held-out row."""
    train, real, fake = features(0, 90, 3), features(1, 40, 3), features(2, 60, 3)
    real[:3], fake[:8] = train[:3], train[3:11]
    fake[8:13] = train[11:16] + 0.001 * features(3, 5, 3)
    ratios = [(lambda d: d[:, 0] / d[:, 1])(np.sort(cdist(x, train), axis=1)) for x in (real, fake)]
    below = int((ratios[1][8:] < ratios[0][3:].min()).sum())
    assert below >= 5
    exact, near = hypergeom(100, 60, 11).sf(7), nhypergeom(37 + 52, 52, 1).sf(below - 1)
    found = memorisation(real, fake, train)
    assert found.p_value == pytest.approx(2 * min(exact, near), rel=1e-9)
    assert found.value == pytest.approx((8 + below) / 60)
    assert found.floor == pytest.approx(3 / 40 + 37 / 40 / 38)


def test_where_every_new_row_is_a_training_row_copies_are_no_news():
    """125 combinations, all of them among 600 rows."""
    train, real, _ = drawn("few levels", 0)
    found = memorisation(real, train[:500], train)
    assert found.value == 1
    assert found.floor > 0.97


def test_a_generator_of_common_rows_is_no_copier():
    """It makes the commoner levels too often, so that more samples than new rows equal a training row."""
    p_values = []
    for repetition in range(30):
        train, real, _ = drawn("rare levels", repetition)
        common = np.minimum(np.random.default_rng(repetition).geometric(0.65, (500, 6)), 5).astype(float)
        found = memorisation(real, common, train)
        p_values.append(found.p_value)
        assert found.value > found.floor
    assert np.mean(np.array(p_values) < 0.05) <= binom(30, 0.05).ppf(0.999) / 30


def test_a_share_of_copies_is_found_beside_rows_that_repeat():
    for repetition in range(5):
        train, real, fake = drawn("mixed", repetition, (1000, 500, 1000))
        fake[:200] = train[:200]
        found = memorisation(real, fake, train)
        assert found.p_value < 0.01
        assert found.value > found.floor + 2 * found.error


@pytest.mark.parametrize("law", LAWS)
def test_new_rows_are_near_duplicates_as_often_as_1_percent_of_the_rows(law):
    """A quantile of 500 rows lies a little off 1 %, where rows repeat by up to another 1 %."""
    found = []
    for repetition in range(COUNT):
        train, _, fake = drawn(law, repetition)
        found.append(near_duplicates(fake, train))
    values = np.array([m.value for m in found])
    assert 0.005 < values.mean() < 0.02 + 3 * values.std() / math.sqrt(COUNT)
    assert np.mean([abs(m.value - m.floor) > 2 * m.error for m in found]) <= at_most(0.05)
    few = LAWS[law](np.random.default_rng(5), 5)[np.random.default_rng(6).integers(0, 5, 500)]
    assert near_duplicates(few, drawn(law, 0)[0]).value == 1


def test_rows_on_a_rim_are_in_the_ball_however_products_round():
    """On a lattice far from 0 most distances are equal; each ball holds what the exact distances say."""
    rng = np.random.default_rng(12)
    for _ in range(5):
        real, fake = rng.integers(0, 4, (80, 6)), rng.integers(0, 4, (70, 6))
        found = neighbourhoods(0.1 * real + 7, 0.1 * fake + 7)
        assert {name: m.value for name, m in found.items()} == pytest.approx(brute_force(real, fake, 5))


def test_a_sample_lies_at_its_nearest_rows_in_equal_shares():
    train, real = np.array([[0.0], [0.0], [2.0]]), np.array([[0.0], [5.0]])
    assert nearest_of([[0.1], [1.0], [4.9]], train, real) == pytest.approx(
        [1 / 3 + 1 / 4] * 2 + [1 / 4] + [1 / 3 + 1 / 4, 1]
    )


def test_rows_that_lie_in_an_order_are_compared_at_random():
    """Rows sorted by class: the first 1,000 of 3,000 would be of one class only."""
    rng = np.random.default_rng(13)
    real = np.sort(rng.normal(size=(3000, 2)), axis=0)
    fake = rng.permutation(real)
    for metric in (exact_w1, sliced_w1):
        assert metric(real, fake[:1000]).value < 0.3
        assert metric(real, real.copy()).value == 0


# Errors, against what repetition gives.


@pytest.mark.parametrize(
    ("statistic", "repetitions"),
    [
        (frechet, 300),
        (kernel_distance, 300),
        (energy_distance, 300),
        (exact_w1, 120),
        (sliced_w1, 200),
        (diversity, 300),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_standard_error_is_the_spread_of_repetitions(statistic, repetitions):
    rng = np.random.default_rng(10)
    found = [
        statistic(rng.normal(size=(120, 3)), rng.normal(0.5, 1.5, size=(90, 3)) ** [1, 1, 2])
        for _ in range(repetitions)
    ]
    spread = np.std([m.value for m in found], ddof=1)
    typical = np.sqrt(np.mean([m.error**2 for m in found]))
    # the spread has the relative error 1 / sqrt(2 n), more for heavy tails; the jackknife is itself within a tenth
    assert typical == pytest.approx(spread, rel=0.1 + 4 / math.sqrt(2 * repetitions))


def test_unbiased_distances_are_0_on_average_for_equal_distributions_and_frechet_is_not():
    rng = np.random.default_rng(11)
    pairs = [(rng.normal(size=(60, 3)), rng.normal(size=(60, 3))) for _ in range(200)]
    for statistic in (kernel_distance, energy_distance):
        values = np.array([statistic(x, y).value for x, y in pairs])
        assert values.mean() == pytest.approx(0, abs=4 * values.std() / math.sqrt(200))
    assert np.mean([frechet(x, y).value for x, y in pairs]) > 0.05


# Contracts over the family.


def sets(real, fake, train=None, classes=7):
    p = [np.abs(np.random.default_rng(1).normal(size=(len(x), classes))) + 0.1 for x in (real, fake)]
    modes = Modes(real[:5].copy(), np.full(5, 1.0))
    train = features(5, 600, real.shape[1]) if train is None else train
    return Sets(real, fake, train, *(q / q.sum(1, keepdims=True) for q in p), modes, p[1].argmax(1))


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_names_itself_and_the_rows_it_needs(name):
    least = METRICS[name].least
    enough, few = features(0, least), features(1, least - 1)
    for real, fake, counts in ((enough, few, (least - 1, least)), (few, enough, (least, least - 1))):
        with pytest.raises(WganError, match=rf"^{name} needs at least {least} .* are {counts[0]} and {counts[1]}\."):
            measurement(name, sets(real, fake))
    found = measurement(name, sets(enough, features(1, least)))
    assert np.isfinite(found.value)
    assert found.error is None or found.error >= 0
    assert METRICS[name].better in ("lower", "higher", "1")


EQUAL = {"lower": 0, "higher": 1, "1": 1}  # of equal sets, where it is not a count or a share of them
OTHER = {"density", "inception_style", "modes_found", "high_quality", "near_duplicates"}
UNBIASED = {"kernel_distance", "energy_distance"}


@pytest.mark.parametrize("name", [name for name in METRICS if name not in OTHER | UNBIASED])
def test_equal_sets_are_at_0_or_1(name):
    x = features(0, 200)
    assert measurement(name, sets(x, x.copy())).value == pytest.approx(EQUAL[METRICS[name].better], abs=1e-9)


def test_equal_sets_have_a_density_above_1_and_unbiased_distances_below_0():
    x = features(0, 200)
    assert neighbourhoods(x, x)["density"].value == pytest.approx((5 + 1) / 5)
    for statistic in (kernel_distance, energy_distance):
        assert statistic(x, x).value < 0  # a row's pair with itself counts across only


@pytest.mark.parametrize("name", METRICS)
def test_metrics_need_what_they_say(name):
    assert METRICS[name].applies(sets(features(0), features(1)))
    bare = Sets(features(0), features(1))
    if METRICS[name].applies(bare):
        assert np.isfinite(measurement(name, bare).value)


INVARIANT = ("frechet", "exact_w1", "precision", "recall", "density", "coverage", "diversity", "memorisation")


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), scale=st.floats(0.01, 100))
def test_distances_ignore_how_features_are_turned_and_moved_and_the_order_of_rows(seed, scale):
    rng = np.random.default_rng(seed)
    x, y, train = features(seed, 110, 4), features(seed + 1, 110, 4, shift=0.5), features(seed + 2, 200, 4)
    turn, _ = np.linalg.qr(rng.normal(size=(4, 4)))
    shift = rng.normal(size=4)
    before = sets(x, y, train)
    after = sets(*(rng.permutation(scale * z @ turn + shift) for z in (x, y, train)))
    for name in INVARIANT:
        factor = {"frechet": scale**2, "exact_w1": scale}.get(name, 1)
        assert measurement(name, after).value == pytest.approx(factor * measurement(name, before).value, rel=1e-6), name


@pytest.mark.parametrize("away", [1e9, 1e10, 1e12])
def test_samples_that_are_equally_far_from_all_training_rows_are_no_copies(away):
    real, train, fake = features(0, 300), features(1, 250), features(2, 300) + away
    found = memorisation(real, fake, train)
    assert (found.value, found.p_value) == (0, 1)
    corners = np.eye(8)  # the middle is as far from each
    found = memorisation(corners[np.arange(99) % 8], np.full((50, 8), 0.125), corners)
    assert (found.value, found.p_value) == (0, 1)
