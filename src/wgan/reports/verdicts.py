"""Verdicts on a run from its log: what went wrong, the numbers that show it, and what to do about it.

A verdict is made by a function of a log, columns by name as `read_log` returns them, and of the run's config. It reads
the last quarter of the run, since the last generator is what matters. A critic or a generator is at fault only if the
samples show harm: they are far from the data and come no nearer, or they show few kinds, or copies. So a run whose
samples are at the floor, as near to the data as other real rows, has no fault, however odd its critic is. There are
two exceptions. A generator that copies makes samples near to the data because they are the data. One that ignores its
conditions may make good samples of all together.
docs/verdicts.md says where the limits come from.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from wgan.errors import setting
from wgan.reports import levels, remedies, structure
from wgan.reports.elsewhere import elsewhere
from wgan.reports.far import at_the_end, in_words
from wgan.reports.ignored import ignored
from wgan.reports.series import (
    FEWEST,
    NORMAL,
    Log,
    column,
    common_changes,
    difference,
    error_of_share,
    first_value,
    floor_value,
    is_logged,
    largest,
    last_value,
    late_median,
    median_filter,
    rank_correlation,
    step_since,
)
from wgan.reports.unfinished import faults_and_steps, is_unfinished, let_it_finish, next_measurement
from wgan.runs.quantities import QUANTITIES, number, share, title, whole

MARGIN = 0.01  # energy distance: what is left if one sample in ten lies a mean distance away from the data, 0.1^2
FAR = 0.1  # energy distance: between the worst healthy run of the bench and the best one of those at fault
STEEPEST, FLATTEST = 100.0, 1e-3  # norms of the critic's gradient, outside of which a bad run is due to its critic
TINY = 0.03  # the share of the real support that a run which learns has passed, also while its samples get better
SAME = 1e-6  # the diversity of samples that differ by rounding only
SHOWN = 0.5  # the share of what real rows show, below which samples show few kinds
COVERED = 0.7  # the share of the coverage by training rows: between the bench's worst healthy run and weakest collapse
REALISTIC = 0.8  # the share of the precision of real rows, above which samples are like the data where they are
FEW = 0.1  # the share of the effective support of real rows, below which samples show few kinds whatever else they do
HARDLY = 0.25  # the share of the classes of the data, below which samples show hardly any
MISSED = 0.02  # the mass of the data, from whose certain miss on kinds are missing
MEASURED = 3  # measurements after step 0: from so many on, the last quarter of a run always holds one
GRADIENT_NORMS = ("gradient_norm_real", "gradient_norm_fake", "gradient_norm_mixed", "gradient_norm")


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
    config = config or {}
    found: list[Verdict] = []
    if not len(log.get("step", ())):
        return []
    if early := too_early(log, config):
        return [early]
    for verdict in VERDICTS.values():
        one = verdict(log, config)
        if one and not any(one.name in other.explains for other in found):
            found.append(one)
    if is_unfinished(log, config):
        found = [one._replace(remedy=let_it_finish(one.remedy, log, config)) if one.remedy else one for one in found]
    return sorted(found, key=_urgency)


def too_early(log: Log, config: dict[str, Any]) -> Verdict | None:
    """A run with fewer than `MEASURED` measurements after step 0, unless its samples are at the floor already.

    An untrained generator is far from the data and shows few kinds, so no verdict on the samples may be made from it.
    """
    known = np.isfinite(column(log, "energy_distance")) | np.isfinite(column(log, "w1"))
    count = int((known & (log["step"] > 0)).sum())
    if not known.any() or count >= MEASURED or faults_and_steps(log) or (count and at_floor(log)):
        return None
    evidence = "Only the untrained generator was measured, at step 0."
    if count:
        evidence = f"After step 0 the samples were measured {'once' if count == 1 else 'twice'}. "
        evidence += f"Verdicts need {MEASURED} measurements. "
        evidence += _how_far(log) if difference(log) or math.isfinite(late_median(log, "w1")) else ""
    if not is_unfinished(log, config):
        sentence = "The run is too short to say how good the samples can become."
        return Verdict("too early", "note", sentence, evidence.strip(), remedies.more_steps())
    sentence = "It is too early to say how good the samples are."
    remedy = f"{let_it_finish('', log, config)} The next measurement is at step {next_measurement(log, config):,}."
    return Verdict("too early", "note", sentence, evidence.strip(), remedy)


def _urgency(one: Verdict) -> tuple[bool, bool, bool]:
    """A key that sorts faults first, then what the samples are, then notes on the critic, then praise of it."""
    return one.kind != "fault", one.name != "difference from the data", one.kind != "note"


def exploding_critic(log: Log, config: dict[str, Any]) -> Verdict | None:
    """A value stopped being finite; or the samples are far from the data under a critic that is far too steep."""
    remedy = f"Lower the learning rate, tenfold first{remedies.or_bound_the_critic(config)}."
    if faults := faults_and_steps(log):
        at, text = faults[-1]
        name, _, became = text.partition(" ")
        evidence = f"{title(name) if name in QUANTITIES else name} {became} at step {at:,.0f}."
        if at_floor(log):
            sentence = f"Training stopped at step {at:,.0f}, but the samples were good until then."
            remedy = (
                f"Use the samples of a checkpoint before that step, or train again: {remedy[0].lower()}{remedy[1:]}"
            )
            return Verdict(
                "exploding critic", "note", sentence, evidence, remedy + remedies.best_checkpoint(log, config)
            )
        sentence = f"The critic exploded: training stopped at step {at:,.0f}."
        return Verdict("exploding critic", "fault", sentence, evidence, remedy, ALL)
    if not _is_stuck(log):
        return None
    steepest = max((name for name in GRADIENT_NORMS), key=lambda name: _or_zero(late_median(log, name)))
    slope, estimate = late_median(log, steepest), abs(late_median(log, "estimate"))
    distance = largest(column(log, "w1"))
    if slope > STEEPEST:
        since = step_since(log, ~(column(log, steepest) <= STEEPEST))
        evidence = f"{title(steepest)}: {number(slope)}. It should be at most about 1. "
        sentence = f"The critic exploded: its gradient is too steep since step {since:,}."
    elif estimate > 30 * distance > 0:
        evidence = f"The estimate is {number(estimate)}, but the distance never exceeded {number(distance)}. "
        sentence = "The critic exploded: its estimate is more than 30 times the distance."
    else:
        return None
    return Verdict("exploding critic", "fault", sentence, evidence + _how_far(log), remedy, ALL)


def vanishing_gradient(log: Log, config: dict[str, Any]) -> Verdict | None:
    """The samples are far from the data and stay there, and the critic is nearly flat at them."""
    slope, clipped = late_median(log, "gradient_norm_fake"), late_median(log, "clipped_weights")
    if not (slope < FLATTEST and _is_stuck(log)):
        return None
    wanted, remedy = remedies.to_a_slope(config)
    evidence = f"The slope of the critic at the samples is {slope:.1e}, {wanted}. {_how_far(log)}"
    if clipped > 0.5:
        bound = config.get("clip")
        limit = f"±{bound:g}" if bound else "the clipping limit"
        evidence = f"{share(clipped)} of the critic's weights sit at {limit}. {evidence}"
        return Verdict(
            "vanishing gradient", "fault", "Clipping has saturated the critic, and its gradient vanishes.", evidence,
            f"Raise {setting('clip')}, tenfold first, or use {setting('constraint', 'gradient-penalty')}.", ALL,
        )  # fmt: skip
    return Verdict(
        "vanishing gradient", "fault", "The critic is flat at the samples, so the generator learns nothing.",
        evidence, remedy, ALL,
    )  # fmt: skip


def dead_generator(log: Log, config: dict[str, Any]) -> Verdict | None:
    """The samples are far from the data, and the critic's gradient does not reach the generator's weights."""
    reaches, arrives = late_median(log, "gradient_norm_fake"), late_median(log, "generator_gradient")
    constant = late_median(log, "diversity") < SAME
    if not ((arrives < 1e-3 * reaches or constant) and _is_stuck(log)):
        return None
    sentence = "The generator is dead: no gradient reaches its weights."
    if constant:
        sentence = "The generator is dead: all its samples are the same."
    return Verdict(
        "dead generator", "fault", sentence,
        f"The norm of its gradient is {arrives:.1e}, but the slope of the critic at the samples is {number(reaches)}.",
        f"Its units are saturated. Start a new run with a lower learning rate{remedies.other_norm(config)}.",
        OF_SAMPLES,
    )  # fmt: skip


def memorising_generator(log: Log, config: dict[str, Any]) -> Verdict | None:
    """More samples than held-out rows are copies of a training row, by 2 % and four standard errors."""
    copied, floor, count = late_median(log, "copied"), floor_value(log, "copied"), first_value(log, "measured_rows")
    if not (math.isfinite(copied) and math.isfinite(floor)):
        return None
    count = min(count if math.isfinite(count) else 100, late_median(log, "support_upper"))  # equal samples count once
    smoothed = (floor * count + 1) / (count + 2)
    if copied < floor + 0.02 + 4 * error_of_share(smoothed, count):
        return None
    return Verdict(
        "memorising generator", "fault",
        f"The generator copies training rows: {share(copied)} of its samples are copies.",
        f"A sample counts as a copy if one training row is less than a third as far from it as any other. "
        f"By the same rule {share(floor)} of held-out rows are copies. Such samples look good, but they are not new.",
        f"Train on more data, for fewer steps, or with a smaller generator.{remedies.best_checkpoint(log, config)}",
        (*OF_SAMPLES, "memorising critic"),
    )  # fmt: skip


def mode_collapse(log: Log, config: dict[str, Any]) -> Verdict | None:
    """The samples show few of the kinds in the data, beyond their interval, and this does not get better."""
    far = difference(log)
    tiny = late_median(log, "support_upper") < TINY * floor_value(log, "support")
    if far and (not far.seen or (far.falls and not tiny)):  # from so few kinds nothing comes back
        return None
    evidence = _few_kinds(log)
    if not evidence:
        return None
    if at_floor(log) and not lacks_most(log):
        return Verdict(
            "mode collapse", "note", "The samples are close to the data but show fewer kinds.", " ".join(evidence),
            f"Check that the kinds you need are there. A larger {setting('latent')} or {setting('width')} may help.",
        )  # fmt: skip
    return Verdict(
        "mode collapse", "fault", "The generator has collapsed: its samples show few of the kinds in the data.",
        " ".join(evidence),
        f"{remedies.to_more_kinds(config)}{remedies.best_checkpoint(log, config)}",
        (*OF_SAMPLES, "memorising critic"),
    )  # fmt: skip


def _few_kinds(log: Log) -> list[str]:
    """The sentences that say how few kinds the samples show; none where they show enough, or none of the data's."""
    found = []
    realistic = late_median(log, "precision") > REALISTIC * floor_value(log, "precision")
    support = late_median(log, "support_upper")
    fewer = support < first_value(log, "support_lower")  # an untrained generator, too, may show few kinds of noise
    if support < FEW * floor_value(log, "support") and (realistic or fewer):
        found.append(_support(log))
    made, classes = late_median(log, "kinds_upper"), floor_value(log, "kinds")
    if realistic and made < SHOWN * classes:
        found.append(f"Samples are of {_ends(log, 'kinds')} classes, and held-out rows of {whole(classes)}.")
    missed = late_median(log, "missing_mass_lower")
    if realistic and missed > MISSED:
        found.append(f"Samples lack the classes of at least {share(missed)} of the rows.")
        most, label = late_median(log, "largest_class_share"), last_value(log, "largest_class")
        if math.isfinite(most) and math.isfinite(label):
            found.append(f"{share(most)} of samples are in class {label:.0f}.")
    covered, count = late_median(log, "coverage"), first_value(log, "measured_rows")
    floor = floor_value(log, "coverage")
    if realistic and covered + NORMAL * error_of_share(covered, count) < COVERED * floor:
        found.append(f"Samples cover {share(covered)} of held-out rows, and training rows cover {share(floor)}.")
    return found


