"""`wgan distance`: two named things, their distance, its floor and its refusals."""

import json

import numpy as np
import pytest
from commands import assert_refused, called, run

from wgan.evaluation import distance


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(500)
    for name, rows in {"x": x, "shifted": x + 3, "table": x.reshape(-1, 5), "table2": x.reshape(-1, 5) + 1}.items():
        np.save(tmp_path / f"{name}.npy", rows)
    return tmp_path


def test_the_command_prints_the_interval_and_the_floor_in_words_and_as_json(files):
    done = run("distance", "x.npy", "shifted.npy", cwd=files)
    assert done.returncode == 0, done.stderr
    assert "x.npy and shifted.npy: 3 (exact" in done.stdout, "all 500 rows, each moved by 3"
    assert "floor, 99 random splits of all rows together" in done.stdout
    assert "chance of 0.01." in done.stdout
    assert "W1 between these rows" in done.stdout
    found = json.loads(called("distance", "x.npy", "shifted.npy", "--n", 200, "--json", cwd=files).stdout)
    assert found["w1"]["n"] == [200, 200]
    assert abs(found["w1"]["value"] - 3) < 0.5
    assert found["w1"]["lower"] <= found["w1"]["value"] <= found["w1"]["upper"]
    assert found["floor"]["upper"] < 0.5
    assert (found["floor"]["splits"], found["floor"]["p_value"]) == (99, 0.01)
    assert found["available"] == [500, 500]
    assert found["estimates"].startswith("W1 between these rows")
    for arguments, sentence in [
        (["x.npy", "table.npy"], "x.npy has 1 columns and table.npy has 5"),
        (["x.npy"], "is not a run; name a second data set"),
        (["x.npy", "none.npy"], "no such file"),
        (["x.npy", "."], ". is not a run folder; give"),
        (["x.npy", "shifted.npy", "--n", 501], "enough for n = 500"),
        (["x.npy", "shifted.npy", "--method", "slice"], "did you mean 'sliced'"),
    ]:
        done = called("distance", *arguments, cwd=files)
        assert_refused(done, sentence)
        assert done.stderr.startswith("wgan: ")


def test_a_run_is_held_against_its_own_rows_and_against_any(tmp_path):
    from wgan import Config
    from wgan.training import loop as training

    config = Config(data="digits", steps=1, width=8, batch=16, latent=4)
    for _ in training.train(config, out=tmp_path / "run"):
        pass
    found = distance.distance(tmp_path / "run", n=100)
    assert found.floor_of == "held-out and training rows"
    assert found.w1.lower > found.floor.upper, "one step is no training"
    assert found.ground == "Euclidean, rows encoded as in training"
    other = distance.distance("digits", tmp_path / "run", n=100, method="sliced")
    assert other.floor_of == "99 random splits of all rows together"
    assert other.w1.lower > other.floor.upper
    assert other.w1.method == "sliced"
    same = distance.distance("digits", "digits", n=400)
    assert same.w1.value == pytest.approx(same.floor.value, rel=0.25), "rows are shared in part"
    assert "show no difference" in distance.words(same)
    assert same.ground == "Euclidean, images in [-1, 1]"
