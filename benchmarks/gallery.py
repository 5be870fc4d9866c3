"""docs/gallery.md, from the folders that `make studies` wrote: each study's figure, and what it measured."""

import re
from pathlib import Path
from typing import NamedTuple

from wgan import studies

DOCS = Path(__file__).parent.parent / "docs"
MANY = 3  # items after a colon, from which on they are a list
HEAD = """# Gallery of the studies

Each study repeats a claim of a paper. The table says whether the claim held. Results that contradict a paper
are shown too. `make studies` makes every figure and this page. [How studies run](studies.md).

{lacking}| study | question | did the claim hold? |
| --- | --- | --- |
"""


class Entry(NamedTuple):
    """What the page says of one study."""

    name: str
    verdict: str
    text: str


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.S)
    if match is None:
        raise SystemExit(f"no text like {pattern} in a summary.md; run the study again")
    return match.group()


def listed(measured: str) -> str:
    """What was measured as a list of its sentences; three items or more after a colon are a list of their own."""
    lines = []
    for sentence in re.split(r"(?<=[.]) ", measured.removeprefix("**Measured:** ")):
        head, _, rest = sentence.partition(": ")
        items = re.split(r"; (?![^(]*\))", rest)
        many = len(items) >= MANY
        lines += [f"- {head}:", *(f"    - {item.removesuffix('.')}" for item in items)] if many else [f"- {sentence}"]
    return "\n".join(["**Measured:**", "", *lines]) if len(lines) > 1 else measured


def entry(name: str) -> Entry:
    """One study: the verdict first, then the figure, the claim, what was measured, and the command."""
    summary = (DOCS / "studies" / name / "summary.md").read_text()
    claim, measured, made = (
        _found(pattern, summary).replace("\n", " ").strip()
        for pattern in (r"\*\*Claim\*\*.*?(?=\n\n)", r"\*\*Measured:\*\*.*?(?=\n\n)", r"Made by .*?(?=\n\n|\Z)")
    )
    verdict = _found(r"(?<=\*\*)[^*]*(?=\*\*$)", measured)
    title = studies.study(name).title
    question = f"{title[0].upper()}{title[1:]}" + ("" if title.endswith("?") else ".")
    picture = "animation.gif" if (DOCS / "studies" / name / "animation.gif").exists() else ""
    moving = f"![{name}, animated](studies/{name}/{picture})\n\n" if picture else ""
    return Entry(
        name,
        verdict,
        f"## {name}\n\n{question} **{verdict}**\n\n![{title}](studies/{name}/figure.png)\n\n"
        f"{moving}{claim}\n\n{listed(measured.removesuffix(f'**{verdict}**').strip())}\n\n"
        f"{made} [The whole table](studies/{name}/summary.md).\n",
    )


if __name__ == "__main__":
    found = [entry(name) for name in studies.STUDIES if (DOCS / "studies" / name / "summary.md").exists()]
    rows = "\n".join(
        f"| [{one.name}](#{one.name}) | {studies.study(one.name).title} | {one.verdict} |" for one in found
    )
    lacking = " and ".join(f"`{name}`" for name in studies.STUDIES if name not in {one.name for one in found})
    head = HEAD.format(lacking=f"The gallery has no complete run of {lacking} yet.\n\n" if lacking else "")
    (DOCS / "gallery.md").write_text("\n".join([f"{head}{rows}\n", *(one.text for one in found)]))
    print(f"{DOCS / 'gallery.md'}: {len(found)} of {len(studies.STUDIES)} studies")
