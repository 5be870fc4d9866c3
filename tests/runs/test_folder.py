"""Run folders: resumed only by their own config, never destructive, one trainer at a time."""

import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from wgan.errors import WganError, by_command
from wgan.files import writing
from wgan.runs import folder as runs

FREE = frozenset({"steps"})


def config(**changes) -> dict:
    fields = {"data": "gaussians", "steps": 100, "widths": (8, 8), "seed": 0} | changes
    fields = {name: value for name, value in fields.items() if value is not ...}
    return {"config": fields, "versions": {"wgan": "1"}}


def contents(folder) -> dict[str, bytes | None]:
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
            for path in folder.rglob("*") if path.name != ".lock"}  # fmt: skip


@pytest.fixture
def run(tmp_path):
    run = tmp_path / "a" / "run"
    assert runs.open_run(run, config(), may_change=FREE) is False
    (run / "log.jsonl").write_text('{"step": 0}\n')
    (run / "samples" / "0.png").write_text("png")
    (run / "checkpoints" / "00000001").mkdir()
    (run / "report.html").write_text("html")
    (run / "notes.txt").write_text("mine")
    return run


def test_a_new_folder_and_an_empty_one_become_a_run(tmp_path):
    for out in (tmp_path / "deep" / "new", tmp_path / "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        assert runs.open_run(out, config(), may_change=FREE) is False
        assert sorted(contents(out)) == ["checkpoints", "config.json", "samples"]
        assert runs.read_config(out) == json.loads(json.dumps(config()))


def test_what_a_start_that_was_killed_left_is_no_obstacle(tmp_path):
    (tmp_path / ".lock").touch()
    (tmp_path / ".config.json.tmp-77").write_text('{"conf')
    assert runs.open_run(tmp_path, config(), may_change=FREE) is False


def test_a_run_of_a_version_without_a_field_resumes_where_the_field_is_not_set(run):
    newer = {"config": config()["config"] | {"column": None}, "versions": {"wgan": "2"}}
    assert runs.open_run(run, newer, may_change=FREE) is True
    newer["config"]["column"] = "text"
    (run / "config.json").write_text(json.dumps(config()))
    with pytest.raises(WganError, match="column: saved None, asked 'text'"):
        runs.open_run(run, newer, may_change=FREE)


def test_the_same_config_resumes_and_changes_nothing(run):
    before = contents(run)
    assert runs.open_run(run, config(), may_change=FREE) is True
    assert contents(run) == before


def test_fields_that_may_change_are_saved_and_the_rest_is_untouched(run):
    before = contents(run)
    assert runs.open_run(run, config(steps=200) | {"versions": {"wgan": "2"}}, may_change=FREE) is True
    saved = runs.read_config(run)
    assert (saved["config"]["steps"], saved["versions"]) == (200, {"wgan": "1"})
    assert {name for name, text in contents(run).items() if before[name] != text} == {"config.json"}


def test_another_config_is_refused_field_by_field(run):
    before = contents(run)
    with pytest.raises(WganError) as caught:
        runs.open_run(run, config(seed=1, steps=5, data=..., extra="x"), may_change=FREE)
    assert str(caught.value) == (
        f"{run} holds another run (data: saved 'gaussians', asked None; extra: saved None, asked 'x'; "
        "seed: saved 0, asked 1); choose another out, or add restart=True to delete that run."
    )
    assert contents(run) == before


@pytest.mark.parametrize("steps", ["100", None, []])
def test_saved_steps_that_are_no_number_are_another_run(run, steps):
    saved = json.loads((run / "config.json").read_text())
    saved["config"]["steps"] = steps
    (run / "config.json").write_text(json.dumps(saved))
    with pytest.raises(WganError, match=r"holds another run \(steps: saved .*, asked 7\)") as caught:
        runs.open_run(run, config(steps=7), may_change=frozenset())
    assert "extend" not in str(caught.value)


@pytest.mark.parametrize(("asked", "more"), [(900, True), (300, False)])
def test_other_steps_are_told_first_what_resumes_the_run_and_last_what_deletes_it(tmp_path, asked, more):
    runs.open_run(tmp_path / "run", config(steps=400), may_change=frozenset())
    with by_command(), pytest.raises(WganError) as caught:
        runs.open_run(tmp_path / "run", config(steps=asked), may_change=frozenset())
    words = re.findall(r"--\w+", str(caught.value))
    assert words == ["--steps", *["--extend"] * more, "--out", "--restart"]
    assert "use --steps 400 to resume it" in str(caught.value)


@pytest.mark.parametrize("restart", [False, True])
def test_other_peoples_files_are_refused_and_stay(tmp_path, restart):
    folder = tmp_path / "photos"
    (folder / "samples").mkdir(parents=True)
    (folder / "samples" / "holiday.png").write_text("dear")
    (tmp_path / "file").write_text("mine")
    before = contents(tmp_path)
    for out, word in ((folder, "'samples'"), (tmp_path / "file", "Not a directory")):
        with pytest.raises(WganError, match=word):
            runs.open_run(out, config(), restart=restart, may_change=FREE)
    for text in ('{"architectures": ["GPT"]}', '{"config": 3}', "[1]", "{", "", "[" * 100_000):
        (folder / "config.json").write_text(text)
        with pytest.raises(WganError, match=r"config\.json is damaged or not one of wgan's"):
            runs.open_run(folder, config(), restart=restart, may_change=FREE)
        (folder / "config.json").unlink()
    assert contents(tmp_path) == before
    assert not list(tmp_path.rglob(".lock"))


def test_restart_removes_the_runs_own_files_only(run, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "dear").touch()
    (run / "samples" / "0.png").unlink()
    (run / "samples").rmdir()
    (run / "samples").symlink_to(elsewhere)
    assert runs.open_run(run, config(seed=5), restart=True, may_change=FREE) is False
    assert sorted(contents(run)) == ["checkpoints", "config.json", "notes.txt", "samples"]
    assert (elsewhere / "dear").exists()
    assert runs.read_config(run)["config"]["seed"] == 5
    assert runs.open_run(tmp_path / "new", config(), restart=True, may_change=FREE) is False


OTHERS = ("samples/mine.png", "checkpoints/notes.txt", "checkpoints/00000005/notes.txt", "tensorboard/mine", "n.txt",
          "report.html.bak", "samples/1.png")  # fmt: skip
MADE = ("samples/00000005.png", "log.jsonl", "report.html", "evaluation.json", "generator.onnx",
        "tensorboard/events.out.tfevents.1.host", ".config.json.tmp-99999999", ".log.jsonl.tmp-99999999",
        "samples/.00000005.png.tmp-99999999")  # fmt: skip


def filled(out: Path) -> Path:
    runs.open_run(out, config(), may_change=FREE)
    for step in (1, 5):
        runs.checkpoint.save(out / "checkpoints", step, {"w": np.zeros(3)}, {})
    (out / "checkpoints" / ".00000007.tmp-99999999").mkdir()
    (out / "tensorboard").mkdir()
    for name in (*MADE, *OTHERS):
        (out / name).write_text(name)
    return out


def test_restart_removes_what_wgan_wrote_and_keeps_what_others_wrote(tmp_path):
    out = filled(tmp_path / "run")
    assert runs.open_run(out, config(seed=5), restart=True, may_change=FREE) is False
    files = {name: text for name, text in contents(out).items() if text is not None}
    assert files.pop("config.json")
    assert files == {name: name.encode() for name in OTHERS}
    assert runs.checkpoint.latest(out / "checkpoints") == (None, []), "a folder with notes alone is no checkpoint"
    runs.checkpoint.save(out / "checkpoints", 5, {"w": np.ones(3)}, {}, keep=1)
    runs.checkpoint.save(out / "checkpoints", 6, {"w": np.ones(3)}, {}, keep=1)
    assert runs.checkpoint.steps(out / "checkpoints") == [6]
    assert (out / "checkpoints" / "00000005" / "notes.txt").read_text() == "checkpoints/00000005/notes.txt"
    assert sorted(os.listdir(out / "checkpoints")) == ["00000005", "00000006", "notes.txt"]


def test_a_kill_at_any_moment_of_a_restart_leaves_a_run_that_goes_on(tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    left, real = 0, {name: getattr(os, name) for name in ("unlink", "rename", "rmdir", "replace")}

    def dying(name):
        def act(*given, **more):
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return real[name](*given, **more)

        return act

    finished = False
    for count in range(60):
        out = filled(tmp_path / str(count))
        with monkeypatch.context() as patch:
            left = count
            for name in real:
                patch.setattr(os, name, dying(name))
            try:
                runs.open_run(out, config(seed=5), restart=True, may_change=FREE)
                finished = True
            except Killed:
                pass
        assert all((out / name).exists() for name in OTHERS)
        seed = runs.read_config(out)["config"]["seed"]
        assert runs.open_run(out, config(seed=seed), may_change=FREE) is True
        newest, _ = runs.checkpoint.latest(out / "checkpoints")
        if newest:
            assert (out / "log.jsonl").exists(), "a run that continues from a checkpoint has its log"
        if finished:
            return
    raise AssertionError("the restart has never ended")


def test_what_a_kill_left_is_swept_when_a_run_goes_on(tmp_path):
    out = filled(tmp_path / "run")
    assert runs.open_run(out, config(), may_change=FREE) is True
    assert not [path for path in out.rglob(".*.tmp-*") if path.parent.name != "checkpoints"]


def test_a_restart_that_is_interrupted_leaves_a_run_folder(run, monkeypatch):
    def interrupted(path):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(runs.checkpoint, "remove_all", interrupted)
        with pytest.raises(KeyboardInterrupt):
            runs.open_run(run, config(seed=5), restart=True, may_change=FREE)
    assert runs.read_config(run)["config"]["seed"] == 0
    assert runs.open_run(run, config(seed=5), restart=True, may_change=FREE) is False


def test_a_place_that_cannot_be_written_is_told_and_left_as_it_was(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file" / "run", tmp_path / ("x" * 300)):
        with pytest.raises(WganError, match=r"cannot (use|read) .*(Not a directory|too long)"):
            runs.open_run(out, config(), may_change=FREE)

    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(runs.writing, "sync", full)
    with pytest.raises(WganError, match="No space left on device"):
        runs.open_run(tmp_path / "deep" / "run", config(), may_change=FREE)
    assert os.listdir(tmp_path) == ["file"]


def test_a_failed_rewrite_leaves_the_run_as_it_was(run, monkeypatch):
    before = contents(run)
    monkeypatch.setattr(runs.writing, "sync", lambda path: os.stat(path / "nothing"))
    with pytest.raises(WganError, match=r"cannot write .*config\.json"):
        runs.open_run(run, config(steps=7), may_change=FREE)
    assert contents(run) == before


@pytest.mark.skipif(os.name == "nt", reason="files are not synced there")
def test_a_file_is_on_the_disk_before_it_takes_the_place_of_another(tmp_path, disk_work):
    def rewrites():
        yield tmp_path / "run" / "config.json", lambda: runs.open_run(tmp_path / "run", config(), may_change=FREE)
        runs.append(tmp_path / "run", {"step": 0})
        runs.append(tmp_path / "run", {"step": 1})
        yield tmp_path / "run" / "log.jsonl", lambda: runs.truncate_log(tmp_path / "run", 1)
        yield tmp_path / "run" / "new.json", lambda: runs.write(tmp_path / "run", "new.json", {"a": 1})
        yield tmp_path / "deep" / "new.csv", lambda: writing.write(tmp_path / "deep" / "new.csv", b"a,b")

    for path, rewrite in rewrites():
        disk_work.clear()
        rewrite()
        kept = path.stat()
        mine = [event for event in disk_work if event[0] == "rename" or event[1] == kept.st_ino]
        assert [event for event, *_ in mine] == ["sync", "rename"], path.name
        assert mine[0][2] == kept.st_size > 0, "all of it"
        assert Path(mine[1][2]) == path


@pytest.mark.parametrize("content", [
    {"config": {"steps": 2**64}}, {"config": {"steps": {}}}, {"config": {"a": [[1]]}}, {"config": {}, "data": "x"},
    {"config": {}, "data": {"form": []}}, {"config": {}, "data": {"sha256": 1}}, {"config": {}, "data": {"path": 1}},
    {"config": {}, "data": {"training_rows": 1.5}}, {"config": {}, "data": {"training_rows": True}},
    {"config": {}, "data": {"classes": []}}, {"config": {}, "engine": []}, {"config": {}, "versions": {"a": 1}},
    {"config": {}, "extended": [{"at": 1}]}, {"config": {}, "extended": {}}, {"config": {"data": "\ud800"}},
])  # fmt: skip
def test_a_config_of_wrong_types_is_one_sentence(run, content):
    (run / "config.json").write_text(json.dumps(content))
    with pytest.raises(WganError, match=r"config\.json is damaged or not one of wgan's \(.+\); restore that file"):
        runs.read_config(run)


def test_entries_of_a_later_version_stay_and_those_of_an_earlier_one_may_lack(run):
    content = {"config": {"data": "x", "later": [1, "a", None]}, "data": {"form": {"a": 1}, "later": 3}, "later": {}}
    (run / "config.json").write_text(json.dumps(content))
    assert runs.read_config(run) == content
    for old in ({"config": {}}, {"config": {}, "data": {}}):
        (run / "config.json").write_text(json.dumps(old))
        assert runs.read_config(run) == old


def test_a_config_that_could_not_be_read_back_is_not_written(tmp_path):
    for bad in ({"data": "half\ud800.csv"}, {"steps": 2**64}):
        with pytest.raises(WganError, match=r"config\.json cannot hold this run"):
            runs.open_run(tmp_path / "run", config(**bad), may_change=FREE)
    assert not (tmp_path / "run").exists()


def test_a_run_of_another_user_is_a_sentence(run, monkeypatch):
    stat, opened = Path.stat, os.open

    def forbidden(path, *more, **named):
        if str(path).startswith(str(run)):
            raise PermissionError(13, "Permission denied", str(path))
        return (stat if isinstance(path, Path) and not more else opened)(path, *more, **named)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", forbidden)
        for read in (runs.read_config, runs.read_log, lambda run: runs.lock(run).__enter__()):
            with pytest.raises(WganError, match=r"cannot (read|lock) .*\(Permission denied\); change its permissions"):
                read(run)
        with pytest.raises(WganError, match=r"Permission denied"):
            runs.open_run(run, config(), may_change=FREE)
    monkeypatch.setattr(Path, "stat", forbidden)
    with pytest.raises(WganError, match=r"cannot read .*Permission denied"):
        runs.read_config(run)


@pytest.mark.parametrize("name", ["config.json", "log.jsonl", ".lock"])
def test_a_pipe_is_never_waited_for(run, name):
    (run / name).unlink(missing_ok=True)
    os.mkfifo(run / name)
    for read in (runs.read_config, runs.read_log):
        with suppress(WganError):
            read(run)
    with runs.lock(run):
        pass


def test_read_config_of_no_run(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(WganError, match="is not a run folder"):
            runs.read_config(folder)


def test_the_log_comes_back_as_columns(tmp_path):
    assert runs.read_log(tmp_path) == {}
    runs.append(tmp_path, {"step": 0, "gap": float("nan"), "name": "é\n", "ok": True, "more": [5, 6]})
    runs.append(tmp_path, {"step": np.int64(1), "gap": np.float32("-inf"), "more": [1, 2]})
    runs.append(tmp_path, {"step": 2, "gap": 0.1, "fid": np.inf, "more": [3, 4]})
    for line in (tmp_path / "log.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    log = runs.read_log(tmp_path)
    assert list(log) == ["step", "gap", "name", "ok", "more", "fid"]
    np.testing.assert_array_equal(log["step"], [0.0, 1, 2])
    np.testing.assert_array_equal(log["gap"], [np.nan, -np.inf, 0.1])
    np.testing.assert_array_equal(log["fid"], [np.nan, np.nan, np.inf])
    np.testing.assert_array_equal(log["ok"], [1, np.nan, np.nan])
    assert {name for name in log if log[name].dtype == object} == {"name", "more"}
    assert log["name"][0] == "é\n"
    assert log["more"].shape == (3,)


def test_a_torn_last_line_is_left_out_and_an_earlier_one_is_named(tmp_path):
    for step in range(3):
        runs.append(tmp_path, {"step": step, "gap": 1.25})
    path = tmp_path / "log.jsonl"
    whole = path.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for cut in range(last, len(whole) - 1):
        path.write_bytes(whole[:cut])
        np.testing.assert_array_equal(runs.read_log(tmp_path)["step"], [0, 1])
    for broken in (
        *(b'{"step": 0', b"[1]", b"", b"\xff", b"[" * 100_000, b'{"step": "0"}', b'{"step": true}', b'{"step": null}'),
        *(
            b'{"step": 1, "a": 1%s}' % (b"0" * 400),
            b'{"step": 1, "a": {}}',
            b'{"step": 1, "a": "\\ud800"}',
            b"\0" * 2**25,
        ),
    ):
        path.write_bytes(b'{"step": 0}\n' + broken + b'\n{"step": 2}\n')
        for reader in (lambda: runs.read_log(tmp_path), lambda: runs.truncate_log(tmp_path, 1)):
            with pytest.raises(WganError, match=r"line 2 of .*log\.jsonl"):
                reader()


def test_a_resumed_log_equals_that_of_an_unbroken_run(tmp_path):
    for step in range(6):
        runs.append(tmp_path, {"step": step, "gap": 1 / (step + 1)})
    path = tmp_path / "log.jsonl"
    unbroken = path.read_bytes()
    path.write_bytes(unbroken[:-4])
    runs.truncate_log(tmp_path, 3)
    np.testing.assert_array_equal(runs.read_log(tmp_path)["step"], [0, 1, 2])
    for step in range(3, 6):
        runs.append(tmp_path, {"step": step, "gap": 1 / (step + 1)})
    assert path.read_bytes() == unbroken
    assert os.listdir(tmp_path) == ["log.jsonl"]


def test_going_back_takes_the_later_records_and_pictures_and_nothing_else(tmp_path):
    (tmp_path / "samples").mkdir()
    for step in (0, 4, 5, 123_456_789):
        runs.append(tmp_path, {"step": step})
        (tmp_path / "samples" / f"{step:08d}.png").touch()
    for name in ("9.png", "holiday.png", "00000009.png.txt", "x00000009.png"):
        (tmp_path / "samples" / name).touch()
    runs.go_back(tmp_path, 5)
    assert runs.read_log(tmp_path)["step"].tolist() == [0, 4]
    assert set(os.listdir(tmp_path / "samples")) == {
        *("00000000.png", "00000004.png", "9.png", "holiday.png", "00000009.png.txt", "x00000009.png")
    }


def test_a_log_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    for act in (runs.append, runs.truncate_log):
        with pytest.raises(WganError, match=r"cannot write .*log\.jsonl \(Not a directory\)"):
            act(tmp_path / "file", {"step": 1} if act is runs.append else 1)


def test_a_second_process_is_kept_out_until_the_first_one_ends(run):
    code = "import sys; from pathlib import Path; from wgan.runs import folder as runs\n"
    code += "with runs.lock(Path(sys.argv[1])): print('in', flush=True); input()"
    command = [sys.executable, "-c", code, str(run)]
    before = contents(run)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "in\n"
        for restart in (False, True):
            with pytest.raises(WganError, match="another process trains into"):
                runs.open_run(run, config(), restart=restart, may_change=FREE)
        with pytest.raises(WganError, match="another process trains into"), runs.lock(run):
            pass
        first.kill()
    assert contents(run) == before
    with runs.lock(run):
        pass
    with runs.lock(run):
        pass


def test_an_error_inside_the_lock_is_not_dressed_up(run):
    with pytest.raises(OSError, match="mine"), runs.lock(run):
        raise OSError("mine")


def test_a_config_that_is_no_strict_json_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        runs.open_run(tmp_path / "run", config(rate=float("nan")), may_change=FREE)
    assert not (tmp_path / "run").exists()
