"""What is free, and a refusal that names the number to give instead, before memory is taken."""

import sys
from pathlib import Path

import psutil

from wgan.errors import WganError

SHARE = 0.9  # of the free memory that one thing may take: forecasts leave out small parts

if sys.platform != "win32":
    import resource

CGROUP = Path("/sys/fs/cgroup")
LIMITS = (("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"))


def free() -> int:
    """The bytes of memory that this process can still take: by the machine, its container and `ulimit -v`."""
    least = psutil.virtual_memory().available
    if sys.platform != "win32":
        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            least = min(least, limit - psutil.Process().memory_info().vms)
    for limit_file, used_file in LIMITS:
        try:
            least = min(least, int((CGROUP / limit_file).read_bytes()) - int((CGROUP / used_file).read_bytes()))
        except (OSError, ValueError):  # no container, or one without a limit, which says "max"
            continue
    return max(0, least)


def refuse_few_addresses(needed: float, what: str) -> None:
    """Raise WganError if `ulimit -v` leaves fewer bytes of addresses than a library maps when it is imported."""
    if sys.platform == "win32":
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    left = limit - psutil.Process().memory_info().vms
    if limit != resource.RLIM_INFINITY and left < needed:
        raise WganError(
            f"{what} needs {in_words(needed)} of addresses, but the limit of this process leaves {in_words(left)}; "
            "raise it with ulimit -v unlimited."
        )


def refuse_more_than_free(needed: float, what: str, instead: str) -> None:
    """Raise WganError if `what` takes more bytes than are free; `instead` says which number to give."""
    found = free()
    if needed > SHARE * found:
        raise WganError(f"{what} takes {in_words(needed)} of memory, but {in_words(found)} are free; {instead}.")


def in_words(count: float) -> str:
    """A number of bytes with two digits and a unit.

    Examples:
        >>> in_words(3_140_000_000), in_words(512)
        ('3.1 GB', '512 bytes')
    """
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.2g} {unit}" if count < 10 * size else f"{count / size:,.0f} {unit}"
    return f"{count:.0f} bytes"
