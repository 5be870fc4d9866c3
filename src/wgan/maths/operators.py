"""The norm of a convolution with zero padding, as a linear operator between maps."""

import math

import numpy as np


def convolution_norm(weight: np.ndarray, stride: int, size: tuple[int, ...]) -> float:
    """An upper bound of the operator norm of a zero-padded convolution on maps of `size`, in the Euclidean norm.

    `weight` is [out, channels, kernel, ...] with as many axes of equal length as `size` has. The bound is the exact
    norm of the same convolution on a torus that holds the padded map. Padding embeds the map in the torus and a stride
    drops outputs; neither makes a vector longer. The Fourier transform splits a convolution on the torus into one small
    matrix for each frequency (Sedghi, Gupta, Long 2019). With a stride s, the s phases of the map along each axis are
    its channels.

    Examples:
        >>> convolution_norm(np.ones((1, 1, 3, 3)), stride=1, size=(8, 8))  # the sum of a kernel without negatives
        9.0
    """
    out, channels, kernel = weight.shape[:3]
    axes = len(size)
    small = math.ceil(kernel / stride)  # the kernel's size on each phase
    phases = np.zeros((out, channels, *[small * stride] * axes))
    phases[:, :, *[slice(kernel)] * axes] = weight
    phases = phases.reshape(out, channels, *[small, stride] * axes)
    phases = phases.transpose(*range(2, 2 + 2 * axes, 2), 0, 1, *range(3, 3 + 2 * axes, 2))
    phases = phases.reshape(*[small] * axes, out, -1)
    torus = [math.ceil((n + 2 * kernel) / stride) for n in size]
    return max(
        float(np.linalg.norm(part, 2, axis=(-2, -1)).max())
        for part in np.fft.fftn(phases, s=torus, axes=range(axes))  # the frequencies of one axis at a time
    )
