"""Parts of the advice that verdicts give, which depend on the config of the run or on its log."""

from typing import Any

from wgan.reports.series import Log
from wgan.runs import best


def or_bound_the_critic(config: dict[str, Any]) -> str:
    """The advice to bound the critic, where the run does not."""
    bounded = ("gradient-penalty", "spectral", "orthogonal")
    return (
        "" if config.get("constraint") in bounded else ", or use --constraint gradient-penalty, which bounds the critic"
    )


def other_norm(config: dict[str, Any]) -> str:
    """The advice to normalise the generator's layers, where the run does not."""
    return ", or with --generator-norm batch" if config.get("generator_norm") in ("none", None) else ""


def best_checkpoint(log: Log, config: dict[str, Any]) -> str:
    """A sentence on the best checkpoint, which training kept."""
    measure = str(config.get("best_by", best.ENERGY))
    found = best.choose(best.history(log, measure))
    if found is None:
        return ""
    return f" The best checkpoint, by {measure.replace('_', ' ')}, is that of step {found.step:,}."
