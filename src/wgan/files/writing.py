"""A file or a folder appears whole or not at all: it is written under a hidden name, synchronised, and renamed."""

import errno
import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedWriter
from pathlib import Path

import psutil

from wgan.errors import WganError
from wgan.files.reading import explained

TEMPORARY = re.compile(r"\..+\.tmp-([0-9]+)")  # the hidden name of a file that this process is writing
LONGEST = 40  # letters of a file's name in its hidden name, at most 4 bytes each: file systems allow 255 bytes


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A hidden path beside `path`, which is synchronised and takes the place of `path` if the block ends well.

    Missing folders are made. A link is followed, and the permissions of an earlier file are kept. Raises WganError if
    the disk refuses, or if `path` is something else than a regular file; the earlier file is then as it was.
    """
    with explained("write", path):
        target = Path(os.path.realpath(path))
        with suppress(FileNotFoundError):
            if not stat.S_ISREG(target.stat().st_mode):
                raise WganError(f"cannot write {path}, which is not a regular file; give another name.")
        target.parent.mkdir(parents=True, exist_ok=True)
        clear(target.parent)
        temporary = hidden(target)
        try:
            yield temporary
            if target.exists():
                shutil.copymode(target, temporary)
            sync(temporary)
            temporary.replace(target)
            sync(target.parent)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A hidden folder beside `path`, which becomes `path` if the block ends well; `path` must not exist before.

    Raises WganError if the disk refuses, and leaves nothing.
    """
    with explained("write", path):
        target = Path(os.path.realpath(path))
        if target.exists():
            raise WganError(f"{path} exists already; give another name.")
        target.parent.mkdir(parents=True, exist_ok=True)
        clear(target.parent)
        temporary = hidden(target)
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        try:
            yield temporary
            for file in (*temporary.rglob("*"), temporary):
                sync(file)
            temporary.rename(target)
            sync(target.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def filling_folder(path: Path) -> Iterator[Path]:
    """A hidden folder in the folder `path`, whose files take their places in `path` if the block ends well.

    Each file appears whole or not at all, and other files stay. Raises WganError if the disk refuses.
    """
    with explained("write", path):
        clear(path)
        temporary = hidden(path / "files")
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        try:
            yield temporary
            files = sorted(temporary.iterdir())
            for file in files:
                sync(file)
            for file in files:
                file.replace(path / file.name)
            sync(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def write(path: Path, data: bytes) -> None:
    """Write the bytes of a file, whole or not at all. Raises WganError if the disk refuses."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def hidden(path: Path) -> Path:
    """The name under which this process writes `path` before it is whole."""
    return path.with_name(f".{path.name[-LONGEST:]}.tmp-{os.getpid()}")


def clear(folder: Path) -> None:
    """Remove the hidden files and folders of writers that died."""
    for path in folder.glob(".*.tmp-*"):
        if (match := TEMPORARY.fullmatch(path.name)) and not another_writes(int(match[1])):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with suppress(OSError):
                    path.unlink()


def another_writes(writer: int) -> bool:
    """Whether another process with this number runs; a dead one may have had our own, as in a restarted container."""
    try:
        return writer != os.getpid() and psutil.pid_exists(writer)
    except OverflowError:
        return False


def lock_file(path: Path) -> BufferedWriter:
    """Open the file of a lock, and make it if it is missing; a pipe of that name does not wait for its reader."""
    return open(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "ab")


def sync(path: Path) -> None:
    """Wait until this file or folder is safe on the disk."""
    if os.name != "nt":  # Windows cannot open a folder
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as fault:
            if fault.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems cannot synchronise a folder
                raise
        finally:
            os.close(descriptor)
