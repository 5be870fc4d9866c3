"""The training loop: a flat generator of records. Due work comes before the step, so that step 0 and the last
step go through the same code, and a run that was stopped goes on as if it had not been."""

import hashlib
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from wgan import checkpoint, data, diagnostics, figures, networks, runs, step, streams
from wgan.config import OPERATIONAL, Config
from wgan.data import Classes, Dataset
from wgan.errors import WganError
from wgan.evaluate import Model, engine_of, game_of, generate, told
from wgan.step import Draws, Game, State

Record = dict[str, Any]

ESTIMATE_ROWS = 512  # rows of each kind behind `estimate` and `held_out_estimate`
GRID = 64  # samples in a picture
COLUMNS = 16  # and classes that have a column each


@dataclass
class Training:
    """A run in memory: what the loop needs and, after each record, where it stands."""

    config: Config
    game: Game
    dataset: Dataset
    rows: np.ndarray
    held_out: np.ndarray
    state: State
    step: int = 0
    info: dict[str, Any] = field(default_factory=dict)  # the losses of the step before, in the engine's arrays
    classes: Classes | None = None  # those that a conditional run is told,
    codes: np.ndarray | None = None  # and the class of each row of the data set
    best: tuple[int, float] | None = None  # the checkpoint of the lowest W1 to held-out rows, and that distance


def start(config: Config, dataset: Dataset | None = None) -> Training:
    """All that can be wrong with a config and its data is found here, before anything is written."""
    if dataset is None:
        dataset = data.of(config)
    if config.dequantise == "uniform":
        dataset = replace(dataset, form=dataset.form.dequantised())
    rows, held_out = data.split(dataset, config.held_out, config.rows, config.seed)
    if len(rows) < config.batch:
        raise WganError(
            f"batch is {config.batch} but {dataset.name} has only {len(rows)} training rows; "
            f"use --batch {len(rows)} or less."
        )
    if config.until_no_better is not None and not len(held_out):
        raise WganError("until_no_better needs held-out rows to judge by; raise --held-out above 0.")
    classes, codes = data.classes_of(dataset) if config.conditional != "none" else (None, None)
    game = game_of(config, dataset.form.encoded_shape, dataset.form.groups, classes)
    players = (game.architecture.critic, game.architecture.generator)
    rows_at_once = min(config.batch, config.generator_batch or config.batch, len(held_out) or config.batch)
    if rows_at_once < 2 and any(map(networks.has_batch_norm, players)):
        raise WganError("batch norm needs at least 2 rows, in a batch and held out; raise --batch or --held-out.")
    state = initial_state(game, config, dataset.form.encoded_shape)
    return Training(config, game, dataset, rows, held_out, state, classes=classes, codes=codes)


def initial_state(game: Game, config: Config, row: tuple[int, ...]) -> State:
    """The state before the first step."""
    critic = initial_critic(game, config, row)
    layers = game.architecture.generator
    generator = _initial_weights(game, config, layers, (config.latent,), 1)
    average = _initial_weights(game, config, layers, (config.latent,), 1) if config.average else {}
    return State(critic, generator, game.optimiser.init(critic), game.optimiser.init(generator), average)


def initial_critic(game: Game, config: Config, row: tuple[int, ...]) -> networks.Params:
    """The critic's weights before the first step; the constraint holds from the start."""
    layers = game.architecture.critic
    return game.constraint.project(game.engine.ops, _initial_weights(game, config, layers, row, 0), layers)


def _initial_weights(
    game: Game, config: Config, layers: list[networks.Layer], row: tuple[int, ...], number: int
) -> networks.Params:
    rng = streams.stream(config.seed, "weights", number)
    initial = networks.init(layers, row, game.architecture.init, rng)
    return {name: game.engine.array(w) for name, w in initial.items()}


def draws(training: Training, at: int) -> Draws:
    """The random numbers of the iteration that begins at step `at`."""
    config, engine = training.config, training.game.engine
    count, batch, latent, seed = config.critic_steps(at), config.batch, config.latent, config.seed
    first = config.critic_steps_before(at) * batch
    chosen = training.rows[streams.real_rows(seed, first, count * batch, len(training.rows))]
    real = encoded(training, chosen, streams.stream(seed, "dequantise", at))
    generator_batch = config.generator_batch or batch
    labels: tuple[Any, ...] = ()
    if training.classes and training.codes is not None:
        others = streams.real_rows(seed, at * generator_batch, generator_batch, len(training.rows), "generator_label")
        label = training.classes.one_hot(training.codes[chosen]).reshape(count, batch, -1)
        labels = engine.array(label), of_rows(training, training.rows[others])
    return Draws(
        engine.array(real.reshape(count, batch, *real.shape[1:])),
        engine.array(streams.normal(seed, "z", at, (count, batch, latent))),
        engine.array(streams.uniform(seed, "mix", at, (count, batch))),
        engine.array(streams.normal(seed, "generator_z", at, (generator_batch, latent))),
        *labels,
    )


