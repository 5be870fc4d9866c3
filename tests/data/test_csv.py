"""What is read from the texts of a CSV, and that samples are written in the same shape."""

import bz2
import gzip
import io
import lzma
import zipfile
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import numpy as np
import pytest
from frames import mixed, pd, write
from hypothesis import given, settings
from hypothesis import strategies as st

from wgan.data import csv_files, dates, load, texts
from wgan.data.table import to_frame
from wgan.data.table_files import describe, note_lines, read
from wgan.errors import WganError

ROWS = 40


def column_of(tmp_path, cells, delimiter=",", others=(), name="x", **options):
    """The Dataset of a CSV whose first column has these cells, in turn."""
    rows = [[name, "other", *[other[0] for other in others]]]
    for at in range(max(ROWS, 2 * len(cells))):
        more = [other[1 + at % (len(other) - 1)] for other in others]
        rows.append([cells[at % len(cells)], str(at % 3), *more])
    text = "".join(delimiter.join(csv_files._field(cell, delimiter) for cell in row) + "\n" for row in rows)
    (tmp_path / "x.csv").write_text(text)
    return read(tmp_path / "x.csv", **options)


def values_of(dataset):
    return to_frame(dataset.form, dataset.rows).iloc[:, 0]


def note_of(dataset, name="x"):
    return "; ".join(note for column, note in dataset.notes if column == name)


def written_again(dataset, tmp_path, rows=None):
    """The cells of the first column after encoding, decoding and writing, or those of other rows."""
    form = dataset.form
    write(form, form.decode(form.encode(dataset.rows)) if rows is None else rows, tmp_path / "again.csv")
    with (tmp_path / "again.csv").open(newline="") as file:
        return [row[0] for row in csv_files.csv.reader(file, delimiter=form.delimiter)][1:]


# cells, and the first values that are read
NUMBERS = {
    "thousands": (["45,750.00", "1,200.50", "999.25"], [45750, 1200.5, 999.25]),
    "dollars": (["$45.75", "$1,200.50", "-$3.25"], [45.75, 1200.5, -3.25]),
    "minus inside": (["$45.75", "$-3.25", "$7.00"], [45.75, -3.25, 7]),
    "euros after": (["45.750,00 €", "1,50 €", "0,75 €"], [45750, 1.5, 0.75]),
    "euros before": (["EUR 45.75", "EUR 1.50", "EUR 0.75"], [45.75, 1.5, 0.75]),
    "percent": (["12.5%", "3.0%", "100.0%"], [12.5, 3, 100]),
    "parentheses": (["1,200.50", "(3.25)", "7.00"], [1200.5, -3.25, 7]),
    "minus after": (["1.50", "3.25-", "7.00"], [1.5, -3.25, 7]),
    "unicode minus": (["1.50", "−3.25", "7.00"], [1.5, -3.25, 7]),
    "plus": (["+1.50", "-3.25", "+7.00"], [1.5, -3.25, 7]),
    "spaces": (["45 750,00", "1 200,50", "0,25"], [45750, 1200.5, 0.25]),
    "apostrophes": (["45'750.00", "1'200.50", "0.25"], [45750, 1200.5, 0.25]),
    "decimal comma": (["1,5", "2,25", "-3,125"], [1.5, 2.25, -3.125]),
    "fixed places": (["1.50", "2.25", "-3.10"], [1.5, 2.25, -3.1]),
    "free places": (["1.5", "2.25", "-3.125"], [1.5, 2.25, -3.125]),
    "groups of whole numbers": (["45,750", "1,200", "999"], [45750, 1200, 999]),
    "whole": (["45", "-7", "0"], [45, -7, 0]),
}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_numbers_and_samples_are_written_like_them(name, delimiter, tmp_path):
    cells, wanted = NUMBERS[name]
    dataset = column_of(tmp_path, cells, delimiter)
    assert dataset.form.delimiter == delimiter
    assert values_of(dataset).tolist()[: len(cells)] == wanted
    assert written_again(dataset, tmp_path)[: len(cells)] == cells


