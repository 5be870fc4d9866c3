"""The picture of earth that is moved."""

import pytest

import wgan
from wgan.reports import figures

P, Q, POSITIONS = [0.5, 0.25, 0.25, 0, 0], [0, 0, 0.1, 0.1, 0.8], [0, 1, 10, 12, 13]


@pytest.mark.parametrize("positions", [None, POSITIONS])
@pytest.mark.parametrize("unequal", ["refuse", "normalise"])
def test_moves_are_drawn_at_the_positions_that_emd_had(positions, unequal, tmp_path):
    goal = [2 * q for q in Q] if unequal == "normalise" else Q
    found = wgan.emd(P, goal, positions=positions, unequal=unequal)
    figures.earth(found, P, goal, tmp_path / "earth.png", positions)
    assert (tmp_path / "earth.png").stat().st_size > 0
    with pytest.raises(wgan.WganError, match="these moves cost"):
        figures.earth(found, P, goal, tmp_path / "other.png", POSITIONS if positions is None else None)
    assert not (tmp_path / "other.png").exists()
