"""A run folder: `config.json`, `log.jsonl`, `samples/`, `checkpoints/`, and later `evaluation.json`, `report.html`.

Files of other programs are never changed or removed, and only one process at a time trains into a folder.
"""

import io
import json
import math
import os
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import numpy as np

from wgan.errors import WganError, setting
from wgan.files import writing
from wgan.files.reading import explained, opened
from wgan.files.records import Whole, checked, parsed, parsed_with_more, read_json
from wgan.runs import checkpoint

if sys.platform != "win32":
    import fcntl

CONFIG, LOG, LOCK = "config.json", "log.jsonl", ".lock"
STRUCTURE = "structure.json"  # the curves that the report draws beside those of real rows
CALIBRATION = "calibration.json"  # means and spreads of samples given a number, beside those of real rows
FOLDERS = ("samples", "checkpoints")
PLACES = ("path", "from_run", "data_dir")  # where the data lie, in the entry "data" of config.json
ROWS, FORM, LABELS = (
    "sha256 of the data",
    "checksum of their form",
    "sha256 of the labels or conditions",
)  # as messages name them
PICTURE = re.compile(r"[0-9]{8,}\.png")
DRAWN_ROWS = re.compile(r"[0-9]{8,}\.npy")
EVENTS = "events.out.tfevents.*"  # the files of TensorBoard
MADE_LATER = (STRUCTURE, CALIBRATION, "report.html", "evaluation.json", "generator.onnx")
LINE = 2**24  # bytes of a line of the log, at most; the longest have some thousands
UNMENDED = "restore that file, or choose another folder"

Scalar = Whole | float | str | bool | None


class About(TypedDict):
    """The entry "data" of config.json; earlier versions lack some of its entries, and whoever needs one asks for it."""

    form: NotRequired[dict[str, Any]]
    source: NotRequired[str]
    sha256: NotRequired[str]
    training_rows: NotRequired[Whole]
    held_out_rows: NotRequired[Whole]
    classes: NotRequired[dict[str, Any]]
    labels_sha256: NotRequired[str]
    condition: NotRequired[dict[str, Any]]
    condition_sha256: NotRequired[str]
    path: NotRequired[str]
    from_run: NotRequired[str]
    data_dir: NotRequired[str]


class Origin(TypedDict):
    """What the entry "data" says to a person."""

    form: dict[str, Any]
    source: str
    sha256: str
    training_rows: Whole
    held_out_rows: Whole


class Described(TypedDict):
    """What config.json says of a run to a person."""

    config: dict[str, Any]
    data: Origin
    engine: str
    versions: dict[str, str]


class Piece(TypedDict):
    """An entry of "extended"."""

    at: Whole
    steps_before: Whole


class Content(TypedDict):
    """What config.json holds."""

    config: dict[str, Scalar | list[Scalar]]
    data: NotRequired[About]
    engine: NotRequired[str]
    versions: NotRequired[dict[str, str]]
    machine: NotRequired[str]
    extended: NotRequired[list[Piece]]


def open_run(out: Path, config: dict, *, restart: bool = False, may_change: frozenset[str]) -> bool:
    """Create or reopen a run folder, and return whether it holds an earlier run of this config to resume.

    `config` is strict JSON. In its entry "config" only the fields `may_change` may differ from the saved ones, and
    their new values are saved. Call it before `lock`, not inside: it takes the lock itself while it writes into an
    earlier run. If the folder holds another run or other files, or is in use, it changes nothing and raises WganError.
    """
    asked = _as_read_back(out, config)
    saved = check(out, asked, restart=restart, may_change=may_change)
    with explained("use", out):
        if saved is None:
            _create(out, asked)
            return False
        if not restart:
            kept = {name: asked[name] for name in ("config", "extended") if name in asked}
            asked = saved | kept | _where_data_lie(saved, asked)
        with lock(out):
            if restart:
                _clear(out)
            for folder in (out, out / "samples"):
                writing.clear(folder)
            _create(out, asked)
        return not restart


def check(out: Path, config: dict, *, restart: bool, may_change: frozenset[str]) -> dict | None:
    """Raise what `open_run` would, but write nothing; return the earlier run's config.json, or None without one."""
    if not is_run(out):
        with explained("use", out):
            _refuse_other_files(out)
        return None
    saved = read_config(out)
    if not restart:
        _refuse_other_config(out, _compared_fields(saved), _compared_fields(config), may_change)
    return saved


