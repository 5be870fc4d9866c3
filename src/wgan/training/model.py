"""From a checkpoint to samples and scores."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from wgan.config import FAMILIES, PLAYERS, Config, Named, resolve
from wgan.data import Form, form_from_json
from wgan.data.arrays import real_array
from wgan.data.columns import TableForm
from wgan.data.conditions import Columns, Condition, condition_from_json
from wgan.data.labels import Classes
from wgan.data.said import said
from wgan.data.table import to_rows
from wgan.engines import ENGINES, faster, get_engine, installed
from wgan.errors import WganError, setting
from wgan.files.reading import as_path
from wgan.game import networks, slices, step
from wgan.game.arrays import Params, Told
from wgan.game.augmentations import augment_of
from wgan.game.constraints import Constraint
from wgan.game.layers import Layer, array_shapes, mixes_batch, unbounded, uses_condition
from wgan.game.networks import UNBOUNDED, Architecture, Ends
from wgan.game.objectives import Objective
from wgan.game.own_members import named_in_errors
from wgan.game.step import Auxiliary, Game
from wgan.maths import streams
from wgan.maths.exact import whole_number
from wgan.runs import best, checkpoint
from wgan.runs import folder as runs
from wgan.training import drawing, own_networks
from wgan.training.drawing import CHUNK, Drawn
from wgan.training.latents import Latents

CALIBRATION = 1024  # the number of z from which the moments of batch norm are computed, at most
CALIBRATED = 2**26  # the values of their rows, at most, since a layer is computed for all of them at once
VOLUMES = 32  # the same for a generator of volumes whose critic sees slices: z has many places


class Model(NamedTuple):
    """A trained generator and its critic, as `sample` and `score` need them.

    `form` is that of the rows that the critic sees. `generator` is the average if the run keeps one; `classes` is what
    samples are told, or None.
    """

    config: Config
    form: Form
    game: Game
    critic: Params
    generator: Params
    step: int
    classes: Condition | None = None

    @property
    def whole(self) -> Form:
        """The form of samples: of the rows, with the columns that are given if they come from the same table."""
        return self.classes.joined(self.made) if isinstance(self.classes, Columns) else self.made

    @property
    def made(self) -> Form:
        """The form of the generator's rows: volumes where the critic sees their slices."""
        return made_of(self.config, self.form)


def made_of(config: Config, form: Form, size: int | None = None) -> Form:
    """The form of a generator's rows by that of the critic's rows; `size` is the side of volumes, if it is another."""
    if config.slices == "none":
        return form
    return replace(form, kind="volumes", shape=(*[size or config.slice_size] * slices.AXES, form.shape[-1]))


def z_shape(config: Config, size: int | None = None) -> tuple[int, ...]:
    """The shape of the z of one row, [latent], or of one volume; `size` is the side of volumes, if it is another."""
    noise = () if config.slices == "none" else slices.noise(size or config.slice_size, config.slice_size)
    return *noise, config.latent


def load_model(
    run: str | Path,
    step: str | int | None = None,
    *,
    objective: Objective | None = None,
    constraint: Constraint | None = None,
    network: Architecture | None = None,
) -> Model:
    """The model of a run folder, without the data, from its newest readable checkpoint.

    A `WganWarning` names each newer one that cannot be read. `step` chooses another checkpoint, as in
    `best.checkpoint_at`. `objective`, `constraint` and `network` are the objects of your own that the run was made
    with, since a folder holds no code. Raises `WganError` if something is damaged or the step was not kept.
    """
    run = as_path(run, "run")
    saved = runs.read_config(run)
    config = config_of(saved, run, {"objective": objective, "constraint": constraint, "network": network})
    form, classes = described(saved, config, run)
    found = best.checkpoint_at(run, step)
    here = config.replace(
        engine=engine_of(saved), device="auto"
    )  # the device of the training may be on another machine
    game = game_of(here, form.encoded_shape, ends_of(form), classes)
    player = "average" if config.average else "generator"
    critic = weights_of(found, "critic", game, game.architecture.critic, form.encoded_shape)
    generator = weights_of(found, player, game, game.architecture.generator, z_shape(config))
    return Model(config, form, game, critic, generator, found.step, classes)


