"""What the two players minimise, as functions of the critic's scores, which are high for real rows, low for fakes.

Scores are arrays [batch] of any engine; a discriminator is D = sigmoid(score).
"""

from collections.abc import Callable, Mapping
from functools import reduce
from inspect import Signature, signature
from math import log
from typing import Any, NamedTuple

from wgan.errors import unknown_name
from wgan.game.arrays import Told
from wgan.game.family import member
from wgan.maths.divergences import DIVERGENCES, Divergence, bound, named


class Objective(NamedTuple):
    """The two losses, each minimised by its player, and the distance that a good critic's scores estimate.

    `critic_loss(ops, real, fake)`, `generator_loss(ops, fake)` and `estimate(ops, real, fake)` return scalars;
    the estimate falls towards 0 as the fakes get better. `estimates` names the distance that it estimates;
    `parameters` is None for an objective of your own. With `needs_real` the generator's loss is
    `generator_loss(ops, fake, real)`, where the two batches have as many rows.
    """

    name: str
    critic_loss: Callable[[Any, Any, Any], Any]
    generator_loss: Callable[..., Any]
    estimate: Callable[[Any, Any, Any], Any]
    estimates: str
    parameters: Mapping[str, Any] | None = None
    dual_of: str = ""  # the distance that the estimate bounds from below if the critic is 1-Lipschitz
    needs_real: bool = False  # the generator's loss compares the scores of its fakes with scores of real rows


@member
def wasserstein() -> Objective:
    """The dual of the earth mover's distance (Arjovsky et al. 2017): max E f(real) - E f(fake), f 1-Lipschitz."""
    return Objective(
        "wasserstein",
        critic_loss=lambda ops, real, fake: fake.mean() - real.mean(),
        generator_loss=lambda ops, fake: -fake.mean(),
        estimate=lambda ops, real, fake: real.mean() - fake.mean(),
        estimates="critic gap, at most the critic's Lipschitz constant times Wasserstein-1",
        dual_of="Wasserstein-1",
    )


@member
def minimax(prior: float = 0.5) -> Objective:
    """The saturating GAN (Goodfellow et al. 2014) with a share `prior` = pi of real rows.

    The critic minimises -pi E log D(real) - (1 - pi) E log(1 - D(fake)), the generator E log(1 - D(fake)). At
    the optimum D / (1 - D) * (1 - pi) / pi is the density of real rows over the density of fake rows (Mohamed,
    Lakshminarayanan 2016).
    """

    def critic_loss(ops: Any, real: Any, fake: Any) -> Any:
        # log D = -softplus(-score), log(1 - D) = -softplus(score)
        return prior * ops.softplus(-real).mean() + (1 - prior) * ops.softplus(fake).mean()

    weight = "" if prior == 0.5 else f" with weight {prior:g} for real rows"
    entropy = -prior * log(prior) - (1 - prior) * log(1 - prior)
    return Objective(
        "minimax",
        critic_loss=critic_loss,
        generator_loss=lambda ops, fake: -ops.softplus(fake).mean(),
        estimate=lambda ops, real, fake: entropy - critic_loss(ops, real, fake),
        estimates=f"lower bound of the Jensen-Shannon divergence{weight}, in nats",
    )


@member
def non_saturating(prior: float = 0.5) -> Objective:
    """The GAN whose generator minimises -E log D(fake), with the fixed point of `minimax` (Goodfellow et al. 2014)."""
    return minimax(prior)._replace(name="non-saturating", generator_loss=lambda ops, fake: ops.softplus(-fake).mean())


@member
def least_squares() -> Objective:
    """The least-squares GAN (Mao et al. 2017) with the targets 1 for real rows and 0 for fakes.

    The critic minimises E (f(real) - 1)^2 / 2 + E f(fake)^2 / 2, the generator E (f(fake) - 1)^2 / 2. The best critic
    is p / (p + q). Its loss is 1/4 minus an eighth of the integral of (p - q)^2 / (p + q).
    """

    def critic_loss(ops: Any, real: Any, fake: Any) -> Any:
        return (((real - 1) * (real - 1)).mean() + (fake * fake).mean()) / 2

    return Objective(
        "least-squares",
        critic_loss=critic_loss,
        generator_loss=lambda ops, fake: ((fake - 1) * (fake - 1)).mean() / 2,
        estimate=lambda ops, real, fake: 2 - 8 * critic_loss(ops, real, fake),
        estimates="lower bound of the triangular discrimination, the integral of (p - q)^2 / (p + q), at most 2",
    )


@member
def hinge() -> Objective:
    """The hinge loss (Lim, Ye 2017; Miyato et al. 2018).

    The critic minimises E max(0, 1 - f(real)) + E max(0, 1 + f(fake)), the generator -E f(fake). The best critic is the
    sign of p - q. Its loss is 2 minus twice the total variation.
    """

    def critic_loss(ops: Any, real: Any, fake: Any) -> Any:
        return ops.relu(1 - real).mean() + ops.relu(1 + fake).mean()

    return Objective(
        "hinge",
        critic_loss=critic_loss,
        generator_loss=lambda ops, fake: -fake.mean(),
        estimate=lambda ops, real, fake: 1 - critic_loss(ops, real, fake) / 2,
        estimates="lower bound of the total variation, at most 1",
    )


