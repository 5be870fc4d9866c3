"""Training inside a Python session: a bar of progress, functions that see each record, and Ctrl-C."""

import inspect
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

import numpy as np

from wgan.data import Dataset
from wgan.errors import WganError, setting
from wgan.files import bars
from wgan.files.printed import say
from wgan.training.choice import recommended
from wgan.training.loop import Record, advance
from wgan.training.state import Training

BETWEEN_LINES = 10  # seconds between two lines of progress where no bar can move

Callback = Callable[[int, Record], Any]  # of the step and its record; it returns True to stop the training


def advise(preset: str, dataset: Dataset) -> None:
    """Say on stderr which preset suits the data, where a model has the default one."""
    suits = recommended(dataset)
    if preset == "default" != suits.preset:
        say(
            f"{suits.why}. This model has the preset default; {setting('preset', suits.preset)} chooses the other.",
            err=True,
        )


def follow(
    training: Training, verbose: bool, asked: Callable[[], bool] = lambda: False
) -> Generator[Record, None, None]:
    """The records of `advance`, with a bar if `verbose`; training stops at the step where `asked()` is True."""
    with bars.bar("training", training.config.steps, training.step) if verbose else nullcontext() as bar:
        said, last = "", time.monotonic()

        def stop(step: int) -> bool:
            if bar:
                bar.show(step, said=said)
            return asked()

        for record in advance(training, stop=stop):
            said = in_words(record)
            if bar:
                bar.show(record["step"], said=said)
            if bar and not bar.moving and time.monotonic() - last > BETWEEN_LINES:
                last = time.monotonic()
                say(f"step {record['step']:,}/{training.config.steps:,}: {said}", err=True)
            yield record
        if bar and not bar.moving:
            say(f"step {training.step:,}/{training.config.steps:,}: {said}", err=True)


def in_words(record: Record) -> str:
    """The estimates and the speed in a record."""
    held_out = record.get("held_out_estimate")
    more = f" ({held_out:.3g} held out)" if held_out is not None else ""
    return f"estimate {record['estimate']:.3g}{more}, {record['steps_per_second']:.1f} steps/s"


def checked(callbacks: Sequence[Callback]) -> Sequence[Callback]:
    """The callbacks. Raises WganError unless they are a sequence of functions."""
    if not isinstance(callbacks, Sequence) or not all(map(callable, callbacks)):
        raise WganError(f"callbacks is {callbacks!r}; give a list of functions of a step and its record.")
    for call in callbacks:
        with suppress(ValueError):  # a function of another language may not say what it takes
            if not _takes_two(inspect.signature(call)):
                name = getattr(call, "__name__", type(call).__name__)
                raise WganError(f"the callback {name} cannot be called with a step and its record; give it these two.")
    return callbacks


def _takes_two(signature: inspect.Signature) -> bool:
    try:
        signature.bind(0, {})
    except TypeError:
        return False
    return True


def stops(callbacks: Sequence[Callback], record: Record) -> bool:
    """Call each function with the step and the record; return whether one of them returned True.

    Raises WganError for a result that is neither None, True nor False.
    """
    answers = [call(record["step"], record) for call in callbacks]
    for call, answer in zip(callbacks, answers, strict=True):
        if not (answer is None or isinstance(answer, bool | np.bool_)):
            name = getattr(call, "__name__", type(call).__name__)
            raise WganError(f"the callback {name} returned {answer!r}; return True to stop the training, or nothing.")
    return any(answers)


@contextmanager
def ctrl_c() -> Iterator[Callable[[], bool]]:
    """A function that says whether Ctrl-C was pressed, so that a step is not cut in two.

    A second Ctrl-C raises KeyboardInterrupt at once. A handler that another program has set stays.
    """
    pressed = False

    def press(number: int, frame: Any) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True

    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if ours:
        signal.signal(signal.SIGINT, press)
    try:
        yield lambda: pressed
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
