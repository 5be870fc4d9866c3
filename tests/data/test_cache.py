"""The user's cache of decoded pictures: damaged, foreign or cut short, it gives the right rows or is made again."""

import json

import numpy as np
import pytest
from data_files import picture

from wgan.data import cache, load


def tampered(path, how):
    """A file of the cache after something happened to it."""
    whole = path.read_bytes()
    if how == "a folder":
        path.unlink()
        path.mkdir()
        (path / "something").touch()
        return
    if how == "gone":
        path.unlink()
        return
    foreign = {
        "empty": b"",
        "half": whole[: len(whole) // 2],
        "longer": whole + b"\n}",
        "bytes": bytes(range(256)),
        "deep": b"[" * 100_000,
        "null": b"null",
        "a list": b"[1, 2]",
        "an object": b"{}",
        "text": b'"manifest"',
        "another's": json.dumps({"version": 99, "rows": "many", "sizes": 5, "kinds": [], "broken": 1}).encode(),
        "a version": whole.replace(b'"version": 1', b'"version": 2'),
        "more rows": whole.replace(b'"rows": 6', b'"rows": 7'),
        "another size": whole.replace(b"12", b"13").replace(b"16", b"17"),
    }
    path.write_bytes(foreign[how])


HAPPENS = ("a folder", "gone", "empty", "half", "longer", "bytes", "deep", "null", "a list", "an object", "text",
           "another's", "a version", "more rows", "another size")  # fmt: skip


@pytest.mark.parametrize("how", HAPPENS)
@pytest.mark.parametrize("name", ["manifest.json", "rows", "labels.npy", "headers.json", "files.json"])
def test_whatever_happens_to_a_cache_its_rows_are_right(tmp_path, monkeypatch, capsys, name, how):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for number in range(6):
        (tmp_path / "photos" / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        picture(16, 12, number).save(tmp_path / "photos" / "ab"[number % 2] / f"{number}.png")
    first = load(tmp_path / "photos")
    rows, labels = np.array(first.rows), first.labels
    capsys.readouterr()
    (path,) = (tmp_path / "cache").rglob(name)
    before = path.read_bytes()
    tampered(path, how)
    changed = not path.is_file() or path.read_bytes() != before
    again = load(tmp_path / "photos")
    np.testing.assert_array_equal(again.rows, rows)
    np.testing.assert_array_equal(again.labels, labels)
    assert again.sha256 == first.sha256
    said = "files that are damaged or from another program; they are made again" in capsys.readouterr().err
    if name in ("manifest.json", "headers.json") and changed and how not in ("gone", "longer"):
        assert said
    capsys.readouterr()
    np.testing.assert_array_equal(load(tmp_path / "photos").rows, rows)
    assert capsys.readouterr().err == "", "made again once"


def test_a_kill_behind_the_manifest_leaves_no_journal_for_ever(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "photos").mkdir()
    for number in range(6):
        picture(16, 12, number).save(tmp_path / "photos" / f"{number}.png")
    write = cache.write_sealed

    def killed(path, fields):
        write(path, fields)
        if path.name == "manifest.json":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(cache, "write_sealed", killed)
        with pytest.raises(KeyboardInterrupt):
            load(tmp_path / "photos")
    monkeypatch.setattr(cache, "_decode_all", None)  # nothing is left to decode
    assert load(tmp_path / "photos").rows.shape == (6, 12, 16, 3)
    assert not list((tmp_path / "cache").rglob("journal.jsonl"))


@pytest.mark.parametrize("line", [b"", b"\xff\xfe", b"null", b"[1]", b"{}", b"[" * 100_000, b'{"chunk": 0}',
    b'{"chunk": "0", "count": 6, "names": [], "broken": {}}', b'{"chunk": 9, "count": 6, "names": [], "broken": {}}',
    b'{"chunk": 0, "count": 6, "names": 5, "broken": [], "low": 0, "high": 1}'])  # fmt: skip
def test_a_foreign_journal_is_not_believed(tmp_path, monkeypatch, line):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "photos").mkdir()
    for number in range(6):
        picture(16, 12, number).save(tmp_path / "photos" / f"{number}.png")
    rows = np.array(load(tmp_path / "photos").rows)
    (manifest,) = (tmp_path / "cache").rglob("manifest.json")
    manifest.unlink()
    (manifest.parent / "rows").write_bytes(bytes(rows.nbytes))
    (manifest.parent / "journal.jsonl").write_bytes(line + b"\n")
    np.testing.assert_array_equal(load(tmp_path / "photos").rows, rows)
