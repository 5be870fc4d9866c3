"""`wgan.distance` of named things: which rows are compared, and which are behind the floor."""

import numpy as np
import pytest

from wgan import Config, WganError, data, train
from wgan.evaluation import distance
from wgan.maths.transport import MEETS, W1
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


def found(lower, upper, floor_lower, floor_upper):
    """A Distance with these bounds of both."""
    bounds = [W1(a, b, b, "exact", (9, 9), 0.1) for a, b in ((lower, upper), (floor_lower, floor_upper))]
    return distance.Distance("A", "B", "B", "Euclidean", *bounds)


@pytest.mark.parametrize(
    ("bounds", "sentence"),
    [
        ((2.001, 3.0, 1.0, 2.0), "The distance is at least 0.001 above the floor."),
        ((1.999, 3.0, 1.0, 2.0), "The distance and the floor overlap"),
        ((0.2, 1.001, 1.0, 2.0), "The distance and the floor overlap"),
        ((0.2, 0.999, 1.0, 2.0), "The distance is below the floor"),
        ((0.0, 0.0, 1.0, 2.0), "They hold the same rows."),
    ],
)
def test_what_is_said_of_a_distance_and_its_floor_goes_by_their_bounds(bounds, sentence):
    assert distance.words(found(*bounds)).splitlines()[-1].startswith(sentence)


def test_an_interval_is_called_exact_only_where_its_ends_meet():
    assert "A and B: 3 (exact" in distance.words(found(3 * (1 - 0.5 * MEETS), 3.0, 1, 1))
    assert f"between {3 * (1 - 2 * MEETS):.6g} and 3" in distance.words(found(3 * (1 - 2 * MEETS), 3.0, 1, 1))


@pytest.mark.parametrize(
    ("held_out", "most"),
    [(0.4, 40), (0.6, 40), (0.0, 50)],  # of 100 rows: as many held out, as many trained on, half of them twice
)
def test_as_many_rows_are_compared_as_there_are_of_both_kinds(tmp_path, held_out, most):
    np.save(tmp_path / "rows.npy", numbered(100).rows)
    config = Config(data=str(tmp_path / "rows.npy"), network="mlp", width=8, batch=16, latent=2, steps=1)
    list(train(config.replace(held_out=held_out), out=tmp_path / "run"))
    one = distance.distance(tmp_path / "run", n=most)
    assert one.w1.n == one.floor.n == (most, most)
    with pytest.raises(WganError, match=f"enough for n = {most} of each and as many for the floor, not {most + 1}"):
        distance.distance(tmp_path / "run", n=most + 1)
