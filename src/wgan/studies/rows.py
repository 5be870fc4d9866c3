"""What a study measured: rows of plain JSON values."""

import json
from typing import Any

Row = dict[str, Any]


def as_json(value: Any) -> Any:
    """The value, NumPy's too, as it will be read back, so that a resumed study has the very rows of an unbroken one."""
    return json.loads(json.dumps(value, default=lambda x: x.tolist()))
