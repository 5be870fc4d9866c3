"""Small files of each kind of damage, each refused in one sentence; `tests/corpus/data` keeps those of a campaign."""

import gzip
import io
import json
import os
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from commands import called
from data_files import encoded, one_sentence, picture

from wgan.data import cache, load, load_cifar, read_idx, sha256_of, verified
from wgan.data.numpy_files import read_numpy
from wgan.errors import WganError

CORPUS = Path(__file__).parent.parent / "corpus" / "data"
SAID = {  # what is said of each file of the corpus
    "npy-shape-of-bools.npy": r"its shape is \(True, 3\)",
    "npy-shape-beyond-64-bits.npy": r"declares \(4611686018427387904, 4\) of float64, more than its \d+ bytes hold",
    "npy-shape-negative.npy": r"its shape is \(-1, 3\)",
    "npy-shape-of-many-digits.npy": "its header is not readable|a very large number",
    "npy-open-bracket.npy": "its header is not readable",
    "npy-deep-brackets.npy": "its header is not readable",
    "npy-header-of-4-GB.npy": "its header has 4,294,967,295 bytes, more than 10,000",
    "npy-objects.npy": "holds Python objects, which are never unpickled",
    "npy-records.npy": "holds records with named fields",
    "npy-no-width.npy": "its dtype is <U0",
    "npz-labels-beyond-unicode.npz": "labels that are not text",
    "npz-labels-of-half-characters.npz": "labels that are not text",
    "npz-bad-deflate.npz": "its array X.npy: Error -3",
    "npz-encrypted.npz": "its array X.npy is encrypted",
    "npz-unknown-method.npz": "compressed by method 99, which is unknown",
    "npz-declares-more.npz": "its array X.npy: .*more than its",
    "csv-no-utf-16.csv": "begins like text in utf-16, but is not; save it as UTF-8",
    "csv-ragged-latin.csv": "line 3 has 3 fields, but the header has 2",
    "csv-only-blank-lines.csv": "is empty; give a header and rows",
    "csv-cut.csv.gz": r"cannot read .*ended before the end-of-stream",
    "csv-bad-deflate.csv.gz": "cannot read .*Error -3",
    "csv-two-files.csv.zip": "holds 2 files, not one",
    "csv-offset-of-99-hours.csv": "identifier",
    "parquet-note-for-pandas.parquet": "cannot read .*'name'",
    "parquet-cut.parquet": "cannot read .*give a whole Parquet file",
}


def made() -> dict[str, bytes]:
    """The files of the corpus that this script writes."""
    rows = np.arange(12.0).tobytes()

    def npy(descr="'<f8'", shape="(4, 3)", body=rows, length=None):
        header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
        size = len(header) if length is None else length
        return b"\x93NUMPY\x02\0" + struct.pack("<I", size) + header + body

    def npz(labels=None, method=zipfile.ZIP_DEFLATED, body=None):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as archive:
            for name, data in {"X.npy": body or npy(), "y.npy": labels}.items():
                if data:
                    archive.writestr(zipfile.ZipInfo(name), data, method)
        return bytearray(file.getvalue())

    def texts(number):
        return npy("'<U1'", "(4,)", struct.pack("<4I", 65, 66, 65, number))

    bad, locked, unknown = npz(), npz(), npz()
    bad[35:45] = b"\xff" * 10
    central = unknown.index(b"PK\1\2")
    locked[central + 8] |= 1
    unknown[central + 10 : central + 12] = struct.pack("<H", 99)
    two = io.BytesIO()
    with zipfile.ZipFile(two, "w") as archive:
        for name in ("a.csv", "b.csv"):
            archive.writestr(zipfile.ZipInfo(name), "a,b\n1,2\n")
    packed = gzip.compress(b"a,b\n" + b"1,2\n3,4\n" * 20, mtime=0)
    return {
        "npy-shape-of-bools.npy": npy(shape="(True, 3)"),
        "npy-shape-beyond-64-bits.npy": npy(shape="(4611686018427387904, 4)"),
        "npy-shape-negative.npy": npy(shape="(-1, 3)"),
        "npy-shape-of-many-digits.npy": npy(shape=f"({'9' * 5000}, 3)"),
        "npy-open-bracket.npy": npy(shape="(4, 3"),
        "npy-deep-brackets.npy": npy(shape="(" * 3000),
        "npy-header-of-4-GB.npy": npy(length=2**32 - 1),
        "npy-objects.npy": npy("'|O'"),
        "npy-records.npy": npy("[('a', '<f8')]"),
        "npy-no-width.npy": npy("'<U0'", "(9223372036854775807,)"),
        "npz-labels-beyond-unicode.npz": npz(texts(2**32 - 1)),
        "npz-labels-of-half-characters.npz": npz(texts(0xD800)),
        "npz-bad-deflate.npz": bad,
        "npz-encrypted.npz": locked,
        "npz-unknown-method.npz": unknown,
        "npz-declares-more.npz": npz(body=npy(shape="(400000000, 3)")),
        "csv-no-utf-16.csv": b"\xff\xfea\0,\0\x00\xd8,\0b\0\n\0",
        "csv-ragged-latin.csv": b"a,\xe9\n1,2\n1,\xe9,3\n",
        "csv-only-blank-lines.csv": b"\n\n \n",
        "csv-cut.csv.gz": packed[:-9],
        "csv-bad-deflate.csv.gz": packed[:10] + b"\xff" * 20,
        "csv-two-files.csv.zip": two.getvalue(),
        "csv-offset-of-99-hours.csv": b"a,b\n2020-01-01T10:00:00+99:99,1\n2020-01-02T10:00:00+99:99,2\n"
        b"2020-01-03T10:00:00+99:99,3\n2020-01-04T10:00:00+99:99,4\n",
        "parquet-note-for-pandas.parquet": parquet(),
        "parquet-cut.parquet": parquet()[:-20],
    }