TEXTS = {
    "post codes": (["00037", "10115", "09999"], "'00037' begins with 0"),
    "phone numbers": (["0301234567", "0401234567"], "begins with 0"),
    "two currencies": (["$5.00", "€6.00"], ""),
    "units": (["45 kg", "50 kg"], ""),
    "long numbers": (["12345678901234567890", "12345678901234567891"], "more digits than a number keeps"),
    "beyond 2**53": (["9007199254740993", "9007199254740992"], "more digits than a number keeps"),
    "codes": (["A12", "B7"], ""),
    "mixed marks": (["1,5", "1,500.25", "2.5"], ""),
    "zeros between thousands": (["0.001.000", "1.001.000"], ""),
    "scores": (["2:1", "0:3"], ""),
    "mostly numbers": ([*map(str, range(19)), "about 7"], "'about 7' is not a number but 19 of 20"),
    "money with leading zeros": (["$007", "$012"], ""),
}


@pytest.mark.parametrize("name", TEXTS)
def test_codes_stay_the_texts_that_they_are(name, tmp_path):
    cells, said = TEXTS[name]
    dataset = column_of(tmp_path, cells)
    assert values_of(dataset).tolist()[: len(cells)] == cells
    assert written_again(dataset, tmp_path)[: len(cells)] == cells
    assert said in note_of(dataset) if said else not note_of(dataset)


DAY = datetime(2023, 6, 23, 17, 5, 9)
DATES = {
    "%Y%m%d": "dates, because every value is one", "%Y%m": "dates, because every value is one",
    "%Y-%m-%d": "", "%Y/%m/%d": "", "%d.%m.%Y": "day first", "%-d.%-m.%Y": "day first", "%d.%m.%y": "day first",
    "%m/%d/%Y": "month first", "%-m/%-d/%Y": "month first", "%d/%m/%Y": "day first", "%d-%m-%Y": "day first",
    "%-m/%-d/%Y %-I:%M %p": "month first", "%d-%b-%Y": "", "%d-%^b-%y": "", "%B %d, %Y": "", "%b %-d, %Y": "",
    "%Y-%m-%d %H:%M": "", "%Y-%m-%d %H:%M:%S": "", "%Y-%m-%dT%H:%M:%SZ": "", "%Y-%m-%dT%H:%M:%S.%3f": "",
    "%Y-%m-%dT%H:%M:%S.%f+02:00": "", "%Y%m%d%H%M%S": "dates, because every value is one", "%Y-%m": "", "%b %Y": "",
    "%H:%M": "", "%H:%M:%S": "", "%-I:%M %p": "", "%I:%M %P": "",
}  # fmt: skip


@pytest.mark.parametrize("form", DATES)
def test_dates_are_dates_and_every_sample_is_one_in_the_same_shape(form, tmp_path):
    # so many that none is a spike, and samples lie between them
    moments = [DAY + timedelta(days=37 * at, seconds=4321 * at, microseconds=(at % 7) * 125_000) for at in range(60)]
    cells = dates.written(moments, form)
    dataset = column_of(tmp_path, cells)
    (column, _) = dataset.form.columns
    assert (column.kind, bool(column.unit)) == ("number", True)
    assert (DATES[form] in note_of(dataset)) if DATES[form] else not note_of(dataset)
    assert written_again(dataset, tmp_path, dataset.rows)[: len(cells)] == cells
    encoded = dataset.form.decode(dataset.form.encode(dataset.rows))  # in float32, which holds a minute of years
    near = np.abs(encoded[:, 0] - dataset.rows[:, 0]).max()
    assert near <= 2e-7 * np.ptp(dataset.rows[:, 0])
    if dates.finest(form) == "m":
        assert written_again(dataset, tmp_path)[: len(cells)] == cells
    noise = np.random.default_rng(0).normal(size=(200, *dataset.form.encoded_shape))
    rows = dataset.form.decode(noise)
    write(dataset.form, rows, tmp_path / "made.csv")
    made = pd.read_csv(tmp_path / "made.csv", dtype=str)["x"].tolist()
    assert dates.misfit(made, form) is None
    assert dates.written(dates.parsed(made, form), form) == made
    values = values_of(replace(dataset, rows=rows))
    found = [moment.time() for moment in dates.parsed(made, form)] if dates.is_clock(form) else dates.parsed(made, form)
    zone = dates.zone_of(form)
    assert list(values) == list(found.dt.tz_localize(zone) if zone else found)


