"""One iteration of Algorithm 1, as both papers print it: n steps of the critic, then one of the generator.

The functions of a step take a state and return the next one; a state that was passed in may not be used again.
"""

from functools import cache, partial
from itertools import groupby
from typing import Any, NamedTuple

from wgan.game import dropout
from wgan.game.arrays import Params, Told
from wgan.game.augmentations import Augment
from wgan.game.constraints import Constraint
from wgan.game.engine import Engine, Optimiser
from wgan.game.layers import apply_layers, mixes_batch
from wgan.game.networks import Architecture
from wgan.game.objectives import Objective, told_loss
from wgan.game.slices import places, slices_of, spread

AT_ONCE = 1024  # most fakes made in one pass: more are not faster, and warm-up steps need thousands


class Auxiliary(NamedTuple):
    """What the critic predicts, and the weights of that loss for the critic and for the generator."""

    told: Told
    critic: float
    generator: float


class Game(NamedTuple):
    """What stays the same during training: the players' layers, what they minimise, and the engine.

    `optimiser` is the critic's, and the generator's too unless `generator_optimiser` is given.
    `auxiliary` says what the critic predicts of the condition, with the weights of that loss, or is None.
    `augment` changes the images that the critic sees, or is None.
    """

    engine: Engine[Any]
    architecture: Architecture
    objective: Objective
    constraint: Constraint
    optimiser: Optimiser
    auxiliary: Auxiliary | None = None
    augment: Augment | None = None
    generator_optimiser: Optimiser | None = None


class State(NamedTuple):
    """What the next step needs; `average` is empty if the run keeps no average of the generator."""

    critic: Params
    generator: Params
    critic_optimiser: dict[str, Any]
    generator_optimiser: dict[str, Any]
    average: Params


class Draws(NamedTuple):
    """The random draws of an iteration: real rows [n_critic, batch, ...], z [n_critic, batch, latent], mixing
    weights [n_critic, batch] and the generator's z [batch, latent].

    With conditions, `label` holds those of the real rows and of their fakes [n_critic, batch, units], and
    `generator_label` those of the generator's batch. With augmentation, `augment` holds the parameters for real rows
    and for fakes [n_critic, 2, batch, numbers], and `generator_augment` those for the generator's batch.

    Where the objective needs real rows in the generator's step, `generator_real` holds them, `generator_label` is
    their condition and that of the fakes, and `generator_augment` is [2, batch, numbers], first those for real rows.

    Where the critic sees slices, z has axes of space and a row for each volume. `where` says which slices of the
    volumes the critic sees in its steps, as `slices_of` takes it, and `generator_where` in the generator's.
    """

    real: Any
    z: Any
    mix: Any
    generator_z: Any
    label: Any = None
    generator_label: Any = None
    augment: Any = None
    generator_augment: Any = None
    where: Any = None
    generator_where: Any = None
    generator_real: Any = None
    noise: Any = None  # the random numbers of the penalty, [n_critic, batch, numbers], where it needs some


class Scores(NamedTuple):
    """The critic as its penalty sees it: a function of rows, with the scores that the step already has.

    `real` and `fake` are the scores [batch] of both batches; a gradient flows through them. `slopes` are the gradients
    of these scores by their rows, as constants, where the penalty needs them.
    """

    game: Game
    critic: Params
    label: Any
    real: Any
    fake: Any
    slopes: tuple[Any, ...] = ()

    def __call__(self, rows: Any) -> Any:
        """The scores of rows [batch, ...], or of whole batches one after another."""
        label, times = self.label, len(rows) // len(self.real)
        if label is not None and times > 1:
            label = self.game.engine.ops.concatenate(*[label] * times)
        return score(self.game, self.critic, rows, label)

    def dropped(self, rows: Any, noise: Any) -> tuple[Any, Any]:
        """The last features and the scores in a pass that drops hidden units, as `dropout.dropped` does."""
        layers, ops = self.game.architecture.critic, self.game.engine.ops
        features, found = dropout.dropped(ops, layers, self.critic, rows, self.label, noise)
        return features, found[:, 0]


def outputs(game: Game, critic: Params, rows: Any, label: Any = None) -> Any:
    """The critic's scores, high for real rows, [batch, 1]; an auxiliary head adds an output for each unit of the
    condition."""
    return apply_layers(game.engine.ops, game.architecture.critic, critic, rows, label=label)


def score(game: Game, critic: Params, rows: Any, label: Any = None) -> Any:
    """The critic's scores [batch], high for real rows."""
    return outputs(game, critic, rows, label)[:, 0]


def generate(game: Game, generator: Params, z: Any, moments: dict | None = None, label: Any = None) -> Any:
    """The generator's rows for z [batch, latent]; batch norm uses `moments` of `calibrate`, or else the batch's."""
    return apply_layers(game.engine.ops, game.architecture.generator, generator, z, moments, label)


