"""Changes of PNG, JPEG, TIFF, WebP and BMP files that keep what their checks look at."""

import random
import struct
import zlib

from benchmarks.campaign.array_changes import wild_number

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHUNKS = (
    b"tRNS",
    b"PLTE",
    b"gAMA",
    b"iCCP",
    b"zTXt",
    b"iTXt",
    b"tEXt",
    b"eXIf",
    b"acTL",
    b"fcTL",
    b"fdAT",
    b"pHYs",
    b"sRGB",
    b"IEND",
    b"\xff" * 4,
)


def png(data: bytes, rng: random.Random) -> bytes:
    """Chunks changed, added, moved, repeated or removed; their CRCs are right."""
    chunks = [list(one) for one in chunks_of(data)]
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(chunks))
        how = rng.random()
        if how < 0.35:
            head = bytearray(chunks[0][1])
            place = rng.choice((0, 4, 8, 9, 10, 11, 12))
            size = 4 if place < 8 else 1
            if len(head) >= 13:
                head[place : place + size] = wild_number(size, rng, ">")
            chunks[0][1] = bytes(head)
        elif how < 0.6:
            kind = rng.choice(CHUNKS)
            chunks.insert(rng.randrange(1, len(chunks) + 1), [kind, _content(kind, rng)])
        elif how < 0.75:
            pixels = rng.choice((b"", bytes(400), rng.randbytes(400), b"\xff" * 370, bytes(10**7)))
            chunks[at][1] = zlib.compress(pixels, 9)
        elif how < 0.85:
            chunks.insert(rng.randrange(len(chunks)), list(chunks[at]))
        elif how < 0.95 and len(chunks) > 1:
            del chunks[at]
        else:
            chunks[at][1] = chunks[at][1][: rng.randrange(len(chunks[at][1]) + 1)]
    whole = SIGNATURE + b"".join(chunk(kind, content) for kind, content in chunks)
    if rng.random() < 0.1:
        at = rng.randrange(8, len(whole) - 4)
        whole = whole[:at] + wild_number(4, rng, ">") + whole[at + 4 :]
    return whole


def chunks_of(data: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a PNG file as types and contents."""
    found, at = [], 8
    while at + 8 <= len(data):
        length = struct.unpack(">I", data[at : at + 4])[0]
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG file with its length and CRC."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _content(kind: bytes, rng: random.Random) -> bytes:
    packed = zlib.compress(bytes(rng.choice((10, 10**5, 10**8))))
    if kind in (b"zTXt", b"iCCP"):
        return rng.choice((b"name\0\0", b"name\0\7", b"\0\0", b"n")) + packed
    if kind == b"iTXt":
        return b"key\0\1\0\0\0" + packed
    if kind == b"acTL":
        return wild_number(4, rng, ">") + wild_number(4, rng, ">")
    if kind == b"eXIf":
        return rng.choice((b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x63\0\0\0", b"MM\0*", rng.randbytes(60)))
    return rng.choice((b"", rng.randbytes(1), rng.randbytes(26), bytes(769)))


def jpeg(data: bytes, rng: random.Random) -> bytes:
    """Numbers in the segments of a JPEG file changed, segments added, repeated or removed."""
    segments, rest = _segments(data)
    for _ in range(rng.choice((1, 1, 2))):
        at = rng.randrange(len(segments))
        marker, content = segments[at]
        how = rng.random()
        if how < 0.6 and content:
            size, place = rng.choice((1, 1, 2)), rng.randrange(len(content))
            segments[at] = (marker, content[:place] + wild_number(size, rng, ">") + content[place + size :])
        elif how < 0.75:
            app = rng.choice((0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE))
            head = rng.choice(
                (
                    b"Exif\0\0II*\0\x08\0\0\0\xff\xff",
                    b"ICC_PROFILE\0\x01\xff",
                    b"Adobe\0d\0\0\0\0\2",
                    b"MPF\0MM\0*",
                    b"",
                )
            )
            segments.insert(at, (app, head + rng.randbytes(rng.choice((0, 8, 60)))))
        elif how < 0.88:
            segments.insert(rng.randrange(len(segments)), segments[at])
        elif len(segments) > 1:
            del segments[at]
    parts = [
        b"\xff" + bytes([marker]) + struct.pack(">H", (len(content) + 2) % 65536) + content
        for marker, content in segments
    ]
    return b"\xff\xd8" + b"".join(parts) + (rest if rng.random() < 0.9 else rest[: rng.randrange(len(rest) + 1)])


def _segments(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The segments of a JPEG file up to the scan, and all that follows."""
    found, at = [], 2
    while data[at + 1] != 0xDA:
        length = struct.unpack(">H", data[at + 2 : at + 4])[0]
        found.append((data[at + 1], data[at + 4 : at + 2 + length]))
        at += 2 + length
    return found, data[at:]


def tiff(data: bytes, rng: random.Random) -> bytes:
    """Entries of the first folder of a TIFF file with other tags, types, counts or values."""
    start = struct.unpack("<I", data[4:8])[0]
    count = struct.unpack("<H", data[start : start + 2])[0]
    blocks = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = start + 2 + 12 * rng.randrange(count)
        place, size = rng.choice(((0, 2), (2, 2), (4, 4), (8, 4), (8, 2)))
        if rng.random() < 0.1:
            at, place, size = rng.choice(((4, 0, 4), (start, 0, 2), (start + 2 + 12 * count, 0, 4), (0, 0, 2)))
        if place == 0 and size == 2 and rng.random() < 0.7:
            tag = rng.choice(
                (256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 320, 322, 323, 324, 338, 339, 34665, 34675, 700)
            )
            blocks[at : at + 2] = struct.pack("<H", tag)
        else:
            blocks[at + place : at + place + size] = wild_number(size, rng)
    return bytes(blocks)


def riff(data: bytes, rng: random.Random) -> bytes:
    """The parts of a WebP file with other sizes, types, flags or contents."""
    how = rng.random()
    if how < 0.4:
        kind = rng.choice((b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"ICCP", b"EXIF", b"XMP ", b"VP8L", b"\0\0\0\0"))
        content = rng.choice((b"", rng.randbytes(10), b"\x12\0\0\0" + rng.randbytes(6), bytes(16), rng.randbytes(30)))
        at = rng.choice((12, len(data)))
        data = data[:at] + kind + struct.pack("<I", len(content)) + content + data[at:]
        data = data[:4] + struct.pack("<I", len(data) - 8) + data[8:]
    else:
        at = rng.choice((0, 4, 8, 12, 16, 20, 23, 26, 28)) if rng.random() < 0.8 else rng.randrange(len(data))
        size = rng.choice((1, 2, 4))
        data = data[:at] + wild_number(size, rng) + data[at + size :]
    return data


def bmp(data: bytes, rng: random.Random) -> bytes:
    """The header of a BMP file with other numbers."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.choice((0, 2, 10, 14, 18, 22, 26, 28, 30, 34, 38, 42, 46, 50))
        size = rng.choice((1, 2, 4))
        data = data[:at] + wild_number(size, rng) + data[at + size :]
    return data
