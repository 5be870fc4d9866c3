"""What a command shows while it works: what it is about to train, a bar, and the last estimates."""

import signal
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wgan.errors import WganWarning
from wgan.files.printed import say

if TYPE_CHECKING:
    from wgan.training.state import Training
    from wgan.training.tensorboard import Board


def print_warnings() -> None:
    """Print wgan's own warnings as one line each on stderr, without the place in the code."""
    others = warnings.showwarning

    def show(message: Any, category: type[Warning], *more: Any, **named: Any) -> None:
        if issubclass(category, WganWarning):
            say(f"wgan: {message}", err=True)
        else:
            others(message, category, *more, **named)

    warnings.showwarning = show


def summary(training: "Training") -> str:
    """The data, the players, the engine and the meaning of the estimate, in a few lines."""
    from wgan.data import note_lines

    config, game, dataset, state = training.config, training.game, training.dataset, training.state
    size = "x".join(map(str, dataset.form.shape))
    critic, generator = (
        sum(game.engine.numpy(w).size for w in player.values()) for player in (state.critic, state.generator)
    )
    return (
        f"{dataset.name}: {len(training.rows):,} rows of {size} to train, {len(training.held_out):,} held out "
        f"({dataset.source})\n"
        f"{game.objective.name}, {game.constraint.name}, {game.architecture.name} (critic {critic:,}, "
        f"generator {generator:,} weights), {game.engine.name}, {config.precision}, seed {config.seed}\n"
        f"{''.join(f'{line}{chr(10)}' for line in note_lines(dataset))}"
        f"{_engine_reason(training)}"
        f"estimate: {game.objective.estimates}"
    )


def _engine_reason(training: "Training") -> str:
    """The reason for the engine that `--engine auto` chose, as a line; empty if the engine was given."""
    from wgan.training.model import engine_for

    if training.config.engine != "auto":
        return ""
    name, why = engine_for(training.config, training.game.architecture.critic, training.dataset.form.encoded_shape)
    return f"engine auto is {name}: {why}\n"


def advance(training: "Training", out: Path, board: "Board | None") -> str:
    """Train to the end, or until Ctrl-C or SIGTERM asks to stop; return the last estimates in words."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from wgan.training import loop

    asked = False
    said, shown = "", time.monotonic()

    def ask(number: int, frame: Any) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        click.echo("saving, then stopping; press Ctrl-C again to stop at once", err=True)

    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[said]}"))
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
            task = bar.add_task("training", total=training.config.steps, completed=training.step, said="")

            def watch(step: int) -> bool:
                bar.update(task, completed=step)
                return asked

            for record in loop.advance(training, out, watch):
                said = _estimates_in_words(record)
                if board:
                    board.write(training, record)
                bar.update(task, completed=record["step"], said=said)
                if not console.is_terminal and time.monotonic() - shown > 10:
                    shown = time.monotonic()
                    click.echo(f"step {record['step']:,}/{training.config.steps:,}: {said}", err=True)
    finally:
        if board:
            board.close()
        for number, handler in before.items():
            signal.signal(number, handler)
    return said


def _estimates_in_words(record: dict[str, Any]) -> str:
    held_out = record.get("held_out_estimate")
    more = f" ({held_out:.3g} held out)" if held_out is not None else ""
    return f"estimate {record['estimate']:.3g}{more}, {record['steps_per_second']:.1f} steps/s"


@contextmanager
def bar(name: str) -> Iterator[Callable[[int, int, str], None]]:
    """A function that shows progress: as a bar on a terminal, elsewhere as a line for each case."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[said]}"))
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=None, said="")

        def show(done: int, total: int, said: str) -> None:
            bar.update(task, completed=done, total=total, said=said)
            if not console.is_terminal:
                click.echo(f"{done}/{total}: {said}", err=True)

        yield show
