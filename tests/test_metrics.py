"""The Frechet distance against scipy's matrix root and against closed forms."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from wgan.metrics import frechet


def test_frechet_is_the_formula_with_scipys_root():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 6)) @ rng.normal(size=(6, 6))
    y = rng.normal(size=(300, 6)) @ rng.normal(size=(6, 6)) + rng.normal(size=6)
    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a + b - 2 * np.real(sqrtm(a @ b)))
    assert frechet(x, y) == pytest.approx(expected, rel=1e-9)
    assert frechet(y, x) == pytest.approx(expected, rel=1e-9)


def test_frechet_of_a_shift_is_its_squared_length_also_with_fewer_rows_than_features():
    x = np.random.default_rng(1).normal(size=(5, 9))
    shift = np.arange(9.0)
    # the root of a covariance of lower rank carries the root of the rounding error
    assert frechet(x, x + shift) == pytest.approx((shift**2).sum(), abs=1e-5)
    assert frechet(x, x) == pytest.approx(0, abs=1e-5)
