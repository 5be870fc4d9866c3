"""A run folder, or several, as one HTML page that opens from disk: made from saved files alone.

Whatever the files hold is escaped, and the page's own policy lets no other script run and nothing be fetched.
"""

import base64
import hashlib
import io
import json
import math
import os
import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from wgan import data
from wgan.config import FIELDS, OPERATIONAL, Config
from wgan.data import Dataset, Form, form_from_json
from wgan.errors import WganError
from wgan.reports import figures
from wgan.reports.charts import Level, Line, Mark, chart, number
from wgan.reports.verdicts import Log, Verdict, verdicts
from wgan.runs import checkpoint
from wgan.runs import folder as runs

PICTURES = 60  # at most, of samples over time
NEAREST = 8  # samples whose nearest training rows are shown
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass
class Run:
    """What a run folder tells; `remarks` are sentences on what it lacks."""

    path: Path
    name: str
    config: dict[str, Any]
    about: dict[str, Any]
    log: Log
    verdicts: list[Verdict]
    step: int
    best: tuple[int, float] | None
    pictures: list[tuple[int, str]]
    evaluation: dict[str, Any] | None
    remarks: list[str] = field(default_factory=list)

    @property
    def steps(self) -> int | None:
        steps = self.config.get("steps")
        return steps if isinstance(steps, int) else None

    def last(self, name: str) -> float:
        """The last known value of a column; NaN where there is none."""
        values = self.log.get(name)
        if values is None or values.dtype == object or not np.isfinite(values).any():
            return math.nan
        return float(values[np.isfinite(values)][-1])


