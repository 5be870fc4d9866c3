"""Density ratios against pairs whose ratio is known, and uLSIF's closed forms against brute force."""

import math

import numpy as np
import pytest
from scipy.optimize import nnls
from scipy.stats import norm
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from wgan import WganError
from wgan.maths.density_ratio import density_ratio, from_scores, leave_one_out, ulsif
from wgan.maths.divergences import DIVERGENCES, NUMPY, named

N = 4000


def rows(seed, n=N):
    """N((1, 0), I) and N(0, I) in the plane: log r = x_1 - 1/2."""
    rng = np.random.default_rng(seed)
    return rng.normal([1, 0], 1, (n, 2)), rng.normal(size=(n, 2))


def log_truth(points):
    return points[:, 0] - 0.5


POINTS = np.array([[0.5, 0.0], [-1.0, 0.5], [2.0, -0.5], [1.0, 1.0]])


@pytest.mark.parametrize("prior", [None, 0.5, 0.2, 0.8])
def test_the_ratio_does_not_depend_on_the_prior_and_is_the_gaussians(prior):
    """A logistic regression of 1 and x has log-ratio errors of standard deviation s from its Fisher information."""
    real, fake = rows(0)
    classifier = LogisticRegression(C=np.inf)
    ratio = density_ratio(real, fake, classifier, prior)
    assert not hasattr(classifier, "coef_"), "the caller's object stays as it was"
    share = ratio.settings["prior"]
    assert share == pytest.approx(prior or 0.5, abs=1e-3)
    kept = min(N / share, N / (1 - share))
    x = np.column_stack([np.ones(2 * N), np.concatenate([real, fake])])
    weight = np.repeat([share / N, (1 - share) / N], N)
    d = 1 / (1 + np.exp(-log_truth(x[:, 1:]) - math.log(share / (1 - share))))
    covariance = np.linalg.inv((x * (weight * d * (1 - d))[:, None]).T @ x) / kept
    covariance[0, 0] -= 1 / (kept * share * (1 - share))  # the share is known, not drawn
    at = np.column_stack([np.ones(len(POINTS)), POINTS])
    error = np.sqrt(np.einsum("ij,jk,ik->i", at, covariance, at))
    deviation = np.abs(ratio.log_ratio(POINTS) - log_truth(POINTS)) / error
    assert deviation.max() < 4
    assert error.max() < 0.2, "the band is narrow enough to mean something"


def test_uneven_sets_are_corrected_by_their_share():
    real, fake = rows(1)
    ratio = density_ratio(real[:1000], fake)
    assert ratio.settings["prior"] == 0.2
    assert ratio.log_ratio(POINTS) == pytest.approx(log_truth(POINTS), abs=0.3)  # log 4 = 1.39 is what is corrected
    assert ratio(POINTS) == pytest.approx(np.exp(ratio.log_ratio(POINTS)))


class _Rounded(ClassifierMixin, BaseEstimator):
    """A classifier with predict_proba only, as those of other libraries."""

    def fit(self, X, y):
        self.model_ = LogisticRegression().fit(X, y)
        return self

    def predict_proba(self, X):
        return self.model_.predict_proba(X)


CLASSIFIERS = {
    "default": None,
    "logistic": LogisticRegression(),
    "forest": RandomForestClassifier(50, min_samples_leaf=100, random_state=0),
    "neighbours": KNeighborsClassifier(300),
    "probabilities only": _Rounded(),
}


@pytest.mark.parametrize("name", [*CLASSIFIERS, "uLSIF"])
def test_each_way_is_calibrated_on_held_out_rows(name):
    """E_Q r = 1, KL and JS near their truths 1/2 and .1133 and not above them, and a small root mean square error."""
    real, fake = rows(2, 2000)
    ratio = ulsif(real, fake) if name == "uLSIF" else density_ratio(real, fake, CLASSIFIERS[name])
    held_real, held_fake = rows(3)
    found = ratio.evaluate(held_real, held_fake)
    assert abs(found.fake_mean - 1) < 4 * found.fake_mean_error + 0.05
    assert 0.35 < found.kl.value < 0.5 + 4 * found.kl.standard_error
    assert 0.09 < found.js.value < 0.1133 + 4 * found.js.standard_error
    assert found.calibration_error < 0.04
    d, truth = (r / (1 + r) for r in (ratio(held_fake), np.exp(log_truth(held_fake))))
    assert np.sqrt(np.mean((d - truth) ** 2)) < (0.1 if name == "uLSIF" else 0.06), "D has the spread 0.2"


