"""The rows of a study, dicts of plain JSON values."""

import json
from typing import Any

Row = dict[str, Any]


def as_json(value: Any) -> Any:
    """The value as JSON gives it back, also for NumPy arrays, so that a resumed study has the rows of an unbroken
    one."""
    return json.loads(json.dumps(value, default=lambda x: x.tolist()))
