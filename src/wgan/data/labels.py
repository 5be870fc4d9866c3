"""The labels of a data set as classes: what a conditional run is told, and can be asked for."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from wgan.data.rows import Dataset
from wgan.errors import WganError, unknown_name
from wgan.maths.exact import LARGEST_EXACT


@dataclass(frozen=True)
class Classes:
    """The names of the classes in the order of their codes 0, 1, ..., and the share of the rows that each has."""

    names: tuple[str, ...]
    shares: tuple[float, ...]

    def one_hot(self, codes: np.ndarray) -> np.ndarray:
        """Codes [n] as float32 [n, classes], 1 at the code and 0 elsewhere."""
        return np.eye(len(self.names), dtype=np.float32)[codes]

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Codes [count], as frequent as in the data."""
        return rng.choice(len(self.names), count, p=self.shares)

    def named(self, codes: np.ndarray) -> np.ndarray:
        """The names of codes [n], as an array of text."""
        return np.array(self.names)[codes]

    def code(self, label: str | int) -> int:
        """The code of a class by its name, whatever its case; `WganError` with a suggestion for another.

        Examples:
            >>> Classes(("Coat", "Bag"), (0.5, 0.5)).code("bag")
            1
        """
        if str(label) in self.names:  # before its case is left out of account: there may be a "b" and a "B"
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
        """The Classes that `to_json` wrote; KeyError, TypeError or ValueError for other fields."""
        names, shares = tuple(map(str, fields["names"])), tuple(map(float, fields["shares"]))
        if len(names) != len(shares) or not np.isclose(sum(shares), 1):
            raise ValueError("classes")
        return cls(names, shares)


def as_labels(values: Any, count: int, where: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels for `count` rows, int64 [n], and their names: of whole numbers none, of text the texts, sorted.

    Whole numbers beyond 2**53, which neither int64 nor the log's floats would keep apart, become names, in their order.
    Raises WganError for anything else, or another number of labels.
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
    """The classes of a labelled data set, in the order of the labels' values, and the code of each row, int64 [n].

    Raises WganError where there are no labels, or all rows have the same.
    """
    if dataset.labels is None:
        raise WganError(
            f"{dataset.name} has no labels to train on; use --conditional none, or give them: subfolders of images by "
            "class, an .npz with the keys rows and labels, or y."
        )
    values, codes, counts = np.unique(dataset.labels, return_inverse=True, return_counts=True)
    if len(values) < 2:
        raise WganError(f"all rows of {dataset.name} have the label {values[0]}; use --conditional none.")
    named = dict(enumerate(dataset.label_names))
    names = tuple(named.get(int(value), str(value)) for value in values)
    return Classes(names, tuple((counts / counts.sum()).tolist())), codes
