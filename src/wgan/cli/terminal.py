"""What a command shows while it works: what it is about to train, a bar, and the last estimates."""

import math
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from wgan.cli import forecast
from wgan.errors import WganWarning
from wgan.files import bars
from wgan.files.printed import page, say

if TYPE_CHECKING:
    from wgan.data import Dataset
    from wgan.training.state import Training
    from wgan.training.tensorboard import Board


def print_warnings() -> None:
    """Print each warning once, on one line of stderr; a library's has its place in the code."""
    said: set[str] = set()

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        text = " ".join(str(message).split())
        own = issubclass(category, WganWarning)
        words = f"wgan: {text}" if own else f"{category.__name__}: {text} ({filename}:{lineno})"
        if words not in said:  # Python forgets what it said where a library sets its filters
            say(words, err=True)
        said.add(words)

    warnings.showwarning = show


def told(leads: bool) -> Callable[[str], None]:
    """The function that tells the user something on stderr; of several processes only the leader speaks."""
    if leads:
        return lambda text: say(text, err=True)
    warnings.showwarning = lambda *shown, **more: None
    return lambda text: None


def follow(training: "Training") -> None:
    """Take part in the training that another process leads; Ctrl-C and SIGTERM ask it to stop."""
    from wgan.training import loop

    asked = False

    def ask(number: int, frame: Any) -> None:
        nonlocal asked
        asked = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for _ in loop.advance(training, None, lambda step: asked):
            pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def size_in_words(dataset: "Dataset") -> str:
    """The size of a row, such as "28x28x1" or "5 columns"."""
    first, *more = dataset.form.shape
    return "x".join(map(str, (first, *more))) if dataset.form.space else f"{first:,} column{'s' * (first != 1)}"


def summary(training: "Training") -> str:
    """The data, the players, the engine and the meaning of the estimate, in a few lines."""
    from wgan.data import note_lines
    from wgan.data.conditions import Columns, in_words
    from wgan.game import estimates

    config, game, dataset, state = training.config, training.game, training.dataset, training.state
    size = size_in_words(dataset)
    critic, generator = (
        sum(game.engine.numpy(w).size for w in player.values()) for player in (state.critic, state.generator)
    )
    return page(
        [
            f"{dataset.name}: {len(training.rows):,} rows of {size} to train, {len(training.held_out):,} held out "
            f"({dataset.source})",
            f"{game.objective.name}, {game.constraint.name}, {game.architecture.name} (critic {critic:,}, "
            f"generator {generator:,} weights), {game.engine.name}, {config.precision}, seed {config.seed}",
            *note_lines(dataset),
            *([in_words(training.classes)] if isinstance(training.classes, Columns) else []),
            *_engine_reason(training),
            f"estimate: {estimates.in_words(game.objective, game.constraint, game.architecture.critic)}",
        ]
    )


def _engine_reason(training: "Training") -> list[str]:
    """The reason for the engine that `--engine auto` chose, as a line; none if the engine was given."""
    from wgan.training.model import engine_for

    if training.config.engine != "auto":
        return []
    name, why = engine_for(training.config, training.game.architecture.critic, training.dataset.form.encoded_shape)
    return [f"engine auto is {name}: {why}"]


def advance(training: "Training", out: Path, board: "Board | None") -> str:
    """Train to the end, or until Ctrl-C or SIGTERM asks to stop; return the last estimates in words."""
    from wgan.training import loop
    from wgan.training.following import in_words

    asked = False
    said, last = "", time.monotonic()

    def ask(number: int, frame: Any) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        say("saving, then stopping; press Ctrl-C again to stop at once", err=True)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with bars.bar("training", training.config.steps, training.step) as bar:
            expected = forecast.watch(training.config, training.step, time.monotonic)

            def watch(step: int) -> bool:
                bar.show(step, said=said)
                if left := expected(step):
                    bar.line(
                        f"{left} to step {training.config.steps:,} on this machine; Ctrl-C saves and stops, and "
                        "the same command continues"
                    )
                return asked

            for record in loop.advance(training, out, watch):
                said = in_words(record)
                if board:
                    board.write(training, record)
                bar.show(record["step"], said=said)
                if not bar.moving and time.monotonic() - last > 10:
                    last = time.monotonic()
                    say(f"step {record['step']:,}/{training.config.steps:,}: {said}", err=True)
    finally:
        if board:
            board.close()
        for number, handler in before.items():
            signal.signal(number, handler)
    return said


@contextmanager
def bar(name: str, every: float = 0) -> Iterator[Callable[[int, int, str], None]]:
    """A function that shows progress: as a bar on a terminal, elsewhere as a line for each case.

    With `every` such lines are at least so many seconds apart.
    """
    with bars.bar(name) as one:
        last = -math.inf

        def show(done: int, total: int, said: str) -> None:
            nonlocal last
            one.show(done, total, said)
            if not one.moving and time.monotonic() - last >= every:
                last = time.monotonic()
                say(f"{done}/{total}: {said}", err=True)

        yield show
