"""Flags and arguments with values that nobody means."""

import shutil
from pathlib import Path

import click

from benchmarks.campaign.cases import Case, Outcome
from benchmarks.campaign.commands import quick
from benchmarks.campaign.specimens import TINY

VALUES = (
    "-1", "0", "1", "2", "7", "2147483648", "4294967297", "4611686018427387904", "9223372036854775807",
    "9223372036854775808", "1" + "0" * 40,
    "1e3", "1e999", "1e-999", "-1e308", "nan", "inf", "-inf", "-0", "0x10", "1_0", "１", "½", "", " ", "x",
    "x" * 300, "\x1b[2J", "\u202e",
    "\udcff", "é", "../..", "/dev/null", "/dev/full", "/dev/zero", "/", ".", "~", "--", "-h", "a=b", "=",
    "age=number", "1,2", "[]", "{}", "None",
    "True", "$(touch pwned)", "%s", "{0}", "best", "inception:/dev/zero", "file:///etc/passwd", "digits", "con.csv",
)  # fmt: skip
HONEST = ("--steps", "--budget", "--dask")  # a large one is honest work, or waits for another machine as it should


def flags(case: Case, room: Path, specimens: Path) -> Outcome:
    """One or two flags of a command, or its argument, with such values."""
    from wgan import cli

    rng = case.random
    shutil.copytree(specimens / "runs/images", room / "run")
    images, table = specimens / "data/images.npy", specimens / "data/table.npy"
    usual: dict[str, list[object]] = {
        "train": [images, "--network", "mlp", *TINY, "--out", room / "new"],
        "sample": [room / "run", "-n", "2"],
        "export": [room / "run"],
        "distance": [table, table, "--n", "20"],
        "evaluate": [room / "run", "--samples", "40", "--features", "pca"],
        "data": [specimens / "data/table.csv"],
        "report": [room / "run"],
        "presets": ["default"],
        "study": ["earth-mover", "--jobs", "1", "--scale", "none"],
    }
    name = list(usual)[case.number % len(usual)]
    given = list(usual[name])
    options = [one for one in cli.cli.commands[name].params if isinstance(one, click.Option) and not one.is_flag]
    options = [one for one in options if one.opts[0] not in HONEST]
    for _ in range(rng.choice((1, 1, 2))):
        value = rng.choice(VALUES)
        if not options or rng.random() < 0.15:
            given[0] = value
        else:
            given += [rng.choice(options).opts[0], value]
    if name == "train" and rng.random() < 0.5:
        given.append("--dry-run")
    outcome = quick(room, name, *given).outcome
    if any(room.rglob("pwned")):
        return Outcome("outside", str(given), "a value was executed")
    if outcome.kind in ("fine", "refused"):
        return outcome
    return outcome._replace(words=f"wgan {name} {given!a}\n\n{outcome.words}", where=f"{name}: {outcome.where}")