def of_rows(training: Training, chosen: np.ndarray) -> Any:
    """The classes of these rows as the players are told them, or None in a run without labels."""
    return told(training.game, training.classes, None if training.codes is None else training.codes[chosen])


def encoded(training: Training, chosen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """These rows as the critic sees them, float32: under `dequantise` with noise of one level, u - 1/2."""
    form = training.dataset.form
    rows = form.encode(training.dataset.rows[chosen])
    if training.config.dequantise == "uniform":
        rows += (rng.random(rows.shape, np.float32) - np.float32(0.5)) / np.asarray(form.scale, np.float32)
    return rows


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
        measured, better = {}, False
        if at % config.diagnose_every == 0 or last:
            measured = diagnostics.measure(probe, training)
        if "w1" in measured:
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
        if out and (at % config.checkpoint_every == 0 or better or last):
            save(training, out)
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


def losses(training: Training) -> Record:
    """The losses of the step before as numbers, once the engine has computed them."""
    return {name: float(training.game.engine.numpy(value)) for name, value in training.info.items()}


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
    """The fields in which a resumed run may differ: more steps too, unless the learning rate depends on them."""
    return OPERATIONAL | (frozenset({"steps"}) if config.decay == "none" else frozenset())


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
    runs.truncate_log(out, training.step)
    note(f"resumed at step {training.step:,} of {training.config.steps:,}.")


def model_of(training: Training) -> Model:
    """The model as it stands, to sample and to score with."""
    state = training.state
    form, weights = training.dataset.form, state.average or state.generator
    return Model(training.config, form, training.game, state.critic, weights, training.step, training.classes)


def describe(training: Training) -> dict[str, Any]:
    """What config.json holds: the config, the data's form and source, and the versions that made the run."""
    dataset = training.dataset
    libraries = {name: version(name) for name in ("wgan", "numpy", training.game.engine.name)}
    return {
        "config": training.config.to_json(),
        "data": {
            "form": dataset.form.to_json(),
            "source": dataset.source,
            "sha256": dataset.sha256 or hashlib.sha256(np.ascontiguousarray(dataset.rows).data).hexdigest(),
            "training_rows": len(training.rows),
            "held_out_rows": len(training.held_out),
            **({"classes": training.classes.to_json()} if training.classes else {}),
        },
        "engine": training.game.engine.name,
        "versions": {"python": platform.python_version(), **libraries},
        "machine": platform.machine(),
    }


def estimates(training: Training) -> Record:
    """The critic's estimate on training and on held-out rows, each against the same fakes.

    Both use as many rows, at most `ESTIMATE_ROWS`, so that they differ only in what the critic has seen.
    """
    config, game, at = training.config, training.game, training.step
    count = min(len(training.held_out) or len(training.rows), len(training.rows), ESTIMATE_ROWS)
    rng = streams.stream(config.seed, "estimate", at)
    z = rng.standard_normal((count, config.latent), dtype=np.float32)
    engine, critic = game.engine, training.state.critic
    label = of_rows(training, rng.choice(training.rows, count)) if training.classes else None
    rows_of_z = engine.run(step.generate, game, training.state.generator, engine.array(z), None, label)
    fake = engine.run(step.score, game, critic, rows_of_z, label)

    def against(rows: np.ndarray) -> float:
        chosen = np.sort(rng.choice(rows, count, replace=False))
        shown = engine.array(encoded(training, chosen, rng))
        real = engine.run(step.score, game, critic, shown, of_rows(training, chosen))
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


def save(training: Training, out: Path) -> None:
    """Write a checkpoint of a run; weights that are not finite are refused."""
    arrays = flatten(training)
    for name, value in arrays.items():
        if not np.isfinite(value).all():
            _check_finite({f"weight {name}": float("nan")}, training.step, out)
    best = {training.best[0]} if training.best else set()
    checkpoint.save(out / "checkpoints", training.step, arrays, losses(training), training.config.keep, best)


def flatten(training: Training) -> dict[str, np.ndarray]:
    """The state as NumPy arrays named "critic/...", "generator_optimiser/mean/..." and so on."""
    return {
        name: training.game.engine.numpy(value)
        for part, tree in training.state._asdict().items()
        for name, value in _walk(part, tree)
    }


def restore(training: Training, saved: checkpoint.Checkpoint) -> None:
    """Put `training` where a checkpoint was written; a missing or misshapen array raises `WganError`."""
    arrays = saved.arrays

    def placed(path: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: placed(f"{path}/{name}", part) for name, part in value.items()}
        if path not in arrays or arrays[path].shape != tuple(value.shape):
            raise WganError(f"the checkpoint lacks {path} {tuple(value.shape)}; it was made by another version.")
        return training.game.engine.array(arrays[path])

    training.state = State(*(placed(part, tree) for part, tree in training.state._asdict().items()))
    engine = training.game.engine
    training.step, training.info = saved.step, {name: engine.array(np.float64(v)) for name, v in saved.meta.items()}


def _walk(path: str, tree: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict):
        for name, part in tree.items():
            yield from _walk(f"{path}/{name}", part)
    else:
        yield path, tree


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
