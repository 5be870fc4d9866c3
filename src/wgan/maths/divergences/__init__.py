"""f-divergences: their table, and their values for histograms, densities and samples."""

from wgan.maths.divergences.estimates import (
    FEATURES,
    Bound,
    between_densities,
    between_samples,
    bound,
    divergence,
    pair_of_rows,
    variational_bound,
)
from wgan.maths.divergences.table import (
    DIVERGENCES,
    INF,
    NUMPY,
    Divergence,
    alpha,
    gan,
    hellinger,
    jeffrey,
    js,
    kl,
    named,
    neyman,
    pearson,
    perspective,
    reverse_kl,
    tv,
)

__all__ = [
    "DIVERGENCES", "FEATURES", "INF", "NUMPY", "Bound", "Divergence", "alpha", "between_densities", "between_samples",
    "bound", "divergence", "gan", "hellinger", "jeffrey", "js", "kl", "named", "neyman", "pair_of_rows", "pearson",
    "perspective", "reverse_kl", "tv", "variational_bound",
]  # fmt: skip