def seen(game: Game, rows: Any, where: Any = None) -> Any:
    """What the critic sees of generated rows: the rows, or slices of volumes, evenly spread if `where` is None."""
    if not game.architecture.noise:
        return rows
    if where is None:
        where = game.engine.array(places(spread(len(rows), rows.shape[1]), rows.shape[1]))
    return slices_of(game.engine, rows, where)


def calibrate(game: Game, generator: Params, z: Any, label: Any = None) -> dict[str, Any]:
    """The moments of each batch norm over many z; with these a sample does not depend on its batch."""
    moments: dict[str, Any] = {}
    apply_layers(game.engine.ops, game.architecture.generator, generator, z, moments, label)
    return moments


def paired_outputs(game: Game, critic: Params, real: Any, fake: Any, label: Any = None) -> tuple[Any, Any]:
    """The critic's outputs for both batches, in one pass, which is faster, unless batch norm would mix the two."""
    if mixes_batch(game.architecture.critic):
        return outputs(game, critic, real, label), outputs(game, critic, fake, label)
    concatenate = game.engine.ops.concatenate
    both = outputs(game, critic, concatenate(real, fake), None if label is None else concatenate(label, label))
    return both[: len(real)], both[len(real) :]


def fakes(game: Game, generator: Params, z: Any, label: Any = None) -> Any:
    """The rows of all critic steps, [n_critic, batch, ...], for z [n_critic, batch, latent], made in one pass."""
    count, batch = z.shape[:2]
    label = None if game.architecture.noise else label  # of slices, which a generator of volumes does not read
    z, label = (x if x is None else x.reshape(count * batch, *x.shape[2:]) for x in (z, label))
    rows = generate(game, generator, z, label=label)
    return rows.reshape(count, batch, *rows.shape[1:])


def without_penalty(game: Game) -> Game:
    """The game of a critic step in which the penalty does not act."""
    return game._replace(constraint=game.constraint._replace(penalty=None))


@cache
def penalised_in(steps: tuple[bool, ...]) -> Any:
    """`iteration` with the penalty in these critic steps alone; equal steps give the same function."""
    return partial(iteration, penalised=steps)


def critic_gradient(
    game: Game,
    critic: Params,
    real: Any,
    fake: Any,
    mix: Any,
    label: Any = None,
    augment: Any = None,
    noise: Any = None,
) -> tuple[Params, dict[str, Any]]:
    """The gradient of the critic's loss; `fake` is a constant here, so no gradient flows to the generator.

    `noise` are the random numbers of the penalty, where it needs some.
    """
    engine, objective, constraint = game.engine, game.objective, game.constraint
    if game.augment:
        real, fake = (game.augment.apply(engine.ops, rows, augment[k]) for k, rows in enumerate((real, fake)))

    def loss(critic: Params) -> tuple[Any, dict[str, Any]]:
        both, slopes = partial(paired_outputs, game, critic, label=label), ()
        if constraint.slopes:
            (of_real, of_fake), slopes = engine.with_slopes(both, real, fake)
        else:
            of_real, of_fake = both(real, fake)
        real_score, fake_score = of_real[:, 0], of_fake[:, 0]
        value = objective.critic_loss(engine.ops, real_score, fake_score)
        info = {"estimate": objective.estimate(engine.ops, real_score, fake_score)}
        if constraint.penalty:
            scores = Scores(game, critic, label, real_score, fake_score, slopes)
            own = () if constraint.numbers is None else (noise,)
            penalty, norm = constraint.penalty(engine, scores, real, fake, mix, *own)
            value = value + constraint.every * penalty
            info |= {"penalty": penalty, "gradient_norm": norm}
        if game.auxiliary:
            class_loss = told_loss(engine.ops, of_real[:, 1:], label, game.auxiliary.told)
            value, info = value + game.auxiliary.critic * class_loss, {**info, "critic_class_loss": class_loss}
        return value, {"critic_loss": value, **info}

    return engine.grad(loss, critic)


def critic_update(game: Game, state: State, gradient: Params, learning_rate: float) -> State:
    """The state after the optimiser's step along a gradient of the critic, and the constraint's projection."""
    critic, memory = game.optimiser.update(state.critic, gradient, state.critic_optimiser, learning_rate)
    critic = game.constraint.project(game.engine.ops, critic, game.architecture.critic)
    return state._replace(critic=critic, critic_optimiser=memory)


def critic_step(
    game: Game,
    state: State,
    real: Any,
    fake: Any,
    mix: Any,
    learning_rate: float,
    label: Any = None,
    augment: Any = None,
    noise: Any = None,
) -> tuple[State, dict[str, Any]]:
    """One update of the critic."""
    gradient, info = critic_gradient(game, state.critic, real, fake, mix, label, augment, noise)
    return critic_update(game, state, gradient, learning_rate), info


