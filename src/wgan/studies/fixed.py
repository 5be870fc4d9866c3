"""A critic or discriminator trained between two fixed sets of rows, and the gradient that a generator would get."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from wgan.config import Config, resolve
from wgan.game import step
from wgan.maths import streams
from wgan.training.critic import train_critic
from wgan.training.model import game_of

# A small network in float64, in which even a discriminator that is sure has a gradient.
SETTINGS = Config(
    network="mlp", width=64, depth=2, batch=256, learning_rate=1e-3, decay="none", beta1=0.5, precision="float64"
)


class Fixed(NamedTuple):
    """Two functions of a trained critic: `score(rows)` [n] for rows [n, ...], and `generator_gradient`.

    `generator_gradient(rows, objective)` [n, ...] is the gradient of the generator's loss on each row with respect to
    that row, which a generator that made these rows would descend. An objective that needs real rows sees a random one
    beside each.
    """

    score: Callable[[np.ndarray], np.ndarray]
    generator_gradient: Callable[[np.ndarray, str], np.ndarray]


def fixed(real: np.ndarray, fake: np.ndarray, seed: int, **fields: Any) -> Fixed:
    """Train a critic on rows [n, ...] and [m, ...]; `fields` replace fields of the config `SETTINGS`.

    Since the learning rate is constant, a longer training continues a shorter one of the same seed.
    """
    config = SETTINGS.replace(seed=seed, **fields)
    game = game_of(config, real.shape[1:])
    critic, engine = train_critic(game, config, real, fake), game.engine

    def score(rows: np.ndarray) -> np.ndarray:
        return engine.numpy(step.score(game, critic, engine.array(rows)))

    def generator_gradient(rows: np.ndarray, objective: str) -> np.ndarray:
        chosen = resolve("objective", config.replace(objective=objective))
        beside = real[streams.real_rows(seed, 0, len(rows), len(real), "generator_rows")] if chosen.needs_real else ()
        of_real = [step.score(game, critic, engine.array(beside))] if chosen.needs_real else []

        def of_each(x: Any) -> Any:  # the loss is a mean over rows, so a row's own share is 1 / len(rows) of it
            return len(rows) * chosen.generator_loss(engine.ops, step.score(game, critic, x), *of_real)

        return engine.numpy(engine.input_grad(of_each, engine.array(rows)))

    return Fixed(score, generator_gradient)
