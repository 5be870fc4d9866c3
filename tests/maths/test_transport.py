"""W1 of samples: certified bounds against exact arithmetic, theorems of W1, budgets, bad input."""

import itertools
import os
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from scipy.optimize import linprog
from scipy.stats import wasserstein_distance

from wgan.errors import WganError
from wgan.maths.transport import METHODS, bounds, certify, solvers, w1

EXAMPLES = int(os.environ.get("WGAN_EXAMPLES", "60"))  # of a property; 1,000 were run by hand
SHARP = 1e-9


def exact_distances(X, Y):
    """Distances to 40 digits of the float64 points."""
    with mp.workdps(40):
        return [[mp.sqrt(sum((mpf(float(p)) - mpf(float(q))) ** 2 for p, q in zip(x, y, strict=True))) for y in Y]
                for x in X]  # fmt: skip


def truth_between(X, Y, a, b):
    """Bounds of the true W1 by an independent LP (HiGHS), its plan and dual repaired in exact arithmetic.

    The plan's own vertex in rationals, moved to exact marginals, bounds the truth from above; the dual after a
    c-transform over 40-digit distances from below. No tolerance is left to hide behind.
    """
    with mp.workdps(40):
        C = exact_distances(X, Y)
        n, m = len(X), len(Y)
        whole_a, whole_b = sum(map(Fraction, a)), sum(map(Fraction, b))
        a = [Fraction(float(w)) / whole_a for w in a]
        b = [Fraction(float(w)) / whole_b for w in b]
        top = max(max(map(float, row)) for row in C) or 1.0
        rows = np.kron(np.eye(n), np.ones(m))
        columns = np.kron(np.ones(n), np.eye(m))
        for presolve in (True, False):  # HiGHS calls some feasible problems with wide weights infeasible
            found = linprog(
                [float(c) / top for row in C for c in row],
                A_eq=np.vstack([rows, columns]),
                b_eq=[float(w) for w in [*a, *b]],
                method="highs-ds",
                options={
                    "primal_feasibility_tolerance": 1e-10,
                    "dual_feasibility_tolerance": 1e-10,
                    "presolve": presolve,
                },
            )
            if found.status == 0:
                break
        assert found.status == 0
        # the plan, cut to what is left in each row and column, the rest in any order
        left_a, left_b, cost = a[:], b[:], mpf(0)
        wanted = sorted(((x, k) for k, x in enumerate(found.x) if x > 0), reverse=True)
        everything = [(1.0, k) for k in range(n * m)]
        for x, k in [*wanted, *everything]:
            i, j = divmod(k, m)
            moved = min(left_a[i], left_b[j], Fraction(x))
            left_a[i] -= moved
            left_b[j] -= moved
            cost += mpf(moved.numerator) / moved.denominator * C[i][j]
        assert not any(left_a)
        u = [mpf(float(x)) * mpf(top) for x in found.eqlin.marginals[:n]]
        v = [min(C[i][j] - u[i] for i in range(n)) for j in range(m)]
        dual = sum(mpf(w.numerator) / w.denominator * x for w, x in zip([*a, *b], [*u, *v], strict=True))
        return dual, cost, top


