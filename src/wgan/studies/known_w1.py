"""Do critics follow the gradient of the true distance? On pairs whose W1 is known, next to the published table."""

from typing import Any

import numpy as np

from wgan.maths.known import PUBLISHED_SEED, Pair, independent, known
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
    "default": {"steps": 6_000},
}

MINUS = "\N{MINUS SIGN}"
DIMENSIONS = (2, 4, 8, 16, 32, 64, 128)
MEASURED = {"quick": (2, 16), "medium": (2, 8, 32, 128), "full": DIMENSIONS}
# From arXiv 2206.07767, by (method, funnels) for each of DIMENSIONS: cosine, and deviation of the estimate in per cent
COSINE = {
    ("clip", 4): (0.07, 0.27, 0.34, 0.33, 0.40, 0.39, 0.36),
    ("two-sided", 4): (0.84, 0.95, 0.96, 0.96, 0.95, 0.92, 0.92),
    ("one-sided", 4): (0.82, 0.95, 0.96, 0.96, 0.95, 0.92, 0.93),
    ("spectral", 4): (0.21, 0.36, 0.35, 0.35, 0.42, 0.43, 0.37),
    ("orthogonal-groupsort", 4): (0.77, 0.91, 0.89, 0.97, 0.98, 0.96, 0.93),
    ("clip", 64): (0.07, 0.09, 0.12, 0.15, 0.18, 0.13, 0.14),
    ("two-sided", 64): (0.35, 0.67, 0.82, 0.78, 0.73, 0.61, 0.64),
    ("one-sided", 64): (0.68, 0.82, 0.83, 0.78, 0.73, 0.60, 0.62),
    ("spectral", 64): (0.07, 0.15, 0.19, 0.16, 0.14, 0.12, 0.14),
    ("orthogonal-groupsort", 64): (0.66, 0.50, 0.47, 0.57, 0.74, 0.83, 0.64),
}
DEVIATION = {
    ("clip", 4): (-96, -71, -41, -11, 56, 135, 726),
    ("two-sided", 4): (5, 4, 6, 7, 9, -2, -1),
    ("one-sided", 4): (8, 7, 5, 9, 5, 3, 0),
    ("spectral", 4): (-81, -68, -69, -67, -60, -54, -68),
    ("orthogonal-groupsort", 4): (-7, -9, -10, -3, -2, 1, -8),
    ("clip", 64): (-102, -92, -83, -67, -66, -47, 168),
    ("two-sided", 64): (-45, -19, -8, -13, -23, -38, -32),
    ("one-sided", 64): (-3, -3, -6, -13, -24, -37, -34),
    ("spectral", 64): (-99, -89, -86, -87, -88, -88, -82),
    ("orthogonal-groupsort", 64): (-63, -64, -57, -45, -32, -18, -34),
}

ROWS = 65_536  # rows of each set that a critic is trained on
FRESH = 4_096  # rows that it is measured on, as published
SHORT = {"quick": {"steps": 750, "batch": 256}, "medium": {"steps": 2_000, "batch": 256}}  # for every critic
FASTER = {"learning_rate": 2e-3, "decay": "linear"}  # below full for published critics, whose rate needs more updates


def cases(scale: str) -> list[Row]:
    """Every method on every pair of funnels and on a pair of shells; below full: fewer dimensions, short training."""
    pairs: list[Row] = [
        {"pair": "funnels", "dimension": dimension, "funnels": funnels}
        for dimension in MEASURED[scale]
        for funnels in (4, 64)
    ]
    pairs += [{"pair": "shells", "dimension": 16}]
    return [
        {**pair, "method": method, "seed": PUBLISHED_SEED, "steps": fields["steps"]}
        | (SHORT[scale] | (FASTER if method != "default" else {}) if scale in SHORT else {})
        for pair in pairs
        for method, fields in METHODS.items()
    ]