def memorising_critic(log: Log, config: dict[str, Any]) -> Verdict | None:
    """The estimate on held-out rows is lower than on training rows: a note from a quarter on, a fault from half on.

    It is not a fault if the samples are at the floor, since the critic can then only memorise.
    """
    seen, unseen = (median_filter(column(log, name), 5) for name in ("estimate", "held_out_estimate"))
    gap, error = late_median(log, "memorised_score"), late_median(log, "memorised_score_error")
    late, late_unseen = late_median(log, "estimate"), late_median(log, "held_out_estimate")
    if not (gap > 3 * error and late > 0):
        return None
    lost = (late - late_unseen) / late
    if not lost >= 0.25:
        return None
    times = f"{gap / error:.0f} standard errors" if error > 0 else "more than three standard errors"
    evidence = (
        f"The critic's estimate is {number(late)} on training rows and {number(late_unseen)} on held-out rows. "
        f"Its mean scores of the two differ by {times}."
    )
    if at_floor(log):
        return Verdict(
            "memorising critic", "note", "The critic memorises its training rows, but no harm to the samples is seen.",
            evidence,
            "Nothing to do. Judge the run by the distances to held-out rows, not by the estimate or the losses.",
        )  # fmt: skip
    if lost < 0.5:
        return Verdict(
            "memorising critic", "note",
            f"The critic memorises: its estimate is {share(lost)} lower on held-out rows.", evidence,
            f"Read the estimate on held-out rows. More data would help.{remedies.best_checkpoint(log, config)}",
        )  # fmt: skip
    since = step_since(log, (log["step"] > 0) & ~((seen - unseen) <= 0.25 * seen))
    return Verdict(
        "memorising critic", "fault", f"The critic has memorised its training rows since step {since:,}.",
        f"{evidence} The generator then learns what sets single rows apart.",
        f"Train on more data.{remedies.best_checkpoint(log, config) or ' Or stop at that step.'}",
        ("loss and distance",),
    )  # fmt: skip


