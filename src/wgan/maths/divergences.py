"""f-divergences: their table, and their values for histograms, for densities and, from below, for samples.

One convention: D_f(P || Q) = E_Q f(p/q) = sum_i q_i f(p_i / q_i) with P the real and Q the fake distribution, and

    D_f(P || Q) >= E_P T - E_Q f*(T),   T = g(v),   f*(t) = sup_u u t - f(u)

for any critic v, its raw score, high for real; equal at T = f'(p/q) (Nguyen et al. 2010; Nowozin et al. 2016).
Logarithms are natural. `kl` and its kin are as in textbooks; `js` is the Jensen-Shannon divergence, at most log 2,
which is half of what Nowozin's table calls so; `gan` is 2 js - log 4; `hellinger` is squared, at most 2; `tv` is at
most 1; `pearson` and `neyman` have no factor 1/2; `alpha` is Cressie and Read's with 1 / (alpha (alpha - 1)).
"""

import math
from collections.abc import Callable
from inspect import signature
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from wgan.errors import WganError, unknown_name
from wgan.maths import streams
from wgan.maths.exact import as_float64

INF = math.inf
NUMPY = SimpleNamespace(exp=np.exp, expm1=np.expm1, tanh=np.tanh, softplus=lambda v: np.logaddexp(0, v))


class Divergence(NamedTuple):
    """A row of the table; `what` says in words what D_f less its `minimum` is.

    `terms(log_p, log_q)` is q f(p/q), from logarithms since tails underflow; where p = 0 it is q `at_zero`, with
    at_zero = f(0), and where q = 0 it is p `at_infinity`, the limit of f(u) / u, so that disjoint supports have
    `at_zero + at_infinity`. `minimum` = f(1) is the value at P = Q. `domain` is where f* is finite.
    `activation(ops, v)` = g(v) grows with v and maps into the domain; `composite(ops, v)` = f*(g(v)) in a form that
    does not overflow early; `ops` is `NUMPY` or an engine's. `ratio(v)` is the p/q that a best critic's score v
    stands for, None where the score tells only which is larger.
    """

    name: str
    what: str
    terms: Callable[[Any, Any], Any]
    derivative: Callable[[Any], Any]
    conjugate: Callable[[Any], Any]
    domain: tuple[float, float]
    activation: Callable[[Any, Any], Any]
    composite: Callable[[Any, Any], Any]
    ratio: Callable[[Any], Any] | None
    at_zero: float
    at_infinity: float
    minimum: float = 0.0

    def f(self, u: Any) -> Any:
        """f(u) for u >= 0."""
        with np.errstate(divide="ignore"):
            return perspective(self, np.log(u), np.zeros_like(u, float))


def kl() -> Divergence:
    """Kullback-Leibler KL(P || Q): large where Q misses what P has; f(u) = u log u."""
    return Divergence(
        "kl",
        "Kullback-Leibler divergence KL(real || fake) in nats",
        terms=lambda a, b: np.exp(a) * (a - b),
        derivative=lambda u: 1 + np.log(u),
        conjugate=lambda t: np.exp(t - 1),
        domain=(-INF, INF),
        activation=lambda ops, v: v,
        composite=lambda ops, v: ops.exp(v - 1),
        ratio=lambda v: np.exp(v - 1),
        at_zero=0.0,
        at_infinity=INF,
    )


def reverse_kl() -> Divergence:
    """KL(Q || P): large where Q has what P misses; f(u) = -log u."""
    return Divergence(
        "reverse-kl",
        "reverse Kullback-Leibler divergence KL(fake || real) in nats",
        terms=lambda a, b: np.exp(b) * (b - a),
        derivative=lambda u: -1 / u,
        conjugate=lambda t: -1 - np.log(-t),
        domain=(-INF, 0.0),
        activation=lambda ops, v: -ops.exp(-v),
        composite=lambda ops, v: v - 1,
        ratio=np.exp,
        at_zero=INF,
        at_infinity=0.0,
    )


def jeffrey() -> Divergence:
    """KL(P || Q) + KL(Q || P); f(u) = (u - 1) log u.

    The score is log p/q. The paper's g(v) = v asks for Lambert's W in f*; this one maps onto R as well.
    """

    def conjugate(t: Any) -> Any:
        from scipy.special import wrightomega

        w = wrightomega(1 - np.asarray(t, float))
        return w + 1 / w + t - 2

    return Divergence(
        "jeffrey",
        "Jeffrey's divergence KL(real || fake) + KL(fake || real) in nats",
        terms=lambda a, b: (np.exp(a) - np.exp(b)) * (a - b),
        derivative=lambda u: np.log(u) + 1 - 1 / u,
        conjugate=conjugate,
        domain=(-INF, INF),
        activation=lambda ops, v: v - ops.expm1(-v),
        composite=lambda ops, v: v + ops.expm1(v),
        ratio=np.exp,
        at_zero=INF,
        at_infinity=INF,
    )


