"""The labels of a data set as classes, which a conditional run learns and generates on request."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from wgan.data.rows import Dataset
from wgan.errors import WganError, unknown_name
from wgan.maths.exact import LARGEST_EXACT


@dataclass(frozen=True)
class Classes:
    """The names of the classes, in the order of their codes 0, 1, ..., and the share of rows in each class."""

    names: tuple[str, ...]
    shares: tuple[float, ...]

    def one_hot(self, codes: np.ndarray) -> np.ndarray:
        """Codes [n] as float32 [n, classes], 1 at the code and 0 elsewhere."""
        return np.eye(len(self.names), dtype=np.float32)[codes]

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Draw codes [count] with the frequencies of the data."""
        return rng.choice(len(self.names), count, p=self.shares)

    def named(self, codes: np.ndarray) -> np.ndarray:
        """The names of codes [n] as an array of text."""
        return np.array(self.names)[codes]

    def code(self, label: str | int) -> int:
        """The code of the class with this name, in any case. Raises WganError, with a suggestion, for another name.

        Examples:
            >>> Classes(("Coat", "Bag"), (0.5, 0.5)).code("bag")
            1
        """
        if str(label) in self.names:  # the exact name first, since there may be a "b" and a "B"
            return self.names.index(str(label))
        found = [name.lower() for name in self.names]
        if str(label).lower() not in found:
            raise unknown_name("label", label, self.names)
        return found.index(str(label).lower())

    def to_json(self) -> dict[str, Any]:
        """The fields as a dict that json can write."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "Classes":
        """The Classes that `to_json` wrote. Raises KeyError, TypeError or ValueError for other fields."""
        names, shares = tuple(map(str, fields["names"])), tuple(map(float, fields["shares"]))
        if len(names) != len(shares) or not np.isclose(sum(shares), 1):
            raise ValueError("classes")
        return cls(names, shares)


def as_labels(values: Any, count: int, where: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """The labels of `count` rows, int64 [n], and their names: texts in sorted order, or none for whole numbers.

    Whole numbers beyond 2**53 become names too, in their order, since int64 or the log's floats would confuse them.
    Raises WganError for anything else, or for another number of labels.
    """
    values = np.asarray(values)
    if values.dtype.kind == "O" and all(isinstance(value, str) for value in values.flat):
        values = values.astype(str)
    if values.dtype.kind not in "biuU" or values.shape != (count,):
        raise WganError(
            f"{where} has labels {values.dtype} {values.shape}; give {count} whole numbers or texts, one for each row"
        )
    if values.dtype.kind != "U" and (count == 0 or max(-int(values.min()), int(values.max())) <= LARGEST_EXACT):
        return values.astype(np.int64), ()
    names, codes = np.unique(values, return_inverse=True)
    return codes.astype(np.int64), tuple(map(str, names.tolist()))


def classes_of(dataset: Dataset) -> tuple[Classes, np.ndarray]:
    """The classes of a labelled data set, in the order of its labels, and the code of each row, int64 [n].

    Raises WganError if there are no labels, or if all rows have the same label.
    """
    if dataset.labels is None:
        raise WganError(
            f"{dataset.name} has no labels to train on; use --conditional none, or give labels: a subfolder for each "
            "class, an .npz with the keys rows and labels, or y."
        )
    values, codes, counts = np.unique(dataset.labels, return_inverse=True, return_counts=True)
    if len(values) < 2:
        raise WganError(f"all rows of {dataset.name} have the label {values[0]}; use --conditional none.")
    named = dict(enumerate(dataset.label_names))
    names = tuple(named.get(int(value), str(value)) for value in values)
    return Classes(names, tuple((counts / counts.sum()).tolist())), codes
