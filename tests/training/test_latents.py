"""Paths between latents: their ends, lengths and angles, and the rows of a model on one."""

import numpy as np
import pytest

import wgan
from wgan import WganError
from wgan.training.latents import loop, spherical, walk


def test_an_arc_has_its_ends_and_goes_at_an_even_pace():
    first, last = np.array([2.0, 0, 0]), np.array([0, 4.0, 0])
    arc = spherical(first, last, np.linspace(0, 1, 5))
    np.testing.assert_allclose(arc[[0, -1]], [first, last], atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(arc, axis=1), [2, 2.5, 3, 3.5, 4])
    np.testing.assert_allclose(np.degrees(np.arctan2(arc[:, 1], arc[:, 0])), [0, 22.5, 45, 67.5, 90], atol=1e-9)
    np.testing.assert_allclose(spherical(first, -first, np.array([0.25]))[0], first / 2)


def test_the_middle_of_a_walk_is_as_long_as_its_ends():
    lengths = np.linalg.norm(walk(100, 9, seed=0), axis=1)
    assert np.all((lengths >= lengths[[0, -1]].min() - 1e-4) & (lengths <= lengths[[0, -1]].max() + 1e-4))
    with pytest.raises(WganError, match="n is 1; an interpolation has at least 2 rows"):
        walk(4, 1, seed=0)


def test_a_model_interpolates_in_the_shape_of_its_rows():
    rows = np.random.default_rng(0).random((60, 4, 4))
    small = {"width": 4, "batch": 4, "latent": 3, "network": "mlp", "engine": "torch", "steps": 1}
    model = wgan.WGAN(**small).fit(rows)
    made = model.interpolate(6, seed=1)
    assert made.shape == (6, 4, 4)
    np.testing.assert_array_equal(made, model.interpolate(6, seed=1))
    assert not np.array_equal(made, model.interpolate(6, seed=2))
    labelled = wgan.WGAN(**small, conditional="projection").fit(rows, ["a", "b"] * 30)
    assert labelled.interpolate(3, label="b").shape == (3, 4, 4)


def test_a_loop_ends_where_it_began_with_even_steps():
    z = loop(64, 400, seed=3)
    steps = np.linalg.norm(np.diff(z, axis=0, append=z[:1]), axis=1)
    assert z.shape == (400, 64)
    assert z.dtype == np.float32
    assert steps.max() < 2 * steps.min()  # four arcs between four draws, of nearly the same lengths
    assert loop(64, 1, seed=3).shape == (1, 64)
