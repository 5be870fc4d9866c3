"""Pictures as a memory-mapped array: they are decoded once and kept in the user's cache.

The name of a cache folder is a hash of its pictures. `rows` holds [n, height, width, channels] as bare bytes, uint8 or,
for greys of 16 bits, little-endian uint16,
`labels.npy` and `files.json` have one entry for each row, and `manifest.json`, written last, holds the rest. During
decoding `journal.jsonl` names the chunks that are done, so that decoding continues there after a kill.
"""

import hashlib
import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from wgan.data.download import cache, progress
from wgan.data.pictures import DEEP, BrokenPicture, Header, channels_of, decode, header
from wgan.data.rows import Dataset, Form
from wgan.errors import WganError
from wgan.files.printed import say

if sys.platform != "win32":
    import fcntl

VERSION = 1  # of the decoding; each version has its own caches
CHUNK = 128  # pictures for each record of the journal
FEW_BROKEN, BROKEN_SHARE = 10, 0.01  # so many broken pictures are skipped, whichever is more

KINDS = {"grey", DEEP, "colour", "alpha"}  # of pictures, as their headers say
HEADERS = "headers.json"
DECODED = ("rows", "labels.npy", "files.json", "manifest.json", "journal.jsonl")

Encoded = tuple[str, Path | bytes]


class Pictures(NamedTuple):
    """A source of encoded pictures; `chunk(k)` returns the k-th `CHUNK` of them, each as a name and a file or bytes."""

    name: str
    source: str  # as messages name it
    key: str  # a hash in hex; different pictures have different keys
    total: int
    chunk: Callable[[int], list[Encoded]]
    labels: np.ndarray | None = None  # int64 [total]
    label_names: tuple[str, ...] = ()
    remark: str = ""  # on what of the source is left out, in words


class Target(NamedTuple):
    """What all pictures of a source become: rows of this shape and dtype, by this way of resizing to `size`."""

    size: int | None
    resize: str
    shape: tuple[int, int, int]
    dtype: str = "uint8"

    @property
    def deep(self) -> bool:
        return self.dtype == "uint16"

    @property
    def stored(self) -> np.dtype:
        """The dtype on disk, which has one order of bytes on every machine."""
        return np.dtype(self.dtype).newbyteorder("<")

    @property
    def length(self) -> int:
        """The bytes of a row."""
        return int(np.prod(self.shape)) * self.stored.itemsize

    @property
    def folder(self) -> str:
        how = f"{self.size}-{self.resize}" if self.size else "own"
        return f"{how}-{self.shape[2]}" + ("-uint16" if self.deep else "")


class Survey(NamedTuple):
    """What the headers of all pictures say; `broken` maps the name of each broken picture to the reason."""

    total: int
    sizes: Counter  # of (height, width)
    kinds: Counter  # of "grey", "grey of 16 bits", "colour", "alpha"
    broken: dict[str, str]
    remarks: Counter  # of what decoding leaves out or changes

    def __str__(self) -> str:
        sizes = [f"{n:,} of {width}x{height}" for (height, width), n in self.sizes.most_common(3)]
        more = f" and {len(self.sizes) - 3:,} other sizes" if len(self.sizes) > 3 else ""
        kinds = ", ".join(f"{n:,} {kind}" for kind, n in self.kinds.most_common())
        broken = f"; {len(self.broken)} broken, such as {next(iter(self.broken))!r}" if self.broken else ""
        return f"{self.total:,} images: {', '.join(sizes)}{more} (width x height); {kinds}{broken}{self.changes}"

    @property
    def changes(self) -> str:
        """What decoding leaves out or changes, as the end of a sentence."""
        said = [f"{n:,} of {remark}" for remark, n in self.remarks.most_common()]
        if self.kinds["alpha"] and channels_of(self.kinds) == 3:
            said.append(f"{self.kinds['alpha']:,} with transparency, laid over white")
        return "".join(f"; {one}" for one in said)


