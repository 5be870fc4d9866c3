"""The formats of the fuzzing: where a damaged file is put, how it is changed, and which code of wgan reads it."""

import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.campaign import (
    array_changes,
    json_changes,
    model_changes,
    picture_changes,
    random_changes,
    table_changes,
)
from benchmarks.campaign.cases import Outcome
from benchmarks.campaign.specimens import TINY
from benchmarks.campaign.watched import command

Changed = Callable[[bytes, random.Random], bytes]
Reader = Callable[[Path, Path], Outcome | None]


class Format(NamedTuple):
    """`place` copies what is needed into a room and returns the file to damage; a case takes one of `readers`.

    `readers` get the room and the damaged file. `names` is whether a refusal has to name the file.
    """

    place: Callable[[Path, Path, random.Random], Path]
    changes: tuple[Changed, ...]
    readers: tuple[Reader, ...]
    names: bool = True


# Where the file lies


def data(*names: str) -> Callable[[Path, Path, random.Random], Path]:
    """One of these files of data, alone in the room."""

    def place(room: Path, specimens: Path, rng: random.Random) -> Path:
        name = rng.choice(names)
        return Path(shutil.copy2(specimens / "data" / name, room / name))

    return place


def below(folder: str, *files: str) -> Callable[[Path, Path, random.Random], Path]:
    """One of these files in a copy of the folder."""

    def place(room: Path, specimens: Path, rng: random.Random) -> Path:
        source = specimens / folder
        shutil.copytree(source, room / source.name)
        found = sorted(room.glob(f"{source.name}/{rng.choice(files)}"))
        return rng.choice(found)

    return place


def of_run(*files: str) -> Callable[[Path, Path, random.Random], Path]:
    """One of these files in a copy of a run."""

    def place(room: Path, specimens: Path, rng: random.Random) -> Path:
        runs = [
            run for run in sorted((specimens / "runs").iterdir()) if any(True for one in files for _ in run.glob(one))
        ]
        source = rng.choice(runs)
        shutil.copytree(source, room / "run")
        return rng.choice([path for one in files for path in sorted((room / "run").glob(one))])

    return place


def exported(suffix: str) -> Callable[[Path, Path, random.Random], Path]:
    """An exported generator."""

    def place(room: Path, specimens: Path, rng: random.Random) -> Path:
        source = rng.choice(sorted((specimens / "exported").glob(f"*{suffix}")))
        return Path(shutil.copy2(source, room / source.name))

    return place


def cached(room: Path, specimens: Path, rng: random.Random) -> Path:
    """A file of the cache of decoded pictures."""
    shutil.copytree(specimens / "data/many", room / "many")
    shutil.copytree(specimens / "cache" / rng.choice(("whole", "begun")), room / "home/.cache")
    found = [path for path in sorted((room / "home/.cache").rglob("*")) if path.is_file() and path.stat().st_size]
    return rng.choice(found)


# What reads it


def load(room: Path, path: Path) -> None:
    """The API."""
    from wgan import data as sets

    sets.load(path)


def describe(room: Path, path: Path) -> Outcome:
    """The command that describes data."""
    return command("data", path)


def load_pictures(room: Path, path: Path) -> None:
    """The folder of a picture as rows."""
    from wgan import data as sets

    sets.load(path.parent, size=8)


def look(room: Path, path: Path) -> Outcome:
    """The command that reads the headers of pictures."""
    return command("data", path.parent)


def load_lmdb(room: Path, path: Path) -> None:
    """An LMDB as rows."""
    from wgan import data as sets

    sets.load(path.parent, size=8)


def load_named(name: str) -> Reader:
    """A named set whose files lie in the room."""

    def read(room: Path, path: Path) -> None:
        from benchmarks.campaign.specimens import small_cifar
        from wgan import data as sets

        small_cifar()
        sets.load(name, data_dir=path.parent)

    return read


def run_of(path: Path) -> Path:
    """The folder of the run that holds the file."""
    return next(folder for folder in path.parents if folder.name == "run")


def sample(room: Path, path: Path) -> Outcome:
    """Samples of a run, as a picture or as a table."""
    return command("sample", run_of(path), "-n", 3)


def sample_best(room: Path, path: Path) -> Outcome:
    """Samples of the best checkpoint."""
    return command("sample", run_of(path), "-n", 3, "--step", "best", "--out", room / "tmp/samples.npz")


def open_run(room: Path, path: Path) -> None:
    """The run by the API."""
    import wgan

    wgan.load(run_of(path)).sample(2)


def report(room: Path, path: Path) -> Outcome:
    """The page on a run."""
    return command("report", run_of(path))


def stored(room: Path, path: Path) -> Outcome:
    """What a run holds of its data."""
    return command("data", "--stored", run_of(path))


def export_run(room: Path, path: Path) -> Outcome:
    """The generator with its card; without the card there must be no weights."""
    out = room / "tmp/generator.safetensors"
    found = command("export", run_of(path), "--out", out)
    if found.kind == "refused" and out.exists():
        return Outcome("half", found.words, "weights without their card")
    return found


def resume(room: Path, path: Path) -> Outcome:
    """The training continues."""
    run = run_of(path)
    known = {"images.npy": ["--network", "mlp"], "table.csv": ["--preset", "table", "--network", "mlp"],
             "classes.npz": ["--network", "dcgan", "--conditional", "projection"]}  # fmt: skip
    checkpoints = run / "checkpoints"
    if (newest := checkpoints / "00000004").exists() and newest not in path.parents:
        shutil.rmtree(newest)  # so that there is something to do
    text = (run / "config.json").read_bytes().decode("utf-8", "replace")
    name = next((name for name in known if name in text), "images.npy")
    with_data = Path(os.environ["CAMPAIGN_SPECIMENS"]) / "data" / name
    return command("train", with_data, *known[name], *TINY, "--out", run)


