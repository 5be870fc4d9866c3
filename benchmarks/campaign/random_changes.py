"""Damage to bytes that knows nothing of what they mean."""

import random


def changed(data: bytes, rng: random.Random) -> bytes:
    """The bytes with one to eight changes: flipped bits, other bytes, and parts cut, repeated, moved or put in."""
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        data = rng.choice(CHANGES)(data, rng)
    return data


def flip(data: bytes, rng: random.Random) -> bytes:
    """One bit is another one."""
    if not data:
        return data
    at = _place(data, rng)
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def other_byte(data: bytes, rng: random.Random) -> bytes:
    """One to four bytes are others, often those at the ends of a range."""
    at, count = _place(data, rng), rng.choice((1, 1, 2, 4))
    filling = rng.choice((b"\0", b"\xff", b"\x7f", b"\x80", rng.randbytes(1)))
    return data[:at] + filling * min(count, len(data) - at) + data[at + count :]


def cut(data: bytes, rng: random.Random) -> bytes:
    """The end is gone."""
    return data[: _place(data, rng)]


def without(data: bytes, rng: random.Random) -> bytes:
    """A part is gone."""
    at = _place(data, rng)
    return data[:at] + data[at + rng.choice((1, 2, 4, 16, 100)) :]


def more(data: bytes, rng: random.Random) -> bytes:
    """Something is put in."""
    at = _place(data, rng)
    return data[:at] + rng.randbytes(rng.choice((1, 2, 4, 16, 100))) + data[at:]


def repeated(data: bytes, rng: random.Random) -> bytes:
    """A part stands there several times."""
    at = _place(data, rng)
    end = at + rng.choice((1, 4, 16, 100))
    return data[:at] + data[at:end] * rng.choice((2, 3, 50)) + data[end:]


def spliced(data: bytes, rng: random.Random) -> bytes:
    """A part stands where another one was."""
    at, source, count = _place(data, rng), _place(data, rng), rng.choice((2, 8, 32))
    return data[:at] + data[source : source + count] + data[at + count :]


def _place(data: bytes, rng: random.Random) -> int:
    """A place, half of the time near the ends, where headers and tables of contents are."""
    if len(data) < 2:
        return 0
    near = min(len(data), 128)
    return rng.choice(
        (rng.randrange(len(data)), rng.randrange(len(data)), rng.randrange(near), len(data) - 1 - rng.randrange(near))
    )


CHANGES = (flip, flip, other_byte, cut, without, more, repeated, spliced)
