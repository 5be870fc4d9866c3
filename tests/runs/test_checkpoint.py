"""Checkpoints: exact, atomic under kill -9, honest about damage and full disks."""

import hashlib
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from wgan.errors import WganError
from wgan.runs import checkpoint

WRITER = """
import sys
from pathlib import Path
import numpy as np
from wgan.runs import checkpoint
folder, step = Path(sys.argv[1]), int(sys.argv[2])
while True:  # every step twice, so that kills also hit the replacing of a step
    for _ in range(2):
        arrays = {name: np.full(40_000, step) for name in "ab"}
        checkpoint.save(folder, step, arrays, {"step": step}, keep=2)
    print(step, flush=True)
    step += 1
"""


def small(step: int) -> dict[str, np.ndarray]:
    return {"w": np.full((2, 3), step, np.float32), "t": np.array(step)}


def saved(folder: Path, *which: int) -> Path:
    for step in which:
        checkpoint.save(folder, step, small(step), {"step": step}, keep=9)
    return folder


def same(got: np.ndarray, want: np.ndarray) -> bool:
    return got.dtype == want.dtype and got.shape == want.shape and got.tobytes() == want.tobytes()


def forge(path: Path, data: bytes | None = None, **changes) -> None:
    """Write a checkpoint whose checksums hold, whatever it says."""
    record = json.loads((path / "meta.json").read_text())
    if data is not None:
        (path / "arrays.safetensors").write_bytes(data)
        changes = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} | changes
    record = {key: value for key, value in (record | changes).items() if value is not ...}
    record.pop("meta_sha256")
    (path / "meta.json").write_text(json.dumps(record | {"meta_sha256": checkpoint._sha256(record)}))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.just("generator/dense 1/weight"),
    st.sampled_from(checkpoint.DTYPES).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
    ),
    max_size=4,
))  # fmt: skip
def test_round_trip_is_exact(arrays):
    with tempfile.TemporaryDirectory() as folder:
        path = checkpoint.save(Path(folder), 7, arrays, {"é": [1.5, None, {"a": True}]})
        step, got, meta = checkpoint.load(path)
    assert (step, meta, got.keys()) == (7, {"é": [1.5, None, {"a": True}]}, arrays.keys())
    for name in arrays:
        assert same(got[name], arrays[name])
        assert got[name].flags.writeable


def test_memory_order_and_byte_order_do_not_matter(tmp_path):
    base = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    views = {"transposed": base.T, "strided": base[:, ::2], "reversed": base[::-1], "big": base.astype(">f4")}
    got = checkpoint.load(checkpoint.save(tmp_path, 1, views, {})).arrays
    for name, view in views.items():
        np.testing.assert_array_equal(got[name], view, err_msg=name)
        assert got[name].dtype == np.float32


@pytest.mark.parametrize("arrays", [
    {"x": np.array(["text"])}, {"x": np.array([object()])}, {"x": np.zeros(2, np.longdouble)},
    {"__metadata__": np.zeros(2)},
])  # fmt: skip
def test_what_cannot_be_stored_is_refused_before_anything_is_written(tmp_path, arrays):
    with pytest.raises(WganError, match=r"convert it|rename it"):
        checkpoint.save(tmp_path, 1, arrays, {})
    with pytest.raises(WganError, match="keep is 0"):
        checkpoint.save(tmp_path, 1, {}, {}, keep=0)
    with pytest.raises(ValueError, match="JSON"):
        checkpoint.save(tmp_path, 1, {}, {"loss": float("nan")})
    assert not list(tmp_path.iterdir())


def test_only_the_newest_are_kept_and_never_the_one_just_saved_is_lost(tmp_path):
    for step in (100, 200, 300, 400):
        checkpoint.save(tmp_path, step, small(step), {}, keep=2)
    assert checkpoint.steps(tmp_path) == [300, 400]
    checkpoint.save(tmp_path, 50, small(50), {}, keep=1)  # resumed far behind, as if 300 and 400 were damaged
    assert checkpoint.steps(tmp_path) == [50, 300, 400]
    assert sorted(os.listdir(tmp_path)) == ["00000050", "00000300", "00000400"]


