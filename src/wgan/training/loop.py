"""The training loop, a generator of records.

The work that is due at a step (records, pictures, checkpoints) is done before the step. So step 0 and the last step go
through the same code, and a stopped run continues as if it had never been stopped.
"""

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from wgan import data
from wgan.config import OPERATIONAL, Config, name_of
from wgan.data.columns import TableForm
from wgan.data.labels import Classes
from wgan.errors import WganError, a_kind, setting
from wgan.files.reading import as_path
from wgan.game import slices, step
from wgan.game.arrays import Params
from wgan.game.layers import Layer, mixes_batch
from wgan.maths import streams
from wgan.reports import figures
from wgan.reports.unfinished import ended_early
from wgan.runs import best, checkpoint
from wgan.runs import folder as runs
from wgan.training import comparison, diagnostics, extension, finite, parallel
from wgan.training.ahead import Ahead
from wgan.training.crew import check, crew_here
from wgan.training.model import engine_of, generate, sample_codes, z_shape
from wgan.training.state import (
    Training,
    describe,
    encoded,
    flatten,
    given,
    host_draws,
    iterate,
    labels_of,
    losses,
    model_of,
    rates,
    restore,
    start,
)

Record = dict[str, Any]

ESTIMATE_ROWS = 512  # rows of each kind in `estimate` and `held_out_estimate`
PART = 2**21  # values of the rows of an estimate that are computed at once: 682 pictures of CIFAR, 42 of 128 x 128
GRID, VOLUMES = 64, 4  # samples in a picture, and volumes of which the critic sees slices


def advance(
    training: Training, out: Path | None = None, stop: Callable[[int], bool] = lambda step: False
) -> Iterator[Record]:
    """Train from the current step of `training` to the last, yielding a record every `log_every` steps.

    `out` is an open run folder; if it is given, records, sample pictures and checkpoints are written there too.
    `stop(step)` is called before each step; if it returns True, a checkpoint is written and the loop ends. The first
    value that is not finite raises `WganError`, which names the value; the last checkpoint is from before it.

    Of several processes the first does all this; the others follow its steps and yield nothing.
    """
    with ahead_of(training):
        if not training.crew.leads:
            parallel.follow(training, stop)
            return
        with parallel.leading(training.crew) as asked_elsewhere:
            yield from _advance(training, out, stop, asked_elsewhere)


@contextmanager
def ahead_of(training: Training) -> Iterator[None]:
    """A thread that makes the draws of the next step while the engine computes this one."""
    training.ahead = ahead = Ahead(lambda at: host_draws(training, at, training.crew), training.config.steps)
    try:
        yield
    finally:
        training.ahead = None
        ahead.close()


def _advance(
    training: Training, out: Path | None, stop: Callable[[int], bool], asked_elsewhere: Callable[[], bool]
) -> Iterator[Record]:
    config, asked = training.config, False
    began, first = time.perf_counter(), training.step
    before: dict[str, Any] = {}
    probe, watch = diagnostics.prepare(training), finite.Watch()
    chosen_by = best.column_of(measure := name_of(config.best_by))
    while True:
        at = training.step
        finite.look(watch, training, out)
        last = at >= config.steps or stop(at) or asked
        measured, better, due = {}, False, at % config.diagnose_every == 0
        if due or last:
            measured = diagnostics.diagnose(probe, training, partial(_keep_curves, out, at))
        if due and chosen_by in measured:  # a measurement only because the loop stops here must not change a later step
            loss, error = best.loss_of(measure, measured[chosen_by]), measured.get(best.error_of(chosen_by), 0.0)
            training.measured.append(best.Measured(at, loss, error))
            better = _best_step(training) == at
            last = last or no_better(training)
        if measured and probe.comparison and (better or last):
            measured |= comparison.report(probe.comparison, training)
        was_extended = any(at == until for until, _ in training.extended)
        if at % config.log_every == 0 or measured or last or was_extended:
            record = {"step": at, **losses(training), **estimates(training), **measured}
            finite.check(watch, training, record, at, out)
            record |= _logged_rates(training, at)
            record |= {"extended_to": extension.steps_at(config, training.extended, at)} if was_extended else {}
            seconds = time.perf_counter() - began
            speed = (at - first) / seconds if seconds > 0 else 0.0  # the clock of a machine can stand still
            record |= {"seconds": round(seconds, 3), "steps_per_second": speed}
            if out:
                runs.append(out, record)
            yield record
        if out and (at % config.sample_every == 0 or last):
            picture(training, out / "samples" / f"{at:08d}.png")
        wanted = at % config.checkpoint_every == 0 or better
        if out and (wanted or last):
            save(training, out, not wanted, watch)
        if last:
            return
        asked = asked_elsewhere()
        iterate(training)
        # checked one step late, so that the engine computes this step while the host checks the one before
        finite.check(watch, training, {n: training.game.engine.numpy(value) for n, value in before.items()}, at, out)
        before = training.info


