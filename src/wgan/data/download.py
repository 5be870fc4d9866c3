"""Find the files of named data sets and of published weights, or download them."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from wgan.errors import WganError
from wgan.files.bars import bar
from wgan.files.reading import reason
from wgan.files.writing import replacing

URLS = {
    "mnist": "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "fashion-mnist": "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "cifar10": "https://www.cs.toronto.edu/~kriz/",
    "cifar100": "https://www.cs.toronto.edu/~kriz/",
}
MD5 = {
    "mnist/train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "mnist/train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
    "mnist/t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
    "mnist/t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    "fashion-mnist/train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "fashion-mnist/train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "fashion-mnist/t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "fashion-mnist/t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    "cifar10/cifar-10-binary.tar.gz": "c32a1d4ab5d03f1284b67883e8d87530",
    "cifar100/cifar-100-binary.tar.gz": "03b5dce01913d631647c71ecec9e9cb8",
}
INCEPTION = "weights-inception-2015-12-05-6726825d.pth"  # torch-fidelity's, from the TensorFlow network of 2015
WEIGHTS_URLS = {"inception": "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"}
SHA256 = {f"inception/{INCEPTION}": "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"}
DOWNLOAD_TIMEOUT = 30.0  # seconds without a byte
LARGEST = 2**29  # bytes of a file; the largest has 169,001,437
SYSTEM_FOLDER = Path("/usr/share/datasets")  # Debian: apt install dataset-fashion-mnist


@contextmanager
def progress(text: str, total: int | None, in_bytes: bool = False) -> Iterator[Callable[..., None]]:
    """A progress bar on stderr; `advance(by, line)` moves it and prints the line, if any, above it.

    Without a terminal a line says what was reached.
    """
    done = 0
    with bar(text, total, in_bytes=in_bytes) as one:

        def advance(by: int, line: str = "") -> None:
            nonlocal done
            done += by
            if line:
                one.line(line)
            one.show(done)

        yield advance
        if not one.moving:
            one.line(f"{text}: {done:,} {'bytes' if in_bytes else 'done'}")


def cache() -> Path:
    """The folder of this package in the user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "wgan")


def find(name: str, stems: list[str], data_dir: str | Path | None) -> list[Path]:
    """The files STEM.gz or STEM of a named data set, downloaded into the cache if no folder holds all of them."""
    # All files come from one folder, since some copies of MNIST have their rows in another order.
    folders = _folders(name)
    if data_dir is not None:
        if not Path(data_dir).is_dir():
            raise WganError(f"data_dir {str(data_dir)!r} is not a folder; make it, or leave data_dir out")
        folders[:0] = [Path(data_dir, name), Path(data_dir)]
    for folder in folders:
        found = [path for stem in stems if (path := _plain_or_gzipped(folder / stem))]
        if len(found) == len(stems):
            return found
    cached = cache() / name
    return [_plain_or_gzipped(cached / stem) or _download(name, f"{stem}.gz", cached) for stem in stems]


def fetch(name: str, file: str) -> Path:
    """The file of a network's weights in $WGAN_DATA, the cache or the system's folder, or downloaded into the cache.

    Raises WganError for a file that cannot be downloaded, or whose SHA-256 is not the published one.
    """
    found = next((folder / file for folder in _folders(name) if (folder / file).is_file()), None)
    if found is None:
        return _download(name, file, cache() / name)
    if (got := sha256_of(found)) != (wanted := SHA256[f"{name}/{file}"]):
        raise WganError(f"{str(found)!r} has the SHA-256 {got}, not {wanted}; delete it, and it is downloaded again.")
    return found


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _folders(name: str) -> list[Path]:
    """Where the files of a name may lie, without a data_dir."""
    given = [Path(os.environ["WGAN_DATA"], name)] if os.environ.get("WGAN_DATA") else []
    return [*given, cache() / name, SYSTEM_FOLDER / name]


def _plain_or_gzipped(path: Path) -> Path | None:
    return next((p for p in (path.with_name(f"{path.name}.gz"), path) if p.is_file()), None)


def _download(name: str, file: str, folder: Path) -> Path:
    of_data = name in URLS
    places = f"{name}/ of a folder given as {'data_dir or ' if of_data else ''}WGAN_DATA"
    by_hand = f"put it by hand in {str(folder)!r}, or in {places}"
    kind, wanted = ("MD5", MD5) if of_data else ("SHA-256", SHA256)
    digest = hashlib.md5(usedforsecurity=False) if of_data else hashlib.sha256()
    received, url = 0, (URLS if of_data else WEIGHTS_URLS)[name] + file
    with replacing(folder / file) as part, part.open("wb") as written:
        arriving = _arriving(url, f"cannot download {file if of_data else url} (", f"); {by_hand}")
        _, length = next(arriving)
        with progress(f"{name} {file}", length, in_bytes=True) as advance:
            for chunk, _ in arriving:
                written.write(chunk)
                digest.update(chunk)
                received += len(chunk)
                advance(len(chunk))
                if received > LARGEST:
                    raise WganError(f"{file} has over {LARGEST:,} bytes, so it is another file; {by_hand}")
        if length is not None and received != length:
            raise WganError(f"{file} broke off at {received} of {length} bytes; try again, or {by_hand}")
        if (got := digest.hexdigest()) != wanted[f"{name}/{file}"]:
            raise WganError(f"{file} came with {kind} {got}, not {wanted[f'{name}/{file}']}; try again, or {by_hand}")
    return folder / file


def _arriving(url: str, before: str, after: str) -> Iterator[tuple[bytes, int | None]]:
    """The bytes at an address, the first of them none, and their number if the server says it.

    Raises WganError, with the reason between `before` and `after`, if they do not arrive.
    """
    try:
        with urlopen(url, timeout=DOWNLOAD_TIMEOUT) as response:
            said = response.headers.get("Content-Length", "")
            length = int(said) if said.isdecimal() and len(said) < 20 else None
            yield b"", length
            while chunk := response.read(1 << 16):
                yield chunk, length
    except (OSError, HTTPException, ValueError) as error:  # ValueError: the length of a part is not a number
        if isinstance(error, HTTPError):
            error.close()
        cause = error.reason if isinstance(error, URLError) else None
        why = reason(cause) if isinstance(cause, OSError) else error
        raise WganError(f"{before}{why}{after}") from error
