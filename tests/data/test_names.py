"""Names in one text: every name can be written, also with commas and quotes."""

import pandas as pd
import pytest
from data_files import one_sentence
from hypothesis import given
from hypothesis import strategies as st

from wgan.data import from_array, load
from wgan.data.names import as_text, names_in
from wgan.errors import WganError

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(str.strip).filter(bool)


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_names_come_back_from_their_text(names):
    assert names_in(as_text(*names), "drop") == names


@pytest.mark.parametrize("text", ["", ",", "a,", ",a", '"a', '"a"b', " "])
def test_a_text_that_is_no_list_is_refused(text):
    with pytest.raises(WganError, match="which is not a list of names; write NAME,NAME") as caught:
        names_in(text, "drop")
    one_sentence(caught)


FRAME = pd.DataFrame(
    {"a": [1, 2, 3], "b": [3, 2, 1], "a,b": [1, 1, 2], 'the "c"': [5, 6, 7], " d": [1, 2, 2], 7: [1, 3, 4]}
)


@pytest.mark.parametrize(
    ("drop", "kept"),
    [
        ("a,b", ["a,b", 'the "c"', " d", 7]),
        ('"a,b"', ["a", "b", 'the "c"', " d", 7]),
        ('a, "a,b", d ', ["b", 'the "c"', 7]),
        ('"the ""c""",7', ["a", "b", "a,b", " d"]),
    ],
)
def test_drop_names_a_column_with_a_comma_or_a_quote(drop, kept, tmp_path):
    assert [column.name for column in from_array(FRAME, drop=drop).form.columns] == kept
    FRAME.to_csv(tmp_path / "f.csv", index=False)
    assert [column.name for column in load(tmp_path / "f.csv", drop=drop).form.columns] == list(map(str, kept))


def test_the_remedy_for_an_identifier_can_be_used_as_it_stands():
    frame = pd.DataFrame({"name, full": [f"person {n}" for n in range(30)], "age": range(30)})
    with pytest.raises(WganError, match="looks like an identifier") as caught:
        from_array(frame)
    remedy = one_sentence(caught).partition("drop=")[2].partition(", have")[0]
    assert [column.name for column in from_array(frame, drop=eval(remedy)).form.columns] == ["age"]