def _logged_rates(training: Training, at: int) -> Record:
    """The learning rate of the next step, and the generator's where it is another."""
    if not training.config.steps:
        return {"learning_rate": 0.0}
    rate, _, own = rates(training, min(at, training.config.steps - 1))
    return {"learning_rate": rate} | ({} if own is None else {"generator_learning_rate": own})


def _keep_curves(out: Path | None, at: int, file: str, curves: dict[str, Any]) -> None:
    """Write the curves of a step for the report, in the place of those of an earlier step."""
    if out:
        runs.write(out, file, {"step": at, **curves})


def train(
    config: Config,
    dataset: Any = None,
    *,
    out: str | Path | None = None,
    restart: bool = False,
    extend: bool = False,
    stop: Callable[[int], bool] = lambda step: False,
    note: Callable[[str], None] = lambda text: None,
) -> Iterator[Record]:
    """Train from a config, yielding a record (a dict) every `log_every` steps.

    `dataset` is a `Dataset`, an array or a DataFrame to train on instead of the data that the config names. With `out`
    the run is written to that folder, and resumes an earlier run of the same config there; `extend` gives that run the
    steps of this config. `note` is called with sentences for the user, for instance where a run continues. A
    `WganWarning` names a newest checkpoint that cannot be read.

    Examples:
        >>> from wgan import Config, train
        >>> records = list(train(Config(data="digits", steps=2, width=8, log_every=1)))
        >>> len(records)
        3
    """
    if not isinstance(config, Config):
        data_of = repr(config) if isinstance(config, str) else "..."
        raise WganError(f"config is {a_kind(config)}, not a Config; give one, such as wgan.Config(data={data_of}).")
    if dataset is not None:
        dataset = given(config, rows := dataset)
        config = config if dataset is rows else config.replace(data=dataset.name)
    if extend and out is None:
        raise WganError("extend continues the run in a folder; give out.")
    check(crew := crew_here(), config)
    folder = None if out is None else as_path(out, "out")
    training = start(config if folder is None else same_engine(config, folder), dataset, crew)
    with parallel.together(training), ExitStack() as stack:
        finished = parallel.led(
            training, lambda: folder is not None and opened(training, folder, restart, stack, note, extend)
        )
        if not finished:
            yield from advance(training, folder, stop)
        elif folder is not None and crew.leads:
            note(finished_in_words(training, folder))
            yield runs.last_record(folder)


def opened(
    training: Training, out: Path, restart: bool, stack: ExitStack, note: Callable[[str], None], extend: bool
) -> bool:
    """Bring `training` to where the run in a folder stands, and open the folder unless the run is finished.

    Returns whether it is finished.
    """
    if is_finished(training, out, restart, extend):
        return True
    open_folder(training, out, restart, stack, note, extend)
    return False


def same_engine(config: Config, out: Path) -> Config:
    """The config with the engine of the run in `out` instead of "auto", so that the run reaches the same bytes."""
    if config.engine != "auto" or not runs.is_run(out):
        return config
    return config.replace(engine=engine_of(runs.read_config(out)))


def may_change(config: Config, extend: bool = False) -> frozenset[str]:
    """The fields in which a resumed run may differ: operational and unread fields, and `steps` at a constant rate or
    where the run is extended."""
    return OPERATIONAL | config.unread() | (frozenset({"steps"}) if extend or config.decay == "none" else frozenset())


