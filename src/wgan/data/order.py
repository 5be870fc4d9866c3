"""The order in which levels are shown: by the numbers in them where all have some, else by how often they occur."""

import re
from collections.abc import Sequence

import numpy as np

_NUMBER = re.compile(r"\d+")


def natural(text: str) -> tuple[tuple[int, str], ...]:
    """The key that sorts texts by the numbers in them.

    Examples:
        >>> sorted(["10-19", "100+", "0-9"], key=natural)
        ['0-9', '10-19', '100+']
    """
    words = re.split(r"(\d+)", text)
    return tuple((int(word), "") if word.isdecimal() else (-1, word) for word in words if word)


def shown_levels(levels: Sequence[object], counts: np.ndarray, most: int, ordered: bool = False) -> np.ndarray:
    """The codes of the commonest levels, at most so many, in the order in which they are shown.

    `ordered` levels keep their order, and so do numbers and truth values. Texts with a number in each are sorted by
    these; other texts stand with the commonest first.
    """
    chosen = np.argsort(-counts, kind="stable")[:most]
    names = [levels[code] for code in chosen]
    if ordered or not all(isinstance(name, str) for name in names):
        return np.sort(chosen)
    if all(_NUMBER.search(str(name)) for name in names):
        return np.array(sorted(chosen, key=lambda code: natural(str(levels[code]))), chosen.dtype)
    return chosen
