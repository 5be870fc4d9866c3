"""The style of every figure, pictures of rows (grids, scatters, histograms) and pictures of earth that is moved."""

import math
import textwrap
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from wgan.data import Form
from wgan.data.columns import Column, TableForm
from wgan.data.order import shown_levels
from wgan.data.table import UNITS
from wgan.errors import WganError
from wgan.files.printed import shown
from wgan.files.writing import replacing
from wgan.maths.transport.earth import EMD
from wgan.reports import space

GAP = 2  # pixels between the images of a grid
YEAR = 365.2425 * 86_400_000_000  # in microseconds
CLASSES = 16  # most classes that have columns of their own in a picture
PANELS = 16  # columns of a table in one picture
FRAME = 80  # milliseconds of a frame of an animation
BINS = 24  # of a histogram
TAIL = 0.01  # the share of the rows on each side that the outermost bins hold
SIDES = {"real": "0.75", "generated": "tab:orange"}

# The docs show a figure about 700 pixels wide: at WIDTH inches, a font of 10 points is 14 pixels high there.
WIDTH = 7.0
STYLE: Any = {
    **{"savefig.dpi": 200, "figure.facecolor": "white", "savefig.facecolor": "white"},  # legible on a dark page too
    **{"font.size": 10, "axes.titlesize": 10, "axes.labelsize": 10, "figure.titlesize": 10, "legend.fontsize": 9.5},
    **{"xtick.labelsize": 9, "ytick.labelsize": 9, "axes.titlelocation": "left", "legend.frameon": False},
    **{"axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.35},
    **{"lines.linewidth": 1.8, "lines.markersize": 5, "axes.axisbelow": True},
}
# The colours of Okabe and Ito, which people with any colour vision tell apart; markers and dashes say the same again.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)), (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)), (0, (2, 2)))
REAL = "0.35"  # real rows, exact values and floors


def style() -> AbstractContextManager:
    """The context in which figures are drawn and saved, so that all look alike."""
    import matplotlib

    return matplotlib.rc_context(STYLE)


def page(height: float) -> Any:
    """A figure that is WIDTH inches wide and `height` inches high."""
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH, height), layout="constrained")


def mark(number: int) -> dict[str, Any]:
    """The colour, marker and dashes of the series of this number, as arguments of `plot`."""
    at = number % len(COLOURS)
    return {"color": COLOURS[at], "marker": MARKERS[at], "linestyle": DASHES[at]}


