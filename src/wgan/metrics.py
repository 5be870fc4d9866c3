"""How far generated rows are from real ones, on features that the caller chooses."""

import numpy as np


def frechet(first: np.ndarray, second: np.ndarray) -> float:
    """The Frechet distance, squared, of Gaussians fitted to two sets of features [n, d] and [m, d].

    |mu1 - mu2|^2 + tr(S1 + S2 - 2 (S1^(1/2) S2 S1^(1/2))^(1/2)) (Heusel et al. 2017), in float64; it grows as
    features are scaled. It is the FID only where the features are the Inception network's.

    Examples:
        >>> x = np.array([[0.0], [2.0]])
        >>> frechet(x, x + 3)
        9.0
    """
    means, covariances = [], []
    for features in (first, second):
        features = np.asarray(features, np.float64)
        means.append(features.mean(0))
        covariances.append(np.atleast_2d(np.cov(features, rowvar=False)))
    values, vectors = np.linalg.eigh(covariances[0])
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    cross = np.linalg.eigvalsh(root @ covariances[1] @ root)
    shift = means[0] - means[1]
    trace = np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * np.sqrt(np.clip(cross, 0, None)).sum()
    return float(shift @ shift + trace)
