"""Changes of .npy, .npz, IDX, tar, zip and LMDB files that keep what their checks look at."""

import gzip
import io
import random
import struct
import tarfile
import zipfile
from typing import Any

import numpy as np

from benchmarks.campaign import random_changes

DESCRIPTIONS = (
    "'<f4'", "'>f8'", "'<f2'", "'<f16'", "'|u1'", "'|b1'", "'<i8'", "'>u4'", "'<U3'", "'|S5'", "'|O'", "'<c8'",
    "'<M8[s]'",
    "'<m8[D]'", "'|V8'", "[('a', '<f4')]", "[('a', '<f4'), ('a', '<f4')]", "('<f4', (2,))", "'f'", "''", "'<f3'", "3",
    "None", "[]", "('<f4',)", "'<U999999999'", "'|S0'", "'<U0'", "'|V0'", "[('', '|V0')]", "{'a': 1}", "'<f4\\n'",
    "'object'",
    "[('a', '<f4', (2, 3))]", "'<f4' * 3", "b'<f4'", "1e999", "lambda: 0", "'|i1', 5", "'\\x00'", "'O8'",
)  # fmt: skip
SHAPES = (
    "()", "(0,)", "(0, 3)", "(3, 0)", "(-1,)", "(-1, -1)", "(True, 3)", "(True, False)", "(2.0,)", "('3',)",
    "(None,)", "3", "[40, 3]",
    "(40, 3.5)", "(9223372036854775807,)", "(9223372036854775808,)", "(4294967296, 4294967296)", "(1" + "0" * 40 + ",)",
    "(2147483648, 2)", "(1,) * 3", "((40,), 3)", "(" + "1, " * 40 + ")", "(" + "1, " * 33 + "3)",
    "(1000000, 1000000)", "None",
    "(40, 3", "(" * 3000 + ")" * 3000, "(~0,)", "(0x28, 3)", "(4_0, 3)", "(1e2, 3)", "{40, 3}", "(40, 3, )", "(1j,)",
)  # fmt: skip
HEADERS = (
    "", "{}", "[]", "None", "{'descr': '<f4'}", "{1: 2}", "\x00",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}",
    "(" * 200, "[" * 100_000, "'" * 9, "{'descr': '<f4', 'shape': (40, 3), 'shape': (3,), 'fortran_order': 0}",
    "\xe9", "1 if", "#",
    "{'descr':\n'<f4'", "\\", "\t{", "{**{}}", "f'{1}'", "0777", "-" * 5000 + "1", "1" + "+1" * 5000, "'\\N{'",
    "b'\xff'", "\udc80",
)  # fmt: skip
WORDS = ((0, 0), (1, 0), (0x10FFFF, 0), (0x110000, 0), (0xFFFFFFFF, 0), (0xD800, 0), (0x1B, 0x5D), (0x202E, 0x61))


def npy(data: bytes, rng: random.Random) -> bytes:
    """A .npy file with another header, or other values behind a whole header."""
    end = 10 + struct.unpack("<H", data[8:10])[0]
    header, values = data[10:end].decode("latin-1"), data[end:]
    how = rng.random()
    if how < 0.2:
        return with_header(header, _values(values, rng))
    if how < 0.28:
        return with_header(rng.choice(HEADERS), values)
    if how < 0.34:
        return labels(rng)
    fields = dict(zip(("descr", "fortran_order", "shape"), _fields(header), strict=True))
    for name, choices in (("descr", DESCRIPTIONS), ("shape", SHAPES), ("fortran_order", ("True", "0", "'x'", "None"))):
        if rng.random() < 0.5:
            fields[name] = rng.choice(choices)
    text = "{" + ", ".join(f"'{name}': {value}" for name, value in fields.items()) + ", }"
    if rng.random() < 0.1:
        text = random_changes.changed(text.encode("utf-8"), rng).decode("latin-1")
    version = rng.choice(((1, 0),) * 6 + ((2, 0), (3, 0), (0, 0), (9, 9)))
    return with_header(text, values, version, rng.choice((0,) * 9 + (-5, 40, 60_000)))


def _fields(header: str) -> tuple[str, str, str]:
    descr, rest = header.split("'descr': ")[1].split(", 'fortran_order': ")
    order, shape = rest.split(", 'shape': ")
    return descr, order, shape.split(", }")[0]


