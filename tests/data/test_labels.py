"""Labels: whatever holds them, rows of one label stay together and those of two stay apart, or they are refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wgan import WganError
from wgan.data import Classes
from wgan.data.labels import as_labels

EDGES = st.sampled_from([0, 2**7, 2**15, 2**31, 2**53, 2**63, 2**64])
WHOLE = EDGES.flatmap(lambda edge: st.integers(edge - 2, edge + 2)) | st.integers(-9, 9)
INTEGERS = [f"{order}{sign}{size}" for order in "<>" for sign in "iu" for size in (1, 2, 4, 8)]


@settings(max_examples=400, deadline=None)
@given(dtype=st.sampled_from([*INTEGERS, "?", None, "U", "O"]), values=st.lists(WHOLE, min_size=1, max_size=6))
def test_labels_that_differ_stay_apart_under_their_own_names(dtype, values):
    try:
        held = np.array(list(map(str, values)) if dtype == "U" else values, dtype)
    except (OverflowError, ValueError):
        return  # this dtype cannot hold them
    if dtype == "?":
        values = held.tolist()
    try:
        codes, names = as_labels(held if dtype else values, len(values), "it")
    except WganError:
        assert held.dtype.kind in "Of"
        return
    assert codes.dtype == np.int64
    said = [names[code] for code in codes] if names else codes.tolist()
    assert said == ([str(value) for value in values] if names else values)


@pytest.mark.parametrize(
    "bad",
    [
        *([0.0, 1.0], [np.nan, 1], [1j, 2], [b"a", b"b"], [None, "a"], [True, None], [[1], [2]], [1, 2, 3], 5, "ab"),
        *(np.array(["2020-01-01", "2020-01-02"], "M8[D]"), np.array([1, 2], "m8[s]"), np.array(["a", 1.0], object)),
        {"a", "b"},
    ],
)
def test_labels_of_no_other_kind_are_taken(bad):
    with pytest.raises(WganError, match=r"it has labels .*; give 2 whole numbers or texts, one for each row"):
        as_labels(bad, 2, "it")


def test_names_that_differ_in_case_only_are_told_apart():
    classes = Classes(("B", "a", "b"), (0.2, 0.3, 0.5))
    assert [classes.code(name) for name in ("B", "a", "b", "A")] == [0, 1, 2, 1]
