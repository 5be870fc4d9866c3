"""Intervals for the number of kinds and the missing mass: exact probabilities on small cases, repetition on large ones.

Each end may err in 2.5 % of trials. Where the probabilities can be added up, an end is tested exactly. Where trials are
drawn, a test fails if more of them err than a binomial number of 2.5 % exceeds once in 10,000.
"""

import math
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import binom, binomtest, chi2

from wgan.errors import WganError
from wgan.maths import support
from wgan.maths.support import collisions, effective_size, missing_mass, near_radius, support_size

TRIALS = 400
MOST_ERRORS = int(binom.isf(1e-4, TRIALS, 0.025))


def errors(truth, draw):
    """In how many trials the truth lies below and above the interval."""
    found = np.array([draw(np.random.default_rng([7, trial]))[1:3] for trial in range(TRIALS)])
    return int((truth < found[:, 0] - 1e-9).sum()), int((truth > found[:, 1] + 1e-9).sum())


def shown(masses, n):
    """P(n samples show d kinds) for d = 0, 1, ..., by adding up the kinds one by one."""
    table = np.zeros((len(masses) + 1, n + 1))  # [kinds shown, samples of the kinds so far] / n!, so sum_i p^i / i!
    table[0, 0] = 1
    for mass in masses:
        added = np.zeros_like(table)
        for times in range(1, n + 1):
            added[1:, times:] += table[:-1, : n + 1 - times] * (mass**times / math.factorial(times))
        table += added
    return table[:, n] * math.factorial(n)


def of_kinds(d, n):
    """Labels [n] of d kinds."""
    return np.minimum(np.arange(n), d - 1)


def ends(n, kinds, **known):
    """The interval for each number of kinds that n samples may show, by that number."""
    return {d: support_size(of_kinds(d, n), **known) for d in range(1, min(n, kinds) + 1)}


def random_masses(seed, kinds):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.full(kinds, rng.choice([0.2, 1.0, 5.0])))


