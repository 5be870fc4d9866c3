"""The first value of a run that is not finite, found where it began.

An overflow can leave every loss finite: a mean square of gradients that is infinite stops a weight and no more is seen.
So all arrays are looked at from time to time, and good ones are kept in memory. Every draw is a function of (seed,
step), so the steps since then can be repeated: that names the first value that is not finite, and its step.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from wgan.config import FIELDS, RATES
from wgan.errors import WganError, setting
from wgan.game import step
from wgan.runs import checkpoint
from wgan.runs import folder as runs
from wgan.training.crew import ALONE
from wgan.training.state import Training, draws, flatten, iterate, losses, penalised, rates, restore

SHARE = 0.005  # of the time of training that looking may take

WORDS = {
    "critic": "weight critic/",
    "generator": "weight generator/",
    "average": "weight average/",
    "critic_optimiser/mean": "mean gradient of critic/",
    "critic_optimiser/mean_square": "mean square gradient of critic/",
    "generator_optimiser/mean": "mean gradient of generator/",
    "generator_optimiser/mean_square": "mean square gradient of generator/",
}


@dataclass
class Watch:
    """The last good state of a run and when it was kept."""

    good: checkpoint.Checkpoint | None = None
    due: float = 0.0


class Fault(NamedTuple):
    """A value that is not finite, the step at which it was seen, and the part of the iteration that made it."""

    name: str
    value: float
    step: int
    where: str = ""


def look(watch: Watch, training: Training, out: Path | None, at_once: bool = False) -> None:
    """Look at all arrays of a run if that is due, and keep them. Raises WganError if one is not finite."""
    began = time.perf_counter()
    if began < watch.due and not at_once:
        return
    arrays = flatten(training)
    if found := _in_arrays(arrays, training.step):
        stop(watch, training, found, out)
    watch.good = _kept(training, arrays, watch.good)
    now = time.perf_counter()
    watch.due = now + (now - began) / SHARE


def check(watch: Watch, training: Training, values: Mapping[str, Any], at: int, out: Path | None) -> None:
    """Raise WganError if one of these numbers, seen at step `at`, is not finite; it names where that began."""
    if found := _in_numbers(values, at):
        stop(watch, training, found, out)


def stop(watch: Watch, training: Training, found: Fault, out: Path | None) -> None:
    """Raise WganError that names the first value that was not finite; records since then are removed from the log."""
    training.crew, training.ahead = ALONE, None  # the other processes do not repeat the steps
    fault = (watch.good and _began(training, watch.good, found.step)) or found
    if out:
        runs.go_back(out, fault.step)
        runs.append(out, {"step": fault.step, "fault": f"{fault.name} became {fault.value}{fault.where}"})
    kept = checkpoint.steps(out / "checkpoints") if out else []
    last = f"; the last good checkpoint is of step {kept[-1]}" if kept else ""
    fields = [name for name in RATES if getattr(training.config, name) != FIELDS[name].default] or ["learning_rate"]
    rate = " and ".join(map(setting, fields))
    weight = f" or {setting('penalty_weight')}" if training.game.constraint.penalty else ""
    bounded = "" if training.config.constraint != "none" else ", or use a constraint that keeps the critic Lipschitz"
    raise WganError(
        f"{fault.name} became {fault.value} at step {fault.step}{fault.where}{last}. Lower {rate}{weight}{bounded}."
    )


def _began(training: Training, good: checkpoint.Checkpoint, until: int) -> Fault | None:
    """The first fault between a good state and the step `until`; None if repeating the steps shows none."""
    restore(training, good)
    while training.step < until:
        before = _kept(training, flatten(training))
        iterate(training)
        at = training.step
        if found := _in_numbers(losses(training), at) or _in_arrays(flatten(training), at):
            restore(training, before)
            return next((one for one in _parts(training, at) if one), found)
    return None


def _parts(training: Training, at: int) -> Iterator[Fault | None]:
    """What is not finite in the iteration that leads to step `at`, part by part in the order of Algorithm 1."""
    game, state, drawn = training.game, training.state, draws(training, training.step)
    run, (rate, decay, own) = game.engine.run, rates(training, training.step)
    acts, quiet = penalised(training, training.step), step.without_penalty(game)
    count = len(drawn.mix)
    for i in range(count):
        where = f", in critic step {i + 1} of {count}"
        more = drawn.label, drawn.augment, drawn.noise, drawn.where
        label, augment, noise, seen = (x if x is None else x[i] for x in more)
        fake = step.seen(game, run(step.generate, game, state.generator, drawn.z[i], None, label), seen)
        yield _in_arrays({"fake": game.engine.numpy(fake)}, at, where)
        given = drawn.real[i], fake, drawn.mix[i], rate, label, augment, noise
        state, info = run(step.critic_step, game if acts[i] else quiet, state, *given)
        yield from _in_player(training, "critic", info, state, at, where)
    where = ", in the generator's step"
    rate = rate if own is None else own
    last = drawn.generator_z, rate, decay, drawn.generator_label, drawn.generator_augment, drawn.generator_where
    state, info = run(step.generator_step, game, state, *last, drawn.generator_real)
    yield from _in_player(training, "generator", info, state, at, where)


def _in_player(
    training: Training, player: str, info: dict[str, Any], state: step.State, at: int, where: str
) -> Iterator[Fault | None]:
    """Faults of one update: the loss after what it is made of, the memory of the optimiser, then the weights."""
    numbers = {name: training.game.engine.numpy(value) for name, value in info.items()}
    ordered = sorted(numbers, key=lambda name: (name == f"{player}_loss", name))
    yield _in_numbers({name: numbers[name] for name in ordered}, at, where)
    arrays = flatten(training, state)
    for part in (f"{player}_optimiser", player, "average"):
        yield _in_arrays({name: w for name, w in arrays.items() if name.split("/")[0] == part}, at, where)


def _in_numbers(values: Mapping[str, Any], at: int, where: str = "") -> Fault | None:
    wrong = ((name, float(value)) for name, value in values.items() if not _is_good(value))
    return next((Fault(name, value, at, where) for name, value in wrong), None)


def _is_good(value: Any) -> bool:
    """Whether a logged value is finite, or words."""
    return isinstance(value, str) or bool(np.isfinite(value))


def _in_arrays(arrays: Mapping[str, np.ndarray], at: int, where: str = "") -> Fault | None:
    for name, array in arrays.items():
        with np.errstate(all="ignore"):
            if np.isfinite(array.sum()):  # reads an array once and makes none; a sum of large numbers can overflow
                continue
        wrong = array[~np.isfinite(array)]
        if wrong.size:
            infinite = wrong[np.isinf(wrong)]  # nan is made of inf, not the other way round
            return Fault(_words(name), float(infinite[0] if infinite.size else wrong[0]), at, where)
    return None


def _words(path: str) -> str:
    """The name of an array of the state for a sentence."""
    part = next((part for part in WORDS if path.startswith(f"{part}/")), None)
    return path if part is None else WORDS[part] + path.removeprefix(f"{part}/")


def _kept(
    training: Training, arrays: dict[str, np.ndarray], before: checkpoint.Checkpoint | None = None
) -> checkpoint.Checkpoint:
    """A copy of the state, since the next step may use it up; it takes the memory of the copy before."""
    kept = {name: np.empty_like(value) for name, value in arrays.items()} if before is None else before.arrays
    for name, value in arrays.items():
        np.copyto(kept[name], value)
    return checkpoint.Checkpoint(training.step, kept, losses(training))
