"""CSV files: which characters and delimiter they have, what their columns mean, and the same for samples."""

import bz2
import codecs
import csv
import gzip
import io
import lzma
import re
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

from wgan.data.kinds import kinds_of
from wgan.data.packed import BROKEN, Unpacking, size_of
from wgan.data.readings import read_alike
from wgan.data.table import MOST_COLUMNS, refuse_repeated_names
from wgan.data.texts import Hints, Reading, read_texts
from wgan.errors import WganError, setting, shorter
from wgan.files.memory import refuse_more_than_free
from wgan.files.printed import shown
from wgan.files.reading import opened

HEAD = 2**18  # bytes from which the delimiter is found
MEMORY = 6  # bytes of memory that a byte of text takes while it is read
UNPACKED = "unpack it and see whether it is the right one"
_DELIMITERS = ",;\t|"  # at equal fit the first is taken
_MARKS = ((b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_CONTROLS = set(range(32)) - set(b"\t\n\r\f\x0b")


def _zipped(file: IO[bytes]) -> IO[bytes]:
    archive = zipfile.ZipFile(file)
    names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX")]
    if len(names) != 1:
        raise ValueError(f"it holds {len(names)} files, not one")
    return archive.open(names[0])


OPEN: dict[str, Callable[[Any], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open, ".zip": _zipped}


class CsvTable(NamedTuple):
    """What a CSV file holds: a DataFrame, the reading of each column by name, the delimiter, and notes on the whole."""

    frame: Any
    readings: dict[str, Reading]
    delimiter: str
    notes: list[str]


def read_csv(path: Path, column: Sequence[str], drop: Callable[[list[str]], list[str]]) -> CsvTable:
    """Read a CSV file; `drop` returns the names of the columns to keep. Raises WganError if it is no table."""
    import pandas as pd
    import pyarrow as pa

    raw, notes = _begun(path)
    try:
        names = raw.names()
        refuse_repeated_names(names, path.name)
        kept = drop(names)
        readings = _readings(raw, kept, kinds_of(column, kept, path.name))
    except pa.ArrowException as problem:
        raise WganError(f"cannot read {str(path)!r} ({_on_one_line(problem)}); correct the file") from None
    if raw.delimiter != (expected := "\t" if ".tsv" in path.name.lower() else ","):
        notes.append(f"columns are separated by {raw.delimiter!r}, not by {expected!r}")
    if any(character.isdigit() for name in names for character in name) and all(map(_is_number, names)):
        notes.append(f"the first line ({', '.join(names)[:60]}) is taken for names; give a header line if it is a row")
    frame = pd.DataFrame({name: reading.values for name, reading in readings.items()}, columns=kept)
    return CsvTable(frame, readings, raw.delimiter, notes)


def header_of(path: Path) -> list[str]:
    """The names of the columns of a CSV file."""
    return _begun(path)[0].names()


def _begun(path: Path) -> "tuple[_Raw, list[str]]":
    """A CSV file with its encoding and its delimiter, and notes on them."""
    try:
        with _opened(path) as file:
            head = file.read(HEAD)
        if not head.strip():
            raise WganError(f"{str(path)!r} is empty; give a header and rows")
        encoding, notes = _encoding(path, head)
    except BROKEN as problem:
        raise WganError(f"cannot read {str(path)!r} ({_on_one_line(problem)}); correct the file") from None
    text = head.decode(encoding, errors="ignore").removeprefix("\ufeff")
    if len(head) == HEAD and not set(text) & {"\n", "\r"}:
        raise WganError(
            f"the first line of {str(path)!r} has over {HEAD:,} bytes, more than a header can have; give a header of "
            f"at most {MOST_COLUMNS:,} columns, and rows"
        )
    said = text[4] if text[:4].lower() == "sep=" and text[4:5] and text[5:6] in ("\r", "\n") else ""
    delimiter, skipped = _delimiter_and_comments(text)
    if skipped and not said:
        notes.append(
            f"the first {skipped:,} line{'s' * (skipped > 1)} are left out as a comment, since they begin with #"
        )
    return _Raw(path, encoding, said or delimiter, skip=1 if said else skipped), notes


def _is_number(name: str) -> bool:
    try:
        float(name or "0")
    except ValueError:
        return False
    return True


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The text of a file as bytes, unpacked as far as the free memory goes."""
    unpack = OPEN.get(path.suffix.lower())
    with opened(path) as file:
        if unpack is None:
            yield file
        else:
            with unpack(file) as unpacked, Unpacking(path, unpacked, size_of(file), UNPACKED) as limited:
                yield limited


def _encoding(path: Path, head: bytes) -> tuple[str, list[str]]:
    """The encoding of a file of text, with a note if it is not UTF-8. All of the file is decoded once."""
    mark = next((name for start, name in _MARKS if head.startswith(start)), "")
    if not mark and b"\0" in head:
        even, odd = (head[start::2].count(0) > 0.4 * len(head[start::2]) for start in (0, 1))
        mark = "" if even == odd else "utf-16-be" if even else "utf-16-le"
    if mark:
        if not _decodes(path, mark):
            raise WganError(f"{str(path)!r} begins like text in {mark}, but is not; save it as UTF-8")
        return mark, [f"read in {mark}"]
    if b"\0" in head:
        raise WganError(f"{str(path)!r} is not text but holds zero bytes; give a file of text")
    if _decodes(path, "utf-8"):
        return "utf-8", []
    if set(head) & _CONTROLS:
        raise WganError(f"{str(path)!r} is not text but holds control characters; give a file of text")
    mark = "cp1252" if _decodes(path, "cp1252") else "latin-1"
    return mark, [f"read in {mark}, a guess, since it is not UTF-8; save it as UTF-8 to be sure of its letters"]


def _decodes(path: Path, encoding: str) -> bool:
    """Whether all of a file is text in this encoding; Arrow would print a traceback where it is not."""
    decoder, size = codecs.getincrementaldecoder(encoding)(), 0
    with _opened(path) as file:
        try:
            while block := file.read(2**20):
                decoder.decode(block)
                size += len(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    refuse_more_than_free(MEMORY * size, f"the table {str(path)!r}", "give fewer rows")
    return True


def _delimiter_and_comments(text: str) -> tuple[str, int]:
    """The delimiter, and the number of the first lines that are comments.

    A line that begins with # is a comment, unless it is the last one of them and can be the header: it has as many
    fields as the row below it, or that row is a number.
    """
    lines = text.splitlines()
    first = next((at for at, line in enumerate(lines) if line.strip() and not line.startswith("#")), 0)
    while first and not lines[first - 1].startswith("#"):  # blank lines are left out anyway
        first -= 1
    if not first:
        return _delimiter(text), 0
    delimiter = _delimiter("\n".join(lines[first:] if len(text) < HEAD // 4 else lines[first:-1]))
    row = next(line for line in lines[first:] if line.strip())
    last, below = (len(next(csv.reader([line], delimiter=delimiter), [])) for line in (lines[first - 1], row))
    is_header = last == below and (last > 1 or _is_number(row))
    return delimiter, first - is_header


def _delimiter(text: str) -> str:
    """The delimiter that divides the first lines into the same number of fields, at least two, as the header."""
    whole = text[: text.rfind("\n")] if "\n" in text and len(text) >= HEAD // 4 else text
    scores = {}
    for mark in _DELIMITERS:
        rows: list[list[str]] = []
        with suppress(csv.Error):
            for row in csv.reader(io.StringIO(whole, newline=""), delimiter=mark):
                rows += [row] if row else []
                if len(rows) == 1000:
                    break
        counts = Counter(map(len, rows))
        wanted = len(rows[0]) if rows else 1
        scores[mark] = (wanted > 1, counts[wanted] / max(1, len(rows)), wanted)
    best = max(scores.values())
    return next(mark for mark in _DELIMITERS if scores[mark] == best)


class _Raw(NamedTuple):
    """A CSV file whose fields are read as text."""

    path: Path
    encoding: str
    delimiter: str
    skip: int

    def names(self) -> list[str]:
        """The names in the header."""
        from pyarrow import csv

        with self._explained(), self._file() as file, csv.open_csv(file, **self._options()) as reader:
            return reader.schema.names

    def read(self, names: list[str], **nulls: Any) -> Any:
        """An Arrow table of these columns as text; `nulls` are options of Arrow's that say what is a gap."""
        import pyarrow as pa
        from pyarrow import csv

        types = dict.fromkeys(names, pa.string())
        kept = csv.ConvertOptions(
            column_types=types,
            include_columns=names,
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            **nulls,
        )
        with self._explained(), self._file() as file:
            return csv.read_csv(file, convert_options=kept, **self._options())

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn an error of Arrow's into a WganError with the line of the first ragged row."""
        import pyarrow as pa

        try:
            yield
        except pa.ArrowInvalid as problem:
            why = self._first_ragged_row() or _in_words(str(problem)) or _on_one_line(problem)
            raise WganError(f"cannot read {str(self.path)!r} ({why}); correct the file") from None

    def _file(self) -> Any:
        return _opened(self.path)

    def _options(self) -> dict[str, Any]:
        from pyarrow import csv

        size = self.path.stat().st_size
        block = {"block_size": 2**20 if size < 2**26 else 2**23}
        return {
            "read_options": csv.ReadOptions(encoding=self.encoding, skip_rows=self.skip, **block),
            "parse_options": csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
        }

    def _first_ragged_row(self) -> str:
        """A sentence on the first row whose number of fields differs from the header's; "" without one."""
        import pyarrow as pa
        from pyarrow import csv

        options = self._options()
        options["read_options"].use_threads = False  # else Arrow does not count the rows
        try:
            with self._file() as file:
                csv.read_csv(file, **options)
        except pa.ArrowInvalid as problem:
            if found := re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", str(problem)):
                return f"line {found[1]} has {found[3]} fields, but the header has {found[2]}"
        return ""


def _readings(raw: _Raw, names: list[str], kinds: dict[str, str]) -> dict[str, Reading]:
    """The reading of each column."""
    if not names:
        return {}
    table = raw.read(names)
    hints = Hints(delimiter=raw.delimiter)

    def read(name: str, hints: Hints) -> Reading:
        return read_texts(
            table[name], kinds.get(name, ""), hints, f"column {shorter(repr(name), 100)} of {raw.path.name}"
        )

    found = read_alike(read, names, hints)
    return found | _spelled_gaps(raw, found, table, kinds)


def _spelled_gaps(raw: _Raw, found: dict[str, Reading], table: Any, kinds: dict[str, str]) -> dict[str, Reading]:
    """The columns of text in which NA or the like was read as a gap, with a note; as texts where the user says text."""
    names = [
        name for name, one in found.items() if table[name].null_count and str(one.values.dtype) in ("str", "object")
    ]
    if not names:
        return {}
    spelled, more = raw.read(names, null_values=[""]), {}
    for name in names:
        here = spelled[name].filter(table[name].is_null()).drop_null()
        if len(here) == 0:
            continue
        if kinds.get(name) in ("text", "identifier"):
            more[name] = read_texts(spelled[name], "text")
        elif table[name].null_count < len(table[name]):
            words = ", ".join(map(repr, here.unique().to_pylist()))
            note = f"{words} is read as a gap in {len(here):,} rows; {setting('column', {'NAME': 'text'})} reads text"
            more[name] = found[name]._replace(note="; ".join(filter(None, (found[name].note, note))))
    return more


def _in_words(problem: str) -> str:
    """What the words of Arrow mean for the file; "" for others."""
    if "straddl" in problem:
        return "a row is longer than 1 MB, or a quotation mark is not closed"
    return "it has no header" if "Empty CSV" in problem else ""


def _on_one_line(problem: BaseException) -> str:
    text = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
    return shown(" ".join(text.split())[:200].rstrip(".").replace(". ", "; "))


@contextmanager
def packed(path: Path, name: str) -> Iterator[IO[bytes]]:
    """A file to write to, compressed as `name` says; `name` without its last suffix stands in a .zip."""
    suffix = Path(name).suffix.lower()
    if suffix == ".zip":
        inside = zipfile.ZipInfo(Path(name).stem.encode(errors="replace").decode(), time.localtime()[:6])
        inside.compress_type = zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(path, "w") as archive, archive.open(inside, "w", force_zip64=True) as entry:
            yield entry
        return
    pack: dict[str, Callable[[IO[bytes]], Any]] = {
        ".gz": lambda file: gzip.GzipFile("", "wb", fileobj=file),
        ".bz2": partial(bz2.BZ2File, mode="wb"),
        ".xz": partial(lzma.LZMAFile, mode="wb"),
    }
    with path.open("wb") as file, pack[suffix](file) if suffix in pack else nullcontext(file) as stream:
        yield stream


def csv_lines(columns: list[list[str | None]], delimiter: str) -> bytes:
    """Lines of columns of texts, None for a gap, from which `read_csv` reads the same texts and gaps again."""
    if len(columns) == 1:  # an empty line is not a row
        lines = ["NA" if text is None else _field(text, delimiter) for text in columns[0]]
    else:
        lines = [
            delimiter.join(["" if text is None else _field(text, delimiter) for text in row])
            for row in zip(*columns, strict=True)
        ]
    return "\n".join([*lines, ""]).encode()


_NULLS = {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "N/A", "NA"}
_NULLS |= {"NULL", "NaN", "n/a", "nan", "null"}  # what Arrow takes for a gap where it is not quoted


def _field(text: str, delimiter: str) -> str:
    """A text as a field: in quotes where it would otherwise be read as something else."""
    if text in _NULLS or delimiter in text or '"' in text or "\n" in text or "\r" in text:
        return '"' + text.replace('"', '""') + '"'
    return text
