"""The preset of a command that names none: chosen from the data, with the reason."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from wgan import data
from wgan.config import Config
from wgan.data import Dataset
from wgan.data.cache import channels_of, survey
from wgan.data.columns import TableForm
from wgan.data.folder import folder_pictures
from wgan.presets import preset
from wgan.training.state import dataset_of

COLOUR = 3  # channels
SIZES = 32, 64  # the pixels of the pictures on which `photos` was measured; it is chosen for these and those between
OWN = ("network", "objective")  # who names one of these builds a config of their own
READ = ("size", "resize", "drop", "column", "data_dir", "seed")  # the fields that say which rows are read


class Choice(NamedTuple):
    """The name of a preset, the reason as a sentence without its full stop, and whether `train` says it."""

    preset: str
    why: str
    news: bool = True


def chosen(
    source: str, name: str | None, given: dict[str, Any], note: Callable[[str], None]
) -> tuple[str, Config, Dataset | None]:
    """The name of the preset, the config that it makes with the fields `given`, and the data if they were read for it.

    Without a name the data decide, and `note` gets the reason if it matters for them. They do not decide for pictures
    if the network or the objective is given, since `photos` is a choice of both.
    """
    if name is not None:
        return name, preset(name).config.replace(data=source, **given), None
    if data.is_table(source):  # its name says so, before its columns are read
        return "table", preset("table").config.replace(data=source, **given), None
    dataset = dataset_of(Config(data=source, **{field: given[field] for field in READ if field in given}))
    choice = recommended(dataset)
    if choice.preset == "photos" and any(field in given for field in OWN):
        choice = Choice("default", "", news=False)
    if choice.news:
        note(f"{choice.why}.{' --preset default is the general one.' if choice.preset != 'default' else ''}")
    name = choice.preset
    return name, preset(name).config.replace(data=source, **given), dataset


def recommended(dataset: Dataset) -> Choice:
    """The preset that suits a data set."""
    form, rows = dataset.form, len(dataset.rows)
    if isinstance(form, TableForm):
        why = f"{rows:,} rows of a table: the preset table, which trains the critic more often, suits them"
        return Choice("table", why)
    if form.kind != "images":
        why = f"{rows:,} rows of {form.shape[0]} columns: the preset default suits them"
        return Choice("default", why, news=False)
    tall, wide, channels = form.shape
    return _for_pictures(rows, tall, wide, channels)


def recommended_for_folder(folder: str) -> Choice:
    """As `recommended`, for a folder of images whose headers alone are read; its smallest image counts."""
    found = survey(folder_pictures(Path(folder).expanduser()))
    tall, wide = min(found.sizes, key=min)
    return _for_pictures(found.total, tall, wide, channels_of(found.kinds), mixed=len(found.sizes) > 1)


def _for_pictures(count: int, tall: int, wide: int, channels: int, mixed: bool = False) -> Choice:
    colours = {1: "grey", COLOUR: "colour"}.get(channels, f"{channels}-channel")
    pictures = f"{count:,} {colours} pictures of {tall} x {wide}{' and other sizes' if mixed else ''}"
    least, most = SIZES
    if channels != COLOUR or min(tall, wide) < least:
        return Choice("default", f"{pictures}: the preset default suits them", news=False)
    if mixed or max(tall, wide) > most:
        advice = (
            f"add --size {least} or --size {most}, and the preset photos, which is measured at these sizes, is chosen"
        )
        return Choice("default", f"{pictures}: {advice}")
    return Choice("photos", f"{pictures}: the preset photos suits them, because its samples are sharper than default's")
