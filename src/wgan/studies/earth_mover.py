"""The least work to move earth, computed in three ways that agree: by hand, by a solver's plan and by a potential."""

from typing import Any

import numpy as np

from wgan.maths import streams
from wgan.maths.transport import emd, w1
from wgan.reports import figures
from wgan.studies import Row, Study

P, Q = [3, 2, 1, 4], [1, 2, 4, 3]  # the worked example
HEAPS = [[0.0, 0.0], [0.2, 1.0], [1.0, 2.0], [2.0, 0.0]]  # places in the plane of the amounts P
HOLES = [[1.0, 0.0], [1.0, 1.0], [2.5, 1.0], [0.0, 2.0]]  # places in the plane of the amounts Q
MINUS = "\N{MINUS SIGN}"
AGREE = 1e-9  # largest relative difference at which two numbers count as equal
LARGEST = 20  # twice the mean amount of earth in a random bin


def cases(scale: str) -> list[Row]:
    """The worked example, random histograms over uneven bins, and heaps and holes in the plane."""
    sizes, seeds = ((5, 20, 100), (0, 1)) if scale == "quick" else ((5, 20, 100, 500), (0, 1, 2, 3, 4))
    random: list[Row] = [{"bins": bins, "seed": seed} for bins in sizes for seed in seeds]
    return [
        {"problem": "worked example", "bins": 4},
        {"problem": "heaps and holes", "bins": 4},
        *[{"problem": "random histograms", **case} for case in random],
        *[{"problem": "random heaps and holes", **case} for case in random],
    ]


def measure(problem: str, bins: int, seed: int = 0) -> Row:
    """The cost by the recursion over the bins (on a line), the cost of a solver's plan, and the value of its
    potential."""
    random = streams.stream(seed, "known", bins)
    match problem:
        case "worked example":
            x = y = _on_the_line(np.arange(1.0, 5.0))
            p, q = np.array(P), np.array(Q)
        case "heaps and holes":
            x, y, p, q = np.array(HEAPS), np.array(HOLES), np.array(P), np.array(Q)
        case "random histograms":
            x = y = _on_the_line(np.cumsum(random.uniform(0.5, 1.5, bins)))
            p, q = _amounts(random, bins), _amounts(random, bins)
        case _:
            x, y = random.uniform(0, 10, (2, bins, 2))
            p, q = _amounts(random, bins), _amounts(random, bins)
    row = transported(x, y, p, q)
    if problem in ("worked example", "random histograms"):
        by_hand = emd(p, q, positions=x[:, 0])
        row |= {"recursion": by_hand.cost, "moves": by_hand.moves}
    else:
        source, target, amount = nearest_first(x, y, p, q)
        row |= {"nearest_first": float(amount @ np.linalg.norm(x[source] - y[target], axis=1))}
        row |= {"other_source": source, "other_target": target, "other_amount": amount}
    values = [row[name] for name in ("recursion", "plan", "potential") if name in row]
    row["difference"] = (max(values) - min(values)) / max(values)
    return row


def transported(x: np.ndarray, y: np.ndarray, p: np.ndarray, q: np.ndarray) -> Row:
    """A solver's plan and potential f for moving amounts p [n] at x [n, 2] to amounts q [m] at y [m, 2].

    `plan` is the cost of the plan; no plan costs less. `potential` is the value sum p f(x) - sum q f(y), which is at
    most the cost of any plan if f is nowhere steeper than 1; `steepest` is the steepest slope of f.
    """
    found = w1(x, y, p, q, method="exact", solution=True)
    assert found.plan is not None
    assert found.potentials is not None
    (source, target, share), (on_x, on_y) = found.plan, found.potentials
    points, f = np.concatenate([x, y]), np.concatenate([on_x, on_y])
    distance = np.linalg.norm(points[:, None] - points, axis=2)
    rise = np.abs(f[:, None] - f)
    return {
        "plan": float(share @ np.linalg.norm(x[source] - y[target], axis=1) * p.sum()),
        "potential": float(p @ on_x - q @ on_y),
        "steepest": float(np.divide(rise, distance, out=np.zeros_like(rise), where=distance > 0).max()),
        "method": found.method,
        "source": source,
        "target": target,
        "amount": share * p.sum(),
        "f": on_x,
    }


