"""Shared by all tests: one thread a process, since two processes run side by side, and programs compiled once."""

import os
import shutil
import sys
from importlib.util import find_spec

os.environ["OMP_NUM_THREADS"] = "1"  # for the commands that tests start
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import pytest
import torch
from browser import Browser
from compiled import keep_compiled

torch.set_num_threads(1)


def pytest_configure(config):
    if config.getoption("numprocesses", None):  # the process that starts the workers, which inherit its environment
        config.compiled = keep_compiled()


def pytest_unconfigure(config):
    if folder := getattr(config, "compiled", None):
        shutil.rmtree(folder)


@pytest.fixture(scope="module", autouse=True)
def compiled_programs():
    """The programs that a file's tests compiled leave the memory with its last test: a process kept 5 GB of them."""
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()


@pytest.fixture(scope="module")
def compiled_quickly():
    """JAX with few of its optimisations, for the tests of a file that compile much and go by numbers, not by bytes."""
    if find_spec("jax") is None:
        yield
        return
    import jax

    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Headless Chromium, for the tests of a file."""
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if binary is None:
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    opened = Browser(binary, tmp_path_factory.mktemp("chromium"))
    yield opened
    opened.process.terminate()
    opened.process.wait(30)
    os.close(opened.read)
    os.close(opened.write)
