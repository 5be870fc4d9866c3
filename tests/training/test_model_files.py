"""A checkpoint to samples: which engine opens a run, and what samples are written as."""

import numpy as np
import pytest

from wgan import WganError
from wgan.data import from_array
from wgan.engines import ENGINES
from wgan.training import model, samples
from wgan.training.drawing import given
from wgan.training.model import engine_of


def test_a_run_is_opened_by_the_engine_that_made_it_where_that_is_installed(monkeypatch):
    assert engine_of({"config": {"engine": "torch"}, "engine": "jax"}) == "torch", "what was asked for"
    for name in ENGINES:
        assert engine_of({"config": {"engine": "auto"}, "engine": name}) == name
        assert engine_of({"config": {}, "engine": name}) == name
    assert engine_of({"config": {"engine": "auto"}}) == "auto"
    assert engine_of({"config": {"engine": "tensorflow"}}) == "auto"
    monkeypatch.setattr(model, "installed", lambda name: False)
    assert engine_of({"config": {"engine": "torch"}}) == "auto"


@pytest.mark.parametrize(
    ("rows", "name", "part"),
    [
        (np.arange(48, dtype=np.uint8).reshape(3, 4, 4), "a.csv", "takes samples of a table, but these are images"),
        (np.arange(48, dtype=np.uint8).reshape(3, 4, 4), "a.parquet", "takes samples of a table"),
        (np.arange(48, dtype=np.uint8).reshape(3, 4, 4), "a.gif", "ends in .gif; use .png"),
        (np.arange(6.0).reshape(3, 2), "folder", "is a folder, which takes images, but these are rows of 2 columns"),
    ],
)
def test_samples_are_not_written_as_what_they_are_not(tmp_path, rows, name, part):
    dataset = from_array(rows)
    with pytest.raises(WganError, match=part):
        samples.write(given(dataset.rows, dataset.form), tmp_path / name)
    assert not list(tmp_path.iterdir())
