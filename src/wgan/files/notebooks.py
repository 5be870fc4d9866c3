"""What a notebook shows that a terminal cannot: a bar of progress, and tables as HTML."""

import base64
import sys
import time
from collections.abc import Callable, Iterable
from html import escape
from typing import Any

from wgan.files.printed import shown

PAUSE = 0.2  # seconds between two changes of a bar


class _Html:
    """HTML for a notebook, and a text for a console that shows none."""

    def __init__(self, html: str, text: str):
        self.html, self.text = html, text

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


def table(title: str, rows: Iterable[tuple[str, object]], png: bytes = b"") -> str:
    """A small table in HTML, with a picture below it; every text is escaped.

    Examples:
        >>> table("a < b", [("rows", 3)])
        '<table><caption>a &lt; b</caption><tr><th>rows</th><td>3</td></tr></table>'
    """
    lines = "".join(f"<tr><th>{escape(shown(name))}</th><td>{escape(shown(value))}</td></tr>" for name, value in rows)
    picture = base64.b64encode(png).decode()
    return f"<table><caption>{escape(shown(title))}</caption>{lines}</table>" + (
        f'<img alt="" src="data:image/png;base64,{picture}">' if png else ""
    )


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def progress(text: str, total: int | None, done: int) -> Callable[..., None]:
    """A function `show(done, total, said)` that moves a bar below the cell; it needs no widgets."""
    from IPython.display import display

    began, last, most = time.monotonic(), 0.0, total

    def drawn(now: int, said: str) -> _Html:
        seconds = time.monotonic() - began
        left = seconds * (most - now) / (now - done) if most and now > done else None
        words = f"{now:,}" + (f" of {most:,}" if most else "")
        words += f", {_time(left)} left" if left else f", {_time(seconds)}"
        words += f"; {said}" if said else ""
        line = escape(shown(f"{text} {words}"))
        limit = f' value="{now}" max="{most}"' if most else ""
        return _Html(f"<div><progress{limit}></progress> {line}</div>", shown(f"{text} {words}"))

    handle = display(drawn(done, ""), display_id=True)

    def show(now: int, total: int | None = None, said: str = "") -> None:
        nonlocal last, most
        most = total or most
        if now == most or time.monotonic() - last > PAUSE:
            last = time.monotonic()
            handle.update(drawn(now, said))

    return show


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def say_in_notebook(text: str) -> None:
    """Show one line below the cell."""
    from IPython.display import display

    line: Any = _Html(f"<div>{escape(shown(text))}</div>", shown(text))
    display(line)
