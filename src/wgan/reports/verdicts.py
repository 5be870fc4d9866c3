"""What a run's log says in words: what went wrong, by which numbers, and what to do about it.

A verdict is a function of a log as `runs.read_log` returns it: columns by name, missing entries NaN. It reads the last
quarter of the run, since what matters is the generator that the run ends with.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from wgan.runs.quantities import quantity

Log = dict[str, np.ndarray]


class Verdict(NamedTuple):
    """A finding. `kind` is "fault", "note" or "good", and `explains` names the verdicts that follow from this one."""

    name: str
    kind: str
    sentence: str
    evidence: str
    remedy: str = ""
    explains: tuple[str, ...] = ()


def verdicts(log: Log, config: dict[str, Any] | None = None) -> list[Verdict]:
    """The verdicts that the log supports, faults first. A verdict that an earlier fault explains is left out.

    Examples:
        >>> log = {"step": np.array([0.0, 50.0]), "fault": np.array([None, "critic_loss became nan"], dtype=object)}
        >>> [verdict.name for verdict in verdicts(log)]
        ['exploding critic']
    """
    found: list[Verdict] = []
    if not len(log.get("step", ())):
        return found
    for verdict in VERDICTS.values():
        one = verdict(log, config or {})
        if one and not any(one.name in other.explains for other in found):
            found.append(one)
    return sorted(found, key=lambda one: ("fault", "note", "good").index(one.kind))


def exploding_critic(log: Log, config: dict[str, Any]) -> Verdict | None:
    """A value is not finite, or a gradient norm is above 100, or above 10 in a run that moved away from the data."""
    remedy = (
        "Lower the learning rate, tenfold first, or use a constraint that bounds the critic, such as gradient-penalty."
    )
    if faults := _faults(log):
        at, text = faults[-1]
        evidence = f"{text} at step {at:,.0f}."
        return Verdict(
            "exploding critic",
            "fault",
            f"The critic exploded: training stopped at step {at:,.0f}.",
            evidence,
            remedy,
            ALL,
        )
    norms = {name: _column(log, name) for name in GRADIENT_NORMS}
    for name, values in norms.items():
        if (over := _first(log, values > STEEPEST)) is not None:
            sentence = f"The critic exploded: its gradient is unbounded since step {over:,}."
            evidence = f"{name} reached {_most(values):,.3g}, where a Lipschitz critic has 1."
            return Verdict("exploding critic", "fault", sentence, evidence, remedy, ALL)
    steepest, first, late = max(map(_most, norms.values()), default=0.0), _once(log, "w1"), _late(log, "w1")
    if steepest > 10 and late > 1.1 * first:
        evidence = (
            f"Samples are {late:.3g} from held-out rows, those of the untrained generator were {first:.3g}; the norm "
            f"of the critic's gradient reached {steepest:.3g}, where a Lipschitz critic has 1."
        )
        return Verdict("exploding critic", "fault", "The critic exploded, and the run diverged.", evidence, remedy, ALL)
    size, distance = np.abs(_column(log, "estimate")), _most(_column(log, "w1"))
    if distance > 0 and (over := _first(log, size > 30 * distance)) is not None:
        sentence = f"The critic exploded: its estimate left the scale of the distance at step {over:,}."
        evidence = f"The estimate reached {_most(size):,.3g}, where the distance never exceeded {distance:.3g}."
        return Verdict("exploding critic", "fault", sentence, evidence, remedy, ALL)
    return None


def vanishing_gradient(log: Log, config: dict[str, Any]) -> Verdict | None:
    """The critic's gradient at the samples, all that the generator learns from, is below 1e-3."""
    slope, clipped = _late(log, "gradient_norm_fake"), _late(log, "clipped_weights")
    if not slope < FLATTEST:
        return None
    evidence = f"The norm of the critic's gradient at samples is {slope:.1e}, where a 1-Lipschitz critic can have 1."
    if clipped > 0.5:
        bound = config.get("clip")
        evidence = f"{clipped:.0%} of the critic's weights sit at {f'+-{bound:g}' if bound else '+-c'}. " + evidence
        return Verdict(
            "vanishing gradient", "fault", "Clipping has saturated the critic, and its gradient vanishes.", evidence,
            "Raise --clip (0.01 is the paper's), or use --constraint gradient-penalty.", ALL,
        )  # fmt: skip
    return Verdict(
        "vanishing gradient", "fault", "The critic is flat at the samples: the generator has nothing to learn from.",
        evidence, "Use --constraint gradient-penalty, which asks for a gradient of norm 1.", ALL,
    )  # fmt: skip