def test_the_values_of_dates_are_the_days_that_were_meant(tmp_path):
    for form in ("%Y%m%d", "%d.%m.%Y", "%m/%d/%Y", "%d-%^b-%Y", "%B %d, %Y"):
        days = [DAY + timedelta(days=37 * at) for at in range(30)]
        found = values_of(column_of(tmp_path, dates.written(days, form)))
        assert [value.date() for value in found[:30]] == [day.date() for day in days], form
    found = values_of(column_of(tmp_path, ["2023-06-23T17:05:09+02:00", "2023-06-24T17:05:09+02:00"]))
    assert found[0] == pd.Timestamp("2023-06-23T15:05:09Z")
    found = values_of(column_of(tmp_path, ["5:05 PM", "12:10 AM", "12:30 PM"]))
    assert found[:3].tolist() == [time(17, 5), time(0, 10), time(12, 30)]


NO_DATES = {
    "not all are dates": ["20230623", "20230699"],
    "amounts": ["20000000", "95000000"],
    "two months of six digits": ["202301", "202302"],
    "numbers of six digits": ["202301", "202313", "202302"],
}


@pytest.mark.parametrize("name", NO_DATES)
def test_numbers_that_only_look_like_dates_stay_numbers(name, tmp_path):
    assert values_of(column_of(tmp_path, NO_DATES[name])).tolist()[:2] == [int(cell) for cell in NO_DATES[name][:2]]


def test_a_day_and_a_month_that_could_be_swapped_stay_text_unless_another_column_or_the_user_says(tmp_path):
    both = ["01/02/2020", "03/04/2021", "05/06/2021"]
    dataset = column_of(tmp_path, both)
    assert values_of(dataset).tolist()[:3] == both
    assert "'date:%d/%m/%Y'} reads the day first" in note_of(dataset)
    assert "'date:%m/%d/%Y'} reads the month first" in note_of(dataset)
    for other, month in (("31/12/2020", 2), ("12/31/2020", 1)):
        found = column_of(tmp_path, both, others=[["sure", other]])
        assert values_of(found)[0].month == month
        assert "as in another column" in note_of(found)
    assert values_of(column_of(tmp_path, both, column={"x": "date"}))[0] == pd.Timestamp(2020, 2, 1)
    assert values_of(column_of(tmp_path, both, column={"x": "date:%m/%d/%Y"}))[0] == pd.Timestamp(2020, 1, 2)


def test_a_mark_that_could_be_of_thousands_or_decimals_is_read_as_the_other_columns_are(tmp_path):
    cells = ["1,500", "2,250"]
    assert values_of(column_of(tmp_path, cells))[0] == 1500
    assert "between thousands" in note_of(column_of(tmp_path, cells))
    assert values_of(column_of(tmp_path, cells, ";"))[0] == 1.5
    assert values_of(column_of(tmp_path, cells, ";", [["sure", "1.5", "2.25"]]))[0] == 1500
    assert values_of(column_of(tmp_path, ["1,500", "999"], ";"))[:2].tolist() == [1500, 999]
    assert values_of(column_of(tmp_path, ["1,500", "1500"]))[:2].tolist() == [1.5, 1500]
    dots = ["1.500", "2.250"]
    assert values_of(column_of(tmp_path, dots, ";"))[0] == 1.5
    assert values_of(column_of(tmp_path, dots, ";", [["sure", "1,5", "2,25"]]))[0] == 1500