def js(prior: float = 0.5) -> Divergence:
    """Jensen-Shannon, pi KL(P || M) + (1 - pi) KL(Q || M) with M = pi P + (1 - pi) Q, pi = `prior`.

    f(u) = pi u log u - (1 - pi + pi u) log(1 - pi + pi u). The score is the logit of a discriminator D trained on a
    share pi of real rows, and the bound is its likelihood plus the entropy of pi: the objective `minimax`.
    """
    if not 0 < prior < 1:
        raise WganError(f"prior is {prior!r}; it must be a number between 0 and 1, the share of real rows.")
    log_pi, log_rest = math.log(prior), math.log1p(-prior)

    def terms(a: Any, b: Any) -> Any:
        mixture = np.logaddexp(a + log_pi, b + log_rest)
        return prior * np.exp(a) * (a - mixture) + (1 - prior) * np.exp(b) * (b - mixture)

    return Divergence(
        "js",
        "Jensen-Shannon divergence" + (f" with weight {prior:g}" if prior != 0.5 else "") + " in nats",
        terms=terms,
        derivative=lambda u: prior * (np.log(u) - np.log(1 - prior + prior * u)),
        conjugate=lambda t: (1 - prior) * (log_rest - np.log1p(-prior * np.exp(t / prior))),
        domain=(-INF, -prior * log_pi),
        activation=lambda ops, v: -prior * (ops.softplus(-v) + log_pi),
        composite=lambda ops, v: (1 - prior) * (ops.softplus(v) + log_rest),
        ratio=lambda v: np.exp(v) * (1 - prior) / prior,
        at_zero=-(1 - prior) * log_rest,
        at_infinity=-prior * log_pi,
    )


def gan() -> Divergence:
    """What the first GAN's critic maximises, 2 js - log 4 (Goodfellow et al. 2014); its score is the logit of D."""

    def terms(a: Any, b: Any) -> Any:
        both = np.logaddexp(a, b)
        return np.exp(a) * (a - both) + np.exp(b) * (b - both)

    return Divergence(
        "gan",
        "twice the Jensen-Shannon divergence in nats",
        terms=terms,
        derivative=lambda u: np.log(u) - np.log1p(u),
        conjugate=lambda t: -np.log(-np.expm1(t)),
        domain=(-INF, 0.0),
        activation=lambda ops, v: -ops.softplus(-v),
        composite=lambda ops, v: ops.softplus(v),
        ratio=np.exp,
        at_zero=0.0,
        at_infinity=0.0,
        minimum=-math.log(4),
    )


def tv() -> Divergence:
    """Total variation, the largest difference in the probability of an event; f(u) = |u - 1| / 2."""
    return Divergence(
        "tv",
        "total variation, at most 1",
        terms=lambda a, b: np.abs(np.exp(a) - np.exp(b)) / 2,
        derivative=lambda u: np.sign(u - 1) / 2,
        conjugate=lambda t: t,
        domain=(-0.5, 0.5),
        activation=lambda ops, v: ops.tanh(v) / 2,
        composite=lambda ops, v: ops.tanh(v) / 2,
        ratio=None,
        at_zero=0.5,
        at_infinity=0.5,
    )


def hellinger() -> Divergence:
    """Squared Hellinger, the integral of (sqrt p - sqrt q)^2; f(u) = (sqrt u - 1)^2."""
    return Divergence(
        "hellinger",
        "squared Hellinger distance, at most 2",
        terms=lambda a, b: (np.exp(a / 2) - np.exp(b / 2)) ** 2,
        derivative=lambda u: 1 - 1 / np.sqrt(u),
        conjugate=lambda t: t / (1 - t),
        domain=(-INF, 1.0),
        activation=lambda ops, v: -ops.expm1(-v),
        composite=lambda ops, v: ops.expm1(v),
        ratio=lambda v: np.exp(2 * v),
        at_zero=1.0,
        at_infinity=1.0,
    )


def pearson() -> Divergence:
    """Pearson's chi-squared, the integral of (p - q)^2 / q; f(u) = (u - 1)^2, here for negative u too, as the paper."""
    return Divergence(
        "pearson",
        "Pearson chi-squared divergence",
        terms=lambda a, b: np.exp(2 * a - b) - 2 * np.exp(a) + np.exp(b),
        derivative=lambda u: 2 * (u - 1),
        conjugate=lambda t: t * t / 4 + t,
        domain=(-INF, INF),
        activation=lambda ops, v: v,
        composite=lambda ops, v: v * v / 4 + v,
        ratio=lambda v: np.maximum(0, 1 + v / 2),
        at_zero=1.0,
        at_infinity=INF,
    )