def config_of(saved: dict[str, Any], run: Path, own: Mapping[str, Any]) -> Config:
    """The config in a run's config.json, with your own objects (`own`, by family) instead of their names."""
    try:
        config = Config.from_json(saved.get("config"))
    except WganError as fault:
        raise WganError(
            f"{run}/config.json does not describe a run ({str(fault).rstrip('.')}); restore that file, or "
            "give another run folder."
        ) from None
    given = {family: value for family, value in own.items() if value is not None}
    for family, value in given.items():
        was = getattr(config, family)
        same = was.name == _name(value) if isinstance(was, Named) else config.replace(**{family: value}) == config
        if not same:
            raise WganError(
                f"{run} was made with {family} {_name(was)}, not with this {_name(value)}; give the same one."
            )
    return config.replace(**given)


def described(saved: dict[str, Any], config: Config, run: Path | str) -> tuple[Form, Condition | None]:
    """The form of the data and the condition in a run's config.json. Raises WganError if they do not fit."""
    about = saved.get("data")
    about = about if isinstance(about, dict) else {}
    try:
        form = form_from_json(about.get("form"))
        return form, None if config.conditional == "none" else condition_from_json(about)
    except ValueError as fault:
        raise WganError(
            f"{run}/config.json does not describe a run ({fault}); restore that file, or give another run folder."
        ) from None


def _name(member: Any) -> str:
    return getattr(member, "name", member)


def refuse_named(config: Config, families: Iterable[str] = FAMILIES) -> None:
    """Raise `WganError` if the config holds only the name of an object of your own."""
    for family in families:
        if isinstance(value := getattr(config, family), Named):
            raise WganError(
                f"{family} {value.name!r} is an object of your own, and a run folder holds no code; from Python, give "
                f"it to wgan.load(run, {family}=...)."
            )


def game_of(config: Config, row: tuple[int, ...], ends: Ends = UNBOUNDED, classes: Condition | None = None) -> Game:
    """The players, what they minimise and the engine of a config, for encoded rows of shape `row`.

    `ends` is `ends_of(form)`; `classes` is the condition of a conditional run.
    """
    refuse_named(config, ("constraint", "network"))  # an objective is needed to train, not to sample
    objective, constraint = resolve("objective", config), resolve("constraint", config)
    architecture = architecture_of(config, row, ends, classes)
    own = own_networks.is_own(architecture)
    _refuse_layers(architecture, constraint, row)
    auxiliary = None
    if classes and config.conditional == "auxiliary":
        auxiliary = Auxiliary(told_of(classes), config.class_weight, config.class_weight_generator)
    if own:
        name = own_networks.engine_for(architecture, config.engine)
    else:
        name = engine_for(config, architecture.critic, row)[0] if config.engine == "auto" else config.engine
    engine = get_engine(name, config.precision, config.device)
    if own:
        own_networks.check(architecture, engine, config, row)
    betas, of_generator = (config.betas(player) for player in PLAYERS)
    optimiser = engine.optimiser(config.optimiser, *betas)
    other = None if of_generator == betas else engine.optimiser(config.optimiser, *of_generator)
    augment = augment_of(engine, config.augment, row)
    objective, constraint = named_in_errors(objective, "objective"), named_in_errors(constraint, "constraint")
    return Game(engine, architecture, objective, constraint, optimiser, auxiliary, augment, other)


def ends_of(form: Form) -> Ends:
    """How the generator's rows are encoded, by the form of the data."""
    return Ends(form.groups, form.bounded)


def architecture_of(
    config: Config,
    row: tuple[int, ...],
    ends: Ends = UNBOUNDED,
    classes: Condition | None = None,
    size: int | None = None,
) -> Architecture:
    """The layers of both players of a config, as in `game_of`; `size` is the side of volumes, if it is another."""
    architecture, rebuilt = _architecture_of(config, row, ends, classes, size), resolve("constraint", config).rebuilt
    if rebuilt is None or own_networks.is_own(architecture):
        return architecture
    return architecture._replace(critic=rebuilt(architecture.critic, row))


