"""How often the intervals of `wgan.maths.support` hold the truth, and how wide they are.

    python benchmarks/support.py                      about ten minutes on one core
    python benchmarks/support.py --trials 100

A row is one case: n samples of the generator, and as many real rows. `below` and `above` are the shares of trials in
which the truth lies below and above the interval; the interval shown has the median of each end. "not promised" marks
an end that holds only under an assumption that the case breaks.
"""

import argparse
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from scipy.stats import chi2

from wgan.maths.support import Interval, collisions, effective_size, missing_mass, support_size

KINDS = 1000
Draw = Callable[[np.random.Generator], Interval]


def equal(kinds: int) -> np.ndarray:
    return np.full(kinds, 1 / kinds)


def zipf(kinds: int) -> np.ndarray:
    masses = 1 / np.arange(1, kinds + 1)
    return masses / masses.sum()


UNEQUAL = {
    "Zipf, 1,000 kinds": zipf(KINDS),
    "Zipf, 100 kinds": zipf(100),
    "10 kinds of 0.05, 490 of about 0.001": np.repeat([0.05, 0.5 / 490], [10, 490]),
    "one kind of 0.5, 999 others": np.repeat([0.5, 0.5 / 999], [1, 999]),
    "one kind of 0.9, 9 others": np.repeat([0.9, 0.1 / 9], [1, 9]),
    "one kind of 0.005, 100,000 others": np.repeat([0.005, 0.995 / 100_000], [1, 100_000]),
}


def _of_equal(kinds: int, n: int, rng: np.random.Generator) -> Interval:
    return support_size(rng.integers(0, kinds, n))


def sizes(rows: tuple[int, ...]) -> Iterator[tuple[str, int, float, Draw, str]]:
    """`support_size`: equal kinds, then unequal ones with and without a least mass."""
    for kinds in (10, 100, 500, KINDS):
        for n in rows:
            yield f"{kinds} equal kinds", n, kinds, partial(_of_equal, kinds, n), ""
    for name, masses in UNEQUAL.items():
        known = {"": None} if len(masses) > KINDS else {"": None, ", least mass known": masses.min()}
        for words, least in known.items():
            for n in rows:

                def draw(
                    rng: np.random.Generator, p: np.ndarray = masses, n: int = n, least: float | None = least
                ) -> Interval:
                    return support_size(rng.choice(len(p), n, p=p), least)

                yield name + words, n, len(masses), draw, "" if least else "upper not promised"


def missing(rows: tuple[int, ...]) -> Iterator[tuple[str, int, float, Draw, str]]:
    """`missing_mass`: of equal kinds, of Zipf's, and of a generator that makes its kinds in other proportions."""
    cases: list[tuple[str, np.ndarray, np.ndarray, np.ndarray | None, float]] = [
        (f"{k} of 1,000 equal kinds", equal(KINDS), np.arange(KINDS) < k, None, 1.0) for k in (10, 100, 500, KINDS)
    ]
    odd = np.arange(KINDS) % 2 == 0
    cases += [
        ("Zipf, every second kind, in proportion", zipf(KINDS), odd, None, 1.0),
        ("Zipf, the first ten kinds, in proportion", zipf(KINDS), np.arange(KINDS) < 10, None, 1.0),
        ("Zipf, every second kind, made equally often", zipf(KINDS), odd, equal(KINDS), 1.0),
        ("equal kinds, every second, made like Zipf, c = 0.1", equal(KINDS), odd, zipf(KINDS), 0.1),
        ("equal kinds, every second, 1:2, c = 2/3", equal(KINDS), odd, np.where(np.arange(KINDS) % 4, 1, 2), 2 / 3),
    ]
    for name, data, made, shape, ratio in cases:
        given = np.where(made, data, 0)
        truth = data[~made].sum()
        made_as = given if shape is None else np.where(made, shape, 0)
        made_as = made_as / made_as.sum()
        promised = (made_as >= ratio * given / given.sum() * (1 - 1e-9)).all()
        for n in rows:

            def draw(rng: np.random.Generator, p: np.ndarray = data, q: np.ndarray = made_as, n: int = n,
                     ratio: float = ratio) -> Interval:  # fmt: skip
                return missing_mass(rng.choice(KINDS, n, p=p), rng.choice(KINDS, n, p=q), ratio)

            yield name, n, truth, draw, "" if promised else "lower not promised"


def effective(rows: tuple[int, ...]) -> Iterator[tuple[str, int, float, Draw, str]]:
    """`effective_size` of kinds, and `collisions` of rows that have none."""
    shapes = {f"{k} equal kinds": equal(k) for k in (1, 2, 3, 10, 100, 500, KINDS, 100_000)} | UNEQUAL
    for name, masses in shapes.items():
        for n in rows:

            def draw(rng: np.random.Generator, p: np.ndarray = masses, n: int = n) -> Interval:
                return effective_size(rng.choice(len(p), n, p=p))

            yield name, n, 1 / (masses**2).sum(), draw, ""
    for d, share in ((1, 1e-3), (2, 1e-3), (10, 1e-3), (10, 0.1), (64, 1e-3)):
        radius = np.sqrt(2 * chi2.ppf(share, d))
        for n in rows[:2]:

            def near(rng: np.random.Generator, d: int = d, n: int = n, radius: float = radius) -> Interval:
                return collisions(rng.standard_normal((n, d)), radius)

            yield f"normal rows, {d}-D, a share {share:g} near", n, 1 / share, near, ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--rows", type=int, nargs="+", default=[256, 1000, 2560])
    parser.add_argument("--only", choices=TABLES, help="one table")
    chosen = parser.parse_args()
    for name in [chosen.only] if chosen.only else TABLES:
        print(f"\n### {name}, {chosen.trials:,} trials\n")
        print("| case | n | truth | holds | below | above | median interval | |\n|---|---|---|---|---|---|---|---|")
        for number, (case, n, truth, draw, note) in enumerate(TABLES[name](tuple(chosen.rows))):
            rngs = (np.random.default_rng([number, trial]) for trial in range(chosen.trials))
            found = np.array([draw(rng)[1:3] for rng in rngs])
            slack = 1e-9 * truth  # 1 - 1/2 - 1/2 is rounded
            below, above = (truth < found[:, 0] - slack).mean(), (truth > found[:, 1] + slack).mean()
            lower, upper = np.median(found, 0)
            print(
                f"| {case} | {n:,} | {truth:,.4g} | {1 - below - above:.1%} | {below:.1%} | {above:.1%} | "
                f"{lower:,.4g} to {upper:,.4g} | {note} |",
                flush=True,
            )


TABLES = {"support_size": sizes, "missing_mass": missing, "effective_size": effective}

if __name__ == "__main__":
    main()
