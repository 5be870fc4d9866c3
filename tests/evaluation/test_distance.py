"""`wgan.distance` of named things: which rows are compared, and which are behind the floor."""

import math

import numpy as np
import pytest
from scipy.stats import binom

from wgan import Config, WganError, data, train, w1
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


def test_two_files_of_the_same_rows_are_compared_by_other_draws_where_fewer_are_asked_for(tmp_path, monkeypatch):
    for name in "ab":
        np.save(tmp_path / f"{name}.npy", numbered().rows)
    seen, whole = [], distance.w1
    monkeypatch.setattr(distance, "w1", lambda x, y, **more: seen.append((x, y)) or whole(x, y, **more))
    found = distance.distance(tmp_path / "a.npy", tmp_path / "b.npy", n=100)
    (first, other), *splits = seen
    assert len(set(numbers(first)) & set(numbers(other))) < 50, "of 100 rows 17 are shared by chance, sd 3.4"
    assert len(splits) == found.floor.splits == 99
    pooled = sorted(numbers(first) + numbers(other))
    for x, y in splits:
        assert (len(x), len(y)) == (100, 100)
        assert sorted(numbers(x) + numbers(y)) == pooled
    assert len({tuple(numbers(x)) for x, _ in splits}) == 99
    assert distance.distance(tmp_path / "a.npy", tmp_path / "b.npy").w1.upper == 0


@pytest.mark.parametrize(("n", "m", "columns"), [(500, 500, 8), (300, 200, 2), (400, 1000, 1)])
def test_the_distance_of_two_files_is_that_of_all_their_rows(tmp_path, n, m, columns):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(n, columns)), rng.normal(size=(m, columns)) + 1
    np.save(tmp_path / "a.npy", x)
    np.save(tmp_path / "b.npy", y)
    found = distance.distance(tmp_path / "a.npy", tmp_path / "b.npy")
    assert found.w1.value == w1(x, y).value
    assert found.w1.n == found.floor.n == found.available == (n, m)
    assert found.floor.p_value == 0.01 if found.floor.splits == 99 else found.floor.p_value is None
    assert "drawn at random" not in distance.words(found)


def test_two_files_of_500_rows_a_shift_apart_are_the_shift_apart(tmp_path):
    x = np.random.default_rng(1).normal(size=(500, 8))
    np.save(tmp_path / "a.npy", x)
    np.save(tmp_path / "b.npy", np.random.default_rng(2).permutation(x) + 1)
    found = distance.distance(tmp_path / "a.npy", tmp_path / "b.npy")
    assert found.w1.value == pytest.approx(8**0.5, rel=1e-12)
    assert "b.npy: 2.82843 (exact" in distance.words(found)


def test_more_rows_than_a_minute_allows_are_drawn_and_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(distance, "ROWS", 50)
    rng = np.random.default_rng(0)
    for name, count in (("a", 400), ("b", 300)):
        np.save(tmp_path / f"{name}.npy", rng.normal(size=(count, 3)))
    exact = distance.transport.exact_seconds(400, 300, 3)
    for limit, n in ((1.01 * exact, (400, 300)), (0.99 * exact, (50, 50))):
        monkeypatch.setattr(distance, "AFFORDABLE", limit)
        found = distance.distance(tmp_path / "a.npy", tmp_path / "b.npy")
        assert found.w1.n == n
        assert (f"50 of the 400 rows of {tmp_path / 'a.npy'} were drawn at random" in distance.words(found)) == (
            n[0] == 50
        )
    assert found.to_json()["available"] == [400, 300]
    assert distance.distance(tmp_path / "a.npy", tmp_path / "b.npy", n=300).w1.n == (300, 300)


