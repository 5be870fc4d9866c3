"""The report: one HTML page on one run or several, which opens from disk and is made from saved files alone.

Everything that the files hold is escaped. The page's policy allows no script but its own, and no request.
"""

import base64
import hashlib
import json
import math
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from markupsafe import Markup

from wgan.config import FIELDS, OPERATIONAL
from wgan.data import Dataset
from wgan.errors import with_settings
from wgan.files import writing
from wgan.files.printed import printable
from wgan.files.reading import explained, opened
from wgan.maths.metrics import METRICS
from wgan.presets import PRESETS
from wgan.reports import curves
from wgan.reports.calibration_charts import calibration_of
from wgan.reports.figures import CLASSES
from wgan.reports.images import real_and_nearest
from wgan.reports.proven import frequencies_of, in_words
from wgan.reports.rows import form_of
from wgan.reports.run import Run, command, mapping, metric_rows, read, same_data
from wgan.reports.structure_charts import structure_of
from wgan.reports.tables import table_of
from wgan.runs import overwriting
from wgan.runs.quantities import number, quantity, share
from wgan.runs.twice import column_of, why_they_differ

MARK = b'<meta name="generator" content="wgan">'  # stands at the beginning of report.html


def write(
    paths: list[Path],
    out: Path | None = None,
    *,
    data_dir: Path | None = None,
    overwrite: bool = False,
    step: str | int | None = None,
    dataset: Dataset | None = None,
) -> Path:
    """Write the report of one run, or of several side by side, and return its path.

    The default `out` is RUN/report.html, or comparison.html beside the first of several runs; an earlier report there
    is replaced. Any other file that exists is replaced only with `overwrite`. With `step` the page ends at that
    checkpoint: "latest", "best" or the number of a step. `dataset` are the rows of the run, if they are in
    memory, so that they are not read. Raises WganError if a path is not a run folder, or if the file cannot be written.
    """
    if out is None:
        out = paths[0] / "report.html" if len(paths) == 1 else paths[0].parent / "comparison.html"
        overwrite = overwrite or _is_report(out)
    overwriting.check_file(out, *paths, overwrite=overwrite)
    runs = [replace(read(path, step), dataset=dataset) for path in paths]
    page = page_of_one(runs[0], data_dir) if len(runs) == 1 else page_of_several(runs)
    writing.write(out, page.encode(errors="backslashreplace"))  # names of files may not be UTF-8
    return out


def _is_report(path: Path) -> bool:
    """Whether a file is a page that `write` made, so that it may be replaced without asking."""
    if not path.is_file():
        return False
    with opened(path) as file, explained("read", path):
        return MARK in file.read(1000)


def page_of_one(run: Run, data_dir: Path | None = None) -> str:
    """The HTML page of one run."""
    real, nearest = real_and_nearest(run, data_dir)
    structure, table = structure_of(run), table_of(run, data_dir)
    evaluation = mapping(run.evaluation)
    return _render(
        title=f"{run.config.get('data', '?')}: {run.name}",
        run=run,
        facts=_facts(run),
        tiles=curves.tiles(run),
        charts=curves.charts(run),
        real=real,
        nearest=nearest,
        structure=structure,
        calibrated=calibration_of(run),
        table=table,
        images=getattr(form_of(run), "picture", False),
        classes=_classes_of_columns(run),
        unseen=_unseen(run),
        twice=_measured_twice(run),
        why_twice=why_they_differ({row["key"]: row["name"] for row in metric_rows(run)}, run.log),
        metrics=metric_rows(run),
        frequencies=in_words(frequencies_of(evaluation)),
        lacking=_lacking(evaluation),
        protocol=[
            (name.replace("_", " "), value)
            for name, value in mapping(evaluation.get("protocol")).items()
            if isinstance(value, str | int | float) and name != "features_text"
        ],
        preset=_nearest_preset(run),
        config=[
            (name, value, _differs(run, name, value, _nearest_preset(run)), _field_text(name))
            for name, value in run.config.items()
        ],
        about=[
            *((f"data: {name}", value) for name, value in mapping(run.about.get("data")).items() if name != "form"),
            *((f"version of {name}", value) for name, value in mapping(run.about.get("versions")).items()),
            ("machine", run.about.get("machine", "unknown")),
        ],
        command=command(run),
    )


