"""Changes of CSV and Parquet files."""

import bz2
import csv
import gzip
import io
import lzma
import random
import zipfile
from typing import Any

from benchmarks.campaign import json_changes, random_changes

CELLS = (
    "", " ", "nan", "NaN", "inf", "-inf", "1e999", "1e-999", "-0", "0x10", "1_000", "1,5", "1.2.3",
    "99999999999999999999", "9" * 400,
    "true", "TRUE", "yes", "None", "NULL", "N/A", "2024-13-45", "2024-02-30", "0001-01-01", "9999-12-31",
    "292278-01-01", "12:99",
    "2024-01-01T00:00:00+25:00", "1 €", "é", "\ud83d", "\x1b]0;pwned\x07", "\u202e", "\x00", "=1+1", "a" * 200_000,
    "\r", "\n", "a\nb",
    '"', '""', "'", "\\", "\ufeff", "1/2/3", "50%", "$3", "(4)", "+5", "１２", "−3", "1e5", "00012", "--",
    "x; touch pwned #",
)  # fmt: skip
NAMES = (
    "",
    " ",
    "age",
    "a,b",
    "\x1b[2J",
    "<b>",
    "é",
    "\ufeffage",
    "x" * 5000,
    "Unnamed: 0",
    "0",
    "nan",
    "a\nb",
    "\x00",
    "\u202eabc",
    "\ud800",
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-7", "cp037")
PACKED = {".gz": lambda data: gzip.compress(data, mtime=0), ".bz2": bz2.compress, ".xz": lzma.compress}


def csv_text(data: bytes, rng: random.Random) -> bytes:
    """A CSV file with other cells, names, quotes, separators, ends of lines or encodings."""
    rows = list(csv.reader(io.StringIO(data.decode("utf-8"))))
    for _ in range(rng.choice((1, 1, 2, 5))):
        row = rng.randrange(len(rows)) if rng.random() < 0.8 else 0
        how = rng.random()
        if how < 0.45 and rows[row]:
            rows[row][rng.randrange(len(rows[row]))] = rng.choice(NAMES if row == 0 else CELLS)
        elif how < 0.55 and rows[row]:
            column = rng.randrange(len(rows[row]))
            cell = rng.choice(CELLS)
            for one in rows[1:]:
                if column < len(one):
                    one[column] = cell if rng.random() < 0.9 else rng.choice(CELLS)
        elif how < 0.7:
            rows[row] = rows[row] + [rng.choice(CELLS)] * rng.choice((1, 1, 100))
        elif how < 0.78:
            rows[row] = rows[row][: rng.randrange(len(rows[row]) + 1)]
        elif how < 0.84:
            rows = rows[: rng.choice((0, 1, 2, 3, 20))] or [[]]
        elif how < 0.9 and len(rows[0]) > 1:
            rows[0][0] = rows[0][1]
        else:
            rows = [one * rng.choice((2, 2, 40)) for one in rows]
    file = io.StringIO()
    writer = csv.writer(
        file, delimiter=rng.choice(",,,,;\t| "), quotechar=rng.choice("\"\"\"'"), escapechar="\\",
        quoting=rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONE)),
        lineterminator=rng.choice(("\n", "\n", "\r\n", "\r")),
    )  # fmt: skip
    try:
        writer.writerows(rows)
    except csv.Error:  # some rows need quotes
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
    text = file.getvalue()
    for _ in range(rng.choice((0, 0, 0, 1, 3))):
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(('"', "\n", "\x00", ",", "\r", "\x1a", '"\n"', "\\")) + text[at:]
    encoding = rng.choice(("utf-8",) * 10 + ENCODINGS)
    encoded = text.encode(
        encoding, "surrogatepass" if encoding.startswith("utf") and encoding != "utf-7" else "replace"
    )
    if rng.random() < 0.2:
        at = rng.randrange(len(encoded) + 1)
        encoded = encoded[:at] + rng.choice((b"\xff", b"\xfe", b"\xc3", b"\xed\xa0\x80", b"\x80")) + encoded[at:]
    return encoded