def test_the_floor_is_the_distance_of_two_draws_of_as_many_rows(tmp_path):
    """Not that of two halves, which is larger: W1 between draws shrinks with their number."""
    rng = np.random.default_rng(3)
    for name, count in (("a", 300), ("b", 100)):
        np.save(tmp_path / f"{name}.npy", rng.normal(size=(count, 4)))
    found = distance.distance(tmp_path / "a.npy", tmp_path / "b.npy", method="sliced")
    fresh = [w1(rng.normal(size=(300, 4)), rng.normal(size=(100, 4)), method="sliced").value for _ in range(200)]
    error = np.std(fresh, ddof=1) * (1 / 200 + 1 / found.floor.splits) ** 0.5
    # the pooled rows of one test differ from those of another: so its floor varies beyond its splits, by about 2 %
    assert found.floor.value == pytest.approx(np.mean(fresh), abs=4 * error + 0.06 * np.mean(fresh))
    assert found.floor.deviation == pytest.approx(np.std(fresh, ddof=1), rel=0.5)


def test_the_chance_of_as_large_a_distance_is_right(tmp_path):
    """Of rows of one distribution the p-value is at most 0.05 in 5 % of cases."""
    p_values = []
    for seed in range(120):
        rng = np.random.default_rng([4, seed])
        x, y = rng.normal(size=(40, 1)), rng.normal(size=(25, 1))
        p_values.append(distance._floor(x, y, w1(x, y), "auto", seed, None).p_value)
    low, high = binom(120, 0.05).ppf([0.001, 0.999])
    assert low <= np.sum(np.array(p_values) <= 0.05) <= high
    far = distance._floor(x, y + 3, w1(x, y + 3), "auto", 0, None)
    assert far.p_value == 0.01


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


def test_images_of_two_usual_ranges_are_not_compared_as_they_are(tmp_path):
    bytes_ = np.random.default_rng(0).integers(0, 256, (60, 4, 4), dtype=np.uint8)
    sets = {"bytes": bytes_, "unit": (bytes_ / 255).astype("f4"), "signed": (bytes_ / 127.5 - 1).astype("f4")}
    for name, rows in sets.items():
        np.save(tmp_path / f"{name}.npy", rows)
    for first, second in (("bytes", "unit"), ("unit", "bytes"), ("unit", "signed"), ("signed", "unit")):
        with pytest.raises(WganError, match="scale both alike, or use `wgan evaluate"):
            distance.distance(tmp_path / f"{first}.npy", tmp_path / f"{second}.npy")
    odd = sets["signed"] * np.float32(3.3)  # two sets in the same odd unit have their own lowest and highest numbers
    np.save(tmp_path / "odd.npy", odd)
    np.save(tmp_path / "other.npy", odd[:50] * np.float32(0.99))
    assert distance.distance(tmp_path / "odd.npy", tmp_path / "other.npy").w1.value > 0


def test_rows_of_two_shapes_are_named_with_what_they_hold(tmp_path):
    for name, shape in (("signals", (20, 48, 3)), ("volumes", (20, 8, 8, 8))):
        np.save(tmp_path / f"{name}.npy", np.random.default_rng(0).normal(size=shape))
    with pytest.raises(WganError, match=r"signals.npy holds 20 signals of 48 steps and 3 channels, but .* 20 v"):
        distance.distance(tmp_path / "signals.npy", tmp_path / "volumes.npy")


@pytest.mark.parametrize(("seconds", "said"), [(29.0, 0), (31.0, 1), (math.inf, 0)])
def test_what_takes_more_than_a_minute_is_said_before_it_begins(tmp_path, monkeypatch, seconds, said):
    """The exact distance and its floor take `seconds` each; without memory for them it is refused elsewhere."""
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", np.random.default_rng(len(name)).normal(size=(6, 2)))
    monkeypatch.setattr(distance.transport, "exact_seconds", lambda n, m, columns: seconds)
    for method, budget, wanted in (("exact", None, said), ("auto", None, 0), ("exact", 5.0, 0)):
        notes = []
        distance.distance(tmp_path / "a.npy", tmp_path / "b.npy", method=method, n=6, budget=budget, note=notes.append)
        assert len(notes) == wanted, method
        assert all("take about 1 minutes; a limit of budget in seconds gives" in note for note in notes)
