"""Verdicts on a run from its log: what went wrong, the numbers that show it, and what to do about it.

A verdict is made by a function of a log as `read_log` returns it: columns by name, with NaN for missing entries. It
reads the last quarter of the run, since the last generator is what matters.
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
    """The verdicts on a log, faults first, without those that an earlier verdict explains.

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
    """The critic explodes: its values stop being finite, or its gradient or its estimate is far too large.

    A gradient norm is too large above 100, or above 10 if the samples moved away from the data; the estimate is too
    large above 30 times the distance.
    """
    remedy = (
        "Lower the learning rate, tenfold first, or use a constraint that bounds the critic, such as gradient-penalty."
    )
    if faults := _faults_and_steps(log):
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
        if (over := _first_step(log, values > STEEPEST)) is not None:
            sentence = f"The critic exploded: the norm of its gradient passed {STEEPEST:g} at step {over:,}."
            evidence = f"{name} reached {_largest(values):,.3g}, but a 1-Lipschitz critic has at most 1."
            return Verdict("exploding critic", "fault", sentence, evidence, remedy, ALL)
    steepest = max(map(_largest, norms.values()), default=0.0)
    first, late = _first_value(log, "w1"), _late_median(log, "w1")
    if steepest > 10 and late > 1.1 * first:
        evidence = (
            f"The distance of samples to held-out rows rose from {first:.3g} to {late:.3g}, and the norm of the "
            f"critic's gradient reached {steepest:.3g}, but a 1-Lipschitz critic has at most 1."
        )
        return Verdict("exploding critic", "fault", "The critic exploded, and the run diverged.", evidence, remedy, ALL)
    size, distance = np.abs(_column(log, "estimate")), _largest(_column(log, "w1"))
    if distance > 0 and (over := _first_step(log, size > 30 * distance)) is not None:
        sentence = f"The critic exploded: its estimate passed 30 times the distance at step {over:,}."
        evidence = f"The estimate reached {_largest(size):,.3g}, but the distance never exceeded {distance:.3g}."
        return Verdict("exploding critic", "fault", sentence, evidence, remedy, ALL)
    return None


def vanishing_gradient(log: Log, config: dict[str, Any]) -> Verdict | None:
    """The norm of the critic's gradient at samples, from which the generator learns, is below 1e-3."""
    slope, clipped = _late_median(log, "gradient_norm_fake"), _late_median(log, "clipped_weights")
    if not slope < FLATTEST:
        return None
    evidence = f"The norm of the critic's gradient at samples is {slope:.1e}, but a 1-Lipschitz critic can have 1."
    if clipped > 0.5:
        bound = config.get("clip")
        evidence = f"{clipped:.0%} of the critic's weights sit at {f'+-{bound:g}' if bound else '+-c'}. " + evidence
        return Verdict(
            "vanishing gradient", "fault", "Clipping has saturated the critic, and its gradient vanishes.", evidence,
            "Raise --clip (the paper has 0.01), or use --constraint gradient-penalty.", ALL,
        )  # fmt: skip
    return Verdict(
        "vanishing gradient", "fault", "The critic is flat at the samples, so the generator learns nothing.",
        evidence, "Use --constraint gradient-penalty, which holds the norm of the gradient near 1.", ALL,
    )  # fmt: skip


def dead_generator(log: Log, config: dict[str, Any]) -> Verdict | None:
    """The critic gives a gradient at the samples, but it does not reach the generator's weights."""
    reaches, arrives = _late_median(log, "gradient_norm_fake"), _late_median(log, "generator_gradient")
    if not arrives < 1e-3 * reaches:
        return None
    return Verdict(
        "dead generator", "fault", "The generator is dead: no gradient reaches its weights.",
        f"The norm of its gradient is {arrives:.1e}, but the critic's gradient at samples has norm {reaches:.2g}.",
        "Its units are saturated: begin anew with a lower learning rate, or with another --generator-norm.",
        ("mode collapse", "loss and distance", "still improving"),
    )  # fmt: skip


def memorising_generator(log: Log, config: dict[str, Any]) -> Verdict | None:
    """More samples than held-out rows are copies of a training row, by 2 % and four standard errors."""
    copied, floor, count = _late_median(log, "copied"), _floor_value(log, "copied"), _first_value(log, "measured_rows")
    if not (math.isfinite(copied) and math.isfinite(floor)):
        return None
    count = count if math.isfinite(count) else 100
    smoothed = (floor * count + 1) / (count + 2)
    if copied < floor + 0.02 + 4 * math.sqrt(smoothed * (1 - smoothed) / count):
        return None
    best = _best_checkpoint(log)
    return Verdict(
        "memorising generator", "fault", f"The generator copies training rows: {copied:.0%} of its samples are copies.",
        f"These samples are less than a third as far from one training row as from any other; of held-out rows, "
        f"{floor:.0%} are.",
        f"Train on more data, for fewer steps, or with a smaller generator.{best}",
        ("mode collapse", "memorising critic", "loss and distance", "still improving"),
    )  # fmt: skip


