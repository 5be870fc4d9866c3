"""The value of an f-divergence for histograms, for densities and, as a lower bound, for samples."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from wgan.errors import WganError, unknown_name
from wgan.maths import streams
from wgan.maths.divergences.table import INF, NUMPY, Divergence, named, perspective
from wgan.maths.exact import as_features, as_float64, whole_number
from wgan.maths.moments import deviation, mean


def divergence(divergence: str | Divergence, P: Any, Q: Any, **parameters: Any) -> float:
    """D_f(P || Q) = sum_i q_i f(p_i / q_i) of two histograms over the same bins; `inf` where it is infinite.

    P and Q are counts or probabilities of one shape, such as [bins]; each is divided by its sum. Raises `WganError`
    for negative or non-finite entries, for different shapes, and for a histogram without mass.

    Examples:
        >>> round(divergence("kl", [1, 1], [1, 3]), 4)
        0.1438
        >>> divergence("kl", [1, 0], [0, 1]), round(divergence("js", [1, 0], [0, 1]), 4)
        (inf, 0.6931)
    """
    row = named(divergence, **parameters)
    log_p, log_q = (_log_shares(name, values) for name, values in (("P", P), ("Q", Q)))
    if log_p.shape != log_q.shape:
        raise WganError(f"P has shape {log_p.shape} but Q has {log_q.shape}; give two histograms over the same bins.")
    value = perspective(row, log_p, log_q).sum()
    return float(max(value, row.minimum))  # rounding may give less than the minimum f(1)


def _log_shares(name: str, values: Any) -> np.ndarray:
    counts = as_float64(values, name, "counts or probabilities of bins")
    if not ((counts >= 0).all() and counts.any()):
        raise WganError(f"{name} must hold finite numbers of at least 0 with a positive sum; correct {name}.")
    log_largest = np.log(counts.max())
    total = (counts / counts.max()).sum()  # so that sums of very large or small counts neither overflow nor lose digits
    with np.errstate(divide="ignore"):
        return np.log(counts) - (log_largest + np.log(total))  # a share that underflows is still no empty bin


def between_densities(
    divergence: str | Divergence,
    log_p: Callable[[float], float],
    log_q: Callable[[float], float],
    low: float = -INF,
    high: float = INF,
    **parameters: Any,
) -> float:
    """D_f(P || Q), the integral of q f(p/q) on [low, high], from log densities, by adaptive quadrature.

    It takes logarithms because a tail that underflows to 0 would make KL infinite. Raises `WganError` where a density
    does not integrate to 1 on [low, high], as when the quadrature misses it, or where the integral does not converge.

    Examples:
        >>> from scipy.stats import norm
        >>> round(between_densities("kl", norm(1, 1).logpdf, norm(0, 1).logpdf), 12)
        0.5
    """
    row = named(divergence, **parameters)
    for name, log_density in (("p", log_p), ("q", log_q)):
        mass = _integral(lambda x: math.exp(log_density(x)), low, high, name)  # noqa: B023, called at once
        if not abs(mass - 1) < 1e-6:
            raise WganError(
                f"{name} integrates to {mass:.6g} on [{low:g}, {high:g}], not to 1; give a normalised log "
                "density, and its interval as `low` and `high`."
            )
    value = _integral(lambda x: float(perspective(row, log_p(x), log_q(x))), low, high, row.name)
    return max(value, row.minimum)


def _integral(function: Callable[[float], float], low: float, high: float, name: str) -> float:
    import warnings

    from scipy.integrate import IntegrationWarning, quad

    infinite = False

    def watched(x: float) -> float:
        nonlocal infinite
        value = function(x)
        infinite |= value == INF
        return 0.0 if infinite else value

    with warnings.catch_warnings():
        warnings.simplefilter("error", IntegrationWarning)
        try:
            value = quad(watched, low, high, limit=500, epsabs=1e-12, epsrel=1e-10)[0]
        except IntegrationWarning as problem:
            if not infinite:
                raise WganError(
                    f"the integral of {name} on [{low:g}, {high:g}] does not converge ({str(problem).split('.')[0]}); "
                    "it may be infinite; where a density jumps, end the interval there with `low` and `high`."
                ) from None
    return INF if infinite else value


class Bound(NamedTuple):
    """An estimate from samples of a lower bound of a divergence, not of the divergence, and its standard error."""

    value: float
    standard_error: float


def bound(row: Divergence, ops: Any, real: Any, fake: Any) -> Any:
    """The f-GAN bound E_P g(v) - E_Q f*(g(v)) of a critic's scores, as a scalar of the engine of `ops`."""
    return row.activation(ops, real).mean() - row.composite(ops, fake).mean()