def test_what_is_read_as_a_gap_is_said(tmp_path):
    dataset = column_of(tmp_path, ["1", "?", "25"])
    assert values_of(dataset).isna().sum() == ROWS // 3
    assert note_of(dataset) == f"'?' in {ROWS // 3} rows is read as a gap"
    (tmp_path / "x.csv").write_text("x,y\n" + 'NA,1\nDE,2\n"NA",3\n,4\n' * 5)
    found = read(tmp_path / "x.csv")
    assert values_of(found).tolist()[:4][1:3] == ["DE", "NA"]
    assert "'NA' is read as a gap in 5 rows" in note_of(found)
    kept = read(tmp_path / "x.csv", column="x=text")
    assert values_of(kept).isna().tolist()[:4] == [False, False, False, True]
    write(kept.form, kept.rows, tmp_path / "again.csv")
    again = values_of(read(tmp_path / "again.csv"))
    assert again.tolist()[:3] == ["NA", "DE", "NA"]
    assert again.isna()[3]


def test_truth_values_are_written_as_they_came_and_keep_their_dtype_beside_gaps(tmp_path):
    for words in (["true", "false"], ["TRUE", "FALSE"], ["True", "False"]):
        dataset = column_of(tmp_path, words)
        assert values_of(dataset).dtype == bool
        assert written_again(dataset, tmp_path)[:2] == words
    assert str(values_of(column_of(tmp_path, ["true", "", "false"])).dtype) == "boolean"


def test_durations_are_no_levels(tmp_path):
    lasted = pd.Series(pd.to_timedelta(np.arange(30) * 4321, "s"))
    dataset = column_of(tmp_path, lasted.astype(str).tolist())
    assert values_of(dataset)[:30].tolist() == lasted.tolist()


CODINGS = {
    "utf-8": "", "utf-8-sig": "", "utf-16": "read in utf-16", "utf-32": "read in utf-32",
    "utf-16-le": "read in utf-16-le", "utf-16-be": "read in utf-16-be",
    "latin-1": "read in cp1252, a guess", "cp1252": "read in cp1252, a guess",
}  # fmt: skip


@pytest.mark.parametrize("coding", CODINGS)
def test_the_letters_of_every_encoding_are_read_and_the_encoding_is_said(coding, tmp_path):
    text = "stadt,zahl\n" + "Köln,1\nMünchen,2\nÅbo,3\n" * 9
    (tmp_path / "x.csv").write_bytes(text.encode(coding))
    dataset = read(tmp_path / "x.csv")
    assert [column.name for column in dataset.form.columns] == ["stadt", "zahl"]
    assert values_of(dataset).tolist()[:3] == ["Köln", "München", "Åbo"]
    assert CODINGS[coding] in "".join(note_lines(dataset)) if CODINGS[coding] else not note_lines(dataset)


def zipped(data):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x.csv", data)
    return file.getvalue()


@pytest.mark.parametrize(
    ("suffix", "pack", "mark"),
    [
        (".csv", bytes, ","), (".CSV", bytes, ","), (".tsv", bytes, "\t"), (".TSV", bytes, "\t"),
        (".csv.gz", gzip.compress, ","), (".csv.GZ", gzip.compress, ";"), (".csv.bz2", bz2.compress, "|"),
        (".tsv.xz", lzma.compress, "\t"), (".csv.zip", zipped, ","),
    ],
)  # fmt: skip
def test_files_are_known_by_their_suffixes_of_any_case_and_written_like_them(suffix, pack, mark, tmp_path):
    text = f"name{mark}value\n" + "".join(f"{'ab'[at % 2]}{mark}{at % 17}\n" for at in range(50))
    (tmp_path / f"data{suffix}").write_bytes(pack(text.encode()))
    dataset = load(tmp_path / f"data{suffix}")
    assert (dataset.name, dataset.form.delimiter, dataset.rows.shape) == ("data", mark, (50, 2))
    write(dataset.form, dataset.rows, tmp_path / f"again{suffix}")
    again = load(tmp_path / f"again{suffix}")
    np.testing.assert_array_equal(again.rows, dataset.rows)
    if pack is bytes:
        assert (tmp_path / f"again{suffix}").read_text() == text


