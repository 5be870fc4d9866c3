"""Shared by all tests: one thread a process, since two processes run side by side."""

import os
import shutil

os.environ["OMP_NUM_THREADS"] = "1"  # for the commands that tests start
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import pytest
import torch
from browser import Browser

torch.set_num_threads(1)


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
