"""Copies what the studies measured into `wgan lab`, from the gallery of the documentation.

python benchmarks/lab_studies.py
"""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
OUT = ROOT / "src/wgan/lab/page/studies.json"
SHOWN = ("earth-mover", "parallel-lines", "vanishing-gradient", "toy-training", "critic-overfit")
PART = re.compile(
    r"^## (?P<name>[\w-]+)\n\n(?P<question>.+?\?) \*\*(?P<held>.+?)\*\*.+?"
    r"\*\*Claim\*\* \((?P<source>.+?)\): (?P<claim>.+?)\n\n"
    r"\*\*Measured:\*\* (?P<measured>.+?)\n\nMade by `(?P<command>.+?)`",
    re.MULTILINE | re.DOTALL,
)


def page() -> str:
    """The file's text: question, claim, source, measurement, verdict and command of each study that the page names."""
    gallery = (ROOT / "docs/gallery.md").read_text(encoding="utf-8")
    sections = re.split(r"(?=^## )", gallery, flags=re.MULTILINE)
    parts = {part["name"]: part for section in sections if (part := PART.match(section))}
    keys = [key for key in PART.groupindex if key != "name"]
    found = {name: {key: parts[name][key] for key in keys} for name in SHOWN}
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    OUT.write_text(page(), encoding="utf-8")
