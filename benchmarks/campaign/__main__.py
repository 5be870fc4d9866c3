"""`python -m benchmarks.campaign`: run the campaign, or repeat one case of it, and print a table."""

import argparse
import os
import platform
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # as many processes run as there are cores

from benchmarks.campaign import pool, specimens
from benchmarks.campaign.cases import CAMPAIGN, FAILURES, GOOD, Case, Outcome
from benchmarks.campaign.parts import PARTS

WHOLE = 120  # minutes for which the parts state their cases
KEPT = 3  # cases of one failure whose files are kept
LIBRARIES = ("numpy", "torch", "jax", "pandas", "pyarrow", "pillow", "lmdb", "onnxruntime", "safetensors", "msgspec")

Results = dict[tuple[str, str], list[tuple[Case, Outcome, float]]]


def main() -> int:
    """Run what is asked; 1 if a case failed."""
    asked, began = arguments(), time.monotonic()
    root = Path(tempfile.mkdtemp(prefix="campaign-"))
    try:
        whole = asked.specimens or root / "specimens"
        if not whole.exists():
            print("making whole files of every format", file=sys.stderr)
            specimens.make(whole)
        if asked.case is not None:
            return repeated(Case(asked.only[0], asked.format[0], asked.case, asked.seed), root, whole)
        return campaign(asked, root, whole, asked.minutes * 60 - (time.monotonic() - began))
    finally:
        shutil.rmtree(root, ignore_errors=True)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.campaign", description=__doc__)
    parser.add_argument(
        "--minutes", type=float, default=3, help="about how long: 3 is the short form, 120 the long one"
    )
    parser.add_argument("--only", action="append", choices=PARTS, help="a part, instead of all")
    parser.add_argument("--format", action="append", help="a format, or a command, of the part, instead of all")
    parser.add_argument("--case", type=int, help="repeat one case of one format, and print all that it said")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other cases")
    parser.add_argument("--workers", type=int, default=2, help="processes side by side")
    parser.add_argument("--out", type=Path, help="write the table to this file")
    parser.add_argument("--failures", type=Path, default=Path("campaign-failures"), help="where failing files are kept")
    parser.add_argument("--specimens", type=Path, help="keep the whole files in this folder, and use those in it")
    asked = parser.parse_args()
    if asked.case is not None and not (asked.only and len(asked.only) == 1 and asked.format and len(asked.format) == 1):
        parser.error("--case needs one --only and one --format")
    return asked


def chosen(asked: argparse.Namespace, name: str) -> list[Case]:
    """The cases of a part that were asked for, those of one format spread over the whole time."""
    cases = []
    for form, count in PARTS[name].formats.items():
        if not asked.format or form in asked.format:
            number = max(1, round(count * min(1, asked.minutes / WHOLE)))
            cases += [((at + 0.5) / number, Case(name, form, at * count // number, asked.seed)) for at in range(number)]
    return [case for _, case in sorted(cases, key=lambda one: one[0])]


def campaign(asked: argparse.Namespace, root: Path, whole: Path, time_left: float) -> int:
    """Run the cases in so many seconds, show progress, keep what fails, and print the table."""
    results: Results = defaultdict(list)
    kept: Counter[tuple[str, str, str]] = Counter()
    began = said = time.monotonic()
    left_out = 0
    for name in asked.only or PARTS:
        cases, done = chosen(asked, name), 0
        until = time.monotonic() + time_left * (1 if asked.only else PARTS[name].share)
        for case, outcome, seconds in pool.outcomes(PARTS, cases, whole, root, asked.workers, until):
            done += 1
            results[case.part, case.format].append((case, outcome, seconds))
            if outcome.kind in FAILURES:
                alike = (case.format, outcome.kind, outcome.where)
                kept[alike] += 1
                if kept[alike] <= KEPT:
                    keep(asked.failures, case, outcome, root, whole)
            if time.monotonic() - said > 5 or done == len(cases):
                said = time.monotonic()
                failed = sum(kept.values())
                words = f"{name}: {done:,} of {len(cases):,} cases, {failed:,} failed, {said - began:.0f} s"
                print(words, file=sys.stderr)
        left_out += len(cases) - done
    text = table(results, asked, time.monotonic() - began, left_out)
    print(text)
    if asked.out:
        asked.out.write_text(text)
    for (form, kind, where), count in kept.most_common():
        print(f"{count:6,} {form}: {kind}: {where}", file=sys.stderr)
    if kept:
        print(f"files and commands of the failures: {asked.failures}", file=sys.stderr)
    return int(bool(kept))


def keep(folder: Path, case: Case, outcome: Outcome, root: Path, whole: Path) -> None:
    """Write what failed, with the command that repeats it."""
    at = folder / f"{case.part}-{case.format}-{case.number}"
    at.mkdir(parents=True, exist_ok=True)
    said = f"{case.command}\n\n{outcome.kind}: {outcome.where}\n\n{outcome.words}\n"
    (at / "said.txt").write_text(said, encoding="utf-8", errors="backslashreplace")
    if case.part == "fuzz" and outcome.where != CAMPAIGN:
        from benchmarks.campaign import fuzz

        room = Path(tempfile.mkdtemp(dir=root))
        path = fuzz.damaged(case, room, whole)
        if path.stat().st_size < 2**20:
            shutil.copy(path, at / path.name)
        shutil.rmtree(room)


def table(results: Results, asked: argparse.Namespace, seconds: float, left_out: int) -> str:
    """The results in Markdown."""
    kinds = [kind for kind in FAILURES if any(one[1].kind == kind for rows in results.values() for one in rows)]
    heads = ["part", "format", "cases", *GOOD, *(kinds or ["failed"]), "longest, s"]
    lines = [f"| {' | '.join(heads)} |", f"| --- | --- |{' ---: |' * (len(heads) - 2)}"]
    every: Counter[str] = Counter()
    for (part, form), rows in results.items():
        counts = Counter(outcome.kind for _, outcome, _ in rows)
        every += counts
        numbers = [len(rows), *(counts[kind] for kind in GOOD), *(counts[kind] for kind in kinds or ["failed"])]
        lines.append(f"| {part} | {form} | {' | '.join(f'{n:,}' for n in numbers)} | {max(s for *_, s in rows):.1f} |")
    numbers = [sum(every.values()), *(every[kind] for kind in GOOD), *(every[kind] for kind in kinds or ["failed"])]
    lines.append(f"| all | | {' | '.join(f'{n:,}' for n in numbers)} | |")
    more = f" {left_out:,} cases had no time." if left_out else ""
    said = f"Seed {asked.seed}, {asked.workers} workers, {seconds:,.0f} seconds; {machine()}.{more}"
    return "\n".join([*lines, "", said, ""])


def machine() -> str:
    """The processor, the system and the versions of what reads and writes the files."""
    cpu = next(
        (line.split(": ")[1] for line in _lines("/proc/cpuinfo") if line.startswith("model name")), platform.machine()
    )
    found = []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return f"{cpu}, {os.cpu_count()} cores; Python {platform.python_version()}, {', '.join(found)}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def repeated(case: Case, root: Path, whole: Path) -> int:
    """Run one case in this process, and print what came of it."""
    from benchmarks.campaign import preloaded  # noqa: F401

    room = root / "room"
    room.mkdir()
    outcome = pool.one(PARTS[case.part], case, room, whole)
    print(f"{outcome.kind}: {outcome.where}\n{outcome.words}")
    return int(outcome.kind in FAILURES)


if __name__ == "__main__":
    sys.exit(main())
