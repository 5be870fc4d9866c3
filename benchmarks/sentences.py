"""Lists the long sentences of the pages: python benchmarks/sentences.py [--words 30] [FILE ...].

A cell of a table, an item of a list and a caption each count as text of their own. Code, links' addresses and headings
are left out.
"""

import argparse
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
SHORT = r"(?<!\be\.g)(?<!\bi\.e)(?<!\bal)(?<!\bvs)(?<!\bno)"  # abbreviations that end no sentence


def passages(text):
    """The paragraphs, list items and cells of a page in Markdown, each on one line."""
    text = re.sub(r"^(```|~~~).*?^\1[^\n]*$", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^(    |\t)(?! *[-*\d]).*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", text)
    for block in re.split(r"\n\s*\n|\n(?= *(?:[-*+]|\d+\.) )|\n(?=\|)|\n(?=#)", text):
        line = " ".join(block.split())
        if line.startswith(("#", ":::", "<")):
            continue
        yield from line.strip("|").split(" | ") if line.startswith("|") else [re.sub(r"^([-*+]|\d+\.) ", "", line)]


def sentences(text):
    for passage in passages(text):
        yield from re.split(SHORT + r"(?<=[.!?])[)*\"]*\s+(?=[\"(*`]*[A-Z`])", passage)


def count(sentence):
    """Words, where a piece of code is one."""
    return len([word for word in re.sub(r"`[^`]*`", "code", sentence).split() if re.search(r"\w", word)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--words", type=int, default=30)
    parser.add_argument("files", nargs="*", type=Path)
    asked = parser.parse_args()
    total = 0
    files = asked.files or [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
    for path in files:
        long = [one for one in sentences(path.read_text()) if count(one) > asked.words]
        total += len(long)
        print(f"{path.name}: {len(long)}")
        for one in long:
            print(f"  {count(one)}: {one}")
    print(f"{total} sentences over {asked.words} words in {len(files)} files")
