"""The training loop: a flat generator of records. Due work comes before the step, so that step 0 and the last
step go through the same code, and a run that was stopped goes on as if it had not been."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from wgan.config import OPERATIONAL, Config
from wgan.data import Dataset
from wgan.errors import WganError
from wgan.game import step
from wgan.maths import streams
from wgan.reports import figures
from wgan.runs import checkpoint
from wgan.runs import folder as runs
from wgan.training import diagnostics
from wgan.training.model import engine_of, generate
from wgan.training.state import Training, describe, draws, encoded, flatten, labels_of, losses, model_of, restore, start

Record = dict[str, Any]

ESTIMATE_ROWS = 512  # rows of each kind behind `estimate` and `held_out_estimate`
GRID = 64  # samples in a picture
COLUMNS = 16  # and classes that have a column each


def advance(
    training: Training, out: Path | None = None, stop: Callable[[int], bool] = lambda step: False
) -> Iterator[Record]:
    """Train from where `training` stands to its last step, yielding a record at every `log_every` steps.

    With `out`, an open run folder, records, sample pictures and checkpoints are written there too. `stop` is
    asked before each step, with its number; when it says so, a checkpoint is written and the loop ends. The
    first value that is not finite raises `WganError`, which names it; the last checkpoint is older and good.
    """
    config = training.config
    began, first = time.perf_counter(), training.step
    before: dict[str, Any] = {}
    probe = diagnostics.prepare(training)
    while True:
        at = training.step
        last = at >= config.steps or stop(at)
        measured, better, due = {}, False, at % config.diagnose_every == 0
        if due or last:
            measured = diagnostics.diagnose(probe, training)
        if due and "w1" in measured:  # what is measured because the loop ends here must not change how it goes on
            better = training.best is None or measured["w1"] < training.best[1]
            training.best = (at, measured["w1"]) if better else training.best
            last = last or no_better(training)
        if at % config.log_every == 0 or measured or last:
            record = {"step": at, **losses(training), **estimates(training), **measured}
            _check_finite(record, at, out)
            record["learning_rate"] = config.learning_rate_at(min(at, config.steps - 1)) if config.steps else 0.0
            seconds = time.perf_counter() - began
            record |= {"seconds": round(seconds, 3), "steps_per_second": (at - first) / seconds}
            if out:
                runs.append(out, record)
            yield record
        if out and (at % config.sample_every == 0 or last):
            picture(training, out / "samples" / f"{at:08d}.png")
        wanted = at % config.checkpoint_every == 0 or better
        if out and (wanted or last):
            save(training, out, passing=not wanted)
        if last:
            return
        iterate(training)
        # one step late, so that the engine computes this step while the host looks at the one before
        _check_finite({name: training.game.engine.numpy(value) for name, value in before.items()}, at, out)
        before = training.info


def iterate(training: Training) -> None:
    """One iteration: the critic's steps, then the generator's."""
    at, game, config = training.step, training.game, training.config
    rates = config.learning_rate_at(at), config.average_at(at)
    training.state, info = game.engine.run(
        step.iteration, game, training.state, draws(training, at), *rates, uses_up=True
    )
    training.step += 1
    training.info = {name: value for name, value in info.items() if name != "estimate"}  # which `estimates` supersedes


def train(
    config: Config,
    dataset: Dataset | None = None,
    *,
    out: str | Path | None = None,
    restart: bool = False,
    stop: Callable[[int], bool] = lambda step: False,
    note: Callable[[str], None] = lambda text: None,
) -> Iterator[Record]:
    """Train from a config, yielding a record (a dict) every `log_every` steps; the loop itself.

    With `out` the run is written to that folder, and goes on where an earlier run of the same config stopped.
    `note` receives sentences worth reading, such as the name of a damaged checkpoint.

    Examples:
        >>> from wgan import Config, train
        >>> records = list(train(Config(data="digits", steps=2, width=8, log_every=1)))
        >>> len(records)
        3
    """
    if out is None:
        yield from advance(start(config, dataset), stop=stop)
        return
    training = start(same_engine(config, Path(out)), dataset)
    with ExitStack() as stack:
        open_folder(training, Path(out), restart, stack, note)
        yield from advance(training, Path(out), stop)


def same_engine(config: Config, out: Path) -> Config:
    """With "auto", the engine of the run that `out` holds, so that it goes on to the same bytes."""
    if config.engine != "auto" or not (out / runs.CONFIG).is_file():
        return config
    return config.replace(engine=engine_of(runs.read_config(out)))


def may_change(config: Config) -> frozenset[str]:
    """The fields in which a resumed run may differ: those that nothing reads, and steps under a constant rate."""
    return OPERATIONAL | config.unread() | (frozenset({"steps"}) if config.decay == "none" else frozenset())


def open_folder(training: Training, out: Path, restart: bool, stack: ExitStack, note: Callable[[str], None]) -> None:
    """Create a run folder, or put `training` where the newest good checkpoint of an earlier run left it."""
    found = runs.open_run(out, describe(training), restart=restart, may_change=may_change(training.config))
    stack.enter_context(runs.lock(out))
    if not found:
        return
    newest, damaged = checkpoint.latest(out / "checkpoints")
    for sentence in damaged:
        note(sentence)
    if newest is not None:
        if newest.step > training.config.steps:
            raise WganError(f"{out} is at step {newest.step} already; use --steps {newest.step} or more, or --restart.")
        restore(training, newest)
        training.best = runs.best(out, checkpoint.steps(out / "checkpoints"), before=newest.step)
    elif damaged:
        raise WganError(f"{out} has no readable checkpoint to go on from; use --restart to begin anew.")
    runs.go_back(out, training.step)
    note(f"resumed at step {training.step:,} of {training.config.steps:,}.")


def estimates(training: Training) -> Record:
    """The critic's estimate on training and on held-out rows, each against the same fakes.

    Both use as many rows, at most `ESTIMATE_ROWS`, so that they differ only in what the critic has seen.
    """
    config, game, at = training.config, training.game, training.step
    count = min(len(training.held_out) or len(training.rows), len(training.rows), ESTIMATE_ROWS)
    rng = streams.stream(config.seed, "estimate", at)
    z = rng.standard_normal((count, config.latent), dtype=np.float32)
    engine, critic = game.engine, training.state.critic
    label = labels_of(training, rng.choice(training.rows, count)) if training.classes else None
    rows_of_z = engine.run(step.generate, game, training.state.generator, engine.array(z), None, label)
    fake = engine.run(step.score, game, critic, rows_of_z, label)

    def against(rows: np.ndarray) -> float:
        chosen = np.sort(rng.choice(rows, count, replace=False))
        shown = engine.array(encoded(training, chosen, rng))
        real = engine.run(step.score, game, critic, shown, labels_of(training, chosen))
        return float(engine.numpy(game.objective.estimate(engine.ops, real, fake)))

    record = {"estimate": against(training.rows)}
    if len(training.held_out):
        record["held_out_estimate"] = against(training.held_out)
    return record


def no_better(training: Training) -> bool:
    """Whether `until_no_better` ends the run here."""
    patience, best = training.config.until_no_better, training.best
    return patience is not None and best is not None and training.step - best[0] >= patience


def _check_finite(record: Record, at: int, out: Path | None) -> None:
    for name, value in record.items():
        if not np.isfinite(value):
            if out:
                runs.append(out, {"step": at, "fault": f"{name} became {value}"})
            kept = checkpoint.steps(out / "checkpoints") if out else []
            where = f"; the last good checkpoint is of step {kept[-1]}" if kept else ""
            raise WganError(
                f"{name} became {value} at step {at}{where}. Lower the learning rate, or use a constraint "
                "that keeps the critic Lipschitz."
            )


def save(training: Training, out: Path, passing: bool = False) -> None:
    """Write a checkpoint of a run, a `passing` one where only its end asks for it; weights that are not finite are
    refused."""
    arrays = flatten(training)
    for name, value in arrays.items():
        if not np.isfinite(value).all():
            _check_finite({f"weight {name}": float("nan")}, training.step, out)
    best = {training.best[0]} if training.best else set()
    checkpoint.save(out / "checkpoints", training.step, arrays, losses(training), training.config.keep, best, passing)


def picture(training: Training, path: Path) -> None:
    """Draw samples from z that stay the same during the run; of few classes, a column of each."""
    config, form = training.config, training.dataset.form
    count, columns, codes = GRID if form.kind == "images" else 1000, None, None
    if training.classes:
        kinds = len(training.classes.names)
        columns = kinds if kinds <= COLUMNS else None
        codes = np.arange(count // kinds * kinds if columns else count) % kinds
        count = len(codes)
    z = streams.normal(config.seed, "fixed_z", 0, (count, config.latent))
    rows = generate(model_of(training), z, codes)
    real = training.dataset.rows[training.rows[:: max(1, len(training.rows) // count)][:count]]
    figures.samples(rows, form, path, real, columns)
