"""The measures of tables, each against what is known of it, and in `wgan evaluate`."""

import numpy as np
import pytest
from frames import pd

from wgan.data import from_array, table
from wgan.evaluation.table_metrics import TABLE_METRICS, TableSets


def sets(real, fake, target=-1, train=None):
    form = from_array(pd.concat([f for f in (real, fake, train) if f is not None])).form
    rows = [None if f is None else table.to_rows(form, f) for f in (real, fake, train)]
    return TableSets(form, *rows, target % len(form.columns))


def gaussian(seed, count=400, rho=0.0):
    random = np.random.default_rng(seed)
    x = random.normal(size=count)
    return pd.DataFrame({"x": x, "y": rho * x + (1 - rho**2) ** 0.5 * random.normal(size=count)})


def measured(name, of):
    return TABLE_METRICS[name].measure(of)


def test_the_w1_of_a_shifted_column_is_the_shift_in_standard_deviations():
    real = gaussian(0)
    fake = real.assign(x=real.x + 0.7, y=real.y - 0.2)
    shares = measured("column_w1", sets(real, fake)).shares
    assert shares == pytest.approx([0.7 / real.x.std(ddof=0), 0.2 / real.y.std(ddof=0)])


def test_the_total_variation_counts_gaps_as_a_level():
    real = pd.DataFrame({"c": ["a"] * 50 + ["b"] * 30 + [None] * 20, "x": [np.nan] * 10 + list(range(90))})
    fake = pd.DataFrame({"c": ["a"] * 80 + ["b"] * 20, "x": [np.nan] * 40 + list(range(60))})
    assert measured("column_tv", sets(real, fake)).shares == pytest.approx([0.3, 0.3])


def test_the_difference_of_correlations_is_that_of_the_laws():
    value = measured("correlation_difference", sets(gaussian(0, 4000, 0.8), gaussian(1, 4000, 0.0))).value
    assert value == pytest.approx(0.8, abs=4 / 4000**0.5)


def test_detection_is_blind_to_another_draw_and_sure_of_another_law():
    same = measured("detection", sets(gaussian(0), gaussian(1)))
    assert abs(same.value - 0.5) < 3 * same.error
    assert measured("detection", sets(gaussian(0), gaussian(1) + 10)).value == 1


@pytest.mark.parametrize("number", [False, True])
def test_samples_of_the_law_are_as_useful_as_rows_and_shuffled_ones_are_not(number):
    def draw(seed, shuffled=False):
        frame = gaussian(seed)
        frame["target"] = frame.x + frame.y if number else np.where(frame.x > 0, "yes", "no")
        if shuffled:
            frame["target"] = frame["target"].to_numpy()[::-1]
        return frame

    good = measured("usefulness", sets(draw(0), draw(1)))
    assert good.value > 0.95
    # of one shuffling the forest learns what it has in common with x by chance, of either sign: so the mean of ten
    assert np.mean([measured("usefulness", sets(draw(0), draw(k, True))).value for k in range(1, 11)]) < 0.65
    assert good.error < 0.02


@pytest.mark.parametrize("more", [400, 4000])
def test_copies_are_nearer_to_training_and_new_rows_are_not(more):
    """Also where there are many more training rows, of which one would be nearer by their number alone."""
    train, real, new = gaussian(0, more), gaussian(1), gaussian(2)
    assert measured("nearer_to_training", sets(real, train[:400], train=train)).value == 1
    fresh = measured("nearer_to_training", sets(real, new, train=train))
    assert abs(fresh.value - 0.5) < 4 * fresh.error
