"""Whole files of every format, from which the cases are made, and runs that were trained for some steps."""

import bz2
import contextlib
import gzip
import io
import json
import lzma
import os
import struct
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

TINY = ["--width", "4", "--latent", "2", "--batch", "8", "--n-critic", "1", "--steps", "4", "--log-every", "1",
        "--diagnose-every", "2", "--sample-every", "2", "--checkpoint-every", "2", "--engine", "torch"]  # fmt: skip
RUNS = {
    "images": ["images.npy", "--network", "mlp"],
    "table": ["table.csv", "--preset", "table", "--network", "mlp"],
    "classes": ["classes.npz", "--network", "dcgan", "--conditional", "projection"],
}
PICTURES = {"png": {}, "jpg": {"quality": 80}, "tif": {}, "webp": {}, "bmp": {}}


def make(folder: Path, runs: Iterable[str] = RUNS, measured: bool = True) -> None:
    """Write all specimens below this folder, which must not exist before.

    `runs` are trained and exported; with `measured` they are evaluated, and caches of pictures are made.
    """
    data = folder / "data"
    data.mkdir(parents=True)
    rng = np.random.default_rng(0)
    _arrays(data, rng)
    _tables(data, rng)
    _named_sets(data, rng)
    _pictures(data)
    _lmdb(data / "lmdb")
    for name in runs:
        run = folder / "runs" / name
        wgan("train", data / RUNS[name][0], *RUNS[name][1:], *TINY, "--out", run)
        for suffix in ("onnx", "safetensors"):
            wgan("export", run, "--out", folder / "exported" / f"{name}.{suffix}")
        if measured and name != "classes":
            wgan("evaluate", run, "--samples", 64, "--features", "pca" if name == "images" else "auto")
    if measured:
        _cache(folder)


def wgan(*arguments: object, cache: Path | None = None) -> None:
    """Run a command of wgan in this process; it must succeed."""
    from wgan import cli

    before, given = os.environ.get("XDG_CACHE_HOME"), sys.argv
    os.environ["XDG_CACHE_HOME"] = str(cache or os.devnull)
    sys.argv = ["wgan", *map(str, arguments)]
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            cli.main()
    except SystemExit as end:
        if end.code:
            raise SystemExit(f"the specimens cannot be made: {' '.join(sys.argv)}\n{said.getvalue()}") from None
    finally:
        sys.argv = given
        os.environ.pop("XDG_CACHE_HOME")
        os.environ |= {"XDG_CACHE_HOME": before} if before else {}


def _arrays(data: Path, rng: np.random.Generator) -> None:
    images = rng.integers(0, 256, (400, 8, 8), np.uint8)
    np.save(data / "images.npy", images)
    np.save(data / "table.npy", rng.normal(size=(40, 3)).astype(np.float32))
    np.savez_compressed(data / "classes.npz", rows=images[:60], labels=np.array(["cat", "dog", "é"])[np.arange(60) % 3])
    np.savez(data / "plain.npz", X=rng.normal(size=(30, 2)), y=np.arange(30) % 2)