def test_a_parquet_file_may_have_a_suffix_in_capitals(tmp_path):
    pd.DataFrame({"x": [1, 2, 1, 2]}).to_parquet(tmp_path / "data.PARQUET")
    assert load(tmp_path / "data.PARQUET").rows.shape == (4, 1)


def test_the_delimiter_is_the_one_that_divides_all_lines_alike(tmp_path):
    for text, mark, names in [
        ("a;b\n1,5;2,5\n2,5;1,5\n", ";", ["a", "b"]),
        ('a,b\n"x;y;z",1\n"u;v;w",2\n"x;y;z",3\n', ",", ["a", "b"]),
        ("sep=;\na;b\n1;2\n3;4\n", ";", ["a", "b"]),
        ("note\nhello, you\nand you, too\nhello, you\n", ";", ["note"]),
        ("a|b,c|d\n1|2|3\n4|5|6\n", "|", ["a", "b,c", "d"]),
    ]:
        (tmp_path / "x.csv").write_text(text)
        dataset = read(tmp_path / "x.csv", column={"note": "text"} if names == ["note"] else None)
        assert (dataset.form.delimiter, [column.name for column in dataset.form.columns]) == (mark, names), text


def test_a_header_that_could_be_a_row_is_said(tmp_path):
    (tmp_path / "x.csv").write_text("5.1,3.5\n4.9,3.0\n4.7,3.2\n")
    assert "is taken for names" in "".join(note_lines(read(tmp_path / "x.csv")))
    (tmp_path / "x.csv").write_text("width,2020\n4.9,3.0\n4.7,3.2\n")
    assert not note_lines(read(tmp_path / "x.csv"))


