"""How far generated rows of a table are from real ones: column by column, together, and in use.

Every function takes rows at rest, as `data.table` has them: numbers, codes of levels, NaN for gaps.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from wgan.data.columns import TableForm
from wgan.errors import WganError
from wgan.maths.metrics import Measurement, Metric

FOLDS = 5  # of the cross-validated AUC
MOST_FITTED = 5_000  # rows of each kind that a forest is fitted to
TREES = 100


@dataclass(frozen=True, eq=False)
class TableSets:
    """What is compared. For the floor, `fake` are training rows.

    Rows at rest: `real` [m, columns] held out, `fake` [n, columns], `train` all training rows in random order, or
    None for the floor. `target` is the number of the column that is to be predicted from the others.
    """

    form: TableForm
    real: np.ndarray
    fake: np.ndarray
    train: np.ndarray | None
    target: int
    seed: int = 0

    @property
    def numbers(self) -> list[int] | None:
        """The columns of numbers that vary among the real rows; None where there are none."""
        return [at for at in _of_kind(self.form, "number") if np.nanstd(self.real[:, at]) > 0] or None

    @property
    def levels(self) -> list[int] | None:
        """The columns with levels or gaps; None where there are none."""
        return [at for at, column in enumerate(self.form.columns) if column.group] or None

    @property
    def pairs(self) -> int | None:
        """How many pairs of columns that vary there are; None for none."""
        varying = sum(column.kind != "constant" for column in self.form.columns)
        return varying * (varying - 1) // 2 or None


def column_w1(form: TableForm, real: np.ndarray, fake: np.ndarray) -> Measurement:
    """The mean over columns of numbers of the Wasserstein-1 distance of two columns over the real standard deviation.

    Gaps are left out. `shares`: of each such column. The error is that of the mean over columns.
    """
    from scipy.stats import wasserstein_distance

    found = []
    for at in _of_kind(form, "number"):
        x, y = (rows[~np.isnan(rows[:, at]), at] for rows in (real, fake))
        scale = x.std() if len(x) else 0.0
        if not scale:
            continue  # nothing but gaps, or one number, among the held-out rows
        found.append(wasserstein_distance(x, y) / scale if len(y) else np.inf)
    return _over_columns(found)


def column_tv(form: TableForm, real: np.ndarray, fake: np.ndarray) -> Measurement:
    """The mean over columns of the total variation distance of the shares of their levels, a gap being one of them.

    A column of numbers counts where it has gaps, with the levels "number" and "gap".

    Examples:
        >>> from wgan.data.table import Column
        >>> form = TableForm("table", (1,), "float64", 0.0, 1.0, None, None, (Column("a", "levels", "str", kept=2),))
        >>> column_tv(form, np.array([[0.0], [1.0]]), np.array([[0.0], [0.0]])).value
        0.5
    """
    found = []
    for at, column in enumerate(form.columns):
        if not column.group:
            continue
        codes = [
            np.where(np.isnan(rows[:, at]), -1, 0 if column.kind == "number" else rows[:, at]) for rows in (real, fake)
        ]
        levels = np.unique(np.concatenate(codes))
        shares = [(code[:, None] == levels).mean(0) for code in codes]
        found.append(np.abs(shares[0] - shares[1]).sum() / 2)
    return _over_columns(found)


def correlation_difference(form: TableForm, real: np.ndarray, fake: np.ndarray) -> Measurement:
    """The mean over pairs of columns of the absolute difference of their correlations, as encoded for training.

    That is of normal scores for numbers and of an indicator for each level; a pair of columns has the mean over its
    pairs of units. A unit that does not vary is correlated with nothing.
    """
    owners = [at for at, column in enumerate(form.columns) if column.kind == "number"]
    owners += [at for at, column in enumerate(form.columns) for _ in range(column.group)]
    owner, names = np.array(owners), sorted(set(owners))
    difference = np.abs(np.subtract(*(_correlation(form.encode(rows)) for rows in (real, fake))))
    member = (owner[:, None] == np.array(names)).astype(float)
    blocks = (member.T @ difference @ member) / np.outer(member.sum(0), member.sum(0))
    pairs = blocks[np.triu_indices(len(names), 1)]
    return _over_columns(list(pairs))


def _correlation(encoded: np.ndarray) -> np.ndarray:
    centred = encoded.astype(np.float64) - encoded.mean(0, dtype=np.float64)
    lengths = np.sqrt((centred**2).sum(0))
    centred /= np.where(lengths > 1e-6, lengths, np.inf)
    return centred.T @ centred


def detection(form: TableForm, real: np.ndarray, fake: np.ndarray, seed: int = 0) -> Measurement:
    """The cross-validated AUC of a random forest that is to tell samples from as many real rows: 0.5 if it cannot.

    The error is Hanley and McNeil's (1982).
    """
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    count = min(len(real), len(fake), MOST_FITTED)
    rows, labels = np.concatenate([real[:count], fake[:count]]), np.repeat([0, 1], count)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    chances = cross_val_predict(_forest(True, seed), rows, labels, cv=folds, method="predict_proba")[:, 1]
    auc = float(roc_auc_score(labels, chances))
    first, second = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = (auc * (1 - auc) + (count - 1) * (first + second - 2 * auc**2)) / count**2
    return Measurement(auc, float(np.sqrt(max(variance, 0.0))))


def usefulness(form: TableForm, real: np.ndarray, fake: np.ndarray, target: int, seed: int = 0) -> Measurement:
    """How well a random forest that was fitted to samples predicts column `target` of real rows from the others:
    its accuracy, or of a number R^2, 1 - mean squared error / variance.

    Its floor is the same forest fitted to as many training rows. Rows whose target is missing are left out.
    """
    others = [at for at in range(len(form.columns)) if at != target]
    fake = fake[~np.isnan(fake[:, target])][:MOST_FITTED]
    real = real[~np.isnan(real[:, target])]
    levels = form.columns[target].kind == "levels"
    x, y = real[:, others], real[:, target]
    if len(fake) == 0 or len(real) == 0 or (not levels and not y.var()):
        raise WganError(f"usefulness finds nothing to predict in column {form.columns[target].name!r}; name another.")
    predicted = _forest(levels, seed).fit(fake[:, others], fake[:, target]).predict(x)
    if levels:
        right = predicted == y
        return Measurement(float(right.mean()), float(right.std() / np.sqrt(len(y))))
    squares = (predicted - y) ** 2 / y.var()
    return Measurement(float(1 - squares.mean()), float(squares.std() / np.sqrt(len(y))))


def _forest(levels: bool, seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    if levels:
        return RandomForestClassifier(TREES, random_state=seed)
    return RandomForestRegressor(TREES, max_features=1 / 3, random_state=seed)


def nearer_to_training(form: TableForm, real: np.ndarray, fake: np.ndarray, train: np.ndarray) -> Measurement:
    """The share of samples whose nearest record is a training row and not one of as many held-out rows.

    0.5 for rows that were drawn anew; more says that records can be traced. Distances are Euclidean between encoded
    rows; where both are as near, half counts.
    """
    from scipy.spatial import cKDTree

    count = min(len(real), len(train))
    points = form.encode(fake[:MOST_FITTED])
    to_train, to_real = (cKDTree(form.encode(rows[:count])).query(points)[0] for rows in (train, real))
    share = np.where(to_train == to_real, 0.5, to_train < to_real)
    return Measurement(float(share.mean()), float(share.std() / np.sqrt(len(share))), floor=0.5)


def _of_kind(form: TableForm, kind: str) -> list[int]:
    return [at for at, column in enumerate(form.columns) if column.kind == kind]


def _over_columns(found: list) -> Measurement:
    values = np.array(found, np.float64)
    return Measurement(float(values.mean()), shares=tuple(values.tolist()))


TABLE_METRICS: dict[str, Metric] = {
    "column_w1": Metric(
        "column W1",
        "lower",
        "mean over columns of numbers of W1 of the column, in its standard deviations",
        2,
        lambda s: column_w1(s.form, s.real, s.fake),
        ("numbers",),
    ),
    "column_tv": Metric(
        "column TV",
        "lower",
        "mean over columns of total variation of the shares of levels and gaps",
        2,
        lambda s: column_tv(s.form, s.real, s.fake),
        ("levels",),
    ),
    "correlation_difference": Metric(
        "correlations",
        "lower",
        "mean over pairs of columns of the absolute difference of correlations, as encoded",
        10,
        lambda s: correlation_difference(s.form, s.real, s.fake),
        ("pairs",),
    ),
    "detection": Metric(
        "detection AUC",
        "0.5",
        "cross-validated AUC of a random forest that tells samples from real rows",
        20,
        lambda s: detection(s.form, s.real, s.fake, s.seed),
    ),
    "usefulness": Metric(
        "train on samples",
        "higher",
        "accuracy, or R^2 of a number, on real rows of a forest fitted to samples; floor: fitted to training rows",
        10,
        lambda s: usefulness(s.form, s.real, s.fake, s.target, s.seed),
        ("pairs",),
    ),
    "nearer_to_training": Metric(
        "nearer to training",
        "0.5",
        "share of samples whose nearest record is a training row, not one of as many held-out rows",
        10,
        lambda s: nearer_to_training(s.form, s.real, s.fake, s.train),
        ("train",),
    ),
}
