"""The best checkpoint of a log: which measure chose it, and what is reported for it."""

import json

import pytest

from wgan.maths.metrics import METRICS
from wgan.runs import best as module
from wgan.runs import folder as runs
from wgan.runs.best import best, column_of, in_words, loss_of


def write(out, config, *records):
    out.mkdir(exist_ok=True)
    (out / "config.json").write_text(json.dumps({"config": config}))
    (out / "log.jsonl").unlink(missing_ok=True)
    for record in records:
        runs.append(out, record)
    return out


def test_lower_higher_and_a_right_value_become_one_loss():
    assert {metric.better for metric in METRICS.values()} == {"lower", "higher", "1"}
    assert loss_of("energy_distance", 2.0) == loss_of("frechet", 2.0) == 2
    assert loss_of("coverage", 0.25) == -0.25
    assert loss_of("diversity", 0.75) == loss_of("diversity", 1.25) == 0.25
    assert loss_of("of_my_own", -3.0) == -3


def test_a_log_of_a_version_that_chose_by_w1_has_the_earliest_of_the_lowest_finite_w1(tmp_path):
    assert best(tmp_path, [0]) is None, "there is no log"
    runs.append(tmp_path, {"step": 0, "gap": 1.0})
    assert best(tmp_path, [0]) is None, "nothing was measured"
    for step, w1 in ((1, 3.0), (2, float("nan")), (3, 2.0), (4, 2.0), (5, 1.0), (6, float("-inf"))):
        runs.append(tmp_path, {"step": step, "w1": w1})
    assert best(tmp_path, range(7))[:3] == (5, "w1", 1.0)
    assert best(tmp_path, [0, 2, 6]) is None, "the steps that are kept have no W1"
    assert in_words(best(tmp_path, [3])) == "W1 2.00 on the rows that chose it"
    write(tmp_path, {"steps": 6}, {"step": 0, "w1": 4.0}, {"step": 1, "w1": 3.0})
    assert best(tmp_path, [0, 1]).step == 1, "the config of that version names no measure"


def test_a_run_that_measured_nothing_has_no_best_by_another_measure(tmp_path):
    """With few held-out rows W1 is logged, but it chose nothing."""
    run = write(tmp_path / "run", {"best_by": "energy_distance"}, {"step": 0, "w1": 4.0}, {"step": 1, "w1": 3.0})
    assert best(run, [0, 1]) is None
    write(run, {"best_by": "frechet"}, {"step": 0, "energy_distance": 4.0})
    assert best(run, [0]) is None, "another measure is not mixed in"


def test_a_run_that_an_old_version_began_has_its_best_by_what_is_measured_now(tmp_path):
    run = write(tmp_path / "run", {}, {"step": 0, "w1": 1.0}, {"step": 1, "w1": 2.0, "energy_distance": 0.5})
    assert best(run, [0, 1])[:3] == (1, "energy_distance", 0.5)


@pytest.mark.parametrize(
    ("measure", "values", "step"),
    [
        ("frechet", (3, 1, 2, 1), 3),  # the last of two equal ones
        ("coverage", (0.1, 0.9, 0.95, 0.2), 2),
        ("diversity", (0.5, 1.7, 0.9, 1.2), 2),
        ("of_my_own", (1, 2, -1, 0), 2),
        ("energy_distance", (0.3, -0.1, 0.1, 0.2), 1),
    ],
)
def test_the_measure_of_the_config_chooses_by_its_own_direction(tmp_path, measure, values, step):
    records = [
        {"step": at, "w1": float(at), "energy_distance": 9.0 - at, column_of(measure): value}
        | {f"reported.{measure}": 100.0 + at, f"reported_error.{measure}": 0.5}
        for at, value in enumerate(values)
    ]
    found = best(write(tmp_path / "run", {"best_by": measure}, *records), range(4))
    assert found == (step, column_of(measure), values[step], 100 + step, 0.5)
    shares = ("coverage", "diversity")
    value = f"{100 * (100 + step)}.0 % ± 50.0 %" if measure in shares else f"{100 + step}.00 ± 0.50"
    assert in_words(found) == f"{measure.replace('_', ' ')} {value}"


def test_what_is_reported_is_that_of_the_chosen_step_or_said_to_be_of_the_rows_that_chose(tmp_path):
    records = {"step": 0, "best_by.frechet": 2.0, "reported.frechet": 2.5}, {"step": 1, "best_by.frechet": 1.0}
    run = write(tmp_path / "run", {"best_by": "frechet"}, *records)
    assert in_words(best(run, [0, 1])) == "frechet 1.00 on the rows that chose it"
    assert in_words(best(run, [0])) == "frechet 2.50"


@pytest.mark.parametrize("bad", [{"step": "x", "energy_distance": 1.0}, {"energy_distance": 1.0}, {"step": 0}])
def test_a_log_that_others_wrote_has_no_best(tmp_path, bad):
    assert best(write(tmp_path / "run", {"best_by": "energy_distance"}, bad), [0]) is None
    for measure in (None, 3, ["x"], "<b>"):
        assert best(write(tmp_path / "run", {"best_by": measure}, {"step": 0, "energy_distance": 1.0}), [0]) is None
    assert module.ENERGY == "energy_distance"
