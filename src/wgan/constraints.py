"""How the critic is kept Lipschitz: by a projection of its weights after each update, or by a penalty."""

from collections.abc import Callable
from typing import Any, NamedTuple

Params = dict[str, Any]


class Constraint(NamedTuple):
    """`project(ops, critic)` returns the critic's weights after an update.

    `penalty(engine, score, real, fake, mix)` returns what is added to the critic's loss and the mean gradient
    norm, both scalars; it is None where nothing is added. `score` maps rows to scores, `mix` is uniform [batch].
    """

    name: str
    project: Callable[[Any, Params], Params] = lambda ops, critic: critic
    penalty: Callable[..., tuple[Any, Any]] | None = None


def none() -> Constraint:
    """Nothing keeps the critic Lipschitz, as in the first GAN."""
    return Constraint("none")


def clip(clip: float = 0.01) -> Constraint:
    """Every weight and bias to [-c, c] after each update (Arjovsky et al. 2017, Algorithm 1, line 7)."""
    return Constraint("clip", lambda ops, critic: {name: ops.clip(w, -clip, clip) for name, w in critic.items()})


def sphere() -> Constraint:
    """Each layer's weights to the unit sphere, w / |w| over all of the layer's weights; biases are free.

    The operator norm is at most the Euclidean norm, so a ReLU critic without norms is 1-Lipschitz when dense.
    """

    def project(ops: Any, critic: Params) -> Params:
        return {
            name: w / ops.sqrt((w * w).sum() + TINY) if name.endswith(".weight") else w for name, w in critic.items()
        }

    return Constraint("sphere", project)


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


TINY = 1e-16  # under a root: the derivative of |x| at 0 becomes 0, and 1e24 fits into float32

CONSTRAINTS = {"none": none, "clip": clip, "sphere": sphere, "gradient-penalty": gradient_penalty}