def survey(pictures: Pictures) -> Survey:
    """Read the headers of all pictures, once, into the cache. Raises WganError if too many pictures are broken."""
    with _locked_folder(pictures) as folder:
        saved = _read_json(folder / HEADERS)
        if _is_survey(saved, pictures.total):
            sizes = Counter({(height, width): n for height, width, n in saved["sizes"]})
            return Survey(pictures.total, sizes, Counter(saved["kinds"]), saved["broken"], Counter(saved["remarks"]))
        _discard(folder, [HEADERS])
        sizes, kinds, remarks, broken = Counter[tuple[int, int]](), Counter[str](), Counter[str](), dict[str, str]()

        def read(number: int) -> list[tuple[str, Header | str]]:
            return [(name, _result_or_reason(header, name, source)) for name, source in pictures.chunk(number)]

        with progress(f"{pictures.name}: headers", pictures.total) as advance:
            for found in _in_parallel(read, range(_chunk_count(pictures.total))):
                for name, result in found:
                    if isinstance(result, Header):
                        sizes[result[:2]] += 1
                        kinds[result.kind] += 1
                        remarks.update([result.remark] if result.remark else [])
                    else:
                        broken[name] = result
                _refuse_too_many_broken(pictures, broken)
                advance(len(found))
        sizes_json = [[height, width, n] for (height, width), n in sizes.items()]
        found_json = {"sizes": sizes_json, "kinds": dict(kinds), "broken": broken, "remarks": dict(remarks)}
        _write_json(folder / HEADERS, found_json | {"sha256": _sha256(found_json)})
    return Survey(pictures.total, sizes, kinds, broken, remarks)


def decoded(pictures: Pictures, size: int | None, resize: str, shape: tuple[int, int, int] | None = None) -> Dataset:
    """The pictures as a Dataset with memory-mapped rows; they are decoded first if the cache lacks them.

    With `shape` no header is read. Raises WganError for pictures of several sizes without `size`, too many broken
    pictures, a picture that is too large, or too little room on the disk.
    """
    if shape is None:
        found = survey(pictures)
        target, changes = _common_target(pictures, found, size, resize), found.changes
    else:
        target, changes = Target(size, resize, shape), ""
    with _locked_folder(pictures, target.folder) as folder:
        if not _is_whole(pictures, folder, target):
            if (folder / "manifest.json").exists() or any((folder / name).is_dir() for name in DECODED):
                _discard(folder, DECODED)
            _decode_all(pictures, folder, target)
        manifest = _read_json(folder / "manifest.json")
        count = manifest["rows"]
        rows = np.memmap(folder / "rows", target.stored, "r", shape=(count, *target.shape))
        labels = np.load(folder / "labels.npy") if pictures.labels is not None else None
    broken = f", {len(manifest['broken'])} broken ones skipped" if manifest["broken"] else ""
    how = f", {resize} to {size}x{size}" if size else ""
    low, high = (manifest["low"], manifest["high"]) if target.deep and manifest["high"] > 255 else (0, 255)
    form = Form("images", target.shape, target.dtype, (high + low) / 2, (high - low) / 2, float(low), float(high))
    source = f"{pictures.source}{how}{broken}{changes}{pictures.remark}, cached in {folder}"
    return Dataset(pictures.name, rows, form, labels, pictures.label_names, source, manifest["sha256"])


def _is_whole(pictures: Pictures, folder: Path, target: Target) -> bool:
    """Whether the folder holds what `_finish` wrote for these pictures: every file exists and has the right size."""
    kinds = {"version": int, "rows": int, "shape": list, "sha256": str, "broken": dict}
    kinds |= {"low": int, "high": int} if target.deep else {}
    manifest = _read_json(folder / "manifest.json")
    if not isinstance(manifest, dict) or any(type(manifest.get(name)) is not kind for name, kind in kinds.items()):
        return False
    rows, file = manifest["rows"], folder / "rows"
    if (manifest["version"], manifest["shape"]) != (VERSION, list(target.shape)) or not 0 < rows <= pictures.total:
        return False
    if not file.is_file() or file.stat().st_size != rows * target.length:
        return False
    if manifest.get("modified") != file.stat().st_mtime_ns:  # it was copied or touched, so it is hashed once
        with file.open("rb") as opened:
            if hashlib.file_digest(opened, "sha256").hexdigest() != manifest["sha256"]:
                return False
        _write_json(folder / "manifest.json", manifest | {"modified": file.stat().st_mtime_ns})
    if pictures.labels is None:
        return True
    try:
        labels = np.load(folder / "labels.npy")
    except (OSError, ValueError, EOFError):
        return False
    return labels.dtype == np.int64 and labels.shape == (rows,) and bool(np.isin(labels, pictures.labels).all())


