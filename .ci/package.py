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
MEGABYTES = 2  # the wheel is 1.2 MB, of which 0.8 MB are classifiers; pictures or data sets in it would show here
LAB = {"__init__.py", "lab.html"}  # the page; the sources that it is bundled from stay in the repository
TEXTS = {"README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff", "constraints.txt", "MANIFEST.in", "pyproject.toml"}
# What a newly installed package must do, from a folder that is not the repository: arguments, and a file that appears.
COMMANDS = [
    ("train digits --steps 20 --out run", "run/samples/00000020.png"),
    ("report run", "run/report.html"),
    ("sample run -n 4 --out four.npy", "four.npy"),
    ("data", ""),
    ("study", ""),
    ("lab", "lab.html"),
]


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], **options)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}: exit status {done.returncode}")


def tracked():
    """Every file that git tracks."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def build(folder):
    """Build in a copy of the tracked files: setuptools would also pack what an earlier build left in the repository."""
    for name in tracked():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "build", "--outdir", DIST, folder, stdout=subprocess.DEVNULL)
    (wheel,), (archive,) = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    return wheel, archive


def check_contents(wheel, archive):
    package = {name.removeprefix("src/") for name in tracked() if name.startswith("src/wgan/")}
    package = {name for name in package if not name.startswith("wgan/lab/") or name.removeprefix("wgan/lab/") in LAB}
    with zipfile.ZipFile(wheel) as file:
        held = {name for name in file.namelist() if ".dist-info/" not in name}
    if wrong := held ^ package:
        raise SystemExit(f"the wheel and src/wgan differ in {sorted(wrong)}; see package-data in pyproject.toml")
    with tarfile.open(archive) as file:
        held = {name.partition("/")[2] for name in file.getnames() if not file.getmember(name).isdir()}
    made = {name for name in held if ".egg-info/" in name} | {"PKG-INFO", "setup.cfg"}
    if wrong := held ^ ({f"src/{name}" for name in package} | TEXTS | made):
        raise SystemExit(f"the source archive has too much or too little: {sorted(wrong)}; see MANIFEST.in")
    if wheel.stat().st_size > MEGABYTES * 1e6:
        raise SystemExit(f"the wheel has {wheel.stat().st_size / 1e6:.1f} MB, more than {MEGABYTES}")


def main():
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        wheel, archive = build(Path(folder, "sources"))
        check_contents(wheel, archive)
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
