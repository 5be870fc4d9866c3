"""Checkpoints: a folder for each step, with named NumPy arrays and a little JSON, the same for every engine.

`folder/00001200/` holds `arrays.safetensors` and `meta.json`. It is written under a hidden name and then renamed, so
that a kill leaves either the old checkpoints or the new one. Checksums of both files show any damage. Files of other
programs in such a folder stay.
"""

import hashlib
import json
import os
import re
import shutil
import warnings
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, NotRequired, TypedDict, TypeVar

import numpy as np
import safetensors.numpy

from wgan.errors import WganError, WganWarning
from wgan.files import memory
from wgan.files.reading import explained, opened, reason, remedy
from wgan.files.records import MOST, Whole, parsed_with_more
from wgan.files.writing import another_writes, sync

FORMAT = 1
ARRAYS, META = "arrays.safetensors", "meta.json"
DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
          "float16", "float32", "float64", "complex64")  # fmt: skip

# A hidden folder is being written or removed (tmp), or holds the old version of a step that is being replaced (old).
NAME = re.compile(r"([0-9]{8,})|\.([0-9]{8,})\.(tmp|old)-([0-9]+)")
TRIES = 100  # of a reader that meets a training which replaces checkpoints

T = TypeVar("T")


class Checkpoint(NamedTuple):
    """A saved checkpoint: the step, the arrays by name, and the caller's JSON."""

    step: int
    arrays: dict[str, np.ndarray]
    meta: dict


class Record(TypedDict):
    """What `meta.json` holds."""

    format: Whole
    step: Whole
    bytes: Whole
    sha256: str
    meta: dict[str, Any]
    meta_sha256: NotRequired[str]
    passing: NotRequired[bool]


def save(
    folder: Path,
    step: int,
    arrays: dict[str, np.ndarray],
    meta: dict,
    keep: int = 3,
    also: Collection[int] = (),
    passing: bool = False,
) -> Path:
    """Write a checkpoint atomically, remove all but the `keep` newest up to its step, and return its folder.

    The checkpoints of the steps in `also` stay too. A `passing` checkpoint, of a step at which a run only stopped, is
    not counted and is removed when the next one is written.

    Arrays have any shape and one of DTYPES; `meta` is strict JSON. A step that was saved before is replaced.
    Raises WganError if an array cannot be stored or the disk refuses it; the earlier checkpoints then stay.
    """
    if keep < 1:
        raise WganError(f"keep is {keep}; keep at least 1 checkpoint.")
    data = packed(arrays)
    digest = hashlib.sha256(data).hexdigest()
    record = {"format": FORMAT, "step": step, "bytes": len(data), "sha256": digest, "meta": meta}
    record |= {"passing": True} if passing else {}
    text = json.dumps(record | {"meta_sha256": _sha256(record)}, indent=1, allow_nan=False)
    final, temporary = folder / f"{step:08d}", _hidden_path(folder, step, "tmp")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        clear(folder)  # first, because folders that a kill left behind may fill the disk
        temporary.mkdir()
        (temporary / ARRAYS).write_bytes(data)
        (temporary / META).write_text(text, encoding="utf-8")
        for path in (*temporary.iterdir(), temporary):
            sync(path)
        if final.exists():  # a folder cannot be renamed over another; in between `latest` reads the old one
            final.rename(_hidden_path(folder, step, "old"))
        temporary.rename(final)
        sync(folder)
    except OSError as fault:
        why = f"{reason(fault)}; the earlier ones are kept"
        raise WganError(f"cannot save checkpoint {step} in {folder} ({why}); {remedy(fault)}.") from fault
    finally:
        shutil.rmtree(temporary, ignore_errors=True)

    with suppress(OSError):  # the new one is safe; the next save tries again to remove the others
        for path, old in surplus(folder, step, keep, also):
            _remove(folder, old, path)
        clear(folder)
    return final


def surplus(folder: Path, step: int, keep: int, also: Collection[int]) -> list[tuple[Path, int]]:
    """The folders, with their steps, that `save` removes once the checkpoint of `step` is safe."""
    found = _folders_by_step(folder)
    # Newer steps do not count: they are damaged if a run resumed before them, and its new checkpoints must stay.
    before = [known for known in sorted(found) if known < step]
    passed = [known for known in before if _is_passing(found[known])]
    lasting = [known for known in before if known not in passed]
    return [(found[old], old) for old in sorted({*passed, *lasting[: max(0, len(lasting) - keep + 1)]} - {*also})]