def parquet() -> bytes:
    """A Parquet file whose note for pandas lacks the names of its columns."""
    import pyarrow as pa
    from pyarrow import parquet as files

    table, file = pa.table({"a": [1.0, 2.0]}), io.BytesIO()
    note = {"index_columns": [], "column_indexes": [], "columns": [{"pandas_type": "float64"}]}
    files.write_table(table.replace_schema_metadata({"pandas": json.dumps(note)}), file)
    return file.getvalue()


@pytest.mark.parametrize("name", SAID)
@pytest.mark.filterwarnings("error")
def test_each_file_of_the_corpus_is_one_sentence(name, capfd):
    with pytest.raises(WganError, match=SAID[name]) as caught:
        load(CORPUS / name)
    text = one_sentence(caught)
    assert name in text
    assert text.isprintable()
    assert capfd.readouterr() == ("", ""), "no library printed a traceback"


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.csv", "a.tsv", "a.csv.gz", "a.csv.zip", "a.parquet"])
def test_a_pipe_is_one_sentence_at_once(name, tmp_path):
    os.mkfifo(tmp_path / name)
    with pytest.raises(WganError, match="is a pipe, not a file; give a file's name"):
        load(tmp_path / name)


def test_a_pipe_among_pictures_is_a_broken_picture(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        picture(8, 8, number).save(folder / f"{number}.png")
    os.mkfifo(folder / "pipe\x1b[31m.png")
    dataset = load(folder)
    assert len(dataset.rows) == 3
    said = capsys.readouterr().err
    assert r"skipped pipe\x1b[31m.png: it is not a regular file" in said
    assert "\x1b" not in said


def test_a_pipe_in_the_place_of_the_lock_of_the_cache_makes_nobody_wait(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "photos").mkdir()
    for number in range(3):
        picture(8, 8, number).save(tmp_path / "photos" / f"{number}.png")
    load(tmp_path / "photos")
    locks = [*(tmp_path / "cache").rglob(".lock")]
    for lock in locks:
        lock.unlink()
        os.mkfifo(lock)
    assert len(locks) == 2
    assert len(load(tmp_path / "photos").rows) == 3


def test_an_unreadable_folder_of_pictures_is_named(tmp_path, monkeypatch):
    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "photos").mkdir()
    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(WganError, match=r"cannot read the folder .*photos.*Permission denied.*permissions"):
        load(tmp_path / "photos")


