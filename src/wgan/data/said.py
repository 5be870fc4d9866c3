"""What a user asks samples to be given: a label, NAME=VALUE pairs, a range, a file, an array or a DataFrame."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from wgan.data.cells import example, moment_of, number_of, split_pairs
from wgan.data.columns import Column
from wgan.data.conditions import FARTHEST, LABEL, Columns, Condition, Scale, form_of
from wgan.data.frames import is_frame, is_other_frame
from wgan.data.labels import Classes, nearest_name
from wgan.data.numpy_files import read_numpy
from wgan.errors import WganError, a_kind, by_way, setting, unknown_name
from wgan.maths.exact import as_float64

MOST_OF_RANGE = 10**6  # values of one range
ALIKE = 0.05  # of the kept rows: those nearest to what is said give the columns that are not said
LEAST_ALIKE = 8
MOST_FILLED = 2**16  # conditions that columns of kept rows are added to, unless more are said
MOST_NAMED = 5  # columns too many that a message names


class Said(NamedTuple):
    """Values at rest [m, ...] that are told by turns, and sentences on those that training never saw.

    The first `asked` hold each condition that was said once. The others repeat these with other values of the columns
    that were not said. `columns` are the names of those that were said.
    """

    values: np.ndarray
    asked: int
    warnings: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


def said(condition: Condition | None, asked: Any) -> Said | None:
    """The values of a condition that were asked for; None if nothing was asked for.

    `asked` is a label, a text "NAME=VALUE,NAME=VALUE", the path of a file, a dict, a DataFrame or an array. Raises
    WganError for a run without a condition, for unknown names, and for values that the condition cannot have.
    """
    if asked is None:
        return None
    if condition is None:
        raise WganError(
            f"samples are asked to have {_short(asked)}, but this run was trained without labels or a condition; leave "
            f"it out, {by_way('use --where, which keeps', 'keep')} the samples of a table that meet it, or train a "
            f"run with {setting('conditional')} or {setting('given')}."
        )
    if isinstance(condition, Classes):
        codes = _codes(condition, asked)
        return Said(codes, len(codes))
    if _is_label(asked) and LABEL not in condition.names:
        raise WganError(
            f"samples are asked to have {_short(asked)}, but this run has no labels and is told "
            f"{', '.join(condition.names)}; use "
            f"{setting('given', {condition.names[0]: 'VALUE'}, 'condition')}."
        )
    parts = _parts(condition, asked)
    if not isinstance(parts, dict):
        return _checked(condition, parts, len(parts))._replace(columns=condition.names)
    lengths = {name: len(values) for name, values in parts.items()}
    longest = max(lengths.values())
    if odd := [name for name, length in lengths.items() if length not in (1, longest)]:
        raise WganError(
            f"{odd[0]} has {lengths[odd[0]]:,} values, but another column has {longest:,}; give one, or as many."
        )
    values = np.full((longest, len(condition.names)), np.nan)
    for name, column in parts.items():
        values[:, condition.names.index(name)] = column
    if lacking := [name for name in condition.names if name not in parts]:
        _refuse_far(condition, parts)
        values = _filled(condition, values, [condition.names.index(name) for name in lacking])
    return _checked(condition, values, longest)._replace(columns=tuple(parts))


def label_or(condition: Any, label: Any) -> Any:
    """The condition or the label, of which at most one is said, as `said` takes it."""
    if label is not None and condition is not None:
        raise WganError("label and condition are both given; give one of them.")
    return condition if label is None else {LABEL: label}


def _is_label(asked: Any) -> bool:
    return isinstance(asked, Mapping) and set(asked) == {LABEL}


def _codes(classes: Classes, asked: Any) -> np.ndarray:
    """The codes of labels: one, several, or `label=NAME`."""
    if isinstance(asked, str) and asked not in classes.names and asked.startswith(f"{LABEL}="):
        asked = asked.removeprefix(f"{LABEL}=")
    if isinstance(asked, Mapping):
        if not _is_label(asked):
            raise WganError(f"this run is told a label alone, not {', '.join(map(str, asked))}; give label=NAME.")
        asked = asked[LABEL]
    one = isinstance(asked, str | int | np.integer)
    labels = [asked] if one else np.asarray(asked).ravel().tolist()
    if not labels:
        raise WganError(f"no label is named; give one of {', '.join(classes.names)}.")
    return np.array([classes.code(label) for label in labels], np.int64)


def _parts(condition: Columns, asked: Any) -> dict[str, np.ndarray] | np.ndarray:
    """The values at rest of each column that is said, or of all columns as one array [m, columns]."""
    if isinstance(asked, Path):
        return _of_file(condition, asked)
    if isinstance(asked, str):
        asked = _pairs(asked, condition)
    if is_frame(asked):
        return _of_frame(condition, asked, "the condition")
    if hasattr(asked, "iloc") and any(isinstance(name, str) for name in asked.index):
        asked = dict(asked.items())  # a row of a DataFrame
    if isinstance(asked, Mapping):
        found = {}
        for name, value in asked.items():
            if str(name) not in condition.names:
                raise unknown_name("condition", str(name), condition.names)
            column = condition.form.columns[condition.names.index(str(name))]
            several = not isinstance(value, str | bytes) and np.iterable(value)
            found[str(name)] = np.array([at_rest(column, one) for one in (value if several else [value])])
            if not len(found[str(name)]):
                raise WganError(f"the condition {name} has no values; give at least one.")
        if not found:
            raise WganError(f"no condition is named; give one of {', '.join(condition.names)}.")
        return found
    if is_other_frame(asked):
        return _of_frame(condition, asked.to_pandas(), "the condition")
    wanted = f"numbers [n, {len(condition.names)}], or name the values, such as {_named(condition)}"
    numbers = as_float64(asked, "the condition", wanted)
    numbers = numbers.reshape(-1, 1) if numbers.ndim <= 1 and len(condition.names) == 1 else np.atleast_2d(numbers)
    if numbers.ndim != 2 or numbers.shape[1] != len(condition.names) or not len(numbers):
        raise WganError(
            f"the condition has shape {np.shape(asked)}, but the run is told {', '.join(condition.names)}; give "
            f"{wanted}."
        )
    for column in condition.form.columns:
        if any(level != code for code, level in enumerate(column.levels) if not isinstance(level, str)):
            raise WganError(
                f"the condition {column.name} has numbers as levels, which an array could mean by value or by place; "
                "give a dict, a DataFrame or a .csv file."
            )
    return numbers


def _named(condition: Columns) -> dict[str, Any]:
    """A condition that a user could give: the first level or the lowest value of each column, by name."""
    found: dict[str, Any] = {}
    for column in condition.form.columns:
        if column.levels:
            found[str(column.name)] = column.levels[0]
        else:
            number = float(f"{column.knots[0]:g}")
            whole = int(number) if number.is_integer() else number
            found[str(column.name)] = example(column) if column.unit else whole
    return found


def _pairs(text: str, condition: Columns) -> dict[str, Any]:
    """The pairs of a text NAME=VALUE,NAME=VALUE; a number may be a range FIRST:LAST:COUNT."""
    parts = split_pairs(text, ("=",))
    if not parts or not all("=" in part for part in parts):
        raise WganError(
            f"the condition is {text!r}; write NAME=VALUE,NAME=VALUE with names of {', '.join(condition.names)}, or "
            "name a file of conditions."
        )
    found: dict[str, Any] = {}
    for part in parts:
        name, value = _pair(part, condition.names)
        if name in found:
            raise WganError(f"the condition {name} is given twice; give it once.")
        found[name] = _range(name, value) if _is_range(condition, name, value) else value
    return found


def _pair(part: str, names: tuple[str, ...]) -> tuple[str, str]:
    """The name and the value of a text NAME=VALUE; a name of the condition may hold = too."""
    for name in sorted(names, key=len, reverse=True):
        if "=" in name and part.strip().startswith(f"{name}="):
            return name, part.strip().removeprefix(f"{name}=").strip()
    name, _, value = part.partition("=")
    return name.strip(), value.strip()


def _is_range(condition: Columns, name: str, value: str) -> bool:
    """Whether a text is a range of numbers; dates and levels that are texts may have colons too."""
    if ":" not in value or name not in condition.names:
        return False
    column = condition.form.columns[condition.names.index(name)]
    return not column.unit and not any(isinstance(level, str) for level in column.levels)


def _range(name: str, text: str) -> np.ndarray:
    try:
        first, last, count = text.split(":")
        ends, number = (float(first), float(last)), int(count)
    except ValueError:
        raise WganError(
            f"the condition {name} is {text!r}; write a range as FIRST:LAST:COUNT, such as 1:100:20."
        ) from None
    if not 2 <= number <= MOST_OF_RANGE or not np.isfinite(ends).all():
        raise WganError(
            f"the condition {name} is {text!r}; a range has finite ends and from 2 to {MOST_OF_RANGE:,} values."
        )
    return np.linspace(*ends, number)


def at_rest(column: Column, value: Any, what: str = "the condition") -> float:
    """A value of a column as the number that stands for it. Raises WganError with what the column can hold.

    `what` names in an error what the column is to the user.
    """
    name = str(column.name)
    if _is_gap(value):
        if not column.missing:
            raise WganError(f"{what} {name} is a gap, but it has none in the training data; give a value.")
        return np.nan
    if column.kind == "levels":
        return float(_code(column, value))
    if column.unit:
        return _moment(column, value, what)
    try:
        number = number_of(column, value) if isinstance(value, str) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = np.nan
    if not np.isfinite(number):
        got = repr(value) if isinstance(value, str | float) else f"{a_kind(value)} that is no finite number"
        raise WganError(
            f"{what} {name} is {got}; give a number, such as one from {example(column)} to {example(column, -1)}."
        )
    return number


def _is_gap(value: Any) -> bool:
    """Whether a value is None, "", NaN, or the gap of pandas, whose comparisons are gaps too."""
    if value is None or (isinstance(value, str) and value == "") or type(value).__name__ == "NAType":
        return True
    return isinstance(value, float | np.floating) and bool(np.isnan(value))


def _code(column: Column, value: Any) -> int:
    plain = value.item() if isinstance(value, np.generic) else value
    for code, level in enumerate(column.levels):
        if type(level) is type(plain) and level == plain:
            return code
    numbers = all(type(level) in (int, float) for level in column.levels)
    if isinstance(plain, str) and numbers and (number := number_of(column, plain)) in column.levels:
        return column.levels.index(number)
    return nearest_name(f"value of {column.name}", plain, tuple(map(str, column.levels)))


def _moment(column: Column, value: Any, what: str) -> float:
    """A date, a time or a duration as a count of the column's unit."""
    import pandas as pd

    from wgan.data.table import to_rows

    try:
        series = moment_of(column, value) if isinstance(value, str) else pd.Series([value])
        return float(to_rows(form_of([column]), pd.DataFrame({column.name: series}), what)[0, 0])
    except (ValueError, TypeError, OverflowError) as fault:
        kind = "duration, such as 3 days" if column.time == "timedelta" else f"time; write it as {example(column)}"
        kind += ", since a range is for numbers alone" if str(value).count(":") > 1 else ""
        raise WganError(f"{what} {column.name} is {value!r} ({fault}), which is no {kind}.") from None


