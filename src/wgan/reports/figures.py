"""Pictures of rows (grids of images, scatters of points, histograms of columns) and of earth that is moved."""

import math
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from wgan.data import Form
from wgan.data.columns import TableForm
from wgan.data.table import UNITS
from wgan.errors import WganError
from wgan.files.printed import shown
from wgan.files.writing import replacing
from wgan.maths.transport.earth import EMD

GAP = 2  # pixels between the images of a grid
YEAR = 365.2425 * 86_400_000_000  # in microseconds
PANELS = 16  # columns of a table in one picture


def as_bytes(images: np.ndarray, form: Form) -> np.ndarray:
    """Images as uint8, with the range of their form mapped to 0 to 255."""
    if images.dtype == np.uint8 and form.high == 255:
        return images
    low, high = float(form.low or 0), float(1 if form.high is None else form.high)
    return np.clip(np.rint((images.astype(np.float64) - low) / (high - low) * 255), 0, 255).astype(np.uint8)


def as_stored(images: np.ndarray, form: Form) -> np.ndarray:
    """Images for files of one image each: greys of 16 bits as uint16, so that no bit is lost, others as `as_bytes`.

    Raises WganError for whole numbers that no PNG of wgan holds.
    """
    low, high = form.low or 0, form.high or 0
    if np.dtype(form.dtype).kind not in "iu" or high <= 255:
        return as_bytes(images, form)
    if low < 0 or high > 65535 or form.shape[-1] != 1:
        raise WganError(
            f"these are images of {form.shape[-1]} channels from {low:g} to {high:g}, but a PNG here holds 8 bits, or "
            "16 bits of grey; use .npy or .npz, or one .png for a picture of them in 8 bits."
        )
    return images.astype(np.uint16)


