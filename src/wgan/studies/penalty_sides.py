"""Should a norm below 1 be penalised too? Random architectures with the two-sided and with the one-sided penalty."""

from typing import Any

import numpy as np

from wgan.studies import Row, Study, architectures
from wgan.studies.architectures import paired

METHODS = {"two-sided": "wgan-gp", "one-sided": "wgan-lp"}  # the preset of each, which differ only in the penalty
DRAWN = {"quick": 16, "medium": 100, "full": 174}
ENOUGH = 100  # with this many architectures, a difference that is not found is small


def cases(scale: str) -> list[Row]:
    """The first architectures of the study `architectures` with each penalty, on the budget of that study."""
    return architectures.cases(scale, METHODS, DRAWN[scale])


def measure(method: str, **case: Any) -> Row:
    """Train one architecture and score its samples with the classifier of the data set."""
    return architectures.measure(method=METHODS[method], **case)


def judge(rows: list[Row]) -> tuple[bool | None, str]:
    """Whether no penalty scores higher, by a sign test, with an interval of how often the one-sided penalty does."""
    from scipy.stats import binomtest

    both = paired(rows, *METHODS)
    apart = np.array([one["score"] - two["score"] for two, one in both])
    better, differ = int((apart > 0).sum()), int((apart != 0).sum())
    if not differ:
        return None, "no architecture was trained with both, or all scored the same."
    test = binomtest(better, differ)
    low, high = test.proportion_ci(0.95)
    measured = (
        f"the one-sided penalty has the higher score on {better} of {differ} architectures that differ: a share of "
        f"{better / differ:.2f}, 95 % interval {low:.2f} to {high:.2f}, sign test p = {test.pvalue:.2g}; the median "
        f"difference of scores is {np.median(apart):+.3f}."
    )
    return (False if test.pvalue < 0.05 else True if differ >= ENOUGH else None), measured


def draw(rows: list[Row]) -> Any:
    """Each architecture's score with each penalty, with error bars of two standard errors."""
    from matplotlib.figure import Figure

    both = paired(rows, *METHODS)
    figure = Figure(figsize=(5.6, 5.2), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    two, one = (np.array([[pair[k]["score"], 2 * (pair[k]["error"] or 0)] for pair in both]).T for k in (0, 1))
    axes.errorbar(two[0], one[0], one[1], two[1], fmt="o", alpha=0.7, elinewidth=1)
    limits = [min(two[0].min(), one[0].min()) - 0.3, max(two[0].max(), one[0].max()) + 0.3]
    axes.plot(limits, limits, color="0.4", linewidth=1)
    axes.set(
        xlabel="score, two-sided", ylabel="score, one-sided", title="each architecture, one run (2 standard errors)"
    )
    axes.set_aspect("equal")
    return figure


STUDY = Study(
    title="does it matter whether the penalty is two-sided or one-sided?",
    claim="Over 174 random architectures, a one-sided penalty gives samples neither better nor worse than a two-sided.",
    source="Gulrajani et al. 2017, arXiv 1704.00028, Appendix C",
    cases=cases,
    measure=measure,
    judge=judge,
    draw=draw,
)
