"""A run that takes more memory than is free is refused before any of it is taken, with the number that fits."""

import re

import numpy as np
import pytest

from wgan import WganError
from wgan.config import Config
from wgan.data import load
from wgan.files import memory
from wgan.game.layers import array_shapes, initial_arrays
from wgan.game.networks import NETWORKS, Ends
from wgan.training import forecast, model
from wgan.training.state import start

DIGITS = {"data": "digits", "batch": 8}


@pytest.mark.parametrize("network", NETWORKS)
def test_shapes_without_drawing_are_those_of_the_weights(network):
    for conditional in ("none", "projection"):
        config = Config(network=network, width=4, conditional=conditional)
        players = model.architecture_of(
            config, (8, 8, 1), Ends(bounded=True), CLASSES if conditional != "none" else None
        )
        for layers, row in ((players.critic, (8, 8, 1)), (players.generator, (config.latent,))):
            made = initial_arrays(layers, row, players.init, np.random.default_rng(0))
            assert array_shapes(layers, row) == {name: w.shape for name, w in made.items()}


CLASSES = model.Classes(("a", "b"), (0.5, 0.5))


@pytest.mark.parametrize(
    ("field", "value"), [("width", 10**9), ("latent", 10**9), ("generator_batch", 10**9), ("n_critic", 10**9)]
)
def test_a_setting_that_takes_too_much_is_named_with_a_number_that_fits(monkeypatch, field, value):
    monkeypatch.setattr(forecast, "free", lambda: 10**9)
    monkeypatch.setattr(memory, "free", lambda: 10**9)
    monkeypatch.setattr(model, "get_engine", None)  # nothing is made before the forecast
    config = Config(**DIGITS, **{field: value})
    with pytest.raises(WganError, match=f"training .* takes .* but 1 GB are free; use {field}=") as no:
        start(config)
    (fits,) = map(int, re.findall(r"use [a-z_]+=(\d+) or less", str(no.value)))
    digits = load("digits").form
    assert forecast.bytes_of_training(config.replace(**{field: fits}), digits, None) <= 0.9e9
    assert forecast.bytes_of_training(config.replace(**{field: 2 * fits}), digits, None) > 0.9e9
    assert fits > 1000


def test_a_deep_network_is_refused_too(monkeypatch):
    monkeypatch.setattr(forecast, "free", lambda: 10**9)
    monkeypatch.setattr(memory, "free", lambda: 10**9)
    with pytest.raises(WganError, match=r"use depth=\d+ or less"):
        start(Config(**DIGITS, depth=10_000))
