"""Only regular files are opened, only so many bytes are read, and what goes wrong is one sentence with the path."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from wgan.errors import WganError, a_kind

ROOM = "make room there, or choose another place"
REMEDIES = {
    errno.ENOENT: "see whether the name is right",
    errno.ENOTDIR: "see whether the name is right",
    errno.ELOOP: "see where the links lead",
    errno.EACCES: "change its permissions, or choose another place",
    errno.EPERM: "change its permissions, or choose another place",
    errno.EROFS: "choose another place",
    errno.ENOSPC: ROOM,
    errno.EDQUOT: ROOM,
    errno.EFBIG: "raise the limit of file sizes (ulimit -f), or choose another place",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EISDIR: "give a file's name",
    errno.EIO: "see whether the disk is damaged",
}


def as_path(value: object, name: str) -> Path:
    """A path that a program gives, as text or as a Path. Raises WganError, which calls it `name`, for anything else.

    Examples:
        >>> as_path(3, "out")
        Traceback (most recent call last):
        wgan.errors.WganError: out is an int; give a path, as text or as a Path.
    """
    if isinstance(value, os.PathLike) or (isinstance(value, str) and value):
        return Path(value)
    got = "empty" if isinstance(value, str) else a_kind(value)
    raise WganError(f"{name} is {got}; give a path, as text or as a Path.")


@contextmanager
def explained(do: str, path: Path) -> Iterator[None]:
    """Turn an OSError inside into a WganError that names the path, the reason and what to do."""
    try:
        yield
    except OSError as fault:
        raise WganError(f"cannot {do} {path} ({reason(fault)}); {remedy(fault)}.") from fault


def reason(fault: OSError) -> str:
    """The reason of an OSError without the path."""
    return fault.strerror or str(fault) or type(fault).__name__


def remedy(fault: OSError) -> str:
    """What to do about an OSError."""
    return REMEDIES.get(fault.errno or 0, "see whether the place can be used, or choose another one")


def opened(path: Path) -> BufferedReader:
    """Open a regular file to read its bytes, without waiting for the writer of a pipe.

    Raises WganError if it cannot be opened or is a folder, a pipe, a socket or a device.
    """
    with explained("read", path):
        return open(os.fspath(path), "rb", opener=_regular)


def _regular(path: str, flags: int) -> int:
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    try:
        refuse_irregular(Path(path), os.fstat(descriptor).st_mode)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def refuse_irregular(path: Path, mode: int | None = None) -> None:
    """Raise WganError unless `path` is a regular file, so that opening it cannot wait; `mode` is what `stat` says."""
    with explained("read", path):
        mode = path.stat().st_mode if mode is None else mode
    if not stat.S_ISREG(mode):
        kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
        raise WganError(f"{path} is {kinds.get(stat.S_IFMT(mode), 'a device')}, not a file; give a file's name.")


def read(path: Path, most: int) -> bytes:
    """The bytes of a regular file. Raises WganError if it cannot be read or has more than `most` bytes."""
    with opened(path) as file, explained("read", path):
        # what the file has, not `most`, since Python takes the memory for as many bytes as it is asked for
        data = file.read(min(most, os.fstat(file.fileno()).st_size) + 1)
    if len(data) > most:
        raise WganError(f"{path} has more than the {most:,} bytes that such a file can have; see whether it is right.")
    return data
