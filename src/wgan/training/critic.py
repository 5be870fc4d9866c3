"""A critic as an estimator of W1 between two fixed sets: its value, its slope and the bound that they certify."""

import math
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

from wgan.config import FIELDS, Config
from wgan.engines import get_engine
from wgan.errors import WganError
from wgan.game import building, step
from wgan.game.arrays import Params
from wgan.game.building import reshape
from wgan.game.cones import from_rows, rounding
from wgan.game.layers import Layer, apply_layers, lipschitz_bound
from wgan.game.networks import Architecture
from wgan.game.step import State
from wgan.maths import streams, transport
from wgan.maths.exact import as_float64
from wgan.training.model import game_of
from wgan.training.state import initial_critic

Array = np.ndarray

# These values were chosen on the pairs of known.TUNING_SEEDS, never on the published pairs: see docs/critic.md.
MLP = Config(
    network="mlp",
    width=128,
    depth=3,
    penalty_weight=10.0,
    penalty_sides="one",
    learning_rate=5e-3,
    steps=2000,
    batch=256,
    held_out=0.2,
)
DEFAULT = Config(  # of a critic of cones, which `cones` builds
    network="mlp",
    constraint="none",
    learning_rate=1e-2,
    beta1=0.9,
    beta2=0.99,
    steps=2000,
    batch=512,
    held_out=0.2,
)
# The fields of `Config` that a critic between two fixed sets reads. The others concern a generator, the source of the
# rows, labels, pictures or the files of a run.
OF_AN_MLP = frozenset(  # those that `cones` does not read
    {"network", "constraint", "clip", "penalty_weight", "penalty_sides", "penalty_every", "penalty_step"}
    | {"depth", "activation", "critic_norm"}
)
READ = OF_AN_MLP | frozenset(
    {"objective", "prior", "alpha", "width", "steps", "batch", "optimiser", "learning_rate", "decay", "beta1", "beta2"}
    | {"precision", "seed", "engine", "held_out"}
)
CONES = 512  # up, and as many down
LOOKED_AT = 1024  # held-out rows of each set at which gradients and slopes are measured
CHUNK = 4096  # rows scored at once


class CriticW1(NamedTuple):
    """What a critic f says about the W1 of two sets; all numbers but `training_value` are for their held-out rows.

    `lower` = `value` / `lipschitz_upper` is certified: it is at most the W1 of the two sets of held-out rows, whose
    sizes are `n`. It bounds nothing about the distributions behind them. A critic gives no upper bound, so `upper` and
    `gap` are inf.
    """

    value: float  # mean f(X) - mean f(Y)
    lower: float
    upper: float
    gap: float
    method: str
    n: tuple[int, int]
    seconds: float
    training_value: float  # mean f(X) - mean f(Y) over the rows that the critic was trained on
    lipschitz_upper: float  # a certified Lipschitz constant of f, or inf if a layer has no bound
    unbounded: str  # the reason why it is inf, or ""
    lipschitz_lower: float  # the largest measured gradient norm, or slope between two rows
    gradient_norms: Array  # [3 k] at k rows of X, k rows of Y and k points between them
    histogram: tuple[Array, Array]  # the counts and the edges of the gradient norms
    score: Callable[[Array], Array]  # f(rows) [n] for rows [n, ...], in float64
    gradient: Callable[[Array], Array]  # the gradient of f [n, ...] at rows [n, ...]


