"""kill -9 at a random change of files, half of the time within it, and then the same command again.

After the kill each file is the old one, the new one or absent. After the second command everything is as an undisturbed
one leaves it, to the byte, and no temporary file is left.
"""

import importlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.campaign.cases import CAMPAIGN, Case, Outcome, Part
from benchmarks.campaign.commands import Ended, Kill, forked
from benchmarks.campaign.specimens import TINY

LEFTOVER = re.compile(r".*(\.tmp-|\.part|\.tmp$|\.old-).*")
WITHIN = 0.004  # seconds after a change began at which half of the kills come, at most


class Command(NamedTuple):
    """A command that is killed: its arguments in a room, the run or the data that it needs there, what it writes.

    `whole` are files that are the old one, the new one or absent at any time; other files may grow. `old` is whether
    an earlier version of them is there in half of the cases.
    """

    arguments: Callable[[Path, Path], list[object]]
    needs: tuple[tuple[str, str], ...]  # from the specimens, to the room
    whole: tuple[str, ...] = ()
    writes: str = ""  # the folder or file that is compared in the end
    before: Callable[[], None] = lambda: None
    old: Callable[[Path, Path], list[object]] | None = None


def _train(*more: str) -> Callable[[Path, Path], list[object]]:
    return lambda room, specimens: [
        "train",
        specimens / "data/images.npy",
        "--network",
        "mlp",
        *TINY,
        *more,
        "--out",
        room / "run",
    ]


def _sample(file: str, run: str, seed: int = 0, *more: str) -> Callable[[Path, Path], list[object]]:
    def arguments(room: Path, specimens: Path) -> list[object]:
        return ["sample", room / "run", "-n", 300, "--seed", seed, "--out", room / file, *overwrite("sample")]

    return arguments


def overwrite(name: str) -> list[object]:
    """The flag that lets a command replace its earlier output, if it asks for one."""
    from wgan import cli

    asked = any("--overwrite" in one.opts for one in cli.cli.commands[name].params)
    return ["--overwrite"] if asked else []


def _export(file: str, step: int = 4) -> Callable[[Path, Path], list[object]]:
    return lambda room, specimens: ["export", room / "run", "--out", room / file, "--step", step, *overwrite("export")]


def _small_study(name: str, count: int) -> Callable[[], None]:
    """Leave a study a few cases and few steps, and a figure that takes no time."""

    def patch() -> None:
        import matplotlib.figure

        from wgan import studies

        module: Any = importlib.import_module(studies.STUDIES[name])
        whole = module.STUDY
        module.STUDY = whole._replace(
            cases=lambda scale: [one | ({"steps": 40} if "steps" in one else {}) for one in whole.cases(scale)[:count]],
            judge=lambda rows: (None, f"{len(rows)} rows."),
            draw=lambda rows: matplotlib.figure.Figure(figsize=(1, 1)),
            animate=None,
        )

    return patch


def _study(name: str, count: int) -> Command:
    return Command(
        lambda room, specimens: ["study", name, "--jobs", 1, "--out", room / "study"], (), ("table.csv",
        "figure.png", "summary.md"),
        "study", _small_study(name, count),
    )  # fmt: skip


IMAGES, TABLE = (("runs/images", "run"),), (("runs/table", "run"),)


def _samples(file: str, needs: tuple[tuple[str, str], ...]) -> Command:
    return Command(_sample(file, "run"), needs, (file,), file, old=_sample(file, "run", 1))


COMMANDS: dict[str, Command] = {
    "train": Command(_train("--steps", "12"), (), ("run/config.json", "run/samples/*.png"), "run"),
    "train-jax": Command(_train("--steps", "12", "--engine", "jax"), (), ("run/config.json", "run/samples/*.png"),
    "run"),
    "restart": Command(_train("--steps", "12", "--seed", "5", "--restart"), IMAGES, ("run/config.json",), "run"),
    "resume": Command(_train("--steps", "12", "--extend"), IMAGES, ("run/config.json",), "run"),
    "sample-png": _samples("out.png", IMAGES),
    "sample-npy": _samples("out.npy", IMAGES),
    "sample-npz": _samples("out.npz", IMAGES),
    "sample-csv": _samples("out.csv", TABLE),
    "sample-parquet": _samples("out.parquet", TABLE),
    "sample-folder": Command(_sample("pictures", "run"), IMAGES, ("pictures/*.png",), "pictures"),
    "report": Command(lambda room, _: ["report", room / "run"], IMAGES, ("run/report.html",), "run/report.html"),
    "evaluate": Command(
        lambda room, _: ["evaluate", room / "run", "--samples", 40, "--features", "pca"], IMAGES,
        ("run/evaluation.json",), "run/evaluation.json"
    ),
    "export-onnx": Command(_export("out.onnx"), IMAGES, ("out.onnx",), "out.onnx", old=_export("out.onnx", 2)),
    "export-safetensors": Command(
        _export("out.safetensors"), IMAGES, ("out.safetensors", "out.md"), "out.safetensors",
        old=_export("out.safetensors", 2)
    ),
    "cache": Command(lambda room, _: ["data", room / "many", "--size", 8], (("data/many", "many"),), (),
    "home/.cache/wgan"),
    "study": _study("earth-mover", 6),
    "study-training": _study("toy-training", 1),
}  # fmt: skip

_undisturbed: dict[tuple[str, bool], tuple[Ended, dict[str, bytes]]] = {}


