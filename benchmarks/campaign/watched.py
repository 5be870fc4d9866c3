"""Code of wgan run in this process and judged: what it raised, printed, and did outside of its room."""

import contextlib
import io
import os
import sys
import tempfile
import traceback
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.campaign.cases import Outcome, place_of

# What no file may bring about; `sys.addaudithook` tells of each.
NEVER = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.connect", "socket.sendto",
         "pickle.find_class", "urllib.Request")  # fmt: skip
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod",
           "os.chown", "shutil.rmtree")  # fmt: skip
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_room: Path | None = None
_found: list[str] = []
_hooked = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _room is None:
        return
    if event in NEVER:
        _found.append(f"{event} {arguments!r:.200}")
    elif event in CHANGES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES):
        for path in arguments[: 2 if event in ("os.rename", "os.link") else 1]:
            if isinstance(path, str | bytes | os.PathLike) and not _inside(os.fsdecode(path)):
                _found.append(f"{event} {os.fsdecode(path)!r}")


def _inside(path: str) -> bool:
    whole = os.path.realpath(path)
    return whole.startswith(f"{_room}{os.sep}") or whole == os.devnull or whole.startswith(f"{os.sep}proc{os.sep}")


@contextlib.contextmanager
def watching(room: Path) -> Iterator[list[str]]:
    """Note what happens outside of this folder, with the home, cache and working folder of the process inside it."""
    global _room, _hooked
    if not _hooked:
        sys.addaudithook(_hook)  # it cannot be removed again
        _hooked = True
    room = room.resolve()
    for name in ("home", "here", "tmp"):
        (room / name).mkdir(exist_ok=True)
    before = dict(os.environ)
    os.environ |= {"HOME": str(room / "home"), "XDG_CACHE_HOME": str(room / "home/.cache"), "TMPDIR": str(room / "tmp")}
    os.environ.pop("WGAN_DATA", None)
    os.chdir(room / "here")
    tempfile.tempdir = None
    _found.clear()
    _room = room
    try:
        yield _found
    finally:
        _room = None
        os.environ.clear()
        os.environ.update(before)


def judged(room: Path, names: tuple[str, ...], do: Callable[[], Any]) -> Outcome:
    """The outcome of a call of wgan. A refusal has to hold one of `names`, if there are any."""
    from wgan.errors import WganError

    with watching(room) as found, captured() as streams:
        try:
            said = do()
            outcome = said if isinstance(said, Outcome) else verdict(0, *map(_text, streams))
            if outcome.kind == "refused":
                outcome = of_refusal(outcome.words, names, "command")
        except WganError as refusal:
            outcome = of_refusal(str(refusal), names, place_of(refusal))
        except MemoryError as fault:
            outcome = Outcome("memory", traceback.format_exc(limit=-6), place_of(fault))
        except (Exception, SystemExit, KeyboardInterrupt) as fault:
            outcome = Outcome("traceback", _shortened(traceback.format_exc()), place_of(fault))
    if found:
        return Outcome("outside", "\n".join(found), found[0][:80])
    return outcome


def command(*arguments: object) -> Outcome:
    """The outcome of a command that runs in this process, as `wgan` with these arguments would."""
    from wgan import cli

    given, sys.argv = sys.argv, ["wgan", *map(str, arguments)]
    with captured() as streams:
        try:
            cli.main()
            code: Any = 0
        except SystemExit as end:
            code = end.code or 0
        finally:
            sys.argv = given
        return verdict(code, *map(_text, streams))


@contextlib.contextmanager
def captured() -> Iterator[tuple[io.TextIOWrapper, io.TextIOWrapper]]:
    """Streams in the places of stdout and stderr, with the encoding and the strictness that those have."""
    out, err = (
        io.TextIOWrapper(io.BytesIO(), "utf-8", errors, write_through=True) for errors in ("strict", "backslashreplace")
    )
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        yield out, err


def verdict(code: int, printed: str, said: str) -> Outcome:
    """The outcome of a command that ended with this status, this stdout and this stderr."""
    if "Traceback (most recent call last)" in said:
        return Outcome("traceback", _shortened(said), "on stderr: " + said.strip().splitlines()[-1][:60])
    if wild := [one for one in printed + said if commands_terminal(one)]:
        return Outcome("escape", repr(printed + said)[-3000:], f"{wild[0]!r}")
    if code == 0:
        return Outcome("fine")
    if code != 2:
        return Outcome("traceback", f"exit status {code}: {_shortened(said)}", f"exit status {code}")
    last = [line for line in said.splitlines() if line.startswith("wgan: ")]
    if len(last) != 1 or not said.strip().splitlines()[-1].startswith("wgan: "):
        return Outcome("unclear", _shortened(said), "no last line that begins with wgan:")
    if "there is not enough memory" in last[0]:
        return Outcome("memory", last[0], "not enough memory, said at the end")
    return of_refusal(last[0].removeprefix("wgan: "), (), "command")


def commands_terminal(one: str) -> bool:
    """Whether this character does more on a terminal than appear."""
    return one not in "\n\t\r" and unicodedata.category(one) in ("Cc", "Cf") and one not in "\u200d\u200c\ufeff\xad"


def of_refusal(text: str, names: tuple[str, ...], where: str) -> Outcome:
    if not text.strip() or "\n" in text.strip():
        return Outcome("unclear", text[:3000], f"not one line: {where}")
    if len(text) > 2000:
        return Outcome("unclear", text[:3000], f"more than 2,000 characters: {where}")
    if names and not any(name in text for name in names):
        return Outcome("unclear", text[:3000], f"the file is not named: {where}")
    return Outcome("refused", text)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode("utf-8", "replace")


def _shortened(text: str) -> str:
    return text if len(text) < 4000 else f"{text[:1000]}\n...\n{text[-3000:]}"