def critic_w1(
    X: Any,
    Y: Any,
    *,
    seed: int = 0,
    engine: str = "auto",
    watch: Callable[[int], None] = lambda step: None,
    **fields: Any,
) -> CriticW1:
    """Train a critic on two fixed sets of rows, [n, ...] and [m, ...], and measure it on rows held out from both.

    The critic scores X high. It sees rows that are centred and divided by one number for all columns, so distances
    keep their proportions; every result is in the units of the rows. `fields` are fields of `Config` in READ, such as
    `steps`, `width` and `held_out`. The critic is that of `cones` with the settings of `DEFAULT`, which is 1-Lipschitz
    by construction. If you give a field in OF_AN_MLP, such as `constraint`, it is the mlp of `MLP`. `watch` is called
    with each step. Raises WganError if the rows have no distance (NaN, different shapes, too few) or if the critic
    diverges.

    Examples:
        >>> x = np.random.default_rng(0).normal(size=(500, 2))
        >>> found = critic_w1(x + 3.0, x, constraint="spectral", activation="groupsort", steps=50)
        >>> found.lower <= found.value <= 3 * 2**0.5 * 1.2, found.lipschitz_upper < 1.001
        (True, True)
    """
    began = time.perf_counter()
    _refuse_unread(fields)
    X, Y = _rows(X, "X"), _rows(Y, "Y")
    config = _config(X.shape[1:], fields).replace(seed=seed, engine=engine)
    if X.shape[1:] != Y.shape[1:]:
        raise WganError(
            f"rows of X have shape {list(X.shape[1:])} and rows of Y {list(Y.shape[1:])}; give both the same columns."
        )
    centre = (X.mean(0) + Y.mean(0)) / 2
    scale = math.sqrt(((X - centre) ** 2).mean() / 2 + ((Y - centre) ** 2).mean() / 2) or 1.0
    (train_x, X), (train_y, Y) = (_split(rows, config, number) for number, rows in enumerate((X, Y)))

    game = game_of(config, X.shape[1:])
    critic = train_critic(game, config, (train_x - centre) / scale, (train_y - centre) / scale, watch)
    weights = {name: game.engine.numpy(w).astype(np.float64) for name, w in critic.items()}
    score, gradient = _exact_functions(game.architecture.critic, weights, centre, scale)

    score_x, score_y = score(X), score(Y)
    if not (np.isfinite(score_x).all() and np.isfinite(score_y).all()):
        raise WganError("the critic diverged; lower the learning_rate, or use a constraint that keeps it Lipschitz.")
    value = float(score_x.mean() - score_y.mean())
    upper, unbounded = lipschitz_bound(game.architecture.critic, weights, X.shape[1:])
    # the most that rounding to float64 may have added to the value; it is subtracted, so the bound stays certified
    added = 1e-13 * float(max(np.abs(score_x).max(), np.abs(score_y).max(), np.abs(X).max(), np.abs(Y).max()))
    added += 2 * scale * game.architecture.rounding(weights, (np.concatenate([X, Y]) - centre) / scale)
    k = min(len(X), len(Y), LOOKED_AT)
    points = np.concatenate([X[:k], Y[:k], _between(X[:k], Y[:k], config)])
    norms = np.linalg.norm(gradient(points).reshape(len(points), -1), axis=1)
    slope = _largest_slope(np.concatenate([X[:k], Y[:k]]), np.concatenate([score_x[:k], score_y[:k]]))
    return CriticW1(
        value=value,
        lower=max(0.0, (value - added) / upper) if upper > 0 else 0.0,
        upper=math.inf,
        gap=math.inf,
        method=f"critic ({game.architecture.name if game.constraint.name == 'none' else game.constraint.name})",
        n=(len(X), len(Y)),
        seconds=time.perf_counter() - began,
        training_value=float(score(train_x).mean() - score(train_y).mean()),
        lipschitz_upper=upper,
        unbounded=unbounded,
        lipschitz_lower=max(float(norms.max()), slope),
        gradient_norms=norms,
        histogram=np.histogram(norms, bins=40, range=(0.0, max(2.0, float(norms.max())))),
        score=score,
        gradient=gradient,
    )


def _config(row: tuple[int, ...], fields: dict[str, Any]) -> Config:
    """`MLP` with these fields, or `DEFAULT` if they are none of an mlp; `width` is then the number of cones."""
    if fields.keys() & OF_AN_MLP:
        return MLP.replace(**fields)
    if fields.get("precision") == "bfloat16":
        raise WganError(
            "precision is bfloat16, but a critic of cones takes differences of squares, which need float32; leave it "
            "out, or give a network."
        )
    width = fields.get("width")
    count = (CONES if width is None else MLP.replace(width=width).width) or CONES
    others = {name: value for name, value in fields.items() if name != "width"}
    return DEFAULT.replace(network=cones(row, count), **others)


def cones(row: tuple[int, ...], count: int) -> Architecture:
    """A critic of rows of this shape with `count` cones up and as many down, which is 1-Lipschitz by construction."""
    return Architecture(
        "cones", [reshape(math.prod(row)), building.cones(count)], [], "he", begin=from_rows, rounding=rounding
    )


def _between(X: Array, Y: Array, config: Config) -> Array:
    """A random point between each row of X and the row of Y at the same place."""
    mix = streams.uniform(config.seed, "mix", config.steps, (len(X),)).reshape(-1, *[1] * (X.ndim - 1))
    return mix * X + (1 - mix) * Y


def _refuse_unread(fields: Iterable[str]) -> None:
    if unread := sorted(set(fields) & FIELDS.keys() - READ):
        raise WganError(
            f"{unread[0]} does nothing for a critic between two fixed sets, which reads {', '.join(sorted(READ))}; "
            "leave it out."
        )