def _is_survey(saved: Any, total: int) -> bool:
    """Whether this is what `survey` wrote for `total` pictures."""
    try:
        good = sum(n for height, width, n in saved["sizes"] if min(height, width, n) > 0)
        kinds = saved["kinds"]
        if saved["sha256"] != _sha256({name: saved[name] for name in ("sizes", "kinds", "broken", "remarks")}):
            return False
        return good == sum(kinds.values()) == total - len(saved["broken"].keys()) and kinds.keys() <= KINDS
    except (TypeError, KeyError, ValueError, AttributeError):
        return False


def _sha256(found: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def _is_record(record: Any, total: int) -> bool:
    """Whether this is a record that `_decode_chunk` returned for a source of `total` pictures."""
    try:
        first = record["chunk"] * CHUNK
        count = min(CHUNK, total - first)
        numbers = [record[name] for name in ("chunk", "count", "low", "high")]
        whole = all(type(number) is int for number in numbers) and 0 <= first < total
        return whole and record["count"] == len(record["names"]) == count and {*record["names"]} >= {*record["broken"]}
    except (TypeError, KeyError):
        return False


def _discard(folder: Path, names: Iterable[str]) -> None:
    """Remove files that wgan did not write or that are damaged, and say on stderr that they are made anew."""
    found = [folder / name for name in names if os.path.lexists(folder / name)]
    if found:
        say(f"{str(folder)!r} holds damaged or foreign files; they are made anew.", err=True)
    for path in found:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _common_target(pictures: Pictures, found: Survey, size: int | None, resize: str) -> Target:
    channels, deep = channels_of(found.kinds), found.kinds[DEEP]
    if deep and len(found.kinds) > 1:
        raise WganError(
            f"{pictures.source} has {deep:,} images of 16 bits among {found.kinds.total():,}, so that no shade means "
            "the same in all of them; convert all to one number of bits"
        )
    dtype = "uint16" if deep else "uint8"
    if size:
        return Target(size, resize, (size, size, channels), dtype)
    if len(found.sizes) > 1:
        raise WganError(f"{pictures.source} holds {found}; give --size N to make all of them N x N pixels")
    return Target(None, resize, (*next(iter(found.sizes)), channels), dtype)


def _decode_all(pictures: Pictures, folder: Path, target: Target) -> None:
    _allocate(folder / "rows", pictures.total * target.length)
    journal = folder / "journal.jsonl"
    done = {record["chunk"]: record for record in _journal_records(journal) if _is_record(record, pictures.total)}
    whole = "".join(json.dumps(record) + "\n" for record in done.values())  # no incomplete last line
    journal.write_text(whole, encoding="utf-8")
    broken = {name: why for record in done.values() for name, why in record["broken"].items()}
    missing = [number for number in range(_chunk_count(pictures.total)) if number not in done]

    def decode_chunk(number: int) -> dict[str, Any]:
        return _decode_chunk(pictures, number, folder / "rows", target)

    with progress(f"{pictures.name}: decoding", pictures.total) as advance, journal.open("a", encoding="utf-8") as file:
        advance(sum(record["count"] for record in done.values()))
        for record in _in_parallel(decode_chunk, missing):
            file.write(json.dumps(record) + "\n")
            file.flush()
            done[record["chunk"]] = record
            for name, why in record["broken"].items():
                broken[name] = why
                advance(0, f"skipped {name}: {why}")
            _refuse_too_many_broken(pictures, broken)
            advance(record["count"])
    _finish(pictures, folder, target, [done[number] for number in sorted(done)])


def _decode_chunk(pictures: Pictures, number: int, path: Path, target: Target) -> dict[str, Any]:
    """Decode one chunk into its place; the returned record names broken pictures and gives the range of the pixels."""
    encoded = pictures.chunk(number)
    rows = np.zeros((len(encoded), *target.shape), target.stored)
    good, broken = [], {}
    for i, (name, source) in enumerate(encoded):
        pixels = _result_or_reason(decode, name, source, target.size, target.resize, target.shape[2], target.deep)
        if isinstance(pixels, np.ndarray) and pixels.shape == target.shape:
            rows[i] = pixels
            good.append(i)
        else:
            broken[name] = pixels if isinstance(pixels, str) else "its size differs from the other images"
    with path.open("r+b") as file:
        file.seek(number * CHUNK * target.length)
        file.write(rows.data)
    values = rows[good] if broken else rows
    record = {"chunk": number, "count": len(rows), "names": [name for name, _ in encoded], "broken": broken}
    return record | {"low": int(values.min(initial=np.iinfo(rows.dtype).max)), "high": int(values.max(initial=0))}


def _finish(pictures: Pictures, folder: Path, target: Target, records: list[dict]) -> None:
    """Fill the places of broken pictures with the last good ones, shorten the file and write the manifest.

    After a kill it runs again from the start and gives the same files.
    """
    names = [name for record in records for name in record["names"]]
    broken = {name: why for record in records for name, why in record["broken"].items()}
    bad = np.array([name in record["broken"] for record in records for name in record["names"]])
    count = int(np.count_nonzero(~bad))
    if count == 0:
        raise WganError(f"{pictures.source} has no readable image: {_first_three(broken)}; see whether they are images")
    low, high = min(record["low"] for record in records), max(record["high"] for record in records)
    if low == high:
        raise WganError(f"{pictures.source} is constant (every pixel is {low}); give images that differ")
    places = np.arange(len(names))
    holes, last = np.flatnonzero(bad[:count]), count + np.flatnonzero(~bad[count:])
    places[holes] = last
    length = target.length
    with (folder / "rows").open("r+b") as file:
        for hole, row in zip(holes, last, strict=True):
            file.seek(int(row) * length)
            moved = file.read(length)
            file.seek(int(hole) * length)
            file.write(moved)
        file.truncate(count * length)
        file.flush()
        os.fsync(file.fileno())
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    places = places[:count]
    if pictures.labels is not None:
        np.save(folder / "labels.npy", pictures.labels[places])
    _write_json(folder / "files.json", [names[place] for place in places])
    manifest = {"version": VERSION, "source": pictures.source, "rows": count, "shape": target.shape, "sha256": sha256}
    manifest |= {"low": low, "high": high} if target.deep else {}
    manifest |= {"label_names": pictures.label_names, "broken": broken}
    _write_json(folder / "manifest.json", manifest | {"modified": (folder / "rows").stat().st_mtime_ns})
    (folder / "journal.jsonl").unlink()


def _allocate(path: Path, size: int) -> None:
    """Make a file of this size and reserve its room on the disk. Raises WganError if there is too little."""
    have = path.stat().st_size if path.exists() else 0
    free = shutil.disk_usage(path.parent).free
    if size - have > free:
        raise WganError(
            f"the decoded images take {size / 1e9:,.1f} GB, but {str(path.parent)!r} has {free / 1e9:,.1f} GB free; "
            "make room, lower --size, or set XDG_CACHE_HOME to a larger disk"
        )
    if have != size:
        with path.open("ab") as file:
            file.truncate(size)
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)
        (path.parent / "journal.jsonl").unlink(missing_ok=True)


