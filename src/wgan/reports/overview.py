"""A model in one figure: its curves and its samples."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from wgan.data import Form
from wgan.reports import figures
from wgan.runs.quantities import quantity

CURVES = ("estimate", "held_out_estimate", "energy_distance")  # all that a model has in its records


def figure(records: list[dict[str, Any]], rows: np.ndarray, form: Form, real: np.ndarray | None = None) -> Any:
    """A matplotlib figure: the curves in the records on the left, and generated rows on the right."""
    from matplotlib.figure import Figure
    from PIL import Image

    made = Figure(figsize=(10, 4), dpi=110, layout="constrained")
    curves, picture = made.subplots(1, 2)
    for name in CURVES:
        points = [(one["step"], one[name]) for one in records if name in one]
        if points:
            curves.plot(*zip(*points, strict=True), label=quantity(name).title, marker="." if len(points) == 1 else "")
    curves.set_xlabel("step")
    curves.set_title("distance between rows and samples", fontsize=10)
    if curves.lines:
        made.legend(loc="outside lower left", fontsize=8, ncols=len(CURVES))
    with TemporaryDirectory() as folder:
        figures.samples(rows, form, path := Path(folder) / "samples.png", real)
        with Image.open(path) as image:
            picture.imshow(np.asarray(image), cmap="gray", vmin=0, vmax=255)
    picture.set_title("samples", fontsize=10)
    picture.set_axis_off()
    return made