def variational_bound(divergence: str | Divergence, real: Any, fake: Any, **parameters: Any) -> Bound:
    """The f-GAN bound E_P g(v) - E_Q f*(g(v)) from a critic's raw scores of real rows [n] and of fake rows [m].

    Its expectation is at most D_f(P || Q) where the critic was not fitted to these rows. Raises `WganError` for fewer
    than 2 scores of a kind and for scores that are not finite.

    Examples:
        >>> round(variational_bound("kl", [2, 2], [0, 0]).value, 4)  # 2 - exp(0 - 1)
        1.6321
    """
    row = named(divergence, **parameters)
    real, fake = (
        as_float64(scores, f"the array of {name} scores", "numbers [n]").reshape(-1)
        for name, scores in (("real", real), ("fake", fake))
    )
    if min(len(real), len(fake)) < 2:
        raise WganError(
            f"there are scores of {len(real)} real and {len(fake)} fake rows; a bound needs at least 2 of each."
        )
    with np.errstate(over="ignore"):
        return _mean_difference(row.activation(NUMPY, real), row.composite(NUMPY, fake))


def _mean_difference(first: np.ndarray, second: np.ndarray) -> Bound:
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return Bound(float(first.mean() - second.mean()), math.inf)
    variance = first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second)
    return Bound(float(first.mean() - second.mean()), float(np.sqrt(variance)))


RIDGE = 1e-3  # penalty on standardised features: keeps the scores of separable rows finite
SHARES = (0.0, 1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)  # of fitted scores
LARGEST_SCORE = 30.0  # e^30 is far from overflow


def between_samples(
    divergence: str | Divergence,
    real: Any,
    fake: Any,
    features: str | Callable[[np.ndarray], np.ndarray] = "quadratic",
    seed: int = 0,
    **parameters: Any,
) -> Bound:
    """A lower bound of D_f(P || Q) from rows [n, ...] of P and [m, ...] of Q, by a critic linear in `features`.

    A critic is fitted to a random half of the rows and gives the bound on the other half; then the halves change
    places. The mean of both is in expectation at most the divergence. It may fall below the minimum of f where the fit
    is worse than a constant. `features` is "linear", "quadratic", or a function from rows [n, d] to features [n, k].
    Quadratic features hold the best critic of two Gaussians where its score is linear in log p/q, as for kl and js.
    Scores are clipped to the range in which both kinds of rows have scores. For neyman, and for alpha outside [0, 1],
    the fit is not a concave problem; there the critic of js is fitted and scaled. The fit for tv may be a local
    optimum. `seed` draws the halves. Raises `WganError` for unknown features, for fewer than 4 rows of a kind, for
    different columns, and for values that are not finite.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> found = between_samples("kl", rng.normal(1, 1, 4000), rng.normal(0, 1, 4000))  # the truth is 0.5
        >>> abs(found.value - 0.5) < 3 * found.standard_error
        True
    """
    row = named(divergence, **parameters)
    real, fake = pair_of_rows(real, fake, least=4)
    if isinstance(features, str) and features not in FEATURES:
        raise unknown_name("features", features, FEATURES)
    features = FEATURES[features] if isinstance(features, str) else _checked_features(features)
    rng = streams.stream(seed, "held_out")
    (x, x_other), (y, y_other) = (np.array_split(rng.permutation(rows), 2) for rows in (real, fake))
    score, other = _fit(row, features, x_other, y_other), _fit(row, features, x, y)
    return variational_bound(row, np.append(score(x), other(x_other)), np.append(score(y), other(y_other)))


def _checked_features(function: Callable[[np.ndarray], Any]) -> Callable[[np.ndarray], np.ndarray]:
    """A function of the caller's, whose features [n, k] are read like all rows."""

    def features(rows: np.ndarray) -> np.ndarray:
        (found,) = as_features(features=function(rows))
        if len(found) != len(rows):
            raise WganError(f"features of {len(rows)} rows have shape {found.shape}; return [{len(rows)}, k].")
        return found

    return features


