"""Kinds that are far too rare or too frequent: Fisher's test against SciPy's, its errors, and its power."""

import numpy as np
import pytest
from scipy.stats import binom, fisher_exact, hypergeom

from wgan.errors import WganError
from wgan.maths.frequencies import ERROR, unlike


@pytest.mark.parametrize(("real", "fake"), [(41, 0), (41, 9), (30, 80), (0, 40)])
def test_a_p_value_is_twice_the_smaller_tail_of_scipys_exact_test(real, fake):
    rows, samples = 3000, 2700
    table = [[fake, samples - fake], [real, rows - real]]
    tails = [fisher_exact(table, alternative=side).pvalue for side in ("less", "greater")]
    found = unlike([real], [fake], rows, samples)
    assert found.p_values == pytest.approx([2 * min(tails)], rel=1e-6)


def test_equal_distributions_are_told_apart_as_seldom_as_is_said():
    """500 comparisons of one law with 60 kinds: at most 1 % may name any, so 14 or more have a chance under 1e-3."""
    draws, trials, hits = np.random.default_rng(0), 500, 0
    for _ in range(trials):
        law = draws.dirichlet(np.full(60, 0.3))
        rows, samples = draws.integers(100, 3000, 2)
        hits += bool(unlike(draws.multinomial(rows, law), draws.multinomial(samples, law), rows, samples).kinds)
    assert hits <= binom(trials, ERROR).ppf(0.999)


@pytest.mark.parametrize("samples", [20, 500, 3000])
def test_a_kind_of_so_many_rows_is_seen_to_be_lacking_and_one_of_fewer_is_not(samples):
    least = unlike([1500, 1500], [samples // 2, samples // 2], 3000, samples).least
    by_chance = 2 * hypergeom(3000 + samples, np.arange(1, 3001), samples).pmf(0)
    assert least == 1 + np.argmax(by_chance <= ERROR / 2)
    for lacking, named in ((least, (0,)), (least - 1, ())):
        counts = [lacking, 1500], [0, samples // 2]
        assert unlike(*counts, 3000, samples).kinds == named


def test_kinds_of_single_rows_need_no_correction():
    """Ten thousand names that occur once, as of persons, do not hide that a level of 41 rows is lacking."""
    real, fake = np.array([41] + [1] * 10_000), np.zeros(10_001)
    found = unlike(real, fake, 20_000, 20_000)
    assert (found.kinds, found.tested) == ((0,), 1)


def test_a_difference_that_is_sure_but_small_is_not_named():
    assert unlike([50_000], [26_000], 100_000, 100_000).kinds == ()
    assert unlike([50_000], [25_000], 100_000, 100_000).kinds == (0,)


@pytest.mark.parametrize(
    ("real", "fake", "rows"), [([1.5], [1], 3), ([4], [1], 3), ([-1], [1], 3), ([1, 1], [1], 3), ([1], [1], 0)]
)
def test_counts_that_are_none_are_refused(real, fake, rows):
    with pytest.raises(WganError, match=r"whole number|same kinds"):
        unlike(real, fake, rows, 3)