def load(path: Path) -> Checkpoint:
    """Read one checkpoint folder. Raises WganError, with the file and the fault, if it cannot be read."""
    return chosen(path.parent, lambda kept: int(path.name))


def chosen(folder: Path, choose: Callable[[list[int]], int]) -> Checkpoint:
    """Read the checkpoint whose step `choose(steps)` returns, given the steps that are kept, also damaged ones.

    `choose` is called again if a training has removed that checkpoint meanwhile. Raises WganError as `load` does.
    """

    def read() -> Checkpoint:
        found = _folders_by_step(folder)
        step = choose(sorted(found))
        path = found.get(step, folder / f"{step:08d}")
        try:
            return _read_listed(path, step) if step in found else _read(path, step)
        except ValueError as fault:
            raise WganError(f"checkpoint {path} {fault}; use another one.") from fault

    return _retried(folder, read)


def steps(folder: Path) -> list[int]:
    """The steps, ascending, of the checkpoints that have both files; their contents are not checked."""
    found = _folders_by_step(folder)
    with explained("read", folder):
        return sorted(step for step in found if all((found[step] / name).exists() for name in (ARRAYS, META)))


def latest(folder: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest checkpoint that can be read, and a sentence for each newer one that cannot."""

    def read() -> tuple[Checkpoint | None, list[str]]:
        checkpoint, faults = None, {}
        for step, path in sorted(_folders_by_step(folder).items(), reverse=True):
            try:
                checkpoint = _read_listed(path, step)
                break
            except ValueError as fault:
                faults[step] = fault
        instead = f"using {checkpoint.step} instead" if checkpoint else "no readable one is left"
        return checkpoint, [f"checkpoint {step} {fault}; {instead}" for step, fault in faults.items()]

    return _retried(folder, read)


def warn(folder: Path, sentences: list[str]) -> None:
    """Warn of checkpoints that cannot be read, with the sentences of `latest`, wherever an older one is used."""
    for sentence in sentences:
        warnings.warn(f"{folder}: {sentence}.", WganWarning, stacklevel=1)  # so that each is said once


def left_by_a_kill(folder: Path) -> bool:
    """Whether there is something that `clear` removes."""
    found = [match for path in folder.glob(".*") if (match := NAME.fullmatch(path.name))]
    return any(
        (folder / match[2]).exists() if match[3] == "old" else not another_writes(int(match[4])) for match in found
    )


def clear(folder: Path) -> None:
    """Remove the folders of writers that died, and old versions that were replaced."""
    for path in folder.glob(".*"):
        if match := NAME.fullmatch(path.name):
            new = folder / (match[2] or "")
            if match[3] == "old" and new.exists():
                for foreign in _foreign(path):
                    foreign.rename(new / foreign.name)
                _unlink(path)
            elif match[3] == "tmp" and not another_writes(int(match[4])):
                _unlink(path)


def remove_all(folder: Path) -> None:
    """Remove every checkpoint, the newest first, so that a kill leaves the older ones; files of others stay."""
    for step, path in sorted(_folders_by_step(folder).items(), reverse=True):
        _remove(folder, step, path)
    clear(folder)


def unpacked(data: bytes) -> dict[str, np.ndarray]:
    """The inverse of `packed`."""
    return safetensors.numpy.load(data)


def packed(arrays: dict[str, np.ndarray]) -> bytes:
    """Arrays as the bytes of a safetensors file. Raises WganError if one cannot be stored."""
    if "__metadata__" in arrays:
        raise WganError("an array cannot be named '__metadata__', which safetensors reserves; rename it.")
    contiguous = {}
    for name, array in arrays.items():
        if array.dtype.name not in DTYPES:
            raise WganError(f"array {name!r} is {array.dtype}; convert it to one of {', '.join(DTYPES)}.")
        # safetensors copies raw memory: a transposed array would come back scrambled.
        contiguous[name] = np.asarray(array, order="C")
    return safetensors.numpy.save(contiguous)


class _Rotated(Exception):
    """A training has removed or replaced the checkpoint while it was read."""


def _retried(folder: Path, read: Callable[[], T]) -> T:
    """What `read()` returns, called again as long as a training rotates away what it reads."""
    for _ in range(TRIES):
        try:
            return read()
        except _Rotated:
            continue
    raise WganError(f"the checkpoints in {folder} are replaced faster than they can be read; wait for the training.")


def _read_listed(path: Path, step: int) -> Checkpoint:
    """Read a checkpoint that was there a moment ago. Raises ValueError as `_read` does, or `_Rotated`."""
    before = _inode(path)
    try:
        return _read(path, step)
    except ValueError:
        if before is None or _inode(path) != before:
            raise _Rotated from None
        raise


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _read(path: Path, step: int) -> Checkpoint:
    """Read the checkpoint in this folder.

    Raises ValueError, and nothing else, for whatever is wrong with it; the text begins with "is" or "cannot".
    """
    record = _read_record(path)
    if step != record["step"]:
        raise _damage(f"{META} is of step {record['step']}")
    data = _read_bytes(path / ARRAYS, record["bytes"])
    if len(data) != record["bytes"]:
        raise _damage(f"{ARRAYS} has {len(data):,} of {record['bytes']:,} bytes")
    if hashlib.sha256(data).hexdigest() != record["sha256"]:
        raise _damage(f"{ARRAYS} does not match its sha256")
    try:
        return Checkpoint(record["step"], safetensors.numpy.load(data), record["meta"])
    except (safetensors.SafetensorError, ValueError, LookupError, TypeError, OverflowError) as fault:
        raise _damage(f"{ARRAYS} is not a safetensors file of NumPy arrays") from fault


def _read_record(path: Path) -> Record:
    data = _read_bytes(path / META, MOST)
    try:
        record: Record = parsed_with_more(data, Record)
    except ValueError as fault:
        raise _damage(f"{META}: {fault}") from fault
    seal = _sha256({key: value for key, value in record.items() if key != "meta_sha256"})
    if record["format"] != FORMAT:
        raise _damage(f"{META} has format {record['format']}, but this version of wgan reads {FORMAT}")
    if record.get("meta_sha256") != seal:
        raise _damage(f"{META} does not match its own sha256")
    return record


def _is_passing(path: Path) -> bool:
    try:
        return _read_record(path).get("passing") is True
    except ValueError:  # a damaged checkpoint does not say so
        return False


def _read_bytes(path: Path, most: int) -> bytes:
    """The bytes of a file, at most `most` and one. Raises ValueError if it is missing, or cannot be read."""
    if not os.path.lexists(path):
        raise _damage(f"{path.name} is missing")
    try:
        with opened(path) as file:
            size = min(os.fstat(file.fileno()).st_size, most + 1)
            if size > MOST:
                memory.refuse_more_than_free(2 * size, path.name, "end other programs")
            return file.read(most + 1)
    except (WganError, OSError, MemoryError) as fault:
        found = fault.__cause__ or fault
        why = f"{path.name}: {reason(found)}" if isinstance(found, OSError) else str(fault).removesuffix(".")
        raise ValueError(f"cannot be read ({why or 'not enough memory'})") from fault


def _damage(text: str) -> ValueError:
    return ValueError(f"is damaged ({text})")


def _sha256(record: Any) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def _hidden_path(folder: Path, step: int, kind: str) -> Path:
    return folder / f".{step:08d}.{kind}-{os.getpid()}"


def _folders_by_step(folder: Path) -> dict[int, Path]:
    """The folder of every checkpoint, by step; an old version counts if a kill came before the new one was renamed.

    A folder without files of wgan does not count. Raises WganError if the folder cannot be read.
    """
    with explained("read", folder):
        paths = sorted(folder.iterdir()) if folder.is_dir() else []  # hidden names first, so that final ones win
        matches = [(path, match) for path in paths if (match := NAME.fullmatch(path.name)) and match[3] != "tmp"]
        return {int(match[1] or match[2]): path for path, match in matches if path.is_dir() and not _only_foreign(path)}


def _only_foreign(path: Path) -> bool:
    return bool(_foreign(path)) and not any(os.path.lexists(path / name) for name in (ARRAYS, META))


def _foreign(path: Path) -> list[Path]:
    """What other programs put into the folder of a checkpoint."""
    try:
        return [one for one in path.iterdir() if one.name not in (ARRAYS, META)]
    except (FileNotFoundError, NotADirectoryError):  # a training has removed it
        return []


def _remove(folder: Path, step: int, path: Path) -> None:
    """Remove a checkpoint, but not what others put there; a kill leaves no half of one that counts as whole."""
    if _foreign(path):
        _unlink(path)
    else:
        hidden = _hidden_path(folder, step, "tmp")
        path.rename(hidden)
        _unlink(hidden)


def _unlink(path: Path) -> None:
    """Remove the files of a checkpoint, and its folder if that is then empty."""
    with suppress(OSError):
        for name in (META, ARRAYS):
            (path / name).unlink(missing_ok=True)
        path.rmdir()
