"""Folders of images: what is decoded, kept, resumed, refused, and trained from."""

import json
import os
import signal
import subprocess
import sys
import time
import tracemalloc

import numpy as np
import pytest
from commands import called
from data_files import cache_folder, encoded, files_of, one_sentence, picture
from PIL import Image

from wgan import Config, WganError
from wgan.data import Dataset, Form, cache, download, from_array, load, look
from wgan.data.pictures import decode
from wgan.training.loop import estimates, iterate
from wgan.training.state import describe, start

pytestmark = pytest.mark.usefixtures("home")


def test_a_folder_is_decoded_once_and_mapped(photos, monkeypatch):
    dataset = load(photos)
    assert dataset.rows.shape == (30, 20, 20, 3)
    assert isinstance(dataset.rows, np.memmap)
    assert dataset.label_names == ("a", "b", "c")
    names = files_of(dataset)
    assert names == sorted(names)
    for row, label, name in zip(dataset.rows, dataset.labels, names, strict=True):
        np.testing.assert_array_equal(row, np.asarray(Image.open(photos / name).convert("RGB")))
        assert dataset.label_names[label] == name[0]
    form = dataset.form
    assert form == from_array(np.arange(2 * 1200, dtype=np.uint8).reshape(2, 20, 20, 3)).form
    np.testing.assert_array_equal(form.decode(form.encode(dataset.rows)), dataset.rows)
    import hashlib

    assert dataset.sha256 == hashlib.sha256(dataset.rows.tobytes()).hexdigest()

    def fail(*arguments):
        raise AssertionError("decoded twice")

    monkeypatch.setattr(cache, "decode", fail)
    monkeypatch.setattr(cache, "header", fail)
    again = load(str(photos))
    assert again.sha256 == dataset.sha256
    moved = photos.rename(photos.with_name("elsewhere"))
    np.testing.assert_array_equal(load(moved).rows, dataset.rows)
    os.utime(moved / names[0], (1, 1))
    with pytest.raises(AssertionError, match="decoded twice"):
        load(moved)


def test_sizes_must_agree_or_be_made_to(photos):
    (photos / "c" / "wide.png").write_bytes(encoded(picture(40, 20)))
    with pytest.raises(WganError, match=r"31 images: 30 of 20x20, 1 of 40x20 .*; give size=N") as caught:
        load(photos)
    one_sentence(caught)
    assert "give size=N to train" in look(photos)
    assert "labels: a 10, b 10, c 11" in look(photos)
    for resize in ("crop", "pad", "stretch"):
        dataset = load(photos, size=8, resize=resize)
        assert dataset.rows.shape == (31, 8, 8, 3)
        assert f"{resize} to 8x8" in dataset.source
        at = files_of(dataset).index("c/wide.png".replace("/", os.sep))
        expected = decode("a", photos / "c" / "wide.png", 8, resize, 3)
        np.testing.assert_array_equal(dataset.rows[at], expected)


def test_labels_need_every_picture_in_one_of_two_classes(photos):
    (photos / "loose.png").write_bytes(encoded(picture(20, 20)))
    (photos / ".hidden.png").write_bytes(b"")
    (photos / "notes.txt").write_text("")
    dataset = load(photos)
    assert (dataset.labels, dataset.label_names, len(dataset.rows)) == (None, (), 31)
    assert load(photos / "a").labels is None


def test_a_link_that_leads_back_up_is_not_followed_for_ever(photos):
    (photos / "b" / "up").symlink_to(photos)
    assert len(load(photos).rows) == 30


@pytest.mark.parametrize(("modes", "channels"), [("LL", 1), ("LP", 3), ("AA", 4), ("AL", 3), ("AP", 3)])
def test_channels_are_what_all_pictures_have(modes, channels, tmp_path):
    (tmp_path / "some").mkdir()
    for number, mode in enumerate(modes):
        image = picture(5, 5, number, {"L": "L", "P": "RGB", "A": "RGBA"}[mode])
        image.save(tmp_path / "some" / f"{number}.png")
    assert load(tmp_path / "some").form.shape == (5, 5, channels)