def packed_csv(data: bytes, suffix: str, rng: random.Random) -> bytes:
    """A changed CSV file, packed; or a whole one whose packed bytes are changed."""
    inside = csv_text(data, rng) if rng.random() < 0.5 else data
    if suffix == ".zip":
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(rng.choice((1, 1, 1, 0, 2))):
                archive.writestr(rng.choice(("table.csv", "x/", "../a.csv", "\x1b[2J.csv", f"{number}")), inside)
        packed = file.getvalue()
    else:
        packed = PACKED[suffix](inside)
    return packed if inside is not data else random_changes.changed(packed, rng)


def parquet(data: bytes, rng: random.Random) -> bytes:
    """A Parquet file written again with other metadata, names, types or values; its own checks hold."""
    import pyarrow as pa
    from pyarrow import parquet as files

    table = files.ParquetFile(io.BytesIO(data)).read()
    how = rng.random()
    if how < 0.35:
        metadata = dict(table.schema.metadata or {})
        if rng.random() < 0.85:
            metadata[b"pandas"] = json_changes.changed_text(metadata[b"pandas"], rng)
        else:
            metadata[b"pandas"] = rng.choice((b"", b"{", b"null", b"\xff", b"[" * 100_000, b"{}", b"7", b"[]"))
        table = table.replace_schema_metadata(metadata)
    elif how < 0.55:
        names = list(table.column_names)
        names[rng.randrange(len(names))] = rng.choice([name for name in NAMES if name != "\ud800"] + names)
        table = table.rename_columns(names)
    else:
        for _ in range(rng.choice((1, 1, 3))):
            at = rng.randrange(table.num_columns)
            column = _column(len(table), pa, rng)
            table = table.set_column(
                at, pa.field(rng.choice((table.column_names[at], table.column_names[at], "new")), column.type), column
            )
        if rng.random() < 0.1:
            table = table.slice(0, rng.choice((0, 1, 2)))
    file = io.BytesIO()
    files.write_table(table, file, compression=rng.choice(("snappy", "none", "gzip")))
    return file.getvalue()


def _column(count: int, pa: Any, rng: random.Random) -> Any:
    """A column of some type of Arrow, with values at the ends of its range."""
    kinds = (
        (pa.list_(pa.int32()), [[1], None, []]), (pa.struct([("a", pa.int8())]), [{"a": 1}, None]), (pa.null(), [None]),
        (pa.decimal128(38, 10), [None, 0, 10**20]), (pa.decimal128(5, 2), [1, 2]),
        (pa.timestamp("ns", "Europe/Berlin"), [0, -(2**62), 2**62]), (pa.timestamp("s"), [0, 2**40, -(2**40)]),
        (pa.duration("s"), [0, 2**40]), (pa.time64("us"), [0, 86_399_999_999]), (pa.date32(), [0, 2**31 - 1, -(2**31)]),
        (pa.binary(), [b"\xff", b""]), (pa.binary(2), [b"ab"]), (pa.large_string(), ["\x1b[2J", "a" * 1000]),
        (pa.float16(), [1.0]),
        (pa.float64(), [float("nan"), float("inf"), 1e308, -1e308]), (pa.int64(), [2**63 - 1, -(2**63), None]),
        (pa.uint64(), [2**64 - 1, 0]), (pa.bool_(), [True, None]), (pa.map_(pa.string(), pa.int8()), [[("a", 1)]]),
        (pa.string(), ["", "nan", None, "\u202e"]), (pa.int8(), [1]),
    )  # fmt: skip
    kind, values = rng.choice(kinds)
    chosen = [rng.choice(values) for _ in range(count)]
    if pa.types.is_float16(kind):
        import numpy as np

        return pa.array(np.array(chosen, np.float16))
    column = pa.array(chosen, kind)
    if rng.random() < 0.2 and (pa.types.is_string(kind) or pa.types.is_int64(kind)):
        column = column.dictionary_encode()
    return column