def dead_generator(log: Log, config: dict[str, Any]) -> Verdict | None:
    """The critic's gradient reaches the samples, but not the generator's weights."""
    reaches, arrives = _late(log, "gradient_norm_fake"), _late(log, "generator_gradient")
    if not arrives < 1e-3 * reaches:
        return None
    return Verdict(
        "dead generator", "fault", "The generator is dead: no gradient arrives at its weights.",
        f"Its gradient has norm {arrives:.1e}, the critic's at the samples {reaches:.2g}.",
        "Its units are saturated: begin anew with a lower learning rate, or another --generator-norm.",
        ("mode collapse", "loss and distance", "still improving"),
    )  # fmt: skip


def memorising_generator(log: Log, config: dict[str, Any]) -> Verdict | None:
    """More samples stand on a training row than held-out rows do, by four standard errors and 2 %."""
    copied, floor, count = _late(log, "copied"), _floor(log, "copied"), _once(log, "measured_rows")
    if not (math.isfinite(copied) and math.isfinite(floor)):
        return None
    count = count if math.isfinite(count) else 100
    smoothed = (floor * count + 1) / (count + 2)
    if copied < floor + 0.02 + 4 * math.sqrt(smoothed * (1 - smoothed) / count):
        return None
    best = _best(log)
    return Verdict(
        "memorising generator", "fault", f"The generator copies training rows: {copied:.0%} of its samples do.",
        f"So many samples are at less than a third of the distance to one training row that they are to any other; of "
        f"held-out rows, {floor:.0%} are.",
        f"Train on more data, on fewer steps, or with a smaller generator.{best}",
        ("mode collapse", "memorising critic", "loss and distance", "still improving"),
    )  # fmt: skip


def mode_collapse(log: Log, config: dict[str, Any]) -> Verdict | None:
    """Samples are all alike, or realistic but of few kinds; not while the distance still falls."""
    if _improving(log) > 0.02:
        return None
    spread, near, near_floor = _late(log, "diversity"), _late(log, "nearest"), _floor(log, "nearest")
    few = [
        (name, _late(log, name), _floor(log, name))
        for name in ("classes", "coverage")
        if _late(log, name) < 0.5 * _floor(log, name)
    ]
    if not spread < 0.5 and not (few and near < 1.5 * near_floor):
        return None
    evidence = [f"Two samples differ by {spread:.0%} of what two real rows do."]
    for name, value, floor in few:
        if name == "classes":
            share, label = _late(log, "largest_class_share"), _last(log, "largest_class")
            evidence.append(
                f"They fall into {value:.1f} classes, real rows into {floor:.1f} (effective numbers); {share:.0%} of "
                f"them into class {label:.0f}."
            )
        else:
            evidence.append(f"They cover {value:.0%} of held-out rows, where training rows cover {floor:.0%}.")
    return Verdict(
        "mode collapse", "fault", "The generator has collapsed: its samples show few kinds of what is in the data.",
        " ".join(evidence),
        f"Use --objective wasserstein with --constraint gradient-penalty, and more --n-critic.{_best(log)}",
        ("memorising critic", "loss and distance", "still improving"),
    )  # fmt: skip


