"""The modules of the page in Node, and in Chromium."""

import json
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

import wgan

LAB = Path(wgan.__file__).parent / "lab"
MATHEMATICS = LAB / "mathematics"

# What a script of a test may use.
BEFORE = """
const plain = (x) => ArrayBuffer.isView(x) ? Array.from(x, plain)
  : Array.isArray(x) ? x.map(plain)
  : x !== null && typeof x === "object" ? Object.fromEntries(Object.entries(x).map(([k, v]) => [k, plain(v)]))
  : typeof x === "number" && !Number.isFinite(x) ? String(x) : x;
"""


@lru_cache
def binary():
    """Node's command; without one the test is skipped."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("Node is not installed (apt-get install nodejs)")
    return found


def run(script, given=None, **modules):
    """What a script returns in Node, where the modules have these names and `given` is JSON."""
    imports = "".join(
        f"import * as {name} from {json.dumps((MATHEMATICS / f'{module}.js').as_uri())};\n"
        for name, module in modules.items()
    )
    text = f"{imports}{BEFORE}const given = JSON.parse(await new Promise((done) => {{ let all = '';\n"
    text += "process.stdin.on('data', (part) => { all += part; }).on('end', () => done(all)); }));\n"
    text += f"const found = (() => {{ {script} }})();\nprocess.stdout.write(JSON.stringify(plain(found)));\n"
    command = [binary(), "--input-type=module", "-e", text]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return with_numbers(json.loads(done.stdout))


def with_numbers(value):
    """The same, where texts such as "Infinity" are numbers and lists of numbers are arrays."""
    if isinstance(value, dict):
        return {name: with_numbers(one) for name, one in value.items()}
    if isinstance(value, list):
        found = [with_numbers(one) for one in value]
        return np.array(found) if found and all(isinstance(one, int | float) for one in found) else found
    return float(value) if value in ("Infinity", "-Infinity", "NaN") else value
