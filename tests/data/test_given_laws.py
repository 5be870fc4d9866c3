"""Data sets given a number: the rows are those of the law at each row's own number, and a band may be left out."""

import numpy as np
import pytest

from wgan import data
from wgan.data.given_laws import given_law, shower_rows
from wgan.maths import showers
from wgan.maths.known_given import LAWS, conditions


@pytest.mark.parametrize("name", LAWS)
def test_each_law_is_a_data_set_whose_condition_is_its_number(name):
    law, found = LAWS[name], data.load(f"{name}-given", seed=3)
    values = found.condition.values
    assert found.rows.shape == (20_000, law.columns)
    assert [str(column.name) for column in found.condition.form.columns] == ["c"]
    assert (values == conditions(law, 20_000, 3)).all()
    assert (found.rows == law.sample(values, 3).astype(np.float32)).all()
    assert (data.load(f"{name}-given", seed=4).rows != found.rows).any()


def test_a_band_is_left_out():
    found = given_law("ring", 0, 500, without=(1.5, 2.5))
    c = found.condition.values
    assert len(c) == 500
    assert ((c < 1.5) | (c > 2.5)).all()


def test_showers_are_logarithms_over_their_threshold_given_their_energy():
    found = shower_rows(0, 300)
    energy = found.condition.values
    assert found.rows.shape == (300, 368)
    assert np.isin(energy, showers.ENERGIES).all()
    np.testing.assert_allclose(showers.in_mev(found.rows, energy), showers.showers(energy, 0), rtol=1e-5)
    assert 0.3 < (found.rows == 0).mean() < 0.7