def memorising_critic(log: Log, config: dict[str, Any]) -> Verdict | None:
    """The estimates on training and on held-out rows part: a note from a quarter on, a fault from half of it on."""
    seen, unseen = _smooth(_column(log, "estimate")), _smooth(_column(log, "held_out_estimate"))
    gap, error = _late(log, "memorised_score"), _late(log, "memorised_score_error")
    late, late_unseen = _late(log, "estimate"), _late(log, "held_out_estimate")
    if not (gap > 3 * error and late > 0):
        return None
    share = (late - late_unseen) / late
    if share < 0.25:
        return None
    evidence = (
        f"The critic's estimate is {late:.3g} on training rows and {late_unseen:.3g} on held-out ones (medians of the "
        f"last quarter); its scores of the two differ by {gap / error:.0f} standard errors."
    )
    if share < 0.5:
        return Verdict(
            "memorising critic", "note", f"The critic has begun to memorise: {share:.0%} of its estimate is memory.",
            evidence, f"Read the held-out estimate, not the other; more data would help.{_best(log)}",
        )  # fmt: skip
    since = _since(log, (log["step"] > 0) & ~((seen - unseen) <= 0.25 * seen))
    return Verdict(
        "memorising critic", "fault", f"The critic memorises its training rows since step {since:,}.",
        evidence, f"Train on more data, or stop there.{_best(log)}", ("loss and distance",),
    )  # fmt: skip


def loss_and_distance(log: Log, config: dict[str, Any]) -> Verdict | None:
    """The rank correlation of the critic's estimate with the true W1, over the run, with its 95 % interval."""
    column = "held_out_estimate" if _logged(log, "held_out_estimate") else "estimate"
    estimate, distance = _column(log, column), _column(log, "generator_w1")
    both = np.isfinite(estimate) & np.isfinite(distance) & (log["step"] > 0)  # at step 0 the critic knows nothing
    count = int(both.sum())
    if count < 8:
        return None
    rank, low, high = rank_correlation(estimate[both], distance[both])
    evidence = (
        f"Rank correlation of {column} with the exact W1 of samples to held-out rows: {rank:.2f}, 95 % interval "
        f"{low:.2f} to {high:.2f}, over {count} records."
    )
    if low > 0.5:
        return Verdict("loss and distance", "good", "The critic's estimate tracks the distance.", evidence)
    if high < 0.5:
        return Verdict(
            "loss and distance", "note", "The critic's estimate does not track the distance.", evidence,
            "Judge this run by its W1 and its samples, not by its loss.",
        )  # fmt: skip
    return Verdict(
        "loss and distance", "note", "Whether the critic's estimate tracks the distance is not settled.", evidence,
        "A longer run, or a smaller --diagnose-every, gives more records.",
    )  # fmt: skip


def still_improving(log: Log, config: dict[str, Any]) -> Verdict | None:
    """The distance to held-out rows fell by more than 2 % in the last quarter of the run."""
    gain = _improving(log)
    if not gain > 0.02 or not _late(log, "w1") > 1.05 * _floor(log, "w1"):
        return None
    return Verdict(
        "still improving", "note", "The samples were still getting better at the last step.",
        f"The lowest W1 to held-out rows fell by {gain:.0%} in the last quarter of the run.", "Raise --steps.",
    )  # fmt: skip


def rank_correlation(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """Spearman's rank correlation of two series [n] and its 95 % interval, n at least 4.

    The interval is Fisher's z with the variance (1 + r^2 / 2) / (n - 3) of Bonett and Wright (2000). It takes the
    records as independent; records of one run are not quite, so that it is rather too narrow.

    Examples:
        >>> rank, low, high = rank_correlation(np.arange(20.0), np.arange(20.0) ** 3)
        >>> round(rank, 6)
        1.0
    """
    if min(np.ptp(first), np.ptp(second)) == 0:
        return 0.0, -1.0, 1.0  # a constant has no ranks
    from scipy.stats import rankdata

    rank = float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])
    z = math.atanh(min(max(rank, -1 + 1e-9), 1 - 1e-9))
    half = 1.96 * math.sqrt((1 + rank**2 / 2) / (len(first) - 3))
    return rank, math.tanh(z - half), math.tanh(z + half)


def median_filter(values: np.ndarray, width: int) -> np.ndarray:
    """The median of the `width` entries around each, fewer at the ends; NaN entries are passed over.

    Examples:
        >>> median_filter(np.array([1.0, 9.0, 2.0, 3.0]), 3)
        array([5. , 2. , 3. , 2.5])
    """
    half = width // 2
    parts = [values[max(0, i - half) : i + half + 1] for i in range(len(values))]
    return np.array([np.nanmedian(part) if np.isfinite(part).any() else math.nan for part in parts])


