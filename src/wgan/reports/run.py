"""A run as its saved files show it: its config, log, verdicts, pictures and evaluation."""

import base64
import json
import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from wgan.data import Dataset
from wgan.errors import WganError
from wgan.files import reading
from wgan.files.records import MOST, parsed_with_more, read_json
from wgan.reports.command import train_command
from wgan.reports.proven import judged
from wgan.reports.series import Log, late_median
from wgan.reports.unfinished import ended_early
from wgan.reports.verdicts import Verdict
from wgan.runs import best, checkpoint, folder
from wgan.runs.quantities import aim, number, quantity, with_error

PICTURES = 60  # of samples over time, at most
PICTURED = 4 * 2**20  # bytes of them, at most; the last picture is always there
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass
class Run:
    """What a run folder holds. `remarks` say what is missing, and `dataset` holds the rows if they are in memory."""

    path: Path
    name: str
    config: dict[str, Any]
    about: dict[str, Any]
    log: Log
    verdicts: list[Verdict]
    step: int
    best: best.Best | None
    pictures: list[tuple[int, str]]
    evaluation: dict[str, Any] | None
    remarks: list[str] = field(default_factory=list)
    dataset: Dataset | None = None

    @property
    def steps(self) -> int | None:
        """The steps of the whole run; None if the config lacks them."""
        steps = self.config.get("steps")
        return steps if isinstance(steps, int) else None

    @property
    def sha256(self) -> object:
        """The checksum of the rows that the run was trained on, from config.json."""
        return mapping(self.about.get("data")).get("sha256")

    def column(self, name: str) -> np.ndarray | None:
        """A logged column of numbers [records]; None if the log lacks it or it holds anything else."""
        quantity(name)  # an unknown name raises KeyError, since it would look like a column that is missing
        values = self.log.get(name)
        return None if values is None or values.dtype == object else values

    def late(self, name: str) -> float:
        """The median of a column over the last quarter of the run, as verdicts read it; NaN without a value."""
        return late_median(self.log, name) if self.column(name) is not None and len(self.log["step"]) else math.nan

    def last(self, name: str) -> float:
        """The last value of a column; NaN without a value."""
        values = self.column(name)
        if values is None or not np.isfinite(values).any():
            return math.nan
        return float(values[np.isfinite(values)][-1])


def read(path: Path, step: str | int | None = None) -> Run:
    """Read a run folder, but not its data set. Raises WganError if the path is not a run folder.

    With `step` the run ends at that checkpoint: "latest", "best" or the number of a step.
    """
    about, log = folder.read_config(path), folder.read_log(path)
    remarks: list[str] = []
    config = about["config"]
    steps = log.get("step", np.array([]))
    if steps.dtype == object or not np.isfinite(steps).all():
        raise WganError(f"{path / folder.LOG} has a record without a step; correct or delete that line.")
    if step is not None:
        until = best.checkpoint_at(path, step).step
        log = {name: values[steps <= until] for name, values in log.items()}
        steps = steps[steps <= until]
        remarks.append(f"This page ends at the checkpoint of step {until:,}.")
    at = int(steps[-1]) if len(steps) else 0
    pictures = _pictures(path, remarks, at if step is not None else math.inf)
    evaluation = _evaluation(path, remarks)
    _, damaged = checkpoint.latest(path / "checkpoints")
    checkpoint.warn(path / "checkpoints", damaged)
    remarks += [f"{sentence[0].upper()}{sentence[1:]}." for sentence in damaged]
    found = best.best_of(log, config, checkpoint.steps(path / "checkpoints"))
    wanted = config.get("steps")
    if not len(steps):
        remarks.insert(0, "This run has no record yet, so only its config is shown.")
    elif step is None and isinstance(wanted, int) and at < wanted:
        if ended_early(config, at, found):
            patience = config["until_no_better"]
            remarks.insert(0, f"Stopped at step {at:,}, since none of the last {patience:,} steps was better.")
        else:
            remarks.insert(0, f"Unfinished: this run is at step {at:,} of {wanted:,}, where the report ends.")
    name = path.resolve().name
    return Run(
        path, name, config, about, log, judged(log, config, evaluation), at, found, pictures, evaluation, remarks
    )


def same_data(runs: list[Run]) -> bool:
    """Whether these runs were trained on the same rows, by the checksums in their configs."""
    return len({json.dumps(run.sha256) for run in runs}) <= 1


def command(run: Run) -> str:
    """The command that repeats a run, with every field that differs from its default."""
    more = ["--out", f"runs/{run.name}-again"]
    return train_command(run.config, str(run.config.get("data")), frozenset(), more)


