"""Downloads over a loopback server: kept, checked, and nothing left of one that fails."""

import hashlib
import os

import numpy as np
import pytest
from data_files import IMAGES, IMAGES_FILE, LABELS, LABELS_FILE, one_sentence, write_pair

from wgan.data import cifar, download, load
from wgan.errors import WganError


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("length_known", [True, False])
def test_a_download_is_kept(length_known, server, places, capsys):
    if not length_known:
        server.update({file: (200, None, body) for file, (_, _, body) in server.items()})
    for _ in range(2):
        dataset = load("mnist")
        np.testing.assert_array_equal(dataset.rows[..., 0], IMAGES)
        np.testing.assert_array_equal(dataset.labels, LABELS)
    assert server.asked == [f"/{IMAGES_FILE}.gz", f"/{LABELS_FILE}.gz"]
    assert os.listdir(places["cache"] / "mnist") != []
    assert files_in(places["cache"]) == [f"mnist/{IMAGES_FILE}.gz", f"mnist/{LABELS_FILE}.gz"]
    captured = capsys.readouterr()
    assert captured.out == ""
    assert IMAGES_FILE in captured.err


def test_only_the_missing_file_is_downloaded(server, places):
    (write_pair(places["cache"] / "mnist") / f"{LABELS_FILE}.gz").unlink()
    load("mnist")
    assert server.asked == [f"/{LABELS_FILE}.gz"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda body: (200, len(body), body[:-1] + b"x"), "came with MD5"),
        (lambda body: (200, len(body) + 10, body), r"broke off at \d+ of \d+ bytes"),
        (lambda body: (200, None, body[:-5]), "came with MD5"),
        (lambda body: (404, 0, b""), "HTTP Error 404"),
        (lambda body: (503, 0, b""), "HTTP Error 503"),
    ],
    ids=["wrong checksum", "short body", "short body of unknown length", "absent", "server error"],
)
def test_a_failed_download_leaves_nothing_and_says_what_to_do(answer, message, server, places):
    file = f"{IMAGES_FILE}.gz"
    server[file] = answer(server[file][2])
    with pytest.raises(WganError, match=message) as caught:
        load("mnist")
    text = one_sentence(caught)
    assert file in text
    assert str(places["cache"] / "mnist") in text
    assert "WGAN_DATA" in text
    assert os.listdir(places["cache"] / "mnist") == []


def test_no_network_is_one_sentence(places):
    with pytest.raises(
        WganError, match=f"cannot download {IMAGES_FILE}.gz .Connection refused.; put it by hand"
    ) as caught:
        load("mnist")
    one_sentence(caught)
    assert os.listdir(places["cache"] / "mnist") == []


def test_a_silent_server_is_given_up(server, places, monkeypatch):
    monkeypatch.setattr(download, "DOWNLOAD_TIMEOUT", 0.05)
    server.held.clear()
    with pytest.raises(WganError, match="timed out"):
        load("mnist")
    server.held.set()


def test_ctrl_c_leaves_nothing(server, places, monkeypatch):
    def interrupted(*arguments, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr("rich.progress.Progress.update", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load("mnist")
    assert os.listdir(places["cache"] / "mnist") == []


def test_a_cache_that_cannot_be_made_is_one_sentence(server, places):
    places["cache"].parent.write_text("a file where the folder should be")
    with pytest.raises(WganError, match="cannot write"):
        load("mnist")


def test_every_download_has_its_published_sum():
    assert {name for name, _, _ in (key.partition("/") for key in download.MD5)} == download.URLS.keys()
    for name, archive in cifar.ARCHIVES.items():
        assert len(download.MD5[f"{name}/{archive.file}.gz"]) == 32


# The weights of the Inception network.


@pytest.fixture
def weights(server, places, monkeypatch):
    """A small file in place of the weights, on the loopback server."""
    body = b"weights" * 100
    server[download.INCEPTION] = (200, len(body), body)
    monkeypatch.setitem(download.WEIGHTS_URLS, "inception", download.URLS["mnist"])
    monkeypatch.setitem(download.SHA256, f"inception/{download.INCEPTION}", hashlib.sha256(body).hexdigest())
    return body


def test_weights_are_downloaded_once_into_the_cache(weights, server, places):
    for _ in range(2):
        file = download.fetch("inception", download.INCEPTION)
        assert file == places["cache"] / "inception" / download.INCEPTION
        assert file.read_bytes() == weights
    assert server.asked == [f"/{download.INCEPTION}"]


def test_weights_in_the_data_folder_are_used_and_other_files_are_refused(weights, server, places):
    file = places["environment"] / "inception" / download.INCEPTION
    file.parent.mkdir(parents=True)
    file.write_bytes(weights)
    assert download.fetch("inception", download.INCEPTION) == file
    file.write_bytes(weights + b"x")
    with pytest.raises(WganError, match=r"has the SHA-256 .*; delete it, and it is downloaded again") as caught:
        download.fetch("inception", download.INCEPTION)
    one_sentence(caught)
    assert server.asked == []


@pytest.mark.parametrize("how", ["another file", "broken off", "absent", "no network"])
def test_weights_that_do_not_arrive_leave_nothing_and_say_where_to_put_them(how, weights, server, places, monkeypatch):
    if how == "another file":
        server[download.INCEPTION] = (200, 5, b"wrong")
    elif how == "broken off":
        server[download.INCEPTION] = (200, len(weights), weights[:-1])
    elif how == "absent":
        server[download.INCEPTION] = (404, 0, b"")
    else:
        monkeypatch.setitem(download.WEIGHTS_URLS, "inception", "http://127.0.0.1:9/")
    said = {
        "another file": "came with SHA-256",
        "broken off": f"broke off at {len(weights) - 1} of {len(weights)} bytes",
        "absent": "HTTP Error 404",
        "no network": "refused",
    }[how]
    with pytest.raises(WganError, match=said) as caught:
        download.fetch("inception", download.INCEPTION)
    text = one_sentence(caught)
    folder = places["cache"] / "inception"
    assert f"put it by hand in {str(folder)!r}, or in inception/ of a folder given as WGAN_DATA" in text
    assert os.listdir(folder) == []
