"""Optimal transport with the Euclidean ground distance: exact for histograms, between certified bounds for samples.

`certify` makes the bounds. The solvers use NumPy and SciPy, and POT where it is installed.
"""

from wgan.maths.transport.bounds import MEETS, METHODS, W1, Method, exact_seconds, w1
from wgan.maths.transport.earth import EMD, UNEQUAL, Move, emd
from wgan.maths.transport.variants import DebiasedW1, SinkhornW1, SlicedW1, debiased_w1, sinkhorn, sliced_w1

__all__ = [
    "EMD", "MEETS", "METHODS", "UNEQUAL", "W1", "DebiasedW1", "Method", "Move", "SinkhornW1", "SlicedW1",
    "debiased_w1", "emd", "exact_seconds", "sinkhorn", "sliced_w1", "w1",
]  # fmt: skip