def test_a_file_of_rows_that_shrinks_or_changes_is_named(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.random.default_rng(0).normal(size=(5000, 4)))
    for change in (lambda: os.truncate(path, 4096), lambda: path.write_bytes(path.read_bytes()[::-1])):
        np.save(path, np.random.default_rng(0).normal(size=(5000, 4)))
        dataset = load(path)
        assert dataset.rows[4999].shape == (4,)
        change()
        os.utime(path, ns=(1, 1))
        with pytest.raises(WganError, match=r"a.npy' was changed while its rows were in use; put the old file back"):
            dataset.rows[4999]


def test_a_file_that_is_replaced_by_its_name_stays_mapped(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.random.default_rng(0).normal(size=(50, 4)))
    dataset = load(path)
    before = np.array(dataset.rows)
    np.save(tmp_path / "b.npy", np.zeros((50, 4)))
    (tmp_path / "b.npy").replace(path)
    np.testing.assert_array_equal(dataset.rows, before)


def test_rows_of_an_npz_beyond_its_own_header_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(6.0).reshape(3, 2))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("X.npy", (tmp_path / "a.npy").read_bytes().replace(b"(3, 2)", b"(2, 2)"))
    with pytest.raises(WganError, match="has bytes after its array"):
        read_numpy(tmp_path / "a.npz")


@pytest.mark.parametrize(("lengths", "message"), [
    ((2**16, 2**14), "not the 1,073,741,836 that its header says"),
    ((2**32 - 1,) * 3, "above the limit"),
    ((0, 2**32 - 1, 2**32 - 1), "axes"),
])  # fmt: skip
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_idx_file_is_compared_with_its_size_before_memory_is_taken(lengths, message, pack, tmp_path):
    header = struct.pack(f">BBBB{len(lengths)}I", 0, 0, 8, len(lengths), *lengths)
    (tmp_path / "a").write_bytes(pack(header + b"x" * 20))
    with pytest.raises(WganError, match=message) as caught:
        read_idx(tmp_path / "a")
    one_sentence(caught)


def hostile_tar(kind):
    """An archive with a name of 3 GB, a member with gaps, or many members."""
    file = io.BytesIO()
    if kind == "many":
        with tarfile.open(fileobj=file, mode="w") as archive:
            for number in range(1200):
                archive.addfile(tarfile.TarInfo(str(number)))
        return file.getvalue()
    entry = tarfile.TarInfo("a")
    entry.type = {"pax name": tarfile.XHDTYPE, "long name": tarfile.GNUTYPE_LONGNAME}.get(kind, tarfile.GNUTYPE_SPARSE)
    entry.size, entry.name = (3 * 2**30, "a") if kind != "gaps" else (0, "test_batch.bin")
    return entry.tobuf(tarfile.GNU_FORMAT) + bytes(4096)


@pytest.mark.parametrize(("kind", "message"), [
    ("pax name", "declares a part of 3,221,22.* bytes"),
    ("long name", "declares a part of 3,221,22.* bytes"),
    ("gaps", "is stored with gaps"),
    ("many", "over 1,000 files"),
])  # fmt: skip
def test_what_a_cifar_archive_declares_takes_no_memory(kind, message, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "cifar-10-binary.tar").write_bytes(hostile_tar(kind))
    with pytest.raises(WganError, match=message) as caught:
        load_cifar("cifar10", "test", tmp_path)
    one_sentence(caught)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    lmdb = pytest.importorskip("lmdb")
    path = tmp_path_factory.mktemp("lmdb")
    with lmdb.open(str(path), map_size=1 << 24) as environment, environment.begin(write=True) as transaction:
        for number in range(40):
            side = 8 if number % 2 else 60  # so that some values lie in pages of their own
            transaction.put(f"{number:08x}".encode(), encoded(picture(side, side, number)))
    return (path / "data.mdb").read_bytes()


def test_no_flipped_bit_of_an_lmdb_raises_anything_else(database, tmp_path, monkeypatch, capsys):
    (tmp_path / "db").mkdir()
    rng = np.random.default_rng(0)
    refused = 0
    for number in range(30):
        damaged = bytearray(database)
        page = 4096 * int(rng.integers(len(damaged) // 4096))
        damaged[page + int(rng.integers(8, 40))] ^= 1 << int(rng.integers(8))
        (tmp_path / "db" / "data.mdb").write_bytes(damaged)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / f"cache{number}"))
        try:
            assert load(tmp_path / "db", size=8).rows.shape[1:] == (8, 8, 3)
        except WganError:
            refused += 1
    assert 0 < refused < 30


