"""A folder of pictures, whose subfolders are the labels."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from wgan.data.cache import CHUNK, VERSION, Encoded, Pictures
from wgan.data.foreign import how_to_convert
from wgan.data.pictures import SUFFIXES
from wgan.errors import WganError
from wgan.files.printed import shown
from wgan.files.reading import reason, remedy

# Suffixes of pictures and arrays that are not read; files with others, such as .txt, are not pictures.
UNREAD = (".gif", ".heic", ".heif", ".avif", ".jp2", ".jxl", ".ppm", ".pgm", ".tga", ".svg", ".dcm", ".npy", ".exr")
SINGLE = (".npz", ".h5", ".hdf5", ".csv", ".tsv", ".parquet")  # each such file holds all rows, so no folder is read


def folder_pictures(path: Path) -> Pictures:
    """All pictures in a folder and its subfolders, sorted by name, without hidden files and folders.

    The first subfolder of a picture is its label, if every picture lies in a subfolder and there are at least two.
    Raises WganError if there is no picture.
    """
    names, stamps, others = files_below(path, SUFFIXES)
    if not names:
        held = ", ".join(f"{n:,} {suffix or 'without a suffix'}" for suffix, n in others.most_common(3))
        single = [suffix for suffix in others if suffix in SINGLE]
        foreign = [how_to_convert(f"NAME{suffix}") for suffix, _ in others.most_common()]
        foreign = [how for how in foreign if "rows.npy" in how]  # a table beside other files is no row
        instead = f"name one of its {single[0]} files" if single else (foreign or ["name a folder that has images"])[0]
        raise WganError(
            f"{str(path)!r} has no images ({', '.join(SUFFIXES)}); it holds {held or 'nothing'}, so {instead}"
        )
    key = hashlib.sha256(f"folder {VERSION}".encode())
    for name, stamp in zip(names, stamps, strict=True):
        key.update(f"\0{name}\0{stamp}".encode(errors="surrogateescape"))
    labels, label_names = labels_of(names)

    def chunk(number: int) -> list[Encoded]:
        return [(shown(name), path / name) for name in names[number * CHUNK : (number + 1) * CHUNK]]

    left = {suffix: n for suffix, n in others.items() if suffix in UNREAD}
    remark = "; left out: " + ", ".join(f"{n:,} {suffix}" for suffix, n in left.items()) if left else ""
    title = shown(path.resolve().name or "images")
    label_names = tuple(map(shown, label_names))
    return Pictures(title, shown(path), key.hexdigest(), len(names), chunk, labels, label_names, remark)


def labels_of(names: list[str]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """The label of each file, and the names of the labels: the first subfolder of the file's name.

    There are none unless every file lies in a subfolder, and there are at least two of them.
    """
    classes = [name.partition(os.sep)[0] if os.sep in name else "" for name in names]
    label_names = tuple(sorted(set(classes)))
    if "" in label_names or len(label_names) < 2:
        return None, ()
    number = {name: i for i, name in enumerate(label_names)}
    return np.array([number[name] for name in classes], np.int64), label_names


def files_below(path: Path, suffixes: tuple[str, ...]) -> tuple[list[str], list[str], Counter]:
    """The sorted names of the files with these suffixes, their sizes and times, and the number of others by suffix."""
    found, others = [], Counter[str]()
    for folder, names in walked(path):
        for name in names:
            if (suffix := suffix_of(name)) not in suffixes:
                others[suffix] += 1
                continue
            whole = os.path.join(folder, name)
            try:
                stamp = stamp_of_source(Path(whole))
            except OSError:
                stamp = "gone"  # a link to nothing, which is named as broken when it is read
            found.append((os.path.relpath(whole, path), stamp))
    found.sort()
    return [name for name, _ in found], [stamp for _, stamp in found], others


def stamp_of_source(path: Path) -> str:
    """The size and time of a file, as the key of a cache has them."""
    status = os.stat(path)
    return f"{status.st_size} {status.st_mtime_ns}"


def suffix_of(name: str) -> str:
    """The last suffix of a file's name in small letters, with the one before `.gz` where that is `.nii`."""
    return ".nii.gz" if name.lower().endswith(".nii.gz") else os.path.splitext(name)[1].lower()


def walked(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Each folder in `path`, which comes first, and the names of the files in it, without hidden ones."""
    seen = set()

    def refuse(fault: OSError) -> None:
        raise WganError(f"cannot read the folder {fault.filename} ({reason(fault)}); {remedy(fault)}.") from fault

    for folder, subfolders, files in os.walk(path, followlinks=True, onerror=refuse):
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:  # a link to a folder that was already seen
            subfolders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        yield folder, [name for name in files if not name.startswith(".")]
