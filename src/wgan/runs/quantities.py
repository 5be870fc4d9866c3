"""Every number that a run logs: its words, its unit, its floor, where it is shown, and what reads it.

A number that training logs has one entry in `QUANTITIES`. The diagnostics, the verdicts, the report, TensorBoard and
the table in docs/report.md are made from the entries, so no other file repeats the words.
"""

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple


def number(value: float) -> str:
    """A number in three significant digits, or as a whole number above 1,000.

    Examples:
        >>> number(12345.6), number(0.000012), number(2.5), number(0.0)
        ('12,346', '1.2e-05', '2.50', '0')
    """
    if not math.isfinite(value) or value == 0:
        return f"{value:g}"
    if 1000 <= abs(value) < 1e7:
        return f"{value:,.0f}"
    return f"{value:#.3g}".rstrip(".") if 1e-3 <= abs(value) < 1000 else f"{value:.3g}"


def whole(value: float) -> str:
    """A count, as a whole number."""
    return f"{value:,.0f}"


def share(value: float) -> str:
    """A share, in percent."""
    return f"{value:.0%}"


def minutes(seconds: float) -> str:
    """A time in minutes."""
    return f"{seconds / 60:,.1f} minutes"


class Axis(NamedTuple):
    """A chart of the report: its title, which names the vertical axis, and a sentence on how to read it.

    With `logarithmic` the vertical axis is logarithmic if the values span a factor above 100.
    """

    title: str
    sentence: str
    logarithmic: bool = True


Place = Literal["tile", "table", "comparison"]
PLACES: dict[Place, str] = {"tile": "tile", "table": "table of several runs", "comparison": "chart of several runs"}


class Quantity(NamedTuple):
    """What a logged number is.

    `title` is its full name and `sentence` says what it estimates. `axis` is the chart in `AXES` that draws it, and
    `label` its short name there. `floor` names the quantity that real rows score in the samples' place.
    `text` writes a value. `verdicts` names the verdicts that read it. `shown` lists the other places of the report: the
    tiles of one run, and the table and the charts of several runs. A tile shows the floor beside the value, or the
    quantity that `beside` names. TensorBoard shows every quantity that is a number.
    """

    title: str
    sentence: str
    unit: str = ""
    axis: str | None = None
    label: str = ""
    floor: str | None = None
    text: Callable[[Any], str] = number
    verdicts: tuple[str, ...] = ()
    shown: tuple[Place, ...] = ()
    beside: str | None = None


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
    """The table of docs/report.md: one row for each quantity."""
    rows = ["| column | is | unit | floor | read by |", "| --- | --- | --- | --- | --- |"]
    for key, one in QUANTITIES.items():
        readers = [f"chart *{AXES[one.axis].title}*"] if one.axis else []
        readers += [f"verdict *{verdict}*" for verdict in one.verdicts]
        readers += [PLACES[place] for place in one.shown]
        floor = f"`{one.floor}`" if one.floor else ""
        rows.append(f"| `{key}` | {one.sentence} | {one.unit} | {floor} | {', '.join(readers)} |")
    return "\n".join(rows) + "\n"


AXES = {
    "difference": Axis(
        "Difference from the data",
        "The energy distance between samples and held-out rows in random features: 0 on average for equal "
        "distributions, and 1 is the distance of two real rows. It sees sharpness, and it chooses the best checkpoint.",
    ),
    "distance": Axis(
        "Distance to the data", "Exact Wasserstein-1 between samples and held-out rows, Euclidean, in encoded units."
    ),
    "estimate": Axis(
        "The critic's estimate",
        "On training rows and on held-out rows, which the critic never saw. Where the two part, it memorises.",
    ),
    "variety": Axis(
        "Variety",
        "Coverage: the share of held-out rows with a sample near them. Diversity: how much two samples differ, where "
        "real rows score 1.",
        logarithmic=False,
    ),
    "gradient norm": Axis(
        "Gradient norm of the critic",
        "At real rows, at samples and between them. A penalty holds it near 1, and the generator learns from it.",
    ),
    "layers": Axis(
        "Gradient of each layer of the critic",
        "The norm of the loss's gradient in each layer. The layers should not differ by orders of magnitude.",
    ),
    "support": Axis(
        "Effective support",
        "How many kinds of rows the samples show, by how often two of them are alike. A collapse shows here first.",
    ),
    "losses": Axis("Losses", "What each player minimised. The zero of a loss is arbitrary; read the distance instead."),
    "clipped": Axis("Clipped weights", "The share of the critic's weights at +-c."),
    "classes": Axis(
        "Classes", "Effective number of classes among samples, by the label of their nearest training row.", False
    ),
}