def test_broken_pictures_are_skipped_and_named(photos, capsys):
    names = sorted(path.relative_to(photos) for path in photos.rglob("*.*"))
    bad = [names[0], names[13], names[14], names[28], names[29]]
    whole = load(photos)
    before = {name: row.copy() for name, row in zip(files_of(whole), whole.rows, strict=True)}
    for name in bad:
        raw = (photos / name).read_bytes()
        (photos / name).write_bytes(raw[: len(raw) // 2] if name != bad[1] else b"")
    (photos / "a" / "dangling.png").symlink_to(photos / "nothing")
    dataset = load(photos)
    names = files_of(dataset)
    assert sorted(names) == sorted(set(before) - {str(name) for name in bad})
    for name, row, label in zip(names, dataset.rows, dataset.labels, strict=True):
        np.testing.assert_array_equal(row, before[name])
        assert dataset.label_names[label] == name[0]
    assert "6 broken ones skipped" in dataset.source
    manifest = json.loads((cache_folder(dataset) / "manifest.json").read_text())
    assert set(manifest["broken"]) == {"a/dangling.png", *map(str, bad)}
    said = capsys.readouterr().err
    assert all(f"skipped {name}" in said for name in manifest["broken"])


def test_a_look_at_a_folder_counts_its_broken_pictures_and_names_them(photos):
    for name in ("0.png", "1.png"):
        (photos / "a" / name).write_bytes(b"no picture")
    said = look(photos)
    assert "2 broken and left out: 'a/0.png', 'a/1.png'" in said


def test_too_many_broken_pictures_are_too_many(photos):
    for path in [*(photos / "a").iterdir(), next((photos / "b").iterdir())]:
        path.write_bytes(b"no picture")
    with pytest.raises(
        WganError, match=r"11 broken images among 30, but at most 10 are skipped: 'a/01.jpg' \(not a png"
    ) as caught:
        load(photos)
    one_sentence(caught)
    for path in photos.rglob("*.*"):
        path.write_bytes(b"no picture")
    (photos / "a" / "00.png").write_bytes(b"")
    with pytest.raises(WganError, match="broken images"):
        load(photos)


def test_a_folder_without_a_difference_is_refused(tmp_path):
    (tmp_path / "grey").mkdir()
    for number in range(3):
        Image.new("RGB", (6, 6), (7, 7, 7)).save(tmp_path / "grey" / f"{number}.png")
    with pytest.raises(WganError, match=r"constant .every pixel is 7"):
        load(tmp_path / "grey")


def test_an_empty_folder_says_what_it_holds(tmp_path):
    (tmp_path / "a.gif").write_bytes(b"")
    (tmp_path / "b.gif").write_bytes(b"")
    with pytest.raises(WganError, match=r"no images \(.png, .*\); it holds 2 .gif, so name a folder") as caught:
        load(tmp_path)
    one_sentence(caught)


def test_a_disk_without_room_is_one_sentence(photos, monkeypatch):
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 35_999}))
    with pytest.raises(WganError, match=r"more than are free in .*; make room") as caught:
        load(photos)
    one_sentence(caught)
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 36_000}))
    load(photos)


def test_a_size_is_for_folders():
    words = "size is only for folders of images and for sets of a known law, and 'digits' is not one"
    with pytest.raises(WganError, match=words):
        load("digits", size=16)


def test_what_was_decoded_before_an_interruption_is_not_decoded_again(photos, monkeypatch):
    whole = load(photos, size=10).rows.copy()
    monkeypatch.setattr(cache, "VERSION", 2)
    os.utime(next((photos / "a").iterdir()), (5, 5))  # another key
    look(photos)
    seen = []

    def counted(name, *rest):
        if len(seen) == 13:
            raise KeyboardInterrupt
        seen.append(name)
        return decode(name, *rest)

    monkeypatch.setattr(cache.os, "sched_getaffinity", lambda pid: {0})
    monkeypatch.setattr(cache, "decode", counted)
    with pytest.raises(KeyboardInterrupt):
        load(photos, size=10)
    (journal,) = download.cache().rglob("journal.jsonl")
    assert len(journal.read_text().splitlines()) == 3  # chunks of 4
    journal.write_text(journal.read_text() + '{"chunk": 3, "cou')  # as a kill in the middle of a line leaves it
    again = []
    monkeypatch.setattr(cache, "decode", lambda name, *rest: again.append(name) or decode(name, *rest))
    np.testing.assert_array_equal(load(photos, size=10).rows, whole)
    assert len(again) == 30 - 12
    assert not list(download.cache().rglob("journal.jsonl"))


