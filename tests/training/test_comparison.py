"""The best checkpoint: chosen on one half of the held-out rows, reported on the other, by any measure."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import gammaln, hyp1f1
from scipy.stats import binom

from wgan import Config, WganError, data
from wgan.config import MEASURES, Named
from wgan.engines import ENGINES
from wgan.maths.metrics import METRICS, Measurement
from wgan.maths.metrics.energy import mean_distance
from wgan.runs import best, checkpoint
from wgan.runs import folder as runs
from wgan.training import comparison, diagnostics
from wgan.training import model as models
from wgan.training.loop import advance, no_better, train
from wgan.training.state import restore, start

SMALL = {"data": "digits", "engine": "torch", "width": 8, "batch": 16, "latent": 8, "steps": 6, "log_every": 1}
SMALL |= {"diagnose_every": 2, "learning_rate": 0.01}
POINTS = SMALL | {"data": "array", "network": "mlp", "width": 8, "batch": 8}


def points(count, seed=0):
    return data.from_array(np.random.default_rng(seed).standard_normal((count, 3)).astype(np.float32))


def mean_norm(columns, shift):
    """E |x| of x in N(shift, 2 I), with one column shifted: the mean distance of a row of each of two Gaussians."""
    factor = np.exp(gammaln((columns + 1) / 2) - gammaln(columns / 2))
    return 2 * factor * hyp1f1(-0.5, columns / 2, -(shift**2) / 4)


@pytest.mark.parametrize(
    ("half", "columns", "shift", "trials"), [(90, 1, 0.0, 300), (90, 2, 0.2, 300), (512, 2, 0.0, 60), (512, 1, 0.1, 60)]
)
def test_the_number_of_the_best_of_exchangeable_checkpoints_is_not_flattered(monkeypatch, half, columns, shift, trials):
    """Each of 20 checkpoints makes N(shift, I), so that all are as good, and the truth is in closed form.

    The reported value with 1.96 errors to both sides holds the truth in no fewer trials than the binomial quantile of
    0.001 for 95 %. On the half that chooses, the value of the chosen one lies below the truth by more than the largest
    standard error of a mean of such trials that chance explains, 5 of them; the reported ones do not.
    """
    truth = 2 * mean_norm(columns, shift) - 2 * mean_norm(columns, 0)
    covered, flattered, honest = 0, [], []
    turn = iter(())
    monkeypatch.setattr(comparison, "model_of", lambda training: None)
    monkeypatch.setattr(comparison, "generate_seen", lambda model, z, codes: next(turn))
    training = SimpleNamespace(config=Config(**POINTS), step=0)
    for trial in range(trials):
        rng = np.random.default_rng([trial, half, columns])

        def made(rng=rng):
            while True:
                rows = rng.standard_normal((100, columns))
                rows[:, 0] += shift
                yield rows

        turn = made()
        halves = [
            comparison.Half(rows, rows, None, None) for rows in (rng.standard_normal((half, columns)) for _ in "ab")
        ]
        measure = comparison.measure_of("energy_distance", lambda rows: rows)
        compared = comparison.Comparison(*halves, lambda rows: rows, measure, 0.0, {})
        chosen = min(comparison.compare(compared, training)["energy_distance"] for _ in range(20))
        reported = comparison.report(compared, training)
        value, error = (reported[f"{name}.energy_distance"] for name in ("reported", "reported_error"))
        covered += abs(value - truth) <= 1.96 * error
        flattered.append(chosen - truth)
        honest.append(value - truth)
    assert covered >= binom.ppf(0.001, trials, 0.95), covered / trials
    flattered, honest = (np.mean(x) / (np.std(x) / np.sqrt(trials)) for x in (flattered, honest))
    assert flattered < -5
    assert abs(honest) < 4


def test_the_intervals_of_a_run_of_any_length_miss_in_5_percent_at_most_and_do_not_ask_for_its_length():
    """Otherwise a run that is asked for more steps would have logged other numbers than an unbroken one."""
    missed, of_one = [], []
    for steps in (10, 1000):
        training = start(Config(**SMALL | {"steps": steps, "diagnose_every": 2}))
        for training.step in range(0, 2000, 2):
            missed.append(1 - comparison.confidence(training))
            of_one.append((training.step, missed[-1]))
    assert 0.049 < sum(missed[:1000]) <= 0.05
    assert len(set(of_one)) == 1000


def test_the_halves_are_held_out_rows_and_share_none():
    dataset = points(200)
    training = start(Config(**POINTS | {"held_out": 0.3}), dataset)
    found = comparison.prepare(training)
    chosen, reported = ({row.tobytes() for row in half.rows} for half in (found.chosen, found.reported))
    assert len(chosen) == len(reported) == 30
    assert not chosen & reported
    assert chosen | reported == {row.tobytes() for row in dataset.rows[training.held_out]}
    assert np.abs(found.chosen.z - found.reported.z).mean() > 0.5


def test_real_rows_are_one_apart_in_the_features_and_groups_count_alike():
    dataset = data.load("digits")
    features = comparison.features_of(dataset.form, dataset.rows[:300])
    assert mean_distance(features(dataset.rows[:300])) == pytest.approx(1, rel=1e-9)
    spreads = [mean_distance(part) for part in np.split(features(dataset.rows[:300]), [64], axis=1)]
    assert spreads[0] == pytest.approx(spreads[1], rel=0.5)


def test_images_without_any_edge_do_not_make_rounding_count():
    """Each has one brightness, so that the filters answer with rounding errors of 1e-7."""
    flat = np.random.default_rng(0).integers(0, 256, (300, 1, 1, 1)).astype(np.uint8) * np.ones((1, 8, 8, 1), np.uint8)
    form = data.from_array(flat).form
    features = comparison.features_of(form, flat[:200])
    other = flat[200:].copy()
    other[:, :4] = np.clip(other[:, :4].astype(int) + 3, 0, 255)
    assert np.linalg.norm(features(other) - features(flat[200:]), axis=1).max() < 3
    same = np.full((20, 8, 8, 1), 7, np.uint8)
    assert np.isfinite(comparison.features_of(form, same)(flat)).all()


@pytest.mark.parametrize("held_out", [0, 1, 5, 6, 7, 39])
def test_few_held_out_rows_break_nothing_and_are_refused_where_they_are_asked_to_choose(tmp_path, held_out):
    config = Config(**POINTS | {"held_out": held_out / 100, "steps": 2, "diagnose_every": 1})
    out = tmp_path / "run"
    list(train(config, points(100), out=out))
    log = runs.read_log(out)
    enough = held_out >= 6
    assert ("energy_distance" in log) == ("reported.energy_distance" in log) == enough
    found = best.best(out, checkpoint.steps(out / "checkpoints"))
    assert (found is not None) == enough
    assert ("w1" in log) == (held_out > 0)
    again = tmp_path / "again"
    for asked, least in (({"until_no_better": 2}, 6), ({"best_by": own}, 6), ({"best_by": "sliced_w1"}, 40)):
        if held_out < least:
            name = "until_no_better" if "until_no_better" in asked else "best_by"
            with pytest.raises(
                WganError, match=f"^{name}.* needs {least} held-out rows, .* there are {held_out}; raise"
            ):
                list(train(config.replace(**asked), points(100), out=again))
            assert not again.exists()
        else:
            assert start(config.replace(**asked), points(100))


def test_few_training_rows_break_nothing_too(tmp_path):
    config = Config(**POINTS | {"held_out": 0.9, "batch": 1, "rows": 2, "steps": 1})
    assert "energy_distance" not in list(advance(start(config, points(40))))[-1]
    with pytest.raises(WganError, match=r"^until_no_better needs 3 training rows, but there are 2"):
        start(config.replace(until_no_better=1), points(40))


def own(samples, rows):
    """The difference of means."""
    assert samples.dtype == rows.dtype
    assert samples.shape[1:] == rows.shape[1:]
    return np.abs(samples.mean(0, dtype=float) - rows.mean(0, dtype=float)).mean()


@pytest.mark.parametrize("measure", [*MEASURES, own])
def test_any_measure_chooses_and_its_checkpoint_is_kept(tmp_path, measure):
    config = Config(**SMALL | {"best_by": measure, "held_out": 0.2, "keep": 1, "checkpoint_every": 100})
    out = tmp_path / "run"
    list(train(config, out=out))
    name = getattr(measure, "__name__", measure)
    log, column = runs.read_log(out), best.column_of(name)
    assert column == "energy_distance" or np.isfinite(log["energy_distance"][::2]).all()
    losses = np.array([best.loss_of(name, value) for value in log[column][::2]])
    errors = log.get(best.error_of(column), np.zeros(len(log["step"])))[::2]
    lowest = int(losses.argmin())
    near = (losses <= losses.min() + errors[lowest]) & (np.arange(len(losses)) >= lowest)
    at = 2 * int(np.flatnonzero(near)[-1])
    kept = checkpoint.steps(out / "checkpoints")
    found = best.best(out, kept)
    assert {at, 6} >= {*kept} >= {at}
    assert found[:3] == (at, column, log[column][at])
    assert found.reported == log[f"reported.{name}"][at]
    assert models.load_model(out, "best").step == at
    assert json.loads((out / "config.json").read_text())["config"]["best_by"] == name


def gives(value):
    def returned(samples, rows):
        return value

    return returned


def raises(samples, rows):
    raise ZeroDivisionError("no rows are red")


def writes(samples, rows):
    rows[:] = 0
    samples[:] = 0
    return 1.0


NO_NUMBERS = [
    float("nan"),
    np.inf,
    "3",
    None,
    [1.0],
    np.ones(1),
    1j,
    Measurement(1.0, float("nan")),
    Measurement(1.0, -0.5),
    Measurement("x"),
]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
def test_a_function_that_returns_no_number_is_named_in_a_sentence(value):
    with pytest.raises(WganError, match=r"^best_by returned returned .*; it must return a finite number") as caught:
        list(advance(start(Config(**SMALL | {"best_by": gives(value)}))))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [2, np.float32(2), np.array(2), True + True, Measurement(2)], ids=repr)
def test_a_function_may_return_any_kind_of_number(value):
    record = next(advance(start(Config(**SMALL | {"best_by": gives(value)}))))
    assert record["best_by.returned"] == record["reported.returned"] == 2
    assert "reported_error.returned" not in record


def test_a_function_that_returns_an_error_has_it_reported():
    record = next(advance(start(Config(**SMALL | {"best_by": gives(Measurement(2.0, 0.5))}))))
    assert record["reported_error.returned"] == 0.5


def test_a_function_that_raises_is_named_in_a_sentence():
    with pytest.raises(WganError, match=r"^best_by raises raised ZeroDivisionError \(no rows are red\); correct it"):
        list(advance(start(Config(**SMALL | {"best_by": raises}))))


def test_a_function_that_writes_into_its_rows_changes_nothing():
    training = start(Config(**SMALL | {"best_by": writes}))
    compared = comparison.prepare(training)
    before = compared.chosen.rows.copy(), training.dataset.rows.copy()
    comparison.compare(compared, training)
    np.testing.assert_array_equal(compared.chosen.rows, before[0])
    np.testing.assert_array_equal(training.dataset.rows, before[1])


@pytest.mark.parametrize("name", ["sliced_w1", "memorisation", "modes_found"])
def test_a_function_with_the_name_of_a_metric_is_refused(name):
    """Its direction would be taken for that of the metric."""

    def function(samples, rows):
        return 0.0

    function.__name__ = name
    assert (name in MEASURES) == (not METRICS[name].needs)
    with pytest.raises(WganError, match=f"best_by is a function with the name {name}, which is wgan's own"):
        Config(best_by=function)


@pytest.mark.parametrize("name", ["", None, 3])
def test_a_measure_without_a_name_is_refused(name):
    class Measure:
        def __init__(self):
            self.name = name

        def __call__(self, samples, rows):
            return 0.0

    with pytest.raises(WganError, match=r"best_by has the name .*; give it a text as its name"):
        Config(best_by=Measure())


@pytest.mark.parametrize("value", ["sliced", 3, None, "memorisation"])
def test_what_is_no_measure_is_refused(value):
    with pytest.raises(WganError, match="best_by"):
        Config(best_by=value)


def test_a_function_of_a_saved_run_is_needed_to_train_and_not_to_sample(tmp_path):
    out = tmp_path / "run"
    list(train(Config(**SMALL | {"best_by": own, "steps": 2}), out=out))
    model = models.load_model(out)
    assert isinstance(model.config.best_by, Named)
    assert len(models.sample(model, 3)) == 3
    with pytest.raises(WganError, match="best_by 'own' is a function of your own; give the function itself again"):
        start(model.config)
    assert list(train(Config(**SMALL | {"best_by": own, "steps": 2}), out=out))[-1]["step"] == 2


def left_by(out):
    """All that tells two finished runs apart, but how long they took."""
    log = {name: list(map(str, column)) for name, column in runs.read_log(out).items()}
    for name in ("seconds", "steps_per_second"):
        log.pop(name)
    kept = checkpoint.steps(out / "checkpoints")
    files = {path.name: (path / "arrays.safetensors").read_bytes() for path in (out / "checkpoints").iterdir()}
    return log, files, kept, str(best.best(out, kept))


@pytest.mark.parametrize(("engine", "measure"), [("torch", "coverage"), *((engine, own) for engine in ENGINES)])
def test_a_stopped_run_ends_as_an_unbroken_one(tmp_path, engine, measure):
    pytest.importorskip(engine, reason=f"{engine} is not installed")
    config = Config(**POINTS | {"engine": engine, "steps": 12, "best_by": measure, "keep": 1, "held_out": 0.4})
    config = config.replace(checkpoint_every=5, diagnose_every=3, until_no_better=9, learning_rate=0.05)
    dataset = points(600)
    list(train(config, dataset, out=tmp_path / "whole"))
    for stop in np.sort(np.random.default_rng(0).integers(0, 12, 5 if engine == "torch" else 2)):
        list(train(config, dataset, out=tmp_path / "parts", stop=lambda at, stop=stop: at >= stop))
    list(train(config, dataset, out=tmp_path / "parts"))
    for whole, parts in zip(left_by(tmp_path / "whole"), left_by(tmp_path / "parts"), strict=True):
        assert whole == parts


def best_by_hand(log, name="energy_distance", error="energy_distance_error"):
    """The last step that is within one error of the lowest, and not before it."""
    lowest = int(np.nanargmin(log[name]))
    near = log[name] <= log[name][lowest] + log[error][lowest]
    return int(log["step"][np.flatnonzero(near & (np.arange(len(near)) >= lowest))[-1]])


def test_another_measure_at_a_resume_starts_anew_and_mixes_nothing(monkeypatch, tmp_path):
    """The first has the tiny values of a difference of means, which no W1 goes below."""
    out, config = tmp_path / "run", Config(**SMALL | {"diagnose_every": 1, "checkpoint_every": 1, "keep": 9})
    list(train(config.replace(best_by=own), out=out, stop=lambda at: at == 3))
    list(train(config.replace(best_by="sliced_w1"), out=out, stop=lambda at: at == 5))
    log = runs.read_log(out)
    assert np.isfinite(log["best_by.sliced_w1"]).tolist() == [False] * 3 + [True] * 3
    found = best.best(out, range(7))
    assert found.column == "best_by.sliced_w1"
    assert found.step == best_by_hand(log, "best_by.sliced_w1", "best_by_error.sliced_w1")
    list(train(config, out=out))
    log = runs.read_log(out)
    assert best.best(out, range(7)).step == best_by_hand(log), "which was measured all the time"


def test_a_run_that_an_old_version_began_goes_on(tmp_path):
    out, config = tmp_path / "run", Config(**SMALL | {"diagnose_every": 1, "checkpoint_every": 1, "keep": 9})
    list(train(config, out=out, stop=lambda at: at == 3))
    saved = json.loads((out / "config.json").read_text())
    del saved["config"]["best_by"]
    (out / "config.json").write_text(json.dumps(saved))
    records = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    old = [{name: one[name] for name in ("step", "w1", "estimate", "seconds", "steps_per_second")} for one in records]
    (out / "log.jsonl").write_text("".join(json.dumps(record) + "\n" for record in old))
    found = best.best(out, checkpoint.steps(out / "checkpoints"))
    assert found[:2] == (int(np.argmin([one["w1"] for one in old])), "w1")
    assert models.load_model(out, "best").step == found.step
    assert list(train(config, out=out))[-1]["step"] == 6
    found, log = best.best(out, range(7)), runs.read_log(out)
    assert found[:2] == (best_by_hand(log), "energy_distance")


@pytest.mark.parametrize("config", [
    SMALL | {"conditional": "projection"}, SMALL | {"conditional": "auxiliary"},
    SMALL | {"network": "dcgan", "generator_norm": "batch", "held_out": 0.3},
    SMALL | {"network": "mlp", "average": 0}, SMALL | {"precision": "bfloat16"},
])  # fmt: skip
def test_every_kind_of_generator_is_compared(config):
    training = start(Config(**config))
    compared = comparison.prepare(training)
    first = comparison.compare(compared, training)
    assert comparison.compare(compared, training) == first
    if training.classes:
        shares = np.bincount(compared.chosen.codes, minlength=10) / len(compared.chosen.codes)
        assert np.abs(shares - np.bincount(training.codes) / len(training.codes)).max() < 0.08  # 6 sd of 0.1
    record = list(advance(training))[-1]
    assert np.isfinite(record["reported.energy_distance"])


def test_columns_of_a_table_count_as_they_are_encoded(tmp_path):
    rng = np.random.default_rng(0)
    columns = rng.standard_normal(300), rng.choice(list("abc"), 300), rng.integers(0, 9, 300)
    lines = [f"{number:.3f},{level},{day}" for number, level, day in zip(*columns, strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(["x,kind,count", *lines]))
    config = Config(**SMALL | {"data": str(tmp_path / "t.csv"), "network": "mlp", "held_out": 0.3, "best_by": own})
    training = start(config)
    compared = comparison.prepare(training)
    assert compared.chosen.features.shape == (45, training.dataset.form.encoded_shape[0])
    real = training.dataset.rows[training.rows][:200]
    assert mean_distance(compared.features(real)) == pytest.approx(1, rel=0.1)
    record = list(advance(training))[-1]
    assert record["energy_distance"] > record["energy_distance_error"] > 0


def test_the_choice_does_not_depend_on_the_engine_more_than_rounding(tmp_path):
    """The checkpoints of one run, opened in every engine: the values differ by less than a hundredth of their error."""
    out, found = tmp_path / "run", {}
    list(train(Config(**SMALL | {"steps": 12, "checkpoint_every": 3, "keep": 9}), out=out))
    steps = checkpoint.steps(out / "checkpoints")
    for engine in ENGINES:
        pytest.importorskip(engine, reason=f"{engine} is not installed")
        training = start(Config(**SMALL | {"engine": engine}))
        compared, records = comparison.prepare(training), []
        for step in steps:
            restore(training, checkpoint.load(out / "checkpoints" / f"{step:08d}"))
            records.append(comparison.compare(compared, training) | comparison.report(compared, training))
        found[engine] = {
            name: np.array([one[name] for one in records]) for name in ("energy_distance", "reported.energy_distance")
        }
        error = max(one["energy_distance_error"] for one in records)
    first, *others = found.values()
    assert len(steps) >= 5
    for other in others:
        for name in first:
            np.testing.assert_allclose(other[name], first[name], rtol=0, atol=0.01 * error)
        assert np.argmin(other["energy_distance"]) == np.argmin(first["energy_distance"])
        assert np.ptp(first["energy_distance"]) > 10 * error, "so that the checkpoints differ"


def test_a_run_that_is_stopped_between_two_measurements_has_not_ended_by_itself():
    training = start(Config(**SMALL | {"until_no_better": 2, "diagnose_every": 4}))
    training.measured = [best.Measured(0, 0.0, 0.0)]
    ends = []
    for training.step in range(9):
        ends.append(no_better(training))
    assert [at for at in range(9) if ends[at]] == [4, 8]


def test_a_measure_that_is_higher_for_better_samples_keeps_its_highest(monkeypatch, tmp_path):
    values = [0.1, 0.9, 0.5, 0.2, 0.05, 0.3, 0.4]
    monkeypatch.setattr(
        diagnostics, "diagnose", lambda probe, training, keep: {"best_by.coverage": values[training.step]}
    )
    asked = {"best_by": "coverage", "held_out": 0.2, "keep": 1, "checkpoint_every": 100, "diagnose_every": 1}
    list(train(Config(**SMALL | asked), out=tmp_path))
    assert checkpoint.steps(tmp_path / "checkpoints") == [1, 6]
