"""Every number that a run logs: its words, its unit, its floor, where it is shown, and what reads it.

A number that training logs has one entry in `QUANTITIES`. The diagnostics, the verdicts, the report, TensorBoard and
the table in docs/log.md are made from the entries, so no other file repeats the words.
"""

from wgan.runs.of_frequencies import OF_FREQUENCIES
from wgan.runs.of_given import OF_GIVEN
from wgan.runs.of_samples import OF_SAMPLES
from wgan.runs.of_structure import OF_STRUCTURE
from wgan.runs.quantity import AXES, PLACES, Place, Quantity, aim, minutes, number, share, whole, with_error

__all__ = [
    "AXES", "PLACES", "QUANTITIES", "Place", "Quantity", "aim", "entry", "label", "markdown_table", "number", "on_axis",
    "quantity", "share", "shown_in", "title", "whole", "with_error",
]  # fmt: skip


def quantity(name: str) -> Quantity:
    """The entry of a logged name; a member of a family has the family's entry. Raises KeyError for an unknown name.

    Examples:
        >>> quantity("critic_gradient.00.conv").title
        'Gradient of a layer of the critic'
    """
    if (key := entry(name)) not in QUANTITIES:
        raise KeyError(f"{name!r} is not a logged quantity; give it an entry in QUANTITIES.")
    return QUANTITIES[key]


def entry(name: str) -> str:
    """The key of a logged name in `QUANTITIES`: the name itself, or the key of its family."""
    family, dot, _ = name.partition(".")
    return _FAMILIES.get(family, name) if dot else name


def title(name: str) -> str:
    """The title of a logged name; for a member of a family it ends in the member's name."""
    _, dot, member = name.partition(".")
    return f"{quantity(name).title}: {member}" if dot else quantity(name).title


def label(name: str) -> str:
    """The short name of a logged name on its chart; for a member of a family it is the member's name."""
    return quantity(name).label or name.partition(".")[2]


def on_axis(axis: str) -> list[str]:
    """The keys of the quantities that a chart draws, in the order of `QUANTITIES`."""
    return [key for key, one in QUANTITIES.items() if one.axis == axis]


def shown_in(place: Place) -> list[str]:
    """The keys of the quantities that a place of the report shows, in the order of `QUANTITIES`."""
    return [key for key, one in QUANTITIES.items() if place in one.shown]


def markdown_table() -> str:
    """The table of docs/log.md: one row for each quantity."""
    rows = ["| column | is | unit | floor | read by |", "| --- | --- | --- | --- | --- |"]
    for key, one in QUANTITIES.items():
        readers = [f"chart *{AXES[one.axis].title}*"] if one.axis else []
        readers += [f"verdict *{verdict}*" for verdict in one.verdicts]
        readers += [PLACES[place] for place in one.shown]
        floor = f"`{one.floor}`" if one.floor else ""
        rows.append(f"| `{key}` | {one.sentence} | {one.unit} | {floor} | {', '.join(readers)} |")
    return "\n".join(rows) + "\n"