def test_a_step_saved_again_is_replaced(tmp_path):
    saved(tmp_path, 1, 2)
    checkpoint.save(tmp_path, 2, {"new": np.ones(3)}, {"new": 1})
    assert checkpoint.load(tmp_path / "00000002").meta == {"new": 1}
    assert sorted(os.listdir(tmp_path)) == ["00000001", "00000002"]


def test_a_kill_between_the_two_renames_of_a_replacement_loses_nothing(tmp_path, monkeypatch):
    saved(tmp_path, 1, 2)
    rename = Path.rename

    def killed(path, target):
        if ".tmp-" in path.name:
            raise KeyboardInterrupt
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            checkpoint.save(tmp_path, 2, {"new": np.ones(3)}, {})
    found, passed = checkpoint.latest(tmp_path)
    assert found is not None
    assert (found.step, passed, found.meta) == (2, [], {"step": 2})
    saved(tmp_path, 3)  # another step must not sweep the only copy away
    assert checkpoint.steps(tmp_path) == [1, 2, 3]
    saved(tmp_path, 2)
    assert sorted(os.listdir(tmp_path)) == ["00000001", "00000002", "00000003"]


def test_kill_minus_nine_at_any_moment_leaves_a_whole_checkpoint(tmp_path):
    chance, step = random.Random(0), 1
    for _ in range(10):
        command = [sys.executable, "-c", WRITER, str(tmp_path), str(step)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            finished = int(writer.stdout.readline())
            time.sleep(chance.uniform(0, 0.06))
            writer.send_signal(signal.SIGKILL)
            finished = max([finished, *map(int, writer.stdout.read().split())])
        found, passed = checkpoint.latest(tmp_path)
        assert found is not None
        assert not passed
        assert finished <= found.step <= finished + 1
        assert found.meta == {"step": found.step}
        assert all((array == found.step).all() for array in found.arrays.values())
        step = found.step
    checkpoint.save(tmp_path, step + 1, small(step), {})
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


@settings(max_examples=50, deadline=None)
@given(
    stops=st.lists(st.booleans(), min_size=1, max_size=9),
    keep=st.integers(1, 4),
    also=st.sets(st.integers(1, 9), max_size=2),
)
def test_a_passing_checkpoint_stays_until_the_next_and_takes_nobodys_place(stops, keep, also):
    with tempfile.TemporaryDirectory() as folder:
        lasting = []
        for step, passing in enumerate(stops, 1):
            checkpoint.save(Path(folder), step, small(step), {}, keep, also, passing)
            asked = {known for known in also if known < step}
            before = lasting[len(lasting) - keep + 1 :] if keep <= len(lasting) else lasting
            kept = set(checkpoint.steps(Path(folder)))
            assert kept == {*before, *asked, step}, "the newest lasting ones, those asked for, and this one"
            lasting += [] if passing else [step]


def test_every_flipped_or_missing_byte_is_noticed_and_the_earlier_one_used(tmp_path):
    saved(tmp_path, 1, 2)
    harmless = 0
    for name in ("arrays.safetensors", "meta.json"):
        path = tmp_path / "00000002" / name
        whole = path.read_bytes()
        flips = [whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :] for at in range(len(whole))]
        for damaged in [*flips, *(whole[:cut] for cut in range(0, len(whole), 5)), whole + b"\0"]:
            path.write_bytes(damaged)
            found, passed = checkpoint.latest(tmp_path)
            assert found is not None
            if found.step == 2:  # white space of the JSON
                harmless += 1
                assert all(same(found.arrays[key], array) for key, array in small(2).items())
                assert found.meta == {"step": 2}
                continue
            assert found.step == 1
            assert passed[0].startswith(f"checkpoint 2 is damaged ({name}")
            assert passed[0].endswith("; using 1 instead")
            with pytest.raises(WganError, match=name):
                checkpoint.load(path.parent)
        path.write_bytes(whole)
    assert harmless < 20