@member
def relativistic() -> Objective:
    """The relativistic GAN with pairs (Jolicoeur-Martineau 2019; Huang et al. 2024).

    The critic minimises E softplus(f(fake) - f(real)) over pairs of a real row and a fake, and the generator minimises
    E softplus(f(real) - f(fake)). So the critic learns which row of a pair is real. The best critic is log(p / q).
    """
    return Objective(
        "relativistic",
        critic_loss=lambda ops, real, fake: ops.softplus(fake - real).mean(),
        generator_loss=lambda ops, fake, real: ops.softplus(real - fake).mean(),
        estimate=lambda ops, real, fake: log(2) - ops.softplus(fake - real).mean(),
        estimates="lower bound of the Jensen-Shannon divergence of the pairs (real, fake) and (fake, real), in nats",
        needs_real=True,
    )


@member
def relativistic_average() -> Objective:
    """The relativistic average GAN (Jolicoeur-Martineau 2019): each score minus the mean score of the other batch.

    The critic minimises E softplus(mean f(fake) - f(real)) + E softplus(f(fake) - mean f(real)). The generator
    minimises the same loss with real rows and fakes exchanged.
    """

    def loss(ops: Any, higher: Any, lower: Any) -> Any:
        return ops.softplus(lower.mean() - higher).mean() + ops.softplus(lower - higher.mean()).mean()

    return Objective(
        "relativistic-average",
        critic_loss=loss,
        generator_loss=lambda ops, fake, real: loss(ops, fake, real),
        estimate=lambda ops, real, fake: 2 * log(2) - loss(ops, real, fake),
        estimates="relativistic average divergence (Jolicoeur-Martineau 2020) in nats, at most 2 log 2",
        needs_real=True,
    )


def f_gan(
    divergence: str | Divergence,
    generator_objective: str = "non-saturating",
    prior: float = 0.5,
    alpha: float = 0.5,
) -> Objective:
    """The f-GAN of an entry of `DIVERGENCES` (Nowozin et al. 2016): the critic maximises E g(real) - E f*(g(fake)).

    The generator minimises -E f*(g(fake)) if `generator_objective` is "saturating" (their Algorithm 1), and -E g(fake)
    if it is "non-saturating" (their section 3.2): the gradients have the same direction and weigh the rows differently.
    The divergence "js" reads `prior`, "alpha" reads `alpha`.
    """
    if isinstance(divergence, Divergence):
        return _f_gan(divergence, generator_objective)
    if divergence not in DIVERGENCES:
        raise unknown_name("divergence", divergence, DIVERGENCES)
    make = OBJECTIVES[f"fgan-{divergence}"]
    given = {"generator_objective": generator_objective, "prior": prior, "alpha": alpha}
    return make(**{name: given[name] for name in signature(make).parameters})


def _f_gan(row: Divergence, generator_objective: str) -> Objective:
    def generator_loss(ops: Any, fake: Any) -> Any:
        if generator_objective == "saturating":
            return -row.composite(ops, fake).mean()
        return -row.activation(ops, fake).mean()

    return Objective(
        f"fgan-{row.name}",
        critic_loss=lambda ops, real, fake: -bound(row, ops, real, fake),
        generator_loss=generator_loss,
        estimate=lambda ops, real, fake: bound(row, ops, real, fake) - row.minimum,
        estimates=f"lower bound of a divergence: {row.what}",
    )


def _f_gan_of(name: str) -> Callable[..., Objective]:
    """The function that makes the f-GAN of a divergence from `generator_objective` and the divergence's parameters."""

    def make(generator_objective: str = "non-saturating", **parameters: float) -> Objective:
        return _f_gan(named(name, **parameters), generator_objective)

    first, _ = signature(make).parameters.values()
    make.__signature__ = Signature([first, *signature(DIVERGENCES[name]).parameters.values()])  # type: ignore[attr-defined]
    return member(make)


def cross_entropy(ops: Any, logits: Any, label: Any) -> Any:
    """-E log softmax(logits)[label], for logits [batch, classes] and one-hot labels [batch, classes]."""
    columns = [logits[:, k] for k in range(logits.shape[1])]
    total = reduce(lambda a, b: a + ops.softplus(b - a), columns)  # log(e^a + e^b)
    return (total - (logits * label).sum(1)).mean()


def told_loss(ops: Any, predicted: Any, condition: Any, told: Told) -> Any:
    """The loss of an auxiliary head that predicts a condition [batch, units].

    The sum of E |p - c|^2 / 2 over the numbers and of the cross-entropy of each one-hot group.
    """
    parts, start = [], told.numbers
    if told.numbers:
        difference = predicted[:, :start] - condition[:, :start]
        parts.append((difference * difference).sum(1).mean() / 2)
    for size in told.groups:
        parts.append(cross_entropy(ops, predicted[:, start : start + size], condition[:, start : start + size]))
        start += size
    return reduce(lambda a, b: a + b, parts)


OBJECTIVES: dict[str, Callable[..., Objective]] = {
    "wasserstein": wasserstein,
    "minimax": minimax,
    "non-saturating": non_saturating,
    "least-squares": least_squares,
    "hinge": hinge,
    "relativistic": relativistic,
    "relativistic-average": relativistic_average,
    **{f"fgan-{name}": _f_gan_of(name) for name in DIVERGENCES},
}
