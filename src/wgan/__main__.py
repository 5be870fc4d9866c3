"""The command `wgan`, also as `python -m wgan`: how it is interrupted, from its first moment to its last.

What is imported at the top is small, so that Ctrl-C is handled before the libraries are read.
"""

import os
import signal
import sys
from threading import Timer
from types import FrameType
from typing import Any

IMPORTING = "<frozen importlib._bootstrap>"  # the file of the frames that import a module
OUT_OF_MEMORY = ("allocate", "map segment", "memory")  # in what the system says when a library cannot be read
INTERRUPTED = 128  # plus the signal's number: the status of a command that a signal ended, as a shell counts it

asked = 0  # the signal that asked to stop, if one did


def main() -> None:
    """Run the command; Ctrl-C and SIGTERM end it at any moment without a traceback."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    sys.unraisablehook = _unraisable
    try:
        _open_missing_streams()
        from wgan.cli import main as command

        command()
    except SystemExit as end:
        _leave(INTERRUPTED + asked if asked else end.code)
    except BaseException as problem:
        if asked:  # a library may have made another exception of the interruption
            _leave(INTERRUPTED + asked)
        if not _out_of_memory(problem):
            raise
        print("wgan: there is not enough memory to read the libraries; raise the limit (ulimit -v).", file=sys.stderr)
        _leave(2)


def _stop(number: int, frame: FrameType | None) -> None:
    """Interrupt the work, which cleans up after itself; while a module is imported, end at once.

    An interrupted import raises whatever the library makes of it, or nothing at all.
    """
    global asked
    asked = number
    while frame is not None:
        if frame.f_code.co_filename == IMPORTING:
            os._exit(INTERRUPTED + number)
        frame = frame.f_back
    raise KeyboardInterrupt


def _unraisable(what: Any) -> None:
    """Interrupt again, soon, where the interruption fell into code that cannot raise, such as a finaliser."""
    if isinstance(what.exc_value, KeyboardInterrupt):
        Timer(0.02, signal.raise_signal, [asked or signal.SIGINT]).start()
    else:
        sys.__unraisablehook__(what)


def _leave(status: Any) -> None:
    """Exit; from now on a signal ends the process, since what is left to do can be left."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    sys.exit(status)


def _open_missing_streams() -> None:
    """Open standard streams that were closed, or a file of ours would get a number of theirs, and what is printed."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _out_of_memory(problem: BaseException) -> bool:
    """Whether a library could not be read for lack of memory, which each says in its own way."""
    return isinstance(problem, MemoryError) or (
        isinstance(problem, ImportError | OSError) and any(word in str(problem) for word in OUT_OF_MEMORY)
    )


if __name__ == "__main__":
    main()
