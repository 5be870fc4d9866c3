"""What a critic's estimate is, by its objective and by what the constraint certifies."""

from wgan.game.arrays import Layer
from wgan.game.constraints import Constraint
from wgan.game.layers import LAYERS
from wgan.game.objectives import Objective


def in_words(objective: Objective, constraint: Constraint, critic: list[Layer]) -> str:
    """What the estimate of an objective estimates, under a constraint, with the layers of a critic.

    A critic whose layers each have a slope of at most 1 has one of at most 1, and at most twice that for each residual
    block, whose two branches add up. So the gap of its scores is a certified lower bound, with a known factor.
    """
    if not (constraint.bounds_layers and objective.dual_of):
        return objective.estimates
    times = 2 ** sum(bool(LAYERS[layer["kind"]].inside) for layer in critic)
    bound = objective.dual_of if times == 1 else f"{times} times {objective.dual_of}"
    return (
        f"a certified lower bound of {bound} between the rows and samples that are scored: {constraint.name} keeps the "
        f"critic's Lipschitz constant at most {times}"
    )
