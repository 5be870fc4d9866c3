"""Where samples differ from the data although their energy distance shows nothing: levels, structure, conditions."""

from typing import Any

from wgan.reports import levels, structure
from wgan.reports.ignored import ignored
from wgan.reports.series import Log


def elsewhere(log: Log, config: dict[str, Any]) -> tuple[str, str] | None:
    """The sentence on samples that differ in one respect only, and what to do; None where they do not."""
    if of_level := levels.surest(log):
        sentence = f"All columns together show no difference from the data, but the samples {of_level}."
        return sentence, "See the note on the levels."
    if structure.differing(log):
        sentence = "The energy distance shows no difference from the data, but the structure of the samples does."
        return sentence, "See the note on the structure."
    if ignored(log, config):
        sentence = "All samples together show no difference from the data, but a condition is ignored."
        return sentence, "See the fault on the condition."
    return None
