"""Metrics of generated rows of a table: of each column, of columns together, and of their use in place of real rows.

Every function takes rows at rest, as in `data.table`: numbers, codes of levels, NaN for gaps.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from wgan.data.columns import TableForm
from wgan.errors import WganError
from wgan.files.printed import amount
from wgan.maths.exact import as_float64
from wgan.maths.metrics import Measurement, Metric, nearest_of
from wgan.maths.metrics.columns import distance_of_levels, distance_of_numbers
from wgan.maths.metrics.measures import clipped, wilson

FOLDS = 5  # of the cross-validated AUC
MOST_FITTED = 5_000  # rows of each kind to which a forest is fitted, at most
TREES = 100


@dataclass(frozen=True, eq=False)
class TableSets:
    """The sets of rows at rest that the metrics compare.

    `real` [m, columns] are held-out rows, `fake` [n, columns] are samples, and `train` are all training rows in random
    order. For the floor, `fake` are training rows and `train` is None. `target` is the index of the column to predict
    from the others.
    """

    form: TableForm
    real: np.ndarray
    fake: np.ndarray
    train: np.ndarray | None
    target: int
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("real", "fake", "train"):
            if (rows := getattr(self, name)) is not None:
                object.__setattr__(self, name, at_rest(self.form, rows, name))

    @property
    def numbers(self) -> list[int] | None:
        """The columns of numbers that vary among the real rows; None without any."""
        numbers = _columns_of_kind(self.form, "number")
        return [at for at in numbers if len(np.unique(self.real[~np.isnan(self.real[:, at]), at])) > 1] or None

    @property
    def levels(self) -> list[int] | None:
        """The columns with levels or gaps; None without any."""
        return [at for at, column in enumerate(self.form.columns) if column.group] or None

    @property
    def pairs(self) -> int | None:
        """The number of pairs of columns that vary; None without any."""
        varying = sum(column.varies for column in self.form.columns)
        return varying * (varying - 1) // 2 or None


def at_rest(form: TableForm, rows: Any, name: str) -> np.ndarray:
    """Rows at rest of a table as float64 [n, columns]; NaN is a gap, and levels are codes.

    Raises WganError for other shapes, for infinite numbers, and for codes that stand for no level.
    """
    exact = as_float64(rows, name, f"rows at rest [n, {len(form.columns)}]", finite=False)
    if exact.shape[1:] != (len(form.columns),) or not len(exact):
        raise WganError(f"{name} has shape {exact.shape}; give rows at rest [n, {len(form.columns)}].")
    if np.isinf(exact).any():
        raise WganError(f"{name} holds infinite numbers; drop those rows.")
    for at, column in enumerate(form.columns):
        codes = exact[~np.isnan(exact[:, at]), at]
        if column.kind == "levels" and not np.isin(codes, np.arange(len(column.levels))).all():
            raise WganError(
                f"{name} holds codes in column {column.name!r} that stand for no level; give 0 to "
                f"{len(column.levels) - 1}."
            )
    return exact


def _checked(form: TableForm, least: int, **sets: Any) -> list[np.ndarray]:
    """Sets of at least so many rows at rest, each as `at_rest` reads it."""
    found = [at_rest(form, rows, name) for name, rows in sets.items()]
    for name, rows in zip(sets, found, strict=True):
        if len(rows) < least:
            raise WganError(f"{name} has {amount(len(rows), 'row')}; give at least {least}.")
    return found


def column_w1(form: TableForm, real: np.ndarray, fake: np.ndarray) -> Measurement:
    """The Wasserstein-1 distance between samples and real rows in one column of numbers, averaged over such columns.

    The unit is the standard deviation of the real column. Gaps are left out. `shares` are the distances of the columns.
    """
    real, fake = _checked(form, 1, real=real, fake=fake)
    found = []
    for at in _columns_of_kind(form, "number"):
        x, y = (rows[~np.isnan(rows[:, at]), at] for rows in (real, fake))
        if not len(x) or not x.std():
            continue  # the held-out rows have only gaps or only one number
        if not len(y):
            raise WganError(
                f"column_w1 has no distance in column {form.columns[at].name!r}: all samples are gaps there."
            )
        found.append(distance_of_numbers(x, y))
    return _mean_over_columns(found)


def column_tv(form: TableForm, real: np.ndarray, fake: np.ndarray) -> Measurement:
    """The total variation distance between the shares of a column's levels, averaged over columns.

    A gap counts as a level. A column of numbers counts only if it has gaps, with the levels "number" and "gap".

    Examples:
        >>> from wgan.data.table import Column
        >>> column = Column("a", "levels", "str", levels=("u", "v"), kept=2)
        >>> form = TableForm("table", (1,), "float64", 0.0, 1.0, None, None, (column,))
        >>> column_tv(form, np.array([[0.0], [1.0]]), np.array([[0.0], [0.0]])).value
        0.5
    """
    real, fake = _checked(form, 1, real=real, fake=fake)
    found = []
    for at, column in enumerate(form.columns):
        if not column.group:
            continue
        codes = [
            np.where(np.isnan(rows[:, at]), -1, 0 if column.kind == "number" else rows[:, at]) for rows in (real, fake)
        ]
        found.append(distance_of_levels(*codes))
    return _mean_over_columns(found)


def correlation_difference(form: TableForm, real: np.ndarray, fake: np.ndarray) -> Measurement:
    """The absolute difference between the correlations of samples and of real rows, averaged over pairs of columns.

    Columns are encoded as for training: normal scores for numbers, an indicator for each level. A pair of columns has
    the mean over its pairs of units. A unit that does not vary has correlation 0 with every other.
    """
    real, fake = _checked(form, 2, real=real, fake=fake)
    owners = [at for at, column in enumerate(form.columns) if column.kind == "number"]
    owners += [at for at, column in enumerate(form.columns) for _ in range(column.group)]
    owner, names = np.array(owners), sorted(set(owners))
    difference = np.abs(np.subtract(*(_correlation(form.encode(rows)) for rows in (real, fake))))
    member = (owner[:, None] == np.array(names)).astype(float)
    blocks = (member.T @ difference @ member) / np.outer(member.sum(0), member.sum(0))
    pairs = blocks[np.triu_indices(len(names), 1)]
    return _mean_over_columns(list(pairs))


def _correlation(encoded: np.ndarray) -> np.ndarray:
    centred = encoded.astype(np.float64) - encoded.mean(0, dtype=np.float64)
    lengths = np.sqrt((centred**2).sum(0))
    centred /= np.where(lengths > 1e-6, lengths, np.inf)
    return centred.T @ centred


def detection(form: TableForm, real: np.ndarray, fake: np.ndarray, seed: int = 0) -> Measurement:
    """The cross-validated AUC of a random forest that learns to tell samples from as many real rows; 0.5 if it cannot.

    The error is by the formula of Hanley and McNeil (1982).
    """
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    real, fake = _checked(form, FOLDS, real=real, fake=fake)
    count = min(len(real), len(fake), MOST_FITTED)
    rows, labels = np.concatenate([real[:count], fake[:count]]), np.repeat([0, 1], count)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    chances = cross_val_predict(_forest(True, seed), rows, labels, cv=folds, method="predict_proba")[:, 1]
    auc = float(roc_auc_score(labels, chances))
    first, second = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = (auc * (1 - auc) + (count - 1) * (first + second - 2 * auc**2)) / count**2
    return Measurement(auc, float(np.sqrt(max(variance, 0.0))), interval=wilson(auc, count))


def usefulness(form: TableForm, real: np.ndarray, fake: np.ndarray, target: int, seed: int = 0) -> Measurement:
    """How well a random forest that is fitted to samples predicts column `target` of real rows from the others.

    The value is the accuracy or, for a column of numbers, R^2 = 1 - mean squared error / variance. The floor is the
    same forest fitted to as many training rows. Rows whose target is missing are left out.
    """
    real, fake = _checked(form, 1, real=real, fake=fake)
    others = [at for at in range(len(form.columns)) if at != target]
    fake = fake[~np.isnan(fake[:, target])][:MOST_FITTED]
    real = real[~np.isnan(real[:, target])]
    levels = form.columns[target].kind == "levels"
    x, y = real[:, others], real[:, target]
    if len(fake) == 0 or len(real) == 0 or (not levels and not y.var()):
        raise WganError(f"usefulness finds nothing to predict in column {form.columns[target].name!r}; name another.")
    predicted = _forest(levels, seed).fit(fake[:, others], fake[:, target]).predict(x)
    if levels:
        return Measurement.mean(predicted == y)
    squares = (predicted - y) ** 2 / y.var()
    return Measurement(float(1 - squares.mean()), float(squares.std() / np.sqrt(len(y))))


def baseline(form: TableForm, real: np.ndarray, train: np.ndarray, target: int) -> float | None:
    """The score of `usefulness` without a model: all real rows get the commonest level or the mean of training rows.

    None if no row has a value in column `target`.
    """
    known, y = (rows[~np.isnan(rows[:, target]), target] for rows in (train, real))
    if not len(known) or not len(y):
        return None
    if form.columns[target].kind == "levels":
        values, counts = np.unique(known, return_counts=True)
        return float((y == values[counts.argmax()]).mean())
    return float(1 - ((y - known.mean()) ** 2).mean() / y.var()) if y.var() else None


def _forest(levels: bool, seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    if levels:
        return RandomForestClassifier(TREES, random_state=seed)
    return RandomForestRegressor(TREES, max_features=1 / 3, random_state=seed)


def nearer_to_training(form: TableForm, real: np.ndarray, fake: np.ndarray, train: np.ndarray) -> Measurement:
    """The share of samples whose nearest real row is a training row, as if there were as many held-out rows.

    All N training rows are searched. With m held-out rows, a sample nearest to a held-out row counts N / m times, so
    that new rows of the same data have 0.5 on average; a generator that copies has 1. Distances are Euclidean between
    encoded rows, and rows at the same distance share a sample. The error is that of a generator that copies nothing: it
    says how much the value would vary if the N + m real rows were split differently into training and held-out rows. So
    it allows for many samples near to one row, which count together.
    """
    real, fake, train = _checked(form, 1, real=real, fake=fake, train=train)
    counts = nearest_of(*(form.encode(rows) for rows in (fake[:MOST_FITTED], train, real)))
    of_train, dealt = len(train), len(counts)
    times = of_train / len(real)
    near_train, near_real = counts[:of_train].sum(), counts[of_train:].sum()
    value = near_train / (near_train + times * near_real)
    deviation = np.sqrt(of_train * len(real) / dealt * counts.var(ddof=1)) / counts.sum()  # of the dealt share
    error = float(deviation * (1 + times) ** 2 / (4 * times))
    return Measurement(float(value), error, floor=0.5, interval=clipped(float(value), error))


def _columns_of_kind(form: TableForm, kind: str) -> list[int]:
    return [at for at, column in enumerate(form.columns) if column.kind == kind]


def _mean_over_columns(found: list) -> Measurement:
    if not found:
        raise WganError("the table has no columns for this metric; leave it out.")
    values = np.array(found, np.float64)
    return Measurement(float(values.mean()), shares=tuple(values.tolist()))


TABLE_METRICS: dict[str, Metric] = {
    "column_w1": Metric(
        "column W1",
        "lower",
        "W1 of a column of numbers, in its standard deviations; mean over columns",
        2,
        lambda s: column_w1(s.form, s.real, s.fake),
        ("numbers",),
    ),
    "column_tv": Metric(
        "column TV",
        "lower",
        "total variation of the shares of levels and gaps in a column; mean over columns",
        2,
        lambda s: column_tv(s.form, s.real, s.fake),
        ("levels",),
        unit="share",
    ),
    "correlation_difference": Metric(
        "correlations",
        "lower",
        "absolute difference of the correlations of two encoded columns; mean over pairs",
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
        "accuracy (R^2 for numbers) on real rows of a forest fitted to samples; floor: fitted to real rows",
        10,
        lambda s: usefulness(s.form, s.real, s.fake, s.target, s.seed),
        ("pairs",),
    ),
    "nearer_to_training": Metric(
        "nearer to training",
        "0.5",
        "share of samples whose nearest real row is a training row, weighted as if as many were held out",
        10,
        lambda s: nearer_to_training(s.form, s.real, s.fake, s.train),
        ("train",),
        unit="share",
    ),
}
