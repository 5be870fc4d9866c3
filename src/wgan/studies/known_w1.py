"""Do critics follow the gradient of the true distance? On the pairs of a benchmark, beside its published table."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from wgan.maths.known import Pair, independent, known
from wgan.maths.published_pairs import DIMENSIONS, FUNNELS
from wgan.reports import figures
from wgan.studies import Row, Study
from wgan.training.critic import CriticW1, critic_w1

# The benchmark's methods that this project has, at their published settings, and this project's default critic.
_PUBLISHED = {"depth": 2, "batch": 1024, "learning_rate": 2e-4, "decay": "none", "beta1": 0.0, "beta2": 0.9}
_GROUPSORT = _PUBLISHED | {"activation": "groupsort", "beta1": 0.9, "beta2": 0.999}
_PENALTY = _PUBLISHED | {"constraint": "gradient-penalty", "penalty_weight": 10.0}
METHODS: dict[str, Row] = {
    "clip": _PUBLISHED | {"constraint": "clip", "clip": 0.04, "steps": 5_000},
    "two-sided": _PENALTY | {"penalty_sides": "two", "steps": 60_000},
    "one-sided": _PENALTY | {"penalty_sides": "one", "steps": 60_000},
    "spectral": _PUBLISHED | {"constraint": "spectral", "steps": 10_000},
    "spectral-groupsort": _GROUPSORT | {"constraint": "spectral", "steps": 10_000},
    "orthogonal-groupsort": _GROUPSORT | {"constraint": "orthogonal", "steps": 25_000},
    "default": {},
}
NAMES = {  # the benchmark's names of those methods
    "clip": "wgan",
    "two-sided": "wgan-gp",
    "one-sided": "wgan-lp",
    "spectral": "sn-gan",
    "orthogonal-groupsort": "sort-out",
}

MINUS = "\N{MINUS SIGN}"
MEASURED = {"quick": (2, 16), "medium": (2, 8, 32, 128), "full": DIMENSIONS}  # by all methods, with 4 and 64 funnels
ROWS = 262_144  # rows of each set that a critic is trained on
FRESH = 4_096  # rows that it is measured on, as published
STEPS = {"quick": 500, "medium": 2_000, "full": 6_000}  # of the default critic
# of the published critics below full; their own rate needs more updates
SHORT = {"quick": {"steps": 750}, "medium": {"steps": 2_000}}
FASTER = {"batch": 256, "learning_rate": 2e-3, "decay": "linear"}


def cases(scale: str) -> list[Row]:
    """The default critic on all 28 pairs, the other methods on fewer, and all on a pair of shells."""
    pairs: list[Row] = [
        {"pair": "funnels", "dimension": dimension, "funnels": funnels}
        for dimension in DIMENSIONS
        for funnels in FUNNELS
    ]
    pairs += [{"pair": "shells", "dimension": 16}]
    return [
        {**pair, "method": method, "seed": 0, **_shortened(method, scale)}
        for pair in pairs
        for method in METHODS
        if method == "default"
        or pair["pair"] == "shells"
        or (pair["dimension"] in MEASURED[scale] and pair["funnels"] in (4, 64))
    ]


def _shortened(method: str, scale: str) -> Row:
    """The number of updates of a method at a scale, and what a short training changes."""
    if method == "default":
        return {"steps": STEPS[scale]}
    return SHORT[scale] | FASTER if scale in SHORT else {"steps": METHODS[method]["steps"]}


def measure(pair: str, dimension: int, method: str, seed: int, funnels: int = 0, **fields: Any) -> list[Row]:
    """Train one critic on rows of a pair and compare it with the truth on fresh rows.

    The rows that follow that of the default critic are those of the published methods on the same pair.
    """
    truth = known(pair, dimension=dimension, **({"funnels": funnels, "centres": "published"} if funnels else {}))
    real, fake = independent(truth, ROWS, seed)
    width = {} if method == "default" else {"width": max(2 * dimension, 128)}
    found = critic_w1(real, fake, seed=seed, **METHODS[method] | width | fields)
    row = {"w1": truth.w1, **against(truth, found, seed + 1)}
    row |= {"lower": found.lower, "lipschitz_lower": found.lipschitz_lower, "lipschitz_upper": found.lipschitz_upper}
    if method != "default" or not funnels:
        return [row]
    others = {name: by_pair[dimension, funnels] for name, by_pair in published().items() if name != "true"}
    return [row, *({"method": f"published {name}", "w1": truth.w1, **values} for name, values in others.items())]


@cache
def published() -> dict[str, dict[tuple[int, int], Row]]:
    """The published cosine, l2 and estimate of each method, and of the truth, by (dimension, funnels)."""
    table = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))["methods"]
    return {
        name: {(d, n): {"cosine": cosine, "l2": l2, "estimate": value} for d, n, cosine, l2, value in rows}
        for name, rows in table.items()
    }


def against(truth: Pair, found: CriticW1, seed: int) -> Row:
    """Compare the critic's gradient g with the true one g* over fresh real rows, and its estimate with W1.

    cosine = E<g, g*> / sqrt(E|g|^2 E|g*|^2); l2 = E|g - g*|^2; scale = E<g, g*> / E|g|^2, the factor by which g fits g*
    best; deviation = 100 (estimate / W1 - 1), in per cent.
    """
    real, fake = independent(truth, FRESH, seed)
    g, best = found.gradient(real), truth.gradient(real)
    product, square = (g * best).sum(1).mean(), (g * g).sum(1).mean()
    gap = float(found.score(real).mean() - found.score(fake).mean())
    return {
        "cosine": float(product / np.sqrt(square * (best * best).sum(1).mean())),
        "l2": float(((g - best) ** 2).sum(1).mean()),
        "scale": float(product / square),
        "estimate": gap,
        "deviation": 100 * (gap / truth.w1 - 1),
    }


def judge(rows: list[Row]) -> tuple[bool | None, str]:
    """Whether penalised and orthogonal critics follow the true gradient better than clipped and spectral ones."""
    rows = [row for row in rows if row["pair"] == "funnels"]
    trained = {method: [row for row in rows if row["method"] == method] for method in METHODS}
    few = {(row["dimension"], row["funnels"]) for row in trained["clip"]}

    def mean(method: str, column: str = "cosine") -> float:
        return float(np.mean([row[column] for row in trained[method] if (row["dimension"], row["funnels"]) in few]))

    sentences, holds = [], None
    if few:
        cosines = {method: mean(method) for method in METHODS if trained[method]}
        good = [cosines[one] for one in ("two-sided", "one-sided", "orthogonal-groupsort") if one in cosines]
        bad = [cosines[one] for one in ("clip", "spectral") if one in cosines]
        holds = min(good) > max(bad) if good and bad else None
        listed = ", ".join(f"{method} {value:.2f}" for method, value in cosines.items())
        sentences.append(f"Mean cosine to the true gradient over {len(few)} pairs of funnels: {listed}.")
    if trained["default"]:
        sentences.append(_beside_the_published(trained["default"]))
    return holds, " ".join(sentences)


def _beside_the_published(ours: list[Row]) -> str:
    """The mean cosine and L2 error of the default critic beside the published methods, on the same pairs."""
    places = [(row["dimension"], row["funnels"]) for row in ours]
    theirs = {  # cosine and L2 error by method and pair
        name: np.array([[by_pair[at]["cosine"], by_pair[at]["l2"]] for at in places])
        for name, by_pair in published().items()
        if name != "true"
    }
    means = {name: values.mean(0) for name, values in theirs.items()}
    first = max(means, key=lambda name: means[name][0])
    each = np.max([values[:, 0] for values in theirs.values()], 0).mean()
    cosine, l2 = (np.mean([row[column] for row in ours]) for column in ("cosine", "l2"))
    lower = np.mean([row["lower"] / row["w1"] for row in ours])
    return (
        f"Over {len(places)} pairs the default critic has a mean cosine of {cosine:.3f} and a mean L2 error of "
        f"{l2:.2f} after {ours[0]['steps']:,} updates. Its certified lower bound is {lower:.0%} of W1 on average. "
        f"The best published method, {first}, has {means[first][0]:.3f} and {means[first][1]:.2f}. The best method of "
        f"each pair has {each:.3f}."
    )


def draw(rows: list[Row]) -> Any:
    """The cosine by dimension for each number of funnels: all critics trained here, and the best published ones."""
    rows = [row for row in rows if row["pair"] == "funnels"] or rows
    kinds = sorted({row["funnels"] for row in rows if "funnels" in row}) or [None]
    dimensions = sorted({row["dimension"] for row in rows})
    figure = figures.page(6.8)
    panels = figure.subplots(2, len(kinds), sharex=True, sharey="row", squeeze=False)
    shown = [*METHODS, *(f"published {name}" for name in ("wgan-lp", "sort-out"))]
    for axes_of_kind, kind in zip(panels.T, kinds, strict=True):
        for number, method in enumerate(shown):
            mine = [row for row in rows if row["method"] == method and row.get("funnels") == kind]
            places, style = [row["dimension"] for row in mine], figures.mark(number)
            if method.startswith("published"):
                style |= {"color": figures.REAL, "fillstyle": "none"}
            axes_of_kind[0].plot(places, [row["cosine"] for row in mine], label=method, **style)
            errors = [100 * (row["estimate"] / row["w1"] - 1) for row in mine]
            axes_of_kind[1].plot(places, errors, label=method, **style)
        axes_of_kind[0].set_title(f"{kind} funnels" if kind else rows[0]["pair"])
        axes_of_kind[1].set_xlabel("dimensions")
        axes_of_kind[1].axhline(0, color=figures.REAL, linewidth=1)
    panels[0, 0].set(xscale="log", ylabel="cosine to the true gradient", ylim=(-0.05, 1.05))
    panels[0, 0].set_xticks(dimensions, [str(d) for d in dimensions])
    panels[0, 0].minorticks_off()
    panels[1, 0].set_ylabel("error of the estimate of W1, %")
    panels[1, 0].set_yscale("symlog", linthresh=100)
    panels[1, 0].set_ylim(-120, 1200)
    panels[1, 0].set_yticks([-100, -50, 0, 50, 100, 1000], [f"{MINUS}100", f"{MINUS}50", "0", "50", "100", "1000"])
    figures.key(figure, *panels[0], columns=3)
    return figure


STUDY = Study(
    title="do critics follow the gradient of the true distance, on pairs whose W1 is known?",
    claim=(
        "Critics with a gradient penalty, and orthogonal critics with GroupSort, recover most of the gradient of the "
        "best potential. Clipped and spectrally normalised critics recover hardly any."
    ),
    source="Korotin, Kolesov, Burnaev 2022, arXiv 2206.07767",
    cases=cases,
    measure=measure,
    judge=judge,
    draw=draw,
)