def mode_collapse(log: Log, config: dict[str, Any]) -> Verdict | None:
    """Samples are alike, or realistic but of few kinds, and the distance does not fall any more."""
    if _improvement(log) > 0.02:
        return None
    spread = _late_median(log, "diversity")
    near, near_floor = _late_median(log, "nearest"), _floor_value(log, "nearest")
    few = [
        (name, _late_median(log, name), _floor_value(log, name))
        for name in ("classes", "coverage")
        if _late_median(log, name) < 0.5 * _floor_value(log, name)
    ]
    if not spread < 0.5 and not (few and near < 1.5 * near_floor):
        return None
    evidence = [f"Two samples differ {spread:.0%} as much as two real rows."]
    for name, value, floor in few:
        if name == "classes":
            share, label = _late_median(log, "largest_class_share"), _last_value(log, "largest_class")
            evidence.append(
                f"The effective number of classes is {value:.1f} among samples and {floor:.1f} among real rows; "
                f"{share:.0%} of samples are in class {label:.0f}."
            )
        else:
            evidence.append(f"Samples cover {value:.0%} of held-out rows, and training rows cover {floor:.0%}.")
    return Verdict(
        "mode collapse", "fault", "The generator has collapsed: its samples show few of the kinds in the data.",
        " ".join(evidence),
        f"Use --objective wasserstein with --constraint gradient-penalty, and raise --n-critic.{_best_checkpoint(log)}",
        ("memorising critic", "loss and distance", "still improving"),
    )  # fmt: skip


def memorising_critic(log: Log, config: dict[str, Any]) -> Verdict | None:
    """The estimate on held-out rows is lower than on training rows: a note from a quarter on, a fault from half on."""
    seen, unseen = _smoothed(_column(log, "estimate")), _smoothed(_column(log, "held_out_estimate"))
    gap, error = _late_median(log, "memorised_score"), _late_median(log, "memorised_score_error")
    late, late_unseen = _late_median(log, "estimate"), _late_median(log, "held_out_estimate")
    if not (gap > 3 * error and late > 0):
        return None
    share = (late - late_unseen) / late
    if share < 0.25:
        return None
    evidence = (
        f"The critic's estimate is {late:.3g} on training rows and {late_unseen:.3g} on held-out rows (medians of "
        f"the last quarter); its mean scores of the two differ by {gap / error:.0f} standard errors."
    )
    if share < 0.5:
        return Verdict(
            "memorising critic", "note",
            f"The critic has begun to memorise: its estimate is {share:.0%} lower on held-out rows.", evidence,
            f"Read the estimate on held-out rows; more data would help.{_best_checkpoint(log)}",
        )  # fmt: skip
    since = _step_since(log, (log["step"] > 0) & ~((seen - unseen) <= 0.25 * seen))
    return Verdict(
        "memorising critic", "fault", f"The critic has memorised its training rows since step {since:,}.",
        evidence, f"Train on more data, or stop at that step.{_best_checkpoint(log)}", ("loss and distance",),
    )  # fmt: skip


def loss_and_distance(log: Log, config: dict[str, Any]) -> Verdict | None:
    """Whether the critic's estimate tracks the true W1, by their rank correlation and its 95 % interval."""
    column = "held_out_estimate" if _is_logged(log, "held_out_estimate") else "estimate"
    estimate, distance = _column(log, column), _column(log, "generator_w1")
    both = np.isfinite(estimate) & np.isfinite(distance) & (log["step"] > 0)  # at step 0 the critic is untrained
    count = int(both.sum())
    if count < 8:
        return None
    rank, low, high = rank_correlation(estimate[both], distance[both])
    evidence = (
        f"The rank correlation of {column} with the exact W1 between samples and held-out rows is {rank:.2f}, with a "
        f"95 % interval of {low:.2f} to {high:.2f}, over {count} records."
    )
    if low > 0.5:
        return Verdict("loss and distance", "good", "The critic's estimate tracks the distance.", evidence)
    if high < 0.5:
        return Verdict(
            "loss and distance", "note", "The critic's estimate does not track the distance.", evidence,
            "Judge this run by its W1 and its samples, not by its loss.",
        )  # fmt: skip
    return Verdict(
        "loss and distance", "note", "The records do not show whether the critic's estimate tracks the distance.",
        evidence,
        "A longer run, or a smaller --diagnose-every, gives more records.",
    )  # fmt: skip


