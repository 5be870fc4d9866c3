"""The least work to move earth, computed in three ways that agree: by hand, by a solver's plan and by a potential."""

from typing import Any

import numpy as np

from wgan.maths import streams
from wgan.maths.transport import emd, w1
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
    measured = f"recursion, plan and potential agree to {worst:.1g} of the cost, at worst of {len(rows)} problems"
    for row in rows:
        if row["problem"] == "worked example":
            holds = holds and row["recursion"] == 5 and row["moves"] == [2, 2, -1, 0]
            measured += f"; the worked example costs {row['recursion']:g} by the moves {row['moves']}"
        if row["problem"] == "heaps and holes":
            measured += f"; in the plane {row['plan']:.2f} does where the nearest way first takes "
            measured += f"{row['nearest_first']:.2f}"
    return holds, measured + "."


def draw(rows: list[Row]) -> Any:
    """The worked example with its potential, two plans in the plane, and the differences between the numbers."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 8), dpi=110, layout="constrained")
    axes = figure.subplot_mosaic("AAB;CDE", height_ratios=(5, 4))
    for row in rows:
        if row["problem"] == "worked example":
            _draw_moves(axes["A"], row)
            _draw_potential(axes["B"], row)
        if row["problem"] == "heaps and holes":
            axes["C"].set_title(f"the shortest way first: work {row['nearest_first']:.2f}")
            _draw_plan(axes["C"], row["other_source"], row["other_target"], row["other_amount"])
            axes["D"].set_title(f"the least work: {row['plan']:.2f}")
            _draw_plan(axes["D"], row["source"], row["target"], row["amount"])
    for number, (name, marker) in enumerate((("histograms", "o"), ("heaps and holes", "x"))):
        mine = [row for row in rows if row["problem"].endswith(name)]
        places, differences = [row["bins"] for row in mine], [max(row["difference"], 1e-17) for row in mine]
        axes["E"].loglog(places, differences, marker, color=f"C{number}", label=name)
    axes["E"].axhline(AGREE, color="0.4", linestyle="--", linewidth=1)
    axes["E"].set_ylim(3e-18, 1e-7)
    axes["E"].set_title("plan and potential cost the same")
    axes["E"].set_xlabel("bins, or heaps and holes")
    axes["E"].set_ylabel("difference, in parts of the cost")
    axes["E"].legend(loc="lower right")
    axes["E"].grid(alpha=0.4)
    return figure


def _draw_moves(axes: Any, row: Row) -> None:
    """P as heaps above the ground and Q as holes below, each unit in the colour of the column it comes from."""
    from matplotlib.patches import Rectangle

    gap = 0.8  # between the blocks and the ground, where the arrows are

    def block(column: int, low: float, source: int) -> None:
        axes.add_patch(Rectangle((column + 0.6, low), 0.8, 1, facecolor=f"C{source}", edgecolor="white", linewidth=2))

    filled = [0] * len(P)
    for source, target, amount in sorted(zip(row["source"], row["target"], row["amount"], strict=True)):
        for _ in range(round(amount)):
            filled[target] += 1
            block(target, -gap - filled[target], source)
    for column, height in enumerate(P):
        for unit in range(height):
            block(column, gap + unit, column)
        axes.text(column + 1, gap + 0.1 + height, f"P = {height}", ha="center", va="bottom", fontsize=12)
        axes.text(column + 1, -gap - 0.1 - Q[column], f"Q = {Q[column]}", ha="center", va="top", fontsize=12)
    for column, flow in enumerate(row["moves"][:-1]):
        ends = (column + 1.2, column + 1.8)[:: 1 if flow > 0 else -1]
        arrow = {"arrowstyle": "-|>", "lw": 1.5 + abs(flow), "color": "0.2"}
        axes.annotate("", (ends[1], -0.25), (ends[0], -0.25), arrowprops=arrow)
        axes.text(column + 1.5, 0, f"{abs(flow)}", ha="center", va="bottom", fontsize=15, weight="bold")
    for level in (-gap, gap):
        axes.axhline(level, color="0.6", linewidth=1)
    work = " + ".join(f"|{flow}|" for flow in row["moves"])
    axes.set_title(
        "earth carried from heaps P to holes Q, by column: $\\delta_{i+1} = \\delta_i + P_i - Q_i$\n"
        f"work {work} = {row['recursion']:g}".replace("-", MINUS)
    )
    axes.set_xlim(0.4, len(P) + 0.6)
    axes.set_ylim(-gap - max(Q) - 0.7, gap + max(P) + 0.7)
    axes.set_xticks(range(1, len(P) + 1))
    axes.set_yticks([])
    axes.set_xlabel("column")


def _draw_potential(axes: Any, row: Row) -> None:
    """The potential f, the price of earth in each column; carrying earns the difference of two prices."""
    columns, f = np.arange(1, len(P) + 1), np.array(row["f"]) - min(row["f"])
    axes.plot(columns, f, "o-", color="C4")
    for column, price, surplus in zip(columns, f, np.subtract(P, Q), strict=True):
        axes.annotate(
            f"{surplus:+d}".replace("-", MINUS),
            (column, price),
            (0, 9),
            textcoords="offset points",
            ha="center",
            fontsize=12,
        )
    axes.set_title(f"a potential f, nowhere steeper than 1\n$\\sum (P_i - Q_i)\\,f_i$ = {row['potential']:g}")
    axes.set_xlabel(f"column (above each point: P {MINUS} Q)")
    axes.set_ylabel("f, in units of distance")
    axes.set_xticks(columns)
    axes.set_ylim(-0.3, f.max() + 0.5)
    axes.grid(alpha=0.4)


def _draw_plan(axes: Any, source: Any, target: Any, amount: Any) -> None:
    heaps, holes = np.array(HEAPS), np.array(HOLES)
    axes.scatter(*heaps.T, s=90 * np.array(P), color=[f"C{i}" for i in range(len(P))], zorder=2)
    axes.scatter(*holes.T, s=90 * np.array(Q), facecolor="none", edgecolor="0.3", linestyle="--", zorder=2)
    for i, j, earth in zip(source, target, amount, strict=True):
        arrow = {"arrowstyle": "-|>", "color": f"C{int(i)}", "lw": 1 + earth / 2}
        axes.annotate("", holes[int(j)], heaps[int(i)], arrowprops=arrow)
        box = {"boxstyle": "circle,pad=0.15", "facecolor": "white", "edgecolor": "none"}
        axes.text(*(0.6 * heaps[int(i)] + 0.4 * holes[int(j)]), f"{earth:g}", ha="center", va="center", bbox=box)
    axes.set_aspect("equal")
    axes.margins(0.2)
    axes.set_xlabel("east (filled: heaps, dashed: holes)")
    axes.set_ylabel("north")


def _on_the_line(positions: np.ndarray) -> np.ndarray:
    """Positions as points of the plane, where the solver cannot use the recursion itself."""
    return np.column_stack([positions, np.zeros_like(positions)])


def _amounts(random: np.random.Generator, bins: int) -> np.ndarray:
    """Random whole amounts [bins] with the same total in every draw."""
    return random.multinomial(bins * LARGEST // 2, random.dirichlet(np.ones(bins)))


STUDY = Study(
    title="the earth mover's distance by hand, by a solver's plan and by a potential",
    claim=(
        "The recursion over the columns, the linear programme over plans and its dual over potentials give the same "
        "cost; it is 5 for P = [3, 2, 1, 4] and Q = [1, 2, 4, 3], by the moves 2, 2, -1, 0."
    ),
    source="Kantorovich and Rubinstein 1958, as in Arjovsky et al. 2017, arXiv 1701.07875, and the notes on it",
    cases=cases,
    measure=measure,
    judge=judge,
    draw=draw,
)
