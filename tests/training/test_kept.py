"""Which rows of a table meet a wish such as "age>60,sex=f"."""

import numpy as np
import pytest

from wgan import WganError, data
from wgan.training import drawing
from wgan.training.kept import kept, refuse_impossible, wishes

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


def test_a_value_may_have_quotes_and_a_sentence_of_sql_is_answered():
    form = table().form
    for text in ("sex=f", 'sex == "f"', "sex='f'"):
        assert wishes(form, text)[0].value == wishes(form, "sex=f")[0].value
    for text in ("a > 1 and sex = f", "a>1 & a<2", "a>0 OR a<-1", "sex=f && a>1"):
        with pytest.raises(WganError, match="write several comparisons with commas between"):
            wishes(form, text)


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


FILE = """day,at,clock,paid,euro,rate,few,name
{}"""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A file whose cells have marks: dates with the day first, money, a decimal comma, percent."""
    lines = [
        f"{1 + i % 28:02}/{1 + i % 12:02}/2023,2023-{1 + i % 12:02}-05,{i % 24:02}:{i % 60:02},"
        f'"$%s.50","%s,25 €",{i}%%,"$%s,000","%s"'
        % (f"{37 * i + 5:,}", f"{41 * i + 3:,}".replace(",", "."), 1 + i % 2, "Smith, John" if i % 2 else "Ann")
        for i in range(100)
    ]
    path = tmp_path_factory.mktemp("written") / "paid.csv"
    path.write_text(FILE.format("\n".join(lines)))
    return data.load(str(path))


def read(form, text):
    (wish,) = wishes(form, text)
    return wish.value


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("paid>$3,000", 3000), ("paid>$3,000.50", 3000.5), ("paid>3000", 3000), ("paid>3,000", 3000),
        ("paid>-$5", -5), ("paid<($5)", -5), ("euro<=1.500,5 €", 1500.5), ("euro>1.500", 1500), ("euro>1,5", 1.5),
        ("euro>1.5", 1.5), ("rate<45%", 45), ("rate<45 %", 45), ("few=$2,000", 1), ("few=2000", 1),
        ("name=Smith, John", 1), ("day>=02/03/2023", 19418), ("day>=2023-03-02", 19418), ("at<2 Mar 2023", 19418),
        ("at<2023-03-02", 19418), ("clock>10:30", 37800), ("clock>10:30:00", 37800),
    ],
)  # fmt: skip
def test_a_value_is_read_as_the_cells_of_its_column_are(written, text, wanted):
    assert read(written.form, text) == wanted
    several = wishes(written.form, f"paid>$1,234.50,{text},rate!=7%")
    assert [wish.value for wish in several] == [1234.5, wanted, 7]


def test_every_cell_of_a_file_reads_back_as_its_own_row(written):
    from wgan.data.series import series_of, texts_of

    for at, column in enumerate(written.form.columns):
        values = written.rows[:, at]
        for value, text in zip(values, texts_of(column, series_of(column, values)), strict=True):
            assert read(written.form, f"{column.name}={text}") == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("paid>€5", r"paid is '€5'; give a number, such as one from \$5.50 to \$3,668.50"),
        ("paid>5k", "give a number"),
        ("euro>5 %", "give a number"), ("rate<0,5", "'0,5'; give a number, such as one from 0% to 99%"),
        ("at<02/03/2023", "the day or the month could be first.*write it as 2023-01-05"),
        ("day<3rd of May", "write it as 01/01/2023"), ("clock>noon", "write it as 00:00"), ("rate<5,f", "'5,f'"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_read_gets_one_sentence(written, text, words):
    with pytest.raises(WganError, match=words):
        wishes(written.form, text)


@pytest.mark.parametrize(
    "text",
    [
        "paid>$3,668.50", "paid<$5", "rate>98%,rate<99%", "rate=4.5", "few=$1,000,few=$2,000", "few!=1000,few!=2000",
        "day>2024-01-01", "paid>$5.51,paid<5.52", "euro=.001",
    ],
)  # fmt: skip
def test_what_no_sample_can_meet_is_refused_before_one_is_made(written, text):
    made = drawing.Drawn(written.form, 10**6, lambda: pytest.fail("a sample was made"))
    with pytest.raises(WganError, match=r"--where has .*, which no sample can meet: samples of .*; ask for"):
        kept(made, text, 1)


@pytest.mark.parametrize("seed", range(3))
def test_a_wish_that_a_row_of_the_data_meets_is_never_refused(written, seed):
    rng = np.random.default_rng(seed)
    for _ in range(100):
        row = rng.choice(written.rows)
        at = int(rng.choice([2, 3, 4, 5, 6, 7]))
        signs = ["=", "!="] if written.form.columns[at].kind == "levels" else ["=", "!=", "<", "<=", ">", ">="]
        other = rng.choice(written.rows)[at]
        (plain,) = wishes(table().form, "a=1")
        wish = plain._replace(name="x", at=at, sign=str(rng.choice(signs)), value=float(other))
        if wish.met(row[np.newaxis])[0]:
            refuse_impossible(written.form, [wish])


def test_sampling_ends_when_enough_is_nearly_out_of_reach_and_not_before():
    form, rng, parts = table().form, np.random.default_rng(0), []

    def rows():
        while True:
            part = np.repeat(table().rows[:1], 1000, axis=0)
            part[:, 0] = rng.uniform(-1, 1, 1000)
            parts.append(part)
            yield part

    drawn = drawing.Drawn(form, 10**6, rows)
    with pytest.raises(
        WganError, match=r"^0 of 108,000 samples meet 'a=0.5', so at most 0.006 % of all do, but 64 are"
    ):
        kept(drawn, "a=0.5", 64)
    parts.clear()
    found, words = kept(drawn, "a>0.9", 64)
    assert found.total == 64
    assert len(parts) == 2, "1 in 20 meets it"
    assert "are kept and the others rejected" in words
    _, words = kept(drawn._replace(given=("sex",)), f"sex={'fm'[int(table().rows[0, 3])]}", 64)
    assert words.endswith("--given sex=f makes only such samples.")
