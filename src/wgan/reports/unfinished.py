"""Whether a run has steps left to do, from its log and its config, and what a verdict then advises first."""

from typing import Any

from wgan.errors import setting
from wgan.reports.series import Log, is_logged
from wgan.runs import best


def is_unfinished(log: Log, config: dict[str, Any]) -> bool:
    """Whether the run has more steps to do: no fault and no `until_no_better` has ended it."""
    steps = config.get("steps")
    if not isinstance(steps, int) or _last_step(log) >= steps or faults_and_steps(log):
        return False
    measured = best.history(log, str(config.get("best_by", best.ENERGY)))
    return not ended_early(config, _last_step(log), best.lowest(measured))


def ended_early(config: dict[str, Any], at: int, found: best.Best | best.Measured | None) -> bool:
    """Whether `until_no_better` ended a run at its last step; only a step that is measured can end it."""
    patience, every = config.get("until_no_better"), config.get("diagnose_every")
    measured = isinstance(every, int) and every > 0 and at % every == 0
    return isinstance(patience, int) and measured and found is not None and at - found.step >= patience


def let_it_finish(remedy: str, log: Log, config: dict[str, Any]) -> str:
    """The remedy of a verdict on an unfinished run; one that asks for more steps is replaced."""
    first = f"Let the run finish: it is at step {_last_step(log):,} of {config['steps']:,}."
    more = not remedy or remedy.startswith(f"Raise {setting('steps')}")
    return first if more else f"{first} If this verdict stays: {remedy}"


def next_measurement(log: Log, config: dict[str, Any]) -> int:
    """The step of the next measurement of an unfinished run."""
    every, steps = config.get("diagnose_every"), int(config["steps"])
    if not (isinstance(every, int) and every > 0):
        return steps
    return min(steps, (_last_step(log) // every + 1) * every)


def faults_and_steps(log: Log) -> list[tuple[float, str]]:
    """The step and the text of each fault that ended the run."""
    texts = log["fault"] if is_logged(log, "fault") else ()
    return [(step, text) for step, text in zip(log["step"], texts, strict=False) if isinstance(text, str)]


def _last_step(log: Log) -> int:
    return int(log["step"][-1])
