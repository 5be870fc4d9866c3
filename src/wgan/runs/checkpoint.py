"""Checkpoints: a folder for each step, with named NumPy arrays and a little JSON, the same for every engine.

`folder/00001200/` holds `arrays.safetensors` and `meta.json`. It is written under a hidden name and then renamed, so
that a kill leaves either the old checkpoints or the new one. Checksums of both files show any damage.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import safetensors.numpy

from wgan.errors import WganError

FORMAT = 1
ARRAYS, META = "arrays.safetensors", "meta.json"
DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
          "float16", "float32", "float64", "complex64")  # fmt: skip

# A hidden folder is being written or removed (tmp), or holds the old version of a step that is being replaced (old).
NAME = re.compile(r"([0-9]{8,})|\.([0-9]{8,})\.(tmp|old)-([0-9]+)")


class Checkpoint(NamedTuple):
    """A saved checkpoint: the step, the arrays by name, and the caller's JSON."""

    step: int
    arrays: dict[str, np.ndarray]
    meta: dict


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
    data = _serialise(arrays)
    digest = hashlib.sha256(data).hexdigest()
    record = {"format": FORMAT, "step": step, "bytes": len(data), "sha256": digest, "meta": meta}
    record |= {"passing": True} if passing else {}
    text = json.dumps(record | {"meta_sha256": _sha256(record)}, indent=1, allow_nan=False)
    final, temporary = folder / f"{step:08d}", _hidden_path(folder, step, "tmp")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(folder)  # first, because folders that a kill left behind may fill the disk
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
        reason = f"{fault.strerror or fault}; the earlier ones are kept"
        raise WganError(f"cannot save checkpoint {step} in {folder} ({reason}); make room there.") from fault
    finally:
        shutil.rmtree(temporary, ignore_errors=True)

    with suppress(OSError):  # the new one is safe; the next save tries again to remove the others
        found = _folders_by_step(folder)
        # Newer steps do not count: they are damaged if a run resumed before them, and its new checkpoints must stay.
        before = [known for known in sorted(found) if known < step]
        passed = [known for known in before if _is_passing(found[known])]
        lasting = [known for known in before if known not in passed]
        for old in {*passed, *lasting[: max(0, len(lasting) - keep + 1)]} - {*also}:
            found[old].rename(_hidden_path(folder, old, "tmp"))  # so that a kill leaves no half of a checkpoint
        _remove_leftovers(folder)
    return final


def load(path: Path) -> Checkpoint:
    """Read one checkpoint folder. Raises WganError, with the file and the fault, if a checksum fails."""
    try:
        return _read(path)
    except ValueError as fault:
        raise WganError(f"checkpoint {path} is missing or damaged ({fault}); use another one.") from fault


def steps(folder: Path) -> list[int]:
    """The steps, ascending, of the checkpoints that have both files; their contents are not checked."""
    found = _folders_by_step(folder)
    return sorted(step for step in found if all((found[step] / name).exists() for name in (ARRAYS, META)))


def latest(folder: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest checkpoint that can be read, and a sentence for each newer one that cannot."""
    checkpoint, faults = None, {}
    for step, path in sorted(_folders_by_step(folder).items(), reverse=True):
        try:
            checkpoint = _read(path, step)
            break
        except ValueError as fault:
            faults[step] = fault
    instead = f"using {checkpoint.step} instead" if checkpoint else "no readable one is left"
    return checkpoint, [f"checkpoint {step} is damaged ({faults[step]}); {instead}" for step in faults]


def _serialise(arrays: dict[str, np.ndarray]) -> bytes:
    if "__metadata__" in arrays:
        raise WganError("an array cannot be named '__metadata__', which safetensors reserves; rename it.")
    contiguous = {}
    for name, array in arrays.items():
        if array.dtype.name not in DTYPES:
            raise WganError(f"array {name!r} is {array.dtype}; convert it to one of {', '.join(DTYPES)}.")
        # safetensors copies raw memory: a transposed array would come back scrambled.
        contiguous[name] = np.asarray(array, order="C")
    return safetensors.numpy.save(contiguous)


def _read(path: Path, step: int | None = None) -> Checkpoint:
    """Read the checkpoint in this folder. Raises ValueError, and nothing else, for whatever is wrong with it."""
    record = _read_record(_read_bytes(path / META))
    if step not in (None, record["step"]):
        raise ValueError(f"{META} is of step {record['step']}")
    data = _read_bytes(path / ARRAYS)
    if len(data) != record["bytes"]:
        raise ValueError(f"{ARRAYS} has {len(data):,} of {record['bytes']:,} bytes")
    if hashlib.sha256(data).hexdigest() != record["sha256"]:
        raise ValueError(f"{ARRAYS} does not match its sha256")
    try:
        return Checkpoint(record["step"], safetensors.numpy.load(data), record["meta"])
    except (safetensors.SafetensorError, ValueError, LookupError, TypeError, OverflowError) as fault:
        raise ValueError(f"{ARRAYS} is not a safetensors file of NumPy arrays") from fault


def _read_record(text: bytes) -> dict:
    try:
        record = json.loads(text.decode("ascii"))
        seal = _sha256({key: value for key, value in record.items() if key != "meta_sha256"})
    except (ValueError, AttributeError, RecursionError) as fault:
        raise ValueError(f"{META} is not a JSON object") from fault
    kinds = {"format": int, "step": int, "bytes": int, "sha256": str, "meta": dict}
    if wrong := [key for key, kind in kinds.items() if type(record.get(key)) is not kind]:
        raise ValueError(f"{META} has no valid {wrong[0]!r}")
    if record["format"] != FORMAT:
        raise ValueError(f"{META} has format {record['format']}, but this version of wgan reads {FORMAT}")
    if record.get("meta_sha256") != seal:
        raise ValueError(f"{META} does not match its own sha256")
    return record


def _is_passing(path: Path) -> bool:
    try:
        return _read_record(_read_bytes(path / META)).get("passing") is True
    except ValueError:  # a damaged checkpoint does not say so
        return False


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, MemoryError) as fault:
        raise ValueError(f"{path.name}: {getattr(fault, 'strerror', 'not enough memory')}") from fault


def _sha256(record: dict) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def _hidden_path(folder: Path, step: int, kind: str) -> Path:
    return folder / f".{step:08d}.{kind}-{os.getpid()}"


def _folders_by_step(folder: Path) -> dict[int, Path]:
    """The folder of every checkpoint, by step; an old version counts if a kill came before the new one was renamed."""
    paths = sorted(folder.iterdir()) if folder.is_dir() else []  # hidden names first, so that final ones win
    matches = [(path, match) for path in paths if (match := NAME.fullmatch(path.name))]
    return {int(match[1] or match[2]): path for path, match in matches if match[3] != "tmp"}


def _remove_leftovers(folder: Path) -> None:
    """Remove the folders of writers that died, and old versions that were replaced."""
    for path in folder.glob(".*"):
        if match := NAME.fullmatch(path.name):
            replaced = match[3] == "old" and (folder / match[2]).exists()
            if replaced or (match[3] == "tmp" and not _another_writes(int(match[4]))):
                shutil.rmtree(path, ignore_errors=True)


def _another_writes(writer: int) -> bool:
    """Whether another process with this number runs; a dead one may have had our own, as in a restarted container."""
    try:
        if os.name != "nt":  # on Windows signal 0 does not ask, but sends Ctrl-C
            os.kill(writer, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return writer != os.getpid()


def sync(path: Path) -> None:
    """Wait until this file or folder is safe on the disk."""
    if os.name != "nt":  # Windows cannot open a folder
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
