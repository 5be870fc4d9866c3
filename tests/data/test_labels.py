"""Labels: whatever holds them, rows of one label stay together and those of two stay apart, or they are refused."""

import re
from dataclasses import replace

import numpy as np
import pytest
from data_files import one_sentence
from hypothesis import given, settings
from hypothesis import strategies as st

from wgan import WganError
from wgan.data import Classes, classes_of, from_array
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


COFFEE, CAFE = "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "cafe\N{COMBINING ACUTE ACCENT}"
FOUND = {
    "exact among cases": (("A", "a"), "a", "a"),
    "exact among blanks": (("cat", "cat "), "cat ", "cat "),
    "exact among forms": ((COFFEE, CAFE), CAFE, CAFE),
    "exact among numbers": (("01", "1", "1.0"), "1.0", "1.0"),
    "case": (("Coat", "Bag"), "bAG", "Bag"),
    "sharp s": (("Stra\N{LATIN SMALL LETTER SHARP S}e", "Weg"), "STRASSE", "Stra\N{LATIN SMALL LETTER SHARP S}e"),
    "blanks": (("T-shirt  top", "Bag"), " T-shirt top ", "T-shirt  top"),
    "form": ((COFFEE, "tea"), CAFE, COFFEE),
    "form before case": ((COFFEE, COFFEE.upper()), CAFE, COFFEE),
    "zeros": (("01", "02"), "1", "01"),
    "point": (("1", "2"), "1.0", "1"),
    "float": (("1", "2"), 1.0, "1"),
    "NumPy's": (("1", "2"), np.int64(2), "2"),
    "large": (("9007199254740992", "9007199254740993"), "9007199254740993", "9007199254740993"),
}
NONE = {
    "index of text": (("cat", "dog"), 0, "unknown label 0"),
    "index of numbers": (("3", "7"), "0", "unknown label '0'"),
    "negative index": (("3", "7"), -1, "unknown label -1"),
    "two cases": (("Ab", "aB", "c"), "AB", "'AB' can mean 'Ab', 'aB'; write one of these exactly"),
    "two blanks": (("a b", "a  b"), " a b ", "can mean 'a b', 'a  b'"),
    "two numbers": (("01", "1"), "1.0", "can mean '01', '1'"),
    "no number": (("1", "2"), "nan", "unknown label"),
    "near": (("9007199254740992", "1"), "9007199254740993", "unknown label"),
}


@pytest.mark.parametrize(("names", "asked", "wanted"), FOUND.values(), ids=FOUND)
def test_the_nearest_way_of_writing_a_label_is_taken(names, asked, wanted):
    for order in (names, names[::-1]):
        classes = Classes(order, (1 / len(order),) * len(order))
        assert order[classes.code(asked)] == wanted


@pytest.mark.parametrize(("names", "asked", "message"), NONE.values(), ids=NONE)
def test_a_label_that_names_no_class_or_several_is_refused(names, asked, message):
    with pytest.raises(WganError, match=re.escape(message)) as caught:
        Classes(names, (1 / len(names),) * len(names)).code(asked)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("values", [[1, "1"], ["a", 2], ("a", 2.5)])
def test_numbers_among_texts_are_no_labels(values):
    with pytest.raises(WganError, match="give 2 whole numbers or texts"):
        as_labels(values, 2, "it")


def test_labels_under_a_mask_are_refused():
    with pytest.raises(WganError, match="it has labels under a mask") as caught:
        as_labels(np.ma.array([0, 1, 2], mask=[0, 0, 1]), 3, "it")
    one_sentence(caught)
    assert as_labels(np.ma.array([0, 1]), 2, "it")[0].tolist() == [0, 1]


def test_two_labels_of_one_name_are_refused():
    rows = np.arange(6.0).reshape(3, 2)
    dataset = replace(from_array(rows), labels=np.array([0, 1, 2]), label_names=("2", "b"))
    with pytest.raises(WganError, match="two labels with the name '2'") as caught:
        classes_of(dataset)
    one_sentence(caught)
