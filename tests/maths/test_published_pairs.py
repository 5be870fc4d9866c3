"""The centres of the benchmark's pairs, against torch's own draws and against the benchmark's files where they are."""

from pathlib import Path

import numpy as np
import pytest
import torch

from wgan import WganError
from wgan.maths.published_pairs import DIMENSIONS, FUNNELS, SEED, centres

PAIRS = [(dimension, funnels) for dimension in DIMENSIONS for funnels in FUNNELS]
FILE = Path(__file__).parents[3] / "shared" / "reference" / "w1benchmark" / "pairs.npz"


@pytest.mark.parametrize(("dimension", "funnels"), PAIRS)
def test_the_centres_are_what_torch_draws_after_the_seed(dimension, funnels):
    generator = torch.Generator().manual_seed(SEED)
    for shape in ((funnels, dimension), (funnels,)):
        torch.randn(shape, generator=generator)
    wanted = 2.5 * (2 * torch.rand((funnels, dimension), generator=generator) - 1)
    offsets = 0.1 * torch.randn(funnels, generator=generator)
    a, b = centres(dimension, funnels)
    assert a.dtype == b.dtype == np.float32
    assert np.array_equal(a, wanted.numpy())
    np.testing.assert_allclose(b, offsets.numpy(), rtol=0, atol=5e-8)  # logarithms round differently


def test_the_centres_are_those_of_the_benchmarks_files():
    if not FILE.exists():
        pytest.skip("the benchmark's pairs are not beside the repository")
    with np.load(FILE) as file:
        for dimension, funnels in PAIRS:
            a, b = centres(dimension, funnels)
            assert np.array_equal(a, file[f"centres_{dimension}_{funnels}"])
            np.testing.assert_allclose(b, file[f"offsets_{dimension}_{funnels}"], rtol=0, atol=5e-8)


@pytest.mark.parametrize("pair", [(3, 4), (2, 5), (0, 0)])
def test_other_pairs_were_not_published(pair):
    with pytest.raises(WganError, match="was published; funnels is one of 4, 16, 64, 256 and dimension one of 2, 4"):
        centres(*pair)
