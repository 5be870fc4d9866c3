"""Files that once gave a traceback, a hang or wrong rows: each is read again, by the code that failed."""

import os
import re
from pathlib import Path

import pytest

from benchmarks.campaign import specimens
from benchmarks.campaign.cases import GOOD
from benchmarks.campaign.formats import FORMATS
from benchmarks.campaign.limits import ABOVE, limit_memory
from benchmarks.campaign.watched import judged

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(path for path in CORPUS.glob("*/*/*") if path.parent.parent.name in FORMATS)


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """Whole files of every format that the corpus has, and the runs that it needs."""
    folder = tmp_path_factory.mktemp("campaign") / "specimens"
    specimens.make(folder, runs=("images",), measured=False)
    (folder / "runs/images/evaluation.json").write_text("{}")
    return folder


@pytest.mark.filterwarnings("ignore")  # a warning is no traceback
@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CORPUS)))
def test_a_file_that_failed_is_refused_or_read(path, whole, tmp_path, monkeypatch):
    """A file lies in FORMAT/READER/, and its name begins with the name of the file in whose place it is put."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAMPAIGN_SPECIMENS", str(whole))
    form = FORMATS[path.parent.parent.name]
    reader = next(one for one in form.readers if one.__name__ == path.parent.name)
    target = form.place(tmp_path, whole, Named(path.name))
    target.write_bytes(path.read_bytes())
    names = (target.name, target.parent.name) if form.names else ()
    limit_memory(ABOVE)
    try:
        outcome = judged(tmp_path, names, lambda: reader(tmp_path, target))
    finally:
        limit_memory(None)
    assert outcome.kind in GOOD, f"{outcome.kind}: {outcome.where}\n{outcome.words}"


def test_the_readme_of_the_corpus_has_a_line_for_each_file():
    told = re.findall(r"^- `(.+?)`: .", (CORPUS / "README.md").read_text(), re.MULTILINE)
    assert told == [str(path.relative_to(CORPUS)).replace(os.sep, "/") for path in FILES]
    assert all(path.stat().st_size < 12_000 for path in FILES)


class Named:
    """In the place of random numbers: the choice of the file whose name the name of a corpus file begins with."""

    def __init__(self, name: str):
        self.name = name

    def choice(self, of):
        """The choice that the name begins with, or else the last one."""
        found = [one for one in of if self.name.startswith(Path(str(one)).name)]
        return found[-1] if found else of[-1]
