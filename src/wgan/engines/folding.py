"""Convolutions of volumes of few channels, as torch computes them fast on a CPU.

The layers next to the rows have 1 to 4 channels on one side, and oneDNN computes its convolutions in blocks of 16. So
the eight places of each block of 2 x 2 x 2 become channels. Then a convolution of width 4 and stride 2 is one of width
2 and stride 1, with the same products in another order. With 2 channels and 16 filters, both derivatives together take
half of the time.
"""

import torch
import torch.nn.functional as F

Tensor = torch.Tensor
FEW = 4  # channels; from 8 on the copies cost more than they save
WIDTH, STRIDE, PADS = 4, 2, (1, 1, 1)


def folds(channels: int, weight: Tensor, stride: int, pads: tuple[int, ...], size: tuple[int, ...]) -> bool:
    """Whether a convolution between rows of so many channels, of this size, and their maps is faster folded."""
    fits = weight.shape[2:] == (WIDTH,) * 3 and stride == STRIDE and pads == PADS
    return fits and channels <= FEW and not any(n % 2 for n in size) and weight.device.type == "cpu"


def conv(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """`F.conv3d` of x [n, *space, channels] with weights [filters, channels, 4, 4, 4]: [n, *space / 2, filters]."""
    blocks = _blocks_as_channels(F.pad(x, (0, 0, 1, 1, 1, 1, 1, 1)))
    return F.conv3d(blocks.movedim(-1, 1), _folded(weight), bias).movedim(1, -1)


def conv_transpose(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """`F.conv_transpose3d` of x [n, *space, filters] with [filters, channels, 4, 4, 4]: [n, *2 space, channels]."""
    bias = None if bias is None else bias.repeat(2**3)
    blocks = F.conv_transpose3d(x.movedim(-1, 1), _folded(weight), bias).movedim(1, -1)
    return _channels_as_blocks(blocks)[:, 1:-1, 1:-1, 1:-1]


def _folded(weight: Tensor) -> Tensor:
    """Weights [filters, channels, 4, 4, 4] as [filters, 8 * channels, 2, 2, 2]: the places in a block come first."""
    filters, channels = weight.shape[:2]
    cut = weight.reshape(filters, channels, 2, 2, 2, 2, 2, 2).permute(0, 3, 5, 7, 1, 2, 4, 6)
    return cut.reshape(filters, 2**3 * channels, 2, 2, 2)


def _blocks_as_channels(x: Tensor) -> Tensor:
    n, depth, height, width, channels = x.shape
    cut = x.reshape(n, depth // 2, 2, height // 2, 2, width // 2, 2, channels).permute(0, 1, 3, 5, 2, 4, 6, 7)
    return cut.reshape(n, depth // 2, height // 2, width // 2, 2**3 * channels)


def _channels_as_blocks(x: Tensor) -> Tensor:
    n, depth, height, width, channels = x.shape
    cut = x.reshape(n, depth, height, width, 2, 2, 2, channels // 2**3).permute(0, 1, 4, 2, 5, 3, 6, 7)
    return cut.reshape(n, 2 * depth, 2 * height, 2 * width, channels // 2**3)
