"""Tables in files: .csv, .tsv and .parquet, a .csv also compressed; read, written and described."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from wgan.data.columns import TableForm
from wgan.data.csv_files import OPEN, csv_lines, header_of, packed, read_csv
from wgan.data.parquet import arrow_table, names_in_parquet, read_parquet
from wgan.data.rows import Dataset
from wgan.data.series import series_of, texts_of
from wgan.data.table import REFUSED, fitting, from_frame, kept_names, require_pandas, to_frame
from wgan.files.printed import page, shown

TEXTS, PARQUETS = (".csv", ".tsv"), (".parquet", ".pq")
WORDS = ".csv, .tsv or .parquet"


def is_table(path: Any) -> bool:
    """Whether a file's name says that it is a table."""
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    return suffixes[-1:] != [] and (
        suffixes[-1] in TEXTS + PARQUETS or (suffixes[-1] in OPEN and suffixes[-2:-1] != [] and suffixes[-2] in TEXTS)
    )


def stem(path: Path) -> str:
    """The name of a table's file without its suffixes."""
    return Path(path.stem).stem if path.suffix.lower() in OPEN else path.stem


def read(path: Path, drop: str | None = None, column: Any = None, refuse: bool = True) -> Dataset:
    """Read the table in a file, without the columns in `drop`; `column` says the kinds of columns (NAME=KIND).

    What was guessed is in the notes of the Dataset. Raises WganError for a file that does not hold a table, for a kind
    that does not fit, and, with `refuse`, for columns that look like identifiers.
    """
    require_pandas(str(path))
    if path.suffix.lower() in PARQUETS:
        frame, types, notes = read_parquet(path)
        dataset = from_frame(frame, name=path.name, drop=drop, column=column, types=types, refuse=refuse)
    else:
        found = read_csv(path, column or (), lambda names: kept_names(names, drop, path.name))
        notes = found.notes
        dataset = from_frame(
            found.frame,
            name=path.name,
            column=column,
            readings=found.readings,
            delimiter=found.delimiter,
            refuse=refuse,
        )
    whole = tuple(("", note) for note in notes)
    return replace(dataset, name=stem(path), source=str(path), notes=whole + dataset.notes)


def names_of(path: Path) -> list[str]:
    """The names of the columns of the table in a file."""
    require_pandas(str(path))
    return names_in_parquet(path) if path.suffix.lower() in PARQUETS else header_of(path)


def write(form: TableForm, parts: Iterator[np.ndarray], count: int, path: Path, name: Path) -> Iterator[int]:
    """Write `count` rows at rest to `path` as the suffixes of `name` say, in the form in which the data were written.

    The rows come in parts; how many are written is yielded after each. Raises WganError for a form that does not fit.
    """
    require_pandas("a table")
    if name.suffix.lower() in PARQUETS:
        return _write_parquet(form, parts, count, path)
    tabs = ".tsv" in [suffix.lower() for suffix in name.suffixes]
    return _write_csv(form, parts, count, path, name.name, "\t" if tabs else form.delimiter)


def _write_csv(
    form: TableForm, parts: Iterator[np.ndarray], count: int, path: Path, name: str, delimiter: str
) -> Iterator[int]:
    done = 0
    with packed(path, name) as file:
        for rows in parts:
            if not done:
                file.write(csv_lines([[str(one.name)] for one in form.columns], delimiter))
            texts = []
            for at, one in enumerate(form.columns):
                # pandas gives all times as many digits as the finest has, so each part of many gets one unit more
                more = [1.0] if one.unit and one.kind == "number" and len(rows) < count else []
                with fitting(one):
                    found = texts_of(one, series_of(one, np.append(rows[:, at], more), done))
                texts.append(found[: len(rows)])
            file.write(csv_lines(texts, delimiter))
            done += len(rows)
            yield done


