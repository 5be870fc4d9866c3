"""The logged numbers of runs on tables that say which levels, gaps and spikes are too rare or too frequent."""

from wgan.runs.quantity import Quantity, whole

_VERDICTS = ("difference from the data", "levels")

OF_FREQUENCIES: dict[str, Quantity] = {
    "unlike_levels": Quantity(
        "Levels that are too rare or too frequent",
        "How many levels, missing values and spikes of a table are at least twice too rare or too frequent among 4,096 "
        "samples, beyond chance. All real rows are compared, by Fisher's exact test. With equal distributions, one "
        "record in a hundred counts any.",
        "levels",
        text=whole,
        verdicts=_VERDICTS,
        shown=("table",),
    ),
    "unlike_level": Quantity(
        "The surest of these levels", "What the samples do with the level that differs most surely.", text=str,
        verdicts=_VERDICTS,
    ),
    "unlike_level_numbers": Quantity(
        "The rows of this level", "How many samples and how many real rows have this level.", text=str,
        verdicts=_VERDICTS,
    ),
}  # fmt: skip
