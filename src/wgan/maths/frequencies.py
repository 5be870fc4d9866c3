"""Which kinds of rows samples show far too seldom or far too often, beyond what sampling explains."""

from bisect import bisect_left
from typing import Any, NamedTuple

import numpy as np

from wgan.errors import WganError
from wgan.maths.exact import as_float64, whole_number

ERROR = 0.01  # the chance that a single kind is named although samples and rows have the same distribution
TIMES = 2.0  # a kind is named if it is at least so many times too rare or too frequent


class Unlike(NamedTuple):
    """Which kinds differ, the surest first, how many could be told to differ, and what is too rare for that.

    `kinds` are indices, and `p_values` belong to them. `tested` is the number of kinds that have enough rows and
    samples to differ. A kind of fewer rows than `least` may be lacking among the samples by chance.
    """

    kinds: tuple[int, ...]
    p_values: tuple[float, ...]
    tested: int
    least: int


def unlike(real: Any, fake: Any, rows: int, samples: int) -> Unlike:
    """Compare how often kinds occur: `real` [kinds] of `rows` real rows and `fake` [kinds] of `samples` samples.

    A row may be of several kinds, such as one for each column. Fisher's exact test asks for each kind whether the two
    shares are equal: given the number of both together, that among the samples is hypergeometric. The smaller tail is
    doubled. The p-value of a named kind is at most 0.01 / K, so that the chance of naming any kind by mistake is at
    most 0.01. Here K is the number of kinds whose p-value can be so small at all (Tarone 1990): a kind of a single row
    needs no correction, because its test cannot reject. A named kind is also at least twice as frequent on one side as
    on the other. Raises WganError for counts that are not whole numbers from 0 to the number of rows.

    Examples:
        >>> unlike([41, 1500], [0, 1480], rows=3000, samples=3000).kinds
        (0,)
        >>> unlike([3, 1500], [0, 1480], rows=3000, samples=3000).kinds
        ()
    """
    rows, samples = whole_number(rows, "rows"), whole_number(samples, "samples")
    of_real, of_fake = _counts(real, rows, "real"), _counts(fake, samples, "fake")
    if of_real.shape != of_fake.shape:
        raise WganError(f"real has {len(of_real)} kinds and fake {len(of_fake)}; give counts of the same kinds.")
    both = of_real + of_fake
    tested = _tested(_smallest(both, rows, samples))
    law = _law(rows, samples, both)
    p_values = np.minimum(1.0, 2 * np.minimum(law.cdf(of_fake), law.sf(of_fake - 1)))
    shares = of_real / rows, of_fake / samples
    apart = np.maximum(*shares) >= TIMES * np.minimum(*shares)
    named = np.flatnonzero(apart & (p_values <= ERROR / max(1, tested)))
    named = named[np.lexsort((named, p_values[named]))]
    return Unlike(tuple(named.tolist()), tuple(p_values[named].tolist()), tested, _least(rows, samples, tested))


def _law(rows: int, samples: int, both: Any) -> Any:
    """The law of the number of samples among `both` rows and samples of a kind."""
    from scipy.stats import hypergeom  # not at the top: it asks for torch where torch is loaded, or is not there

    return hypergeom(rows + samples, both, samples)


def _counts(counts: Any, most: int, name: str) -> np.ndarray:
    found = as_float64(counts, name, "counts [kinds]")
    if found.ndim != 1 or not ((found >= 0) & (found <= most) & (found == np.rint(found))).all():
        raise WganError(f"{name} must be whole numbers [kinds] from 0 to {most:,}; correct them.")
    return found.astype(np.int64)


def _smallest(both: np.ndarray, rows: int, samples: int) -> np.ndarray:
    """The smallest p-value that a kind with this many rows and samples together can have."""
    law = _law(rows, samples, both)
    fewest, most = np.maximum(0, both - rows), np.minimum(both, samples)
    return np.minimum(1.0, 2 * np.minimum(law.pmf(fewest), law.pmf(most)))


def _tested(smallest: np.ndarray) -> int:
    """The least K of which at most K kinds can have a p-value of at most `ERROR` / K."""
    ordered = np.sort(smallest)
    for count in range(1, len(ordered) + 1):
        if np.searchsorted(ordered, ERROR / count, side="right") <= count:
            return count
    return 0


def _least(rows: int, samples: int, tested: int) -> int:
    """The least number of rows of a kind that is named if no sample is of it; more than `rows` if there is none."""

    def named(count: int) -> bool:
        return bool(2 * _law(rows, samples, count).pmf(0) <= ERROR / max(1, tested))

    return 1 + bisect_left(range(1, rows + 1), True, key=named)