def page_of_several(runs: list[Run]) -> str:
    """The HTML page of several runs: a table, charts with a curve for each run, and the differences of the configs."""
    names = [run.name for run in runs]
    if len(set(names)) < len(names):
        names = [str(run.path) for run in runs]
    remarks = [f"{name}: {text}" for name, run in zip(names, runs, strict=True) for text in run.remarks]
    if not same_data(runs):
        remarks.insert(0, "These runs were trained on different data, so their distances cannot be compared.")
    fields = sorted({name for run in runs for name in run.config if name not in OPERATIONAL}, key=_field_order)
    return _render(
        title="Runs side by side",
        names=names,
        runs=runs,
        remarks=remarks,
        rows=curves.table(runs),
        differences=[
            (name, [run.config.get(name, "not there") for run in runs], _field_text(name))
            for name in fields
            if len({json.dumps(run.config.get(name, ...), default=str) for run in runs}) > 1
        ],
        charts=curves.compared_charts(names, runs),
    )


def _lacking(evaluation: dict[str, Any]) -> list[str]:
    """Why metrics are lacking, with their titles in the place of the names that the JSON has."""
    found = mapping(evaluation.get("lacking"))
    titles = {name: METRICS[name].title for name in found if name in METRICS}
    return [str(text).replace(name, titles.get(name, name.replace("_", " ")), 1) for name, text in found.items()]


def _facts(run: Run) -> str:
    """One line on what was trained."""
    config, about = run.config, mapping(run.about.get("data"))
    rows = about.get("training_rows")
    parts = [
        f"{rows:,} training rows" if isinstance(rows, int) else None,
        f"{config.get('objective')} with {config.get('constraint')}",
        f"network {config.get('network')}",
        f"step {run.step:,}" + (f" of {run.steps:,}" if run.steps else ""),
        f"seed {config.get('seed')}",
    ]
    return " · ".join(part for part in parts if part)


def _classes_of_columns(run: Run) -> list[str]:
    """The names of the classes that have columns in the pictures of a conditional run; none in other runs."""
    names = mapping(mapping(run.about.get("data")).get("classes")).get("names")
    if not isinstance(names, list) or len(names) > CLASSES or run.config.get("conditional", "none") == "none":
        return []
    return [str(name) for name in names]


LOOKED_FOR = {
    "exploding critic": "an exploding critic",
    "vanishing gradient": "a vanishing gradient",
    "dead generator": "a dead generator",
    "memorising generator": "copies of training rows",
    "mode collapse": "mode collapse (samples of few kinds)",
}


def _unseen(run: Run) -> str:
    """The faults that were looked for and not found, in words; "" if there is one, or if nothing was measured."""
    judged = not any(one.kind == "fault" or one.name == "too early" for one in run.verdicts)
    if "energy_distance_error" not in run.log or not judged:
        return ""
    found = {name for one in run.verdicts for name in (one.name, *one.explains)}
    if not math.isfinite(run.late("copied") + run.last("copied_floor")):
        found.add("memorising generator")  # it was not looked for
    *most, last = [words for name, words in LOOKED_FOR.items() if name not in found]
    return f"{', '.join(most)} and {last}" if most else last


def _measured_twice(run: Run) -> dict[str, str]:
    """What the charts show of the metrics that the log has too, by the names of the metrics."""
    return {
        row["key"]: quantity(key).text(run.late(key))
        for row in metric_rows(run)
        if (key := column_of(row["key"])) and math.isfinite(run.late(key))
    }


def _nearest_preset(run: Run) -> str:
    """The name of the preset from which the fewest fields of a config differ."""
    return min(PRESETS, key=lambda preset: sum(_differs(run, *item, preset) for item in run.config.items()))


def _differs(run: Run, name: str, value: object, preset: str) -> bool:
    """Whether a field differs from the preset's and is not merely left to the data."""
    usual = PRESETS[preset].config.to_json()
    return name not in usual or json.dumps(usual[name]) != json.dumps(value, default=str)


def _field_text(name: str) -> str:
    """What a field of the config is; "" for a field that this version does not know."""
    return with_settings(FIELDS[name].metadata["text"]) if name in FIELDS else ""


def _field_order(name: str) -> tuple[int, str]:
    """A key that sorts fields as in the config, with unknown ones last, by name."""
    return (list(FIELDS).index(name) if name in FIELDS else len(FIELDS), name)


def _render(**values: Any) -> str:
    """The page from the template report.html, with every value escaped; only the script with the right hash may run."""
    import jinja2

    folder = files("wgan.reports")
    script = "".join((folder / name).read_text(encoding="utf-8") for name in ("report.js", "charts.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, finalize=_without_controls
    )
    template = environment.from_string((folder / "report.html").read_text(encoding="utf-8"))
    style = (folder / "report.css").read_text(encoding="utf-8")
    return template.render(
        script=Markup(script), style=Markup(style), digest=digest, number=number, share=share, **values
    )


def _without_controls(value: Any) -> Any:
    """Text as it is printed, since a name can hold characters that turn the direction of what stands beside it."""
    return printable(value) if type(value) is str else value
