"""The table of f-divergences, one row each.

One convention: D_f(P || Q) = E_Q f(p/q) = sum_i q_i f(p_i / q_i) with P the real and Q the fake distribution, and

    D_f(P || Q) >= E_P T - E_Q f*(T),   T = g(v),   f*(t) = sup_u u t - f(u)

for any critic with raw score v, high for real. The bound is an equality at T = f'(p/q) (Nguyen et al. 2010; Nowozin
et al. 2016). Logarithms are natural. `kl`, `reverse_kl` and `jeffrey` are as in textbooks. `js` is the Jensen-Shannon
divergence, at most log 2, which is half of what Nowozin's table calls so. `gan` is 2 js - log 4. `hellinger` is
squared, at most 2. `tv` is at most 1. `pearson` and `neyman` have no factor 1/2. `alpha` is Cressie and Read's with
the factor 1 / (alpha (alpha - 1)).
"""

import math
from collections.abc import Callable
from inspect import signature
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from wgan.errors import WganError, unknown_name
from wgan.maths.exact import as_float64, finite_number

INF = math.inf
LEAST_LOG, LARGEST_LOG = -1e300, 700.0  # of log densities: a density above e^700 overflows, a difference below does
NUMPY = SimpleNamespace(exp=np.exp, expm1=np.expm1, tanh=np.tanh, softplus=lambda v: np.logaddexp(0, v))


class Divergence(NamedTuple):
    """A row of the table: one f-divergence.

    `what` says in words what D_f - `minimum` is, and `minimum` = f(1) is the value at P = Q. `terms(log_p, log_q)` is
    q f(p/q); it takes logarithms because tails underflow. Where p = 0 the term is q `at_zero`, with `at_zero` = f(0).
    Where q = 0 it is p `at_infinity`, with `at_infinity` the limit of f(u) / u. Disjoint supports have the value
    `at_zero + at_infinity`. `derivative(u)` is f'(u), `conjugate(t)` is f*(t), and `domain` is where f* is finite.
    `activation(ops, v)` is g(v), which increases with v and maps into the domain. `composite(ops, v)` is f*(g(v)) in
    a form that does not overflow early. `ops` is `NUMPY` or an engine's functions. `ratio(v)` is the p/q that the
    best critic's score v stands for; it is None where the score tells only which of p and q is larger.
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
        u = as_float64(u, "u", "numbers of at least 0", finite=False)
        if not (u >= 0).all():
            raise WganError("u holds NaN or a number below 0; give ratios of at least 0.")
        with np.errstate(divide="ignore"):
            return perspective(self, np.log(u), np.zeros_like(u))


def kl() -> Divergence:
    """The Kullback-Leibler divergence KL(P || Q), large where Q misses what P has; f(u) = u log u."""
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
    """The reverse Kullback-Leibler divergence KL(Q || P), large where Q has what P misses; f(u) = -log u."""
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
    """Jeffrey's divergence KL(P || Q) + KL(Q || P); f(u) = (u - 1) log u.

    The score is log p/q. The paper has g(v) = v, which needs Lambert's W in f*(g(v)). The g(v) here needs no W and
    maps onto the same domain R.
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
    """The Jensen-Shannon divergence pi KL(P || M) + (1 - pi) KL(Q || M), M = pi P + (1 - pi) Q, pi = `prior`.

    f(u) = pi u log u - (1 - pi + pi u) log(1 - pi + pi u). The score is the logit of a discriminator that is trained
    on a share pi of real rows. The bound is its log likelihood plus the entropy of pi, as in the objective `minimax`.
    Raises `WganError` for a prior outside (0, 1).
    """
    if not 0 < finite_number(prior, "prior") < 1:
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
    """2 js - log 4, which the discriminator of Goodfellow et al. (2014) maximises; the score is its logit.

    f(u) = u log u - (1 + u) log(1 + u).
    """

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
    """Total variation, the largest difference of the two probabilities of one event; f(u) = |u - 1| / 2."""
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
    """The squared Hellinger distance, the integral of (sqrt p - sqrt q)^2; f(u) = (sqrt u - 1)^2."""
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
    """Pearson's chi-squared divergence, the integral of (p - q)^2 / q; f(u) = (u - 1)^2.

    As in Nowozin et al. (2016), f* is the supremum over all real u, negative ones included.
    """
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
    """Neyman's chi-squared divergence, the integral of (p - q)^2 / p; f(u) = (1 - u)^2 / u."""
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
    """Cressie and Read's family for any real alpha; f(u) = (u^alpha - 1 - alpha (u - 1)) / (alpha (alpha - 1)).

    The orders 1 and 0 are the limits KL and reverse KL. The orders 2, -1 and 1/2 are pearson / 2, neyman / 2 and
    2 hellinger. The score is log p/q, so that g(v) = f'(e^v) and f*(g(v)) are powers of e for every alpha.
    Raises `WganError` for an alpha that is not finite.
    """
    alpha = finite_number(alpha, "alpha")
    beta = alpha - 1

    def terms(a: Any, b: Any) -> Any:
        if alpha < 0.5:  # D_alpha(P || Q) = D_{1 - alpha}(Q || P) avoids a difference divided by a small alpha
            return _alpha_terms(1 - alpha, b, a)
        return _alpha_terms(alpha, a, b)

    def conjugate(t: Any) -> Any:
        power = t if beta == 0 else np.log1p(beta * t) / beta  # log u at the supremum, u = (1 + beta t)^(1 / beta)
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
    """q f(p/q) for alpha >= 1/2: (p ((p/q)^beta - 1) / beta - (p - q)) / alpha with beta = alpha - 1."""
    beta, log_ratio = alpha - 1, a - b
    if beta == 0:
        power = np.exp(a) * log_ratio
    else:  # expm1 keeps the digits where p is near q; elsewhere e^a expm1(x) could be 0 times infinity
        near = np.abs(beta * log_ratio) < 1
        small = np.exp(a) * np.expm1(np.where(near, beta * log_ratio, 0))
        power = np.where(near, small, np.exp(a + beta * log_ratio) - np.exp(a)) / beta
    return (power - np.exp(a) + np.exp(b)) / alpha


