"""Which rows of a table meet a wish such as "age>60,sex=f"."""

import numpy as np
import pytest

from wgan import WganError, data
from wgan.training.kept import wishes

pd = pytest.importorskip("pandas", reason="pandas is not installed")


def table():
    rng = np.random.default_rng(0)
    return data.from_array(
        pd.DataFrame(
            {"a": rng.normal(size=40), "a=b": rng.normal(size=40), "a<b": rng.normal(size=40), "sex": ["f", "m"] * 20}
        )
    )


@pytest.mark.parametrize(
    ("text", "at", "sign"),
    [
        ("a>=0", 0, ">="),
        ("a = 1", 0, "="),
        ("a=b=1", 1, "="),
        (" a=b != 1 ", 1, "!="),
        ("a<b<=1", 2, "<="),
        ("a==1", 0, "=="),
        ("a=b == 1", 1, "=="),
    ],
)
def test_the_name_of_a_column_may_hold_signs(text, at, sign):
    (wish,) = wishes(table().form, text)
    assert (wish.at, wish.sign) == (at, sign)


def test_two_signs_of_equality_mean_one():
    form, rows = table().form, table().rows
    one, two = (wishes(form, f"sex{sign}m")[0].met(rows) for sign in ("=", "=="))
    np.testing.assert_array_equal(one, two)
    assert one.sum() == 20


@pytest.mark.parametrize(
    ("text", "words"),
    [("a", "compares nothing"), ("b>1", "unknown column 'b'"), (">1", "unknown column ''"), ("sex<f", "has levels"),
     ("", "write comparisons"), ("a>x", "--where: the column a is 'x'; give a number"),
     ("a=>1", "=> compares nothing"), ("a=<1", "=< compares"),
     ("a<>1", "<> compares nothing"), ("sex==x", "unknown value of sex")],
)  # fmt: skip
def test_what_is_no_wish_gets_one_sentence(text, words):
    with pytest.raises(WganError, match=words):
        wishes(table().form, text)