def neyman() -> Divergence:
    """Neyman's chi-squared, the integral of (p - q)^2 / p; f(u) = (1 - u)^2 / u."""
    return Divergence(
        "neyman",
        "Neyman chi-squared divergence",
        terms=lambda a, b: np.exp(2 * b - a) - 2 * np.exp(b) + np.exp(a),
        derivative=lambda u: 1 - 1 / u**2,
        conjugate=lambda t: 2 - 2 * np.sqrt(1 - t),
        domain=(-INF, 1.0),
        activation=lambda ops, v: -ops.expm1(-v),
        composite=lambda ops, v: -2 * ops.expm1(-v / 2),
        ratio=lambda v: np.exp(v / 2),
        at_zero=INF,
        at_infinity=1.0,
    )


def alpha(alpha: float = 0.5) -> Divergence:
    """Cressie and Read's family; f(u) = (u^alpha - 1 - alpha (u - 1)) / (alpha (alpha - 1)), any real alpha.

    1 and 0 are the limits KL and reverse KL; 2, -1 and 1/2 are pearson / 2, neyman / 2 and 2 hellinger.
    The score is log p/q, which makes g(v) = f'(e^v) and f*(g(v)) powers of e for every alpha.
    """
    if not math.isfinite(alpha):
        raise WganError(f"alpha is {alpha!r}; it must be a finite number.")
    beta = alpha - 1

    def terms(a: Any, b: Any) -> Any:
        if alpha < 0.5:  # D_alpha(P || Q) = D_{1 - alpha}(Q || P), and so no difference is divided by a small alpha
            return _alpha_terms(1 - alpha, b, a)
        return _alpha_terms(alpha, a, b)

    def conjugate(t: Any) -> Any:
        power = t if beta == 0 else np.log1p(beta * t) / beta  # log u of the supremum, u = (1 + beta t)^(1 / beta)
        return _growth(NUMPY, alpha, power)

    return Divergence(
        "alpha",
        f"alpha divergence of order {alpha:g}",
        terms=terms,
        derivative=lambda u: _growth(NUMPY, beta, np.log(u)),
        conjugate=conjugate,
        domain=(-INF if beta <= 0 else -1 / beta, -1 / beta if beta < 0 else INF),
        activation=lambda ops, v: _growth(ops, beta, v),
        composite=lambda ops, v: _growth(ops, alpha, v),
        ratio=np.exp,
        at_zero=1 / alpha if alpha > 0 else INF,
        at_infinity=-1 / beta if beta < 0 else INF,
    )


def _growth(ops: Any, rate: float, v: Any) -> Any:
    """The integral of e^(rate s) from 0 to v."""
    return ops.expm1(rate * v) / rate if rate else v


def _alpha_terms(alpha: float, a: Any, b: Any) -> Any:
    """The terms for alpha >= 1/2: (p ((p/q)^beta - 1) / beta - (p - q)) / alpha with beta = alpha - 1."""
    beta, log_ratio = alpha - 1, a - b
    if beta == 0:
        power = np.exp(a) * log_ratio
    else:  # near 1 the small difference, far from it a product that neither overflows nor is 0 times infinity
        near = np.abs(beta * log_ratio) < 1
        small = np.exp(a) * np.expm1(np.where(near, beta * log_ratio, 0))
        power = np.where(near, small, np.exp(a + beta * log_ratio) - np.exp(a)) / beta
    return (power - np.exp(a) + np.exp(b)) / alpha


def named(divergence: "str | Divergence", **parameters: Any) -> Divergence:
    """The row of this name with its parameters (`prior` of js, `alpha` of alpha); a row is itself."""
    if isinstance(divergence, Divergence):
        return divergence
    if divergence not in DIVERGENCES:
        raise unknown_name("divergence", divergence, DIVERGENCES)
    allowed = signature(DIVERGENCES[divergence]).parameters
    for name in parameters.keys() - allowed:
        takes = f"takes {', '.join(allowed)}" if allowed else "takes no parameter"
        raise WganError(f"{divergence} has no parameter {name!r}; it {takes}.")
    return DIVERGENCES[divergence](**parameters)


