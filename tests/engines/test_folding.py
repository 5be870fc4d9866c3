"""Folded convolutions of volumes against torch's own, in float64, with both derivatives."""

from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from wgan.engines import folding
from wgan.engines.torch import Ops

SIZE = (6, 4, 8)  # axes of different lengths, so that no two can be mistaken for each other
CASES = {
    "conv": (Ops(None).conv, F.conv3d, SIZE, lambda channels: (channels, 5)),
    "conv_transpose": (
        partial(Ops(None).conv_transpose, size=SIZE),
        F.conv_transpose3d,
        tuple(n // 2 for n in SIZE),
        lambda channels: (5, channels),
    ),
}


def drawn(*shape):
    return torch.tensor(np.random.default_rng(len(shape)).standard_normal(shape)).requires_grad_()


@pytest.mark.parametrize("channels", range(1, folding.FEW + 1))
@pytest.mark.parametrize("kind", CASES)
def test_a_folded_convolution_is_torchs_with_its_first_and_second_derivatives(monkeypatch, kind, channels):
    ours, torchs, space, ends = CASES[kind]
    of_x, of_y = ends(channels)
    x, weight, bias = drawn(2, *space, of_x), drawn(5, channels, 4, 4, 4), drawn(of_y)

    def found(function):
        y = function(x, weight, bias)
        first = torch.autograd.grad(y.sin().sum(), (x, weight, bias), create_graph=True)
        second = torch.autograd.grad(first[0].square().sum(), (x, weight), retain_graph=True)
        return [y, *first, *second]

    called = []
    for name in ("conv", "conv_transpose"):
        inner = getattr(folding, name)
        monkeypatch.setattr(folding, name, lambda *a, inner=inner: called.append(1) or inner(*a))
    by_us = found(lambda *a: ours(*a, stride=2, pads=(1, 1, 1)))
    by_torch = found(lambda x, w, b: torchs(x.movedim(-1, 1), w, b, 2, 1).movedim(1, -1))
    assert called == [1], "the convolution was not folded"
    for one, other in zip(by_us, by_torch, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    "changed",
    [{"channels": 5}, {"size": (6, 5, 8)}, {"stride": 1}, {"pads": (1, 1)}, {"weight": torch.zeros(5, 2, 3, 3, 3)}],
    ids=lambda changed: next(iter(changed)),
)
def test_only_halving_convolutions_of_few_channels_are_folded(changed):
    usual = {"channels": 2, "weight": torch.zeros(5, 2, 4, 4, 4), "stride": 2, "pads": (1, 1, 1), "size": SIZE}
    assert folding.folds(**usual)
    assert not folding.folds(**usual | changed)
