"""Copies what the studies measured into `wgan lab`, from the summaries of the documentation.

python benchmarks/lab_studies.py
"""

import json
import re
from pathlib import Path

from wgan import studies

ROOT = Path(__file__).parent.parent
OUT = ROOT / "src/wgan/lab/page/studies.json"
SHOWN = ("earth-mover", "parallel-lines", "vanishing-gradient", "toy-training", "critic-overfit")
PART = re.compile(
    r"\*\*Claim\*\* \((?P<source>.+?)\): (?P<claim>.+?)\n\n"
    r"\*\*Measured:\*\* (?P<measured>.+?) \*\*(?P<held>.+?)\*\*\n.+?Made by `(?P<command>.+?)`",
    re.DOTALL,
)


def page() -> str:
    """The file's text: question, verdict, source, claim, measurement and command of each study that the page names."""
    found = {}
    for name in SHOWN:
        part = PART.search((ROOT / "docs/studies" / name / "summary.md").read_text(encoding="utf-8"))
        if part is None:
            raise SystemExit(f"the summary of {name} has another form; run the study again")
        title = studies.study(name).title
        said = {key: part[key] for key in ("held", "source", "claim", "measured", "command")}
        found[name] = {"question": title[0].upper() + title[1:], **said}
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    OUT.write_text(page(), encoding="utf-8")
