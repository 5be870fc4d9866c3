"""What a generator is told of a row: columns of a table, numbers beside the rows, and both with a label.

A condition at rest is float64 [n, columns], as a table is: codes of levels, counts of times, NaN for gaps. The players
see it encoded: a unit for each number, then one-hot levels.
"""

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from wgan.data.columns import Column, TableForm, number_column
from wgan.data.frames import is_frame, is_series
from wgan.data.labels import Classes, as_labels, classes_of
from wgan.data.names import names_in, said_names
from wgan.data.rows import Dataset, Form
from wgan.errors import WganError, unknown_name
from wgan.files.records import converted
from wgan.maths import streams
from wgan.maths.exact import as_float64

KEPT = 2**14  # numbers of the training rows' conditions that a run keeps, to draw from where it is told nothing
MOST_KEPT = 1024  # rows of them
DECADES = 100.0  # positive numbers whose ends have this ratio are read by their logarithm, if that is less skewed
FARTHEST = 1e6  # standard deviations from the mean, beyond which a number is refused; no row of real data is there
LARGEST = 1e100  # of a condition's numbers: the squares of larger ones overflow
LABEL = "label"  # the column of the labels, where a row has numbers too


class Given(NamedTuple):
    """The conditions of a data set: their columns, their values at rest [n, columns], and where the columns stood.

    `places` are the columns' places in the table that they were taken from; () if they were apart from the rows.
    """

    form: TableForm
    values: np.ndarray
    places: tuple[int, ...] = ()


@dataclass(frozen=True)
class Scale:
    """How a number becomes a unit of the players: (x - offset) / scale, of its logarithm if `log`."""

    offset: float
    scale: float
    log: bool = False

    def encode(self, values: np.ndarray) -> np.ndarray:
        """The units of numbers [n]; numbers that have no logarithm become those of the least positive float."""
        values = np.log(np.maximum(values, np.finfo(np.float64).tiny)) if self.log else values
        return (values - self.offset) / self.scale


