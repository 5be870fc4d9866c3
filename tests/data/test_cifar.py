"""CIFAR archives: read in order, and named where they are damaged or hostile."""

import hashlib
import io
import os
import tarfile

import numpy as np
import pytest
from data_files import one_sentence, random_images

from wgan.data import cifar, download, load, load_cifar
from wgan.errors import WganError

CIFAR_ROWS = {"data_batch": 4, "test_batch": 3, "train": 6, "test": 2}
CIFAR_PIXELS = random_images((20, 32, 32, 3))


def cifar_records(rows, labels):
    """Label bytes, then the red, green and blue planes of each row."""
    planes = np.ascontiguousarray(rows.transpose(0, 3, 1, 2)).reshape(len(rows), -1)
    return np.concatenate([np.asarray(labels, np.uint8).reshape(len(rows), -1), planes], axis=1).tobytes()


def cifar_members():
    labels = np.arange(20) % 10
    members = {
        f"cifar-10-batches-bin/data_batch_{k}.bin": cifar_records(
            CIFAR_PIXELS[4 * k - 4 : 4 * k], labels[4 * k - 4 : 4 * k]
        )
        for k in (5, 1, 2, 3, 4)
    }
    members["cifar-10-batches-bin/test_batch.bin"] = cifar_records(CIFAR_PIXELS[:3] // 2, [7, 8, 9])
    members["cifar-10-batches-bin/batches.meta.txt"] = "\n".join(f"class{k}" for k in range(10)).encode() + b"\n\n"
    return members


def tar(members):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, body in members.items():
            entry = tarfile.TarInfo(name)
            if isinstance(body, bytes):
                entry.size = len(body)
            else:
                entry.type, entry.linkname = tarfile.SYMTYPE, body
            archive.addfile(entry, io.BytesIO(body if isinstance(body, bytes) else b""))
    return file.getvalue()


@pytest.fixture
def small_cifar(places, monkeypatch):
    monkeypatch.setattr(cifar, "ROWS_A_FILE", CIFAR_ROWS)
    folder = places["environment"] / "cifar10"
    folder.mkdir(parents=True)
    return folder / "cifar-10-binary.tar.gz"


def test_cifar_10_is_read_in_the_order_of_its_batches(small_cifar):
    small_cifar.write_bytes(tar(cifar_members()))
    dataset = load("cifar10")
    np.testing.assert_array_equal(dataset.rows, CIFAR_PIXELS)
    np.testing.assert_array_equal(dataset.labels, np.arange(20) % 10)
    assert dataset.label_names == tuple(f"class{k}" for k in range(10))
    assert dataset.source == str(small_cifar)
    test = load_cifar("cifar10", "test")
    np.testing.assert_array_equal(test.rows, CIFAR_PIXELS[:3] // 2)
    np.testing.assert_array_equal(test.labels, [7, 8, 9])
    assert test.name == "cifar10-test"
    with pytest.raises(WganError, match="unknown part 'tset'; did you mean 'test'"):
        load_cifar("cifar10", "tset")
    with pytest.raises(WganError, match="unknown CIFAR data set 'cifar'"):
        load_cifar("cifar")


def test_cifar_100_has_its_fine_labels(small_cifar):
    folder = small_cifar.parent.parent / "cifar100"
    folder.mkdir()
    labels = np.stack([np.arange(6), 99 - np.arange(6)], axis=1)
    members = {
        "cifar-100-binary/train.bin": cifar_records(CIFAR_PIXELS[:6], labels),
        "cifar-100-binary/coarse_label_names.txt": b"no\n",
        "cifar-100-binary/fine_label_names.txt": "\n".join(f"class{k}" for k in range(100)).encode(),
    }
    (folder / "cifar-100-binary.tar.gz").write_bytes(tar(members))
    dataset = load("cifar100")
    np.testing.assert_array_equal(dataset.rows, CIFAR_PIXELS[:6])
    np.testing.assert_array_equal(dataset.labels, labels[:, 1])


def cifar_with(**members):
    """The archive with `batch` (the third of five) replaced, or a member of any name added."""
    names = {"batch": "cifar-10-batches-bin/data_batch_3.bin"}
    return tar(cifar_members() | {names.get(name, name): body for name, body in members.items()})


BAD_CIFAR = {
    "cut": (tar(cifar_members())[:-3000], "damaged archive"),
    "not an archive": (b"<!DOCTYPE html>", "damaged archive"),
    "empty": (b"", "damaged archive"),
    "short": (cifar_with(batch=b"x" * 3073), "data_batch_3.bin in .* has 3,073 bytes, not 12,292"),
    "label": (cifar_with(batch=cifar_records(CIFAR_PIXELS[:4], [1, 2, 3, 10])), "has the label 10 but 10 classes"),
    "pickles": (tar({"cifar-10-batches-py/data_batch_1": b"x"}), r"no data_batch_1\.bin.*never unpickled"),
    "climbs": (cifar_with(**{"../../etc/passwd": b"x"}), r"holds '\.\./\.\./etc/passwd', which leads out"),
    "absolute": (cifar_with(**{"/etc/passwd": b"x"}), "which leads out"),
    "link": (cifar_with(batch="/etc/passwd"), "which leads out"),
}


@pytest.mark.parametrize(("archive", "message"), BAD_CIFAR.values(), ids=BAD_CIFAR)
def test_a_damaged_or_hostile_cifar_archive_is_named(archive, message, small_cifar):
    small_cifar.write_bytes(archive)
    with pytest.raises(WganError, match=message) as caught:
        load("cifar10")
    assert small_cifar.name in one_sentence(caught)


def test_a_member_above_the_limit_is_not_unpacked(small_cifar, monkeypatch):
    monkeypatch.setattr(cifar, "LARGEST", 12_000)
    small_cifar.write_bytes(tar(cifar_members()))
    with pytest.raises(WganError, match=r"data_batch_5.bin in .* has 12,292 bytes"):
        load("cifar10")


def test_cifar_is_downloaded_and_checked(server, places, monkeypatch, capsys):
    monkeypatch.setattr(cifar, "ROWS_A_FILE", CIFAR_ROWS)
    file, body = "cifar-10-binary.tar.gz", tar(cifar_members())
    monkeypatch.setitem(download.URLS, "cifar10", download.URLS["mnist"])
    server[file] = (200, len(body), body)
    with pytest.raises(WganError, match=f"{file} came with MD5"):
        load("cifar10")
    assert os.listdir(places["cache"] / "cifar10") == []
    monkeypatch.setitem(download.MD5, f"cifar10/{file}", hashlib.md5(body).hexdigest())
    for _ in range(2):
        np.testing.assert_array_equal(load("cifar10").rows, CIFAR_PIXELS)
    assert server.asked == [f"/{file}"] * 2
    assert file in capsys.readouterr().err
