"""The pages of an LMDB database, read by their format alone: whatever is damaged is a ValueError.

LMDB's own library maps the file and trusts it, so that one flipped bit ends the process. Here pages are read, not
mapped, and each number in them is checked before it is used. The format is that of LMDB 0.9 on 64-bit little-endian
machines, which LSUN has: two meta pages, of which the newer counts, then a tree of branch and leaf pages in the order
of the keys. A value that is too long for its leaf lies in overflow pages of its own.
"""

import struct
from collections.abc import Iterator
from typing import IO, NamedTuple

META = struct.Struct("<IIQQ")  # magic, version, address, size of the map
TREE = struct.Struct("<IHHQQQQQ")  # size of a page, flags, depth, branch, leaf and overflow pages, entries, root
LAST = struct.Struct("<QQ")  # the last page that is used, the number of the transaction
PAGE = struct.Struct("<QHHHH")  # its number, padding, flags, where free space begins and ends
NODE = struct.Struct("<HHHH")  # three parts of a length or a page's number, the length of the key
MAGIC, VERSION = 0xBEEFC0DE, 1
BRANCH, LEAF, OVERFLOW = 1, 2, 4  # of a page
ORDERS = 2 | 8  # flags of a tree that say how its keys are compared
LONG = 1  # of a node: its value lies in overflow pages
DEEPEST = 32  # as in LMDB
LEAST_ENTRY = 10  # bytes: a node and its place in the page
LONGEST_VALUE = 2**29  # bytes


class Database(NamedTuple):
    """A database whose tree was walked: the leaves in the order of their keys."""

    file: IO[bytes]
    page: int  # bytes of a page
    pages: int  # that are used
    entries: int
    root: int
    depth: int


def database(file: IO[bytes], size: int) -> Database:
    """The database in an open file of this size. Raises ValueError with what is wrong."""
    first = _meta(_bytes(file, 0, 4096), 0)
    page = first.page
    second = _meta(_bytes(file, page, page), 1)
    if second.page != page:
        raise ValueError(f"its meta pages name pages of {page:,} and {second.page:,} bytes")
    newer = max(first, second, key=lambda meta: meta.transaction)
    if newer.entries > size // LEAST_ENTRY:
        raise ValueError(f"it says that it holds {newer.entries:,} entries, more than its {size:,} bytes hold")
    if size % page or size < 2 * page:  # whole pages may be missing at the end: those that were freed are not written
        raise ValueError(f"it has {size:,} bytes, which is not a whole number of pages of {page:,}")
    if newer.entries and not (2 <= newer.root < newer.pages and 1 <= newer.depth <= DEEPEST):
        raise ValueError(f"its tree begins at page {newer.root:,} of {newer.pages:,} with depth {newer.depth}")
    return Database(file, page, newer.pages, newer.entries, newer.root, newer.depth)


def leaves(of: Database) -> Iterator[tuple[int, int]]:
    """The page and the number of entries of each leaf, in the order of the keys. Raises ValueError if it is damaged."""
    if not of.entries:
        return
    seen, total, waiting = set[int](), 0, [(of.root, 1)]
    while waiting:
        number, depth = waiting.pop()
        if not 2 <= number < of.pages or number in seen:
            raise ValueError(f"its tree names page {number:,}, which is out of place")
        seen.add(number)
        kind, data, places = _page(of, number)
        if kind != (LEAF if depth == of.depth else BRANCH) or not places:
            raise ValueError(f"its page {number:,} is out of place in the tree")
        if kind == LEAF:
            total += len(places)
            yield number, len(places)
            continue
        children = []
        for place in places:
            low, high, top, _ = NODE.unpack_from(data, place)
            children.append((low | high << 16 | top << 32, depth + 1))
        waiting += reversed(children)
    if total != of.entries:
        raise ValueError(f"its tree holds {total:,} entries, not {of.entries:,}")


