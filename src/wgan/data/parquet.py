"""Parquet files and Arrow's types: columns come back with the types that they had."""

import re
from pathlib import Path
from typing import Any

from wgan.errors import WganError
from wgan.files.memory import refuse_more_than_free
from wgan.files.printed import shown
from wgan.files.reading import refuse_irregular

MEMORY = 2  # bytes of memory that a byte of an unpacked column takes while it is read
PANDAS = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError, AssertionError)


def arrow_type(text: str) -> Any:
    """Arrow's type from its name, such as "decimal128(10, 2)". Raises ValueError for a name that no type has."""
    import pyarrow as pa

    if found := re.fullmatch(r"decimal(32|64|128|256)\((\d+), (-?\d+)\)", text):
        return getattr(pa, f"decimal{found[1]}")(int(found[2]), int(found[3]))
    if found := re.fullmatch(r"timestamp\[(\w+), tz=(.+)\]", text):
        return pa.timestamp(found[1], found[2])
    if found := re.fullmatch(r"dictionary<values=(.+), indices=(\w+), ordered=([01])>", text):
        return pa.dictionary(arrow_type(found[2]), arrow_type(found[1]), found[3] == "1")
    if text == "string_view":
        return pa.string_view()
    return pa.type_for_alias(text)


def read_parquet(path: Path) -> tuple[Any, dict[str, str], list[str]]:
    """A Parquet file as a DataFrame, the Arrow type of each column, and notes.

    Whole numbers and truth values keep their dtype beside gaps.
    """
    import pandas as pd
    import pyarrow as pa
    from pyarrow import parquet

    refuse_irregular(path)
    try:
        file = parquet.ParquetFile(path)
        about = file.metadata
        unpacked = sum(about.row_group(at).total_byte_size for at in range(about.num_row_groups))
        needed = MEMORY * max(unpacked, 8 * about.num_rows * about.num_columns)
        refuse_more_than_free(needed, f"the table {str(path)!r}", "give fewer rows")
        table = file.read()
        frame = table.to_pandas()
    # Arrow raises its own errors; what the file says to pandas is checked by nobody, so that any of the others comes.
    except (pa.ArrowException, OSError, *PANDAS) as problem:
        reason = shown(" ".join(str(problem).split())[:200].rstrip(".").replace(". ", "; "))
        raise WganError(f"cannot read {str(path)!r} ({reason}); give a whole Parquet file") from None
    index = [str(name) for name in frame.index.names if name is not None]
    notes = [f"the index {', '.join(index)} is left out; reset_index() makes columns of it"] if index else []
    frame = frame.reset_index(drop=True)
    nullable = {
        pa.type_for_alias(dtype.lower()): getattr(pd, f"{dtype}Dtype")()
        for dtype in ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")
    } | {pa.bool_(): pd.BooleanDtype()}
    types: dict[str, str] = {}
    if len(set(table.column_names)) < len(table.column_names):
        return frame, types, notes  # such a table is refused with the name
    for field in table.schema:
        if field.name not in frame.columns:
            continue  # a column of the index
        types[field.name] = str(field.type)
        column = table[field.name]
        if (
            column.null_count
            and field.type in nullable
            and not pd.api.types.is_extension_array_dtype(frame[field.name])
        ):
            frame[field.name] = column.to_pandas(types_mapper=nullable.get)
    return frame, types, notes


def names_in_parquet(path: Path) -> list[str]:
    """The names of the columns of a Parquet file, without those of its index."""
    import pyarrow as pa
    from pyarrow import parquet

    refuse_irregular(path)
    try:
        empty = parquet.read_schema(path).empty_table().to_pandas()
    except (pa.ArrowException, OSError, *PANDAS):
        return []  # reading it says what is wrong
    return [str(name) for name in empty.columns]


def arrow_table(frame: Any, types: dict[str, str], schema: Any = None) -> Any:
    """A DataFrame as a table of Arrow whose columns get these types, or those of `schema`."""
    import pyarrow as pa

    table = pa.Table.from_pandas(frame, preserve_index=False)
    for at, field in enumerate(table.schema):
        named = arrow_type(types[field.name]) if types.get(field.name) else field.type
        wanted = named if schema is None else schema.field(at).type
        if wanted != field.type:
            column = table.column(at)
            if pa.types.is_dictionary(wanted) and not pa.types.is_dictionary(field.type):
                column = column.dictionary_encode()
            table = table.set_column(at, pa.field(field.name, wanted), column.cast(wanted))
    return table if schema is None else table.replace_schema_metadata(schema.metadata)