def test_processes_that_are_killed_leave_what_an_unbroken_one_makes(tmp_path):
    """Real processes, SIGKILL at random moments; and two at once."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(300):
        picture(300, 200, number).save(folder / f"{number:03d}.png", compress_level=1)
    code = "import sys; from wgan.data import load; print(load(sys.argv[1], size=24).sha256)"

    def begin(home):
        environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / home)}
        return subprocess.Popen(
            [sys.executable, "-c", code, folder], env=environment, text=True, stdout=-1, stderr=subprocess.DEVNULL
        )

    process = begin("whole")
    expected = process.communicate(timeout=60)[0]
    assert len(expected) == 65
    killed, rng = 0, np.random.default_rng()
    for _ in range(2):
        process = begin("killed")
        journals, wanted = list((tmp_path / "killed").rglob("journal.jsonl")), killed + 1
        while process.poll() is None and sum(len(j.read_bytes().splitlines()) for j in journals) < wanted:
            journals = list((tmp_path / "killed").rglob("journal.jsonl"))
            time.sleep(0.002)
        time.sleep(rng.random() * 0.02)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.communicate()
    both = [begin("killed"), begin("killed")]
    assert [process.communicate(timeout=60)[0] for process in both] == [expected] * 2
    assert killed >= 1


def test_training_copies_no_more_than_its_batches(tmp_path):
    count, shape = 10_000, (64, 64, 3)  # 123 MB of rows, all but the first thousand a hole in the file
    rows = np.memmap(tmp_path / "rows", np.uint8, "w+", shape=(count, *shape))
    rows[:1000] = np.random.default_rng(0).integers(0, 256, (1000, *shape), np.uint8)
    rows = np.memmap(tmp_path / "rows", np.uint8, "r", shape=(count, *shape))
    form = Form("images", shape, "uint8", 127.5, 127.5, 0.0, 255.0)
    config = Config(engine="torch", width=4, batch=16, latent=4, n_critic=2, dequantise="uniform")
    np.save(tmp_path / "rows.npy", rows)
    tracemalloc.start()
    try:
        for dataset in (Dataset("mapped", rows, form), load(tmp_path / "rows.npy")):
            training = start(config, dataset)
            describe(training)
            estimates(training)
            iterate(training)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 60e6  # 512 rows of `estimates` as float32 and their noise are 50 MB


def test_the_commands_take_a_folder_and_say_what_it_holds(photos, tmp_path):
    (photos / "c" / "wide.png").write_bytes(encoded(picture(40, 20)))
    looked = called("data", photos)
    assert looked.returncode == 0
    assert "31 images: 30 of 20x20, 1 of 40x20 (width x height); 31 colour; give --size N" in looked.stdout
    refused = called("train", photos, "--out", tmp_path / "run")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.splitlines()[-1].startswith("wgan: ")
    assert "give --size N" in refused.stderr
    assert not (tmp_path / "run").exists()
    small = ["--size", 16, "--width", 4, "--batch", 8, "--steps", 1, "--network", "resnet"]
    trained = called("train", photos, *small, "--out", tmp_path / "run")
    assert trained.returncode == 0, trained.stderr
    assert "28 rows of 16x16x3 to train, 3 held out" in trained.stderr
    sampled = called("sample", tmp_path / "run", "-n", 2, "--out", tmp_path / "two.npy")
    assert sampled.returncode == 0, sampled.stderr
    assert np.load(tmp_path / "two.npy").shape == (2, 16, 16, 3)
