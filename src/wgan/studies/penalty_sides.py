"""Should a norm below 1 be penalised too? Random architectures with the two-sided and with the one-sided penalty."""

from typing import Any

import numpy as np

from wgan.reports import figures
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
        return None, "No architecture was trained with both, or all scored the same."
    test = binomtest(better, differ)
    low, high = test.proportion_ci(0.95)
    measured = (
        f"The one-sided penalty has the higher score on {better} of {differ} architectures with different scores. This "
        f"is a share of {better / differ:.2f}, with a 95 % interval of {low:.2f} to {high:.2f}. A sign test gives "
        f"p = {test.pvalue:.2g}. The median difference of scores is {np.median(apart):+.3f}."
    )
    return (False if test.pvalue < 0.05 else True if differ >= ENOUGH else None), measured


def draw(rows: list[Row]) -> Any:
    """Each architecture's score with each penalty, and the histogram of the differences."""
    both = paired(rows, *METHODS)
    figure = figures.page(3.6)
    left, right = figure.subplots(1, 2)
    two, one = (np.array([pair[k]["score"] for pair in both]) for k in (0, 1))
    limits = [min(two.min(), one.min()) - 0.3, max(two.max(), one.max()) + 0.3]
    left.plot(limits, limits, color=figures.REAL, linewidth=1)
    left.plot(two, one, **figures.mark(0) | {"linestyle": "none", "alpha": 0.6})
    left.set(xlabel="score, two-sided penalty", ylabel="score, one-sided penalty", aspect="equal")
    left.set_title("each point is an architecture")
    right.hist(one - two, 25, color=figures.COLOURS[0])
    right.axvline(0, color="black", linewidth=1)
    right.set(xlabel="score, one-sided minus two-sided", ylabel="architectures", title="the differences")
    return figure


STUDY = Study(
    title="does it matter whether the penalty is two-sided or one-sided?",
    claim=(
        "Over 174 random architectures, samples with a one-sided penalty are neither better nor worse than samples "
        "with a two-sided penalty."
    ),
    source="Gulrajani et al. 2017, arXiv 1704.00028, Appendix C",
    cases=cases,
    measure=measure,
    judge=judge,
    draw=draw,
)
