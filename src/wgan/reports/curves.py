"""The logged numbers of one run or several as charts, tiles and table rows; the words are in `QUANTITIES`."""

import math
from collections.abc import Callable

from markupsafe import Markup

from wgan.maths.metrics import METRICS
from wgan.reports.charts import Level, Line, Mark, chart
from wgan.reports.run import Run, metric_rows, same_data
from wgan.reports.series import total_seconds
from wgan.runs.best import ENERGY, Best, in_full
from wgan.runs.best import in_words as best_in_words
from wgan.runs.quantities import (
    AXES,
    QUANTITIES,
    entry,
    label,
    on_axis,
    quantity,
    share,
    shown_in,
    title,
)

CHOOSING_HALF = "the half of them that chooses the best checkpoint"


def charts(run: Run) -> list[Markup]:
    """A chart for each axis on which the log has a line."""
    return [made for axis in AXES if (made := _chart(run, axis))]


def _chart(run: Run, axis: str) -> Markup | None:
    """The quantities of one axis over the steps, with their floors as levels and the best checkpoint as a mark."""
    names = [name for key in on_axis(axis) for name in _logged_names(run, key) if _is_a_line(run, name)]
    lines = [Line(label(name), run.log["step"], run.log[name], shown=_late(run, name)) for name in names]
    floors = dict.fromkeys(floor for name in names if (floor := quantity(name).floor) in on_axis(axis))
    levels = [Level(label(floor), run.last(floor)) for floor in floors if floor and math.isfinite(run.last(floor))]
    sentences, marks = [AXES[axis].sentence], []
    if run.best and (key := _shown_with(run.best)) in on_axis(axis) and (values := run.column(key)) is not None:
        value = float(values[run.log["step"] == run.best.step][-1])
        marks = [Mark(f"best checkpoint: step {run.best.step:,}", run.best.step, value)] if math.isfinite(value) else []
    if any(quantity(name).few_rows for name in names) and math.isfinite(rows := run.last("measured_rows")):
        sentences.append(f"There are {rows:.0f} rows of each, the same at every step.")
    if "w1" in on_axis(axis):
        sentences.append(f"{label('w1_floor').capitalize()} is the floor.")
    if any(quantity(name).chooses for name in names):
        sentences.append(f"The held-out rows are {CHOOSING_HALF}.")
    text = " ".join(sentences)
    percent = bool(names) and all(quantity(name).text is share for name in names)
    one = AXES[axis]
    return chart(one.title, text, lines, levels=levels, marks=marks, logarithmic=one.logarithmic, percent=percent)


def _late(run: Run, name: str) -> str:
    """The value of a column late in the run, in words."""
    return quantity(name).text(run.late(name)) if math.isfinite(run.late(name)) else "none in the last quarter"


def _shown(run: Run, key: str) -> float:
    """The number that a tile or a table shows: a median late in the run, except for floors, times and speeds.

    A floor is logged once, at the start. Times and speeds are those of the whole run, however often it was resumed.
    """
    if key in ("seconds", "steps_per_second"):
        seconds = total_seconds(run.log)
        return seconds if key == "seconds" else run.step / seconds if seconds > 0 and run.step else math.nan
    return run.last(key) if _is_floor(key) else run.late(key)


def _is_floor(name: str) -> bool:
    return any(one.floor == name for one in QUANTITIES.values())


def _shown_with(found: Best) -> str:
    """The quantity beside which the best checkpoint is shown: the one that chose it, or the energy distance."""
    return found.column if found.column in shown_in("tile") else ENERGY


def _logged_names(run: Run, key: str) -> list[str]:
    """The logged names of an entry of `QUANTITIES` whose columns are numbers."""
    names = [name for name in run.log if entry(name) == key] if "." in key else [key]
    return [name for name in names if run.column(name) is not None]


def _is_a_line(run: Run, name: str) -> bool:
    """Whether a column is drawn as a line: a floor is a level, and without averaging both W1 are the same."""
    return not _is_floor(name) and (name != "generator_w1" or bool(run.config.get("average")))