def perspective(row: Divergence, log_p: Any, log_q: Any) -> np.ndarray:
    """q f(p/q) from the logarithms of p and q, with its limits where one of them is 0, and 0 where both are."""
    log_p, log_q = np.broadcast_arrays(*(as_float64(log, "log density", "numbers [n]") for log in (log_p, log_q)))
    both = np.isfinite(log_p) & np.isfinite(log_q)
    with np.errstate(over="ignore"):
        inside = row.terms(np.where(both, log_p, 0), np.where(both, log_q, 0))
        alone = _alone(log_p, row.at_infinity) + _alone(log_q, row.at_zero)
    return np.where(both, inside, alone)


def _alone(log: np.ndarray, limit: float) -> np.ndarray:
    return np.where(np.isfinite(log), INF if limit == INF else np.exp(log) * limit, 0.0)


def divergence(divergence: str | Divergence, P: Any, Q: Any, **parameters: Any) -> float:
    """D_f(P || Q) of two histograms over the same bins, [bins] or any equal shape; `inf` where it is infinite.

    Counts or probabilities: both are divided by their sum. Raises `WganError` for negative or non-finite entries,
    for different shapes, and for a histogram without mass.

    Examples:
        >>> round(divergence("kl", [1, 1], [1, 3]), 4)
        0.1438
        >>> divergence("kl", [1, 0], [0, 1]), round(divergence("js", [1, 0], [0, 1]), 4)
        (inf, 0.6931)
    """
    row = named(divergence, **parameters)
    p, q = (_histogram(name, values) for name, values in (("P", P), ("Q", Q)))
    if p.shape != q.shape:
        raise WganError(f"P has shape {p.shape} but Q has {q.shape}; give two histograms over the same bins.")
    with np.errstate(divide="ignore"):
        value = perspective(row, np.log(p), np.log(q)).sum()
    return float(max(value, row.minimum))  # rounding may fall below f(1), the least there is


def _histogram(name: str, values: Any) -> np.ndarray:
    counts = as_float64(values, name, "counts or probabilities of bins")
    if not (np.isfinite(counts).all() and (counts >= 0).all() and counts.sum() > 0):
        raise WganError(f"{name} must hold finite numbers of at least 0 with a positive sum; mend {name}.")
    counts = counts / counts.max()  # so that the sum of very large or small ones is exact enough
    return counts / counts.sum()


def between_densities(
    divergence: str | Divergence,
    log_p: Callable[[float], float],
    log_q: Callable[[float], float],
    low: float = -INF,
    high: float = INF,
    **parameters: Any,
) -> float:
    """D_f(P || Q) of two densities on the line, given as log densities, by adaptive quadrature on [low, high].

    Logarithms, since a tail that underflows to 0 would make KL infinite. Raises `WganError` where either density
    does not integrate to 1 there (the quadrature missed it) or the integral does not converge.

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
                f"{name} integrates to {mass:.6g} on [{low:g}, {high:g}], not to 1; give a log density, and with "
                "`low` and `high` the interval on which it lives."
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
                    "it may be infinite, or cut the interval with `low` and `high` where a density jumps."
                ) from None
    return INF if infinite else value


class Bound(NamedTuple):
    """A lower bound of a divergence estimated on samples; `value` +- `standard_error` is not the divergence itself."""

    value: float
    standard_error: float


def bound(row: Divergence, ops: Any, real: Any, fake: Any) -> Any:
    """The f-GAN bound E_P g(v) - E_Q f*(g(v)) of a critic's scores, a scalar of the engine of `ops`."""
    return row.activation(ops, real).mean() - row.composite(ops, fake).mean()


def variational_bound(divergence: str | Divergence, real: Any, fake: Any, **parameters: Any) -> Bound:
    """The f-GAN bound from a critic's raw scores of real rows [n] and of fake rows [m].

    Its expectation is at most D_f(P || Q), provided that the critic has not seen these rows.

    Examples:
        >>> round(variational_bound("kl", [2, 2], [0, 0]).value, 4)  # 2 - exp(0 - 1)
        1.6321
    """
    row = named(divergence, **parameters)
    real, fake = (as_float64(scores, "scores", "numbers [n]").reshape(-1) for scores in (real, fake))
    if min(len(real), len(fake)) < 2 or not (np.isfinite(real).all() and np.isfinite(fake).all()):
        raise WganError("a bound needs the finite scores of at least 2 real and 2 fake rows; mend the scores.")
    with np.errstate(over="ignore"):
        return _mean_difference(row.activation(NUMPY, real), row.composite(NUMPY, fake))


def _mean_difference(first: np.ndarray, second: np.ndarray) -> Bound:
    variance = first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second)
    return Bound(float(first.mean() - second.mean()), float(np.sqrt(variance)))


