"""Figures of rows with axes of space that are no pictures: signals, images of other channels, and volumes."""

from typing import Any

import numpy as np

from wgan.data import Form

LINES = 12  # signals of each side
PANELS = 6  # channels of signals, at most
TILES = 36  # images
REAL_VOLUMES, VOLUMES = 3, 5
COLOURS = ("red", "green", "blue")


def figure(rows: np.ndarray, form: Form, real: np.ndarray | None = None) -> Any:
    """A matplotlib figure of rows at rest [n, *space, channels], beside real ones if there are any."""
    return DRAWN[len(form.space)](rows, form, real)


def signals(rows: np.ndarray, form: Form, real: np.ndarray | None) -> Any:
    """A panel for each channel, in which generated signals lie over real ones."""
    from matplotlib.figure import Figure

    count = min(form.shape[-1], PANELS)
    made = Figure(figsize=(8, 1.8 * count + 0.7), dpi=110, layout="constrained")
    panels = made.subplots(count, 1, sharex=True, squeeze=False).ravel()
    for channel, axes in enumerate(panels):
        for name, some, colour in (("real", real, "0.55"), ("generated", rows, "tab:orange")):
            for at, one in enumerate(() if some is None else some[:LINES]):
                label = name if at == 0 else None
                axes.plot(one[:, channel], color=colour, lw=0.9, alpha=0.8, label=label)
        axes.set_ylabel(f"channel {channel}")
    panels[-1].set_xlabel("step")
    more = form.shape[-1] - count
    panels[-1].set_title(f"{more} more channels are not shown" if more else "", fontsize=9)
    made.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return made


def images(rows: np.ndarray, form: Form, real: np.ndarray | None) -> Any:
    """Images of any channels, in grey or with up to three channels as colours, which the title names."""
    from matplotlib.figure import Figure

    shown = rows[:TILES]
    across = int(np.ceil(np.sqrt(len(shown))))
    down = int(np.ceil(len(shown) / across))
    made = Figure(figsize=(7, 7 * down / across + 0.4), dpi=110, layout="constrained")
    panels = made.subplots(down, across, squeeze=False).ravel()
    for axes, one in zip(panels, as_colours(shown, form), strict=False):
        axes.imshow(one, cmap="gray", vmin=0, vmax=1)
    for axes in panels:
        axes.set_axis_off()
    named = [f"channel {at} as {colour}" for at, colour in zip(range(form.shape[-1]), COLOURS, strict=False)]
    made.suptitle(", ".join(named) if form.shape[-1] > 1 else "generated images", fontsize=10)
    return made


def volumes(rows: np.ndarray, form: Form, real: np.ndarray | None) -> Any:
    """For each volume its three middle slices and the largest values along the first axis, of channel 0."""
    from matplotlib.figure import Figure

    low, high = (float(ends[0]) for ends in form.drawn)
    shown = [("real", one) for one in (() if real is None else real[:REAL_VOLUMES])]
    shown += [("generated", one) for one in rows[:VOLUMES]]
    made = Figure(figsize=(7, 1.75 * len(shown) + 0.5), dpi=110, layout="constrained")
    panels = made.subplots(len(shown), 4, squeeze=False)
    for line, (name, one) in zip(panels, shown, strict=True):
        one = one[..., 0]
        middle = [np.take(one, size // 2, axis) for axis, size in enumerate(one.shape)]
        for axes, seen in zip(line, [*middle, one.max(0)], strict=True):
            axes.imshow(seen, cmap="gray", vmin=low, vmax=high)
            axes.set(xticks=[], yticks=[])
        line[0].set_ylabel(name)
    titles = [*(f"middle of axis {axis}" for axis in range(3)), "largest along axis 0"]
    for axes, title in zip(panels[0], titles, strict=True):
        axes.set_title(title, fontsize=9)
    if form.shape[-1] > 1:
        made.suptitle(f"channel 0 of {form.shape[-1]}", fontsize=10)
    return made


def as_colours(rows: np.ndarray, form: Form) -> np.ndarray:
    """Images [n, height, width, channels] as numbers in [0, 1]: grey, or the first three channels as colours."""
    low, high = form.drawn
    spread = np.where(high > low, high - low, 1.0)
    shown = np.clip((rows.astype(np.float64) - low) / spread, 0, 1)[..., :3]
    if shown.shape[-1] == 2:
        shown = np.concatenate([shown, np.zeros_like(shown[..., :1])], -1)
    return shown[..., 0] if shown.shape[-1] == 1 else shown


DRAWN = {1: signals, 2: images, 3: volumes}
