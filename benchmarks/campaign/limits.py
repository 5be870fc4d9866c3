"""The memory that a case may take."""

import resource

import psutil

ABOVE = 2**30  # bytes above what the process has, beside the rows themselves


def limit_memory(above: int | None) -> None:
    """Let this process map so many bytes more than it has; None lifts the limit."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = hard if above is None else psutil.Process().memory_info().vms + above
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