def write(paths: list[Path], out: Path | None = None, *, data_dir: Path | None = None) -> Path:
    """Write the report of one run, or of several side by side, and return its path.

    `out` is by default RUN/report.html, or comparison.html beside the first of several runs. Raises WganError where
    a path is no run folder, or the file cannot be written.
    """
    found = [read(path) for path in paths]
    if out is None:
        out = paths[0] / "report.html" if len(paths) == 1 else paths[0].parent / "comparison.html"
    page = single(found[0], data_dir) if len(found) == 1 else side_by_side(found)
    temporary = out.with_name(f".{out.name}.tmp-{os.getpid()}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(page, encoding="utf-8")
        temporary.replace(out)
    except OSError as problem:
        raise WganError(f"cannot write {out} ({problem.strerror or problem}); name another --out.") from problem
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return out


def read(path: Path) -> Run:
    """All that a run folder tells without its data; WganError where it is none."""
    about, log, remarks = runs.read_config(path), runs.read_log(path), []
    config = about["config"]
    steps = log.get("step", np.array([]))
    if steps.dtype == object or not np.isfinite(steps).all():
        raise WganError(f"{path / runs.LOG} has a record without a step; mend or delete that line.")
    at = int(steps[-1]) if len(steps) else 0
    pictures, left_out = _pictures(path / "samples")
    if left_out:
        remarks.append(f"{left_out} files in samples/ are not pictures as wgan writes them and are left out.")
    evaluation = _evaluation(path, remarks)
    saved = checkpoint.steps(path / "checkpoints")
    best = runs.best(path, saved)
    wanted = config.get("steps")
    if not len(steps):
        remarks.insert(0, "This run has no record yet: its config is all that can be shown.")
    elif isinstance(wanted, int) and at < wanted:
        patience = config.get("until_no_better")
        if isinstance(patience, int) and best and at - best[0] >= patience:
            remarks.insert(0, f"Stopped at step {at:,}, since none of {patience:,} steps was better.")
        else:
            remarks.insert(0, f"Unfinished: this run is at step {at:,} of {wanted:,}, and is reported as far as it is.")
    name = path.resolve().name
    return Run(path, name, config, about, log, verdicts(log, config), at, best, pictures, evaluation, remarks)


def single(run: Run, data_dir: Path | None = None) -> str:
    """The page of one run."""
    real, nearest = None, None
    form = _form(run)
    if form and form.kind == "images" and run.pictures:
        try:
            dataset = _data(run, data_dir)
            real, nearest = _beside(run, dataset, form)
        except WganError as problem:
            run.remarks.append(f"Real images are not shown, since the data is not at hand: {problem}")
    versions = run.about.get("versions")
    return _render(
        title=f"{run.config.get('data', '?')}: {run.name}",
        run=run,
        facts=_facts(run),
        tiles=_tiles(run),
        charts=_charts(run),
        real=real,
        nearest=nearest,
        metrics=_metrics(run),
        lacking=list(_mapping(_mapping(run.evaluation).get("lacking")).values()),
        protocol=[
            (name.replace("_", " "), value)
            for name, value in _mapping(_mapping(run.evaluation).get("protocol")).items()
            if isinstance(value, str | int | float) and name != "features_text"
        ],
        config=[
            (name, value, name in FIELDS and value != FIELDS[name].default, _text(name))
            for name, value in run.config.items()
        ],
        about=[
            *((f"data: {name}", value) for name, value in _mapping(run.about.get("data")).items() if name != "form"),
            *((f"version of {name}", value) for name, value in _mapping(versions).items()),
            ("machine", run.about.get("machine", "unknown")),
        ],
        command=command(run),
    )


def side_by_side(found: list[Run]) -> str:
    """The page of several runs: one table, curves over each other, what differs in their configs."""
    names = _distinct([run.name for run in found], [str(run.path) for run in found])

    def over(title: str, text: str, column: str, levels: Sequence[Level] = ()) -> Markup | None:
        lines = [
            Line(name, run.log["step"], run.log[column])
            for name, run in zip(names, found, strict=True)
            if column in run.log and run.log[column].dtype != object
        ]
        return chart(title, text, lines, levels=levels)

    forms = {json.dumps(_mapping(run.about.get("data")).get("sha256")) for run in found}
    floors = [run.last("w1_floor") for run in found]
    same = len(forms) == 1 and all(map(math.isfinite, floors)) and max(floors) - min(floors) < 1e-9
    remarks = [f"{name}: {text}" for name, run in zip(names, found, strict=True) for text in run.remarks]
    if len(forms) > 1:
        remarks.insert(0, "These runs were trained on different data: their distances do not compare.")
    fields = sorted({name for run in found for name in run.config if name not in OPERATIONAL}, key=_order)
    return _render(
        title="Runs side by side",
        names=names,
        found=found,
        remarks=remarks,
        rows=_rows(found),
        differences=[
            (name, [run.config.get(name, "not there") for run in found], _text(name))
            for name in fields
            if len({json.dumps(run.config.get(name, ...), default=str) for run in found}) > 1
        ],
        charts=[
            made
            for made in (
                over(*DISTANCE, "w1", [Level("real against real", floors[0])] if same else []),
                over("The critic's estimate, held out", "Comparable only where data and constraint are the same.",
                     "held_out_estimate"),
                over("Coverage", "The share of held-out rows with a sample as near as their fifth nearest real row.",
                     "coverage"),
                over("Gradient norm of the critic at samples",
                     "What the generator learns from; about 1 under a penalty.",
                     "gradient_norm_fake"),
            )
            if made
        ],
    )  # fmt: skip


def command(run: Run) -> str:
    """The command that repeats a run: every field that is not its default."""
    words = ["wgan", "train", str(run.config.get("data"))]
    for name, value in run.config.items():
        if name in FIELDS and name != "data" and value != FIELDS[name].default and value is not None:
            words += ["--" + name.replace("_", "-"), str(value)]
    return shlex.join([*words, "--out", f"runs/{run.name}-again"])


DISTANCE = (
    "Distance to the data",
    "Exact Wasserstein-1 between samples and held-out rows, Euclidean, in encoded units.",
)


def _charts(run: Run) -> list[Markup]:
    log, steps = run.log, run.log.get("step", np.array([]))

    def lines(*pairs: tuple[str, str]) -> list[Line]:
        return [
            Line(name, steps, log[column]) for column, name in pairs if column in log and log[column].dtype != object
        ]

    floor = run.last("w1_floor")
    rows = run.last("measured_rows")
    title, text = DISTANCE
    if math.isfinite(rows):
        text += f" {rows:.0f} of each, the same at every step."
    marks = [Mark(f"best checkpoint: step {run.best[0]:,}", *run.best)] if run.best else []
    layers = [(name, name.removeprefix("critic_gradient.")) for name in log if name.startswith("critic_gradient.")]
    made = [
        chart(
            title,
            text + " Real against real is as low as it goes.",
            lines(("w1", "samples"))
            + (lines(("generator_w1", "without averaging")) if run.config.get("average") else []),
            levels=[Level("real against real", floor)] if math.isfinite(floor) else [],
            marks=marks,
        ),
        chart(
            "The critic's estimate",
            "On rows that it trains on and on rows that it never saw. Where the two part, it memorises.",
            lines(("estimate", "training rows"), ("held_out_estimate", "held-out rows")),
        ),
        chart(
            "Variety",
            "Coverage: held-out rows with a sample near. Diversity: how much two samples differ, real rows being 1.",
            lines(("coverage", "coverage"), ("diversity", "diversity"), ("copied", "copies of training rows")),
        ),
        chart(
            "Gradient norm of the critic",
            "At real rows, at samples and between them. A penalty holds it near 1; the generator learns from it.",
            lines(
                ("gradient_norm_real", "at real rows"),
                ("gradient_norm_fake", "at samples"),
                ("gradient_norm_mixed", "between"),
            ),
        ),
        chart(
            "Gradient of each layer of the critic",
            "Norms of the loss's gradient. Layers should not drift apart by orders of magnitude.",
            lines(*layers),
        ),
        chart(
            "Losses",
            "What each player minimised. Their zero is arbitrary; read the distance instead.",
            lines(("critic_loss", "critic"), ("generator_loss", "generator")),
        ),
        chart("Clipped weights", "The share of the critic's weights at +-c.", lines(("clipped_weights", "share"))),
        chart("Classes", "Effective number of classes among samples, by their nearest training row.",
              lines(("classes", "classes")), levels=_levels("held-out rows", run.last("classes_floor"))),
    ]  # fmt: skip
    return [one for one in made if one]


def _levels(name: str, value: float) -> list[Level]:
    return [Level(name, value)] if math.isfinite(value) else []


def _tiles(run: Run) -> list[tuple[str, str, str]]:
    """The few numbers to see first: what it is, its value, what to compare it with."""
    found = []
    floor, rows = run.last("w1_floor"), run.last("measured_rows")
    if math.isfinite(value := run.last("w1")):
        beside = f"real against real: {number(floor)}" if math.isfinite(floor) else ""
        found.append(("W1 to held-out rows", number(value), f"{beside} (n = {rows:.0f})" if beside else ""))
    if run.best:
        found.append(("Best checkpoint", f"step {run.best[0]:,}", f"W1 {number(run.best[1])}"))
    if math.isfinite(value := run.last("coverage")):
        real = run.last("coverage_floor")
        found.append(("Coverage", f"{value:.0%}", f"training rows: {real:.0%}" if math.isfinite(real) else ""))
    if math.isfinite(value := run.last("held_out_estimate")):
        found.append(("Estimate, held out", number(value), f"on training rows {number(run.last('estimate'))}"))
    if math.isfinite(value := run.last("steps_per_second")) and value > 0:
        found.append(("Speed", f"{number(value)} steps/s", f"{run.last('seconds') / 60:,.1f} minutes in all"))
    return found


def _facts(run: Run) -> str:
    """One line on what was trained."""
    config, about = run.config, _mapping(run.about.get("data"))
    rows = about.get("training_rows")
    parts = [
        f"{rows:,} training rows" if isinstance(rows, int) else None,
        f"{config.get('objective')} with {config.get('constraint')}",
        f"network {config.get('network')}",
        f"step {run.step:,}" + (f" of {run.steps:,}" if run.steps else ""),
        f"seed {config.get('seed')}",
    ]
    return " · ".join(part for part in parts if part)


def _rows(found: list[Run]) -> list[tuple[str, list[str], str]]:
    """The table of several runs: a title, a cell for each run, what it is."""

    def cells(value: Callable[[Run], str]) -> list[str]:
        return [value(run) for run in found]

    def known(name: str, form: Callable[[float], str] = number) -> list[str]:
        return cells(lambda run: form(run.last(name)) if math.isfinite(run.last(name)) else "-")

    table = [
        ("step", cells(lambda run: f"{run.step:,} of {run.steps:,}" if run.steps else f"{run.step:,}"), ""),
        ("W1 to held-out rows", known("w1"), "exact, at the last step; lower is better"),
        ("real against real", known("w1_floor"), "the floor of the line above"),
        ("best checkpoint", cells(lambda r: f"{number(r.best[1])} at {r.best[0]:,}" if r.best else "-"), "by that W1"),
        ("coverage", known("coverage", lambda x: f"{x:.0%}"), "of held-out rows; higher is better"),
        ("diversity", known("diversity"), "real rows being 1"),
        ("copied", known("copied", lambda x: f"{x:.0%}"), "samples that stand on a training row"),
        ("estimate", known("estimate"), "the critic's, on training rows"),
        ("held_out_estimate", known("held_out_estimate"), "the critic's, on held-out rows"),
        ("minutes", known("seconds", lambda x: f"{x / 60:.1f}"), "of the last process"),
    ]
    metrics = [{row["name"]: row for row in _metrics(run)} for run in found]
    for name in dict.fromkeys(name for one in metrics for name in one):
        first = next(one[name] for one in metrics if name in one)
        table.append((name, [one[name]["value"] if name in one else "-" for one in metrics], first["estimates"]))
    return table


def _metrics(run: Run) -> list[dict[str, str]]:
    """The rows of evaluation.json, every cell as text."""
    listed = _mapping(run.evaluation).get("metrics", [])
    if isinstance(listed, dict):
        listed = [{"name": name, **(one if isinstance(one, dict) else {"value": one})} for name, one in listed.items()]
    if not isinstance(listed, list):
        return []
    found = []
    for one in listed:
        if not isinstance(one, dict):
            continue
        cell = {name: _cell(one.get(name)) for name in ("name", "value", "floor", "better", "estimates")}
        cell["name"] = _cell(one.get("title", one.get("name")))
        for name, error in (("value", one.get("error")), ("floor", one.get("floor_error"))):
            if isinstance(error, int | float) and error:
                cell[name] += f" ± {error:,.0f}" if 1000 <= error < 1e7 else f" ± {error:.2g}"
        found.append(cell)
    return found


def _cell(value: object) -> str:
    if value is None:
        return ""
    return number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _evaluation(path: Path, remarks: list[str]) -> dict[str, Any] | None:
    file = path / "evaluation.json"
    if not file.is_file():
        return None
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        remarks.append("evaluation.json cannot be read; make it anew with `wgan evaluate`.")
        return None
    return found


def _pictures(folder: Path) -> tuple[list[tuple[int, str]], int]:
    """(step, data address) of the pictures of samples over time, thinned to `PICTURES`; how many are no pictures."""
    named = sorted((int(p.stem), p) for p in folder.glob("*.png") if p.stem.isascii() and p.stem.isdigit())
    if len(named) > PICTURES:
        named = [named[round(i)] for i in np.linspace(0, len(named) - 1, PICTURES)]
    found, left_out = [], 0
    for step, path in named:
        content = path.read_bytes()
        if content.startswith(PNG):
            found.append((step, _address(content)))
        else:
            left_out += 1
    return found, left_out


def _address(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _png(images: np.ndarray) -> str:
    """uint8 images [n, height, width, channels] as one grid."""
    file = io.BytesIO()
    figures.image(figures.grid(images), file)
    return _address(file.getvalue())


def _form(run: Run) -> Form | None:
    try:
        return form_from_json(run.about["data"]["form"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _data(run: Run, data_dir: Path | None) -> Dataset:
    config = Config.from_json(run.config)
    dataset = data.of(config.replace(data_dir=data_dir or config.data_dir))
    saved = _mapping(run.about.get("data")).get("sha256")
    if hashlib.sha256(np.ascontiguousarray(dataset.rows).data).hexdigest() != saved:
        raise WganError(f"{config.data} holds other rows than those that this run was trained on.")
    return dataset


def _beside(run: Run, dataset: Dataset, form: Form) -> tuple[str, list[dict[str, Any]]]:
    """A grid of real images, and for the first samples their nearest training images."""
    config = Config.from_json(run.config)
    rows, _ = data.split(dataset, config.held_out, config.rows, config.seed)
    samples = _cut(run.pictures[-1][1], form)
    shown = np.random.default_rng(0).permutation(len(rows))[: max(len(samples), 16)]
    real = figures.as_bytes(dataset.rows[rows[np.sort(shown)]], form)
    chosen = samples[:NEAREST].reshape(min(NEAREST, len(samples)), -1)
    # The three smallest of each block of rows, then of all blocks: a data set may be larger than memory.
    found: list[list[tuple[float, int]]] = [[] for _ in chosen]
    for first in range(0, len(rows), 4096):
        block = figures.as_bytes(dataset.rows[rows[first : first + 4096]], form).reshape(-1, chosen.shape[1])
        for one, sample in zip(found, chosen, strict=True):
            distance = np.sqrt(((block.astype(np.float32) - sample.astype(np.float32)) ** 2).sum(1))
            for at in np.argsort(distance)[:3]:
                one.append((float(distance[at]), int(rows[first + at])))
    nearest = []
    for sample, near in zip(samples, found, strict=False):
        near = sorted(near)[:3]
        images = figures.as_bytes(dataset.rows[[row for _, row in near]], form)
        nearest.append(
            {
                "sample": _png(sample[None]),
                "rows": [(_png(one[None]), row, d / 127.5) for one, (d, row) in zip(images, near, strict=True)],
            }
        )
    return _png(real), nearest


def _cut(address: str, form: Form) -> np.ndarray:
    """The images [n, height, width, channels] of a grid that `figures.grid` made; WganError for another picture."""
    from PIL import Image

    height, width, channels = form.shape
    try:
        with Image.open(io.BytesIO(base64.b64decode(address.split(",")[1])), formats=["PNG"]) as picture:
            page = np.asarray(picture)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
        raise WganError(f"the last picture of samples cannot be read ({problem}).") from problem
    page = page.reshape(*page.shape[:2], -1)
    factor = max(1, 56 // max(height, width))
    tall, wide = height * factor + figures.GAP, width * factor + figures.GAP
    down, across = (page.shape[0] - figures.GAP) // tall, (page.shape[1] - figures.GAP) // wide
    size = (down * tall + figures.GAP, across * wide + figures.GAP, channels)
    if page.shape != size or page.dtype != np.uint8:
        raise WganError("the last picture of samples is no grid as wgan draws it.")
    return np.stack(
        [
            page[y * tall + figures.GAP : (y + 1) * tall : factor, x * wide + figures.GAP : (x + 1) * wide : factor]
            for y in range(down)
            for x in range(across)
        ]
    )


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(name: str) -> str:
    return FIELDS[name].metadata["text"] if name in FIELDS else ""


def _order(name: str) -> tuple[int, str]:
    return (list(FIELDS).index(name) if name in FIELDS else len(FIELDS), name)


def _distinct(names: list[str], paths: list[str]) -> list[str]:
    return names if len(set(names)) == len(names) else paths


def _render(**values: Any) -> str:
    """The page of package file report.html, everything escaped; its script is allowed by its hash, no other is."""
    import jinja2

    folder = files("wgan.reports")
    script = (folder / "report.js").read_text()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string((folder / "report.html").read_text())
    style = (folder / "report.css").read_text()
    return template.render(script=Markup(script), style=Markup(style), digest=digest, number=number, **values)