STEEPEST, FLATTEST = 100.0, 1e-3  # norms of the critic's gradient beyond which it is of no use
GRADIENT_NORMS = ("gradient_norm_real", "gradient_norm_fake", "gradient_norm_mixed", "gradient_norm")


def _logged(log: Log, name: str) -> bool:
    """Whether the log has this column. A name that is no logged quantity raises `KeyError`, as it would always be
    missing."""
    quantity(name)
    return name in log


def _column(log: Log, name: str) -> np.ndarray:
    """A column of numbers [records], NaN where an entry is missing or the column holds something else."""
    values = log[name] if _logged(log, name) else None
    return np.full(len(log["step"]), math.nan) if values is None or values.dtype == object else values


def _late(log: Log, name: str) -> float:
    """The median over the last quarter of the run; NaN where nothing is known."""
    values = _column(log, name)
    found = values[np.isfinite(values) & (log["step"] >= 0.75 * log["step"].max())]
    return float(np.median(found)) if len(found) else math.nan


def _floor(log: Log, name: str) -> float:
    """What real rows score in the samples' place; NaN where nothing is known."""
    floor = quantity(name).floor
    assert floor is not None, f"{name} has no floor"
    return _once(log, floor)


def _faults(log: Log) -> list[tuple[float, str]]:
    """The step and the words of each fault that ended the run."""
    texts = log["fault"] if _logged(log, "fault") else ()
    return [(step, text) for step, text in zip(log["step"], texts, strict=False) if isinstance(text, str)]


def _most(values: np.ndarray) -> float:
    """The largest finite value, at least 0."""
    return float(np.max(values, initial=0.0, where=np.isfinite(values)))


def _once(log: Log, name: str) -> float:
    """The first known value, for what is logged once; NaN where nothing is known."""
    values = _column(log, name)
    return float(values[np.isfinite(values)][0]) if np.isfinite(values).any() else math.nan


def _last(log: Log, name: str) -> float:
    """The last known value; NaN where nothing is known."""
    values = _column(log, name)
    return float(values[np.isfinite(values)][-1]) if np.isfinite(values).any() else math.nan


def _first(log: Log, true: np.ndarray) -> int | None:
    """The step of the first record where it is true; None where it never is."""
    return int(log["step"][true.argmax()]) if true.any() else None


def _since(log: Log, true: np.ndarray) -> int:
    """The first step from which on it was true in every record to the end."""
    false = np.flatnonzero(~true)
    return int(log["step"][min(len(true) - 1, false[-1] + 1)]) if len(false) else int(log["step"][0])


def _smooth(values: np.ndarray) -> np.ndarray:
    """The median over five records."""
    return median_filter(values, 5)


def _improving(log: Log) -> float:
    """By what share the lowest W1 fell in the last quarter of the run."""
    values = _column(log, "w1")
    known = np.isfinite(values)
    late = log["step"] > 0.75 * log["step"].max()
    before, after = values[known & ~late], values[known & late]
    return float(1 - after.min() / before.min()) if len(before) and len(after) and before.min() > 0 else 0.0


def _best(log: Log) -> str:
    """A sentence that names the step of the lowest W1, of which training kept a checkpoint."""
    values = _column(log, "w1")
    if not np.isfinite(values).any():
        return ""
    at = int(np.nanargmin(values))
    return f" The best checkpoint by held-out W1 ({values[at]:.3g}) is that of step {log['step'][at]:,.0f}."


VERDICTS: dict[str, Callable[[Log, dict[str, Any]], Verdict | None]] = {
    "exploding critic": exploding_critic,
    "vanishing gradient": vanishing_gradient,
    "dead generator": dead_generator,
    "memorising generator": memorising_generator,
    "mode collapse": mode_collapse,
    "memorising critic": memorising_critic,
    "loss and distance": loss_and_distance,
    "still improving": still_improving,
}
ALL = tuple(VERDICTS)
