"""A critic or discriminator trained between two fixed sets of rows, and what it would tell a generator."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from wgan.config import Config, resolve
from wgan.game import step
from wgan.training.critic import train_critic
from wgan.training.model import game_of

# Small, and in float64, where a discriminator that is sure still has a gradient.
SETTINGS = Config(
    network="mlp", width=64, depth=2, batch=256, learning_rate=1e-3, decay="none", beta1=0.5, precision="float64"
)


class Fixed(NamedTuple):
    """`score` maps rows [n, ...] to scores [n]; `generator_gradient(rows, objective)` is the gradient, by each row,
    of the generator's loss of that row, [n, ...]: what a generator that made these rows would descend."""

    score: Callable[[np.ndarray], np.ndarray]
    generator_gradient: Callable[[np.ndarray, str], np.ndarray]


def fixed(real: np.ndarray, fake: np.ndarray, seed: int, **fields: Any) -> Fixed:
    """Train on rows [n, ...] and [m, ...]; `fields` are those of `Config` that are not as in `SETTINGS`.

    Without decay of the learning rate, a longer training goes on where a shorter one of the same seed ends.
    """
    config = SETTINGS.replace(seed=seed, **fields)
    game = game_of(config, real.shape[1:])
    critic, engine = train_critic(game, config, real, fake), game.engine

    def score(rows: np.ndarray) -> np.ndarray:
        return engine.numpy(step.score(game, critic, engine.array(rows)))

    def generator_gradient(rows: np.ndarray, objective: str) -> np.ndarray:
        loss = resolve("objective", config.replace(objective=objective)).generator_loss

        def of_each(x: Any) -> Any:  # losses are means over the rows, each of which depends on itself alone
            return len(rows) * loss(engine.ops, step.score(game, critic, x))

        return engine.numpy(engine.input_grad(of_each, engine.array(rows)))

    return Fixed(score, generator_gradient)
