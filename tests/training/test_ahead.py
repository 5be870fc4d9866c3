"""Draws that are made ahead, in a thread."""

import threading

import pytest

from wgan import Config, train
from wgan.training import loop
from wgan.training.ahead import Ahead

SMALL = {"data": "digits", "width": 4, "batch": 8, "latent": 4, "network": "mlp", "depth": 1, "engine": "torch"}


def test_the_next_step_alone_is_made_ahead():
    made = []
    ahead = Ahead(lambda step: made.append((step, threading.current_thread().name)) or step * 10, 4)
    assert [ahead.take(step) for step in range(4)] == [0, 10, 20, 30]
    ahead.close()
    assert [step for step, _ in made] == [0, 1, 2, 3]  # and no step beyond the last
    assert [name.startswith("draws") for _, name in made] == [False, True, True, True]


def test_another_step_than_the_next_is_made_at_once():
    ahead = Ahead(lambda step: step, 100)
    assert [ahead.take(step) for step in (5, 2, 3, 50)] == [5, 2, 3, 50]
    ahead.close()


def test_what_the_thread_raises_reaches_the_training():
    def make(step):
        if step == 1:
            raise ValueError("no such rows")
        return step

    ahead = Ahead(make, 9)
    ahead.take(0)
    with pytest.raises(ValueError, match="no such rows"):
        ahead.take(1)
    ahead.close()


def test_the_thread_ends_with_the_training(monkeypatch):
    names = lambda: [one.name for one in threading.enumerate() if one.name.startswith("draws")]  # noqa: E731
    records = train(Config(**SMALL | {"steps": 50, "log_every": 1}))
    next(records), next(records)
    assert names()
    records.close()
    assert not names()
    monkeypatch.setattr(loop, "iterate", lambda training: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(train(Config(**SMALL | {"steps": 2})))
    assert not names()
