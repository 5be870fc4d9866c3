"""The labels of a data set as classes, which a conditional run learns and generates on request."""

import sys
import unicodedata
from collections.abc import Callable
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np

from wgan.data.rows import Dataset
from wgan.errors import WganError, setting, unknown_name
from wgan.files.records import converted
from wgan.maths.exact import LARGEST_EXACT

SUM = 1e-8  # by which the sum of all shares may differ from 1, as NumPy allows it where it draws


@dataclass(frozen=True)
class Classes:
    """The names of the classes, in the order of their codes 0, 1, ..., and the share of rows in each class."""

    names: tuple[str, ...]
    shares: tuple[float, ...]

    @property
    def numbers(self) -> int:
        """The units that are numbers; a label has none."""
        return 0

    @property
    def groups(self) -> tuple[int, ...]:
        """The sizes of the groups of one-hot units."""
        return (len(self.names),)

    def encode(self, codes: np.ndarray) -> np.ndarray:
        """Codes [n] as float32 [n, classes], 1 at the code and 0 elsewhere."""
        return np.eye(len(self.names), dtype=np.float32)[codes]

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Draw codes [count] with the frequencies of the data."""
        return rng.choice(len(self.names), count, p=self.shares)

    def named(self, codes: np.ndarray) -> np.ndarray:
        """The names of codes [n] as an array of text."""
        return np.array(self.names)[codes]

    def code(self, label: str | int) -> int:
        """The code of the class with this name, never a place in the list of names.

        See `nearest_name` for names that are written otherwise.

        Examples:
            >>> Classes(("Coat", "Bag"), (0.5, 0.5)).code("bag")
            1
        """
        return nearest_name("label", label, self.names)

    def to_json(self) -> dict[str, Any]:
        """The fields as a dict that json can write."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Any) -> "Classes":
        """The Classes that `to_json` wrote. Raises ValueError for all else."""
        found: Classes = converted(fields, cls)
        if len(set(found.names)) < len(found.names) or not 2 <= len(found.names) == len(found.shares):
            raise ValueError("the classes need two names or more, each with its share")
        if not (min(found.shares) >= 0 and abs(sum(found.shares) - 1) < SUM):
            raise ValueError("the shares of the classes do not sum to 1")
        return found


def _spaced(name: str) -> str:
    """A name in one Unicode form, with single blanks and none at its ends."""
    return " ".join(unicodedata.normalize("NFKC", name).split())


def _as_number(name: str) -> Any:
    """The number that a name writes, so that "01", "1" and "1.0" are the same; other names in any case."""
    try:
        number = Decimal(name.strip())
    except InvalidOperation:
        return _spaced(name).casefold()
    return number if number.is_finite() else _spaced(name).casefold()


# Names that differ only in their Unicode form or blanks, then also in case, then also in how a number is written.
_LOOSER: tuple[Callable[[str], Any], ...] = (_spaced, lambda name: _spaced(name).casefold(), _as_number)


def nearest_name(kind: str, name: Any, names: tuple[str, ...]) -> int:
    """The place of a name among `names`.

    The exact name wins. Where there is none, names are compared after each step of `_LOOSER`, and the first step that
    finds one name takes it. Raises WganError for several of them, or, with a suggestion, for none. `kind` says in words
    what the names are.
    """
    if str(name) in names:
        return names.index(str(name))
    for looser in _LOOSER:
        wanted = looser(str(name))
        found = [place for place, one in enumerate(names) if looser(one) == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            same = ", ".join(repr(names[place]) for place in found)
            raise WganError(f"{kind} {name!r} can mean {same}; write one of these exactly.")
    raise unknown_name(kind, name, names)


def as_labels(values: Any, count: int, where: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """The labels of `count` rows, int64 [n], and their names: texts in sorted order, or none for whole numbers.

    Whole numbers beyond 2**53 become names too, in their order, since int64 or the log's floats would confuse them.
    Raises WganError for anything else, such as numbers among texts, or for another number of labels.
    """
    if np.ma.is_masked(values):
        raise WganError(f"{where} has labels under a mask; leave out those rows, or give the hidden ones a label.")
    given, values = values, np.asarray(values)
    _refuse_no_text(values, where)
    if values.dtype.kind == "U" and not isinstance(given, np.ndarray):
        values = np.asarray(given, dtype=object)  # NumPy would make the number 1 and the text "1" one label
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


def _refuse_no_text(values: np.ndarray, where: str) -> None:
    """Raise WganError for texts with numbers that are not characters: neither Python nor a file can hold them."""
    if values.dtype.kind == "U":
        units = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("=")).view(np.uint32)
        wrong = bool(((units > sys.maxunicode) | ((units >= 0xD800) & (units < 0xE000))).any())
    else:
        texts = [value for value in values.flat if isinstance(value, str)] if values.dtype.kind == "O" else []
        wrong = any("\ud800" <= one < "\ue000" for text in texts for one in text)
    if wrong:
        raise WganError(
            f"{where} has labels that are not text (numbers beyond Unicode, or halves of a character); write them again"
        )


def classes_of(dataset: Dataset) -> tuple[Classes, np.ndarray]:
    """The classes of a labelled data set, in the order of its labels, and the code of each row, int64 [n].

    Raises WganError if there are no labels, or if all rows have the same label.
    """
    if dataset.labels is None:
        raise WganError(
            f"{dataset.name} has no labels to train on; use {setting('conditional', 'none')}, or give labels: a "
            "subfolder for each class, an .npz with the keys rows and labels, or y."
        )
    values, codes, counts = np.unique(dataset.labels, return_inverse=True, return_counts=True)
    if len(values) < 2:
        raise WganError(f"all rows of {dataset.name} have the label {values[0]}; use {setting('conditional', 'none')}.")
    named = dict(enumerate(dataset.label_names))
    names = tuple(named.get(int(value), str(value)) for value in values)
    if doubled := [name for name in names if names.count(name) > 1]:
        raise WganError(f"{dataset.name} has two labels with the name {doubled[0]!r}; give each its own.")
    return Classes(names, tuple((counts / counts.sum()).tolist())), codes