def nearest_first(x: np.ndarray, y: np.ndarray, p: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, ...]:
    """The greedy plan (source, target, amount) that moves as much as fits along the shortest way first."""
    distance = np.linalg.norm(x[:, None] - y, axis=2)
    earth, room, moves = p.copy(), q.copy(), []
    for i, j in zip(*np.unravel_index(np.argsort(distance, axis=None, kind="stable"), distance.shape), strict=True):
        amount = min(earth[i], room[j])
        earth[i], room[j] = earth[i] - amount, room[j] - amount
        if amount:
            moves.append((i, j, amount))
    return tuple(np.array(moves).T)


def judge(rows: list[Row]) -> tuple[bool | None, str]:
    """Whether the three numbers agree and the worked example has its known answer."""
    worst = max(row["difference"] for row in rows)
    holds = worst <= AGREE and all(row["steepest"] <= 1 + AGREE for row in rows)
    measured = f"In {len(rows)} problems, recursion, plan and potential differ by at most {worst:.1g} of the cost."
    for row in rows:
        if row["problem"] == "worked example":
            holds = holds and row["recursion"] == 5 and row["moves"] == [2, 2, -1, 0]
            measured += f" The worked example costs {row['recursion']:g}, with the moves {row['moves']}."
        if row["problem"] == "heaps and holes":
            measured += f" In the plane, the best plan costs {row['plan']:.2f}, and the plan that takes the shortest "
            measured += f"way first costs {row['nearest_first']:.2f}."
    return holds, measured


def draw(rows: list[Row]) -> Any:
    """The worked example with its potential, and two plans in the plane."""
    figure = figures.page(7.2)
    above, below = figure.subfigures(2, 1, height_ratios=(5, 4))
    moves, potential = above.subplots(1, 2, width_ratios=(3, 2))
    greedy, least = below.subplots(1, 2, sharey=True)
    for row in rows:
        if row["problem"] == "worked example":
            _draw_moves(moves, row)
            _draw_potential(potential, row)
        if row["problem"] == "heaps and holes":
            greedy.set_title(f"the shortest way first: work {row['nearest_first']:.2f}")
            _draw_plan(greedy, row["other_source"], row["other_target"], row["other_amount"])
            least.set_title(f"the least work: {row['plan']:.2f}")
            _draw_plan(least, row["source"], row["target"], row["amount"])
    greedy.set_ylabel("north")
    return figure


def _draw_moves(axes: Any, row: Row) -> None:
    """P as heaps above the ground and Q as holes below; each unit has the colour and number of the column it leaves."""
    from matplotlib.patches import Rectangle

    gap = 0.8  # between the blocks and the ground, where the arrows are

    def block(column: int, low: float, source: int) -> None:
        colour = figures.COLOURS[source]
        axes.add_patch(Rectangle((column + 0.6, low), 0.8, 1, facecolor=colour, edgecolor="white", linewidth=1.5))
        axes.text(column + 1, low + 0.47, source + 1, ha="center", va="center", color="white", fontsize=9)

    filled = [0] * len(P)
    for source, target, amount in sorted(zip(row["source"], row["target"], row["amount"], strict=True)):
        for _ in range(round(amount)):
            filled[target] += 1
            block(target, -gap - filled[target], source)
    for column, height in enumerate(P):
        for unit in range(height):
            block(column, gap + unit, column)
        axes.text(column + 1, gap + 0.1 + height, f"P = {height}", ha="center", va="bottom")
        axes.text(column + 1, -gap - 0.1 - Q[column], f"Q = {Q[column]}", ha="center", va="top")
    for column, flow in enumerate(row["moves"][:-1]):
        ends = (column + 1.25, column + 1.75)[:: 1 if flow > 0 else -1]
        arrow = {"arrowstyle": "-|>,head_width=0.25,head_length=0.5", "lw": 1.5, "color": "black", "shrinkA": 0}
        axes.annotate("", (ends[1], -0.35), (ends[0], -0.35), arrowprops=arrow | {"shrinkB": 0})
        axes.text(column + 1.5, -0.1, f"{abs(flow)}", ha="center", va="bottom", weight="bold")
    work = " + ".join(f"{abs(flow)}" for flow in row["moves"] if flow)
    axes.set_title(f"heaps P fill holes Q: work {work} = {row['recursion']:g}")
    axes.set_xlim(0.4, len(P) + 0.6)
    axes.set_ylim(-gap - max(Q) - 0.9, gap + max(P) + 0.9)
    axes.set_xticks(range(1, len(P) + 1))
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False)
    axes.set_xlabel("column")