def entries(of: Database, leaf: int, first: int = 0) -> Iterator[tuple[bytes, bytes]]:
    """The keys and values of a leaf, from its entry `first` on. Raises ValueError for a damaged one."""
    kind, data, places = _page(of, leaf)
    if kind != LEAF:
        raise ValueError(f"its page {leaf:,} is not a leaf")
    for place in places[first:]:
        low, high, flags, key_length = NODE.unpack_from(data, place)
        length, start = low | high << 16, place + NODE.size + key_length
        key = data[place + NODE.size : start]
        if flags & ~LONG:
            raise ValueError(f"its key {key[:40]!r} holds a database, not a picture")
        stored = 8 if flags & LONG else length
        value = data[start : start + stored]
        if len(key) < key_length or len(value) < stored:
            raise ValueError(f"an entry of its page {leaf:,} goes beyond the page")
        yield key, _long(of, int.from_bytes(value, "little"), length) if flags & LONG else value


class _Meta(NamedTuple):
    page: int
    pages: int
    entries: int
    root: int
    depth: int
    transaction: int


def _meta(data: bytes, number: int) -> _Meta:
    start = PAGE.size
    if len(data) < start + META.size + 2 * TREE.size + LAST.size:
        raise ValueError("it ends within its meta pages")
    magic, version, _, _ = META.unpack_from(data, start)
    if (magic, version) != (MAGIC, VERSION):
        raise ValueError(f"its meta page {number} is not one of LMDB 0.9")
    page = TREE.unpack_from(data, start + META.size)[0]
    _, flags, depth, _, _, _, count, root = TREE.unpack_from(data, start + META.size + TREE.size)
    last, transaction = LAST.unpack_from(data, start + META.size + 2 * TREE.size)
    if page not in (2**power for power in range(8, 17)):
        raise ValueError(f"its pages have {page:,} bytes")
    if flags & ~ORDERS:
        raise ValueError(f"its meta page {number} has the flags {flags} of a database that is not of pictures")
    return _Meta(page, last + 1, count, root, depth, transaction)


def _page(of: Database, number: int) -> tuple[int, bytes, tuple[int, ...]]:
    """The kind of a page, its bytes, and the places of its nodes."""
    data = _bytes(of.file, number * of.page, of.page)
    if len(data) < of.page:
        raise ValueError(f"it ends within page {number:,}")
    own, _, flags, lower, _ = PAGE.unpack_from(data)
    count = (lower - PAGE.size) // 2
    if own != number or not PAGE.size <= lower <= of.page:
        raise ValueError(f"its page {number:,} is damaged")
    places = struct.unpack_from(f"<{count}H", data, PAGE.size)
    if any(not lower <= place <= of.page - NODE.size for place in places):
        raise ValueError(f"its page {number:,} is damaged")
    return flags & (BRANCH | LEAF | OVERFLOW), data, places


def _long(of: Database, number: int, length: int) -> bytes:
    """A value in overflow pages, of which the first one begins with a page's head."""
    head = _bytes(of.file, number * of.page, PAGE.size) if 2 <= number < of.pages else b""
    if len(head) < PAGE.size:
        raise ValueError(f"it lacks page {number:,} of a value")
    own, _, flags, low, high = PAGE.unpack(head)
    if own != number or flags & (BRANCH | LEAF | OVERFLOW) != OVERFLOW or length > LONGEST_VALUE:
        raise ValueError(f"its page {number:,}, of a value, is damaged")
    if (low | high << 16) * of.page < PAGE.size + length or number + (low | high << 16) > of.pages:
        raise ValueError(f"its page {number:,}, of a value, is damaged")
    value = _bytes(of.file, number * of.page + PAGE.size, length)
    if len(value) < length:
        raise ValueError(f"it ends within page {number:,}")
    return value


def _bytes(file: IO[bytes], start: int, length: int) -> bytes:
    file.seek(start)
    return file.read(length)
