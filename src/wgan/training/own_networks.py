"""Networks of your own: each player is an `nn.Module`, or a pair of functions (init, apply) in torch or JAX."""

from importlib import import_module
from typing import Any

import numpy as np

from wgan.config import Config
from wgan.errors import WganError
from wgan.game.building import own, reshape
from wgan.game.layers import Layer, apply_layers, initial_arrays
from wgan.game.networks import NETWORKS, Architecture
from wgan.maths import streams

TRIED = 4  # rows on which each player is tried before training


def own_network(critic: Any, generator: Any, name: str = "own") -> Architecture:
    """A network for `Config(network=...)` or `WGAN(network=...)` that is made of two players of your own.

    A player is an `nn.Module` or a pair `(init, apply)`. A copy of a module is trained from the weights that it has; it
    gets images as [n, channels, height, width]. `init(rng, row)` returns the first weights, arrays in dicts or lists,
    for rows of shape `row` and a NumPy generator `rng`; `apply(weights, rows)` computes in the framework of `engine`
    and gets images as [n, height, width, channels]. The generator takes z [n, latent] and returns encoded rows
    [n, ...]; the critic returns one score for each row. A player with a state other than its weights (the running
    moments of batch norm, the draws of dropout) is refused when training starts.

    Examples:
        >>> from torch import nn
        >>> critic = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))
        >>> generator = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2))
        >>> import wgan
        >>> model = wgan.WGAN(network=wgan.own_network(critic, generator), latent=8, steps=3)
        >>> model.fit(np.random.default_rng(0).normal(size=(100, 2))).sample(5).shape
        (5, 2)
    """
    if name in NETWORKS:
        raise WganError(f"a network of your own cannot be called {name}, which wgan has; give another name.")
    return Architecture(name, [_layer(critic, "critic"), reshape(1)], [_layer(generator, "generator")], "he")


def _layer(player: Any, who: str) -> Layer:
    if isinstance(player, tuple) and len(player) == 2 and all(map(callable, player)):
        return own(*player)
    if not all(hasattr(player, name) for name in ("named_parameters", "forward")):
        raise WganError(f"the {who} is {player!r}; give an nn.Module or a pair (init, apply) of functions.")
    init, apply = import_module("wgan.engines.torch").functions_of(player)
    return own(init, apply, "torch")


def is_own(architecture: Architecture) -> bool:
    """Whether a player of this architecture is your own."""
    return any(layer["kind"] == "own" for layer in [*architecture.critic, *architecture.generator])


def engine_for(architecture: Architecture, asked: str) -> str:
    """The engine of players of your own; `WganError` if it is unknown or not the engine that was asked for."""
    written = {layer["engine"] for layer in [*architecture.critic, *architecture.generator] if layer["kind"] == "own"}
    if asked == "auto" and "torch" not in written:
        raise WganError(
            f"engine is auto, but network {architecture.name} is made of functions, which may be of either engine; set "
            "engine='torch' or engine='jax'."
        )
    if asked not in ("auto", "torch") and "torch" in written:
        raise WganError(f"engine is {asked}, but network {architecture.name} is made of torch modules; use torch.")
    return "torch" if asked == "auto" else asked


def refuse(architecture: Architecture, config: Config) -> None:
    """Raise `WganError` for settings that change the layers of a network, which a network of your own hides."""
    name = architecture.name
    if config.precision == "bfloat16":
        raise WganError(f"precision is bfloat16, but network {name} of your own sets its precision; use float32.")
    if config.conditional != "none":
        raise WganError(
            f"conditional is {config.conditional}, which changes the layers of a network, but network {name} is your "
            "own and hides them; use none."
        )


def check(architecture: Architecture, engine: Any, config: Config, row: tuple[int, ...]) -> None:
    """Try both players on a few rows; `WganError` if they could not be trained, resumed or sampled."""
    name = architecture.name
    z = streams.normal(0, "z", 0, (TRIED, config.latent))
    points = streams.normal(0, "rows", 0, (TRIED, *row))
    for who, layers, given, wanted in (
        ("critic", architecture.critic[:1], points, (TRIED,)),
        ("generator", architecture.generator, z, (TRIED, *row)),
    ):
        initial = initial_arrays(layers, given.shape[1:], architecture.init, streams.stream(0, "weights"))
        if not initial:
            raise WganError(f"the {who} of network {name} has no weights; give it some to train.")
        weights = {key: engine.array(w) for key, w in initial.items()}

        def rows(x: np.ndarray, layers: list = layers, weights: dict = weights) -> np.ndarray:
            return engine.numpy(apply_layers(engine.ops, layers, weights, engine.array(x)))

        try:
            found = rows(given)
        except WganError:
            raise
        except Exception as problem:
            raise WganError(
                f"the {who} of network {name} fails on rows {list(given.shape)} ({problem}); make it take them and "
                f"return {list(wanted)}."
            ) from problem
        shapes = [wanted, (*wanted, 1), (*wanted, 1, 1, 1)] if who == "critic" else [wanted]
        if found.shape not in shapes:
            raise WganError(f"the {who} of network {name} gives {list(found.shape)}; it must give {list(wanted)}.")
        if (rows(given) != found).any():
            raise WganError(
                f"the {who} of network {name} gives the same rows other values the second time, as dropout does and "
                "whatever keeps a state; leave that out, since a run with it cannot be resumed."
            )
        if np.abs(rows(given[:2]) - found[:2]).max() > 1e-3 * np.abs(found).max():
            raise WganError(
                f"the {who} of network {name} gives a row other values in another batch, as batch norm does; "
                "use a layer norm or a group norm instead."
            )
