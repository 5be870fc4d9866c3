"""Folders of images, LMDBs and Hugging Face sets: what is decoded, kept, resumed and refused."""

import io
import json
import os
import signal
import struct
import subprocess
import sys
import time
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from wgan import Config, WganError
from wgan.data import Dataset, Form, cache, download, from_array, load, look
from wgan.data.pictures import BrokenPicture, decode, header
from wgan.data.table import to_frame
from wgan.training.loop import estimates, iterate
from wgan.training.state import describe, start

LANCZOS = Image.Resampling.LANCZOS


def picture(width, height, number=0, mode="RGB"):
    """A smooth picture, so that JPEG and resizing change it little."""
    y, x = np.mgrid[:height, :width]
    waves = [128 + 100 * np.sin((x * (k + 1) + y * (3 - k) + 40 * number) / 60) for k in range(4)]
    array = np.stack(waves[: {"L": 1, "RGB": 3, "RGBA": 4}[mode]], -1).astype(np.uint8)
    return Image.fromarray(array[..., 0] if mode == "L" else array)


def encoded(image, suffix="png", **options):
    file = io.BytesIO()
    image.save(file, {"jpg": "jpeg"}.get(suffix, suffix), **options)
    return file.getvalue()


def one_sentence(caught):
    text = str(caught.value)
    assert "\n" not in text
    assert ". " not in text
    return text


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "CHUNK", 4)
    monkeypatch.setattr("wgan.data.folder.CHUNK", 4)
    monkeypatch.setattr("wgan.data.lsun.CHUNK", 4)
    monkeypatch.setattr("wgan.data.hub.CHUNK", 4)


@pytest.fixture
def photos(tmp_path):
    """30 pictures of 20 x 20 in three classes and four formats."""
    for number in range(30):
        suffix = ("png", "jpg", "webp", "bmp")[number % 4]
        path = tmp_path / "photos" / "cab"[number % 3] / f"{number:02d}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(picture(20, 20, number), suffix))
    return tmp_path / "photos"


def files_of(dataset):
    return json.loads((cache_folder(dataset) / "files.json").read_text())


def cache_folder(dataset):
    from pathlib import Path

    return Path(dataset.rows.filename).parent


# One picture


def test_crop_pad_and_stretch_are_what_pillow_does_in_steps():
    image = picture(90, 60)
    raw = encoded(image)
    crop = image.crop((15, 0, 75, 60)).resize((16, 16), LANCZOS)
    np.testing.assert_allclose(decode("a", raw, 16, "crop", 3), np.asarray(crop), atol=2)
    np.testing.assert_allclose(decode("a", raw, 16, "stretch", 3), np.asarray(image.resize((16, 16), LANCZOS)), atol=2)
    padded = decode("a", raw, 18, "pad", 3)
    assert padded.shape == (18, 18, 3)
    assert not padded[:3].any()
    assert not padded[15:].any()
    np.testing.assert_allclose(padded[3:15], np.asarray(image.resize((18, 12), LANCZOS)), atol=2)
    for resize in ("crop", "pad", "stretch"):  # larger than it is, and with a side of almost nothing
        assert decode("a", raw, 200, resize, 3).shape == (200, 200, 3)
        assert decode("a", encoded(picture(300, 1)), 8, resize, 3).shape == (8, 8, 3)
    np.testing.assert_array_equal(decode("a", raw, None, "crop", 3), np.asarray(image))


def test_a_jpeg_that_is_decoded_small_is_the_large_one_made_small():
    image = picture(640, 480)
    raw = encoded(image, "jpg", quality=95)
    whole = Image.open(io.BytesIO(raw)).crop((80, 0, 560, 480)).resize((32, 32), LANCZOS)
    np.testing.assert_allclose(decode("a", raw, 32, "crop", 3), np.asarray(whole), atol=4)
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8))
    raw = encoded(noise, "jpg", quality=95)
    whole = Image.open(io.BytesIO(raw)).resize((32, 32), LANCZOS, (20, 0, 140, 120))
    # made small too far, noise would lose its contrast
    assert decode("a", raw, 32, "crop", 3).std() > 0.9 * np.asarray(whole).std()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [None, 12])
def test_a_photograph_is_turned_upright(orientation, size):
    exif = Image.Exif()
    exif[0x0112] = orientation
    raw = encoded(picture(36, 24), "png", exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(raw)))
    expected = np.asarray(upright if size is None else upright.resize((size, size), LANCZOS))
    np.testing.assert_allclose(decode("a", raw, size, "stretch", 3), expected, atol=1 if size else 0)
    assert header("a", raw)[:2] == upright.size[::-1]