def sample_exported(room: Path, path: Path) -> Outcome:
    """Samples of an exported file."""
    return command("sample", path, "-n", 3, "--out", room / "tmp/samples.npz")


def load_cached(room: Path, path: Path) -> Outcome:
    """Pictures whose cache is damaged: the rows must be those of the pictures all the same."""
    import numpy as np

    from wgan import data as sets

    rows = sets.load(room / "many", size=8).rows
    wanted = np.memmap(
        next((Path(os.environ["CAMPAIGN_SPECIMENS"]) / "cache/whole").rglob("rows")),
        np.uint8,
        "r",
        shape=(260, 8, 8, 3),
    )
    if rows.shape != wanted.shape or not np.array_equal(rows, wanted):
        return Outcome("wrong", f"rows {rows.shape} of a damaged cache", f"wrong rows by {path.name}")
    return Outcome("fine")


OF_CONFIG = (sample, report, open_run, stored, resume, export_run, sample_best)
FORMATS: dict[str, Format] = {
    "npy": Format(data("images.npy", "table.npy"), (array_changes.npy,), (load, describe)),
    "npz": Format(data("classes.npz", "plain.npz"), (array_changes.npz,), (load, describe)),
    "csv": Format(data("table.csv"), (table_changes.csv_text,), (load, describe, load)),
    "packed-csv": Format(
        data("table.csv.gz", "table.csv.bz2", "table.csv.xz", "table.csv.zip"),
        (table_changes.csv_text,),  # before it is packed again
        (load, describe),
    ),
    "parquet": Format(data("table.parquet"), (table_changes.parquet,), (load, describe)),
    "idx": Format(below("data/mnist", "*"), (array_changes.idx,), (load_named("mnist"),)),
    "cifar": Format(below("data/cifar10", "*"), (array_changes.tar,), (load_named("cifar10"),)),
    "png": Format(below("data/png", "*"), (picture_changes.png,), (load_pictures, look), names=False),
    "jpeg": Format(below("data/jpg", "*"), (picture_changes.jpeg,), (load_pictures, look), names=False),
    "tiff": Format(below("data/tif", "*"), (picture_changes.tiff,), (load_pictures, look), names=False),
    "webp": Format(below("data/webp", "*"), (picture_changes.riff,), (load_pictures, look), names=False),
    "bmp": Format(below("data/bmp", "*"), (picture_changes.bmp,), (load_pictures, look), names=False),
    "lmdb": Format(below("data/lmdb", "data.mdb"), (array_changes.lmdb,), (load_lmdb,), names=False),
    "cache": Format(cached, (json_changes.changed_lines,), (load_cached,), names=False),
    "config.json": Format(of_run("config.json"), (json_changes.changed_text,), OF_CONFIG, names=False),
    "meta.json": Format(
        of_run("checkpoints/*/meta.json"),
        (model_changes.sealed_meta,),
        (sample, resume, report, sample_best),
        names=False,
    ),
    "checkpoint": Format(
        of_run("checkpoints/*/arrays.safetensors"), (model_changes.safetensors,), (sample, resume), names=False
    ),
    "log.jsonl": Format(of_run("log.jsonl"), (json_changes.changed_lines,), (report, resume, sample_best), names=False),
    "evaluation.json": Format(
        of_run("evaluation.json"), (json_changes.changed_text,), (report, export_run), names=False
    ),
    "samples": Format(of_run("samples/*.png"), (picture_changes.png,), (report,), names=False),
    "safetensors": Format(exported(".safetensors"), (model_changes.safetensors,), (sample_exported,)),
    "onnx": Format(exported(".onnx"), (model_changes.onnx,), (sample_exported,)),
}


def damage(form: Format, path: Path, rng: random.Random) -> None:
    """Damage the file: by what is known of its format, or at random in two of five cases."""
    whole = path.read_bytes()
    random_one = rng.random() < 0.4
    damaged = random_changes.changed(whole, rng) if random_one else changed_by_format(form, path, whole, rng)
    path.write_bytes(damaged)


def changed_by_format(form: Format, path: Path, whole: bytes, rng: random.Random) -> bytes:
    """The bytes changed by what is known of the format."""
    if path.name.startswith("table.csv."):
        plain = (Path(os.environ["CAMPAIGN_SPECIMENS"]) / "data/table.csv").read_bytes()
        return table_changes.packed_csv(plain, path.suffix, rng)
    if path.suffix == ".json" and form is FORMATS["cache"]:
        return json_changes.changed_text(whole, rng)
    if path.name in ("rows", "labels.npy"):
        return rng.choice((bytes(len(whole)), whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2)))
    if path.name == "arrays.safetensors":
        return _with_seal(path, rng.choice(form.changes)(whole, rng))
    return rng.choice(form.changes)(whole, rng)


def _with_seal(path: Path, data: bytes) -> bytes:
    """The bytes of a checkpoint's arrays, after its meta.json has got their length and checksum."""
    meta = path.with_name("meta.json")
    record = json.loads(meta.read_text())
    record |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    del record["meta_sha256"]
    seal = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
    meta.write_text(json.dumps(record | {"meta_sha256": seal}))
    return data
