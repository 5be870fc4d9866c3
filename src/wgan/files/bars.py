"""Progress on stderr: a bar where it is a terminal, lines elsewhere; names are printed as plain text."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from wgan.files.printed import say, shown, wrapped

TIME = 9  # columns of the time left, with hours, and a space
NARROWEST = 8  # a shorter bar shows nothing


class Bar(NamedTuple):
    """A bar under way. `show(done, total, said)` moves it; a total of None leaves it, and `said` stands at its end.

    `line(text)` prints a line above the bar. `moving` tells whether there is a terminal, on which the bar is seen.
    """

    moving: bool
    show: Callable[..., None]
    line: Callable[[str], None]


@contextmanager
def bar(text: str, total: int | None = None, done: int = 0, in_bytes: bool = False) -> Iterator[Bar]:
    """A bar with a text before it; without a terminal only its lines are seen.

    On a narrow terminal the bar goes first, then the text, then the last parts of `said`. The count and the time left
    always stay.
    """
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = _console()
    seen = _moves(console)
    count = DownloadColumn() if in_bytes else MofNCompleteColumn()
    left, strip = TimeRemainingColumn(), BarColumn()
    name, end = TextColumn("{task.description}", markup=False), TextColumn("{task.fields[said]}", markup=False)
    with Progress(count, left, console=console, disable=not seen) as moving:
        task = moving.add_task(shown(text), total=total, completed=done, said="")

        def show(done: int, total: int | None = None, said: str = "") -> None:
            moving.update(task, completed=done, total=total)
            free = console.width - count.render(moving.tasks[0]).cell_len - TIME
            fit = _fitting(shown(text), shown(said), free)
            moving.update(task, description=fit.text, said=fit.said)
            strip.bar_width = fit.strip
            columns = ((name, fit.text), (strip, fit.strip), (count, True), (left, True), (end, fit.said))
            moving.columns = tuple(column for column, here in columns if here)

        show(done, total)

        def line(text: str) -> None:
            if seen:
                words = wrapped(shown(text), console.width)
                console.print(words, markup=False, highlight=False, soft_wrap=True)
            else:
                say(text, err=True)

        yield Bar(seen, show, line)


class _Fit(NamedTuple):
    """What fits into a line: a text, the width of the bar, and what is said at the end; "" and 0 are left out."""

    text: str
    strip: int
    said: str


def _fitting(text: str, said: str, free: int) -> _Fit:
    """The parts that fit into `free` columns, each with a space beside it: first `said`, then the text, then the bar.

    Examples:
        >>> _fitting("training", "estimate 0.1 (0.2 held out), 9 steps/s", 30)
        _Fit(text='', strip=0, said='estimate 0.1 (0.2 held out)')
        >>> _fitting("a-long-name.tar.gz", "", 12)
        _Fit(text='a-long-n...', strip=0, said='')
    """
    from rich.cells import cell_len

    ends = [cut.start() for cut in re.finditer(r", | \(|; |$", said)]
    said = next((said[:end] for end in reversed(ends) if cell_len(said[:end]) < free), "")
    free -= cell_len(said) + bool(said)
    if not said and cell_len(text) >= free:
        text = text[: max(free - 4, 0)] + "..."
    text = text if cell_len(text) < free else ""
    free -= cell_len(text) + bool(text)
    return _Fit(text, min(free - 1, 40) if free > NARROWEST else 0, said)


@contextmanager
def status(text: str) -> Iterator[Callable[[str], None]]:
    """A function that says what is done now: in a line that changes where stderr is a terminal, else in new lines."""
    from rich.text import Text

    console = _console()
    if not _moves(console):
        yield lambda now: say(now, err=True)
        return
    with console.status(Text(text), spinner="line") as line:  # other spinners need more than ASCII
        yield lambda now: line.update(Text(shown(now)))


def _moves(console: Any) -> bool:
    """Whether a line on this console can change: not in a file, and not on a terminal that knows no commands."""
    return bool(console.is_terminal and not console.is_dumb_terminal)


def _console() -> Any:
    from rich.console import Console

    return Console(stderr=True)
