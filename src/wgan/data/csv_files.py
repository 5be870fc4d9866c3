"""CSV files: which characters and delimiter they have, what their columns mean, and the same for samples."""

import bz2
import csv
import gzip
import io
import lzma
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

from wgan.data.kinds import kinds_of
from wgan.data.texts import Hints, Reading, read_texts
from wgan.errors import WganError

HEAD = 2**18  # bytes from which the delimiter is found
_DELIMITERS = ",;\t|"  # at equal fit the first is taken
_MARKS = ((b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_CONTROLS = set(range(32)) - set(b"\t\n\r\f\x0b")


def _zipped(path: Path) -> IO[bytes]:
    archive = zipfile.ZipFile(path)
    names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX")]
    if len(names) != 1:
        raise WganError(f"{str(path)!r} holds {len(names)} files; give a .zip of one file, or the file itself")
    return archive.open(names[0])


OPEN: dict[str, Callable[[Path], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open, ".zip": _zipped}


class CsvTable(NamedTuple):
    """What a CSV file holds: a DataFrame, the reading of each column by name, the delimiter, and notes on the whole."""

    frame: Any
    readings: dict[str, Reading]
    delimiter: str
    notes: list[str]


def read_csv(path: Path, column: Sequence[str], drop: Callable[[list[str]], list[str]]) -> CsvTable:
    """Read a CSV file; `drop` returns the names of the columns to keep. Raises WganError if it is no table of text."""
    import pyarrow as pa

    try:
        with _opened(path) as file:
            head = file.read(HEAD)
        if not head.strip():
            raise WganError(f"{str(path)!r} is empty; give a header and rows")
        encoding, notes = _encoding(path, head)
        text = head.decode(encoding, errors="ignore").removeprefix("\ufeff")
        said = text[4] if text[:4].lower() == "sep=" and text[4:5] and text[5:6] in ("\r", "\n") else ""
        delimiter = said or _delimiter(text)
        raw = _Raw(path, encoding, delimiter, skip=1 if said else 0)
        names = raw.names()
        for number, name in enumerate(names):
            if name in names[:number]:
                raise WganError(f"{path.name} has two columns called {name!r}; rename one of them")
        kept = drop(names)
        readings = _readings(raw, kept, kinds_of(column, kept, path.name))
    except (pa.ArrowException, OSError, EOFError, lzma.LZMAError, zipfile.BadZipFile) as problem:
        raise WganError(f"cannot read {str(path)!r} ({_on_one_line(problem)}); mend the file") from None
    if delimiter != (expected := "\t" if ".tsv" in path.name.lower() else ","):
        notes.append(f"columns are separated by {delimiter!r}, not by {expected!r}")
    if any(character.isdigit() for name in names for character in name) and all(map(_is_number, names)):
        notes.append(f"the first line ({', '.join(names)[:60]}) is taken for names; give a header line if it is a row")
    import pandas as pd

    frame = pd.DataFrame({name: reading.values for name, reading in readings.items()}, columns=kept)
    return CsvTable(frame, readings, delimiter, notes)


def _is_number(name: str) -> bool:
    try:
        float(name or "0")
    except ValueError:
        return False
    return True


def _opened(path: Path) -> Any:
    return OPEN[path.suffix.lower()](path) if path.suffix.lower() in OPEN else path.open("rb")


def _encoding(path: Path, head: bytes) -> tuple[str, list[str]]:
    """The encoding of a file of text, with a note if it is not UTF-8."""
    mark = next((name for start, name in _MARKS if head.startswith(start)), "")
    if not mark and b"\0" in head:
        even, odd = (head[start::2].count(0) > 0.4 * len(head[start::2]) for start in (0, 1))
        mark = "" if even == odd else "utf-16-be" if even else "utf-16-le"
    if not mark:
        if b"\0" in head:
            raise WganError(f"{str(path)!r} is not text but holds zero bytes; give a file of text")
        if _is_utf8(path):
            return "utf-8", []
        if set(head) & _CONTROLS:
            raise WganError(f"{str(path)!r} is not text but holds control characters; give a file of text")
        mark = "cp1252" if not set(head) & {0x81, 0x8D, 0x8F, 0x90, 0x9D} else "latin-1"
        return mark, [f"read in {mark}, a guess, since it is not UTF-8; save it as UTF-8 to be sure of its letters"]
    return mark, [f"read in {mark}"]


def _is_utf8(path: Path) -> bool:
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with _opened(path) as file:
            while block := file.read(2**22):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


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
            why = self._first_ragged_row() or _on_one_line(problem)
            raise WganError(f"cannot read {str(self.path)!r} ({why}); mend the file") from None

    def _file(self) -> Any:
        return _opened(self.path)

    def _options(self, **more: Any) -> dict[str, Any]:
        from pyarrow import csv

        size = self.path.stat().st_size
        block = {"block_size": 2**20 if size < 2**26 else 2**23}
        return {
            "read_options": csv.ReadOptions(encoding=self.encoding, skip_rows=self.skip, **block),
            "parse_options": csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True, **more),
        }

    def _first_ragged_row(self) -> str:
        """A sentence on the first row whose number of fields differs from the header's; "" without one."""
        from pyarrow import csv

        found: list[str] = []

        def look(row: Any) -> str:
            if not found:
                counts = f"{row.actual_columns} fields, but the header has {row.expected_columns}"
                found.append(f"line {row.number} has {counts}")
            return "skip"

        options = self._options(invalid_row_handler=look)
        options["read_options"].use_threads = False
        with suppress(ValueError, OSError), self._file() as file:
            csv.read_csv(file, **options)
        return next(iter(found), "")


def _readings(raw: _Raw, names: list[str], kinds: dict[str, str]) -> dict[str, Reading]:
    """The reading of each column; a column that leaves a doubt is read again with what the others say."""
    if not names:
        return {}
    table = raw.read(names)
    hints = Hints(delimiter=raw.delimiter)

    def read(name: str, hints: Hints) -> Reading:
        return read_texts(table[name], kinds.get(name, ""), hints, f"column {name!r} of {raw.path.name}")

    found = {name: read(name, hints) for name in names}
    said = [reading.hints for reading in found.values()]
    points, orders = ({one for hint in said if (one := getattr(hint, of))} for of in ("point", "order"))
    sure = hints._replace(
        point=points.pop() if len(points) == 1 else "", order=orders.pop() if len(orders) == 1 else ""
    )
    for name, reading in found.items():
        if reading.doubt and getattr(sure, reading.doubt):
            found[name] = read(name, sure)
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
            note = f"{words} is read as a gap in {len(here):,} rows; --column NAME=text reads text"
            more[name] = found[name]._replace(note="; ".join(filter(None, (found[name].note, note))))
    return more


def _on_one_line(problem: BaseException) -> str:
    text = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
    return " ".join(text.split())[:200].rstrip(".")


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
        ".bz2": lambda file: bz2.BZ2File(file, "wb"),
        ".xz": lambda file: lzma.LZMAFile(file, "wb"),  # noqa: SIM115
    }
    with path.open("wb") as file:
        if suffix not in pack:
            yield file
            return
        with pack[suffix](file) as stream:
            yield stream


def csv_lines(columns: list[list[str | None]], delimiter: str) -> bytes:
    """Lines of columns of texts, None for a gap, from which `read_csv` reads the same texts and gaps again."""
    if len(columns) == 1:  # an empty line is no row
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
