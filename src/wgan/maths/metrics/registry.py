"""The metrics by name: what each needs, estimates and calls better."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from wgan.errors import WganError, unknown_name
from wgan.maths.metrics.energy import energy_distance, kernel_distance
from wgan.maths.metrics.measures import (
    DIRECTIONS,
    EXACT_ROWS,
    Measurement,
    Modes,
    class_coverage,
    exact_w1,
    frechet,
    high_quality,
    inception_style_score,
    label_agreement,
    modes_found,
    sliced_w1,
)
from wgan.maths.metrics.neighbours import diversity, memorisation, near_duplicates, neighbourhoods


@dataclass(frozen=True, eq=False)
class Sets:
    """What is compared; for the floor, `fake` holds training rows.

    `real` [m, d] are the features of held-out rows, `fake` [n, d] those of samples, and `train` [at least n, d] those
    of all training rows in random order. `real_probabilities` and `fake_probabilities` [rows, classes] are a
    classifier's, `modes` are those of labelled points, and `sample_labels` [n] are the requested classes of the
    samples. `frechet` are the real rows and the samples that the Frechet distance compares, if these are not `real` and
    `fake`. A field is None where the data have no such thing.
    """

    real: np.ndarray
    fake: np.ndarray
    train: np.ndarray | None = None
    real_probabilities: np.ndarray | None = None
    fake_probabilities: np.ndarray | None = None
    modes: Modes | None = None
    sample_labels: np.ndarray | None = None
    frechet: tuple[np.ndarray, np.ndarray] | None = None

    @cached_property
    def neighbourhoods(self) -> dict[str, Measurement]:
        """Precision, recall, density and coverage, computed once."""
        return neighbourhoods(self.real, self.fake)


@dataclass(frozen=True)
class Metric:
    """A metric: its `title`, what it `estimates`, and the `least` number of rows of each kind.

    `better` is "lower", "higher", or the right value. `measure(sets)` returns the `Measurement`; it reads `real`,
    `fake` and the fields of `Sets` named in `needs`. The unit "share" says that the value is written in percent.
    `along(sets, axis)` is the same along one axis of space, for a measure that can tell the axes apart.
    """

    title: str
    better: str
    estimates: str
    least: int
    measure: Callable[[Any], Measurement]
    needs: tuple[str, ...] = ()
    unit: str = ""
    along: Callable[[Any, int], Measurement] | None = None

    def applies(self, sets: Any) -> bool:
        """Whether `sets` has what the metric needs, such as a classifier's probabilities."""
        return all(getattr(sets, name) is not None for name in self.needs)


def measurement(name: str, sets: Any, table: Mapping[str, "Metric"] | None = None) -> Measurement:
    """The metric `name` of METRICS, or of another such table, measured on `sets`.

    Raises `WganError`, which says how many rows the metric needs, where there are too few.

    Examples:
        >>> measurement("frechet", Sets(np.zeros((500, 2)), np.zeros((20, 2))))
        Traceback (most recent call last):
        wgan.errors.WganError: frechet needs at least 100 samples and as many real rows; there are 20 and 500.
    """
    table = METRICS if table is None else table
    if name not in table:
        raise unknown_name("metric", name, table)
    metric, counts = table[name], (len(sets.fake), len(sets.real))
    if not metric.applies(sets):
        lacking = [need for need in metric.needs if getattr(sets, need) is None]
        raise WganError(f"{name} needs {' and '.join(lacking)}; these sets lack that, so give it or leave it out.")
    if min(counts) < metric.least:
        raise WganError(
            f"{name} needs at least {metric.least} samples and as many real rows; "
            f"there are {counts[0]:,} and {counts[1]:,}."
        )
    return metric.measure(sets)


def _classes(sets: Sets) -> Measurement:
    return class_coverage(sets.real_probabilities, sets.fake_probabilities)  # type: ignore[arg-type]