def described(training: Training, out: Path, restart: bool, extend: bool) -> dict[str, Any]:
    """The contents of config.json once `training` is in this folder; `extend` gives the run there more steps."""
    earlier = runs.is_run(out) and not restart
    if extend and not earlier:
        why = "restart starts again" if restart else f"{out} holds none"
        raise WganError(f"{setting('extend', True)} continues an earlier run, but {why}; leave it out.")
    if earlier:
        training.extended = extension.pieces_in(out, training.config, extend)
    about = describe(training)
    return about | {"data": about["data"] | data.places_for(training.config, out)}


def is_finished(training: Training, out: Path, restart: bool, extend: bool) -> bool:
    """Whether the folder holds exactly this run, with nothing left to do; then `training` is brought to its last step.

    Nothing is written. A run with another place of its data, or another operational field, is not exactly this one.
    """
    if restart or extend or not runs.is_run(out):
        return False
    about, saved = json.loads(json.dumps(described(training, out, restart, extend))), runs.read_config(out)
    newest, damaged = checkpoint.latest(out / "checkpoints")
    log = runs.read_log(out)
    if newest is None or damaged or "step" not in log or log["step"][-1] != newest.step:
        return False
    asked, had = about["config"] | {"engine": about["engine"]}, saved["config"] | {"engine": saved.get("engine")}
    if asked != had or about["data"] != saved.get("data"):  # the engine may be "auto" in one of the two
        return False
    least = best.lowest(best.history(log, name_of(training.config.best_by)))
    if newest.step != training.config.steps and not ended_early(saved["config"], newest.step, least):
        return False
    restore(training, newest)
    training.measured = best.history(log, name_of(training.config.best_by))
    # A kill may have come after the last checkpoint and before the others went: then the last step is done again.
    folder, keep = out / "checkpoints", training.config.keep
    return not (checkpoint.left_by_a_kill(folder) or checkpoint.surplus(folder, newest.step, keep, _lasting(training)))


def finished_in_words(training: Training, out: Path) -> str:
    """The sentence on a run for which `is_finished` holds."""
    return (
        f"{out} is finished already, at step {training.step:,}, so nothing was written. To give it more steps, raise "
        f"{setting('steps')} and add {setting('extend', True)}."
    )


def open_folder(
    training: Training,
    out: Path,
    restart: bool,
    stack: ExitStack,
    note: Callable[[str], None],
    extend: bool = False,
) -> None:
    """Create a run folder, or bring `training` to the newest good checkpoint of the run in the folder.

    `extend` gives that run the steps of the config.
    """
    about = described(training, out, restart, extend)
    found = runs.open_run(out, about, restart=restart, may_change=may_change(training.config, extend))
    stack.enter_context(runs.lock(out))
    if not found:
        return
    newest, damaged = checkpoint.latest(out / "checkpoints")
    checkpoint.warn(out / "checkpoints", damaged)
    if newest is not None:
        if newest.step > training.config.steps:
            raise WganError(
                f"{out} is at step {newest.step} already; use {setting('steps', newest.step)} or more, or "
                f"{setting('restart', True)}."
            )
        restore(training, newest)
        measure = name_of(training.config.best_by)
        training.measured = best.history(runs.read_log(out), measure, before=newest.step)
    elif damaged:
        raise WganError(
            f"{out} has no readable checkpoint to continue from; use {setting('restart', True)} to start again."
        )
    runs.go_back(out, training.step)
    if any(training.step == at for at, _ in training.extended):
        note(extension.words(training.config, training.extended, training.step))
    elif extend and training.step == training.config.steps:
        note(
            f"nothing is added: the run has {training.step:,} steps already; say with {setting('steps')} how many in "
            "all."
        )
    note(f"resumed at step {training.step:,} of {training.config.steps:,}.")