def _architecture_of(
    config: Config, row: tuple[int, ...], ends: Ends, classes: Condition | None, size: int | None
) -> Architecture:
    architecture = resolve("network", config, row=row, ends=ends)
    if own_networks.is_own(architecture):
        own_networks.refuse(architecture, config)
    if config.slices != "none":
        shape = row, size or config.slice_size
        each = config.slices == "each"
        return slices.of_slices(architecture, *shape, config.width, config.generator_norm, ends, each)
    return networks.conditional(architecture, config.conditional, told_of(classes)) if classes else architecture


def told_of(condition: Condition) -> Told:
    """What the players are told, as their layers need to know it."""
    return Told(condition.numbers, condition.groups)


def _refuse_layers(architecture: Architecture, constraint: Constraint, row: tuple[int, ...]) -> None:
    """Raise `WganError` if the constraint does not allow the layers of the critic."""
    if constraint.bounds_layers and (kind := unbounded(architecture.critic)):
        raise WganError(
            f"constraint {constraint.name} bounds the slope of each layer, but the critic of network "
            f"{architecture.name} has a layer without a bound ({kind}); use gradient-penalty, clip or sphere."
        )
    if constraint.forbids_batch_norm and mixes_batch(architecture.critic):
        raise WganError(
            f"constraint {constraint.name} penalises each row by itself, but the critic of network {architecture.name} "
            "has a layer that mixes the rows of a batch; use a layer norm instead."
        )
    if constraint.numbers:
        constraint.numbers(architecture.critic, row)  # refuses a critic on which the penalty would do nothing


def engine_for(config: Config, critic: list[Layer], row: tuple[int, ...]) -> tuple[str, str]:
    """The engine that "auto" chooses for a run of this config, and the reason."""
    return faster(critic, row, config.precision, config.critic_steps_before(config.steps), config.device)


def engine_of(saved: dict[str, Any]) -> str:
    """The engine in a run's config.json if it is installed, or else "auto"."""
    asked = saved["config"].get("engine", "auto")
    name = saved.get("engine") if asked == "auto" else asked
    return name if isinstance(name, str) and name in ENGINES and installed(name) else "auto"


def weights_of(
    saved: checkpoint.Checkpoint, part: str, game: Game, layers: list[Layer], row: tuple[int, ...]
) -> Params:
    """A player's weights from a checkpoint; `WganError` if they do not fit the layers that config.json describes."""
    wanted = array_shapes(layers, row)
    found = {name.removeprefix(f"{part}/"): w for name, w in saved.arrays.items() if name.startswith(f"{part}/")}
    if wanted != {name: w.shape for name, w in found.items()}:
        raise WganError(
            f"the checkpoint's {part} does not fit the network {game.architecture.name} of config.json: another "
            "version of wgan, whose network has other layers, wrote this run, or one of the two files was changed; use "
            f"the version that wrote it, train it again with {setting('restart', True)}, or restore the file."
        )
    for name, w in found.items():
        if w.dtype.kind != "f":
            raise WganError(
                f"the {part}'s weights {name} are {w.dtype} numbers, not floats; another program wrote them, so "
                "restore the file."
            )
    return {name: game.engine.array(w) for name, w in found.items()}


def sample(
    model: Model,
    count: int,
    seed: int = 0,
    label: Any = None,
    size: int | None = None,
    periodic: bool = False,
) -> np.ndarray:
    """Rows of the generator, [count, ...], in the range and dtype of the data; with `label` all given that condition.

    Volumes of a run with slices have the side `size`, and with `periodic` they go on at the opposite face. Raises
    WganError if they take more memory than is free.
    """
    return drawing.whole(drawn(model, count, seed, label, size=size, periodic=periodic))


def drawn(
    model: Model,
    count: int | None,
    seed: int = 0,
    label: Any = None,
    latents: Latents | None = None,
    size: int | None = None,
    periodic: bool = False,
) -> Drawn:
    """The rows of `sample` in parts, for a file, or those of given latents."""
    config = model.config
    if size is not None or periodic:
        _refuse_size(config, size, periodic)
    z = z_shape(config, size)
    z = (*(places - slices.EXTRA for places in z[:-1]), z[-1]) if periodic else z
    encoded = encoder(model, size, periodic)
    return drawing.drawn(made_of(config, model.form, size), model.classes, z, count, seed, label, encoded, latents)


