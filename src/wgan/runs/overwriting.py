"""What a command may write over: never a run's own files or its data, and another file only if that is asked for."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from wgan.errors import WganError, setting
from wgan.files.reading import explained
from wgan.runs import folder

OWN = re.compile(
    r"config\.json|log\.jsonl|evaluation\.json|\.lock|checkpoints(/.*)?|samples|samples/[0-9]{8,}\.(png|npy)|tensorboard(/.*)?",
    re.DOTALL,
)


def _ask() -> str:
    return f"give another name, or {setting('overwrite', True)} to replace it"


def check_file(out: Path, *sources: Path, overwrite: bool = False) -> None:
    """Raise WganError if `out` may not be written, which is to be asked before any work is done.

    `sources` are the run folders, or exported files, that the content comes from. Files that make a run and the data
    of the sources are refused always, under whatever name or link; any other file that exists, without `overwrite`.
    """
    _refuse_own(out)
    for source in sources:
        _refuse_source(out, source)
    with explained("write", out):
        if out.exists() and not out.is_file():
            raise WganError(f"cannot write {out}, which is not a regular file; give another name.")
        if not overwrite and os.path.lexists(out):
            raise WganError(f"{out} exists already; {_ask()}.")


def check_folder(out: Path, written: Callable[[str], bool], *sources: Path, overwrite: bool = False) -> None:
    """As `check_file`, for a folder into which files are written whose names `written` knows."""
    _refuse_own(out)
    for source in sources:
        _refuse_source(out, source)
    with explained("write", out):
        names = os.listdir(out) if out.exists() else []
    if not overwrite and (found := sorted(filter(written, names))):
        raise WganError(f"{out} holds {found[0]} already; {_ask()}.")


def is_chosen_by_wgan(out: Path) -> bool:
    """Whether `out` lies in a run folder, where the names that a command chooses itself are wgan's to replace."""
    return _is_run(out.parent)


def _refuse_own(out: Path) -> None:
    """Raise WganError for a file that a run cannot do without, as any name of it says."""
    for place in (Path(os.path.realpath(out)), Path(os.path.realpath(out.parent)) / out.name):
        for run in place.parents:
            if OWN.fullmatch(place.relative_to(run).as_posix()) and _is_run(run):
                raise WganError(f"{out} is one of the files that make the run {run}; give another name.")


def _refuse_source(out: Path, source: Path) -> None:
    if _same(out, source):
        raise WganError(f"{out} is also the input; give another name.")
    run = source if folder.is_run(source) else source.parent
    if not folder.is_run(run):
        return
    near = [Path(os.path.realpath(out))]
    for parent in near[0].parents:  # a run may lie in the folder of its data
        if _same(parent, run):
            break
        near.append(parent)
    for data in _data_of(run):
        if any(_same(one, data) for one in near):
            raise WganError(f"{out} belongs to the data of {run}, in {data}; give another name.")


def _data_of(run: Path) -> Iterator[Path]:
    """The files and folders of the data of a run, by all names that its config.json has for them."""
    saved = folder.read_config(run)
    about, name = saved.get("data", {}), str(saved["config"].get("data"))
    if "path" in about:
        yield Path(about["path"])
    if "from_run" in about:
        yield Path(os.path.realpath(run)) / about["from_run"]
    if "source" in about:  # a path or a sentence
        yield Path(about["source"])
    if "data_dir" in about:
        yield Path(about["data_dir"]) / name
        with explained("read", Path(about["data_dir"])):
            files = os.listdir(about["data_dir"]) if os.path.isdir(about["data_dir"]) else []
        found = (Path(about["data_dir"]) / file for file in files)
        yield from (path for path in found if not path.is_dir())
    if os.path.isfile(place := os.path.expanduser(name)):  # an earlier version kept no path
        yield Path(place)


def _same(one: Path, other: Path) -> bool:
    """Whether both are one file or folder, under any name or link."""
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):  # ValueError: a NUL, which no name has
        return False


def _is_run(path: Path) -> bool:
    return os.path.isfile(path / folder.CONFIG) and os.path.isdir(path / "checkpoints")
