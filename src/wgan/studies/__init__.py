"""The papers' experiments: each is a list of cases, a function that measures one case, a verdict and a figure.

They may use every folder before them. To add a study, write a file here that ends in a `Study`, its entry in STUDIES,
and its test.
"""

import csv
import hashlib
import io
import json
import os
import platform
import shlex
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

from wgan import __version__
from wgan.errors import WganError, setting, unknown_name
from wgan.files import writing
from wgan.files.reading import explained, opened
from wgan.files.records import checked
from wgan.reports import figures
from wgan.runs import folder as runs
from wgan.runs import overwriting
from wgan.studies.jobs import measured
from wgan.studies.rows import Row, as_json

ROWS = "rows.jsonl"  # the header, then an entry for each finished case
UNFINISHED = "unfinished"  # the folder of the trainings under way; a finished study has none
SCALES = ("quick", "medium", "full")  # minutes for one study; hours for all on two cores; the papers' constants
FRAMES_PER_SECOND = 4  # in animation.gif


class Study(NamedTuple):
    """An experiment: its claim, its cases, and the functions that measure a case, judge the claim and draw a figure.

    `cases(scale)` lists the cases, each a dict of JSON values; a case that draws random numbers holds its "seed".
    `measure(**case)` returns one row or several, dicts of numbers and words by column; the columns of the case are
    added to them. A list in a row, such as a curve for the figure, goes to rows.jsonl but not to the table. An
    interrupted study loses the case under way, so make cases short, or train with `trained` and `recorded`, which
    continue from a checkpoint. `judge(rows)` returns whether the claim holds (None: this scale cannot say) and the
    sentences about what was measured. `draw(rows)` returns a matplotlib Figure, and `animate(rows)`, if given, an
    Animation.
    """

    title: str
    claim: str
    source: str
    cases: Callable[[str], list[Row]]
    measure: Callable[..., Row | list[Row]]
    judge: Callable[[list[Row]], tuple[bool | None, str]]
    draw: Callable[[list[Row]], Any]
    animate: Callable[[list[Row]], Any] | None = None


class Entry(TypedDict):
    """A finished case in rows.jsonl."""

    case: dict[str, Any]
    rows: list[dict[str, Any]]
    seconds: float


class Progress(NamedTuple):
    """The progress of a running study: `done` of `total` cases, and the rows of the last case."""

    done: int
    total: int
    rows: list[Row]


def study(name: str) -> Study:
    """The study of this name; an unknown name raises `WganError` with a suggestion."""
    if name not in STUDIES:
        raise unknown_name("study", name, STUDIES)
    return import_module(STUDIES[name]).STUDY


def run(
    name: str, scale: str = "quick", out: str | Path | None = None, jobs: int | None = None, dask: str | None = None
) -> Iterator[Progress]:
    """Run a study, yielding after each case, and write its results into a folder (studies/NAME-SCALE).

    `jobs` cases run at once, each in its own process (None: one for each core; 1: in this process), or they run on the
    workers of the Dask scheduler at the address `dask`; the results are the same to the byte. rows.jsonl keeps each
    finished case and unfinished/ the trainings under way, so the same call resumes the study. At the end the folder has
    table.csv, figure.png, summary.md and, for some studies, animation.gif. Raises WganError and changes nothing if the
    folder holds something else, or the rows of another scale or another version of wgan.
    """
    one = study(name)
    if scale not in SCALES:
        raise unknown_name("scale", scale, SCALES)
    if jobs is not None and (jobs < 1 or dask is not None):
        raise WganError(f"jobs is {jobs}; it must be 1 or more, and left out with dask, whose workers set it.")
    out = Path(out or Path("studies") / f"{name}-{scale}")
    cases = [as_json(case) for case in one.cases(scale)]
    header = {"study": name, "scale": scale, "wgan": __version__}
    finished = _open(out, header)
    with runs.lock(out):
        done = {n: old for n, case in enumerate(cases) for old in finished if old["case"] == case}
        for count, entry in enumerate(done.values(), 1):
            yield Progress(count, len(cases), entry["rows"])
        missing = [n for n in range(len(cases)) if n not in done]
        left = [cases[n] for n in missing]
        kept = [out / UNFINISHED / hashlib.sha256(json.dumps(case).encode()).hexdigest()[:16] for case in left]
        with closing(measured(STUDIES[name], left, kept, jobs, dask)) as entries:
            for number, entry in entries:
                _append(out, entry)
                shutil.rmtree(kept[number], ignore_errors=True)
                done[missing[number]] = entry
                yield Progress(len(done), len(cases), entry["rows"])
        shutil.rmtree(out / UNFINISHED, ignore_errors=True)
        _write(out, one, header, [done[n] for n in range(len(cases))])