RIDGE = 1e-3  # on standardised features; keeps the scores of separable rows finite and no bound invalid
LARGEST_SCORE = 30.0  # e^30 is still far from overflow


def between_samples(
    divergence: str | Divergence,
    real: Any,
    fake: Any,
    features: str | Callable[[np.ndarray], np.ndarray] = "quadratic",
    seed: int = 0,
    **parameters: Any,
) -> Bound:
    """A lower bound of D_f(P || Q) from rows [n, ...] of P and [m, ...] of Q, by a critic linear in `features`.

    The critic is fitted to a random half of the rows and the bound taken on the other half, then the halves change
    places; the mean of both is in expectation at most the divergence, negative where the fit is worse than none.
    `features` is "linear", "quadratic" (where the best critic of two Gaussians lies for kl, js, ...), or a function
    from rows [n, d] to features [n, k]. Fitting is a concave problem but for tv, neyman, and alpha outside [0, 1].

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
    features = FEATURES[features] if isinstance(features, str) else features
    rng = streams.stream(seed, "held_out")
    (x, x_other), (y, y_other) = (np.array_split(rng.permutation(rows), 2) for rows in (real, fake))
    score, other = _fit(row, features, x_other, y_other), _fit(row, features, x, y)
    return variational_bound(row, np.append(score(x), other(x_other)), np.append(score(y), other(y_other)))


def _fit(row: Divergence, features: Callable, real: np.ndarray, fake: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The score, linear in features, of the largest bound on these rows; held to the range that it has on them."""
    from scipy.optimize import minimize

    scaled = _standardise(np.concatenate([real, fake]))
    scaled_features = _standardise(features(scaled(np.concatenate([real, fake]))))

    def design(rows: np.ndarray) -> np.ndarray:
        return np.column_stack([np.ones(len(rows)), scaled_features(features(scaled(rows)))])

    x, y = design(real), design(fake)

    def loss(weight: np.ndarray) -> tuple[float, np.ndarray]:
        v, w = (np.clip(rows @ weight, -LARGEST_SCORE, LARGEST_SCORE) for rows in (x, y))
        value = bound(row, NUMPY, v, w) - RIDGE / 2 * weight @ weight
        gradient = x.T @ _slope(row.activation, v) / len(v) - y.T @ _slope(row.composite, w) / len(w) - RIDGE * weight
        return -value, -gradient

    weight = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    seen = np.concatenate([x, y]) @ weight
    low, high = max(seen.min(), -LARGEST_SCORE), min(seen.max(), LARGEST_SCORE)
    return lambda rows: np.clip(design(rows) @ weight, low, high)


def _standardise(rows: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    mean, spread = rows.mean(0), rows.std(0)
    spread = np.where(spread > 1e-12 * np.abs(mean), spread, 1)
    return lambda others: (others - mean) / spread


def _slope(function: Callable[[Any, Any], Any], v: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """The derivative by v, as a central difference, exact to ten digits or so."""
    return (function(NUMPY, v + step) - function(NUMPY, v - step)) / (2 * step)


def _quadratic(rows: np.ndarray) -> np.ndarray:
    first, second = np.triu_indices(rows.shape[1])
    return np.column_stack([rows, rows[:, first] * rows[:, second]])


FEATURES: dict[str, Callable[[np.ndarray], np.ndarray]] = {"linear": lambda rows: rows, "quadratic": _quadratic}


def pair_of_rows(real: Any, fake: Any, least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Both sets of rows as float64 [n, d], or `WganError`: finite numbers, as many columns, `least` rows of each."""
    both = []
    for name, rows in (("real", real), ("fake", fake)):
        rows = as_float64(rows, name, "rows [n, ...]")
        if rows.ndim == 0 or len(rows) < least or rows.size == 0:
            raise WganError(f"{name} has shape {rows.shape}; it must be [n, ...] with at least {least} rows.")
        if not np.isfinite(rows).all():
            raise WganError(f"{name} holds NaN or infinite values; remove those rows.")
        both.append(rows.reshape(len(rows), -1))
    if both[0].shape[1] != both[1].shape[1]:
        raise WganError(f"real has {both[0].shape[1]} columns but fake {both[1].shape[1]}; they must be the same.")
    return both[0], both[1]


DIVERGENCES: dict[str, Callable[..., Divergence]] = {
    "kl": kl,
    "reverse-kl": reverse_kl,
    "jeffrey": jeffrey,
    "js": js,
    "gan": gan,
    "tv": tv,
    "hellinger": hellinger,
    "pearson": pearson,
    "neyman": neyman,
    "alpha": alpha,
}