def _of_file(condition: Columns, path: Path) -> np.ndarray:
    """The conditions in a table with their columns, or in a .npy file of numbers."""
    from wgan.data.csv_files import header_of, read_csv
    from wgan.data.parquet import read_parquet
    from wgan.data.table import require_pandas
    from wgan.data.table_files import PARQUETS, is_table

    if not path.exists():
        raise WganError(f"there is no file {path} of conditions; name one, or write NAME=VALUE,NAME=VALUE.")
    if path.suffix.lower() == ".npy":
        return _parts(condition, read_numpy(path).rows)  # type: ignore[return-value]
    if not is_table(path):
        raise WganError(f"{path} is no table; give conditions as a .csv, .parquet or .npy file.")
    require_pandas(str(path))
    if path.suffix.lower() in PARQUETS:
        return _of_frame(condition, read_parquet(path)[0], str(path))
    # levels of text stay text, also where the few of a short file look like something else
    known = header_of(path)
    texts = [one for one in condition.form.columns if one.levels and isinstance(one.levels[0], str)]
    kinds = [f"{one.name}=text" for one in texts if str(one.name) in known]
    return _of_frame(condition, read_csv(path, kinds, lambda names: names).frame, str(path))


def _of_frame(condition: Columns, frame: Any, where: str) -> np.ndarray:
    """The values at rest of a DataFrame that has the columns of the condition, in any order."""
    from wgan.data.table import to_rows

    others = [str(name) for name in frame.columns if str(name) not in condition.names]
    lacking = [name for name in condition.names if name not in map(str, frame.columns)]
    if others or lacking:
        named = ", ".join(map(repr, others[:MOST_NAMED])) + ", ..." * (len(others) > MOST_NAMED)
        what = f"lacks {', '.join(lacking)}" if lacking else f"has {named} too"
        raise WganError(f"{where} {what}; give the columns {', '.join(condition.names)} and no others.")
    if not len(frame):
        raise WganError(f"{where} has no rows; give at least one.")
    return to_rows(condition.form, frame, where)


