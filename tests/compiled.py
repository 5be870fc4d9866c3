"""Programs that JAX compiled, kept on disk for all processes of one `make test`."""

import os
import subprocess
import sys
import tempfile

RELOADED = """
import jax
from jax.experimental import serialize_executable as stored
program = jax.jit(lambda x: 2 * x).lower(1.0).compile()
assert stored.deserialize_and_load(*stored.serialize(program))(3.0) == 6
"""
# Two processes share the folder, and JAX does not rename whole files into it: half an entry is compiled again.
HALF = "ignore:Error reading persistent compilation cache entry"
STRICT = ["-W", "error", "-W", HALF]


def keep_compiled() -> str | None:
    """A folder where this process and all that it starts keep and find compiled programs, or None without JAX.

    XLA refuses to load what it compiled itself on some processors (jax-ml/jax#38445) and says so on stderr, so that is
    tried first. An entry's key is the program, the flags, the versions and the devices: equal keys are equal bytes.
    """
    tried = subprocess.run([sys.executable, "-c", RELOADED], capture_output=True)
    if tried.returncode or tried.stderr:
        return None
    folder = tempfile.mkdtemp(prefix="wgan-compiled-")
    os.environ["JAX_COMPILATION_CACHE_DIR"] = folder
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"
    return folder