def table(rows: list[Row], columns: list[str] | None = None) -> str:
    """Rows as a Markdown table with numbers to three digits, without lists."""
    columns = columns or _columns(rows)
    lines = [columns, ["---"] * len(columns), *[[_short(row.get(name)) for name in columns] for row in rows]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def words(rows: list[Row]) -> str:
    """The last of these rows as one line of text, for a progress bar."""
    return ", ".join(f"{name} {_short(value)}" for name, value in rows[-1].items() if not isinstance(value, list))


def _open(out: Path, header: Row) -> list[Row]:
    """The finished cases in the folder, which is created if needed; a last line that a killed process left is cut."""
    path = out / ROWS
    overwriting.check_folder(out, lambda name: False)  # what else the folder may hold is said below
    with explained("use", out):
        if not path.exists():
            names = os.listdir(out) if out.exists() else []
            if found := sorted(name for name in names if name != runs.LOCK and not name.startswith(f".{ROWS}.tmp-")):
                raise WganError(
                    f"{out} is not a study's folder but holds {found[0]!r}; choose another {setting('out')}."
                )
            writing.write(path, _line(header))
            return []
    writing.clear(out)
    with opened(path) as file, explained("read", path):
        lines = file.readlines()
    whole = lines[:-1] if lines and not lines[-1].endswith(b"\n") else lines
    try:
        entries = [_entry(line, number) for number, line in enumerate(whole)]
    except (ValueError, RecursionError):  # json.loads, since a row may hold NaN
        raise WganError(f"{path} is damaged; delete it to start again, or choose another {setting('out')}.") from None
    if not entries or entries[0] != header:
        raise WganError(
            f"{out} holds another study ({entries[:1]}, not {header}); choose another {setting('out')} or delete it."
        )
    if whole != lines:
        writing.write(path, b"".join(whole))
    return entries[1:]


def _entry(line: bytes, number: int) -> Row:
    """A line of rows.jsonl; the first is the header. Raises ValueError or RecursionError for any other line."""
    found: Row = checked(json.loads(line.decode()), Entry if number else dict[str, Any])
    if number and not found["rows"]:
        raise ValueError("a case without rows")
    return found


def _line(entry: Row) -> bytes:
    return json.dumps(entry).encode() + b"\n"


def _append(out: Path, entry: Row) -> None:
    with explained("write", out / ROWS), (out / ROWS).open("ab") as file:
        file.write(_line(entry))


def _write(out: Path, one: Study, header: Row, done: list[Row]) -> None:
    """Write table.csv, figure.png, animation.gif and summary.md, each whole or not at all, from the finished cases."""
    rows = [row for entry in done for row in entry["rows"]]
    text = io.StringIO()
    writer = csv.DictWriter(text, _columns(rows), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    writing.write(out / "table.csv", text.getvalue().encode())
    with figures.style(), writing.replacing(out / "figure.png") as temporary:
        one.draw(rows).savefig(temporary, format="png")
    if one.animate:
        with (
            explained("write", out / "animation.gif"),
            figures.style(),
            tempfile.TemporaryDirectory() as folder,
        ):
            made = Path(folder, "animation.gif")  # Pillow looks at the suffix, which a hidden name lacks
            one.animate(rows).save(made, writer="pillow", fps=FRAMES_PER_SECOND)
            writing.write(out / "animation.gif", made.read_bytes())
    holds, measured = one.judge(rows)
    verdict = {True: "It holds.", False: "It does not hold here.", None: "This scale cannot say."}[holds]
    seeds = sorted({entry["case"]["seed"] for entry in done if "seed" in entry["case"]})
    seconds = f"{sum(entry['seconds'] for entry in done):,.0f}"
    command = shlex.join(["wgan", "study", header["study"], "--scale", header["scale"]])
    summary = f"""# {header["study"]}

**Claim** ({one.source}): {one.claim}

**Measured:** {measured} **{verdict}**

![{header["study"]}](figure.png)
{f"{chr(10)}![over time](animation.gif){chr(10)}" if one.animate else ""}
{table(rows)}

Made by `{command}`, seeds {", ".join(map(str, seeds)) or "none"}, in {seconds} s of one core; wgan {header["wgan"]},
Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores.
"""
    writing.write(out / "summary.md", summary.encode())


def _columns(rows: list[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name, value in row.items() if not isinstance(value, list)))


def _short(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


STUDIES = {  # the module of each study, imported when it is asked for
    "earth-mover": "wgan.studies.earth_mover",
    "parallel-lines": "wgan.studies.parallel_lines",
    "density-ratio": "wgan.studies.density_ratio",
    "vanishing-gradient": "wgan.studies.vanishing_gradient",
    "known-w1": "wgan.studies.known_w1",
    "critic-surfaces": "wgan.studies.critic_surfaces",
    "gradient-flow": "wgan.studies.gradient_flow",
    "toy-training": "wgan.studies.toy_training",
    "loss-meaning": "wgan.studies.loss_meaning",
    "mode-collapse": "wgan.studies.mode_collapse",
    "critic-overfit": "wgan.studies.critic_overfit",
    "architectures": "wgan.studies.architectures",
    "penalty-sides": "wgan.studies.penalty_sides",
    "tutorials": "wgan.studies.tutorials",
    "shapes": "wgan.studies.shapes",
    "given": "wgan.studies.given",
    "critics": "wgan.studies.critics",
    "showers": "wgan.studies.showers",
}
