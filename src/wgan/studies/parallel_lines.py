"""Two parallel segments: which distances depend on how far apart they are, exactly and as trained critics estimate."""

from typing import Any

import numpy as np

from wgan.maths.divergences import divergence, variational_bound
from wgan.maths.known import independent, known
from wgan.reports import figures
from wgan.studies import Row, Study
from wgan.studies.fixed import fixed
from wgan.training.critic import critic_w1

DISTANCES = {  # a critic with the objective fgan-NAME estimates a divergence, a Lipschitz critic estimates W1
    "js": "Jensen-Shannon divergence, nats",
    "tv": "total variation",
    "w1": "Wasserstein-1",
    "kl": "KL(real || fake), nats",
    "reverse-kl": "KL(fake || real), nats",
}
SHOWN = {"w1": "Wasserstein-1", "js": "Jensen-Shannon", "tv": "total variation"}  # the figure has no room for infinity
LIPSCHITZ: Row = {"constraint": "spectral", "activation": "groupsort", "width": 64, "depth": 2}  # its value is a bound
ROWS, FRESH = 16_384, 4_096  # rows of each set to train on, and fresh rows to estimate with
SIZES = {  # for each scale: theta (-theta and 0 are added), steps of training, seeds
    "quick": ((0.1, 0.25, 0.5, 1.0), (100, 500), (0,)),
    "medium": ((0.01, 0.05, 0.1, 0.25, 0.5, 1.0), (100, 500, 2500), (0, 1)),
    "full": (
        (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
        (100, 500, 2500, 12500),
        (0, 1, 2),
    ),
}


def cases(scale: str) -> list[Row]:
    """Every distance at every theta, after every length of training."""
    half, lengths, seeds = SIZES[scale]
    return [
        {"distance": distance, "theta": theta, "steps": steps, "seed": seed}
        for seed in seeds
        for theta in (*[-theta for theta in half[::-1]], 0.0, *half)
        for steps in lengths
        for distance in DISTANCES
    ]


def measure(distance: str, theta: float, steps: int, seed: int) -> Row:
    """The distance from real rows (0, y) to fakes (theta, y), y uniform in [0, 1]: exact, and by a trained critic.

    `estimate` is the critic's lower bound on rows that it has not seen. `gradient` is the derivative of this bound by
    theta, which a generator that minimises the bound would follow. `exact_gradient` is the derivative of the distance,
    or None if the distance is infinite or has a corner or a step there.
    """
    pair = known("parallel-lines", theta=theta)
    (real, fake), (fresh_real, fresh_fake) = (independent(pair, n, seed + k)[::-1] for k, n in enumerate((ROWS, FRESH)))
    if distance == "w1":
        critic = critic_w1(real, fake, steps=steps, seed=seed, **LIPSCHITZ)
        estimate = float(critic.score(fresh_real).mean() - critic.score(fresh_fake).mean())
        gradient = -float(critic.gradient(fresh_fake)[:, 0].mean())
        row = {"exact": pair.w1, "estimate": estimate, "lower": critic.lower}
        return row | {"exact_gradient": float(np.sign(theta)) if theta else None, "gradient": gradient}
    player = {"objective": f"fgan-{distance}", "generator_objective": "saturating", "constraint": "none"}
    found = fixed(real, fake, seed, steps=steps, **player)
    bound = variational_bound(distance, found.score(fresh_real), found.score(fresh_fake))
    exact = divergence(distance, *(([1, 0], [0, 1]) if theta else ([1], [1])))  # the lines as two atoms, or as one
    row = {"exact": exact, "estimate": bound.value, "standard_error": bound.standard_error}
    flat = theta and np.isfinite(exact)
    gradient = float(found.generator_gradient(fresh_fake, player["objective"])[:, 0].mean())
    return row | {"exact_gradient": 0.0 if flat else None, "gradient": gradient}


def judge(rows: list[Row]) -> tuple[bool | None, str]:
    """Whether only W1 changes with theta (other than 0), both exactly and as critics estimate the distances."""
    apart = [row for row in rows if row["theta"]]
    exact = all(
        row["exact"] == abs(row["theta"])
        if row["distance"] == "w1"
        else row["exact"] == _exact_when_apart(row["distance"])
        for row in apart
    )
    last = max(row["steps"] for row in rows)
    trained = {
        name: [row for row in apart if row["distance"] == name and row["steps"] == last and abs(row["theta"]) >= FAR]
        for name in DISTANCES
    }
    w1 = [row["estimate"] / row["exact"] for row in trained["w1"]]
    pull = [row["gradient"] * np.sign(row["theta"]) for row in trained["w1"]]
    share = {name: [row["estimate"] / row["exact"] for row in trained[name]] for name in ("js", "tv")}
    flat = max(abs(row["gradient"]) for name in ("js", "tv") for row in trained[name])
    highest = {name: max(row["estimate"] for row in trained[name]) for name in ("kl", "reverse-kl")}
    measured = (
        f"For every theta but 0, the exact values are |theta| for W1, {np.log(2):.3f} for JS, 1 for TV, and infinity "
        f"for both KL. The next numbers are for |theta| of at least {FAR:g}, after {last:,} updates of the "
        f"critics. The estimates of W1 are {min(w1):.2f} to {max(w1):.2f} times the exact value, and the gradient away "
        f"from 0 is {min(pull):.2f} to {max(pull):.2f}. The estimates of JS are {min(share['js']):.2f} to "
        f"{max(share['js']):.2f} times the exact value, and those of TV {min(share['tv']):.2f} to "
        f"{max(share['tv']):.2f} times. Their gradients are at most {flat:.1g}. The lower bounds of the two "
        f"infinite KL reach {highest['kl']:.3g} and {highest['reverse-kl']:.3g}."
    )
    close = all(abs(value - 1) < 0.1 for value in w1 + pull)
    return exact and close and min(share["js"] + share["tv"]) > 0.9 and flat < 0.1, measured


def draw(rows: list[Row]) -> Any:
    """Three of the distances against theta, and below each the gradient that a generator would follow."""
    last = max(row["steps"] for row in rows)
    figure = figures.page(5.2)
    panels = figure.subplots(2, len(SHOWN), sharex=True, sharey="row")
    for number, name in enumerate(SHOWN):
        mine = [row for row in rows if row["distance"] == name and row["steps"] == last]
        right, left = [row for row in mine if row["theta"] > 0], [row for row in mine if row["theta"] < 0]
        style = figures.mark(0) | {"linestyle": "none", "fillstyle": "none", "markersize": 7}
        for axes, exact, column in zip(
            panels[:, number], ("exact", "exact_gradient"), ("estimate", "gradient"), strict=True
        ):
            for side in (left, right):
                side = sorted(side, key=lambda row: row["theta"])
                places = [row["theta"] for row in side]
                axes.plot(places, [row[exact] for row in side], color=figures.REAL, label="exact")
                label = f"a trained critic, {last:,} updates"
                axes.plot(places, [row[column] for row in side], label=label, **style)
        panels[0, number].set_title(SHOWN[name])
        panels[1, number].set_xlabel("theta")
    panels[0, 0].set_ylabel("distance")
    panels[1, 0].set_ylabel("its slope by theta")
    panels[0, 0].set_ylim(-0.05, 1.1)
    panels[1, 0].set_ylim(-1.25, 1.25)
    figures.key(figure, panels[0, 0])
    return figure


def _exact_when_apart(distance: str) -> float:
    """The exact distance of the lines if theta is not 0; for W1, which depends on theta, the 0 is not used."""
    return 0.0 if distance == "w1" else divergence(distance, [1, 0], [0, 1])


FAR = 0.25  # the verdict uses estimates with at least this |theta|

STUDY = Study(
    title="which distances show how far apart two parallel lines are?",
    claim=(
        "W1 is |theta|. For every theta other than 0, the Jensen-Shannon divergence is log 2, the total variation is "
        "1, and both KL divergences are infinite. So only W1 has a gradient with respect to theta."
    ),
    source="Arjovsky, Chintala, Bottou 2017, arXiv 1701.07875, Example 1",
    cases=cases,
    measure=measure,
    judge=judge,
    draw=draw,
)