def difference_from_the_data(log: Log, config: dict[str, Any]) -> Verdict | None:
    """How far the samples are from held-out rows: a fault where they are far, and good only where nothing is seen.

    It is good where real rows are as far apart in more than one of a hundred cases, and the whole 95 % interval of the
    energy distance is below `MARGIN`, and no measure of structure differs.
    """
    name, far = "difference from the data", difference(log)
    if far is None:
        evidence = "The run has no late measurement against rows that were held out of training."
        return Verdict(name, "note", "Nothing says how good the samples are.", evidence, remedies.to_hold_out(config))
    worse = _respects(log)
    apart = "".join(f" {sentence}" for sentence in worse)
    fewer = ("mode collapse",) if any(not sentence.startswith(title("precision")) for sentence in worse) else ()
    ended = at_the_end(log, far, FAR)
    if far.lower > FAR or ended:
        sentence, more, remedy = in_words(log, config, far, ended)
        return Verdict(name, "fault", sentence, _how_far(log) + more + apart, remedy, ("still improving",))
    if far.seen:
        sentence = "The samples can be told from held-out rows."
        if late_median(log, "precision") < 0.1 * floor_value(log, "precision"):
            sentence = "Hardly any sample is near a held-out row."
        remedy = (
            remedies.more_steps() if far.falls else f"More steps, a larger {setting('width')} or more data may help."
        )
        return Verdict(name, "note", sentence, _how_far(log) + apart, remedy, fewer)
    if found := elsewhere(log, config):
        return Verdict(name, "note", found[0], _how_far(log) + apart, found[1], fewer)
    if far.upper > MARGIN or apart:
        sentence = "No difference from the data is proven, but there may be one."
        remedy = "Look at the samples." if apart else remedies.to_sharper_tests()
        return Verdict(name, "note", sentence, _how_far(log) + apart, remedy, fewer)
    return Verdict(name, "good", "The samples cannot be told from held-out rows.", _how_far(log))


