"""The numbers of runs side by side: floors, empty rows, and times over resumed runs."""

import re

import numpy as np
import pytest
from logs import STEPS, log
from test_verdicts import HEALTHY

from wgan.maths.metrics import METRICS
from wgan.reports import curves
from wgan.reports.run import Run
from wgan.runs.best import Best

ONCE = {"w1_floor": 3.2, "coverage_floor": 0.95, "support_floor": 1188.0, "measured_rows": 180.0}


def run(tmp_path, **columns):
    """A run whose floors are in its first record alone, as training writes them."""
    first = {name: np.where(STEPS == 0, value, np.nan) for name, value in ONCE.items()}
    made = log(**HEALTHY | first | {"seconds": STEPS / 100, "steps_per_second": 100.0} | columns)
    config = {"steps": 2000, "data": "x"}
    return Run(tmp_path, "one", config, {"config": config}, made, [], 2000, None, [], None)


def rows(one):
    return {name: cells for name, cells, _ in curves.table([one, one])}


def test_the_floors_of_the_first_record_stand_in_the_table(tmp_path):
    found = rows(run(tmp_path))
    assert found["W1, real against real"] == ["3.20", "3.20"]
    assert found["Effective support"] == ["900 (held-out rows: 1,188)"] * 2
    assert found["Coverage"] == ["95 % (training rows: 95 %)"] * 2


def test_a_row_without_any_number_is_left_out(tmp_path):
    assert "Classes made" in rows(run(tmp_path))
    assert "Classes made" not in rows(run(tmp_path, kinds=np.nan))


def test_a_value_of_an_earlier_part_of_the_run_is_not_shown_as_late(tmp_path):
    early = run(tmp_path, support=np.where((STEPS > 700) & (STEPS < 1000), 5946.0, np.nan))
    assert "Effective support" not in rows(early)
    (chart,) = [one for one in curves.charts(early) if "<h3>Effective support</h3>" in one]
    text = re.sub("<[^>]+>", " ", chart[chart.index("legend") :])
    assert "5,946" not in text
    assert "none in the last quarter" in text
    assert "1,188" in text


@pytest.mark.parametrize("resumed", [False, True])
def test_time_and_speed_are_those_of_the_whole_run(tmp_path, resumed):
    """A run of 40 records, one in 3 seconds, is stopped and resumed half-way; the clock begins at 0 again."""
    seconds = 3.0 * np.arange(len(STEPS))
    seconds = np.where(STEPS > 1000, seconds - 60, seconds) if resumed else seconds
    one = run(tmp_path, seconds=seconds, steps_per_second=np.where(STEPS == 2000, 0.0, 1.0))
    assert rows(one)["Time"] == ["2.0 minutes"] * 2
    tile = {name: (value, beside) for name, value, beside in curves.tiles(one)}["Speed"]
    assert tile == ("16.7 steps/s", "time: 2.0 minutes")


def test_no_number_is_minus_nothing(tmp_path):
    one = run(tmp_path)
    one.best = Best(2000, "energy_distance", 0.0, -0.00004, 0.02)
    assert rows(one)["Best checkpoint"][0].startswith("step 2,000: energy distance 0.000 ±")


@pytest.mark.parametrize(
    ("count", "shown"), [(METRICS["coverage"].least - 1, False), (METRICS["coverage"].least, True)]
)
def test_a_number_of_fewer_rows_than_evaluate_takes_is_no_headline(tmp_path, count, shown):
    one = run(tmp_path, measured_rows=np.where(STEPS == 0, float(count), np.nan))
    assert ("Coverage" in rows(one)) == shown
    tiles = {name: beside for name, _, beside in curves.tiles(one)}
    assert ("Coverage" in tiles) == shown
    assert f"({count} rows of each)" in tiles["W1 to held-out rows"]
    if shown:
        assert tiles["Coverage"].endswith(f"({count} rows of each)")
    (chart,) = [chart for chart in curves.charts(one) if "<h3>Variety</h3>" in chart]
    assert f"There are {count} rows of each, the same at every step." in chart, "the chart has it, and says the rows"
