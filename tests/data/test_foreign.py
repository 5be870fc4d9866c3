"""Files of other programs: each kind has words that turn it into a file that is read, and the messages say them."""

import ast

import numpy as np
import pytest
import scipy.io
import scipy.io.wavfile

from wgan import data
from wgan.data.foreign import ALIKE, FOREIGN, how_to_convert
from wgan.errors import WganError

WRITE = {
    ".mat": lambda path, rows: scipy.io.savemat(path, {"NAME": rows}),
    ".wav": lambda path, rows: scipy.io.wavfile.write(path, 8000, rows),
    ".json": lambda path, rows: path.write_text('[{"a": 1.5, "b": 2}, {"a": 2.5, "b": 7}, {"a": 0.5, "b": 4}]'),
    ".jsonl": lambda path, rows: path.write_text('{"a": 1.5, "b": 2}\n{"a": 2.5, "b": 7}\n{"a": 0.5, "b": 4}\n'),
}


@pytest.mark.parametrize("suffix", [*FOREIGN, *ALIKE])
def test_a_file_of_another_program_is_refused_with_the_words_that_convert_it(suffix, tmp_path):
    path = tmp_path / f"a 'name'{suffix.upper()}"
    path.write_bytes(b"anything")
    with pytest.raises(WganError) as caught:
        data.load(path)
    said = str(caught.value)
    assert "not supported; convert it: import " in said
    assert "\n" not in said
    code = ast.unparse(ast.parse(said.partition("convert it: ")[2]))  # it is Python, whatever the name holds
    assert repr(str(path)) in code
    assert "FILE" not in code
    assert ("rows.npy" in code) != ("rows.csv" in code)


def test_a_folder_of_them_says_the_words_too(tmp_path):
    (tmp_path / "1.wav").write_bytes(b"anything")
    with pytest.raises(WganError, match=r"it holds 1 \.wav, so convert it: import numpy.*'NAME\.wav'"):
        data.load(tmp_path)


@pytest.mark.parametrize("suffix", WRITE)
def test_the_words_make_a_file_that_is_read(suffix, tmp_path, monkeypatch):

    monkeypatch.chdir(tmp_path)
    rows = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    path = tmp_path / f"mine{suffix}"
    WRITE[suffix](path, rows)
    exec(how_to_convert(str(path)).partition(": ")[2], {})
    found = data.load("rows.csv" if "csv" in FOREIGN[suffix] else "rows.npy")
    assert found.rows.shape == ((3, 2) if "csv" in FOREIGN[suffix] else rows.shape)


def test_what_the_words_import_is_only_what_they_use():
    for suffix, words in FOREIGN.items():
        imported = [name.name for name in ast.parse(words).body[0].names]
        assert all(f"{name}." in words.partition(";")[2] for name in imported), suffix
    assert set(ALIKE.values()) <= FOREIGN.keys()
    assert how_to_convert("rows.npy") == how_to_convert("folder") == ""
