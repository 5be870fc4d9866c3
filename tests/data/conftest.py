"""Fixtures of the tests of data: empty places, a loopback server, folders of pictures."""

import contextlib
import gzip
import hashlib
import http.server
import threading
import zlib

import pytest
from data_files import IMAGES, IMAGES_FILE, LABELS, LABELS_FILE, encoded, idx, picture

from wgan.data import cache, download


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Every place that is searched, in order, all empty; nothing can reach the network."""
    monkeypatch.setenv("WGAN_DATA", str(tmp_path / "environment"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home-cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(download, "SYSTEM_FOLDER", tmp_path / "system")
    for name in download.URLS:
        monkeypatch.setitem(download.URLS, name, "http://127.0.0.1:9/")
    monkeypatch.setitem(download.WEIGHTS_URLS, "inception", "http://127.0.0.1:9/")
    (tmp_path / "given").mkdir()
    return {
        "data_dir": tmp_path / "given",
        "environment": tmp_path / "environment",
        "cache": tmp_path / "home-cache" / "wgan",
        "system": tmp_path / "system",
    }


@pytest.fixture
def server(places, monkeypatch):
    """A loopback server: `server[file] = (status, Content-Length or None, body)`; `asked` lists requests."""

    class Answers(dict):
        asked: list[str]
        held: threading.Event  # while it is clear, no request is answered

    answers = Answers()
    answers.asked, answers.held = [], threading.Event()
    answers.held.set()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            answers.held.wait(5)
            answers.asked.append(self.path)
            status, length, body = answers.get(self.path.lstrip("/"), (404, 0, b""))
            self.send_response(status)
            if length is not None:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # the client may have gone
                self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    for array, stem in ((IMAGES, IMAGES_FILE), (LABELS, LABELS_FILE)):
        body = gzip.compress(idx(array), mtime=0)
        answers[f"{stem}.gz"] = (200, len(body), body)
        monkeypatch.setitem(download.MD5, f"mnist/{stem}.gz", hashlib.md5(body).hexdigest())
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        monkeypatch.setitem(download.URLS, "mnist", f"http://127.0.0.1:{running.server_port}/")
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield answers
        running.shutdown()
        thread.join()


@pytest.fixture
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


@pytest.fixture
def bedrooms(tmp_path):
    lmdb = pytest.importorskip("lmdb")
    path = tmp_path / "bedroom_train_lmdb"
    with lmdb.open(str(path), map_size=1 << 26) as environment, environment.begin(write=True) as transaction:
        for number in range(30):
            key = f"{zlib.crc32(bytes([number])):08x}".encode()
            transaction.put(key, encoded(picture(80 + number, 64, number), "webp", quality=90))
    return path
