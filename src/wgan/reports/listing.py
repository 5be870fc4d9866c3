"""The runs below a folder: the state, the step, the best distance and the verdict of each, without their data."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from wgan.errors import WganError
from wgan.files.printed import page, shown
from wgan.files.reading import explained
from wgan.reports.proven import evaluation_of, judged
from wgan.reports.series import Log
from wgan.reports.unfinished import ended_early
from wgan.runs import checkpoint, folder
from wgan.runs.best import Best, best_of, in_words, shown_value

MARKS = {folder.CONFIG, folder.LOG, *folder.FOLDERS}  # two of them make a run, also where its config is lost


class Row(NamedTuple):
    """A run in the list. `state` is running, finished, stopped or damaged; `verdict` says what is damaged."""

    run: str
    state: str
    step: int | None = None
    steps: int | None = None
    best: Best | None = None
    verdict: str = ""
    changed: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """The row as plain JSON values; a number that a run lacks is null."""
        found = self.best and {
            "step": self.best.step,
            "measure": self.best.column,
            "value": shown_value(self.best),
        }
        at = datetime.fromtimestamp(self.changed, UTC).isoformat(timespec="seconds")
        return self._asdict() | {"best": found, "changed": at}


def rows_below(place: Path) -> list[Row]:
    """A row for each run below a folder, the newest first. Raises WganError if there is no such folder."""
    if not place.is_dir():
        raise WganError(f"{place} is not a folder; name one that holds runs.")
    rows = [_row(run, str(run.relative_to(place)) if run != place else run.resolve().name) for run in _runs(place)]
    return sorted(rows, key=lambda row: (-row.changed, row.run))


def _runs(place: Path) -> Iterator[Path]:
    def fail(fault: OSError) -> None:
        raise fault

    with explained("read", place):
        for here, folders, files in os.walk(place, onerror=fail):
            if len(MARKS.intersection(folders + files)) > 1:
                yield Path(here)
                folders.clear()
            folders[:] = [name for name in folders if not name.startswith(".")]


def _row(run: Path, name: str) -> Row:
    places = (run / folder.LOG, run / folder.CONFIG, run)
    changed = next(path for path in places if path.exists()).stat().st_mtime
    try:
        config, log = folder.read_config(run)["config"], folder.read_log(run)
        steps = log.get("step", np.array([]))
        if not np.isfinite(steps).all():
            raise WganError(f"{run / folder.LOG} has a record without a step; correct or delete that line.")
        _, damaged = checkpoint.latest(run / "checkpoints")
        if damaged:
            raise WganError(damaged[0])
        evaluation = evaluation_of(run)
        found = best_of(log, config, checkpoint.steps(run / "checkpoints"))
    except WganError as problem:
        return Row(name, "damaged", verdict=str(problem), changed=changed)
    at, wanted = int(steps[-1]) if len(steps) else 0, config.get("steps")
    whole = wanted if isinstance(wanted, int) else None
    ended = len(steps) > 0 and ((whole is not None and at >= whole) or ended_early(config, at, found))
    state = "running" if folder.is_locked(run) else "finished" if ended else "stopped"
    return Row(name, state, at, whole, found, _verdict(log, config, evaluation) if len(steps) else "", changed)


def _verdict(log: Log, config: dict[str, Any], evaluation: Any) -> str:
    """The first verdict on a run: a fault, or else how near its samples are to the data."""
    found = judged(log, config, evaluation)
    return found[0].sentence if found else ""


def words(rows: list[Row], now: float, columns: int | None = None) -> str:
    """The rows as a table, or, where so many columns do not hold the table, as a few lines for each run."""
    cells = [
        (shown(row.run), row.state, _steps(row), _best(row), _age(now - row.changed), _phrase(row.verdict))
        for row in rows
    ]
    head = ("run", "state", "step", "best checkpoint", "changed", "verdict")
    widths = [max(len(line[i]) for line in (head, *cells)) for i in range(len(head))]
    table = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
             for line in (head, *cells)]  # fmt: skip
    if columns is None or max(map(len, table)) <= columns:
        return page(table)
    lines = []
    for name, state, step, measure, age, verdict in cells:
        at = f", step {step}" if step else ""
        lines += [name, f"  {state}{at}, {age} ago", *[f"  best: {measure}"] * bool(measure)]
        lines += [f"  {verdict}"] * bool(verdict)
    return page(lines)


def _steps(row: Row) -> str:
    if row.step is None:
        return ""
    return f"{row.step:,}" if row.steps is None else f"{row.step:,} of {row.steps:,}"


def _best(row: Row) -> str:
    return f"{in_words(row.best)}, step {row.best.step:,}" if row.best else ""


def _phrase(sentence: str) -> str:
    """The first part of a sentence, which says what is the case."""
    return shown(re.split(r" \(|; |: ", sentence)[0].rstrip("."))


def _age(seconds: float) -> str:
    """A time in one unit.

    Examples:
        >>> _age(59), _age(600), _age(7300), _age(200_000)
        ('59 s', '10 min', '2 h', '2 days')
    """
    for unit, name, until in ((1, "s", 60), (60, "min", 3600), (3600, "h", 48 * 3600)):
        if seconds < until:
            return f"{max(int(seconds // unit), 0)} {name}"
    return f"{int(seconds // 86400)} days"
