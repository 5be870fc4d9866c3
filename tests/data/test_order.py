"""The order in which levels are shown."""

import numpy as np
import pytest

from wgan.data.order import natural, shown_levels


@pytest.mark.parametrize(
    ("levels", "counts", "shown"),
    [
        (("0-9", "10-19", "100+", "20-29"), (3, 4, 9, 5), ["0-9", "10-19", "20-29", "100+"]),
        (("L", "M", "S"), (1, 3, 2), ["M", "S", "L"]),
        ((1, 2, 10), (1, 3, 2), [1, 2, 10]),
        ((False, True), (1, 3), [False, True]),
        (("T1", "T10", "T2"), (1, 2, 3), ["T1", "T2", "T10"]),
        (("T1", "T10", "other"), (1, 2, 3), ["other", "T10", "T1"]),
    ],
)
def test_levels_stand_by_their_numbers_or_by_how_often_they_occur(levels, counts, shown):
    assert [levels[code] for code in shown_levels(levels, np.array(counts), 8)] == shown
    assert [levels[code] for code in shown_levels(levels, np.array(counts), 8, ordered=True)] == list(levels)
    kept = shown_levels(levels, np.array(counts), 1)
    assert list(kept) == [int(np.argmax(counts))]


def test_numbers_of_any_length_and_digits_of_any_script_can_be_sorted():
    assert sorted(["a10b2", "a9", "a10b10", "", "²"], key=natural) == ["", "a9", "a10b2", "a10b10", "²"]
