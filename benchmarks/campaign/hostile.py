"""Files that somebody made on purpose, or that are no files: each is given to the command that would open it.

A format is one such file; its number chooses the command and the place.
"""

import json
import os
import shutil
import socket
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.campaign.array_changes import checked, with_header
from benchmarks.campaign.cases import Case, Outcome, Part
from benchmarks.campaign.commands import quick, refused
from benchmarks.campaign.hostile_flags import flags
from benchmarks.campaign.hostile_names import WILD, wild_names
from benchmarks.campaign.hostile_places import changing, places
from benchmarks.campaign.picture_changes import SIGNATURE, chunk
from benchmarks.campaign.specimens import TINY

Made = Callable[[Case, Path, Path], Outcome]


def irregular(case: Case, room: Path, specimens: Path) -> Outcome:
    """Pipes, sockets, devices, folders and links without an end where a file is expected."""
    names = ("x.npy", "x.npz", "x.csv", "x.csv.gz", "x.parquet", "x.onnx", "x.safetensors", "p/x.png", "p/x.jpg",
    "lmdb/data.mdb",
             "run/config.json", "run/log.jsonl", "run/evaluation.json", "run/checkpoints/00000004/meta.json",
             "run/checkpoints/00000004/arrays.safetensors", "run/samples/00000004.png", "mnist/train-images-idx3-ubyte",
             "mnist/train-labels-idx1-ubyte", "cifar10/cifar-10-binary.tar")  # fmt: skip
    name, kind = names[case.number % len(names)], case.number // len(names) % 5
    path = room / name
    if name.startswith("run/"):
        shutil.copytree(specimens / "runs/images", room / "run")
        path.unlink()
    elif name.startswith(("mnist", "cifar10")):
        shutil.copytree(specimens / "data" / path.parent.name, path.parent)
        path.unlink()
    path.parent.mkdir(exist_ok=True)
    if name.startswith("p/"):
        shutil.copy(specimens / "data/png/0.png", path.with_name("good.png"))
    _irregular(path, kind)
    if name.startswith("run/"):
        return _run_commands(case, room)
    if name.startswith("mnist"):
        return quick(room, "data", "mnist", "--data-dir", path.parent).outcome if kind != 3 else Outcome("fine")
    if name.startswith("cifar10"):
        return quick(room, "data", "cifar10", "--data-dir", path.parent).outcome if kind != 3 else Outcome("fine")
    if path.suffix in (".onnx", ".safetensors"):
        return quick(room, "sample", path, "-n", 2).outcome
    if name.startswith(("p/", "lmdb/")):
        return quick(room, "data", path.parent, "--size", 8).outcome
    return quick(room, "data", path).outcome


def _irregular(path: Path, kind: int) -> None:
    if kind == 0:
        os.mkfifo(path)
    elif kind == 1:
        here = os.getcwd()
        os.chdir(path.parent)  # the name of a socket has to be short
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
        os.chdir(here)
    elif kind == 2:
        path.symlink_to("/dev/zero")
    elif kind == 3:
        path.mkdir()
    else:
        path.symlink_to(path.name)


def _run_commands(case: Case, room: Path) -> Outcome:
    run = room / "run"
    for arguments in (["sample", run, "-n", 2], ["report", run], ["data", "--stored", run], ["export", run]):
        outcome = quick(room, *arguments).outcome
        if outcome.kind not in ("fine", "refused"):
            return outcome._replace(where=f"{arguments[0]}: {outcome.where}")
    return Outcome("refused")


def bombs(case: Case, room: Path, specimens: Path) -> Outcome:
    """Small files that say they are, or unpack to, much more than the memory."""
    makers = (
        _npz_bomb,
        _npy_claims,
        _long_name,
        _wide_csv,
        _large_png,
        _csv_bomb,
        _idx_claims,
        _header_npy,
        _safetensors_claims,
    )
    return makers[case.number % len(makers)](room, specimens)


