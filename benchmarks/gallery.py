"""docs/gallery.md, from the folders that `make studies` wrote: each study's figure, and what it measured."""

import re
from pathlib import Path

from wgan import studies

DOCS = Path(__file__).parent.parent / "docs"
HEAD = """# Gallery of the studies

Each figure was made by the command below it; `make studies` makes them all, and this page. A result that
contradicts a paper is shown as it was measured. [How studies run](studies.md).
"""


def entry(name: str) -> str:
    """One study: its question, its claim, what was measured, and the command."""
    summary = (DOCS / "studies" / name / "summary.md").read_text()
    claim, measured, made = (
        re.search(pattern, summary, re.S).group(0).replace("\n", " ").strip()
        for pattern in (r"\*\*Claim\*\*.*?(?=\n\n)", r"\*\*Measured:\*\*.*?(?=\n\n)", r"Made by .*?(?=\n\n|\Z)")
    )
    picture = "animation.gif" if (DOCS / "studies" / name / "animation.gif").exists() else ""
    moving = f"![{name}, animated](studies/{name}/{picture})\n\n" if picture else ""
    return (
        f"## {name}\n\n*{studies.study(name).title}*\n\n{claim}\n\n{measured}\n\n"
        f"![{name}](studies/{name}/figure.png)\n\n{moving}{made} [The whole table](studies/{name}/summary.md).\n"
    )


if __name__ == "__main__":
    found = [name for name in studies.STUDIES if (DOCS / "studies" / name / "summary.md").exists()]
    (DOCS / "gallery.md").write_text("\n".join([HEAD, *map(entry, found)]))
    print(f"{DOCS / 'gallery.md'}: {len(found)} of {len(studies.STUDIES)} studies")
