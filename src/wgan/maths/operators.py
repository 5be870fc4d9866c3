"""Norms of linear operators: of a convolution between maps with zero padding."""

import math

import numpy as np


def convolution_norm(weight: np.ndarray, stride: int, size: tuple[int, int]) -> float:
    """The operator norm of a convolution on a torus that holds the zero-padded map of `size`: a bound for its own.

    Padding embeds the map in the torus, a stride drops outputs, and neither lengthens a vector. On the torus, the
    Fourier transform splits a convolution into one small matrix per frequency (Sedghi, Gupta, Long 2019); with a
    stride s the s x s phases of the map are its channels.
    """
    out, channels, kernel, _ = weight.shape
    small = math.ceil(kernel / stride)  # the kernel on each phase
    phases = np.zeros((out, channels, small * stride, small * stride))
    phases[:, :, :kernel, :kernel] = weight
    phases = phases.reshape(out, channels, small, stride, small, stride).transpose(2, 4, 0, 1, 3, 5)
    phases = phases.reshape(small, small, out, -1)
    torus = [math.ceil((n + 2 * kernel) / stride) for n in size]
    return max(
        float(np.linalg.norm(part, 2, axis=(1, 2)).max())
        for part in np.fft.fft2(phases, s=torus, axes=(0, 1))  # a row of frequencies at a time
    )