def test_evaluation_finds_a_ratio_that_forgot_its_prior():
    real, fake = rows(4)
    ratio = density_ratio(real[:1000], fake[:4000])
    wrong = ratio._replace(log_ratio=lambda points: ratio.log_ratio(points) + math.log(1 / 4))
    held_out = rows(5)
    assert abs(wrong.evaluate(*held_out).fake_mean - 1) > 0.5
    assert wrong.evaluate(*held_out).calibration_error > 0.1
    assert wrong.evaluate(*held_out).kl.value < ratio.evaluate(*held_out).kl.value


def test_evaluation_is_its_definition():
    real, fake = rows(6, 500)
    exact = density_ratio(real, fake)._replace(log_ratio=lambda points: log_truth(np.asarray(points)))
    found = exact.evaluate(real, fake)
    r, s = np.exp(log_truth(fake)), np.exp(-log_truth(real))
    assert found.fake_mean == pytest.approx(r.mean())
    assert found.real_inverse_mean == pytest.approx(s.mean())
    assert found.fake_mean_error == pytest.approx(r.std(ddof=1) / math.sqrt(500))
    assert found.kl.value == pytest.approx((1 + log_truth(real)).mean() - r.mean())
    js = math.log(2) - np.logaddexp(0, -log_truth(real)).mean() / 2 - np.logaddexp(0, log_truth(fake)).mean() / 2
    assert found.js.value == pytest.approx(js)
    d = np.concatenate([1 / (1 + s), r / (1 + r)])
    error = 0.0
    for low in np.arange(10) / 10:
        inside = (d >= low) & (d < low + 0.1 + 1e-12)
        error += abs(d[inside].sum() - inside[:500].sum()) / 1000
    assert found.calibration_error == pytest.approx(error)


@pytest.mark.parametrize("prior", [0.5, 0.1])
def test_a_discriminators_scores_give_the_ratio(prior):
    log_ratio = np.linspace(-5, 5, 11)
    logit = log_ratio + math.log(prior / (1 - prior))
    np.testing.assert_allclose(from_scores(logit, prior), np.exp(log_ratio), rtol=1e-12)


@pytest.mark.parametrize("name", DIVERGENCES)
def test_an_f_gan_critics_scores_give_the_ratio(name):
    row = named(name)
    if row.ratio is None:
        with pytest.raises(WganError, match="tell only where p > q"):
            from_scores([0.0], divergence=name)
        return
    v = np.linspace(-1.5, 3, 20)
    ratio = from_scores(v, divergence=name)
    np.testing.assert_allclose(row.activation(NUMPY, v), row.derivative(ratio), rtol=1e-9, atol=1e-12)


def test_the_leave_one_out_score_is_that_of_refitting():
    rng = np.random.default_rng(7)
    for n, m in ((7, 9), (9, 6)):
        on_real, on_fake, penalty = rng.random((n, 4)), rng.random((m, 4)), 0.3
        losses = []
        for i in range(min(n, m)):
            real, fake = np.delete(on_real, i, 0), np.delete(on_fake, i, 0)
            weights = np.linalg.inv(fake.T @ fake / len(fake) + penalty * np.eye(4)) @ real.mean(0)
            weights = np.maximum(0, weights)
            losses.append((on_fake[i] @ weights) ** 2 / 2 - on_real[i] @ weights)
        assert leave_one_out(on_real, on_fake, penalty) == pytest.approx(np.mean(losses), rel=1e-10)


def test_ulsif_is_the_least_squares_problem_where_no_weight_is_negative():
    """min_a 1/2 a' H a - h' a + penalty/2 a' a over a >= 0, by another solver; the two agree where nothing is cut."""
    rng = np.random.default_rng(8)
    real, fake = rng.normal(0.3, 1, (300, 1)), rng.normal(size=(400, 1))
    ratio = ulsif(real, fake, width=2.0, penalty=5.0, centres=5)
    grid = np.linspace(-2, 2, 9)[:, None]
    at = np.random.Generator(np.random.Philox(key=[0, 5], counter=[0, 0, 0, 0])).permutation(real)[:5]

    def kernels(points):
        return np.exp(-((points - at.T) ** 2) / 8)

    gram = kernels(fake).T @ kernels(fake) / 400 + 5 * np.eye(5)
    root = np.linalg.cholesky(gram)
    weights, _ = nnls(root.T, np.linalg.solve(root, kernels(real).mean(0)))
    assert (weights > 0).all()
    np.testing.assert_allclose(ratio(grid), kernels(grid) @ weights, rtol=1e-9)