def _fit(row: Divergence, features: Callable, real: np.ndarray, fake: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The score, linear in features, with the largest bound on these rows; clipped to its range on them."""
    scaled = _standardise(np.concatenate([real, fake]))
    scaled_features = _standardise(features(scaled(np.concatenate([real, fake]))))

    def design(rows: np.ndarray) -> np.ndarray:
        return np.column_stack([np.ones(len(rows)), scaled_features(features(scaled(rows)))])

    x, y = design(real), design(fake)
    fitted, slope = _fitted_as(row)
    weight = _weights(fitted, x, y) / slope
    if fitted is not row:
        weight = weight * _share_of(row, fitted, slope, x, y)
    low, high = _range(x @ weight, y @ weight)
    return lambda rows: np.clip(design(rows) @ weight, low, high)


def _range(real: np.ndarray, fake: np.ndarray) -> tuple[float, float]:
    """The scores to which a critic is clipped: between the lowest of real rows and the highest of fake rows.

    Beyond them the rows of one kind alone drive the scores, and one new row of the other kind there could cost any
    amount. Where the two kinds are apart, the clip is the gap between them.
    """
    ends = sorted((float(real.min()), float(fake.max())))
    return max(ends[0], -LARGEST_SCORE), min(ends[1], LARGEST_SCORE)


def _weights(row: Divergence, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The weights of features with the largest bound on real rows [n, k] and fake rows [m, k], and a small ridge."""
    from scipy.optimize import minimize

    def loss(weight: np.ndarray) -> tuple[float, np.ndarray]:
        v, w = (np.clip(rows @ weight, -LARGEST_SCORE, LARGEST_SCORE) for rows in (x, y))
        value = bound(row, NUMPY, v, w) - RIDGE / 2 * weight @ weight
        gradient = x.T @ _slope(row.activation, v) / len(v) - y.T @ _slope(row.composite, w) / len(w) - RIDGE * weight
        return -value, -gradient

    found = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return found.x


def _is_concave(row: Divergence) -> bool:
    """Whether the bound is concave in the scores, so that its fit has one optimum and no score runs away."""
    v = np.linspace(-LARGEST_SCORE, LARGEST_SCORE, 241)
    with np.errstate(all="ignore"):
        bends = np.diff(row.activation(NUMPY, v), 2), -np.diff(row.composite(NUMPY, v), 2)
    return all(bool((bend <= 1e-9 * (1 + np.abs(bend).max())).all()) for bend in bends)


def _fitted_as(row: Divergence) -> tuple[Divergence, float]:
    """The divergence whose bound is fitted, and how many of its scores make one of `row`.

    Where the bound of `row` is not concave, a fit runs away. If its score is a multiple of log p/q, as that of js is,
    that of js is fitted and scaled.
    """
    if _is_concave(row) or row.ratio is None:
        return row, 1.0
    slopes = np.log(row.ratio(np.array([1.0, 2.0]))) / [1, 2]
    return (named("js"), float(slopes[0])) if np.allclose(slopes, slopes[0]) else (row, 1.0)


def _share_of(row: Divergence, fitted: Divergence, slope: float, x: np.ndarray, y: np.ndarray) -> float:
    """How much of the scores to keep: the share that is best for the rows of one half, fitted on the other.

    Of 0 the critic is constant, and its bound is 0.
    """
    halves = [[rows[half::2] for half in (0, 1)] for rows in (x, y)]
    pairs = list(zip(*halves, strict=True))
    gained = np.zeros(len(SHARES))
    for (fit_x, fit_y), (other_x, other_y) in (pairs, pairs[::-1]):
        weight = _weights(fitted, fit_x, fit_y) / slope
        for at, share in enumerate(SHARES):
            v, w = (np.clip(share * (rows @ weight), -LARGEST_SCORE, LARGEST_SCORE) for rows in (other_x, other_y))
            gained[at] += bound(row, NUMPY, v, w)
    return float(SHARES[int(gained.argmax())])


def _standardise(rows: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    middle, spread = mean(rows), deviation(rows)
    spread = np.where(spread > 0, spread, 1)
    return lambda others: (others - middle) / spread


def _slope(function: Callable[[Any, Any], Any], v: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """The derivative in v by a central difference, exact to about ten digits."""
    return (function(NUMPY, v + step) - function(NUMPY, v - step)) / (2 * step)


def _quadratic(rows: np.ndarray) -> np.ndarray:
    first, second = np.triu_indices(rows.shape[1])
    return np.column_stack([rows, rows[:, first] * rows[:, second]])


FEATURES: dict[str, Callable[[np.ndarray], np.ndarray]] = {"linear": lambda rows: rows, "quadratic": _quadratic}


def pair_of_rows(real: Any, fake: Any, least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Both sets of rows [n, ...] as float64 [n, d].

    Raises `WganError` for fewer than `least` rows of a kind, for different numbers of columns, and for values that
    are not numbers, not finite or too large to be multiplied.
    """
    real, fake = as_features(whole_number(least, "least"), real=real, fake=fake)
    return real, fake