@st.composite
def problems(draw, most=7):
    """Points at any scale, with repeats, shared points, far offsets; weights with zeros, counts, or none."""
    d = draw(st.sampled_from([1, 1, 2, 3, 8, 64]))
    n, m = draw(st.integers(1, most)), draw(st.integers(1, most))
    m = draw(st.sampled_from([n, m]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = 10.0 ** draw(st.integers(-8, 8))
    offset = draw(st.sampled_from([0.0, 0.0, 1.0, 1e6])) * scale
    X, Y = (rng.standard_normal((k, d)) * scale + offset for k in (n, m))
    if draw(st.booleans()):
        X = np.rint(X / scale) * scale
        Y = np.rint(Y / scale) * scale
    if draw(st.booleans()):
        X[rng.integers(n, size=n)] = X[rng.integers(n, size=n)]
    if draw(st.booleans()):
        Y[: min(n, m)] = X[: min(n, m)]
    if draw(st.booleans()):
        Y *= draw(st.sampled_from([1e-6, 1e-3, 10.0]))

    def weights(k):
        kind = draw(st.sampled_from(["none", "none", "random", "zeros", "counts", "wide"]))
        if kind == "none":
            return None
        w = rng.random(k) + 1e-3
        if kind == "counts":
            w = rng.integers(0, 5, k).astype(float)
        if kind == "wide":
            w = 10.0 ** rng.uniform(-12, 12, k)
        if kind == "zeros":
            w[rng.random(k) < 0.4] = 0
        w[rng.integers(k)] += w.max() + 1
        return w

    return X, Y, weights(n), weights(m)


@given(problems(), st.sampled_from(["exact", "exact", "exact", "sinkhorn", "sliced"]), st.booleans())
@settings(max_examples=EXAMPLES, deadline=None)
def test_the_truth_lies_between_the_bounds_which_meet_where_the_method_is_exact(problem, method, simplex):
    X, Y, weights_x, weights_y = problem
    with pytest.MonkeyPatch.context() as patch:
        if not simplex:
            patch.setattr(bounds, "find_spec", lambda name: None)
        result = w1(X, Y, weights_x, weights_y, method=method, solution=True)
    a = np.ones(len(X)) if weights_x is None else weights_x
    b = np.ones(len(Y)) if weights_y is None else weights_y
    dual, cost, top = truth_between(X, Y, a, b)
    with mp.workdps(40):
        assert cost - dual <= 1e-9 * top, "the oracle itself is loose"
        assert mpf(result.lower) <= cost
        assert dual <= mpf(result.upper)
    assert result.lower <= result.value <= result.upper
    if method == "exact":
        # float64 potentials cannot tell apart what differs by less than the rounding of the diameter
        assert result.gap <= SHARP * result.upper + 1e-14 * top
    check_solution(result, X, Y, a, b, top)


def check_solution(result, X, Y, a, b, top):
    """The plan has the weights as marginals and its cost; the potentials are 1-Lipschitz and give the lower bound."""
    source, target, share = result.plan
    assert (share > 0).all()
    np.testing.assert_allclose(np.bincount(source, share, len(X)), a / a.sum(), atol=1e-14)
    np.testing.assert_allclose(np.bincount(target, share, len(Y)), b / b.sum(), atol=1e-14)
    cost = share @ np.linalg.norm(X[source] - Y[target], axis=1)
    assert cost == pytest.approx(result.upper, rel=1e-12, abs=1e-13 * top)
    f, g = result.potentials
    both, points = np.concatenate([f, g]), np.concatenate([X, Y])
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    assert (both[:, None] - both <= distances * (1 + 1e-12) + 1e-13 * top).all()
    value = f @ (a / a.sum()) - g @ (b / b.sum())
    assert value >= result.lower - 1e-13 * top


def samples(n=40, m=40, d=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)), rng.standard_normal((m, d)) + 0.5


@given(problems(), st.sampled_from(sorted(METHODS)))
@settings(max_examples=EXAMPLES, deadline=None)
def test_identical_sets_are_0_apart_however_their_mass_is_split_and_ordered(problem, method):
    X, _, weights, _ = problem
    order = np.random.default_rng(0).permutation(len(X))
    result = w1(X, X[order], weights, None if weights is None else weights[order], method=method)
    size = np.linalg.norm(np.ptp(X, axis=0))
    assert result.lower == 0
    if method in ("auto", "exact"):
        assert result.upper <= 1e-14 * size
        assert result.value == 0
    whole = w1(np.repeat(X, 2, axis=0), X, method="exact")
    assert whole.lower == 0
    assert whole.upper == 0


@given(problems(most=30), problems(most=30))
@settings(max_examples=EXAMPLES // 2, deadline=None)
def test_a_shift_is_its_length_and_w1_is_a_metric(one, other):
    X, Y, a, b = one
    length = np.linalg.norm(Y[0] - X[0])
    shifted = w1(X, X + (Y[0] - X[0]), a, a)
    size = np.abs(np.concatenate([X, Y])).max()
    assert shifted.value == pytest.approx(length, rel=1e-12, abs=1e-14 * size)
    there, back = w1(X, Y, a, b), w1(Y, X, b, a)
    assert there.value == pytest.approx(back.value, rel=1e-9, abs=1e-13 * size)
    Z = np.resize(other[0], (len(other[0]), X.shape[1]))
    around = w1(X, Z, a, other[2]).upper + w1(Z, Y, other[2], b).upper
    assert there.lower <= around


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("n", "m"), [(1000, 1000), (1000, 700), (3, 2000)])
def test_one_dimension_is_scipys(n, m, weighted):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal(n), np.rint(rng.standard_normal(m) * 4) + 1
    weights = (rng.random(n), rng.random(m) * (rng.random(m) < 0.5)) if weighted else (None, None)
    result = w1(x, y, *weights)
    assert result.method == "sort"
    assert result.value == pytest.approx(wasserstein_distance(x, y, *weights), rel=1e-12)
    assert result.gap <= 1e-13 * result.value


@given(problems(), st.integers(0, 2**32 - 1))
@settings(max_examples=EXAMPLES, deadline=None)
def test_certificates_hold_for_any_plan_and_any_potential(problem, seed):
    X, Y, a, b = problem
    rng = np.random.default_rng(seed)
    p = certify.problem(X, Y, a, b)
    n, m = len(p.X), len(p.Y)
    share = rng.random(n * m) * rng.choice([0, 1, 3], n * m) / (n * m)
    source, target = np.divmod(np.arange(n * m), m)
    plan = certify.repaired(p, source, target, share, (np.arange(n), np.arange(m)))
    for ends, mass in ((plan.source, p.a), (plan.target, p.b)):
        got = [sum(int(x) for x in plan.mass[ends == k]) for k in range(len(mass))]
        assert [g * p.total for g in got] == [int(w) * plan.total for w in mass], "marginals, exactly"
    assert (plan.mass > 0).all()
    upper = certify.upper(p, certify.cost(p, plan))
    lower, _ = certify.lower(p, rng.standard_normal(n) * p.diameter)
    dual, cost, _ = truth_between(X, Y, np.ones(len(X)) if a is None else a, np.ones(len(Y)) if b is None else b)
    with mp.workdps(40):
        assert mpf(lower) <= cost
        assert dual <= mpf(upper)


@pytest.mark.parametrize("pairs", [10**9, 10])
def test_a_budget_ends_in_an_interval_that_holds_the_truth(monkeypatch, pairs):
    X, Y = samples(500, 500, 5)
    truth = w1(X, Y)
    monkeypatch.setattr(bounds, "RATES", dict.fromkeys(bounds.RATES, 1e-3))
    monkeypatch.setattr(bounds, "PAIRS", pairs)
    monkeypatch.setattr(bounds, "SUBSET", 100)
    ticks = SimpleNamespace(monotonic=map(float, itertools.count()).__next__)  # a second passes at each look
    monkeypatch.setattr(bounds, "time", ticks)
    monkeypatch.setattr(solvers, "time", ticks)
    result = w1(X, Y, budget=100.0, solution=True)
    assert result.method == ("sliced and sinkhorn" if pairs > 10 else "sliced and subsets")
    assert result.lower <= truth.lower
    assert truth.upper <= result.upper
    assert result.gap > 1e-3
    check_solution(result, X, Y, np.ones(500), np.ones(500), 10.0)


def test_subsets_tighten_what_slices_say(monkeypatch):
    X, Y = samples(600, 600, 3)
    truth, sliced = w1(X, Y), w1(X, Y, method="sliced")
    monkeypatch.setattr(bounds, "PAIRS", 10)
    monkeypatch.setattr(bounds, "SUBSET", 200)
    monkeypatch.setattr(bounds, "STRIP", 200)
    result = w1(X, Y, method="exact", budget=1e6, solution=True)
    assert result.method == "sliced and subsets"
    assert sliced.lower <= result.lower <= truth.value <= result.upper < sliced.upper
    check_solution(result, X, Y, np.ones(600), np.ones(600), 10.0)


def test_a_huge_exact_request_says_what_it_would_cost_and_what_is_possible():
    x = np.zeros((100_000, 2))
    x[0] = 1
    with pytest.raises(WganError, match=r"100,000 and 100,000 points takes about 240 GB and \d+ \w+; pass budget="):
        w1(x, np.ones((100_000, 2)), method="exact")


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        (([1, 2], [np.nan, 2]), {}, "Y holds NaN or infinite values, the first at index [0]"),
        (([1, 2], [[1, 2]]), {}, "X has 1 columns and Y has 2"),
        (([], [1]), {}, "X is empty"),
        ((np.zeros((3, 0)), [1]), {}, "X is empty"),
        (([1, 2], [1], [1, -1]), {}, "weights_x holds -1"),
        (([1, 2], [1], [0, 0]), {}, "weights_x are all 0"),
        (([1, 2], [1], [1]), {}, "weights_x has shape (1,); give 2 numbers"),
        (([1, 2], [1], None, [np.inf]), {}, "weights_y holds NaN or infinite"),
        ((["a"], [1]), {}, "X is not an array of numbers (<U1"),
        (([[1], [1, 2]], [1]), {}, "X has rows of different lengths"),
        (([2**60], [1]), {}, "integers beyond 2**53"),
        (([1], [1]), {"method": "exakt"}, "unknown method 'exakt'; did you mean 'exact'"),
        (([1], [1]), {"method": "critic"}, "unknown method 'critic'"),
        (([1], [1]), {"budget": 0}, "budget is 0"),
    ],
)
def test_bad_input_gets_a_sentence(arguments, options, sentence):
    with pytest.raises(WganError) as caught:
        w1(*arguments, **options)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 seconds"), (119, "119 seconds"), (120, "2 minutes"), (7199, "120 minutes"), (7200, "2 hours"),
     (172_799, "48 hours"), (172_800, "2 days")],
)  # fmt: skip
def test_a_time_is_told_in_the_largest_unit_of_which_it_has_two(seconds, words):
    assert bounds._words(seconds) == words


def test_extreme_numbers_are_no_obstacle():
    X, Y = samples(20, 20, 3)
    value = w1(X, Y).value
    for factor in (2.0**-1000, 2.0**1000):
        for one in (w1(X * factor, Y * factor), w1(X[:, 0] * factor, Y[:, 0] * factor)):
            assert one.gap <= 1e-12 * one.value
        assert w1(X * factor, Y * factor).value == pytest.approx(value * factor, rel=1e-12)
    for sign in (-1, 1):  # one set far out on one side: squares of its coordinates overflow
        far = sign * 2.0**1000 * np.ones((20, 3))
        for one in (w1(X, far), w1(far, X)):
            assert one.value == pytest.approx(2.0**1000 * 3**0.5, rel=1e-12)
            assert one.lower <= one.upper < np.inf
    huge, tiny = np.full(20, 1e308), np.full(20, 1e-308)
    assert w1(X, Y, huge, tiny).value == value
    huge[0] /= 3
    assert w1(X, Y, huge).value == pytest.approx(w1(X, Y, huge / 1e308).value, rel=1e-12)