@dataclass(frozen=True)
class Columns:
    """A condition of named columns; `drawn` holds rows of the training data, to draw from where nothing is said."""

    form: TableForm
    scales: tuple[Scale, ...]  # of the columns of kind "number", in their order
    drawn: tuple[tuple[float | None, ...], ...]  # values at rest; None is a gap
    places: tuple[int, ...] = ()

    @property
    def numbers(self) -> int:
        """The units that are numbers; they come first."""
        return len(self.scales)

    @property
    def groups(self) -> tuple[int, ...]:
        """The sizes of the groups of one-hot units."""
        return self.form.groups

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(str(column.name) for column in self.form.columns)

    @cached_property
    def rows(self) -> np.ndarray:
        """`drawn` as float64 [m, columns], with NaN for gaps."""
        return np.array(self.drawn, np.float64)

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Values at rest [n, columns] as float32 [n, numbers + sum(groups)]; gaps of numbers become 0."""
        encoded, unit = self.form.encode(values), 0
        for at, column in enumerate(self.form.columns):
            if column.kind == "number":
                encoded[:, unit] = np.nan_to_num(self.scales[unit].encode(values[:, at]), nan=0.0)
                unit += 1
        return encoded

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Draw values [count, columns] from the rows of the training data that are kept."""
        return self.rows[rng.choice(len(self.rows), count)]

    def joined(self, form: Form) -> Form:
        """The form of whole rows of the table, from the form of the columns that are generated."""
        if not self.places or not isinstance(form, TableForm):
            return form
        columns = self._in_order(list(form.columns), list(self.form.columns))
        return replace(form, columns=tuple(columns), shape=(len(columns),))

    def join(self, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Whole rows of the table from generated columns [n, ...] and the conditions [n, columns]."""
        if not self.places:
            return rows
        return np.stack(self._in_order(list(rows.T), list(values.T)), axis=1)

    def _in_order(self, generated: list, given: list) -> list:
        """The columns of both lists in the order of the table."""
        for place, column in sorted(zip(self.places, given, strict=True), key=lambda pair: pair[0]):
            generated.insert(place, column)
        return generated

    def to_json(self) -> dict[str, Any]:
        """The fields as a dict that json can write."""
        return {
            "form": self.form.to_json(),
            "scales": [asdict(scale) for scale in self.scales],
            "drawn": [list(row) for row in self.drawn],
            "places": list(self.places),
        }

    @classmethod
    def from_json(cls, fields: Any) -> "Columns":
        """The Columns that `to_json` wrote. Raises ValueError for all else."""
        known: dict[str, Any] = converted(fields, dict[str, Any])
        if known.keys() != {"form", "scales", "drawn", "places"}:
            raise ValueError("the condition has other fields than form, scales, drawn and places")
        found = cls(
            TableForm.from_json(known["form"]),
            converted(known["scales"], tuple[Scale, ...]),
            converted(known["drawn"], tuple[tuple[float | None, ...], ...]),
            converted(known["places"], tuple[int, ...]),
        )
        columns = found.form.columns
        numbers = sum(column.kind == "number" for column in columns)
        ends = np.array([[scale.offset, scale.scale] for scale in found.scales] or [[0.0, 1.0]])
        scaled = len(found.scales) == numbers and bool(np.isfinite(ends).all()) and ends[:, 1].min() > 0
        widths = {len(row) for row in found.drawn}
        for what, fits in (
            ("scales", scaled),
            ("drawn", scaled and widths == {len(columns)} and _coded(found)),
            ("places", found.places == () or _distinct(found.places, len(columns))),
        ):
            if not fits:
                raise ValueError(f"the condition has a field {what!r} that does not fit")
        return found


def _distinct(places: tuple[int, ...], count: int) -> bool:
    """Whether these are `count` places in a table, none of them twice."""
    return len(places) == len(set(places)) == count and min(places) >= 0


def _coded(condition: Columns) -> bool:
    """Whether the rows to draw from hold codes of levels, numbers of their scale, and gaps only where gaps were."""
    scales = iter(condition.scales)
    for column, values in zip(condition.form.columns, condition.rows.T, strict=True):
        kept = values[~np.isnan(values)]
        if len(kept) < len(values) and not column.missing:
            return False
        if column.levels and not np.isin(kept, np.arange(len(column.levels))).all():
            return False
        if column.kind == "number" and (np.abs(next(scales).encode(kept)) > FARTHEST).any():
            return False
    return True


Condition = Classes | Columns


def condition_from_json(about: Any) -> Condition:
    """The condition that config.json or the metadata of a file describe: `classes`, or `condition` of columns."""
    about = about if isinstance(about, dict) else {}
    return Columns.from_json(about["condition"]) if "condition" in about else Classes.from_json(about.get("classes"))


def condition_of(dataset: Dataset, rows: np.ndarray, seed: int) -> tuple[Condition, np.ndarray]:
    """What a conditional run is told: the condition, and its value for each row of the data set.

    `rows` are the training rows, of which the condition keeps some to draw from. Raises WganError for a data set that
    has neither a condition nor labels.
    """
    given = dataset.condition
    if given is None:
        return classes_of(dataset)
    if dataset.labels is not None:
        given = _with_labels(dataset, given)
    values = given.values
    scales = tuple(
        _scale_of(str(column.name), values[:, at])
        for at, column in enumerate(given.form.columns)
        if column.kind == "number"
    )
    most = max(1, min(MOST_KEPT, KEPT // values.shape[1], len(rows)))
    kept = np.sort(streams.stream(seed, "given").choice(rows, most, replace=False))
    drawn = tuple(tuple(None if np.isnan(x) else float(x) for x in row) for row in values[kept])
    return Columns(given.form, scales, drawn, given.places), values


def _skew(values: np.ndarray) -> float:
    """The absolute skewness of numbers; 0 for equal ones."""
    apart = values / (np.abs(values).max() or 1.0)
    apart = apart - apart.mean()
    return float(np.abs((apart**3).mean()) / (apart.std() or 1.0) ** 3)


def _scale_of(name: str, values: np.ndarray) -> Scale:
    kept = values[~np.isnan(values)]
    log = bool(kept.min() > 0 and kept.max() >= DECADES * kept.min()) and _skew(np.log(kept)) < _skew(kept)
    kept = np.log(kept) if log else kept
    if np.abs(kept).max() > LARGEST:
        raise WganError(
            f"the condition {name} has numbers up to {np.abs(kept).max():g}, more than {LARGEST:g}; rescale it."
        )
    return Scale(float(kept.mean()), float(kept.std()) if kept.min() < kept.max() else 1.0, log)


def _with_labels(dataset: Dataset, given: Given) -> Given:
    """The condition with a first column of the labels."""
    classes, codes = classes_of(dataset)
    column = Column(LABEL, "levels", "str", levels=classes.names, kept=len(classes.names))
    return Given(form_of([column, *given.form.columns]), np.column_stack([codes, given.values]))


def form_of(columns: list[Column]) -> TableForm:
    """The form of a table of these columns."""
    return TableForm("table", (len(columns),), "float64", 0.0, 1.0, None, None, tuple(columns))


def of_array(values: Any, count: int, where: str, names: tuple[str, ...] = ()) -> Given:
    """The condition of `count` rows as numbers, [n] or [n, columns], called "condition" or by their places.

    Raises WganError for another number of rows, for values that are not finite, and for a column of one value.
    """
    wanted = "numbers, [n] or [n, columns], or a table, whose columns may hold texts and dates"
    numbers = as_float64(values, f"the condition of {where}", wanted)
    if numbers.ndim > 2:
        raise WganError(
            f"the condition of {where} has shape {numbers.shape}, but it is one row of numbers for each row; reshape "
            "fields to [n, columns], or give numbers that describe them, such as their means."
        )
    numbers = numbers[:, np.newaxis] if numbers.ndim == 1 else numbers
    if numbers.ndim != 2 or len(numbers) != count or not numbers.shape[1]:
        raise WganError(
            f"the condition of {where} has shape {np.shape(values)}, but there are {count:,} rows; give one number, or "
            "one row of numbers, for each."
        )
    names = names or (("condition",) if numbers.shape[1] == 1 else tuple(map(str, range(numbers.shape[1]))))
    columns = []
    for at, name in enumerate(names):
        gaps = np.zeros(count, bool)  # `as_float64` refuses NaN
        column, _ = number_column(Column(name, "number", "float64"), numbers[:, at], gaps)
        if column.kind == "constant":
            raise WganError(
                f"the condition {name!r} of {where} is {numbers[0, at]:g} in every row; leave it out, since nothing "
                "can be learnt from it."
            )
        columns.append(column)
    return Given(form_of(columns), numbers)


def told(dataset: Dataset, y: Any) -> Dataset:
    """The data set with labels or a condition from `y`: labels, numbers [n] or [n, columns], or a DataFrame."""
    count = len(dataset.rows)
    if is_frame(y):
        from wgan.data.table import from_frame

        if len(y) != count:
            raise WganError(f"y has {len(y):,} rows, but X has {count:,}; give one for each.")
        table = from_frame(y, name="y")
        assert isinstance(table.form, TableForm)
        _refuse_unvaried(table, list(range(len(table.form.columns))))
        return replace(dataset, condition=Given(table.form, table.rows))
    if is_series(y) and not is_label(y):
        name = "condition" if y.name is None else str(y.name)
        if y.dtype.kind not in "iuf":  # texts, dates and categories with gaps, which are columns of a table
            return told(dataset, y.to_frame(name))
        return replace(dataset, condition=of_array(y, count, "y", (name,)))
    if not is_label(y):
        return replace(dataset, condition=of_array(y, count, "y"))
    labels, names = as_labels(y, count, "y")
    return replace(dataset, labels=labels, label_names=names)


def is_label(y: Any) -> bool:
    """Whether `y` holds labels, whole numbers or texts, and not numbers with a fraction, a matrix or a DataFrame."""
    if is_frame(y):
        return False
    try:
        array = np.asarray(y)
    except ValueError:  # rows of different lengths, which `of_array` refuses
        return False
    if array.dtype.kind == "O":
        return array.ndim == 1 and all(isinstance(one, str | int | np.integer | np.bool_) for one in array)
    return array.ndim == 1 and array.dtype.kind in "biuSU"


def as_given(value: Any) -> str | None:
    """The field `given`: names in one text, NAME,NAME, from such a text or from a list or an array of names."""
    return said_names(value, "given")


def split_given(dataset: Dataset, given: str | None) -> Dataset:
    """The table without the columns that `given` names; these become its condition.

    Raises WganError for data without named columns, an unknown name, a column of one value, and if no column is left.
    """
    if given is None:
        return dataset
    form = dataset.form
    if not isinstance(form, TableForm):
        raise WganError(
            f"given is {given!r}, but {dataset.name} has no columns with names; give the numbers as the array "
            "`condition` of an .npz, or as y."
        )
    if dataset.condition is not None or dataset.labels is not None:
        raise WganError(
            f"given is {given!r}, but {dataset.name} also has labels or a condition beside its columns, as from y; "
            "make them columns and name these too, or leave out y or given."
        )
    names = [str(column.name) for column in form.columns]
    places = [_place(name, names) for name in dict.fromkeys(names_in(given, "given"))]
    _refuse_unvaried(dataset, places)
    others = [at for at in range(len(names)) if at not in places]
    if not any(form.columns[at].varies for at in others):
        raise WganError(
            f"given names all columns of {dataset.name} that vary; leave out those that are to be generated."
        )

    def part(chosen: list[int]) -> tuple[TableForm, np.ndarray]:
        columns = tuple(form.columns[at] for at in chosen)
        return replace(form, columns=columns, shape=(len(chosen),)), np.ascontiguousarray(dataset.rows[:, chosen])

    of_condition, values = part(places)
    of_rows, rows = part(others)
    found = Given(of_condition, values, tuple(places))
    return replace(dataset, rows=rows, form=of_rows, condition=found)


def _place(name: str, names: list[str]) -> int:
    if name not in names:
        raise unknown_name("given", name, names)
    return names.index(name)


def _refuse_unvaried(dataset: Dataset, places: list[int]) -> None:
    form = dataset.form
    assert isinstance(form, TableForm)
    for column in (form.columns[at] for at in places):
        if not column.varies:
            why = "is an identifier" if column.kind == "identifier" else "has one value in every row"
            raise WganError(
                f"the condition {column.name!r} of {dataset.name} {why}, from which nothing can be learnt; leave it "
                "out."
            )


def in_words(condition: Columns) -> str:
    """What samples are given, and how its numbers are read."""
    scales, parts = iter(condition.scales), []
    for column in condition.form.columns:
        if column.kind == "number":
            low, high = column.knots[0], column.knots[-1]
            ends = "times" if column.unit else f"{low:g} to {high:g}"
            parts.append(f"{column.name} ({ends}{', by its logarithm' if next(scales).log else ''})")
        else:
            parts.append(f"{column.name} ({len(column.levels):,} levels)")
    return f"given: {', '.join(parts)}"