def named(divergence: "str | Divergence", **parameters: Any) -> Divergence:
    """The row of this name with its parameters, `prior` of js or `alpha` of alpha; a row is returned unchanged.

    Raises `WganError` for an unknown name or a parameter that the row does not have.

    Examples:
        >>> named("alpha", alpha=2.0).what
        'alpha divergence of order 2'
    """
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
    """q f(p/q) from log p and log q: its limit where p or q is 0, and 0 where both are; the broadcast shape."""
    log_p, log_q = map(_log_density, (log_p, log_q))
    try:
        log_p, log_q = np.broadcast_arrays(log_p, log_q)
    except ValueError:
        raise WganError(
            f"log_p has shape {log_p.shape} and log_q {log_q.shape}; give the log densities of the same points."
        ) from None
    both = np.isfinite(log_p) & np.isfinite(log_q)
    with np.errstate(over="ignore"):
        inside = row.terms(np.where(both, log_p, 0), np.where(both, log_q, 0))
        alone = _alone(log_p, row.at_infinity) + _alone(log_q, row.at_zero)
    return np.where(both, inside, alone)


def _log_density(log: Any) -> np.ndarray:
    exact = as_float64(log, "log density", "numbers [n]", finite=False)
    if np.isnan(exact).any() or (exact > LARGEST_LOG).any():
        raise WganError(f"a log density is NaN, infinite or above {LARGEST_LOG:g}; -inf is allowed and means no mass.")
    return np.where(np.isfinite(exact), np.maximum(exact, LEAST_LOG), exact)


def _alone(log: np.ndarray, limit: float) -> np.ndarray:
    return np.where(np.isfinite(log), INF if limit == INF else np.exp(log) * limit, 0.0)


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
