"""Build the page of `wgan lab` from its sources in src/wgan/lab/ with esbuild: one file that needs no network.

    python benchmarks/lab_page.py

esbuild comes from npm, at the version below. The page holds a digest of its sources, so that a test sees without Node
whether it is theirs.
"""

import base64
import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
LAB = ROOT / "src/wgan/lab"
PAGE = LAB / "lab.html"
ESBUILD = "0.28.2"
MOST = 900_000  # bytes of the page
SUFFIXES = {".js", ".css", ".json", ".html"}
FOLDERS = ("drawing", "mathematics", "page", "rooms")


def sources() -> dict[str, str]:
    """Every source of the page by its path."""
    files = sorted(path for folder in FOLDERS for path in (LAB / folder).rglob("*") if path.suffix in SUFFIXES)
    return {path.relative_to(LAB).as_posix(): path.read_text(encoding="utf-8") for path in files}


def digest() -> str:
    """The digest of all sources, and of the tool that bundles them."""
    lines = [f"{hashlib.sha256(text.encode()).hexdigest()} {name}\n" for name, text in sources().items()]
    return hashlib.sha256(f"esbuild {ESBUILD}\n{''.join(lines)}".encode()).hexdigest()


def esbuild(offline: bool = False) -> list[str] | None:
    """The command of esbuild at this version, or None if there is none."""
    if shutil.which("npx") is None:
        return None
    command = ["npx", "--yes", *(["--offline"] if offline else []), f"esbuild@{ESBUILD}"]
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=120)
    return command if done.returncode == 0 and done.stdout.strip() == ESBUILD else None


def page(command: list[str]) -> str:
    """The page as one text."""
    with tempfile.TemporaryDirectory() as folder:
        worker, script, style = (Path(folder) / name for name in ("worker.txt", "script.js", "style.css"))
        bundled = [*command, "--bundle", "--minify", "--format=iife", "--target=es2022", "--charset=utf8"]
        bundled += ["--log-level=warning"]
        subprocess.run([*bundled, str(LAB / "rooms/train_worker.js"), f"--outfile={worker}"], check=True)
        with_worker = [f"--alias:train-worker={worker}", "--loader:.txt=text"]
        subprocess.run([*bundled, *with_worker, str(LAB / "page/main.js"), f"--outfile={script}"], check=True)
        subprocess.run([*bundled, str(LAB / "page/style.css"), f"--outfile={style}"], check=True)
        texts = {name: file.read_text(encoding="utf-8") for name, file in (("script", script), ("style", style))}
    script_text = texts["script"].strip().replace("</script", "<\\/script")
    of_script = base64.b64encode(hashlib.sha256(script_text.encode()).digest()).decode()
    made = (LAB / "page/index.html").read_text(encoding="utf-8")
    for name, text in (
        ("digest", of_script), ("sources", digest()), ("style", texts["style"].strip()), ("script", script_text)
    ):  # fmt: skip
        assert f"{{{{{name}}}}}" in made, f"page/index.html has no place for the {name}"
        made = made.replace(f"{{{{{name}}}}}", text)
    return made


if __name__ == "__main__":
    command = esbuild()
    if command is None:
        raise SystemExit(f"esbuild {ESBUILD} cannot be run; install Node with npm, which fetches it.")
    text = page(command)
    if len(text.encode()) > MOST:
        raise SystemExit(f"the page has {len(text.encode()):,} bytes; at most {MOST:,} are allowed.")
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    print(f"{PAGE.relative_to(ROOT)}: {len(text.encode()):,} bytes")
