"""The density ratio r(x) = p(x) / q(x) of real to fake rows: by a classifier, from a critic's scores, or by uLSIF.

The best classifier, trained on a share pi of real rows, is D = pi p / (pi p + (1 - pi) q). Hence
r = D / (1 - D) * (1 - pi) / pi (Sugiyama et al. 2012; Mohamed and Lakshminarayanan 2016).
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from wgan.errors import WganError
from wgan.maths import streams
from wgan.maths.divergences import Bound, named, pair_of_rows, variational_bound
from wgan.maths.exact import as_features, as_float64, as_rows, as_sets, finite_number, whole_number


class Evaluation(NamedTuple):
    """What held-out rows say of a ratio.

    `fake_mean` is E_Q r and `real_inverse_mean` is E_P 1/r, with standard errors; both are 1 for the true ratio where
    P and Q have the same support. `kl` and `js` are the lower bounds of KL(P || Q) and of the Jensen-Shannon
    divergence that the ratio gives, in nats. `calibration_error` is the mean over ten bins of D, weighted by rows, of
    |mean D - share of real rows|.
    """

    fake_mean: float
    fake_mean_error: float
    real_inverse_mean: float
    real_inverse_mean_error: float
    kl: Bound
    js: Bound
    calibration_error: float


class DensityRatio(NamedTuple):
    """A density ratio: `ratio(rows)` is r of each row, [n], `log_ratio(rows)` is log r, [n].

    `settings` says how it was made.
    """

    log_ratio: Callable[[Any], np.ndarray]
    settings: dict[str, Any]

    def __call__(self, rows: Any) -> np.ndarray:
        with np.errstate(over="ignore"):
            return np.exp(self.log_ratio(rows))

    def evaluate(self, real: Any, fake: Any) -> Evaluation:
        """The evaluation of the ratio on real and fake rows [n, ...] that it was not fitted to."""
        log_real, log_fake = (np.clip(self.log_ratio(rows), *EXTREMES) for rows in as_sets(2, real=real, fake=fake))
        with np.errstate(over="ignore"):
            of_fake, of_real = np.exp(log_fake), np.exp(-log_real)
        return Evaluation(
            *_mean(of_fake),
            *_mean(of_real),
            variational_bound("kl", 1 + log_real, 1 + log_fake),
            variational_bound("js", log_real, log_fake),
            _calibration_error(log_real, log_fake),
        )


EXTREMES = -300.0, 300.0  # trees and neighbours may have infinite log ratios; `evaluate` clips them to these


def density_ratio(
    real: Any, fake: Any, classifier: Any = None, prior: float | None = None, seed: int = 0
) -> DensityRatio:
    """r = D / (1 - D) * (1 - pi) / pi by a scikit-learn classifier D of real rows [n, ...] against fake rows [m, ...].

    `classifier` needs predict_proba; it is cloned and not changed. The default is a logistic regression on
    standardised quadratic features, which can represent the ratio of any two Gaussians. `prior` = pi is the share of
    real rows among those that it is fitted to. By default that is the share among all rows; for another share, rows
    of one kind are left out at random, drawn by `seed`. Raises `WganError` for rows that are not numbers or differ in
    their columns, for a classifier without probabilities, and for a prior that leaves no rows of a kind.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> ratio = density_ratio(rng.normal(1, 1, (4000, 1)), rng.normal(0, 1, (4000, 1)))
        >>> bool(abs(ratio.log_ratio([[1.0]])[0] - 0.5) < 0.15)  # the truth is x - 1/2
        True
    """
    from sklearn.base import clone

    real, fake = pair_of_rows(real, fake, least=2)
    if prior is not None:
        real, fake = _with_share(real, fake, prior, seed)
    if classifier is None:
        classifier = _quadratic_logistic()
    if not hasattr(classifier, "fit") or not hasattr(classifier, "predict_proba"):
        raise WganError(
            f"{type(classifier).__name__} does not tell probabilities; give a scikit-learn classifier with "
            "predict_proba, or wrap it in sklearn.calibration.CalibratedClassifierCV."
        )
    model = clone(classifier)
    model.fit(np.concatenate([real, fake]), np.repeat([1, 0], [len(real), len(fake)]))
    offset = math.log(len(fake) / len(real))  # log((1 - pi) / pi) of the rows it was fitted to
    columns = real.shape[1]

    def log_ratio(rows: Any) -> np.ndarray:
        with np.errstate(divide="ignore"):
            if hasattr(model, "predict_log_proba"):  # keeps digits where predict_proba rounds D to 1
                log = model.predict_log_proba(_flat(rows, columns))
            else:
                log = np.log(model.predict_proba(_flat(rows, columns)))
        return log[:, 1] - log[:, 0] + offset

    share = len(real) / (len(real) + len(fake))
    return DensityRatio(log_ratio, {"method": "classifier", "classifier": model, "prior": share})


def from_scores(scores: Any, prior: float = 0.5, divergence: str = "js") -> np.ndarray:
    """The density ratio p/q of rows from a trained critic's raw scores of them, in the shape of `scores`.

    For a discriminator (`minimax`, `non-saturating`, `fgan-js`) that is trained with a share pi = `prior` of real rows
    it is exp(score) (1 - pi) / pi. For another f-GAN objective, give its `divergence`, such as "pearson". Raises
    `WganError` for an unknown divergence and for one whose scores do not determine the ratio.

    Examples:
        >>> from_scores([0.0, np.log(3)], prior=0.25).round(12).tolist()
        [3.0, 9.0]
    """
    row = named(divergence, **({"prior": prior} if divergence == "js" else {}))
    if row.ratio is None:
        raise WganError(f"the scores of {row.name} tell only where p > q, not the ratio; use another divergence.")
    with np.errstate(over="ignore"):
        return row.ratio(as_float64(scores, "scores", "numbers"))


def ulsif(
    real: Any,
    fake: Any,
    width: float | None = None,
    penalty: float | None = None,
    centres: int = 100,
    seed: int = 0,
) -> DensityRatio:
    """The density ratio by unconstrained least-squares importance fitting (Kanamori, Hido, Sugiyama, JMLR 10, 2009).

    r(x) = sum_l a_l k_l(x) with k_l(x) = exp(-|x - c_l|^2 / (2 width^2)) and a = max(0, (H + penalty I)^-1 h). H is the
    mean of k k^T over fake rows [m, ...] and h the mean of k over real rows [n, ...]. The c_l are `centres` of the real
    rows, drawn by `seed`. Exact leave-one-out validation chooses the `width` or `penalty` that is not given. The ratio
    is bounded, and 0 far from the centres. Raises `WganError` for fewer than 3 rows of a kind, and for settings that
    are not positive.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> ratio = ulsif(rng.normal(1, 1, (500, 1)), rng.normal(0, 1, (500, 1)))
        >>> bool(abs(ratio([[0.5]])[0] - 1) < 0.3)  # the truth is 1
        True
    """
    from scipy.spatial.distance import cdist

    real, fake = pair_of_rows(real, fake, least=3)
    for name, value in (("width", width), ("penalty", penalty)):
        if value is not None:
            finite_number(value, name, above=0)
    centres = whole_number(centres, "centres")
    rng = streams.stream(seed, "held_out")
    real, fake = rng.permutation(real), rng.permutation(fake)
    at = real[:centres]
    squares = [cdist(rows, at, "sqeuclidean") for rows in (real, fake)]
    typical = math.sqrt(np.median(np.concatenate(squares))) or 1.0
    widths = [width] if width else [typical * factor for factor in WIDTHS]
    penalties = [penalty] if penalty else PENALTIES
    best = (math.inf, widths[0], penalties[0])
    for one in widths if len(widths) * len(penalties) > 1 else ():
        on_real, on_fake = (np.exp(-square / (2 * one**2)) for square in squares)
        best = min(best, *((leave_one_out(on_real, on_fake, weight), one, weight) for weight in penalties))
    _, width, penalty = best
    on_real, on_fake = (np.exp(-square / (2 * width**2)) for square in squares)
    gram = on_fake.T @ on_fake / len(fake) + penalty * np.eye(len(at))
    weights = np.maximum(0, np.linalg.solve(gram, on_real.mean(0)))

    def log_ratio(rows: Any) -> np.ndarray:
        kernel = np.exp(-cdist(_flat(rows, at.shape[1]), at, "sqeuclidean") / (2 * width**2))
        with np.errstate(divide="ignore"):
            return np.log(kernel @ weights)

    return DensityRatio(log_ratio, {"method": "uLSIF", "width": width, "penalty": penalty, "centres": len(at)})


WIDTHS = [0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0]  # as multiples of the median distance to a centre
PENALTIES = [10.0**power for power in (-4, -3, -2, -1, 0, 1)]


def leave_one_out(on_real: np.ndarray, on_fake: np.ndarray, penalty: float) -> float:
    """The mean of r(fake_i)^2 / 2 - r(real_i), where r is fitted without the i-th row of both sets, in closed form.

    `on_real` [n, centres] and `on_fake` [m, centres] are the kernels at the rows; each of the first min(n, m) rows is
    left out in turn. Without one fake row, H changes by a matrix of rank one, so that the formula of Sherman and
    Morrison gives every inverse from the inverse of all rows.
    """
    on_real, on_fake = as_features(2, on_real=on_real, on_fake=on_fake)
    n, m = len(on_real), len(on_fake)
    count = min(n, m)
    real, fake = on_real[:count], on_fake[:count]
    whole = on_fake.T @ on_fake + penalty * (m - 1) * np.eye(on_fake.shape[1])
    targets = (on_real.sum(0) - real) / (n - 1) * (m - 1)
    solved, kernels = np.split(np.linalg.solve(whole, np.concatenate([targets, fake]).T).T, 2)
    share = (fake * solved).sum(1) / (1 - (fake * kernels).sum(1))
    weights = np.maximum(0, solved + kernels * share[:, None])
    return float(np.mean((fake * weights).sum(1) ** 2 / 2 - (real * weights).sum(1)))


def _quadratic_logistic() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    return make_pipeline(
        StandardScaler(), PolynomialFeatures(2, include_bias=False), StandardScaler(), LogisticRegression(max_iter=1000)
    )


def _with_share(real: np.ndarray, fake: np.ndarray, prior: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The most rows with a share `prior` of real ones, drawn without replacement."""
    if not 0 < finite_number(prior, "prior") < 1:
        raise WganError(f"prior is {prior!r}; it must be a number between 0 and 1, the share of real rows.")
    total = min(len(real) / prior, len(fake) / (1 - prior))
    first, second = round(total * prior), round(total * (1 - prior))
    if min(first, second) < 1:
        raise WganError(f"a share of {prior:g} leaves {first} real and {second} fake rows; give more rows.")
    rng = streams.stream(seed, "held_out")
    return rng.permutation(real)[:first], rng.permutation(fake)[:second]


def _flat(rows: Any, columns: int) -> np.ndarray:
    flat = as_rows(rows, "rows")
    if flat.shape[1] != columns:
        raise WganError(f"rows have {flat.shape[1]} columns but the ratio was fitted to {columns}; give [n, ...].")
    return flat


def _mean(values: np.ndarray) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))


def _calibration_error(log_real: np.ndarray, log_fake: np.ndarray) -> float:
    """The calibration error of D = sigmoid(log r), where real and fake rows have the same total weight."""
    from scipy.special import expit

    d = expit(np.concatenate([log_real, log_fake]))
    weight = np.repeat([0.5 / len(log_real), 0.5 / len(log_fake)], [len(log_real), len(log_fake)])
    is_real = np.repeat([1.0, 0.0], [len(log_real), len(log_fake)])
    bins = np.minimum((d * 10).astype(int), 9)
    return float(np.abs(np.bincount(bins, weight * (d - is_real), minlength=10)).sum())
