"""The cases of a study as independent jobs: in this process, in several processes, or on a Dask cluster."""

import logging
import os
import signal
import threading
import time
import warnings
from collections.abc import Generator
from importlib import import_module
from pathlib import Path
from typing import Any

from wgan import __version__
from wgan.errors import WganError, install, setting
from wgan.studies.rows import Row, as_json

Entries = Generator[tuple[int, Row], None, None]  # the number of a case, counted from 0, and what was measured

PATIENCE = 10  # seconds to wait for the answer of a Dask scheduler
WORKERS = 60  # seconds to wait for its first worker


def measured(
    module: str, cases: list[Row], kept: list[Path], jobs: int | None = None, dask: str | None = None
) -> Entries:
    """Measure cases of the study in a module, yielding each as it is finished, in any order.

    `jobs` cases run at once in processes of this machine (None: one for each core; 1: in this process), or they run on
    the workers of the Dask scheduler at the address `dask`. Each case has one thread, so that it adds in the same
    order. `kept` is a folder for each case, from which an interrupted training continues; a cluster does not use it,
    since its workers need not see the same files.
    """
    if dask is not None:
        return _on_cluster(module, cases, dask)
    from joblib import cpu_count

    jobs = min(jobs or cpu_count(), len(cases))
    calls = [(number, module, *case) for number, case in enumerate(zip(cases, kept, strict=True))]
    return _in_processes(calls, jobs) if jobs > 1 else (_numbered_entry(*call) for call in calls)


def entry(module: str, case: Row, version: str, folder: Path | None = None) -> Row:
    """Measure one case of the study in a module; the entry holds the case, its rows and its seconds.

    `folder` keeps its training.
    """
    from wgan.engines import one_thread
    from wgan.studies.trained import kept

    if version != __version__:
        raise WganError(f"a worker has wgan {__version__}, not {version}; install the same version on both machines.")
    study = import_module(module).STUDY
    with one_thread(), kept(folder) as current:
        found = study.measure(**case)
        seconds = current.seconds()
    rows = [case | row for row in (found if isinstance(found, list) else [found])]
    return as_json({"case": case, "rows": rows, "seconds": round(seconds, 3)})


def _numbered_entry(number: int, module: str, case: Row, folder: Path) -> tuple[int, Row]:
    return number, entry(module, case, __version__, folder)


def _in_processes(calls: list[tuple[int, str, Row, Path]], jobs: int) -> Entries:
    from joblib import Parallel, delayed
    from joblib.externals.loky import get_reusable_executor
    from joblib.externals.loky.process_executor import BrokenProcessPool

    parallel = Parallel(jobs, "loky", "generator_unordered", batch_size=1, max_nbytes=None, initializer=_follow_parent)
    found = parallel(delayed(_numbered_entry)(*call) for call in calls)
    try:
        for one in found:  # noqa: UP028, since `yield from` would close `found` before its warning is silenced
            yield one
    except BrokenProcessPool:
        raise WganError(
            "a worker process died, most likely for lack of memory; finished cases are kept, so run the same command "
            f"again with fewer {setting('jobs')}."
        ) from None
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # joblib warns when an early end leaves cases unmeasured
            found.close()
        get_reusable_executor(reuse=True).shutdown(kill_workers=True)


def _follow_parent() -> None:
    """Ignore Ctrl-C, which the parent process handles, and end this process when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _on_cluster(module: str, cases: list[Row], address: str) -> Entries:
    try:
        from distributed import Client
    except ImportError:
        raise WganError(f"{setting('dask')} needs distributed, which is not installed; {install('dask')}.") from None
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # the errors below say the same in a sentence
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError):
        raise WganError(
            f"no Dask scheduler answers at {address!r}; give the address of one, such as tcp://host:8786."
        ) from None
    with client:
        killed = yield from _submitted(client, module, dict(enumerate(cases)))
        if len(killed) > 1:  # Dask also blames cases that only waited at a worker that died, so try each by itself
            blamed, killed = killed, []
            for number in blamed:
                killed += yield from _submitted(client, module, {number: cases[number]})
    if killed:
        lost = "; ".join(", ".join(f"{name} {value}" for name, value in cases[number].items()) for number in killed)
        raise WganError(
            f"{len(killed)} of {len(cases)} cases are missing, since every worker that measured one died: {lost}. The "
            "others are kept, and the same command tries these again."
        )


def _submitted(client: Any, module: str, cases: dict[int, Row]) -> Generator[tuple[int, Row], None, list[int]]:
    """Measure cases by number on a cluster; return the numbers of the cases that the cluster gives up.

    If a worker dies, Dask runs its case on another one, three times unless distributed.scheduler.allowed-failures says
    otherwise.
    """
    from concurrent.futures import CancelledError

    from distributed import as_completed
    from distributed.scheduler import KilledWorker

    address, killed = client.scheduler.address, []
    try:
        client.wait_for_workers(1, timeout=WORKERS)
    except TimeoutError:
        raise WganError(f"the Dask scheduler at {address} has no workers; start one: dask worker {address}") from None
    futures = {client.submit(entry, module, case, __version__, pure=False): number for number, case in cases.items()}
    try:
        for future in as_completed(futures, loop=client.loop):
            try:
                yield futures[future], future.result()
            except KilledWorker:
                killed.append(futures[future])
    except CancelledError:
        raise WganError(
            f"the Dask scheduler at {address} went away; finished cases are kept, so run the same command again."
        ) from None
    return killed