def test_every_mode_becomes_one_three_or_four_channels():
    grey, colour, alpha = picture(8, 6, mode="L"), picture(8, 6), picture(8, 6, mode="RGBA")
    np.testing.assert_array_equal(decode("a", encoded(grey), None, "crop", 1)[..., 0], np.asarray(grey))
    np.testing.assert_array_equal(decode("a", encoded(grey), None, "crop", 3), np.asarray(grey.convert("RGB")))
    np.testing.assert_array_equal(decode("a", encoded(alpha), None, "crop", 4), np.asarray(alpha))
    over_white = np.asarray(alpha, float)
    over_white = over_white[..., :3] * over_white[..., 3:] / 255 + 255 - over_white[..., 3:]
    np.testing.assert_allclose(decode("a", encoded(alpha), None, "crop", 3), over_white, atol=1)
    few = colour.quantize(16)
    np.testing.assert_array_equal(decode("a", encoded(few), None, "crop", 3), np.asarray(few.convert("RGB")))
    deep = Image.fromarray(np.linspace(0, 65535, 48).astype(np.uint16).reshape(6, 8))
    np.testing.assert_array_equal(decode("a", encoded(deep), None, "crop", 1)[..., 0], np.asarray(deep) >> 8)
    bits = grey.convert("1")
    np.testing.assert_array_equal(decode("a", encoded(bits), None, "crop", 1)[..., 0], 255 * np.asarray(bits))
    kinds = [header("a", encoded(image)).kind for image in (grey, colour, alpha, few, deep, bits)]
    assert kinds == ["grey", "colour", "alpha", "colour", "grey", "grey"]
    assert header("a", encoded(few, transparency=3)).kind == "alpha"


def bomb(width, height):
    """A PNG of a few bytes that says it is of this size."""

    def part(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", size) + part(b"IDAT", zlib.compress(b"")) + part(b"IEND", b"")


@pytest.mark.parametrize("side", [8193, 10_000, 60_000])
def test_a_picture_above_the_limit_is_refused_before_it_is_decoded(side, photos):
    (photos / "a" / "bomb.png").write_bytes(bomb(side, side))
    with pytest.raises(WganError, match=r"'.*bomb.png' is a picture of more than 67,108,864 pixels") as caught:
        load(photos)
    one_sentence(caught)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp"])
def test_no_damaged_picture_raises_anything_else(suffix):
    raw = encoded(picture(24, 24), suffix)
    rng = np.random.default_rng(0)
    broken = 0
    for number in range(150):
        damaged = bytearray(raw[: rng.integers(1, len(raw))] if number % 2 else raw)
        for place in rng.integers(0, len(damaged), 5):
            damaged[place] = rng.integers(256)
        try:
            assert decode("a", bytes(damaged), 8, "crop", 3).shape == (8, 8, 3)
        except (BrokenPicture, WganError):
            broken += 1
    assert broken > 20


def test_only_four_formats_reach_a_decoder():
    with pytest.raises(BrokenPicture, match="not a png, jpeg, webp or bmp"):
        decode("a.png", encoded(picture(9, 9), "gif"), 8, "crop", 3)


# A folder


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
    with pytest.raises(WganError, match=r"31 images: 30 of 20x20, 1 of 40x20 .*; give --size N") as caught:
        load(photos)
    one_sentence(caught)
    assert "give --size N to train" in look(photos)
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
    with pytest.raises(WganError, match="GB free; make room") as caught:
        load(photos)
    one_sentence(caught)
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 36_000}))
    load(photos)


def test_a_size_is_for_folders():
    with pytest.raises(WganError, match="size is for folders of images, but 'digits' is not one"):
        load("digits", size=16)


# Going on after a kill


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


# Memory


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


# LSUN


@pytest.fixture
def bedrooms(tmp_path):
    lmdb = pytest.importorskip("lmdb")
    path = tmp_path / "bedroom_train_lmdb"
    with lmdb.open(str(path), map_size=1 << 26) as environment, environment.begin(write=True) as transaction:
        for number in range(30):
            key = f"{zlib.crc32(bytes([number])):08x}".encode()
            transaction.put(key, encoded(picture(80 + number, 64, number), "webp", quality=90))
    return path


def test_lsun_is_its_pictures_cropped(bedrooms):
    dataset = load(bedrooms, size=16)
    assert dataset.rows.shape == (30, 16, 16, 3)
    assert dataset.name == "bedroom_train_lmdb"
    assert "crop to 16x16" in dataset.source
    keys = [f"{zlib.crc32(bytes([number])):08x}" for number in range(30)]
    assert files_of(dataset) == sorted(keys)
    for row, key in zip(dataset.rows, sorted(keys), strict=True):
        number = keys.index(key)
        raw = encoded(picture(80 + number, 64, number), "webp", quality=90)
        np.testing.assert_array_equal(row, decode(key, raw, 16, "crop", 3))
    with pytest.raises(WganError, match="an LMDB, whose images have many sizes; give --size N, such as 64"):
        load(bedrooms)


@pytest.mark.parametrize("keep", [0, 100, 5000, 9000, 0.5, -1])
def test_a_truncated_lmdb_is_named(bedrooms, keep):
    file = bedrooms / "data.mdb"
    size = file.stat().st_size
    os.truncate(file, int(keep * size) if isinstance(keep, float) else keep % size)
    with pytest.raises(WganError, match=r"data.mdb' is damaged.*fetch it again") as caught:
        load(bedrooms, size=16)
    one_sentence(caught)