def test_damage_is_told_in_a_sentence(tmp_path):
    saved(tmp_path, 1, 2, 3)
    (tmp_path / "00000003" / "meta.json").unlink()
    path = tmp_path / "00000002" / "arrays.safetensors"
    size = path.stat().st_size
    path.write_bytes(b"0123456789")
    (tmp_path / "00000001").rename(tmp_path / "00000004")
    found, passed = checkpoint.latest(tmp_path)
    assert found is None
    assert passed == [
        "checkpoint 4 is damaged (meta.json is of step 1); no readable one is left",
        "checkpoint 3 is damaged (meta.json is missing); no readable one is left",
        f"checkpoint 2 is damaged (arrays.safetensors has 10 of {size} bytes); no readable one is left",
    ]
    assert checkpoint.steps(tmp_path) == [2, 4]
    assert checkpoint.latest(tmp_path / "none") == (None, [])


@pytest.mark.parametrize("text", [
    b"", b"\xff\xfe", b"null", b"[]", b"3", b"[" * 100_000, b'{"step":' * 50_000, b"1" * 9_999, b"{}", b"\0",
])  # fmt: skip
def test_any_meta_json_is_survived(tmp_path, text):
    path = saved(tmp_path, 1) / "00000001"
    (path / "meta.json").write_bytes(text)
    with pytest.raises(WganError, match=r"meta\.json"):
        checkpoint.load(path)


@pytest.mark.parametrize("key", ["format", "step", "bytes", "sha256", "meta"])
@pytest.mark.parametrize("value", [..., None, True, "x", 1.5, [], {"a": {}}, -1])
def test_entries_of_a_wrong_type_are_survived(tmp_path, key, value):
    path = saved(tmp_path, 1) / "00000001"
    forge(path, **{key: value})
    if (key, value) in [("step", -1), ("meta", {"a": {}})]:
        return
    with pytest.raises(WganError, match=r"meta\.json|arrays\.safetensors"):
        checkpoint.load(path)


def header(text: str, size: int | None = None) -> bytes:
    return (len(text) if size is None else size).to_bytes(8, "little") + text.encode() + bytes(16)


@pytest.mark.parametrize("data", [
    b"", b"1234567", header("{}", 2**63), header("{}", 2**40), header("[]"), header("{" * 5000),
    header('{"a":{"dtype":"BF16","shape":[8],"data_offsets":[0,16]}}'),
    header('{"a":{"dtype":"F32","shape":[9],"data_offsets":[0,16]}}'),
    header('{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,99]}}'),
    header('{"a":{"dtype":"F32","shape":[18446744073709551615,0],"data_offsets":[0,0]}}')[:-16],
    header('{"a":{"dtype":"nonsense","shape":[4],"data_offsets":[0,16]}}'),
])  # fmt: skip
def test_forged_arrays_with_right_checksums_are_survived(tmp_path, data):
    path = saved(tmp_path, 1) / "00000001"
    forge(path, data)
    with pytest.raises(WganError, match=r"arrays\.safetensors is not"):
        checkpoint.load(path)


@pytest.mark.parametrize("keep", [1, 2])
def test_steps_that_are_to_stay_are_kept_besides_the_newest(tmp_path, keep):
    for step in range(1, 7):
        checkpoint.save(tmp_path, step, small(step), {}, keep=keep, also={2, 3, 99} if step > 2 else {2})
    assert checkpoint.steps(tmp_path) == sorted({2, 3} | set(range(7 - keep, 7)))
    checkpoint.save(tmp_path, 7, small(7), {}, keep=keep)
    assert checkpoint.steps(tmp_path) == list(range(8 - keep, 8)), "no longer than they are asked for"


@pytest.mark.skipif(os.name == "nt", reason="a folder cannot be opened there")
@pytest.mark.parametrize("replaced", [False, True])
def test_all_is_on_the_disk_before_a_rename_makes_it_the_checkpoint(tmp_path, disk_work, replaced):
    if replaced:
        saved(tmp_path, 5)
    disk_work.clear()
    saved(tmp_path, 5)
    names = [event for event, *_ in disk_work]
    final = tmp_path / "00000005"
    made = next(at for at, (event, _, to) in enumerate(disk_work) if event == "rename" and Path(to) == final)
    before = {key: size for event, key, size in disk_work[:made] if event == "sync"}
    for path in (final / "arrays.safetensors", final / "meta.json", final):
        assert path.stat().st_ino in before, f"{path.name} is not on the disk when it is renamed"
        assert path.is_dir() or before[path.stat().st_ino] == path.stat().st_size > 0, "nor what is written later"
    assert [key for event, key, _ in disk_work[made:] if event == "sync"] == [tmp_path.stat().st_ino]
    assert names.count("rename") == 1 + replaced
    assert "rename" not in names[: len(before)], "no former checkpoint is moved before the new one is safe"


