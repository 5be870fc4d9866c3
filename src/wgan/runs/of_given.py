"""The logged numbers of runs whose samples are given columns or numbers."""

from wgan.runs.quantity import Quantity

_VERDICTS = ("difference from the data", "ignored condition")

# All are of the condition that samples depend on least surely, among those that real rows depend on.
OF_GIVEN: dict[str, Quantity] = {
    "dependence": Quantity(
        "Dependence on the condition",
        "The distance correlation of samples with one condition: the one that the samples most likely ignore.",
        floor="dependence_floor",
        verdicts=_VERDICTS,
    ),
    "dependence_floor": Quantity(
        "Dependence of real rows",
        "The distance correlation of training rows with that condition.",
        label="real rows",
        verdicts=_VERDICTS,
    ),
    "dependence_p": Quantity(
        "Dependence on the condition, p-value",
        "The share of shuffled conditions with which samples have at least this distance correlation.",
        verdicts=_VERDICTS,
    ),
    "dependence_of": Quantity(
        "Which condition",
        "The number of that condition in the list of the given ones, counted from 0.",
        verdicts=_VERDICTS,
    ),
}
