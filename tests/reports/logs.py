"""Logs of 41 records, from columns of numbers."""

import numpy as np

STEPS = np.arange(0, 2050, 50.0)
LAST = STEPS >= 1500  # the last quarter


def log(**columns):
    """A log of these columns; a number fills a whole one."""
    return {"step": STEPS} | {
        name: values if isinstance(values, np.ndarray) else np.full(len(STEPS), float(values))
        for name, values in columns.items()
    }
