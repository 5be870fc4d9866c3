"""Builds the package, checks what it holds, installs the wheel in an empty environment and runs its commands elsewhere.

`make package` runs this with the Python of the development environment.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
DIST = ROOT / "dist"
MEGABYTES = 2  # the wheel is 0.4 MB; pictures or data sets in it would show here
TEXTS = {"README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff", "constraints.txt", "MANIFEST.in", "pyproject.toml"}
# What a newly installed package must do, from a folder that is not the repository: arguments, and a file that appears.
COMMANDS = [
    ("train digits --steps 20 --out run", "run/samples/00000020.png"),
    ("report run", "run/report.html"),
    ("sample run -n 4 --out four.npy", "four.npy"),
    ("data", ""),
    ("study", ""),
]


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], **options)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}: exit status {done.returncode}")


def sources():
    """Every file of the package, as git knows it."""
    listed = subprocess.run(["git", "ls-files", "src/wgan"], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name.removeprefix("src/") for name in listed.stdout.splitlines() if (ROOT / name).exists()}


def check_contents(wheel, archive):
    with zipfile.ZipFile(wheel) as file:
        held = {name for name in file.namelist() if ".dist-info/" not in name}
    if held != sources():
        raise SystemExit(
            f"the wheel and src/wgan differ in {sorted(held ^ sources())}; see package-data in pyproject.toml"
        )
    with tarfile.open(archive) as file:
        held = {name.partition("/")[2] for name in file.getnames() if not file.getmember(name).isdir()}
    made = {name for name in held if ".egg-info/" in name} | {"PKG-INFO", "setup.cfg"}
    if (wrong := held ^ {f"src/{name}" for name in sources()} ^ TEXTS ^ made) != set():
        raise SystemExit(f"the source archive has too much or too little: {sorted(wrong)}; see MANIFEST.in")
    if wheel.stat().st_size > MEGABYTES * 1e6:
        raise SystemExit(f"the wheel has {wheel.stat().st_size / 1e6:.1f} MB, more than {MEGABYTES}")


def main():
    start = time.perf_counter()
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "build", "--outdir", DIST, ROOT, stdout=subprocess.DEVNULL)
    (wheel,), (archive,) = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    check_contents(wheel, archive)
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder, "venv", "bin", "python")
        run(sys.executable, "-m", "venv", "--without-pip", python.parent.parent)
        # --no-compile halves the time; what the commands import is compiled when they run
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "-c", ROOT / "constraints.txt"]
        run(*pip, "--no-compile", wheel)
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        run(*pip, "--dry-run", f"wgan[{','.join(extras)}] @ {wheel.as_uri()}")
        elsewhere = Path(folder, "elsewhere")
        elsewhere.mkdir()
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        for words, made in COMMANDS:
            run(python.with_name("wgan"), *words.split(), cwd=elsewhere, stdout=subprocess.DEVNULL, env=clean)
            if not (elsewhere / made).exists():
                raise SystemExit(f"wgan {words} ended well and made no {made}")
    size = wheel.stat().st_size / 1e6
    print(f"{wheel.name}, {size:.1f} MB, installs and works ({time.perf_counter() - start:.0f} s)")


if __name__ == "__main__":
    main()