def structure_of_samples(log: Log, config: dict[str, Any]) -> Verdict | None:
    """Where the spectrum, correlations, phases or values of the samples differ from the data's: always a note."""
    found = structure.in_words(log)
    remedy = f"More steps, a larger {setting('n_critic')} or another {setting('network')} may help."
    return Verdict("structure", "note", *found, remedy) if found else None


def levels_of_samples(log: Log, config: dict[str, Any]) -> Verdict | None:
    """Where levels, missing values or spikes of a table are too rare or too frequent among samples: always a note."""
    found = levels.in_words(log)
    return Verdict("levels", "note", *found) if found else None


def ignored_condition(log: Log, config: dict[str, Any]) -> Verdict | None:
    """A condition on which real rows depend and samples do not, as shuffling it shows."""
    if not (found := ignored(log, config)):
        return None
    other = "projection" if config.get("conditional") == "concatenation" else "concatenation"
    return Verdict(
        "ignored condition", "fault", *found, f"{remedies.more_steps()} Or try {setting('conditional', other)}."
    )


def _respects(log: Log) -> list[str]:
    """In which respects samples are worse than real rows in their place, beyond three standard errors.

    They show less variety, too, where the upper end of their effective support is below `SHOWN` times that of held-out
    rows: an energy distance of 512 rows does not see whether they are of 300 kinds or of 1,000.
    """
    found, count = [], first_value(log, "measured_rows")
    words = {"precision": "of samples are near held-out rows", "coverage": "of held-out rows have a sample near"}
    for name, text in words.items():
        part, floor = late_median(log, name), floor_value(log, name)
        if part < floor - 3 * math.hypot(error_of_share(part, count), error_of_share(floor, count)):
            found.append(f"{title(name)}: {share(part)} {text}; with training rows in their place, {share(floor)}.")
    if late_median(log, "support_upper") < SHOWN * floor_value(log, "support"):
        found.append(_support(log))
    return found