METRICS: dict[str, Metric] = {
    "frechet": Metric(
        "Frechet distance",
        "lower",
        "squared distance of Gaussians fitted to the features; biased upward for few rows",
        100,
        lambda s: frechet(*(s.frechet or (s.real, s.fake))),
    ),
    "kernel_distance": Metric(
        "kernel distance",
        "lower",
        "squared MMD of the cubic kernel, unbiased: 0 on average for equal distributions",
        20,
        lambda s: kernel_distance(s.real, s.fake),
    ),
    "energy_distance": Metric(
        "energy distance",
        "lower",
        "2 E|X - Y| - E|X - X'| - E|Y - Y'|, unbiased: 0 on average for equal distributions",
        20,
        lambda s: energy_distance(s.real, s.fake),
    ),
    "exact_w1": Metric(
        "exact W1",
        "lower",
        f"Wasserstein-1 of up to {EXACT_ROWS:,} samples and rows in feature space; above that of their distributions",
        20,
        lambda s: exact_w1(s.real, s.fake),
    ),
    "sliced_w1": Metric(
        "sliced W1",
        "lower",
        f"mean Wasserstein-1 over {DIRECTIONS} random lines in feature space",
        20,
        lambda s: sliced_w1(s.real, s.fake),
    ),
    "precision": Metric(
        "precision",
        "higher",
        "share of samples among the real rows: fidelity",
        100,
        lambda s: s.neighbourhoods["precision"],
        unit="share",
    ),
    "recall": Metric(
        "recall",
        "higher",
        "share of real rows among the samples: variety",
        100,
        lambda s: s.neighbourhoods["recall"],
        unit="share",
    ),
    "density": Metric(
        "density",
        "higher",
        "number of real neighbourhoods that hold a sample, divided by k: fidelity, robust to outliers",
        100,
        lambda s: s.neighbourhoods["density"],
    ),
    "coverage": Metric(
        "coverage",
        "higher",
        "share of real rows with a sample in their neighbourhood: variety, robust to outliers",
        100,
        lambda s: s.neighbourhoods["coverage"],
        unit="share",
    ),
    "inception_style": Metric(
        "inception-style score",
        "higher",
        "how certain the classifier is of each sample and how even its classes are; from 1 to the number of classes",
        100,
        lambda s: inception_style_score(s.fake_probabilities),
        ("fake_probabilities",),
    ),
    "class_coverage": Metric(
        "class coverage",
        "higher",
        "share of the classes made at least a tenth as often as they occur",
        100,
        _classes,
        ("real_probabilities", "fake_probabilities"),
        unit="share",
    ),
    "label_agreement": Metric(
        "label agreement",
        "higher",
        "share of samples that the classifier takes for the class that was asked for",
        20,
        lambda s: label_agreement(s.fake_probabilities, s.sample_labels),
        ("fake_probabilities", "sample_labels"),
        unit="share",
    ),
    "modes_found": Metric(
        "modes found",
        "higher",
        "modes with a sample within three standard deviations",
        100,
        lambda s: modes_found(s.fake, s.modes),
        ("modes",),
    ),
    "high_quality": Metric(
        "high-quality share",
        "higher",
        "share of samples within three standard deviations of a mode",
        100,
        lambda s: high_quality(s.fake, s.modes),
        ("modes",),
        unit="share",
    ),
    "diversity": Metric(
        "diversity",
        "1",
        "mean distance of two samples over that of two real rows; 0 is collapse",
        20,
        lambda s: diversity(s.real, s.fake),
        unit="share",
    ),
    "near_duplicates": Metric(
        "near-duplicates",
        "lower",
        "share of samples as near to another sample as the most crowded 1 % of real rows to another row; 100 % if a "
        "few outputs repeat",
        100,
        lambda s: near_duplicates(s.fake, s.real if s.train is None else s.train),
        unit="share",
    ),
    "memorisation": Metric(
        "memorisation",
        "lower",
        "share of samples that equal one training row or lie nearer than nearly all held-out rows; p: chance without "
        "copying",
        100,
        lambda s: memorisation(s.real, s.fake, s.train),
        ("train",),
        unit="share",
    ),
}