def _write_parquet(form: TableForm, parts: Iterator[np.ndarray], count: int, path: Path) -> Iterator[int]:
    from pyarrow import parquet

    types = {str(one.name): one.arrow for one in form.columns}
    done, writer, schema = 0, None, None

    def table(rows: np.ndarray) -> Any:
        frame = to_frame(form, rows, done)
        frame.columns = [str(one) for one in frame.columns]
        with fitting():
            return arrow_table(frame, types, schema)

    with path.open("wb") as file:
        try:
            for rows in parts:
                if schema is None and len(rows) < count:  # the first part may have gaps alone, which have no type
                    schema = table(np.array([[one.knots[0] if one.knots else 0.0 for one in form.columns]])).schema
                found = table(rows)
                writer = writer or parquet.ParquetWriter(file, found.schema)
                writer.write_table(found)
                done += len(rows)
                yield done
        finally:
            if writer is not None:
                writer.close()


def describe(dataset: Dataset) -> str:
    """A line for each column: its kind, an example, and what samples give back; then what was guessed."""
    form, lines = dataset.form, []
    assert isinstance(form, TableForm)
    guessed = dict(dataset.notes)
    width = min(24, max(len(quoted(column.name)) for column in form.columns))
    for at, column in enumerate(form.columns):
        values = dataset.rows[:, at]
        mark = "?" if str(column.name) in guessed else " "
        refused = guessed.get(str(column.name), "").startswith(REFUSED)
        line = "identifier, see below" if refused else _line(replace(form, columns=(column,)), values)
        lines.append(f"{mark} {quoted(column.name):{width}}  {line}")
    return page(lines + note_lines(dataset))


def note_lines(dataset: Dataset) -> list[str]:
    """What was guessed when a data set was read, as lines that begin with a question mark."""
    return [shown(f"? {quoted(column)}: {note}" if column else f"? {note}") for column, note in dataset.notes]


def quoted(name: Any) -> str:
    """A name on one line, in quotes if it would not be clear without them."""
    text = str(name)
    return text if text.isprintable() and text and text == text.strip() and not set(text) & set("'\",:") else repr(text)


def _line(form: TableForm, values: np.ndarray) -> str:
    """The kind of a column, an example, and what samples give back."""
    (column,) = form.columns
    gaps = np.isnan(values)
    kept = values[~gaps]
    if column.kind == "identifier":
        return "identifier: samples are numbered 1, 2, 3, ..."
    missing = f"; {gaps.mean():.2%} missing" if gaps.any() and kept.size else ""
    if column.kind == "constant":
        text = f"always {_example(form, 0.0)}, which is given back" if column.levels else "all missing, given back so"
        return f"constant: {text}{missing}"
    example = _example(form, kept[0])
    if column.kind == "number":
        what = (
            {"datetime": "date", "date": "date", "time": "time of day", "timedelta": "duration"}[column.time]
            if (column.unit)
            else "integer"
            if column.decimals == 0
            else "number"
        )
        low, high = (_example(form, end) for end in (kept.min(), kept.max()))
        return f"{what}, such as {example}: any from {low} to {high}{missing}"
    counts = np.bincount(kept.astype(np.int64), minlength=len(column.levels))
    commonest = np.argsort(-counts, kind="stable")[:3]
    levels = ", ".join(f"{_example(form, float(i))} {counts[i]:,}" for i in commonest)
    more = ", ..." if len(counts) > 3 else ""
    once = int((counts == 1).sum())
    rare = f"; {once:,} of them in one row each" if once else ""
    kind = {str: "text", bool: "truth value", int: "integer", float: "number"}[type(column.levels[0])]
    kind = "number" if kind == "integer" and "float" in column.dtype else kind
    return f"{kind}, such as {example}: one of {len(counts):,} levels ({levels}{more}){rare}{missing}"


def _example(form: TableForm, value: float) -> str:
    """A value at rest as the file writes it; text in quotes."""
    (column,) = form.columns
    (text,) = texts_of(column, to_frame(form, np.array([[value]])).iloc[:, 0])
    return repr(text) if column.levels and isinstance(column.levels[0], str) else str(text)