def _support(log: Log) -> str:
    """A sentence on the effective support of samples, beside that of held-out rows."""
    floor = whole(floor_value(log, "support"))
    return f"Effective support: the samples are of about {_ends(log, 'support')} kinds, and held-out rows of {floor}."


def _ends(log: Log, name: str) -> str:
    """The ends of the interval of a number of kinds, in words."""
    lower, upper = late_median(log, f"{name}_lower"), late_median(log, f"{name}_upper")
    return f"{whole(lower)} to {whole(upper)}" if math.isfinite(lower) else f"up to {whole(upper)}"


def loss_and_distance(log: Log, config: dict[str, Any]) -> Verdict | None:
    """Whether the critic's estimate tracks the true W1, by the rank correlation of their changes."""
    name = "held_out_estimate" if is_logged(log, "held_out_estimate") else "estimate"
    estimate, distance = column(log, name), column(log, "generator_w1")
    both = np.isfinite(estimate) & np.isfinite(distance) & (log["step"] > 0)  # at step 0 the critic is untrained
    if both.sum() <= FEWEST:
        return None
    floor, late = floor_value(log, "generator_w1"), late_median(log, "generator_w1")
    rank, low, high, count = common_changes(estimate[both], distance[both])
    levels = rank_correlation(estimate[both], distance[both])[0]
    rows = "held-out" if name == "held_out_estimate" else "training"
    which = " of the generator without averaging" if config.get("average") else ""
    evidence = (
        f"The changes of the estimate on {rows} rows and of W1{which} have a rank correlation of "
        f"{rank:.2f}, with a 95 % interval of {low:.2f} to {high:.2f}, over {count} changes. That of their values is "
        f"{levels:.2f}."
    )
    if low > 0 and levels > 0.5:
        return Verdict("loss and distance", "good", "The critic's estimate tracks the distance.", evidence)
    if late < NEAR_FLOOR * floor:
        return Verdict(
            "loss and distance", "note", "The estimate has nothing left to track: the distance is near its floor.",
            f"W1{which} is {number(late)} late in the run, and {number(floor)} between real rows. {evidence}",
        )  # fmt: skip
    if high < 0.5 and levels < 0.5:
        return Verdict(
            "loss and distance", "note", "The critic's estimate does not track the distance.", evidence,
            "Judge this run by its distances and its samples, not by its loss.",
        )  # fmt: skip
    return Verdict(
        "loss and distance", "note", "The records do not show whether the critic's estimate tracks the distance.",
        evidence,
        f"A longer run, or a smaller {setting('diagnose_every')}, gives more records.",
    )  # fmt: skip


