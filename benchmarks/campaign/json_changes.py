"""Changes of JSON: a value of another type, too deep, too long, missing, twice, under another name."""

import copy
import json
import random
from typing import Any

WILD_TEXTS = ("", "\x1b]0;pwned\x07", "\x1b[2J", "\ud800", "a\x00b", "é\u202eabc", "../../pwned", "/dev/zero",
              "; touch pwned #", "$(touch pwned)", "<script>alert(1)</script>", "`x`", "%s%n{}", "nan", "1e999",
              "x" * 5000,
              "__import__('os').system('touch pwned')", "\n\n", "cat", "NaN", "0", "-1", "🙂")  # fmt: skip
WILD_NUMBERS = (0, -1, 1, 2, 3, 1.5, -0.0, 1e308, 5e-324, float("nan"), float("inf"), -float("inf"), 2**31, 2**32,
2**53 + 1,
                2**62, 2**63, 2**64, 10**30, -(2**63), 10**400)  # fmt: skip
WILD: tuple[object, ...] = (
    *WILD_TEXTS,
    *WILD_NUMBERS,
    None,
    True,
    False,
    [],
    {},
    [[]],
    [None],
    {"": None},
    [1, "a", None],
    {"a": {"b": []}},
)


def changed(value: Any, rng: random.Random) -> Any:
    """A JSON value with one to three changes at places of its tree."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice((1, 1, 2, 3))):
        places = list(_places(value))
        if not places:
            return rng.choice(WILD)
        holder, key = rng.choice(places)
        rng.choice((_other, _other, _other, _near, _missing, _swapped, _renamed, _deep, _long, _twice))(
            holder, key, places, rng
        )
    return value


def dumped(value: Any, rng: random.Random) -> bytes:
    """The text of a JSON value, sometimes with letters beyond ASCII, with other spaces or two keys of a name."""
    text = json.dumps(value, ensure_ascii=rng.random() < 0.7, indent=rng.choice((None, 1)), default=str)
    while '"raw: ' in text:  # see `_deep`
        before, _, rest = text.partition('"raw: ')
        depth, _, after = rest.partition('"')
        text = before + "[" * int(depth) + "]" * int(depth) + after
    if rng.random() < 0.03:
        text = text[:1] + '"step": 1, "step": "2",' + text[1:]
    return text.encode("utf-8", "surrogatepass")


def changed_text(data: bytes, rng: random.Random) -> bytes:
    """The text of a JSON value with changes of its tree."""
    return dumped(changed(json.loads(data), rng), rng)


def changed_lines(data: bytes, rng: random.Random) -> bytes:
    """Lines of JSON with changes in one of them, or of the lines."""
    lines = data.splitlines()
    if not lines:
        return b"{}\n"
    at = rng.randrange(len(lines))
    how = rng.random()
    if how < 0.75:
        lines[at] = changed_text(lines[at], rng).replace(b"\n", b" ")
    elif how < 0.85:
        lines.insert(at, rng.choice((b"", b"null", b"[]", b"7", b'"x"', b"{", b"{}", lines[at], b"\xff\xfe")))
    elif how < 0.95:
        other = rng.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
    else:
        del lines[at:]
    return rng.choice((b"\n", b"\n", b"\n", b"\r\n")).join(lines) + rng.choice((b"\n", b"\n", b""))


def _places(value: Any) -> Any:
    """Every place of a tree as its holder and the key there."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])


def _other(holder: Any, key: Any, places: Any, rng: random.Random) -> None:
    holder[key] = copy.deepcopy(rng.choice(WILD))


def _near(holder: Any, key: Any, places: Any, rng: random.Random) -> None:
    """A value of the same type, a little or much different."""
    value = holder[key]
    if isinstance(value, bool) or value is None:
        holder[key] = rng.choice((True, False, None, 0, 1, "true"))
    elif isinstance(value, int):
        holder[key] = rng.choice((value + 1, -value, value * 1000, value * 10**9, str(value), float(value), [value]))
    elif isinstance(value, float):
        holder[key] = rng.choice((-value, value * 1e30, 0.0, str(value), round(value) if abs(value) < 1e300 else 0))
    elif isinstance(value, str):
        holder[key] = rng.choice(
            (value.upper(), value[:-1], value + "x", value * 2, [value], value.encode("utf-16", "surrogatepass").hex())
        )
    elif isinstance(value, list):
        holder[key] = rng.choice((value[::-1], value[:-1], value * 2, {str(i): v for i, v in enumerate(value)}))
    else:
        holder[key] = rng.choice((list(value.items()), list(value), {**value, "more": 1}))


def _missing(holder: Any, key: Any, places: Any, rng: random.Random) -> None:
    del holder[key]


def _swapped(holder: Any, key: Any, places: Any, rng: random.Random) -> None:
    other, at = rng.choice(places)
    holder[key] = copy.deepcopy(other[at]) if at in (other if isinstance(other, dict) else range(len(other))) else None


def _renamed(holder: Any, key: Any, places: Any, rng: random.Random) -> None:
    if isinstance(holder, dict):
        holder[rng.choice(WILD_TEXTS)] = holder.pop(key)


def _deep(holder: Any, key: Any, places: Any, rng: random.Random) -> None:
    holder[key] = f"raw: {rng.choice((20, 200, 1200, 100_000))}"


def _long(holder: Any, key: Any, places: Any, rng: random.Random) -> None:
    holder[key] = (
        [copy.deepcopy(holder[key])] * rng.choice((100, 10_000)) if not isinstance(holder[key], dict | list) else []
    )


def _twice(holder: Any, key: Any, places: Any, rng: random.Random) -> None:
    if isinstance(holder, list):
        holder.insert(0, copy.deepcopy(holder[key]))
