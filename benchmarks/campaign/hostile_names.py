"""Names that would command a terminal, a shell or a browser, followed through all commands."""

import shlex
import shutil
from pathlib import Path

from benchmarks.campaign.cases import Case, Outcome
from benchmarks.campaign.commands import forked
from benchmarks.campaign.specimens import TINY

WILD = (
    "a\x1b]0;pwned\x07", "b\x1b[2J", "<script>alert(1)</script>", "$(touch pwned)", "; touch pwned #",
    "`touch pwned`", "| x | y |",
    "[a](javascript:x)", "\u202eabc", "a\nb", "-rf", "%s%n", "  ", "*", "'\"", "# x", "caf\udce9",
)  # fmt: skip


def wild_names(case: Case, room: Path, specimens: Path) -> Outcome:
    """Names of files, folders, columns and classes that would command a terminal, a shell or a browser."""
    name = WILD[case.number % len(WILD)]
    kind = case.number // len(WILD) % 4
    folder = room / "names"
    folder.mkdir()
    if kind == 0:  # columns and levels
        quoted = name.replace('"', '""')
        path = folder / "t.csv"
        lines = [f'"{quoted}",b', *(f'"{quoted}{k % 3}",{k * 1.5}' for k in range(60))]
        path.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
    elif kind == 1:  # the file
        path = folder / f"{name.replace('/', '_')}.npy"
        shutil.copy(specimens / "data/table.npy", path)
    else:  # classes and pictures
        path = folder / "pictures"
        for title in (f"{name.replace('/', '_')}1", "other"):
            (path / title).mkdir(parents=True)
            for k in range(30):
                shutil.copy(specimens / f"data/png/{k % 4}.png", path / title / f"{k}{name.replace('/', '_')}.png")
            (path / title / f"broken{name.replace('/', '_')}.png").write_bytes(b"no picture")
    run = room / f"run{name.replace('/', '_') if kind == 3 else ''}"
    sized = ["--size", 8] if kind > 1 else []
    training = [
        "train",
        path,
        *sized,
        *TINY,
        "--network",
        "mlp",
        *(["--preset", "table"] if kind == 0 else []),
        "--out",
        run,
    ]
    card = room / "g.safetensors"
    for arguments in (
        ["data", path, *sized],
        training,
        ["sample", run, "-n", 2],
        ["report", run],
        ["export", run, "--out", card],
    ):
        outcome = forked(arguments, room).outcome
        if outcome.kind not in ("fine", "refused"):
            return outcome._replace(where=f"{arguments[0]}: {outcome.where}")
    if any(room.rglob("pwned")):
        return Outcome("outside", name, "a name was executed")
    return _card_and_page(name, card.with_suffix(".md"), run / "report.html")


def _card_and_page(name: str, card: Path, page: Path) -> Outcome:
    if page.exists() and name.startswith("<script>") and name in page.read_text(errors="replace"):
        return Outcome("escape", name, "markup of a name in the report")
    if card.exists():
        text = card.read_text(errors="replace")
        if name.startswith("<") and name in text:
            return Outcome("escape", name, "markup of a name in the model card")
        commands = [line.strip() for line in text.splitlines() if line.startswith("    wgan ")]
        for line in commands:
            try:
                words = shlex.split(line, comments=True)
            except ValueError:
                return Outcome("escape", line, "a command in the model card has an open quote")
            if any(one in words or one.rstrip(";") in words for one in ("touch", "`touch")):
                return Outcome("escape", line, "a command in the model card holds another one")
        if str(card.parent.resolve()) in text and ".cache" in text:
            return Outcome("escape", text[:1500], "the path of the local cache in the model card")
    return Outcome("fine")