def compared_charts(names: list[str], runs: list[Run]) -> list[Markup]:
    """A chart for each quantity that is compared, with a line for each run under its name."""
    made = []
    compared = [(axis, key) for axis in AXES for key in on_axis(axis) if key in shown_in("comparison")]
    for axis, key in compared:
        one = quantity(key)
        lines = [
            Line(name, run.log["step"], values, shown=_late(run, key))
            for name, run in zip(names, runs, strict=True)
            if (values := run.column(key)) is not None
        ]
        levels = _common_floor(runs, one.floor) if one.floor in on_axis(axis) else []
        logarithmic, percent = AXES[axis].logarithmic, one.text is share
        made.append(chart(one.title, one.sentence, lines, levels=levels, logarithmic=logarithmic, percent=percent))
    return [one for one in made if one]


def _common_floor(runs: list[Run], floor: str | None) -> list[Level]:
    """The floor as a level, if all runs were trained on the same rows and have the same floor; else nothing."""
    values = [run.last(floor) for run in runs] if floor else []
    if not floor or not same_data(runs) or not all(map(math.isfinite, values)) or max(values) - min(values) >= 1e-9:
        return []
    return [Level(label(floor), values[0])]


def tiles(run: Run) -> list[tuple[str, str, str]]:
    """The few numbers to see first: the title of each, its value, and what to compare it with."""
    found = []
    for key in shown_in("tile"):
        one = quantity(key)
        if math.isfinite(value := _shown(run, key)) and not _from_too_few(run, key):
            found.append((one.title, one.text(value), _beside(run, key)))
        if run.best and key == _shown_with(run.best):
            found.append(("Best checkpoint", f"step {run.best.step:,}", in_full(run.best)))
    return found


def _beside(run: Run, key: str) -> str:
    """What a tile shows beside its value: the floor or another quantity, and the rows if they are few."""
    one = quantity(key)
    other, rows = one.floor or one.beside, f"on {CHOOSING_HALF}" if one.chooses else ""
    if other is None or not math.isfinite(value := _shown(run, other)):
        return rows
    words = f"{label(other) or title(other).lower()}: {quantity(other).text(value)}"
    words += f"; {rows}" if rows else ""
    return f"{words} ({run.last('measured_rows'):.0f} rows of each)" if one.few_rows else words


def _from_too_few(run: Run, key: str) -> bool:
    """Whether the log measures a quantity on fewer rows than `wgan evaluate` takes for it."""
    one = quantity(key)
    metric = METRICS.get(one.metric or key)
    return one.few_rows and metric is not None and run.last("measured_rows") < metric.least


def table(runs: list[Run]) -> list[tuple[str, list[str], str]]:
    """The table of several runs: each row has a title, a cell for each run, and what the numbers are.

    A number stands beside its floor, unless the floor has a row. A row without any number is left out.
    """

    def cells(value: Callable[[Run], str]) -> list[str]:
        return [value(run) for run in runs]

    def logged(key: str) -> Callable[[Run], str]:
        one = quantity(key)

        def value(run: Run) -> str:
            words, floor = one.text(_shown(run, key)), one.floor
            if not math.isfinite(_shown(run, key)) or _from_too_few(run, key):
                return "-"
            if not floor or floor in shown_in("table") or not math.isfinite(run.last(floor)):
                return words
            return f"{words} ({label(floor)}: {quantity(floor).text(run.last(floor))})"

        return value

    step = quantity("step")
    rows = [(step.title, cells(lambda r: f"{r.step:,} of {r.steps:,}" if r.steps else f"{r.step:,}"), step.sentence)]
    for key in shown_in("table"):
        rows.append((quantity(key).title, cells(logged(key)), quantity(key).sentence))
        if set(rows[-1][1]) == {"-"}:
            del rows[-1]
        if key == "energy_distance_floor":
            best = cells(lambda run: f"step {run.best.step:,}: {best_in_words(run.best)}" if run.best else "-")
            rows.append(("Best checkpoint", best, "Its step, and its measure on held-out rows that did not choose it."))
    metrics = [{row["name"]: row for row in metric_rows(run)} for run in runs]
    for name in dict.fromkeys(name for one in metrics for name in one):
        first = next(one[name] for one in metrics if name in one)
        rows.append((name, [one[name]["value"] if name in one else "-" for one in metrics], first["estimates"]))
    return rows
