"""What is a DataFrame, told by its attributes, since pandas may not be installed."""

from typing import Any


def is_frame(x: Any) -> bool:
    """Whether this is a DataFrame of pandas."""
    return hasattr(x, "columns") and hasattr(x, "iloc")


def is_other_frame(x: Any) -> bool:
    """Whether this is a table of Arrow or Polars, which pandas can take over."""
    return hasattr(x, "columns") and hasattr(x, "to_pandas")