def is_run(path: Path) -> bool:
    """Whether this is a run folder, by its config.json. Raises WganError if the folder cannot be read."""
    with explained("read", path):
        return (path / CONFIG).is_file()


def no_run(path: Path) -> WganError:
    """The error for a path that is no run folder, with the run beside it whose name is nearest."""
    if path.exists():
        return WganError(f"{path} is not a run folder (no {CONFIG} in it); name one that `wgan train` made.")
    with explained("read", path.parent):
        beside = [one.name for one in path.parent.iterdir() if is_run(one)] if path.parent.is_dir() else []
    near = get_close_matches(path.name, beside, n=1, cutoff=0.5)
    remedy = f"did you mean {str(path.with_name(near[0]))!r}?" if near else "name one that `wgan train` made."
    return WganError(f"{path} is not a run folder, since there is nothing of this name; {remedy}")


def read_config(run: Path) -> dict:
    """Read a run's config.json. Raises WganError if it is missing or not as wgan writes it."""
    if not is_run(run):
        raise no_run(run)
    return read_json(run / CONFIG, Content, UNMENDED, parse=parsed_with_more)


def read_described(run: Path) -> dict[str, Any]:
    """Read a run's config.json for what it says of the run to a person. Raises WganError if that is not all there."""
    try:
        return checked(read_config(run), Described)
    except ValueError as fault:
        raise WganError(f"{run / CONFIG} does not describe a run ({fault}); {UNMENDED}.") from None


def append(run: Path, record: dict) -> None:
    """Append a record, numbers and strings by name, to log.jsonl. Raises WganError if it cannot be written."""
    line = json.dumps({name: _json_value(value) for name, value in record.items()}, allow_nan=False)
    with explained("write", run / LOG), (run / LOG).open("ab") as file:
        file.write(line.encode() + b"\n")


def write(run: Path, name: str, content: dict) -> None:
    """Write a file of strict JSON into a run folder, atomically. Raises WganError if it cannot be written."""
    writing.write(run / name, json.dumps(content, indent=1, allow_nan=False).encode())


def read_log(run: Path) -> dict[str, np.ndarray]:
    """Read the log as columns [records]: float64 with NaN for missing entries, or object if an entry is not a number.

    Without a log there are no columns. An incomplete last line, which a kill can leave, is left out. Raises WganError
    if an earlier line is broken.
    """
    records = [record for _, record in _lines_and_records(run)]
    names = dict.fromkeys(name for record in records for name in record)
    return {name: _column([record.get(name) for record in records]) for name in names}


def records(run: Path, until: float = math.inf) -> list[dict[str, Any]]:
    """The records of a log up to the step `until`, as the training made them. Raises WganError as `read_log` does."""
    found = [record for _, record in _lines_and_records(run) if record.get("step", math.inf) <= until]
    return [{name: _python_value(name, value) for name, value in record.items()} for record in found]


def last_record(run: Path) -> dict:
    """The last record of a log that has one."""
    _, record = _lines_and_records(run)[-1]
    return record | {"step": int(record["step"])}


def refuse_to_shorten(out: Path, step: int) -> None:
    """Raise WganError if a folder holds records after this step, which a save of a model at this step would remove."""
    if is_run(out) and (last := last_step(out)) > step:
        raise WganError(f"{out} goes on to step {last:,}, and this model is of step {step:,}; save to another folder.")


def last_step(run: Path) -> int:
    """The step of the last record of a log; -1 without a record."""
    return max((int(record["step"]) for _, record in _lines_and_records(run) if "step" in record), default=-1)


def truncate_log(run: Path, step: int) -> None:
    """Keep only the records before `step`, so that a run that resumes there logs what an unbroken run would.

    An incomplete last line is removed too. Raises WganError if an earlier line is broken or the file cannot be written.
    """
    kept = [line for line, record in _lines_and_records(run) if record.get("step", step) < step]
    writing.write(run / LOG, b"".join(kept))


def go_back(run: Path, step: int) -> None:
    """Remove the records and the sample pictures of a run from `step` on, before it resumes there.

    A run that stops adds a record and a picture that an unbroken run does not have. Raises WganError as `truncate_log`
    does.
    """
    truncate_log(run, step)
    with explained("write", run / "samples"):
        for at, path in [*pictures(run), *drawn_rows(run)]:
            if at >= step:
                path.unlink()


