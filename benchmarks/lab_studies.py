"""Copies what the studies measured into `wgan lab`, from the gallery of the documentation.

python benchmarks/lab_studies.py
"""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
OUT = ROOT / "src/wgan/lab/page/studies.json"
SHOWN = ("earth-mover", "parallel-lines", "vanishing-gradient", "toy-training", "critic-overfit")
PART = re.compile(r"^## (?P<name>[\w-]+)\n\n(?P<question>.+\?) \*\*(?P<held>.+?)\*\*.+?"
                  r"\*\*Claim\*\* \((?P<source>.+?)\): (?P<claim>.+?)\n\n"
                  r"\*\*Measured:\*\* (?P<measured>.+?)\n\nMade by `(?P<command>.+?)`", re.MULTILINE | re.DOTALL)  # fmt: skip


def page() -> str:
    """The file's text: question, claim, source, measurement, verdict and command of each study that the page names."""
    gallery = (ROOT / "docs/gallery.md").read_text(encoding="utf-8")
    found = {part["name"]: {key: part[key] for key in part.groupdict() if key != "name"}
             for section in re.split(r"(?=^## )", gallery, flags=re.MULTILINE) if (part := PART.match(section))}  # fmt: skip
    return json.dumps({name: found[name] for name in SHOWN}, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    OUT.write_text(page(), encoding="utf-8")
