"""`wgan.distance` of named things: which rows are compared, and which are behind the floor."""

import numpy as np
import pytest

from wgan import Config, data, train
from wgan.evaluation import distance
from wgan.training.state import start


def numbered(count=600):
    """A data set whose rows tell their number."""
    return data.from_array(np.column_stack([np.arange(float(count)), np.sqrt(np.arange(count))]))


def numbers(rows):
    return np.rint(rows[:, 0]).astype(int).tolist()


@pytest.mark.parametrize("held_out", [0.2, 0.0])
def test_a_run_beside_its_own_data_is_held_against_rows_that_it_held_out(tmp_path, monkeypatch, held_out):
    dataset = numbered()
    np.save(tmp_path / "rows.npy", dataset.rows)
    config = Config(data=str(tmp_path / "rows.npy"), network="mlp", width=8, batch=16, latent=2, steps=1)
    config = config.replace(seed=5, held_out=held_out)
    begun, seen, whole = start(config), [], distance.w1
    list(train(config, out=tmp_path / "run"))
    monkeypatch.setattr(distance, "w1", lambda x, y, **more: seen.append((x, y)) or whole(x, y, **more))
    distance.distance(tmp_path / "run", n=100)
    (rows, sampled), (again, twin) = seen
    form = begun.dataset.form
    real, known = (numbers(form.decode(part)) for part in (again, twin))
    assert len(set(real)) == len(real) == len(set(known)) == len(known) == 100
    assert set(real) <= set((begun.held_out if held_out else begun.rows).tolist())
    assert set(known) <= set(begun.rows.tolist())
    assert not set(real) & set(known)
    np.testing.assert_array_equal(rows, again)
    assert len(sampled) == 100


def test_two_files_of_the_same_rows_are_compared_by_other_draws_and_the_floor_by_disjoint_ones(tmp_path, monkeypatch):
    for name in "ab":
        np.save(tmp_path / f"{name}.npy", numbered().rows)
    seen, whole = [], distance.w1
    monkeypatch.setattr(distance, "w1", lambda x, y, **more: seen.append((x, y)) or whole(x, y, **more))
    distance.distance(tmp_path / "a.npy", tmp_path / "b.npy", n=100)
    (first, other), (_, twin) = seen
    assert not set(numbers(first)) & set(numbers(twin))
    assert len(set(numbers(first)) & set(numbers(other))) < 50, "of 100 rows 17 are shared by chance, sd 3.4"
