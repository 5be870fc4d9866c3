"""Whole files, regular files, checked JSON, free memory, and text that cannot command a terminal."""

import errno
import os
import resource
import stat
import subprocess
import sys
from typing import TypedDict

import pytest

from wgan.errors import WganError
from wgan.files import memory
from wgan.files.printed import printable, say, shown
from wgan.files.reading import explained, opened, read, refuse_irregular
from wgan.files.records import parsed, read_json
from wgan.files.writing import clear, hidden, replacing, replacing_folder, write


class Broken(Exception):
    pass


def broken_off(writing, half):
    with writing as temporary:
        half(temporary)
        raise Broken


def test_a_file_appears_whole_and_an_error_inside_leaves_the_earlier_one(tmp_path):
    path = tmp_path / "new" / "a.txt"
    write(path, b"first")
    path.chmod(0o640)
    with pytest.raises(Broken):
        broken_off(replacing(path), lambda temporary: temporary.write_bytes(b"half"))
    assert path.read_bytes() == b"first"
    write(path, b"second")
    assert path.read_bytes() == b"second"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [one.name for one in path.parent.iterdir()] == ["a.txt"]


def test_a_link_is_followed_and_stays_a_link(tmp_path):
    (tmp_path / "real.txt").write_bytes(b"old")
    link = tmp_path / "link.txt"
    link.symlink_to("real.txt")
    write(link, b"new")
    assert link.is_symlink()
    assert (tmp_path / "real.txt").read_bytes() == b"new"


def test_what_is_no_regular_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(WganError, match="is not a regular file; give another name"):
            write(path, b"")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_the_longest_name_that_a_file_system_allows_can_be_written(tmp_path):
    path = tmp_path / ("ü" * 127)  # 254 bytes
    write(path, b"x")
    assert path.read_bytes() == b"x"
    with pytest.raises(WganError, match="choose a shorter name"):
        write(tmp_path / ("x" * 256), b"")


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    with pytest.raises(Broken):
        broken_off(replacing_folder(tmp_path / "f"), lambda temporary: (temporary / "a").write_text("a"))
    assert list(tmp_path.iterdir()) == []
    with replacing_folder(tmp_path / "f") as temporary:
        (temporary / "deep").mkdir()
        (temporary / "deep" / "a").write_text("a")
        assert not (tmp_path / "f").exists()
    assert (tmp_path / "f" / "deep" / "a").read_text() == "a"
    with pytest.raises(WganError, match="exists already"), replacing_folder(tmp_path / "f"):
        pass


