"""What of the data leaves the machine with a model: what config.json, and so every exported file, holds of them."""

import textwrap
from typing import Any

from wgan.data.array_form import ArrayForm, form_from_json
from wgan.data.columns import Column, TableForm
from wgan.data.conditions import Columns
from wgan.data.labels import Classes
from wgan.data.order import natural
from wgan.data.rows import Form
from wgan.data.series import series_of, texts_of
from wgan.data.table_files import quoted
from wgan.errors import WganError
from wgan.files.printed import page

FEWEST = 5  # levels with fewer rows than this are named as rare
WIDE = 114  # columns of the lists of names


def words(run: str, saved: dict[str, Any], columns: int | None = None) -> str:
    """What the config.json of a run, as `runs.folder.read_described` reads it, holds of its data, as text.

    Lists of names have lines of at most `columns` characters, or 114 if it is None or more.
    """
    width = min(columns or WIDE, WIDE)
    try:
        data = saved["data"]
        form = form_from_json(data["form"])
        names = Classes.from_json(data["classes"]).names if "classes" in data else []
        condition = Columns.from_json(data["condition"]) if "condition" in data else None
    except ValueError as problem:
        raise WganError(f"{run}/config.json does not describe a run's data ({problem}); give another run.") from None
    lines = [
        f"Besides weights and pictures of samples, {run} holds these parts of its data:",
        f"  their path, which exported files leave out: {data['source'] or saved['config'].get('data')}",
        f"  the number of rows, {data['training_rows']:,} to train on and {data['held_out_rows']:,} held out, and "
        "their SHA-256",
    ]
    if names:
        lines += [f"  {len(names):,} class names, with their shares:", *_wrapped(map(quoted, names), width)]
    if condition is not None:
        lines.append(
            f"  {len(condition.drawn):,} rows of what samples are given: {', '.join(map(quoted, condition.names))}"
        )
    own = form.columns if isinstance(form, TableForm) else form.numbers if isinstance(form, ArrayForm) else ()
    parts = (*own, *(condition.form.columns if condition else ()))
    if not isinstance(form, TableForm):
        lines.append(_of_array(form))
    if not parts:
        return page(lines)
    texts = numbers = 0
    for column in parts:
        lines.append(f"  column {quoted(column.name)}: {_of_column(column)}")
        if column.levels:
            names = _written(column, range(len(column.levels)), column.kind)
            lines += _wrapped(names if column.ordered else sorted(names, key=natural), width)
            texts += sum(isinstance(level, str) for level in column.levels)
        numbers += len(column.knots)
    lines.append(f"in total: {texts:,} texts and {numbers:,} quantiles from {len(parts):,} columns of the data")
    return page(lines)


def _of_array(form: Form) -> str:
    ends = "no bounds" if form.low is None else f"the bounds {form.low:g} and {form.high:g}"
    more = (
        f", and the means and standard deviations of {len(form.offset)} columns"
        if isinstance(form.offset, tuple)
        else ""
    )
    return f"  {form.kind}: {ends}{more}"


def _of_column(column: Column) -> str:
    if column.kind == "identifier":
        return "nothing of its values"
    if column.kind == "plain":
        return "its mean and its standard deviation"
    if column.kind == "number":
        low, high = _written(column, (column.knots[0], column.knots[-1]), "number")
        spikes = sum(first < last for first, last in zip(column.lows, column.highs, strict=True))
        often = f", {spikes:,} of which occur in many rows" if spikes else ""
        return (
            f"{len(column.knots):,} quantiles, each the value of a row{often}; the least is {low}, the greatest {high}"
        )
    unused = len(column.categories) - len(column.levels)
    more = f", and {unused:,} categories that no row has" if column.categories and unused > 0 else ""
    rare = sum(count < FEWEST for count in column.counts)
    few = f", {rare:,} of them in fewer than {FEWEST} rows" if rare else ""
    return f"{len(column.levels):,} level{'s' if len(column.levels) != 1 else ''}{few}{more}"


def _written(column: Column, values: Any, kind: str) -> list[str]:
    """Values at rest as a file writes them."""
    import numpy as np

    return [str(text) for text in texts_of(column, series_of(column, np.array(list(values), np.float64)))]


def _wrapped(names: Any, width: int) -> list[str]:
    text = ", ".join(name.replace(" ", "\0") for name in names)  # a name stays on one line
    lines = textwrap.wrap(text, width - 4, break_long_words=False, break_on_hyphens=False)
    return [f"    {line}".replace("\0", " ") for line in lines]
