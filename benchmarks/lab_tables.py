"""Write the tables of NumPy's ziggurat for the page `wgan lab`, as NumPy itself shows them.

    python benchmarks/lab_tables.py

A normal draw is a word's share of the width of its layer, and it is accepted at once below a limit. Both are read from
draws of words that are put into the buffer of a bit generator.
"""

import base64
from collections.abc import Callable
from pathlib import Path

import numpy as np

OUT = Path(__file__).parents[1] / "src/wgan/lab/mathematics/ziggurat.generated.js"
LAYERS = 256


def draw(word: int, dtype: type) -> tuple[float, bool]:
    """The normal draw of a word, and whether it took no other word. Of the words that follow, each bit is 0."""
    bits = np.random.Philox(0)
    state = bits.state
    state["buffer"], state["buffer_pos"] = np.array([word, 0, 0, 0], np.uint64), 0
    state["has_uint32"] = 0
    bits.state = state
    value = float(np.random.Generator(bits).standard_normal(dtype=dtype))
    after = bits.state
    no_new_words = bool((after["state"]["counter"] == state["state"]["counter"]).all())
    return value, no_new_words and after["buffer_pos"] == 1 and (dtype is np.float64 or after["has_uint32"] == 1)


def limit(layer: int, bits: int, word: Callable[[int], int], dtype: type) -> int:
    """The least share of a layer, as an integer of `bits` bits, that is not accepted at once."""
    low, high = 0, 1 << bits
    while low < high:
        middle = (low + high) // 2
        if draw(word(middle) | layer, dtype)[1]:
            low = middle + 1
        else:
            high = middle
    return low


def tables() -> list[np.ndarray]:
    """Widths and limits of the layers for float64, then for float32."""
    layers, found = range(LAYERS), []
    for dtype, bits in ((np.float64, 52), (np.float32, 23)):
        found.append(np.array([draw(1 << 9 | layer, dtype)[0] for layer in layers], dtype))
        limits = [limit(layer, bits, lambda share: share << 9, dtype) for layer in layers]
        found.append(np.array(limits, np.float64 if dtype is np.float64 else np.uint32))
    return found


def text() -> str:
    """The module as it is written."""
    data = base64.b64encode(b"".join(table.tobytes() for table in tables())).decode()
    return (
        "// Made by benchmarks/lab_tables.py from NumPy's draws: widths and limits (float64, 256 each), then widths\n"
        "// (float32) and limits (uint32) for float32.\n"
        f'export const TABLES = "{data}";\n'
    )


if __name__ == "__main__":
    OUT.write_text(text(), encoding="utf-8")
