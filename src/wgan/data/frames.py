"""What is a DataFrame, told by its attributes, since pandas may not be installed."""

from typing import Any


def is_frame(x: Any) -> bool:
    """Whether this is a DataFrame of pandas."""
    return hasattr(x, "columns") and hasattr(x, "iloc")


def is_series(x: Any) -> bool:
    """Whether this is a Series of pandas."""
    return hasattr(x, "to_frame") and hasattr(x, "iloc") and hasattr(x, "name")


def is_other_frame(x: Any) -> bool:
    """Whether this is a table of Arrow or Polars, which pandas can take over."""
    return hasattr(x, "columns") and hasattr(x, "to_pandas")