def grid(images: np.ndarray, columns: int | None = None) -> np.ndarray:
    """Arrange uint8 images [n, height, width, channels] as one picture, row by row.

    There are about as many columns as rows unless `columns` says otherwise. Small images are enlarged by a whole
    factor to about 56 pixels, so that each pixel stays a square.
    """
    factor = max(1, 56 // max(images.shape[1:3]))
    images = images.repeat(factor, axis=1).repeat(factor, axis=2)
    count, height, width, channels = images.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    page = np.full((rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, channels), 96, np.uint8)
    for i, image in enumerate(images):
        row, column = divmod(i, columns)
        top, left = row * (height + GAP) + GAP, column * (width + GAP) + GAP
        page[top : top + height, left : left + width] = image
    return page


def image(pixels: np.ndarray, path: Path | BinaryIO) -> None:
    """Write one image [height, width, channels] as a PNG."""
    from PIL import Image

    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(path, format="PNG")


def samples(
    rows: np.ndarray, form: Form, path: Path, real: np.ndarray | None = None, columns: int | None = None
) -> None:
    """Write generated rows to a PNG, whole or not at all, over `real` rows if they are not images.

    Images become a grid with so many `columns`, points a scatter of their first two columns, and a table with a
    `TableForm` one histogram for each column.
    """
    if form.kind == "images":
        with replacing(path) as temporary:
            image(grid(as_bytes(rows, form), columns), temporary)
        return
    from matplotlib.figure import Figure

    if isinstance(form, TableForm):
        _draw_columns(form, {"real": real, "generated": rows} if real is not None else {"generated": rows}, path)
        return
    figure = Figure(figsize=(5, 5), dpi=110)
    axes = figure.add_subplot()
    second = min(1, rows.shape[1] - 1)
    if real is not None:
        axes.scatter(real[:, 0], real[:, second], s=4, color="0.7", label="real")
    axes.scatter(rows[:, 0], rows[:, second], s=4, color="tab:orange", label="generated")
    axes.set_xlabel("column 0")
    axes.set_ylabel(f"column {second}")
    axes.legend(loc="upper right")
    _save(figure, path)


def _draw_columns(form: TableForm, tables: dict[str, np.ndarray], path: Path) -> None:
    """Draw the first columns that vary: a histogram of numbers, or the shares of the commonest levels."""
    from matplotlib.figure import Figure

    drawn = [at for at, column in enumerate(form.columns) if column.varies][:PANELS]
    across = min(4, len(drawn))
    down = math.ceil(len(drawn) / across)
    figure = Figure(figsize=(3 * across, 2 * down + 0.4), dpi=110, layout="constrained")
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for at, axes in zip(drawn, panels, strict=False):
        column, values = form.columns[at], [rows[~np.isnan(rows[:, at]), at] for rows in tables.values()]
        if column.kind == "number":  # the outermost bins hold the tails, a hundredth on each side
            low, high = np.quantile(values[0], [0.01, 0.99]) if len(values[0]) else (0.0, 1.0)
            heights = [np.histogram(np.clip(v, low, high), 24, (low, max(high, low + 1e-12)))[0] for v in values]
            places, width = np.linspace(low, high, 25)[:-1] + (high - low) / 48, (high - low) / 24
            if column.unit and column.time in ("datetime", "date"):
                scale = UNITS[column.unit] / YEAR
                places, width = 1970 + places * scale, width * scale
        else:
            heights = [np.bincount(v.astype(np.int64), minlength=len(column.levels)) for v in values]
            commonest = np.argsort(-heights[0], kind="stable")[:8]
            heights, places, width = [h[commonest] for h in heights], np.arange(len(commonest)), 0.8
            axes.set_xticks(places, [_label(str(column.levels[i])[:8]) for i in commonest], rotation=30)
        for name, height, rows in zip(tables, heights, tables.values(), strict=True):
            colours = ("0.75", "0.75") if name == "real" else ("none", "tab:orange")
            axes.bar(places, height / max(1, len(rows)), width, label=name, color=colours[0], edgecolor=colours[1])
        axes.set_title(_label(column.name), fontsize=8)
        axes.tick_params(labelsize=6)
        axes.set_yticks([])
    for axes in panels[len(drawn) :]:
        axes.set_axis_off()
    panels[0].legend(loc="best", fontsize=7)
    _save(figure, path)


def _label(name: object) -> str:
    """A name from outside as matplotlib writes it as it is: a dollar would begin a formula."""
    return shown(name).replace("$", r"\$")


def earth(found: EMD, P, Q, path: Path, positions=None) -> None:
    """Write the moves of `emd(P, Q)` to a PNG: a panel for each move shows the bins after it, with Q as an outline.

    There are at most 12 panels, evenly spread over the moves, and each says how much work has been done.
    """
    from matplotlib.figure import Figure

    bins, goal = np.array(P, np.float64), np.asarray(Q, np.float64)
    if not math.isclose(bins.sum(), goal.sum()):  # as unequal="normalise" does
        bins, goal = bins / bins.sum(), goal / goal.sum()
    x = np.arange(len(bins)) if positions is None else np.asarray(positions, np.float64)
    states, works, titles = [bins.copy()], [0.0], ["start"]
    for move in found.order:
        bins[move.source] -= move.amount
        bins[move.target] += move.amount
        states.append(bins.copy())
        works.append(works[-1] + move.amount * abs(x[move.target] - x[move.source]))
        titles.append(f"{len(states) - 1}: {move.amount:.3g} from {move.source} to {move.target}")
    drawn = np.unique(np.linspace(0, len(found.order), 12).round().astype(int))
    columns = min(4, len(drawn))
    rows = math.ceil(len(drawn) / columns)
    figure = Figure(figsize=(2.6 * columns, 2.3 * rows), dpi=110, layout="constrained")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    width, top = 0.8 * (np.diff(x).min() if len(x) > 1 else 1.0), 1.2 * max(np.max(states), goal.max())
    for number, axes in zip(drawn, panels, strict=False):
        axes.bar(x, states[number], width, color="tab:brown", alpha=0.7)
        axes.bar(x, goal, width, fill=False, edgecolor="black", linestyle="--")
        axes.set_title(f"{titles[number]}, work {works[number]:.3g}", fontsize=8)
        axes.set_ylim(0, top)
        if number:
            move = found.order[number - 1]
            ends = {"xytext": (x[move.source], 0.93 * top), "xy": (x[move.target], 0.93 * top)}
            axes.annotate("", **ends, arrowprops={"arrowstyle": "->", "color": "tab:orange", "lw": 2})
    for axes in panels[len(drawn) :]:
        axes.set_axis_off()
    figure.supxlabel("position (dashed: where the earth has to be)", fontsize=8)
    figure.supylabel("earth", fontsize=8)
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png")
