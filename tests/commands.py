"""`wgan` as a process, for the tests of what it prints and writes."""

import subprocess
import sys

SMALL = ["--width", "8", "--batch", "16", "--latent", "4", "--steps", "3"]


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "wgan", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


def assert_refused(done, *parts):
    """Exit 2 and one sentence on stderr that holds every part; what was announced before it is allowed."""
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("wgan: ")
    for part in parts:
        assert part in last, last
    assert len([line for line in done.stderr.splitlines() if line.startswith("wgan: ")]) == 1
