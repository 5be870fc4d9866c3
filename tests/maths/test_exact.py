"""Numbers become float64 with their own values, or are refused, wherever rows and amounts are read."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from wgan import WganError, data, density_ratio, divergences, emd, metrics, w1
from wgan.maths.exact import as_float64
from wgan.training.critic import critic_w1

INTEGERS = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]


def frame(values):
    return pytest.importorskip("pandas").DataFrame({"x": values})


# Every way in which somebody may hold the same whole numbers.
HELD = {
    "list": list,
    "list of rows": lambda values: [[value] for value in values],
    "mixed list": lambda values: [*values, 0.5],
    "objects": lambda values: np.array(values, object),
    "decimals": lambda values: [Decimal(value) for value in values],
    "fractions": lambda values: [Fraction(value) for value in values],
    "longdouble": lambda values: np.array([np.longdouble(str(value)) for value in values]),
    "data frame": frame,
    "mixed data frame": lambda values: frame(values).assign(y=0.5),
    "nullable": lambda values: frame(values).astype("Int64"),
    **{np.dtype(kind).name: lambda values, kind=kind: np.array(values, kind) for kind in INTEGERS},
    "big-endian": lambda values: np.array(values, ">i8"),
    "big-endian, unsigned": lambda values: np.array(values, ">u8"),
}
NEAR = st.sampled_from([2**7, 2**24, 2**52, 2**53, 2**54, 2**60, 2**63, 2**64]).flatmap(
    lambda edge: st.integers(edge - 3, edge + 3)
)
WHOLE = (st.integers(-300, 300) | NEAR) | NEAR.map(lambda value: -value)


def held(how, values):
    try:
        return HELD[how](values)
    except (OverflowError, ValueError, TypeError):
        return None  # this way cannot hold them


@settings(max_examples=400, deadline=None)
@given(how=st.sampled_from(sorted(HELD)), values=st.lists(WHOLE, min_size=1, max_size=4))
def test_whole_numbers_keep_their_values_or_are_refused(how, values):
    given_values = held(how, values)
    if given_values is None:
        return
    if how == "longdouble":  # of 64 bits, so NumPy may have rounded before wgan saw the value
        values = [int(value) for value in given_values.reshape(-1)]
    exact = all(float(value) == value for value in values)
    if not exact:
        with pytest.raises(WganError, match=r"beyond 2\*\*53|has to round"):
            as_float64(given_values, "X", "numbers")
        return
    try:
        read = as_float64(given_values, "X", "numbers")
    except WganError:
        assert max(map(abs, values)) > 2**53, "which is refused of integers whatever they are"
        return
    found = read.reshape(-1)
    assert {Fraction(value) for value in values} <= {Fraction(value) for value in found.tolist()}


# What reads rows: each is given rows of which one number cannot be float64's.
READERS = {
    "w1": lambda rows: w1(rows, [[0]] * 2),
    "w1, Y": lambda rows: w1([[0]] * 2, rows),
    "critic": lambda rows: critic_w1(rows, [[0.0]] * 9, steps=0, engine="torch"),
    "density ratio": lambda rows: density_ratio.density_ratio(rows, [[0.0], [1.0]] * 4),
    "a fitted ratio": lambda rows: density_ratio.ulsif([[0.0], [1.0]] * 4, [[0.0], [1.0]] * 4).log_ratio(rows),
    "ratio from scores": density_ratio.from_scores,
    "divergence": lambda rows: divergences.between_samples("kl", rows, [[0.0], [1.0]] * 4),
    "histogram": lambda rows: divergences.divergence("kl", rows, rows),
    "kernel distance": lambda rows: metrics.kernel_distance(rows, np.zeros((9, 1))),
    "data": data.from_array,
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("how", ["int64", "uint64", "objects", "mixed list", "longdouble", "nullable", "data frame"])
def test_every_reader_refuses_numbers_that_float64_changes(reader, how):
    values = [1, 2, 3, 4, 5, 6, 7, 2**53 + 1]
    rows = [[value] for value in [*values, 0.5]] if how == "mixed list" else HELD[how](values)
    if isinstance(rows, np.ndarray):
        rows = rows[:, None]
    with pytest.raises(WganError, match=r"beyond 2\*\*53|has to round|not real numbers|beyond 2"):
        READERS[reader](rows)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("rows", [[["1"], ["2"]], [[None], [1]], [[1j], [2]], [[1], [1, 2]]], ids=str)
def test_every_reader_refuses_what_is_no_number(reader, rows):
    with pytest.raises(WganError):
        READERS[reader](rows)


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_refuses_hidden_and_sparse_numbers_and_what_makes_rows(reader):
    rows = np.arange(8.0)[:, None]
    torch = pytest.importorskip("torch")
    for given_rows, says in (
        (np.ma.masked_less(rows, 3), r"masked values.*filled"),
        (list(np.ma.masked_less(rows, 3)), r"masked values.*filled"),
        (torch.tensor(rows, requires_grad=True), r"requires gradients; call \.detach\(\)"),
        (csr_array(rows), r"is sparse; call \.toarray"),
        (torch.utils.data.DataLoader(torch.tensor(rows)), "is a DataLoader, not an array"),
        ((row for row in rows), "is a generator, not an array"),
    ):
        with pytest.raises(WganError, match=says):
            READERS[reader](given_rows)


@settings(max_examples=200, deadline=None)
@given(how=st.sampled_from(sorted(HELD)), a=WHOLE, b=WHOLE)
def test_a_distance_of_whole_numbers_lies_between_its_bounds_or_is_refused(how, a, b):
    x, y = held(how, [a]), held(how, [b])
    if x is None or y is None or how.startswith("mixed"):
        return
    try:
        found = w1(x, y)
    except WganError:
        assert max(abs(a), abs(b)) > 2**53
        return
    assert Fraction(found.lower) <= abs(a - b) <= Fraction(found.upper)


@settings(max_examples=200, deadline=None)
@given(how=st.sampled_from(sorted(HELD)), amounts=st.lists(WHOLE.map(abs), min_size=2, max_size=5))
def test_earth_is_moved_to_the_last_grain_or_refused(how, amounts):
    if not any(amounts) or how in ("list of rows", "mixed list", "data frame", "mixed data frame", "nullable"):
        return
    p, q = held(how, amounts), held(how, amounts[::-1])
    if p is None or q is None:
        return
    flow, cost = 0, 0
    for one, other in zip(amounts, amounts[::-1], strict=True):
        flow += one - other
        cost += abs(flow)
    try:
        found = emd(p, q)
    except WganError:
        assert sum(amounts) > 2**53
        return
    if np.asarray(p).dtype.kind in "iu":
        assert found.cost == float(cost), "also of totals beyond 2**53"
        assert sum(map(abs, found.moves)) == cost


def test_a_cost_beyond_2_to_53_is_the_nearest_float64_of_the_exact_one():
    amounts = [0, 1, 0, 0, 4503599627370493]
    assert emd(amounts, amounts[::-1]).cost == float(18014398509481970)


def test_features_of_small_integers_do_not_wrap():
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 256, (2, 40, 3))
    for kind in (np.uint8, np.int16, np.uint32):
        assert metrics.kernel_distance(*rows.astype(kind)) == metrics.kernel_distance(*rows.astype(float))
    assert metrics.kernel_distance(*rows.astype(bool)) == metrics.kernel_distance(*rows.astype(bool).astype(float))


def test_totals_beyond_2_to_53_are_refused_however_many_bins_make_them():
    for amounts in ([2**53, 1], [2**53] * 1025, [2**51] * 5000):
        with pytest.raises(WganError, match=r"more than 2\*\*53 in all"):
            emd(amounts, amounts[::-1])