def run(case: Case, room: Path, specimens: Path) -> Outcome:
    """Kill a command, look at what it left, run it again, and compare."""
    command, rng = COMMANDS[case.format], case.random
    with_old = command.old is not None and rng.random() < 0.5
    key = case.format, with_old
    if key not in _undisturbed:
        prepare(command, with_old, room, specimens)
        ended = forked(command.arguments(room, specimens), room, before=command.before)
        if ended.status != 0:
            return Outcome("traceback", f"the undisturbed command: {ended.status} {ended.said}", CAMPAIGN)
        _undisturbed[key] = ended, contents(room, command)
        shutil.rmtree(room)
        room.mkdir()
    usual, wanted = _undisturbed[key]
    prepare(command, with_old, room, specimens)
    before = contents(room, command)
    if not usual.changes or rng.random() < 0.1:
        kill = Kill(0, rng.uniform(1e-3, usual.seconds))
    else:
        kill = Kill(rng.randint(1, usual.changes), 0.0 if rng.random() < 0.4 else rng.uniform(1e-5, WITHIN))
    killed = forked(command.arguments(room, specimens), room, kill, command.before)
    if killed.status is None:
        return Outcome("hang", killed.said, "before the kill")
    what = f"killed at change {kill.change} of {usual.changes}, {kill.after * 1000:.2f} ms into it"
    if fault := not_whole(room, command, before, wanted):
        return Outcome("half", f"{fault}; {what}", fault)
    again = forked(command.arguments(room, specimens), room, before=command.before)
    if again.status != 0:
        return Outcome("traceback", f"{again.said}\n{what}", f"the second command ended with {again.status}")
    found = contents(room, command)
    if left := [name for name in names(room) if LEFTOVER.fullmatch(name)]:
        return Outcome("leftover", f"{left}; {what}", re.sub(r"[0-9]+", "N", left[0]))
    if found != wanted:
        differ = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
        return Outcome("wrong", f"{differ} differ from an undisturbed run; {what}", re.sub(r"[0-9]+", "N", differ[0]))
    return Outcome("fine")


def prepare(command: Command, with_old: bool, room: Path, specimens: Path) -> None:
    """What the command needs, and an earlier version of what it writes."""
    for source, target in command.needs:
        shutil.copytree(specimens / source, room / target)
    if with_old and command.old:
        forked(command.old(room, specimens), room)


def names(room: Path) -> list[str]:
    """All files and folders below the room."""
    return sorted(str(path.relative_to(room)) for path in room.rglob("*"))


def contents(room: Path, command: Command) -> dict[str, bytes]:
    """What the command writes, by name, without the times that it notes."""
    at = room / command.writes
    files = [at, *at.parent.glob(f"{at.stem}.md")] if at.is_file() else at.rglob("*")
    return {
        str(path.relative_to(room)): _without_times(path)
        for path in sorted(files)
        if path.is_file() and path.name != ".lock"
    }


def _without_times(path: Path) -> bytes:
    data = path.read_bytes()
    if path.name in ("log.jsonl", "rows.jsonl"):
        records: list[object] = []
        for line in data.splitlines():
            try:
                record = json.loads(line)
                records.append(
                    {name: value for name, value in record.items() if name not in ("seconds", "steps_per_second")}
                )
            except ValueError:
                records.append(line.decode("utf-8", "replace"))
        return json.dumps(records).encode()
    if path.name == "summary.md":
        return re.sub(rb"in [0-9,]+ s of one core", b"", data)
    if path.name in ("manifest.json", "evaluation.json"):
        data = re.sub(rb'"seal": "[0-9a-f]+"|"stamp": \[[^]]*\]', b"", data)
        return re.sub(rb'"seconds": [0-9.]+', b"", data)
    return data


def not_whole(room: Path, command: Command, before: dict[str, bytes], wanted: dict[str, bytes] | None) -> str:
    """What is half a file after a kill, or gone though it was there before; empty if all is whole.

    `wanted` is None where it is not known: then only old files are compared by their bytes, and new ones by their end.
    """
    for pattern in command.whole:
        base = room if command.writes != "study" else room / "study"
        for path in base.glob(pattern):
            name = str(path.relative_to(room))
            same = _without_times(path) == before.get(name) if wanted is None else False
            if wanted is None and not same and not _looks_whole(path):
                return f"{re.sub('[0-9]+', 'N', name)} is half a file"
            if wanted is not None and _without_times(path) not in (before.get(name), wanted.get(name)):
                return f"{re.sub('[0-9]+', 'N', name)} is neither the old file nor the new one"
        for name in before:
            if Path(name).match(pattern) and not (room / name).exists() and (wanted is None or name in wanted):
                return f"{re.sub('[0-9]+', 'N', name)} is gone"
    return ""


def _looks_whole(path: Path) -> bool:
    """Whether a file ends as one of its format does."""
    data = path.read_bytes()
    ends = {".png": b"IEND\xaeB`\x82", ".json": b"}", ".html": b"</html>", ".parquet": b"PAR1", ".csv": b"\n"}
    return data.rstrip(b"\n ").endswith(ends.get(path.suffix, b"").rstrip(b"\n")) and bool(data)


PART = Part(
    formats={
        "train": 300, "train-jax": 200, "restart": 120, "resume": 60, "sample-png": 40, "sample-npy": 40,
        "sample-npz": 40,
        "sample-csv": 40, "sample-parquet": 40, "sample-folder": 50, "report": 40, "evaluate": 40, "export-onnx": 60,
        "export-safetensors": 60, "cache": 60, "study": 60, "study-training": 60,
    },
    run=run, seconds=600, share=0.24,
)  # fmt: skip