def _refuse_too_many_broken(pictures: Pictures, broken: dict[str, str]) -> None:
    allowed = max(FEW_BROKEN, int(BROKEN_SHARE * pictures.total))
    if len(broken) > allowed or len(broken) == pictures.total:
        raise WganError(
            f"{pictures.source} has {len(broken)} broken images among {pictures.total:,}, "
            f"but at most {allowed} are skipped: {_first_three(broken)}; mend or remove them"
        )


def _first_three(broken: dict[str, str]) -> str:
    return ", ".join(f"{name!r} ({why})" for name, why in list(broken.items())[:3])


def _result_or_reason(function: Callable, *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except BrokenPicture as problem:
        return str(problem)


def _in_parallel(function: Callable[[int], Any], numbers: Iterable[int]) -> Iterator[Any]:
    """The results in order, by one thread for each core: Pillow releases the GIL while it decodes and resizes."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with ThreadPoolExecutor(cores) as pool:
        try:
            yield from pool.map(function, numbers)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _chunk_count(count: int) -> int:
    return -(-count // CHUNK)


@contextmanager
def _locked_folder(pictures: Pictures, *parts: str) -> Iterator[Path]:
    """The cache folder of these pictures, locked by one process at a time while others wait."""
    folder = cache().joinpath("images", pictures.key[:32], *parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("ab") as lock:
            if sys.platform != "win32":
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder
    except OSError as error:
        raise WganError(f"cannot keep decoded images in {str(folder)!r} ({error}); set XDG_CACHE_HOME") from error


def _read_json(path: Path) -> Any:
    """The content of a JSON file; None if it is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError, ValueError, RecursionError):
        return None


def _write_json(path: Path, value: Any) -> None:
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        json.dump(value, file, indent=None if isinstance(value, list) else 1)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _journal_records(path: Path) -> Iterator[dict]:
    """The records of a journal up to the first incomplete line."""
    for line in path.read_bytes().splitlines() if path.exists() else []:
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            return