def _draw_potential(axes: Any, row: Row) -> None:
    """The potential f, the price of earth in each column; carrying earns the difference of two prices."""
    columns, f = np.arange(1, len(P) + 1), np.array(row["f"]) - min(row["f"])
    axes.plot(columns, f, **figures.mark(0))
    axes.set_title(f"prices f: value {row['potential']:g}")
    axes.set_xlabel(f"column, and below it P {MINUS} Q")
    axes.set_ylabel("price f of a unit of earth")
    surplus = [f"{more:+d}".replace("-", MINUS) for more in np.subtract(P, Q)]
    axes.set_xticks(columns, [f"{column}\n{more}" for column, more in zip(columns, surplus, strict=True)])


def _draw_plan(axes: Any, source: Any, target: Any, amount: Any) -> None:
    heaps, holes = np.array(HEAPS), np.array(HOLES)
    axes.scatter(*heaps.T, s=70 * np.array(P), color=figures.COLOURS[: len(P)], zorder=2)
    axes.scatter(*holes.T, s=70 * np.array(Q), facecolor="none", edgecolor="0.3", linestyle="--", zorder=2)
    for i, j, earth in zip(source, target, amount, strict=True):
        arrow = {"arrowstyle": "-|>,head_width=0.25,head_length=0.5", "color": figures.COLOURS[int(i)], "lw": 2}
        axes.annotate("", holes[int(j)], heaps[int(i)], arrowprops=arrow | {"shrinkB": 5})
        box = {"boxstyle": "circle,pad=0.1", "facecolor": "white", "edgecolor": "none"}
        axes.text(*(0.6 * heaps[int(i)] + 0.4 * holes[int(j)]), f"{earth:g}", ha="center", va="center", bbox=box)
    axes.set_aspect("equal")
    axes.margins(0.18)
    axes.set_xlabel("east (filled: heaps; dashed: holes)")


def _on_the_line(positions: np.ndarray) -> np.ndarray:
    """Positions as points of the plane, where the solver cannot use the recursion itself."""
    return np.column_stack([positions, np.zeros_like(positions)])


def _amounts(random: np.random.Generator, bins: int) -> np.ndarray:
    """Random whole amounts [bins] with the same total in every draw."""
    return random.multinomial(bins * LARGEST // 2, random.dirichlet(np.ones(bins)))


STUDY = Study(
    title="do a calculation by hand, a solver's plan and a potential give the same earth mover's distance?",
    claim=(
        "Three methods give the same cost: the recursion over the columns, the linear programme over plans, and its "
        "dual over potentials. For P = [3, 2, 1, 4] and Q = [1, 2, 4, 3] the cost is 5, with the moves 2, 2, -1, 0."
    ),
    source="Kantorovich and Rubinstein 1958, as in Arjovsky et al. 2017, arXiv 1701.07875, and the notes on it",
    cases=cases,
    measure=measure,
    judge=judge,
    draw=draw,
)
