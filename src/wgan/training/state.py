"""A run in memory: its start, its random draws, and the named arrays that save and restore it."""

import hashlib
import platform
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any

import numpy as np

from wgan import data
from wgan.config import FIELDS, Config, Named, name_of
from wgan.data import Dataset
from wgan.data.conditions import Columns, Condition, condition_of, split_given
from wgan.engines import exchange
from wgan.errors import WganError, setting
from wgan.files.records import converted
from wgan.game import shards, slices, step
from wgan.game.arrays import Params
from wgan.game.layers import Layer, initial_arrays, mixes_batch
from wgan.game.step import Draws, Game, State
from wgan.maths import streams
from wgan.maths.metrics import METRICS
from wgan.runs import checkpoint
from wgan.runs.best import Measured
from wgan.training import extension, forecast
from wgan.training.ahead import Ahead
from wgan.training.crew import ALONE, Crew
from wgan.training.model import Model, ends_of, game_of, refuse_named, told_arrays, z_shape

Record = dict[str, Any]

TOLD_BY = "concatenation"  # how the players are told of a condition if the config does not say it
LEAST_HALF = 3  # held-out rows that choose the best checkpoint, and that report it, so that a measure has an error


@dataclass
class Training:
    """A run in memory: all that the loop needs, at the step where it stands."""

    config: Config
    game: Game
    dataset: Dataset
    rows: np.ndarray
    held_out: np.ndarray
    state: State
    step: int = 0
    info: dict[str, Any] = field(default_factory=dict)  # the losses of the step before, as the engine's arrays
    classes: Condition | None = None  # what a conditional run is told
    codes: np.ndarray | None = None  # the condition of each row of the data set at rest, in a conditional run
    measured: list[Measured] = field(default_factory=list)  # what chooses the best checkpoint, of the steps before
    extended: extension.Pieces = ()  # where the run was given more steps
    crew: Crew = ALONE  # the processes that train together
    ahead: Ahead | None = None  # what makes draws while the engine computes


def given(config: Config, rows: Any) -> Dataset:
    """Rows that were given to `fit` or `train` instead of a name: a Dataset, an array or a DataFrame.

    Raises WganError for rows that cannot be trained on, and if the config has a field that such rows do not read.
    """
    dataset = (
        rows
        if isinstance(rows, Dataset)
        else data.from_array(rows, drop=config.drop, column=config.column, kind=config.kind)
    )
    if dataset is rows and config.drop is not None:
        raise WganError(f"drop is {config.drop!r}, but a Dataset is used unchanged; drop the columns when you make it.")
    if dataset is rows and config.kind != "auto":
        raise WganError(f"kind is {config.kind!r}, but a Dataset is used unchanged; give the kind when you make it.")
    size = (config.size, config.size)
    if config.size is not None and dataset.form.space != size:
        raise WganError(
            f"size is {config.size}, but rows that are given are not resized, and these are "
            f"{list(dataset.form.shape)}; set size to None or give images of that size."
        )
    return dataset


def dataset_of(config: Config) -> Dataset:
    """The data set that a config names; a `data_dir` that it does not read raises `WganError`."""
    if config.data_dir is not None and config.data not in data.DATASETS:
        raise WganError(
            f"{setting('data_dir')} is only for named data sets, and {config.data!r} is not one; leave it out."
        )
    return data.dataset_of(config)


def start(config: Config, dataset: Dataset | None = None, crew: Crew = ALONE) -> Training:
    """A run at step 0; a config that does not fit the data raises `WganError` here, before anything is written."""
    refuse_named(config)
    dataset = dataset_of(config) if dataset is None else data.cropped(config, dataset)
    dataset = split_given(dataset, config.given)
    if dataset.condition is not None and config.conditional == "none":
        config = config.replace(conditional=TOLD_BY)
    if config.dequantise == "uniform":
        dataset = replace(dataset, form=dataset.form.dequantised())
    _check_flip(config.flip, dataset)
    rows, held_out = data.split(dataset, config.held_out, config.rows, config.seed)
    if len(rows) < config.batch:
        raise WganError(
            f"batch is {config.batch} but {dataset.name} has only {len(rows)} training row{'s' * (len(rows) != 1)}; "
            f"use {setting('batch', len(rows))} or less."
        )
    _refuse_measure(config, len(rows), len(held_out))
    if config.slices != "none":
        _refuse_uneven(config)
    classes, codes = condition_of(dataset, rows, config.seed) if config.conditional != "none" else (None, None)
    forecast.refuse_too_large(config, dataset.form, classes)
    game = game_of(config, dataset.form.encoded_shape, ends_of(dataset.form), classes)
    players = (game.architecture.critic, game.architecture.generator)
    smallest = min(config.batch, config.generator_batch or config.batch) // config.shards
    if min(smallest, len(held_out) or smallest) < 2 and any(map(mixes_batch, players)):
        shard = "a shard of a batch" if config.shards > 1 else "a batch"
        raise WganError(
            f"batch norm needs at least 2 rows in {shard} and held out; raise {setting('batch')} or "
            f"{setting('held_out')}."
        )
    state = initial_state(game, config, dataset.form.encoded_shape)
    return Training(config, game, dataset, rows, held_out, state, classes=classes, codes=codes, crew=crew)