def with_header(text: str, values: bytes, version: tuple[int, int] = (1, 0), wrong: int = 0) -> bytes:
    """A .npy file with this text as header, whose stated length is wrong by so much."""
    encoded = text.encode("utf-8" if version[0] == 3 else "latin-1", "replace")
    small = version[0] < 2
    encoded += b" " * (-(len(encoded) + 11 + 2 * (not small)) % 64) + b"\n"
    length = max(0, len(encoded) + wrong) % (2**16 if small else 2**32)
    return b"\x93NUMPY" + bytes(version) + struct.pack("<H" if small else "<I", length) + encoded + values


def _values(values: bytes, rng: random.Random) -> bytes:
    """Values at the ends of the floats, or all alike, or too few or too many."""
    special = np.array([np.nan, np.inf, -np.inf, 3e38, 1e-45, -0.0], "<f4").tobytes()
    at = 4 * rng.randrange(max(1, len(values) // 4))
    return rng.choice(
        (values[:at] + special[: len(values) - at] + values[at + 24 :], bytes(len(values)), b"\xff" * len(values),
         values + b"x", values[:-1], values * 3, b"")
    )  # fmt: skip


def labels(rng: random.Random) -> bytes:
    """An array of texts, some of whose letters do not exist."""
    count = rng.choice((0, 1, 30, 60))
    letters = np.array([rng.choice(WORDS) for _ in range(count)] or np.empty((0, 2)), "<u4")
    return with_header(f"{{'descr': '<U2', 'fortran_order': False, 'shape': ({count},), }}", letters.tobytes())


def npz(data: bytes, rng: random.Random) -> bytes:
    """A .npz file zipped again, so that its checksums are right, with a change in a member or in the list of them."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members: list[list[Any]] = [[name, archive.read(name)] for name in archive.namelist()]
    at = rng.randrange(len(members))
    how = rng.random()
    if how < 0.55:
        members[at][1] = npy(members[at][1], rng)
    elif how < 0.65:
        members[at][1] = random_changes.changed(members[at][1], rng)
    elif how < 0.72:
        members[at][1] = labels(rng)
    elif how < 0.85:
        members[at][0] = rng.choice(
            (
                "rows",
                "labels.npy",
                "../x.npy",
                "/etc/x.npy",
                "",
                "\x1b]0;a\x07.npy",
                "y",
                "a" * 300 + ".npy",
                "x.txt",
                "é.npy",
            )
        )
    elif how < 0.9:
        members.append([members[at][0], members[rng.randrange(len(members))][1]])
    elif how < 0.95:
        members = members[:at]
    else:
        members[at][1] = with_header(
            "{'descr': '<f4', 'fortran_order': False, 'shape': (5000000,), }", bytes(2 * 10**7)
        )
    packed = zipped(
        members, rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    )
    return other_field(packed, b"PK\x01\x02", (4, 46), rng) if rng.random() < 0.2 else packed


def zipped(members: list, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip file with these names and contents."""
    import warnings

    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", method) as archive:
        warnings.simplefilter("ignore")  # two members with one name
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


def other_field(data: bytes, before: bytes, span: tuple[int, int], rng: random.Random) -> bytes:
    """Another number in the record that begins with these bytes."""
    starts = [at for at in range(len(data)) if data.startswith(before, at)]
    if not starts:
        return data
    at, size = rng.choice(starts) + rng.randrange(*span), rng.choice((1, 2, 4))
    return data[:at] + wild_number(size, rng) + data[at + size :]


def wild_number(size: int, rng: random.Random, order: str = "<") -> bytes:
    """A number of so many bytes, often at the end of a range."""
    most = 2 ** (8 * size) - 1
    number = rng.choice(
        (0, 1, 2, 3, 7, most, most - 1, most // 2, most // 2 + 1, rng.randrange(most + 1), rng.randrange(256))
    )
    return number.to_bytes(size, "little" if order == "<" else "big")


def idx(data: bytes, rng: random.Random) -> bytes:
    """An IDX file with another type, other axes or other sizes, gzipped or not."""
    axes = data[3]
    head, values = bytearray(data[: 4 + 4 * axes]), data[4 + 4 * axes :]
    for _ in range(rng.choice((1, 1, 2))):
        how = rng.random()
        if how < 0.2:
            head[rng.randrange(3)] = rng.choice((0, 8, 9, 11, 13, 14, 255))
        elif how < 0.4:
            axes = rng.choice((0, 1, 2, 3, 4, 33, 255))
            sizes = b"".join(rng.choice((struct.pack(">I", 1), wild_number(4, rng, ">"))) for _ in range(axes))
            head = bytearray(head[:3] + bytes([axes]) + sizes)
        elif how < 0.8 and len(head) > 4:
            at = 4 * rng.randrange(1, len(head) // 4)
            head[at : at + 4] = wild_number(4, rng, ">")
        else:
            values = rng.choice((values[:-1], values + b"\0", bytes(len(values)), b"\xff" * len(values), b""))
    whole = bytes(head) + values
    if rng.random() < 0.3:
        whole = gzip.compress(whole, mtime=0)
        whole = random_changes.changed(whole, rng) if rng.random() < 0.5 else whole
    return whole


def tar(data: bytes, rng: random.Random) -> bytes:
    """A tar archive with changed members, names, types, long names and pax headers, whose checksums are right."""
    blocks = bytearray(data)
    heads = [at for at in range(0, len(blocks) - 512, 512) if blocks[at + 257 : at + 262] == b"ustar"]
    at = rng.choice(heads)
    how = rng.random()
    if how < 0.35:
        size = rng.choice((0, 1, 511, 2**28 + 1, 3 * 2**30, 2**33 - 1, 6146, 6145))
        field = rng.choice(
            (b"%011o\0" % size, b"\x80" + size.to_bytes(11, "big"), b"\xff" * 12, b"notoctal\0\0\0\0", b" " * 12)
        )
        blocks[at + 124 : at + 136] = field
    elif how < 0.6:
        blocks[at + 156] = rng.choice(b"01234567LKxgSV\0D\xff")
    elif how < 0.75:
        name = rng.choice(
            (
                b"../../pwned",
                b"/tmp/pwned",
                b"\x1b]0;a\x07",
                b"\xff\xfe",
                b"",
                b"x" * 100,
                b"data_batch_1.bin",
                b"a/../b",
            )
        )
        blocks[at : at + 100] = name.ljust(100, b"\0")
    elif how < 0.9:
        letter, size = rng.choice(b"LKxg"), rng.choice((0, 5, 100, 2**20, 3 * 2**30))
        content = rng.choice(
            (
                b"12 path=\xff\xfe\n",
                b"99999999999 path=x\n",
                b"x" * 300,
                b"24 size=99999999999999\n",
                b"\0",
                b"19 GNU.sparse.map=1\n",
            )
        )
        head = bytearray(tarfile.TarInfo("././@LongLink").tobuf(tarfile.GNU_FORMAT))
        head[124:136], head[156] = b"%011o\0" % size, letter
        blocks[at:at] = checked(head) + content.ljust(-(-len(content) // 512) * 512, b"\0")
        return bytes(blocks)
    else:
        span = rng.choice(((100, 108), (108, 116), (136, 148), (157, 257), (329, 337), (345, 500)))
        blocks[span[0] + at : span[1] + at] = rng.randbytes(span[1] - span[0])
    blocks[at : at + 512] = checked(blocks[at : at + 512])
    return bytes(blocks)


def checked(head: bytearray) -> bytes:
    """The header of a member with its checksum."""
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)


PAGE = 4096


def lmdb(data: bytes, rng: random.Random) -> bytes:
    """An LMDB with another number in the header of a page, in its table of nodes, or in both of its meta pages."""
    blocks = bytearray(data)
    for _ in range(rng.choice((1, 1, 2))):
        page = PAGE * rng.randrange(len(blocks) // PAGE)
        how = rng.random()
        if how < 0.4:  # the two meta pages, of which LMDB takes the newer one
            at, size = 16 + rng.randrange(136), rng.choice((1, 2, 4, 8))
            number = wild_number(size, rng)
            for page in (0, PAGE) if rng.random() < 0.7 else (rng.choice((0, PAGE)),):
                blocks[page + at : page + at + size] = number
        else:
            at, size = (
                (rng.randrange(16), 2)
                if how < 0.6
                else (16 + rng.randrange(64), 2)
                if how < 0.8
                else (rng.randrange(PAGE), 4)
            )
            blocks[page + at : page + at + size] = wild_number(size, rng)
    return bytes(blocks[: len(data)])