def curve(axes: Any, x: Any, y: Any, number: int, label: str, **changes: Any) -> None:
    """Draw a series as a line with about eight of its markers, which differ in phase."""
    every = max(1, len(x) // 8)
    axes.plot(x, y, label=label, markevery=(number * every // 3 % max(1, len(x)), every), **(mark(number) | changes))


def key(figure: Any, *panels: Any, columns: int = 4) -> None:
    """One legend above the panels, where it hides no curve, with each label once."""
    found: dict[str, Any] = {}
    for axes in panels:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    figure.legend(found.values(), found, loc="outside upper center", ncols=columns)


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


def places_of_classes(kinds: int, count: int) -> tuple[int | None, np.ndarray]:
    """The columns of a picture of about `count` samples, and the class of each sample, row by row.

    Each class has one column, or several where they are few, so that the picture is about as wide as high. More classes
    than `CLASSES` have none.

    Examples:
        >>> places_of_classes(3, 18)
        (3, array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]))
        >>> places_of_classes(2, 16)
        (4, array([0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1]))
    """
    if kinds > CLASSES:
        return None, np.arange(count) % kinds
    each = max(1, round(count**0.5 / kinds))
    columns = kinds * each
    return columns, np.arange(count // columns * columns) % columns // each


def image(pixels: np.ndarray, path: Path | BinaryIO) -> None:
    """Write one image [height, width, channels] as a PNG."""
    from PIL import Image

    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(path, format="PNG")


def animation(rows: np.ndarray, form: Form, path: Path) -> None:
    """Write images [n, height, width, channels] as a GIF that shows one after another, again and again.

    Of volumes [n, depth, height, width, channels] it shows the slices along the first axis. Small images are enlarged
    by a whole factor to about 192 pixels.
    """
    from PIL import Image

    if form.picture:
        pixels = as_bytes(rows, form)
    else:
        slices = space.as_colours(rows.reshape(-1, *rows.shape[-3:]), form)
        pixels = np.rint(slices.reshape(*slices.shape[:3], -1) * 255).astype(np.uint8)
    factor = max(1, 192 // max(pixels.shape[1:3]))
    pixels = pixels.repeat(factor, axis=1).repeat(factor, axis=2)
    first, *others = (Image.fromarray(one[..., 0] if one.shape[-1] == 1 else one) for one in pixels)
    first.save(path, format="GIF", save_all=True, append_images=others, duration=FRAME, loop=0)


def samples(
    rows: np.ndarray, form: Form, path: Path, real: np.ndarray | None = None, columns: int | None = None
) -> None:
    """Write generated rows to a PNG, whole or not at all, over `real` rows if they are not images.

    Images become a grid with so many `columns`, points a scatter of their first two columns, and a table with a
    `TableForm` one histogram for each column.
    """
    if form.picture:
        with replacing(path) as temporary:
            image(grid(as_bytes(rows, form), columns), temporary)
        return
    from matplotlib.figure import Figure

    if form.space:
        _save(space.figure(rows, form, real), path)
        return
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
    across = min(3, len(drawn))
    down = math.ceil(len(drawn) / across)
    figure = Figure(figsize=(3 * across, 2.2 * down + 0.4), dpi=110, layout="constrained")
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for at, axes in zip(drawn, panels, strict=False):
        values = {name: rows[~np.isnan(rows[:, at]), at] for name, rows in tables.items()}
        draw = _draw_numbers if form.columns[at].kind == "number" else _draw_levels
        draw(axes, form.columns[at], values, {name: max(1, len(rows)) for name, rows in tables.items()})
        axes.set_title(_label(form.columns[at].name, 28), fontsize=10)
        axes.tick_params(labelsize=8)
    for axes in panels[len(drawn) :]:
        axes.set_axis_off()
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=2, fontsize=9)
    _save(figure, path)


def _draw_numbers(axes: Any, column: Column, values: dict[str, np.ndarray], rows: dict[str, int]) -> None:
    """A histogram of each set of numbers, as shares of its rows."""
    edges = bin_edges(column, next(iter(values.values())))
    years = column.unit and column.time in ("datetime", "date")
    places = 1970 + edges * (UNITS[column.unit] / YEAR) if years else edges
    for name, found in values.items():
        heights = np.histogram(np.clip(found, edges[0], edges[-1]), edges)[0] / rows[name]
        axes.stairs(heights, places, label=name, fill=name == "real", color=SIDES[name])
    axes.locator_params(axis="x", nbins=5, integer=bool(years))
    axes.set_yticks([])
    if any((found < edges[0]).any() or (found > edges[-1]).any() for found in values.values()):
        axes.set_xlabel("the outermost bins hold all beyond", fontsize=7)


def _draw_levels(axes: Any, column: Column, values: dict[str, np.ndarray], rows: dict[str, int]) -> None:
    """The shares of the commonest levels, with their whole names."""
    counts = {name: np.bincount(found.astype(np.int64), minlength=len(column.levels)) for name, found in values.items()}
    commonest = shown_levels(column.levels, next(iter(counts.values())), 8, column.ordered)
    places = np.arange(len(commonest))[::-1]
    for name, found in counts.items():
        colours = {"color": SIDES[name]} if name == "real" else {"color": "none", "edgecolor": SIDES[name]}
        axes.barh(places, found[commonest] / rows[name], 0.8, label=name, **colours)
    axes.set_yticks(places, [_label(column.levels[i], 16) for i in commonest])
    axes.set_xticks([])


def bin_edges(column: Column, values: np.ndarray) -> np.ndarray:
    """The edges of a histogram of a column of numbers. Its outermost bins hold the tails, a hundredth on each side.

    A bin holds one whole number, or as many as the others, so that no bin is empty only because of its edges.
    """
    low, high = np.quantile(values, [TAIL, 1 - TAIL]) if len(values) else (0.0, 1.0)
    if column.decimals == 0 and not column.unit:
        low, high = math.floor(low), math.ceil(high)
        each = max(1, math.ceil((high - low + 1) / BINS))
        return np.arange(low, high + each + 0.5, each) - 0.5
    return np.linspace(low, high, BINS + 1) if high > low else np.linspace(low - 0.5, low + 0.5, BINS + 1)


def _label(name: object, width: int) -> str:
    """A name from outside, whole, in lines of so many letters. A dollar would begin a formula of matplotlib."""
    return "\n".join(textwrap.wrap(shown(name), width)).replace("$", r"\$")


def earth(found: EMD, P, Q, path: Path, positions=None) -> None:
    """Write the moves of `emd(P, Q)` to a PNG: a panel for each move shows the bins after it, with Q as an outline.

    There are at most 12 panels, evenly spread over the moves, and each says how much work has been done. `positions`
    are those that `emd` had. Raises WganError if the moves then have another cost.
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
    if not math.isclose(works[-1], found.cost, rel_tol=1e-9, abs_tol=1e-12):
        raise WganError(
            f"these moves cost {found.cost:.6g}, but {works[-1]:.6g} at the positions given; give the histograms and "
            "positions that emd had."
        )
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
