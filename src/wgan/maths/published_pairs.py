"""The centres of the Wasserstein-1 benchmark's own 28 pairs, drawn anew without its files.

The benchmark (Korotin, Kolesov, Burnaev 2022, arXiv 2206.07767) drew them with torch on a CPU after the seed 987. That
stream is MT19937, whose raw words NumPy draws too. The functions here turn the words into numbers as torch does.
"""

import math

import numpy as np

from wgan.errors import WganError

Array = np.ndarray

SEED = 987
BOX, SPREAD = 2.5, 0.1  # half the side of the box of the centres, and the standard deviation of the offsets
DIMENSIONS, FUNNELS = (2, 4, 8, 16, 32, 64, 128), (4, 16, 64, 256)
BLOCK = 16  # normals that torch makes from one block of uniforms


def centres(dimension: int, funnels: int) -> tuple[Array, Array]:
    """a_n [funnels, dimension] and b_n [funnels] of one of the 28 pairs, as its files hold them in float32.

    The stream holds as many normals of both shapes that are not used, then the uniforms of a_n, then the normals of
    b_n. Raises `WganError` for a pair that was not published.

    Examples:
        >>> a, b = centres(2, 4)
        >>> a.shape, a.dtype, b.shape
        ((4, 2), dtype('float32'), (4,))
    """
    if dimension not in DIMENSIONS or funnels not in FUNNELS:
        raise WganError(
            f"no pair of {funnels} funnels in {dimension} dimensions was published; funnels is one of "
            f"{', '.join(map(str, FUNNELS))} and dimension one of {', '.join(map(str, DIMENSIONS))}."
        )
    words = np.random.RandomState(SEED)
    for unused in (funnels * dimension, funnels):
        _normals(words, unused)
    places = _uniforms(words, funnels * dimension).reshape(funnels, dimension)
    return np.float32(BOX) * (2 * places - 1), np.float32(SPREAD) * _normals(words, funnels)


def _uniforms(words: np.random.RandomState, n: int) -> Array:
    """The low 24 bits of a word each, over 2^24, in float32."""
    raw = words.randint(0, 2**32, n, dtype=np.uint32)
    return (raw & 0xFFFFFF).astype(np.float32) / np.float32(2**24)


def _normals(words: np.random.RandomState, n: int) -> Array:
    """n standard normals by Box and Muller (1958), in blocks in float32, or one pair after another if n < BLOCK."""
    if n < BLOCK:
        return np.concatenate([_pair(words) for _ in range(math.ceil(n / 2))])[:n].astype(np.float32)
    if n % BLOCK:
        raise ValueError(f"{n} normals are no whole blocks of {BLOCK}")
    first, second = _uniforms(words, n).reshape(-1, 2, BLOCK // 2).swapaxes(0, 1)
    radius, angle = np.sqrt(-2 * np.log(1 - first)), np.float32(2 * math.pi) * second
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).ravel()


def _pair(words: np.random.RandomState) -> Array:
    """Two normals from two 53-bit uniforms; each takes two words, the high half first."""
    high, low, high_2, low_2 = (int(word) for word in words.randint(0, 2**32, 4, dtype=np.uint32))
    turn, square = (((one << 32 | two) & (2**53 - 1)) / 2**53 for one, two in ((high, low), (high_2, low_2)))
    radius, angle = math.sqrt(-2 * math.log1p(-square)), 2 * math.pi * turn
    return np.array([radius * math.cos(angle), radius * math.sin(angle)])
