"""What chance gives between rows of one distribution, and the mean distance of rows."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import binom

from wgan import WganError
from wgan.maths.metrics import energy
from wgan.maths.metrics.energy import energy_by_chance, energy_distance, energy_spread, mean_distance


def test_the_mean_distance_is_that_of_all_pairs_also_far_from_0():
    rows = np.random.default_rng(0).standard_normal((50, 7))
    assert mean_distance(rows) == pytest.approx(pdist(rows).mean(), rel=1e-12)
    assert mean_distance(rows + 1e6) == pytest.approx(pdist(rows).mean(), rel=1e-6)
    assert mean_distance([[0.0], [3.0]]) == 3
    assert mean_distance(np.ones((9, 3))) == mean_distance(rows[:1]) == 0


def test_a_value_by_chance_is_a_quantile_of_energy_distances_of_random_parts(monkeypatch):
    monkeypatch.setattr(energy, "SPLITS", 40)
    rows, first = np.random.default_rng(0).standard_normal((30, 3)), 11
    rng, found = np.random.default_rng(1), []
    for _ in range(40):
        part = np.isin(np.arange(30), rng.permutation(30)[:first])
        found.append(energy_distance(rows[part], rows[~part]).value)
    for quantile, above in ((0.9, 3), (0.99, 0), (0.5, 19)):  # at most a share of 1 - quantile lies above
        value = energy_by_chance(rows, first, np.random.default_rng(1), quantile)
        assert value == pytest.approx(sorted(found)[-1 - above], rel=1e-9)


@pytest.mark.parametrize("sizes", [(20, 60), (40, 40)])
def test_chance_has_its_level_on_null_draws(sizes):
    """The rank of a split among 500 others is uniform, so 50 of 501 are above the quantile 0.9, and 5 above 0.99.

    The counts of 600 draws lie between the binomial quantiles of 0.0005 and 0.9995.
    """
    trials, above = 600, {0.9: 0, 0.99: 0}
    for trial in range(trials):
        rng = np.random.default_rng([trial, *sizes])
        rows = rng.standard_exponential((sum(sizes), 2))
        value = energy_distance(rows[: sizes[0]], rows[sizes[0] :]).value
        for quantile in above:
            above[quantile] += value > energy_by_chance(rows, sizes[0], rng, quantile)
    for quantile, level in ((0.9, 50 / 501), (0.99, 5 / 501)):
        low, high = binom.ppf([0.0005, 0.9995], trials, level)
        assert low <= above[quantile] <= high, (quantile, above)


def test_chance_from_real_rows_holds_for_new_samples_beside_the_same_held_out_rows():
    """So it is used while a run trains: chance comes from held-out and training rows, the value from samples."""
    trials, above = 400, 0
    for trial in range(trials):
        rng = np.random.default_rng(trial)
        held, training, samples = (rng.standard_normal((count, 3)) for count in (40, 60, 60))
        chance = energy_by_chance(np.concatenate([held, training]), 40, rng, 0.9)
        above += energy_distance(held, samples).value > chance
    low, high = binom.ppf([0.0005, 0.9995], trials, 50 / 501)
    assert low <= above <= high, above


@pytest.mark.parametrize(("sizes", "columns"), [((30, 80), 1), ((50, 50), 6)])
def test_the_spread_of_equal_distributions_is_that_of_random_splits(sizes, columns):
    """A standard deviation of 2,000 values of kurtosis up to 15 is known to 4 % (one sd); the band is 4 sd."""
    rng, found = np.random.default_rng(0), []
    rows = rng.standard_normal((sum(sizes), columns))
    for _ in range(2000):
        order = rng.permutation(len(rows))
        found.append(energy_distance(rows[order[: sizes[0]]], rows[order[sizes[0] :]]).value)
    assert energy_spread(rows[: sizes[0]], rows[sizes[0] :]) == pytest.approx(np.std(found), rel=0.16)
    assert energy_spread(rows[: sizes[0]] * 3, rows[sizes[0] :] * 3) == pytest.approx(
        3 * energy_spread(rows[: sizes[0]], rows[sizes[0] :]), rel=1e-9
    )
    assert energy_spread(np.ones((5, 2)), np.ones((4, 2))) == 0


def test_the_spread_needs_rows():
    with pytest.raises(WganError, match="real has 2 rows; give at least 3"):
        energy_spread(np.ones((2, 2)), np.ones((9, 2)))