def test_the_leftovers_of_dead_writers_are_cleared_and_those_of_living_ones_stay(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    living = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    names = [f".a.txt.tmp-{dead.pid}", f".a.txt.tmp-{living.pid}", ".notes.tmp-mine", f".a.tmp-{2**70}"]
    for name in names:
        (tmp_path / name).write_text("half")
    (tmp_path / f".folder.tmp-{dead.pid}").mkdir()
    clear(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {names[1], names[2]}
    living.communicate(b"\n")
    write(tmp_path / "b.txt", b"")
    assert {path.name for path in tmp_path.iterdir()} == {names[2], "b.txt"}


def test_a_full_disk_names_the_path_and_leaves_the_earlier_file(tmp_path):
    write(tmp_path / "a", b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(WganError, match=r"cannot write .*/a \(File too large\); raise the limit"):
            write(tmp_path / "a", b"x" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert not hidden(tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "make room there"), (errno.EACCES, "change its permissions"),
        (errno.ENOENT, "see whether the name is right"), (errno.EROFS, "choose another place"), (12345, "or choose"),
    ],
)  # fmt: skip
def test_each_fault_of_the_system_has_its_own_remedy(tmp_path, number, said):
    with pytest.raises(WganError, match=said) as raised, explained("write", tmp_path / "x"):
        raise OSError(number, os.strerror(number), "x")
    assert os.strerror(number) in str(raised.value)
    assert str(tmp_path / "x") in str(raised.value)


def test_only_regular_files_are_opened_and_a_pipe_does_not_wait(tmp_path):
    os.mkfifo(tmp_path / "pipe.npy")
    for path, said in ((tmp_path / "pipe.npy", "is a pipe"), (tmp_path, "is a folder"), ("/dev/zero", "is a device")):
        for function in (lambda path: read(path, 10), opened, refuse_irregular):
            with pytest.raises(WganError, match=said):
                function(type(tmp_path)(path))
    with pytest.raises(WganError, match="No such file"):
        read(tmp_path / "none", 10)


def test_a_file_is_read_up_to_its_limit(tmp_path):
    (tmp_path / "a").write_bytes(b"0123456789")
    assert read(tmp_path / "a", 10) == b"0123456789"
    with pytest.raises(WganError, match="more than the 9 bytes"):
        read(tmp_path / "a", 9)


class Schema(TypedDict):
    step: int
    names: list[str]


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"[]", b"null", b"\xff", b'{"step": 1}', b'{"step": "1", "names": []}',
        b'{"step": true, "names": []}',
        b'{"step": 1.5, "names": []}', b'{"step": NaN, "names": []}', b'{"step": 1, "names": [1]}',
        b'{"step": 1, "names": ["\\ud800"]}', b'{"step": 1, "names": []} {}', b"[" * 100_000, b'{"a":' * 100_000,
        b'{"step": 1, "names": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
)  # fmt: skip
def test_json_of_another_schema_is_a_value_error_and_a_sentence(tmp_path, data):
    with pytest.raises(ValueError, match=r"."):
        parsed(data, Schema)
    (tmp_path / "a.json").write_bytes(data)
    with pytest.raises(WganError, match=r"a\.json is damaged or not one of wgan's \(.+\); restore it\."):
        read_json(tmp_path / "a.json", Schema, "restore it")


def test_json_of_the_schema_is_the_value(tmp_path):
    (tmp_path / "a.json").write_bytes(b'{"step": 3, "names": ["\xc3\xbc"], "later": 1}')
    assert read_json(tmp_path / "a.json", Schema, "") == {"step": 3, "names": ["ü"]}


def test_deep_json_of_any_type_is_refused():
    with pytest.raises(ValueError, match="nested too deeply"):
        parsed(b"[" * 100_000 + b"]" * 100_000)


def test_free_memory_obeys_the_limit_of_the_process():
    code = (
        "import resource, psutil; from wgan.files.memory import free; "
        "used = psutil.Process().memory_info().vms; limit = used + 200_000_000; "
        "resource.setrlimit(resource.RLIMIT_AS, (limit, limit)); print(free())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 150e6 < int(done.stdout) <= 200e6


@pytest.mark.parametrize("limit", ["memory.max", "memory/memory.limit_in_bytes"])
def test_free_memory_obeys_the_limit_of_a_container(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    (tmp_path / "memory").mkdir()
    used = "memory.current" if limit == "memory.max" else "memory/memory.usage_in_bytes"
    (tmp_path / limit).write_text("5000\n")
    (tmp_path / used).write_text("1000\n")
    assert memory.free() == 4000
    (tmp_path / limit).write_text("max\n")
    assert memory.free() > 4000


def test_what_takes_more_than_is_free_is_refused_with_the_number_to_give(monkeypatch):
    monkeypatch.setattr(memory, "free", lambda: 1000)
    memory.refuse_more_than_free(900, "it", "give less")
    with pytest.raises(WganError, match="it takes 901 bytes of memory, but 1 kB are free; give -n 10"):
        memory.refuse_more_than_free(901, "it", "give -n 10")


@pytest.mark.parametrize(
    "text", ["\x1b[31m", "\x07", "\x9b2J", "\r", "\x00", "\u202e", "\u2028", "\udc80", "\u200b", "\x7f", "\x85"]
)
def test_no_character_from_outside_commands_the_terminal(text):
    found = printable(f"a{text}b")
    assert found.isprintable()
    assert found[0] == "a"
    assert found[-1] == "b"


def test_plain_text_of_every_script_stays_and_a_name_has_one_line():
    assert printable("größer 日本語 עברית\n2") == "größer 日本語 עברית\n2"
    assert shown("a\nwgan: done") == "a\\nwgan: done"


def test_text_that_an_encoding_lacks_is_escaped_and_a_full_stderr_ends_nothing():
    code = "from wgan.files.printed import say; say('ü\\x1b'); say('x', err=True); print('end')"
    environment = {"PYTHONIOENCODING": "ascii", "PYTHONPATH": os.pathsep.join(sys.path)}
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=-1, stderr=full, env=environment)
    assert done.stdout == b"\\xfc\\x1b\nend\n"


def test_say_writes_on_either_stream(capsys):
    say("to the one")
    say("to the other", err=True)
    assert capsys.readouterr() == ("to the one\n", "to the other\n")


def test_a_name_that_is_no_utf_8_is_read_back_and_checked():
    assert parsed(b'{"path": "a\\udcff"}', dict[str, str]) == {"path": "a\udcff"}
    assert parsed(b'["\\ud83d\\ude00"]', list[str]) == ["\U0001f600"]
    for data in (b'{"path": 1, "\\udcff": "x"}', b'["\\udcff", NaN]', b'["\\udcff"', b'"\\udcff" ' + b"[" * 100_000):
        with pytest.raises(ValueError, match=r"."):
            parsed(data, dict[str, str])