def write_drawn_rows(path: Path, rows: np.ndarray) -> None:
    """Write the rows at rest of a table's picture beside it, in the place of those of an earlier picture."""
    file = io.BytesIO()
    np.lib.format.write_array(file, rows, allow_pickle=False)
    writing.write(path, file.getvalue())
    with explained("write", path.parent):
        for _, earlier in drawn_rows(path.parent.parent):
            if earlier.name != path.name:
                earlier.unlink()


def drawn_rows(run: Path) -> list[tuple[int, Path]]:
    """The rows at rest of the newest picture of a table, by step. Raises WganError for an unreadable folder."""
    return _named_by_step(run, DRAWN_ROWS)


def pictures(run: Path) -> list[tuple[int, Path]]:
    """The pictures of samples that wgan drew during a run, by step. Raises WganError for an unreadable folder."""
    return _named_by_step(run, PICTURE)


def _named_by_step(run: Path, pattern: re.Pattern) -> list[tuple[int, Path]]:
    folder = run / "samples"
    with explained("read", folder):
        names = os.listdir(folder) if folder.is_dir() else []
    return sorted((int(name[:-4]), folder / name) for name in names if pattern.fullmatch(name))


@contextmanager
def lock(run: Path) -> Iterator[None]:
    """Lock a run folder. Raises WganError if another process, or this one, has locked it already."""
    with explained("lock", run):
        file = writing.lock_file(run / LOCK)
    with file:
        try:
            if sys.platform != "win32":
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as fault:
            raise WganError(
                f"another process trains into {run}; stop it or choose another {setting('out')}."
            ) from fault
        except OSError:
            pass  # some network file systems have no locks: train without one
        yield


def is_locked(run: Path) -> bool:
    """Whether a process trains into this folder now; False where the system has no locks."""
    if sys.platform == "win32":
        return False
    try:
        with opened(run / LOCK) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (OSError, WganError):
        return False  # there is no lock, or none can be taken
    return False


def _refuse_other_files(out: Path) -> None:
    for name in sorted(os.listdir(out)) if out.exists() else []:
        if name != LOCK and not name.startswith(f".{CONFIG}.tmp-"):  # a kill at the start can leave these
            raise WganError(f"{out} is not a run folder but holds {name!r}; choose another {setting('out')}.")


def _where_data_lie(saved: dict, asked: dict) -> dict:
    """The entry "data" of an earlier run with the places that are asked now, since the data may have moved."""
    found, now = saved.get("data"), asked.get("data")
    if not (isinstance(found, dict) and isinstance(now, dict)):
        return {}
    kept = {name: value for name, value in found.items() if name not in PLACES}
    return {"data": kept | {name: now[name] for name in PLACES if name in now}}


def _compared_fields(file: dict) -> dict:
    """The config's fields, and the checksum and form of the rows, since a data file can change under its name."""
    data = file.get("data")
    if not isinstance(data, dict):
        return file["config"]
    form = data.get("form")
    if isinstance(form, dict):  # the shape in which rows are given back concerns no training
        form = {name: value for name, value in form.items() if name != "squeezed"}
    form = json.dumps(form, sort_keys=True).encode()
    told = data.get("labels_sha256", data.get("condition_sha256"))
    return file["config"] | {ROWS: data.get("sha256"), FORM: zlib.crc32(form), LABELS: told}


def _refuse_other_config(out: Path, saved: dict, asked: dict, may_change: frozenset[str]) -> None:
    same = saved.get(ROWS) is not None and saved.get(ROWS) == asked.get(ROWS)
    may_change |= {"data"} if same else {FORM}  # the rows decide, whatever names them; other rows have another form
    may_change |= {LABELS} if saved.get(LABELS) is None else set()  # an earlier version kept none
    if differences := [
        f"{name}: saved {saved.get(name)!r}, asked {asked.get(name)!r}"
        for name in sorted((saved.keys() | asked.keys()) - may_change)
        if saved.get(name) != asked.get(name)  # a field that an earlier version lacked is as if it was not set
    ]:
        found, before = "; ".join(differences), saved.get("steps")
        raise WganError(f"{out} holds another run ({found}); {_ways_on(differences, before, asked)}.")


