"""The pictures of a conditional run: how many columns a class has, and that the report names the classes."""

import json
import shutil

import numpy as np
import pytest

from wgan import Config, train
from wgan.reports import page
from wgan.reports.figures import CLASSES, places_of_classes

FEW = Config(
    data="digits", conditional="projection", width=8, batch=16, latent=4, steps=1, engine="torch", rows=200,
)  # fmt: skip


@pytest.mark.parametrize("kinds", range(1, CLASSES + 2))
def test_every_class_has_the_same_number_of_places_and_whole_columns(kinds):
    columns, codes = places_of_classes(kinds, 64)
    if kinds > CLASSES:
        assert columns is None
        return
    by_column = codes.reshape(-1, columns)
    assert (by_column == by_column[0]).all()
    assert (np.diff(by_column[0]) >= 0).all()
    assert len(set(np.bincount(codes, minlength=kinds))) == 1
    assert columns >= len(by_column) / 2, "a tower"


def test_the_report_names_the_classes_of_the_columns_from_left_to_right(tmp_path):
    list(train(FEW, out=tmp_path / "run"))
    words = "Columns from left to right: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9."
    assert words in page.write([tmp_path / "run"]).read_text()
    other = shutil.copytree(tmp_path / "run", tmp_path / "other")
    saved = json.loads((other / "config.json").read_text())
    saved["config"]["conditional"] = "none"
    (other / "config.json").write_text(json.dumps(saved))
    assert "Columns from left" not in page.write([other]).read_text()
