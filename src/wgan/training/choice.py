"""The preset of a command that names none: chosen from the data, with the reason."""

import os
from collections.abc import Callable, Container
from pathlib import Path
from typing import NamedTuple

from wgan.data import Dataset
from wgan.data.axes import in_words
from wgan.data.cache import channels_of, survey
from wgan.data.columns import TableForm
from wgan.data.folder import folder_pictures
from wgan.data.guesses import COLOURS
from wgan.errors import setting
from wgan.presets import PRESETS

COLOUR = 3  # channels
MEASURED = 32  # the height and width in pixels at which `photos` was measured; it is chosen for these alone
OWN = ("network", "objective")  # who names one of these builds a config of their own


class Choice(NamedTuple):
    """The name of a preset, the reason as a sentence without its full stop, and whether `train` says it."""

    preset: str
    why: str
    news: bool = True


def chosen(dataset: Dataset, given: Container[str], note: Callable[[str], None]) -> str:
    """The name of the preset for a data set, when no preset is named; `note` gets the reason if it is news.

    Rows with axes of space get `default` if the network or the objective is among the `given` fields, since their
    presets are a choice of both. Crops always get theirs, whose batch suits slices.
    """
    choice = recommended(dataset)
    if dataset.apart is None and dataset.form.space and any(field in given for field in OWN):
        return "default"
    if choice.news:
        general = choice.preset != "default" and dataset.apart is None
        note(f"{choice.why}." + (f" {setting('preset', 'default')} is the general one." if general else ""))
    return choice.preset


def recommended(dataset: Dataset) -> Choice:
    """The preset that suits a data set."""
    form, rows = dataset.form, len(dataset.rows)
    if dataset.apart is not None:
        return Choice("slices", f"crops of {form.shape[0]} x {form.shape[1]}: the preset slices suits them")
    if isinstance(form, TableForm):
        why = f"{rows:,} rows of a table: the preset table, which trains the critic more often, suits them"
        return Choice("table", why)
    if not form.space:
        why = f"{rows:,} rows of {form.shape[0]} columns: the preset default suits them"
        return Choice("default", why, news=False)
    if form.kind in PRESETS:
        return Choice(form.kind, f"{in_words(rows, form.shape, form.kind)}: the preset {form.kind} suits them")
    if form.shape[-1] not in COLOURS:
        why = f"{in_words(rows, form.shape, form.kind)}: the preset default suits them"
        return Choice("default", why, news=False)
    tall, wide, channels = form.shape
    return _for_pictures(rows, tall, wide, channels)


def recommended_for_folder(folder: str) -> tuple[int, Choice]:
    """The number of good images in a folder and their preset; only headers are read, and the smallest image counts."""
    found = survey(folder_pictures(Path(os.path.expanduser(folder))))
    tall, wide = min(found.sizes, key=min)
    count = found.total - len(found.broken)
    return count, _for_pictures(count, tall, wide, channels_of(found.kinds), mixed=len(found.sizes) > 1)


def _for_pictures(count: int, tall: int, wide: int, channels: int, mixed: bool = False) -> Choice:
    colours = {1: "grey", COLOUR: "colour"}.get(channels, f"{channels}-channel")
    noun = "picture" if count == 1 else "pictures"
    pictures = f"{count:,} {colours} {noun} of {wide} x {tall}{' and other sizes' if mixed else ''}"
    if channels < COLOUR:
        return Choice("default", f"{pictures}: the preset default suits them", news=False)
    if mixed and channels == COLOUR:
        why = (
            f"{pictures}: add {setting('size', MEASURED)}, and the preset photos is chosen; with another size it "
            "is default"
        )
        return Choice("default", why)
    if (tall, wide, channels) != (MEASURED, MEASURED, COLOUR):
        here = f"{MEASURED} x {MEASURED} with {COLOUR} channels"
        advice = (
            f"the preset default is chosen, which may cover colours with fine dots; photos is measured at {here}, and "
            f"{setting('preset', 'photos')} tries it on these"
        )
        return Choice("default", f"{pictures}: {advice}")
    return Choice("photos", f"{pictures}: the preset photos suits them, because default covers colours with fine dots")


def too_few(count: int, preset: str) -> str:
    """A sentence if `train` refuses so many rows with the values of a preset; "" if they are enough."""
    config = PRESETS[preset].config
    available = count - max(1, round(config.held_out * count))
    if available < 1:
        return f"{count:,} row is too few to train on, since one is held out"
    if available < config.batch:
        return (
            f"{count:,} rows are too few for the batch of {config.batch} of the preset {preset}; add "
            f"{setting('batch', available)} or less"
        )
    return ""
