"""Pictures as a memory-mapped array: they are decoded once and kept in the user's cache.

The name of a cache folder is a hash of its pictures. `rows` holds [n, height, width, channels] as bare bytes, uint8 or,
for greys of 16 bits, little-endian uint16, `labels.npy` and `files.json` have one entry for each row, and
`manifest.json`, written last, holds the rest and the hashes of the others. During decoding `journal.jsonl` names the
chunks that are done, with their checksums, so that decoding continues there after a kill. What does not have the size
and the hash that are stated is made again. The rows are hashed on the first use after their file got another size, time
or inode, since they may be many.
"""

import hashlib
import json
import os
import shutil
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

import numpy as np

from wgan.data.download import progress
from wgan.data.mapped import Mapped
from wgan.data.numpy_files import array_in
from wgan.data.packed import size_of
from wgan.data.pictures import DEEP, BrokenPicture, Header, channels_of, decode, header
from wgan.data.rows import Dataset, Form
from wgan.data.sealed import locked, read_sealed, sha256_of_file, stamp_of, write_sealed
from wgan.data.space_form import with_constants
from wgan.errors import WganError, setting
from wgan.files.memory import in_words
from wgan.files.printed import say
from wgan.files.reading import opened
from wgan.files.records import parsed
from wgan.files.writing import replacing, write

VERSION = 2  # of the decoding and its files; each version has its own caches
CHUNK = 128  # pictures for each record of the journal
BLOCK = 2**25  # bytes of rows that a thread keeps, unless one row is longer
NAMED = 10  # broken pictures whose names are told, at most
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
    chunk: Callable[[int], Iterable[Encoded]]
    labels: np.ndarray | None = None  # int64 [total]
    label_names: tuple[str, ...] = ()
    remark: str = ""  # on what of the source is left out, in words
    check: Callable[[], object] = lambda: None  # looks through the source before anything is made of it


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
        broken = f"; {len(self.broken):,} broken and left out: {_listed(self.broken)}" if self.broken else ""
        total = f"{self.total:,} image{'s' * (self.total != 1)}"
        return f"{total}: {', '.join(sizes)}{more} (width x height); {kinds}{broken}{self.changes}"

    @property
    def changes(self) -> str:
        """What decoding leaves out or changes, as the end of a sentence."""
        said = [f"{n:,} of {remark}" for remark, n in self.remarks.most_common()]
        if self.kinds["alpha"] and channels_of(self.kinds) == 3:
            said.append(f"{self.kinds['alpha']:,} with transparency, laid over white")
        return "".join(f"; {one}" for one in said)


class Headers(TypedDict):
    """The fields of headers.json."""

    sizes: list[tuple[int, int, int]]  # height, width, number
    kinds: dict[str, int]
    broken: dict[str, str]
    remarks: dict[str, int]


class Record(TypedDict):
    """A line of journal.jsonl: a chunk whose rows are written."""

    chunk: int
    names: list[str]
    broken: dict[str, str]
    low: int
    high: int
    crc: int  # of the rows, then of the other fields


class Manifest(TypedDict):
    """The fields of manifest.json."""

    version: int
    source: str
    rows: int
    shape: list[int]
    sha256: str  # of the rows
    low: int
    high: int
    label_names: list[str]
    broken: dict[str, str]
    files: dict[str, str]  # the SHA-256 of labels.npy and files.json
    stamp: list[int]  # of the file of rows when it was hashed