def still_improving(log: Log, config: dict[str, Any]) -> Verdict | None:
    """The distance to held-out rows fell by more than 2 % in the last quarter of the run."""
    gain = _improvement(log)
    if not gain > 0.02 or not _late_median(log, "w1") > 1.05 * _floor_value(log, "w1"):
        return None
    return Verdict(
        "still improving", "note", "The samples were still getting better at the last step.",
        f"The lowest W1 to held-out rows fell by {gain:.0%} in the last quarter of the run.", "Raise --steps.",
    )  # fmt: skip


def rank_correlation(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """Spearman's rank correlation of two series [n] and its 95 % interval, n at least 4.

    The interval is Fisher's z with the variance (1 + r^2 / 2) / (n - 3) of Bonett and Wright (2000). It assumes that
    records are independent. The records of one run are not quite independent, so it is somewhat too narrow.

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
    """The median of the `width` entries around each entry, or of fewer at the ends; NaN entries are skipped.

    Examples:
        >>> median_filter(np.array([1.0, 9.0, 2.0, 3.0]), 3)
        array([5. , 2. , 3. , 2.5])
    """
    half = width // 2
    parts = [values[max(0, i - half) : i + half + 1] for i in range(len(values))]
    return np.array([np.nanmedian(part) if np.isfinite(part).any() else math.nan for part in parts])


STEEPEST, FLATTEST = 100.0, 1e-3  # limits of the norm of a useful critic's gradient
GRADIENT_NORMS = ("gradient_norm_real", "gradient_norm_fake", "gradient_norm_mixed", "gradient_norm")


def _is_logged(log: Log, name: str) -> bool:
    """Whether the log has this column. Raises KeyError for a name that no run logs, since it would never be there."""
    quantity(name)
    return name in log


def _column(log: Log, name: str) -> np.ndarray:
    """A column of numbers [records], all NaN if the log lacks the column or it holds anything else."""
    values = log[name] if _is_logged(log, name) else None
    return np.full(len(log["step"]), math.nan) if values is None or values.dtype == object else values


def _late_median(log: Log, name: str) -> float:
    """The median over the last quarter of the run; NaN without a value."""
    values = _column(log, name)
    found = values[np.isfinite(values) & (log["step"] >= 0.75 * log["step"].max())]
    return float(np.median(found)) if len(found) else math.nan


def _floor_value(log: Log, name: str) -> float:
    """What real rows score in the samples' place; NaN without a value."""
    floor = quantity(name).floor
    assert floor is not None, f"{name} has no floor"
    return _first_value(log, floor)


def _faults_and_steps(log: Log) -> list[tuple[float, str]]:
    """The step and the text of each fault that ended the run."""
    texts = log["fault"] if _is_logged(log, "fault") else ()
    return [(step, text) for step, text in zip(log["step"], texts, strict=False) if isinstance(text, str)]


def _largest(values: np.ndarray) -> float:
    """The largest finite value, at least 0."""
    return float(np.max(values, initial=0.0, where=np.isfinite(values)))


def _first_value(log: Log, name: str) -> float:
    """The first value of a column, such as one that is logged once; NaN without a value."""
    values = _column(log, name)
    return float(values[np.isfinite(values)][0]) if np.isfinite(values).any() else math.nan


def _last_value(log: Log, name: str) -> float:
    """The last value of a column; NaN without a value."""
    values = _column(log, name)
    return float(values[np.isfinite(values)][-1]) if np.isfinite(values).any() else math.nan


def _first_step(log: Log, true: np.ndarray) -> int | None:
    """The step of the first record that is true; None without one."""
    return int(log["step"][true.argmax()]) if true.any() else None


def _step_since(log: Log, true: np.ndarray) -> int:
    """The step from which every record is true to the end."""
    false = np.flatnonzero(~true)
    return int(log["step"][min(len(true) - 1, false[-1] + 1)]) if len(false) else int(log["step"][0])


def _smoothed(values: np.ndarray) -> np.ndarray:
    """The median over five records."""
    return median_filter(values, 5)


def _improvement(log: Log) -> float:
    """The share by which the lowest W1 fell in the last quarter of the run."""
    values = _column(log, "w1")
    known = np.isfinite(values)
    late = log["step"] > 0.75 * log["step"].max()
    before, after = values[known & ~late], values[known & late]
    return float(1 - after.min() / before.min()) if len(before) and len(after) and before.min() > 0 else 0.0


def _best_checkpoint(log: Log) -> str:
    """A sentence on the checkpoint with the lowest W1, which training kept."""
    values = _column(log, "w1")
    if not np.isfinite(values).any():
        return ""
    at = int(np.nanargmin(values))
    return f" The checkpoint of step {log['step'][at]:,.0f} has the lowest W1 to held-out rows ({values[at]:.3g})."


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