def test_a_csv_of_every_kind_is_written_letter_for_letter(tmp_path):
    frame = mixed().drop(columns="zoned")  # its offsets from UTC change with the season: samples are in UTC
    frame.to_csv(tmp_path / "x.csv", index=False)
    dataset = read(tmp_path / "x.csv")
    write(dataset.form, dataset.rows, tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_text() == (tmp_path / "x.csv").read_text()
    assert not dataset.notes


ODD_NAMES = ["a,b", 'say "x"', "two\nlines", "", "7", "1.5", " padded ", "x=y", "'", "NA", "ü", "a;b"]


def test_columns_of_any_name_are_read_described_and_written(tmp_path):
    frame = pd.DataFrame({name: np.arange(30) * (at + 2) % 17 for at, name in enumerate(ODD_NAMES)})
    frame.to_csv(tmp_path / "x.csv", index=False)
    dataset = read(tmp_path / "x.csv", column={"x=y": "text", "a,b": "number"})
    assert [column.name for column in dataset.form.columns] == ODD_NAMES
    assert [column.kind for column in dataset.form.columns][:1] == ["number"]
    assert dataset.form.columns[ODD_NAMES.index("x=y")].kind == "levels"
    assert len(describe(dataset).splitlines()) == len(ODD_NAMES) + len(dataset.notes)
    for suffix in ("csv", "tsv", "parquet"):
        write(dataset.form, dataset.rows, tmp_path / f"again.{suffix}")
        again = read(tmp_path / f"again.{suffix}", column={"x=y": "text", "a,b": "number"})
        assert [column.name for column in again.form.columns] == ODD_NAMES
        np.testing.assert_array_equal(again.rows, dataset.rows)
    (tmp_path / "x.csv").write_text("a,,\n1,2,3\n4,5,6\n")
    with pytest.raises(WganError, match="two columns called ''; rename one"):
        read(tmp_path / "x.csv")


# What hypothesis draws: a column of each kind, as texts; every text comes back after encoding and decoding.

SHAPES = st.builds(
    texts.NumberText,
    before=st.sampled_from(["", "$", "€ ", "US$"]),
    after=st.sampled_from(["", "%", " €", " EUR"]),
    thousands=st.sampled_from(["", ",", ".", " ", "'"]),
    point=st.sampled_from([".", ","]),
    places=st.integers(0, 4),
    negative=st.sampled_from(["-", "−", "()", "after"]),
).filter(lambda one: one.thousands != one.point and not (one.before and one.after))


@settings(max_examples=150, deadline=None)
@given(SHAPES, st.lists(st.integers(-(10**8), 10**8), min_size=3, max_size=20))
def test_any_shape_of_numbers_comes_back(shape, numbers):
    import pyarrow as pa

    # an anchor without doubt: thousands and decimals are both seen, and so is a negative number
    values = [number / 10**shape.places for number in [*numbers, 12_345_678 + 10**9, -98_765]]
    cells = [shape.write(value) for value in values]
    found = texts.read_texts(pa.array(cells), hints=texts.Hints(point=shape.point if shape.places else ""))
    if shape.thousands == "" and shape.places == 3 and not found.written:
        return
    np.testing.assert_allclose(found.values.astype(float), values, rtol=1e-12, atol=0)
    again = texts.NumberText(*found.written).write if found.written else str
    assert [again(value) for value in found.values] == cells


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(DATES)),
    st.lists(st.datetimes(datetime(1970, 1, 1), datetime(2068, 12, 31)), min_size=1, max_size=20),
)
def test_any_dates_come_back(form, moments):
    import pyarrow as pa

    sure = [datetime(2001, 10, 30, 22, 41, 52, 345_678), datetime(2001, 11, 28), datetime(2002, 12, 27, 0, 0, 1, 1000)]
    cells = dates.written([*moments, *sure], form)
    found = texts.read_texts(pa.array(cells))
    assert not isinstance(found.values.iloc[0], str), found.note
    kept = found.written[0] if found.written else None
    again = dates.written(list(found.values), kept) if kept else [str(value) for value in found.values]
    assert again == cells or [date.fromisoformat(cell[:10]) for cell in cells] == [
        value.date() for value in found.values
    ]


CELLS = [  # a column is drawn from one of these
    st.text(st.sampled_from("0123456789.,-+$€%()/: 'eE\"\n;|\tAPMTZNaJé\u00a0"), max_size=12),
    st.from_regex(r"[-+$(]?[0-9]{1,3}([.,'][0-9]{2,3}){0,2}[)%€-]?", fullmatch=True),
    st.from_regex(r"[0-3]?[0-9][/.-][01]?[0-9][/.-](20)?[012][0-9]( [012]?[0-9]:[0-5][0-9])?", fullmatch=True),
    st.sampled_from(["NA", "nan", "true", "False", "?", "-", "inf", "20230623", "01/02/2020", "00037", "1,500", "1e5"]),
]


@settings(max_examples=80, deadline=None)
@given(st.one_of([st.lists(one, min_size=1, max_size=6) for one in CELLS]), st.sampled_from(",;\t|"))
def test_whatever_cells_hold_they_are_refused_in_a_sentence_or_come_back(tmp_path_factory, cells, delimiter):
    path = tmp_path_factory.mktemp("cells")
    try:
        dataset = column_of(path, cells, delimiter)
    except WganError:
        return
    if dataset.form.delimiter != delimiter:
        return  # cells full of another mark, which divides all lines as well
    write(dataset.form, dataset.rows, path / "x.csv")
    once = (path / "x.csv").read_text()
    again = read(path / "x.csv")
    assert (values_of(again).isna() == values_of(dataset).isna()).all()
    write(again.form, again.rows, path / "x.csv")
    assert (path / "x.csv").read_text() == once
    assert values_of(again).tolist() == values_of(dataset).tolist() or values_of(again).isna().any()
