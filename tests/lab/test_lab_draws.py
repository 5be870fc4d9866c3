"""The draws and the data of the page are those of Python, to the last bit."""

import numpy as np
import pytest
from lab.node import run

from wgan.data.toys import TOYS, toy
from wgan.maths.streams import PURPOSES, real_rows, stream

SEEDS = [0, 7, 2**53 - 1]


def test_the_purposes_are_those_of_python():
    found = run("return philox.PURPOSES;", philox="philox")
    assert found == {name: PURPOSES[name] for name in found}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_draw_equals_numpys(seed):
    """200,000 normals reach each branch of the ziggurat: about 50 of them lie beyond its last layer."""
    script = """
        const d = () => philox.draws(given, "z", 3);
        return { normal: d().normal(200000), normal64: d().normal64(200000), uniform: d().uniform(1001),
          uniform64: d().uniform64(1001), few: d().integers(25, 1001), order: d().permutation(5000) };
    """
    found = run(script, seed, philox="philox")
    wanted = {
        "normal": stream(seed, "z", 3).standard_normal(200_000, dtype=np.float32),
        "normal64": stream(seed, "z", 3).standard_normal(200_000),
        "uniform": stream(seed, "z", 3).random(1001, dtype=np.float32),
        "uniform64": stream(seed, "z", 3).random(1001),
        "few": stream(seed, "z", 3).integers(25, size=1001),
        "order": stream(seed, "z", 3).permutation(5000),
    }
    assert np.abs(wanted["normal64"]).max() > 3.66
    for name, values in wanted.items():
        assert (found[name] == values).all(), name


def test_the_rows_of_an_epoch_and_of_the_next_are_those_of_python():
    found = run("return philox.rowDrawer(5, 37)(20, 70);", philox="philox")
    assert (found == real_rows(5, 20, 70, 37)).all()


@pytest.mark.parametrize("name", TOYS)
def test_a_toy_is_that_of_python(name):
    found = run("return data.dataset(given, 3, 5000);", name, data="data")
    wanted = toy(name, 5000, 3)
    # cos and sin of two libraries may differ in the last bit of float64, which float32 hardly ever shows
    assert (found["points"].reshape(-1, 2) == wanted.rows).mean() > 0.999
    assert np.allclose(found["points"].reshape(-1, 2), wanted.rows, rtol=1e-6, atol=1e-9)
    if wanted.labels is None:
        assert found["labels"] is None
    else:
        assert (found["labels"] == wanted.labels).all()


@pytest.mark.parametrize(
    ("points", "words"),
    [([], "no points"), ([0.5, 0.5], "one point"), ([0.1, None, 0.2, 0.3], "finite"), ([1, 2, 3], "pairs")],
)
def test_points_that_cannot_be_learned_are_refused_in_a_sentence(points, words):
    script = "try { data.ownPoints(given); } catch (problem) { return problem.message; }"
    assert words in run(script, points, data="data")
