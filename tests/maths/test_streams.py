"""Draws are a function of (seed, step), follow their law, and visit every row once an epoch."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wgan import WganError
from wgan.maths import streams


@given(rows=st.integers(1, 40), first=st.integers(0, 200), count=st.integers(0, 150), cut=st.floats(0, 1))
def test_rows_drawn_in_two_parts_are_the_rows_drawn_at_once(rows, first, count, cut):
    middle = int(count * cut)
    whole = streams.real_rows(3, first, count, rows)
    parts = [
        streams.real_rows(3, first, middle, rows),
        streams.real_rows(3, first + middle, count - middle, rows),
    ]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_every_epoch_is_another_shuffle_of_all_rows():
    drawn = streams.real_rows(0, 0, 300, 100).reshape(3, 100)
    assert all(sorted(epoch) == list(range(100)) for epoch in drawn.tolist())
    assert not (drawn[0] == drawn[1]).all()


def test_saved_runs_draw_what_they_drew():
    """A new purpose is added at the end: any other place, or another key or counter, changes every run on disk."""
    first = list(streams.PURPOSES)[:21]
    draws = [streams.stream(7, purpose, 3).integers(2**63) for purpose in first]
    assert (
        hashlib.sha256(repr(list(zip(first, map(int, draws), strict=True))).encode()).hexdigest()[:16]
        == "2487f598e1351266"
    )
    assert streams.stream(7, "known").random() == streams.stream(7, "known", 0).random()
    philox = np.random.Philox(key=[7, 1], counter=[0, 0, 0, 3])
    assert streams.stream(7, "rows", 3).random() == np.random.Generator(philox).random()


def test_draws_repeat_with_the_seed_and_step_and_with_nothing_less():
    first = streams.normal(1, "z", 5, (64,))
    np.testing.assert_array_equal(first, streams.normal(1, "z", 5, (64,)))
    for other in [(2, "z", 5), (1, "generator_z", 5), (1, "z", 6)]:
        assert not np.intersect1d(first, streams.normal(*other, (64,))).size


@pytest.mark.parametrize("purpose", ["z", "mix"])
def test_draws_follow_their_law_across_steps(purpose):
    draw = streams.normal if purpose == "z" else streams.uniform
    x = np.concatenate([draw(7, purpose, step, (500,)) for step in range(100)]).astype(np.float64)
    mean, variance, fourth = (0, 1, 3) if purpose == "z" else (0.5, 1 / 12, 1 / 80)
    # five standard errors of the mean and of the variance, of n = 50,000
    assert abs(x.mean() - mean) < 5 * np.sqrt(variance / x.size)
    assert abs(x.var() - variance) < 5 * np.sqrt((fourth - variance**2) / x.size)


def test_draws_are_those_that_earlier_versions_made():
    """Or a run that was begun with one would continue with others: a new purpose comes last."""
    known = ["weights", "rows", "z", "generator_z", "mix", "held_out", "estimate", "fixed_z", "sample", "calibrate"]
    known += ["known", "known_centres", "fake_rows", "directions", "halves", "evaluate", "diagnose", "dequantise"]
    known += ["labels", "generator_label", "stacked"]
    assert list(streams.PURPOSES)[: len(known)] == known
    assert list(streams.PURPOSES.values()) == list(range(len(streams.PURPOSES)))
    bits = streams.stream(3, "z", 7).bit_generator.random_raw(2)
    assert bits.tolist() == [6995974636544856313, 8076604082979118725]
    assert streams.real_rows(3, 5, 6, 10).tolist() == [1, 3, 9, 7, 6, 0]


def test_purposes_share_no_bits():
    drawn = [streams.stream(1, purpose, step).bit_generator.random_raw(64) for purpose in streams.PURPOSES
             for step in range(3)]  # fmt: skip
    assert len(np.unique(np.concatenate(drawn))) == 64 * 3 * len(streams.PURPOSES)


@pytest.mark.parametrize("seed", [1.5, 2.0, np.float64(3), -1, True, "0", None, 2**63, 2**70])
def test_a_seed_that_would_give_the_draws_of_another_is_refused_in_a_sentence(seed):
    with pytest.raises(WganError, match=r"seed is .*; it must be "):
        streams.stream(seed, "z")


def test_the_largest_seeds_have_draws_of_their_own():
    seeds = [2**53, 2**53 + 1, 2**63 - 2, 2**63 - 1, np.int64(2**62)]
    assert len({float(streams.stream(seed, "z").random()) for seed in seeds}) == len(seeds)
