"""A browser for the tests of this folder."""

import os
import shutil

import pytest
from browser import Browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if binary is None:
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    opened = Browser(binary, tmp_path_factory.mktemp("chromium"))
    yield opened
    opened.process.terminate()
    opened.process.wait(30)
    os.close(opened.read)
    os.close(opened.write)
