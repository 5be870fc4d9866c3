"""Sets of rows that are read and encoded together, so that the order in which they are named decides nothing."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from wgan import data
from wgan.data import Dataset, Form
from wgan.data.axes import in_words
from wgan.data.columns import TableForm
from wgan.data.frames import is_frame
from wgan.data.kinds import KINDS, said_kinds
from wgan.data.names import as_text, names_in
from wgan.data.series import is_text, time_kind
from wgan.data.table import from_frame, without_dropped
from wgan.data.table_files import names_of
from wgan.errors import WganError, setting, unknown_name


class Ways(NamedTuple):
    """How sets of rows are read, as `train` reads its data: columns to drop, kinds of columns, and kind of rows."""

    drop: str | None = None
    column: Any = None
    kind: str = "auto"

    def of(self, source: Any) -> "Ways":
        """What of `drop` and `column` one table has; tables need not have all of the same columns."""
        names = [name.strip() for name in columns_of(source) or []]
        dropped = [name for name in names_in(self.drop, "drop") if name in names] if self.drop else []
        kept = [name for name in names if name not in dropped]
        said = [one for one in said_kinds(self.column or ()) if one.rpartition("=")[0] in kept]
        return Ways(as_text(*dropped) if dropped else None, tuple(said), self.kind)

    def refuse_unknown(self, sources: Iterable[Any]) -> None:
        """Raise WganError for a column that no source has, or if none is a table."""
        known = [names for one in sources if (names := columns_of(one)) is not None]
        every = list(dict.fromkeys(name.strip() for names in known for name in names))
        for field in ("drop", "column"):
            if getattr(self, field) and not known:
                raise WganError(
                    f"{setting(field)} is only for tables with named columns, and none is given; leave it out."
                )
        dropped = names_in(self.drop, "drop") if self.drop else []
        for name in (*dropped, *(one.rpartition("=")[0] for one in said_kinds(self.column or ()))):
            if known and name not in every:
                raise unknown_name("column", name, every)


def columns_of(source: Any) -> list[str] | None:
    """The names of the columns of a table: a DataFrame, a Dataset, or the path of a file; None for all else."""
    if isinstance(source, Dataset):
        return [str(one.name) for one in source.form.columns] if isinstance(source.form, TableForm) else None
    if isinstance(source, str | Path):
        path = Path(os.path.expanduser(source))
        return names_of(path) if data.is_table(source) and path.is_file() else None
    return [str(name) for name in source.columns] if is_frame(source) else None


def tables_together(frames: Sequence[tuple[str, Any]], ways: Ways) -> tuple[Form, list[np.ndarray]]:
    """The form of the rows of all DataFrames, and each one's rows at rest in it; they have the same columns.

    So a level or a number of one alone has its place. Raises WganError where the frames hold different things.
    """
    import pandas as pd

    columns = list(frames[0][1].columns)
    for column in columns:
        held = {name: _holds(frame[column]) for name, frame in frames}
        if len(set(held.values()) - {""}) > 1:
            found = " and ".join(f"{what} in {name}" for name, what in held.items())
            raise WganError(
                f"column {column!r} holds {found}; correct it, or say what all of them hold with "
                f"{setting('column', {str(column): 'KIND'})}, where KIND is {', '.join(KINDS)}."
            )
    whole = pd.concat([frame[columns] for _, frame in frames], ignore_index=True)
    kept = ways.of(whole)
    dataset = from_frame(whole, name=" and ".join(dict.fromkeys(name for name, _ in frames)), column=kept.column)
    ends = np.cumsum([len(frame) for _, frame in frames])
    return dataset.form, np.split(dataset.rows, ends[:-1])


def frame_of(source: Any, ways: Ways) -> Any:
    """A DataFrame without the columns that are dropped, if this is one; else None."""
    return without_dropped(source, ways.of(source).drop, "the DataFrame") if is_frame(source) else None


def _holds(series: Any) -> str:
    """Texts, times or numbers; "" for what fits to any of them."""
    import pandas as pd

    kept = series.dropna()
    if len(kept) == 0 or isinstance(series.dtype, pd.CategoricalDtype):
        return ""
    if is_text(kept):
        return "texts"
    return "times" if time_kind(kept) else "numbers"


def form_together(first: tuple[str, Form, np.ndarray], second: tuple[str, Form, np.ndarray]) -> Form:
    """The form that encodes two sets of rows with axes of space: that of all their rows; each has a name and a form."""
    (_, form, rows), (other_name, other, others) = first, second
    if form == other:
        return form
    if form.shape != other.shape:
        if not form.space and not other.space:  # columns are counted by the caller
            return form
        held = [in_words(len(of), one.shape, one.kind) for one, of in ((form, rows), (other, others))]
        raise WganError(f"{first[0]} holds {held[0]}, but {other_name} {held[1]}; give rows of one shape.")
    if form.kind != other.kind:
        raise WganError(
            f"{first[0]} holds {form.kind} and {other_name} {other.kind}; say what both hold with "
            f"{setting('kind', 'NAME')}."
        )
    if form.picture and other.picture and (form.low, form.high) == (other.low, other.high):
        return form  # they differ in the dtype alone, which no encoding sees
    both = np.concatenate([form.at_rest(rows), other.at_rest(others)])
    return data.from_array(both, name=f"{first[0]} with {other_name}", kind=form.kind).form