def test_a_full_disk_is_told_and_costs_nothing(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True
    ).returncode
    limit, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.getsignal(signal.SIGXFSZ)
    try:
        if not mounted:  # not root: a file too large gives the same OSError at the same place
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, limit[1]))
        saved(disk, 1)
        with pytest.raises(WganError, match=r"cannot save checkpoint 2 .*(No space|too large).*kept"):
            checkpoint.save(disk, 2, {"big": np.zeros(50_000)}, {})
        assert os.listdir(disk) == ["00000001"]
        assert checkpoint.load(disk / "00000001").step == 1
        left = disk / ".00000009.tmp-99999999"  # by a writer that died, and in the way
        left.mkdir()
        (left / "arrays.safetensors").write_bytes(bytes(32_000))
        checkpoint.save(disk, 2, {"big": np.zeros(3_500)}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
        if mounted:
            subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("name", ["meta.json", "arrays.safetensors"])
def test_what_may_not_be_read_is_not_called_damaged(tmp_path, monkeypatch, name):
    saved(tmp_path, 1, 2)
    opened = os.open

    def forbidden(path, *more, **named):
        if str(path) == str(tmp_path / "00000002" / name):
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *more, **named)

    monkeypatch.setattr(os, "open", forbidden)
    found, passed = checkpoint.latest(tmp_path)
    assert found.step == 1
    assert passed == [f"checkpoint 2 cannot be read ({name}: Permission denied); using 1 instead"]


@pytest.mark.parametrize("keep", [1, 2])
def test_a_reader_follows_a_training_that_rotates_checkpoints(tmp_path, monkeypatch, keep):
    saved(tmp_path, 1)
    read_bytes, step = checkpoint._read_bytes, 1

    def overtaken(path, most):
        nonlocal step
        if step < 6 and path.name == "arrays.safetensors":  # the training continues between the reader's two files
            step += 1
            checkpoint.save(tmp_path, step, small(step), {"step": step}, keep=1)
        return read_bytes(path, most)

    monkeypatch.setattr(checkpoint, "_read_bytes", overtaken)
    found, passed = checkpoint.latest(tmp_path) if keep == 1 else (checkpoint.chosen(tmp_path, max), [])
    assert (found.step, passed) == (6, [])
    assert found.arrays["t"] == 6


def test_a_step_that_is_replaced_while_it_is_read_is_read_anew(tmp_path, monkeypatch):
    saved(tmp_path, 1, 2)
    read_bytes = checkpoint._read_bytes

    def replaced(path, most):
        if path.name == "arrays.safetensors":
            monkeypatch.undo()
            checkpoint.save(tmp_path, 2, {"new": np.ones(9)}, {})
        return read_bytes(path, most)

    monkeypatch.setattr(checkpoint, "_read_bytes", replaced)
    found, passed = checkpoint.latest(tmp_path)
    assert (found.step, list(found.arrays), passed) == (2, ["new"], [])


def test_files_of_others_in_a_checkpoint_stay_whatever_is_written_removed_or_replaced(tmp_path):
    saved(tmp_path, 1, 2)
    for step in (1, 2):
        (tmp_path / f"{step:08d}" / "notes.txt").write_text("mine")
    saved(tmp_path, 2)
    checkpoint.save(tmp_path, 3, small(3), {}, keep=1)
    assert checkpoint.steps(tmp_path) == [3]
    checkpoint.remove_all(tmp_path)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == [
        *("00000001/notes.txt", "00000002/notes.txt")
    ]


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(WganError, match="Not a directory"):
        checkpoint.save(tmp_path / "file" / "checkpoints", 1, small(1), {})