def metric_rows(run: Run) -> list[dict[str, str]]:
    """The metrics of evaluation.json as rows of a table, every cell as text."""
    listed = mapping(run.evaluation).get("metrics", [])
    if isinstance(listed, dict):
        listed = [{"name": name, **(one if isinstance(one, dict) else {"value": one})} for name, one in listed.items()]
    if not isinstance(listed, list):
        return []
    found = []
    for one in listed:
        if not isinstance(one, dict):
            continue
        cells = {name: _cell_text(one.get(name)) for name in ("name", "better", "estimates")}
        cells["better"] = aim(cells["better"], str(one.get("unit") or ""))
        cells["key"], cells["name"] = cells["name"], _cell_text(one.get("title", one.get("name")))
        found.append(cells | _beside_floor(one, str(one.get("unit") or "")))
        axes = one.get("by_axis")
        for axis, along in enumerate(axes if isinstance(axes, list) else []):
            named = {
                "key": "",
                "name": f"{cells['name']}, axis {axis}",
                "estimates": "the same along one axis of space",
            }
            found.append(cells | named | _beside_floor(mapping(along), str(one.get("unit") or "")))
    return found


def _beside_floor(one: dict[str, Any], unit: str) -> dict[str, str]:
    """The value of a metric and its floor as text, each with its error."""
    cells = {}
    for name, error, ends in (("value", "error", "interval"), ("floor", "floor_error", "floor_interval")):
        value, deviation, interval = one.get(name), one.get(error), one.get(ends)
        deviation = float(deviation) if isinstance(deviation, int | float) else None
        if isinstance(value, int | float) and not isinstance(value, bool):
            cells[name] = with_error(float(value), deviation, unit, interval if _is_interval(interval) else None)
        else:
            cells[name] = _cell_text(value)
    return cells


def _is_interval(ends: object) -> bool:
    """Whether this is an interval inside of [0, 1], as a file that others wrote may not hold."""
    if not isinstance(ends, list) or not all(isinstance(end, int | float) for end in ends):
        return False
    return len(ends) == 2 and 0 <= ends[0] <= ends[1] <= 1


def kept(run: Run, name: str, kind: Any, what: str, draw: Callable[[Any], list[Markup]]) -> tuple[Any, list[Markup]]:
    """What a file that a training keeps holds, checked as `kind`, and its charts; none without the file.

    If it cannot be read, or is of a later step than the report, a remark says that `what` is not shown.
    """
    file = run.path / name
    if not os.path.lexists(file):
        return None, []
    try:
        saved = read_json(file, kind, "train on to make it again, or delete it", parse=parsed_with_more)
        if saved["step"] > run.step:
            raise WganError(f"only those of step {saved['step']:,} are kept.")
        return saved, draw(saved)
    except WganError as problem:
        run.remarks.append(f"The {what} of the samples is not shown: {problem}")
        return None, []


def mapping(value: object) -> dict[str, Any]:
    """A saved value if it is a mapping; an empty mapping if it is anything else."""
    return value if isinstance(value, dict) else {}


def png_address(png: bytes) -> str:
    """A PNG as a data URL, an address that holds the picture itself."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    return number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _evaluation(path: Path, remarks: list[str]) -> dict[str, Any] | None:
    """The content of evaluation.json; None if there is none or, with a remark, if it cannot be read."""
    file = path / "evaluation.json"
    if not os.path.lexists(file):
        return None
    try:
        return read_json(file, dict[str, Any], "make it again with `wgan evaluate`")
    except WganError as problem:
        remarks.append(f"evaluation.json cannot be read and is left out: {problem}")
        return None


def _pictures(path: Path, remarks: list[str], until: float) -> list[tuple[int, str]]:
    """The steps and addresses of at most `PICTURES` pictures of samples, and a remark on those that are left out."""
    named = [(step, file) for step, file in folder.pictures(path) if step <= until]
    if len(named) > PICTURES:
        named = [named[round(i)] for i in np.linspace(0, len(named) - 1, PICTURES)]
    found: list[tuple[int, bytes]] = []
    faults = []
    for step, file in named:
        try:
            content = reading.read(file, MOST)
        except WganError as problem:
            faults.append(str(problem))
            continue
        if content.startswith(PNG):
            found.append((step, content))
        else:
            faults.append(f"{file} is not a PNG file.")
    if faults:
        remarks.append(f"{len(faults)} of {len(named)} pictures of samples are left out: {faults[0]}")
    size = sum(len(content) for _, content in found)
    if size > PICTURED:
        kept = max(1, len(found) * PICTURED // size)
        found = [found[round(i)] for i in np.linspace(len(found) - 1, 0, kept)][::-1]
    return [(step, png_address(content)) for step, content in found]
