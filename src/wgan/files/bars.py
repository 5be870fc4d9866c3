"""Progress: a bar on a terminal or in a notebook, lines on stderr elsewhere; names are printed as plain text."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from wgan.files import notebooks
from wgan.files.printed import say, shown


class Bar(NamedTuple):
    """A bar under way. `show(done, total, said)` moves it; a total of None leaves it, and `said` stands at its end.

    `line(text)` prints a line above the bar. `moving` tells whether there is a terminal, on which the bar is seen.
    """

    moving: bool
    show: Callable[..., None]
    line: Callable[[str], None]


@contextmanager
def bar(text: str, total: int | None = None, done: int = 0, in_bytes: bool = False) -> Iterator[Bar]:
    """A bar with a text before it; without a terminal or a notebook only its lines are seen."""
    if notebooks.in_notebook():
        yield Bar(True, notebooks.progress(text, total, done), notebooks.say_in_notebook)
        return
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = _console()
    seen = console.is_terminal
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn() if in_bytes else MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[said]}", markup=False),
    )
    with Progress(*columns, console=console, disable=not seen) as moving:
        task = moving.add_task(shown(text), total=total, completed=done, said="")

        def show(done: int, total: int | None = None, said: str = "") -> None:
            moving.update(task, completed=done, total=total, said=shown(said))

        def line(text: str) -> None:
            if seen:
                console.print(shown(text), markup=False, highlight=False, soft_wrap=True)
            else:
                say(text, err=True)

        yield Bar(seen, show, line)


@contextmanager
def status(text: str) -> Iterator[Callable[[str], None]]:
    """A function that says what is done now: in a line that changes where stderr is a terminal, else in new lines."""
    from rich.text import Text

    console = _console()
    with console.status(Text(text), spinner="line") as line:  # other spinners need more than ASCII
        yield (lambda now: line.update(Text(shown(now)))) if console.is_terminal else (lambda now: say(now, err=True))


def _console() -> Any:
    from rich.console import Console

    return Console(stderr=True)