def test_no_lmdb_is_one_sentence(bedrooms, monkeypatch):
    monkeypatch.setitem(sys.modules, "lmdb", None)
    with pytest.raises(WganError, match=r"pip install 'wgan\[lsun\]'") as caught:
        load(bedrooms, size=16)
    one_sentence(caught)


# Commands


def wgan(*arguments):
    command = [sys.executable, "-W", "error", "-m", "wgan", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_the_commands_take_a_folder_and_say_what_it_holds(photos, tmp_path):
    (photos / "c" / "wide.png").write_bytes(encoded(picture(40, 20)))
    looked = wgan("data", photos)
    assert looked.returncode == 0
    assert "31 images: 30 of 20x20, 1 of 40x20 (width x height); 31 colour; give --size N" in looked.stdout
    refused = wgan("train", photos, "--out", tmp_path / "run")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.splitlines()[-1].startswith("wgan: ")
    assert "give --size N" in refused.stderr
    assert not (tmp_path / "run").exists()
    small = ["--size", 16, "--width", 4, "--batch", 8, "--steps", 1, "--network", "resnet"]
    trained = wgan("train", photos, *small, "--out", tmp_path / "run")
    assert trained.returncode == 0, trained.stderr
    assert "28 rows of 16x16x3 to train, 3 held out" in trained.stderr
    sampled = wgan("sample", tmp_path / "run", "-n", 2, "--out", tmp_path / "two.npy")
    assert sampled.returncode == 0, sampled.stderr
    assert np.load(tmp_path / "two.npy").shape == (2, 16, 16, 3)


def test_the_lsun_preset_trains(bedrooms, tmp_path):
    small = ["--width", 4, "--batch", 4, "--steps", 1, "--n-critic", 1]
    trained = wgan("train", bedrooms, "--preset", "lsun-64", *small, "--out", tmp_path / "run")
    assert trained.returncode == 0, trained.stderr
    assert "27 rows of 64x64x3 to train, 3 held out" in trained.stderr
    assert "crop to 64x64" in trained.stderr


# Hugging Face


@pytest.fixture
def datasets(tmp_path, monkeypatch):
    library = pytest.importorskip("datasets")
    library.disable_progress_bars()
    monkeypatch.setattr(library.config, "HF_DATASETS_CACHE", tmp_path / "hf")
    return library


@pytest.mark.filterwarnings("ignore")  # the library's own
def test_a_hugging_face_set_is_its_images_and_classes(datasets, tmp_path):
    for number in range(10):
        path = tmp_path / "mine" / "train" / ("no", "yes")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture(20, 20, number).save(path)
    dataset = load(f"hf:{tmp_path / 'mine'}")
    order = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]
    np.testing.assert_array_equal(dataset.rows, [np.asarray(picture(20, 20, number)) for number in order])
    np.testing.assert_array_equal(dataset.labels, [0] * 5 + [1] * 5)
    assert dataset.label_names == ("no", "yes")
    assert load(f"hf:{tmp_path / 'mine'}:train", size=8).rows.shape == (10, 8, 8, 3)
    with pytest.raises(WganError, match=r"cannot load hf:.*:nope .ValueError: Unknown split .*give hf:NAME") as caught:
        load(f"hf:{tmp_path / 'mine'}:nope")
    assert "\n" not in str(caught.value)
    with pytest.raises(WganError, match="is not a data set's name"):
        load("hf:a:b:c:d")


@pytest.mark.filterwarnings("ignore")
def test_a_hugging_face_set_of_numbers_is_a_table(datasets, tmp_path):
    for name, text in (("table", "age,name,height\n1,a,0.5\n2,b,0.25\n5,c,4\n"), ("text", "name\na\nb\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "train.csv").write_text(text)
    dataset = load(f"hf:{tmp_path / 'table'}")
    np.testing.assert_array_equal(to_frame(dataset.form, dataset.rows), [[1, 0.5], [2, 0.25], [5, 4]])
    assert dataset.source.endswith("columns age, height")
    with pytest.raises(WganError, match="has the columns name, neither images nor numbers"):
        load(f"hf:{tmp_path / 'text'}")


def test_no_datasets_library_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(WganError, match=r"hf:cifar10 needs one more package: pip install 'wgan\[hf\]'") as caught:
        load("hf:cifar10")
    one_sentence(caught)


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
@pytest.mark.parametrize("name", ["manifest.json", "rows", "labels.npy", "survey.json", "files.json"])
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
    said = "damaged or foreign files; they are made anew" in capsys.readouterr().err
    if name in ("manifest.json", "survey.json") and changed and how not in ("gone", "longer"):
        assert said
    capsys.readouterr()
    np.testing.assert_array_equal(load(tmp_path / "photos").rows, rows)
    assert capsys.readouterr().err == "", "made anew once"


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
