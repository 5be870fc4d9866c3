"""The table of logged quantities in docs/log.md, made from `QUANTITIES`."""

import re
from pathlib import Path

from wgan.runs.quantities import QUANTITIES, markdown_table

PAGE = Path(__file__).parent.parent / "docs" / "log.md"

if __name__ == "__main__":
    head = re.escape(markdown_table().splitlines()[0])
    page, count = re.subn(
        rf"^{head}\n(?:\|.*\n)*", lambda found: markdown_table(), PAGE.read_text(), flags=re.MULTILINE
    )
    if count != 1:
        raise SystemExit(f"{PAGE} has {count} tables that begin with the head of this one; leave exactly one.")
    PAGE.write_text(page)
    print(f"{PAGE}: {len(QUANTITIES)} quantities")