def measure(pair: str, dimension: int, method: str, seed: int, funnels: int = 0, **fields: Any) -> Row:
    """Train one critic on rows of a pair and compare it with the truth on fresh rows."""
    truth = known(pair, dimension=dimension, **({"funnels": funnels, "seed": seed} if funnels else {}))
    real, fake = independent(truth, ROWS, seed)
    width = {} if method == "default" else {"width": max(2 * dimension, 128)}
    found = critic_w1(real, fake, seed=seed, **METHODS[method] | width | fields)
    row = {"w1": truth.w1, **against(truth, found, seed + 1)}
    row |= {"lower": found.lower, "lipschitz_lower": found.lipschitz_lower, "lipschitz_upper": found.lipschitz_upper}
    if (method, funnels) in COSINE and dimension in DIMENSIONS:
        column = DIMENSIONS.index(dimension)
        row["published_cosine"] = COSINE[method, funnels][column]
        row["published_deviation"] = float(DEVIATION[method, funnels][column])
    return row


def against(truth: Pair, found: CriticW1, seed: int) -> Row:
    """Compare the critic's gradient g with the true one g* over fresh real rows, and its estimate with W1.

    cosine = E<g, g*> / sqrt(E|g|^2 E|g*|^2); scale = E<g, g*> / E|g|^2, the factor by which g fits g* best; deviation =
    100 (estimate / W1 - 1), in per cent.
    """
    real, fake = independent(truth, FRESH, seed)
    g, best = found.gradient(real), truth.gradient(real)
    product, square = (g * best).sum(1).mean(), (g * g).sum(1).mean()
    gap = float(found.score(real).mean() - found.score(fake).mean())
    return {
        "cosine": float(product / np.sqrt(square * (best * best).sum(1).mean())),
        "scale": float(product / square),
        "estimate": gap,
        "deviation": 100 * (gap / truth.w1 - 1),
    }


def judge(rows: list[Row]) -> tuple[bool | None, str]:
    """Whether penalised and orthogonal critics follow the true gradient better than clipped and spectral ones."""
    rows = [row for row in rows if row["pair"] == "funnels"]
    mean = {
        method: float(np.mean([row["cosine"] for row in rows if row["method"] == method]))
        for method in dict.fromkeys(row["method"] for row in rows)
    }
    good = [value for method, value in mean.items() if method in ("two-sided", "one-sided", "orthogonal-groupsort")]
    bad = [value for method, value in mean.items() if method in ("clip", "spectral")]
    ours = [row for row in rows if row["method"] == "default"]
    published = [COSINE["one-sided", row["funnels"]][DIMENSIONS.index(row["dimension"])] for row in ours]
    measured = "Mean cosine to the true gradient over the funnel pairs: "
    measured += ", ".join(f"{method} {value:.2f}" for method, value in mean.items()) + "."
    if ours:
        dimensions = ", ".join(map(str, sorted({row["dimension"] for row in ours})))
        measured += (
            f" The default critic has {np.mean([row['cosine'] for row in ours]):.2f} in dimensions {dimensions} after "
            f"{ours[0]['steps']:,} updates. The published critic with a one-sided penalty has {np.mean(published):.2f} "
            "after 60,000."
        )
    return (min(good) > max(bad) if good and bad else None), measured


def draw(rows: list[Row]) -> Any:
    """Cosine and deviation of each method by dimension, for each number of funnels; published values are hollow."""
    rows = [row for row in rows if row["pair"] == "funnels"] or rows
    kinds, dimensions = (sorted({row[name] for row in rows if name in row}) for name in ("funnels", "dimension"))
    kinds = kinds or [None]
    figure = figures.page(6.8)
    panels = figure.subplots(2, len(kinds), sharex=True, sharey="row", squeeze=False)
    for axes_of_kind, kind in zip(panels.T, kinds, strict=True):
        for number, method in enumerate(METHODS):
            mine = [row for row in rows if row["method"] == method and row.get("funnels") == kind]
            places = [row["dimension"] for row in mine]
            for axes, column in zip(axes_of_kind, ("cosine", "deviation"), strict=True):
                axes.plot(places, [row[column] for row in mine], label=method, **figures.mark(number))
                published = [row.get(f"published_{column}") for row in mine]
                published = [np.nan if value is None else value for value in published]
                hollow = figures.mark(number) | {"linestyle": "none", "fillstyle": "none", "markersize": 9}
                axes.plot(places, published, **hollow)
        axes_of_kind[0].plot([], [], "ko", fillstyle="none", markersize=9, linestyle="none", label="published (hollow)")
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
    figures.key(figure, panels[0, 0])
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