def _refuse_size(config: Config, size: int | None, periodic: bool) -> None:
    """Raise WganError for volumes of a side that the run cannot make."""
    if config.slices == "none":
        raise WganError("size and periodic are for runs with slices, and this run has none; leave them out.")
    size = config.slice_size if size is None else whole_number(size, "size", least=1)
    unit = slices.unit(config.slice_size)
    if periodic and size % unit:
        near = " or ".join(str(n) for n in (size // unit * unit, -(-size // unit) * unit) if n)
        raise WganError(
            f"size is {size}, but the side of a periodic volume of this run is a multiple of {unit}; use {near}."
        )


def sample_codes(model: Model, count: int, seed: int = 0) -> np.ndarray | None:
    """The condition of each sample at rest [count, ...], drawn from the data's; None for a run without a condition."""
    return None if model.classes is None else model.classes.draw(streams.stream(seed, "labels"), count)


def one_condition(model: Model, seed: int, asked: Any) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """One condition at rest [1, ...] for many samples, as asked or drawn by `seed`, with warnings as `said` has them.

    The condition is None for a run without one, where asking for it raises `WganError`, as asking for several does.
    """
    told = said(model.classes, asked)
    if told is None:
        return sample_codes(model, 1, seed), ()
    if told.asked > 1:
        raise WganError(f"{told.asked:,} conditions are given, but all of these samples have the same one; give one.")
    return told.values[:1], told.warnings


def generate(model: Model, z: np.ndarray, codes: np.ndarray | None = None) -> np.ndarray:
    """The decoded rows for z [n, latent] and their conditions at rest [n, ...].

    Batch norm uses moments from one pass over many other z of the run's seed, so that a sample does not depend on the
    rest of its batch.
    """
    encoded, form = encoder(model), model.made
    chunk = drawing.chunk_of(form)
    starts = range(0, len(z), chunk)
    parts = [encoded(z[i : i + chunk], codes if codes is None else codes[i : i + chunk]) for i in starts]
    return form.decode(np.concatenate(parts)) if parts else np.empty((0, *form.shape), form.dtype)


def generate_seen(model: Model, z: np.ndarray, codes: np.ndarray | None = None) -> np.ndarray:
    """The decoded rows for z as the critic sees them: slices of volumes, the three axes in turn."""
    return seen(model, generate(model, z, codes))


def sample_seen(model: Model, count: int, seed: int = 0) -> np.ndarray:
    """`count` rows of the generator as the critic sees them, as in `generate_seen`."""
    made = slices.volumes_for(count) if model.game.architecture.noise else count
    return seen(model, drawing.to_measure(drawn(model, made, seed)))[:count]


def seen(model: Model, rows: np.ndarray) -> np.ndarray:
    """Decoded rows as the critic sees them, as in `generate_seen`."""
    if not model.game.architecture.noise:
        return rows
    where, side = slices.spread(len(rows), rows.shape[1]), rows.shape[1]
    cut = [np.take(one, at[k, axis], axis) for one, at in zip(rows, where, strict=True) for k, axis in _EACH_SLICE]
    return np.stack(cut) if cut else rows.reshape(0, side, side, rows.shape[-1])


_EACH_SLICE = [(k, axis) for k in range(slices.EACH) for axis in range(slices.AXES)]


def encoder(model: Model, size: int | None = None, periodic: bool = False) -> drawing.Encoded:
    """The function from z and codes to encoded rows, volumes of this size where the critic sees slices."""
    game, engine, moments = model.game, model.game.engine, moments_of(model)
    if size is not None:
        architecture = architecture_of(model.config, model.form.encoded_shape, ends_of(model.form), size=size)
        game = game._replace(architecture=architecture)

    def encoded(z: np.ndarray, codes: np.ndarray | None = None) -> np.ndarray:
        label = told_arrays(game, model.classes, codes)
        if periodic:
            z = np.pad(z, [(0, 0), *[(0, slices.EXTRA)] * slices.AXES, (0, 0)], mode="wrap")
        rows = engine.numpy(engine.run(step.generate, game, model.generator, engine.array(z), moments, label))
        return rows if size is None else rows[:, :size, :size, :size]

    return encoded


def moments_of(model: Model) -> dict[str, Any] | None:
    """The moments of a generator's batch norms, by layer, over many z of its run's seed; None without batch norm."""
    game, seed = model.game, model.config.seed
    if not mixes_batch(game.architecture.generator):
        return None
    most = min(CALIBRATION, max(VOLUMES, CALIBRATED // math.prod(model.form.encoded_shape)))
    count = VOLUMES if game.architecture.noise else most
    many = game.engine.array(streams.normal(seed, "calibrate", 0, (count, *z_shape(model.config))))
    label = told_arrays(game, model.classes, sample_codes(model, count, seed))
    return game.engine.run(step.calibrate, game, model.generator, many, label)


def told_arrays(game: Game, classes: Condition | None, codes: np.ndarray | None) -> Any:
    """Conditions as the players see them, encoded in an array of the engine; None without a condition."""
    return None if classes is None or codes is None else game.engine.array(classes.encode(codes))


def score(model: Model, rows: Any, labels: Any = None) -> np.ndarray:
    """The critic's scores [n] of rows in the form of the data, or of a DataFrame.

    The last axis of an array may be left out if its length is 1. `labels` [n] are names of classes, or
    conditions [n, columns]; only a critic that sees the condition needs them. Rows of a table may hold those columns.
    """
    if isinstance(model.form, TableForm) and hasattr(rows, "columns"):
        if labels is None and isinstance(model.classes, Columns) and model.classes.places:
            labels = rows[[name for name in rows.columns if str(name) in model.classes.names]]
        rows = to_rows(model.form, rows)
    rows, shape = model.form.at_rest(real_array(rows, "X")), model.form.shape
    if rows.ndim == 0 or rows.shape[1:] != shape:
        raise WganError(
            f"rows are {list(rows.shape[1:])} but the model was trained on {list(shape)}; give rows of that shape."
        )
    if model.form.affine and rows.dtype.kind == "f":
        _refuse_not_finite(model.form, rows)
    codes = conditions_of_rows(model, labels, len(rows))
    if model.config.slices == "each":
        codes = np.array([] if labels is None else labels)
        if len(codes) != len(rows) or not np.isin(codes, range(slices.AXES)).all():
            raise WganError("each axis has a critic of its own; give 0, 1 or 2 for each row as its label.")
    engine, parts = model.game.engine, []
    chunk = min(CHUNK, len(range(len(rows))[model.form.blocks(len(rows))[0]]) or 1)
    for i in range(0, len(rows), chunk):
        some = engine.array(model.form.encode(rows[i : i + chunk]))
        of_some = None if codes is None else codes[i : i + chunk]
        if of_some is not None and model.config.slices == "each":
            label = engine.array(slices.places(of_some.astype(int), slices.AXES))
        else:
            label = told_arrays(model.game, model.classes, of_some)
        parts.append(engine.numpy(engine.run(step.score, model.game, model.critic, some, label)))
    return np.concatenate(parts) if parts else np.empty(0, np.float32)


def _refuse_not_finite(form: Form, rows: np.ndarray) -> None:
    """Raise WganError if a row holds NaN or an infinite value."""
    for block in form.blocks(len(rows)):
        if not np.isfinite(rows[block]).all():
            row = block.start + int((~np.isfinite(rows[block])).reshape(len(rows[block]), -1).any(1).argmax())
            raise WganError(f"X holds NaN or infinite values, the first in row {row}; drop or fill those rows.")


def conditions_of_rows(model: Model, labels: Any, count: int) -> np.ndarray | None:
    """The conditions of `count` rows to score; None if the critic sees none. Raises WganError if they are missing."""
    if model.classes is None or not uses_condition(model.game.architecture.critic) or not count:
        return None
    told = said(model.classes, labels)
    if told is None or told.asked != count:
        which = f"the label of each row; give one of {model.classes.names}"
        if not isinstance(model.classes, Classes):
            which = f"the condition of each row ({', '.join(model.classes.names)}); give one"
        got = "" if told is None else f", not {told.asked:,} for {count:,} rows"
        raise WganError(f"this critic needs {which} for each row{got}.")
    if len(told.values) != count:  # columns that are not said would be filled with those of several rows
        raise WganError(f"this critic needs all of {', '.join(model.classes.names)} for each row; give an array.")
    return told.values