def _filled(condition: Columns, values: np.ndarray, lacking: list[int]) -> np.ndarray:
    """The values with columns that were not said taken from kept rows that are most like what was said.

    Each row of values becomes as many rows as are alike, so that the other columns vary as they do in the data.
    """
    known = [at for at in range(values.shape[1]) if at not in lacking]
    rows = condition.rows
    many = min(max(LEAST_ALIKE, round(ALIKE * len(rows))), max(1, MOST_FILLED // len(values)))
    part = _units_of(condition, known)
    neutral = rows[0].copy()
    whole = np.repeat(neutral[np.newaxis], len(values), axis=0)
    whole[:, known] = values[:, known]
    wanted, have = condition.encode(whole)[:, part], condition.encode(rows)[:, part]
    found = []
    for place, one in zip(whole, wanted, strict=True):
        near = np.argsort(((have - one) ** 2).sum(1), kind="stable")[:many]
        filled = np.repeat(place[np.newaxis], len(near), axis=0)
        filled[:, lacking] = rows[near][:, lacking]
        found.append(filled)
    # by turns, so that the first rows hold each value that was said
    return np.stack(found, axis=1).reshape(-1, values.shape[1])


def _units_of(condition: Columns, known: Iterable[int]) -> list[int]:
    """The units of the encoded condition that belong to these columns."""
    units: list[int] = []
    number, group = 0, condition.numbers
    for at, column in enumerate(condition.form.columns):
        if column.kind == "number":
            units += [number] if at in known else []
            number += 1
        units += list(range(group, group + column.group)) if at in known else []
        group += column.group
    return units


def _checked(condition: Columns, values: np.ndarray, count: int) -> Said:
    """The values, with a sentence for each number beyond those of the training data."""
    warnings, scales, values = [], iter(condition.scales), values.copy()
    for column, of_column in zip(condition.form.columns, values.T, strict=True):
        if column.unit or _whole(column):  # players are told what the samples show
            np.rint(of_column, out=of_column)
        if column.levels and not np.isin(of_column[~np.isnan(of_column)], np.arange(len(column.levels))).all():
            raise WganError(f"the condition {column.name} holds codes that stand for no level; give its levels.")
        if np.isinf(of_column).any() or (np.isnan(of_column).any() and not column.missing):
            raise WganError(f"the condition {column.name} has NaN or infinite values; give finite numbers.")
        if column.kind == "number":
            warnings += _beyond(column, next(scales), of_column[~np.isnan(of_column)])
    return Said(values, count, tuple(warnings))


def _refuse_far(condition: Columns, parts: dict[str, np.ndarray]) -> None:
    """Raise WganError for numbers so far from the data that their distance to kept rows overflows."""
    scales = iter(condition.scales)
    for column in (one for one in condition.form.columns if one.kind == "number"):
        values, scale = parts.get(str(column.name), np.empty(0)), next(scales)
        _beyond(column, scale, values[~np.isnan(values)])


def _whole(column: Column) -> Any:
    """The limits of a column of whole numbers; None for others."""
    name = column.dtype.lower()  # pandas has Int8 beside int8
    return np.iinfo(name) if column.kind == "number" and name.strip("u0123456789") == "int" else None


def _beyond(column: Column, scale: Scale, values: np.ndarray) -> list[str]:
    """A sentence on numbers outside of the range of the training data, if there are any.

    Raises WganError for numbers that are so far outside that no sample could be right, or whose logarithm is missing.
    """
    if not len(values):
        return []
    low, high = column.knots[0], column.knots[-1]
    span = f"{low:g} to {high:g}" if not column.unit else "of the data"
    if scale.log and values.min() <= 0:
        raise WganError(
            f"the condition {column.name} is {values.min():g}, but training read it by its logarithm; give a positive "
            f"number, such as one from {span}."
        )
    units = np.abs(scale.encode(values))
    if units.max() > FARTHEST:
        farthest = f"{values[units.argmax()]:g}" if not column.unit else "a time"
        raise WganError(
            f"the condition {column.name} is {farthest}, too far from the range {span} that training saw; give a "
            "value nearer to it."
        )
    limits = _whole(column)
    if limits and not (limits.min <= values.min() and values.max() <= limits.max):
        raise WganError(
            f"the condition {column.name} is {values.min():g} to {values.max():g}, but its type {column.dtype} holds "
            f"{limits.min:,} to {limits.max:,}; give a number from {span}."
        )
    ends = scale.encode(np.array([low, high]))
    given = scale.encode(np.array([values.min(), values.max()]))
    below, above = ends[0] - given[0], given[1] - ends[1]
    if max(low - values.min(), values.max() - high) <= 0:
        return []
    told = f"{values.min() if below >= above else values.max():g}" if not column.unit else "a time"
    share = max(below, above) / max(ends[1] - ends[0], np.finfo(np.float64).tiny)
    by = f"{share:,.0%}" if share >= 0.01 else "less than 1%"
    what = "the range of its logarithm" if scale.log else "that range"
    return [
        f"{column.name} is {told}, outside the range {span} that training saw, by {by} of {what}; samples there are "
        "extrapolated and may be wrong"
    ]


def _short(asked: Any) -> str:
    if _is_label(asked):
        return f"the label {_short(str(asked[LABEL]))}"
    text = str(asked)
    return repr(text if len(text) <= 60 else f"{text[:60]}...") if isinstance(asked, str) else "a condition"
