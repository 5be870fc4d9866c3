"""Parts of the advice that verdicts give, which depend on the config of the run or on its log."""

from typing import Any

from wgan.game.constraints import CONSTRAINTS
from wgan.reports.series import Log
from wgan.runs import best


def or_bound_the_critic(config: dict[str, Any]) -> str:
    """The advice to bound the critic, where the run does not."""
    make = CONSTRAINTS.get(str(config.get("constraint")))
    bounded = make and (make().bounds_layers or make().wanted_slope == 1)
    return "" if bounded else ", or use --constraint gradient-penalty, which bounds the critic"


def to_a_slope(config: dict[str, Any]) -> tuple[str, str]:
    """What the slope of a critic should be that is flat at the samples, and the advice that brings it there."""
    make = CONSTRAINTS.get(str(config.get("constraint")))
    wanted = make().wanted_slope if make else None
    if wanted == 0:
        return "and the penalty pulls it to 0", "Lower --penalty-weight, or use --constraint gradient-penalty."
    if wanted == 1:
        remedy = "Raise --penalty-weight, which holds the slope near 1, or lower the learning rate."
    else:
        remedy = "Use --constraint gradient-penalty, which holds the slope near 1."
    return "but it should be near 1", remedy


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