def refuse_none(conditional: Any, training: Training) -> None:
    """Raise `WganError` if `conditional` was said to be "none" for a run whose rows have a condition.

    A config does not know whether its "none" was said or is the default, which becomes TOLD_BY here.
    """
    if conditional == "none" and isinstance(training.classes, Columns):
        names = ", ".join(training.classes.names)
        where = "given" if training.config.given else f"the condition of {training.dataset.name}"
        raise WganError(
            f"conditional is none, but the players are told {names}; leave conditional out, or leave out {where} to "
            "generate rows without a condition."
        )


def _refuse_uneven(config: Config) -> None:
    """Raise `WganError` for a batch that does not hold as many slices along each axis of each volume."""
    for name in ("batch", "generator_batch"):
        value, each = getattr(config, name), slices.PER_VOLUME
        each *= config.shards
        if value is not None and value % each:
            near = " or ".join(str(n) for n in (value // each * each, -(-value // each) * each) if n)
            whole = f" in each of {config.shards} shards" if config.shards > 1 else ""
            raise WganError(
                f"{name} is {value}, but each volume gives the critic {slices.EACH} slices along each axis, so it is a "
                f"multiple of {each}{whole}; use {near}."
            )


def _refuse_measure(config: Config, rows: int, held_out: int) -> None:
    """Raise `WganError` if the rows are too few to choose the best checkpoint as the config asks.

    The default measure that nobody asked for is left out where rows are too few.
    """
    if isinstance(config.best_by, Named):
        raise WganError(f"best_by {config.best_by.name!r} is a function of your own; give the function itself again.")
    asked = [name for name in ("until_no_better", "best_by") if getattr(config, name) != FIELDS[name].default]
    if not asked:
        return
    name = f"best_by {name_of(config.best_by)}" if "best_by" in asked else asked[0]
    least = LEAST_HALF
    if "best_by" in asked and isinstance(config.best_by, str):
        least = max(least, METRICS[config.best_by].least)
    if held_out < 2 * least:
        raise WganError(
            f"{name} needs {2 * least} held-out rows, half to choose the best checkpoint and half to report it, "
            f"but there are {held_out}; raise {setting('held_out')}, or leave it out."
        )
    if rows < LEAST_HALF:
        raise WganError(f"{name} needs {LEAST_HALF} training rows, but there are {rows}; give more, or leave it out.")


def initial_state(game: Game, config: Config, row: tuple[int, ...]) -> State:
    """The weights and the memory of the optimisers before the first step."""
    critic = initial_critic(game, config, row)
    layers, z = game.architecture.generator, z_shape(config)
    generator = _initial_weights(game, config, layers, z, 1)
    average = _initial_weights(game, config, layers, z, 1) if config.average else {}
    of_generator = game.generator_optimiser or game.optimiser
    return State(critic, generator, game.optimiser.init(critic), of_generator.init(generator), average)


def initial_critic(game: Game, config: Config, row: tuple[int, ...]) -> Params:
    """The critic's weights before the first step, which already satisfy the constraint."""
    layers = game.architecture.critic
    return game.constraint.project(game.engine.ops, _initial_weights(game, config, layers, row, 0), layers)


def _initial_weights(game: Game, config: Config, layers: list[Layer], row: tuple[int, ...], number: int) -> Params:
    rng = streams.stream(config.seed, "weights", number)
    initial = initial_arrays(layers, row, game.architecture.init, rng)
    return {name: game.engine.array(w) for name, w in initial.items()}


def draws(training: Training, at: int) -> Draws:
    """The random draws of the iteration that begins at step `at`, as the engine's arrays."""
    return _on_device(training, host_draws(training, at, ALONE))


def _on_device(training: Training, drawn: Draws) -> Draws:
    return Draws(*(None if x is None else training.game.engine.array(x) for x in drawn))


def parts(training: Training, drawn: Draws) -> tuple[Draws, ...]:
    """The draws of each shard of this process, on the device of the shard."""
    count, engine = training.config.shards // training.crew.processes, training.game.engine

    def part(number: int) -> Draws:
        cut = Draws(
            *(None if x is None else _cut(x, axis, number, count) for x, axis in zip(drawn, BATCH_AXES, strict=True))
        )
        return engine.of_shard(_on_device(training, cut), number, count)

    return tuple(map(part, range(count)))


# The axis of the batch in each field of `Draws`; the generator's augmentation has another axis before it at times.
BATCH_AXES = Draws(1, 1, 1, 0, 1, 0, 2, -2, 1, 0, 0, 1)


def _cut(x: np.ndarray, axis: int, number: int, count: int) -> np.ndarray:
    """Part `number` of `count` equal parts along an axis."""
    size = x.shape[axis] // count
    return np.moveaxis(np.moveaxis(x, axis, 0)[number * size : (number + 1) * size], 0, axis)


def host_draws(training: Training, at: int, crew: Crew) -> Draws:
    """The draws of an iteration as NumPy arrays, of which a process of a crew has the rows of its own shards."""
    config = training.config
    count, batch, seed = config.critic_steps(at), config.batch, config.seed
    first = config.critic_steps_before(at) * batch
    chosen = training.rows[streams.real_rows(seed, first, count * batch, len(training.rows))]
    if training.dataset.axis is not None:
        chosen = _crops_in_turn(training, first, count * batch)
    kept = _kept(crew, count, batch)
    real = encoded(training, chosen, streams.stream(seed, "dequantise", at), kept)
    if axes := _mirrored(config.flip, real):
        _flip(real, axes, streams.uniform(seed, "flip", at, (len(chosen), len(axes)))[kept])
    generator_batch = config.generator_batch or batch
    last_kept = _kept(crew, 1, generator_batch)
    more: dict[str, Any] = {}
    needs_real = training.game.objective.needs_real
    if needs_real or training.classes:
        purpose, first_last = "generator_rows" if needs_real else "generator_label", at * generator_batch
        others = training.rows[streams.real_rows(seed, first_last, generator_batch, len(training.rows), purpose)]
    if needs_real:
        more["generator_real"] = _generator_real(training, others, at, last_kept)
    if augment := training.game.augment:
        shape = (count, 2, batch, augment.numbers)
        more["augment"] = _own(crew, augment.draw(streams.uniform(seed, "augment", at, shape)), 2)
        of_last = *([2] if needs_real else []), generator_batch, augment.numbers
        last = augment.draw(streams.uniform(seed, "generator_augment", at, of_last))
        more["generator_augment"] = _own(crew, last, -2)
    if training.classes and training.codes is not None:
        label = training.classes.encode(training.codes[chosen[kept]])
        more |= {"label": label.reshape(count, -1, *label.shape[1:])}
        more |= {"generator_label": training.classes.encode(training.codes[others[last_kept]])}
    if numbers := training.game.constraint.numbers:
        each = numbers(training.game.architecture.critic, real.shape[1:])
        more["noise"] = _own(crew, streams.uniform(seed, "penalty", at, (count, batch, each)), 1)
    z, made, made_last = z_shape(config), batch, generator_batch
    if training.game.architecture.noise:
        made, made_last = slices.volumes_for(batch), slices.volumes_for(generator_batch)
        more |= {"where": _own(crew, _where(training, "slices", at, (count, made)), 1)}
        more |= {"generator_where": _own(crew, _where(training, "generator_slices", at, (made_last,)), 0)}
    if training.dataset.axis is not None:
        more |= {"label": slices.axes_of(count * batch)[kept].reshape(count, -1, slices.AXES)}
        more |= {"generator_label": slices.axes_of(generator_batch)[last_kept]}
    return Draws(
        real.reshape(count, -1, *real.shape[1:]),
        _own(crew, streams.normal(seed, "z", at, (count, made, *z)), 1),
        _own(crew, streams.uniform(seed, "mix", at, (count, batch)), 1),
        _own(crew, streams.normal(seed, "generator_z", at, (made_last, *z)), 0),
        **more,
    )


def _own(crew: Crew, x: np.ndarray, axis: int) -> np.ndarray:
    """The part of an axis whose rows belong to the shards of this process."""
    return _cut(x, axis, crew.rank, crew.processes) if crew.processes > 1 else x


def _kept(crew: Crew, count: int, batch: int) -> Any:
    """The places of a process's rows among those of `count` batches, one after another."""
    if crew.processes == 1:
        return slice(None)
    return _own(crew, np.arange(count * batch).reshape(count, batch), 1).ravel()


def _check_flip(flip: str, dataset: Dataset) -> None:
    form = dataset.form
    if flip == "horizontal" and form.kind != "images":
        allowed = setting("flip", "none") + (f" or {setting('flip', 'all')}" if form.space else "")
        raise WganError(f"flip is {flip}, but {dataset.name} holds no images; use {allowed}.")
    if flip == "all" and not form.space:
        raise WganError(f"flip is {flip}, but {dataset.name} has no axes of space; use {setting('flip', 'none')}.")


def _mirrored(flip: str, rows: np.ndarray) -> tuple[int, ...]:
    """The axes of rows [n, *space, channels] along which a flip may mirror them."""
    return {"none": (), "horizontal": (2,), "all": tuple(range(1, rows.ndim - 1))}[flip]


def _flip(rows: np.ndarray, axes: tuple[int, ...], drawn: np.ndarray) -> None:
    """Mirror, in place, the rows whose uniform draw [n, axes] is below 1/2, along each axis on its own."""
    for axis, numbers in zip(axes, drawn.T, strict=True):
        flipped = numbers < 0.5
        rows[flipped] = np.flip(rows[flipped], axis)


def _generator_real(training: Training, chosen: np.ndarray, at: int, kept: Any) -> np.ndarray:
    """The real rows of the generator's step, with noise and mirrors of their own."""
    rng = streams.stream(training.config.seed, "generator_changes", at)
    real = encoded(training, chosen, rng, kept)
    if axes := _mirrored(training.config.flip, real):
        _flip(real, axes, rng.random((len(chosen), len(axes)), np.float32)[kept])
    return real


def _crops_in_turn(training: Training, first: int, count: int) -> np.ndarray:
    """The crops drawn at positions first, ..., first + count - 1; their axes take turns, as those of slices do."""
    axes, found = training.dataset.axis, []
    assert axes is not None
    for axis, purpose in enumerate(("rows", "second_rows", "third_rows")):
        own, each = training.rows[axes[training.rows] == axis], (first // slices.AXES, count // slices.AXES)
        found.append(own[streams.real_rows(training.config.seed, *each, len(own), purpose)])
    return np.stack(found, 1).ravel()


def _where(training: Training, purpose: str, at: int, volumes: tuple[int, ...]) -> np.ndarray:
    """Which slices of so many volumes the critic sees in a step, drawn for each volume and axis."""
    side, rng = training.config.slice_size, streams.stream(training.config.seed, purpose, at)
    drawn = rng.integers(side, size=(*volumes, slices.EACH, slices.AXES))
    return slices.places(drawn, side)


def labels_of(training: Training, chosen: np.ndarray) -> Any:
    """The conditions of these rows, or the axes of crops, as the players see them; None in a run without either."""
    if training.dataset.axis is not None:
        return training.game.engine.array(slices.places(training.dataset.axis[chosen], slices.AXES))
    return told_arrays(training.game, training.classes, None if training.codes is None else training.codes[chosen])


def encoded(training: Training, chosen: np.ndarray, rng: np.random.Generator, kept: Any = slice(None)) -> np.ndarray:
    """These rows as the critic sees them, float32; `dequantise` adds noise u - 1/2, which is one level wide.

    `kept` are the places of those that are encoded; the noise of a row does not depend on it.
    """
    form = training.dataset.form
    rows = form.encode(training.dataset.rows[chosen[kept]])
    if training.config.dequantise == "uniform":
        noise = rng.random((len(chosen), *rows.shape[1:]), np.float32)[kept]
        noise -= np.float32(0.5)  # in place, since rows may be large
        noise /= np.asarray(form.scale, np.float32)
        rows += noise
    return rows


def iterate(training: Training) -> None:
    """Run one iteration: the critic's steps, then the generator's."""
    at, game, config, crew = training.step, training.game, training.config, training.crew
    drawn = training.ahead.take(at) if training.ahead else host_draws(training, at, crew)
    state, now, engine = training.state, rates(training, at), game.engine
    acts = None if game.constraint.every == 1 else penalised(training, at)
    if config.shards == 1:
        function = step.iteration if acts is None else step.penalised_in(acts)
        training.state, info = engine.run(function, game, state, _on_device(training, drawn), *now, uses_up=True)
    else:
        alone = crew.processes == 1
        function = shards.iteration_of(acts, None if alone else exchange.meet)
        inputs = parts(training, drawn), float(config.shards), *now
        training.state, info = engine.run_parts(function, game, state, *inputs, alone=alone)
    training.step += 1
    new = {name: value for name, value in info.items() if name != "estimate"}  # `estimates` has a better one
    training.info = {**training.info, **new}  # where the penalty did not act, the last one stays


def penalised(training: Training, at: int) -> tuple[bool, ...]:
    """Whether the penalty acts, for each critic step of the iteration that begins at step `at`."""
    first, every = training.config.critic_steps_before(at), training.game.constraint.every
    return tuple((first + k) % every == 0 for k in range(training.config.critic_steps(at)))


def rates(training: Training, at: int) -> tuple[float, float, float | None]:
    """The learning rate at a step, the decay of the generator's average, and the generator's rate if it differs."""
    config, pieces = training.config, training.extended
    own = extension.learning_rate_at(config, pieces, at, "generator") if config.has_two_rates() else None
    return extension.learning_rate_at(config, pieces, at), config.average_at(at), own


def losses(training: Training) -> Record:
    """The losses of the step before as plain numbers; this waits until the engine has computed them."""
    return {name: float(training.game.engine.numpy(value)) for name, value in training.info.items()}


def model_of(training: Training) -> Model:
    """The model of a run at its current step, to sample and to score with."""
    state = training.state
    form, weights = training.dataset.form, state.average or state.generator
    return Model(training.config, form, training.game, state.critic, weights, training.step, training.classes)


def describe(training: Training) -> dict[str, Any]:
    """The contents of config.json: the config, the form and source of the data, and the versions of the libraries."""
    dataset = training.dataset
    libraries = {name: version(name) for name in ("wgan", "numpy", training.game.engine.name)}
    return {
        "config": training.config.to_json(),
        "data": {
            "form": dataset.form.to_json(),
            "source": dataset.source,
            "sha256": data.sha256_of(dataset),
            "training_rows": len(training.rows),
            "held_out_rows": len(training.held_out),
            **_about_labels(training),
        },
        "engine": training.game.engine.name,
        "versions": {"python": platform.python_version(), **libraries},
        "machine": platform.machine(),
        **({"extended": extension.to_json(training.extended)} if training.extended else {}),
    }


def _about_labels(training: Training) -> dict[str, Any]:
    """The condition of a conditional run, and the checksum of that of each row."""
    if training.classes is None:
        return {}
    if isinstance(training.classes, Columns):
        values = np.ascontiguousarray(training.codes, np.float64)
        about = {"condition": training.classes.to_json()}
        return {**about, "condition_sha256": hashlib.sha256(values.data).hexdigest()}
    codes = np.ascontiguousarray(training.codes, np.int64)
    return {"classes": training.classes.to_json(), "labels_sha256": hashlib.sha256(codes.data).hexdigest()}


def flatten(training: Training, state: State | None = None) -> dict[str, np.ndarray]:
    """The state, or another one, as NumPy arrays named "critic/...", "generator_optimiser/mean/..." and so on."""
    return {
        name: training.game.engine.numpy(value)
        for part, tree in (state or training.state)._asdict().items()
        for name, value in _walk(part, tree)
    }


def restore(training: Training, saved: checkpoint.Checkpoint) -> None:
    """Bring `training` to the step of a checkpoint; a missing array or one of another shape raises `WganError`."""
    arrays = saved.arrays

    def placed(path: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: placed(f"{path}/{name}", part) for name, part in value.items()}
        if path not in arrays or arrays[path].shape != tuple(value.shape) or arrays[path].dtype.kind not in "fiu":
            raise WganError(
                f"the checkpoint lacks {path} {tuple(value.shape)}, so another version of wgan wrote it; use that one."
            )
        return training.game.engine.array(arrays[path])

    training.state = State(*(placed(part, tree) for part, tree in training.state._asdict().items()))
    engine = training.game.engine
    try:
        found: dict[str, float] = converted(saved.meta, dict[str, float])
    except ValueError as fault:
        raise WganError(
            f"meta.json of checkpoint {saved.step} holds no losses ({fault}); remove it to use an older one."
        ) from None
    training.step, training.info = saved.step, {name: engine.array(np.float64(v)) for name, v in found.items()}


def _walk(path: str, tree: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict):
        for name, part in tree.items():
            yield from _walk(f"{path}/{name}", part)
    else:
        yield path, tree
