"""An evaluation as text: what was compared, a table of the metrics with their floors, and what is lacking."""

import textwrap
from pathlib import Path
from typing import Any

from wgan.evaluation.evaluate import ALL_METRICS, Entry, Evaluation
from wgan.files.printed import amount, page
from wgan.reports import proven
from wgan.reports.structure_axes import axes_in_words
from wgan.runs import folder as runs
from wgan.runs.quantities import aim, with_error
from wgan.runs.twice import why_they_differ

WIDE = 112  # columns of the table with what each metric estimates at its side


def words(run: str | Path, report: Evaluation, columns: int | None = None) -> str:
    """An evaluation of a run as text: what was compared, a table, and which metrics are lacking.

    Lines have at most `columns` characters, or 112 if it is None or more. On fewer, what a metric estimates stands
    below its numbers.
    """
    protocol = report["protocol"]
    state = "" if report["finished"] else ": unfinished, measured at this step"
    lines = [
        f"{run}: step {report['step']:,} of {report['steps']:,}{state}",
        *filled(
            f"{amount(protocol['samples'], 'sample')} (seed {protocol['seed']}) of {protocol['data']} against "
            f"{protocol['real_rows']:,} {protocol['against']}",
            columns,
        ),
    ]
    titles = {name: entry["title"] for name, entry in report["metrics"].items()}
    why = why_they_differ(titles, runs.read_log(Path(run)))
    return page([*lines, *table_in_words(report, columns), *filled(why, columns)])


def table_in_words(report: Evaluation, columns: int | None = None) -> list[str]:
    """The lines of an evaluation that tell its features, its floor, its metrics and what is lacking."""
    protocol = report["protocol"]
    found = report["metrics"]
    sentences = [
        f"features: {protocol['features_text']}",
        f"floor: {protocol['floor']}",
        *_of_metric(found, "frechet", protocol.get("frechet")),
        *_of_metric(found, "usefulness", protocol.get("predicted")),
        *([protocol["structure"]] if "structure" in protocol else []),
        *([f"fewer samples: {protocol['fewer_samples']}"] if "fewer_samples" in protocol else []),
    ]
    lines = [line for sentence in sentences for line in filled(sentence, columns)]
    lines += ["", *_metrics_in_words(found, columns), "", *filled(_legend(found), columns)]
    for entry in found.values():
        if "by_axis" in entry:
            lines += filled(axes_in_words(entry["title"], entry["by_axis"]), columns)
    for sentence, kinds in proven.in_words(proven.frequencies_of(report)):
        lines += [line for text in (sentence, *(f"  {one}" for one in kinds)) for line in filled(text, columns)]
    return [*lines, *(line for text in _lacking_in_words(report["lacking"]) for line in filled(text, columns))]


def filled(text: str, columns: int | None) -> list[str]:
    """A sentence as lines of at most so many columns, and of at most 112."""
    width = min(columns or WIDE, WIDE)
    own = text[: len(text) - len(text.lstrip())]
    return textwrap.wrap(text, width, subsequent_indent=2 * own, break_on_hyphens=False, break_long_words=False)


def _legend(found: dict[str, Any]) -> str:
    """What the signs of the table mean: those that are there."""
    texts = ["± is one standard error."]
    if any("(" in cell for one in found.values() for cell in _cells(one, one.get("unit", ""))):
        texts.append("The numbers in brackets are the ends of a 95 % interval.")
    if any("unbiased" in one["estimates"] and min(one["value"], one["floor"]) < 0 for one in found.values()):
        texts.append("An unbiased distance is below 0 by chance where nothing differs.")
    return " ".join(texts)


def _cells(one: Any, unit: str) -> tuple[str, str]:
    """A value and its floor, each with its error or its interval."""
    value = with_error(one["value"], one["error"], unit, one.get("interval"))
    return value, with_error(one["floor"], one.get("floor_error"), unit, one.get("floor_interval"))


def _metrics_in_words(found: dict[str, Any], columns: int | None) -> list[str]:
    width = min(columns or WIDE, WIDE)
    wide = width == WIDE
    samples, floor, beside = (40, 19, "  better  what it estimates") if wide else (38, 20, "")
    lines = [f"{'samples':>{samples}}{'floor':>{floor}}{beside}"]
    for entry in found.values():
        text = entry["estimates"] + ("" if entry["p_value"] is None else f" (here p = {entry['p_value']:.2g})")
        lines += _metric_in_words(entry["title"], entry, entry, text, width)
        for axis, along in enumerate(entry.get("by_axis", [])):
            lines += _metric_in_words(f"  along axis {axis}", along, entry, "the same along one axis", width)
    return lines


def _metric_in_words(title: str, one: Any, entry: Entry, text: str, width: int) -> list[str]:
    """A value and its floor, each with its error, which direction is better, and what the metric estimates."""
    unit = entry.get("unit", "")
    best, (value, floor) = aim(entry["better"], unit), _cells(one, unit)
    if width == WIDE:
        left = f"{title:22}{value:>18}"  # a long value takes the space of its floor, and no column moves
        left = f"{left}{floor:>{59 - len(left)}}  {best:6}  "
        first, *more = textwrap.wrap(text, WIDE - len(left))
        return [left + first, *(" " * 69 + line for line in more)]
    wanted = f"{best} is {'better' if best in ('lower', 'higher') else 'best'}"
    left = title + value.rjust(max(38 - len(title), len(value) + 1))
    return [
        left + floor.rjust(max(58 - len(left), len(floor) + 2)),
        *("    " + line for line in filled(f"{wanted}: {text}", width - 4)),
    ]


def _of_metric(found: dict[str, Any], name: str, sentence: str | None) -> list[str]:
    """A sentence on one metric, if it was measured."""
    return [f"{found[name]['title']}: {sentence}"] if name in found and sentence else []


def _lacking_in_words(lacking: dict[str, str]) -> list[str]:
    """Sentences on the metrics that have too few rows; those with the same reason share a sentence."""
    groups: dict[str, list[str]] = {}
    for name, sentence in lacking.items():
        metric = ALL_METRICS.get(name)
        groups.setdefault(sentence.removeprefix(f"{name} "), []).append(metric.title if metric else name)
    lines = []
    for reason, titles in groups.items():
        each = reason if len(titles) == 1 else reason.replace("needs", "need", 1)
        lines.append(f"lacking: {' and '.join(filter(None, (', '.join(titles[:-1]), titles[-1])))} {each}")
    return lines
