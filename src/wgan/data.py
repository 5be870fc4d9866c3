"""Data sets: a name, a file or an array becomes one Dataset, its rows kept as they are on disk."""

import gzip
import hashlib
import math
import os
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import numpy as np

from wgan.errors import WganError, unknown_name
from wgan.streams import stream

TOY_ROWS = 50_000
NARROWEST = 1e-12  # spread over size; below it float64 keeps too few digits of the spread
LARGEST_EXACT = 2**53  # beyond it float64, in which rows are encoded, skips integers
DIGIT_NAMES = tuple("0123456789")
FASHION_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


@dataclass(frozen=True)
class Form:
    """What one row looks like at rest, and how it is encoded for training: (row - offset) / scale."""

    kind: str  # "images", "points" (2-D, drawn as a scatter) or "table"
    shape: tuple[int, ...]  # (height, width, channels) or (columns,)
    dtype: str  # numpy name of the dtype at rest, which decode gives back
    offset: float | tuple[float, ...]  # one for all, or one per column
    scale: float | tuple[float, ...]
    low: float | None  # decode clips to [low, high]; None: no bound
    high: float | None

    def encode(self, rows) -> np.ndarray:
        """Rows at rest [n, *shape] as float32 [n, *shape]: images in [-1, 1], columns with mean 0, sd 1.

        One-channel images may come as [n, height, width]. Raises WganError for any other shape.
        """
        rows = np.asarray(rows)
        if self.kind == "images" and (*rows.shape[1:], 1) == self.shape:
            rows = rows[..., np.newaxis]
        rows, offset, scale = self._numbers(rows)
        return ((rows - offset) / scale).astype(np.float32, copy=False)

    def decode(self, encoded) -> np.ndarray:
        """The inverse of encode: rows [n, *shape] in `dtype`, integers rounded, then clipped to [low, high].

        Raises WganError for another shape, or for NaN where `dtype` is not a float.
        """
        encoded, offset, scale = self._numbers(np.asarray(encoded))
        rows = encoded * scale + offset
        if np.dtype(self.dtype).kind != "f":
            if np.isnan(rows).any():
                raise WganError(f"got NaN to decode to {self.dtype}: the run diverged; use an earlier step")
            np.rint(rows, out=rows)
        if self.low is not None:
            np.clip(rows, self.low, self.high, out=rows)
        return rows.astype(self.dtype, copy=False)

    def _numbers(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if rows.ndim == 0 or rows.shape[1:] != self.shape:
            wanted = ", ".join(map(str, self.shape))
            raise WganError(f"got rows of shape {rows.shape}, not [n, {wanted}]; reshape them")
        # float32 holds a uint8 exactly; any other dtype needs float64 not to lose digits to a large offset.
        work = np.float32 if self.dtype == "uint8" else np.float64
        return rows.astype(work, copy=False), np.asarray(self.offset, work), np.asarray(self.scale, work)

    def to_json(self) -> dict:
        """The fields as a dict that json can write."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict) -> "Form":
        """The Form that to_json wrote, exactly; TypeError or ValueError for fields of another kind."""
        values: dict[str, Any] = {key: tuple(x) if isinstance(x, list) else x for key, x in fields.items()}
        form = cls(**values)
        np.zeros(form.shape, form.dtype)
        np.asarray([form.low or 0, form.high or 0, *np.ravel(form.offset), *np.ravel(form.scale)], np.float64)
        return form


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows at rest with their form.

    `rows` is C-contiguous and may be a memory map: uint8 [n, height, width, channels] for images of 0 to 255
    (others keep their dtype), float32 or float64 [n, columns] for tables and points.
    """

    name: str
    rows: np.ndarray
    form: Form
    labels: np.ndarray | None = None  # int64 [n]
    label_names: tuple[str, ...] = ()
    source: str = ""  # where it came from, for the log


@dataclass(frozen=True)
class DatasetInfo:
    """One entry of DATASETS; `make(data_dir, seed)` gives the Dataset."""

    name: str
    text: str
    make: Callable[[Path | None, int], Dataset]


def load(name_or_path: str | Path, *, data_dir: str | Path | None = None, seed: int = 0) -> Dataset:
    """The data set of this name, or the rows in this .npy or .npz file.

    `data_dir` is searched first for files of named sets; `seed` draws the toys. A Path is never a name.
    Raises WganError for an unknown name, a missing or unreadable file, or rows that cannot be trained on.
    """
    if isinstance(name_or_path, str) and name_or_path in DATASETS:
        return DATASETS[name_or_path].make(None if data_dir is None else Path(data_dir), seed)
    path = Path(os.path.expanduser(name_or_path))
    remedy = f"give a .npy or .npz file, or one of: {', '.join(DATASETS)}"
    if not path.exists():
        if isinstance(name_or_path, str) and not path.suffix and path.name == name_or_path:
            raise unknown_name("data set", name_or_path, DATASETS)
        raise WganError(f"no such file: {str(path)!r}; {remedy}")
    if path.is_dir():
        raise WganError(f"{str(path)!r} is a folder, which is not supported yet; {remedy}")
    if path.suffix not in (".npy", ".npz"):
        raise WganError(f"{str(path)!r} has the suffix {path.suffix!r}, which is not supported yet; {remedy}")
    rows, labels = _read_numpy(path)
    dataset = from_array(rows, name=path.name)
    if labels is not None:
        labels = _check_labels(labels, len(dataset.rows), path)
    return replace(dataset, name=path.stem, labels=labels, source=str(path))


def from_array(X, *, name: str = "array") -> Dataset:
    """An array, list or DataFrame as images, [n, height, width(, 1 | 3 | 4)], or as a table, [n, columns].

    Integer images within 0 to 255 are kept as uint8. Float images span [0, 1] or [-1, 1] where they fit, and
    others their minimum to maximum. Columns are standardised. Decoding gives back the dtype of X (float32 for
    float16). Raises WganError for anything that cannot be trained on.
    """
    try:
        array = np.asarray(X)
    except (TypeError, ValueError, RuntimeError) as error:
        raise WganError(f"{name} cannot become an array; give numbers in rows of one shape") from error
    if array.dtype.kind not in "biuf":
        raise WganError(f"{name} has dtype {array.dtype}, not real numbers; convert it, or drop the rest")
    if array.ndim not in (2, 3, 4):
        raise WganError(
            f"{name} has shape {array.shape}; reshape it to images [n, height, width] or "
            "[n, height, width, channels], or to a table [n, columns]"
        )
    if array.size == 0:
        raise WganError(f"{name} is empty (shape {array.shape}); give at least one row and one value a row")
    dtype = array.dtype.newbyteorder("=")
    if dtype.kind == "f":
        dtype = np.dtype(np.float64 if dtype.itemsize >= 8 else np.float32)
    array = np.ascontiguousarray(array, dtype=dtype)
    _check_values(array, name)
    if array.ndim == 2:
        return _table(array, name, getattr(X, "columns", range(array.shape[1])))
    return _images(array, name)


def _check_values(array: np.ndarray, name: str) -> None:
    bad = ~np.isfinite(array)
    if bad.any():
        first = tuple(int(i) for i in np.unravel_index(bad.argmax(), bad.shape))
        count = np.count_nonzero(bad)
        raise WganError(f"{name} has {count} NaN or infinite (the first at {first}); drop or fill those rows")
    low, high = array.min(), array.max()
    if low == high:
        raise WganError(f"{name} is constant (every value is {low}); give rows that differ")
    if array.dtype.kind in "iu" and max(-int(low), int(high)) > LARGEST_EXACT:
        raise WganError(f"{name} holds integers from {low} to {high}, beyond 2**53; rescale it or use floats")


def _images(array: np.ndarray, name: str) -> Dataset:
    if array.ndim == 3:
        array = array[..., np.newaxis]
    if array.shape[3] not in (1, 3, 4):
        if array.shape[1] in (1, 3, 4):
            raise WganError(f"{name} is channels first {array.shape}; transpose it: X.transpose(0, 2, 3, 1)")
        raise WganError(f"{name} has {array.shape[3]} channels {array.shape}; give images of 1, 3 or 4")
    dtype, low, high = array.dtype, float(array.min()), float(array.max())
    if dtype.kind == "f":
        usual = [(0.0, 1.0), (-1.0, 1.0)]
    elif dtype.kind == "b":
        usual = [(0.0, 1.0)]
    else:
        usual = [(0.0, 255.0)] if np.can_cast(np.uint8, dtype) else []
    low, high = next((span for span in usual if span[0] <= low and high <= span[1]), (low, high))
    if dtype.kind != "f" and (low, high) in usual:
        array = array.astype(np.uint8, copy=False)
    offset, scale = high / 2 + low / 2, high / 2 - low / 2
    if scale <= NARROWEST * max(-low, high):
        raise WganError(f"{name} spans only {low} to {high}; rescale it")
    form = Form("images", array.shape[1:], dtype.name, offset, scale, low, high)
    return Dataset(name, array, form, source=f"an array of {len(array):,} images")


def _table(array: np.ndarray, name: str, columns: Iterable) -> Dataset:
    constant = np.flatnonzero(array.min(axis=0) == array.max(axis=0))
    if len(constant):
        raise WganError(f"{name} is constant in column {list(columns)[constant[0]]!r}; drop that column")
    with np.errstate(all="ignore"):
        mean, sd = array.mean(axis=0, dtype=np.float64), array.std(axis=0, dtype=np.float64)
    odd = np.flatnonzero(~np.isfinite(mean) | ~np.isfinite(sd) | (sd <= NARROWEST * np.abs(mean)))
    if len(odd):
        raise WganError(f"{name} is too wide or narrow in column {list(columns)[odd[0]]!r}; rescale it")
    dtype, low, high = array.dtype, None, None
    if dtype.kind == "b":
        low, high = 0.0, 1.0
    elif dtype.kind != "f":
        low = float(max(np.iinfo(dtype).min, -LARGEST_EXACT))
        high = float(min(np.iinfo(dtype).max, LARGEST_EXACT))
    form = Form("table", array.shape[1:], dtype.name, tuple(mean.tolist()), tuple(sd.tolist()), low, high)
    rows = array if dtype.kind == "f" else array.astype(np.float64)
    return Dataset(name, rows, form, source=f"a table of {len(array):,} rows")


def split(dataset: Dataset, held_out: float, rows: int | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted, disjoint int64 indices into dataset.rows: (train, held).

    `held_out` is the share held out (at least one row, unless 0); `rows` of the others are kept at random, or
    all for None. Fewer `rows` give a subset of more. Raises WganError where there are too few.
    """
    total = len(dataset.rows)
    if not 0 <= held_out < 1:
        raise WganError(f"held_out is {held_out}; give a share of the rows of at least 0 and below 1")
    held = max(1, round(held_out * total)) if held_out else 0
    available = total - held
    if available < 1:
        raise WganError(f"held_out {held_out} leaves none of the {total} rows to train on; lower it")
    kept = available if rows is None else rows
    if not 1 <= kept <= available:
        raise WganError(f"rows is {kept}, but {available} can be trained on; give 1 to {available}")
    order = stream(seed, "held_out").permutation(total)
    return np.sort(order[held : held + kept]), np.sort(order[:held])


def _read_numpy(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"PK"
        if not zipped:
            return np.lib.format.open_memmap(path, mode="r"), None
        with path.open("rb") as file, np.load(file, allow_pickle=False) as loaded:
            label_key = next((key for key in ("y", "labels") if key in loaded.files), None)
            keys = [key for key in ("X", "images", "rows", "x") if key in loaded.files]
            keys = keys or [key for key in loaded.files if key != label_key]
            if len(keys) == 1:
                return loaded[keys[0]], None if label_key is None else loaded[label_key]
            found = ", ".join(loaded.files) or "none"
    except (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise WganError(
            f"cannot read {str(path)!r} (damaged, or of Python objects, which are never unpickled); "
            "write it anew with numpy.save"
        ) from error
    raise WganError(
        f"{str(path)!r} holds the arrays {found}; call exactly one of them X, images, rows or x, "
        "and the labels, if any, y or labels"
    )


def _check_labels(labels: np.ndarray, count: int, path: Path) -> np.ndarray:
    if labels.dtype.kind not in "iu" or labels.shape != (count,):
        raise WganError(
            f"{str(path)!r} has labels {labels.dtype} {labels.shape}; give {count} integers, one for each row"
        )
    return labels.astype(np.int64)


URLS = {
    "mnist": "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "fashion-mnist": "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
}
MD5 = {
    "mnist/train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "mnist/train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
    "mnist/t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
    "mnist/t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    "fashion-mnist/train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "fashion-mnist/train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "fashion-mnist/t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "fashion-mnist/t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
}
DOWNLOAD_TIMEOUT = 30.0  # seconds without a byte
SYSTEM_FOLDER = Path("/usr/share/datasets")  # Debian: apt install dataset-fashion-mnist


def read_idx(path: Path) -> np.ndarray:
    """The uint8 array in an IDX file, gzipped or not; raises WganError for a damaged one.

    Two zero bytes, a type (8: unsigned bytes), the number of axes, their uint32 lengths, big-endian, data.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise WganError(f"cannot read {str(path)!r} ({error.strerror}); check its permissions") from error
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise WganError(f"{str(path)!r} is a damaged gzip file ({error}); fetch it again") from error
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[3] == 0:
        raise WganError(f"{str(path)!r} is no IDX file (it begins {raw[:4].hex(' ')!r}); fetch it again")
    if raw[2] != 8:
        raise WganError(f"{str(path)!r} has IDX type 0x{raw[2]:02x}; give one of unsigned bytes (0x08)")
    header = 4 + 4 * raw[3]
    shape = struct.unpack(f">{raw[3]}I", raw[4:header]) if len(raw) >= header else ()
    expected = header + (math.prod(shape) if shape else 0)
    if len(raw) != expected:
        raise WganError(f"{str(path)!r} has {len(raw)} bytes, not the {expected} of its header; fetch it again")
    return np.frombuffer(raw, dtype=np.uint8, offset=header).reshape(shape)


def load_idx_pair(name: str, part: str = "train", data_dir: str | Path | None = None) -> Dataset:
    """The images and labels of "mnist" or "fashion-mnist": uint8 [n, 28, 28, 1].

    The part is "train" (60,000 rows) or "test" (10,000).
    Looks in data_dir, $WGAN_DATA, the user's cache and the system's folder, then downloads into the cache.
    Raises WganError where a file cannot be had, is damaged, or is not what its name says.
    """
    if name not in URLS:
        raise unknown_name("data set of IDX files", name, URLS)
    if part not in ("train", "test"):
        raise unknown_name("part", part, ("train", "test"))
    stem = "train" if part == "train" else "t10k"
    paths = _find(name, [f"{stem}-images-idx3-ubyte", f"{stem}-labels-idx1-ubyte"], data_dir)
    arrays = [read_idx(path) for path in paths]
    for path, array, axes, what in zip(paths, arrays, (3, 1), ("images", "labels"), strict=True):
        if array.ndim != axes:
            raise WganError(f"{str(path)!r} has shape {array.shape}, so it holds no {what}; fetch it again")
    images, labels = arrays
    if len(images) != len(labels):
        raise WganError(
            f"{str(paths[0])!r} has {len(images)} images but {str(paths[1])!r} {len(labels)} labels; "
            "fetch both from one place"
        )
    names = FASHION_NAMES if name == "fashion-mnist" else DIGIT_NAMES
    if labels.max(initial=0) >= len(names):
        raise WganError(f"{str(paths[1])!r} has the label {labels.max()}, not 0 to 9; fetch it again")
    dataset = from_array(images, name=name if part == "train" else f"{name}-test")
    return replace(dataset, labels=labels.astype(np.int64), label_names=names, source=str(paths[0]))


def _find(name: str, stems: list[str], data_dir: str | Path | None) -> list[Path]:
    # Both files from one folder: copies of MNIST exist whose rows are in another order.
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "wgan")
    folders = [root / name for root in (cache, SYSTEM_FOLDER)]
    if os.environ.get("WGAN_DATA"):
        folders.insert(0, Path(os.environ["WGAN_DATA"], name))
    if data_dir is not None:
        if not Path(data_dir).is_dir():
            raise WganError(f"data_dir {str(data_dir)!r} is no folder; make it, or leave data_dir out")
        folders[:0] = [Path(data_dir, name), Path(data_dir)]
    for folder in folders:
        found = [path for stem in stems if (path := _plain_or_gzipped(folder / stem))]
        if len(found) == len(stems):
            return found
    cached = cache / name
    return [_plain_or_gzipped(cached / stem) or _download(name, f"{stem}.gz", cached) for stem in stems]


def _plain_or_gzipped(path: Path) -> Path | None:
    return next((p for p in (path.with_name(f"{path.name}.gz"), path) if p.is_file()), None)


def _download(name: str, file: str, folder: Path) -> Path:
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress

    by_hand = f"put it by hand in {str(folder)!r}, or in {name}/ of a folder given as data_dir or WGAN_DATA"
    columns, console = (*Progress.get_default_columns(), DownloadColumn()), Console(stderr=True)
    digest, received = hashlib.md5(usedforsecurity=False), 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Beside its final place, so that the move is atomic; removed with the folder whatever interrupts.
        with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as temporary:
            part = Path(temporary, file)
            with (
                urlopen(URLS[name] + file, timeout=DOWNLOAD_TIMEOUT) as response,
                part.open("wb") as written,
                Progress(*columns, console=console) as progress,
            ):
                length = response.headers.get("Content-Length")
                task = progress.add_task(f"{name} {file}", total=int(length) if length else None)
                while chunk := response.read(1 << 16):
                    written.write(chunk)
                    digest.update(chunk)
                    received += len(chunk)
                    progress.update(task, completed=received)
            if length and received != int(length):
                raise WganError(f"{file} broke off at {received} of {length} bytes; try again, or {by_hand}")
            got, wanted = digest.hexdigest(), MD5[f"{name}/{file}"]
            if got != wanted:
                raise WganError(f"{file} came with MD5 {got}, not {wanted}; try again, or {by_hand}")
            return part.replace(folder / file)
    except (OSError, HTTPException) as error:
        if isinstance(error, HTTPError):
            error.close()
        raise WganError(f"cannot download {file} ({error}); {by_hand}") from error


def _digits(data_dir: Path | None, seed: int) -> Dataset:
    from sklearn.datasets import load_digits

    values, labels = load_digits(return_X_y=True)
    images = np.rint(np.asarray(values).reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    labels = np.asarray(labels, dtype=np.int64)
    dataset = from_array(images, name="digits")
    return replace(dataset, labels=labels, label_names=DIGIT_NAMES, source="scikit-learn's load_digits")


def toy(name: str, n: int, seed: int) -> Dataset:
    """A new sample of "8gaussians", "25gaussians" or "swissroll": float32 points [n, 2], labelled by mode.

    The constants are those of Gulrajani et al.'s gan_toy.py. Raises WganError for another name or n below 1.
    """
    if name not in TOYS:
        raise unknown_name("toy", name, TOYS)
    if n < 1:
        raise WganError(f"n is {n}; ask for at least 1 row")
    # The second word of the key keeps these draws apart from every purpose in wgan.streams.
    points, labels = TOYS[name](np.random.Generator(np.random.Philox(key=[seed, 1 << 32])), n)
    form = Form("points", (2,), "float32", 0.0, 1.0, None, None)
    return Dataset(name, points.astype(np.float32), form, labels, source=f"{n:,} points of seed {seed}")


def _eight_gaussians(random: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    angles = np.arange(8) * np.pi / 4
    centres = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    modes = random.integers(8, size=n)
    return (centres[modes] + 0.02 * random.standard_normal((n, 2))) / 1.414, modes


def _twenty_five_gaussians(random: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    centres = 2.0 * np.stack(np.divmod(np.arange(25), 5), axis=1) - 4
    modes = random.integers(25, size=n)
    return (centres[modes] + 0.05 * random.standard_normal((n, 2))) / 2.828, modes


def _swiss_roll(random: np.random.Generator, n: int) -> tuple[np.ndarray, None]:
    # scikit-learn's make_swiss_roll without its second dimension.
    angle = 1.5 * np.pi * (1 + 2 * random.random(n))
    roll = np.stack([angle * np.cos(angle), angle * np.sin(angle)], axis=1)
    return (roll + 0.25 * random.standard_normal((n, 2))) / 7.5, None


def _idx(name: str, text: str) -> DatasetInfo:
    return DatasetInfo(name, text, lambda data_dir, seed: load_idx_pair(name, "train", data_dir))


def _points(name: str, text: str) -> DatasetInfo:
    return DatasetInfo(name, text, lambda data_dir, seed: toy(name, TOY_ROWS, seed))


TOYS = {"8gaussians": _eight_gaussians, "25gaussians": _twenty_five_gaussians, "swissroll": _swiss_roll}

DATASETS = {
    info.name: info
    for info in [
        DatasetInfo("digits", "1,797 handwritten digits of 8x8, from scikit-learn (CC BY 4.0).", _digits),
        _idx("mnist", "60,000 handwritten digits of 28x28 (LeCun and Cortes, CC BY-SA 3.0)."),
        _idx("fashion-mnist", "60,000 articles of clothing of 28x28 (Zalando, MIT)."),
        _points("8gaussians", "50,000 points of 8 Gaussians on a circle."),
        _points("25gaussians", "50,000 points of 25 Gaussians on a grid."),
        _points("swissroll", "50,000 points of a Swiss roll with noise."),
    ]
}
