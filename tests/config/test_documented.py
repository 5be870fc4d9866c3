"""`help(WGAN)` and the page of settings show every field: its type, default, range, and what reads it."""

import inspect
import re
from pathlib import Path

import wgan
from wgan.config import FIELDS, READERS
from wgan.config.documented import page, read_by
from wgan.config.words import default_in_words, range_in_words

SETTINGS = Path(__file__).parents[2] / "docs/reference/settings.md"


def test_help_shows_each_parameter_with_its_default_range_and_readers():
    words = " ".join(inspect.getdoc(wgan.WGAN).split())
    entries = dict(re.findall(r"(\w+) : ((?:(?! \w+ : ).)*)", words))
    assert entries.keys() == wgan.WGAN().get_params().keys()
    for name in FIELDS.keys() - {"data"}:
        for part in (default_in_words(FIELDS[name]), range_in_words(FIELDS[name]), read_by(name)):
            assert part in entries[name], name


def test_what_reads_a_field_names_all_its_readers():
    for family, readers in READERS.items():
        for reader, names in readers.items():
            for name in names:
                assert re.search(rf"{family} [^;]*\b{reader}\b", read_by(name))


def test_the_page_of_settings_is_made_from_the_fields():
    made = page()
    assert SETTINGS.read_text() == made, (
        "write it again: python -c 'from wgan.config.documented import page; print(page(), end=\"\")'"
    )
    assert all(f"| `{name}` |" in made for name in FIELDS)