def test_a_place_beyond_its_page_is_named(database, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    damaged = bytearray(database)
    (leaf,) = (at for at in range(0, len(damaged), 4096) if damaged[at + 10] == 2)
    damaged[leaf + 18 : leaf + 20] = b"\xff\xff"
    (tmp_path / "data.mdb").write_bytes(damaged)
    with pytest.raises(WganError, match=r"data.mdb' is damaged \(its page \d is damaged\); download it again"):
        load(tmp_path, size=8)


@pytest.fixture
def photos(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "CHUNK", 4)
    monkeypatch.setattr("wgan.data.folder.CHUNK", 4)
    for number in range(10):
        (tmp_path / "photos" / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        picture(16, 12, number).save(tmp_path / "photos" / "ab"[number % 2] / f"{number}.png")
    return tmp_path / "photos"


@pytest.mark.parametrize("name", ["rows", "labels.npy", "files.json", "manifest.json"])
def test_a_cache_whose_time_was_set_back_is_not_believed(photos, tmp_path, name, capsys):
    right = np.array(load(photos).rows)
    (path,) = (tmp_path / "cache").rglob(name)
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(before.st_size // 2)
        byte = file.read(1)
        file.seek(before.st_size // 2)
        file.write(bytes([byte[0] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    capsys.readouterr()
    np.testing.assert_array_equal(load(photos).rows, right)
    assert "files that are damaged or from another program; they are made again" in capsys.readouterr().err


def test_a_manifest_in_which_a_number_was_changed_is_not_believed(photos, tmp_path, capsys):
    right = load(photos)
    (path,) = (tmp_path / "cache").rglob("manifest.json")
    path.write_text(path.read_text().replace('"source": "', '"source": "x'))
    capsys.readouterr()
    assert load(photos).source == right.source
    assert "files that are damaged or from another program; they are made again" in capsys.readouterr().err


def test_a_journal_that_names_chunks_which_were_not_decoded_is_not_believed(photos, tmp_path, monkeypatch):
    right = np.array(load(photos).rows)
    kept: list[bytes] = []

    def broken_off(*arguments):
        (journal,) = (tmp_path / "cache").rglob("journal.jsonl")
        kept.append(journal.read_bytes())
        raise KeyboardInterrupt

    folder = next((tmp_path / "cache").rglob("manifest.json")).parent
    for path in folder.iterdir():
        path.unlink()
    finish = cache._finish
    monkeypatch.setattr(cache, "_finish", broken_off)
    with pytest.raises(KeyboardInterrupt):
        load(photos)
    monkeypatch.setattr(cache, "_finish", finish)
    assert kept[0].count(b"\n") == 3
    with (folder / "rows").open("r+b") as file:  # the second chunk is lost, as after a crash of the machine
        file.seek(4 * 16 * 12 * 3)
        file.write(bytes(4 * 16 * 12 * 3))
    decoded = []
    decode = cache.decode
    monkeypatch.setattr(cache, "decode", lambda name, *rest: decoded.append(name) or decode(name, *rest))
    np.testing.assert_array_equal(load(photos).rows, right)
    assert len(decoded) == 4, "only the lost chunk is decoded again"


if __name__ == "__main__":
    CORPUS.mkdir(parents=True, exist_ok=True)
    for title, content in made().items():
        (CORPUS / title).write_bytes(content)


def test_verify_finds_what_no_stamp_shows(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "stamp_of", lambda path: [1, 2, 3, 4])  # a disk that lost a bit tells nobody
    right = load(photos)
    assert verified(right) == right.sha256
    (path,) = (tmp_path / "cache").rglob("rows")
    with path.open("r+b") as file:
        file.write(bytes([255 - right.rows.flat[0]]))
    dataset = load(photos)
    with pytest.raises(WganError, match=r"holds other rows than were put there: .* delete that file"):
        verified(dataset)
    path.unlink()
    assert verified(load(photos)) == right.sha256


def test_verify_prints_what_a_run_of_these_rows_keeps(tmp_path):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(40, 2)))
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{i},{i % 3}.5\n" for i in range(40)))
    for name in ("x.npy", "t.csv"):
        dataset = load(tmp_path / name)
        assert f"SHA-256 of the rows: {sha256_of(dataset)}\n" in called("data", tmp_path / name, "--verify").stdout
