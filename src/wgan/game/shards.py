"""An iteration whose batches are cut into shards: each shard's gradient is computed alone, and one tree sums them.

Neither a gradient nor the order of a sum depends on which process computes which shard. So any number of processes that
divides the number of shards computes the same bytes.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from wgan.game.arrays import Params
from wgan.game.step import (
    Draws,
    Game,
    State,
    critic_gradient,
    critic_update,
    fakes,
    generate,
    generator_gradient,
    generator_update,
    makes_at_once,
    seen,
    without_penalty,
)

T = TypeVar("T")
Meet = Callable[[list[Any]], list[Any]]  # of the arrays of this process: those of all processes, in the order of shards


class Sum(NamedTuple):
    """A sum over shards: the gradient by the names of the weights, and the logged numbers by theirs."""

    gradient: Params
    info: dict[str, Any]


def tree_sum(parts: Iterable[T], add: Callable[[T, T], T]) -> T:
    """The sum over a binary tree: neighbours are added until one part is left; a last one without neighbour waits.

    Parts are added as soon as both are there, so that few are held at once.

    Examples:
        >>> tree_sum(["a", "b", "c", "d", "e"], lambda x, y: f"({x}+{y})")
        '(((a+b)+(c+d))+e)'
    """
    waiting: list[T] = []  # sums of 2^k parts, of falling k: the binary digits of how many parts came
    for came, part in enumerate(parts):
        total = part
        while came & 1:
            total, came = add(waiting.pop(), total), came >> 1
        waiting.append(total)
    total = waiting.pop()
    while waiting:
        total = add(waiting.pop(), total)
    return total


def summed_alone(count: int) -> int:
    """How many neighbouring shards of `count` a process sums before it meets the others: whole subtrees of the tree.

    Examples:
        >>> [summed_alone(count) for count in (1, 4, 6, 3)]
        [1, 4, 2, 1]
    """
    return count & -count


def iteration(
    game: Game,
    state: State,
    parts: tuple[Draws, ...],
    shards: float,
    learning_rate: float,
    decay: float,
    generator_rate: float | None = None,
    penalised: tuple[bool, ...] | None = None,
    meet: Meet | None = None,
) -> tuple[State, dict[str, Any]]:
    """Algorithm 1 over `shards` shards, of which `parts` are this process's; `meet` exchanges sums with the others.

    `penalised` says which critic steps have the penalty, by default all of them.

    Losses, penalties, moments of batch norm and whatever else mixes the rows of a batch are those of a shard, and both
    the gradient and the logged numbers are means over all shards.
    """
    run, count = game.engine.run, len(parts[0].mix)
    info: dict[str, Any] = {}
    made = [
        run(_sources, game, one, part) for one, part in zip(_copies(game, state.generator, parts), parts, strict=True)
    ]
    for k in range(count):
        critics, generators = (_copies(game, player, parts) for player in (state.critic, state.generator))
        part_of = _critic_part if penalised is None or penalised[k] else _quiet_critic_part
        found = (
            run(part_of, game, *players, part, source, k)
            for *players, part, source in zip(critics, generators, parts, made, strict=True)
        )
        total = _total(game, found, len(parts), meet)
        state = run(_critic_updated, game, state, total.gradient, shards, learning_rate)
        info |= total.info
    critics, generators = (_copies(game, player, parts) for player in (state.critic, state.generator))
    found = (run(_generator_part, game, *given) for given in zip(critics, generators, parts, strict=True))
    total = _total(game, found, len(parts), meet)
    rate = learning_rate if generator_rate is None else generator_rate
    state = run(_generator_updated, game, state, total.gradient, shards, rate, decay)
    return state, {name: value / shards for name, value in (info | total.info).items()}


@cache
def iteration_of(penalised: tuple[bool, ...] | None, meet: Meet | None) -> Callable:
    """`iteration` with these arguments; equal arguments give the same function."""
    return partial(iteration, penalised=penalised, meet=meet)


def _copies(game: Game, player: Params, parts: tuple[Draws, ...]) -> list[Params]:
    """The player beside each part: a shard may be on a device of its own."""
    return [game.engine.of_shard(player, number, len(parts)) for number in range(len(parts))]


def _total(game: Game, found: Iterator[tuple[Params, dict]], count: int, meet: Meet | None) -> Sum:
    """The sum over the shards of all processes, along the tree; `found` yields those of this process, `count`."""
    engine = game.engine
    own = (engine.of_shard(Sum(*one), 0, 1) for one in found)
    if meet is None:
        return tree_sum(own, engine.add)
    alone = summed_alone(count)
    sums = [tree_sum(islice(own, alone), engine.add) for _ in range(0, count, alone)]
    return engine.unflat(tree_sum(meet([engine.flat(one) for one in sums]), engine.add), sums[0])


def _sources(game: Game, generator: Params, draws: Draws) -> Any:
    """What the critic's steps make fakes from: the fakes themselves where they are made at once, or z."""
    return fakes(game, generator, draws.z, draws.label) if makes_at_once(game, draws) else draws.z


def _critic_part(
    game: Game, critic: Params, generator: Params, draws: Draws, sources: Any, k: Any
) -> tuple[Params, dict[str, Any]]:
    """The gradient of a shard in critic step k."""
    optional = draws.label, draws.augment, draws.noise, draws.where
    label, augment, noise, where = (None if x is None else x[k] for x in optional)
    source = sources[k]
    fake = source if makes_at_once(game, draws) else generate(game, generator, source, label=label)
    fake = seen(game, fake, where)
    return critic_gradient(game, critic, draws.real[k], fake, draws.mix[k], label, augment, noise)


def _quiet_critic_part(game: Game, *arrays: Any) -> tuple[Params, dict[str, Any]]:
    """As `_critic_part`, without the penalty."""
    return _critic_part(without_penalty(game), *arrays)


def _generator_part(game: Game, critic: Params, generator: Params, draws: Draws) -> tuple[Params, dict[str, Any]]:
    """The gradient of a shard in the generator's step."""
    last = draws.generator_z, draws.generator_label, draws.generator_augment
    return generator_gradient(game, critic, generator, *last, draws.generator_where, draws.generator_real)


def _critic_updated(game: Game, state: State, total: Params, shards: Any, learning_rate: Any) -> State:
    return critic_update(game, state, {name: g / shards for name, g in total.items()}, learning_rate)


def _generator_updated(game: Game, state: State, total: Params, shards: Any, learning_rate: Any, decay: Any) -> State:
    return generator_update(game, state, {name: g / shards for name, g in total.items()}, learning_rate, decay)