QUANTITIES: dict[str, Quantity] = {
    "step": Quantity(
        "Step",
        "The number of generator updates that were done before this record.",
        "updates",
        text=whole,
    ),
    "w1": Quantity(
        "W1 to held-out rows",
        "The exact Wasserstein-1 distance between samples and as many held-out rows; lower is better.",
        "encoded units",
        axis="distance",
        label="samples",
        floor="w1_floor",
        verdicts=("exploding critic", "vanishing gradient", "dead generator", "difference from the data"),
        shown=("tile", "table", "comparison"),
    ),
    "w1_floor": Quantity(
        "W1, real against real",
        "The exact Wasserstein-1 distance between training rows and as many held-out rows.",
        "encoded units",
        axis="distance",
        label="real against real",
        verdicts=("exploding critic", "vanishing gradient", "difference from the data", "loss and distance"),
        shown=("table",),
    ),
    "generator_w1": Quantity(
        "W1 to held-out rows, without averaging",
        "The exact Wasserstein-1 distance between held-out rows and samples that the generator's own weights make, not "
        "their average.",
        "encoded units",
        axis="distance",
        label="without averaging",
        floor="w1_floor",
        verdicts=("loss and distance",),
    ),
    "energy_distance": Quantity(
        "Energy distance to held-out rows",
        "The energy distance between 512 samples and up to 512 held-out rows, of the half that chooses the best "
        "checkpoint: unbiased, 0 on average for equal distributions. Images are compared by random features, which see "
        "sharpness, and other rows by their encoded columns.",
        "mean distance of two real rows",
        axis="difference",
        label="samples",
        floor="energy_distance_floor",
        verdicts=(
            "exploding critic",
            "vanishing gradient",
            "dead generator",
            "memorising generator",
            "mode collapse",
            "memorising critic",
            "difference from the data",
            "still improving",
        ),
        shown=("tile", "table", "comparison"),
    ),
    "energy_distance_error": Quantity(
        "Error of the energy distance",
        "The standard error of the energy distance, by the jackknife.",
        "mean distance of two real rows",
        verdicts=(
            "exploding critic",
            "vanishing gradient",
            "dead generator",
            "memorising generator",
            "mode collapse",
            "memorising critic",
            "difference from the data",
            "still improving",
        ),
    ),
    "energy_distance_floor": Quantity(
        "Energy distance, real against real",
        "The energy distance between training rows and the same held-out rows.",
        "mean distance of two real rows",
        label="real against real",
        shown=("table",),
    ),
    "energy_distance_chance": Quantity(
        "Energy distance by chance",
        "The energy distance that real rows exceed against real rows in one of a hundred cases, by random splits.",
        "mean distance of two real rows",
        axis="difference",
        label="by chance",
        verdicts=(
            "exploding critic",
            "vanishing gradient",
            "dead generator",
            "mode collapse",
            "memorising critic",
            "difference from the data",
            "still improving",
        ),
    ),
    "best_by.MEASURE": Quantity(
        "Measure that chooses the best checkpoint",
        "The measure of `--best-by`, if it is another one, on the half of the held-out rows that chooses.",
        "the measure's unit",
    ),
    "best_by_error.MEASURE": Quantity(
        "Error of the measure that chooses",
        "The standard error of that measure, where it has one.",
        "the measure's unit",
    ),
    "reported.MEASURE": Quantity(
        "Reported measure",
        "The measure of `--best-by` on the half of the held-out rows that does not choose and from other samples, "
        "so that the choice does not flatter it; logged at each step that is the best so far, and at the last.",
        "the measure's unit",
    ),
    "reported_error.MEASURE": Quantity(
        "Error of the reported measure",
        "The standard error of the reported measure, where it has one. That of the energy distance is the sum of the "
        "jackknife's and of the spread of equal distributions, so that 1.96 of it to both sides hold the truth in at "
        "least 95 %.",
        "the measure's unit",
    ),
    "coverage": Quantity(
        "Coverage",
        "The share of held-out rows with a sample as near as their fifth nearest held-out row; higher is better.",
        "share",
        axis="variety",
        label="coverage",
        floor="coverage_floor",
        text=share,
        verdicts=("mode collapse", "difference from the data"),
        shown=("tile", "table", "comparison"),
    ),
    "coverage_floor": Quantity(
        "Coverage by training rows",
        "The share of held-out rows with a training row as near as their fifth nearest held-out row.",
        "share",
        label="training rows",
        text=share,
        verdicts=("mode collapse", "difference from the data"),
    ),
    "precision": Quantity(
        "Precision",
        "The share of samples as near to a held-out row as its fifth nearest held-out row; higher is better.",
        "share",
        axis="variety",
        label="precision",
        floor="precision_floor",
        text=share,
        verdicts=("mode collapse", "difference from the data"),
        shown=("table",),
    ),
    "precision_floor": Quantity(
        "Precision of training rows",
        "The share of training rows as near to a held-out row as its fifth nearest held-out row.",
        "share",
        label="training rows",
        text=share,
        verdicts=("mode collapse", "difference from the data"),
    ),
    "support": Quantity(
        "Effective support",
        "How many kinds of rows the samples show: one over the share of pairs of samples that are alike, as one pair "
        "of training rows in 1,000 is. Equal kinds count fully, and rare ones hardly.",
        "kinds",
        axis="support",
        label="samples",
        floor="support_floor",
        text=whole,
        shown=("table",),
    ),
    "support_lower": Quantity(
        "Lower end of the effective support",
        "The lower end of its interval, which all records of a run have at once in 95 % of runs.",
        "kinds",
        text=whole,
        verdicts=("mode collapse", "difference from the data"),
    ),
    "support_upper": Quantity(
        "Upper end of the effective support",
        "The upper end of its interval; it is missing where no two samples are alike.",
        "kinds",
        text=whole,
        verdicts=("memorising generator", "mode collapse", "difference from the data"),
    ),
    "support_floor": Quantity(
        "Effective support of held-out rows",
        "The same of held-out rows; it is missing where no two of them are alike.",
        "kinds",
        label="held-out rows",
        text=whole,
        verdicts=("mode collapse", "difference from the data"),
    ),
    "kinds": Quantity(
        "Classes made",
        "How many classes the generator makes, by the labels of the training rows nearest to its samples.",
        "classes",
        floor="kinds_floor",
        text=whole,
        shown=("table",),
    ),
    "kinds_floor": Quantity(
        "Classes among held-out rows",
        "How many classes the data have, by the labels of the training rows nearest to held-out rows.",
        "classes",
        label="held-out rows",
        text=whole,
        verdicts=("mode collapse",),
    ),
    "kinds_lower": Quantity(
        "Lower end of the classes made",
        "The lower end of the interval for the number of classes that are ever made; it holds for any generator.",
        "classes",
        text=whole,
        verdicts=("mode collapse",),
    ),
    "kinds_upper": Quantity(
        "Upper end of the classes made",
        "The upper end of that interval, for classes that are made equally often.",
        "classes",
        text=whole,
        verdicts=("mode collapse",),
    ),
    "missing_mass": Quantity(
        "Mass that is missed",
        "The share of the data whose class no sample has, by the label of the nearest training row.",
        "share",
        text=share,
        shown=("table",),
    ),
    "missing_mass_lower": Quantity(
        "Lower end of the mass that is missed",
        "The lower end of its interval, for classes that are made at least a quarter as often as they occur.",
        "share",
        text=share,
        verdicts=("mode collapse",),
    ),
    "missing_mass_upper": Quantity(
        "Upper end of the mass that is missed",
        "The upper end of its interval, for any generator.",
        "share",
        text=share,
    ),
    "diversity": Quantity(
        "Diversity",
        "The mean distance between two samples, divided by the mean distance between two real rows. Real rows score 1.",
        "ratio",
        axis="variety",
        label="diversity",
        verdicts=("dead generator",),
        shown=("table",),
    ),
    "copied": Quantity(
        "Copies of training rows",
        "The share of samples that copy one of up to 2,048 training rows: the nearest row is less than a third as far "
        "as the second nearest. Copies of other rows are not found.",
        "share",
        axis="variety",
        label="copies of training rows",
        floor="copied_floor",
        text=share,
        verdicts=("memorising generator",),
        shown=("table",),
    ),
    "copied_floor": Quantity(
        "Copies among held-out rows",
        "The share of held-out rows that look like copies of one of the same training rows, by the same rule.",
        "share",
        label="held-out rows",
        text=share,
        verdicts=("memorising generator",),
    ),
    "nearest": Quantity(
        "Distance to the nearest training row",
        "The mean distance from a sample to the nearest of up to 2,048 training rows, rounded to about 1e-3 of a row's "
        "length.",
        "encoded units",
        floor="nearest_floor",
    ),
    "nearest_floor": Quantity(
        "Distance from held-out rows to the nearest training row",
        "The mean distance from a held-out row to the nearest of the same training rows.",
        "encoded units",
        label="held-out rows",
    ),
    "classes": Quantity(
        "Effective classes among samples",
        "The effective number of classes among samples: the exponential of the entropy of the labels of their nearest "
        "training rows.",
        "classes",
        axis="classes",
        label="classes",
        floor="classes_floor",
    ),
    "classes_floor": Quantity(
        "Effective classes among held-out rows",
        "The effective number of classes among held-out rows, by the label of their nearest training row.",
        "classes",
        axis="classes",
        label="held-out rows",
    ),
    "largest_class": Quantity(
        "Largest class among samples",
        "The commonest label among the samples' nearest training rows.",
        "label",
        text=whole,
        verdicts=("mode collapse",),
    ),
    "largest_class_share": Quantity(
        "Share of the largest class",
        "The share of samples whose nearest training row has the commonest label.",
        "share",
        text=share,
        verdicts=("mode collapse",),
    ),
    "measured_rows": Quantity(
        "Rows behind the distances",
        "The number of samples, and of held-out rows, behind each distance.",
        "rows",
        text=whole,
        verdicts=("memorising generator", "mode collapse", "difference from the data"),
    ),
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
        "with the same data and constraint.",
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
        "What the critic minimised, with the penalty, in its last step of the previous iteration.",
        "the objective's unit",
        axis="losses",
        label="critic",
    ),
    "generator_loss": Quantity(
        "Loss of the generator",
        "What the generator minimised in the previous iteration.",
        "the objective's unit",
        axis="losses",
        label="generator",
    ),
    "penalty": Quantity("Penalty", "The weighted gradient penalty in the critic's loss.", "the objective's unit"),
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
        "The mean norm of the critic's gradient at up to 64 samples. The generator learns from this gradient, and a "
        "penalty holds its norm near 1.",
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
        "The mean norm of the critic's gradient at the points of the penalty in the previous iteration; it should stay "
        "near 1.",
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
    "extended_to": Quantity(
        "Extended to", "The steps of the whole run from this step on, where it was given more of them.", "steps"
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
        "The name and the value of the number that was not finite, in the last record of a run that stopped for it.",
        text=str,
        verdicts=("exploding critic",),
    ),
}

# The entries that stand for many logged names: LAYER and MEASURE are there in the place of the member's name.
_FAMILIES = {key.partition(".")[0]: key for key in QUANTITIES if "." in key}
