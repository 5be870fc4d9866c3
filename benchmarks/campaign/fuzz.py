"""Damaged files of every format, each read as a command or the API reads it."""

import os
import random
import subprocess
import sys
from pathlib import Path

from benchmarks.campaign.cases import Case, Outcome, Part
from benchmarks.campaign.commands import environment
from benchmarks.campaign.formats import FORMATS, damage
from benchmarks.campaign.limits import ABOVE, limit_memory
from benchmarks.campaign.watched import judged, verdict

WHOLE_PROCESS = 50  # one case of so many also runs as a process of its own


def run(case: Case, room: Path, specimens: Path) -> Outcome:
    """Damage a file of this format and read it."""
    form, rng = FORMATS[case.format], case.random
    path = damaged(case, room, specimens, rng)
    read = form.readers[case.number % len(form.readers)]
    folder = path.parent.name
    names = (path.name, f"{folder}/", folder if path.parent != room else f"{folder}'") if form.names else ()
    limit_memory(ABOVE)
    try:
        outcome = judged(room, names, lambda: read(room, path))
    finally:
        limit_memory(None)
    if outcome.kind in ("fine", "refused") and read.__name__ in AS_PROCESS and rng.random() < 1 / WHOLE_PROCESS:
        return as_process(AS_PROCESS[read.__name__], path, room, outcome)
    return outcome


def damaged(case: Case, room: Path, specimens: Path, rng: random.Random | None = None) -> Path:
    """The damaged file of a case, in the room."""
    os.environ["CAMPAIGN_SPECIMENS"] = str(specimens)
    form, rng = FORMATS[case.format], rng or case.random
    path = form.place(room, specimens, rng)
    damage(form, path, rng)
    return path


AS_PROCESS = {
    "load": "data",
    "describe": "data",
    "look": "data",
    "sample_exported": "sample",
    "sample": "sample",
    "report": "report",
}


def as_process(name: str, path: Path, room: Path, before: Outcome) -> Outcome:
    """The outcome of the command as a process; its status must agree with what was seen in this process."""
    run = next((folder for folder in path.parents if folder.name == "run"), None)
    target = run or (path if name == "sample" or path.parent == room else path.parent)
    more = ["--out", str(room / "tmp/again.npz")] if name == "sample" else []
    done = subprocess.run(
        [sys.executable, "-m", "wgan", name, str(target), *more],
        capture_output=True, cwd=room, timeout=60, env=os.environ | environment(room),
    )  # fmt: skip
    found = verdict(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))
    return found if found.kind != "fine" else before


PART = Part(
    formats={
        "npy": 9000, "npz": 8000, "csv": 8000, "packed-csv": 3000, "parquet": 7000, "idx": 8000, "cifar": 5000,
        "png": 5000,
        "jpeg": 5000, "tiff": 5000, "webp": 3000, "bmp": 3000, "lmdb": 4000, "cache": 3000, "config.json": 5000,
        "meta.json": 4000,
        "checkpoint": 3000, "log.jsonl": 3000, "evaluation.json": 3000, "samples": 1000, "safetensors": 5000,
        "onnx": 5000,
    },
    run=run, seconds=20, share=0.42,
)  # fmt: skip
