"""Parts of the advice that verdicts give, which depend on the config of the run or on its log."""

from typing import Any

from wgan.errors import setting
from wgan.game.constraints import CONSTRAINTS
from wgan.reports.series import Log
from wgan.runs import best


def more_steps() -> str:
    """The advice to give the run more steps."""
    return f"Raise {setting('steps')}, with {setting('extend', True)} to go on with this run."


def to_come_nearer() -> str:
    """The advice for samples that are far from the data and come no nearer."""
    return f"Raise {setting('steps')}, or try another {setting('learning_rate')} or {setting('width')}."


def to_hold_out(config: dict[str, Any]) -> str:
    """The advice to hold rows out, or more of them."""
    held_out = "Hold more rows out." if config.get("held_out") else ""
    return held_out or f"Hold rows out, for example with {setting('held_out', 0.1)}."


def to_sharper_tests() -> str:
    """The advice for a comparison that shows no difference and proves none."""
    return f"Raise {setting('held_out')}: more held-out rows make the test sharper."


def to_more_kinds(config: dict[str, Any]) -> str:
    """The advice for samples of few kinds: the objective and constraint that collapse least, and what else helps."""
    better = {"objective": "wasserstein", "constraint": "gradient-penalty"}
    changes = [setting(name, one) for name, one in better.items() if config.get(name, "wasserstein") != one]
    first = f"Use {' with '.join(changes)}, raise" if changes else "Raise"
    return f"{first} {setting('n_critic')}, {setting('latent')} or {setting('width')}, or lower the learning rate."


def or_bound_the_critic(config: dict[str, Any]) -> str:
    """The advice to bound the critic, where the run does not."""
    make = CONSTRAINTS.get(str(config.get("constraint")))
    bounded = make and (make().bounds_layers or make().wanted_slope == 1)
    return "" if bounded else f", or use {setting('constraint', 'gradient-penalty')}, which bounds the critic"


def to_a_slope(config: dict[str, Any]) -> tuple[str, str]:
    """What the slope of a critic should be that is flat at the samples, and the advice that brings it there."""
    make = CONSTRAINTS.get(str(config.get("constraint")))
    wanted = make().wanted_slope if make else None
    if wanted == 0:
        return (
            "and the penalty pulls it to 0",
            f"Lower {setting('penalty_weight')}, or use {setting('constraint', 'gradient-penalty')}.",
        )
    if wanted == 1:
        remedy = f"Raise {setting('penalty_weight')}, which holds the slope near 1, or lower the learning rate."
    else:
        remedy = f"Use {setting('constraint', 'gradient-penalty')}, which holds the slope near 1."
    return "but it should be near 1", remedy


def other_norm(config: dict[str, Any]) -> str:
    """The advice to normalise the generator's layers, where the run does not."""
    return f", or with {setting('generator_norm', 'batch')}" if config.get("generator_norm") in ("none", None) else ""


def best_checkpoint(log: Log, config: dict[str, Any]) -> str:
    """A sentence on the best checkpoint, which training kept."""
    measure = str(config.get("best_by", best.ENERGY))
    found = best.choose(best.history(log, measure))
    if found is None:
        return ""
    return f" The best checkpoint, by {measure.replace('_', ' ')}, is that of step {found.step:,}."
