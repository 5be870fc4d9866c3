"""A run as its saved files show it: its config, log, verdicts, pictures and evaluation."""

import base64
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from wgan.errors import WganError
from wgan.reports.command import train_command
from wgan.reports.series import Log
from wgan.reports.verdicts import Verdict, verdicts
from wgan.runs import checkpoint, folder
from wgan.runs.best import Best, best
from wgan.runs.quantities import number, quantity

PICTURES = 60  # of samples over time, at most
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass
class Run:
    """What a run folder holds; `remarks` are sentences on what is missing."""

    path: Path
    name: str
    config: dict[str, Any]
    about: dict[str, Any]
    log: Log
    verdicts: list[Verdict]
    step: int
    best: Best | None
    pictures: list[tuple[int, str]]
    evaluation: dict[str, Any] | None
    remarks: list[str] = field(default_factory=list)

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

    def last(self, name: str) -> float:
        """The last value of a column; NaN without a value."""
        values = self.column(name)
        if values is None or not np.isfinite(values).any():
            return math.nan
        return float(values[np.isfinite(values)][-1])


def read(path: Path) -> Run:
    """Read a run folder, but not its data set. Raises WganError if the path is not a run folder."""
    about, log, remarks = folder.read_config(path), folder.read_log(path), []
    config = about["config"]
    steps = log.get("step", np.array([]))
    if steps.dtype == object or not np.isfinite(steps).all():
        raise WganError(f"{path / folder.LOG} has a record without a step; mend or delete that line.")
    at = int(steps[-1]) if len(steps) else 0
    pictures, left_out = _pictures(path / "samples")
    if left_out:
        remarks.append(f"{left_out} files in samples/ are not pictures that wgan wrote, and are left out.")
    evaluation = _evaluation(path, remarks)
    found = best(path, checkpoint.steps(path / "checkpoints"))
    wanted = config.get("steps")
    if not len(steps):
        remarks.insert(0, "This run has no record yet, so only its config is shown.")
    elif isinstance(wanted, int) and at < wanted:
        patience, every = config.get("until_no_better"), config.get("diagnose_every")
        measured = isinstance(every, int) and every > 0 and at % every == 0  # elsewhere a run does not end by itself
        if isinstance(patience, int) and measured and found and at - found.step >= patience:
            remarks.insert(0, f"Stopped at step {at:,}, since none of the last {patience:,} steps was better.")
        else:
            remarks.insert(0, f"Unfinished: this run is at step {at:,} of {wanted:,}, where the report ends.")
    name = path.resolve().name
    return Run(path, name, config, about, log, verdicts(log, config), at, found, pictures, evaluation, remarks)


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
        cells = {name: _cell_text(one.get(name)) for name in ("name", "value", "floor", "better", "estimates")}
        cells["name"] = _cell_text(one.get("title", one.get("name")))
        for name, error in (("value", one.get("error")), ("floor", one.get("floor_error"))):
            if isinstance(error, int | float) and error:
                cells[name] += f" ± {error:,.0f}" if 1000 <= error < 1e7 else f" ± {error:.2g}"
        found.append(cells)
    return found


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


def _pictures(samples: Path) -> tuple[list[tuple[int, str]], int]:
    """The steps and addresses of at most `PICTURES` pictures of samples, and how many files are not pictures."""
    named = sorted((int(p.stem), p) for p in samples.glob("*.png") if p.stem.isascii() and p.stem.isdigit())
    if len(named) > PICTURES:
        named = [named[round(i)] for i in np.linspace(0, len(named) - 1, PICTURES)]
    found, left_out = [], 0
    for step, path in named:
        content = path.read_bytes()
        if content.startswith(PNG):
            found.append((step, png_address(content)))
        else:
            left_out += 1
    return found, left_out
