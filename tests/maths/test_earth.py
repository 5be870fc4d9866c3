"""The earth mover's distance: its cost against W1, moves that can be carried out, and its drawing."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wgan.errors import WganError
from wgan.maths.transport import emd, w1
from wgan.reports import figures

EXAMPLES = int(os.environ.get("WGAN_EXAMPLES", "60"))  # of a property; 1,000 were run by hand


def carried_out(found, P):
    """The bins after the moves, each of which takes what is there."""
    bins = np.array(P, float)
    for amount, source, target in found.order:
        assert abs(source - target) == 1
        assert 0 < amount <= bins[source] * (1 + 1e-12)
        bins[source] -= amount
        bins[target] += amount
    return bins


def test_emd_of_the_four_piles():
    found = emd([3, 2, 1, 4], [1, 2, 4, 3])
    assert (found.cost, found.moves) == (5.0, [2, 2, -1, 0])
    assert found.order == [(2, 0, 1), (2, 1, 2), (1, 3, 2)]


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.booleans())
@settings(max_examples=EXAMPLES, deadline=None)
def test_emd_is_w1_of_weighted_positions_and_its_moves_can_be_carried_out(seed, n, whole):
    rng = np.random.default_rng(seed)
    P = rng.integers(0, 6, n) * rng.integers(0, 2, n)
    P[rng.integers(n)] += 1
    Q = rng.multinomial(P.sum(), rng.dirichlet(np.full(n, 0.3)))
    positions = np.cumsum(rng.random(n) + 0.01)
    if not whole:
        P, Q = P / P.sum(), Q / Q.sum()
    found = emd(P, Q, positions)
    assert found.cost == pytest.approx(w1(positions, positions, P, Q).value * P.sum(), rel=1e-9, abs=1e-12)
    np.testing.assert_allclose(carried_out(found, P), Q, atol=1e-12)
    work = sum(amount * abs(positions[source] - positions[target]) for amount, source, target in found.order)
    assert work == pytest.approx(found.cost, rel=1e-9, abs=1e-12)
    assert found.moves[-1] == 0


def test_emd_of_large_integers_is_exact():
    P, Q = [2**52, 1, 0], [2**52 - 2, 0, 3]
    found = emd(P, Q)
    assert found.moves == [2, 3, 0]
    assert found.order == [(2, 0, 1), (3, 1, 2)]
    assert emd([float(x) for x in [2**62] * 5], [5 * 2.0**62, 0, 0, 0, 0]).cost == 10 * 2.0**62


def test_emd_of_unequal_totals_is_refused_or_normalised():
    with pytest.raises(WganError, match=r"P holds 3 and Q holds 4, a difference of 1; .* unequal='normalise'"):
        emd([1, 2], [2, 2])
    assert emd([1, 2], [2, 2], unequal="normalise").cost == pytest.approx(1 / 6)


def test_the_earth_is_drawn_move_by_move(tmp_path):
    P, Q = [3, 2, 1, 4], [1, 2, 4, 3]
    figures.earth(emd(P, Q), P, Q, tmp_path / "earth.png")
    from PIL import Image

    pixels = np.asarray(Image.open(tmp_path / "earth.png").convert("RGB")).astype(int)
    orange = (np.abs(pixels - [255, 127, 14]).sum(2) < 30).any(0)  # the arrows, one in each panel but the first
    parts = np.array_split(orange, 4)
    assert [part.any() for part in parts] == [False, True, True, True]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([1, -1], [0, 0]), "P has a bin of -1"),
        (([0, 0], [0, 0]), "P holds 0 in all"),
        (([1, 2], [3]), "P has 2 bins and Q has 1"),
        (([1, 2], [2, 1], [1, 1]), "positions must be 2 increasing numbers"),
        (([1, np.nan], [2, 1]), "P holds NaN or infinite values, the first at index [1]"),
        (([[1]], [1]), "shape (1, 1)"),
        (([], []), "P has shape (0,)"),
        (([[1], [1, 2]], [1]), "P has rows of different lengths"),
        ((["a"], [1]), "P is not an array of numbers (<U1 of shape (1,))"),
        (([1, 2], [2, 1], [0, 1, 2]), "positions must be 2 increasing numbers"),
        (([1, 2], [2, 1], [0, 0]), "positions must be 2 increasing numbers"),
        (([2**62] * 5, [2**62, 0, 0, 0, 0]), "P holds integers beyond 2**53"),
        (([1, 1], [1, 1], [-(2**61), 2**61]), "positions holds integers beyond 2**53"),
        ((np.array([2**63], np.uint64), [1]), "P holds integers beyond 2**53"),
        (([1], [1], None, "ignore"), "unknown choice of unequal 'ignore'"),
    ],
)
def test_bad_histograms_get_a_sentence(arguments, sentence):
    with pytest.raises(WganError) as caught:
        emd(*arguments)
    assert sentence in str(caught.value)


def test_a_picture_that_cannot_be_drawn_leaves_the_old_one_whole(tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    def half(figure, path, **more):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    (tmp_path / "earth.png").write_bytes(b"old")
    monkeypatch.setattr(Figure, "savefig", half)
    with pytest.raises(WganError, match=r"cannot write .*earth\.png \(No space left on device\); make room"):
        figures.earth(emd([1, 2], [2, 1]), [1, 2], [2, 1], tmp_path / "earth.png")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("earth.png", b"old")]