def _ways_on(differences: list[str], steps: object, asked: dict) -> str:
    """What to do about a folder of another run: what resumes it, what gives it more steps, and last what deletes it."""
    elsewhere = f"choose another {setting('out')}, or add {setting('restart', True)} to delete that run"
    if len(differences) > 1 or not differences[0].startswith("steps:") or not isinstance(steps, int | float):
        return elsewhere
    more = f", add {setting('extend', True)} to give it more steps" if steps < asked["steps"] else ""
    return f"use {setting('steps', steps)} to resume it{more}, {elsewhere}"


def _as_read_back(out: Path, config: dict) -> dict:
    """The content of config.json as it will be read back: tuples become lists. Raises WganError if it could not be."""
    try:
        return parsed_with_more(json.dumps(config, allow_nan=False).encode(), Content)
    except ValueError as fault:
        if "JSON compliant" in str(fault):  # NaN, which no config may hold
            raise
        raise WganError(
            f"{out / CONFIG} cannot hold this run ({fault}); give whole numbers below 2**63, and names of UTF-8."
        ) from fault


def _create(out: Path, config: dict) -> None:
    folders = [out / name for name in FOLDERS]
    made = [path for path in (out / CONFIG, *folders, out, *out.parents) if not path.exists()]
    try:
        out.mkdir(parents=True, exist_ok=True)
        write(out, CONFIG, config)
        for folder in folders:
            folder.mkdir(exist_ok=True)
    except BaseException:
        for path in made:
            with suppress(OSError):
                path.unlink() if path == out / CONFIG else path.rmdir()
        raise


def _clear(run: Path) -> None:
    """Remove what wgan wrote into a run, and nothing else.

    The newest checkpoint goes first and config.json is replaced last, so that after a kill the folder holds the earlier
    run as it was before: at an older checkpoint, or at its start.
    """
    for name in (*FOLDERS, "tensorboard"):  # a link to elsewhere is not followed
        if (run / name).is_symlink():
            (run / name).unlink()
    checkpoint.remove_all(run / "checkpoints")
    made = [run / LOG, *(run / name for name in MADE_LATER), *(run / "tensorboard").glob(EVENTS)]
    for path in (*(path for _, path in reversed(pictures(run))), *(path for _, path in drawn_rows(run)), *made):
        if not path.is_dir() or path.is_symlink():
            path.unlink(missing_ok=True)
    with suppress(OSError):  # it holds files of others
        (run / "tensorboard").rmdir()


def _json_value(value: object) -> object:
    """A value that JSON can hold: a NumPy scalar becomes a Python one, and nan, inf and -inf become strings."""
    value = value.item() if isinstance(value, np.generic) else value
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _python_value(name: str, value: Any) -> Any:
    """A value of a line of the log as it was before `_json_value`; steps are whole numbers."""
    value = float(value) if value in ("nan", "inf", "-inf") else value
    return int(value) if name in ("step", "extended_to") else value


def _lines_and_records(run: Path) -> list[tuple[bytes, dict]]:
    """Every line of the log with its record."""
    path, records, last = run / LOG, [], -1.0
    if not os.path.lexists(path):
        return []
    with opened(path) as file, explained("read", path):
        broken = 0
        for number, line in enumerate(iter(lambda: file.readline(LINE), b""), 1):
            if broken:
                raise WganError(f"line {broken} of {path} is not a record of wgan; correct or delete that line.")
            if record := _record(line):
                if record.get("step", last) < last:
                    raise WganError(
                        f"line {number} of {path} is of step {record['step']:g}, after step {last:g}; restore that "
                        "file, whose lines were moved."
                    )
                last = record.get("step", last)
                records.append((line.removesuffix(b"\n") + b"\n", record))
            else:
                broken = number
    return records


def _record(line: bytes) -> dict | None:
    """The record in a line of the log; None if it is anything else."""
    try:
        record: dict[str, Any] = parsed(line, dict[str, float | bool | str | list[Any] | None])
    except ValueError:
        return None
    return record if type(record.get("step", 0.0)) is float else None


def _column(values: list) -> np.ndarray:
    """The values as float64 if all are missing, numbers or what `_json_value` makes of numbers; else as object."""
    numbers = [math.nan if value is None else value for value in values]
    if all(isinstance(value, int | float) or value in ("nan", "inf", "-inf") for value in numbers):
        return np.array([float(value) for value in numbers])
    return np.fromiter(numbers, dtype=object)