NEAR_FLOOR = 1.1  # times the W1 of real rows: two sets of real rows differ by as much


def still_improving(log: Log, config: dict[str, Any]) -> Verdict | None:
    """The energy distance fell in the last quarter of the run, by more than its interval."""
    far = difference(log)
    if not (far and far.falls):
        return None
    return Verdict(
        "still improving", "note", "The samples were still getting better at the last step.",
        f"In the last quarter of the run the energy distance fell to {number(far.value)}.", remedies.more_steps(),
    )  # fmt: skip


def at_floor(log: Log) -> bool:
    """Whether the samples are as near to the data as other real rows, up to what `MARGIN` allows.

    Nothing is at the floor that was not measured.
    """
    far = difference(log)
    return far is not None and (not far.seen or far.lower <= MARGIN)


def lacks_most(log: Log) -> bool:
    """Whether the samples certainly show hardly any of the kinds in the data, or miss most of its mass."""
    few = late_median(log, "support_upper") < FEW * floor_value(log, "support")
    hardly = late_median(log, "kinds_upper") < HARDLY * floor_value(log, "kinds")
    return few or hardly or late_median(log, "missing_mass_lower") > SHOWN


def _is_stuck(log: Log) -> bool:
    """Whether the samples are far from the data and come no nearer; a log without an energy distance tells by W1."""
    far = difference(log)
    if far:
        return far.lower > FAR and not far.falls
    return late_median(log, "w1") > 0.9 * first_value(log, "w1")


def _how_far(log: Log) -> str:
    """A sentence on the energy distance, beside what chance gives and what the untrained generator had."""
    far = difference(log)
    if far is None:
        late, first = late_median(log, "w1"), first_value(log, "w1")
        return f"The distance of samples to held-out rows is {number(late)}, and was {number(first)} at the start."
    late, floor = late_median(log, "w1"), floor_value(log, "w1")
    beside = ""
    if math.isfinite(late + floor):
        beside = f" The Wasserstein-1 distance (W1) is {number(late)}, and {number(floor)} between real rows."
    return (
        f"The energy distance from samples to held-out rows is {number(far.value)}, with a 95 % interval of "
        f"{number(far.lower)} to {number(far.upper)}. It is 0 for equal distributions. Between real rows it reaches "
        f"{number(far.chance)} by chance, and the untrained generator had {number(far.start)}.{beside}"
    )


def _or_zero(value: float) -> float:
    return value if math.isfinite(value) else 0.0


VERDICTS: dict[str, Callable[[Log, dict[str, Any]], Verdict | None]] = {
    "exploding critic": exploding_critic,
    "vanishing gradient": vanishing_gradient,
    "dead generator": dead_generator,
    "memorising generator": memorising_generator,
    "mode collapse": mode_collapse,
    "memorising critic": memorising_critic,
    "difference from the data": difference_from_the_data,
    "ignored condition": ignored_condition,
    "structure": structure_of_samples,
    "levels": levels_of_samples,
    "loss and distance": loss_and_distance,
    "still improving": still_improving,
}
ALL = tuple(VERDICTS)
OF_SAMPLES = (
    "mode collapse",
    "difference from the data",
    "ignored condition",
    "structure",
    "levels",
    "loss and distance",
    "still improving",
)  # the verdicts on the samples
