"""Whether a generator ignores what it is given, from the log of a run."""

from typing import Any

from wgan.data.names import names_in
from wgan.reports.series import Log, last_value
from wgan.runs.quantities import number, share

SHUFFLED = 0.01  # the p-value, above which samples are not shown to depend on a condition


def ignored(log: Log, config: dict[str, Any]) -> tuple[str, str] | None:
    """A sentence on a condition that matters to real rows and not to samples, and its evidence; None without one."""
    by_chance = last_value(log, "dependence_p")
    value, floor, of = (last_value(log, name) for name in ("dependence", "dependence_floor", "dependence_of"))
    if not by_chance > SHUFFLED:
        return None
    known = names_in(given, "given") if (given := config.get("given")) else []
    place = int(of) if of >= 0 else 0
    name = known[place] if place < len(known) else f"number {place + 1}"
    evidence = (
        f"The distance correlation of samples with it is {number(value)}. Shuffled conditions reach that in "
        f"{share(by_chance)} of cases. For real rows it is {number(floor)}."
    )
    return f"The generator ignores the condition {name}.", evidence