def _tables(data: Path, rng: np.random.Generator) -> None:
    lines = ["age,city,paid,when,note,code"]
    for i in range(300):
        gap = "" if i % 9 == 0 else f"{rng.normal(40, 9):.2f}"
        city = ("Berlin", "Wien", '"a, b"', "Zürich")[i % 4]
        lines.append(f"{gap},{city},{('yes', 'no')[i % 2]},2024-{i % 12 + 1:02d}-0{i % 9 + 1},x{i % 5},{i % 7}")
    text = ("\n".join(lines) + "\n").encode()
    (data / "table.csv").write_bytes(text)
    (data / "table.tsv").write_bytes(text.replace(b'"a, b"', b"ab").replace(b",", b"\t"))
    for suffix, packed in (
        ("gz", gzip.compress(text, mtime=0)),
        ("bz2", bz2.compress(text)),
        ("xz", lzma.compress(text)),
    ):
        (data / f"table.csv.{suffix}").write_bytes(packed)
    with zipfile.ZipFile(data / "table.csv.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("table.csv", text)
    import pandas as pd

    frame = pd.read_csv(io.BytesIO(text), parse_dates=["when"])
    frame["kind"], frame["big"] = pd.Categorical(frame["city"]), np.arange(len(frame)) * 3.5
    frame["whole"] = pd.array([None, *range(1, len(frame))], "Int64")
    frame.set_index("code").to_parquet(data / "table.parquet")


def _named_sets(data: Path, rng: np.random.Generator) -> None:
    """Small sets in the form of MNIST and CIFAR; see `small_cifar`."""
    (data / "mnist").mkdir()
    images, labels = rng.integers(0, 256, (30, 28, 28), np.uint8), (np.arange(30) % 10).astype(np.uint8)
    for stem, array in (("images-idx3", images), ("labels-idx1", labels)):
        head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
        (data / "mnist" / f"train-{stem}-ubyte").write_bytes(head + array.tobytes())
    (data / "cifar10").mkdir()
    with tarfile.open(data / "cifar10/cifar-10-binary.tar", "w", format=tarfile.GNU_FORMAT) as archive:
        for file in [*(f"data_batch_{k}.bin" for k in range(1, 6)), "test_batch.bin"]:
            rows = rng.integers(0, 256, (CIFAR_ROWS, 3073), np.uint8)
            rows[:, 0] %= 10
            _add(archive, f"cifar-10-batches-bin/{file}", rows.tobytes())
        _add(archive, "cifar-10-batches-bin/batches.meta.txt", "\n".join(f"class{k}" for k in range(10)).encode())


CIFAR_ROWS = 2  # in each file of the small archive


def small_cifar() -> None:
    """Let wgan expect archives with so few rows; whole ones have 180 MB, too much for thousands of cases."""
    from wgan.data import cifar

    for name in cifar.ROWS_A_FILE:
        cifar.ROWS_A_FILE[name] = CIFAR_ROWS


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def picture(number: int, mode: str = "RGB") -> Image.Image:
    """A smooth picture of 12 x 10 pixels."""
    y, x = np.mgrid[:10, :12]
    waves = [128 + 100 * np.sin((x * (k + 1) + y * (3 - k) + 7 * number) / 6) for k in range(3)]
    return Image.fromarray(np.stack(waves, -1).astype(np.uint8)).convert(mode)


def encoded(image: Image.Image, suffix: str, **options: Any) -> bytes:
    """The bytes of an image file."""
    file = io.BytesIO()
    image.save(file, {"jpg": "jpeg", "tif": "tiff"}.get(suffix, suffix), **options)
    return file.getvalue()


def _pictures(data: Path) -> None:
    for suffix, options in PICTURES.items():
        folder = data / suffix
        folder.mkdir()
        for number in range(4):
            (folder / f"{number}.{suffix}").write_bytes(encoded(picture(number), suffix, **options))
    (data / "many").mkdir()
    for number in range(260):  # three chunks of the journal of the cache
        (data / "many" / f"{number:03d}.png").write_bytes(encoded(picture(number), "png"))
        os.utime(data / "many" / f"{number:03d}.png", (10**9, 10**9))  # the key of the cache holds sizes and times


def _lmdb(folder: Path) -> None:
    import lmdb

    with lmdb.open(str(folder), map_size=2**20) as environment, environment.begin(write=True) as transaction:
        for number in range(40):
            content = encoded(picture(number), "webp" if number % 3 else "png")
            transaction.put(f"{number * 2654435761 % 2**32:08x}".encode(), content * (1 if number % 5 else 12))


def _cache(folder: Path) -> None:
    """A whole cache of decoded pictures, and one that a kill left in the midst of its journal."""
    for name in ("whole", "begun"):
        wgan("data", folder / "data/many", "--size", 8, cache=folder / "cache" / name)
    made = next((folder / "cache/begun/wgan/images").glob("*/8-*"))
    manifest = json.loads((made / "manifest.json").read_text())
    names = json.loads((made / "files.json").read_text())
    record = {"chunk": 0, "count": 128, "names": names[:128], "broken": {}, "low": 0, "high": 255}
    (made / "journal.jsonl").write_text(json.dumps(record) + "\n")
    row = (made / "rows").stat().st_size // manifest["rows"]
    with (made / "rows").open("r+b") as file:
        file.seek(128 * row)
        file.write(bytes((manifest["rows"] - 128) * row))
    for left in ("manifest.json", "files.json"):
        (made / left).unlink()