def _listed(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    first = list(names)
    more = f" and {len(first) - NAMED:,} more" if len(first) > NAMED else ""
    return ", ".join(map(repr, first[:NAMED])) + more


def survey(pictures: Pictures) -> Survey:
    """Read the headers of all pictures, once, into the cache. Raises WganError if too many pictures are broken."""
    with _locked_folder(pictures) as folder:
        if (saved := read_sealed(folder / HEADERS, Headers)) and _is_survey(saved, pictures.total):
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
        write_sealed(folder / HEADERS, found_json)
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
        manifest = _whole(pictures, folder, target)
        if manifest is None:
            if (folder / "manifest.json").exists() or any(_is_foreign(folder / name) for name in DECODED):
                _discard(folder, DECODED)
            _decode_all(pictures, folder, target)
            manifest = read_sealed(folder / "manifest.json", Manifest)
        if not _is_foreign(journal := folder / "journal.jsonl"):
            journal.unlink(missing_ok=True)  # here, for a kill may come after the manifest
        with opened(folder / "rows") as file:
            mapped = Mapped(folder / "rows", file)
            rows = np.memmap(file, target.stored, "r", shape=(manifest["rows"], *target.shape))
        labels = _labels(pictures, folder)
    broken = f", {len(manifest['broken'])} broken ones skipped" if manifest["broken"] else ""
    how = f", {resize} to {size}x{size}" if size else ""
    low, high = (manifest["low"], manifest["high"]) if target.deep and manifest["high"] > 255 else (0, 255)
    form = Form("images", target.shape, target.dtype, (high + low) / 2, (high - low) / 2, float(low), float(high))
    source = f"{pictures.source}{how}{broken}{changes}{pictures.remark}, cached in {folder}"
    dataset = Dataset(
        pictures.name, rows, form, labels, pictures.label_names, source, manifest["sha256"], mapped=mapped
    )
    return with_constants(dataset)


def _whole(pictures: Pictures, folder: Path, target: Target) -> Manifest | None:
    """The manifest, if every file that `_finish` wrote for these pictures has the stated size and hash, else None."""
    file, manifest = folder / "rows", read_sealed(folder / "manifest.json", Manifest)
    if manifest is None or (manifest["version"], manifest["shape"]) != (VERSION, list(target.shape)):
        return None
    if not 0 < manifest["rows"] <= pictures.total or _is_foreign(file) or not file.exists():
        return None
    if file.stat().st_size != manifest["rows"] * target.length:
        return None
    named = {"files.json"} | ({"labels.npy"} if pictures.labels is not None else set())
    if manifest["files"].keys() != named or any(
        manifest["files"][name] != sha256_of_file(folder / name) for name in named
    ):
        return None
    if manifest["stamp"] != (stamp := stamp_of(file)):
        if sha256_of_file(file) != manifest["sha256"]:
            return None
        manifest["stamp"] = stamp
        write_sealed(folder / "manifest.json", manifest)
    return manifest


def _labels(pictures: Pictures, folder: Path) -> np.ndarray | None:
    if pictures.labels is None:
        return None
    with opened(folder / "labels.npy") as labels:
        return array_in(labels, size_of(labels))


def _is_foreign(path: Path) -> bool:
    """Whether something here is not a file, so that wgan did not write it."""
    return os.path.lexists(path) and (path.is_symlink() or not path.is_file())


def _is_survey(saved: Headers, total: int) -> bool:
    """Whether this is what `survey` wrote for `total` pictures."""
    good, kinds = sum(n for height, width, n in saved["sizes"] if min(height, width, n) > 0), saved["kinds"]
    return good == sum(kinds.values()) == total - len(saved["broken"]) and kinds.keys() <= KINDS


def _is_done(record: Record, total: int, path: Path, target: Target) -> bool:
    """Whether `_decode_chunk` returned this record for a source of `total` pictures, and its rows are in the file."""
    first, names = record["chunk"] * CHUNK, record["names"]
    if not 0 <= first < total or len(names) != min(CHUNK, total - first) or not {*names} >= {*record["broken"]}:
        return False
    crc = 0
    with opened(path) as file:
        file.seek(first * target.length)
        for _ in names:
            crc = zlib.crc32(file.read(target.length), crc)
    return record["crc"] == _checksum(record, crc)


def _checksum(record: Record, crc: int) -> int:
    """The checksum of a record whose rows have the checksum `crc`."""
    return zlib.crc32(json.dumps({name: value for name, value in record.items() if name != "crc"}).encode(), crc)


def _discard(folder: Path, names: Iterable[str]) -> None:
    """Remove files that wgan did not write or that are damaged, and say on stderr that they are made again."""
    found = [folder / name for name in names if os.path.lexists(folder / name)]
    if found:
        say(f"{str(folder)!r} holds files that are damaged or from another program; they are made again.", err=True)
    for path in found:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _common_target(pictures: Pictures, found: Survey, size: int | None, resize: str) -> Target:
    channels, deep = channels_of(found.kinds), found.kinds[DEEP]
    if deep and len(found.kinds) > 1:
        raise WganError(
            f"{pictures.source} has {deep:,} images of 16 bits among {found.kinds.total():,}, so one number would mean "
            "different shades; convert all to one number of bits"
        )
    dtype = "uint16" if deep else "uint8"
    if size:
        return Target(size, resize, (size, size, channels), dtype)
    if len(found.sizes) > 1:
        raise WganError(
            f"{pictures.source} holds {found}; give {setting('size', 'N')} to make all of them N x N pixels"
        )
    return Target(None, resize, (*next(iter(found.sizes)), channels), dtype)


def _decode_all(pictures: Pictures, folder: Path, target: Target) -> None:
    path, journal = folder / "rows", folder / "journal.jsonl"
    pictures.check()
    if not journal.exists():
        path.unlink(missing_ok=True)  # another process may have mapped it
    _allocate(path, pictures.total * target.length)
    with progress(f"{pictures.name}: decoding", pictures.total) as advance:
        done: dict[int, Record] = {}
        for record in _journal_records(journal):
            if _is_done(record, pictures.total, path, target):
                done[record["chunk"]] = record
                advance(len(record["names"]))
        write(journal, "".join(json.dumps(record) + "\n" for record in done.values()).encode())
        broken = {name: why for record in done.values() for name, why in record["broken"].items()}
        missing = [number for number in range(_chunk_count(pictures.total)) if number not in done]

        def decode_chunk(number: int) -> Record:
            return _decode_chunk(pictures, number, path, target)

        with journal.open("a", encoding="utf-8") as file:
            for record in _in_parallel(decode_chunk, missing):
                file.write(json.dumps(record) + "\n")
                file.flush()
                done[record["chunk"]] = record
                for name, why in record["broken"].items():
                    broken[name] = why
                    advance(0, f"skipped {name}: {why}")
                _refuse_too_many_broken(pictures, broken)
                advance(len(record["names"]))
    _finish(pictures, folder, target, [done[number] for number in sorted(done)])


def _decode_chunk(pictures: Pictures, number: int, path: Path, target: Target) -> Record:
    """Decode one chunk into its place; the returned record names broken pictures and gives the range of the pixels."""
    record = Record(chunk=number, names=[], broken={}, low=int(np.iinfo(target.dtype).max), high=0, crc=0)
    encoded, crc, at_once = iter(pictures.chunk(number)), 0, max(1, min(CHUNK, BLOCK // target.length))
    with path.open("r+b") as file:
        file.seek(number * CHUNK * target.length)
        while True:
            rows, good, count = np.zeros((at_once, *target.shape), target.stored), [], 0
            for name, source in islice(encoded, at_once):
                pixels = _result_or_reason(
                    decode, name, source, target.size, target.resize, target.shape[2], target.deep
                )
                if isinstance(pixels, np.ndarray) and pixels.shape == target.shape:
                    rows[count] = pixels
                    good.append(count)
                else:
                    why = pixels if isinstance(pixels, str) else "its size differs from the other images"
                    record["broken"][name] = why
                record["names"].append(name)
                count += 1
            if not count:
                return record | {"crc": _checksum(record, crc)}
            crc = zlib.crc32(rows[:count].data, crc)
            file.write(rows[:count].data)
            if good:
                values = rows[good[0] : good[-1] + 1] if len(good) == good[-1] + 1 - good[0] else rows[good]
                record["low"] = min(record["low"], int(values.min()))
                record["high"] = max(record["high"], int(values.max()))


def _finish(pictures: Pictures, folder: Path, target: Target, records: list[Record]) -> None:
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
    places, files = places[:count], {"files.json": folder / "files.json"}
    write(files["files.json"], json.dumps([names[place] for place in places]).encode())
    if pictures.labels is not None:
        files["labels.npy"] = folder / "labels.npy"
        with replacing(files["labels.npy"]) as temporary, temporary.open("wb") as labels:
            np.save(labels, pictures.labels[places])
    manifest = Manifest(
        version=VERSION,
        source=pictures.source,
        rows=count,
        shape=list(target.shape),
        sha256=sha256,
        low=low,
        high=high,
        label_names=list(pictures.label_names),
        broken=broken,
        files={name: sha256_of_file(path) for name, path in files.items()},
        stamp=stamp_of(folder / "rows"),
    )
    write_sealed(folder / "manifest.json", dict(manifest))


def _allocate(path: Path, size: int) -> None:
    """Make a file of this size and reserve its room on the disk. Raises WganError if there is too little."""
    have = path.stat().st_size if path.exists() else 0
    free = shutil.disk_usage(path.parent).free
    if size - have > free:
        raise WganError(
            f"the decoded images take {in_words(size)}, {in_words(size - have - free)} more than are free in "
            f"{str(path.parent)!r}; make room, lower {setting('size')}, or set XDG_CACHE_HOME to a larger disk"
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
            f"but at most {allowed} are skipped: {_first_three(broken)}; repair or remove them"
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


def _locked_folder(pictures: Pictures, *parts: str) -> AbstractContextManager[Path]:
    """The cache folder of these pictures, locked by one process at a time while others wait."""
    return locked("images", pictures.key[:32], *parts)


def _journal_records(path: Path) -> Iterator[Record]:
    """The records of a journal up to the first incomplete line."""
    if not path.exists():
        return
    with opened(path) as file:
        for line in file:
            try:
                yield parsed(line, Record)
            except ValueError:
                return
