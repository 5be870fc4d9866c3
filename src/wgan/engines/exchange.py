"""What processes tell each other, over `torch.distributed`: sums of gradients, numbers and bytes."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from threading import Thread
from typing import Any

import numpy as np

from wgan.errors import WganError, setting

JOIN = 120.0  # seconds in which all processes must meet at the start, after each has read the data
CONNECT = 30.0  # seconds in which those that met must connect to each other
TIMEOUT = 600.0  # seconds that a process waits for another one: longer than the leader's diagnostics and checkpoints
ENDED = ("closed by peer", "reset by peer", "Broken pipe", "aborted", "Socket closed", "Connection refused")
_joins = count()  # each training of a process has its own keys in the store of the launcher
LATE = ("imed out", "imeout")


class Gone(WganError):
    """Another process ended, or does not answer; nothing can be told to the others any more."""

    at_once = True  # threads of torch may still wait for the others, and would abort a process that exits as usual


def told(name: str, otherwise: int) -> int:
    """The whole number from 0 that a launcher gives this process under a name, or `otherwise` if it gives none."""
    text = os.environ.get(name, "")
    if text and not text.isdecimal():
        raise WganError(
            f"{name} is {text!r}, which is no whole number from 0; start the command with torchrun, or unset it."
        )
    return int(text) if text else otherwise


def join(rank: int, processes: int, device: str) -> None:
    """Meet the other processes at MASTER_ADDR and MASTER_PORT. Raises `WganError` if they do not come."""
    import torch.distributed as dist

    if not dist.is_available() or not dist.is_gloo_available():
        raise WganError("this torch is built without gloo, which lets processes train together; install another build.")
    if device == "cuda" and not dist.is_nccl_available():
        raise WganError(
            f"this torch is built without NCCL, which GPUs need to train together; use {setting('device', 'cpu')}."
        )
    address = os.environ.get("MASTER_ADDR", ""), os.environ.get("MASTER_PORT", "")
    if not address[0] or not address[1].isdecimal():
        raise WganError(
            f"{processes} processes are to train together, but MASTER_ADDR is {address[0]!r} and MASTER_PORT is "
            f"{address[1]!r}, which do not say where they meet; start them with torchrun, or unset RANK and WORLD_SIZE."
        )
    if rank == 0 and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True" and _is_taken(address[1]):
        raise WganError(
            f"process 0 cannot listen at {':'.join(address)}, where another program listens; choose another "
            "--master-port."
        )
    found: list[Any] = []

    def meeting() -> None:
        limit = timedelta(seconds=JOIN)
        store, _, _ = next(dist.rendezvous("env://", rank, processes, timeout=limit))
        found.append(dist.PrefixStore(f"wgan/{next(_joins)}", store))
        found[0].set(f"here/{rank}", "")
        found[0].wait([f"here/{number}" for number in range(processes)], limit)

    def connecting() -> None:
        backend, limit = "cpu:gloo,cuda:nccl" if device == "cuda" else "gloo", timedelta(seconds=TIMEOUT)
        dist.init_process_group(backend, store=found[0], rank=rank, world_size=processes, timeout=limit)

    others = f"the other {processes - 1} at {':'.join(address)}"
    if why := _within(JOIN, meeting):
        raise Gone(
            f"process {rank} did not meet {others}: {why}; start all of them with torchrun, and check that no other "
            "program listens there."
        )
    if why := _within(CONNECT, connecting):
        raise Gone(
            f"process {rank} met {others} and could not connect to them: {why}; one of them ended, or the network "
            "interface (GLOO_SOCKET_IFNAME) does not reach it; the same command continues from the newest checkpoint."
        )


def _within(seconds: float, work: Callable[[], None]) -> str:
    """Do `work` in a thread that is left after so many seconds; why it was not done, or ""."""
    faults: list[str] = []

    def tried() -> None:
        try:
            work()
        except (RuntimeError, ValueError, OSError) as fault:
            faults.append(str(fault).splitlines()[0])

    # in a thread, since torch waits without end for a program that is not its own, and has one limit for everything
    thread = Thread(target=tried, daemon=True)
    thread.start()
    thread.join(seconds)
    return f"no answer in {seconds:g} s" if thread.is_alive() else "".join(faults)


def _is_taken(port: str) -> bool:
    """Whether another program listens at this port of this machine."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("", int(port)))
        except (OSError, ValueError, OverflowError):
            return True
    return False


def leave() -> None:
    """Part from the other processes."""
    import torch.distributed as dist

    if dist.is_initialized():
        dist.destroy_process_group()


@contextmanager
def _met() -> Iterator[None]:
    """Turn what a missing process makes of an exchange into one sentence."""
    try:
        yield
    except RuntimeError as fault:
        text = str(fault)
        if any(word in text for word in LATE):
            why = f"did not answer for {TIMEOUT:g} s, so it hangs or its machine cannot be reached"
        elif any(word in text for word in ENDED):
            why = "ended"
        else:
            raise
        raise Gone(
            f"another process of this training {why}; the same command continues from the newest checkpoint."
        ) from fault


def meet(own: list[Any]) -> list[Any]:
    """The arrays of all processes in the order of their ranks, for as many flat arrays of each; kinds are kept."""
    import torch
    import torch.distributed as dist

    kind = type(own[0])
    sent = torch.stack([torch.from_numpy(x) if kind is np.ndarray else x for x in own])
    got = [torch.empty_like(sent) for _ in range(dist.get_world_size())]
    with _met():
        dist.all_gather(got, sent)
    parts = [part for one in got for part in one]
    return [part.numpy() for part in parts] if kind is np.ndarray else parts


def largest(numbers: list[int]) -> list[int]:
    """The largest of each number over all processes."""
    import torch
    import torch.distributed as dist

    shared = torch.tensor(numbers)
    with _met():
        dist.all_reduce(shared, dist.ReduceOp.MAX)
    return shared.tolist()


def gathered(numbers: np.ndarray) -> np.ndarray:
    """The array of each process, [processes, ...]."""
    return np.stack(meet([numbers]))


def from_leader(content: bytes | None) -> bytes:
    """The bytes that process 0 gives; the others give None."""
    import torch
    import torch.distributed as dist

    size = torch.tensor(len(content or b""))
    with _met():
        dist.broadcast(size, 0)
        shared = torch.empty(int(size), dtype=torch.uint8)
        if content is not None:
            shared = torch.frombuffer(bytearray(content), dtype=torch.uint8) if content else shared
        if int(size):
            dist.broadcast(shared, 0)
    return shared.numpy().tobytes()