@pytest.mark.parametrize(("n", "size"), [(1, 1), (5, 3), (30, 40), (300, 1000), (400, 90)])
def test_the_distribution_of_the_number_of_kinds_seen_is_exact(n, size):
    stirling = [1] + [0] * n  # whole numbers: partitions of i samples into k parts
    for _ in range(n):
        stirling = [0] + [k * stirling[k] + stirling[k - 1] for k in range(1, n + 1)]
    exact = [Fraction(math.perm(size, k) * stirling[k], size**n) for k in range(n + 1)]
    for d in {1, 2, n // 3 + 1, n // 2 + 1, n}:
        if d <= size + 1:
            assert support._fewer_than(d, n, size) == pytest.approx(float(sum(exact[:d])), rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("n", [2, 7, 25, 40])
def test_for_equal_kinds_each_end_errs_in_at_most_a_fortieth_and_could_not_be_nearer(n):
    found = ends(n, n)
    seen = {size: shown(np.full(size, 1 / size), n) for size in range(1, 41)}
    for size, probability in seen.items():
        low = sum(p for d, p in enumerate(probability) if 0 < d <= n and found[d].lower > size)
        high = sum(p for d, p in enumerate(probability) if 0 < d <= n and found[d].upper < size)
        assert low <= 0.025 + 1e-12, (size, low)
        assert high <= 0.025 + 1e-12, (size, high)
    for d, interval in found.items():
        lower, upper = interval.lower, interval.upper
        if d < lower <= 41:
            assert seen[lower - 1][d:].sum() <= 0.025 + 1e-12
        if lower <= 40:
            assert seen[lower][d:].sum() > 0.025 - 1e-12
        if upper < 40:
            assert seen[upper][: d + 1].sum() > 0.025 - 1e-12
            assert seen[upper + 1][: d + 1].sum() <= 0.025 + 1e-12


@pytest.mark.parametrize("seed", range(40))
def test_the_lower_end_holds_for_kinds_of_any_mass(seed):
    n, kinds = [(6, 4), (15, 12), (25, 40), (12, 3)][seed % 4]
    masses = random_masses(seed, kinds)
    found = ends(n, kinds)
    wrong = sum(p for d, p in enumerate(shown(masses, n)) if 0 < d <= n and found[d].lower > kinds)
    assert wrong <= 0.025 + 1e-12


@pytest.mark.parametrize("seed", range(40))
def test_the_upper_end_holds_for_kinds_of_at_least_the_stated_mass(seed):
    n, kinds = [(6, 4), (15, 12), (25, 20), (40, 3)][seed % 4]
    rng = np.random.default_rng(seed)
    least = rng.choice([0.3, 0.9, 1.0]) / kinds
    if seed % 3:
        masses = least + (1 - kinds * least) * random_masses(seed, kinds)
    else:  # the worst case, where the end is as near as it can be
        masses = np.full(kinds, least)
        masses[0] = 1 - (kinds - 1) * least
    found = ends(n, kinds, least_mass=least)
    wrong = sum(p for d, p in enumerate(shown(masses, n)) if 0 < d <= n and found[d].upper < kinds)
    assert wrong <= 0.025 + 1e-12
    assert all(interval.upper <= 1 / least + 1e-6 for interval in found.values())


def test_the_upper_end_for_a_least_mass_could_not_be_nearer():
    n, least = 25, 0.04
    for d, interval in ends(n, 20, least_mass=least).items():
        next_size = int(interval.upper) + 1
        if next_size <= 25:
            masses = np.full(next_size, least)
            masses[0] = 1 - (next_size - 1) * least
            assert shown(masses, n)[: d + 1].sum() <= 0.025 + 1e-12


@pytest.mark.parametrize(("n", "size", "mass"), [(1, 1, 0.4), (8, 5, 0.15), (20, 12, 0.08), (20, 30, 0.01)])
def test_the_distribution_of_the_most_uneven_kinds_is_exact(n, size, mass):
    exact = shown([1 - (size - 1) * mass, *[mass] * (size - 1)], n)
    for d in range(1, min(n, size) + 1):
        assert support._uneven(d, n, size, mass) == pytest.approx(exact[: d + 1].sum(), rel=1e-9)


def test_equal_kinds_of_a_least_mass_are_equal_kinds():
    assert support_size(of_kinds(45, 60), least_mass=1 / 49).upper == 49
    labels = np.random.default_rng(0).integers(0, 500, 700)
    assert support_size(labels, least_mass=1 / 500).upper == 500
    assert support_size(labels, least_mass=1e-6).upper > 5 * support_size(labels).upper


def test_without_collisions_the_upper_end_is_infinite_and_the_lower_one_is_the_birthday_bound():
    n = 50
    value = support_size(np.arange(n))
    size = next(size for size in range(n, 10**5) if np.prod(1 - np.arange(n) / size) > 0.025)
    assert (value.lower, value.upper) == (size, math.inf)
    one_collision = support_size(of_kinds(n - 1, n))
    assert n * (n - 1) / 2 / 0.03 < one_collision.upper < n * (n - 1) / 2 / 0.025


def test_kinds_known_to_be_at_most_so_many_bound_the_upper_end():
    assert support_size(np.arange(50), most=1000)[1:3] == (support_size(np.arange(50)).lower, 1000)
    assert support_size(np.arange(50), most=100)[:3] == (100, 100, 100)
    with pytest.raises(WganError, match="50 kinds but most is 49; it must be at least 50"):
        support_size(np.arange(50), most=49)


@pytest.mark.parametrize("kinds", [10, 100, 500, 1000])
@pytest.mark.parametrize("n", [256, 1000, 2560])
def test_of_1000_equal_kinds_the_intervals_hold_the_number_made_and_the_mass_missing(kinds, n):
    below, above = errors(kinds, lambda rng: support_size(rng.integers(0, kinds, n), most=1000))
    assert max(below, above) <= MOST_ERRORS, (below, above)
    below, above = errors(
        1 - kinds / 1000, lambda rng: missing_mass(rng.integers(0, 1000, n), rng.integers(0, kinds, n))
    )
    assert max(below, above) <= MOST_ERRORS, (below, above)


def test_the_values_are_those_of_chao_and_of_good_and_turing():
    labels = [1, 1, 1, 2, 2, 3, 3, *range(4, 14)]  # of 17 samples 10 kinds are seen once and 2 twice
    assert support_size(labels).value == pytest.approx(13 + 16 / 17 * 10 * 9 / (2 * 3), rel=1e-12)
    real = np.repeat([1, 2, 3, 4, 99], [30, 20, 10, 20, 120])
    assert missing_mass(real, labels).value == pytest.approx(1 - (80 / 200) / (1 - 10 / 17), abs=1e-12)


def test_sorted_labels_do_no_harm():
    rng = np.random.default_rng(4)
    real, fake = rng.integers(0, 50, 500), rng.integers(0, 50, 500)
    assert missing_mass(real, np.sort(fake)).lower < 0.05
    assert missing_mass(real, np.sort(fake) % 25).lower > 0.4


def test_the_intervals_are_narrow():
    rng = np.random.default_rng(3)
    size = support_size(rng.integers(0, 500, 1000))
    assert size.upper - size.lower < 50  # equal kinds: four standard deviations of the best estimate are 43
    missing = missing_mass(rng.integers(0, 1000, 2560), rng.integers(0, 500, 2560))
    assert missing.upper - missing.lower < 0.06
    collapsed = missing_mass(rng.integers(0, 1000, 256), rng.integers(0, 10, 256))
    assert collapsed.lower > 0.95
    effective = effective_size(rng.integers(0, 1000, 1000))
    assert effective.upper - effective.lower < 300


def zipf(kinds):
    return 1 / np.arange(1, kinds + 1) / (1 / np.arange(1, kinds + 1)).sum()


UNEQUAL = [zipf(1000), np.repeat([0.05, 0.5 / 490], [10, 490]), np.repeat([0.5, 0.5 / 999], [1, 999])]


@pytest.mark.parametrize("masses", UNEQUAL, ids=["zipf", "two levels", "one heavy kind"])
def test_the_missing_mass_holds_for_unequal_kinds_made_in_proportion(masses):
    made = np.arange(len(masses)) % 2 == 0
    made_as = np.where(made, masses, 0) / masses[made].sum()
    for n in (256, 1000):
        below, above = errors(
            masses[~made].sum(),
            lambda rng, n=n: missing_mass(rng.choice(len(masses), n, p=masses), rng.choice(len(masses), n, p=made_as)),
        )
        assert max(below, above) <= MOST_ERRORS, (below, above)


def test_the_missing_mass_holds_where_kinds_are_made_at_least_so_often():
    made = np.arange(1000) < 300
    made_as = np.where(made, np.where(np.arange(1000) % 3 == 0, 2.0, 0.5), 0) / 300  # c = 1/2
    draw = lambda rng, c: missing_mass(rng.integers(0, 1000, 1000), rng.choice(1000, 2000, p=made_as), c)  # noqa: E731
    below, above = errors(0.7, lambda rng: draw(rng, 0.5))
    assert max(below, above) <= MOST_ERRORS
    lower = [draw(np.random.default_rng(0), c).lower for c in (1.0, 0.5, 0.2)]
    assert lower[0] > lower[1] > lower[2] > 0  # less is assumed, less is said


def test_the_upper_end_of_the_missing_mass_holds_for_any_generator_and_is_clopper_and_pearsons():
    made_as = np.zeros(1000)
    made_as[:500] = zipf(500)
    _, above = errors(0.5, lambda rng: missing_mass(rng.integers(0, 1000, 500), rng.choice(1000, 500, p=made_as)))
    assert above <= MOST_ERRORS
    wanted = binomtest(30, 40).proportion_ci(0.95, method="exact").high
    assert missing_mass(np.arange(40), np.arange(10)).upper == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize(("n", "m", "ratio"), [(20, 20, 1.0), (30, 15, 1.0), (12, 25, 0.5)])
def test_the_mass_made_is_below_its_upper_end_in_all_but_a_fortieth(n, m, ratio):
    """The probability of an error is added up over both binomial numbers, for the largest p(A) that is allowed."""
    most = np.array([[support._most_made(x, n, y, m, ratio, 0.025) for y in range(m + 1)] for x in range(n + 1)])
    worst = 0.0
    for outside in np.linspace(0, ratio, 12):
        for made in np.linspace(0.02, 1, 25):
            of_real = binom.pmf(np.arange(n + 1), n, made * (1 - outside / ratio))
            of_fake = binom.pmf(np.arange(m + 1), m, outside)
            worst = max(worst, float(of_real @ (most < made - 1e-9) @ of_fake))
    assert worst <= 0.025 + 1e-12
    assert worst > (0.005 if ratio == 1 else 1e-4)  # so it is no empty promise; half of the error for each end is wide
    assert (np.diff(most, axis=0) >= -1e-9).all()  # more real rows in A: more is made
    assert (np.diff(most, axis=1) >= -1e-9).all()  # more fakes outside of A: less is known


EFFECTIVE = {
    "1": np.ones(1), "2": np.full(2, 0.5), "3": np.full(3, 1 / 3), "100": np.full(100, 0.01),
    "1000": np.full(1000, 0.001), "zipf": UNEQUAL[0], "two levels": UNEQUAL[1], "one heavy kind": UNEQUAL[2],
}  # fmt: skip


@pytest.mark.parametrize("n", [256, 1000])
@pytest.mark.parametrize("masses", EFFECTIVE.values(), ids=EFFECTIVE)
def test_the_effective_size_lies_in_its_interval(masses, n):
    below, above = errors(1 / (masses**2).sum(), lambda rng: effective_size(rng.choice(len(masses), n, p=masses)))
    assert below + above <= binom.isf(1e-4, TRIALS, 0.05), (below, above)
    assert max(below, above) <= binom.isf(1e-4, TRIALS, 0.04), (below, above)  # the ends are approximate


@pytest.mark.parametrize("count", [2, 5, 10, 40, 100, 400, 900])
def test_where_one_kind_makes_all_pairs_the_interval_holds_that_of_its_mass(count):
    """Its mass p has the exact interval of a binomial share, and p^2 is the probability that two samples collide."""
    mass = binomtest(count, 1000).proportion_ci(0.95, method="exact")
    found = effective_size(np.maximum(np.arange(1000) - count + 1, 0))
    assert found.lower <= mass.high**-2 < mass.low**-2 <= found.upper
    if count >= 40:  # and is hardly wider
        assert found.lower > mass.high**-2 / 1.1
        assert found.upper < mass.low**-2 * 1.1


@pytest.mark.parametrize(("d", "share"), [(1, 1e-3), (2, 0.01), (10, 0.1), (64, 0.01)])
def test_the_effective_support_of_normal_rows_lies_in_its_interval(d, share):
    radius = math.sqrt(2 * chi2.ppf(share, d))  # |x - x'|^2 / 2 of normal rows is chi-squared
    below, above = errors(1 / share, lambda rng: collisions(rng.standard_normal((300, d)), radius))
    assert below + above <= binom.isf(1e-4, TRIALS, 0.05), (below, above)


def test_the_factor_is_that_of_hoeffding():
    """The count of pairs that the interval is made from is as wide as T itself over many trials."""
    rng = np.random.default_rng(0)
    masses, n = np.array([0.6] + [0.4 / 200] * 200), 800
    counts = rng.multinomial(n, masses, size=4000)
    share = (counts * (counts - 1)).sum(1) / (n * (n - 1))
    within = [effective_size(np.repeat(np.arange(201), row)) for row in counts[:50]]
    half = np.mean([(1 / interval.lower - 1 / interval.upper) / 2 for interval in within])
    assert half == pytest.approx(1.96 * share.std(), rel=0.1)


def test_pairs_and_paths_are_counted_as_by_hand():
    rng = np.random.default_rng(5)
    rows = rng.integers(0, 4, (300, 2)).astype(float)  # many ties
    radius = 1.0
    gaps = [[float(((a - b) ** 2).sum() ** 0.5) for b in rows] for a in rows]
    near = [sum(gap <= radius for gap in line) - 1 for line in gaps]
    pairs = sum(gaps[i][j] <= radius for i, j in combinations(range(300), 2))
    paths = sum(count * (count - 1) // 2 for count in near)
    found = collisions(rows, radius)
    assert found == support._of_pairs(300, pairs, paths, 0.95)
    assert found.value == pytest.approx(300 * 299 / 2 / pairs)
    assert collisions(rows, 0.0) == effective_size(rows @ [1, 10])
    assert collisions(rows.reshape(300, 1, 2, 1).astype(np.uint8), radius) == found


def test_the_radius_takes_its_share_of_pairs():
    rows = np.random.default_rng(6).normal(size=(600, 3))
    gaps = np.sort([float(np.sqrt(((rows[i] - rows[j]) ** 2).sum())) for i, j in combinations(range(600), 2)])
    assert near_radius(rows, 0.01) == pytest.approx(gaps[math.ceil(0.01 * len(gaps)) - 1], rel=1e-12)
    assert collisions(rows, near_radius(rows, 0.01)).value == pytest.approx(100, rel=1e-3)
    assert near_radius(rows, 1) == pytest.approx(gaps[-1], rel=1e-12)
    assert collisions(rows, near_radius(rows, 1)).value == 1
    assert near_radius(np.repeat(np.arange(10.0), 20), 0.05) == 0  # ties: a tenth of the pairs are equal


def test_a_collapsed_generator_of_pictures_has_an_effective_support_of_three_and_real_rows_a_large_one():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(1000, 8, 8, 1))
    radius = near_radius(real[:500], 0.001)
    fake = real[:3][rng.integers(0, 3, 500)] + 0.01 * rng.normal(size=(500, 8, 8, 1))
    assert 2.9 < collisions(fake, radius).lower <= collisions(fake, radius).upper < 3.2
    assert collisions(real[500:], radius).lower > 300


ALL = {
    "support_size": support_size, "effective_size": effective_size, "missing_mass": lambda x: missing_mass(x, x),
    "of real": lambda x: missing_mass(x, [1, 2]), "of fake": lambda x: missing_mass([1, 2], x),
}  # fmt: skip


@pytest.mark.parametrize("of", ALL.values(), ids=ALL)
@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([1.0, math.nan], "NaN"),
        ([1.0, math.inf], "infinite"),
        ([], "shape"),
        ([[1, 2], [3, 4]], "shape"),
        ([[1], [2, 3]], "shape"),
        ([None, 1], "object"),
        (3, "shape"),
        (np.ma.masked_array([1, 2], [True, False]), "compressed"),
    ],
    ids=["nan", "infinite", "none", "a table", "ragged", "objects", "a number", "masked"],
)  # fmt: skip
def test_labels_that_name_no_kinds_are_refused(of, labels, said):
    with pytest.raises(WganError, match=said):
        of(labels)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: collisions([[1.0, math.nan], [0, 0]], 1), "NaN"),
        (lambda: collisions([[1.0, 2.0]], 1), "at least 2 rows"),
        (lambda: collisions(3.0, 1), "at least 2 rows"),
        (lambda: collisions(np.ma.masked_array([[1.0], [2.0]], [[True], [False]]), 1), "masked"),
        (lambda: collisions(["a", "b"], 1), "numbers"),
        (lambda: collisions(np.eye(3), math.nan), "radius is nan"),
        (lambda: collisions(np.eye(3), -1.0), "radius is -1.0"),
        (lambda: near_radius(np.eye(3), 0), "share is 0"),
        (lambda: near_radius(np.eye(3), 1.5), "share is 1.5"),
        (lambda: near_radius(np.eye(3)[:1], 0.5), "at least 2 rows"),
        (lambda: effective_size([1]), "1 sample"),
        (lambda: support_size([1, 2], confidence=95), "confidence is 95"),
        (lambda: support_size([1, 2], confidence=1), "confidence is 1"),
        (lambda: support_size([1, 2], least_mass=0), "least_mass is 0"),
        (lambda: support_size([1, 2], least_mass=0.6), "at most 0.5"),
        (lambda: support_size([1, 2], least_mass=math.nan), "least_mass is nan"),
        (lambda: missing_mass([1, 2], [1], least_ratio=0), "least_ratio is 0"),
        (lambda: missing_mass([1, 2], [1], least_ratio=2), "least_ratio is 2"),
        (lambda: missing_mass(["1", "2"], [1, 2]), "both as names or"),
        (lambda: missing_mass([b"1", b"2"], ["1", "2"]), "both as names or"),
    ],
)  # fmt: skip
def test_what_has_no_answer_is_refused(call, said):
    with pytest.raises(WganError, match=said):
        call()