def _exact_functions(
    layers: list[Layer], weights: dict[str, Array], centre: Array, scale: float
) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
    """Two functions of rows [n, ...] in their own units, in float64: the score [n] and its gradient [n, ...]."""
    exact = get_engine("torch", "float64")
    placed = {name: exact.array(w) for name, w in weights.items()}

    def scorer(rows: Any) -> Any:
        return apply_layers(exact.ops, layers, placed, rows).reshape(-1)

    def score(rows: Array) -> Array:
        return scale * _in_chunks(lambda x: exact.numpy(scorer(x)), exact, (rows - centre) / scale)

    def gradient(rows: Array) -> Array:
        return _in_chunks(lambda x: exact.numpy(exact.input_grad(scorer, x)), exact, (rows - centre) / scale)

    return score, gradient


def w1(X: Any, Y: Any, *weights: Any, method: Any = "auto", **options: Any) -> transport.W1 | CriticW1:
    """The Wasserstein-1 distance of two samples, by `transport.w1`, or by `critic_w1` for the method "critic".

    Examples:
        >>> w1([[0.0, 0.0]], [[3.0, 4.0]]).value
        5.0
    """
    if method != "critic":
        return transport.w1(X, Y, *weights, method=method, **options)
    for name in ("weights_x", "weights_y", "budget", "solution"):
        value = options.pop(name, None)
        if weights or not (value is None or value is False):
            raise WganError(f"method critic takes no weights, budget or solution, but got {name}; leave them out.")
    return critic_w1(X, Y, **options)


def train_critic(
    game: step.Game,
    config: Config,
    X: Array,
    Y: Array,
    watch: Callable[[int], None] = lambda step: None,
    paired: bool = False,
) -> Params:
    """The weights of a critic trained by Algorithm 1 with rows of Y instead of fakes; any objective works.

    The critic scores X [n, ...] high and Y [m, ...] low, as they are given. `game` is `game_of(config, shape)`. With
    `paired` each row of X is drawn together with the row of Y at the same place, so a penalty acts between these two.
    """
    engine, batch, seed = game.engine, config.batch, config.seed
    X, Y = X.astype(np.float32), Y.astype(np.float32)
    critic = initial_critic(game, config, X.shape[1:])
    known = game.architecture.begin(critic, X, Y)
    critic = {**critic, **{name: engine.array(w) for name, w in known.items()}}
    state = State(critic, {}, game.optimiser.init(critic), {}, {})
    numbers, layers = game.constraint.numbers, game.architecture.critic
    quiet = step.without_penalty(game)
    noise: tuple[Any, ...] = ()  # the random numbers of the penalty, after two arguments
    for at in range(config.steps):
        real = engine.array(X[streams.real_rows(seed, at * batch, batch, len(X))])
        fake = engine.array(Y[streams.real_rows(seed, at * batch, batch, len(Y), "rows" if paired else "fake_rows")])
        mix = engine.array(streams.uniform(seed, "mix", at, (batch,)))
        rate = config.learning_rate_at(at)
        if numbers:
            drawn = streams.uniform(seed, "penalty", at, (batch, numbers(layers, X.shape[1:])))
            noise = None, None, engine.array(drawn)
        played = game if at % game.constraint.every == 0 else quiet
        state, _ = engine.run(step.critic_step, played, state, real, fake, mix, rate, *noise, uses_up=True)
        watch(at + 1)
    return state.critic


def _rows(rows: Any, name: str) -> Array:
    rows = as_float64(rows, name, "rows [n, columns] or images")
    if rows.ndim < 2 or len(rows) < 2 or rows.size == 0:
        raise WganError(f"{name} has shape {rows.shape}; it must be [n, columns] or images, with n of at least 2.")
    if not np.isfinite(rows).all():
        raise WganError(f"{name} holds NaN or infinite values; drop or fill those rows.")
    return rows


def _split(rows: Array, config: Config, number: int) -> tuple[Array, Array]:
    """The training rows and the held-out rows, at least one of each; if `held_out` is 0, both are all rows."""
    if config.held_out == 0:
        return rows, rows
    order = streams.stream(config.seed, "held_out", number).permutation(len(rows))
    count = min(max(1, round(config.held_out * len(rows))), len(rows) - 1)
    return rows[order[count:]], rows[order[:count]]


def _in_chunks(function: Callable[[Any], Array], engine: Any, rows: Array) -> Array:
    parts: Iterable[Array] = (function(engine.array(rows[i : i + CHUNK])) for i in range(0, len(rows), CHUNK))
    return np.concatenate(list(parts))


def _largest_slope(rows: Array, scores: Array) -> float:
    """The largest |f(x) - f(y)| / |x - y| over all pairs of different rows."""
    distances = cdist(*[rows.reshape(len(rows), -1)] * 2)
    rises = np.abs(scores[:, None] - scores[None])
    return float(np.divide(rises, distances, out=np.zeros_like(rises), where=distances > 0).max())
