"""The forecast of a training's time, by a clock that is not real."""

from collections import Counter

import pytest

from wgan.cli import forecast
from wgan.config import Config

CONFIG = Config(steps=10_000, log_every=10, diagnose_every=50, sample_every=100, checkpoint_every=100, n_critic=5)


def said(config, cost, first=0, start=0.0):
    """What is said, at which step, when a step takes `cost(step)` seconds; and the true time from there."""
    now = 0.0
    before = forecast.watch(config, first, lambda: now)
    for step in range(first, config.steps):
        if words := before(step):
            return words, step, sum(map(cost, range(step, config.steps)))
        now += start * (step == first) + cost(step)
    return "", config.steps, 0.0


def seconds(words):
    number, unit = words.removeprefix("about ").removeprefix("at least ").split()
    return float(number.replace(",", "")) * {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}[unit]


def uneven(step):
    """Critic steps, and works that take 3, 20 and 10 of them."""
    works = 3 * (step % 10 == 0) + 20 * (step % 50 == 0) + 10 * (step % 100 == 0)
    return 0.01 * (CONFIG.critic_steps(step) + works)


def test_kinds_are_counted_as_each_step_is():
    config = CONFIG.replace(steps=501, warm_up=30, warm_up_every=70)
    for first in (0, 7, 500):
        assert forecast.counted(config, first) == Counter(forecast.kind_of(config, at) for at in range(first, 501))


@pytest.mark.parametrize("first", [0, 37])
def test_the_forecast_is_right_where_some_steps_do_more_and_the_first_compiles(first):
    words, step, true = said(CONFIG, uneven, first, start=30.0)
    assert step < 600
    assert seconds(words) == pytest.approx(true, rel=0.25)


def test_what_rare_works_take_is_not_guessed_from_the_first_step():
    config = CONFIG.replace(log_every=2_500, diagnose_every=5_000, sample_every=5_000, checkpoint_every=5_000)
    words, step, true = said(config, lambda step: 1.0 + 3 * (step % 5_000 == 0), start=10_000.0)
    assert 20 < step < 100  # of which the first takes hours, as where another program takes the processor
    assert words.startswith("at least")
    assert seconds(words) == pytest.approx(true, rel=0.05)


def test_nothing_is_said_before_three_steps_of_the_most_frequent_kind():
    words, step, true = said(CONFIG.replace(warm_up=7, warm_up_critic=100), lambda step: 100.0 if step < 7 else 10.0)
    assert 10 <= step < 30
    assert seconds(words) == pytest.approx(true, rel=0.25)


def test_the_first_step_of_a_kind_which_compiles_is_not_taken_for_a_usual_one():
    words, _, true = said(CONFIG.replace(diagnose_every=10), lambda step: 10.0 + 500 * (step == 1), start=500.0)
    assert seconds(words) == pytest.approx(true, rel=0.05)
    assert forecast.typical([90.0, 2.0]) == 2.0 == forecast.typical([2.0])


def test_a_short_training_gets_no_forecast_and_a_long_one_gets_one_at_once():
    assert said(CONFIG.replace(steps=1_000), lambda step: 0.01)[0] == ""
    words, step, true = said(CONFIG, lambda step: 10.0)
    assert step <= 8  # steps 1 to 3 and some
    assert words.startswith("about")
    assert seconds(words) == pytest.approx(true, rel=0.05)


def test_the_forecast_is_made_once():
    now = 0.0
    before = forecast.watch(CONFIG, 0, lambda: now)
    found = []
    for step in range(2_000):
        found.append(before(step))
        now += 1.0
    assert len([words for words in found if words]) == 1


def test_the_first_step_which_compiles_is_not_taken_for_a_usual_one():
    config = CONFIG.replace(log_every=10, diagnose_every=10, sample_every=10, checkpoint_every=10)
    words, step, true = said(config, lambda step: 1.0, start=100.0)
    assert 10 < step < 100
    assert seconds(words) == pytest.approx(true, rel=0.05)