def test_one_sample_all_equal_and_all_distinct():
    assert support_size([5])[:3] == (1, 1, math.inf)
    assert support_size([5] * 300)[:3] == (1, 1, 1)
    assert missing_mass([5], [5])[1:3] == (0, 0.975)
    assert missing_mass([5], [6])[1:3] == (0, 1)
    one = effective_size([5] * 300)
    assert one[:2] == (1, 1)
    assert 1 + 2 * 3.6 / 300 < one.upper < 1 + 2 * 3.8 / 300  # a second kind of 3.69 / n would go unseen in 2.5 %
    distinct = effective_size(np.arange(300))
    assert distinct.value == distinct.upper == math.inf
    assert 300**2 / 62 < distinct.lower < 300**2 / 31  # one kind of 5.57 / n could go unseen twice
    assert effective_size([1, 2]) == (math.inf, pytest.approx(1 / 0.975), math.inf, 0.95)
    assert effective_size([1, 1])[:2] == (1, 1)
    assert missing_mass(np.arange(300), np.arange(300, 600))[1:3] == (0, 1)


@pytest.mark.parametrize("seed", range(30))
def test_order_and_names_do_not_matter_and_more_confidence_is_wider(seed):
    rng = np.random.default_rng(seed)
    n, kinds = int(rng.integers(2, 80)), int(rng.integers(1, 120))
    labels, real = rng.choice(kinds, n, p=random_masses(seed, kinds)), rng.integers(0, kinds, 2 * n)
    names = np.array([f"kind {kind:04d}" for kind in range(kinds)])
    shuffled, listed = rng.permutation(labels), names[labels].astype(object).tolist()
    for of in (
        support_size,
        effective_size,
        lambda x, **k: missing_mass(real if x is not listed else names[real], x, **k),
    ):
        usual = of(labels)
        assert of(labels.astype(np.float32)) == of(listed) == usual
        if of in (support_size, effective_size):  # the halves of the other depend on the order
            assert of(shuffled) == usual
        assert 0 <= usual.lower <= usual.value <= usual.upper
        surer, looser = of(labels, confidence=0.99), of(labels, confidence=0.5)
        assert surer.lower <= usual.lower <= looser.lower
        assert looser.upper <= usual.upper <= surer.upper
        assert surer.confidence == 0.99