def generator_gradient(
    game: Game,
    critic: Params,
    generator: Params,
    z: Any,
    label: Any = None,
    augment: Any = None,
    where: Any = None,
    real: Any = None,
) -> tuple[Params, dict[str, Any]]:
    """The gradient of the generator's loss against a fixed critic; `real` is what the objective needs, or None."""
    engine, objective = game.engine, game.objective
    if game.augment and objective.needs_real:
        of_real, augment = augment[0], augment[1]
        real = game.augment.apply(engine.ops, real, of_real)

    def loss(generator: Params) -> tuple[Any, dict[str, Any]]:
        rows = seen(game, generate(game, generator, z, label=label), where)
        rows = game.augment.apply(engine.ops, rows, augment) if game.augment else rows
        if objective.needs_real:
            beside, found = paired_outputs(game, critic, real, rows, label)
            value = objective.generator_loss(engine.ops, found[:, 0], beside[:, 0])
        else:
            found = outputs(game, critic, rows, label)
            value = objective.generator_loss(engine.ops, found[:, 0])
        if not game.auxiliary:
            return value, {"generator_loss": value}
        class_loss = told_loss(engine.ops, found[:, 1:], label, game.auxiliary.told)
        value = value + game.auxiliary.generator * class_loss
        return value, {"generator_loss": value, "generator_class_loss": class_loss}

    return engine.grad(loss, generator)


def generator_update(game: Game, state: State, gradient: Params, learning_rate: float, decay: float) -> State:
    """The state after the optimiser's step; the average becomes decay * average + (1 - decay) * new."""
    optimiser = game.generator_optimiser or game.optimiser
    generator, memory = optimiser.update(state.generator, gradient, state.generator_optimiser, learning_rate)
    lerp = game.engine.ops.lerp
    average = {name: lerp(mean, generator[name], 1 - decay) for name, mean in state.average.items()}
    return state._replace(generator=generator, generator_optimiser=memory, average=average)


def generator_step(
    game: Game,
    state: State,
    z: Any,
    learning_rate: float,
    decay: float,
    label: Any = None,
    augment: Any = None,
    where: Any = None,
    real: Any = None,
) -> tuple[State, dict[str, Any]]:
    """One update of the generator against a fixed critic."""
    gradient, info = generator_gradient(game, state.critic, state.generator, z, label, augment, where, real)
    return generator_update(game, state, gradient, learning_rate, decay), info


def makes_at_once(game: Game, draws: Draws) -> bool:
    """Whether the fakes of all critic steps are made in one pass."""
    count, batch = draws.mix.shape
    return count * batch <= AT_ONCE and not mixes_batch(game.architecture.generator)


def iteration(
    game: Game,
    state: State,
    draws: Draws,
    learning_rate: float,
    decay: float,
    generator_rate: float | None = None,
    penalised: tuple[bool, ...] | None = None,
) -> tuple[State, dict[str, Any]]:
    """Algorithm 1, lines 2 to 12: a critic step for each batch drawn, then one generator step.

    The generator's learning rate is `generator_rate`, or the critic's if that is None. `penalised` says which critic
    steps have the penalty, by default all of them.
    """
    at_once = makes_at_once(game, draws)
    sources = fakes(game, state.generator, draws.z, draws.label) if at_once else draws.z

    optional = {"label": draws.label, "augment": draws.augment, "where": draws.where, "noise": draws.noise}
    optional = {name: drawn for name, drawn in optional.items() if drawn is not None}

    def critic(game: Game, state: State, real: Any, source: Any, mix: Any, *more: Any) -> tuple[State, dict[str, Any]]:
        given = dict(zip(optional, more, strict=True))
        fake = source if at_once else generate(game, state.generator, source, label=given.get("label"))
        fake = seen(game, fake, given.pop("where", None))
        return critic_step(game, state, real, fake, mix, learning_rate, **given)

    info: dict[str, Any] = {}
    drawn, first = (draws.real, sources, draws.mix, *optional.values()), 0
    for acts, run in groupby(penalised or (True,) * len(draws.mix)):
        end = first + len(list(run))
        played = game if acts else without_penalty(game)
        state, found = game.engine.repeat(partial(critic, played), state, tuple(x[first:end] for x in drawn))
        info, first = {**info, **found}, end
    rate = learning_rate if generator_rate is None else generator_rate
    last = draws.generator_z, rate, decay, draws.generator_label, draws.generator_augment
    state, more = generator_step(game, state, *last, draws.generator_where, draws.generator_real)
    return state, {**info, **more}