def test_ulsif_chooses_a_width_and_a_penalty_nearly_as_good_as_the_best():
    real, fake = rows(9, 1000)
    held_out = rows(10)[1]
    truth = np.exp(log_truth(held_out))

    def error(ratio):
        return np.sqrt(np.mean((ratio(held_out) - truth) ** 2))

    chosen = ulsif(real, fake)
    errors = [error(ulsif(real, fake, w, p)) for w in (0.2, 0.5, 1.0, 2.0, 4.0) for p in (1e-3, 1e-2, 0.1, 1.0)]
    assert error(chosen) < 1.15 * min(errors)
    assert error(chosen) < 0.85 * truth.std(), "r = 1 would have all of it"
    assert max(errors) > 1.4 * error(chosen), "the choice matters"
    scaled = ulsif(1000 * real, 1000 * fake)
    np.testing.assert_allclose(scaled(1000 * held_out[:50]), chosen(held_out[:50]), rtol=1e-6)


def test_a_ratio_of_a_narrow_to_a_wide_gaussian():
    rng = np.random.default_rng(11)
    real, fake = rng.normal(0, 0.6, (N, 1)), rng.normal(size=(N, 1))
    x = np.linspace(-1, 1, 9)[:, None]
    truth = (norm.pdf(x, 0, 0.6) / norm.pdf(x))[:, 0]
    for ratio in (density_ratio(real, fake), ulsif(real[:1000], fake[:1000])):
        assert np.abs(ratio(x) / truth - 1).max() < 0.2


def test_images_are_rows_too_and_certain_classifiers_give_zero_and_infinity():
    rng = np.random.default_rng(12)
    real, fake = rng.normal(4, 1, (50, 3, 3, 1)), rng.normal(-4, 1, (50, 3, 3, 1))
    ratio = density_ratio(real, fake, KNeighborsClassifier(3))
    assert (ratio(real) == np.inf).all()
    assert (ratio(fake) == 0).all()
    assert all(np.isfinite(np.ravel(value)).all() for value in ratio.evaluate(real, fake))


def test_two_rows_of_each_kind_are_enough_for_a_classifier_and_three_for_ulsif():
    real, fake = np.array([[0.0], [1.0], [2.0]]), np.array([[3.0], [4.0], [5.0]])
    assert density_ratio(real[:2], fake[:2])(real).shape == (3,)
    assert np.isfinite(ulsif(real, fake)(real)).all()
    with pytest.raises(WganError, match="real has 1 row; give at least 2"):
        density_ratio(real[:1], fake)


class _Fitted:
    """A model that is fitted already and that nobody can fit."""

    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (lambda x, y: density_ratio(x, y, _Fitted()), "_Fitted does not tell probabilities; give a scikit-learn"),
        (lambda x, y: density_ratio(x, y, LinearSVC()), "LinearSVC does not tell probabilities"),
        (lambda x, y: density_ratio(x, y, prior=0.0), "prior is 0.0; it must be a number between 0 and 1"),
        (lambda x, y: density_ratio(x, y, prior=1e-6), "leaves 0 real"),
        (lambda x, y: density_ratio(x, y[:, :1]), "real has 2 columns and fake has 1"),
        (lambda x, y: density_ratio(x, np.full_like(y, np.inf)), "fake holds NaN or infinite"),
        (lambda x, y: density_ratio(x[:0], y), "real is empty"),
        (lambda x, y: density_ratio(x, y)(x[:, :1]), "rows have 1 columns but the ratio was fitted to 2"),
        (lambda x, y: ulsif(x, y, width=-1.0), "width is -1.0; it must be a finite number above 0"),
        (lambda x, y: ulsif(x, y, penalty=math.nan), "penalty is nan"),
        (lambda x, y: ulsif(x, y, centres=0), "centres is 0"),
        (lambda x, y: ulsif(x[:2], y), "real has 2 rows; give at least 3"),
        (lambda x, y: from_scores([0.0], prior=2.0), "prior is 2.0"),
        (lambda x, y: from_scores([0.0], divergence="kll"), "did you mean 'kl'"),
    ],
)
def test_bad_input_gets_one_sentence(call, part):
    with pytest.raises(WganError, match=part):
        call(*rows(13, 20))