def estimates(training: Training) -> Record:
    """The critic's estimates on training rows and on held-out rows, both against the same fakes.

    Both use the same number of rows, at most `ESTIMATE_ROWS` and fewer of large rows. So they differ only in what the
    critic has seen.
    """
    config, game, at = training.config, training.game, training.step
    most = min(ESTIMATE_ROWS, comparison.most_compared(training.dataset.form))
    count = min(len(training.held_out) or len(training.rows), len(training.rows), most)
    rng = streams.stream(config.seed, "estimate", at)
    made = slices.volumes_for(count) if game.architecture.noise else count
    z = rng.standard_normal((made, *z_shape(config)), dtype=np.float32)
    engine, critic = game.engine, training.state.critic
    label = labels_of(training, rng.choice(training.rows, count)) if training.classes else None
    layers = game.architecture
    rows_of_z = _in_parts(
        training, layers.generator, _generated, training.state.generator, engine.array(z), label, count
    )
    seen = step.seen(game, rows_of_z)
    if training.dataset.axis is not None:
        label = engine.array(slices.axes_of(len(seen)))
    fake = _in_parts(training, layers.critic, step.score, critic, seen, label, count)

    def against(rows: np.ndarray) -> float:
        chosen = np.sort(rng.choice(rows, count, replace=False))
        shown = engine.array(encoded(training, chosen, rng))
        real = _in_parts(training, layers.critic, step.score, critic, shown, labels_of(training, chosen), count)
        return float(engine.numpy(game.objective.estimate(engine.ops, real, fake)))

    record = {"estimate": against(training.rows)}
    if len(training.held_out):
        record["held_out_estimate"] = against(training.held_out)
    return record


def _generated(game: step.Game, generator: Params, z: Any, label: Any) -> Any:
    """The generator's rows for z and their conditions."""
    return step.generate(game, generator, z, label=label)


def _in_parts(
    training: Training, layers: list[Layer], function: Callable, player: Params, rows: Any, label: Any, count: int
) -> Any:
    """`function(game, player, rows, label)` in parts of at most `PART` values of the data, so that large maps fit.

    Layers that mix a batch get the whole batch, and so do slices, of which a volume has several.
    """
    game, each = training.game, math.prod(training.dataset.form.encoded_shape)
    size = count if mixes_batch(layers) or game.architecture.noise else max(1, PART // each)
    if size >= count:
        return game.engine.run(function, game, player, rows, label)
    parts = [
        game.engine.run(function, game, player, rows[i : i + size], None if label is None else label[i : i + size])
        for i in range(0, count, size)
    ]
    return game.engine.ops.concatenate(*parts)


def no_better(training: Training) -> bool:
    """Whether `until_no_better` ends the run at this step, which is so only where it is measured in any case."""
    config, least = training.config, best.lowest(training.measured)
    if config.until_no_better is None or least is None or training.step % config.diagnose_every:
        return False
    return training.step - least.step >= config.until_no_better


def _best_step(training: Training) -> int | None:
    found = best.choose(training.measured)
    return found.step if found else None


def _lasting(training: Training) -> set[int]:
    """The steps whose checkpoints stay beside the newest: the best, and the last of a run that was then given more."""
    chosen = {one for one in [_best_step(training)] if one is not None}
    return chosen | {at for at, steps in training.extended if at == steps}


def save(training: Training, out: Path, passing: bool = False, watch: finite.Watch | None = None) -> None:
    """Write a checkpoint of a run; arrays that are not finite raise `WganError`.

    `passing` marks a checkpoint that is due only because the loop stops here.
    """
    finite.look(watch or finite.Watch(), training, out, at_once=True)
    keep, also = training.config.keep, _lasting(training)
    checkpoint.save(out / "checkpoints", training.step, flatten(training), losses(training), keep, also, passing)


def picture(training: Training, path: Path) -> None:
    """Draw samples from z that stay the same during the run; each of a few classes gets as many columns."""
    config, model = training.config, model_of(training)
    form, slices_seen = model.made, config.slices != "none"
    count, columns, codes = GRID if form.space else 1000, None, None
    count = count if not slices_seen else VOLUMES
    if isinstance(training.classes, Classes):
        columns, codes = figures.places_of_classes(len(training.classes.names), count)
        count = len(codes)
    elif training.codes is not None:
        codes = training.codes[np.resize(training.rows, count)]
    elif training.classes:  # a model that was read from its weights has no rows
        codes = sample_codes(model, count, config.seed)
    z = streams.normal(config.seed, "fixed_z", 0, (count, *z_shape(config)))
    rows = generate(model, z, codes)
    chosen = training.rows[:: max(1, len(training.rows) // count)][:count]
    real = training.dataset.rows[chosen] if len(chosen) and not slices_seen else None
    figures.samples(rows, form, path, real, columns)
    if isinstance(form, TableForm):
        runs.write_drawn_rows(path.with_suffix(".npy"), rows)
