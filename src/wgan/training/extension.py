"""More steps for a run: which schedule of the learning rate holds at which step, and what is kept of that."""

from pathlib import Path
from typing import Any, TypedDict

from wgan.config import Config
from wgan.errors import WganError
from wgan.files.records import converted
from wgan.runs import checkpoint
from wgan.runs import folder as runs

# Up to the step `first`, the schedule was that of a run of `second` steps; in the order of the steps.
Pieces = tuple[tuple[int, int], ...]


class _Piece(TypedDict):
    at: int
    steps_before: int


def steps_at(config: Config, pieces: Pieces, step: int) -> int:
    """How many steps the whole run had when `step` was made."""
    return next((steps for until, steps in pieces if step < until), config.steps)


def learning_rate_at(config: Config, pieces: Pieces, step: int, player: str = "critic") -> float:
    """The learning rate of a player during `step`."""
    return config.learning_rate_at(step, steps_at(config, pieces, step), player)


def pieces_of(saved: dict[str, Any]) -> Pieces:
    """The pieces in the content of a config.json. Raises WganError if they are damaged."""
    try:
        found: list[_Piece] = converted(saved.get("extended", []), list[_Piece])
    except ValueError as fault:
        raise WganError(f"the entry extended of config.json is damaged ({fault}); restore that file.") from None
    return tuple((piece["at"], piece["steps_before"]) for piece in found)


def to_json(pieces: Pieces) -> list[dict[str, int]]:
    """What `pieces_of` reads."""
    return [{"at": at, "steps_before": steps} for at, steps in pieces]


def more_steps(config: Config, before: Config, pieces: Pieces, at: int) -> Pieces:
    """The pieces of a run of the config `before` that continues at step `at` with the steps of `config`.

    Raises WganError for fewer steps.
    """
    if config.steps < max(before.steps, at):
        raise WganError(
            f"extend adds steps, but steps is {config.steps} and the run has {max(before.steps, at)}; ask for more."
        )
    if config.steps == before.steps or at == 0:
        return pieces
    return (*[piece for piece in pieces if piece[0] <= at], (at, steps_at(before, pieces, at)))


def pieces_in(out: Path, config: Config, extend: bool) -> Pieces:
    """The pieces of the run in a folder; with `extend` it continues to the steps of `config`."""
    saved = runs.read_config(out)
    pieces = pieces_of(saved)
    if not extend:
        return pieces
    newest, _ = checkpoint.latest(out / "checkpoints")
    steps = saved["config"].get("steps")
    before = config.replace(steps=steps) if isinstance(steps, int) else config
    return more_steps(config, before, pieces, 0 if newest is None else newest.step)


def words(config: Config, pieces: Pieces, at: int) -> str:
    """One sentence on the extension at step `at`, and on what the learning rate does there."""
    rate = learning_rate_at(config, pieces, at)
    before = config.learning_rate_at(at, next(steps for until, steps in pieces if until == at))
    does = (
        f"starts again at {rate:.3g}, as in a run of that many steps, and falls to 0"
        if config.decay != "none"
        else f"stays {rate:.3g}"
    )
    fell = f", which had fallen to {before:.3g}," if config.decay != "none" else ""
    whose = "critic's " if config.has_two_rates() else ""
    return f"extended at step {at:,} to {config.steps:,} steps: the {whose}learning rate{fell} {does}."
