"""The preset of a command that names none: chosen from the data, with the reason."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from wgan import data
from wgan.config import Config
from wgan.data import Dataset
from wgan.data.cache import channels_of, survey
from wgan.data.columns import TableForm
from wgan.data.folder import folder_pictures
from wgan.presets import preset
from wgan.training.state import dataset_of

COLOUR, SMALLEST = 3, 16  # the channels and the least size of pictures for which `photos` was chosen
READ = ("size", "resize", "drop", "column", "data_dir", "seed")  # the fields that say which rows are read


def chosen(
    source: str, name: str | None, given: dict[str, Any], note: Callable[[str], None]
) -> tuple[str, Config, Dataset | None]:
    """The name of the preset, the config that it makes with the fields `given`, and the data if they were read for it.

    Without a name the data decide, and `note` gets the reason if they do not decide for `default`.
    """
    if name is not None:
        return name, preset(name).config.replace(data=source, **given), None
    if data.is_table(source):  # its name says so, before its columns are read
        return "table", preset("table").config.replace(data=source, **given), None
    dataset = dataset_of(Config(data=source, **{field: given[field] for field in READ if field in given}))
    name, why = recommended(dataset)
    if name != "default":
        note(f"{why}; --preset default is the general one.")
    return name, preset(name).config.replace(data=source, **given), dataset


def recommended(dataset: Dataset) -> tuple[str, str]:
    """The name of the preset that suits a data set, and the reason as a sentence without its full stop."""
    form, rows = dataset.form, len(dataset.rows)
    if isinstance(form, TableForm):
        return "table", f"{rows:,} rows of a table: the preset table, which trains the critic more often, suits them"
    if form.kind != "images":
        return "default", f"{rows:,} rows of {form.shape[0]} columns: the preset default suits them"
    tall, wide, channels = form.shape
    return _for_pictures(rows, tall, wide, channels)


def recommended_for_folder(folder: str) -> tuple[str, str]:
    """As `recommended`, for a folder of images whose headers alone are read."""
    found = survey(folder_pictures(Path(folder).expanduser()))
    tall, wide = min(found.sizes, key=min)
    return _for_pictures(found.total, tall, wide, channels_of(found.kinds))


def _for_pictures(count: int, tall: int, wide: int, channels: int) -> tuple[str, str]:
    colours = {1: "grey", COLOUR: "colour"}.get(channels, f"{channels}-channel")
    pictures = f"{count:,} {colours} pictures of {tall} x {wide}"
    if channels == COLOUR and min(tall, wide) >= SMALLEST:
        return "photos", f"{pictures}: the preset photos, whose networks are convolutional, suits them"
    return "default", f"{pictures}: the preset default suits them"
