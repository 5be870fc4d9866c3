"""`wgan sample` with latents of a file, and as an animation."""

import numpy as np
import pytest
from commands import SMALL, assert_refused, called
from PIL import Image

from wgan.training import latents
from wgan.training import model as models


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("latents") / "digits"
    assert called("train", "digits", *SMALL, "--out", out).returncode == 0
    return out


def test_latents_of_a_file_give_the_rows_of_the_generator_and_of_an_exported_file(finished, tmp_path):
    model = models.load_model(finished)
    z = np.random.default_rng(0).normal(size=(5, model.config.latent))
    np.save(tmp_path / "z.npy", z)
    assert called("sample", finished, "--z", tmp_path / "z.npy", "--out", tmp_path / "a.npy").returncode == 0
    wanted = models.generate(model, z.astype(np.float32))
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), wanted)
    assert called("export", finished, "--out", tmp_path / "g.safetensors").returncode == 0
    assert (
        called("sample", tmp_path / "g.safetensors", "--z", tmp_path / "z.npy", "--out", tmp_path / "b.npy").returncode
        == 0
    )
    np.testing.assert_array_equal(np.load(tmp_path / "b.npy"), wanted)


@pytest.mark.parametrize(
    ("z", "part"),
    [
        (np.zeros((3, 5)), "has 5 columns, but this generator takes 4"),
        (np.zeros(4), "has shape (4,); give latents [n, latent]"),
        (np.zeros((0, 4)), "has shape (0, 4)"),
        (np.full((2, 4), np.nan), "NaN"),
        (np.array([["a"] * 4]), "not an array of numbers"),
    ],
)
def test_latents_that_do_not_fit_are_refused_before_anything_is_written(finished, tmp_path, z, part):
    np.save(tmp_path / "z.npy", z)
    done = called("sample", finished, "--z", tmp_path / "z.npy", "--out", tmp_path / "a.npy")
    assert_refused(done, part)
    assert not (tmp_path / "a.npy").exists()


def test_the_number_of_samples_is_that_of_the_file(finished, tmp_path):
    np.save(tmp_path / "z.npy", np.zeros((2, 4)))
    assert_refused(called("sample", finished, "--z", tmp_path / "z.npy", "-n", 3), "-n is not read with --z")
    assert_refused(called("sample", finished, "--z", tmp_path / "z.npy", "--seed", 0), "--seed is not read with --z")
    assert_refused(called("sample", finished, "--z", tmp_path / "none.npy"), "none.npy")


def test_a_gif_walks_through_samples_and_can_be_shown_again_and_again(finished, tmp_path):
    for name in ("a", "b"):
        assert called("sample", finished, "--out", tmp_path / f"{name}.gif", "-n", 12).returncode == 0
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
    with Image.open(tmp_path / "a.gif") as found:
        assert found.n_frames == 12
        assert found.size == (192, 192)
        assert found.info["loop"] == 0
    other = called("sample", finished, "--out", tmp_path / "c.gif", "-n", 12, "--seed", 1)
    assert other.returncode == 0
    assert (tmp_path / "c.gif").read_bytes() != (tmp_path / "a.gif").read_bytes()


def test_a_gif_is_for_images_and_of_one_class(tmp_path):
    points = tmp_path / "points"
    assert called("train", "8gaussians", "--network", "mlp", *SMALL, "--out", points).returncode == 0
    assert_refused(called("sample", points, "--out", tmp_path / "x.gif"), "takes grey or colour images")
    classes = tmp_path / "classes"
    done = called("train", "digits", "--conditional", "projection", *SMALL, "--out", classes)
    assert done.returncode == 0, done.stderr
    model = models.load_model(classes)
    found = [*models.drawn(model, 9, 0, None, latents.looping(9, 0)).labels()]
    assert len(set(np.concatenate(found).tolist())) == 1