def _npz_bomb(room: Path, specimens: Path) -> Outcome:
    path, size = room / "bomb.npz", 3 * 2**30
    head = with_header(f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({size // 1024}, 1024), }}", b"")
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("x.npy", "w", force_zip64=True) as file,
    ):
        file.write(head)
        for _ in range(size // 2**24):
            file.write(bytes(2**24))
    return refused(quick(room, "data", path), "bomb.npz")


def _npy_claims(room: Path, specimens: Path) -> Outcome:
    path = room / "claims.npy"
    path.write_bytes(with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 1000), }", bytes(80)))
    return refused(quick(room, "data", path), "claims.npy")


def _long_name(room: Path, specimens: Path) -> Outcome:
    """A name of 3 GiB in a tar archive, packed to 3 MB."""
    folder = room / "cifar10"
    folder.mkdir()
    size = 3 * 2**30
    head = bytearray(tarfile.TarInfo("././@LongLink").tobuf(tarfile.GNU_FORMAT))
    head[124:136], head[156] = b"%011o\0" % size, ord("L")
    squeeze = zlib.compressobj(1, zlib.DEFLATED, 31)
    with (folder / "cifar-10-binary.tar.gz").open("wb") as file:
        file.write(squeeze.compress(checked(head)))
        block = b"a" * 2**24
        for _ in range(size // len(block)):
            file.write(squeeze.compress(block))
        file.write(squeeze.flush())
    return refused(quick(room, "data", "cifar10", "--data-dir", folder), "cifar-10")


def _wide_csv(room: Path, specimens: Path) -> Outcome:
    path, count = room / "wide.csv", 20_000
    rng = np.random.default_rng(0)
    lines = [",".join(f"c{k}" for k in range(count))]
    lines += [",".join(f"{value:.4g}" for value in rng.normal(size=count)) for _ in range(12)]
    path.write_text("\n".join(lines))
    outcome = quick(room, "train", path, *TINY, "--preset", "table", "--network", "mlp", "--out", room / "run").outcome
    return outcome


def _large_png(room: Path, specimens: Path) -> Outcome:
    folder = room / "large"
    folder.mkdir()
    squeeze = zlib.compressobj(9)
    rows = b"".join(squeeze.compress(bytes(30_001)) for _ in range(30_000)) + squeeze.flush()
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    (folder / "x.png").write_bytes(SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    return refused(quick(room, "data", folder, "--size", 8), "x.png")


def _csv_bomb(room: Path, specimens: Path) -> Outcome:
    path, squeeze = room / "bomb.csv.gz", zlib.compressobj(1, zlib.DEFLATED, 31)
    with path.open("wb") as file:
        file.write(squeeze.compress(b"a,b\n"))
        for _ in range(192):
            file.write(squeeze.compress(b"1.5,2.5\n" * 2**21))
        file.write(squeeze.flush())
    return refused(quick(room, "data", path), "bomb.csv.gz")


def _idx_claims(room: Path, specimens: Path) -> Outcome:
    shutil.copytree(specimens / "data/mnist", room / "mnist")
    (room / "mnist/train-images-idx3-ubyte").write_bytes(struct.pack(">BBBB3I", 0, 0, 8, 3, 2**24, 10, 10) + bytes(100))
    return refused(quick(room, "data", "mnist", "--data-dir", room / "mnist"), "train-images")


def _header_npy(room: Path, specimens: Path) -> Outcome:
    path = room / "header.npy"
    path.write_bytes(b"\x93NUMPY\2\0" + struct.pack("<I", 2**31) + b"(" * 10**6)
    return refused(quick(room, "data", path), "header.npy")


def _safetensors_claims(room: Path, specimens: Path) -> Outcome:
    path = room / "claims.safetensors"
    path.write_bytes(struct.pack("<Q", 10**8) + b'{"a":' + b"[" * 10**6)
    return refused(quick(room, "sample", path, "-n", 2), "claims.safetensors")


def claims(case: Case, room: Path, specimens: Path) -> Outcome:
    """A config, an exported file or flags that ask for more than the memory."""
    run = room / "run"
    shutil.copytree(specimens / "runs/images", run)
    kind = case.number % 6
    if kind < 3:
        saved = json.loads((run / "config.json").read_text())
        saved["config"] |= ({"width": 20_000}, {"latent": 10**9}, {"depth": 10**6})[kind]
        (run / "config.json").write_text(json.dumps(saved))
        return refused(quick(room, "sample", run, "-n", 2))
    if kind == 3:
        return refused(quick(room, "sample", run, "-n", 4611686018427387904))
    if kind == 4:
        return refused(
            quick(
                room,
                "train",
                specimens / "data/images.npy",
                "--network",
                "mlp",
                *TINY,
                "--width",
                1_000_000,
                "--out",
                room / "new",
            )
        )
    return refused(quick(room, "sample", run, "-n", 100_000_000, "--out", room / "x.npy"))


MADE: dict[str, Made] = {
    "irregular": irregular, "bombs": bombs, "claims": claims, "names": wild_names,
    "flags": flags, "changing": changing,
    "places": places,
}  # fmt: skip


def run(case: Case, room: Path, specimens: Path) -> Outcome:
    """Make the file and give it to its command."""
    return MADE[case.format](case, room, specimens)


PART = Part(
    formats={"irregular": 95, "bombs": 9, "claims": 6, "names": 4 * len(WILD), "flags": 720, "changing": 4,
    "places": 9},
    run=run, seconds=180, share=0.09,
)  # fmt: skip
