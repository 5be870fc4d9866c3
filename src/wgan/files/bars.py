"""Progress on stderr: a bar where it is a terminal, lines elsewhere; names are printed as plain text."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from wgan.files.printed import say, shown, wrapped


class Bar(NamedTuple):
    """A bar under way. `show(done, total, said)` moves it; a total of None leaves it, and `said` stands at its end.

    `line(text)` prints a line above the bar. `moving` tells whether there is a terminal, on which the bar is seen.
    """

    moving: bool
    show: Callable[..., None]
    line: Callable[[str], None]


@contextmanager
def bar(text: str, total: int | None = None, done: int = 0, in_bytes: bool = False) -> Iterator[Bar]:
    """A bar with a text before it; without a terminal only its lines are seen."""
    from rich.progress import Progress

    console = _console()
    seen = _moves(console)
    with Progress(*_columns(console.width, in_bytes), console=console, disable=not seen, expand=True) as moving:
        task = moving.add_task(shown(text), total=total, completed=done, said="")

        def show(done: int, total: int | None = None, said: str = "") -> None:
            moving.update(task, completed=done, total=total, said=shown(said))

        def line(text: str) -> None:
            if seen:
                words = wrapped(shown(text), console.width)
                console.print(words, markup=False, highlight=False, soft_wrap=True)
            else:
                say(text, err=True)

        yield Bar(seen, show, line)


def _columns(width: int, in_bytes: bool) -> list[Any]:
    """The columns of a bar: what is done and the time left are always whole, and the words at the end fill the rest."""
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.table import Column

    found: list[Any] = [TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True))]
    if width >= 50:
        found.append(BarColumn(bar_width=min(max(width - 70, 8), 40)))
    rest = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    return [
        *found,
        DownloadColumn(table_column=Column(no_wrap=True)) if in_bytes else MofNCompleteColumn(),
        TimeRemainingColumn(table_column=Column(no_wrap=True)),
        TextColumn("{task.fields[said]}", markup=False, table_column=rest),
    ]


@contextmanager
def status(text: str) -> Iterator[Callable[[str], None]]:
    """A function that says what is done now: in a line that changes where stderr is a terminal, else in new lines."""
    from rich.text import Text

    console = _console()
    with console.status(Text(text), spinner="line") as line:  # other spinners need more than ASCII
        yield (lambda now: line.update(Text(shown(now)))) if _moves(console) else (lambda now: say(now, err=True))


def _moves(console: Any) -> bool:
    """Whether a line on this console can change: not in a file, and not on a terminal that knows no commands."""
    return bool(console.is_terminal and not console.is_dumb_terminal)


def _console() -> Any:
    from rich.console import Console

    return Console(stderr=True)
