"""The page `lab.html`, in which a Wasserstein GAN trains before the reader's eyes, and its sources in JavaScript.

The page is one file that needs no network; `make lab` builds it from the sources. This folder may use `files` and
`errors`.
"""

from pathlib import Path

from wgan.files import writing

PAGE = Path(__file__).with_name("lab.html")


def write(out: Path) -> str:
    """Write the page to a file, whole or not at all, and return a sentence that says so.

    Raises WganError if the disk refuses.
    """
    writing.write(out, PAGE.read_bytes())
    return f"{out}: open it in a browser; it needs no network."
