"""Makes docs/images/lab.png: penalty and clipping on eight Gaussians, side by side, in the page of `wgan lab`.

    python benchmarks/lab_picture.py

It needs Chromium, and takes one to three minutes of two cores.
"""

import base64
import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from browser import Browser  # noqa: E402

OUT = ROOT / "docs/images/lab.png"
PAGE = ROOT / "src/wgan/lab/lab.html"
WIDTH, HEIGHT = 1200, 1140
START = "[...document.querySelectorAll('button')].find((one) => one.textContent === 'Run').click()"
ENDED = """new Promise((done) => { const t = setInterval(() => {
  const said = [...document.querySelectorAll('.numbers')].map((one) => one.textContent);
  if (said.every((one) => one.startsWith('Step 2,000'))) { clearInterval(t); done(said.join(' | ')); } }, 500); })"""


class Link:
    """The page with both trainings, as `Browser.open` takes a path."""

    def resolve(self) -> "Link":
        return self

    def as_uri(self) -> str:
        return f"{PAGE.as_uri()}#v=1&room=train&beside=clip"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        browser = Browser(shutil.which("chromium") or "chromium", folder)
        browser("Emulation.setScrollbarsHidden", hidden=True)
        browser.open(Link(), WIDTH, HEIGHT)
        browser.value("new Promise((done) => setTimeout(done, 2000))")
        browser.value(START)
        print(browser.value(ENDED))
        browser.value("scrollTo(0, 0), new Promise((done) => setTimeout(done, 2000))")
        clip = {"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT, "scale": 1}
        shot = browser("Page.captureScreenshot", clip=clip)["data"]
        browser.process.terminate()
        browser.process.wait(30)
    picture = Image.open(io.BytesIO(base64.b64decode(shot))).convert("RGB")
    picture.quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(OUT, optimize=True)
    print(OUT, f"{OUT.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
