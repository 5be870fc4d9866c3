"""How the critic is kept Lipschitz: by a projection of its weights after each update, or by a penalty."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from wgan.game.arrays import Params
from wgan.game.family import member
from wgan.game.layers import matrices


class Constraint(NamedTuple):
    """`project(ops, critic, layers)` returns the critic's weights after an update; `layers` is its list of layers.

    `penalty(engine, score, real, fake, mix)` returns what is added to the critic's loss and the mean gradient
    norm, both scalars; it is None where nothing is added. `score` maps rows to scores, `mix` is uniform [batch].
    The other fields say what networks and diagnostics must know; `parameters` is None for a constraint of your own.
    """

    name: str
    project: Callable[[Any, Params, list], Params] = lambda ops, critic, layers: critic
    penalty: Callable[..., tuple[Any, Any]] | None = None
    each_row: bool = True  # the penalty looks at each row by itself, so no layer of the critic may mix a batch
    bounds_layers: bool = False  # each layer's slope is kept bounded, so every layer of the critic must have a bound
    largest_weight: float | None = None  # the bound c where weights stay in [-c, c]
    parameters: Mapping[str, Any] | None = None

    @property
    def forbids_batch_norm(self) -> bool:
        """Whether a layer that mixes a batch would make the penalty of a row depend on the other rows."""
        return self.penalty is not None and self.each_row


@member
def none() -> Constraint:
    """Nothing keeps the critic Lipschitz, as in the first GAN."""
    return Constraint("none")


@member
def clip(clip: float = 0.01) -> Constraint:
    """Every weight and bias to [-c, c] after each update (Arjovsky et al. 2017, Algorithm 1, line 7)."""

    def project(ops: Any, critic: Params, layers: list) -> Params:
        return {name: ops.clip(w, -clip, clip) for name, w in critic.items()}

    return Constraint("clip", project, largest_weight=clip)


@member
def sphere() -> Constraint:
    """Each layer's weights to the unit sphere, w / |w| over all of the layer's weights; biases are free.

    The operator norm is at most the Euclidean norm, so a ReLU critic without norms is 1-Lipschitz when dense.
    """

    def project(ops: Any, critic: Params, layers: list) -> Params:
        weights = {name: critic[name] for name, _ in matrices(layers, critic)}
        return critic | {name: w / ops.sqrt((w * w).sum() + TINY) for name, w in weights.items()}

    return Constraint("sphere", project)


@member
def spectral() -> Constraint:
    """Each layer's weights divided by max(1, its operator norm) (after Miyato et al. 2018), so the critic is
    1-Lipschitz where its activations are.

    A dense layer's norm is its largest singular value, here less than 1 % too large (`norm_bound`). A
    convolution's is at most that of its weights as a matrix [out, in k k], times ceil(k / stride): a pixel lies in
    at most the square of that many patches. A residual block has the slope of both branches together, up to 2. A
    projection's weights and class weights get a norm of at most 1/2 each, so the score of every class has slope 1.
    """

    def bounded(ops: Any, matrix: Any, times: int) -> Any:
        return matrix / ops.clip(times * norm_bound(ops, matrix), 1.0, math.inf)

    return Constraint("spectral", partial(_each_matrix, bounded), bounds_layers=True)


@member
def orthogonal() -> Constraint:
    """Each layer's weights towards the nearest with orthonormal rows or columns (Anil, Lucas, Grosse 2019), which
    with GroupSort (--activation groupsort) keep the length of the gradient on its way back.

    Bjorck's iteration A <- A (3 I - A^T A) / 2 takes every singular value in (0, 1] towards 1 and none beyond; a
    singular value above 0.1 is there after one update. A convolution's weights are divided by ceil(k / stride) too.
    """

    def nearest(ops: Any, matrix: Any, times: int) -> Any:
        a = matrix / ops.clip(norm_bound(ops, matrix), 1.0, math.inf)
        a = a if a.shape[0] >= a.shape[1] else a.T
        for _ in range(BJORCK):
            a = 1.5 * a - 0.5 * ops.matmul(a, ops.matmul(a.T, a))
        return (a if a.shape == matrix.shape else a.T) / times

    return Constraint("orthogonal", partial(_each_matrix, nearest), bounds_layers=True)


def norm_bound(ops: Any, matrix: Any) -> Any:
    """A bound of the largest singular value of a matrix of rank r, at most r^(1 / 2^(GRAM + 1)) times too large.

    Gram iteration (Delattre et al. 2023): |A| = |A^T A|^(1/2) = |(A^T A)^2|^(1/4) = ..., and the Euclidean norm of
    the last power is a bound of its operator norm. Products alone, so it is as fast as the network itself.
    """
    a, bound = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T, 1.0
    for power in range(GRAM + 1):
        norm = ops.sqrt((a * a).sum() + TINY)
        bound = bound * norm**2.0**-power
        a = a / norm
        a = ops.matmul(a.T, a)
    return bound


def _each_matrix(project: Callable[[Any, Any, int], Any], ops: Any, critic: Params, layers: list) -> Params:
    """The critic with `project(ops, matrix, times)` in place of each array that a constraint may project."""
    projected = {
        name: project(ops, critic[name].reshape(len(critic[name]), -1), times).reshape(critic[name].shape)
        for name, times in matrices(layers, critic)
    }
    return critic | projected


@member
def gradient_penalty(penalty_weight: float = 10.0, penalty_sides: str = "two") -> Constraint:
    """lambda E (|grad f(x)| - 1)^2 at x = eps real + (1 - eps) fake (Gulrajani et al. 2017, Algorithm 1).

    eps is uniform and one number a row, the norm is Euclidean over all of a row's dimensions. One-sided
    ("one", their Appendix C and Petzka et al. 2018) penalises max(0, |grad f(x)| - 1)^2 only.
    """

    def penalty(engine: Any, score: Callable, real: Any, fake: Any, mix: Any) -> tuple[Any, Any]:
        eps = mix.reshape(-1, *[1] * (len(real.shape) - 1))
        slope = engine.input_grad(score, eps * real + (1 - eps) * fake).reshape(mix.shape[0], -1)
        norm = engine.ops.sqrt((slope * slope).sum(1) + TINY)
        excess = norm - 1 if penalty_sides == "two" else engine.ops.relu(norm - 1)
        return penalty_weight * (excess * excess).mean(), norm.mean()

    return Constraint("gradient-penalty", penalty=penalty)


GRAM = 9  # products: 512^(1 / 1024) is 1.006
BJORCK = 10  # iterations: 0.1 becomes 0.999 and more
TINY = 1e-16  # under a root: the derivative of |x| at 0 becomes 0, and 1e24 fits into float32

CONSTRAINTS = {
    "none": none,
    "clip": clip,
    "sphere": sphere,
    "spectral": spectral,
    "orthogonal": orthogonal,
    "gradient-penalty": gradient_penalty,
}
