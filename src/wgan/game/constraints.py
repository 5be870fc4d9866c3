"""How the critic is kept Lipschitz: a projection of its weights after each update, or a penalty in its loss."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from wgan.game import dropout
from wgan.game.arrays import Params, Row
from wgan.game.family import member
from wgan.game.layers import LAYERS, matrices, shapes
from wgan.game.lipschitz import sll_conv, sll_dense
from wgan.game.spectrum import TINY, nearly_orthogonal, norm_bound


class Constraint(NamedTuple):
    """A projection of the critic's weights, a penalty in its loss, or both.

    `project(ops, critic, layers)` returns the weights to use after an update; `layers` is the critic's list of layers.
    `penalty(engine, score, real, fake, mix)` returns two scalars, the penalty and the mean gradient norm; `score` maps
    rows to scores and `mix` is uniform [batch]. It is None if the constraint has no penalty. With `numbers` the penalty
    has one more argument, which is uniform [batch, numbers(layers, shape of a row)]. With `slopes` the penalty may read
    `score.slopes`, the gradients of both batches' scores by their rows, as constants. `parameters` is None for a
    constraint of your own.
    """

    name: str
    project: Callable[[Any, Params, list], Params] = lambda ops, critic, layers: critic
    penalty: Callable[..., tuple[Any, Any]] | None = None
    each_row: bool = True  # the penalty looks at each row by itself, so no layer of the critic may mix a batch
    bounds_layers: bool = False  # the slope of each layer is bounded, so every layer of the critic must have a bound
    largest_weight: float | None = None  # c, if the weights stay in [-c, c]
    wanted_slope: float | None = None  # the gradient norm that the penalty pulls the critic to
    numbers: Callable[[list, Row], int] | None = None  # how many random numbers of its own the penalty has for a row
    slopes: bool = False  # the penalty needs the slopes of the scores that the step already has
    rebuilt: Callable[[list, Row], list] | None = None  # the critic's layers, of the shape of a row, as it wants them
    brings_activation: bool = False  # its layers hold the activations, so the config has no choice of one
    every: int = 1  # the penalty acts in every so-many-th critic step, with so many times its weight
    parameters: Mapping[str, Any] | None = None

    @property
    def forbids_batch_norm(self) -> bool:
        """Whether the critic may have no layer that mixes the rows of a batch, such as batch norm."""
        return self.penalty is not None and self.each_row


@member
def none() -> Constraint:
    """No constraint, as in the first GAN (Goodfellow et al. 2014)."""
    return Constraint("none")


@member
def clip(clip: float = 0.01) -> Constraint:
    """Clip every weight and bias to [-c, c] after each update (Arjovsky et al. 2017, Algorithm 1, line 7)."""

    def project(ops: Any, critic: Params, layers: list) -> Params:
        return {name: ops.clip(w, -clip, clip) for name, w in critic.items()}

    return Constraint("clip", project, largest_weight=clip)


@member
def sphere() -> Constraint:
    """Divide the weights w of each layer by their Euclidean norm, w / |w|; biases are free.

    The operator norm is at most the Euclidean norm, so a dense ReLU critic without norm layers is 1-Lipschitz;
    with a projection on labels it may have slope 2, because the weights of the row and of its class add up.
    """

    def project(ops: Any, critic: Params, layers: list) -> Params:
        weights = {name: critic[name] for name, _ in matrices(layers, critic)}
        return critic | {name: w / ops.sqrt((w * w).sum() + TINY) for name, w in weights.items()}

    return Constraint("sphere", project)


@member
def spectral() -> Constraint:
    """Divide the weights of each layer by max(1, operator norm) (after Miyato et al. 2018).

    The critic is then 1-Lipschitz if its activations are. The operator norm of a dense layer is its largest singular
    value, which `norm_bound` overestimates by less than 1 %. The norm of a convolution is at most ceil(k / stride)
    times the norm of its weights as a matrix [out, in k k], since a pixel lies in at most ceil(k / stride)^2 patches.
    The slopes of the two branches of a residual block add up, to at most 2. The weights and the class weights of a
    projection get a norm of at most 1/2 each, so the score of every class has a slope of at most 1.
    """

    return Constraint("spectral", partial(_with_projected_matrices, _spectral_matrix), bounds_layers=True)


@member
def orthogonal() -> Constraint:
    """Move the weights of each layer to the nearest with orthonormal rows or columns (Anil, Lucas, Grosse 2019).

    With GroupSort (--activation groupsort) such layers keep the length of the gradient that flows back. Bjorck's
    iteration A <- A (3 I - A^T A) / 2 moves every singular value in (0, 1] towards 1 and none beyond 1; a singular
    value above 0.1 reaches 1 in one update. The weights of a convolution are also divided by ceil(k / stride).
    """

    def nearest(ops: Any, matrix: Any, times: float) -> Any:
        return nearly_orthogonal(ops, matrix / ops.clip(norm_bound(ops, matrix), 1.0, math.inf)) / times

    return Constraint("orthogonal", partial(_with_projected_matrices, nearest), bounds_layers=True)


def _spectral_matrix(ops: Any, matrix: Any, times: float) -> Any:
    return matrix / ops.clip(times * norm_bound(ops, matrix), 1.0, math.inf)


def _with_projected_matrices(
    project: Callable[[Any, Any, float], Any], ops: Any, critic: Params, layers: list
) -> Params:
    """The critic with each array that a constraint may project replaced by `project(ops, matrix, times)`."""
    projected = {
        name: project(ops, critic[name].reshape(len(critic[name]), -1), times).reshape(critic[name].shape)
        for name, times in matrices(layers, critic)
    }
    return critic | projected


def _by_construction(name: str, kinds: Mapping[str, str], brings_activation: bool = False) -> Constraint:
    """The constraint that gives layers of `kinds` other kinds, and in place of activations layers that hold them.

    Convolutions in groups become whole ones. What keeps its kind, such as the score of a condition, is projected as
    under `spectral`.
    """

    def rebuilt(layers: list, row: Row) -> list:
        found, before = [], row
        for layer, after in zip(layers, shapes(layers, row), strict=True):
            kind = LAYERS[layer["kind"]]
            new = layer | {part: rebuilt(layer[part], before) for part in kind.inside}
            if brings_activation and kind.activates:
                new = sll_dense() if len(before) == 1 else sll_conv()
            if new["kind"] in kinds:  # its scale does not matter, so that it cannot start at 0
                new = {name: new[name] for name in new.keys() - {"groups", "init"}} | {"kind": kinds[new["kind"]]}
            found.append(new)
            before = after
        return found

    project = partial(_with_projected_matrices, _spectral_matrix)
    return Constraint(name, project, bounds_layers=True, rebuilt=rebuilt, brings_activation=brings_activation)


@member
def aol() -> Constraint:
    """Layers W D that are 1-Lipschitz for every W, almost orthogonal (Prach, Lampert 2022).

    D is diagonal with d_i = 1 / sqrt(sum_j |W^T W|_ij). In a convolution the sum goes over the channels and the shifts
    of the kernel against itself.
    """
    return _by_construction("aol", AOL)


@member
def sll() -> Constraint:
    """Layers x - 2 W T^-1 relu(W^T x + b) in place of activations, between layers of `aol` (Araujo et al. 2023).

    T is diagonal with T_i = sum_j |W^T W|_ij q_j / q_i for free q > 0. Such a layer is 1-Lipschitz for every W.
    """
    return _by_construction("sll", AOL, brings_activation=True)


@member
def orthogonal_convolutions() -> Constraint:
    """Convolutions, also with stride, that are orthogonal by construction, and orthogonal dense layers.

    `lipschitz.orthogonal_conv` says how. With GroupSort (--activation groupsort) the gradient keeps its length, except
    where zero padding or a layer with fewer outputs loses a part.
    """
    return _by_construction("orthogonal-convolutions", {"dense": "orthogonal_dense", "conv": "orthogonal_conv"})


AOL = {"dense": "aol_dense", "conv": "aol_conv"}


def _between(real: Any, fake: Any, mix: Any) -> Any:
    """The rows eps real + (1 - eps) fake, with one eps for each row."""
    eps = mix.reshape(-1, *[1] * (len(real.shape) - 1))
    return eps * real + (1 - eps) * fake


def _squared_slopes(engine: Any, score: Callable, rows: Any) -> Any:
    """|grad f(x)|^2 of each row [batch]."""
    slope = engine.input_grad(score, rows).reshape(len(rows), -1)
    return (slope * slope).sum(1)


def _norms(engine: Any, squared: Any) -> Any:
    return engine.ops.sqrt(squared + TINY)


def _pulled_to_1(engine: Any, score: Callable, rows: Any, sides: str = "two") -> tuple[Any, Any]:
    """E (|grad f(x)| - 1)^2, or of the norms above 1 alone, and the mean norm."""
    norm = _norms(engine, _squared_slopes(engine, score, rows))
    excess = norm - 1 if sides == "two" else engine.ops.relu(norm - 1)
    return (excess * excess).mean(), norm.mean()


@member
def gradient_penalty(penalty_weight: float = 10.0, penalty_sides: str = "two", penalty_every: int = 1) -> Constraint:
    """Add lambda E (|grad f(x)| - 1)^2 at x = eps real + (1 - eps) fake (Gulrajani et al. 2017, Algorithm 1).

    eps is one uniform number for each row, and the norm is Euclidean over all dimensions of a row. With
    `penalty_sides` "one" the penalty is max(0, |grad f(x)| - 1)^2 (their Appendix C; Petzka et al. 2018).
    """

    def penalty(engine: Any, score: Callable, real: Any, fake: Any, mix: Any) -> tuple[Any, Any]:
        value, norm = _pulled_to_1(engine, score, _between(real, fake, mix), penalty_sides)
        return penalty_weight * value, norm

    return Constraint("gradient-penalty", penalty=penalty, wanted_slope=1.0, every=penalty_every)


@member
def dragan(penalty_weight: float = 10.0, penalty_every: int = 1) -> Constraint:
    """Add lambda E (|grad f(x)| - 1)^2 near real rows, at x = real + eps s u / 2 (Kodali et al. 2017, DRAGAN).

    As in the authors' code, s is the standard deviation of all numbers of the batch, u is uniform in [0, 1) in each
    dimension, and eps is one uniform number for each row.
    """

    def penalty(engine: Any, score: Callable, real: Any, fake: Any, mix: Any, noise: Any) -> tuple[Any, Any]:
        centred = real - real.mean()
        deviation = engine.ops.sqrt((centred * centred).mean())
        value, norm = _pulled_to_1(engine, score, _between(real + deviation / 2 * noise.reshape(real.shape), real, mix))
        return penalty_weight * value, norm

    return Constraint("dragan", penalty=penalty, wanted_slope=1.0, numbers=_numbers_of_row, every=penalty_every)


@member
def consistency(penalty_weight: float = 10.0, penalty_every: int = 1) -> Constraint:
    """Add the gradient penalty and 2 E max(0, (f' - f'')^2 + |h' - h''|^2 / (10 n)) at real rows (Wei et al. 2018).

    f' and f'' are scores of the same row in two passes that drop hidden units, and h' and h'' are the n features before
    the score (the authors' CT-GAN, with M' = 0). The scores of the objective drop no units. `dropout` says which units
    may drop.
    """

    def penalty(engine: Any, score: Any, real: Any, fake: Any, mix: Any, noise: Any) -> tuple[Any, Any]:
        value, norm = _pulled_to_1(engine, score, _between(real, fake, mix))
        half = noise.shape[1] // 2
        passes = (score.dropped(real, part) for part in (noise[:, :half], noise[:, half:]))
        (features, scores), (others, other_scores) = passes
        apart = (features - others).reshape(len(real), -1)
        apart = (scores - other_scores) ** 2 + (apart * apart).mean(1) / 10
        return penalty_weight * value + 2 * apart.mean(), norm

    return Constraint(
        "consistency",
        penalty=penalty,
        wanted_slope=1.0,
        numbers=lambda layers, row: 2 * dropout.units(layers, row),
        every=penalty_every,
    )


def _numbers_of_row(layers: list, row: Row) -> int:
    return math.prod(row)


def _zero_centred_at(name: str, players: tuple[str, ...], weight: float, step: float, every: int) -> Constraint:
    """The constraint that adds weight / 2 E |grad f(x)|^2 at the rows of each of these players, "real" and "fake".

    With a `step` h the square is ((f(x + h u) - f(x)) / h)^2, where u is grad f(x) / |grad f(x)|, taken as a constant.
    It is |grad f|^2 + h |grad f| u^T H u + O(h^2) for a Hessian H. So is its gradient by the weights, since a unit
    vector changes at a right angle to itself. It needs no second derivative.
    """

    def joined(engine: Any, parts: list) -> Any:
        return parts[0] if len(parts) == 1 else engine.ops.concatenate(*parts)  # one pass, which is faster

    def exact(engine: Any, score: Callable, real: Any, fake: Any, mix: Any) -> tuple[Any, Any]:
        rows = {"real": real, "fake": fake}
        squared = _squared_slopes(engine, score, joined(engine, [rows[player] for player in players]))
        return weight / 2 * len(players) * squared.mean(), _norms(engine, squared).mean()

    def differences(engine: Any, score: Any, real: Any, fake: Any, mix: Any) -> tuple[Any, Any]:
        at = [("real", "fake").index(player) for player in players]
        x, slope = (joined(engine, [pair[k] for k in at]) for pair in ((real, fake), score.slopes))
        flat = slope.reshape(len(slope), -1)
        norm = _norms(engine, (flat * flat).sum(1))
        moved = score(x + step * (flat / norm.reshape(-1, 1)).reshape(x.shape))
        rise = (moved - joined(engine, [getattr(score, player) for player in players])) / step
        return weight / 2 * len(players) * (rise * rise).mean(), norm.mean()

    penalty = differences if step else exact
    return Constraint(name, penalty=penalty, wanted_slope=0.0, slopes=bool(step), every=every)


@member
def r1(penalty_weight: float = 10.0, penalty_step: float = 0.0, penalty_every: int = 1) -> Constraint:
    """Add lambda / 2 E |grad f(x)|^2 at real rows (Mescheder, Geiger, Nowozin 2018, R1)."""
    return _zero_centred_at("r1", ("real",), penalty_weight, penalty_step, penalty_every)


@member
def r2(penalty_weight: float = 10.0, penalty_step: float = 0.0, penalty_every: int = 1) -> Constraint:
    """Add lambda / 2 E |grad f(x)|^2 at fakes (Mescheder, Geiger, Nowozin 2018, R2)."""
    return _zero_centred_at("r2", ("fake",), penalty_weight, penalty_step, penalty_every)


@member
def r1_r2(penalty_weight: float = 10.0, penalty_step: float = 0.0, penalty_every: int = 1) -> Constraint:
    """Add lambda / 2 E |grad f(x)|^2 at real rows and as much at fakes (Huang et al. 2024, R3GAN)."""
    return _zero_centred_at("r1-r2", ("real", "fake"), penalty_weight, penalty_step, penalty_every)


@member
def zero_centred(penalty_weight: float = 10.0, penalty_every: int = 1) -> Constraint:
    """Add lambda E |grad f(x)|^2 at x = eps real + (1 - eps) fake (Thanh-Tung, Tran, Venkatesh 2019)."""

    def penalty(engine: Any, score: Callable, *rows: Any) -> tuple[Any, Any]:
        squared = _squared_slopes(engine, score, _between(*rows))
        return penalty_weight * squared.mean(), _norms(engine, squared).mean()

    return Constraint("zero-centred", penalty=penalty, wanted_slope=0.0, every=penalty_every)


@member
def wgan_div(penalty_weight: float = 2.0, penalty_every: int = 1) -> Constraint:
    """Add lambda E |grad f(x)|^6 at x = eps real + (1 - eps) fake (Wu et al. 2018, WGAN-div with p = 6)."""

    def penalty(engine: Any, score: Callable, *rows: Any) -> tuple[Any, Any]:
        squared = _squared_slopes(engine, score, _between(*rows))
        return penalty_weight * (squared * squared * squared).mean(), _norms(engine, squared).mean()

    return Constraint("wgan-div", penalty=penalty, wanted_slope=0.0, every=penalty_every)


CONSTRAINTS = {
    "none": none,
    "clip": clip,
    "sphere": sphere,
    "spectral": spectral,
    "orthogonal": orthogonal,
    "aol": aol,
    "sll": sll,
    "orthogonal-convolutions": orthogonal_convolutions,
    "gradient-penalty": gradient_penalty,
    "dragan": dragan,
    "consistency": consistency,
    "r1": r1,
    "r2": r2,
    "r1-r2": r1_r2,
    "zero-centred": zero_centred,
    "wgan-div": wgan_div,
}