QUANTITIES: dict[str, Quantity] = {
    "step": Quantity(
        "Step",
        "The number of generator updates that were done before this record.",
        "updates",
        text=whole,
    ),
    **OF_SAMPLES,
    **OF_STRUCTURE,
    **OF_GIVEN,
    **OF_FREQUENCIES,
    "estimate": Quantity(
        "Estimate, training rows",
        "The critic's estimate of its objective's distance, on training rows and fresh samples.",
        "the objective's unit",
        axis="estimate",
        label="training rows",
        verdicts=(
            "exploding critic",
            "memorising critic",
            "loss and distance",
        ),
        shown=("table",),
    ),
    "held_out_estimate": Quantity(
        "Estimate, held-out rows",
        "The critic's estimate on held-out rows, which it never saw, and fresh samples. Compare it only between runs "
        "with the same data, objective, constraint and critic.",
        "the objective's unit",
        axis="estimate",
        label="held-out rows",
        verdicts=(
            "memorising critic",
            "loss and distance",
        ),
        shown=("tile", "table", "comparison"),
        beside="estimate",
    ),
    "memorised_score": Quantity(
        "Memorised score",
        "The mean score of training rows minus the mean score of held-out rows.",
        "the critic's score",
        verdicts=("memorising critic",),
    ),
    "memorised_score_error": Quantity(
        "Standard error of the memorised score",
        "The standard error of the memorised score.",
        "the critic's score",
        verdicts=("memorising critic",),
    ),
    "critic_loss": Quantity(
        "Loss of the critic",
        "The loss that the critic minimised, penalty included, in its last step of the previous iteration.",
        "the objective's unit",
        axis="losses",
        label="critic",
    ),
    "generator_loss": Quantity(
        "Loss of the generator",
        "The loss that the generator minimised in the previous iteration.",
        "the objective's unit",
        axis="losses",
        label="generator",
    ),
    "penalty": Quantity(
        "Penalty",
        "The weighted gradient penalty in the critic's loss, at the last critic step in which it acted.",
        "the objective's unit",
    ),
    "critic_class_loss": Quantity(
        "Class loss of the critic",
        "The cross-entropy of the auxiliary classifier on real rows, before its weight is applied.",
        "nats",
    ),
    "generator_class_loss": Quantity(
        "Class loss of the generator",
        "The cross-entropy of the auxiliary classifier on samples, before its weight is applied.",
        "nats",
    ),
    "gradient_norm_real": Quantity(
        "Gradient norm of the critic at real rows",
        "The mean norm of the critic's gradient at up to 64 training rows.",
        "score / encoded unit",
        axis="gradient norm",
        label="at real rows",
        verdicts=("exploding critic",),
    ),
    "gradient_norm_fake": Quantity(
        "Gradient norm of the critic at samples",
        "The mean norm of the critic's gradient at up to 64 samples. The generator learns from this gradient, and "
        "the gradient penalty holds its norm near 1.",
        "score / encoded unit",
        axis="gradient norm",
        label="at samples",
        verdicts=(
            "exploding critic",
            "vanishing gradient",
            "dead generator",
        ),
        shown=("comparison",),
    ),
    "gradient_norm_mixed": Quantity(
        "Gradient norm of the critic between real rows and samples",
        "The mean norm of the critic's gradient at up to 64 random points between a training row and a sample.",
        "score / encoded unit",
        axis="gradient norm",
        label="between",
        verdicts=("exploding critic",),
    ),
    "gradient_norm": Quantity(
        "Gradient norm of the critic in the penalty",
        "The mean norm of the critic's gradient at the points of the penalty in the previous iteration. The gradient "
        "penalty keeps it near 1. The zero-centred penalties pull it to 0.",
        "score / encoded unit",
        verdicts=("exploding critic",),
    ),
    "critic_gradient.LAYER": Quantity(
        "Gradient of a layer of the critic",
        "The norm of the gradient of the critic's loss with respect to the weights of one layer.",
        "loss / weight",
        axis="layers",
    ),
    "generator_gradient": Quantity(
        "Gradient of the generator",
        "The norm of the gradient of the generator's loss with respect to all its weights.",
        "loss / weight",
        verdicts=("dead generator",),
    ),
    "clipped_weights": Quantity(
        "Clipped weights",
        "The share of the critic's weights at ±c, where the constraint clips them.",
        "share",
        axis="clipped",
        label="share",
        text=share,
        verdicts=("vanishing gradient",),
    ),
    "learning_rate": Quantity("Learning rate", "The learning rate of the next step.", "weight / update"),
    "generator_learning_rate": Quantity(
        "Learning rate of the generator",
        "The generator's learning rate in the next step, if it differs from the critic's.",
        "weight / update",
    ),
    "extended_to": Quantity(
        "Extended to", "The new number of steps of the whole run, at the step where it was extended.", "steps"
    ),
    "seconds": Quantity(
        "Time",
        "The time since the process began to train; a run that resumes counts from 0 again.",
        "seconds",
        text=minutes,
        shown=("table",),
    ),
    "steps_per_second": Quantity(
        "Speed",
        "The mean number of steps per second since the process began to train.",
        "steps/s",
        text=lambda value: f"{number(value)} steps/s",
        shown=("tile",),
        beside="seconds",
    ),
    "fault": Quantity(
        "Fault",
        "The name and the value of a number that was not finite. The last record of a run has it if the run stopped "
        "for this reason.",
        text=str,
        verdicts=("exploding critic",),
    ),
}

# The entries that stand for many logged names: LAYER and MEASURE are there in the place of the member's name.
_FAMILIES = {key.partition(".")[0]: key for key in QUANTITIES if "." in key}
